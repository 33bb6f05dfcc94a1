/* Models of type 'chain' for phi^4 theory in two dimensions, trained and used in three ways.
 *
 *   chain_model [STEPS [SAMPLES [CONTEXT]]]
 *
 *   STEPS     optimiser steps of each training                              2000
 *   SAMPLES   fields that each model is tested with                         20000
 *   CONTEXT   spec of inst_context_new                                      {}
 *
 *   1  affine and spline couplings, trained on the action at one value of lambda;
 *   2  one model for a range of lambda, trained on the action, then fixed at single values by inst_model_at;
 *   3  a model trained on fields of this program's own Markov chain, which then proposes fields to that chain.
 *
 * Action: S = sum_x [ sum_mu (phi(x+mu) - phi(x))^2 + m2 phi^2 + lambda phi^4 ] with m2 = -4 on 6 x 6 sites.
 * Exact values at lambda = 6.975 are from the transfer matrix. The program fails where <phi^2> of the chain with proposals
 * is more than five standard errors from its exact value.
 */
#include "instanton.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { L = 6, V = L * L };
#define MASS_SQUARED (-4.0)
#define LAMBDA 6.975
#define EXACT_LOG_Z 6.98494787
#define EXACT_PHI_SQUARED 0.16138658

static void check(inst_status status, const char *what) {
  if (status != INST_OK) {
    fprintf(stderr, "%s: status %d: %s\n", what, (int)status, inst_last_error());
    exit(EXIT_FAILURE);
  }
}

static double *allocate(int64_t count) {
  double *numbers = malloc(sizeof(double) * (size_t)count);
  if (numbers == NULL) {
    fprintf(stderr, "out of memory\n");
    exit(EXIT_FAILURE);
  }
  return numbers;
}

/* ---- the host's own code: action, random numbers, Markov chain --------------------------------- */

static double neighbours(const double *phi, int x, int y) {
  return phi[(x + 1) % L + L * y] + phi[(x + L - 1) % L + L * y] + phi[x + L * ((y + 1) % L)] +
         phi[x + L * ((y + L - 1) % L)];
}

/* Terms of S that contain phi = `value` at a site with these neighbours. */
static double local_action(double value, double around, double lambda) {
  const double square = value * value;
  return (4.0 + MASS_SQUARED + lambda * square) * square - 2.0 * value * around;
}

static double action(const double *phi, double lambda) {
  double sum = 0.0;
  for (int y = 0; y < L; y++) {
    /* Half of the neighbours, so that each pair of sites is counted once. */
    for (int x = 0; x < L; x++) sum += local_action(phi[x + L * y], 0.5 * neighbours(phi, x, y), lambda);
  }
  return sum;
}

/* Marsaglia's xorshift with 64 bits and a multiplier: a number between 0 and 1. */
static double uniform(uint64_t *state) {
  *state ^= *state >> 12;
  *state ^= *state << 25;
  *state ^= *state >> 27;
  return ((double)((*state * UINT64_C(2685821657736338717)) >> 11) + 0.5) / 9007199254740992.0;
}

/* One Metropolis update of each site. */
static void sweep(double *phi, uint64_t *random) {
  for (int y = 0; y < L; y++) {
    for (int x = 0; x < L; x++) {
      double *site = &phi[x + L * y];
      const double around = neighbours(phi, x, y), moved = *site + 1.5 * (uniform(random) - 0.5);
      const double change = local_action(moved, around, LAMBDA) - local_action(*site, around, LAMBDA);
      if (uniform(random) < exp(-change)) *site = moved;
    }
  }
}

/* `count` fields of the chain, four sweeps apart. */
static void collect(int64_t count, double *phi, uint64_t *random, double *fields) {
  for (int64_t n = 0; n < count; n++) {
    for (int i = 0; i < 4; i++) sweep(phi, random);
    memcpy(fields + n * V, phi, sizeof(double) * V);
  }
}

/* ---- the three models -------------------------------------------------------------------------- */

