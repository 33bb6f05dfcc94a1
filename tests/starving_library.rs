//! Shortage of memory in functions of the Rust library that the header does not have: each large allocation is refused
//! in turn. An allocation that cannot report its failure ends this process, and so fails the test.

use instanton::context::{Context, Precision};
use instanton::error::Result;
use instanton::lattice::Lattice;
use instanton::program::{Executable, Filter, Output, Program, Recorder, Scan, Shape, Stencil, Values};
use instanton::statistics::{
    Bootstrap, autocorrelation_of, bootstrap, independence_acceptance, jackknife, two_point, two_sided,
};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// The allocator of this program: it refuses one allocation of the thread that asks for it.
struct Starving;

#[global_allocator]
static ALLOCATOR: Starving = Starving;

thread_local! {
    /// Smallest allocations that are counted; none at first.
    static LEAST: Cell<usize> = const { Cell::new(usize::MAX) };
    /// Number of counted allocations.
    static COUNT: Cell<usize> = const { Cell::new(0) };
    /// Number of the counted allocation that is refused.
    static REFUSED: Cell<usize> = const { Cell::new(usize::MAX) };
}

/// True where an allocation of `size` bytes is to be refused.
fn refuses(size: usize) -> bool {
    size >= LEAST.get() && COUNT.replace(COUNT.get() + 1) == REFUSED.get()
}

// SAFETY: all requests go to the system's allocator, except that some are refused, which every caller has to expect.
unsafe impl GlobalAlloc for Starving {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if refuses(layout.size()) { std::ptr::null_mut() } else { unsafe { System.alloc(layout) } }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        unsafe { System.dealloc(place, layout) }
    }

    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if refuses(size) { std::ptr::null_mut() } else { unsafe { System.realloc(place, layout, size) } }
    }
}

/// Runs a call while one of the allocations of at least `least` bytes is refused; also gives their number.
fn starved<T>(least: usize, refused: usize, call: &dyn Fn() -> Result<T>) -> (Result<T>, usize) {
    COUNT.set(0);
    REFUSED.set(refused);
    LEAST.set(least);
    let result = call();
    LEAST.set(usize::MAX);
    (result, COUNT.get())
}

/// Refuses each allocation of at least `least` bytes in turn, of which there are at least `fewest`.
fn each<T: std::fmt::Debug + PartialEq>(what: &str, least: usize, fewest: usize, call: &dyn Fn() -> Result<T>) {
    let (expected, count) = starved(least, usize::MAX, call);
    let expected = expected.unwrap();
    assert!(count >= fewest, "{what}: expected at least {fewest} allocations, got {count}");
    for refused in 0..count {
        let error = starved(least, refused, call).0.unwrap_err();
        assert!(error.is_shortage(), "{what}, allocation {refused}: {error}");
        assert_eq!(call().unwrap(), expected, "{what}, after allocation {refused}");
    }
}

fn numbers(count: usize) -> Vec<f64> {
    (0..count).map(|i| (i as f64 * 0.7).sin() + (i as f64 * i as f64 * 0.3).cos()).collect()
}

/// Allocations of at least so many bytes grow with a series of 4096 numbers.
const OF_SERIES: usize = 16384;

#[test]
fn analyses_of_series_survive_a_shortage() {
    let (a, b) = (numbers(4096), numbers(4096).iter().map(|x| 3.0 + x * x).collect::<Vec<f64>>());
    let ratio = |mean: &[f64]| mean[0] / mean[1];
    each("jackknife", OF_SERIES, 2, &|| jackknife(&ratio, &[&a, &b], 1));
    let settings = Bootstrap { size: 1, resamples: 4096, seed: 1 };
    each("bootstrap", OF_SERIES, 2, &|| bootstrap(&ratio, &[&a, &b], &settings));
    let chains = || vec![vec![&a[..2048], &b[..2048]], vec![&a[2048..], &b[2048..]]];
    each("autocorrelation_of", OF_SERIES, 2, &|| autocorrelation_of(&ratio, &chains()));
    each("independence_acceptance", OF_SERIES, 4, &|| independence_acceptance(&a));
    each("two_sided", OF_SERIES, 4, &|| two_sided(&a, &b));
    let line = Lattice::new(&[4096]).unwrap();
    each("two_point", OF_SERIES, 2, &|| two_point(&line, &a, 0));
}

/// Functions of many series allocate with their number, for each bin and each resample.
#[test]
fn analyses_of_many_series_survive_a_shortage() {
    const SERIES: usize = 2048;
    let all: Vec<Vec<f64>> = (0..SERIES).map(|i| numbers(8).iter().map(|x| x + i as f64).collect()).collect();
    let parts = || all.iter().map(Vec::as_slice).collect::<Vec<&[f64]>>();
    let (parts, sum) = (parts(), |mean: &[f64]| mean.iter().sum::<f64>());
    // The least size is that of one number for each series.
    each("jackknife", 8 * SERIES, 3, &|| jackknife(&sum, &parts, 1));
    each("bootstrap", 8 * SERIES, 3, &|| bootstrap(&sum, &parts, &Bootstrap { resamples: 8, ..Bootstrap::default() }));
    let one = [parts.clone()];
    each("autocorrelation_of", 8 * SERIES, 5, &|| autocorrelation_of(&sum, &one));
}

/// A sum over 64 x 64 sites and its gradient: a table, a convolution, an identity, and a shift in a repeat, each of which is
/// transposed.
fn record(cube: &Stencil, shift: &Stencil, numbers: &[f64]) -> Program {
    let sites = numbers.len();
    let mut recorder = Recorder::new();
    let (x, weights) = (recorder.input(Shape::new(1, sites)), recorder.parameter(9));
    let table = recorder.table(numbers, Shape::new(1, sites));
    let y = recorder.multiply(x, table);
    let y = recorder.convolve(y, Filter { weights, stencil: cube, transposed: false }, None, 1);
    let identity = recorder.identity(sites);
    let y = recorder.map(y, &identity);
    let scan = Scan { count: 3, carried: &[y], ..Scan::default() };
    let moved = recorder.repeat(&scan, |body, arguments| {
        let bent = body.tanh(arguments.carried[0]);
        Values { carried: vec![body.map(bent, shift)], ..Values::default() }
    });
    let sum = recorder.total(moved.carried[0]);
    let gradient = recorder.gradient(sum, &[x]);
    Program::new(recorder, vec![Output::PerSample(sum), Output::PerSample(gradient[0])])
}

/// A recording does not return errors: executables of one that lacks a part are refused.
#[test]
fn recordings_survive_a_shortage() {
    let lattice = Lattice::new(&[64, 64]).unwrap();
    let all: Vec<usize> = (0..lattice.volume()).collect();
    let cube = Stencil::cube(&lattice, 3, &all, &all).unwrap();
    let (shift, numbers) = (Stencil::shift(&lattice, &[1, 0]).unwrap(), numbers(lattice.volume()));
    let context = Context::new(1, Precision::F64, 1).unwrap();
    let recorded = |refused: usize| starved(OF_SERIES, refused, &|| Ok(record(&cube, &shift, &numbers)));
    let (whole, count) = recorded(usize::MAX);
    assert!(Executable::new(whole.unwrap(), &context).is_ok());
    // Table, identity, and what is transposed: the cube, the identity and the shift.
    assert!(count >= 5, "expected at least 5 allocations, got {count}");
    for refused in 0..count {
        let error = Executable::new(recorded(refused).0.unwrap(), &context).err().unwrap();
        assert!(error.is_shortage(), "allocation {refused}: {error}");
    }
}
