//! Who waits for a connection, in the order they came.

use std::collections::VecDeque;

use tokio::{runtime::Handle, sync::oneshot};

use super::state::Given;
use crate::error::{Error, Result};

/// A request that waits for a connection.
pub(super) struct Waiter {
    pub(super) id: u64,
    /// Whether a dial was started for it, whose failure is then its own.
    pub(super) dialing: bool,
    pub(super) sender: oneshot::Sender<Result<Given>>,
    /// Where a dial for it can run, whoever starts it.
    pub(super) runtime: Handle,
}

/// The queue of an origin. It is as long as a burst of requests is large, so
/// nothing here looks at all of it.
#[derive(Default)]
pub(super) struct Queue {
    waiters: VecDeque<Waiter>,
    /// How many of them a dial was started for.
    dialing: usize,
}

impl Queue {
    pub(super) fn len(&self) -> usize {
        self.waiters.len()
    }

    pub(super) fn dialing(&self) -> usize {
        self.dialing
    }

    /// Adds one whose number is higher than those of all others.
    pub(super) fn push(&mut self, waiter: Waiter) {
        self.dialing += usize::from(waiter.dialing);
        self.waiters.push_back(waiter);
    }

    /// The first, who leaves.
    pub(super) fn pop(&mut self) -> Option<Waiter> {
        let first = self.waiters.pop_front();
        self.left(first)
    }

    /// The one with this number, who leaves.
    pub(super) fn take(&mut self, id: u64) -> Option<Waiter> {
        let at = self.waiters.binary_search_by_key(&id, |waiter| waiter.id).ok()?;
        let taken = self.waiters.remove(at);
        self.left(taken)
    }

    /// Notes a dial for the first who waits without one: who it is, and where it
    /// can run. Those with one are at most as many as connections are allowed.
    pub(super) fn promise_dial(&mut self) -> Option<(u64, Handle)> {
        let next = self.waiters.iter_mut().find(|waiter| !waiter.dialing)?;
        next.dialing = true;
        self.dialing += 1;
        Some((next.id, next.runtime.clone()))
    }

    /// Sends all away.
    pub(super) fn close(&mut self) {
        while let Some(waiter) = self.pop() {
            drop(waiter.sender.send(Err(Error::closed())));
        }
    }

    fn left(&mut self, waiter: Option<Waiter>) -> Option<Waiter> {
        self.dialing -= usize::from(waiter.as_ref().is_some_and(|waiter| waiter.dialing));
        waiter
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn dials_are_counted_whoever_leaves() {
        let mut queue = Queue::default();
        for (id, dialing) in [(3, true), (5, false), (8, true), (9, false)] {
            let (sender, _) = oneshot::channel();
            queue.push(Waiter { id, dialing, sender, runtime: Handle::current() });
        }
        assert_eq!((queue.len(), queue.dialing()), (4, 2));
        assert_eq!(queue.promise_dial().map(|(id, _)| id), Some(5));
        assert_eq!(queue.dialing(), 3);
        assert!(queue.take(4).is_none());
        assert_eq!(queue.take(8).map(|waiter| waiter.id), Some(8));
        assert_eq!(queue.pop().map(|waiter| waiter.id), Some(3));
        assert_eq!((queue.len(), queue.dialing()), (2, 1));
        assert_eq!(queue.promise_dial().map(|(id, _)| id), Some(9));
        assert!(queue.promise_dial().is_none());
        queue.close();
        assert_eq!((queue.len(), queue.dialing()), (0, 0));
    }
}
