//! Queries of the properties of platforms and devices.
//!
//! These calls are made here and not by the crate `ocl`, which waits ten seconds for a platform where there is none,
//! reads at most 16 devices of a platform, and panics at a status that it does not know.

use super::loader::unknown_status;
use ocl::core::{DeviceId, PlatformId};
use ocl::ffi::{self, c_void, cl_int, cl_uint, size_t};
use std::ptr;

/// Status of a call that failed.
pub(super) type Status = cl_int;

/// All kinds of devices but custom ones, which run no programs.
const ALL: ffi::cl_device_type = 0xFFFF_FFFF;
const DEVICE_NOT_FOUND: Status = -1;
const PLATFORM_NOT_FOUND: Status = -1001;

fn checked<T>(status: Status, value: T) -> Result<T, Status> {
    // `loader.c` replaces a status that OpenCL does not define; here the original is returned.
    if status == 0 { Ok(value) } else { Err(unknown_status().unwrap_or(status)) }
}

/// Handles of a list that is first counted and then read; `none` is the status of an empty list.
fn list<T>(none: Status, call: impl Fn(cl_uint, *mut *mut T, *mut cl_uint) -> Status) -> Result<Vec<*mut T>, Status> {
    let mut count = 0;
    match call(0, ptr::null_mut(), &mut count) {
        0 if count > 0 => {}
        0 => return Ok(vec![]),
        status if status == none => return Ok(vec![]),
        status => return checked(status, vec![]),
    }
    let mut handles = vec![ptr::null_mut(); count as usize];
    let status = call(count, handles.as_mut_ptr(), ptr::null_mut());
    // A driver may leave out entries that disappeared after the count.
    handles.retain(|handle| !handle.is_null());
    checked(status, handles)
}

/// All platforms; an empty list is no error.
pub(super) fn platforms() -> Result<Vec<PlatformId>, Status> {
    // SAFETY: `list` passes a buffer for as many handles as it states.
    let handles =
        list(PLATFORM_NOT_FOUND, |capacity, to, count| unsafe { ffi::clGetPlatformIDs(capacity, to, count) })?;
    // SAFETY: these are handles of platforms, which live as long as the process.
    Ok(handles.into_iter().map(|handle| unsafe { PlatformId::from_raw(handle) }).collect())
}

/// All devices of a platform; an empty list is no error.
pub(super) fn devices(platform: PlatformId) -> Result<Vec<DeviceId>, Status> {
    let platform = platform.as_ptr();
    // SAFETY: `list` passes a buffer for as many handles as it states.
    let call = |capacity, to, count| unsafe { ffi::clGetDeviceIDs(platform, ALL, capacity, to, count) };
    let handles = list(DEVICE_NOT_FOUND, call)?;
    // SAFETY: these are handles of root devices, which live as long as the process.
    Ok(handles.into_iter().map(|handle| unsafe { DeviceId::from_raw(handle) }).collect())
}

/// One property, as bytes.
struct Property(Vec<u8>);

impl Property {
    fn read(call: impl Fn(size_t, *mut c_void, *mut size_t) -> Status) -> Result<Self, Status> {
        let mut size = 0;
        checked(call(0, ptr::null_mut(), &mut size), ())?;
        let mut bytes = vec![0; size];
        checked(call(size, bytes.as_mut_ptr().cast(), ptr::null_mut()), ())?;
        Ok(Self(bytes))
    }

    fn of_device(device: DeviceId, what: cl_uint) -> Result<Self, Status> {
        // SAFETY: `read` passes a buffer for as many bytes as it states.
        Self::read(|capacity, to, size| unsafe { ffi::clGetDeviceInfo(device.as_raw(), what, capacity, to, size) })
    }

    /// Text up to its NUL, blanks at its ends cut off.
    fn text(self) -> String {
        let end = self.0.iter().position(|byte| *byte == 0).unwrap_or(self.0.len());
        String::from_utf8_lossy(&self.0[..end]).trim().to_string()
    }

    /// An unsigned integer of any size, in the byte order of the machine.
    fn number(self) -> u64 {
        let join = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
        if cfg!(target_endian = "big") { self.0.iter().fold(0, join) } else { self.0.iter().rev().fold(0, join) }
    }
}

/// A text of a platform.
pub(super) fn platform_text(platform: PlatformId, what: cl_uint) -> Result<String, Status> {
    let platform = platform.as_ptr();
    // SAFETY: `read` passes a buffer for as many bytes as it states.
    let call = |capacity, to, size| unsafe { ffi::clGetPlatformInfo(platform, what, capacity, to, size) };
    Ok(Property::read(call)?.text())
}

/// A text of a device.
pub(super) fn text(device: DeviceId, what: cl_uint) -> Result<String, Status> {
    Ok(Property::of_device(device, what)?.text())
}

/// A number of a device.
pub(super) fn number(device: DeviceId, what: cl_uint) -> Result<u64, Status> {
    Ok(Property::of_device(device, what)?.number())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_end_at_their_nul_and_numbers_have_any_size() {
        assert_eq!(Property(b" a device \0rest".to_vec()).text(), "a device");
        assert_eq!(Property(b"no end".to_vec()).text(), "no end");
        assert_eq!(Property(vec![]).text(), "");
        assert_eq!(Property(0x0102_0304_u32.to_ne_bytes().to_vec()).number(), 0x0102_0304);
        assert_eq!(Property((1_u64 << 40 | 7).to_ne_bytes().to_vec()).number(), 1 << 40 | 7);
        assert_eq!(Property(vec![]).number(), 0);
    }

    #[test]
    fn an_empty_list_is_no_error_and_other_failures_are() {
        let none = |_, _: *mut *mut u8, _| PLATFORM_NOT_FOUND;
        assert_eq!(list(PLATFORM_NOT_FOUND, none), Ok(vec![]));
        assert_eq!(list(DEVICE_NOT_FOUND, none), Err(PLATFORM_NOT_FOUND));
        assert_eq!(list(DEVICE_NOT_FOUND, |_, _: *mut *mut u8, _| 0), Ok(vec![]));
    }
}
