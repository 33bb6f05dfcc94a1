/* Every long call reports its progress, and ends where the watch of its thread asks it to. */
#include "expect.h"

#include <pthread.h>
#include <time.h>

enum { L = 4, V = L * L * L * L, LINKS = V * 4 * 2 * 4, SPINOR = V * 4 * 2 * 2, SOURCES = 4000 };

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* The reports of a call, and the time at which the watch asked it to stop. */
typedef struct {
  char work[32];
  int64_t reports, done, total;
  double last, shortest, asked;
  int32_t stop_at;
} heard_type;

static int32_t hear(const char *work, int64_t done, int64_t total, double figure, void *user) {
  heard_type *heard = user;
  const double time = now();
  EXPECT(strlen(work) < sizeof heard->work && done >= heard->done && (total == 0 || done <= total));
  EXPECT(heard->reports == 0 || strcmp(work, heard->work) == 0);
  EXPECT(!isinf(figure));
  strcpy(heard->work, work);
  if (heard->reports > 0 && time - heard->last < heard->shortest) heard->shortest = time - heard->last;
  heard->reports++;
  heard->last = time;
  heard->done = done;
  heard->total = total;
  if (heard->reports < heard->stop_at) return 0;
  heard->asked = time;
  return 6;
}

static heard_type heard;

static void begin(void) {
  memset(&heard, 0, sizeof heard);
  heard.stop_at = 2;
  heard.shortest = 1e9;
  EXPECT_OK(inst_watch(hear, &heard));
}

/* Checks that the call ended within a second after the watch asked it to stop. */
static void ended(const char *work, inst_status status) {
  char text[80];
  const double late = now() - heard.asked;
  snprintf(text, sizeof text, "watch callback: expected 0, got 6 during '%s'", work);
  EXPECT_STATUS(INST_STOPPED, status);
  EXPECT_MESSAGE(text);
  EXPECT(heard.reports == heard.stop_at && strcmp(heard.work, work) == 0);
  EXPECT(late < 1.0);
  EXPECT(heard.shortest > 0.0999);
  EXPECT_OK(inst_watch(NULL, NULL));
}

static double *filled(int64_t count, double number) {
  double *array = malloc(sizeof(double) * (size_t)count);
  EXPECT(array != NULL);
  for (int64_t i = 0; i < count; i++) array[i] = number;
  return array;
}

static void untouched(const double *array, int64_t count, double number) {
  for (int64_t i = 0; i < count; i++) {
    if (array[i] != number) EXPECT(array[i] == number);
  }
}

static void same_links(const inst_gauge *gauge, const double *links) {
  static double got[LINKS];
  EXPECT_OK(inst_gauge_links(gauge, got));
  EXPECT(memcmp(got, links, sizeof got) == 0);
}

