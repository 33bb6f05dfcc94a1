//! Shared by the tests of chains: an action with exact moments, models, and the check that every kernel joins.

use super::kernel::{ChainState, Kernel, Key};
use crate::action::{Action, Coupling, Hop, Polynomial};
use crate::error::{Error, Result};
use crate::flow::Model;
use crate::lattice::Lattice;
use crate::random::{Purpose, Stream};
use crate::space::Domain;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// S = Σ_x [ q φ_x² + u φ_x⁴ − 0.4 φ_x φ_{x+1} ] on a ring.
pub(super) struct Chain4 {
    lattice: Lattice,
    quadratic: f64,
    quartic: f64,
    forces: AtomicUsize,
    polynomial: Polynomial,
}

const HOP: f64 = 0.4;

impl Chain4 {
    pub(super) fn new(sites: usize, quadratic: f64, quartic: f64) -> Self {
        let polynomial = Polynomial {
            quadratic: Coupling::Uniform(quadratic),
            quartic: Coupling::Uniform(quartic),
            source: Coupling::default(),
            hops: vec![Hop { displacement: vec![1], strength: HOP }],
            ..Polynomial::default()
        };
        let lattice = Lattice::new(&[sites]).unwrap();
        Self { lattice, quadratic, quartic, forces: AtomicUsize::new(0), polynomial }
    }

    /// Number of gradients so far.
    pub(super) fn forces(&self) -> usize {
        self.forces.load(Ordering::Relaxed)
    }

    /// ∫ f exp(−S) on two sites by the trapezium rule, which converges exponentially for such integrands.
    fn integral_on_two_sites(&self, f: impl Fn(f64, f64) -> f64) -> f64 {
        let grid = |i: i32| f64::from(i) * 0.05;
        let weight = |x: f64, y: f64| (-self.value(&[x, y]).unwrap()).exp();
        let row = |i| (-100..=100).map(|j| f(grid(i), grid(j)) * weight(grid(i), grid(j))).sum::<f64>();
        (-100..=100).map(row).sum::<f64>() * 0.05 * 0.05
    }

    pub(super) fn partition_function_of_two_sites(&self) -> f64 {
        self.integral_on_two_sites(|_, _| 1.0)
    }
}

impl Action for Chain4 {
    fn lattice(&self) -> &Lattice {
        &self.lattice
    }

    fn value(&self, field: &[f64]) -> Result<f64> {
        let next = field.iter().cycle().skip(1);
        Ok(field.iter().zip(next).map(|(x, y)| x * (x * (self.quadratic + self.quartic * x * x) - HOP * y)).sum())
    }

    fn polynomial(&self) -> Option<&Polynomial> {
        Some(&self.polynomial)
    }

    fn gradient(&self, field: &[f64], gradient: &mut [f64]) -> Result<f64> {
        self.forces.fetch_add(1, Ordering::Relaxed);
        let volume = field.len();
        for (i, x) in field.iter().enumerate() {
            let neighbours = field[(i + 1) % volume] + field[(i + volume - 1) % volume];
            gradient[i] = 2.0 * self.quadratic * x + 4.0 * self.quartic * x * x * x - HOP * neighbours;
        }
        self.value(field)
    }
}

/// How an action fails.
#[derive(Clone, Copy)]
pub(super) enum Fault {
    Nan,
    Stops,
}

/// An action that is [`Chain4`] for its first calls, and fails afterwards.
pub(super) struct Broken {
    inner: Chain4,
    good_calls: usize,
    calls: AtomicUsize,
    fault: Fault,
}

impl Broken {
    pub(super) fn new(sites: usize, good_calls: usize, fault: Fault) -> Self {
        Self { inner: Chain4::new(sites, 0.7, 0.3), good_calls, calls: AtomicUsize::new(0), fault }
    }

