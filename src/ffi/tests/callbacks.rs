//! The host's functions: they stop, forget, and call back.

use super::*;
use std::cell::Cell;

/// A host's action S = sum phi^4 / 4, with instructions to misbehave.
struct Host {
    code: Cell<i32>,
    calls: Cell<usize>,
    value: Cell<Option<f64>>,
    inside: Box<dyn Fn()>,
}

impl Host {
    fn new(inside: impl Fn() + 'static) -> Self {
        Self { code: Cell::new(0), calls: Cell::new(0), value: Cell::new(None), inside: Box::new(inside) }
    }

    fn pointer(&self) -> *mut c_void {
        ptr::from_ref(self).cast_mut().cast()
    }

    fn action(&self, lattice: *const inst_lattice) -> *mut inst_action {
        made(|out| unsafe { inst_action_from_callback(lattice, Some(quartic), self.pointer(), out) })
    }
}

unsafe extern "C" fn quartic(
    field: *const f64,
    count: i64,
    value: *mut f64,
    gradient: *mut f64,
    user: *mut c_void,
) -> i32 {
    let host = unsafe { &*user.cast::<Host>() };
    host.calls.set(host.calls.get() + 1);
    (host.inside)();
    let field = unsafe { std::slice::from_raw_parts(field, count as usize) };
    unsafe { *value = host.value.get().unwrap_or(field.iter().map(|phi| phi.powi(4) / 4.0).sum()) };
    if !gradient.is_null() {
        field.iter().enumerate().for_each(|(i, phi)| unsafe { *gradient.add(i) = phi.powi(3) });
    }
    host.code.get()
}

unsafe extern "C" fn progress(step: i64, steps: i64, loss: f64, ess: f64, user: *mut c_void) -> i32 {
    assert!(step <= steps && loss.is_finite() && (0.0..=1.0).contains(&ess));
    let host = unsafe { &*user.cast::<Host>() };
    host.calls.set(host.calls.get() + 1);
    (host.inside)();
    if step < 3 { 0 } else { host.code.get() }
}

#[test]
fn the_host_s_action_is_an_action() {
    let o = Objects::new();
    let host = Host::new(|| ());
    let action = host.action(o.lattice);
    let fields: Vec<f64> = (0..2 * VOLUME).map(|i| 0.1 * i as f64).collect();
    let (mut values, mut gradients) = ([0.0; 2], [0.0; 2 * VOLUME]);
    unsafe {
        expect_ok(inst_action_value(action, 2, fields.as_ptr(), values.as_mut_ptr()));
        expect_ok(inst_action_gradient(action, 2, fields.as_ptr(), gradients.as_mut_ptr()));
    }
    assert_eq!(host.calls.get(), 4);
    for i in 0..2 {
        assert_eq!(values[i], fields[i * VOLUME..(i + 1) * VOLUME].iter().map(|phi| phi.powi(4) / 4.0).sum::<f64>());
    }
    assert!(gradients.iter().zip(&fields).all(|(g, phi)| *g == phi.powi(3)));
    // A chain keeps the action alive.
    let chain = made(|out| unsafe { inst_chain_new(action, ptr::null(), c"{start: 'hot'}".as_ptr(), out) });
    unsafe { inst_action_free(action) };
    let (mut accepted, mut value, mut delta) = (-1, UNTOUCHED, UNTOUCHED);
    unsafe { expect_ok(inst_chain_step(chain, &mut accepted, &mut value, &mut delta)) };
    assert!(accepted == 0 || accepted == 1);
    assert!(value >= 0.0 && delta.is_finite());
    unsafe { inst_chain_free(chain) };
}

