use http::Response;
use tracing::Span;

use crate::{
    attempt::Attempts,
    error::{Error, TimeoutPhase},
};

/// Writes how it ended into the span.
pub(super) fn record<RB>(span: &Span, result: &Result<Response<RB>, Error>) {
    let attempts = match result {
        Ok(answer) => {
            let status = answer.status();
            span.record("db.response.status_code", status.as_str());
            if status.is_client_error() || status.is_server_error() {
                record_error(span, status.as_str());
            }
            answer.extensions().get::<Attempts>().map_or(1, |attempts| attempts.0.len())
        }
        Err(error) => {
            record_error(span, error_type(error));
            error.attempts().len()
        }
    };
    // An attempt's own outcome has no trail, and its field stays as it is.
    if attempts > 1 {
        span.record("http.request.resend_count", attempts - 1);
    }
}

fn record_error(span: &Span, kind: &str) {
    span.record("error.type", kind);
    span.record("otel.status_code", "ERROR");
}

type Question = fn(&Error) -> bool;

/// A name from a short list, as the conventions want it.
fn error_type(error: &Error) -> &'static str {
    match error.timeout_phase() {
        Some(TimeoutPhase::Connect) => return "timeout.connect",
        Some(TimeoutPhase::Attempt) => return "timeout.attempt",
        Some(TimeoutPhase::Total) => return "timeout.total",
        Some(TimeoutPhase::Read) => return "timeout.read",
        None => {}
    }
    let kinds: [(&str, Question); 13] = [
        ("connect", Error::is_connect),
        ("tls", Error::is_tls),
        ("io", Error::is_io),
        ("body", Error::is_body),
        ("request", Error::is_request),
        ("config", Error::is_config),
        ("redirect", Error::is_redirect),
        ("unsupported_product", Error::is_unsupported_product),
        ("media_type", Error::is_media_type),
        ("credentials", Error::is_credentials),
        ("sniff", Error::is_sniff),
        ("no_nodes", Error::is_no_nodes),
        ("closed", Error::is_closed),
    ];
    // "_OTHER" is the word of the conventions for what has no name.
    kinds.iter().find(|(_, is)| is(error)).map_or("_OTHER", |(name, _)| name)
}
