//! Round trips of every format, and where in a file each link lies.

use super::bytes::{double_at, word_at};
use super::table::{Row, TABLE};
use super::*;
use crate::error::Result;
use crate::gauge::Gauge;
use crate::gauge::{Matrix, haar, observables};
use crate::group::Group;
use crate::lattice::Lattice;
use crate::random::{Purpose, Stream};
use std::path::{Path, PathBuf};

/// All extents differ: no exchange of two axes passes unseen.
const EXTENT: [usize; 4] = [4, 2, 6, 8];

fn links<const N: usize>(gauge: &mut Gauge) {
    let mut stream = Stream::new(4, Purpose::Start, N as u64);
    for (site, mu) in (0..gauge.lattice().volume()).flat_map(|x| (0..4).map(move |mu| (x, mu))) {
        if mu < gauge.lattice().dimensions() {
            gauge.set_link(site, mu, &haar::<N>(&mut stream));
        }
    }
}

fn random(extent: &[usize], group: Group) -> Gauge {
    let mut gauge = Gauge::unit(&Lattice::new(extent).unwrap(), group).unwrap();
    match group {
        Group::U1 => links::<1>(&mut gauge),
        Group::Su2 => links::<2>(&mut gauge),
        Group::Su3 => links::<3>(&mut gauge),
    }
    gauge
}

/// A file of a test, removed at its end.
struct File(PathBuf);

