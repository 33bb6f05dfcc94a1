/* The library as a guest: after calls of all its sections the state of the process is the one before them. */
#define _GNU_SOURCE
#include "workload.h"

#include <dirent.h>
#include <fcntl.h>
#include <fenv.h>
#include <locale.h>
#include <omp.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>

extern char **environ;

static char folder[4096];

/* Entries of a folder of /proc/self: threads in "task", open files in "fd". */
static int entries(const char *name) {
  char path[64];
  int count = 0;
  snprintf(path, sizeof path, "/proc/self/%s", name);
  DIR *listing = opendir(path);
  EXPECT(listing != NULL);
  while (readdir(listing) != NULL) count++;
  closedir(listing);
  return count;
}

/* ---- nothing is printed ------------------------------------------------------------------ */

static void silence(void) {
  char path[4200];
  int saved[2];
  snprintf(path, sizeof path, "%s/printed", folder);
  fflush(NULL);
  const int file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
  EXPECT(file >= 0);
  for (int i = 0; i < 2; i++) {
    saved[i] = dup(i + 1);
    EXPECT(saved[i] >= 0 && dup2(file, i + 1) == i + 1);
  }
  work("{threads: 2}", folder);
  fflush(NULL);
  const off_t printed = lseek(file, 0, SEEK_END);
  /* Checks that output would have been detected. */
  EXPECT(write(2, "!", 1) == 1);
  const off_t after = lseek(file, 0, SEEK_END);
  for (int i = 0; i < 2; i++) EXPECT(dup2(saved[i], i + 1) == i + 1 && close(saved[i]) == 0);
  EXPECT(printed == 0);
  EXPECT(after == 1);
  EXPECT(close(file) == 0 && unlink(path) == 0);
}

/* ---- the process stays what it is ----------------------------------------------------------- */

typedef struct {
  struct {
    void (*handler)(int);
    int flags;
    uint64_t mask;
  } signals[NSIG];
  uint64_t blocked;
  stack_t stack;
  char locale[2000];
  double decimal;
  int rounding, traps;
  unsigned int control; /* of the vector unit: rounding, traps, denormals */
  unsigned short x87;
  uint64_t environment;
  mode_t mask;
  char directory[4096];
  struct rlimit limits[RLIMIT_NLIMITS];
  struct itimerval timer;
  int threads, files, priority;
} process_type;

static uint64_t bits(const sigset_t *set) {
  uint64_t result = 0;
  for (int i = 1; i < 64; i++) result |= sigismember(set, i) == 1 ? UINT64_C(1) << i : 0;
  return result;
}

static process_type observe(void) {
  process_type process;
  memset(&process, 0, sizeof process);
  sigset_t blocked;
  for (int i = 1; i < NSIG; i++) {
    struct sigaction now;
    if (sigaction(i, NULL, &now) != 0) continue; /* signals that the C library reserves */
    process.signals[i].handler = now.sa_handler;
    process.signals[i].flags = now.sa_flags & ~0x04000000; /* SA_RESTORER, which the C library sets with any handler */
    process.signals[i].mask = bits(&now.sa_mask);
  }
  sigprocmask(SIG_SETMASK, NULL, &blocked);
  process.blocked = bits(&blocked);
  sigaltstack(NULL, &process.stack);
  snprintf(process.locale, sizeof process.locale, "%s", setlocale(LC_ALL, NULL));
  process.decimal = strtod("0,5", NULL);
  process.rounding = fegetround();
  process.traps = fegetexcept();
#if defined(__x86_64__)
  __asm__ volatile("stmxcsr %0" : "=m"(process.control));
  process.control &= ~0x3fu; /* exception flags of computations are left out */
  __asm__ volatile("fnstcw %0" : "=m"(process.x87));
#endif
  for (char **variable = environ; *variable != NULL; variable++)
    digest(&process.environment, *variable, strlen(*variable) + 1);
  process.mask = umask(0);
  umask(process.mask);
  EXPECT(getcwd(process.directory, sizeof process.directory) != NULL);
  for (int i = 0; i < RLIMIT_NLIMITS; i++) getrlimit(i, &process.limits[i]);
  getitimer(ITIMER_REAL, &process.timer);
  process.threads = entries("task");
  process.files = entries("fd");
  process.priority = getpriority(PRIO_PROCESS, 0);
  return process;
}

static void handler(int number) { (void)number; }

