//! Observables of a gauge field: plaquettes, traces, Wilson and Polyakov loops.
//!
//! All traces are divided by N, so that they are one for unit links.

use super::colours::with_colours;
use super::field::Gauge;
use super::matrix::{Complex64, Matrix};
use crate::error::{Error, Result};

/// Re tr of the plaquettes in each plane, averaged over the sites: planes (mu, nu) with mu < nu in the order
/// (0,1), (0,2), (1,2), (0,3), (1,3), (2,3).
pub fn planes(gauge: &Gauge) -> Vec<f64> {
    let dimensions = gauge.lattice().dimensions();
    let pairs = (1..dimensions).flat_map(|nu| (0..nu).map(move |mu| (mu, nu)));
    pairs.map(|(mu, nu)| loop_of_extent(gauge, [(mu, 1), (nu, 1)])).collect()
}

/// The mean of all planes.
pub fn plaquette(gauge: &Gauge) -> f64 {
    let planes = planes(gauge);
    planes.iter().sum::<f64>() / planes.len() as f64
}

/// The mean of the planes without and with the last direction.
pub fn space_and_time(gauge: &Gauge) -> (f64, f64) {
    let planes = planes(gauge);
    let (space, time) = planes.split_at(planes.len() - (gauge.lattice().dimensions() - 1));
    let mean = |x: &[f64]| x.iter().sum::<f64>() / x.len() as f64;
    (mean(space), mean(time))
}

/// Re tr of the links, averaged over sites and directions.
pub fn link_trace(gauge: &Gauge) -> f64 {
    with_colours!(gauge.group(), mean_trace(gauge))
}

fn mean_trace<const N: usize>(gauge: &Gauge) -> f64 {
    let (volume, dimensions) = (gauge.lattice().volume(), gauge.lattice().dimensions());
    let traces = (0..volume).map(|x| (0..dimensions).map(|mu| gauge.link::<N>(x, mu).trace().re).sum::<f64>());
    traces.sum::<f64>() / (volume * dimensions * N) as f64
}

/// The Wilson loop of r links in direction mu and t links in direction nu, averaged over the sites.
pub fn wilson_loop(gauge: &Gauge, sides: [(usize, usize); 2]) -> Result<f64> {
    let dimensions = gauge.lattice().dimensions();
    let [(mu, r), (nu, t)] = sides;
    if mu >= dimensions || nu >= dimensions || mu == nu || r == 0 || t == 0 {
        return Err(Error::BadSpec(format!(
            "wilson_loop: expected two different directions below {dimensions} and lengths of at least 1, got {sides:?}"
        )));
    }
    Ok(loop_of_extent(gauge, sides))
}

fn loop_of_extent(gauge: &Gauge, sides: [(usize, usize); 2]) -> f64 {
    with_colours!(gauge.group(), rectangles(gauge, sides))
}

fn rectangles<const N: usize>(gauge: &Gauge, [(mu, r), (nu, t)]: [(usize, usize); 2]) -> f64 {
    let volume = gauge.lattice().volume();
    let forward = |mu: usize| -> Vec<usize> {
        let mut unit = vec![0; gauge.lattice().dimensions()];
        unit[mu] = 1;
        (0..volume).map(|x| gauge.lattice().shifted(x, &unit)).collect()
    };
    let next = [forward(mu), forward(nu)];
    let line = |mut x: usize, mu: usize, next: &[usize], length: usize| {
        let mut product = Matrix::<N>::unit();
        for _ in 0..length {
            product = product * gauge.link::<N>(x, mu);
            x = next[x];
        }
        (product, x)
    };
    let sum: f64 = (0..volume)
        .map(|x| {
            let (bottom, right) = line(x, mu, &next[0], r);
            let (left, top) = line(x, nu, &next[1], t);
            let (side, _) = line(right, nu, &next[1], t);
            let (upper, _) = line(top, mu, &next[0], r);
            (bottom * side * (left * upper).adjoint()).trace().re
        })
        .sum();
    sum / (volume * N) as f64
}

/// The Polyakov loop in direction mu: tr of the product of all links of a line, averaged over the lines.
pub fn polyakov_loop(gauge: &Gauge, mu: usize) -> Result<Complex64> {
    let dimensions = gauge.lattice().dimensions();
    if mu >= dimensions {
        return Err(Error::BadSpec(format!("direction: expected one below {dimensions}, got {mu}")));
    }
    Ok(with_colours!(gauge.group(), lines(gauge, mu)))
}

fn lines<const N: usize>(gauge: &Gauge, mu: usize) -> Complex64 {
    let lattice = gauge.lattice();
    let mut unit = vec![0; lattice.dimensions()];
    unit[mu] = 1;
    let starts: Vec<usize> = (0..lattice.volume()).filter(|&x| lattice.coordinates(x)[mu] == 0).collect();
    let product = |&start: &usize| {
        let (mut product, mut x) = (Matrix::<N>::unit(), start);
        for _ in 0..lattice.extent()[mu] {
            product = product * gauge.link::<N>(x, mu);
            x = lattice.shifted(x, &unit);
        }
        product.trace()
    };
    starts.iter().map(product).sum::<Complex64>() / (starts.len() * N) as f64
}
