/* Shortage of memory on 16^3 x 32 sites: the address space of a child is limited, and a call for which it is too small
 * returns an error; none aborts. With the limit lifted again the same call succeeds. */
#define _GNU_SOURCE
#include "expect.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SITES = 16 * 16 * 16 * 32, LINKS = SITES * 4 * 18 };
#define MIB (1 << 20)

static char path[4096];
static inst_lattice *lattice;
static inst_gauge *gauge;
static inst_action *wilson, *two_flavour, *rational, *drawn;
static inst_chain *chain;
static double *links, *gradient;

static inst_status smear(void) { return inst_gauge_smear(gauge, "{type: 'stout', rho: 0.1, steps: 1}"); }
static inst_status step(void) {
  int32_t accepted;
  double value, delta;
  return inst_chain_step(chain, &accepted, &value, &delta);
}
static inst_status save(void) { return inst_chain_save(chain, path); }
static inst_status load(void) { return inst_chain_load(chain, path); }
static inst_status clover(void) {
  inst_dirac *dirac = NULL;
  const inst_status status = inst_dirac_new(gauge, "{type: 'wilson', kappa: 0.05, clover: 1}", &dirac);
  inst_dirac_free(dirac);
  return status;
}
static inst_status refresh(void) {
  inst_action *new = NULL;
  const inst_status status = inst_action_refresh(two_flavour, 1, links, &new);
  inst_action_free(new);
  return status;
}
static inst_status force(void) { return inst_action_gradient(drawn, 1, links, gradient); }

/* Bytes of the address space that this process uses. */
static rlim_t address_space(void) {
  long pages = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  EXPECT(file != NULL && fscanf(file, "%ld", &pages) == 1);
  fclose(file);
  return (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE);
}

static void limit(rlim_t bytes) {
  struct rlimit now;
  EXPECT(getrlimit(RLIMIT_AS, &now) == 0);
  now.rlim_cur = bytes;
  EXPECT(setrlimit(RLIMIT_AS, &now) == 0);
}

/* In a child that may use `spare` MiB more: the call is refused, and with `again` succeeds without the limit. */
static void starve(const char *what, inst_status (*call)(void), int spare, int again) {
  int status = -1;
  fflush(NULL);
  const pid_t child = fork();
  EXPECT(child >= 0);
  if (child == 0) {
    limit(address_space() + (rlim_t)spare * MIB);
    const inst_status starved = call();
    limit(RLIM_INFINITY);
    EXPECT_STATUS(INST_BAD_SHAPE, starved);
    EXPECT_MESSAGE("expected memory of");
    if (again) EXPECT_OK(call());
    _exit(EXIT_SUCCESS);
  }
  EXPECT(waitpid(child, &status, 0) == child);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != EXIT_SUCCESS)
    fprintf(stderr, "%s with %d MiB to spare: status %#x\n", what, spare, (unsigned)status);
  EXPECT(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS);
}

int main(void) {
  const int64_t extent[4] = {16, 16, 16, 32};
  inst_context *context;
  temporary("instanton-memory", path, sizeof path);
  links = malloc(sizeof(double) * LINKS);
  gradient = malloc(sizeof(double) * LINKS);
  EXPECT(links != NULL && gradient != NULL);
  /* One thread: children of fork() can compute with such a context. */
  EXPECT_OK(inst_context_new("{threads: 1}", &context));
  EXPECT_OK(inst_lattice_new(context, 4, extent, &lattice));
  EXPECT_OK(inst_gauge_new(lattice, NULL, &gauge));
  EXPECT_OK(inst_gauge_links(gauge, links));
  EXPECT_OK(inst_action_new(lattice, "{type: 'wilson', group: 'su3', beta: 6}", &wilson));
  EXPECT_OK(inst_chain_new(wilson, NULL, "{steps: 1, length: 0.1}", &chain));
  EXPECT_OK(inst_chain_save(chain, path));
  EXPECT_OK(inst_action_new(lattice, "{type: 'two_flavour', group: 'su3', dirac: {type: 'wilson', kappa: 0.05}}", &two_flavour));
  EXPECT_OK(inst_action_new(lattice, "{type: 'rational', group: 'su3', flavours: 1, range: [1, 350], error: 1e-4, "
                                     "force_error: 1e-3, tolerance: 1e-6, force_tolerance: 1e-5, "
                                     "dirac: {type: 'wilson', kappa: 0.05}}", &rational));
  EXPECT_OK(inst_action_refresh(rational, 1, links, &drawn));
  starve("smear", smear, 10, 1);
  starve("smear", smear, 100, 0);
  starve("step", step, 10, 1);
  starve("step", step, 100, 0);
  starve("save", save, 10, 1);
  starve("save", save, 100, 0);
  starve("load", load, 10, 1);
  starve("load", load, 100, 0);
  starve("clover", clover, 10, 1);
  starve("clover", clover, 100, 0);
  starve("refresh", refresh, 10, 0);
  starve("refresh", refresh, 100, 0);
  starve("force", force, 10, 0);
  starve("force", force, 200, 0);
  inst_action_free(drawn);
  inst_action_free(rational);
  inst_action_free(two_flavour);
  inst_action_free(wilson);
  inst_chain_free(chain);
  inst_gauge_free(gauge);
  inst_lattice_free(lattice);
  inst_context_free(context);
  EXPECT(unlink(path) == 0);
  free(links);
  free(gradient);
  return report("memory");
}
