//! A host's calls of the interface from a context to a chain; results equal those of the library called from Rust.

use super::*;
use crate::action::ActionSpec;
use crate::context::{Context, Precision};
use crate::flow::{Flow, Model, ModelSpec};
use crate::lattice::Lattice;
use std::sync::Arc;

#[test]
fn version_and_devices_are_reported() {
    let version = unsafe { CStr::from_ptr(inst_version()) };
    assert_eq!(version.to_str().unwrap(), env!("CARGO_PKG_VERSION"));
    let devices = text(|text, capacity, needed| unsafe { inst_devices(text, capacity, needed) });
    let devices: serde_json::Value = serde_json::from_str(&devices).unwrap();
    assert_eq!(devices[0]["device"], "cpu");
    assert!(["avx512", "avx2", "portable"].contains(&devices[0]["instructions"].as_str().unwrap()));
    assert!(devices[0]["threads"].as_u64().unwrap() >= 1);
    let text = |object: &serde_json::Value| CString::new(object.to_string()).unwrap();
    let spec = text(&serde_json::json!({ "device": devices[0]["device"] }));
    unsafe { inst_context_free(made(|out| inst_context_new(spec.as_ptr(), out))) };
}

/// A model of type 'diffusion' by the functions that it alone has: training on a chain and on its paths, and fields of paths.
#[test]
fn a_diffusion_model_is_trained_for_an_action_and_gives_paths() {
    const BATCH: usize = 5;
    let o = Objects::new();
    let spec = c"{type: 'diffusion', network: {type: 'convolutional', hidden: [2], times: 2}}";
    let paths = c"{steps: 6, corrector: {steps: 1}}";
    let (mut fields, mut log_path) = (vec![7.0; BATCH * VOLUME], vec![7.0; BATCH]);
    unsafe {
        let model = made(|out| inst_model_new(o.lattice, spec.as_ptr(), out));
        for keys in
            [c"{steps: 2, batch: 4, score: 'mixed', fields: {count: 10}}", c"{steps: 2, path_ratio: {steps: 4}}"]
        {
            expect_ok(inst_model_train(model, o.action, keys.as_ptr(), None, ptr::null_mut()));
        }
        let draw = |counter, batch, fields: &mut [f64], log_path: &mut [f64]| {
            inst_model_sample_paths(model, paths.as_ptr(), counter, batch, fields.as_mut_ptr(), log_path.as_mut_ptr())
        };
        expect_ok(draw(3, BATCH as i64, &mut fields, &mut log_path));
        let (mut again, mut weight) = (vec![0.0; VOLUME], [0.0]);
        expect_ok(draw(5, 1, &mut again, &mut weight));
        assert_eq!((&again[..], weight[0]), (&fields[2 * VOLUME..3 * VOLUME], log_path[2]));
        assert!(log_path.iter().all(|w| w.is_finite()) && log_path[0] != log_path[1]);
        let refused = |model, spec: &CStr| {
            let mut number = [7.0; VOLUME];
            let y = number.as_mut_ptr();
            let status = inst_model_sample_paths(model, spec.as_ptr(), 0, 1, y, &mut 7.0);
            assert_eq!(number, [7.0; VOLUME]);
            expect_error(status, status)
        };
        assert_eq!(refused(model, c"{steps: 0}"), "paths: steps: expected 1 to 100000, got 0");
        let unknown = refused(model, c"{step: 5}");
        assert!(unknown.starts_with("paths: unknown key 'step'; known keys: steps, corrector"), "{unknown}");
        assert_eq!(refused(o.model, c"{}"), "model: expected one of type 'diffusion', got another");
        inst_model_free(model);
    }
}

