//! The context of all computations: seed, precision, threads and devices.

mod joint;

use crate::error::{Error, Result};
use crate::opencl::{Device, Options};
use crate::progress;
use std::cell::Cell;
use std::mem::ManuallyDrop;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, Once};
use std::thread::{self, JoinHandle};
use std::time::Duration;

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

/// Number of fork() calls between the process that first used the library and this one. A handler in the child counts
/// them, because asking the system for the process number takes as long as a short call.
pub(crate) fn generation() -> u32 {
    FORKS.load(Ordering::Relaxed)
}

static FORKS: AtomicU32 = AtomicU32::new(0);

/// Registers the handler that counts forks.
fn count_forks() {
    #[cfg(unix)]
    {
        static COUNTED: Once = Once::new();
        /// # Safety
        /// No condition on the caller: this changes one atomic number.
        unsafe extern "C" fn forked() {
            FORKS.fetch_add(1, Ordering::Relaxed);
        }
        COUNTED.call_once(|| {
            // If there is no memory to register the handler, a child that uses its parent's threads waits for them.
            // SAFETY: the handler changes one atomic number, and the library stays loaded.
            let _ = unsafe { libc::pthread_atfork(None, None, Some(forked)) };
        });
    }
}

thread_local! {
    static IS_WORKER: Cell<bool> = const { Cell::new(false) };
}

/// True on a worker thread of a context.
pub(crate) fn is_worker() -> bool {
    IS_WORKER.try_with(Cell::get).unwrap_or(false)
}

/// Runs work that cannot be interrupted. If the calling thread has a watcher, the work runs on a separate thread; when
/// the host ends the call, that thread finishes its work and the result is dropped.
pub(crate) fn beside<R: Send + 'static>(work: impl FnOnce() -> R + Send + 'static) -> Result<R> {
    const LOOK: Duration = Duration::from_millis(20);
    if !progress::is_watched() {
        return Ok(work());
    }
    let (sender, receiver) = mpsc::channel();
    let run = move || {
        IS_WORKER.set(true);
        // Without a receiver the call has ended, and the result is dropped.
        let _ = sender.send(work());
    };
    let started = thread::Builder::new().name("instanton-beside".into()).spawn(run);
    let started = started.map_err(|e| Error::NoDevice(format!("threads: expected to start one, got: {e}")))?;
    loop {
        match receiver.recv_timeout(LOOK) {
            Ok(result) => return Ok(result),
            Err(RecvTimeoutError::Timeout) => progress::check()?,
            // The thread has panicked.
            Err(RecvTimeoutError::Disconnected) => match started.join() {
                Err(payload) => std::panic::resume_unwind(payload),
                Ok(()) => return Err(Error::Internal("threads: expected a result, got none".into())),
            },
        }
    }
}

/// The device that INSTANTON_TEST_DEVICE names.
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
    Arc::new(Context::with_devices(seed, precision, threads, Accelerators { devices, options }).unwrap())
}

/// OpenCL devices that programs run on.
#[derive(Clone, Debug, Default)]
pub struct Accelerators {
    /// The devices; none: programs run on the CPU.
    pub devices: Vec<Device>,
    /// Folders of built kernels and of their sources.
    pub options: Options,
}

/// Seed, precision and a pool of threads of its own, so that the host's threads are left alone.
#[derive(Debug)]
pub struct Context {
    seed: u64,
    precision: Precision,
    accelerators: Accelerators,
    /// The [`generation`] of the process in which the workers run: a child after fork() has no workers.
    generation: u32,
    pool: ManuallyDrop<rayon::ThreadPool>,
    /// Tasks of shared work that no worker has begun.
    waiting: joint::Waiting,
    workers: Vec<JoinHandle<()>>,
}

impl Drop for Context {
    fn drop(&mut self) {
        let workers = std::mem::take(&mut self.workers);
        if self.generation != generation() {
            // After a fork() the workers do not exist in this process: they can be neither ended nor waited for.
            return std::mem::forget(workers);
        }
        // SAFETY: the pool is dropped only here. Dropping it makes the workers end.
        unsafe { ManuallyDrop::drop(&mut self.pool) };
        // The workers are waited for, so that none outlives its context; a worker cannot wait for itself.
        if !is_worker() {
            // A panic of a worker was reported where it happened.
            workers.into_iter().for_each(|worker| drop(worker.join()));
        }
    }
}

