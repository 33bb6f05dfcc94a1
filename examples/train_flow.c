/* Trains a flow for any action of scalars in two dimensions, from the start or from a model for other extents, and saves it.
 *
 *   train_flow L ACTION OUT MODEL [TRAIN [CONTEXT]]
 *
 *   L          extent of the lattice
 *   ACTION     spec of inst_action_new, {type: 'phi4', mass_squared: -4, lambda: 5.276}
 *   OUT        file to write
 *   MODEL      spec of inst_model_new, or L0:FILE, a file of a model for L0 x L0 sites that is taken to L x L
 *   TRAIN      spec of inst_model_train        {}
 *   CONTEXT    spec of inst_context_new        {}
 *
 * Every half minute, and at each tenth of the training, a line tells step, loss, effective sample size and seconds. At the end log Z
 * and the effective sample size come from 10^4 samples, unless the layers are for annealed paths, which samples alone do not judge.
 */
#define _XOPEN_SOURCE 600
#include "instanton.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SAMPLES 10000
#define TOGETHER 100

static void check(inst_status status, const char *what) {
  if (status != INST_OK) {
    fprintf(stderr, "%s: status %d: %s\n", what, (int)status, inst_last_error());
    exit(EXIT_FAILURE);
  }
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

typedef struct {
  double start, shown;
} progress_type;

static int32_t progress(int64_t step, int64_t steps, double loss, double ess, void *user) {
  progress_type *state = user;
  const double time = now();
  if (step % (steps / 10 + 1) == 0 || step == steps || time - state->shown > 30.0) {
    state->shown = time;
    fprintf(stderr, "step %lld of %lld  loss %.4f  ess %.3f  %.0f s\n", (long long)step, (long long)steps, loss, ess,
            time - state->start);
  }
  return 0;
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

/* log Z and the effective sample size by reweighting. */
static void judge(const inst_action *action, const inst_model *model, size_t volume) {
  double *fields = malloc(sizeof(double) * TOGETHER * volume), *log_weights = malloc(sizeof(double) * SAMPLES);
  double log_q[TOGETHER], values[TOGETHER], ess, ess_error, log_z, log_z_error;
  if (fields == NULL || log_weights == NULL) {
    fprintf(stderr, "out of memory\n");
    exit(EXIT_FAILURE);
  }
  for (int first = 0; first < SAMPLES; first += TOGETHER) {
    check(inst_model_sample(model, (uint64_t)first, TOGETHER, fields, log_q), "inst_model_sample");
    check(inst_action_value(action, TOGETHER, fields, values), "inst_action_value");
    for (int i = 0; i < TOGETHER; i++) log_weights[first + i] = -values[i] - log_q[i];
  }
  check(inst_reweighting(SAMPLES, log_weights, &ess, &ess_error, &log_z, &log_z_error), "inst_reweighting");
  printf("effective sample size %.4f +- %.4f, log Z %.5f +- %.5f\n", ess, ess_error, log_z, log_z_error);
  free(fields);
  free(log_weights);
}

int main(int count, char **arguments) {
  progress_type state = {0.0, 0.0};
  inst_context *context;
  inst_lattice *lattice;
  inst_action *action;
  if (count < 5 || count > 7) {
    fprintf(stderr, "usage: train_flow L ACTION OUT MODEL [TRAIN [CONTEXT]]\n");
    return EXIT_FAILURE;
  }
  const char *train = count > 5 ? arguments[5] : "";
  const int64_t length = strtol(arguments[1], NULL, 10), extent[2] = {length, length};
  check(inst_context_new(count > 6 ? arguments[6] : "", &context), "inst_context_new");
  check(inst_lattice_new(context, 2, extent, &lattice), "inst_lattice_new");
  check(inst_action_new(lattice, arguments[2], &action), "inst_action_new");
  inst_model *model = first_model(context, lattice, arguments[4]);
  state.start = state.shown = now();
  check(inst_model_train(model, action, train, progress, &state), "inst_model_train");
  check(inst_model_save(model, arguments[3]), "inst_model_save");
  printf("%s: trained in %.0f s\n", arguments[3], now() - state.start);
  if (strstr(train, "annealing") == NULL) judge(action, model, (size_t)(length * length));

  inst_model_free(model);
  inst_action_free(action);
  inst_lattice_free(lattice);
  inst_context_free(context);
  return EXIT_SUCCESS;
}
