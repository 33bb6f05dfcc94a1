/* Trains layers for paths through a defect of SU(3), saves them, and shows what a chain makes of them.
 *
 *   train_layers L BETA OUT MODEL TRAIN [CONTEXT [CHAIN STEPS]]
 *
 *   L, BETA         extent of the lattice of four dimensions, and coupling
 *   OUT             file to write; with TRAIN '-' it is read, and nothing is trained
 *   MODEL           spec of inst_model_new, of type 'stout'
 *   TRAIN           spec of inst_model_train
 *   CONTEXT         spec of inst_context_new        {}
 *   CHAIN, STEPS    spec of inst_chain_new, of type 'tempering' or 'jarzynski', with the layers and without: acceptances of
 *                   swaps, or mean and variance of the work of paths, and seconds of a step
 */
#define _XOPEN_SOURCE 600
#include "instanton.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

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

static int32_t progress(int64_t step, int64_t steps, double loss, double ess, void *user) {
  (void)user;
  if (step % 10 == 0 || steps < 50)
    fprintf(stderr, "step %lld of %lld  loss %.4f  ess %.3f\n", (long long)step, (long long)steps, loss, ess);
  return 0;
}

static void put_to_work(const inst_action *action, const inst_model *model, const char *spec, long steps) {
  static char text[1 << 16];
  inst_chain *chain;
  int64_t needed;
  double sum = 0.0, squares = 0.0;
  check(inst_chain_new(action, model, spec, &chain), "inst_chain_new");
  const double start = now();
  for (long n = -steps / 10; n < steps; n++) {
    int32_t accepted;
    double value, delta;
    check(inst_chain_step(chain, &accepted, &value, &delta), "inst_chain_step");
    if (n < 0) continue;
    sum -= delta;
    squares += delta * delta;
  }
  const double seconds = (now() - start) / (double)(steps + steps / 10), mean = sum / (double)steps;
  check(inst_chain_describe(chain, text, sizeof text, &needed), "inst_chain_describe");
  const char *acceptances = strstr(text, "\"swap_acceptances\"");
  printf("%s layers: ", model == NULL ? "without" : "with");
  if (acceptances != NULL) {
    printf("%.*s", (int)(strchr(acceptances, ']') + 1 - acceptances), acceptances);
  } else {
    printf("mean work %.4f, variance %.4f", mean, squares / (double)steps - mean * mean);
  }
  printf(", %.4f s a step\n", seconds);
  fflush(stdout);
  inst_chain_free(chain);
}

int main(int count, char **arguments) {
  char spec[128];
  inst_context *context;
  inst_lattice *lattice;
  inst_action *action;
  inst_model *model;
  if (count != 6 && count != 7 && count != 9) {
    fprintf(stderr, "usage: train_layers L BETA OUT MODEL TRAIN [CONTEXT [CHAIN STEPS]]\n");
    return EXIT_FAILURE;
  }
  int64_t extent[4];
  for (int mu = 0; mu < 4; mu++) extent[mu] = strtol(arguments[1], NULL, 10);
  snprintf(spec, sizeof spec, "{type: 'wilson', group: 'su3', beta: %.17g}", strtod(arguments[2], NULL));
  check(inst_context_new(count > 6 ? arguments[6] : "", &context), "inst_context_new");
  check(inst_lattice_new(context, 4, extent, &lattice), "inst_lattice_new");
  check(inst_action_new(lattice, spec, &action), "inst_action_new");
  if (strcmp(arguments[5], "-") == 0) {
    check(inst_model_load(lattice, arguments[3], &model), "inst_model_load");
  } else {
    const double start = now();
    check(inst_model_new(lattice, arguments[4], &model), "inst_model_new");
    check(inst_model_train(model, action, arguments[5], progress, NULL), "inst_model_train");
    check(inst_model_save(model, arguments[3]), "inst_model_save");
    printf("%s: trained in %.0f s\n", arguments[3], now() - start);
  }
  if (count > 8) {
    put_to_work(action, model, arguments[7], strtol(arguments[8], NULL, 10));
    put_to_work(action, NULL, arguments[7], strtol(arguments[8], NULL, 10));
  }
  inst_model_free(model);
  inst_action_free(action);
  inst_lattice_free(lattice);
  inst_context_free(context);
  return EXIT_SUCCESS;
}
