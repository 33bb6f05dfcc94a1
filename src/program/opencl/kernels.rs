//! A program's kernels on one device.

use super::super::feed::Distribution;
use super::batch::Batch;
use super::buffers::{upload, upload_numbers};
use super::build::{self, Kernels, Session, failed};
use super::source::{Planned, Source};
use super::target::Target;
use crate::error::Result;
use crate::opencl::{Device, Options};
use ocl::core::{self, CommandQueue, Kernel, Mem};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A program on one device.
pub(super) struct Built {
    pub device: Device,
    pub session: Arc<Session>,
    pub target: Target,
    options: Options,
    /// Kernels by the inputs that they draw themselves; built at their first use.
    variants: Mutex<HashMap<Vec<Option<Distribution>>, Arc<Variant>>>,
}

/// A kernel with its tables, and the queues that no run uses at present.
pub(super) struct Variant {
    pub source: Source,
    pub tables: Mem,
    pub numbers: Mem,
    kernels: Kernels,
    idle: Mutex<Vec<Bench>>,
}

/// Kernels with their queue, for one run at a time.
pub(super) struct Bench {
    pub queue: CommandQueue,
    pub run: Kernel,
    pub reduce: Option<Kernel>,
    /// Numbers of sums over samples.
    pub sum_count: usize,
}

impl Drop for Bench {
    /// Waits for work that a failed run may have left in the queue.
    fn drop(&mut self) {
        let _ = core::finish(&self.queue);
    }
}

impl Built {
    pub fn new(device: &Device, options: &Options, target: Target) -> Result<Self> {
        let session = build::session(device)?;
        Ok(Self { device: device.clone(), session, target, options: options.clone(), variants: Mutex::default() })
    }

    /// The kernel that draws those inputs of a batch that are random numbers.
    pub fn variant(&self, batch: &Batch) -> Result<Arc<Variant>> {
        let &Batch { program, plan, precision, .. } = batch;
        let drawn: Vec<_> = batch.feeds.iter().map(|feed| Some(feed.drawn()?.0)).collect();
        let mut variants = self.variants.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = variants.get(&drawn) {
            return Ok(Arc::clone(known));
        }
        let planned = Planned { program, plan, precision, target: self.target, drawn: &drawn };
        let source = Source::new(&planned);
        let variant = Arc::new(Variant {
            kernels: build::build(&self.session, &source.text, &self.options)?,
            tables: upload(&self.session, &source.tables)?,
            numbers: upload_numbers(&self.session, precision, &source.numbers)?,
            source,
            idle: Mutex::default(),
        });
        variants.insert(drawn, Arc::clone(&variant));
        Ok(variant)
    }
}

/// Locks of the CPUs among some devices: a batch uses all cores of a CPU, and PoCL 3.1 loses count of the kernels in
/// use, and ends the process, where two threads run one kernel at a time.
pub(super) fn turns(devices: &[Built]) -> Vec<MutexGuard<'_, ()>> {
    let cpus = devices.iter().filter(|built| built.device.is_cpu);
    let mut turns: Vec<&Mutex<()>> = cpus.map(|built| built.session.turn()).collect();
    // Locked in the same order by all threads, so that none waits for ever, and once for each device.
    turns.sort_by_key(|turn| std::ptr::from_ref(*turn));
    turns.dedup_by_key(|turn| std::ptr::from_ref(*turn));
    turns.into_iter().map(|turn| turn.lock().unwrap_or_else(PoisonError::into_inner)).collect()
}

impl Variant {
    /// Kernels that no other run uses.
    pub fn bench(&self, session: &Session) -> Result<Bench> {
        if let Some(bench) = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop() {
            return Ok(bench);
        }
        let kernel =
            |name| core::create_kernel(&self.kernels.program, name).map_err(|e| failed(session.device(), name, &e));
        let sum_count = self.source.sum_count;
        let reduce = if sum_count > 0 { Some(kernel("reduce")?) } else { None };
        Ok(Bench { queue: session.queue()?, run: kernel("run")?, reduce, sum_count })
    }

    /// Returns kernels for the next run, and writes them to the cache for the next process.
    pub fn give_back(&self, bench: Bench) {
        self.kernels.keep();
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(bench);
    }
}
