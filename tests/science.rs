//! The short form of each row of the referee (`make science`): equal numbers are equal, and wrong references are not.

// A test uses a part of it.
#[allow(dead_code)]
#[path = "../benches/science/mod.rs"]
mod science;
#[path = "science/costs.rs"]
mod costs;

use costs::counter;
use science::GROUPS;
use science::figure::{Aim, Figure, Row};
use science::run::{Form, Run};
use science::set_ups::{ACTIONS, Line, table};

/// Runs the short form of one row, with a clock that does not depend on the machine.
fn quick(name: &str) -> Vec<Figure> {
    measured(name, &Run::new(Form::Quick, &counter(1.0)))
}

/// The figures of one row in a run.
fn measured(name: &str, run: &Run) -> Vec<Figure> {
    let row = GROUPS.iter().flat_map(|group| group.rows).find(|row| row.name == name).unwrap();
    let figures = row.figures(run).unwrap();
    row.lines(&figures).iter().for_each(|line| println!("{line}"));
    for figure in &figures {
        let Figure { set_up, source, .. } = figure;
        assert!(!source.is_empty() && !source.contains(char::is_whitespace), "{name}: {figure:?}");
        assert!(is_explained(kind(name), set_up), "{name}: expected a set-up of the table, got {set_up}");
    }
    figures
}

/// Kind of fields of a row.
fn kind(name: &str) -> &str {
    // Rows in four dimensions are of SU(3), and their names say nothing of it.
    if ["switch-4", "work-ratio", "swap-acceptance", "dbw2-thaw"].contains(&name) {
        return "su3";
    }
    if name == "ladder-scaling" {
        return "u1";
    }
    name.split('-').find(|word| ["u1", "su2", "su3"].contains(word)).unwrap_or("scalar")
}

/// True where a name of a set-up is in the table, or begins with one that is.
fn is_explained(kind: &str, set_up: &str) -> bool {
    let of_kind = |line: &&Line| line.kind == kind;
    let begins =
        |line: &Line| set_up.strip_prefix(&*line.name).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'));
    table().unwrap().iter().filter(of_kind).any(begins)
}

/// Each name has one line for each kind of fields, and an action that is explained.
#[test]
fn names_of_set_ups_have_one_meaning() {
    let lines = table().unwrap();
    for (i, line) in lines.iter().enumerate() {
        assert!(ACTIONS.iter().any(|(name, _)| *name == line.action), "{line:?}");
        let has_the_name = |other: &&Line| (&other.kind, &other.name) == (&line.kind, &line.name);
        assert_eq!(lines.iter().filter(has_the_name).count(), 1, "{line:?}");
        assert!(
            lines[..i].iter().all(|other| {
                (&other.kind, other.action, &other.couplings, other.length, other.dimensions)
                    != (&line.kind, line.action, &line.couplings, line.length, line.dimensions)
            }),
            "a second name: {line:?}"
        );
    }
    assert!(is_explained("scalar", "6-6.975-1024") && is_explained("u1", "16-4"));
    assert!(!is_explained("scalar", "6-6.97") && !is_explained("scalar", "16-4") && !is_explained("u1", ""));
}

/// All figures of a row are the exact ones within five standard errors, and none of those at a wrong reference, which
/// is off by the given part.
fn expect_exact(name: &str, part: f64) {
    let figures = quick(name);
    assert!(!figures.is_empty());
    for figure in figures {
        assert_eq!(figure.aim, Aim::Equal, "{figure:?}");
        assert!(figure.shortfall() < 1.0, "{name}: {figure:?}");
        let wrong = Figure { reference: figure.reference * (1.0 + part), ..figure };
        assert!(wrong.shortfall() > 1.0, "{name}: a wrong reference passes: {wrong:?}");
    }
}

macro_rules! exact_rows {
    ($($test:ident: $row:literal off by $part:literal;)*) => {$(
        #[test]
        fn $test() {
            expect_exact($row, $part);
        }
    )*};
}

