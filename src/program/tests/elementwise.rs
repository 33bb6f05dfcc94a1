//! The table of elementwise operations: values against their formulas, derivatives against finite differences.

use super::super::operations::elementwise::Elementwise;
use super::super::{Output, Program, Recorder, Shape};
use super::agreement::{Data, Way, device_ways, outputs};
use super::reference::formula;
use crate::context::Precision;
use crate::simd::Instructions;

const STEP: f64 = 5e-4;
const CONSTANT: f64 = 0.3;

/// y, dy/da, (dy/db), and the derivatives of these: one number for each sample.
fn program(operation: Elementwise) -> Program {
    let mut recorder = Recorder::new();
    let site = Shape::new(1, 1);
    let variables: Vec<_> = (0..operation.arguments()).map(|_| recorder.input(site)).collect();
    let y = recorder.elementwise(operation, &variables, CONSTANT);
    let sum = recorder.total(y);
    let first = recorder.gradient(sum, &variables);
    let mut results = vec![y];
    results.extend(&first);
    for derivative in first {
        let sum = recorder.total(derivative);
        results.extend(recorder.gradient(sum, &variables));
    }
    Program::new(recorder, results.into_iter().map(Output::PerSample).collect())
}

/// Numbers away from zero, where a formula may have a pole or a kink.
const AXIS: [f64; 10] = [-2.2, -1.6, -1.1, -0.75, -0.5, 0.5, 0.75, 1.1, 1.6, 2.2];

/// Points at which the formula is finite, and of which no two coordinates are equal, where it may have a kink as well.
fn points(operation: Elementwise) -> Vec<[f64; 3]> {
    let pairs = AXIS.into_iter().flat_map(|a| AXIS.map(|b| [a, b + 0.03]));
    let points = pairs.flat_map(|[a, b]| [-1.3, 0.9].map(|d| [a, b, d]));
    points.filter(|&x| formula(operation, x, CONSTANT).is_finite()).collect()
}

/// Results at points that are moved by `shift` along one argument.
fn results(
    operation: Elementwise,
    points: &[[f64; 3]],
    (argument, shift): (usize, f64),
    how: (Way, Precision),
) -> Vec<Vec<f64>> {
    let moved = |i: usize| points.iter().map(|p| p[i] + if i == argument { shift } else { 0.0 }).collect();
    let inputs = (0..operation.arguments()).map(moved).collect();
    let data = Data { batch: points.len(), inputs, parameters: vec![] };
    outputs(&program(operation), &data, how, points.len())
}

fn assert_close(got: &[f64], expected: &[f64], tolerance: f64, what: &str) {
    assert_eq!(got.len(), expected.len());
    for (x, y) in got.iter().zip(expected) {
        assert!((x - y).abs() <= tolerance * (1.0 + y.abs()), "{what}: expected {y}, got {x}");
    }
}

/// The shared check of all rows: a new row is checked once it is in the table and in the reference's formula.
fn assert_row(operation: Elementwise, instructions: Instructions) {
    let points = points(operation);
    let at = |moved, precision| results(operation, &points, moved, (Way::Cpu(instructions), precision));
    let centre = at((0, 0.0), Precision::F64);
    let what = |k: usize| format!("{operation:?}, result {k}, {instructions:?}");
    let exact: Vec<f64> = points.iter().map(|&p| formula(operation, p, CONSTANT)).collect();
    assert_close(&centre[0], &exact, 1e-15, &what(0));
    let arguments = operation.arguments();
    for argument in 0..arguments {
        let [a, b, c, d] = [2.0, 1.0, -1.0, -2.0].map(|n| at((argument, n * STEP), Precision::F64));
        for k in 0..=arguments {
            let difference = |i: usize| (8.0 * (b[k][i] - c[k][i]) - (a[k][i] - d[k][i])) / (12.0 * STEP);
            let expected: Vec<f64> = (0..points.len()).map(difference).collect();
            let derivative = if k == 0 { 1 + argument } else { 1 + arguments * k + argument };
            assert_close(&centre[derivative], &expected, 1e-8, &what(derivative));
        }
    }
    for (k, (single, double)) in at((0, 0.0), Precision::F32).iter().zip(&centre).enumerate() {
        assert_close(single, double, 2e-6, &what(k));
    }
}

#[test]
fn every_row_has_its_formula_and_its_first_and_second_derivatives() {
    for &operation in Elementwise::ALL {
        for instructions in Instructions::ALL.iter().copied().filter(|i| i.is_available()) {
            assert!(points(operation).len() >= 100, "{operation:?}");
            assert_row(operation, instructions);
        }
    }
}

