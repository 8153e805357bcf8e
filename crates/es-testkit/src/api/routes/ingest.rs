//! Ingest pipelines.

use super::parameters::{PIPELINE, SIMULATE, TIMES};
use super::{GET_POST, Route, route};
use crate::api::access::Action::Manage;
use crate::api::ingest;

pub(super) static ROUTES: &[Route] = &[
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
];
