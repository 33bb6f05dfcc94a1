! Two-flavour hybrid Monte Carlo for the Schwinger model, QED in two dimensions with Wilson fermions.
!
!   schwinger [LENGTH [BETA [KAPPA [TRAJECTORIES]]]]        (8  2.0  0.26  400; at least 20 trajectories)
!
! The program is a hybrid Monte Carlo code of its own: angles theta, momenta, random numbers, the gauge action and its
! force, leapfrog, accept and reject. What it adds to its monomials comes from the library: pseudofermions drawn for
! its links, their action and their force (inst_action_refresh, _value, _gradient), and solves for the pion
! correlator (inst_dirac_solve).
!
!   S = beta sum_P (1 - cos theta_P) + |A^-1 phi|^2,   |det A|^2 that of D on the whole lattice
!   D = 1 / (2 kappa) - (hopping term) / 2, fermions antiperiodic in time
!
! It prints plaquette, <exp(-dH)>, acceptance, and the pion correlator sum_x |D^-1(t, 0)|^2 with the effective mass.
module instanton_interfaces
  use, intrinsic :: iso_c_binding, only: c_char, c_double, c_int, c_int32_t, c_int64_t, c_ptr, c_size_t
  implicit none
  interface
    function inst_last_error() bind(c) result(text)
      import :: c_ptr
      type(c_ptr) :: text
    end function
    function inst_context_new(spec, context) bind(c) result(status)
      import :: c_char, c_int32_t, c_ptr
      character(kind=c_char), intent(in) :: spec(*)
      type(c_ptr), intent(out) :: context
      integer(c_int32_t) :: status
    end function
    subroutine inst_context_free(context) bind(c)
      import :: c_ptr
      type(c_ptr), value :: context
    end subroutine
    function inst_lattice_new(context, dimensions, extent, lattice) bind(c) result(status)
      import :: c_int32_t, c_int64_t, c_ptr
      type(c_ptr), value :: context
      integer(c_int32_t), value :: dimensions
      integer(c_int64_t), intent(in) :: extent(*)
      type(c_ptr), intent(out) :: lattice
      integer(c_int32_t) :: status
    end function
    subroutine inst_lattice_free(lattice) bind(c)
      import :: c_ptr
      type(c_ptr), value :: lattice
    end subroutine
    function inst_action_new(lattice, spec, action) bind(c) result(status)
      import :: c_char, c_int32_t, c_ptr
      type(c_ptr), value :: lattice
      character(kind=c_char), intent(in) :: spec(*)
      type(c_ptr), intent(out) :: action
      integer(c_int32_t) :: status
    end function
    subroutine inst_action_free(action) bind(c)
      import :: c_ptr
      type(c_ptr), value :: action
    end subroutine
    function inst_action_refresh(action, counter, field, drawn) bind(c) result(status)
      import :: c_double, c_int32_t, c_int64_t, c_ptr
      type(c_ptr), value :: action
      integer(c_int64_t), value :: counter
      real(c_double), intent(in) :: field(*)
      type(c_ptr), intent(out) :: drawn
      integer(c_int32_t) :: status
    end function
    function inst_action_value(action, batch, fields, values) bind(c) result(status)
      import :: c_double, c_int32_t, c_int64_t, c_ptr
      type(c_ptr), value :: action
      integer(c_int64_t), value :: batch
      real(c_double), intent(in) :: fields(*)
      real(c_double), intent(out) :: values(*)
      integer(c_int32_t) :: status
    end function
    function inst_action_gradient(action, batch, fields, gradients) bind(c) result(status)
      import :: c_double, c_int32_t, c_int64_t, c_ptr
      type(c_ptr), value :: action
      integer(c_int64_t), value :: batch
      real(c_double), intent(in) :: fields(*)
      real(c_double), intent(out) :: gradients(*)
      integer(c_int32_t) :: status
    end function
    function inst_gauge_new(lattice, spec, gauge) bind(c) result(status)
      import :: c_char, c_int32_t, c_ptr
      type(c_ptr), value :: lattice
      character(kind=c_char), intent(in) :: spec(*)
      type(c_ptr), intent(out) :: gauge
      integer(c_int32_t) :: status
    end function
    subroutine inst_gauge_free(gauge) bind(c)
      import :: c_ptr
      type(c_ptr), value :: gauge
    end subroutine
    function inst_gauge_set_links(gauge, links) bind(c) result(status)
      import :: c_double, c_int32_t, c_ptr
      type(c_ptr), value :: gauge
      real(c_double), intent(in) :: links(*)
      integer(c_int32_t) :: status
    end function
    function inst_dirac_new(gauge, spec, dirac) bind(c) result(status)
      import :: c_char, c_int32_t, c_ptr
      type(c_ptr), value :: gauge
      character(kind=c_char), intent(in) :: spec(*)
      type(c_ptr), intent(out) :: dirac
      integer(c_int32_t) :: status
    end function
    subroutine inst_dirac_free(dirac) bind(c)
      import :: c_ptr
      type(c_ptr), value :: dirac
    end subroutine
    function inst_dirac_solve(dirac, spec, count, source, solution, report) bind(c) result(status)
      import :: c_char, c_double, c_int32_t, c_int64_t, c_ptr
      type(c_ptr), value :: dirac
      character(kind=c_char), intent(in) :: spec(*)
      integer(c_int64_t), value :: count
      real(c_double), intent(in) :: source(*)
      real(c_double), intent(out) :: solution(*)
      type(c_ptr), value :: report
      integer(c_int32_t) :: status
    end function
    ! Without the backtrace of error stop.
    subroutine exit_with(status) bind(c, name='exit')
      import :: c_int
      integer(c_int), value :: status
    end subroutine
    function strlen(text) bind(c) result(length)
      import :: c_ptr, c_size_t
      type(c_ptr), value :: text
      integer(c_size_t) :: length
    end function
  end interface
