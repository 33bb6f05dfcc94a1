//! Actions in the field of a flow.

use super::*;

#[test]
fn the_pulled_back_action_is_that_of_the_definition_and_its_gradient_the_derivative() {
    for spec in [1, 5, 7, 8].map(|i| specs()[i].clone()) {
        let flow = flow(&[4, 2], &spec);
        let action: Arc<dyn Action> = Arc::new(free_field(&[4, 2]));
        let pulled = flow.pulled_back(Arc::clone(&action)).unwrap();
        for (i, z) in normals(2, 3, 8).chunks(8).enumerate() {
            let (mut field, mut log_q) = ([0.0; 8], [0.0]);
            flow.sample(2 + i as u64, 1, &mut field, &mut log_q).unwrap();
            assert_close(&pulled.field(z).unwrap(), &field, 1e-12, "f(z)");
            assert_close(&pulled.latent(&field).unwrap(), z, 1e-11, "z");
            // −log |det| = log q + z²/2 + V log(2π) / 2.
            let square: f64 = z.iter().map(|z| z * z).sum();
            let minus_log_det = log_q[0] + 0.5 * square + 4.0 * (2.0 * std::f64::consts::PI).ln();
            let expected = action.value(&field).unwrap() + minus_log_det;
            let mut gradient = [0.0; 8];
            let value = pulled.gradient(z, &mut gradient).unwrap();
            assert_close(&[pulled.value(z).unwrap(), value], &[expected; 2], 1e-12, "value");
            for site in 0..8 {
                let at = |n: f64| {
                    let mut moved = z.to_vec();
                    moved[site] += n * 1e-3;
                    pulled.value(&moved).unwrap()
                };
                let slope = (8.0 * (at(1.0) - at(-1.0)) - (at(2.0) - at(-2.0))) / 12e-3;
                assert!(
                    (gradient[site] - slope).abs() < 1e-8 * (1.0 + slope.abs()),
                    "{site} {} {slope}",
                    gradient[site]
                );
            }
        }
    }
}
