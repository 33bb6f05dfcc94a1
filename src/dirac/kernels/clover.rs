//! The clover term, and site-diagonal hermitian blocks in SIMD lanes.
//!
//! ```text
//! A = m - (1/2) sum_(mu < nu) c_munu g_mu g_nu F_munu,    F = (Q - Q^dag) / 8
//! ```
//!
//! Q_munu(x) the sum of the four plaquettes around x in the plane (mu, nu). F is antihermitian and not made traceless;
//! sigma_munu (-i F) = g_mu g_nu F. In a chiral basis A is two hermitian blocks of half a spinor each. B. Sheikholeslami,
//! R. Wohlert, Nucl. Phys. B 259, 572 (1985).

#![allow(clippy::needless_range_loop)]

use crate::dirac::basis::row_of_b;
use crate::dirac::end_slices::EndSlices;
use crate::dirac::lanes::field::Field;
use crate::dirac::lanes::grid::Grid;
use crate::error::{Error, Result};
use crate::gauge::{Complex64, Gauge, Group, Links, leaves};
use crate::lattice::Neighbours;
use crate::memory;
use crate::simd::Native;
use faer::linalg::solvers::DenseSolveCore;

/// Hermitian blocks of size K = half x colours, two on each site: `[site][chirality][row][column]`.
pub(crate) struct Blocks {
    size: usize,
    numbers: Vec<Complex64>,
}

/// Powers of i.
const POWERS: [Complex64; 4] =
    [Complex64::new(1.0, 0.0), Complex64::new(0.0, 1.0), Complex64::new(-1.0, 0.0), Complex64::new(0.0, -1.0)];

/// B_mu of a chirality: B in the upper half, B^dag in the lower.
fn block(half: usize, mu: usize, is_lower: bool) -> [[Complex64; 2]; 2] {
    let mut b = [[Complex64::default(); 2]; 2];
    for row in 0..half {
        let (column, power) = row_of_b(half, mu, row);
        let z = POWERS[power as usize];
        if is_lower {
            b[column][row] = z.conj();
        } else {
            b[row][column] = z;
        }
    }
    b
}

/// g_mu g_nu = diag(B_mu B_nu^dag, B_mu^dag B_nu), one of its blocks.
pub(crate) fn spin_product(half: usize, (mu, nu): (usize, usize), chirality: usize) -> [[Complex64; 2]; 2] {
    let (left, right) = (block(half, mu, chirality == 1), block(half, nu, chirality == 0));
    let mut product = [[Complex64::default(); 2]; 2];
    for s in 0..half {
        for t in 0..half {
            product[s][t] = (0..half).map(|k| left[s][k] * right[k][t]).sum();
        }
    }
    product
}

impl Blocks {
    /// The clover term with mass m; `coefficients[mu][nu]` for mu < nu.
    pub fn clover(gauge: &Gauge, diagonal: f64, coefficients: &[Vec<f64>]) -> Result<Self> {
        let neighbours = Neighbours::new(gauge.lattice())?;
        let links = Links { numbers: gauge.links(), neighbours: &neighbours };
        Ok(match gauge.group() {
            Group::U1 => Self::of::<1>(gauge, &links, diagonal, coefficients)?,
            Group::Su2 => Self::of::<2>(gauge, &links, diagonal, coefficients)?,
            Group::Su3 => Self::of::<3>(gauge, &links, diagonal, coefficients)?,
        })
    }

