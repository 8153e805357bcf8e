//! The query parameters of the endpoints: lists of names, separated by spaces.
//!
//! Those that the genuine server takes and this one does not begin with `!`.

pub(super) const NONE: &[&str] = &[];
pub(super) const TIMES: &[&str] = &["timeout master_timeout"];
pub(super) const REFRESH: &[&str] = &["refresh"];
pub(super) const OPTIONS: &str = "ignore_unavailable allow_no_indices expand_wildcards";
pub(super) const SOURCE: &str = "_source _source_includes _source_excludes";
/// The body, sent as query parameters.
pub(in crate::api) const BODY: &str = "source source_content_type";
pub(super) const INDICES: &[&str] = &[OPTIONS, "master_timeout local !force"];
pub(super) const SETTINGS: &[&str] = &[
    OPTIONS,
    "master_timeout local flat_settings !include_defaults",
];
pub(super) const PUT_SETTINGS: &[&str] = &[
    OPTIONS,
    "timeout master_timeout !flat_settings !preserve_existing !reopen",
];
pub(super) const GET_INDEX: &[&str] = &[
    OPTIONS,
    "master_timeout local flat_settings !include_defaults !features",
];
pub(super) const CREATE: &[&str] = &["timeout master_timeout wait_for_active_shards"];
pub(super) const DELETE_INDEX: &[&str] = &[OPTIONS, "timeout master_timeout"];
pub(super) const PUT_MAPPING: &[&str] = &[OPTIONS, "timeout master_timeout !write_index_only"];
pub(super) const HEALTH: &[&str] = &[
    OPTIONS,
    "wait_for_status wait_for_nodes wait_for_no_relocating_shards wait_for_no_initializing_shards",
    "wait_for_active_shards wait_for_events timeout master_timeout local !level",
];
pub(super) const STATE: &[&str] = &[
    OPTIONS,
    "master_timeout local !flat_settings !wait_for_metadata_version !wait_for_timeout",
];
pub(super) const SHARDS: &[&str] = &[OPTIONS, "master_timeout local preference routing"];
pub(super) const CAT: &[&str] = &[
    OPTIONS,
    "format v master_timeout local !h !help !s !bytes !time !health !pri !full_id !include_unloaded_segments",
];
pub(super) const NODES: &[&str] = &["timeout !flat_settings"];
pub(super) const KEYS: &[&str] =
    &["id name owner !username !realm_name !with_limited_by !active_only !with_profile_uid"];
pub(super) const WRITE: &[&str] = &[
    "op_type routing refresh timeout version version_type if_seq_no if_primary_term require_alias",
    "wait_for_active_shards include_source_on_error require_data_stream pipeline",
];
pub(super) const DELETE: &[&str] = &[
    "routing refresh timeout version version_type if_seq_no if_primary_term wait_for_active_shards",
];
pub(super) const UPDATE: &[&str] = &[
    SOURCE,
    "routing refresh timeout if_seq_no if_primary_term require_alias wait_for_active_shards",
    "retry_on_conflict include_source_on_error !lang",
];
pub(super) const READ: &[&str] = &[
    SOURCE,
    "routing preference realtime refresh version version_type _source_exclude_vectors !stored_fields !force_synthetic_source",
];
pub(super) const MGET: &[&str] = &[
    SOURCE,
    BODY,
    "routing preference realtime refresh _source_exclude_vectors !stored_fields !force_synthetic_source",
];
pub(super) const BULK: &[&str] = &[
    SOURCE,
    "routing refresh timeout require_alias wait_for_active_shards include_source_on_error",
    "require_data_stream pipeline !list_executed_pipelines",
];
pub(super) const STREAMS: &[&str] = &[OPTIONS, "master_timeout timeout !include_defaults !verbose"];
pub(super) const PIPELINE: &[&str] = &["timeout master_timeout !if_version !summary"];
pub(super) const SIMULATE: &[&str] = &["!verbose"];
pub(super) const ROLLOVER: &[&str] =
    &["timeout master_timeout wait_for_active_shards dry_run lazy"];
pub(super) const SCROLL: &[&str] = &["scroll scroll_id rest_total_hits_as_int"];
pub(super) const PIT: &[&str] = &[
    "keep_alive ignore_unavailable expand_wildcards preference routing allow_partial_search_results",
    "max_concurrent_shard_requests",
];
pub(super) const COUNT: &[&str] = &[
    OPTIONS,
    BODY,
    "q preference routing ignore_throttled !df !default_operator !analyzer !analyze_wildcard !lenient",
    "!min_score !terminate_after",
];
pub(super) const BY_QUERY: &[&str] = &[
    OPTIONS,
    "conflicts refresh timeout wait_for_completion wait_for_active_shards max_docs scroll_size",
    "scroll slices requests_per_second search_timeout preference routing request_cache q",
    "!pipeline !df !default_operator !analyzer !analyze_wildcard !lenient !from !sort !stats",
    "!terminate_after !version !search_type",
];
pub(super) const REINDEX: &[&str] = &[
    "refresh timeout wait_for_completion wait_for_active_shards requests_per_second scroll slices",
    "require_alias !max_docs",
];
pub(super) const TASK: &[&str] =
    &["timeout wait_for_completion actions detailed group_by nodes parent_task_id master_timeout"];
pub(super) const TEMPLATE: &[&str] =
    &["master_timeout timeout local !flat_settings !include_defaults"];
pub(super) const PUT_TEMPLATE: &[&str] = &["master_timeout timeout create !cause"];
pub(super) const SEARCH: &[&str] = &[
    OPTIONS,
    SOURCE,
    BODY,
    "q from size sort scroll typed_keys track_total_hits version seq_no_primary_term routing preference",
    "rest_total_hits_as_int search_type request_cache batched_reduce_size ccs_minimize_roundtrips",
    "pre_filter_shard_size max_concurrent_shard_requests allow_partial_search_results timeout",
    "ignore_throttled _source_exclude_vectors track_scores !df !default_operator !analyzer",
    "!analyze_wildcard !lenient !explain !stored_fields !docvalue_fields !terminate_after !stats",
    "!suggest_field !suggest_mode !suggest_size !suggest_text !include_named_queries_score",
    "!force_synthetic_source",
];
pub(super) const MSEARCH: &[&str] = &[
    OPTIONS,
    BODY,
    "typed_keys rest_total_hits_as_int search_type ccs_minimize_roundtrips max_concurrent_searches",
    "pre_filter_shard_size max_concurrent_shard_requests ignore_throttled routing",
    "!include_named_queries_score",
];
