//! Spec of learned layers for paths of the strength of a defect.

use super::tensor::Tensor;
use crate::error::Result;
use crate::gauge::{Cuboid, Group, Layers, Loops};
use crate::spec::expect;
use serde::{Deserialize, Serialize};

/// Spec of layers: `{type: 'stout', group: 'su3', defect: {size: [2, 2, 2]}, steps: 6}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoutSpec {
    /// The group of the links.
    pub group: Group,
    /// Size of the defect and direction of its links.
    pub defect: Cuboid,
    /// Steps from strength 0 to 1, each with coefficients of its own.
    pub steps: usize,
    /// Largest distance of moved links from the defect.
    #[serde(default = "distance")]
    pub distance: u64,
    /// Families of loops whose staples move a link.
    #[serde(default = "plaquette")]
    pub loops: Vec<Family>,
    /// Width of the hidden layer of the network that coefficients come from; none: they are constant.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hidden: Vec<usize>,
}

/// A family of loops.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// 1 x 1.
    Plaquette,
    /// 2 x 1.
    Rectangle,
    /// Around two plaquettes that share a link and lie in different planes.
    Chair,
}

fn distance() -> u64 {
    1
}

fn plaquette() -> Vec<Family> {
    vec![Family::Plaquette]
}

/// Most steps, and largest distance.
const MOST_STEPS: usize = 4096;
const MOST_DISTANCE: u64 = 16;
/// Largest width of the hidden layer.
pub(super) const WIDEST: usize = 64;
/// Inputs of the network: the strength, and two traces of loops around a link.
pub(super) const INPUTS: usize = 3;

impl StoutSpec {
    /// Checks all ranges for a number of dimensions.
    pub fn check(&self, dimensions: usize) -> Result<()> {
        expect((1..=MOST_STEPS).contains(&self.steps), "steps", &format!("1 to {MOST_STEPS}"), self.steps)?;
        let is_near = self.distance <= MOST_DISTANCE;
        expect(is_near, "distance", &format!("0 to {MOST_DISTANCE}"), self.distance)?;
        let is_new = |(i, family): (usize, &Family)| !self.loops[..i].contains(family);
        let is_family = !self.loops.is_empty() && self.loops.iter().enumerate().all(is_new);
        let expected = "'plaquette', 'rectangle' or 'chair', each at most once";
        expect(is_family, "loops", expected, format!("{:?}", self.loops))?;
        let has_planes = dimensions > 2 || !self.loops.contains(&Family::Chair);
        expect(has_planes, "loops", "no 'chair' in two dimensions", format!("{:?}", self.loops))?;
        let is_hidden = self.hidden.len() <= 1 && self.hidden.iter().all(|width| (1..=WIDEST).contains(width));
        let expected = format!("at most one layer of 1 to {WIDEST} channels");
        expect(is_hidden, "hidden", &expected, format!("{:?}", self.hidden))?;
        expect(dimensions >= 2, "lattice", "two to four dimensions", dimensions)?;
        expect(self.defect.at.is_none(), "defect: at", "none: layers go where the defect of a chain is", "one")?;
        let expected = format!("{} numbers", dimensions - 1);
        expect(self.defect.size.len() == dimensions - 1, "defect: size", &expected, self.defect.size.len())?;
        let across = self.across(dimensions);
        expect(across < dimensions, "defect: across", &format!("a direction from 0 to {}", dimensions - 1), across)
    }

    /// Direction of the defect's links.
    pub(super) fn across(&self, dimensions: usize) -> usize {
        self.defect.across.unwrap_or(dimensions - 1)
    }

    /// Coefficients of one step.
    pub fn coefficients(&self) -> usize {
        Layers::coefficients(self.loops.len(), self.distance)
    }

    /// Width of the hidden layer; 0 where there is none.
    pub(super) fn width(&self) -> usize {
        self.hidden.first().copied().unwrap_or(0)
    }

    /// The tensors of parameters, one after the other.
    pub fn tensors(&self) -> Vec<Tensor> {
        let tensor = |name: &str, shape: Vec<usize>, bound| Tensor { name: name.into(), shape, bound };
        let (count, width) = (self.coefficients(), self.width());
        let mut tensors = vec![tensor("theta", vec![self.steps, count], 0.0)];
        if width > 0 {
            tensors.push(tensor("hidden.weight", vec![width, INPUTS], 1.0));
            tensors.push(tensor("hidden.bias", vec![width], 1.0));
            tensors.push(tensor("output.weight", vec![count, width], 0.0));
        }
        tensors
    }

    /// Number of all parameters.
    pub(super) fn count(&self) -> usize {
        self.tensors().iter().map(Tensor::count).sum()
    }

    pub(super) fn families(&self, dimensions: usize) -> Vec<Loops> {
        let family = |family: &Family| match family {
            Family::Plaquette => Loops::plaquettes(dimensions),
            Family::Rectangle => Loops::rectangles(dimensions),
            Family::Chair => Loops::chairs(dimensions),
        };
        self.loops.iter().map(family).collect()
    }
}
