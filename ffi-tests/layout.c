/* The section `layouts` of instanton.h. The orders of other codes are written down independently here, by walking
 * through a host's memory from its first matrix to its last and recording which link each one is. */
#include "expect.h"

#include <complex.h>
#include <stddef.h>

enum { MOST_DIMENSIONS = 4, MOST_NUMBERS = 18, MOST_LINKS = 1 << 16 };

static inst_context *context;
static uint64_t state = 20240229;

/* The link that each matrix in memory holds. */
typedef struct {
  int64_t x[MOST_DIMENSIONS];
  int mu, base;
  int64_t matrix; /* index from the base pointer */
} place_type;

static place_type places[MOST_LINKS];
static int count;
static int dimensions;
static int64_t extent[MOST_DIMENSIONS];
static int64_t next[MOST_DIMENSIONS]; /* next matrix of each base pointer */

static void put(const int64_t *x, int mu, int base) {
  place_type *place = &places[count++];
  EXPECT(count < MOST_LINKS);
  memcpy(place->x, x, sizeof place->x);
  place->mu = mu;
  place->base = base;
  place->matrix = next[base]++;
}

static int64_t volume(void) {
  int64_t sites = 1;
  for (int mu = 0; mu < dimensions; mu++) sites *= extent[mu];
  return sites;
}

static int parity(const int64_t *x) { return (int)((x[0] + x[1] + x[2] + x[3]) % 2); }

/* The next site where directions run in the given order, the fastest first; 0 behind the last one. */
static int step(int64_t *x, const int *fastest_first) {
  for (int i = 0; i < dimensions; i++) {
    const int mu = fastest_first[i];
    if (++x[mu] < extent[mu]) return 1;
    x[mu] = 0;
  }
  return 0;
}

static const int forward[] = {0, 1, 2, 3}, z_first[] = {2, 1, 0, 3}, t_first[] = {3, 0, 1, 2};

static void walk_lexicographic(int is_link) {
  int64_t x[MOST_DIMENSIONS] = {0};
  do {
    for (int mu = 0; mu < (is_link ? dimensions : 1); mu++) put(x, mu, 0);
  } while (step(x, forward));
}

static void walk_julia(int is_link) {
  int64_t x[MOST_DIMENSIONS] = {0};
  do {
    for (int mu = 0; mu < (is_link ? dimensions : 1); mu++) put(x, mu, mu);
  } while (step(x, forward));
}

static void walk_tmlqcd(int is_link) {
  int64_t x[MOST_DIMENSIONS] = {0};
  do {
    for (int i = 0; i < (is_link ? 4 : 1); i++) put(x, is_link ? t_first[i] : 0, 0);
  } while (step(x, z_first));
}

/* One direction after the other for each site (milc, cps), or all sites of one direction (qdp, tifr, bqcd). */
static void walk_parities(int first_mu, int last_mu, int base, int64_t padding) {
  for (int odd = 0; odd < 2; odd++) {
    int64_t x[MOST_DIMENSIONS] = {0};
    do {
      for (int mu = first_mu; parity(x) == odd && mu <= last_mu; mu++) put(x, mu, base);
    } while (step(x, forward));
    next[base] += padding;
  }
}

static void walk_milc(int is_link) { walk_parities(0, is_link ? dimensions - 1 : 0, 0, 0); }

static void walk_qdp(int is_link) {
  for (int mu = 0; mu < (is_link ? dimensions : 1); mu++) walk_parities(mu, mu, mu, 0);
}

static void walk_tifr(int is_link) {
  for (int mu = 0; mu < (is_link ? dimensions : 1); mu++) walk_parities(mu, mu, 0, 0);
}

static void walk_bqcd(int is_link) {
  int64_t half = extent[0] / 2 + 2;
  for (int mu = 1; mu < dimensions; mu++) half *= extent[mu] + 2;
  for (int mu = 0; mu < (is_link ? dimensions : 1); mu++) walk_parities(mu, mu, 0, half - volume() / 2);
}

