! Two-flavour hybrid Monte Carlo for the Schwinger model, QED in two dimensions with Wilson fermions.
!
!   schwinger [LENGTH [BETA [KAPPA [TRAJECTORIES]]]]        (8  2.0  0.26  400; at least 20 trajectories)
!
! The program is a hybrid Monte Carlo code of its own: angles theta, momenta, random numbers, the gauge action and its
! force, leapfrog, accept and reject. What it adds to its monomials comes from the library: pseudofermions drawn for
! its links, their action and their force (refresh, value, gradient of an inst_action), and solves for the pion
! correlator (solve of an inst_dirac).
!
!   S = beta sum_P (1 - cos theta_P) + |A^-1 phi|^2,   |det A|^2 that of D on the whole lattice
!   D = 1 / (2 kappa) - (hopping term) / 2, fermions antiperiodic in time
!
! It prints plaquette, <exp(-dH)>, acceptance, and the pion correlator sum_x |D^-1(t, 0)|^2 with the effective mass.
program schwinger
  use, intrinsic :: iso_c_binding, only: c_double, c_int, c_int64_t
  use, intrinsic :: iso_fortran_env, only: error_unit
  use instanton
  implicit none
  interface
    ! Ends with a status but without the backtrace of error stop.
    subroutine exit_with(status) bind(c, name='exit')
      import :: c_int
      integer(c_int), value :: status
    end subroutine
  end interface
  integer, parameter :: dp = c_double, steps = 12, batches = 20, longest = 1000, most = 100000000
  real(dp), parameter :: pi = acos(-1.0_dp), length_of_trajectory = 1.0_dp
  integer :: length, trajectories, thermal, n, step, accepted, measured, batch
  real(dp) :: beta, kappa, h_old, h_new, delta, sum_exp, time_step, plaquettes(batches)
  ! theta(mu, x, t): mu = 1 is x, mu = 2 is t.
  real(dp), allocatable :: theta(:, :, :), old(:, :, :), momentum(:, :, :), pion(:)
  complex(dp), allocatable :: links(:, :, :)
  character(len=:), allocatable :: dirac_text
  character(len=256) :: buffer
  character(len=1000) :: message
  integer(c_int64_t) :: random_state
  type(inst_context) :: context
  type(inst_lattice) :: lattice
  type(inst_action) :: template, drawn
  type(inst_gauge) :: gauge
  integer :: status

  if (command_argument_count() > 4) call fail('expected LENGTH BETA KAPPA TRAJECTORIES, got more')
  length = whole_argument(1, 'LENGTH', 8, 2, longest)
  beta = real_argument(2, 'BETA', 2.0_dp)
  kappa = real_argument(3, 'KAPPA', 0.26_dp)
  if (.not. kappa > 0.0_dp) call fail('KAPPA: expected a number above 0, got ' // text_of(3))
  ! The error of the plaquette is computed from so many batches.
  trajectories = whole_argument(4, 'TRAJECTORIES', 400, batches, most)
  thermal = trajectories / 5
  random_state = 20261122_c_int64_t
  write (buffer, '(a,es22.15,a)') "{type: 'wilson', kappa: ", kappa, ", boundary: [1, -1]}"
  dirac_text = trim(buffer)

  call context%new('{threads: 1, seed: 7}')
  call lattice%new(context, [length, length])
  call template%new(lattice, "{type: 'two_flavour', group: 'u1', dirac: " // dirac_text // "}", status, message)
  call check()
  call gauge%new(lattice, "{group: 'u1'}")

  allocate (theta(2, length, length), old(2, length, length), momentum(2, length, length))
  allocate (links(2, length, length), pion(0:length - 1))
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
    call template%refresh(int(n, c_int64_t), links, drawn, status, message)
    call check()
    h_old = hamiltonian()
    call kick(0.5_dp * time_step)
    do step = 1, steps
      theta = theta + time_step * momentum
      call make_links()
      call kick(merge(0.5_dp, 1.0_dp, step == steps) * time_step)
    end do
    h_new = hamiltonian()
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
  call drawn%free()
  call gauge%free()
  call template%free()
  call lattice%free()
  call context%free()

contains

  ! Ends the program where the last call failed.
  subroutine check()
    if (status /= INST_OK) call fail(trim(message))
  end subroutine

  subroutine fail(text)
    character(len=*), intent(in) :: text
    write (error_unit, '(2a)') 'schwinger: ', text
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

  ! Numbers are read by a format: list-directed input would read '4,x' as 4.
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
    links = cmplx(cos(theta), sin(theta), dp)
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
    call drawn%value(links, fermions, status, message)
    call check()
    h = 0.5_dp * sum(momentum**2) + beta * length**2 * (1.0_dp - plaquette()) + fermions(1)
  end function

  ! momentum = momentum - time dS / dtheta. For U(1) the gradient of the library is i dS / dtheta on each link.
  subroutine kick(time)
    real(dp), intent(in) :: time
    complex(dp) :: fermions(2, length, length)
    real(dp) :: gradient(2, length, length), s
    integer :: x, t
    call drawn%gradient(links, fermions, stat=status, errmsg=message)
    call check()
    gradient = aimag(fermions)
    do t = 1, length
      do x = 1, length
        s = beta * sin(angle(x, t))
        gradient(1, x, t) = gradient(1, x, t) + s
        gradient(2, next(x), t) = gradient(2, next(x), t) + s
        gradient(1, x, next(t)) = gradient(1, x, next(t)) - s
        gradient(2, x, t) = gradient(2, x, t) - s
      end do
    end do
    momentum = momentum - time * gradient
  end subroutine

  ! sum over x and both spins of |D^-1|^2 from a source at the origin.
  subroutine add_pion()
    complex(dp) :: source(2, length, length, 2), solution(2, length, length, 2)
    type(inst_dirac) :: dirac
    integer :: t
    call gauge%set_links(links, status, message)
    call check()
    call dirac%new(gauge, dirac_text, status, message)
    call check()
    source = 0.0_dp
    source(1, 1, 1, 1) = 1.0_dp
    source(2, 1, 1, 2) = 1.0_dp
    call dirac%solve(source, solution, batch=2, stat=status, errmsg=message)
    call check()
    do t = 1, length
      pion(t - 1) = pion(t - 1) + sum(abs(solution(:, :, t, :))**2)
    end do
  end subroutine
end program
