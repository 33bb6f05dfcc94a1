! Functions that the library calls.
module free_action
  use, intrinsic :: iso_c_binding
  use instanton, only: work_name
  implicit none
  integer :: steps_seen = 0, reports_heard = 0

contains

  ! S = sum phi^2 / 2.
  function free_field(field, count, value, gradient, user) bind(c) result(stop)
    integer(c_int64_t), value :: count
    real(c_double), intent(in) :: field(count)
    real(c_double), intent(out) :: value
    type(c_ptr), value :: gradient, user
    integer(c_int32_t) :: stop
    real(c_double), pointer :: slopes(:)
    value = 0.5_c_double * sum(field**2)
    if (c_associated(gradient)) then
      call c_f_pointer(gradient, slopes, [count])
      slopes = field
    end if
    stop = merge(1_c_int32_t, 0_c_int32_t, c_associated(user))
  end function

  ! Stops after seven steps.
  function count_steps(step, steps, loss, ess, user) bind(c) result(stop)
    integer(c_int64_t), value :: step, steps
    real(c_double), value :: loss, ess
    type(c_ptr), value :: user
    integer(c_int32_t) :: stop
    stop = merge(1_c_int32_t, 0_c_int32_t, c_associated(user) .or. loss > huge(loss) .or. ess > 1.0001_c_double)
    steps_seen = steps_seen + 1
    if (step == 7 .and. steps == 10) stop = 1
  end function

  ! Stops at the third report of a trajectory.
  function hear_of_trajectory(work, done, total, figure, user) bind(c) result(stop)
    type(c_ptr), value :: work, user
    integer(c_int64_t), value :: done, total
    real(c_double), value :: figure
    integer(c_int32_t) :: stop
    stop = merge(9_c_int32_t, 0_c_int32_t, c_associated(user) .or. figure > huge(figure) .or. done > total)
    if (work_name(work) == 'trajectory' .and. total == 2000000) reports_heard = reports_heard + 1
    if (reports_heard == 3) stop = 4
  end function
end module

! The module instanton: objects, errors, shapes, and numbers that are known.
!   test_instanton MODELS FIELDS
program test_instanton
  use, intrinsic :: iso_c_binding, only: c_associated, c_double, c_int32_t, c_int64_t, c_loc, c_null_ptr, c_ptr
  use, intrinsic :: iso_fortran_env, only: error_unit
  use instanton
  use free_action
  implicit none
  integer, parameter :: dp = c_double, i8 = c_int64_t
  integer :: passed = 0
  character(1000) :: message
  character(:), allocatable :: models, fields

  models = argument(1)
  fields = argument(2)
  call test_objects()
  call test_errors()
  call test_actions()
  call test_proposals()
  call test_chains()
  call test_training()
  call test_models()
  call test_watch()
  call test_gauge_fields()
  call test_layouts()
  call test_ladders()
  call test_dirac()
  deallocate (models, fields)
  print '(a, i0, a)', 'fortran: ', passed, ' passed, 0 failed'

