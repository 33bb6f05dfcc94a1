//! Fourier transforms of fields in lanes: rows along x in registers, then the other axes, plane by plane while they are
//! in a cache. See `program/fourier.rs` for conventions, `program/transform.rs` for the passes of a row.
//!
//! A transform of complex rows backward is the one forward with real and imaginary parts exchanged.

use super::super::fourier::Way;
use super::super::transform::{Axis, Transform};
use super::frame::Frame;
use super::passes::{Complex, Complexes, RealBackward, RealForward, RealRun, Rows, Run, scaled};
use crate::simd::{Lanes, Work};

/// Runs a transform for one block.
///
/// # Safety
/// The plan's lines lie inside the frame's memory.
#[inline(always)]
pub(in super::super) unsafe fn transform<L: Lanes>(step: &Transform, frame: &Frame<L>) {
    let (from, to, scratch) = (frame.line(step.from), frame.line(step.to), frame.line(step.scratch));
    // SAFETY: the caller's promise.
    unsafe { L::isolate(Channels { step, from, to, scratch }) }
}

/// All channels of a transform.
pub(super) struct Channels<'a, L> {
    pub step: &'a Transform,
    pub from: *mut L,
    pub to: *mut L,
    pub scratch: *mut L,
}

impl<L: Lanes> Work for Channels<'_, L> {
    #[inline(always)]
    unsafe fn run(self) {
        let Self { step, from, to, scratch } = self;
        let (sites, modes, parts) = (step.volume(), step.modes(), step.parts());
        let mut next = scratch;
        let mut part = |count: usize| {
            let start = next;
            next = next.wrapping_add(2 * count);
            Complex { re: start, im: start.wrapping_add(count) }
        };
        let (row, classes) = (part(parts.row), part(parts.classes));
        let (sheet, spectrum) = (part(parts.sheet), part(parts.spectrum));
        let torus = Torus { step, row, classes, sheet, spectrum };
        let half = |start: *mut L, c: usize| {
            let re = start.wrapping_add(2 * c * modes);
            Complex { re, im: re.wrapping_add(modes) }
        };
        for c in 0..step.channels {
            // SAFETY: the caller's promise; a channel has `sites` lines, and its half spectrum twice `modes`.
            unsafe {
                match step.way {
                    Way::Forward => torus.forward(from.wrapping_add(c * sites), half(to, c)),
                    Way::Backward => torus.backward(half(from, c), to.wrapping_add(c * sites)),
                }
            }
        }
    }
}

/// Runs work that is compiled for each radix of a complex row.
macro_rules! by_radix {
    ($lanes:ident, $radix:expr, $work:ident($of:expr), [$($more:literal)?]) => {
        match $radix {
            $($more => $lanes::isolate($work::<$lanes, $more>($of)),)?
            2 => $lanes::isolate($work::<$lanes, 2>($of)),
            3 => $lanes::isolate($work::<$lanes, 3>($of)),
            4 => $lanes::isolate($work::<$lanes, 4>($of)),
            5 => $lanes::isolate($work::<$lanes, 5>($of)),
            6 => $lanes::isolate($work::<$lanes, 6>($of)),
            8 => $lanes::isolate($work::<$lanes, 8>($of)),
            10 => $lanes::isolate($work::<$lanes, 10>($of)),
            12 => $lanes::isolate($work::<$lanes, 12>($of)),
            16 => $lanes::isolate($work::<$lanes, 16>($of)),
            other => unreachable!("rows have no factor {other}"),
        }
    };
}

/// A transform with its scratch memory.
struct Torus<'a, L> {
    step: &'a Transform,
    row: Complex<L>,
    classes: Complex<L>,
    sheet: Complex<L>,
    spectrum: Complex<L>,
}

