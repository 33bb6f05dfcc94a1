//! The floating-point mode of the thread that calls: rounding, traps, denormals.
//!
//! Hosts change it. With `gfortran -ffpe-trap=invalid` an invalid operation ends the process, and vectors whose lanes are
//! not all in use meet some; programs linked with `-ffast-math` flush denormals. The library computes in the standard
//! mode (to nearest, no traps, denormals kept), so that results do not depend on the host's; workers inherit it. The
//! host's own mode is restored in its callbacks and, with the flags that were raised, when a call returns.

use std::cell::Cell;

thread_local! {
    /// The mode in which the host called.
    static HOST: Cell<Mode> = const { Cell::new(STANDARD) };
}

/// Runs `work`, which must not unwind, in the standard mode.
pub(super) fn standard<R>(work: impl FnOnce() -> R) -> R {
    let mode = get();
    let outer = HOST.try_with(|host| host.replace(mode));
    set(STANDARD);
    let result = work();
    set(mode);
    // A thread that is ending may have lost its stored mode already; then none is restored.
    let _ = outer.map(|outer| HOST.try_with(|host| host.set(outer)));
    result
}

/// Runs `work` of the host in the mode in which it called.
pub(super) fn of_the_host<R>(work: impl FnOnce() -> R) -> R {
    set(HOST.try_with(Cell::get).unwrap_or(STANDARD));
    let result = work();
    set(STANDARD);
    result
}

#[cfg(target_arch = "x86_64")]
mod register {
    use std::arch::asm;

    /// MXCSR: flags, masks of traps, rounding, and what becomes of denormals.
    pub(super) type Mode = u32;
    /// All traps masked.
    pub(super) const STANDARD: Mode = 0x1f80;

    pub fn get() -> Mode {
        let mut mode: Mode = 0;
        // SAFETY: stores the register at an address that is this function's own.
        unsafe { asm!("stmxcsr [{}]", in(reg) &raw mut mode, options(nostack, preserves_flags)) };
        mode
    }

    pub fn set(mode: Mode) {
        // SAFETY: loads what `get` found or the standard mode, so that no reserved bit is set. The standard mode,
        // which Rust expects, is set while Rust computes.
        unsafe { asm!("ldmxcsr [{}]", in(reg) &raw const mode, options(nostack, preserves_flags)) };
    }
}

#[cfg(target_arch = "aarch64")]
mod register {
    use std::arch::asm;

    /// FPCR: traps, rounding, and what becomes of denormals.
    pub(super) type Mode = u64;
    /// No traps.
    pub(super) const STANDARD: Mode = 0;

    pub fn get() -> Mode {
        let mode: Mode;
        // SAFETY: reads a register.
        unsafe { asm!("mrs {}, fpcr", out(reg) mode, options(nostack, preserves_flags)) };
        mode
    }

    pub fn set(mode: Mode) {
        // SAFETY: loads what `get` found or the standard mode, which is set while Rust computes.
        unsafe { asm!("msr fpcr, {}", in(reg) mode, options(nostack, preserves_flags)) };
    }
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
mod register {
    pub(super) type Mode = ();
    pub(super) const STANDARD: Mode = ();

    pub fn get() -> Mode {}

    pub fn set(_: Mode) {}
}

use register::{Mode, STANDARD, get, set};
