//! Momenta of links: P = Σ_a p_a i T_a for each link, in the layout of the links.
//!
//! With tr T_a T_b = T_F δ_ab (T_F = 1/2, and 1 for U(1)), Σ_a p_a² / 2 = |P|² / (2 T_F), |P|² the sum of the squares of
//! all numbers of P.

use super::colours::with_colours;
use super::lie_group::{Group, generator};
use super::matrix::Matrix;
use crate::random::Stream;

/// Fills `momenta` with P of normal p_a, link by link.
pub fn draw_momenta(group: Group, stream: &mut Stream, momenta: &mut [f64]) {
    with_colours!(group, draw(group, stream, momenta));
}

fn draw<const N: usize>(group: Group, stream: &mut Stream, momenta: &mut [f64]) {
    const MOST_GENERATORS: usize = 8;
    let basis: Vec<Matrix<N>> = (0..group.generators()).map(generator).collect();
    let mut numbers = [0.0; MOST_GENERATORS];
    for momentum in momenta.chunks_exact_mut(group.reals()) {
        let components = &mut numbers[..basis.len()];
        stream.normals(components);
        let terms = components.iter().zip(&basis).map(|(p, generator)| generator.scale((*p).into()));
        terms.fold(Matrix::ZERO, |sum, term| sum + term).to_reals(momentum);
    }
}
