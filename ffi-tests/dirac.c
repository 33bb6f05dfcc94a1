/* The section `Dirac operators` of instanton.h. */
#include "expect.h"

enum { L = 4, V = L * L * L * L, SPINOR = 24, NUMBERS = V * SPINOR };

static inst_context *context;
static inst_lattice *lattice;
static inst_gauge *gauge;
static inst_dirac *dirac;
static double source[2 * NUMBERS], solution[2 * NUMBERS], image[2 * NUMBERS];

/* With all links one a constant spinor has D psi = M psi. */
static void the_free_operator(void) {
  const char *specs[] = {"{type: 'wilson', mass: 0.25}", "{type: 'wilson', mass: 0.25, links: 12}",
                         "{type: 'wilson', mass: 0.25, links: 8}"};
  for (size_t k = 0; k < sizeof specs / sizeof *specs; k++) {
    int64_t count = 0;
    EXPECT_OK(inst_dirac_new(gauge, specs[k], &dirac));
    EXPECT_OK(inst_dirac_count(dirac, &count));
    EXPECT(count == NUMBERS);
    EXPECT_STATUS(INST_NULL_ARGUMENT, inst_dirac_count(dirac, NULL));
    EXPECT_STATUS(INST_NULL_ARGUMENT, inst_dirac_count(NULL, &count));
    for (int i = 0; i < NUMBERS; i++) source[i] = 1.0 + i % SPINOR;
    EXPECT_OK(inst_dirac_apply(dirac, "plain", 1, source, image));
    for (int i = 0; i < NUMBERS; i++) EXPECT_CLOSE(image[i], 0.25 * source[i], 1e-12);
    EXPECT_OK(inst_dirac_apply(dirac, "normal", 1, source, image));
    for (int i = 0; i < NUMBERS; i++) EXPECT_CLOSE(image[i], 0.0625 * source[i], 1e-12);
    inst_dirac_free(dirac);
  }
}

static void solves(void) {
  const char *solvers[] = {"{}", "{solver: 'cg'}", "{solver: 'cg_even_odd', tolerance: 1e-12}", "{solver: 'faer_cg'}",
                           "{solver: 'faer_bicgstab'}", "{solver: 'faer_lsmr'}"};
  uint64_t random = 7;
  for (int i = 0; i < 2 * NUMBERS; i++) source[i] = normal(&random);
  EXPECT_OK(inst_dirac_new(gauge,
                           "{type: 'wilson', kappa: 0.12, clover: 1.2, twist: 0.1, boundary: [1, {angle: 0.4}, 0, -1]}",
                           &dirac));
  for (size_t k = 0; k < sizeof solvers / sizeof *solvers; k++) {
    inst_solve_report report = {.struct_size = sizeof report};
    EXPECT_OK(inst_dirac_solve(dirac, solvers[k], 2, source, solution, &report));
    EXPECT(report.iterations > 0 && report.residual <= 1e-10 && report.seconds > 0.0);
    EXPECT_OK(inst_dirac_apply(dirac, "plain", 2, solution, image));
    for (int i = 0; i < 2 * NUMBERS; i++) EXPECT_CLOSE(image[i], source[i], 1e-8);
  }
  EXPECT_OK(inst_dirac_solve(dirac, "{}", 1, source, solution, NULL));
}

