//! The Wilson hopping term in SIMD lanes, with spin projection.
//!
//! ```text
//! (H psi)(x) = sum_mu [ (1 - g_mu) V_mu(x) psi(x + mu) + (1 + g_mu) V_mu(x - mu)^dag psi(x - mu) ]
//! ```
//!
//! with links V that carry weights and boundary phases. In the chiral bases used here g_mu = [[0, B], [B^dag, 0]] has
//! one number of modulus one in each row: (1 -+ g) psi is fixed by its upper half h = u -+ B l, which alone is multiplied
//! by the link; the lower half of the result is -+ B^dag times its upper half. Four dimensions: DeGrand-Rossi,
//!
//! ```text
//! B_1 = i s_1,   B_2 = -i s_2,   B_3 = i s_3,   B_4 = 1,       g_5 = g_1 g_2 g_3 g_4 = diag(1, 1, -1, -1)
//! ```
//!
//! two dimensions: B_1 = 1, B_2 = -i (g_mu the Pauli matrices s_1, s_2), g_5 = -i g_1 g_2 = s_3.
//!
//! Memory: spinors `[outer site][spin][colour][re, im]`, links `[outer site][mu][number]` as in `links.rs`; each number is
//! a line of lanes. The hop backward multiplies by V^dag in the lanes of x - mu, where V lies, and moves them after.
//!
//! While a hop is computed, spinor and link of the hop after the next one are prefetched into the first-level cache, a few
//! lines at a time, so that the second level delivers beside the arithmetic. (A whole site is too much for the first level.)
//! Lines that no earlier site has read come from memory: they are prefetched some sites before, into the second level.
//!
//! The two hops p_+, p_- of a direction are added to the result together, p_+ + p_- above and B^dag (p_- - p_+) below, so
//! that sums, which do not fit into the registers beside them, are touched half as often.

#![allow(clippy::needless_range_loop)]

use super::hopping::{Job, Terms};
use crate::dirac::basis::row_of_b;
use crate::dirac::lanes::compressed_links::eight::two_rows;
use crate::dirac::lanes::compressed_links::third_row::{Z, complex, cross, scaled, third};
use crate::dirac::lanes::grid::Neighbour;
use crate::dirac::side::Side;
use crate::simd::{Lanes, Launch, Line, Native, Order, prefetch};
use std::ops::Range;

/// The hopping term on a range of result sites, with links of R numbers.
pub(crate) struct Hopping<'a, T, const N: usize, const H: usize, const R: usize> {
    pub orders: &'a [Order],
    pub hops: &'a [Neighbour],
    pub links: &'a [Line],
    /// Factors that complete the links: of third rows (12 numbers), or of whole links (8 numbers).
    pub factors: &'a [Line],
    /// The fields: each site is computed for all of them before the next site.
    pub jobs: &'a [Job<'a, T>],
    pub sites: Range<usize>,
}

/// Sites between the prefetch of a line from memory and its use.
const EARLY: usize = 2;

/// Doubles in a line.
const LINE: usize = size_of::<Line>() / size_of::<f64>();

/// One field at one site, as the kernel comes to it.
struct Turn<'a, T> {
    site: usize,
    job: &'a Job<'a, T>,
    /// True for the first field at a site: its links are in no cache yet.
    is_first: bool,
    /// Field and site that come next.
    next: (&'a Job<'a, T>, usize),
}

/// Spinor and link of a hop to come, to be prefetched.
#[derive(Clone, Copy)]
struct Ahead {
    spinor: *const Line,
    link: *const Line,
}

impl Ahead {
    /// Prefetches some of their lines, as many as the multiply-adds in between hide.
    #[inline(always)]
    fn prefetch<L: Lanes>(self, part: usize, spinor: usize, link: usize) {
        (0..spinor).for_each(|line| L::prefetch(self.spinor.wrapping_add(part * spinor + line)));
        (0..link).for_each(|line| L::prefetch(self.link.wrapping_add(part * link + line)));
    }
}

/// a + i^power b.
#[inline(always)]
fn plus<L: Lanes>(a: Z<L>, b: Z<L>, power: u8) -> Z<L> {
    match power & 3 {
        0 => [a[0] + b[0], a[1] + b[1]],
        1 => [a[0] - b[1], a[1] + b[0]],
        2 => [a[0] - b[0], a[1] - b[1]],
        _ => [a[0] + b[1], a[1] - b[0]],
    }
}

