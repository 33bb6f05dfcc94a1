//! Observables of a gauge field: plaquettes, traces, Wilson and Polyakov loops.
//!
//! All traces are divided by N, so that they are one for unit links. On fields with an open boundary means are over the
//! loops that exist, each with weight 1; files state other means, see [`plaquette_over_sites`] and [`weighted_plaquette`].

use crate::error::{Error, Result};
use crate::gauge::absent::{boundary_slices, slice};
use crate::gauge::field::Gauge;
use crate::group::with_colours;
use crate::group::{Complex64, Matrix};
use crate::progress;
use std::ops::Range;

/// Re tr of the plaquettes in each plane, averaged over them: planes (mu, nu) with mu < nu in the order
/// (0,1), (0,2), (1,2), (0,3), (1,3), (2,3).
pub fn planes(gauge: &Gauge) -> Vec<f64> {
    let dimensions = gauge.lattice().dimensions();
    let pairs = (1..dimensions).flat_map(|nu| (0..nu).map(move |mu| (mu, nu)));
    let all = 0..gauge.lattice().volume();
    pairs
        .map(|plane| plane_sum(gauge, plane, all.clone()) / traced(gauge, count(gauge, [(plane.0, 1), (plane.1, 1)])))
        .collect()
}

/// N for each of some loops: they are divided once, so that means are rounded once.
fn traced(gauge: &Gauge, count: f64) -> f64 {
    count * gauge.group().colours() as f64
}

/// Σ Re tr over the plaquettes of a plane that begin at some sites, not divided by N.
fn plane_sum(gauge: &Gauge, (mu, nu): (usize, usize), sites: Range<usize>) -> f64 {
    match with_colours!(gauge.group(), rectangles(gauge, [(mu, 1), (nu, 1)], sites, |_| Ok(()))) {
        Ok(sum) => sum,
        Err(_) => unreachable!("nothing ends the sum"),
    }
}

/// Σ Re tr over all plaquettes, by 1 for each site and plane, where there is no such plaquette too: what most files state.
pub fn plaquette_over_sites(gauge: &Gauge) -> f64 {
    let (d, volume) = (gauge.lattice().dimensions(), gauge.lattice().volume());
    let pairs = (1..d).flat_map(|nu| (0..nu).map(move |mu| (mu, nu)));
    let sum: f64 = pairs.map(|plane| plane_sum(gauge, plane, 0..volume) / traced(gauge, volume as f64)).sum();
    sum / (d * (d - 1) / 2) as f64
}

/// The mean plaquette with the weights of an open boundary, 1/2 in the planes of its slices, as HiRep states it; the mean over all
/// on other fields.
pub fn weighted_plaquette(gauge: &Gauge) -> f64 {
    if !gauge.is_open() {
        return plaquette_over_sites(gauge);
    }
    let (lattice, d) = (gauge.lattice(), gauge.lattice().dimensions());
    let spatial = || (1..d - 1).flat_map(|nu| (0..nu).map(move |mu| (mu, nu)));
    let within = |slice: Range<usize>| {
        spatial().map(|plane| plane_sum(gauge, plane, slice.clone())).sum::<f64>() / traced(gauge, 1.0)
    };
    let all = plaquette_over_sites(gauge) * (lattice.volume() * d * (d - 1) / 2) as f64;
    let weighted = all - 0.5 * boundary_slices(lattice).map(within).iter().sum::<f64>();
    weighted / ((lattice.volume() - slice(lattice)) * d * (d - 1) / 2) as f64
}

/// Loops of two sides that the field has: all but those through absent links.
fn count(gauge: &Gauge, sides: [(usize, usize); 2]) -> f64 {
    let (lattice, last) = (gauge.lattice(), gauge.lattice().dimensions() - 1);
    let length = sides.iter().find(|(mu, _)| *mu == last).map_or(0, |(_, length)| *length);
    let missing = if gauge.is_open() { length.min(lattice.extent()[last]) } else { 0 };
    (lattice.volume() - missing * slice(lattice)) as f64
}

/// The mean plaquette over all planes: the mean of their means.
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

/// Re tr of the links, averaged over them; not over absent ones.
pub fn link_trace(gauge: &Gauge) -> f64 {
    let (links, absent) = (gauge.lattice().volume() * gauge.lattice().dimensions(), slice(gauge.lattice()));
    let present = if gauge.is_open() { links - absent } else { links };
    link_trace_over_sites(gauge) * (links as f64 / present as f64)
}

/// Σ Re tr of the links, by 1 for each site and direction, where the link is absent too: what files state.
pub fn link_trace_over_sites(gauge: &Gauge) -> f64 {
    with_colours!(gauge.group(), mean_trace(gauge))
}

fn mean_trace<const N: usize>(gauge: &Gauge) -> f64 {
    let (volume, dimensions) = (gauge.lattice().volume(), gauge.lattice().dimensions());
    let traces = (0..volume).map(|x| (0..dimensions).map(|mu| gauge.link::<N>(x, mu).trace().re).sum::<f64>());
    traces.sum::<f64>() / (volume * dimensions * N) as f64
}

/// The Wilson loop of r links in direction mu and t links in direction nu, averaged over all that there are.
pub fn wilson_loop(gauge: &Gauge, sides: [(usize, usize); 2]) -> Result<f64> {
    let dimensions = gauge.lattice().dimensions();
    let [(mu, r), (nu, t)] = sides;
    if mu >= dimensions || nu >= dimensions || mu == nu || r == 0 || t == 0 {
        return Err(Error::BadSpec(format!(
            "wilson_loop: expected two different directions below {dimensions} and lengths of at least 1, got {sides:?}"
        )));
    }
    let sites = 0..gauge.lattice().volume();
    let sum = with_colours!(gauge.group(), rectangles(gauge, sides, sites, progress::check_at))?;
    match count(gauge, sides) {
        0.0 => Err(Error::Unsupported(format!(
            "wilson_loop: expected loops shorter than the lattice between its open boundaries, got {sides:?}"
        ))),
        count => Ok(sum / traced(gauge, count)),
    }
}

/// The sum of a Wilson loop over sites, not divided by N; `look` is called before each site, and its error ends the sum.
fn rectangles<const N: usize>(
    gauge: &Gauge,
    [(mu, r), (nu, t)]: [(usize, usize); 2],
    sites: Range<usize>,
    look: impl Fn(usize) -> Result<()>,
) -> Result<f64> {
    let line = |mut x: usize, mu: usize, length: usize| {
        let mut product = Matrix::<N>::unit();
        for _ in 0..length {
            product = product * gauge.link::<N>(x, mu);
            x = gauge.lattice().next(x, mu);
        }
        (product, x)
    };
    let mut sum = 0.0;
    for x in sites {
        look(x)?;
        let (bottom, right) = line(x, mu, r);
        let (left, top) = line(x, nu, t);
        let (side, _) = line(right, nu, t);
        let (upper, _) = line(top, mu, r);
        sum += (bottom * side * (left * upper).adjoint()).trace().re;
    }
    Ok(sum)
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
