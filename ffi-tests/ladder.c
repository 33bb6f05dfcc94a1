/* The section `ladder` of instanton.h. */
#include "expect.h"

enum { L = 6, V = L * L, REPLICAS = 4 };

#define SPEC "{defect: {size: [2], at: [5, 3]}, replicas: 4, tune: 40, action: {type: 'wilson', group: 'u1', beta: 2}}"

static inst_ladder *make(const inst_lattice *lattice, const char *spec) {
  inst_ladder *ladder = NULL;
  EXPECT_OK(inst_ladder_new(lattice, spec, &ladder));
  return ladder;
}

/* A host's links exp(i angle), [site][mu][2]. */
static void links_of(double *links, uint64_t *state) {
  for (int link = 0; link < 2 * V; link++) {
    const double angle = 6.0 * uniform(state);
    links[2 * link] = cos(angle);
    links[2 * link + 1] = sin(angle);
  }
}

/* S with weights of plaquettes, by the host. */
static double action(const double *links, const double *weights) {
  double sum = 0.0;
  for (int site = 0; site < V; site++) {
    const int x = site % L, y = site / L, right = (x + 1) % L + L * y, up = x + L * ((y + 1) % L);
    const int at[4] = {2 * site, 2 * right + 1, 2 * up, 2 * site + 1};
    double angle = 0.0;
    for (int n = 0; n < 4; n++) angle += (n < 2 ? 1.0 : -1.0) * atan2(links[2 * at[n] + 1], links[2 * at[n]]);
    sum += weights[site] * (1.0 - cos(angle));
  }
  return 2.0 * sum;
}

/* Differences of the library are those of weighted plaquettes; weights are products of the factors of links. */
static void expect_differences(const inst_lattice *lattice) {
  inst_ladder *ladder = make(lattice, SPEC);
  double links[4 * V], weights[2][V], factors[V], strength, partner, difference, differences[REPLICAS];
  int64_t rung, at[2], replicas;
  uint64_t state = 9, counter;
  for (int round = 0; round < 60; round++) {
    int is_taken[REPLICAS] = {0, 0, 0, 0};
    EXPECT_OK(inst_ladder_state(ladder, &replicas, &counter));
    EXPECT(replicas == REPLICAS && counter == (uint64_t)round);
    for (int replica = 0; replica < REPLICAS; replica++) {
      const void *const from[1] = {links};
      links_of(links, &state);
      EXPECT_OK(inst_ladder_replica(ladder, replica, &rung, &strength, &partner, at));
      EXPECT(rung >= 0 && rung < REPLICAS && !is_taken[rung]);
      is_taken[rung] = 1;
      EXPECT((rung == 0) == (strength == 1.0) && (rung == REPLICAS - 1) == (strength == 0.0));
      for (int n = 0; n < 2; n++) {
        void *const to[1] = {weights[n]};
        EXPECT_OK(inst_ladder_plaquette_weights(ladder, replica, n == 0 ? strength : partner, 0, 1, NULL, to));
      }
      void *const to[1] = {factors};
      EXPECT_OK(inst_ladder_link_factors(ladder, replica, strength, 1, NULL, to));
      for (int site = 0; site < V; site++) {
        const int x = site % L, y = site / L, right = (x + 1) % L + L * y;
        const int is_across = (x - (int)at[0] + L) % L < 2 && y == at[1];
        EXPECT(factors[site] == (is_across ? strength : 1.0));
        EXPECT(weights[0][site] == factors[site] * factors[right]);
      }
      EXPECT_OK(inst_ladder_link_factors(ladder, replica, strength, 0, NULL, to));
      for (int site = 0; site < V; site++) EXPECT(factors[site] == 1.0);
      EXPECT_OK(inst_ladder_difference(ladder, replica, NULL, from, &difference));
      EXPECT_CLOSE(difference, action(links, weights[1]) - action(links, weights[0]), 1e-12);
      differences[replica] = 0.2 * difference;
    }
    EXPECT_OK(inst_ladder_swap(ladder, REPLICAS, NULL, differences));
  }
  char text[4000];
  int64_t needed;
  EXPECT_OK(inst_ladder_describe(ladder, text, sizeof text, &needed));
  EXPECT(strstr(text, "\"counter\":60") != NULL && strstr(text, "\"swap_acceptances\":[0.") != NULL);
  EXPECT(strstr(text, "\"round_trips\":") != NULL && strstr(text, "\"places\":[[") != NULL);
  inst_ladder_free(ladder);
}

