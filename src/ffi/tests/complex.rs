//! Actions with complex values through the interface: chain, observables, and what is refused.

use super::*;

/// Numbers of a Bose gas on 4 x 4 sites.
const COUNT: usize = 4 * VOLUME;

/// What a chain tells of itself.
fn described(chain: *const inst_chain) -> serde_json::Value {
    let (mut text, mut needed) = (vec![0u8; 1 << 16], 0);
    let capacity = text.len() as i64;
    expect_ok(unsafe { inst_chain_describe(chain, text.as_mut_ptr().cast(), capacity, &mut needed) });
    serde_json::from_slice(&text[..needed as usize - 1]).unwrap()
}

#[test]
fn a_host_reads_the_complex_field_and_its_observables() {
    let o = Objects::new();
    let gas = c"{type: 'bose_gas', mass: 1, lambda: 1, mu: 0.9}";
    let action = made(|out| unsafe { inst_action_new(o.lattice, gas.as_ptr(), out) });
    let spec = c"{type: 'complex_langevin', start: 'hot'}";
    let chain = made(|out| unsafe { inst_chain_new(action, ptr::null(), spec.as_ptr(), out) });
    let (mut accepted, mut value, mut delta, mut field) = (-1, UNTOUCHED, UNTOUCHED, vec![UNTOUCHED; COUNT]);
    let mut value_again = UNTOUCHED;
    unsafe {
        expect_ok(inst_chain_step(chain, &mut accepted, &mut value, &mut delta));
        expect_ok(inst_chain_field(chain, field.as_mut_ptr()));
        expect_ok(inst_action_value(action, 1, field.as_ptr(), &mut value_again));
    }
    assert_eq!((accepted, delta, value), (1, 0.0, value_again));
    // The formulas of the header, x fastest and time the second direction.
    let phi = |site: usize, a: usize| (field[4 * site + 2 * a], field[4 * site + 2 * a + 1]);
    let product = |p: (f64, f64), q: (f64, f64)| (p.0 * q.0 - p.1 * q.1, p.0 * q.1 + p.1 * q.0);
    let (mut density, mut square) = (0.0, 0.0);
    for site in 0..VOLUME {
        let later = (site + 4) % VOLUME;
        square += 0.5 * (product(phi(site, 0), phi(site, 0)).0 + product(phi(site, 1), phi(site, 1)).0);
        let same = product(phi(site, 0), phi(later, 0)).0 + product(phi(site, 1), phi(later, 1)).0;
        let crossed = product(phi(site, 0), phi(later, 1)).1 - product(phi(site, 1), phi(later, 0)).1;
        density += 0.9f64.sinh() * same + 0.9f64.cosh() * crossed;
    }
    let kernel = &described(chain)["kernel"];
    for (name, expected) in [("density", density), ("phi_squared", square)] {
        let got = kernel["observables"][name][0].as_f64().unwrap();
        assert!((got - expected / VOLUME as f64).abs() < 1e-12, "{name}: {got} {expected}");
    }
    assert!(
        kernel["trusted"].is_null() && kernel["langevin_steps"].as_u64().is_some_and(|steps| steps >= 10),
        "{kernel}"
    );
    let mut gradient = vec![UNTOUCHED; COUNT];
    let message = expect_error(9, unsafe { inst_action_gradient(action, 1, field.as_ptr(), gradient.as_mut_ptr()) });
    assert!(message.contains("action: expected one with real values, got type 'bose_gas'"), "{message}");
    let chain_of_reals = unmade(9, |out| unsafe { inst_chain_new(action, ptr::null(), ptr::null(), out) });
    assert!(chain_of_reals.starts_with("chain: action: expected one with real values"), "{chain_of_reals}");
    let proposal = c"{type: 'langevin', step: 0.1}";
    unmade(9, |out| unsafe { inst_proposal_new(ptr::null(), action, proposal.as_ptr(), out) });
    unsafe {
        inst_chain_free(chain);
        inst_action_free(action);
    }
}