static void walk_openqcd(int is_link) {
  int64_t block[4], at[4], x[4];
  for (int mu = 0; mu < 4; mu++) {
    block[mu] = extent[mu];
    if (mu < 3) block[mu] = extent[mu] % 4 == 0 ? 4 : extent[mu] % 3 == 0 ? 3 : extent[mu] % 2 == 0 ? 2 : 1;
  }
  for (int odd = is_link; odd < 2; odd++)
    for (at[0] = 0; at[0] < extent[0]; at[0] += block[0])
      for (at[1] = 0; at[1] < extent[1]; at[1] += block[1])
        for (at[2] = 0; at[2] < extent[2]; at[2] += block[2])
          for (x[3] = 0; x[3] < extent[3]; x[3]++)
            for (x[0] = at[0]; x[0] < at[0] + block[0]; x[0]++)
              for (x[1] = at[1]; x[1] < at[1] + block[1]; x[1]++)
                for (x[2] = at[2]; x[2] < at[2] + block[2]; x[2]++) {
                  if (parity(x) != odd) continue;
                  if (!is_link) put(x, 0, 0);
                  for (int i = 0; is_link && i < 4; i++) {
                    int64_t back[4];
                    memcpy(back, x, sizeof back);
                    back[t_first[i]] = (x[t_first[i]] + extent[t_first[i]] - 1) % extent[t_first[i]];
                    put(x, t_first[i], 0);
                    put(back, t_first[i], 0);
                  }
                }
}

static const struct {
  const char *name;
  void (*walk)(int is_link);
  int is_column_major, has_bases, least_dimensions;
} orders[] = {
    {"lexicographic", walk_lexicographic, 0, 0, 2}, {"milc", walk_milc, 0, 0, 2}, {"cps", walk_milc, 1, 0, 2},
    {"qdp", walk_qdp, 0, 1, 2}, {"tifr", walk_tifr, 1, 0, 2}, {"bqcd", walk_bqcd, 1, 0, 2},
    {"tmlqcd", walk_tmlqcd, 0, 0, 4}, {"openqcd", walk_openqcd, 0, 0, 4}, {"julia", walk_julia, 1, 1, 2},
};

/* Groups, and real fields with N = 0. */
static const struct {
  const char *name;
  int N;
} kinds[] = {{"su3", 3}, {"su2", 2}, {"u1", 1}, {"real", 0}};

/* A matrix of the group: a diagonal of phases, turned by rotations, all of determinant 1 but for N = 1. */
static void random_link(double complex link[3][3], int N) {
  double angle[3] = {7.0 * uniform(&state), 7.0 * uniform(&state), 0.0};
  if (N == 2) angle[1] = -angle[0];
  if (N == 3) angle[2] = -angle[0] - angle[1];
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++) link[i][j] = i == j ? cexp(I * angle[i]) : 0.0;
  for (int turn = 0; turn < N; turn++) {
    const int i = turn, j = (turn + 1) % N;
    const double c = cos(9.0 * uniform(&state)), s = sqrt(1.0 - c * c);
    for (int k = 0; N > 1 && k < N; k++) {
      const double complex a = link[i][k], b = link[j][k];
      link[i][k] = c * a - s * I * b;
      link[j][k] = c * b - s * I * a;
    }
  }
}

static int64_t site(const int64_t *x) {
  int64_t index = 0;
  for (int mu = dimensions; mu-- > 0;) index = index * extent[mu] + x[mu];
  return index;
}

/* Sign that MILC (time first) or other codes multiply links by; -1 for antiperiodic fields in the last direction. */
static double sign(const place_type *place, const char *phases) {
  const int64_t *x = place->x;
  const int last = dimensions - 1;
  int64_t sum = 0;
  for (int nu = 0; nu < place->mu; nu++) sum += x[nu];
  if (strstr(phases, "'time'") != NULL) sum = place->mu == last ? 0 : sum + x[last];
  if (strstr(phases, "staggered") == NULL) sum = 0;
  if (strstr(phases, "boundary") != NULL && place->mu == last && x[last] == extent[last] - 1) sum++;
  return (sum % 2 == 0 ? 1.0 : -1.0) * (strstr(phases, "scale") != NULL ? 0.25 : 1.0);
}

static void set_number(char *host, int is_single, int64_t number, double value) {
  const float single = (float)value;
  if (is_single) {
    memcpy(host + number * (int64_t)sizeof single, &single, sizeof single);
  } else {
    memcpy(host + number * (int64_t)sizeof value, &value, sizeof value);
  }
}

