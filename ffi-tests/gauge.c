/* The section `gauge fields` of instanton.h. */
#include "expect.h"

#include <complex.h>
#include <unistd.h>

enum { X = 4, Y = 2, Z = 6, T = 8, V = X * Y * Z * T, N = 3, LINK = 2 * N * N, NUMBERS = V * 4 * LINK };

static inst_context *context;
static inst_lattice *lattice;
static inst_gauge *gauge;
static double links[NUMBERS], got[NUMBERS];
static char folder[4096], path[8192], spoilt_path[8192];

#define COUNT_OF(array) ((int)(sizeof(array) / sizeof *(array)))

/* A random matrix of SU(3): two orthonormal rows, and the conjugate of their cross product. */
static void random_link(double *link, uint64_t *random) {
  double complex row[3][3], overlap = 0.0;
  double norm = 0.0;
  for (int i = 0; i < 2; i++) {
    for (int k = 0; k < 3; k++) {
      const double re = normal(random);
      row[i][k] = re + normal(random) * I;
    }
    if (i == 1) {
      for (int k = 0; k < 3; k++) overlap += conj(row[0][k]) * row[1][k];
      for (int k = 0; k < 3; k++) row[1][k] -= overlap * row[0][k];
    }
    norm = 0.0;
    for (int k = 0; k < 3; k++) norm += creal(row[i][k] * conj(row[i][k]));
    for (int k = 0; k < 3; k++) row[i][k] /= sqrt(norm);
  }
  for (int k = 0; k < 3; k++) {
    const int a = (k + 1) % 3, b = (k + 2) % 3;
    row[2][k] = conj(row[0][a] * row[1][b] - row[0][b] * row[1][a]);
  }
  for (int n = 0; n < 9; n++) {
    link[2 * n] = creal(row[n / 3][n % 3]);
    link[2 * n + 1] = cimag(row[n / 3][n % 3]);
  }
}

static double largest_difference(void) {
  double largest = 0.0;
  for (int i = 0; i < NUMBERS; i++) largest = fmax(largest, fabs(got[i] - links[i]));
  return largest;
}

static void expect_untouched(void) {
  EXPECT_OK(inst_gauge_links(gauge, got));
  EXPECT(memcmp(got, links, sizeof links) == 0);
}

static double observed(const inst_gauge *field, const char *spec) {
  double value;
  int64_t count = 0;
  EXPECT_OK(inst_gauge_observe(field, spec, 1, &value, &count));
  EXPECT(count == 1);
  return value;
}

/* Mean plaquette of the plane of directions 0 and 1, from its definition. */
static double plane_xy(void) {
  double sum = 0.0;
  for (int site = 0; site < V; site++) {
    const int x = site % X, y = site / X % Y, rest = site / (X * Y);
    const int right = (x + 1) % X + X * (y + Y * rest), up = x + X * ((y + 1) % Y + Y * rest);
    const int at[4] = {4 * site, 4 * right + 1, 4 * up, 4 * site + 1};
    double complex product[9], factor[9], next[9];
    for (int n = 0; n < 9; n++) product[n] = n % 4 == 0;
    for (int side = 0; side < 4; side++) {
      const double *link = links + at[side] * LINK;
      for (int n = 0; n < 9; n++) {
        const int m = side < 2 ? n : 3 * (n % 3) + n / 3;
        factor[n] = link[2 * m] + (side < 2 ? 1 : -1) * link[2 * m + 1] * I;
      }
      for (int n = 0; n < 9; n++) {
        next[n] = 0.0;
        for (int k = 0; k < 3; k++) next[n] += product[n / 3 * 3 + k] * factor[3 * k + n % 3];
      }
      memcpy(product, next, sizeof product);
    }
    sum += creal(product[0] + product[4] + product[8]);
  }
  return sum / (3.0 * V);
}

static void unit_fields(void) {
  static const char *const groups[] = {"", "{group: 'su3'}", "{group: 'su2'}", "{group: 'u1'}"};
  for (int i = 0; i < COUNT_OF(groups); i++) {
    inst_gauge *unit;
    EXPECT_OK(inst_gauge_new(lattice, groups[i], &unit));
    EXPECT(observed(unit, "{type: 'plaquette'}") == 1.0);
    EXPECT(observed(unit, "{type: 'link_trace'}") == 1.0);
    EXPECT(observed(unit, "{type: 'unitarity'}") == 0.0);
    EXPECT(observed(unit, "{type: 'wilson_loop', sides: [[1, 2], [3, 5]]}") == 1.0);
    inst_gauge_free(unit);
  }
  inst_gauge_free(NULL);
}