/* On constant fields only the mass term is left; on others both one-step and three-step links contribute. */
static void staggered_operators(void) {
  enum { VECTOR = 6, COUNT = V * VECTOR };
  inst_dirac *naive, *improved;
  EXPECT_OK(inst_dirac_new(gauge, "{type: 'staggered', mass: 0.25, first: 'time'}", &naive));
  EXPECT_OK(inst_dirac_new_improved(gauge, gauge, 0.25, &improved));
  int64_t count = 0;
  EXPECT_OK(inst_dirac_count(naive, &count));
  EXPECT(count == COUNT);
  for (int i = 0; i < COUNT; i++) source[i] = 1.0 + i % VECTOR;
  EXPECT_OK(inst_dirac_apply(naive, "plain", 1, source, image));
  for (int i = 0; i < COUNT; i++) EXPECT_CLOSE(image[i], 0.25 * source[i], 1e-12);
  EXPECT_OK(inst_dirac_apply(improved, "plain", 1, source, image));
  for (int i = 0; i < COUNT; i++) EXPECT_CLOSE(image[i], 0.5 * source[i], 1e-12);
  for (int i = 0; i < COUNT; i++) source[i] = i / VECTOR % L == 0;
  EXPECT_OK(inst_dirac_apply(improved, "plain", 1, source, image));
  /* On four sites a step of three is one back: the two kinds of links cancel. */
  for (int i = 0; i < COUNT; i++) EXPECT_CLOSE(image[i], 0.5 * source[i], 1e-12);
  EXPECT_OK(inst_dirac_solve(naive, "{}", 1, source, solution, NULL));
  EXPECT_OK(inst_dirac_apply(naive, "plain", 1, solution, image));
  for (int i = 0; i < COUNT; i++) EXPECT_CLOSE(image[i], source[i], 1e-8);
  EXPECT_STATUS(INST_BAD_SPEC, inst_dirac_new_improved(gauge, gauge, NAN, &improved));
  EXPECT_STATUS(INST_NULL_ARGUMENT, inst_dirac_new_improved(gauge, NULL, 0.1, &improved));
  inst_dirac_free(naive);
  inst_dirac_free(improved);
}

