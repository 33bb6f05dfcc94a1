//! N x N matrices in SIMD lanes: one matrix in each lane.
//!
//! Loops are written out: a closure handed to a library function is compiled without the instruction set.

#![allow(clippy::needless_range_loop)]

use crate::simd::{Lanes, Places, gather, scatter};

/// A complex number in each lane.
pub(crate) type Number<L> = [L; 2];

/// A matrix by rows in each lane.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct Wide<L, const N: usize>(pub [[Number<L>; N]; N]);

/// z + x y.
#[inline(always)]
pub(crate) fn add_product<L: Lanes>(z: Number<L>, x: Number<L>, y: Number<L>) -> Number<L> {
    [x[1].negative_mul_add(y[1], x[0].mul_add(y[0], z[0])), x[1].mul_add(y[0], x[0].mul_add(y[1], z[1]))]
}

/// z + x* y.
#[inline(always)]
pub(crate) fn add_conjugate_product<L: Lanes>(z: Number<L>, x: Number<L>, y: Number<L>) -> Number<L> {
    [x[1].mul_add(y[1], x[0].mul_add(y[0], z[0])), x[1].negative_mul_add(y[0], x[0].mul_add(y[1], z[1]))]
}

/// Adds Σ_k x y, or Σ_k x* y, to all numbers of a matrix: what comes of the real parts of x first, then the rest, so that
/// no step waits for the one before it. With `first`, the sums begin with k = 0 whatever the matrix was.
macro_rules! add_products {
    ($result:ident, ($i:ident, $j:ident, $k:ident), conjugate $x:expr, $y:expr) => {
        add_products!($result, ($i, $j, $k), $x, $y, mul_add, negative_mul_add)
    };
    ($result:ident, ($i:ident, $j:ident, $k:ident), $x:expr, $y:expr) => {
        add_products!($result, ($i, $j, $k), $x, $y, negative_mul_add, mul_add)
    };
    ($result:ident, ($i:ident, $j:ident, $k:ident), first conjugate $x:expr, $y:expr) => {
        add_products!($result, ($i, $j, $k), first $x, $y, mul_add, negative_mul_add)
    };
    ($result:ident, ($i:ident, $j:ident, $k:ident), first $x:expr, $y:expr) => {
        add_products!($result, ($i, $j, $k), first $x, $y, negative_mul_add, mul_add)
    };
    ($result:ident, ($i:ident, $j:ident, $k:ident), $x:expr, $y:expr, $re:ident, $im:ident) => {
        for $k in 0..N {
            for $i in 0..N {
                for $j in 0..N {
                    let (x, y, z) = ($x[0], $y, $result.0[$i][$j]);
                    $result.0[$i][$j] = [x.mul_add(y[0], z[0]).in_order(), x.mul_add(y[1], z[1]).in_order()];
                }
            }
            add_products!(rest $result, ($i, $j), $x, $y, $re, $im)
        }
    };
    ($result:ident, ($i:ident, $j:ident, $k:ident), first $x:expr, $y:expr, $re:ident, $im:ident) => {
        {
            let $k = 0;
            for $i in 0..N {
                for $j in 0..N {
                    let (x, y) = ($x[0], $y);
                    $result.0[$i][$j] = [(x * y[0]).in_order(), (x * y[1]).in_order()];
                }
            }
            add_products!(rest $result, ($i, $j), $x, $y, $re, $im)
        }
        for $k in 1..N {
            for $i in 0..N {
                for $j in 0..N {
                    let (x, y, z) = ($x[0], $y, $result.0[$i][$j]);
                    $result.0[$i][$j] = [x.mul_add(y[0], z[0]).in_order(), x.mul_add(y[1], z[1]).in_order()];
                }
            }
            add_products!(rest $result, ($i, $j), $x, $y, $re, $im)
        }
    };
    (rest $result:ident, ($i:ident, $j:ident), $x:expr, $y:expr, $re:ident, $im:ident) => {
        for $i in 0..N {
            for $j in 0..N {
                let (x, y, z) = ($x[1], $y, $result.0[$i][$j]);
                $result.0[$i][$j] = [x.$re(y[1], z[0]).in_order(), x.$im(y[0], z[1]).in_order()];
            }
        }
    };
}