/* A host's field: its import gives the expected field; its export gives the host's memory back, bit for bit. */
static void test_order(int order, int kind, int is_single, const char *phases) {
  const int N = kinds[kind].N, is_link = N > 0, reals = is_link ? 2 * N * N : 1;
  const int64_t links = volume() * (is_link ? dimensions : 1);
  char spec[512];
  inst_lattice *lattice;
  inst_layout *layout;
  int32_t bases;
  int64_t bytes;
  snprintf(spec, sizeof spec, "{order: '%s', fields: '%s', precision: '%s'%s}", orders[order].name, kinds[kind].name,
           is_single ? "f32" : "f64", phases);
  EXPECT_OK(inst_lattice_new(context, dimensions, extent, &lattice));
  EXPECT_OK(inst_layout_new(lattice, spec, &layout));
  count = 0;
  memset(next, 0, sizeof next);
  orders[order].walk(is_link);
  EXPECT(count == links);

  EXPECT_OK(inst_layout_size(layout, &bases, &bytes));
  const int expected_bases = is_link && orders[order].has_bases ? dimensions : 1;
  EXPECT(bases == expected_bases);
  int64_t numbers;
  EXPECT_OK(inst_layout_count(layout, &numbers));
  EXPECT(numbers == (int64_t)links * reals);
  /* Memory with margins around the field, which begins one byte off any aligned address. */
  char *block[MOST_DIMENSIONS], *before[MOST_DIMENSIONS], *host[MOST_DIMENSIONS];
  const int64_t size = bytes + 33;
  for (int base = 0; base < bases; base++) {
    block[base] = malloc((size_t)size);
    before[base] = malloc((size_t)size);
    memset(block[base], 0x5a, (size_t)size);
    host[base] = block[base] + 1;
  }
  double *expected = malloc((size_t)(links * reals) * sizeof *expected);
  double *fields = malloc((size_t)(links * reals) * sizeof *fields);
  int64_t furthest = 0;
  for (int i = 0; i < count; i++) {
    const place_type *place = &places[i];
    double complex link[3][3];
    double values[MOST_NUMBERS] = {normal(&state)};
    if (is_link) random_link(link, N);
    for (int k = 0; is_link && k < reals; k++) {
      const double complex z = link[k / 2 / N][k / 2 % N];
      values[k] = k % 2 == 0 ? creal(z) : cimag(z);
    }
    for (int k = 0; k < reals; k++) {
      const int row = is_link ? k / 2 / N : 0, column = is_link ? k / 2 % N : 0;
      const int transposed = is_link ? 2 * (column * N + row) + k % 2 : 0;
      const int64_t number = place->matrix * reals + (orders[order].is_column_major ? transposed : k);
      const double factor = sign(place, phases), value = is_single ? (double)(float)values[k] : values[k];
      if (k == i % reals) {
        int32_t base;
        int64_t offset;
        EXPECT_OK(inst_layout_offset(layout, place->x, place->mu, row, column, is_link ? k % 2 : 0, &base, &offset));
        EXPECT(base == place->base && offset == number * (is_single ? 4 : 8));
      }
      furthest = number > furthest ? number : furthest;
      set_number(host[place->base], is_single, number, value * factor);
      expected[(site(place->x) * (is_link ? dimensions : 1) + place->mu) * reals + k] = value;
    }
  }
  EXPECT(bytes == (furthest + 1) * (is_single ? 4 : 8));

  EXPECT_OK(inst_layout_import(layout, (const void *const *)host, fields));
  EXPECT(memcmp(fields, expected, (size_t)(links * reals) * sizeof *fields) == 0);
  for (int base = 0; base < bases; base++) {
    memcpy(before[base], block[base], (size_t)size);
    for (int i = 0; i < count; i++) {
      for (int k = 0; k < reals && places[i].base == base; k++) {
        set_number(host[base], is_single, places[i].matrix * reals + k, 77.0);
      }
    }
  }
  EXPECT_OK(inst_layout_export(layout, fields, (void *const *)host));
  for (int base = 0; base < bases; base++) EXPECT(memcmp(before[base], block[base], (size_t)size) == 0);

  if (is_link) {
    inst_gauge *gauge;
    char group[64];
    snprintf(group, sizeof group, "{group: '%s'}", kinds[kind].name);
    EXPECT_OK(inst_gauge_new(lattice, group, &gauge));
    EXPECT_OK(inst_gauge_import(gauge, layout, (const void *const *)host));
    memset(fields, 0, (size_t)(links * reals) * sizeof *fields);
    EXPECT_OK(inst_gauge_links(gauge, fields));
    EXPECT(memcmp(fields, expected, (size_t)(links * reals) * sizeof *fields) == 0);
    for (int base = 0; base < bases; base++) memset(host[base], 0x33, (size_t)bytes);
    EXPECT_OK(inst_gauge_export(gauge, layout, (void *const *)host));
    const int64_t width = reals * (is_single ? 4 : 8);
    for (int i = 0; i < count; i++) {
      const int64_t at = places[i].matrix * width;
      EXPECT(memcmp(host[places[i].base] + at, before[places[i].base] + 1 + at, (size_t)width) == 0);
    }
    /* Of two links outside the group the worse one is named, with its place; the field is unchanged. */
    const place_type *bad = &places[count / 3], *worse = &places[count / 2];
    set_number(host[bad->base], is_single, bad->matrix * reals, 3.0);
    set_number(host[worse->base], is_single, worse->matrix * reals, 9.0);
    EXPECT_STATUS(INST_BAD_INPUT, inst_gauge_import(gauge, layout, (const void *const *)host));
    char named[256];
    int length = snprintf(named, sizeof named, "at site [");
    for (int mu = 0; mu < dimensions; mu++) {
      length += snprintf(named + length, sizeof named - (size_t)length, mu > 0 ? ", %d" : "%d", (int)worse->x[mu]);
    }
    length += snprintf(named + length, sizeof named - (size_t)length, "], direction %d (base[%d] + %ld bytes)", worse->mu,
                       worse->base, (long)(worse->matrix * reals * (is_single ? 4 : 8)));
    EXPECT_MESSAGE(named);
    EXPECT_MESSAGE(kinds[kind].name);
    memset(fields, 0, (size_t)(links * reals) * sizeof *fields);
    EXPECT_OK(inst_gauge_links(gauge, fields));
    EXPECT(memcmp(fields, expected, (size_t)(links * reals) * sizeof *fields) == 0);
    inst_gauge_free(gauge);
  }
  for (int base = 0; base < bases; base++) {
    free(block[base]);
    free(before[base]);
  }
  free(expected);
  free(fields);
  inst_layout_free(layout);
  inst_lattice_free(lattice);
}