impl<T: Native, const N: usize, const H: usize, const R: usize> Launch<T> for Hopping<'_, T, N, H, R> {
    #[inline(always)]
    unsafe fn run<L: Lanes<Scalar = T>>(self) {
        // SAFETY: the caller's promise.
        unsafe {
            match self.jobs.first().map(|job| job.side) {
                Some(Side::Plain) => self.sites::<L, 2>(),
                Some(Side::Adjoint) => self.sites::<L, 0>(),
                None => {}
            }
        }
        if self.jobs.iter().any(|job| job.streams) {
            L::fence();
        }
    }
}

impl<T: Native, const N: usize, const H: usize, const R: usize> Hopping<'_, T, N, H, R> {
    /// True where a link of SU(3) is eight numbers: so many make a whole one of SU(2).
    const EIGHT: bool = N == 3 && R == 8;
    /// True where the third row of a link of SU(3) is made of the others.
    const TWELVE: bool = N == 3 && R == 12;
    /// Lines of a spinor.
    const SPINOR: usize = 4 * H * N;

    /// All sites; i^MINUS is the sign of g_mu in forward hops.
    ///
    /// # Safety
    /// The job's fields have the sites and spinors of the term. The processor has the instructions of `L`.
    #[inline(always)]
    unsafe fn sites<L: Lanes<Scalar = T>, const MINUS: u8>(&self) {
        let fields = self.jobs.len();
        for site in self.sites.clone() {
            for field in 0..fields {
                let (job, is_last) = (&self.jobs[field], field + 1 == fields);
                let next = if is_last { (&self.jobs[0], site + 1) } else { (&self.jobs[field + 1], site) };
                let turn = Turn { site, job, is_first: field == 0, next };
                // SAFETY: sites of the grid, fields and links of its size.
                unsafe {
                    let mut sum = [[[L::constant(0.0); 2]; N]; H];
                    let mut low = sum;
                    self.pair::<L, 0, MINUS>(&turn, &mut sum, &mut low);
                    self.pair::<L, 1, MINUS>(&turn, &mut sum, &mut low);
                    if H == 2 {
                        self.pair::<L, 2, MINUS>(&turn, &mut sum, &mut low);
                        self.pair::<L, 3, MINUS>(&turn, &mut sum, &mut low);
                    }
                    self.store::<L>(job, site, &sum, &low);
                }
            }
        }
    }

    /// Adds both hops in a direction.
    ///
    /// # Safety
    /// As in `sites`, for a site of the term.
    #[inline(always)]
    unsafe fn pair<L: Lanes<Scalar = T>, const MU: usize, const MINUS: u8>(
        &self,
        turn: &Turn<T>,
        sum: &mut [[Z<L>; N]; H],
        low: &mut [[Z<L>; N]; H],
    ) {
        let &Turn { site, job, .. } = turn;
        if job.is_far {
            self.ask_early(turn, MU);
        }
        // SAFETY: the caller's promise.
        unsafe {
            let forward = *self.hops.get_unchecked(4 * H * site + 2 * MU);
            let backward = *self.hops.get_unchecked(4 * H * site + 2 * MU + 1);
            let mut half = self.half::<L, MU, MINUS>(job.from, forward.site as usize);
            self.permute(forward, &mut half);
            let [after_forward, after_backward] = if MU + 1 < 2 * H {
                self.ahead(job.from, 2 * H * site + MU + 1)
            } else {
                self.ahead(turn.next.0.from, 2 * H * turn.next.1)
            };
            let up = self.times::<L, MU, false>(site, forward.leaves, &half, after_forward);
            let half = if MINUS == 2 {
                self.half::<L, MU, 0>(job.from, backward.site as usize)
            } else {
                self.half::<L, MU, 2>(job.from, backward.site as usize)
            };
            let mut down = self.times::<L, MU, true>(backward.site as usize, backward.leaves, &half, after_backward);
            self.permute(backward, &mut down);
            for r in 0..H {
                // B^dag has the conjugate of row r of B in column r.
                let (column, power) = row_of_b(H, MU, r);
                for a in 0..N {
                    let (u, d) = (up[r][a], down[r][a]);
                    let both = plus(u, d, 0);
                    sum[r][a] = if MU == 0 { both } else { plus(sum[r][a], both, 0) };
                    low[column][a] = plus(low[column][a], plus(d, u, 2), 4 - power + MINUS + 2);
                }
            }
        }
    }

    /// Prefetch from memory: the links of a later site, and the spinors forward of it in the last two directions. Its other
    /// neighbours are still in a cache.
    #[inline(always)]
    fn ask_early(&self, turn: &Turn<T>, mu: usize) {
        let (directions, site) = (2 * H, turn.site + EARLY);
        let Some(hops) = self.hops.get(2 * directions * site..2 * directions * (site + 1)) else { return };
        if turn.is_first {
            prefetch(self.links.as_ptr().wrapping_add(R * (directions * site + mu)).cast(), R * LINE);
        }
        if mu < 2 {
            let forward = hops[2 * (directions - 1 - mu)];
            prefetch(turn.job.from.wrapping_add(Self::SPINOR * forward.site as usize).cast(), Self::SPINOR * LINE);
        }
    }

    /// What the hops forward and backward of a pair, `site * directions + mu`, begin with.
    #[inline(always)]
    fn ahead(&self, from: *const Line, pair: usize) -> [Ahead; 2] {
        let Some(&[forward, backward]) = self.hops.get(2 * pair..2 * pair + 2).and_then(|hops| hops.first_chunk())
        else {
            return [Ahead { spinor: from, link: self.links.as_ptr() }; 2];
        };
        let at = |hop: Neighbour, link: usize| Ahead {
            spinor: from.wrapping_add(Self::SPINOR * hop.site as usize),
            link: self.links.as_ptr().wrapping_add(R * link),
        };
        [at(forward, pair), at(backward, 2 * H * backward.site as usize + pair % (2 * H))]
    }

    /// The upper half of (1 + i^SIGN g_mu) psi at a site.
    ///
    /// # Safety
    /// As in `sites`, for a hop of the term.
    #[inline(always)]
    unsafe fn half<L: Lanes<Scalar = T>, const MU: usize, const SIGN: u8>(
        &self,
        from: *const Line,
        site: usize,
    ) -> [[Z<L>; N]; H] {
        let mut half = [[[L::constant(0.0); 2]; N]; H];
        // SAFETY: the caller's promise; lines hold lanes of this width.
        unsafe {
            let psi = from.add(Self::SPINOR * site).cast::<L>();
            for r in 0..H {
                let (column, power) = row_of_b(H, MU, r);
                for b in 0..N {
                    let upper = complex(psi.add(2 * (r * N + b)));
                    half[r][b] = plus(upper, complex(psi.add(2 * ((H + column) * N + b))), power + SIGN);
                }
            }
        }
        half
    }

    /// Moves the lanes as a hop does.
    ///
    /// # Safety
    /// The order of the hop is one of the grid's. The processor has the instructions of `L`.
    #[inline(always)]
    unsafe fn permute<L: Lanes<Scalar = T>>(&self, hop: Neighbour, half: &mut [[Z<L>; N]; H]) {
        if hop.order != 0 {
            // SAFETY: an order of the grid.
            let order = unsafe { self.orders.get_unchecked(hop.order as usize) };
            for r in 0..H {
                for a in 0..N {
                    half[r][a] = half[r][a].map(|x| x.permute(order));
                }
            }
        }
    }

    /// V half, or V^dag half, for V = V_mu(site).
    ///
    /// # Safety
    /// As in `sites`, for a site of the term.
    #[inline(always)]
    unsafe fn times<L: Lanes<Scalar = T>, const MU: usize, const ADJOINT: bool>(
        &self,
        site: usize,
        leaves: u16,
        half: &[[Z<L>; N]; H],
        ahead: Ahead,
    ) -> [[Z<L>; N]; H] {
        let mut result = [[[L::constant(0.0); 2]; N]; H];
        // SAFETY: the caller's promise.
        let (link, factor) = unsafe {
            let link = self.links.as_ptr().add(R * (2 * H * site + MU)).cast::<L>();
            (link, self.factors.as_ptr().cast::<L>().add(4 * MU + 2 * leaves as usize))
        };
        // SAFETY: eight lines.
        let rows =
            if Self::EIGHT { unsafe { two_rows(&*link.cast::<[L; 8]>()) } } else { [[[L::constant(0.0); 2]; 3]; 2] };
        let mut half = *half;
        if ADJOINT && Self::TWELVE {
            for r in 0..H {
                // SAFETY: the caller's promise.
                half[r][2] = unsafe { scaled::<L, ADJOINT>(half[r][2], factor, leaves) };
            }
        }
        for b in 0..N {
            ahead.prefetch::<L>(b, Self::SPINOR / N, R.div_ceil(N));
            // SAFETY: a link has R lines.
            let z = unsafe { Self::column::<L, ADJOINT>(link, &rows, b) };
            // Real parts of all sums, then imaginary ones: so no step waits for the one before it.
            for a in 0..N {
                for r in 0..H {
                    let ([x, y], re, p) = (half[r][b], z[a][0], result[r][a]);
                    let next = if b == 0 { [re * x, re * y] } else { [re.mul_add(x, p[0]), re.mul_add(y, p[1])] };
                    result[r][a] = next.map(L::in_order);
                }
            }
            for a in 0..N {
                for r in 0..H {
                    let ([x, y], im, p) = (half[r][b], z[a][1], result[r][a]);
                    let next = if ADJOINT {
                        [im.mul_add(y, p[0]), im.negative_mul_add(x, p[1])]
                    } else {
                        [im.negative_mul_add(y, p[0]), im.mul_add(x, p[1])]
                    };
                    result[r][a] = next.map(L::in_order);
                }
            }
        }
        for a in 0..N {
            if Self::EIGHT || (!ADJOINT && Self::TWELVE && a == 2) {
                for r in 0..H {
                    // SAFETY: the caller's promise.
                    result[r][a] = unsafe { scaled::<L, ADJOINT>(result[r][a], factor, leaves) };
                }
            }
        }
        result
    }

    /// Column b of a link, or row b for its adjoint, which is conjugated where it is multiplied. `rows` are the first two rows of
    /// a link that is stored as eight numbers.
    ///
    /// # Safety
    /// The link has R lines.
    #[inline(always)]
    unsafe fn column<L: Lanes<Scalar = T>, const ADJOINT: bool>(
        link: *const L,
        rows: &[[Z<L>; 3]; 2],
        b: usize,
    ) -> [Z<L>; N] {
        let mut z = [[L::constant(0.0); 2]; N];
        for a in 0..N {
            let (row, column) = if ADJOINT { (b, a) } else { (a, b) };
            // SAFETY: the caller's promise.
            z[a] = unsafe {
                if Self::EIGHT {
                    if row < 2 { rows[row][column] } else { cross(rows, column) }
                } else if 2 * N * row < R {
                    complex(link.add(2 * (N * row + column)))
                } else {
                    third(link, column)
                }
            };
        }
        z
    }

    /// Stores the result, with the site-diagonal terms.
    ///
    /// # Safety
    /// As in `sites`, for a site of the job's result.
    #[inline(always)]
    unsafe fn store<L: Lanes<Scalar = T>>(
        &self,
        job: &Job<T>,
        site: usize,
        sum: &[[Z<L>; N]; H],
        low: &[[Z<L>; N]; H],
    ) {
        let Terms { hopping, diagonal, twist, centre } = job.terms;
        let (hopping, diagonal, twist) = (L::splat(hopping), L::splat(diagonal), L::splat(twist));
        // SAFETY: the caller's promise.
        unsafe {
            let to = job.to.add(Self::SPINOR * site).cast::<L>();
            for (spin, row) in sum.iter().chain(low).enumerate() {
                for a in 0..N {
                    let place = 2 * (spin * N + a);
                    let mut z = [row[a][0] * hopping, row[a][1] * hopping];
                    if let Some(centre) = centre {
                        let c = complex(centre.add(Self::SPINOR * site + place).cast::<L>());
                        z = [c[0].mul_add(diagonal, z[0]), c[1].mul_add(diagonal, z[1])];
                        // g_5 is one on the upper half and minus one on the lower.
                        z = if spin < H {
                            [c[1].negative_mul_add(twist, z[0]), c[0].mul_add(twist, z[1])]
                        } else {
                            [c[1].mul_add(twist, z[0]), c[0].negative_mul_add(twist, z[1])]
                        };
                    }
                    if job.streams {
                        z[0].stream(to.add(place));
                        z[1].stream(to.add(place + 1));
                    } else {
                        (*to.add(place), *to.add(place + 1)) = (z[0], z[1]);
                    }
                }
            }
        }
    }
}
