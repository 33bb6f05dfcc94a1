//! Specs of models: the registry of layers. A new layer is its file and one line here; priors are in `prior_spec.rs`.

use super::affine::Affine;
use super::chain::Chain;
use super::condition::Conditions;
use super::continuous::ContinuousSpec;
use super::coupling::{Board, Coupling};
use super::diffusion::{Diffusion, DiffusionSpec};
use super::layer::Layer;
use super::network::{Activation, MOST_PARAMETERS, NetworkSpec, Symmetry};
use super::prior_spec::PriorSpec;
use super::spline::{Spline, SplineSpec};
use super::stacked::Stacked;
use super::stout_spec::StoutSpec;
use super::tensor::Tensor;
use crate::error::{Error, Result};
use crate::lattice::Lattice;
use crate::space::{Domain, Space};
use crate::spec::expect;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Spec of a model, by its type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum ModelSpec {
    /// A Gaussian prior and affine coupling layers on alternating checkerboards: the short form of a chain.
    Affine {
        /// The Gaussian prior.
        #[serde(default)]
        prior: PriorSpec,
        /// Number of coupling layers.
        #[serde(default = "default_layers")]
        layers: usize,
        /// Channels of the hidden layers of each network.
        #[serde(default = "default_hidden")]
        hidden: Vec<usize>,
        /// Odd width of the convolutions.
        #[serde(default = "default_kernel")]
        kernel: usize,
        /// Activation of the hidden layers.
        #[serde(default)]
        activation: Activation,
        /// Symmetry under φ -> -φ.
        #[serde(default)]
        symmetry: Symmetry,
        /// Initial size of the last convolution, relative to the usual one; small: the flow starts near the identity.
        #[serde(default = "default_initial_output")]
        initial_output: f64,
        /// Couplings that the model depends on, each with its range.
        #[serde(default, skip_serializing_if = "Conditions::is_empty")]
        condition: Conditions,
    },
    /// A prior and layers of any types in any order.
    Chain {
        /// The prior.
        #[serde(default)]
        prior: PriorSpec,
        /// The layers, in the order from the prior to the field.
        layers: Vec<LayerSpec>,
        /// Couplings that the model depends on, each with its range.
        #[serde(default, skip_serializing_if = "Conditions::is_empty")]
        condition: Conditions,
    },
    /// A diffusion model.
    Diffusion(DiffusionSpec),
    /// Layers of links for paths through a defect, which are no density.
    Stout(StoutSpec),
}

/// Spec of a layer of a chain, by its type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum LayerSpec {
    /// Affine couplings on alternating checkerboards.
    Affine {
        /// Number of couplings: 1, or an even number, whose parameters are stacked.
        #[serde(default = "one")]
        repeat: usize,
        /// Parity of the sites that the first coupling leaves unchanged; by default the one after the coupling before it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        frozen: Option<Parity>,
        /// Channels of the hidden layers of each network.
        #[serde(default = "default_hidden")]
        hidden: Vec<usize>,
        /// Odd width of the convolutions.
        #[serde(default = "default_kernel")]
        kernel: usize,
        /// Activation of the hidden layers.
        #[serde(default)]
        activation: Activation,
        /// Symmetry under φ -> -φ.
        #[serde(default)]
        symmetry: Symmetry,
        /// Initial size of the last convolution, relative to the usual one.
        #[serde(default = "default_initial_output")]
        initial_output: f64,
    },
    /// Couplings by rational-quadratic splines on alternating checkerboards.
    Spline {
        /// Number of couplings: 1, or an even number, whose parameters are stacked.
        #[serde(default = "one")]
        repeat: usize,
        /// Parity of the sites that the first coupling leaves unchanged; by default the one after the coupling before it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        frozen: Option<Parity>,
        /// Bins of a spline.
        #[serde(default = "default_bins")]
        bins: usize,
        /// The spline acts on [-range, range]; fields beyond it stay as they are.
        #[serde(default = "default_range")]
        range: f64,
        /// Channels of the hidden layers of each network.
        #[serde(default = "default_hidden")]
        hidden: Vec<usize>,
        /// Odd width of the convolutions.
        #[serde(default = "default_kernel")]
        kernel: usize,
        /// Activation of the hidden layers.
        #[serde(default)]
        activation: Activation,
        /// Initial size of the last convolution, relative to the usual one.
        #[serde(default = "default_initial_output")]
        initial_output: f64,
    },
    /// A continuous flow.
    Continuous(ContinuousSpec),
}

