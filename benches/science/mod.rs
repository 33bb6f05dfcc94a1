//! The referee: figures of physics beside exact values, published ones, and the cost of what a user would run instead.
//!
//! A row is a line of the table of its group; it may have several set-ups. Each has a full form and a short one, which
//! the tests run.

mod all_samplers;
mod balance;
pub mod bose;
pub mod chains;
pub mod cheapest;
mod clusters;
mod continuous;
pub mod cost;
mod diffusion;
mod double_well;
pub mod figure;
pub mod frozen;
pub mod gauge;
mod hmc_in_lanes;
mod independent_time;
mod ladder;
pub mod layers;
mod links_cost;
pub mod models;
mod moves_cost;
mod multilevel;
mod normals;
mod peers;
mod quench;
mod recipe;
pub mod run;
mod scalar;
pub mod set_ups;
mod switches;
pub mod thaw;
pub mod theory;
mod trained;

use figure::Row;

/// A title and its rows.
pub struct Group {
    pub title: &'static str,
    pub rows: &'static [Row],
}

/// All rows, group by group.
pub const GROUPS: &[Group] = &[
    Group { title: "Scalar fields: exact values by chains", rows: scalar::ROWS },
    Group { title: "Scalar fields: exact values by models", rows: models::ROWS },
    Group {
        title: "Scalar fields: exact values by splines, and by one model of several couplings",
        rows: trained::ROWS,
    },
    Group {
        title: "Scalar fields: chains of continuous flows beside hybrid Monte Carlo",
        rows: independent_time::EXACT,
    },
    Group {
        title: "Scalar fields: exact values from both levels of a flow from coarse to fine",
        rows: multilevel::EXACT,
    },
    Group {
        title: "Ratios of times for the same error: fine samples alone over both levels of a flow",
        rows: multilevel::RATIOS,
    },
    Group { title: "Paths of a particle in double wells: exact energies by flows", rows: double_well::ROWS },
    Group { title: "Scalar fields: exact values by continuous flows", rows: continuous::EXACT },
    Group {
        title: "Ratios of effective sample sizes: continuous flows over what is asked for",
        rows: continuous::SIZES,
    },
    Group { title: "Cost of training in minutes: continuous flows", rows: continuous::MINUTES },
    Group { title: "Scalar fields: diffusion models, made exact", rows: diffusion::EXACT },
    Group {
        title: "Ratios of susceptibilities: a diffusion model's own fields over hybrid Monte Carlo, one where there is no bias",
        rows: diffusion::RAW,
    },
    Group {
        title: "Ratios of acceptances: proposals of diffusion models over what is asked for",
        rows: diffusion::ACCEPTANCES,
    },
    Group { title: "Paths of scalar fields from one coupling to another: learned layers", rows: quench::ROWS },
    Group { title: "Gauge fields in two dimensions: exact values by chains", rows: gauge::ROWS },
    Group { title: "Both modes are visited alike", rows: balance::ROWS },
    Group { title: "Both modes of a broken phase by continuous flows", rows: continuous::MODES },
    Group { title: "Published figures", rows: peers::ROWS },
    Group { title: "Cost of an independent scalar field, in microseconds", rows: cost::ROWS },
    Group {
        title: "Cost of an independent scalar field of kernels with one chain, in microseconds",
        rows: moves_cost::ROWS,
    },
    Group { title: "Scalar fields: embedded clusters and Fourier acceleration, exact values", rows: clusters::EXACT },
    Group {
        title: "Cost of an independent scalar field of clusters and of accelerated trajectories, in microseconds",
        rows: clusters::COSTS,
    },
    Group { title: "Cost of an independent M² by all samplers, in microseconds", rows: all_samplers::ROWS },
    Group {
        title: "Ratios of costs of an independent scalar field: what a user would run instead over continuous flows",
        rows: independent_time::ROWS,
    },
    Group {
        title: "Complex actions: the Bose gas on 4 x 4 x 4 x 4 sites by complex Langevin dynamics",
        rows: bose::ROWS,
    },
    Group { title: "Cost of an independent gauge field, in microseconds", rows: links_cost::ROWS },
    Group { title: "Gauge fields in two dimensions: frozen chains that thaw", rows: thaw::EXACT },
    Group { title: "Ratios of costs: frozen chains of links over those that thaw", rows: thaw::RATIOS },
    Group {
        title: "Ratios of costs: chains of links that do not move at all over those that thaw",
        rows: frozen::ROWS,
    },
    Group { title: "Paths through a defect in four dimensions: learned layers", rows: layers::ROWS },
    Group { title: "Paths through a defect in four dimensions: swaps of replicas", rows: switches::ROWS },
    Group { title: "Ladders of replicas over ranks", rows: ladder::ROWS },
];
