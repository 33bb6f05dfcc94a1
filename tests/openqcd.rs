//! Fields with open boundaries against openQCD's numbers: actions; action, energy density and charge by slices along the Wilson
//! flow; and the clover operator whose spinors vanish on the first and the last slice.
//!
//! The start field is made here: links exp(0.8 p) of normal momenta p on 4 x 6 x 4 x 8 sites (x, y, z, t), and absent ones.
//! `INSTANTON_OPENQCD=FILE cargo test --release --test openqcd` writes it to a file in openQCD's format. The numbers are those of
//! openQCD 2.4 (as in K. Schäfer's repository openQCD_force-gradient, none of whose integrators is used), compiled without AVX,
//! on one process: after `import_cnfg` with boundary conditions of type 0, the functions that are named below; the flow by
//! `fwd_rk3`, Lüscher's third-order integrator, in steps of 0.02. openQCD counts t first, ε_txyz = 1 and g_5 = g_t g_x g_y g_z: its
//! charges and its twisted mass have the opposite sign.

use instanton::action::ActionSpec;
use instanton::context::{Context, Precision, Team};
use instanton::dirac::{Dirac, DiracSpec, SolveSpec, Which};
use instanton::gauge::formats::{self, Format, WriteSpec};
use instanton::gauge::observables::plaquette_over_sites;
use instanton::gauge::{Gauge, Group, ObservableSpec, SmearSpec, draw_momenta, drift};
use instanton::lattice::Lattice;
use instanton::random::{Purpose, Stream};
use instanton::spec;
use std::path::Path;
use std::sync::Arc;

const EXTENT: [usize; 4] = [4, 6, 4, 8];
/// Sites of a slice, and numbers of its spinors.
const SLICE: usize = 96;
const SPINORS: usize = 24 * SLICE;

/// Re tr of all plaquettes of the start field: `plaq_sum_dble`.
const PLAQUETTES: f64 = 1949.3806490281056;

/// Actions of the start field at beta = 6: `action0`.
const ACTIONS: [(&str, f64); 3] = [
    ("{type: 'wilson', group: 'su3', beta: 6, boundary: 'open'}", 20560.504158816104),
    ("{type: 'wilson', group: 'su3', beta: 6, boundary: 'open', c_g: 1.3}", 20998.72452175441),
    ("{type: 'symanzik', group: 'su3', beta: 6, boundary: 'open', c_g: 1.1}", 30820.284194397987),
];

/// Numbers after some steps of the flow, by slices without the first and the last one, where the last two are 0.
struct Flowed {
    steps: usize,
    /// 2 w Re tr(1 - P), summed over all plaquettes.
    action: f64,
    /// E summed over the sites of a slice.
    energy: [f64; 6],
    charge: [f64; 6],
}

const FLOWED: [Flowed; 3] = [
    Flowed {
        steps: 0,
        action: 20560.504158816104,
        energy: [
            210.3296502396423,
            211.05008262486183,
            212.20617908485352,
            209.24686438672217,
            194.67111717503886,
            203.14361990587443,
        ],
        charge: [
            0.03770854472518531,
            0.03103992244574172,
            0.0011354474821461825,
            0.01869257901706047,
            0.023656886159448894,
            0.07546923098278553,
        ],
    },
    Flowed {
        steps: 25,
        action: 1055.4419088717332,
        energy: [
            59.61735142600138,
            63.87497974536441,
            53.321624726155626,
            50.624024461128826,
            45.12720096266712,
            41.83207135186199,
        ],
        charge: [
            0.04807959045758767,
            -0.02989866028992249,
            0.01499429890906319,
            0.021849536075060544,
            -0.007173545640034774,
            0.0067899139245585416,
        ],
    },
    Flowed {
        steps: 50,
        action: 52.600982768073656,
        energy: [
            5.148222028457964,
            5.779489397830884,
            5.2962054128785905,
            4.329542827758918,
            3.9604989459315325,
            3.6308140277596794,
        ],
        charge: [
            0.001956806140084843,
            -0.007840964307832307,
            -0.0022340112475509456,
            0.005298407872184377,
            0.00014273162493162373,
            -0.003489210438530549,
        ],
    },
];

/// The operator of kappa = 0.13, csw = 1.3, cF = 1.2, for mu = 0.13 and mu = 0.
const OPERATOR: &str = "{type: 'wilson', kappa: 0.13, clover: 1.3, c_f: 1.2, basis: 'chiral'";

