/* Threads of the host: objects that are const are used by eight at once, and contexts beside each other. Built with
 * ThreadSanitizer as well (make test-sanitizers). */
#include "workload.h"

#include <pthread.h>

enum { THREADS = 8, ROUNDS = 2, V = 64, BATCH = 20, SITES = 4 * 4 * 4 * 4, LINKS = SITES * 4 * 18, SPINOR = SITES * 24 };

static char folder[4096];

/* Objects that all threads use, made by the first one. */
static world_type world;
static inst_proposal *proposal;
static inst_chain *chain;
static inst_action *wilson;
static inst_gauge *gauge;
static inst_layout *layout;
static inst_dirac *dirac;
static double fields[BATCH * V], source[SPINOR];

static void make(void) {
  const int64_t extent[4] = {4, 4, 4, 4};
  inst_lattice *lattice;
  uint64_t random = 3;
  world = make_world("{threads: 2}", 8);
  EXPECT_OK(inst_proposal_new(world.model, NULL, NULL, &proposal));
  EXPECT_OK(inst_chain_new(world.action, NULL, "{start: 'hot'}", &chain));
  EXPECT_OK(inst_lattice_new(world.context, 4, extent, &lattice));
  EXPECT_OK(inst_action_new(lattice, "{type: 'wilson', group: 'su3', beta: 6}", &wilson));
  EXPECT_OK(inst_gauge_new(lattice, NULL, &gauge));
  EXPECT_OK(inst_layout_new(lattice, "{order: 'qdp'}", &layout));
  EXPECT_OK(inst_dirac_new(gauge, "{type: 'wilson', kappa: 0.1}", &dirac));
  inst_lattice_free(lattice);
  for (int i = 0; i < BATCH * V; i++) fields[i] = 0.3 * normal(&random);
  for (int i = 0; i < SPINOR; i++) source[i] = normal(&random);
}

/* One round with the shared objects: every function that takes const objects alone. */
static uint64_t round_of(int thread) {
  uint64_t hash = UINT64_C(14695981039346656037);
  double *large = malloc(sizeof(double) * LINKS), *links = malloc(sizeof(double) * LINKS);
  double *result = malloc(sizeof(double) * BATCH * V);
  double log_q[BATCH], number, pair[4];
  char text[600], path[4200];
  int64_t count = 0;
  int32_t base = 0;
  const int64_t x[4] = {1, 2, 3, 0};
  inst_action *refreshed;
  inst_proposal *other;
  EXPECT(large != NULL && links != NULL && result != NULL);
  EXPECT_OK(inst_action_value(world.action, BATCH, fields, log_q));
  digest(&hash, log_q, sizeof log_q);
  EXPECT_OK(inst_action_gradient(world.action, BATCH, fields, result));
  digest(&hash, result, sizeof(double) * BATCH * V);
  EXPECT_OK(inst_model_sample(world.model, 5, BATCH, result, log_q));
  digest(&hash, result, sizeof(double) * BATCH * V);
  EXPECT_OK(inst_model_log_density(world.model, BATCH, fields, log_q));
  digest(&hash, log_q, sizeof log_q);
  EXPECT_OK(inst_model_describe(world.model, text, sizeof text, &count));
  snprintf(path, sizeof path, "%s/model-%d", folder, thread);
  EXPECT_OK(inst_model_save(world.model, path));
  EXPECT(unlink(path) == 0);
  EXPECT_OK(inst_proposal_new(world.model, world.action, NULL, &other));
  inst_proposal_free(other);
  EXPECT_OK(inst_propose(proposal, 7, fields, result, &number));
  digest(&hash, result, sizeof(double) * V);
  EXPECT_OK(inst_chain_field(chain, result));
  digest(&hash, result, sizeof(double) * V);
  EXPECT_OK(inst_gauge_links(gauge, links));
  EXPECT_OK(inst_action_value(wilson, 1, links, &number));
  EXPECT_OK(inst_action_gradient(wilson, 1, links, large));
  digest(&hash, large, sizeof(double) * LINKS);
  EXPECT_STATUS(INST_UNSUPPORTED, inst_action_refresh(wilson, 1, links, &refreshed));
  EXPECT_OK(inst_gauge_observe(gauge, "{type: 'plaquette'}", 1, &number, &count));
  EXPECT(number == 1.0);
  const size_t part = sizeof(double) * LINKS / 4;
  void *out[4];
  const void *in[4];
  for (int mu = 0; mu < 4; mu++) in[mu] = out[mu] = (char *)large + mu * part;
  EXPECT_OK(inst_layout_offset(layout, x, 2, 1, 0, 1, &base, &count));
  EXPECT_OK(inst_gauge_export(gauge, layout, out));
  digest(&hash, large, sizeof(double) * LINKS);
  EXPECT_OK(inst_layout_import(layout, in, links));
  digest(&hash, links, sizeof(double) * LINKS);
  EXPECT_OK(inst_dirac_apply(dirac, "normal", 1, source, large));
  digest(&hash, large, sizeof(double) * SPINOR);
  EXPECT_OK(inst_dirac_solve(dirac, NULL, 1, source, large, NULL));
  digest(&hash, large, sizeof(double) * SPINOR);
  EXPECT_OK(inst_dirac_spectrum(dirac, "{of: 'normal', tolerance: 1e-4}", 1, pair, NULL));
  EXPECT_STATUS(INST_BAD_SPEC, inst_gauge_observe(gauge, "{type: 'none'}", 1, &number, &count));
  EXPECT_MESSAGE("none");
  free(result);
  free(links);
  free(large);
  return hash;
}

