/* instanton_mpi.h: a communicator of MPI for ladders of replicas (inst_ladder_connect).
 *
 * The library is not linked to MPI. A host compiles instanton_mpi.c with its own MPI, and links it beside its own code.
 */
#ifndef INSTANTON_MPI_H
#define INSTANTON_MPI_H
#include <mpi.h>

#include "instanton.h"
#ifdef __cplusplus
extern "C" {
#endif

/* Fills in *out from the ranks of `communicator`, of which a copy is made (all ranks call this), so that messages of the host are
 * never mixed up with those of ladders. A failure of MPI is returned as its number and does not end the process. Returns
 * MPI_SUCCESS, or the number of an error of MPI; nothing is written then. */
int instanton_mpi_new(MPI_Comm communicator, inst_communicator *out);
/* The same for a host in Fortran: `communicator` is its handle, an integer (of mpi_f08: its MPI_VAL). */
int instanton_mpi_new_fortran(const MPI_Fint *communicator, inst_communicator *out);
/* Ends the copy, once all ladders that use it have been freed and before MPI_Finalize; all ranks call this. */
int instanton_mpi_free(inst_communicator *communicator);

#ifdef __cplusplus
}
#endif
#endif
