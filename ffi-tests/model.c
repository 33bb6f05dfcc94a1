/* The section `model` of instanton.h. */
#include "expect.h"

enum { L = 4, V = L * L, BATCH = 37 };

static double fields[BATCH * V], log_q[BATCH], other_fields[BATCH * V], other_log_q[BATCH];

static int same(const double *a, const double *b, size_t count) { return memcmp(a, b, sizeof(double) * count) == 0; }

/* The same samples, bit for bit, for any number of threads and any division into batches. */
static void expect_reproducible(void) {
  static const char *const contexts[] = {"{threads: 1, seed: 5}", "{threads: 2, seed: 5}", "{threads: 5, seed: 5}"};
  for (int i = 0; i < 3; i++) {
    world_type world = make_world(contexts[i], L);
    EXPECT_OK(inst_model_sample(world.model, 100, BATCH, i == 0 ? fields : other_fields, i == 0 ? log_q : other_log_q));
    EXPECT(i == 0 || (same(fields, other_fields, BATCH * V) && same(log_q, other_log_q, BATCH)));
    EXPECT_OK(inst_model_sample(world.model, 103, 1, other_fields, other_log_q));
    EXPECT(same(fields + 3 * V, other_fields, V) && same(log_q + 3, other_log_q, 1));
    free_world(world);
  }
  world_type world = make_world("{threads: 1, seed: 6}", L);
  EXPECT_OK(inst_model_sample(world.model, 100, BATCH, other_fields, other_log_q));
  EXPECT(!same(fields, other_fields, V));
  free_world(world);
}

/* log q of a sample is the density at that sample. */
static void expect_density(const char *context, double tolerance) {
  world_type world = make_world(context, L);
  EXPECT_OK(inst_model_sample(world.model, 0, BATCH, fields, log_q));
  EXPECT_OK(inst_model_log_density(world.model, BATCH, fields, other_log_q));
  for (int i = 0; i < BATCH; i++) EXPECT_CLOSE(other_log_q[i], log_q[i], tolerance);
  free_world(world);
}

static void expect_saved(void) {
  char path[4096], text[1024], again[1024];
  int64_t needed, needed_again;
  inst_model *loaded;
  world_type world = make_world("{threads: 1}", L);
  EXPECT_OK(inst_model_save(world.model, temporary("model.safetensors", path, sizeof path)));
  EXPECT_OK(inst_model_load(world.lattice, path, &loaded));
  EXPECT_OK(inst_model_sample(world.model, 9, BATCH, fields, log_q));
  EXPECT_OK(inst_model_sample(loaded, 9, BATCH, other_fields, other_log_q));
  EXPECT(same(fields, other_fields, BATCH * V) && same(log_q, other_log_q, BATCH));
  EXPECT_OK(inst_model_describe(world.model, text, sizeof text, &needed));
  EXPECT_OK(inst_model_describe(loaded, again, sizeof again, &needed_again));
  EXPECT(needed == needed_again && needed == (int64_t)strlen(text) + 1 && strcmp(text, again) == 0);
  EXPECT(strstr(text, "affine") != NULL && strstr(text, "layers") != NULL);
  remove(path);
  inst_model_free(loaded);
  free_world(world);
}

typedef struct {
  int64_t calls, stop_at;
  double first, last;
} training_type;

static int32_t progress(int64_t step, int64_t steps, double loss, double ess, void *user) {
  training_type *seen = user;
  if (seen->calls++ == 0) seen->first = loss;
  seen->last = loss;
  return step > steps || !(ess > 0.0 && ess <= 1.0) || seen->calls == seen->stop_at;
}

