//! Gauge fields: NULL for each pointer in turn, how many numbers observables have, arrays and files.

use super::*;

struct Field(*mut inst_gauge);

impl Drop for Field {
    fn drop(&mut self) {
        unsafe { inst_gauge_free(self.0) };
    }
}

/// A gauge field on the lattice of 4 x 4 sites.
fn field(o: &Objects, spec: &CStr) -> Field {
    Field(made(|out| unsafe { inst_gauge_new(o.lattice, spec.as_ptr(), out) }))
}

const NUMBERS: usize = VOLUME * 2 * 18;

#[test]
fn null_arguments_are_named_and_nothing_is_written() {
    let o = Objects::new();
    let gauge = field(&o, c"");
    let (mut numbers, mut count) = ([UNTOUCHED; NUMBERS], -77);
    let null = |argument: &str, status| {
        assert_eq!(expect_error(1, status), format!("{argument}: expected a pointer, got NULL"));
    };
    let (y, spec) = (numbers.as_mut_ptr(), c"{type: 'plaquette'}".as_ptr());
    let nothing = ptr::null_mut;
    unsafe {
        null("lattice", inst_gauge_new(ptr::null(), ptr::null(), &mut mark()));
        null("out", inst_gauge_new(o.lattice, ptr::null(), ptr::null_mut()));
        null("gauge", inst_gauge_set_links(nothing(), y));
        null("links", inst_gauge_set_links(gauge.0, ptr::null()));
        null("gauge", inst_gauge_set_links_with(nothing(), y, ptr::null()));
        null("links", inst_gauge_set_links_with(gauge.0, ptr::null(), ptr::null()));
        null("path", inst_gauge_probe(ptr::null(), ptr::null_mut(), 0, &mut count));
        null("text", inst_gauge_probe(c"g".as_ptr(), ptr::null_mut(), 1, &mut count));
        null("needed", inst_gauge_probe(c"g".as_ptr(), ptr::null_mut(), 0, ptr::null_mut()));
        null("gauge", inst_gauge_links(nothing(), y));
        null("links", inst_gauge_links(gauge.0, ptr::null_mut()));
        null("gauge", inst_gauge_read(nothing(), c"g".as_ptr(), ptr::null()));
        null("path", inst_gauge_read(gauge.0, ptr::null(), ptr::null()));
        null("gauge", inst_gauge_write(nothing(), c"/nowhere/g".as_ptr(), ptr::null()));
        null("path", inst_gauge_write(gauge.0, ptr::null(), ptr::null()));
        null("gauge", inst_gauge_observe(nothing(), spec, 1, y, &mut count));
        null("values", inst_gauge_observe(gauge.0, spec, 1, ptr::null_mut(), &mut count));
        null("count", inst_gauge_observe(gauge.0, spec, 1, y, ptr::null_mut()));
        null("gauge", inst_gauge_smear(nothing(), c"{type: 'ape', alpha: 0.5, steps: 1}".as_ptr()));
        inst_gauge_free(nothing());
    }
    assert_eq!((numbers, count), ([UNTOUCHED; NUMBERS], -77));
}

#[test]
fn observables_report_how_many_numbers_they_have() {
    let o = Objects::new();
    let gauge = field(&o, c"{group: 'su2'}");
    let kinds = [
        (c"{type: 'plaquette'}", 1),
        (c"{type: 'planes'}", 1),
        (c"{type: 'wilson_loop', sides: [[0, 2], [1, 4]]}", 1),
        (c"{type: 'polyakov_loop', direction: 1}", 2),
        (c"{type: 'link_trace'}", 1),
        (c"{type: 'unitarity'}", 1),
        (c"{type: 'energy_density'}", 1),
    ];
    for (spec, expected) in kinds {
        let (mut values, mut count) = ([UNTOUCHED; 3], -77);
        let observe =
            |capacity, values, count| unsafe { inst_gauge_observe(gauge.0, spec.as_ptr(), capacity, values, count) };
        expect_ok(observe(0, ptr::null_mut(), &mut count));
        assert_eq!(count, expected);
        expect_ok(observe(3, values.as_mut_ptr(), &mut count));
        let written = values.iter().take_while(|&&value| value != UNTOUCHED).count();
        assert_eq!((count, written), (expected, expected as usize));
        let message = expect_error(3, observe(-1, values.as_mut_ptr(), &mut count));
        assert!(message.starts_with("capacity: expected 0 to "), "{message}");
    }
    let (mut value, mut count) = (UNTOUCHED, -77);
    let mut observe = |spec: &CStr| {
        let status = unsafe { inst_gauge_observe(gauge.0, spec.as_ptr(), 1, &mut value, &mut count) };
        expect_error(if status == 3 { 3 } else { 2 }, status)
    };
    let short = "capacity: expected 0 or at least 2, got 1";
    assert_eq!(observe(c"{type: 'polyakov_loop', direction: 0}"), short);
    assert_eq!(
        observe(c"{type: 'polyakov_loop', direction: 2}"),
        "observable: direction: expected a direction from 0 to 1, got 2"
    );
    assert_eq!(
        observe(c"{type: 'wilson_loop', sides: [[0, 5], [1, 1]]}"),
        "observable: sides[0][1]: expected a length from 1 to 4, got 5"
    );
    assert_eq!(
        observe(c"{type: 'wilson_loop', sides: [[1, 1], [1, 1]]}"),
        "observable: sides: expected two different directions, got 1 twice"
    );
    let message = observe(c"{type: 'link_trace', direction: 1}");
    assert_eq!(message, "observable: unknown key 'direction'; known keys: type");
    assert!(observe(c"").starts_with("observable: missing key 'type' (one of 'plaquette' or "));
}

