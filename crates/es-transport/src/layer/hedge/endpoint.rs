//! Which requests may be hedged, and with which latencies they are compared.

use http::{Method, Request};

use crate::options::RequestOptions;

/// The endpoints that only read, and that the server cancels or that are short.
const READS: [(&str, Rest); 10] = [
    ("_search", Rest::Template),
    ("_doc", Rest::Id),
    ("_source", Rest::Id),
    ("_mget", Rest::None),
    ("_msearch", Rest::Template),
    ("_explain", Rest::Id),
    ("_termvectors", Rest::OptionalId),
    ("_mtermvectors", Rest::None),
    ("_field_caps", Rest::None),
    ("_terms_enum", Rest::None),
];

/// Number of endpoints that are distinguished.
pub(super) const ENDPOINTS: usize = READS.len();

/// The parts of a path after its endpoint.
#[derive(Clone, Copy)]
enum Rest {
    None,
    Id,
    OptionalId,
    Template,
}

/// Returns the number of the request's endpoint, below [`ENDPOINTS`]; `None` if it
/// must not be sent twice.
pub(super) fn endpoint<B>(request: &Request<B>) -> Option<usize> {
    let method = request.method();
    let is_read = matches!(*method, Method::GET | Method::HEAD);
    let idempotent = RequestOptions::of(request).and_then(|options| options.idempotent);
    if !idempotent.unwrap_or(is_read) || !(is_read || *method == Method::POST) {
        return None;
    }
    let has_scroll = |query: &str| query.split('&').any(|pair| pair.starts_with("scroll"));
    if request.uri().query().is_some_and(has_scroll) {
        return None;
    }
    let mut parts = request.uri().path().strip_prefix('/')?.split('/');
    let first = parts.next()?;
    let name = if first.starts_with('_') {
        first
    } else {
        parts.next()?
    };
    let number = READS.iter().position(|(read, _)| *read == name)?;
    let (_, rest) = READS.get(number)?;
    let rest = match (rest, parts.next()) {
        (Rest::None | Rest::OptionalId | Rest::Template, None) => true,
        (Rest::Id | Rest::OptionalId, Some(id)) => !id.is_empty(),
        (Rest::Template, Some(template)) => template == "template",
        (Rest::Id, None) | (Rest::None, Some(_)) => false,
    };
    (rest && parts.next().is_none()).then_some(number)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn of(method: Method, uri: &str, idempotent: Option<bool>) -> bool {
        let mut request = Request::builder().method(method).uri(uri).body(()).unwrap();
        if idempotent.is_some() {
            Arc::new(RequestOptions::new().idempotent(idempotent)).attach(&mut request);
        }
        endpoint(&request).is_some()
    }

    #[test]
    fn reads_may_be_hedged() {
        for uri in [
            "/products/_doc/1",
            "/products/_source/a%2Fb?routing=x",
            "/products/_search?size=1",
            "/_search",
            "/a,b/_search/template",
            "/products/_explain/1",
            "/products/_termvectors",
            "/products/_field_caps",
        ] {
            assert!(of(Method::GET, uri, None), "{uri}");
            assert!(of(Method::POST, uri, Some(true)), "{uri}");
            assert!(!of(Method::POST, uri, None), "{uri}");
            assert!(!of(Method::GET, uri, Some(false)), "{uri}");
        }
        assert!(of(Method::HEAD, "/products/_doc/1", None));
    }

    #[test]
    fn anything_else_is_sent_once() {
        for uri in [
            "/",
            "/products",
            "/products/_count",
            "/products/_doc",
            "/products/_doc/",
            "/products/_doc/1/x",
            "/products/_search/scroll",
            "/_search/scroll",
            "/products/_search?scroll=1m",
            "/products/_search?size=1&scroll_id=x",
            "/products/_bulk",
            "/products/_update/1",
            "/_cluster/health",
            "/_tasks/a:1?wait_for_completion=true",
            "/_async_search/x",
            "/_sql",
        ] {
            assert!(!of(Method::GET, uri, None), "{uri}");
            assert!(!of(Method::POST, uri, Some(true)), "{uri}");
        }
        for method in [Method::PUT, Method::DELETE, Method::PATCH, Method::OPTIONS] {
            assert!(
                !of(method.clone(), "/products/_doc/1", Some(true)),
                "{method}"
            );
        }
    }
}
