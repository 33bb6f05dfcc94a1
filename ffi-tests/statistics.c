/* The section `statistics` of instanton.h, against series and weights whose answers are known. */
#include "expect.h"

enum { COUNT = 100000 };

static double series[COUNT];

/* x' = r x + sqrt(1 - r^2) noise has tau_int = (1/2) (1 + r)/(1 - r) and mean 0. */
static void expect_tau(double r) {
  uint64_t random = 17;
  double mean, error, tau, tau_error, x = normal(&random);
  for (int i = 0; i < COUNT; i++) {
    series[i] = x;
    x = r * x + sqrt(1.0 - r * r) * normal(&random);
  }
  EXPECT_OK(inst_autocorrelation(COUNT, series, &mean, &error, &tau, &tau_error));
  EXPECT_CLOSE(tau, 0.5 * (1.0 + r) / (1.0 - r), 5.0 * tau_error);
  EXPECT(tau_error > 0.0 && tau_error < 0.1 * tau);
  EXPECT_CLOSE(mean, 0.0, 5.0 * error);
  EXPECT_CLOSE(error, sqrt((1.0 + r) / (1.0 - r) / COUNT), 0.1 * error);
}

/* Weights exp(s z), z normal: Z = exp(s^2/2), effective sample size exp(-s^2). */
static void expect_reweighting(double s) {
  uint64_t random = 5;
  double ess, ess_error, log_z, log_z_error, tail;
  for (int i = 0; i < COUNT; i++) series[i] = 300.0 + s * normal(&random);
  EXPECT_OK(inst_reweighting(COUNT, series, &ess, &ess_error, &log_z, &log_z_error));
  EXPECT_CLOSE(ess, exp(-s * s), 5.0 * ess_error);
  EXPECT_CLOSE(log_z, 300.0 + 0.5 * s * s, 5.0 * log_z_error);
  EXPECT_CLOSE(log_z_error, sqrt((exp(s * s) - 1.0) / COUNT), 0.2 * log_z_error);
  EXPECT_OK(inst_reweighting_tail(COUNT, series, &tail));
  EXPECT(tail < 0.7);
}

/* Replicas of x' = r x + sqrt(1 - r^2) noise, of different lengths; then one of them about another mean. */
static void expect_replicas(double r) {
  static const int64_t counts[3] = {20000, 30000, 50000};
  uint64_t random = 23;
  double mean, error, tau, tau_error, quality, whole;
  int at = 0;
  for (int k = 0; k < 3; k++) {
    double x = normal(&random);
    for (int i = 0; i < counts[k]; i++) {
      series[at++] = x;
      x = r * x + sqrt(1.0 - r * r) * normal(&random);
    }
  }
  EXPECT_OK(inst_autocorrelation_replicas(3, counts, series, &mean, &error, &tau, &tau_error, &quality));
  EXPECT_CLOSE(tau, 0.5 * (1.0 + r) / (1.0 - r), 5.0 * tau_error);
  EXPECT_CLOSE(mean, 0.0, 5.0 * error);
  EXPECT_CLOSE(error, sqrt((1.0 + r) / (1.0 - r) / COUNT), 0.1 * error);
  EXPECT(quality > 1e-4 && quality <= 1.0);
  whole = mean;
  for (int i = 0; i < counts[0]; i++) series[i] += 0.3;
  EXPECT_OK(inst_autocorrelation_replicas(3, counts, series, &mean, &error, &tau, &tau_error, &quality));
  EXPECT_CLOSE(mean, whole + 0.06, 1e-12);
  EXPECT(quality < 1e-6);
  EXPECT_OK(inst_autocorrelation_replicas(1, counts, series, &mean, &error, &tau, &tau_error, &quality));
  EXPECT(quality == 1.0);
  for (int i = 0; i < counts[0]; i++) series[i] = 0.5;
  EXPECT_STATUS(INST_NOT_CONVERGED, inst_autocorrelation_replicas(3, counts, series, &mean, &error, &tau, &tau_error, &quality));
  EXPECT(strstr(inst_last_error(), "replica[0]: ") != NULL);
  EXPECT_STATUS(INST_NOT_CONVERGED, inst_autocorrelation(counts[0], series, &mean, &error, &tau, &tau_error));
  EXPECT(strstr(inst_last_error(), "a chain that never moved") != NULL);
}

/* log of the normal density about `centre`. */
static double log_normal(double x, double centre) { return -0.5 * (x - centre) * (x - centre) - 0.5 * log(6.283185307179586); }

/* p is two normal distributions about -5 and 5, Z = exp(1.5); its chain changes sides at one step in twenty. */
static double minus_action(double x) { return 1.5 + log(0.5 * exp(log_normal(x, 5.0)) + 0.5 * exp(log_normal(x, -5.0))); }

