//! The bias of steps that are not adjusted, measured against exact numbers.

use super::*;
use crate::action::ActionSpec;
use crate::context::serial;
use crate::lattice::Lattice;
use crate::markov::check::mean_and_error;
use crate::markov::{Chain, ChainSpec};
use crate::spec::parse;

/// ⟨φ²⟩ of form kappa on 4 x 4 sites by transfer matrices.
const EXACT: f64 = 0.64581014;
const KAPPA: &str = "{type: 'phi4', form: 'kappa', kappa: 0.21, lambda: 0.022}";

fn chain(extent: &[usize], action: &str, kernel: &str) -> Result<Chain> {
    let action = parse::<ActionSpec>("action", action)?.build(&serial(), &Lattice::new(extent)?)?;
    Chain::new(action.into(), None, &parse::<ChainSpec>("chain", kernel)?, 5)
}

/// ⟨φ²⟩ along a chain, with its error.
fn measured(mut chain: Chain, steps: usize) -> (f64, f64) {
    let mut series = vec![];
    for step in 0..steps + steps / 10 {
        chain.step().unwrap();
        if step >= steps / 10 {
            series.push(chain.field().iter().map(|phi| phi * phi).sum::<f64>() / chain.field().len() as f64);
        }
    }
    mean_and_error(&series, 100)
}

#[test]
fn the_bias_is_linear_in_the_step_and_none_where_steps_are_adjusted() {
    let kernel = |step: f64, adjusted: bool| format!("{{type: 'langevin', step: {step}, adjusted: {adjusted}}}");
    let of = |step, adjusted| measured(chain(&[4, 4], KAPPA, &kernel(step, adjusted)).unwrap(), 160_000);
    let [(small, small_error), (large, large_error)] = [of(0.05, false), of(0.1, false)];
    let [bias, twice] = [small - EXACT, large - EXACT];
    let both = format!("{bias} +- {small_error}, {twice} +- {large_error}");
    assert!(bias > 5.0 * small_error && twice > 10.0 * large_error, "{both}");
    // Half of the step has half of the bias, up to the second order, which is a tenth of the first one.
    let error = small_error.hypot(0.5 * large_error);
    assert!((bias - 0.5 * twice).abs() < 5.0 * error + 0.1 * bias, "{both}");
    let (exact, error) = of(0.1, true);
    assert!((exact - EXACT).abs() < 5.0 * error && error < 0.1 * twice, "{exact} +- {error}, {twice}");
}

/// Two sites of a free field have the modes a = 1 and 5, each of the width 1/(a (1 − a ε/2)) exactly.
#[test]
fn the_width_of_a_free_field_is_known_for_every_step() {
    let free = "{type: 'phi4', form: 'half', mass_squared: 1, lambda: 0}";
    let (found, error) =
        measured(chain(&[2], free, "{type: 'langevin', step: 0.3, adjusted: false}").unwrap(), 100_000);
    let width = |a: f64| 1.0 / (a * (1.0 - 0.15 * a));
    let expected = 0.5 * (width(1.0) + width(5.0));
    assert!((found - expected).abs() < 5.0 * error && error < 0.02, "{found} +- {error}, {expected}");
}

#[test]
fn it_tells_of_its_bias_and_is_refused_where_kernels_are_exact() {
    let plain = "{type: 'langevin', step: 0.1, adjusted: false}";
    let description = chain(&[4], KAPPA, plain).unwrap().describe().unwrap();
    assert_eq!((&description["kernel"]["exact"], &description["kernel"]["adjusted"]), (&false.into(), &false.into()));
    let message = |kernel: &str| chain(&[4], KAPPA, kernel).err().unwrap().to_string();
    let cycle = format!("{{type: 'cycle', kernels: [{{type: 'hmc'}}, {plain}]}}");
    assert_eq!(message(&cycle), "type 'langevin', adjusted false: expected a chain of its own, got one in a cycle");
    let annealing = format!("{{type: 'annealing', kernel: {plain}}}");
    assert!(message(&annealing).starts_with("type 'annealing': kernel: expected type 'hmc', 'langevin'"));
    assert!(
        message("{type: 'langevin', step: -1, adjusted: false}").starts_with("step: expected a finite number above 0")
    );
}

#[test]
fn fields_that_run_away_are_errors_and_the_chain_stays() {
    let mut chain = chain(&[4], KAPPA, "{type: 'langevin', step: 40, adjusted: false}").unwrap();
    let error = (0..200).find_map(|_| chain.step().err()).unwrap();
    assert_eq!(error.status(), 6);
    assert!(error.to_string().contains("a smaller step is needed"), "{error}");
    let (field, counter) = (chain.field().to_vec(), chain.counter());
    assert_eq!(chain.step().unwrap_err(), error);
    assert_eq!((chain.field(), chain.counter()), (&field[..], counter));
}

#[test]
fn a_saved_chain_goes_on_bit_for_bit() {
    let new = || chain(&[4, 4], KAPPA, "{type: 'langevin', step: 0.1, adjusted: false}").unwrap();
    let (mut whole, path) = (new(), crate::file::of_tests("plain-langevin"));
    for _ in 0..5 {
        whole.step().unwrap();
    }
    whole.save(&path).unwrap();
    let mut resumed = new();
    resumed.load(&path).unwrap();
    for _ in 0..5 {
        assert_eq!(whole.step().unwrap(), resumed.step().unwrap());
        assert_eq!(whole.field(), resumed.field());
    }
    std::fs::remove_file(path).unwrap();
}
