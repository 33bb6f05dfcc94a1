//! Opaque objects: what a pointer of the host's leads to.
//!
//! An object begins with a word that tells its kind, since a host in Fortran passes all of them as one type. It counts
//! its users as a `RefCell` does: the thread rules of the header are checked, and a callback that frees or changes what
//! is in use gets an error. An object that was in use when a defect struck refuses further use.

use crate::error::{Error, Result};
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard, TryLockError, TryLockResult};
use std::thread;

/// Names of the kinds of objects.
const KINDS: [&str; 9] = ["context", "lattice", "action", "model", "proposal", "chain", "gauge", "dirac", "layout"];
/// First word of an object of kind 0.
const FIRST_TAG: u64 = 0x696e_7374_0b1e_c700;

/// What objects hold.
pub trait Object: Send + Sync {
    /// Place of the kind in the table of names.
    const KIND: usize;
}

/// An opaque object of the C interface.
#[repr(C)]
pub struct Handle<T> {
    tag: u64,
    defective: AtomicBool,
    content: RwLock<T>,
}

/// The content of an object while a call uses it: `G` is a shared or an exclusive lock.
pub struct Use<'a, G> {
    content: G,
    defective: &'a AtomicBool,
    unwinding: bool,
}

/// Content that is only read.
pub type Shared<'a, T> = Use<'a, RwLockReadGuard<'a, T>>;
/// Content that may be changed.
pub type Exclusive<'a, T> = Use<'a, RwLockWriteGuard<'a, T>>;

impl<G: Deref> Deref for Use<'_, G> {
    type Target = G::Target;

    fn deref(&self) -> &G::Target {
        &self.content
    }
}

impl<G: DerefMut> DerefMut for Use<'_, G> {
    fn deref_mut(&mut self) -> &mut G::Target {
        &mut self.content
    }
}

impl<G> Drop for Use<'_, G> {
    fn drop(&mut self) {
        if thread::panicking() && !self.unwinding {
            self.defective.store(true, Ordering::Relaxed);
        }
    }
}

/// A new object for the host.
pub(super) fn new<T: Object>(content: T) -> *mut Handle<T> {
    let tag = FIRST_TAG + T::KIND as u64;
    Box::into_raw(Box::new(Handle { tag, defective: AtomicBool::new(false), content: RwLock::new(content) }))
}

/// Lends the content of an object for reading.
///
/// # Safety
/// As in [`super`].
pub(super) unsafe fn shared<'a, T: Object>(what: &str, object: *const Handle<T>) -> Result<Shared<'a, T>> {
    // SAFETY: the caller's promise.
    let handle = unsafe { open(what, object)? };
    lend(what, handle, handle.content.try_read())
}

/// Lends the content of an object for changing.
///
/// # Safety
/// As in [`super`].
pub(super) unsafe fn exclusive<'a, T: Object>(what: &str, object: *mut Handle<T>) -> Result<Exclusive<'a, T>> {
    // SAFETY: the caller's promise.
    let handle = unsafe { open(what, object)? };
    lend(what, handle, handle.content.try_write())
}

/// Ends an object; NULL is allowed. One that is in use stays, and that is an error.
///
/// # Safety
/// As in [`super`].
pub(super) unsafe fn free<T: Object>(what: &str, object: *mut Handle<T>) -> Result<()> {
    if object.is_null() {
        return Ok(());
    }
    // SAFETY: the caller's promise.
    let handle = unsafe { expect_kind(what, object)? };
    if matches!(handle.content.try_write(), Err(TryLockError::WouldBlock)) {
        return Err(in_use(what));
    }
    // SAFETY: the object came from `new`, and the host gives it up.
    drop(unsafe { Box::from_raw(object) });
    Ok(())
}

unsafe fn open<'a, T: Object>(what: &str, object: *const Handle<T>) -> Result<&'a Handle<T>> {
    if object.is_null() {
        return Err(Error::NullArgument(what.into()));
    }
    // SAFETY: the caller's promise.
    let handle = unsafe { expect_kind(what, object)? };
    if handle.defective.load(Ordering::Relaxed) {
        return Err(Error::Internal(format!(
            "{what}: expected a sound object, got one in which a defect of instanton was met before"
        )));
    }
    Ok(handle)
}

unsafe fn expect_kind<'a, T: Object>(what: &str, object: *const Handle<T>) -> Result<&'a Handle<T>> {
    let expected = KINDS[T::KIND];
    let got = if object.is_aligned() {
        // SAFETY: objects of all kinds begin with their tag.
        let kind = unsafe { *object.cast::<u64>() }.wrapping_sub(FIRST_TAG);
        if kind == T::KIND as u64 {
            // SAFETY: the tag is the one of this kind.
            return Ok(unsafe { &*object });
        }
        usize::try_from(kind).ok().and_then(|kind| KINDS.get(kind).copied())
    } else {
        None
    };
    let got = got.map_or("something else".into(), |kind| format!("an object of kind {kind}"));
    Err(Error::BadInput(format!("{what}: expected an object of kind {expected}, got {got}")))
}

fn lend<'a, T, G>(what: &str, handle: &'a Handle<T>, content: TryLockResult<G>) -> Result<Use<'a, G>> {
    let content = match content {
        Ok(content) => content,
        // A lock is poisoned by a panic alone, and then the object is marked as well.
        Err(TryLockError::Poisoned(content)) => content.into_inner(),
        Err(TryLockError::WouldBlock) => return Err(in_use(what)),
    };
    let used = Use { content, defective: &handle.defective, unwinding: thread::panicking() };
    #[cfg(test)]
    super::tests::strike(what);
    Ok(used)
}

fn in_use(what: &str) -> Error {
    Error::Unsupported(format!("{what}: expected an object that no other call is changing, got one in use"))
}
