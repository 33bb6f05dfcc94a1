//! Laws of observables, smearing and flow on fields with open boundaries.

use super::formats::{Format, ReadSpec, WriteSpec, read, write};
use super::tests::transformed;
use super::*;
use crate::context::Team;
use crate::lattice::{Lattice, Neighbours};
use crate::random::{Purpose, Stream};
use observables::plaquette;

const CASES: [(Group, &[usize]); 3] = [(Group::U1, &[4, 6]), (Group::Su2, &[4, 3, 3]), (Group::Su3, &[2, 4, 3, 4])];

/// An open field of links near one.
fn rough(group: Group, extent: &[usize]) -> Gauge {
    let mut gauge = Gauge::unit(&Lattice::new(extent).unwrap(), group).unwrap();
    let mut momenta = vec![0.0; gauge.links().len()];
    draw_momenta(group, &mut Stream::new(3, Purpose::Momentum, 9), &mut momenta);
    drift(&Team::default(), group, (gauge.links_mut(), &momenta), 0.5);
    gauge.open();
    gauge
}

fn changed(gauge: &Gauge, text: &str) -> Gauge {
    let mut gauge = gauge.clone();
    crate::spec::parse::<SmearSpec>("smear", text).unwrap().apply(&Team::default(), &mut gauge).unwrap();
    gauge
}

fn observed(gauge: &Gauge, text: &str) -> Vec<f64> {
    let spec: ObservableSpec = crate::spec::parse("observable", text).unwrap();
    spec.check(gauge).unwrap();
    spec.observe(&Team::default(), gauge).unwrap()
}

const CHANGES: [&str; 4] = [
    "{type: 'stout', rho: 0.1, steps: 2}",
    "{type: 'ape', alpha: 0.5, steps: 2}",
    "{type: 'flow', time: 0.2, step: 0.1}",
    "{type: 'flow', time: 1}",
];

/// Frames turn an open field into an open field; smoothing and observables turn with it.
#[test]
fn smearing_flow_and_observables_turn_with_the_frame_and_absent_links_stay_zero() {
    for (group, extent) in CASES {
        let gauge = rough(group, extent);
        let turn = |gauge: &Gauge| with_colours!(group, transformed(gauge));
        for change in CHANGES {
            let (before, after) = (changed(&turn(&gauge), change), turn(&changed(&gauge, change)));
            let distance = before.links().iter().zip(after.links()).fold(0.0, |m: f64, (a, b)| m.max((a - b).abs()));
            assert!(distance < 1e-12 && before.is_open() && before.worst_link().0 < 1e-13, "{change}: {distance}");
            assert!(plaquette(&before) > plaquette(&gauge) + 0.01);
            let mut kinds = vec!["{type: 'plaquette'}", "{type: 'energy_slices'}", "{type: 'energy_density'}"];
            if extent.len() != 3 {
                kinds.extend(["{type: 'charge'}", "{type: 'charge_slices'}"]);
            }
            for kind in kinds {
                let pairs = observed(&changed(&gauge, change), kind).into_iter().zip(observed(&before, kind));
                assert!(pairs.into_iter().all(|(a, b)| (a - b).abs() < 1e-11), "{change} {kind}");
            }
        }
    }
}

/// S with weight 1/2 for plaquettes within the first and the last slice, over β / N.
fn weighted_action<const N: usize>(gauge: &Gauge) -> f64 {
    let (lattice, d) = (gauge.lattice(), gauge.lattice().dimensions());
    let neighbours = Neighbours::new(lattice).unwrap();
    let (links, last) = (Links { numbers: gauge.links(), neighbours: &neighbours }, lattice.extent()[d - 1] - 1);
    let mut sum = 0.0;
    for site in 0..lattice.volume() {
        for path in Loops::plaquettes(d).closed() {
            let (t, is_spatial) = (lattice.coordinate(site, d - 1), path.iter().all(|step| step.direction() != d - 1));
            let weight = if is_spatial && (t == 0 || t == last) { 0.5 } else { 1.0 };
            sum += if is_spatial || t < last {
                weight * (N as f64 - links.product::<N>(site, path).trace().re)
            } else {
                0.0
            };
        }
    }
    sum
}

#[test]
fn the_flow_lowers_the_weighted_action_at_every_step() {
    for (group, extent) in CASES {
        let mut gauge = rough(group, extent);
        let action = |gauge: &Gauge| with_colours!(group, weighted_action(gauge));
        for _ in 0..40 {
            let next = changed(&gauge, "{type: 'flow', time: 0.05, step: 0.05}");
            assert!(action(&next) < action(&gauge), "{group:?}");
            gauge = next;
        }
    }
}

