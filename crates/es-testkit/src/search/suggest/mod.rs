//! Suggesters: terms near to a misspelt one, and completions of a beginning.

mod completion;
mod term;

use serde_json::Value;

use super::request::Request;
use super::shard::Shard;
use crate::api::error::ApiError;
use crate::json::Json;
use crate::strict::Fields;

/// Carries out the `suggest` of a search.
///
/// # Errors
/// 400 for what is not known, or not done here.
pub(crate) fn run(
    settings: &Value,
    shards: &[Shard<'_>],
    request: &Request,
) -> Result<Json, ApiError> {
    let Some(named) = settings.as_object() else {
        return Err(ApiError::parsing("unknown key for a value in [suggest]."));
    };
    let shared = named.get("text").and_then(Value::as_str);
    let mut all = Vec::new();
    for (name, body) in named.iter().filter(|(name, _)| *name != "text") {
        let fields = Fields::section(name, body)?;
        let text = match fields.text("text")? {
            Some(text) => Some(text),
            None => shared.map(str::to_owned),
        };
        let prefix = fields.text("prefix")?;
        fields.unsupported(&["regex", "phrase"])?;
        let (kind, shown) = if let Some(settings) = fields.get("term")? {
            let text = text.or(prefix).ok_or_else(no_text)?;
            ("term", term::suggest(&text, settings, shards)?)
        } else if let Some(settings) = fields.get("completion")? {
            let start = prefix.or(text).ok_or_else(no_text)?;
            (
                "completion",
                completion::suggest(&start, settings, shards, request)?,
            )
        } else if fields.rest().is_empty() {
            return Err(ApiError::bad_request(
                "parse_exception",
                "missing suggestion object",
            ));
        } else {
            let kind = fields
                .rest()
                .first()
                .map(|(kind, _)| (*kind).clone())
                .unwrap_or_default();
            return Err(ApiError::bad_request(
                "named_object_not_found_exception",
                format!(
                    "[1:1] unable to parse SuggestionBuilder with name [{kind}]: parser not found"
                ),
            ));
        };
        fields.finish()?;
        let name = if request.typed_keys {
            format!("{kind}#{name}")
        } else {
            name.clone()
        };
        all.push((name, shown));
    }
    Ok(Json::Object(all))
}

fn no_text() -> ApiError {
    ApiError::illegal_argument("The required text option is missing").in_search()
}

fn field_of(fields: &Fields<'_>) -> Result<String, ApiError> {
    fields.text("field")?.ok_or_else(|| {
        ApiError::bad_request("parse_exception", "the required field option is missing")
    })
}

fn missing(path: &str) -> ApiError {
    ApiError::illegal_argument(format!("no mapping found for field [{path}]")).in_search()
}
