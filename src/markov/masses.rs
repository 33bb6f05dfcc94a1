//! Masses of the momenta of hybrid Monte Carlo that depend on the mode: Fourier acceleration for scalars.
//!
//! ```text
//! H = ½ Σ_k |π(k)|² / M(k) + S(φ),   M(k) = k̂² + m²,   k̂² = Σ_μ 4 sin²(k_μ / 2)
//! ```
//!
//! φ moves along the velocity π / M, and momenta are drawn with ⟨|π(k)|²⟩ = M(k). For a free field of the same m² all modes then
//! move at the same frequency, 1 in form 'half' and √2 in form 'a': a trajectory makes long wavelengths as independent as short
//! ones. G. G. Batrouni et al., Phys. Rev. D 32, 2736 (1985); S. Duane, A. D. Kennedy, B. J. Pendleton, D. Roweth, Phys. Lett. B 195,
//! 216 (1987).
//!
//! Modes are the products of real waves along each direction, 1, √2 cos k x, √2 sin k x and (−1)^x over √L, which form an
//! orthogonal matrix for each direction. Products with these matrices take any extents; they cost V Σ_μ L_μ multiplications and
//! additions each way, for a single field up to some 32 sites along a direction about as much as fast Fourier transforms.

use crate::action::Action;
use crate::context::Team;
use crate::error::{Error, Result};
use crate::lattice::Lattice;
use crate::memory;
use crate::simd::{Instructions, Lanes, Launch, launch};
use crate::space::Space;
use std::f64::consts::PI;
use std::sync::Arc;

/// Masses in a spec: `{type: 'fourier', mass_squared: 0.1}`.
#[derive(Clone, Debug, PartialEq, serde::Deserialize, serde::Serialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum MassSpec {
    /// M(k) = k̂² + m².
    Fourier {
        /// m², above 0.
        mass_squared: f64,
    },
}

/// Largest extent: waves along a direction are a matrix of its square.
const LARGEST_EXTENT: usize = 2048;

/// The waves along one direction.
#[derive(Debug)]
struct Axis {
    length: usize,
    /// Number of neighbouring numbers in memory that move together.
    stride: usize,
    /// `[mode][x]`.
    waves: Vec<f64>,
    /// `[x][mode]`.
    transposed: Vec<f64>,
}

/// Masses on one lattice.
#[derive(Debug)]
pub(super) struct Masses {
    axes: Vec<Axis>,
    /// √M of each mode.
    roots: Vec<f64>,
}

impl MassSpec {
    /// The masses of the momenta of an action of scalars.
    pub(super) fn build(&self, action: &dyn Action) -> Result<Arc<Masses>> {
        let &MassSpec::Fourier { mass_squared } = self;
        let is_good = mass_squared.is_finite() && mass_squared > 0.0;
        crate::spec::expect(is_good, "mass.mass_squared", "a finite number above 0", mass_squared)?;
        Space::Scalars.expect("mass", action.space())?;
        Ok(Arc::new(Masses::new(action.lattice(), mass_squared)?))
    }
}

impl Axis {
    fn new(length: usize, stride: usize) -> Result<Self> {
        let matrix = || memory::filled("waves", 0.0, length * length);
        let (mut waves, mut transposed) = (matrix()?, matrix()?);
        for (mode, x) in (0..length).flat_map(|mode| (0..length).map(move |x| (mode, x))) {
            let n = momentum(mode);
            let phase = 2.0 * PI * (n * x % length) as f64 / length as f64;
            let is_alone = n == 0 || 2 * n == length;
            let size = (if is_alone { 1.0 } else { 2.0 } / length as f64).sqrt();
            // Mode 2n − 1 is the cosine and mode 2n the sine; the last one of an even extent is (−1)^x.
            let wave = size * if mode == 0 || mode % 2 == 1 { phase.cos() } else { phase.sin() };
            waves[mode * length + x] = wave;
            transposed[x * length + mode] = wave;
        }
        Ok(Self { length, stride, waves, transposed })
    }

    /// From sites to modes along this direction, or back.
    fn turn(&self, is_back: bool, from: &[f64], to: &mut [f64]) {
        let Self { length, stride, waves, transposed } = self;
        let (first, second) = if is_back { (transposed, waves) } else { (waves, transposed) };
        // Along x the rows of the field are those of the first factor, along other directions those of the second one.
        if *stride == 1 {
            return multiply(Product { a: from, b: second, c: to, inner: *length, columns: *length });
        }
        let block = length * stride;
        for (from, to) in from.chunks_exact(block).zip(to.chunks_exact_mut(block)) {
            multiply(Product { a: first, b: from, c: to, inner: *length, columns: *stride });
        }
    }
}

