//! The clover term in SIMD lanes, with its inverse, and its product with a spinor field.

#![allow(clippy::needless_range_loop)]

use super::clover::Blocks;
use crate::dirac::lanes::field::Field;
use crate::dirac::lanes::grid::Grid;
use crate::dirac::side::Side;
use crate::error::Result;
use crate::simd::{Instructions, Lanes, Launch, Line, Native, launch};
use std::ops::Range;

/// A clover term with its inverse.
pub(crate) struct Clover<T> {
    pub size: usize,
    pub twist: f64,
    matrix: Field<T>,
    /// A R and R, R = (A^2 + t^2)^-1; the latter where t is not zero.
    pub inverse: Field<T>,
    pub reciprocal: Option<Field<T>>,
}

/// Blocks of a clover term with A R and R, made once for both precisions.
pub(crate) struct Regular {
    blocks: Blocks,
    inverse: Blocks,
    reciprocal: Blocks,
}

impl Regular {
    /// Blocks and their inverse with a twist.
    pub fn new(blocks: Blocks, twist: f64) -> Result<Self> {
        let (inverse, reciprocal) = blocks.inverse(twist)?;
        Ok(Self { blocks, inverse, reciprocal })
    }
}

impl<T: Native> Clover<T> {
    /// The clover term of these blocks, in the lanes of a grid.
    pub fn new(grid: &Grid, Regular { blocks, inverse, reciprocal }: &Regular, twist: f64) -> Result<Self> {
        let reciprocal = if twist == 0.0 { None } else { Some(reciprocal.in_lanes(grid)?) };
        Ok(Self {
            size: blocks.size(),
            twist,
            matrix: blocks.in_lanes(grid)?,
            inverse: inverse.in_lanes(grid)?,
            reciprocal,
        })
    }

    /// A and A R, blocks of each site.
    pub fn blocks(&self, grid: &Grid) -> Result<(Blocks, Blocks)> {
        let blocks = |field| Blocks::from_lanes(self.size, field, grid);
        Ok((blocks(&self.matrix)?, blocks(&self.inverse)?))
    }

    /// The product to <- (A + i t g_5) from, or its adjoint; pointers are those of fields that begin at outer site 0.
    pub fn product(&self, side: Side, from: *const Line, to: *mut Line) -> Product<'_> {
        let sign = if side == Side::Plain { 1.0 } else { -1.0 };
        let twist = Some((sign * self.twist, None)).filter(|_| self.twist != 0.0);
        Product { size: self.size, matrix: self.matrix.lines(), twist, from, to }
    }
}

/// to = A from + i factor g_5 R from on some sites; pointers are those of fields that begin at outer site 0.
#[derive(Clone, Copy)]
pub(crate) struct Product<'a> {
    pub size: usize,
    pub matrix: &'a [Line],
    /// The factor, and the matrix R; without R the unit matrix takes its place.
    pub twist: Option<(f64, Option<&'a [Line]>)>,
    pub from: *const Line,
    pub to: *mut Line,
}

// SAFETY: threads write different sites.
unsafe impl Sync for Product<'_> {}

impl Product<'_> {
    /// Computes the product on a range of outer sites.
    pub fn run<T: Native>(&self, instructions: Instructions, sites: Range<usize>) {
        // SAFETY: fields and blocks have the size of the grid, sites are given to one thread each, and the instruction set
        // was found on this processor.
        unsafe {
            match self.size {
                1 => launch::<T>(instructions, BlockProduct::<1> { product: *self, sites }),
                2 => launch::<T>(instructions, BlockProduct::<2> { product: *self, sites }),
                3 => launch::<T>(instructions, BlockProduct::<3> { product: *self, sites }),
                4 => launch::<T>(instructions, BlockProduct::<4> { product: *self, sites }),
                _ => launch::<T>(instructions, BlockProduct::<6> { product: *self, sites }),
            }
        }
    }
}

/// The product on a range of outer sites, with blocks of size K.
struct BlockProduct<'a, const K: usize> {
    product: Product<'a>,
    sites: Range<usize>,
}

impl<T: Native, const K: usize> Launch<T> for BlockProduct<'_, K> {
    #[inline(always)]
    unsafe fn run<L: Lanes<Scalar = T>>(self) {
        for site in self.sites.clone() {
            for chirality in 0..2 {
                // SAFETY: the caller's promise.
                unsafe {
                    let (begin, blocks) = ((2 * site + chirality) * 2 * K, (2 * site + chirality) * K * K);
                    let from = self.product.from.add(begin).cast::<L>();
                    let mut psi = [[L::constant(0.0); 2]; K];
                    for i in 0..K {
                        psi[i] = [*from.add(2 * i), *from.add(2 * i + 1)];
                    }
                    let mut result = hermitian(self.product.matrix.as_ptr().add(blocks).cast::<L>(), &psi);
                    if let Some((factor, matrix)) = self.product.twist {
                        let turned = match matrix {
                            Some(matrix) => hermitian(matrix.as_ptr().add(blocks).cast::<L>(), &psi),
                            None => psi,
                        };
                        let factor = L::constant(if chirality == 0 { factor } else { -factor });
                        for i in 0..K {
                            result[i] = [
                                turned[i][1].negative_mul_add(factor, result[i][0]),
                                turned[i][0].mul_add(factor, result[i][1]),
                            ];
                        }
                    }
                    let to = self.product.to.add(begin).cast::<L>();
                    for i in 0..K {
                        (*to.add(2 * i), *to.add(2 * i + 1)) = (result[i][0], result[i][1]);
                    }
                }
            }
        }
    }
}

/// A psi for a packed hermitian matrix A, as [`Blocks::in_lanes`] lays it out.
///
/// # Safety
/// `matrix` points to the K² lines of a matrix. The processor has the instructions of `L`.
#[inline(always)]
unsafe fn hermitian<L: Lanes, const K: usize>(matrix: *const L, psi: &[[L; 2]; K]) -> [[L; 2]; K] {
    let mut result = [[L::constant(0.0); 2]; K];
    let mut next = K;
    for i in 0..K {
        // SAFETY: a packed matrix has K^2 lines.
        let diagonal = unsafe { *matrix.add(i) };
        result[i] = [psi[i][0].mul_add(diagonal, result[i][0]), psi[i][1].mul_add(diagonal, result[i][1])];
        for j in 0..i {
            // SAFETY: as above.
            let (re, im) = unsafe { (*matrix.add(next), *matrix.add(next + 1)) };
            next += 2;
            let (x, y) = (psi[j], psi[i]);
            let (p, q) = (result[i], result[j]);
            // Adds a_ij x_j to component i, and conj(a_ij) x_i to component j.
            result[i] = [im.negative_mul_add(x[1], re.mul_add(x[0], p[0])), im.mul_add(x[0], re.mul_add(x[1], p[1]))];
            result[j] = [im.mul_add(y[1], re.mul_add(y[0], q[0])), im.negative_mul_add(y[0], re.mul_add(y[1], q[1]))];
        }
    }
    result
}
