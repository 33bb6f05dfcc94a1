! Exact learned proposals for lattice field theory: the library instanton for Fortran, in Fortran 2008.
!
! Each object is a derived type; `new` makes it, and it ends with its variable or by `free`. Objects are not assigned to each
! other. Arrays have their natural shape, x first: a field phi(x,y) or phi(x,y,z,t), a batch of fields one more index at the
! end; links u(column,row,mu,x,y,z,t) and spinors psi(colour,spin,x,y,z,t) are complex. They are passed without a copy where
! they are contiguous. All calls take `stat` and `errmsg`, as allocate does: without `stat` an error stops the program.
! Specs, units and errors are those of instanton.h; statuses are INST_OK and others.
module instanton
  use, intrinsic :: iso_c_binding
  use, intrinsic :: iso_fortran_env, only: error_unit
  use instanton_c
  implicit none
  private

  public :: INST_OK, INST_NULL_ARGUMENT, INST_BAD_SPEC, INST_BAD_SHAPE, INST_BAD_INPUT, INST_IO, INST_NOT_CONVERGED, &
            INST_NO_DEVICE, INST_STOPPED, INST_UNSUPPORTED, INST_INTERNAL
  public :: inst_solve_report, inst_two_sided_report, inst_communicator, inst_action_function, inst_progress_function, &
            inst_watch_function
  public :: version, devices, probe, watch, work_name, autocorrelation, autocorrelation_replicas, &
            reweighting, reweighting_tail, reweighting_two_sided, kl_per_site, reweighting_mean, reweighting_nested, &
            reweighting_forward, mode_balance, mode_balance_independent

  integer, parameter :: dp = c_double, i8 = c_int64_t

  ! What all objects have: an address of the library's, and the lattice that they live on.
  type, abstract :: object_type
    private
    type(c_ptr) :: object = c_null_ptr
    integer :: kind = 0
    integer(i8) :: volume = 0, numbers = 0  ! sites, and real numbers of a field
    integer :: dimensions = 0
  contains
    procedure, public :: free => object_free
    procedure, private :: object_assign
    generic, public :: assignment(=) => object_assign
  end type

  type, extends(object_type), public :: inst_context
  contains
    procedure, public :: new => context_new
    final :: context_end
  end type

  type, extends(object_type), public :: inst_lattice
  contains
    procedure, private :: lattice_new_c_int32_t, lattice_new_c_int64_t
    generic, public :: new => lattice_new_c_int32_t, lattice_new_c_int64_t
    final :: lattice_end
  end type

  type, extends(object_type), public :: inst_action
  contains
    procedure, public :: new => action_new
    procedure, public :: from_callback => action_from_callback
    procedure, private :: action_value_1, action_gradient_1, action_refresh_1, action_value_links_1
    procedure, private :: action_gradient_links_1, action_refresh_links_1
    generic, public :: value => action_value_1, action_value_links_1
    generic, public :: gradient => action_gradient_1, action_gradient_links_1
    generic, public :: refresh => action_refresh_1, action_refresh_links_1
    procedure, private :: action_value_2, action_gradient_2, action_refresh_2, action_value_links_2
    procedure, private :: action_gradient_links_2, action_refresh_links_2
    generic, public :: value => action_value_2, action_value_links_2
    generic, public :: gradient => action_gradient_2, action_gradient_links_2
    generic, public :: refresh => action_refresh_2, action_refresh_links_2
    procedure, private :: action_value_3, action_gradient_3, action_refresh_3, action_value_links_3
    procedure, private :: action_gradient_links_3, action_refresh_links_3
    generic, public :: value => action_value_3, action_value_links_3
    generic, public :: gradient => action_gradient_3, action_gradient_links_3
    generic, public :: refresh => action_refresh_3, action_refresh_links_3
    procedure, private :: action_value_4, action_gradient_4, action_refresh_4, action_value_links_4
    procedure, private :: action_gradient_links_4, action_refresh_links_4
    generic, public :: value => action_value_4, action_value_links_4
    generic, public :: gradient => action_gradient_4, action_gradient_links_4
    generic, public :: refresh => action_refresh_4, action_refresh_links_4
    procedure, private :: action_value_5, action_gradient_5, action_refresh_5, action_value_links_5
    procedure, private :: action_gradient_links_5, action_refresh_links_5
    generic, public :: value => action_value_5, action_value_links_5
    generic, public :: gradient => action_gradient_5, action_gradient_links_5
    generic, public :: refresh => action_refresh_5, action_refresh_links_5
    procedure, private :: action_value_6, action_gradient_6, action_refresh_6, action_value_links_6
    procedure, private :: action_gradient_links_6, action_refresh_links_6
    generic, public :: value => action_value_6, action_value_links_6
    generic, public :: gradient => action_gradient_6, action_gradient_links_6
    generic, public :: refresh => action_refresh_6, action_refresh_links_6
    procedure, private :: action_value_7, action_gradient_7, action_refresh_7, action_value_links_7
    procedure, private :: action_gradient_links_7, action_refresh_links_7
    generic, public :: value => action_value_7, action_value_links_7
    generic, public :: gradient => action_gradient_7, action_gradient_links_7
    generic, public :: refresh => action_refresh_7, action_refresh_links_7
    final :: action_end
  end type

  type, extends(object_type), public :: inst_model
  contains
    procedure, public :: new => model_new
    procedure, public :: load => model_load
    procedure, public :: at => model_at
    procedure, public :: transfer => model_transfer
    procedure, public :: save => model_save
    procedure, public :: describe => model_describe
    procedure, public :: train => model_train
    procedure, private :: model_sample_1, model_log_density_1, model_train_on_1, model_sample_links_1
    procedure, private :: model_log_density_links_1, model_train_on_links_1, model_sample_paths_1
    generic, public :: train_on => model_train_on_1, model_train_on_links_1
    generic, public :: sample => model_sample_1, model_sample_links_1
    generic, public :: sample_paths => model_sample_paths_1
    generic, public :: log_density => model_log_density_1, model_log_density_links_1
    procedure, private :: model_sample_2, model_log_density_2, model_train_on_2, model_sample_links_2
    procedure, private :: model_log_density_links_2, model_train_on_links_2, model_sample_paths_2
    generic, public :: train_on => model_train_on_2, model_train_on_links_2
    generic, public :: sample => model_sample_2, model_sample_links_2
    generic, public :: sample_paths => model_sample_paths_2
    generic, public :: log_density => model_log_density_2, model_log_density_links_2
    procedure, private :: model_sample_3, model_log_density_3, model_train_on_3, model_sample_links_3
    procedure, private :: model_log_density_links_3, model_train_on_links_3, model_sample_paths_3
    generic, public :: train_on => model_train_on_3, model_train_on_links_3
    generic, public :: sample => model_sample_3, model_sample_links_3
    generic, public :: sample_paths => model_sample_paths_3
    generic, public :: log_density => model_log_density_3, model_log_density_links_3
    procedure, private :: model_sample_4, model_log_density_4, model_train_on_4, model_sample_links_4
    procedure, private :: model_log_density_links_4, model_train_on_links_4, model_sample_paths_4
    generic, public :: train_on => model_train_on_4, model_train_on_links_4
    generic, public :: sample => model_sample_4, model_sample_links_4
    generic, public :: sample_paths => model_sample_paths_4
    generic, public :: log_density => model_log_density_4, model_log_density_links_4
    procedure, private :: model_sample_5, model_log_density_5, model_train_on_5, model_sample_links_5
    procedure, private :: model_log_density_links_5, model_train_on_links_5, model_sample_paths_5
    generic, public :: train_on => model_train_on_5, model_train_on_links_5
    generic, public :: sample => model_sample_5, model_sample_links_5
    generic, public :: sample_paths => model_sample_paths_5
    generic, public :: log_density => model_log_density_5, model_log_density_links_5
    procedure, private :: model_sample_6, model_log_density_6, model_train_on_6, model_sample_links_6
    procedure, private :: model_log_density_links_6, model_train_on_links_6, model_sample_paths_6
    generic, public :: train_on => model_train_on_6, model_train_on_links_6
    generic, public :: sample => model_sample_6, model_sample_links_6
    generic, public :: sample_paths => model_sample_paths_6
    generic, public :: log_density => model_log_density_6, model_log_density_links_6
    procedure, private :: model_sample_7, model_log_density_7, model_train_on_7, model_sample_links_7
    procedure, private :: model_log_density_links_7, model_train_on_links_7, model_sample_paths_7
    generic, public :: train_on => model_train_on_7, model_train_on_links_7
    generic, public :: sample => model_sample_7, model_sample_links_7
    generic, public :: sample_paths => model_sample_paths_7
    generic, public :: log_density => model_log_density_7, model_log_density_links_7
    final :: model_end
  end type

  type, extends(object_type), public :: inst_proposal
  contains
    procedure, public :: new => proposal_new
    procedure, private :: propose_1, propose_links_1
    generic, public :: propose => propose_1, propose_links_1
    procedure, private :: propose_2, propose_links_2
    generic, public :: propose => propose_2, propose_links_2
    procedure, private :: propose_3, propose_links_3
    generic, public :: propose => propose_3, propose_links_3
    procedure, private :: propose_4, propose_links_4
    generic, public :: propose => propose_4, propose_links_4
    procedure, private :: propose_5, propose_links_5
    generic, public :: propose => propose_5, propose_links_5
    procedure, private :: propose_6, propose_links_6
    generic, public :: propose => propose_6, propose_links_6
    procedure, private :: propose_7, propose_links_7
    generic, public :: propose => propose_7, propose_links_7
    final :: proposal_end
  end type

  type, extends(object_type), public :: inst_chain
  contains
    procedure, public :: new => chain_new
    procedure, public :: step => chain_step
    procedure, public :: reversibility => chain_reversibility
    procedure, public :: describe => chain_describe
    procedure, public :: save => chain_save
    procedure, public :: load => chain_load
    procedure, private :: chain_field_1, chain_set_field_1, chain_field_links_1, chain_set_field_links_1
    generic, public :: field => chain_field_1, chain_field_links_1
    generic, public :: set_field => chain_set_field_1, chain_set_field_links_1
    procedure, private :: chain_field_2, chain_set_field_2, chain_field_links_2, chain_set_field_links_2
    generic, public :: field => chain_field_2, chain_field_links_2
    generic, public :: set_field => chain_set_field_2, chain_set_field_links_2
    procedure, private :: chain_field_3, chain_set_field_3, chain_field_links_3, chain_set_field_links_3
    generic, public :: field => chain_field_3, chain_field_links_3
    generic, public :: set_field => chain_set_field_3, chain_set_field_links_3
    procedure, private :: chain_field_4, chain_set_field_4, chain_field_links_4, chain_set_field_links_4
    generic, public :: field => chain_field_4, chain_field_links_4
    generic, public :: set_field => chain_set_field_4, chain_set_field_links_4
    procedure, private :: chain_field_5, chain_set_field_5, chain_field_links_5, chain_set_field_links_5
    generic, public :: field => chain_field_5, chain_field_links_5
    generic, public :: set_field => chain_set_field_5, chain_set_field_links_5
    procedure, private :: chain_field_6, chain_set_field_6, chain_field_links_6, chain_set_field_links_6
    generic, public :: field => chain_field_6, chain_field_links_6
    generic, public :: set_field => chain_set_field_6, chain_set_field_links_6
    procedure, private :: chain_field_7, chain_set_field_7, chain_field_links_7, chain_set_field_links_7
    generic, public :: field => chain_field_7, chain_field_links_7
    generic, public :: set_field => chain_set_field_7, chain_set_field_links_7
    final :: chain_end
  end type

  type, extends(object_type), public :: inst_gauge
  contains
    procedure, public :: new => gauge_new
    procedure, public :: read => gauge_read
    procedure, public :: write => gauge_write
    procedure, public :: observe => gauge_observe
    procedure, public :: smear => gauge_smear
    procedure, public :: import => gauge_import
    procedure, public :: export => gauge_export
    procedure, private :: gauge_links_3, gauge_set_links_3, gauge_set_links_with_3
    generic, public :: links => gauge_links_3
    generic, public :: set_links => gauge_set_links_3, gauge_set_links_with_3
    procedure, private :: gauge_links_4, gauge_set_links_4, gauge_set_links_with_4
    generic, public :: links => gauge_links_4
    generic, public :: set_links => gauge_set_links_4, gauge_set_links_with_4
    procedure, private :: gauge_links_5, gauge_set_links_5, gauge_set_links_with_5
    generic, public :: links => gauge_links_5
    generic, public :: set_links => gauge_set_links_5, gauge_set_links_with_5
    procedure, private :: gauge_links_6, gauge_set_links_6, gauge_set_links_with_6
    generic, public :: links => gauge_links_6
    generic, public :: set_links => gauge_set_links_6, gauge_set_links_with_6
    procedure, private :: gauge_links_7, gauge_set_links_7, gauge_set_links_with_7
    generic, public :: links => gauge_links_7
    generic, public :: set_links => gauge_set_links_7, gauge_set_links_with_7
    final :: gauge_end
  end type

  type, extends(object_type), public :: inst_layout
  contains
    procedure, public :: new => layout_new
    procedure, public :: size => layout_size
    procedure, public :: offset => layout_offset
    procedure, private :: layout_import_1, layout_export_1
    generic, public :: import => layout_import_1
    generic, public :: export => layout_export_1
    procedure, private :: layout_import_2, layout_export_2
    generic, public :: import => layout_import_2
    generic, public :: export => layout_export_2
    procedure, private :: layout_import_3, layout_export_3
    generic, public :: import => layout_import_3
    generic, public :: export => layout_export_3
    procedure, private :: layout_import_4, layout_export_4
    generic, public :: import => layout_import_4
    generic, public :: export => layout_export_4
    procedure, private :: layout_import_links_3, layout_export_links_3
    generic, public :: import => layout_import_links_3
    generic, public :: export => layout_export_links_3
    procedure, private :: layout_import_links_4, layout_export_links_4
    generic, public :: import => layout_import_links_4
    generic, public :: export => layout_export_links_4
    procedure, private :: layout_import_links_5, layout_export_links_5
    generic, public :: import => layout_import_links_5
    generic, public :: export => layout_export_links_5
    procedure, private :: layout_import_links_6, layout_export_links_6
    generic, public :: import => layout_import_links_6
    generic, public :: export => layout_export_links_6
    procedure, private :: layout_import_links_7, layout_export_links_7
    generic, public :: import => layout_import_links_7
    generic, public :: export => layout_export_links_7
    final :: layout_end
  end type

  ! Replicas, rungs and directions are counted from 0, as in C.
  type, extends(object_type), public :: inst_ladder
  contains
    procedure, public :: new => ladder_new
    procedure, public :: state => ladder_state
    procedure, public :: replica => ladder_replica
    procedure, public :: difference => ladder_difference
    procedure, public :: swap => ladder_swap
    procedure, public :: connect => ladder_connect
    procedure, public :: describe => ladder_describe
    procedure, public :: save => ladder_save
    procedure, public :: load => ladder_load
    procedure, private :: ladder_link_factors, ladder_plaquette_weights
    generic, public :: link_factors => ladder_link_factors
    generic, public :: plaquette_weights => ladder_plaquette_weights
    procedure, private :: ladder_link_factors_1, ladder_plaquette_weights_1
    generic, public :: link_factors => ladder_link_factors_1
    generic, public :: plaquette_weights => ladder_plaquette_weights_1
    procedure, private :: ladder_link_factors_2, ladder_plaquette_weights_2
    generic, public :: link_factors => ladder_link_factors_2
    generic, public :: plaquette_weights => ladder_plaquette_weights_2
    procedure, private :: ladder_link_factors_3, ladder_plaquette_weights_3
    generic, public :: link_factors => ladder_link_factors_3
    generic, public :: plaquette_weights => ladder_plaquette_weights_3
    procedure, private :: ladder_link_factors_4, ladder_plaquette_weights_4
    generic, public :: link_factors => ladder_link_factors_4
    generic, public :: plaquette_weights => ladder_plaquette_weights_4
    final :: ladder_end
  end type

  type, extends(object_type), public :: inst_dirac
  contains
    procedure, public :: new => dirac_new
    procedure, public :: new_improved => dirac_new_improved
    procedure, public :: spectrum => dirac_spectrum
    procedure, private :: dirac_apply_3, dirac_solve_3
    generic, public :: apply => dirac_apply_3
    generic, public :: solve => dirac_solve_3
    procedure, private :: dirac_apply_4, dirac_solve_4
    generic, public :: apply => dirac_apply_4
    generic, public :: solve => dirac_solve_4
    procedure, private :: dirac_apply_5, dirac_solve_5
    generic, public :: apply => dirac_apply_5
    generic, public :: solve => dirac_solve_5
    procedure, private :: dirac_apply_6, dirac_solve_6
    generic, public :: apply => dirac_apply_6
    generic, public :: solve => dirac_solve_6
    procedure, private :: dirac_apply_7, dirac_solve_7
    generic, public :: apply => dirac_apply_7
    generic, public :: solve => dirac_solve_7
    final :: dirac_end
  end type

  abstract interface
    ! The host's own action: writes S and, where gradient is associated, dS/dphi to it; returns 0, or else to stop.
    function inst_action_function(field, count, value, gradient, user) bind(c) result(stop)
      import
      integer(c_int64_t), value :: count
      real(c_double), intent(in) :: field(count)
      real(c_double), intent(out) :: value
      type(c_ptr), value :: gradient, user
      integer(c_int32_t) :: stop
    end function
    ! Called after each step of training; returns 0, or else to stop.
    function inst_progress_function(step, steps, loss, ess, user) bind(c) result(stop)
      import
      integer(c_int64_t), value :: step, steps
      real(c_double), value :: loss, ess
      type(c_ptr), value :: user
      integer(c_int32_t) :: stop
    end function
    ! Hears of long calls: work_name(work) says what is done, `total` is 0 where it is not known; returns 0, or else to stop.
    function inst_watch_function(work, done, total, figure, user) bind(c) result(stop)
      import
      type(c_ptr), value :: work, user
      integer(c_int64_t), value :: done, total
      real(c_double), value :: figure
      integer(c_int32_t) :: stop
    end function
  end interface

