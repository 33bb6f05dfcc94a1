//! NULL for each pointer in turn.

use super::*;

unsafe extern "C" fn never(_: *const f64, _: i64, _: *mut f64, _: *mut f64, _: *mut c_void) -> i32 {
    unreachable!("an action that was not made")
}

/// Checks a call in which the named argument is NULL.
fn null(argument: &str, status: inst_status) {
    assert_eq!(expect_error(1, status), format!("{argument}: expected a pointer, got NULL"));
}

#[test]
fn null_arguments_of_contexts_lattices_and_actions_are_named_and_nothing_is_written() {
    let o = Objects::new();
    let mut numbers = [UNTOUCHED; 4 * VOLUME];
    let (x, y) = (numbers.as_ptr(), numbers.as_mut_ptr());
    let (none, nowhere) = (ptr::null::<f64>(), ptr::null_mut::<f64>());
    let (mut whole, mut letter, extent) = (-77i64, b'?' as c_char, [4i64, 4]);
    let (mut a_lattice, mut an_action) = (mark(), mark());
    unsafe {
        null("out", inst_context_new(ptr::null(), ptr::null_mut()));
        null("text", inst_devices(ptr::null_mut(), 1, &mut whole));
        null("needed", inst_devices(&mut letter, 1, ptr::null_mut()));
        null("context", inst_lattice_new(ptr::null(), 2, extent.as_ptr(), &mut a_lattice));
        null("extent", inst_lattice_new(o.context, 2, ptr::null(), &mut a_lattice));
        null("out", inst_lattice_new(o.context, 2, extent.as_ptr(), ptr::null_mut()));
        null("lattice", inst_action_new(ptr::null(), ACTION.as_ptr(), &mut an_action));
        null("out", inst_action_new(o.lattice, ACTION.as_ptr(), ptr::null_mut()));
        null("lattice", inst_action_from_callback(ptr::null(), Some(never), ptr::null_mut(), &mut an_action));
        null("function", inst_action_from_callback(o.lattice, None, ptr::null_mut(), &mut an_action));
        null("out", inst_action_from_callback(o.lattice, Some(never), ptr::null_mut(), ptr::null_mut()));
        null("action", inst_action_value(ptr::null(), 1, x, y));
        null("fields", inst_action_value(o.action, 1, none, y));
        null("values", inst_action_value(o.action, 1, x, nowhere));
        null("action", inst_action_gradient(ptr::null(), 1, x, y));
        null("fields", inst_action_gradient(o.action, 1, none, y));
        null("gradients", inst_action_gradient(o.action, 1, x, nowhere));
        null("action", inst_action_refresh(ptr::null(), 0, x, &mut an_action));
        null("field", inst_action_refresh(o.action, 0, none, &mut an_action));
        null("out", inst_action_refresh(o.action, 0, x, ptr::null_mut()));
    }
    assert_eq!(numbers, [UNTOUCHED; 4 * VOLUME]);
    assert_eq!((whole, letter), (-77, b'?' as c_char));
    assert_eq!([a_lattice.addr(), an_action.addr()], [64; 2]);
}

