/* Trains a model for phi^4 theory in two dimensions, form a with m2 = -4, and saves it.
 *
 *   train_phi4 L LAMBDA OUT [MODEL [TRAIN [CONTEXT]]]
 *
 *   L, LAMBDA   extent of the lattice and coupling
 *   OUT         file to write, for example models/phi4_8x8.safetensors
 *   MODEL       spec of inst_model_new          {type: 'affine'}
 *   TRAIN       spec of inst_model_train        {}
 *   CONTEXT     spec of inst_context_new        {}
 *
 * Progress is a bar where standard error is a terminal, and a line now and then elsewhere.
 * Ctrl-C ends the training early; the model is saved as it is then. At the end the model is tested
 * by 10^5 proposals of independence Metropolis.
 */
#define _XOPEN_SOURCE 600
#include "instanton.h"

#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define PROPOSALS 100000
#define BAR 32

static volatile sig_atomic_t interrupted = 0;

static void interrupt(int signal) {
  (void)signal;
  interrupted = 1;
}

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
  int terminal;
} progress_type;

static int32_t progress(int64_t step, int64_t steps, double loss, double ess, void *user) {
  progress_type *state = user;
  const double time = now(), pause = state->terminal ? 0.1 : 30.0;
  if (step == steps || time - state->shown > pause) {
    const double share = steps > 0 ? (double)step / (double)steps : 1.0, elapsed = time - state->start;
    const double left = share > 0.0 ? elapsed * (1.0 - share) / share : 0.0;
    state->shown = time;
    if (state->terminal) {
      char bar[BAR + 1];
      for (int i = 0; i < BAR; i++) bar[i] = i < (int)(share * BAR) ? '#' : '.';
      bar[BAR] = '\0';
      fprintf(stderr, "\r[%s] %3.0f%%  step %lld of %lld  loss %.4f  ess %.3f  %.0f s left   ", bar, 100.0 * share,
              (long long)step, (long long)steps, loss, ess, left);
      if (step == steps) fputc('\n', stderr);
    } else {
      fprintf(stderr, "step %lld of %lld  loss %.4f  ess %.3f  %.0f s\n", (long long)step, (long long)steps, loss, ess,
              elapsed);
    }
  }
  return interrupted;
}

/* Acceptance and autocorrelation of the magnetisation squared with the model's proposals alone. */
static void put_to_work(const inst_action *action, const inst_model *model, int64_t volume) {
  double *series = malloc(sizeof(double) * PROPOSALS), *field = malloc(sizeof(double) * (size_t)volume);
  double mean, error, tau, tau_error;
  int64_t accepted = 0;
  inst_chain *chain;
  if (series == NULL || field == NULL) {
    fprintf(stderr, "out of memory\n");
    exit(EXIT_FAILURE);
  }
  check(inst_chain_new(action, model, "{type: 'independence'}", &chain), "inst_chain_new");
  for (int n = -1000; n < PROPOSALS; n++) {
    int32_t yes;
    double value, log_weight, sum = 0.0;
    check(inst_chain_step(chain, &yes, &value, &log_weight), "inst_chain_step");
    if (n < 0) continue;
    check(inst_chain_field(chain, field), "inst_chain_field");
    for (int64_t i = 0; i < volume; i++) sum += field[i];
    series[n] = sum * sum / (double)volume;
    accepted += yes;
  }
  check(inst_autocorrelation(PROPOSALS, series, &mean, &error, &tau, &tau_error), "inst_autocorrelation");
  printf("acceptance %.4f, tau_int of M^2 %.3f +- %.3f, susceptibility %.5f +- %.5f\n",
         (double)accepted / PROPOSALS, tau, tau_error, mean, error);
  inst_chain_free(chain);
  free(series);
  free(field);
}

int main(int count, char **arguments) {
  progress_type state = {0.0, 0.0, 0};
  struct sigaction handler;
  char spec[128];
  inst_context *context;
  inst_lattice *lattice;
  inst_action *action;
  inst_model *model;
  if (count < 4 || count > 7) {
    fprintf(stderr, "usage: train_phi4 L LAMBDA OUT [MODEL [TRAIN [CONTEXT]]]\n");
    return EXIT_FAILURE;
  }
  const int64_t extent[2] = {strtol(arguments[1], NULL, 10), strtol(arguments[1], NULL, 10)};
  snprintf(spec, sizeof spec, "{type: 'phi4', form: 'a', mass_squared: -4, lambda: %.17g}", strtod(arguments[2], NULL));
  check(inst_context_new(count > 6 ? arguments[6] : "", &context), "inst_context_new");
  check(inst_lattice_new(context, 2, extent, &lattice), "inst_lattice_new");
  check(inst_action_new(lattice, spec, &action), "inst_action_new");
  check(inst_model_new(lattice, count > 4 ? arguments[4] : "{type: 'affine'}", &model), "inst_model_new");

  handler.sa_handler = interrupt;
  handler.sa_flags = SA_RESETHAND; /* a second Ctrl-C ends the program at once */
  sigemptyset(&handler.sa_mask);
  sigaction(SIGINT, &handler, NULL);
  state.terminal = isatty(STDERR_FILENO);
  state.start = now();
  const inst_status status = inst_model_train(model, action, count > 5 ? arguments[5] : "", progress, &state);
  if (status == INST_STOPPED && interrupted) {
    fprintf(stderr, "\nstopped: the model is saved as it is\n");
  } else {
    check(status, "inst_model_train");
  }
  check(inst_model_save(model, arguments[3]), "inst_model_save");
  printf("%s: trained in %.0f s\n", arguments[3], now() - state.start);
  put_to_work(action, model, extent[0] * extent[0]);

  inst_model_free(model);
  inst_action_free(action);
  inst_lattice_free(lattice);
  inst_context_free(context);
  return EXIT_SUCCESS;
}
