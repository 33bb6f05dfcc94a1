//! Observables of a gauge field: plaquettes, traces, Wilson and Polyakov loops.
//!
//! All traces are divided by N, so that they are one for unit links.

use crate::error::{Error, Result};
use crate::gauge::field::Gauge;
use crate::group::with_colours;
use crate::group::{Complex64, Matrix};
use crate::progress;

/// Re tr of the plaquettes in each plane, averaged over the sites: planes (mu, nu) with mu < nu in the order
/// (0,1), (0,2), (1,2), (0,3), (1,3), (2,3).
pub fn planes(gauge: &Gauge) -> Vec<f64> {
    let dimensions = gauge.lattice().dimensions();
    let pairs = (1..dimensions).flat_map(|nu| (0..nu).map(move |mu| (mu, nu)));
    pairs.map(|(mu, nu)| loop_of_extent(gauge, [(mu, 1), (nu, 1)])).collect()
}

/// The mean plaquette over all planes.
pub fn plaquette(gauge: &Gauge) -> f64 {
    let planes = planes(gauge);
    planes.iter().sum::<f64>() / planes.len() as f64
}

/// The mean plaquette over the planes without, and over those with the last direction.
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
    with_colours!(gauge.group(), rectangles(gauge, sides, progress::check_at))
}

fn loop_of_extent(gauge: &Gauge, sides: [(usize, usize); 2]) -> f64 {
    match with_colours!(gauge.group(), rectangles(gauge, sides, |_| Ok(()))) {
        Ok(mean) => mean,
        Err(_) => unreachable!("nothing ends the sum"),
    }
}

/// The mean of a Wilson loop over all sites; `look` is called before each site, and its error ends the sum.
fn rectangles<const N: usize>(
    gauge: &Gauge,
    [(mu, r), (nu, t)]: [(usize, usize); 2],
    look: impl Fn(usize) -> Result<()>,
) -> Result<f64> {
    let volume = gauge.lattice().volume();
    let line = |mut x: usize, mu: usize, length: usize| {
        let mut product = Matrix::<N>::unit();
        for _ in 0..length {
            product = product * gauge.link::<N>(x, mu);
            x = gauge.lattice().next(x, mu);
        }
        (product, x)
    };
    let mut sum = 0.0;
    for x in 0..volume {
        look(x)?;
        let (bottom, right) = line(x, mu, r);
        let (left, top) = line(x, nu, t);
        let (side, _) = line(right, nu, t);
        let (upper, _) = line(top, mu, r);
        sum += (bottom * side * (left * upper).adjoint()).trace().re;
    }
    Ok(sum / (volume * N) as f64)
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
    let starts = || (0..lattice.volume()).filter(|&x| lattice.coordinate(x, mu) == 0);
    let product = |start: usize| {
        let (mut product, mut x) = (Matrix::<N>::unit(), start);
        for _ in 0..lattice.extent()[mu] {
            product = product * gauge.link::<N>(x, mu);
            x = lattice.next(x, mu);
        }
        product.trace()
    };
    starts().map(product).sum::<Complex64>() / (lattice.volume() / lattice.extent()[mu] * N) as f64
}
