//! The registry of observables of gauge fields: a new one is a variant here, with the numbers that it returns.

use super::charge::{charge, charge_slices};
use super::field_strength::{clover_charge, clover_charge_slices, energy_density_by, energy_slices};
use super::traces;
use crate::context::Team;
use crate::error::{Error, Result};
use crate::gauge::field::Gauge;
use crate::gauge::smear::{FlowSpec, scales};
use crate::progress;
use crate::spec;
use serde::Deserialize;

/// An observable and its parameters: `{type: 'wilson_loop', sides: [[0, 2], [3, 1]]}`.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum ObservableSpec {
    /// The mean plaquette over all planes.
    Plaquette {},
    /// The mean plaquette in each plane.
    Planes {},
    /// The mean Wilson loop of two sides.
    WilsonLoop {
        /// The two sides, each a direction and a length.
        sides: [(usize, usize); 2],
    },
    /// Real and imaginary part of the mean Polyakov loop.
    PolyakovLoop {
        /// The direction that it winds around.
        direction: usize,
    },
    /// Re tr of a link, averaged over all links.
    LinkTrace {},
    /// The largest distance of a link from the group.
    Unitarity {},
    /// The energy density of the field strength.
    EnergyDensity {},
    /// Topological charge: in two dimensions of U(1) by angles, in four dimensions from the field strength.
    Charge {},
    /// The energy density of each slice of the last direction.
    EnergySlices {},
    /// The share of each slice of the last direction in the topological charge.
    ChargeSlices {},
    /// t0 and w0 of the Wilson flow.
    Scales(FlowSpec),
}

impl ObservableSpec {
    /// The number of values that the observable has.
    pub fn count(&self, gauge: &Gauge) -> usize {
        let dimensions = gauge.lattice().dimensions();
        match self {
            Self::Planes {} => dimensions * (dimensions - 1) / 2,
            Self::PolyakovLoop { .. } | Self::Scales(_) => 2,
            Self::EnergySlices {} | Self::ChargeSlices {} => gauge.lattice().extent()[dimensions - 1],
            _ => 1,
        }
    }

    /// Checks that the field's lattice has such an observable; errors name the key of the spec.
    pub fn check(&self, gauge: &Gauge) -> Result<()> {
        let extent = gauge.lattice().extent();
        let has_planes = !matches!(self, Self::PolyakovLoop { .. } | Self::LinkTrace {} | Self::Unitarity {});
        if has_planes && extent.len() < 2 {
            return Err(Error::Unsupported("type: expected a field in 2 or more dimensions, got one in 1".into()));
        }
        let directions = format!("a direction from 0 to {}", extent.len() - 1);
        match *self {
            Self::WilsonLoop { sides } => {
                for (i, (mu, length)) in sides.into_iter().enumerate() {
                    spec::expect(mu < extent.len(), &format!("sides[{i}][0]"), &directions, mu)?;
                    let lengths = format!("a length from 1 to {}", extent[mu]);
                    spec::expect((1..=extent[mu]).contains(&length), &format!("sides[{i}][1]"), &lengths, length)?;
                }
                let [(mu, _), (nu, _)] = sides;
                spec::expect(mu != nu, "sides", "two different directions", format!("{mu} twice"))
            }
            Self::PolyakovLoop { direction } => {
                spec::expect(direction < extent.len(), "direction", &directions, direction)
            }
            _ => Ok(()),
        }
    }

    /// The numbers of a field, for which [`ObservableSpec::check`] holds.
    pub fn observe(&self, team: &Team, gauge: &Gauge) -> Result<Vec<f64>> {
        let _work = (!matches!(self, Self::Scales(_))).then(|| progress::begin("observable", 0));
        Ok(match *self {
            Self::Plaquette {} => {
                let planes = planes(gauge)?;
                vec![planes.iter().sum::<f64>() / planes.len() as f64]
            }
            Self::Planes {} => planes(gauge)?,
            Self::WilsonLoop { sides } => vec![traces::wilson_loop(gauge, sides)?],
            Self::PolyakovLoop { direction } => {
                let mean = traces::polyakov_loop(gauge, direction)?;
                vec![mean.re, mean.im]
            }
            Self::LinkTrace {} => vec![traces::link_trace(gauge)],
            Self::Unitarity {} => vec![gauge.worst_link().0],
            Self::EnergyDensity {} => vec![energy_density_by(team, gauge)?],
            Self::Charge {} if gauge.lattice().dimensions() == 2 => vec![charge(gauge)?],
            Self::Charge {} => vec![clover_charge(gauge)?],
            Self::EnergySlices {} => energy_slices(team, gauge)?,
            Self::ChargeSlices {} if gauge.lattice().dimensions() == 2 => charge_slices(gauge)?,
            Self::ChargeSlices {} => clover_charge_slices(gauge)?,
            Self::Scales(ref spec) => {
                let scales = scales(team, gauge, spec)?;
                vec![scales.t0, scales.w0]
            }
        })
    }
}

/// [`traces::planes`], which the host may end before each plane.
fn planes(gauge: &Gauge) -> Result<Vec<f64>> {
    let planes = (1..gauge.lattice().dimensions()).flat_map(|nu| (0..nu).map(move |mu| (mu, nu)));
    planes.map(|(mu, nu)| traces::wilson_loop(gauge, [(mu, 1), (nu, 1)])).collect()
}
