//! Positions in stacked values: they depend on the rows that the repeats around a step have come to.

/// first + sum_d stride_d row_d, with row_d that of the repeat at depth d.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Position {
    pub first: usize,
    pub strides: Vec<Stride>,
}

/// The part of a position that one repeat moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Stride {
    /// Repeats around this one.
    pub depth: usize,
    /// Its rows.
    pub count: usize,
    /// Distance from one row to the next.
    pub distance: usize,
}

impl Position {
    /// A position that is the same in all rows.
    pub fn fixed(first: usize) -> Self {
        Self { first, strides: vec![] }
    }

    /// The position for the rows of the repeats, by their depths.
    #[inline(always)]
    pub fn at(&self, rows: &[usize]) -> usize {
        let mut at = self.first;
        for stride in &self.strides {
            at += stride.distance * rows[stride.depth];
        }
        at
    }

    /// The largest position.
    pub fn last(&self) -> usize {
        self.first + self.strides.iter().map(|s| s.distance * (s.count - 1)).sum::<usize>()
    }

    /// The sum of two positions.
    pub fn plus(&self, other: &Self) -> Self {
        let strides = self.strides.iter().chain(&other.strides).copied().collect();
        Self { first: self.first + other.first, strides }
    }

    /// The position as OpenCL C: the rows are variables.
    pub fn text(&self) -> String {
        let terms = self.strides.iter().map(|s| format!(" + row_{} * {}", s.depth, s.distance));
        format!("{}{}", self.first, terms.collect::<String>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_sums_over_the_rows() {
        let outer = Position { first: 1, strides: vec![Stride { depth: 0, count: 3, distance: 20 }] };
        let inner = Position { first: 2, strides: vec![Stride { depth: 1, count: 4, distance: 5 }] };
        let both = outer.plus(&inner);
        assert_eq!([both.at(&[0, 0]), both.at(&[2, 3]), both.last()], [3, 58, 58]);
        assert_eq!(both.text(), "3 + row_0 * 20 + row_1 * 5");
    }
}
