//! Learned layers for paths of the strength of a defect ([`crate::gauge::Layers`]): coefficients for each step from 0 to 1.
//!
//! The layer from strength s to s' > s has the coefficients
//!
//! ```text
//! ρ = (B / L) tanh(n (s' − s) θ((s + s') / 2)),    Σ B = 0.9
//! ```
//!
//! with the number L of loops of a family through a link, so that Σ |ρ| ≤ 0.9 by construction; B is in the ratio 2 : 1 : 2 for
//! plaquettes, rectangles and chairs. θ is given in the middle of each of n equal steps, and linear between them and beyond the first
//! and the last, so that a path of n equal steps has coefficients of its own for each, and any other path has layers too. A path downwards takes the inverse of the same layer. With a hidden layer there is a share of θ that depends on the
//! link,
//!
//! ```text
//! θ(s) + V tanh(A x + b),    x = (2 s − 1, I_0, I_1)
//! ```
//!
//! with the means I of Re tr / N over loops around the link that stay while it moves (`gauge/layers/invariants.rs`). All θ and V
//! start at 0, where layers do nothing.

use super::Model;
use super::identity::Identity;
use super::spec::ModelSpec;
use super::stout_spec::{Family, INPUTS, StoutSpec, WIDEST};
use crate::context::Context;
use crate::error::{Error, Result, expect_finite, expect_length};
use crate::gauge::{Cuboid, Defect, Group, Layers, MOST_STAPLES, Rule};
use crate::lattice::Lattice;
use crate::memory;
use crate::random::{Purpose, Stream};
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
        let mut parameters = memory::filled("parameters", 0.0, spec.count())?;
        let (mut rest, mut stream) = (&mut parameters[..], Stream::new(context.seed(), Purpose::Parameters, 0));
        for tensor in spec.tensors() {
            let (numbers, others) = std::mem::take(&mut rest).split_at_mut(tensor.count());
            numbers.iter_mut().for_each(|x| *x = tensor.bound * (2.0 * stream.uniform() - 1.0));
            rest = others;
        }
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
        expect_length("parameters", spec.count(), parameters.len())?;
        expect_finite("parameters", &parameters)?;
        let domain = Domain { lattice: lattice.clone(), space: Space::Links(spec.group) };
        Ok(Self { context: Arc::clone(context), domain, spec: spec.clone(), parameters })
    }

    /// The same layers on a lattice of other extents.
    pub fn transfer(&self, context: &Arc<Context>, lattice: &Lattice) -> Result<Self> {
        let (expected, got) = (self.domain.lattice.dimensions(), lattice.dimensions());
        if got != expected {
            return Err(Error::BadShape(format!("lattice: expected {expected} dimensions, the model's, got {got}")));
        }
        Self::with_parameters(context, lattice, &self.spec, memory::cloned("parameters", &self.parameters)?)
    }

    /// The context it was made in.
    pub fn context(&self) -> &Arc<Context> {
        &self.context
    }

    /// Its spec.
    pub fn spec(&self) -> &StoutSpec {
        &self.spec
    }

    /// All parameters: θ `[step][coefficient]`, then A, b and V where there is a hidden layer.
    pub fn parameters(&self) -> &[f64] {
        &self.parameters
    }

    /// Replaces all parameters.
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
        let place = 0.5 * (low + high) * n - 0.5;
        let row = (place.max(0.0) as usize).min(self.spec.steps.saturating_sub(2));
        let part = if self.spec.steps > 1 { place - row as f64 } else { 0.0 };
        let length = n * (high - low);
        [(row, length * (1.0 - part)), ((row + 1).min(self.spec.steps - 1), length * part)]
    }

    /// Largest |ρ| of each family.
    fn most(&self) -> Vec<f64> {
        let (d, loops) = (self.domain.lattice.dimensions(), &self.spec.loops);
        let weight = |family: &Family| if *family == Family::Rectangle { 1.0 } else { 2.0 };
        let total: f64 = loops.iter().map(weight).sum();
        let share = |family: &Family| BOUND * weight(family) / total;
        let families = self.spec.families(d);
        loops.iter().zip(families).map(|(family, loops)| share(family) / loops.staples(0).len() as f64).collect()
    }

    /// The coefficients of the layer from a strength to a higher one.
    pub fn rule(&self, step: [f64; 2]) -> impl Rule + '_ {
        let (knots, count) = (self.knots(step), self.spec.coefficients());
        let share = |k: usize, (row, weight): (usize, f64)| weight * self.parameters[row * count + k];
        let argument = |k: usize| share(k, knots[0]) + share(k, knots[1]);
        StepRule {
            model: self,
            knots,
            most: self.most(),
            middle: step[0] + step[1] - 1.0,
            constant: (0..count).map(argument).collect(),
        }
    }

    fn refusal<T>(&self) -> Result<T> {
        Err(Error::Unsupported("model: expected one with a density, got type 'stout', which has layers alone".into()))
    }
}

