/* Trains a diffusion model for any action of phi^4 theory in two dimensions on fields of the library's own chain, and saves it.
 *
 *   train_diffusion L ACTION FIELDS OUT MODEL [TRAIN [PROPOSAL [COUNT [CONTEXT]]]]
 *
 *   L          extent of the lattice
 *   ACTION     spec of inst_action_new, {type: 'phi4', form: 'kappa', kappa: 0.21, lambda: 0.022}
 *   FIELDS     number of fields to train on
 *   OUT        file to write
 *   MODEL      spec of inst_model_new, or L0:FILE, a file of a model for L0 x L0 sites that is taken to L x L
 *   TRAIN      spec of inst_model_train        {}
 *   PROPOSAL   spec of inst_proposal_new       {type: 'path_ratio', steps: 100}
 *   COUNT      proposals at the end, 0 for none                     1000
 *   CONTEXT    spec of inst_context_new        {}
 *
 * The chain is one of embedded clusters, which visits both modes of a broken phase; every fifth field is kept. At each tenth of the
 * training a line tells step, loss and seconds. At the end <phi^2> and the susceptibility <M^2>/V, M the sum of a field, are printed of
 * the fields of training, of the proposals as they are, which are biased, and of the chain that accepts or rejects them, which is exact.
 */
#define _XOPEN_SOURCE 600
#include "instanton.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CHAIN "{type: 'cluster', sweeps: 2, start: 'hot'}"
#define THERMALISATION 500
#define BETWEEN 5

static void check(inst_status status, const char *what) {
  if (status != INST_OK) {
    fprintf(stderr, "%s: status %d: %s\n", what, (int)status, inst_last_error());
    exit(EXIT_FAILURE);
  }
}

static double *allocate(size_t count) {
  double *numbers = malloc(sizeof(double) * (count > 0 ? count : 1));
  if (numbers == NULL) {
    fprintf(stderr, "out of memory\n");
    exit(EXIT_FAILURE);
  }
  return numbers;
}