#[test]
fn null_arguments_of_models_are_named_and_nothing_is_written() {
    let o = Objects::new();
    let mut numbers = [UNTOUCHED; 4 * VOLUME];
    let (x, y) = (numbers.as_ptr(), numbers.as_mut_ptr());
    let (none, nowhere) = (ptr::null::<f64>(), ptr::null_mut::<f64>());
    let (mut whole, mut letter, mut a_model) = (-77i64, b'?' as c_char, mark());
    unsafe {
        null("lattice", inst_model_new(ptr::null(), MODEL.as_ptr(), &mut a_model));
        null("out", inst_model_new(o.lattice, MODEL.as_ptr(), ptr::null_mut()));
        null("lattice", inst_model_load(ptr::null(), c"m".as_ptr(), &mut a_model));
        null("path", inst_model_load(o.lattice, ptr::null(), &mut a_model));
        null("out", inst_model_load(o.lattice, c"m".as_ptr(), ptr::null_mut()));
        null("model", inst_model_at(ptr::null(), c"{}".as_ptr(), &mut a_model));
        null("out", inst_model_at(o.model, c"{}".as_ptr(), ptr::null_mut()));
        null("model", inst_model_transfer(ptr::null(), o.lattice, &mut a_model));
        null("lattice", inst_model_transfer(o.model, ptr::null(), &mut a_model));
        null("out", inst_model_transfer(o.model, o.lattice, ptr::null_mut()));
        null("model", inst_model_train_on(ptr::null_mut(), 1, x, ptr::null(), None, ptr::null_mut()));
        null("fields", inst_model_train_on(o.model, 1, none, ptr::null(), None, ptr::null_mut()));
        null("model", inst_model_save(ptr::null(), c"/nowhere/m".as_ptr()));
        null("path", inst_model_save(o.model, ptr::null()));
        null("model", inst_model_count(ptr::null(), &mut whole));
        null("count", inst_model_count(o.model, ptr::null_mut()));
        null("model", inst_model_describe(ptr::null(), &mut letter, 1, &mut whole));
        null("text", inst_model_describe(o.model, ptr::null_mut(), 1, &mut whole));
        null("needed", inst_model_describe(o.model, &mut letter, 1, ptr::null_mut()));
        null("model", inst_model_train(ptr::null_mut(), o.action, ptr::null(), None, ptr::null_mut()));
        null("action", inst_model_train(o.model, ptr::null(), ptr::null(), None, ptr::null_mut()));
        null("model", inst_model_sample(ptr::null(), 0, 1, y, y));
        null("fields", inst_model_sample(o.model, 0, 1, nowhere, y));
        null("log_q", inst_model_sample(o.model, 0, 1, y, nowhere));
        null("model", inst_model_sample_paths(ptr::null(), c"{}".as_ptr(), 0, 1, y, y));
        null("fields", inst_model_sample_paths(o.model, c"{}".as_ptr(), 0, 1, nowhere, y));
        null("log_path", inst_model_sample_paths(o.model, c"{}".as_ptr(), 0, 1, y, nowhere));
        null("model", inst_model_log_density(ptr::null(), 1, x, y));
        null("fields", inst_model_log_density(o.model, 1, none, y));
        null("log_q", inst_model_log_density(o.model, 1, x, nowhere));
    }
    assert_eq!(numbers, [UNTOUCHED; 4 * VOLUME]);
    assert_eq!((whole, letter, a_model.addr()), (-77, b'?' as c_char, 64));
}

