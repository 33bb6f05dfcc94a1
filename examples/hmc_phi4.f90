! A hybrid Monte Carlo code for phi^4 theory in two dimensions, with and without learned proposals.
!
!   hmc_phi4 [MODELS [SECONDS [CONTEXT [SERIES]]]]
!
! The same program as hmc_phi4.c, which describes the arguments and the program. Everything here
! but the objects whose types begin with inst_ is what such a code has anyway.
!
! Action: S = sum_x [ sum_mu (phi(x+mu) - phi(x))^2 + m2 phi^2 + lambda phi^4 ], m2 = -4.
! Couplings: Albergo, Kanwar, Shanahan, arXiv:1904.12072, table I.

module phi4_code
  use, intrinsic :: iso_c_binding, only: c_double, c_int64_t
  use, intrinsic :: iso_fortran_env, only: error_unit
  use instanton
  implicit none

  integer, parameter :: dp = c_double, i8 = c_int64_t, observables = 3
  real(dp), parameter :: mass_squared = -4
  real(dp), parameter :: turn = 0.25_dp  ! seconds that a chain runs before the other one continues
  character(27), parameter :: observable_name(observables) = [character(27) :: '<phi^2>', 'susceptibility', 'energy']

  ! One row of the published couplings, how hybrid Monte Carlo runs there, and exact values (0: not known).
  type setup_type
    integer :: extent
    real(dp) :: lambda
    integer :: steps
    real(dp) :: length
    integer :: trajectories, proposals
    real(dp) :: exact(observables), exact_log_z
  end type

  type theory_type
    integer :: extent, volume
    real(dp) :: lambda
    integer, allocatable :: neighbour(:, :)  ! right, up, left, down of each site
  end type

  integer, parameter :: trajectory_kind = 1, proposal_kind = 2
  type chain_type
    character(17) :: name
    real(dp), allocatable :: phi(:), series(:, :)
    real(dp) :: action = 0, seconds = 0
    integer(i8) :: random, counter = 0, updates = 0, tries(2) = 0, accepted(2) = 0
  end type