/// The coefficients of one step.
struct StepRule<'a> {
    model: &'a Stout,
    knots: Knots,
    /// Largest |ρ| of each family.
    most: Vec<f64>,
    /// 2 s − 1 in the middle of the step.
    middle: f64,
    /// The share of the argument of tanh that is the same for all links.
    constant: Vec<f64>,
}

impl StepRule<'_> {
    /// n (s' − s).
    fn length(&self) -> f64 {
        self.knots[0].1 + self.knots[1].1
    }

    /// Largest |ρ| of a place.
    fn most_of(&self, slot: usize) -> f64 {
        // Places are in the order of families.
        self.most[slot * self.most.len() / self.constant.len()]
    }

    /// A, b and V.
    fn network(&self) -> [&[f64]; 3] {
        let (spec, width) = (&self.model.spec, self.model.spec.width());
        let (_, rest) = self.model.parameters.split_at(spec.steps * spec.coefficients());
        let (weight, rest) = rest.split_at(width * INPUTS);
        let (bias, output) = rest.split_at(width);
        [weight, bias, output]
    }

    /// tanh(A x + b), and x.
    fn hidden(&self, [first, second]: [f64; 2]) -> ([f64; WIDEST], [f64; INPUTS]) {
        let ([weight, bias, _], x, mut hidden) = (self.network(), [self.middle, first, second], [0.0; WIDEST]);
        for ((row, bias), hidden) in weight.chunks_exact(INPUTS).zip(bias).zip(&mut hidden) {
            *hidden = (bias + row.iter().zip(x).map(|(a, x)| a * x).sum::<f64>()).tanh();
        }
        (hidden, x)
    }
}

