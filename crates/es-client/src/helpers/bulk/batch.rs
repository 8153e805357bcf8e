//! Operations that travel together: one request, or what is left of it.

use std::time::Duration;

use bytes::Bytes;
use es_transport::shard_aware::RoutingKey;

use super::operation::Action;

/// One operation of a batch; its lines are in the batch's body.
#[derive(Debug)]
pub(super) struct Item<C> {
    /// Its place in the input, from 0.
    pub number: u64,
    /// Where its lines end.
    pub end: u32,
    pub action: Action,
    pub idempotent: bool,
    /// The helper made its id, so that a conflict is with itself.
    pub made_id: bool,
    /// Taken when the operation is settled.
    pub context: Option<C>,
    /// Stands for its document, where the order of a document's operations is
    /// kept; 0 otherwise.
    pub document: u64,
}

/// Buffers of a batch that is done, for the next one.
#[derive(Debug)]
pub(super) struct Buffers<C> {
    pub body: Vec<u8>,
    pub items: Vec<Item<C>>,
}

impl<C> Default for Buffers<C> {
    fn default() -> Self {
        Self {
            body: Vec::new(),
            items: Vec::new(),
        }
    }
}

/// The operations of one request.
#[derive(Debug)]
pub(super) struct Batch<C> {
    pub body: Bytes,
    /// The body, compressed.
    pub gzip: Option<Bytes>,
    pub items: Vec<Item<C>>,
    /// One of its documents, if all of them went to one node when it was filled.
    pub key: Option<RoutingKey>,
    /// The number of times that its operations were sent before.
    pub retries: u32,
    /// Whether its operations may have been applied by an earlier request,
    /// whose response was lost.
    pub maybe_applied: bool,
    /// It is a half of a batch that was refused as a whole.
    pub isolated: bool,
    /// The wait before it is sent.
    pub wait: Duration,
    /// Whether its operations were sent.
    pub sent: bool,
}

impl<C> Default for Batch<C> {
    fn default() -> Self {
        Self::new(Bytes::new(), Vec::new())
    }
}

impl<C> Batch<C> {
    pub fn new(body: Bytes, items: Vec<Item<C>>) -> Self {
        Self {
            body,
            gzip: None,
            items,
            key: None,
            retries: 0,
            maybe_applied: false,
            isolated: false,
            wait: Duration::ZERO,
            sent: false,
        }
    }

    /// Returns another batch with the same history.
    fn with(&self, body: Bytes, items: Vec<Item<C>>) -> Self {
        Self {
            body,
            gzip: None,
            items,
            key: self.key.clone(),
            retries: self.retries,
            maybe_applied: self.maybe_applied,
            isolated: self.isolated,
            wait: self.wait,
            sent: self.sent,
        }
    }

    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Returns what stands for its documents, where their order is kept.
    pub fn documents(&self) -> impl Iterator<Item = u64> {
        self.items
            .iter()
            .map(|item| item.document)
            .filter(|document| *document != 0)
    }

    pub fn is_idempotent(&self) -> bool {
        self.items.iter().all(|item| item.idempotent)
    }

    fn start(&self, at: usize) -> usize {
        let before = at.checked_sub(1).and_then(|before| self.items.get(before));
        before.map_or(0, |item| item.end as usize)
    }

    /// Returns the lines of an operation, as they are sent.
    pub fn lines(&self, at: usize) -> Bytes {
        let end = self.items.get(at).map_or(0, |item| item.end as usize);
        let start = self.start(at);
        if start < end {
            self.body.slice(start..end)
        } else {
            Bytes::new()
        }
    }

    /// Moves some of the operations, in their order, to another batch.
    pub fn subset(&mut self, chosen: &[usize]) -> Self {
        let mut body = Vec::with_capacity(chosen.iter().map(|at| self.lines(*at).len()).sum());
        let mut items = Vec::with_capacity(chosen.len());
        for &at in chosen {
            body.extend_from_slice(&self.lines(at));
            // A part of a body is no longer than the body.
            let end = u32::try_from(body.len()).unwrap_or(u32::MAX);
            let item = self.items.get_mut(at);
            items.extend(item.map(|item| Item {
                end,
                context: item.context.take(),
                ..*item
            }));
        }
        self.with(body.into(), items)
    }

    /// Splits it into two batches of half the operations each, to be sent at once; only
    /// the list is copied.
    pub fn halves(mut self) -> [Self; 2] {
        self.wait = Duration::ZERO;
        let half = self.items.len() / 2;
        let middle = self.start(half);
        let mut items = self.items.split_off(half);
        for item in &mut items {
            item.end -= u32::try_from(middle).unwrap_or_default();
        }
        let body = self.body.split_off(middle);
        self.gzip = None;
        let second = self.with(body, items);
        [self, second]
    }

    /// Returns its buffers, if nobody else holds the body.
    pub fn into_buffers(self) -> Option<Buffers<C>> {
        let body = self
            .body
            .try_into_mut()
            .ok()
            .filter(|body| body.capacity() > 0)?;
        Some(Buffers {
            body: body.into(),
            items: self.items,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{
        super::{
            Operation,
            batch_builder::{BatchBuilder, Limits},
        },
        *,
    };

    fn five_operations() -> Batch<()> {
        let limits = Limits {
            bytes: 1_000,
            operations: 100,
        };
        let mut builder = BatchBuilder::new(limits, None);
        for number in 0..5 {
            let document = BTreeMap::<String, u8>::new();
            let operation = Operation::index(document);
            assert!(builder.push(number, &operation.parts, None, 0, ()).is_ok());
        }
        builder.take(Buffers::default())
    }

    #[test]
    fn parts_of_a_batch_keep_lines_and_numbers() {
        let mut batch = five_operations();
        let some = batch.subset(&[1, 4]);
        assert_eq!(some.body, "{\"index\":{}}\n{}\n{\"index\":{}}\n{}\n");
        assert_eq!(some.lines(1), "{\"index\":{}}\n{}\n");
        let [first, second] = batch.halves();
        assert_eq!((first.len(), second.len()), (2, 3));
        assert_eq!(first.lines(1), "{\"index\":{}}\n{}\n");
        assert_eq!(second.lines(0), "{\"index\":{}}\n{}\n");
        assert_eq!(second.lines(2), "{\"index\":{}}\n{}\n");
        assert_eq!(
            second
                .items
                .iter()
                .map(|item| item.number)
                .collect::<Vec<_>>(),
            [2, 3, 4]
        );
    }

    #[test]
    fn the_memory_of_a_batch_serves_again() {
        let batch = five_operations();
        let held = batch.body.clone();
        let address = batch.body.as_ptr();
        drop(held);
        let buffers = batch.into_buffers().unwrap();
        assert_eq!(buffers.body.as_ptr(), address);
    }
}