static void observables(void) {
  double planes[7] = {0}, mean = 0.0, loop[2];
  int64_t count = 0;
  EXPECT_OK(inst_gauge_observe(gauge, "{type: 'planes'}", 0, NULL, &count));
  EXPECT(count == 6);
  count = 0;
  planes[6] = -7.0;
  EXPECT_OK(inst_gauge_observe(gauge, "{type: 'planes'}", 7, planes, &count));
  EXPECT(count == 6 && planes[6] == -7.0);
  for (int i = 0; i < 6; i++) mean += planes[i] / 6.0;
  EXPECT_CLOSE(planes[0], plane_xy(), 1e-13);
  EXPECT_CLOSE(observed(gauge, "{type: 'plaquette'}"), mean, 1e-14);
  EXPECT_CLOSE(observed(gauge, "{type: 'wilson_loop', sides: [[0, 1], [1, 1]]}"), planes[0], 1e-14);
  EXPECT_CLOSE(observed(gauge, "{type: 'wilson_loop', sides: [[3, 1], [2, 1]]}"), planes[5], 1e-14);
  EXPECT(fabs(observed(gauge, "{type: 'wilson_loop', sides: [[0, 2], [3, 1]]}")) < 0.2);
  EXPECT(observed(gauge, "{type: 'unitarity'}") < 1e-13);
  EXPECT_OK(inst_gauge_observe(gauge, "{type: 'polyakov_loop', direction: 3}", 2, loop, &count));
  EXPECT(count == 2 && loop[0] != 0.0 && loop[1] != 0.0 && hypot(loop[0], loop[1]) < 1.0);
  mean = 0.0;
  for (int i = 0; i < 4 * V; i++) mean += (links[i * LINK] + links[i * LINK + 8] + links[i * LINK + 16]) / (12.0 * V);
  EXPECT_CLOSE(observed(gauge, "{type: 'link_trace'}"), mean, 1e-13);
}

