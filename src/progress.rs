//! Progress reports of long calls, which the host may end.
//!
//! A host may set a watcher of a thread, a callback. Long work counts its steps between passes over its fields: every
//! tenth of a second the watcher is given a report, and may end the work with the error `Stopped`. Of nested work, such
//! as the solves of a trajectory, the outermost is reported. Results are the same with a watcher or without.

use crate::error::{Error, Result};
use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

/// Shortest time between two reports of a thread.
pub const INTERVAL: Duration = Duration::from_millis(100);

/// Progress of a call.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Report {
    /// Name of the work: 'solve', 'trajectory'.
    pub work: &'static str,
    /// Steps done.
    pub done: u64,
    /// All steps; 0 where that is not known.
    pub total: u64,
    /// A number of the last step, such as the relative residual of a solve; NaN before the first one.
    pub figure: f64,
}

/// A function that is given reports of progress; where it returns any number but 0 the work ends.
pub type Watcher = Box<dyn FnMut(&Report) -> i32>;

/// The watcher of a thread; None while it runs.
struct Watch {
    watcher: Option<Watcher>,
    last: Instant,
}

thread_local! {
    /// True where this thread has a watcher that is not running.
    static WATCHED: Cell<bool> = const { Cell::new(false) };
    /// The outermost work of this thread.
    static OUTERMOST: Cell<Option<Report>> = const { Cell::new(None) };
    static WATCH: RefCell<Option<Watch>> = const { RefCell::new(None) };
}

/// Sets the watcher of this thread, in place of the one before; None removes it.
pub fn watch(watcher: Option<Watcher>) {
    let is_watched = watcher.is_some();
    let new = watcher.map(|watcher| Watch { watcher: Some(watcher), last: Instant::now() });
    // A thread that is ending may have dropped its thread-local watcher; then there is none.
    let old = WATCH.try_with(|watch| watch.replace(new));
    WATCHED.set(is_watched && old.is_ok());
}

/// True where this thread has a watcher.
pub fn is_watched() -> bool {
    WATCHED.get()
}

/// Work that is reported until it is dropped.
#[must_use = "work is reported for as long as this lives"]
pub struct Work {
    is_outermost: bool,
}

/// Begins work of `total` steps (0: not known); nested work is not reported on its own.
pub fn begin(work: &'static str, total: u64) -> Work {
    let is_outermost = is_watched() && OUTERMOST.get().is_none();
    if is_outermost {
        OUTERMOST.set(Some(Report { work, done: 0, total, figure: f64::NAN }));
    }
    Work { is_outermost }
}

impl Drop for Work {
    fn drop(&mut self) {
        if self.is_outermost {
            OUTERMOST.set(None);
        }
    }
}

/// Counts one more finished step of the work of this name; an error where the host ends it.
#[inline]
pub fn step(work: &'static str, figure: f64) -> Result<()> {
    if !is_watched() {
        return Ok(());
    }
    if let Some(report) = OUTERMOST.get().filter(|report| report.work == work) {
        OUTERMOST.set(Some(Report { done: report.done + 1, figure, ..report }));
    }
    report()
}

/// Called within a step; an error where the host ends the work.
#[inline]
pub fn check() -> Result<()> {
    if is_watched() { report() } else { Ok(()) }
}

/// [`check`] in a loop over the sites of a lattice, at some of them.
#[inline]
pub fn check_at(site: usize) -> Result<()> {
    const SITES: usize = 256;
    if site.is_multiple_of(SITES) { check() } else { Ok(()) }
}

/// Reports the outermost work to the watcher, unless the last report is less than [`INTERVAL`] ago.
fn report() -> Result<()> {
    let due = |watch: &mut Watch| {
        let now = Instant::now();
        let is_due = now.duration_since(watch.last) >= INTERVAL;
        is_due.then(|| watch.watcher.take()).flatten()
    };
    let watcher = WATCH.try_with(|watch| watch.borrow_mut().as_mut().and_then(due)).ok().flatten();
    let Some(mut watcher) = watcher else { return Ok(()) };
    let report = OUTERMOST.get().unwrap_or(Report { work: "work", done: 0, total: 0, figure: f64::NAN });
    WATCHED.set(false);
    let code = watcher(&report);
    let _ = WATCH.try_with(|watch| {
        // The watcher may have replaced or removed itself.
        if let Some(watch) = watch.borrow_mut().as_mut().filter(|watch| watch.watcher.is_none()) {
            *watch = Watch { watcher: Some(watcher), last: Instant::now() };
            WATCHED.set(true);
        }
    });
    if code == 0 {
        return Ok(());
    }
    Err(Error::Stopped(format!("watch callback: expected 0, got {code} during '{}'", report.work)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::rc::Rc;

    /// A watcher that records its reports, and ends the work at the given one.
    fn recorder(last: usize) -> Rc<RefCell<Vec<Report>>> {
        let heard = Rc::new(RefCell::new(vec![]));
        let kept = Rc::clone(&heard);
        watch(Some(Box::new(move |report| {
            kept.borrow_mut().push(*report);
            if kept.borrow().len() == last { 7 } else { 0 }
        })));
        heard
    }

    fn wait() {
        std::thread::sleep(INTERVAL);
    }

    #[test]
    fn the_outermost_work_is_reported_and_stopped() {
        let heard = recorder(2);
        let outer = begin("trajectory", 5);
        step("trajectory", 0.5).unwrap();
        let inner = begin("solve", 0);
        wait();
        step("solve", 1e-3).unwrap();
        drop(inner);
        wait();
        let error = step("trajectory", 0.25).unwrap_err();
        assert_eq!(error, Error::Stopped("watch callback: expected 0, got 7 during 'trajectory'".into()));
        let report = |done, figure| Report { work: "trajectory", done, total: 5, figure };
        assert_eq!(*heard.borrow(), [report(1, 0.5), report(2, 0.25)]);
        drop(outer);
        // The next work is watched, too.
        let _solve = begin("solve", 0);
        wait();
        step("solve", 0.1).unwrap();
        assert_eq!(heard.borrow()[2], Report { work: "solve", done: 1, total: 0, figure: 0.1 });
        watch(None);
    }

    #[test]
    fn reports_come_ten_times_a_second_at_most() {
        let heard = recorder(0);
        let start = Instant::now();
        let _work = begin("solve", 0);
        let mut steps = 0;
        while start.elapsed() < 4 * INTERVAL {
            step("solve", 0.0).unwrap();
            steps += 1;
        }
        assert!((1..=4).contains(&heard.borrow().len()) && steps > 1000, "{steps}: {:?}", heard.borrow());
        assert!(heard.borrow().iter().all(|report| report.done <= steps));
        watch(None);
    }

    #[test]
    fn a_watcher_may_work_itself_and_may_end_its_watch() {
        let heard = Rc::new(Cell::new(0));
        let kept = Rc::clone(&heard);
        watch(Some(Box::new(move |_| {
            assert!(!is_watched());
            let _inner = begin("solve", 0);
            step("solve", 0.0).unwrap();
            watch(None);
            kept.set(kept.get() + 1);
            0
        })));
        let _work = begin("flow", 0);
        for _ in 0..2 {
            wait();
            step("flow", 0.0).unwrap();
        }
        assert!(heard.get() == 1 && !is_watched());
    }

    #[test]
    fn other_threads_are_not_watched() {
        let heard = recorder(1);
        std::thread::spawn(|| {
            let _work = begin("solve", 0);
            wait();
            step("solve", 0.0).unwrap();
        })
        .join()
        .unwrap();
        assert!(heard.borrow().is_empty());
        watch(None);
    }
}
