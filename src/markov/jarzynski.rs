//! Non-equilibrium paths from a chain with an open defect to the action without it.
//!
//! A step makes sweeps at strength 0 of the chain in equilibrium, and takes a copy of its field along strengths from 0 to 1. The
//! field of the chain is the end of that path, its log weight −W:
//!
//! ```text
//! <O> = <O exp(−W)> / <exp(−W)>,    log(Z_1 / Z_0) = log <exp(−W)>
//! ```
//!
//! C. Jarzynski, Phys. Rev. Lett. 78, 2690 (1997); M. Caselle, G. Costagliola, A. Nada, M. Panero and A. Toniato, Phys. Rev. D
//! 94, 034503 (2016).

use super::heatbath::{Heatbath, HeatbathSpec};
use super::kernel::{ChainState, Companions, Info, Kernel, Key};
use super::path::Surroundings;
use super::tempered::strengths;
use crate::action::Action;
use crate::error::{Error, Result};
use crate::flow::Stout;
use crate::gauge::Cuboid;
use crate::lattice::Neighbours;
use crate::memory;
use crate::progress;
use crate::random::Purpose;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Parameters of the paths and of their chain.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct JarzynskiSpec {
    /// The links that are open in the chain.
    pub defect: Cuboid,
    /// Changes of the strength, in equal steps; this or `strengths` is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps: Option<u64>,
    /// Strengths on the way, from 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strengths: Option<Vec<f64>>,
    /// Largest distance from the defect of links that paths move; all links where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<u64>,
    /// Sweeps of overrelaxation beside each heat bath.
    #[serde(default)]
    pub overrelaxation: u64,
    /// Sweeps of the chain between paths.
    #[serde(default = "one")]
    pub between: u64,
}

fn one() -> u64 {
    1
}

/// Most sweeps between paths.
const MOST: u64 = 1_000_000;

/// Paths from a chain with an open defect.
pub struct Jarzynski {
    action: Arc<dyn Action>,
    chain: Surroundings,
    path: Surroundings,
    strengths: Vec<f64>,
    between: u64,
}

impl Jarzynski {
    /// A kernel for a gauge action without a defect, with learned layers at the changes of the strength where there are some.
    pub fn new(action: Arc<dyn Action>, spec: &JarzynskiSpec, layers: Option<&Stout>) -> Result<Self> {
        let Some(sum) = action.loop_sum().filter(|sum| sum.patch.is_none()) else {
            let expected = "expected a gauge action without a defect";
            return Err(Error::Unsupported(format!("type 'jarzynski': {expected}, got another")));
        };
        if !(1..=MOST).contains(&spec.between) {
            return Err(Error::BadSpec(format!("between: expected 1 to {MOST}, got {}", spec.between)));
        }
        let strengths = strengths(spec.steps, spec.strengths.as_ref(), [0.0, 1.0])?;
        let lattice = action.lattice();
        // The heat bath of the chain has the same limits.
        Heatbath::new(Arc::clone(&action), &HeatbathSpec { overrelaxation: spec.overrelaxation })?;
        let patch = sum.around(&Neighbours::new(lattice)?, &spec.defect.build(lattice)?)?;
        let chain = Surroundings::new(lattice, sum, &patch, (None, spec.overrelaxation))?;
        let path = Surroundings::new(lattice, sum, &patch, (spec.within, spec.overrelaxation))?.with(
            lattice,
            &spec.defect,
            layers,
        )?;
        Ok(Self { action: Arc::clone(&action), chain, path, strengths, between: spec.between })
    }
}

impl Kernel for Jarzynski {
    fn is_weighted(&self) -> bool {
        true
    }

    /// The outcome's `delta` is the log weight −W.
    fn step(&self, key: &Key, state: &mut ChainState) -> Result<Info> {
        let _work = progress::begin("path", self.between + 1);
        let open = state.companions.as_ref().and_then(|companions| companions.fields.first()).unwrap_or(&state.field);
        let (team, mut open) = (self.action.team(), memory::cloned("links with a defect", open)?);
        let mut random = key.stream(Purpose::Tempering);
        for _ in 0..self.between {
            self.chain.sweeps(&team, &mut open, 0.0, (random.bits(), false))?;
            progress::step("path", f64::NAN)?;
        }
        let mut field = memory::cloned("links of a path", &open)?;
        let work = self.path.path(&team, &mut field, &self.strengths, (random.bits(), false))?;
        let value = self.action.value(&field)?;
        state.go_to(field, value);
        state.companions = Some(Companions { fields: vec![open], numbers: vec![], counts: vec![] });
        Ok(Info { accepted: true, delta: -work })
    }

    fn companions(&self) -> usize {
        1
    }
}
