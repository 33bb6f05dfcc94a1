//! A planned program.

use super::operations::Step;
use super::value::Shape;

/// A planned program.
pub(super) struct Plan {
    pub steps: Vec<Step>,
    pub lines: usize,
    pub strips: usize,
    /// Repeats around the innermost step.
    pub depth: usize,
    /// Number of packed weights.
    pub packed: usize,
}

/// Shapes of the inputs that steps read, by their index.
pub(super) fn inputs(plan: &Plan) -> Vec<Option<Shape>> {
    let mut shapes = vec![];
    for step in &plan.steps {
        if let Step::Input(input) = step {
            if shapes.len() <= input.index {
                shapes.resize(input.index + 1, None);
            }
            shapes[input.index] = Some(input.whole);
        }
    }
    shapes
}

impl Plan {
    /// Numbers per sample of each input, by its index; None for an input that no step reads.
    pub fn input_counts(&self) -> Vec<Option<usize>> {
        inputs(self).into_iter().map(|shape| Some(shape?.count())).collect()
    }
}
