//! `_source`: which fields of a document are shown.

use serde_json::Value;

use super::error::ApiError;
use super::params::Params;
use crate::json::Json;
use crate::store::{Document, Index, matches_wildcard};
use crate::strict::{Fields, Reader};

/// A choice of fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SourceFilter {
    hidden: bool,
    includes: Vec<String>,
    excludes: Vec<String>,
    exclude_vectors: Option<bool>,
}

impl SourceFilter {
    /// From `_source`, `_source_includes` and `_source_excludes` in the query string; `None` when
    /// none of them is there.
    ///
    /// # Errors
    /// 400 for `_source_exclude_vectors` that is no boolean.
    pub fn from_params(params: &Params) -> Result<Option<Self>, ApiError> {
        let list = |name: &str| -> Vec<String> {
            params
                .get(name)
                .map(|list| list.split(',').map(str::to_owned).collect())
                .unwrap_or_default()
        };
        let exclude_vectors = params.flag("_source_exclude_vectors")?;
        let mut filter = Self {
            hidden: false,
            includes: list("_source_includes"),
            excludes: list("_source_excludes"),
            exclude_vectors,
        };
        match params.get("_source") {
            Some("false") => filter.hidden = true,
            None | Some("true" | "") => {}
            Some(_) if filter.includes.is_empty() => filter.includes = list("_source"),
            Some(_) => {}
        }
        let given = params.get("_source").is_some() || filter != Self::default();
        Ok(given.then_some(filter))
    }

    /// From the `_source` of a body.
    ///
    /// # Errors
    /// 400 for what is no filter.
    pub fn from_json(value: &Value) -> Result<Self, ApiError> {
        let strings = |items: &[Value]| -> Result<Vec<String>, ApiError> {
            let read = |item: &Value| {
                item.as_str().map(str::to_owned).ok_or_else(|| {
                    ApiError::parsing(format!(
                        "Unknown key for a {} in [_source].",
                        crate::strict::token(item)
                    ))
                })
            };
            items.iter().map(read).collect()
        };
        match value {
            Value::Bool(shown) => Ok(Self {
                hidden: !shown,
                ..Self::default()
            }),
            Value::String(text) => Ok(Self {
                includes: vec![text.clone()],
                ..Self::default()
            }),
            Value::Array(items) => Ok(Self {
                includes: strings(items)?,
                ..Self::default()
            }),
            Value::Object(map) => {
                let fields = Fields::new(Reader::Body, "_source", map);
                let two = |one: &str, other: &str| match fields.texts(one)? {
                    Some(texts) => Ok::<_, ApiError>(Some(texts)),
                    None => fields.texts(other),
                };
                let filter = Self {
                    hidden: false,
                    includes: two("includes", "include")?.unwrap_or_default(),
                    excludes: two("excludes", "exclude")?.unwrap_or_default(),
                    exclude_vectors: fields.flag("exclude_vectors")?,
                };
                fields.finish()?;
                Ok(filter)
            }
            value => Err(ApiError::parsing(format!(
                "Expected one of [VALUE_BOOLEAN, START_OBJECT] but found [{}]",
                crate::strict::token(value)
            ))),
        }
    }

    pub fn is_hidden(&self) -> bool {
        self.hidden
    }

    /// Returns the document as it is shown, or `None` when it is not.
    pub fn apply(&self, index: &Index, document: &Document) -> Option<Json> {
        if self.hidden || !index.mapping.source_enabled {
            return None;
        }
        let vectors = self.vectors(index, document);
        if self.includes.is_empty() && self.excludes.is_empty() && vectors.is_empty() {
            return Some(Json::Raw(document.raw.clone()));
        }
        let whole = Json::parse(&document.raw);
        let excludes: Vec<&str> = self
            .excludes
            .iter()
            .chain(&vectors)
            .map(String::as_str)
            .collect();
        Some(self.filter(whole, "", &excludes))
    }

    /// Returns an object of a nested field as it is shown; patterns are of whole paths.
    pub fn apply_nested(&self, path: &str, source: &Value) -> Option<Json> {
        if self.hidden {
            return None;
        }
        let whole = Json::from(source.clone());
        if self.includes.is_empty() && self.excludes.is_empty() {
            return Some(whole);
        }
        let excludes: Vec<&str> = self.excludes.iter().map(String::as_str).collect();
        Some(self.filter(whole.opened(), &format!("{path}."), &excludes))
    }

    /// The vectors that are left out: all of them from 9.2 on, unless asked for.
    fn vectors(&self, index: &Index, document: &Document) -> Vec<String> {
        if !self.exclude_vectors.unwrap_or(index.excludes_vectors) {
            return Vec::new();
        }
        index
            .mapping
            .vectors()
            .into_iter()
            .filter(|path| document.entry.exists(path))
            .collect()
    }

    fn filter(&self, value: Json, prefix: &str, excludes: &[&str]) -> Json {
        match value {
            Json::Object(fields) => {
                Json::Object(self.members(fields, prefix, self.includes.is_empty(), excludes))
            }
            value => value,
        }
    }

    fn members(
        &self,
        fields: Vec<(String, Json)>,
        prefix: &str,
        included: bool,
        excludes: &[&str],
    ) -> Vec<(String, Json)> {
        let mut kept = Vec::new();
        for (name, value) in fields {
            let path = format!("{prefix}{name}");
            if excludes
                .iter()
                .any(|pattern| matches_wildcard(pattern, &path))
            {
                continue;
            }
            let included = included
                || self
                    .includes
                    .iter()
                    .any(|pattern| matches_wildcard(pattern, &path));
            if let Some(value) = self.value(value, &path, included, excludes) {
                kept.push((name, value));
            }
        }
        kept
    }

    fn value(&self, value: Json, path: &str, included: bool, excludes: &[&str]) -> Option<Json> {
        match value {
            Json::Object(fields) => {
                let kept = self.members(fields, &format!("{path}."), included, excludes);
                (included || !kept.is_empty()).then_some(Json::Object(kept))
            }
            Json::Array(items) => {
                let kept: Vec<_> = items
                    .into_iter()
                    .filter_map(|item| self.value(item, path, included, excludes))
                    .collect();
                (included || !kept.is_empty()).then_some(Json::Array(kept))
            }
            value => included.then_some(value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn includes_then_excludes() {
        let source = json!({"a": 1, "b": {"c": 2, "d": [{"e": 3, "f": 4}]}, "g": {}});
        let shown = |filter: Value| {
            let filter = SourceFilter::from_json(&filter).unwrap_or_default();
            let excludes: Vec<&str> = filter.excludes.iter().map(String::as_str).collect();
            filter
                .filter(Json::from(source.clone()).opened(), "", &excludes)
                .to_value()
        };
        assert_eq!(shown(json!(["b.d.e"])), json!({"b": {"d": [{"e": 3}]}}));
        assert_eq!(shown(json!("b")), json!({"b": source["b"]}));
        assert_eq!(
            shown(json!({"includes": ["b*"], "excludes": ["*.f", "b.c"]})),
            json!({"b": {"d": [{"e": 3}]}})
        );
        assert!(SourceFilter::from_json(&json!({"include": 1, "what": 2})).is_err());
    }
}
