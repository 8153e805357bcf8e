//! Dynamic templates: the definitions of fields that documents bring.

use serde_json::{Map, Value};

use super::parse::failed;
use crate::api::error::ApiError;
use crate::store::matches_wildcard;
use crate::strict::{Fields, Reader};

/// The types that a value of a document may seem to have, each with the type of fields that stands
/// for it.
const TYPES: [(&str, &str); 7] = [
    ("string", "text"),
    ("long", "long"),
    ("double", "float"),
    ("boolean", "boolean"),
    ("date", "date"),
    ("object", "object"),
    ("binary", "binary"),
];

/// A template.
#[derive(Clone, Debug)]
pub(super) struct DynamicTemplate {
    name: String,
    /// The template as it was given.
    shown: Value,
    /// The types that it is for; all of them where there is none.
    types: Vec<String>,
    /// Whether it says what it is for; otherwise it is for nothing.
    has_condition: bool,
    names: Patterns,
    paths: Patterns,
    mapping: Map<String, Value>,
}

/// Patterns of which one must fit, and others of which none may.
#[derive(Clone, Debug)]
struct Patterns {
    fitting: Vec<String>,
    unfitting: Vec<String>,
}

impl Patterns {
    fn fit(&self, text: &str) -> bool {
        let fits = |pattern: &String| matches_wildcard(pattern, text);
        (self.fitting.is_empty() || self.fitting.iter().any(fits))
            && !self.unfitting.iter().any(fits)
    }
}

impl DynamicTemplate {
    /// Reads the templates of a mapping.
    ///
    /// # Errors
    /// 400 for what is no list of templates, or is not done here.
    pub fn read_all(value: &Value) -> Result<Vec<Self>, ApiError> {
        let malformed = || failed("A dynamic template must be defined with a name");
        let items = value.as_array().ok_or_else(malformed)?;
        let read = |item: &Value| {
            let named = item.as_object().filter(|item| item.len() == 1);
            let (name, body) = named
                .and_then(|item| item.iter().next())
                .ok_or_else(malformed)?;
            Self::read(name, body.as_object().ok_or_else(malformed)?)
        };
        items.iter().map(read).collect()
    }

    fn read(name: &str, body: &Map<String, Value>) -> Result<Self, ApiError> {
        let fields = Fields::new(Reader::Section, name, body);
        fields.unsupported(&["runtime", "unmatch_mapping_type"])?;
        let texts = |name: &str| {
            let texts = fields.texts(name).map_err(|error| failed(error.reason))?;
            Ok::<_, ApiError>(texts.unwrap_or_default())
        };
        if texts("match_pattern")?.iter().any(|kind| kind != "simple") {
            return Err(ApiError::unsupported(
                "[match_pattern] of dynamic templates",
            ));
        }
        let types = texts("match_mapping_type")?;
        let is_known = |name: &String| name == "*" || TYPES.iter().any(|(known, _)| known == name);
        if let Some(unknown) = types.iter().find(|name| !is_known(name)) {
            return Err(failed(format!(
                "No field type matched on [{unknown}] in the dynamic template [{name}]"
            )));
        }
        let template = Self {
            name: name.to_owned(),
            shown: shown(body),
            has_condition: ["match", "path_match", "match_mapping_type"]
                .iter()
                .any(|name| body.contains_key(*name)),
            names: Patterns {
                fitting: texts("match")?,
                unfitting: texts("unmatch")?,
            },
            paths: Patterns {
                fitting: texts("path_match")?,
                unfitting: texts("path_unmatch")?,
            },
            mapping: match fields.get("mapping") {
                Ok(Some(Value::Object(mapping))) => mapping.clone(),
                _ => {
                    return Err(failed(format!(
                        "template [{name}] must have either mapping or runtime set"
                    )));
                }
            },
            types,
        };
        if let Some((unknown, _)) = fields.rest().first() {
            return Err(failed(format!(
                "Illegal dynamic template parameter: [{unknown}]"
            )));
        }
        Ok(template)
    }

    /// Returns the template as it was given.
    pub fn show(&self) -> Value {
        Value::Object(Map::from_iter([(self.name.clone(), self.shown.clone())]))
    }

    /// Returns the definition of a new field by the first template that is for it.
    pub fn definition(all: &[Self], path: &str, seeming: &str) -> Option<Value> {
        let name = path.rsplit('.').next().unwrap_or(path);
        let fits = |template: &&Self| {
            let types = &template.types;
            let of_type =
                types.is_empty() || types.iter().any(|kind| kind == "*" || kind == seeming);
            template.has_condition
                && of_type
                && template.names.fit(name)
                && template.paths.fit(path)
        };
        let template = all.iter().find(fits)?;
        let stands = TYPES.iter().find(|(known, _)| *known == seeming);
        let kind = stands.map_or("text", |(_, kind)| kind);
        let mut definition = filled(&Value::Object(template.mapping.clone()), name, kind);
        if let Some(fields) = definition.as_object_mut() {
            fields.entry("type").or_insert_with(|| kind.into());
            // Of an object, the server ignores what objects do not have.
            if kind == "object" && fields.get("type").is_some_and(|kind| kind == "object") {
                let known = ["type", "properties", "dynamic", "enabled", "subobjects"];
                fields.retain(|name, _| known.contains(&name.as_str()));
            }
        }
        Some(definition)
    }
}

/// Returns a template as the server shows it: a list of one pattern as the pattern.
fn shown(body: &Map<String, Value>) -> Value {
    let one = |(name, value): (&String, &Value)| match value {
        Value::Array(items) if items.len() == 1 => {
            (name.clone(), items.first().cloned().unwrap_or_default())
        }
        value => (name.clone(), value.clone()),
    };
    Value::Object(body.iter().map(one).collect())
}

/// Fills the placeholders of a definition.
fn filled(value: &Value, name: &str, kind: &str) -> Value {
    let fill = |text: &str| {
        let text = text.replace("{name}", name);
        text.replace("{dynamic_type}", kind)
            .replace("{dynamicType}", kind)
    };
    match value {
        Value::String(text) => fill(text).into(),
        Value::Array(items) => items.iter().map(|item| filled(item, name, kind)).collect(),
        Value::Object(fields) => {
            let fields = fields.iter();
            let filled = fields.map(|(key, value)| (fill(key), filled(value, name, kind)));
            Value::Object(filled.collect())
        }
        value => value.clone(),
    }
}
