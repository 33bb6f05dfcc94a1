/* OpenCL devices in the section `context` of instanton.h. Needs a driver: scripts/prerequisites.sh installs one. */
#include "expect.h"

#include <dirent.h>
#include <sys/wait.h>
#include <unistd.h>

static char *devices(void) {
  int64_t needed = 0;
  EXPECT_OK(inst_devices(NULL, 0, &needed));
  char *text = malloc((size_t)needed);
  EXPECT(text != NULL);
  EXPECT_OK(inst_devices(text, needed, &needed));
  return text;
}

/* True where the process has mapped a file with this in its name; false where that is not known. */
static int is_loaded(const char *name) {
  char line[1024];
  int found = 0;
  FILE *maps = fopen("/proc/self/maps", "r");
  while (maps != NULL && fgets(line, sizeof line, maps) != NULL) found = found || strstr(line, name) != NULL;
  if (maps != NULL) fclose(maps);
  return found;
}

/* Runs `check` in a process of its own with an environment variable set. */
static void elsewhere(const char *variable, const char *value, void (*check)(void)) {
  const pid_t child = fork();
  EXPECT(child >= 0);
  if (child == 0) {
    EXPECT(setenv(variable, value, 1) == 0);
    check();
    _exit(EXIT_SUCCESS);
  }
  int status = -1;
  EXPECT(waitpid(child, &status, 0) == child);
  EXPECT(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS);
}

static void expect_none(void) {
  inst_context *context = NULL;
  char *text = devices();
  EXPECT(strstr(text, "\"cpu\"") != NULL && strstr(text, "opencl") == NULL);
  free(text);
  EXPECT_STATUS(INST_NO_DEVICE, inst_context_new("{device: 'opencl:0'}", &context));
  EXPECT_MESSAGE("context: device: expected ");
  EXPECT_MESSAGE("'opencl:0'");
  EXPECT(context == NULL);
}

static void no_driver(void) {
  expect_none();
  EXPECT_MESSAGE("expected an OpenCL platform");
  EXPECT_MESSAGE("finds no driver");
}

static void no_loader(void) {
  expect_none();
  EXPECT_MESSAGE("expected OpenCL's loader");
  EXPECT_MESSAGE("INSTANTON_OPENCL");
  EXPECT_MESSAGE("/nonexistent.so");
}

/* A function of the host that is named as one of OpenCL: the library calls its own. */
static int host_calls = 0;
int32_t clGetPlatformIDs(uint32_t most, void *platforms, uint32_t *count);
int32_t clGetPlatformIDs(uint32_t most, void *platforms, uint32_t *count) {
  (void)most, (void)platforms, (void)count;
  host_calls++;
  return -1;
}

/* A device that is lost in the middle: an error of the call that meets it, nothing written, and the CPU still works; so
 * do objects made anew, once the device is back. */
static void lost_device(void) {
  enum { L = 4, BATCH = 3 };
  double fields[BATCH * L * L], before[BATCH * L * L], log_q[BATCH];
  world_type world = make_world("{threads: 1, device: 'opencl'}", L);
  EXPECT_OK(inst_model_sample(world.model, 0, BATCH, fields, log_q));
  memcpy(before, fields, sizeof fields);
  for (int i = 0; i < 2; i++) {
    EXPECT_STATUS(INST_NO_DEVICE, inst_model_sample(world.model, 7, BATCH, fields, log_q));
    EXPECT_MESSAGE("opencl: ");
    EXPECT_MESSAGE("expected launch, got ");
    EXPECT_MESSAGE(getenv("LOST_TOLD"));
    EXPECT(memcmp(before, fields, sizeof fields) == 0);
  }
  free_world(world);
  world = make_world("{threads: 1}", L);
  EXPECT_OK(inst_model_sample(world.model, 0, BATCH, fields, log_q));
  for (int i = 0; i < BATCH * L * L; i++) EXPECT_CLOSE(fields[i], before[i], 1e-10);
  free_world(world);
  world = make_world("{threads: 1, device: 'opencl'}", L);
  EXPECT_OK(inst_model_sample(world.model, 0, BATCH, fields, log_q));
  for (int i = 0; i < BATCH * L * L; i++) EXPECT_CLOSE(fields[i], before[i], 1e-10);
  free_world(world);
}

