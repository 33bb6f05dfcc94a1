//! The border to C: nothing unwinds into the host, and nothing is printed.
//!
//! Rust reports panics to a hook of the whole process, which prints. The first call installs a hook of its own: it
//! prints nothing for threads inside this library and for its workers, and passes all other panics to the hook that was
//! there before.

use super::mode;
use crate::context;
use crate::error::{Error, Result};
use std::any::Any;
use std::cell::{Cell, RefCell};
use std::ffi::{CString, c_char};
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;
use std::thread;

/// Status of a call: 0 for success, or the number of its error.
pub type inst_status = i32;

thread_local! {
    static LAST_ERROR: RefCell<CString> = RefCell::default();
    static INSIDE: Cell<bool> = const { Cell::new(false) };
    /// Source file and line of this thread's last panic inside the library.
    static PLACE: Cell<Option<String>> = const { Cell::new(None) };
}

/// Message of the last call of this thread that failed, empty where none did; valid until the thread's next call.
#[unsafe(no_mangle)]
pub extern "C" fn inst_last_error() -> *const c_char {
    // A thread that is ending may have lost its message already.
    LAST_ERROR.try_with(|message| message.borrow().as_ptr()).unwrap_or(c"".as_ptr())
}

/// Runs the body of an export in the standard floating-point mode: its error becomes the thread's message and the status,
/// and so does a panic.
pub(super) fn guard(body: impl FnOnce() -> Result<()>) -> inst_status {
    mode::standard(|| guarded(body))
}

fn guarded(body: impl FnOnce() -> Result<()>) -> inst_status {
    install_hook();
    #[cfg(test)]
    let body = || {
        super::tests::strike("call");
        body()
    };
    let error = match with_inside(true, || panic::catch_unwind(AssertUnwindSafe(body))) {
        Ok(Ok(())) => return 0,
        Ok(Err(error)) => error,
        Err(payload) => defect(payload),
    };
    remember(error.to_string());
    error.status()
}

/// Runs a function of the host in its own floating-point mode; its panics are reported by the host's hook.
pub(super) fn outside<R>(function: impl FnOnce() -> R) -> R {
    with_inside(false, || mode::of_the_host(function))
}

fn with_inside<R>(inside: bool, work: impl FnOnce() -> R) -> R {
    let before = INSIDE.try_with(|flag| flag.replace(inside));
    let result = work();
    // Where the flag could not be set, the thread is ending, and no flag has to be set back.
    let _ = before.map(|before| INSIDE.try_with(|flag| flag.set(before)));
    result
}

fn install_hook() {
    static INSTALLED: Once = Once::new();
    // The hook cannot be changed from a thread that is unwinding, such as a Rust host's that calls from a destructor.
    if INSTALLED.is_completed() || thread::panicking() {
        return;
    }
    INSTALLED.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if INSIDE.try_with(Cell::get).unwrap_or(false) {
                let place = info.location().map(|at| format!(" at {}:{}", at.file(), at.line()));
                let _ = PLACE.try_with(|last| last.set(place));
            } else if !context::is_worker() {
                previous(info);
            }
        }));
    });
}

fn defect(payload: Box<dyn Any + Send>) -> Error {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or("a panic without a message");
    let place = PLACE.try_with(Cell::take).ok().flatten().unwrap_or_default();
    let error = Error::Internal(format!("a defect of instanton{place}, please report it: {text}"));
    // Dropping what a panic carried may panic again.
    std::mem::forget(payload);
    error
}

fn remember(message: String) {
    let message = CString::new(message.replace('\0', "\u{fffd}")).unwrap_or_default();
    let _ = LAST_ERROR.try_with(|last| last.replace(message));
}
