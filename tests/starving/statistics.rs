//! Statistics.

use super::*;

pub fn statistics() {
    let series = numbers(4096);
    let mut results = [0.0; 4];
    let [a, b, c, d] = &mut results;
    each("autocorrelation", 8192, || call!(inst_autocorrelation(4096, series.as_ptr(), a, b, c, d)));
    each("reweighting", 8192, || call!(inst_reweighting(4096, series.as_ptr(), a, b, c, d)));
    each("reweighting_tail", 8192, || call!(inst_reweighting_tail(4096, series.as_ptr(), a)));
    let counts = [2048, 2048];
    let (mut quality, mut pair, mut errors) = (0.0, [0.0; 2], [0.0; 2]);
    each("autocorrelation_replicas", 16384, || {
        call!(inst_autocorrelation_replicas(2, counts.as_ptr(), series.as_ptr(), a, b, c, d, &mut quality))
    });
    // SAFETY: a structure of numbers, of which all bits are valid.
    let mut report: inst_two_sided_report = unsafe { std::mem::zeroed() };
    report.struct_size = size_of::<inst_two_sided_report>() as i64;
    each("reweighting_two_sided", 16384, || {
        call!(inst_reweighting_two_sided(4096, series.as_ptr(), 4096, series.as_ptr(), &mut report))
    });
    each("kl_per_site", 8192, || call!(inst_kl_per_site(4096, series.as_ptr(), 0.0, 1, a, b)));
    each("reweighting_mean", 8192, || {
        let x = series.as_ptr();
        call!(inst_reweighting_mean(4096, x, x, x, x, a, b))
    });
    let (x, ess, ess_error) = (series.as_ptr(), pair.as_mut_ptr(), errors.as_mut_ptr());
    each("reweighting_nested", 8192, || call!(inst_reweighting_nested(4096, x, 2, counts.as_ptr(), ess, ess_error)));
    each("reweighting_forward", 16384, || call!(inst_reweighting_forward(4096, x, null(), a, b, c, d)));
    each("mode_balance", 8192, || call!(inst_mode_balance(4096, series.as_ptr(), 0.5, a, b, c)));
    each("mode_balance_independent", 8192, || {
        call!(inst_mode_balance_independent(4096, series.as_ptr(), 0.5, a, b, c))
    });
    assert_eq!(call!(inst_watch(None, null_mut())), OK);
}
