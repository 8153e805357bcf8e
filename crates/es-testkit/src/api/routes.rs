//! The endpoints, each with its parameters.

use super::access::Action::{self, Anyone, Manage, Monitor, Read, Write};
use super::call::Call;
use super::error::ApiError;
use super::reply::Reply;
use super::{
    alias, analyze, bulk, by_query, cat, cluster, data_stream, document, index, info, ingest,
    mapping, multi, nodes, pit, rollover, scroll, search, security, settings, state, task,
    template, update,
};

type Handler = fn(&Call<'_>) -> Result<Reply, ApiError>;

/// An endpoint.
pub(super) struct Route {
    pub(super) methods: &'static [&'static str],
    pub(super) pattern: &'static str,
    pub(super) action: Action,
    /// The query parameters that the endpoint takes, separated by spaces; those that the genuine
    /// server takes and this one does not begin with `!`.
    pub(super) parameters: &'static [&'static str],
    pub(super) handler: Handler,
}

const fn route(
    methods: &'static [&'static str],
    pattern: &'static str,
    action: Action,
    parameters: &'static [&'static str],
    handler: Handler,
) -> Route {
    Route {
        methods,
        pattern,
        action,
        parameters,
        handler,
    }
}

const GET_POST: &[&str] = &["GET", "POST"];
const GET_HEAD: &[&str] = &["GET", "HEAD"];
const PUT_POST: &[&str] = &["PUT", "POST"];
const NONE: &[&str] = &[];
const TIMES: &[&str] = &["timeout master_timeout"];
const REFRESH: &[&str] = &["refresh"];
const OPTIONS: &str = "ignore_unavailable allow_no_indices expand_wildcards";
const SOURCE: &str = "_source _source_includes _source_excludes";
const INDICES: &[&str] = &[OPTIONS, "master_timeout local !force"];
const SETTINGS: &[&str] = &[
    OPTIONS,
    "master_timeout local !include_defaults !flat_settings",
];
const PUT_SETTINGS: &[&str] = &[
    OPTIONS,
    "timeout master_timeout !flat_settings !preserve_existing !reopen",
];
const GET_INDEX: &[&str] = &[
    OPTIONS,
    "master_timeout local !include_defaults !flat_settings !features",
];
const CREATE: &[&str] = &["timeout master_timeout wait_for_active_shards"];
const DELETE_INDEX: &[&str] = &[OPTIONS, "timeout master_timeout"];
const PUT_MAPPING: &[&str] = &[OPTIONS, "timeout master_timeout !write_index_only"];
const HEALTH: &[&str] = &[
    OPTIONS,
    "wait_for_status wait_for_nodes wait_for_no_relocating_shards wait_for_no_initializing_shards",
    "wait_for_active_shards wait_for_events timeout master_timeout local !level",
];
const STATE: &[&str] = &[
    OPTIONS,
    "master_timeout local !flat_settings !wait_for_metadata_version !wait_for_timeout",
];
const SHARDS: &[&str] = &[OPTIONS, "master_timeout local preference routing"];
const CAT: &[&str] = &[
    OPTIONS,
    "format v master_timeout local !h !help !s !bytes !time !health !pri !full_id !include_unloaded_segments",
];
const NODES: &[&str] = &["timeout !flat_settings"];
const KEYS: &[&str] =
    &["id name owner !username !realm_name !with_limited_by !active_only !with_profile_uid"];
