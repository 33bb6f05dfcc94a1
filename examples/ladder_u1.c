/* A ladder of replicas for a frozen chain: a hybrid Monte Carlo code for U(1) gauge theory in two dimensions, which runs replicas
 * that differ by the strength of a defect.
 *
 *   ladder_u1 [ROUNDS [SPEC [FILE [INTERVAL]]]]
 *
 *   ROUNDS     of trajectories of all replicas, each followed by a swap   4000
 *   SPEC       of inst_ladder_new                {defect: {size: [4]}, replicas: 8, tune: 400}
 *   FILE       where the run is saved, FILE and FILE.RANK.0 or 1; it goes on from there where they are   (none)
 *   INTERVAL   rounds between two saves          100
 *
 * Everything here but the calls that begin with inst_ is what such a code has anyway. What changes in it: its action and its
 * force multiply each plaquette by a weight that the library gives (inst_ladder_plaquette_weights), and after its
 * trajectories it hands in what each replica's action would change by at the strength of its partner (inst_ladder_swap). Topological
 * charge comes in through the defect of the last replica, and wanders up to the first one, which is the theory itself.
 *
 * Compiled with WITH_MPI and linked to bindings/mpi/instanton_mpi.c, replicas are spread over ranks: rank r of n has those
 * with numbers r, r + n, .... Random numbers belong to replicas, so that results are the same bit for bit on any number of
 * ranks.
 *
 * S = beta sum_P w_P (1 - cos theta_P),  Q = sum_P theta_P / 2 pi with theta_P in (-pi, pi],  beta = 7 on 16 x 16 sites.
 */
#define _POSIX_C_SOURCE 199309L
#include "instanton.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#ifdef WITH_MPI
#include "instanton_mpi.h"
#endif

#define L 16
#define V (L * L)
#define LINKS (2 * V)
#define BETA 7.0
#define LENGTH 1.5
#define STEPS 20
#define MOST 64 /* replicas */

static const double pi = 3.14159265358979323846;
static int rank = 0, ranks = 1;

/* Ends this rank; MPI then ends the others, which have got an error, too, if they were in a call of the library. */
static void fail(const char *what, const char *why) {
  fprintf(stderr, "rank %d: %s: %s\n", rank, what, why);
#ifdef WITH_MPI
  MPI_Abort(MPI_COMM_WORLD, EXIT_FAILURE);
#endif
  exit(EXIT_FAILURE);
}

