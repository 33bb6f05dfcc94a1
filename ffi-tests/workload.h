/* Calls of all sections of instanton.h, for the tests of good behaviour. Their digest depends on every bit of the
 * results, which depend on seeds alone. */
#ifndef WORKLOAD_H
#define WORKLOAD_H
#include "expect.h"

#include <unistd.h>

static inline void digest(uint64_t *hash, const void *bytes, size_t count) {
  for (size_t i = 0; i < count; i++) *hash = (*hash ^ ((const unsigned char *)bytes)[i]) * UINT64_C(1099511628211);
}

static inline int32_t stop_at_three(int64_t step, int64_t steps, double loss, double ess, void *user) {
  (void)steps, (void)loss, (void)ess, (void)user;
  return step == 3;
}

/* The host's own action: S = sum phi^2. */
static inline int32_t square(const double *field, int64_t count, double *value, double *gradient, void *user) {
  (void)user;
  *value = 0.0;
  for (int64_t i = 0; i < count; i++) {
    *value += field[i] * field[i];
    if (gradient != NULL) gradient[i] = 2.0 * field[i];
  }
  return 0;
}

/* Models, proposals, chains of scalars, statistics; files in `folder`. */
static inline void work_with_scalars(const inst_context *context, const char *folder, uint64_t *hash) {
  enum { EXTENT = 6, V = EXTENT * EXTENT, BATCH = 70 };
  const int64_t extent[2] = {EXTENT, EXTENT};
  static const char kernels[] = "{type: 'cycle', kernels: [{type: 'hmc', steps: 5}, {type: 'independence', repeat: 3}]}";
  inst_lattice *lattice;
  inst_action *action, *own;
  inst_model *model, *loaded;
  inst_proposal *proposal;
  inst_chain *chain, *resumed;
  double *fields = malloc(sizeof(double) * V * BATCH), *others = malloc(sizeof(double) * V * BATCH);
  double values[BATCH], log_q[BATCH], field[V], numbers[9];
  char path[4200], text[600];
  int64_t needed = 0;
  EXPECT(fields != NULL && others != NULL);
  EXPECT_OK(inst_lattice_new(context, 2, extent, &lattice));
  EXPECT_OK(inst_action_new(lattice, FORM_A, &action));
  EXPECT_OK(inst_action_from_callback(lattice, square, NULL, &own));
  EXPECT_OK(inst_model_new(lattice, "{layers: 4, hidden: [4], prior: 'spectrum'}", &model));
  EXPECT_STATUS(INST_STOPPED, inst_model_train(model, action, "{steps: 5, batch: 32}", stop_at_three, NULL));
  EXPECT_OK(inst_model_train(model, action, "{steps: 5, batch: 32}", NULL, NULL));
  snprintf(path, sizeof path, "%s/model-%p.safetensors", folder, (void *)fields);
  EXPECT_OK(inst_model_save(model, path));
  EXPECT_OK(inst_model_load(lattice, path, &loaded));
  EXPECT(unlink(path) == 0);
  EXPECT_OK(inst_model_describe(loaded, text, sizeof text, &needed));
  EXPECT_OK(inst_model_sample(loaded, 10, BATCH, fields, log_q));
  EXPECT_OK(inst_model_log_density(loaded, BATCH, fields, values));
  for (int i = 0; i < BATCH; i++) EXPECT_CLOSE(values[i], log_q[i], 1e-6 * fabs(log_q[i]));
  EXPECT_OK(inst_action_value(action, BATCH, fields, values));
  EXPECT_OK(inst_action_gradient(action, BATCH, fields, others));
  digest(hash, fields, sizeof(double) * V * BATCH);
  digest(hash, others, sizeof(double) * V * BATCH);
  digest(hash, values, sizeof values);
  EXPECT_OK(inst_action_gradient(own, 2, fields, others));
  for (int i = 0; i < 2 * V; i++) EXPECT(others[i] == 2.0 * fields[i]);
  for (int i = 0; i < BATCH; i++) values[i] = -values[i] - log_q[i];
  EXPECT_OK(inst_reweighting(BATCH, values, numbers, numbers + 1, numbers + 2, numbers + 3));
  EXPECT_OK(inst_reweighting_tail(BATCH, values, numbers + 4));
  EXPECT_OK(inst_reweighting_mean(BATCH, values, log_q, NULL, NULL, numbers + 5, numbers + 6));
  EXPECT_OK(inst_reweighting_mean(BATCH, values, log_q, log_q, values, numbers + 7, numbers + 8));
  digest(hash, numbers, sizeof(double) * 9);
  EXPECT_OK(inst_proposal_new(loaded, action, NULL, &proposal));
  for (uint64_t counter = 0; counter < 9; counter++) {
    EXPECT_OK(inst_propose(proposal, counter, fields, others, numbers));
    digest(hash, others, sizeof(double) * V);
  }
  EXPECT_OK(inst_chain_new(action, loaded, kernels, &chain));
  EXPECT_OK(inst_chain_new(action, loaded, kernels, &resumed));
  EXPECT_OK(inst_chain_set_field(chain, fields));
  for (int i = 0; i < 20; i++) {
    int32_t accepted;
    EXPECT_OK(inst_chain_step(chain, &accepted, values + i, numbers));
    if (i == 9) {
      snprintf(path, sizeof path, "%s/chain-%p", folder, (void *)fields);
      EXPECT_OK(inst_chain_save(chain, path));
      EXPECT_OK(inst_chain_load(resumed, path));
      EXPECT(unlink(path) == 0);
      inst_chain_free(chain);
      chain = resumed;
    }
  }
  EXPECT_OK(inst_chain_field(chain, field));
  digest(hash, field, sizeof field);
  digest(hash, values, sizeof values);
  for (int i = 0; i < BATCH; i++) values[i] = sin(i * i);
  EXPECT_OK(inst_autocorrelation(BATCH, values, numbers, numbers + 1, numbers + 2, numbers + 3));
  digest(hash, numbers, sizeof(double) * 4);
  const int64_t halves[2] = {BATCH / 2, BATCH - BATCH / 2};
  EXPECT_OK(inst_autocorrelation_replicas(2, halves, values, numbers, numbers + 1, numbers + 2, numbers + 3, numbers + 4));
  digest(hash, numbers, sizeof(double) * 5);
  inst_two_sided_report both = {0};
  both.struct_size = sizeof both;
  EXPECT_OK(inst_reweighting_two_sided(halves[0], values, halves[1], values + halves[0], &both));
  digest(hash, &both, sizeof both);
  EXPECT_OK(inst_kl_per_site(BATCH, values, 1.0, V, numbers, numbers + 1));
  EXPECT_OK(inst_reweighting_forward(BATCH, values, NULL, numbers + 2, numbers + 3, numbers + 4, numbers + 5));
  digest(hash, numbers, sizeof(double) * 6);
  EXPECT_OK(inst_reweighting_nested(BATCH, values, 2, halves, numbers, numbers + 2));
  digest(hash, numbers, sizeof(double) * 4);
  EXPECT_OK(inst_mode_balance(BATCH, values, 0.5, numbers, numbers + 1, numbers + 2));
  EXPECT_OK(inst_mode_balance_independent(BATCH, values, 0.5, numbers + 3, numbers + 4, numbers + 5));
  digest(hash, numbers, sizeof(double) * 6);
  EXPECT_OK(inst_chain_reversibility(chain, numbers, numbers + 1));
  digest(hash, numbers, sizeof(double) * 2);
  inst_lattice_free(lattice);
  inst_action_free(action);
  inst_action_free(own);
  inst_model_free(model);
  inst_model_free(loaded);
  inst_proposal_free(proposal);
  inst_chain_free(chain);
  free(others);
  free(fields);
}