/* Smoothing moves a copy of the field as the definitions say, and a constant field not at all. */
static void smearing(void) {
  static const char *const smears[] = {"{type: 'stout', rho: 0.05, steps: 2}", "{type: 'ape', alpha: 0.4, steps: 2}",
                                       "{type: 'flow', time: 0.1}", "{type: 'flow', time: 0.1, step: 0.03}"};
  static const char *const bad[] = {"", "{type: 'stout', rho: 0.1}", "{type: 'stout', rho: 0.1, steps: 0}",
                                    "{type: 'stout', rho: NaN, steps: 1}", "{type: 'ape', alpha: 0.1, steps: -1}",
                                    "{type: 'flow', time: 0}", "{type: 'flow', time: 1, step: 0}",
                                    "{type: 'flow', time: 1e9, step: 1e-9}", "{type: 'hyp', steps: 1}", "{"};
  inst_gauge *smooth;
  double scales[2];
  int64_t count = 0;
  EXPECT_OK(inst_gauge_new(lattice, "", &smooth));
  for (int i = 0; i < COUNT_OF(smears); i++) {
    EXPECT_OK(inst_gauge_smear(smooth, smears[i]));
    EXPECT_CLOSE(observed(smooth, "{type: 'plaquette'}"), 1.0, 1e-14);
  }
  for (int i = 0; i < COUNT_OF(smears); i++) {
    EXPECT_OK(inst_gauge_set_links(smooth, links));
    const double before = observed(smooth, "{type: 'energy_density'}");
    EXPECT_OK(inst_gauge_smear(smooth, smears[i]));
    EXPECT(observed(smooth, "{type: 'plaquette'}") > observed(gauge, "{type: 'plaquette'}") + 0.05);
    EXPECT(fabs(observed(smooth, "{type: 'energy_density'}") - before) > 1e-3);
    EXPECT(observed(smooth, "{type: 'unitarity'}") < 1e-13);
    EXPECT(isfinite(observed(smooth, "{type: 'charge'}")));
  }
  /* The last two differ by the step size alone: the error is of third order. */
  EXPECT_OK(inst_gauge_links(smooth, got));
  EXPECT_OK(inst_gauge_set_links(smooth, links));
  EXPECT_OK(inst_gauge_smear(smooth, smears[2]));
  double far = 0.0, largest = 0.0;
  double *other = malloc(sizeof links);
  EXPECT(other != NULL);
  EXPECT_OK(inst_gauge_links(smooth, other));
  for (int i = 0; i < NUMBERS; i++) {
    largest = fmax(largest, fabs(other[i] - got[i]));
    far = fmax(far, fabs(other[i] - links[i]));
  }
  EXPECT(largest > 0.0 && largest < 1e-3 && far > 0.1);
  for (int i = 0; i < COUNT_OF(bad); i++) {
    EXPECT_STATUS(INST_BAD_SPEC, inst_gauge_smear(smooth, bad[i]));
    EXPECT_MESSAGE("smear");
  }
  EXPECT_STATUS(INST_NULL_ARGUMENT, inst_gauge_smear(NULL, smears[0]));
  EXPECT_OK(inst_gauge_links(smooth, got));
  EXPECT(memcmp(got, other, sizeof links) == 0);
  free(other);

  /* A flow too short to reach a scale, and one that reaches it. */
  EXPECT_STATUS(INST_NOT_CONVERGED,
                inst_gauge_observe(smooth, "{type: 'scales', step: 0.1, longest: 0.2}", 2, scales, &count));
  EXPECT_MESSAGE("got");
  EXPECT_OK(inst_gauge_observe(smooth, "{type: 'scales'}", 0, NULL, &count));
  EXPECT(count == 2);
  EXPECT_STATUS(INST_BAD_SPEC, inst_gauge_observe(smooth, "{type: 'scales', step: 0}", 2, scales, &count));
  EXPECT_STATUS(INST_BAD_SPEC, inst_gauge_observe(smooth, "{type: 'scales', longest: -1}", 2, scales, &count));
  inst_gauge_free(smooth);
}

/* U(1) on 6 x 6 sites with one quantum of flux: charge 1, and the energy of F = sin(2 pi / 36) everywhere. */
static void charges(void) {
  enum { L = 6 };
  const int64_t extent[2] = {L, L};
  const double turn = 6.283185307179586 / (L * L);
  double flux[L * L * 2 * 2];
  int64_t count;
  double value;
  inst_lattice *plane;
  inst_gauge *field;
  EXPECT_OK(inst_lattice_new(context, 2, extent, &plane));
  EXPECT_OK(inst_gauge_new(plane, "{group: 'u1'}", &field));
  EXPECT(observed(field, "{type: 'charge'}") == 0.0);
  for (int site = 0; site < L * L; site++) {
    const int x = site % L, y = site / L;
    const double angles[2] = {x == L - 1 ? -turn * L * y : 0.0, turn * x};
    for (int mu = 0; mu < 2; mu++) {
      flux[2 * (2 * site + mu)] = cos(angles[mu]);
      flux[2 * (2 * site + mu) + 1] = sin(angles[mu]);
    }
  }
  EXPECT_OK(inst_gauge_set_links(field, flux));
  EXPECT_CLOSE(observed(field, "{type: 'charge'}"), 1.0, 1e-13);
  EXPECT_CLOSE(observed(field, "{type: 'energy_density'}"), sin(turn) * sin(turn) / 2.0, 1e-15);
  for (int kind = 0; kind < 2; kind++) {
    double slices[L];
    const char *spec = kind == 0 ? "{type: 'charge_slices'}" : "{type: 'energy_slices'}";
    EXPECT_OK(inst_gauge_observe(field, spec, L, slices, &count));
    EXPECT(count == L);
    EXPECT_STATUS(INST_BAD_SHAPE, inst_gauge_observe(field, spec, L - 1, slices, &count));
    for (int y = 0; y < L; y++) EXPECT_CLOSE(slices[y], kind == 0 ? 1.0 / L : sin(turn) * sin(turn) / 2.0, 1e-13);
  }
  inst_gauge_free(field);
  EXPECT_OK(inst_gauge_new(plane, "{group: 'su2'}", &field));
  EXPECT_STATUS(INST_UNSUPPORTED, inst_gauge_observe(field, "{type: 'charge'}", 1, &value, &count));
  EXPECT_MESSAGE("su2 in 2");
  inst_gauge_free(field);
  inst_lattice_free(plane);
}

