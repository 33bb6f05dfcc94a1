//! Opaque objects: the memory behind a host's pointer.
//!
//! An object begins with a word that identifies its kind, since a host in Fortran passes all of them as one type. It
//! counts its users as a `RefCell` does: the thread rules of the header are checked, and a callback that frees or
//! changes what is in use gets an error. An object that was in use when a defect struck refuses further use.
//!
//! When an object is freed, a shell of some words stays behind its pointer, which a later object of its kind reuses:
//! use of a freed object is an error for as long as its shell is empty.

use super::kinds::{Kind, NAMES, Object};
use crate::context::{Context, generation};
use crate::error::{Error, Result};
use std::collections::VecDeque;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{
    Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, TryLockError, TryLockResult,
};
use std::thread;

/// First word of an object of kind 0.
const FIRST_TAG: u64 = 0x696e_7374_0b1e_c700;
/// Added to the first word when an object is freed.
const ENDED: u64 = 0x80;
/// Generation of objects that any process may use.
const ANY: u32 = u32::MAX;
/// Empty shells of each kind, the one freed first in front.
static SHELLS: [Mutex<VecDeque<usize>>; NAMES.len()] = [const { Mutex::new(VecDeque::new()) }; NAMES.len()];
/// Shells of a kind that stay empty, so that use of freed objects is reported.
const EMPTY: usize = 256;

/// An opaque object of the C interface.
#[repr(C)]
pub struct Handle<T> {
    tag: AtomicU64,
    defective: AtomicBool,
    /// [`generation`] of the process whose threads the object uses; [`ANY`] where it works on the calling thread alone.
    generation: AtomicU32,
    /// None once the object was freed.
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

/// Message for an invariant: `lend` has checked that there is content, and the lock keeps it there.
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

/// Locks the empty shells of a kind; None where another thread holds the lock, which after fork() may be one of the
/// parent's.
fn shells(kind: Kind) -> Option<MutexGuard<'static, VecDeque<usize>>> {
    match SHELLS[kind as usize].try_lock() {
        Ok(shells) => Some(shells),
        // No code that holds the lock can panic.
        Err(TryLockError::Poisoned(shells)) => Some(shells.into_inner()),
        Err(TryLockError::WouldBlock) => None,
    }
}

/// A new object for the host, which uses the threads of `context`.
pub(super) fn new<T: Object>(context: &Context, content: T) -> *mut Handle<T> {
    let content = Some(Box::new(content));
    let shell = shells(T::KIND).filter(|shells| shells.len() > EMPTY).and_then(|mut shells| shells.pop_front());
    let tag = FIRST_TAG + T::KIND as u64;
    let generation = if context.threads() > 1 { context.generation() } else { ANY };
    let Some(shell) = shell else {
        let (tag, defective, generation) = (AtomicU64::new(tag), AtomicBool::new(false), AtomicU32::new(generation));
        return Box::into_raw(Box::new(Handle { tag, defective, generation, content: RwLock::new(content) }));
    };
    let object = std::ptr::with_exposed_provenance_mut::<Handle<T>>(shell);
    // SAFETY: a shell of this kind, which `free` left; shells are never given back.
    let handle = unsafe { &*object };
    *handle.content.write().unwrap_or_else(PoisonError::into_inner) = content;
    handle.content.clear_poison();
    handle.defective.store(false, Ordering::Relaxed);
    handle.generation.store(generation, Ordering::Relaxed);
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
    // Of two threads that free the same object, only one succeeds.
    let content = content.ok_or_else(|| ended::<T>(what))?;
    handle.tag.store(FIRST_TAG + T::KIND as u64 + ENDED, Ordering::Release);
    // A shell that cannot be put into the list is never used again.
    if let Some(mut shells) = shells(T::KIND) {
        shells.push_back(object.expose_provenance());
    }
    drop(content);
    Ok(())
}

/// Checks that an object can be used in this process and is not defective.
///
/// # Safety
/// As in [`super`].
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
    let made_in = handle.generation.load(Ordering::Relaxed);
    if made_in != ANY && made_in != generation() {
        return Err(Error::Unsupported(format!(
            "{what}: expected an object with threads in this process, got one of its parent's before fork()"
        )));
    }
    Ok(handle)
}

/// Checks that a pointer leads to an object of the kind of `T`.
///
/// # Safety
/// As in [`super`].
unsafe fn expect_kind<'a, T: Object>(what: &str, object: *const Handle<T>) -> Result<&'a Handle<T>> {
    let expected = NAMES[T::KIND as usize];
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
        usize::try_from(kind & !ENDED).ok().and_then(|kind| NAMES.get(kind).copied())
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
    Error::BadInput(format!("{what}: expected an object of kind {}, got one that was freed", NAMES[T::KIND as usize]))
}

fn in_use(what: &str) -> Error {
    Error::Unsupported(format!("{what}: expected an object that no other call is changing, got one in use"))
}
