//! A program's kernels on one device.

use super::super::steps::Plan;
use super::super::{Feed, Program};
use super::buffers::{upload, upload_numbers};
use super::build::{self, Kernels, Session, failed};
use super::source::{Layout, Source};
use crate::context::Precision;
use crate::error::Result;
use crate::opencl::{Device, Options};
use ocl::core::{self, CommandQueue, Kernel, Mem};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A program on one device.
pub(super) struct Built {
    pub device: Device,
    pub session: Arc<Session>,
    pub layout: Layout,
    options: Options,
    /// Kernels by the inputs that they draw themselves; built when they are first asked for.
    variants: Mutex<HashMap<Vec<bool>, Arc<Variant>>>,
}

/// A kernel, and what runs compute in when none is running.
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
}

impl Drop for Bench {
    /// Waits for what a run that failed may have left.
    fn drop(&mut self) {
        let _ = core::finish(&self.queue);
    }
}

impl Built {
    pub fn new((device, options): (&Device, &Options), layout: Layout) -> Result<Self> {
        let session = build::session(device)?;
        Ok(Self { device: device.clone(), session, layout, options: options.clone(), variants: Mutex::default() })
    }

    /// The kernel that draws the inputs which are to be drawn.
    pub fn variant(
        &self,
        (program, plan): (&Program, &Plan),
        precision: Precision,
        feeds: &[Feed],
    ) -> Result<Arc<Variant>> {
        let drawn: Vec<bool> = feeds.iter().map(|feed| matches!(feed, Feed::Normal(_))).collect();
        let mut variants = self.variants.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = variants.get(&drawn) {
            return Ok(Arc::clone(known));
        }
        let source = Source::new((program, &drawn), plan, precision, self.layout);
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

/// The turns of one thread on the CPUs among some devices: a batch takes all cores of one, and PoCL 3.1 loses count of
/// the kernels in use, and ends the process, where two threads run one kernel at a time.
pub(super) fn turns(devices: &[Built]) -> Vec<MutexGuard<'_, ()>> {
    let cpus = devices.iter().filter(|built| built.device.is_cpu);
    let mut turns: Vec<&Mutex<()>> = cpus.map(|built| built.session.turn()).collect();
    // In one order for all threads, and each device once.
    turns.sort_by_key(|turn| std::ptr::from_ref(*turn));
    turns.dedup_by_key(|turn| std::ptr::from_ref(*turn));
    turns.into_iter().map(|turn| turn.lock().unwrap_or_else(PoisonError::into_inner)).collect()
}

impl Variant {
    /// Kernels that no other run uses.
    pub fn bench(&self, session: &Session) -> Result<Bench> {
        if let Some(bench) = self.idle.lock().ok().and_then(|mut idle| idle.pop()) {
            return Ok(bench);
        }
        let kernel =
            |name| core::create_kernel(&self.kernels.program, name).map_err(|e| failed(session.device(), name, &e));
        let reduce = if self.source.sum_count > 0 { Some(kernel("reduce")?) } else { None };
        Ok(Bench { queue: session.queue()?, run: kernel("run")?, reduce })
    }

    /// Keeps kernels for the next run, and for the next process.
    pub fn give_back(&self, bench: Bench) {
        self.kernels.keep();
        if let Ok(mut idle) = self.idle.lock() {
            idle.push(bench);
        }
    }
}
