/* Exact numbers through the C interface: a host's own chain with learned proposals, the library's
 * chains, and log Z from the model, against the transfer matrix (phi^4, form a, m2 = -4).
 *
 *   exactness MODELS      folder with phi4_6x6.safetensors
 */
#include "expect.h"

enum { OBSERVABLES = 4, LARGEST = 36 };

/* <phi^2>, <phi^4>, <phi phi_next>, susceptibility, log Z */
typedef struct {
  int extent;
  double lambda;
  double mean[OBSERVABLES], log_z;
} exact_type;

static const exact_type exact_4 = {4, 8.0, {0.14774621, 0.04437586, 0.05250344, 0.68396756}, 2.40513896};
static const exact_type exact_6 = {6, 6.975, {0.16138658, 0.05257284, 0.05834777, 1.06307537}, 6.98494787};

static int right(int n, int site) { return site % n == n - 1 ? site + 1 - n : site + 1; }
static int up(int n, int site) { return (site + n) % (n * n); }

static double own_action(const exact_type *theory, const double *phi) {
  const int n = theory->extent;
  double sum = 0.0;
  for (int i = 0; i < n * n; i++) {
    const double x = phi[right(n, i)] - phi[i], y = phi[up(n, i)] - phi[i], square = phi[i] * phi[i];
    sum += x * x + y * y - 4.0 * square + theory->lambda * square * square;
  }
  return sum;
}

static void measure(int n, const double *phi, double *values) {
  double sum = 0.0;
  memset(values, 0, sizeof(double) * OBSERVABLES);
  for (int i = 0; i < n * n; i++) {
    const double square = phi[i] * phi[i];
    sum += phi[i];
    values[0] += square;
    values[1] += square * square;
    values[2] += 0.5 * phi[i] * (phi[right(n, i)] + phi[up(n, i)]);
  }
  values[3] = sum * sum;
  for (int k = 0; k < OBSERVABLES; k++) values[k] /= n * n;
}

static double *allocate(size_t count) {
  double *memory = malloc(sizeof(double) * count);
  EXPECT(memory != NULL);
  return memory;
}

/* `series` holds `count` numbers of each observable, one observable after the other. */
static void expect_exact(const char *name, const exact_type *theory, int count, const double *series) {
  for (int k = 0; k < OBSERVABLES; k++) {
    double mean, error, tau, tau_error;
    EXPECT_OK(inst_autocorrelation(count, series + (size_t)k * (size_t)count, &mean, &error, &tau, &tau_error));
    printf("  %-28s %.6f +- %.6f  exact %.6f  %+.1f sigma, tau_int %.2f\n", name, mean, error, theory->mean[k],
           (mean - theory->mean[k]) / error, tau);
    EXPECT(error < 0.02 * theory->mean[k]);
    EXPECT_CLOSE(mean, theory->mean[k], 5.0 * error);
  }
}

static void store(const exact_type *theory, const double *phi, int count, int place, double *series) {
  double values[OBSERVABLES];
  measure(theory->extent, phi, values);
  for (int k = 0; k < OBSERVABLES; k++) series[k * count + place] = values[k];
}

/* A host's own chain: local Metropolis updates, `sweeps` of them before each learned proposal. */
static void host_chain(const exact_type *theory, const inst_model *model, int sweeps, int count) {
  const int volume = theory->extent * theory->extent;
  double phi[LARGEST] = {0}, trial[LARGEST], log_ratio, *series = allocate((size_t)(OBSERVABLES * count));
  uint64_t random = 2026;
  inst_proposal *proposal;
  int accepted = 0;
  EXPECT_OK(inst_proposal_new(model, NULL, "", &proposal));
  double value = own_action(theory, phi);
  for (int n = -500; n < count; n++) {
    for (int i = 0; i < sweeps * volume; i++) {
      const double old = phi[i % volume];
      phi[i % volume] += 0.8 * (uniform(&random) - 0.5);
      const double changed = own_action(theory, phi);
      if (uniform(&random) < exp(value - changed)) {
        value = changed;
      } else {
        phi[i % volume] = old;
      }
    }
    EXPECT_OK(inst_propose(proposal, (uint64_t)(n + 500), phi, trial, &log_ratio));
    const double changed = own_action(theory, trial);
    if (uniform(&random) < exp(value - changed + log_ratio)) {
      value = changed;
      memcpy(phi, trial, sizeof(double) * (size_t)volume);
      accepted += n >= 0;
    }
    if (n >= 0) store(theory, phi, count, n, series);
  }
  printf("  acceptance of proposals: %.3f\n", (double)accepted / count);
  expect_exact(sweeps > 0 ? "host, sweeps and proposals" : "host, proposals", theory, count, series);
  inst_proposal_free(proposal);
  free(series);
}

