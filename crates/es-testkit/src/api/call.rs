//! One call as its handler sees it.

use bytes::Bytes;
use http::Method;
use serde::Deserialize as _;
use serde_json::{Map, Value};

use super::error::ApiError;
use super::params::{Params, read_flag};
use crate::json::Json;
use crate::search::Source;
use crate::security::Identity;
use crate::shared::{NodeFacts, Shared};
use crate::store::{ResolveOptions, Store, repeated};

/// A request after authentication, content negotiation and routing.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    pub shared: &'a Shared,
    pub node: &'a NodeFacts,
    pub method: &'a Method,
    /// The placeholders of the route, decoded.
    pub path: Vec<(&'static str, String)>,
    pub params: Params,
    pub body: Bytes,
    pub identity: Identity,
    /// The major version whose form the response has.
    pub major: u8,
    /// The caller asked for a versioned media type.
    pub versioned: bool,
}

impl Call<'_> {
    /// A placeholder's value; empty when the route has none of that name.
    pub fn part(&self, name: &str) -> &str {
        self.path
            .iter()
            .find(|(part, _)| *part == name)
            .map_or("", |(_, value)| value)
    }

    /// The body as JSON, `null` when there is none.
    ///
    /// # Errors
    /// 400 when it is not JSON.
    pub fn json(&self) -> Result<Value, ApiError> {
        if self.body.iter().all(u8::is_ascii_whitespace) {
            return Ok(Value::Null);
        }
        // The server reads one value, and ignores the text after it.
        let mut reader = serde_json::Deserializer::from_slice(&self.body);
        once_each(Json::deserialize(&mut reader)?)
    }

    /// The body as a JSON object with nothing after it, empty when there is none.
    ///
    /// # Errors
    /// 400 when it is not JSON, not an object, or not alone.
    pub fn whole_object(&self) -> Result<Map<String, Value>, ApiError> {
        let object = self.object()?;
        let mut values = serde_json::Deserializer::from_slice(&self.body).into_iter::<Value>();
        match values.nth(1).transpose()? {
            None => Ok(object),
            Some(_) => Err(ApiError::parsing(
                "Unexpected token found after the main object.",
            )),
        }
    }

    /// The body as a JSON object, empty when there is none.
    ///
    /// # Errors
    /// 400 when it is not JSON, or not an object.
    pub fn object(&self) -> Result<Map<String, Value>, ApiError> {
        match self.json()? {
            Value::Null if self.body.iter().all(u8::is_ascii_whitespace) => Ok(Map::new()),
            Value::Object(fields) => Ok(fields),
            _ => Err(ApiError::parsing(
                "Expected [START_OBJECT] at the start of the body",
            )),
        }
    }

    /// The body as a JSON object that must be there.
    ///
    /// # Errors
    /// 400 when it is missing, not JSON, or not an object.
    pub fn required_object(&self) -> Result<Map<String, Value>, ApiError> {
        if self.body.is_empty() {
            return Err(ApiError::bad_request(
                "parse_exception",
                "request body is required",
            ));
        }
        self.object()
    }

    /// The indices behind the `index` placeholder, with the request's own options.
    ///
    /// # Errors
    /// 404 for an index that does not exist.
    pub fn indices(&self, store: &Store) -> Result<Vec<String>, ApiError> {
        self.resolve(store, self.part("index"))
    }

    /// The indices behind an expression, without those that the caller may not read: names that
    /// were spelled out have been refused before, wildcards skip them.
    ///
    /// # Errors
    /// 404 for an index that does not exist.
    pub fn resolve(&self, store: &Store, expression: &str) -> Result<Vec<String>, ApiError> {
        let mut names = store.resolve(expression, self.resolve_options()?)?;
        names.retain(|name| self.identity.may_read(store.owner(name)));
        Ok(names)
    }

    /// The indices of a search, with the filters of aliases.
    ///
    /// # Errors
    /// 404 for an index that does not exist.
    pub fn searched<'s>(&self, store: &'s Store, expression: &str) -> Result<Source<'s>, ApiError> {
        let options = self.resolve_options()?;
        self.searched_with(store, expression, options, self.params.get("routing"))
    }

    /// The same, with other options and routing.
    ///
    /// # Errors
    /// 404 for an index that does not exist.
    pub fn searched_with<'s>(
        &self,
        store: &'s Store,
        expression: &str,
        options: ResolveOptions,
        routing: Option<&str>,
    ) -> Result<Source<'s>, ApiError> {
        let mut indices = store.searched(expression, options, routing)?;
        indices.retain(|(index, _)| self.identity.may_read(store.owner(&index.name)));
        Ok(Source { indices })
    }

    pub fn resolve_options(&self) -> Result<ResolveOptions, ApiError> {
        self.resolve_options_with(&Map::new())
    }

    /// The same, where the header of one search takes precedence.
    ///
    /// # Errors
    /// 400 for an invalid value.
    pub fn resolve_options_with(
        &self,
        header: &Map<String, Value>,
    ) -> Result<ResolveOptions, ApiError> {
        let text = |name: &str| match header.get(name) {
            None | Some(Value::Null) => self.params.get(name).map(str::to_owned),
            Some(Value::Array(items)) => {
                let words = items.iter().filter_map(Value::as_str);
                Some(words.collect::<Vec<_>>().join(","))
            }
            Some(value) => Some(
                value
                    .as_str()
                    .map_or_else(|| value.to_string(), str::to_owned),
            ),
        };
        let flag = |name: &str| text(name).map(|text| read_flag(&text)).transpose();
        let expanded = text("expand_wildcards").unwrap_or_else(|| "open".to_owned());
        let (mut open, mut closed, mut hidden) = (false, false, false);
        for word in expanded.split(',') {
            match word {
                "open" => open = true,
                "closed" => closed = true,
                "hidden" => hidden = true,
                "all" => (open, closed, hidden) = (true, true, true),
                "none" => (open, closed, hidden) = (false, false, false),
                "" => {}
                other => {
                    return Err(ApiError::illegal_argument(format!(
                        "No valid expand wildcard value [{other}]"
                    )));
                }
            }
        }
        Ok(ResolveOptions {
            ignore_unavailable: flag("ignore_unavailable")?.unwrap_or(false),
            require_some: !flag("allow_no_indices")?.unwrap_or(true),
            refuse_aliases: false,
            hidden,
            literal: !open && !closed,
            none_open: !open,
        })
    }

    /// True where documents still carry `_type`.
    pub fn typed(&self) -> bool {
        self.major == 7 && !self.shared.settings.is_opensearch()
    }
}

/// Returns a value in which no object has two members of one name.
///
/// # Errors
/// 400 for one that has.
pub(crate) fn once_each(ordered: Json) -> Result<Value, ApiError> {
    match repeated(&ordered) {
        None => Ok(ordered.to_value()),
        Some(name) => Err(ApiError::bad_request(
            "x_content_parse_exception",
            format!("[1:1] Duplicate field '{name}'"),
        )),
    }
}