impl Context {
    /// A context with `threads` worker threads (0: one for each core that the process may use).
    pub fn new(seed: u64, precision: Precision, threads: usize) -> Result<Self> {
        Self::with_devices(seed, precision, threads, Accelerators::default())
    }

    /// A context as of `new`, whose programs run on OpenCL devices.
    pub fn with_devices(seed: u64, precision: Precision, threads: usize, accelerators: Accelerators) -> Result<Self> {
        const MOST: usize = 4096;
        if threads > MOST {
            return Err(Error::BadSpec(format!("threads: expected 0 (all) to {MOST}, got {threads}")));
        }
        count_forks();
        let mut workers = vec![];
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .start_handler(|_| IS_WORKER.set(true))
            .spawn_handler(|worker| {
                let name = format!("instanton-{}", worker.index());
                workers.push(thread::Builder::new().name(name).spawn(|| worker.run())?);
                Ok(())
            })
            .build()
            .map_err(|e| Error::NoDevice(format!("threads: expected to start {threads} (0: all), got: {e}")))?;
        let (generation, pool) = (generation(), ManuallyDrop::new(pool));
        Ok(Self { seed, precision, accelerators, generation, pool, waiting: joint::Waiting::default(), workers })
    }

    /// The [`generation`] of the process that the worker threads are in.
    pub fn generation(&self) -> u32 {
        self.generation
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
        &self.accelerators.devices
    }

