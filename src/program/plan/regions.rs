//! Repeats around the values of a flat recording.

use super::super::operations::Op;

/// For each value the innermost repeat around it.
pub(super) struct Regions {
    repeats: Vec<Region>,
    of: Vec<Option<usize>>,
}

/// A repeat.
struct Region {
    begin: usize,
    end: usize,
    /// The repeat around it.
    around: Option<usize>,
}

impl Regions {
    /// The repeats of a recording.
    pub fn new(ops: &[Op]) -> Self {
        let mut regions = Self { repeats: vec![], of: vec![] };
        let mut inside: Option<usize> = None;
        for (index, op) in ops.iter().enumerate() {
            if let (Op::End(_), Some(repeat)) = (op, inside) {
                regions.repeats[repeat].end = index;
                inside = regions.repeats[repeat].around;
            }
            regions.of.push(inside);
            if let Op::Begin(_) = op {
                regions.repeats.push(Region { begin: index, end: index, around: inside });
                inside = Some(regions.repeats.len() - 1);
            }
        }
        regions
    }

    /// Whether two values are in the same repeat, or both in none.
    pub fn are_one(&self, a: usize, b: usize) -> bool {
        self.of[a] == self.of[b]
    }

    /// The position up to which a value is needed that is made at `made` and read at `read`: where a repeat lies
    /// between these, the next row reads it again, and it is needed until the end of the repeat.
    pub fn needed_until(&self, made: usize, read: usize) -> usize {
        let mut until = read;
        let mut repeat = self.of[read];
        while let Some(region) = repeat.map(|repeat| &self.repeats[repeat]) {
            if made < region.begin {
                until = region.end;
            }
            repeat = region.around;
        }
        until
    }
}