static void files(void) {
  static const struct {
    const char *spec;
    double tolerance;
  } ways[] = {{"", 0.0},
              {"{format: 'ildg', precision: 'f32'}", 1e-7},
              {"{format: 'scidac'}", 0.0},
              {"{format: 'nersc'}", 0.0},
              {"{format: 'nersc', rows: 2, byte_order: 'little'}", 1e-14},
              {"{format: 'milc'}", 1e-7},
              {"{format: 'milc', byte_order: 'big'}", 1e-7},
              {"{format: 'openqcd'}", 0.0},
              {"{format: 'hirep'}", 0.0},
              {"{format: 'ddalphaamg'}", 0.0}};
  inst_gauge *other;
  EXPECT_OK(inst_gauge_new(lattice, "", &other));
  for (int i = 0; i < COUNT_OF(ways); i++) {
    EXPECT_OK(inst_gauge_write(gauge, path, ways[i].spec));
    EXPECT_OK(inst_gauge_read(other, path, i % 2 == 0 ? NULL : "{verify: true}"));
    EXPECT_OK(inst_gauge_links(other, got));
    EXPECT(largest_difference() <= ways[i].tolerance);
  }
  inst_gauge_free(other);
}

static char *read_file(const char *name, long *size) {
  FILE *file = fopen(name, "rb");
  EXPECT(file != NULL && fseek(file, 0, SEEK_END) == 0);
  *size = ftell(file);
  rewind(file);
  char *bytes = malloc((size_t)*size);
  EXPECT(bytes != NULL && fread(bytes, 1, (size_t)*size, file) == (size_t)*size);
  fclose(file);
  return bytes;
}

static void write_file(const char *name, const char *bytes, long size) {
  FILE *file = fopen(name, "wb");
  EXPECT(file != NULL && fwrite(bytes, 1, (size_t)size, file) == (size_t)size);
  EXPECT(fclose(file) == 0);
}

/* Cut files of every format, and files with one wrong number among the links. */
static void damaged_files(void) {
  static const char *const formats[] = {"ildg", "scidac", "nersc", "milc", "openqcd", "hirep", "ddalphaamg"};
  for (int i = 0; i < COUNT_OF(formats); i++) {
    char spec[64];
    long size;
    snprintf(spec, sizeof spec, "{format: '%s'}", formats[i]);
    EXPECT_OK(inst_gauge_write(gauge, path, spec));
    char *bytes = read_file(path, &size);
    const long cuts[] = {0, 1, 30, 100, size / 2, size - 150, size - 1};
    for (int n = 0; n < COUNT_OF(cuts); n++) {
      /* The last byte of a container is padding, which may be missing. */
      if (i < 2 && cuts[n] == size - 1) continue;
      write_file(spoilt_path, bytes, cuts[n]);
      const inst_status status = inst_gauge_read(gauge, spoilt_path, "");
      /* A container without its last record, the checksum, is whole. */
      if (i < 2 && status == INST_OK) continue;
      EXPECT_STATUS(INST_BAD_INPUT, status);
      EXPECT_MESSAGE("expected");
      expect_untouched();
    }
    for (int n = 0; n < 8; n++) bytes[size / 2 + n] ^= 0x10;
    write_file(spoilt_path, bytes, size);
    EXPECT_STATUS(INST_BAD_INPUT, inst_gauge_read(gauge, spoilt_path, ""));
    EXPECT_MESSAGE(", got ");
    expect_untouched();
    free(bytes);
  }
}

