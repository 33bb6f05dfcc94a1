//! Embedded clusters for scalar φ⁴ theory: the signs of φ are an Ising model with the couplings h |φ_x| |φ_y|, whose clusters
//! are flipped; local moves change |φ| between.
//!
//! A cluster grows from a random site. For each bond − h φ_x φ_y of S that leads from a site x of the cluster to a site y outside,
//!
//! ```text
//! y joins with probability 1 − exp(−2 h φ_x φ_y) where h φ_x φ_y > 0, and not at all otherwise;
//! ```
//!
//! then φ → −φ on the cluster. A source holds the cluster, so that it is not flipped, with probability 1 − exp(−2 j_x φ_x) for each
//! site with j_x φ_x > 0: it is a bond to a further spin that never changes. The ratio of the probabilities to grow a cluster
//! before and after its flip, at the boundary alone, is exp(ΔS), so that no flip is rejected: U. Wolff, Phys. Rev. Lett. 62, 361
//! (1989); R. C. Brower and P. Tamayo, Phys. Rev. Lett. 62, 1087 (1989).
//!
//! This is exact for bonds of any sign. It is fast where some choice of signs makes all h φ_x φ_y positive, as in a ferromagnet and in
//! an antiferromagnet of even extents: clusters are then correlated regions. Where bonds are frustrated, or held by a source, most
//! clusters span the lattice or stay as they are, and local moves do the work.

use super::bonds::Bonds;
use super::kernel::{ChainState, Info, Kernel, Key};
use super::local_moves::LocalMoves;
use crate::action::Action;
use crate::error::{Error, Result};
use crate::memory;
use crate::progress;
use crate::random::{Purpose, Stream};
use std::sync::Arc;

/// Parameters of a step with clusters.
#[derive(Clone, Debug, PartialEq, serde::Deserialize, serde::Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClusterSpec {
    /// Sweeps of local moves in a step.
    pub sweeps: u64,
    /// Clusters after them; an odd number changes the sign of a field in a broken phase in most steps.
    pub clusters: u64,
    /// Largest local move δ, above 0; where it is not given, for each site from the couplings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<f64>,
}

impl Default for ClusterSpec {
    fn default() -> Self {
        Self { sweeps: 1, clusters: 3, step: None }
    }
}

/// Clusters with local moves.
pub struct Cluster {
    action: Arc<dyn Action>,
    spec: ClusterSpec,
    bonds: Bonds,
    moves: LocalMoves,
}

/// Most sweeps and most clusters of a step.
const MOST: u64 = 1_000_000;

impl Cluster {
    /// A kernel for an action that is a local polynomial; another one is an error.
    pub fn new(action: Arc<dyn Action>, spec: &ClusterSpec) -> Result<Self> {
        let Some(polynomial) = action.polynomial() else {
            return Err(Error::Unsupported(
                "type 'cluster': expected an action of type 'phi4' or 'quantum_mechanics', got another".into(),
            ));
        };
        if let Some((power, _)) = polynomial.powers.highest() {
            return Err(Error::Unsupported(format!(
                "type 'cluster': expected a polynomial of phi, phi^2 and phi^4, got one with phi^{power}"
            )));
        }
        for (name, count) in [("sweeps", spec.sweeps), ("clusters", spec.clusters)] {
            if count > MOST {
                return Err(Error::BadSpec(format!("{name}: expected at most {MOST}, got {count}")));
            }
        }
        if spec.sweeps + spec.clusters == 0 {
            return Err(Error::BadSpec("sweeps, clusters: expected at least 1 of either, got none".into()));
        }
        if let Some(step) = spec.step {
            crate::spec::expect(step.is_finite() && step > 0.0, "step", "a finite number above 0", step)?;
        }
        let bonds = Bonds::new(action.lattice(), &polynomial.hops)?;
        let moves = LocalMoves::new(action.lattice(), polynomial, &bonds, spec.step)?;
        Ok(Self { spec: spec.clone(), bonds, moves, action })
    }
}

/// A cluster that grows: its sites in the order in which they joined, and which sites these are.
struct Growth {
    members: Vec<usize>,
    is_member: Vec<bool>,
}

impl Growth {
    fn new(volume: usize) -> Result<Self> {
        let is_member = memory::filled("marks of a cluster", false, volume)?;
        Ok(Self { members: memory::reserved("sites of a cluster", volume)?, is_member })
    }

    fn join(&mut self, site: usize) {
        self.is_member[site] = true;
        self.members.push(site);
    }

    /// Grows a cluster from a site; false where a source holds it.
    fn grow(&mut self, kernel: &Cluster, (field, first): (&[f64], usize), stream: &mut Stream) -> bool {
        // A bond of strength s is occupied with probability 1 − exp(−2 s).
        let mut is_occupied = |strength: f64| strength > 0.0 && stream.uniform() >= (-2.0 * strength).exp();
        self.join(first);
        let mut next = 0;
        while let Some(&site) = self.members.get(next) {
            let phi = field[site];
            if is_occupied(kernel.moves.source(site) * phi) {
                return false;
            }
            for (h, end) in kernel.bonds.of(site) {
                if !self.is_member[end] && is_occupied(h * phi * field[end]) {
                    self.join(end);
                }
            }
            next += 1;
        }
        true
    }

    /// Grows a cluster from a random site, and flips it where no source holds it.
    fn flip(&mut self, kernel: &Cluster, field: &mut [f64], stream: &mut Stream) {
        let first = kernel.action.lattice().random_site(stream.bits());
        let is_free = self.grow(kernel, (field, first), stream);
        for &site in &self.members {
            self.is_member[site] = false;
            if is_free {
                field[site] = -field[site];
            }
        }
        self.members.clear();
    }
}

impl Kernel for Cluster {
    fn step(&self, key: &Key, state: &mut ChainState) -> Result<Info> {
        let _work = progress::begin("cluster", self.spec.sweeps + self.spec.clusters);
        let mut field = memory::cloned("field of a step", &state.field)?;
        let mut growth = Growth::new(field.len())?;
        let streams = |index| Stream::numbered(key.seed, Purpose::Cluster, key.counter, index);
        let (mut of_moves, mut of_clusters) = (streams(0), streams(1));
        for _ in 0..self.spec.sweeps {
            self.moves.sweep(&self.bonds, &mut field, &mut of_moves);
            progress::step("cluster", f64::NAN)?;
        }
        for _ in 0..self.spec.clusters {
            growth.flip(self, &mut field, &mut of_clusters);
            progress::step("cluster", f64::NAN)?;
        }
        let value = self.action.value(&field)?;
        if !value.is_finite() {
            return Err(Error::BadInput(format!("action: expected a finite number after a step, got {value}")));
        }
        let accepted = field != state.field;
        state.go_to(field, value);
        Ok(Info { accepted, delta: 0.0 })
    }

    fn describe(&self, _state: &ChainState) -> Option<serde_json::Value> {
        Some(serde_json::json!({"step": self.moves.largest_step()}))
    }
}
