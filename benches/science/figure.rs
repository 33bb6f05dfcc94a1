//! Figures of physics, and how far they are from what they are compared with.

use super::run::{Form, Run};
use instanton::error::{Error, Result};

/// How a figure is meant to stand to its reference.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Aim {
    /// The same number: they differ by less than five standard errors.
    Equal,
    /// A quality: the larger the better.
    AtLeast,
    /// A cost: the smaller the better.
    AtMost,
}

/// A measured number beside its reference.
#[derive(Clone, Debug)]
pub struct Figure {
    /// What tells this figure from the others of its row: a lattice, a coupling. Empty for a row of one figure.
    pub set_up: String,
    /// The measured number.
    pub value: f64,
    /// Its standard error.
    pub error: f64,
    /// The exact or published number, or that of what is compared.
    pub reference: f64,
    /// Where the reference is from, in one word.
    pub source: &'static str,
    /// How the two are meant to stand to each other.
    pub aim: Aim,
}

/// Standard errors by which equal numbers may differ.
pub const STANDARD_ERRORS: f64 = 5.0;

impl Figure {
    /// How far the figure falls short, 1 being the limit: the difference in units of five standard errors, or the
    /// ratio by which the figure is worse than its reference.
    pub fn shortfall(&self) -> f64 {
        match self.aim {
            Aim::Equal => (self.value - self.reference).abs() / (STANDARD_ERRORS * self.error).max(f64::MIN_POSITIVE),
            Aim::AtLeast => self.reference / self.value,
            Aim::AtMost => self.value / self.reference,
        }
    }
}

/// A set-up of a row, and what its figure is compared with where that is known before anything is measured.
pub type Declared = (String, Option<f64>);

/// Set-ups whose references are measured.
pub fn measured<S: Into<String>>(set_ups: impl IntoIterator<Item = S>) -> Vec<Declared> {
    set_ups.into_iter().map(|set_up| (set_up.into(), None)).collect()
}

/// Figures of one kind.
pub struct Row {
    /// Its name, as given on the command line.
    pub name: &'static str,
    /// What it measures, in one sentence.
    pub about: &'static str,
    /// Its set-ups in a form, in the order in which they are measured.
    pub set_ups: fn(Form) -> Vec<Declared>,
    /// Measures all its set-ups.
    pub measure: fn(&Run) -> Result<Vec<Figure>>,
}

impl Row {
    /// Measures all set-ups, and checks that they are those that the row declares.
    pub fn figures(&self, run: &Run) -> Result<Vec<Figure>> {
        let figures = (self.measure)(run)?;
        self.check(run.form, &figures)?;
        Ok(figures)
    }

    /// An error where figures are not those that the row declares.
    pub fn check(&self, form: Form, figures: &[Figure]) -> Result<()> {
        let declared = (self.set_ups)(form);
        let is_declared = |(figure, (set_up, reference)): (&Figure, &Declared)| {
            figure.set_up == *set_up && reference.is_none_or(|reference| figure.reference == reference)
        };
        if figures.len() == declared.len() && figures.iter().zip(&declared).all(is_declared) {
            return Ok(());
        }
        let got: Vec<(&str, f64)> = figures.iter().map(|figure| (&*figure.set_up, figure.reference)).collect();
        Err(Error::BadInput(format!("{}: expected set-ups and references {declared:?}, got {got:?}", self.name)))
    }

    /// A line for each set-up of full figures, with `-` for a reference that is measured; no other lines of the row are current.
    pub fn declared(&self) -> Vec<String> {
        let line = |(set_up, reference): Declared| {
            let reference = reference.map_or("-".into(), |reference| format!("{reference:.9e}"));
            format!("science-declared: {} {}-{set_up} {reference}", self.name, self.name)
        };
        (self.set_ups)(Form::Full).into_iter().map(line).collect()
    }

    /// The lines of a row: one for each set-up, and under the row's own name the one that falls shortest.
    pub fn lines(&self, figures: &[Figure]) -> Vec<String> {
        let line = |name: &str, f: &Figure| {
            format!("science: {name} {:.6e} {:.1e} {:.9e} {}", f.value, f.error, f.reference, f.source)
        };
        let of_set_ups = figures.iter().filter(|f| !f.set_up.is_empty());
        let mut lines: Vec<String> = of_set_ups.map(|f| line(&format!("{}-{}", self.name, f.set_up), f)).collect();
        let shortest = figures.iter().max_by(|a, b| a.shortfall().total_cmp(&b.shortfall()));
        lines.extend(shortest.map(|f| line(self.name, f)));
        lines
    }
}
