//! Earlier solutions of a trajectory as initial guesses for the solves of its forces: chronological inversion.

use crate::dirac::Field;

/// Solutions of earlier gradients of one trajectory, from which the next solves are guessed.
///
/// It belongs to the trajectory and not to the action: results never depend on earlier calls of the action.
#[derive(Debug, Default)]
pub struct Past {
    /// Solutions of the action itself, the latest at the end.
    solutions: Vec<Field<f64>>,
    /// Solutions of each term of a sum.
    terms: Vec<Past>,
}

impl Clone for Past {
    /// Empty: the copy of a point in phase space starts a trajectory of its own.
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl Past {
    /// The solutions, the last one at the end.
    pub(super) fn solutions(&self) -> &[Field<f64>] {
        &self.solutions
    }

    /// Adds a solution and forgets the oldest where there are more than `most`.
    pub(super) fn remember(&mut self, solution: Field<f64>, most: usize) {
        if self.solutions.len() == most {
            self.solutions.remove(0);
        }
        self.solutions.push(solution);
    }

    /// The past of a term of a sum.
    pub(super) fn of_term(&mut self, term: usize) -> &mut Past {
        if self.terms.len() <= term {
            self.terms.resize_with(term + 1, Past::default);
        }
        &mut self.terms[term]
    }
}
