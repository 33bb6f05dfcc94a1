//! Real configurations of other codes against the numbers that those codes gave: `make test-references DATA=FOLDER`.
//!
//! The folder is named by the environment variable INSTANTON_DATA; a file that is missing fails. Each file is also
//! written in its own format and read again.

use instanton::gauge::formats::{Claim, Format, ReadSpec, Width, WriteSpec, read, write};
use instanton::gauge::observables::{link_trace, planes, plaquette, polyakov_loop, space_and_time};
use instanton::gauge::{Gauge, Group};
use instanton::lattice::Lattice;
use std::path::{Path, PathBuf};

fn file(name: &str) -> PathBuf {
    let folder = std::env::var("INSTANTON_DATA").expect("INSTANTON_DATA names the folder of configurations");
    let path = PathBuf::from(folder).join(name);
    assert!(path.is_file(), "{}: expected a file of reference data, got none", path.display());
    path
}

/// Reads with verification of checksum, plaquette and link trace; returns which of them the file has.
fn field(name: &str, extent: [usize; 4], group: Group) -> (Gauge, Format, Vec<String>) {
    let lattice = Lattice::new(&extent).unwrap();
    let (gauge, format, claims) = read(&file(name), &lattice, group, &ReadSpec::default()).unwrap();
    assert!(claims.iter().all(|claim| claim.holds));
    (gauge, format, claims.into_iter().map(|claim| claim.what).filter(|what| what != "links").collect())
}

/// Writes a field in the format of its file and reads it again.
fn expect_round_trip(gauge: &Gauge, spec: WriteSpec) {
    let name = format!("instanton-references-{}-{:?}", std::process::id(), std::thread::current().id());
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    write(&path, gauge, &spec).unwrap();
    let (again, format, _) = read(&path, gauge.lattice(), gauge.group(), &ReadSpec::default()).unwrap();
    std::fs::remove_file(&path).unwrap();
    assert!(again == *gauge && format == spec.format, "{spec:?}");
}

fn double(format: Format) -> WriteSpec {
    WriteSpec { format, ..WriteSpec::default() }
}

fn single(format: Format) -> WriteSpec {
    WriteSpec { precision: Some(Width::Single), ..double(format) }
}

/// Whether a number rounds to another one given as text, at that number of digits.
fn agrees(got: f64, digits: &str) {
    let decimals = digits.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    let half = 0.5 * 10f64.powi(-(decimals as i32));
    let expected: f64 = digits.parse().unwrap();
    // A sum in another order may round the last digit to its neighbour.
    assert!((got - expected).abs() <= half * 1.000_001 + 4e-15, "expected {digits}, got {got:.16}");
}

#[test]
fn chroma() {
    let (gauge, format, claims) = field("chroma/weak_field.lime", [4, 4, 4, 8], Group::Su3);
    assert_eq!((format, claims), (Format::Ildg, vec!["checksum".to_string()]));
    agrees(plaquette(&gauge), "0.9948041322667");
    let (space, time) = space_and_time(&gauge);
    agrees(space, "0.994798578341303");
    agrees(time, "0.994809686192097");
    // Plaquettes of the planes xy, xz, yz, xt, yt, zt.
    let expected = [
        "0.994703733245322",
        "0.994926957486681",
        "0.994765044291907",
        "0.994693320035353",
        "0.99485404921873",
        "0.994881689322207",
    ];
    planes(&gauge).iter().zip(expected).for_each(|(&got, digits)| agrees(got, digits));
    agrees(link_trace(&gauge), "0.379449348715193");
    let loops = ["0.966586019188472", "0.966365913774658", "0.96714627642381", "0.878769500914111"];
    for (mu, digits) in loops.into_iter().enumerate() {
        agrees(polyakov_loop(&gauge, mu).unwrap().re, digits);
    }
    expect_round_trip(&gauge, double(Format::Ildg));
}