/// The start of the flow against differences of the action: −dV/dt V† is its gradient, twice within the boundary slices.
#[test]
fn the_flow_is_the_gradient_of_the_weighted_action_twice_within_the_boundary_slices() {
    const STEP: f64 = 1e-5;
    let (group, extent) = (Group::Su2, &[3, 2, 4]);
    let gauge = rough(group, extent);
    let flowed = changed(&gauge, &format!("{{type: 'flow', time: {STEP}, step: {STEP}}}"));
    let mut factors = std::collections::BTreeSet::new();
    for (site, mu) in (0..gauge.lattice().volume()).flat_map(|site| (0..3).map(move |mu| (site, mu))) {
        let t = gauge.lattice().coordinate(site, 2);
        if mu == 2 && t == 3 {
            continue;
        }
        let link = gauge.link::<2>(site, mu);
        let rate = ((flowed.link::<2>(site, mu) - link) * link.adjoint()).antihermitian().scale((1.0 / STEP).into());
        for a in 0..3 {
            let at = |shift: f64| {
                let mut moved = gauge.clone();
                moved.set_link(site, mu, &(exponential(&generator::<2>(a).scale(shift.into())) * link));
                weighted_action::<2>(&moved)
            };
            let slope = (at(1e-4) - at(-1e-4)) / 2e-4;
            let factor = if mu != 2 && (t == 0 || t == 3) { 2.0 } else { 1.0 };
            // tr T_a T_b = T_F δ_ab with T_F = 1/2, and TA(U A) = Σ_a slope_a i T_a / T_F.
            let component = (generator::<2>(a).adjoint() * rate).trace().re;
            assert!((component + factor * slope).abs() < 2e-3, "{site} {mu} {a}: {component} {slope}");
            factors.insert(factor as i32);
        }
    }
    assert_eq!(factors.len(), 2);
}

/// The field with its time reversed: U_t(t) becomes U_t(T − 2 − t)†, spatial links those of the slice T − 1 − t.
fn reversed<const N: usize>(gauge: &Gauge) -> Gauge {
    let (lattice, d) = (gauge.lattice(), gauge.lattice().dimensions());
    let mut result = gauge.clone();
    for (site, mu) in (0..lattice.volume()).flat_map(|site| (0..d).map(move |mu| (site, mu))) {
        let mut x: Vec<i64> = lattice.coordinates(site).into_iter().map(|x| x as i64).collect();
        x[d - 1] = lattice.extent()[d - 1] as i64 - 1 - x[d - 1] - i64::from(mu == d - 1);
        let from = gauge.link::<N>(lattice.site(&x), mu);
        result.set_link(site, mu, &if mu == d - 1 { from.adjoint() } else { from });
    }
    result
}

#[test]
fn slices_are_those_of_the_field_with_its_time_reversed() {
    for (group, extent) in CASES {
        let gauge = rough(group, extent);
        let other = with_colours!(group, reversed(&gauge));
        assert!(other.is_open() && other.worst_link().0 < 1e-13);
        for change in CHANGES {
            let [here, mut there] = [&gauge, &other].map(|g| observed(&changed(g, change), "{type: 'energy_slices'}"));
            there.reverse();
            assert!(here.iter().zip(&there).all(|(a, b)| (a - b).abs() < 1e-12), "{change}: {here:?} {there:?}");
            // Zero on the boundary slices; the density is the mean of the others.
            let (inner, density) =
                (&here[1..here.len() - 1], observed(&changed(&gauge, change), "{type: 'energy_density'}"));
            assert!(here[0] == 0.0 && here[here.len() - 1] == 0.0 && inner.iter().all(|&e| e > 0.0));
            assert!((inner.iter().sum::<f64>() / inner.len() as f64 - density[0]).abs() < 1e-12);
        }
        if extent.len() == 4 {
            let [here, mut there] = [&gauge, &other].map(|g| observed(g, "{type: 'charge_slices'}"));
            there.reverse();
            assert!(here.iter().zip(&there).all(|(a, b)| (a + b).abs() < 1e-13), "{here:?} {there:?}");
            let charge = observed(&gauge, "{type: 'charge'}")[0];
            assert!((here.iter().sum::<f64>() - charge).abs() < 1e-12 && here[0] == 0.0 && charge.abs() > 1e-6);
        }
    }
}

/// Constant flux in a plane with the open direction: the plaquettes that there are have their angle.
#[test]
fn the_charge_in_two_dimensions_is_that_of_the_plaquettes_that_there_are() {
    let mut gauge = constant_flux(&Lattice::new(&[6, 5]).unwrap(), &[2]).unwrap();
    gauge.open();
    let slices = observed(&gauge, "{type: 'charge_slices'}");
    assert!(slices[..4].iter().all(|slice| (slice - 0.4).abs() < 1e-13) && slices[4] == 0.0, "{slices:?}");
    assert!((observed(&gauge, "{type: 'charge'}")[0] - 1.6).abs() < 1e-12);
    let angle = (4.0 * std::f64::consts::PI / 30.0).cos();
    assert!((observed(&gauge, "{type: 'plaquette'}")[0] - angle).abs() < 1e-13);
    let loops = observed(&gauge, "{type: 'wilson_loop', sides: [[0, 1], [1, 4]]}")[0];
    assert!((loops - (16.0 * std::f64::consts::PI / 30.0).cos()).abs() < 1e-13);
    let longest = observables::wilson_loop(&gauge, [(0, 1), (1, 5)]).unwrap_err().to_string();
    assert!(longest.starts_with("wilson_loop: expected loops shorter than the lattice"), "{longest}");
}

