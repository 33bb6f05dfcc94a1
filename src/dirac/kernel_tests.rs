//! Kernels in all their forms: instruction sets, links of two rows, many fields at once.

use super::tests::*;
use super::*;
use crate::gauge::{Complex64, Gauge, Group};
use crate::random::{Purpose, Stream};
use crate::simd::Instructions;

/// Operators with links of 18 and of 12 numbers, for all boundary conditions that there are.
fn compressed_cases() -> Vec<Case> {
    let extents: [&[usize]; 4] = [&[4, 8, 6, 4], &[2, 3, 2, 5], &[8, 4, 4, 4], &[8, 8]];
    let boundary = ["[1, {angle: 0.3}, 0, -1]", "[{angle: 1.1}, -1]"];
    let case = |(i, extent): (usize, &&[usize])| {
        let is_plane = extent.len() == 2;
        let text = format!(
            "{{type: 'wilson', mass: 0.17, links: 12, twist: 0.2, anisotropy: {{xi0: 2.4, nu: 0.9}}, boundary: {}}}",
            boundary[usize::from(is_plane)]
        );
        Case { gauge: random_gauge(extent, Group::Su3, 60 + i as u64), spec: spec(&text) }
    };
    extents.iter().enumerate().map(case).collect()
}

#[test]
fn two_rows_of_a_link_are_as_good_as_three() {
    for case in compressed_cases() {
        let dirac = Dirac::new(&context(), &case.gauge, &case.spec).unwrap();
        let psi = numbers(dirac.count(), 7);
        let mut got = vec![0.0; psi.len()];
        dirac.apply(Which::Plain, 1, &psi, &mut got).unwrap();
        assert!(distance(&reference(&case, &psi), &got) < 1e-13 * 40.0);
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
    for (numbers, status) in [("'auto'", 0), ("18", 0), ("12", 0), ("7", 2)] {
        assert_eq!(error(&gauge, numbers), status);
    }
    assert_eq!(error(&random_gauge(&[4, 4], Group::Su2, 71), "12"), 9);
    // Unitary, but with a determinant that is not one.
    let phase = Complex64::from_polar(1.0, 1e-6);
    gauge.set_link::<3>(5, 1, &gauge.link::<3>(5, 1).scale(phase));
    assert_eq!((error(&gauge, "12"), error(&gauge, "18")), (4, 0));
}

#[test]
fn all_instruction_sets_agree_with_the_definition() {
    let extents: [&[usize]; 3] = [&[4, 4, 8, 4], &[8, 8], &[2, 3, 2, 5]];
    for instructions in Instructions::ALL.into_iter().filter(|i| i.is_available()) {
        for (extent, links) in extents.into_iter().flat_map(|extent| [(extent, 12), (extent, 18)]) {
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
    for case in [cases().swap_remove(8), cases().swap_remove(7), compressed_cases().swap_remove(1)] {
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
    use super::hopping::Side;
    use super::operator::Linear;
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
