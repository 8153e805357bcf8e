//! Fills the batches: operations become lines of the next request.

use std::{any::Any, collections::HashSet};

use bytes::Bytes;
use es_transport::Gzip;
use serde::Serialize;

use super::{
    batch::{Batch, Buffers, Item},
    encode,
    operation::Parts,
};
use crate::error::Error;

/// Fills one batch after the other.
#[derive(Debug)]
pub(super) struct BatchBuilder<C> {
    body: Vec<u8>,
    items: Vec<Item<C>>,
    /// An operation that no longer fitted into the batch before.
    carried: Option<(Vec<u8>, Item<C>)>,
    gzip: Option<GzipBatch>,
    limits: Limits,
    /// The documents of this batch, where the order of their operations is kept.
    documents: HashSet<u64>,
}

/// The most that a batch may hold.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub bytes: usize,
    pub operations: usize,
}

/// Why an operation was not added.
pub(super) enum PushError {
    /// It cannot be written.
    Encode(Error),
    /// Its `Serialize` panicked, with this payload.
    Panicked(Box<dyn Any + Send>),
}

impl<C> BatchBuilder<C> {
    /// Creates a builder that compresses at a level, if there is one.
    pub fn new(limits: Limits, compression: Option<u32>) -> Self {
        Self {
            body: Vec::new(),
            items: Vec::new(),
            carried: None,
            gzip: compression.map(GzipBatch::new),
            limits,
            documents: HashSet::new(),
        }
    }

    /// Sets the limit of bytes.
    pub fn limit_bytes(&mut self, bytes: usize) {
        self.limits.bytes = bytes;
    }

    /// Returns the number of bytes, including an operation that is carried over.
    pub fn bytes(&self) -> usize {
        let carried = self.carried.as_ref();
        self.body.len() + carried.map_or(0, |(lines, _)| lines.len())
    }

    /// Returns the number of operations, including one that is carried over.
    pub fn len(&self) -> usize {
        self.items.len() + usize::from(self.carried.is_some())
    }

    /// Returns whether it has an operation on this document, whose order is kept.
    pub fn holds(&self, document: u64) -> bool {
        self.documents.contains(&document)
    }

    pub fn is_empty(&self) -> bool {
        self.items.is_empty() && self.carried.is_none()
    }

    /// Returns the number of the first operation that is not in a batch yet.
    pub fn first_number(&self) -> Option<u64> {
        let carried = self.carried.as_ref().map(|(_, item)| item);
        self.items.first().or(carried).map(|item| item.number)
    }

    /// Returns whether the batch must be sent before another operation is taken.
    pub fn is_full(&self) -> bool {
        self.carried.is_some()
            || self.body.len() >= self.limits.bytes
            || self.items.len() >= self.limits.operations
    }

    /// Adds an operation. One that would make the body too long is kept for the
    /// next batch; alone, an operation may have any length.
    ///
    /// `made` is the generated id of an operation without one. `document` stands for
    /// its document if the order of operations is kept, and is 0 otherwise.
    ///
    /// # Errors
    /// The operation cannot be written; the batch stays as it was, and the
    /// context is returned.
    pub fn push<T: Serialize>(
        &mut self,
        number: u64,
        operation: &Parts<T>,
        made: Option<&str>,
        document: u64,
        context: C,
    ) -> Result<(), (PushError, C)> {
        let start = self.body.len();
        let body = &mut self.body;
        let encode = std::panic::AssertUnwindSafe(|| encode::push(body, operation, made));
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

        let is_repeated = document != 0 && !self.documents.insert(document);
        let item = Item {
            number,
            end,
            action: operation.action,
            idempotent: operation.is_idempotent() || made.is_some(),
            made_id: made.is_some() && !operation.is_conditional(),
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
    pub fn take(&mut self, mut buffers: Buffers<C>) -> Batch<C> {
        let gzip = self.gzip.as_mut().and_then(|gzip| gzip.take(&self.body));
        buffers.body.clear();
        buffers.items.clear();
        self.documents.clear();
        let carried = self.carried.as_ref().map(|(_, item)| item.document);
        self.documents
            .extend(carried.filter(|document| *document != 0));
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
        let mut builder = BatchBuilder::new(limits, None);
        for number in 0..count {
            let document = std::collections::BTreeMap::<String, u8>::new();
            assert!(
                builder
                    .push(number, &Operation::index(document).parts, None, 0, ())
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
}
