/* Every bad input gives its status and a message, and leaves every output as it was. */
#include "expect.h"

#include <limits.h>

enum { L = 4, V = L * L, BATCH = 3 };

/* Value of all outputs before a call that has to fail. */
static char canary_place;
#define CANARY ((void *)&canary_place)
static const double canary = -12345.678;
static double out[BATCH * V], out_more[BATCH * V];

static world_type world;
static double fields[BATCH * V];

/* Calls that have to fail; each is followed by a check that no output was written. */
static void expect_untouched(const char *file, int line) {
  int untouched = 1;
  for (int i = 0; i < BATCH * V; i++) untouched = untouched && out[i] == canary && out_more[i] == canary;
  expect_at(untouched, file, line, "outputs as they were");
}

#define BAD(status, call)                   \
  do {                                      \
    EXPECT_STATUS(status, call);            \
    expect_untouched(__FILE__, __LINE__);   \
  } while (0)

/* Constructors: `thing` has to be left alone. */
#define BAD_NEW(status, type, call)            \
  do {                                         \
    type *thing = (type *)CANARY;              \
    EXPECT_STATUS(status, call);               \
    EXPECT((void *)thing == CANARY);           \
  } while (0)

#define COUNT_OF(array) ((int)(sizeof(array) / sizeof *(array)))

static void contexts(void) {
  static const char *const specs[] = {
      "{thread: 1}", "{threads: -1}", "{threads: 1.5}", "{threads: 'many'}", "{threads: 1e18}", "{seed: -1}",
      "{seed: 'one'}", "{precision: 'f16'}", "{precision: 64}", "{device: 'abacus'}", "{device: 3}", "{", "}",
      "threads: 1", "[]", "7", "{threads: 1} {}", "{threads: 1, threads 2}", "\xff\xfe"};
  BAD_NEW(INST_NULL_ARGUMENT, inst_context, inst_context_new("", NULL));
  for (int i = 0; i < COUNT_OF(specs); i++) BAD_NEW(INST_BAD_SPEC, inst_context, inst_context_new(specs[i], &thing));
  BAD_NEW(INST_NO_DEVICE, inst_context, inst_context_new("{device: 'opencl:99'}", &thing));

  /* Brackets without end must not exhaust the stack. */
  enum { DEEP = 100000 };
  char *deep = malloc(DEEP + 1);
  EXPECT(deep != NULL);
  memset(deep, '[', DEEP);
  deep[DEEP] = '\0';
  BAD_NEW(INST_BAD_SPEC, inst_context, inst_context_new(deep, &thing));
  free(deep);

  char text[4] = "abc";
  int64_t needed = 77;
  EXPECT_STATUS(INST_NULL_ARGUMENT, inst_devices(text, 4, NULL));
  EXPECT_STATUS(INST_NULL_ARGUMENT, inst_devices(NULL, 4, &needed));
  EXPECT_STATUS(INST_BAD_SHAPE, inst_devices(text, -1, &needed));
  EXPECT(strcmp(text, "abc") == 0 && needed == 77);
}

static void lattices(void) {
  static const struct {
    int32_t dimensions;
    int64_t extent[4];
  } shapes[] = {{0, {4, 4, 4, 4}},   {-1, {4, 4, 4, 4}},        {5, {4, 4, 4, 4}},  {2, {0, 4, 1, 1}},
                {2, {4, 1, 1, 1}},   {2, {4, -4, 1, 1}},        {1, {INT64_MIN, 1, 1, 1}}, {1, {INT64_MAX, 1, 1, 1}},
                {2, {1000000000, 1000000000, 1, 1}}, {4, {65536, 65536, 65536, 65536}}};
  const int64_t *extent = shapes[0].extent;
  BAD_NEW(INST_NULL_ARGUMENT, inst_lattice, inst_lattice_new(NULL, 2, extent, &thing));
  BAD_NEW(INST_NULL_ARGUMENT, inst_lattice, inst_lattice_new(world.context, 2, NULL, &thing));
  BAD_NEW(INST_NULL_ARGUMENT, inst_lattice, inst_lattice_new(world.context, 2, extent, NULL));
  for (int i = 0; i < COUNT_OF(shapes); i++) {
    BAD_NEW(INST_BAD_SHAPE, inst_lattice,
            inst_lattice_new(world.context, shapes[i].dimensions, shapes[i].extent, &thing));
  }
}