static int64_t positive(const char *text, const char *what) {
  char *rest;
  const int64_t number = strtol(text, &rest, 10);
  if (rest == text || *rest != '\0' || number < 1) {
    fprintf(stderr, "%s: expected a number of at least 1, got %s\n", what, text);
    exit(EXIT_FAILURE);
  }
  return number;
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* Uniform in (0, 1): splitmix64. */
static double uniform(uint64_t *state) {
  uint64_t x = *state += UINT64_C(0x9e3779b97f4a7c15);
  x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
  return ((double)((x ^ (x >> 31)) >> 11) + 0.5) * 0x1.0p-53;
}

static int32_t progress(int64_t step, int64_t steps, double loss, double ess, void *user) {
  static double sum = 0.0;
  static int64_t count = 0;
  (void)ess;
  sum += loss;
  count++;
  if (step % (steps / 10 + 1) == 0 || step == steps) {
    fprintf(stderr, "step %lld of %lld  mean loss %.5f  %.0f s\n", (long long)step, (long long)steps, sum / (double)count,
            now() - *(double *)user);
    sum = 0.0;
    count = 0;
  }
  return 0;
}

/* Fields of a chain, one after the other. */
static double *fields_of_chain(const inst_action *action, int64_t count, size_t volume) {
  double *fields = allocate((size_t)count * volume);
  inst_chain *chain;
  int32_t accepted;
  double value, delta;
  check(inst_chain_new(action, NULL, CHAIN, &chain), "inst_chain_new");
  for (int64_t step = 1 - THERMALISATION; step <= BETWEEN * count; step++) {
    check(inst_chain_step(chain, &accepted, &value, &delta), "inst_chain_step");
    if (step > 0 && step % BETWEEN == 0)
      check(inst_chain_field(chain, fields + (size_t)(step / BETWEEN - 1) * volume), "inst_chain_field");
  }
  inst_chain_free(chain);
  return fields;
}

/* A model from a spec, or from a file for other extents. */
static inst_model *first_model(const inst_context *context, const inst_lattice *lattice, const char *text) {
  inst_model *model, *larger;
  inst_lattice *own;
  char *rest;
  const int64_t length = strtol(text, &rest, 10), extent[2] = {length, length};
  if (rest == text || *rest != ':') {
    check(inst_model_new(lattice, text, &model), "inst_model_new");
    return model;
  }
  check(inst_lattice_new(context, 2, extent, &own), "inst_lattice_new");
  check(inst_model_load(own, rest + 1, &model), "inst_model_load");
  check(inst_model_transfer(model, lattice, &larger), "inst_model_transfer");
  inst_model_free(model);
  inst_lattice_free(own);
  return larger;
}

/* Series of what is measured. */
typedef struct {
  int64_t count;
  double *phi_squared, *susceptibility;
} series_type;

static series_type new_series(int64_t most) {
  const series_type series = {0, allocate((size_t)most), allocate((size_t)most)};
  return series;
}

static void measure(series_type *series, const double *field, size_t volume) {
  double sum = 0.0, squares = 0.0;
  for (size_t x = 0; x < volume; x++) {
    sum += field[x];
    squares += field[x] * field[x];
  }
  series->phi_squared[series->count] = squares / (double)volume;
  series->susceptibility[series->count++] = sum * sum / (double)volume;
}

/* Prints means with errors, nan where a series is too short to tell one, and gives the series back. */
static void print_series(const char *what, series_type *series) {
  double *const all[2] = {series->phi_squared, series->susceptibility};
  double mean[2], error[2], tau, tau_error;
  for (int i = 0; i < 2; i++) {
    mean[i] = 0.0;
    for (int64_t k = 0; k < series->count; k++) mean[i] += all[i][k] / (double)series->count;
    if (inst_autocorrelation(series->count, all[i], &mean[i], &error[i], &tau, &tau_error) != INST_OK) error[i] = NAN;
    free(all[i]);
  }
  printf("%-12s <phi^2> %.5f +- %.5f, <M^2>/V %.4f +- %.4f\n", what, mean[0], error[0], mean[1], error[1]);
}

/* Proposals as they are, and the chain that accepts or rejects them, from a field of the chain that was trained on. */
static void judge(const inst_action *action, const inst_proposal *proposal, const double *first, int64_t count, size_t volume) {
  double *current = allocate(volume), *proposed = allocate(volume), value, next, log_ratio;
  series_type raw = new_series(count), chain = new_series(count);
  uint64_t state = 7;
  int64_t accepted = 0;
  memcpy(current, first, sizeof(double) * volume);
  check(inst_action_value(action, 1, current, &value), "inst_action_value");
  for (int64_t n = 0; n < count; n++) {
    check(inst_propose(proposal, (uint64_t)n, current, proposed, &log_ratio), "inst_propose");
    check(inst_action_value(action, 1, proposed, &next), "inst_action_value");
    measure(&raw, proposed, volume);
    if (log(uniform(&state)) < value - next + log_ratio) {
      memcpy(current, proposed, sizeof(double) * volume);
      value = next;
      accepted++;
    }
    measure(&chain, current, volume);
  }
  printf("%lld proposals, accepted %.3f\n", (long long)count, (double)accepted / (double)count);
  print_series("as they are", &raw);
  print_series("chain", &chain);
  free(current);
  free(proposed);
}

int main(int count, char **arguments) {
  inst_context *context;
  inst_lattice *lattice;
  inst_action *action;
  inst_proposal *proposal;
  if (count < 6 || count > 10) {
    fprintf(stderr, "usage: train_diffusion L ACTION FIELDS OUT MODEL [TRAIN [PROPOSAL [COUNT [CONTEXT]]]]\n");
    return EXIT_FAILURE;
  }
  const char *train = count > 6 ? arguments[6] : "", *kind = count > 7 ? arguments[7] : "{type: 'path_ratio', steps: 100}";
  const int64_t length = positive(arguments[1], "L"), fields_count = positive(arguments[3], "FIELDS");
  const int64_t proposals = count > 8 && strcmp(arguments[8], "0") == 0 ? 0 : count > 8 ? positive(arguments[8], "COUNT") : 1000;
  const int64_t extent[2] = {length, length};
  const size_t volume = (size_t)(length * length);
  check(inst_context_new(count > 9 ? arguments[9] : "", &context), "inst_context_new");
  check(inst_lattice_new(context, 2, extent, &lattice), "inst_lattice_new");
  check(inst_action_new(lattice, arguments[2], &action), "inst_action_new");
  inst_model *model = first_model(context, lattice, arguments[5]);
  double start = now();
  double *fields = fields_of_chain(action, fields_count, volume);
  printf("%lld fields in %.0f s\n", (long long)fields_count, now() - start);
  start = now();
  check(inst_model_train_on(model, fields_count, fields, train, progress, &start), "inst_model_train_on");
  check(inst_model_save(model, arguments[4]), "inst_model_save");
  printf("%s: trained in %.0f s\n", arguments[4], now() - start);

  series_type of_training = new_series(fields_count);
  for (int64_t n = 0; n < fields_count; n++) measure(&of_training, fields + (size_t)n * volume, volume);
  print_series("training", &of_training);
  if (proposals > 0) {
    check(inst_proposal_new(model, action, kind, &proposal), "inst_proposal_new");
    start = now();
    judge(action, proposal, fields, proposals, volume);
    printf("%.2f ms for a proposal\n", 1e3 * (now() - start) / (double)proposals);
    inst_proposal_free(proposal);
  }
  free(fields);
  inst_model_free(model);
  inst_action_free(action);
  inst_lattice_free(lattice);
  inst_context_free(context);
  return EXIT_SUCCESS;
}
