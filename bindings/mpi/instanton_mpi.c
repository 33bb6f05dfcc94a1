/* The functions of a ladder's communicator by MPI; see instanton_mpi.h. */
#include "instanton_mpi.h"

#include <stddef.h>
#include <stdlib.h>

/* Most bytes or numbers of one message: counts of MPI are int. */
#define PIECE ((int64_t)1 << 27)
#define TAG 5127

static int piece(int64_t bytes) {
  return (int)(bytes < 0 ? 0 : bytes < PIECE ? bytes : PIECE);
}

static int32_t sendrecv(const void *sent, int64_t sent_bytes, int32_t to, void *received, int64_t received_bytes, int32_t from,
                        void *user) {
  const int there = to < 0 ? MPI_PROC_NULL : to, back = from < 0 ? MPI_PROC_NULL : from;
  const char *out = sent;
  char *in = received;
  do {
    const int send = piece(sent_bytes), receive = piece(received_bytes);
    const int code = MPI_Sendrecv(out, send, MPI_BYTE, there, TAG, in, receive, MPI_BYTE, back, TAG, *(MPI_Comm *)user,
                                  MPI_STATUS_IGNORE);
    if (code != MPI_SUCCESS) return code;
    out += send;
    in += receive;
    sent_bytes -= send;
    received_bytes -= receive;
  } while (sent_bytes > 0 || received_bytes > 0);
  return 0;
}

static int32_t allreduce(double *numbers, int64_t count, void *user) {
  while (count > 0) {
    const int step = piece(count);
    const int code = MPI_Allreduce(MPI_IN_PLACE, numbers, step, MPI_DOUBLE, MPI_SUM, *(MPI_Comm *)user);
    if (code != MPI_SUCCESS) return code;
    numbers += step;
    count -= step;
  }
  return 0;
}

static int32_t barrier(void *user) {
  return MPI_Barrier(*(MPI_Comm *)user);
}

int instanton_mpi_new(MPI_Comm communicator, inst_communicator *out) {
  inst_communicator made = {sizeof made, 0, 0, NULL, sendrecv, allreduce, barrier};
  int rank = 0, size = 0, code;
  MPI_Comm *copy = malloc(sizeof *copy);
  if (copy == NULL) return MPI_ERR_NO_MEM;
  code = MPI_Comm_dup(communicator, copy);
  if (code != MPI_SUCCESS) {
    free(copy);
    return code;
  }
  code = MPI_Comm_set_errhandler(*copy, MPI_ERRORS_RETURN);
  if (code == MPI_SUCCESS) code = MPI_Comm_rank(*copy, &rank);
  if (code == MPI_SUCCESS) code = MPI_Comm_size(*copy, &size);
  if (code != MPI_SUCCESS) {
    MPI_Comm_free(copy);
    free(copy);
    return code;
  }
  made.rank = rank;
  made.size = size;
  made.user = copy;
  *out = made;
  return MPI_SUCCESS;
}

int instanton_mpi_new_fortran(const MPI_Fint *communicator, inst_communicator *out) {
  return instanton_mpi_new(MPI_Comm_f2c(*communicator), out);
}

int instanton_mpi_free(inst_communicator *communicator) {
  int code = MPI_SUCCESS;
  if (communicator->user != NULL) {
    code = MPI_Comm_free(communicator->user);
    free(communicator->user);
    communicator->user = NULL;
  }
  return code;
}
