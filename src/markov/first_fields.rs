//! The fields that annealed paths begin with: a free field, drawn exactly, or the same theory with other couplings, from chains.

use super::kernel::{ChainState, Key};
use super::start::hot;
use super::tempering::Builder;
use crate::action::{Action, FreeField};
use crate::error::Result;
use crate::memory;
use crate::progress;
use crate::random::{Purpose, Stream};
use std::sync::Arc;

/// How first fields are made.
pub(super) enum First {
    /// Draws of a free field.
    Free(FreeField),
    /// The last fields of chains of an action, each from a hot start.
    Chains {
        /// Its action.
        action: Arc<dyn Action>,
        /// Steps of the kernel in each chain.
        thermalise: u64,
    },
}

impl First {
    /// Its action S_0.
    pub fn action(&self) -> Result<Arc<dyn Action>> {
        match self {
            First::Free(free) => Ok(Arc::new(free.action()?)),
            First::Chains { action, .. } => Ok(Arc::clone(action)),
        }
    }

    /// log Z_0 where it is known, else 0: results are then relative to it.
    pub fn log_z(&self) -> f64 {
        match self {
            First::Free(free) => free.log_z(),
            First::Chains { .. } => 0.0,
        }
    }

    /// A field for each seed.
    pub fn draw(
        &self,
        seeds: &[u64],
        builder: &Builder,
        mut keep: impl FnMut(usize, Vec<f64>) -> Result<()>,
    ) -> Result<()> {
        match self {
            First::Free(free) => {
                for (i, seed) in seeds.iter().enumerate() {
                    progress::check()?;
                    let mut field = memory::filled("field of a population", 0.0, free.volume())?;
                    free.draw(&mut Stream::new(*seed, Purpose::Start, 0), &mut field)?;
                    keep(i, field)?;
                }
            }
            First::Chains { action, thermalise } => {
                let kernel = builder(Arc::clone(action))?;
                for (i, &seed) in seeds.iter().enumerate() {
                    let field = hot(&**action, &mut Stream::new(seed, Purpose::Start, 0))?;
                    let mut state = ChainState::new(&**action, &field)?;
                    for counter in 0..*thermalise {
                        progress::check()?;
                        kernel.step(&Key { seed, counter }, &mut state)?;
                    }
                    keep(i, state.field)?;
                }
            }
        }
        Ok(())
    }
}
