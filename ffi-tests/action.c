/* The section `action` of instanton.h: the forms of phi^4 against their definitions. */
#include "expect.h"

enum { LX = 4, LY = 3, V = LX * LY };

static int site(int x, int y) { return (x + LX) % LX + LX * ((y + LY) % LY); }

/* sum of phi(x) phi(x+r) */
static double product(const double *phi, int dx, int dy) {
  double sum = 0.0;
  for (int y = 0; y < LY; y++) {
    for (int x = 0; x < LX; x++) sum += phi[site(x, y)] * phi[site(x + dx, y + dy)];
  }
  return sum;
}

static double power(const double *phi, int n) {
  double sum = 0.0;
  for (int i = 0; i < V; i++) sum += pow(phi[i], n);
  return sum;
}

static double kinetic(const double *phi) {
  return 4.0 * power(phi, 2) - 2.0 * product(phi, 1, 0) - 2.0 * product(phi, 0, 1);
}

static inst_action *make(const inst_lattice *lattice, const char *spec) {
  inst_action *action;
  EXPECT_OK(inst_action_new(lattice, spec, &action));
  return action;
}

/* S has the expected value, and its gradient is that of its values. */
static void expect_action(inst_action *action, const double *phi, double expected) {
  double value, gradient[V], shifted[2 * V], values[2];
  int64_t count = 0;
  EXPECT_OK(inst_action_count(action, &count));
  EXPECT(count == V);
  EXPECT_STATUS(INST_NULL_ARGUMENT, inst_action_count(action, NULL));
  EXPECT_STATUS(INST_NULL_ARGUMENT, inst_action_count(NULL, &count));
  EXPECT_OK(inst_action_value(action, 1, phi, &value));
  EXPECT_CLOSE(value, expected, 1e-11 * (1.0 + fabs(expected)));
  EXPECT_OK(inst_action_gradient(action, 1, phi, gradient));
  for (int i = 0; i < V; i++) {
    const double step = 1e-5;
    memcpy(shifted, phi, sizeof(double) * V);
    memcpy(shifted + V, phi, sizeof(double) * V);
    shifted[i] += step;
    shifted[V + i] -= step;
    EXPECT_OK(inst_action_value(action, 2, shifted, values));
    EXPECT_CLOSE(gradient[i], (values[0] - values[1]) / (2.0 * step), 1e-6);
  }
}

typedef struct {
  int calls, gradients;
} user_type;

static int32_t quartic(const double *field, int64_t count, double *value, double *gradient, void *user) {
  user_type *seen = user;
  seen->calls++;
  seen->gradients += gradient != NULL;
  *value = 0.0;
  for (int64_t i = 0; i < count; i++) {
    const double square = field[i] * field[i];
    *value += square * square + 0.5 * square;
    if (gradient != NULL) gradient[i] = (4.0 * square + 1.0) * field[i];
  }
  return count == V ? 0 : 1;
}

int main(void) {
  const int64_t extent[2] = {LX, LY};
  inst_context *context;
  inst_lattice *lattice;
  inst_action *action;
  uint64_t random = 99;
  double phi[V], scaled[V], weighted = 0.0;
  for (int i = 0; i < V; i++) phi[i] = normal(&random);
  EXPECT_OK(inst_context_new("{threads: 2}", &context));
  EXPECT_OK(inst_lattice_new(context, 2, extent, &lattice));
  const double two = power(phi, 2), four = power(phi, 4);

  action = make(lattice, FORM_A);
  const double form_a = kinetic(phi) - 4.0 * two + 6.975 * four;
  expect_action(action, phi, form_a);
  inst_action_free(action);

  action = make(lattice, "{type: 'phi4', form: 'half', mass_squared: 1.25, lambda: 0.7}");
  expect_action(action, phi, 0.5 * kinetic(phi) + 0.625 * two + 0.7 / 24.0 * four);
  inst_action_free(action);

  const double hopping = product(phi, 1, 0) + product(phi, 0, 1);
  const double kappa_form = -0.42 * hopping + (1.0 - 0.044) * two + 0.022 * four;
  action = make(lattice, "{type: 'phi4', form: 'kappa', kappa: 0.21, lambda: 0.022}");
  expect_action(action, phi, kappa_form);
  inst_action_free(action);

  /* The published map: phi_a = sqrt(kappa) phi. */
  char spec[512];
  for (int i = 0; i < V; i++) scaled[i] = sqrt(0.21) * phi[i];
  snprintf(spec, sizeof spec, "{type: 'phi4', form: 'a', mass_squared: %.17g, lambda: %.17g}",
           (1.0 - 0.044) / 0.21 - 4.0, 0.022 / (0.21 * 0.21));
  action = make(lattice, spec);
  expect_action(action, scaled, kappa_form);
  inst_action_free(action);

  action = make(lattice, "{type: 'phi4', mass_squared: -4, lambda: 6.975, source: 0.3, "
                         "hopping: [{displacement: [1, 1], strength: 0.2}, {displacement: [2, 0], strength: -0.1}]}");
  expect_action(action, phi, form_a - 0.3 * power(phi, 1) - 0.2 * product(phi, 1, 1) + 0.1 * product(phi, 2, 0));
  inst_action_free(action);

  action = make(lattice, "{type: 'phi4', mass_squared: 1, lambda: [0,1,2,3,4,5,6,7,8,9,10,11]}");
  for (int i = 0; i < V; i++) weighted += i * pow(phi[i], 4);
  expect_action(action, phi, kinetic(phi) + two + weighted);
  inst_action_free(action);

  /* An action computed by the host. */
  user_type seen = {0, 0};
  EXPECT_OK(inst_action_from_callback(lattice, quartic, &seen, &action));
  expect_action(action, phi, four + 0.5 * two);
  EXPECT(seen.calls >= 1 + 1 + 2 * V && seen.gradients == 1);

  inst_lattice_free(lattice);
  inst_context_free(context);
  inst_action_free(action);
  inst_action_free(NULL);
  return report("action");
}
