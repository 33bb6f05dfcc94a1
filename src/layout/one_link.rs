//! Single links out of a host's memory, where a whole field would be a waste.

use super::Layout;
use super::factors::divide;
use crate::context::Precision;
use crate::error::Result;

impl Layout {
    /// Takes the link of a direction at a site, as [`Layout::import`] does; `to` holds the numbers of a link.
    ///
    /// # Safety
    /// `bytes()` bytes can be read from each of the `bases()` pointers.
    pub unsafe fn link(&self, (site, mu): (usize, usize), from: &[*mut u8], to: &mut [f64]) -> Result<()> {
        for (k, number) in to.iter_mut().enumerate() {
            let (base, bytes) = self.offset(site, mu, k);
            // SAFETY: the caller's promise.
            *number = unsafe {
                let at = from[base].add(bytes);
                match self.precision {
                    Precision::F32 => at.cast::<f32>().read_unaligned().into(),
                    Precision::F64 => at.cast::<f64>().read_unaligned(),
                }
            };
        }
        if let Some(factors) = &self.factors {
            let factor = factors.at(&self.lattice().coordinates(site), mu);
            to.as_chunks_mut().0.iter_mut().for_each(|pair: &mut [f64; 2]| divide(pair, factor));
        }
        let first = (site * self.lattice().dimensions() + mu) * to.len();
        self.worst(to).map_or(Ok(()), |(distance, k)| Err(self.error((distance, first + k))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::Team;
    use crate::lattice::Lattice;
    use crate::layout::LayoutSpec;

    #[test]
    fn each_link_is_that_of_the_whole_field() {
        let lattice = Lattice::new(&[4, 2, 4, 6]).unwrap();
        let link = |k: usize| {
            let (s, c) = (k as f64).sin_cos();
            [c, s, 0.0, 0.0, 0.0, 0.0, c, -s]
        };
        let field: Vec<f64> = (0..4 * lattice.volume()).flat_map(link).collect();
        for text in [
            "{order: 'tmlqcd', fields: 'su2', boundary: [1, 1, 1, {angle: 0.3}]}",
            "{order: 'qdp', fields: 'su2', precision: 'f32', staggered: 'time', scale: 2}",
        ] {
            let spec: LayoutSpec = crate::spec::parse("layout", text).unwrap();
            let layout = Layout::new(&lattice, &spec, None).unwrap();
            let mut memory = vec![vec![0u8; layout.bytes()]; layout.bases()];
            let bases: Vec<*mut u8> = memory.iter_mut().map(|memory| memory.as_mut_ptr()).collect();
            let mut all = vec![0.0; layout.numbers()];
            // SAFETY: the memory is as large as the layout says.
            unsafe {
                layout.export(&Team::default(), &field, &bases).unwrap();
                layout.import(&Team::default(), &bases, all.as_mut_ptr()).unwrap();
            }
            for (k, expected) in all.chunks_exact(8).enumerate() {
                let mut link = [0.0; 8];
                // SAFETY: the same.
                unsafe { layout.link((k / 4, k % 4), &bases, &mut link).unwrap() };
                assert_eq!(link, expected, "{text}");
            }
            // A link that is not in the group is named.
            let (base, byte) = layout.offset(9, 2, 0);
            memory[base][byte..byte + layout.size()].fill(0x45);
            // SAFETY: the same.
            let error = unsafe { layout.link((9, 2), &bases, &mut [0.0; 8]).unwrap_err().to_string() };
            assert!(error.contains("at site [1, 0, 1, 0], direction 2"), "{error}");
        }
    }
}
