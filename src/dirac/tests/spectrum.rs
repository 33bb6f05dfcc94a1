//! Spectra of free fields, of constant flux, and searches against dense matrices.

use super::{context, random_gauge, spec};
use crate::context::{Context, Precision};
use crate::dirac::*;
use crate::gauge::{Complex64, Gauge, Group, constant_flux};
use crate::lattice::Lattice;
use std::f64::consts::PI;
use std::sync::Arc;

pub(super) fn parse(text: &str) -> SpectrumSpec {
    crate::spec::parse("spectrum", text).unwrap()
}

pub(super) fn whole(dirac: &Dirac, of: &str) -> Spectrum {
    dirac.spectrum(&parse(&format!("{{of: '{of}', method: 'dense'}}")), dirac.count() / 2).unwrap()
}

/// Momenta (2 pi k + angle) / L of all sites.
fn momenta(extent: &[usize], angles: &[f64]) -> Vec<Vec<f64>> {
    let lattice = Lattice::new(extent).unwrap();
    let of = |site: usize| {
        let x = lattice.coordinates(site);
        (0..extent.len()).map(|mu| (2.0 * PI * x[mu] as f64 + angles[mu]) / extent[mu] as f64).collect()
    };
    (0..lattice.volume()).map(of).collect()
}

/// Both lists hold the same numbers, copies counted, in any order.
fn expect_same(got: &[Complex64], expected: &[Complex64], tolerance: f64) {
    assert_eq!(got.len(), expected.len());
    let mut left = expected.to_vec();
    for z in got {
        let nearest = (0..left.len()).min_by(|&i, &j| (left[i] - z).norm().total_cmp(&(left[j] - z).norm())).unwrap();
        assert!((left[nearest] - z).norm() < tolerance, "{z}: the nearest left is {}", left[nearest]);
        left.swap_remove(nearest);
    }
}

/// The values that are expected at an end of a spectrum, by magnitude.
pub(super) fn extreme(all: &[Complex64], count: usize, which: Extreme) -> Vec<f64> {
    let mut sizes: Vec<f64> = all.iter().map(|z| z.norm()).collect();
    sizes.sort_by(|a, b| if which == Extreme::Smallest { a.total_cmp(b) } else { b.total_cmp(a) });
    sizes.truncate(count);
    sizes
}

/// A free Wilson operator, and its D(p) = a + i (g.s + t g5): a, |s| and t, as often as there are half-spinors.
struct Free {
    dirac: Dirac,
    modes: Vec<(f64, f64)>,
    twist: f64,
}

fn free(extent: &[usize], group: Group, (mass, twist): (f64, f64), angles: &[f64]) -> Free {
    let d = extent.len();
    let phases: Vec<String> = angles.iter().map(|angle| format!("{{angle: {angle}}}")).collect();
    let (xi0, nu) = (1.7, 0.9);
    let text = format!(
        "{{type: 'wilson', mass: {mass}, twist: {twist}, boundary: [{}], anisotropy: {{xi0: {xi0}, nu: {nu}}}}}",
        phases.join(", ")
    );
    let gauge = Gauge::unit(&Lattice::new(extent).unwrap(), group).unwrap();
    let dirac = Dirac::new(&context(), &gauge, &spec(&text)).unwrap();
    let weight = |mu: usize| if mu + 1 == d { 1.0 } else { nu / xi0 };
    let mode = |p: &Vec<f64>| {
        let a: f64 = mass + (0..d).map(|mu| weight(mu) * (1.0 - p[mu].cos())).sum::<f64>();
        let s: f64 = (0..d).map(|mu| (weight(mu) * p[mu].sin()).powi(2)).sum::<f64>().sqrt();
        (a, s)
    };
    let copies = d / 2 * group.colours();
    let modes = momenta(extent, angles).iter().flat_map(|p| vec![mode(p); copies]).collect();
    Free { dirac, modes, twist }
}

impl Free {
    fn expected(&self, of: &str) -> Vec<Complex64> {
        let both = |a: f64, s: f64| match of {
            "dirac" => [1.0, -1.0].map(|sign| Complex64::new(a, sign * s.hypot(self.twist))),
            "hermitian" => [1.0, -1.0].map(|sign| (sign * a.hypot(s)).into()),
            "normal" => [(a * a + s * s + self.twist.powi(2)).into(); 2],
            _ => [(a * a + s * s + self.twist.powi(2)).sqrt().into(); 2],
        };
        self.modes.iter().flat_map(|&(a, s)| both(a, s)).collect()
    }
}

