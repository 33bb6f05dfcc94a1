//! Real configurations of other codes against the numbers that those codes gave: `make test-references DATA=FOLDER`.
//!
//! The folder is named by the environment variable INSTANTON_DATA; a file that is missing fails.

use instanton::gauge::formats::{Format, ReadSpec, read};
use instanton::gauge::observables::{link_trace, planes, plaquette, polyakov_loop, space_and_time};
use instanton::gauge::{Gauge, Group};
use instanton::lattice::Lattice;
use std::path::PathBuf;

fn file(name: &str) -> PathBuf {
    let folder = std::env::var("INSTANTON_DATA").expect("INSTANTON_DATA names the folder of configurations");
    PathBuf::from(folder).join(name)
}

/// Reads with verification of all that the file claims; says how many claims there were.
fn field(name: &str, extent: [usize; 4], group: Group) -> (Gauge, Format, usize) {
    let lattice = Lattice::new(&extent).unwrap();
    let (gauge, format, claims) = read(&file(name), &lattice, group, &ReadSpec::default()).unwrap();
    (gauge, format, claims.len())
}

fn close(got: f64, expected: f64, tolerance: f64) {
    assert!((got - expected).abs() <= tolerance, "expected {expected}, got {got}");
}

#[test]
#[ignore = "needs configurations of other codes"]
fn chroma() {
    let (gauge, format, claims) = field("chroma/weak_field.lime", [4, 4, 4, 8], Group::Su3);
    assert_eq!((format, claims), (Format::Ildg, 1));
    close(plaquette(&gauge), 0.9948041322667, 1e-13);
    let (space, time) = space_and_time(&gauge);
    close(space, 0.994798578341303, 1e-13);
    close(time, 0.994809686192097, 1e-13);
    // xy, xz, yz, xt, yt, zt.
    let expected = [
        0.994703733245322,
        0.994926957486681,
        0.994765044291907,
        0.994693320035353,
        0.99485404921873,
        0.994881689322207,
    ];
    planes(&gauge).iter().zip(expected).for_each(|(&got, expected)| close(got, expected, 1e-13));
    close(link_trace(&gauge), 0.379449348715193, 1e-13);
    let loops = [0.966586019188472, 0.966365913774658, 0.96714627642381, 0.878769500914111];
    for (mu, expected) in loops.into_iter().enumerate() {
        close(polyakov_loop(&gauge, mu).unwrap().re, expected, 1e-13);
    }
}

#[test]
#[ignore = "needs configurations of other codes"]
fn the_same_field_in_nersc_and_ildg() {
    let (nersc, format, claims) = field("chroma/t_nersc.cfg", [4; 4], Group::Su3);
    assert_eq!((format, claims), (Format::Nersc, 3));
    let (ildg, _, _) = field("chroma/t_dprec_ildg.lime", [4; 4], Group::Su3);
    for gauge in [&nersc, &ildg] {
        close(plaquette(gauge), 0.0382422893, 1e-7);
    }
    let (nersc, _, claims) = field("hotqcd/nersc.l8t4b3360", [8, 8, 8, 4], Group::Su3);
    assert_eq!(claims, 3);
    let (ildg, _, _) = field("hotqcd/ildg.l8t4b3360", [8, 8, 8, 4], Group::Su3);
    for gauge in [&nersc, &ildg] {
        close(plaquette(gauge), 0.5038664469, 1e-10);
        close(link_trace(gauge), 0.005406083858, 1e-12);
    }
    let largest = nersc.links().iter().zip(ildg.links()).fold(0.0f64, |m, (a, b)| m.max((a - b).abs()));
    assert!(largest < 1e-14, "{largest}");
}

#[test]
#[ignore = "needs configurations of other codes"]
fn milc() {
    let (first, format, claims) = field("milc/lat.sample.l4444", [4; 4], Group::Su3);
    assert_eq!((format, claims), (Format::Milc, 1));
    for name in ["milc/lat.sample.l4444", "milc/lat.sample.l4444.ildg", "milc/lat.sample.l4444.scidac"] {
        let (gauge, _, claims) = field(name, [4; 4], Group::Su3);
        assert_eq!(claims, 1, "{name}");
        assert_eq!(gauge, first, "{name}");
        let (space, time) = space_and_time(&gauge);
        close(space, 0.598225052, 1e-7);
        close(time, 0.591475266, 1e-7);
    }
    let (gauge, _, _) = field("milc/lat.sample.l8", [8; 4], Group::Su3);
    let (space, time) = space_and_time(&gauge);
    close(space, 0.873465957, 1e-7);
    close(time, 0.873815792, 1e-7);
}

#[test]
#[ignore = "needs configurations of other codes"]
fn the_same_field_in_openqcd_and_hirep() {
    let name = "qcd1_pb_L8T8_b6.0_c1.234_k0.13_r0_id4n1";
    let (open, format, _) = field(&format!("openqcd/openQCD_{name}"), [8; 4], Group::Su3);
    assert_eq!(format, Format::OpenQcd);
    let (hirep, format, _) = field(&format!("openqcd/HiRep_{name}"), [8; 4], Group::Su3);
    assert_eq!(format, Format::HiRep);
    assert_eq!(open, hirep);
    close(plaquette(&open), 0.00166968114410, 1e-13);
}

#[test]
#[ignore = "needs configurations of other codes"]
fn ddalphaamg_and_julia() {
    let (gauge, format, _) = field("ddalphaamg/4x4x4x4b6.0000id3n1", [4; 4], Group::Su3);
    assert_eq!(format, Format::DdAlphaAmg);
    close(plaquette(&gauge), 0.595565289703068, 1e-13);
    let (gauge, _, _) = field("julia/su2_heatbath_b5.7_4444.ildg", [4; 4], Group::Su2);
    close(plaquette(&gauge), 0.477641263313, 1e-11);
    let (gauge, _, _) = field("julia/su3_heatbath_b5.7_4444.ildg", [4; 4], Group::Su3);
    close(plaquette(&gauge), 0.571478174356, 1e-11);
}
