//! Memory of devices, and what is done with it.

use super::build::{Session, failed};
use crate::context::Precision;
use crate::error::{Error, Result};
use crate::memory;
use ocl::OclPrm;
use ocl::core::{self, ArgVal, CommandQueue, Kernel, Mem, MemFlags};

/// Numbers as they are, uploaded.
pub(super) fn upload<T: OclPrm>(session: &Session, numbers: &[T]) -> Result<Mem> {
    // No device has buffers of no bytes.
    let none = [T::default()];
    let numbers = if numbers.is_empty() { &none[..] } else { numbers };
    // SAFETY: the device copies the numbers before the call returns.
    unsafe {
        core::create_buffer(
            session.context(),
            MemFlags::new().read_only().copy_host_ptr(),
            numbers.len(),
            Some(numbers),
        )
    }
    .map_err(|e| failed(session.device(), "memory", &e))
}

/// A buffer for so many numbers.
pub(super) fn room<T: OclPrm>(session: &Session, count: usize) -> Result<Mem> {
    // SAFETY: no host memory is involved.
    unsafe { core::create_buffer::<_, T>(session.context(), MemFlags::new().read_write(), count.max(1), None::<&[T]>) }
        .map_err(|e| failed(session.device(), &format!("memory for {count} numbers"), &e))
}

/// So many numbers in the host's memory.
pub(super) fn host<T: OclPrm>(count: usize) -> Result<Vec<T>> {
    let missing = |_| Error::BadShape(format!("opencl: expected host memory for {count} numbers, got none"));
    memory::filled(T::default(), count).map_err(missing)
}

/// Words of 32 bits of a number that is not wide.
pub(super) fn words(precision: Precision) -> usize {
    if precision == Precision::F32 { 1 } else { 2 }
}

/// Narrow numbers, uploaded.
pub(super) fn upload_numbers(session: &Session, precision: Precision, numbers: &[f64]) -> Result<Mem> {
    if precision == Precision::F64 {
        return upload(session, numbers);
    }
    let mut floats = host(numbers.len())?;
    floats.iter_mut().zip(numbers).for_each(|(float, &x)| *float = x as f32);
    upload(session, &floats)
}

/// A wide number in two floats, the larger last.
pub(super) fn split(x: f64) -> [f32; 2] {
    let high = x as f32;
    [if high.is_finite() { (x - f64::from(high)) as f32 } else { 0.0 }, high]
}

/// Wide numbers, uploaded.
pub(super) fn upload_wide(session: &Session, has_double: bool, numbers: &[f64]) -> Result<Mem> {
    if has_double {
        return upload(session, numbers);
    }
    let mut floats = host(2 * numbers.len())?;
    floats.chunks_exact_mut(2).zip(numbers).for_each(|(pair, &x)| pair.copy_from_slice(&split(x)));
    upload(session, &floats)
}

/// Gives a kernel its argument at a place.
pub(super) fn argument(session: &Session, kernel: &Kernel, at: usize, value: ArgVal) -> Result<()> {
    core::set_kernel_arg(kernel, at as u32, value).map_err(|e| failed(session.device(), "arguments", &e))
}

/// Runs a kernel.
pub(super) fn launch(
    session: &Session,
    queue: &CommandQueue,
    kernel: &Kernel,
    size: [usize; 3],
    group: Option<[usize; 3]>,
) -> Result<()> {
    // SAFETY: the arguments are buffers of the sizes that the kernel was written for.
    unsafe { core::enqueue_kernel(queue, kernel, 2, None, &size, group, None::<core::Event>, None::<&mut core::Event>) }
        .map_err(|e| failed(session.device(), "launch", &e))
}

/// Reads numbers, when they are there.
pub(super) fn read<T: OclPrm>(session: &Session, queue: &CommandQueue, from: &Mem, to: &mut [T]) -> Result<()> {
    if to.is_empty() {
        return Ok(());
    }
    // SAFETY: the buffer has as many numbers, and the call returns when they are there.
    unsafe { core::enqueue_read_buffer(queue, from, true, 0, to, None::<core::Event>, None::<&mut core::Event>) }
        .map_err(|e| failed(session.device(), "results", &e))
}
