//! Data streams: a name for indices of which the last one is written to.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use crate::dates::Format;

/// A data stream.
#[derive(Clone, Debug)]
pub(crate) struct DataStream {
    pub name: Arc<str>,
    /// The backing indices, from the oldest to the one that is written to.
    pub indices: Vec<String>,
    /// Counts the backing indices that there have been.
    pub generation: u64,
    pub template: String,
    pub hidden: bool,
    pub custom_routing: bool,
    pub aliases: BTreeMap<String, Value>,
}

impl DataStream {
    /// Returns the name of the backing index after the last one.
    pub fn next_index(&self, now: i64) -> String {
        let day = Format::parse("yyyy.MM.dd")
            .map(|format| format.print(now, &jiff::tz::TimeZone::UTC))
            .unwrap_or_default();
        format!(".ds-{}-{day}-{:06}", self.name, self.generation + 1)
    }
}