    fn call(&self) -> Result<f64> {
        let good = self.calls.fetch_add(1, Ordering::Relaxed) < self.good_calls;
        match self.fault {
            _ if good => Ok(0.0),
            Fault::Nan => Ok(f64::NAN),
            Fault::Stops => Err(Error::Stopped("the callback asked to stop".into())),
        }
    }
}

impl Action for Broken {
    fn lattice(&self) -> &Lattice {
        self.inner.lattice()
    }

    fn value(&self, field: &[f64]) -> Result<f64> {
        Ok(self.inner.value(field)? + self.call()?)
    }

    fn gradient(&self, field: &[f64], gradient: &mut [f64]) -> Result<f64> {
        let value = self.inner.gradient(field, gradient)?;
        gradient[0] += self.call()?;
        Ok(value)
    }
}

/// Independent normal numbers of a given width; counts how often it is called.
pub(super) struct Gaussian {
    domain: Domain,
    width: f64,
    window: usize,
    samples: AtomicUsize,
    densities: AtomicUsize,
}

impl Gaussian {
    pub(super) fn new(sites: usize, width: f64, window: usize) -> Self {
        let domain = Domain::scalars(&Lattice::new(&[sites]).unwrap());
        Self { domain, width, window, samples: AtomicUsize::new(0), densities: AtomicUsize::new(0) }
    }

    /// Number of calls of `sample` and of `log_density` so far.
    pub(super) fn calls(&self) -> (usize, usize) {
        (self.samples.load(Ordering::Relaxed), self.densities.load(Ordering::Relaxed))
    }

    fn log_norm(&self) -> f64 {
        self.domain.count() as f64 * (self.width * (2.0 * std::f64::consts::PI).sqrt()).ln()
    }
}

impl Model for Gaussian {
    fn domain(&self) -> &Domain {
        &self.domain
    }

    fn sample(&self, counter: u64, _: usize, fields: &mut [f64], log_q: &mut [f64]) -> Result<()> {
        self.samples.fetch_add(1, Ordering::Relaxed);
        for (i, (field, log_q)) in fields.chunks_mut(self.domain.count()).zip(log_q).enumerate() {
            Stream::new(4, Purpose::Prior, counter + i as u64).normals(field);
            *log_q = -0.5 * field.iter().map(|z| z * z).sum::<f64>() - self.log_norm();
            field.iter_mut().for_each(|x| *x *= self.width);
        }
        Ok(())
    }

    fn log_density(&self, _: usize, fields: &[f64], log_q: &mut [f64]) -> Result<()> {
        self.densities.fetch_add(1, Ordering::Relaxed);
        for (field, log_q) in fields.chunks(self.domain.count()).zip(log_q) {
            *log_q = -0.5 * field.iter().map(|x| (x / self.width).powi(2)).sum::<f64>() - self.log_norm();
        }
        Ok(())
    }

    fn window(&self) -> usize {
        self.window
    }
}

/// A model whose samples hold a NaN where their counter is a multiple of four.
pub(super) struct Nan(Gaussian);

impl Nan {
    pub(super) fn new(sites: usize, window: usize) -> Self {
        Self(Gaussian::new(sites, 0.8, window))
    }
}

impl Model for Nan {
    fn domain(&self) -> &Domain {
        self.0.domain()
    }

    fn sample(&self, counter: u64, batch: usize, fields: &mut [f64], log_q: &mut [f64]) -> Result<()> {
        self.0.sample(counter, batch, fields, log_q)?;
        let volume = self.domain().count();
        for (i, field) in fields.chunks_mut(volume).enumerate() {
            if (counter + i as u64).is_multiple_of(4) {
                field[volume - 1] = f64::NAN;
            }
        }
        Ok(())
    }

    fn log_density(&self, batch: usize, fields: &[f64], log_q: &mut [f64]) -> Result<()> {
        self.0.log_density(batch, fields, log_q)
    }

    fn window(&self) -> usize {
        self.0.window
    }
}

