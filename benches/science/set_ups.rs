//! The theories of all rows, by the names that end the names of their figures: the table at the top of docs/results.md.

use super::bose::{self, GASES};
use super::double_well;
use super::frozen;
use super::gauge::{self, SU2_PLAQUETTES, SU3_PLAQUETTES, U1_CHARGES, U1_LOG_Z, U1_PLAQUETTES};
use super::layers;
use super::links_cost;
use super::thaw;
use super::theory::{
    BROKEN_16, CRITICAL_8, CRITICAL_32, CRITICAL_64, OF_MODELS, QUENCH_8, QUENCH_16, SLOW_12, SLOW_16, SLOW_20,
    SLOW_32, SLOW_64, SYMMETRIC_16, SYMMETRIC_32, THEORIES,
};
use instanton::action::{ActionSpec, Phi4Spec};
use instanton::error::{Error, Result};
use instanton::gauge::Group;
use instanton::spec;

/// The actions by the names that the table has for them.
pub const ACTIONS: [(&str, &str); 7] = [
    ("φ⁴ a", "S = Σ_x [Σ_μ (φ(x+μ) − φ(x))² + m² φ² + λ φ⁴]"),
    ("φ⁴ kappa", "S = Σ_x [−2κ Σ_μ φ(x) φ(x+μ) + (1 − 2λ) φ² + λ φ⁴]"),
    ("φ⁴ half", "S = Σ_x [½ Σ_μ (φ(x+μ) − φ(x))² + ½ m² φ² + (λ/4!) φ⁴]"),
    ("paths", "S = Σ_t [(m/2a) (x(t+1) − x(t))² + a Σ_k c_k x(t)^k]"),
    (
        "Bose gas",
        "S = Σ_x [½ (2d + m²) φ_a² + ¼ λ (φ_a²)² − Σ_(ν≠t) φ_a(x) φ_a(x+ν) − cosh μ φ_a(x) φ_a(x+t) + i sinh μ ε_ab φ_a(x) φ_b(x+t)]",
    ),
    ("Wilson", "S = β Σ_p (1 − Re tr U_p/N)"),
    ("DBW2", "S = β [(1 − 8 c) Σ_p (1 − Re tr U_p/N) + c Σ_r (1 − Re tr U_r/N)], rectangles r, c = −1.4067"),
];

/// A line of the table.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Kind of fields: "scalar", or the group of links. A name has one meaning for one kind.
    pub kind: String,
    /// The name.
    pub name: String,
    /// One of [`ACTIONS`].
    pub action: &'static str,
    /// Couplings with their values.
    pub couplings: String,
    /// L of a lattice of equal extents.
    pub length: usize,
    /// Its dimensions.
    pub dimensions: usize,
    /// Where references are from; "none" for theories of costs alone.
    pub reference: &'static str,
}

impl Line {
    fn new(kind: &str, name: &str, (length, action): (usize, &str), reference: &'static str) -> Result<Self> {
        let (action, couplings) = words(action)?;
        Ok(Self { kind: kind.into(), name: name.into(), action, couplings, length, dimensions: 2, reference })
    }
}