/// n of a mode along a direction: 0, 1, 1, 2, 2, ...
fn momentum(mode: usize) -> usize {
    mode.div_ceil(2)
}

impl Masses {
    fn new(lattice: &Lattice, mass_squared: f64) -> Result<Self> {
        let (mut axes, mut stride) = (vec![], 1);
        for (mu, &length) in lattice.extent().iter().enumerate() {
            if length > LARGEST_EXTENT {
                let message = format!("mass: extent[{mu}]: expected at most {LARGEST_EXTENT} sites, got {length}");
                return Err(Error::BadShape(message));
            }
            axes.push(Axis::new(length, stride)?);
            stride *= length;
        }
        let square =
            |(mode, &length): (usize, &usize)| 4.0 * (PI * momentum(mode) as f64 / length as f64).sin().powi(2);
        let mass = |mode: usize| {
            let along = lattice.coordinates(mode).into_iter().zip(lattice.extent());
            mass_squared + along.map(square).sum::<f64>()
        };
        let roots = memory::collected("masses", (0..lattice.volume()).map(|mode| mass(mode).sqrt()))?;
        Ok(Self { axes, roots })
    }
}

/// The velocity of momenta with masses, with memory for transforms.
#[derive(Clone, Debug)]
pub struct Velocity {
    masses: Arc<Masses>,
    numbers: Vec<f64>,
    spare: Vec<f64>,
}

impl Velocity {
    pub(super) fn new(masses: &Arc<Masses>) -> Result<Self> {
        let zeros = |what| memory::filled(what, 0.0, masses.roots.len());
        Ok(Self { masses: Arc::clone(masses), numbers: zeros("velocity")?, spare: zeros("modes")? })
    }

    /// Turns `numbers` from sites to modes, or back.
    fn turn(&mut self, is_back: bool) {
        for axis in &self.masses.axes {
            axis.turn(is_back, &self.numbers, &mut self.spare);
            std::mem::swap(&mut self.numbers, &mut self.spare);
        }
    }

    /// The velocity π / M.
    pub(super) fn of(&mut self, momenta: &[f64]) -> &[f64] {
        self.numbers.copy_from_slice(momenta);
        self.turn(false);
        self.numbers.iter_mut().zip(&self.masses.roots).for_each(|(v, root)| *v /= root * root);
        self.turn(true);
        &self.numbers
    }

    /// ½ Σ |π(k)|² / M(k).
    pub(super) fn kinetic(&mut self, team: &Team, momenta: &[f64]) -> f64 {
        self.numbers.copy_from_slice(momenta);
        self.turn(false);
        self.numbers.iter_mut().zip(&self.masses.roots).for_each(|(v, root)| *v /= root);
        Space::Scalars.kinetic(team, &self.numbers)
    }

    /// Makes momenta of independent standard normal numbers, one for each mode.
    pub(super) fn give_masses(&mut self, momenta: &mut [f64]) {
        self.numbers.iter_mut().zip(&*momenta).zip(&self.masses.roots).for_each(|((v, z), root)| *v = z * root);
        self.turn(true);
        momenta.copy_from_slice(&self.numbers);
    }
}

/// The product C = A B of matrices with the rows of C, `inner` numbers in a row of A, and `columns` in a row of B.
struct Product<'a> {
    a: &'a [f64],
    b: &'a [f64],
    c: &'a mut [f64],
    inner: usize,
    columns: usize,
}

fn multiply(product: Product) {
    // SAFETY: the best instruction set is one of this processor.
    unsafe { launch(Instructions::best(), product) };
}

/// Rows and columns of C whose sums are kept in registers.
const ROWS: usize = 4;
const COLUMNS: usize = 8;

/// Ordinary loops, compiled for the instruction set. Sums of products are rounded twice everywhere, so that results do not
/// depend on it.
impl Launch<f64> for Product<'_> {
    #[inline(always)]
    unsafe fn run<L: Lanes<Scalar = f64>>(self) {
        let Self { a, b, c, inner, columns } = self;
        let rows = c.len() / columns;
        let whole = rows - rows % ROWS;
        for row in (0..whole).step_by(ROWS) {
            rows_of::<ROWS>(&a[row * inner..], b, &mut c[row * columns..], (inner, columns));
        }
        for row in whole..rows {
            rows_of::<1>(&a[row * inner..], b, &mut c[row * columns..], (inner, columns));
        }
    }
}

