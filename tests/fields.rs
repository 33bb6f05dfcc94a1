//! Small fields from the library's own hybrid Monte Carlo, written in every format: files that were written once can be
//! read by all later versions.
//!
//! `tests/fields` holds the files and `recorded.txt`: for each its group and extents, its format, the bits of its
//! plaquette, and a hash of the bits of its links in memory. `make fields` writes them anew.

use instanton::gauge::formats::{self, Format, Order, ReadSpec, Width, WriteSpec};
use instanton::gauge::{Group, observables};
use instanton::lattice::Lattice;
use instanton::{file, spec};
use std::fs;
use std::path::{Path, PathBuf};

/// A file with its group and extents and the spec with which it is written.
pub type Way = (&'static str, Group, &'static [usize], &'static str);

const EXTENT: &[usize] = &[2, 4, 2, 2];
/// All files of the folder.
pub const WAYS: [Way; 27] = [
    ("ildg-f64", Group::Su3, EXTENT, "{format: 'ildg'}"),
    ("ildg-f32", Group::Su3, EXTENT, "{format: 'ildg', precision: 'f32'}"),
    ("ildg-su2", Group::Su2, EXTENT, "{format: 'ildg'}"),
    ("ildg-u1", Group::U1, EXTENT, "{format: 'ildg'}"),
    ("scidac-f64", Group::Su3, EXTENT, "{format: 'scidac'}"),
    ("scidac-f32", Group::Su3, EXTENT, "{format: 'scidac', precision: 'f32'}"),
    ("scidac-2d-u1", Group::U1, &[4, 6], "{format: 'scidac'}"),
    ("scidac-2d-su2", Group::Su2, &[4, 6], "{format: 'scidac'}"),
    ("scidac-3d-su3", Group::Su3, &[2, 3, 4], "{format: 'scidac'}"),
    ("nersc-f64-big", Group::Su3, EXTENT, "{format: 'nersc'}"),
    ("nersc-f64-little", Group::Su3, EXTENT, "{format: 'nersc', byte_order: 'little'}"),
    ("nersc-f32-big", Group::Su3, EXTENT, "{format: 'nersc', precision: 'f32'}"),
    ("nersc-f32-little", Group::Su3, EXTENT, "{format: 'nersc', precision: 'f32', byte_order: 'little'}"),
    ("nersc-f64-big-2", Group::Su3, EXTENT, "{format: 'nersc', rows: 2}"),
    ("nersc-f64-little-2", Group::Su3, EXTENT, "{format: 'nersc', byte_order: 'little', rows: 2}"),
    ("nersc-f32-big-2", Group::Su3, EXTENT, "{format: 'nersc', precision: 'f32', rows: 2}"),
    ("nersc-f32-little-2", Group::Su3, EXTENT, "{format: 'nersc', precision: 'f32', byte_order: 'little', rows: 2}"),
    ("milc-little", Group::Su3, EXTENT, "{format: 'milc'}"),
    ("milc-big", Group::Su3, EXTENT, "{format: 'milc', byte_order: 'big'}"),
    ("openqcd", Group::Su3, EXTENT, "{format: 'openqcd'}"),
    ("hirep-su2", Group::Su2, EXTENT, "{format: 'hirep'}"),
    ("hirep-su3", Group::Su3, &[2, 2, 2, 4], "{format: 'hirep'}"),
    ("ddalphaamg", Group::Su3, EXTENT, "{format: 'ddalphaamg'}"),
    ("hirep-quaternions", Group::Su2, EXTENT, "{format: 'hirep_quaternions'}"),
    ("milc-old-little", Group::Su3, EXTENT, "{format: 'milc_old'}"),
    ("milc-old-big", Group::Su3, EXTENT, "{format: 'milc_old', byte_order: 'big'}"),
    ("ildg-t-short", Group::Su3, &[4, 2, 2, 2], "{format: 'ildg', precision: 'f32'}"),
];

/// The folder of the files.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fields")
}

/// The line of `recorded.txt` for a file, which is read back with all its claims checked.
pub fn record(&(name, group, extent, way): &Way) -> String {
    let lattice = Lattice::new(extent).unwrap();
    let (gauge, format, _) = formats::read(&folder().join(name), &lattice, group, &ReadSpec::default()).unwrap();
    assert_eq!(format, write_spec(way).format, "{name}");
    let bytes: Vec<u8> = gauge.links().iter().flat_map(|x| x.to_bits().to_le_bytes()).collect();
    let plaquette = observables::plaquette(&gauge).to_bits();
    format!(
        "{name} {} {} {} {plaquette:016x} {:016x}",
        group.name(),
        lattice.shape(),
        format.name(),
        file::checksum(&bytes)
    )
}

/// The spec with which a file is written.
pub fn write_spec(text: &str) -> WriteSpec {
    spec::parse("write", text).unwrap()
}

#[test]
fn files_written_before_are_read_bit_for_bit() {
    let recorded = fs::read_to_string(folder().join("recorded.txt")).unwrap();
    let read: Vec<String> = WAYS.iter().map(record).collect();
    for (line, read) in recorded.lines().zip(&read) {
        assert_eq!(line, read);
    }
    assert_eq!(recorded.lines().count(), WAYS.len());
}

#[test]
fn there_is_a_file_of_every_way_to_write() {
    let specs: Vec<WriteSpec> = WAYS.iter().map(|way| write_spec(way.3)).collect();
    let has = |format, precision, byte_order, rows| {
        specs.contains(&WriteSpec { format, precision, byte_order, rows, verify: true })
    };
    for format in [
        Format::Ildg,
        Format::Scidac,
        Format::Nersc,
        Format::Milc,
        Format::OpenQcd,
        Format::HiRep,
        Format::DdAlphaAmg,
        Format::HiRepQuaternions,
        Format::MilcOld,
    ] {
        assert!(has(format, None, None, None), "{format:?}");
    }
    for (precision, order) in [
        (None, None),
        (Some(Width::Single), None),
        (None, Some(Order::Little)),
        (Some(Width::Single), Some(Order::Little)),
    ] {
        assert!(has(Format::Nersc, precision, order, None) && has(Format::Nersc, precision, order, Some(2)));
    }
    let sizes = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().metadata().unwrap().len());
    assert!(sizes.sum::<u64>() < 500_000);
}