const WRITE: &[&str] = &[
    "op_type routing refresh timeout version version_type if_seq_no if_primary_term require_alias",
    "wait_for_active_shards include_source_on_error require_data_stream pipeline",
];
const DELETE: &[&str] = &[
    "routing refresh timeout version version_type if_seq_no if_primary_term wait_for_active_shards",
];
const UPDATE: &[&str] = &[
    SOURCE,
    "routing refresh timeout if_seq_no if_primary_term require_alias wait_for_active_shards",
    "retry_on_conflict include_source_on_error !lang",
];
const READ: &[&str] = &[
    SOURCE,
    "routing preference realtime refresh version version_type _source_exclude_vectors !stored_fields !force_synthetic_source",
];
const MGET: &[&str] = &[
    SOURCE,
    "routing preference realtime refresh _source_exclude_vectors !stored_fields !force_synthetic_source",
];
const BULK: &[&str] = &[
    SOURCE,
    "routing refresh timeout require_alias wait_for_active_shards include_source_on_error",
    "require_data_stream pipeline !list_executed_pipelines",
];
const STREAMS: &[&str] = &[OPTIONS, "master_timeout timeout !include_defaults !verbose"];
const PIPELINE: &[&str] = &["timeout master_timeout !if_version !summary"];
const SIMULATE: &[&str] = &["!verbose"];
const ROLLOVER: &[&str] = &["timeout master_timeout wait_for_active_shards dry_run lazy"];
const SCROLL: &[&str] = &["scroll scroll_id rest_total_hits_as_int"];
const PIT: &[&str] = &[
    "keep_alive ignore_unavailable expand_wildcards preference routing allow_partial_search_results",
    "max_concurrent_shard_requests",
];
const COUNT: &[&str] = &[
    OPTIONS,
    "q preference routing ignore_throttled !df !default_operator !analyzer !analyze_wildcard !lenient",
    "!min_score !terminate_after",
];
const BY_QUERY: &[&str] = &[
    OPTIONS,
    "conflicts refresh timeout wait_for_completion wait_for_active_shards max_docs scroll_size",
    "scroll slices requests_per_second search_timeout preference routing request_cache q",
    "!pipeline !df !default_operator !analyzer !analyze_wildcard !lenient !from !sort !stats",
    "!terminate_after !version !search_type",
];
const REINDEX: &[&str] = &[
    "refresh timeout wait_for_completion wait_for_active_shards requests_per_second scroll slices",
    "require_alias !max_docs",
];
const TASK: &[&str] =
    &["timeout wait_for_completion actions detailed group_by nodes parent_task_id master_timeout"];
const TEMPLATE: &[&str] =
    &["master_timeout timeout local !create !cause !flat_settings !include_defaults"];
const SEARCH: &[&str] = &[
    OPTIONS,
    SOURCE,
    "q from size sort scroll typed_keys track_total_hits version seq_no_primary_term routing preference",
    "rest_total_hits_as_int search_type request_cache batched_reduce_size ccs_minimize_roundtrips",
    "pre_filter_shard_size max_concurrent_shard_requests allow_partial_search_results timeout",
    "ignore_throttled _source_exclude_vectors track_scores !df !default_operator !analyzer",
    "!analyze_wildcard !lenient !explain !stored_fields !docvalue_fields !terminate_after !stats",
    "!suggest_field !suggest_mode !suggest_size !suggest_text !include_named_queries_score",
    "!force_synthetic_source",
];
const MSEARCH: &[&str] = &[
    OPTIONS,
    "typed_keys rest_total_hits_as_int search_type ccs_minimize_roundtrips max_concurrent_searches",
    "pre_filter_shard_size max_concurrent_shard_requests ignore_throttled routing",
    "!include_named_queries_score",
];

