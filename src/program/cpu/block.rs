//! All steps of a plan for one block of samples.

use super::super::Feed;
use super::super::recorder::Shape;
use super::super::short::Short;
use super::super::stencil::NONE;
use super::super::steps::{Fused, Place, Plan, STRIP, Step};
use super::convolve::convolve;
use super::correlate::correlate;
use super::prior::{Key, normals};
use super::{spectral, winograd};
use crate::simd::Line;
use crate::simd::{Lanes, Real};

/// Where a block is computed.
pub(super) struct Frame<L: Lanes> {
    pub lines: *mut L,
    pub packed: *const L::Scalar,
    /// 1 in the lanes that hold a sample, 0 in the others.
    pub valid: L,
}

/// One block: what it reads and where its results go.
pub(super) struct Block<'a, 'b> {
    pub lines: *mut Line,
    pub packed: *const u8,
    pub parameters: &'a [f64],
    pub feeds: &'a [Feed<'a>],
    /// Index of the first sample, and their number: at most a block.
    pub first: usize,
    pub samples: usize,
    /// Results of these samples, one slice for each output; empty for summed ones.
    pub results: &'a mut [&'b mut [f64]],
    /// Sums over samples, one for each output; empty for the others.
    pub sums: &'a mut [Vec<f64>],
}

/// Runs all steps.
///
/// # Safety
/// `lines` points to the plan's lines followed by its strips, `packed` to its packed weights in the lanes' precision.
#[inline(always)]
pub(super) unsafe fn run<L: Lanes>(plan: &Plan, block: &mut Block) {
    let valid: [L::Scalar; 16] = std::array::from_fn(|i| L::Scalar::from_f64(f64::from(i < block.samples)));
    // SAFETY: the array holds at least the lanes; the pointers are the caller's promise.
    unsafe {
        let valid = std::ptr::read_unaligned(valid.as_ptr().cast::<L>());
        let frame = Frame::<L> { lines: block.lines.cast(), packed: block.packed.cast(), valid };
        for step in &plan.steps {
            self::step(plan, step, &frame, block);
        }
    }
}

#[inline(always)]
unsafe fn step<L: Lanes>(plan: &Plan, step: &Step, frame: &Frame<L>, block: &mut Block) {
    let line = |at: usize| frame.lines.wrapping_add(at);
    // SAFETY: the plan's places lie inside the frame; the caller's promise.
    unsafe {
        match step {
            Step::Input { index, to, shape } => input(block, *index, line(*to), *shape),
            Step::Parameter { offset, to, count } => {
                for (i, &p) in block.parameters[*offset..offset + count].iter().enumerate() {
                    *line(to + i) = L::constant(p);
                }
            }
            Step::Constant { value, to, shape } if shape.wide => *line(*to).cast() = L::Wide::constant(*value),
            Step::Constant { value, to, shape } => {
                std::slice::from_raw_parts_mut(line(*to), shape.count()).fill(L::constant(*value));
            }
            Step::Table { values, to } => {
                for (i, &value) in values.iter().enumerate() {
                    *line(to + i) = L::constant(value);
                }
            }
            Step::Fused(fused) if fused.shape.wide => {
                self::fused::<L::Wide>(fused, block.lines, plan.lines);
            }
            Step::Fused(fused) => self::fused::<L>(fused, block.lines, plan.lines),
            Step::Map { from, to, channels, inputs, sources } => {
                for c in 0..*channels {
                    let (x, y) = (line(from + c * inputs), line(to + c * sources.len()));
                    for (s, &t) in sources.iter().enumerate() {
                        *y.add(s) = if t == NONE { L::constant(0.0) } else { *x.add(t as usize) };
                    }
                }
            }
            Step::Convolve(step) => match &step.short {
                Some((Short::Rows(rows), scratch)) => winograd::convolve(step, rows, *scratch, frame),
                Some((Short::Torus(torus), scratch)) => spectral::convolve(step, torus, *scratch, frame),
                None => convolve(step, frame),
            },
            Step::Correlate(step) => correlate(step, frame, block.sums),
            Step::SumSites { from, to, channels, sites } => {
                for c in 0..*channels {
                    let x = std::slice::from_raw_parts(line(from + c * sites), *sites);
                    let mut sum = L::constant(0.0);
                    for &x in x {
                        sum = sum + x;
                    }
                    *line(to + c) = sum;
                }
            }
            Step::SpreadSites { from, to, channels, sites } => {
                for c in 0..*channels {
                    let x = *line(from + c);
                    std::slice::from_raw_parts_mut(line(to + c * sites), *sites).fill(x);
                }
            }
            Step::Total { from, to, count } => {
                let x = std::slice::from_raw_parts(line(*from), *count);
                let mut sum = L::Wide::constant(0.0);
                for x in x {
                    sum = sum + x.widen();
                }
                *line(*to).cast() = sum;
            }
            Step::Spread { from, to, count } => {
                let x = L::narrow(*line(*from).cast());
                std::slice::from_raw_parts_mut(line(*to), *count).fill(x);
            }
            Step::Place { from, to, before, count, after } => {
                std::slice::from_raw_parts_mut(line(*to), *before).fill(L::constant(0.0));
                std::ptr::copy_nonoverlapping(line(*from), line(to + before), *count);
                std::slice::from_raw_parts_mut(line(to + before + count), *after).fill(L::constant(0.0));
            }
            Step::Copy { from, index, shape } => {
                let samples = block.samples;
                let result = &mut *block.results[*index];
                if shape.wide {
                    copy::<L::Wide>(line(*from).cast(), 1, samples, result);
                } else {
                    copy::<L>(line(*from), shape.count(), samples, result);
                }
            }
            Step::Reduce { from, index, shape } => {
                let sums = &mut block.sums[*index];
                if shape.wide {
                    let value: L::Wide = *line(*from).cast();
                    sums[0] += (value * frame.valid.widen()).sum();
                } else {
                    for (i, sum) in sums.iter_mut().enumerate() {
                        *sum += (*line(from + i) * frame.valid).sum().to_f64();
                    }
                }
            }
        }
    }
}