#[test]
fn null_arguments_of_proposals_and_chains_are_named_and_nothing_is_written() {
    let o = Objects::new();
    let mut numbers = [UNTOUCHED; 4 * VOLUME];
    let (x, y) = (numbers.as_ptr(), numbers.as_mut_ptr());
    let (none, nowhere) = (ptr::null::<f64>(), ptr::null_mut::<f64>());
    let (mut flag, mut a_proposal, mut a_chain) = (-77i32, mark(), mark());
    unsafe {
        null("model", inst_proposal_new(ptr::null(), o.action, ptr::null(), &mut a_proposal));
        let langevin = c"{type: 'langevin', step: 0.1}".as_ptr();
        null("action", inst_proposal_new(ptr::null(), ptr::null(), langevin, &mut a_proposal));
        null("out", inst_proposal_new(o.model, o.action, ptr::null(), ptr::null_mut()));
        null("proposal", inst_propose(ptr::null(), 0, x, y, y));
        null("current", inst_propose(o.proposal, 0, none, y, y));
        null("proposed", inst_propose(o.proposal, 0, x, nowhere, y));
        null("log_ratio", inst_propose(o.proposal, 0, x, y, nowhere));
        null("action", inst_chain_new(ptr::null(), o.model, ptr::null(), &mut a_chain));
        null("out", inst_chain_new(o.action, o.model, ptr::null(), ptr::null_mut()));
        null("chain", inst_chain_set_field(ptr::null_mut(), x));
        null("field", inst_chain_set_field(o.chain, none));
        null("chain", inst_chain_field(ptr::null(), y));
        null("field", inst_chain_field(o.chain, nowhere));
        null("chain", inst_chain_step(ptr::null_mut(), &mut flag, y, y));
        null("accepted", inst_chain_step(o.chain, ptr::null_mut(), y, y));
        null("value", inst_chain_step(o.chain, &mut flag, nowhere, y));
        null("delta", inst_chain_step(o.chain, &mut flag, y, nowhere));
        null("chain", inst_chain_save(ptr::null(), c"/nowhere/c".as_ptr()));
        null("path", inst_chain_save(o.chain, ptr::null()));
        null("chain", inst_chain_load(ptr::null_mut(), c"c".as_ptr()));
        null("path", inst_chain_load(o.chain, ptr::null()));
        let (mut letter, mut whole) = (0, 0);
        null("chain", inst_chain_describe(ptr::null(), &mut letter, 1, &mut whole));
        null("text", inst_chain_describe(o.chain, ptr::null_mut(), 1, &mut whole));
        null("needed", inst_chain_describe(o.chain, &mut letter, 1, ptr::null_mut()));
        null("chain", inst_chain_reversibility(ptr::null(), y, y));
        null("distance", inst_chain_reversibility(o.chain, nowhere, y));
        null("energy", inst_chain_reversibility(o.chain, y, nowhere));
    }
    assert_eq!(numbers, [UNTOUCHED; 4 * VOLUME]);
    assert_eq!((flag, a_proposal.addr(), a_chain.addr()), (-77, 64, 64));
    // The chain has made no step meanwhile.
    unsafe { expect_ok(inst_chain_field(o.chain, y)) };
    assert_eq!(numbers[..VOLUME], [0.0; VOLUME]);
}

#[test]
fn null_arguments_of_statistics_are_named_and_nothing_is_written() {
    let mut numbers = [UNTOUCHED; 4 * VOLUME];
    let (x, y) = (numbers.as_ptr(), numbers.as_mut_ptr());
    let (none, nowhere) = (ptr::null::<f64>(), ptr::null_mut::<f64>());
    unsafe {
        null("series", inst_autocorrelation(16, none, y, y, y, y));
        null("mean", inst_autocorrelation(16, x, nowhere, y, y, y));
        null("error", inst_autocorrelation(16, x, y, nowhere, y, y));
        null("tau", inst_autocorrelation(16, x, y, y, nowhere, y));
        null("tau_error", inst_autocorrelation(16, x, y, y, y, nowhere));
        let (counts, mut report) = ([8i64, 8], two_sided_report());
        null("counts", inst_autocorrelation_replicas(2, ptr::null(), x, y, y, y, y, y));
        null("series", inst_autocorrelation_replicas(2, counts.as_ptr(), none, y, y, y, y, y));
        null("mean", inst_autocorrelation_replicas(2, counts.as_ptr(), x, nowhere, y, y, y, y));
        null("error", inst_autocorrelation_replicas(2, counts.as_ptr(), x, y, nowhere, y, y, y));
        null("tau", inst_autocorrelation_replicas(2, counts.as_ptr(), x, y, y, nowhere, y, y));
        null("tau_error", inst_autocorrelation_replicas(2, counts.as_ptr(), x, y, y, y, nowhere, y));
        null("quality", inst_autocorrelation_replicas(2, counts.as_ptr(), x, y, y, y, y, nowhere));
        null("log_weights", inst_reweighting_two_sided(16, none, 16, x, &mut report));
        null("chain_log_weights", inst_reweighting_two_sided(16, x, 16, none, &mut report));
        null("report", inst_reweighting_two_sided(16, x, 16, x, ptr::null_mut()));
        assert_eq!(report.disagreement, UNTOUCHED);
    }
    assert_eq!(numbers, [UNTOUCHED; 4 * VOLUME]);
}

