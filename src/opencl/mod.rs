//! OpenCL devices of all platforms, and the choice among them.
//!
//! Neither building nor loading this library needs OpenCL: its functions open the system's loader, libOpenCL.so.1 or
//! the file named by the environment variable INSTANTON_OPENCL, when the first of them is called (`loader.c`). Nothing
//! is opened before a device of OpenCL is requested.

mod device;
mod loader;
mod options;
mod query;
mod select;

pub use device::{Device, devices};
pub use loader::unknown_status;
pub use options::Options;
pub use select::{FORMS, select};