contains

  function now() result(seconds)
    real(dp) :: seconds
    integer(i8) :: ticks, rate
    call system_clock(ticks, rate)
    seconds = real(ticks, dp) / real(rate, dp)
  end function

  ! Marsaglia's xorshift with 64 bits; the upper 53 make the number.
  function uniform(state) result(u)
    integer(i8), intent(inout) :: state
    real(dp) :: u
    state = ieor(state, ishft(state, 13))
    state = ieor(state, ishft(state, -7))
    state = ieor(state, ishft(state, 17))
    u = (real(ishft(state, -11), dp) + 0.5_dp) / 2.0_dp**53
  end function

  ! Marsaglia's polar method: two normal numbers from a point inside the unit circle.
  subroutine normals(state, out)
    integer(i8), intent(inout) :: state
    real(dp), intent(out) :: out(:)
    real(dp) :: x, y, square, factor
    integer :: i
    do i = 1, size(out), 2
      do
        x = 2 * uniform(state) - 1
        y = 2 * uniform(state) - 1
        square = x * x + y * y
        if (square < 1) exit
      end do
      factor = sqrt(-2 * log(square) / square)
      out(i) = factor * x
      if (i < size(out)) out(i + 1) = factor * y
    end do
  end subroutine

  function make_theory(setup) result(theory)
    type(setup_type), intent(in) :: setup
    type(theory_type) :: theory
    integer :: x, y, n
    n = setup%extent
    theory%extent = n
    theory%volume = n * n
    theory%lambda = setup%lambda
    allocate (theory%neighbour(4, n * n))
    do y = 0, n - 1
      do x = 0, n - 1
        theory%neighbour(:, 1 + x + n * y) = 1 + [mod(x + 1, n) + n * y, x + n * mod(y + 1, n), &
                                                  mod(x + n - 1, n) + n * y, x + n * mod(y + n - 1, n)]
      end do
    end do
  end function

  function action(theory, phi) result(sum)
    type(theory_type), intent(in) :: theory
    real(dp), intent(in) :: phi(:)
    real(dp) :: sum, square
    integer :: i
    sum = 0
    do i = 1, theory%volume
      square = phi(i) * phi(i)
      sum = sum + (4 + mass_squared + theory%lambda * square) * square &
            - 2 * phi(i) * (phi(theory%neighbour(1, i)) + phi(theory%neighbour(2, i)))
    end do
  end function

  ! momentum = momentum - step dS/dphi
  subroutine kick(theory, step, phi, momentum)
    type(theory_type), intent(in) :: theory
    real(dp), intent(in) :: step, phi(:)
    real(dp), intent(inout) :: momentum(:)
    real(dp) :: around
    integer :: i
    do i = 1, theory%volume
      around = phi(theory%neighbour(1, i)) + phi(theory%neighbour(2, i)) &
               + phi(theory%neighbour(3, i)) + phi(theory%neighbour(4, i))
      momentum(i) = momentum(i) - step * ((8 + 2 * mass_squared + 4 * theory%lambda * phi(i)**2) * phi(i) - 2 * around)
    end do
  end subroutine

  function measure(theory, phi) result(values)
    type(theory_type), intent(in) :: theory
    real(dp), intent(in) :: phi(:)
    real(dp) :: values(observables), next
    integer :: i
    values(1) = dot_product(phi, phi)
    values(2) = sum(phi)**2
    values(3) = 0
    do i = 1, theory%volume
      next = phi(theory%neighbour(1, i)) + phi(theory%neighbour(2, i))
      values(3) = values(3) + 0.5_dp * phi(i) * next
    end do
    values = values / theory%volume
  end function

  ! The last step of every Metropolis update: keeps phi with probability min(1, exp(log_weight)).
  subroutine accept_or_reject(chain, kind, phi, new_action, log_weight)
    type(chain_type), intent(inout) :: chain
    integer, intent(in) :: kind
    real(dp), intent(in) :: phi(:), new_action, log_weight
    chain%tries(kind) = chain%tries(kind) + 1
    if (log_weight < 0) then
      if (uniform(chain%random) >= exp(log_weight)) return
    end if
    chain%accepted(kind) = chain%accepted(kind) + 1
    chain%action = new_action
    chain%phi = phi
  end subroutine

  subroutine trajectory(theory, setup, chain)
    type(theory_type), intent(in) :: theory
    type(setup_type), intent(in) :: setup
    type(chain_type), intent(inout) :: chain
    real(dp) :: phi(theory%volume), momentum(theory%volume), step, before, new_action
    integer :: n
    step = setup%length / setup%steps
    phi = chain%phi
    call normals(chain%random, momentum)
    before = chain%action + 0.5_dp * dot_product(momentum, momentum)
    call kick(theory, 0.5_dp * step, phi, momentum)
    do n = 1, setup%steps
      phi = phi + step * momentum
      call kick(theory, merge(step, 0.5_dp * step, n < setup%steps), phi, momentum)
    end do
    new_action = action(theory, phi)
    call accept_or_reject(chain, trajectory_kind, phi, new_action, &
                          before - new_action - 0.5_dp * dot_product(momentum, momentum))
  end subroutine

  ! The code that a host adds for learned proposals: all of it.
  subroutine learned_update(theory, proposal, chain)
    type(theory_type), intent(in) :: theory
    type(inst_proposal), intent(in) :: proposal
    type(chain_type), intent(inout) :: chain
    real(dp) :: proposed(theory%volume), log_ratio, new_action
    call proposal%propose(chain%counter, chain%phi, proposed, log_ratio)
    chain%counter = chain%counter + 1
    new_action = action(theory, proposed)
    call accept_or_reject(chain, proposal_kind, proposed, new_action, chain%action - new_action + log_ratio)
  end subroutine

  subroutine record(theory, chain)
    type(theory_type), intent(in) :: theory
    type(chain_type), intent(inout) :: chain
    real(dp), allocatable :: longer(:, :)
    if (chain%updates == size(chain%series, 1)) then
      allocate (longer(2 * chain%updates, observables))
      longer(:chain%updates, :) = chain%series
      call move_alloc(longer, chain%series)
    end if
    chain%updates = chain%updates + 1
    chain%series(chain%updates, :) = measure(theory, chain%phi)
  end subroutine

  ! Runs a chain for some time; without a proposal it is hybrid Monte Carlo alone.
  subroutine run(theory, setup, chain, proposal)
    type(theory_type), intent(in) :: theory
    type(setup_type), intent(in) :: setup
    type(chain_type), intent(inout) :: chain
    type(inst_proposal), intent(in), optional :: proposal
    real(dp) :: start
    integer :: n
    start = now()
    do
      do n = 1, setup%trajectories
        call trajectory(theory, setup, chain)
        call record(theory, chain)
      end do
      if (present(proposal)) then
        do n = 1, setup%proposals
          call learned_update(theory, proposal, chain)
          call record(theory, chain)
        end do
      end if
      if (now() - start >= turn) exit
    end do
    chain%seconds = chain%seconds + now() - start
  end subroutine

  function new_chain(theory, setup, name, seed) result(chain)
    type(theory_type), intent(in) :: theory
    type(setup_type), intent(in) :: setup
    character(*), intent(in) :: name
    integer(i8), intent(in) :: seed
    type(chain_type) :: chain
    integer :: n
    chain%name = name
    chain%random = seed
    allocate (chain%phi(theory%volume), chain%series(65536, observables))
    chain%phi = 0
    do n = 1, 1000
      call trajectory(theory, setup, chain)
    end do
    chain%tries = 0
    chain%accepted = 0
  end function