/// Mean of a series and its standard error, from the means of so many blocks.
pub(super) fn mean_and_error(series: &[f64], blocks: usize) -> (f64, f64) {
    let length = series.len() / blocks;
    let means: Vec<f64> = series.chunks_exact(length).map(|block| block.iter().sum::<f64>() / length as f64).collect();
    let count = means.len() as f64;
    let mean = means.iter().sum::<f64>() / count;
    let error = (means.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (count * (count - 1.0))).sqrt();
    (mean, error)
}

/// The mean of a series is `exact` within five standard errors, taken from the means of 100 blocks.
pub(super) fn expect_mean(what: &str, series: &[f64], exact: f64) {
    let (mean, error) = mean_and_error(series, 100);
    assert!(error < 0.03 * exact.abs(), "{what}: {mean} +- {error} is too coarse to test {exact}");
    assert!((mean - exact).abs() < 5.0 * error, "{what}: {mean} +- {error} against {exact}");
}

/// Fields with log weights whose mean is Z: log Z is exact, and known to `most`.
pub(super) fn expect_log_z(what: &str, log_weights: &[f64], log_z: f64, most: f64) {
    let weights: Vec<f64> = log_weights.iter().map(|l| (l - log_z).exp()).collect();
    let (mean, error) = mean_and_error(&weights, 50);
    assert!(error < most, "{what}: Z {mean} +- {error} in units of the exact one is too coarse");
    assert!((mean - 1.0).abs() < 5.0 * error, "{what}: Z {mean} +- {error} in units of the exact one");
}

/// The weighted mean of a series is exact, and known to `most` of it.
pub(super) fn expect_weighted(
    what: &str,
    (log_weights, log_z): (&[f64], f64),
    series: &[f64],
    (exact, most): (f64, f64),
) {
    let misses: Vec<f64> = log_weights.iter().zip(series).map(|(l, x)| (l - log_z).exp() * (x - exact)).collect();
    let (mean, error) = mean_and_error(&misses, 50);
    assert!(error < most * exact, "{what}: {mean} +- {error} away from {exact} is too coarse");
    assert!(mean.abs() < 5.0 * error, "{what}: {mean} +- {error} away from {exact}");
}

/// The check for kernels: its chain has the exact moments, and a step is a pure function of key and state.
pub(super) fn keeps_the_distribution(build: &dyn Fn(Arc<dyn Action>, Arc<dyn Model>) -> Box<dyn Kernel>) {
    let action = Arc::new(Chain4::new(2, 0.7, 0.3));
    let kernel = build(action.clone(), Arc::new(Gaussian::new(2, 0.8, 16)));
    let again = build(action.clone(), Arc::new(Gaussian::new(2, 0.8, 16)));
    let mut state = ChainState::new(&*action, &[0.3, -0.2]).unwrap();
    let mut series = vec![Vec::new(); 3];
    for counter in 0..200_000 {
        let (key, before) = (Key { seed: 7, counter }, state.clone());
        let info = kernel.step(&key, &mut state).unwrap();
        if counter % 97 == 0 {
            let mut same = before.clone();
            assert_eq!((again.step(&key, &mut same).unwrap(), &same), (info, &state));
        }
        assert_eq!(info.accepted, before.field != state.field);
        assert!((state.value - action.value(&state.field).unwrap()).abs() < 1e-12);
        let (x, y) = (state.field[0], state.field[1]);
        for (series, value) in series.iter_mut().zip([x * x, x * x * y * y, x * y]) {
            series.push(value);
        }
    }
    let z = action.partition_function_of_two_sites();
    expect_mean("<x x>", &series[0], action.integral_on_two_sites(|x, _| x * x) / z);
    expect_mean("<x x y y>", &series[1], action.integral_on_two_sites(|x, y| x * x * y * y) / z);
    expect_mean("<x y>", &series[2], action.integral_on_two_sites(|x, y| x * y) / z);
}
