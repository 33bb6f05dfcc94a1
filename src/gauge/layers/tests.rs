//! Laws of layers: their Jacobian, inverse, covariance and gradient.

use super::*;
use crate::context::{Precision, Team, of_tests};
use crate::gauge::observables::Loops;
use crate::gauge::paths::Links;
use crate::gauge::weights::{Cuboid, LoopSum, Patch};
use crate::group::{Group, Matrix, exponential, generator, haar, with_colours};
use crate::lattice::{Lattice, Neighbours};
use crate::random::{Purpose, Stream};
use std::sync::Arc;

/// A lattice with a defect, layers around it, a field and coefficients.
struct Case {
    lattice: Lattice,
    group: Group,
    families: Vec<Loops>,
    layers: Layers,
    patch: Arc<Patch>,
    links: Vec<f64>,
    rho: Vec<f64>,
    /// Coefficients depend on the loops around a link.
    has_waves: bool,
}

fn case(extent: &[usize], group: Group, (has_rectangles, distance): (bool, u64), bound: f64) -> Case {
    let (lattice, d) = (Lattice::new(extent).unwrap(), extent.len());
    let defect = Cuboid { size: vec![1; d - 1], across: None, at: None }.build(&lattice).unwrap();
    let mut families = vec![Loops::plaquettes(d)];
    if has_rectangles {
        families.push(Loops::rectangles(d));
        families.extend((d > 2).then(|| Loops::chairs(d)));
    }
    let layers = Layers::new(&lattice, group, families.clone(), (&defect, distance)).unwrap();
    let terms: Vec<_> = families.iter().cloned().zip([0.7, -0.3]).map(|(loops, c)| (c, loops)).collect();
    let patch = Arc::new(Patch::new(&Neighbours::new(&lattice).unwrap(), &terms, (&defect, None)));
    let mut stream = Stream::new(3, Purpose::Start, 7);
    let mut rho = vec![0.0; Layers::coefficients(families.len(), distance)];
    let most = families.iter().map(|loops| loops.staples(0).len()).sum::<usize>() as f64;
    rho.iter_mut().for_each(|rho| *rho = (2.0 * stream.uniform() - 1.0) * bound / most);
    let links = with_colours!(group, hot(lattice.volume() * d, &mut stream));
    Case { lattice, group, families, layers, patch, links, rho, has_waves: false }
}

fn hot<const N: usize>(count: usize, stream: &mut Stream) -> Vec<f64> {
    let mut links = vec![0.0; count * 2 * N * N];
    links.chunks_exact_mut(2 * N * N).for_each(|link| haar::<N>(stream).to_reals(link));
    links
}

fn cases(bound: f64) -> Vec<Case> {
    vec![
        case(&[5, 4], Group::U1, (true, 1), bound),
        case(&[3, 2, 4], Group::Su2, (false, 1), bound),
        case(&[4, 4], Group::Su2, (true, 0), bound),
        case(&[4, 3], Group::Su3, (true, 1), bound),
        case(&[2, 2, 3], Group::Su3, (false, 0), bound),
        case(&[3, 4, 3], Group::Su2, (true, 0), bound),
        Case { has_waves: true, ..case(&[4, 4], Group::U1, (false, 1), bound) },
        Case { has_waves: true, ..case(&[4, 3, 3], Group::Su2, (false, 1), bound) },
        Case { has_waves: true, ..case(&[3, 4, 3], Group::Su3, (true, 0), bound) },
    ]
}

fn farthest(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

/// Coefficients that depend on the loops around a link, with one parameter for each place.
struct Waves<'a>(&'a [f64]);

impl Waves<'_> {
    fn factor([a, b]: [f64; 2]) -> f64 {
        (1.0 + 2.0 * a - 3.0 * b).cos()
    }
}

impl Rule for Waves<'_> {
    fn has_invariants(&self) -> bool {
        true
    }

    fn rho(&self, invariants: [f64; 2], slots: &[u16], rho: &mut [f64]) {
        Table(self.0).rho(invariants, slots, rho);
        rho.iter_mut().for_each(|rho| *rho *= Self::factor(invariants));
    }

    fn back(&self, invariants: [f64; 2], slots: &[u16], by_rho: &[f64], gradient: &mut [f64]) -> [f64; 2] {
        let mut sum = 0.0;
        for (&slot, by_rho) in slots.iter().zip(by_rho) {
            gradient[usize::from(slot)] += by_rho * Self::factor(invariants);
            sum += by_rho * self.0[usize::from(slot)];
        }
        let slope = -sum * (1.0 + 2.0 * invariants[0] - 3.0 * invariants[1]).sin();
        [2.0 * slope, -3.0 * slope]
    }
}