end module phi4_code

module phi4_table
  use phi4_code
  implicit none
  type estimate_type
    real(dp) :: mean, error, tau, tau_error
  end type

contains

  function estimate(chain, observable) result(e)
    type(chain_type), intent(in) :: chain
    integer, intent(in) :: observable
    type(estimate_type) :: e
    call autocorrelation(chain%series(:chain%updates, observable), e%mean, e%error, e%tau, e%tau_error)
  end function

  function percent(chain, kind) result(p)
    type(chain_type), intent(in) :: chain
    integer, intent(in) :: kind
    real(dp) :: p
    p = 100 * real(chain%accepted(kind), dp) / real(max(1_i8, chain%tries(kind)), dp)
  end function

  subroutine print_observables(setup, chains)
    type(setup_type), intent(in) :: setup
    type(chain_type), intent(in) :: chains(2)
    type(estimate_type) :: a, b
    integer :: k
    print '(2x, a27, 2a25, a)', 'observable                 ', 'HMC alone', 'HMC and proposals', &
      '   exact, deviations in sigma'
    do k = 1, observables
      a = estimate(chains(1), k)
      b = estimate(chains(2), k)
      if (abs(setup%exact(k)) > 0) then
        print '(2x, a27, 2(f11.6, " +-", f11.6), f13.8, 2(sp, f6.1))', observable_name(k), a%mean, a%error, b%mean, &
          b%error, setup%exact(k), (a%mean - setup%exact(k)) / a%error, (b%mean - setup%exact(k)) / b%error
      else
        print '(2x, a27, 2(f11.6, " +-", f11.6), 13x, sp, f6.1, a)', observable_name(k), a%mean, a%error, b%mean, &
          b%error, (b%mean - a%mean) / sqrt(a%error**2 + b%error**2), ' from each other'
      end if
    end do
  end subroutine

  ! tau_int of the magnetisation squared, in updates of the whole field and in time.
  subroutine print_times(setup, chains, unit)
    type(setup_type), intent(in) :: setup
    type(chain_type), intent(in) :: chains(2)
    integer, intent(in) :: unit
    type(estimate_type) :: e(2)
    real(dp) :: cost(2)
    integer :: i
    do i = 1, 2
      e(i) = estimate(chains(i), 2)
      cost(i) = 1e6_dp * chains(i)%seconds / real(chains(i)%updates, dp)
      if (unit /= 0) write (unit, '(i0, f8.3, i2, 5(1x, f0.5))') setup%extent, setup%lambda, i - 1, e(i)%tau, &
        e(i)%tau_error, e(i)%tau * cost(i), e(i)%tau_error * cost(i), percent(chains(i), i)
    end do
    print '(2x, a27, 2i25)', 'updates                    ', chains%updates
    print '(2x, a27, f25.1, f25.1, a, f0.1)', 'acceptance, per cent       ', percent(chains(1), trajectory_kind), &
      percent(chains(2), trajectory_kind), ', proposals ', percent(chains(2), proposal_kind)
    print '(2x, a27, 2(f11.4, " +-", f11.4))', 'tau_int of M^2, updates    ', (e(i)%tau, e(i)%tau_error, i = 1, 2)
    print '(2x, a27, 2(f11.4, " +-", f11.4))', 'tau_int of M^2, us         ', &
      (e(i)%tau * cost(i), e(i)%tau_error * cost(i), i = 1, 2)
    print '(2x, a27, 2f25.2)', 'one independent field, us  ', 2 * e%tau * cost
  end subroutine

  ! The partition function, which hybrid Monte Carlo cannot give, from samples of the model alone.
  subroutine print_log_z(setup, theory, model)
    type(setup_type), intent(in) :: setup
    type(theory_type), intent(in) :: theory
    type(inst_model), intent(in) :: model
    integer(i8), parameter :: batch = 1024, batches = 64
    real(dp) :: ess, ess_error, log_z, log_z_error, tail
    real(dp), allocatable :: fields(:, :), log_weights(:)
    integer(i8) :: n, i, first
    allocate (fields(theory%volume, batch), log_weights(batch * batches))
    do n = 0, batches - 1
      first = n * batch
      call model%sample(first, fields, log_weights(first + 1:first + batch))
      do i = 1, batch
        log_weights(first + i) = -action(theory, fields(:, i)) - log_weights(first + i)
      end do
    end do
    call reweighting(log_weights, ess, ess_error, log_z, log_z_error)
    call reweighting_tail(log_weights, tail)
    if (abs(setup%exact_log_z) > 0) then
      print '(2x, a27, 25x, f11.6, " +-", f11.6, f13.8, 6x, sp, f6.1)', 'log Z                      ', log_z, &
        log_z_error, setup%exact_log_z, (log_z - setup%exact_log_z) / log_z_error
    else
      print '(2x, a27, 25x, f11.6, " +-", f11.6)', 'log Z                      ', log_z, log_z_error
    end if
    print '(2x, a27, 25x, f11.6, " +-", f11.6)', 'effective sample size      ', ess, ess_error
    if (tail > 0.7_dp) print '(2x, a)', 'The weights are heavy-tailed: log Z is not to be trusted.'
  end subroutine

