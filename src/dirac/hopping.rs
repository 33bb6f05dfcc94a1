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
//! Memory: spinors `[outer site][spin][colour][re, im]`, links `[outer site][hop][row][column][re, im]` where the hops
//! are forward and backward in turn, the backward one holding V_mu(x - mu)^dag; each number is a line of lanes.

#![allow(clippy::needless_range_loop)]

use super::grid::Hop;
use crate::simd::{Lanes, Launch, Line, Native, Order};
use std::ops::Range;

/// Powers of i in the rows of B, with their columns: four dimensions.
const FOUR: [[(usize, u8); 2]; 4] = [[(1, 1), (0, 1)], [(1, 2), (0, 0)], [(0, 1), (1, 3)], [(0, 0), (1, 0)]];
/// The same in two dimensions.
const TWO: [[(usize, u8); 1]; 2] = [[(0, 0)], [(0, 3)]];

/// Column and power of i of a row of B_mu, for spinors with a half of `half` components.
#[inline(always)]
pub(super) const fn row_of_b(half: usize, mu: usize, row: usize) -> (usize, u8) {
    if half == 2 { FOUR[mu][row] } else { TWO[mu][row] }
}

/// Which of D and D^dag the hopping term belongs to: the signs of g_mu.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Plain,
    Adjoint,
}

/// A part of a hopping term: result sites, from one parity or all to them.
pub(super) struct Hopping<'a, T, const N: usize, const H: usize> {
    pub orders: &'a [Order],
    pub hops: &'a [Hop],
    pub links: &'a [Line],
    /// The field that is read, as if it began at outer site 0.
    pub from: *const Line,
    /// The field that is written, as if it began at outer site 0.
    pub to: *mut Line,
    pub terms: Terms<T>,
    pub side: Side,
    pub sites: Range<usize>,
}

/// What a hopping term is taken with: result = hopping H psi + (diagonal + i twist g_5) centre.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms<T> {
    pub hopping: T,
    pub diagonal: T,
    pub twist: T,
    /// The field of the site-diagonal terms, as if it began at outer site 0; none of these where there is none.
    pub centre: Option<*const Line>,
}

/// A complex number in lanes.
type Z<L> = [L; 2];

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

impl<T: Native, const N: usize, const H: usize> Launch<T> for Hopping<'_, T, N, H> {
    #[inline(always)]
    unsafe fn run<L: Lanes<Scalar = T>>(self) {
        // SAFETY: the caller's promise.
        unsafe {
            match self.side {
                Side::Plain => self.sites::<L, 2>(),
                Side::Adjoint => self.sites::<L, 0>(),
            }
        }
    }
}