impl Case {
    fn rule(&self) -> Box<dyn Rule + '_> {
        self.rule_of(&self.rho)
    }

    fn rule_of<'a>(&self, rho: &'a [f64]) -> Box<dyn Rule + 'a> {
        if self.has_waves { Box::new(Waves(rho)) } else { Box::new(Table(rho)) }
    }

    fn pass(&self, links: &[f64], passage: Passage) -> (Vec<f64>, f64) {
        let mut moved = links.to_vec();
        let logarithm = self.layers.pass(&Team::default(), &mut moved, &*self.rule(), passage).unwrap();
        (moved, logarithm)
    }

    /// The layer link by link, by matrices.
    fn alone<const N: usize>(&self) -> Vec<f64> {
        let (neighbours, d) = (Neighbours::new(&self.lattice).unwrap(), self.lattice.dimensions());
        let mut numbers = self.links.clone();
        for class in &self.layers.classes {
            let before = numbers.clone();
            let links = Links { numbers: &before, neighbours: &neighbours };
            for (site, slots) in class.sites.iter().zip(class.slots.chunks_exact(class.staples)) {
                let link = links.link::<N>(*site, class.mu);
                let paths = self.families.iter().flat_map(|loops| loops.staples(class.mu));
                let q = paths.zip(slots).fold(Matrix::<N>::ZERO, |sum, (path, &slot)| {
                    let w = link * links.product::<N>(neighbours.next(*site, class.mu), path);
                    sum + w.antihermitian().scale(self.rho[usize::from(slot)].into())
                });
                let moved = exponential(&q.scale((-1.0).into())) * link;
                moved.to_reals(&mut numbers[(site * d + class.mu) * 2 * N * N..][..2 * N * N]);
            }
        }
        numbers
    }

    /// exp(s i T_a) U in place of one link.
    fn turned<const N: usize>(&self, (site, mu): (usize, usize), a: usize, s: f64) -> Vec<f64> {
        let place = (site * self.lattice.dimensions() + mu) * 2 * N * N;
        let mut links = self.links.clone();
        let link = Matrix::<N>::from_reals(&links[place..]);
        (exponential(&generator::<N>(a).scale(s.into())) * link).to_reals(&mut links[place..place + 2 * N * N]);
        links
    }

    /// log |det| of the derivatives of all links that move, by finite differences.
    fn dense<const N: usize>(&self) -> f64 {
        const STEP: f64 = 4e-3;
        let (d, reals, n) = (self.lattice.dimensions(), 2 * N * N, self.group.generators());
        let moved: Vec<_> = self.layers.links().collect();
        let (end, _) = self.pass(&self.links, Passage::Forward);
        let mut matrix = vec![];
        for &link in &moved {
            for a in 0..n {
                let odd = |k: f64| {
                    let at = |s: f64| self.pass(&self.turned::<N>(link, a, s * STEP), Passage::Forward).0;
                    at(k).iter().zip(at(-k)).map(|(x, y)| x - y).collect::<Vec<f64>>()
                };
                let (one, two, three) = (odd(1.0), odd(2.0), odd(3.0));
                let sum = (0..one.len()).map(|i| (45.0 * one[i] - 9.0 * two[i] + three[i]) / (60.0 * STEP));
                let slope: Vec<f64> = sum.collect();
                matrix.push(
                    moved
                        .iter()
                        .flat_map(|&(site, mu)| {
                            let place = (site * d + mu) * reals;
                            let x = Matrix::<N>::from_reals(&slope[place..])
                                * Matrix::<N>::from_reals(&end[place..]).adjoint();
                            let norm = -1.0 / self.group.trace_norm();
                            (0..n).map(move |b| (generator::<N>(b) * x).trace().re * norm)
                        })
                        .collect::<Vec<f64>>(),
                );
            }
        }
        log_determinant(matrix)
    }
}

