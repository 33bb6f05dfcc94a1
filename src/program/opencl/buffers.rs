//! Buffers in the memory of devices, arguments and launches of kernels.

use super::build::{Session, failed};
use super::text::split;
use crate::context::Precision;
use crate::error::Result;
use crate::memory;
use ocl::OclPrm;
use ocl::core::{self, ArgVal, CommandQueue, Kernel, Mem, MemFlags};

/// Uploads numbers without conversion.
pub(super) fn upload<T: OclPrm>(session: &Session, numbers: &[T]) -> Result<Mem> {
    // OpenCL has no empty buffers.
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

/// A buffer for `count` numbers.
pub(super) fn buffer<T: OclPrm>(session: &Session, count: usize) -> Result<Mem> {
    // SAFETY: no host memory is involved.
    unsafe { core::create_buffer::<_, T>(session.context(), MemFlags::new().read_write(), count.max(1), None::<&[T]>) }
        .map_err(|e| failed(session.device(), &format!("memory for {count} numbers"), &e))
}

/// `count` numbers in the host's memory.
pub(super) fn host<T: OclPrm>(count: usize) -> Result<Vec<T>> {
    memory::filled("numbers of a device", T::default(), count)
}

/// Uploads numbers of the network's precision.
pub(super) fn upload_numbers(session: &Session, precision: Precision, numbers: &[f64]) -> Result<Mem> {
    if precision == Precision::F64 {
        return upload(session, numbers);
    }
    let mut floats = host(numbers.len())?;
    floats.iter_mut().zip(numbers).for_each(|(float, &x)| *float = x as f32);
    upload(session, &floats)
}

/// Uploads wide numbers.
pub(super) fn upload_wide(session: &Session, has_double: bool, numbers: &[f64]) -> Result<Mem> {
    if has_double {
        return upload(session, numbers);
    }
    let mut floats = host(2 * numbers.len())?;
    floats.chunks_exact_mut(2).zip(numbers).for_each(|(pair, &x)| pair.copy_from_slice(&split(x)));
    upload(session, &floats)
}

/// Sets the argument of a kernel at an index.
pub(super) fn argument(session: &Session, kernel: &Kernel, at: usize, value: ArgVal) -> Result<()> {
    core::set_kernel_arg(kernel, at as u32, value).map_err(|e| failed(session.device(), "arguments", &e))
}

/// Work-items of a launch, and of each of its groups unless the device chooses these.
pub(super) struct Size {
    pub items: [usize; 3],
    pub group: Option<[usize; 3]>,
}

/// Runs a kernel.
pub(super) fn launch(session: &Session, queue: &CommandQueue, kernel: &Kernel, size: &Size) -> Result<()> {
    let Size { items, group } = *size;
    // SAFETY: the arguments are buffers of the sizes that the kernel was written for.
    unsafe {
        core::enqueue_kernel(queue, kernel, 2, None, &items, group, None::<core::Event>, None::<&mut core::Event>)
    }
    .map_err(|e| failed(session.device(), "launch", &e))
}

/// Waits for numbers that a device computes, and reads them.
pub(super) fn read<T: OclPrm>(session: &Session, queue: &CommandQueue, from: &Mem, to: &mut [T]) -> Result<()> {
    if to.is_empty() {
        return Ok(());
    }
    // SAFETY: the buffer has as many numbers, and the call returns when they have been read.
    unsafe { core::enqueue_read_buffer(queue, from, true, 0, to, None::<core::Event>, None::<&mut core::Event>) }
        .map_err(|e| failed(session.device(), "results", &e))
}