static void bad_arguments(void) {
  char place;
  inst_gauge *none = (inst_gauge *)(void *)&place;
  double value = -7.0;
  int64_t count = -7;
  EXPECT_STATUS(INST_NULL_ARGUMENT, inst_gauge_new(NULL, "", &none));
  EXPECT_STATUS(INST_NULL_ARGUMENT, inst_gauge_new(lattice, "", NULL));
  EXPECT_STATUS(INST_BAD_SPEC, inst_gauge_new(lattice, "{group: 'su4'}", &none));
  EXPECT_MESSAGE("'su3'");
  EXPECT_STATUS(INST_BAD_SPEC, inst_gauge_new(lattice, "{grup: 'su3'}", &none));
  EXPECT_MESSAGE("known keys: group");
  EXPECT((void *)none == (void *)&place);
  EXPECT_STATUS(INST_NULL_ARGUMENT, inst_gauge_set_links(NULL, links));
  EXPECT_STATUS(INST_NULL_ARGUMENT, inst_gauge_set_links(gauge, NULL));
  EXPECT_STATUS(INST_NULL_ARGUMENT, inst_gauge_set_links_with(NULL, links, ""));
  EXPECT_STATUS(INST_NULL_ARGUMENT, inst_gauge_set_links_with(gauge, NULL, ""));
  EXPECT_STATUS(INST_BAD_SPEC, inst_gauge_set_links_with(gauge, links, "{verified: false}"));
  EXPECT_MESSAGE("known keys: verify, project");
  EXPECT_STATUS(INST_NULL_ARGUMENT, inst_gauge_probe(NULL, NULL, 0, &count));
  EXPECT_STATUS(INST_NULL_ARGUMENT, inst_gauge_probe(path, NULL, 0, NULL));
  EXPECT_STATUS(INST_NULL_ARGUMENT, inst_gauge_probe(path, NULL, 8, &count));
  EXPECT_STATUS(INST_BAD_SHAPE, inst_gauge_probe(path, &place, -1, &count));
  EXPECT_STATUS(INST_NULL_ARGUMENT, inst_gauge_links(NULL, got));
  EXPECT_STATUS(INST_NULL_ARGUMENT, inst_gauge_links(gauge, NULL));
  EXPECT_STATUS(INST_NULL_ARGUMENT, inst_gauge_read(NULL, path, ""));
  EXPECT_STATUS(INST_NULL_ARGUMENT, inst_gauge_read(gauge, NULL, ""));
  EXPECT_STATUS(INST_NULL_ARGUMENT, inst_gauge_write(NULL, path, ""));
  EXPECT_STATUS(INST_NULL_ARGUMENT, inst_gauge_write(gauge, NULL, ""));
  EXPECT_STATUS(INST_NULL_ARGUMENT, inst_gauge_observe(NULL, "{type: 'plaquette'}", 1, &value, &count));
  EXPECT_STATUS(INST_NULL_ARGUMENT, inst_gauge_observe(gauge, "{type: 'plaquette'}", 1, NULL, &count));
  EXPECT_STATUS(INST_NULL_ARGUMENT, inst_gauge_observe(gauge, "{type: 'plaquette'}", 1, &value, NULL));
  EXPECT_STATUS(INST_BAD_SHAPE, inst_gauge_observe(gauge, "{type: 'plaquette'}", -1, &value, &count));
  EXPECT_STATUS(INST_BAD_SHAPE, inst_gauge_observe(gauge, "{type: 'planes'}", 5, &value, &count));
  EXPECT_MESSAGE("capacity: expected 0 or at least 6, got 5");
  EXPECT_STATUS(INST_BAD_INPUT, inst_gauge_links((inst_gauge *)(void *)lattice, got));
  EXPECT_MESSAGE("an object of kind gauge, got an object of kind lattice");

  static const char *const specs[] = {
      "", "{type: 'plaquete'}", "{type: 'plaquette', planes: 1}", "{type: 'wilson_loop'}", "{type: 'polyakov_loop'}",
      "{type: 'wilson_loop', sides: [[0, 1]]}", "{type: 'wilson_loop', sides: [[0, 1], [4, 1]]}",
      "{type: 'wilson_loop', sides: [[0, 1], [0, 1]]}", "{type: 'wilson_loop', sides: [[0, 0], [1, 1]]}",
      "{type: 'wilson_loop', sides: [[0, 1e15], [1, 1]]}", "{type: 'wilson_loop', sides: [[0, -1], [1, 1]]}",
      "{type: 'polyakov_loop', direction: 4}", "{type: 'polyakov_loop', direction: -1}", "{"};
  for (int i = 0; i < COUNT_OF(specs); i++) {
    EXPECT_STATUS(INST_BAD_SPEC, inst_gauge_observe(gauge, specs[i], 1, &value, &count));
  }
  EXPECT(value == -7.0 && count == -7);

  double *spoilt = malloc(sizeof links);
  EXPECT(spoilt != NULL);
  memcpy(spoilt, links, sizeof links);
  spoilt[LINK * (4 * 17 + 2) + 5] += 0.01;
  EXPECT_STATUS(INST_BAD_INPUT, inst_gauge_set_links(gauge, spoilt));
  EXPECT_MESSAGE("site 17, direction 2");
  EXPECT_STATUS(INST_BAD_INPUT, inst_gauge_set_links_with(gauge, spoilt, NULL));
  EXPECT_STATUS(INST_BAD_INPUT, inst_gauge_set_links_with(gauge, spoilt, "{project: true}"));
  EXPECT_MESSAGE("site 17, direction 2");
  spoilt[NUMBERS - 1] = NAN;
  EXPECT_STATUS(INST_BAD_INPUT, inst_gauge_set_links_with(gauge, spoilt, "{verify: false, project: true}"));
  EXPECT_STATUS(INST_BAD_INPUT, inst_gauge_set_links(gauge, spoilt));
  EXPECT_MESSAGE("NaN");
  free(spoilt);
  expect_untouched();
}

