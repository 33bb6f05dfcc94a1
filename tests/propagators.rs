//! Propagators on configurations of other codes: correlators of Chroma's own regression tests, and the inverse of MILC's
//! improved staggered operator, to the precision of those files (f32). Run by `make test-references`; the folder is in
//! the variable INSTANTON_DATA.

use instanton::context::{Context, Precision};
use instanton::dirac::{Dirac, DiracSpec, SolveSpec, Which};
use instanton::gauge::{Complex64, Gauge, Group, formats};
use instanton::lattice::Lattice;
use instanton::spec;
use std::path::Path;
use std::sync::Arc;

const EXTENT: [usize; 4] = [4, 4, 4, 8];

fn weak_field() -> Gauge {
    let folder = std::env::var("INSTANTON_DATA").expect("INSTANTON_DATA: expected a folder, got nothing");
    let path = Path::new(&folder).join("chroma/weak_field.lime");
    let lattice = Lattice::new(&EXTENT).unwrap();
    formats::read(&path, &lattice, Group::Su3, &formats::ReadSpec::default()).unwrap().0
}

/// psi <- (1 + s^2 / (4 n) (sum over +-x, y, z of U psi - 6 psi)) psi, n times, for a colour vector on each site.
fn smear(gauge: &Gauge, mut psi: Vec<[Complex64; 3]>, s: f64, n: u32) -> Vec<[Complex64; 3]> {
    let lattice = gauge.lattice();
    let factor = s * s / (4.0 * f64::from(n));
    for _ in 0..n {
        let step = |site: usize| {
            let mut result = psi[site].map(|z| z * (1.0 - 6.0 * factor));
            for mu in 0..3 {
                for sign in [1, -1] {
                    let mut unit = [0; 4];
                    unit[mu] = sign;
                    let there = lattice.shifted(site, &unit);
                    let link = gauge.link::<3>(if sign == 1 { site } else { there }, mu);
                    let link = if sign == 1 { link } else { link.adjoint() };
                    for (a, z) in result.iter_mut().enumerate() {
                        *z += (0..3).map(|b| link.0[a][b] * psi[there][b]).sum::<Complex64>() * factor;
                    }
                }
            }
            result
        };
        psi = (0..lattice.volume()).map(step).collect();
    }
    psi
}

/// C(t) = sum over x, spins and colours of |S(x, t)|^2, for a source smeared around the origin.
fn correlator(text: &str) -> Vec<f64> {
    let gauge = weak_field();
    let context = Arc::new(Context::new(1, Precision::F64, 2).unwrap());
    let dirac = Dirac::new(&context, &gauge, &spec::parse::<DiracSpec>("dirac", text).unwrap()).unwrap();
    let volume = gauge.lattice().volume();
    let mut result = vec![0.0; EXTENT[3]];
    for colour in 0..3 {
        let mut point = vec![[Complex64::default(); 3]; volume];
        point[0][colour] = 1.0.into();
        let smeared = smear(&gauge, point, 2.0, 5);
        for spin in 0..4 {
            let mut source = vec![0.0; dirac.count()];
            for (site, psi) in smeared.iter().enumerate() {
                for (a, z) in psi.iter().enumerate() {
                    let place = 2 * ((site * 4 + spin) * 3 + a);
                    (source[place], source[place + 1]) = (z.re, z.im);
                }
            }
            let mut solution = vec![0.0; source.len()];
            let report = dirac.solve(&SolveSpec::default(), 1, &source, &mut solution).unwrap();
            assert!(report.residual < 1e-10);
            for (i, x) in solution.iter().enumerate() {
                result[i / 24 / 64] += x * x;
            }
        }
    }
    result
}

fn expect(text: &str, expected: [f64; 8]) {
    for (t, (got, expected)) in correlator(text).iter().zip(expected).enumerate() {
        assert!((got / expected - 1.0).abs() < 1e-5, "t = {t}: expected {expected}, got {got}");
    }
}