/* Eigenvalues of the free operator with antiperiodic time: D(p) = a + i g.sin p, all phases of p known. */
static void spectra(void) {
  enum { COUNT = 4, SIDE = 12, SIZE = SIDE * SIDE * 2 * 2 };
  const int64_t extent[2] = {SIDE, SIDE};
  static double vectors[COUNT * SIZE], applied[SIZE];
  double values[2 * COUNT], residuals[COUNT];
  inst_lattice *plane;
  inst_gauge *flat;
  inst_dirac *free_dirac;
  EXPECT_OK(inst_lattice_new(context, 2, extent, &plane));
  EXPECT_OK(inst_gauge_new(plane, "{group: 'u1'}", &flat));
  EXPECT_OK(inst_dirac_new(flat, "{type: 'wilson', mass: 0.25, boundary: [1, -1]}", &free_dirac));
  /* The lowest momenta are (0, +-pi / 12), with two spins. */
  const double pi = acos(-1.0), a = 1.25 - cos(pi / SIDE), s = sin(pi / SIDE), lowest = a * a + s * s;
  EXPECT_OK(inst_dirac_spectrum_with_residuals(free_dirac, "{of: 'normal', count: 4}", COUNT, values, vectors, residuals));
  for (int k = 0; k < COUNT; k++) {
    double norm = 0.0;
    EXPECT_CLOSE(values[k], lowest, 1e-10);
    EXPECT(residuals[k] >= 0.0 && residuals[k] < 1e-8);
    EXPECT_OK(inst_dirac_apply(free_dirac, "normal", 1, vectors + k * SIZE, applied));
    for (int i = 0; i < SIZE; i++) {
      EXPECT_CLOSE(applied[i], lowest * vectors[k * SIZE + i], 1e-8);
      norm += vectors[k * SIZE + i] * vectors[k * SIZE + i];
    }
    EXPECT_CLOSE(norm, 1.0, 1e-12);
  }
  EXPECT_OK(inst_dirac_spectrum(free_dirac, "{of: 'dirac'}", COUNT, values, NULL));
  for (int k = 0; k < COUNT; k++) {
    EXPECT_CLOSE(values[2 * k], a, 1e-9);
    EXPECT_CLOSE(fabs(values[2 * k + 1]), s, 1e-9);
  }
  EXPECT_OK(inst_dirac_spectrum(free_dirac, "{of: 'singular'}", COUNT, values, NULL));
  for (int k = 0; k < COUNT; k++) EXPECT_CLOSE(values[k], sqrt(lowest), 1e-10);
  EXPECT_OK(inst_dirac_spectrum_with_residuals(free_dirac, "{of: 'hermitian'}", COUNT, values, NULL, NULL));
  for (int k = 0; k < COUNT; k++) EXPECT_CLOSE(fabs(values[k]), sqrt(lowest), 1e-10);
  EXPECT_OK(inst_dirac_spectrum(free_dirac, "{of: 'dirac', which: 'smallest_real'}", COUNT, values, NULL));
  for (int k = 0; k < COUNT; k++) EXPECT_CLOSE(values[2 * k], a, 1e-9);
  EXPECT_OK(inst_dirac_spectrum(free_dirac, "{of: 'hermitian', which: 'smallest_real'}", COUNT, values, NULL));
  for (int k = 0; k < COUNT; k++) EXPECT(values[k] < -2.0);

  values[0] = 7.0;
  EXPECT_STATUS(INST_NULL_ARGUMENT, inst_dirac_spectrum(NULL, "{}", 1, values, NULL));
  EXPECT_STATUS(INST_NULL_ARGUMENT, inst_dirac_spectrum(free_dirac, "{}", 1, NULL, NULL));
  EXPECT_STATUS(INST_BAD_SPEC, inst_dirac_spectrum(free_dirac, "{}", 0, values, NULL));
  EXPECT_STATUS(INST_BAD_SPEC, inst_dirac_spectrum(free_dirac, "{}", SIZE / 2 + 1, values, NULL));
  EXPECT_MESSAGE("count");
  EXPECT_STATUS(INST_BAD_SHAPE, inst_dirac_spectrum(free_dirac, "{}", -1, values, NULL));
  EXPECT_STATUS(INST_BAD_SHAPE, inst_dirac_spectrum(free_dirac, "{}", INT64_MAX, values, NULL));
  EXPECT_STATUS(INST_BAD_SPEC, inst_dirac_spectrum(free_dirac, "{count: 3}", COUNT, values, NULL));
  EXPECT_STATUS(INST_BAD_SPEC, inst_dirac_spectrum(free_dirac, "{of: 'magic'}", COUNT, values, NULL));
  EXPECT_MESSAGE("hermitian");
  EXPECT_STATUS(INST_BAD_SPEC, inst_dirac_spectrum(free_dirac, "{tolerance: NaN}", COUNT, values, NULL));
  EXPECT_STATUS(INST_BAD_SPEC, inst_dirac_spectrum(free_dirac, "{method: 'chebyshev'}", COUNT, values, NULL));
  EXPECT_STATUS(INST_NOT_CONVERGED,
                inst_dirac_spectrum(free_dirac, "{of: 'normal', method: 'krylov', max_restarts: 0}", COUNT, values, NULL));
  EXPECT_MESSAGE("residuals");
  EXPECT(values[0] == 7.0);
  inst_dirac_free(free_dirac);
  inst_gauge_free(flat);
  inst_lattice_free(plane);
}

static void a_solve_that_does_not_converge(void) {
  inst_solve_report report = {.struct_size = sizeof report};
  for (int i = 0; i < NUMBERS; i++) solution[i] = 5.0;
  EXPECT_STATUS(INST_NOT_CONVERGED, inst_dirac_solve(dirac, "{max_iterations: 2}", 1, source, solution, &report));
  EXPECT_MESSAGE("after 2 iterations");
  EXPECT(report.iterations == 2 && report.residual > 1e-10);
  for (int i = 0; i < NUMBERS; i++) EXPECT(solution[i] == 5.0);
  EXPECT_STATUS(INST_NOT_CONVERGED, inst_dirac_solve(dirac, "{solver: 'faer_lsmr', max_iterations: 2}", 1, source,
                                                     solution, &report));
  EXPECT(report.iterations == 2 && report.residual > 1e-10 && solution[0] == 5.0);
  EXPECT_STATUS(INST_NOT_CONVERGED,
                inst_dirac_solve(dirac, "{max_iterations: 2, keep_best: true}", 1, source, solution, &report));
  EXPECT(solution[0] != 5.0);
}

