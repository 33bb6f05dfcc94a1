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
  EXPECT_OK(inst_dirac_new(gauge, "{type: 'wilson', mass: 0.25}", &dirac));
  for (int i = 0; i < NUMBERS; i++) source[i] = 1.0 + i % SPINOR;
  EXPECT_OK(inst_dirac_apply(dirac, "plain", 1, source, image));
  for (int i = 0; i < NUMBERS; i++) EXPECT_CLOSE(image[i], 0.25 * source[i], 1e-12);
  EXPECT_OK(inst_dirac_apply(dirac, "normal", 1, source, image));
  for (int i = 0; i < NUMBERS; i++) EXPECT_CLOSE(image[i], 0.0625 * source[i], 1e-12);
  inst_dirac_free(dirac);
}

static void solves(void) {
  const char *solvers[] = {"{}", "{solver: 'cg'}", "{solver: 'cg_even_odd', tolerance: 1e-12}"};
  uint64_t random = 7;
  for (int i = 0; i < 2 * NUMBERS; i++) source[i] = normal(&random);
  EXPECT_OK(inst_dirac_new(gauge,
                           "{type: 'wilson', kappa: 0.12, clover: 1.2, twist: 0.1, boundary: [1, {angle: 0.4}, 0, -1]}",
                           &dirac));
  for (int k = 0; k < 3; k++) {
    inst_solve_report report = {.struct_size = sizeof report};
    EXPECT_OK(inst_dirac_solve(dirac, solvers[k], 2, source, solution, &report));
    EXPECT(report.iterations > 0 && report.residual <= 1e-10 && report.seconds > 0.0);
    EXPECT_OK(inst_dirac_apply(dirac, "plain", 2, solution, image));
    for (int i = 0; i < 2 * NUMBERS; i++) EXPECT_CLOSE(image[i], source[i], 1e-8);
  }
  EXPECT_OK(inst_dirac_solve(dirac, "{}", 1, source, solution, NULL));
}

/* Of constant fields only the mass is left; links one and three steps long both count on others. */
static void staggered_operators(void) {
  enum { VECTOR = 6, COUNT = V * VECTOR };
  inst_dirac *naive, *improved;
  EXPECT_OK(inst_dirac_new(gauge, "{type: 'staggered', mass: 0.25, first: 'time'}", &naive));
  EXPECT_OK(inst_dirac_new_improved(gauge, gauge, 0.25, &improved));
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

static void a_solve_that_does_not_converge(void) {
  inst_solve_report report = {.struct_size = sizeof report};
  for (int i = 0; i < NUMBERS; i++) solution[i] = 5.0;
  EXPECT_STATUS(INST_NOT_CONVERGED, inst_dirac_solve(dirac, "{max_iterations: 2}", 1, source, solution, &report));
  EXPECT_MESSAGE("after 2 iterations");
  EXPECT(report.iterations == 2 && report.residual > 1e-10);
  for (int i = 0; i < NUMBERS; i++) EXPECT(solution[i] == 5.0);
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
  solves();
  a_solve_that_does_not_converge();
  bad_input();
  inst_dirac_free(dirac);
  inst_gauge_free(gauge);
  inst_lattice_free(lattice);
  inst_context_free(context);
  return report("dirac");
}