#[test]
fn the_numbers_are_those_of_the_library() {
    let o = Objects::new();
    let context = Arc::new(Context::new(5, Precision::F64, 1).unwrap());
    let lattice = Lattice::new(&[4, 4]).unwrap();
    let spec: ModelSpec = json5::from_str("{type: 'affine', layers: 2, hidden: [3]}").unwrap();
    let flow = Flow::new(&context, &lattice, &spec).unwrap();
    let action = json5::from_str::<ActionSpec>(ACTION.to_str().unwrap()).unwrap().build(&context, &lattice).unwrap();

    const BATCH: usize = 37;
    let (mut expected, mut expected_log_q) = (vec![0.0; BATCH * VOLUME], vec![0.0; BATCH]);
    flow.sample(1 << 40, BATCH, &mut expected, &mut expected_log_q).unwrap();
    let (mut fields, mut log_q) = (vec![0.0; BATCH * VOLUME], vec![0.0; BATCH]);
    let (mut values, mut gradients, mut inverse) = (vec![0.0; BATCH], vec![0.0; BATCH * VOLUME], vec![0.0; BATCH]);
    let batch = BATCH as i64;
    unsafe {
        expect_ok(inst_model_sample(o.model, 1 << 40, batch, fields.as_mut_ptr(), log_q.as_mut_ptr()));
        expect_ok(inst_model_log_density(o.model, batch, fields.as_ptr(), inverse.as_mut_ptr()));
        expect_ok(inst_action_value(o.action, batch, fields.as_ptr(), values.as_mut_ptr()));
        expect_ok(inst_action_gradient(o.action, batch, fields.as_ptr(), gradients.as_mut_ptr()));
    }
    assert_eq!((&fields, &log_q), (&expected, &expected_log_q));
    let mut gradient = [0.0; VOLUME];
    for i in 0..BATCH {
        let field = &fields[i * VOLUME..(i + 1) * VOLUME];
        assert!((inverse[i] - log_q[i]).abs() < 1e-11);
        assert_eq!(values[i], action.value(field).unwrap());
        action.gradient(field, &mut gradient).unwrap();
        assert_eq!(gradients[i * VOLUME..(i + 1) * VOLUME], gradient);
    }
}

#[test]
fn many_densities_are_those_of_each() {
    let context = made(|out| unsafe { inst_context_new(ptr::null(), out) });
    let line = lattice(context, &[1 << 18]);
    let model = made(|out| unsafe { inst_model_new(line, c"{layers: 1, hidden: [], kernel: 1}".as_ptr(), out) });
    // More numbers than log q is computed for at a time.
    const BATCH: usize = 33;
    let (mut fields, mut log_q, mut again) = (vec![0.0; BATCH << 18], [0.0; BATCH], [0.0; BATCH]);
    unsafe {
        expect_ok(inst_model_sample(model, 3, BATCH as i64, fields.as_mut_ptr(), log_q.as_mut_ptr()));
        expect_ok(inst_model_log_density(model, BATCH as i64, fields.as_ptr(), again.as_mut_ptr()));
        inst_model_free(model);
        inst_lattice_free(line);
        inst_context_free(context);
    }
    for (a, b) in log_q.iter().zip(again) {
        assert!((a - b).abs() < 1e-9 * a.abs());
    }
}

#[test]
fn a_host_s_own_chain_gets_proposals_even_in_place() {
    let o = Objects::new();
    let draw = |counter| {
        let (mut field, mut log_q) = ([0.0; VOLUME], 0.0);
        unsafe { expect_ok(inst_model_sample(o.model, counter, 1, field.as_mut_ptr(), &mut log_q)) };
        (field, log_q)
    };
    let (mut current, mut log_current) = draw(1000);
    for counter in 0..20 {
        let (mut proposed, mut log_ratio) = ([0.0; VOLUME], 0.0);
        unsafe {
            expect_ok(inst_propose(o.proposal, counter, current.as_ptr(), proposed.as_mut_ptr(), &mut log_ratio));
        }
        let (field, log_q) = draw(counter);
        assert_eq!(proposed, field);
        assert!((log_ratio - (log_current - log_q)).abs() < 1e-11);
        let mut ratio_in_place = 0.0;
        let place = current.as_mut_ptr();
        unsafe { expect_ok(inst_propose(o.proposal, counter, place, place, &mut ratio_in_place)) };
        assert_eq!((current, ratio_in_place), (field, log_ratio));
        log_current = log_q;
    }
}

