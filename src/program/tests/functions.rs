//! Functions of lanes: errors in units in the last place for each instruction set, and NaN gives NaN.

use super::super::cpu::angles::{atan2, cos, sin};
use super::super::cpu::logistic::{log1p, sigmoid, silu, softplus};
use super::double_double::DoubleDouble;
use super::random;
use crate::simd::functions::{exp, log, sin_cos_of_turns, tanh};
use crate::simd::{Array, Instructions, Lanes, Real, Work};
use std::f64::consts::{LN_2, PI};

#[cfg(target_arch = "x86_64")]
use crate::simd::{F32x8, F32x16, F64x4, F64x8, Pair};

#[derive(Clone, Copy, Debug, PartialEq)]
enum Function {
    Exp,
    Tanh,
    Log,
    SineOfTurns,
    CosineOfTurns,
    Sine,
    Cosine,
    /// atan2(x, 1)
    ArcTangent,
    /// atan2(1, x)
    ArcCotangent,
    Log1p,
    Sigmoid,
    Softplus,
    Silu,
}

const ALL: [Function; 13] = [
    Function::Exp,
    Function::Tanh,
    Function::Log,
    Function::SineOfTurns,
    Function::CosineOfTurns,
    Function::Sine,
    Function::Cosine,
    Function::ArcTangent,
    Function::ArcCotangent,
    Function::Log1p,
    Function::Sigmoid,
    Function::Softplus,
    Function::Silu,
];

impl Function {
    #[inline(always)]
    fn of<L: Lanes>(self, x: L) -> L {
        match self {
            Function::Exp => exp(x),
            Function::Tanh => tanh(x),
            Function::Log => log(x),
            Function::SineOfTurns => sin_cos_of_turns(x).0,
            Function::CosineOfTurns => sin_cos_of_turns(x).1,
            Function::Sine => sin(x),
            Function::Cosine => cos(x),
            Function::ArcTangent => atan2(x, L::constant(1.0)),
            Function::ArcCotangent => atan2(L::constant(1.0), x),
            Function::Log1p => log1p(x),
            Function::Sigmoid => sigmoid(x),
            Function::Softplus => softplus(x),
            Function::Silu => silu(x),
        }
    }

    fn exact(self, x: f64) -> f64 {
        self.doubled(x).high
    }

    /// The function in twice the precision; turns are reduced exactly to an eighth first.
    fn doubled(self, x: f64) -> DoubleDouble {
        let quarter = (4.0 * x).round_ties_even();
        let turn = || DoubleDouble::from(x - quarter / 4.0).sin_cos_of_turns();
        let quadrant = quarter.rem_euclid(4.0);
        let (double, one) = (DoubleDouble::from(x), DoubleDouble::from(1.0));
        match self {
            Function::Exp => double.exp(),
            Function::Tanh => DoubleDouble::from(x.clamp(-40.0, 40.0)).tanh(),
            Function::Log => double.log(),
            Function::SineOfTurns if quadrant == 0.0 => turn().0,
            Function::SineOfTurns if quadrant == 1.0 => turn().1,
            Function::SineOfTurns if quadrant == 2.0 => -turn().0,
            Function::SineOfTurns => -turn().1,
            Function::CosineOfTurns if quadrant == 0.0 => turn().1,
            Function::CosineOfTurns if quadrant == 1.0 => -turn().0,
            Function::CosineOfTurns if quadrant == 2.0 => -turn().1,
            Function::CosineOfTurns => turn().0,
            Function::Sine => double.sin_cos().0,
            Function::Cosine => double.sin_cos().1,
            Function::ArcTangent => double.atan2(one),
            Function::ArcCotangent => one.atan2(double),
            Function::Log1p => double.log1p(),
            Function::Sigmoid => double.sigmoid(),
            Function::Softplus => double.softplus(),
            Function::Silu => double * double.sigmoid(),
        }
    }
}

struct Apply<'a, L: Lanes> {
    function: Function,
    numbers: &'a mut [L::Scalar],
}

impl<L: Lanes> Work for Apply<'_, L> {
    #[inline(always)]
    unsafe fn run(self) {
        for vector in self.numbers.chunks_exact_mut(L::WIDTH) {
            let pointer = vector.as_mut_ptr().cast::<L>();
            // SAFETY: the chunk holds one number for each lane.
            unsafe { pointer.write_unaligned(self.function.of(pointer.read_unaligned())) };
        }
    }
}

/// Both precisions of a function, as an instruction set computes them.
struct Computed {
    single: fn(Function, &[f32]) -> Vec<f32>,
    double: fn(Function, &[f64]) -> Vec<f64>,
}

