//! Work of the calling thread in which workers join; it waits for none that has not begun.
//!
//! A sleeping worker wakes up in some 50 microseconds, which is as long as a small batch takes. A scope of a thread pool waits for
//! all its tasks, those too that begin when nothing is left to do. Here a task that comes late finds the work closed.

use std::any::Any;
use std::hint;
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// Tasks given to the workers of a pool that none has begun.
#[derive(Debug, Default)]
pub struct Waiting(Arc<AtomicUsize>);

impl Waiting {
    /// Gives a task to the workers, unless so many wait that all workers must be in long work of another thread of the host: tasks
    /// that come late take memory until a worker finds them.
    pub fn spawn(&self, pool: &rayon::ThreadPool, task: Box<dyn FnOnce() + Send>) {
        const MOST: usize = 4096;
        if self.0.fetch_add(1, Ordering::Relaxed) >= MOST * pool.current_num_threads() {
            self.0.fetch_sub(1, Ordering::Relaxed);
            return;
        }
        let waiting = Arc::clone(&self.0);
        pool.spawn(move || {
            waiting.fetch_sub(1, Ordering::Relaxed);
            task();
        });
    }
}

/// Set when no further worker may join.
const CLOSED: usize = 1 << (usize::BITS - 1);
/// Looks at the workers before the caller sleeps until they have left: some 10 microseconds.
const LOOKS: usize = 400;

/// What the caller and the workers of one call know of each other.
struct Joint {
    /// Number of workers inside, and [`CLOSED`].
    inside: AtomicUsize,
    /// The first panic of a worker.
    panic: Mutex<Option<Box<dyn Any + Send>>>,
    /// Wakes the caller when the last worker has left; it waits with the lock of `panic`.
    all_left: Condvar,
}

impl Joint {
    /// True where a worker may join.
    fn enter(&self) -> bool {
        let one_more = |inside: usize| (inside & CLOSED == 0).then_some(inside + 1);
        self.inside.fetch_update(Ordering::Acquire, Ordering::Relaxed, one_more).is_ok()
    }

    fn leave(&self) {
        if self.inside.fetch_sub(1, Ordering::AcqRel) == CLOSED | 1 {
            // Not between the caller's look at the workers and its sleep, where it would not hear of this.
            drop(self.lock());
            self.all_left.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Box<dyn Any + Send>>> {
        self.panic.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn workers_are_inside(&self) -> bool {
        self.inside.load(Ordering::Acquire) != CLOSED
    }
}

/// The work, which tasks that begin late do not touch.
#[derive(Clone, Copy)]
struct Shared(*const (dyn Fn(usize) + Sync));

// SAFETY: what it points to may be used by several threads.
unsafe impl Send for Shared {}

impl Shared {
    /// # Safety
    /// The work is still there.
    unsafe fn work<'a>(self) -> &'a (dyn Fn(usize) + Sync) {
        // SAFETY: the caller's promise.
        unsafe { &*self.0 }
    }
}

/// Closes the work when the caller has finished or panicked, and waits for the workers inside.
struct Closing<'a>(&'a Joint);

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        self.0.inside.fetch_or(CLOSED, Ordering::AcqRel);
        for _ in 0..LOOKS {
            if !self.0.workers_are_inside() {
                return;
            }
            hint::spin_loop();
        }
        let guard = self.0.lock();
        drop(self.0.all_left.wait_while(guard, |_| self.0.workers_are_inside()));
    }
}

/// Runs `work(0)` on the calling thread, and beside it `work(1)` to `work(threads - 1)` as tasks given to `spawn`, which may drop
/// some. A task that begins after the caller has ended does nothing. A panic goes on in the calling thread.
pub fn run(threads: usize, spawn: impl Fn(Box<dyn FnOnce() + Send>), work: &(dyn Fn(usize) + Sync)) {
    let joint = Arc::new(Joint { inside: AtomicUsize::new(0), panic: Mutex::default(), all_left: Condvar::new() });
    // SAFETY: the same pointer but for the lifetime. It is a pointer, and not a reference, since tasks that begin late hold it when
    // `work` is gone.
    let lasting =
        Shared(unsafe { std::mem::transmute::<*const (dyn Fn(usize) + Sync), *const (dyn Fn(usize) + Sync)>(work) });
    let closing = Closing(&joint);
    for own in 1..threads {
        let joint = Arc::clone(&joint);
        spawn(Box::new(move || {
            if !joint.enter() {
                return;
            }
            // SAFETY: a task uses `work` only between entering and leaving the joint. It enters none that is closed, and `Closing`
            // returns from `run`, normally or by a panic, only when all have left.
            if let Err(payload) = panic::catch_unwind(AssertUnwindSafe(|| unsafe { lasting.work() }(own))) {
                joint.lock().get_or_insert(payload);
            }
            joint.leave();
        }));
    }
    work(0);
    drop(closing);
    let payload = joint.lock().take();
    if let Some(payload) = payload {
        panic::resume_unwind(payload);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;
    use std::thread;

    type Task = Box<dyn FnOnce() + Send>;

    /// A meeting at which thread 0 waits for another one.
    fn meeting() -> impl Fn(usize) + Sync {
        let (begun, has_begun) = mpsc::channel();
        let (begun, has_begun) = (Mutex::new(begun), Mutex::new(has_begun));
        move |own| match own {
            0 => has_begun.lock().unwrap().recv().unwrap(),
            _ => begun.lock().unwrap().send(()).unwrap(),
        }
    }

    /// A task that begins late does nothing, and the call does not wait for it.
    #[test]
    fn waits_for_no_task_that_has_not_begun() {
        let late = Mutex::new(Vec::<Task>::new());
        let ran = Mutex::new(vec![]);
        run(3, |task| late.lock().unwrap().push(task), &|own| ran.lock().unwrap().push(own));
        late.into_inner().unwrap().into_iter().for_each(|task| task());
        assert_eq!(ran.into_inner().unwrap(), [0]);
    }

    /// A task that has begun is waited for, however long it takes.
    #[test]
    fn waits_for_a_task_that_has_begun() {
        let (meet, ended) = (meeting(), AtomicUsize::new(0));
        let work = |own: usize| {
            meet(own);
            if own > 0 {
                thread::sleep(std::time::Duration::from_millis(30));
                ended.fetch_add(1, Ordering::Relaxed);
            }
        };
        run(2, |task| drop(thread::spawn(task)), &work);
        assert_eq!(ended.load(Ordering::Relaxed), 1);
    }

    /// Panics of a task and of the caller reach the caller, after the other one has ended.
    #[test]
    fn panics_reach_the_caller() {
        for failing in 0..2 {
            let (meet, ended) = (meeting(), AtomicUsize::new(0));
            let work = |own: usize| {
                meet(own);
                assert_ne!(own, failing, "this part fails");
                ended.fetch_add(1, Ordering::Relaxed);
            };
            let result = panic::catch_unwind(AssertUnwindSafe(|| run(2, |task| drop(thread::spawn(task)), &work)));
            assert!(result.is_err(), "thread {failing}");
            assert_eq!(ended.load(Ordering::Relaxed), 1);
        }
    }
}
