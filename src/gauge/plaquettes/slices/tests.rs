//! Tests of slices in lanes against gathered sites.

use super::*;
use crate::context::{Context, Precision};
use crate::gauge::Gauge;
use crate::gauge::plaquettes::gathered::{Plaquettes, Weights};
use crate::lattice::Neighbours;
use crate::random::{Purpose, Stream};
use std::sync::Arc;

#[test]
fn slopes_are_those_of_gathered_sites_bit_for_bit() {
    for extent in [&[8, 3][..], &[16, 2], &[4, 4, 3], &[8, 3, 2], &[4, 4, 4, 5], &[2, 12, 2, 3], &[8, 2, 2, 2]] {
        let lattice = Lattice::new(extent).unwrap();
        let neighbours = Neighbours::new(&lattice).unwrap();
        for group in [Group::U1, Group::Su2, Group::Su3] {
            let gauge = Gauge::random(&lattice, group, &mut Stream::new(1, Purpose::Start, 5)).unwrap();
            let mut slices = Slices::new(&lattice, group).unwrap().unwrap();
            let plaquettes = Plaquettes {
                links: gauge.links(),
                neighbours: &neighbours,
                group,
                slice: lattice.volume() / extent[extent.len() - 1],
            };
            let start = |number: f64| vec![number; gauge.links().len()];
            let within = |factor: f64, within: Option<f64>| Weights { factor, within };
            for effect in [
                Effect { weights: within(-0.7, None), time: None },
                Effect { weights: within(1.3, None), time: Some(0.1) },
                Effect { weights: within(0.9, Some(0.65)), time: None },
                Effect { weights: within(1.1, Some(-0.3)), time: Some(0.2) },
            ] {
                let mut expected = start(0.3);
                let traces = plaquettes.apply(&Team::default(), effect, &mut expected);
                let mut first = None;
                for (threads, is_shared) in [1, 2, 3, 5].into_iter().flat_map(|n| [(n, false), (n, true)]) {
                    let team = Team::of(&Arc::new(Context::new(1, Precision::F64, threads).unwrap()));
                    let mut got = start(0.3);
                    slices.is_shared = is_shared;
                    let sum = slices.apply(&team, gauge.links(), effect, &mut got).unwrap();
                    assert!(got == expected, "{group:?}, {extent:?}, {threads}, {is_shared}");
                    assert!((sum - traces).abs() < 1e-12 * traces.abs().max(1.0), "{group:?}: {sum} {traces}");
                    assert_eq!(*first.get_or_insert(sum), sum, "{group:?}, {extent:?}, {threads}, {is_shared}");
                }
            }
        }
    }
}

#[test]
fn lattices_that_cannot_be_cut_or_are_too_large_are_not() {
    for extent in [&[3, 8][..], &[4, 8], &[6, 6, 4], &[2, 2, 6], &[128, 128, 128, 2]] {
        assert!(Slices::new(&Lattice::new(extent).unwrap(), Group::Su3).unwrap().is_none(), "{extent:?}");
    }
}