    /// Folders of built kernels and of their sources.
    pub fn options(&self) -> &Options {
        &self.accelerators.options
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
    /// A thread takes the parts of its own range in order and then parts that others have not begun; a part that is
    /// computed again and again finds its memory in the same core's cache. The caller works too, and waits for
    /// no worker that has not begun, so that a short job does not wait for a thread to wake up. `work` is given the thread, below
    /// `threads` and `count`, and the part.
    pub fn share(&self, count: usize, work: impl Fn(usize, usize) + Sync) {
        let threads = self.threads().min(count);
        // A callback may call fork(): in the child there are no workers, and the calling thread computes alone.
        if threads <= 1 || self.generation != generation() {
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
        joint::run(threads, |task| self.waiting.spawn(&self.pool, task), &run);
    }

    /// As [`Context::share_chunks`] for several arrays of equal length: a thread is given the same piece of each, one
    /// after another. `work` is given the index of the piece and the index of the array.
    pub fn share_chunks_of_each<T: Send>(
        &self,
        arrays: &mut [&mut [T]],
        length: usize,
        work: impl Fn(usize, usize, &mut [T]) + Sync,
    ) {
        let count = arrays.first().map_or(0, |array| array.len());
        assert!(arrays.iter().all(|array| array.len() == count), "arrays of one length");
        let starts: Vec<_> = arrays.iter_mut().map(|array| Start(array.as_mut_ptr())).collect();
        self.share(count.div_ceil(length), |_, i| {
            let first = i * length;
            for (j, start) in starts.iter().enumerate() {
                // SAFETY: as in `share_chunks`, in each of the arrays, of which no two overlap.
                work(i, j, unsafe { std::slice::from_raw_parts_mut(start.at(first), length.min(count - first)) });
            }
        });
    }

    /// The sum of `number(i)` over parts i = 0 .. `count`, added in this order.
    pub fn sum(&self, count: usize, number: impl Fn(usize) -> f64 + Sync) -> f64 {
        // A fixed number of parts at a time, so that memory does not grow with `count`.
        const PARTS: usize = 512;
        let mut total = 0.0;
        for first in (0..count).step_by(PARTS) {
            let mut numbers = [0.0; PARTS];
            let numbers = &mut numbers[..PARTS.min(count - first)];
            self.share_chunks(numbers, 1, |i, place| place[0] = number(first + i));
            total = numbers.iter().fold(total, |total, number| total + number);
        }
        total
    }

    /// Runs `work` with the index and the numbers of each piece of `length` numbers; the last may be shorter.
    pub fn share_chunks<T: Send>(&self, numbers: &mut [T], length: usize, work: impl Fn(usize, &mut [T]) + Sync) {
        let (count, start) = (numbers.len(), Start(numbers.as_mut_ptr()));
        self.share(count.div_ceil(length), |_, i| {
            let first = i * length;
            // SAFETY: pieces do not overlap, lie within the numbers, and are each given to one thread alone.
            work(i, unsafe { std::slice::from_raw_parts_mut(start.at(first), length.min(count - first)) });
        });
    }
}

/// Pointer to the first number of an array of which threads change disjoint pieces.
struct Start<T>(*mut T);

// SAFETY: threads change disjoint pieces, of a type that may be sent between threads.
unsafe impl<T: Send> Sync for Start<T> {}

impl<T> Start<T> {
    fn at(&self, place: usize) -> *mut T {
        self.0.wrapping_add(place)
    }
}

/// Takes the content of a slot, which exactly one thread takes. An empty slot is a broken invariant: a part left out
/// would silently make the result wrong.
pub(crate) fn taken<T>(place: &Mutex<Option<T>>) -> T {
    place.lock().ok().and_then(|mut content| content.take()).expect("a part that no other thread has taken")
}

/// Numbers in a part of a field: a multiple of the size of a link of every group, and of vectors of links.
const PART: usize = 128 * 144;

/// The threads that compute on a field: those of a context, or the calling thread alone.
///
/// Fields are cut into parts of fixed size, and sums are taken part by part, so that results do not depend on the
/// number of threads.
#[derive(Clone, Debug, Default)]
pub struct Team(Option<Arc<Context>>);

impl Team {
    /// The threads of a context.
    pub fn of(context: &Arc<Context>) -> Self {
        Self(Some(Arc::clone(context)))
    }

    /// Number of threads.
    pub fn threads(&self) -> usize {
        self.0.as_ref().map_or(1, |context| context.threads())
    }

    /// True where the calling thread works alone.
    pub fn is_alone(&self) -> bool {
        self.0.is_none()
    }

    /// Runs `work` once for each part.
    pub fn share<T: Send>(&self, parts: Vec<T>, work: impl Fn(T) + Sync) {
        let Some(context) = self.0.as_ref().filter(|context| parts.len() > 1 && context.threads() > 1) else {
            return parts.into_iter().for_each(work);
        };
        let parts: Vec<_> = parts.into_iter().map(|part| Mutex::new(Some(part))).collect();
        context.share(parts.len(), |_, i| {
            work(taken(&parts[i]));
        });
    }

    /// Runs `work` for each of `count` parts, as [`Context::share`].
    pub fn share_count(&self, count: usize, work: impl Fn(usize) + Sync) {
        match &self.0 {
            Some(context) => context.share(count, |_, part| work(part)),
            None => (0..count).for_each(work),
        }
    }

    /// Changes a field in place, part by part, with the same part of another field of equal length.
    pub fn update(&self, field: &mut [f64], other: &[f64], change: impl Fn(&mut [f64], &[f64]) + Sync) {
        self.share_chunks(field, PART, |i, part| change(part, &other[i * PART..][..part.len()]));
    }

    /// Runs `work` for each piece of `length` numbers, as [`Context::share_chunks`].
    pub fn share_chunks<T: Send>(&self, numbers: &mut [T], length: usize, work: impl Fn(usize, &mut [T]) + Sync) {
        match &self.0 {
            Some(context) => context.share_chunks(numbers, length, work),
            None => numbers.chunks_mut(length).enumerate().for_each(|(i, piece)| work(i, piece)),
        }
    }

    /// The sum of `number(i)` over `count` parts, as [`Context::sum`].
    pub fn sum_parts(&self, count: usize, number: impl Fn(usize) -> f64 + Sync) -> f64 {
        match &self.0 {
            Some(context) => context.sum(count, number),
            None => (0..count).map(number).sum(),
        }
    }

    /// Changes each piece of `length` numbers, and sums the numbers that `change` returns in the order of the pieces.
    pub fn sum_chunks<T: Send>(
        &self,
        numbers: &mut [T],
        length: usize,
        change: impl Fn(usize, &mut [T]) -> f64 + Sync,
    ) -> f64 {
        let (count, start) = (numbers.len(), Start(numbers.as_mut_ptr()));
        self.sum_parts(count.div_ceil(length), |i| {
            let first = i * length;
            // SAFETY: as in `Context::share_chunks`.
            change(i, unsafe { std::slice::from_raw_parts_mut(start.at(first), length.min(count - first)) })
        })
    }

    /// The sum over the parts of a field of `number(part)`.
    pub fn sum(&self, field: &[f64], number: impl Fn(&[f64]) -> f64 + Sync) -> f64 {
        let number = |i: usize| number(&field[i * PART..field.len().min((i + 1) * PART)]);
        self.sum_parts(field.len().div_ceil(PART), number)
    }
}

/// A context of one thread, for tests.
#[cfg(test)]
pub(crate) fn serial() -> std::sync::Arc<Context> {
    std::sync::Arc::new(Context::new(1, Precision::F64, 1).expect("one thread"))
}