static void action_specs(void) {
  static const char *const specs[] = {
      "", "{}", "{type: 'phi5'}", "{type: 'phi4'}", "{type: 'phi4', lambda: 1}", "{type: 'phi4', mass_squared: 1}",
      "{type: 'phi4', mass_squared: 1, lambda: 1, kappa: 0.2}", "{type: 'phi4', mass_squared: 1, lamda: 1}",
      "{type: 'phi4', form: 'b', mass_squared: 1, lambda: 1}",
      "{type: 'phi4', form: 'kappa', mass_squared: 1, lambda: 1}",
      "{type: 'phi4', mass_squared: NaN, lambda: 1}", "{type: 'phi4', mass_squared: 1, lambda: Infinity}",
      "{type: 'phi4', mass_squared: 1, lambda: -1}", "{type: 'phi4', mass_squared: -1, lambda: 0}",
      "{type: 'phi4', mass_squared: '1', lambda: 1}", "{type: 'phi4', mass_squared: 1, lambda: 1, source: NaN}"};
  static const char *const shapes[] = {
      "{type: 'phi4', mass_squared: 1, lambda: 1, source: [1, 2]}", "{type: 'phi4', mass_squared: [1], lambda: 1}",
      "{type: 'phi4', mass_squared: 1, lambda: 1, hopping: [{displacement: [1], strength: 0.1}]}"};
  BAD_NEW(INST_NULL_ARGUMENT, inst_action, inst_action_new(NULL, FORM_A, &thing));
  BAD_NEW(INST_NULL_ARGUMENT, inst_action, inst_action_new(world.lattice, FORM_A, NULL));
  for (int i = 0; i < COUNT_OF(specs); i++) {
    BAD_NEW(INST_BAD_SPEC, inst_action, inst_action_new(world.lattice, specs[i], &thing));
  }
  for (int i = 0; i < COUNT_OF(shapes); i++) {
    BAD_NEW(INST_BAD_SHAPE, inst_action, inst_action_new(world.lattice, shapes[i], &thing));
  }
  const char *misspelt = "{type: 'phi4', mass_squared: 1, lamda: 1}";
  BAD_NEW(INST_BAD_SPEC, inst_action, inst_action_new(world.lattice, misspelt, &thing));
  EXPECT_MESSAGE("lamda");
  EXPECT_MESSAGE("lambda");
}

