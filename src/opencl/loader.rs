//! Whether OpenCL's loader is there.

use std::ffi::{CStr, c_char};

unsafe extern "C" {
    /// Opens the loader: 1 where it is there; its file, or why it is not, as text that stays.
    fn instanton_opencl_loader(text: *mut *const c_char) -> i32;
    /// The last status of this thread that OpenCL does not define, which is forgotten then; or 0.
    fn instanton_opencl_status() -> i32;
}

/// The last status of this thread that OpenCL does not define, where there was one since the last call.
pub fn unknown_status() -> Option<i32> {
    // SAFETY: reads and writes one number of this thread.
    Some(unsafe { instanton_opencl_status() }).filter(|&status| status != 0)
}

/// Opens the loader: its file, or why it is not there.
pub(super) fn open() -> Result<String, String> {
    let mut text = std::ptr::null();
    // SAFETY: the text is written on every way through the function, and neither changes nor goes afterwards.
    let (found, text) = unsafe {
        let found = instanton_opencl_loader(&mut text);
        (found == 1, CStr::from_ptr(text).to_string_lossy().into_owned())
    };
    if found { Ok(text) } else { Err(text) }
}
