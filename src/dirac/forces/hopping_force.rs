//! Derivatives of bilinear forms of an operator along the group: the forces of pseudofermions.
//!
//! For spinors Y and X on all sites the G of
//!
//! ```text
//! f(U) = 2 Re Y^dag D(U) X,      df = sum Re tr(T W),  G = -T_F TA(W)      for U -> exp(s T) U
//!
//! Wilson:     W = -w_mu phase_mu U [ ((1 - g_mu) X)(x + mu) Y(x)^dag + ((1 + g_mu) Y)(x + mu) X(x)^dag ]
//! staggered:  W =  eta_mu phase_mu U [ X(x + mu) Y(x)^dag - Y(x + mu) X(x)^dag ]
//! ```
//!
//! summed over the spin components; G in the convention of the space of links. S. Gottlieb et al., Phys. Rev. D 35,
//! 2531 (1987). The clover term adds its own W, see `clover_force.rs`.

use super::clover_force::{CloverForce, Insertions};
use super::spinor::{outer, project, spinor};
use crate::context::Context;
use crate::dirac::end_slices::EndSlices;
use crate::dirac::spec::{DiracSpec, factors};
use crate::error::Result;
use crate::gauge::{Complex64, Gauge, Links, Matrix, with_colours};
use crate::lattice::Neighbours;
use crate::memory;
use std::sync::Arc;

/// Sites in each piece of a thread's work.
const SITES: usize = 32;

/// The derivative of an operator: all data that do not depend on the gauge field.
pub(crate) struct Derivative {
    context: Arc<Context>,
    neighbours: Neighbours,
    /// Weight and phase of each link: `[site][mu]`.
    factors: Vec<Complex64>,
    /// Spin components: 4, 2, or 1 for staggered operators.
    spins: usize,
    clover: Option<CloverForce>,
    /// Slices without spinors.
    ends: Option<EndSlices>,
}

/// The real factor of a link, from the coordinates of its site and its direction.
type Weight<'a> = Box<dyn Fn(&[usize], usize) -> f64 + 'a>;

impl Derivative {
    /// The derivative of an operator on fields like `gauge`.
    pub fn new(context: &Arc<Context>, gauge: &Gauge, spec: &DiracSpec) -> Result<Self> {
        let lattice = gauge.lattice();
        let dimensions = lattice.dimensions();
        let (boundary, weight, spins): (_, Weight<'_>, _) = match spec {
            DiracSpec::Wilson(spec) => {
                let weights = spec.weights(dimensions)?;
                (&spec.boundary, Box::new(move |_, mu| -weights[mu]), dimensions)
            }
            DiracSpec::Staggered(spec) => (&spec.boundary, Box::new(|x, mu| spec.first.phase(x, mu)), 1),
        };
        let (clover, ends) = match spec {
            DiracSpec::Wilson(spec) => (spec.clover(dimensions)?.map(CloverForce::new), spec.end_slices(lattice)?),
            DiracSpec::Staggered(_) => (None, None),
        };
        let phases = factors(boundary, dimensions)?;
        let factor = |(site, x): (usize, &[usize]), mu: usize| {
            let phase = if x[mu] + 1 == lattice.extent()[mu] { phases[mu] } else { 1.0.into() };
            if ends.is_some_and(|ends| ends.is_cut(site, mu)) { 0.0.into() } else { phase * weight(x, mu) }
        };
        let mut all = memory::reserved("factors of the links", lattice.volume() * dimensions)?;
        for site in 0..lattice.volume() {
            let x = lattice.coordinates(site);
            all.extend((0..dimensions).map(|mu| factor((site, &x), mu)));
        }
        let (context, neighbours) = (Arc::clone(context), Neighbours::new(lattice)?);
        Ok(Self { context, neighbours, factors: all, spins, clover, ends })
    }

    /// True where the site-diagonal part of the operator is 1 whatever the links.
    fn is_end(&self, site: usize) -> bool {
        self.ends.is_some_and(|ends| ends.is_end(site))
    }

