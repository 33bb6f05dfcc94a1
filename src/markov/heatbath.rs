//! Heat bath with overrelaxation for gauge actions: one sweep that draws each link anew, then sweeps that reflect each link at
//! the same action.
//!
//! Links of one direction that share no loop are updated together ([`Schedule`]).

use super::kernel::{ChainState, Info, Kernel, Key};
use crate::action::Action;
use crate::error::{Error, Result};
use crate::gauge::{Schedule, Sweep, Update};
use crate::memory;
use crate::progress;
use crate::random::Purpose;
use std::sync::{Arc, Mutex, PoisonError};

/// Parameters of the heat bath.
#[derive(Clone, Debug, Default, PartialEq, serde::Deserialize, serde::Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct HeatbathSpec {
    /// Sweeps of overrelaxation after each sweep of the heat bath.
    pub overrelaxation: u64,
}

/// Heat bath with overrelaxation.
pub struct Heatbath {
    action: Arc<dyn Action>,
    beta: f64,
    strength: f64,
    overrelaxation: u64,
    schedule: Schedule,
    /// The field before the last step, whose memory the next one writes to.
    idle: Mutex<Option<Vec<f64>>>,
}

/// Most sweeps of overrelaxation in a step.
const MOST_SWEEPS: u64 = 1_000_000;

impl Heatbath {
    /// A kernel for an action that is a sum over loops; another one is an error.
    pub fn new(action: Arc<dyn Action>, spec: &HeatbathSpec) -> Result<Self> {
        let Some(sum) = action.loop_sum() else {
            return Err(Error::Unsupported("type 'heatbath': expected a gauge action, got another".into()));
        };
        if spec.overrelaxation > MOST_SWEEPS {
            let got = spec.overrelaxation;
            return Err(Error::BadSpec(format!("overrelaxation: expected at most {MOST_SWEEPS}, got {got}")));
        }
        let (patch, strength) = sum.patch.as_ref().map_or((None, 1.0), |(patch, strength)| (Some(&**patch), *strength));
        let schedule = Schedule::new(action.lattice(), sum, patch)?;
        Ok(Self {
            beta: sum.beta,
            strength,
            overrelaxation: spec.overrelaxation,
            schedule,
            action,
            idle: Mutex::default(),
        })
    }
}

