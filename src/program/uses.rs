//! Uses of the values of a recording.

use super::recorder::Recorder;
use super::value::Node;
use std::collections::HashSet;

/// How the values of a recording are used.
pub(super) struct Uses {
    /// For each value whether a result depends on it.
    pub needed: Vec<bool>,
    /// Number of needed operations that read it, and of results that it is.
    pub counts: Vec<usize>,
}

/// Uses of the values of a recording for some results; a repeat is taken to need all of its arguments.
pub(super) fn uses(recorder: &Recorder, results: &[Node]) -> Uses {
    uses_behind(&HashSet::new(), recorder, results)
}

/// The same where some values are known: what these are computed from is not needed for them.
pub(super) fn uses_behind(known: &HashSet<Node>, recorder: &Recorder, results: &[Node]) -> Uses {
    let count = recorder.ops.len();
    let (mut needed, mut counts) = (vec![false; count], vec![0; count]);
    for result in results {
        needed[result.index()] = true;
        counts[result.index()] += 1;
    }
    for index in (0..count).rev() {
        if needed[index] && !known.contains(&Node(index as u32)) {
            for argument in recorder.ops[index].arguments() {
                needed[argument.index()] = true;
                counts[argument.index()] += 1;
            }
        }
    }
    Uses { needed, counts }
}
