//! What a program runs with: seed, precision, threads and devices.

use crate::error::{Error, Result};
use crate::opencl::{Device, Options};
use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

/// Precision of the networks; densities and actions are summed in f64 whatever it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// 32 bits.
    F32,
    /// 64 bits.
    #[default]
    F64,
}

thread_local! {
    static IS_WORKER: Cell<bool> = const { Cell::new(false) };
}

/// True on a worker thread of a context.
pub(crate) fn is_worker() -> bool {
    IS_WORKER.try_with(Cell::get).unwrap_or(false)
}

/// What INSTANTON_TEST_DEVICE names.
#[cfg(test)]
pub(crate) fn device_of_tests() -> Option<String> {
    std::env::var("INSTANTON_TEST_DEVICE").ok().filter(|named| named != "cpu")
}

/// A context for tests of models, on the devices that INSTANTON_TEST_DEVICE names: `make test` runs them all on the CPU
/// and on OpenCL.
#[cfg(test)]
pub(crate) fn of_tests(seed: u64, precision: Precision, threads: usize) -> Arc<Context> {
    let devices =
        device_of_tests().map_or(vec![], |named| crate::opencl::select(&named, precision == Precision::F64).unwrap());
    let options = Options { cache: None, sources: None };
    Arc::new(Context::with_devices(seed, precision, threads, (devices, options)).unwrap())
}

/// Seed, precision and a pool of threads of its own, so that the host's threads are left alone.
#[derive(Debug)]
pub struct Context {
    seed: u64,
    precision: Precision,
    devices: Vec<Device>,
    options: Options,
    pool: rayon::ThreadPool,
    /// Declared after the pool, which tells the workers to end when it is dropped.
    _workers: Workers,
}

/// Threads that are waited for when they are no longer needed, so that none outlives its context.
#[derive(Debug, Default)]
struct Workers(Vec<JoinHandle<()>>);

impl Drop for Workers {
    fn drop(&mut self) {
        // A worker cannot wait for itself.
        if !is_worker() {
            // A panic of a worker was told where it happened.
            self.0.drain(..).for_each(|worker| drop(worker.join()));
        }
    }
}

impl Context {
    /// A context with `threads` worker threads (0: one for each core that the process may use).
    pub fn new(seed: u64, precision: Precision, threads: usize) -> Result<Self> {
        Self::with_devices(seed, precision, threads, (vec![], Options::default()))
    }

    /// A context as of `new` with OpenCL devices (none: the CPU), and what programs of devices are built with.
    pub fn with_devices(
        seed: u64,
        precision: Precision,
        threads: usize,
        (devices, options): (Vec<Device>, Options),
    ) -> Result<Self> {
        const MOST: usize = 4096;
        if threads > MOST {
            return Err(Error::BadSpec(format!("threads: expected 0 (all) to {MOST}, got {threads}")));
        }
        let mut workers = Workers::default();
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .start_handler(|_| IS_WORKER.set(true))
            .spawn_handler(|worker| {
                let name = format!("instanton-{}", worker.index());
                workers.0.push(thread::Builder::new().name(name).spawn(|| worker.run())?);
                Ok(())
            })
            .build()
            .map_err(|e| Error::NoDevice(format!("threads: expected to start {threads} (0: all), got: {e}")))?;
        Ok(Self { seed, precision, devices, options, pool, _workers: workers })
    }

    /// Seed of all random numbers.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Precision of the networks.
    pub fn precision(&self) -> Precision {
        self.precision
    }

    /// OpenCL devices; none: the CPU.
    pub fn devices(&self) -> &[Device] {
        &self.devices
    }

    /// What programs of devices are built with.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// Number of worker threads.
    pub fn threads(&self) -> usize {
        self.pool.current_num_threads()
    }

    /// Runs `work` once on each worker thread.
    pub fn broadcast<R: Send>(&self, work: impl Fn() -> R + Sync) -> Vec<R> {
        self.pool.broadcast(|_| work())
    }