impl Kernel for Heatbath {
    fn step(&self, key: &Key, state: &mut ChainState) -> Result<Info> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).take();
        let mut field = idle.map_or_else(|| memory::filled("links of the sweep", 0.0, state.field.len()), Ok)?;
        let _work = progress::begin("heatbath", 1 + self.overrelaxation);
        let team = self.action.team();
        // Each link has a stream of its own, so that its random numbers do not depend on the order of the links.
        let heat = Update::Heat { seed: key.stream(Purpose::Heatbath).bits() };
        let mut sweeping = self.schedule.begin(&team, self.beta, Some(&state.field), &mut field)?;
        for sweep in 0..=self.overrelaxation {
            let update = if sweep == 0 { heat } else { Update::Reflect };
            sweeping.sweep(Sweep { update, strength: self.strength, is_reversed: false })?;
            progress::step("heatbath", f64::NAN)?;
        }
        sweeping.end();
        let value = self.action.value(&field)?;
        if !value.is_finite() {
            let expected = "expected a finite number after a sweep (is beta, c_g or a strength too large?)";
            return Err(Error::BadInput(format!("action: {expected}, got {value}")));
        }
        let before = std::mem::take(&mut state.field);
        state.go_to(field, value);
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).replace(before);
        Ok(Info { accepted: true, delta: 0.0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::ActionSpec;
    use crate::context::{Context, Precision, serial};
    use crate::gauge::{Gauge, Group, observables::plaquette};
    use crate::lattice::Lattice;
    use crate::markov::check::expect_mean;
    use crate::random::Stream;

    fn action(extent: &[usize], text: &str) -> Arc<dyn Action> {
        let spec: ActionSpec = crate::spec::parse("action", text).unwrap();
        spec.build(&serial(), &Lattice::new(extent).unwrap()).unwrap().into()
    }

    fn start(action: &dyn Action) -> ChainState {
        let field = action.space().hot(action.lattice(), &mut Stream::new(5, Purpose::Start, 1)).unwrap();
        ChainState::new(action, &field).unwrap()
    }

    #[test]
    fn overrelaxation_keeps_the_action() {
        let kinds = [
            "type: 'wilson'",
            "type: 'symanzik'",
            "type: 'wilson', defect: {size: [2, 1], strength: 0.3}",
            "type: 'dbw2', defect: {size: [2, 2], strength: 0, across: 1, at: [2, 1, 3]}",
        ];
        let cases = ["u1", "su2", "su3"].into_iter().flat_map(|group| kinds.map(|kind| (group, kind)));
        for (extent, (group, kind)) in cases.flat_map(|case| [&[4, 3, 5][..], &[12, 8, 5]].map(|extent| (extent, case)))
        {
            let action = action(extent, &format!("{{{kind}, group: '{group}', beta: 2}}"));
            let values = [0, 5].map(|overrelaxation| {
                let kernel = Heatbath::new(action.clone(), &HeatbathSpec { overrelaxation }).unwrap();
                let mut state = start(&*action);
                kernel.step(&Key { seed: 1, counter: 2 }, &mut state).unwrap();
                state
            });
            assert!(
                (values[0].value - values[1].value).abs() < 1e-10,
                "{group}, {kind}: {} {}",
                values[0].value,
                values[1].value
            );
            assert!(values[0].field.iter().zip(&values[1].field).any(|(a, b)| (a - b).abs() > 0.1));
        }
    }

    #[test]
    fn the_strong_coupling_plaquette_of_su3_in_four_dimensions() {
        // β/18 + β²/216 + ... is the integral over one plaquette, as in two dimensions: 0.060127 at β = 1. The four
        // cubes that a plaquette belongs to add 4 (β/18)⁵.
        let action = action(&[4, 4, 4, 4], "{type: 'wilson', group: 'su3', beta: 1}");
        let kernel = Heatbath::new(action.clone(), &HeatbathSpec { overrelaxation: 1 }).unwrap();
        let mut state = start(&*action);
        let mut series = Vec::new();
        for counter in 0..420 {
            kernel.step(&Key { seed: 4, counter }, &mut state).unwrap();
            if counter >= 20 {
                let gauge = Gauge::new(action.lattice(), Group::Su3, state.field.clone()).unwrap();
                series.push(plaquette(&gauge));
            }
        }
        let u = 1.0f64 / 18.0;
        expect_mean("plaquette", &series, 0.060127 + 4.0 * u.powi(5));
    }

    /// Links updated in parallel are the same as links updated one after the other.
    #[test]
    fn threads_do_not_change_the_links() {
        let spec: ActionSpec = crate::spec::parse("action", "{type: 'wilson', group: 'su3', beta: 5}").unwrap();
        for extent in [&[4, 4, 4][..], &[5, 4, 3], &[8, 8, 4, 4], &[6, 6, 6, 2]] {
            let fields = [1, 3].map(|threads| {
                let context = Arc::new(Context::new(1, Precision::F64, threads).unwrap());
                let action: Arc<dyn Action> =
                    spec.clone().build(&context, &Lattice::new(extent).unwrap()).unwrap().into();
                let kernel = Heatbath::new(action.clone(), &HeatbathSpec { overrelaxation: 2 }).unwrap();
                let mut state = start(&*action);
                kernel.step(&Key { seed: 1, counter: 2 }, &mut state).unwrap();
                state.field
            });
            assert_eq!(fields[0], fields[1], "{extent:?}");
        }
    }

    /// Links in the lanes of boxes are those gathered eight at a time in the same order.
    #[test]
    fn links_in_boxes_are_those_gathered() {
        for (extent, kind) in [
            (&[4, 4, 4, 4][..], "type: 'wilson'"),
            (&[12, 8, 3], "type: 'symanzik'"),
            (&[8, 4, 3], "type: 'wilson', defect: {size: [2, 1], strength: 0.3}"),
            (&[4, 4, 4, 3], "type: 'wilson', boundary: 'open'"),
            (&[16, 4], "type: 'wilson'"),
        ] {
            for group in ["u1", "su2", "su3"] {
                let action = action(extent, &format!("{{{kind}, group: '{group}', beta: 3}}"));
                let [lanes, gathered] =
                    [(); 2].map(|()| Heatbath::new(action.clone(), &HeatbathSpec::default()).unwrap());
                let gathered = gathered.schedule.without_boxes().unwrap();
                let team = action.team();
                for (update, is_reversed) in
                    [(Update::Heat { seed: 7 }, false), (Update::Reflect, false), (Update::Heat { seed: 8 }, true)]
                {
                    let mut stream = Stream::new(5, Purpose::Start, 1);
                    let mut start = action.space().hot(action.lattice(), &mut stream).unwrap();
                    if kind.contains("open") {
                        action.space().open(action.lattice(), &mut start);
                    }
                    let sweep = Sweep { update, strength: lanes.strength, is_reversed };
                    let fields = [&lanes.schedule, &gathered].map(|schedule| {
                        let mut field = start.clone();
                        schedule.sweep(&team, lanes.beta, &mut field, sweep).unwrap();
                        field
                    });
                    let [error, change] = [&fields[1], &start].map(|other| action.space().farthest(&fields[0], other));
                    // Rounding grows from link to link, the more the smaller their staples are; wrong links are off by one.
                    assert!(error < 1e-8 && change > 0.1, "{group}, {kind}, {update:?}: {error} {change}");
                }
            }
        }
    }

    /// A sweep of links one by one, from the force: S as a function of a link U is const − Re tr U B.
    #[test]
    fn the_density_of_each_link_is_that_of_its_staples() {
        for kind in ["type: 'wilson'", "type: 'iwasaki'", "type: 'symanzik', defect: {size: [2, 2], strength: 0.2}"] {
            let action = action(&[4, 4, 3], &format!("{{{kind}, group: 'u1', beta: 1.3}}"));
            let kernel = Heatbath::new(action.clone(), &HeatbathSpec::default()).unwrap();
            // Before and after the sweep; links are reflected one after the other.
            let mut field = start(&*action).field;
            let mut swept = field.clone();
            let sweep = Sweep { update: Update::Reflect, strength: kernel.strength, is_reversed: false };
            kernel.schedule.sweep(&action.team(), kernel.beta, &mut swept, sweep).unwrap();
            let links = kernel.schedule.sites().into_iter();
            let links = links.flat_map(|(mu, sites)| sites.into_iter().map(move |site| 2 * (3 * site + mu)));
            for place in links {
                let own = [field[place], field[place + 1]];
                let mut at = |z: [f64; 2]| {
                    field[place..place + 2].copy_from_slice(&z);
                    action.value(&field).unwrap()
                };
                // S(1), S(i) and S(−1) give B: S(z) = c − Re z B. Reflected at the same action.
                let (one, i, minus) = (at([1.0, 0.0]), at([0.0, 1.0]), at([-1.0, 0.0]));
                let (re, centre) = ((minus - one) / 2.0, (minus + one) / 2.0);
                let angle = -own[1].atan2(own[0]) - 2.0 * (i - centre).atan2(re);
                let error = (swept[place] - angle.cos()).hypot(swept[place + 1] - angle.sin());
                assert!(error < 1e-11, "{kind}, {place}: {error}");
                field[place..place + 2].copy_from_slice(&swept[place..place + 2]);
            }
            assert_eq!(field, swept);
        }
    }

    /// Plaquettes near a defect by the heat bath and by hybrid Monte Carlo.
    #[test]
    fn heat_bath_and_hybrid_monte_carlo_agree_with_defects_and_rectangles() {
        for (group, kind, beta) in [
            ("u1", "type: 'wilson', defect: {size: [2], strength: 0.2}", 2.0),
            ("su2", "type: 'symanzik', defect: {size: [2], strength: 0}", 2.0),
            ("su3", "type: 'dbw2', defect: {size: [3], strength: 0.5, across: 0, at: [1, 2]}", 0.8),
        ] {
            let action = action(&[4, 4], &format!("{{{kind}, group: '{group}', beta: {beta}}}"));
            let hmc = crate::markov::HmcSpec { steps: 6, length: 1.0, ..Default::default() };
            let kernels: [Box<dyn Kernel>; 2] = [
                Box::new(Heatbath::new(action.clone(), &HeatbathSpec { overrelaxation: 1 }).unwrap()),
                Box::new(crate::markov::Hmc::new(action.clone(), &hmc).unwrap()),
            ];
            let means = kernels.each_ref().map(|kernel| {
                let mut state = start(&*action);
                let mut series = vec![];
                for counter in 0..8_400 {
                    kernel.step(&Key { seed: 4, counter }, &mut state).unwrap();
                    if counter >= 400 {
                        series.push(state.value);
                    }
                }
                crate::markov::check::mean_and_error(&series, 100)
            });
            let [(a, error_a), (b, error_b)] = means;
            assert!((a - b).abs() < 5.0 * error_a.hypot(error_b), "{group}, {kind}: {a}({error_a}) {b}({error_b})");
        }
    }

    #[test]
    fn actions_that_it_does_not_know_are_refused() {
        let wilson = "{type: 'wilson', group: 'su2', beta: 2}";
        let sum = action(&[4, 4], &format!("{{type: 'sum', terms: [{wilson}, {wilson}]}}"));
        let scalars = action(&[4, 4], "{type: 'phi4', mass_squared: 1, lambda: 1}");
        for other in [sum, scalars] {
            let message = Heatbath::new(other, &HeatbathSpec::default()).err().unwrap().to_string();
            assert_eq!(message, "type 'heatbath': expected a gauge action, got another");
        }
        let small = action(&[4, 2], "{type: 'symanzik', group: 'su2', beta: 2}");
        let message = Heatbath::new(small, &HeatbathSpec::default()).err().unwrap().to_string();
        assert_eq!(message, "type 'heatbath': expected extents at which no loop holds a link twice, got 4 x 2");
        let wilson = action(&[4, 4], "{type: 'wilson', group: 'su2', beta: 2}");
        let many = Heatbath::new(wilson, &HeatbathSpec { overrelaxation: 1_000_001 }).err().unwrap().to_string();
        assert_eq!(many, "overrelaxation: expected at most 1000000, got 1000001");
    }
}