exact_rows! {
    phi4_chi_hmc: "phi4-chi-hmc" off by 0.3;
    phi4_phi2_hmc: "phi4-phi2-hmc" off by 0.1;
    phi4_chi_lanes: "phi4-chi-lanes" off by 0.3;
    multilevel_chi: "multilevel-chi" off by 0.2;
    phi4_chi_transformed_hmc: "phi4-chi-transformed-hmc" off by 0.3;
    phi4_phi2_transformed_hmc: "phi4-phi2-transformed-hmc" off by 0.2;
    phi4_chi_langevin: "phi4-chi-langevin" off by 0.4;
    phi4_log_z_spline: "phi4-log-z-spline" off by 0.1;
    phi4_chi_spline: "phi4-chi-spline" off by 0.2;
    phi4_log_z_conditional: "phi4-log-z-conditional" off by 0.1;
    phi4_chi_conditional: "phi4-chi-conditional" off by 0.2;
    phi4_log_z_flow: "phi4-log-z-flow" off by 0.1;
    phi4_chi_flow: "phi4-chi-flow" off by 0.2;
    phi4_phi2_flow: "phi4-phi2-flow" off by 0.05;
    phi4_kl_flow: "phi4-kl-flow" off by 1.0;
    phi4_ess_forward: "phi4-ess-forward" off by 0.2;
    phi4_ess_nested: "phi4-ess-nested" off by 0.3;
    phi4_modes_hmc: "phi4-modes-hmc" off by 0.2;
    ln_z: "ln-z" off by 0.01;
    cluster_chi: "cluster-chi" off by 0.2;
    cluster_chi_fourier: "cluster-chi-fourier" off by 0.3;
    cluster_modes: "cluster-modes" off by 0.2;
    broken_modes: "broken-modes" off by 0.3;
    time_to_independent_chi: "time-to-independent-chi" off by 0.3;
    double_well: "double-well" off by 0.2;
    phi4_modes_flow: "phi4-modes-flow" off by 0.2;
    u1_plaquette_heatbath: "u1-plaquette-heatbath" off by 0.1;
    u1_plaquette_hmc: "u1-plaquette-hmc" off by 0.1;
    u1_charge_heatbath: "u1-charge-heatbath" off by 1.0;
    u1_charge_hmc: "u1-charge-hmc" off by 1.0;
    u1_loops_heatbath: "u1-loops-heatbath" off by 0.5;
    u1_log_z_heatbath: "u1-log-z-heatbath" off by 0.1;
    u1_charge_tempering: "u1-charge-tempering" off by 1.0;
    u1_charge_tempered: "u1-charge-tempered" off by 1.0;
    su2_plaquette_heatbath: "su2-plaquette-heatbath" off by 0.1;
    su2_plaquette_hmc: "su2-plaquette-hmc" off by 0.1;
    su3_plaquette_heatbath: "su3-plaquette-heatbath" off by 0.3;
    su3_plaquette_hmc: "su3-plaquette-hmc" off by 0.3;
}

/// The Bose gas below and beyond its onset is that of worldlines, which tell the two apart.
#[test]
fn bose() {
    let figures = quick("bose");
    assert_eq!(figures.len(), 4);
    for figure in &figures {
        assert!(figure.aim == Aim::Equal && figure.shortfall() < 1.0, "{figure:?}");
        // A number that is off by a tenth of the one beyond the onset does not pass.
        let wrong = Figure { reference: 1.1 * figure.reference, ..figure.clone() };
        assert!(wrong.shortfall() > 1.0 || figure.set_up == "mu-0.5-density", "{figure:?}");
    }
    let density = &figures[0];
    assert!(density.error < 0.02, "{density:?}");
}

/// Chains that thaw need fewer steps for an independent Q² than trajectories do: with a clock that gives all steps the same time the
/// ratio of costs is that of τ_int.
#[test]
fn chains_that_thaw() {
    for (name, asked) in [("u1-thaw", 100.0), ("u1-thaw-64", 1000.0), ("tempered-u1", 30.0)] {
        for figure in quick(name) {
            let Figure { value, error, reference, aim, .. } = figure;
            assert!(value > 1.0 && error > 0.0 && error < 0.5 * value, "{name}: {figure:?}");
            assert_eq!((reference, aim), (asked, Aim::AtLeast), "{name}: {figure:?}");
        }
    }
}

