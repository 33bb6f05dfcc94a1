//! Arguments that a flow refuses: values out of range, lattices that do not fit, numbers that are not finite.

use super::*;

fn refused(extent: &[usize], text: &str) -> String {
    let lattice = Lattice::new(extent).unwrap();
    let built = parse("model", text).and_then(|spec| Flow::new(&context(Precision::F64, 1), &lattice, &spec));
    built.err().unwrap().to_string()
}

#[test]
fn values_out_of_range_are_refused() {
    for (text, message) in [
        ("{type: 'affine', layers: 0}", "layers: expected 1 to 1024, got 0"),
        ("{type: 'affine', layers: 1025}", "layers: expected 1 to 1024, got 1025"),
        ("{type: 'affine', hidden: [8, 0]}", "hidden: expected at most 16 layers of 1 to 1024 channels, got [8, 0]"),
        ("{type: 'affine', hidden: [2000]}", "hidden: expected at most 16 layers of 1 to 1024 channels, got [2000]"),
        ("{type: 'affine', kernel: 4}", "kernel: expected an odd width from 1 to 15, got 4"),
        ("{type: 'affine', kernel: 17}", "kernel: expected an odd width from 1 to 15, got 17"),
        ("{type: 'affine', kernel: 0}", "kernel: expected an odd width from 1 to 15, got 0"),
        ("{type: 'affine', initial_output: -1}", "initial_output: expected a finite number of at least 0, got -1"),
    ] {
        assert_eq!(refused(&[4, 4], text), message);
    }
}

#[test]
fn a_prior_that_is_no_prior_is_told_all_of_its_forms() {
    let forms = "prior: expected 'white', 'spectrum', 'uniform' or an object {type: 'mixture', means: [...]} or {type: 'haar', group: 'su3'}, got";
    for (prior, got) in
        [("'mixture'", "'mixture'"), ("'haar'", "'haar'"), ("'blue'", "'blue'"), ("3", "3"), ("['white']", "a list")]
    {
        for of_model in ["type: 'affine'", "type: 'chain', layers: [{type: 'affine'}]"] {
            let message = refused(&[4, 4], &format!("{{{of_model}, prior: {prior}}}"));
            assert!(message.starts_with(&format!("model: {forms} {got}; known keys: type, prior")), "{message}");
        }
    }
    let unnamed = refused(&[4, 4], "{type: 'affine', prior: {means: [1]}}");
    assert!(
        unnamed.starts_with(
            "model: prior: missing key 'type' (one of 'white' or 'spectrum' or 'mixture' or 'uniform' or 'haar')"
        ),
        "{unnamed}"
    );
}

#[test]
fn lattices_and_networks_that_do_not_fit_are_refused() {
    for (extent, text, message) in [
        (
            &[64, 32][..],
            "{type: 'affine', prior: 'spectrum'}",
            "prior: expected at most 1024 sites for a spectrum, got 2048",
        ),
        (&[4, 3], "{type: 'affine'}", "lattice: expected even extents for a checkerboard, got 4 x 3"),
        (&[2049], "{type: 'affine'}", "lattice: expected even extents for a checkerboard, got 2049"),
        (
            &[4096, 2048],
            "{type: 'affine'}",
            "lattice: expected at most 4194304 numbers in a field of a model, got 8388608 (4096 x 2048)",
        ),
        (
            &[16, 16, 16, 16],
            "{type: 'affine', kernel: 15}",
            "kernel: expected at most 67108864 neighbours of all sites, got 3317760000",
        ),
        (
            &[4, 4],
            "{type: 'affine', layers: 1024, hidden: [1024, 1024]}",
            "hidden: expected at most 67108864 parameters in all layers, got 9691987968",
        ),
        (
            &[256, 256],
            "{type: 'affine', hidden: [1024]}",
            "hidden: expected at most 16777216 values on all sites of a hidden layer, got 67108864",
        ),
    ] {
        assert_eq!(refused(extent, text), message);
    }
}

#[test]
fn bad_numbers_are_refused() {
    let context = context(Precision::F32, 1);
    let lattice = Lattice::new(&[4, 2]).unwrap();
    let spec = spec("{type: 'affine', layers: 2}");
    let with = |parameters| Flow::with_parameters(&context, &lattice, &spec, parameters).err().unwrap().to_string();
    assert_eq!(with(vec![0.5; 7]), "parameters: expected 1620 numbers, got 7");
    let mut numbers = vec![0.5; 1620];
    numbers[3] = f64::NAN;
    assert_eq!(with(numbers), "parameters: expected finite numbers, got NaN at index 3");
    let mut flow = Flow::new(&context, &lattice, &spec).unwrap();
    assert_eq!(flow.set_parameters(&[0.0]).unwrap_err().to_string(), "parameters: expected 1620 numbers, got 1");
    let message =
        |fields: &[f64], batch| flow.log_density(batch, fields, &mut vec![0.0; batch]).unwrap_err().to_string();
    assert_eq!(message(&[0.0; 15], 2), "fields: expected 16 numbers, got 15");
    let mut fields = [0.1; 16];
    fields[9] = f64::INFINITY;
    assert_eq!(message(&fields, 2), "fields: expected finite numbers, got inf at index 9");
    // Beyond the range of f32 the network's sums are infinite, of both signs.
    fields[8..].fill(1e300);
    assert_eq!(
        message(&fields, 2),
        "log q: expected a number, got NaN for field 1, in which numbers of the network overflow"
    );
    assert!(flow.sample(0, 2, &mut [0.0; 15], &mut [0.0; 2]).is_err());
    assert!(flow.sample(0, 2, &mut [0.0; 16], &mut [0.0; 3]).is_err());
}
