//! Locking that outlives a panic of another thread.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// A panic elsewhere (a failed assertion of a test, say) must not hide behind a second one here:
/// the guarded values are never left half-changed.
pub(crate) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
