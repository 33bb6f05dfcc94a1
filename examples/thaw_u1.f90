! A frozen chain thaws: a hybrid Monte Carlo code for U(1) gauge theory in two dimensions, alone and with proposals.
!
!   thaw_u1 [SECONDS [CONTEXT [TRANSITION]]]
!
! The same program as thaw_u1.c, which describes the arguments and the program. Everything here but the objects whose types
! begin with inst_ is what such a code has anyway.
!
! S = beta sum_P (1 - cos theta_P),  Q = sum_P theta_P / 2 pi with theta_P in (-pi, pi],  beta = 7 on 16 x 16 sites.

module thaw_code
  use, intrinsic :: iso_c_binding, only: c_double, c_int64_t
  use instanton
  implicit none

  integer, parameter :: dp = c_double, i8 = c_int64_t
  integer, parameter :: extent = 16, volume = extent**2
  real(dp), parameter :: pi = 3.14159265358979323846_dp, beta = 7
  real(dp), parameter :: length = 1.5_dp  ! of a trajectory
  integer, parameter :: steps = 20        ! of leapfrog: about four in five trajectories are accepted
  integer, parameter :: trajectories = 4  ! before each run of proposals
  integer, parameter :: proposals = 8     ! in each run
  real(dp), parameter :: turn = 0.1_dp    ! seconds that a chain runs before the other one
  integer, parameter :: lines = 16        ! of the picture
  integer, parameter :: widest = 6        ! largest |Q| in the picture

  type chain_type
    real(dp) :: angles(volume, 2) = 0
    integer(i8) :: random = 88172645463325252_i8
    integer(i8) :: counter = 0  ! of the proposals
    integer(i8) :: updates = 0, accepted = 0, proposed = 0, taken = 0
    real(dp), allocatable :: squares(:)  ! Q^2 after each trajectory
    real(dp) :: seconds = 0
    logical :: was(-widest:widest) = .false.  ! charges since the last line of the picture
  end type

  integer :: next(volume, 2), previous(volume, 2)

