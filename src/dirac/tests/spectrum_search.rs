//! Searches of eigenvalues on weak fields: close and equal values, early ends, and the choice of the method.

use super::spectrum::{extreme, parse, whole};
use super::{context, spec};
use crate::context::Team;
use crate::dirac::*;
use crate::gauge::{Gauge, Group, drift};
use crate::lattice::Lattice;
use crate::random::{Purpose, Stream};

/// A field near all links one: the copies of free eigenvalues lie close to one another, but are not the same.
fn weak_gauge(extent: &[usize], group: Group, size: f64, seed: u64) -> Gauge {
    let lattice = Lattice::new(extent).unwrap();
    let mut numbers = vec![0.0; lattice.volume() * extent.len() * group.reals()];
    crate::gauge::draw_momenta(group, &mut Stream::new(seed, Purpose::Momentum, 0), &mut numbers);
    let mut links = Gauge::unit(&lattice, group).unwrap().links().to_vec();
    drift(&Team::default(), group, (&mut links, &numbers), size);
    Gauge::new(&lattice, group, links).unwrap()
}

/// Searches for few values in a spectrum of close or equal ones, which a search with too few vectors misses.
#[test]
fn searches_resolve_close_and_equal_eigenvalues() {
    let text = "{type: 'wilson', mass: -1.4}";
    for size in [0.0, 0.02, 0.1] {
        let dirac = Dirac::new(&context(), &weak_gauge(&[4, 4, 2, 2], Group::Su3, size, 7), &spec(text)).unwrap();
        for of in ["hermitian", "normal", "dirac"] {
            let exact = whole(&dirac, of).values;
            for (name, which) in [("largest", Extreme::Largest), ("smallest", Extreme::Smallest)] {
                for method in ["krylov", "chebyshev", "auto"] {
                    if of == "dirac" && method == "chebyshev" {
                        continue;
                    }
                    for count in [1, 2] {
                        let text = format!("{{of: '{of}', which: '{name}', method: '{method}'}}");
                        let got = dirac.spectrum(&parse(&text), count).unwrap_or_else(|e| panic!("{text} {size}: {e}"));
                        let expected = extreme(&exact, count, which);
                        for (a, b) in got.values.iter().zip(&expected) {
                            assert!((a.norm() - b).abs() < 1e-8, "{text} {size}: {:?} {expected:?}", got.values);
                        }
                    }
                }
            }
        }
    }
}

/// Where a search does not converge, the message says what is missing.
#[test]
fn a_search_that_ends_early_says_why() {
    let text = "{type: 'wilson', mass: -1.4}";
    let dirac = Dirac::new(&context(), &weak_gauge(&[4, 4, 2, 2], Group::Su3, 0.1, 7), &spec(text)).unwrap();
    let error = |text: &str| dirac.spectrum(&parse(text), 1).unwrap_err().to_string();
    let message = error("{of: 'normal', method: 'krylov', tolerance: 1e-30, max_restarts: 25}");
    assert!(
        message.contains("got 0 of 1, the largest ") && message.contains("after 25 restarts with 18 vectors kept"),
        "{message}"
    );
    // The wanted value has converged, but not yet the one after it.
    let messages: Vec<String> = (0..20)
        .map(|restarts| format!("{{of: 'normal', method: 'krylov', tolerance: 1e-3, max_restarts: {restarts}}}"))
        .filter_map(|text| dirac.spectrum(&parse(&text), 1).err().map(|e| e.to_string()))
        .collect();
    assert!(messages.iter().any(|text| text.contains("got all, but not the value that follows")), "{messages:?}");
}

/// 'auto' chooses what costs less: the matrix for many values of small operators, searches for few of larger ones.
#[test]
fn the_method_is_chosen_by_its_cost() {
    let is_dense = |text: &str, count: usize, rows: usize| parse(text).method(count, rows) == Method::Dense;
    for (text, count, rows, expected) in [
        ("{}", 2, 1440, false),
        ("{}", 200, 1440, true),
        ("{which: 'largest'}", 2, 1440, false),
        ("{which: 'largest'}", 100, 1440, true),
        ("{of: 'hermitian'}", 8, 1440, false),
        ("{of: 'hermitian'}", 200, 1440, true),
        ("{of: 'singular'}", 8, 1440, false),
        ("{of: 'normal'}", 8, 256, true),
        ("{of: 'normal'}", 200, 12288, false),
        ("{of: 'normal', method: 'krylov'}", 200, 1440, false),
    ] {
        assert_eq!(is_dense(text, count, rows), expected, "{text} {count} {rows}");
    }
    // A search that costs more than the dense matrix gives up for it.
    let dirac =
        Dirac::new(&context(), &weak_gauge(&[4, 4, 2, 2], Group::Su3, 0.1, 7), &spec("{type: 'wilson', mass: 0.1}"));
    let dirac = dirac.unwrap();
    let hopeless = dirac.spectrum(&parse("{of: 'normal', tolerance: 1e-30}"), 1).unwrap();
    let exact = whole(&dirac, "normal").values;
    assert_eq!(hopeless.restarts, 0);
    assert!((hopeless.values[0].re - extreme(&exact, 1, Extreme::Smallest)[0]).abs() < 1e-12);
}