impl Rule for StepRule<'_> {
    fn has_invariants(&self) -> bool {
        self.model.spec.width() > 0
    }

    fn rho(&self, invariants: [f64; 2], slots: &[u16], rho: &mut [f64]) {
        let ((hidden, _), [_, _, output], width) = (self.hidden(invariants), self.network(), self.model.spec.width());
        for (rho, &slot) in rho.iter_mut().zip(slots) {
            let row = &output[usize::from(slot) * width..][..width];
            let share: f64 = row.iter().zip(hidden).map(|(v, h)| v * h).sum();
            *rho = self.most_of(slot.into()) * (self.constant[usize::from(slot)] + self.length() * share).tanh();
        }
    }

    fn back(&self, invariants: [f64; 2], slots: &[u16], by_rho: &[f64], gradient: &mut [f64]) -> [f64; 2] {
        let (mut rho, width, count) = ([0.0; MOST_STAPLES], self.model.spec.width(), self.model.spec.coefficients());
        self.rho(invariants, slots, &mut rho[..slots.len()]);
        let ((hidden, x), [weight, _, output]) = (self.hidden(invariants), self.network());
        let (mut by_hidden, mut by_x) = ([0.0; WIDEST], [0.0; INPUTS]);
        let (by_theta, rest) = gradient.split_at_mut(self.model.spec.steps * count);
        let (by_weight, rest) = rest.split_at_mut(width * INPUTS);
        let (by_bias, by_output) = rest.split_at_mut(width);
        for ((&slot, by_rho), rho) in slots.iter().zip(by_rho).zip(rho) {
            let slot = usize::from(slot);
            let most = self.most_of(slot);
            let slope = by_rho * most * (1.0 - (rho / most).powi(2));
            self.knots.iter().for_each(|&(row, weight)| by_theta[row * count + slot] += weight * slope);
            let slope = slope * self.length();
            for h in 0..width {
                by_output[slot * width + h] += slope * hidden[h];
                by_hidden[h] += slope * output[slot * width + h];
            }
        }
        for h in 0..width {
            let slope = by_hidden[h] * (1.0 - hidden[h] * hidden[h]);
            by_bias[h] += slope;
            for i in 0..INPUTS {
                by_weight[h * INPUTS + i] += slope * x[i];
                by_x[i] += slope * weight[h * INPUTS + i];
            }
        }
        [by_x[1], by_x[2]]
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

    fn stout(text: &str, extent: &[usize]) -> Result<Stout> {
        let spec: ModelSpec = crate::spec::parse("model", text)?;
        let ModelSpec::Stout(spec) = spec else { panic!("{spec:?}") };
        Stout::new(&of_tests(1, Precision::F64, 1), &Lattice::new(extent).unwrap(), &spec)
    }

    #[test]
    fn coefficients_stay_within_their_bound_and_pull_back_as_finite_differences() {
        for hidden in ["", ", hidden: [3]"] {
            let text = format!("{{type: 'stout', group: 'u1', defect: {{size: [2]}}, steps: 3{hidden}}}");
            let mut model = stout(&text, &[4, 4]).unwrap();
            let slots: Vec<u16> = (0..6).map(|k| 2 * k).collect();
            let rho = |model: &Stout, step: [f64; 2], invariants: [f64; 2]| {
                let mut rho = [0.0; 6];
                model.rule(step).rho(invariants, &slots, &mut rho);
                rho
            };
            assert_eq!(rho(&model, [0.0, 0.5], [0.3, 0.4]), [0.0; 6]);
            let mut theta = vec![0.0; model.parameters().len()];
            Stream::new(1, Purpose::Parameters, 1).normals(&mut theta);
            for step in [[0.0, 1.0 / 3.0], [0.2, 0.45], [0.9, 1.0]] {
                model.set_parameters(&theta).unwrap();
                let (invariants, mut gradient) = ([0.6, -0.2], vec![0.0; theta.len()]);
                assert!(rho(&model, step, invariants).iter().all(|rho| rho.abs() <= 0.45));
                let by_rho: Vec<f64> = (0..6).map(|k| f64::from(k).cos()).collect();
                let loss = |model: &Stout, invariants: [f64; 2]| {
                    rho(model, step, invariants).iter().zip(&by_rho).map(|(x, y)| x * y).sum::<f64>()
                };
                let by = model.rule(step).back(invariants, &slots, &by_rho, &mut gradient);
                for (i, exact) in by.into_iter().enumerate() {
                    let at =
                        |shift: f64| loss(&model, std::array::from_fn(|j| invariants[j] + shift * f64::from(i == j)));
                    assert!(((at(1e-5) - at(-1e-5)) / 2e-5 - exact).abs() < 1e-8, "{step:?}, invariant {i}");
                }
                let mut at = |place: usize, shift: f64| {
                    let mut other = theta.clone();
                    other[place] += shift;
                    model.set_parameters(&other).unwrap();
                    loss(&model, invariants)
                };
                for (place, exact) in gradient.iter().enumerate() {
                    let slope = (at(place, 1e-5) - at(place, -1e-5)) / 2e-5;
                    assert!((slope - exact).abs() < 1e-8, "{step:?}, {place}: {slope} {exact}");
                }
            }
            // A path of as many equal steps has a row of its own for each.
            if hidden.is_empty() {
                model.set_parameters(&theta).unwrap();
                let expected = 0.45 * theta[model.spec.coefficients()].tanh();
                assert!((rho(&model, [1.0 / 3.0, 2.0 / 3.0], [0.0; 2])[0] - expected).abs() < 1e-14);
            }
        }
    }

    #[test]
    fn specs_that_make_no_sense_are_refused() {
        let message =
            |keys: &str| stout(&format!("{{type: 'stout', group: 'su2', {keys}}}"), &[4, 4]).err().unwrap().to_string();
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
                "defect: {size: [2]}, steps: 2, hidden: [65]",
                "hidden: expected at most one layer of 1 to 64 channels, got [65]",
            ),
            (
                "defect: {size: [2]}, steps: 2, loops: []",
                "loops: expected 'plaquette', 'rectangle' or 'chair', each at most once, got []",
            ),
        ] {
            assert_eq!(message(keys), expected);
        }
    }
}
