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

int main(void) {
  expect_reproducible();
  expect_density("{threads: 2}", 1e-8);
  expect_density("{threads: 2, precision: 'f32'}", 1e-3);
  expect_saved();
  expect_training();
  inst_model_free(NULL);
  return report("model");
}
