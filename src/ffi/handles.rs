//! Opaque objects: what a pointer of the host's leads to.
//!
//! An object begins with a word that tells its kind, since a host in Fortran passes all of them as one type. It counts
//! its users as a `RefCell` does: the thread rules of the header are checked, and a callback that frees or changes what
//! is in use gets an error. An object that was in use when a defect struck refuses further use.
//!
//! What a pointer leads to stays when the object ends, a shell of some words that a later object of its kind moves into:
//! one that is used or freed after its end gets an error, for as long as its shell is empty.

use crate::error::{Error, Result};
use std::collections::VecDeque;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, TryLockError, TryLockResult};
use std::thread;

/// Names of the kinds of objects.
const KINDS: [&str; 9] = ["context", "lattice", "action", "model", "proposal", "chain", "gauge", "dirac", "layout"];
/// First word of an object of kind 0.
const FIRST_TAG: u64 = 0x696e_7374_0b1e_c700;
/// What is added to the first word when an object ends.
const ENDED: u64 = 0x80;
/// Empty shells of each kind, the one that ended first in front.
static SHELLS: [Mutex<VecDeque<usize>>; KINDS.len()] = [const { Mutex::new(VecDeque::new()) }; KINDS.len()];
/// How many shells of a kind stay empty, so that what was freed by mistake is told.
const EMPTY: usize = 256;

/// What objects hold.
pub trait Object: Send + Sync {
    /// Place of the kind in the table of names.
    const KIND: usize;
}

/// An opaque object of the C interface.
#[repr(C)]
pub struct Handle<T> {
    tag: AtomicU64,
    defective: AtomicBool,
    /// None once the object has ended.
    content: RwLock<Option<Box<T>>>,
}

/// The content of an object while a call uses it: `G` is a shared or an exclusive lock.
pub struct Use<'a, G> {
    content: G,
    defective: &'a AtomicBool,
    unwinding: bool,
}

/// Content that is only read.
pub type Shared<'a, T> = Use<'a, RwLockReadGuard<'a, Option<Box<T>>>>;
/// Content that may be changed.
pub type Exclusive<'a, T> = Use<'a, RwLockWriteGuard<'a, Option<Box<T>>>>;

/// `lend` has seen that there is a content, and the lock keeps it.
const LENT: &str = "an object that is lent";

impl<T, G: Deref<Target = Option<Box<T>>>> Deref for Use<'_, G> {
    type Target = T;

    fn deref(&self) -> &T {
        self.content.as_deref().expect(LENT)
    }
}

impl<T, G: DerefMut<Target = Option<Box<T>>>> DerefMut for Use<'_, G> {
    fn deref_mut(&mut self) -> &mut T {
        self.content.as_deref_mut().expect(LENT)
    }
}

impl<G> Drop for Use<'_, G> {
    fn drop(&mut self) {
        if thread::panicking() && !self.unwinding {
            self.defective.store(true, Ordering::Relaxed);
        }
    }
}

fn shells(kind: usize) -> std::sync::MutexGuard<'static, VecDeque<usize>> {
    // Nothing can panic while it is held.
    SHELLS[kind].lock().unwrap_or_else(PoisonError::into_inner)
}

/// A new object for the host.
pub(super) fn new<T: Object>(content: T) -> *mut Handle<T> {
    let content = Some(Box::new(content));
    let mut shells = shells(T::KIND);
    let shell = if shells.len() > EMPTY { shells.pop_front() } else { None };
    drop(shells);
    let tag = FIRST_TAG + T::KIND as u64;
    let Some(shell) = shell else {
        let (tag, defective, content) = (AtomicU64::new(tag), AtomicBool::new(false), RwLock::new(content));
        return Box::into_raw(Box::new(Handle { tag, defective, content }));
    };
    let object = std::ptr::with_exposed_provenance_mut::<Handle<T>>(shell);
    // SAFETY: a shell of this kind, which `free` left; shells are never given back.
    let handle = unsafe { &*object };
    *handle.content.write().unwrap_or_else(PoisonError::into_inner) = content;
    handle.content.clear_poison();
    handle.defective.store(false, Ordering::Relaxed);
    handle.tag.store(tag, Ordering::Release);
    object
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
    let content = match handle.content.try_write() {
        Err(TryLockError::WouldBlock) => return Err(in_use(what)),
        Err(TryLockError::Poisoned(content)) => content.into_inner().take(),
        Ok(mut content) => content.take(),
    };
    // Of two threads that free one object, one has it.
    let content = content.ok_or_else(|| ended::<T>(what))?;
    handle.tag.store(FIRST_TAG + T::KIND as u64 + ENDED, Ordering::Release);
    shells(T::KIND).push_back(object.expose_provenance());
    drop(content);
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
        let kind = unsafe { &*object.cast::<AtomicU64>() }.load(Ordering::Acquire).wrapping_sub(FIRST_TAG);
        if kind == T::KIND as u64 {
            // SAFETY: the tag is the one of this kind.
            return Ok(unsafe { &*object });
        }
        if kind == T::KIND as u64 + ENDED {
            return Err(ended::<T>(what));
        }
        usize::try_from(kind & !ENDED).ok().and_then(|kind| KINDS.get(kind).copied())
    } else {
        None
    };
    let got = got.map_or("something else".into(), |kind| format!("an object of kind {kind}"));
    Err(Error::BadInput(format!("{what}: expected an object of kind {expected}, got {got}")))
}

fn lend<'a, T: Object, G>(what: &str, handle: &'a Handle<T>, content: TryLockResult<G>) -> Result<Use<'a, G>>
where
    G: Deref<Target = Option<Box<T>>>,
{
    let content = match content {
        Ok(content) => content,
        // A lock is poisoned by a panic alone, and then the object is marked as well.
        Err(TryLockError::Poisoned(content)) => content.into_inner(),
        Err(TryLockError::WouldBlock) => return Err(in_use(what)),
    };
    if content.is_none() {
        return Err(ended::<T>(what));
    }
    let used = Use { content, defective: &handle.defective, unwinding: thread::panicking() };
    #[cfg(test)]
    super::tests::strike(what);
    Ok(used)
}

fn ended<T: Object>(what: &str) -> Error {
    Error::BadInput(format!("{what}: expected an object of kind {}, got one that was freed", KINDS[T::KIND]))
}

fn in_use(what: &str) -> Error {
    Error::Unsupported(format!("{what}: expected an object that no other call is changing, got one in use"))
}
