//! Builds the functions of OpenCL that open a loader when they are called (`src/opencl/loader.c`).
//!
//! The archive is named libOpenCL.a after what the crate that declares those functions asks the linker for. It lies in
//! a folder of its own, which is searched before those of the system, and goes into the static library as well.

fn main() {
    let source = "src/opencl/loader.c";
    println!("cargo:rerun-if-changed={source}");
    let flags = ["-std=c99", "-pedantic", "-fvisibility=hidden"];
    cc::Build::new().file(source).flags(flags).extra_warnings(true).compile("OpenCL");
}
