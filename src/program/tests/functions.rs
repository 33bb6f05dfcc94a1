//! Functions of lanes: errors in units in the last place for each instruction set, and what is not a number stays so.

use super::super::cpu::functions::{exp, log, sin_cos_of_turns, tanh};
use super::double_double::DoubleDouble;
use super::random;
use crate::simd::{Array, Instructions, Lanes, Real, Work};

#[cfg(target_arch = "x86_64")]
use crate::simd::{F32x8, F32x16, F64x4, F64x8, Pair};

#[derive(Clone, Copy, Debug, PartialEq)]
enum Function {
    Exp,
    Tanh,
    Log,
    Sine,
    Cosine,
}

const ALL: [Function; 5] = [Function::Exp, Function::Tanh, Function::Log, Function::Sine, Function::Cosine];

impl Function {
    #[inline(always)]
    fn of<L: Lanes>(self, x: L) -> L {
        match self {
            Function::Exp => exp(x),
            Function::Tanh => tanh(x),
            Function::Log => log(x),
            Function::Sine => sin_cos_of_turns(x).0,
            Function::Cosine => sin_cos_of_turns(x).1,
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
        match self {
            Function::Exp => DoubleDouble::from(x).exp(),
            Function::Tanh => DoubleDouble::from(x.clamp(-40.0, 40.0)).tanh(),
            Function::Log => DoubleDouble::from(x).log(),
            Function::Sine if quadrant == 0.0 => turn().0,
            Function::Sine if quadrant == 1.0 => turn().1,
            Function::Sine if quadrant == 2.0 => -turn().0,
            Function::Sine => -turn().1,
            Function::Cosine if quadrant == 0.0 => turn().1,
            Function::Cosine if quadrant == 1.0 => -turn().0,
            Function::Cosine if quadrant == 2.0 => -turn().1,
            Function::Cosine => turn().0,
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
    // SAFETY: only sets that this processor has are asked for.
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
    Instructions::ALL.into_iter().filter(|i| i.is_available()).map(|i| (i, computed(i))).collect()
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
        Function::Exp => x.abs() <= 87.0,
        Function::Tanh => true,
        Function::Log => x > 0.0,
        Function::Sine | Function::Cosine => x.abs() < 1_048_576.0,
    })
    .collect()
}

fn double_arguments(function: Function) -> Vec<f64> {
    let uniform = random(1, 10_000);
    let positive: Vec<f64> = match function {
        Function::Exp => uniform.iter().map(|u| u * 690.0).collect(),
        Function::Tanh => uniform.iter().map(|u| u * 22.0).collect(),
        Function::Log => uniform.iter().map(|u| (u * 708.0).exp()).collect(),
        Function::Sine | Function::Cosine => uniform.iter().map(|u| u * 2.0).collect(),
    };
    let tiny = uniform.iter().map(|u| (-700.0 * u * u).exp());
    let around_one = uniform.iter().map(|u| 1.0 + 0.5 * u);
    let both = positive.into_iter().chain(tiny).chain(around_one).flat_map(|x| [x, -x]);
    both.filter(|&x| x > 0.0 || function != Function::Log).collect()
}

/// Bounds on the errors in units in the last place, as `functions.rs` states them.
fn bound(function: Function) -> f64 {
    match function {
        Function::Exp => 1.05,
        Function::Tanh => 2.5,
        Function::Log | Function::Sine | Function::Cosine => 2.0,
    }
}

/// The largest error with its argument; what is not a number is larger than all.
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
        Function::Sine | Function::Cosine => function.exact(x),
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
    let clamped = |sign: f64| [(sign * 87.0).exp(), (sign * 708.0).exp()];
    match function {
        Function::Exp => vec![
            (0.0, [1.0; 2]),
            (-0.0, [1.0; 2]),
            (infinity, clamped(1.0)),
            (-infinity, clamped(-1.0)),
            (1e4, clamped(1.0)),
            (-1e4, clamped(-1.0)),
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
        Function::Sine => {
            vec![(0.0, [0.0; 2]), (-0.0, [0.0; 2]), (0.25, [1.0; 2]), (-0.25, [-1.0; 2]), (0.5, [0.0; 2])]
        }
        Function::Cosine => vec![(0.0, [1.0; 2]), (0.25, [0.0; 2]), (0.5, [-1.0; 2]), (-1.0, [1.0; 2])],
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
