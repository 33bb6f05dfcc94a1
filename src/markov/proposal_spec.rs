//! The registry of proposals: a new proposal is its file, one line in [`ProposalSpec`] and one in
//! [`ProposalSpec::build`].

use super::annealed::Annealed;
use super::annealed_spec::AnnealedSpec;
use super::independence::Independence;
use super::langevin::{Langevin, LangevinSpec};
use super::learned_langevin::LearnedLangevinSpec;
use super::path_ratio::PathRatio;
use super::proposal::Proposal;
use super::spec::{KernelSpec, annealing_kernel};
use super::tempered::{Tempered, TemperedSpec};
use super::transformed::TransformedHmcSpec;
use super::transformed_proposal::TransformedProposal;
use crate::action::Action;
use crate::error::{Error, Result};
use crate::flow::{Model, PathRatioSpec};
use crate::spec;
use serde::{Deserialize, Deserializer};
use std::sync::Arc;

/// A proposal and its parameters; `type` is 'independence' where it is not given.
#[derive(Deserialize)]
#[serde(transparent)]
pub struct ProposalSpec {
    #[serde(deserialize_with = "independence_by_default")]
    kind: Kind,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
enum Kind {
    /// Fields drawn from the model whatever the current one is.
    Independence {},
    /// A step of Langevin dynamics from the current field.
    Langevin(LangevinSpec),
    /// A tempered transition from the current field.
    Tempered(TemperedSpec),
    /// A trajectory in the field that the model maps to the current one.
    TransformedHmc(TransformedHmcSpec),
    /// The end of an annealed path.
    Annealed(AnnealedSpec<Box<KernelSpec>>),
    /// A path of a diffusion model from noise, by the ratio of paths both ways.
    PathRatio(PathRatioSpec),
    /// A step of Langevin dynamics along the score of a diffusion model.
    LearnedLangevin(LearnedLangevinSpec),
}

fn independence_by_default<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Kind, D::Error> {
    spec::with_default_tag(deserializer, "type", "independence")
}

/// What proposals are made from.
#[derive(Default)]
pub struct Ingredients {
    /// Seed of random numbers that are not the model's.
    pub seed: u64,
    /// A model.
    pub model: Option<Arc<dyn Model>>,
    /// An action.
    pub action: Option<Arc<dyn Action>>,
}

impl ProposalSpec {
    /// True where the proposal is made from an action.
    pub fn needs_action(&self) -> bool {
        matches!(self.kind, Kind::Langevin(_) | Kind::Tempered(_) | Kind::TransformedHmc(_) | Kind::Annealed(_))
    }

    /// True where the proposal is made from a model.
    pub fn needs_model(&self) -> bool {
        matches!(
            self.kind,
            Kind::Independence {} | Kind::TransformedHmc(_) | Kind::PathRatio(_) | Kind::LearnedLangevin(_)
        )
    }

    /// The proposal; an error where it needs a model or an action and there is none.
    pub fn build(&self, from: Ingredients) -> Result<Box<dyn Proposal>> {
        let missing =
            |kind: &str, what: &str| Err(Error::BadInput(format!("type '{kind}': expected {what}, got none")));
        Ok(match (&self.kind, from.model, from.action) {
            (Kind::Independence {}, Some(model), _) => Box::new(Independence::new(model)?),
            (Kind::Independence {}, None, _) => return missing("independence", "a model"),
            (Kind::Langevin(spec), _, Some(action)) => Box::new(Langevin::new(action, spec, from.seed)?),
            (Kind::Langevin(_), _, None) => return missing("langevin", "an action"),
            (Kind::Tempered(spec), model, Some(action)) => {
                Box::new(Tempered::new(&action, spec, from.seed, model.as_deref().and_then(Model::stout))?)
            }
            (Kind::Tempered(_), _, None) => return missing("tempered", "an action"),
            (Kind::TransformedHmc(spec), Some(model), Some(action)) => {
                let pulled = model.pulled_back(Arc::clone(&action))?;
                Box::new(TransformedProposal::new(action, pulled, spec, from.seed)?)
            }
            (Kind::TransformedHmc(_), None, _) => return missing("transformed_hmc", "a model"),
            (Kind::TransformedHmc(_), _, None) => return missing("transformed_hmc", "an action"),
            (Kind::Annealed(spec), model, Some(action)) => {
                let layers = model.map(|model| model.stages()).transpose()?;
                let parts = (annealing_kernel("annealed", spec.kernel.as_deref())?, layers);
                Box::new(Annealed::new(action, spec, parts, from.seed)?)
            }
            (Kind::Annealed(_), _, None) => return missing("annealed", "an action"),
            (Kind::PathRatio(spec), Some(model), _) => Box::new(PathRatio::new(&*model, spec)?),
            (Kind::PathRatio(_), None, _) => return missing("path_ratio", "a model"),
            (Kind::LearnedLangevin(spec), Some(model), _) => Box::new(spec.build(&*model, from.seed)?),
            (Kind::LearnedLangevin(_), None, _) => return missing("learned_langevin", "a model"),
        })
    }
}
