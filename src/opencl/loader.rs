//! The search for OpenCL's loader.

use std::ffi::{CStr, c_char};

unsafe extern "C" {
    /// Opens the loader; returns 1 where it is found. `text` is its file, or else the reason; it stays valid.
    fn instanton_opencl_loader(text: *mut *const c_char) -> i32;
    /// Returns and clears the last status of this thread that OpenCL does not define; 0 where there was none.
    fn instanton_opencl_status() -> i32;
}

/// The last status of this thread that OpenCL does not define; None where there was none since the last call.
pub fn unknown_status() -> Option<i32> {
    // SAFETY: reads and writes one number of this thread.
    Some(unsafe { instanton_opencl_status() }).filter(|&status| status != 0)
}

/// Opens the loader: returns its file, or the reason why it is not found.
pub(super) fn open() -> Result<String, String> {
    let mut text = std::ptr::null();
    // SAFETY: the function always writes the text, which is neither changed nor freed afterwards.
    let (found, text) = unsafe {
        let found = instanton_opencl_loader(&mut text);
        (found == 1, CStr::from_ptr(text).to_string_lossy().into_owned())
    };
    if found { Ok(text) } else { Err(text) }
}
