//! What the rows of a run have in common: whether figures are full or short, the clock that costs are measured with, and results
//! that several rows quote.

use super::diffusion::BesideHmc;
use super::hmc_in_lanes::Trajectory;
use super::independent_time::OfChain;
use instanton::error::Result;
use instanton::statistics::Estimate;
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

/// Full figures, or short ones for the tests.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Form {
    /// Minutes.
    Full,
    /// Seconds.
    Quick,
}

impl Form {
    /// What belongs to the form.
    pub fn pick<T>(self, full: T, quick: T) -> T {
        match self {
            Form::Full => full,
            Form::Quick => quick,
        }
    }
}

/// Microseconds since some moment: processor time of the thread in the benchmark, a counter in the tests.
pub type Clock<'a> = &'a dyn Fn() -> f64;

/// A run of rows.
pub struct Run<'a> {
    /// Which form its figures have.
    pub form: Form,
    /// What measures the time of steps.
    pub clock: Clock<'a>,
    /// The cheapest trajectories of hybrid Monte Carlo in lanes and their costs, so that all rows quote one cost for one theory.
    pub in_lanes: Shared<(Trajectory, Estimate)>,
    /// Chains of independent proposals of continuous flows.
    pub learned: Shared<OfChain>,
    /// χ and φ² along chains of hybrid Monte Carlo in the field of a model.
    pub transformed: Shared<Rc<Vec<[f64; 2]>>>,
    /// Chains of paths of a diffusion model beside hybrid Monte Carlo.
    pub diffused: Shared<Rc<BesideHmc>>,
}

impl<'a> Run<'a> {
    /// A run that has measured nothing yet.
    pub fn new(form: Form, clock: Clock<'a>) -> Self {
        Self {
            form,
            clock,
            in_lanes: Shared::default(),
            learned: Shared::default(),
            transformed: Shared::default(),
            diffused: Shared::default(),
        }
    }
}

/// Results by the names of set-ups, each measured once: by the first row that asks for it.
pub struct Shared<T>(RefCell<HashMap<&'static str, T>>);

impl<T> Default for Shared<T> {
    fn default() -> Self {
        Self(RefCell::default())
    }
}

impl<T: Clone> Shared<T> {
    /// The result for a set-up; `measure` gives it where no row has asked for it.
    pub fn of(&self, set_up: &'static str, measure: impl FnOnce() -> Result<T>) -> Result<T> {
        if let Some(found) = self.0.borrow().get(set_up) {
            return Ok(found.clone());
        }
        let found = measure()?;
        self.0.borrow_mut().insert(set_up, found.clone());
        Ok(found)
    }
}