/* Other orders of the host's memory, and layouts of other fields. */
static void expect_layouts(const inst_lattice *lattice) {
  inst_ladder *ladder = make(lattice, SPEC);
  inst_layout *milc, *real, *wide;
  double links[4 * V], difference, by_layout;
  float weights[V];
  uint64_t state = 4;
  char memory[4 * V * sizeof(double)];
  const void *const from[1] = {links}, *const laid[1] = {memory};
  void *const to[1] = {memory}, *const to_weights[1] = {weights};
  inst_gauge *gauge;
  EXPECT_OK(inst_layout_new(lattice, "{order: 'cps', fields: 'u1', boundary: [1, -1]}", &milc));
  EXPECT_OK(inst_layout_new(lattice, "{order: 'milc', fields: 'real', precision: 'f32'}", &real));
  EXPECT_OK(inst_layout_new(lattice, "{fields: 'su2'}", &wide));
  EXPECT_OK(inst_gauge_new(lattice, "{group: 'u1'}", &gauge));
  links_of(links, &state);
  EXPECT_OK(inst_gauge_set_links(gauge, links));
  EXPECT_OK(inst_gauge_export(gauge, milc, to));
  EXPECT_OK(inst_ladder_difference(ladder, 1, NULL, from, &difference));
  EXPECT_OK(inst_ladder_difference(ladder, 1, milc, laid, &by_layout));
  EXPECT(difference == by_layout && difference != 0.0);
  EXPECT_OK(inst_ladder_plaquette_weights(ladder, 0, 0.25, 1, 0, real, to_weights));
  /* Site (5, 3) and its neighbours (4, 3), (0, 3), on which the cuboid of two links begins and ends. */
  int halves = 0, quarters = 0;
  for (int site = 0; site < V; site++) {
    halves += weights[site] == 0.25f;
    quarters += weights[site] == 0.0625f;
  }
  EXPECT(halves == 2 && quarters == 1);

  by_layout = -7.0;
  EXPECT_STATUS(INST_BAD_SHAPE, inst_ladder_difference(ladder, 1, wide, laid, &by_layout));
  EXPECT_MESSAGE("layout: expected one of fields 'u1', got 'su2'");
  EXPECT_STATUS(INST_BAD_SHAPE, inst_ladder_plaquette_weights(ladder, 0, 0.25, 0, 1, milc, to));
  EXPECT_MESSAGE("layout: expected one of fields 'real', got 'u1'");
  /* A link near the defect that is not in the group; others are not looked at. */
  links[2 * (2 * (5 + 3 * L) + 1)] = 2.0;
  EXPECT_STATUS(INST_BAD_INPUT, inst_ladder_difference(ladder, 1, NULL, from, &by_layout));
  EXPECT_MESSAGE("site 23, direction 1: link: expected one within 1e-4 of u1");
  EXPECT(by_layout == -7.0);
  inst_gauge_free(gauge);
  inst_layout_free(milc);
  inst_layout_free(real);
  inst_layout_free(wide);
  inst_ladder_free(ladder);
}

/* A file with any byte changed, or cut, is refused, and the ladder stays. */
static void expect_damage_seen(inst_ladder *ladder, const char *path) {
  static char bytes[1 << 16];
  char before[4000], after[4000];
  int64_t needed;
  FILE *file = fopen(path, "rb");
  EXPECT(file != NULL);
  const size_t size = fread(bytes, 1, sizeof bytes, file);
  fclose(file);
  EXPECT(size > 100 && size < sizeof bytes);
  EXPECT_OK(inst_ladder_describe(ladder, before, sizeof before, &needed));
  for (size_t place = 0; place < size; place += 7) {
    /* Blanks between header and tensors mean nothing. */
    if (bytes[place] == ' ') continue;
    bytes[place] ^= 4;
    file = fopen(path, "wb");
    const size_t kept = place % 2 == 0 ? size : place;
    EXPECT(file != NULL && fwrite(bytes, 1, kept, file) == kept);
    fclose(file);
    EXPECT(inst_ladder_load(ladder, path) != INST_OK);
    bytes[place] ^= 4;
  }
  EXPECT_OK(inst_ladder_describe(ladder, after, sizeof after, &needed));
  EXPECT(strcmp(before, after) == 0);
  file = fopen(path, "wb");
  EXPECT(file != NULL && fwrite(bytes, 1, size, file) == size);
  fclose(file);
  EXPECT_OK(inst_ladder_load(ladder, path));
}