#[test]
fn wilson_propagator_of_chroma() {
    expect(
        "{type: 'wilson', kappa: 0.135, anisotropy: {xi0: 2.464, nu: 0.95}, boundary: [1, 1, 1, -1]}",
        [
            0.749881669999327,
            0.127559084732057,
            0.0488181675046557,
            0.0261707085282163,
            0.0205313421547321,
            0.0261869827813914,
            0.0488589470882021,
            0.127618665495695,
        ],
    );
}

#[test]
fn clover_propagator_of_chroma() {
    // c = clovR / xi0 in planes of space, clovT in the others.
    let clover = format!("{{space: {}, time: 1.07}}", 0.91 / 2.464);
    expect(
        &format!(
            "{{type: 'wilson', kappa: 0.115, clover: {clover}, anisotropy: {{xi0: 2.464, nu: 0.95}}, \
             boundary: [1, 1, 1, -1]}}"
        ),
        [
            0.58873433283675,
            0.0440054624250223,
            0.0154934270014126,
            0.00913658337013499,
            0.00757904353447191,
            0.00913718634621325,
            0.0155014543554375,
            0.0440099930215391,
        ],
    );
}

/// The colour vectors of a SciDAC file in f32: the binary record of its LIME container.
fn vectors(name: &str) -> Vec<f64> {
    let folder = std::env::var("INSTANTON_DATA").expect("INSTANTON_DATA: expected a folder, got nothing");
    let bytes = std::fs::read(Path::new(&folder).join(name)).unwrap();
    let mut at = 0;
    while at < bytes.len() {
        let length = u64::from_be_bytes(bytes[at + 8..at + 16].try_into().unwrap()) as usize;
        let data = &bytes[at + 144..at + 144 + length];
        if bytes[at + 16..].starts_with(b"scidac-binary-data") {
            return data.chunks(4).map(|b| f64::from(f32::from_be_bytes(b.try_into().unwrap()))).collect();
        }
        at += 144 + length.next_multiple_of(8);
    }
    panic!("{name}: expected a record scidac-binary-data, got none")
}

#[test]
fn improved_staggered_inverse_of_milc() {
    let folder = std::env::var("INSTANTON_DATA").expect("INSTANTON_DATA: expected a folder, got nothing");
    let lattice = Lattice::new(&[8, 8, 8, 8]).unwrap();
    let spec = formats::ReadSpec { verify: false, ..Default::default() };
    let read = |name: &str| formats::read(&Path::new(&folder).join(name), &lattice, Group::Su3, &spec).unwrap().0;
    let (fat, long) = (read("milc/fat.l8"), read("milc/long.l8"));
    let context = Arc::new(Context::new(1, Precision::F64, 2).unwrap());
    let dirac = Dirac::improved(&context, &fat, &long, 0.1).unwrap();
    let source = vectors("milc/ksvector.src.sample.l8");
    let close = |got: &[f64], name: &str| {
        let expected = vectors(name);
        assert_eq!(expected.len(), got.len());
        let norm = |x: &mut dyn Iterator<Item = f64>| x.map(|x| x * x).sum::<f64>().sqrt();
        let difference = norm(&mut expected.iter().zip(got).map(|(x, y)| x - y));
        // MILC's solutions have a residual of 8e-8, which the inverse amplifies.
        assert!(difference < 2e-6 * norm(&mut expected.iter().copied()), "{name}: {difference}");
    };
    let mut solution = vec![0.0; source.len()];
    let report = dirac.solve(&SolveSpec::default(), 1, &source, &mut solution).unwrap();
    assert!(report.residual < 1e-10);
    close(&solution, "milc/ksvector.ans.Minv.sample.l8");
    // The solution for M^dag M, checked by its residual.
    let mut image = vec![0.0; source.len()];
    let answer = vectors("milc/ksvector.ans.MdaggerMinv.sample.l8");
    dirac.apply(Which::Normal, 1, &answer, &mut image).unwrap();
    let norm = source.iter().map(|x| x * x).sum::<f64>().sqrt();
    let residual = image.iter().zip(&source).map(|(x, b)| (x - b).powi(2)).sum::<f64>().sqrt();
    assert!(residual < 1e-6 * norm, "residual of the answer: {}", residual / norm);
}