/* Checks that a change of each observed part of the process is detected. */
static void the_watch_sees(void) {
  const process_type before = observe();
  process_type after;
#define SEEN(change, undo)                             \
  change;                                              \
  after = observe();                                   \
  EXPECT(memcmp(&before, &after, sizeof before) != 0); \
  undo;                                                \
  after = observe();                                   \
  EXPECT(memcmp(&before, &after, sizeof before) == 0)
  struct sigaction ours, saved;
  memset(&ours, 0, sizeof ours);
  ours.sa_handler = handler;
  SEEN(sigaction(SIGPIPE, &ours, &saved), sigaction(SIGPIPE, &saved, NULL));
  SEEN(setlocale(LC_NUMERIC, "C.UTF-8"), setlocale(LC_NUMERIC, before.locale[0] == 'C' ? "C" : "de_DE.UTF-8"));
  SEEN(fesetround(FE_UPWARD), fesetround(before.rounding));
  SEEN(setenv("INSTANTON_SEEN", "1", 1), unsetenv("INSTANTON_SEEN"));
  SEEN(umask(before.mask ^ 7), umask(before.mask));
}

static void leave_no_trace(const char *spec, uint64_t expected) {
  const process_type before = observe();
  EXPECT(work(spec, folder) == expected);
  const process_type after = observe();
  /* In parts, so that a failure shows which one changed. */
  EXPECT(memcmp(before.signals, after.signals, sizeof before.signals) == 0);
  EXPECT(strcmp(before.locale, after.locale) == 0 && before.decimal == after.decimal);
  EXPECT(before.rounding == after.rounding && before.traps == after.traps);
  EXPECT(before.control == after.control && before.x87 == after.x87);
  EXPECT(before.environment == after.environment);
  EXPECT(before.threads == after.threads);
  EXPECT(before.files == after.files);
  EXPECT(memcmp(&before, &after, sizeof before) == 0);
}

/* ---- threads ------------------------------------------------------------------------------ */

static void as_many_threads_as_asked(void) {
  const int before = entries("task");
  const int numbers[] = {1, 2, 5, 16};
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    char spec[32];
    inst_context *context;
    snprintf(spec, sizeof spec, "{threads: %d}", numbers[i]);
    EXPECT_OK(inst_context_new(spec, &context));
    EXPECT(entries("task") == before + numbers[i]);
    uint64_t hash = 0;
    work_with_scalars(context, folder, &hash);
    EXPECT(entries("task") == before + numbers[i]);
    inst_context_free(context);
    EXPECT(entries("task") == before);
  }
}

/* A host with threads of its own, which all use the same objects. */
static void in_a_parallel_region(void) {
  enum { TEAM = 4, V = 64, BATCH = 20, ROUNDS = 10 };
  static double fields[BATCH * V], alone[BATCH], together[TEAM][BATCH];
  const int before = entries("task"); /* including those of OpenCL's driver, which inst_devices started */
  int failed = 0, threads_inside = 0;
  world_type world = make_world("{threads: 3}", 8);
  EXPECT_OK(inst_model_sample(world.model, 0, BATCH, fields, alone));
  EXPECT_OK(inst_model_log_density(world.model, BATCH, fields, alone));
  omp_set_num_threads(TEAM);
#pragma omp parallel reduction(+ : failed)
  for (int round = 0; round < ROUNDS; round++) {
    const int me = omp_get_thread_num();
    failed += omp_get_num_threads() != TEAM;
    failed += inst_model_log_density(world.model, BATCH, fields, together[me]) != INST_OK;
    failed += memcmp(alone, together[me], sizeof alone) != 0;
#pragma omp barrier
#pragma omp single
    threads_inside = entries("task");
  }
  EXPECT(failed == 0);
  /* This thread takes part as the first one. */
  EXPECT(threads_inside == before + TEAM - 1 + 3);
  EXPECT(omp_get_max_threads() == TEAM);
  free_world(world);
}

/* ---- processes ---------------------------------------------------------------------------- */

static uint64_t in_a_child(const char *spec) {
  int ends[2];
  uint64_t hash = 0;
  EXPECT(pipe(ends) == 0);
  const pid_t child = fork();
  EXPECT(child >= 0);
  if (child == 0) {
    hash = work(spec, folder);
    _exit(write(ends[1], &hash, sizeof hash) == sizeof hash ? EXIT_SUCCESS : EXIT_FAILURE);
  }
  int status = -1;
  EXPECT(close(ends[1]) == 0 && read(ends[0], &hash, sizeof hash) == sizeof hash && close(ends[0]) == 0);
  EXPECT(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS);
  return hash;
}

