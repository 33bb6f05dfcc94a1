use super::*;
use crate::action::check::{Transfer, expect_gradient, expect_translation_invariance, random_field};
use crate::action::{Action, ActionSpec};
use crate::context::serial;
use crate::error::Result;
use crate::program::{Executable, Feed, Output, Program, Recorder, Shape};
use crate::spec::parse;

fn build(sites: usize, keys: &str) -> Result<Arc<dyn Action>> {
    let spec: ActionSpec = parse("action", &format!("{{type: 'quantum_mechanics', {keys}}}"))?;
    spec.build(&serial(), &Lattice::new(&[sites])?).map(Arc::from)
}

const KEYS: [&str; 4] = [
    "spacing: 0.1, potential: [0, 0, 0.5]",
    "mass: 0.5, spacing: 0.1, potential: [4, 0, -4, 0, 1]",
    "mass: 2, potential: [0.3, -0.7, 0, 0.4, 0.2]",
    "mass: 0.7, spacing: 0.3, potential: [0.1, 0.2, -0.3, 0.4, -0.5, 0.6, 0.7, -0.1, 0.2]",
];

#[test]
fn the_value_is_the_definition_and_the_gradient_its_derivative() {
    for sites in [2, 5, 128, 131, 300] {
        for keys in KEYS {
            let action = build(sites, keys).unwrap();
            let spec: QuantumMechanicsSpec = parse("action", &format!("{{{keys}}}")).unwrap();
            let field: Vec<f64> = random_field(sites, 3);
            let at = |t: usize| {
                let (x, next) = (field[t], field[(t + 1) % sites]);
                let potential: f64 = spec.potential.iter().enumerate().map(|(k, c)| c * x.powi(k as i32)).sum();
                spec.mass / (2.0 * spec.spacing) * (next - x).powi(2) + spec.spacing * potential
            };
            let (expected, got): (f64, f64) = ((0..sites).map(at).sum(), action.value(&field).unwrap());
            assert!((got - expected).abs() < 1e-12 * (sites as f64 + expected.abs()), "{keys}: {got} {expected}");
            expect_translation_invariance(&*action, &[3]);
        }
    }
    // Powers above 4 are beyond the order of its difference.
    KEYS[..3].iter().for_each(|keys| expect_gradient(&*build(9, keys).unwrap(), 1));
}

/// Against differences of eighth order in the step.
#[test]
fn the_gradient_of_high_powers_is_the_derivative() {
    let (action, mut field) = (build(9, KEYS[3]).unwrap(), random_field(9, 1));
    let mut gradient = vec![0.0; 9];
    action.gradient(&field, &mut gradient).unwrap();
    for site in 0..9 {
        let x = field[site];
        let mut odd = |shift: f64| {
            let mut at = |x: f64| {
                field[site] = x;
                action.value(&field).unwrap()
            };
            let difference = at(x + 0.02 * shift) - at(x - 0.02 * shift);
            field[site] = x;
            difference
        };
        let sum = 672.0 * odd(1.0) - 168.0 * odd(2.0) + 32.0 * odd(3.0) - 3.0 * odd(4.0);
        assert!((sum / (840.0 * 0.02) - gradient[site]).abs() < 1e-9 * (1.0 + gradient[site].abs()));
    }
}

/// Samplers differentiate the recorded action together with their own operations.
#[test]
fn the_recorded_action_is_the_action() {
    for keys in KEYS {
        let action = build(9, keys).unwrap();
        let mut recorder = Recorder::new();
        let field = recorder.input(Shape::new(1, 9));
        let value = action.record(&mut recorder, field).unwrap().unwrap();
        let slope = recorder.gradient(value, &[field])[0];
        let program = Program::new(recorder, vec![Output::PerSample(value), Output::PerSample(slope)]);
        let bound = Arc::new(Executable::new(program, &serial()).unwrap()).bind(&[]).unwrap();
        let (numbers, mut value, mut slope, mut gradient) = (random_field(9, 3), [0.0], [0.0; 9], [0.0; 9]);
        bound.run(&serial(), 1, &[Feed::Array(&numbers)], &mut [&mut value, &mut slope]).unwrap();
        let expected = action.gradient(&numbers, &mut gradient).unwrap();
        assert!((value[0] - expected).abs() < 1e-12 * (9.0 + expected.abs()), "{keys}: {value:?} {expected}");
        for (slope, expected) in slope.iter().zip(&gradient) {
            assert!((slope - expected).abs() < 1e-11 * (1.0 + expected.abs()), "{keys}: {slope} {expected}");
        }
    }
}

