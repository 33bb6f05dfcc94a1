//! Builds the functions of OpenCL that open a loader when they are called (`src/opencl/loader.c`).
//!
//! The archive is named libOpenCL.a after what the crate that declares those functions asks the linker for. It lies in
//! a folder of its own, which is searched before those of the system, and goes into the static library as well.
//!
//! With INSTANTON_KERNELS=native in the environment, kernels are compiled for the widest instruction set of this machine
//! alone, in a third of the time: for builds that run here and nowhere else, such as those of sanitizers and fuzzing.

fn main() {
    let source = "src/opencl/loader.c";
    println!("cargo:rerun-if-changed={source}");
    kernels_of_this_machine();
    let flags = ["-std=c99", "-pedantic", "-fvisibility=hidden"];
    cc::Build::new().file(source).flags(flags).extra_warnings(true).compile("OpenCL");
}

/// Names the one instruction set that kernels are compiled for, where only this machine's is wanted.
fn kernels_of_this_machine() {
    println!("cargo:rerun-if-env-changed=INSTANTON_KERNELS");
    for name in ["only_avx512", "only_avx2", "only_portable"] {
        println!("cargo:rustc-check-cfg=cfg({name})");
    }
    if std::env::var("INSTANTON_KERNELS").is_ok_and(|value| value == "native") {
        println!("cargo:rustc-cfg={}", widest());
    }
}

#[cfg(target_arch = "x86_64")]
fn widest() -> &'static str {
    let has_avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
    let has_avx512 = is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512vl")
        && is_x86_feature_detected!("avx512bw");
    match (has_avx2, has_avx512) {
        (true, true) => "only_avx512",
        (true, false) => "only_avx2",
        _ => "only_portable",
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn widest() -> &'static str {
    "only_portable"
}