#[test]
fn means_are_one_for_unit_links() {
    for extent in [&[4, 3][..], &[3, 2, 4], &[2, 3, 2, 3]] {
        let mut gauge = Gauge::unit(&Lattice::new(extent).unwrap(), Group::Su3).unwrap();
        gauge.open();
        let all = |text: &str| observed(&gauge, text);
        for value in
            all("{type: 'planes'}").into_iter().chain(all("{type: 'plaquette'}")).chain(all("{type: 'link_trace'}"))
        {
            assert!((value - 1.0).abs() < 1e-14, "{extent:?}: {value}");
        }
        assert!(all("{type: 'unitarity'}")[0] == 0.0 && (observables::weighted_plaquette(&gauge) - 1.0).abs() < 1e-14);
        let [d, last] = [extent.len() as f64, extent[extent.len() - 1] as f64];
        // (d − 1) of the d (d − 1) / 2 planes have no plaquettes behind the last slice.
        let expected = 1.0 - 2.0 / d / last;
        assert!((observables::plaquette_over_sites(&gauge) - expected).abs() < 1e-14);
    }
}

/// Files of all formats keep open fields, with the zeros that other codes write; a zero link elsewhere is refused.
#[test]
fn files_keep_open_fields() {
    let gauge = rough(Group::Su3, &[2, 4, 6, 4]);
    let path = crate::file::of_tests("open-boundaries");
    let spec = |format| WriteSpec { format, ..WriteSpec::default() };
    let mut broken = gauge.clone();
    broken.set_link(5, 1, &Matrix::<3>::ZERO);
    let read_back = |spec: &ReadSpec| read(&path, gauge.lattice(), Group::Su3, spec);
    let formats = [
        Format::Ildg,
        Format::Scidac,
        Format::Nersc,
        Format::Milc,
        Format::MilcOld,
        Format::HiRep,
        Format::OpenQcd,
        Format::DdAlphaAmg,
    ];
    for format in formats {
        write(&path, &gauge, &spec(format)).unwrap();
        let (got, found, claims) = read_back(&ReadSpec::default()).unwrap();
        assert!(found == format && got.is_open() && claims.iter().all(|claim| claim.holds), "{claims:?}");
        let distance = got.links().iter().zip(gauge.links()).fold(0.0, |m: f64, (a, b)| m.max((a - b).abs()));
        assert!(distance < 1e-7, "{format:?}: {distance}");
        let projected = read_back(&ReadSpec { project: true, ..ReadSpec::default() }).unwrap().0;
        assert!(projected.is_open() && projected.worst_link().0 < 1e-14);
        assert!(write(&path, &broken, &spec(format)).unwrap_err().to_string().contains("links within"));
        write(&path, &broken, &WriteSpec { verify: false, ..spec(format) }).unwrap();
        assert!(read_back(&ReadSpec::default()).is_err());
    }
    // Plaquettes in headers: over all sites in openQCD, with weights of the boundary slices in HiRep.
    let headers = [(Format::OpenQcd, 16, false), (Format::HiRep, 20, true)].map(|(format, place, is_big)| {
        write(&path, &gauge, &spec(format)).unwrap();
        let bytes: [u8; 8] = std::fs::read(&path).unwrap()[place..place + 8].try_into().unwrap();
        if is_big { f64::from_be_bytes(bytes) } else { f64::from_le_bytes(bytes) }
    });
    let planes = observables::planes(&gauge);
    let (space, time) = (planes[..3].iter().sum::<f64>(), planes[3..].iter().sum::<f64>());
    assert!((headers[0] - 3.0 * (space + 0.75 * time) / 6.0).abs() < 1e-12, "{headers:?}");
    // 18 weights for each of the 48 sites of a slice.
    let weighted = 1.0 - weighted_action::<3>(&gauge) / (3.0 * 18.0 * 48.0);
    assert!((headers[1] - weighted).abs() < 1e-12, "{headers:?} {weighted}");
    let _ = std::fs::remove_file(&path);
}

/// Quaternions of SU(2) as well.
#[test]
fn quaternions_keep_open_fields() {
    let (gauge, path) = (rough(Group::Su2, &[2, 4, 6, 4]), crate::file::of_tests("open-quaternions"));
    for format in [Format::HiRepQuaternions, Format::HiRep, Format::Scidac] {
        write(&path, &gauge, &WriteSpec { format, ..WriteSpec::default() }).unwrap();
        let (got, found, _) = read(&path, gauge.lattice(), Group::Su2, &ReadSpec::default()).unwrap();
        let distance = got.links().iter().zip(gauge.links()).fold(0.0, |m: f64, (a, b)| m.max((a - b).abs()));
        assert!(found == format && got.is_open() && distance < 1e-14, "{format:?}: {distance}");
    }
    let _ = std::fs::remove_file(&path);
}
