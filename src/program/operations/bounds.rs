//! Begin and end of a repeat in a flat recording: steps between them are executed once for each row.

use super::super::cpu::frame::{Block, Frame};
use super::super::opencl::writer::Writer;
use super::super::recorder::Recorder;
use super::super::value::Node;
use super::operation::{Cotangent, Operation, Run};
use crate::simd::Lanes;

/// The rows of a repeat, and their order.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Rows {
    /// Repeats around it.
    pub depth: usize,
    pub count: usize,
    /// From the last row to the first.
    pub reversed: bool,
    pub short: Option<Short>,
}

/// The number of rows in the last row of the repeat around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Short {
    pub last: usize,
    pub count: usize,
}

impl Rows {
    fn count(&self, rows: &[usize]) -> usize {
        match self.short {
            Some(Short { last, count }) if rows[self.depth - 1] == last => count,
            _ => self.count,
        }
    }

    /// Goes to the first row.
    fn enter(&self, rows: &mut [usize]) {
        rows[self.depth] = if self.reversed { self.count(rows) - 1 } else { 0 };
    }

    /// Goes to the next row; false where there is none.
    fn advance(&self, rows: &mut [usize]) -> bool {
        let row = rows[self.depth];
        if if self.reversed { row == 0 } else { row + 1 == self.count(rows) } {
            return false;
        }
        rows[self.depth] = if self.reversed { row - 1 } else { row + 1 };
        true
    }
}

/// Begin of a repeat.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Begin(pub Rows);

/// End of a repeat.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct End(pub Rows);

macro_rules! without_arguments {
    ($($name:ident),+) => {$(
        impl Operation for $name {
            fn arguments(&self) -> Vec<Node> {
                vec![]
            }

            fn arguments_mut(&mut self) -> Vec<&mut Node> {
                vec![]
            }

            /// Nothing: recordings are differentiated before they are made flat.
            fn pull_back(&self, _: &mut Recorder, _: &Cotangent) -> Vec<(Node, Node)> {
                vec![]
            }
        }
    )+};
}

without_arguments!(Begin, End);

/// Goes to the first row.
#[derive(Debug)]
pub struct Enter(pub Rows);

/// Goes to the next row, and back to the step `first` where there is one.
#[derive(Debug)]
pub struct Again {
    pub rows: Rows,
    pub first: usize,
}

impl Again {
    /// The step that follows, if it is not the next one.
    #[inline(always)]
    pub fn jump(&self, rows: &mut [usize]) -> Option<usize> {
        self.rows.advance(rows).then_some(self.first)
    }
}

impl Run for Enter {
    #[inline(always)]
    unsafe fn run<L: Lanes>(&self, _: &Frame<L>, block: &mut Block) {
        self.0.enter(block.rows);
    }

    fn write(&self, writer: &mut Writer) {
        let Rows { depth, count, reversed, ref short } = self.0;
        let count = match short {
            Some(Short { last, count: few }) => format!("row_{} == {last} ? {few} : {count}", depth - 1),
            None => count.to_string(),
        };
        let row = if reversed { format!("steps_{depth} - 1 - step_{depth}") } else { format!("step_{depth}") };
        // A loop that may end before its first barrier is not for all compilers.
        writer.begin_rows(
            depth,
            &format!(
                "    {{ const uint steps_{depth} = {count}; uint step_{depth} = 0; do {{ const uint row_{depth} = {row};"
            ),
        );
    }
}

impl Run for Again {
    /// Nothing: [`Again::jump`] does all.
    #[inline(always)]
    unsafe fn run<L: Lanes>(&self, _: &Frame<L>, _: &mut Block) {}

    fn write(&self, writer: &mut Writer) {
        let depth = self.rows.depth;
        writer.end_rows(&format!("    }} while (++step_{depth} < steps_{depth}); }}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(of: &Rows, rows: &mut [usize]) -> Vec<usize> {
        of.enter(rows);
        let mut met = vec![rows[of.depth]];
        while of.advance(rows) {
            met.push(rows[of.depth]);
        }
        met
    }

    #[test]
    fn rows_come_in_their_order_and_the_last_segment_may_be_short() {
        let of = |reversed| Rows { depth: 1, count: 3, reversed, short: Some(Short { last: 4, count: 2 }) };
        assert_eq!(all(&of(false), &mut [0, 9]), [0, 1, 2]);
        assert_eq!(all(&of(true), &mut [3, 9]), [2, 1, 0]);
        assert_eq!(all(&of(false), &mut [4, 9]), [0, 1]);
        assert_eq!(all(&of(true), &mut [4, 9]), [1, 0]);
    }
}