/// The results of all rows at once, for three inputs of a shape.
fn all_rows(shape: Shape) -> Program {
    let mut recorder = Recorder::new();
    let variables: Vec<_> = (0..3).map(|_| recorder.input(shape)).collect();
    let mut results = vec![];
    for &operation in Elementwise::ALL {
        let variables = &variables[..operation.arguments()];
        let y = recorder.elementwise(operation, variables, CONSTANT);
        let sum = if shape.wide { y } else { recorder.total(y) };
        let first = recorder.gradient(sum, variables);
        results.push(y);
        results.extend(&first);
        for derivative in first {
            let sum = if shape.wide { derivative } else { recorder.total(derivative) };
            results.extend(recorder.gradient(sum, variables));
        }
    }
    Program::new(recorder, results.into_iter().map(Output::PerSample).collect())
}

#[test]
fn rows_on_devices_are_those_of_the_cpu() {
    let axis = [&AXIS[..], &[f64::NAN]].concat();
    let third = (0..121).map(|i| 0.1 + 0.01 * f64::from(i)).collect();
    let inputs = vec![axis.iter().flat_map(|&a| [a; 11]).collect(), axis.repeat(11), third];
    let data = Data { batch: 121, inputs, parameters: vec![] };
    for shape in [Shape::new(1, 1), Shape::WIDE] {
        let program = all_rows(shape);
        for precision in [Precision::F32, Precision::F64] {
            let expected = outputs(&program, &data, (Way::Cpu(Instructions::Portable), precision), 121);
            for way in device_ways(precision) {
                let is_pair = matches!(way, Way::Device(layout) if !layout.has_double);
                let tolerance = match (shape.wide, precision) {
                    (false, Precision::F32) => 2e-6,
                    (true, _) if is_pair => 1e-12,
                    _ => 1e-14,
                };
                let got = outputs(&program, &data, (way, precision), 121);
                for (index, (got, expected)) in got.iter().zip(&expected).enumerate() {
                    for (x, y) in got.iter().zip(expected) {
                        let near = (x - y).abs() <= tolerance * (1.0 + y.abs()) || (x.is_nan() && y.is_nan());
                        assert!(near, "output {index}, {way:?}, {precision:?}, {shape:?}: expected {y}, got {x}");
                    }
                }
            }
        }
    }
}

#[test]
fn ends_of_ranges_on_devices_are_those_of_the_cpu() {
    let ends = vec![0.0, -0.0, 1e4, -1e4, f64::INFINITY, -f64::INFINITY, 1.0, -1.0];
    let data = Data { batch: ends.len(), inputs: vec![ends], parameters: vec![] };
    for shape in [Shape::new(1, 1), Shape::WIDE] {
        let mut r = Recorder::new();
        let x = r.input(shape);
        let one = r.constant(1.0, shape);
        let functions = [Recorder::exp, Recorder::log, Recorder::tanh, Recorder::log1p, Recorder::sigmoid];
        let mut results: Vec<_> = functions.into_iter().map(|function| function(&mut r, x)).collect();
        results.extend([Recorder::softplus, Recorder::abs, Recorder::sign, Recorder::sqrt].map(|f| f(&mut r, x)));
        results
            .extend([Recorder::min, Recorder::max, Recorder::greater, Recorder::at_least].map(|f| f(&mut r, x, one)));
        results.extend([r.atan2(x, one), r.atan2(one, x), r.atan2(x, x)]);
        results.extend([r.clamp(x, -0.5, 2.0), r.select(x, one, x)]);
        let results: Vec<_> = results.into_iter().map(Output::PerSample).collect();
        let program = Program::new(r, results);
        for precision in [Precision::F32, Precision::F64] {
            let expected = outputs(&program, &data, (Way::Cpu(Instructions::Portable), precision), data.batch);
            for way in device_ways(precision) {
                // Without doubles the range is that of floats.
                if shape.wide && matches!(way, Way::Device(layout) if !layout.has_double) {
                    continue;
                }
                let tolerance = if precision == Precision::F32 && !shape.wide { 1e-6 } else { 1e-14 };
                for (got, expected) in outputs(&program, &data, (way, precision), data.batch).iter().zip(&expected) {
                    for (x, y) in got.iter().zip(expected) {
                        let same = x == y || (x.is_nan() && y.is_nan());
                        assert!(same || (x - y).abs() <= tolerance * y.abs(), "{way:?}: expected {y}, got {x}");
                    }
                }
            }
        }
    }
}

#[test]
fn rows_keep_what_is_not_a_number() {
    for &operation in Elementwise::ALL {
        for how in super::agreement::ways() {
            for bad in 0..operation.arguments() {
                let mut inputs = vec![vec![0.5; 3]; operation.arguments()];
                inputs[bad][1] = f64::NAN;
                let data = Data { batch: 3, inputs, parameters: vec![] };
                let y = &outputs(&program(operation), &data, how, 3)[0];
                let is_nan: Vec<bool> = y.iter().map(|x| x.is_nan()).collect();
                // A slope or the result of a comparison is one of two numbers; its product with a NaN is NaN.
                let kept = match operation {
                    Elementwise::LeakySlope | Elementwise::Greater => false,
                    Elementwise::Select => bad == 1,
                    _ => true,
                };
                assert_eq!(is_nan, [false, kept, false], "{operation:?}, argument {bad}, {how:?}");
            }
        }
    }
}
