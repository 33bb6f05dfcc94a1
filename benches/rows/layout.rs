//! Rows of layouts: links in a host's memory, in and out.

use super::{ROUNDS, median};
use instanton::context::{Context, Precision, Team};
use instanton::error::Result;
use instanton::gauge::{Gauge, Group};
use instanton::lattice::Lattice;
use instanton::layout::{Layout, LayoutSpec};
use instanton::random::{Purpose, Stream};
use instanton::spec;
use std::sync::Arc;
use std::time::Instant;

/// All orders that have a name.
const ORDERS: [&str; 9] = ["lexicographic", "julia", "milc", "cps", "qdp", "tifr", "bqcd", "tmlqcd", "openqcd"];

/// Which way.
#[derive(Clone, Copy)]
enum Way {
    Import,
    Export,
}

/// Copies 75 MB, half of them in each of two threads.
fn copy(team: &Team, from: &[f64], to: &mut [f64]) -> f64 {
    let half = from.len() / 2;
    let start = Instant::now();
    team.share(to.chunks_mut(half).zip(from.chunks(half)).collect(), |(to, from): (&mut [f64], &[f64])| {
        to.copy_from_slice(from);
    });
    start.elapsed().as_secs_f64()
}

/// SU(3) on 16^3 x 32 in f64, two threads: the rate against a copy of the same bytes, for the order that is slowest.
fn over_copy(way: Way) -> Result<f64> {
    let (lattice, context) = (Lattice::new(&[16, 16, 16, 32])?, Arc::new(Context::new(1, Precision::F64, 2)?));
    let team = Team::of(&context);
    let mut links = Gauge::random(&lattice, Group::Su3, &mut Stream::new(1, Purpose::Start, 2))?.into_links();
    let mut slowest = f64::INFINITY;
    for order in ORDERS {
        let spec: LayoutSpec = spec::parse("layout", &format!("{{order: '{order}'}}"))?;
        let layout = Layout::new(&lattice, &spec, None)?;
        let mut host = vec![vec![1u8; layout.bytes()]; layout.bases()];
        let bases: Vec<*mut u8> = host.iter_mut().map(|array| array.as_mut_ptr()).collect();
        // SAFETY: the arrays are as large as the layout says, and the links as many.
        unsafe { layout.export(&team, &links, &bases)? };
        let (mut shares, mut other) = (vec![], vec![0.0; links.len()]);
        for _ in 0..ROUNDS {
            let copying = copy(&team, &links, &mut other);
            let start = Instant::now();
            match way {
                // SAFETY: as above.
                Way::Import => unsafe { layout.import(&team, &bases, links.as_mut_ptr())? },
                // SAFETY: as above.
                Way::Export => unsafe { layout.export(&team, &links, &bases)? },
            }
            shares.push(copying / start.elapsed().as_secs_f64());
        }
        slowest = slowest.min(median(shares));
    }
    Ok(slowest)
}

/// Import, all links checked.
pub fn import_over_copy() -> Result<f64> {
    over_copy(Way::Import)
}

/// Export.
pub fn export_over_copy() -> Result<f64> {
    over_copy(Way::Export)
}