static void chains(const inst_lattice *lattice, const inst_lattice *plane) {
  static const struct {
    const char *action, *chain, *work;
  } cases[] = {
      {"{type: 'wilson', group: 'su2', beta: 2}", "{start: 'hot', steps: 1000000}", "trajectory"},
      {"{type: 'iwasaki', group: 'su2', beta: 2}", "{start: 'hot', steps: 1000000}", "trajectory"},
      {"{type: 'wilson', group: 'su2', beta: 2}", "{type: 'heatbath', start: 'hot', overrelaxation: 1000000}", "heatbath"},
      {"{type: 'sum', terms: [{type: 'wilson', group: 'su2', beta: 2}, {type: 'iwasaki', group: 'su2', beta: 1}]}",
       "{start: 'hot', steps: 1000000, levels: [{terms: [0], steps: 2}]}", "trajectory"},
      {"{type: 'two_flavour', group: 'su2', dirac: {type: 'wilson', kappa: 0.05}}", "{start: 'hot', steps: 1000000}", "trajectory"},
      {"{type: 'rational', group: 'su2', flavours: 1, range: [0.1, 1000], dirac: {type: 'wilson', kappa: 0.05}}",
       "{start: 'hot', steps: 1000000}", "trajectory"},
      {NULL, "{start: 'hot', steps: 1000000}", "trajectory"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    static double before[LINKS], after[LINKS];
    inst_action *action;
    inst_chain *chain;
    int32_t accepted = -7;
    double value = -7.0, delta = -7.0;
    const inst_lattice *where = cases[i].action != NULL ? lattice : plane;
    EXPECT_OK(inst_action_new(where, cases[i].action != NULL ? cases[i].action : FORM_A, &action));
    EXPECT_OK(inst_chain_new(action, NULL, cases[i].chain, &chain));
    EXPECT_OK(inst_chain_field(chain, before));
    begin();
    ended(cases[i].work, inst_chain_step(chain, &accepted, &value, &delta));
    EXPECT(accepted == -7 && value == -7.0 && delta == -7.0);
    EXPECT_OK(inst_chain_field(chain, after));
    EXPECT(memcmp(before, after, sizeof before) == 0);
    inst_chain_free(chain);
    inst_action_free(action);
  }
}

static void solves(const inst_gauge *gauge) {
  static const char *solvers[] = {"cg", "cg_even_odd", "mixed", "block", "faer_cg", "faer_bicgstab", "faer_lsmr"};
  inst_dirac *dirac;
  double *source = filled((int64_t)SOURCES * SPINOR, 1.0), *solution = filled((int64_t)SOURCES * SPINOR, -7.0);
  uint64_t state = 5;
  for (int64_t i = 0; i < (int64_t)SOURCES * SPINOR; i++) source[i] = uniform(&state) - 0.5;
  EXPECT_OK(inst_dirac_new(gauge, "{type: 'wilson', kappa: 0.12}", &dirac));
  for (size_t i = 0; i < sizeof solvers / sizeof *solvers; i++) {
    char spec[64];
    inst_solve_report report = {sizeof report, -7, -7.0, -7.0};
    snprintf(spec, sizeof spec, "{solver: '%s', keep_best: true}", solvers[i]);
    begin();
    ended("solve", inst_dirac_solve(dirac, spec, SOURCES, source, solution, &report));
    EXPECT(report.iterations == -7 && report.residual == -7.0);
    untouched(solution, (int64_t)SOURCES * SPINOR, -7.0);
  }
  /* A search for low modes inside a solve is reported as part of the solve. */
  begin();
  ended("solve", inst_dirac_solve(dirac, "{solver: 'deflated', modes: 40}", SOURCES, source, solution, NULL));
  begin();
  for (int n = 0; heard.reports < 3; n++) {
    const inst_status status = inst_dirac_apply(dirac, "normal", SOURCES, source, solution);
    if (status != INST_OK) {
      ended("apply", status);
      break;
    }
    EXPECT(n < 1000);
    heard.done = 0;
  }
  free(source);
  free(solution);
  inst_dirac_free(dirac);
}

static void spectra(const inst_gauge *gauge) {
  static const struct {
    const char *spec;
    int64_t count;
  } cases[] = {
      {"{of: 'normal', method: 'chebyshev', tolerance: 1e-30, max_restarts: 1000000000}", 4},
      {"{of: 'normal', method: 'krylov', tolerance: 1e-30, max_restarts: 1000000000}", 4},
      {"{of: 'dirac', method: 'krylov', tolerance: 1e-30, max_restarts: 1000000000}", 4},
      {"{of: 'hermitian', which: 'largest_real', method: 'krylov', tolerance: 1e-30, max_restarts: 1000000000}", 4},
      {"{of: 'dirac', method: 'dense'}", SPINOR / 2},
      {"{of: 'singular', method: 'dense'}", SPINOR / 2},
  };
  inst_dirac *dirac;
  double *values = filled(SPINOR, -7.0);
  EXPECT_OK(inst_dirac_new(gauge, "{type: 'wilson', kappa: 0.12}", &dirac));
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    begin();
    ended("spectrum", inst_dirac_spectrum(dirac, cases[i].spec, cases[i].count, values, NULL));
    untouched(values, SPINOR, -7.0);
  }
  free(values);
  inst_dirac_free(dirac);
}

static void smoothing(inst_gauge *gauge, const double *links) {
  static const char *smears[][2] = {{"{type: 'stout', rho: 0.01, steps: 1000000}", "smear"},
                                    {"{type: 'ape', alpha: 0.1, steps: 1000000}", "smear"},
                                    {"{type: 'flow', time: 10000}", "flow"}};
  double values[2] = {-7.0, -7.0};
  int64_t count = -7;
  for (size_t i = 0; i < sizeof smears / sizeof *smears; i++) {
    begin();
    ended(smears[i][1], inst_gauge_smear(gauge, smears[i][0]));
    same_links(gauge, links);
  }
  begin();
  ended("scales", inst_gauge_observe(gauge, "{type: 'scales', step: 1e-4}", 2, values, &count));
  EXPECT(values[0] == -7.0 && values[1] == -7.0 && count == -7);
}

