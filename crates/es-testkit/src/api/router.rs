//! From method and path to a handler, and around it everything that all calls share.

use bytes::Bytes;
use http::header::ALLOW;
use http::{Method, Request, Response, StatusCode};
use serde_json::json;

use super::access::{self, Action};
use super::body::{Decoded, decode};
use super::call::Call;
use super::error::ApiError;
use super::finish::finish;
use super::media_type::{Negotiated, negotiate};
use super::params::{Params, percent_decode};
use super::reply::Reply;
use super::{
    alias, bulk, cat, cluster, document, index, info, mapping, multi, nodes, pit, scroll, search,
    security, update,
};
use crate::shared::{NodeFacts, Shared};
use crate::store::ResolveOptions;
use crate::sync::lock;

/// What becomes of a request.
#[derive(Debug)]
pub(crate) enum Outcome {
    Answer(Response<Bytes>),
    /// The connection is closed without an answer.
    Close,
    /// No answer ever comes, and the connection stays.
    Silence,
}

type Handler = fn(&Call<'_>) -> Result<Reply, ApiError>;

struct Route {
    methods: &'static [&'static str],
    pattern: &'static str,
    action: Action,
    handler: Handler,
}

const fn route(
    methods: &'static [&'static str],
    pattern: &'static str,
    action: Action,
    handler: Handler,
) -> Route {
    Route { methods, pattern, action, handler }
}

const GET_POST: &[&str] = &["GET", "POST"];
const GET_HEAD: &[&str] = &["GET", "HEAD"];
const PUT_POST: &[&str] = &["PUT", "POST"];
use Action::{Anyone, Manage, Monitor, Read, Write};

/// Fixed segments stand before placeholders, since the first pattern that fits is taken.
static ROUTES: &[Route] = &[
    route(GET_HEAD, "", Monitor, info::info),
    route(PUT_POST, "_bulk", Write, bulk::bulk),
    route(GET_POST, "_search", Read, search::search),
    route(GET_POST, "_search/scroll", Anyone, scroll::next),
    route(&["DELETE"], "_search/scroll", Anyone, scroll::clear),
    route(GET_POST, "_search/scroll/{scroll_id}", Anyone, scroll::next),
    route(&["DELETE"], "_search/scroll/{scroll_id}", Anyone, scroll::clear),
    route(GET_POST, "_msearch", Read, multi::search),
    route(GET_POST, "_mget", Read, multi::get),
    route(GET_POST, "_count", Read, search::count),
    route(&["DELETE"], "_pit", Anyone, pit::close),
    route(GET_POST, "_refresh", Manage, index::refresh),
    route(&["GET"], "_mapping", Read, mapping::get),
    route(&["GET"], "_settings", Read, index::settings),
    route(&["POST"], "_aliases", Manage, alias::update),
    route(&["GET"], "_alias", Read, alias::get),
    route(GET_HEAD, "_alias/{name}", Read, alias::get),
    route(&["GET"], "_cluster/health", Monitor, cluster::health),
    route(&["GET"], "_cluster/health/{index}", Monitor, cluster::health),
    route(&["GET"], "_cat/indices", Monitor, cat::indices),
    route(&["GET"], "_cat/indices/{index}", Monitor, cat::indices),
    route(&["GET"], "_cat/count", Read, cat::count),
    route(&["GET"], "_cat/count/{index}", Read, cat::count),
    route(&["GET"], "_cat/nodes", Monitor, cat::nodes),
    route(&["GET"], "_nodes", Monitor, nodes::http),
    route(&["GET"], "_nodes/http", Monitor, nodes::http),
    route(&["GET"], "_nodes/{node_id}/http", Monitor, nodes::http),
    route(&["GET"], "_security/_authenticate", Anyone, security::authenticate),
    route(&["GET"], "_security/api_key", Anyone, security::get_keys),
    route(PUT_POST, "_security/api_key", Manage, security::create_key),
    route(&["DELETE"], "_security/api_key", Manage, security::invalidate_keys),
    route(&["POST"], "_security/oauth2/token", Manage, security::create_token),
    route(PUT_POST, "{index}/_bulk", Write, bulk::bulk),
    route(GET_POST, "{index}/_search", Read, search::search),
    route(GET_POST, "{index}/_msearch", Read, multi::search),
    route(GET_POST, "{index}/_mget", Read, multi::get),
    route(GET_POST, "{index}/_count", Read, search::count),
    route(&["POST"], "{index}/_pit", Read, pit::open),
    route(GET_POST, "{index}/_refresh", Manage, index::refresh),
    route(&["GET"], "{index}/_mapping", Read, mapping::get),
    route(PUT_POST, "{index}/_mapping", Manage, mapping::put),
    route(&["GET"], "{index}/_settings", Read, index::settings),
    route(GET_HEAD, "{index}/_alias", Read, alias::get),
    route(GET_HEAD, "{index}/_alias/{name}", Read, alias::get),
    route(PUT_POST, "{index}/_alias/{name}", Manage, alias::put),
    route(&["DELETE"], "{index}/_alias/{name}", Manage, alias::delete),
    route(&["POST"], "{index}/_doc", Write, document::index),
    route(PUT_POST, "{index}/_doc/{id}", Write, document::index),
    route(GET_HEAD, "{index}/_doc/{id}", Read, document::get),
    route(&["DELETE"], "{index}/_doc/{id}", Write, document::delete),
    route(PUT_POST, "{index}/_create/{id}", Write, document::create),
    route(GET_HEAD, "{index}/_source/{id}", Read, document::source),
    route(&["POST"], "{index}/_update/{id}", Write, update::update),
    route(GET_HEAD, "{index}", Read, index::get),
    route(&["PUT"], "{index}", Manage, index::create),
    route(&["DELETE"], "{index}", Manage, index::delete),
];

