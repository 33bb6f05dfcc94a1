// instanton.h is C++11 too, and its names link without C++ mangling.
#include "instanton.h"

#include <cstdio>
#include <cstring>

static int32_t free_field(const double *field, int64_t count, double *value, double *gradient, void *) {
  *value = 0.0;
  for (int64_t i = 0; i < count; i++) {
    *value += 0.5 * field[i] * field[i];
    if (gradient != nullptr) gradient[i] = field[i];
  }
  return 0;
}

int main() {
  const int64_t extent[] = {3};
  const double field[] = {1.0, 2.0, 3.0};
  double value = 0.0;
  inst_context *context = nullptr;
  inst_lattice *lattice = nullptr;
  inst_action *action = nullptr;
  bool right = inst_context_new("{threads: 1}", &context) == INST_OK;
  right = right && inst_lattice_new(context, 1, extent, &lattice) == INST_OK;
  right = right && inst_action_from_callback(lattice, free_field, nullptr, &action) == INST_OK;
  right = right && inst_action_value(action, 1, field, &value) == INST_OK && value == 7.0;
  right = right && inst_action_value(action, 1, nullptr, &value) == INST_NULL_ARGUMENT;
  right = right && std::strlen(inst_last_error()) > 0;
  inst_action_free(action);
  inst_lattice_free(lattice);
  inst_context_free(context);
  std::printf("header: %d passed, %d failed\n", right ? 1 : 0, right ? 0 : 1);
  return right ? 0 : 1;
}