    /// Runs `work` for each of `count` parts, on the calling thread and on all workers but one.
    ///
    /// A thread takes the parts of its own range in order and then what the others have left, so that a part that is
    /// computed again and again finds its memory in the same core's cache. The caller works too, so that a short job
    /// does not wait for a thread to wake up. `work` is given the thread, 0 to `threads`, and the part.
    pub fn share(&self, count: usize, work: impl Fn(usize, usize) + Sync) {
        let threads = self.threads();
        if count <= 1 || threads == 1 {
            return (0..count).for_each(|part| work(0, part));
        }
        let starts = |thread| thread * count / threads;
        let queues: Vec<AtomicUsize> = (0..threads).map(|thread| AtomicUsize::new(starts(thread))).collect();
        let run = |own: usize| {
            for thread in (own..threads).chain(0..own) {
                loop {
                    let part = queues[thread].fetch_add(1, Ordering::Relaxed);
                    if part >= starts(thread + 1) {
                        break;
                    }
                    work(own, part);
                }
            }
        };
        let run = &run;
        self.pool.in_place_scope(|scope| {
            (1..threads).for_each(|own| scope.spawn(move |_| run(own)));
            run(0);
        });
    }

    /// Runs `work` for each piece of `length` numbers, which it is given with its place; the last may be shorter.
    pub fn share_chunks<T: Send>(&self, numbers: &mut [T], length: usize, work: impl Fn(usize, &mut [T]) + Sync) {
        let parts: Vec<_> = numbers.chunks_mut(length).map(|part| Mutex::new(Some(part))).collect();
        self.share(parts.len(), |_, i| {
            if let Some(part) = parts[i].lock().ok().and_then(|mut part| part.take()) {
                work(i, part);
            }
        });
    }
}

/// Numbers in a part of a field: a whole number of links of every group, and of vectors of them.
const PART: usize = 128 * 144;

/// Who works on a field: the threads of a context, or the calling thread alone.
///
/// Fields are cut into parts of fixed size, and sums are taken part by part, so that results do not depend on who works.
#[derive(Clone, Debug, Default)]
pub struct Team(Option<Arc<Context>>);

impl Team {
    /// The threads of a context.
    pub fn of(context: &Arc<Context>) -> Self {
        Self(Some(Arc::clone(context)))
    }

    /// How many threads work.
    pub fn threads(&self) -> usize {
        self.0.as_ref().map_or(1, |context| context.threads())
    }

    /// True where the calling thread works alone.
    pub fn is_alone(&self) -> bool {
        self.0.is_none()
    }

    /// Gives each part to `work`, once.
    pub fn share<T: Send>(&self, parts: Vec<T>, work: impl Fn(T) + Sync) {
        let Some(context) = self.0.as_ref().filter(|context| parts.len() > 1 && context.threads() > 1) else {
            return parts.into_iter().for_each(work);
        };
        let parts: Vec<_> = parts.into_iter().map(|part| Mutex::new(Some(part))).collect();
        context.share(parts.len(), |_, i| {
            if let Some(part) = parts[i].lock().ok().and_then(|mut part| part.take()) {
                work(part);
            }
        });
    }

    /// Changes a field by another one of as many numbers.
    pub fn update(&self, field: &mut [f64], other: &[f64], change: impl Fn(&mut [f64], &[f64]) + Sync) {
        let parts = field.chunks_mut(PART).zip(other.chunks(PART)).collect();
        self.share(parts, |(field, other): (&mut [f64], &[f64])| change(field, other));
    }

    /// The sum of a number of each part.
    pub fn sum(&self, field: &[f64], number: impl Fn(&[f64]) -> f64 + Sync) -> f64 {
        let mut sums = vec![0.0; field.len().div_ceil(PART)];
        let parts = sums.iter_mut().zip(field.chunks(PART)).collect();
        self.share(parts, |(sum, part): (&mut f64, &[f64])| *sum = number(part));
        sums.iter().sum()
    }
}

/// A context of one thread, for tests.
#[cfg(test)]
pub(crate) fn serial() -> std::sync::Arc<Context> {
    std::sync::Arc::new(Context::new(1, Precision::F64, 1).expect("one thread"))
}
