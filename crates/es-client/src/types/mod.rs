//! Typed answers. They tolerate properties that are unknown or missing, as
//! servers of other versions send them: a missing number is 0, a missing list is
//! empty, and what may be absent for a reason is an `Option`.
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
mod answer;
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
mod paging;
mod search;
mod security;
mod suggest;
mod total;
mod vector;

pub use aggs::{AggregationError, Aggregations, Stats};
pub use buckets::{Bucket, Buckets, SingleBucket};
pub use by_query::{ByQueryResponse, NodeTasks, Retries, TaskInfo, TaskList, TaskResponse};
pub use cat::{AnyColumns, CatRow, Column};
pub use cat_rows::*;
pub use cause::{ErrorCause, ShardFailure};
pub use cluster::{
    ClusterHealth, ClusterIndicesStats, ClusterStats, IndexHealth, NodeHttp, NodeInfo, NodeStats,
    NodesInfo, NodesStats,
};
pub use document::{GetResponse, WriteResponse};
pub use fields::{EsqlColumn, EsqlResponse, FieldCapability, FieldCapsResponse, TermsEnumResponse};
pub use index::{
    Acknowledged, Alias, CreateIndexResponse, IndexState, IndexStates, ShardsResponse,
};
pub use indices::{
    AnalyzeResponse, DocsStats, IndexStats, IndexTemplate, IndexTemplates, IndexingStats,
    IndicesStats, NamedIndexTemplate, RolloverResponse, SearchStats, ShardStats, StoreStats, Token,
};
pub use info::{Info, Version};
pub use lenient::{parse_bytes, parse_duration};
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
pub use vector::{Vector, VectorEncoding};