/* A model of both peaks, or of one: the latter has the better weights on its own samples, and half of Z. */
static inst_two_sided_report two_sided(int sides) {
  enum { SAMPLES = 4000, FIELDS = 20000 };
  static double fields[FIELDS];
  inst_two_sided_report found = {0};
  uint64_t random = 31;
  double side = 5.0, noise = normal(&random);
  for (int i = 0; i < SAMPLES; i++) {
    const double x = normal(&random) + (sides == 2 && uniform(&random) < 0.4 ? -5.0 : 5.0);
    series[i] = minus_action(x) - (sides == 1 ? log_normal(x, 5.0) : log(0.6 * exp(log_normal(x, 5.0)) + 0.4 * exp(log_normal(x, -5.0))));
  }
  for (int i = 0; i < FIELDS; i++) {
    if (uniform(&random) < 0.05) side = -side;
    noise = 0.5 * noise + sqrt(0.75) * normal(&random);
    const double x = side + noise;
    fields[i] = minus_action(x) - (sides == 1 ? log_normal(x, 5.0) : log(0.6 * exp(log_normal(x, 5.0)) + 0.4 * exp(log_normal(x, -5.0))));
  }
  found.struct_size = sizeof found;
  EXPECT_OK(inst_reweighting_two_sided(SAMPLES, series, FIELDS, fields, &found));
  return found;
}

static void expect_two_sided(void) {
  inst_two_sided_report found = two_sided(2);
  EXPECT_CLOSE(found.log_z_model, 1.5, 5.0 * found.log_z_model_error);
  EXPECT_CLOSE(found.log_z_chain, 1.5, 5.0 * found.log_z_chain_error);
  EXPECT_CLOSE(found.log_z, 1.5, 5.0 * found.log_z_error);
  EXPECT(found.log_z_error > 0.0 && found.log_z_error < 0.02 && found.disagreement < 5.0);
  /* Where the two sides do not overlap the divergences are those of (0.6, 0.4) and (1/2, 1/2). */
  EXPECT_CLOSE(found.kl_model, 0.6 * log(1.2) + 0.4 * log(0.8), 5.0 * found.kl_model_error + 1e-3);
  EXPECT_CLOSE(found.kl_chain, -0.5 * log(0.96), 5.0 * found.kl_chain_error + 1e-3);
  found = two_sided(1);
  EXPECT_CLOSE(found.log_z_model, 1.5 - log(2.0), 1e-3);
  EXPECT_CLOSE(found.log_z_chain, 1.5, 5.0 * found.log_z_chain_error);
  EXPECT_CLOSE(found.log_z, 1.5, 5.0 * found.log_z_error);
  EXPECT(found.disagreement > 8.0 && found.kl_chain > 5.0);
  found.struct_size = 8;
  EXPECT_STATUS(INST_BAD_SHAPE, inst_reweighting_two_sided(4, series, 8, series, &found));
}

/* A model whose sites are normal of unit width, and p of width s at each of SITES sites, with log Z = 3. */
static void expect_judgement(double s) {
  enum { SITES = 4, SAMPLES = 20000 };
  static const int64_t counts[3] = {100, SAMPLES, 5000};
  const double log_z = 3.0, kl = log(s) + 0.5 * (1.0 / (s * s) - 1.0);
  double found, found_error, forward, forward_error, ess[3], ess_error[3], all, all_error, unused, unused_error;
  uint64_t random = 41;
  for (int width = 0; width < 2; width++) {
    for (int i = 0; i < SAMPLES; i++) {
      series[i] = log_z - SITES * log(s);
      for (int site = 0; site < SITES; site++) {
        const double x = (width == 0 ? 1.0 : s) * normal(&random);
        series[i] -= 0.5 * x * x * (1.0 / (s * s) - 1.0);
      }
    }
    if (width == 0) {
      EXPECT_OK(inst_kl_per_site(SAMPLES, series, log_z, SITES, &found, &found_error));
      EXPECT_CLOSE(found, kl, 5.0 * found_error);
      EXPECT(found_error > 0.0 && found_error < 0.05 * kl);
      EXPECT_OK(inst_reweighting_mean(SAMPLES, series, series, NULL, NULL, &found, &found_error));
      EXPECT(found_error > 0.0 && fabs(found) < 1e3);
      EXPECT_OK(inst_reweighting_mean(SAMPLES, series, series, series, series, &found, &found_error));
      EXPECT(found == 0.0 && found_error == 0.0);
      EXPECT_OK(inst_reweighting_nested(SAMPLES, series, 3, counts, ess, ess_error));
      EXPECT_CLOSE(ess[1], pow(s * sqrt(2.0 - s * s), SITES), 5.0 * ess_error[1]);
      EXPECT(ess_error[0] > ess_error[2] && ess_error[2] > ess_error[1]);
      EXPECT_OK(inst_reweighting(SAMPLES, series, &all, &all_error, &unused, &unused_error));
      EXPECT(all == ess[1] && all_error == ess_error[1]);
      EXPECT_STATUS(INST_BAD_SHAPE, inst_reweighting_nested(50, series, 1, counts, ess, ess_error));
      EXPECT(strstr(inst_last_error(), "counts[0]: expected 2 to 50, got 100") != NULL);
    }
  }
  for (int exact = 0; exact < 2; exact++) {
    EXPECT_OK(inst_reweighting_forward(SAMPLES, series, exact ? &log_z : NULL, &forward, &forward_error, &found, &found_error));
    EXPECT_CLOSE(forward, pow(s * sqrt(2.0 - s * s), SITES), 5.0 * forward_error);
    EXPECT_CLOSE(found, SITES * (0.5 * (s * s - 1.0) - log(s)), 5.0 * found_error);
  }
  /* A tenth of the chain's fields are ones that the model misses. */
  for (int i = 0; i < SAMPLES; i += 10) series[i] += 60.0;
  EXPECT_OK(inst_reweighting_forward(SAMPLES, series, &log_z, &forward, &forward_error, &found, &found_error));
  EXPECT(forward < 1e-20 && found > 5.0);
}