#[test]
fn whole_spectra_of_free_wilson_fields() {
    let cases: [(&[usize], Group, &[f64]); 5] = [
        (&[6, 4], Group::U1, &[0.0, 0.0]),
        (&[4, 5], Group::Su2, &[0.0, PI]),
        (&[3, 7], Group::Su3, &[0.4, -1.3]),
        (&[2, 3, 2, 4], Group::U1, &[0.0, 0.0, 0.0, PI]),
        (&[2, 2, 4, 2], Group::Su2, &[0.0, 0.9, PI, 0.3]),
    ];
    for (extent, group, angles) in cases {
        for mass in [(0.3, 0.0), (-0.2, 0.25)] {
            let free = free(extent, group, mass, angles);
            for of in ["dirac", "hermitian", "normal", "singular"] {
                let spectrum = whole(&free.dirac, of);
                expect_same(&spectrum.values, &free.expected(of), 1e-12);
                assert!(spectrum.residuals.iter().all(|&r| r < 1e-12), "{of}: {:?}", spectrum.residuals);
            }
        }
    }
}

#[test]
fn searches_find_all_copies_of_free_eigenvalues() {
    // Periodic in space: many copies of each eigenvalue.
    let free = free(&[4, 2, 4, 4], Group::U1, (0.1, 0.0), &[0.0, 0.0, 0.0, PI]);
    for (of, method) in
        [("normal", "chebyshev"), ("hermitian", "chebyshev"), ("singular", "krylov"), ("dirac", "krylov")]
    {
        for (which, name) in [(Extreme::Smallest, "smallest"), (Extreme::Largest, "largest")] {
            let text = format!("{{of: '{of}', which: '{name}', method: '{method}'}}");
            let got = free.dirac.spectrum(&parse(&text), 13).unwrap();
            let sizes: Vec<f64> = got.values.iter().map(|z| z.norm()).collect();
            let expected = extreme(&free.expected(of), 13, which);
            for (a, b) in sizes.iter().zip(&expected) {
                assert!((a - b).abs() < 1e-9, "{text}: {sizes:?}, expected {expected:?}");
            }
        }
    }
}

#[test]
fn spectra_of_free_staggered_fields() {
    let cases: [(&[usize], Group, &[f64]); 3] = [
        (&[6, 4], Group::U1, &[0.0, 0.0]),
        (&[4, 2, 6], Group::Su2, &[0.0, 0.7, PI]),
        (&[2, 4, 2, 6], Group::U1, &[PI, 0.0, 0.0, -0.3]),
    ];
    for (extent, group, angles) in cases {
        let phases: Vec<String> = angles.iter().map(|angle| format!("{{angle: {angle}}}")).collect();
        let text = format!("{{type: 'staggered', mass: 0.2, boundary: [{}]}}", phases.join(", "));
        let gauge = Gauge::unit(&Lattice::new(extent).unwrap(), group).unwrap();
        let dirac = Dirac::new(&context(), &gauge, &spec(&text)).unwrap();
        let square = |p: &Vec<f64>| p.iter().map(|p| p.sin().powi(2)).sum::<f64>();
        let squares: Vec<f64> = momenta(extent, angles).iter().flat_map(|p| vec![square(p); group.colours()]).collect();
        let numbers = |f: &dyn Fn(f64) -> f64| squares.iter().map(|&s| f(s).into()).collect::<Vec<Complex64>>();
        expect_same(&whole(&dirac, "normal").values, &numbers(&|s| 0.04 + s), 1e-12);
        expect_same(&whole(&dirac, "singular").values, &numbers(&|s| (0.04 + s).sqrt()), 1e-12);
        let hermitian = whole(&dirac, "hermitian").values;
        let squared: Vec<Complex64> = hermitian.iter().map(|h| h * h).collect();
        expect_same(&squared, &numbers(&|s| s), 1e-12);
        // Hops change the parity of a site: the spectrum is symmetric, and that of D is m + i times it.
        let mirrored: Vec<Complex64> = hermitian.iter().map(|h| -h).collect();
        expect_same(&hermitian, &mirrored, 1e-7);
        let of_d: Vec<Complex64> = hermitian.iter().map(|h| Complex64::new(0.2, h.re)).collect();
        expect_same(&whole(&dirac, "dirac").values, &of_d, 1e-7);
    }
}

