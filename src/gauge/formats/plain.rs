//! Formats of a few integers, a plaquette and links in f64: openQCD, HiRep, DDalphaAMG.
//!
//! ```text
//! openQCD      i32 T X Y Z, f64 3 x plaquette, little endian. For each odd site, t slowest and z fastest, the eight
//!              links U_mu(x), U_mu(x - mu) for mu = t, x, y, z.
//! HiRep        i32 N T X Y Z, f64 plaquette, big endian. Sites with t slowest and z fastest, directions t, x, y, z.
//! DDalphaAMG   i32 T Z Y X, f64 3 x plaquette, little endian. Sites with x fastest, directions t, z, y, x.
//! ```
//!
//! The first and the last have headers of one form: the one whose plaquette is that of its links is taken.

use super::bytes::{Order, Width, double_at, finite, reals, word_at};
use super::{Format, Read, Wanted, plaquette_claim};
use crate::error::{Error, Result};
use crate::gauge::field::Gauge;
use crate::gauge::group::Group;

const TOLERANCE: f64 = 1e-8;

/// Reads a file of one of these formats.
pub(super) fn read(wanted: &Wanted) -> Result<(Format, Read)> {
    let header = |order, count: usize| -> Option<Vec<usize>> {
        (0..count).map(|i| word_at(wanted.bytes, 4 * i, order).map(|n| n as usize)).collect()
    };
    let links =
        |extent: &[usize], reals: usize| extent.iter().try_fold(32 * reals, |product, &n| product.checked_mul(n));
    let is_whole = |extent: &[usize], reals: usize, start: usize| {
        links(extent, reals).and_then(|n| n.checked_add(start)) == Some(wanted.bytes.len())
    };
    if let Some([n, t, x, y, z]) = header(Order::Big, 5).as_deref().and_then(|h| <[usize; 5]>::try_from(h).ok())
        && let Some(group) = [(2, Group::Su2), (3, Group::Su3)].iter().find(|g| g.0 == n)
        && is_whole(&[t, x, y, z], group.1.reals(), 28)
    {
        wanted.expect_group(group.1)?;
        wanted.expect_extent(&[x, y, z, t])?;
        return Ok((Format::HiRep, permuted(wanted, 28, Order::Big, 1.0, [3, 0, 1, 2], [3, 0, 1, 2])?));
    }
    if let Some([t, a, b, c]) = header(Order::Little, 4).as_deref().and_then(|h| <[usize; 4]>::try_from(h).ok())
        && is_whole(&[t, a, b, c], 18, 24)
    {
        wanted.expect_group(Group::Su3)?;
        let open = || -> Result<Read> {
            wanted.expect_extent(&[a, b, c, t])?;
            open_qcd(wanted)
        };
        let other = || -> Result<Read> {
            wanted.expect_extent(&[c, b, a, t])?;
            permuted(wanted, 24, Order::Little, 3.0, [3, 2, 1, 0], [3, 2, 1, 0])
        };
        let holds = |read: &Result<Read>| read.as_ref().is_ok_and(|(_, claims)| claims.iter().all(|c| c.holds));
        let first = open();
        if holds(&first) {
            return first.map(|read| (Format::OpenQcd, read));
        }
        let second = other();
        if holds(&second) {
            return second.map(|read| (Format::DdAlphaAmg, read));
        }
        return first.map(|read| (Format::OpenQcd, read));
    }
    Err(Error::BadInput(
        "file: expected LIME, NERSC, MILC version 5, openQCD, HiRep or DDalphaAMG, got none of these, or one that was cut".into(),
    ))
}

fn header_plaquette(wanted: &Wanted, start: usize, order: Order, factor: f64) -> f64 {
    double_at(wanted.bytes, start - 8, order).unwrap_or(f64::NAN) / factor
}

/// Links with the sites in another order of axes (slowest first) and with directions in another order.
fn permuted(
    wanted: &Wanted,
    start: usize,
    order: Order,
    factor: f64,
    axes: [usize; 4],
    directions: [usize; 4],
) -> Result<Read> {
    let (lattice, reals_of) = (wanted.lattice, wanted.group.reals());
    let extent = lattice.extent();
    let mut links = vec![0.0; wanted.reals()];
    let mut numbers = reals(&wanted.bytes[start..], Width::Double, order);
    for n in 0..lattice.volume() {
        let (mut rest, mut x) = (n, [0i64; 4]);
        for &axis in axes.iter().rev() {
            x[axis] = (rest % extent[axis]) as i64;
            rest /= extent[axis];
        }
        for mu in directions {
            let at = (4 * lattice.site(&x) + mu) * reals_of;
            links[at..at + reals_of].iter_mut().zip(&mut numbers).for_each(|(link, number)| *link = number);
        }
    }
    let gauge = Gauge::new(lattice, wanted.group, finite(links)?)?;
    let claim = plaquette_claim(&gauge, header_plaquette(wanted, start, order, factor), TOLERANCE);
    Ok((gauge, vec![claim]))
}

fn open_qcd(wanted: &Wanted) -> Result<Read> {
    let lattice = wanted.lattice;
    let extent = lattice.extent();
    let mut links = vec![0.0; wanted.reals()];
    let mut numbers = reals(&wanted.bytes[24..], Width::Double, Order::Little);
    for n in 0..lattice.volume() {
        let (mut rest, mut x) = (n, [0i64; 4]);
        for axis in [2, 1, 0, 3] {
            x[axis] = (rest % extent[axis]) as i64;
            rest /= extent[axis];
        }
        if x.iter().sum::<i64>() % 2 == 0 {
            continue;
        }
        for mu in [3, 0, 1, 2] {
            let mut back = x;
            back[mu] -= 1;
            for site in [x, back] {
                let at = (4 * lattice.site(&site) + mu) * 18;
                links[at..at + 18].iter_mut().zip(&mut numbers).for_each(|(link, number)| *link = number);
            }
        }
    }
    let gauge = Gauge::new(lattice, wanted.group, finite(links)?)?;
    let claim = plaquette_claim(&gauge, header_plaquette(wanted, 24, Order::Little, 3.0), TOLERANCE);
    Ok((gauge, vec![claim]))
}
