//! Embedded clusters: exact probabilities of signs, exact moments, hybrid Monte Carlo, and both modes of a broken phase.

use super::check::{expect_mean, keeps_the_distribution, mean_and_error};
use super::{Chain, ChainSpec, ChainState, Cluster, ClusterSpec, Kernel, Key};
use crate::action::{Action, ActionSpec};
use crate::context::serial;
use crate::lattice::Lattice;
use crate::spec::parse;
use std::sync::Arc;

fn action(extent: &[usize], text: &str) -> Arc<dyn Action> {
    let spec: ActionSpec = parse("action", text).unwrap();
    spec.build(&serial(), &Lattice::new(extent).unwrap()).unwrap().into()
}

fn chain(action: &Arc<dyn Action>, text: &str) -> Chain {
    Chain::new(action.clone(), None, &parse::<ChainSpec>("chain", text).unwrap(), 5).unwrap()
}

#[test]
fn clusters_and_local_moves_keep_the_distribution() {
    for (sweeps, clusters, step) in [(1, 1, None), (2, 0, Some(0.6)), (1, 3, Some(3.0))] {
        let spec = ClusterSpec { sweeps, clusters, step };
        keeps_the_distribution(&|action, _| Box::new(Cluster::new(action, &spec).unwrap()));
    }
}

/// Theories whose bonds agree, are frustrated, or compete with sources; some bonds are parallel, or lead to the site itself.
const THEORIES: [(&[usize], &str); 5] = [
    (&[3, 2], "{type: 'phi4', form: 'kappa', kappa: 0.12, lambda: 0.1}"),
    (&[3], "{type: 'phi4', form: 'kappa', kappa: -0.2, lambda: 0.2, source: [0.5, 0.3, 0.6]}"),
    (&[4], "{type: 'phi4', form: 'kappa', kappa: 0.2, lambda: 0.2, hopping: [{displacement: [2], strength: -0.15}]}"),
    (&[5], "{type: 'phi4', form: 'half', mass_squared: 1, lambda: 3, source: 0.2}"),
    (
        &[2, 2],
        "{type: 'phi4', mass_squared: 1, lambda: [1, 2, 1, 0.5], source: [0.4, -0.1, 0, -0.3], \
         hopping: [{displacement: [1, 1], strength: -0.3}, {displacement: [0, 2], strength: 0.2}]}",
    ),
];

/// Clusters alone change signs at fixed |φ|: each choice of signs as often as exp(−S) says.
#[test]
fn signs_have_their_exact_probabilities() {
    const BLOCKS: usize = 100;
    const EACH: u64 = 3_000;
    for (extent, text) in THEORIES {
        let action = action(extent, text);
        let volume = action.lattice().volume();
        let start: Vec<f64> = (0..volume).map(|site| 0.6 + 0.2 * (site % 3) as f64).collect();
        let weight = |signs: usize| {
            let sign = |site: usize| if signs >> site & 1 == 1 { -1.0 } else { 1.0 };
            let field: Vec<f64> = start.iter().enumerate().map(|(site, phi)| sign(site) * phi).collect();
            (-action.value(&field).unwrap()).exp()
        };
        let z: f64 = (0..1 << volume).map(weight).sum();
        let kernel = Cluster::new(action.clone(), &ClusterSpec { sweeps: 0, clusters: 1, step: None }).unwrap();
        let mut state = ChainState::new(&*action, &start).unwrap();
        let mut shares = vec![vec![0.0; BLOCKS]; 1 << volume];
        for counter in 0..EACH * BLOCKS as u64 {
            kernel.step(&Key { seed: 3, counter }, &mut state).unwrap();
            let signs =
                state.field().iter().enumerate().map(|(site, phi)| usize::from(*phi < 0.0) << site).sum::<usize>();
            shares[signs][(counter / EACH) as usize] += 1.0 / EACH as f64;
        }
        assert!(state.field().iter().zip(&start).all(|(phi, start)| phi.abs() == *start));
        let mut most_error = 0.0f64;
        for (signs, shares) in shares.iter().enumerate() {
            let ((share, error), exact) = (mean_and_error(shares, BLOCKS), weight(signs) / z);
            // Signs that may not occur at all have the error of independent draws.
            let error = error.max((exact / (EACH * BLOCKS as u64) as f64).sqrt());
            assert!((share - exact).abs() < 5.0 * error, "{text}: {signs:b}: {share}({error}), {exact}");
            most_error = most_error.max(error);
        }
        assert!(most_error < 0.005, "{text}: {most_error}");
    }
}

