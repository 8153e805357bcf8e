//! An index template or a component as a request describes it.

use serde_json::{Map, Value};

use super::{is_dated, normalized, patterns_of, priority_of};
use crate::api::error::ApiError;
use crate::store::Store;
use crate::strict::{Fields, Reader};

fn invalid(reason: impl std::fmt::Display) -> ApiError {
    let reason = format!("invalid template, cause [{reason}]");
    ApiError::bad_request("invalid_index_template_exception", reason)
}

/// An index template as a request describes it.
pub(super) struct New<'b> {
    name: &'b str,
    pub patterns: Vec<String>,
    composed: Vec<String>,
    pub priority: u64,
    pub is_stream: bool,
    template: Option<&'b Map<String, Value>>,
}

impl<'b> New<'b> {
    pub fn read(name: &'b str, body: &'b Map<String, Value>) -> Result<Self, ApiError> {
        if is_dated(body) {
            return Err(invalid("the dates of a template are managed by the system"));
        }
        let fields = Fields::new(Reader::Section, "index_template", body);
        fields.unsupported(&[
            "allow_auto_create",
            "deprecated",
            "ignore_missing_component_templates",
        ])?;
        let patterns = fields.texts("index_patterns")?.unwrap_or_default();
        if patterns.is_empty() {
            return Err(ApiError::illegal_argument("Required [index_patterns]"));
        }
        let composed = fields.texts("composed_of")?.unwrap_or_default();
        let priority = fields.integer("priority")?.unwrap_or(0);
        let priority = u64::try_from(priority).map_err(|_| {
            ApiError::bad_request(
                "action_request_validation_exception",
                format!("Validation Failed: 1: index template priority must be >= 0 but was [{priority}];"),
            )
        })?;
        fields.integer("version")?;
        fields.object("_meta")?;
        let stream = fields.object("data_stream")?;
        if let Some(stream) = stream {
            check_stream(stream)?;
        }
        let template = fields.object("template")?;
        if let Some(template) = template {
            check_parts(template)?;
        }
        fields.finish()?;
        Ok(Self {
            name,
            patterns,
            composed,
            priority,
            is_stream: stream.is_some(),
            template,
        })
    }

    /// Refuses a template that cannot be among those that are there.
    pub fn check(&self, store: &Store) -> Result<(), ApiError> {
        let Self {
            name,
            patterns,
            priority,
            ..
        } = self;
        let missing = self
            .composed
            .iter()
            .find(|name| !store.components.contains_key(*name));
        if let Some(missing) = missing {
            return Err(invalid(format!(
                "index template [{name}] specifies component templates [{missing}] that do not exist"
            )));
        }
        if let Some(template) = self.template {
            check_made(template)?;
        }
        check_name(name)?;
        if let Some(pattern) = patterns.iter().find(|pattern| is_forbidden(pattern)) {
            return Err(invalid(format!(
                "[{pattern}] is no pattern of the names of indices"
            )));
        }
        let aliases = self.template.and_then(|template| template.get("aliases"));
        let aliases = aliases.and_then(Value::as_object).into_iter().flatten();
        if let Some((alias, _)) = aliases
            .into_iter()
            .find(|(alias, _)| patterns.contains(alias))
        {
            return Err(ApiError::illegal_argument(format!(
                "alias [{alias}] cannot be the same as any pattern in [{patterns:?}]"
            )));
        }
        let overlaps = |(other, known): &(&String, &Value)| {
            let touches = patterns_of(known).any(|theirs| {
                patterns
                    .iter()
                    .any(|own| overlap(own.as_bytes(), theirs.as_bytes()))
            });
            *other != name && priority_of(known) == *priority && touches
        };
        match store.templates.iter().find(overlaps) {
            None => Ok(()),
            Some((other, _)) => Err(ApiError::illegal_argument(format!(
                "index template [{name}] has index patterns {patterns:?} matching patterns from existing templates [{other}] that have the same priority [{priority}], multiple index templates may not match during index creation, please use a different priority"
            ))),
        }
    }

    /// Returns the template as the server shows it.
    pub fn shown(&self, body: &Map<String, Value>) -> Value {
        let mut shown = normalized(body);
        shown.insert("index_patterns".to_owned(), self.patterns.as_slice().into());
        shown.insert("composed_of".to_owned(), self.composed.as_slice().into());
        if let Some(stream) = shown.get_mut("data_stream").and_then(Value::as_object_mut) {
            for flag in ["hidden", "allow_custom_routing"] {
                let given = stream.get(flag) == Some(&Value::Bool(true));
                stream.insert(flag.to_owned(), given.into());
            }
        }
        Value::Object(shown)
    }
}

/// Whether neither the name of a template nor a pattern may be this text.
fn is_forbidden(text: &str) -> bool {
    text.starts_with('_') || text.contains([' ', ',', '#', ':'])
}

pub(super) fn check_name(name: &str) -> Result<(), ApiError> {
    if is_forbidden(name) || name.contains('*') || name.chars().any(char::is_uppercase) {
        return Err(invalid(format!(
            "the name [{name}] is not one that a template may have"
        )));
    }
    Ok(())
}

/// Whether there is a name that both patterns match.
fn overlap(a: &[u8], b: &[u8]) -> bool {
    match (a, b) {
        ([], []) => true,
        ([b'*', rest @ ..], _) => {
            overlap(rest, b) || matches!(b, [_, shorter @ ..] if overlap(a, shorter))
        }
        (_, [b'*', ..]) => overlap(b, a),
        ([one, a @ ..], [other, b @ ..]) => one == other && overlap(a, b),
        _ => false,
    }
}

fn check_stream(stream: &Map<String, Value>) -> Result<(), ApiError> {
    let fields = Fields::new(Reader::Section, "data_stream_template", stream);
    fields.unsupported(&["failure_store"])?;
    fields.flag("hidden")?;
    fields.flag("allow_custom_routing")?;
    fields.finish()
}

/// Refuses parts that no template has.
pub(super) fn check_parts(template: &Map<String, Value>) -> Result<(), ApiError> {
    let fields = Fields::new(Reader::Section, "template", template);
    fields.unsupported(&["lifecycle", "data_stream_options"])?;
    fields.object("settings")?;
    let mappings = fields.object("mappings")?;
    if mappings.is_some_and(|mappings| mappings.contains_key("_doc")) {
        return Err(ApiError::unsupported(
            "[_doc] in the mappings of a template",
        ));
    }
    for (alias, settings) in fields.object("aliases")?.into_iter().flatten() {
        // The server ignores what it does not know here.
        crate::api::alias::kept(alias, settings).map_err(|error| match error.kind {
            "x_content_parse_exception" => ApiError::unsupported(format!(
                "these settings of the alias [{alias}] in a template"
            )),
            _ => error,
        })?;
    }
    fields.finish()
}

/// Refuses a template that no index can be created from; settings are checked first.
fn check_made(template: &Map<String, Value>) -> Result<(), ApiError> {
    let settings = template.get_key_value("settings");
    let alone = settings.map(|(name, value)| (name.clone(), value.clone()));
    check(&alone.into_iter().collect()).map_err(|error| {
        if error.is_unsupported() {
            error
        } else {
            invalid(error.reason)
        }
    })?;
    check(template)
        .map_err(|error| error.retyped("mapper_parsing_exception", "illegal_argument_exception"))
}

/// Refuses a template of which no index could be made.
pub(super) fn check(template: &Map<String, Value>) -> Result<(), ApiError> {
    crate::api::index::build(&mut Store::default(), "scratch", template).map(|_| ())
}
