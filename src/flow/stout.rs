//! Learned layers for paths of the strength of a defect ([`crate::gauge::Layers`]): coefficients for each step from 0 to 1.
//!
//! The layer from strength s to s' > s has the coefficients
//!
//! ```text
//! ρ = (B / L) tanh(n (s' − s) θ((s + s') / 2)),    B = 0.9
//! ```
//!
//! with the most loops L through a link, so that Σ |ρ| ≤ B by construction. θ is given in the middle of each of n equal steps,
//! and linear between them, so that a path of n equal steps has coefficients of its own for each, and any other path has layers
//! too. A path downwards takes the inverse of the same layer. All θ start at 0, where layers do nothing.

use super::Model;
use super::identity::Identity;
use super::spec::ModelSpec;
use super::stout_spec::StoutSpec;
use crate::context::Context;
use crate::error::{Error, Result, expect_finite, expect_length};
use crate::gauge::{Cuboid, Defect, Group, Layers};
use crate::lattice::Lattice;
use crate::memory;
use crate::space::{Domain, Space};
use std::sync::Arc;

/// Largest Σ |ρ| over the loops through a link.
const BOUND: f64 = 0.9;
/// Layers with their parameters: a model of paths, of which no samples are drawn.
#[derive(Clone)]
pub struct Stout {
    context: Arc<Context>,
    domain: Domain,
    spec: StoutSpec,
    parameters: Vec<f64>,
}

/// A row of θ and the factor with which it enters the argument of tanh.
type Knots = [(usize, f64); 2];

impl Stout {
    /// Layers that do nothing yet.
    pub fn new(context: &Arc<Context>, lattice: &Lattice, spec: &StoutSpec) -> Result<Self> {
        spec.check(lattice.dimensions())?;
        let parameters = memory::filled("parameters", 0.0, spec.tensor().count())?;
        Self::with_parameters(context, lattice, spec, parameters)
    }

    /// Layers with given parameters.
    pub fn with_parameters(
        context: &Arc<Context>,
        lattice: &Lattice,
        spec: &StoutSpec,
        parameters: Vec<f64>,
    ) -> Result<Self> {
        spec.check(lattice.dimensions())?;
        expect_length("parameters", spec.tensor().count(), parameters.len())?;
        expect_finite("parameters", &parameters)?;
        let domain = Domain { lattice: lattice.clone(), space: Space::Links(spec.group) };
        Ok(Self { context: Arc::clone(context), domain, spec: spec.clone(), parameters })
    }

    /// The context it was made in.
    pub fn context(&self) -> &Arc<Context> {
        &self.context
    }

    /// Its spec.
    pub fn spec(&self) -> &StoutSpec {
        &self.spec
    }

    /// All θ: `[step][coefficient]`.
    pub fn parameters(&self) -> &[f64] {
        &self.parameters
    }

    /// Replaces all θ.
    pub fn set_parameters(&mut self, parameters: &[f64]) -> Result<()> {
        expect_length("parameters", self.parameters.len(), parameters.len())?;
        expect_finite("parameters", parameters)?;
        self.parameters.copy_from_slice(parameters);
        Ok(())
    }

    /// The links around a defect, where the layers fit its lattice, its size and the group.
    pub fn layers(&self, lattice: &Lattice, group: Group, cuboid: (&Cuboid, &Defect)) -> Result<Layers> {
        let (d, own, (cuboid, defect)) = (lattice.dimensions(), self.domain.lattice.dimensions(), cuboid);
        let refused = |text: String| Err(Error::BadShape(format!("model: {text}")));
        if d != own {
            return refused(format!("expected layers of {d} dimensions, got {own}"));
        }
        if group != self.spec.group {
            return refused(format!("expected layers of {}, got {}", group.name(), self.spec.group.name()));
        }
        let (size, across) = (&self.spec.defect.size, self.spec.across(d));
        if *size != cuboid.size || across != defect.across() {
            let expected = format!("a defect of {:?} across {}", cuboid.size, defect.across());
            return refused(format!("expected layers for {expected}, got {size:?} across {across}"));
        }
        Layers::new(lattice, group, self.spec.families(d), (defect, self.spec.distance))
    }

    /// n (s' − s) times the weights of the two rows of θ around the middle of a step.
    fn knots(&self, [low, high]: [f64; 2]) -> Knots {
        let n = self.spec.steps as f64;
        let place = (0.5 * (low + high) * n - 0.5).clamp(0.0, n - 1.0);
        let row = (place as usize).min(self.spec.steps.saturating_sub(2));
        let part = place - row as f64;
        let length = n * (high - low);
        [(row, length * (1.0 - part)), ((row + 1).min(self.spec.steps - 1), length * part)]
    }

    /// Largest |ρ|.
    fn most(&self) -> f64 {
        let d = self.domain.lattice.dimensions();
        BOUND / self.spec.families(d).iter().map(|loops| loops.staples(0).len()).sum::<usize>() as f64
    }

