/* A frozen chain thaws: a hybrid Monte Carlo code for U(1) gauge theory in two dimensions, alone and with proposals.
 *
 *   thaw_u1 [SECONDS [CONTEXT [TRANSITION]]]
 *
 *   SECONDS      time for each of the two chains   20
 *   CONTEXT      spec of inst_context_new          {threads: 1}
 *   TRANSITION   spec of inst_proposal_new         {type: 'tempered', defect: {size: [4]}, steps: 16, within: 1, overrelaxation: 1}
 *
 * Everything here but the calls that begin with inst_ is what such a code has anyway: angles of the links, random numbers,
 * an action, a leapfrog integrator, the topological charge. The second chain asks for a tempered transition after every few
 * trajectories (inst_propose, no model needed) and accepts or rejects it itself, with its own action: the library switches the
 * coupling of a few links off and on again, and charge moves through them. Both chains get the same time on one core,
 * alternately, so that other load of the machine slows both alike.
 *
 * S = beta sum_P (1 - cos theta_P),  Q = sum_P theta_P / 2 pi with theta_P in (-pi, pi],  beta = 7 on 16 x 16 sites, where
 * hybrid Monte Carlo moves Q about once in some thousand trajectories.
 */
#define _POSIX_C_SOURCE 199309L
#include "instanton.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define L 16
#define V (L * L)
#define LINKS (2 * V)
#define BETA 7.0
#define LENGTH 1.5      /* of a trajectory                                 */
#define STEPS 20        /* leapfrog steps: about eight in ten are accepted */
#define TRAJECTORIES 4  /* before each run of proposals                    */
#define PROPOSALS 8     /* in each run                                     */
#define TURN 0.1        /* seconds that a chain runs before the other one  */
#define LINES 16        /* of the picture                                  */
#define WIDEST 6        /* largest |Q| in the picture                      */

/* Defects of 2 to 5 links and 8 to 24 steps cost about the same (docs/thaw.md). */
static const char *const transition = "{type: 'tempered', defect: {size: [4]}, steps: 16, within: 1, overrelaxation: 1}";

static const double pi = 3.14159265358979323846;