/// ⟨f⟩ on three sites by the trapezium rule.
fn exact(action: &dyn Action, of: impl Fn(&[f64; 3]) -> f64) -> f64 {
    let points = || (-40..=40).map(|i| 0.1 * f64::from(i));
    let (mut sum, mut z) = (0.0, 0.0);
    for field in points().flat_map(|x| points().flat_map(move |y| points().map(move |t| [x, y, t]))) {
        let weight = (-action.value(&field).unwrap()).exp();
        sum += weight * of(&field);
        z += weight;
    }
    sum / z
}

#[test]
fn moments_of_three_sites_with_sources_are_exact() {
    for bonds in ["mass_squared: 0.5, lambda: [1, 2, 0.7]", "form: 'kappa', kappa: -0.2, lambda: [0.1, 0.2, 0.3]"] {
        let action = action(&[3], &format!("{{type: 'phi4', {bonds}, source: [0.9, 0.4, -1.3]}}"));
        let mut chain = chain(&action, "{type: 'cluster', clusters: 2}");
        let mut series = vec![vec![]; 4];
        let moments = |phi: &[f64; 3]| [phi[0], phi[2], phi[0] * phi[2], phi[1] * phi[1]];
        for _ in 0..200_000 {
            chain.step().unwrap();
            let field = chain.field().first_chunk().unwrap();
            series.iter_mut().zip(moments(field)).for_each(|(series, moment)| series.push(moment));
        }
        for (i, series) in series.iter().enumerate() {
            expect_mean(&format!("{bonds}: moment {i}"), series, exact(&*action, |phi| moments(phi)[i]));
        }
    }
}

/// S, M² and |M|³ of two kernels agree, in a symmetric phase, near the transition and in a broken phase.
#[test]
fn clusters_and_hybrid_monte_carlo_agree() {
    for text in [
        "{type: 'phi4', form: 'kappa', kappa: 0.21, lambda: 0.022}",
        "{type: 'phi4', mass_squared: -4, lambda: 6}",
        "{type: 'phi4', form: 'kappa', kappa: 0.27, lambda: 0.022}",
        "{type: 'phi4', form: 'half', mass_squared: 0.3, lambda: 1, hopping: [{displacement: [1, 1], strength: 0.1}]}",
    ] {
        let action = action(&[6, 6], text);
        let [clusters, hmc] =
            ["{type: 'cluster', clusters: 2}", "{type: 'hmc', steps: 6, length: 1.1}"].map(|kernel| {
                let mut chain = chain(&action, kernel);
                let mut series = [vec![], vec![], vec![]];
                for step in 0..40_400 {
                    let value = chain.step().unwrap().value;
                    let m = chain.field().iter().sum::<f64>() / 36.0;
                    if step >= 400 {
                        series
                            .iter_mut()
                            .zip([value, m * m, m.abs().powi(3)])
                            .for_each(|(all, number)| all.push(number));
                    }
                }
                series.map(|series| mean_and_error(&series, 100))
            });
        for ((a, error_a), (b, error_b)) in clusters.into_iter().zip(hmc) {
            assert!((a - b).abs() < 5.0 * error_a.hypot(error_b), "{text}: {a}({error_a}) {b}({error_b})");
            assert!(error_a < 0.05 * a.abs() && error_b < 0.05 * b.abs(), "{text}: {a}({error_a}) {b}({error_b})");
        }
    }
}

