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
  return report("statistics");
}
