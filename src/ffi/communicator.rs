//! The host's communicator: functions by which ranks of a parallel host reach each other.

use super::arguments;
use super::guard::outside;
use crate::error::{Error, Result};
use crate::markov::Ranks;
use std::ffi::c_void;

/// Sends bytes to a rank and receives bytes from another one; a rank of -1 is none.
pub type inst_sendrecv_fn = Option<
    unsafe extern "C" fn(
        sent: *const c_void,
        sent_bytes: i64,
        to: i32,
        received: *mut c_void,
        received_bytes: i64,
        from: i32,
        user: *mut c_void,
    ) -> i32,
>;

/// Replaces numbers by their sums over all ranks.
pub type inst_allreduce_fn = Option<unsafe extern "C" fn(numbers: *mut f64, count: i64, user: *mut c_void) -> i32>;

/// Waits for all ranks.
pub type inst_barrier_fn = Option<unsafe extern "C" fn(user: *mut c_void) -> i32>;

/// Functions of a parallel host.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct inst_communicator {
    /// Set by the caller to the size of this structure.
    pub struct_size: i64,
    /// The number of this rank.
    pub rank: i32,
    /// How many ranks there are.
    pub size: i32,
    /// Passed through to the functions.
    pub user: *mut c_void,
    /// Sends and receives.
    pub sendrecv: inst_sendrecv_fn,
    /// Sums over all ranks.
    pub allreduce: inst_allreduce_fn,
    /// Waits for all ranks.
    pub barrier: inst_barrier_fn,
}

/// A communicator whose functions are there.
pub struct HostRanks {
    rank: usize,
    size: usize,
    user: *mut c_void,
    sendrecv: unsafe extern "C" fn(*const c_void, i64, i32, *mut c_void, i64, i32, *mut c_void) -> i32,
    allreduce: unsafe extern "C" fn(*mut f64, i64, *mut c_void) -> i32,
    barrier: unsafe extern "C" fn(*mut c_void) -> i32,
}

// SAFETY: the pointer is only handed back to the host's functions, from the thread in which the host calls.
unsafe impl Send for HostRanks {}
// SAFETY: as above; a host that calls from several threads at once has functions that allow it.
unsafe impl Sync for HostRanks {}

impl HostRanks {
    /// The communicator of a host.
    ///
    /// # Safety
    /// As in [`super`].
    pub(super) unsafe fn new(given: *const inst_communicator) -> Result<Self> {
        // SAFETY: the caller's promise; the size comes first, and the rest is read once it is right.
        let stated = unsafe { arguments::input("communicator", given, 1)?.as_ptr().cast::<i64>().read() };
        let expected = size_of::<inst_communicator>() as i64;
        if stated != expected {
            return Err(Error::BadShape(format!("communicator.struct_size: expected {expected}, got {stated}")));
        }
        // SAFETY: the same.
        let inst_communicator { rank, size, user, sendrecv, allreduce, barrier, .. } = unsafe { *given };
        let missing = |name: &str| Error::NullArgument(format!("communicator.{name}"));
        if size < 1 {
            return Err(Error::BadInput(format!("communicator.size: expected at least 1, got {size}")));
        }
        if !(0..size).contains(&rank) {
            return Err(Error::BadInput(format!("communicator.rank: expected 0 to {}, got {rank}", size - 1)));
        }
        Ok(Self {
            rank: rank as usize,
            size: size as usize,
            user,
            sendrecv: sendrecv.ok_or_else(|| missing("sendrecv"))?,
            allreduce: allreduce.ok_or_else(|| missing("allreduce"))?,
            barrier: barrier.ok_or_else(|| missing("barrier"))?,
        })
    }
}

/// The error of a function that did not return 0.
fn checked(name: &str, code: i32) -> Result<()> {
    if code == 0 { Ok(()) } else { Err(Error::Stopped(format!("communicator.{name}: expected 0, got {code}"))) }
}

/// The number of a rank as the host's functions take it.
fn number(rank: Option<usize>) -> i32 {
    rank.map_or(-1, |rank| rank as i32)
}

impl Ranks for HostRanks {
    fn rank(&self) -> usize {
        self.rank
    }

    fn size(&self) -> usize {
        self.size
    }

    fn sum(&self, numbers: &mut [f64]) -> Result<()> {
        let (start, count) = (numbers.as_mut_ptr(), numbers.len() as i64);
        // SAFETY: as many numbers as are counted, and the host's function keeps to the header.
        checked("allreduce", outside(|| unsafe { (self.allreduce)(start, count, self.user) }))
    }

    fn exchange(&self, (sent, to): (&[u8], Option<usize>), (received, from): (&mut [u8], Option<usize>)) -> Result<()> {
        let (there, back) = (sent.as_ptr().cast(), received.as_mut_ptr().cast());
        let (out, back_in) = (sent.len() as i64, received.len() as i64);
        // SAFETY: as many bytes as are counted, and the host's function keeps to the header.
        let code =
            outside(|| unsafe { (self.sendrecv)(there, out, number(to), back, back_in, number(from), self.user) });
        checked("sendrecv", code)
    }

    fn barrier(&self) -> Result<()> {
        // SAFETY: the host's function keeps to the header.
        checked("barrier", outside(|| unsafe { (self.barrier)(self.user) }))
    }
}