static void expect_training(void) {
  training_type seen = {0, -1, 0.0, 0.0}, stopped = {0, 3, 0.0, 0.0};
  world_type world = make_world("{threads: 2}", L);
  const char *spec = "{steps: 40, batch: 32, learning_rate: 0.005}";
  EXPECT_OK(inst_model_train(world.model, world.action, spec, progress, &seen));
  EXPECT(seen.calls == 40 && seen.last < seen.first);
  EXPECT_OK(inst_model_train(world.model, world.action, "{steps: 2, batch: 8}", NULL, NULL));
  EXPECT_STATUS(INST_STOPPED, inst_model_train(world.model, world.action, spec, progress, &stopped));
  EXPECT(stopped.calls == 3);
  EXPECT_OK(inst_model_sample(world.model, 0, BATCH, fields, log_q));
  EXPECT_OK(inst_model_log_density(world.model, BATCH, fields, other_log_q));
  for (int i = 0; i < BATCH; i++) EXPECT_CLOSE(other_log_q[i], log_q[i], 1e-8);
  free_world(world);
}

/* Chains of layers, splines among them, and loops with stacked parameters; fields of the host to train on. */
static int32_t hear_losses(int64_t step, int64_t steps, double loss, double ess, void *user) {
  training_type *seen = user;
  if (seen->calls++ == 0) seen->first = loss;
  seen->last = loss;
  return step > steps || ess == ess; /* without weights the effective sample size is NaN */
}

static void expect_chain_on_fields(void) {
  static double given[400 * V];
  const char *layers = "{type: 'chain', layers: [{type: 'affine', repeat: 4, hidden: [4]}, {type: 'spline', hidden: [4]}]}";
  uint64_t random = 7;
  training_type seen = {0, -1, 0.0, 0.0};
  world_type world = make_world("{threads: 2}", L);
  inst_model *model;
  for (int i = 0; i < 400 * V; i++) given[i] = 0.5 * normal(&random) + 0.2;
  EXPECT_OK(inst_model_new(world.lattice, layers, &model));
  EXPECT_OK(inst_model_train_on(model, 400, given, "{steps: 60, batch: 50, learning_rate: 0.01}", hear_losses, &seen));
  EXPECT(seen.calls == 60 && seen.last < seen.first);
  EXPECT_OK(inst_model_sample(model, 0, BATCH, fields, log_q));
  EXPECT_OK(inst_model_log_density(model, BATCH, fields, other_log_q));
  for (int i = 0; i < BATCH; i++) EXPECT_CLOSE(other_log_q[i], log_q[i], 1e-8);
  EXPECT_STATUS(INST_BAD_SHAPE, inst_model_train_on(model, 0, given, "", NULL, NULL));
  EXPECT_MESSAGE("count: expected 1 to");
  EXPECT_STATUS(INST_BAD_SPEC, inst_model_train_on(model, 400, given, "{steps: 9, gradient: 'path'}", NULL, NULL));
  EXPECT_MESSAGE("gradient: expected none for training on fields");
  given[9] = INFINITY;
  EXPECT_STATUS(INST_BAD_INPUT, inst_model_train_on(model, 400, given, "", NULL, NULL));
  inst_model_free(model);
  free_world(world);
}