#[test]
fn proposals_and_chains_keep_the_model_that_they_were_made_from() {
    let o = Objects::new();
    let propose = || {
        let (mut field, mut ratio) = ([0.1; VOLUME], 0.0);
        let place = field.as_mut_ptr();
        unsafe { expect_ok(inst_propose(o.proposal, 3, place, place, &mut ratio)) };
        (field, ratio)
    };
    let before = propose();
    let spec = c"{steps: 3, batch: 8}".as_ptr();
    unsafe { expect_ok(inst_model_train(o.model, o.action, spec, None, ptr::null_mut())) };
    assert_eq!(propose(), before);
    let trained = made(|out| unsafe { inst_proposal_new(o.model, ptr::null(), ptr::null(), out) });
    let (mut field, mut ratio) = ([0.1; VOLUME], 0.0);
    let place = field.as_mut_ptr();
    unsafe { expect_ok(inst_propose(trained, 3, place, place, &mut ratio)) };
    assert_ne!((field, ratio), before);
    unsafe { inst_proposal_free(trained) };
}

#[test]
fn a_chain_is_set_stepped_saved_and_resumed() {
    let o = Objects::new();
    let folder = Folder::new("chain");
    let file = folder.file("chain");
    let spec = c"{type: 'cycle', kernels: [{type: 'hmc'}, {type: 'independence'}]}".as_ptr();
    let chain = made(|out| unsafe { inst_chain_new(o.action, o.model, spec, out) });
    let other = made(|out| unsafe { inst_chain_new(o.action, o.model, spec, out) });
    let start = [0.25; VOLUME];
    let step = |chain| {
        let (mut accepted, mut numbers, mut field) = (-1, [0.0; 2], [0.0; VOLUME]);
        let [value, delta] = numbers.each_mut();
        unsafe { expect_ok(inst_chain_step(chain, &mut accepted, value, delta)) };
        unsafe { expect_ok(inst_chain_field(chain, field.as_mut_ptr())) };
        let mut direct = 0.0;
        unsafe { expect_ok(inst_action_value(o.action, 1, field.as_ptr(), &mut direct)) };
        assert!((direct - numbers[0]).abs() < 1e-12 && (accepted == 0 || accepted == 1));
        (accepted, numbers, field)
    };
    unsafe { expect_ok(inst_chain_set_field(chain, start.as_ptr())) };
    for _ in 0..10 {
        step(chain);
    }
    unsafe { expect_ok(inst_chain_save(chain, file.as_ptr())) };
    unsafe { expect_ok(inst_chain_load(other, file.as_ptr())) };
    for _ in 0..10 {
        assert_eq!(step(chain), step(other));
    }
    let missing = folder.file("missing");
    let message = expect_error(5, unsafe { inst_chain_load(chain, missing.as_ptr()) });
    assert!(message.starts_with(missing.to_str().unwrap()), "{message}");
    let below = folder.file("chain/below");
    expect_error(5, unsafe { inst_chain_save(chain, below.as_ptr()) });
    unsafe { expect_ok(inst_model_save(o.model, file.as_ptr())) };
    let message = expect_error(4, unsafe { inst_chain_load(chain, file.as_ptr()) });
    assert!(message.contains("chain, got"), "{message}");
    unsafe {
        inst_chain_free(chain);
        inst_chain_free(other);
    }
}

#[test]
fn a_model_describes_itself_and_survives_its_file() {
    let o = Objects::new();
    let describe = |model| text(|text, capacity, needed| unsafe { inst_model_describe(model, text, capacity, needed) });
    let folder = Folder::new("model");
    let file = folder.file("model");
    unsafe { expect_ok(inst_model_save(o.model, file.as_ptr())) };
    let loaded = made(|out| unsafe { inst_model_load(o.lattice, file.as_ptr(), out) });
    assert_eq!(describe(loaded), describe(o.model));
    let description: serde_json::Value = serde_json::from_str(&describe(o.model)).unwrap();
    assert_eq!(description["extent"], serde_json::json!([4, 4]));
    assert_eq!(description["spec"]["type"], "affine");
    assert_eq!(description["parameters"], 2 * (3 * 9 + 3 + 2 * 3 * 9 + 2));
    let other = lattice(o.context, &[6, 6]);
    assert!(unmade(3, |out| unsafe { inst_model_load(other, file.as_ptr(), out) }).contains("4"));
    unsafe {
        inst_model_free(loaded);
        inst_lattice_free(other);
    }
}

