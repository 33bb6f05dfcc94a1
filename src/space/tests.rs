//! Laws of momenta and drifts on links.

use super::*;
use crate::gauge::{Matrix, generator};
use crate::random::Purpose;

const GROUPS: [Group; 3] = [Group::U1, Group::Su2, Group::Su3];

fn stream() -> Stream {
    Stream::new(4, Purpose::Momentum, 1)
}

#[test]
fn counts_are_those_of_sites_and_links() {
    let lattice = Lattice::new(&[4, 3, 2]).unwrap();
    assert_eq!(Space::Scalars.count(&lattice), 24);
    assert_eq!(GROUPS.map(|group| Space::Links(group).count(&lattice)), [144, 576, 1296]);
}

#[test]
fn distances_of_angles_are_modulo_a_turn() {
    let (a, b) = ([3.1, -0.5], [-3.1, -0.25]);
    let seam = 2.0 * std::f64::consts::PI - 6.2;
    assert_eq!(Space::Scalars.farthest(&a, &b), 6.2);
    let distance = |a: f64, b: f64| Space::Angles(Carrier::Sites).farthest(&[a], &[b]);
    assert!((distance(3.1, -3.1) - seam).abs() < 1e-15 && (distance(-3.1, 3.1) - seam).abs() < 1e-15);
    assert_eq!(Space::Angles(Carrier::Links).farthest(&a, &b), 0.25);
}

fn components<const N: usize>(group: Group, momentum: &[f64]) -> Vec<f64> {
    let p = Matrix::<N>::from_reals(momentum);
    let norm = group.trace_norm();
    (0..group.generators()).map(|a| (generator::<N>(a).adjoint() * p).trace().re / norm).collect()
}

fn assert_momenta<const N: usize>(group: Group) {
    let lattice = Lattice::new(&[32, 32]).unwrap();
    let space = Space::Links(group);
    let mut momenta = vec![0.0; space.count(&lattice)];
    space.draw_momenta(&mut stream(), &mut momenta);
    let numbers: Vec<f64> = momenta.chunks(group.reals()).flat_map(|p| components::<N>(group, p)).collect();
    let squares = numbers.iter().map(|p| p * p).sum::<f64>();
    assert!((squares / 2.0 / space.kinetic(&Team::default(), &momenta) - 1.0).abs() < 1e-12);
    let count = numbers.len() as f64;
    assert!((squares / count - 1.0).abs() < 5.0 * (2.0 / count).sqrt(), "{group:?}: {}", squares / count);
    assert!((numbers.iter().sum::<f64>() / count).abs() < 5.0 / count.sqrt());
}

#[test]
fn momenta_are_normal_in_the_basis_of_the_algebra() {
    assert_momenta::<1>(Group::U1);
    assert_momenta::<2>(Group::Su2);
    assert_momenta::<3>(Group::Su3);
}

#[test]
fn a_drift_stays_on_the_group_and_turns_back() {
    let lattice = Lattice::new(&[4, 4]).unwrap();
    for group in GROUPS {
        let space = Space::Links(group);
        let start = space.hot(&lattice, &mut stream()).unwrap();
        let mut momenta = vec![0.0; start.len()];
        space.draw_momenta(&mut stream(), &mut momenta);
        let mut field = start.clone();
        space.drift(&Team::default(), &mut field, &momenta, 0.7);
        assert!(Gauge::new(&lattice, group, field.clone()).unwrap().worst_link().0 < 1e-14);
        assert!(start.iter().zip(&field).any(|(a, b)| (a - b).abs() > 0.1));
        space.drift(&Team::default(), &mut field, &momenta, -0.7);
        assert!(start.iter().zip(&field).all(|(a, b)| (a - b).abs() < 1e-13), "{group:?}");
    }
}

#[test]
fn given_links_are_checked_and_rounded_ones_put_back() {
    let lattice = Lattice::new(&[4, 4]).unwrap();
    for group in GROUPS {
        let space = Space::Links(group);
        let field = space.hot(&lattice, &mut stream()).unwrap();
        assert_eq!(space.admit(&lattice, &field).unwrap(), field);
        let single: Vec<f64> = field.iter().map(|x| f64::from(*x as f32)).collect();
        let admitted = space.admit(&lattice, &single).unwrap();
        assert!(Gauge::new(&lattice, group, admitted.clone()).unwrap().worst_link().0 < 1e-14);
        assert!(admitted.iter().zip(&field).all(|(a, b)| (a - b).abs() < 1e-6));
        let mut broken = field.clone();
        broken[group.reals() * 7] += 0.01;
        let message = space.admit(&lattice, &broken).unwrap_err().to_string();
        let expected = format!("field: expected links in {}, got one off by", group.name());
        assert!(message.starts_with(&expected) && message.ends_with("at site 3, direction 1"), "{message}");
        assert_eq!(space.admit(&lattice, &field[1..]).unwrap_err().status(), 3);
    }
}
