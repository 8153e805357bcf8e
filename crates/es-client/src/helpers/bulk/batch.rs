//! Operations that travel together: one request, or what is left of it.

use std::{
    any::Any,
    collections::HashSet,
    hash::{BuildHasher, RandomState},
    time::Duration,
};

use bytes::Bytes;
use es_transport::Gzip;
use serde::Serialize;

use super::{
    encode,
    ids::Ids,
    operation::{Action, Parts},
};
use crate::error::Error;

/// One operation of a batch; its lines are in the batch's body.
#[derive(Debug)]
pub(super) struct Item<C> {
    /// Its place in the input, from 0.
    pub(super) number: u64,
    /// Where its lines end.
    end: u32,
    pub(super) action: Action,
    pub(super) repeatable: bool,
    /// The helper made its id.
    pub(super) made_id: bool,
    /// Taken when the operation is settled.
    pub(super) context: Option<C>,
    /// Stands for its document, where the order of a document's operations is
    /// kept; 0 otherwise.
    pub(super) document: u64,
}

/// Fills one batch after the other.
#[derive(Debug)]
pub(super) struct BatchBuilder<C> {
    body: Vec<u8>,
    items: Vec<Item<C>>,
    /// An operation that no longer fitted into the batch before.
    carried: Option<(Vec<u8>, Item<C>)>,
    ids: Option<Ids>,
    gzip: Option<GzipBatch>,
    limits: Limits,
    /// The documents of this batch, where the order of their operations is kept.
    documents: Option<Documents>,
}

/// Tells documents apart by their index and id.
#[derive(Debug, Default)]
struct Documents {
    hasher: RandomState,
    known: HashSet<u64>,
}

impl Documents {
    /// Returns what stands for an operation's document; 0 without an id.
    fn key<T>(&self, operation: &Parts<T>) -> u64 {
        let Some(id) = &operation.id else { return 0 };
        self.hasher.hash_one((operation.index(), id)).max(1)
    }
}

/// The most that a batch may hold.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) bytes: usize,
    pub(super) operations: usize,
}

/// Why an operation was not added.
pub(super) enum PushError {
    /// It cannot be written.
    Encode(Error),
    /// Its `Serialize` panicked, with this payload.
    Panicked(Box<dyn Any + Send>),
}

impl<C> BatchBuilder<C> {
    /// Creates a builder that makes ids for operations that have none, if asked
    /// to, and compresses at a level, if there is one.
    pub(super) fn new(limits: Limits, make_ids: bool, compression: Option<u32>) -> Self {
        Self {
            body: Vec::new(),
            items: Vec::new(),
            carried: None,
            ids: make_ids.then(Ids::new),
            gzip: compression.map(GzipBatch::new),
            limits,
            documents: None,
        }
    }

    /// Keeps the operations of one document in different batches.
    pub(super) fn keep_order(mut self) -> Self {
        self.documents = Some(Documents::default());
        self
    }

    /// Lowers the limit of bytes.
    pub(super) fn limit_bytes(&mut self, bytes: usize) {
        self.limits.bytes = self.limits.bytes.min(bytes).max(1);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.items.is_empty() && self.carried.is_none()
    }

    /// Returns the number of the first operation that is not in a batch yet.
    pub(super) fn first_number(&self) -> Option<u64> {
        let carried = self.carried.as_ref().map(|(_, item)| item);
        self.items.first().or(carried).map(|item| item.number)
    }

    /// Returns whether the batch must be sent before another operation is taken.
    pub(super) fn is_full(&self) -> bool {
        self.carried.is_some()
            || self.body.len() >= self.limits.bytes
            || self.items.len() >= self.limits.operations
    }

