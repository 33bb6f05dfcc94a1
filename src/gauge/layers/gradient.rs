//! The gradient of f(U') − log J by the coefficients of a layer, sublayer by sublayer backwards.
//!
//! A link's slope is a matrix Z with df = Re tr X Z for dU = X U. With f_a = Re tr(i T_a Z) of the moved link, a sublayer
//! hands back, for M = Σ_l ρ_l U A_l and Q = TA(M),
//!
//! ```text
//! Λ = ∂(f − log J)/∂M, df − d log J = Re tr Λ dM + (e^{ad Q} f)·x,    ∂/∂q of f through exp(−Q): −ψ(ad Q) f
//! ∂/∂ρ_l = Re tr Λ U A_l,    Z ← e^{ad Q} f + M Λ,    Z_V ← Z_V ± ρ_l (A_l Λ U, turned to begin before V)
//! ```
//!
//! with the sign of the direction in which A_l follows the link V.

#![allow(clippy::needless_range_loop)]

use super::invariants::Around;
use super::kernel::Work;
use super::plan::{Layers, PART};
use super::rule::Rule;
use super::trail::Trail;
use crate::error::Result;
use crate::gauge::paths::Step;
use crate::gauge::wide_paths::{follow, places};
use crate::group::structure::{MOST, Structure, count};
use crate::group::wide::Wide;
use crate::group::wide_exponential::WIDTH;
use crate::group::wide_response::{Parts, combined, slopes, terms_for, traces, turned_back};
use crate::group::with_colours;
use crate::memory;
use crate::simd::{Instructions, Lanes, Launch, Places, launch};

/// Most links of a path.
const LONGEST: usize = 6;

impl Layers {
    /// Adds the gradient of f − log J by the parameters of a rule to one, for the slopes Z of f at the field behind the layer,
    /// which are used up; the field is taken back to where the trail began.
    pub fn gradient(
        &self,
        [links, slopes]: [&mut [f64]; 2],
        rule: &dyn Rule,
        trail: &mut Trail,
        gradient: &mut [f64],
    ) -> Result<()> {
        let (d, reals) = (self.neighbours.dimensions(), self.group.reals());
        for class in self.classes.iter().rev() {
            let kept = trail.back();
            for (site, link) in class.sites.iter().zip(kept.chunks_exact(reals)) {
                links[(site * d + class.mu) * reals..][..reals].copy_from_slice(link);
            }
            for part in 0..class.parts() {
                // SAFETY: field and slopes have all links of the lattice; this thread alone has them.
                unsafe {
                    let coefficients = self.coefficients_of(class, links.as_mut_ptr(), (part, rule))?;
                    let work = self.work(class, links.as_mut_ptr(), (part, &coefficients));
                    let mut by_rho =
                        memory::filled("slopes of a layer's coefficients", 0.0, class.slots_of(part).len())?;
                    let back = (work, slopes.as_mut_ptr());
                    with_colours!(self.group, run(back, &mut by_rho));
                    let slots = class.slots_of(part).chunks_exact(class.staples);
                    let mut by_invariants = [[0.0; 2]; PART];
                    let rows = slots.zip(by_rho.chunks_exact(class.staples)).zip(coefficients.invariants);
                    for (((slots, by_rho), invariants), result) in rows.zip(&mut by_invariants) {
                        *result = rule.back(invariants, slots, by_rho, gradient);
                    }
                    if rule.has_invariants() {
                        let back = (work, slopes.as_mut_ptr());
                        with_colours!(self.group, run_around(back, &class.around, &by_invariants));
                    }
                }
            }
        }
        Ok(())
    }
}

/// # Safety
/// As for [`Work::run`], with slopes of all links.
unsafe fn run<const N: usize>((work, slopes): (Work, *mut f64), by_rho: &mut [f64]) {
    // SAFETY: the caller's promise; the processor was asked.
    unsafe { launch(Instructions::best(), Back::<N> { work, slopes, by_rho }) };
}