static void expect_resumed(const inst_lattice *lattice) {
  char path[4096], texts[2][4000];
  int64_t needed;
  double differences[REPLICAS];
  inst_ladder *ladders[2] = {make(lattice, SPEC), make(lattice, SPEC)};
  for (int round = 0; round < 60; round++) {
    if (round == 25) {
      EXPECT_OK(inst_ladder_save(ladders[0], temporary("ladder.safetensors", path, sizeof path)));
      EXPECT_OK(inst_ladder_load(ladders[1], path));
    }
    for (int n = 0; n < REPLICAS; n++) differences[n] = sin(1.0 + 4.0 * round + n);
    for (int n = 0; n < (round < 25 ? 1 : 2); n++) EXPECT_OK(inst_ladder_swap(ladders[n], REPLICAS, NULL, differences));
  }
  for (int n = 0; n < 2; n++) EXPECT_OK(inst_ladder_describe(ladders[n], texts[n], sizeof texts[n], &needed));
  EXPECT(strcmp(texts[0], texts[1]) == 0);
  expect_damage_seen(ladders[1], path);
  inst_ladder *other = make(lattice, "{defect: {size: [2], at: [5, 3]}, replicas: 5}");
  EXPECT_STATUS(INST_BAD_SPEC, inst_ladder_load(other, path));
  EXPECT_MESSAGE("spec: expected {");
  EXPECT_STATUS(INST_IO, inst_ladder_load(other, "/nowhere/at/all"));
  EXPECT_STATUS(INST_IO, inst_ladder_save(other, "/nowhere/at/all"));
  for (int n = 0; n < 2; n++) inst_ladder_free(ladders[n]);
  inst_ladder_free(other);
  remove(path);
}

/* ---- communicators -------------------------------------------------------------------------- */

/* A communicator of one rank, whose functions return what they are told to. */
typedef struct {
  int32_t calls, code;
} ranks_type;

static int32_t sendrecv(const void *sent, int64_t sent_bytes, int32_t to, void *received, int64_t received_bytes, int32_t from,
                        void *user) {
  (void)sent, (void)sent_bytes, (void)to, (void)received, (void)received_bytes, (void)from;
  return ((ranks_type *)user)->code;
}

static int32_t allreduce(double *numbers, int64_t count, void *user) {
  (void)numbers;
  EXPECT(count >= 3);
  ((ranks_type *)user)->calls++;
  return ((ranks_type *)user)->code;
}

static int32_t barrier(void *user) {
  return ((ranks_type *)user)->code == 77 ? 77 : 0;
}

static void expect_communicators(const inst_lattice *lattice) {
  const double differences[REPLICAS] = {0.0, 0.0, 0.0, 0.0};
  ranks_type ranks = {0, 0};
  const inst_communicator good = {sizeof good, 0, 1, &ranks, sendrecv, allreduce, barrier};
  inst_communicator bad = good;
  inst_ladder *ladder = make(lattice, SPEC);
  int64_t replicas;
  uint64_t counter;
  EXPECT_STATUS(INST_NULL_ARGUMENT, inst_ladder_connect(ladder, NULL));
  bad.struct_size = 8;
  EXPECT_STATUS(INST_BAD_SHAPE, inst_ladder_connect(ladder, &bad));
  EXPECT_MESSAGE("communicator.struct_size: expected 48, got 8");
  bad = good;
  bad.rank = 1;
  EXPECT_STATUS(INST_BAD_INPUT, inst_ladder_connect(ladder, &bad));
  EXPECT_MESSAGE("communicator.rank: expected 0 to 0, got 1");
  bad.rank = -1;
  EXPECT_STATUS(INST_BAD_INPUT, inst_ladder_connect(ladder, &bad));
  bad = good;
  bad.size = 0;
  EXPECT_STATUS(INST_BAD_INPUT, inst_ladder_connect(ladder, &bad));
  EXPECT_MESSAGE("communicator.size: expected at least 1, got 0");
  bad = good;
  bad.allreduce = NULL;
  EXPECT_STATUS(INST_NULL_ARGUMENT, inst_ladder_connect(ladder, &bad));
  EXPECT_MESSAGE("communicator.allreduce");
  EXPECT(ranks.calls == 0);

  EXPECT_OK(inst_ladder_connect(ladder, &good));
  EXPECT_OK(inst_ladder_swap(ladder, REPLICAS, NULL, differences));
  EXPECT(ranks.calls == 2);
  /* A function that fails ends the call with its number, and the ladder stays. */
  ranks.code = 5;
  EXPECT_STATUS(INST_STOPPED, inst_ladder_swap(ladder, REPLICAS, NULL, differences));
  EXPECT_MESSAGE("communicator.allreduce: expected 0, got 5");
  EXPECT_OK(inst_ladder_state(ladder, &replicas, &counter));
  EXPECT(counter == 1);
  ranks.code = 77;
  EXPECT_STATUS(INST_STOPPED, inst_ladder_save(ladder, "/nowhere/at/all"));
  EXPECT_MESSAGE("communicator.barrier: expected 0, got 77");
  ranks.code = 0;
  EXPECT_OK(inst_ladder_swap(ladder, REPLICAS, NULL, differences));
  inst_ladder_free(ladder);
}

