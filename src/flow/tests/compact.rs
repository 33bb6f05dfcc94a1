//! Priors of compact fields: uniform angles, and links from the Haar measure.

use super::*;
use crate::gauge::{Complex64, Gauge, Group, Matrix, with_colours};
use crate::space::{Carrier, Space};

const GROUPS: [Group; 3] = [Group::U1, Group::Su2, Group::Su3];
const PRIORS: [&str; 5] = [
    "{type: 'haar', group: 'u1'}",
    "{type: 'haar', group: 'su2'}",
    "{type: 'haar', group: 'su3'}",
    "'uniform'",
    "{type: 'uniform', on: 'links'}",
];

/// The model of a prior without layers, on extents that may be odd.
fn alone(extent: &[usize], prior: &str, precision: Precision, threads: usize) -> Flow {
    let spec = spec(&format!("{{type: 'chain', prior: {prior}, layers: []}}"));
    Flow::new(&context(precision, threads), &Lattice::new(extent).unwrap(), &spec).unwrap()
}

fn haar(extent: &[usize], group: Group, precision: Precision) -> Flow {
    alone(extent, &format!("{{type: 'haar', group: '{}'}}", group.name()), precision, 1)
}

/// Fields and log q of some samples.
fn draw(flow: &Flow, counter: u64, batch: usize) -> (Vec<f64>, Vec<f64>) {
    let (mut fields, mut log_q) = (vec![f64::NAN; batch * flow.domain().count()], vec![f64::NAN; batch]);
    flow.sample(counter, batch, &mut fields, &mut log_q).unwrap();
    (fields, log_q)
}

/// Checks the mean of independent numbers of a known variance.
fn expect_moment(what: &str, numbers: &[f64], (mean, variance): (f64, f64)) {
    let count = numbers.len() as f64;
    let (found, error) = (numbers.iter().sum::<f64>() / count, (variance / count).sqrt());
    // Numbers without variance, as |u|² of U(1), are exact up to rounding.
    assert!((found - mean).abs() < 5.0 * error + 1e-13, "{what}: {found} against {mean} +- {error}");
}

/// All links of some fields, each field's one after the other.
fn matrices<const N: usize>(fields: &[f64]) -> Vec<Matrix<N>> {
    fields.chunks_exact(2 * N * N).map(Matrix::from_reals).collect()
}

/// Moments of the numbers of links, and of products of links that lie next to each other in memory.
fn expect_haar<const N: usize>(links: &[Matrix<N>]) {
    let n = N as f64;
    let of = |f: &dyn Fn(&Matrix<N>) -> f64| links.iter().map(f).collect::<Vec<f64>>();
    for (row, column) in (0..N).flat_map(|row| (0..N).map(move |column| (row, column))) {
        let what = format!("N = {N}, number {row}, {column}");
        // <|u|²> = 1/N and <|u|⁴> = 2 / N(N + 1).
        expect_moment(&what, &of(&|u| u.0[row][column].norm_sqr()), (1.0 / n, 2.0 / (n * (n + 1.0)) - 1.0 / (n * n)));
        expect_moment(&what, &of(&|u| u.0[row][column].re), (0.0, 0.5 / n));
        expect_moment(&what, &of(&|u| u.0[row][column].im), (0.0, 0.5 / n));
    }
    let neighbours: Vec<f64> = links.windows(2).map(|pair| (pair[0] * pair[1].adjoint()).trace().re).collect();
    expect_moment(&format!("N = {N}, neighbours"), &neighbours, (0.0, if N == 2 { 1.0 } else { 0.5 }));
}

#[test]
fn links_have_the_moments_of_the_haar_measure() {
    for precision in [Precision::F64, Precision::F32] {
        for group in GROUPS {
            let flow = haar(&[3, 2], group, precision);
            let (fields, _) = draw(&flow, 7, 4000);
            with_colours!(group, moments(&fields));
        }
    }
}

fn moments<const N: usize>(fields: &[f64]) {
    let links = matrices::<N>(fields);
    assert_eq!(links.len(), 4000 * 12);
    expect_haar(&links);
    let of = |f: &dyn Fn(Complex64) -> f64| links.iter().map(|u| f(u.trace())).collect::<Vec<f64>>();
    match N {
        1 => expect_moment("<cos²>", &of(&|z| z.re * z.re), (0.5, 0.125)),
        2 => expect_moment("<(tr U / 2)²>", &of(&|z| 0.25 * z.re * z.re), (0.25, 0.0625)),
        _ => {
            expect_moment("<|tr U|²>", &of(&|z| z.norm_sqr()), (1.0, 1.0));
            // Of three triplets one singlet can be made, for SU(3) alone among unitary matrices: <|tr U|⁶> = 6.
            expect_moment("<Re (tr U)³>", &of(&|z| (z * z * z).re), (1.0, 6.0));
        }
    }
}