/* All functions that read fields, with a NaN or an infinity among the numbers, and with impossible batches. */
static void spoilt_fields(void) {
  static const double spoils[] = {NAN, INFINITY, -INFINITY};
  static const int64_t batches[] = {0, -1, INT64_MIN, INT64_MAX, INT64_MAX / 8};
  inst_proposal *proposal;
  inst_chain *chain;
  EXPECT_OK(inst_proposal_new(world.model, NULL, "", &proposal));
  EXPECT_OK(inst_chain_new(world.action, NULL, "{type: 'hmc'}", &chain));
  for (int i = 0; i < COUNT_OF(spoils); i++) {
    double spoilt[BATCH * V];
    memcpy(spoilt, fields, sizeof spoilt);
    spoilt[V - 1] = spoils[i];
    BAD(INST_BAD_INPUT, inst_action_value(world.action, BATCH, spoilt, out));
    BAD(INST_BAD_INPUT, inst_action_gradient(world.action, BATCH, spoilt, out));
    BAD(INST_BAD_INPUT, inst_model_log_density(world.model, BATCH, spoilt, out));
    BAD(INST_BAD_INPUT, inst_propose(proposal, 0, spoilt, out, out_more));
    BAD(INST_BAD_INPUT, inst_chain_set_field(chain, spoilt));
  }
  for (int i = 0; i < COUNT_OF(batches); i++) {
    BAD(INST_BAD_SHAPE, inst_action_value(world.action, batches[i], fields, out));
    BAD(INST_BAD_SHAPE, inst_action_gradient(world.action, batches[i], fields, out));
    BAD(INST_BAD_SHAPE, inst_model_log_density(world.model, batches[i], fields, out));
    BAD(INST_BAD_SHAPE, inst_model_sample(world.model, 0, batches[i], out, out_more));
  }
  BAD(INST_NULL_ARGUMENT, inst_action_value(NULL, 1, fields, out));
  BAD(INST_NULL_ARGUMENT, inst_action_value(world.action, 1, NULL, out));
  BAD(INST_NULL_ARGUMENT, inst_action_value(world.action, 1, fields, NULL));
  BAD(INST_NULL_ARGUMENT, inst_action_gradient(NULL, 1, fields, out));
  BAD(INST_NULL_ARGUMENT, inst_action_gradient(world.action, 1, NULL, out));
  BAD(INST_NULL_ARGUMENT, inst_action_gradient(world.action, 1, fields, NULL));
  BAD(INST_NULL_ARGUMENT, inst_model_sample(NULL, 0, 1, out, out_more));
  BAD(INST_NULL_ARGUMENT, inst_model_sample(world.model, 0, 1, NULL, out_more));
  BAD(INST_NULL_ARGUMENT, inst_model_sample(world.model, 0, 1, out, NULL));
  BAD(INST_NULL_ARGUMENT, inst_model_log_density(NULL, 1, fields, out));
  BAD(INST_NULL_ARGUMENT, inst_model_log_density(world.model, 1, NULL, out));
  BAD(INST_NULL_ARGUMENT, inst_model_log_density(world.model, 1, fields, NULL));
  BAD(INST_NULL_ARGUMENT, inst_propose(NULL, 0, fields, out, out_more));
  BAD(INST_NULL_ARGUMENT, inst_propose(proposal, 0, NULL, out, out_more));
  BAD(INST_NULL_ARGUMENT, inst_propose(proposal, 0, fields, NULL, out_more));
  BAD(INST_NULL_ARGUMENT, inst_propose(proposal, 0, fields, out, NULL));
  BAD(INST_NULL_ARGUMENT, inst_chain_set_field(NULL, fields));
  BAD(INST_NULL_ARGUMENT, inst_chain_set_field(chain, NULL));
  BAD(INST_NULL_ARGUMENT, inst_chain_field(NULL, out));
  BAD(INST_NULL_ARGUMENT, inst_chain_field(chain, NULL));
  inst_proposal_free(proposal);
  inst_chain_free(chain);
}

/* A host's action that misbehaves on command. */
enum { BEHAVES, STOPS, NAN_VALUE, NAN_GRADIENT, FORGETS_VALUE, FORGETS_GRADIENT };

static int32_t moody(const double *field, int64_t count, double *value, double *gradient, void *user) {
  const int mood = *(const int *)user;
  double sum = 0.0;
  for (int64_t i = 0; i < count; i++) {
    sum += 0.5 * field[i] * field[i];
    if (gradient != NULL && mood != FORGETS_GRADIENT) gradient[i] = mood == NAN_GRADIENT ? NAN : field[i];
  }
  if (mood != FORGETS_VALUE) *value = mood == NAN_VALUE ? NAN : sum;
  return mood == STOPS ? 42 : 0;
}

