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

use super::kernel::Work;
use super::plan::Layers;
use super::trail::Trail;
use crate::error::Result;
use crate::gauge::paths::Step;
use crate::gauge::wide_paths::{follow, places};
use crate::group::structure::{MOST, Structure, count};
use crate::group::wide::Wide;
use crate::group::wide_exponential::WIDTH;
use crate::group::wide_response::{Parts, combined, slopes, terms_for, traces, turned_back};
use crate::group::with_colours;
use crate::simd::{Instructions, Lanes, Launch, Places, launch};

/// Most links of a loop but one.
const LONGEST: usize = 5;

impl Layers {
    /// Adds ∂(f − log J)/∂ρ to a gradient, for the slopes Z of f at the field behind the layer, which are used up; the field
    /// is taken back to where the trail began.
    pub fn gradient(
        &self,
        [links, slopes]: [&mut [f64]; 2],
        rho: &[f64],
        trail: &mut Trail,
        gradient: &mut [f64],
    ) -> Result<()> {
        let (d, reals, terms) = (self.neighbours.dimensions(), self.group.reals(), terms_for(self.bound(rho)));
        for class in self.classes.iter().rev() {
            let kept = trail.back();
            for (site, link) in class.sites.iter().zip(kept.chunks_exact(reals)) {
                links[(site * d + class.mu) * reals..][..reals].copy_from_slice(link);
            }
            let work = self.work(class, links.as_mut_ptr(), 0..class.sites.len());
            let work = Work { rho, terms, ..work };
            let back = (work, slopes.as_mut_ptr(), &mut *gradient);
            // SAFETY: field and slopes have all links of the lattice; this thread alone has them.
            unsafe { with_colours!(self.group, run(back)) };
        }
        Ok(())
    }
}

/// # Safety
/// As for [`Work::run`], with slopes of all links.
unsafe fn run<const N: usize>((work, slopes, gradient): (Work, *mut f64, &mut [f64])) {
    // SAFETY: the caller's promise; the processor was asked.
    unsafe { launch(Instructions::best(), Back::<N> { work, slopes, gradient }) };
}

struct Back<'a, 'b, const N: usize> {
    work: Work<'a>,
    slopes: *mut f64,
    gradient: &'b mut [f64],
}

impl<const N: usize> Launch<f64> for Back<'_, '_, N> {
    #[inline(always)]
    unsafe fn run<L: Lanes<Scalar = f64>>(mut self) {
        let d = self.work.neighbours.dimensions();
        for first in (0..self.work.sites.len()).step_by(WIDTH) {
            let (sites, count) = self.work.lanes(first);
            let own = places::<N>(&sites, d, self.work.mu);
            // SAFETY: the caller's promise: links of the lattice.
            unsafe {
                let link = Wide::<L, N>::load(self.work.links, &own);
                let m = link.times(&self.work.staples::<L, N>(&sites, first));
                let z = Wide::<L, N>::load(self.slopes, &own);
                let (by_m, back) = pulled_back(&m, &z, self.work.terms);
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
        let (mut ends, staples) = (*sites, work.slots.len() / work.sites.len());
        for end in &mut ends {
            *end = work.neighbours.next(*end, work.mu);
        }
        let mut number = 0;
        for (_, loops) in work.families {
            for path in loops.staples(work.mu) {
                let (mut steps, mut at, mut here) = ([Wide::<L, N>::zero(); LONGEST], [[0; WIDTH]; LONGEST], ends);
                for k in 0..path.len() {
                    at[k] = follow::<N>(&mut here, path[k], work.neighbours);
                    // SAFETY: the caller's promise.
                    let link = unsafe { Wide::<L, N>::load(work.links, &at[k]) };
                    steps[k] = if matches!(path[k], Step::Backward(_)) { link.adjoint() } else { link };
                }
                let mut whole = *turned;
                for k in (0..path.len()).rev() {
                    whole = steps[k].times(&whole);
                }
                let mut by_rho = [0.0; WIDTH];
                // SAFETY: lanes are eight doubles.
                unsafe { by_rho.as_mut_ptr().cast::<L>().write_unaligned(whole.real_trace()) };
                for lane in 0..count {
                    self.gradient[usize::from(work.slots[(first + lane) * staples + number])] += by_rho[lane];
                }
                let weight = work.weights::<L>(first, number);
                whole = Wide::zero().plus_scaled(weight, &whole);
                for k in 0..path.len() {
                    let is_back = matches!(path[k], Step::Backward(_));
                    let next = steps[k].adjoint_times(&whole).times(&steps[k]);
                    // SAFETY: the caller's promise.
                    unsafe { self.add(&at[k], count, if is_back { &next } else { &whole }, is_back) };
                    whole = next;
                }
                number += 1;
            }
        }
    }

    /// Adds to, or takes away from, the slopes at the places of the first lanes.
    ///
    /// # Safety
    /// The places are those of links.
    #[inline(always)]
    unsafe fn add<L: Lanes<Scalar = f64>>(&mut self, at: &Places, count: usize, share: &Wide<L, N>, is_back: bool) {
        let from = (&raw const *share).cast::<f64>();
        for lane in 0..count.min(WIDTH) {
            for k in 0..2 * N * N {
                // SAFETY: the caller's promise; number k of all lanes is a line of eight doubles.
                unsafe {
                    let (to, x) = (self.slopes.add(at[lane] + k), from.add(8 * k + lane).read());
                    to.write(to.read() + if is_back { -x } else { x });
                }
            }
        }
    }
}