    /// Adds an operation. One that would make the body too long is kept for the
    /// next batch; alone, an operation may have any length.
    ///
    /// # Errors
    /// The operation cannot be written; the batch stays as it was, and the
    /// context is returned.
    pub(super) fn push<T: Serialize>(
        &mut self,
        number: u64,
        operation: &Parts<T>,
        context: C,
    ) -> Result<(), (PushError, C)> {
        let start = self.body.len();
        let makes_id = operation.id.is_none() && self.ids.is_some();
        let made = if makes_id {
            self.ids.as_mut().map(Ids::next)
        } else {
            None
        };

        let body = &mut self.body;
        let encode =
            std::panic::AssertUnwindSafe(|| encode::push(body, operation, made.as_deref()));
        match std::panic::catch_unwind(encode) {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return Err((PushError::Encode(error), context)),
            Err(payload) => {
                self.body.truncate(start);
                return Err((PushError::Panicked(payload), context));
            }
        }
        let Ok(end) = u32::try_from(self.body.len()) else {
            self.body.truncate(start);
            let error = Error::invalid("an operation must have less than 4 GiB");
            return Err((PushError::Encode(error), context));
        };

        let document = self
            .documents
            .as_ref()
            .map_or(0, |documents| documents.key(operation));
        let documents = self.documents.as_mut();
        let is_repeated =
            document != 0 && documents.is_some_and(|documents| !documents.known.insert(document));

        let item = Item {
            number,
            end,
            action: operation.action,
            repeatable: operation.is_repeatable() || made.is_some(),
            made_id: made.is_some(),
            context: Some(context),
            document,
        };
        if start > 0 && (self.body.len() > self.limits.bytes || is_repeated) {
            self.carried = Some((self.body.split_off(start), item));
        } else {
            self.items.push(item);
            if let Some(gzip) = &mut self.gzip {
                gzip.grown(&self.body);
            }
        }
        Ok(())
    }

    /// Takes the batch. The next one begins in `buffers`, with the operation
    /// that was carried over.
    pub(super) fn take(&mut self, mut buffers: Buffers<C>) -> Batch<C> {
        let gzip = self.gzip.as_mut().and_then(|gzip| gzip.take(&self.body));
        buffers.body.clear();
        buffers.items.clear();
        if let Some(documents) = &mut self.documents {
            documents.known.clear();
            documents
                .known
                .extend(self.carried.as_ref().map(|(_, item)| item.document));
        }
        if let Some((lines, mut item)) = self.carried.take() {
            item.end = u32::try_from(lines.len()).unwrap_or(u32::MAX);
            buffers.body.extend_from_slice(&lines);
            buffers.items.push(item);
        }
        let body = std::mem::replace(&mut self.body, buffers.body);
        let items = std::mem::replace(&mut self.items, buffers.items);
        Batch {
            gzip,
            ..Batch::new(body.into(), items)
        }
    }
}

/// Buffers of a batch that is done, for the next one.
#[derive(Debug)]
pub(super) struct Buffers<C> {
    body: Vec<u8>,
    items: Vec<Item<C>>,
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
    pub(super) body: Bytes,
    /// The body, compressed.
    pub(super) gzip: Option<Bytes>,
    pub(super) items: Vec<Item<C>>,
    /// The number of times that its operations were sent before.
    pub(super) retries: u32,
    /// Whether its operations may have been applied by an earlier request,
    /// whose response was lost.
    pub(super) maybe_applied: bool,
    /// It is a half of a batch that was refused as a whole.
    pub(super) isolated: bool,
    /// The wait before it is sent.
    pub(super) wait: Duration,
    /// Whether its operations were sent.
    pub(super) sent: bool,
}

impl<C> Default for Batch<C> {
    fn default() -> Self {
        Self::new(Bytes::new(), Vec::new())
    }
}