/// In the flux f of each plaquette the clover term is (c / 2) sin f g_5: it shifts H = g_5 D by a number.
#[test]
fn the_clover_term_in_constant_flux_shifts_the_hermitian_operator() {
    for quanta in [1, -3] {
        let gauge = constant_flux(&Lattice::new(&[6, 4]).unwrap(), &[quanta]).unwrap();
        let hermitian = |clover: &str| {
            let text = format!("{{type: 'wilson', mass: -0.3, {clover} boundary: [1, {{angle: 0.2}}]}}");
            whole(&Dirac::new(&context(), &gauge, &spec(&text)).unwrap(), "hermitian").values
        };
        let shift = 0.5 * 1.4 * (2.0 * PI * quanta as f64 / 24.0).sin();
        let shifted: Vec<Complex64> = hermitian("").iter().map(|h| h + shift).collect();
        expect_same(&hermitian("clover: 1.4,"), &shifted, 1e-12);
    }
}

/// |Q| real eigenvalues of D near zero, of chirality -sign Q, which change the sign of as many of H below their mass.
#[test]
fn the_index_theorem_in_constant_flux() {
    for charge in [-2, -1, 0, 1, 2] {
        let gauge = constant_flux(&Lattice::new(&[8, 8]).unwrap(), &[charge]).unwrap();
        let operator =
            |mass: f64| Dirac::new(&context(), &gauge, &spec(&format!("{{type: 'wilson', mass: {mass}}}"))).unwrap();
        let spectrum = whole(&operator(0.0), "dirac");
        let mut modes = 0;
        for (value, vector) in spectrum.values.iter().zip(spectrum.vectors.chunks(256)) {
            if value.im.abs() < 1e-9 && value.re < 0.5 && charge != 0 {
                let norm =
                    |s: usize| vector.chunks(2).skip(s).step_by(2).map(|z| z[0] * z[0] + z[1] * z[1]).sum::<f64>();
                let chirality = norm(0) - norm(1);
                assert!(-chirality * charge as f64 > 0.8 && value.re < 0.2, "{charge}: {value}, {chirality}");
                modes += 1;
            }
        }
        assert_eq!(modes, charge.abs(), "real modes");
        let hermitian = whole(&operator(-1.0), "hermitian").values;
        let negative = hermitian.iter().filter(|h| h.re < 0.0).count() as i64;
        assert_eq!(2 * negative - hermitian.len() as i64, -2 * charge, "index");
    }
}

#[test]
fn eigenvalues_of_d_come_in_conjugate_pairs() {
    let text = "{type: 'wilson', mass: 0.1, clover: 1.1, boundary: [1, 1, 1, -1]}";
    let dirac = Dirac::new(&context(), &random_gauge(&[2, 2, 2, 4], Group::Su3, 70), &spec(text)).unwrap();
    let values = whole(&dirac, "dirac").values;
    let conjugates: Vec<Complex64> = values.iter().map(|z| z.conj()).collect();
    expect_same(&values, &conjugates, 1e-11);
    assert!(values.iter().any(|z| z.im > 0.1));
}