/// Fixed segments stand before placeholders, since the first pattern that fits is taken.
pub(super) static ROUTES: &[Route] = &[
    route(GET_HEAD, "", Monitor, NONE, info::info),
    route(PUT_POST, "_bulk", Write, BULK, bulk::bulk),
    route(GET_POST, "_search", Read, SEARCH, search::search),
    route(GET_POST, "_search/scroll", Anyone, SCROLL, scroll::next),
    route(&["DELETE"], "_search/scroll", Anyone, SCROLL, scroll::clear),
    route(
        GET_POST,
        "_search/scroll/{scroll_id}",
        Anyone,
        SCROLL,
        scroll::next,
    ),
    route(
        &["DELETE"],
        "_search/scroll/{scroll_id}",
        Anyone,
        SCROLL,
        scroll::clear,
    ),
    route(GET_POST, "_msearch", Read, MSEARCH, multi::search),
    route(GET_POST, "_mget", Read, MGET, multi::get),
    route(GET_POST, "_count", Read, COUNT, search::count),
    route(&["DELETE"], "_pit", Anyone, NONE, pit::close),
    route(GET_POST, "_refresh", Manage, INDICES, index::refresh),
    route(&["GET"], "_mapping", Read, INDICES, mapping::get),
    route(&["GET"], "_settings", Read, SETTINGS, settings::get),
    route(&["POST"], "_aliases", Manage, TIMES, alias::update),
    route(&["GET"], "_alias", Read, INDICES, alias::get),
    route(GET_HEAD, "_alias/{name}", Read, INDICES, alias::get),
    route(
        &["GET"],
        "_cluster/health",
        Monitor,
        HEALTH,
        cluster::health,
    ),
    route(
        &["GET"],
        "_cluster/health/{index}",
        Monitor,
        HEALTH,
        cluster::health,
    ),
    route(&["GET"], "_cluster/state", Monitor, STATE, state::state),
    route(
        &["GET"],
        "_cluster/state/{metric}",
        Monitor,
        STATE,
        state::state,
    ),
    route(
        &["GET"],
        "_cluster/state/{metric}/{index}",
        Monitor,
        STATE,
        state::state,
    ),
    route(
        GET_POST,
        "_search_shards",
        Read,
        SHARDS,
        state::search_shards,
    ),
    route(
        GET_POST,
        "{index}/_search_shards",
        Read,
        SHARDS,
        state::search_shards,
    ),
    route(&["GET"], "_cat/indices", Monitor, CAT, cat::indices),
    route(&["GET"], "_cat/indices/{index}", Monitor, CAT, cat::indices),
    route(&["GET"], "_cat/count", Read, CAT, cat::count),
    route(&["GET"], "_cat/count/{index}", Read, CAT, cat::count),
    route(&["GET"], "_cat/nodes", Monitor, CAT, cat::nodes),
    route(&["GET"], "_nodes", Monitor, NODES, nodes::http),
    route(&["GET"], "_nodes/http", Monitor, NODES, nodes::http),
    route(
        &["GET"],
        "_nodes/{node_id}/http",
        Monitor,
        NODES,
        nodes::http,
    ),
    route(
        &["GET"],
        "_security/_authenticate",
        Anyone,
        NONE,
        security::authenticate,
    ),
    route(
        &["GET"],
        "_security/api_key",
        Anyone,
        KEYS,
        security::get_keys,
    ),
    route(
        PUT_POST,
        "_security/api_key",
        Manage,
        REFRESH,
        security::create_key,
    ),
    route(
        &["DELETE"],
        "_security/api_key",
        Manage,
        NONE,
        security::invalidate_keys,
    ),
    route(
        &["POST"],
        "_security/oauth2/token",
        Manage,
        NONE,
        security::create_token,
    ),
    route(PUT_POST, "{index}/_bulk", Write, BULK, bulk::bulk),
    route(GET_POST, "{index}/_search", Read, SEARCH, search::search),
    route(GET_POST, "{index}/_msearch", Read, MSEARCH, multi::search),
    route(GET_POST, "{index}/_mget", Read, MGET, multi::get),
    route(GET_POST, "{index}/_count", Read, COUNT, search::count),
    route(&["POST"], "{index}/_pit", Read, PIT, pit::open),
    route(
        GET_POST,
        "{index}/_refresh",
        Manage,
        INDICES,
        index::refresh,
    ),
    route(&["GET"], "{index}/_mapping", Read, INDICES, mapping::get),
    route(
        PUT_POST,
        "{index}/_mapping",
        Manage,
        PUT_MAPPING,
        mapping::put,
    ),
    route(
        &["PUT"],
        "{index}/_settings",
        Manage,
        PUT_SETTINGS,
        settings::put,
    ),
    route(&["GET"], "{index}/_settings", Read, SETTINGS, settings::get),
    route(GET_HEAD, "{index}/_alias", Read, INDICES, alias::get),
    route(GET_HEAD, "{index}/_alias/{name}", Read, INDICES, alias::get),
    route(PUT_POST, "{index}/_alias/{name}", Manage, TIMES, alias::put),
    route(
        &["DELETE"],
        "{index}/_alias/{name}",
        Manage,
        TIMES,
        alias::delete,
    ),
    route(&["POST"], "{index}/_doc", Write, WRITE, document::index),
    route(PUT_POST, "{index}/_doc/{id}", Write, WRITE, document::index),
    route(GET_HEAD, "{index}/_doc/{id}", Read, READ, document::get),
    route(
        &["DELETE"],
        "{index}/_doc/{id}",
        Write,
        DELETE,
        document::delete,
    ),
    route(
        PUT_POST,
        "{index}/_create/{id}",
        Write,
        WRITE,
        document::create,
    ),
    route(
        GET_HEAD,
        "{index}/_source/{id}",
        Read,
        READ,
        document::source,
    ),
    route(
        &["POST"],
        "{index}/_update/{id}",
        Write,
        UPDATE,
        update::update,
    ),
    route(
        &["POST"],
        "{index}/_delete_by_query",
        Write,
        BY_QUERY,
        by_query::delete,
    ),
    route(
        &["POST"],
        "{index}/_update_by_query",
        Write,
        BY_QUERY,
        by_query::update,
    ),
    route(&["POST"], "_reindex", Write, REINDEX, by_query::reindex),
    route(&["GET"], "_tasks", Monitor, TASK, task::list),
    route(&["GET"], "_tasks/{task_id}", Monitor, TASK, task::get),
    route(GET_POST, "_analyze", Monitor, NONE, analyze::analyze),
    route(GET_POST, "{index}/_analyze", Read, NONE, analyze::analyze),
    route(
        GET_POST,
        "{index}/_terms_enum",
        Read,
        INDICES,
        analyze::terms_enum,
    ),
    route(
        PUT_POST,
        "_index_template/{name}",
        Manage,
        TEMPLATE,
        template::put,
    ),
    route(&["GET"], "_index_template", Manage, TEMPLATE, template::get),
    route(
        GET_HEAD,
        "_index_template/{name}",
        Manage,
        TEMPLATE,
        template::get,
    ),
    route(
        &["DELETE"],
        "_index_template/{name}",
        Manage,
        TEMPLATE,
        template::delete,
    ),
    route(
        PUT_POST,
        "_component_template/{name}",
        Manage,
        TEMPLATE,
        template::put_component,
    ),
    route(
        &["GET"],
        "_component_template",
        Manage,
        TEMPLATE,
        template::get_component,
    ),
    route(
        GET_HEAD,
        "_component_template/{name}",
        Manage,
        TEMPLATE,
        template::get_component,
    ),
    route(
        &["DELETE"],
        "_component_template/{name}",
        Manage,
        TEMPLATE,
        template::delete_component,
    ),
    route(
        GET_POST,
        "_ingest/pipeline/_simulate",
        Manage,
        SIMULATE,
        ingest::simulate,
    ),
    route(
        GET_POST,
        "_ingest/pipeline/{name}/_simulate",
        Manage,
        SIMULATE,
        ingest::simulate,
    ),
    route(&["GET"], "_ingest/pipeline", Manage, PIPELINE, ingest::get),
    route(
        &["GET"],
        "_ingest/pipeline/{name}",
        Manage,
        PIPELINE,
        ingest::get,
    ),
    route(
        &["PUT"],
        "_ingest/pipeline/{name}",
        Manage,
        PIPELINE,
        ingest::put,
    ),
    route(
        &["DELETE"],
        "_ingest/pipeline/{name}",
        Manage,
        TIMES,
        ingest::delete,
    ),
    route(&["GET"], "_data_stream", Manage, STREAMS, data_stream::get),
    route(
        &["GET"],
        "_data_stream/{name}",
        Manage,
        STREAMS,
        data_stream::get,
    ),
    route(
        &["PUT"],
        "_data_stream/{name}",
        Manage,
        TIMES,
        data_stream::create,
    ),
    route(
        &["DELETE"],
        "_data_stream/{name}",
        Manage,
        STREAMS,
        data_stream::delete,
    ),
    route(
        &["POST"],
        "{index}/_rollover",
        Manage,
        ROLLOVER,
        rollover::rollover,
    ),
    route(
        &["POST"],
        "{index}/_rollover/{new_index}",
        Manage,
        ROLLOVER,
        rollover::rollover,
    ),
    route(GET_HEAD, "{index}", Read, GET_INDEX, index::get),
    route(&["PUT"], "{index}", Manage, CREATE, index::create),
    route(&["DELETE"], "{index}", Manage, DELETE_INDEX, index::delete),
];

