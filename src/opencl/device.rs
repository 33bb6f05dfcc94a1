//! A device, and the list of all.

use super::{loader, query};
use crate::error::{Error, Result};
use ocl::core::{DeviceId, PlatformId};
use ocl::ffi;
use std::sync::{Mutex, PoisonError};

const GPU: u64 = 1 << 2;
const CPU: u64 = 1 << 1;

/// An OpenCL device and its properties; sizes are in bytes.
#[derive(Clone, Debug)]
pub struct Device {
    device: DeviceId,
    platform: PlatformId,
    /// Name of the device.
    pub name: String,
    /// Name of its platform: the driver's.
    pub platform_name: String,
    /// Version of the driver.
    pub driver: String,
    /// Version of OpenCL, as `OpenCL 3.0` and what the driver adds.
    pub version: String,
    /// The device is available, and has a compiler.
    pub is_available: bool,
    /// It runs on cores of the CPU.
    pub is_cpu: bool,
    /// It is a graphics processor.
    pub is_gpu: bool,
    /// It computes in double precision (cl_khr_fp64).
    pub has_f64: bool,
    /// Global memory.
    pub memory: u64,
    /// Local memory of one work-group.
    pub local_memory: u64,
    /// The largest single buffer.
    pub max_allocation: u64,
    /// Compute units.
    pub compute_units: usize,
    /// The most work-items of a work-group.
    pub max_group: usize,
    /// Numbers in a native vector of floats.
    pub width_f32: usize,
    /// Numbers in a native vector of doubles, 0 where there are none.
    pub width_f64: usize,
}

impl Device {
    /// Reads the properties of a device.
    fn new(device: DeviceId, platform: PlatformId, platform_name: &str) -> std::result::Result<Self, query::Status> {
        let text = |what| query::text(device, what);
        let number = |what| query::number(device, what);
        let size = |what| number(what).map(|number| number as usize);
        let kind = number(ffi::CL_DEVICE_TYPE)?;
        // Devices without doubles may not know this query.
        let doubles = number(ffi::CL_DEVICE_DOUBLE_FP_CONFIG).unwrap_or(0);
        let extensions = text(ffi::CL_DEVICE_EXTENSIONS)?;
        Ok(Self {
            device,
            platform,
            name: text(ffi::CL_DEVICE_NAME)?,
            platform_name: platform_name.to_string(),
            driver: text(ffi::CL_DRIVER_VERSION)?,
            version: text(ffi::CL_DEVICE_VERSION)?,
            is_available: number(ffi::CL_DEVICE_AVAILABLE)? != 0 && number(ffi::CL_DEVICE_COMPILER_AVAILABLE)? != 0,
            is_cpu: kind & CPU != 0,
            is_gpu: kind & GPU != 0,
            has_f64: doubles != 0 || extensions.split_whitespace().any(|name| name == "cl_khr_fp64"),
            memory: number(ffi::CL_DEVICE_GLOBAL_MEM_SIZE)?,
            local_memory: number(ffi::CL_DEVICE_LOCAL_MEM_SIZE)?,
            max_allocation: number(ffi::CL_DEVICE_MAX_MEM_ALLOC_SIZE)?,
            compute_units: size(ffi::CL_DEVICE_MAX_COMPUTE_UNITS)?,
            max_group: size(ffi::CL_DEVICE_MAX_WORK_GROUP_SIZE)?,
            width_f32: size(ffi::CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT)?,
            width_f64: size(ffi::CL_DEVICE_NATIVE_VECTOR_WIDTH_DOUBLE).unwrap_or(0),
        })
    }

    /// The reason why programs, in double precision or not, cannot run on it; None where they can.
    pub fn fault(&self, is_double: bool) -> Option<String> {
        let number = self.version.split_whitespace().nth(1).and_then(|number| number.split_once('.'));
        let version = number.and_then(|(major, minor)| Some((major.parse::<u32>().ok()?, minor.parse::<u32>().ok()?)));
        if !self.is_available {
            Some("is not available".into())
        } else if version.is_none_or(|version| version < (1, 2)) {
            Some(format!("has no OpenCL 1.2: '{}'", self.version))
        } else if is_double && !self.has_f64 {
            Some("has no numbers of 64 bits for precision 'f64'".into())
        } else {
            None
        }
    }

    /// The handle of the device.
    pub fn ocl(&self) -> ocl::Device {
        self.device.into()
    }

    /// The handle of its platform.
    pub fn platform(&self) -> ocl::Platform {
        self.platform.into()
    }
}

/// Result of a search through all platforms.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) devices: Vec<Device>,
    /// Names of the platforms.
    pub(super) platforms: Vec<String>,
    /// Queries that failed, so that a device may be missing above.
    pub(super) faults: Vec<String>,
}

/// Drivers set up their devices at the first query, and PoCL 3.1 shows a second thread devices that are half set up.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Searches all platforms. A platform that fails does not hide the devices of the others.
pub(super) fn look() -> Found {
    let mut found = Found::default();
    if loader::open().is_err() {
        return found;
    }
    let _looking = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    match query::platforms() {
        Ok(platforms) => platforms.into_iter().for_each(|platform| look_through(platform, &mut found)),
        Err(status) => found.faults.push(format!("the list of platforms gave status {status}")),
    }
    found
}

fn look_through(platform: PlatformId, found: &mut Found) {
    let name = query::platform_text(platform, ffi::CL_PLATFORM_NAME).unwrap_or_else(|_| "a platform".to_string());
    match query::devices(platform) {
        Ok(devices) => {
            for (at, device) in devices.into_iter().enumerate() {
                match Device::new(device, platform, &name) {
                    Ok(device) => found.devices.push(device),
                    Err(status) => found.faults.push(format!("device {at} of '{name}' gave status {status}")),
                }
            }
        }
        Err(status) => found.faults.push(format!("the devices of '{name}' gave status {status}")),
    }
    found.platforms.push(name);
}

/// All devices of all platforms, in the order of the platforms; none where there is no loader, platform or device.
///
/// `Error::NoDevice` where there is none and a driver failed.
pub fn devices() -> Result<Vec<Device>> {
    let found = look();
    if found.devices.is_empty() && !found.faults.is_empty() {
        return Err(Error::NoDevice(format!(
            "OpenCL: expected a list of devices, got none: {}",
            found.faults.join("; ")
        )));
    }
    Ok(found.devices)
}

/// A fictitious device, for tests of the choice of devices.
#[cfg(test)]
pub(super) fn invented(name: &str, platform_name: &str, is_gpu: bool) -> Device {
    // SAFETY: these handles are not used.
    let (device, platform) = unsafe { (DeviceId::null(), PlatformId::null()) };
    Device {
        device,
        platform,
        name: name.into(),
        platform_name: platform_name.into(),
        driver: "1".into(),
        version: "OpenCL 1.2".into(),
        is_available: true,
        is_cpu: !is_gpu,
        is_gpu,
        has_f64: true,
        memory: 1 << 30,
        local_memory: 1 << 15,
        max_allocation: 1 << 28,
        compute_units: 4,
        max_group: 256,
        width_f32: 1,
        width_f64: 1,
    }
}