#[test]
fn null_arguments_of_reweighting_are_named_and_nothing_is_written() {
    let mut numbers = [UNTOUCHED; 4 * VOLUME];
    let (x, y) = (numbers.as_ptr(), numbers.as_mut_ptr());
    let (none, nowhere) = (ptr::null::<f64>(), ptr::null_mut::<f64>());
    unsafe {
        let counts = [8i64, 8];
        null("log_weights", inst_reweighting(16, none, y, y, y, y));
        null("ess", inst_reweighting(16, x, nowhere, y, y, y));
        null("ess_error", inst_reweighting(16, x, y, nowhere, y, y));
        null("log_z", inst_reweighting(16, x, y, y, nowhere, y));
        null("log_z_error", inst_reweighting(16, x, y, y, y, nowhere));
        null("log_weights", inst_reweighting_tail(16, none, y));
        null("tail_shape", inst_reweighting_tail(16, x, nowhere));
        null("log_weights", inst_kl_per_site(16, none, 0.0, 1, y, y));
        null("kl", inst_kl_per_site(16, x, 0.0, 1, nowhere, y));
        null("kl_error", inst_kl_per_site(16, x, 0.0, 1, y, nowhere));
        null("log_weights", inst_reweighting_mean(16, none, x, none, none, y, y));
        null("observable", inst_reweighting_mean(16, x, none, none, none, y, y));
        null("coarse_log_weights", inst_reweighting_mean(16, x, x, none, x, y, y));
        null("coarse_observable", inst_reweighting_mean(16, x, x, x, none, y, y));
        null("mean", inst_reweighting_mean(16, x, x, x, x, nowhere, y));
        null("error", inst_reweighting_mean(16, x, x, none, none, y, nowhere));
        null("log_weights", inst_reweighting_nested(16, none, 2, counts.as_ptr(), y, y));
        null("counts", inst_reweighting_nested(16, x, 2, ptr::null(), y, y));
        null("ess", inst_reweighting_nested(16, x, 2, counts.as_ptr(), nowhere, y));
        null("ess_error", inst_reweighting_nested(16, x, 2, counts.as_ptr(), y, nowhere));
        null("chain_log_weights", inst_reweighting_forward(16, none, none, y, y, y, y));
        null("ess", inst_reweighting_forward(16, x, none, nowhere, y, y, y));
        null("ess_error", inst_reweighting_forward(16, x, none, y, nowhere, y, y));
        null("kl", inst_reweighting_forward(16, x, none, y, y, nowhere, y));
        null("kl_error", inst_reweighting_forward(16, x, none, y, y, y, nowhere));
        for balance in [inst_mode_balance, inst_mode_balance_independent] {
            null("labels", balance(16, none, 0.5, y, y, y));
            null("share", balance(16, x, 0.5, nowhere, y, y));
            null("share_error", balance(16, x, 0.5, y, nowhere, y));
            null("probability", balance(16, x, 0.5, y, y, nowhere));
        }
    }
    assert_eq!(numbers, [UNTOUCHED; 4 * VOLUME]);
}

