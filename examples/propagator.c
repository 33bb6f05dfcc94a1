/* The pion correlator and its effective mass on a gauge configuration.
 *   propagator FILE X Y Z T [OPERATOR]
 * reads the file (ILDG, SciDAC, NERSC, MILC, openQCD, ...: found by content), solves D S = source for a point
 * source of each spin and colour at the origin, and prints
 *   C(t) = sum over x, spins and colours of |S(x, t)|^2,   m_eff(t) from cosh: C(t-1) + C(t+1) = 2 C(t) cosh m_eff.
 * OPERATOR is the spec of inst_dirac_new; see there. */
#include "instanton.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OPERATOR "{type: 'wilson', kappa: 0.12, boundary: [1, 1, 1, -1]}"
enum { SPINS = 4, COLOURS = 3, SPINOR = 2 * SPINS * COLOURS };

static void check(inst_status status, const char *what) {
  if (status == INST_OK) return;
  fprintf(stderr, "%s: %s\n", what, inst_last_error());
  exit(EXIT_FAILURE);
}

static double plaquette(const inst_gauge *gauge) {
  double value = 0.0;
  int64_t count = 0;
  check(inst_gauge_observe(gauge, "{type: 'plaquette'}", 1, &value, &count), "plaquette");
  return value;
}

/* Adds |S|^2 of the propagators from all spins and colours at the origin to the slice that each site is in. */
static void correlate(const inst_dirac *dirac, const int64_t *extent, double *correlator) {
  const int64_t slice = extent[0] * extent[1] * extent[2];
  const size_t numbers = (size_t)(slice * extent[3]) * SPINOR;
  double *source = calloc(numbers, sizeof *source), *solution = calloc(numbers, sizeof *solution);
  if (source == NULL || solution == NULL) {
    fprintf(stderr, "propagator: expected memory for two spinor fields, got none\n");
    exit(EXIT_FAILURE);
  }
  for (int component = 0; component < SPINS * COLOURS; component++) {
    inst_solve_report report = {.struct_size = sizeof report};
    source[2 * component] = 1.0;
    check(inst_dirac_solve(dirac, "{tolerance: 1e-10}", 1, source, solution, &report), "solve");
    printf("spin %d colour %d: %4ld iterations, residual %.1e, %.2f s\n", component / COLOURS, component % COLOURS,
           (long)report.iterations, report.residual, report.seconds);
    source[2 * component] = 0.0;
    for (size_t i = 0; i < numbers; i++) {
      correlator[i / (size_t)(slice * SPINOR)] += solution[i] * solution[i];
    }
  }
  free(source);
  free(solution);
}

int main(int argc, char **argv) {
  int64_t extent[4];
  inst_context *context;
  inst_lattice *lattice;
  inst_gauge *gauge;
  inst_dirac *dirac;
  if (argc < 6) {
    fprintf(stderr, "usage: %s FILE X Y Z T [OPERATOR]\n", argv[0]);
    return EXIT_FAILURE;
  }
  for (int mu = 0; mu < 4; mu++) extent[mu] = strtol(argv[2 + mu], NULL, 10);
  check(inst_context_new("{}", &context), "context");
  check(inst_lattice_new(context, 4, extent, &lattice), "lattice");
  check(inst_gauge_new(lattice, "{group: 'su3'}", &gauge), "gauge");
  check(inst_gauge_read(gauge, argv[1], "{}"), "read");
  printf("%s: plaquette %.12f\n", argv[1], plaquette(gauge));
  check(inst_dirac_new(gauge, argc > 6 ? argv[6] : OPERATOR, &dirac), "dirac");

  const int64_t times = extent[3];
  double *correlator = calloc((size_t)times, sizeof *correlator);
  if (correlator == NULL) return EXIT_FAILURE;
  correlate(dirac, extent, correlator);
  printf("\n   t  C(t)                    m_eff\n");
  for (int64_t t = 0; t < times; t++) {
    printf("%4ld  %-22.15g", (long)t, correlator[t]);
    const double ratio = t > 0 ? (correlator[t - 1] + correlator[(t + 1) % times]) / (2.0 * correlator[t]) : 0.0;
    if (ratio >= 1.0) printf("  %.6f", acosh(ratio));
    printf("\n");
  }
  free(correlator);
  inst_dirac_free(dirac);
  inst_gauge_free(gauge);
  inst_lattice_free(lattice);
  inst_context_free(context);
  return EXIT_SUCCESS;
}