fn log_determinant(mut matrix: Vec<Vec<f64>>) -> f64 {
    let mut sum = 0.0;
    for i in 0..matrix.len() {
        let best = (i..matrix.len()).max_by(|&a, &b| matrix[a][i].abs().total_cmp(&matrix[b][i].abs())).unwrap();
        matrix.swap(i, best);
        let (upper, lower) = matrix.split_at_mut(i + 1);
        let row = &upper[i];
        sum += row[i].abs().ln();
        for other in lower {
            let factor = other[i] / row[i];
            if factor != 0.0 {
                other[i..].iter_mut().zip(&row[i..]).for_each(|(x, y)| *x -= factor * y);
            }
        }
    }
    sum
}

#[test]
fn the_jacobian_is_that_of_the_whole_layer_by_finite_differences() {
    for case in cases(0.8) {
        let (moved, logarithm) = case.pass(&case.links, Passage::Forward);
        let exact = with_colours!(case.group, dense_of(&case));
        assert!((logarithm - exact).abs() < 1e-8, "{:?}: {logarithm} {exact}", case.group);
        let distance = farthest(&moved, &case.links);
        assert!(logarithm.abs() > 1e-3 && distance > 2e-3, "{:?}: {logarithm} {distance}", case.group);
    }
}

fn dense_of<const N: usize>(case: &Case) -> f64 {
    case.dense::<N>()
}

fn alone_of<const N: usize>(case: &Case) -> Vec<f64> {
    case.alone::<N>()
}

#[test]
fn links_in_lanes_are_those_one_by_one() {
    for case in cases(0.9).into_iter().filter(|case| !case.has_waves) {
        let (moved, _) = case.pass(&case.links, Passage::Forward);
        let alone = with_colours!(case.group, alone_of(&case));
        assert!(farthest(&moved, &alone) < 1e-13, "{:?}", case.group);
    }
}

#[test]
fn the_inverse_goes_back_with_the_inverse_jacobian() {
    for bound in [0.1, 0.5, 0.9] {
        for case in cases(bound) {
            let (moved, forward) = case.pass(&case.links, Passage::Forward);
            let (back, inverse) = case.pass(&moved, Passage::Inverse);
            assert!(farthest(&back, &case.links) < 1e-13, "{:?}", case.group);
            assert!((forward + inverse).abs() < 1e-11, "{forward} {inverse}");
            // And from any field, which is the image of one.
            let (from, forward) = case.pass(&case.links, Passage::Inverse);
            let (again, inverse) = case.pass(&from, Passage::Forward);
            assert!(farthest(&again, &case.links) < 1e-13 && (forward + inverse).abs() < 1e-11);
        }
    }
}

#[test]
fn layers_are_gauge_covariant() {
    for case in cases(0.9) {
        with_colours!(case.group, expect_covariance(&case));
    }
}

fn expect_covariance<const N: usize>(case: &Case) {
    let (neighbours, d) = (Neighbours::new(&case.lattice).unwrap(), case.lattice.dimensions());
    let mut stream = Stream::new(4, Purpose::Start, 9);
    let turns: Vec<Matrix<N>> = (0..case.lattice.volume()).map(|_| haar(&mut stream)).collect();
    let transformed = |links: &[f64]| {
        let mut links = links.to_vec();
        for (number, link) in links.chunks_exact_mut(2 * N * N).enumerate() {
            let (site, mu) = (number / d, number % d);
            let u = Matrix::<N>::from_reals(link);
            (turns[site] * u * turns[neighbours.next(site, mu)].adjoint()).to_reals(link);
        }
        links
    };
    let ((one, here), (other, there)) =
        (case.pass(&case.links, Passage::Forward), case.pass(&transformed(&case.links), Passage::Forward));
    assert!(farthest(&transformed(&one), &other) < 1e-12 && (here - there).abs() < 1e-11);
}

#[test]
fn numbers_do_not_depend_on_threads() {
    let case = case(&[8, 8, 4], Group::Su3, (false, 2), 0.5);
    let (alone, logarithm) = case.pass(&case.links, Passage::Forward);
    for threads in [2, 3] {
        let context = of_tests(1, Precision::F64, threads);
        let mut moved = case.links.clone();
        let team = Team::of(&context);
        assert_eq!(case.layers.pass(&team, &mut moved, &*case.rule(), Passage::Forward).unwrap(), logarithm);
        assert_eq!(moved, alone);
    }
}

