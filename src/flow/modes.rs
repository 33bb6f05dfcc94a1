//! The real Fourier modes of a path, an orthonormal basis: with N times, k = 2πp/N,
//!
//! ```text
//! c_p = √(m_p/N) Σ_t x(t) cos(k t),   s_p = −√(m_p/N) Σ_t x(t) sin(k t),   m_p = 1 for p = 0 and 2p = N, 2 elsewhere
//! ```
//!
//! in the order c_0, c_1, s_1, c_2, s_2, ... As the transform is orthogonal, densities are the same in both bases, and scores are
//! transformed like paths.

use crate::error::{Error, Result};
use crate::lattice::Lattice;
use crate::program::{Fourier, NONE, Node, Recorder, Shape, Stencil};

/// The transform of paths of N times.
#[derive(Clone, Debug, PartialEq)]
pub struct Modes {
    fourier: Fourier,
    /// From real parts, and from imaginary parts, to modes.
    gather: [Stencil; 2],
    /// From modes to real parts, and to imaginary parts.
    spread: [Stencil; 2],
}

/// Frequency p of a mode.
pub fn frequency(mode: usize) -> usize {
    mode.div_ceil(2)
}

impl Modes {
    /// The modes of a lattice of one dimension, of at least 2 times without prime factors beyond 5.
    pub fn new(lattice: &Lattice) -> Result<Self> {
        if lattice.dimensions() != 1 || lattice.volume() < 2 {
            let expected = "expected one dimension of at least 2 sites for mask 'modes'";
            return Err(Error::BadShape(format!("lattice: {expected}, got {}", lattice.shape())));
        }
        let fourier = Fourier::new(lattice.extent())?;
        let (count, frequencies) = (lattice.volume(), fourier.modes());
        // Mode 0 and odd modes are cosines, the real parts.
        let part = |mode: usize| usize::from(mode > 0 && mode.is_multiple_of(2));
        let gather = |own: usize| {
            let source = |mode: usize| if part(mode) == own { frequency(mode) as u32 } else { NONE };
            Stencil::new(frequencies, 1, (0..count).map(source).collect())
        };
        let spread = |own: usize| {
            let mut table = vec![NONE; frequencies];
            (0..count).filter(|&mode| part(mode) == own).for_each(|mode| table[frequency(mode)] = mode as u32);
            Stencil::new(count, 1, table)
        };
        Ok(Self { gather: [gather(0)?, gather(1)?], spread: [spread(0)?, spread(1)?], fourier })
    }

    /// √(m_p / N), or its reciprocal, for real and imaginary parts.
    fn norms(&self, recorder: &mut Recorder, reciprocal: bool) -> Node {
        let count = self.fourier.volume() as f64;
        let norm = |p: usize| (self.fourier.multiplicity(p) as f64 / count).sqrt();
        let norms = (0..self.fourier.modes()).map(|p| if reciprocal { 1.0 / norm(p) } else { norm(p) });
        let norms: Vec<f64> = norms.collect();
        recorder.table(&[&norms[..], &norms[..]].concat(), Shape::new(2, norms.len()))
    }

    /// Records the modes of a path.
    pub fn of_path(&self, recorder: &mut Recorder, path: Node) -> Node {
        let spectrum = recorder.fourier(path, &self.fourier);
        let norms = self.norms(recorder, false);
        let scaled = recorder.multiply(spectrum, norms);
        let [real, imaginary] = [0, 1].map(|part| {
            let own = recorder.channels(scaled, part, 1);
            recorder.map(own, &self.gather[part])
        });
        recorder.add(real, imaginary)
    }

    /// Records the path of some modes.
    pub fn to_path(&self, recorder: &mut Recorder, modes: Node) -> Node {
        let parts = [0, 1].map(|part| recorder.map(modes, &self.spread[part]));
        let spectrum = recorder.stack(&parts);
        // 1/N Σ_p m_p Re[X(p) e^ikt] with X(p) = √(N/m_p) (c_p + i s_p).
        let norms = self.norms(recorder, true);
        let scaled = recorder.multiply(spectrum, norms);
        recorder.inverse_fourier(scaled, &self.fourier)
    }
}
