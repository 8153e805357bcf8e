//! Collapsing: of the hits with one value of a field, the first.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::execute::{Prepared, Row};
use super::inner_hits::{InnerSettings, show_group};
use super::request::Request;
use super::shard::Shard;
use crate::api::error::ApiError;
use crate::api::value::Term;
use crate::json::Json;
use crate::store::Kind;
use crate::strict::Fields;

/// The `collapse` of a search.
#[derive(Clone, Debug)]
pub(crate) struct Collapse {
    field: String,
    inner_hits: Vec<Map<String, Value>>,
}

/// All hits by the value they were collapsed by.
pub(crate) type Groups<'a> = BTreeMap<String, Vec<Row<'a>>>;

impl Collapse {
    pub fn parse(value: &Value) -> Result<Self, ApiError> {
        let fields = Fields::section("collapse", value)?;
        fields.unsupported(&["collapse"])?;
        let Some(field) = fields.string("field")? else {
            return Err(ApiError::new(
                http::StatusCode::INTERNAL_SERVER_ERROR,
                "null_pointer_exception",
                "[field] of [collapse] is missing",
            )
            .in_search());
        };
        if field.is_empty() {
            return Err(fields.invalid("field name is null or empty"));
        }
        fields.positive("max_concurrent_group_searches")?;
        let inner_hits = match fields.get("inner_hits")? {
            None => Vec::new(),
            Some(Value::Array(items)) => {
                items.iter().filter_map(Value::as_object).cloned().collect()
            }
            Some(Value::Object(settings)) => vec![settings.clone()],
            Some(value) => return Err(fields.wrong("inner_hits", value)),
        };
        fields.finish()?;
        if inner_hits
            .iter()
            .any(|settings| !settings.contains_key("name"))
        {
            return Err(ApiError::illegal_argument(
                "[name] of inner_hits in [collapse] is missing",
            ));
        }
        Ok(Self { field, inner_hits })
    }

    /// Leaves the first row of each value.
    ///
    /// # Errors
    /// 400 for a field that cannot be collapsed by.
    pub fn apply<'a>(
        &self,
        rows: &mut Vec<Row<'a>>,
        shards: &'a [Shard<'a>],
    ) -> Result<Groups<'a>, ApiError> {
        for shard in shards {
            let refused = |reason: String| ApiError::illegal_argument(reason).in_search();
            match shard.index.mapping.field(&self.field) {
                None => {
                    return Err(refused(format!(
                        "no mapping found for `{}` in order to collapse on",
                        self.field
                    )));
                }
                Some(field) if !matches!(field.kind, Kind::Keyword { .. } | Kind::Number(_)) => {
                    return Err(refused(format!(
                        "collapse is not supported for the field [{}] of the type [{}]",
                        self.field, field.type_name
                    )));
                }
                Some(_) => {}
            }
        }
        let mut groups = Groups::new();
        let mut kept = Vec::new();
        for row in rows.drain(..) {
            if row.view.entry.terms(&self.field).len() > 1 {
                return Err(ApiError::illegal_argument(format!(
                    "failed to collapse [{}], the collapse field must be single valued",
                    self.field
                ))
                .in_search());
            }
            let key = self
                .key(&row)
                .map_or_else(String::new, |term| format!("={}", term.text()));
            let group = groups.entry(key).or_default();
            if group.is_empty() {
                kept.push(row.clone());
            }
            group.push(row);
        }
        *rows = kept;
        Ok(groups)
    }

    fn key<'r>(&self, row: &Row<'r>) -> Option<&'r Term> {
        row.view.entry.terms(&self.field).first()
    }

    /// Adds the value, and the inner hits asked for, to a hit.
    pub fn show<'a>(
        &self,
        hit: &mut Json,
        row: &Row<'a>,
        groups: &Groups<'a>,
        prepared: &[Prepared<'a>],
        request: &Request,
    ) -> Result<(), ApiError> {
        let key = self.key(row);
        if let Some(key) = key {
            super::fetch::add_field(hit, &self.field, vec![key.to_json()]);
        }
        if self.inner_hits.is_empty() {
            return Ok(());
        }
        let name = key.map_or_else(String::new, |term| format!("={}", term.text()));
        let mut group = groups.get(&name).cloned().unwrap_or_default();
        // The server finds them with a filter for the value, beside the query if there is one.
        if request.query.is_none() && request.text.is_none() {
            for row in &mut group {
                row.score = 0.0;
            }
        }
        let mut all = Vec::new();
        for settings in &self.inner_hits {
            let name = settings
                .get("name")
                .and_then(Value::as_str)
                .unwrap_or_default();
            let inner = InnerSettings::parse(crate::strict::Reader::Section, settings, 3)?;
            all.push((name.to_owned(), show_group(&inner, &group, prepared)?));
        }
        hit.insert("inner_hits", Json::Object(all));
        Ok(())
    }
}