/// The models of the repository are as good in few samples as asked for in many, and layers make paths lighter in equal time.
#[test]
fn flows_of_scalars() {
    let rows = [("cnf-ess", 0.98, 0.95), ("critical-32", 0.3, 0.3), ("broken", 0.5, 0.3), ("snf-work", 3.0, 1.0)];
    for (name, asked, least) in rows {
        for figure in quick(name) {
            let Figure { value, error, reference, aim, .. } = figure;
            assert!(value > least && error < 0.2 * value, "{name}: {figure:?}");
            assert_eq!((reference, aim), (asked, Aim::AtLeast), "{name}: {figure:?}");
        }
    }
}

/// With a clock that gives all samples the same time the coarse ones are as dear as the fine ones, and the ratio is a little below one. Were
/// both levels not correlated, or the coarse sites not those of the coarse flow, it would be near 1/(1 + sqrt 2)^2 = 0.17.
#[test]
fn levels_of_a_flow() {
    for figure in quick("multilevel-time") {
        let Figure { value, error, reference, aim, .. } = figure;
        assert!(value > 0.5 && value < 1.1 && error < 0.5 * value, "{figure:?}");
        assert_eq!((reference, aim), (1.0, Aim::AtLeast), "{figure:?}");
    }
}

/// A training arrives, which takes more than no time.
#[test]
fn minutes_of_training() {
    for figure in quick("cnf-minutes") {
        assert!(figure.value > 0.0 && figure.value.is_finite(), "{figure:?}");
        assert_eq!((figure.reference, figure.aim), (15.0, Aim::AtMost), "{figure:?}");
    }
}

/// With a clock that gives all steps the same time costs are those of steps: a batch of proposals takes as long as many trajectories.
#[test]
fn times_for_an_independent_field() {
    let clock = counter(1.0);
    let run = Run::new(Form::Quick, &clock);
    for figure in measured("time-to-independent", &run) {
        let Figure { value, error, reference, aim, .. } = figure;
        assert!(value > 0.0 && value.is_finite() && error > 0.0 && error < value, "{figure:?}");
        assert_eq!((reference, aim), (0.01, Aim::AtLeast), "{figure:?}");
    }
    let figures = measured("all-samplers", &run);
    assert_eq!(figures.len(), 4);
    for figure in &figures {
        let Figure { value, error, reference, aim, .. } = *figure;
        assert!([value, error, reference].iter().all(|number| number.is_finite() && *number > 0.0), "{figure:?}");
        assert!(aim == Aim::AtMost && reference == figures[0].reference, "{figure:?}");
    }
}

/// Diffusion models are as good in few samples as asked for in many; chains that accept their fields are exact, and means over fields
/// that nothing corrects are at least near.
#[test]
fn diffusion_models() {
    for name in ["diffusion-acceptance", "mala-score"] {
        for figure in quick(name) {
            assert!(figure.shortfall() < 1.0 && figure.value <= 1.0, "{name}: {figure:?}");
            assert!(figure.error < 0.2 && figure.aim == Aim::AtLeast, "{name}: {figure:?}");
        }
    }
    let clock = counter(1.0);
    let run = Run::new(Form::Quick, &clock);
    for (name, part) in [("diffusion-chi", 0.05), ("diffusion-modes", 0.12), ("diffusion-bias", 0.15)] {
        for figure in measured(name, &run) {
            assert!(figure.shortfall() < 1.0 && figure.error < part * figure.reference.max(1.0), "{name}: {figure:?}");
            assert_eq!(figure.aim, Aim::Equal, "{name}: {figure:?}");
        }
    }
}

/// Layers make swaps more often accepted than not, and paths of the same number of steps lighter.
#[test]
fn learned_layers_of_paths() {
    for (name, asked, least) in [("switch-4", 0.66, 0.45), ("work-ratio", 3.0, 1.1)] {
        for figure in quick(name) {
            let Figure { value, error, reference, aim, .. } = figure;
            assert!(value > least && error > 0.0 && error < 0.5 * value, "{name}: {figure:?}");
            assert_eq!((reference, aim), (asked, Aim::AtLeast), "{name}: {figure:?}");
        }
    }
}

