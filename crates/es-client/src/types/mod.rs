//! Typed responses.
//!
//! They accept the differences between Elasticsearch 7.17 to 9.x, OpenSearch, proxies and
//! `filter_path`: properties may be missing, `null`, unknown, or numbers as text. A missing
//! number is 0, a missing list is empty, and `None` is a value that is not in the response.
//! Unknown properties are kept in `other`. Java's `long` is `i64`; some values are -1 or
//! -2.
//!
//! A document that does not match its type is a separate error, which does not affect the
//! rest of the response: see [`Hit::source`].
//!
//! In tests, all types can be created from JSON, or with `default()` and their public
//! fields.
//!
//! | of | types |
//! | --- | --- |
//! | searches | [`SearchResponse`], [`Aggregations`], [`Suggestion`], [`MsearchResponse`], [`AsyncSearchResponse`] |
//! | documents | [`GetResponse`], [`WriteResponse`], [`MgetResponse`], [`BulkResponse`], [`ByQueryResponse`] |
//! | indices | [`IndexStates`], [`IndicesStats`], [`IndexTemplates`], [`AnalyzeResponse`] |
//! | clusters | [`ClusterHealth`], [`NodesInfo`], [`TaskList`] |
//! | cat endpoints | [`CatRow`], [`CatIndices`], [`CatNodes`], [`CatShards`] and so on |
//! | vectors | [`Vector`] |
//! | the rest | [`Pipelines`], [`LifecyclePolicies`], [`Snapshots`], [`Authentication`], [`EsqlResponse`] |

mod aggs;
mod buckets;
mod by_query;
mod cat;
mod cat_rows;
mod cause;
mod cluster;
mod document;
mod fields;
mod index;
mod indices;
mod info;
mod lenient;
mod manage;
mod many;
mod object;
mod paging;
mod search;
mod security;
mod source;
mod suggest;
mod total;
mod units;
mod vector;

pub(crate) use lenient::Read;
pub(crate) use many::is_failed_operation;
pub(crate) use object::REFUSED;

pub use aggs::{AggregationError, Aggregations, Percentile, Percentiles, Stats};
pub use buckets::{Bucket, Buckets, SingleBucket};
pub use by_query::{ByQueryResponse, NodeTasks, Retries, TaskInfo, TaskList, TaskResponse};
pub use cat::{AnyColumns, CatRow, Column};
pub use cat_rows::*;
pub use cause::{ErrorCause, ShardFailure};
pub use cluster::{
    ClusterHealth, ClusterIndicesStats, ClusterStats, IndexHealth, NodeHttp, NodeInfo, NodeStats,
    NodesInfo, NodesStats,
};
pub use document::{Documents, GetResponse, WriteResponse};
pub use fields::{EsqlColumn, EsqlResponse, FieldCapability, FieldCapsResponse, TermsEnumResponse};
pub use index::{
    Acknowledged, Alias, CreateIndexResponse, IndexState, IndexStates, ShardsResponse,
};
pub use indices::{
    AnalyzeResponse, DocsStats, IndexStats, IndexTemplate, IndexTemplates, IndexingStats,
    IndicesStats, NamedIndexTemplate, RolloverResponse, SearchStats, ShardStats, StoreStats, Token,
};
pub use info::{Info, Version};
pub use manage::{
    LifecyclePolicies, LifecyclePolicy, Pipeline, Pipelines, RestoredSnapshot, SnapshotCreated,
    SnapshotInfo, SnapshotRestored, SnapshotStatus, SnapshotStatuses, Snapshots,
};
pub use many::{BulkItem, BulkResponse, MgetResponse, MsearchItem, MsearchResponse};
pub use paging::{
    AsyncSearchResponse, AsyncSearchStatus, CountResponse, FreedContexts, OpenPointInTime,
};
pub use search::{Hit, Hits, SearchResponse, Shards};
pub use security::{
    ApiKey, ApiKeyCreated, ApiKeys, ApiKeysInvalidated, Authentication, Deleted, IndexPrivileges,
    Realm, Role, RolePut, Roles, User, UserPut, Users,
};
pub use suggest::{SuggestOption, Suggestion};
pub use total::Total;
pub use units::{parse_bytes, parse_duration};
pub use vector::{Vector, VectorEncoding};
