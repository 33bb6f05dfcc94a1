/* Eigenvalues of Wilson's operator on a gauge configuration, as text.
 *   spectrum FILE X Y Z T [COUNT] [OF] [OPERATOR]
 * reads the file (ILDG, SciDAC, NERSC, MILC, openQCD, ...: found by content) and prints the COUNT smallest values of the
 * spectrum OF: 'dirac', complex eigenvalues of D; 'hermitian', of g5 D; 'normal', of D^dagger D; 'singular', singular
 * values. COUNT 0, the default, is the whole spectrum. One line each: real part, imaginary part, residual; lines
 * of text begin with #. OPERATOR is the spec of inst_dirac_new; see there. */
#include "instanton.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OPERATOR "{type: 'wilson', mass: 0, boundary: [1, 1, 1, -1]}"
enum { SPINOR = 12 };

static void check(inst_status status, const char *what) {
  if (status == INST_OK) return;
  fprintf(stderr, "%s: %s\n", what, inst_last_error());
  exit(EXIT_FAILURE);
}

static void print(const inst_dirac *dirac, int64_t count, const char *of) {
  char spec[64];
  const int is_complex = strcmp(of, "dirac") == 0;
  double *values = calloc(2 * (size_t)count, sizeof *values), *residuals = calloc((size_t)count, sizeof *residuals);
  if (values == NULL || residuals == NULL) {
    fprintf(stderr, "spectrum: expected memory for %ld values, got none\n", (long)count);
    exit(EXIT_FAILURE);
  }
  snprintf(spec, sizeof spec, "{of: '%.16s'}", of);
  check(inst_dirac_spectrum_with_residuals(dirac, spec, count, values, NULL, residuals), "spectrum");
  for (int64_t k = 0; k < count; k++) {
    const double re = is_complex ? values[2 * k] : values[k], im = is_complex ? values[2 * k + 1] : 0.0;
    printf("%.15g %.15g %.1e\n", re, im, residuals[k]);
  }
  free(values);
  free(residuals);
}

int main(int argc, char **argv) {
  int64_t extent[4], dimension = SPINOR;
  inst_context *context;
  inst_lattice *lattice;
  inst_gauge *gauge;
  inst_dirac *dirac;
  if (argc < 6) {
    fprintf(stderr, "usage: %s FILE X Y Z T [COUNT] [OF] [OPERATOR]\n", argv[0]);
    return EXIT_FAILURE;
  }
  for (int mu = 0; mu < 4; mu++) extent[mu] = strtol(argv[2 + mu], NULL, 10);
  check(inst_context_new("{}", &context), "context");
  check(inst_lattice_new(context, 4, extent, &lattice), "lattice");
  for (int mu = 0; mu < 4; mu++) dimension *= extent[mu];
  check(inst_gauge_new(lattice, "{group: 'su3'}", &gauge), "gauge");
  check(inst_gauge_read(gauge, argv[1], "{}"), "read");
  const char *of = argc > 7 ? argv[7] : "dirac", *operator_spec = argc > 8 ? argv[8] : OPERATOR;
  const long count = argc > 6 ? strtol(argv[6], NULL, 10) : 0;
  check(inst_dirac_new(gauge, operator_spec, &dirac), "dirac");
  printf("# spectrum of %s, %ldx%ldx%ldx%ld\n", operator_spec, (long)extent[0], (long)extent[1], (long)extent[2],
         (long)extent[3]);
  printf("# '%s': real part, imaginary part, residual\n", of);
  print(dirac, count == 0 ? dimension : count, of);
  inst_dirac_free(dirac);
  inst_gauge_free(gauge);
  inst_lattice_free(lattice);
  inst_context_free(context);
  return EXIT_SUCCESS;
}