static void bad_input(void) {
  inst_dirac *none = NULL;
  inst_solve_report report = {.struct_size = 3};
  EXPECT_STATUS(INST_NULL_ARGUMENT, inst_dirac_new(NULL, "{type: 'wilson', mass: 1}", &none));
  EXPECT_STATUS(INST_NULL_ARGUMENT, inst_dirac_new(gauge, "{type: 'wilson', mass: 1}", NULL));
  EXPECT_STATUS(INST_BAD_SPEC, inst_dirac_new(gauge, "{type: 'wilson'}", &none));
  EXPECT_STATUS(INST_BAD_SPEC, inst_dirac_new(gauge, "{type: 'wilson', mass: 1, kappa: 0.1}", &none));
  EXPECT_STATUS(INST_BAD_SPEC, inst_dirac_new(gauge, "{type: 'wilson', kappa: -0.1}", &none));
  EXPECT_STATUS(INST_BAD_SPEC, inst_dirac_new(gauge, "{type: 'wilson', mass: 1, boundary: [1, 1]}", &none));
  EXPECT_STATUS(INST_BAD_SPEC, inst_dirac_new(gauge, "{type: 'wilson', mass: 1, boundary: [1, 1, 1, 2]}", &none));
  EXPECT_STATUS(INST_BAD_SPEC, inst_dirac_new(gauge, "{type: 'willson', mass: 1}", &none));
  EXPECT_MESSAGE("wilson");
  EXPECT_STATUS(INST_BAD_SPEC, inst_dirac_apply(dirac, "inverse", 1, source, image));
  EXPECT_STATUS(INST_NULL_ARGUMENT, inst_dirac_apply(dirac, "plain", 1, NULL, image));
  EXPECT_STATUS(INST_NULL_ARGUMENT, inst_dirac_apply(dirac, "plain", 1, source, NULL));
  EXPECT_STATUS(INST_BAD_SHAPE, inst_dirac_apply(dirac, "plain", 0, source, image));
  EXPECT_STATUS(INST_BAD_SHAPE, inst_dirac_apply(dirac, "plain", INT64_MAX, source, image));
  EXPECT_STATUS(INST_BAD_SHAPE, inst_dirac_solve(dirac, "{}", 1, source, solution, &report));
  EXPECT_MESSAGE("struct_size");
  EXPECT_STATUS(INST_BAD_SPEC, inst_dirac_solve(dirac, "{tolerance: 0}", 1, source, solution, NULL));
  EXPECT_STATUS(INST_BAD_SPEC, inst_dirac_solve(dirac, "{solver: 'magic'}", 1, source, solution, NULL));
  source[17] = NAN;
  EXPECT_STATUS(INST_BAD_INPUT, inst_dirac_apply(dirac, "plain", 1, source, image));
  EXPECT_STATUS(INST_BAD_INPUT, inst_dirac_solve(dirac, "{}", 1, source, solution, NULL));
  EXPECT(none == NULL);
  inst_dirac_free(NULL);
}

int main(void) {
  const int64_t extent[4] = {L, L, L, L};
  EXPECT_OK(inst_context_new("{threads: 2}", &context));
  EXPECT_OK(inst_lattice_new(context, 4, extent, &lattice));
  EXPECT_OK(inst_gauge_new(lattice, "{group: 'su3'}", &gauge));
  the_free_operator();
  staggered_operators();
  spectra();
  solves();
  a_solve_that_does_not_converge();
  bad_input();
  inst_dirac_free(dirac);
  inst_gauge_free(gauge);
  inst_lattice_free(lattice);
  inst_context_free(context);
  return report("dirac");
}