    /// Adds factor G to `gradient`, for spinors in the canonical order.
    pub fn add(&self, gauge: &Gauge, factor: f64, (y, x): (&[f64], &[f64]), gradient: &mut [f64]) -> Result<()> {
        with_colours!(gauge.group(), add(self, gauge, factor, (y, x), gradient))
    }

    /// Adds factor times the G of -log det of the clover term on even sites, (A^2 + t^2)^-1 A given by `inverse`.
    pub fn add_determinant(
        &self,
        gauge: &Gauge,
        factor: f64,
        inverse: &(dyn Fn(usize) -> Option<Vec<Complex64>> + Sync),
        gradient: &mut [f64],
    ) -> Result<()> {
        let Some(clover) = &self.clover else { return Ok(()) };
        with_colours!(gauge.group(), add_determinant((self, clover), gauge, factor, inverse, gradient))
    }
}

fn add<const N: usize>(
    this: &Derivative,
    gauge: &Gauge,
    factor: f64,
    (y, x): (&[f64], &[f64]),
    gradient: &mut [f64],
) -> Result<()> {
    let links = Links { numbers: gauge.links(), neighbours: &this.neighbours };
    let insertions = this.clover.as_ref().map(|clover| {
        let at = |site| (spinor::<N>(y, site, this.spins), spinor::<N>(x, site, this.spins));
        Insertions::new(&this.context, gauge.lattice(), |site, plane| {
            if this.is_end(site) {
                return Matrix::ZERO;
            }
            let (y, x) = at(site);
            clover.insertion(plane, &y, &x, this.spins)
        })
    });
    let insertions = insertions.transpose()?;
    let dimensions = this.neighbours.dimensions();
    let norm = -gauge.group().trace_norm() * factor;
    this.context.share_chunks(gradient, SITES * dimensions * 2 * N * N, |part, gradient| {
        for (k, gradient) in gradient.chunks_exact_mut(2 * N * N).enumerate() {
            let (site, mu) = (part * SITES + k / dimensions, k % dimensions);
            let next = this.neighbours.next(site, mu);
            let at = |field, site| spinor::<N>(field, site, this.spins);
            let hop = this.factors[site * dimensions + mu];
            // (1 - g) X and (1 + g) Y; staggered operators have X and -Y.
            let mut sum = outer(&project(&at(x, next), mu, -1.0, this.spins), &at(y, site), this.spins);
            sum = sum + outer(&project(&at(y, next), mu, 1.0, this.spins), &at(x, site), this.spins);
            let mut w = links.link::<N>(site, mu) * sum.scale(hop);
            if let Some(insertions) = &insertions {
                w = w + insertions.around(&links, site, mu);
            }
            accumulate(&w, norm, gradient);
        }
    });
    Ok(())
}

fn add_determinant<const N: usize>(
    (this, clover): (&Derivative, &CloverForce),
    gauge: &Gauge,
    factor: f64,
    inverse: &(dyn Fn(usize) -> Option<Vec<Complex64>> + Sync),
    gradient: &mut [f64],
) -> Result<()> {
    let links = Links { numbers: gauge.links(), neighbours: &this.neighbours };
    let insertions = Insertions::<N>::new(&this.context, gauge.lattice(), |site, plane| match inverse(site) {
        Some(blocks) if !this.is_end(site) => clover.trace(plane, &blocks, this.spins),
        _ => Matrix::ZERO,
    })?;
    let dimensions = this.neighbours.dimensions();
    let norm = -gauge.group().trace_norm() * factor;
    this.context.share_chunks(gradient, SITES * dimensions * 2 * N * N, |part, gradient| {
        for (k, gradient) in gradient.chunks_exact_mut(2 * N * N).enumerate() {
            let (site, mu) = (part * SITES + k / dimensions, k % dimensions);
            accumulate(&insertions.around(&links, site, mu), norm, gradient);
        }
    });
    Ok(())
}

/// gradient += norm TA(W).
fn accumulate<const N: usize>(w: &Matrix<N>, norm: f64, gradient: &mut [f64]) {
    let part = w.antihermitian();
    for (pair, z) in gradient.chunks_exact_mut(2).zip(part.0.iter().flatten()) {
        pair[0] += norm * z.re;
        pair[1] += norm * z.im;
    }
}