fn compute<L: Lanes>(function: Function, x: &[L::Scalar]) -> Vec<L::Scalar> {
    let mut numbers = x.to_vec();
    numbers.resize(x.len().next_multiple_of(L::WIDTH), L::Scalar::from_f64(0.25));
    // SAFETY: only instruction sets that this processor has are used.
    unsafe { L::isolate(Apply::<L> { function, numbers: &mut numbers }) };
    numbers.truncate(x.len());
    numbers
}

fn sets() -> Vec<(Instructions, Computed)> {
    let computed = |instructions| match instructions {
        #[cfg(target_arch = "x86_64")]
        Instructions::Avx512 => Computed { single: compute::<F32x16>, double: compute::<F64x8> },
        #[cfg(target_arch = "x86_64")]
        Instructions::Avx2 => Computed { single: compute::<Pair<F32x8>>, double: compute::<Pair<F64x4>> },
        _ => Computed { single: compute::<Array<f32, 16>>, double: compute::<Array<f64, 8>> },
    };
    Instructions::ALL.iter().copied().filter(|i| i.is_available()).map(|i| (i, computed(i))).collect()
}

/// Spacing of the numbers with `digits` fraction bits around x.
fn unit(x: f64, digits: i32, least: i32) -> f64 {
    let exponent = ((x.to_bits() >> 52) & 0x7ff) as i32 - 1023;
    let power = (exponent - digits).max(least);
    2f64.powi(power / 2) * 2f64.powi(power - power / 2)
}

/// Numbers over the whole range of a function: dense around one, and logarithmically down to the smallest.
fn single_arguments(function: Function) -> Vec<f32> {
    let positive = (0..0x7f80_0000u32).step_by(11_003).map(f32::from_bits);
    let dense = (0..50_000).map(|i| 0.25 + 4e-5 * i as f32);
    let both = positive.chain(dense).flat_map(|x| [x, -x]);
    both.filter(|&x| match function {
        Function::Exp | Function::Sigmoid | Function::Silu => x.abs() <= 87.0,
        Function::Tanh | Function::ArcTangent | Function::ArcCotangent => true,
        Function::Log => x > 0.0,
        Function::Log1p => x > -1.0,
        Function::Softplus => x >= -87.0,
        Function::SineOfTurns | Function::CosineOfTurns | Function::Sine | Function::Cosine => x.abs() < 1_048_576.0,
    })
    .collect()
}

fn double_arguments(function: Function) -> Vec<f64> {
    let uniform = random(1, 10_000);
    let positive: Vec<f64> = match function {
        Function::Exp | Function::Sigmoid | Function::Softplus | Function::Silu => {
            uniform.iter().map(|u| u * 690.0).collect()
        }
        Function::Tanh => uniform.iter().map(|u| u * 22.0).collect(),
        Function::Log | Function::Log1p => uniform.iter().map(|u| (u * 708.0).exp()).collect(),
        Function::SineOfTurns | Function::CosineOfTurns => uniform.iter().map(|u| u * 2.0).collect(),
        Function::ArcTangent | Function::ArcCotangent => uniform.iter().map(|u| u * 4.0).collect(),
        Function::Sine | Function::Cosine => uniform.iter().map(|u| u * u * 1e6).collect(),
    };
    let tiny = uniform.iter().map(|u| (-700.0 * u * u).exp());
    let around_one = uniform.iter().map(|u| 1.0 + 0.5 * u);
    let both = positive.into_iter().chain(tiny).chain(around_one).flat_map(|x| [x, -x]);
    both.filter(|&x| match function {
        Function::Log => x > 0.0,
        Function::Log1p => x > -1.0,
        _ => true,
    })
    .collect()
}

/// Bounds on the errors in units in the last place, as the files of the functions state them.
fn bound(function: Function) -> f64 {
    match function {
        Function::Exp => 1.05,
        Function::Tanh => 2.5,
        Function::Log | Function::SineOfTurns | Function::CosineOfTurns => 2.0,
        Function::Sine | Function::Cosine | Function::ArcTangent | Function::ArcCotangent => 2.5,
        Function::Log1p | Function::Sigmoid | Function::Silu => 3.0,
        Function::Softplus => 3.5,
    }
}

/// The largest error with its argument; NaN counts as larger than any number.
fn worst(errors: impl Iterator<Item = (f64, f64)>) -> (f64, f64) {
    errors.max_by(|a, b| a.0.total_cmp(&b.0)).unwrap()
}

