//! Defects of the library are caught and reported, and not printed.
//!
//! Both the hook for panics and the standard error stream belong to the whole process, so each test runs in a process
//! of its own: the test calls itself.

use super::super::action::ActionObject;
use super::*;
use crate::action::Action;
use crate::context::Context;
use crate::error::Result;
use crate::lattice::Lattice;
use std::panic;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// An action with a defect, in the calling thread or in a worker.
struct Defective {
    context: Arc<Context>,
    lattice: Lattice,
    in_worker: bool,
}

impl Action for Defective {
    fn lattice(&self) -> &Lattice {
        &self.lattice
    }

    fn value(&self, field: &[f64]) -> Result<f64> {
        match self.in_worker {
            _ if field[0] == 0.0 => Ok(0.0),
            true => {
                self.context.broadcast(|| assert!(field[0] == 0.0, "provoked in a worker"));
                Ok(0.0)
            }
            false => panic!("provoked {}", field[0]),
        }
    }

    fn gradient(&self, _: &[f64], _: &mut [f64]) -> Result<f64> {
        panic!("provoked in a gradient")
    }
}

fn defective(in_worker: bool) -> *mut inst_action {
    let context = Arc::new(Context::new(1, Default::default(), 2).unwrap());
    let lattice = Lattice::new(&[4, 4]).unwrap();
    let action = Arc::new(Defective { context: context.clone(), lattice, in_worker });
    handles::new(&context.clone(), ActionObject { context, action })
}

/// True in the process in which a test is to run; else runs the test in one and checks what that prints.
fn is_child(test: &str, standard_error: &str) -> bool {
    const MARK: &str = "INSTANTON_TEST_CHILD";
    if std::env::var_os(MARK).is_some() {
        return true;
    }
    let name = format!("ffi::tests::defects::{test}");
    let mut child = Command::new(std::env::current_exe().unwrap());
    let output = child.args(["--exact", &name, "--nocapture", "--test-threads=1"]).env(MARK, "1").output().unwrap();
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{printed} {}", String::from_utf8_lossy(&output.stderr));
    // These lines, with the time taken, are from the test harness; nothing else is printed.
    let expected = format!("\nrunning 1 test\ntest {name} ... ok\n\ntest result: ok. 1 passed;");
    assert!(printed.starts_with(&expected), "{printed}");
    assert_eq!(printed.lines().filter(|line| !line.is_empty()).count(), 3, "{printed}");
    assert_eq!(String::from_utf8_lossy(&output.stderr), standard_error);
    false
}

const REFUSED: &str = "expected a sound object, got one in which a defect of instanton was met before";

#[test]
fn a_defect_is_reported_not_printed_and_the_object_refuses_further_use() {
    if !is_child("a_defect_is_reported_not_printed_and_the_object_refuses_further_use", "") {
        return;
    }
    let (field, mut y, mut flag) = ([0.5; VOLUME], [UNTOUCHED; VOLUME], -77);
    let place = y.as_mut_ptr();
    for (in_worker, expected) in [(false, "please report it: provoked 0.5"), (true, "it: provoked in a worker")] {
        let action = defective(in_worker);
        unsafe {
            let chain = made(|out| inst_chain_new(action, ptr::null(), ptr::null(), out));
            let message = expect_error(99, inst_action_value(action, 1, field.as_ptr(), place));
            assert!(message.starts_with("a defect of instanton") && message.ends_with(expected), "{message}");
            assert_eq!(message.contains("defects.rs:"), !in_worker, "{message}");
            let refused = expect_error(99, inst_action_value(action, 1, [0.0; VOLUME].as_ptr(), place));
            assert_eq!(refused, format!("action: {REFUSED}"));
            assert_eq!(unmade(99, |out| inst_chain_new(action, ptr::null(), ptr::null(), out)), refused);
            // The chain was not in use, until a defect strikes it as well.
            let mut numbers = [UNTOUCHED; VOLUME];
            expect_ok(inst_chain_field(chain, numbers.as_mut_ptr()));
            expect_error(99, inst_chain_step(chain, &mut flag, place, place));
            let refused = expect_error(99, inst_chain_field(chain, place));
            assert_eq!(refused, format!("chain: {REFUSED}"));
            inst_chain_free(chain);
            inst_action_free(action);
        }
    }
    assert_eq!((y, flag), ([UNTOUCHED; VOLUME], -77));
}

/// A call in which a defect strikes, and the state of its object afterwards.
fn struck(what: &'static str, mut call: impl FnMut() -> inst_status) {
    STRIKE.set(what);
    let message = expect_error(99, call());
    assert!(
        message.starts_with("a defect of instanton") && message.ends_with(&format!(": provoked in {what}")),
        "{message}"
    );
    if what != "call" {
        assert_eq!(expect_error(99, call()), format!("{what}: {REFUSED}"));
    }
}

