/* A host that knows the library from what is installed alone: one exact step with a learned proposal. */
#include <instanton.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define CALL(call)                                                                                                     \
  do {                                                                                                                 \
    if ((call) != INST_OK) {                                                                                           \
      fprintf(stderr, "%s: %s\n", #call, inst_last_error());                                                           \
      return 1;                                                                                                        \
    }                                                                                                                  \
  } while (0)

int main(int argc, char **argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: host MODELS\n");
    return 2;
  }
  char path[4096];
  snprintf(path, sizeof path, "%s/phi4_6x6.safetensors", argv[1]);
  inst_context *context;
  inst_lattice *lattice;
  inst_action *action;
  inst_model *model;
  inst_proposal *proposal;
  const int64_t extent[2] = {6, 6};
  CALL(inst_context_new("{threads: 1}", &context));
  CALL(inst_lattice_new(context, 2, extent, &lattice));
  CALL(inst_action_new(lattice, "{type: 'phi4', mass_squared: -4, lambda: 6.975}", &action));
  CALL(inst_model_load(lattice, path, &model));
  CALL(inst_proposal_new(model, NULL, NULL, &proposal));
  double current[36], proposed[36], log_ratio, before, after;
  double mean = 0;
  CALL(inst_model_sample(model, 1000, 1, current, &before));
  for (uint64_t counter = 0; counter < 64; counter++) {
    CALL(inst_propose(proposal, counter, current, proposed, &log_ratio));
    CALL(inst_action_value(action, 1, current, &before));
    CALL(inst_action_value(action, 1, proposed, &after));
    const double probability = exp(before - after + log_ratio);
    mean += (probability < 1 ? probability : 1) / 64;
  }
  inst_proposal_free(proposal);
  inst_model_free(model);
  inst_action_free(action);
  inst_lattice_free(lattice);
  inst_context_free(context);
  printf("instanton %s: mean probability of acceptance from one field %.3f\n", inst_version(), mean);
  return mean > 0 && mean <= 1 ? 0 : 1;
}
