//! Laws of pseudofermions: heat bath, forces, and determinants against dense ones.

mod open;

use crate::action::check::{expect_link_gradient, random_links};
use crate::action::{Action, ActionSpec, Draw, Past};
use crate::context::{Team, serial};
use crate::dirac::{Accuracy, Dirac, DiracSpec, Fermions, Form, Map, Which};
use crate::gauge::{Complex64, Gauge, Group};
use crate::lattice::Lattice;
use crate::random::{Purpose, Stream};
use crate::spec;
use std::sync::Arc;

const TIGHT: &str = "tolerance: 1e-13, force_tolerance: 1e-13";

fn build(extent: &[usize], text: &str) -> Arc<dyn Action> {
    let spec: ActionSpec = spec::parse("action", text).unwrap();
    spec.build(&serial(), &Lattice::new(extent).unwrap()).unwrap().into()
}

fn drawn(action: &Arc<dyn Action>, links: &[f64], counter: u64) -> Arc<dyn Action> {
    action.refreshed(Draw { seed: 3, counter, term: 0 }, links).unwrap().unwrap()
}

fn two_flavour(group: &str, dirac: &str, more: &str) -> String {
    format!("{{type: 'two_flavour', group: '{group}', dirac: {dirac}, {TIGHT}, {more}}}")
}

fn rational(group: &str, flavours: f64, range: [f64; 2], dirac: &str) -> String {
    let range = format!("[{}, {}]", range[0], range[1]);
    format!(
        "{{type: 'rational', group: '{group}', flavours: {flavours}, range: {range}, error: 1e-11, force_error: 1e-11, \
         dirac: {dirac}, {TIGHT}}}"
    )
}