/* Draws samples of a model, and prints how well they stand for exp(-S) / Z at `lambda`. */
static void judge(const char *name, const inst_model *model, double lambda, int64_t samples) {
  double *fields = allocate(samples * V), *log_q = allocate(samples), *log_weights = allocate(samples);
  double ess, ess_error, log_z, log_z_error;
  check(inst_model_sample(model, 0, samples, fields, log_q), "inst_model_sample");
  for (int64_t n = 0; n < samples; n++) log_weights[n] = -action(fields + n * V, lambda) - log_q[n];
  check(inst_reweighting(samples, log_weights, &ess, &ess_error, &log_z, &log_z_error), "inst_reweighting");
  printf("   %-34s %7.3f   %.3f +- %.3f   %8.4f +- %.4f\n", name, lambda, ess, ess_error, log_z, log_z_error);
  free(fields);
  free(log_q);
  free(log_weights);
}

static inst_model *make_model(const inst_lattice *lattice, const char *spec) {
  inst_model *model;
  char text[1024];
  int64_t needed;
  check(inst_model_new(lattice, spec, &model), "inst_model_new");
  check(inst_model_describe(model, text, sizeof text, &needed), "inst_model_describe");
  printf("   model %.*s\n", (int)sizeof text, text);
  return model;
}

static void on_the_action(const inst_lattice *lattice, const inst_action *phi4, const char *training, int64_t samples) {
  printf("1  trained on the action\n");
  inst_model *model = make_model(lattice,
                                 "{type: 'chain', prior: 'spectrum', layers: [{type: 'affine', repeat: 6, hidden: [8]}, "
                                 "{type: 'spline', bins: 8, range: 3, hidden: [8]}, "
                                 "{type: 'spline', bins: 8, range: 3, hidden: [8]}]}");
  fflush(stdout);
  check(inst_model_train(model, phi4, training, NULL, NULL), "inst_model_train");
  judge("ess and ln Z", model, LAMBDA, samples);
  printf("   %-34s %7.3f                   %8.4f\n\n", "exact", LAMBDA, EXACT_LOG_Z);
  inst_model_free(model);
}

static void for_a_range(const inst_lattice *lattice, const inst_action *phi4, const char *training, int64_t samples) {
  static const double lambdas[] = {5.5, 6.5, 7.5};
  printf("2  one model for lambda from 5 to 8\n");
  inst_model *model = make_model(lattice,
                                 "{type: 'chain', prior: 'spectrum', layers: [{type: 'affine', repeat: 8, hidden: [8]}], "
                                 "condition: {lambda: [5, 8]}}");
  fflush(stdout);
  /* The training puts other values of lambda into the action, a new one for each step. */
  check(inst_model_train(model, phi4, training, NULL, NULL), "inst_model_train");
  for (size_t i = 0; i < sizeof lambdas / sizeof *lambdas; i++) {
    char condition[64];
    inst_model *fixed;
    snprintf(condition, sizeof condition, "{lambda: %.17g}", lambdas[i]);
    check(inst_model_at(model, condition, &fixed), "inst_model_at");
    judge("ess and ln Z of inst_model_at", fixed, lambdas[i], samples);
    inst_model_free(fixed);
  }
  printf("\n");
  inst_model_free(model);
}

/* The host's chain, in which a proposal of the model follows each sweep; the number of standard errors by which <phi^2>
 * differs from its exact value. */
static double run_with_proposals(const inst_model *model, int64_t updates, double *phi, uint64_t *random) {
  double *series = allocate(updates), proposed[V], log_ratio, mean, error, tau, tau_error;
  int64_t accepted = 0;
  inst_proposal *proposal;
  check(inst_proposal_new(model, NULL, "{type: 'independence'}", &proposal), "inst_proposal_new");
  for (int64_t n = 0; n < updates; n++) {
    sweep(phi, random);
    check(inst_propose(proposal, (uint64_t)n, phi, proposed, &log_ratio), "inst_propose");
    if (log(uniform(random)) < action(phi, LAMBDA) - action(proposed, LAMBDA) + log_ratio) {
      memcpy(phi, proposed, sizeof proposed);
      accepted++;
    }
    series[n] = 0.0;
    for (int i = 0; i < V; i++) series[n] += phi[i] * phi[i] / V;
  }
  check(inst_autocorrelation(updates, series, &mean, &error, &tau, &tau_error), "inst_autocorrelation");
  printf("   acceptance of proposals            %.3f\n", (double)accepted / (double)updates);
  printf("   <phi^2>, tau_int                   %.5f +- %.5f, %.2f +- %.2f\n", mean, error, tau, tau_error);
  printf("   exact                              %.5f\n", EXACT_PHI_SQUARED);
  inst_proposal_free(proposal);
  free(series);
  return fabs(mean - EXACT_PHI_SQUARED) / error;
}

