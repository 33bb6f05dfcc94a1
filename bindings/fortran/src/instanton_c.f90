! Interfaces of include/instanton.h in Fortran 2003, made from it by `make fortran`. What C points to is passed as
! an address, c_loc(array); the module instanton is the one to use.
module instanton_c
  use, intrinsic :: iso_c_binding, only: c_double, c_funptr, c_int32_t, c_int64_t, &
                                          c_null_funptr, c_null_ptr, c_ptr
  implicit none
  public
  integer(c_int32_t), parameter :: INST_OK = 0
  integer(c_int32_t), parameter :: INST_NULL_ARGUMENT = 1
  integer(c_int32_t), parameter :: INST_BAD_SPEC = 2
  integer(c_int32_t), parameter :: INST_BAD_SHAPE = 3
  integer(c_int32_t), parameter :: INST_BAD_INPUT = 4
  integer(c_int32_t), parameter :: INST_IO = 5
  integer(c_int32_t), parameter :: INST_NOT_CONVERGED = 6
  integer(c_int32_t), parameter :: INST_NO_DEVICE = 7
  integer(c_int32_t), parameter :: INST_STOPPED = 8
  integer(c_int32_t), parameter :: INST_UNSUPPORTED = 9
  integer(c_int32_t), parameter :: INST_INTERNAL = 99
  type, bind(c) :: inst_two_sided_report
    integer(c_int64_t) :: struct_size = 0
    real(c_double) :: log_z_model = 0
    real(c_double) :: log_z_model_error = 0
    real(c_double) :: log_z_chain = 0
    real(c_double) :: log_z_chain_error = 0
    real(c_double) :: log_z = 0
    real(c_double) :: log_z_error = 0
    real(c_double) :: kl_model = 0
    real(c_double) :: kl_model_error = 0
    real(c_double) :: kl_chain = 0
    real(c_double) :: kl_chain_error = 0
    real(c_double) :: disagreement = 0
  end type
  type, bind(c) :: inst_communicator
    integer(c_int64_t) :: struct_size = 0
    integer(c_int32_t) :: rank = 0
    integer(c_int32_t) :: size = 0
    type(c_ptr) :: user = c_null_ptr
    type(c_funptr) :: sendrecv = c_null_funptr
    type(c_funptr) :: allreduce = c_null_funptr
    type(c_funptr) :: barrier = c_null_funptr
  end type
  type, bind(c) :: inst_solve_report
    integer(c_int64_t) :: struct_size = 0
    integer(c_int64_t) :: iterations = 0
    real(c_double) :: residual = 0
    real(c_double) :: seconds = 0
  end type
  interface
    function inst_version() bind(c) result(status)
      import
      type(c_ptr) :: status
    end function
    function inst_last_error() bind(c) result(status)
      import
      type(c_ptr) :: status
    end function
    function inst_context_new(&
        spec, &
        out) bind(c) result(status)
      import
      type(c_ptr), value :: spec
      type(c_ptr), value :: out
      integer(c_int32_t) :: status
    end function
    subroutine inst_context_free(&
        context) bind(c)
      import
      type(c_ptr), value :: context
    end subroutine
    function inst_devices(&
        text, &
        capacity, &
        needed) bind(c) result(status)
      import
      type(c_ptr), value :: text
      integer(c_int64_t), value :: capacity
      type(c_ptr), value :: needed
      integer(c_int32_t) :: status
    end function
    function inst_watch(&
        watch, &
        user) bind(c) result(status)
      import
      type(c_funptr), value :: watch
      type(c_ptr), value :: user
      integer(c_int32_t) :: status
    end function
    function inst_lattice_new(&
        context, &
        dimensions, &
        extent, &
        out) bind(c) result(status)
      import
      type(c_ptr), value :: context
      integer(c_int32_t), value :: dimensions
      type(c_ptr), value :: extent
      type(c_ptr), value :: out
      integer(c_int32_t) :: status
    end function
    subroutine inst_lattice_free(&
        lattice) bind(c)
      import
      type(c_ptr), value :: lattice
    end subroutine
    function inst_action_new(&
        lattice, &
        spec, &
        out) bind(c) result(status)
      import
      type(c_ptr), value :: lattice
      type(c_ptr), value :: spec
      type(c_ptr), value :: out
      integer(c_int32_t) :: status
    end function
    function inst_action_from_callback(&
        lattice, &
        function, &
        user, &
        out) bind(c) result(status)
      import
      type(c_ptr), value :: lattice
      type(c_funptr), value :: function
      type(c_ptr), value :: user
      type(c_ptr), value :: out
      integer(c_int32_t) :: status
    end function
    subroutine inst_action_free(&
        action) bind(c)
      import
      type(c_ptr), value :: action
    end subroutine
    function inst_action_count(&
        action, &
        count) bind(c) result(status)
      import
      type(c_ptr), value :: action
      type(c_ptr), value :: count
      integer(c_int32_t) :: status
    end function
    function inst_action_value(&
        action, &
        batch, &
        fields, &
        values) bind(c) result(status)
      import
      type(c_ptr), value :: action
      integer(c_int64_t), value :: batch
      type(c_ptr), value :: fields
      type(c_ptr), value :: values
      integer(c_int32_t) :: status
    end function
    function inst_action_gradient(&
        action, &
        batch, &
        fields, &
        gradients) bind(c) result(status)
      import
      type(c_ptr), value :: action
      integer(c_int64_t), value :: batch
      type(c_ptr), value :: fields
      type(c_ptr), value :: gradients
      integer(c_int32_t) :: status
    end function
    function inst_action_refresh(&
        action, &
        counter, &
        field, &
        out) bind(c) result(status)
      import
      type(c_ptr), value :: action
      integer(c_int64_t), value :: counter
      type(c_ptr), value :: field
      type(c_ptr), value :: out
      integer(c_int32_t) :: status
    end function
    function inst_model_new(&
        lattice, &
        spec, &
        out) bind(c) result(status)
      import
      type(c_ptr), value :: lattice
      type(c_ptr), value :: spec
      type(c_ptr), value :: out
      integer(c_int32_t) :: status
    end function
    function inst_model_load(&
        lattice, &
        path, &
        out) bind(c) result(status)
      import
      type(c_ptr), value :: lattice
      type(c_ptr), value :: path
      type(c_ptr), value :: out
      integer(c_int32_t) :: status
    end function
    function inst_model_save(&
        model, &
        path) bind(c) result(status)
      import
      type(c_ptr), value :: model
      type(c_ptr), value :: path
      integer(c_int32_t) :: status
    end function
    function inst_model_at(&
        model, &
        condition, &
        out) bind(c) result(status)
      import
      type(c_ptr), value :: model
      type(c_ptr), value :: condition
      type(c_ptr), value :: out
      integer(c_int32_t) :: status
    end function
    function inst_model_transfer(&
        model, &
        lattice, &
        out) bind(c) result(status)
      import
      type(c_ptr), value :: model
      type(c_ptr), value :: lattice
      type(c_ptr), value :: out
      integer(c_int32_t) :: status
    end function
    function inst_model_count(&
        model, &
        count) bind(c) result(status)
      import
      type(c_ptr), value :: model
      type(c_ptr), value :: count
      integer(c_int32_t) :: status
    end function
    function inst_model_describe(&
        model, &
        text, &
        capacity, &
        needed) bind(c) result(status)
      import
      type(c_ptr), value :: model
      type(c_ptr), value :: text
      integer(c_int64_t), value :: capacity
      type(c_ptr), value :: needed
      integer(c_int32_t) :: status
    end function
    subroutine inst_model_free(&
        model) bind(c)
      import
      type(c_ptr), value :: model
    end subroutine
    function inst_model_train(&
        model, &
        action, &
        spec, &
        progress, &
        user) bind(c) result(status)
      import
      type(c_ptr), value :: model
      type(c_ptr), value :: action
      type(c_ptr), value :: spec
      type(c_funptr), value :: progress
      type(c_ptr), value :: user
      integer(c_int32_t) :: status
    end function
    function inst_model_train_on(&
        model, &
        count, &
        fields, &
        spec, &
        progress, &
        user) bind(c) result(status)
      import
      type(c_ptr), value :: model
      integer(c_int64_t), value :: count
      type(c_ptr), value :: fields
      type(c_ptr), value :: spec
      type(c_funptr), value :: progress
      type(c_ptr), value :: user
      integer(c_int32_t) :: status
    end function
    function inst_model_sample(&
        model, &
        counter, &
        batch, &
        fields, &
        log_q) bind(c) result(status)
      import
      type(c_ptr), value :: model
      integer(c_int64_t), value :: counter
      integer(c_int64_t), value :: batch
      type(c_ptr), value :: fields
      type(c_ptr), value :: log_q
      integer(c_int32_t) :: status
    end function
    function inst_model_sample_paths(&
        model, &
        spec, &
        counter, &
        batch, &
        fields, &
        log_path) bind(c) result(status)
      import
      type(c_ptr), value :: model
      type(c_ptr), value :: spec
      integer(c_int64_t), value :: counter
      integer(c_int64_t), value :: batch
      type(c_ptr), value :: fields
      type(c_ptr), value :: log_path
      integer(c_int32_t) :: status
    end function
    function inst_model_log_density(&
        model, &
        batch, &
        fields, &
        log_q) bind(c) result(status)
      import
      type(c_ptr), value :: model
      integer(c_int64_t), value :: batch
      type(c_ptr), value :: fields
      type(c_ptr), value :: log_q
      integer(c_int32_t) :: status
    end function
    function inst_proposal_new(&
        model, &
        action, &
        spec, &
        out) bind(c) result(status)
      import
      type(c_ptr), value :: model
      type(c_ptr), value :: action
      type(c_ptr), value :: spec
      type(c_ptr), value :: out
      integer(c_int32_t) :: status
    end function
    subroutine inst_proposal_free(&
        proposal) bind(c)
      import
      type(c_ptr), value :: proposal
    end subroutine
    function inst_propose(&
        proposal, &
        counter, &
        current, &
        proposed, &
        log_ratio) bind(c) result(status)
      import
      type(c_ptr), value :: proposal
      integer(c_int64_t), value :: counter
      type(c_ptr), value :: current
      type(c_ptr), value :: proposed
      type(c_ptr), value :: log_ratio
      integer(c_int32_t) :: status
    end function
    function inst_chain_new(&
        action, &
        model, &
        spec, &
        out) bind(c) result(status)
      import
      type(c_ptr), value :: action
      type(c_ptr), value :: model
      type(c_ptr), value :: spec
      type(c_ptr), value :: out
      integer(c_int32_t) :: status
    end function
    subroutine inst_chain_free(&
        chain) bind(c)
      import
      type(c_ptr), value :: chain
    end subroutine
    function inst_chain_set_field(&
        chain, &
        field) bind(c) result(status)
      import
      type(c_ptr), value :: chain
      type(c_ptr), value :: field
      integer(c_int32_t) :: status
    end function
    function inst_chain_field(&
        chain, &
        field) bind(c) result(status)
      import
      type(c_ptr), value :: chain
      type(c_ptr), value :: field
      integer(c_int32_t) :: status
    end function
    function inst_chain_step(&
        chain, &
        accepted, &
        value, &
        delta) bind(c) result(status)
      import
      type(c_ptr), value :: chain
      type(c_ptr), value :: accepted
      type(c_ptr), value :: value
      type(c_ptr), value :: delta
      integer(c_int32_t) :: status
    end function
    function inst_chain_reversibility(&
        chain, &
        distance, &
        energy) bind(c) result(status)
      import
      type(c_ptr), value :: chain
      type(c_ptr), value :: distance
      type(c_ptr), value :: energy
      integer(c_int32_t) :: status
    end function
    function inst_chain_describe(&
        chain, &
        text, &
        capacity, &
        needed) bind(c) result(status)
      import
      type(c_ptr), value :: chain
      type(c_ptr), value :: text
      integer(c_int64_t), value :: capacity
      type(c_ptr), value :: needed
      integer(c_int32_t) :: status
    end function
    function inst_chain_save(&
        chain, &
        path) bind(c) result(status)
      import
      type(c_ptr), value :: chain
      type(c_ptr), value :: path
      integer(c_int32_t) :: status
    end function
    function inst_chain_load(&
        chain, &
        path) bind(c) result(status)
      import
      type(c_ptr), value :: chain
      type(c_ptr), value :: path
      integer(c_int32_t) :: status
    end function
    function inst_autocorrelation(&
        count, &
        series, &
        mean, &
        error, &
        tau, &
        tau_error) bind(c) result(status)
      import
      integer(c_int64_t), value :: count
      type(c_ptr), value :: series
      type(c_ptr), value :: mean
      type(c_ptr), value :: error
      type(c_ptr), value :: tau
      type(c_ptr), value :: tau_error
      integer(c_int32_t) :: status
    end function
    function inst_autocorrelation_replicas(&
        replicas, &
        counts, &
        series, &
        mean, &
        error, &
        tau, &
        tau_error, &
        quality) bind(c) result(status)
      import
      integer(c_int64_t), value :: replicas
      type(c_ptr), value :: counts
      type(c_ptr), value :: series
      type(c_ptr), value :: mean
      type(c_ptr), value :: error
      type(c_ptr), value :: tau
      type(c_ptr), value :: tau_error
      type(c_ptr), value :: quality
      integer(c_int32_t) :: status
    end function
    function inst_reweighting(&
        count, &
        log_weights, &
        ess, &
        ess_error, &
        log_z, &
        log_z_error) bind(c) result(status)
      import
      integer(c_int64_t), value :: count
      type(c_ptr), value :: log_weights
      type(c_ptr), value :: ess
      type(c_ptr), value :: ess_error
      type(c_ptr), value :: log_z
      type(c_ptr), value :: log_z_error
      integer(c_int32_t) :: status
    end function
    function inst_reweighting_tail(&
        count, &
        log_weights, &
        tail_shape) bind(c) result(status)
      import
      integer(c_int64_t), value :: count
      type(c_ptr), value :: log_weights
      type(c_ptr), value :: tail_shape
      integer(c_int32_t) :: status
    end function
    function inst_reweighting_two_sided(&
        count, &
        log_weights, &
        chain_count, &
        chain_log_weights, &
        report) bind(c) result(status)
      import
      integer(c_int64_t), value :: count
      type(c_ptr), value :: log_weights
      integer(c_int64_t), value :: chain_count
      type(c_ptr), value :: chain_log_weights
      type(c_ptr), value :: report
      integer(c_int32_t) :: status
    end function
    function inst_kl_per_site(&
        count, &
        log_weights, &
        log_z, &
        sites, &
        kl, &
        kl_error) bind(c) result(status)
      import
      integer(c_int64_t), value :: count
      type(c_ptr), value :: log_weights
      real(c_double), value :: log_z
      integer(c_int64_t), value :: sites
      type(c_ptr), value :: kl
      type(c_ptr), value :: kl_error
      integer(c_int32_t) :: status
    end function
    function inst_reweighting_mean(&
        count, &
        log_weights, &
        observable, &
        coarse_log_weights, &
        coarse_observable, &
        mean, &
        error) bind(c) result(status)
      import
      integer(c_int64_t), value :: count
      type(c_ptr), value :: log_weights
      type(c_ptr), value :: observable
      type(c_ptr), value :: coarse_log_weights
      type(c_ptr), value :: coarse_observable
      type(c_ptr), value :: mean
      type(c_ptr), value :: error
      integer(c_int32_t) :: status
    end function
    function inst_reweighting_nested(&
        count, &
        log_weights, &
        subsets, &
        counts, &
        ess, &
        ess_error) bind(c) result(status)
      import
      integer(c_int64_t), value :: count
      type(c_ptr), value :: log_weights
      integer(c_int64_t), value :: subsets
      type(c_ptr), value :: counts
      type(c_ptr), value :: ess
      type(c_ptr), value :: ess_error
      integer(c_int32_t) :: status
    end function
    function inst_reweighting_forward(&
        chain_count, &
        chain_log_weights, &
        log_z, &
        ess, &
        ess_error, &
        kl, &
        kl_error) bind(c) result(status)
      import
      integer(c_int64_t), value :: chain_count
      type(c_ptr), value :: chain_log_weights
      type(c_ptr), value :: log_z
      type(c_ptr), value :: ess
      type(c_ptr), value :: ess_error
      type(c_ptr), value :: kl
      type(c_ptr), value :: kl_error
      integer(c_int32_t) :: status
    end function
    function inst_mode_balance(&
        count, &
        labels, &
        expected_share, &
        share, &
        share_error, &
        probability) bind(c) result(status)
      import
      integer(c_int64_t), value :: count
      type(c_ptr), value :: labels
      real(c_double), value :: expected_share
      type(c_ptr), value :: share
      type(c_ptr), value :: share_error
      type(c_ptr), value :: probability
      integer(c_int32_t) :: status
    end function
    function inst_mode_balance_independent(&
        count, &
        labels, &
        expected_share, &
        share, &
        share_error, &
        probability) bind(c) result(status)
      import
      integer(c_int64_t), value :: count
      type(c_ptr), value :: labels
      real(c_double), value :: expected_share
      type(c_ptr), value :: share
      type(c_ptr), value :: share_error
      type(c_ptr), value :: probability
      integer(c_int32_t) :: status
    end function
    function inst_gauge_new(&
        lattice, &
        spec, &
        out) bind(c) result(status)
      import
      type(c_ptr), value :: lattice
      type(c_ptr), value :: spec
      type(c_ptr), value :: out
      integer(c_int32_t) :: status
    end function
    subroutine inst_gauge_free(&
        gauge) bind(c)
      import
      type(c_ptr), value :: gauge
    end subroutine
    function inst_gauge_count(&
        gauge, &
        count) bind(c) result(status)
      import
      type(c_ptr), value :: gauge
      type(c_ptr), value :: count
      integer(c_int32_t) :: status
    end function
    function inst_gauge_set_links(&
        gauge, &
        links) bind(c) result(status)
      import
      type(c_ptr), value :: gauge
      type(c_ptr), value :: links
      integer(c_int32_t) :: status
    end function
    function inst_gauge_links(&
        gauge, &
        links) bind(c) result(status)
      import
      type(c_ptr), value :: gauge
      type(c_ptr), value :: links
      integer(c_int32_t) :: status
    end function
    function inst_gauge_set_links_with(&
        gauge, &
        links, &
        spec) bind(c) result(status)
      import
      type(c_ptr), value :: gauge
      type(c_ptr), value :: links
      type(c_ptr), value :: spec
      integer(c_int32_t) :: status
    end function
    function inst_gauge_read(&
        gauge, &
        path, &
        spec) bind(c) result(status)
      import
      type(c_ptr), value :: gauge
      type(c_ptr), value :: path
      type(c_ptr), value :: spec
      integer(c_int32_t) :: status
    end function
    function inst_gauge_write(&
        gauge, &
        path, &
        spec) bind(c) result(status)
      import
      type(c_ptr), value :: gauge
      type(c_ptr), value :: path
      type(c_ptr), value :: spec
      integer(c_int32_t) :: status
    end function
    function inst_gauge_probe(&
        path, &
        text, &
        capacity, &
        needed) bind(c) result(status)
      import
      type(c_ptr), value :: path
      type(c_ptr), value :: text
      integer(c_int64_t), value :: capacity
      type(c_ptr), value :: needed
      integer(c_int32_t) :: status
    end function
    function inst_gauge_observe(&
        gauge, &
        spec, &
        capacity, &
        values, &
        count) bind(c) result(status)
      import
      type(c_ptr), value :: gauge
      type(c_ptr), value :: spec
      integer(c_int64_t), value :: capacity
      type(c_ptr), value :: values
      type(c_ptr), value :: count
      integer(c_int32_t) :: status
    end function
    function inst_gauge_smear(&
        gauge, &
        spec) bind(c) result(status)
      import
      type(c_ptr), value :: gauge
      type(c_ptr), value :: spec
      integer(c_int32_t) :: status
    end function
    function inst_layout_new(&
        lattice, &
        spec, &
        out) bind(c) result(status)
      import
      type(c_ptr), value :: lattice
      type(c_ptr), value :: spec
      type(c_ptr), value :: out
      integer(c_int32_t) :: status
    end function
    function inst_layout_new_with_sites(&
        lattice, &
        spec, &
        sites, &
        out) bind(c) result(status)
      import
      type(c_ptr), value :: lattice
      type(c_ptr), value :: spec
      type(c_ptr), value :: sites
      type(c_ptr), value :: out
      integer(c_int32_t) :: status
    end function
    subroutine inst_layout_free(&
        layout) bind(c)
      import
      type(c_ptr), value :: layout
    end subroutine
    function inst_layout_size(&
        layout, &
        bases, &
        bytes) bind(c) result(status)
      import
      type(c_ptr), value :: layout
      type(c_ptr), value :: bases
      type(c_ptr), value :: bytes
      integer(c_int32_t) :: status
    end function
    function inst_layout_count(&
        layout, &
        count) bind(c) result(status)
      import
      type(c_ptr), value :: layout
      type(c_ptr), value :: count
      integer(c_int32_t) :: status
    end function
    function inst_layout_offset(&
        layout, &
        x, &
        mu, &
        row, &
        column, &
        imaginary, &
        base, &
        offset) bind(c) result(status)
      import
      type(c_ptr), value :: layout
      type(c_ptr), value :: x
      integer(c_int32_t), value :: mu
      integer(c_int32_t), value :: row
      integer(c_int32_t), value :: column
      integer(c_int32_t), value :: imaginary
      type(c_ptr), value :: base
      type(c_ptr), value :: offset
      integer(c_int32_t) :: status
    end function
    function inst_layout_import(&
        layout, &
        base, &
        fields) bind(c) result(status)
      import
      type(c_ptr), value :: layout
      type(c_ptr), value :: base
      type(c_ptr), value :: fields
      integer(c_int32_t) :: status
    end function
    function inst_layout_export(&
        layout, &
        fields, &
        base) bind(c) result(status)
      import
      type(c_ptr), value :: layout
      type(c_ptr), value :: fields
      type(c_ptr), value :: base
      integer(c_int32_t) :: status
    end function
    function inst_gauge_import(&
        gauge, &
        layout, &
        base) bind(c) result(status)
      import
      type(c_ptr), value :: gauge
      type(c_ptr), value :: layout
      type(c_ptr), value :: base
      integer(c_int32_t) :: status
    end function
    function inst_gauge_export(&
        gauge, &
        layout, &
        base) bind(c) result(status)
      import
      type(c_ptr), value :: gauge
      type(c_ptr), value :: layout
      type(c_ptr), value :: base
      integer(c_int32_t) :: status
    end function
    function inst_ladder_new(&
        lattice, &
        spec, &
        out) bind(c) result(status)
      import
      type(c_ptr), value :: lattice
      type(c_ptr), value :: spec
      type(c_ptr), value :: out
      integer(c_int32_t) :: status
    end function
    subroutine inst_ladder_free(&
        ladder) bind(c)
      import
      type(c_ptr), value :: ladder
    end subroutine
    function inst_ladder_state(&
        ladder, &
        replicas, &
        counter) bind(c) result(status)
      import
      type(c_ptr), value :: ladder
      type(c_ptr), value :: replicas
      type(c_ptr), value :: counter
      integer(c_int32_t) :: status
    end function
    function inst_ladder_replica(&
        ladder, &
        replica, &
        rung, &
        strength, &
        partner, &
        at) bind(c) result(status)
      import
      type(c_ptr), value :: ladder
      integer(c_int64_t), value :: replica
      type(c_ptr), value :: rung
      type(c_ptr), value :: strength
      type(c_ptr), value :: partner
      type(c_ptr), value :: at
      integer(c_int32_t) :: status
    end function
    function inst_ladder_link_factors(&
        ladder, &
        replica, &
        strength, &
        mu, &
        layout, &
        base) bind(c) result(status)
      import
      type(c_ptr), value :: ladder
      integer(c_int64_t), value :: replica
      real(c_double), value :: strength
      integer(c_int32_t), value :: mu
      type(c_ptr), value :: layout
      type(c_ptr), value :: base
      integer(c_int32_t) :: status
    end function
    function inst_ladder_plaquette_weights(&
        ladder, &
        replica, &
        strength, &
        mu, &
        nu, &
        layout, &
        base) bind(c) result(status)
      import
      type(c_ptr), value :: ladder
      integer(c_int64_t), value :: replica
      real(c_double), value :: strength
      integer(c_int32_t), value :: mu
      integer(c_int32_t), value :: nu
      type(c_ptr), value :: layout
      type(c_ptr), value :: base
      integer(c_int32_t) :: status
    end function
    function inst_ladder_difference(&
        ladder, &
        replica, &
        layout, &
        base, &
        difference) bind(c) result(status)
      import
      type(c_ptr), value :: ladder
      integer(c_int64_t), value :: replica
      type(c_ptr), value :: layout
      type(c_ptr), value :: base
      type(c_ptr), value :: difference
      integer(c_int32_t) :: status
    end function
    function inst_ladder_swap(&
        ladder, &
        count, &
        replicas, &
        differences) bind(c) result(status)
      import
      type(c_ptr), value :: ladder
      integer(c_int64_t), value :: count
      type(c_ptr), value :: replicas
      type(c_ptr), value :: differences
      integer(c_int32_t) :: status
    end function
    function inst_ladder_connect(&
        ladder, &
        communicator) bind(c) result(status)
      import
      type(c_ptr), value :: ladder
      type(c_ptr), value :: communicator
      integer(c_int32_t) :: status
    end function
    function inst_ladder_describe(&
        ladder, &
        text, &
        capacity, &
        needed) bind(c) result(status)
      import
      type(c_ptr), value :: ladder
      type(c_ptr), value :: text
      integer(c_int64_t), value :: capacity
      type(c_ptr), value :: needed
      integer(c_int32_t) :: status
    end function
    function inst_ladder_save(&
        ladder, &
        path) bind(c) result(status)
      import
      type(c_ptr), value :: ladder
      type(c_ptr), value :: path
      integer(c_int32_t) :: status
    end function
    function inst_ladder_load(&
        ladder, &
        path) bind(c) result(status)
      import
      type(c_ptr), value :: ladder
      type(c_ptr), value :: path
      integer(c_int32_t) :: status
    end function
    function inst_dirac_new(&
        gauge, &
        spec, &
        out) bind(c) result(status)
      import
      type(c_ptr), value :: gauge
      type(c_ptr), value :: spec
      type(c_ptr), value :: out
      integer(c_int32_t) :: status
    end function
    function inst_dirac_new_improved(&
        fat, &
        longer, &
        mass, &
        out) bind(c) result(status)
      import
      type(c_ptr), value :: fat
      type(c_ptr), value :: longer
      real(c_double), value :: mass
      type(c_ptr), value :: out
      integer(c_int32_t) :: status
    end function
    subroutine inst_dirac_free(&
        dirac) bind(c)
      import
      type(c_ptr), value :: dirac
    end subroutine
    function inst_dirac_count(&
        dirac, &
        count) bind(c) result(status)
      import
      type(c_ptr), value :: dirac
      type(c_ptr), value :: count
      integer(c_int32_t) :: status
    end function
    function inst_dirac_apply(&
        dirac, &
        which, &
        count, &
        in, &
        out) bind(c) result(status)
      import
      type(c_ptr), value :: dirac
      type(c_ptr), value :: which
      integer(c_int64_t), value :: count
      type(c_ptr), value :: in
      type(c_ptr), value :: out
      integer(c_int32_t) :: status
    end function
    function inst_dirac_solve(&
        dirac, &
        spec, &
        count, &
        source, &
        solution, &
        report) bind(c) result(status)
      import
      type(c_ptr), value :: dirac
      type(c_ptr), value :: spec
      integer(c_int64_t), value :: count
      type(c_ptr), value :: source
      type(c_ptr), value :: solution
      type(c_ptr), value :: report
      integer(c_int32_t) :: status
    end function
    function inst_dirac_spectrum(&
        dirac, &
        spec, &
        count, &
        values, &
        vectors) bind(c) result(status)
      import
      type(c_ptr), value :: dirac
      type(c_ptr), value :: spec
      integer(c_int64_t), value :: count
      type(c_ptr), value :: values
      type(c_ptr), value :: vectors
      integer(c_int32_t) :: status
    end function
    function inst_dirac_spectrum_with_residuals(&
        dirac, &
        spec, &
        count, &
        values, &
        vectors, &
        residuals) bind(c) result(status)
      import
      type(c_ptr), value :: dirac
      type(c_ptr), value :: spec
      integer(c_int64_t), value :: count
      type(c_ptr), value :: values
      type(c_ptr), value :: vectors
      type(c_ptr), value :: residuals
      integer(c_int32_t) :: status
    end function
  end interface
end module