static void callbacks(void) {
  static const int moods[] = {STOPS, NAN_VALUE, FORGETS_VALUE, NAN_GRADIENT, FORGETS_GRADIENT};
  int mood = BEHAVES;
  inst_action *action;
  inst_chain *chain;
  double before[V], after[V];
  BAD_NEW(INST_NULL_ARGUMENT, inst_action, inst_action_from_callback(NULL, moody, &mood, &thing));
  BAD_NEW(INST_NULL_ARGUMENT, inst_action, inst_action_from_callback(world.lattice, NULL, &mood, &thing));
  BAD_NEW(INST_NULL_ARGUMENT, inst_action, inst_action_from_callback(world.lattice, moody, &mood, NULL));
  EXPECT_OK(inst_action_from_callback(world.lattice, moody, &mood, &action));
  EXPECT_OK(inst_chain_new(action, NULL, "{type: 'hmc', start: 'hot', steps: 4}", &chain));
  for (int i = 0; i < COUNT_OF(moods); i++) {
    const inst_status expected = moods[i] == STOPS ? INST_STOPPED : INST_BAD_INPUT;
    int32_t accepted = 55;
    EXPECT_OK(inst_chain_field(chain, before));
    mood = moods[i];
    if (mood != NAN_GRADIENT && mood != FORGETS_GRADIENT) BAD(expected, inst_action_value(action, 2, fields, out));
    BAD(expected, inst_action_gradient(action, 2, fields, out));
    BAD(expected, inst_chain_step(chain, &accepted, out, out_more));
    BAD(expected, inst_model_train(world.model, action, "{steps: 2, batch: 4}", NULL, NULL));
    EXPECT_OK(inst_chain_field(chain, after));
    EXPECT(accepted == 55 && memcmp(before, after, sizeof before) == 0);
    mood = BEHAVES;
    double value, delta;
    EXPECT_OK(inst_chain_step(chain, &accepted, &value, &delta));
  }
  inst_chain_free(chain);
  inst_action_free(action);
}

static int32_t stop_at_once(int64_t step, int64_t steps, double loss, double ess, void *user) {
  (void)step, (void)steps, (void)loss, (void)ess, (void)user;
  return 1;
}

static void models_and_training(const inst_action *action_6) {
  static const char *const specs[] = {
      "{type: 'affin'}", "{type: 'affine', layer: 4}", "{type: 'affine', layers: 0}",
      "{type: 'affine', layers: -1}", "{type: 'affine', layers: 1e9}", "{type: 'affine', hidden: 8}",
      "{type: 'affine', hidden: [0]}", "{type: 'affine', kernel: 4}", "{type: 'affine', activation: 'step'}",
      "{prior: 'mixture'}"};
  static const char *const training[] = {"{step: 1}", "{steps: -1}", "{steps: 'few'}", "{batch: 0}",
                                         "{learning_rate: NaN}", "{learning_rate: -1}", "{"};
  const int64_t odd[2] = {4, 5};
  inst_lattice *lattice;
  char text[4] = "abc";
  int64_t needed = 77;
  BAD_NEW(INST_NULL_ARGUMENT, inst_model, inst_model_new(NULL, SMALL_MODEL, &thing));
  BAD_NEW(INST_NULL_ARGUMENT, inst_model, inst_model_new(world.lattice, SMALL_MODEL, NULL));
  for (int i = 0; i < COUNT_OF(specs); i++) {
    BAD_NEW(INST_BAD_SPEC, inst_model, inst_model_new(world.lattice, specs[i], &thing));
  }
  EXPECT_OK(inst_lattice_new(world.context, 2, odd, &lattice));
  BAD_NEW(INST_BAD_SHAPE, inst_model, inst_model_new(lattice, SMALL_MODEL, &thing));
  inst_lattice_free(lattice);
  EXPECT_STATUS(INST_NULL_ARGUMENT, inst_model_count(NULL, &needed));
  EXPECT_STATUS(INST_NULL_ARGUMENT, inst_model_count(world.model, NULL));
  EXPECT_STATUS(INST_NULL_ARGUMENT, inst_model_describe(NULL, text, 4, &needed));
  EXPECT_STATUS(INST_NULL_ARGUMENT, inst_model_describe(world.model, NULL, 4, &needed));
  EXPECT_STATUS(INST_NULL_ARGUMENT, inst_model_describe(world.model, text, 4, NULL));
  EXPECT_STATUS(INST_BAD_SHAPE, inst_model_describe(world.model, text, -4, &needed));
  EXPECT(strcmp(text, "abc") == 0 && needed == 77);

  BAD(INST_NULL_ARGUMENT, inst_model_train(NULL, world.action, "", NULL, NULL));
  BAD(INST_NULL_ARGUMENT, inst_model_train(world.model, NULL, "", NULL, NULL));
  BAD(INST_BAD_SHAPE, inst_model_train(world.model, action_6, "{steps: 1}", NULL, NULL));
  BAD(INST_STOPPED, inst_model_train(world.model, world.action, "{steps: 5, batch: 4, resume: false}", stop_at_once, NULL));
  for (int i = 0; i < COUNT_OF(training); i++) {
    BAD(INST_BAD_SPEC, inst_model_train(world.model, world.action, training[i], NULL, NULL));
  }
}