impl File {
    fn new(name: &str) -> Self {
        Self(crate::file::of_tests(&format!("formats-{name}")))
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn spec(format: Format) -> WriteSpec {
    WriteSpec { format, ..WriteSpec::default() }
}

/// All ways of writing a format.
fn ways(row: &Row) -> Vec<WriteSpec> {
    let mut ways = vec![];
    for &precision in row.precisions {
        for &order in row.orders {
            for rows in [None, Some(2)].into_iter().take(1 + usize::from(row.omits_rows)) {
                let (precision, byte_order) = (Some(precision), Some(order));
                ways.push(WriteSpec { precision, byte_order, rows, ..spec(row.format) });
            }
        }
    }
    ways
}

fn largest_difference(a: &Gauge, b: &Gauge) -> f64 {
    a.links().iter().zip(b.links()).fold(0.0, |most, (a, b)| (a - b).abs().max(most))
}

fn read_back(gauge: &Gauge, spec: &WriteSpec, file: &File) -> (Gauge, Format, Vec<Claim>) {
    write(file.path(), gauge, spec).unwrap();
    read(file.path(), gauge.lattice(), gauge.group(), &ReadSpec::default()).unwrap()
}

#[test]
fn the_table_has_a_row_for_each_format_in_their_order() {
    for (at, row) in TABLE.iter().enumerate() {
        assert_eq!(row.format as usize, at);
        assert_eq!(serde_json::to_string(&row.format).unwrap(), format!("\"{}\"", row.name));
    }
}

#[test]
fn fields_come_back_from_every_format() {
    for row in &TABLE {
        let file = File::new(row.name);
        for (&group, spec) in row.groups.iter().flat_map(|group| ways(row).into_iter().map(move |way| (group, way))) {
            let gauge = random(&EXTENT, group);
            let (got, format, claims) = read_back(&gauge, &spec, &file);
            assert_eq!(format, row.format);
            // MILC's old format has no claim but that the links are in their group.
            let least = if row.format == Format::MilcOld { 1 } else { 2 };
            assert!(claims.len() >= least && claims.iter().all(|claim| claim.holds), "{claims:?}");
            let difference = largest_difference(&got, &gauge);
            match (spec.precision, spec.rows) {
                _ if row.format == Format::HiRepQuaternions => assert!(difference < 1e-15, "{difference}"),
                (Some(Width::Double), None) => assert_eq!(got, gauge, "{spec:?}"),
                (Some(Width::Double), _) => assert!(difference < 1e-14, "{spec:?}: {difference}"),
                // Half a last digit of numbers up to one; of products of them in the third row, some more.
                _ => assert!(difference < 1e-6 && difference > 0.0, "{spec:?}: {difference}"),
            }
            // The field read is written to the same bytes.
            let first = std::fs::read(file.path()).unwrap();
            let (again, _, _) = read_back(&got, &spec, &file);
            assert_eq!(again, got);
            let same_links = |file: &[u8]| file[file.len() - 1000..].to_vec();
            assert_eq!(same_links(&first), same_links(&std::fs::read(file.path()).unwrap()));
        }
    }
}

#[test]
fn fields_of_fewer_dimensions_come_back_from_scidac() {
    for extent in [&[6][..], &[4, 6], &[3, 5, 2]] {
        for group in [Group::U1, Group::Su2, Group::Su3] {
            let gauge = random(extent, group);
            let (got, _, _) = read_back(&gauge, &spec(Format::Scidac), &File::new("scidac-low"));
            assert_eq!(got, gauge);
        }
    }
}

/// Which link of the file U_mu(x) is, from the words of the format's description.
fn link_number(format: Format, [x, y, z, t]: [usize; 4], mu: usize) -> usize {
    let [lx, ly, lz, lt] = EXTENT;
    match format {
        Format::HiRep | Format::HiRepQuaternions => (((t * lx + x) * ly + y) * lz + z) * 4 + [1, 2, 3, 0][mu],
        Format::DdAlphaAmg => (((t * lz + z) * ly + y) * lx + x) * 4 + 3 - mu,
        Format::OpenQcd => {
            // Of two neighbours in z, one is odd.
            let is_odd = (x + y + z + t) % 2 == 1;
            let mut owner = [x, y, z, t];
            owner[mu] = if is_odd { owner[mu] } else { (owner[mu] + 1) % [lx, ly, lz, lt][mu] };
            let [x, y, z, t] = owner;
            let odd_site = (((t * lx + x) * ly + y) * lz + z) / 2;
            odd_site * 8 + 2 * [1, 2, 3, 0][mu] + usize::from(!is_odd)
        }
        _ => (((t * lz + z) * ly + y) * lx + x) * 4 + mu,
    }
}

/// Where the links start, and their precision and order, in files of the usual way.
fn start(format: Format, file: &[u8]) -> usize {
    let links = EXTENT.iter().product::<usize>() * 4 * 18;
    match format {
        Format::Ildg | Format::Scidac => {
            let name = b"-binary-data";
            let kind = file.windows(name.len()).position(|window| window == name).unwrap();
            kind - if format == Format::Ildg { 4 } else { 6 } + 128
        }
        Format::Milc | Format::MilcOld => file.len() - 4 * links,
        _ => file.len() - 8 * links,
    }
}

#[test]
fn every_link_lies_where_the_format_says() {
    let gauge = random(&EXTENT, Group::Su3);
    for row in TABLE.iter().filter(|row| row.groups.contains(&Group::Su3)) {
        let file = File::new(&format!("places-{}", row.name));
        write(file.path(), &gauge, &spec(row.format)).unwrap();
        let bytes = std::fs::read(file.path()).unwrap();
        let start = start(row.format, &bytes);
        for site in 0..gauge.lattice().volume() {
            let x: [usize; 4] = gauge.lattice().coordinates(site).try_into().unwrap();
            for mu in 0..4 {
                let Matrix(link) = gauge.link::<3>(site, mu);
                let number = 18 * link_number(row.format, x, mu) + 2 * (3 * 2 + 1);
                let imaginary = match row.precisions[0] {
                    Width::Double => double_at(&bytes, start + 8 * (number + 1), row.orders[0]).unwrap(),
                    Width::Single => {
                        let word = word_at(&bytes, start + 4 * (number + 1), row.orders[0]).unwrap();
                        f32::from_bits(word).into()
                    }
                };
                assert!((imaginary - link[2][1].im).abs() < 1e-7, "{}: {x:?}, {mu}", row.name);
            }
        }
    }
}

/// Each number of a quaternion, from the formula of the format's description.
#[test]
fn every_quaternion_lies_where_the_format_says() {
    let (gauge, file) = (random(&EXTENT, Group::Su2), File::new("quaternions"));
    write(file.path(), &gauge, &spec(Format::HiRepQuaternions)).unwrap();
    let bytes = std::fs::read(file.path()).unwrap();
    assert_eq!(bytes.len(), 28 + 8 * 4 * 4 * gauge.lattice().volume());
    let words: Vec<u32> = (0..5).map(|n| word_at(&bytes, 4 * n, Order::Big).unwrap()).collect();
    assert_eq!(words, [2, 8, 4, 2, 6]);
    assert_eq!(double_at(&bytes, 20, Order::Big).unwrap(), observables::plaquette(&gauge));
    for (site, mu) in (0..gauge.lattice().volume()).flat_map(|site| (0..4).map(move |mu| (site, mu))) {
        let x: [usize; 4] = gauge.lattice().coordinates(site).try_into().unwrap();
        let number = 4 * link_number(Format::HiRepQuaternions, x, mu);
        let q = [0, 1, 2, 3].map(|n| double_at(&bytes, 28 + 8 * (number + n), Order::Big).unwrap());
        let Matrix([[a, b], [c, d]]) = gauge.link::<2>(site, mu);
        let expected = [a.re, c.im, c.re, a.im];
        assert!(q.iter().zip(expected).all(|(q, x)| (q - x).abs() < 1e-15), "{q:?} {expected:?}");
        assert!((q[0] - d.re).abs() + (q[3] + d.im).abs() + (q[2] + b.re).abs() + (q[1] - b.im).abs() < 1e-14);
    }
}

/// Machines with integers of 64 bits wrote headers in such integers.
#[test]
fn old_milc_headers_may_be_of_long_words() {
    let (gauge, file) = (random(&EXTENT, Group::Su3), File::new("long-words"));
    let big = WriteSpec { byte_order: Some(Order::Big), ..spec(Format::MilcOld) };
    let (narrow, _, _) = read_back(&gauge, &big, &file);
    let bytes = std::fs::read(file.path()).unwrap();
    assert_eq!(bytes[..20], [[0, 0, 0xe7, 0xda], [0, 0, 0, 4], [0, 0, 0, 2], [0, 0, 0, 6], [0, 0, 0, 8]].concat());
    let mut wide: Vec<u8> = bytes[..20].chunks_exact(4).flat_map(|word| [&[0; 4], word].concat()).collect();
    wide.extend(&bytes[20..]);
    std::fs::write(file.path(), &wide).unwrap();
    let (got, format, _) = read(file.path(), gauge.lattice(), Group::Su3, &ReadSpec::default()).unwrap();
    assert_eq!((got, format), (narrow, Format::MilcOld));
    wide[3] = 1;
    std::fs::write(file.path(), &wide).unwrap();
    assert!(read(file.path(), gauge.lattice(), Group::Su3, &ReadSpec::default()).is_err());
}

fn message<T>(result: Result<T>) -> String {
    let message = result.err().unwrap().to_string();
    message.split_once(": ").unwrap().1.to_string()
}

#[test]
fn what_a_format_cannot_hold_is_refused_by_name() {
    let file = File::new("refused");
    let refused = |gauge: &Gauge, spec: WriteSpec| message(write(file.path(), gauge, &spec));
    let (su2, su3) = (random(&EXTENT, Group::Su2), random(&EXTENT, Group::Su3));
    let plane = random(&[4, 6], Group::Su3);
    let expected = "nersc: field: expected one of su3 in 4 dimensions, got one of su2 in 4";
    assert_eq!(refused(&su2, spec(Format::Nersc)), expected);
    assert_eq!(
        refused(&plane, spec(Format::Ildg)),
        "ildg: field: expected one of u1 or su2 or su3 in 4 dimensions, got one of su3 in 2"
    );
    let odd = random(&[4, 3, 2, 4], Group::Su3);
    assert_eq!(refused(&odd, spec(Format::OpenQcd)), "openqcd: lattice: expected even extents, got 4 x 3 x 2 x 4");
    let single = WriteSpec { precision: Some(Width::Single), ..spec(Format::HiRep) };
    assert_eq!(refused(&su3, single), "hirep: precision: expected 'f64', got 'f32'");
    let little = WriteSpec { byte_order: Some(Order::Little), ..spec(Format::Scidac) };
    assert_eq!(refused(&su3, little), "scidac: byte_order: expected 'big', got 'little'");
    let two = WriteSpec { rows: Some(2), ..spec(Format::Milc) };
    assert_eq!(refused(&su3, two), "milc: rows: expected 3, got 2");
    let one = WriteSpec { rows: Some(1), ..spec(Format::Nersc) };
    assert_eq!(refused(&su3, one), "nersc: rows: expected 3 or 2, got 1");
    assert!(!file.path().exists());
}

#[test]
fn links_outside_the_group_are_refused_unless_asked_for() {
    let file = File::new("group");
    let mut gauge = random(&EXTENT, Group::Su3);
    let long = gauge.link::<3>(17, 2).scale(1.5.into());
    gauge.set_link(17, 2, &long);
    let refused = message(write(file.path(), &gauge, &spec(Format::Ildg)));
    assert!(refused.starts_with("ildg: links: expected links within 1e-4 of su3, got one off by "), "{refused}");
    assert!(refused.ends_with(" at site 17, direction 2"), "{refused}");
    let unverified = WriteSpec { verify: false, ..spec(Format::Ildg) };
    write(file.path(), &gauge, &unverified).unwrap();
    let reading = |verify| read(file.path(), gauge.lattice(), Group::Su3, &ReadSpec { verify, ..ReadSpec::default() });
    assert!(message(reading(true)).starts_with("ildg: links: expected links within"));
    assert_eq!(reading(false).unwrap().0, gauge);
    let two = WriteSpec { verify: false, rows: Some(2), ..spec(Format::Nersc) };
    let refused = message(write(file.path(), &gauge, &two));
    assert!(refused.starts_with("nersc: rows: expected links of SU(3) for two rows, got "), "{refused}");
    let huge = gauge.link::<3>(17, 2).scale(1e60.into());
    gauge.set_link(17, 2, &huge);
    let milc = WriteSpec { verify: false, ..spec(Format::Milc) };
    let refused = message(write(file.path(), &gauge, &milc));
    assert!(refused.starts_with("milc: links: expected numbers that the precision holds, got "), "{refused}");
}

#[test]
fn other_lattices_groups_and_formats_are_refused() {
    let file = File::new("others");
    let other = Lattice::new(&[4, 2, 8, 6]).unwrap();
    for row in &TABLE {
        let group = *row.groups.last().unwrap();
        let gauge = random(&EXTENT, group);
        write(file.path(), &gauge, &spec(row.format)).unwrap();
        let read = |lattice: &Lattice, group, format| {
            read(file.path(), lattice, group, &ReadSpec { format, ..ReadSpec::default() })
        };
        assert_eq!(
            message(read(&other, group, Some(row.format))),
            format!("{}: lattice: expected 4 x 2 x 8 x 6, got 4 x 2 x 6 x 8", row.name)
        );
        let error = read(gauge.lattice(), Group::U1, None).unwrap_err();
        assert!(matches!(error.status(), 3 | 9), "{error}");
        for other in TABLE.iter().filter(|other| other.format != row.format) {
            let error = read(gauge.lattice(), group, Some(other.format)).unwrap_err();
            assert!(matches!(error.status(), 3 | 4 | 9), "{error}");
        }
        assert_eq!(read(gauge.lattice(), group, Some(row.format)).unwrap().1, row.format);
    }
}

/// openQCD and DDalphaAMG name the extents of one header in other orders: both are reported, each by its name.
#[test]
fn other_extents_are_reported_in_the_order_of_each_format() {
    let file = File::new("extents");
    let gauge = random(&EXTENT, Group::Su3);
    for format in [Format::OpenQcd, Format::DdAlphaAmg] {
        write(file.path(), &gauge, &spec(format)).unwrap();
        let other = Lattice::new(&[4; 4]).unwrap();
        let refused = message(read(file.path(), &other, Group::Su3, &ReadSpec::default()));
        let (open, multigrid) = match format {
            Format::OpenQcd => ("4 x 2 x 6 x 8", "6 x 2 x 4 x 8"),
            _ => ("6 x 2 x 4 x 8", "4 x 2 x 6 x 8"),
        };
        let expected = "lattice: expected 4 x 4 x 4 x 4, got";
        assert_eq!(refused, format!("openqcd: {expected} {open}; ddalphaamg: {expected} {multigrid}"));
    }
}

/// On equal extents, openQCD and DDalphaAMG are distinguished by the plaquette, and where that is wrong, by the spec.
#[test]
fn two_formats_with_one_header_are_distinguished() {
    let file = File::new("apart");
    let gauge = random(&[4; 4], Group::Su3);
    for format in [Format::OpenQcd, Format::DdAlphaAmg] {
        let (got, found, _) = read_back(&gauge, &spec(format), &file);
        assert_eq!((got, found), (gauge.clone(), format));
        let mut bytes = std::fs::read(file.path()).unwrap();
        bytes[22] ^= 0x01;
        std::fs::write(file.path(), bytes).unwrap();
        let read = |format, verify| {
            let spec = ReadSpec { format, verify, ..ReadSpec::default() };
            read(file.path(), gauge.lattice(), Group::Su3, &spec)
        };
        let refused = message(read(None, true).map(|_| ()));
        assert!(
            refused.starts_with("openqcd: plaquette: expected ") && refused.contains("; ddalphaamg: "),
            "{refused}"
        );
        let expected = "format: expected the key in the spec, got a file that may be openqcd or ddalphaamg";
        assert_eq!(message(read(None, false).map(|_| ())), expected);
        assert_eq!(read(Some(format), false).unwrap().0, gauge);
    }
}

/// Claims that fail give both numbers, and `verify: false` reads on.
#[test]
fn false_claims_are_reported_with_both_numbers() {
    let file = File::new("claims");
    for row in TABLE.iter().filter(|row| row.format != Format::MilcOld) {
        let gauge = random(&EXTENT, *row.groups.last().unwrap());
        let plaquette = format!("{:.12}", observables::plaquette(&gauge));
        write(file.path(), &gauge, &spec(row.format)).unwrap();
        let whole = read(file.path(), gauge.lattice(), gauge.group(), &ReadSpec::default()).unwrap().0;
        let mut bytes = std::fs::read(file.path()).unwrap();
        let (at, number) = match row.format {
            Format::Ildg | Format::Scidac => (bytes.windows(6).position(|w| w == b"<suma>").unwrap() + 6, ""),
            Format::Nersc => (bytes.windows(9).position(|w| w == b"PLAQUETTE").unwrap() + 17, &*plaquette),
            Format::Milc => (88, ""),
            _ => (22, &plaquette[..12]),
        };
        bytes[at] = if bytes[at] == b'3' { b'4' } else { b'3' };
        std::fs::write(file.path(), bytes).unwrap();
        let read = |verify| {
            let spec = ReadSpec { format: Some(row.format), verify, ..ReadSpec::default() };
            read(file.path(), gauge.lattice(), gauge.group(), &spec)
        };
        let error = read(true).unwrap_err();
        assert_eq!(error.status(), 4);
        let text = error.to_string();
        let (_, numbers) = text.split_once(": expected ").unwrap();
        let (expected, got) = numbers.split_once(", got ").unwrap();
        assert!(expected != got && got.starts_with(number), "{text}");
        let (field, _, claims) = read(false).unwrap();
        assert_eq!(field, whole);
        assert_eq!(claims.iter().filter(|claim| !claim.holds).count(), 1, "{claims:?}");
    }
}
