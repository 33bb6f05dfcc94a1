/* The section `chain` of instanton.h. */
#include "expect.h"

enum { L = 4, V = L * L, STEPS = 60 };

#define CYCLE "{type: 'cycle', start: 'hot', kernels: [{type: 'hmc', steps: 5, repeat: 2}, {type: 'independence'}]}"

static inst_chain *make(const world_type *world, const char *spec) {
  inst_chain *chain;
  EXPECT_OK(inst_chain_new(world->action, world->model, spec, &chain));
  return chain;
}

/* Runs a chain; S is that of the field, which changes where a step was accepted and only there. */
static void expect_steps(const world_type *world, const char *spec) {
  inst_chain *chain = make(world, spec);
  double before[V], after[V], value, delta, expected;
  int32_t accepted;
  int moves = 0;
  EXPECT_OK(inst_chain_field(chain, before));
  for (int n = 0; n < STEPS; n++) {
    EXPECT_OK(inst_chain_step(chain, &accepted, &value, &delta));
    EXPECT_OK(inst_chain_field(chain, after));
    EXPECT_OK(inst_action_value(world->action, 1, after, &expected));
    EXPECT_CLOSE(value, expected, 1e-10 * (1.0 + fabs(expected)));
    EXPECT(accepted == 0 || accepted == 1);
    EXPECT((memcmp(before, after, sizeof before) != 0) == (accepted == 1));
    EXPECT(!isnan(delta));
    moves += accepted;
    memcpy(before, after, sizeof before);
  }
  EXPECT(moves > 0);
  inst_chain_free(chain);
}

/* A chain that is saved and loaded goes on bit for bit. */
static void expect_resumed(const world_type *world, const char *spec) {
  char path[4096];
  double straight[V], resumed[V], value, delta;
  int32_t accepted;
  inst_chain *chain = make(world, spec), *other = make(world, spec);
  for (int n = 0; n < 7; n++) EXPECT_OK(inst_chain_step(chain, &accepted, &value, &delta));
  EXPECT_OK(inst_chain_save(chain, temporary("chain.safetensors", path, sizeof path)));
  for (int n = 0; n < STEPS; n++) EXPECT_OK(inst_chain_step(chain, &accepted, &value, &delta));
  EXPECT_OK(inst_chain_field(chain, straight));
  EXPECT_OK(inst_chain_load(other, path));
  for (int n = 0; n < STEPS; n++) EXPECT_OK(inst_chain_step(other, &accepted, &value, &delta));
  EXPECT_OK(inst_chain_field(other, resumed));
  EXPECT(memcmp(straight, resumed, sizeof straight) == 0);
  remove(path);
  inst_chain_free(chain);
  inst_chain_free(other);
}

static void expect_fields(const world_type *world) {
  double field[V], read[V];
  uint64_t random = 8;
  inst_chain *chain = make(world, "{type: 'hmc'}");
  EXPECT_OK(inst_chain_field(chain, read));
  for (int i = 0; i < V; i++) EXPECT(read[i] == 0.0);
  for (int i = 0; i < V; i++) field[i] = 0.3 * normal(&random);
  EXPECT_OK(inst_chain_set_field(chain, field));
  EXPECT_OK(inst_chain_field(chain, read));
  EXPECT(memcmp(field, read, sizeof field) == 0);
  inst_chain_free(chain);
}