static void test_orders(void) {
  static const struct {
    int dimensions;
    int64_t extent[MOST_DIMENSIONS];
  } lattices[] = {{4, {4, 4, 4, 8}}, {4, {6, 2, 4, 2}}, {4, {8, 6, 2, 4}}, {4, {2, 2, 2, 2}}, {3, {4, 3, 6, 1}}, {2, {6, 5, 1, 1}}};
  static const char *phases[] = {"", ", staggered: 'time', boundary: [1, 1, 1, -1]", ", staggered: 'x', scale: 0.25"};
  for (int i = 0; i < (int)(sizeof lattices / sizeof *lattices); i++) {
    dimensions = lattices[i].dimensions;
    memcpy(extent, lattices[i].extent, sizeof extent);
    for (int order = 0; order < (int)(sizeof orders / sizeof *orders); order++) {
      if (dimensions < orders[order].least_dimensions) continue;
      for (int kind = 0; kind < 4; kind++) {
        for (int is_single = 0; is_single < 2; is_single++) {
          test_order(order, kind, is_single, "");
          for (int p = 1; p < 3 && dimensions == 4 && kinds[kind].N > 0; p++) test_order(order, kind, is_single, phases[p]);
        }
      }
    }
  }
}

/* A host's record of a site, as in codes with one structure for each site. */
typedef struct {
  double momentum;
  int32_t x, y;
  float link[2][2][2][2]; /* direction, column, row, imaginary part */
  double field;
} record_type;