/// Parity of sites: of the sum of their coordinates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Parity {
    /// Sites with an even sum of coordinates.
    Even,
    /// Sites with an odd sum of coordinates.
    Odd,
}

fn one() -> usize {
    1
}

fn default_layers() -> usize {
    16
}

fn default_hidden() -> Vec<usize> {
    vec![8, 8]
}

fn default_kernel() -> usize {
    3
}

fn default_initial_output() -> f64 {
    1.0
}

fn default_bins() -> usize {
    8
}

fn default_range() -> f64 {
    4.0
}

/// Most coupling layers of a model.
const MOST_LAYERS: usize = 1024;
/// Most numbers of a field.
const MOST_NUMBERS: usize = 1 << 22;

impl ModelSpec {
    /// Couplings that the model depends on.
    pub fn conditions(&self) -> &Conditions {
        match self {
            ModelSpec::Affine { condition, .. } | ModelSpec::Chain { condition, .. } => condition,
            ModelSpec::Diffusion(_) | ModelSpec::Stout(_) => Conditions::NONE,
        }
    }

    /// The diffusion model on a lattice; None for a model of another type.
    pub fn diffusion(&self, lattice: &Lattice) -> Result<Option<Diffusion>> {
        match self {
            ModelSpec::Diffusion(spec) => spec.build(lattice).map(Some),
            _ => Ok(None),
        }
    }

    fn prior(&self) -> Result<&PriorSpec> {
        match self {
            ModelSpec::Affine { prior, .. } | ModelSpec::Chain { prior, .. } => Ok(prior),
            ModelSpec::Diffusion(_) => Ok(&PriorSpec::White {}),
            ModelSpec::Stout(_) => {
                Err(Error::Unsupported("model: expected one with a density, got type 'stout'".into()))
            }
        }
    }

    /// The chain of layers on a lattice, where all values are in range.
    pub fn build(&self, lattice: &Lattice) -> Result<Chain> {
        self.conditions().check()?;
        let prior = self.prior()?.build(lattice)?;
        let space = prior.space();
        let domain = Domain { lattice: lattice.clone(), space };
        if domain.count() > MOST_NUMBERS {
            let (expected, got) = (format!("at most {MOST_NUMBERS} numbers in a field of a model"), domain.count());
            return Err(Error::BadShape(format!("lattice: expected {expected}, got {got} ({})", lattice.shape())));
        }
        let layers = match self {
            ModelSpec::Affine { layers, hidden, kernel, activation, symmetry, initial_output, .. } => {
                Space::Scalars.expect("prior", space)?;
                expect((1..=MOST_LAYERS).contains(layers), "layers", &format!("1 to {MOST_LAYERS}"), layers)?;
                let (hidden, conditions, heads) = (hidden.clone(), self.conditions().count(), Affine::heads(*symmetry));
                let (kernel, activation, symmetry, initial_output) = (*kernel, *activation, *symmetry, *initial_output);
                let network = NetworkSpec { hidden, kernel, activation, symmetry, initial_output, heads, conditions };
                alternating(&network, &Board::new(lattice)?, *layers)?
            }
            ModelSpec::Chain { layers, .. } => self.chained(lattice, space, layers)?,
            ModelSpec::Diffusion(spec) => vec![Arc::new(spec.build(lattice)?) as Arc<dyn Layer>],
            // It has no prior.
            ModelSpec::Stout(_) => vec![],
        };
        Ok(Chain { domain, conditions: self.conditions().clone(), prior, layers })
    }