/* A frozen theory, a chain that thaws: replicas, their state as text, and a run that goes on from a file bit for bit. */
static void expect_thaw(void) {
  static char text[4000];
  const int64_t extent[2] = {6, 6};
  const char *spec = "{type: 'tempering', defect: {size: [2]}, replicas: 4, tune: 40, start: 'hot',"
                     " near: [{within: 1, sweeps: 2}], switches: 2}";
  inst_context *context = NULL;
  inst_lattice *lattice = NULL;
  inst_action *action = NULL;
  inst_chain *chain = NULL, *other = NULL;
  double value, delta, one[144], another[144];
  int32_t accepted;
  int64_t needed = 0;
  EXPECT_OK(inst_context_new("{seed: 3, threads: 2}", &context));
  EXPECT_OK(inst_lattice_new(context, 2, extent, &lattice));
  EXPECT_OK(inst_action_new(lattice, "{type: 'wilson', group: 'u1', beta: 4}", &action));
  EXPECT_OK(inst_chain_new(action, NULL, spec, &chain));
  for (int n = 0; n < 60; n++) EXPECT_OK(inst_chain_step(chain, &accepted, &value, &delta));
  EXPECT(accepted == 1 && delta == 0.0);
  EXPECT_OK(inst_chain_describe(chain, text, sizeof text, &needed));
  EXPECT(needed == (int64_t)strlen(text) + 1);
  EXPECT(strstr(text, "\"swap_acceptances\":[0.") && strstr(text, "\"round_trips\":") && strstr(text, "\"counter\":60"));
  EXPECT_OK(inst_chain_save(chain, "chain_tempering.safetensors"));
  EXPECT_OK(inst_chain_new(action, NULL, spec, &other));
  EXPECT_OK(inst_chain_load(other, "chain_tempering.safetensors"));
  EXPECT(remove("chain_tempering.safetensors") == 0);
  for (int n = 0; n < 30; n++) {
    EXPECT_OK(inst_chain_step(chain, &accepted, &value, &delta));
    EXPECT_OK(inst_chain_step(other, &accepted, &value, &delta));
  }
  EXPECT_OK(inst_chain_field(chain, one));
  EXPECT_OK(inst_chain_field(other, another));
  EXPECT(memcmp(one, another, sizeof one) == 0);
  inst_chain_free(chain);
  inst_chain_free(other);
  EXPECT_STATUS(INST_BAD_SPEC, inst_chain_new(action, NULL, "{type: 'tempering', defect: {size: [2]}}", &chain));
  EXPECT_MESSAGE("chain: replicas: expected these or strengths, got neither");
  inst_action_free(action);
  inst_lattice_free(lattice);
  inst_context_free(context);
}

/* A trajectory run backwards comes back to its start; inst_chain_reversibility leaves the chain unchanged. */
static void expect_reversible(const world_type *world, const char *spec) {
  double distance = -1.0, energy = -1.0, value, delta, after[V], others[V];
  int32_t accepted;
  inst_chain *chain = make(world, spec), *other = make(world, spec);
  for (int n = 0; n < 5; n++) {
    EXPECT_OK(inst_chain_reversibility(chain, &distance, &energy));
    EXPECT(distance > 0.0 && distance < 1e-10 && energy < 1e-10);
    EXPECT_OK(inst_chain_step(chain, &accepted, &value, &delta));
    EXPECT_OK(inst_chain_step(other, &accepted, &value, &delta));
  }
  EXPECT_OK(inst_chain_field(chain, after));
  EXPECT_OK(inst_chain_field(other, others));
  EXPECT(memcmp(after, others, sizeof after) == 0);
  inst_chain_free(chain);
  inst_chain_free(other);
}

int main(void) {
  static const char *const specs[] = {
      "", "{type: 'hmc', integrator: 'leapfrog', steps: 8, length: 1.5}",
      "{type: 'hmc', integrator: 'omelyan4', steps: 3}",
      "{type: 'independence', start: 'hot', seed: 3}", CYCLE,
      "{type: 'transformed_hmc', steps: 6, length: 1}", "{type: 'langevin', step: 0.02}",
      "{type: 'cluster', clusters: 2}", "{type: 'hmc', mass: {type: 'fourier', mass_squared: 1}}"};
  world_type world = make_world("{threads: 2}", L);
  /* Trained a little, so that fields of the chain and of the model overlap. */
  EXPECT_OK(inst_model_train(world.model, world.action, "{steps: 600, batch: 64, learning_rate: 0.01}", NULL, NULL));
  for (size_t i = 0; i < sizeof specs / sizeof *specs; i++) {
    expect_steps(&world, specs[i]);
    expect_resumed(&world, specs[i]);
  }
  expect_fields(&world);
  expect_reversible(&world, specs[1]);
  expect_reversible(&world, CYCLE);
  expect_reversible(&world, specs[5]);
  expect_reversible(&world, specs[8]);
  expect_reversible(&world, "{type: 'cycle', kernels: [{type: 'independence'}, {type: 'transformed_hmc', steps: 6}]}");
  inst_chain *none = make(&world, "{type: 'independence'}");
  double distance = -7.0, energy = -7.0;
  EXPECT_STATUS(INST_UNSUPPORTED, inst_chain_reversibility(none, &distance, &energy));
  EXPECT_MESSAGE("chain: expected a kernel with trajectories, type 'hmc' or 'transformed_hmc', got none");
  EXPECT(distance == -7.0 && energy == -7.0);
  inst_chain_free(none);
  expect_thaw();

  /* The model may be NULL where none is needed; a chain outlives the objects that it was made from. */
  inst_chain *chain;
  EXPECT_OK(inst_chain_new(world.action, NULL, "{type: 'hmc', steps: 4}", &chain));
  free_world(world);
  inst_chain_free(chain);
  inst_chain_free(NULL);
  return report("chain");
}
