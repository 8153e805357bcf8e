//! Endpoints that a server does not have, and its responses to calls of them.

use std::fmt;

use crate::server;
use es_client::Error;

/// The ways in which a server says that it has no such endpoint.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Refusal {
    /// 400: it does not know the path.
    NoHandler,
    /// 405: it knows the path, with another method.
    WrongMethod,
    /// 400 or 404: it takes the path for that of an index or a document, which
    /// cannot be named or asked so.
    TakenForAnother,
    /// 500: it asks a module that it does not have.
    NoModule,
    /// 400: it has no such language of scripts.
    UnknownLanguage,
    /// 404: it has no script, since it can have none.
    NoScript,
}

impl Refusal {
    pub(super) fn of(error: &Error) -> Option<Self> {
        let api = error.as_api()?;
        let reason = api.reason.as_deref().unwrap_or_default();
        let starts = |texts: &[&str]| texts.iter().any(|text| reason.starts_with(text));
        let body = String::from_utf8_lossy(&api.body);
        match api.status.as_u16() {
            400 if starts(&["no handler found for uri"]) => Some(Self::NoHandler),
            405 if starts(&["Incorrect HTTP method for uri"]) => Some(Self::WrongMethod),
            404 if starts(&["no such index [_"]) => Some(Self::TakenForAnother),
            400 if starts(&[
                "Invalid type: ",
                "Invalid index name [_",
                "request body is required",
            ]) || reason.contains("contains unrecognized parameter: [") =>
            {
                Some(Self::TakenForAnother)
            }
            400 if body.contains("unsupported lang [") => Some(Self::UnknownLanguage),
            500 if starts(&["failed to find action ["]) => Some(Self::NoModule),
            404 if starts(&["stored script ["]) => Some(Self::NoScript),
            _ => None,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoHandler => "no handler found",
            Self::WrongMethod => "wrong method for this path",
            Self::TakenForAnother => "the path is taken for another",
            Self::NoModule => "it asks a module that it does not have",
            Self::UnknownLanguage => "unsupported language of scripts",
            Self::NoScript => "no script that could be deleted",
        })
    }
}

/// Endpoints that none of the minimal distributions has.
const EVERYWHERE: &[&str] = &[
    "async_search.*",
    "cat.circuit_breaker",
    "cat.ml_*",
    "cat.transforms",
    "esql.*",
    "ilm.*",
];

/// Endpoints that none of those of Elasticsearch has.
const ELASTICSEARCH: &[&str] = &[
    "delete_script",
    "indices.create_data_stream",
    "indices.delete_data_stream",
    "msearch_template",
    "put_script",
    "search_template",
];

const BY_QUERY: &[&str] = &["delete_by_query", "reindex", "update_by_query"];

const OPENSEARCH: &[&str] = &[
    "cat.component_templates",
    "close_point_in_time",
    "open_point_in_time",
    "security.*",
    "terms_enum",
];

/// The typed endpoints that this server lacks; `*` stands for any end.
pub(super) struct Lacking([&'static [&'static str]; 3]);

impl Lacking {
    pub(super) fn of_this_server() -> Self {
        Self(match (server::is_opensearch(), server::major()) {
            (true, _) => [EVERYWHERE, OPENSEARCH, &[]],
            (false, 7) => [EVERYWHERE, ELASTICSEARCH, &["cat.component_templates"]],
            (false, _) => [EVERYWHERE, ELASTICSEARCH, BY_QUERY],
        })
    }

    pub(super) fn contains(&self, endpoint: &str) -> bool {
        self.0
            .iter()
            .copied()
            .flatten()
            .any(|pattern| match pattern.strip_suffix('*') {
                Some(start) => endpoint.starts_with(start),
                None => endpoint == *pattern,
            })
    }
}
