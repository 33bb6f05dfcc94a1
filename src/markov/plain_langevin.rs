//! Langevin steps without a Metropolis test: every field is taken, and averages have a bias of the order of the step.
//!
//! ```text
//! φ' = φ − ε dS/dφ + √(2ε) η,    ⟨O⟩_ε = ⟨O⟩ + c ε + O(ε²)
//! ```
//!
//! with normal η. The density that it keeps is that of S + ε Σ (S''/2 − S'²/4) + O(ε²), not of S: for S = a φ²/2 its width is
//! 1/(a (1 − a ε/2)), and above ε = 2/a there is none. So it is refused where kernels have to be exact, in cycles, annealing and
//! proposals, and tells of its bias. Averages at several steps extrapolate to ε = 0. Links move by exp(X) U, as in
//! [`super::Langevin`]. G. Parisi, Y. Wu, Sci. Sin. 24, 483 (1981); G. G. Batrouni et al., Phys. Rev. D 32, 2736 (1985).

use super::kernel::{ChainState, Info, Kernel, Key};
use super::langevin::{LangevinSpec, expect_step};
use crate::action::Action;
use crate::error::{Error, Result, expect_finite};
use crate::memory;
use crate::random::Purpose;
use std::sync::Arc;

/// Langevin steps without a Metropolis test.
pub struct PlainLangevin {
    action: Arc<dyn Action>,
    step: f64,
}

impl PlainLangevin {
    /// Steps for an action without pseudofermions.
    pub fn new(action: Arc<dyn Action>, spec: &LangevinSpec) -> Result<Self> {
        expect_step(spec.step)?;
        if action.has_pseudofermions() {
            return Err(Error::Unsupported("action: expected one without pseudofermions, got one with".into()));
        }
        Ok(Self { action, step: spec.step })
    }
}

impl Kernel for PlainLangevin {
    fn step(&self, key: &Key, state: &mut ChainState) -> Result<Info> {
        let (space, team, lattice) = (self.action.space(), self.action.team(), self.action.lattice());
        let mut force = match state.gradient.take() {
            Some(gradient) => gradient,
            None => {
                let mut gradient = memory::filled("gradient of the action", 0.0, state.field.len())?;
                self.action.gradient(&state.field, &mut gradient)?;
                gradient
            }
        };
        expect_finite("gradient of the action", &force)?;
        let mut moved = memory::filled("noise", 0.0, state.field.len())?;
        space.draw_momenta_of(lattice, &state.field, (&mut key.stream(Purpose::Noise), &mut moved));
        let (width, step) = ((2.0 * self.step).sqrt(), self.step);
        moved.iter_mut().zip(&force).for_each(|(eta, g)| *eta = width * *eta - step * g);
        let mut field = memory::cloned("field of a step", &state.field)?;
        space.drift(&team, &mut field, &moved, 1.0);
        let run_away = || {
            let expected = "expected fields that stay bounded, got one that ran away: a smaller step is needed";
            Error::NotConverged(format!("type 'langevin', adjusted false: {expected} than {step}"))
        };
        if !space.is_bounded(&team, &field) {
            return Err(run_away());
        }
        let value = self.action.gradient(&field, &mut force)?;
        if !value.is_finite() {
            return Err(run_away());
        }
        state.go_to(field, value);
        state.gradient = Some(force);
        Ok(Info { accepted: true, delta: 0.0 })
    }

    fn describe(&self, _state: &ChainState) -> Option<serde_json::Value> {
        Some(
            serde_json::json!({"adjusted": false, "exact": false, "step": self.step, "bias": "of the order of the step"}),
        )
    }
}

#[cfg(test)]
mod tests;
