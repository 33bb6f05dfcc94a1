//! Stencils that are the same everywhere on a torus: convolutions there are products of Fourier transforms.
//!
//! With sites n = (x, y) of an X x Y torus, site x + X y in memory, and taps d_k, y(n) = sum_k w_k x(n + d_k) has
//!
//! ```text
//! y^(p) = w^(p) x^(p),   x^(p) = sum_n x(n) exp(i p n),   w^(p) = sum_k w_k exp(-i p d_k),
//! y(n) = 1/V sum_p y^(p) exp(-i p n).
//! ```
//!
//! Fields are real, so that p and -p are conjugate: V / 2 *pairs* of numbers hold a transform. Four momenta (0 or pi in
//! each direction) have real transforms and share two pairs; every other pair is a complex number. Order of the pairs,
//! with P = Y / 2: first p_x = 0, then p_x = pi, each with (p_y = 0, p_y = pi) and p_y = 1 .. P - 1 (in units of
//! 2 pi / Y); then for p_x = 1 .. X / 2 - 1 the momenta p_y = 0, pi, 1, -1, 2, -2 .. P - 1, -(P - 1).
//! The sums over channels cost two multiply-adds for each number, however wide the stencil is.

use super::stencil::Stencil;

/// Extents that have a transform.
pub(super) const EXTENTS: [usize; 6] = [4, 6, 8, 10, 12, 16];
/// Measured cost per site of the transforms of a channel, in multiply-adds.
const TRANSFORM: usize = 10;

/// A stencil on a torus.
#[derive(Debug)]
pub(super) struct Torus {
    pub extents: [usize; 2],
    /// For each tap the factors of its weight in the numbers of w^(p), including 1/V or 2/V of the inverse transform:
    /// `[tap][pair][2]`.
    waves: Vec<f64>,
}

impl Torus {
    /// The torus of a stencil, if there is one: that of its displacements, or else one that its table has.
    pub fn find(stencil: &Stencil) -> Option<Self> {
        let sites = stencil.outputs();
        if stencil.inputs() != sites {
            return None;
        }
        if let Some(torus) = stencil.displacements() {
            let extents: [usize; 2] = torus.outputs().try_into().ok()?;
            let taps: Option<Vec<[usize; 2]>> = torus.taps().iter().map(|tap| tap[..].try_into().ok()).collect();
            let is_one = extents.iter().all(|length| EXTENTS.contains(length));
            return if is_one { Some(Self { extents, waves: waves(extents, &taps?) }) } else { None };
        }
        EXTENTS.into_iter().filter(|x| sites.is_multiple_of(*x) && EXTENTS.contains(&(sites / x))).find_map(|x| {
            let extents = [x, sites / x];
            let taps: Vec<[usize; 2]> = stencil.row(0).iter().map(|&t| [t as usize % x, t as usize / x]).collect();
            let same = (0..sites).all(|site| {
                let read = |tap: &[usize; 2]| (site % x + tap[0]) % x + (site / x + tap[1]) % extents[1] * x;
                stencil.row(site).iter().zip(&taps).all(|(&t, tap)| t as usize == read(tap))
            });
            same.then(|| Self { extents, waves: waves(extents, &taps) })
        })
    }

    /// Sites, and numbers of a transform.
    pub fn volume(&self) -> usize {
        self.extents[0] * self.extents[1]
    }

    /// Whether a pair holds two real numbers.
    #[inline(always)]
    pub fn is_real(&self, pair: usize) -> bool {
        pair == 0 || 2 * pair == self.extents[1]
    }

    /// All w^(p), `[pair][2]`, from the weights of the taps.
    pub fn transform(&self, weights: &[f64], numbers: &mut [f64]) {
        numbers.fill(0.0);
        for (waves, weight) in self.waves.chunks_exact(numbers.len()).zip(weights) {
            numbers.iter_mut().zip(waves).for_each(|(number, wave)| *number += wave * weight);
        }
    }

    /// Lines from the numbers of one pair to the next: two for each channel, and two that keep pairs from meeting in the
    /// first-level cache.
    pub fn stride(inputs: usize, outputs: usize) -> usize {
        2 * inputs.max(outputs) + 2
    }

