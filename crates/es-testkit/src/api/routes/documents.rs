//! Single documents and many.

use super::parameters::{BULK, BY_QUERY, DELETE, MGET, READ, REINDEX, UPDATE, WRITE};
use super::{GET_HEAD, GET_POST, PUT_POST, Route, route};
use crate::api::access::Action::{Read, Write};
use crate::api::{bulk, by_query, document, multi, update};

pub(super) static ROUTES: &[Route] = &[
    route(PUT_POST, "_bulk", Write, BULK, bulk::bulk),
    route(GET_POST, "_mget", Read, MGET, multi::get),
    route(PUT_POST, "{index}/_bulk", Write, BULK, bulk::bulk),
    route(GET_POST, "{index}/_mget", Read, MGET, multi::get),
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
];