/* A child of a host with objects of {threads: 3} and {threads: 1}. */
static void use_what_the_parent_made(world_type world, inst_gauge *gauge, world_type alone) {
  enum { V = 64 };
  static double fields[V], log_q[1];
  inst_chain *chain;
  alarm(60); /* a call that waits for threads that do not exist ends the child with a failure */
  EXPECT_STATUS(INST_UNSUPPORTED, inst_model_sample(world.model, 0, 1, fields, log_q));
  EXPECT_MESSAGE("model: expected an object with threads in this process, got one of its parent's before fork()");
  EXPECT_STATUS(INST_UNSUPPORTED, inst_gauge_smear(gauge, "{type: 'stout', rho: 0.1, steps: 1}"));
  EXPECT_MESSAGE("fork()");
  EXPECT_STATUS(INST_UNSUPPORTED, inst_action_value(world.action, 1, fields, log_q));
  EXPECT_STATUS(INST_UNSUPPORTED, inst_chain_new(world.action, NULL, NULL, &chain));
  EXPECT_STATUS(INST_UNSUPPORTED, inst_gauge_new(world.lattice, NULL, &gauge));
  EXPECT_OK(inst_model_sample(alone.model, 0, 1, fields, log_q));
  inst_gauge_free(gauge);
  free_world(world);
  free_world(alone);
  const uint64_t own = work("{threads: 2}", folder);
  EXPECT(own == work("{threads: 1}", folder));
}

static void a_child_has_no_threads_of_its_parent(void) {
  const int64_t extent[4] = {4, 4, 4, 4};
  double fields[64], log_q[1];
  int status = -1;
  inst_lattice *lattice;
  inst_gauge *gauge;
  world_type world = make_world("{threads: 3}", 8), alone = make_world("{threads: 1}", 8);
  EXPECT_OK(inst_lattice_new(world.context, 4, extent, &lattice));
  EXPECT_OK(inst_gauge_new(lattice, NULL, &gauge));
  EXPECT_OK(inst_model_sample(world.model, 0, 1, fields, log_q));
  fflush(NULL);
  const pid_t child = fork();
  EXPECT(child >= 0);
  if (child == 0) {
    use_what_the_parent_made(world, gauge, alone);
    _exit(EXIT_SUCCESS);
  }
  EXPECT(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS);
  EXPECT_OK(inst_model_sample(world.model, 0, 1, fields, log_q));
  EXPECT_OK(inst_gauge_smear(gauge, "{type: 'stout', rho: 0.1, steps: 1}"));
  inst_gauge_free(gauge);
  inst_lattice_free(lattice);
  free_world(world);
  free_world(alone);
}

/* The host's action, which forks: the child returns from it as well. */
static int32_t forking(const double *field, int64_t count, double *value, double *gradient, void *user) {
  pid_t *child = user;
  if (*child == -1) {
    fflush(NULL);
    *child = fork();
    if (*child == 0) alarm(60);
  }
  return square(field, count, value, gradient, NULL);
}

/* A training whose action forks at its first step: the child goes on without the workers. */
static void a_child_returns_from_a_callback(void) {
  pid_t child = -1;
  int status = -1;
  world_type world = make_world("{threads: 3}", 8);
  inst_action *own;
  EXPECT_OK(inst_action_from_callback(world.lattice, forking, &child, &own));
  const inst_status trained = inst_model_train(world.model, own, "{steps: 2}", NULL, NULL);
  EXPECT(child >= 0);
  if (child == 0) _exit(trained == INST_OK ? EXIT_SUCCESS : EXIT_FAILURE);
  EXPECT_OK(trained);
  EXPECT(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS);
  inst_action_free(own);
  free_world(world);
}

int main(void) {
  make_folder("instanton-guest-", folder, sizeof folder);
  /* Before this process has used the library. */
  const uint64_t expected = in_a_child("{threads: 1}");
  EXPECT(in_a_child("{threads: 3}") == expected);
  EXPECT(work("{threads: 2}", folder) == expected);
  EXPECT(work("{threads: 2, seed: 2}", folder) != expected);
  /* After this process has used the library, with no object left. */
  EXPECT(in_a_child("{threads: 2}") == expected);
  silence();
  as_many_threads_as_asked();
  the_watch_sees();
  leave_no_trace("{threads: 2}", expected);
  /* In a process with a changed state: a decimal comma, traps of invalid operations as gfortran -ffpe-trap sets them,
   * the host's own signal handlers and blocked signals. */
  EXPECT(setlocale(LC_ALL, "de_DE.UTF-8") != NULL && strtod("0,5", NULL) == 0.5);
  leave_no_trace("{threads: 3}", expected);
  the_watch_sees();
  EXPECT(signal(SIGPIPE, handler) != SIG_ERR && signal(SIGSEGV, handler) != SIG_ERR);
  EXPECT(feenableexcept(FE_INVALID | FE_DIVBYZERO | FE_OVERFLOW) == 0);
  leave_no_trace("{threads: 4}", expected);
  fedisableexcept(FE_ALL_EXCEPT);
  EXPECT(setlocale(LC_ALL, "C") != NULL && signal(SIGSEGV, SIG_DFL) == handler);
  in_a_parallel_region();
  a_child_has_no_threads_of_its_parent();
  a_child_returns_from_a_callback();
  EXPECT(rmdir(folder) == 0);
  return report("guest");
}
