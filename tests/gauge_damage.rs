//! Damaged gauge files: an error or the field itself, never a panic, and never more memory than the size of the file
//! allows.

#![allow(clippy::missing_safety_doc, reason = "functions of a host: the contract of the header")]

use instanton::error::Error;
use instanton::gauge::formats::{Format, Order, ReadSpec, Width, WriteSpec, read, write};
use instanton::gauge::{Gauge, Group, haar};
use instanton::lattice::Lattice;
use instanton::random::{Purpose, Stream};
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::RngSeed;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::path::PathBuf;
use std::sync::LazyLock;

thread_local! {
    /// The largest block that this thread allocated since this was last set to zero.
    static LARGEST: Cell<usize> = const { Cell::new(0) };
}

/// The system's allocator, recording the largest size.
struct Watched;

fn note(size: usize) {
    // A thread that is ending may have lost its record already.
    let _ = LARGEST.try_with(|largest| largest.set(largest.get().max(size)));
}

// SAFETY: every call is passed on unchanged to the system's allocator.
unsafe impl GlobalAlloc for Watched {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note(layout.size());
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        note(layout.size());
        // SAFETY: the caller's promise.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        note(size);
        // SAFETY: the caller's promise.
        unsafe { System.realloc(block, layout, size) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static MEMORY: Watched = Watched;

const EXTENT: [usize; 4] = [4, 2, 2, 6];
const LINKS: usize = 4 * 2 * 2 * 6 * 4;

/// An undamaged file, its field, and the place of its links in it.
struct Sample {
    spec: WriteSpec,
    bytes: Vec<u8>,
    gauge: Gauge,
    links: std::ops::Range<usize>,
}

static SAMPLES: LazyLock<Vec<Sample>> = LazyLock::new(|| {
    let (single, double) = (Width::Single, Width::Double);
    let other_groups = [
        sample(Group::Su2, Format::HiRep, double, Order::Big, 2),
        sample(Group::Su2, Format::Ildg, single, Order::Big, 2),
        sample(Group::U1, Format::Scidac, double, Order::Big, 1),
        sample(Group::Su2, Format::HiRepQuaternions, double, Order::Big, 2),
    ];
    let ways = [
        (Format::Ildg, double, Order::Big, 3),
        (Format::Ildg, single, Order::Big, 3),
        (Format::Scidac, double, Order::Big, 3),
        (Format::Scidac, single, Order::Big, 3),
        (Format::Nersc, double, Order::Big, 3),
        (Format::Nersc, single, Order::Big, 2),
        (Format::Nersc, double, Order::Little, 2),
        (Format::Nersc, single, Order::Little, 3),
        (Format::Milc, single, Order::Little, 3),
        (Format::Milc, single, Order::Big, 3),
        (Format::OpenQcd, double, Order::Little, 3),
        (Format::HiRep, double, Order::Big, 3),
        (Format::DdAlphaAmg, double, Order::Little, 3),
        (Format::MilcOld, single, Order::Little, 3),
        (Format::MilcOld, single, Order::Big, 3),
    ];
    let ways = ways.into_iter().map(|(format, width, order, rows)| sample(Group::Su3, format, width, order, rows));
    ways.chain(other_groups).collect()
});

fn sample(group: Group, format: Format, width: Width, order: Order, rows: usize) -> Sample {
    let lattice = Lattice::new(&EXTENT).unwrap();
    let mut gauge = Gauge::unit(&lattice, group).unwrap();
    match group {
        Group::U1 => randomise::<1>(&mut gauge),
        Group::Su2 => randomise::<2>(&mut gauge),
        Group::Su3 => randomise::<3>(&mut gauge),
    }
    let spec =
        WriteSpec { format, precision: Some(width), byte_order: Some(order), rows: Some(rows), ..WriteSpec::default() };
    let path = path();
    write(&path, &gauge, &spec).unwrap();
    // The field after the rounding and the reconstruction of rows of its format.
    let (gauge, _, _) = read(&path, &lattice, group, &ReadSpec::default()).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    let numbers = if format == Format::HiRepQuaternions { 4 } else { 2 * group.colours() * rows };
    let length = LINKS * numbers * if width == Width::Double { 8 } else { 4 };
    let name = b"-binary-data";
    let start = match bytes.windows(name.len()).position(|window| window == name) {
        Some(at) => at - "scidac".len() + 128 + 2 * usize::from(format == Format::Ildg),
        None => bytes.len() - length,
    };
    Sample { spec, bytes, gauge, links: start..start + length }
}

fn randomise<const N: usize>(gauge: &mut Gauge) {
    let mut stream = Stream::new(6, Purpose::Start, 0);
    for (site, mu) in (0..gauge.lattice().volume()).flat_map(|site| (0..4).map(move |mu| (site, mu))) {
        gauge.set_link(site, mu, &haar::<N>(&mut stream));
    }
}

fn path() -> PathBuf {
    let name = format!("damage-{}-{:?}", std::process::id(), std::thread::current().id());
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name)
}

/// Reads bytes as a file, and checks that no allocated block was larger than the size of the file allows.
fn read_bytes(bytes: &[u8], extent: &[usize], group: Group, spec: &ReadSpec) -> Result<Gauge, Error> {
    // The field of a file in f32 with two rows is three times as large as the file.
    const LEAST: usize = 1 << 16;
    let (path, lattice) = (path(), Lattice::new(extent).unwrap());
    std::fs::write(&path, bytes).unwrap();
    LARGEST.with(|largest| largest.set(0));
    let result = read(&path, &lattice, group, spec).map(|(gauge, _, _)| gauge);
    let largest = LARGEST.with(Cell::get);
    std::fs::remove_file(&path).unwrap();
    assert!(largest <= LEAST.max(3 * bytes.len()), "a block of {largest} bytes for a file of {}", bytes.len());
    result
}

/// The largest distance from the written field at which a damaged field may pass: not at all where there is a checksum;
/// a plaquette alone misses a change of the last digits of one link, and MILC's old format has neither.
fn tolerance(format: Format) -> f64 {
    match format {
        Format::OpenQcd | Format::HiRep | Format::HiRepQuaternions | Format::DdAlphaAmg => 1e-8,
        Format::MilcOld => 2e-4,
        _ => 0.0,
    }
}

/// Reads a damaged sample in all ways: with and without verification, with and without the format named.
fn expect_sound(sample: &Sample, bytes: &[u8]) {
    let group = sample.gauge.group();
    for format in [None, Some(sample.spec.format)] {
        // Without verification any field may come out; only a panic is a failure.
        let _ = read_bytes(bytes, &EXTENT, group, &ReadSpec { format, verify: false, ..ReadSpec::default() });
        match read_bytes(bytes, &EXTENT, group, &ReadSpec { format, verify: true, ..ReadSpec::default() }) {
            Ok(gauge) => {
                let pairs = gauge.links().iter().zip(sample.gauge.links());
                let largest = pairs.fold(0.0f64, |most, (a, b)| most.max((a - b).abs()));
                assert!(largest <= tolerance(sample.spec.format), "{:?}: off by {largest}", sample.spec);
            }
            Err(error) => {
                assert!(matches!(error, Error::BadInput(_) | Error::BadShape(_) | Error::Unsupported(_)), "{error}");
                assert!(error.to_string().contains("expected") && error.to_string().contains("got"), "{error}");
            }
        }
    }
}

/// Bytes of a file outside the links.
fn header_place(sample: &Sample, index: Index) -> usize {
    let place = index.index(sample.bytes.len() - sample.links.len());
    if place < sample.links.start { place } else { place + sample.links.len() }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, rng_seed: RngSeed::Fixed(10), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn cut_and_extended(which: Index, length: Index, tail in prop::collection::vec(any::<u8>(), 0..40)) {
        let sample = which.get(&SAMPLES);
        let cut = length.index(sample.bytes.len());
        expect_sound(sample, &sample.bytes[..cut]);
        expect_sound(sample, &[&sample.bytes[..cut], &*tail].concat());
        expect_sound(sample, &[&*sample.bytes, &*tail].concat());
    }

    #[test]
    fn flipped_bits(which: Index, at: Index, bit in 0u8..8) {
        let sample = which.get(&SAMPLES);
        for place in [at.index(sample.bytes.len()), header_place(sample, at)] {
            let mut bytes = sample.bytes.clone();
            bytes[place] ^= 1 << bit;
            expect_sound(sample, &bytes);
        }
    }

    #[test]
    fn other_words_in_the_header(which: Index, at: Index, word in words(), is_wide: bool, is_big: bool) {
        let sample = which.get(&SAMPLES);
        let mut bytes = sample.bytes.clone();
        let place = header_place(sample, at) / 4 * 4;
        let word = match (is_wide, is_big) {
            (true, true) => word.to_be_bytes().to_vec(),
            (true, false) => word.to_le_bytes().to_vec(),
            (false, true) => (word as u32).to_be_bytes().to_vec(),
            (false, false) => (word as u32).to_le_bytes().to_vec(),
        };
        let end = bytes.len().min(place + word.len());
        bytes[place..end].copy_from_slice(&word[..end - place]);
        expect_sound(sample, &bytes);
    }

    /// Numbers in text, of another length too; the record length in its container is adjusted or not.
    #[test]
    fn other_numbers_in_the_header(which: Index, at: Index, word in words(), text in "[-+.0-9a-fxeNIn ]{0,12}") {
        let sample = which.get(&SAMPLES);
        let digits = |&place: &usize| sample.bytes[place].is_ascii_digit() && !sample.links.contains(&place);
        let places: Vec<usize> = (0..sample.bytes.len()).filter(digits).collect();
        prop_assume!(!places.is_empty());
        let start = *at.get(&places);
        let end = start + sample.bytes[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        for text in [word.to_string(), text] {
            expect_sound(sample, &[&sample.bytes[..start], text.as_bytes(), &sample.bytes[end..]].concat());
        }
    }
}

fn words() -> impl Strategy<Value = u64> {
    let edges = [0, 1, 2, 3, 4, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 1 << 32, 1 << 40, i64::MAX as u64, u64::MAX];
    prop_oneof![prop::sample::select(edges.to_vec()), 0..64u64, any::<u64>()]
}

/// A small file that claims to hold a large lattice, read for that lattice, takes no memory for it.
#[test]
fn large_claims_take_no_memory() {
    let large = [64, 2, 2, 60_000];
    for sample in SAMPLES.iter() {
        let (claimed, group) = (claiming(sample, large), sample.gauge.group());
        for verify in [true, false] {
            let error = read_bytes(&claimed, &large, group, &ReadSpec { verify, ..ReadSpec::default() }).unwrap_err();
            assert!(error.to_string().contains("bytes, got") || error.to_string().contains("cut"), "{error}");
            // The undamaged file, read for the large lattice.
            read_bytes(&sample.bytes, &large, group, &ReadSpec { verify, ..ReadSpec::default() }).unwrap_err();
        }
    }
}

/// The file with other extents in its header.
fn claiming(sample: &Sample, [x, y, z, t]: [usize; 4]) -> Vec<u8> {
    let mut bytes = sample.bytes.clone();
    let mut words = |at: usize, lengths: [usize; 4], order: Option<Order>| {
        for (n, length) in lengths.into_iter().enumerate() {
            let word = match order {
                Some(Order::Big) => (length as u32).to_be_bytes(),
                _ => (length as u32).to_le_bytes(),
            };
            bytes[at + 4 * n..at + 4 * n + 4].copy_from_slice(&word);
        }
    };
    match sample.spec.format {
        Format::Milc | Format::MilcOld => words(4, [x, y, z, t], sample.spec.byte_order),
        Format::OpenQcd => words(0, [t, x, y, z], sample.spec.byte_order),
        Format::DdAlphaAmg => words(0, [t, z, y, x], sample.spec.byte_order),
        Format::HiRep | Format::HiRepQuaternions => words(4, [t, x, y, z], sample.spec.byte_order),
        Format::Nersc => {
            let (header, data) = bytes.split_at(sample.links.start);
            let mut text = String::from_utf8(header.to_vec()).unwrap();
            for (mu, (old, new)) in (1..).zip(EXTENT.into_iter().zip([x, y, z, t])) {
                text = text.replace(&format!("DIMENSION_{mu} = {old}"), &format!("DIMENSION_{mu} = {new}"));
            }
            return [text.as_bytes(), data].concat();
        }
        Format::Ildg | Format::Scidac => return without_records(sample),
    }
    bytes
}

/// The container cut down to the record of the links, which gives no extents and fits any lattice.
fn without_records(sample: &Sample) -> Vec<u8> {
    let padded = sample.links.end.next_multiple_of(8);
    sample.bytes[sample.links.start - 144..padded].to_vec()
}
