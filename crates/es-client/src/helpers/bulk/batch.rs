//! Operations that travel together: one request, or what is left of it.

use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;

use super::{encode, ids::Ids, operation::Action, operation::Operation, packed::Packed};
use crate::error::Result;

/// One operation of a batch; its lines lie in the batch's body.
#[derive(Clone, Copy, Debug)]
pub(super) struct Item {
    /// Its place in the input, from 0.
    pub(super) number: u64,
    /// Where its lines end.
    end: u32,
    pub(super) action: Action,
    pub(super) repeatable: bool,
    /// The helper made its id.
    pub(super) made_id: bool,
}

/// A batch that is being filled.
#[derive(Debug, Default)]
pub(super) struct Filling {
    body: Vec<u8>,
    items: Vec<Item>,
    /// An operation that no longer fitted into the batch before.
    carried: Option<(Vec<u8>, Item)>,
    ids: Option<Ids>,
    packed: Option<Packed>,
}

/// How much a batch may hold.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) bytes: usize,
    pub(super) operations: usize,
}

impl Filling {
    /// With ids for what has none, and compressed at a level, or not.
    pub(super) fn new(make_ids: bool, compression: Option<u32>) -> Self {
        let (ids, packed) = (make_ids.then(Ids::new), compression.map(Packed::new));
        Self { ids, packed, ..Self::default() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.items.is_empty() && self.carried.is_none()
    }

    pub(super) fn bytes(&self) -> usize {
        self.body.len()
    }

    /// Whether it must go before another operation is taken.
    pub(super) fn is_full(&self, limits: Limits) -> bool {
        self.carried.is_some()
            || self.body.len() >= limits.bytes
            || self.items.len() >= limits.operations
    }

    /// Adds an operation. One that would make the body too long waits for the
    /// next batch; alone, an operation may have any length.
    ///
    /// # Errors
    /// The operation cannot be written; the batch stays as it was.
    pub(super) fn push<T: Serialize>(
        &mut self,
        number: u64,
        operation: &Operation<T>,
        limits: Limits,
    ) -> Result<()> {
        let start = self.body.len();
        let makes_id = operation.id.is_none() && self.ids.is_some();
        let made = if makes_id { self.ids.as_mut().map(Ids::next) } else { None };
        encode::push(&mut self.body, operation, made.as_deref())?;
        let Ok(end) = u32::try_from(self.body.len()) else {
            self.body.truncate(start);
            return Err(crate::Error::invalid("an operation must have less than 4 GiB"));
        };
        let repeatable = operation.is_repeatable() || made.is_some();
        let action = operation.action;
        let item = Item { number, end, action, repeatable, made_id: made.is_some() };
        if start > 0 && self.body.len() > limits.bytes {
            self.carried = Some((self.body.split_off(start), item));
        } else {
            self.items.push(item);
            if let Some(packed) = &mut self.packed {
                packed.grown(&self.body);
            }
        }
        Ok(())
    }

    /// What was filled in; what was carried over begins the next batch, in `spare`.
    pub(super) fn take(&mut self, mut spare: Spare) -> Part {
        let packed = self.packed.as_mut().and_then(|packed| packed.take(&self.body));
        spare.body.clear();
        spare.items.clear();
        if let Some((lines, mut item)) = self.carried.take() {
            item.end = u32::try_from(lines.len()).unwrap_or(u32::MAX);
            spare.body.extend_from_slice(&lines);
            spare.items.push(item);
        }
        let body = std::mem::replace(&mut self.body, spare.body);
        let items = std::mem::replace(&mut self.items, spare.items);
        Part { body: body.into(), packed, items, ..Part::default() }
    }
}

/// Memory of a batch that is done, for the next one.
#[derive(Debug, Default)]
pub(super) struct Spare {
    body: Vec<u8>,
    items: Vec<Item>,
}

/// One request's operations.
#[derive(Debug, Default)]
pub(super) struct Part {
    pub(super) body: Bytes,
    /// The body, compressed.
    pub(super) packed: Option<Bytes>,
    pub(super) items: Vec<Item>,
    /// How often its operations were sent before.
    pub(super) retries: u32,
    /// Whether an answer to its operations was lost before.
    pub(super) lost: bool,
    /// It is a half of a batch that was refused as a whole.
    pub(super) isolated: bool,
    /// How long to wait before it is sent.
    pub(super) wait: Duration,
}

impl Part {
    pub(super) fn len(&self) -> usize {
        self.items.len()
    }

    pub(super) fn is_repeatable(&self) -> bool {
        self.items.iter().all(|item| item.repeatable)
    }

