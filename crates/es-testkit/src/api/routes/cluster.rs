//! The cluster: what it is, how it is, its tasks.

use super::parameters::{CAT, HEALTH, NODES, NONE, STATE, TASK};
use super::{GET_HEAD, Route, route};
use crate::api::access::Action::{Monitor, Read};
use crate::api::{cat, cluster, info, nodes, state, task};

pub(super) static ROUTES: &[Route] = &[
    route(GET_HEAD, "", Monitor, NONE, info::info),
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
    route(&["GET"], "_tasks", Monitor, TASK, task::list),
    route(&["GET"], "_tasks/{task_id}", Monitor, TASK, task::get),
];