/// All lines.
pub fn table() -> Result<Vec<Line>> {
    let exact = THEORIES.iter().map(|theory| (&theory.set_up, theory.source));
    let slow = [
        &SLOW_12,
        &SLOW_16,
        &SLOW_20,
        &SLOW_32,
        &SLOW_64,
        &CRITICAL_8,
        &CRITICAL_32,
        &BROKEN_16,
        &QUENCH_8,
        &QUENCH_16,
    ];
    let diffused = [&SYMMETRIC_16, &SYMMETRIC_32, &CRITICAL_64];
    let others = OF_MODELS.into_iter().chain(slow).chain(diffused).map(|set_up| (set_up, "none"));
    let mut lines: Vec<Line> = vec![];
    for (set_up, reference) in exact.chain(others) {
        if lines.iter().all(|line| line.name != set_up.name) {
            lines.push(Line::new("scalar", set_up.name, (set_up.length, set_up.action), reference)?);
        }
    }
    for well in double_well::all() {
        let line = Line::new("scalar", well.name, (well.times, &well.action()), "Hamiltonian")?;
        lines.push(Line { dimensions: 1, ..line });
    }
    for gas in &GASES {
        let line = Line::new("scalar", gas.name, (bose::LENGTH, &bose::spec(gas.mu)), bose::SOURCE)?;
        lines.push(Line { dimensions: bose::DIMENSIONS, ..line });
    }
    for (group, length, beta, reference) in of_links() {
        let (name, action) = (gauge::name(length, beta), gauge::wilson_spec(group, beta));
        if lines.iter().all(|line| (&*line.kind, &line.name) != (group.name(), &name)) {
            lines.push(Line::new(group.name(), &name, (length, &action), reference)?);
        }
    }
    for (length, beta) in layers::SU3 {
        let (name, action) = (layers::name(length, beta), gauge::wilson_spec(Group::Su3, beta));
        lines.push(Line { dimensions: 4, ..Line::new("su3", &name, (length, &action), "none")? });
    }
    for (length, beta) in frozen::DBW2 {
        let (name, action) = (layers::name(length, beta), frozen::dbw2_spec(beta));
        lines.push(Line { dimensions: 4, ..Line::new("su3", &name, (length, &action), "none")? });
    }
    Ok(lines)
}

/// Groups, L, β and where references are from, exact ones first.
fn of_links() -> Vec<(Group, usize, f64, &'static str)> {
    let exact = |group, values: &[gauge::Exact]| -> Vec<(Group, usize, f64, &'static str)> {
        values.iter().map(|(length, beta, _)| (group, *length, *beta, gauge::SOURCE)).collect()
    };
    let costs = |group, values: &[(usize, f64)]| -> Vec<(Group, usize, f64, &'static str)> {
        values.iter().map(|(length, beta)| (group, *length, *beta, "none")).collect()
    };
    [
        exact(Group::U1, &U1_PLAQUETTES),
        exact(Group::U1, &U1_CHARGES),
        exact(Group::U1, &U1_LOG_Z),
        exact(Group::U1, &thaw::CHARGES),
        costs(Group::U1, &links_cost::U1),
        costs(Group::U1, &thaw::SLOW),
        costs(Group::U1, &frozen::LARGE),
        exact(Group::Su2, &SU2_PLAQUETTES),
        costs(Group::Su2, &links_cost::SU2),
        exact(Group::Su3, &SU3_PLAQUETTES),
    ]
    .concat()
}

/// Name of the action and couplings of a spec.
fn words(action: &str) -> Result<(&'static str, String)> {
    let [a, kappa_form, half, paths, bose, wilson, dbw2] = ACTIONS.map(|(name, _)| name);
    Ok(match spec::parse::<ActionSpec>("action", action)? {
        ActionSpec::Phi4(Phi4Spec::A { mass_squared, lambda, .. }) => {
            (a, format!("m² = {}, λ = {}", mass_squared.at(0), lambda.at(0)))
        }
        ActionSpec::Phi4(Phi4Spec::Kappa { kappa, lambda, .. }) => {
            (kappa_form, format!("κ = {kappa}, λ = {}", lambda.at(0)))
        }
        ActionSpec::Phi4(Phi4Spec::Half { mass_squared, lambda, .. }) => {
            (half, format!("m² = {}, λ = {}", mass_squared.at(0), lambda.at(0)))
        }
        ActionSpec::QuantumMechanics(spec) => {
            let coefficients = spec.potential.iter().map(|c| format!("{c:.5}")).collect::<Vec<_>>().join(", ");
            (paths, format!("m = {}, a = {}, c = {coefficients}", spec.mass, spec.spacing))
        }
        ActionSpec::BoseGas(spec) => (bose, format!("m = {}, λ = {}, μ = {}", spec.mass, spec.lambda, spec.mu)),
        ActionSpec::Wilson(spec) => (wilson, format!("β = {}", spec.beta)),
        ActionSpec::Dbw2(spec) => (dbw2, format!("β = {}", spec.beta)),
        _ => {
            return Err(Error::Unsupported(format!(
                "action: expected 'phi4', 'quantum_mechanics', 'bose_gas', 'wilson' or 'dbw2', got {action}"
            )));
        }
    })
}