#[test]
fn statistics_are_those_of_the_library() {
    let mut series = [0.0; 500];
    crate::random::Stream::new(3, crate::random::Purpose::Start, 1).normals(&mut series);
    let (mut a, mut b, mut c, mut d, mut tail) = (0.0, 0.0, 0.0, 0.0, 0.0);
    unsafe { expect_ok(inst_autocorrelation(500, series.as_ptr(), &mut a, &mut b, &mut c, &mut d)) };
    let expected = crate::statistics::autocorrelation(&series).unwrap();
    assert_eq!([a, b, c, d], [expected.mean, expected.error, expected.tau, expected.tau_error]);
    unsafe {
        expect_ok(inst_reweighting(500, series.as_ptr(), &mut a, &mut b, &mut c, &mut d));
        expect_ok(inst_reweighting_tail(500, series.as_ptr(), &mut tail));
    }
    let expected = crate::statistics::reweighting(&series).unwrap();
    assert_eq!([a, b, c, d], [expected.ess, expected.ess_error, expected.log_z, expected.log_z_error]);
    assert_eq!(tail, expected.tail_shape);
    let (mut e, counts, mut report) = (0.0, [200i64, 300], two_sided_report());
    let (chains, x) = (counts.as_ptr(), series.as_ptr());
    unsafe { expect_ok(inst_autocorrelation_replicas(2, chains, x, &mut a, &mut b, &mut c, &mut d, &mut e)) };
    let expected = crate::statistics::autocorrelation_of_replica(&[&series[..200], &series[200..]]).unwrap();
    let found = [expected.mean, expected.error, expected.tau, expected.tau_error, expected.quality];
    assert_eq!([a, b, c, d, e], found);
    let (weights, fields) = (&series[..100], &series[100..]);
    unsafe { expect_ok(inst_reweighting_two_sided(100, weights.as_ptr(), 400, fields.as_ptr(), &mut report)) };
    let expected = crate::statistics::two_sided(weights, fields).unwrap();
    assert_eq!([report.log_z_model, report.log_z_chain], [expected.log_z_model.value, expected.log_z_chain.value]);
    assert_eq!([report.log_z, report.log_z_error], [expected.log_z.value, expected.log_z.error]);
    assert_eq!([report.kl_model, report.kl_chain], [expected.kl_model.value, expected.kl_chain.value]);
    assert_eq!([report.kl_model_error, report.kl_chain_error], [expected.kl_model.error, expected.kl_chain.error]);
    assert_eq!([report.log_z_chain_error, report.disagreement], [expected.log_z_chain.error, expected.disagreement]);
    let mut other = inst_two_sided_report { struct_size: 8, ..two_sided_report() };
    let size = unsafe { inst_reweighting_two_sided(100, weights.as_ptr(), 400, fields.as_ptr(), &mut other) };
    assert_eq!(expect_error(3, size), "report.struct_size: expected 96, got 8");
    judged(&series);
    let still = [1.0; 100];
    let moved = unsafe { inst_autocorrelation(100, still.as_ptr(), &mut a, &mut b, &mut c, &mut d) };
    assert!(expect_error(6, moved).contains("a chain that never moved"));
    let short = expect_error(3, unsafe { inst_autocorrelation(3, series.as_ptr(), &mut a, &mut b, &mut c, &mut d) });
    assert_eq!(short, "series: expected at least 4 numbers, got 3");
}

