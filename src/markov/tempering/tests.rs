//! Replica exchange: threads, fields that are set, faults of specs.

use super::*;
use crate::action::ActionSpec;
use crate::context::{Context, Precision};
use crate::lattice::Lattice;
use crate::markov::{Chain, ChainSpec};
use crate::spec::parse;

fn action(threads: usize, extent: &[usize], text: &str) -> Arc<dyn Action> {
    let context = Arc::new(Context::new(1, Precision::F64, threads).unwrap());
    let spec: ActionSpec = parse("action", text).unwrap();
    spec.build(&context, &Lattice::new(extent).unwrap()).unwrap().into()
}

fn chain(action: Arc<dyn Action>, text: &str) -> Result<Chain> {
    let spec: ChainSpec = parse("chain", text)?;
    Chain::new(action, None, &spec, 5)
}

const SPEC: &str = "{type: 'tempering', defect: {size: [2, 2]}, replicas: 3, tune: 40, switches: 2, \
                    near: [{within: 1, sweeps: 2}], start: 'hot'}";

#[test]
fn threads_do_not_change_the_links_or_the_ladder() {
    for group in ["su2", "su3"] {
        let ends = [1, 3].map(|threads| {
            let theory = format!("{{type: 'wilson', group: '{group}', beta: 3}}");
            let mut chain = chain(action(threads, &[4, 3, 4], &theory), SPEC).unwrap();
            for _ in 0..45 {
                chain.step().unwrap();
            }
            (chain.field().to_vec(), chain.describe().unwrap().to_string())
        });
        assert_eq!(ends[0], ends[1]);
    }
}

#[test]
fn a_field_that_is_set_starts_all_replicas_anew() {
    let theory = action(1, &[4, 4, 3], "{type: 'wilson', group: 'u1', beta: 2}");
    let [mut one, mut other] = [(); 2].map(|()| chain(Arc::clone(&theory), SPEC).unwrap());
    let start = one.field().to_vec();
    one.step().unwrap();
    one.set_field(&start).unwrap();
    other.step().unwrap();
    other.set_field(&start).unwrap();
    assert_eq!((one.step().unwrap(), one.field()), (other.step().unwrap(), other.field()));
    let told = one.describe().unwrap();
    assert_eq!(told["kernel"]["strengths"], serde_json::json!([1.0, 0.5, 0.0]));
    assert_eq!(told["kernel"]["links_of_sweeps"][0], 144);
}

#[test]
fn faults_of_a_spec_are_named() {
    let message = |theory: &str, keys: &str| {
        let text = format!("{{type: 'tempering', defect: {{size: [2]}}, {keys}}}");
        chain(action(1, &[4, 4], theory), &text).err().unwrap().to_string()
    };
    let wilson = "{type: 'wilson', group: 'u1', beta: 2}";
    assert_eq!(message(wilson, "tune: 3"), "replicas: expected these or strengths, got neither");
    let both = "replicas: expected these or strengths, got both";
    assert_eq!(message(wilson, "replicas: 3, strengths: [1, 0]"), both);
    assert_eq!(message(wilson, "replicas: 1"), "replicas: expected 2 to 1024, got 1");
    assert_eq!(
        message(wilson, "strengths: [1, 0.5]"),
        "strengths: expected two or more, from 1 to 0, got 2 from 1 to 0.5"
    );
    assert_eq!(message(wilson, "strengths: [1, 0.5, 0.5, 0]"), "strengths: expected falling ones, got 0.5 after 0.5");
    assert_eq!(message(wilson, "replicas: 3, switches: 0"), "switches: expected 1 to 1000000, got 0");
    assert_eq!(
        message(wilson, "replicas: 3, near: [{within: 1, sweeps: 0}]"),
        "near: sweeps: expected 1 to 1000000, got 0"
    );
    assert_eq!(
        message(wilson, "replicas: 3, switches: 2, sweep: {type: 'hmc'}"),
        "type 'tempering': expected a sweep of type 'heatbath' with switches, layers or sweeps near the defect, got another"
    );
    assert_eq!(
        message(wilson, "replicas: 3, sweep: {type: 'langevin', step: 1}"),
        "type 'tempering': sweep: expected type 'heatbath' or 'hmc', got another"
    );
    assert_eq!(
        message(wilson, "replicas: 3, sweep: {type: 'hmc', steps: 0}"),
        "sweep: steps: expected 1 to 1000000, got 0"
    );
    let scalars = "{type: 'phi4', mass_squared: 1, lambda: 1}";
    let others = "type 'tempering': expected a gauge action or a sum with exactly one, got another";
    assert_eq!(message(scalars, "replicas: 3"), others);
    let open = "{type: 'wilson', group: 'u1', beta: 2, defect: {size: [2], strength: 0}}";
    let own = "action: expected one without a defect of its own, got one with it";
    assert_eq!(message(open, "replicas: 3"), own);
}
