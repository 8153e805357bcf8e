//! Buckets by filters and nested fields, and hits of buckets.

use serde_json::Value;

use super::{Agg, Bucket, Context, Outcome, Values, no_field, settings_of};
use crate::api::error::ApiError;
use crate::json::{Json, object};
use crate::search::execute::Row;
use crate::search::inner_hits::{InnerSettings, show_group};
use crate::search::query::check_window;
use crate::search::shard::View;
use crate::strict::Fields;

impl<'a> Context<'_, 'a> {
    pub fn filter(&self, agg: &Agg, rows: &[Row<'a>]) -> Result<Outcome, ApiError> {
        let kept = self.filtered(&agg.settings, rows)?;
        self.single(agg, "filter", kept)
    }

    pub fn filters(&self, agg: &Agg, rows: &[Row<'a>]) -> Result<Outcome, ApiError> {
        let fields = Fields::section("filters", &agg.settings)?;
        let filters = fields.required("filters")?;
        let other_key = fields.text("other_bucket_key")?;
        let other = fields.flag("other_bucket")?.unwrap_or(other_key.is_some());
        let by_key = fields.flag("keyed")?.unwrap_or(true);
        fields.finish()?;
        let named: Vec<(Option<&String>, &Value)> = match filters {
            Value::Object(named) => named
                .iter()
                .map(|(name, filter)| (Some(name), filter))
                .collect(),
            Value::Array(items) => items.iter().map(|filter| (None, filter)).collect(),
            value => {
                return Err(ApiError::parsing(format!(
                    "Unknown key for a {} in [{}]: [filters].",
                    crate::strict::token(value),
                    agg.name
                )));
            }
        };
        if named.is_empty() {
            return Err(ApiError::illegal_argument("[filters] cannot be empty."));
        }
        let is_named = filters.is_object();
        let mut shown: Vec<(String, Bucket<'a>)> = Vec::new();
        let mut left: Vec<Row<'a>> = rows.to_vec();
        for (name, filter) in named {
            let kept = self.filtered(filter, rows)?;
            left.retain(|row| {
                !kept
                    .iter()
                    .any(|kept| std::ptr::eq(kept.view.entry, row.view.entry))
            });
            shown.push((name.cloned().unwrap_or_default(), Bucket::new(kept)));
        }
        if other {
            shown.push((
                other_key.unwrap_or_else(|| "_other_".to_owned()),
                Bucket::new(left),
            ));
        }
        let names: Vec<String> = shown.iter().map(|(name, _)| name.clone()).collect();
        let buckets = self.finish(agg, shown.into_iter().map(|(_, bucket)| bucket).collect())?;
        let body = if is_named && by_key {
            Json::Object(names.into_iter().zip(buckets).collect())
        } else if is_named {
            let keyed = names.into_iter().zip(buckets).map(|(name, mut bucket)| {
                bucket.insert("key", name);
                bucket
            });
            Json::Array(keyed.collect())
        } else {
            Json::Array(buckets)
        };
        Ok(("filters".to_owned(), object! {"buckets": body}))
    }

    pub fn missing(&self, agg: &Agg, rows: &[Row<'a>]) -> Result<Outcome, ApiError> {
        let fields = Fields::section("missing", &agg.settings)?;
        fields.unsupported(&["script", "value_type"])?;
        let field = fields.string("field")?.ok_or_else(no_field)?;
        let source = Values {
            field,
            missing: fields.get("missing")?.cloned(),
        };
        fields.finish()?;
        let mut kept = Vec::new();
        for row in rows {
            if self.values(row, &source)?.is_empty() && !row.view.entry.exists(&source.field) {
                kept.push(row.clone());
            }
        }
        self.single(agg, "missing", kept)
    }

    pub fn global(&self, agg: &Agg) -> Result<Outcome, ApiError> {
        Fields::section("global", &agg.settings)?.finish()?;
        let mut rows = Vec::new();
        for (number, shard) in self.shards.iter().enumerate() {
            for (place, document) in shard.documents.iter().enumerate() {
                let view = View {
                    document,
                    entry: &document.entry,
                };
                // The filters of aliases hold for it too.
                if self
                    .prepared
                    .get(number)
                    .is_some_and(|own| own.is_filtered(view))
                {
                    continue;
                }
                let position = (number as i64) << 32 | place as i64;
                rows.push(Row {
                    shard: number,
                    view,
                    score: 1.0,
                    sort: Vec::new(),
                    position,
                    place,
                });
            }
        }
        self.single(agg, "global", rows)
    }

    pub fn nested(&self, agg: &Agg, rows: &[Row<'a>]) -> Result<Outcome, ApiError> {
        let fields = Fields::section("nested", &agg.settings)?;
        let path = fields
            .text("path")?
            .ok_or_else(|| ApiError::parsing("Missing [path] field for nested aggregation"))?;
        fields.finish()?;
        let objects = rows.iter().flat_map(|row| {
            row.view
                .entry
                .nested_at(&path)
                .into_iter()
                .map(|entry| Self::object_view(row, entry))
        });
        self.single(agg, "nested", objects.collect())
    }

    pub fn reverse_nested(&self, agg: &Agg, rows: &[Row<'a>]) -> Result<Outcome, ApiError> {
        let fields = Fields::section("reverse_nested", &agg.settings)?;
        fields.unsupported(&["path"])?;
        fields.finish()?;
        let mut roots: Vec<Row<'a>> = Vec::new();
        for row in rows {
            let root = &row.view.document.entry;
            if !roots
                .iter()
                .any(|known| std::ptr::eq(known.view.entry, root))
            {
                roots.push(Self::object_view(row, root));
            }
        }
        self.single(agg, "reverse_nested", roots)
    }

    pub fn top_hits(&self, agg: &Agg, rows: &[Row<'a>]) -> Result<Outcome, ApiError> {
        let settings = settings_of(agg);
        check_window(&settings)?;
        let settings = InnerSettings::parse(crate::strict::Reader::Body, &settings, 3)?;
        if rows
            .iter()
            .any(|row| !std::ptr::eq(row.view.entry, &row.view.document.entry))
        {
            return Err(ApiError::unsupported("[top_hits] within [nested]"));
        }
        Ok((
            "top_hits".to_owned(),
            show_group(&settings, rows, self.prepared)?,
        ))
    }
}