    fn of<const N: usize>(gauge: &Gauge, links: &Links, diagonal: f64, coefficients: &[Vec<f64>]) -> Result<Self> {
        let lattice = gauge.lattice();
        let (dimensions, volume) = (lattice.dimensions(), lattice.volume());
        let half = dimensions / 2;
        let size = half * N;
        let mut numbers = memory::filled("clover term", Complex64::default(), volume * 2 * size * size)?;
        for (site, blocks) in numbers.chunks_exact_mut(2 * size * size).enumerate() {
            for i in 0..2 * size {
                blocks[i / size * size * size + i % size * (size + 1)] = diagonal.into();
            }
            for nu in 0..dimensions {
                for mu in (0..nu).filter(|&mu| coefficients[mu][nu] != 0.0) {
                    let sum = leaves::<N>(links, site, (mu, nu));
                    let strength = (sum - sum.adjoint()).scale((1.0 / 8.0).into());
                    for chirality in 0..2 {
                        let product = spin_product(half, (mu, nu), chirality);
                        let own = &mut blocks[chirality * size * size..];
                        for s in 0..half {
                            for t in 0..half {
                                let factor = product[s][t] * (-0.5 * coefficients[mu][nu]);
                                for a in 0..N {
                                    for b in 0..N {
                                        own[(s * N + a) * size + t * N + b] += factor * strength.0[a][b];
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
        Ok(Self { size, numbers })
    }

    /// The blocks of an operator whose spinors vanish at the ends.
    pub fn between(mut self, ends: &EndSlices) -> Self {
        let size = self.size;
        for (site, blocks) in self.numbers.chunks_exact_mut(2 * size * size).enumerate() {
            if ends.is_end(site) {
                blocks.fill(Complex64::default());
            }
            for i in 0..2 * size {
                let number = &mut blocks[i / size * size * size + i % size * (size + 1)];
                *number = Complex64::new(ends.diagonal(site, number.re), number.im);
            }
        }
        self
    }

    /// The numbers of all blocks.
    pub fn numbers(&self) -> &[Complex64] {
        &self.numbers
    }

    /// Rows of a block: spin components of a chirality times colours.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Blocks of a function of each block.
    fn map(&self, change: impl Fn(faer::Mat<Complex64>) -> Result<faer::Mat<Complex64>>) -> Result<Self> {
        let (size, count) = (self.size, self.size * self.size);
        let mut numbers = memory::reserved("clover term", self.numbers.len())?;
        for block in self.numbers.chunks_exact(count) {
            let result = change(faer::Mat::from_fn(size, size, |i, j| block[i * size + j]))?;
            numbers.extend((0..count).map(|k| result[(k / size, k % size)]));
        }
        Ok(Self { size, numbers })
    }

    /// A R and R with R = (A^2 + t^2)^-1, so that (A + i t g)^-1 = A R - i t g R.
    pub fn inverse(&self, twist: f64) -> Result<(Self, Self)> {
        let reciprocal = self.map(|a| {
            let mut square = &a * &a;
            for i in 0..self.size {
                square[(i, i)] += twist * twist;
            }
            let inverse = square.partial_piv_lu().inverse();
            let is_finite = (0..self.size).all(|i| inverse[(i, i)].re.is_finite());
            if is_finite {
                Ok(inverse)
            } else {
                let expected = "expected a part that is diagonal in the sites and has an inverse";
                Err(Error::BadInput(format!("mass, clover, c_f: {expected}, got a singular one")))
            }
        })?;
        let count = self.size * self.size;
        let mut product = memory::reserved("clover term", self.numbers.len())?;
        for (a, r) in self.numbers.chunks_exact(count).zip(reciprocal.numbers.chunks_exact(count)) {
            for i in 0..self.size {
                for j in 0..self.size {
                    product.push((0..self.size).map(|k| a[i * self.size + k] * r[k * self.size + j]).sum());
                }
            }
        }
        Ok((Self { size: self.size, numbers: product }, reciprocal))
    }

    /// The blocks in lanes: `[outer site][chirality][diagonal, then pairs of columns below it]`.
    pub fn in_lanes<T: Native>(&self, grid: &Grid) -> Result<Field<T>> {
        let (size, reals) = (self.size, self.size * self.size);
        let mut packed = memory::filled("clover term", 0.0, grid.places.len() * 2 * reals)?;
        for (block, to) in self.numbers.chunks_exact(reals).zip(packed.chunks_exact_mut(reals)) {
            let mut next = size;
            for i in 0..size {
                to[i] = block[i * size + i].re;
                for j in 0..i {
                    (to[next], to[next + 1]) = (block[i * size + j].re, block[i * size + j].im);
                    next += 2;
                }
            }
        }
        let mut field = Field::zeros(grid.sites * 2 * reals)?;
        field.import(grid, 2 * reals, &packed);
        Ok(field)
    }

    /// The blocks of each site, read back out of their lanes.
    pub fn from_lanes<T: Native>(size: usize, field: &Field<T>, grid: &Grid) -> Result<Self> {
        let reals = size * size;
        let mut packed = memory::filled("clover term", 0.0, grid.places.len() * 2 * reals)?;
        field.export(grid, 2 * reals, &mut packed);
        let mut numbers = memory::filled("clover term", Complex64::default(), packed.len())?;
        for (block, from) in numbers.chunks_exact_mut(reals).zip(packed.chunks_exact(reals)) {
            let mut next = size;
            for i in 0..size {
                block[i * size + i] = from[i].into();
                for j in 0..i {
                    let z = Complex64::new(from[next], from[next + 1]);
                    (block[i * size + j], block[j * size + i]) = (z, z.conj());
                    next += 2;
                }
            }
        }
        Ok(Self { size, numbers })
    }
}