static void test_strides(void) {
  enum { X = 4, Y = 3, V = X * Y };
  static record_type sites[V];
  static const int64_t two[] = {X, Y};
  double links[V][2][2][2][2], got[V][2][2][2][2], field[V], again[V];
  inst_lattice *lattice;
  inst_layout *layout;
  inst_gauge *gauge;
  char spec[256];
  int32_t bases, base;
  int64_t bytes, offset;
  EXPECT_OK(inst_lattice_new(context, 2, two, &lattice));
  EXPECT_OK(inst_gauge_new(lattice, "{group: 'su2'}", &gauge));
  for (int i = 0; i < V; i++) {
    for (int mu = 0; mu < 2; mu++) {
      double complex link[3][3];
      random_link(link, 2);
      for (int row = 0; row < 2; row++)
        for (int column = 0; column < 2; column++) {
          sites[i].link[mu][column][row][0] = (float)creal(link[row][column]);
          sites[i].link[mu][column][row][1] = (float)cimag(link[row][column]);
          for (int part = 0; part < 2; part++) links[i][mu][row][column][part] = sites[i].link[mu][column][row][part];
        }
    }
    sites[i].field = normal(&state);
  }
  /* Links inside records of sites, x fastest. */
  const int wide = sizeof(record_type) / sizeof(float);
  snprintf(spec, sizeof spec,
           "{order: 'strides', fields: 'su2', precision: 'f32', strides: {site: [%d, %d], direction: 8, row: 2, column: 4}}",
           wide, X * wide);
  EXPECT_OK(inst_layout_new(lattice, spec, &layout));
  void *start = sites[0].link;
  EXPECT_OK(inst_gauge_import(gauge, layout, (const void *const *)&start));
  EXPECT_OK(inst_gauge_links(gauge, &got[0][0][0][0][0]));
  EXPECT(memcmp(got, links, sizeof got) == 0);
  EXPECT_OK(inst_layout_size(layout, &bases, &bytes));
  EXPECT(bases == 1 && bytes == (V - 1) * (int64_t)sizeof(record_type) + (int64_t)sizeof sites[0].link);
  static const int64_t place[] = {3, 2};
  EXPECT_OK(inst_layout_offset(layout, place, 1, 0, 1, 1, &base, &offset));
  EXPECT(base == 0 && offset == (const char *)&sites[3 + 2 * X].link[1][1][0][1] - (const char *)start);
  EXPECT_STATUS(INST_BAD_SHAPE, inst_layout_import(layout, (const void *const *)&start, &got[0][0][0][0][0]) == INST_OK
                                    ? inst_layout_offset(layout, place, 2, 0, 0, 0, &base, &offset)
                                    : INST_OK);
  EXPECT_MESSAGE("mu: expected 0 to 1, got 2");
  inst_layout_free(layout);

  /* Real numbers inside records, in the host's own order: the last site first. */
  const int narrow = sizeof(record_type) / sizeof(double);
  int64_t table[V];
  for (int i = 0; i < V; i++) table[i] = (int64_t)(V - 1 - i) * narrow;
  static const char *const of_table[] = {"{order: 'strides', fields: 'real', strides: {}}",
                                         "{order: 'strides', fields: 'real'}"};
  for (int n = 0; n < 2; n++) {
    if (n > 0) inst_layout_free(layout);
    EXPECT_OK(inst_layout_new_with_sites(lattice, of_table[n], table, &layout));
    start = &sites[0].field;
    EXPECT_OK(inst_layout_import(layout, (const void *const *)&start, field));
    for (int i = 0; i < V; i++) EXPECT(field[i] == sites[V - 1 - i].field);
  }
  for (int i = 0; i < V; i++) field[i] += 1.0;
  EXPECT_OK(inst_layout_export(layout, field, &start));
  EXPECT_OK(inst_layout_import(layout, (const void *const *)&start, again));
  EXPECT(memcmp(field, again, sizeof field) == 0 && sites[0].link[0][0][0][0] == (float)links[0][0][0][0][0]);
  inst_layout_free(layout);

  /* One array for each direction, real and imaginary parts separate: [imaginary][row][column][site]. */
  snprintf(spec, sizeof spec,
           "{order: 'strides', fields: 'su2', strides: {site: [1, %d], row: %d, column: %d, imaginary: %d}}", X, 2 * V, V,
           4 * V);
  EXPECT_OK(inst_layout_new(lattice, spec, &layout));
  EXPECT_OK(inst_layout_size(layout, &bases, &bytes));
  EXPECT(bases == 2 && bytes == 8 * V * (int64_t)sizeof(double));
  static double apart[2][2][2][2][V];
  void *both[2] = {apart[0], apart[1]};
  EXPECT_OK(inst_gauge_export(gauge, layout, both));
  for (int i = 0; i < V; i++)
    for (int k = 0; k < 16; k++) {
      const int mu = k / 8, row = k / 4 % 2, column = k / 2 % 2, part = k % 2;
      EXPECT(apart[mu][part][row][column][i] == links[i][mu][row][column][part]);
    }
  both[1] = NULL;
  EXPECT_STATUS(INST_NULL_ARGUMENT, inst_gauge_export(gauge, layout, both));
  EXPECT_MESSAGE("base[1]");
  inst_layout_free(layout);
  inst_gauge_free(gauge);
  inst_lattice_free(lattice);
}

