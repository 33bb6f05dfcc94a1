//! Inputs that are refused, and the messages.

use super::*;

#[test]
fn specs_of_contexts_name_the_key() {
    let message = |status, spec: &CStr| unmade(status, |out| unsafe { inst_context_new(spec.as_ptr(), out) });
    let keys = "; known keys: device, threads, seed, precision, cache, sources";
    assert_eq!(message(2, c"{thread: 1}"), format!("context: unknown key 'thread'{keys}"));
    assert_eq!(
        message(2, c"{precision: 'f16'}"),
        format!("context: precision: expected 'f32' or 'f64', got 'f16'{keys}")
    );
    assert!(message(2, c"{seed: -1}").contains("seed: "));
    assert_eq!(message(2, c"{threads: 100000}"), "context: threads: expected 0 (all) to 4096, got 100000");
    for device in ["opencl:99", "opencl:nonsense"] {
        let spec = CString::new(format!("{{device: '{device}'}}")).unwrap();
        let message = message(7, &spec);
        assert!(message.starts_with("context: device: expected "), "{message}");
        assert!(message.contains(&format!("'{device}'")), "{message}");
    }
    let forms = "'opencl', 'opencl:0', 'opencl:0,1', 'opencl:NAME' or 'opencl:all'";
    for device in ["cuda", "CPU", ""] {
        let spec = CString::new(format!("{{device: '{device}'}}")).unwrap();
        let expected = format!("context: device: expected 'cpu', {forms}, got '{device}'");
        assert_eq!(message(2, &spec), expected);
    }
    assert_eq!(message(2, c"{device: 'opencl:'}"), format!("context: device: expected {forms}, got 'opencl:'"));
    assert_eq!(message(2, c"{seed: 1\xff}"), "spec: expected UTF-8 text, got byte 0xff at 8");
    assert!(message(2, c"{seed: 1").contains("EOF"));
    let seed = "seed: expected 0 to 9223372036854775807, got 9223372036854775808";
    assert_eq!(message(2, c"{seed: 9223372036854775808}"), format!("context: {seed}"));
}

#[test]
fn specs_of_other_objects_name_the_key() {
    let o = Objects::new();
    unsafe {
        let message = unmade(2, |out| inst_model_new(o.lattice, c"{layer: 2}".as_ptr(), out));
        assert!(message.starts_with("model: unknown key 'layer'; known keys: "), "{message}");
        let message = unmade(2, |out| inst_model_new(o.lattice, c"{type: 'spline'}".as_ptr(), out));
        assert_eq!(
            message,
            "model: type: expected 'affine' or 'chain' or 'diffusion' or 'stout', got 'spline'; known keys: type"
        );
        let message = unmade(2, |out| inst_model_new(o.lattice, c"{kernel: 4}".as_ptr(), out));
        assert_eq!(message, "model: kernel: expected an odd width from 1 to 15, got 4");
        let message = unmade(2, |out| inst_proposal_new(o.model, ptr::null(), c"{type: 'cluster'}".as_ptr(), out));
        assert_eq!(
            message,
            "proposal: type: expected 'independence' or 'langevin' or 'tempered' or 'transformed_hmc' or 'annealed' or 'path_ratio' or 'learned_langevin', got 'cluster'; known keys: type"
        );
        let message = unmade(2, |out| inst_proposal_new(o.model, ptr::null(), c"{width: 1}".as_ptr(), out));
        assert!(message.starts_with("proposal: unknown key 'width'"), "{message}");
        let message = unmade(2, |out| inst_chain_new(o.action, ptr::null(), c"{type: 'independence'}".as_ptr(), out));
        assert_eq!(message, "chain: type 'independence': expected a model, got none");
        let message =
            unmade(2, |out| inst_chain_new(o.action, ptr::null(), c"{seed: 9223372036854775808}".as_ptr(), out));
        assert_eq!(message, "chain: seed: expected 0 to 9223372036854775807, got 9223372036854775808");
        let message = unmade(2, |out| inst_chain_new(o.action, ptr::null(), c"{stepz: 1}".as_ptr(), out));
        assert!(message.starts_with("chain: ") && message.contains("stepz"), "{message}");
        let train = |spec: &CStr| inst_model_train(o.model, o.action, spec.as_ptr(), None, ptr::null_mut());
        assert!(expect_error(2, train(c"{step: 1}")).starts_with("training: unknown key 'step'; known keys: steps, "));
    }
}