static void models(const world_type *world) {
  enum { FIELDS = 1 << 20 };
  double *fields = filled((int64_t)FIELDS * 16, 0.1), *numbers = filled(FIELDS, -7.0);
  inst_model *large;
  EXPECT_OK(inst_model_new(world->lattice, "{layers: 64, hidden: [16, 16]}", &large));
  begin();
  ended("densities", inst_model_log_density(large, FIELDS, fields, numbers));
  untouched(numbers, FIELDS, -7.0);
  begin();
  ended("samples", inst_model_sample(large, 0, FIELDS, fields, numbers));
  untouched(fields, (int64_t)FIELDS * 16, 0.1);
  untouched(numbers, FIELDS, -7.0);
  begin();
  ended("training", inst_model_train(large, world->action, "{steps: 1000000}", NULL, NULL));
  /* The model is that of the last step, fit for use. */
  EXPECT_OK(inst_model_sample(large, 0, 1, fields, numbers));
  inst_model_free(large);
  free(fields);
  free(numbers);
}

/* A watch belongs to its thread: calls of another thread are not reported to it. */
static void *elsewhere(void *chain) {
  int32_t accepted;
  double value, delta;
  EXPECT_OK(inst_chain_step(chain, &accepted, &value, &delta));
  return NULL;
}

static int32_t replace_itself(const char *work, int64_t done, int64_t total, double figure, void *user) {
  (void)work, (void)done, (void)total, (void)figure;
  ++*(int *)user;
  EXPECT_OK(inst_watch(NULL, NULL));
  return 0;
}

static void threads(const inst_lattice *lattice) {
  static double fields[3][LINKS];
  inst_action *action;
  int count = 0;
  EXPECT_OK(inst_action_new(lattice, "{type: 'wilson', group: 'su2', beta: 2}", &action));
  for (int watched = 0; watched < 3; watched++) {
    inst_chain *chain;
    int32_t accepted;
    double value, delta;
    EXPECT_OK(inst_chain_new(action, NULL, "{start: 'hot', steps: 3000, length: 2}", &chain));
    if (watched == 1) {
      /* Results are the same with and without a watch, and a watch may end itself. */
      EXPECT_OK(inst_watch(replace_itself, &count));
      EXPECT_OK(inst_chain_step(chain, &accepted, &value, &delta));
      EXPECT(count == 1);
    } else if (watched == 2) {
      pthread_t thread;
      begin();
      heard.stop_at = 1;
      EXPECT(pthread_create(&thread, NULL, elsewhere, chain) == 0 && pthread_join(thread, NULL) == 0);
      EXPECT(heard.reports == 0);
      EXPECT_OK(inst_watch(NULL, NULL));
    } else {
      EXPECT_OK(inst_chain_step(chain, &accepted, &value, &delta));
    }
    EXPECT_OK(inst_chain_field(chain, fields[watched]));
    EXPECT(memcmp(fields[0], fields[watched], sizeof *fields) == 0);
    inst_chain_free(chain);
  }
  inst_action_free(action);
}

int main(void) {
  static double links[LINKS];
  const int64_t extents[4] = {L, L, L, L};
  world_type world = make_world("{threads: 2}", 4);
  inst_lattice *lattice, *plane;
  inst_gauge *gauge;
  inst_action *action;
  inst_chain *chain;
  EXPECT_OK(inst_lattice_new(world.context, 4, extents, &lattice));
  EXPECT_OK(inst_gauge_new(lattice, "{group: 'su2'}", &gauge));
  EXPECT_OK(inst_action_new(lattice, "{type: 'wilson', group: 'su2', beta: 2}", &action));
  EXPECT_OK(inst_chain_new(action, NULL, "{start: 'hot'}", &chain));
  EXPECT_OK(inst_chain_field(chain, links));
  EXPECT_OK(inst_gauge_set_links(gauge, links));
  threads(lattice);
  /* On 64 x 64 sites the longest trajectory takes seconds on any machine. */
  EXPECT_OK(inst_lattice_new(world.context, 2, (const int64_t[]){64, 64}, &plane));
  chains(lattice, plane);
  inst_lattice_free(plane);
  smoothing(gauge, links);
  solves(gauge);
  spectra(gauge);
  models(&world);
  inst_chain_free(chain);
  inst_action_free(action);
  inst_gauge_free(gauge);
  inst_lattice_free(lattice);
  free_world(world);
  return report("watch");
}
