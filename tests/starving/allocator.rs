//! The allocator of this program, which refuses the allocations that a test chooses.

use std::alloc::{GlobalAlloc, Layout, System};
use std::ptr::null_mut;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

/// The allocator of this program: it refuses the allocations that a test chooses.
pub struct Starving;

#[global_allocator]
pub static ALLOCATOR: Starving = Starving;

/// Smallest allocations that are counted and refused; none at first.
pub static LEAST: AtomicUsize = AtomicUsize::new(usize::MAX);
/// Number of counted allocations since the refusal was set.
pub static COUNT: AtomicUsize = AtomicUsize::new(0);
/// Number of the counted allocation that is refused.
pub static REFUSED: AtomicUsize = AtomicUsize::new(usize::MAX);
/// Bytes that may be in use at a time, bytes in use, and their maximum.
pub static BUDGET: AtomicUsize = AtomicUsize::new(usize::MAX);
pub static IN_USE: AtomicUsize = AtomicUsize::new(0);
pub static PEAK: AtomicUsize = AtomicUsize::new(0);
pub static WAS_REFUSED: AtomicBool = AtomicBool::new(false);

impl Starving {
    /// True where an allocation of `size` bytes, which adds `more` bytes to those in use, is to be refused.
    fn refuses(size: usize, more: usize) -> bool {
        let is_refused = size >= LEAST.load(Relaxed) && COUNT.fetch_add(1, Relaxed) == REFUSED.load(Relaxed);
        let in_use = IN_USE.fetch_add(more, Relaxed) + more;
        let is_beyond = in_use > BUDGET.load(Relaxed) && size >= LEAST.load(Relaxed);
        if is_refused || is_beyond {
            IN_USE.fetch_sub(more, Relaxed);
            WAS_REFUSED.store(true, Relaxed);
            return true;
        }
        PEAK.fetch_max(in_use, Relaxed);
        false
    }
}

// SAFETY: all requests go to the system's allocator, except that some are refused, which every caller has to expect.
unsafe impl GlobalAlloc for Starving {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if Self::refuses(layout.size(), layout.size()) { null_mut() } else { unsafe { System.alloc(layout) } }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if Self::refuses(layout.size(), layout.size()) { null_mut() } else { unsafe { System.alloc_zeroed(layout) } }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        IN_USE.fetch_sub(layout.size(), Relaxed);
        unsafe { System.dealloc(place, layout) }
    }

    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if Self::refuses(size, size.saturating_sub(layout.size())) {
            return null_mut();
        }
        IN_USE.fetch_sub(layout.size().saturating_sub(size), Relaxed);
        unsafe { System.realloc(place, layout, size) }
    }
}

/// Runs a call while the allocator refuses; returns the status, and whether memory was refused.
pub fn starved(least: usize, (refused, budget): (usize, usize), call: &mut dyn FnMut() -> i32) -> (i32, bool) {
    WAS_REFUSED.store(false, Relaxed);
    COUNT.store(0, Relaxed);
    REFUSED.store(refused, Relaxed);
    BUDGET.store(budget, Relaxed);
    LEAST.store(least, Relaxed);
    let status = call();
    LEAST.store(usize::MAX, Relaxed);
    REFUSED.store(usize::MAX, Relaxed);
    BUDGET.store(usize::MAX, Relaxed);
    (status, WAS_REFUSED.load(Relaxed))
}