#[test]
fn extents_that_make_no_lattice_are_named() {
    let o = Objects::new();
    let message = |dimensions, extent: &[i64]| {
        unmade(3, |out| unsafe { inst_lattice_new(o.context, dimensions, extent.as_ptr(), out) })
    };
    for dimensions in [0, 5, -1, i32::MAX, i32::MIN] {
        assert_eq!(message(dimensions, &[4; 5]), format!("dimensions: expected 1 to 4, got {dimensions}"));
    }
    for length in [0, 1, -8, i64::MIN] {
        assert_eq!(message(2, &[4, length]), format!("extent[1]: expected at least 2 sites, got {length}"));
    }
    assert!(message(2, &[i64::MAX, i64::MAX]).starts_with("extent: expected at most "));
    let odd = lattice(o.context, &[4, 5]);
    let model = unmade(3, |out| unsafe { inst_model_new(odd, ptr::null(), out) });
    assert_eq!(model, "model: lattice: expected even extents for a checkerboard, got 4 x 5");
    unsafe { inst_lattice_free(odd) };
}

#[test]
fn counts_that_fit_no_memory_are_errors() {
    let o = Objects::new();
    let mut numbers = [UNTOUCHED; 4 * VOLUME];
    let y = numbers.as_mut_ptr();
    for count in [0, -1, i64::MIN, i64::MAX, 1 << 41, i64::MAX / 16] {
        let batch = format!("batch: expected 1 to 68719476736 fields of 16 numbers (4 x 4), got {count}");
        unsafe {
            assert_eq!(expect_error(3, inst_action_value(o.action, count, y, y)), batch);
            assert_eq!(expect_error(3, inst_action_gradient(o.action, count, y, y)), batch);
            assert_eq!(expect_error(3, inst_model_sample(o.model, 0, count, y, y)), batch);
            assert_eq!(expect_error(3, inst_model_log_density(o.model, count, y, y)), batch);
            let count_message = format!("count: expected 1 to 1099511627776, got {count}");
            assert_eq!(expect_error(3, inst_autocorrelation(count, y, y, y, y, y)), count_message);
            assert_eq!(expect_error(3, inst_reweighting(count, y, y, y, y, y)), count_message);
            assert_eq!(expect_error(3, inst_reweighting_tail(count, y, y)), count_message);
            assert_eq!(expect_error(3, inst_kl_per_site(count, y, 0.0, 1, y, y)), count_message);
            let sites = inst_kl_per_site(16, y, 0.0, count, y, y);
            assert_eq!(expect_error(3, sites), count_message.replace("count:", "sites:"));
            assert_eq!(expect_error(3, inst_reweighting_mean(count, y, y, y, y, y, y)), count_message);
            assert_eq!(expect_error(3, inst_reweighting_nested(count, y, 1, &2, y, y)), count_message);
            let subsets = inst_reweighting_nested(16, y, count, &2, y, y);
            assert_eq!(expect_error(3, subsets), count_message.replace("count:", "subsets:"));
            let counts = inst_reweighting_nested(16, y, 1, &count, y, y);
            assert_eq!(expect_error(3, counts), count_message.replace("count: expected 1", "counts[0]: expected 2"));
            let forward = inst_reweighting_forward(count, y, ptr::null(), y, y, y, y);
            assert_eq!(expect_error(3, forward), count_message.replace("count:", "chain_count:"));
            for balance in [inst_mode_balance, inst_mode_balance_independent] {
                assert_eq!(expect_error(3, balance(count, y, 0.5, y, y, y)), count_message);
            }
            let replicas = inst_autocorrelation_replicas(count, &count, y, y, y, y, y, y);
            assert_eq!(expect_error(3, replicas), count_message.replace("count:", "replicas:"));
            let replicas = inst_autocorrelation_replicas(2, [8, count].as_ptr(), y, y, y, y, y, y);
            assert_eq!(expect_error(3, replicas), count_message.replace("count:", "counts[1]:"));
            let mut report = two_sided_report();
            let two_sided = inst_reweighting_two_sided(count, y, 16, y, &mut report);
            assert_eq!(expect_error(3, two_sided), count_message);
            let two_sided = inst_reweighting_two_sided(16, y, count, y, &mut report);
            assert_eq!(expect_error(3, two_sided), count_message.replace("count:", "chain_count:"));
        }
    }
    let mut needed = 0;
    let capacity = unsafe { inst_devices(ptr::null_mut(), -1, &mut needed) };
    assert_eq!(expect_error(3, capacity), "capacity: expected 0 to 1099511627776, got -1");
    let counter = unsafe { inst_model_sample(o.model, u64::MAX, 2, y, y) };
    let expected = format!("counter: expected at most {}, got {}", u64::MAX - 2, u64::MAX);
    assert_eq!(expect_error(4, counter), expected);
    // The last counter of all is refused by samples and by proposals alike.
    let expected = format!("counter: expected at most {}, got {}", u64::MAX - 1, u64::MAX);
    unsafe {
        assert_eq!(expect_error(4, inst_model_sample(o.model, u64::MAX, 1, y, y)), expected);
        let langevin =
            made(|out| inst_proposal_new(ptr::null(), o.action, c"{type: 'langevin', step: 0.1}".as_ptr(), out));
        for proposal in [o.proposal, langevin] {
            assert_eq!(expect_error(4, inst_propose(proposal, u64::MAX, [0.5; VOLUME].as_ptr(), y, y)), expected);
        }
        inst_proposal_free(langevin);
    }
    assert_eq!(numbers, [UNTOUCHED; 4 * VOLUME]);
}