static void test_factors(void) {
  static const int64_t four[] = {4, 2, 2, 4};
  enum { V = 64, NUMBERS = V * 4 * 2 };
  static double host[NUMBERS], links[NUMBERS], again[NUMBERS];
  inst_lattice *lattice;
  inst_layout *plain, *layout;
  EXPECT_OK(inst_lattice_new(context, 4, four, &lattice));
  EXPECT_OK(inst_layout_new(lattice, "{fields: 'u1'}", &plain));
  EXPECT_OK(inst_layout_new(lattice, "{fields: 'u1', boundary: [{angle: 0.3}, 1, 1, -1], scale: [1, 1, 1, 3.5]}", &layout));
  for (int i = 0; i < NUMBERS; i += 2) {
    const double angle = 7.0 * uniform(&state);
    links[i] = cos(angle);
    links[i + 1] = sin(angle);
  }
  void *start = host;
  EXPECT_OK(inst_layout_export(layout, links, &start));
  for (int i = 0; i < V; i++) {
    const int x = i % 4, t = i / 16;
    for (int mu = 0; mu < 4; mu++) {
      double complex factor = mu == 3 ? 3.5 : 1.0;
      if (mu == 0 && x == 3) factor *= cexp(0.3 * I);
      if (mu == 3 && t == 3) factor = -factor;
      const int at = (i * 4 + mu) * 2;
      const double complex z = (links[at] + I * links[at + 1]) * factor;
      EXPECT_CLOSE(host[at], creal(z), 1e-14);
      EXPECT_CLOSE(host[at + 1], cimag(z), 1e-14);
    }
  }
  EXPECT_OK(inst_layout_import(layout, (const void *const *)&start, again));
  for (int i = 0; i < NUMBERS; i++) EXPECT_CLOSE(again[i], links[i], 1e-15);
  /* A scale that the spec does not state is not undone: scaled links are not in the group. */
  EXPECT_STATUS(INST_BAD_INPUT, inst_layout_import(plain, (const void *const *)&start, again));
  EXPECT_MESSAGE("links: expected links within 1e-4 of u1, got one off by 1.125e1 at site [0, 0, 0, 0], direction 3 (base[0] + 48 bytes)");
  inst_layout_free(plain);
  EXPECT_OK(inst_layout_new(lattice, "{fields: 'u1', verify: false}", &plain));
  EXPECT_OK(inst_layout_import(plain, (const void *const *)&start, again));
  EXPECT(memcmp(host, again, sizeof host) == 0);
  host[40] = NAN;
  EXPECT_STATUS(INST_BAD_INPUT, inst_layout_import(plain, (const void *const *)&start, again));
  EXPECT_MESSAGE("expected finite numbers, got another at site [1, 1, 0, 0], direction 0 (base[0] + 320 bytes)");
  EXPECT_STATUS(INST_BAD_INPUT, inst_layout_import(layout, (const void *const *)&start, again));
  EXPECT_MESSAGE("off by NaN at site [1, 1, 0, 0], direction 0");
  EXPECT_STATUS(INST_BAD_INPUT, inst_layout_export(plain, host, &start));
  inst_layout_free(plain);
  inst_layout_free(layout);
  inst_lattice_free(lattice);
}

static void expect_refused(const inst_lattice *lattice, inst_status status, const char *spec, const char *message) {
  inst_layout *layout = NULL;
  EXPECT_STATUS(status, inst_layout_new(lattice, spec, &layout));
  EXPECT_MESSAGE(message);
  EXPECT(layout == NULL);
}