contains

  function now() result(seconds)
    real(dp) :: seconds
    integer(i8) :: ticks, rate
    call system_clock(ticks, rate)
    seconds = real(ticks, dp) / real(rate, dp)
  end function

  ! ---- random numbers: Marsaglia's xorshift with 64 bits; the upper 53 make the number -----------

  function uniform(state) result(u)
    integer(i8), intent(inout) :: state
    real(dp) :: u
    state = ieor(state, ishft(state, 13))
    state = ieor(state, ishft(state, -7))
    state = ieor(state, ishft(state, 17))
    u = (real(ishft(state, -11), dp) + 0.5_dp) / 2.0_dp**53
  end function

  subroutine normals(state, out)
    integer(i8), intent(inout) :: state
    real(dp), intent(out) :: out(:, :)
    real(dp) :: radius, angle
    integer :: i
    do i = 1, size(out, 1)
      radius = sqrt(-2 * log(uniform(state)))
      angle = 2 * pi * uniform(state)
      out(i, :) = radius * [cos(angle), sin(angle)]
    end do
  end subroutine

  ! ---- the theory: angles(site, mu) --------------------------------------------------------------

  subroutine make_neighbours()
    integer :: x, y, site
    do y = 0, extent - 1
      do x = 0, extent - 1
        site = 1 + x + extent * y
        next(site, :) = 1 + [mod(x + 1, extent) + extent * y, x + extent * mod(y + 1, extent)]
        previous(site, :) = 1 + [mod(x + extent - 1, extent) + extent * y, x + extent * mod(y + extent - 1, extent)]
      end do
    end do
  end subroutine

  function plaquettes(angles) result(theta)
    real(dp), intent(in) :: angles(volume, 2)
    real(dp) :: theta(volume)
    theta = angles(:, 1) + angles(next(:, 1), 2) - angles(next(:, 2), 1) - angles(:, 2)
  end function

  function action(angles) result(s)
    real(dp), intent(in) :: angles(volume, 2)
    real(dp) :: s
    s = beta * sum(1 - cos(plaquettes(angles)))
  end function

  function charge(angles) result(q)
    real(dp), intent(in) :: angles(volume, 2)
    real(dp) :: theta(volume)
    integer :: q
    theta = plaquettes(angles)
    q = nint(sum(theta - 2 * pi * anint(theta / (2 * pi))) / (2 * pi))
  end function

  subroutine kick(angles, momenta, time)
    real(dp), intent(in) :: angles(volume, 2), time
    real(dp), intent(inout) :: momenta(volume, 2)
    real(dp) :: sine(volume)
    sine = beta * sin(plaquettes(angles))
    momenta(:, 1) = momenta(:, 1) - time * (sine - sine(previous(:, 2)))
    momenta(:, 2) = momenta(:, 2) + time * (sine - sine(previous(:, 1)))
  end subroutine

  ! ---- the chain ---------------------------------------------------------------------------------

  subroutine trajectory(chain)
    type(chain_type), intent(inout) :: chain
    real(dp) :: angles(volume, 2), momenta(volume, 2), before, step
    integer :: n
    step = length / steps
    angles = chain%angles
    call normals(chain%random, momenta)
    before = sum(momenta**2) / 2 + action(angles)
    call kick(angles, momenta, step / 2)
    do n = 1, steps
      angles = angles + step * momenta
      call kick(angles, momenta, merge(step / 2, step, n == steps))
    end do
    chain%updates = chain%updates + 1
    if (uniform(chain%random) < exp(before - sum(momenta**2) / 2 - action(angles))) then
      chain%angles = angles
      chain%accepted = chain%accepted + 1
    end if
  end subroutine

  subroutine measure(chain)
    type(chain_type), intent(inout) :: chain
    real(dp), allocatable :: longer(:)
    integer :: q
    q = charge(chain%angles)
    if (.not. allocated(chain%squares)) allocate (chain%squares(1000))
    if (chain%updates > size(chain%squares)) then
      allocate (longer(2 * size(chain%squares)))
      longer(:size(chain%squares)) = chain%squares
      call move_alloc(longer, chain%squares)
    end if
    chain%squares(chain%updates) = real(q, dp)**2
    chain%was(max(-widest, min(widest, q))) = .true.
  end subroutine

  ! The library's links are exp(i theta), [site][mu].
  subroutine propose(chain, proposal)
    type(chain_type), intent(inout) :: chain
    type(inst_proposal), intent(in) :: proposal
    complex(dp) :: current(2, volume), proposed(2, volume)
    real(dp) :: angles(volume, 2), log_ratio
    integer :: n
    current = exp(cmplx(0, transpose(chain%angles), dp))
    do n = 1, proposals
      call proposal%propose(chain%counter, current, proposed, log_ratio)
      chain%counter = chain%counter + 1
      chain%proposed = chain%proposed + 1
      angles = transpose(atan2(aimag(proposed), real(proposed, dp)))
      if (uniform(chain%random) < exp(action(chain%angles) - action(angles) + log_ratio)) then
        chain%angles = angles
        current = proposed
        chain%taken = chain%taken + 1
      end if
    end do
  end subroutine

  subroutine run(chain, seconds, proposal)
    type(chain_type), intent(inout) :: chain
    real(dp), intent(in) :: seconds
    type(inst_proposal), intent(in), optional :: proposal
    real(dp) :: start
    integer :: n
    start = now()
    do while (now() - start < seconds)
      do n = 1, trajectories
        call trajectory(chain)
        call measure(chain)
      end do
      if (present(proposal)) call propose(chain, proposal)
    end do
    chain%seconds = chain%seconds + now() - start
  end subroutine

  ! ---- exact <Q^2>, picture and table -------------------------------------------------------------

  ! The angles of plaquettes are independent, of density exp(beta cos theta), but that they sum up to 2 pi Q: with their
  ! characteristic function c, P(Q) is the integral of c(k)^V cos(2 pi Q k).
  function exact_square() result(square)
    integer, parameter :: angles = 400, points = 4000, highest = 40
    real(dp), parameter :: range = 2
    real(dp) :: square, power(points), k(points), angle(angles), weight(angles), norm, p
    integer :: i, q
    angle = [(pi * (i - 0.5_dp) / angles, i = 1, angles)]
    weight = exp(beta * (cos(angle) - 1))
    k = [(range * (i - 0.5_dp) / points, i = 1, points)]
    do i = 1, points
      power(i) = abs(sum(weight * cos(k(i) * angle)) / sum(weight))**volume
    end do
    norm = 0
    square = 0
    do q = -highest, highest
      p = sum(power * cos(2 * pi * q * k))
      norm = norm + p
      square = square + p * q**2
    end do
    square = square / norm
  end function

  subroutine draw(chain)
    type(chain_type), intent(inout) :: chain
    write (*, '(*(a))', advance='no') merge(' #', ' .', chain%was)
    chain%was = .false.
  end subroutine

  subroutine report(name, chain, exact)
    character(*), intent(in) :: name
    type(chain_type), intent(in) :: chain
    real(dp), intent(in) :: exact
    real(dp) :: mean, error, tau, tau_error
    character(10) :: share
    integer :: stat
    share = ''
    if (chain%proposed > 0) write (share, '(f10.2)') real(chain%taken, dp) / real(chain%proposed, dp)
    write (*, '(a28,1x,i12,1x,f8.2,1x,a10)', advance='no') &
      [character(28) :: name], chain%updates, real(chain%accepted, dp) / real(chain%updates, dp), share
    call autocorrelation(chain%squares(:chain%updates), mean, error, tau, tau_error, stat)
    if (stat /= INST_OK) then
      write (*, '(a)') '    Q did not move'
    else
      write (*, '(f11.1,a,f0.1,a,es12.2,a,f9.3,a,f5.3,a,f8.4)') tau, '(', tau_error, ')', &
        2 * tau * chain%seconds / real(chain%updates, dp), ' s', mean, '(', error, ')', exact
    end if
  end subroutine

