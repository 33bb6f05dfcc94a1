//! Linear maps against their dense matrices, and faer's matrix-free methods on them.

use super::{context, numbers, random_gauge, spec};
use crate::dirac::*;
use crate::gauge::{Complex64, Group};
use faer::dyn_stack::{MemBuffer, MemStack, StackReq};
use faer::linalg::solvers::Solve;
use faer::matrix_free::bicgstab::{BicgParams, bicgstab, bicgstab_scratch};
use faer::matrix_free::conjugate_gradient::{CgParams, conjugate_gradient, conjugate_gradient_scratch};
use faer::matrix_free::eigen::{
    PartialEigenParams, partial_eigen, partial_eigen_scratch, partial_self_adjoint_eigen,
    partial_self_adjoint_eigen_scratch, partial_svd, partial_svd_scratch,
};
use faer::matrix_free::lsmr::{LsmrParams, lsmr, lsmr_scratch};
use faer::matrix_free::{BiLinOp, IdentityPrecond, LinOp};
use faer::{Mat, MatMut, Par};

const MAPS: [Map; 5] = [Map::Dirac, Map::Hermitian, Map::Normal, Map::Schur, Map::SchurNormal];

/// Wilson's operators plain, with clover term and twisted mass in two and four dimensions, and staggered ones.
fn operators() -> Vec<Dirac> {
    let wilson = "{type: 'wilson', mass: 0.4, boundary: [1, {angle: 0.7}]}";
    let clover = "{type: 'wilson', mass: 0.5, clover: 1.2, boundary: [1, 1, 1, -1]}";
    let twisted = "{type: 'wilson', kappa: 0.13, twist: 0.3, anisotropy: {xi0: 2, nu: 0.9}, boundary: [1, 1, 1, -1]}";
    let both = "{type: 'wilson', kappa: 0.12, twist: -0.2, clover: {space: 1, time: 1.3}}";
    let staggered = "{type: 'staggered', mass: 0.5, boundary: [1, -1]}";
    let cases: [(&[usize], Group, &str); 6] = [
        (&[6, 4], Group::U1, wilson),
        (&[2, 2, 2, 4], Group::Su3, clover),
        (&[2, 4, 2, 2], Group::Su3, twisted),
        (&[4, 2, 2, 2], Group::Su2, both),
        (&[8, 6], Group::Su3, staggered),
        (&[3, 5], Group::Su2, "{type: 'wilson', mass: 0.3}"),
    ];
    let operator = |(i, (extent, group, text)): (usize, (&[usize], Group, &str))| {
        Dirac::new(&context(), &random_gauge(extent, group, 60 + i as u64), &spec(text)).unwrap()
    };
    cases.into_iter().enumerate().map(operator).collect()
}

/// The maps that an operator has.
fn maps(dirac: &Dirac) -> Vec<(Map, LinearMap)> {
    let has = |map: Map| match dirac.linear_map(map) {
        Ok(linear) => Some((map, linear)),
        Err(error) => {
            assert!(error.status() == 9 && matches!(map, Map::Schur | Map::SchurNormal), "{error}");
            None
        }
    };
    MAPS.into_iter().filter_map(has).collect()
}

fn columns(rows: usize, count: usize, counter: u64) -> Mat<Complex64> {
    let numbers = numbers(2 * rows * count, counter);
    Mat::from_fn(rows, count, |i, j| Complex64::new(numbers[2 * (i + rows * j)], numbers[2 * (i + rows * j) + 1]))
}

/// The matrix by way of `apply` on the unit vectors, in the canonical order.
pub(super) fn matrix(dirac: &Dirac, which: Which) -> Mat<Complex64> {
    let count = dirac.count();
    let (mut unit, mut image) = (vec![0.0; count], vec![0.0; count]);
    let mut matrix = Mat::zeros(count / 2, count / 2);
    for j in 0..count / 2 {
        unit[2 * j] = 1.0;
        dirac.apply(which, 1, &unit, &mut image).unwrap();
        unit[2 * j] = 0.0;
        image.chunks(2).enumerate().for_each(|(i, z)| matrix[(i, j)] = Complex64::new(z[0], z[1]));
    }
    matrix
}

fn dense(map: &LinearMap) -> Mat<Complex64> {
    map.times(Mat::<Complex64>::identity(map.nrows(), map.nrows()).as_ref()).unwrap()
}

fn distance(a: &Mat<Complex64>, b: &Mat<Complex64>) -> f64 {
    (a - b).norm_l2() / b.norm_l2()
}

