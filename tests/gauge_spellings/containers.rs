//! LIME, ILDG and SciDAC.

use super::*;

fn record(kind: &str, data: &[u8]) -> Vec<u8> {
    let mut name = kind.as_bytes().to_vec();
    name.resize(128, 0);
    let head = [&0x4567_89abu32.to_be_bytes()[..], &[0, 1, 0, 0], &(data.len() as u64).to_be_bytes(), &name];
    [&head.concat(), data, &vec![0; data.len().next_multiple_of(8) - data.len()]].concat()
}

fn links(gauge: &Gauge) -> Vec<u8> {
    gauge.links().iter().flat_map(|x| x.to_be_bytes()).collect()
}

/// One element as XML may spell it.
fn element(name: &str, content: &str, (prefix, attribute, form): (&str, &str, usize)) -> String {
    let content = match form {
        0 => content.to_string(),
        1 => format!("\n\t {content}\r\n "),
        2 => format!("<![CDATA[{content}]]>"),
        3 => content.chars().map(|letter| format!("&#{};", letter as u32)).collect(),
        4 => format!("<!-- <{name}>77</{name}> -->{content}<?note <{name}>77</{name}>?>"),
        _ => format!("{content}<unit>77</unit>"),
    };
    format!("<{prefix}{name}{attribute}>{content}</{prefix}{name} >")
}

type Spelling = (&'static str, &'static str, usize);

fn spelling() -> impl Strategy<Value = Spelling> {
    let attribute = prop::sample::select(vec!["", " type=\"int\"", "\n a='<lx>77</lx>' b=\"/>\"", " xsi:nil='false'"]);
    (prop::sample::select(vec!["", "ildg:", "x1:"]), attribute, 0..6usize)
}

/// Text between elements that has no meaning: blanks, comments.
fn noise() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "",
        "\n  ",
        "<!-- <lx>77</lx><suma>7</suma><precision>77</precision> -->",
        "<![CDATA[<lx>77</lx><suma>7</suma>]]>",
        "<lxx>77</lxx><xlx/>",
        "<?lx 77?>",
        "R & D \u{e9}",
    ])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, rng_seed: RngSeed::Fixed(1), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn records_may_be_spelt_in_all_ways_of_xml(
        spellings in prop::collection::vec(spelling(), 8),
        noise in prop::collection::vec(noise(), 9),
        (sum_form, zeros, order) in (0..5usize, 0..400usize, 0..3usize),
        extra in prop::collection::vec((0..4usize, prop::collection::vec(any::<u8>(), 0..60)), 3),
        (end, declared) in any::<(bool, bool)>(),
    ) {
        let gauge = gauge();
        let data = links(&gauge);
        let sums = SiteChecksum::of(&data, 4 * 18 * 8);
        let [x, y, z, t] = EXTENT.map(|length| length.to_string());
        let contents = [("field", "su3gauge"), ("precision", "64"), ("lx", &*x), ("ly", &*y), ("lz", &*z), ("lt", &*t)];
        let mut elements: Vec<String> =
            contents.iter().zip(&spellings).map(|(&(name, content), &how)| element(name, content, how)).collect();
        elements.rotate_left(order);
        let body: String = elements.iter().zip(&noise).map(|(element, noise)| format!("{noise}{element}")).collect();
        let declaration = if declared { "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" } else { "" };
        let tail = if end { "\0junk <lx>77</lx>" } else { "" };
        let format = format!("{declaration}<ildgFormat>{body}{}</ildgFormat>{tail}", noise[6]);
        let [a, b] = [("suma", sums.a, 6), ("sumb", sums.b, 7)]
            .map(|(name, sum, how)| element(name, &hexadecimal(sum, sum_form), spellings[how]));
        let checksum = format!("{declaration}{}<scidacChecksum>{a}{}{b}</scidacChecksum>{tail}", noise[7], noise[8]);
        let kinds = ["note", "xlf-info", "ildg-data-lfn", "scidac-record-xml"];
        let extra: Vec<Vec<u8>> = extra.iter().map(|(kind, data)| record(kinds[*kind], data)).collect();
        let (format, checksum) = (record("ildg-format", format.as_bytes()), record("scidac-checksum", checksum.as_bytes()));
        let links = record("ildg-binary-data", &data);
        let whole = [&*extra[0], &format, &extra[1], &links, &checksum, &extra[2], &vec![0; zeros]].concat();
        let file = File::new(&whole);
        let (got, found, claims) = file.read(true).unwrap();
        prop_assert!(got == gauge && found == Format::Ildg);
        prop_assert_eq!(claims.iter().filter(|claim| claim.what == "checksum").count(), 1);
        let expected = Probe {
            format: Format::Ildg,
            extents: Some(EXTENT.to_vec()),
            group: Some(Group::Su3),
            precision: Some(Width::Double),
            bytes: data.len() as u64,
        };
        prop_assert_eq!(file.probe(), expected);
    }
}

