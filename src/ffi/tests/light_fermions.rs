//! Light fermions on thermalised links, as users meet them.

use crate::action::{Action, ActionSpec};
use crate::context::{Context, Precision};
use crate::dirac::{Dirac, SolveSpec};
use crate::gauge::{Gauge, Group};
use crate::lattice::Lattice;
use crate::markov::{Chain, ChainSpec};
use crate::random::{Purpose, Stream};
use crate::spec::parse;
use std::sync::Arc;

/// Staggered fermions of mass 1e-3 on 4^3 x 8 at beta = 5.9: plain conjugate gradients reach 1e-13, and so do all
/// solvers that iterate in f32 at first.
#[test]
fn light_staggered_fermions_are_solved_as_far_as_by_plain_conjugate_gradients() {
    let context = Arc::new(Context::new(1, Precision::F64, 2).unwrap());
    let lattice = Lattice::new(&[4, 4, 4, 8]).unwrap();
    let action = parse::<ActionSpec>("action", "{type: 'wilson', group: 'su3', beta: 5.9}").unwrap();
    let action: Arc<dyn Action> = action.build(&context, &lattice).unwrap().into();
    let chain = parse::<ChainSpec>("chain", "{type: 'heatbath', overrelaxation: 2}").unwrap();
    let mut chain = Chain::new(action, None, &chain, 1).unwrap();
    for _ in 0..30 {
        chain.step().unwrap();
    }
    let gauge = Gauge::new(&lattice, Group::Su3, chain.field().to_vec()).unwrap();
    let spec = parse("dirac", "{type: 'staggered', mass: 1e-3, boundary: [1, 1, 1, -1]}").unwrap();
    let dirac = Dirac::new(&context, &gauge, &spec).unwrap();
    let mut source = vec![0.0; dirac.count()];
    Stream::new(2, Purpose::Start, 1).normals(&mut source);
    for solver in ["cg", "cg_even_odd", "auto", "mixed", "block", "deflated"] {
        let spec = parse::<SolveSpec>("solve", &format!("{{solver: '{solver}', tolerance: 1e-13}}")).unwrap();
        let mut x = vec![0.0; source.len()];
        let report = dirac.solve(&spec, 1, &source, &mut x).unwrap_or_else(|error| panic!("{solver}: {error}"));
        println!("{solver} {report:?}");
        assert!(report.iterations < 5000, "{solver}: {report:?}");
    }
}