#[test]
fn a_defect_in_any_section_is_reported_and_the_object_refuses_further_use() {
    if !is_child("a_defect_in_any_section_is_reported_and_the_object_refuses_further_use", "") {
        return;
    }
    let o = Objects::new();
    let gauge = |spec: &CStr| made(|out| unsafe { inst_gauge_new(o.lattice, spec.as_ptr(), out) });
    let links = gauge(c"{group: 'u1'}");
    let layout = made(|out| unsafe { inst_layout_new(o.lattice, c"{order: 'milc', fields: 'u1'}".as_ptr(), out) });
    let dirac = |gauge| made(|out| unsafe { inst_dirac_new(gauge, c"{type: 'wilson', kappa: 0.1}".as_ptr(), out) });
    let (first, second) = (dirac(links), dirac(links));
    let (mut numbers, mut count, mut flag) = ([UNTOUCHED; 8 * VOLUME], -77i64, -77i32);
    let (y, extent) = (numbers.as_mut_ptr(), [4i64, 4]);
    let (mut bases, mut an_object) = (-77i32, mark());
    unsafe {
        // Functions that make objects, and functions of numbers alone.
        let mut made = [mark::<inst_context>()];
        struck("call", || inst_context_new(ptr::null(), made.as_mut_ptr()));
        struck("call", || inst_devices(ptr::null_mut(), 0, &mut count));
        struck("call", || inst_autocorrelation(16, y, y, y, y, y));
        struck("call", || inst_reweighting(16, y, y, y, y, y));
        struck("call", || inst_reweighting_tail(16, y, y));
        struck("call", || inst_autocorrelation_replicas(1, &16, y, y, y, y, y, y));
        let mut report = two_sided_report();
        struck("call", || inst_reweighting_two_sided(16, y, 16, y, &mut report));
        struck("call", || inst_kl_per_site(16, y, 0.0, 1, y, y));
        struck("call", || inst_reweighting_mean(16, y, y, ptr::null(), ptr::null(), y, y));
        struck("call", || inst_reweighting_nested(16, y, 1, &16, y, y));
        struck("call", || inst_reweighting_forward(16, y, ptr::null(), y, y, y, y));
        struck("call", || inst_mode_balance(16, y, 0.5, y, y, y));
        struck("call", || inst_mode_balance_independent(16, y, 0.5, y, y, y));
        // Each kind of object, the one made last first: a defective object refuses to make others.
        struck("dirac", || inst_dirac_apply(first, c"D".as_ptr(), 1, y, y));
        struck("dirac", || inst_dirac_spectrum(second, ptr::null(), 1, y, ptr::null_mut()));
        struck("layout", || inst_layout_size(layout, &mut bases, &mut count));
        struck("chain", || inst_chain_step(o.chain, &mut flag, y, y));
        struck("proposal", || inst_propose(o.proposal, 0, y, y, y));
        struck("model", || inst_model_train(o.model, o.action, ptr::null(), None, ptr::null_mut()));
        struck("gauge", || inst_gauge_set_links(links, y));
        struck("action", || inst_action_refresh(o.action, 0, y, &mut an_object));
        let mut a_gauge = mark();
        struck("lattice", || inst_gauge_new(o.lattice, c"{group: 'u1'}".as_ptr(), &mut a_gauge));
        let mut a_lattice = mark();
        struck("context", || inst_lattice_new(o.context, 2, extent.as_ptr(), &mut a_lattice));
        assert_eq!((made, an_object, a_gauge, a_lattice), ([mark()], mark(), mark(), mark()));
        // Objects that took no part in the defect still work.
        let other = gauge_of_another(&extent);
        expect_ok(inst_gauge_count(other, &mut count));
        assert_eq!(count, 64);
        inst_gauge_free(other);
        inst_dirac_free(first);
        inst_dirac_free(second);
        inst_layout_free(layout);
        inst_gauge_free(links);
    }
    assert_eq!((numbers, bases, flag), ([UNTOUCHED; 8 * VOLUME], -77, -77));
}

/// Links of a context and lattice of their own.
fn gauge_of_another(extent: &[i64]) -> *mut inst_gauge {
    let context = made(|out| unsafe { inst_context_new(ptr::null(), out) });
    let lattice = lattice(context, extent);
    let gauge = made(|out| unsafe { inst_gauge_new(lattice, c"{group: 'u1'}".as_ptr(), out) });
    unsafe {
        inst_lattice_free(lattice);
        inst_context_free(context);
    }
    gauge
}

#[test]
fn panics_of_the_host_still_reach_its_own_hook() {
    if !is_child("panics_of_the_host_still_reach_its_own_hook", "") {
        return;
    }
    static SEEN: AtomicUsize = AtomicUsize::new(0);
    panic::set_hook(Box::new(|_| {
        SEEN.fetch_add(1, Ordering::Relaxed);
    }));
    unsafe extern "C" fn careless(_: *const f64, _: i64, value: *mut f64, _: *mut f64, _: *mut c_void) -> i32 {
        unsafe { *value = 0.0 };
        i32::from(panic::catch_unwind(|| panic!("the host's own")).is_ok())
    }
    let o = Objects::new();
    let field = [0.5; VOLUME];
    let mut y = [UNTOUCHED];
    let action = defective(false);
    expect_error(99, unsafe { inst_action_value(action, 1, field.as_ptr(), y.as_mut_ptr()) });
    assert_eq!(SEEN.load(Ordering::Relaxed), 0);
    panic::catch_unwind(|| panic!("the host's own")).unwrap_err();
    assert_eq!(SEEN.load(Ordering::Relaxed), 1);
    let host = made(|out| unsafe { inst_action_from_callback(o.lattice, Some(careless), ptr::null_mut(), out) });
    expect_ok(unsafe { inst_action_value(host, 1, field.as_ptr(), y.as_mut_ptr()) });
    assert_eq!((SEEN.load(Ordering::Relaxed), y), (2, [0.0]));
    unsafe {
        inst_action_free(host);
        inst_action_free(action);
    }
    // The test harness reports with the hook that it had.
    drop(panic::take_hook());
}

#[test]
fn the_check_for_silence_sees_what_is_printed() {
    if is_child("the_check_for_silence_sees_what_is_printed", "heard\n") {
        eprintln!("heard");
    }
}