impl<L: Lanes> Torus<'_, L> {
    /// Rows along x in a plane, and number of planes.
    fn planes(&self) -> (usize, usize) {
        let rows = self.step.axes.first().map_or(1, |y| y.length);
        (rows, self.step.volume() / self.step.x.length / rows)
    }

    /// The half spectrum of one channel.
    ///
    /// # Safety
    /// Both lead to the numbers of a channel, the scratch memory is there. The processor has the instructions of `L`.
    #[inline(always)]
    unsafe fn forward(&self, from: *const L, to: Complex<L>) {
        let (rows, planes) = self.planes();
        let half = self.step.x.half();
        // SAFETY: the caller's promise.
        unsafe {
            for plane in 0..planes {
                let to = to.at(plane * rows * half);
                self.real_forward(from.wrapping_add(plane * rows * self.step.x.length), to, rows);
                if let Some(y) = self.step.axes.first() {
                    self.rows(y, [to.rows(half, 1); 2], half);
                }
            }
            self.outer(to, to);
        }
    }

    /// The field of one channel.
    ///
    /// # Safety
    /// As for `forward`.
    #[inline(always)]
    unsafe fn backward(&self, from: Complex<L>, to: *mut L) {
        let (rows, planes) = self.planes();
        let half = self.step.x.half();
        let has_outer = self.step.axes.len() > 1;
        // SAFETY: the caller's promise.
        unsafe {
            self.outer(from.exchanged(), self.spectrum.exchanged());
            let from = if has_outer { self.spectrum } else { from };
            for plane in 0..planes {
                let mut from = from.at(plane * rows * half);
                if let Some(y) = self.step.axes.first() {
                    let to = if has_outer { from } else { self.spectrum };
                    self.rows(y, [from, to].map(|numbers| numbers.exchanged().rows(half, 1)), half);
                    from = to;
                }
                self.real_backward(from, to.wrapping_add(plane * rows * self.step.x.length), rows);
            }
        }
    }

    /// Transforms the axes after the first two; two of them sheet by sheet, while the next sheet is prefetched.
    ///
    /// # Safety
    /// As for `forward`.
    #[inline(always)]
    unsafe fn outer(&self, from: Complex<L>, to: Complex<L>) {
        let [y, outer @ ..] = &self.step.axes[..] else { return };
        let stride = y.length * self.step.x.half();
        // SAFETY: the caller's promise.
        unsafe {
            match outer {
                [] => {}
                [z] => self.rows(z, [from.rows(stride, 1), to.rows(stride, 1)], stride),
                [z, t, ..] => {
                    let far = stride * z.length;
                    for mode in 0..stride {
                        for row in 0..t.length {
                            let from = from.at(mode + row * far);
                            prefetch(from.at(1).rows(stride, 0), z.length);
                            self.rows(z, [from.rows(stride, 0), self.sheet.at(row * z.length).rows(1, 0)], 1);
                        }
                        let to = to.at(mode).rows(far, stride);
                        self.rows(t, [self.sheet.rows(z.length, 1), to], z.length);
                    }
                }
            }
        }
    }

    /// Transforms complex rows, from and to the same or different memory.
    ///
    /// # Safety
    /// Both lead to `count` rows. The processor has the instructions of `L`.
    #[inline(always)]
    unsafe fn rows(&self, axis: &Axis, [from, to]: [Rows<L>; 2], count: usize) {
        // SAFETY: the caller's promise; scratch memory holds two rows where there are three passes.
        unsafe {
            if let [pass] = &axis.passes[..] {
                by_radix!(L, pass.radix, Complexes(Run { pass, from, to, count }), []);
                return;
            }
            for row in 0..count {
                let mut from = Rows { start: from.start.at(row * from.next), ..from };
                let to = Rows { start: to.start.at(row * to.next), ..to };
                for (i, pass) in axis.passes.iter().enumerate() {
                    let is_last = i + 1 == axis.passes.len();
                    let to = if is_last { to } else { self.row.at(i % 2 * axis.length).rows(1, 0) };
                    by_radix!(L, pass.radix, Complexes(Run { pass, from, to, count: 1 }), []);
                    from = to;
                }
            }
        }
    }

    /// Transforms real rows.
    ///
    /// # Safety
    /// As for `rows`.
    #[inline(always)]
    unsafe fn real_forward(&self, from: *const L, to: Complex<L>, count: usize) {
        let (axis, factors) = (&self.step.x, self.step.factors);
        let (m, half) = (axis.rest(), axis.half());
        // SAFETY: the caller's promise.
        unsafe {
            if m == 1 {
                by_radix!(
                    L,
                    axis.radix,
                    RealForward(RealRun { axis, real: from.cast_mut(), half: to, count, factors }),
                    [1]
                );
                return;
            }
            for row in 0..count {
                let real = from.wrapping_add(row * axis.length).cast_mut();
                let run = RealRun { axis, real, half: self.classes, count: 1, factors: None };
                by_radix!(L, axis.radix, RealForward(run), []);
                self.rows(&axis.class, [self.classes.rows(1, m); 2], axis.radix / 2 + 1);
                for (mode, source) in axis.modes.iter().enumerate() {
                    let (re, im) = read(self.classes, source.place, source.is_conjugate);
                    let (re, im) = scaled((re, im), factors, mode == 0 || 2 * mode == axis.length);
                    let place = to.at(row * half + mode);
                    (*place.re, *place.im) = (re, im);
                }
            }
        }
    }

    /// The transposed map of real rows.
    ///
    /// # Safety
    /// As for `rows`.
    #[inline(always)]
    unsafe fn real_backward(&self, from: Complex<L>, to: *mut L, count: usize) {
        let (axis, factors) = (&self.step.x, self.step.factors);
        let (m, half) = (axis.rest(), axis.half());
        // SAFETY: the caller's promise.
        unsafe {
            if m == 1 {
                by_radix!(L, axis.radix, RealBackward(RealRun { axis, real: to, half: from, count, factors }), [1]);
                return;
            }
            for row in 0..count {
                for (number, source) in axis.numbers.iter().enumerate() {
                    let (mut re, mut im) = (L::constant(0.0), L::constant(0.0));
                    if let Some(source) = source {
                        let numbers = read(from.at(row * half), source.place, source.is_conjugate);
                        let is_single = source.place == 0 || 2 * source.place == axis.length;
                        (re, im) = scaled(numbers, factors, is_single);
                    }
                    let place = self.classes.at(number);
                    (*place.re, *place.im) = (re, im);
                }
                self.rows(&axis.class, [self.classes.exchanged().rows(1, m); 2], axis.radix / 2 + 1);
                let real = to.wrapping_add(row * axis.length);
                let run = RealRun { axis, real, half: self.classes, count: 1, factors: None };
                by_radix!(L, axis.radix, RealBackward(run), []);
            }
        }
    }
}

/// Prefetch: the numbers of a row.
#[inline(always)]
fn prefetch<L: Lanes>(row: Rows<L>, count: usize) {
    for place in (0..count).map(|i| row.start.at(i * row.step)) {
        L::prefetch(place.re.cast_const().cast());
        L::prefetch(place.im.cast_const().cast());
    }
}

/// A complex number, or its conjugate.
///
/// # Safety
/// There is a number at the place. The processor has the instructions of `L`.
#[inline(always)]
unsafe fn read<L: Lanes>(from: Complex<L>, place: usize, is_conjugate: bool) -> (L, L) {
    let from = from.at(place);
    // SAFETY: the caller's promise.
    let (re, im) = unsafe { (*from.re, *from.im) };
    (re, if is_conjugate { L::constant(0.0) - im } else { im })
}