/* One model for a range of couplings. */
static void expect_conditional(void) {
  world_type world = make_world("{threads: 2}", L);
  char text[1024];
  int64_t needed;
  inst_model *model, *at;
  EXPECT_OK(inst_model_new(world.lattice, "{layers: 2, hidden: [4], condition: {lambda: [4, 8]}}", &model));
  EXPECT_OK(inst_model_train(model, world.action, "{steps: 20, batch: 16}", NULL, NULL));
  EXPECT_STATUS(INST_BAD_INPUT, inst_model_sample(model, 0, BATCH, fields, log_q));
  EXPECT_MESSAGE("condition: expected values of the model's conditions, got none");
  EXPECT_STATUS(INST_BAD_SPEC, inst_model_at(model, "{lambda: 9}", &at));
  EXPECT_MESSAGE("lambda: expected a number from 4 to 8, got 9");
  EXPECT_STATUS(INST_BAD_SPEC, inst_model_at(model, "", &at));
  EXPECT_STATUS(INST_UNSUPPORTED, inst_model_at(world.model, "{lambda: 5}", &at));
  for (int i = 0; i < 2; i++) {
    EXPECT_OK(inst_model_at(model, i == 0 ? "{lambda: 4.5}" : "{lambda: 7.5}", &at));
    EXPECT_OK(inst_model_sample(at, 0, BATCH, i == 0 ? fields : other_fields, log_q));
    EXPECT_OK(inst_model_log_density(at, BATCH, i == 0 ? fields : other_fields, other_log_q));
    for (int n = 0; n < BATCH; n++) EXPECT_CLOSE(other_log_q[n], log_q[n], 1e-8);
    EXPECT_OK(inst_model_describe(at, text, sizeof text, &needed));
    EXPECT(strstr(text, i == 0 ? "\"at\":{\"lambda\":4.5}" : "\"at\":{\"lambda\":7.5}") != NULL);
    inst_model_free(at);
  }
  EXPECT(!same(fields, other_fields, BATCH * V));
  inst_model_free(model);
  free_world(world);
}

/* Models whose fields are links or angles: their counts, measures and samples. */
static void expect_compact(const char *context, const char *prior, int64_t numbers, double expected) {
  world_type world = make_world(context, L);
  char spec[128];
  double *drawn = malloc(sizeof(double) * (size_t)(BATCH * numbers)), densities[BATCH], log_ratio = 7.0;
  int64_t count = 0;
  inst_model *model;
  inst_proposal *proposal;
  snprintf(spec, sizeof spec, "{type: 'chain', prior: %s, layers: []}", prior);
  EXPECT_OK(inst_model_new(world.lattice, spec, &model));
  EXPECT_OK(inst_model_count(model, &count));
  EXPECT(count == numbers);
  EXPECT_OK(inst_model_sample(model, 3, BATCH, drawn, densities));
  for (int i = 0; i < BATCH; i++) EXPECT_CLOSE(densities[i], expected, 1e-11);
  EXPECT_OK(inst_model_log_density(model, BATCH, drawn, densities));
  for (int i = 0; i < BATCH; i++) EXPECT_CLOSE(densities[i], expected, 1e-11);
  EXPECT_OK(inst_proposal_new(model, NULL, NULL, &proposal));
  EXPECT_OK(inst_propose(proposal, 3, drawn + numbers, drawn + numbers, &log_ratio));
  EXPECT(log_ratio == 0.0 && same(drawn, drawn + numbers, (size_t)numbers));
  EXPECT_STATUS(INST_UNSUPPORTED, inst_model_train(model, world.action, NULL, NULL, NULL));
  EXPECT_MESSAGE("model: expected one with parameters to train, got one without");
  inst_proposal_free(proposal);
  inst_model_free(model);
  free(drawn);
  free_world(world);
}

static void expect_compact_fields(void) {
  const char *contexts[] = {"{threads: 2}", "{threads: 2, precision: 'f32'}"};
  const double turn = 6.283185307179586;
  for (int i = 0; i < 2; i++) {
    expect_compact(contexts[i], "'uniform'", V, -V * log(turn));
    expect_compact(contexts[i], "{type: 'uniform', on: 'links'}", 2 * V, -2 * V * log(turn));
    expect_compact(contexts[i], "{type: 'haar', group: 'u1'}", 4 * V, 0.0);
    expect_compact(contexts[i], "{type: 'haar', group: 'su2'}", 16 * V, 0.0);
    expect_compact(contexts[i], "{type: 'haar', group: 'su3'}", 36 * V, 0.0);
  }
}

int main(void) {
  expect_compact_fields();
  expect_reproducible();
  expect_density("{threads: 2}", 1e-8);
  expect_density("{threads: 2, precision: 'f32'}", 1e-3);
  expect_saved();
  expect_training();
  expect_chain_on_fields();
  expect_conditional();
  inst_model_free(NULL);
  return report("model");
}