/// |D psi|^2 on the slices between, and D psi at x = 1, y = 2, z = 3, t = 1: `Dw_dble`.
const APPLIED: [f64; 6] =
    [4481.000185456282, 4253.883974664557, 4127.919127748738, 4234.258656440143, 4279.303210015185, 4465.885085647801];
const APPLIED_AT: [f64; 24] = [
    -1.1750664289819643,
    1.830966976328184,
    -0.8771961363142037,
    -1.1907167923534163,
    -0.7080681821497921,
    1.0748641396565597,
    -0.3677037973355022,
    -1.3239679875044221,
    -1.9396052203252336,
    -0.16222833820220006,
    -0.868428756336747,
    2.3719759370537945,
    -1.4651058969357074,
    -2.0549835024827554,
    -0.9180406938486219,
    0.21753415718098823,
    -1.3877778676580346,
    2.4251563164540726,
    1.8182374235132173,
    -0.8730336250195424,
    1.9571235814481653,
    1.1113775662077032,
    1.9529914507703405,
    -1.8579889133319907,
];

/// |D^-1 eta|^2 on the slices between, and D^-1 eta at x = 0, y = 1, z = 1, t = 5, of eta = 1 at x = 1, y = 2, z = 3, t = 2, spin 0
/// and colour 0, from `tmcg` with a residue of 1e-14 and mu = 0.
const SOLVED: [f64; 6] = [
    0.005933887541924289,
    0.11173471192416462,
    0.005776288581922336,
    0.0005673548555544788,
    5.635906894700707e-05,
    4.7469350477938494e-06,
];
const SOLVED_AT: [f64; 24] = [
    8.572463911697013e-05,
    -0.00011446341348343539,
    9.786626532837657e-05,
    -1.0321756103715735e-05,
    -5.306656956085954e-05,
    -6.21956309912316e-06,
    1.872841832644105e-05,
    6.225963328654399e-05,
    -4.227458556497351e-05,
    -7.45687033422082e-05,
    8.761325919718767e-05,
    -5.787519377826191e-05,
    -0.0002025091064264763,
    0.00011289943179465543,
    3.7795059553413545e-05,
    -2.711291325828771e-05,
    -9.650351829550173e-06,
    -3.857422739052017e-05,
    3.183508847000428e-05,
    -0.00011662472850030191,
    3.181046243927606e-05,
    1.8701355155137107e-05,
    -2.672330830406448e-05,
    1.4720755338924653e-05,
];

fn context() -> Arc<Context> {
    Arc::new(Context::new(1, Precision::F64, 2).unwrap())
}

/// The start field.
fn start() -> Gauge {
    let mut gauge = Gauge::unit(&Lattice::new(&EXTENT).unwrap(), Group::Su3).unwrap();
    let (mut links, mut momenta) = (gauge.links().to_vec(), vec![0.0; gauge.links().len()]);
    draw_momenta(Group::Su3, &mut Stream::new(24, Purpose::Momentum, 1), &mut momenta);
    drift(&Team::default(), Group::Su3, (&mut links, &momenta), 0.8);
    gauge.set_links(links).unwrap();
    gauge.open();
    gauge
}

fn observed(gauge: &Gauge, text: &str) -> Vec<f64> {
    spec::parse::<ObservableSpec>("observable", text).unwrap().observe(&Team::default(), gauge).unwrap()
}

fn action(gauge: &Gauge, text: &str) -> f64 {
    let spec: ActionSpec = spec::parse("action", text).unwrap();
    spec.build(&context(), gauge.lattice()).unwrap().value(gauge.links()).unwrap()
}

/// The two codes differ by rounding, `bound` of a number of this size.
#[track_caller]
fn agree(what: &str, (got, expected): (f64, f64), size: f64, bound: f64) {
    println!("{what}: {:.1e}", (got - expected).abs() / size);
    assert!((got - expected).abs() < bound * size, "{what}: {got:?}, openQCD {expected:?}");
}

/// Slices of a field, without the first and the last one, where they are 0.
fn inner(gauge: &Gauge, text: &str) -> Vec<f64> {
    let slices = observed(gauge, text);
    assert_eq!([slices[0], slices[7]], [0.0; 2], "{text}");
    slices[1..7].to_vec()
}

#[test]
fn actions_are_those_of_openqcd() {
    let gauge = start();
    if let Some(path) = std::env::var_os("INSTANTON_OPENQCD") {
        let spec = WriteSpec { format: Format::OpenQcd, ..WriteSpec::default() };
        formats::write(Path::new(&path), &gauge, &spec).unwrap();
    }
    let plaquettes = 3.0 * 6.0 * 8.0 * SLICE as f64 * plaquette_over_sites(&gauge);
    agree("plaquettes", (plaquettes, PLAQUETTES), PLAQUETTES, 1e-13);
    for (text, expected) in ACTIONS {
        agree(text, (action(&gauge, text), expected), expected, 1e-13);
    }
}