#[test]
fn the_same_field_in_nersc_and_ildg() {
    let all = ["CHECKSUM", "PLAQUETTE", "LINK_TRACE"];
    let (nersc, format, claims) = field("chroma/t_nersc.cfg", [4; 4], Group::Su3);
    assert_eq!(format, Format::Nersc);
    assert_eq!(claims, all);
    let (ildg, format, claims) = field("chroma/t_dprec_ildg.lime", [4; 4], Group::Su3);
    assert_eq!(format, Format::Ildg);
    assert_eq!(claims, ["checksum"]);
    agrees(plaquette(&nersc), "0.0382422893");
    // The third rows of this file were computed in single precision: a difference of one in the last digit.
    assert!((plaquette(&ildg) - 0.0382422893).abs() < 1.5e-10);
    expect_round_trip(&nersc, WriteSpec { rows: Some(2), ..single(Format::Nersc) });
    expect_round_trip(&ildg, double(Format::Ildg));

    let (nersc, _, claims) = field("hotqcd/nersc.l8t4b3360", [8, 8, 8, 4], Group::Su3);
    assert_eq!(claims, all);
    let (ildg, _, claims) = field("hotqcd/ildg.l8t4b3360", [8, 8, 8, 4], Group::Su3);
    assert_eq!(claims, ["checksum"]);
    for gauge in [&nersc, &ildg] {
        agrees(plaquette(gauge), "0.5038664469");
        agrees(link_trace(gauge), "0.005406083858");
    }
    let largest = nersc.links().iter().zip(ildg.links()).fold(0.0f64, |m, (a, b)| m.max((a - b).abs()));
    assert!(largest < 1e-14, "{largest}");
    expect_round_trip(&nersc, double(Format::Nersc));
    expect_round_trip(&ildg, double(Format::Ildg));
}

#[test]
fn milc() {
    let (first, _, _) = field("milc/lat.sample.l4444", [4; 4], Group::Su3);
    let files = [
        ("milc/lat.sample.l4444", Format::Milc),
        ("milc/lat.sample.l4444.ildg", Format::Ildg),
        ("milc/lat.sample.l4444.scidac", Format::Scidac),
    ];
    for (name, expected) in files {
        let (gauge, format, claims) = field(name, [4; 4], Group::Su3);
        assert_eq!(format, expected, "{name}");
        assert_eq!(claims, ["checksum"], "{name}");
        assert_eq!(gauge, first, "{name}");
        let (space, time) = space_and_time(&gauge);
        agrees(space, "0.598225052");
        agrees(time, "0.591475266");
        expect_round_trip(&gauge, single(format));
    }
    let (gauge, format, claims) = field("milc/lat.sample.l8", [8; 4], Group::Su3);
    assert_eq!(format, Format::Scidac);
    assert_eq!(claims, ["checksum"]);
    let (space, time) = space_and_time(&gauge);
    agrees(space, "0.873465957");
    agrees(time, "0.873815792");
    expect_round_trip(&gauge, single(Format::Scidac));
}

/// Fat and long links are sums of products: their checksums hold, and they are not in the group.
#[test]
fn links_of_staggered_operators() {
    let lattice = Lattice::new(&[8; 4]).unwrap();
    for name in ["milc/fat.l8", "milc/long.l8"] {
        let unverified = ReadSpec { verify: false, ..ReadSpec::default() };
        let (_, format, claims) = read(&file(name), &lattice, Group::Su3, &unverified).unwrap();
        assert_eq!(format, Format::Scidac);
        let held = |what: &str| claims.iter().find(|claim: &&Claim| claim.what == what).map(|claim| claim.holds);
        assert_eq!((held("checksum"), held("links")), (Some(true), Some(false)));
        let refused = read(&file(name), &lattice, Group::Su3, &ReadSpec::default()).unwrap_err();
        assert!(refused.to_string().contains("expected links within 1e-4 of su3, got one off by"), "{refused}");
    }
}