#[test]
fn errors_are_at_most_what_the_documentation_says() {
    for function in ALL {
        let single = single_arguments(function);
        let exact: Vec<f64> = single.iter().map(|&x| reference_for_single(function, x)).collect();
        let double = double_arguments(function);
        let doubled: Vec<DoubleDouble> = double.iter().map(|&x| function.doubled(x)).collect();
        for (instructions, computed) in sets() {
            let single = single.iter().zip((computed.single)(function, &single)).zip(&exact);
            let double = double.iter().zip((computed.double)(function, &double)).zip(&doubled);
            let worst = [
                worst(single.map(|((&x, y), e)| ((f64::from(y) - e).abs() / unit(*e, 23, -149), f64::from(x)))),
                worst(double.map(|((&x, y), e)| (((y - e.high) - e.low).abs() / unit(e.high, 52, -1074), x))),
            ];
            for (error, at) in worst {
                assert!(error <= bound(function), "{function:?}, {instructions:?}: error {error} at {at}");
            }
        }
    }
}

/// f64 functions of the standard library are exact enough for f32; turns are reduced exactly first.
fn reference_for_single(function: Function, x: f32) -> f64 {
    let x = f64::from(x);
    match function {
        Function::Exp => x.exp(),
        Function::Tanh => x.tanh(),
        Function::Log => x.ln(),
        Function::SineOfTurns | Function::CosineOfTurns => function.exact(x),
        Function::Sine => x.sin(),
        Function::Cosine => x.cos(),
        Function::ArcTangent => x.atan2(1.0),
        Function::ArcCotangent => 1f64.atan2(x),
        Function::Log1p => x.ln_1p(),
        Function::Sigmoid => 1.0 / (1.0 + (-x).exp()),
        Function::Softplus => x.max(0.0) + (-x.abs()).exp().ln_1p(),
        Function::Silu => x / (1.0 + (-x).exp()),
    }
}

#[test]
fn what_is_not_a_number_stays_so() {
    for (instructions, computed) in sets() {
        for function in ALL {
            let single = (computed.single)(function, &[f32::NAN, 0.5, -f32::NAN]);
            let double = (computed.double)(function, &[f64::NAN, 0.5, -f64::NAN]);
            let is_nan: Vec<bool> =
                single.iter().map(|x| x.is_nan()).chain(double.iter().map(|x| x.is_nan())).collect();
            assert_eq!(is_nan, [true, false, true, true, false, true], "{function:?}, {instructions:?}");
        }
    }
}

/// Arguments and results at the ends of the range, in f32 and f64.
type Ends = Vec<(f64, [f64; 2])>;

fn ends(function: Function) -> Ends {
    let infinity = f64::INFINITY;
    let least = [(-87f64).exp(), (-708f64).exp()];
    let half = 0.5 * PI;
    let nan = f64::NAN;
    match function {
        Function::Exp => vec![
            (0.0, [1.0; 2]),
            (-0.0, [1.0; 2]),
            (infinity, [infinity; 2]),
            (-infinity, least),
            (88.5, [infinity, 88.5f64.exp()]),
            (709.5, [infinity; 2]),
            (1e4, [infinity; 2]),
            (-1e4, least),
        ],
        Function::Tanh => vec![(0.0, [0.0; 2]), (-0.0, [0.0; 2]), (infinity, [1.0; 2]), (-infinity, [-1.0; 2])],
        Function::Log => vec![
            (0.0, [-infinity; 2]),
            (-0.0, [-infinity; 2]),
            (infinity, [infinity; 2]),
            (-1.0, [f64::NAN; 2]),
            (-infinity, [f64::NAN; 2]),
            (1.0, [0.0; 2]),
        ],
        Function::SineOfTurns => {
            vec![(0.0, [0.0; 2]), (-0.0, [0.0; 2]), (0.25, [1.0; 2]), (-0.25, [-1.0; 2]), (0.5, [0.0; 2])]
        }
        Function::CosineOfTurns => vec![(0.0, [1.0; 2]), (0.25, [0.0; 2]), (0.5, [-1.0; 2]), (-1.0, [1.0; 2])],
        Function::Sine => vec![(0.0, [0.0; 2]), (-0.0, [0.0; 2]), (2e6, [nan; 2]), (-infinity, [nan; 2])],
        Function::Cosine => vec![(0.0, [1.0; 2]), (-0.0, [1.0; 2]), (-2e6, [nan; 2]), (infinity, [nan; 2])],
        Function::ArcTangent => vec![(0.0, [0.0; 2]), (infinity, [half; 2]), (-infinity, [-half; 2])],
        Function::ArcCotangent => vec![(0.0, [half; 2]), (infinity, [0.0; 2]), (-infinity, [PI; 2])],
        Function::Log1p => vec![
            (0.0, [0.0; 2]),
            (-1.0, [-infinity; 2]),
            (infinity, [infinity; 2]),
            (-1.5, [nan; 2]),
            (-infinity, [nan; 2]),
        ],
        Function::Sigmoid => vec![(0.0, [0.5; 2]), (infinity, [1.0; 2]), (-infinity, [0.0; 2]), (1e4, [1.0; 2])],
        Function::Softplus => vec![(0.0, [LN_2; 2]), (infinity, [infinity; 2]), (-infinity, least), (1e4, [1e4; 2])],
        Function::Silu => vec![(0.0, [0.0; 2]), (infinity, [infinity; 2]), (-1e4, [0.0; 2]), (1e4, [1e4; 2])],
    }
}

