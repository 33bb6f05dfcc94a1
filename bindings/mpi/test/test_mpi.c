/* Ladders over ranks of MPI.
 *
 *   test_mpi same [FILE]   200 swaps with differences that are known; rank 0 prints the ladder at the end, which must be the same
 *                          on any number of ranks; with FILE through a save, and a load into a new ladder, halfway
 *   test_mpi fail          the last rank fails; all others have to get an error, and may then go on
 *   test_mpi die | leave   the last rank dies or leaves: the run has to end
 */
#define _POSIX_C_SOURCE 199309L
#include "instanton_mpi.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REPLICAS 6

static int rank, size;

#define EXPECT(condition)                                                                        \
  do {                                                                                           \
    if (!(condition)) {                                                                          \
      fprintf(stderr, "rank %d, line %d: %s: %s\n", rank, __LINE__, #condition, inst_last_error()); \
      MPI_Abort(MPI_COMM_WORLD, 1);                                                              \
    }                                                                                            \
  } while (0)

static inst_ladder *make(const char *spec, const inst_communicator *communicator) {
  const int64_t extent[2] = {8, 8};
  inst_context *context = NULL;
  inst_lattice *lattice = NULL;
  inst_ladder *ladder = NULL;
  EXPECT(inst_context_new("{threads: 1, seed: 5}", &context) == INST_OK);
  EXPECT(inst_lattice_new(context, 2, extent, &lattice) == INST_OK);
  EXPECT(inst_ladder_new(lattice, spec, &ladder) == INST_OK);
  EXPECT(inst_ladder_connect(ladder, communicator) == INST_OK);
  inst_lattice_free(lattice);
  inst_context_free(context);
  return ladder;
}

/* A swap with replica r on rank r of `size`; the last replica is shared by all ranks, each with a part of its difference. */
static inst_status swap(inst_ladder *ladder) {
  int64_t numbers[REPLICAS], all;
  double differences[REPLICAS];
  uint64_t counter;
  int count = 0;
  EXPECT(inst_ladder_state(ladder, &all, &counter) == INST_OK && all == REPLICAS);
  for (int replica = 0; replica < REPLICAS; replica++) {
    /* Of many bits, and of changing sign and size. */
    const uint64_t mixed = (counter * REPLICAS + (uint64_t)replica + 1) * UINT64_C(0x9e3779b97f4a7c15);
    const double difference = ((double)(mixed >> 11) / 9007199254740992.0 - 0.5) * 2.0;
    if (replica == REPLICAS - 1) {
      /* Parts that sum up to the whole without rounding. */
      const double whole = (double)(int64_t)(difference * 1048576.0) / 1048576.0;
      numbers[count] = replica;
      differences[count++] = rank == 0 ? whole - (size - 1) * 0.125 : 0.125;
    } else if (replica % size == rank) {
      numbers[count] = replica;
      differences[count++] = difference;
    }
  }
  return inst_ladder_swap(ladder, count, numbers, differences);
}

static void same(const inst_communicator *communicator, const char *file) {
  static const char spec[] = "{defect: {size: [3]}, replicas: 6, tune: 100}";
  char text[20000];
  int64_t needed;
  inst_ladder *ladder = make(spec, communicator);
  for (int n = 0; n < 200; n++) {
    if (n == 100 && file != NULL) {
      EXPECT(inst_ladder_save(ladder, file) == INST_OK);
      inst_ladder_free(ladder);
      ladder = make(spec, communicator);
      EXPECT(inst_ladder_load(ladder, file) == INST_OK);
    }
    EXPECT(swap(ladder) == INST_OK);
  }
  EXPECT(inst_ladder_describe(ladder, text, sizeof text, &needed) == INST_OK);
  if (rank == 0) puts(text);
  /* Files that are not there are an error on all ranks. */
  EXPECT(inst_ladder_load(ladder, "/nowhere/at/all") == (rank == 0 ? INST_IO : INST_STOPPED));
  EXPECT(inst_ladder_save(ladder, "/nowhere/at/all") == (rank == 0 ? INST_IO : INST_STOPPED));
  EXPECT(swap(ladder) == INST_OK);
  inst_ladder_free(ladder);
}

static void fail(const inst_communicator *communicator) {
  inst_ladder *ladder = make("{defect: {size: [3]}, strengths: [1, 0.8, 0.6, 0.4, 0.2, 0]}", communicator);
  const int is_last = rank == size - 1;
  EXPECT(swap(ladder) == INST_OK);
  const inst_status status = is_last ? inst_ladder_swap(ladder, 1, NULL, NULL) : swap(ladder);
  EXPECT(status == (is_last ? INST_NULL_ARGUMENT : INST_STOPPED));
  EXPECT(is_last || strstr(inst_last_error(), "1 that failed") != NULL);
  EXPECT(swap(ladder) == INST_OK);
  inst_ladder_free(ladder);
  /* Another seed on one of the ranks. */
  const int64_t extent[2] = {8, 8};
  inst_context *context = NULL;
  inst_lattice *lattice = NULL;
  EXPECT(inst_context_new(is_last ? "{seed: 2}" : "{seed: 1}", &context) == INST_OK);
  EXPECT(inst_lattice_new(context, 2, extent, &lattice) == INST_OK);
  EXPECT(inst_ladder_new(lattice, "{defect: {size: [3]}, replicas: 3}", &ladder) == INST_OK);
  EXPECT(inst_ladder_connect(ladder, communicator) == (size == 1 ? INST_OK : INST_BAD_INPUT));
  inst_ladder_free(ladder);
  inst_lattice_free(lattice);
  inst_context_free(context);
}

static void end(const inst_communicator *communicator, int is_killed) {
  inst_ladder *ladder = make("{defect: {size: [3]}, replicas: 6}", communicator);
  for (int n = 0;; n++) {
    if (n == 50 && rank == size - 1) {
      if (is_killed) raise(SIGKILL);
      exit(3);
    }
    if (swap(ladder) != INST_OK) {
      fprintf(stderr, "rank %d: %s\n", rank, inst_last_error());
      exit(4);
    }
  }
}

int main(int argc, char **argv) {
  inst_communicator communicator = {0, 0, 0, NULL, NULL, NULL, NULL};
  MPI_Init(&argc, &argv);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  /* By the handle that a host in Fortran has. */
  const MPI_Fint handle = MPI_Comm_c2f(MPI_COMM_WORLD);
  EXPECT(argc > 1 && instanton_mpi_new_fortran(&handle, &communicator) == MPI_SUCCESS);
  EXPECT(communicator.rank == rank && communicator.size == size);
  if (strcmp(argv[1], "same") == 0) same(&communicator, argc > 2 ? argv[2] : NULL);
  else if (strcmp(argv[1], "fail") == 0) fail(&communicator);
  else end(&communicator, strcmp(argv[1], "die") == 0);
  EXPECT(instanton_mpi_free(&communicator) == MPI_SUCCESS && communicator.user == NULL);
  MPI_Finalize();
  return 0;
}