static void test_refusals(void) {
  static const int64_t odd[] = {3, 4, 4, 4}, half_odd[] = {4, 3, 4, 4}, plane[] = {4, 4};
  inst_lattice *uneven, *mixed, *flat;
  EXPECT_OK(inst_lattice_new(context, 4, odd, &uneven));
  EXPECT_OK(inst_lattice_new(context, 4, half_odd, &mixed));
  EXPECT_OK(inst_lattice_new(context, 2, plane, &flat));
  expect_refused(flat, INST_BAD_SPEC, "{order: 'grid'}", "order: expected 'lexicographic' or");
  expect_refused(flat, INST_BAD_SPEC, "{ordre: 'milc'}", "unknown key");
  expect_refused(flat, INST_BAD_SPEC, "{fields: 'su4'}", "fields: expected");
  expect_refused(flat, INST_UNSUPPORTED, "{order: 'openqcd'}", "order: expected one that has 2 dimensions, got 'openqcd'");
  expect_refused(flat, INST_UNSUPPORTED, "{order: 'tmlqcd'}", "got 'tmlqcd'");
  expect_refused(mixed, INST_BAD_SHAPE, "{order: 'openqcd'}", "expected even extents, got 4 x 3 x 4 x 4");
  expect_refused(uneven, INST_BAD_SHAPE, "{order: 'milc'}", "expected an even extent of x, got 3 x 4 x 4 x 4");
  expect_refused(flat, INST_BAD_SPEC, "{boundary: [1, 0]}", "boundary: expected phases of modulus 1");
  expect_refused(flat, INST_BAD_SPEC, "{boundary: [1, 2]}", "boundary: expected");
  expect_refused(flat, INST_BAD_SPEC, "{boundary: [1]}", "boundary: expected 2 factors, got 1");
  expect_refused(flat, INST_BAD_SPEC, "{scale: 0}", "scale: expected a number that can be divided by, got 0");
  expect_refused(flat, INST_BAD_SPEC, "{scale: [1, 1, 1]}", "scale: expected 2 numbers, got 3");
  expect_refused(flat, INST_BAD_SPEC, "{fields: 'real', scale: 2}", "scale: expected none for real fields");
  expect_refused(flat, INST_BAD_SPEC, "{fields: 'real', staggered: 'x'}", "staggered: expected none for real fields");
  expect_refused(flat, INST_BAD_SPEC, "{fields: 'real', boundary: [1, -1]}", "boundary: expected none for real fields");
  expect_refused(flat, INST_BAD_SPEC, "{order: 'strides'}", "strides: expected an object");
  expect_refused(flat, INST_BAD_SPEC, "{order: 'milc', strides: {}}", "strides: expected none but with order 'strides'");
  expect_refused(flat, INST_BAD_SPEC, "{order: 'strides', strides: {}}", "strides.site: expected a list, or a table");
  expect_refused(flat, INST_BAD_SPEC, "{order: 'strides', strides: {site: [1]}}", "strides.site: expected 2 numbers, got 1");
  expect_refused(flat, INST_BAD_SPEC, "{order: 'strides', strides: {site: [1, -4]}}", "expected a whole number of at least 0");
  expect_refused(flat, INST_BAD_SPEC, "{order: 'strides', fields: 'real', strides: {site: [1, 4], row: 2}}", "'site' alone");
  expect_refused(flat, INST_BAD_SHAPE, "{order: 'strides', fields: 'real', strides: {site: [1, 3]}}",
                 "strides: expected a place of its own for each number");
  expect_refused(flat, INST_BAD_SHAPE, "{order: 'strides', strides: {site: [18, 72], direction: 17}}", "place of its own");
  expect_refused(flat, INST_BAD_SHAPE, "{order: 'strides', fields: 'real', strides: {site: [1, 400]}}",
                 "strides: expected places within 1024 numbers, got 1204");
  expect_refused(flat, INST_BAD_SHAPE, "{order: 'strides', fields: 'real', strides: {site: [1, 9223372036854775807]}}",
                 "places that can be counted");
  inst_layout *layout = NULL;
  int64_t table[16] = {0};
  EXPECT_STATUS(INST_BAD_SPEC, inst_layout_new_with_sites(flat, "{order: 'milc'}", table, &layout));
  EXPECT_STATUS(INST_BAD_SPEC, inst_layout_new_with_sites(flat, "{order: 'strides', strides: {site: [1, 4]}}", table, &layout));
  EXPECT_STATUS(INST_BAD_SHAPE, inst_layout_new_with_sites(flat, "{order: 'strides', strides: {}}", table, &layout));
  table[5] = -1;
  EXPECT_STATUS(INST_BAD_SHAPE, inst_layout_new_with_sites(flat, "{order: 'strides', strides: {}}", table, &layout));
  EXPECT_MESSAGE("sites[5]: expected at least 0, got -1");
  EXPECT(layout == NULL);

  /* Numbers too large for f32, and objects of another lattice or group. */
  double field[16] = {1e300};
  float narrow[16] = {5.0f};
  void *start = narrow;
  EXPECT_OK(inst_layout_new(flat, "{fields: 'real', precision: 'f32'}", &layout));
  EXPECT_STATUS(INST_BAD_INPUT, inst_layout_export(layout, field, &start));
  EXPECT_MESSAGE("got 1e300 at index 0");
  EXPECT(narrow[0] == 5.0f);
  inst_gauge *gauge, *other;
  EXPECT_OK(inst_gauge_new(flat, NULL, &gauge));
  EXPECT_OK(inst_gauge_new(mixed, NULL, &other));
  EXPECT_STATUS(INST_BAD_SHAPE, inst_gauge_export(gauge, layout, &start));
  EXPECT_MESSAGE("layout: expected one of su3 links, got one of real");
  EXPECT_STATUS(INST_BAD_SHAPE, inst_gauge_import(other, layout, (const void *const *)&start));
  EXPECT_MESSAGE("4 x 3 x 4 x 4");
  inst_layout_free(layout);
  inst_gauge_free(other);
  inst_gauge_free(gauge);
  inst_lattice_free(flat);
  inst_lattice_free(mixed);
  inst_lattice_free(uneven);
}