#[test]
fn links_are_in_their_group_whatever_the_precision() {
    for precision in [Precision::F64, Precision::F32] {
        for group in GROUPS {
            let flow = haar(&[4, 3, 2], group, precision);
            let (fields, _) = draw(&flow, 0, 500);
            for field in fields.chunks_exact(flow.domain().count()) {
                let distance = Gauge::new(flow.lattice(), group, field.to_vec()).unwrap().worst_link().0;
                assert!(distance < 1e-14, "{group:?}, {precision:?}: {distance}");
            }
        }
    }
}

#[test]
fn angles_are_uniform() {
    for precision in [Precision::F64, Precision::F32] {
        for (prior, numbers) in [(PRIORS[3], 6), (PRIORS[4], 12)] {
            let flow = alone(&[3, 2], prior, precision, 1);
            assert_eq!(flow.domain().count(), numbers);
            let (fields, _) = draw(&flow, 1, 4000);
            assert!(fields.iter().all(|&x| -std::f64::consts::PI < x && x <= std::f64::consts::PI));
            let of = |f: &dyn Fn(f64) -> f64| fields.iter().map(|&x| f(x)).collect::<Vec<f64>>();
            let square = std::f64::consts::PI.powi(2);
            expect_moment("θ", &of(&|x| x), (0.0, square / 3.0));
            expect_moment("θ²", &of(&|x| x * x), (square / 3.0, square * square * (1.0 / 5.0 - 1.0 / 9.0)));
            expect_moment("cos", &of(&f64::cos), (0.0, 0.5));
            expect_moment("cos²", &of(&|x| x.cos().powi(2)), (0.5, 0.125));
            let pairs: Vec<f64> = fields.windows(2).map(|pair| (pair[0] - pair[1]).cos()).collect();
            expect_moment("cos(θ - θ')", &pairs, (0.0, 0.5));
        }
    }
}

#[test]
fn samples_are_keyed_by_the_counter_alone() {
    for precision in [Precision::F32, Precision::F64] {
        for prior in PRIORS {
            let flows = [1, 2, 5].map(|threads| alone(&[2, 3], prior, precision, threads));
            let count = flows[0].domain().count();
            let all = draw(&flows[0], 100, 300);
            for flow in &flows {
                assert!(draw(flow, 100, 300) == all, "{prior}");
                for (first, batch) in [(0, 1), (17, 40), (299, 1), (3, 296)] {
                    let piece = draw(flow, 100 + first as u64, batch);
                    assert!(piece.0 == all.0[count * first..count * (first + batch)], "{prior}, {first}, {batch}");
                }
            }
        }
    }
}

#[test]
fn precisions_draw_the_same_fields() {
    for prior in PRIORS {
        let [single, double] = [Precision::F32, Precision::F64].map(|p| draw(&alone(&[3, 2], prior, p, 1), 5, 40));
        for (a, b) in single.0.iter().zip(&double.0) {
            // Angles next to ±π may lie on either side.
            let distance = if prior.contains("uniform") { (a - b).sin().abs() } else { (a - b).abs() };
            assert!(distance < 1e-4, "{prior}: {a} {b}");
        }
        assert_close(&single.1, &double.1, 1e-12, prior);
    }
}

#[test]
fn densities_are_those_of_the_measures() {
    for precision in [Precision::F64, Precision::F32] {
        for (prior, log_q) in PRIORS.into_iter().zip([0.0, 0.0, 0.0, -6.0, -12.0]) {
            let flow = alone(&[3, 2], prior, precision, 2);
            let expected = vec![log_q * (2.0 * std::f64::consts::PI).ln(); 11];
            let (fields, drawn) = draw(&flow, 3, 11);
            assert_close(&drawn, &expected, 1e-14, prior);
            let (mut same, mut again) = (vec![f64::NAN; fields.len()], vec![f64::NAN; 11]);
            flow.invert(11, &fields, &mut same, &mut again).unwrap();
            assert_close(&again, &expected, 1e-14, prior);
            let rounding = if precision == Precision::F64 { 0.0 } else { 1e-6 };
            assert_close(&same, &fields, rounding, "the prior's field");
            flow.log_density(11, &fields, &mut again).unwrap();
            assert_close(&again, &expected, 1e-14, prior);
        }
    }
}

#[test]
fn specs_give_domains_and_survive_writing() {
    let spaces = [
        Space::Links(Group::U1),
        Space::Links(Group::Su2),
        Space::Links(Group::Su3),
        Space::Angles(Carrier::Sites),
        Space::Angles(Carrier::Links),
    ];
    for (prior, space) in PRIORS.into_iter().zip(spaces) {
        let flow = alone(&[3, 2], prior, Precision::F64, 1);
        assert_eq!(flow.domain().space, space);
        assert!(flow.parameters().is_empty());
        let stored = serde_json::to_string(flow.spec()).unwrap();
        assert_eq!(&parse::<ModelSpec>("model", &stored).unwrap(), flow.spec(), "{stored}");
    }
    for (prior, stored) in [("'white'", "\"white\""), ("{type: 'spectrum'}", "\"spectrum\"")] {
        let text = format!("{{type: 'chain', prior: {prior}, layers: []}}");
        let text = serde_json::to_string(&spec(&text)).unwrap();
        assert!(text.contains(&format!("\"prior\":{stored}")), "{text}");
    }
}