    fn start(&self, at: usize) -> usize {
        let before = at.checked_sub(1).and_then(|before| self.items.get(before));
        before.map_or(0, |item| item.end as usize)
    }

    /// The lines of an operation, as they are sent.
    pub(super) fn lines(&self, at: usize) -> Bytes {
        let end = self.items.get(at).map_or(0, |item| item.end as usize);
        self.body.slice(self.start(at).min(end)..end)
    }

    /// Another batch of some of the operations, in their order.
    pub(super) fn subset(&self, chosen: &[usize]) -> Self {
        let mut body = Vec::with_capacity(chosen.iter().map(|at| self.lines(*at).len()).sum());
        let mut items = Vec::with_capacity(chosen.len());
        for &at in chosen {
            body.extend_from_slice(&self.lines(at));
            // A part of a body is no longer than the body.
            let end = u32::try_from(body.len()).unwrap_or(u32::MAX);
            items.extend(self.items.get(at).map(|item| Item { end, ..*item }));
        }
        Self { body: body.into(), packed: None, items, ..*self }
    }

    /// Two batches of half the operations each; nothing is copied but the list.
    pub(super) fn halves(mut self) -> [Self; 2] {
        let half = self.items.len() / 2;
        let middle = self.start(half);
        let mut items = self.items.split_off(half);
        for item in &mut items {
            item.end -= u32::try_from(middle).unwrap_or_default();
        }
        let body = self.body.split_off(middle);
        self.packed = None;
        let second = Self { body, packed: None, items, ..self };
        [self, second]
    }

    /// Its memory, if nobody else holds it.
    pub(super) fn into_spare(self) -> Option<Spare> {
        let body = self.body.try_into_mut().ok().filter(|body| body.capacity() > 0)?;
        Some(Spare { body: body.into(), items: self.items })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { bytes: 60, operations: 100 };

    fn filled(count: u64, limits: Limits) -> Filling {
        let mut filling = Filling::new(false, None);
        for number in 0..count {
            filling.push(number, &Operation::index(number), limits).unwrap();
        }
        filling
    }

    fn text(part: &Part) -> &str {
        std::str::from_utf8(&part.body).unwrap()
    }

    #[test]
    fn what_no_longer_fits_begins_the_next_batch() {
        // 15 bytes each: four are 60 bytes.
        let mut filling = filled(4, LIMITS);
        assert!(filling.is_full(LIMITS));
        assert_eq!(filling.take(Spare::default()).body.len(), 60);

        let limits = Limits { bytes: 59, ..LIMITS };
        let mut filling = filled(4, limits);
        assert!(filling.is_full(limits));
        let part = filling.take(Spare::default());
        assert_eq!((part.len(), part.body.len()), (3, 45));
        assert!(!filling.is_full(limits) && !filling.is_empty());
        let last = filling.take(Spare::default());
        assert_eq!((last.len(), text(&last)), (1, "{\"index\":{}}\n3\n"));
        assert_eq!(last.items[0].number, 3);
        assert!(filling.is_empty());
    }

    #[test]
    fn an_operation_that_is_too_long_travels_alone() {
        let limits = Limits { bytes: 1, operations: 100 };
        let mut filling = filled(1, limits);
        assert!(filling.is_full(limits));
        assert_eq!(filling.take(Spare::default()).len(), 1);
        assert!(filling.is_empty());
    }

    #[test]
    fn parts_of_a_batch_keep_lines_and_numbers() {
        let mut filling = filled(5, Limits { bytes: 1_000, operations: 100 });
        let part = filling.take(Spare::default());
        let some = part.subset(&[1, 4]);
        assert_eq!(text(&some), "{\"index\":{}}\n1\n{\"index\":{}}\n4\n");
        assert_eq!(some.lines(1), "{\"index\":{}}\n4\n");
        let [first, second] = part.halves();
        assert_eq!((first.len(), second.len()), (2, 3));
        assert_eq!(first.lines(1), "{\"index\":{}}\n1\n");
        assert_eq!(second.lines(0), "{\"index\":{}}\n2\n");
        assert_eq!(second.lines(2), "{\"index\":{}}\n4\n");
        assert_eq!(second.items.iter().map(|item| item.number).collect::<Vec<_>>(), [2, 3, 4]);
    }

    #[test]
    fn the_memory_of_a_batch_serves_again() {
        let mut filling = filled(5, Limits { bytes: 1_000, operations: 100 });
        let part = filling.take(Spare::default());
        let held = part.body.clone();
        let address = part.body.as_ptr();
        drop(held);
        let spare = part.into_spare().unwrap();
        assert_eq!(spare.body.as_ptr(), address);
    }
}
