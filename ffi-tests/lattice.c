/* The section `lattice` of instanton.h. */
#include "expect.h"

int main(void) {
  const int64_t extent[4] = {4, 3, 2, 6};
  inst_context *context;
  inst_lattice *lattice;
  inst_action *action;
  EXPECT_OK(inst_context_new("{threads: 1}", &context));
  for (int32_t dimensions = 1; dimensions <= 4; dimensions++) {
    EXPECT_OK(inst_lattice_new(context, dimensions, extent, &lattice));
    inst_lattice_free(lattice);
  }
  inst_lattice_free(NULL);

  /* Objects keep alive the objects that they were made from. */
  EXPECT_OK(inst_lattice_new(context, 4, extent, &lattice));
  inst_context_free(context);
  EXPECT_OK(inst_action_new(lattice, FORM_A, &action));
  inst_lattice_free(lattice);
  double field[4 * 3 * 2 * 6], value;
  for (int i = 0; i < 144; i++) field[i] = 0.5;
  EXPECT_OK(inst_action_value(action, 1, field, &value));
  EXPECT_CLOSE(value, 144 * (-4 * 0.25 + 6.975 * 0.0625), 1e-10);
  inst_action_free(action);
  return report("lattice");
}