#[test]
fn white_noise_without_layers_leaves_an_action_as_it_is() {
    let flow = alone(&[3, 2], "'white'", Precision::F64, 1);
    let action: Arc<dyn Action> = Arc::new(free_field(&[3, 2]));
    let pulled = flow.pulled_back(Arc::clone(&action)).unwrap();
    let (z, log_q) = draw(&flow, 4, 1);
    assert_close(&z, &normals(4, 1, 6), 1e-14, "z");
    let (mut gradient, mut expected) = ([0.0; 6], [0.0; 6]);
    let value = pulled.gradient(&z, &mut gradient).unwrap();
    assert_close(&[value], &[action.gradient(&z, &mut expected).unwrap()], 1e-13, "value");
    assert_close(&gradient, &expected, 1e-13, "gradient");
    let square: f64 = z.iter().map(|z| z * z).sum();
    assert_close(&log_q, &[-0.5 * square - 3.0 * (2.0 * std::f64::consts::PI).ln()], 1e-14, "log q");
}

#[test]
fn what_does_not_fit_is_refused() {
    let refused = |extent: &[usize], text: &str| {
        let lattice = Lattice::new(extent).unwrap();
        let built = parse("model", text).and_then(|spec| Flow::new(&context(Precision::F64, 1), &lattice, &spec));
        built.err().unwrap().to_string()
    };
    for (text, message) in [
        (
            "{type: 'chain', prior: {type: 'haar', group: 'su3'}, layers: [{type: 'affine'}]}",
            "layers[0]: expected fields of scalars, got links of SU(3)",
        ),
        (
            "{type: 'chain', prior: 'uniform', layers: [{type: 'spline'}]}",
            "layers[0]: expected fields of scalars, got angles on sites",
        ),
        (
            "{type: 'affine', prior: {type: 'uniform', on: 'links'}}",
            "prior: expected fields of scalars, got angles on links",
        ),
    ] {
        assert_eq!(refused(&[4, 4], text), message);
    }
    let names = "expected 'white' or 'spectrum' or 'mixture' or 'uniform' or 'haar', got 'gauss'";
    let message = refused(&[4, 4], "{type: 'chain', prior: {type: 'gauss'}, layers: []}");
    assert!(message.contains("prior") && message.contains(names), "{message}");
    for (prior, part) in [
        ("{type: 'haar'}", "missing key 'group'"),
        ("'haar'", "or {type: 'haar', group: 'su3'}, got 'haar'"),
        ("{type: 'haar', group: 'su4'}", "expected 'u1' or 'su2' or 'su3', got 'su4'"),
        ("{type: 'white', width: 2}", "unknown key 'width'"),
        ("3", "or {type: 'haar', group: 'su3'}, got 3"),
    ] {
        let message = refused(&[4, 4], &format!("{{type: 'chain', prior: {prior}, layers: []}}"));
        assert!(message.contains(part), "{prior}: {message}");
    }
    let large = refused(&[32, 32, 32, 16], "{type: 'chain', prior: {type: 'haar', group: 'su2'}, layers: []}");
    assert_eq!(
        large,
        "lattice: expected at most 4194304 numbers in a field of a model, got 16777216 (32 x 32 x 32 x 16)"
    );
    let flow = haar(&[2, 2], Group::Su2, Precision::F64);
    let (mut fields, _) = draw(&flow, 0, 2);
    fields[64 + 8 * 5] += 0.1;
    let message = flow.log_density(2, &fields, &mut [0.0; 2]).unwrap_err().to_string();
    assert!(message.starts_with("field 1: expected links in su2, got one off by"), "{message}");
    assert!(message.ends_with("at site 2, direction 1"), "{message}");
    let action: Arc<dyn Action> = Arc::new(free_field(&[2, 2]));
    let error = flow.pulled_back(action).err().unwrap();
    assert_eq!(error.to_string(), "model: expected fields of links of SU(2), got scalars");
    let wilson: crate::action::ActionSpec = parse("action", "{type: 'wilson', group: 'su2', beta: 2}").unwrap();
    let wilson = wilson.build(flow.context(), flow.lattice()).unwrap();
    let error = flow.pulled_back(wilson.into()).err().unwrap();
    assert_eq!(error.to_string(), "model: expected a prior that is a map of normal numbers, got 'haar'");
}