/* Several processes that start at once with one empty cache. */
static void expect_shared_cache(void) {
  enum { L = 4, BATCH = 3, PROCESSES = 4 };
  double fields[BATCH * L * L], expected[BATCH * L * L], log_q[BATCH];
  char folder[2048], context[4096];
  make_folder("instanton-cache-", folder, sizeof folder);
  snprintf(context, sizeof context, "{threads: 1, device: 'opencl', cache: '%s'}", folder);
  world_type world = make_world("{threads: 1}", L);
  EXPECT_OK(inst_model_sample(world.model, 0, BATCH, expected, log_q));
  free_world(world);
  pid_t children[PROCESSES];
  for (int i = 0; i < PROCESSES; i++) {
    children[i] = fork();
    EXPECT(children[i] >= 0);
    if (children[i] == 0) {
      world = make_world(context, L);
      EXPECT_OK(inst_model_sample(world.model, 0, BATCH, fields, log_q));
      for (int j = 0; j < BATCH * L * L; j++) EXPECT_CLOSE(fields[j], expected[j], 1e-10);
      free_world(world);
      _exit(EXIT_SUCCESS);
    }
  }
  for (int i = 0; i < PROCESSES; i++) {
    int status = -1;
    EXPECT(waitpid(children[i], &status, 0) == children[i]);
    EXPECT(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS);
  }
  /* The cache holds one file, and nothing beside it. */
  int files = 0;
  DIR *kept = opendir(folder);
  EXPECT(kept != NULL);
  for (struct dirent *entry = readdir(kept); entry != NULL; entry = readdir(kept)) {
    char path[4096];
    if (entry->d_name[0] == '.') continue;
    snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
    EXPECT(strstr(path, ".bin") != NULL && remove(path) == 0);
    files++;
  }
  closedir(kept);
  EXPECT(files == 1 && rmdir(folder) == 0);
}

int main(int count, char **arguments) {
  inst_context *context = NULL;
  /* The CPU needs nothing of OpenCL. */
  EXPECT_OK(inst_context_new("{threads: 1}", &context));
  inst_context_free(context);
  context = NULL;
  EXPECT(!is_loaded("libOpenCL"));

  expect_shared_cache();
  elsewhere("OCL_ICD_VENDORS", "/nonexistent", no_driver);
  elsewhere("INSTANTON_OPENCL", "/nonexistent.so", no_loader);

  /* The last status is one that OpenCL does not define. */
  const char *const statuses[][2] = {{"-5", "CL_OUT_OF_RESOURCES"}, {"-2", "CL_DEVICE_NOT_AVAILABLE"},
                                     {"-9999", "CL_NV_INVALID_MEM_ACCESS"}, {"-12345", "status -12345"}};
  char loader[4096];
  const char *slash = strrchr(arguments[0], '/');
  EXPECT(count == 1 && slash != NULL);
  snprintf(loader, sizeof loader, "%.*s/lost_device.so", (int)(slash - arguments[0]), arguments[0]);
  EXPECT(setenv("LOST_AFTER", "1", 1) == 0);
  for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
    EXPECT(setenv("LOST_STATUS", statuses[i][0], 1) == 0 && setenv("LOST_TOLD", statuses[i][1], 1) == 0);
    elsewhere("INSTANTON_OPENCL", loader, lost_device);
  }

  char *text = devices();
  const char *const keys[] = {"device", "platform", "name",         "driver", "version",
                              "f64",    "memory",   "local_memory", "units"};
  EXPECT(strstr(text, "\"cpu\"") != NULL && strstr(text, "\"cpu\"") < strstr(text, "\"opencl:0\""));
  for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
    char key[32];
    snprintf(key, sizeof key, "\"%s\":", keys[i]);
    EXPECT(strstr(text, key) != NULL);
  }
  free(text);

  const char *const good[] = {"{device: 'opencl', threads: 1}", "{device: 'opencl:0', threads: 1}",
                              "{device: 'opencl:all', threads: 1, precision: 'f32'}"};
  for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
    EXPECT_OK(inst_context_new(good[i], &context));
    inst_context_free(context);
    context = NULL;
  }
  EXPECT_STATUS(INST_NO_DEVICE, inst_context_new("{device: 'opencl:99'}", &context));
  EXPECT_MESSAGE("context: device: expected one of opencl:0 '");
  EXPECT_MESSAGE(", got 'opencl:99'");
  EXPECT_STATUS(INST_NO_DEVICE, inst_context_new("{device: 'opencl:nonsense'}", &context));
  EXPECT_MESSAGE("context: device: expected one of opencl:0 '");
  EXPECT_MESSAGE(", got 'opencl:nonsense'");
  EXPECT_STATUS(INST_BAD_SPEC, inst_context_new("{device: 'opencl:0,0'}", &context));
  EXPECT_MESSAGE("names opencl:0 twice");
  EXPECT_STATUS(INST_BAD_SPEC, inst_context_new("{device: 'opencl:'}", &context));
  EXPECT_STATUS(INST_IO, inst_context_new("{device: 'opencl', sources: '/dev/null/sources'}", &context));
  EXPECT_MESSAGE("context: sources: expected a folder, got /dev/null/sources");
  EXPECT_STATUS(INST_BAD_SPEC, inst_context_new("{device: 'cuda'}", &context));
  EXPECT_MESSAGE("expected 'cpu', 'opencl'");
  EXPECT(context == NULL);
  EXPECT(host_calls == 0);
  return report("opencl");
}
