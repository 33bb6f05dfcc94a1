//! Section `action` of the header.

use super::arguments::{self, Output, batch as fields_of, fields as fields_at, zeros};
use super::guard::{guard, inst_status, outside};
use super::handles::{self, Handle, shared};
use super::lattice::inst_lattice;
use crate::action::{Action, ActionSpec, Callback, Draw};
use crate::context::Context;
use crate::error::{Error, Result, expect_finite};
use crate::progress;
use crate::spec;
use std::ffi::{c_char, c_void};
use std::ptr;
use std::sync::Arc;

/// An action and the context that it was made in.
pub struct ActionObject {
    pub(super) context: Arc<Context>,
    pub(super) action: Arc<dyn Action>,
}

/// An action S: fields are drawn with weight exp(-S).
pub type inst_action = Handle<ActionObject>;

/// The host's own action: writes S of `count` numbers to `value`, and dS/dphi to `gradient` where that is not NULL.
pub type inst_action_fn = Option<
    unsafe extern "C" fn(field: *const f64, count: i64, value: *mut f64, gradient: *mut f64, user: *mut c_void) -> i32,
>;

/// Makes an action from its spec.
///
/// # Safety
/// As in [`super`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_action_new(
    lattice: *const inst_lattice,
    spec: *const c_char,
    out: *mut *mut inst_action,
) -> inst_status {
    guard(|| {
        // SAFETY: the caller keeps the contract of the header.
        let (lattice, text, out) =
            unsafe { (shared("lattice", lattice)?, arguments::spec("spec", spec)?, Output::one("out", out)?) };
        let spec: ActionSpec = spec::parse("action", text)?;
        let action = spec.build(&lattice.context, &lattice.lattice).map_err(|e| e.within("action"))?;
        let made = ActionObject { context: Arc::clone(&lattice.context), action: action.into() };
        out.write(handles::new(&lattice.context, made));
        Ok(())
    })
}

/// Makes an action that the host computes; `function` is called from the thread that calls this library.
///
/// # Safety
/// As in [`super`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_action_from_callback(
    lattice: *const inst_lattice,
    function: inst_action_fn,
    user: *mut c_void,
    out: *mut *mut inst_action,
) -> inst_status {
    guard(|| {
        // SAFETY: the caller keeps the contract of the header.
        let lattice = unsafe { shared("lattice", lattice)? };
        let function = function.ok_or_else(|| Error::NullArgument("function".into()))?;
        // SAFETY: the caller keeps the contract of the header.
        let out = unsafe { Output::one("out", out)? };
        let host = HostAction { function, user };
        let action = Callback::new(&lattice.lattice, move |field, gradient| host.call(field, gradient));
        let made = ActionObject { context: Arc::clone(&lattice.context), action: Arc::new(action) };
        out.write(handles::new(&lattice.context, made));
        Ok(())
    })
}

/// Ends an action; what was made from it lives on.
///
/// # Safety
/// As in [`super`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_action_free(action: *mut inst_action) {
    // SAFETY: the caller keeps the contract of the header.
    guard(|| unsafe { handles::free("action", action) });
}

/// Writes how many numbers a field has.
///
/// # Safety
/// As in [`super`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_action_count(action: *const inst_action, count: *mut i64) -> inst_status {
    guard(|| {
        // SAFETY: the caller keeps the contract of the header.
        let (object, count) = unsafe { (shared("action", action)?, Output::one("count", count)?) };
        count.write(object.action.count() as i64);
        Ok(())
    })
}

