//! scratch
use instanton::{context::*, flow::*, lattice::Lattice};
use std::{sync::Arc, time::Instant};
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let p = if a[1] == "f32" { Precision::F32 } else { Precision::F64 };
    let l: usize = a[2].parse().unwrap();
    let b: usize = a[3].parse().unwrap();
    let h: usize = a[4].parse().unwrap();
    let t: usize = a[5].parse().unwrap();
    let c = Arc::new(Context::new(1, p, t).unwrap());
    let spec = ModelSpec::Affine {
        layers: 16,
        hidden: vec![h, h],
        kernel: 3,
        activation: Activation::LeakyRelu,
        symmetry: Symmetry::None,
        initial_output: 1.0,
    };
    let f = Flow::new(&c, &Lattice::new(&[l, l]).unwrap(), &spec).unwrap();
    let mut x = vec![0.0; b * l * l];
    let mut q = vec![0.0; b];
    f.sample(0, b, &mut x, &mut q).unwrap();
    println!("{:?} {}", &x[..4], q[0]);
    let mut q2 = vec![0.0; b];
    f.log_density(b, &x, &mut q2).unwrap();
    println!("{} {}", q[b - 1], q2[b - 1]);
    for _ in 0..5 {
        let s = Instant::now();
        let mut n = 0;
        while s.elapsed().as_secs_f64() < 0.5 {
            f.sample(n as u64, b, &mut x, &mut q).unwrap();
            n += b;
        }
        let r = n as f64 / s.elapsed().as_secs_f64();
        println!("{r:.0} cfg/s {:.1} GFLOP/s", r * f.flops() as f64 * 1e-9);
    }
}
