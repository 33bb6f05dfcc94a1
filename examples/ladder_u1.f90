! A ladder of replicas for a frozen chain: a hybrid Monte Carlo code for U(1) gauge theory in two dimensions, which runs replicas
! that differ by the strength of a defect.
!
!   ladder_u1 [ROUNDS [REPLICAS]]
!
! As ladder_u1.c, in one process, and with complex links u(mu, site) as a code for SU(N) has them: the library computes what
! the action of each replica would change by at the strength of its partner, from the links where they lie.
!
! S = beta sum_P w_P (1 - Re P),  Q = sum_P arg P / 2 pi,  beta = 7 on 16 x 16 sites.

module ladder_code
  use, intrinsic :: iso_c_binding, only: c_double, c_int64_t
  use instanton
  implicit none

  integer, parameter :: dp = c_double, i8 = c_int64_t
  integer, parameter :: extent = 16, volume = extent**2
  real(dp), parameter :: pi = 3.14159265358979323846_dp, beta = 7
  real(dp), parameter :: length = 1.5_dp  ! of a trajectory
  integer, parameter :: steps = 20        ! of leapfrog

  type replica_type
    complex(dp) :: u(2, volume) = 1
    integer(i8) :: random = 0
  end type

  integer :: next(volume, 2), previous(volume, 2)

contains

  ! Marsaglia's xorshift with 64 bits; the upper 53 make the number.
  function uniform(state) result(x)
    integer(i8), intent(inout) :: state
    real(dp) :: x
    state = ieor(state, ishft(state, 13))
    state = ieor(state, ishft(state, -7))
    state = ieor(state, ishft(state, 17))
    x = (real(ishft(state, -11), dp) + 0.5_dp) / 2.0_dp**53
  end function

  subroutine normals(state, out)
    integer(i8), intent(inout) :: state
    real(dp), intent(out) :: out(:, :)
    real(dp) :: radius, angle
    integer :: i
    do i = 1, size(out, 2)
      radius = sqrt(-2 * log(uniform(state)))
      angle = 2 * pi * uniform(state)
      out(:, i) = radius * [cos(angle), sin(angle)]
    end do
  end subroutine

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

  function plaquettes(u) result(p)
    complex(dp), intent(in) :: u(2, volume)
    complex(dp) :: p(volume)
    p = u(1, :) * u(2, next(:, 1)) * conjg(u(1, next(:, 2))) * conjg(u(2, :))
  end function

  function action(u, weights) result(s)
    complex(dp), intent(in) :: u(2, volume)
    real(dp), intent(in) :: weights(volume)
    real(dp) :: s
    s = beta * sum(weights * (1 - real(plaquettes(u), dp)))
  end function

  function charge(u) result(q)
    complex(dp), intent(in) :: u(2, volume)
    complex(dp) :: p(volume)
    integer :: q
    p = plaquettes(u)
    q = nint(sum(atan2(aimag(p), real(p, dp))) / (2 * pi))
  end function

  subroutine kick(u, weights, momenta, time)
    complex(dp), intent(in) :: u(2, volume)
    real(dp), intent(in) :: weights(volume), time
    real(dp), intent(inout) :: momenta(2, volume)
    real(dp) :: force(volume)
    force = beta * weights * aimag(plaquettes(u))
    momenta(1, :) = momenta(1, :) - time * (force - force(previous(:, 2)))
    momenta(2, :) = momenta(2, :) + time * (force - force(previous(:, 1)))
  end subroutine

  subroutine trajectory(replica, weights)
    type(replica_type), intent(inout) :: replica
    real(dp), intent(in) :: weights(volume)
    complex(dp) :: u(2, volume)
    real(dp) :: momenta(2, volume), before, step
    integer :: n
    step = length / steps
    u = replica%u
    call normals(replica%random, momenta)
    before = sum(momenta**2) / 2 + action(u, weights)
    call kick(u, weights, momenta, step / 2)
    do n = 1, steps
      u = exp(cmplx(0, step * momenta, dp)) * u
      call kick(u, weights, momenta, merge(step / 2, step, n == steps))
    end do
    if (uniform(replica%random) < exp(before - sum(momenta**2) / 2 - action(u, weights))) replica%u = u / abs(u)
  end subroutine

  ! As in thaw_u1.f90: plaquettes are independent, but that their angles sum up to 2 pi Q.
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

end module

program ladder_u1
  use, intrinsic :: iso_c_binding, only: c_loc, c_ptr
  use, intrinsic :: iso_fortran_env, only: error_unit
  use ladder_code
  implicit none
  type(inst_context) :: context
  type(inst_lattice) :: lattice
  type(inst_layout) :: layout
  type(inst_ladder) :: ladder
  type(replica_type), allocatable, target :: replicas(:)
  real(dp), allocatable :: differences(:), squares(:)
  real(dp) :: weights(volume), strength, partner, mean, error, tau, tau_error
  integer(i8) :: rung, at(2), first
  integer :: rounds, count, round, n, stat
  character(100) :: text

  rounds = number(1, 4000)
  count = number(2, 8)
  if (rounds < 20 .or. count < 2) then
    write (error_unit, '(a)') 'arguments: expected at least 20 rounds and 2 replicas'
    error stop 1
  end if
  call make_neighbours()
  call context%new('{threads: 1, seed: 11}')
  call lattice%new(context, [extent, extent])
  call layout%new(lattice, "{fields: 'u1'}")
  write (text, '(a,i0,a,i0,a)') '{defect: {size: [4]}, replicas: ', count, ', tune: ', rounds / 10, &
    ", action: {type: 'wilson', group: 'u1', beta: 7}}"
  call ladder%new(lattice, text)

  allocate (replicas(count), differences(count), squares(rounds))
  do n = 1, count
    replicas(n)%random = 88172645463325252_i8 + 7046029254386353131_i8 / n
  end do
  do round = 1, rounds
    do n = 1, count
      call ladder%replica(int(n - 1, i8), rung, strength, partner, at)
      call ladder%plaquette_weights(int(n - 1, i8), strength, 0, 1, weights)
      call trajectory(replicas(n), weights)
      call ladder%difference(int(n - 1, i8), layout, [c_loc(replicas(n)%u)], differences(n))
      if (rung == 0) squares(round) = real(charge(replicas(n)%u), dp)**2
    end do
    call ladder%swap(differences)
  end do

  write (*, '(a)') ladder%describe()
  first = rounds / 5 + 1
  call autocorrelation(squares(first:), mean, error, tau, tau_error, stat)
  if (stat == INST_OK) then
    write (*, '(a,f0.4,a,f0.4,a,f0.4,a,f0.1,a,f0.1,a)') '<Q^2> = ', mean, ' +- ', error, ', exact ', exact_square(), &
      ', tau_int ', tau, ' +- ', tau_error, ' rounds'
    if (rounds >= 1000 .and. abs(mean - exact_square()) > 5 * error) error stop '<Q^2>: expected the exact value within five errors'
  else
    write (*, '(a)') 'Q did not move'
  end if

contains

  function number(place, default) result(value)
    integer, intent(in) :: place, default
    integer :: value, status
    character(100) :: word
    value = default
    if (command_argument_count() < place) return
    call get_command_argument(place, word)
    read (word, *, iostat=status) value
    if (status /= 0) value = 0
  end function

end program
