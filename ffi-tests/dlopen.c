/* Hosts with plug-ins: the library is opened, used and closed a hundred times.   dlopen LIBRARY */
#include "expect.h"

#include <dirent.h>
#include <dlfcn.h>
#include <unistd.h>

/* Number of threads, open files or memory mappings of the process. */
static int entries(const char *path) {
  int count = 0;
  DIR *listing = opendir(path);
  EXPECT(listing != NULL);
  while (readdir(listing) != NULL) count++;
  closedir(listing);
  return count;
}

static int mappings(const char *name) {
  char line[4096];
  int count = 0;
  FILE *maps = fopen("/proc/self/maps", "r");
  EXPECT(maps != NULL);
  while (fgets(line, sizeof line, maps) != NULL) count += strstr(line, name) != NULL;
  fclose(maps);
  return count;
}

/* Resident memory in KiB. */
static long memory(void) {
  long pages = 0, resident = 0;
  FILE *statm = fopen("/proc/self/statm", "r");
  EXPECT(statm != NULL && fscanf(statm, "%ld %ld", &pages, &resident) == 2);
  fclose(statm);
  return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

/* A function of the library; ISO C has no conversion from an object pointer. */
#define FUNCTION(result, name, arguments)               \
  result(*name) arguments;                              \
  do {                                                  \
    void *symbol = dlsym(library, "inst_" #name);       \
    EXPECT(symbol != NULL);                             \
    memcpy(&name, &symbol, sizeof symbol);              \
  } while (0)

static double use(const char *path) {
  const int64_t extent[2] = {8, 8};
  double field[64], value = 0.0, log_q = 0.0;
  inst_context *context;
  inst_lattice *lattice;
  inst_action *action;
  inst_model *model;
  void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (library == NULL) fprintf(stderr, "%s\n", dlerror());
  EXPECT(library != NULL);
  FUNCTION(inst_status, context_new, (const char *, inst_context **));
  FUNCTION(inst_status, lattice_new, (const inst_context *, int32_t, const int64_t *, inst_lattice **));
  FUNCTION(inst_status, action_new, (const inst_lattice *, const char *, inst_action **));
  FUNCTION(inst_status, model_new, (const inst_lattice *, const char *, inst_model **));
  FUNCTION(inst_status, model_sample, (const inst_model *, uint64_t, int64_t, double *, double *));
  FUNCTION(inst_status, action_value, (const inst_action *, int64_t, const double *, double *));
  FUNCTION(const char *, last_error, (void));
  FUNCTION(void, context_free, (inst_context *));
  FUNCTION(void, lattice_free, (inst_lattice *));
  FUNCTION(void, action_free, (inst_action *));
  FUNCTION(void, model_free, (inst_model *));
  EXPECT(context_new("{threads: 2}", &context) == INST_OK);
  EXPECT(lattice_new(context, 2, extent, &lattice) == INST_OK);
  EXPECT(action_new(lattice, FORM_A, &action) == INST_OK);
  EXPECT(model_new(lattice, SMALL_MODEL, &model) == INST_OK);
  EXPECT(model_sample(model, 3, 1, field, &log_q) == INST_OK);
  EXPECT(action_value(action, 1, field, &value) == INST_OK);
  EXPECT(action_value(action, 1, NULL, &value) == INST_NULL_ARGUMENT && last_error()[0] != '\0');
  model_free(model);
  action_free(action);
  lattice_free(lattice);
  context_free(context);
  EXPECT(dlclose(library) == 0);
  return value + log_q;
}

/* The function that expect.h calls where a check fails: this program is not linked to the library. */
const char *inst_last_error(void) { return "none: the library is opened by this test"; }

int main(int argc, char **argv) {
  EXPECT(argc == 2);
  const double expected = use(argv[1]);
  for (int i = 0; i < 10; i++) EXPECT(use(argv[1]) == expected);
  const int threads = entries("/proc/self/task"), files = entries("/proc/self/fd"), maps = mappings("libinstanton");
  const long resident = memory();
  EXPECT(maps > 0);
  for (int i = 0; i < 100; i++) EXPECT(use(argv[1]) == expected);
  EXPECT(entries("/proc/self/task") == threads && entries("/proc/self/fd") == files);
  EXPECT(mappings("libinstanton") == maps);
  EXPECT(memory() < resident + 4096);
  return report("dlopen");
}