/// Answers a request: the one door into the API.
pub(crate) fn answer(shared: &Shared, node: &NodeFacts, request: &Request<Bytes>) -> Outcome {
    let settings = &shared.settings;
    let plain = Negotiated::plain(settings);
    let body = match decode(settings, request.headers(), request.body()) {
        Decoded::Body(body) => body,
        Decoded::NotGzip => return Outcome::Close,
        // 9.2 was seen to leave a body unanswered that inflates past the limit.
        Decoded::TooLarge
            if request.body().len() <= settings.max_content_length
                && settings.version.major >= 9
                && !settings.is_opensearch() =>
        {
            return Outcome::Silence;
        }
        Decoded::TooLarge => {
            let reply = Reply::empty(StatusCode::PAYLOAD_TOO_LARGE);
            return Outcome::Answer(finish(
                settings,
                request.method(),
                request.headers(),
                &plain,
                reply,
            ));
        }
    };
    let (negotiated, mut reply) = match dispatch(shared, node, request, body) {
        Ok((negotiated, reply)) => (negotiated, reply),
        Err(reply) => (plain, reply),
    };
    reply.warnings.extend(lock(&node.changing).warnings.iter().cloned());
    Outcome::Answer(finish(settings, request.method(), request.headers(), &negotiated, reply))
}

fn dispatch(
    shared: &Shared,
    node: &NodeFacts,
    request: &Request<Bytes>,
    body: Bytes,
) -> Result<(Negotiated, Reply), Reply> {
    let uri = request.uri();
    let target = uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
    let identity = access::authenticate(shared, request.headers(), target)?;
    let negotiated = negotiate(&shared.settings, request.headers(), !body.is_empty())?;
    let (route, path) = match find(request.method(), uri.path(), target) {
        Ok(found) => found,
        Err(reply) => return Ok((negotiated, reply)),
    };
    let call = Call {
        shared,
        node,
        method: request.method(),
        path,
        params: Params::parse(uri.query()),
        body,
        identity,
        major: negotiated.major,
        versioned: negotiated.versioned,
    };
    let outcome = authorize(&call, route).and_then(|()| (route.handler)(&call));
    Ok((negotiated, outcome.unwrap_or_else(Reply::from)))
}

/// Wildcards are not refused: they find only what the caller may read.
fn authorize(call: &Call<'_>, route: &Route) -> Result<(), ApiError> {
    let options = ResolveOptions { ignore_unavailable: true, ..ResolveOptions::default() };
    let expression = call.part("index");
    let spelled = expression.split(',').filter(|name| !name.is_empty() && !is_pattern(name));
    let mut names = Vec::new();
    for name in spelled {
        let resolved = lock(&call.shared.store).resolve(name, options)?;
        // An index that does not exist is as forbidden as one that does.
        names.extend(if resolved.is_empty() { vec![name.to_owned()] } else { resolved });
    }
    access::authorize(&call.identity, route.action, route.pattern, &names)
}

/// Whether a part of an index expression stands for whatever fits.
pub(crate) fn is_pattern(name: &str) -> bool {
    name == "_all" || name.contains('*') || name.starts_with('-')
}

type Matched = (&'static Route, Vec<(&'static str, String)>);

fn find(method: &Method, path: &str, target: &str) -> Result<Matched, Reply> {
    let trimmed = path.trim_start_matches('/').trim_end_matches('/');
    let segments: Vec<String> = trimmed.split('/').map(percent_decode).collect();
    let mut allowed: Vec<&str> = Vec::new();
    for route in ROUTES {
        if let Some(parts) = matched(route.pattern, &segments) {
            if route.methods.contains(&method.as_str()) {
                return Ok((route, parts));
            }
            allowed.extend(route.methods);
        }
    }
    if allowed.is_empty() {
        let text = format!("no handler found for uri [{target}] and method [{method}]");
        return Err(Reply::json(StatusCode::BAD_REQUEST, json!({"error": text})));
    }
    allowed.sort_unstable();
    allowed.dedup();
    let text = format!(
        "Incorrect HTTP method for uri [{target}] and method [{method}], allowed: [{}]",
        allowed.join(", ")
    );
    let body = json!({"error": text, "status": 405});
    Err(Reply::json(StatusCode::METHOD_NOT_ALLOWED, body).header(ALLOW, &allowed.join(",")))
}

fn matched(pattern: &'static str, segments: &[String]) -> Option<Vec<(&'static str, String)>> {
    let mut parts = Vec::new();
    let mut wanted = pattern.split('/');
    for segment in segments {
        let want = wanted.next()?;
        match want.strip_prefix('{').and_then(|want| want.strip_suffix('}')) {
            // Names that start with an underscore belong to the API.
            Some("index") if segment.starts_with('_') && segment != "_all" => return None,
            Some(_) if segment.is_empty() => return None,
            Some(name) => parts.push((name, segment.clone())),
            None if want == segment => {}
            None => return None,
        }
    }
    wanted.next().is_none().then_some(parts)
}