/* Links outside the group are accepted with {verify: false}, or projected onto it; a link without an inverse changes
 * nothing. */
static void links_outside_the_group(void) {
  inst_gauge *fat = NULL;
  int64_t count = 0;
  double unitarity = 7, *thick = malloc(sizeof links);
  EXPECT(thick != NULL);
  EXPECT_OK(inst_gauge_new(lattice, "", &fat));
  for (int i = 0; i < NUMBERS; i++) thick[i] = 1.5 * links[i];
  EXPECT_OK(inst_gauge_set_links_with(fat, thick, "{verify: false}"));
  EXPECT_OK(inst_gauge_links(fat, got));
  EXPECT(memcmp(got, thick, sizeof links) == 0);
  EXPECT_OK(inst_gauge_set_links_with(fat, thick, "{verify: false, project: true}"));
  EXPECT_OK(inst_gauge_observe(fat, "{type: 'unitarity'}", 1, &unitarity, &count));
  EXPECT(unitarity < 1e-13);
  EXPECT_OK(inst_gauge_links(fat, got));
  for (int i = 0; i < NUMBERS; i++) EXPECT(fabs(got[i] - links[i]) < 1e-13);
  EXPECT_OK(inst_gauge_set_links_with(fat, links, ""));
  for (int i = 0; i < LINK; i++) thick[LINK * (4 * 17 + 2) + i] = 0;
  EXPECT_STATUS(INST_NOT_CONVERGED, inst_gauge_set_links_with(fat, thick, "{verify: false, project: true}"));
  EXPECT_MESSAGE("site 17, direction 2");
  EXPECT_OK(inst_gauge_links(fat, got));
  EXPECT(memcmp(got, links, sizeof links) == 0);
  inst_gauge_free(fat);
  free(thick);
}

