/* Checks that name the file and line where they fail, and the objects that most tests need.
 * A test is one program: it ends at its first failure with status 1, and with its count otherwise. */
#ifndef EXPECT_H
#define EXPECT_H
#include "instanton.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int expect_count = 0;

static inline void expect_at(int holds, const char *file, int line, const char *text) {
  if (!holds) {
    fprintf(stderr, "%s:%d: expected %s; last error: %s\n", file, line, text, inst_last_error());
    exit(EXIT_FAILURE);
  }
  __atomic_fetch_add(&expect_count, 1, __ATOMIC_RELAXED);
}

static inline void expect_close_at(double a, double b, double tolerance, const char *file, int line) {
  if (!(fabs(a - b) <= tolerance)) {
    fprintf(stderr, "%s:%d: expected %.12g within %.3g, got %.12g\n", file, line, b, tolerance, a);
    exit(EXIT_FAILURE);
  }
  __atomic_fetch_add(&expect_count, 1, __ATOMIC_RELAXED);
}

static inline void expect_status_at(inst_status expected, inst_status got, const char *file, int line) {
  if (expected != got) {
    fprintf(stderr, "%s:%d: expected status %d, got %d: %s\n", file, line, (int)expected, (int)got, inst_last_error());
    exit(EXIT_FAILURE);
  }
  if (expected != INST_OK) expect_at(inst_last_error()[0] != '\0', file, line, "a message");
  __atomic_fetch_add(&expect_count, 1, __ATOMIC_RELAXED);
}

#define EXPECT(condition) expect_at((condition), __FILE__, __LINE__, #condition)
#define EXPECT_CLOSE(a, b, tolerance) expect_close_at((a), (b), (tolerance), __FILE__, __LINE__)
#define EXPECT_STATUS(expected, call) expect_status_at((expected), (call), __FILE__, __LINE__)
#define EXPECT_OK(call) EXPECT_STATUS(INST_OK, call)
/* The last error message contains `text`. */
#define EXPECT_MESSAGE(text) \
  expect_at(strstr(inst_last_error(), (text)) != NULL, __FILE__, __LINE__, "a message with " #text)

static inline int report(const char *name) {
  printf("%s: %d passed, 0 failed\n", name, expect_count);
  return EXIT_SUCCESS;
}

/* Random numbers of the tests: Marsaglia's xorshift. */
static inline double uniform(uint64_t *state) {
  *state ^= *state << 13;
  *state ^= *state >> 7;
  *state ^= *state << 17;
  return ((double)(*state >> 11) + 0.5) / 9007199254740992.0;
}

static inline double normal(uint64_t *state) {
  const double radius = sqrt(-2.0 * log(uniform(state)));
  return radius * cos(6.283185307179586 * uniform(state));
}

#define FORM_A "{type: 'phi4', mass_squared: -4, lambda: 6.975}"
#define SMALL_MODEL "{type: 'affine', layers: 4, hidden: [4], kernel: 3}"

/* A lattice of extent x extent sites with an action and a small, untrained model. */
typedef struct {
  inst_context *context;
  inst_lattice *lattice;
  inst_action *action;
  inst_model *model;
  int64_t volume;
} world_type;

static inline world_type make_world(const char *context, int64_t extent) {
  world_type world;
  const int64_t extents[2] = {extent, extent};
  EXPECT_OK(inst_context_new(context, &world.context));
  EXPECT_OK(inst_lattice_new(world.context, 2, extents, &world.lattice));
  EXPECT_OK(inst_action_new(world.lattice, FORM_A, &world.action));
  EXPECT_OK(inst_model_new(world.lattice, SMALL_MODEL, &world.model));
  world.volume = extent * extent;
  return world;
}

static inline void free_world(world_type world) {
  inst_model_free(world.model);
  inst_action_free(world.action);
  inst_lattice_free(world.lattice);
  inst_context_free(world.context);
}

/* A file of this test in the folder TMPDIR. */
static inline const char *temporary(const char *name, char *path, size_t size) {
  const char *folder = getenv("TMPDIR");
  snprintf(path, size, "%s/%s", folder != NULL ? folder : "/tmp", name);
  return path;
}

/* Makes a folder for a test that every user may enter. */
static inline void make_folder(const char *name, char *path, size_t size) {
  temporary(name, path, size);
  const size_t length = strlen(path), letters = 6;
  EXPECT(length + letters < size);
  memset(path + length, 'X', letters); /* letters that mkdtemp replaces */
  path[length + letters] = '\0';
  EXPECT(mkdtemp(path) != NULL && chmod(path, 0755) == 0);
}

#endif
