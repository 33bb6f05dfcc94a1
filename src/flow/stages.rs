//! The layers of a flow one by one: maps of fields with their Jacobians, for paths with other moves between the layers.
//!
//! Stage i maps φ to f_i(φ). Both directions give −log |det df_i/dφ| of the forward map. Programs run in f64, and for many fields
//! at once, so that batches fill the lanes.

use super::chain::Chain;
use super::pulled_back::{Bindings, forward};
use super::tensor::Tensor;
use crate::context::{Context, Precision};
use crate::error::{Error, Result, expect_length};
use crate::memory;
use crate::program::{Bound, Executable, Feed, Output, Program, Recorder};
use crate::random::{Purpose, Stream};
use crate::space::Domain;
use std::ops::Range;
use std::sync::Arc;

/// Fields whose inverse is checked.
const FIELDS: usize = 8;
/// Largest difference of a field that is mapped and inverted, relative to 1 + |φ|, and of log |det|, relative to V + |log |det||.
const TOLERANCE: f64 = 1e-5;

/// The layers of a flow with its parameters.
pub struct Stages {
    context: Arc<Context>,
    domain: Domain,
    maps: Vec<Map>,
}

/// The programs of one layer.
struct Map {
    /// Input φ; outputs f(φ) and −log |det|.
    forward: Bound,
    /// Input f(φ); outputs φ and −log |det| of the forward map.
    inverse: Bound,
}

/// Which way a layer is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// φ to f(φ).
    Forward,
    /// f(φ) to φ.
    Backward,
}

impl Stages {
    /// The layers of a chain behind white noise, whose programs are bound with some numbers.
    pub fn new(own: &Context, chain: &Chain, bindings: &Bindings) -> Result<Self> {
        let context = Arc::new(Context::new(own.seed(), Precision::F64, own.threads())?);
        let Bindings { parameters, condition } = bindings;
        let mut maps = vec![];
        for (part, place) in split(chain)? {
            let bind =
                |program| Arc::new(Executable::new(program, &context)?).bind_at(&parameters[place.clone()], condition);
            maps.push(Map { forward: bind(forward(&part))?, inverse: bind(inverse(&part))? });
        }
        let stages = Self { context, domain: chain.domain.clone(), maps };
        stages.expect_inverted()?;
        Ok(stages)
    }

    /// An error where a few fields, taken through a layer and back, are not those that they were.
    fn expect_inverted(&self) -> Result<()> {
        let count = self.domain.count();
        let mut fields = memory::filled("fields of a layer", 0.0, FIELDS * count)?;
        Stream::new(0, Purpose::Start, 0).normals(&mut fields);
        for layer in 0..self.count() {
            let before = memory::cloned("fields of a layer", &fields)?;
            let (mut there, mut back) = ([0.0; FIELDS], [0.0; FIELDS]);
            self.map(layer, Way::Forward, &mut fields, &mut there)?;
            let mut returned = memory::cloned("fields of a layer", &fields)?;
            self.map(layer, Way::Backward, &mut returned, &mut back)?;
            let of_fields = before.iter().zip(&returned).map(|(x, y)| (x - y).abs() / (1.0 + x.abs()));
            let of_dets = there.iter().zip(&back).map(|(x, y)| (x - y).abs() / (count as f64 + x.abs()));
            let difference = of_fields.chain(of_dets).fold(0.0f64, |most, d| if d.is_nan() { d } else { most.max(d) });
            if difference.is_nan() || difference > TOLERANCE {
                let expected =
                    format!("one whose inverse is right to {TOLERANCE:e}, got a difference of {difference:e}");
                return Err(Error::BadInput(format!("layers[{layer}]: expected {expected}")));
            }
        }
        Ok(())
    }

    /// Number of layers.
    pub fn count(&self) -> usize {
        self.maps.len()
    }

    /// Where fields live.
    pub fn domain(&self) -> &Domain {
        &self.domain
    }

    /// Takes fields (batch x count) through a layer, and gives −log |det| of its forward map (batch).
    pub fn map(&self, layer: usize, way: Way, fields: &mut [f64], minus_log_dets: &mut [f64]) -> Result<()> {
        let batch = minus_log_dets.len();
        expect_length("fields", batch.saturating_mul(self.domain.count()), fields.len())?;
        let before = memory::cloned("fields before a layer", fields)?;
        let map = &self.maps[layer];
        let program = if way == Way::Forward { &map.forward } else { &map.inverse };
        program.run(&self.context, batch, &[Feed::Array(&before)], &mut [fields, minus_log_dets])?;
        Ok(())
    }
}

/// Each layer of a chain as a chain of its own behind white noise, with the place of its parameters among all.
pub fn split(chain: &Chain) -> Result<Vec<(Chain, Range<usize>)>> {
    if chain.prior.name() != "white" {
        let got = chain.prior.name();
        return Err(Error::Unsupported(format!("model: expected the prior 'white' of layers one by one, got '{got}'")));
    }
    if chain.layers.is_empty() {
        return Err(Error::Unsupported("model: expected at least one layer, got none".into()));
    }
    let mut first = 0;
    let parts = chain.layers.iter().map(|layer| {
        let place = first..first + layer.tensors().iter().map(Tensor::count).sum::<usize>();
        first = place.end;
        (Chain { layers: vec![Arc::clone(layer)], ..chain.clone() }, place)
    });
    memory::collected("layers of a model", parts)
}

/// z of a field, and −log |det df/dz| = log q − log N(z).
fn inverse(chain: &Chain) -> Program {
    let mut recorder = Recorder::new();
    let field = chain.input(&mut recorder);
    let parameters = chain.parameters(&mut recorder);
    let (z, log_q) = chain.invert(&mut recorder, field, &parameters);
    let log_normal = super::prior::log_normal(&mut recorder, z);
    let minus_log_det = recorder.subtract(log_q, log_normal);
    Program::new(recorder, [z, minus_log_det].map(Output::PerSample).to_vec())
}