static void proposals_and_chains(const inst_model *model_6) {
  static const char *const specs[] = {
      "{type: 'hcm'}", "{type: 'hmc', step: 3}", "{type: 'hmc', steps: 0}", "{type: 'hmc', steps: -1}",
      "{type: 'hmc', steps: 2.5}", "{type: 'hmc', length: 0}", "{type: 'hmc', length: NaN}",
      "{type: 'hmc', integrator: 'euler'}", "{type: 'hmc', start: 'warm'}", "{type: 'independence', steps: 1}",
      "{type: 'transformed_hmc', levels: []}",
      "{type: 'cycle'}", "{type: 'cycle', kernels: []}", "{type: 'cycle', kernels: [{type: 'hmc', repeat: 0}]}", "{"};
  int32_t accepted = 55;
  BAD_NEW(INST_NULL_ARGUMENT, inst_proposal, inst_proposal_new(NULL, world.action, "", &thing));
  BAD_NEW(INST_NULL_ARGUMENT, inst_proposal, inst_proposal_new(world.model, world.action, "", NULL));
  BAD_NEW(INST_BAD_SPEC, inst_proposal, inst_proposal_new(world.model, NULL, "{type: 'guess'}", &thing));
  BAD_NEW(INST_BAD_SPEC, inst_proposal, inst_proposal_new(world.model, NULL, "{type: 'independence', n: 1}", &thing));
  BAD_NEW(INST_BAD_SHAPE, inst_proposal, inst_proposal_new(model_6, world.action, "", &thing));

  BAD_NEW(INST_NULL_ARGUMENT, inst_chain, inst_chain_new(NULL, world.model, "", &thing));
  BAD_NEW(INST_NULL_ARGUMENT, inst_chain, inst_chain_new(world.action, NULL, "", NULL));
  BAD_NEW(INST_BAD_SPEC, inst_chain, inst_chain_new(world.action, NULL, "{type: 'independence'}", &thing));
  BAD_NEW(INST_BAD_SHAPE, inst_chain, inst_chain_new(world.action, model_6, "{type: 'independence'}", &thing));
  for (int i = 0; i < COUNT_OF(specs); i++) {
    BAD_NEW(INST_BAD_SPEC, inst_chain, inst_chain_new(world.action, world.model, specs[i], &thing));
  }
  BAD(INST_NULL_ARGUMENT, inst_chain_step(NULL, &accepted, out, out_more));
  EXPECT(accepted == 55);
}

