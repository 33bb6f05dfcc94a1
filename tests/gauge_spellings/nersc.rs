//! NERSC.

use super::*;

/// Keys and values of a NERSC file, and its data.
fn archive(width: Width, order: Order) -> (Vec<(String, String)>, Vec<u8>) {
    let spec =
        WriteSpec { format: Format::Nersc, precision: Some(width), byte_order: Some(order), ..WriteSpec::default() };
    let bytes = written(&gauge(), &spec);
    let end = bytes.windows(11).position(|window| window == b"END_HEADER\n").unwrap();
    let header = std::str::from_utf8(&bytes[..end]).unwrap();
    let pairs = header.lines().filter_map(|line| line.split_once(" = "));
    (pairs.map(|(key, value)| (key.to_string(), value.to_string())).collect(), bytes[end + 11..].to_vec())
}

/// A NERSC file with these entries and data.
fn archive_of(entries: &[(String, String)], data: &[u8]) -> File {
    let lines: String = entries.iter().map(|(key, value)| format!("{key} = {value}\n")).collect();
    File::new(&[format!("BEGIN_HEADER\n{lines}END_HEADER\n").as_bytes(), data].concat())
}

fn value<'a>(entries: &'a mut [(String, String)], key: &str) -> &'a mut String {
    &mut entries.iter_mut().find(|entry| entry.0 == key).unwrap().1
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, rng_seed: RngSeed::Fixed(2), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn headers_of_archives_may_be_spelt_as_other_codes_do(
        (is_single, is_little) in any::<(bool, bool)>(),
        numbers in 0..5usize,
        digits in 5..14usize,
        (blanks, end) in (0..3usize, prop::sample::select(vec!["\n", "\r\n", "  \n", "\t \r\n"])),
        is_crlf in any::<bool>(),
        checksum_form in 0..5usize,
        swap in 0..18usize,
        is_scientific in any::<bool>(),
    ) {
        let width = if is_single { Width::Single } else { Width::Double };
        let order = if is_little { Order::Little } else { Order::Big };
        let (mut entries, data) = archive(width, order);
        let spec = WriteSpec { format: Format::Nersc, precision: Some(width), ..WriteSpec::default() };
        let expected = File::new(&written(&gauge(), &spec)).read(true).unwrap().0;
        let name = value(&mut entries, "FLOATING_POINT");
        *name = match numbers {
            0 => name.clone(),
            1 => name.to_lowercase(),
            2 => name[..6].into(),
            3 => name[..6].to_lowercase(),
            _ => String::new(),
        };
        if name.is_empty() {
            entries.retain(|(key, _)| key != "FLOATING_POINT");
        }
        for (key, exact) in
            [("PLAQUETTE", observables::plaquette(&expected)), ("LINK_TRACE", observables::link_trace(&expected))]
        {
            let text = if is_scientific { format!("{exact:.digits$e}") } else { format!("{exact:.digits$}") };
            *value(&mut entries, key) = text;
        }
        let sum = u32::from_str_radix(value(&mut entries, "CHECKSUM"), 16).unwrap();
        *value(&mut entries, "CHECKSUM") = hexadecimal(sum, checksum_form);
        let count = entries.len();
        entries.swap(swap % count, count / 2);
        let newline = if is_crlf { "\r\n" } else { "\n" };
        let around = [" = ", "=", "\t=  "][blanks];
        let mut header = format!("BEGIN_HEADER{newline}").into_bytes();
        for (key, value) in &entries {
            header.extend(format!("{key}{around}{value}{newline}").bytes());
        }
        header.extend(b"ENSEMBLE_LABEL = Universit\xe4t \xff = \x80");
        header.extend(format!("{newline}END_HEADER{end}").bytes());
        let file = File::new(&[header, data].concat());
        let (got, format, claims) = file.read(true).unwrap();
        prop_assert!(got == expected && format == Format::Nersc);
        prop_assert_eq!(claims.len(), 4);
        let Probe { extents, group, precision, .. } = file.probe();
        prop_assert_eq!((extents, group, precision), (Some(EXTENT.to_vec()), Some(Group::Su3), Some(width)));
    }
}

/// A plaquette agrees to the digits given, and no further: one more in the last digit is refused.
#[test]
fn plaquettes_and_traces_are_compared_to_the_digits_given() {
    let (mut entries, data) = archive(Width::Double, Order::Big);
    for (key, exact) in
        [("PLAQUETTE", observables::plaquette(&gauge())), ("LINK_TRACE", observables::link_trace(&gauge()))]
    {
        let whole = value(&mut entries, key).clone();
        for digits in 2..8 {
            let unit = 10f64.powi(-(digits as i32));
            for (off, holds) in [(0.0, true), (1.2 * unit, false), (-1.2 * unit, false)] {
                *value(&mut entries, key) = format!("{:.digits$}", exact + off);
                let result = archive_of(&entries, &data).read(true);
                assert_eq!(result.is_ok(), holds, "{key} {digits} {off}: {:?}", result.err());
            }
        }
        for vague in ["0e9", "1e0", "0.", "nan", "inf", "", "x"] {
            *value(&mut entries, key) = vague.into();
            let holds = (vague.parse().unwrap_or(f64::NAN) - exact).abs() < 0.006;
            assert_eq!(archive_of(&entries, &data).read(true).is_ok(), holds, "{key} {vague}");
            assert_eq!(archive_of(&entries, &data).read(false).unwrap().0, gauge());
        }
        *value(&mut entries, key) = whole;
    }
}

/// A byte order that is stated is kept; without a checksum it is found from the numbers themselves.
#[test]
fn the_order_of_bytes_is_the_stated_one_or_found() {
    for (order, other) in [(Order::Big, "IEEE64LITTLE"), (Order::Little, "IEEE64BIG")] {
        let (mut entries, data) = archive(Width::Double, order);
        *value(&mut entries, "FLOATING_POINT") = other.into();
        assert!(archive_of(&entries, &data).read(true).is_err());
        *value(&mut entries, "FLOATING_POINT") = "IEEE64".into();
        let mut without = entries.clone();
        without.retain(|(key, _)| key != "CHECKSUM");
        assert_eq!(archive_of(&without, &data).read(true).unwrap().0, gauge());
        *value(&mut entries, "CHECKSUM") = "1".into();
        assert!(archive_of(&entries, &data).read(true).is_err());
    }
}