#[test]
fn searches_agree_with_dense_matrices_on_random_fields() {
    let wilson = "{type: 'wilson', mass: 0.6, boundary: [1, -1]}";
    let four = "{type: 'wilson', kappa: 0.12, twist: 0.1, clover: 1.0, boundary: [1, 1, 1, -1]}";
    let staggered = "{type: 'staggered', mass: 0.4, boundary: [1, -1]}";
    let cases: [(&[usize], Group, &str); 4] = [
        (&[8, 8], Group::U1, wilson),
        (&[4, 10], Group::Su2, wilson),
        (&[2, 2, 2, 2], Group::Su3, four),
        (&[8, 6], Group::Su2, staggered),
    ];
    for (i, (extent, group, text)) in cases.into_iter().enumerate() {
        let dirac = Dirac::new(&context(), &random_gauge(extent, group, 80 + i as u64), &spec(text)).unwrap();
        for of in ["dirac", "hermitian", "normal", "singular"] {
            let exact = whole(&dirac, of).values;
            for (which, name) in [(Extreme::Smallest, "smallest"), (Extreme::Largest, "largest")] {
                for method in ["krylov", "chebyshev"] {
                    if (of, method) == ("dirac", "chebyshev") {
                        continue;
                    }
                    let text = format!("{{of: '{of}', which: '{name}', method: '{method}', count: 4}}");
                    let got = dirac.spectrum(&parse(&text), 4).unwrap();
                    let expected = extreme(&exact, 4, which);
                    for (a, b) in got.values.iter().zip(&expected) {
                        assert!((a.norm() - b).abs() < 1e-8, "{text} {extent:?}: {:?}, {expected:?}", got.values);
                        let nearest = exact.iter().map(|z| (z - a).norm()).fold(f64::INFINITY, f64::min);
                        assert!(nearest < 1e-8, "{text}: {a}");
                    }
                    // Norms below 12 squared.
                    assert!(got.restarts > 0 && got.residuals.iter().all(|&r| r < 144.0 * 1e-10));
                }
            }
        }
    }
}

/// The ends of a spectrum by real part, against the whole of it, and by exact numbers of free fields.
#[test]
fn ends_by_real_part_are_those_of_dense_matrices() {
    let wilson = "{type: 'wilson', mass: 0.3, boundary: [1, -1]}";
    let four = "{type: 'wilson', kappa: 0.12, twist: 0.1, clover: 1.0, boundary: [1, 1, 1, -1]}";
    let staggered = "{type: 'staggered', mass: 0.4, boundary: [1, -1]}";
    let cases: [(&[usize], Group, &str); 3] =
        [(&[8, 8], Group::Su2, wilson), (&[2, 2, 2, 2], Group::Su3, four), (&[8, 8], Group::Su2, staggered)];
    for (i, (extent, group, text)) in cases.into_iter().enumerate() {
        let dirac = Dirac::new(&context(), &random_gauge(extent, group, 95 + i as u64), &spec(text)).unwrap();
        for of in ["dirac", "hermitian", "normal", "singular"] {
            let exact = whole(&dirac, of).values;
            let mut reals: Vec<f64> = exact.iter().map(|z| z.re).collect();
            reals.sort_by(f64::total_cmp);
            for (name, is_largest) in [("smallest_real", false), ("largest_real", true)] {
                if is_largest {
                    reals.reverse();
                }
                for method in ["auto", "dense", "krylov"] {
                    let text = format!("{{of: '{of}', which: '{name}', method: '{method}', count: 5}}");
                    let got = match dirac.spectrum(&parse(&text), 5) {
                        Err(error) if of == "dirac" && i == 2 => {
                            assert!(error.to_string().starts_with("which: expected smallest or largest"), "{error}");
                            continue;
                        }
                        got => got.unwrap(),
                    };
                    for (a, b) in got.values.iter().zip(&reals) {
                        assert!((a.re - b).abs() < 1e-8, "{text} {extent:?}: {:?}, {:?}", got.values, &reals[..5]);
                        let nearest = exact.iter().map(|z| (z - a).norm()).fold(f64::INFINITY, f64::min);
                        assert!(nearest < 1e-8, "{text}: {a}");
                    }
                    assert!(
                        got.residuals.iter().all(|&r| r < 144.0 * 1e-10) && (method == "krylov") == (got.restarts > 0)
                    );
                }
            }
        }
    }
    // Larger ones are searched for: lambda = a + i s and h = +-|lambda| of a free field.
    let free = free(&[12, 12], Group::U1, (0.3, 0.0), &[0.0, PI]);
    let most = free.modes.iter().map(|(a, s)| a.hypot(*s)).fold(0.0, f64::max);
    for (of, name, expected) in [
        ("hermitian", "smallest_real", -most),
        ("hermitian", "largest_real", most),
        ("dirac", "smallest_real", free.modes.iter().map(|mode| mode.0).fold(f64::INFINITY, f64::min)),
    ] {
        let got =
            free.dirac.spectrum(&parse(&format!("{{of: '{of}', which: '{name}', method: 'krylov'}}")), 4).unwrap();
        assert!((got.values[0].re - expected).abs() < 1e-9 && got.restarts > 0, "{of} {name}: {:?}", got.values);
    }
}

