//! Section `watch` of the header: progress of long calls, and their end.

use super::guard::{guard, inst_status, outside};
use crate::progress::{self, Report, Watcher};
use std::ffi::{CString, c_char, c_void};

/// Progress of a call: name of the work, steps done, all steps (0: not known), a figure of the last step. Non-zero
/// return ends the call.
pub type inst_watch_fn =
    Option<unsafe extern "C" fn(work: *const c_char, done: i64, total: i64, figure: f64, user: *mut c_void) -> i32>;

/// Sets the function that gets the progress of this thread's long calls; NULL for none.
///
/// # Safety
/// As in [`super`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_watch(watch: inst_watch_fn, user: *mut c_void) -> inst_status {
    guard(|| {
        progress::watch(watch.map(|function| -> Watcher {
            Box::new(move |report: &Report| {
                let work = CString::new(report.work).unwrap_or_default();
                let (done, total) = (report.done as i64, report.total as i64);
                // SAFETY: the host's function keeps to the header, and is called on the thread that set it alone.
                outside(|| unsafe { function(work.as_ptr(), done, total, report.figure, user) })
            })
        }));
        Ok(())
    })
}
