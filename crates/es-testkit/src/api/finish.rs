//! From a handler's reply to the response on the wire: headers of the whole server, HEAD, gzip.

use std::io::Write as _;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::header::{
    ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName,
    HeaderValue, WARNING,
};
use http::{Method, Response, StatusCode};

use super::media_type::Negotiated;
use super::reply::{Payload, Reply};
use crate::json::Json;
use crate::settings::Settings;

const PRODUCT: HeaderName = HeaderName::from_static("x-elastic-product");
const OPENSEARCH_VERSION: HeaderName = HeaderName::from_static("x-opensearch-version");
const OPAQUE_ID: HeaderName = HeaderName::from_static("x-opaque-id");
/// Stands where the genuine servers have the commit they were built from.
pub(crate) const BUILD_HASH: &str = "7e57c0de7e57c0de7e57c0de7e57c0de7e57c0de";

pub(crate) fn finish(
    settings: &Settings,
    method: &Method,
    asked: &HeaderMap,
    negotiated: &Negotiated,
    reply: Reply,
) -> Response<Bytes> {
    let status = reply.status;
    let (body, content_type) = match reply.payload {
        Payload::Json(value) => (to_bytes(value, reply.pretty), negotiated.json.as_str()),
        Payload::Text(text) => (Bytes::from(text), "text/plain; charset=UTF-8"),
        Payload::Empty => (Bytes::new(), ""),
    };
    let mut headers = HeaderMap::new();
    if has_product_header(settings, status) {
        headers.insert(PRODUCT, HeaderValue::from_static("Elasticsearch"));
    }
    if settings.is_opensearch() && settings.version.major >= 3 {
        put(
            &mut headers,
            OPENSEARCH_VERSION,
            &format!("OpenSearch/{} (opensearch)", settings.version),
        );
    }
    if let Some(id) = asked.get(OPAQUE_ID) {
        headers.insert(OPAQUE_ID, id.clone());
    }
    for text in &reply.warnings {
        append(&mut headers, WARNING, &warning(settings, text));
    }
    if !content_type.is_empty() {
        put(&mut headers, CONTENT_TYPE, content_type);
    }
    for (name, value) in reply.headers {
        headers.append(name, value);
    }
    let body = fit_body(settings, method, asked, &mut headers, body);
    if reply.chunked && !settings.is_legacy() && !settings.is_opensearch() {
        headers.remove(CONTENT_LENGTH);
    }
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

fn to_bytes(body: Json, pretty: bool) -> Bytes {
    let text = if pretty {
        serde_json::to_vec_pretty(&body.opened()).map(|mut text| {
            text.push(b'\n');
            text
        })
    } else {
        serde_json::to_vec(&body)
    };
    // Only maps whose keys are no texts cannot be written.
    text.unwrap_or_default().into()
}

/// HEAD tells the length of the body it does not send; gzip where it is switched on and asked for.
fn fit_body(
    settings: &Settings,
    method: &Method,
    asked: &HeaderMap,
    headers: &mut HeaderMap,
    body: Bytes,
) -> Bytes {
    let whole = body.len();
    let body = if method == Method::HEAD {
        Bytes::new()
    } else if settings.compression && whole > 0 && wants_gzip(asked) {
        match gzip(&body) {
            Ok(packed) => {
                headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
                packed
            }
            Err(_) => body,
        }
    } else {
        body
    };
    let length = if method == Method::HEAD {
        whole
    } else {
        body.len()
    };
    headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    body
}

/// 8.0 and later put the header on every response but 401, 403 and 413; 7.17 on 403 too.
fn has_product_header(settings: &Settings, status: StatusCode) -> bool {
    let without = match status {
        StatusCode::UNAUTHORIZED | StatusCode::PAYLOAD_TOO_LARGE => true,
        StatusCode::FORBIDDEN => !settings.is_legacy(),
        _ => false,
    };
    settings.product_header && !without
}

fn warning(settings: &Settings, text: &str) -> String {
    let product = if settings.is_opensearch() {
        "OpenSearch"
    } else {
        "Elasticsearch"
    };
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"");
    format!(
        "299 {product}-{}-{BUILD_HASH} \"{escaped}\"",
        settings.version
    )
}

fn wants_gzip(asked: &HeaderMap) -> bool {
    let values = asked
        .get_all(ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        let named = parts
            .next()
            .is_some_and(|name| name.eq_ignore_ascii_case("gzip"));
        named && !parts.any(|part| part == "q=0")
    })
}

/// Compresses at the fast level.
pub(crate) fn gzip(body: &[u8]) -> std::io::Result<Bytes> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(body)?;
    Ok(encoder.finish()?.into())
}

fn put(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

fn append(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.append(name, value);
    }
}