#[test]
fn null_arguments_of_ladders_are_named_and_nothing_is_written() {
    let o = Objects::new();
    let spec = c"{defect: {size: [2]}, replicas: 2, action: {type: 'wilson', group: 'u1', beta: 1}}".as_ptr();
    let ladder = made(|out| unsafe { inst_ladder_new(o.lattice, spec, out) });
    let mut numbers = [UNTOUCHED; 4 * VOLUME];
    let (x, y) = (numbers.as_ptr(), numbers.as_mut_ptr());
    let (mut whole, mut counter, mut letter) = ([-77i64; 2], 77, b'?' as c_char);
    let w = whole.as_mut_ptr();
    let (base, none) = ([y.cast::<c_void>()], [ptr::null_mut::<c_void>()]);
    let (bases, nowhere) = (base.as_ptr(), none.as_ptr());
    let (d, n, z) = (ptr::null(), ptr::null(), ptr::null_mut());
    unsafe {
        null("lattice", inst_ladder_new(ptr::null(), spec, &mut mark()));
        null("out", inst_ladder_new(o.lattice, spec, ptr::null_mut()));
        null("ladder", inst_ladder_state(ptr::null(), w, &mut counter));
        null("replicas", inst_ladder_state(ladder, ptr::null_mut(), &mut counter));
        null("counter", inst_ladder_state(ladder, w, ptr::null_mut()));
        null("ladder", inst_ladder_replica(ptr::null(), 0, w, y, y, w));
        null("rung", inst_ladder_replica(ladder, 0, ptr::null_mut(), y, y, w));
        null("strength", inst_ladder_replica(ladder, 0, w, ptr::null_mut(), y, w));
        null("partner", inst_ladder_replica(ladder, 0, w, y, ptr::null_mut(), w));
        null("at", inst_ladder_replica(ladder, 0, w, y, y, ptr::null_mut()));
        null("ladder", inst_ladder_link_factors(ptr::null(), 0, 1.0, 0, d, bases));
        null("base", inst_ladder_link_factors(ladder, 0, 1.0, 0, d, ptr::null()));
        null("base[0]", inst_ladder_link_factors(ladder, 0, 1.0, 0, d, nowhere));
        null("ladder", inst_ladder_plaquette_weights(ptr::null(), 0, 1.0, 0, 1, d, bases));
        null("base", inst_ladder_plaquette_weights(ladder, 0, 1.0, 0, 1, d, ptr::null()));
        null("base[0]", inst_ladder_plaquette_weights(ladder, 0, 1.0, 0, 1, d, nowhere));
        null("ladder", inst_ladder_difference(ptr::null(), 0, d, bases.cast(), y));
        null("base", inst_ladder_difference(ladder, 0, d, ptr::null(), y));
        null("difference", inst_ladder_difference(ladder, 0, d, bases.cast(), ptr::null_mut()));
        null("ladder", inst_ladder_swap(ptr::null_mut(), 2, n, x));
        null("differences", inst_ladder_swap(ladder, 2, n, ptr::null()));
        null("ladder", inst_ladder_connect(z, ptr::null()));
        null("communicator", inst_ladder_connect(ladder, ptr::null()));
        null("ladder", inst_ladder_describe(ptr::null(), &mut letter, 1, w));
        null("text", inst_ladder_describe(ladder, ptr::null_mut(), 1, w));
        null("needed", inst_ladder_describe(ladder, &mut letter, 1, ptr::null_mut()));
        null("ladder", inst_ladder_save(ptr::null(), c"l".as_ptr()));
        null("path", inst_ladder_save(ladder, ptr::null()));
        null("ladder", inst_ladder_load(ptr::null_mut(), c"l".as_ptr()));
        null("path", inst_ladder_load(ladder, ptr::null()));
        inst_ladder_free(ladder);
        inst_ladder_free(ptr::null_mut());
    }
    assert_eq!(numbers, [UNTOUCHED; 4 * VOLUME]);
    assert_eq!((whole, counter, letter), ([-77; 2], 77, b'?' as c_char));
}

#[test]
fn null_is_freed_and_means_the_defaults_of_a_spec() {
    let o = Objects::new();
    unsafe {
        inst_context_free(ptr::null_mut());
        inst_lattice_free(ptr::null_mut());
        inst_action_free(ptr::null_mut());
        inst_model_free(ptr::null_mut());
        inst_proposal_free(ptr::null_mut());
        inst_chain_free(ptr::null_mut());
        for spec in [ptr::null(), c"".as_ptr(), c"{}".as_ptr()] {
            inst_context_free(made(|out| inst_context_new(spec, out)));
            inst_model_free(made(|out| inst_model_new(o.lattice, spec, out)));
            inst_proposal_free(made(|out| inst_proposal_new(o.model, ptr::null(), spec, out)));
            inst_chain_free(made(|out| inst_chain_new(o.action, ptr::null(), spec, out)));
            let message = unmade(2, |out| inst_action_new(o.lattice, spec, out));
            assert_eq!(
                message,
                "action: missing key 'type' (one of 'phi4' or 'quantum_mechanics' or 'wilson' or 'symanzik' or 'iwasaki' or 'dbw2' or 'improved' or 'two_flavour' or 'rational' or 'sum' or 'complex_phi4' or 'bose_gas'); known keys: type"
            );
        }
    }
}
