/* The section `proposal` of instanton.h. */
#include "expect.h"

#include <pthread.h>

enum { L = 4, V = L * L, COUNT = 40 };

static double fields[COUNT * V], log_q[COUNT], start[V], log_q_start;
static inst_proposal *proposal;

/* From a field of its own and from each proposed one: the model's samples, and the ratio of densities. */
static int proposals_are_right(uint64_t first) {
  double current[V], proposed[V], log_ratio, log_q_current = log_q_start;
  memcpy(current, start, sizeof current);
  for (uint64_t n = first; n < COUNT; n++) {
    if (inst_propose(proposal, n, current, proposed, &log_ratio) != INST_OK) return 0;
    if (memcmp(proposed, fields + n * V, sizeof proposed) != 0) return 0;
    if (!(fabs(log_ratio - (log_q_current - log_q[n])) < 1e-8)) return 0;
    /* Every third proposal is rejected; now and then the host goes on from a field of its own. */
    if (n % 3 != 0) {
      memcpy(current, proposed, sizeof current);
      log_q_current = log_q[n];
    }
    if (n % 7 == 0) {
      memcpy(current, start, sizeof current);
      log_q_current = log_q_start;
    }
  }
  return 1;
}

static void *in_a_thread(void *out) {
  *(int *)out = proposals_are_right((uint64_t)*(int *)out);
  return NULL;
}

/* A host's chain with Langevin proposals: <phi dS/dphi> = V, whatever the action is. */
static void langevin_is_exact(void) {
  enum { STEPS = 8000 };
  world_type world = make_world("{threads: 1, seed: 3}", L);
  inst_proposal *langevin;
  double current[V] = {0}, proposed[V], gradient[V], log_ratio, value, other, sum = 0.0, squares = 0.0, block = 0.0;
  uint64_t random = 11;
  int accepted = 0;
  EXPECT_STATUS(INST_NULL_ARGUMENT, inst_proposal_new(world.model, NULL, "{type: 'langevin', step: 0.1}", &langevin));
  EXPECT_STATUS(INST_BAD_SPEC, inst_proposal_new(NULL, world.action, "{type: 'langevin', step: -1}", &langevin));
  EXPECT_OK(inst_proposal_new(NULL, world.action, "{type: 'langevin', step: 0.02}", &langevin));
  EXPECT_OK(inst_action_value(world.action, 1, current, &value));
  for (int n = 0; n < STEPS; n++) {
    EXPECT_OK(inst_propose(langevin, (uint64_t)n, current, proposed, &log_ratio));
    EXPECT_OK(inst_action_value(world.action, 1, proposed, &other));
    if (log(uniform(&random)) < value - other + log_ratio) {
      memcpy(current, proposed, sizeof current);
      value = other;
      accepted++;
    }
    EXPECT_OK(inst_action_gradient(world.action, 1, current, gradient));
    for (int i = 0; i < V; i++) block += current[i] * gradient[i] / V;
    if ((n + 1) % 400 == 0) {
      sum += block / 400;
      squares += block / 400 * (block / 400);
      block = 0.0;
    }
  }
  const double blocks = STEPS / 400, mean = sum / blocks;
  const double error = sqrt((squares / blocks - mean * mean) / (blocks - 1));
  EXPECT(accepted > STEPS / 2 && accepted < STEPS);
  EXPECT(error < 0.05 && fabs(mean - 1.0) < 5.0 * error);
  inst_proposal_free(langevin);
  free_world(world);
}

int main(void) {
  langevin_is_exact();
  world_type world = make_world("{threads: 2}", L);
  uint64_t random = 4;
  for (int i = 0; i < V; i++) start[i] = 0.3 * normal(&random);
  EXPECT_OK(inst_model_sample(world.model, 0, COUNT, fields, log_q));
  EXPECT_OK(inst_model_log_density(world.model, 1, start, &log_q_start));
  EXPECT_OK(inst_proposal_new(world.model, world.action, "", &proposal));
  inst_proposal_free(proposal);
  EXPECT_OK(inst_proposal_new(world.model, NULL, "{type: 'independence'}", &proposal));
  free_world(world);

  EXPECT(proposals_are_right(0));
  EXPECT(proposals_are_right(11));
  EXPECT(proposals_are_right(0));
  pthread_t threads[4];
  int right[4] = {0, 5, 10, 20};
  for (int i = 0; i < 4; i++) EXPECT(pthread_create(&threads[i], NULL, in_a_thread, &right[i]) == 0);
  for (int i = 0; i < 4; i++) EXPECT(pthread_join(threads[i], NULL) == 0);
  EXPECT(right[0] == 1 && right[1] == 1 && right[2] == 1 && right[3] == 1);

  /* A distant counter, and one array for the current and the proposed field. */
  double field[V], log_ratio;
  memcpy(field, start, sizeof field);
  EXPECT_OK(inst_propose(proposal, UINT64_MAX - 3, field, field, &log_ratio));
  EXPECT(memcmp(field, start, sizeof field) != 0 && isfinite(log_ratio));
  /* Counters end where those of inst_model_sample do. */
  EXPECT_OK(inst_propose(proposal, UINT64_MAX - 1, field, field, &log_ratio));
  EXPECT_STATUS(INST_BAD_INPUT, inst_propose(proposal, UINT64_MAX, field, field, &log_ratio));
  EXPECT_MESSAGE("counter: expected at most 18446744073709551614, got 18446744073709551615");
  inst_proposal_free(proposal);
  inst_proposal_free(NULL);
  return report("proposal");
}
