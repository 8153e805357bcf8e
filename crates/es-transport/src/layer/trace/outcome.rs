use http::Response;
use tracing::Span;

use crate::{error::Error, extensions::Attempts};

/// Writes how it ended into the span.
pub(super) fn record<RB>(span: &Span, result: Result<&Response<RB>, &Error>) {
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
            record_error(span, error.type_name());
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