#[test]
fn couplings_are_replaced_by_name() {
    let double_well = build(8, KEYS[1]).unwrap();
    let other = |couplings: &[(&str, f64)]| {
        double_well.at(&couplings.iter().map(|(name, value)| (name.to_string(), *value)).collect())
    };
    let field = random_field(8, 2);
    let moved = other(&[("c2", -2.0), ("c0", 1.0), ("mass", 0.7), ("c6", 0.2)]).unwrap();
    let expected = build(8, "mass: 0.7, spacing: 0.1, potential: [1, 0, -2, 0, 1, 0, 0.2]").unwrap();
    assert_eq!(moved.value(&field).unwrap(), expected.value(&field).unwrap());
    assert_eq!(other(&[("c3", 1.0), ("c4", 0.0)]).err().unwrap().status(), 2);
    assert_eq!(other(&[("lambda", 1.0)]).err().unwrap().status(), 9);
}

/// Harmonic oscillator with m = ω = 1: the modes of the lattice, and the published number of <x²>.
#[test]
fn the_harmonic_oscillator_has_its_exact_numbers() {
    let transfer = Transfer::new(&*build(2, KEYS[0]).unwrap(), 8.0);
    let (log_z, averages) = transfer.averages(100, &[|x| x * x]);
    let eigenvalue = |k: u32| 40.0 * (std::f64::consts::PI * f64::from(k) / 100.0).sin().powi(2) + 0.1;
    let expected: f64 = (0..100).map(|k| 0.5 * (2.0 * std::f64::consts::PI / eigenvalue(k)).ln()).sum();
    assert!((log_z - expected).abs() < 1e-9, "{log_z} {expected}");
    assert!((averages[0] - 0.49942170).abs() < 6e-9, "{}", averages[0]);
    // The gap of the lattice, (2/a) asinh(a/2).
    assert!((transfer.log_gap() / 0.1 - 0.99958380).abs() < 6e-9);
}

/// Double well (x² − f²)² with m = 1/2, a = 0.1, N = 100: E_0 by the virial theorem and E_1 − E_0, numbers from transfer matrices.
#[test]
fn the_double_well_has_its_exact_numbers() {
    for (square, energy, gap) in [
        (-1.0, 2.64291, 3.6962),
        (0.0, 1.04045, 2.7160),
        (1.0, 1.11515, 1.5591),
        (2.0, 2.22385, 0.4536),
        (3.0, 3.10327, 0.0403),
    ] {
        let potential = format!("[{}, 0, {}, 0, 1]", square * square, -2.0 * square);
        let keys = format!("mass: 0.5, spacing: 0.1, potential: {potential}");
        let transfer = Transfer::new(&*build(2, &keys).unwrap(), 6.0);
        let (_, moments) = transfer.averages(100, &[|x| x * x, |x| x.powi(4)]);
        let virial = 3.0 * moments[1] - 4.0 * square * moments[0] + square * square;
        assert!((virial - energy).abs() < 6e-6, "f² = {square}: {virial} {energy}");
        let got = transfer.log_gap() / 0.1;
        assert!((got - gap).abs() < 6e-5, "f² = {square}: {got} {gap}");
    }
}

#[test]
fn faults_of_a_spec_are_named() {
    let message = |keys: &str| build(4, keys).err().unwrap().to_string();
    assert_eq!(message("mass: 0, potential: [0, 0, 1]"), "mass: expected a finite number above 0, got 0");
    assert_eq!(message("spacing: -1, potential: [0, 0, 1]"), "spacing: expected a finite number above 0, got -1");
    assert!(message("").starts_with("action: missing key 'potential'"));
    assert_eq!(message("potential: [0, NaN, 1]"), "potential[1]: expected a finite number, got NaN");
    let expected = "potential: expected coefficients [c0, c1, ...] whose last one but zeros is above 0 and in front of an even power";
    for potential in ["[]", "[1.0]", "[1.0, 1.0]", "[0.0, 0.0, 1.0, 1.0]", "[0.0, 0.0, -1.0, 0.0]"] {
        assert_eq!(message(&format!("potential: {potential}")), format!("{expected}, got {potential}"));
    }
    let long = vec!["1"; 18].join(", ");
    assert_eq!(message(&format!("potential: [{long}]")), "potential: expected at most 17 numbers, got 18");
    let spec: ActionSpec = parse("action", "{type: 'quantum_mechanics', potential: [0, 0, 1]}").unwrap();
    let error = spec.build(&serial(), &Lattice::new(&[4, 4]).unwrap()).err().unwrap();
    assert_eq!(error.status(), 3);
}