#[test]
fn lattices_larger_than_memory_are_errors() {
    unsafe extern "C" fn zero(_: *const f64, _: i64, value: *mut f64, _: *mut f64, _: *mut c_void) -> i32 {
        unsafe { *value = 0.0 };
        0
    }
    let o = Objects::new();
    let huge = lattice(o.context, &[1 << 20, 1 << 20]);
    unsafe {
        assert!(unmade(3, |out| inst_model_new(huge, ptr::null(), out)).starts_with("model: lattice: "));
        assert!(unmade(3, |out| inst_action_new(huge, ACTION.as_ptr(), out)).starts_with("action: "));
        let action = made(|out| inst_action_from_callback(huge, Some(zero), ptr::null_mut(), out));
        let message = unmade(3, |out| inst_chain_new(action, ptr::null(), ptr::null(), out));
        assert_eq!(message, "chain: expected memory of 70368744177664 bytes, got none");
        inst_action_free(action);
        inst_lattice_free(huge);
    }
}

#[test]
fn models_larger_than_memory_are_errors() {
    let o = Objects::new();
    let (four, wide) = (lattice(o.context, &[8; 4]), lattice(o.context, &[2048, 2048]));
    let all = CString::new(format!("{{layers: 1024, kernel: 11, hidden: [{}]}}", "1024,".repeat(16))).unwrap();
    for (lattice, spec, expected) in [
        (
            o.lattice,
            c"{layers: 1024, hidden: [1024, 1024]}",
            "hidden: expected at most 67108864 parameters in all layers",
        ),
        (wide, c"{layers: 1, kernel: 9, hidden: []}", "kernel: expected at most 67108864 neighbours of all sites"),
        (wide, c"{layers: 1, kernel: 1, hidden: [8]}", "hidden: expected at most 16777216 values on all sites"),
        (four, &all, "hidden: expected at most 67108864 parameters in all layers"),
    ] {
        let message = unmade(2, |out| unsafe { inst_model_new(lattice, spec.as_ptr(), out) });
        assert!(message.starts_with(&format!("model: {expected}")), "{message}");
    }
    unsafe {
        inst_lattice_free(four);
        inst_lattice_free(wide);
    }
}

