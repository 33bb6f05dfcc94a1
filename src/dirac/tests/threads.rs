//! Solutions do not depend on the number of threads: the same bits, iterations and residual from each solver.

use super::{numbers, random_gauge, spec};
use crate::context::{Context, Precision};
use crate::dirac::*;
use crate::gauge::Group;
use std::sync::Arc;

const SOLVERS: [&str; 8] = ["auto", "cg", "cg_even_odd", "mixed", "block", "faer_cg", "faer_bicgstab", "faer_lsmr"];

/// Lattices with more sites than one piece of a thread's work, and more numbers than one block of a sum has.
const OPERATORS: [(&[usize], Group, Option<&str>); 3] = [
    (&[8, 4, 4, 8], Group::Su3, Some("{type: 'wilson', mass: 1.2, clover: 1.1, twist: 0.3}")),
    (&[8, 8, 8, 8], Group::Su3, Some("{type: 'staggered', mass: 1.1, boundary: [1, 1, 1, -1]}")),
    // Improved staggered fermions of mass 1.5.
    (&[8, 8, 8, 8], Group::Su3, None),
];

#[test]
fn solutions_do_not_depend_on_the_number_of_threads() {
    for (i, (extent, group, text)) in OPERATORS.into_iter().enumerate() {
        let [gauge, long] = [400, 500].map(|counter| random_gauge(extent, group, counter + i as u64));
        let solve = |solver: &str, threads: usize| {
            let context = Arc::new(Context::new(1, Precision::F64, threads).unwrap());
            let dirac = match text {
                Some(text) => Dirac::new(&context, &gauge, &spec(text)),
                None => Dirac::improved(&context, &gauge, &long, 1.5),
            }
            .unwrap();
            let text = format!("{{solver: '{solver}', tolerance: 1e-7}}");
            let solve: SolveSpec = crate::spec::parse("solve", &text).unwrap();
            let source = numbers(2 * dirac.count(), 7);
            let mut solution = vec![0.0; source.len()];
            let report = dirac.solve(&solve, 2, &source, &mut solution).unwrap();
            (report.iterations, report.residual, solution)
        };
        for solver in SOLVERS {
            let alone = solve(solver, 1);
            for threads in [2, 3] {
                assert!(solve(solver, threads) == alone, "{solver}, {extent:?}: {threads} threads");
            }
        }
    }
}
