//! An action that the host computes.
//!
//! Its numbers come from outside, so each is checked: a value or a gradient that is not finite is an error.

use super::Action;
use crate::error::{Error, Result, expect_finite, expect_length};
use crate::lattice::Lattice;

/// The host's function: S of a field, and dS/dφ where a place for it is given. An error ends the call that needed S.
pub type HostFunction = dyn Fn(&[f64], Option<&mut [f64]>) -> Result<f64> + Send + Sync;

/// The host's own action. It is called from the thread of the caller alone.
pub struct Callback {
    lattice: Lattice,
    function: Box<HostFunction>,
}

impl Callback {
    /// An action of fields on `lattice` that is computed by `function`.
    pub fn new(
        lattice: &Lattice,
        function: impl Fn(&[f64], Option<&mut [f64]>) -> Result<f64> + Send + Sync + 'static,
    ) -> Self {
        Self { lattice: lattice.clone(), function: Box::new(function) }
    }
}

impl Action for Callback {
    fn lattice(&self) -> &Lattice {
        &self.lattice
    }

    fn value(&self, field: &[f64]) -> Result<f64> {
        expect_length("field", self.lattice.volume(), field.len())?;
        checked((self.function)(field, None)?)
    }

    fn gradient(&self, field: &[f64], gradient: &mut [f64]) -> Result<f64> {
        expect_length("field", self.lattice.volume(), field.len())?;
        expect_length("gradient", self.lattice.volume(), gradient.len())?;
        // A component that the host does not write stays NaN, which the check below finds.
        gradient.fill(f64::NAN);
        let value = checked((self.function)(field, Some(&mut *gradient))?)?;
        expect_finite("gradient of the action callback", gradient)?;
        Ok(value)
    }

    fn is_threadsafe(&self) -> bool {
        false
    }
}

fn checked(value: f64) -> Result<f64> {
    if value.is_finite() {
        return Ok(value);
    }
    Err(Error::BadInput(format!("value of the action callback: expected a finite number, got {value}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::check::expect_gradient;

    fn quartic(field: &[f64], gradient: Option<&mut [f64]>) -> Result<f64> {
        if let Some(gradient) = gradient {
            gradient.iter_mut().zip(field).for_each(|(g, phi)| *g = phi * phi * phi);
        }
        Ok(field.iter().map(|phi| phi.powi(4) / 4.0).sum())
    }

    #[test]
    fn the_host_s_action_is_an_action() {
        let callback = Callback::new(&Lattice::new(&[4, 3]).unwrap(), quartic);
        expect_gradient(&callback, 1);
        assert!(!callback.is_threadsafe());
        assert_eq!(callback.value(&[0.0; 5]).unwrap_err(), Error::BadShape("field: expected 12 numbers, got 5".into()));
    }

    #[test]
    fn bad_numbers_and_a_wish_to_stop_are_errors() {
        let lattice = Lattice::new(&[4]).unwrap();
        let stop = Callback::new(&lattice, |_, _| Err(Error::Stopped("action callback: returned 3".into())));
        assert_eq!(stop.value(&[0.0; 4]).unwrap_err().status(), 8);
        let infinite = Callback::new(&lattice, |_, _| Ok(f64::INFINITY)).value(&[0.0; 4]).unwrap_err();
        let message = "value of the action callback: expected a finite number, got inf";
        assert_eq!(infinite, Error::BadInput(message.into()));
        let forgetful = Callback::new(&lattice, |field, gradient| {
            gradient.into_iter().for_each(|gradient| gradient[..2].fill(0.0));
            Ok(field[0])
        });
        let unwritten = forgetful.gradient(&[0.0; 4], &mut [0.0; 4]).unwrap_err();
        let message = "gradient of the action callback: expected finite numbers, got NaN at index 2";
        assert_eq!(unwritten, Error::BadInput(message.into()));
    }
}