#[test]
fn the_gradient_is_that_of_finite_differences() {
    for case in cases(0.7) {
        let mut stream = Stream::new(6, Purpose::Start, 1);
        let terms: Vec<_> = case.families.iter().cloned().zip([0.7, -0.3]).map(|(loops, c)| (c, loops)).collect();
        let sum = LoopSum { group: case.group, beta: 2.5, terms: Arc::new(terms), patch: None, boundary: None };
        let region = Region::new(&case.lattice, &case.layers, &sum, &case.patch).unwrap();
        let loss = |rho: &[f64]| {
            let mut links = case.links.clone();
            let logarithm =
                case.layers.pass(&Team::default(), &mut links, &*case.rule_of(rho), Passage::Forward).unwrap();
            region.value(&Team::default(), &links, 0.4) - logarithm
        };
        let (mut links, mut trail) = (case.links.clone(), Trail::default());
        case.layers.trace(&mut links, &*case.rule(), &mut trail).unwrap();
        let mut slopes = vec![0.0; links.len()];
        region.slopes(&links, 0.4, &mut slopes);
        let mut gradient = vec![0.0; case.rho.len()];
        case.layers.gradient([&mut links, &mut slopes], &*case.rule(), &mut trail, &mut gradient).unwrap();
        assert_eq!(links, case.links);
        for _ in 0..4 {
            let mut along = vec![0.0; case.rho.len()];
            stream.normals(&mut along);
            const STEP: f64 = 1e-4;
            let at = |s: f64| loss(&case.rho.iter().zip(&along).map(|(rho, x)| rho + s * STEP * x).collect::<Vec<_>>());
            let slope = (8.0 * (at(1.0) - at(-1.0)) - (at(2.0) - at(-2.0))) / (12.0 * STEP);
            let exact: f64 = gradient.iter().zip(&along).map(|(g, x)| g * x).sum();
            assert!((slope - exact).abs() < 1e-7 * (1.0 + exact.abs()), "{:?}: {slope} {exact}", case.group);
        }
    }
}

#[test]
fn the_change_of_an_action_is_that_of_all_its_loops() {
    for case in cases(0.7) {
        let terms: Vec<_> = case.families.iter().cloned().zip([0.7, -0.3]).map(|(loops, c)| (c, loops)).collect();
        let sum = LoopSum {
            group: case.group,
            beta: 2.5,
            terms: Arc::new(terms),
            patch: Some((Arc::clone(&case.patch), 0.4)),
            boundary: None,
        };
        let region = Region::new(&case.lattice, &case.layers, &sum, &case.patch).unwrap();
        let whole = |links: &[f64]| with_colours!(case.group, value_of(&case, &sum, links));
        let (moved, _) = case.pass(&case.links, Passage::Forward);
        let change = region.value(&Team::default(), &moved, 0.4) - region.value(&Team::default(), &case.links, 0.4);
        assert!((change - whole(&moved) + whole(&case.links)).abs() < 1e-10);
    }
}

fn value_of<const N: usize>(case: &Case, sum: &LoopSum, numbers: &[f64]) -> f64 {
    let neighbours = Neighbours::new(&case.lattice).unwrap();
    let links = Links { numbers, neighbours: &neighbours };
    let of = |(c, loops): &(f64, Loops)| {
        c * (0..case.lattice.volume()).map(|site| loops.defect::<N>(&links, site)).sum::<f64>()
    };
    sum.beta * sum.terms.iter().map(of).sum::<f64>() + sum.excess(&links)
}

#[test]
fn coefficients_beyond_the_bound_and_short_extents_are_refused() {
    let mut case = case(&[4, 4], Group::Su2, (false, 1), 0.9);
    case.rho.fill(0.52);
    let mut links = case.links.clone();
    let error = case.layers.pass(&Team::default(), &mut links, &*case.rule(), Passage::Forward).unwrap_err();
    assert_eq!(
        error.to_string(),
        "coefficients of a layer: expected sums of |rho| over the loops through a link below 1, got 1.04"
    );
    assert_eq!(links, case.links);
    let lattice = Lattice::new(&[4, 2]).unwrap();
    let defect = Cuboid { size: vec![1], across: None, at: None }.build(&lattice).unwrap();
    let refused = Layers::new(&lattice, Group::U1, vec![Loops::rectangles(2)], (&defect, 0)).err().unwrap();
    assert_eq!(refused.to_string(), "type 'stout': expected extents at which no loop holds a link twice, got 4 x 2");
}
