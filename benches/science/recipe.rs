//! Models that rows train for a theory, each once in a run: the first row that asks for one trains it.

use super::theory::{FORM_A_4, FORM_A_8, FORM_KAPPA_4, SetUp};
use instanton::context::{Context, Precision};
use instanton::error::Result;
use instanton::flow::{Flow, ModelSpec};
use instanton::spec;
use instanton::training::{TrainSpec, train};
use std::sync::{Arc, Mutex, PoisonError};

/// How a model is made.
pub struct Recipe {
    set_up: &'static SetUp,
    model: &'static str,
    training: &'static str,
    trained: Mutex<Option<Arc<Flow>>>,
}

const SHORT: &str = "{steps: 2000, batch: 128, learning_rate: 0.01, schedule: 'cosine', warmup: 100, clip: 100}";
const SMALL: &str = "{type: 'affine', layers: 8, hidden: [8]}";

/// A small affine model.
pub static AFFINE_4: Recipe = Recipe::new(&FORM_A_4.set_up, SMALL, SHORT);

/// The same of form kappa.
pub static AFFINE_KAPPA_4: Recipe = Recipe::new(&FORM_KAPPA_4.set_up, SMALL, SHORT);

/// Affine couplings in one loop, and two splines.
pub static SPLINE_4: Recipe = Recipe::new(
    &FORM_A_4.set_up,
    "{type: 'chain', layers: [{type: 'affine', repeat: 6, hidden: [8]}, \
     {type: 'spline', range: 3, hidden: [8]}, {type: 'spline', range: 3, hidden: [8]}]}",
    SHORT,
);

/// A small affine model of a range of λ.
pub static CONDITIONAL_4: Recipe =
    Recipe::new(&FORM_A_4.set_up, "{type: 'affine', layers: 8, hidden: [8], condition: {lambda: [5.5, 8.5]}}", SHORT);

/// The network, steps and batch of arXiv:2101.08176.
pub static TUTORIAL_8: Recipe = Recipe::new(
    &FORM_A_8.set_up,
    "{type: 'affine', layers: 16, hidden: [8, 8], kernel: 3}",
    "{steps: 2500, batch: 64, learning_rate: 0.01, schedule: 'cosine', warmup: 100, clip: 100}",
);

impl Recipe {
    const fn new(set_up: &'static SetUp, model: &'static str, training: &'static str) -> Self {
        Self { set_up, model, training, trained: Mutex::new(None) }
    }

    /// The trained model.
    pub fn flow(&self) -> Result<Arc<Flow>> {
        let mut trained = self.trained.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(flow) = &*trained {
            return Ok(Arc::clone(flow));
        }
        let flow = Arc::new(self.train()?);
        *trained = Some(Arc::clone(&flow));
        Ok(flow)
    }

    fn train(&self) -> Result<Flow> {
        let context = Arc::new(Context::new(1, Precision::F32, 1)?);
        let model: ModelSpec = spec::parse("model", self.model)?;
        let mut flow = Flow::new(&context, &self.set_up.lattice()?, &model)?;
        let training: TrainSpec = spec::parse("training", self.training)?;
        train(&mut flow, &mut None, &*self.set_up.build()?, &training, &mut |_| false)?;
        Ok(flow)
    }
}