/* Each of the five arguments of a call in turn as NULL. */
static void statistics(void) {
  static const int64_t counts[] = {INT64_MIN, -1, 0, 1};
  const double series[8] = {1, 2, 1, 3, 1, 2, 4, 1}, spoilt[8] = {1, 2, NAN, 3, 1, 2, 4, 1};
  for (int i = 0; i < 5; i++) {
    const double *in = i == 0 ? NULL : series;
    double *p[4] = {out, out + 1, out + 2, out + 3};
    if (i > 0) p[i - 1] = NULL;
    BAD(INST_NULL_ARGUMENT, inst_autocorrelation(8, in, p[0], p[1], p[2], p[3]));
    BAD(INST_NULL_ARGUMENT, inst_reweighting(8, in, p[0], p[1], p[2], p[3]));
  }
  BAD(INST_NULL_ARGUMENT, inst_reweighting_tail(8, NULL, out));
  BAD(INST_NULL_ARGUMENT, inst_reweighting_tail(8, series, NULL));
  for (int i = 0; i < COUNT_OF(counts); i++) {
    BAD(INST_BAD_SHAPE, inst_autocorrelation(counts[i], series, out, out + 1, out + 2, out + 3));
    BAD(INST_BAD_SHAPE, inst_reweighting(counts[i], series, out, out + 1, out + 2, out + 3));
    BAD(INST_BAD_SHAPE, inst_reweighting_tail(counts[i], series, out));
  }
  inst_two_sided_report found = {0};
  const int64_t pair[2] = {4, 4}, bad_pair[2] = {4, 0};
  found.struct_size = sizeof found;
  BAD(INST_NULL_ARGUMENT, inst_autocorrelation_replicas(2, NULL, series, out, out + 1, out + 2, out + 3, out + 4));
  BAD(INST_NULL_ARGUMENT, inst_autocorrelation_replicas(2, pair, series, out, out + 1, out + 2, out + 3, NULL));
  BAD(INST_BAD_SHAPE, inst_autocorrelation_replicas(0, pair, series, out, out + 1, out + 2, out + 3, out + 4));
  BAD(INST_BAD_SHAPE, inst_autocorrelation_replicas(2, bad_pair, series, out, out + 1, out + 2, out + 3, out + 4));
  BAD(INST_BAD_INPUT, inst_autocorrelation_replicas(2, pair, spoilt, out, out + 1, out + 2, out + 3, out + 4));
  BAD(INST_NULL_ARGUMENT, inst_reweighting_two_sided(8, series, 8, series, NULL));
  BAD(INST_NULL_ARGUMENT, inst_reweighting_two_sided(8, series, 8, NULL, &found));
  BAD(INST_BAD_SHAPE, inst_reweighting_two_sided(8, series, 3, series, &found));
  BAD(INST_BAD_INPUT, inst_reweighting_two_sided(8, series, 8, spoilt, &found));
  found.struct_size = 7;
  BAD(INST_BAD_SHAPE, inst_reweighting_two_sided(8, series, 8, series, &found));
  const int64_t too_many = 9;
  BAD(INST_NULL_ARGUMENT, inst_kl_per_site(8, NULL, 0.0, 1, out, out + 1));
  BAD(INST_NULL_ARGUMENT, inst_kl_per_site(8, series, 0.0, 1, out, NULL));
  BAD(INST_BAD_SHAPE, inst_kl_per_site(1, series, 0.0, 1, out, out + 1));
  BAD(INST_BAD_SHAPE, inst_kl_per_site(8, series, 0.0, 0, out, out + 1));
  BAD(INST_BAD_INPUT, inst_kl_per_site(8, series, INFINITY, 1, out, out + 1));
  BAD(INST_BAD_INPUT, inst_kl_per_site(8, spoilt, 0.0, 1, out, out + 1));
  BAD(INST_NULL_ARGUMENT, inst_reweighting_mean(8, series, NULL, NULL, NULL, out, out + 1));
  BAD(INST_NULL_ARGUMENT, inst_reweighting_mean(8, series, series, series, NULL, out, out + 1));
  BAD(INST_BAD_SHAPE, inst_reweighting_mean(1, series, series, NULL, NULL, out, out + 1));
  BAD(INST_BAD_INPUT, inst_reweighting_mean(8, spoilt, series, NULL, NULL, out, out + 1));
  BAD(INST_BAD_INPUT, inst_reweighting_mean(8, series, spoilt, NULL, NULL, out, out + 1));
  BAD(INST_BAD_INPUT, inst_reweighting_mean(8, series, series, spoilt, series, out, out + 1));
  BAD(INST_NULL_ARGUMENT, inst_reweighting_nested(8, series, 2, NULL, out, out + 2));
  BAD(INST_NULL_ARGUMENT, inst_reweighting_nested(8, series, 2, pair, NULL, out + 2));
  BAD(INST_BAD_SHAPE, inst_reweighting_nested(8, series, 2, bad_pair, out, out + 2));
  BAD(INST_BAD_SHAPE, inst_reweighting_nested(8, series, 1, &too_many, out, out + 1));
  BAD(INST_BAD_SHAPE, inst_reweighting_nested(8, series, -1, pair, out, out + 2));
  BAD(INST_BAD_INPUT, inst_reweighting_nested(8, spoilt, 2, pair, out, out + 2));
  BAD(INST_NULL_ARGUMENT, inst_reweighting_forward(8, NULL, NULL, out, out + 1, out + 2, out + 3));
  BAD(INST_NULL_ARGUMENT, inst_reweighting_forward(8, series, NULL, out, out + 1, out + 2, NULL));
  BAD(INST_BAD_SHAPE, inst_reweighting_forward(3, series, NULL, out, out + 1, out + 2, out + 3));
  BAD(INST_BAD_INPUT, inst_reweighting_forward(8, spoilt, NULL, out, out + 1, out + 2, out + 3));
  BAD(INST_BAD_INPUT, inst_reweighting_forward(8, series, spoilt + 2, out, out + 1, out + 2, out + 3));
  BAD(INST_NULL_ARGUMENT, inst_mode_balance(8, NULL, 0.5, out, out + 1, out + 2));
  BAD(INST_NULL_ARGUMENT, inst_mode_balance_independent(8, series, 0.5, out, out + 1, NULL));
  BAD(INST_BAD_SHAPE, inst_mode_balance(3, spoilt + 3, 0.5, out, out + 1, out + 2));
  BAD(INST_BAD_SHAPE, inst_mode_balance_independent(1, series, 0.5, out, out + 1, out + 2));
  BAD(INST_BAD_INPUT, inst_mode_balance(8, spoilt, 0.5, out, out + 1, out + 2));
  BAD(INST_BAD_INPUT, inst_mode_balance_independent(8, series, 1.0, out, out + 1, out + 2));
  const double infinite[4] = {1, -1, INFINITY, -1};
  BAD(INST_BAD_INPUT, inst_mode_balance(4, infinite, 0.5, out, out + 1, out + 2));
  BAD(INST_BAD_INPUT, inst_mode_balance_independent(4, infinite, 0.5, out, out + 1, out + 2));
  BAD(INST_NOT_CONVERGED, inst_mode_balance(8, series, 0.5, out, out + 1, out + 2));
  BAD(INST_NULL_ARGUMENT, inst_chain_reversibility(NULL, out, out + 1));
  BAD(INST_NULL_ARGUMENT, inst_chain_describe(NULL, NULL, 0, NULL));
  BAD(INST_BAD_INPUT, inst_autocorrelation(8, spoilt, out, out + 1, out + 2, out + 3));
  BAD(INST_BAD_INPUT, inst_reweighting(8, spoilt, out, out + 1, out + 2, out + 3));
  BAD(INST_BAD_INPUT, inst_reweighting_tail(8, spoilt, out));
}

int main(void) {
  uint64_t random = 12;
  for (int i = 0; i < BATCH * V; i++) {
    fields[i] = 0.3 * normal(&random);
    out[i] = out_more[i] = canary;
  }
  world = make_world("{threads: 1}", L);
  world_type world_6 = make_world("{threads: 1}", 6);
  contexts();
  lattices();
  action_specs();
  spoilt_fields();
  callbacks();
  models_and_training(world_6.action);
  proposals_and_chains(world_6.model);
  statistics();
  free_world(world);
  free_world(world_6);
  return report("bad_input");
}