/// With a clock that gives all steps the same time the ratio is that of steps; on so small a lattice sweeps move the charge, too.
#[test]
fn frozen_chains_of_dbw2() {
    for figure in quick("dbw2-thaw") {
        assert!((0.2..5.0).contains(&figure.value) && figure.error > 0.0 && figure.error < figure.value, "{figure:?}");
        assert_eq!((figure.reference, figure.aim), (20.0, Aim::AtLeast), "{figure:?}");
    }
}

/// Swaps of fields as they are: acceptances that no algorithm can change, on a lattice that the defect fills by half.
#[test]
fn swaps_of_replicas() {
    for figure in quick("swap-acceptance") {
        // Five standard errors about 0.010(3), the acceptance of fields on 4^4 sites; a tenth of the public one on 8^4.
        assert!(figure.value > 0.0 && figure.value < 0.024 && figure.error < 0.005, "{figure:?}");
        assert_eq!((figure.reference, figure.aim), (0.191, Aim::AtLeast), "{figure:?}");
    }
}

/// Two ranks of a ladder come to the same end as one, which the row checks itself; how much faster is the machine's.
#[test]
fn ladder_scaling() {
    let [figure] = &quick("ladder-scaling")[..] else { panic!("one figure") };
    assert_eq!((figure.reference, figure.aim), (1.8, Aim::AtLeast));
    assert!(figure.value > 0.0 && figure.value < 4.0 && figure.error >= 0.0, "{figure:?}");
}

/// A model of a published size is at least as good as the published one, and not twice as good.
#[test]
fn peer_acceptance_affine() {
    for figure in quick("peer-acceptance-affine") {
        assert!(figure.shortfall() < 1.0 && 2.0 * figure.shortfall() > 1.0, "{figure:?}");
    }
}

/// A row's figures are refused where they are not those that it declares.
#[test]
fn figures_are_those_that_a_row_declares() {
    let figure = |set_up: &str, reference| Figure {
        set_up: set_up.into(),
        value: 1.0,
        error: 0.1,
        reference,
        source: "x",
        aim: Aim::Equal,
    };
    let row = Row {
        name: "row",
        about: "",
        set_ups: |_| vec![("a".into(), Some(2.0)), ("b".into(), None)],
        measure: |_| Ok(vec![]),
    };
    assert!(row.check(Form::Full, &[figure("a", 2.0), figure("b", 7.0)]).is_ok());
    let wrong_reference = [figure("a", 2.5), figure("b", 7.0)];
    let wrong_name = [figure("a", 2.0), figure("c", 7.0)];
    let too_few = [figure("a", 2.0)];
    for wrong in [&wrong_reference[..], &wrong_name, &too_few, &[]] {
        assert!(row.check(Form::Full, wrong).is_err(), "{wrong:?}");
    }
    assert_eq!(row.declared(), ["science-declared: row row-a 2.000000000e0", "science-declared: row row-b -"]);
}

/// Under the row's own name stands the set-up that falls shortest, by the measure of its aim.
#[test]
fn a_row_shows_the_set_up_that_falls_shortest() {
    let row = &GROUPS[0].rows[0];
    let figure = |set_up: &str, value: f64, aim| Figure {
        set_up: set_up.into(),
        value,
        error: 0.1,
        reference: 2.0,
        source: "x",
        aim,
    };
    for (aim, values, shortest) in
        [(Aim::Equal, [2.1, 1.7], 1), (Aim::AtLeast, [1.5, 4.0], 0), (Aim::AtMost, [1.5, 4.0], 1)]
    {
        let figures = [figure("a", values[0], aim), figure("b", values[1], aim)];
        let lines = row.lines(&figures);
        assert_eq!(lines.len(), 3);
        assert!(lines[2].starts_with(&format!("science: {} {:.6e} ", row.name, values[shortest])), "{lines:?}");
    }
}