/* Fields that do not fit a format or a file. */
static void bad_fits(void) {
  static const char *const unsupported[] = {
      "{format: 'milc', precision: 'f64'}", "{format: 'hirep', precision: 'f32'}", "{format: 'ildg', rows: 2}",
      "{format: 'openqcd', byte_order: 'big'}"};
  static const char *const specs[] = {"{format: 'netcdf'}", "{formt: 'ildg'}", "{precision: 'f16'}", "{verify: 1}", "{"};
  const int64_t plane[2] = {4, 4}, turned[4] = {T, Y, Z, X};
  inst_lattice *other;
  inst_gauge *field;
  for (int i = 0; i < COUNT_OF(unsupported); i++) {
    EXPECT_STATUS(INST_UNSUPPORTED, inst_gauge_write(gauge, spoilt_path, unsupported[i]));
  }
  EXPECT_OK(inst_gauge_write(gauge, path, ""));
  for (int i = 0; i < COUNT_OF(specs); i++) {
    EXPECT_STATUS(INST_BAD_SPEC, inst_gauge_write(gauge, spoilt_path, specs[i]));
    if (i != 2) EXPECT_STATUS(INST_BAD_SPEC, inst_gauge_read(gauge, path, specs[i]));
  }
  EXPECT_STATUS(INST_BAD_INPUT, inst_gauge_read(gauge, path, "{format: 'nersc'}"));

  EXPECT_OK(inst_gauge_new(lattice, "{group: 'su2'}", &field));
  EXPECT_STATUS(INST_UNSUPPORTED, inst_gauge_write(field, spoilt_path, "{format: 'nersc'}"));
  EXPECT_STATUS(INST_BAD_SHAPE, inst_gauge_read(field, path, ""));
  EXPECT_MESSAGE("group: expected su2, got su3");
  inst_gauge_free(field);

  EXPECT_OK(inst_lattice_new(context, 2, plane, &other));
  EXPECT_OK(inst_gauge_new(other, "", &field));
  EXPECT_STATUS(INST_UNSUPPORTED, inst_gauge_write(field, spoilt_path, ""));
  EXPECT_OK(inst_gauge_write(field, spoilt_path, "{format: 'scidac'}"));
  EXPECT_OK(inst_gauge_read(field, spoilt_path, ""));
  inst_gauge_free(field);
  inst_lattice_free(other);
  EXPECT_STATUS(INST_BAD_SHAPE, inst_gauge_read(gauge, spoilt_path, ""));

  EXPECT_OK(inst_lattice_new(context, 4, turned, &other));
  EXPECT_OK(inst_gauge_new(other, "", &field));
  EXPECT_STATUS(INST_BAD_SHAPE, inst_gauge_read(field, path, ""));
  EXPECT_MESSAGE("lattice: expected 8 x 2 x 6 x 4, got 4 x 2 x 6 x 8");
  inst_gauge_free(field);
  inst_lattice_free(other);

  const int64_t line[1] = {8};
  int64_t count = -7;
  EXPECT_OK(inst_lattice_new(context, 1, line, &other));
  EXPECT_OK(inst_gauge_new(other, "{group: 'u1'}", &field));
  EXPECT_STATUS(INST_UNSUPPORTED, inst_gauge_observe(field, "{type: 'plaquette'}", 0, NULL, &count));
  EXPECT(count == -7);
  inst_gauge_free(field);
  inst_lattice_free(other);
  expect_untouched();
}

static void unreadable_and_unwritable_files(void) {
  char missing[9000];
  snprintf(missing, sizeof missing, "%s/missing", folder);
  EXPECT_STATUS(INST_IO, inst_gauge_read(gauge, missing, ""));
  EXPECT_STATUS(INST_IO, inst_gauge_read(gauge, folder, ""));
  EXPECT_STATUS(INST_IO, inst_gauge_write(gauge, folder, ""));
  EXPECT_STATUS(INST_IO, inst_gauge_write(gauge, "/dev/full", ""));
  EXPECT_STATUS(INST_IO, inst_gauge_write(gauge, "", ""));
  write_file(spoilt_path, "nonsense", 8);
  EXPECT_STATUS(INST_BAD_INPUT, inst_gauge_read(gauge, spoilt_path, ""));
  EXPECT_MESSAGE("ildg or scidac or nersc or milc or openqcd or hirep or ddalphaamg");

  /* A read-only folder; the superuser, who may write anywhere, becomes another user. */
  EXPECT(chmod(folder, 0555) == 0);
  const uid_t user = geteuid();
  if (user == 0) EXPECT(seteuid(65534) == 0);
  EXPECT_STATUS(INST_IO, inst_gauge_write(gauge, missing, ""));
  if (user == 0) EXPECT(seteuid(0) == 0);
  EXPECT(chmod(folder, 0755) == 0);
  EXPECT(access(missing, F_OK) != 0);
  expect_untouched();
}

/* True where the links in direction 3 that leave the last slice are zero, and no others. */
static int is_open(const double *field) {
  for (int site = 0; site < V; site++) {
    for (int mu = 0; mu < 4; mu++) {
      int zeros = 0;
      for (int i = 0; i < LINK; i++) zeros += field[(site * 4 + mu) * LINK + i] == 0.0;
      if ((zeros == LINK) != (mu == 3 && site >= V - V / T)) return 0;
    }
  }
  return 1;
}