static void check(inst_status status, const char *what) {
  if (status != INST_OK) {
    fprintf(stderr, "%s: status %d: %s\n", what, (int)status, inst_last_error());
    exit(EXIT_FAILURE);
  }
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* ---- random numbers: Marsaglia's xorshift with 64 bits and a multiplier ---------------------- */

static double uniform(uint64_t *state) {
  *state ^= *state >> 12;
  *state ^= *state << 25;
  *state ^= *state >> 27;
  return ((double)((*state * UINT64_C(2685821657736338717)) >> 11) + 0.5) / 9007199254740992.0;
}

static void normals(uint64_t *state, int count, double *out) {
  for (int i = 0; i < count; i += 2) {
    const double radius = sqrt(-2.0 * log(uniform(state))), angle = 2.0 * pi * uniform(state);
    out[i] = radius * cos(angle);
    out[i + 1] = radius * sin(angle);
  }
}

/* ---- the theory: angles[mu][y][x] -------------------------------------------------------------- */

static int next(int site, int mu) {
  if (mu == 0) return site % L == L - 1 ? site - (L - 1) : site + 1;
  return (site + L) % V;
}

static int previous(int site, int mu) {
  if (mu == 0) return site % L == 0 ? site + (L - 1) : site - 1;
  return (site + V - L) % V;
}

static double plaquette(const double *angles, int site) {
  return angles[site] + angles[V + next(site, 0)] - angles[next(site, 1)] - angles[V + site];
}

static double action(const double *angles) {
  double sum = 0.0;
  for (int site = 0; site < V; site++) sum += 1.0 - cos(plaquette(angles, site));
  return BETA * sum;
}

static int charge(const double *angles) {
  double sum = 0.0;
  for (int site = 0; site < V; site++) sum += remainder(plaquette(angles, site), 2.0 * pi);
  return (int)lround(sum / (2.0 * pi));
}

static void kick(const double *angles, double *momenta, double time) {
  static double sine[V];
  for (int site = 0; site < V; site++) sine[site] = BETA * sin(plaquette(angles, site));
  for (int site = 0; site < V; site++) {
    momenta[site] -= time * (sine[site] - sine[previous(site, 1)]);
    momenta[V + site] += time * (sine[site] - sine[previous(site, 0)]);
  }
}

static void drift(double *angles, const double *momenta, double time) {
  for (int link = 0; link < LINKS; link++) angles[link] += time * momenta[link];
}

static double kinetic(const double *momenta) {
  double sum = 0.0;
  for (int link = 0; link < LINKS; link++) sum += momenta[link] * momenta[link];
  return 0.5 * sum;
}

/* ---- the chain --------------------------------------------------------------------------------- */

typedef struct {
  double angles[LINKS];
  uint64_t random;
  uint64_t counter; /* of the proposals */
  long trajectories, accepted, proposals, taken;
  int64_t count, capacity;
  double *squares; /* Q^2 after each trajectory */
  double seconds;
  int was[2 * WIDEST + 1]; /* charges since the last line of the picture */
} chain_type;

static void measure(chain_type *chain) {
  const int q = charge(chain->angles);
  if (chain->count == chain->capacity) {
    chain->capacity = 2 * chain->capacity + 1000;
    chain->squares = realloc(chain->squares, (size_t)chain->capacity * sizeof(double));
    if (chain->squares == NULL) exit(EXIT_FAILURE);
  }
  chain->squares[chain->count++] = (double)q * q;
  chain->was[q < -WIDEST ? 0 : q > WIDEST ? 2 * WIDEST : q + WIDEST] = 1;
}

static void trajectory(chain_type *chain) {
  static double angles[LINKS], momenta[LINKS];
  const double step = LENGTH / STEPS;
  memcpy(angles, chain->angles, sizeof angles);
  normals(&chain->random, LINKS, momenta);
  const double before = kinetic(momenta) + action(angles);
  kick(angles, momenta, 0.5 * step);
  for (int n = 0; n < STEPS; n++) {
    drift(angles, momenta, step);
    kick(angles, momenta, n == STEPS - 1 ? 0.5 * step : step);
  }
  chain->trajectories++;
  if (uniform(&chain->random) < exp(before - kinetic(momenta) - action(angles))) {
    memcpy(chain->angles, angles, sizeof angles);
    chain->accepted++;
  }
}

/* The library's links are exp(i theta), [site][mu][re, im]. */
static void to_links(const double *angles, double *links) {
  for (int site = 0; site < V; site++) {
    for (int mu = 0; mu < 2; mu++) {
      links[2 * (2 * site + mu)] = cos(angles[V * mu + site]);
      links[2 * (2 * site + mu) + 1] = sin(angles[V * mu + site]);
    }
  }
}

static void from_links(const double *links, double *angles) {
  for (int site = 0; site < V; site++) {
    for (int mu = 0; mu < 2; mu++) angles[V * mu + site] = atan2(links[2 * (2 * site + mu) + 1], links[2 * (2 * site + mu)]);
  }
}

static void propose(chain_type *chain, const inst_proposal *proposal) {
  static double current[2 * LINKS], proposed[2 * LINKS], angles[LINKS];
  double log_ratio;
  to_links(chain->angles, current);
  for (int n = 0; n < PROPOSALS; n++) {
    check(inst_propose(proposal, chain->counter++, current, proposed, &log_ratio), "inst_propose");
    from_links(proposed, angles);
    chain->proposals++;
    if (uniform(&chain->random) < exp(action(chain->angles) - action(angles) + log_ratio)) {
      memcpy(chain->angles, angles, sizeof angles);
      memcpy(current, proposed, sizeof current);
      chain->taken++;
    }
  }
}

static void run(chain_type *chain, const inst_proposal *proposal, double seconds) {
  const double start = now();
  while (now() - start < seconds) {
    for (int n = 0; n < TRAJECTORIES; n++) {
      trajectory(chain);
      measure(chain);
    }
    if (proposal != NULL) propose(chain, proposal);
  }
  chain->seconds += now() - start;
}

/* ---- exact <Q^2>, pictures and the table -------------------------------------------------------- */

/* The angles of plaquettes are independent, of density exp(beta cos theta), but that they sum up to 2 pi Q: with their
 * characteristic function c, P(Q) is the integral of c(k)^V cos(2 pi Q k). */
static double exact_square(void) {
  enum { ANGLES = 400, POINTS = 4000, MOST = 40 };
  static double power[POINTS];
  const double widest = 2.0;
  double norm = 0.0, sum = 0.0;
  for (int i = 0; i < POINTS; i++) {
    const double k = widest * (i + 0.5) / POINTS;
    double real = 0.0, all = 0.0;
    for (int j = 0; j < ANGLES; j++) {
      const double angle = pi * (j + 0.5) / ANGLES, weight = exp(BETA * (cos(angle) - 1.0));
      real += weight * cos(k * angle);
      all += weight;
    }
    power[i] = pow(fabs(real / all), V);
  }
  for (int q = -MOST; q <= MOST; q++) {
    double weight = 0.0;
    for (int i = 0; i < POINTS; i++) weight += power[i] * cos(2.0 * pi * q * widest * (i + 0.5) / POINTS);
    norm += weight;
    sum += weight * q * q;
  }
  return sum / norm;
}

static void draw(chain_type *chain) {
  for (int place = 0; place <= 2 * WIDEST; place++) printf("%s", chain->was[place] ? " #" : " .");
  memset(chain->was, 0, sizeof chain->was);
}

static void report(const char *name, const chain_type *chain, double exact) {
  double mean = 0.0, error = 0.0, tau = 0.0, tau_error = 0.0;
  const inst_status status = inst_autocorrelation(chain->count, chain->squares, &mean, &error, &tau, &tau_error);
  printf("%-28s %12ld %8.2f ", name, chain->trajectories, (double)chain->accepted / (double)chain->trajectories);
  if (chain->proposals > 0) printf("%10.2f ", (double)chain->taken / (double)chain->proposals);
  else printf("%10s ", "");
  if (status != INST_OK || error == 0.0) {
    printf("   Q did not move\n");
    return;
  }
  const double cost = 2.0 * tau * chain->seconds / (double)chain->count;
  printf("%10.1f(%.1f) %12.2g s %9.3f(%.3f) %8.4f\n", tau, tau_error, cost, mean, error, exact);
}

int main(int argc, char **argv) {
  const double seconds = argc > 1 ? atof(argv[1]) : 20.0;
  const int64_t extent[2] = {L, L};
  const double exact = exact_square();
  inst_context *context = NULL;
  inst_lattice *lattice = NULL;
  inst_action *wilson = NULL;
  inst_proposal *proposal = NULL;
  static chain_type alone = {.random = 88172645463325252u}, thawed = {.random = 88172645463325252u};
  if (!(seconds > 0.0)) {
    fprintf(stderr, "seconds: expected a number above 0, got %s\n", argv[1]);
    return EXIT_FAILURE;
  }
  check(inst_context_new(argc > 2 ? argv[2] : "{threads: 1}", &context), "inst_context_new");
  check(inst_lattice_new(context, 2, extent, &lattice), "inst_lattice_new");
  check(inst_action_new(lattice, "{type: 'wilson', group: 'u1', beta: 7}", &wilson), "inst_action_new");
  check(inst_proposal_new(NULL, wilson, argc > 3 ? argv[3] : transition, &proposal), "inst_proposal_new");

  printf("U(1) on %d x %d sites at beta = %g, %g seconds for each chain; the charges Q that each line of time has seen:\n\n", L, L,
         BETA, seconds);
  printf("  %-28s %-28s\n", "hybrid Monte Carlo", "and tempered transitions");
  for (int n = 0; n < 2; n++) {
    printf(" ");
    for (int q = -WIDEST; q <= WIDEST; q++) printf("%2d", abs(q));
    printf("  ");
  }
  printf("\n");
  for (int line = 0; line < LINES; line++) {
    const double each = seconds / LINES, turns = ceil(each / TURN);
    for (int turn = 0; turn < (int)turns; turn++) {
      run(&alone, NULL, each / turns);
      run(&thawed, proposal, each / turns);
    }
    printf(" ");
    draw(&alone);
    printf("   ");
    draw(&thawed);
    printf("\n");
    fflush(stdout);
  }
  printf("\n%-28s %12s %8s %10s %15s %14s %17s %8s\n", "", "trajectories", "accepted", "proposals", "tau_int(Q^2)",
         "independent", "<Q^2>", "exact");
  report("hybrid Monte Carlo", &alone, exact);
  report("and tempered transitions", &thawed, exact);

  free(alone.squares);
  free(thawed.squares);
  inst_proposal_free(proposal);
  inst_action_free(wilson);
  inst_lattice_free(lattice);
  inst_context_free(context);
  return EXIT_SUCCESS;
}
