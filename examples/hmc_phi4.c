/* A hybrid Monte Carlo code for phi^4 theory in two dimensions, with and without learned proposals.
 *
 *   hmc_phi4 [MODELS [SECONDS [CONTEXT [SERIES]]]]
 *
 *   MODELS    folder of the trained models                                  models
 *   SECONDS   time for each lattice and each of the two chains              15
 *   CONTEXT   spec of inst_context_new                                      {threads: 1, precision: 'f32'}
 *   SERIES    file to write the table to, one line for each chain (examples/plot_tau.py reads it)
 *
 * Everything here but the calls that begin with inst_ is what such a code has anyway: a field array,
 * random numbers, an action, a leapfrog integrator, measurements. The second of the two chains asks
 * for proposals after every few trajectories and accepts or rejects them itself. Both chains get the
 * same time on one core, alternately, so that other load of the machine slows both alike.
 *
 * Action: S = sum_x [ sum_mu (phi(x+mu) - phi(x))^2 + m2 phi^2 + lambda phi^4 ], m2 = -4.
 * Couplings: Albergo, Kanwar, Shanahan, arXiv:1904.12072, table I.
 */
#define _POSIX_C_SOURCE 199309L
#include "instanton.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MASS_SQUARED (-4.0)
#define LARGEST_VOLUME 100
#define TURN 0.25 /* seconds that a chain runs before the other one continues */

enum { PHI_SQUARED, SUSCEPTIBILITY, ENERGY, OBSERVABLES };
static const char *const observable_name[OBSERVABLES] = {"<phi^2>", "susceptibility", "energy"};

/* One row of the published couplings, how hybrid Monte Carlo runs there, and exact values. */
typedef struct {
  int extent;
  double lambda;
  int steps;                 /* leapfrog steps of a trajectory */
  double length;             /* of a trajectory                */
  int trajectories;          /* before each run of proposals   */
  int proposals;             /* in each run                    */
  double exact[OBSERVABLES]; /* 0 where it is not known        */
  double exact_log_z;
} setup_type;

/* Shorter and longer trajectories were tried: at these, an independent field costs least.
 * The exact values are from the transfer matrix with Gauss quadrature. */
static const setup_type setups[] = {
    {6, 6.975, 12, 1.5, 1, 31, {0.16138658, 1.06307537, 0.05834777}, 6.98494787},
    {8, 6.008, 12, 1.5, 1, 31, {0, 0, 0}, 0},
    {10, 5.550, 14, 1.5, 1, 31, {0, 0, 0}, 0},
};

static void check(inst_status status, const char *what) {
  if (status != INST_OK) {
    fprintf(stderr, "%s: status %d: %s\n", what, (int)status, inst_last_error());
    exit(EXIT_FAILURE);
  }
}