/// # Safety
/// As for [`Work::run`], with slopes of all links.
unsafe fn run_around<const N: usize>((work, slopes): (Work, *mut f64), loops: &[Around], by: &[[f64; 2]]) {
    // SAFETY: the caller's promise; the processor was asked.
    unsafe { launch(Instructions::best(), BackAround::<N> { work, slopes, loops, by }) };
}

struct Back<'a, 'b, const N: usize> {
    work: Work<'a>,
    slopes: *mut f64,
    /// ∂f/∂ρ: `[link][staple]`.
    by_rho: &'b mut [f64],
}

impl<const N: usize> Launch<f64> for Back<'_, '_, N> {
    #[inline(always)]
    unsafe fn run<L: Lanes<Scalar = f64>>(mut self) {
        let (d, terms) = (self.work.neighbours.dimensions(), terms_for(self.work.bound));
        for first in (0..self.work.sites.len()).step_by(WIDTH) {
            let (sites, count) = self.work.lanes(first);
            let own = places::<N>(&sites, d, self.work.mu);
            // SAFETY: the caller's promise: links of the lattice.
            unsafe {
                let link = Wide::<L, N>::load(self.work.links, &own);
                let m = link.times(&self.work.sum_of_staples::<L, N>(&sites, first));
                let z = Wide::<L, N>::load(self.slopes, &own);
                let (by_m, back) = pulled_back(&m, &z, terms);
                let back = back.plus_scaled(L::constant(1.0), &m.times(&by_m));
                back.store_first(self.slopes, &own, count);
                self.around::<L>(&sites, (first, count), &by_m.times(&link));
            }
        }
    }
}

/// Λ, and the part of the new Z that does not go through M.
#[inline(always)]
fn pulled_back<L: Lanes<Scalar = f64>, const N: usize>(
    m: &Wide<L, N>,
    z: &Wide<L, N>,
    terms: usize,
) -> (Wide<L, N>, Wide<L, N>) {
    let (zero, norm) = (L::constant(0.0), L::constant(Structure::of::<N>().norm));
    let (parts, [_, mut f]) = (Parts::of(m), traces(z));
    for c in 0..count(N) {
        // Re tr i T_c Z.
        f[c] = zero - f[c];
    }
    let by_parts = slopes::<L, N>(&parts, terms);
    let [through_q, mut through_u] = turned_back::<L, N>(&parts, &f, terms);
    let (mut even, mut odd) = ([zero; MOST], [zero; MOST]);
    for c in 0..count(N) {
        even[c] = zero - by_parts.even[c];
        odd[c] = norm * (through_q[c] + by_parts.odd[c]);
        through_u[c] = zero - norm * through_u[c];
    }
    let mut by_m = combined::<L, N>(&even, &odd);
    for i in 0..N {
        by_m.0[i][i][0] = L::constant(1.0 / N as f64).negative_mul_add(by_parts.whole, by_m.0[i][i][0]);
    }
    (by_m, combined::<L, N>(&[zero; MOST], &through_u))
}

impl<const N: usize> Back<'_, '_, N> {
    /// Hands out ∂/∂ρ of each loop, and its share of the slopes of the links that stay; `turned` is Λ U.
    ///
    /// # Safety
    /// As for [`Work::run`], with slopes of all links.
    #[inline(always)]
    unsafe fn around<L: Lanes<Scalar = f64>>(
        &mut self,
        sites: &Places,
        (first, count): (usize, usize),
        turned: &Wide<L, N>,
    ) {
        let work = self.work;
        let (ends, mut number) = (work.ends(sites), 0);
        for (_, loops) in work.families {
            for path in loops.staples(work.mu) {
                // SAFETY: the caller's promise.
                let walk = unsafe { Walk::<L, N>::new(&work, path, &ends) };
                let mut whole = *turned;
                for k in (0..path.len()).rev() {
                    whole = walk.steps[k].times(&whole);
                }
                let mut by_rho = [0.0; WIDTH];
                // SAFETY: lanes are eight doubles.
                unsafe { by_rho.as_mut_ptr().cast::<L>().write_unaligned(whole.real_trace()) };
                for lane in 0..count {
                    self.by_rho[(first + lane) * work.staples + number] = by_rho[lane];
                }
                // SAFETY: the caller's promise.
                unsafe { walk.hand_out(self.slopes, count, whole.scaled(work.weights(first, number))) };
                number += 1;
            }
        }
    }
}