#[test]
fn numbers_that_are_not_finite_are_named_wherever_fields_come_in() {
    let o = Objects::new();
    let mut results = [UNTOUCHED; 4 * VOLUME];
    let y = results.as_mut_ptr();
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let mut fields = [0.5; 2 * VOLUME];
        fields[VOLUME + 3] = bad;
        let (both, second) = (fields.as_ptr(), fields[VOLUME..].as_ptr());
        let expected = |what: &str, at| format!("{what}: expected finite numbers, got {bad} at index {at}");
        unsafe {
            assert_eq!(expect_error(4, inst_action_value(o.action, 2, both, y)), expected("fields", 19));
            assert_eq!(expect_error(4, inst_action_gradient(o.action, 2, both, y)), expected("fields", 19));
            assert_eq!(expect_error(4, inst_model_log_density(o.model, 2, both, y)), expected("fields", 19));
            assert_eq!(expect_error(4, inst_propose(o.proposal, 0, second, y, y)), expected("current", 3));
            assert_eq!(expect_error(4, inst_chain_set_field(o.chain, second)), expected("field", 3));
            assert_eq!(expect_error(4, inst_autocorrelation(16, second, y, y, y, y)), expected("series", 3));
        }
    }
    // S of this field overflows, which is an error; log q of it is minus infinity, which is a valid result.
    let large = [1e200; VOLUME];
    unsafe {
        let message = expect_error(4, inst_action_value(o.action, 1, large.as_ptr(), y));
        assert_eq!(message, "action of the fields: expected finite numbers, got inf at index 0");
        assert!(expect_error(4, inst_action_gradient(o.action, 1, large.as_ptr(), y)).starts_with("gradients of the"));
        assert_eq!(
            expect_error(4, inst_chain_set_field(o.chain, large.as_ptr())).split(':').next(),
            Some("action of the field")
        );
        assert_eq!(results, [UNTOUCHED; 4 * VOLUME]);
        expect_ok(inst_model_log_density(o.model, 1, large.as_ptr(), y));
    }
    assert_eq!(results[0], f64::NEG_INFINITY);
}

#[test]
fn objects_that_do_not_fit_each_other_are_refused() {
    let o = Objects::new();
    let other = lattice(o.context, &[6, 4]);
    unsafe {
        let action = made(|out| inst_action_new(other, ACTION.as_ptr(), out));
        let expected = "action: expected one on a lattice of 4 x 4, got 6 x 4";
        assert_eq!(unmade(3, |out| inst_proposal_new(o.model, action, ptr::null(), out)), expected);
        assert_eq!(expect_error(3, inst_model_train(o.model, action, ptr::null(), None, ptr::null_mut())), expected);
        let spec = c"{type: 'independence'}".as_ptr();
        assert!(unmade(3, |out| inst_chain_new(action, o.model, spec, out)).starts_with("chain: "));
        inst_action_free(action);
        inst_lattice_free(other);
    }
}

#[test]
fn objects_of_another_kind_and_skewed_pointers_are_refused() {
    let o = Objects::new();
    let mut y = [UNTOUCHED; VOLUME];
    let message = expect_error(4, unsafe { inst_action_value(o.lattice.cast(), 1, y.as_ptr(), y.as_mut_ptr()) });
    assert_eq!(message, "action: expected an object of kind action, got an object of kind lattice");
    let message = expect_error(4, unsafe { inst_chain_field(y.as_ptr().cast(), y.as_mut_ptr()) });
    assert_eq!(message, "chain: expected an object of kind chain, got something else");
    unsafe { inst_chain_free(o.model.cast()) };
    assert_eq!(super::message(), "chain: expected an object of kind chain, got an object of kind model");
    let skewed = y.as_mut_ptr().wrapping_byte_add(4);
    let message = expect_error(4, unsafe { inst_chain_field(o.chain, skewed) });
    assert_eq!(message, "field: expected a pointer to numbers of 8 bytes, got a skewed one");
    assert_eq!(y, [UNTOUCHED; VOLUME]);
}

#[test]
fn objects_that_were_freed_are_refused_and_shells_are_used_again() {
    let o = Objects::new();
    let mut value = UNTOUCHED;
    let (mut addresses, field) = (std::collections::HashSet::new(), [0.5; VOLUME]);
    unsafe {
        for round in 0..2000 {
            let action = made(|out| inst_action_new(o.lattice, ACTION.as_ptr(), out));
            addresses.insert(action.addr());
            expect_ok(inst_action_value(action, 1, field.as_ptr(), &mut value));
            inst_action_free(action);
            // inst_last_error gives the message of the thread's last failing call.
            let refused = expect_error(4, inst_action_value(action, 1, field.as_ptr(), &mut value));
            assert_eq!(refused, "action: expected an object of kind action, got one that was freed", "{round}");
            inst_action_free(action);
            inst_action_free(action);
            let other = expect_error(4, inst_model_save(action.cast(), c"/nowhere/m".as_ptr()));
            assert_eq!(other, "model: expected an object of kind model, got an object of kind action");
        }
    }
    assert!(addresses.len() < 600, "{}", addresses.len());
}
