//! The details of a call for spans and metrics.

use std::borrow::Cow;

use es_transport::{Body, extensions::OperationDetails};
use http::{Request, StatusCode};
use serde::{Deserialize, de::IgnoredAny};
use serde_json::Value;
use tracing::level_filters::LevelFilter;

use crate::endpoint::Endpoint;

/// The endpoints whose body is a query: those of which Elastic's clients record the text.
const SEARCHES: [&str; 12] = [
    "async_search.submit",
    "eql.search",
    "esql.async_query",
    "esql.query",
    "fleet.msearch",
    "fleet.search",
    "msearch",
    "msearch_template",
    "search",
    "search_mvt",
    "search_template",
    "sql.query",
];

/// Attaches the details of a call, where something reads them.
pub(super) fn attach(
    request: &mut Request<Body>,
    endpoint: &Endpoint,
    parts: &[(usize, Cow<'static, str>)],
    ignored: Option<&[StatusCode]>,
    trace_query_text: bool,
) {
    if OperationDetails::are_read() {
        let details = details(request.body(), endpoint, parts, ignored, trace_query_text);
        details.attach(request);
    }
}

#[cold]
fn details(
    body: &Body,
    endpoint: &Endpoint,
    parts: &[(usize, Cow<'static, str>)],
    ignored: Option<&[StatusCode]>,
    trace_query_text: bool,
) -> OperationDetails {
    let mut details = OperationDetails::default();
    details.expected_statuses = match ignored {
        None => Cow::Borrowed(endpoint.statuses),
        Some(ignored) => {
            let ignored = ignored.iter().map(StatusCode::as_u16);
            ignored.chain(endpoint.statuses.iter().copied()).collect()
        }
    };
    if LevelFilter::current() < LevelFilter::INFO {
        return details;
    }
    let parameter = |(number, value): &(usize, Cow<'static, str>)| {
        let part = endpoint.parts.get(*number)?;
        Some((part.name, value.clone().into_owned()))
    };
    details.parameters = parts.iter().filter_map(parameter).collect();

    let text = body.pieces().map(<[_]>::concat).unwrap_or_default();
    details.batch_size = batch_size(endpoint.name, &text).filter(|size| *size > 1);
    if trace_query_text && SEARCHES.contains(&endpoint.name) {
        details.query_text = without_values(&text);
    }
    details
}

/// Returns the details of a request that is a part of a call, with so many of its operations.
#[cold]
pub(super) fn of_part(
    whole: &OperationDetails,
    operations: usize,
    body: &[u8],
) -> OperationDetails {
    let mut details = whole.clone();
    details.batch_size = whole
        .batch_size
        .and(Some(operations).filter(|size| *size > 1));
    details.query_text = whole.query_text.as_ref().and_then(|_| without_values(body));
    details
}

/// Returns the number of operations of a batch, as far as its body is readable.
fn batch_size(name: &str, body: &[u8]) -> Option<usize> {
    #[derive(Deserialize)]
    struct Documents {
        #[serde(default)]
        docs: Vec<IgnoredAny>,
        #[serde(default)]
        ids: Vec<IgnoredAny>,
    }
    match name {
        "bulk" => Some(count_actions(body)),
        "msearch" | "msearch_template" | "fleet.msearch" => Some(lines(body).count() / 2),
        "mget" | "mtermvectors" => {
            let documents: Documents = serde_json::from_slice(body).ok()?;
            Some(documents.docs.len() + documents.ids.len())
        }
        _ => None,
    }
}

fn lines(body: &[u8]) -> impl Iterator<Item = &[u8]> {
    body.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii)
}

/// Counts the actions of a bulk body: each but `delete` has a document in the next line.
fn count_actions(body: &[u8]) -> usize {
    let mut lines = lines(body).filter(|line| !line.is_empty());
    let mut actions = 0;
    while let Some(line) = lines.next() {
        actions += 1;
        let name = line.strip_prefix(b"{").unwrap_or(line).trim_ascii_start();
        if !name.starts_with(b"\"delete\"") {
            lines.next();
        }
    }
    actions
}

/// Returns a query with `?` instead of its values; the lines of several are separated
/// by semicolons.
fn without_values(body: &[u8]) -> Option<String> {
    let masked = |line: &[u8]| {
        let mut value: Value = serde_json::from_slice(line).ok()?;
        mask(&mut value);
        Some(value.to_string())
    };
    if let Some(whole) = masked(body) {
        return Some(whole);
    }
    let lines: Option<Vec<_>> = lines(body)
        .filter(|line| !line.is_empty())
        .map(masked)
        .collect();
    lines
        .map(|lines| lines.join("; "))
        .filter(|text| !text.is_empty())
}

fn mask(value: &mut Value) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(mask),
        Value::Object(members) => members.values_mut().for_each(mask),
        scalar => *scalar = Value::from("?"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_are_counted_with_and_without_documents() {
        let body = b"{\"index\":{}}\n{\"a\":1}\n{ \"delete\":{\"_id\":\"1\"}}\n\n\
                     {\"update\":{}}\n{\"delete\":2}\n";
        assert_eq!(batch_size("bulk", body), Some(3));
        assert_eq!(batch_size("bulk", b""), Some(0));
    }

    #[test]
    fn searches_and_documents_are_counted() {
        assert_eq!(batch_size("msearch", b"{}\n{\"a\":1}\n\n{}\n"), Some(2));
        assert_eq!(batch_size("mget", br#"{"ids":["1","2"]}"#), Some(2));
        assert_eq!(batch_size("mget", br#"{"docs":[{"_id":"1"}]}"#), Some(1));
        assert_eq!(batch_size("mget", b"?"), None);
        assert_eq!(batch_size("search", b"{}"), None);
    }

    #[test]
    fn queries_lose_their_values() {
        let query = br#"{"query":{"term":{"user":"kim"}},"size":3,"sort":["a",{"b":null}]}"#;
        let text = r#"{"query":{"term":{"user":"?"}},"size":"?","sort":["?",{"b":"?"}]}"#;
        assert_eq!(without_values(query).as_deref(), Some(text));
        let lines = b"{}\n{\"size\":1}\n";
        assert_eq!(
            without_values(lines).as_deref(),
            Some(r#"{}; {"size":"?"}"#)
        );
        assert_eq!(without_values(b"kim"), None);
        assert_eq!(without_values(b""), None);
    }
}
