//! A hopping term between sites, whatever its kernel: half-fields, threads, what it is taken with.

use super::field::Field;
use super::grid::{Grid, Hop};
use super::hopping::{Side, Terms};
use crate::context::Context;
use crate::error::Result;
use crate::simd::{Line, Native};
use std::ops::Range;
use std::sync::Arc;

/// Outer sites that a thread takes at once.
const SITES: usize = 64;

/// A hopping term in lanes of a precision.
pub(crate) struct HoppingTerm<T> {
    pub grid: Arc<Grid>,
    pub context: Arc<Context>,
    /// Hops of each outer site, and the link of each.
    pub hops: Vec<Hop>,
    pub links: Field<T>,
    /// Lines of a spinor.
    pub spinor: usize,
    /// The kernel for some outer sites.
    pub kernel: fn(&Self, &Job<T>, Range<usize>),
}

/// A result sum = centre + hopping on some sites.
///
/// Fields are given as if they began at outer site 0.
pub(crate) struct Job<'a, T> {
    pub from: *const Line,
    pub to: *mut Line,
    pub terms: Terms<T>,
    pub side: Side,
    marker: std::marker::PhantomData<&'a mut [Line]>,
}

// SAFETY: threads write different sites of `to` and read the rest.
unsafe impl<T: Sync> Sync for Job<'_, T> {}

/// Numbers and field that a hopping term is taken with.
pub(crate) struct With<'a, T> {
    pub hopping: f64,
    pub diagonal: f64,
    pub twist: f64,
    pub centre: Centre<'a, T>,
}

/// The field of the site-diagonal terms.
pub(crate) enum Centre<'a, T> {
    None,
    Field(&'a Field<T>),
    /// What the result holds before.
    Result,
}

/// Which sites a half-field holds, or all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    All,
    Even,
    Odd,
}

impl<T: Native> HoppingTerm<T> {
    /// Outer sites of a part.
    pub fn sites(&self, part: Part) -> Range<usize> {
        match part {
            Part::All => 0..self.grid.sites,
            Part::Even => 0..self.grid.even,
            Part::Odd => self.grid.even..self.grid.sites,
        }
    }

    /// A field of zeros on a part.
    pub fn zeros(&self, part: Part) -> Result<Field<T>> {
        Field::zeros(self.sites(part).len() * self.spinor)
    }

    /// to = hopping H from + (diagonal + i twist g_5) centre on the part where `to` and `centre` live; `from` lives on the
    /// other one, or on all. The centre may be left out.
    pub fn hop(&self, (side, part): (Side, Part), from: &Field<T>, with: With<T>, to: &mut Field<T>) {
        let source = match part {
            Part::All => Part::All,
            Part::Even => Part::Odd,
            Part::Odd => Part::Even,
        };
        let expect = |field: &Field<T>, part| assert_eq!(field.lines().len(), self.sites(part).len() * self.spinor);
        let begin = |part| self.sites(part).start * self.spinor;
        expect(from, source);
        expect(to, part);
        let twist = if side == Side::Plain { with.twist } else { -with.twist };
        let result = to.lines_mut().as_mut_ptr().wrapping_sub(begin(part));
        let centre = match with.centre {
            Centre::None => None,
            Centre::Result => Some(result.cast_const()),
            Centre::Field(field) => {
                expect(field, part);
                Some(field.lines().as_ptr().wrapping_sub(begin(part)))
            }
        };
        let number = T::from_f64;
        let terms =
            Terms { hopping: number(with.hopping), diagonal: number(with.diagonal), twist: number(twist), centre };
        let job = Job {
            from: from.lines().as_ptr().wrapping_sub(begin(source)),
            to: result,
            terms,
            side,
            marker: std::marker::PhantomData,
        };
        let sites = self.sites(part);
        self.context.share(sites.len().div_ceil(SITES), |_, i| {
            let first = sites.start + i * SITES;
            (self.kernel)(self, &job, first..sites.end.min(first + SITES));
        });
    }

    /// field <- (diagonal + i twist g_5) field.
    pub fn diagonal(&self, field: &mut Field<T>, diagonal: f64, twist: f64) {
        let (width, half) = (T::WIDTH, self.spinor / 2);
        for spinor in field.numbers_mut().chunks_exact_mut(self.spinor * width) {
            for (i, pair) in spinor.chunks_exact_mut(2 * width).enumerate() {
                let (re, im) = pair.split_at_mut(width);
                for (x, y) in re.iter_mut().zip(im) {
                    let (a, t) = (diagonal, if 2 * i < half { twist } else { -twist });
                    let (u, v) = (x.to_f64(), y.to_f64());
                    (*x, *y) = (T::from_f64(a * u - t * v), T::from_f64(a * v + t * u));
                }
            }
        }
    }
}