static void *allocate(void *old, size_t bytes) {
  void *memory = realloc(old, bytes);
  if (memory == NULL) exit(EXIT_FAILURE);
  return memory;
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* ---- random numbers: Marsaglia's xorshift with 64 bits and a multiplier ---------------------- */

static double uniform(uint64_t *state) {
  *state ^= *state >> 12;
  *state ^= *state << 25;
  *state ^= *state >> 27;
  return ((double)((*state * UINT64_C(2685821657736338717)) >> 11) + 0.5) / 9007199254740992.0;
}

/* Marsaglia's polar method: two normal numbers from a point inside the unit circle. */
static void normals(uint64_t *state, int count, double *out) {
  for (int i = 0; i < count; i += 2) {
    double x, y, square;
    do {
      x = 2.0 * uniform(state) - 1.0;
      y = 2.0 * uniform(state) - 1.0;
      square = x * x + y * y;
    } while (square >= 1.0);
    const double factor = sqrt(-2.0 * log(square) / square);
    out[i] = factor * x;
    if (i + 1 < count) out[i + 1] = factor * y;
  }
}

/* ---- the theory ------------------------------------------------------------------------------ */

typedef struct {
  int extent, volume;
  double lambda;
  int right[LARGEST_VOLUME], left[LARGEST_VOLUME], up[LARGEST_VOLUME], down[LARGEST_VOLUME];
} theory_type;

static void make_theory(const setup_type *setup, theory_type *theory) {
  const int n = setup->extent;
  theory->extent = n;
  theory->volume = n * n;
  theory->lambda = setup->lambda;
  for (int y = 0; y < n; y++) {
    for (int x = 0; x < n; x++) {
      theory->right[x + n * y] = (x + 1) % n + n * y;
      theory->left[x + n * y] = (x + n - 1) % n + n * y;
      theory->up[x + n * y] = x + n * ((y + 1) % n);
      theory->down[x + n * y] = x + n * ((y + n - 1) % n);
    }
  }
}

static double action(const theory_type *theory, const double *phi) {
  double sum = 0.0;
  for (int i = 0; i < theory->volume; i++) {
    const double square = phi[i] * phi[i];
    const double next = phi[theory->right[i]] + phi[theory->up[i]];
    sum += (4.0 + MASS_SQUARED + theory->lambda * square) * square - 2.0 * phi[i] * next;
  }
  return sum;
}

/* momentum -= step * dS/dphi */
static void kick(const theory_type *theory, double step, const double *phi, double *momentum) {
  for (int i = 0; i < theory->volume; i++) {
    const double around = phi[theory->right[i]] + phi[theory->left[i]] + phi[theory->up[i]] + phi[theory->down[i]];
    const double square = phi[i] * phi[i];
    momentum[i] -= step * ((8.0 + 2.0 * MASS_SQUARED + 4.0 * theory->lambda * square) * phi[i] - 2.0 * around);
  }
}

static void measure(const theory_type *theory, const double *phi, double *values) {
  double sum = 0.0, square = 0.0, energy = 0.0;
  for (int i = 0; i < theory->volume; i++) {
    sum += phi[i];
    square += phi[i] * phi[i];
    energy += 0.5 * phi[i] * (phi[theory->right[i]] + phi[theory->up[i]]);
  }
  values[PHI_SQUARED] = square / theory->volume;
  values[SUSCEPTIBILITY] = sum * sum / theory->volume; /* V times the magnetisation squared */
  values[ENERGY] = energy / theory->volume;
}

/* ---- the Markov chains ----------------------------------------------------------------------- */

typedef struct {
  const char *name;
  double phi[LARGEST_VOLUME], action;
  uint64_t random, counter;
  int64_t updates, capacity, tries[2], accepted[2]; /* of trajectories and of proposals */
  double seconds;
  double *series[OBSERVABLES];
} chain_type;

enum { TRAJECTORY, PROPOSAL };

/* The last step of every Metropolis update: keeps `phi` with probability min(1, exp(log_weight)). */
static void accept_or_reject(const theory_type *theory, chain_type *chain, int kind, const double *phi,
                             double new_action, double log_weight) {
  chain->tries[kind]++;
  if (log_weight >= 0.0 || uniform(&chain->random) < exp(log_weight)) {
    chain->accepted[kind]++;
    chain->action = new_action;
    memcpy(chain->phi, phi, sizeof(double) * (size_t)theory->volume);
  }
}

static double kinetic(int volume, const double *momentum) {
  double sum = 0.0;
  for (int i = 0; i < volume; i++) sum += 0.5 * momentum[i] * momentum[i];
  return sum;
}

static void trajectory(const theory_type *theory, const setup_type *setup, chain_type *chain) {
  double phi[LARGEST_VOLUME], momentum[LARGEST_VOLUME];
  const double step = setup->length / setup->steps;
  memcpy(phi, chain->phi, sizeof(double) * (size_t)theory->volume);
  normals(&chain->random, theory->volume, momentum);
  const double before = chain->action + kinetic(theory->volume, momentum);
  kick(theory, 0.5 * step, phi, momentum);
  for (int n = 1; n <= setup->steps; n++) {
    for (int i = 0; i < theory->volume; i++) phi[i] += step * momentum[i];
    kick(theory, n < setup->steps ? step : 0.5 * step, phi, momentum);
  }
  const double new_action = action(theory, phi);
  const double after = new_action + kinetic(theory->volume, momentum);
  accept_or_reject(theory, chain, TRAJECTORY, phi, new_action, before - after);
}

/* The code that a host adds for learned proposals: all of it. */
static void learned_update(const theory_type *theory, const inst_proposal *proposal, chain_type *chain) {
  double proposed[LARGEST_VOLUME], log_ratio;
  check(inst_propose(proposal, chain->counter++, chain->phi, proposed, &log_ratio), "inst_propose");
  const double new_action = action(theory, proposed);
  accept_or_reject(theory, chain, PROPOSAL, proposed, new_action, chain->action - new_action + log_ratio);
}

static void record(const theory_type *theory, chain_type *chain) {
  double values[OBSERVABLES];
  if (chain->updates == chain->capacity) {
    chain->capacity = chain->capacity > 0 ? 2 * chain->capacity : 1 << 16;
    for (int k = 0; k < OBSERVABLES; k++) {
      chain->series[k] = allocate(chain->series[k], sizeof(double) * (size_t)chain->capacity);
    }
  }
  measure(theory, chain->phi, values);
  for (int k = 0; k < OBSERVABLES; k++) chain->series[k][chain->updates] = values[k];
  chain->updates++;
}

/* Runs a chain for some time; without a proposal it is hybrid Monte Carlo alone. */
static void run(const theory_type *theory, const setup_type *setup, const inst_proposal *proposal, double seconds,
                chain_type *chain) {
  const double start = now();
  double elapsed;
  do {
    for (int n = 0; n < setup->trajectories; n++) {
      trajectory(theory, setup, chain);
      record(theory, chain);
    }
    for (int n = 0; n < setup->proposals && proposal != NULL; n++) {
      learned_update(theory, proposal, chain);
      record(theory, chain);
    }
    elapsed = now() - start;
  } while (elapsed < seconds);
  chain->seconds += elapsed;
}

static void start(const theory_type *theory, const setup_type *setup, const char *name, uint64_t seed,
                  chain_type *chain) {
  memset(chain, 0, sizeof *chain);
  chain->name = name;
  chain->random = seed;
  chain->action = action(theory, chain->phi); /* a cold start: the field is zero */
  for (int n = 0; n < 1000; n++) trajectory(theory, setup, chain);
  memset(chain->tries, 0, sizeof chain->tries);
  memset(chain->accepted, 0, sizeof chain->accepted);
}

/* ---- the table ------------------------------------------------------------------------------- */

typedef struct {
  double mean, error, tau, tau_error;
} estimate_type;

static estimate_type estimate(const chain_type *chain, int observable) {
  estimate_type e;
  check(inst_autocorrelation(chain->updates, chain->series[observable], &e.mean, &e.error, &e.tau, &e.tau_error),
        "inst_autocorrelation");
  return e;
}

static const char *cell(double mean, double error, char *text, size_t size) {
  const int wanted = error > 0.0 ? (int)ceil(1.0 - log10(error)) : 6;
  const int digits = wanted < 1 ? 1 : wanted > 8 ? 8 : wanted;
  snprintf(text, size, "%.*f +- %.*f", digits, mean, digits, error);
  return text;
}

static void print_row(const char *name, estimate_type a, estimate_type b) {
  char left[64], right[64];
  printf("  %-27s%-25s%-25s", name, cell(a.mean, a.error, left, sizeof left),
         cell(b.mean, b.error, right, sizeof right));
}

static void print_observables(const setup_type *setup, const chain_type *chains) {
  printf("  %-27s%-25s%-25s%-12s%s\n", "", chains[0].name, chains[1].name, "exact", "deviation in sigma");
  for (int k = 0; k < OBSERVABLES; k++) {
    const estimate_type a = estimate(&chains[0], k), b = estimate(&chains[1], k);
    const double exact = setup->exact[k];
    print_row(observable_name[k], a, b);
    if (exact != 0.0) {
      printf("%-12.8f%+.1f, %+.1f\n", exact, (a.mean - exact) / a.error, (b.mean - exact) / b.error);
    } else {
      printf("%-12s%+.1f from each other\n", "", (b.mean - a.mean) / sqrt(a.error * a.error + b.error * b.error));
    }
  }
}

static double percent(const chain_type *chain, int kind) {
  return chain->tries[kind] > 0 ? 100.0 * (double)chain->accepted[kind] / (double)chain->tries[kind] : 0.0;
}

/* tau_int of the magnetisation squared, in updates of the whole field and in time. */
static void print_times(const setup_type *setup, const chain_type *chains, FILE *file) {
  estimate_type updates[2], time[2];
  for (int i = 0; i < 2; i++) {
    const double cost = 1e6 * chains[i].seconds / (double)chains[i].updates;
    const estimate_type e = estimate(&chains[i], SUSCEPTIBILITY);
    updates[i].mean = e.tau;
    updates[i].error = e.tau_error;
    time[i].mean = cost * e.tau;
    time[i].error = cost * e.tau_error;
    if (file != NULL) {
      fprintf(file, "%d %g %d %.6g %.6g %.6g %.6g %.4g\n", setup->extent, setup->lambda, i, e.tau, e.tau_error,
              time[i].mean, time[i].error, percent(&chains[i], i == 0 ? TRAJECTORY : PROPOSAL));
    }
  }
  printf("  %-27s%-25.0f%-25.0f\n", "updates", (double)chains[0].updates, (double)chains[1].updates);
  printf("  %-27s%-25.1f%.1f, proposals %.1f\n", "acceptance, per cent", percent(&chains[0], TRAJECTORY),
         percent(&chains[1], TRAJECTORY), percent(&chains[1], PROPOSAL));
  print_row("tau_int of M^2, updates", updates[0], updates[1]);
  printf("\n");
  print_row("tau_int of M^2, us", time[0], time[1]);
  printf("\n  %-27s%-25.2f%.2f\n", "one independent field, us", 2.0 * time[0].mean, 2.0 * time[1].mean);
}

/* The partition function, which hybrid Monte Carlo cannot give, from samples of the model alone. */
static void print_log_z(const setup_type *setup, const theory_type *theory, const inst_model *model) {
  enum { BATCH = 1024, BATCHES = 64 };
  double *fields = allocate(NULL, sizeof(double) * (size_t)(BATCH * theory->volume));
  double *weights = allocate(NULL, sizeof(double) * (size_t)(BATCH * BATCHES));
  double ess, ess_error, log_z, log_z_error, tail;
  char text[64];
  for (int n = 0; n < BATCHES; n++) {
    double *log_q = weights + n * BATCH;
    check(inst_model_sample(model, (uint64_t)n * BATCH, BATCH, fields, log_q), "inst_model_sample");
    for (int i = 0; i < BATCH; i++) log_q[i] = -action(theory, fields + i * theory->volume) - log_q[i];
  }
  check(inst_reweighting(BATCH * BATCHES, weights, &ess, &ess_error, &log_z, &log_z_error), "inst_reweighting");
  check(inst_reweighting_tail(BATCH * BATCHES, weights, &tail), "inst_reweighting_tail");
  printf("  %-27s%-25s%-25s", "log Z", "", cell(log_z, log_z_error, text, sizeof text));
  if (setup->exact_log_z != 0.0) {
    printf("%-12.8f%+.1f", setup->exact_log_z, (log_z - setup->exact_log_z) / log_z_error);
  }
  printf("\n  %-27s%-25s%s%s\n\n", "effective sample size", "", cell(ess, ess_error, text, sizeof text),
         tail > 0.7 ? "  (heavy-tailed weights: log Z is not to be trusted)" : "");
  free(fields);
  free(weights);
}

/* ---- one lattice ----------------------------------------------------------------------------- */

static void run_lattice(const inst_context *context, const setup_type *setup, const char *models, double seconds,
                        FILE *file) {
  const int64_t extent[2] = {setup->extent, setup->extent};
  char path[4096];
  inst_lattice *lattice;
  inst_model *model;
  inst_proposal *proposal;
  static theory_type theory;
  static chain_type chains[2];

  snprintf(path, sizeof path, "%s/phi4_%dx%d.safetensors", models, setup->extent, setup->extent);
  check(inst_lattice_new(context, 2, extent, &lattice), "inst_lattice_new");
  check(inst_model_load(lattice, path, &model), "inst_model_load");
  check(inst_proposal_new(model, NULL, "{type: 'independence'}", &proposal), "inst_proposal_new");

  make_theory(setup, &theory);
  start(&theory, setup, "HMC alone", UINT64_C(20260101), &chains[0]);
  start(&theory, setup, "HMC and proposals", UINT64_C(77003311), &chains[1]);
  /* The first call builds the kernels of an OpenCL device; it is not timed, and its result not used. */
  double proposed[LARGEST_VOLUME], log_ratio;
  check(inst_propose(proposal, 0, chains[1].phi, proposed, &log_ratio), "inst_propose");
  while (chains[1].seconds < seconds) {
    run(&theory, setup, NULL, TURN, &chains[0]);
    run(&theory, setup, proposal, TURN, &chains[1]);
  }
  printf("%d x %d, lambda = %g: trajectories of length %g in %d steps; in turns %d x HMC, %d x proposal\n",
         setup->extent, setup->extent, setup->lambda, setup->length, setup->steps, setup->trajectories,
         setup->proposals);
  print_observables(setup, chains);
  print_times(setup, chains, file);
  print_log_z(setup, &theory, model);
  fflush(stdout);
  for (int i = 0; i < 2; i++) {
    for (int k = 0; k < OBSERVABLES; k++) free(chains[i].series[k]);
  }
  inst_proposal_free(proposal);
  inst_model_free(model);
  inst_lattice_free(lattice);
}

int main(int count, char **arguments) {
  const char *models = count > 1 ? arguments[1] : "models";
  const double seconds = count > 2 ? atof(arguments[2]) : 15.0;
  const char *spec = count > 3 ? arguments[3] : "{threads: 1, precision: 'f32'}";
  FILE *file = NULL;
  inst_context *context;
  if (count > 5 || !(seconds > 0.0 && seconds < 1e6)) {
    fprintf(stderr, "usage: hmc_phi4 [MODELS [SECONDS [CONTEXT [SERIES]]]], with SECONDS above 0\n");
    return EXIT_FAILURE;
  }
  if (count > 4 && (file = fopen(arguments[4], "w")) == NULL) {
    perror(arguments[4]);
    return EXIT_FAILURE;
  }
  if (file != NULL) fprintf(file, "# extent lambda proposals tau tau_error tau_us tau_error_us acceptance\n");
  check(inst_context_new(spec, &context), "inst_context_new");
  printf("instanton %s, context %s, %g s for each lattice and chain\n\n", inst_version(), spec, seconds);
  for (size_t i = 0; i < sizeof setups / sizeof *setups; i++) run_lattice(context, &setups[i], models, seconds, file);
  inst_context_free(context);
  return file != NULL && fclose(file) != 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