/// Runs a fused group strip by strip; strips lie behind the plan's lines.
#[inline(always)]
unsafe fn fused<L: Lanes>(fused: &Fused, lines: *mut Line, strips: usize) {
    let count = fused.shape.count();
    let mut first = 0;
    while first < count {
        let length = STRIP.min(count - first);
        for step in &fused.operations {
            // SAFETY: lines and strips are those of the plan.
            let at = |place: Place| match place {
                Place::Line(line) => lines.wrapping_add(line).cast::<L>().wrapping_add(first),
                Place::Strip(strip) => lines.wrapping_add(strips + strip * STRIP).cast::<L>(),
            };
            let arguments = step.arguments.map(|a| at(a).cast_const());
            // SAFETY: as above.
            unsafe { step.operation.apply(arguments, step.constant, at(step.to), length) };
        }
        first += length;
    }
}

/// Reads samples into the lanes; lanes beyond the last sample repeat it.
#[inline(always)]
unsafe fn input<L: Lanes>(block: &Block, index: usize, to: *mut L, shape: Shape) {
    match block.feeds[index] {
        Feed::Normal(key) => {
            let key = Key { counter: key.counter.wrapping_add(block.first as u64), ..key };
            // SAFETY: the caller's promise.
            unsafe { normals(key, block.samples, shape.count(), to) }
        }
        Feed::Array(numbers) if shape.wide => {
            // SAFETY: the caller's promise.
            unsafe { transpose::<L::Wide>(block, numbers, 1, to.cast()) }
        }
        // SAFETY: the caller's promise.
        Feed::Array(numbers) => unsafe { transpose::<L>(block, numbers, shape.count(), to) },
    }
}

#[inline(always)]
unsafe fn transpose<L: Lanes>(block: &Block, numbers: &[f64], count: usize, to: *mut L) {
    let scalars = to.cast::<L::Scalar>();
    for lane in 0..L::WIDTH {
        let sample = block.first + lane.min(block.samples - 1);
        for (i, &x) in numbers[sample * count..(sample + 1) * count].iter().enumerate() {
            // SAFETY: `to` has `count` vectors.
            unsafe { *scalars.add(i * L::WIDTH + lane) = L::Scalar::from_f64(x) };
        }
    }
}

/// Writes the lanes that hold samples.
#[inline(always)]
unsafe fn copy<L: Lanes>(from: *const L, count: usize, samples: usize, to: &mut [f64]) {
    let scalars = from.cast::<L::Scalar>();
    for (lane, result) in to.chunks_exact_mut(count).take(samples).enumerate() {
        for (i, x) in result.iter_mut().enumerate() {
            // SAFETY: `from` has `count` vectors.
            *x = unsafe { *scalars.add(i * L::WIDTH + lane) }.to_f64();
        }
    }
}