/// The antihermitian part of a matrix A by N² real numbers in each lane: Im A_ii at i, i and, for j < i,
/// Re (A_ij − A_ji) at i, j and Im (A_ij + A_ji) at j, i.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct Skew<L, const N: usize>([[L; N]; N]);

impl<L: Lanes<Scalar = f64>, const N: usize> Skew<L, N> {
    /// All numbers zero.
    #[inline(always)]
    pub fn zero() -> Self {
        Self([[L::constant(0.0); N]; N])
    }

    /// self + other.
    #[inline(always)]
    pub fn plus(mut self, other: &Self) -> Self {
        for i in 0..N {
            for j in 0..N {
                self.0[i][j] = self.0[i][j] + other.0[i][j];
            }
        }
        self
    }

    /// self - other.
    #[inline(always)]
    pub fn minus(mut self, other: &Self) -> Self {
        for i in 0..N {
            for j in 0..N {
                self.0[i][j] = self.0[i][j] - other.0[i][j];
            }
        }
        self
    }

    /// `factor` times the antihermitian part, which is made traceless for N > 1.
    #[inline(always)]
    pub fn traceless(&self, factor: L) -> Antihermitian<L, N> {
        let (half, a) = (factor * L::constant(0.5), &self.0);
        let mut result = Antihermitian([[L::constant(0.0); N]; N]);
        let mut mean = L::constant(0.0);
        if N > 1 {
            for i in 0..N {
                mean = mean + a[i][i];
            }
            mean = mean * L::constant(1.0 / N as f64);
        }
        for i in 0..N {
            result.0[i][i] = factor * (a[i][i] - mean);
            for j in 0..i {
                (result.0[i][j], result.0[j][i]) = (half * a[i][j], half * a[j][i]);
            }
        }
        result
    }
}

/// An antihermitian matrix A by N² real numbers in each lane: Im A_ii at i, i and, for j < i, Re A_ij at i, j and Im A_ij
/// at j, i.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct Antihermitian<L, const N: usize>(pub [[L; N]; N]);

impl<L: Lanes<Scalar = f64>, const N: usize> Antihermitian<L, N> {
    /// The matrix that agrees with another one on and below the diagonal, but for real numbers on it.
    #[inline(always)]
    pub fn of(a: &Wide<L, N>) -> Self {
        let mut result = Self([[L::constant(0.0); N]; N]);
        for i in 0..N {
            result.0[i][i] = a.0[i][i][1];
            for j in 0..i {
                [result.0[i][j], result.0[j][i]] = a.0[i][j];
            }
        }
        result
    }

    /// All its numbers.
    #[inline(always)]
    pub fn wide(&self) -> Wide<L, N> {
        let mut result = Wide::zero();
        for i in 0..N {
            result.0[i][i][1] = self.0[i][i];
            for j in 0..i {
                let (re, im) = (self.0[i][j], self.0[j][i]);
                result.0[i][j] = [re, im];
                result.0[j][i] = [L::constant(0.0) - re, im];
            }
        }
        result
    }

    /// self − time force.
    #[inline(always)]
    pub fn kicked(mut self, time: L, force: &Self) -> Self {
        for i in 0..N {
            for j in 0..N {
                self.0[i][j] = self.0[i][j] - time * force.0[i][j];
            }
        }
        self
    }
}

impl<L: Lanes<Scalar = f64>, const N: usize> Wide<L, N> {
    /// All numbers zero.
    #[inline(always)]
    pub fn zero() -> Self {
        Self([[[L::constant(0.0); 2]; N]; N])
    }

    /// The matrices at the places.
    ///
    /// # Safety
    /// There are 2 N² numbers from each place on; the lanes are eight doubles.
    #[inline(always)]
    pub unsafe fn load(from: *const f64, places: &Places) -> Self {
        let mut result = Self::zero();
        let to = (&raw mut result).cast::<L>();
        // SAFETY: the caller's promise; a matrix lies in memory as its 2 N² numbers.
        unsafe {
            match N {
                1 => to.cast::<[L; 2]>().write(gather(from, places)),
                2 => to.cast::<[L; 8]>().write(gather(from, places)),
                _ => to.cast::<[L; 18]>().write(gather(from, places)),
            }
        }
        result
    }