#[test]
fn the_flow_and_its_slices_are_those_of_openqcd() {
    let (mut gauge, mut steps) = (start(), 0);
    for flowed in FLOWED {
        if flowed.steps > steps {
            let text = format!("{{type: 'flow', time: {}, step: 0.02}}", 0.02 * (flowed.steps - steps) as f64);
            spec::parse::<SmearSpec>("smear", &text).unwrap().apply(&Team::default(), &mut gauge).unwrap();
            steps = flowed.steps;
        }
        // beta / N = 2, and c_g = 1 as in openQCD's observables.
        let plaquettes = action(&gauge, ACTIONS[0].0);
        agree(&format!("{steps} steps, action"), (plaquettes, flowed.action), flowed.action, 1e-12);
        let [energy, charge] = ["energy", "charge"].map(|what| inner(&gauge, &format!("{{type: '{what}_slices'}}")));
        for t in 0..6 {
            let (what, energy) = (format!("{steps} steps, slice {}", t + 1), SLICE as f64 * energy[t]);
            agree(&format!("{what}, energy"), (energy, flowed.energy[t]), flowed.energy[t], 1e-12);
            // The density of charge is at most E / (8 pi^2).
            agree(&format!("{what}, charge"), (-charge[t], flowed.charge[t]), flowed.energy[t] / 79.0, 1e-12);
        }
        let mean = flowed.energy.iter().sum::<f64>() / (6 * SLICE) as f64;
        agree("energy", (observed(&gauge, "{type: 'energy_density'}")[0], mean), mean, 1e-12);
        let charge = observed(&gauge, "{type: 'charge'}")[0];
        agree("charge", (-charge, flowed.charge.iter().sum()), flowed.energy[0] / 79.0, 1e-12);
    }
}

/// |psi|^2 on the slices between, where it vanishes on the others.
fn norms(psi: &[f64]) -> Vec<f64> {
    let norms: Vec<f64> = psi.chunks_exact(SPINORS).map(|slice| slice.iter().map(|x| x * x).sum()).collect();
    assert_eq!([norms[0], norms[7]], [0.0; 2]);
    norms[1..7].to_vec()
}

/// The numbers of a site.
fn at(psi: &[f64], [x, y, z, t]: [usize; 4]) -> &[f64] {
    &psi[24 * (x + 4 * (y + 6 * (z + 4 * t)))..][..24]
}

#[track_caller]
fn all_agree(what: &str, got: &[f64], expected: &[f64], bound: f64) {
    let size = expected.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
    assert_eq!(got.len(), expected.len());
    got.iter().zip(expected).for_each(|(&got, &expected)| agree(what, (got, expected), size, bound));
}

#[test]
fn the_operator_between_the_end_slices_is_that_of_openqcd() {
    let gauge = start();
    let operator = |keys: &str| {
        let spec: DiracSpec = spec::parse("dirac", &format!("{OPERATOR}{keys}}}")).unwrap();
        Dirac::new(&context(), &gauge, &spec).unwrap()
    };
    let twisted = operator(", twist: -0.13");
    // psi, whose numbers are fractions that any code can make.
    let (mut psi, mut image) = (vec![0.0; twisted.count()], vec![0.0; twisted.count()]);
    for (n, pair) in psi.chunks_exact_mut(2).enumerate().skip(SPINORS / 2).take(3 * SPINORS) {
        pair[0] = (n * 7919 % 2003) as f64 / 2003.0 - 0.5;
        pair[1] = (n * 104_729 % 1999) as f64 / 1999.0 - 0.5;
    }
    twisted.apply(Which::Plain, 1, &psi, &mut image).unwrap();
    all_agree("norms of D psi", &norms(&image), &APPLIED, 1e-13);
    all_agree("D psi", at(&image, [1, 2, 3, 1]), &APPLIED_AT, 1e-13);
    psi.fill(0.0);
    psi[24 * (1 + 4 * (2 + 6 * (3 + 4 * 2)))] = 1.0;
    let solve = SolveSpec { tolerance: 1e-13, ..SolveSpec::default() };
    operator("").solve(&solve, 1, &psi, &mut image).unwrap();
    all_agree("norms of the solution", &norms(&image), &SOLVED, 1e-11);
    all_agree("solution", at(&image, [0, 1, 1, 5]), &SOLVED_AT, 1e-8);
}