/* Links, chains of them, files, layouts, Dirac operators, pseudofermions, spectra. */
static inline void work_with_links(const inst_context *context, const char *folder, uint64_t *hash) {
  enum { V = 4 * 4 * 4 * 4, LINKS = V * 4 * 18, SPINOR = V * 24 };
  const int64_t extent[4] = {4, 4, 4, 4};
  inst_lattice *lattice;
  inst_action *wilson, *fermions, *refreshed;
  inst_chain *chain;
  inst_gauge *gauge, *copy;
  inst_layout *layout;
  inst_dirac *dirac;
  double *links = malloc(sizeof(double) * LINKS), *other = malloc(sizeof(double) * LINKS);
  double *source = malloc(sizeof(double) * SPINOR), *solution = malloc(sizeof(double) * SPINOR);
  char path[4200];
  double numbers[8];
  int32_t accepted, bases = 0;
  int64_t count = 0, bytes = 0;
  uint64_t random = 3;
  EXPECT(links != NULL && other != NULL && source != NULL && solution != NULL);
  EXPECT_OK(inst_lattice_new(context, 4, extent, &lattice));
  EXPECT_OK(inst_action_new(lattice, "{type: 'wilson', group: 'su3', beta: 6}", &wilson));
  EXPECT_OK(inst_chain_new(wilson, NULL, "{type: 'heatbath', overrelaxation: 1, start: 'hot'}", &chain));
  for (int i = 0; i < 3; i++) EXPECT_OK(inst_chain_step(chain, &accepted, numbers, numbers + 1));
  EXPECT_OK(inst_chain_field(chain, links));
  inst_chain_free(chain);
  EXPECT_OK(inst_chain_new(wilson, NULL, "{steps: 4, length: 0.3}", &chain));
  EXPECT_OK(inst_chain_set_field(chain, links));
  for (int i = 0; i < 2; i++) EXPECT_OK(inst_chain_step(chain, &accepted, numbers, numbers + 1));
  EXPECT_OK(inst_chain_field(chain, links));
  digest(hash, numbers, sizeof(double) * 2);
  digest(hash, links, sizeof(double) * LINKS);
  EXPECT_OK(inst_gauge_new(lattice, NULL, &gauge));
  EXPECT_OK(inst_gauge_new(lattice, NULL, &copy));
  EXPECT_OK(inst_gauge_set_links(gauge, links));
  snprintf(path, sizeof path, "%s/links-%p.ildg", folder, (void *)links);
  EXPECT_OK(inst_gauge_write(gauge, path, NULL));
  EXPECT_OK(inst_gauge_read(copy, path, NULL));
  EXPECT(unlink(path) == 0);
  EXPECT_OK(inst_gauge_smear(copy, "{type: 'stout', rho: 0.1, steps: 2}"));
  EXPECT_OK(inst_gauge_observe(copy, "{type: 'planes'}", 6, numbers, &count));
  digest(hash, numbers, sizeof(double) * 6);
  EXPECT_OK(inst_layout_new(lattice, "{order: 'milc', staggered: 'time', boundary: [1, 1, 1, -1]}", &layout));
  EXPECT_OK(inst_layout_size(layout, &bases, &bytes));
  EXPECT(bases == 1 && bytes == (int64_t)(sizeof(double) * LINKS));
  void *base[1] = {other};
  EXPECT_OK(inst_gauge_export(gauge, layout, base));
  const void *const_base[1] = {other};
  EXPECT_OK(inst_gauge_import(copy, layout, const_base));
  digest(hash, other, sizeof(double) * LINKS);
  EXPECT_OK(inst_gauge_links(copy, other));
  EXPECT(memcmp(other, links, sizeof(double) * LINKS) == 0);
  EXPECT_OK(inst_dirac_new(gauge, "{type: 'wilson', kappa: 0.11, clover: 1, boundary: [1, 1, 1, -1]}", &dirac));
  for (int i = 0; i < SPINOR; i++) source[i] = normal(&random);
  EXPECT_OK(inst_dirac_solve(dirac, "{tolerance: 1e-8}", 1, source, solution, NULL));
  digest(hash, solution, sizeof(double) * SPINOR);
  EXPECT_STATUS(INST_NOT_CONVERGED, inst_dirac_solve(dirac, "{max_iterations: 2}", 1, source, solution, NULL));
  EXPECT_OK(inst_dirac_spectrum(dirac, "{of: 'hermitian', tolerance: 1e-6}", 2, numbers, NULL));
  digest(hash, numbers, sizeof(double) * 2);
  EXPECT_OK(inst_action_new(lattice, "{type: 'two_flavour', group: 'su3', dirac: {type: 'wilson', kappa: 0.1}}", &fermions));
  EXPECT_OK(inst_action_refresh(fermions, 5, links, &refreshed));
  EXPECT_OK(inst_action_gradient(refreshed, 1, links, other));
  digest(hash, other, sizeof(double) * LINKS);
  inst_action_free(refreshed);
  inst_action_free(fermions);
  inst_dirac_free(dirac);
  inst_layout_free(layout);
  inst_gauge_free(copy);
  inst_gauge_free(gauge);
  inst_chain_free(chain);
  inst_action_free(wilson);
  inst_lattice_free(lattice);
  free(solution);
  free(source);
  free(other);
  free(links);
}

