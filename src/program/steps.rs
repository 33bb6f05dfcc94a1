//! A planned program.

use super::convolution::Convolution;
use super::operations::Step;
use super::operations::site_by_site::Member;
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
    /// All convolutions, also those of groups.
    pub fn convolutions(&self) -> impl Iterator<Item = &Convolution> {
        self.steps.iter().flat_map(|step| -> Box<dyn Iterator<Item = &Convolution>> {
            match step {
                Step::Convolve(convolution) => Box::new(std::iter::once(convolution)),
                Step::SiteBySite(group) => Box::new(group.members.iter().filter_map(Member::convolution)),
                _ => Box::new(std::iter::empty()),
            }
        })
    }

    /// Numbers per sample of each input, by its index; None for an input that no step reads.
    pub fn input_counts(&self) -> Vec<Option<usize>> {
        inputs(self).into_iter().map(|shape| Some(shape?.count())).collect()
    }
}