static void check(inst_status status, const char *what) {
  if (status != INST_OK) fail(what, inst_last_error());
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

/* ---- the theory: angles[mu][y][x], a weight for each plaquette --------------------------------- */

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

static double action(const double *angles, const double *weights) {
  double sum = 0.0;
  for (int site = 0; site < V; site++) sum += weights[site] * (1.0 - cos(plaquette(angles, site)));
  return BETA * sum;
}

static int charge(const double *angles) {
  double sum = 0.0;
  for (int site = 0; site < V; site++) sum += remainder(plaquette(angles, site), 2.0 * pi);
  return (int)lround(sum / (2.0 * pi));
}

static void kick(const double *angles, const double *weights, double *momenta, double time) {
  static double sine[V];
  for (int site = 0; site < V; site++) sine[site] = BETA * weights[site] * sin(plaquette(angles, site));
  for (int site = 0; site < V; site++) {
    momenta[site] -= time * (sine[site] - sine[previous(site, 1)]);
    momenta[V + site] += time * (sine[site] - sine[previous(site, 0)]);
  }
}

static double kinetic(const double *momenta) {
  double sum = 0.0;
  for (int link = 0; link < LINKS; link++) sum += momenta[link] * momenta[link];
  return 0.5 * sum;
}

/* ---- replicas ---------------------------------------------------------------------------------- */

typedef struct {
  double angles[LINKS];
  uint64_t random;
  int64_t accepted;
} replica_type;

/* What a rank saves. */
typedef struct {
  int64_t count;
  replica_type replicas[MOST];
} rank_type;

static rank_type own;
static int64_t numbers[MOST]; /* of the replicas of this rank */
static int held = 0, replicas = 0;

static void trajectory(replica_type *replica, const double *weights) {
  static double angles[LINKS], momenta[LINKS];
  const double step = LENGTH / STEPS;
  memcpy(angles, replica->angles, sizeof angles);
  normals(&replica->random, LINKS, momenta);
  const double before = kinetic(momenta) + action(angles, weights);
  kick(angles, weights, momenta, 0.5 * step);
  for (int n = 0; n < STEPS; n++) {
    for (int link = 0; link < LINKS; link++) angles[link] += step * momenta[link];
    kick(angles, weights, momenta, n == STEPS - 1 ? 0.5 * step : step);
  }
  if (uniform(&replica->random) < exp(before - kinetic(momenta) - action(angles, weights))) {
    memcpy(replica->angles, angles, sizeof angles);
    replica->accepted++;
  }
}

/* A trajectory of each replica of this rank, and a swap of all. Returns Q^2 of the replica on rung 0 if it is here, or -1. */
static double one_round(inst_ladder *ladder) {
  static double weights[V], others[V];
  void *const to[1] = {weights}, *const to_others[1] = {others};
  double differences[MOST], square = -1.0, strength, partner;
  int64_t rung, at[2];
  for (int n = 0; n < held; n++) {
    check(inst_ladder_replica(ladder, numbers[n], &rung, &strength, &partner, at), "inst_ladder_replica");
    check(inst_ladder_plaquette_weights(ladder, numbers[n], strength, 0, 1, NULL, to), "inst_ladder_plaquette_weights");
    check(inst_ladder_plaquette_weights(ladder, numbers[n], partner, 0, 1, NULL, to_others), "inst_ladder_plaquette_weights");
    replica_type *replica = &own.replicas[n];
    trajectory(replica, weights);
    differences[n] = action(replica->angles, others) - action(replica->angles, weights);
    if (rung == 0) square = pow(charge(replica->angles), 2);
  }
  check(inst_ladder_swap(ladder, held, numbers, differences), "inst_ladder_swap");
  return square;
}

/* ---- saved runs -------------------------------------------------------------------------------- */

static void name_of(const char *file, uint64_t save, char *name, size_t size) {
  snprintf(name, size, "%s.%d.%d", file, rank, (int)(save % 2));
}

/* Fields of this rank and then the ladder, which makes them count: the save before is whole until then. */
static void save(const inst_ladder *ladder, const char *file, uint64_t save) {
  char name[1000];
  name_of(file, save, name, sizeof name);
  FILE *to = fopen(name, "wb");
  if (to == NULL || fwrite(&own, sizeof own, 1, to) != 1 || fclose(to) != 0) fail(name, "expected to write it");
  check(inst_ladder_save(ladder, file), "inst_ladder_save");
}

/* What a rank is told of the run. */
static void tell(const char *what, int64_t round) {
  if (rank == 0) fprintf(stderr, "%s round %ld\n", what, (long)round);
}

static void load(inst_ladder *ladder, const char *file, uint64_t interval) {
  char name[1000];
  int64_t all;
  uint64_t counter;
  check(inst_ladder_load(ladder, file), "inst_ladder_load");
  check(inst_ladder_state(ladder, &all, &counter), "inst_ladder_state");
  name_of(file, counter / interval, name, sizeof name);
  FILE *from = fopen(name, "rb");
  if (from == NULL || fread(&own, sizeof own, 1, from) != 1 || fclose(from) != 0) fail(name, "expected to read it");
}

/* ---- exact <Q^2> and the report ----------------------------------------------------------------- */

/* As in thaw_u1.c: plaquettes are independent, but that their angles sum up to 2 pi Q. */
static double exact_square(void) {
  enum { ANGLES = 400, POINTS = 4000, HIGHEST = 40 };
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
  for (int q = -HIGHEST; q <= HIGHEST; q++) {
    double weight = 0.0;
    for (int i = 0; i < POINTS; i++) weight += power[i] * cos(2.0 * pi * q * widest * (i + 0.5) / POINTS);
    norm += weight;
    sum += weight * q * q;
  }
  return sum / norm;
}

/* FNV-1a of the angles of a replica. */
static uint64_t print_of(const replica_type *replica) {
  const unsigned char *bytes = (const unsigned char *)replica->angles;
  uint64_t print = UINT64_C(0xcbf29ce484222325);
  for (size_t i = 0; i < sizeof replica->angles; i++) print = (print ^ bytes[i]) * UINT64_C(0x100000001b3);
  return print;
}

static void gather(double *numbers_of_ranks, int count) {
#ifdef WITH_MPI
  MPI_Allreduce(MPI_IN_PLACE, numbers_of_ranks, count, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
#else
  (void)numbers_of_ranks;
  (void)count;
#endif
}

static void report(const inst_ladder *ladder, double *squares, int64_t count, double seconds) {
  static double prints[2 * MOST];
  char text[100000];
  int64_t needed;
  gather(squares, (int)count);
  for (int n = 0; n < held; n++) {
    const uint64_t print = print_of(&own.replicas[n]);
    prints[2 * numbers[n]] = (double)(print >> 32);
    prints[2 * numbers[n] + 1] = (double)(print & UINT64_C(0xffffffff));
  }
  gather(prints, 2 * replicas);
  if (rank > 0) return;
  check(inst_ladder_describe(ladder, text, sizeof text, &needed), "inst_ladder_describe");
  printf("ladder %s\n", text);
  for (int n = 0; n < replicas; n++) printf("replica %d %08lx%08lx\n", n, (long)prints[2 * n], (long)prints[2 * n + 1]);
  double mean = 0.0, error = 0.0, tau = 0.0, tau_error = 0.0;
  const int64_t skipped = count / 5;
  const inst_status status = inst_autocorrelation(count - skipped, squares + skipped, &mean, &error, &tau, &tau_error);
  if (status != INST_OK) {
    printf("Q did not move\n");
  } else {
    const double exact = exact_square();
    printf("<Q^2> = %.4f +- %.4f, exact %.4f, tau_int %.1f +- %.1f rounds\n", mean, error, exact, tau, tau_error);
    if (count >= 1000 && fabs(mean - exact) > 5.0 * error) fail("<Q^2>", "expected the exact value within five errors");
  }
  fprintf(stderr, "%d replicas on %d ranks: %.1f trajectories a second, %.3f s for an independent Q^2\n", replicas, ranks,
          (double)count * replicas / seconds, 2.0 * tau * seconds / (double)count);
}

int main(int argc, char **argv) {
  const long rounds = argc > 1 ? atol(argv[1]) : 4000;
  const char *spec = argc > 2 ? argv[2] : "{defect: {size: [4]}, replicas: 8, tune: 400}";
  const char *file = argc > 3 && argv[3][0] != '\0' ? argv[3] : NULL;
  const long interval = argc > 4 ? atol(argv[4]) : 100;
  const int64_t extent[2] = {L, L};
  inst_context *context = NULL;
  inst_lattice *lattice = NULL;
  inst_ladder *ladder = NULL;
  int64_t all = 0;
  uint64_t counter = 0;
#ifdef WITH_MPI
  inst_communicator communicator;
  MPI_Init(&argc, &argv);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
#endif
  if (rounds < 20 || interval < 1) fail("arguments", "expected at least 20 rounds and an interval of at least 1");
  check(inst_context_new("{threads: 1, seed: 11}", &context), "inst_context_new");
  check(inst_lattice_new(context, 2, extent, &lattice), "inst_lattice_new");
  check(inst_ladder_new(lattice, spec, &ladder), "inst_ladder_new");
  check(inst_ladder_state(ladder, &all, &counter), "inst_ladder_state");
  if (all > MOST) fail("replicas", "expected at most 64");
#ifdef WITH_MPI
  if (instanton_mpi_new(MPI_COMM_WORLD, &communicator) != MPI_SUCCESS) fail("instanton_mpi_new", "expected a communicator");
  check(inst_ladder_connect(ladder, &communicator), "inst_ladder_connect");
#endif
  replicas = (int)all;
  for (int replica = rank; replica < replicas; replica += ranks) {
    own.replicas[held].random = UINT64_C(88172645463325252) ^ ((uint64_t)(replica + 1) * UINT64_C(0x9e3779b97f4a7c15));
    numbers[held++] = replica;
  }

  FILE *found = file == NULL ? NULL : fopen(file, "rb");
  if (found != NULL) {
    fclose(found);
    load(ladder, file, (uint64_t)interval);
    check(inst_ladder_state(ladder, &all, &counter), "inst_ladder_state");
    tell("goes on from", (int64_t)counter);
  }
  double *squares = calloc((size_t)rounds, sizeof(double));
  if (squares == NULL) fail("rounds", "expected memory for them");
  const int64_t first = (int64_t)counter;
  const double start = now();
  for (int64_t round = first; round < rounds; round++) {
    const double square = one_round(ladder);
    if (square >= 0.0) squares[round] = square;
    if (file != NULL && (round + 1) % interval == 0) {
      save(ladder, file, (uint64_t)((round + 1) / interval));
      tell("saved", round + 1);
    }
  }
  report(ladder, squares + first, rounds - first, now() - start);

  free(squares);
  inst_ladder_free(ladder);
  inst_lattice_free(lattice);
  inst_context_free(context);
#ifdef WITH_MPI
  instanton_mpi_free(&communicator);
  MPI_Finalize();
#endif
  return EXIT_SUCCESS;
}