/// Writes S of each of `batch` fields to `values`.
///
/// # Safety
/// As in [`super`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_action_value(
    action: *const inst_action,
    batch: i64,
    fields: *const f64,
    values: *mut f64,
) -> inst_status {
    guard(|| {
        // SAFETY: the caller keeps the contract of the header.
        let object = unsafe { shared("action", action)? };
        let action = &*object.action;
        let (count, numbers) = fields_of("batch", batch, &action.domain())?;
        // SAFETY: the caller keeps the contract of the header.
        let output = unsafe { Output::array("values", values, count)? };
        let _work = progress::begin("action", count as u64);
        let mut values = zeros("values", count)?;
        // SAFETY: the caller keeps the contract of the header.
        let fields = unsafe { fields_at("fields", fields, numbers)? };
        for (value, field) in values.iter_mut().zip(fields.chunks_exact(action.count())) {
            *value = action.value(field)?;
            progress::step("action", *value)?;
        }
        expect_finite("action of the fields", &values)?;
        output.write_all(&values);
        Ok(())
    })
}

/// Writes dS/dphi of each of `batch` fields to `gradients`.
///
/// # Safety
/// As in [`super`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_action_gradient(
    action: *const inst_action,
    batch: i64,
    fields: *const f64,
    gradients: *mut f64,
) -> inst_status {
    guard(|| {
        // SAFETY: the caller keeps the contract of the header.
        let object = unsafe { shared("action", action)? };
        let action = &*object.action;
        let (count, numbers) = fields_of("batch", batch, &action.domain())?;
        let _work = progress::begin("gradient", count as u64);
        // SAFETY: the caller keeps the contract of the header.
        let output = unsafe { Output::array("gradients", gradients, numbers)? };
        let mut gradients = zeros("gradients", numbers)?;
        // SAFETY: the caller keeps the contract of the header.
        let fields = unsafe { fields_at("fields", fields, numbers)? };
        let size = action.count();
        for (gradient, field) in gradients.chunks_exact_mut(size).zip(fields.chunks_exact(size)) {
            let value = action.gradient(field, gradient)?;
            progress::step("gradient", value)?;
        }
        expect_finite("gradients of the action", &gradients)?;
        output.write_all(&gradients);
        Ok(())
    })
}

/// Makes the action with new pseudofermions, drawn for a field from exp(-S).
///
/// # Safety
/// As in [`super`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inst_action_refresh(
    action: *const inst_action,
    counter: u64,
    field: *const f64,
    out: *mut *mut inst_action,
) -> inst_status {
    guard(|| {
        // SAFETY: the caller keeps the contract of the header.
        let (object, out) = unsafe { (shared("action", action)?, Output::one("out", out)?) };
        let (context, action) = (&object.context, &*object.action);
        // SAFETY: the caller keeps the contract of the header.
        let field = unsafe { fields_at("field", field, action.count())? };
        let field = action.space().admit(action.lattice(), field)?;
        let draw = Draw { seed: context.seed(), counter, term: 0 };
        let drawn = action.refreshed(draw, &field)?;
        let none = || Error::Unsupported("action: expected one with pseudofermions, got one without".into());
        let made = ActionObject { context: Arc::clone(context), action: drawn.ok_or_else(none)? };
        out.write(handles::new(context, made));
        Ok(())
    })
}

/// The host's function and its `user` pointer.
struct HostAction {
    function: unsafe extern "C" fn(*const f64, i64, *mut f64, *mut f64, *mut c_void) -> i32,
    user: *mut c_void,
}

// SAFETY: the pointer is only handed back to the host's function, from the thread in which the host calls.
unsafe impl Send for HostAction {}
// SAFETY: as above; a host that calls from several threads at once has a function that allows it.
unsafe impl Sync for HostAction {}

impl HostAction {
    fn call(&self, field: &[f64], gradient: Option<&mut [f64]>) -> Result<f64> {
        // NaN, so that the checks of the callback find a value that the host forgets to write.
        let mut value = f64::NAN;
        let gradient = gradient.map_or(ptr::null_mut(), |gradient| gradient.as_mut_ptr());
        let count = field.len() as i64;
        // SAFETY: field and gradient hold `count` numbers, and the host's function keeps to the header.
        let code = outside(|| unsafe { (self.function)(field.as_ptr(), count, &mut value, gradient, self.user) });
        if code == 0 { Ok(value) } else { Err(Error::Stopped(format!("action callback: expected 0, got {code}"))) }
    }
}