static pthread_barrier_t start;
static uint64_t results[THREADS][ROUNDS];

static void *rounds(void *argument) {
  const int thread = (int)(intptr_t)argument;
  pthread_barrier_wait(&start);
  for (int i = 0; i < ROUNDS; i++) results[thread][i] = round_of(thread);
  return NULL;
}

static void *whole(void *spec) {
  const uint64_t hash = work(spec, folder);
  return (void *)(uintptr_t)hash;
}

static void eight_at_once(void) {
  pthread_t threads[THREADS];
  make();
  const uint64_t alone = round_of(0);
  EXPECT(pthread_barrier_init(&start, NULL, THREADS) == 0);
  for (intptr_t i = 0; i < THREADS; i++) EXPECT(pthread_create(&threads[i], NULL, rounds, (void *)i) == 0);
  for (int i = 0; i < THREADS; i++) EXPECT(pthread_join(threads[i], NULL) == 0);
  for (int i = 0; i < THREADS; i++)
    for (int k = 0; k < ROUNDS; k++) EXPECT(results[i][k] == alone);
  inst_dirac_free(dirac);
  inst_layout_free(layout);
  inst_gauge_free(gauge);
  inst_action_free(wilson);
  inst_chain_free(chain);
  inst_proposal_free(proposal);
  free_world(world);
}

static void two_contexts_at_once(void) {
  static char first[] = "{threads: 2}", second[] = "{threads: 1, seed: 9}";
  pthread_t threads[2];
  void *got[2];
  const uint64_t expected[2] = {work(first, folder), work(second, folder)};
  EXPECT(expected[0] != expected[1]);
  EXPECT(pthread_create(&threads[0], NULL, whole, first) == 0 && pthread_create(&threads[1], NULL, whole, second) == 0);
  for (int i = 0; i < 2; i++) {
    EXPECT(pthread_join(threads[i], &got[i]) == 0);
    EXPECT((uint64_t)(uintptr_t)got[i] == expected[i]);
  }
}

int main(void) {
  make_folder("instanton-threads-", folder, sizeof folder);
  eight_at_once();
  two_contexts_at_once();
  EXPECT(rmdir(folder) == 0);
  return report("threads");
}
