//! Powers of φ beside those of φ⁴ theory: Σ_k w_k φ^k for k = 3 and k > 4, the same on all sites.

/// The coefficients w_k from k = 3 on. That of φ⁴ is zero here: a [`super::Polynomial`] has a place of its own for it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Powers(Vec<f64>);

/// The lowest power.
const LOWEST: usize = 3;
/// Sites whose sums are made together.
const STRIP: usize = 128;

impl Powers {
    /// The powers of a polynomial with the coefficients c_0, c_1, ... that φ⁴ theory does not have.
    pub fn of(coefficients: &[f64]) -> Self {
        let mut own = coefficients.get(LOWEST..).unwrap_or_default().to_vec();
        if let Some(fourth) = own.get_mut(4 - LOWEST) {
            *fourth = 0.0;
        }
        while own.last() == Some(&0.0) {
            own.pop();
        }
        Self(own)
    }

    /// True where there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The coefficients from that of the highest power on, down to that of φ³.
    pub fn falling(&self) -> impl Iterator<Item = f64> + '_ {
        self.0.iter().rev().copied()
    }

    /// The highest power, and its coefficient, which is not zero.
    pub fn highest(&self) -> Option<(usize, f64)> {
        self.0.last().map(|w| (self.0.len() - 1 + LOWEST, *w))
    }

    /// The coefficients `map(own, other)`; `map(0, 0)` is zero.
    pub fn combined(&self, other: &Powers, map: impl Fn(f64, f64) -> f64) -> Powers {
        let at = |powers: &Powers, i: usize| powers.0.get(i).copied().unwrap_or(0.0);
        let mut own = vec![0.0; LOWEST];
        own.extend((0..self.0.len().max(other.0.len())).map(|i| map(at(self, i), at(other, i))));
        Powers::of(&own)
    }

    /// Adds the derivative at each site to `slopes`, and returns the sum of the values.
    pub fn add(&self, field: &[f64], slopes: &mut [f64]) -> f64 {
        field.chunks(STRIP).zip(slopes.chunks_mut(STRIP)).map(|(field, slopes)| self.add_strip(field, slopes)).sum()
    }

    fn add_strip(&self, field: &[f64], slopes: &mut [f64]) -> f64 {
        let (mut values, mut derivatives) = ([0.0; STRIP], [0.0; STRIP]);
        let (values, derivatives) = (&mut values[..field.len()], &mut derivatives[..field.len()]);
        // P = Σ_k w_k φ^(k−3) by Horner's rule, for all sites of the strip together: the inner loop runs over registers.
        for w in self.falling() {
            for ((value, derivative), phi) in values.iter_mut().zip(&mut *derivatives).zip(field) {
                *derivative = *derivative * phi + *value;
                *value = *value * phi + w;
            }
        }
        let mut sum = 0.0;
        for (((value, derivative), phi), slope) in values.iter().zip(derivatives).zip(field).zip(slopes) {
            let square = phi * phi;
            *slope += square * (3.0 * value + phi * *derivative);
            sum += square * phi * value;
        }
        sum
    }
}
