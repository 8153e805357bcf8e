//! From method and path to a handler, and around it everything that all calls share.

use std::sync::Arc;

use bytes::Bytes;
use http::header::ALLOW;
use http::{Method, Request, Response, StatusCode};
use serde_json::json;

use super::access;
use super::body::{Decoded, decode};
use super::call::Call;
use super::error::ApiError;
use super::filter_path::FilterPath;
use super::finish::finish;
use super::media_type::{Negotiated, negotiate};
use super::params::{Params, is_escaped, percent_decode};
use super::reply::{Payload, Reply};
use super::routes::{self, BODY, Route};
use crate::dates::parse_time;
use crate::json::Json;
use crate::search::bad_time;
use crate::shared::{NodeFacts, Shared};
use crate::store::{ResolveOptions, matches_wildcard};
use crate::sync::lock;

/// The outcome of a request.
#[derive(Debug)]
pub(crate) enum Outcome {
    Answer(Response<Bytes>),
    /// The connection is closed without a response.
    Close,
    /// No response ever comes, and the connection stays.
    Silence,
}

/// Returns the outcome of a request: the one door into the API.
pub(crate) fn answer(shared: &Shared, node: &NodeFacts, request: &Request<Bytes>) -> Outcome {
    let settings = &shared.settings;
    let plain = Negotiated::plain(settings);
    let body = match decode(settings, request.headers(), request.body()) {
        Decoded::Body(body) => body,
        Decoded::NotGzip => return Outcome::Close,
        // 9.2 was seen to send no response to a body that decompresses past the limit.
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
    reply
        .warnings
        .extend(lock(&node.changing).warnings.iter().cloned());
    Outcome::Answer(finish(
        settings,
        request.method(),
        request.headers(),
        &negotiated,
        reply,
    ))
}

fn dispatch(
    shared: &Shared,
    node: &NodeFacts,
    request: &Request<Bytes>,
    body: Bytes,
) -> Result<(Negotiated, Reply), Reply> {
    let uri = request.uri();
    let target = uri
        .path_and_query()
        .map_or("/", http::uri::PathAndQuery::as_str);
    let identity = access::authenticate(shared, request.headers(), target)?;
    let negotiated = negotiate(&shared.settings, request.headers(), !body.is_empty())?;
    for (part, kind) in [
        (uri.path(), "illegal_argument_exception"),
        (uri.query().unwrap_or_default(), "bad_parameter_exception"),
    ] {
        if !is_escaped(part) {
            let reason = format!("invalid hex escape in [{part}]");
            return Ok((negotiated, ApiError::bad_request(kind, reason).into()));
        }
    }
    let (route, path) = match find(request.method(), uri.path(), target) {
        Ok(found) => found,
        Err(reply) => return Ok((negotiated, reply)),
    };
    let params = Params::parse(uri.query());
    // A byte order mark is not part of the body.
    let body = match body.strip_prefix(b"\xef\xbb\xbf") {
        Some(text) => body.slice_ref(text),
        None => body,
    };
    let body = match source_of(route, &params, body) {
        Ok(body) => body,
        Err(error) => return Ok((negotiated, error.into())),
    };
    let call = Call {
        shared,
        node,
        method: request.method(),
        path,
        params,
        body,
        identity,
        major: negotiated.major,
        versioned: negotiated.versioned,
    };
    let outcome = call
        .params
        .check(uri.path(), route.parameters)
        .and_then(|()| check_times(&call))
        .and_then(|()| check_preference(&call, call.params.get("preference")))
        .and_then(|()| check_active_shards(&call))
        .and_then(|()| authorize(&call, route))
        .and_then(|()| (route.handler)(&call));
    let mut reply = match outcome {
        Ok(mut reply) => {
            filter(&call, &mut reply);
            reply
        }
        // Errors are sent whole.
        Err(error) => error.into(),
    };
    reply.pretty = call
        .params
        .get("pretty")
        .is_some_and(|pretty| pretty != "false");
    Ok((negotiated, reply))
}

/// Leaves the members of a response that the request asks for.
fn filter(call: &Call<'_>, reply: &mut Reply) {
    let wanted = call.params.get("filter_path");
    if let Payload::Json(body) = &mut reply.payload
        && let Some(filter) = wanted.filter(|filter| !filter.is_empty())
    {
        *body = FilterPath::parse(filter).apply(std::mem::replace(body, Json::Array(Vec::new())));
    }
}

/// The body that a request carries as a parameter.
///
/// # Errors
/// 400 if only one of the two is set, or if there is a body as well.
fn source_of(route: &Route, params: &Params, body: Bytes) -> Result<Bytes, ApiError> {
    let (source, kind) = (params.get("source"), params.get("source_content_type"));
    let takes = route.parameters.contains(&BODY);
    match (source, kind) {
        _ if !takes => Ok(body),
        (None, None) => Ok(body),
        (Some(source), Some(kind)) if body.is_empty() => {
            if !kind.starts_with("application/") {
                return Err(ApiError::illegal_argument(format!(
                    "invalid media-type [{kind}]"
                )));
            }
            if !kind.contains("json") {
                return Err(ApiError::unsupported(format!("[{kind}] as [source]")));
            }
            Ok(Bytes::copy_from_slice(source.as_bytes()))
        }
        (Some(_), None) if body.is_empty() => Err(ApiError::bad_request(
            "validation_exception",
            "Validation Failed: 1: source and source_content_type parameters are required;",
        )),
        _ => Err(ApiError::illegal_argument(
            "request contains unrecognized parameters: [source], [source_content_type]",
        )),
    }
}

/// Refuses parameters that are no times.
fn check_times(call: &Call<'_>) -> Result<(), ApiError> {
    for name in ["timeout", "master_timeout", "search_timeout"] {
        match call.params.get(name) {
            None | Some("-1" | "0") => {}
            Some(text) if parse_time(text.strip_prefix('-').unwrap_or(text)).is_some() => {}
            Some(text) => return Err(bad_time(name, text)),
        }
    }
    Ok(())
}

/// Refuses a choice of shards that there is not, or that changes what is found.
pub(crate) fn check_preference(call: &Call<'_>, preference: Option<&str>) -> Result<(), ApiError> {
    match preference {
        Some(text) if text.starts_with("_only_nodes:") => check_nodes(call, text),
        Some(text) if text.starts_with("_shards:") => {
            Err(ApiError::unsupported(format!("[preference={text}]")))
        }
        Some(text) if text.starts_with('_') => {
            let known = ["_local", "_only_local", "_prefer_nodes:"];
            if known.iter().any(|start| text.starts_with(start)) {
                Ok(())
            } else {
                Err(ApiError::illegal_argument(format!(
                    "no Preference for [{text}]"
                )))
            }
        }
        _ => Ok(()),
    }
}

/// Refuses `_only_nodes` if no node matches.
fn check_nodes(call: &Call<'_>, preference: &str) -> Result<(), ApiError> {
    let (_, list) = preference.split_once(':').unwrap_or_default();
    if list.contains(':') || list.split(',').any(|part| part.starts_with('_')) {
        return Err(ApiError::unsupported(format!("[preference={preference}]")));
    }
    let is_listed = |node: &Arc<NodeFacts>| {
        list.split(',')
            .any(|part| matches_wildcard(part, &node.id) || matches_wildcard(part, &node.name))
    };
    if call.shared.listed_nodes().iter().any(is_listed) {
        return Ok(());
    }
    Err(ApiError::illegal_argument(format!(
        "no data nodes with criteria [{list}] found"
    )))
}

/// Refuses to wait for more copies of a shard than there are nodes, which no one adds meanwhile.
fn check_active_shards(call: &Call<'_>) -> Result<(), ApiError> {
    match call.params.get("wait_for_active_shards") {
        None | Some("all" | "index-setting") => Ok(()),
        Some(text) => match text.parse::<usize>() {
            Ok(number) if number <= call.shared.listed_nodes().len() => Ok(()),
            Ok(number) => Err(ApiError::unsupported(format!(
                "[wait_for_active_shards={number}] with fewer nodes"
            ))),
            Err(_) => Err(ApiError::illegal_argument(format!(
                "cannot parse ActiveShardCount[{text}]"
            ))),
        },
    }
}

/// Wildcards are not refused: they find only what the caller may read.
fn authorize(call: &Call<'_>, route: &Route) -> Result<(), ApiError> {
    let options = ResolveOptions {
        ignore_unavailable: true,
        ..ResolveOptions::default()
    };
    let expression = call.part("index");
    let spelled = expression
        .split(',')
        .filter(|name| !name.is_empty() && !is_pattern(name));
    let mut names = Vec::new();
    for name in spelled {
        let store = lock(&call.shared.store);
        let resolved: Vec<String> = store
            .resolve(name, options)?
            .iter()
            .map(|name| store.owner(name).to_owned())
            .collect();
        // An index that does not exist is as forbidden as one that does.
        names.extend(if resolved.is_empty() {
            vec![name.to_owned()]
        } else {
            resolved
        });
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
    let is_command = segments.len() == 1
        && segments
            .iter()
            .any(|name| name.starts_with('_') && name != "_all");
    let is_known = is_command && routes::all().any(|route| route.pattern == trimmed);
    for route in routes::all() {
        // A word of the API is no index.
        if is_command
            && route.pattern == "{index}"
            && (is_known || routes::is_unsupported(method.as_str(), &segments))
        {
            continue;
        }
        if let Some(parts) = matched(route.pattern, &segments) {
            if route.methods.contains(&method.as_str()) {
                return Ok((route, parts));
            }
            allowed.extend(route.methods);
        }
    }
    const ORDER: [&str; 5] = ["GET", "POST", "PUT", "DELETE", "HEAD"];
    let allowed: Vec<&str> = ORDER
        .into_iter()
        .filter(|method| allowed.contains(method))
        .collect();
    if method == Method::OPTIONS {
        let reply = Reply::text(StatusCode::OK, "");
        return Err(match allowed.is_empty() {
            true => reply,
            false => reply.header(ALLOW, &allowed.join(",")),
        });
    }
    if allowed.is_empty() {
        if routes::is_unsupported(method.as_str(), &segments) {
            return Err(ApiError::unsupported(format!("[{method} {path}]")).into());
        }
        let text = format!("no handler found for uri [{target}] and method [{method}]");
        return Err(Reply::json(StatusCode::BAD_REQUEST, json!({"error": text})));
    }
    if routes::is_unsupported_call(method.as_str(), &segments) {
        return Err(ApiError::unsupported(format!("[{method} {path}]")).into());
    }
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
        match want
            .strip_prefix('{')
            .and_then(|want| want.strip_suffix('}'))
        {
            // Names that start with an underscore belong to the API.
            Some("index")
                if segment.starts_with('_') && segment != "_all" && pattern != "{index}" =>
            {
                return None;
            }
            Some(_) if segment.is_empty() => return None,
            Some(name) => parts.push((name, segment.clone())),
            None if want == segment => {}
            None => return None,
        }
    }
    wanted.next().is_none().then_some(parts)
}
