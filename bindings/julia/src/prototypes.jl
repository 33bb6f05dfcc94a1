# The prototypes of the C interface, every function of include/instanton.h once, and the calls made from them.

const Object = Ptr{Cvoid}
const ObjectOut = Ptr{Ptr{Cvoid}}
const Numbers = Ptr{Float64}
const Integers = Ptr{Int64}
const Callback = Ptr{Cvoid}
const Bases = Ptr{Ptr{Cvoid}}

"Name, type of the result, types of the arguments."
const PROTOTYPES = [
    (:inst_version, Cstring, ()),
    (:inst_last_error, Cstring, ()),
    (:inst_context_new, Int32, (Cstring, ObjectOut)),
    (:inst_context_free, Cvoid, (Object,)),
    (:inst_devices, Int32, (Ptr{UInt8}, Int64, Integers)),
    (:inst_watch, Int32, (Callback, Ptr{Cvoid})),
    (:inst_lattice_new, Int32, (Object, Int32, Integers, ObjectOut)),
    (:inst_lattice_free, Cvoid, (Object,)),
    (:inst_action_new, Int32, (Object, Cstring, ObjectOut)),
    (:inst_action_from_callback, Int32, (Object, Callback, Ptr{Cvoid}, ObjectOut)),
    (:inst_action_free, Cvoid, (Object,)),
    (:inst_action_value, Int32, (Object, Int64, Numbers, Numbers)),
    (:inst_action_gradient, Int32, (Object, Int64, Numbers, Numbers)),
    (:inst_action_count, Int32, (Object, Integers)),
    (:inst_action_refresh, Int32, (Object, UInt64, Numbers, ObjectOut)),
    (:inst_model_new, Int32, (Object, Cstring, ObjectOut)),
    (:inst_model_load, Int32, (Object, Cstring, ObjectOut)),
    (:inst_model_save, Int32, (Object, Cstring)),
    (:inst_model_at, Int32, (Object, Cstring, ObjectOut)),
    (:inst_model_count, Int32, (Object, Integers)),
    (:inst_model_describe, Int32, (Object, Ptr{UInt8}, Int64, Integers)),
    (:inst_model_free, Cvoid, (Object,)),
    (:inst_model_train, Int32, (Object, Object, Cstring, Callback, Ptr{Cvoid})),
    (:inst_model_train_on, Int32, (Object, Int64, Numbers, Cstring, Callback, Ptr{Cvoid})),
    (:inst_model_sample, Int32, (Object, UInt64, Int64, Numbers, Numbers)),
    (:inst_model_log_density, Int32, (Object, Int64, Numbers, Numbers)),
    (:inst_proposal_new, Int32, (Object, Object, Cstring, ObjectOut)),
    (:inst_proposal_free, Cvoid, (Object,)),
    (:inst_propose, Int32, (Object, UInt64, Numbers, Numbers, Numbers)),
    (:inst_chain_new, Int32, (Object, Object, Cstring, ObjectOut)),
    (:inst_chain_free, Cvoid, (Object,)),
    (:inst_chain_set_field, Int32, (Object, Numbers)),
    (:inst_chain_field, Int32, (Object, Numbers)),
    (:inst_chain_step, Int32, (Object, Ptr{Int32}, Numbers, Numbers)),
    (:inst_chain_reversibility, Int32, (Object, Numbers, Numbers)),
    (:inst_chain_describe, Int32, (Object, Ptr{UInt8}, Int64, Integers)),
    (:inst_chain_save, Int32, (Object, Cstring)),
    (:inst_chain_load, Int32, (Object, Cstring)),
    (:inst_autocorrelation, Int32, (Int64, Numbers, Numbers, Numbers, Numbers, Numbers)),
    (:inst_autocorrelation_replicas, Int32,
        (Int64, Integers, Numbers, Numbers, Numbers, Numbers, Numbers, Numbers)),
    (:inst_reweighting, Int32, (Int64, Numbers, Numbers, Numbers, Numbers, Numbers)),
    (:inst_reweighting_tail, Int32, (Int64, Numbers, Numbers)),
    (:inst_reweighting_two_sided, Int32, (Int64, Numbers, Int64, Numbers, Ptr{TwoSidedReport})),
    (:inst_kl_per_site, Int32, (Int64, Numbers, Float64, Int64, Numbers, Numbers)),
    (:inst_reweighting_nested, Int32, (Int64, Numbers, Int64, Integers, Numbers, Numbers)),
    (:inst_reweighting_forward, Int32, (Int64, Numbers, Numbers, Numbers, Numbers, Numbers, Numbers)),
    (:inst_mode_balance, Int32, (Int64, Numbers, Float64, Numbers, Numbers, Numbers)),
    (:inst_mode_balance_independent, Int32, (Int64, Numbers, Float64, Numbers, Numbers, Numbers)),
    (:inst_gauge_new, Int32, (Object, Cstring, ObjectOut)),
    (:inst_gauge_free, Cvoid, (Object,)),
    (:inst_gauge_count, Int32, (Object, Integers)),
    (:inst_gauge_set_links, Int32, (Object, Numbers)),
    (:inst_gauge_links, Int32, (Object, Numbers)),
    (:inst_gauge_set_links_with, Int32, (Object, Numbers, Cstring)),
    (:inst_gauge_read, Int32, (Object, Cstring, Cstring)),
    (:inst_gauge_write, Int32, (Object, Cstring, Cstring)),
    (:inst_gauge_probe, Int32, (Cstring, Ptr{UInt8}, Int64, Integers)),
    (:inst_gauge_observe, Int32, (Object, Cstring, Int64, Numbers, Integers)),
    (:inst_gauge_smear, Int32, (Object, Cstring)),
    (:inst_layout_new, Int32, (Object, Cstring, ObjectOut)),
    (:inst_layout_new_with_sites, Int32, (Object, Cstring, Integers, ObjectOut)),
    (:inst_layout_free, Cvoid, (Object,)),
    (:inst_layout_size, Int32, (Object, Ptr{Int32}, Integers)),
    (:inst_layout_count, Int32, (Object, Integers)),
    (:inst_layout_offset, Int32, (Object, Integers, Int32, Int32, Int32, Int32, Ptr{Int32}, Integers)),
    (:inst_layout_import, Int32, (Object, Bases, Numbers)),
    (:inst_layout_export, Int32, (Object, Numbers, Bases)),
    (:inst_gauge_import, Int32, (Object, Object, Bases)),
    (:inst_gauge_export, Int32, (Object, Object, Bases)),
    (:inst_dirac_new, Int32, (Object, Cstring, ObjectOut)),
    (:inst_dirac_new_improved, Int32, (Object, Object, Float64, ObjectOut)),
    (:inst_dirac_free, Cvoid, (Object,)),
    (:inst_dirac_count, Int32, (Object, Integers)),
    (:inst_dirac_apply, Int32, (Object, Cstring, Int64, Numbers, Numbers)),
    (:inst_dirac_solve, Int32, (Object, Cstring, Int64, Numbers, Numbers, Ptr{SolveReport})),
    (:inst_dirac_spectrum, Int32, (Object, Cstring, Int64, Numbers, Numbers)),
    (:inst_dirac_spectrum_with_residuals, Int32, (Object, Cstring, Int64, Numbers, Numbers, Numbers)),
]

# Where the functions are in memory, in the order of the table.
const ADDRESSES = fill(C_NULL, length(PROTOTYPES))

for (index, (name, result, types)) in enumerate(PROTOTYPES)
    arguments = [Symbol(:argument, i) for i in 1:length(types)]
    call = Expr(:call, :ccall, :(ADDRESSES[$index]), result, Expr(:tuple, types...), arguments...)
    @eval $name($(arguments...)) = $call
end