/* A chain that changes its mode at one step in twenty, and independent fields. */
static void expect_balance(void) {
  enum { FIELDS = 20000 };
  double share, error, probability;
  uint64_t random = 43;
  double side = 1.0;
  for (int i = 0; i < FIELDS; i++) {
    if (uniform(&random) < 0.05) side = -side;
    series[i] = side * (0.5 + uniform(&random));
  }
  EXPECT_OK(inst_mode_balance(FIELDS, series, 0.5, &share, &error, &probability));
  EXPECT_CLOSE(share, 0.5, 5.0 * error);
  /* tau_int of the sign is (1/2) 1.9/0.1. */
  EXPECT_CLOSE(error, sqrt(19.0 * 0.25 / FIELDS), 0.3 * error);
  EXPECT(probability > 1e-6 && probability <= 1.0);
  EXPECT_OK(inst_mode_balance(FIELDS, series, 0.65, &share, &error, &probability));
  EXPECT(probability < 1e-6);
  for (int i = 0; i < FIELDS; i++) series[i] = uniform(&random) < 0.3;
  EXPECT_OK(inst_mode_balance_independent(FIELDS, series, 0.3, &share, &error, &probability));
  EXPECT_CLOSE(share, 0.3, 5.0 * error);
  EXPECT_CLOSE(error, sqrt(0.21 / FIELDS), 0.05 * error);
  EXPECT(probability > 1e-6);
  for (int i = 0; i < 10; i++) series[i] = 0.7;
  EXPECT_OK(inst_mode_balance_independent(10, series, 0.5, &share, &error, &probability));
  EXPECT(share == 1.0 && error == 0.0);
  EXPECT_CLOSE(probability, 2.0 / 1024.0, 1e-12);
  EXPECT_STATUS(INST_NOT_CONVERGED, inst_mode_balance(10, series, 0.5, &share, &error, &probability));
}

int main(void) {
  double ess, ess_error, log_z, log_z_error, tail;
  uint64_t random = 3;
  expect_tau(0.0);
  expect_tau(0.5);
  expect_tau(0.9);
  expect_reweighting(0.1);
  expect_reweighting(0.5);

  for (int i = 0; i < COUNT; i++) series[i] = -7.25;
  EXPECT_OK(inst_reweighting(COUNT, series, &ess, &ess_error, &log_z, &log_z_error));
  EXPECT_CLOSE(ess, 1.0, 1e-12);
  EXPECT_CLOSE(log_z, -7.25, 1e-12);
  EXPECT_CLOSE(log_z_error, 0.0, 1e-9);

  /* Weights u^-1 of a uniform u have the tail shape 1: their mean does not exist. */
  for (int i = 0; i < COUNT; i++) series[i] = -log(uniform(&random));
  EXPECT_OK(inst_reweighting_tail(COUNT, series, &tail));
  EXPECT(tail > 0.7);
  EXPECT_CLOSE(tail, 1.0, 0.2);
  /* So few samples that nothing is known of their tail: infinite, which is above 0.7. */
  for (int count = 2; count < 40; count++) {
    EXPECT_OK(inst_reweighting_tail(count, series, &tail));
    EXPECT(isinf(tail) == (count <= 20) && tail > -1.0);
  }
  expect_replicas(0.5);
  expect_two_sided();
  expect_judgement(0.9);
  expect_balance();
  return report("statistics");
}