#[test]
fn the_same_field_in_openqcd_and_hirep() {
    let name = "qcd1_pb_L8T8_b6.0_c1.234_k0.13_r0_id4n1";
    let (open, format, claims) = field(&format!("openqcd/openQCD_{name}"), [8; 4], Group::Su3);
    assert_eq!((format, claims), (Format::OpenQcd, vec!["plaquette".to_string()]));
    let (hirep, format, claims) = field(&format!("openqcd/HiRep_{name}"), [8; 4], Group::Su3);
    assert_eq!((format, claims), (Format::HiRep, vec!["plaquette".to_string()]));
    assert_eq!(open, hirep);
    agrees(plaquette(&open), "0.00166968114410");
    expect_round_trip(&open, double(Format::OpenQcd));
    expect_round_trip(&hirep, double(Format::HiRep));
}

#[test]
fn ddalphaamg_and_julia() {
    let (gauge, format, claims) = field("ddalphaamg/4x4x4x4b6.0000id3n1", [4; 4], Group::Su3);
    assert_eq!((format, claims), (Format::DdAlphaAmg, vec!["plaquette".to_string()]));
    agrees(plaquette(&gauge), "0.595565289703068");
    expect_round_trip(&gauge, double(Format::DdAlphaAmg));
    let files = [
        ("julia/su2_heatbath_b5.7_4444.ildg", Group::Su2, "0.477641263313"),
        ("julia/su3_heatbath_b5.7_4444.ildg", Group::Su3, "0.571478174356"),
    ];
    for (name, group, digits) in files {
        let (gauge, format, claims) = field(name, [4; 4], group);
        assert_eq!((format, claims), (Format::Ildg, vec![]));
        agrees(plaquette(&gauge), digits);
        expect_round_trip(&gauge, double(Format::Ildg));
    }
}

/// Except for time stamps, other free text, and plaquettes, which are summed in another order, written files have the
/// bytes of the other code: in these ranges from the start, and in so many bytes at the end.
#[test]
fn files_are_written_as_their_codes_write_them() {
    let name = "qcd1_pb_L8T8_b6.0_c1.234_k0.13_r0_id4n1";
    let (all, half) = (8 * 8usize.pow(4) * 72, 4 * 4usize.pow(4) * 72);
    let files = [
        (format!("openqcd/openQCD_{name}"), [8; 4], double(Format::OpenQcd), 0..16, all),
        (format!("openqcd/HiRep_{name}"), [8; 4], double(Format::HiRep), 0..20, all),
        ("ddalphaamg/4x4x4x4b6.0000id3n1".into(), [4; 4], double(Format::DdAlphaAmg), 0..16, 2 * half),
        ("milc/lat.sample.l4444".into(), [4; 4], single(Format::Milc), 0..20, half + 12),
        (
            "chroma/t_nersc.cfg".into(),
            [4; 4],
            WriteSpec { rows: Some(2), ..single(Format::Nersc) },
            0..13,
            half / 3 * 2,
        ),
        ("hotqcd/nersc.l8t4b3360".into(), [8, 8, 8, 4], double(Format::Nersc), 0..13, all / 2),
        // The data and, as the last record, the checksum.
        ("chroma/weak_field.lime".into(), [4, 4, 4, 8], double(Format::Ildg), 0..293, 4 * half + 144 + 136),
        ("milc/lat.sample.l4444.scidac".into(), [4; 4], single(Format::Scidac), 0..293, half + 144 + 136),
    ];
    for (name, extent, spec, start, end) in files {
        let (gauge, format, _) = field(&name, extent, Group::Su3);
        assert_eq!(format, spec.format);
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("instanton-bytes-{}", std::process::id()));
        write(&path, &gauge, &spec).unwrap();
        let bytes = |path: &Path| std::fs::read(path).unwrap();
        let (ours, theirs) = (bytes(&path), bytes(&file(&name)));
        std::fs::remove_file(&path).unwrap();
        assert_eq!(ours[start.clone()], theirs[start], "{name}");
        assert!(ours[ours.len() - end..] == theirs[theirs.len() - end..], "{name}");
    }
}
