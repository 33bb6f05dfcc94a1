//! Dirac operators, their solvers and spectra.

use super::*;

pub const CLOVER: &str = "{type: 'wilson', kappa: 0.05, clover: 1}";

pub fn dirac_operators() {
    let world = World::of_links();
    let gauge = world.gauge();
    let (source, mut solution) = (numbers(2 * SPINOR), vec![0.0; 2 * SPINOR]);
    let mut report = inst_solve_report {
        struct_size: size_of::<inst_solve_report>() as i64,
        iterations: 0,
        residual: 0.0,
        seconds: 0.0,
    };
    let staggered = "{type: 'staggered', mass: 0.5}";
    for spec in [CLOVER, "{type: 'wilson', kappa: 0.05, links: 12, basis: 'chiral'}", staggered] {
        let of_dirac = text(spec);
        each(&format!("dirac_new {spec}"), OF_LINKS, || {
            let mut new = null_mut();
            let status = call!(inst_dirac_new(gauge, of_dirac.as_ptr(), &mut new));
            call!(inst_dirac_free(new));
            status
        });
        let dirac = made(|out| call!(inst_dirac_new(gauge, of_dirac.as_ptr(), out)));
        let mut count = 0;
        assert_eq!(call!(inst_dirac_count(dirac, &mut count)), OK);
        assert_eq!(count as usize, if spec == staggered { 512 * 6 } else { SPINOR });
        each("dirac_apply", OF_LINKS, || {
            call!(inst_dirac_apply(dirac, c"normal".as_ptr(), 2, source.as_ptr(), solution.as_mut_ptr()))
        });
        for solver in ["auto", "cg", "cg_even_odd", "mixed", "block"] {
            let of_solver = text(&format!("{{solver: '{solver}', tolerance: 1e-6}}"));
            each(&format!("dirac_solve {solver}"), OF_LINKS, || {
                call!(inst_dirac_solve(
                    dirac,
                    of_solver.as_ptr(),
                    2,
                    source.as_ptr(),
                    solution.as_mut_ptr(),
                    &mut report
                ))
            });
        }
        call!(inst_dirac_free(dirac));
    }
    each("dirac_new_improved", OF_LINKS, || {
        let mut new = null_mut();
        let status = call!(inst_dirac_new_improved(gauge, gauge, 0.5, &mut new));
        call!(inst_dirac_free(new));
        status
    });
    call!(inst_gauge_free(gauge));
}

/// Spectra and the solvers of faer, which run only where their memory is available.
pub fn spectra() {
    let world = World::new(&[8, 8]);
    let gauge = made(|out| call!(inst_gauge_new(world.lattice, c"{group: 'u1'}".as_ptr(), out)));
    assert_eq!(call!(inst_gauge_set_links(gauge, phases().as_ptr())), OK, "{}", message());
    let dirac = made(|out| call!(inst_dirac_new(gauge, c"{type: 'wilson', mass: 0.2}".as_ptr(), out)));
    let (mut values, mut vectors, mut residuals) = ([0.0; 8], vec![0.0; 4 * 256], [0.0; 4]);
    for spec in [
        c"{of: 'hermitian', method: 'dense'}",
        c"{of: 'dirac', method: 'dense'}",
        c"{of: 'normal', method: 'krylov'}",
        c"{of: 'normal', method: 'chebyshev'}",
    ] {
        let mut spectrum =
            || call!(inst_dirac_spectrum(dirac, spec.as_ptr(), 4, values.as_mut_ptr(), vectors.as_mut_ptr()));
        Starve { what: &format!("spectrum {spec:?}"), least: 4096, call: &mut spectrum, state: &Vec::new }
            .within_budgets();
    }
    let place = vectors.as_mut_ptr();
    let status =
        call!(inst_dirac_spectrum_with_residuals(dirac, null(), 4, values.as_mut_ptr(), place, residuals.as_mut_ptr()));
    assert_eq!(status, OK, "{}", message());
    let (source, mut solution) = (numbers(256), vec![0.0; 256]);
    for solver in ["faer_cg", "faer_bicgstab", "faer_lsmr"] {
        let spec = text(&format!("{{solver: '{solver}', tolerance: 1e-6}}"));
        let mut solve = || {
            let (from, to) = (source.as_ptr(), solution.as_mut_ptr());
            call!(inst_dirac_solve(dirac, spec.as_ptr(), 1, from, to, null_mut()))
        };
        Starve { what: solver, least: 2048, call: &mut solve, state: &Vec::new }.within_budgets();
    }
    call!(inst_dirac_free(dirac));
    call!(inst_gauge_free(gauge));
}

/// Pseudorandom links of U(1).
pub fn phases() -> Vec<f64> {
    numbers(128).into_iter().flat_map(|angle| [angle.cos(), angle.sin()]).collect()
}
