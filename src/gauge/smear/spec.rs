//! Smoothing of links by spec: `{type: 'stout', rho: 0.1, steps: 3}`.

use super::ape::ape;
use super::stout::stout;
use super::wilson_flow::WilsonFlow;
use crate::context::Team;
use crate::error::{Result, expect_finite};
use crate::gauge::field::Gauge;
use crate::progress;
use crate::spec;
use serde::{Deserialize, Serialize};

/// A way to smooth links; see [`stout`], [`ape`] and [`WilsonFlow`].
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum SmearSpec {
    /// Stout smearing.
    Stout {
        /// The weight ρ of the staples.
        rho: f64,
        /// Number of smearing steps, at least 1.
        steps: u64,
    },
    /// APE smearing.
    Ape {
        /// The weight α of the staples.
        alpha: f64,
        /// Number of smearing steps, at least 1.
        steps: u64,
    },
    /// The Wilson flow.
    Flow {
        /// How far, in units of the lattice spacing squared, above 0.
        time: f64,
        /// Largest step of the integrator, above 0.
        #[serde(default = "usual_step")]
        step: f64,
    },
}

fn usual_step() -> f64 {
    0.02
}

/// Most times that a field is smeared in one call.
const MOST: u64 = 1_000_000;

impl SmearSpec {
    /// Smooths a field; after an error it is as it was.
    pub fn apply(&self, team: &Team, gauge: &mut Gauge) -> Result<()> {
        let mut smooth = gauge.copied()?;
        match *self {
            Self::Stout { rho, steps } => stout(team, &mut smooth, rho, times(steps)?)?,
            Self::Ape { alpha, steps } => ape(&mut smooth, alpha, times(steps)?)?,
            Self::Flow { time, step } => {
                for (key, value) in [("time", time), ("step", step)] {
                    spec::expect(value > 0.0 && value.is_finite(), key, "a finite number above 0", value)?;
                }
                // Rounding must not add a step where the time is a multiple of the step.
                let count = (time / step - 1e-9).ceil().max(1.0);
                spec::expect(count <= MOST as f64, "time", &format!("at most {MOST} steps"), count)?;
                let mut flow = WilsonFlow::new(team, gauge.lattice(), gauge.group())?;
                let _work = progress::begin("flow", count as u64);
                for _ in 0..count as u64 {
                    flow.step(&mut smooth, time / count)?;
                    progress::step("flow", f64::NAN)?;
                }
            }
        }
        expect_finite("smeared links", smooth.links())?;
        *gauge = smooth;
        Ok(())
    }
}

fn times(steps: u64) -> Result<usize> {
    spec::expect((1..=MOST).contains(&steps), "steps", &format!("1 to {MOST}"), steps)?;
    Ok(steps as usize)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;
    use crate::gauge::{Group, energy_density};
    use crate::lattice::Lattice;
    use crate::random::{Purpose, Stream};

    fn smeared(gauge: &Gauge, text: &str) -> Result<Gauge> {
        let mut gauge = gauge.clone();
        spec::parse::<SmearSpec>("smear", text)?.apply(&Team::default(), &mut gauge)?;
        Ok(gauge)
    }

    #[test]
    fn specs_do_what_the_functions_do() {
        let lattice = Lattice::new(&[4, 3, 2]).unwrap();
        let gauge = Gauge::random(&lattice, Group::Su2, &mut Stream::new(1, Purpose::Start, 8)).unwrap();
        let mut expected = gauge.clone();
        stout(&Team::default(), &mut expected, 0.1, 2).unwrap();
        assert_eq!(smeared(&gauge, "{type: 'stout', rho: 0.1, steps: 2}").unwrap(), expected);
        let mut expected = gauge.clone();
        ape(&mut expected, 0.4, 3).unwrap();
        assert_eq!(smeared(&gauge, "{type: 'ape', alpha: 0.4, steps: 3}").unwrap(), expected);
        let mut expected = gauge.clone();
        let mut flow = WilsonFlow::new(&Team::default(), &lattice, Group::Su2).unwrap();
        (0..5).for_each(|_| flow.step(&mut expected, 0.1 / 5.0).unwrap());
        assert_eq!(smeared(&gauge, "{type: 'flow', time: 0.1}").unwrap(), expected);
        // Two flows one after the other are one.
        let twice = smeared(&smeared(&gauge, "{type: 'flow', time: 0.06}").unwrap(), "{type: 'flow', time: 0.04}");
        let energies = [expected, twice.unwrap()].map(|gauge| energy_density(&gauge).unwrap());
        assert!((energies[0] - energies[1]).abs() < 1e-12, "{energies:?}");
    }

    #[test]
    fn faults_are_named() {
        let gauge = Gauge::unit(&Lattice::new(&[4, 4]).unwrap(), Group::U1).unwrap();
        let message = |text: &str| smeared(&gauge, text).as_ref().map_err(Error::to_string).unwrap_err();
        assert_eq!(message("{type: 'stout', rho: 0.1, steps: 0}"), "steps: expected 1 to 1000000, got 0");
        assert_eq!(message("{type: 'flow', time: -1}"), "time: expected a finite number above 0, got -1");
        assert_eq!(
            message("{type: 'flow', time: 1, step: 1e-9}"),
            "time: expected at most 1000000 steps, got 1000000000"
        );
        let random = Gauge::random(gauge.lattice(), Group::Su3, &mut Stream::new(1, Purpose::Start, 8)).unwrap();
        let lost = smeared(&random, "{type: 'stout', rho: 1e300, steps: 2}");
        assert!(lost.is_err_and(|e| e.to_string().contains("expected finite numbers")));
        assert_eq!(message("{type: 'ape', alpha: NaN, steps: 1}"), "alpha: expected a finite number, got NaN");
    }
}