end module phi4_table

program hmc_phi4
  use phi4_table
  implicit none
  ! Shorter and longer trajectories were tried: at these, an independent field costs least.
  ! The exact values are from the transfer matrix with Gauss quadrature.
  type(setup_type), parameter :: setups(3) = [ &
    setup_type(6, 6.975_dp, 12, 1.5_dp, 1, 31, [0.16138658_dp, 1.06307537_dp, 0.05834777_dp], 6.98494787_dp), &
    setup_type(8, 6.008_dp, 12, 1.5_dp, 1, 31, [0.0_dp, 0.0_dp, 0.0_dp], 0.0_dp), &
    setup_type(10, 5.550_dp, 14, 1.5_dp, 1, 31, [0.0_dp, 0.0_dp, 0.0_dp], 0.0_dp)]
  character(:), allocatable :: models, spec, text
  real(dp) :: seconds
  type(inst_context) :: context
  integer :: i, unit, status

  models = argument(1, 'models')
  text = argument(2, '15')
  spec = argument(3, "{threads: 1, precision: 'f32'}")
  read (text, *, iostat=status) seconds
  if (status /= 0) seconds = 0
  if (.not. (seconds > 0 .and. seconds < 1e6_dp)) then
    write (error_unit, '(a)') 'usage: hmc_phi4 [MODELS [SECONDS [CONTEXT [SERIES]]]], with SECONDS above 0'
    stop 1
  end if
  unit = 0
  if (command_argument_count() > 3) then
    open (newunit=unit, file=argument(4, ''), action='write')
    write (unit, '(a)') '# extent lambda proposals tau tau_error tau_us tau_error_us acceptance'
  end if
  call context%new(spec)
  print '(5a, f0.2, a, /)', 'instanton ', version(), ', context ', spec, ', ', seconds, &
    ' s for each lattice and chain'
  do i = 1, size(setups)
    call run_lattice(setups(i))
  end do
  call context%free()
  if (unit /= 0) close (unit)

contains

  function argument(n, default) result(value)
    integer, intent(in) :: n
    character(*), intent(in) :: default
    character(:), allocatable :: value
    integer :: length
    if (command_argument_count() < n) then
      value = default
      return
    end if
    call get_command_argument(n, length=length)
    allocate (character(length) :: value)
    call get_command_argument(n, value)
  end function

  subroutine run_lattice(setup)
    type(setup_type), intent(in) :: setup
    type(theory_type) :: theory
    type(chain_type) :: chains(2)
    type(inst_lattice) :: lattice
    type(inst_model) :: model
    type(inst_proposal) :: proposal
    character(32) :: name
    real(dp) :: proposed(setup%extent**2), log_ratio
    write (name, '(a, i0, a, i0, a)') '/phi4_', setup%extent, 'x', setup%extent, '.safetensors'
    call lattice%new(context, [setup%extent, setup%extent])
    call model%load(lattice, models // trim(name))
    call proposal%new(model, spec="{type: 'independence'}")
    theory = make_theory(setup)
    chains(1) = new_chain(theory, setup, 'HMC alone', 20260101_i8)
    chains(2) = new_chain(theory, setup, 'HMC and proposals', 77003311_i8)
    ! The first call builds the kernels of an OpenCL device; it is not timed, and its result not used.
    call proposal%propose(0_i8, chains(2)%phi, proposed, log_ratio)
    do while (chains(2)%seconds < seconds)
      call run(theory, setup, chains(1))
      call run(theory, setup, chains(2), proposal)
    end do
    print '(i0, a, i0, a, f0.3, a, f0.2, a, i0, a, i0, a, i0, a)', setup%extent, ' x ', setup%extent, &
      ', lambda = ', setup%lambda, ': trajectories of length ', setup%length, ' in ', setup%steps, ' steps; in turns ', &
      setup%trajectories, ' x HMC, ', setup%proposals, ' x proposal'
    call print_observables(setup, chains)
    call print_times(setup, chains, unit)
    call print_log_z(setup, theory, model)
    print '(a)', ''
  end subroutine
end program hmc_phi4
