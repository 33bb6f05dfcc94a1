//! Calls of functions of the header, with memory that is refused and without.

use super::allocator::{COUNT, IN_USE, PEAK, starved};
use instanton::ffi::inst_last_error;
use std::collections::BTreeSet;
use std::ffi::CStr;
use std::ptr::null_mut;
use std::sync::Mutex;
use std::sync::atomic::Ordering::Relaxed;

/// Functions that this process has called.
pub static CALLED: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());

/// Calls a function of the header, and records its name.
macro_rules! call {
    ($function:ident($($argument:expr),* $(,)?)) => {{
        CALLED.lock().unwrap().insert(stringify!($function));
        #[allow(unused_unsafe, reason = "two functions without arguments are safe")]
        let result = unsafe { $function($($argument),*) };
        result
    }};
}
pub(crate) use call;

pub const OK: i32 = 0;
pub const BAD_SHAPE: i32 = 3;

pub fn message() -> String {
    unsafe { CStr::from_ptr(call!(inst_last_error())) }.to_string_lossy().into_owned()
}

/// Expectations of a call that was refused memory.
pub fn expect_refusal(what: &str, status: i32) {
    let message = message();
    assert_eq!(status, BAD_SHAPE, "{what}: {message}");
    assert!(message.contains("expected memory of") && message.ends_with("bytes, got none"), "{what}: {message}");
}

/// A function of the header, the size from which its allocations are refused, and the state that an error must not
/// change.
pub struct Starve<'a> {
    pub what: &'a str,
    pub least: usize,
    pub call: &'a mut dyn FnMut() -> i32,
    pub state: &'a dyn Fn() -> Vec<u64>,
}

/// Up to so many allocations of a call are each refused in turn; of more allocations, an evenly spaced selection is.
pub const ONE_BY_ONE: usize = 300;

impl Starve<'_> {
    /// Refuses each large allocation in turn; there have to be at least `fewest`.
    pub fn each(self, fewest: usize) {
        let Self { what, least, call, state } = self;
        eprintln!("{what}");
        let (status, _) = starved(least, (usize::MAX, usize::MAX), call);
        assert_eq!(status, OK, "{what}: {}", message());
        let count = COUNT.load(Relaxed);
        assert!(count >= fewest, "{what}: expected at least {fewest} large allocations, got {count}");
        for k in (0..count).step_by(count.div_ceil(ONE_BY_ONE).max(1)) {
            eprintln!("{what}: allocation {k} of {count}");
            let before = state();
            let (status, was_refused) = starved(least, (k, usize::MAX), call);
            if status == OK {
                // The call has a way without this memory, or memory that an earlier call left was enough.
                continue;
            }
            assert!(was_refused, "{what}, allocation {k}: {}", message());
            expect_refusal(what, status);
            assert_eq!(state(), before, "{what}, allocation {k}");
            assert_eq!(call(), OK, "{what}, after allocation {k}: {}", message());
        }
    }

    /// Runs the call with less memory than it needs, in steps of a fraction of that.
    pub fn within_budgets(self) {
        let Self { what, least, call, state } = self;
        eprintln!("{what}");
        let (mut refusals, start) = (0, IN_USE.load(Relaxed));
        PEAK.store(0, Relaxed);
        let (status, _) = starved(least, (usize::MAX, usize::MAX), call);
        assert_eq!(status, OK, "{what}: {}", message());
        let taken = PEAK.load(Relaxed) - start;
        const STEPS: usize = 24;
        for step in 0..STEPS {
            eprintln!("{what}: {step} of {STEPS} parts of {taken} bytes");
            let before = state();
            let budget = IN_USE.load(Relaxed) + taken * step / STEPS;
            let (status, _) = starved(least, (usize::MAX, budget), call);
            if status != OK {
                refusals += 1;
                expect_refusal(what, status);
                assert_eq!(state(), before, "{what}, step {step}");
                assert_eq!(call(), OK, "{what}, after step {step}: {}", message());
            }
        }
        assert!(refusals > STEPS / 2, "{what}: expected most budgets to be too small, got {refusals} of {STEPS}");
    }
}

/// A call that allocates large memory.
pub fn each(what: &str, least: usize, mut call: impl FnMut() -> i32) {
    Starve { what, least, call: &mut call, state: &Vec::new }.each(1);
}

/// A call that may do without large allocations.
pub fn each_if_any(what: &str, least: usize, mut call: impl FnMut() -> i32) {
    Starve { what, least, call: &mut call, state: &Vec::new }.each(0);
}

pub fn bits(numbers: &[f64]) -> Vec<u64> {
    numbers.iter().map(|x| x.to_bits()).collect()
}

/// Makes an object without refused allocations.
pub fn made<T>(make: impl FnOnce(*mut *mut T) -> i32) -> *mut T {
    let mut object = null_mut();
    let status = make(&mut object);
    assert_eq!(status, OK, "{}", message());
    object
}