#[test]
fn fields_come_back_from_arrays_and_files_and_stay_after_errors() {
    let o = Objects::new();
    let folder = Folder::new("gauge");
    let (gauge, other) = (field(&o, c"{group: 'u1'}"), field(&o, c"{group: 'u1'}"));
    let phases: Vec<f64> = (0..2 * VOLUME).flat_map(|i| [(0.3 * i as f64).cos(), (0.3 * i as f64).sin()]).collect();
    let links = |gauge: &Field| {
        let mut numbers = vec![UNTOUCHED; 4 * VOLUME];
        expect_ok(unsafe { inst_gauge_links(gauge.0, numbers.as_mut_ptr()) });
        numbers
    };
    let (file, scidac) = (folder.file("field"), c"{format: 'scidac'}".as_ptr());
    unsafe {
        expect_ok(inst_gauge_set_links(gauge.0, phases.as_ptr()));
        assert_eq!(links(&gauge), phases);
        expect_ok(inst_gauge_write(gauge.0, file.as_ptr(), scidac));
        expect_ok(inst_gauge_read(other.0, file.as_ptr(), ptr::null()));
        assert_eq!(links(&other), phases);
        let mut long = phases.clone();
        long[7] *= 1.1;
        let message = expect_error(4, inst_gauge_set_links(other.0, long.as_ptr()));
        assert!(message.starts_with("links: expected links within 1e-4 of u1, got one off by"), "{message}");
        let message = expect_error(9, inst_gauge_write(gauge.0, file.as_ptr(), ptr::null()));
        assert!(message.contains("ildg: field: expected one of u1 or su2 or su3 in 4 dimensions"), "{message}");
        std::fs::write(folder.0.join("field"), b"cut").unwrap();
        expect_error(4, inst_gauge_read(other.0, file.as_ptr(), ptr::null()));
        expect_error(5, inst_gauge_read(other.0, folder.file("none").as_ptr(), ptr::null()));
    }
    assert_eq!(links(&other), phases);
}

/// The contents of a file's header are read without a lattice; texts that do not fit are cut, and their full size is
/// written.
#[test]
fn a_file_says_what_it_holds() {
    let (o, folder) = (Objects::new(), Folder::new("probe"));
    let (gauge, file) = (field(&o, c"{group: 'su2'}"), folder.file("field"));
    let mut needed = -77;
    unsafe {
        expect_ok(inst_gauge_write(gauge.0, file.as_ptr(), c"{format: 'scidac', precision: 'f32'}".as_ptr()));
        expect_ok(inst_gauge_probe(file.as_ptr(), ptr::null_mut(), 0, &mut needed));
        let mut text = vec![b'x'; needed as usize + 1];
        expect_ok(inst_gauge_probe(file.as_ptr(), text.as_mut_ptr().cast(), needed, &mut needed));
        let whole = CStr::from_bytes_until_nul(&text).unwrap().to_str().unwrap();
        let expected = r#"[{"format":"scidac","extents":[4,4],"group":"su2","precision":"f32","bytes":1024}]"#;
        assert_eq!((whole, needed as usize, text.last()), (expected, expected.len() + 1, Some(&b'x')));
        expect_ok(inst_gauge_probe(file.as_ptr(), text.as_mut_ptr().cast(), 5, &mut needed));
        assert_eq!((&text[..6], needed as usize), (&b"[{\"f\0r"[..], expected.len() + 1));
        std::fs::write(folder.0.join("other"), b"none of these").unwrap();
        let message = expect_error(4, inst_gauge_probe(folder.file("other").as_ptr(), ptr::null_mut(), 0, &mut needed));
        assert!(message.contains("file: expected one of format ildg or scidac or "), "{message}");
        expect_error(5, inst_gauge_probe(folder.file("none").as_ptr(), ptr::null_mut(), 0, &mut needed));
    }
}

/// Fields, models and chains are written to the file that a symbolic link names, whether it is there yet or not.
#[test]
fn files_are_written_to_the_targets_of_symbolic_links() {
    let (o, folder) = (Objects::new(), Folder::new("links"));
    let gauge = field(&o, c"");
    std::fs::create_dir(folder.0.join("disk")).unwrap();
    let save = |what: &str, link: *const c_char| match what {
        "field" => unsafe { inst_gauge_write(gauge.0, link, c"{format: 'scidac'}".as_ptr()) },
        "model" => unsafe { inst_model_save(o.model, link) },
        _ => unsafe { inst_chain_save(o.chain, link) },
    };
    for what in ["field", "model", "chain"] {
        let target = folder.0.join("disk").join(what);
        std::os::unix::fs::symlink(std::path::Path::new("disk").join(what), folder.0.join(what)).unwrap();
        for _ in 0..2 {
            expect_ok(save(what, folder.file(what).as_ptr()));
            assert!(folder.0.join(what).is_symlink() && std::fs::symlink_metadata(&target).unwrap().is_file());
            std::fs::write(&target, b"what is replaced").unwrap();
        }
        expect_ok(save(what, folder.file(what).as_ptr()));
        assert_ne!(std::fs::read(&target).unwrap(), b"what is replaced");
    }
}
