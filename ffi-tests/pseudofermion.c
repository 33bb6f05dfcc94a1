/* Pseudofermions in a host's own code: drawn for its links, with their action and force. */
#include "expect.h"

enum { L = 4, V = L * L, ANGLES = 2 * V, NUMBERS = 2 * ANGLES };

#define WILSON "{type: 'wilson', mass: 0.5, clover: 1, boundary: [1, -1]}"
#define HEAVIER "{type: 'wilson', mass: 1.2, clover: 1, boundary: [1, -1]}"
#define TIGHT "tolerance: 1e-13, force_tolerance: 1e-13"

static inst_lattice *lattice;
static double angles[ANGLES], links[NUMBERS];

static void make_links(const double *theta, double *out) {
  for (int i = 0; i < ANGLES; i++) {
    out[2 * i] = cos(theta[i]);
    out[2 * i + 1] = sin(theta[i]);
  }
}

static double value_of(const inst_action *action, const double *theta) {
  double moved[NUMBERS], value = NAN;
  make_links(theta, moved);
  EXPECT_OK(inst_action_value(action, 1, moved, &value));
  return value;
}

/* The gradient of a U(1) link is i dS/dtheta. */
static void force(const char *spec) {
  inst_action *template, *drawn, *again;
  double gradient[NUMBERS], moved[ANGLES], first, second;
  EXPECT_OK(inst_action_new(lattice, spec, &template));
  EXPECT_OK(inst_action_refresh(template, 5, links, &drawn));
  EXPECT_OK(inst_action_refresh(drawn, 5, links, &again));
  first = value_of(drawn, angles);
  second = value_of(again, angles);
  EXPECT(first == second);
  EXPECT_OK(inst_action_gradient(drawn, 1, links, gradient));
  for (int i = 0; i < ANGLES; i += 5) {
    const double step = 1e-4;
    double sum = 0.0;
    for (int sign = -1; sign <= 1; sign += 2) {
      memcpy(moved, angles, sizeof moved);
      moved[i] += sign * step;
      sum += sign * value_of(drawn, moved);
    }
    EXPECT_CLOSE(gradient[2 * i], 0.0, 1e-13);
    EXPECT_CLOSE(gradient[2 * i + 1], sum / (2.0 * step), 1e-5 * (1.0 + fabs(sum / step)));
  }
  inst_action_free(again);
  inst_action_free(drawn);
  inst_action_free(template);
}

/* <S> of fresh pseudofermions is the number of their complex components, V: two spins on each odd site. */
static void mean(void) {
  enum { DRAWS = 200 };
  inst_action *template;
  double sum = 0.0, nearby[ANGLES];
  /* At the links of the draw S is known; at links a little off, it takes a solve. */
  memcpy(nearby, angles, sizeof nearby);
  nearby[0] += 1e-9;
  EXPECT_OK(inst_action_new(lattice, "{type: 'two_flavour', group: 'u1', dirac: {type: 'wilson', mass: 0.5}}", &template));
  for (int n = 0; n < DRAWS; n++) {
    inst_action *drawn;
    EXPECT_OK(inst_action_refresh(template, (uint64_t)n, links, &drawn));
    sum += value_of(drawn, nearby);
    EXPECT_CLOSE(value_of(drawn, nearby), value_of(drawn, angles), 1e-5);
    inst_action_free(drawn);
  }
  EXPECT_CLOSE(sum / DRAWS, (double)V, 5.0 * sqrt((double)V / DRAWS));
  inst_action_free(template);
}

static void refused(void) {
  inst_action *template, *wilson, *none = NULL;
  double value = 7.0, off[NUMBERS];
  EXPECT_OK(inst_action_new(lattice, "{type: 'two_flavour', group: 'u1', dirac: " WILSON "}", &template));
  EXPECT_OK(inst_action_new(lattice, "{type: 'wilson', group: 'u1', beta: 2}", &wilson));
  EXPECT_STATUS(INST_UNSUPPORTED, inst_action_value(template, 1, links, &value));
  EXPECT_MESSAGE("refresh first");
  EXPECT(value == 7.0);
  EXPECT_STATUS(INST_UNSUPPORTED, inst_action_refresh(wilson, 0, links, &none));
  EXPECT_STATUS(INST_NULL_ARGUMENT, inst_action_refresh(NULL, 0, links, &none));
  EXPECT_STATUS(INST_NULL_ARGUMENT, inst_action_refresh(template, 0, NULL, &none));
  EXPECT_STATUS(INST_NULL_ARGUMENT, inst_action_refresh(template, 0, links, NULL));
  memcpy(off, links, sizeof off);
  off[3] += 0.1;
  EXPECT_STATUS(INST_BAD_INPUT, inst_action_refresh(template, 0, off, &none));
  off[3] = NAN;
  EXPECT_STATUS(INST_BAD_INPUT, inst_action_refresh(template, 0, off, &none));
  static const char *const specs[] = {
    "{type: 'two_flavour', group: 'u1'}",
    "{type: 'two_flavour', group: 'u1', dirac: {type: 'wilson'}}",
    "{type: 'two_flavour', group: 'u1', dirac: " WILSON ", tolerance: 0}",
    "{type: 'two_flavour', group: 'u1', dirac: " WILSON ", history: 1000000000}",
    "{type: 'rational', group: 'u1', dirac: " WILSON ", flavours: 2, range: [0.1, 40]}",
    "{type: 'rational', group: 'u1', dirac: " WILSON ", flavours: 1, range: [40, 0.1]}",
    "{type: 'rational', group: 'u1', dirac: " WILSON ", flavours: 1, range: [0.1, 40], error: 0}",
  };
  for (size_t i = 0; i < sizeof specs / sizeof *specs; i++) {
    EXPECT_STATUS(INST_BAD_SPEC, inst_action_new(lattice, specs[i], &none));
  }
  EXPECT(none == NULL);
  inst_action_free(wilson);
  inst_action_free(template);
}

int main(void) {
  const int64_t extent[2] = {L, L};
  inst_context *context;
  uint64_t random = 7;
  EXPECT_OK(inst_context_new("{threads: 2, seed: 4}", &context));
  EXPECT_OK(inst_lattice_new(context, 2, extent, &lattice));
  for (int i = 0; i < ANGLES; i++) angles[i] = normal(&random);
  make_links(angles, links);
  force("{type: 'two_flavour', group: 'u1', dirac: " WILSON ", " TIGHT "}");
  force("{type: 'two_flavour', group: 'u1', dirac: " WILSON ", over: " HEAVIER ", " TIGHT "}");
  force("{type: 'rational', group: 'u1', dirac: " WILSON ", flavours: 1, range: [1e-3, 40], force_error: 1e-10, " TIGHT "}");
  mean();
  refused();
  inst_lattice_free(lattice);
  inst_context_free(context);
  return report("pseudofermion");
}
