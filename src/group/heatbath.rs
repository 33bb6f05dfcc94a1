//! One link in the density exp(Re tr U B) of its staples B, with all other links held.
//!
//! `heat` draws the link anew, for SU(3) in its three SU(2) subgroups one after the other: N. Cabibbo and E. Marinari,
//! Phys. Lett. B 119, 387 (1982). `reflect` moves it as far as it goes at the same density: M. Creutz, Phys. Rev. D 36,
//! 515 (1987); F. R. Brown and T. J. Woch, Phys. Rev. Lett. 58, 2394 (1987).

use super::matrix::{Complex64, Matrix};
use super::quaternion::Quaternion;
use super::von_mises::von_mises;
use crate::random::Stream;

/// Draws a link for the staples B.
pub fn heat<const N: usize>(link: &Matrix<N>, staples: &Matrix<N>, stream: &mut Stream) -> Matrix<N> {
    if N == 1 {
        let staples = staples.0[0][0];
        let (norm, [cosine, sine]) = (staples.norm(), von_mises(staples.norm(), || stream.uniform()));
        let back = if norm > 0.0 { staples.conj() / norm } else { Complex64::new(1.0, 0.0) };
        return (Matrix::unit().scale(Complex64::new(cosine, sine) * back)).projected();
    }
    // With M = k v and a v = x the density of a is exp(k tr x) = exp(2 k x_0).
    in_subgroups(link, staples, |m| Quaternion::draw(2.0 * m.norm(), stream).times(m.normalised().conjugate()))
}

/// Reflects a link about the staples B: Re tr U B stays.
pub fn reflect<const N: usize>(link: &Matrix<N>, staples: &Matrix<N>) -> Matrix<N> {
    if N == 1 {
        return unit_phase(-link.0[0][0].arg() - 2.0 * staples.0[0][0].arg());
    }
    in_subgroups(link, staples, |m| {
        let back = m.normalised().conjugate();
        back.times(back)
    })
}

/// U ← a U in each subgroup, a chosen for the M of W = U B.
fn in_subgroups<const N: usize>(
    link: &Matrix<N>,
    staples: &Matrix<N>,
    mut choose: impl FnMut(Quaternion) -> Quaternion,
) -> Matrix<N> {
    let (mut link, mut w) = (*link, *link * *staples);
    for j in 1..N {
        for i in 0..j {
            let turn = choose(Quaternion::of_block(&w, (i, j)));
            turn.turn(&mut link, (i, j));
            turn.turn(&mut w, (i, j));
        }
    }
    link.projected()
}

fn unit_phase<const N: usize>(angle: f64) -> Matrix<N> {
    Matrix::unit().scale(Complex64::from_polar(1.0, angle))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::group::haar;
    use crate::random::Purpose;

    fn assert_reflection<const N: usize>() {
        let mut stream = Stream::new(8, Purpose::Heatbath, 3);
        for _ in 0..20 {
            let [u, v, w] = [(); 3].map(|()| haar::<N>(&mut stream));
            let staples = v + w.scale(0.3.into());
            let other = reflect(&u, &staples);
            let change = ((other - u) * staples).trace().re;
            assert!(change.abs() < 1e-13, "{N}: {change}");
            assert!((other - u).largest() > 1e-3 && other.deviation() < 1e-14);
            if N < 3 {
                assert!((reflect(&other, &staples) - u).largest() < 1e-13);
            }
            let drawn = heat(&u, &Matrix::ZERO, &mut stream);
            assert!(drawn.deviation() < 1e-14);
            assert!(reflect(&u, &Matrix::ZERO).deviation() < 1e-14);
        }
    }

    #[test]
    fn a_reflection_keeps_the_density() {
        assert_reflection::<1>();
        assert_reflection::<2>();
        assert_reflection::<3>();
    }
}