    /// The coefficients of the layer from a strength to a higher one.
    pub fn rho(&self, step: [f64; 2]) -> Vec<f64> {
        let (knots, count, most) = (self.knots(step), self.spec.coefficients(), self.most());
        let argument = |k: usize| knots.iter().map(|&(row, weight)| weight * self.parameters[row * count + k]).sum::<f64>();
        (0..count).map(|k| most * argument(k).tanh()).collect()
    }

    /// Adds ∂f/∂θ to a gradient, from ∂f/∂ρ of the layer of a step.
    pub fn pull_back(&self, step: [f64; 2], by_rho: &[f64], gradient: &mut [f64]) {
        let (knots, count, most) = (self.knots(step), self.spec.coefficients(), self.most());
        for ((k, rho), by_rho) in self.rho(step).into_iter().enumerate().zip(by_rho) {
            let slope = by_rho * most * (1.0 - (rho / most).powi(2));
            for (row, weight) in knots {
                gradient[row * count + k] += weight * slope;
            }
        }
    }

    fn refusal<T>(&self) -> Result<T> {
        Err(Error::Unsupported("model: expected one with a density, got type 'stout', which has layers alone".into()))
    }
}

impl Model for Stout {
    fn domain(&self) -> &Domain {
        &self.domain
    }

    fn sample(&self, _: u64, _: usize, _: &mut [f64], _: &mut [f64]) -> Result<()> {
        self.refusal()
    }

    fn log_density(&self, _: usize, _: &[f64], _: &mut [f64]) -> Result<()> {
        self.refusal()
    }

    fn identity(&self) -> Option<Identity> {
        Some(Identity::new(&ModelSpec::Stout(self.spec.clone()), None, &self.parameters))
    }

    fn stout(&self) -> Option<&Stout> {
        Some(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::{Precision, of_tests};
    use crate::random::{Purpose, Stream};

    fn stout(text: &str, extent: &[usize]) -> Result<Stout> {
        let spec: ModelSpec = crate::spec::parse("model", text)?;
        let ModelSpec::Stout(spec) = spec else { panic!("{spec:?}") };
        Stout::new(&of_tests(1, Precision::F64, 1), &Lattice::new(extent).unwrap(), &spec)
    }

    #[test]
    fn coefficients_stay_within_their_bound_and_pull_back_as_finite_differences() {
        let mut model = stout("{type: 'stout', group: 'u1', defect: {size: [2]}, steps: 3}", &[4, 4]).unwrap();
        assert!(model.rho([0.0, 0.5]).iter().all(|&rho| rho == 0.0));
        let mut theta = vec![0.0; model.parameters().len()];
        Stream::new(1, Purpose::Parameters, 1).normals(&mut theta);
        for step in [[0.0, 1.0 / 3.0], [0.2, 0.45], [0.9, 1.0]] {
            model.set_parameters(&theta).unwrap();
            let (rho, mut gradient) = (model.rho(step), vec![0.0; theta.len()]);
            assert!(rho.iter().all(|rho| rho.abs() <= 0.45));
            let by_rho: Vec<f64> = (0..rho.len()).map(|k| (k as f64).cos()).collect();
            model.pull_back(step, &by_rho, &mut gradient);
            let mut at = |place: usize, shift: f64| {
                let mut other = theta.clone();
                other[place] += shift;
                model.set_parameters(&other).unwrap();
                model.rho(step).iter().zip(&by_rho).map(|(x, y)| x * y).sum::<f64>()
            };
            for (place, exact) in gradient.iter().enumerate() {
                let slope = (at(place, 1e-5) - at(place, -1e-5)) / 2e-5;
                assert!((slope - exact).abs() < 1e-8, "{step:?}, {place}: {slope} {exact}");
            }
        }
        // A path of as many equal steps has a row of its own for each.
        model.set_parameters(&theta).unwrap();
        let expected = 0.45 * theta[model.spec.coefficients()].tanh();
        assert!((model.rho([1.0 / 3.0, 2.0 / 3.0])[0] - expected).abs() < 1e-14);
    }

    #[test]
    fn specs_that_make_no_sense_are_refused() {
        let message = |keys: &str| {
            stout(&format!("{{type: 'stout', group: 'su2', {keys}}}"), &[4, 4]).err().unwrap().to_string()
        };
        for (keys, expected) in [
            ("defect: {size: [2]}, steps: 0", "steps: expected 1 to 4096, got 0"),
            ("defect: {size: [2]}, steps: 2, distance: 17", "distance: expected 0 to 16, got 17"),
            ("defect: {size: [2, 2]}, steps: 2", "defect: size: expected 1 numbers, got 2"),
            ("defect: {size: [2], across: 2}, steps: 2", "defect: across: expected a direction from 0 to 1, got 2"),
            (
                "defect: {size: [2], at: [0, 0]}, steps: 2",
                "defect: at: expected none: layers go where the defect of a chain is, got one",
            ),
            (
                "defect: {size: [2]}, steps: 2, loops: []",
                "loops: expected 'plaquette', 'rectangle' or both, each once, got []",
            ),
        ] {
            assert_eq!(message(keys), expected);
        }
    }
}