/// |A v - lambda v| by way of `apply`.
#[test]
fn residuals_are_true() {
    let text = "{type: 'wilson', kappa: 0.13, boundary: [1, 1, 1, -1]}";
    let dirac = Dirac::new(&context(), &random_gauge(&[2, 4, 2, 4], Group::Su2, 90), &spec(text)).unwrap();
    for (of, which) in [("dirac", Which::Plain), ("normal", Which::Normal)] {
        // Loose enough that residuals stand well above rounding.
        let spectrum =
            dirac.spectrum(&parse(&format!("{{of: '{of}', method: 'krylov', tolerance: 1e-5}}")), 3).unwrap();
        let mut images = vec![0.0; spectrum.vectors.len()];
        dirac.apply(which, 3, &spectrum.vectors, &mut images).unwrap();
        for j in 0..3 {
            let part = j * dirac.count()..(j + 1) * dirac.count();
            let (v, image) = (&spectrum.vectors[part.clone()], &images[part]);
            let pairs = v.chunks(2).zip(image.chunks(2));
            let square: f64 = pairs
                .map(|(v, a)| (Complex64::new(a[0], a[1]) - spectrum.values[j] * Complex64::new(v[0], v[1])).norm_sqr())
                .sum();
            assert!((v.iter().map(|x| x * x).sum::<f64>() - 1.0).abs() < 1e-12);
            assert!((square.sqrt() - spectrum.residuals[j]).abs() < 1e-3 * square.sqrt() + 1e-14);
            assert!(square > 0.0 && square.sqrt() < 1e-5 * 100.0);
        }
    }
}

#[test]
fn spectra_do_not_depend_on_the_number_of_threads() {
    let gauge = random_gauge(&[4, 4, 2, 4], Group::Su2, 91);
    let found = |threads: usize, seed: u64| {
        let context = Arc::new(Context::new(seed, Precision::F64, threads).unwrap());
        let dirac = Dirac::new(&context, &gauge, &spec("{type: 'wilson', kappa: 0.13}")).unwrap();
        let spectrum = dirac.spectrum(&parse("{of: 'hermitian', method: 'chebyshev'}"), 4).unwrap();
        Spectrum { seconds: 0.0, ..spectrum }
    };
    let one = found(1, 1);
    assert_eq!(one, found(3, 1));
    assert!(one.vectors != found(1, 2).vectors);
}

#[test]
fn specs_without_meaning_and_searches_without_end_are_named() {
    let dirac =
        Dirac::new(&context(), &random_gauge(&[8, 8], Group::U1, 92), &spec("{type: 'wilson', mass: 0.1}")).unwrap();
    let expect = |text: &str, count: usize, status: i32, words: &str| {
        let error = dirac.spectrum(&parse(text), count).unwrap_err();
        assert!(error.status() == status && error.to_string().contains(words), "{text}: {error}");
    };
    expect("{}", 0, 2, "count");
    expect("{}", 129, 2, "expected 1 to 128 values, got 129");
    expect("{count: 5}", 4, 2, "count: expected 4, got 5");
    expect("{tolerance: 0}", 4, 2, "tolerance");
    expect("{tolerance: NaN}", 4, 2, "tolerance");
    expect("{method: 'krylov'}", 60, 2, "for a search, got 60");
    expect("{of: 'dirac', method: 'chebyshev'}", 2, 2, "chebyshev");
    expect("{of: 'hermitian', which: 'smallest_real', method: 'chebyshev'}", 2, 2, "real parts");
    expect("{of: 'normal', method: 'krylov', max_restarts: 0}", 4, 6, "expected 4 residuals");
    // Numbers that overflow end a search, they do not keep it going.
    let large =
        Dirac::new(&context(), &random_gauge(&[8, 8], Group::U1, 92), &spec("{type: 'wilson', mass: 1e200}")).unwrap();
    for of in ["normal", "hermitian"] {
        for method in ["krylov", "chebyshev", "dense"] {
            let text = format!("{{of: '{of}', method: '{method}'}}");
            match large.spectrum(&parse(&text), 2) {
                Err(error) => assert!(matches!(error.status(), 4 | 6), "{error}"),
                Ok(found) => assert!(found.values.iter().all(|z| (z.norm() / 1e200 - 1.0).abs() < 1e-9)),
            }
        }
    }
}