static void test_nulls(void) {
  static const int64_t plane[] = {4, 4};
  const int64_t table[16] = {0};
  double field[16] = {0.0};
  void *start = field;
  inst_lattice *lattice;
  inst_layout *layout, *none = NULL;
  inst_gauge *gauge;
  int32_t number;
  int64_t bytes;
  EXPECT_OK(inst_lattice_new(context, 2, plane, &lattice));
  EXPECT_OK(inst_layout_new(lattice, "{fields: 'real'}", &layout));
  EXPECT_OK(inst_gauge_new(lattice, NULL, &gauge));
#define EXPECT_NULL(argument, call)              \
  do {                                           \
    EXPECT_STATUS(INST_NULL_ARGUMENT, call);     \
    EXPECT_MESSAGE(argument ": expected a pointer, got NULL"); \
  } while (0)
  EXPECT_NULL("lattice", inst_layout_new(NULL, NULL, &none));
  EXPECT_NULL("out", inst_layout_new(lattice, NULL, NULL));
  EXPECT_NULL("lattice", inst_layout_new_with_sites(NULL, NULL, table, &none));
  EXPECT_NULL("sites", inst_layout_new_with_sites(lattice, NULL, NULL, &none));
  EXPECT_NULL("out", inst_layout_new_with_sites(lattice, NULL, table, NULL));
  EXPECT_NULL("layout", inst_layout_size(NULL, &number, &bytes));
  EXPECT_NULL("bases", inst_layout_size(layout, NULL, &bytes));
  EXPECT_NULL("bytes", inst_layout_size(layout, &number, NULL));
  EXPECT_NULL("layout", inst_layout_count(NULL, &bytes));
  EXPECT_NULL("count", inst_layout_count(layout, NULL));
  EXPECT_NULL("layout", inst_layout_offset(NULL, plane, 0, 0, 0, 0, &number, &bytes));
  EXPECT_NULL("x", inst_layout_offset(layout, NULL, 0, 0, 0, 0, &number, &bytes));
  EXPECT_NULL("base", inst_layout_offset(layout, table, 0, 0, 0, 0, NULL, &bytes));
  EXPECT_NULL("offset", inst_layout_offset(layout, table, 0, 0, 0, 0, &number, NULL));
  EXPECT_NULL("layout", inst_layout_import(NULL, (const void *const *)&start, field));
  EXPECT_NULL("base", inst_layout_import(layout, NULL, field));
  EXPECT_NULL("fields", inst_layout_import(layout, (const void *const *)&start, NULL));
  EXPECT_NULL("layout", inst_layout_export(NULL, field, &start));
  EXPECT_NULL("fields", inst_layout_export(layout, NULL, &start));
  EXPECT_NULL("base", inst_layout_export(layout, field, NULL));
  EXPECT_NULL("gauge", inst_gauge_import(NULL, layout, (const void *const *)&start));
  EXPECT_NULL("layout", inst_gauge_import(gauge, NULL, (const void *const *)&start));
  EXPECT_NULL("gauge", inst_gauge_export(NULL, layout, &start));
  EXPECT_NULL("layout", inst_gauge_export(gauge, NULL, &start));
  EXPECT_STATUS(INST_BAD_SHAPE, inst_layout_offset(layout, plane, 0, 0, 0, 0, &number, &bytes));
  EXPECT_MESSAGE("x[0]: expected 0 to 3, got 4");
  EXPECT_STATUS(INST_BAD_SHAPE, inst_layout_offset(layout, table, 0, 0, 0, 1, &number, &bytes));
  EXPECT_MESSAGE("imaginary: expected 0 to 0, got 1");
  EXPECT_STATUS(INST_BAD_INPUT, inst_layout_size((const inst_layout *)lattice, &number, &bytes));
  EXPECT_MESSAGE("layout: expected an object of kind layout, got an object of kind lattice");
  EXPECT(none == NULL);
  inst_layout_free(NULL);
  inst_gauge_free(gauge);
  inst_layout_free(layout);
  inst_lattice_free(lattice);
}

int main(void) {
  EXPECT_OK(inst_context_new("{threads: 2}", &context));
  test_nulls();
  test_orders();
  test_strides();
  test_factors();
  test_refusals();
  inst_context_free(context);
  return report("layout");
}
