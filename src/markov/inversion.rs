//! Whether log q of a model's samples is that of the same fields inverted. An independence chain uses one or the other
//! for its current field, whichever it has: where they differ, its fields depend on what the proposal remembers.
//!
//! Maps lose digits where they stretch fields and shrink them again: deep chains of splines with large outputs lose all.

use crate::error::{Error, Result};
use crate::flow::Model;
use crate::memory;

/// Number of samples that are compared.
const COUNT: usize = 8;

/// Compares log q of a few samples; an error where one differs by more than the model's tolerance.
pub(super) fn expect_inverted(model: &dyn Model) -> Result<()> {
    let volume = model.domain().count();
    let zeros = |what: &str, count: usize| memory::filled(what, 0.0, count);
    let (mut fields, mut drawn) = (zeros("samples of the model", COUNT * volume)?, zeros("log q", COUNT)?);
    match model.sample(0, COUNT, &mut fields, &mut drawn) {
        // A model of which all samples overflow is reported by the proposal, when it draws.
        Err(Error::BadInput(_)) => return Ok(()),
        sampled => sampled?,
    }
    let count = keep_finite(volume, &mut fields, &mut drawn);
    let mut inverted = zeros("log q", count)?;
    let own = |e: Error| e.within("log q of the model's own samples");
    model.log_density(count, &fields[..count * volume], &mut inverted).map_err(own)?;
    for (sample, inverted) in drawn.iter().zip(inverted) {
        let most = model.tolerance() * (volume as f64 + sample.abs());
        let is_close = (sample - inverted).abs() <= most;
        if !is_close {
            return Err(Error::BadInput(format!(
                "model: expected log q of a sample and of the same field inverted to differ by at most {most:.1e}, got \
                 {sample} and {inverted}: the map is ill-conditioned for its precision; expected fewer layers, smaller \
                 outputs of their networks, more steps of integrators, or 'f64'"
            )));
        }
    }
    Ok(())
}

/// Moves samples of finite numbers to the front, and returns their number.
fn keep_finite(volume: usize, fields: &mut [f64], log_q: &mut [f64]) -> usize {
    let mut kept = 0;
    for i in 0..log_q.len() {
        let own = i * volume..(i + 1) * volume;
        if log_q[i].is_finite() && fields[own.clone()].iter().all(|x| x.is_finite()) {
            fields.copy_within(own, kept * volume);
            log_q[kept] = log_q[i];
            kept += 1;
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::{Action, Callback};
    use crate::context::{Precision, of_tests};
    use crate::flow::Flow;
    use crate::lattice::Lattice;
    use crate::markov::check::{Chain4, Gaussian, Nan};
    use crate::markov::{Chain, ChainSpec, Ingredients, ProposalSpec};
    use crate::space::Domain;
    use std::sync::Arc;

    /// A Gaussian model whose log q of given fields is wrong by a number.
    struct Wrong(Gaussian, f64);

    impl Model for Wrong {
        fn domain(&self) -> &Domain {
            self.0.domain()
        }

        fn sample(&self, counter: u64, batch: usize, fields: &mut [f64], log_q: &mut [f64]) -> Result<()> {
            self.0.sample(counter, batch, fields, log_q)
        }

        fn log_density(&self, batch: usize, fields: &[f64], log_q: &mut [f64]) -> Result<()> {
            self.0.log_density(batch, fields, log_q)?;
            log_q[batch - 1] += self.1;
            Ok(())
        }
    }

    #[test]
    fn a_density_that_is_not_that_of_the_samples_is_refused() {
        let check = |error: f64| expect_inverted(&Wrong(Gaussian::new(10, 0.8, 1), error));
        for small in [0.0, 1e-6, -1e-6] {
            check(small).unwrap();
        }
        for large in [1e-3, -1e-3, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let error = check(large).unwrap_err();
            assert!(error.status() == 4 && error.to_string().contains("ill-conditioned"), "{error}");
        }
    }

    /// Samples 0 and 4 have a NaN.
    #[test]
    fn samples_that_overflow_are_not_compared() {
        expect_inverted(&Nan::new(10, 1)).unwrap();
        let mut fields = [1.0, 2.0, f64::NAN, 4.0, 5.0, 6.0, 7.0, 8.0];
        let mut log_q = [-1.0, -2.0, f64::INFINITY, -4.0];
        assert_eq!(keep_finite(2, &mut fields, &mut log_q), 2);
        assert_eq!((&fields[..4], &log_q[..2]), (&[1.0, 2.0, 7.0, 8.0][..], &[-1.0, -4.0][..]));
    }

    fn flow(precision: Precision, layers: usize, output: f64) -> Flow {
        let spline = format!("{{type: 'spline', hidden: [8], initial_output: {output}}}");
        let text = format!("{{type: 'chain', layers: [{}]}}", vec![spline; layers].join(", "));
        let spec = crate::spec::parse("model", &text).unwrap();
        Flow::new(&of_tests(3, precision, 1), &Lattice::new(&[8, 8]).unwrap(), &spec).unwrap()
    }

    /// The error of the integrator falls with the fourth power of its steps.
    #[test]
    fn few_steps_of_an_integrator_make_no_proposal() {
        for precision in [Precision::F32, Precision::F64] {
            let check = |steps: usize| {
                let layer = format!("{{type: 'continuous', initial_output: 60, steps: {steps}}}");
                let spec = crate::spec::parse("model", &format!("{{type: 'chain', layers: [{layer}]}}")).unwrap();
                expect_inverted(&Flow::new(&of_tests(3, precision, 1), &Lattice::new(&[4, 3]).unwrap(), &spec).unwrap())
            };
            check(40).unwrap();
            assert!(check(2).unwrap_err().to_string().contains("more steps of integrators"));
        }
    }

    /// Untrained chains of splines: with outputs of four times the usual size a deep one loses all digits, also of f64.
    #[test]
    fn deep_splines_with_large_outputs_make_no_proposal() {
        for (precision, layers, output) in
            [(Precision::F32, 8, 1.0), (Precision::F32, 2, 4.0), (Precision::F64, 8, 2.0), (Precision::F64, 4, 4.0)]
        {
            expect_inverted(&flow(precision, layers, output)).unwrap();
        }
        for (precision, layers, output) in [(Precision::F32, 8, 4.0), (Precision::F64, 16, 4.0)] {
            let model: Arc<dyn Model> = Arc::new(flow(precision, layers, output));
            let chain: ChainSpec = crate::spec::parse("chain", "{type: 'independence'}").unwrap();
            let action = Arc::new(Chain4::new(64, 0.7, 0.3));
            let on_torus: Arc<dyn Action> =
                Arc::new(Callback::new(&model.domain().lattice, move |field, gradient| match gradient {
                    Some(gradient) => action.gradient(field, gradient),
                    None => action.value(field),
                }));
            let proposal: ProposalSpec = crate::spec::parse("proposal", "{}").unwrap();
            let from = Ingredients { model: Some(Arc::clone(&model)), ..Ingredients::default() };
            let errors = [proposal.build(from).err(), Chain::new(on_torus, Some(model), &chain, 1).err()];
            for error in errors.map(Option::unwrap) {
                assert!(error.status() == 4 && error.to_string().contains("ill-conditioned"), "{error}");
            }
        }
    }
}
