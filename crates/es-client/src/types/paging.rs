use super::{
    cause::ErrorCause,
    object::response,
    search::{SearchResponse, Shards},
};

response! {
    /// The response of `count`.
    #[derive(Clone, Debug)]
    pub struct CountResponse {
        /// The number of matching documents. `None` if it is not in the response.
        pub count: Option<i64>,
        /// The shards that executed the request.
        pub shards: Shards = "_shards",
    }
}

response! {
    /// The response of `open_point_in_time`.
    #[derive(Clone, Debug)]
    pub struct OpenPointInTime {
        /// The ID of the point in time; the response of each search may have a newer one.
        pub id: String = "id" | "pit_id",
        /// The shards that executed the request.
        pub shards: Shards = "_shards",
    }
}

response! {
    /// The response of `close_point_in_time` and `clear_scroll`.
    #[derive(Clone, Debug)]
    pub struct FreedContexts {
        /// Whether it was closed.
        pub succeeded: bool,
        /// The number of search contexts that were freed.
        pub num_freed: i32,
    }
}

response! {
    /// The response of `async_search.submit` and `async_search.get`.
    #[derive(Clone, Debug)]
    pub struct AsyncSearchResponse<T> {
        /// The ID of the search; `None` if it completed immediately and is not stored.
        pub id: Option<String>,
        /// Whether hits are missing because the search is still running or failed. `None`
        /// if it is not in the response.
        pub is_partial: Option<bool>,
        /// Whether the search is still running. `None` if it is not in the response.
        pub is_running: Option<bool>,
        /// The time of its start, in milliseconds since 1970.
        pub start_time_in_millis: i64,
        /// The time at which it expires, in milliseconds since 1970.
        pub expiration_time_in_millis: i64,
        /// The time of its end, in milliseconds since 1970.
        pub completion_time_in_millis: Option<i64>,
        /// The results so far.
        pub response: Option<SearchResponse<T>>,
        /// The error that ended it.
        pub error: Option<ErrorCause>,
    }
}

response! {
    /// The response of `async_search.status`.
    #[derive(Clone, Debug)]
    pub struct AsyncSearchStatus {
        /// The ID of the search.
        pub id: Option<String>,
        /// Whether the search is still running. `None` if it is not in the response.
        pub is_running: Option<bool>,
        /// Whether hits are missing because the search is still running or failed. `None`
        /// if it is not in the response.
        pub is_partial: Option<bool>,
        /// The time of its start, in milliseconds since 1970.
        pub start_time_in_millis: i64,
        /// The time at which it expires, in milliseconds since 1970.
        pub expiration_time_in_millis: i64,
        /// The status that the search ended with.
        pub completion_status: Option<u16>,
        /// The error that ended it.
        pub error: Option<ErrorCause>,
        /// The shards that have responded so far.
        pub shards: Shards = "_shards",
    }
}
