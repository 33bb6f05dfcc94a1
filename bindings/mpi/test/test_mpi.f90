! A ladder over ranks of MPI, from Fortran: the same as one process has with all replicas.
program test_mpi
  use, intrinsic :: iso_c_binding, only: c_int, c_int64_t, c_double
  use mpi
  use instanton
  implicit none
  integer, parameter :: i8 = c_int64_t, dp = c_double, replicas = 5
  interface
    function instanton_mpi_new_fortran(handle, communicator) bind(c) result(code)
      import :: c_int, inst_communicator
      integer(c_int), intent(in) :: handle
      type(inst_communicator), intent(out) :: communicator
      integer(c_int) :: code
    end function
    function instanton_mpi_free(communicator) bind(c) result(code)
      import :: c_int, inst_communicator
      type(inst_communicator), intent(inout) :: communicator
      integer(c_int) :: code
    end function
  end interface
  character(*), parameter :: spec = '{defect: {size: [3]}, replicas: 5, tune: 40}'
  type(inst_context) :: context
  type(inst_lattice) :: lattice
  type(inst_ladder) :: ladder, whole
  type(inst_communicator) :: communicator
  integer :: rank, ranks, code, n, round
  integer(i8), allocatable :: own(:)
  real(dp) :: differences(replicas)

  call mpi_init(code)
  call mpi_comm_rank(MPI_COMM_WORLD, rank, code)
  call mpi_comm_size(MPI_COMM_WORLD, ranks, code)
  own = [(int(n, i8), n=rank, replicas - 1, ranks)]
  call context%new('{threads: 1}')
  call lattice%new(context, [8, 8])
  call ladder%new(lattice, spec)
  call whole%new(lattice, spec)
  if (instanton_mpi_new_fortran(MPI_COMM_WORLD, communicator) /= MPI_SUCCESS) call fail('instanton_mpi_new_fortran')
  call ladder%connect(communicator)
  do round = 1, 100
    differences = [(sin(real(replicas * round + n, dp)), n=1, replicas)]
    call ladder%swap(differences(own + 1), own)
    call whole%swap(differences)
  end do
  if (ladder%describe() /= whole%describe()) call fail('expected the ladder of one process, got ' // ladder%describe())
  if (index(ladder%describe(), '"round_trips":0,') > 0) call fail('expected round trips, got none')
  call ladder%free()
  if (instanton_mpi_free(communicator) /= MPI_SUCCESS) call fail('instanton_mpi_free')
  call mpi_finalize(code)

contains

  subroutine fail(text)
    character(*), intent(in) :: text
    print '(a,i0,2a)', 'rank ', rank, ': ', text
    call mpi_abort(MPI_COMM_WORLD, 1, code)
  end subroutine

end program
