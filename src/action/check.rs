//! The laws that every action keeps; a new action joins by one line in its own tests.

use super::Action;
use crate::gauge::{Gauge, Matrix, exponential, generator, haar, with_colours};
use crate::random::{Purpose, Stream};
use crate::space::Space;

/// Standard normal numbers of a fixed stream.
pub fn random_field(volume: usize, counter: u64) -> Vec<f64> {
    let mut field = vec![0.0; volume];
    Stream::new(1, Purpose::Start, counter).normals(&mut field);
    field
}

/// gradient = central finite difference of the value, and both calls give the same S.
pub fn expect_gradient(action: &dyn Action, counter: u64) {
    let volume = action.lattice().volume();
    let mut field = random_field(volume, counter);
    let mut gradient = vec![0.0; volume];
    let value = action.gradient(&field, &mut gradient).unwrap();
    let direct = action.value(&field).unwrap();
    assert!((value - direct).abs() <= 1e-12 * (volume as f64 + value.abs()), "{value} against {direct}");
    // Fourth order in the step, which makes the difference exact for a quartic action up to rounding.
    const STEP: f64 = 1e-2;
    for site in 0..volume {
        let phi = field[site];
        let mut at = |shift: f64| {
            field[site] = phi + shift * STEP;
            action.value(&field).unwrap()
        };
        let difference = (8.0 * (at(1.0) - at(-1.0)) - (at(2.0) - at(-2.0))) / (12.0 * STEP);
        field[site] = phi;
        let error = (difference - gradient[site]).abs();
        assert!(error < 1e-10 * (value.abs() + volume as f64), "site {site}: {difference} {}", gradient[site]);
    }
}

/// S and its gradient do not change, but for the shift itself, where the field is shifted by `displacement`.
pub fn expect_translation_invariance(action: &dyn Action, displacement: &[i64]) {
    let lattice = action.lattice();
    let volume = lattice.volume();
    let field = random_field(volume, 2);
    let mut shifted = vec![0.0; volume];
    (0..volume).for_each(|site| shifted[lattice.shifted(site, displacement)] = field[site]);
    let (mut here, mut there) = (vec![0.0; volume], vec![0.0; volume]);
    let value = action.gradient(&field, &mut here).unwrap();
    let value_there = action.gradient(&shifted, &mut there).unwrap();
    assert!((value - value_there).abs() < 1e-12 * (value.abs() + volume as f64));
    for site in 0..volume {
        let moved = there[lattice.shifted(site, displacement)];
        assert!((here[site] - moved).abs() < 1e-12 * (1.0 + moved.abs()), "site {site}: {} {moved}", here[site]);
    }
}

/// A field of Haar-random links and its group; absent links of an open boundary are zero.
pub fn random_links(action: &dyn Action, counter: u64) -> Gauge {
    let Space::Links(group) = action.space() else { panic!("expected an action of links") };
    let mut gauge = Gauge::random(action.lattice(), group, &mut Stream::new(1, Purpose::Start, counter)).unwrap();
    if action.is_open() {
        gauge.open();
    }
    gauge
}

/// The gradient = central finite difference along U -> exp(s i T_a) U, and both calls give the same S.
pub fn expect_link_gradient(action: &dyn Action, counter: u64) {
    let gauge = random_links(action, counter);
    let mut gradient = vec![0.0; action.count()];
    let value = action.gradient(gauge.links(), &mut gradient).unwrap();
    let direct = action.value(gauge.links()).unwrap();
    assert!((value - direct).abs() <= 1e-12 * (action.lattice().volume() as f64 + value.abs()), "{value} {direct}");
    let link = (0, action.lattice().dimensions() * action.lattice().volume() - 1);
    // The last link but one: the last one is absent where the boundary is open.
    for link in [link.0, (link.0 + link.1) / 2, link.1 - 1, link.1] {
        with_colours!(gauge.group(), expect_derivative(action, &gauge, &gradient, link));
    }
}

fn expect_derivative<const N: usize>(action: &dyn Action, gauge: &Gauge, gradient: &[f64], link: usize) {
    const STEP: f64 = 2e-3;
    let (dimensions, group) = (action.lattice().dimensions(), gauge.group());
    let (site, mu) = (link / dimensions, link % dimensions);
    let g = Matrix::<N>::from_reals(&gradient[link * group.reals()..][..group.reals()]);
    assert!((g + g.adjoint()).largest() < 1e-13 && (N == 1 || g.trace().norm() < 1e-13));
    for a in 0..group.generators() {
        let at = |shift: f64| {
            let mut moved = gauge.clone();
            let step = exponential(&generator::<N>(a).scale((shift * STEP).into()));
            moved.set_link(site, mu, &(step * gauge.link::<N>(site, mu)));
            action.value(moved.links()).unwrap()
        };
        // Sixth order in the step.
        let odd = |k: f64| at(k) - at(-k);
        let difference = (45.0 * odd(1.0) - 9.0 * odd(2.0) + odd(3.0)) / (60.0 * STEP);
        let component = (generator::<N>(a).adjoint() * g).trace().re / group.trace_norm();
        assert!((difference - component).abs() < 1e-8, "{group:?}, link {link}, {a}: {difference} {component}");
    }
}

/// S is invariant, and G is rotated by g(x) at the start of its link, under U_mu(x) -> g(x) U_mu(x) g(x+mu)^dag.
pub fn expect_gauge_invariance(action: &dyn Action) {
    let gauge = random_links(action, 3);
    with_colours!(gauge.group(), expect_invariance(action, &gauge));
}

fn expect_invariance<const N: usize>(action: &dyn Action, gauge: &Gauge) {
    let (lattice, group) = (action.lattice(), gauge.group());
    let mut stream = Stream::new(2, Purpose::Start, 4);
    let frames: Vec<Matrix<N>> = (0..lattice.volume()).map(|_| haar(&mut stream)).collect();
    let mut turned = gauge.clone();
    let (mut here, mut there) = (vec![0.0; action.count()], vec![0.0; action.count()]);
    let links = (0..lattice.volume()).flat_map(|site| (0..lattice.dimensions()).map(move |mu| (site, mu)));
    for (site, mu) in links.clone() {
        let unit: Vec<i64> = (0..lattice.dimensions()).map(|nu| i64::from(nu == mu)).collect();
        let end = frames[lattice.shifted(site, &unit)];
        turned.set_link(site, mu, &(frames[site] * gauge.link::<N>(site, mu) * end.adjoint()));
    }
    let value = action.gradient(gauge.links(), &mut here).unwrap();
    let other = action.gradient(turned.links(), &mut there).unwrap();
    assert!((value - other).abs() < 1e-12 * (1.0 + value.abs()), "{group:?}: {value} {other}");
    for (link, (site, _)) in links.enumerate() {
        let at = |gradient: &[f64]| Matrix::<N>::from_reals(&gradient[link * group.reals()..][..group.reals()]);
        let error = frames[site] * at(&here) * frames[site].adjoint() - at(&there);
        assert!(error.largest() < 1e-12, "{group:?}, link {link}: {}", error.largest());
    }
}
