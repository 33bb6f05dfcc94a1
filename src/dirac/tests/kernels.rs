//! Kernels in all their forms: instruction sets, links of two rows, many fields at once.

use super::*;
use crate::dirac::*;
use crate::gauge::{Complex64, Gauge, Group};
use crate::random::{Purpose, Stream};
use crate::simd::{Instructions, Native};
use proptest::prelude::*;

/// Operators with links of fewer than 18 numbers, for all boundary conditions that there are.
fn compressed_cases(numbers: usize) -> Vec<Case> {
    let extents: [&[usize]; 4] = [&[4, 8, 6, 4], &[2, 3, 2, 5], &[8, 4, 4, 4], &[8, 8]];
    let boundary = ["[1, {angle: 0.3}, 0, -1]", "[{angle: 1.1}, -1]"];
    let case = |(i, extent): (usize, &&[usize])| {
        let is_plane = extent.len() == 2;
        let text = format!(
            "{{type: 'wilson', mass: 0.17, links: {numbers}, twist: 0.2, anisotropy: {{xi0: 2.4, nu: 0.9}}, boundary: {}}}",
            boundary[usize::from(is_plane)]
        );
        Case { gauge: random_gauge(extent, Group::Su3, 60 + i as u64), spec: spec(&text) }
    };
    extents.iter().enumerate().map(case).collect()
}

#[test]
fn fewer_numbers_of_a_link_are_as_good_as_all() {
    for case in [12, 8].into_iter().flat_map(compressed_cases) {
        let dirac = Dirac::new(&context(), &case.gauge, &case.spec).unwrap();
        let psi = numbers(dirac.count(), 7);
        let mut got = vec![0.0; psi.len()];
        dirac.apply(Which::Plain, 1, &psi, &mut got).unwrap();
        assert!(distance(&reference(&case, &psi), &got) < 1e-13 * 40.0);
    }
}

/// D psi by links of so many numbers, in f64 and in f32.
fn both_precisions(gauge: &Gauge, numbers: usize, psi: &[f64]) -> [Vec<f64>; 2] {
    use crate::dirac::lanes::field::Field;
    use crate::dirac::linear::{Full, Linear};
    use crate::dirac::side::Side;
    fn image<T: Native>(full: &Full<T>, psi: &[f64]) -> Vec<f64> {
        let (mut from, mut to) = (full.zeros().unwrap(), full.zeros().unwrap());
        from.import(&full.hopping.grid, full.hopping.spinor, psi);
        full.apply(Side::Plain, &from, &mut to, &mut Field::default());
        let mut image = vec![0.0; psi.len()];
        to.export(&full.hopping.grid, full.hopping.spinor, &mut image);
        image
    }
    let text = format!(
        "{{type: 'wilson', mass: 0.17, links: {numbers}, anisotropy: {{xi0: 2.4, nu: 0.9}}, boundary: [1, {{angle: 0.3}}, 0, -1]}}"
    );
    let dirac = Dirac::new(&context(), gauge, &spec(&text)).unwrap();
    [image(&dirac.double(), psi), image(&dirac.single().unwrap(), psi)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, rng_seed: proptest::test_runner::RngSeed::Fixed(6), failure_persistence: None, ..ProptestConfig::default() })]

    /// Fields of random links, of special ones (the unit, diagonal, centre, permutations), and of links close to those.
    #[test]
    fn links_of_eight_numbers_give_d_psi_to_rounding(seed in 0..u64::MAX >> 1, share in 0..3usize, power in -20..1i32) {
        use crate::dirac::lanes::compressed_links::eight::tests::{near, special};
        let special = special();
        let mut gauge = random_gauge(&[4, 4, 4, 8], Group::Su3, 75);
        let many = special.len() << share >> 1;
        for site in 0..gauge.lattice().volume() {
            for mu in 0..4 {
                let counter = seed + (4 * site + mu) as u64;
                let which = (counter as usize).wrapping_mul(0x9E37_79B9) % many.max(1);
                gauge.set_link::<3>(site, mu, &near(&special, (which, power, counter)));
            }
        }
        let psi = numbers(24 * gauge.lattice().volume(), 76);
        let [[exact, _], [double, single]] = [18, 8].map(|numbers| both_precisions(&gauge, numbers, &psi));
        let largest = exact.iter().fold(0.0f64, |most, x| most.max(x.abs()));
        let errors = [double, single].map(|image| distance(&exact, &image) / largest);
        prop_assert!(errors[0] < 1e-12 && errors[1] < 1e-5, "{errors:?}");
        // Both errors show the rounding of their own precision: each result comes from the kernel of that precision.
        prop_assert!(errors[0] > 0.0 && errors[1] > 1e-9, "{errors:?}");
    }
}