#[test]
fn ends_of_the_ranges_are_as_documented() {
    for (instructions, computed) in sets() {
        for function in ALL {
            let ends = ends(function);
            let singles: Vec<f32> = ends.iter().map(|end| end.0 as f32).collect();
            let doubles: Vec<f64> = ends.iter().map(|end| end.0).collect();
            let single = (computed.single)(function, &singles);
            let double = (computed.double)(function, &doubles);
            for (i, (x, expected)) in ends.into_iter().enumerate() {
                for (got, expected, relative) in
                    [(f64::from(single[i]), expected[0], 1e-6), (double[i], expected[1], 1e-15)]
                {
                    let same = got == expected || (got.is_nan() && expected.is_nan());
                    let near = (got - expected).abs() <= relative * expected.abs();
                    assert!(same || near, "{function:?}({x}), {instructions:?}: expected {expected}, got {got}");
                }
            }
        }
    }
}

#[test]
fn angles_of_points_on_the_axes_and_the_diagonals() {
    struct Angle<'a, L: Lanes>(&'a mut [L::Scalar]);
    impl<L: Lanes> Work for Angle<'_, L> {
        #[inline(always)]
        unsafe fn run(self) {
            let lanes = |i: usize| {
                let mut numbers = [L::Scalar::from_f64(0.0); 16];
                numbers.copy_from_slice(&self.0[16 * i..][..16]);
                // SAFETY: sixteen numbers hold the lanes.
                unsafe { numbers.as_ptr().cast::<L>().read_unaligned() }
            };
            let angle = atan2(lanes(0), lanes(1));
            // SAFETY: as above.
            unsafe { self.0.as_mut_ptr().cast::<L>().write_unaligned(angle) };
        }
    }
    let infinity = f64::INFINITY;
    let ys = [0.0, 0.0, 1.0, -1.0, -1.0, infinity, -infinity, f64::NAN];
    let xs = [0.0, -1.0, 0.0, 0.0, -1.0, infinity, -2.0, infinity];
    let exact = [0.0, PI, 0.5 * PI, -0.5 * PI, -0.75 * PI, 0.25 * PI, -0.5 * PI, f64::NAN];
    let mut numbers = [0.0; 32];
    numbers[..8].copy_from_slice(&ys);
    numbers[16..24].copy_from_slice(&xs);
    // SAFETY: arrays need no instruction set.
    unsafe { Array::<f64, 8>::isolate(Angle::<Array<f64, 8>>(&mut numbers)) };
    for (got, expected) in numbers.iter().zip(exact) {
        assert!((got - expected).abs() < 1e-15 || (got.is_nan() && expected.is_nan()), "{got} {expected}");
    }
}

#[test]
fn exponentials_become_infinite_at_the_same_number_for_all_instruction_sets() {
    let single: Vec<f32> = (0..1000).map(|i| 88.0 + 1e-3 * i as f32).collect();
    let double: Vec<f64> = (0..1000).map(|i| 709.0 + 1e-3 * f64::from(i)).collect();
    for (instructions, computed) in sets() {
        let least = |finite: Vec<bool>| finite.iter().filter(|finite| **finite).count();
        let singles = (computed.single)(Function::Exp, &single).into_iter().map(f32::is_finite).collect();
        let doubles = (computed.double)(Function::Exp, &double).into_iter().map(f64::is_finite).collect();
        // 127.5 log 2 = 88.376 and 1023.5 log 2 = 709.436.
        assert_eq!([least(singles), least(doubles)], [377, 437], "{instructions:?}");
    }
}
