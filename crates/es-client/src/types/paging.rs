use serde::Deserialize;

use super::answer::answer;
use super::{
    cause::ErrorCause,
    search::{SearchResponse, Shards},
};

answer! {
    /// The answer to `count`.
    #[derive(Clone, Debug, Default)]
    #[non_exhaustive]
    pub struct CountResponse {
        /// How many documents match.
        pub count: u64,
        /// The shards that took part.
        pub shards: Shards = "_shards",
    }
}

/// The answer to `open_point_in_time`.
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct OpenPointInTime {
    /// What searches name it by; each answer may bring a newer one.
    #[serde(alias = "pit_id")]
    pub id: String,
    /// The shards that took part.
    #[serde(rename = "_shards", default)]
    pub shards: Shards,
}

answer! {
    /// The answer to `close_point_in_time` and `clear_scroll`.
    #[derive(Clone, Copy, Debug, Default)]
    #[non_exhaustive]
    pub struct FreedContexts {
        /// Whether it was closed.
        pub succeeded: bool,
        /// How many search contexts were given back.
        pub num_freed: u32,
    }
}

/// The answer to `async_search.submit` and `async_search.get`.
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct AsyncSearchResponse<T> {
    /// The id to ask with; `None` where it was over at once and is not kept.
    #[serde(default)]
    pub id: Option<String>,
    /// Whether the hits are not, or will never be, complete.
    #[serde(default)]
    pub is_partial: bool,
    /// Whether it still runs.
    #[serde(default)]
    pub is_running: bool,
    /// When it started, in milliseconds since 1970.
    #[serde(default)]
    pub start_time_in_millis: u64,
    /// Until when it is kept, in milliseconds since 1970.
    #[serde(default)]
    pub expiration_time_in_millis: u64,
    /// When it was over, in milliseconds since 1970.
    #[serde(default)]
    pub completion_time_in_millis: Option<u64>,
    /// What was found so far.
    pub response: Option<SearchResponse<T>>,
    /// Why it failed.
    pub error: Option<ErrorCause>,
}

answer! {
    /// The answer to `async_search.status`.
    #[derive(Clone, Debug, Default)]
    #[non_exhaustive]
    pub struct AsyncSearchStatus {
        /// The id.
        pub id: Option<String>,
        /// Whether it still runs.
        pub is_running: bool,
        /// Whether the hits are not, or will never be, complete.
        pub is_partial: bool,
        /// When it started, in milliseconds since 1970.
        pub start_time_in_millis: u64,
        /// Until when it is kept, in milliseconds since 1970.
        pub expiration_time_in_millis: u64,
        /// The status that the search ended with.
        pub completion_status: Option<u16>,
        /// The shards that have answered so far.
        pub shards: Shards = "_shards",
    }
}
