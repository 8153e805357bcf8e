//! Which of several copies of a counter a thread writes to, so that threads
//! do not write to the same cache line.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Copies of everything that every request writes to. More threads than this share copies.
pub(crate) const STRIPES: usize = 8;

/// A value on cache lines of its own (two, as processors fetch them in pairs).
#[derive(Debug, Default)]
#[repr(align(128))]
pub(crate) struct Padded<T>(pub T);

/// The stripe of this thread, below [`STRIPES`]. Threads get them in turn.
pub(crate) fn of_this_thread() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local!(static STRIPE: usize = NEXT.fetch_add(1, Ordering::Relaxed) % STRIPES);
    STRIPE.with(|stripe| *stripe)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_keeps_its_stripe() {
        assert_eq!(of_this_thread(), of_this_thread());
        assert!(of_this_thread() < STRIPES);
        assert_eq!(size_of::<[Padded<AtomicUsize>; 2]>(), 256);
    }
}
