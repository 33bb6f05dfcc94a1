//! The plaquettes that a loop goes around.

use crate::gauge::paths::{Step, links_along};
use crate::lattice::Neighbours;

/// Site and direction of links.
type Place = (usize, usize);

/// The links of the plaquette that holds the first link of a loop, and those of the other one where it goes around two. The link that
/// they share is in both, and not in the loop.
pub(super) fn plaquettes(neighbours: &Neighbours, site: usize, steps: &[Step]) -> [Vec<Place>; 2] {
    const HALF: usize = 3;
    let links = links_along(neighbours, site, steps).into_iter().map(|(site, mu, _)| (site, mu));
    let is_double = steps.len() == 2 * HALF;
    let shared = (0..HALF).filter(|_| is_double).find_map(|i| across(&steps[i..i + HALF]).map(|step| (i, step)));
    let Some((first, step)) = shared else { return [links.collect(), vec![]] };
    let from = steps[..first].iter().fold(site, |site, step| step.end(neighbours, site));
    let (from, mu, _) = links_along(neighbours, from, &[step])[0];
    let [mut own, mut other] = [vec![(from, mu)], vec![(from, mu)]];
    for (k, link) in links.enumerate() {
        let is_inner = (first..first + HALF).contains(&k);
        let plaquette = if is_inner == (first == 0) { &mut own } else { &mut other };
        plaquette.push(link);
    }
    [own, other]
}

/// The step that three steps around a plaquette amount to.
fn across(steps: &[Step]) -> Option<Step> {
    let [first, second, third] = *steps else { return None };
    (first == third.reversed()).then_some(second)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gauge::observables::Loops;
    use crate::lattice::Lattice;

    #[test]
    fn two_plaquettes_share_a_link_and_have_all_others_from_the_loop() {
        let neighbours = Neighbours::new(&Lattice::new(&[5, 5, 5]).unwrap()).unwrap();
        for loops in [Loops::plaquettes(3), Loops::rectangles(3), Loops::chairs(3)] {
            for mu in 0..3 {
                for staple in loops.staples(mu) {
                    let steps: Vec<Step> = [Step::Forward(mu)].into_iter().chain(staple.iter().copied()).collect();
                    let links = links_along(&neighbours, 31, &steps);
                    let [own, other] = plaquettes(&neighbours, 31, &steps);
                    assert!(own.contains(&(31, mu)) && own.len() == 4);
                    let is_in_loop = |link: &Place| links.iter().any(|&(site, mu, _)| *link == (site, mu));
                    let shared: Vec<_> = own.iter().filter(|link| other.contains(link)).collect();
                    if steps.len() == 4 {
                        assert!(other.is_empty());
                        continue;
                    }
                    assert!(other.len() == 4 && shared.len() == 1 && !is_in_loop(shared[0]), "{own:?} {other:?}");
                    assert_eq!(own.iter().chain(&other).filter(|link| is_in_loop(link)).count(), 6);
                    // Four links of two directions.
                    for plaquette in [&own, &other] {
                        let mut directions: Vec<usize> = plaquette.iter().map(|(_, mu)| *mu).collect();
                        directions.sort_unstable();
                        assert!(directions[0] == directions[1] && directions[1] < directions[2], "{plaquette:?}");
                        assert_eq!(directions[2], directions[3]);
                    }
                }
            }
        }
    }
}