    /// Writes the matrices to the places.
    ///
    /// # Safety
    /// The conditions of `load`, for places that are written.
    #[inline(always)]
    pub unsafe fn store(&self, to: *mut f64, places: &Places) {
        let from = (&raw const *self).cast::<L>();
        // SAFETY: as for load.
        unsafe {
            match N {
                1 => scatter(&*from.cast::<[L; 2]>(), to, places),
                2 => scatter(&*from.cast::<[L; 8]>(), to, places),
                _ => scatter(&*from.cast::<[L; 18]>(), to, places),
            }
        }
    }

    /// Writes the matrices of the first `count` lanes to their places.
    ///
    /// # Safety
    /// As for `store`.
    #[inline(always)]
    pub unsafe fn store_first(&self, to: *mut f64, places: &Places, count: usize) {
        let from = (&raw const *self).cast::<f64>();
        for lane in 0..count.min(8) {
            for k in 0..2 * N * N {
                // SAFETY: as for store; number k of all lanes is a line of eight doubles.
                unsafe { to.add(places[lane] + k).write(from.add(8 * k + lane).read()) };
            }
        }
    }

    /// a b.
    #[inline(always)]
    pub fn times(&self, b: &Self) -> Self {
        let mut result = Self::zero();
        add_products!(result, (i, j, k), first self.0[i][k], b.0[k][j]);
        result
    }

    /// a b†.
    #[inline(always)]
    pub fn times_adjoint(&self, b: &Self) -> Self {
        let mut result = Self::zero();
        add_products!(result, (i, j, k), first conjugate b.0[j][k], self.0[i][k]);
        result
    }

    /// a† b.
    #[inline(always)]
    pub fn adjoint_times(&self, b: &Self) -> Self {
        let mut result = Self::zero();
        add_products!(result, (i, j, k), first conjugate self.0[k][i], b.0[k][j]);
        result
    }

    /// self + a† b.
    #[inline(always)]
    pub fn plus_adjoint_product(&self, a: &Self, b: &Self) -> Self {
        let mut result = *self;
        add_products!(result, (i, j, k), conjugate a.0[k][i], b.0[k][j]);
        result
    }

    /// a†.
    #[inline(always)]
    pub fn adjoint(&self) -> Self {
        let mut result = Self::zero();
        for i in 0..N {
            for j in 0..N {
                result.0[i][j] = [self.0[j][i][0], L::constant(0.0) - self.0[j][i][1]];
            }
        }
        result
    }

    /// factor self.
    #[inline(always)]
    pub fn scaled(mut self, factor: L) -> Self {
        for i in 0..N {
            for j in 0..N {
                for part in 0..2 {
                    self.0[i][j][part] = factor * self.0[i][j][part];
                }
            }
        }
        self
    }

    /// self + factor other.
    #[inline(always)]
    pub fn plus_scaled(mut self, factor: L, other: &Self) -> Self {
        for i in 0..N {
            for j in 0..N {
                for part in 0..2 {
                    self.0[i][j][part] = factor.mul_add(other.0[i][j][part], self.0[i][j][part]);
                }
            }
        }
        self
    }

    /// Re tr.
    #[inline(always)]
    pub fn real_trace(&self) -> L {
        let mut sum = self.0[0][0][0];
        for i in 1..N {
            sum = sum + self.0[i][i][0];
        }
        sum
    }

    /// The antihermitian part.
    #[inline(always)]
    pub fn skew(&self) -> Skew<L, N> {
        let (mut result, a) = (Skew::zero(), &self.0);
        for i in 0..N {
            result.0[i][i] = a[i][i][1];
            for j in 0..i {
                result.0[i][j] = a[i][j][0] - a[j][i][0];
                result.0[j][i] = a[i][j][1] + a[j][i][1];
            }
        }
        result
    }
}