static void library_chain(const exact_type *theory, const inst_lattice *lattice, const inst_model *model,
                          const char *spec, int count) {
  double phi[LARGEST], *series = allocate((size_t)(OBSERVABLES * count));
  char text[128];
  inst_action *action;
  inst_chain *chain;
  snprintf(text, sizeof text, "{type: 'phi4', form: 'a', mass_squared: -4, lambda: %.17g}", theory->lambda);
  EXPECT_OK(inst_action_new(lattice, text, &action));
  EXPECT_OK(inst_chain_new(action, model, spec, &chain));
  for (int n = -500; n < count; n++) {
    int32_t accepted;
    double value, delta;
    EXPECT_OK(inst_chain_step(chain, &accepted, &value, &delta));
    if (n < 0) continue;
    EXPECT_OK(inst_chain_field(chain, phi));
    store(theory, phi, count, n, series);
  }
  expect_exact(spec, theory, count, series);
  inst_chain_free(chain);
  inst_action_free(action);
  free(series);
}

static void partition_function(const exact_type *theory, const inst_model *model) {
  enum { BATCH = 4096, BATCHES = 32 };
  const int volume = theory->extent * theory->extent;
  double *fields = allocate((size_t)(BATCH * volume)), *weights = allocate(BATCH * BATCHES);
  double ess, ess_error, log_z, log_z_error, tail;
  for (int n = 0; n < BATCHES; n++) {
    double *log_q = weights + n * BATCH;
    EXPECT_OK(inst_model_sample(model, (uint64_t)(n * BATCH), BATCH, fields, log_q));
    for (int i = 0; i < BATCH; i++) log_q[i] = -own_action(theory, fields + i * volume) - log_q[i];
  }
  EXPECT_OK(inst_reweighting(BATCH * BATCHES, weights, &ess, &ess_error, &log_z, &log_z_error));
  EXPECT_OK(inst_reweighting_tail(BATCH * BATCHES, weights, &tail));
  printf("  log Z %.5f +- %.5f  exact %.5f  %+.1f sigma, effective sample size %.3f, tail %.2f\n", log_z, log_z_error,
         theory->log_z, (log_z - theory->log_z) / log_z_error, ess, tail);
  EXPECT(log_z_error > 0.0 && log_z_error < 0.002);
  EXPECT_CLOSE(log_z, theory->log_z, 5.0 * log_z_error);
  EXPECT(tail < 0.7);
  free(fields);
  free(weights);
}

int main(int count, char **arguments) {
  const int64_t extent_4[2] = {4, 4}, extent_6[2] = {6, 6};
  char path[4096];
  inst_context *context;
  inst_lattice *lattice_4, *lattice_6;
  inst_model *model;
  if (count != 2 && count != 3) {
    fprintf(stderr, "usage: exactness MODELS [CONTEXT]\n");
    return EXIT_FAILURE;
  }
  snprintf(path, sizeof path, "%s/phi4_6x6.safetensors", arguments[1]);
  EXPECT_OK(inst_context_new(count > 2 ? arguments[2] : "{seed: 11}", &context));
  EXPECT_OK(inst_lattice_new(context, 2, extent_4, &lattice_4));
  EXPECT_OK(inst_lattice_new(context, 2, extent_6, &lattice_6));
  EXPECT_OK(inst_model_load(lattice_6, path, &model));

  host_chain(&exact_6, model, 0, 40000);
  host_chain(&exact_6, model, 1, 20000);
  library_chain(&exact_4, lattice_4, NULL, "{type: 'hmc'}", 40000);
  library_chain(&exact_6, lattice_6, model, "{type: 'independence'}", 40000);
  library_chain(&exact_6, lattice_6, model, "{type: 'cycle', kernels: [{type: 'hmc'}, {type: 'independence'}]}", 20000);
  partition_function(&exact_6, model);

  inst_model_free(model);
  inst_lattice_free(lattice_4);
  inst_lattice_free(lattice_6);
  inst_context_free(context);
  return report("exactness");
}
