//! A lattice cut into equal boxes, whose places can then lie beside each other in SIMD lanes.
//!
//! A *place* is a site counted within its box, x fastest; boxes are numbered likewise. The site of place p in box b has the
//! coordinates `b n + p` for boxes of n sites along a direction.

use super::{coordinates, index};

/// Equal boxes of a lattice, or of a slice of one.
#[derive(Clone, Debug)]
pub(crate) struct Cut {
    extent: Vec<usize>,
    boxes: Vec<usize>,
    local: Vec<usize>,
}

/// Where a step from a place leads: the place, the number of boxes that are passed along the direction (modulo the boxes
/// there), and whether the step leaves the box, even where a single box wraps around to itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Landing {
    pub place: usize,
    pub boxes: usize,
    pub leaves: bool,
}

impl Cut {
    /// One box: nothing is cut.
    pub fn whole(extent: &[usize]) -> Self {
        Self { extent: extent.to_vec(), boxes: vec![1; extent.len()], local: extent.to_vec() }
    }

    /// Cuts into `count` boxes, a power of two, by halving: `choose` names the next direction from the extents of a box.
    /// None where it has no direction left.
    pub fn halved(extent: &[usize], count: usize, choose: impl Fn(&[usize]) -> Option<usize>) -> Option<Self> {
        let mut cut = Self::whole(extent);
        for _ in 0..count.ilog2() {
            let mu = choose(&cut.local)?;
            cut.boxes[mu] *= 2;
            cut.local[mu] /= 2;
        }
        Some(cut)
    }

    /// Boxes in all.
    pub fn count(&self) -> usize {
        self.boxes.iter().product()
    }

    /// Boxes along each direction.
    pub fn boxes(&self) -> &[usize] {
        &self.boxes
    }

    /// Extents of a box.
    pub fn local(&self) -> &[usize] {
        &self.local
    }

    /// Sites of a box.
    pub fn places(&self) -> usize {
        self.local.iter().product()
    }

    /// The site of a place in a box.
    pub fn site(&self, place: usize, of: usize) -> usize {
        let inside = coordinates(place, &self.local).into_iter().zip(coordinates(of, &self.boxes));
        index(&inside.zip(&self.local).map(|((x, b), n)| b * n + x).collect::<Vec<_>>(), &self.extent)
    }

    /// Place and box of a site.
    pub fn place(&self, site: usize) -> (usize, usize) {
        let x = coordinates(site, &self.extent);
        let inside: Vec<usize> = x.iter().zip(&self.local).map(|(x, n)| x % n).collect();
        let of: Vec<usize> = x.iter().zip(&self.local).map(|(x, n)| x / n).collect();
        (index(&inside, &self.local), index(&of, &self.boxes))
    }

    /// Where `length` sites along a direction lead from a place.
    pub fn step(&self, place: usize, mu: usize, length: i64) -> Landing {
        let (mut x, n) = (coordinates(place, &self.local), self.local[mu] as i64);
        let moved = x[mu] as i64 + length;
        x[mu] = moved.rem_euclid(n) as usize;
        let boxes = moved.div_euclid(n).rem_euclid(self.boxes[mu] as i64) as usize;
        Landing { place: index(&x, &self.local), boxes, leaves: !(0..n).contains(&moved) }
    }

    /// The box that lies `by` further than a box; both are numbers of boxes, their coordinates are added.
    pub fn moved(&self, of: usize, by: usize) -> usize {
        let sum = coordinates(of, &self.boxes).into_iter().zip(coordinates(by, &self.boxes)).zip(&self.boxes);
        index(&sum.map(|((a, b), n)| (a + b) % n).collect::<Vec<_>>(), &self.boxes)
    }

    /// The number of the box `shift` boxes along a direction from box 0, to be used with [`Cut::moved`].
    pub fn shift(&self, mu: usize, shift: usize) -> usize {
        self.boxes[..mu].iter().product::<usize>() * shift
    }
}

#[cfg(test)]
mod tests {
    use super::super::Lattice;
    use super::*;

    /// Halves the longest even direction.
    fn longest(local: &[usize]) -> Option<usize> {
        (0..local.len()).filter(|&mu| local[mu].is_multiple_of(2)).max_by_key(|&mu| local[mu])
    }

    #[test]
    fn places_and_boxes_cover_the_lattice_once_and_steps_are_shifts() {
        for (extent, count) in
            [(vec![8, 4, 6], 8), (vec![4, 4], 16), (vec![16], 4), (vec![3, 6, 2, 2], 8), (vec![5, 3], 1)]
        {
            let lattice = Lattice::new(&extent).unwrap();
            let cut = Cut::halved(&extent, count, longest).unwrap();
            assert_eq!((cut.count(), cut.places() * count), (count, lattice.volume()));
            for site in 0..lattice.volume() {
                let (place, of) = cut.place(site);
                assert_eq!(cut.site(place, of), site);
                for mu in 0..extent.len() {
                    for length in [1, -1, 2, -3, 7] {
                        let mut by = vec![0; extent.len()];
                        by[mu] = length;
                        let to = cut.step(place, mu, length);
                        let at = cut.moved(of, cut.shift(mu, to.boxes));
                        assert_eq!(cut.site(to.place, at), lattice.shifted(site, &by));
                        let inside = (0..cut.local()[mu] as i64)
                            .contains(&(coordinates(place, cut.local())[mu] as i64 + length));
                        assert_eq!(to.leaves, !inside);
                    }
                }
            }
        }
        assert!(Cut::halved(&[6, 2], 8, longest).is_none());
    }
}
