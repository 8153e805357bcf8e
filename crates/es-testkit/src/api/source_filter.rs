//! `_source`: which fields of a document are shown.

use serde_json::{Map, Value};

use super::params::Params;
use crate::store::matches_wildcard;

/// A choice of fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SourceFilter {
    hidden: bool,
    includes: Vec<String>,
    excludes: Vec<String>,
}

impl SourceFilter {
    /// From `_source`, `_source_includes` and `_source_excludes` in the query string.
    pub(crate) fn from_params(params: &Params) -> Self {
        let list = |name: &str| -> Vec<String> {
            params
                .get(name)
                .map(|list| list.split(',').map(str::to_owned).collect())
                .unwrap_or_default()
        };
        match params.get("_source") {
            Some("false") => Self { hidden: true, ..Self::default() },
            None | Some("true" | "") => Self {
                hidden: false,
                includes: list("_source_includes"),
                excludes: list("_source_excludes"),
            },
            Some(_) => Self {
                hidden: false,
                includes: list("_source"),
                excludes: list("_source_excludes"),
            },
        }
    }

    /// From the `_source` of a search body.
    pub(crate) fn from_json(value: &Value) -> Self {
        match value {
            Value::Bool(shown) => Self { hidden: !shown, ..Self::default() },
            Value::Object(fields) => Self {
                hidden: false,
                includes: strings(fields.get("includes").or_else(|| fields.get("include"))),
                excludes: strings(fields.get("excludes").or_else(|| fields.get("exclude"))),
            },
            value => Self { hidden: false, includes: strings(Some(value)), excludes: Vec::new() },
        }
    }

    /// The document as it is shown, or `None` when it is not.
    pub(crate) fn apply(&self, source: &Value) -> Option<Value> {
        if self.hidden {
            return None;
        }
        if self.includes.is_empty() && self.excludes.is_empty() {
            return Some(source.clone());
        }
        Some(match source {
            Value::Object(fields) => {
                Value::Object(self.filter(fields, "", self.includes.is_empty()))
            }
            value => value.clone(),
        })
    }

    fn filter(
        &self,
        fields: &Map<String, Value>,
        prefix: &str,
        included: bool,
    ) -> Map<String, Value> {
        let mut kept = Map::new();
        for (name, value) in fields {
            let path = format!("{prefix}{name}");
            if self.excludes.iter().any(|pattern| matches_wildcard(pattern, &path)) {
                continue;
            }
            let included =
                included || self.includes.iter().any(|pattern| matches_wildcard(pattern, &path));
            if let Some(value) = self.filter_value(value, &path, included) {
                kept.insert(name.clone(), value);
            }
        }
        kept
    }

    fn filter_value(&self, value: &Value, path: &str, included: bool) -> Option<Value> {
        match value {
            Value::Object(fields) => {
                let kept = self.filter(fields, &format!("{path}."), included);
                (included || !kept.is_empty()).then_some(Value::Object(kept))
            }
            Value::Array(items) => {
                let kept: Vec<_> = items
                    .iter()
                    .filter_map(|item| self.filter_value(item, path, included))
                    .collect();
                (included || !kept.is_empty()).then_some(Value::Array(kept))
            }
            value => included.then(|| value.clone()),
        }
    }
}

fn strings(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::String(text)) => text.split(',').map(str::to_owned).collect(),
        Some(Value::Array(items)) => {
            items.iter().filter_map(Value::as_str).map(str::to_owned).collect()
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::SourceFilter;
    use serde_json::json;

    #[test]
    fn includes_then_excludes() {
        let source = json!({"a": 1, "b": {"c": 2, "d": [{"e": 3, "f": 4}]}, "g": {}});
        let shown = |filter| SourceFilter::from_json(&filter).apply(&source);
        assert_eq!(shown(json!(false)), None);
        assert_eq!(shown(json!(["b.d.e"])), Some(json!({"b": {"d": [{"e": 3}]}})));
        assert_eq!(shown(json!("b")), Some(json!({"b": source["b"]})));
        assert_eq!(
            shown(json!({"includes": ["b*"], "excludes": ["*.f", "b.c"]})),
            Some(json!({"b": {"d": [{"e": 3}]}}))
        );
    }
}