/// The result of a matrix-free call.
fn result(rows: usize, count: usize, call: impl Fn(MatMut<Complex64>, &mut MemStack)) -> Mat<Complex64> {
    let mut out = Mat::zeros(rows, count);
    call(out.as_mut(), MemStack::new(&mut MemBuffer::new(StackReq::EMPTY)));
    out
}

#[test]
fn maps_are_the_operators_that_they_are_named_for() {
    for dirac in operators() {
        let (d, adjoint) = (matrix(&dirac, Which::Plain), matrix(&dirac, Which::Adjoint));
        assert!(distance(&d.adjoint().to_owned(), &adjoint) < 1e-14);
        for (map, linear) in maps(&dirac) {
            let got = dense(&linear);
            match map {
                Map::Dirac => assert_eq!(got, d),
                Map::Normal => assert!(distance(&got, &(&adjoint * &d)) < 1e-14),
                // H H = D^dag D - t^2 or - m^2, a multiple of one.
                Map::Hermitian => {
                    assert!(distance(&got.adjoint().to_owned(), &got) < 1e-14);
                    let rest = &adjoint * &d - &got * &got;
                    let shift = rest[(0, 0)];
                    let one = Mat::<Complex64>::identity(d.nrows(), d.nrows()) * faer::Scale(shift);
                    assert!((&rest - &one).norm_l2() < 1e-12 && shift.re > -1e-12, "{shift}");
                }
                // det D = det M_e det S.
                Map::Schur => {
                    assert_eq!(2 * got.nrows(), d.nrows());
                }
                Map::SchurNormal => {
                    let schur = dense(&dirac.linear_map(Map::Schur).unwrap());
                    assert!(distance(&got, &(schur.adjoint() * &schur)) < 1e-13);
                }
            }
        }
    }
}

#[test]
fn the_schur_complement_is_the_inverse_of_a_block_of_the_inverse() {
    for (dirac, extent) in operators().iter().zip([vec![6, 4], vec![2, 2, 2, 4], vec![2, 4, 2, 2]]) {
        let schur = dense(&dirac.linear_map(Map::Schur).unwrap());
        let inverse = matrix(dirac, Which::Plain)
            .partial_piv_lu()
            .solve(Mat::<Complex64>::identity(dirac.count() / 2, dirac.count() / 2));
        let lattice = crate::lattice::Lattice::new(&extent).unwrap();
        let size = dirac.count() / 2 / lattice.volume();
        let odd: Vec<usize> = (0..lattice.volume()).filter(|&site| lattice.parity(site) == 1).collect();
        let row = |i: usize| odd[i / size] * size + i % size;
        let block = Mat::from_fn(schur.nrows(), schur.nrows(), |i, j| inverse[(row(i), row(j))]);
        let one = Mat::<Complex64>::identity(schur.nrows(), schur.nrows());
        assert!(distance(&(&schur * &block), &one) < 1e-12);
    }
}

#[test]
fn adjoints_transposes_and_conjugates_belong_to_their_map() {
    for dirac in operators() {
        for (map, linear) in maps(&dirac) {
            let (matrix, n) = (dense(&linear), linear.nrows());
            let x = columns(n, 3, 7);
            let applied = result(n, 3, |out, stack| linear.apply(out, x.as_ref(), Par::Seq, stack));
            assert!(distance(&applied, &(&matrix * &x)) < 1e-14, "{map:?}");
            let conjugate = result(n, 3, |out, stack| linear.conj_apply(out, x.as_ref(), Par::Seq, stack));
            assert!(distance(&conjugate, &(matrix.conjugate() * &x)) < 1e-14, "{map:?}");
            let adjoint = result(n, 3, |out, stack| linear.adjoint_apply(out, x.as_ref(), Par::Seq, stack));
            assert!(distance(&adjoint, &(matrix.adjoint() * &x)) < 1e-14, "{map:?}");
            let transpose = result(n, 3, |out, stack| linear.transpose_apply(out, x.as_ref(), Par::Seq, stack));
            assert!(distance(&transpose, &(matrix.transpose() * &x)) < 1e-14, "{map:?}");
        }
    }
}

