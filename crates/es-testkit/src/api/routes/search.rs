//! Searches, and what belongs to them.

use super::parameters::{COUNT, INDICES, MSEARCH, NONE, PIT, SCROLL, SEARCH, SHARDS};
use super::{GET_POST, Route, route};
use crate::api::access::Action::{Anyone, Monitor, Read};
use crate::api::{analyze, multi, pit, scroll, search, state};

pub(super) static ROUTES: &[Route] = &[
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
    route(GET_POST, "_count", Read, COUNT, search::count),
    route(&["DELETE"], "_pit", Anyone, NONE, pit::close),
    route(&["POST"], "_pit", Anyone, PIT, pit::open),
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
    route(GET_POST, "{index}/_search", Read, SEARCH, search::search),
    route(GET_POST, "{index}/_msearch", Read, MSEARCH, multi::search),
    route(GET_POST, "{index}/_count", Read, COUNT, search::count),
    route(&["POST"], "{index}/_pit", Read, PIT, pit::open),
    route(GET_POST, "_analyze", Monitor, NONE, analyze::analyze),
    route(GET_POST, "{index}/_analyze", Read, NONE, analyze::analyze),
    route(
        GET_POST,
        "{index}/_terms_enum",
        Read,
        INDICES,
        analyze::terms_enum,
    ),
];