end module

program thaw_u1
  use, intrinsic :: iso_fortran_env, only: error_unit
  use thaw_code
  implicit none
  ! Defects of 2 to 5 links and 8 to 24 steps cost about the same (docs/thaw.md).
  character(*), parameter :: transition = &
    "{type: 'tempered', defect: {size: [4]}, steps: 16, within: 1, overrelaxation: 1}"
  type(inst_context) :: context
  type(inst_lattice) :: lattice
  type(inst_action) :: wilson
  type(inst_proposal) :: proposal
  type(chain_type), save :: alone, thawed
  character(1000) :: word
  real(dp) :: seconds, exact
  integer :: line, turns, n, stat

  word = argument(1, '20')
  read (word, *, iostat=stat) seconds
  if (stat /= 0) seconds = 0
  if (.not. seconds > 0) then
    write (error_unit, '(a)') 'seconds: expected a number above 0, got ' // trim(word)
    error stop 1
  end if
  call make_neighbours()
  exact = exact_square()
  call context%new(argument(2, '{threads: 1}'))
  call lattice%new(context, [extent, extent])
  call wilson%new(lattice, "{type: 'wilson', group: 'u1', beta: 7}")
  call proposal%new(action=wilson, spec=argument(3, transition))

  write (*, '(a,i0,a,i0,a,f0.1,a,f0.1,a,/)') 'U(1) on ', extent, ' x ', extent, ' sites at beta = ', beta, ', ', seconds, &
    ' seconds for each chain; the charges Q that each line of time has seen:'
  write (*, '(2x,a28,1x,a)') [character(28) :: 'hybrid Monte Carlo'], 'and tempered transitions'
  write (*, '(1x,*(i2))', advance='no') (abs(n), n=-widest, widest)
  write (*, '(3x,*(i2))') (abs(n), n=-widest, widest)
  do line = 1, lines
    turns = ceiling(seconds / lines / turn)
    do n = 1, turns
      call run(alone, seconds / lines / turns)
      call run(thawed, seconds / lines / turns, proposal)
    end do
    write (*, '(a)', advance='no') ' '
    call draw(alone)
    write (*, '(a)', advance='no') '   '
    call draw(thawed)
    write (*, *)
  end do
  write (*, '(/,a28,1x,a12,1x,a8,1x,a10,1x,a15,1x,a14,1x,a16,1x,a8)') '', 'trajectories', 'accepted', 'proposals', &
    'tau_int(Q^2)', 'independent', '<Q^2>', 'exact'
  call report('hybrid Monte Carlo', alone, exact)
  call report('and tempered transitions', thawed, exact)

contains

  function argument(number, default) result(text)
    integer, intent(in) :: number
    character(*), intent(in) :: default
    character(1000) :: text
    text = default
    if (command_argument_count() >= number) call get_command_argument(number, text)
  end function

end program