/// In a broken phase clusters change the sign of M in most steps, where trajectories hardly ever do.
#[test]
fn both_modes_of_a_broken_phase_are_visited_equally() {
    let action = action(&[16, 16], "{type: 'phi4', form: 'kappa', kappa: 0.27, lambda: 0.022}");
    let [clusters, hmc] = ["{type: 'cluster'}", "{type: 'hmc', steps: 8, length: 1}"].map(|kernel| {
        let mut chain = chain(&action, kernel);
        let mut signs = vec![];
        for step in 0..4_200 {
            chain.step().unwrap();
            if step >= 200 {
                signs.push(chain.field().iter().sum::<f64>().signum());
            }
        }
        signs
    });
    let changes = |signs: &[f64]| signs.windows(2).filter(|pair| pair[0] != pair[1]).count();
    assert!(changes(&clusters) > 100 * changes(&hmc), "{} {}", changes(&clusters), changes(&hmc));
    let (mean, error) = mean_and_error(&clusters, 100);
    assert!(mean.abs() < 5.0 * error && error < 0.03, "{mean}({error})");
}

#[test]
fn a_chain_says_its_step_and_the_one_that_is_given_is_taken() {
    let action = action(&[4, 4], "{type: 'phi4', mass_squared: 1, lambda: 0}");
    // c = 2 q = 10.
    for (text, step) in [("{type: 'cluster'}", 2.5 / 10f64.sqrt()), ("{type: 'cluster', step: 0.25}", 0.25)] {
        let mut chain = chain(&action, text);
        let before = chain.field().to_vec();
        assert!(chain.step().unwrap().accepted && chain.describe().unwrap()["kernel"]["step"] == step, "{text}");
        assert!(chain.field().iter().zip(before).all(|(phi, old)| (phi - old).abs() <= step), "{text}");
    }
}

#[test]
fn what_has_no_clusters_is_refused() {
    let message = |extent: &[usize], action_text: &str, text: &str| {
        let spec: ChainSpec = parse("chain", text).unwrap();
        Chain::new(action(extent, action_text), None, &spec, 5).err().unwrap().to_string()
    };
    let phi4 = "{type: 'phi4', mass_squared: 1, lambda: 1}";
    let other = "type 'cluster': expected an action of type 'phi4' or 'quantum_mechanics', got another";
    assert_eq!(message(&[4, 4], "{type: 'wilson', group: 'u1', beta: 1}", "{type: 'cluster'}"), other);
    assert_eq!(message(&[4], &format!("{{type: 'sum', terms: [{phi4}, {phi4}]}}"), "{type: 'cluster'}"), other);
    assert_eq!(
        message(
            &[4],
            "{type: 'quantum_mechanics', spacing: 0.5, potential: [0, 0, 1, 0, 0, 0, 0.5]}",
            "{type: 'cluster'}"
        ),
        "type 'cluster': expected a polynomial of phi, phi^2 and phi^4, got one with phi^6"
    );
    for (keys, expected) in [
        ("sweeps: 0, clusters: 0", "sweeps, clusters: expected at least 1 of either, got none"),
        ("sweeps: 1000001", "sweeps: expected at most 1000000, got 1000001"),
        ("clusters: 1000001", "clusters: expected at most 1000000, got 1000001"),
        ("step: 0", "step: expected a finite number above 0, got 0"),
        ("step: NaN", "step: expected a finite number above 0, got NaN"),
    ] {
        assert_eq!(message(&[4], phi4, &format!("{{type: 'cluster', {keys}}}")), expected);
    }
    let one = action(&[4], &format!("{{type: 'sum', terms: [{phi4}]}}"));
    assert!(chain(&one, "{type: 'cluster'}").step().unwrap().accepted);
    let unknown = parse::<ChainSpec>("chain", "{type: 'cluster', cluster: 1}").unwrap_err().to_string();
    assert!(unknown.contains("unknown key 'cluster'; known keys: type, sweeps, clusters, step"), "{unknown}");
}