impl<C> Batch<C> {
    fn new(body: Bytes, items: Vec<Item<C>>) -> Self {
        Self {
            body,
            gzip: None,
            items,
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
            retries: self.retries,
            maybe_applied: self.maybe_applied,
            isolated: self.isolated,
            wait: self.wait,
            sent: self.sent,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.items.len()
    }

    /// Returns what stands for its documents, where their order is kept.
    pub(super) fn documents(&self) -> impl Iterator<Item = u64> {
        self.items
            .iter()
            .map(|item| item.document)
            .filter(|document| *document != 0)
    }

    pub(super) fn is_repeatable(&self) -> bool {
        self.items.iter().all(|item| item.repeatable)
    }

    fn start(&self, at: usize) -> usize {
        let before = at.checked_sub(1).and_then(|before| self.items.get(before));
        before.map_or(0, |item| item.end as usize)
    }

    /// Returns the lines of an operation, as they are sent.
    pub(super) fn lines(&self, at: usize) -> Bytes {
        let end = self.items.get(at).map_or(0, |item| item.end as usize);
        let start = self.start(at);
        if start < end {
            self.body.slice(start..end)
        } else {
            Bytes::new()
        }
    }

    /// Moves some of the operations, in their order, to another batch.
    pub(super) fn subset(&mut self, chosen: &[usize]) -> Self {
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

    /// Splits it into two batches of half the operations each; only the list is
    /// copied.
    pub(super) fn halves(mut self) -> [Self; 2] {
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
    pub(super) fn into_buffers(self) -> Option<Buffers<C>> {
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

/// The compressor is given the body in pieces of about this size.
const PIECE: usize = 64 << 10;

/// The compressed form of a body that is being filled.
#[derive(Debug)]
struct GzipBatch {
    level: u32,
    /// `None` after a failure of the compressor: the body is sent as it is.
    gzip: Option<Gzip>,
    /// The number of bytes of the body that are in it.
    fed: usize,
}

impl GzipBatch {
    fn new(level: u32) -> Self {
        Self {
            level,
            gzip: Some(Gzip::new(level)),
            fed: 0,
        }
    }

    /// Compresses what was added to the body, once there is enough of it.
    fn grown(&mut self, body: &[u8]) {
        if body.len() - self.fed.min(body.len()) >= PIECE {
            self.feed(body);
        }
    }

    fn feed(&mut self, body: &[u8]) {
        let rest = body.get(self.fed..).unwrap_or_default();
        self.gzip = self
            .gzip
            .take()
            .and_then(|mut gzip| gzip.write(rest).is_ok().then_some(gzip));
        self.fed = body.len();
    }

    /// Returns the compressed body, if that is smaller, and begins another one.
    fn take(&mut self, body: &[u8]) -> Option<Bytes> {
        self.feed(body);
        let done = std::mem::replace(self, Self::new(self.level));
        let gzip = done.gzip?.finish().ok()?;
        (gzip.len() < body.len()).then(|| gzip.into())
    }
}

#[cfg(test)]
mod tests {
    use super::{super::Operation, *};

    const LIMITS: Limits = Limits {
        bytes: 64,
        operations: 100,
    };

    fn filled(count: u64, limits: Limits) -> BatchBuilder<()> {
        let mut builder = BatchBuilder::new(limits, false, None);
        for number in 0..count {
            let document = std::collections::BTreeMap::<String, u8>::new();
            assert!(
                builder
                    .push(number, &Operation::index(document).parts, ())
                    .is_ok()
            );
        }
        builder
    }

    fn text(batch: &Batch<()>) -> &str {
        std::str::from_utf8(&batch.body).unwrap()
    }

    #[test]
    fn what_no_longer_fits_begins_the_next_batch() {
        // 16 bytes each: four are 64 bytes.
        let mut builder = filled(4, LIMITS);
        assert!(builder.is_full());
        assert_eq!(builder.take(Buffers::default()).body.len(), 64);

        let limits = Limits {
            bytes: 63,
            ..LIMITS
        };
        let mut builder = filled(4, limits);
        assert!(builder.is_full());
        let batch = builder.take(Buffers::default());
        assert_eq!((batch.len(), batch.body.len()), (3, 48));
        assert!(!builder.is_full() && !builder.is_empty());
        let last = builder.take(Buffers::default());
        assert_eq!((last.len(), text(&last)), (1, "{\"index\":{}}\n{}\n"));
        assert_eq!(last.items[0].number, 3);
        assert!(builder.is_empty());
    }

    #[test]
    fn an_operation_that_is_too_long_travels_alone() {
        let limits = Limits {
            bytes: 1,
            operations: 100,
        };
        let mut builder = filled(1, limits);
        assert!(builder.is_full());
        assert_eq!(builder.take(Buffers::default()).len(), 1);
        assert!(builder.is_empty());
    }

    #[test]
    fn parts_of_a_batch_keep_lines_and_numbers() {
        let mut builder = filled(
            5,
            Limits {
                bytes: 1_000,
                operations: 100,
            },
        );
        let mut batch = builder.take(Buffers::default());
        let some = batch.subset(&[1, 4]);
        assert_eq!(text(&some), "{\"index\":{}}\n{}\n{\"index\":{}}\n{}\n");
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
        let mut builder = filled(
            5,
            Limits {
                bytes: 1_000,
                operations: 100,
            },
        );
        let batch = builder.take(Buffers::default());
        let held = batch.body.clone();
        let address = batch.body.as_ptr();
        drop(held);
        let buffers = batch.into_buffers().unwrap();
        assert_eq!(buffers.body.as_ptr(), address);
    }
}