/* Calls that fail, each with another error. */
static inline void work_in_vain(const inst_context *context, const char *folder) {
  const int64_t extent[2] = {6, 6}, odd[2] = {5, 6};
  inst_context *none = NULL;
  inst_lattice *lattice, *oblique;
  inst_action *action = NULL;
  inst_model *model = NULL;
  double nothing[36] = {0.0}, value;
  char path[4200];
  EXPECT_STATUS(INST_BAD_SPEC, inst_context_new("{threads: 'all'", &none));
  EXPECT_STATUS(INST_NO_DEVICE, inst_context_new("{device: 'opencl:no such device'}", &none));
  EXPECT_OK(inst_lattice_new(context, 2, extent, &lattice));
  EXPECT_OK(inst_lattice_new(context, 2, odd, &oblique));
  EXPECT_STATUS(INST_BAD_SPEC, inst_action_new(lattice, "{type: 'phi5'}", &action));
  EXPECT_STATUS(INST_BAD_SHAPE, inst_model_new(oblique, NULL, &model));
  snprintf(path, sizeof path, "%s/no such folder/model", folder);
  EXPECT_STATUS(INST_IO, inst_model_load(lattice, path, &model));
  EXPECT_OK(inst_action_new(lattice, FORM_A, &action));
  nothing[7] = NAN;
  EXPECT_STATUS(INST_BAD_INPUT, inst_action_value(action, 1, nothing, &value));
  EXPECT_STATUS(INST_NULL_ARGUMENT, inst_action_value(action, 1, NULL, &value));
  nothing[7] = 0.0;
  EXPECT_STATUS(INST_UNSUPPORTED, inst_action_refresh(action, 1, nothing, &action));
  inst_action_free(action);
  inst_lattice_free(oblique);
  inst_lattice_free(lattice);
}

static inline uint64_t work(const char *spec, const char *folder) {
  uint64_t hash = UINT64_C(14695981039346656037);
  inst_context *context;
  EXPECT_OK(inst_context_new(spec, &context));
  work_with_scalars(context, folder, &hash);
  work_with_links(context, folder, &hash);
  work_in_vain(context, folder);
  inst_context_free(context);
  return hash;
}

#endif
