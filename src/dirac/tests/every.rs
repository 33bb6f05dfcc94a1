//! One operator of each kind, on 8 x 8 and on 4^4: for tests of all kinds.

use super::{context, random_gauge, spec};
use crate::dirac::*;
use crate::gauge::{Gauge, Group};

/// A kind of operator on a lattice.
#[derive(Clone, Copy, Debug)]
pub(super) struct Every {
    pub extent: &'static [usize],
    pub group: Group,
    /// Its spec; none for the improved staggered operator with fat and long links.
    pub text: Option<&'static str>,
}

const PLANE: &[usize] = &[8, 8];
const FOUR: &[usize] = &[4, 4, 4, 4];

/// All kinds.
pub(super) fn every() -> Vec<Every> {
    let of = |extent, group, text| Every { extent, group, text };
    let wilson = |extent, group, text| of(extent, group, Some(text));
    vec![
        wilson(PLANE, Group::U1, "{type: 'wilson', mass: 0.4, boundary: [1, {angle: 0.7}]}"),
        wilson(PLANE, Group::Su2, "{type: 'wilson', mass: 0.5, twist: 0.3, boundary: [0, -1]}"),
        wilson(PLANE, Group::Su3, "{type: 'wilson', mass: 0.5, clover: 1.2, links: 8, anisotropy: {xi0: 2, nu: 0.9}}"),
        of(PLANE, Group::U1, Some("{type: 'staggered', mass: 0.6, boundary: [1, -1]}")),
        of(PLANE, Group::Su2, None),
        wilson(FOUR, Group::U1, "{type: 'wilson', mass: 0.8, boundary: [1, 1, 1, -1]}"),
        wilson(FOUR, Group::Su3, "{type: 'wilson', mass: 0.9, links: 12, basis: 'chiral', boundary: [1, 1, 1, -1]}"),
        wilson(FOUR, Group::Su2, "{type: 'wilson', mass: 0.7, anisotropy: {xi0: 2, nu: 0.9}}"),
        wilson(FOUR, Group::U1, "{type: 'wilson', mass: 0.9, clover: {space: 1, time: 1.3}, boundary: [1, 0, 1, 1]}"),
        wilson(FOUR, Group::U1, "{type: 'wilson', kappa: 0.11, twist: -0.4}"),
        wilson(FOUR, Group::Su2, "{type: 'wilson', kappa: 0.1, twist: 0.3, clover: 1.1}"),
        of(FOUR, Group::Su3, Some("{type: 'staggered', mass: 0.8, first: 'time', boundary: [1, 1, 1, -1]}")),
        of(FOUR, Group::Su3, None),
    ]
}

impl Every {
    /// Random links one and three steps long.
    pub fn links(&self, counter: u64) -> [Gauge; 2] {
        [counter, counter + 1].map(|counter| random_gauge(self.extent, self.group, counter))
    }

    /// The operator with links one step long, and three steps for the improved one.
    pub fn on(&self, [gauge, long]: &[Gauge; 2]) -> Dirac {
        match self.text {
            Some(text) => Dirac::new(&context(), gauge, &spec(text)),
            None => Dirac::improved(&context(), gauge, long, 0.9),
        }
        .unwrap()
    }
}
