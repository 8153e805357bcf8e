//! The way from the engine to the reader of the outcomes.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, ready},
};

use tokio::sync::{
    Notify,
    mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
};

use super::outcome::Outcome;

/// Outcomes that are settled at once.
pub(super) struct Settled<C> {
    pub outcomes: Vec<Outcome<C>>,
    /// All operations before this number are settled.
    pub durable_up_to: u64,
}

/// The engine's end.
pub(super) struct OutcomeSender<C> {
    sender: UnboundedSender<Settled<C>>,
    unread: Arc<Unread>,
}

/// The messages that the reader has not read yet.
#[derive(Debug, Default)]
struct Unread {
    messages: AtomicUsize,
    /// Wakes the engine when a message was read.
    read: Notify,
}

/// The reader's end.
pub(super) struct OutcomeReceiver<C> {
    receiver: UnboundedReceiver<Settled<C>>,
    unread: Arc<Unread>,
}

impl<C> OutcomeSender<C> {
    /// Returns the number of messages that were not read, while the reader is there.
    pub fn unread(&self) -> usize {
        if self.sender.is_closed() {
            0
        } else {
            self.unread.messages.load(Ordering::Acquire)
        }
    }

    /// Returns a future that is ready when a message was read, or the reader has gone.
    pub fn was_read(&self) -> impl Future<Output = ()> + Send + use<C> {
        let unread = Arc::clone(&self.unread);
        async move { unread.read.notified().await }
    }

    pub fn send(&self, settled: Settled<C>) {
        self.unread.messages.fetch_add(1, Ordering::AcqRel);
        // A reader that is gone needs none.
        let _ = self.sender.send(settled);
    }
}

/// Creates a channel for outcomes.
pub(super) fn outcome_channel<C>() -> (OutcomeSender<C>, OutcomeReceiver<C>) {
    let (sender, receiver) = unbounded_channel();
    let unread = Arc::new(Unread::default());
    let outcome_sender = OutcomeSender {
        sender,
        unread: Arc::clone(&unread),
    };
    (outcome_sender, OutcomeReceiver { receiver, unread })
}

impl<C> OutcomeReceiver<C> {
    /// Reads the next settled outcomes; the engine may go on then.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Settled<C>>> {
        let settled = ready!(self.receiver.poll_recv(cx));
        if settled.is_some() {
            self.unread.messages.fetch_sub(1, Ordering::AcqRel);
            self.unread.read.notify_one();
        }
        Poll::Ready(settled)
    }
}

/// Without a reader the outcomes are counted only.
impl<C> Drop for OutcomeReceiver<C> {
    fn drop(&mut self) {
        self.receiver.close();
        self.unread.read.notify_one();
    }
}