/// The first R rows.
#[allow(clippy::needless_range_loop)]
#[inline(always)]
fn rows_of<const R: usize>(a: &[f64], b: &[f64], c: &mut [f64], (inner, columns): (usize, usize)) {
    let whole = columns - columns % COLUMNS;
    for first in (0..whole).step_by(COLUMNS) {
        let mut sums = [[0.0; COLUMNS]; R];
        for x in 0..inner {
            let b = &b[x * columns + first..][..COLUMNS];
            for row in 0..R {
                let factor = a[row * inner + x];
                for i in 0..COLUMNS {
                    sums[row][i] += factor * b[i];
                }
            }
        }
        for row in 0..R {
            c[row * columns + first..][..COLUMNS].copy_from_slice(&sums[row]);
        }
    }
    for column in whole..columns {
        for row in 0..R {
            let mut sum = 0.0;
            for x in 0..inner {
                sum += a[row * inner + x] * b[x * columns + column];
            }
            c[row * columns + column] = sum;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::check::random_field;

    const EXTENTS: [&[usize]; 9] = [&[2], &[5], &[8], &[37], &[2, 2], &[4, 3], &[16, 9], &[9, 16, 2], &[3, 2, 4, 5]];

    fn velocity(extent: &[usize], mass_squared: f64) -> (Lattice, Velocity) {
        let lattice = Lattice::new(extent).unwrap();
        let masses = Arc::new(Masses::new(&lattice, mass_squared).unwrap());
        (lattice, Velocity::new(&masses).unwrap())
    }

    /// (−Δ + m²) v = π at each site.
    #[test]
    fn the_velocity_solves_the_equation_of_a_free_field() {
        for extent in EXTENTS {
            let (lattice, mut velocity) = velocity(extent, 0.3);
            let momenta = random_field(lattice.volume(), 3);
            let v = velocity.of(&momenta);
            for site in 0..lattice.volume() {
                let along = |mu: usize| {
                    let unit =
                        |by: i64| -> Vec<i64> { (0..extent.len()).map(|nu| if nu == mu { by } else { 0 }).collect() };
                    2.0 * v[site] - v[lattice.shifted(site, &unit(1))] - v[lattice.shifted(site, &unit(-1))]
                };
                let found = (0..extent.len()).map(along).sum::<f64>() + 0.3 * v[site];
                assert!((found - momenta[site]).abs() < 1e-12, "{extent:?}: {found} {}", momenta[site]);
            }
        }
    }

    #[test]
    fn momenta_have_the_kinetic_energy_of_the_numbers_they_are_made_of() {
        for extent in EXTENTS {
            let (lattice, mut velocity) = velocity(extent, 0.02);
            let numbers = random_field(lattice.volume(), 4);
            let mut momenta = numbers.clone();
            velocity.give_masses(&mut momenta);
            let expected = 0.5 * numbers.iter().map(|z| z * z).sum::<f64>();
            let found = velocity.kinetic(&Team::default(), &momenta);
            let product = 0.5 * velocity.of(&momenta).iter().zip(&momenta).map(|(v, p)| v * p).sum::<f64>();
            let tolerance = 1e-13 * expected * lattice.volume() as f64;
            assert!((found - expected).abs() < tolerance, "{extent:?}: {found} {expected}");
            assert!((product - expected).abs() < tolerance, "{extent:?}: {product} {expected}");
        }
    }

    /// To the last bit the sums of one row after the other, in whatever registers they are.
    #[test]
    fn products_are_sums_in_the_order_of_rows() {
        for (rows, inner, columns) in [(1, 1, 1), (4, 5, 8), (9, 7, 19), (3, 16, 40)] {
            let (a, b) = (random_field(rows * inner, 1), random_field(inner * columns, 2));
            let mut c = vec![0.0; rows * columns];
            multiply(Product { a: &a, b: &b, c: &mut c, inner, columns });
            for (place, found) in c.iter().enumerate() {
                let (row, column) = (place / columns, place % columns);
                let expected = (0..inner).fold(0.0, |sum, x| sum + a[row * inner + x] * b[x * columns + column]);
                assert_eq!(*found, expected);
            }
        }
    }
}
