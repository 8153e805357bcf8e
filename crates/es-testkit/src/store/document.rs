//! One document and the conditions a write may carry.

use serde_json::Value;

/// A stored document.
#[derive(Clone, Debug)]
pub(crate) struct Document {
    pub(crate) id: String,
    pub(crate) source: Value,
    pub(crate) version: u64,
    pub(crate) seq_no: u64,
    pub(crate) primary_term: u64,
    pub(crate) routing: Option<String>,
    pub(crate) shard: u32,
}

/// What a write expects to find.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Expected {
    /// The document must not exist yet (`op_type=create`).
    pub(crate) absent: bool,
    /// `if_seq_no` and `if_primary_term`.
    pub(crate) seq_no_and_term: Option<(u64, u64)>,
    /// `version` with `version_type=external` (or `external_gte`, when the flag is set).
    pub(crate) external_version: Option<(u64, bool)>,
}