impl<T: Native, const N: usize, const H: usize> Hopping<'_, T, N, H> {
    /// Lines of a spinor.
    const SPINOR: usize = 4 * H * N;
    /// Lines of a link.
    const LINK: usize = 2 * N * N;

    /// All sites; i^MINUS is the sign of g_mu in forward hops.
    #[inline(always)]
    unsafe fn sites<L: Lanes<Scalar = T>, const MINUS: u8>(&self) {
        for site in self.sites.clone() {
            // SAFETY: sites of the grid, fields and links of its size.
            unsafe {
                let mut sum = [[[L::constant(0.0); 2]; N]; H];
                let mut low = sum;
                if H == 2 {
                    self.pair::<L, 0, MINUS>(site, &mut sum, &mut low);
                    self.pair::<L, 1, MINUS>(site, &mut sum, &mut low);
                    self.pair::<L, 2, MINUS>(site, &mut sum, &mut low);
                    self.pair::<L, 3, MINUS>(site, &mut sum, &mut low);
                } else {
                    self.pair::<L, 0, MINUS>(site, &mut sum, &mut low);
                    self.pair::<L, 1, MINUS>(site, &mut sum, &mut low);
                }
                self.store::<L>(site, &sum, &low);
            }
        }
    }

    /// Adds both hops in a direction.
    #[inline(always)]
    unsafe fn pair<L: Lanes<Scalar = T>, const MU: usize, const MINUS: u8>(
        &self,
        site: usize,
        sum: &mut [[Z<L>; N]; H],
        low: &mut [[Z<L>; N]; H],
    ) {
        // SAFETY: the caller's promise.
        unsafe {
            self.hop::<L, MU, 0, MINUS>(site, sum, low);
            if MINUS == 2 {
                self.hop::<L, MU, 1, 0>(site, sum, low);
            } else {
                self.hop::<L, MU, 1, 2>(site, sum, low);
            }
        }
    }

    /// Adds (1 + i^SIGN g_mu) V psi of one hop.
    #[inline(always)]
    unsafe fn hop<L: Lanes<Scalar = T>, const MU: usize, const BACK: usize, const SIGN: u8>(
        &self,
        site: usize,
        sum: &mut [[Z<L>; N]; H],
        low: &mut [[Z<L>; N]; H],
    ) {
        // SAFETY: the caller's promise; lines hold lanes of this width.
        unsafe {
            let step = 2 * MU + BACK;
            let hop = *self.hops.get_unchecked(4 * H * site + step);
            let psi = self.from.add(Self::SPINOR * hop.site as usize).cast::<L>();
            let at = |spin: usize, colour: usize| -> Z<L> {
                let z = psi.add(2 * (spin * N + colour));
                [*z, *z.add(1)]
            };
            let mut half = [[[L::constant(0.0); 2]; N]; H];
            for r in 0..H {
                let (column, power) = row_of_b(H, MU, r);
                for b in 0..N {
                    half[r][b] = plus(at(r, b), at(H + column, b), power + SIGN);
                }
            }
            if hop.order != 0 {
                let order = self.orders.get_unchecked(hop.order as usize);
                for r in 0..H {
                    for b in 0..N {
                        half[r][b] = [half[r][b][0].permute(order), half[r][b][1].permute(order)];
                    }
                }
            }
            let link = self.links.as_ptr().add(Self::LINK * (4 * H * site + step)).cast::<L>();
            for a in 0..N {
                let mut product = [[L::constant(0.0); 2]; H];
                for b in 0..N {
                    let (re, im) = (*link.add(2 * (a * N + b)), *link.add(2 * (a * N + b) + 1));
                    for r in 0..H {
                        let (x, y) = (half[r][b][0], half[r][b][1]);
                        let p = product[r];
                        product[r] = if b == 0 {
                            [im.negative_mul_add(y, re * x), im.mul_add(x, re * y)]
                        } else {
                            [im.negative_mul_add(y, re.mul_add(x, p[0])), im.mul_add(x, re.mul_add(y, p[1]))]
                        };
                    }
                }
                for r in 0..H {
                    // B^dag has the conjugate of row r of B in column r.
                    let (column, power) = row_of_b(H, MU, r);
                    sum[r][a] = plus(sum[r][a], product[r], 0);
                    low[column][a] = plus(low[column][a], product[r], 4 - power + SIGN);
                }
            }
        }
    }

    /// Stores the result, with the site-diagonal terms.
    #[inline(always)]
    unsafe fn store<L: Lanes<Scalar = T>>(&self, site: usize, sum: &[[Z<L>; N]; H], low: &[[Z<L>; N]; H]) {
        let Terms { hopping, diagonal, twist, centre } = self.terms;
        let (hopping, diagonal, twist) = (L::splat(hopping), L::splat(diagonal), L::splat(twist));
        // SAFETY: the caller's promise.
        unsafe {
            let to = self.to.add(Self::SPINOR * site).cast::<L>();
            for (spin, row) in sum.iter().chain(low).enumerate() {
                for a in 0..N {
                    let place = 2 * (spin * N + a);
                    let mut z = [row[a][0] * hopping, row[a][1] * hopping];
                    if let Some(centre) = centre {
                        let c = centre.add(Self::SPINOR * site + place).cast::<L>();
                        let c = [*c, *c.add(1)];
                        z = [c[0].mul_add(diagonal, z[0]), c[1].mul_add(diagonal, z[1])];
                        // g_5 is one on the upper half and minus one on the lower.
                        z = if spin < H {
                            [c[1].negative_mul_add(twist, z[0]), c[0].mul_add(twist, z[1])]
                        } else {
                            [c[1].mul_add(twist, z[0]), c[0].negative_mul_add(twist, z[1])]
                        };
                    }
                    *to.add(place) = z[0];
                    *to.add(place + 1) = z[1];
                }
            }
        }
    }
}
