//! The nodes that hold shards, each found in the pool by its ID.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use crate::node::{hash::stable_hash, snapshot::Members};

/// A node that holds shards. All shards that it holds share one.
#[derive(Debug)]
pub(crate) struct Holder {
    pub id: Arc<str>,
    id_hash: u64,
    /// Its index among the members of the pool, where it was found last.
    member: AtomicU32,
}

impl Holder {
    pub fn new(id: &str) -> Self {
        Self {
            id: id.into(),
            id_hash: stable_hash(id),
            member: AtomicU32::default(),
        }
    }

    /// Returns its index among the members of a pool.
    #[inline]
    pub(in crate::node) fn member(&self, members: &Members) -> Option<u32> {
        let last = self.member.load(Ordering::Relaxed);
        // If another ID had the same hash, its node would forward the request.
        let is_there = members
            .get(last)
            .is_some_and(|entry| entry.id_hash == Some(self.id_hash));
        if is_there {
            return Some(last);
        }
        let member = members.index_of_id(&self.id)?;
        self.member.store(member, Ordering::Relaxed);
        Some(member)
    }
}