/// First words of the APIs that a genuine server has, of which the test kit has only what is listed
/// above or nothing.
pub(super) const UNSUPPORTED: &[&str] = &[
    "_aliases",
    "_application",
    "_async_search",
    "_autoscaling",
    "_cache",
    "_cat",
    "_ccr",
    "_clone",
    "_close",
    "_cluster",
    "_connector",
    "_dangling",
    "_data_stream",
    "_disk_usage",
    "_downsample",
    "_enrich",
    "_eql",
    "_explain",
    "_features",
    "_field_caps",
    "_fleet",
    "_flush",
    "_forcemerge",
    "_graph",
    "_health_report",
    "_ilm",
    "_inference",
    "_ingest",
    "_license",
    "_lifecycle",
    "_migrate",
    "_migration",
    "_ml",
    "_monitoring",
    "_mvt",
    "_nodes",
    "_open",
    "_query",
    "_query_rules",
    "_rank_eval",
    "_recovery",
    "_render",
    "_resolve",
    "_rollup",
    "_script_context",
    "_script_language",
    "_scripts",
    "_searchable_snapshots",
    "_segments",
    "_shard_stores",
    "_shrink",
    "_shutdown",
    "_simulate",
    "_slm",
    "_snapshot",
    "_split",
    "_sql",
    "_ssl",
    "_stats",
    "_streams",
    "_synonyms",
    "_template",
    "_termvectors",
    "_text_structure",
    "_transform",
    "_validate",
    "_watcher",
    "_xpack",
];