/// An action of pseudofermions.
struct Case {
    extent: Vec<usize>,
    text: String,
    /// Number of complex components of its pseudofermions.
    dimension: usize,
    /// Clover operators of which it leaves out the even sites, with the power of |det|.
    clover: Vec<(f64, &'static str)>,
}

fn cases() -> Vec<Case> {
    let wilson = "{type: 'wilson', mass: 0.6, boundary: [1, -1]}";
    let turned = "{type: 'wilson', mass: 0.7, twist: 0.4, clover: 1.3, boundary: [{angle: 0.7}, -1]}";
    let heavier = "{type: 'wilson', mass: 1.5, clover: 1.3, boundary: [{angle: 0.7}, -1]}";
    let four = "{type: 'wilson', mass: 1, clover: {space: 1.1, time: 0.8}, anisotropy: {xi0: 1.5, nu: 0.9}, \
                boundary: [1, 1, 1, -1]}";
    let staggered = "{type: 'staggered', mass: 0.5, boundary: [1, 1, 1, -1]}";
    let case = |extent: &[usize], text, dimension, clover: &[_]| Case {
        extent: extent.to_vec(),
        text,
        dimension,
        clover: clover.to_vec(),
    };
    vec![
        case(&[4, 6], two_flavour("u1", wilson, ""), 24, &[]),
        case(&[4, 4], two_flavour("su2", wilson, "even_odd: false"), 64, &[]),
        case(&[4, 4], two_flavour("su2", turned, ""), 32, &[(2.0, turned)]),
        case(&[4, 4], two_flavour("u1", turned, &format!("over: {heavier}")), 16, &[(2.0, turned), (-2.0, heavier)]),
        case(&[2, 2, 2, 4], two_flavour("su3", four, ""), 192, &[(2.0, four)]),
        case(&[3, 4], two_flavour("su3", wilson, ""), 72, &[]),
        case(&[4, 4], rational("u1", 1.0, [1e-3, 40.0], wilson), 16, &[]),
        case(&[4, 4], rational("su2", 0.5, [1e-3, 60.0], turned), 32, &[(0.5, turned)]),
        case(&[2, 2, 2, 4], rational("su3", 2.0, [0.2, 20.0], staggered), 48, &[]),
    ]
}

#[test]
fn the_force_is_the_derivative_along_the_group() {
    for case in cases() {
        let action = build(&case.extent, &case.text);
        let links = random_links(&*action, 1);
        expect_link_gradient(&*drawn(&action, links.links(), 0), 2);
    }
}

#[test]
fn the_mean_of_the_action_is_the_number_of_components() {
    for Case { extent, text, dimension, clover } in cases() {
        let action = build(&extent, &text);
        let links = random_links(&*action, 1);
        let mut gradient = vec![0.0; action.count()];
        let solve = |n| drawn(&action, links.links(), n).gradient(links.links(), &mut gradient).unwrap();
        let values: Vec<f64> = (0..60).map(solve).collect();
        let at_the_draw: Vec<f64> =
            (0..60).map(|n| drawn(&action, links.links(), n).value(links.links()).unwrap()).collect();
        for (value, at_the_draw) in values.iter().zip(&at_the_draw) {
            assert!(
                (value - at_the_draw).abs() < 1e-9 * at_the_draw.abs(),
                "{text}: solved {value}, drawn {at_the_draw}"
            );
        }
        let mean = values.iter().sum::<f64>() / 60.0
            + clover.iter().map(|(power, dirac)| power * even_determinant(&links, dirac)).sum::<f64>();
        let error = (dimension as f64 / 60.0).sqrt();
        assert!((mean - dimension as f64).abs() < 5.0 * error, "{text}: {mean} +- {error}, {dimension} components");
    }
}

/// D as a matrix.
fn dense(gauge: &Gauge, dirac: &str) -> faer::Mat<Complex64> {
    let spec: DiracSpec = spec::parse("dirac", dirac).unwrap();
    let dirac = Dirac::new(&serial(), gauge, &spec).unwrap();
    let n = dirac.count() / 2;
    let mut matrix = faer::Mat::<Complex64>::zeros(n, n);
    let (mut unit, mut column) = (vec![0.0; 2 * n], vec![0.0; 2 * n]);
    for j in 0..n {
        unit.fill(0.0);
        unit[2 * j] = 1.0;
        dirac.apply(Which::Plain, 1, &unit, &mut column).unwrap();
        (0..n).for_each(|i| matrix[(i, j)] = Complex64::new(column[2 * i], column[2 * i + 1]));
    }
    matrix
}

/// log |det D|.
fn log_determinant(gauge: &Gauge, dirac: &str) -> f64 {
    dense(gauge, dirac).determinant().norm().ln()
}

/// log |det| of the part of D that is diagonal in the even sites.
fn even_determinant(gauge: &Gauge, dirac: &str) -> f64 {
    let matrix = dense(gauge, dirac);
    let lattice = gauge.lattice();
    let n = matrix.nrows() / lattice.volume();
    let even = (0..lattice.volume()).filter(|&site| lattice.coordinates(site).iter().sum::<usize>() % 2 == 0);
    even.map(|site| matrix.submatrix(site * n, site * n, n, n).to_owned().determinant().norm().ln()).sum()
}

/// Powers of |det D|.
type Powers = Vec<(f64, &'static str)>;

/// Actions of pseudofermions on 4 x 4 with the powers that they stand for, and those of neighbouring theories.
fn determinants() -> Vec<(String, Powers, Vec<Powers>)> {
    let wilson = "{type: 'wilson', mass: 0.2, clover: 1.2, boundary: [1, -1]}";
    let heavier = "{type: 'wilson', mass: 1.1, clover: 1.2, boundary: [1, -1]}";
    let periodic = "{type: 'wilson', mass: 0.2, clover: 1.2}";
    let unimproved = "{type: 'wilson', mass: 0.2, boundary: [1, -1]}";
    let staggered = "{type: 'staggered', mass: 0.3, boundary: [1, -1]}";
    let lighter = "{type: 'staggered', mass: 0.1, boundary: [1, -1]}";
    let over = two_flavour("u1", wilson, &format!("over: {heavier}"));
    // Neighbouring theories: one flavour less, one more, another boundary, another operator, and no determinant.
    let of_two =
        || vec![vec![(1.0, wilson)], vec![(3.0, wilson)], vec![(2.0, periodic)], vec![(2.0, unimproved)], vec![]];
    vec![
        (two_flavour("u1", wilson, ""), vec![(2.0, wilson)], of_two()),
        (two_flavour("u1", wilson, "even_odd: false"), vec![(2.0, wilson)], of_two()),
        (
            over,
            vec![(2.0, wilson), (-2.0, heavier)],
            vec![vec![(2.0, wilson)], vec![(1.0, wilson), (-1.0, heavier)], vec![]],
        ),
        (
            rational("u1", 1.0, [1e-4, 60.0], wilson),
            vec![(1.0, wilson)],
            vec![vec![(0.5, wilson)], vec![(2.0, wilson)], vec![]],
        ),
        (
            rational("u1", 1.0, [0.05, 10.0], staggered),
            vec![(0.5, staggered)],
            vec![vec![(0.25, staggered)], vec![(1.0, staggered)], vec![(0.5, lighter)], vec![]],
        ),
    ]
}

/// The mean over pseudofermions drawn at U of exp(S(U) - S(U')) is the ratio of determinants at U' and U, and not that
/// of a neighbouring theory.
#[test]
fn pseudofermions_are_the_determinant() {
    const DRAWS: u64 = 4000;
    for (text, powers, neighbours) in determinants() {
        let action = build(&[4, 4], &text);
        let here = random_links(&*action, 1);
        let mut there = here.clone();
        // Along the mean force, where the determinant changes most, and not far, so that the weights have a small
        // variance.
        let (mut moved, mut one) = (there.links().to_vec(), vec![0.0; action.count()]);
        let mut force = vec![0.0; action.count()];
        for n in 0..100 {
            drawn(&action, here.links(), 1000 + n).gradient(here.links(), &mut one).unwrap();
            force.iter_mut().zip(&one).for_each(|(sum, one)| *sum -= one / 100.0);
        }
        let length = force.iter().map(|f| f * f).sum::<f64>().sqrt();
        action.space().drift(&Team::default(), &mut moved, &force, 0.3 / length);
        there.set_links(moved).unwrap();
        let weights: Vec<f64> = (0..DRAWS)
            .map(|n| {
                let drawn = drawn(&action, here.links(), n);
                (drawn.value(here.links()).unwrap() - drawn.value(there.links()).unwrap()).exp()
            })
            .collect();
        let mean = weights.iter().sum::<f64>() / DRAWS as f64;
        let variance = weights.iter().map(|w| (w - mean).powi(2)).sum::<f64>() / (DRAWS - 1) as f64;
        let error = (variance / DRAWS as f64).sqrt();
        let pull = |powers: &Powers| {
            let log_ratio = |(power, dirac): &(f64, &'static str)| {
                power * (log_determinant(&there, dirac) - log_determinant(&here, dirac))
            };
            (mean - powers.iter().map(log_ratio).sum::<f64>().exp()) / error
        };
        let found = pull(&powers);
        println!(
            "{text}: {mean} +- {error}, {found} errors off, neighbours {:?}",
            neighbours.iter().map(&pull).collect::<Vec<_>>()
        );
        assert!(found.abs() < 5.0, "{text}: {mean} +- {error}, {found} errors off");
        for neighbour in &neighbours {
            assert!(pull(neighbour).abs() > 5.0, "{text}: {neighbour:?} is but {} errors off", pull(neighbour));
        }
    }
}

#[test]
fn what_is_missing_is_named() {
    let action = build(&[4, 4], &two_flavour("u1", "{type: 'wilson', mass: 0.6}", ""));
    let links = random_links(&*action, 1);
    assert_eq!(
        action.value(links.links()).unwrap_err().to_string(),
        "two_flavour: expected pseudofermions, got none: refresh first"
    );
    let message = |extent: &[usize], text: &str| {
        let spec = spec::parse::<ActionSpec>("action", text);
        spec.and_then(|spec| spec.build(&serial(), &Lattice::new(extent).unwrap())).err().unwrap().to_string()
    };
    let wilson = "{type: 'wilson', mass: 0.6}";
    assert!(message(&[4, 4, 4], &two_flavour("u1", wilson, "")).contains("dirac: lattice: expected 2 or 4 dimensions"));
    assert!(
        message(&[4, 4], &rational("u1", 2.0, [0.1, 40.0], wilson))
            .contains("flavours: expected a number between 0 and 2, got 2")
    );
    assert!(message(&[4, 4], &rational("u1", 1.0, [2.0, 1.0], wilson)).contains("range: expected 0 < low < high"));
    let staggered = "{type: 'staggered', mass: 0.2}";
    let mixed = two_flavour("u1", wilson, &format!("over: {staggered}"));
    assert!(message(&[4, 4], &mixed).contains("over: expected an operator of the type of 'dirac'"));
    // Without a diagonal there is no even-odd form: both are taken whole.
    let whole = format!(
        "{{type: 'two_flavour', group: 'u1', dirac: {wilson}, over: {{type: 'wilson', mass: -2}}, tolerance: 1e-6}}"
    );
    let whole = build(&[4, 4], &whole);
    assert!(drawn(&whole, links.links(), 0).value(links.links()).unwrap() > 0.0);
    let massless = "{type: 'staggered', mass: 0}";
    assert!(message(&[4, 4], &rational("u1", 1.0, [0.1, 1.0], massless)).contains("mass above 0"));
    // Eigenvalues outside of the range are found when pseudofermions are drawn.
    let narrow = build(&[4, 4], &rational("u1", 1.0, [6.0, 20.0], wilson));
    let error = narrow.refreshed(Draw { seed: 1, counter: 0, term: 0 }, links.links()).err().unwrap().to_string();
    assert!(error.contains("rational: expected eigenvalues in the range"), "{error}");
}

/// The smallest and the largest eigenvalue of the K of a rational action, from its dense matrix.
fn ends(gauge: &Gauge, dirac: &str, map: Map) -> [f64; 2] {
    let spec: DiracSpec = spec::parse("dirac", dirac).unwrap();
    let map = Dirac::new(&serial(), gauge, &spec).unwrap().linear_map(map).unwrap();
    let one = faer::Mat::<Complex64>::identity(map.dimension(), map.dimension());
    let values = map.times(one.as_ref()).unwrap().self_adjoint_eigenvalues(faer::Side::Lower).unwrap();
    [values[0], values[values.len() - 1]]
}

#[test]
fn eigenvalues_outside_the_range_are_reported_wherever_s_is_computed() {
    let wilson = "{type: 'wilson', mass: 0.3, boundary: [1, -1]}";
    let staggered = "{type: 'staggered', mass: 0.3, boundary: [1, -1]}";
    for (dirac, map, scale) in [(wilson, Map::SchurNormal, 1.0), (staggered, Map::Schur, 0.3)] {
        let wide = build(&[4, 4], &rational("u1", 1.0, [1e-3, 60.0], dirac));
        let (here, there) = (random_links(&*wide, 1), random_links(&*wide, 2));
        let [inside, outside] = [&here, &there].map(|links| ends(links, dirac, map).map(|end| scale * end));
        // Ranges that end a little beyond the eigenvalues of the first field: those of the second lie inside or
        // outside.
        for end in 0..2 {
            let mut range = [1e-3, 60.0];
            range[end] = inside[end] * [0.999, 1.001][end];
            let action = drawn(&build(&[4, 4], &rational("u1", 1.0, range, dirac)), here.links(), 0);
            assert!(action.value(here.links()).is_ok());
            let is_out = [outside[0] < range[0], outside[1] > range[1]][end];
            // The gradient is still computed: S at the end of the trajectory reports the error.
            assert!(action.gradient(there.links(), &mut vec![0.0; action.count()]).is_ok());
            match action.value(there.links()) {
                Ok(_) => assert!(!is_out, "{dirac}: expected an error, {outside:?} leave {range:?}"),
                Err(error) => {
                    let message = format!(
                        "rational: expected eigenvalues in the range {} to {}, got one of {:.6e}",
                        range[0], range[1], outside[end]
                    );
                    assert!(is_out && error.status() == 4 && error.to_string() == message, "{error}, {message}");
                }
            }
            // The eigenvalues of one of the two fields leave the range of the other.
            let back = drawn(&wide, there.links(), 0);
            assert!(back.value(here.links()).is_ok());
            let mut range = [1e-3, 60.0];
            range[end] = outside[end] * [0.999, 1.001][end];
            let action = drawn(&build(&[4, 4], &rational("u1", 1.0, range, dirac)), there.links(), 0);
            assert!(is_out || action.value(here.links()).is_err(), "{dirac}, {end}: {inside:?}, {outside:?}");
        }
    }
}

#[test]
fn guesses_from_earlier_solutions_save_iterations_and_leave_the_force() {
    let wilson = "{type: 'wilson', mass: 0.05, boundary: [1, -1]}";
    let [plain, guessed] = ["history: 0", "history: 6"].map(|key| build(&[8, 8], &two_flavour("u1", wilson, key)));
    let links = random_links(&*plain, 1);
    let actions = [drawn(&plain, links.links(), 0), drawn(&guessed, links.links(), 0)];
    let spec: DiracSpec = spec::parse("dirac", wilson).unwrap();
    let fermions = Fermions::new(&serial(), (links.lattice(), links.group()), &spec, true).unwrap();
    let mut field = links.links().to_vec();
    let mut momenta = vec![0.0; field.len()];
    plain.space().draw_momenta(&mut Stream::new(1, Purpose::Momentum, 0), &mut momenta);
    let (mut solutions, mut cold, mut warm) = (vec![], 0, 0);
    let mut past = [(); 2].map(|()| Past::default());
    let accuracy = Accuracy::new(1e-8, 1000).unwrap();
    let source = fermions.on(&field).unwrap().gaussian(&mut Stream::new(1, Purpose::Pseudofermion, 0)).unwrap();
    for step in 0..6 {
        let mut gradients = [(); 2].map(|()| vec![0.0; field.len()]);
        for ((action, past), gradient) in actions.iter().zip(&mut past).zip(&mut gradients) {
            action.gradient_along(past, &field, gradient).unwrap();
        }
        let largest = gradients[0].iter().zip(&gradients[1]).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(largest < 1e-9 && (step == 0) == (largest == 0.0), "step {step}: {largest}");
        let a = fermions.on(&field).unwrap();
        let mut x = a.zeros().unwrap();
        cold += a.invert(Form::Reverse, &source, &mut x, accuracy).unwrap();
        let mut x = a.guess(Form::Reverse, &source, &solutions).unwrap();
        warm += a.invert(Form::Reverse, &source, &mut x, accuracy).unwrap();
        solutions.push(x);
        plain.space().drift(&Team::default(), &mut field, &momenta, 0.01);
    }
    assert!(3 * warm < 2 * cold, "iterations: {warm} with guesses, {cold} without");
}

/// At the attainable accuracy S decides: solves that miss their tolerance are good enough where S is known better than
/// its rational approximation is, and an error where it is not. Free fermions have modes at K = m^2, a part 5e-9 of the
/// largest eigenvalue, so that rounding leaves S uncertain to about 1e-9.
#[test]
fn rational_fermions_are_judged_by_true_residuals() {
    let action = |tolerance: f64, error: f64| {
        let text = format!(
            "{{type: 'rational', group: 'u1', flavours: 1, range: [8e-9, 20], error: {error}, force_error: {error}, \
             tolerance: {tolerance}, force_tolerance: {tolerance}, dirac: {{type: 'staggered', mass: 0.0001}}}}"
        );
        build(&[4, 4], &text)
    };
    let links = Gauge::unit(&Lattice::new(&[4, 4]).unwrap(), Group::U1).unwrap();
    let draw = |action: Arc<dyn Action>| action.refreshed(Draw { seed: 3, counter: 0, term: 0 }, links.links());
    let [met, missed] = [1e-10, 1e-20].map(|tolerance| {
        let drawn = draw(action(tolerance, 1e-6)).unwrap().unwrap();
        let mut gradient = vec![0.0; links.links().len()];
        drawn.gradient(links.links(), &mut gradient).unwrap()
    });
    assert!((met - missed).abs() < 1e-6 * met, "{met} {missed}");
    let error = draw(action(1e-20, 1e-10)).err().unwrap();
    assert!(error.status() == 6 && error.to_string().contains("attainable accuracy"), "{error}");
}

/// Earlier calls of an action change no bit of its results: guesses belong to a trajectory.
#[test]
fn results_do_not_depend_on_earlier_calls() {
    let wilson = "{type: 'wilson', mass: 0.05, boundary: [1, -1]}";
    let loose = format!("{{type: 'two_flavour', group: 'u1', dirac: {wilson}, force_tolerance: 1e-4, history: 4}}");
    for text in [loose.clone(), format!("{{type: 'sum', terms: [{{type: 'wilson', group: 'u1', beta: 1}}, {loose}]}}")]
    {
        let action = build(&[8, 8], &text);
        let [here, there] = [1, 2].map(|seed| random_links(&*action, seed));
        let fresh = drawn(&action, here.links(), 0);
        let asked = drawn(&action, here.links(), 0);
        let gradient = |action: &Arc<dyn Action>, links: &Gauge| {
            let mut gradient = vec![0.0; links.links().len()];
            let value = action.gradient(links.links(), &mut gradient).unwrap();
            (value, gradient)
        };
        let expected = gradient(&fresh, &here);
        for links in [&there, &here, &there] {
            gradient(&asked, links);
        }
        assert_eq!(gradient(&asked, &here), expected, "{text}");
        // Along a trajectory guesses are used: a second gradient at the same field differs in its last digits.
        let (mut past, mut along) = (Past::default(), vec![0.0; here.links().len()]);
        fresh.gradient_along(&mut past, there.links(), &mut along).unwrap();
        fresh.gradient_along(&mut past, here.links(), &mut along).unwrap();
        assert_ne!(along, expected.1, "{text}");
    }
}
