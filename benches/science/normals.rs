//! Normal numbers in lanes: a xoshiro128++ generator for each lane, and Box-Muller in single precision.
//!
//! ```text
//! r = √(−2 log u),    (r cos 2π(q/4 + t), r sin 2π(q/4 + t))
//! ```
//!
//! with u of 24 bits in (0, 1], a quadrant q of 2 bits and t of 30 bits in [−1/8, 1/8). The polynomials are Taylor's,
//! to rounding in single precision. D. Blackman, S. Vigna, ACM Trans. Math. Softw. 47, 36 (2021).

use instanton::random::{Purpose, Stream};

/// A generator for each lane.
pub struct Generators {
    /// Word k of all lanes.
    state: [Vec<u32>; 4],
    bits: Vec<u32>,
    radius: Vec<f32>,
}

/// a b + c, in one rounding where the instruction set has it.
#[inline(always)]
pub fn multiply_add<const FUSED: bool>(a: f32, b: f32, c: f32) -> f32 {
    if FUSED { a.mul_add(b, c) } else { a * b + c }
}

impl Generators {
    /// Generators of so many lanes, seeded from the library's streams.
    pub fn new(lanes: usize, seed: u64) -> Self {
        let mut stream = Stream::new(seed, Purpose::Momentum, 0);
        let state = std::array::from_fn(|_| (0..lanes).map(|_| (stream.bits() >> 32) as u32 | 1).collect());
        Self { state, bits: vec![0; lanes], radius: vec![0.0; lanes] }
    }

    /// The next 32 bits of each lane, in `bits`.
    #[inline(always)]
    fn draw(&mut self) {
        let [a, b, c, d] = &mut self.state;
        let lanes = a.len();
        let (b, c, d, bits) = (&mut b[..lanes], &mut c[..lanes], &mut d[..lanes], &mut self.bits[..lanes]);
        for i in 0..lanes {
            bits[i] = a[i].wrapping_add(d[i]).rotate_left(7).wrapping_add(a[i]);
            let shifted = b[i] << 9;
            c[i] ^= a[i];
            d[i] ^= b[i];
            b[i] ^= c[i];
            a[i] ^= d[i];
            c[i] ^= shifted;
            d[i] = d[i].rotate_left(11);
        }
    }

    /// A uniform number in (0, 1] for each lane.
    #[inline(always)]
    pub fn uniforms(&mut self, out: &mut [f32]) {
        self.draw();
        for (out, bits) in out.iter_mut().zip(&self.bits) {
            *out = uniform(*bits);
        }
    }

    /// Two normal numbers for each lane.
    #[inline(always)]
    pub fn normals<const FUSED: bool>(&mut self, first: &mut [f32], second: &mut [f32]) {
        self.draw();
        for (radius, bits) in self.radius.iter_mut().zip(&self.bits) {
            *radius = (-2.0 * log::<FUSED>(uniform(*bits))).sqrt();
        }
        self.draw();
        let lanes = self.bits.len();
        let (first, second) = (&mut first[..lanes], &mut second[..lanes]);
        let (bits, radius) = (&self.bits[..lanes], &self.radius[..lanes]);
        for i in 0..lanes {
            let (sine, cosine) = sin_cos::<FUSED>(bits[i]);
            first[i] = radius[i] * cosine;
            second[i] = radius[i] * sine;
        }
    }
}

#[inline(always)]
fn uniform(bits: u32) -> f32 {
    ((bits >> 8) + 1) as i32 as f32 * (1.0 / 16_777_216.0)
}

/// log x of a normal positive number: x = 2^e m, log m = 2 artanh s, s = (m − 1)/(m + 1).
#[inline(always)]
fn log<const FUSED: bool>(x: f32) -> f32 {
    let bits = x.to_bits() as i32;
    let (e, m) = (((bits >> 23) - 127) as f32, f32::from_bits((bits & 0x007f_ffff | 0x3f80_0000) as u32));
    let is_large = m > std::f32::consts::SQRT_2;
    let (e, m) = if is_large { (e + 1.0, 0.5 * m) } else { (e, m) };
    let s = (m - 1.0) / (m + 1.0);
    let square = s * s;
    let mut tail = multiply_add::<FUSED>(square, 1.0 / 9.0, 1.0 / 7.0);
    tail = multiply_add::<FUSED>(tail, square, 1.0 / 5.0);
    tail = multiply_add::<FUSED>(tail, square, 1.0 / 3.0);
    let log_m = multiply_add::<FUSED>(2.0 * s * square, tail, 2.0 * s);
    multiply_add::<FUSED>(e, std::f32::consts::LN_2, log_m)
}

/// Sine and cosine of 2π(q/4 + t): q the highest two bits, t the others.
#[inline(always)]
fn sin_cos<const FUSED: bool>(bits: u32) -> (f32, f32) {
    let quadrant = bits >> 30;
    let t = ((bits & 0x3fff_ffff) as i32 - 0x2000_0000) as f32;
    let x = t * (2.0 * std::f32::consts::PI / 4_294_967_296.0);
    let square = x * x;
    let mut s = multiply_add::<FUSED>(square, 1.0 / 362_880.0, -1.0 / 5_040.0);
    s = multiply_add::<FUSED>(s, square, 1.0 / 120.0);
    s = multiply_add::<FUSED>(s, square, -1.0 / 6.0);
    s = multiply_add::<FUSED>(x * square, s, x);
    let mut c = multiply_add::<FUSED>(square, 1.0 / 40_320.0, -1.0 / 720.0);
    c = multiply_add::<FUSED>(c, square, 1.0 / 24.0);
    c = multiply_add::<FUSED>(c, square, -0.5);
    c = multiply_add::<FUSED>(c, square, 1.0);
    let is_odd = quadrant & 1 == 1;
    let (sine, cosine) = if is_odd { (c, s) } else { (s, c) };
    // The cosine is negative in quadrants 1 and 2, the sine in 2 and 3: the sign bit.
    let sign_of_cosine = ((quadrant + 1) & 2) << 30;
    let sign_of_sine = (quadrant & 2) << 30;
    (f32::from_bits(sine.to_bits() ^ sign_of_sine), f32::from_bits(cosine.to_bits() ^ sign_of_cosine))
}
