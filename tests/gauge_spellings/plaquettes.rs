//! Formats with a plaquette alone.

use super::*;

/// The fraction of flipped bits that the plaquette does not detect, and the largest change of a number among them.
fn unseen_flips(gauge: &Gauge, format: Format) -> (f64, f64) {
    const FLIPS: usize = 500;
    let bytes = written(gauge, &WriteSpec { format, ..WriteSpec::default() });
    let header = bytes.len() % 256;
    let (lattice, group) = (gauge.lattice(), gauge.group());
    let mut stream = Stream::new(3, Purpose::Start, format as u64);
    let (mut unseen, mut largest) = (0, 0.0f64);
    for _ in 0..FLIPS {
        let bit = header * 8 + (stream.uniform() * (8 * (bytes.len() - header)) as f64) as usize;
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let spec = ReadSpec { format: Some(format), ..ReadSpec::default() };
        if let Ok((got, _, _)) = read(&File::new(&flipped).0, lattice, group, &spec) {
            let pairs = got.links().iter().zip(gauge.links());
            largest = pairs.fold(largest, |most, (a, b)| most.max((a - b).abs()));
            unseen += 1;
        }
    }
    (f64::from(unseen) / FLIPS as f64, largest)
}

/// Formats without a checksum: the plaquette detects a change of all but the last digits of a number.
///
/// Of the 64 bits of a number some 20 have a value below V times the rounding of the plaquette, 1e-14 on 4^4.
#[test]
fn flipped_bits_are_caught_as_closely_as_rounding_allows() {
    let lattice = Lattice::new(&[4; 4]).unwrap();
    let random = |group| Gauge::random(&lattice, group, &mut Stream::new(9, Purpose::Start, 1)).unwrap();
    let (su2, su3) = (random(Group::Su2), random(Group::Su3));
    for (gauge, format) in [
        (&su3, Format::OpenQcd),
        (&su3, Format::HiRep),
        (&su3, Format::DdAlphaAmg),
        (&su2, Format::HiRep),
        (&su2, Format::HiRepQuaternions),
    ] {
        let (unseen, largest) = unseen_flips(gauge, format);
        println!("{format:?} {:?}: {unseen} unseen, by {largest:e} at most", gauge.group());
        assert!(unseen < 0.4 && largest < 1e-8, "{format:?}: {unseen} unseen, by {largest:e} at most");
    }
}