/// A container with these texts around the links.
fn container(format: &str, checksum: Option<&str>) -> Vec<u8> {
    let checksum = checksum.map_or(vec![], |text| record("scidac-checksum", text.as_bytes()));
    [record("ildg-format", format.as_bytes()), record("ildg-binary-data", &links(&gauge())), checksum].concat()
}

const FORMAT: &str = "<field>su3gauge</field><precision>64</precision><lx>2</lx><ly>4</ly><lz>6</lz><lt>2</lt>";

#[test]
fn checksums_that_cannot_be_read_are_claims_that_fail() {
    let gauge = gauge();
    let damaged = [
        ("", "suma: expected a hexadecimal number, got nothing"),
        ("<suma/><sumb/>", "suma: expected a hexadecimal number, got nothing"),
        ("<suma>0x</suma><sumb>1</sumb>", "suma: expected a hexadecimal number, got 0x"),
        ("<suma>1</suma><sumb>one</sumb>", "sumb: expected a hexadecimal number, got one"),
        ("<suma>1</suma><!--", "sumb: expected a hexadecimal number, got scidac-checksum: XML: expected tags that end"),
        ("<suma>1</suma><sumb>2</sumb>", "checksum: expected 1 2, got "),
    ];
    for (text, message) in damaged {
        let file = File::new(&container(FORMAT, Some(text)));
        let error = file.read(true).unwrap_err();
        assert!(error.status() == 4 && error.to_string().contains(&format!(": ildg: {message}")), "{error}");
        let (got, _, claims) = file.read(false).unwrap();
        assert_eq!(got, gauge);
        assert_eq!(claims.iter().filter(|claim| !claim.holds).count(), 1);
    }
    assert_eq!(File::new(&container(FORMAT, None)).read(true).unwrap().0, gauge);
}

#[test]
fn what_changes_the_meaning_of_a_container_is_refused() {
    let swapped = FORMAT.replace("<lx>2", "<lx>4").replace("<ly>4", "<ly>2");
    for format in [swapped, FORMAT.replace("su3", "su2"), FORMAT.replace("64", "32"), FORMAT.replace("<lx>2", "<lx>-2")]
    {
        assert!(matches!(File::new(&container(&format, None)).read(true).unwrap_err().status(), 3 | 4), "{format}");
    }
    let whole = container(FORMAT, None);
    for tail in [&[0, 0, 1][..], &[0; 200].map(|zero: u8| zero + 1), &[&[0; 144][..], &record("note", b"")].concat()] {
        let error = File::new(&[&whole, tail].concat()).read(false).unwrap_err();
        assert!(error.to_string().contains("record 2: expected "), "{error}");
    }
}

/// Records of other messages and of any length are skipped, and take no memory.
#[test]
fn other_records_may_be_large_and_of_other_fields() {
    let (gauge, large) = (gauge(), vec![7; (17 << 20) + 3]);
    let other = record("scidac-private-record-xml", b"<precision>F</precision><colors>2</colors>");
    let own = record("scidac-private-record-xml", b"<precision>D</precision><colors>3</colors>");
    let file_xml = record("scidac-private-file-xml", b"<dims>2 4 6 2 </dims>");
    let wrong = record("scidac-checksum", b"<suma>1</suma><sumb>2</sumb>");
    let sums = SiteChecksum::of(&links(&gauge), 4 * 18 * 8);
    let right = record("scidac-checksum", format!("<suma>{:x}</suma><sumb>{:x}</sumb>", sums.a, sums.b).as_bytes());
    let large = record("propagator", &large);
    let links = record("scidac-binary-data", &links(&gauge));
    let file = File::new(&[file_xml, other, large.clone(), wrong, own, links, right, large].concat());
    let (got, format, _) = file.read(true).unwrap();
    assert!(got == gauge && format == Format::Scidac);
    let Probe { extents, group, precision, .. } = file.probe();
    assert_eq!((extents, group, precision), (Some(EXTENT.to_vec()), Some(Group::Su3), Some(Width::Double)));
}

/// A file with its links alone says neither extents nor group: any lattice of that volume takes it.
#[test]
fn links_alone_are_of_any_extents_of_their_volume() {
    let gauge = gauge();
    let file = File::new(&record("ildg-binary-data", &links(&gauge)));
    let bytes = 8 * gauge.links().len() as u64;
    assert_eq!(file.probe(), Probe { format: Format::Ildg, extents: None, group: None, precision: None, bytes });
    for extent in [EXTENT, [6, 2, 2, 4], [2, 2, 2, 12]] {
        let lattice = Lattice::new(&extent).unwrap();
        let (got, _, _) = read(&file.0, &lattice, Group::Su3, &ReadSpec::default()).unwrap();
        assert_eq!(got.links(), gauge.links());
    }
}