#[test]
fn links_that_have_no_third_row_or_another_one_are_refused() {
    let text = |numbers: &str| spec(&format!("{{type: 'wilson', mass: 0.1, links: {numbers}}}"));
    let error = |gauge: &Gauge, numbers: &str| match Dirac::new(&context(), gauge, &text(numbers)) {
        Err(error) => error.status(),
        Ok(_) => 0,
    };
    let mut gauge = random_gauge(&[4, 4], Group::Su3, 70);
    for (numbers, status) in [("'auto'", 0), ("18", 0), ("12", 0), ("8", 0), ("7", 2)] {
        assert_eq!(error(&gauge, numbers), status);
    }
    for numbers in ["12", "8"] {
        assert_eq!(error(&random_gauge(&[4, 4], Group::Su2, 71), numbers), 9);
    }
    // Unitary, but with a determinant that is not one.
    let phase = Complex64::from_polar(1.0, 1e-6);
    gauge.set_link::<3>(5, 1, &gauge.link::<3>(5, 1).scale(phase));
    assert_eq!((error(&gauge, "12"), error(&gauge, "8"), error(&gauge, "18")), (4, 4, 0));
}

#[test]
fn all_instruction_sets_agree_with_the_definition() {
    let extents: [&[usize]; 3] = [&[4, 4, 8, 4], &[8, 8], &[2, 3, 2, 5]];
    for instructions in Instructions::ALL.iter().copied().filter(|i| i.is_available()) {
        for (extent, links) in extents.into_iter().flat_map(|extent| [(extent, 8), (extent, 12), (extent, 18)]) {
            let ends = "1, ".repeat(extent.len() - 1);
            let text = format!("{{type: 'wilson', mass: 0.3, links: {links}, clover: 1.2, boundary: [{ends} -1]}}");
            let case = Case { gauge: random_gauge(extent, Group::Su3, 80), spec: spec(&text) };
            let mut dirac = Dirac::new(&context(), &case.gauge, &case.spec).unwrap();
            dirac.set_instructions(instructions);
            let psi = numbers(dirac.count(), 8);
            let mut got = vec![0.0; psi.len()];
            dirac.apply(Which::Plain, 1, &psi, &mut got).unwrap();
            assert!(distance(&reference(&case, &psi), &got) < 1e-13 * 40.0, "{instructions:?} {extent:?} {links}");
            // The residual is one of f64, the iteration one of f32.
            let report = dirac.solve(&SolveSpec::default(), 1, &psi, &mut got).unwrap();
            assert!(report.residual <= 1e-10);
            let text = format!("{{type: 'staggered', mass: 0.3, boundary: [{ends} -1]}}");
            let Ok(mut dirac) = Dirac::new(&context(), &case.gauge, &spec(&text)) else { continue };
            dirac.set_instructions(instructions);
            let (psi, mut got) = (numbers(dirac.count(), 9), vec![0.0; dirac.count()]);
            dirac.apply(Which::Plain, 1, &psi, &mut got).unwrap();
            let expected = staggered_reference::<3>(&case.gauge, (0.3, First::X), &psi);
            assert!(distance(&expected, &got) < 1e-13 * 40.0, "{instructions:?} {extent:?}");
        }
    }
}

#[test]
fn many_fields_at_once_are_each_alone() {
    for case in [
        cases().swap_remove(8),
        cases().swap_remove(7),
        compressed_cases(12).swap_remove(1),
        compressed_cases(8).swap_remove(1),
    ] {
        let dirac = Dirac::new(&context(), &case.gauge, &case.spec).unwrap();
        let count = 14;
        let psi = numbers(count * dirac.count(), 10);
        let (mut together, mut alone) = (vec![0.0; psi.len()], vec![0.0; psi.len()]);
        for which in [Which::Plain, Which::Adjoint, Which::Normal] {
            dirac.apply(which, count, &psi, &mut together).unwrap();
            for (psi, alone) in psi.chunks(dirac.count()).zip(alone.chunks_mut(dirac.count())) {
                dirac.apply(which, 1, psi, alone).unwrap();
            }
            assert_eq!(together, alone);
        }
    }
}

#[test]
fn the_schur_complement_takes_many_fields() {
    use crate::dirac::linear::Linear;
    use crate::dirac::side::Side;
    for text in ["{type: 'wilson', mass: 0.2, twist: 0.3}", "{type: 'wilson', mass: 0.2, clover: 1.0}"] {
        let gauge = random_gauge(&[4, 4, 4, 8], Group::Su3, 90);
        let dirac = Dirac::new(&context(), &gauge, &spec(text)).unwrap();
        let schur = dirac.double_even_odd();
        let fields = || (0..3).map(|_| schur.zeros().unwrap()).collect::<Vec<_>>();
        let (mut from, mut to, mut scratch, mut alone) = (fields(), fields(), fields(), schur.zeros().unwrap());
        for (i, field) in from.iter_mut().enumerate() {
            Stream::new(6, Purpose::Prior, 20 + i as u64).normals(field.numbers_mut());
        }
        for side in [Side::Plain, Side::Adjoint] {
            schur.apply_many(side, &from, &mut to, &mut scratch);
            for (from, to) in from.iter().zip(&to) {
                schur.apply(side, from, &mut alone, &mut scratch[0]);
                assert_eq!(to.numbers(), alone.numbers());
            }
        }
    }
}