    /// The layers of a chain, which starts from fields of some kind.
    fn chained(&self, lattice: &Lattice, space: Space, specs: &[LayerSpec]) -> Result<Vec<Arc<dyn Layer>>> {
        expect(specs.len() <= 64, "layers", "at most 64 entries", specs.len())?;
        if specs.is_empty() {
            // A model without layers is its prior.
            let is_fixed = self.conditions().is_empty();
            expect(is_fixed, "condition", "layers that depend on it", "none")?;
            return Ok(vec![]);
        }
        for (i, spec) in specs.iter().enumerate() {
            spec.space().expect(&format!("layers[{i}]"), space)?;
        }
        let mut place = Place { lattice, board: None, frozen: 0, conditions: self.conditions().count() };
        let (mut built, mut parameters) = (vec![], 0);
        for (i, spec) in specs.iter().enumerate() {
            let within = |error: Error| error.within(&format!("layers[{i}]"));
            let layer = spec.build(&mut place).map_err(within)?;
            parameters += layer.tensors().iter().map(Tensor::count).sum::<usize>();
            let expected = format!("at most {MOST_PARAMETERS} parameters in all layers");
            expect(parameters <= MOST_PARAMETERS, "layers", &expected, parameters)?;
            built.push(layer);
        }
        Ok(built)
    }
}

/// Affine couplings that leave even and odd sites unchanged in turn.
fn alternating(network: &NetworkSpec, board: &Board, count: usize) -> Result<Vec<Arc<dyn Layer>>> {
    network.check()?;
    network.expect_fit(count, board.lattice())?;
    let coupling = |frozen| Ok(Arc::new(Coupling::new(network, board, frozen, Arc::new(Affine))?) as Arc<dyn Layer>);
    let pair: [Arc<dyn Layer>; 2] = [coupling(0)?, coupling(1)?];
    Ok((0..count).map(|i| Arc::clone(&pair[i % 2])).collect())
}

/// What a layer knows of the chain before it.
struct Place<'a> {
    lattice: &'a Lattice,
    /// The checkerboard that all couplings share, where there is one already.
    board: Option<Board>,
    /// Parity of the sites that the next coupling leaves unchanged.
    frozen: usize,
    /// Number of conditions.
    conditions: usize,
}

impl Place<'_> {
    fn board(&mut self) -> Result<Board> {
        if self.board.is_none() {
            self.board = Some(Board::new(self.lattice)?);
        }
        Ok(self.board.clone().expect("a checkerboard"))
    }
}

impl LayerSpec {
    /// The kind of fields that the layer maps.
    fn space(&self) -> Space {
        match self {
            LayerSpec::Affine { .. } | LayerSpec::Spline { .. } | LayerSpec::Continuous(_) => Space::Scalars,
        }
    }

    /// The layer at its place in a chain.
    fn build(&self, place: &mut Place) -> Result<Arc<dyn Layer>> {
        let conditions = place.conditions;
        let (repeat, frozen, network, transform) = match self.clone() {
            LayerSpec::Affine { repeat, frozen, hidden, kernel, activation, symmetry, initial_output } => {
                let heads = Affine::heads(symmetry);
                let network = NetworkSpec { hidden, kernel, activation, symmetry, initial_output, heads, conditions };
                (repeat, frozen, network, Arc::new(Affine) as Arc<dyn super::coupling::Transform>)
            }
            LayerSpec::Spline { repeat, frozen, bins, range, hidden, kernel, activation, initial_output } => {
                let spline = SplineSpec { bins, range };
                let (symmetry, heads) = (Symmetry::None, spline.heads()?);
                let network = NetworkSpec { hidden, kernel, activation, symmetry, initial_output, heads, conditions };
                (repeat, frozen, network, Arc::new(Spline::new(spline)) as Arc<dyn super::coupling::Transform>)
            }
            LayerSpec::Continuous(spec) => return spec.build(place.lattice, conditions),
        };
        let is_count = repeat == 1 || (repeat.is_multiple_of(2) && (2..=MOST_LAYERS).contains(&repeat));
        expect(is_count, "repeat", &format!("1 or an even number up to {MOST_LAYERS}"), repeat)?;
        network.check()?;
        network.expect_fit(repeat, place.lattice)?;
        let (board, first) = (place.board()?, frozen.map_or(place.frozen, |parity| parity as usize));
        let coupling = |frozen| Coupling::new(&network, &board, frozen, Arc::clone(&transform));
        if repeat == 1 {
            place.frozen = 1 - first;
            return Ok(Arc::new(coupling(first)?));
        }
        place.frozen = first;
        let pair: Vec<Arc<dyn Layer>> = vec![Arc::new(coupling(first)?), Arc::new(coupling(1 - first)?)];
        Ok(Arc::new(Stacked::new(pair, repeat / 2)))
    }
}