    /// Lines of scratch memory: transforms of the inputs and of the results, and of one channel by rows.
    pub fn scratch(&self, inputs: usize, outputs: usize) -> usize {
        self.volume() * (Self::stride(inputs, outputs) + 1)
    }

    /// Cost of a convolution by Fourier transforms, in multiply-adds.
    pub fn cost(sites: usize, inputs: usize, outputs: usize) -> usize {
        sites * (2 * inputs * outputs + TRANSFORM * (inputs + outputs))
    }
}

/// Momenta of a pair, in units of 2 pi / X and 2 pi / Y: those of its two real numbers, or that of its complex one.
fn momenta([x, y]: [usize; 2], pair: usize) -> Result<[[usize; 2]; 2], [usize; 2]> {
    if pair < y {
        let first = if pair < y / 2 { 0 } else { x / 2 };
        match pair % (y / 2) {
            0 => Ok([[first, 0], [first, y / 2]]),
            second => Err([first, second]),
        }
    } else {
        let first = pair / y;
        Err(match pair % y {
            0 => [first, 0],
            1 => [first, y / 2],
            other if other % 2 == 0 => [first, other / 2],
            other => [first, y - other / 2],
        })
    }
}

fn waves(extents: [usize; 2], taps: &[[usize; 2]]) -> Vec<f64> {
    let volume = extents[0] * extents[1];
    // Phases are exact fractions of a turn, 1 / (X Y).
    let turn = |p: [usize; 2], d: &[usize; 2]| (p[0] * d[0] * extents[1] + p[1] * d[1] * extents[0]) % volume;
    let angle = |p: [usize; 2], d: &[usize; 2]| std::f64::consts::TAU * turn(p, d) as f64 / volume as f64;
    let scale = 1.0 / volume as f64;
    let pair = |d: &[usize; 2], pair: usize| match momenta(extents, pair) {
        Ok(both) => both.map(|p| scale * angle(p, d).cos()),
        Err(p) => [f64::cos, f64::sin].map(|part| 2.0 * scale * part(-angle(p, d))),
    };
    taps.iter().flat_map(|d| (0..volume / 2).flat_map(move |p| pair(d, p))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn planes_of_even_extents_are_tori_and_nothing_else() {
        for (extents, kernel) in [(&[8, 8][..], 3), (&[4, 12], 3), (&[16, 6], 5)] {
            let stencil = Stencil::of_lattice(extents, kernel);
            let table = (0..stencil.outputs()).flat_map(|site| stencil.row(site).to_vec()).collect();
            let plain = Stencil::new(stencil.inputs(), stencil.taps(), table).unwrap();
            assert_eq!(Torus::find(&plain).unwrap().waves, Torus::find(&stencil).unwrap().waves);
            for stencil in [&stencil, &stencil.transposed().unwrap(), &plain] {
                assert_eq!(Torus::find(stencil).unwrap().extents, [extents[0], extents[1]]);
            }
        }
        for (extents, kernel) in [(&[8, 7][..], 3), (&[64], 3), (&[4, 4, 4], 3), (&[2, 8], 3), (&[14, 4], 3)] {
            assert!(Torus::find(&Stencil::of_lattice(extents, kernel)).is_none(), "{extents:?}");
        }
    }

    #[test]
    fn pairs_hold_each_momentum_or_its_negative_once() {
        for extents in EXTENTS.into_iter().flat_map(|x| EXTENTS.map(|y| [x, y])) {
            let [x, y] = extents;
            let mut met = vec![0; x * y];
            let mut meet = |p: [usize; 2]| met[p[0] + x * p[1]] += 1;
            for pair in 0..x * y / 2 {
                match momenta(extents, pair) {
                    Ok(both) => both.into_iter().for_each(&mut meet),
                    Err(p) => [p, [(x - p[0]) % x, (y - p[1]) % y]].into_iter().for_each(&mut meet),
                }
            }
            assert!(met.iter().all(|&m| m == 1), "{extents:?}");
        }
    }
}