/* Absent links of open boundaries are zeros that every call knows; any other zero link is refused. */
static void open_boundaries(void) {
  static const char *const formats[] = {"openqcd", "hirep", "ildg", "milc"};
  static double field[NUMBERS];
  inst_gauge *open, *other;
  EXPECT_OK(inst_gauge_new(lattice, "{group: 'su3', boundary: 'open'}", &open));
  EXPECT_OK(inst_gauge_new(lattice, "{group: 'su3'}", &other));
  EXPECT_OK(inst_gauge_links(open, field));
  EXPECT(is_open(field) && fabs(observed(open, "{type: 'plaquette'}") - 1.0) < 1e-14);
  EXPECT(observed(open, "{type: 'unitarity'}") == 0.0);
  memcpy(field, links, sizeof field);
  for (int site = V - V / T; site < V; site++) memset(field + (site * 4 + 3) * LINK, 0, LINK * sizeof *field);
  EXPECT_OK(inst_gauge_set_links(open, field));
  for (int i = 0; i < COUNT_OF(formats); i++) {
    char spec[64];
    snprintf(spec, sizeof spec, "{format: '%s'}", formats[i]);
    EXPECT_OK(inst_gauge_write(open, path, spec));
    EXPECT_OK(inst_gauge_read(other, path, "{project: true}"));
    EXPECT_OK(inst_gauge_links(other, got));
    EXPECT(is_open(got));
  }
  EXPECT_OK(inst_gauge_smear(open, "{type: 'flow', time: 0.1}"));
  EXPECT_OK(inst_gauge_links(open, got));
  EXPECT(is_open(got));
  double slices[T];
  int64_t count = 0;
  EXPECT_OK(inst_gauge_observe(open, "{type: 'energy_slices'}", T, slices, &count));
  EXPECT(count == T && slices[0] == 0.0 && slices[T - 1] == 0.0 && slices[1] > 0.0 && slices[T - 2] > 0.0);
  memset(field + 7 * LINK, 0, LINK * sizeof *field);
  EXPECT_STATUS(INST_BAD_INPUT, inst_gauge_set_links(open, field));
  EXPECT_MESSAGE("site 1, direction 3");
  EXPECT_STATUS(INST_BAD_SPEC, inst_gauge_new(lattice, "{boundary: 'closed'}", &other));
  EXPECT_MESSAGE("'periodic' or 'open', got 'closed'");
  inst_gauge_free(open);
  inst_gauge_free(other);
}

int main(void) {
  const int64_t extent[4] = {X, Y, Z, T};
  uint64_t random = 5;
  make_folder("instanton-gauge-", folder, sizeof folder);
  snprintf(path, sizeof path, "%s/field", folder);
  snprintf(spoilt_path, sizeof spoilt_path, "%s/spoilt", folder);
  EXPECT_OK(inst_context_new("{threads: 1}", &context));
  EXPECT_OK(inst_lattice_new(context, 4, extent, &lattice));
  EXPECT_OK(inst_gauge_new(lattice, "{group: 'su3'}", &gauge));
  for (int i = 0; i < 4 * V; i++) random_link(links + i * LINK, &random);
  EXPECT_OK(inst_gauge_set_links(gauge, links));
  expect_untouched();
  int64_t count = 0;
  EXPECT_OK(inst_gauge_count(gauge, &count));
  EXPECT(count == NUMBERS);
  EXPECT_STATUS(INST_NULL_ARGUMENT, inst_gauge_count(gauge, NULL));
  EXPECT_STATUS(INST_NULL_ARGUMENT, inst_gauge_count(NULL, &count));

  unit_fields();
  observables();
  smearing();
  charges();
  open_boundaries();
  files();
  damaged_files();
  bad_arguments();
  links_outside_the_group();
  bad_fits();
  unreadable_and_unwritable_files();

  /* A field outlives the lattice and context that it was made from. */
  inst_lattice_free(lattice);
  inst_context_free(context);
  expect_untouched();
  inst_gauge_free(gauge);
  remove(path);
  remove(spoilt_path);
  EXPECT(rmdir(folder) == 0);
  return report("gauge");
}