#[test]
fn the_solvers_of_faer_give_the_dense_solution() {
    for dirac in operators() {
        for (map, linear) in maps(&dirac) {
            let n = linear.nrows();
            let one = IdentityPrecond { dim: n };
            let b = columns(n, 2, 8);
            let exact = dense(&linear).partial_piv_lu().solve(&b);
            let mut x = Mat::<Complex64>::zeros(n, 2);
            if matches!(map, Map::Normal | Map::SchurNormal) {
                let memory = &mut MemBuffer::new(conjugate_gradient_scratch(one, &linear, 2, Par::Seq));
                let (params, stack) = (CgParams { rel_tolerance: 1e-12, ..CgParams::default() }, MemStack::new(memory));
                conjugate_gradient(x.as_mut(), one, &linear, b.as_ref(), params, |_| {}, Par::Seq, stack).unwrap();
                assert!(distance(&x, &exact) < 1e-9, "{map:?}: {}", distance(&x, &exact));
            } else {
                // The scratch memory that faer requests is too small by one block for several columns.
                let memory = StackReq::all_of(&[lsmr_scratch(one, &linear, 2, Par::Seq); 2]);
                let memory = &mut MemBuffer::new(memory);
                let (params, stack) =
                    (LsmrParams { rel_tolerance: 1e-12, ..LsmrParams::default() }, MemStack::new(memory));
                lsmr(x.as_mut(), one, &linear, b.as_ref(), params, |_| {}, Par::Seq, stack).unwrap();
                assert!(distance(&x, &exact) < 1e-8, "{map:?}: {}", distance(&x, &exact));
            }
            if matches!(map, Map::Dirac | Map::Schur) {
                x.fill(Complex64::default());
                let memory = &mut MemBuffer::new(bicgstab_scratch(one, one, &linear, 2, Par::Seq));
                let (params, stack) =
                    (BicgParams { rel_tolerance: 1e-11, ..BicgParams::default() }, MemStack::new(memory));
                bicgstab(x.as_mut(), one, one, &linear, b.as_ref(), params, |_| {}, Par::Seq, stack).unwrap();
                assert!(distance(&x, &exact) < 1e-8, "{map:?}: {}", distance(&x, &exact));
            }
        }
    }
}

/// The largest magnitudes of some numbers.
fn largest(numbers: &[Complex64], count: usize) -> Vec<f64> {
    let mut sizes: Vec<f64> = numbers.iter().map(|z| z.norm()).collect();
    sizes.sort_by(|a, b| b.total_cmp(a));
    sizes.truncate(count);
    sizes
}

#[test]
fn the_partial_decompositions_of_faer_give_the_largest_of_the_dense_ones() {
    let text = "{type: 'wilson', mass: 0.4, boundary: [1, {angle: 0.7}]}";
    let dirac = Dirac::new(&context(), &random_gauge(&[8, 10], Group::U1, 66), &spec(text)).unwrap();
    let count = 3;
    let (d, h) = (dirac.linear_map(Map::Dirac).unwrap(), dirac.linear_map(Map::Hermitian).unwrap());
    let (n, params) = (d.nrows(), PartialEigenParams::default());
    let start = columns(n, 1, 9);
    let (mut u, mut v) = (Mat::zeros(n, count), Mat::zeros(n, count));
    let mut values = vec![Complex64::default(); count];
    let expect = |got: &[Complex64], all: &[Complex64]| {
        let pairs: Vec<(f64, f64)> = largest(got, count).into_iter().zip(largest(all, count)).collect();
        assert!(pairs.iter().all(|(a, b)| (a - b).abs() < 1e-9), "{pairs:?}");
    };
    let memory = &mut MemBuffer::new(partial_eigen_scratch(&d, count, Par::Seq, params));
    let stack = MemStack::new(memory);
    let info = partial_eigen(u.as_mut(), &mut values, &d, start.col(0), 1e-12, Par::Seq, stack, params);
    assert_eq!(info.n_converged_eigen, count);
    expect(&values, &dense(&d).eigenvalues().unwrap());
    let memory = &mut MemBuffer::new(partial_self_adjoint_eigen_scratch(&h, count, Par::Seq, params));
    let stack = MemStack::new(memory);
    let info = partial_self_adjoint_eigen(u.as_mut(), &mut values, &h, start.col(0), 1e-12, Par::Seq, stack, params);
    assert_eq!(info.n_converged_eigen, count);
    let exact = dense(&h).self_adjoint_eigenvalues(faer::Side::Lower).unwrap();
    let exact: Vec<Complex64> = exact.into_iter().map(Complex64::from).collect();
    expect(&values, &exact);
    let memory = &mut MemBuffer::new(partial_svd_scratch(&d, count, Par::Seq, params));
    let stack = MemStack::new(memory);
    let (left, right) = (u.as_mut(), v.as_mut());
    let info = partial_svd(left, right, &mut values, &d, start.col(0), 1e-12, Par::Seq, stack, params);
    assert_eq!(info.n_converged_eigen, count);
    let exact: Vec<Complex64> = dense(&d).singular_values().unwrap().into_iter().map(Complex64::from).collect();
    expect(&values, &exact);
}