contains

  ! ---- errors and text --------------------------------------------------------------------------

  ! Hands a status on as allocate does.
  subroutine finish(status, stat, errmsg, text)
    integer(c_int32_t), intent(in) :: status
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    character(*), intent(in), optional :: text  ! else the library's
    character(:), allocatable :: message
    if (present(stat)) stat = status
    if (status == INST_OK) return
    if (present(text)) then
      message = text
    else
      message = from_c(inst_last_error())
    end if
    if (present(errmsg)) errmsg = message
    if (present(stat)) return
    write (error_unit, '(a)') 'instanton: ' // message
    error stop 1
  end subroutine

  function from_c(address) result(text)
    type(c_ptr), intent(in) :: address
    character(:), allocatable :: text
    character(kind=c_char), pointer :: letters(:)
    integer :: n, length
    call c_f_pointer(address, letters, [huge(1)])
    length = 0
    do while (letters(length + 1) /= c_null_char)
      length = length + 1
    end do
    allocate (character(length) :: text)
    do n = 1, length
      text(n:n) = letters(n)
    end do
  end function

  ! Text as C has it; none is empty text.
  pure function letters(text)
    character(*), intent(in), optional :: text
    character(kind=c_char), allocatable :: letters(:)
    integer :: n, length
    length = 0
    if (present(text)) length = len_trim(text)
    allocate (letters(length + 1))
    do n = 1, length
      letters(n) = text(n:n)
    end do
    letters(length + 1) = c_null_char
  end function

  ! True where an array has the numbers of a batch of fields; else the call has failed.
  function fits(self, what, count, batch, stat, errmsg)
    class(object_type), intent(in) :: self
    character(*), intent(in) :: what
    integer(i8), intent(in) :: count, batch
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    logical :: fits
    fits = .true.
    ! An object that was not made is the library's to refuse, and so are batches below 1.
    if (self%numbers == 0 .or. batch < 1) return
    fits = alike(what, batch * self%numbers, count, stat, errmsg)
  end function

  ! ---- objects ----------------------------------------------------------------------------------

  subroutine object_free(self)
    class(object_type), intent(inout) :: self
    if (c_associated(self%object)) then
      select case (self%kind)
      case (1); call inst_context_free(self%object)
      case (2); call inst_lattice_free(self%object)
      case (3); call inst_action_free(self%object)
      case (4); call inst_model_free(self%object)
      case (5); call inst_proposal_free(self%object)
      case (6); call inst_chain_free(self%object)
      case (7); call inst_gauge_free(self%object)
      case (8); call inst_layout_free(self%object)
      case (9); call inst_dirac_free(self%object)
      case (10); call inst_ladder_free(self%object)
      end select
    end if
    self%object = c_null_ptr
    self%volume = 0
    self%numbers = 0
  end subroutine

  subroutine object_assign(left, right)
    class(object_type), intent(inout) :: left
    class(object_type), intent(in) :: right
    call finish(INST_UNSUPPORTED, text='assignment: expected objects made by `new`, got one assigned to another')
    if (c_associated(left%object, right%object)) return
  end subroutine

  impure elemental subroutine context_end(self)
    type(inst_context), intent(inout) :: self
    call self%free()
  end subroutine

  impure elemental subroutine lattice_end(self)
    type(inst_lattice), intent(inout) :: self
    call self%free()
  end subroutine

  impure elemental subroutine action_end(self)
    type(inst_action), intent(inout) :: self
    call self%free()
  end subroutine

  impure elemental subroutine model_end(self)
    type(inst_model), intent(inout) :: self
    call self%free()
  end subroutine

  impure elemental subroutine proposal_end(self)
    type(inst_proposal), intent(inout) :: self
    call self%free()
  end subroutine

  impure elemental subroutine chain_end(self)
    type(inst_chain), intent(inout) :: self
    call self%free()
  end subroutine

  impure elemental subroutine gauge_end(self)
    type(inst_gauge), intent(inout) :: self
    call self%free()
  end subroutine

  impure elemental subroutine layout_end(self)
    type(inst_layout), intent(inout) :: self
    call self%free()
  end subroutine

  impure elemental subroutine dirac_end(self)
    type(inst_dirac), intent(inout) :: self
    call self%free()
  end subroutine

  impure elemental subroutine ladder_end(self)
    type(inst_ladder), intent(inout) :: self
    call self%free()
  end subroutine

  ! Takes a new object's address, and its lattice from what it was made from.
  subroutine take(self, kind, object, origin)
    class(object_type), intent(inout) :: self
    integer, intent(in) :: kind
    type(c_ptr), intent(in) :: object
    class(object_type), intent(in), optional :: origin
    integer(i8), target :: numbers
    integer(i8) :: volume
    integer :: dimensions
    integer(c_int32_t) :: status
    if (.not. c_associated(object)) return
    volume = 0
    numbers = 0
    dimensions = 0
    ! Both may be one object.
    if (present(origin)) then
      volume = origin%volume
      numbers = merge(origin%numbers, origin%volume, kind == 5 .or. kind == 6)
      dimensions = origin%dimensions
    end if
    status = INST_OK
    select case (kind)
    case (3); status = inst_action_count(object, c_loc(numbers))
    case (4); status = inst_model_count(object, c_loc(numbers))
    case (7); status = inst_gauge_count(object, c_loc(numbers))
    case (8); status = inst_layout_count(object, c_loc(numbers))
    case (9); status = inst_dirac_count(object, c_loc(numbers))
    end select
    if (status /= INST_OK) numbers = 0
    call self%free()
    self%object = object
    self%kind = kind
    self%volume = volume
    self%numbers = numbers
    self%dimensions = dimensions
  end subroutine

  function version() result(text)
    character(:), allocatable :: text
    text = from_c(inst_version())
  end function

  ! Has a function hear of the long calls of this thread from now on; without one none does.
  subroutine watch(function, user, stat, errmsg)
    procedure(inst_watch_function), optional :: function
    type(c_ptr), intent(in), optional :: user
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    type(c_funptr) :: address
    type(c_ptr) :: passed
    address = c_null_funptr
    if (present(function)) address = c_funloc(function)
    passed = c_null_ptr
    if (present(user)) passed = user
    call finish(inst_watch(address, passed), stat, errmsg)
  end subroutine

  ! The name of the work that a watch hears of.
  function work_name(work) result(text)
    type(c_ptr), intent(in) :: work
    character(:), allocatable :: text
    text = from_c(work)
  end function

  ! The devices as a JSON list.
  function devices(stat, errmsg) result(text)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    character(:), allocatable :: text
    character(kind=c_char), allocatable, target :: buffer(:)
    integer(i8), target :: needed
    integer(c_int32_t) :: status
    text = ''
    status = inst_devices(c_null_ptr, 0_i8, c_loc(needed))
    if (status == INST_OK) then
      allocate (buffer(needed))
      status = inst_devices(c_loc(buffer), needed, c_loc(needed))
      if (status == INST_OK) text = from_c(c_loc(buffer))
    end if
    call finish(status, stat, errmsg)
  end function

  ! What a file of a gauge field holds, as a JSON list: format, extents, group, precision.
  function probe(path, stat, errmsg) result(text)
    character(*), intent(in) :: path
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    character(:), allocatable :: text
    character(kind=c_char), allocatable, target :: name(:), buffer(:)
    integer(i8), target :: needed
    integer(c_int32_t) :: status
    text = ''
    allocate (name, source=letters(path))
    status = inst_gauge_probe(c_loc(name), c_null_ptr, 0_i8, c_loc(needed))
    if (status == INST_OK) then
      allocate (buffer(needed))
      status = inst_gauge_probe(c_loc(name), c_loc(buffer), needed, c_loc(needed))
      if (status == INST_OK) text = from_c(c_loc(buffer))
    end if
    call finish(status, stat, errmsg)
  end function

  subroutine context_new(self, spec, stat, errmsg)
    class(inst_context), intent(inout) :: self
    character(*), intent(in), optional :: spec
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    character(kind=c_char), allocatable, target :: text(:)
    type(c_ptr), target :: object
    integer(c_int32_t) :: status
    allocate (text, source=letters(spec))
    object = c_null_ptr
    status = inst_context_new(c_loc(text), c_loc(object))
    call take(self, 1, object)
    call finish(status, stat, errmsg)
  end subroutine

  ! Extents x, y, z, t, as many as dimensions.
  subroutine lattice_new_c_int32_t(self, context, extent, stat, errmsg)
    class(inst_lattice), intent(inout) :: self
    type(inst_context), intent(in) :: context
    integer(c_int32_t), intent(in) :: extent(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer(i8), target :: lengths(max(1, size(extent)))
    type(c_ptr), target :: object
    integer(c_int32_t) :: status
    lengths = 1
    lengths(:size(extent)) = extent
    object = c_null_ptr
    status = inst_lattice_new(context%object, size(extent, kind=c_int32_t), c_loc(lengths), c_loc(object))
    call take(self, 2, object)
    if (status == INST_OK) then
      self%volume = product(lengths)
      self%dimensions = size(extent)
    end if
    call finish(status, stat, errmsg)
  end subroutine

  ! Extents x, y, z, t, as many as dimensions.
  subroutine lattice_new_c_int64_t(self, context, extent, stat, errmsg)
    class(inst_lattice), intent(inout) :: self
    type(inst_context), intent(in) :: context
    integer(c_int64_t), intent(in) :: extent(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer(i8), target :: lengths(max(1, size(extent)))
    type(c_ptr), target :: object
    integer(c_int32_t) :: status
    lengths = 1
    lengths(:size(extent)) = extent
    object = c_null_ptr
    status = inst_lattice_new(context%object, size(extent, kind=c_int32_t), c_loc(lengths), c_loc(object))
    call take(self, 2, object)
    if (status == INST_OK) then
      self%volume = product(lengths)
      self%dimensions = size(extent)
    end if
    call finish(status, stat, errmsg)
  end subroutine

  ! ---- actions ----------------------------------------------------------------------------------

  subroutine action_new(self, lattice, spec, stat, errmsg)
    class(inst_action), intent(inout) :: self
    type(inst_lattice), intent(in) :: lattice
    character(*), intent(in), optional :: spec
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    character(kind=c_char), allocatable, target :: text(:)
    type(c_ptr), target :: object
    integer(c_int32_t) :: status
    allocate (text, source=letters(spec))
    object = c_null_ptr
    status = inst_action_new(lattice%object, c_loc(text), c_loc(object))
    call take(self, 3, object, lattice)
    call finish(status, stat, errmsg)
  end subroutine

  subroutine action_from_callback(self, lattice, function, user, stat, errmsg)
    class(inst_action), intent(inout) :: self
    type(inst_lattice), intent(in) :: lattice
    procedure(inst_action_function) :: function
    type(c_ptr), intent(in), optional :: user
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    type(c_ptr), target :: object
    type(c_ptr) :: passed
    integer(c_int32_t) :: status
    passed = c_null_ptr
    if (present(user)) passed = user
    object = c_null_ptr
    status = inst_action_from_callback(lattice%object, c_funloc(function), passed, c_loc(object))
    call take(self, 3, object, lattice)
    call finish(status, stat, errmsg)
  end subroutine

  ! S of each field of a batch.
  subroutine action_value_1(self, fields, values, stat, errmsg)
    class(inst_action), intent(in) :: self
    real(dp), intent(in), contiguous, target :: fields(:)
    real(dp), intent(out), contiguous, target :: values(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer(i8) :: batch
    batch = size(values, kind=i8)
    if (.not. fits(self, 'fields', size(fields, kind=i8), batch, stat, errmsg)) return
    call finish(inst_action_value(self%object, batch, c_loc(fields), c_loc(values)), stat, errmsg)
  end subroutine

  subroutine action_value_links_1(self, links, values, stat, errmsg)
    class(inst_action), intent(in) :: self
    complex(dp), intent(in), contiguous, target :: links(:)
    real(dp), intent(out), contiguous, target :: values(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer(i8) :: batch
    batch = size(values, kind=i8)
    if (.not. fits(self, 'links', 2 * size(links, kind=i8), batch, stat, errmsg)) return
    call finish(inst_action_value(self%object, batch, c_loc(links), c_loc(values)), stat, errmsg)
  end subroutine

  ! dS/dphi of one field or, where batch is present, of so many.
  subroutine action_gradient_1(self, fields, gradients, batch, stat, errmsg)
    class(inst_action), intent(in) :: self
    real(dp), intent(in), contiguous, target :: fields(:)
    real(dp), intent(out), contiguous, target :: gradients(:)
    integer, intent(in), optional :: batch
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer(i8) :: count
    count = 1
    if (present(batch)) count = batch
    if (.not. fits(self, 'fields', size(fields, kind=i8), count, stat, errmsg)) return
    if (.not. alike('gradients', size(fields, kind=i8), size(gradients, kind=i8), stat, errmsg)) return
    call finish(inst_action_gradient(self%object, count, c_loc(fields), c_loc(gradients)), stat, errmsg)
  end subroutine

  subroutine action_gradient_links_1(self, links, gradients, batch, stat, errmsg)
    class(inst_action), intent(in) :: self
    complex(dp), intent(in), contiguous, target :: links(:)
    complex(dp), intent(out), contiguous, target :: gradients(:)
    integer, intent(in), optional :: batch
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer(i8) :: count
    count = 1
    if (present(batch)) count = batch
    if (.not. fits(self, 'links', 2 * size(links, kind=i8), count, stat, errmsg)) return
    if (.not. alike('gradients', size(links, kind=i8), size(gradients, kind=i8), stat, errmsg)) return
    call finish(inst_action_gradient(self%object, count, c_loc(links), c_loc(gradients)), stat, errmsg)
  end subroutine

  ! The action with new pseudofermions, drawn for a field.
  subroutine action_refresh_1(self, counter, field, refreshed, stat, errmsg)
    class(inst_action), intent(in) :: self
    integer(i8), intent(in) :: counter
    real(dp), intent(in), contiguous, target :: field(:)
    type(inst_action), intent(inout) :: refreshed
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. fits(self, 'field', size(field, kind=i8), 1_i8, stat, errmsg)) return
    call action_refresh(self, counter, c_loc(field), refreshed, stat, errmsg)
  end subroutine

  subroutine action_refresh_links_1(self, counter, links, refreshed, stat, errmsg)
    class(inst_action), intent(in) :: self
    integer(i8), intent(in) :: counter
    complex(dp), intent(in), contiguous, target :: links(:)
    type(inst_action), intent(inout) :: refreshed
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. fits(self, 'links', 2 * size(links, kind=i8), 1_i8, stat, errmsg)) return
    call action_refresh(self, counter, c_loc(links), refreshed, stat, errmsg)
  end subroutine

  ! S of each field of a batch.
  subroutine action_value_2(self, fields, values, stat, errmsg)
    class(inst_action), intent(in) :: self
    real(dp), intent(in), contiguous, target :: fields(:,:)
    real(dp), intent(out), contiguous, target :: values(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer(i8) :: batch
    batch = size(values, kind=i8)
    if (.not. fits(self, 'fields', size(fields, kind=i8), batch, stat, errmsg)) return
    call finish(inst_action_value(self%object, batch, c_loc(fields), c_loc(values)), stat, errmsg)
  end subroutine

  subroutine action_value_links_2(self, links, values, stat, errmsg)
    class(inst_action), intent(in) :: self
    complex(dp), intent(in), contiguous, target :: links(:,:)
    real(dp), intent(out), contiguous, target :: values(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer(i8) :: batch
    batch = size(values, kind=i8)
    if (.not. fits(self, 'links', 2 * size(links, kind=i8), batch, stat, errmsg)) return
    call finish(inst_action_value(self%object, batch, c_loc(links), c_loc(values)), stat, errmsg)
  end subroutine

  ! dS/dphi of one field or, where batch is present, of so many.
  subroutine action_gradient_2(self, fields, gradients, batch, stat, errmsg)
    class(inst_action), intent(in) :: self
    real(dp), intent(in), contiguous, target :: fields(:,:)
    real(dp), intent(out), contiguous, target :: gradients(:,:)
    integer, intent(in), optional :: batch
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer(i8) :: count
    count = 1
    if (present(batch)) count = batch
    if (.not. fits(self, 'fields', size(fields, kind=i8), count, stat, errmsg)) return
    if (.not. alike('gradients', size(fields, kind=i8), size(gradients, kind=i8), stat, errmsg)) return
    call finish(inst_action_gradient(self%object, count, c_loc(fields), c_loc(gradients)), stat, errmsg)
  end subroutine

  subroutine action_gradient_links_2(self, links, gradients, batch, stat, errmsg)
    class(inst_action), intent(in) :: self
    complex(dp), intent(in), contiguous, target :: links(:,:)
    complex(dp), intent(out), contiguous, target :: gradients(:,:)
    integer, intent(in), optional :: batch
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer(i8) :: count
    count = 1
    if (present(batch)) count = batch
    if (.not. fits(self, 'links', 2 * size(links, kind=i8), count, stat, errmsg)) return
    if (.not. alike('gradients', size(links, kind=i8), size(gradients, kind=i8), stat, errmsg)) return
    call finish(inst_action_gradient(self%object, count, c_loc(links), c_loc(gradients)), stat, errmsg)
  end subroutine

  ! The action with new pseudofermions, drawn for a field.
  subroutine action_refresh_2(self, counter, field, refreshed, stat, errmsg)
    class(inst_action), intent(in) :: self
    integer(i8), intent(in) :: counter
    real(dp), intent(in), contiguous, target :: field(:,:)
    type(inst_action), intent(inout) :: refreshed
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. fits(self, 'field', size(field, kind=i8), 1_i8, stat, errmsg)) return
    call action_refresh(self, counter, c_loc(field), refreshed, stat, errmsg)
  end subroutine

  subroutine action_refresh_links_2(self, counter, links, refreshed, stat, errmsg)
    class(inst_action), intent(in) :: self
    integer(i8), intent(in) :: counter
    complex(dp), intent(in), contiguous, target :: links(:,:)
    type(inst_action), intent(inout) :: refreshed
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. fits(self, 'links', 2 * size(links, kind=i8), 1_i8, stat, errmsg)) return
    call action_refresh(self, counter, c_loc(links), refreshed, stat, errmsg)
  end subroutine

  ! S of each field of a batch.
  subroutine action_value_3(self, fields, values, stat, errmsg)
    class(inst_action), intent(in) :: self
    real(dp), intent(in), contiguous, target :: fields(:,:,:)
    real(dp), intent(out), contiguous, target :: values(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer(i8) :: batch
    batch = size(values, kind=i8)
    if (.not. fits(self, 'fields', size(fields, kind=i8), batch, stat, errmsg)) return
    call finish(inst_action_value(self%object, batch, c_loc(fields), c_loc(values)), stat, errmsg)
  end subroutine

  subroutine action_value_links_3(self, links, values, stat, errmsg)
    class(inst_action), intent(in) :: self
    complex(dp), intent(in), contiguous, target :: links(:,:,:)
    real(dp), intent(out), contiguous, target :: values(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer(i8) :: batch
    batch = size(values, kind=i8)
    if (.not. fits(self, 'links', 2 * size(links, kind=i8), batch, stat, errmsg)) return
    call finish(inst_action_value(self%object, batch, c_loc(links), c_loc(values)), stat, errmsg)
  end subroutine

  ! dS/dphi of one field or, where batch is present, of so many.
  subroutine action_gradient_3(self, fields, gradients, batch, stat, errmsg)
    class(inst_action), intent(in) :: self
    real(dp), intent(in), contiguous, target :: fields(:,:,:)
    real(dp), intent(out), contiguous, target :: gradients(:,:,:)
    integer, intent(in), optional :: batch
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer(i8) :: count
    count = 1
    if (present(batch)) count = batch
    if (.not. fits(self, 'fields', size(fields, kind=i8), count, stat, errmsg)) return
    if (.not. alike('gradients', size(fields, kind=i8), size(gradients, kind=i8), stat, errmsg)) return
    call finish(inst_action_gradient(self%object, count, c_loc(fields), c_loc(gradients)), stat, errmsg)
  end subroutine

  subroutine action_gradient_links_3(self, links, gradients, batch, stat, errmsg)
    class(inst_action), intent(in) :: self
    complex(dp), intent(in), contiguous, target :: links(:,:,:)
    complex(dp), intent(out), contiguous, target :: gradients(:,:,:)
    integer, intent(in), optional :: batch
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer(i8) :: count
    count = 1
    if (present(batch)) count = batch
    if (.not. fits(self, 'links', 2 * size(links, kind=i8), count, stat, errmsg)) return
    if (.not. alike('gradients', size(links, kind=i8), size(gradients, kind=i8), stat, errmsg)) return
    call finish(inst_action_gradient(self%object, count, c_loc(links), c_loc(gradients)), stat, errmsg)
  end subroutine

  ! The action with new pseudofermions, drawn for a field.
  subroutine action_refresh_3(self, counter, field, refreshed, stat, errmsg)
    class(inst_action), intent(in) :: self
    integer(i8), intent(in) :: counter
    real(dp), intent(in), contiguous, target :: field(:,:,:)
    type(inst_action), intent(inout) :: refreshed
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. fits(self, 'field', size(field, kind=i8), 1_i8, stat, errmsg)) return
    call action_refresh(self, counter, c_loc(field), refreshed, stat, errmsg)
  end subroutine

  subroutine action_refresh_links_3(self, counter, links, refreshed, stat, errmsg)
    class(inst_action), intent(in) :: self
    integer(i8), intent(in) :: counter
    complex(dp), intent(in), contiguous, target :: links(:,:,:)
    type(inst_action), intent(inout) :: refreshed
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. fits(self, 'links', 2 * size(links, kind=i8), 1_i8, stat, errmsg)) return
    call action_refresh(self, counter, c_loc(links), refreshed, stat, errmsg)
  end subroutine

  ! S of each field of a batch.
  subroutine action_value_4(self, fields, values, stat, errmsg)
    class(inst_action), intent(in) :: self
    real(dp), intent(in), contiguous, target :: fields(:,:,:,:)
    real(dp), intent(out), contiguous, target :: values(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer(i8) :: batch
    batch = size(values, kind=i8)
    if (.not. fits(self, 'fields', size(fields, kind=i8), batch, stat, errmsg)) return
    call finish(inst_action_value(self%object, batch, c_loc(fields), c_loc(values)), stat, errmsg)
  end subroutine

  subroutine action_value_links_4(self, links, values, stat, errmsg)
    class(inst_action), intent(in) :: self
    complex(dp), intent(in), contiguous, target :: links(:,:,:,:)
    real(dp), intent(out), contiguous, target :: values(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer(i8) :: batch
    batch = size(values, kind=i8)
    if (.not. fits(self, 'links', 2 * size(links, kind=i8), batch, stat, errmsg)) return
    call finish(inst_action_value(self%object, batch, c_loc(links), c_loc(values)), stat, errmsg)
  end subroutine

  ! dS/dphi of one field or, where batch is present, of so many.
  subroutine action_gradient_4(self, fields, gradients, batch, stat, errmsg)
    class(inst_action), intent(in) :: self
    real(dp), intent(in), contiguous, target :: fields(:,:,:,:)
    real(dp), intent(out), contiguous, target :: gradients(:,:,:,:)
    integer, intent(in), optional :: batch
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer(i8) :: count
    count = 1
    if (present(batch)) count = batch
    if (.not. fits(self, 'fields', size(fields, kind=i8), count, stat, errmsg)) return
    if (.not. alike('gradients', size(fields, kind=i8), size(gradients, kind=i8), stat, errmsg)) return
    call finish(inst_action_gradient(self%object, count, c_loc(fields), c_loc(gradients)), stat, errmsg)
  end subroutine

  subroutine action_gradient_links_4(self, links, gradients, batch, stat, errmsg)
    class(inst_action), intent(in) :: self
    complex(dp), intent(in), contiguous, target :: links(:,:,:,:)
    complex(dp), intent(out), contiguous, target :: gradients(:,:,:,:)
    integer, intent(in), optional :: batch
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer(i8) :: count
    count = 1
    if (present(batch)) count = batch
    if (.not. fits(self, 'links', 2 * size(links, kind=i8), count, stat, errmsg)) return
    if (.not. alike('gradients', size(links, kind=i8), size(gradients, kind=i8), stat, errmsg)) return
    call finish(inst_action_gradient(self%object, count, c_loc(links), c_loc(gradients)), stat, errmsg)
  end subroutine

  ! The action with new pseudofermions, drawn for a field.
  subroutine action_refresh_4(self, counter, field, refreshed, stat, errmsg)
    class(inst_action), intent(in) :: self
    integer(i8), intent(in) :: counter
    real(dp), intent(in), contiguous, target :: field(:,:,:,:)
    type(inst_action), intent(inout) :: refreshed
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. fits(self, 'field', size(field, kind=i8), 1_i8, stat, errmsg)) return
    call action_refresh(self, counter, c_loc(field), refreshed, stat, errmsg)
  end subroutine

  subroutine action_refresh_links_4(self, counter, links, refreshed, stat, errmsg)
    class(inst_action), intent(in) :: self
    integer(i8), intent(in) :: counter
    complex(dp), intent(in), contiguous, target :: links(:,:,:,:)
    type(inst_action), intent(inout) :: refreshed
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. fits(self, 'links', 2 * size(links, kind=i8), 1_i8, stat, errmsg)) return
    call action_refresh(self, counter, c_loc(links), refreshed, stat, errmsg)
  end subroutine

  ! S of each field of a batch.
  subroutine action_value_5(self, fields, values, stat, errmsg)
    class(inst_action), intent(in) :: self
    real(dp), intent(in), contiguous, target :: fields(:,:,:,:,:)
    real(dp), intent(out), contiguous, target :: values(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer(i8) :: batch
    batch = size(values, kind=i8)
    if (.not. fits(self, 'fields', size(fields, kind=i8), batch, stat, errmsg)) return
    call finish(inst_action_value(self%object, batch, c_loc(fields), c_loc(values)), stat, errmsg)
  end subroutine

  subroutine action_value_links_5(self, links, values, stat, errmsg)
    class(inst_action), intent(in) :: self
    complex(dp), intent(in), contiguous, target :: links(:,:,:,:,:)
    real(dp), intent(out), contiguous, target :: values(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer(i8) :: batch
    batch = size(values, kind=i8)
    if (.not. fits(self, 'links', 2 * size(links, kind=i8), batch, stat, errmsg)) return
    call finish(inst_action_value(self%object, batch, c_loc(links), c_loc(values)), stat, errmsg)
  end subroutine

  ! dS/dphi of one field or, where batch is present, of so many.
  subroutine action_gradient_5(self, fields, gradients, batch, stat, errmsg)
    class(inst_action), intent(in) :: self
    real(dp), intent(in), contiguous, target :: fields(:,:,:,:,:)
    real(dp), intent(out), contiguous, target :: gradients(:,:,:,:,:)
    integer, intent(in), optional :: batch
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer(i8) :: count
    count = 1
    if (present(batch)) count = batch
    if (.not. fits(self, 'fields', size(fields, kind=i8), count, stat, errmsg)) return
    if (.not. alike('gradients', size(fields, kind=i8), size(gradients, kind=i8), stat, errmsg)) return
    call finish(inst_action_gradient(self%object, count, c_loc(fields), c_loc(gradients)), stat, errmsg)
  end subroutine

  subroutine action_gradient_links_5(self, links, gradients, batch, stat, errmsg)
    class(inst_action), intent(in) :: self
    complex(dp), intent(in), contiguous, target :: links(:,:,:,:,:)
    complex(dp), intent(out), contiguous, target :: gradients(:,:,:,:,:)
    integer, intent(in), optional :: batch
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer(i8) :: count
    count = 1
    if (present(batch)) count = batch
    if (.not. fits(self, 'links', 2 * size(links, kind=i8), count, stat, errmsg)) return
    if (.not. alike('gradients', size(links, kind=i8), size(gradients, kind=i8), stat, errmsg)) return
    call finish(inst_action_gradient(self%object, count, c_loc(links), c_loc(gradients)), stat, errmsg)
  end subroutine

  ! The action with new pseudofermions, drawn for a field.
  subroutine action_refresh_5(self, counter, field, refreshed, stat, errmsg)
    class(inst_action), intent(in) :: self
    integer(i8), intent(in) :: counter
    real(dp), intent(in), contiguous, target :: field(:,:,:,:,:)
    type(inst_action), intent(inout) :: refreshed
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. fits(self, 'field', size(field, kind=i8), 1_i8, stat, errmsg)) return
    call action_refresh(self, counter, c_loc(field), refreshed, stat, errmsg)
  end subroutine

  subroutine action_refresh_links_5(self, counter, links, refreshed, stat, errmsg)
    class(inst_action), intent(in) :: self
    integer(i8), intent(in) :: counter
    complex(dp), intent(in), contiguous, target :: links(:,:,:,:,:)
    type(inst_action), intent(inout) :: refreshed
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. fits(self, 'links', 2 * size(links, kind=i8), 1_i8, stat, errmsg)) return
    call action_refresh(self, counter, c_loc(links), refreshed, stat, errmsg)
  end subroutine

  ! S of each field of a batch.
  subroutine action_value_6(self, fields, values, stat, errmsg)
    class(inst_action), intent(in) :: self
    real(dp), intent(in), contiguous, target :: fields(:,:,:,:,:,:)
    real(dp), intent(out), contiguous, target :: values(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer(i8) :: batch
    batch = size(values, kind=i8)
    if (.not. fits(self, 'fields', size(fields, kind=i8), batch, stat, errmsg)) return
    call finish(inst_action_value(self%object, batch, c_loc(fields), c_loc(values)), stat, errmsg)
  end subroutine

  subroutine action_value_links_6(self, links, values, stat, errmsg)
    class(inst_action), intent(in) :: self
    complex(dp), intent(in), contiguous, target :: links(:,:,:,:,:,:)
    real(dp), intent(out), contiguous, target :: values(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer(i8) :: batch
    batch = size(values, kind=i8)
    if (.not. fits(self, 'links', 2 * size(links, kind=i8), batch, stat, errmsg)) return
    call finish(inst_action_value(self%object, batch, c_loc(links), c_loc(values)), stat, errmsg)
  end subroutine

  ! dS/dphi of one field or, where batch is present, of so many.
  subroutine action_gradient_6(self, fields, gradients, batch, stat, errmsg)
    class(inst_action), intent(in) :: self
    real(dp), intent(in), contiguous, target :: fields(:,:,:,:,:,:)
    real(dp), intent(out), contiguous, target :: gradients(:,:,:,:,:,:)
    integer, intent(in), optional :: batch
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer(i8) :: count
    count = 1
    if (present(batch)) count = batch
    if (.not. fits(self, 'fields', size(fields, kind=i8), count, stat, errmsg)) return
    if (.not. alike('gradients', size(fields, kind=i8), size(gradients, kind=i8), stat, errmsg)) return
    call finish(inst_action_gradient(self%object, count, c_loc(fields), c_loc(gradients)), stat, errmsg)
  end subroutine

  subroutine action_gradient_links_6(self, links, gradients, batch, stat, errmsg)
    class(inst_action), intent(in) :: self
    complex(dp), intent(in), contiguous, target :: links(:,:,:,:,:,:)
    complex(dp), intent(out), contiguous, target :: gradients(:,:,:,:,:,:)
    integer, intent(in), optional :: batch
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer(i8) :: count
    count = 1
    if (present(batch)) count = batch
    if (.not. fits(self, 'links', 2 * size(links, kind=i8), count, stat, errmsg)) return
    if (.not. alike('gradients', size(links, kind=i8), size(gradients, kind=i8), stat, errmsg)) return
    call finish(inst_action_gradient(self%object, count, c_loc(links), c_loc(gradients)), stat, errmsg)
  end subroutine

  ! The action with new pseudofermions, drawn for a field.
  subroutine action_refresh_6(self, counter, field, refreshed, stat, errmsg)
    class(inst_action), intent(in) :: self
    integer(i8), intent(in) :: counter
    real(dp), intent(in), contiguous, target :: field(:,:,:,:,:,:)
    type(inst_action), intent(inout) :: refreshed
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. fits(self, 'field', size(field, kind=i8), 1_i8, stat, errmsg)) return
    call action_refresh(self, counter, c_loc(field), refreshed, stat, errmsg)
  end subroutine

  subroutine action_refresh_links_6(self, counter, links, refreshed, stat, errmsg)
    class(inst_action), intent(in) :: self
    integer(i8), intent(in) :: counter
    complex(dp), intent(in), contiguous, target :: links(:,:,:,:,:,:)
    type(inst_action), intent(inout) :: refreshed
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. fits(self, 'links', 2 * size(links, kind=i8), 1_i8, stat, errmsg)) return
    call action_refresh(self, counter, c_loc(links), refreshed, stat, errmsg)
  end subroutine

  ! S of each field of a batch.
  subroutine action_value_7(self, fields, values, stat, errmsg)
    class(inst_action), intent(in) :: self
    real(dp), intent(in), contiguous, target :: fields(:,:,:,:,:,:,:)
    real(dp), intent(out), contiguous, target :: values(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer(i8) :: batch
    batch = size(values, kind=i8)
    if (.not. fits(self, 'fields', size(fields, kind=i8), batch, stat, errmsg)) return
    call finish(inst_action_value(self%object, batch, c_loc(fields), c_loc(values)), stat, errmsg)
  end subroutine

  subroutine action_value_links_7(self, links, values, stat, errmsg)
    class(inst_action), intent(in) :: self
    complex(dp), intent(in), contiguous, target :: links(:,:,:,:,:,:,:)
    real(dp), intent(out), contiguous, target :: values(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer(i8) :: batch
    batch = size(values, kind=i8)
    if (.not. fits(self, 'links', 2 * size(links, kind=i8), batch, stat, errmsg)) return
    call finish(inst_action_value(self%object, batch, c_loc(links), c_loc(values)), stat, errmsg)
  end subroutine

  ! dS/dphi of one field or, where batch is present, of so many.
  subroutine action_gradient_7(self, fields, gradients, batch, stat, errmsg)
    class(inst_action), intent(in) :: self
    real(dp), intent(in), contiguous, target :: fields(:,:,:,:,:,:,:)
    real(dp), intent(out), contiguous, target :: gradients(:,:,:,:,:,:,:)
    integer, intent(in), optional :: batch
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer(i8) :: count
    count = 1
    if (present(batch)) count = batch
    if (.not. fits(self, 'fields', size(fields, kind=i8), count, stat, errmsg)) return
    if (.not. alike('gradients', size(fields, kind=i8), size(gradients, kind=i8), stat, errmsg)) return
    call finish(inst_action_gradient(self%object, count, c_loc(fields), c_loc(gradients)), stat, errmsg)
  end subroutine

  subroutine action_gradient_links_7(self, links, gradients, batch, stat, errmsg)
    class(inst_action), intent(in) :: self
    complex(dp), intent(in), contiguous, target :: links(:,:,:,:,:,:,:)
    complex(dp), intent(out), contiguous, target :: gradients(:,:,:,:,:,:,:)
    integer, intent(in), optional :: batch
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer(i8) :: count
    count = 1
    if (present(batch)) count = batch
    if (.not. fits(self, 'links', 2 * size(links, kind=i8), count, stat, errmsg)) return
    if (.not. alike('gradients', size(links, kind=i8), size(gradients, kind=i8), stat, errmsg)) return
    call finish(inst_action_gradient(self%object, count, c_loc(links), c_loc(gradients)), stat, errmsg)
  end subroutine

  ! The action with new pseudofermions, drawn for a field.
  subroutine action_refresh_7(self, counter, field, refreshed, stat, errmsg)
    class(inst_action), intent(in) :: self
    integer(i8), intent(in) :: counter
    real(dp), intent(in), contiguous, target :: field(:,:,:,:,:,:,:)
    type(inst_action), intent(inout) :: refreshed
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. fits(self, 'field', size(field, kind=i8), 1_i8, stat, errmsg)) return
    call action_refresh(self, counter, c_loc(field), refreshed, stat, errmsg)
  end subroutine

  subroutine action_refresh_links_7(self, counter, links, refreshed, stat, errmsg)
    class(inst_action), intent(in) :: self
    integer(i8), intent(in) :: counter
    complex(dp), intent(in), contiguous, target :: links(:,:,:,:,:,:,:)
    type(inst_action), intent(inout) :: refreshed
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. fits(self, 'links', 2 * size(links, kind=i8), 1_i8, stat, errmsg)) return
    call action_refresh(self, counter, c_loc(links), refreshed, stat, errmsg)
  end subroutine

  subroutine action_refresh(self, counter, field, refreshed, stat, errmsg)
    class(inst_action), intent(in) :: self
    integer(i8), intent(in) :: counter
    type(c_ptr), intent(in) :: field
    type(inst_action), intent(inout) :: refreshed
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    type(c_ptr), target :: object
    integer(c_int32_t) :: status
    object = c_null_ptr
    status = inst_action_refresh(self%object, counter, field, c_loc(object))
    call take(refreshed, 3, object, self)
    call finish(status, stat, errmsg)
  end subroutine

  ! True where two arrays have as many numbers; else the call has failed.
  function alike(what, expected, got, stat, errmsg)
    character(*), intent(in) :: what
    integer(i8), intent(in) :: expected, got
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    logical :: alike
    character(200) :: text
    alike = expected == got
    if (alike) return
    write (text, '(2a, i0, a, i0)') what, ': expected numbers: ', expected, ', got ', got
    call finish(INST_BAD_SHAPE, stat, errmsg, trim(text))
  end function

  ! ---- models -----------------------------------------------------------------------------------

  subroutine model_new(self, lattice, spec, stat, errmsg)
    class(inst_model), intent(inout) :: self
    type(inst_lattice), intent(in) :: lattice
    character(*), intent(in), optional :: spec
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    character(kind=c_char), allocatable, target :: text(:)
    type(c_ptr), target :: object
    integer(c_int32_t) :: status
    allocate (text, source=letters(spec))
    object = c_null_ptr
    status = inst_model_new(lattice%object, c_loc(text), c_loc(object))
    call take(self, 4, object, lattice)
    call finish(status, stat, errmsg)
  end subroutine

  subroutine model_load(self, lattice, path, stat, errmsg)
    class(inst_model), intent(inout) :: self
    type(inst_lattice), intent(in) :: lattice
    character(*), intent(in) :: path
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    character(kind=c_char), allocatable, target :: text(:)
    type(c_ptr), target :: object
    integer(c_int32_t) :: status
    allocate (text, source=letters(path))
    object = c_null_ptr
    status = inst_model_load(lattice%object, c_loc(text), c_loc(object))
    call take(self, 4, object, lattice)
    call finish(status, stat, errmsg)
  end subroutine

  ! The model at fixed values of its conditions, '{lambda: 5.5}': a model like any other.
  subroutine model_at(self, condition, at, stat, errmsg)
    class(inst_model), intent(in) :: self
    character(*), intent(in) :: condition
    type(inst_model), intent(inout) :: at
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    character(kind=c_char), allocatable, target :: text(:)
    type(c_ptr), target :: object
    integer(c_int32_t) :: status
    allocate (text, source=letters(condition))
    object = c_null_ptr
    status = inst_model_at(self%object, c_loc(text), c_loc(object))
    call take(at, 4, object, self)
    call finish(status, stat, errmsg)
  end subroutine

  ! The model on a lattice of other extents.
  subroutine model_transfer(self, lattice, model, stat, errmsg)
    class(inst_model), intent(in) :: self
    class(inst_lattice), intent(in) :: lattice
    type(inst_model), intent(inout) :: model
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    type(c_ptr), target :: object
    integer(c_int32_t) :: status
    object = c_null_ptr
    status = inst_model_transfer(self%object, lattice%object, c_loc(object))
    call take(model, 4, object, lattice)
    call finish(status, stat, errmsg)
  end subroutine

  subroutine model_save(self, path, stat, errmsg)
    class(inst_model), intent(in) :: self
    character(*), intent(in) :: path
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    character(kind=c_char), allocatable, target :: text(:)
    allocate (text, source=letters(path))
    call finish(inst_model_save(self%object, c_loc(text)), stat, errmsg)
  end subroutine

  ! The model as JSON text.
  function model_describe(self, stat, errmsg) result(text)
    class(inst_model), intent(in) :: self
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    character(:), allocatable :: text
    character(kind=c_char), allocatable, target :: buffer(:)
    integer(i8), target :: needed
    integer(c_int32_t) :: status
    text = ''
    status = inst_model_describe(self%object, c_null_ptr, 0_i8, c_loc(needed))
    if (status == INST_OK) then
      allocate (buffer(needed))
      status = inst_model_describe(self%object, c_loc(buffer), needed, c_loc(needed))
      if (status == INST_OK) text = from_c(c_loc(buffer))
    end if
    call finish(status, stat, errmsg)
  end function

  ! The chain as JSON text.
  function chain_describe(self, stat, errmsg) result(text)
    class(inst_chain), intent(in) :: self
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    character(:), allocatable :: text
    character(kind=c_char), allocatable, target :: buffer(:)
    integer(i8), target :: needed
    integer(c_int32_t) :: status
    text = ''
    status = inst_chain_describe(self%object, c_null_ptr, 0_i8, c_loc(needed))
    if (status == INST_OK) then
      allocate (buffer(needed))
      status = inst_chain_describe(self%object, c_loc(buffer), needed, c_loc(needed))
      if (status == INST_OK) text = from_c(c_loc(buffer))
    end if
    call finish(status, stat, errmsg)
  end function

  ! The ladder as JSON text.
  function ladder_describe(self, stat, errmsg) result(text)
    class(inst_ladder), intent(in) :: self
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    character(:), allocatable :: text
    character(kind=c_char), allocatable, target :: buffer(:)
    integer(i8), target :: needed
    integer(c_int32_t) :: status
    text = ''
    status = inst_ladder_describe(self%object, c_null_ptr, 0_i8, c_loc(needed))
    if (status == INST_OK) then
      allocate (buffer(needed))
      status = inst_ladder_describe(self%object, c_loc(buffer), needed, c_loc(needed))
      if (status == INST_OK) text = from_c(c_loc(buffer))
    end if
    call finish(status, stat, errmsg)
  end function

  subroutine model_train(self, action, spec, progress, user, stat, errmsg)
    class(inst_model), intent(inout) :: self
    type(inst_action), intent(in) :: action
    character(*), intent(in), optional :: spec
    procedure(inst_progress_function), optional :: progress
    type(c_ptr), intent(in), optional :: user
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    character(kind=c_char), allocatable, target :: text(:)
    type(c_funptr) :: function
    type(c_ptr) :: passed
    allocate (text, source=letters(spec))
    function = c_null_funptr
    if (present(progress)) function = c_funloc(progress)
    passed = c_null_ptr
    if (present(user)) passed = user
    call finish(inst_model_train(self%object, action%object, c_loc(text), function, passed), stat, errmsg)
  end subroutine

  ! Trains on fields of the density to be learned, by maximum likelihood.
  subroutine model_train_on_1(self, fields, spec, progress, user, stat, errmsg)
    class(inst_model), intent(inout) :: self
    real(dp), intent(in), contiguous, target :: fields(:)
    character(*), intent(in), optional :: spec
    procedure(inst_progress_function), optional :: progress
    type(c_ptr), intent(in), optional :: user
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    character(kind=c_char), allocatable, target :: text(:)
    type(c_funptr) :: function
    type(c_ptr) :: passed
    integer(i8) :: count
    allocate (text, source=letters(spec))
    function = c_null_funptr
    if (present(progress)) function = c_funloc(progress)
    passed = c_null_ptr
    if (present(user)) passed = user
    count = size(fields, kind=i8) / max(self%numbers, 1_i8)
    if (.not. alike('fields', count * self%numbers, size(fields, kind=i8), stat, errmsg)) return
    call finish(inst_model_train_on(self%object, count, c_loc(fields), c_loc(text), function, passed), stat, errmsg)
  end subroutine

  ! Samples counter .. counter + batch - 1 of the model's stream, and log q of each.
  subroutine model_sample_1(self, counter, fields, log_q, stat, errmsg)
    class(inst_model), intent(in) :: self
    integer(i8), intent(in) :: counter
    real(dp), intent(out), contiguous, target :: fields(:)
    real(dp), intent(out), contiguous, target :: log_q(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer(i8) :: batch
    batch = size(log_q, kind=i8)
    if (.not. alike('fields', batch * self%numbers, size(fields, kind=i8), stat, errmsg)) return
    call finish(inst_model_sample(self%object, counter, batch, c_loc(fields), c_loc(log_q)), stat, errmsg)
  end subroutine

  ! Fields of paths counter .. counter + batch - 1 of a model of type 'diffusion', and the log ratio of each.
  subroutine model_sample_paths_1(self, counter, fields, log_path, spec, stat, errmsg)
    class(inst_model), intent(in) :: self
    integer(i8), intent(in) :: counter
    real(dp), intent(out), contiguous, target :: fields(:)
    real(dp), intent(out), contiguous, target :: log_path(:)
    character(*), intent(in), optional :: spec
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    character(kind=c_char), allocatable, target :: text(:)
    integer(i8) :: batch
    integer(c_int32_t) :: status
    allocate (text, source=letters(spec))
    batch = size(log_path, kind=i8)
    if (.not. alike('fields', batch * self%numbers, size(fields, kind=i8), stat, errmsg)) return
    status = inst_model_sample_paths(self%object, c_loc(text), counter, batch, c_loc(fields), c_loc(log_path))
    call finish(status, stat, errmsg)
  end subroutine

  subroutine model_log_density_1(self, fields, log_q, stat, errmsg)
    class(inst_model), intent(in) :: self
    real(dp), intent(in), contiguous, target :: fields(:)
    real(dp), intent(out), contiguous, target :: log_q(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer(i8) :: batch
    batch = size(log_q, kind=i8)
    if (.not. alike('fields', batch * self%numbers, size(fields, kind=i8), stat, errmsg)) return
    call finish(inst_model_log_density(self%object, batch, c_loc(fields), c_loc(log_q)), stat, errmsg)
  end subroutine

  subroutine model_train_on_links_1(self, links, spec, progress, user, stat, errmsg)
    class(inst_model), intent(inout) :: self
    complex(dp), intent(in), contiguous, target :: links(:)
    character(*), intent(in), optional :: spec
    procedure(inst_progress_function), optional :: progress
    type(c_ptr), intent(in), optional :: user
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    character(kind=c_char), allocatable, target :: text(:)
    type(c_funptr) :: function
    type(c_ptr) :: passed
    integer(i8) :: count
    allocate (text, source=letters(spec))
    function = c_null_funptr
    if (present(progress)) function = c_funloc(progress)
    passed = c_null_ptr
    if (present(user)) passed = user
    count = 2 * size(links, kind=i8) / max(self%numbers, 1_i8)
    if (.not. alike('links', count * self%numbers, 2 * size(links, kind=i8), stat, errmsg)) return
    call finish(inst_model_train_on(self%object, count, c_loc(links), c_loc(text), function, passed), stat, errmsg)
  end subroutine

  subroutine model_sample_links_1(self, counter, links, log_q, stat, errmsg)
    class(inst_model), intent(in) :: self
    integer(i8), intent(in) :: counter
    complex(dp), intent(out), contiguous, target :: links(:)
    real(dp), intent(out), contiguous, target :: log_q(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer(i8) :: batch
    batch = size(log_q, kind=i8)
    if (.not. alike('links', batch * self%numbers, 2 * size(links, kind=i8), stat, errmsg)) return
    call finish(inst_model_sample(self%object, counter, batch, c_loc(links), c_loc(log_q)), stat, errmsg)
  end subroutine

  subroutine model_log_density_links_1(self, links, log_q, stat, errmsg)
    class(inst_model), intent(in) :: self
    complex(dp), intent(in), contiguous, target :: links(:)
    real(dp), intent(out), contiguous, target :: log_q(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer(i8) :: batch
    batch = size(log_q, kind=i8)
    if (.not. alike('links', batch * self%numbers, 2 * size(links, kind=i8), stat, errmsg)) return
    call finish(inst_model_log_density(self%object, batch, c_loc(links), c_loc(log_q)), stat, errmsg)
  end subroutine

  ! Trains on fields of the density to be learned, by maximum likelihood.
  subroutine model_train_on_2(self, fields, spec, progress, user, stat, errmsg)
    class(inst_model), intent(inout) :: self
    real(dp), intent(in), contiguous, target :: fields(:,:)
    character(*), intent(in), optional :: spec
    procedure(inst_progress_function), optional :: progress
    type(c_ptr), intent(in), optional :: user
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    character(kind=c_char), allocatable, target :: text(:)
    type(c_funptr) :: function
    type(c_ptr) :: passed
    integer(i8) :: count
    allocate (text, source=letters(spec))
    function = c_null_funptr
    if (present(progress)) function = c_funloc(progress)
    passed = c_null_ptr
    if (present(user)) passed = user
    count = size(fields, kind=i8) / max(self%numbers, 1_i8)
    if (.not. alike('fields', count * self%numbers, size(fields, kind=i8), stat, errmsg)) return
    call finish(inst_model_train_on(self%object, count, c_loc(fields), c_loc(text), function, passed), stat, errmsg)
  end subroutine

  ! Samples counter .. counter + batch - 1 of the model's stream, and log q of each.
  subroutine model_sample_2(self, counter, fields, log_q, stat, errmsg)
    class(inst_model), intent(in) :: self
    integer(i8), intent(in) :: counter
    real(dp), intent(out), contiguous, target :: fields(:,:)
    real(dp), intent(out), contiguous, target :: log_q(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer(i8) :: batch
    batch = size(log_q, kind=i8)
    if (.not. alike('fields', batch * self%numbers, size(fields, kind=i8), stat, errmsg)) return
    call finish(inst_model_sample(self%object, counter, batch, c_loc(fields), c_loc(log_q)), stat, errmsg)
  end subroutine

  ! Fields of paths counter .. counter + batch - 1 of a model of type 'diffusion', and the log ratio of each.
  subroutine model_sample_paths_2(self, counter, fields, log_path, spec, stat, errmsg)
    class(inst_model), intent(in) :: self
    integer(i8), intent(in) :: counter
    real(dp), intent(out), contiguous, target :: fields(:,:)
    real(dp), intent(out), contiguous, target :: log_path(:)
    character(*), intent(in), optional :: spec
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    character(kind=c_char), allocatable, target :: text(:)
    integer(i8) :: batch
    integer(c_int32_t) :: status
    allocate (text, source=letters(spec))
    batch = size(log_path, kind=i8)
    if (.not. alike('fields', batch * self%numbers, size(fields, kind=i8), stat, errmsg)) return
    status = inst_model_sample_paths(self%object, c_loc(text), counter, batch, c_loc(fields), c_loc(log_path))
    call finish(status, stat, errmsg)
  end subroutine

  subroutine model_log_density_2(self, fields, log_q, stat, errmsg)
    class(inst_model), intent(in) :: self
    real(dp), intent(in), contiguous, target :: fields(:,:)
    real(dp), intent(out), contiguous, target :: log_q(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer(i8) :: batch
    batch = size(log_q, kind=i8)
    if (.not. alike('fields', batch * self%numbers, size(fields, kind=i8), stat, errmsg)) return
    call finish(inst_model_log_density(self%object, batch, c_loc(fields), c_loc(log_q)), stat, errmsg)
  end subroutine

  subroutine model_train_on_links_2(self, links, spec, progress, user, stat, errmsg)
    class(inst_model), intent(inout) :: self
    complex(dp), intent(in), contiguous, target :: links(:,:)
    character(*), intent(in), optional :: spec
    procedure(inst_progress_function), optional :: progress
    type(c_ptr), intent(in), optional :: user
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    character(kind=c_char), allocatable, target :: text(:)
    type(c_funptr) :: function
    type(c_ptr) :: passed
    integer(i8) :: count
    allocate (text, source=letters(spec))
    function = c_null_funptr
    if (present(progress)) function = c_funloc(progress)
    passed = c_null_ptr
    if (present(user)) passed = user
    count = 2 * size(links, kind=i8) / max(self%numbers, 1_i8)
    if (.not. alike('links', count * self%numbers, 2 * size(links, kind=i8), stat, errmsg)) return
    call finish(inst_model_train_on(self%object, count, c_loc(links), c_loc(text), function, passed), stat, errmsg)
  end subroutine

  subroutine model_sample_links_2(self, counter, links, log_q, stat, errmsg)
    class(inst_model), intent(in) :: self
    integer(i8), intent(in) :: counter
    complex(dp), intent(out), contiguous, target :: links(:,:)
    real(dp), intent(out), contiguous, target :: log_q(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer(i8) :: batch
    batch = size(log_q, kind=i8)
    if (.not. alike('links', batch * self%numbers, 2 * size(links, kind=i8), stat, errmsg)) return
    call finish(inst_model_sample(self%object, counter, batch, c_loc(links), c_loc(log_q)), stat, errmsg)
  end subroutine

  subroutine model_log_density_links_2(self, links, log_q, stat, errmsg)
    class(inst_model), intent(in) :: self
    complex(dp), intent(in), contiguous, target :: links(:,:)
    real(dp), intent(out), contiguous, target :: log_q(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer(i8) :: batch
    batch = size(log_q, kind=i8)
    if (.not. alike('links', batch * self%numbers, 2 * size(links, kind=i8), stat, errmsg)) return
    call finish(inst_model_log_density(self%object, batch, c_loc(links), c_loc(log_q)), stat, errmsg)
  end subroutine

  ! Trains on fields of the density to be learned, by maximum likelihood.
  subroutine model_train_on_3(self, fields, spec, progress, user, stat, errmsg)
    class(inst_model), intent(inout) :: self
    real(dp), intent(in), contiguous, target :: fields(:,:,:)
    character(*), intent(in), optional :: spec
    procedure(inst_progress_function), optional :: progress
    type(c_ptr), intent(in), optional :: user
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    character(kind=c_char), allocatable, target :: text(:)
    type(c_funptr) :: function
    type(c_ptr) :: passed
    integer(i8) :: count
    allocate (text, source=letters(spec))
    function = c_null_funptr
    if (present(progress)) function = c_funloc(progress)
    passed = c_null_ptr
    if (present(user)) passed = user
    count = size(fields, kind=i8) / max(self%numbers, 1_i8)
    if (.not. alike('fields', count * self%numbers, size(fields, kind=i8), stat, errmsg)) return
    call finish(inst_model_train_on(self%object, count, c_loc(fields), c_loc(text), function, passed), stat, errmsg)
  end subroutine

  ! Samples counter .. counter + batch - 1 of the model's stream, and log q of each.
  subroutine model_sample_3(self, counter, fields, log_q, stat, errmsg)
    class(inst_model), intent(in) :: self
    integer(i8), intent(in) :: counter
    real(dp), intent(out), contiguous, target :: fields(:,:,:)
    real(dp), intent(out), contiguous, target :: log_q(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer(i8) :: batch
    batch = size(log_q, kind=i8)
    if (.not. alike('fields', batch * self%numbers, size(fields, kind=i8), stat, errmsg)) return
    call finish(inst_model_sample(self%object, counter, batch, c_loc(fields), c_loc(log_q)), stat, errmsg)
  end subroutine

  ! Fields of paths counter .. counter + batch - 1 of a model of type 'diffusion', and the log ratio of each.
  subroutine model_sample_paths_3(self, counter, fields, log_path, spec, stat, errmsg)
    class(inst_model), intent(in) :: self
    integer(i8), intent(in) :: counter
    real(dp), intent(out), contiguous, target :: fields(:,:,:)
    real(dp), intent(out), contiguous, target :: log_path(:)
    character(*), intent(in), optional :: spec
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    character(kind=c_char), allocatable, target :: text(:)
    integer(i8) :: batch
    integer(c_int32_t) :: status
    allocate (text, source=letters(spec))
    batch = size(log_path, kind=i8)
    if (.not. alike('fields', batch * self%numbers, size(fields, kind=i8), stat, errmsg)) return
    status = inst_model_sample_paths(self%object, c_loc(text), counter, batch, c_loc(fields), c_loc(log_path))
    call finish(status, stat, errmsg)
  end subroutine

  subroutine model_log_density_3(self, fields, log_q, stat, errmsg)
    class(inst_model), intent(in) :: self
    real(dp), intent(in), contiguous, target :: fields(:,:,:)
    real(dp), intent(out), contiguous, target :: log_q(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer(i8) :: batch
    batch = size(log_q, kind=i8)
    if (.not. alike('fields', batch * self%numbers, size(fields, kind=i8), stat, errmsg)) return
    call finish(inst_model_log_density(self%object, batch, c_loc(fields), c_loc(log_q)), stat, errmsg)
  end subroutine

  subroutine model_train_on_links_3(self, links, spec, progress, user, stat, errmsg)
    class(inst_model), intent(inout) :: self
    complex(dp), intent(in), contiguous, target :: links(:,:,:)
    character(*), intent(in), optional :: spec
    procedure(inst_progress_function), optional :: progress
    type(c_ptr), intent(in), optional :: user
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    character(kind=c_char), allocatable, target :: text(:)
    type(c_funptr) :: function
    type(c_ptr) :: passed
    integer(i8) :: count
    allocate (text, source=letters(spec))
    function = c_null_funptr
    if (present(progress)) function = c_funloc(progress)
    passed = c_null_ptr
    if (present(user)) passed = user
    count = 2 * size(links, kind=i8) / max(self%numbers, 1_i8)
    if (.not. alike('links', count * self%numbers, 2 * size(links, kind=i8), stat, errmsg)) return
    call finish(inst_model_train_on(self%object, count, c_loc(links), c_loc(text), function, passed), stat, errmsg)
  end subroutine

  subroutine model_sample_links_3(self, counter, links, log_q, stat, errmsg)
    class(inst_model), intent(in) :: self
    integer(i8), intent(in) :: counter
    complex(dp), intent(out), contiguous, target :: links(:,:,:)
    real(dp), intent(out), contiguous, target :: log_q(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer(i8) :: batch
    batch = size(log_q, kind=i8)
    if (.not. alike('links', batch * self%numbers, 2 * size(links, kind=i8), stat, errmsg)) return
    call finish(inst_model_sample(self%object, counter, batch, c_loc(links), c_loc(log_q)), stat, errmsg)
  end subroutine

  subroutine model_log_density_links_3(self, links, log_q, stat, errmsg)
    class(inst_model), intent(in) :: self
    complex(dp), intent(in), contiguous, target :: links(:,:,:)
    real(dp), intent(out), contiguous, target :: log_q(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer(i8) :: batch
    batch = size(log_q, kind=i8)
    if (.not. alike('links', batch * self%numbers, 2 * size(links, kind=i8), stat, errmsg)) return
    call finish(inst_model_log_density(self%object, batch, c_loc(links), c_loc(log_q)), stat, errmsg)
  end subroutine

  ! Trains on fields of the density to be learned, by maximum likelihood.
  subroutine model_train_on_4(self, fields, spec, progress, user, stat, errmsg)
    class(inst_model), intent(inout) :: self
    real(dp), intent(in), contiguous, target :: fields(:,:,:,:)
    character(*), intent(in), optional :: spec
    procedure(inst_progress_function), optional :: progress
    type(c_ptr), intent(in), optional :: user
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    character(kind=c_char), allocatable, target :: text(:)
    type(c_funptr) :: function
    type(c_ptr) :: passed
    integer(i8) :: count
    allocate (text, source=letters(spec))
    function = c_null_funptr
    if (present(progress)) function = c_funloc(progress)
    passed = c_null_ptr
    if (present(user)) passed = user
    count = size(fields, kind=i8) / max(self%numbers, 1_i8)
    if (.not. alike('fields', count * self%numbers, size(fields, kind=i8), stat, errmsg)) return
    call finish(inst_model_train_on(self%object, count, c_loc(fields), c_loc(text), function, passed), stat, errmsg)
  end subroutine

  ! Samples counter .. counter + batch - 1 of the model's stream, and log q of each.
  subroutine model_sample_4(self, counter, fields, log_q, stat, errmsg)
    class(inst_model), intent(in) :: self
    integer(i8), intent(in) :: counter
    real(dp), intent(out), contiguous, target :: fields(:,:,:,:)
    real(dp), intent(out), contiguous, target :: log_q(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer(i8) :: batch
    batch = size(log_q, kind=i8)
    if (.not. alike('fields', batch * self%numbers, size(fields, kind=i8), stat, errmsg)) return
    call finish(inst_model_sample(self%object, counter, batch, c_loc(fields), c_loc(log_q)), stat, errmsg)
  end subroutine

  ! Fields of paths counter .. counter + batch - 1 of a model of type 'diffusion', and the log ratio of each.
  subroutine model_sample_paths_4(self, counter, fields, log_path, spec, stat, errmsg)
    class(inst_model), intent(in) :: self
    integer(i8), intent(in) :: counter
    real(dp), intent(out), contiguous, target :: fields(:,:,:,:)
    real(dp), intent(out), contiguous, target :: log_path(:)
    character(*), intent(in), optional :: spec
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    character(kind=c_char), allocatable, target :: text(:)
    integer(i8) :: batch
    integer(c_int32_t) :: status
    allocate (text, source=letters(spec))
    batch = size(log_path, kind=i8)
    if (.not. alike('fields', batch * self%numbers, size(fields, kind=i8), stat, errmsg)) return
    status = inst_model_sample_paths(self%object, c_loc(text), counter, batch, c_loc(fields), c_loc(log_path))
    call finish(status, stat, errmsg)
  end subroutine

  subroutine model_log_density_4(self, fields, log_q, stat, errmsg)
    class(inst_model), intent(in) :: self
    real(dp), intent(in), contiguous, target :: fields(:,:,:,:)
    real(dp), intent(out), contiguous, target :: log_q(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer(i8) :: batch
    batch = size(log_q, kind=i8)
    if (.not. alike('fields', batch * self%numbers, size(fields, kind=i8), stat, errmsg)) return
    call finish(inst_model_log_density(self%object, batch, c_loc(fields), c_loc(log_q)), stat, errmsg)
  end subroutine

  subroutine model_train_on_links_4(self, links, spec, progress, user, stat, errmsg)
    class(inst_model), intent(inout) :: self
    complex(dp), intent(in), contiguous, target :: links(:,:,:,:)
    character(*), intent(in), optional :: spec
    procedure(inst_progress_function), optional :: progress
    type(c_ptr), intent(in), optional :: user
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    character(kind=c_char), allocatable, target :: text(:)
    type(c_funptr) :: function
    type(c_ptr) :: passed
    integer(i8) :: count
    allocate (text, source=letters(spec))
    function = c_null_funptr
    if (present(progress)) function = c_funloc(progress)
    passed = c_null_ptr
    if (present(user)) passed = user
    count = 2 * size(links, kind=i8) / max(self%numbers, 1_i8)
    if (.not. alike('links', count * self%numbers, 2 * size(links, kind=i8), stat, errmsg)) return
    call finish(inst_model_train_on(self%object, count, c_loc(links), c_loc(text), function, passed), stat, errmsg)
  end subroutine

  subroutine model_sample_links_4(self, counter, links, log_q, stat, errmsg)
    class(inst_model), intent(in) :: self
    integer(i8), intent(in) :: counter
    complex(dp), intent(out), contiguous, target :: links(:,:,:,:)
    real(dp), intent(out), contiguous, target :: log_q(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer(i8) :: batch
    batch = size(log_q, kind=i8)
    if (.not. alike('links', batch * self%numbers, 2 * size(links, kind=i8), stat, errmsg)) return
    call finish(inst_model_sample(self%object, counter, batch, c_loc(links), c_loc(log_q)), stat, errmsg)
  end subroutine

  subroutine model_log_density_links_4(self, links, log_q, stat, errmsg)
    class(inst_model), intent(in) :: self
    complex(dp), intent(in), contiguous, target :: links(:,:,:,:)
    real(dp), intent(out), contiguous, target :: log_q(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer(i8) :: batch
    batch = size(log_q, kind=i8)
    if (.not. alike('links', batch * self%numbers, 2 * size(links, kind=i8), stat, errmsg)) return
    call finish(inst_model_log_density(self%object, batch, c_loc(links), c_loc(log_q)), stat, errmsg)
  end subroutine

  ! Trains on fields of the density to be learned, by maximum likelihood.
  subroutine model_train_on_5(self, fields, spec, progress, user, stat, errmsg)
    class(inst_model), intent(inout) :: self
    real(dp), intent(in), contiguous, target :: fields(:,:,:,:,:)
    character(*), intent(in), optional :: spec
    procedure(inst_progress_function), optional :: progress
    type(c_ptr), intent(in), optional :: user
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    character(kind=c_char), allocatable, target :: text(:)
    type(c_funptr) :: function
    type(c_ptr) :: passed
    integer(i8) :: count
    allocate (text, source=letters(spec))
    function = c_null_funptr
    if (present(progress)) function = c_funloc(progress)
    passed = c_null_ptr
    if (present(user)) passed = user
    count = size(fields, kind=i8) / max(self%numbers, 1_i8)
    if (.not. alike('fields', count * self%numbers, size(fields, kind=i8), stat, errmsg)) return
    call finish(inst_model_train_on(self%object, count, c_loc(fields), c_loc(text), function, passed), stat, errmsg)
  end subroutine

  ! Samples counter .. counter + batch - 1 of the model's stream, and log q of each.
  subroutine model_sample_5(self, counter, fields, log_q, stat, errmsg)
    class(inst_model), intent(in) :: self
    integer(i8), intent(in) :: counter
    real(dp), intent(out), contiguous, target :: fields(:,:,:,:,:)
    real(dp), intent(out), contiguous, target :: log_q(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer(i8) :: batch
    batch = size(log_q, kind=i8)
    if (.not. alike('fields', batch * self%numbers, size(fields, kind=i8), stat, errmsg)) return
    call finish(inst_model_sample(self%object, counter, batch, c_loc(fields), c_loc(log_q)), stat, errmsg)
  end subroutine

  ! Fields of paths counter .. counter + batch - 1 of a model of type 'diffusion', and the log ratio of each.
  subroutine model_sample_paths_5(self, counter, fields, log_path, spec, stat, errmsg)
    class(inst_model), intent(in) :: self
    integer(i8), intent(in) :: counter
    real(dp), intent(out), contiguous, target :: fields(:,:,:,:,:)
    real(dp), intent(out), contiguous, target :: log_path(:)
    character(*), intent(in), optional :: spec
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    character(kind=c_char), allocatable, target :: text(:)
    integer(i8) :: batch
    integer(c_int32_t) :: status
    allocate (text, source=letters(spec))
    batch = size(log_path, kind=i8)
    if (.not. alike('fields', batch * self%numbers, size(fields, kind=i8), stat, errmsg)) return
    status = inst_model_sample_paths(self%object, c_loc(text), counter, batch, c_loc(fields), c_loc(log_path))
    call finish(status, stat, errmsg)
  end subroutine

  subroutine model_log_density_5(self, fields, log_q, stat, errmsg)
    class(inst_model), intent(in) :: self
    real(dp), intent(in), contiguous, target :: fields(:,:,:,:,:)
    real(dp), intent(out), contiguous, target :: log_q(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer(i8) :: batch
    batch = size(log_q, kind=i8)
    if (.not. alike('fields', batch * self%numbers, size(fields, kind=i8), stat, errmsg)) return
    call finish(inst_model_log_density(self%object, batch, c_loc(fields), c_loc(log_q)), stat, errmsg)
  end subroutine

  subroutine model_train_on_links_5(self, links, spec, progress, user, stat, errmsg)
    class(inst_model), intent(inout) :: self
    complex(dp), intent(in), contiguous, target :: links(:,:,:,:,:)
    character(*), intent(in), optional :: spec
    procedure(inst_progress_function), optional :: progress
    type(c_ptr), intent(in), optional :: user
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    character(kind=c_char), allocatable, target :: text(:)
    type(c_funptr) :: function
    type(c_ptr) :: passed
    integer(i8) :: count
    allocate (text, source=letters(spec))
    function = c_null_funptr
    if (present(progress)) function = c_funloc(progress)
    passed = c_null_ptr
    if (present(user)) passed = user
    count = 2 * size(links, kind=i8) / max(self%numbers, 1_i8)
    if (.not. alike('links', count * self%numbers, 2 * size(links, kind=i8), stat, errmsg)) return
    call finish(inst_model_train_on(self%object, count, c_loc(links), c_loc(text), function, passed), stat, errmsg)
  end subroutine

  subroutine model_sample_links_5(self, counter, links, log_q, stat, errmsg)
    class(inst_model), intent(in) :: self
    integer(i8), intent(in) :: counter
    complex(dp), intent(out), contiguous, target :: links(:,:,:,:,:)
    real(dp), intent(out), contiguous, target :: log_q(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer(i8) :: batch
    batch = size(log_q, kind=i8)
    if (.not. alike('links', batch * self%numbers, 2 * size(links, kind=i8), stat, errmsg)) return
    call finish(inst_model_sample(self%object, counter, batch, c_loc(links), c_loc(log_q)), stat, errmsg)
  end subroutine

  subroutine model_log_density_links_5(self, links, log_q, stat, errmsg)
    class(inst_model), intent(in) :: self
    complex(dp), intent(in), contiguous, target :: links(:,:,:,:,:)
    real(dp), intent(out), contiguous, target :: log_q(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer(i8) :: batch
    batch = size(log_q, kind=i8)
    if (.not. alike('links', batch * self%numbers, 2 * size(links, kind=i8), stat, errmsg)) return
    call finish(inst_model_log_density(self%object, batch, c_loc(links), c_loc(log_q)), stat, errmsg)
  end subroutine

  ! Trains on fields of the density to be learned, by maximum likelihood.
  subroutine model_train_on_6(self, fields, spec, progress, user, stat, errmsg)
    class(inst_model), intent(inout) :: self
    real(dp), intent(in), contiguous, target :: fields(:,:,:,:,:,:)
    character(*), intent(in), optional :: spec
    procedure(inst_progress_function), optional :: progress
    type(c_ptr), intent(in), optional :: user
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    character(kind=c_char), allocatable, target :: text(:)
    type(c_funptr) :: function
    type(c_ptr) :: passed
    integer(i8) :: count
    allocate (text, source=letters(spec))
    function = c_null_funptr
    if (present(progress)) function = c_funloc(progress)
    passed = c_null_ptr
    if (present(user)) passed = user
    count = size(fields, kind=i8) / max(self%numbers, 1_i8)
    if (.not. alike('fields', count * self%numbers, size(fields, kind=i8), stat, errmsg)) return
    call finish(inst_model_train_on(self%object, count, c_loc(fields), c_loc(text), function, passed), stat, errmsg)
  end subroutine

  ! Samples counter .. counter + batch - 1 of the model's stream, and log q of each.
  subroutine model_sample_6(self, counter, fields, log_q, stat, errmsg)
    class(inst_model), intent(in) :: self
    integer(i8), intent(in) :: counter
    real(dp), intent(out), contiguous, target :: fields(:,:,:,:,:,:)
    real(dp), intent(out), contiguous, target :: log_q(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer(i8) :: batch
    batch = size(log_q, kind=i8)
    if (.not. alike('fields', batch * self%numbers, size(fields, kind=i8), stat, errmsg)) return
    call finish(inst_model_sample(self%object, counter, batch, c_loc(fields), c_loc(log_q)), stat, errmsg)
  end subroutine

  ! Fields of paths counter .. counter + batch - 1 of a model of type 'diffusion', and the log ratio of each.
  subroutine model_sample_paths_6(self, counter, fields, log_path, spec, stat, errmsg)
    class(inst_model), intent(in) :: self
    integer(i8), intent(in) :: counter
    real(dp), intent(out), contiguous, target :: fields(:,:,:,:,:,:)
    real(dp), intent(out), contiguous, target :: log_path(:)
    character(*), intent(in), optional :: spec
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    character(kind=c_char), allocatable, target :: text(:)
    integer(i8) :: batch
    integer(c_int32_t) :: status
    allocate (text, source=letters(spec))
    batch = size(log_path, kind=i8)
    if (.not. alike('fields', batch * self%numbers, size(fields, kind=i8), stat, errmsg)) return
    status = inst_model_sample_paths(self%object, c_loc(text), counter, batch, c_loc(fields), c_loc(log_path))
    call finish(status, stat, errmsg)
  end subroutine

  subroutine model_log_density_6(self, fields, log_q, stat, errmsg)
    class(inst_model), intent(in) :: self
    real(dp), intent(in), contiguous, target :: fields(:,:,:,:,:,:)
    real(dp), intent(out), contiguous, target :: log_q(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer(i8) :: batch
    batch = size(log_q, kind=i8)
    if (.not. alike('fields', batch * self%numbers, size(fields, kind=i8), stat, errmsg)) return
    call finish(inst_model_log_density(self%object, batch, c_loc(fields), c_loc(log_q)), stat, errmsg)
  end subroutine

  subroutine model_train_on_links_6(self, links, spec, progress, user, stat, errmsg)
    class(inst_model), intent(inout) :: self
    complex(dp), intent(in), contiguous, target :: links(:,:,:,:,:,:)
    character(*), intent(in), optional :: spec
    procedure(inst_progress_function), optional :: progress
    type(c_ptr), intent(in), optional :: user
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    character(kind=c_char), allocatable, target :: text(:)
    type(c_funptr) :: function
    type(c_ptr) :: passed
    integer(i8) :: count
    allocate (text, source=letters(spec))
    function = c_null_funptr
    if (present(progress)) function = c_funloc(progress)
    passed = c_null_ptr
    if (present(user)) passed = user
    count = 2 * size(links, kind=i8) / max(self%numbers, 1_i8)
    if (.not. alike('links', count * self%numbers, 2 * size(links, kind=i8), stat, errmsg)) return
    call finish(inst_model_train_on(self%object, count, c_loc(links), c_loc(text), function, passed), stat, errmsg)
  end subroutine

  subroutine model_sample_links_6(self, counter, links, log_q, stat, errmsg)
    class(inst_model), intent(in) :: self
    integer(i8), intent(in) :: counter
    complex(dp), intent(out), contiguous, target :: links(:,:,:,:,:,:)
    real(dp), intent(out), contiguous, target :: log_q(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer(i8) :: batch
    batch = size(log_q, kind=i8)
    if (.not. alike('links', batch * self%numbers, 2 * size(links, kind=i8), stat, errmsg)) return
    call finish(inst_model_sample(self%object, counter, batch, c_loc(links), c_loc(log_q)), stat, errmsg)
  end subroutine

  subroutine model_log_density_links_6(self, links, log_q, stat, errmsg)
    class(inst_model), intent(in) :: self
    complex(dp), intent(in), contiguous, target :: links(:,:,:,:,:,:)
    real(dp), intent(out), contiguous, target :: log_q(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer(i8) :: batch
    batch = size(log_q, kind=i8)
    if (.not. alike('links', batch * self%numbers, 2 * size(links, kind=i8), stat, errmsg)) return
    call finish(inst_model_log_density(self%object, batch, c_loc(links), c_loc(log_q)), stat, errmsg)
  end subroutine

  ! Trains on fields of the density to be learned, by maximum likelihood.
  subroutine model_train_on_7(self, fields, spec, progress, user, stat, errmsg)
    class(inst_model), intent(inout) :: self
    real(dp), intent(in), contiguous, target :: fields(:,:,:,:,:,:,:)
    character(*), intent(in), optional :: spec
    procedure(inst_progress_function), optional :: progress
    type(c_ptr), intent(in), optional :: user
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    character(kind=c_char), allocatable, target :: text(:)
    type(c_funptr) :: function
    type(c_ptr) :: passed
    integer(i8) :: count
    allocate (text, source=letters(spec))
    function = c_null_funptr
    if (present(progress)) function = c_funloc(progress)
    passed = c_null_ptr
    if (present(user)) passed = user
    count = size(fields, kind=i8) / max(self%numbers, 1_i8)
    if (.not. alike('fields', count * self%numbers, size(fields, kind=i8), stat, errmsg)) return
    call finish(inst_model_train_on(self%object, count, c_loc(fields), c_loc(text), function, passed), stat, errmsg)
  end subroutine

  ! Samples counter .. counter + batch - 1 of the model's stream, and log q of each.
  subroutine model_sample_7(self, counter, fields, log_q, stat, errmsg)
    class(inst_model), intent(in) :: self
    integer(i8), intent(in) :: counter
    real(dp), intent(out), contiguous, target :: fields(:,:,:,:,:,:,:)
    real(dp), intent(out), contiguous, target :: log_q(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer(i8) :: batch
    batch = size(log_q, kind=i8)
    if (.not. alike('fields', batch * self%numbers, size(fields, kind=i8), stat, errmsg)) return
    call finish(inst_model_sample(self%object, counter, batch, c_loc(fields), c_loc(log_q)), stat, errmsg)
  end subroutine

  ! Fields of paths counter .. counter + batch - 1 of a model of type 'diffusion', and the log ratio of each.
  subroutine model_sample_paths_7(self, counter, fields, log_path, spec, stat, errmsg)
    class(inst_model), intent(in) :: self
    integer(i8), intent(in) :: counter
    real(dp), intent(out), contiguous, target :: fields(:,:,:,:,:,:,:)
    real(dp), intent(out), contiguous, target :: log_path(:)
    character(*), intent(in), optional :: spec
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    character(kind=c_char), allocatable, target :: text(:)
    integer(i8) :: batch
    integer(c_int32_t) :: status
    allocate (text, source=letters(spec))
    batch = size(log_path, kind=i8)
    if (.not. alike('fields', batch * self%numbers, size(fields, kind=i8), stat, errmsg)) return
    status = inst_model_sample_paths(self%object, c_loc(text), counter, batch, c_loc(fields), c_loc(log_path))
    call finish(status, stat, errmsg)
  end subroutine

  subroutine model_log_density_7(self, fields, log_q, stat, errmsg)
    class(inst_model), intent(in) :: self
    real(dp), intent(in), contiguous, target :: fields(:,:,:,:,:,:,:)
    real(dp), intent(out), contiguous, target :: log_q(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer(i8) :: batch
    batch = size(log_q, kind=i8)
    if (.not. alike('fields', batch * self%numbers, size(fields, kind=i8), stat, errmsg)) return
    call finish(inst_model_log_density(self%object, batch, c_loc(fields), c_loc(log_q)), stat, errmsg)
  end subroutine

  subroutine model_train_on_links_7(self, links, spec, progress, user, stat, errmsg)
    class(inst_model), intent(inout) :: self
    complex(dp), intent(in), contiguous, target :: links(:,:,:,:,:,:,:)
    character(*), intent(in), optional :: spec
    procedure(inst_progress_function), optional :: progress
    type(c_ptr), intent(in), optional :: user
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    character(kind=c_char), allocatable, target :: text(:)
    type(c_funptr) :: function
    type(c_ptr) :: passed
    integer(i8) :: count
    allocate (text, source=letters(spec))
    function = c_null_funptr
    if (present(progress)) function = c_funloc(progress)
    passed = c_null_ptr
    if (present(user)) passed = user
    count = 2 * size(links, kind=i8) / max(self%numbers, 1_i8)
    if (.not. alike('links', count * self%numbers, 2 * size(links, kind=i8), stat, errmsg)) return
    call finish(inst_model_train_on(self%object, count, c_loc(links), c_loc(text), function, passed), stat, errmsg)
  end subroutine

  subroutine model_sample_links_7(self, counter, links, log_q, stat, errmsg)
    class(inst_model), intent(in) :: self
    integer(i8), intent(in) :: counter
    complex(dp), intent(out), contiguous, target :: links(:,:,:,:,:,:,:)
    real(dp), intent(out), contiguous, target :: log_q(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer(i8) :: batch
    batch = size(log_q, kind=i8)
    if (.not. alike('links', batch * self%numbers, 2 * size(links, kind=i8), stat, errmsg)) return
    call finish(inst_model_sample(self%object, counter, batch, c_loc(links), c_loc(log_q)), stat, errmsg)
  end subroutine

  subroutine model_log_density_links_7(self, links, log_q, stat, errmsg)
    class(inst_model), intent(in) :: self
    complex(dp), intent(in), contiguous, target :: links(:,:,:,:,:,:,:)
    real(dp), intent(out), contiguous, target :: log_q(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer(i8) :: batch
    batch = size(log_q, kind=i8)
    if (.not. alike('links', batch * self%numbers, 2 * size(links, kind=i8), stat, errmsg)) return
    call finish(inst_model_log_density(self%object, batch, c_loc(links), c_loc(log_q)), stat, errmsg)
  end subroutine

  ! ---- proposals --------------------------------------------------------------------------------

  ! Proposals of a model, or with spec "{type: 'langevin', step: 0.01}" along the force of an action.
  subroutine proposal_new(self, model, action, spec, stat, errmsg)
    class(inst_proposal), intent(inout) :: self
    type(inst_model), intent(in), optional :: model
    type(inst_action), intent(in), optional :: action
    character(*), intent(in), optional :: spec
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    character(kind=c_char), allocatable, target :: text(:)
    type(c_ptr), target :: object
    type(c_ptr) :: of_model, of_action
    integer(c_int32_t) :: status
    allocate (text, source=letters(spec))
    of_model = c_null_ptr
    if (present(model)) of_model = model%object
    of_action = c_null_ptr
    if (present(action)) of_action = action%object
    object = c_null_ptr
    status = inst_proposal_new(of_model, of_action, c_loc(text), c_loc(object))
    if (present(model)) then
      call take(self, 5, object, model)
    else if (present(action)) then
      call take(self, 5, object, action)
    end if
    call finish(status, stat, errmsg)
  end subroutine

  ! Accept with probability min(1, exp(S(current) - S(proposed) + log_ratio)).
  subroutine propose_1(self, counter, current, proposed, log_ratio, stat, errmsg)
    class(inst_proposal), intent(in) :: self
    integer(i8), intent(in) :: counter
    real(dp), intent(in), contiguous, target :: current(:)
    real(dp), intent(out), contiguous, target :: proposed(:)
    real(dp), intent(out), target :: log_ratio
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. alike('current', self%numbers, size(current, kind=i8), stat, errmsg)) return
    if (.not. alike('proposed', self%numbers, size(proposed, kind=i8), stat, errmsg)) return
    call finish(inst_propose(self%object, counter, c_loc(current), c_loc(proposed), c_loc(log_ratio)), stat, errmsg)
  end subroutine

  subroutine propose_links_1(self, counter, current, proposed, log_ratio, stat, errmsg)
    class(inst_proposal), intent(in) :: self
    integer(i8), intent(in) :: counter
    complex(dp), intent(in), contiguous, target :: current(:)
    complex(dp), intent(out), contiguous, target :: proposed(:)
    real(dp), intent(out), target :: log_ratio
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. alike('current', self%numbers, 2 * size(current, kind=i8), stat, errmsg)) return
    if (.not. alike('proposed', self%numbers, 2 * size(proposed, kind=i8), stat, errmsg)) return
    call finish(inst_propose(self%object, counter, c_loc(current), c_loc(proposed), c_loc(log_ratio)), stat, errmsg)
  end subroutine

  ! Accept with probability min(1, exp(S(current) - S(proposed) + log_ratio)).
  subroutine propose_2(self, counter, current, proposed, log_ratio, stat, errmsg)
    class(inst_proposal), intent(in) :: self
    integer(i8), intent(in) :: counter
    real(dp), intent(in), contiguous, target :: current(:,:)
    real(dp), intent(out), contiguous, target :: proposed(:,:)
    real(dp), intent(out), target :: log_ratio
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. alike('current', self%numbers, size(current, kind=i8), stat, errmsg)) return
    if (.not. alike('proposed', self%numbers, size(proposed, kind=i8), stat, errmsg)) return
    call finish(inst_propose(self%object, counter, c_loc(current), c_loc(proposed), c_loc(log_ratio)), stat, errmsg)
  end subroutine

  subroutine propose_links_2(self, counter, current, proposed, log_ratio, stat, errmsg)
    class(inst_proposal), intent(in) :: self
    integer(i8), intent(in) :: counter
    complex(dp), intent(in), contiguous, target :: current(:,:)
    complex(dp), intent(out), contiguous, target :: proposed(:,:)
    real(dp), intent(out), target :: log_ratio
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. alike('current', self%numbers, 2 * size(current, kind=i8), stat, errmsg)) return
    if (.not. alike('proposed', self%numbers, 2 * size(proposed, kind=i8), stat, errmsg)) return
    call finish(inst_propose(self%object, counter, c_loc(current), c_loc(proposed), c_loc(log_ratio)), stat, errmsg)
  end subroutine

  ! Accept with probability min(1, exp(S(current) - S(proposed) + log_ratio)).
  subroutine propose_3(self, counter, current, proposed, log_ratio, stat, errmsg)
    class(inst_proposal), intent(in) :: self
    integer(i8), intent(in) :: counter
    real(dp), intent(in), contiguous, target :: current(:,:,:)
    real(dp), intent(out), contiguous, target :: proposed(:,:,:)
    real(dp), intent(out), target :: log_ratio
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. alike('current', self%numbers, size(current, kind=i8), stat, errmsg)) return
    if (.not. alike('proposed', self%numbers, size(proposed, kind=i8), stat, errmsg)) return
    call finish(inst_propose(self%object, counter, c_loc(current), c_loc(proposed), c_loc(log_ratio)), stat, errmsg)
  end subroutine

  subroutine propose_links_3(self, counter, current, proposed, log_ratio, stat, errmsg)
    class(inst_proposal), intent(in) :: self
    integer(i8), intent(in) :: counter
    complex(dp), intent(in), contiguous, target :: current(:,:,:)
    complex(dp), intent(out), contiguous, target :: proposed(:,:,:)
    real(dp), intent(out), target :: log_ratio
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. alike('current', self%numbers, 2 * size(current, kind=i8), stat, errmsg)) return
    if (.not. alike('proposed', self%numbers, 2 * size(proposed, kind=i8), stat, errmsg)) return
    call finish(inst_propose(self%object, counter, c_loc(current), c_loc(proposed), c_loc(log_ratio)), stat, errmsg)
  end subroutine

  ! Accept with probability min(1, exp(S(current) - S(proposed) + log_ratio)).
  subroutine propose_4(self, counter, current, proposed, log_ratio, stat, errmsg)
    class(inst_proposal), intent(in) :: self
    integer(i8), intent(in) :: counter
    real(dp), intent(in), contiguous, target :: current(:,:,:,:)
    real(dp), intent(out), contiguous, target :: proposed(:,:,:,:)
    real(dp), intent(out), target :: log_ratio
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. alike('current', self%numbers, size(current, kind=i8), stat, errmsg)) return
    if (.not. alike('proposed', self%numbers, size(proposed, kind=i8), stat, errmsg)) return
    call finish(inst_propose(self%object, counter, c_loc(current), c_loc(proposed), c_loc(log_ratio)), stat, errmsg)
  end subroutine

  subroutine propose_links_4(self, counter, current, proposed, log_ratio, stat, errmsg)
    class(inst_proposal), intent(in) :: self
    integer(i8), intent(in) :: counter
    complex(dp), intent(in), contiguous, target :: current(:,:,:,:)
    complex(dp), intent(out), contiguous, target :: proposed(:,:,:,:)
    real(dp), intent(out), target :: log_ratio
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. alike('current', self%numbers, 2 * size(current, kind=i8), stat, errmsg)) return
    if (.not. alike('proposed', self%numbers, 2 * size(proposed, kind=i8), stat, errmsg)) return
    call finish(inst_propose(self%object, counter, c_loc(current), c_loc(proposed), c_loc(log_ratio)), stat, errmsg)
  end subroutine

  ! Accept with probability min(1, exp(S(current) - S(proposed) + log_ratio)).
  subroutine propose_5(self, counter, current, proposed, log_ratio, stat, errmsg)
    class(inst_proposal), intent(in) :: self
    integer(i8), intent(in) :: counter
    real(dp), intent(in), contiguous, target :: current(:,:,:,:,:)
    real(dp), intent(out), contiguous, target :: proposed(:,:,:,:,:)
    real(dp), intent(out), target :: log_ratio
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. alike('current', self%numbers, size(current, kind=i8), stat, errmsg)) return
    if (.not. alike('proposed', self%numbers, size(proposed, kind=i8), stat, errmsg)) return
    call finish(inst_propose(self%object, counter, c_loc(current), c_loc(proposed), c_loc(log_ratio)), stat, errmsg)
  end subroutine

  subroutine propose_links_5(self, counter, current, proposed, log_ratio, stat, errmsg)
    class(inst_proposal), intent(in) :: self
    integer(i8), intent(in) :: counter
    complex(dp), intent(in), contiguous, target :: current(:,:,:,:,:)
    complex(dp), intent(out), contiguous, target :: proposed(:,:,:,:,:)
    real(dp), intent(out), target :: log_ratio
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. alike('current', self%numbers, 2 * size(current, kind=i8), stat, errmsg)) return
    if (.not. alike('proposed', self%numbers, 2 * size(proposed, kind=i8), stat, errmsg)) return
    call finish(inst_propose(self%object, counter, c_loc(current), c_loc(proposed), c_loc(log_ratio)), stat, errmsg)
  end subroutine

  ! Accept with probability min(1, exp(S(current) - S(proposed) + log_ratio)).
  subroutine propose_6(self, counter, current, proposed, log_ratio, stat, errmsg)
    class(inst_proposal), intent(in) :: self
    integer(i8), intent(in) :: counter
    real(dp), intent(in), contiguous, target :: current(:,:,:,:,:,:)
    real(dp), intent(out), contiguous, target :: proposed(:,:,:,:,:,:)
    real(dp), intent(out), target :: log_ratio
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. alike('current', self%numbers, size(current, kind=i8), stat, errmsg)) return
    if (.not. alike('proposed', self%numbers, size(proposed, kind=i8), stat, errmsg)) return
    call finish(inst_propose(self%object, counter, c_loc(current), c_loc(proposed), c_loc(log_ratio)), stat, errmsg)
  end subroutine

  subroutine propose_links_6(self, counter, current, proposed, log_ratio, stat, errmsg)
    class(inst_proposal), intent(in) :: self
    integer(i8), intent(in) :: counter
    complex(dp), intent(in), contiguous, target :: current(:,:,:,:,:,:)
    complex(dp), intent(out), contiguous, target :: proposed(:,:,:,:,:,:)
    real(dp), intent(out), target :: log_ratio
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. alike('current', self%numbers, 2 * size(current, kind=i8), stat, errmsg)) return
    if (.not. alike('proposed', self%numbers, 2 * size(proposed, kind=i8), stat, errmsg)) return
    call finish(inst_propose(self%object, counter, c_loc(current), c_loc(proposed), c_loc(log_ratio)), stat, errmsg)
  end subroutine

  ! Accept with probability min(1, exp(S(current) - S(proposed) + log_ratio)).
  subroutine propose_7(self, counter, current, proposed, log_ratio, stat, errmsg)
    class(inst_proposal), intent(in) :: self
    integer(i8), intent(in) :: counter
    real(dp), intent(in), contiguous, target :: current(:,:,:,:,:,:,:)
    real(dp), intent(out), contiguous, target :: proposed(:,:,:,:,:,:,:)
    real(dp), intent(out), target :: log_ratio
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. alike('current', self%numbers, size(current, kind=i8), stat, errmsg)) return
    if (.not. alike('proposed', self%numbers, size(proposed, kind=i8), stat, errmsg)) return
    call finish(inst_propose(self%object, counter, c_loc(current), c_loc(proposed), c_loc(log_ratio)), stat, errmsg)
  end subroutine

  subroutine propose_links_7(self, counter, current, proposed, log_ratio, stat, errmsg)
    class(inst_proposal), intent(in) :: self
    integer(i8), intent(in) :: counter
    complex(dp), intent(in), contiguous, target :: current(:,:,:,:,:,:,:)
    complex(dp), intent(out), contiguous, target :: proposed(:,:,:,:,:,:,:)
    real(dp), intent(out), target :: log_ratio
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. alike('current', self%numbers, 2 * size(current, kind=i8), stat, errmsg)) return
    if (.not. alike('proposed', self%numbers, 2 * size(proposed, kind=i8), stat, errmsg)) return
    call finish(inst_propose(self%object, counter, c_loc(current), c_loc(proposed), c_loc(log_ratio)), stat, errmsg)
  end subroutine

  ! ---- chains -----------------------------------------------------------------------------------

  subroutine chain_new(self, action, model, spec, stat, errmsg)
    class(inst_chain), intent(inout) :: self
    type(inst_action), intent(in) :: action
    type(inst_model), intent(in), optional :: model
    character(*), intent(in), optional :: spec
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    character(kind=c_char), allocatable, target :: text(:)
    type(c_ptr), target :: object
    type(c_ptr) :: of_model
    integer(c_int32_t) :: status
    allocate (text, source=letters(spec))
    of_model = c_null_ptr
    if (present(model)) of_model = model%object
    object = c_null_ptr
    status = inst_chain_new(action%object, of_model, c_loc(text), c_loc(object))
    call take(self, 6, object, action)
    call finish(status, stat, errmsg)
  end subroutine

  subroutine chain_step(self, accepted, value, delta, stat, errmsg)
    class(inst_chain), intent(inout) :: self
    logical, intent(out) :: accepted
    real(dp), intent(out), target :: value, delta
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer(c_int32_t), target :: flag
    flag = 0
    call finish(inst_chain_step(self%object, c_loc(flag), c_loc(value), c_loc(delta)), stat, errmsg)
    accepted = flag /= 0
  end subroutine

  ! How far the trajectory of the next step misses its start when it is run back: of the field, and of H.
  subroutine chain_reversibility(self, distance, energy, stat, errmsg)
    class(inst_chain), intent(in) :: self
    real(dp), intent(out), target :: distance, energy
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    call finish(inst_chain_reversibility(self%object, c_loc(distance), c_loc(energy)), stat, errmsg)
  end subroutine

  subroutine chain_save(self, path, stat, errmsg)
    class(inst_chain), intent(inout) :: self
    character(*), intent(in) :: path
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    character(kind=c_char), allocatable, target :: text(:)
    allocate (text, source=letters(path))
    call finish(inst_chain_save(self%object, c_loc(text)), stat, errmsg)
  end subroutine

  subroutine chain_load(self, path, stat, errmsg)
    class(inst_chain), intent(inout) :: self
    character(*), intent(in) :: path
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    character(kind=c_char), allocatable, target :: text(:)
    allocate (text, source=letters(path))
    call finish(inst_chain_load(self%object, c_loc(text)), stat, errmsg)
  end subroutine

  subroutine chain_field_1(self, field, stat, errmsg)
    class(inst_chain), intent(in) :: self
    real(dp), intent(out), contiguous, target :: field(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. fits(self, 'field', size(field, kind=i8), 1_i8, stat, errmsg)) return
    call finish(inst_chain_field(self%object, c_loc(field)), stat, errmsg)
  end subroutine

  subroutine chain_field_links_1(self, links, stat, errmsg)
    class(inst_chain), intent(in) :: self
    complex(dp), intent(out), contiguous, target :: links(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. fits(self, 'links', 2 * size(links, kind=i8), 1_i8, stat, errmsg)) return
    call finish(inst_chain_field(self%object, c_loc(links)), stat, errmsg)
  end subroutine

  subroutine chain_set_field_1(self, field, stat, errmsg)
    class(inst_chain), intent(inout) :: self
    real(dp), intent(in), contiguous, target :: field(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. fits(self, 'field', size(field, kind=i8), 1_i8, stat, errmsg)) return
    call finish(inst_chain_set_field(self%object, c_loc(field)), stat, errmsg)
  end subroutine

  subroutine chain_set_field_links_1(self, links, stat, errmsg)
    class(inst_chain), intent(inout) :: self
    complex(dp), intent(in), contiguous, target :: links(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. fits(self, 'links', 2 * size(links, kind=i8), 1_i8, stat, errmsg)) return
    call finish(inst_chain_set_field(self%object, c_loc(links)), stat, errmsg)
  end subroutine

  subroutine chain_field_2(self, field, stat, errmsg)
    class(inst_chain), intent(in) :: self
    real(dp), intent(out), contiguous, target :: field(:,:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. fits(self, 'field', size(field, kind=i8), 1_i8, stat, errmsg)) return
    call finish(inst_chain_field(self%object, c_loc(field)), stat, errmsg)
  end subroutine

  subroutine chain_field_links_2(self, links, stat, errmsg)
    class(inst_chain), intent(in) :: self
    complex(dp), intent(out), contiguous, target :: links(:,:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. fits(self, 'links', 2 * size(links, kind=i8), 1_i8, stat, errmsg)) return
    call finish(inst_chain_field(self%object, c_loc(links)), stat, errmsg)
  end subroutine

  subroutine chain_set_field_2(self, field, stat, errmsg)
    class(inst_chain), intent(inout) :: self
    real(dp), intent(in), contiguous, target :: field(:,:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. fits(self, 'field', size(field, kind=i8), 1_i8, stat, errmsg)) return
    call finish(inst_chain_set_field(self%object, c_loc(field)), stat, errmsg)
  end subroutine

  subroutine chain_set_field_links_2(self, links, stat, errmsg)
    class(inst_chain), intent(inout) :: self
    complex(dp), intent(in), contiguous, target :: links(:,:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. fits(self, 'links', 2 * size(links, kind=i8), 1_i8, stat, errmsg)) return
    call finish(inst_chain_set_field(self%object, c_loc(links)), stat, errmsg)
  end subroutine

  subroutine chain_field_3(self, field, stat, errmsg)
    class(inst_chain), intent(in) :: self
    real(dp), intent(out), contiguous, target :: field(:,:,:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. fits(self, 'field', size(field, kind=i8), 1_i8, stat, errmsg)) return
    call finish(inst_chain_field(self%object, c_loc(field)), stat, errmsg)
  end subroutine

  subroutine chain_field_links_3(self, links, stat, errmsg)
    class(inst_chain), intent(in) :: self
    complex(dp), intent(out), contiguous, target :: links(:,:,:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. fits(self, 'links', 2 * size(links, kind=i8), 1_i8, stat, errmsg)) return
    call finish(inst_chain_field(self%object, c_loc(links)), stat, errmsg)
  end subroutine

  subroutine chain_set_field_3(self, field, stat, errmsg)
    class(inst_chain), intent(inout) :: self
    real(dp), intent(in), contiguous, target :: field(:,:,:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. fits(self, 'field', size(field, kind=i8), 1_i8, stat, errmsg)) return
    call finish(inst_chain_set_field(self%object, c_loc(field)), stat, errmsg)
  end subroutine

  subroutine chain_set_field_links_3(self, links, stat, errmsg)
    class(inst_chain), intent(inout) :: self
    complex(dp), intent(in), contiguous, target :: links(:,:,:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. fits(self, 'links', 2 * size(links, kind=i8), 1_i8, stat, errmsg)) return
    call finish(inst_chain_set_field(self%object, c_loc(links)), stat, errmsg)
  end subroutine

  subroutine chain_field_4(self, field, stat, errmsg)
    class(inst_chain), intent(in) :: self
    real(dp), intent(out), contiguous, target :: field(:,:,:,:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. fits(self, 'field', size(field, kind=i8), 1_i8, stat, errmsg)) return
    call finish(inst_chain_field(self%object, c_loc(field)), stat, errmsg)
  end subroutine

  subroutine chain_field_links_4(self, links, stat, errmsg)
    class(inst_chain), intent(in) :: self
    complex(dp), intent(out), contiguous, target :: links(:,:,:,:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. fits(self, 'links', 2 * size(links, kind=i8), 1_i8, stat, errmsg)) return
    call finish(inst_chain_field(self%object, c_loc(links)), stat, errmsg)
  end subroutine

  subroutine chain_set_field_4(self, field, stat, errmsg)
    class(inst_chain), intent(inout) :: self
    real(dp), intent(in), contiguous, target :: field(:,:,:,:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. fits(self, 'field', size(field, kind=i8), 1_i8, stat, errmsg)) return
    call finish(inst_chain_set_field(self%object, c_loc(field)), stat, errmsg)
  end subroutine

  subroutine chain_set_field_links_4(self, links, stat, errmsg)
    class(inst_chain), intent(inout) :: self
    complex(dp), intent(in), contiguous, target :: links(:,:,:,:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. fits(self, 'links', 2 * size(links, kind=i8), 1_i8, stat, errmsg)) return
    call finish(inst_chain_set_field(self%object, c_loc(links)), stat, errmsg)
  end subroutine

  subroutine chain_field_5(self, field, stat, errmsg)
    class(inst_chain), intent(in) :: self
    real(dp), intent(out), contiguous, target :: field(:,:,:,:,:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. fits(self, 'field', size(field, kind=i8), 1_i8, stat, errmsg)) return
    call finish(inst_chain_field(self%object, c_loc(field)), stat, errmsg)
  end subroutine

  subroutine chain_field_links_5(self, links, stat, errmsg)
    class(inst_chain), intent(in) :: self
    complex(dp), intent(out), contiguous, target :: links(:,:,:,:,:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. fits(self, 'links', 2 * size(links, kind=i8), 1_i8, stat, errmsg)) return
    call finish(inst_chain_field(self%object, c_loc(links)), stat, errmsg)
  end subroutine

  subroutine chain_set_field_5(self, field, stat, errmsg)
    class(inst_chain), intent(inout) :: self
    real(dp), intent(in), contiguous, target :: field(:,:,:,:,:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. fits(self, 'field', size(field, kind=i8), 1_i8, stat, errmsg)) return
    call finish(inst_chain_set_field(self%object, c_loc(field)), stat, errmsg)
  end subroutine

  subroutine chain_set_field_links_5(self, links, stat, errmsg)
    class(inst_chain), intent(inout) :: self
    complex(dp), intent(in), contiguous, target :: links(:,:,:,:,:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. fits(self, 'links', 2 * size(links, kind=i8), 1_i8, stat, errmsg)) return
    call finish(inst_chain_set_field(self%object, c_loc(links)), stat, errmsg)
  end subroutine

  subroutine chain_field_6(self, field, stat, errmsg)
    class(inst_chain), intent(in) :: self
    real(dp), intent(out), contiguous, target :: field(:,:,:,:,:,:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. fits(self, 'field', size(field, kind=i8), 1_i8, stat, errmsg)) return
    call finish(inst_chain_field(self%object, c_loc(field)), stat, errmsg)
  end subroutine

  subroutine chain_field_links_6(self, links, stat, errmsg)
    class(inst_chain), intent(in) :: self
    complex(dp), intent(out), contiguous, target :: links(:,:,:,:,:,:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. fits(self, 'links', 2 * size(links, kind=i8), 1_i8, stat, errmsg)) return
    call finish(inst_chain_field(self%object, c_loc(links)), stat, errmsg)
  end subroutine

  subroutine chain_set_field_6(self, field, stat, errmsg)
    class(inst_chain), intent(inout) :: self
    real(dp), intent(in), contiguous, target :: field(:,:,:,:,:,:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. fits(self, 'field', size(field, kind=i8), 1_i8, stat, errmsg)) return
    call finish(inst_chain_set_field(self%object, c_loc(field)), stat, errmsg)
  end subroutine

  subroutine chain_set_field_links_6(self, links, stat, errmsg)
    class(inst_chain), intent(inout) :: self
    complex(dp), intent(in), contiguous, target :: links(:,:,:,:,:,:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. fits(self, 'links', 2 * size(links, kind=i8), 1_i8, stat, errmsg)) return
    call finish(inst_chain_set_field(self%object, c_loc(links)), stat, errmsg)
  end subroutine

  subroutine chain_field_7(self, field, stat, errmsg)
    class(inst_chain), intent(in) :: self
    real(dp), intent(out), contiguous, target :: field(:,:,:,:,:,:,:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. fits(self, 'field', size(field, kind=i8), 1_i8, stat, errmsg)) return
    call finish(inst_chain_field(self%object, c_loc(field)), stat, errmsg)
  end subroutine

  subroutine chain_field_links_7(self, links, stat, errmsg)
    class(inst_chain), intent(in) :: self
    complex(dp), intent(out), contiguous, target :: links(:,:,:,:,:,:,:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. fits(self, 'links', 2 * size(links, kind=i8), 1_i8, stat, errmsg)) return
    call finish(inst_chain_field(self%object, c_loc(links)), stat, errmsg)
  end subroutine

  subroutine chain_set_field_7(self, field, stat, errmsg)
    class(inst_chain), intent(inout) :: self
    real(dp), intent(in), contiguous, target :: field(:,:,:,:,:,:,:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. fits(self, 'field', size(field, kind=i8), 1_i8, stat, errmsg)) return
    call finish(inst_chain_set_field(self%object, c_loc(field)), stat, errmsg)
  end subroutine

  subroutine chain_set_field_links_7(self, links, stat, errmsg)
    class(inst_chain), intent(inout) :: self
    complex(dp), intent(in), contiguous, target :: links(:,:,:,:,:,:,:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. fits(self, 'links', 2 * size(links, kind=i8), 1_i8, stat, errmsg)) return
    call finish(inst_chain_set_field(self%object, c_loc(links)), stat, errmsg)
  end subroutine

  ! ---- statistics -------------------------------------------------------------------------------

  subroutine autocorrelation(series, mean, error, tau, tau_error, stat, errmsg)
    real(dp), intent(in), contiguous, target :: series(:)
    real(dp), intent(out), target :: mean, error, tau, tau_error
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    call finish(inst_autocorrelation(size(series, kind=i8), c_loc(series), c_loc(mean), c_loc(error), c_loc(tau), &
                                     c_loc(tau_error)), stat, errmsg)
  end subroutine

  ! Replicas, one after the other in `series`, `counts` numbers each; `quality` is the probability that replicas of one
  ! distribution scatter as much as these or more.
  subroutine autocorrelation_replicas(counts, series, mean, error, tau, tau_error, quality, stat, errmsg)
    integer(i8), intent(in), contiguous, target :: counts(:)
    real(dp), intent(in), contiguous, target :: series(:)
    real(dp), intent(out), target :: mean, error, tau, tau_error, quality
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. alike('series', sum(counts), size(series, kind=i8), stat, errmsg)) return
    call finish(inst_autocorrelation_replicas(size(counts, kind=i8), c_loc(counts), c_loc(series), c_loc(mean), &
                                              c_loc(error), c_loc(tau), c_loc(tau_error), c_loc(quality)), stat, errmsg)
  end subroutine

  subroutine reweighting(log_weights, ess, ess_error, log_z, log_z_error, stat, errmsg)
    real(dp), intent(in), contiguous, target :: log_weights(:)
    real(dp), intent(out), target :: ess, ess_error, log_z, log_z_error
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    call finish(inst_reweighting(size(log_weights, kind=i8), c_loc(log_weights), c_loc(ess), c_loc(ess_error), &
                                 c_loc(log_z), c_loc(log_z_error)), stat, errmsg)
  end subroutine

  subroutine reweighting_tail(log_weights, tail_shape, stat, errmsg)
    real(dp), intent(in), contiguous, target :: log_weights(:)
    real(dp), intent(out), target :: tail_shape
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    call finish(inst_reweighting_tail(size(log_weights, kind=i8), c_loc(log_weights), c_loc(tail_shape)), stat, errmsg)
  end subroutine

  ! log Z and divergences from log weights of the model's samples and of a chain's fields.
  subroutine reweighting_two_sided(log_weights, chain_log_weights, report, stat, errmsg)
    real(dp), intent(in), contiguous, target :: log_weights(:), chain_log_weights(:)
    type(inst_two_sided_report), intent(out), target :: report
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    report%struct_size = c_sizeof(report)
    call finish(inst_reweighting_two_sided(size(log_weights, kind=i8), c_loc(log_weights), &
                                           size(chain_log_weights, kind=i8), c_loc(chain_log_weights), c_loc(report)), &
                stat, errmsg)
  end subroutine

  ! Kullback-Leibler divergence of a model for each of `sites` sites, where log Z is known.
  subroutine kl_per_site(log_weights, log_z, sites, kl, kl_error, stat, errmsg)
    real(dp), intent(in), contiguous, target :: log_weights(:)
    real(dp), intent(in) :: log_z
    integer(i8), intent(in) :: sites
    real(dp), intent(out), target :: kl, kl_error
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    call finish(inst_kl_per_site(size(log_weights, kind=i8), c_loc(log_weights), log_z, sites, c_loc(kl), &
                                 c_loc(kl_error)), stat, errmsg)
  end subroutine

  ! Effective sample sizes of the first counts(k) samples.
  subroutine reweighting_nested(log_weights, counts, ess, ess_error, stat, errmsg)
    real(dp), intent(in), contiguous, target :: log_weights(:)
    integer(i8), intent(in), contiguous, target :: counts(:)
    real(dp), intent(inout), contiguous, target :: ess(:), ess_error(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. alike('ess', size(counts, kind=i8), size(ess, kind=i8), stat, errmsg)) return
    if (.not. alike('ess_error', size(counts, kind=i8), size(ess_error, kind=i8), stat, errmsg)) return
    call finish(inst_reweighting_nested(size(log_weights, kind=i8), c_loc(log_weights), size(counts, kind=i8), &
                                        c_loc(counts), c_loc(ess), c_loc(ess_error)), stat, errmsg)
  end subroutine

  ! Average of an observable from weighted samples, or its difference to one of a coarser theory from the coarse sites of
  ! the same samples.
  subroutine reweighting_mean(log_weights, observable, mean, error, coarse_log_weights, coarse_observable, stat, errmsg)
    real(dp), intent(in), contiguous, target :: log_weights(:), observable(:)
    real(dp), intent(out), target :: mean, error
    real(dp), intent(in), contiguous, optional, target :: coarse_log_weights(:), coarse_observable(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    type(c_ptr) :: weights, values
    integer(i8) :: count
    count = size(log_weights, kind=i8)
    weights = c_null_ptr
    values = c_null_ptr
    if (.not. alike('observable', count, size(observable, kind=i8), stat, errmsg)) return
    if (present(coarse_log_weights)) then
      if (.not. alike('coarse_log_weights', count, size(coarse_log_weights, kind=i8), stat, errmsg)) return
      weights = c_loc(coarse_log_weights)
    end if
    if (present(coarse_observable)) then
      if (.not. alike('coarse_observable', count, size(coarse_observable, kind=i8), stat, errmsg)) return
      values = c_loc(coarse_observable)
    end if
    call finish(inst_reweighting_mean(count, c_loc(log_weights), c_loc(observable), weights, values, c_loc(mean), &
                                      c_loc(error)), stat, errmsg)
  end subroutine

  ! Effective sample size of a model and <log p - log q> from fields of a chain, with their log Z or an exact one.
  subroutine reweighting_forward(chain_log_weights, ess, ess_error, kl, kl_error, log_z, stat, errmsg)
    real(dp), intent(in), contiguous, target :: chain_log_weights(:)
    real(dp), intent(out), target :: ess, ess_error, kl, kl_error
    real(dp), intent(in), optional, target :: log_z
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    type(c_ptr) :: known
    known = c_null_ptr
    if (present(log_z)) known = c_loc(log_z)
    call finish(inst_reweighting_forward(size(chain_log_weights, kind=i8), c_loc(chain_log_weights), known, c_loc(ess), &
                                         c_loc(ess_error), c_loc(kl), c_loc(kl_error)), stat, errmsg)
  end subroutine

  ! Share of a chain's fields with a label above 0, and the probability of one at least as far from the expected share.
  subroutine mode_balance(labels, expected_share, share, share_error, probability, stat, errmsg)
    real(dp), intent(in), contiguous, target :: labels(:)
    real(dp), intent(in) :: expected_share
    real(dp), intent(out), target :: share, share_error, probability
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    call finish(inst_mode_balance(size(labels, kind=i8), c_loc(labels), expected_share, c_loc(share), &
                                  c_loc(share_error), c_loc(probability)), stat, errmsg)
  end subroutine

  ! The same for independent fields, such as samples of a model.
  subroutine mode_balance_independent(labels, expected_share, share, share_error, probability, stat, errmsg)
    real(dp), intent(in), contiguous, target :: labels(:)
    real(dp), intent(in) :: expected_share
    real(dp), intent(out), target :: share, share_error, probability
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    call finish(inst_mode_balance_independent(size(labels, kind=i8), c_loc(labels), expected_share, c_loc(share), &
                                              c_loc(share_error), c_loc(probability)), stat, errmsg)
  end subroutine

  ! ---- gauge fields -----------------------------------------------------------------------------

  subroutine gauge_new(self, lattice, spec, stat, errmsg)
    class(inst_gauge), intent(inout) :: self
    type(inst_lattice), intent(in) :: lattice
    character(*), intent(in), optional :: spec
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    character(kind=c_char), allocatable, target :: text(:)
    type(c_ptr), target :: object
    integer(c_int32_t) :: status
    allocate (text, source=letters(spec))
    object = c_null_ptr
    status = inst_gauge_new(lattice%object, c_loc(text), c_loc(object))
    call take(self, 7, object, lattice)
    call finish(status, stat, errmsg)
  end subroutine

  subroutine gauge_links_3(self, links, stat, errmsg)
    class(inst_gauge), intent(in) :: self
    complex(dp), intent(out), contiguous, target :: links(:,:,:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. fits(self, 'links', 2 * size(links, kind=i8), 1_i8, stat, errmsg)) return
    call finish(inst_gauge_links(self%object, c_loc(links)), stat, errmsg)
  end subroutine

  subroutine gauge_set_links_3(self, links, stat, errmsg)
    class(inst_gauge), intent(inout) :: self
    complex(dp), intent(in), contiguous, target :: links(:,:,:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. fits(self, 'links', 2 * size(links, kind=i8), 1_i8, stat, errmsg)) return
    call finish(inst_gauge_set_links(self%object, c_loc(links)), stat, errmsg)
  end subroutine

  ! Links that need not be in the group, or are put onto it: "{verify: false}", "{project: true}".
  subroutine gauge_set_links_with_3(self, links, spec, stat, errmsg)
    class(inst_gauge), intent(inout) :: self
    complex(dp), intent(in), contiguous, target :: links(:,:,:)
    character(*), intent(in) :: spec
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    character(kind=c_char), allocatable, target :: text(:)
    if (.not. fits(self, 'links', 2 * size(links, kind=i8), 1_i8, stat, errmsg)) return
    allocate (text, source=letters(spec))
    call finish(inst_gauge_set_links_with(self%object, c_loc(links), c_loc(text)), stat, errmsg)
  end subroutine

  subroutine gauge_links_4(self, links, stat, errmsg)
    class(inst_gauge), intent(in) :: self
    complex(dp), intent(out), contiguous, target :: links(:,:,:,:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. fits(self, 'links', 2 * size(links, kind=i8), 1_i8, stat, errmsg)) return
    call finish(inst_gauge_links(self%object, c_loc(links)), stat, errmsg)
  end subroutine

  subroutine gauge_set_links_4(self, links, stat, errmsg)
    class(inst_gauge), intent(inout) :: self
    complex(dp), intent(in), contiguous, target :: links(:,:,:,:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. fits(self, 'links', 2 * size(links, kind=i8), 1_i8, stat, errmsg)) return
    call finish(inst_gauge_set_links(self%object, c_loc(links)), stat, errmsg)
  end subroutine

  ! Links that need not be in the group, or are put onto it: "{verify: false}", "{project: true}".
  subroutine gauge_set_links_with_4(self, links, spec, stat, errmsg)
    class(inst_gauge), intent(inout) :: self
    complex(dp), intent(in), contiguous, target :: links(:,:,:,:)
    character(*), intent(in) :: spec
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    character(kind=c_char), allocatable, target :: text(:)
    if (.not. fits(self, 'links', 2 * size(links, kind=i8), 1_i8, stat, errmsg)) return
    allocate (text, source=letters(spec))
    call finish(inst_gauge_set_links_with(self%object, c_loc(links), c_loc(text)), stat, errmsg)
  end subroutine

  subroutine gauge_links_5(self, links, stat, errmsg)
    class(inst_gauge), intent(in) :: self
    complex(dp), intent(out), contiguous, target :: links(:,:,:,:,:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. fits(self, 'links', 2 * size(links, kind=i8), 1_i8, stat, errmsg)) return
    call finish(inst_gauge_links(self%object, c_loc(links)), stat, errmsg)
  end subroutine

  subroutine gauge_set_links_5(self, links, stat, errmsg)
    class(inst_gauge), intent(inout) :: self
    complex(dp), intent(in), contiguous, target :: links(:,:,:,:,:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. fits(self, 'links', 2 * size(links, kind=i8), 1_i8, stat, errmsg)) return
    call finish(inst_gauge_set_links(self%object, c_loc(links)), stat, errmsg)
  end subroutine

  ! Links that need not be in the group, or are put onto it: "{verify: false}", "{project: true}".
  subroutine gauge_set_links_with_5(self, links, spec, stat, errmsg)
    class(inst_gauge), intent(inout) :: self
    complex(dp), intent(in), contiguous, target :: links(:,:,:,:,:)
    character(*), intent(in) :: spec
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    character(kind=c_char), allocatable, target :: text(:)
    if (.not. fits(self, 'links', 2 * size(links, kind=i8), 1_i8, stat, errmsg)) return
    allocate (text, source=letters(spec))
    call finish(inst_gauge_set_links_with(self%object, c_loc(links), c_loc(text)), stat, errmsg)
  end subroutine

  subroutine gauge_links_6(self, links, stat, errmsg)
    class(inst_gauge), intent(in) :: self
    complex(dp), intent(out), contiguous, target :: links(:,:,:,:,:,:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. fits(self, 'links', 2 * size(links, kind=i8), 1_i8, stat, errmsg)) return
    call finish(inst_gauge_links(self%object, c_loc(links)), stat, errmsg)
  end subroutine

  subroutine gauge_set_links_6(self, links, stat, errmsg)
    class(inst_gauge), intent(inout) :: self
    complex(dp), intent(in), contiguous, target :: links(:,:,:,:,:,:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. fits(self, 'links', 2 * size(links, kind=i8), 1_i8, stat, errmsg)) return
    call finish(inst_gauge_set_links(self%object, c_loc(links)), stat, errmsg)
  end subroutine

  ! Links that need not be in the group, or are put onto it: "{verify: false}", "{project: true}".
  subroutine gauge_set_links_with_6(self, links, spec, stat, errmsg)
    class(inst_gauge), intent(inout) :: self
    complex(dp), intent(in), contiguous, target :: links(:,:,:,:,:,:)
    character(*), intent(in) :: spec
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    character(kind=c_char), allocatable, target :: text(:)
    if (.not. fits(self, 'links', 2 * size(links, kind=i8), 1_i8, stat, errmsg)) return
    allocate (text, source=letters(spec))
    call finish(inst_gauge_set_links_with(self%object, c_loc(links), c_loc(text)), stat, errmsg)
  end subroutine

  subroutine gauge_links_7(self, links, stat, errmsg)
    class(inst_gauge), intent(in) :: self
    complex(dp), intent(out), contiguous, target :: links(:,:,:,:,:,:,:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. fits(self, 'links', 2 * size(links, kind=i8), 1_i8, stat, errmsg)) return
    call finish(inst_gauge_links(self%object, c_loc(links)), stat, errmsg)
  end subroutine

  subroutine gauge_set_links_7(self, links, stat, errmsg)
    class(inst_gauge), intent(inout) :: self
    complex(dp), intent(in), contiguous, target :: links(:,:,:,:,:,:,:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. fits(self, 'links', 2 * size(links, kind=i8), 1_i8, stat, errmsg)) return
    call finish(inst_gauge_set_links(self%object, c_loc(links)), stat, errmsg)
  end subroutine

  ! Links that need not be in the group, or are put onto it: "{verify: false}", "{project: true}".
  subroutine gauge_set_links_with_7(self, links, spec, stat, errmsg)
    class(inst_gauge), intent(inout) :: self
    complex(dp), intent(in), contiguous, target :: links(:,:,:,:,:,:,:)
    character(*), intent(in) :: spec
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    character(kind=c_char), allocatable, target :: text(:)
    if (.not. fits(self, 'links', 2 * size(links, kind=i8), 1_i8, stat, errmsg)) return
    allocate (text, source=letters(spec))
    call finish(inst_gauge_set_links_with(self%object, c_loc(links), c_loc(text)), stat, errmsg)
  end subroutine

  subroutine gauge_read(self, path, spec, stat, errmsg)
    class(inst_gauge), intent(inout) :: self
    character(*), intent(in) :: path
    character(*), intent(in), optional :: spec
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    character(kind=c_char), allocatable, target :: name(:), text(:)
    allocate (name, source=letters(path))
    allocate (text, source=letters(spec))
    call finish(inst_gauge_read(self%object, c_loc(name), c_loc(text)), stat, errmsg)
  end subroutine

  subroutine gauge_write(self, path, spec, stat, errmsg)
    class(inst_gauge), intent(inout) :: self
    character(*), intent(in) :: path
    character(*), intent(in), optional :: spec
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    character(kind=c_char), allocatable, target :: name(:), text(:)
    allocate (name, source=letters(path))
    allocate (text, source=letters(spec))
    call finish(inst_gauge_write(self%object, c_loc(name), c_loc(text)), stat, errmsg)
  end subroutine

  ! All numbers of an observable.
  subroutine gauge_observe(self, spec, values, stat, errmsg)
    class(inst_gauge), intent(in) :: self
    character(*), intent(in) :: spec
    real(dp), intent(out), allocatable, target :: values(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    character(kind=c_char), allocatable, target :: text(:)
    integer(i8), target :: count
    integer(c_int32_t) :: status
    allocate (text, source=letters(spec))
    status = inst_gauge_observe(self%object, c_loc(text), 0_i8, c_null_ptr, c_loc(count))
    if (status == INST_OK) then
      allocate (values(count))
      status = inst_gauge_observe(self%object, c_loc(text), count, c_loc(values), c_loc(count))
    end if
    call finish(status, stat, errmsg)
  end subroutine

  subroutine gauge_smear(self, spec, stat, errmsg)
    class(inst_gauge), intent(inout) :: self
    character(*), intent(in) :: spec
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    character(kind=c_char), allocatable, target :: text(:)
    allocate (text, source=letters(spec))
    call finish(inst_gauge_smear(self%object, c_loc(text)), stat, errmsg)
  end subroutine

  ! Links from the host's memory and back; base are its base pointers, c_loc of its arrays.
  subroutine gauge_import(self, layout, base, stat, errmsg)
    class(inst_gauge), intent(inout) :: self
    type(inst_layout), intent(in) :: layout
    type(c_ptr), intent(in), contiguous, target :: base(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. has_bases(layout, base, stat, errmsg)) return
    call finish(inst_gauge_import(self%object, layout%object, c_loc(base)), stat, errmsg)
  end subroutine

  subroutine gauge_export(self, layout, base, stat, errmsg)
    class(inst_gauge), intent(inout) :: self
    type(inst_layout), intent(in) :: layout
    type(c_ptr), intent(in), contiguous, target :: base(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. has_bases(layout, base, stat, errmsg)) return
    call finish(inst_gauge_export(self%object, layout%object, c_loc(base)), stat, errmsg)
  end subroutine

  ! ---- layouts ----------------------------------------------------------------------------------

  ! sites: the first number of each site, with strides.
  subroutine layout_new(self, lattice, spec, sites, stat, errmsg)
    class(inst_layout), intent(inout) :: self
    type(inst_lattice), intent(in) :: lattice
    character(*), intent(in), optional :: spec
    integer(i8), intent(in), contiguous, target, optional :: sites(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    character(kind=c_char), allocatable, target :: text(:)
    type(c_ptr), target :: object
    integer(c_int32_t) :: status
    allocate (text, source=letters(spec))
    object = c_null_ptr
    if (present(sites)) then
      if (.not. alike('sites', lattice%volume, size(sites, kind=i8), stat, errmsg)) return
      status = inst_layout_new_with_sites(lattice%object, c_loc(text), c_loc(sites), c_loc(object))
    else
      status = inst_layout_new(lattice%object, c_loc(text), c_loc(object))
    end if
    call take(self, 8, object, lattice)
    call finish(status, stat, errmsg)
  end subroutine

  subroutine layout_size(self, bases, bytes, stat, errmsg)
    class(inst_layout), intent(in) :: self
    integer(c_int32_t), intent(out), target :: bases
    integer(i8), intent(out), target :: bytes
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    call finish(inst_layout_size(self%object, c_loc(bases), c_loc(bytes)), stat, errmsg)
  end subroutine

  ! All indices from 0, as in C.
  subroutine layout_offset(self, x, mu, row, column, imaginary, base, offset, stat, errmsg)
    class(inst_layout), intent(in) :: self
    integer(i8), intent(in), contiguous, target :: x(:)
    integer(c_int32_t), intent(in) :: mu, row, column, imaginary
    integer(c_int32_t), intent(out), target :: base
    integer(i8), intent(out), target :: offset
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. alike('x', int(self%dimensions, i8), size(x, kind=i8), stat, errmsg)) return
    call finish(inst_layout_offset(self%object, c_loc(x), mu, row, column, imaginary, c_loc(base), c_loc(offset)), &
                stat, errmsg)
  end subroutine

  ! A real field from the host's memory and back; base are its base pointers, c_loc of its arrays.
  subroutine layout_import_1(self, base, field, stat, errmsg)
    class(inst_layout), intent(in) :: self
    type(c_ptr), intent(in), contiguous, target :: base(:)
    real(dp), intent(inout), contiguous, target :: field(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. fits(self, 'field', size(field, kind=i8), 1_i8, stat, errmsg)) return
    if (.not. has_bases(self, base, stat, errmsg)) return
    call finish(inst_layout_import(self%object, c_loc(base), c_loc(field)), stat, errmsg)
  end subroutine

  subroutine layout_export_1(self, field, base, stat, errmsg)
    class(inst_layout), intent(in) :: self
    real(dp), intent(in), contiguous, target :: field(:)
    type(c_ptr), intent(in), contiguous, target :: base(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. fits(self, 'field', size(field, kind=i8), 1_i8, stat, errmsg)) return
    if (.not. has_bases(self, base, stat, errmsg)) return
    call finish(inst_layout_export(self%object, c_loc(field), c_loc(base)), stat, errmsg)
  end subroutine

  ! A real field from the host's memory and back; base are its base pointers, c_loc of its arrays.
  subroutine layout_import_2(self, base, field, stat, errmsg)
    class(inst_layout), intent(in) :: self
    type(c_ptr), intent(in), contiguous, target :: base(:)
    real(dp), intent(inout), contiguous, target :: field(:,:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. fits(self, 'field', size(field, kind=i8), 1_i8, stat, errmsg)) return
    if (.not. has_bases(self, base, stat, errmsg)) return
    call finish(inst_layout_import(self%object, c_loc(base), c_loc(field)), stat, errmsg)
  end subroutine

  subroutine layout_export_2(self, field, base, stat, errmsg)
    class(inst_layout), intent(in) :: self
    real(dp), intent(in), contiguous, target :: field(:,:)
    type(c_ptr), intent(in), contiguous, target :: base(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. fits(self, 'field', size(field, kind=i8), 1_i8, stat, errmsg)) return
    if (.not. has_bases(self, base, stat, errmsg)) return
    call finish(inst_layout_export(self%object, c_loc(field), c_loc(base)), stat, errmsg)
  end subroutine

  ! A real field from the host's memory and back; base are its base pointers, c_loc of its arrays.
  subroutine layout_import_3(self, base, field, stat, errmsg)
    class(inst_layout), intent(in) :: self
    type(c_ptr), intent(in), contiguous, target :: base(:)
    real(dp), intent(inout), contiguous, target :: field(:,:,:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. fits(self, 'field', size(field, kind=i8), 1_i8, stat, errmsg)) return
    if (.not. has_bases(self, base, stat, errmsg)) return
    call finish(inst_layout_import(self%object, c_loc(base), c_loc(field)), stat, errmsg)
  end subroutine

  subroutine layout_export_3(self, field, base, stat, errmsg)
    class(inst_layout), intent(in) :: self
    real(dp), intent(in), contiguous, target :: field(:,:,:)
    type(c_ptr), intent(in), contiguous, target :: base(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. fits(self, 'field', size(field, kind=i8), 1_i8, stat, errmsg)) return
    if (.not. has_bases(self, base, stat, errmsg)) return
    call finish(inst_layout_export(self%object, c_loc(field), c_loc(base)), stat, errmsg)
  end subroutine

  ! A real field from the host's memory and back; base are its base pointers, c_loc of its arrays.
  subroutine layout_import_4(self, base, field, stat, errmsg)
    class(inst_layout), intent(in) :: self
    type(c_ptr), intent(in), contiguous, target :: base(:)
    real(dp), intent(inout), contiguous, target :: field(:,:,:,:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. fits(self, 'field', size(field, kind=i8), 1_i8, stat, errmsg)) return
    if (.not. has_bases(self, base, stat, errmsg)) return
    call finish(inst_layout_import(self%object, c_loc(base), c_loc(field)), stat, errmsg)
  end subroutine

  subroutine layout_export_4(self, field, base, stat, errmsg)
    class(inst_layout), intent(in) :: self
    real(dp), intent(in), contiguous, target :: field(:,:,:,:)
    type(c_ptr), intent(in), contiguous, target :: base(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. fits(self, 'field', size(field, kind=i8), 1_i8, stat, errmsg)) return
    if (.not. has_bases(self, base, stat, errmsg)) return
    call finish(inst_layout_export(self%object, c_loc(field), c_loc(base)), stat, errmsg)
  end subroutine

  subroutine layout_import_links_3(self, base, links, stat, errmsg)
    class(inst_layout), intent(in) :: self
    type(c_ptr), intent(in), contiguous, target :: base(:)
    complex(dp), intent(inout), contiguous, target :: links(:,:,:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. fits(self, 'links', 2 * size(links, kind=i8), 1_i8, stat, errmsg)) return
    if (.not. has_bases(self, base, stat, errmsg)) return
    call finish(inst_layout_import(self%object, c_loc(base), c_loc(links)), stat, errmsg)
  end subroutine

  subroutine layout_export_links_3(self, links, base, stat, errmsg)
    class(inst_layout), intent(in) :: self
    complex(dp), intent(in), contiguous, target :: links(:,:,:)
    type(c_ptr), intent(in), contiguous, target :: base(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. fits(self, 'links', 2 * size(links, kind=i8), 1_i8, stat, errmsg)) return
    if (.not. has_bases(self, base, stat, errmsg)) return
    call finish(inst_layout_export(self%object, c_loc(links), c_loc(base)), stat, errmsg)
  end subroutine

  subroutine layout_import_links_4(self, base, links, stat, errmsg)
    class(inst_layout), intent(in) :: self
    type(c_ptr), intent(in), contiguous, target :: base(:)
    complex(dp), intent(inout), contiguous, target :: links(:,:,:,:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. fits(self, 'links', 2 * size(links, kind=i8), 1_i8, stat, errmsg)) return
    if (.not. has_bases(self, base, stat, errmsg)) return
    call finish(inst_layout_import(self%object, c_loc(base), c_loc(links)), stat, errmsg)
  end subroutine

  subroutine layout_export_links_4(self, links, base, stat, errmsg)
    class(inst_layout), intent(in) :: self
    complex(dp), intent(in), contiguous, target :: links(:,:,:,:)
    type(c_ptr), intent(in), contiguous, target :: base(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. fits(self, 'links', 2 * size(links, kind=i8), 1_i8, stat, errmsg)) return
    if (.not. has_bases(self, base, stat, errmsg)) return
    call finish(inst_layout_export(self%object, c_loc(links), c_loc(base)), stat, errmsg)
  end subroutine

  subroutine layout_import_links_5(self, base, links, stat, errmsg)
    class(inst_layout), intent(in) :: self
    type(c_ptr), intent(in), contiguous, target :: base(:)
    complex(dp), intent(inout), contiguous, target :: links(:,:,:,:,:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. fits(self, 'links', 2 * size(links, kind=i8), 1_i8, stat, errmsg)) return
    if (.not. has_bases(self, base, stat, errmsg)) return
    call finish(inst_layout_import(self%object, c_loc(base), c_loc(links)), stat, errmsg)
  end subroutine

  subroutine layout_export_links_5(self, links, base, stat, errmsg)
    class(inst_layout), intent(in) :: self
    complex(dp), intent(in), contiguous, target :: links(:,:,:,:,:)
    type(c_ptr), intent(in), contiguous, target :: base(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. fits(self, 'links', 2 * size(links, kind=i8), 1_i8, stat, errmsg)) return
    if (.not. has_bases(self, base, stat, errmsg)) return
    call finish(inst_layout_export(self%object, c_loc(links), c_loc(base)), stat, errmsg)
  end subroutine

  subroutine layout_import_links_6(self, base, links, stat, errmsg)
    class(inst_layout), intent(in) :: self
    type(c_ptr), intent(in), contiguous, target :: base(:)
    complex(dp), intent(inout), contiguous, target :: links(:,:,:,:,:,:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. fits(self, 'links', 2 * size(links, kind=i8), 1_i8, stat, errmsg)) return
    if (.not. has_bases(self, base, stat, errmsg)) return
    call finish(inst_layout_import(self%object, c_loc(base), c_loc(links)), stat, errmsg)
  end subroutine

  subroutine layout_export_links_6(self, links, base, stat, errmsg)
    class(inst_layout), intent(in) :: self
    complex(dp), intent(in), contiguous, target :: links(:,:,:,:,:,:)
    type(c_ptr), intent(in), contiguous, target :: base(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. fits(self, 'links', 2 * size(links, kind=i8), 1_i8, stat, errmsg)) return
    if (.not. has_bases(self, base, stat, errmsg)) return
    call finish(inst_layout_export(self%object, c_loc(links), c_loc(base)), stat, errmsg)
  end subroutine

  subroutine layout_import_links_7(self, base, links, stat, errmsg)
    class(inst_layout), intent(in) :: self
    type(c_ptr), intent(in), contiguous, target :: base(:)
    complex(dp), intent(inout), contiguous, target :: links(:,:,:,:,:,:,:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. fits(self, 'links', 2 * size(links, kind=i8), 1_i8, stat, errmsg)) return
    if (.not. has_bases(self, base, stat, errmsg)) return
    call finish(inst_layout_import(self%object, c_loc(base), c_loc(links)), stat, errmsg)
  end subroutine

  subroutine layout_export_links_7(self, links, base, stat, errmsg)
    class(inst_layout), intent(in) :: self
    complex(dp), intent(in), contiguous, target :: links(:,:,:,:,:,:,:)
    type(c_ptr), intent(in), contiguous, target :: base(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. fits(self, 'links', 2 * size(links, kind=i8), 1_i8, stat, errmsg)) return
    if (.not. has_bases(self, base, stat, errmsg)) return
    call finish(inst_layout_export(self%object, c_loc(links), c_loc(base)), stat, errmsg)
  end subroutine

  function has_bases(layout, base, stat, errmsg)
    class(inst_layout), intent(in) :: layout
    type(c_ptr), intent(in) :: base(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    logical :: has_bases
    integer(c_int32_t), target :: bases
    integer(i8), target :: bytes
    integer(c_int32_t) :: status
    status = inst_layout_size(layout%object, c_loc(bases), c_loc(bytes))
    has_bases = status == INST_OK
    if (has_bases) then
      has_bases = alike('base', int(bases, i8), size(base, kind=i8), stat, errmsg)
    else
      call finish(status, stat, errmsg)
    end if
  end function

  ! ---- ladders ----------------------------------------------------------------------------------

  subroutine ladder_new(self, lattice, spec, stat, errmsg)
    class(inst_ladder), intent(inout) :: self
    type(inst_lattice), intent(in) :: lattice
    character(*), intent(in), optional :: spec
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    character(kind=c_char), allocatable, target :: text(:)
    type(c_ptr), target :: object
    integer(c_int32_t) :: status
    allocate (text, source=letters(spec))
    object = c_null_ptr
    status = inst_ladder_new(lattice%object, c_loc(text), c_loc(object))
    call take(self, 10, object, lattice)
    call finish(status, stat, errmsg)
  end subroutine

  ! The number of replicas, and that of the swaps made.
  subroutine ladder_state(self, replicas, counter, stat, errmsg)
    class(inst_ladder), intent(in) :: self
    integer(i8), intent(out), target :: replicas, counter
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    call finish(inst_ladder_state(self%object, c_loc(replicas), c_loc(counter)), stat, errmsg)
  end subroutine

  ! Rung and strength of a replica, the strength of its partner in the next swap, and the first site of its defect, from 0.
  subroutine ladder_replica(self, replica, rung, strength, partner, at, stat, errmsg)
    class(inst_ladder), intent(in) :: self
    integer(i8), intent(in) :: replica
    integer(i8), intent(out), target :: rung
    real(dp), intent(out), target :: strength, partner
    integer(i8), intent(out), contiguous, target :: at(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. alike('at', int(self%dimensions, i8), size(at, kind=i8), stat, errmsg)) return
    call finish(inst_ladder_replica(self%object, replica, c_loc(rung), c_loc(strength), c_loc(partner), c_loc(at)), &
                stat, errmsg)
  end subroutine

  ! Factors of the links of a direction, or weights of the plaquettes of a plane, into the host's memory by a layout.
  subroutine ladder_link_factors(self, replica, strength, mu, layout, base, stat, errmsg)
    class(inst_ladder), intent(in) :: self
    integer(i8), intent(in) :: replica
    real(dp), intent(in) :: strength
    integer(c_int32_t), intent(in) :: mu
    type(inst_layout), intent(in) :: layout
    type(c_ptr), intent(in), contiguous, target :: base(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. has_bases(layout, base, stat, errmsg)) return
    call finish(inst_ladder_link_factors(self%object, replica, strength, mu, layout%object, c_loc(base)), stat, errmsg)
  end subroutine

  subroutine ladder_plaquette_weights(self, replica, strength, mu, nu, layout, base, stat, errmsg)
    class(inst_ladder), intent(in) :: self
    integer(i8), intent(in) :: replica
    real(dp), intent(in) :: strength
    integer(c_int32_t), intent(in) :: mu, nu
    type(inst_layout), intent(in) :: layout
    type(c_ptr), intent(in), contiguous, target :: base(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. has_bases(layout, base, stat, errmsg)) return
    call finish(inst_ladder_plaquette_weights(self%object, replica, strength, mu, nu, layout%object, c_loc(base)), &
                stat, errmsg)
  end subroutine

  ! The same into an array of one number for each site.
  subroutine ladder_link_factors_1(self, replica, strength, mu, factors, stat, errmsg)
    class(inst_ladder), intent(in) :: self
    integer(i8), intent(in) :: replica
    real(dp), intent(in) :: strength
    integer(c_int32_t), intent(in) :: mu
    real(dp), intent(out), contiguous, target :: factors(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    type(c_ptr), target :: base(1)
    if (.not. fits(self, 'factors', size(factors, kind=i8), 1_i8, stat, errmsg)) return
    base(1) = c_loc(factors)
    call finish(inst_ladder_link_factors(self%object, replica, strength, mu, c_null_ptr, c_loc(base)), stat, errmsg)
  end subroutine

  subroutine ladder_plaquette_weights_1(self, replica, strength, mu, nu, weights, stat, errmsg)
    class(inst_ladder), intent(in) :: self
    integer(i8), intent(in) :: replica
    real(dp), intent(in) :: strength
    integer(c_int32_t), intent(in) :: mu, nu
    real(dp), intent(out), contiguous, target :: weights(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    type(c_ptr), target :: base(1)
    if (.not. fits(self, 'weights', size(weights, kind=i8), 1_i8, stat, errmsg)) return
    base(1) = c_loc(weights)
    call finish(inst_ladder_plaquette_weights(self%object, replica, strength, mu, nu, c_null_ptr, c_loc(base)), &
                stat, errmsg)
  end subroutine

  ! The same into an array of one number for each site.
  subroutine ladder_link_factors_2(self, replica, strength, mu, factors, stat, errmsg)
    class(inst_ladder), intent(in) :: self
    integer(i8), intent(in) :: replica
    real(dp), intent(in) :: strength
    integer(c_int32_t), intent(in) :: mu
    real(dp), intent(out), contiguous, target :: factors(:,:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    type(c_ptr), target :: base(1)
    if (.not. fits(self, 'factors', size(factors, kind=i8), 1_i8, stat, errmsg)) return
    base(1) = c_loc(factors)
    call finish(inst_ladder_link_factors(self%object, replica, strength, mu, c_null_ptr, c_loc(base)), stat, errmsg)
  end subroutine

  subroutine ladder_plaquette_weights_2(self, replica, strength, mu, nu, weights, stat, errmsg)
    class(inst_ladder), intent(in) :: self
    integer(i8), intent(in) :: replica
    real(dp), intent(in) :: strength
    integer(c_int32_t), intent(in) :: mu, nu
    real(dp), intent(out), contiguous, target :: weights(:,:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    type(c_ptr), target :: base(1)
    if (.not. fits(self, 'weights', size(weights, kind=i8), 1_i8, stat, errmsg)) return
    base(1) = c_loc(weights)
    call finish(inst_ladder_plaquette_weights(self%object, replica, strength, mu, nu, c_null_ptr, c_loc(base)), &
                stat, errmsg)
  end subroutine

  ! The same into an array of one number for each site.
  subroutine ladder_link_factors_3(self, replica, strength, mu, factors, stat, errmsg)
    class(inst_ladder), intent(in) :: self
    integer(i8), intent(in) :: replica
    real(dp), intent(in) :: strength
    integer(c_int32_t), intent(in) :: mu
    real(dp), intent(out), contiguous, target :: factors(:,:,:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    type(c_ptr), target :: base(1)
    if (.not. fits(self, 'factors', size(factors, kind=i8), 1_i8, stat, errmsg)) return
    base(1) = c_loc(factors)
    call finish(inst_ladder_link_factors(self%object, replica, strength, mu, c_null_ptr, c_loc(base)), stat, errmsg)
  end subroutine

  subroutine ladder_plaquette_weights_3(self, replica, strength, mu, nu, weights, stat, errmsg)
    class(inst_ladder), intent(in) :: self
    integer(i8), intent(in) :: replica
    real(dp), intent(in) :: strength
    integer(c_int32_t), intent(in) :: mu, nu
    real(dp), intent(out), contiguous, target :: weights(:,:,:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    type(c_ptr), target :: base(1)
    if (.not. fits(self, 'weights', size(weights, kind=i8), 1_i8, stat, errmsg)) return
    base(1) = c_loc(weights)
    call finish(inst_ladder_plaquette_weights(self%object, replica, strength, mu, nu, c_null_ptr, c_loc(base)), &
                stat, errmsg)
  end subroutine

  ! The same into an array of one number for each site.
  subroutine ladder_link_factors_4(self, replica, strength, mu, factors, stat, errmsg)
    class(inst_ladder), intent(in) :: self
    integer(i8), intent(in) :: replica
    real(dp), intent(in) :: strength
    integer(c_int32_t), intent(in) :: mu
    real(dp), intent(out), contiguous, target :: factors(:,:,:,:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    type(c_ptr), target :: base(1)
    if (.not. fits(self, 'factors', size(factors, kind=i8), 1_i8, stat, errmsg)) return
    base(1) = c_loc(factors)
    call finish(inst_ladder_link_factors(self%object, replica, strength, mu, c_null_ptr, c_loc(base)), stat, errmsg)
  end subroutine

  subroutine ladder_plaquette_weights_4(self, replica, strength, mu, nu, weights, stat, errmsg)
    class(inst_ladder), intent(in) :: self
    integer(i8), intent(in) :: replica
    real(dp), intent(in) :: strength
    integer(c_int32_t), intent(in) :: mu, nu
    real(dp), intent(out), contiguous, target :: weights(:,:,:,:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    type(c_ptr), target :: base(1)
    if (.not. fits(self, 'weights', size(weights, kind=i8), 1_i8, stat, errmsg)) return
    base(1) = c_loc(weights)
    call finish(inst_ladder_plaquette_weights(self%object, replica, strength, mu, nu, c_null_ptr, c_loc(base)), &
                stat, errmsg)
  end subroutine

  ! What S of a replica's links in the host's memory changes by at the strength of its partner.
  subroutine ladder_difference(self, replica, layout, base, difference, stat, errmsg)
    class(inst_ladder), intent(in) :: self
    integer(i8), intent(in) :: replica
    type(inst_layout), intent(in) :: layout
    type(c_ptr), intent(in), contiguous, target :: base(:)
    real(dp), intent(out), target :: difference
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. has_bases(layout, base, stat, errmsg)) return
    call finish(inst_ladder_difference(self%object, replica, layout%object, c_loc(base), c_loc(difference)), stat, errmsg)
  end subroutine

  ! Decides on swaps from the differences of all replicas, or of those listed, which this rank has.
  subroutine ladder_swap(self, differences, replicas, stat, errmsg)
    class(inst_ladder), intent(inout) :: self
    real(dp), intent(in), contiguous, target :: differences(:)
    integer(i8), intent(in), contiguous, target, optional :: replicas(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    type(c_ptr) :: listed
    listed = c_null_ptr
    if (present(replicas)) then
      if (.not. alike('replicas', size(differences, kind=i8), size(replicas, kind=i8), stat, errmsg)) return
      listed = c_loc(replicas)
    end if
    call finish(inst_ladder_swap(self%object, size(differences, kind=i8), listed, c_loc(differences)), stat, errmsg)
  end subroutine

  ! Decides together with other ranks, by functions of the host (bindings/mpi fills them in from MPI).
  subroutine ladder_connect(self, communicator, stat, errmsg)
    class(inst_ladder), intent(inout) :: self
    type(inst_communicator), intent(in), target :: communicator
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    call finish(inst_ladder_connect(self%object, c_loc(communicator)), stat, errmsg)
  end subroutine

  subroutine ladder_save(self, path, stat, errmsg)
    class(inst_ladder), intent(inout) :: self
    character(*), intent(in) :: path
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    character(kind=c_char), allocatable, target :: text(:)
    allocate (text, source=letters(path))
    call finish(inst_ladder_save(self%object, c_loc(text)), stat, errmsg)
  end subroutine

  subroutine ladder_load(self, path, stat, errmsg)
    class(inst_ladder), intent(inout) :: self
    character(*), intent(in) :: path
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    character(kind=c_char), allocatable, target :: text(:)
    allocate (text, source=letters(path))
    call finish(inst_ladder_load(self%object, c_loc(text)), stat, errmsg)
  end subroutine

  ! ---- Dirac operators --------------------------------------------------------------------------

  subroutine dirac_new(self, gauge, spec, stat, errmsg)
    class(inst_dirac), intent(inout) :: self
    type(inst_gauge), intent(in) :: gauge
    character(*), intent(in), optional :: spec
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    character(kind=c_char), allocatable, target :: text(:)
    type(c_ptr), target :: object
    integer(c_int32_t) :: status
    allocate (text, source=letters(spec))
    object = c_null_ptr
    status = inst_dirac_new(gauge%object, c_loc(text), c_loc(object))
    call take(self, 9, object, gauge)
    call finish(status, stat, errmsg)
  end subroutine

  subroutine dirac_new_improved(self, fat, longer, mass, stat, errmsg)
    class(inst_dirac), intent(inout) :: self
    type(inst_gauge), intent(in) :: fat, longer
    real(dp), intent(in) :: mass
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    type(c_ptr), target :: object
    integer(c_int32_t) :: status
    object = c_null_ptr
    status = inst_dirac_new_improved(fat%object, longer%object, mass, c_loc(object))
    call take(self, 9, object, fat)
    call finish(status, stat, errmsg)
  end subroutine

  ! 'plain', 'adjoint' or 'normal' on one spinor field or, where batch is present, on so many.
  subroutine dirac_apply_3(self, which, in, out, batch, stat, errmsg)
    class(inst_dirac), intent(in) :: self
    character(*), intent(in) :: which
    complex(dp), intent(in), contiguous, target :: in(:,:,:)
    complex(dp), intent(out), contiguous, target :: out(:,:,:)
    integer, intent(in), optional :: batch
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    character(kind=c_char), allocatable, target :: text(:)
    integer(i8) :: count
    allocate (text, source=letters(which))
    count = 1
    if (present(batch)) count = batch
    if (.not. fits(self, 'in', 2 * size(in, kind=i8), count, stat, errmsg)) return
    if (.not. alike('out', size(in, kind=i8), size(out, kind=i8), stat, errmsg)) return
    call finish(inst_dirac_apply(self%object, c_loc(text), count, c_loc(in), c_loc(out)), stat, errmsg)
  end subroutine

  subroutine dirac_solve_3(self, source, solution, spec, batch, report, stat, errmsg)
    class(inst_dirac), intent(in) :: self
    complex(dp), intent(in), contiguous, target :: source(:,:,:)
    complex(dp), intent(inout), contiguous, target :: solution(:,:,:)
    character(*), intent(in), optional :: spec
    integer, intent(in), optional :: batch
    type(inst_solve_report), intent(out), optional :: report
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    character(kind=c_char), allocatable, target :: text(:)
    type(inst_solve_report), target :: own
    integer(i8) :: count
    integer(c_int32_t) :: status
    allocate (text, source=letters(spec))
    count = 1
    if (present(batch)) count = batch
    if (.not. fits(self, 'source', 2 * size(source, kind=i8), count, stat, errmsg)) return
    if (.not. alike('solution', size(source, kind=i8), size(solution, kind=i8), stat, errmsg)) return
    own%struct_size = c_sizeof(own)
    status = inst_dirac_solve(self%object, c_loc(text), count, c_loc(source), c_loc(solution), c_loc(own))
    if (present(report)) report = own
    call finish(status, stat, errmsg)
  end subroutine

  ! 'plain', 'adjoint' or 'normal' on one spinor field or, where batch is present, on so many.
  subroutine dirac_apply_4(self, which, in, out, batch, stat, errmsg)
    class(inst_dirac), intent(in) :: self
    character(*), intent(in) :: which
    complex(dp), intent(in), contiguous, target :: in(:,:,:,:)
    complex(dp), intent(out), contiguous, target :: out(:,:,:,:)
    integer, intent(in), optional :: batch
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    character(kind=c_char), allocatable, target :: text(:)
    integer(i8) :: count
    allocate (text, source=letters(which))
    count = 1
    if (present(batch)) count = batch
    if (.not. fits(self, 'in', 2 * size(in, kind=i8), count, stat, errmsg)) return
    if (.not. alike('out', size(in, kind=i8), size(out, kind=i8), stat, errmsg)) return
    call finish(inst_dirac_apply(self%object, c_loc(text), count, c_loc(in), c_loc(out)), stat, errmsg)
  end subroutine

  subroutine dirac_solve_4(self, source, solution, spec, batch, report, stat, errmsg)
    class(inst_dirac), intent(in) :: self
    complex(dp), intent(in), contiguous, target :: source(:,:,:,:)
    complex(dp), intent(inout), contiguous, target :: solution(:,:,:,:)
    character(*), intent(in), optional :: spec
    integer, intent(in), optional :: batch
    type(inst_solve_report), intent(out), optional :: report
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    character(kind=c_char), allocatable, target :: text(:)
    type(inst_solve_report), target :: own
    integer(i8) :: count
    integer(c_int32_t) :: status
    allocate (text, source=letters(spec))
    count = 1
    if (present(batch)) count = batch
    if (.not. fits(self, 'source', 2 * size(source, kind=i8), count, stat, errmsg)) return
    if (.not. alike('solution', size(source, kind=i8), size(solution, kind=i8), stat, errmsg)) return
    own%struct_size = c_sizeof(own)
    status = inst_dirac_solve(self%object, c_loc(text), count, c_loc(source), c_loc(solution), c_loc(own))
    if (present(report)) report = own
    call finish(status, stat, errmsg)
  end subroutine

  ! 'plain', 'adjoint' or 'normal' on one spinor field or, where batch is present, on so many.
  subroutine dirac_apply_5(self, which, in, out, batch, stat, errmsg)
    class(inst_dirac), intent(in) :: self
    character(*), intent(in) :: which
    complex(dp), intent(in), contiguous, target :: in(:,:,:,:,:)
    complex(dp), intent(out), contiguous, target :: out(:,:,:,:,:)
    integer, intent(in), optional :: batch
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    character(kind=c_char), allocatable, target :: text(:)
    integer(i8) :: count
    allocate (text, source=letters(which))
    count = 1
    if (present(batch)) count = batch
    if (.not. fits(self, 'in', 2 * size(in, kind=i8), count, stat, errmsg)) return
    if (.not. alike('out', size(in, kind=i8), size(out, kind=i8), stat, errmsg)) return
    call finish(inst_dirac_apply(self%object, c_loc(text), count, c_loc(in), c_loc(out)), stat, errmsg)
  end subroutine

  subroutine dirac_solve_5(self, source, solution, spec, batch, report, stat, errmsg)
    class(inst_dirac), intent(in) :: self
    complex(dp), intent(in), contiguous, target :: source(:,:,:,:,:)
    complex(dp), intent(inout), contiguous, target :: solution(:,:,:,:,:)
    character(*), intent(in), optional :: spec
    integer, intent(in), optional :: batch
    type(inst_solve_report), intent(out), optional :: report
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    character(kind=c_char), allocatable, target :: text(:)
    type(inst_solve_report), target :: own
    integer(i8) :: count
    integer(c_int32_t) :: status
    allocate (text, source=letters(spec))
    count = 1
    if (present(batch)) count = batch
    if (.not. fits(self, 'source', 2 * size(source, kind=i8), count, stat, errmsg)) return
    if (.not. alike('solution', size(source, kind=i8), size(solution, kind=i8), stat, errmsg)) return
    own%struct_size = c_sizeof(own)
    status = inst_dirac_solve(self%object, c_loc(text), count, c_loc(source), c_loc(solution), c_loc(own))
    if (present(report)) report = own
    call finish(status, stat, errmsg)
  end subroutine

  ! 'plain', 'adjoint' or 'normal' on one spinor field or, where batch is present, on so many.
  subroutine dirac_apply_6(self, which, in, out, batch, stat, errmsg)
    class(inst_dirac), intent(in) :: self
    character(*), intent(in) :: which
    complex(dp), intent(in), contiguous, target :: in(:,:,:,:,:,:)
    complex(dp), intent(out), contiguous, target :: out(:,:,:,:,:,:)
    integer, intent(in), optional :: batch
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    character(kind=c_char), allocatable, target :: text(:)
    integer(i8) :: count
    allocate (text, source=letters(which))
    count = 1
    if (present(batch)) count = batch
    if (.not. fits(self, 'in', 2 * size(in, kind=i8), count, stat, errmsg)) return
    if (.not. alike('out', size(in, kind=i8), size(out, kind=i8), stat, errmsg)) return
    call finish(inst_dirac_apply(self%object, c_loc(text), count, c_loc(in), c_loc(out)), stat, errmsg)
  end subroutine

  subroutine dirac_solve_6(self, source, solution, spec, batch, report, stat, errmsg)
    class(inst_dirac), intent(in) :: self
    complex(dp), intent(in), contiguous, target :: source(:,:,:,:,:,:)
    complex(dp), intent(inout), contiguous, target :: solution(:,:,:,:,:,:)
    character(*), intent(in), optional :: spec
    integer, intent(in), optional :: batch
    type(inst_solve_report), intent(out), optional :: report
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    character(kind=c_char), allocatable, target :: text(:)
    type(inst_solve_report), target :: own
    integer(i8) :: count
    integer(c_int32_t) :: status
    allocate (text, source=letters(spec))
    count = 1
    if (present(batch)) count = batch
    if (.not. fits(self, 'source', 2 * size(source, kind=i8), count, stat, errmsg)) return
    if (.not. alike('solution', size(source, kind=i8), size(solution, kind=i8), stat, errmsg)) return
    own%struct_size = c_sizeof(own)
    status = inst_dirac_solve(self%object, c_loc(text), count, c_loc(source), c_loc(solution), c_loc(own))
    if (present(report)) report = own
    call finish(status, stat, errmsg)
  end subroutine

  ! 'plain', 'adjoint' or 'normal' on one spinor field or, where batch is present, on so many.
  subroutine dirac_apply_7(self, which, in, out, batch, stat, errmsg)
    class(inst_dirac), intent(in) :: self
    character(*), intent(in) :: which
    complex(dp), intent(in), contiguous, target :: in(:,:,:,:,:,:,:)
    complex(dp), intent(out), contiguous, target :: out(:,:,:,:,:,:,:)
    integer, intent(in), optional :: batch
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    character(kind=c_char), allocatable, target :: text(:)
    integer(i8) :: count
    allocate (text, source=letters(which))
    count = 1
    if (present(batch)) count = batch
    if (.not. fits(self, 'in', 2 * size(in, kind=i8), count, stat, errmsg)) return
    if (.not. alike('out', size(in, kind=i8), size(out, kind=i8), stat, errmsg)) return
    call finish(inst_dirac_apply(self%object, c_loc(text), count, c_loc(in), c_loc(out)), stat, errmsg)
  end subroutine

  subroutine dirac_solve_7(self, source, solution, spec, batch, report, stat, errmsg)
    class(inst_dirac), intent(in) :: self
    complex(dp), intent(in), contiguous, target :: source(:,:,:,:,:,:,:)
    complex(dp), intent(inout), contiguous, target :: solution(:,:,:,:,:,:,:)
    character(*), intent(in), optional :: spec
    integer, intent(in), optional :: batch
    type(inst_solve_report), intent(out), optional :: report
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    character(kind=c_char), allocatable, target :: text(:)
    type(inst_solve_report), target :: own
    integer(i8) :: count
    integer(c_int32_t) :: status
    allocate (text, source=letters(spec))
    count = 1
    if (present(batch)) count = batch
    if (.not. fits(self, 'source', 2 * size(source, kind=i8), count, stat, errmsg)) return
    if (.not. alike('solution', size(source, kind=i8), size(solution, kind=i8), stat, errmsg)) return
    own%struct_size = c_sizeof(own)
    status = inst_dirac_solve(self%object, c_loc(text), count, c_loc(source), c_loc(solution), c_loc(own))
    if (present(report)) report = own
    call finish(status, stat, errmsg)
  end subroutine

  ! Values at an end of a spectrum, and their residuals: for `of: 'dirac'` values hold two numbers each.
  subroutine dirac_spectrum(self, spec, count, values, residuals, vectors, stat, errmsg)
    class(inst_dirac), intent(in) :: self
    character(*), intent(in) :: spec
    integer, intent(in) :: count
    real(dp), intent(out), contiguous, target :: values(:)
    real(dp), intent(out), contiguous, target, optional :: residuals(:)
    type(c_ptr), intent(in), optional :: vectors  ! address of count spinor fields
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    character(kind=c_char), allocatable, target :: text(:)
    type(c_ptr) :: to_vectors
    allocate (text, source=letters(spec))
    to_vectors = c_null_ptr
    if (present(vectors)) to_vectors = vectors
    if (size(values) /= merge(2, 1, index(spec, "'dirac'") > 0 .or. index(spec, 'of') == 0) * count) then
      call finish(INST_BAD_SHAPE, stat, errmsg, 'values: expected count numbers, and twice as many for ''dirac''')
      return
    end if
    if (present(residuals)) then
      if (.not. alike('residuals', int(count, i8), size(residuals, kind=i8), stat, errmsg)) return
      call finish(inst_dirac_spectrum_with_residuals(self%object, c_loc(text), int(count, i8), c_loc(values), to_vectors, &
                                                     c_loc(residuals)), stat, errmsg)
    else
      call finish(inst_dirac_spectrum(self%object, c_loc(text), int(count, i8), c_loc(values), to_vectors), stat, errmsg)
    end if
  end subroutine

end module