/// The numbers that judge a model are those of the library's own functions.
fn judged(series: &[f64]) {
    let (mut a, mut b, mut c, mut d, x) = (0.0, 0.0, 0.0, 0.0, series.as_ptr());
    unsafe { expect_ok(inst_kl_per_site(500, x, 7.0, 3, &mut a, &mut b)) };
    let expected = crate::statistics::kl_per_site(series, 7.0, 3).unwrap();
    assert_eq!([a, b], [expected.value, expected.error]);
    let squares: Vec<f64> = series.iter().map(|x| x * x).collect();
    let halves: Vec<f64> = series.iter().map(|x| 0.5 * x).collect();
    let (squared, half) = (squares.as_ptr(), halves.as_ptr());
    unsafe { expect_ok(inst_reweighting_mean(500, x, squared, ptr::null(), ptr::null(), &mut a, &mut b)) };
    let expected = crate::statistics::reweighted(series, &squares).unwrap();
    assert_eq!([a, b], [expected.value, expected.error]);
    unsafe { expect_ok(inst_reweighting_mean(500, x, squared, half, x, &mut a, &mut b)) };
    let expected = crate::statistics::reweighted_difference((series, &squares), (&halves, series)).unwrap();
    assert_eq!([a, b], [expected.value, expected.error]);
    let (counts, mut ess, mut ess_error) = ([100i64, 500], [0.0; 2], [0.0; 2]);
    unsafe {
        expect_ok(inst_reweighting_nested(500, x, 2, counts.as_ptr(), ess.as_mut_ptr(), ess_error.as_mut_ptr()));
    }
    for (k, expected) in crate::statistics::nested_ess(series, &[100, 500]).unwrap().iter().enumerate() {
        assert_eq!([ess[k], ess_error[k]], [expected.value, expected.error]);
    }
    let too_many = unsafe { inst_reweighting_nested(500, x, 1, &501, &mut a, &mut b) };
    assert_eq!(expect_error(3, too_many), "counts[0]: expected 2 to 500, got 501");
    for log_z in [None, Some(0.3)] {
        let known = log_z.as_ref().map_or(ptr::null(), |z| z as *const f64);
        unsafe { expect_ok(inst_reweighting_forward(500, x, known, &mut a, &mut b, &mut c, &mut d)) };
        let expected = crate::statistics::forward(series, log_z).unwrap();
        assert_eq!([a, b], [expected.ess.value, expected.ess.error]);
        assert_eq!([c, d], [expected.kl.value, expected.kl.error]);
    }
    unsafe { expect_ok(inst_mode_balance(500, x, 0.4, &mut a, &mut b, &mut c)) };
    let expected = crate::statistics::mode_balance(series, 0.4).unwrap();
    assert_eq!([a, b, c], [expected.share.value, expected.share.error, expected.probability]);
    unsafe { expect_ok(inst_mode_balance_independent(500, x, 0.4, &mut a, &mut b, &mut c)) };
    let expected = crate::statistics::mode_balance_of_independent(series, 0.4).unwrap();
    assert_eq!([a, b, c], [expected.share.value, expected.share.error, expected.probability]);
    let share = unsafe { inst_mode_balance(500, x, 1.0, &mut a, &mut b, &mut c) };
    assert_eq!(expect_error(4, share), "expected_share: expected a number between 0 and 1, got 1");
}

#[test]
fn threads_share_an_object_and_keep_their_messages_apart() {
    let o = Objects::new();
    let proposal = o.proposal.addr();
    expect_error(1, unsafe { inst_chain_field(ptr::null(), ptr::null_mut()) });
    let draw = move |counter| {
        let proposal: *const inst_proposal = ptr::with_exposed_provenance(proposal);
        let (mut field, mut ratio) = ([0.1; VOLUME], 0.0);
        let place = field.as_mut_ptr();
        unsafe { expect_ok(inst_propose(proposal, counter, place, place, &mut ratio)) };
        field
    };
    o.proposal.expose_provenance();
    let alone: Vec<_> = (0..50).map(draw).collect();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                assert_eq!(message(), "");
                assert_eq!((0..50).map(draw).collect::<Vec<_>>(), alone);
            });
        }
    });
    assert_eq!(message(), "chain: expected a pointer, got NULL");
}
