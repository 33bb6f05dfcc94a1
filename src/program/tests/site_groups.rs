//! Groups that run site by site: their values against the reference, for all numbers of sites, and the memory that they save.

use super::super::operations::Step;
use super::super::operations::site_by_site::SITES;
use super::super::steps::Plan;
use super::super::{Filter, Node, Output, Program, Recorder, Scan, Shape, Stencil, Values};
use super::agreement::{Data, assert_agreement};

/// A chain of stacks, functions and sums over channels on some sites. Of its values some are outputs, some parts of a stack that are
/// read once more behind it, some views, and one is twice in a stack.
fn record(r: &mut Recorder, x: Node, weights: [Node; 2], bias: Node) -> [Node; 3] {
    let sites = r.shape(x).sites;
    let same = Stencil::identity(sites).unwrap();
    let (first, second) = (r.channels(x, 0, 1), r.channels(x, 1, 1));
    // The same for all samples.
    let factor = r.channels(bias, 1, 1);
    let factor = r.spread_sites(factor, sites);
    let (bent, product) = (r.tanh(first), r.multiply(first, second));
    let product = r.multiply(product, factor);
    let half = r.constant(0.5, Shape::new(1, sites));
    let stack = r.stack(&[bent, product, half, second, bent]);
    let filter = Filter { weights: weights[0], stencil: &same, transposed: false };
    let y = r.convolve(stack, filter, Some(bias), 3);
    let (upper, lower) = (r.channels(y, 0, 2), r.channels(y, 2, 1));
    let again = r.multiply(lower, product);
    let stack = r.stack(&[upper, again]);
    let filter = Filter { weights: weights[1], stencil: &same, transposed: true };
    let z = r.convolve(stack, filter, None, 2);
    [r.sin(z), again, lower]
}

/// Values and gradients of the chain, once by itself and three times in a repeat with parameters for each row.
fn program(sites: usize) -> Program {
    let mut r = Recorder::new();
    let x = r.input(Shape::new(2, sites));
    let [own, rows] = [1, 3].map(|count| [15, 6, 3].map(|numbers| r.parameter(count * numbers)));
    let [z, again, lower] = record(&mut r, x, [own[0], own[1]], own[2]);
    let scan = Scan { count: 3, carried: &[z], rows: &rows, ..Scan::default() };
    let end = r.repeat(&scan, |r, of| {
        let [z, ..] = record(r, of.carried[0], [of.rows[0], of.rows[1]], of.rows[2]);
        Values { carried: vec![z], stacked: vec![] }
    });
    let sums = [end.carried[0], again, lower].map(|value| r.total(value));
    let sum = r.add(sums[0], sums[1]);
    let sum = r.add(sum, sums[2]);
    let gradient = r.gradient(sum, &[&[x][..], &own, &rows].concat());
    let mut outputs = vec![Output::PerSample(end.carried[0]), Output::PerSample(lower), Output::PerSample(gradient[0])];
    outputs.extend(gradient[1..].iter().map(|&g| Output::Summed(g)));
    Program::new(r, outputs)
}

fn groups(plan: &Plan) -> usize {
    plan.steps.iter().filter(|step| matches!(step, Step::SiteBySite(_))).count()
}

#[test]
fn groups_agree_with_the_reference() {
    for sites in [SITES - 1, SITES, SITES + 1, 2 * SITES - 1, 3 * SITES, 50] {
        let program = program(sites);
        let is_grouped = groups(&Plan::new(&program, true)) > 1;
        assert_eq!(is_grouped, sites >= SITES, "{sites} sites");
        let batches = [1, 9, 40];
        let sharp = assert_agreement(&program, &Data::new(&program, 40, 5), &batches);
        assert!(sharp.fraction() > 0.9, "{sites} sites");
    }
}