#[test]
fn a_code_stops_and_is_named_and_numbers_are_checked() {
    let o = Objects::new();
    let host = Host::new(|| ());
    let action = host.action(o.lattice);
    let chain = made(|out| unsafe { inst_chain_new(action, ptr::null(), ptr::null(), out) });
    let (field, mut y, mut flag) = ([0.5; VOLUME], [UNTOUCHED; VOLUME], -77);
    let place = y.as_mut_ptr();
    let mut check = |status: inst_status, expected: &str| unsafe {
        for got in [
            inst_action_value(action, 1, field.as_ptr(), place),
            inst_action_gradient(action, 1, field.as_ptr(), place),
            inst_chain_set_field(chain, field.as_ptr()),
            inst_chain_step(chain, &mut flag, place, place),
            inst_model_train(o.model, action, c"{steps: 2}".as_ptr(), None, ptr::null_mut()),
        ] {
            let message = expect_error(status, got);
            assert!(message.contains(expected), "{message}");
        }
    };
    host.code.set(-42);
    check(8, "action callback: expected 0, got -42");
    host.code.set(0);
    host.value.set(Some(f64::NAN));
    check(4, "value of the action callback: expected a finite number, got NaN");
    assert_eq!((y, flag), ([UNTOUCHED; VOLUME], -77));
    host.value.set(None);
    unsafe {
        // After all these errors the chain has its old field, and goes on.
        expect_ok(inst_chain_field(chain, place));
        assert_eq!(y, [0.0; VOLUME]);
        expect_ok(inst_chain_step(chain, &mut flag, place, place.add(1)));
        inst_chain_free(chain);
        inst_action_free(action);
    }
}

#[test]
fn training_tells_its_progress_and_stops_with_a_sound_model() {
    let o = Objects::new();
    let host = Host::new(|| ());
    let train = |code, spec: &CStr| {
        host.code.set(code);
        host.calls.set(0);
        unsafe { inst_model_train(o.model, o.action, spec.as_ptr(), Some(progress), host.pointer()) }
    };
    let sample = |model| {
        let (mut fields, mut log_q) = ([0.0; VOLUME], [0.0]);
        unsafe { expect_ok(inst_model_sample(model, 0, 1, fields.as_mut_ptr(), log_q.as_mut_ptr())) };
        (fields, log_q)
    };
    let untrained = sample(o.model);
    assert_eq!(expect_error(8, train(9, c"{steps: 6, batch: 16}")), "progress callback: expected 0, got 9");
    assert_eq!(host.calls.get(), 3);
    let stopped = sample(o.model);
    assert_ne!(stopped, untrained);
    // Stopped, stored and resumed is the same as never stopped.
    let folder = Folder::new("training");
    let file = folder.file("model");
    unsafe { expect_ok(inst_model_save(o.model, file.as_ptr())) };
    let stored = made(|out| unsafe { inst_model_load(o.lattice, file.as_ptr(), out) });
    assert_eq!(sample(stored), stopped);
    let whole = made(|out| unsafe { inst_model_new(o.lattice, MODEL.as_ptr(), out) });
    for model in [stored, whole] {
        let spec = c"{steps: 6, batch: 16}".as_ptr();
        unsafe { expect_ok(inst_model_train(model, o.action, spec, None, ptr::null_mut())) };
    }
    assert_eq!(sample(stored), sample(whole));
    assert_ne!(sample(stored), stopped);
    unsafe {
        inst_model_free(stored);
        inst_model_free(whole);
    }
}

#[test]
fn a_callback_may_use_other_objects_but_not_change_or_free_what_is_in_use() {
    let o = Objects::new();
    let (model, chain) = (o.model, o.chain);
    let host = Host::new(move || unsafe {
        let (mut fields, mut log_q) = ([UNTOUCHED; VOLUME], [UNTOUCHED]);
        let status = inst_model_sample(model, 0, 1, fields.as_mut_ptr(), log_q.as_mut_ptr());
        let expected = "model: expected an object that no other call is changing, got one in use";
        assert_eq!(expect_error(9, status), expected);
        assert_eq!((fields, log_q), ([UNTOUCHED; VOLUME], [UNTOUCHED]));
        inst_model_free(model);
        assert_eq!(message(), expected);
        expect_ok(inst_chain_field(chain, fields.as_mut_ptr()));
    });
    let spec = c"{steps: 1, batch: 8}";
    unsafe { expect_ok(inst_model_train(model, o.action, spec.as_ptr(), Some(progress), host.pointer())) };
    assert_eq!(host.calls.get(), 1);
    let mut y = [0.0; VOLUME + 1];
    unsafe { expect_ok(inst_model_sample(model, 0, 1, y.as_mut_ptr(), &mut y[VOLUME])) };
}
