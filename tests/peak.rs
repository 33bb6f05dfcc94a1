//! The multiply-add peak that figures are compared with is the one that a plain C loop reaches.

#[path = "../benches/peak/c_loop.rs"]
mod c_loop;

use instanton::context::Precision;
use instanton::simd::Instructions;

/// Loose, since machines have other work: `make bench ROW=peak-c-loop` has the figure. A loop whose chains do not fit into the
/// registers reaches 0.4 where each spill costs (AVX2 on Zen 3), and 0.9 where the processor renames memory (Zen 4).
#[test]
fn the_peak_is_that_of_a_c_loop_on_each_instruction_set() {
    for instructions in Instructions::ALL.iter().copied().filter(|i| i.is_available()) {
        for precision in [Precision::F32, Precision::F64] {
            for threads in [1, 2] {
                let ratio = c_loop::over_c(instructions, precision, threads).unwrap();
                assert!((0.65..1.6).contains(&ratio), "{instructions:?}, {precision:?}, {threads} threads: {ratio}");
            }
        }
    }
}