static void expect_faults(const inst_lattice *lattice) {
  inst_ladder *ladder = NULL, *plain = make(lattice, "{defect: {size: [2]}, strengths: [1, 0.5, 0]}");
  double number = -7.0, field[V];
  int64_t rung = -7, at[2], twice[3] = {0, 1, 1};
  void *const to[1] = {field}, *const nowhere[1] = {NULL};
  const void *const from[1] = {field};
  const double differences[3] = {0.0, NAN, 0.0}, zeros[3] = {0.0, 0.0, 0.0};
  EXPECT_STATUS(INST_BAD_SPEC, inst_ladder_new(lattice, NULL, &ladder));
  EXPECT_MESSAGE("ladder: missing key 'defect'");
  EXPECT_STATUS(INST_BAD_SPEC, inst_ladder_new(lattice, "{defect: {size: [2]}, replicas: 1}", &ladder));
  EXPECT_MESSAGE("ladder: replicas: expected 2 to 1024, got 1");
  EXPECT_STATUS(INST_BAD_SPEC, inst_ladder_new(lattice, "{defect: {size: [2], strength: 1}, replicas: 2}", &ladder));
  EXPECT_STATUS(INST_BAD_SPEC, inst_ladder_new(lattice, "{defect: {size: [9]}, replicas: 2}", &ladder));
  EXPECT(ladder == NULL);
  EXPECT_STATUS(INST_BAD_INPUT, inst_ladder_replica(plain, 3, &rung, &number, &number, at));
  EXPECT_MESSAGE("replica: expected 0 to 2, got 3");
  EXPECT_STATUS(INST_BAD_INPUT, inst_ladder_replica(plain, -1, &rung, &number, &number, at));
  EXPECT_STATUS(INST_BAD_SHAPE, inst_ladder_link_factors(plain, 0, 1.0, 2, NULL, to));
  EXPECT_STATUS(INST_BAD_SHAPE, inst_ladder_link_factors(plain, 0, 1.0, -1, NULL, to));
  EXPECT_STATUS(INST_BAD_INPUT, inst_ladder_link_factors(plain, 0, NAN, 1, NULL, to));
  EXPECT_STATUS(INST_NULL_ARGUMENT, inst_ladder_link_factors(plain, 0, 1.0, 1, NULL, nowhere));
  EXPECT_MESSAGE("base[0]");
  EXPECT_STATUS(INST_BAD_SHAPE, inst_ladder_plaquette_weights(plain, 0, 1.0, 1, 1, NULL, to));
  EXPECT_STATUS(INST_UNSUPPORTED, inst_ladder_difference(plain, 0, NULL, from, &number));
  EXPECT_STATUS(INST_BAD_SHAPE, inst_ladder_swap(plain, 4, NULL, zeros));
  EXPECT_MESSAGE("count: expected 0 to 3 replicas, got 4");
  EXPECT_STATUS(INST_BAD_SHAPE, inst_ladder_swap(plain, -1, NULL, zeros));
  EXPECT_STATUS(INST_BAD_INPUT, inst_ladder_swap(plain, 3, NULL, differences));
  EXPECT_STATUS(INST_BAD_INPUT, inst_ladder_swap(plain, 3, twice, zeros));
  EXPECT_MESSAGE("replicas: expected each once, got 1 twice");
  EXPECT_STATUS(INST_BAD_INPUT, inst_ladder_swap(plain, 2, NULL, zeros));
  EXPECT_MESSAGE("replicas: expected replica 2 on one of the ranks, got it on none");
  EXPECT_STATUS(INST_NULL_ARGUMENT, inst_ladder_swap(plain, 3, NULL, NULL));
  EXPECT(rung == -7 && number == -7.0);
  inst_ladder_free(plain);
  inst_ladder_free(NULL);
}

int main(void) {
  const int64_t extent[2] = {L, L};
  inst_context *context;
  inst_lattice *lattice;
  EXPECT_OK(inst_context_new("{threads: 2, seed: 3}", &context));
  EXPECT_OK(inst_lattice_new(context, 2, extent, &lattice));
  expect_differences(lattice);
  expect_layouts(lattice);
  expect_resumed(lattice);
  expect_communicators(lattice);
  expect_faults(lattice);
  inst_lattice_free(lattice);
  inst_context_free(context);
  return report("ladder");
}