end module

program schwinger
  use, intrinsic :: iso_c_binding
  use, intrinsic :: iso_fortran_env, only: error_unit
  use instanton_interfaces
  implicit none
  integer, parameter :: dp = c_double, steps = 12, batches = 20, longest = 1000, most = 100000000
  real(dp), parameter :: pi = acos(-1.0_dp), length_of_trajectory = 1.0_dp
  integer :: length, trajectories, thermal, n, step, accepted, measured, batch
  real(dp) :: beta, kappa, h_old, h_new, delta, sum_exp, time_step, plaquettes(batches)
  ! theta(mu, x, t): mu = 1 is x, mu = 2 is t; links(re or im, mu, x, t) in the order of the library.
  real(dp), allocatable :: theta(:, :, :), old(:, :, :), momentum(:, :, :), links(:, :, :, :), pion(:)
  character(len=:), allocatable :: dirac_text
  character(len=256) :: buffer
  integer(c_int64_t) :: random_state
  type(c_ptr) :: context, lattice, template, drawn, gauge

  if (command_argument_count() > 4) call fail('expected LENGTH BETA KAPPA TRAJECTORIES, got more')
  length = whole_argument(1, 'LENGTH', 8, 2, longest)
  beta = real_argument(2, 'BETA', 2.0_dp)
  kappa = real_argument(3, 'KAPPA', 0.26_dp)
  if (.not. kappa > 0.0_dp) call fail('KAPPA: expected a number above 0, got ' // text_of(3))
  ! The error of the plaquette is that of so many batches.
  trajectories = whole_argument(4, 'TRAJECTORIES', 400, batches, most)
  thermal = trajectories / 5
  random_state = 20261122_c_int64_t
  write (buffer, '(a,es22.15,a)') "{type: 'wilson', kappa: ", kappa, ", boundary: [1, -1]}"
  dirac_text = trim(buffer)

  call check(inst_context_new("{threads: 1, seed: 7}" // c_null_char, context))
  call check(inst_lattice_new(context, 2_c_int32_t, [int(length, c_int64_t), int(length, c_int64_t)], lattice))
  call check(inst_action_new(lattice, "{type: 'two_flavour', group: 'u1', dirac: " // dirac_text // "}" // c_null_char, &
                             template))
  call check(inst_gauge_new(lattice, "{group: 'u1'}" // c_null_char, gauge))

  allocate (theta(2, length, length), old(2, length, length), momentum(2, length, length))
  allocate (links(2, 2, length, length), pion(0:length - 1))
  theta = 0.0_dp
  pion = 0.0_dp
  plaquettes = 0.0_dp
  accepted = 0
  measured = 0
  sum_exp = 0.0_dp
  time_step = length_of_trajectory / steps

  do n = 1, thermal + trajectories
    old = theta
    call draw(momentum)
    call make_links()
    ! The heat bath of the pseudofermions.
    call check(inst_action_refresh(template, int(n, c_int64_t), links, drawn))
    h_old = hamiltonian()
    call kick(0.5_dp * time_step)
    do step = 1, steps
      theta = theta + time_step * momentum
      call make_links()
      call kick(merge(0.5_dp, 1.0_dp, step == steps) * time_step)
    end do
    h_new = hamiltonian()
    call inst_action_free(drawn)
    delta = h_new - h_old
    if (uniform() < exp(-delta)) then
      if (n > thermal) accepted = accepted + 1
    else
      theta = old
      call make_links()
    end if
    if (n <= thermal) cycle
    sum_exp = sum_exp + exp(-delta)
    batch = 1 + (n - thermal - 1) * batches / trajectories
    plaquettes(batch) = plaquettes(batch) + plaquette()
    if (mod(n, 10) == 0) then
      call add_pion()
      measured = measured + 1
    end if
  end do

  plaquettes = plaquettes * batches / trajectories
  print '(a,i0,a,i0,a,f6.3,a,f6.4,a,i0,a)', 'Schwinger model, ', length, ' x ', length, ', beta ', beta, ', kappa ', kappa, &
    ', ', trajectories, ' trajectories'
  print '(a,f8.5,a,f7.5)', 'plaquette     ', sum(plaquettes) / batches, ' +- ', &
    sqrt(sum((plaquettes - sum(plaquettes) / batches)**2) / (batches * (batches - 1)))
  print '(a,f8.5)', '<exp(-dH)>    ', sum_exp / trajectories
  print '(a,f8.5)', 'acceptance    ', real(accepted, dp) / trajectories
  pion = pion / max(1, measured)
  print '(a)', '  t   pion correlator   effective mass'
  do n = 0, length / 2
    if (n < length / 2) then
      print '(i3,es18.6,f17.6)', n, pion(n), log(pion(n) / pion(n + 1))
    else
      print '(i3,es18.6)', n, pion(n)
    end if
  end do
  call inst_gauge_free(gauge)
  call inst_action_free(template)
  call inst_lattice_free(lattice)
  call inst_context_free(context)

contains

  subroutine check(status)
    integer(c_int32_t), intent(in) :: status
    character(kind=c_char), pointer :: text(:)
    type(c_ptr) :: message
    if (status == 0) return
    message = inst_last_error()
    call c_f_pointer(message, text, [strlen(message)])
    write (error_unit, '(*(a))') 'schwinger: ', text
    call exit_with(1_c_int)
  end subroutine

  subroutine fail(message)
    character(len=*), intent(in) :: message
    write (error_unit, '(2a)') 'schwinger: ', message
    call exit_with(1_c_int)
  end subroutine

  function text_of(place) result(text)
    integer, intent(in) :: place
    character(len=:), allocatable :: text
    integer :: size
    call get_command_argument(place, length=size)
    allocate (character(len=size) :: text)
    call get_command_argument(place, text)
  end function

  ! Numbers are read by a format: a list would take '4,x' for 4.
  function whole_argument(place, name, default, smallest, largest) result(number)
    integer, intent(in) :: place, default, smallest, largest
    character(len=*), intent(in) :: name
    integer :: number, status
    character(len=64) :: bounds
    character(len=:), allocatable :: text
    number = default
    if (command_argument_count() < place) return
    status = 1
    text = text_of(place)
    if (len_trim(text) > 0) read (text, '(i64)', iostat=status) number
    if (status == 0 .and. number >= smallest .and. number <= largest) return
    write (bounds, '(i0,a,i0)') smallest, ' to ', largest
    call fail(name // ': expected a whole number, ' // trim(bounds) // ', got ' // text)
  end function

  function real_argument(place, name, default) result(number)
    integer, intent(in) :: place
    character(len=*), intent(in) :: name
    real(dp), intent(in) :: default
    real(dp) :: number
    integer :: status
    character(len=:), allocatable :: text
    number = default
    if (command_argument_count() < place) return
    status = 1
    text = text_of(place)
    if (len_trim(text) > 0) read (text, '(f64.0)', iostat=status) number
    if (status == 0 .and. abs(number) <= huge(number)) return
    call fail(name // ': expected a finite number, got ' // text_of(place))
  end function

  ! Marsaglia's xorshift with 64 bits; the upper 53 make the number.
  function uniform() result(u)
    real(dp) :: u
    random_state = ieor(random_state, shiftl(random_state, 13))
    random_state = ieor(random_state, shiftr(random_state, 7))
    random_state = ieor(random_state, shiftl(random_state, 17))
    u = real(shiftr(random_state, 11), dp) * 2.0_dp**(-53)
  end function

  subroutine draw(numbers)
    real(dp), intent(out) :: numbers(:, :, :)
    integer :: mu, x, t
    do t = 1, length
      do x = 1, length
        do mu = 1, 2
          numbers(mu, x, t) = sqrt(-2.0_dp * log(1.0_dp - uniform())) * cos(2.0_dp * pi * uniform())
        end do
      end do
    end do
  end subroutine

  subroutine make_links()
    links(1, :, :, :) = cos(theta)
    links(2, :, :, :) = sin(theta)
  end subroutine

  ! The angle of the plaquette at (x, t).
  function angle(x, t) result(theta_p)
    integer, intent(in) :: x, t
    real(dp) :: theta_p
    theta_p = theta(1, x, t) + theta(2, next(x), t) - theta(1, x, next(t)) - theta(2, x, t)
  end function

  function next(x)
    integer, intent(in) :: x
    integer :: next
    next = 1 + mod(x, length)
  end function

  function plaquette() result(mean)
    real(dp) :: mean
    integer :: x, t
    mean = 0.0_dp
    do t = 1, length
      do x = 1, length
        mean = mean + cos(angle(x, t))
      end do
    end do
    mean = mean / length**2
  end function

  function hamiltonian() result(h)
    real(dp) :: h, fermions(1)
    call check(inst_action_value(drawn, 1_c_int64_t, links, fermions))
    h = 0.5_dp * sum(momentum**2) + beta * length**2 * (1.0_dp - plaquette()) + fermions(1)
  end function

  ! momentum = momentum - time dS / dtheta. For U(1) the gradient of the library is i dS / dtheta on each link.
  subroutine kick(time)
    real(dp), intent(in) :: time
    real(dp) :: gradient(2, 2, length, length), s
    integer :: x, t
    call check(inst_action_gradient(drawn, 1_c_int64_t, links, gradient))
    do t = 1, length
      do x = 1, length
        s = beta * sin(angle(x, t))
        gradient(2, 1, x, t) = gradient(2, 1, x, t) + s
        gradient(2, 2, next(x), t) = gradient(2, 2, next(x), t) + s
        gradient(2, 1, x, next(t)) = gradient(2, 1, x, next(t)) - s
        gradient(2, 2, x, t) = gradient(2, 2, x, t) - s
      end do
    end do
    momentum = momentum - time * gradient(2, :, :, :)
  end subroutine

  ! sum over x and both spins of |D^-1|^2 from a source at the origin.
  subroutine add_pion()
    real(dp) :: source(2, 2, length, length, 2), solution(2, 2, length, length, 2)
    type(c_ptr) :: dirac
    integer :: t
    call check(inst_gauge_set_links(gauge, links))
    call check(inst_dirac_new(gauge, dirac_text // c_null_char, dirac))
    source = 0.0_dp
    source(1, 1, 1, 1, 1) = 1.0_dp
    source(1, 2, 1, 1, 2) = 1.0_dp
    call check(inst_dirac_solve(dirac, c_null_char, 2_c_int64_t, source, solution, c_null_ptr))
    call inst_dirac_free(dirac)
    do t = 1, length
      pion(t - 1) = pion(t - 1) + sum(solution(:, :, :, t, :)**2)
    end do
  end subroutine
end program