static double on_fields(const inst_lattice *lattice, const char *training, int64_t samples) {
  double phi[V] = {0.0}, ess, ess_error, kl, kl_error;
  double *fields = allocate(samples * V), *log_q = allocate(samples);
  uint64_t random = 7;
  printf("3  trained on %lld fields of the host's chain\n", (long long)samples);
  inst_model *model = make_model(lattice,
                                 "{type: 'chain', prior: 'spectrum', layers: [{type: 'affine', repeat: 4, hidden: [6]}, "
                                 "{type: 'spline', hidden: [6]}, {type: 'spline', hidden: [6]}]}");
  fflush(stdout);
  for (int n = 0; n < 1000; n++) sweep(phi, &random);
  collect(samples, phi, &random, fields);
  check(inst_model_train_on(model, samples, fields, training, NULL, NULL), "inst_model_train_on");
  judge("ess and ln Z", model, LAMBDA, samples);

  /* Fields that the model was not trained on show modes that it misses, which its own samples cannot. */
  collect(samples, phi, &random, fields);
  check(inst_model_log_density(model, samples, fields, log_q), "inst_model_log_density");
  for (int64_t n = 0; n < samples; n++) log_q[n] = -action(fields + n * V, LAMBDA) - log_q[n];
  check(inst_reweighting_forward(samples, log_q, NULL, &ess, &ess_error, &kl, &kl_error), "inst_reweighting_forward");
  printf("   from new fields: ess, divergence   %.3f +- %.3f, %.4f +- %.4f\n", ess, ess_error, kl, kl_error);
  const double distance = run_with_proposals(model, samples, phi, &random);
  inst_model_free(model);
  free(fields);
  free(log_q);
  return distance;
}

int main(int count, char **arguments) {
  const int64_t extent[2] = {L, L};
  const long steps = count > 1 ? strtol(arguments[1], NULL, 10) : 2000;
  const long samples = count > 2 ? strtol(arguments[2], NULL, 10) : 20000;
  char spec[128], training[128];
  inst_context *context;
  inst_lattice *lattice;
  inst_action *phi4;
  if (count > 4 || steps < 1 || samples < 100) {
    fprintf(stderr, "usage: chain_model [STEPS [SAMPLES [CONTEXT]]], with at least 1 step and 100 samples\n");
    return EXIT_FAILURE;
  }
  snprintf(spec, sizeof spec, "{type: 'phi4', form: 'a', mass_squared: %g, lambda: %g}", MASS_SQUARED, LAMBDA);
  snprintf(training, sizeof training, "{steps: %ld, batch: 128, learning_rate: 0.01, schedule: 'cosine', clip: 100}", steps);
  check(inst_context_new(count > 3 ? arguments[3] : "", &context), "inst_context_new");
  check(inst_lattice_new(context, 2, extent, &lattice), "inst_lattice_new");
  check(inst_action_new(lattice, spec, &phi4), "inst_action_new");

  printf("   %-34s %7s   %-14s   %s\n\n", "phi^4, 6 x 6 sites, m2 = -4", "lambda", "ess", "ln Z");
  on_the_action(lattice, phi4, training, samples);
  for_a_range(lattice, phi4, training, samples);
  const double distance = on_fields(lattice, training, samples);

  inst_action_free(phi4);
  inst_lattice_free(lattice);
  inst_context_free(context);
  return distance < 5.0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