contains

  function argument(n) result(text)
    integer, intent(in) :: n
    character(:), allocatable :: text
    integer :: length
    call get_command_argument(n, length=length)
    allocate (character(length) :: text)
    call get_command_argument(n, text)
  end function

  subroutine expect(holds, what)
    logical, intent(in) :: holds
    character(*), intent(in) :: what
    if (.not. holds) then
      write (error_unit, '(4a)') 'fortran: expected ', what, '; last message: ', trim(message)
      stop 1
    end if
    passed = passed + 1
  end subroutine

  ! A call that has to fail with a status and a message that holds a text.
  subroutine expect_error(stat, status, text)
    integer, intent(in) :: stat
    integer(c_int32_t), intent(in) :: status
    character(*), intent(in) :: text
    call expect(stat == status .and. index(message, text) > 0, text)
  end subroutine

  subroutine make(context, lattice, extent)
    type(inst_context), intent(inout) :: context
    type(inst_lattice), intent(inout) :: lattice
    integer, intent(in) :: extent(:)
    call context%new('{threads: 1, seed: 5}')
    call lattice%new(context, extent)
  end subroutine

  ! Objects end with their variables, by hand, and when they are made anew; in any order.
  subroutine test_objects()
    type(inst_context) :: context
    type(inst_lattice) :: lattice
    type(inst_action) :: action
    integer :: n
    do n = 1, 50
      call make(context, lattice, [4, 4])
      call action%new(lattice, "{type: 'phi4', mass_squared: 1, lambda: 0}")
      call context%free()
      call context%free()
      call expect(index(version(), '.') > 0, 'a version')
    end do
    call expect(index(devices(), '"cpu"') > 0, 'the CPU among the devices')
  end subroutine

  subroutine test_errors()
    type(inst_context) :: context
    type(inst_lattice) :: lattice
    type(inst_action) :: action
    type(inst_model) :: model
    real(dp) :: field(4, 4), values(1), batch(2), gradient(4, 3)
    integer :: stat
    field = 1
    call context%new('{threads: -1}', stat, message)
    call expect_error(stat, INST_BAD_SPEC, 'threads: expected')
    call context%new(stat=stat)
    call expect(stat == INST_OK, 'a context of defaults')
    call lattice%new(context, [4, 1], stat, message)
    call expect_error(stat, INST_BAD_SHAPE, 'extent[1]: expected at least 2 sites, got 1')
    call lattice%new(context, [integer ::], stat, message)
    call expect_error(stat, INST_BAD_SHAPE, 'dimensions: expected 1 to 4, got 0')
    call action%value(field, values, stat, message)
    call expect_error(stat, INST_NULL_ARGUMENT, 'action: expected a pointer, got NULL')
    call lattice%new(context, [4, 4])
    call action%new(lattice, "{type: 'phi4', mass: 1}", stat, message)
    call expect_error(stat, INST_BAD_SPEC, "unknown key 'mass'")
    call action%new(lattice, "{type: 'phi4', mass_squared: 1, lambda: 0}", stat, message)
    call expect(stat == INST_OK, 'an action')
    call action%value(field, batch, stat, message)
    call expect_error(stat, INST_BAD_SHAPE, 'fields: expected numbers: 32, got 16')
    call action%gradient(field, gradient, stat=stat, errmsg=message)
    call expect_error(stat, INST_BAD_SHAPE, 'gradients: expected numbers: 16, got 12')
    field(2, 3) = field(2, 3) / (field(1, 1) - field(2, 2))
    call action%value(field, values, stat, message)
    call expect_error(stat, INST_BAD_INPUT, 'at index 9')
    call model%load(lattice, models // '/nothing', stat, message)
    call expect_error(stat, INST_IO, 'nothing')
  end subroutine

  subroutine test_actions()
    type(inst_context) :: context
    type(inst_lattice) :: lattice
    type(inst_action) :: action, own
    real(dp), target :: phi(4, 6), many(4, 6, 3), wide(8, 6)
    real(dp) :: values(3), one(1), gradient(4, 6), gradients(4, 6, 3)
    integer :: x, y, n
    call make(context, lattice, [4, 6])
    call action%new(lattice, "{type: 'phi4', mass_squared: 0.5, lambda: 0.25}")
    do n = 1, 3
      do y = 1, 6
        do x = 1, 4
          many(x, y, n) = sin(real(x + 3 * y + n, dp))
        end do
      end do
    end do
    call action%value(many, values)
    do n = 1, 3
      phi = many(:, :, n)
      ! x is the first index.
      one(1) = sum((cshift(phi, 1, 1) - phi)**2) + sum((cshift(phi, 1, 2) - phi)**2) + sum(0.5_dp * phi**2 + 0.25_dp * phi**4)
      call expect(abs(values(n) - one(1)) < 1e-12_dp, 'the action of a batch')
    end do
    call action%gradient(phi, gradient)
    call action%gradient(many, gradients, 3)
    call expect(maxval(abs(gradient - gradients(:, :, 3))) < 1e-14_dp, 'gradients of a batch')
    ! A part of an array, which is not contiguous, is copied by the compiler.
    wide = 1e9_dp
    wide(::2, :) = phi
    call action%value(wide(::2, :), one)
    call expect(abs(one(1) - values(3)) < 1e-14_dp, 'the action of a part of an array')
    call own%from_callback(lattice, free_field)
    call own%value(phi, one)
    call own%gradient(phi, gradient)
    call expect(abs(one(1) - 0.5_dp * sum(phi**2)) < 1e-12_dp .and. maxval(abs(gradient - phi)) < 1e-14_dp, 'a callback')
  end subroutine

  ! Exact log Z at 6 x 6 by the transfer matrix.
  subroutine test_proposals()
    integer, parameter :: batch = 8192
    type(inst_context) :: context
    type(inst_lattice) :: lattice
    type(inst_action) :: action
    type(inst_model) :: model
    type(inst_proposal) :: proposal
    real(dp), allocatable :: samples(:, :, :), log_q(:), again(:), values(:)
    type(inst_two_sided_report) :: both
    real(dp) :: ess, ess_error, log_z, log_z_error, tail, proposed(6, 6), log_ratio, short(6, 5), u
    real(dp) :: kl, kl_error, nested(2), nested_error(2), forward, forward_error, share, share_error, probability
    real(dp) :: average, average_error, difference
    integer :: stat, i, n
    call make(context, lattice, [6, 6])
    call action%new(lattice, "{type: 'phi4', mass_squared: -4, lambda: 6.975}")
    call model%load(lattice, models // '/phi4_6x6.safetensors')
    call expect(index(model%describe(), '"affine"') > 0, 'a description')
    allocate (samples(6, 6, batch), log_q(batch), again(batch), values(batch))
    call model%sample(0_i8, samples, log_q)
    call model%log_density(samples, again)
    call expect(maxval(abs(again - log_q)) < 1e-9_dp, 'the density of samples')
    call action%value(samples, values)
    call reweighting(-values - log_q, ess, ess_error, log_z, log_z_error)
    call reweighting_tail(-values - log_q, tail)
    call expect(abs(log_z - 6.98494787_dp) < 5 * log_z_error .and. log_z_error < 0.01_dp, 'log Z')
    call expect(ess > 0.7_dp .and. tail < 0.7_dp, 'weights')
    ! Weights of another half of the samples, resampled by their size, stand for those of a chain.
    n = 0
    do i = batch / 2 + 1, batch
      u = mod(i * 0.6180339887498949_dp, 1.0_dp)
      if (u < exp(-values(i) - log_q(i) - log_z) / 8) then
        n = n + 1
        again(n) = -values(i) - log_q(i)
      end if
    end do
    call reweighting_two_sided(-values(:batch / 2) - log_q(:batch / 2), again(:n), both)
    call expect(abs(both%log_z - 6.98494787_dp) < 5 * both%log_z_error .and. both%log_z_error < 0.05_dp, 'both sides')
    call expect(both%disagreement < 5, 'two sides that agree')
    call reweighting_two_sided(-values - log_q, again(:2), both, stat, message)
    call expect_error(stat, INST_BAD_SHAPE, 'chain_log_weights: expected at least 4 numbers, got 2')
    call kl_per_site(-values - log_q, 6.98494787_dp, 36_i8, kl, kl_error)
    call expect(kl > 0 .and. kl < 0.01_dp .and. kl_error < 0.001_dp, 'the divergence for each site')
    call reweighting_nested(-values - log_q, [256_i8, int(batch, i8)], nested, nested_error)
    call expect(abs(nested(2) - ess) < 1e-14_dp .and. abs(nested_error(2) - ess_error) < 1e-14_dp, 'nested subsets')
    call reweighting_mean(-values - log_q, values, average, average_error)
    call expect(average_error > 0 .and. average_error < 0.1_dp * abs(average), 'an average over weighted samples')
    call reweighting_mean(-values - log_q, values, difference, average_error, -values - log_q, values)
    call expect(abs(difference) <= 0 .and. abs(average_error) <= 0, 'the difference of equal averages')
    call reweighting_mean(-values - log_q, values(:3), difference, average_error, stat=stat, errmsg=message)
    call expect_error(stat, INST_BAD_SHAPE, 'observable: expected numbers: 8192, got 3')
    call reweighting_nested(-values - log_q, [256_i8], nested, nested_error, stat, message)
    call expect_error(stat, INST_BAD_SHAPE, 'ess: expected numbers: 1, got 2')
    call reweighting_forward(again(:n), forward, forward_error, kl, kl_error)
    call expect(abs(forward - ess) < 5 * (forward_error + ess_error), 'the effective sample size from a chain')
    call reweighting_forward(again(:n), forward, forward_error, kl, kl_error, log_z=6.98494787_dp)
    call expect(abs(forward - ess) < 5 * (forward_error + ess_error) .and. kl > 0, 'the same with an exact log Z')
    call mode_balance_independent(sum(sum(samples, 1), 1), 0.5_dp, share, share_error, probability)
    call expect(abs(share - 0.5_dp) < 5 * share_error .and. probability > 1e-6_dp, 'both signs of the magnetisation')
    call mode_balance(again(:n) * 0 + 1, 0.5_dp, share, share_error, probability, stat, message)
    call expect_error(stat, INST_NOT_CONVERGED, 'labels: series: expected numbers that change')
    call proposal%new(model)
    call proposal%propose(17_i8, samples(:, :, 1), proposed, log_ratio)
    call expect(maxval(abs(proposed - samples(:, :, 18))) < 1e-12_dp, 'the proposal of a counter')
    call expect(abs(log_ratio - log_q(1) + log_q(18)) < 1e-9_dp, 'its ratio')
    call proposal%propose(17_i8, short, proposed, log_ratio, stat, message)
    call expect_error(stat, INST_BAD_SHAPE, 'current: expected numbers: 36, got 30')
  end subroutine

  subroutine test_chains()
    type(inst_context) :: context
    type(inst_lattice) :: lattice
    type(inst_action) :: action
    type(inst_model) :: model
    type(inst_chain) :: chain
    real(dp) :: phi(6, 6), value, delta, series(4000), mean, error, tau, tau_error, whole, quality, distance, energy
    logical :: accepted
    integer :: n, stat
    call make(context, lattice, [6, 6])
    call action%new(lattice, "{type: 'phi4', mass_squared: -4, lambda: 6.975}")
    call model%load(lattice, models // '/phi4_6x6.safetensors')
    call chain%new(action, model, "{type: 'cycle', kernels: [{type: 'hmc'}, {type: 'independence', repeat: 4}]}")
    do n = 1, size(series)
      call chain%step(accepted, value, delta)
      call chain%field(phi)
      series(n) = sum(phi**2) / 36
    end do
    call autocorrelation(series, mean, error, tau, tau_error)
    call expect(abs(mean - 0.16138658_dp) < 5 * error .and. error < 0.002_dp, '<phi^2>')
    call autocorrelation_replicas([1500_i8, 2500_i8], series, whole, error, tau, tau_error, quality)
    call expect(abs(whole - mean) < 1e-12_dp .and. error < 0.002_dp, 'replicas')
    call expect(quality > 1e-6_dp .and. quality <= 1, 'the quality of replicas')
    call autocorrelation_replicas([1500_i8, 2501_i8], series, whole, error, tau, tau_error, quality, stat, message)
    call expect_error(stat, INST_BAD_SHAPE, 'series: expected numbers: 4001, got 4000')
    call chain%reversibility(distance, energy)
    call expect(distance > 0 .and. distance < 1e-10_dp .and. energy < 1e-10_dp, 'a trajectory there and back')
    call expect(index(chain%describe(), '"counter":4000') > 0, 'a chain as text')
    phi = 0.25_dp
    call chain%set_field(phi)
    call chain%field(phi)
    call expect(all(abs(phi - 0.25_dp) <= 0), 'the field that was set')
  end subroutine

  subroutine test_training()
    type(inst_context) :: context
    type(inst_lattice) :: lattice
    type(inst_action) :: action
    type(inst_model) :: model
    integer :: stat
    call make(context, lattice, [4, 4])
    call action%new(lattice, "{type: 'phi4', mass_squared: 1, lambda: 0}")
    call model%new(lattice, "{type: 'affine', layers: 2, hidden: [4]}")
    steps_seen = 0
    call model%train(action, '{steps: 10, batch: 8}', count_steps, stat=stat, errmsg=message)
    call expect_error(stat, INST_STOPPED, 'progress callback: expected 0, got 1')
    call expect(steps_seen == 7, 'seven steps')
    call model%train(action, '{steps: 10, batch: 8}', stat=stat, errmsg=message)
    call expect(stat == INST_OK, 'a training that goes on')
  end subroutine

  ! Training on fields, models at a coupling, and proposals without a model.
  subroutine test_models()
    type(inst_context) :: context
    type(inst_lattice) :: lattice
    type(inst_action) :: action
    type(inst_model) :: model, conditional, at, moved, noisy, haar
    type(inst_proposal) :: langevin, of_links
    complex(dp) :: links(3, 3, 2, 4, 4, 2), other(3, 3, 2, 4, 4)
    real(dp) :: given(4, 4, 20), fields(4, 4, 3), log_q(3), again(3), proposed(4, 4), log_ratio
    integer :: stat, i
    call make(context, lattice, [4, 4])
    call action%new(lattice, "{type: 'phi4', mass_squared: 1, lambda: 0}")
    call model%new(lattice, "{type: 'chain', layers: [{type: 'spline', hidden: [4]}]}")
    given = reshape([(sin(7.0_dp * i), i=1, size(given))], shape(given))
    call model%train_on(given, '{steps: 5, batch: 8}')
    call model%train_on(given(:, :, :0), stat=stat, errmsg=message)
    call expect_error(stat, INST_BAD_SHAPE, 'count: expected 1 to')
    call conditional%new(lattice, '{layers: 2, hidden: [4], condition: {lambda: [0, 2]}}')
    call conditional%at('{lambda: 3}', at, stat=stat, errmsg=message)
    call expect_error(stat, INST_BAD_SPEC, 'lambda: expected a number from 0 to 2, got 3')
    call conditional%at('{lambda: 1}', at)
    call at%sample(0_i8, fields, log_q)
    call at%log_density(fields, again)
    call expect(all(abs(log_q - again) < 1e-8_dp), 'log q of a model at a coupling')
    call at%transfer(lattice, moved)
    call moved%log_density(fields, again)
    call expect(all(abs(log_q - again) < 1e-8_dp), 'log q of a model that was transferred')
    call noisy%new(lattice, "{type: 'diffusion', network: {type: 'convolutional', hidden: [2], times: 2}}")
    call noisy%train(action, "{steps: 2, batch: 8, score: 'mixed', fields: {thermalise: 2, count: 20}}")
    call noisy%sample_paths(0_i8, fields, log_q, '{steps: 5, corrector: {size: 0.1}}')
    call expect(all(abs(log_q) < 1e6_dp) .and. all(abs(fields) > 0), 'fields of paths')
    call noisy%sample_paths(0_i8, fields, log_q, '{steps: 0}', stat=stat, errmsg=message)
    call expect_error(stat, INST_BAD_SPEC, 'steps: expected 1 to 100000, got 0')
    call haar%new(lattice, "{type: 'chain', prior: {type: 'haar', group: 'su3'}, layers: []}")
    call haar%sample(4_i8, links, log_q(:2))
    call haar%log_density(links, again(:2))
    call expect(all(abs(log_q(:2)) + abs(again(:2)) < 1e-12_dp), 'log q of links from the Haar measure')
    call expect(all(abs(matmul(links(:, :, 1, 1, 1, 1), conjg(transpose(links(:, :, 1, 1, 1, 1)))) - &
                        reshape([1, 0, 0, 0, 1, 0, 0, 0, 1], [3, 3])) < 1e-13_dp), 'a unitary link')
    call haar%sample(4_i8, fields, log_q(:2), stat=stat, errmsg=message)
    call expect_error(stat, INST_BAD_SHAPE, 'fields: expected numbers: 1152, got 48')
    call of_links%new(haar)
    call of_links%propose(5_i8, links(:, :, :, :, :, 1), other, log_ratio)
    call expect(abs(log_ratio) < tiny(1.0_dp) .and. all(abs(other - links(:, :, :, :, :, 2)) < 1e-15_dp), 'a proposal of links')
    call langevin%new(action=action, spec="{type: 'langevin', step: 0.01}")
    call langevin%propose(1_i8, fields(:, :, 1), proposed, log_ratio)
    call expect(any(abs(proposed - fields(:, :, 1)) > 0.0_dp), 'a Langevin proposal')
  end subroutine

  subroutine test_watch()
    type(inst_context) :: context
    type(inst_lattice) :: lattice
    type(inst_action) :: action
    type(inst_chain) :: chain
    complex(dp) :: before(2, 2, 4, 4, 4, 4, 4), after(2, 2, 4, 4, 4, 4, 4)
    logical :: accepted
    real(dp) :: value, delta
    integer :: stat
    call make(context, lattice, [4, 4, 4, 4])
    call action%new(lattice, "{type: 'wilson', group: 'su2', beta: 2}")
    call chain%new(action, spec="{start: 'hot', steps: 1000000}")
    call chain%field(before)
    call watch(hear_of_trajectory)
    call chain%step(accepted, value, delta, stat=stat, errmsg=message)
    call expect_error(stat, INST_STOPPED, "watch callback: expected 0, got 4 during 'trajectory'")
    call expect(reports_heard == 3, 'three reports')
    call chain%field(after)
    call expect(all(abs(before - after) <= 0.0_dp), 'a chain as it was')
    call watch()
    call chain%new(action, spec="{start: 'hot', steps: 20}")
    call chain%step(accepted, value, delta, stat=stat, errmsg=message)
    call expect(stat == INST_OK .and. reports_heard == 3, 'a step without a watch')
  end subroutine

  subroutine test_gauge_fields()
    type(inst_context) :: context
    type(inst_lattice) :: lattice
    type(inst_gauge) :: gauge, other
    complex(dp) :: links(3, 3, 4, 2, 4, 2, 2), again(3, 3, 4, 2, 4, 2, 2), product(3, 3), few(3, 3, 4, 2, 4, 2, 1)
    complex(dp) :: taken(3, 3, 4, 2, 4, 2, 2)
    real(dp), allocatable :: values(:)
    integer :: stat, i
    call make(context, lattice, [2, 4, 2, 2])
    call gauge%new(lattice)
    call gauge%read(fields // '/ildg-f64')
    call gauge%links(links)
    product = matmul(links(:, :, 3, 2, 4, 1, 2), conjg(transpose(links(:, :, 3, 2, 4, 1, 2))))
    do i = 1, 3
      product(i, i) = product(i, i) - 1
    end do
    call expect(maxval(abs(product)) < 1e-12_dp, 'a unitary link')
    call gauge%observe("{type: 'planes'}", values)
    call expect(size(values) == 6, 'six planes')
    call gauge%observe("{type: 'plaquette'}", values)
    call expect(size(values) == 1 .and. abs(values(1) - plaquette(links)) < 1e-12_dp, 'the plaquette')
    call other%new(lattice)
    call other%set_links(links)
    call other%links(again)
    call expect(all(abs(links - again) <= 0), 'the links that were set')
    call gauge%links(few, stat, message)
    call expect_error(stat, INST_BAD_SHAPE, 'links: expected numbers: 2304, got 1152')
    again(1, 1, 1, 1, 1, 1, 1) = 7
    call other%set_links(again, stat, message)
    call expect_error(stat, INST_BAD_INPUT, 'links within')
    call other%set_links(again, "{verify: false}")
    call other%links(taken)
    call expect(all(abs(taken - again) <= 0), 'links outside the group, unverified')
    call other%set_links(again, "{verify: false, project: true}", stat, message)
    call other%observe("{type: 'unitarity'}", values)
    call expect(stat == INST_OK .and. values(1) < 1e-13_dp, 'links projected onto the group')
    call expect(index(probe(fields // '/ildg-f64'), '"extents":[2,4,2,2]') > 0, 'a file probed')
    call expect(len(probe(fields // '/missing', stat, message)) == 0, 'no file to probe')
    call expect_error(stat, INST_IO, 'missing')
    call gauge%smear("{type: 'stout', rho: 0.1, steps: 1}")
    call gauge%observe("{type: 'plaquette'}", values)
    call expect(values(1) > plaquette(links), 'a smoother field')
  end subroutine

  ! The mean of Re tr P / 3: arrays are (column, row), so that products of matrices turn around.
  function plaquette(links) result(mean)
    complex(dp), intent(in) :: links(3, 3, 4, 2, 4, 2, 2)
    real(dp) :: mean
    complex(dp) :: p(3, 3)
    integer :: x(4), forward(4), up(4), site, mu, nu, extent(4), i
    extent = [2, 4, 2, 2]
    mean = 0
    do site = 0, 31
      x = [mod(site, 2), mod(site / 2, 4), mod(site / 8, 2), site / 16]
      do mu = 1, 4
        do nu = 1, mu - 1
          forward = x
          forward(mu) = mod(x(mu) + 1, extent(mu))
          up = x
          up(nu) = mod(x(nu) + 1, extent(nu))
          p = matmul(matmul(u(links, mu, x), u(links, nu, forward)), &
                     conjg(transpose(matmul(u(links, nu, x), u(links, mu, up)))))
          mean = mean + sum([(real(p(i, i), dp), i=1, 3)]) / 3
        end do
      end do
    end do
    mean = mean / (32 * 6)
  end function

  ! U_mu(x), row first.
  function u(links, mu, x)
    complex(dp), intent(in) :: links(3, 3, 4, 2, 4, 2, 2)
    integer, intent(in) :: mu, x(4)
    complex(dp) :: u(3, 3)
    u = transpose(links(:, :, mu, x(1) + 1, x(2) + 1, x(3) + 1, x(4) + 1))
  end function

  ! A code that keeps u(row, column, x, y, z, t) of each direction in an array of its own.
  subroutine test_layouts()
    type(inst_context) :: context
    type(inst_lattice) :: lattice
    type(inst_gauge) :: gauge
    type(inst_layout) :: layout
    complex(dp) :: links(3, 3, 4, 2, 4, 2, 2), again(3, 3, 4, 2, 4, 2, 2)
    real(dp), target :: bordered(64)
    real(dp) :: phi(2, 4, 2, 2)
    complex(dp), target :: own(3, 3, 2, 4, 2, 2, 4), before(3, 3, 2, 4, 2, 2, 4)
    type(c_ptr) :: base(4)
    integer(c_int32_t) :: bases
    integer(i8) :: bytes
    integer :: i, mu, stat
    call make(context, lattice, [2, 4, 2, 2])
    call gauge%new(lattice)
    call gauge%read(fields // '/ildg-f64')
    call gauge%links(links)
    call layout%new(lattice, "{order: 'julia', boundary: [1, 1, 1, -1]}")
    call layout%size(bases, bytes)
    call expect(bases == 4 .and. bytes == 32 * 144, 'the size of a layout')
    do mu = 1, 4
      base(mu) = c_loc(own(1, 1, 1, 1, 1, 1, mu))
    end do
    call gauge%export(layout, base)
    call expect(abs(own(1, 3, 2, 4, 1, 1, 2) - links(3, 1, 2, 2, 4, 1, 1)) <= 0, 'a link at its place')
    call expect(abs(own(1, 3, 2, 4, 1, 2, 4) + links(3, 1, 4, 2, 4, 1, 2)) <= 0, 'a link with its sign')
    before = own
    call layout%import(base, again)
    call expect(all(abs(again - links) <= 0), 'links in an array')
    own = 0
    call layout%export(again, base)
    call expect(all(abs(own - before) <= 0), 'links of an array')
    call layout%import(base, again(:, :, :, :, :, :, 1), stat, message)
    call expect_error(stat, INST_BAD_SHAPE, 'links: expected numbers: 2304, got 1152')
    call gauge%import(layout, base)
    own = 0
    call gauge%export(layout, base)
    call expect(all(abs(own - before) <= 0), 'what was imported')
    call gauge%import(layout, base(:3), stat, message)
    call expect_error(stat, INST_BAD_SHAPE, 'base: expected numbers: 4, got 3')
    base(2) = c_null_ptr
    call gauge%import(layout, base, stat, message)
    call expect_error(stat, INST_NULL_ARGUMENT, 'base[1]')

    ! A real field with a border, described by strides.
    call lattice%new(context, [2_c_int64_t, 4_c_int64_t, 2_c_int64_t, 2_c_int64_t])
    call layout%new(lattice, "{order: 'strides', fields: 'real', strides: {site: [1, 4, 16, 32]}}")
    do i = 1, size(bordered)
      bordered(i) = i
    end do
    base(1) = c_loc(bordered)
    call layout%import(base(:1), phi)
    call expect(abs(phi(2, 4, 2, 2) - (2 + 4 * 3 + 16 + 32)) <= 0, 'a number at its place')
    phi = -phi
    call layout%export(phi, base(:1))
    call expect(abs(bordered(2) + 2) <= 0 .and. abs(bordered(3) - 3) <= 0, 'a field in its borders')
    call layout%export(phi(:, :, :, 1), base(:1), stat, message)
    call expect_error(stat, INST_BAD_SHAPE, 'field: expected numbers: 32, got 16')
  end subroutine

  subroutine test_ladders()
    type(inst_context) :: context
    type(inst_lattice) :: lattice
    type(inst_layout) :: layout, links
    type(inst_ladder) :: ladder, other
    type(inst_communicator) :: communicator
    character(*), parameter :: spec = "{defect: {size: [2], at: [3, 1]}, replicas: 3, tune: 40, " // &
      "action: {type: 'wilson', group: 'u1', beta: 2}}"
    character(*), parameter :: path = 'build_ladder_of_a_test'
    character(:), allocatable :: told
    complex(dp), target :: u(2, 4, 6)
    real(dp), target :: laid(24)
    real(dp) :: factors(4, 6), weights(24), strength, partner, difference
    integer(i8) :: replicas, counter, rung, at(2)
    integer :: n, stat, unit
    call make(context, lattice, [4, 6])
    call ladder%new(lattice, spec)
    call other%new(lattice, spec)
    call ladder%state(replicas, counter)
    call expect(replicas == 3 .and. counter == 0, 'a new ladder')
    call ladder%replica(1_i8, rung, strength, partner, at)
    call expect(rung == 1 .and. abs(strength - 0.5_dp) < 1e-15_dp .and. all(at == [3, 1]), 'a rung and a place')
    call ladder%link_factors(1_i8, 0.25_dp, 1, factors)
    call expect(abs(factors(4, 2) - 0.25_dp) + abs(factors(1, 2) - 0.25_dp) < 1e-15_dp .and. &
                count(factors > 0.5_dp) == 22, 'factors')
    call ladder%plaquette_weights(1_i8, 0.25_dp, 0, 1, weights)
    call expect(abs(weights(8) - 0.0625_dp) < 1e-15_dp .and. count(weights > 0.5_dp) == 21, 'weights')
    call layout%new(lattice, "{order: 'milc', fields: 'real'}")
    call ladder%link_factors(1_i8, 0.25_dp, 1, layout, [c_loc(laid)])
    call expect(abs(laid(4) - 0.25_dp) < 1e-15_dp, 'factors of even sites first')
    call ladder%plaquette_weights(1_i8, 0.25_dp, 0, 1, layout, [c_loc(laid)])
    call expect(abs(laid(4) - 0.0625_dp) < 1e-15_dp, 'weights of even sites first')
    call links%new(lattice, "{fields: 'u1'}")
    u = reshape([(exp(cmplx(0, real(n, dp)**2, dp)), n=1, 48)], [2, 4, 6])
    call ladder%difference(1_i8, links, [c_loc(u)], difference)
    call expect(abs(difference) > 1e-3_dp, 'a difference')
    do n = 1, 30
      call ladder%swap(sin([real(n, dp), n + 1.0_dp, n + 2.0_dp]))
    end do
    call ladder%save(path)
    call other%load(path)
    open (newunit=unit, file=path)
    close (unit, status='delete')
    call ladder%swap([0.0_dp, 0.5_dp, 1.0_dp])
    call other%swap([1.0_dp, 0.5_dp, 0.0_dp], [2_i8, 1_i8, 0_i8])
    told = other%describe()
    call expect(index(told, '"counter":31') > 0, 'the counter of a ladder')
    call expect(ladder%describe() == told, 'a ladder that goes on')
    call ladder%replica(3_i8, rung, strength, partner, at, stat, message)
    call expect_error(stat, INST_BAD_INPUT, 'replica: expected 0 to 2, got 3')
    call ladder%swap([0.0_dp], stat=stat, errmsg=message)
    call expect_error(stat, INST_BAD_INPUT, 'expected replica 1 on one of the ranks')
    call ladder%connect(communicator, stat, message)
    call expect_error(stat, INST_BAD_SHAPE, 'communicator.struct_size')
  end subroutine

  subroutine test_dirac()
    type(inst_context) :: context
    type(inst_lattice) :: lattice
    type(inst_gauge) :: gauge
    type(inst_dirac) :: dirac
    type(inst_solve_report) :: report
    complex(dp) :: source(3, 4, 2, 4, 2, 2), solution(3, 4, 2, 4, 2, 2), residual(3, 4, 2, 4, 2, 2)
    real(dp) :: values(3), residuals(3)
    integer :: stat
    call make(context, lattice, [2, 4, 2, 2])
    call gauge%new(lattice)
    call gauge%read(fields // '/ildg-f64')
    call dirac%new(gauge, "{type: 'wilson', kappa: 0.11, boundary: [1, 1, 1, -1]}")
    source = 0
    source(2, 3, 1, 2, 1, 2) = (0.5_dp, 1.0_dp)
    call dirac%solve(source, solution, '{tolerance: 1e-11}', report=report)
    call dirac%apply('plain', solution, residual)
    residual = residual - source
    call expect(sqrt(sum(abs(residual)**2) / sum(abs(source)**2)) < 1.1e-11_dp, 'a solution')
    call expect(report%iterations > 3 .and. report%residual < 1e-11_dp, 'a report')
    call dirac%solve(source, solution, '{max_iterations: 1}', stat=stat, errmsg=message)
    call expect(stat == INST_NOT_CONVERGED, 'a solve that does not converge')
    call dirac%spectrum("{of: 'singular', count: 3}", 3, values, residuals)
    call expect(values(1) > 0 .and. values(1) <= values(3) .and. maxval(residuals) < 1e-8_dp, 'singular values')
  end subroutine
end program
