use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use http::{HeaderMap, Response, Uri, uri::Scheme};
use tracing::Span;

use crate::{
    error::Error,
    extensions::{Attempts, OperationDetails},
};

/// The request of a span, as far as its outcome needs it.
#[derive(Debug)]
pub(super) struct Subject {
    pub details: Option<Arc<OperationDetails>>,
    /// The URI of the last attempt, for the span of the request.
    pub target: Option<Target>,
}

/// An extension of a request with a span: the URI of its last attempt.
#[derive(Clone, Debug, Default)]
pub(super) struct Target(Arc<Mutex<Option<Uri>>>);

impl Target {
    pub fn set(&self, uri: &Uri) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(uri.clone());
    }

    fn record(&self, span: &Span) {
        if let Some(uri) = &*self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            span.record("url.full", tracing::field::display(Redacted(uri)));
            span.record("server.address", host(uri));
            span.record("server.port", port(uri));
        }
    }
}

/// Records the outcome in the span.
#[cold]
pub(super) fn record<RB>(
    span: &Span,
    subject: Option<&Subject>,
    result: Result<&Response<RB>, &Error>,
) {
    let details = subject.and_then(|subject| subject.details.as_deref());
    if let Some(target) = subject.and_then(|subject| subject.target.as_ref()) {
        target.record(span);
    }
    let attempts = match result {
        Ok(response) => {
            let status = response.status();
            span.record("db.response.status_code", status.as_str());
            // The proxy of Elastic Cloud names the cluster and the node.
            span.record(
                "db.namespace",
                text(response.headers(), "x-found-handling-cluster"),
            );
            let node = text(response.headers(), "x-found-handling-instance");
            span.record("elasticsearch.node.name", node);
            if OperationDetails::is_error(details, status) {
                record_error(span, status.as_str());
            }
            response
                .extensions()
                .get::<Attempts>()
                .map_or(1, |attempts| attempts.0.len())
        }
        Err(error) => {
            record_error(span, error.type_name());
            error.attempts().len()
        }
    };
    // The outcome of an attempt lists no attempts, and its field stays as it is.
    if attempts > 1 {
        span.record("http.request.resend_count", attempts - 1);
    }
}

fn record_error(span: &Span, kind: &str) {
    span.record("error.type", kind);
    span.record("otel.status_code", "ERROR");
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// Returns the host; an IPv6 address without its brackets.
pub(super) fn host(uri: &Uri) -> Option<&str> {
    uri.host()
        .map(|host| host.trim_start_matches('[').trim_end_matches(']'))
}

pub(super) fn port(uri: &Uri) -> Option<u16> {
    uri.port_u16().or_else(|| match uri.scheme() {
        Some(scheme) if *scheme == Scheme::HTTPS => Some(443),
        Some(scheme) if *scheme == Scheme::HTTP => Some(80),
        _ => None,
    })
}

/// A URI without user info and without the text of a query.
pub(super) struct Redacted<'a>(pub &'a Uri);

/// The parameters whose values are queries or bodies.
const QUERIES: [&str; 4] = ["q", "query", "source", "suggest_text"];

impl fmt::Display for Redacted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(uri) = self;
        if let Some(authority) = uri.authority() {
            let (_, host) = authority
                .as_str()
                .rsplit_once('@')
                .unwrap_or(("", authority.as_str()));
            write!(f, "{}://{host}", uri.scheme_str().unwrap_or("http"))?;
        }
        f.write_str(uri.path())?;
        for (number, pair) in uri
            .query()
            .into_iter()
            .flat_map(|q| q.split('&'))
            .enumerate()
        {
            f.write_str(if number == 0 { "?" } else { "&" })?;
            match pair.split_once('=') {
                Some((name, _)) if QUERIES.contains(&name) => write!(f, "{name}=REDACTED")?,
                _ => f.write_str(pair)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uri(text: &'static str) -> Uri {
        Uri::from_static(text)
    }

    #[test]
    fn user_info_and_queries_are_not_shown() {
        let shown = |text| Redacted(&uri(text)).to_string();
        assert_eq!(
            shown("https://elastic:pa%40ss@node:9200/a/b?c=d&q=user%3Akim&pretty"),
            "https://node:9200/a/b?c=d&q=REDACTED&pretty"
        );
        assert_eq!(shown("/a?b"), "/a?b");
        assert_eq!(shown("/a"), "/a");
    }

    #[test]
    fn the_server_is_named_by_host_and_port() {
        let server = |text| (host(&uri(text)).map(str::to_owned), port(&uri(text)));
        assert_eq!(
            server("https://[::1]/x"),
            (Some("::1".to_owned()), Some(443))
        );
        assert_eq!(
            server("http://user@node:9200/"),
            (Some("node".to_owned()), Some(9200))
        );
        assert_eq!(server("/x"), (None, None));
    }
}