/// Slopes of the links in the loops that coefficients depend on.
struct BackAround<'a, const N: usize> {
    work: Work<'a>,
    slopes: *mut f64,
    loops: &'a [Around],
    /// Slopes by the invariants of each link.
    by: &'a [[f64; 2]],
}

impl<const N: usize> Launch<f64> for BackAround<'_, N> {
    #[inline(always)]
    unsafe fn run<L: Lanes<Scalar = f64>>(self) {
        let last = self.work.sites.len() - 1;
        for first in (0..self.work.sites.len()).step_by(WIDTH) {
            let (sites, count) = self.work.lanes(first);
            let ends = self.work.ends(&sites);
            for around in self.loops {
                let mut weights = [0.0; WIDTH];
                for lane in 0..WIDTH {
                    weights[lane] = around.weight / N as f64 * self.by[(first + lane).min(last)][around.of];
                }
                // SAFETY: the caller's promise; lanes are eight doubles.
                unsafe {
                    let from = if around.is_at_end { &ends } else { &sites };
                    let walk = Walk::<L, N>::new(&self.work, &around.path, from);
                    let mut whole = walk.steps[0];
                    for k in 1..around.path.len() {
                        whole = whole.times(&walk.steps[k]);
                    }
                    walk.hand_out(self.slopes, count, whole.scaled(weights.as_ptr().cast::<L>().read_unaligned()));
                }
            }
        }
    }
}

/// The links along a path from eight sites, as it follows them, and their places.
struct Walk<'a, L, const N: usize> {
    path: &'a [Step],
    steps: [Wide<L, N>; LONGEST],
    at: [Places; LONGEST],
}

impl<'a, L: Lanes<Scalar = f64>, const N: usize> Walk<'a, L, N> {
    /// # Safety
    /// As for [`Work::run`].
    #[inline(always)]
    unsafe fn new(work: &Work, path: &'a [Step], from: &Places) -> Self {
        let mut walk = Self { path, steps: [Wide::zero(); LONGEST], at: [[0; WIDTH]; LONGEST] };
        let mut here = *from;
        for k in 0..path.len() {
            walk.at[k] = follow::<N>(&mut here, path[k], work.neighbours);
            // SAFETY: the caller's promise.
            let link = unsafe { Wide::<L, N>::load(work.links, &walk.at[k]) };
            walk.steps[k] = if matches!(path[k], Step::Backward(_)) { link.adjoint() } else { link };
        }
        walk
    }

    /// Adds the slopes of f = Re tr of a product that begins with the path to those of its links.
    ///
    /// # Safety
    /// There are slopes of all links.
    #[inline(always)]
    unsafe fn hand_out(&self, slopes: *mut f64, count: usize, mut whole: Wide<L, N>) {
        for k in 0..self.path.len() {
            let is_back = matches!(self.path[k], Step::Backward(_));
            let next = self.steps[k].adjoint_times(&whole).times(&self.steps[k]);
            // SAFETY: the caller's promise.
            unsafe { add(slopes, (&self.at[k], count), if is_back { &next } else { &whole }, is_back) };
            whole = next;
        }
    }
}

/// Adds to, or takes away from, the slopes at the places of the first lanes.
///
/// # Safety
/// The places are those of links.
#[inline(always)]
unsafe fn add<L: Lanes<Scalar = f64>, const N: usize>(
    slopes: *mut f64,
    (at, count): (&Places, usize),
    share: &Wide<L, N>,
    is_back: bool,
) {
    let from = (&raw const *share).cast::<f64>();
    for lane in 0..count.min(WIDTH) {
        for k in 0..2 * N * N {
            // SAFETY: the caller's promise; number k of all lanes is a line of eight doubles.
            unsafe {
                let (to, x) = (slopes.add(at[lane] + k), from.add(8 * k + lane).read());
                to.write(to.read() + if is_back { -x } else { x });
            }
        }
    }
}
