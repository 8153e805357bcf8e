//! Aggregations, with aggregations inside.

mod bucket;
mod composite;
mod date_histogram;
mod histogram;
mod metric;
mod order;
mod parse;
mod pipeline;
mod range;
mod terms;

use std::cell::Cell;
use std::sync::Arc;

use jiff::tz::TimeZone;
use serde_json::{Map, Value};

use super::execute::{Prepared, Row, check_types};
use super::request::Request;
use super::shard::{Scorer, Shard, View};
use super::sort::check_doc_values;
use crate::api::error::ApiError;
use crate::api::value::Term;
use crate::dates::{Format, now_millis, parse_math};
use crate::json::Json;
use crate::store::{Field, Kind};
use crate::strict::Fields;

pub(crate) use parse::{check_nesting, parse};

/// One aggregation of a request.
#[derive(Clone, Debug)]
pub(crate) struct Agg {
    pub name: String,
    pub kind: String,
    pub settings: Value,
    pub subs: Vec<Agg>,
    pub meta: Option<Value>,
}

/// The shards and functions that aggregations work with.
pub(crate) struct Context<'c, 'a> {
    shards: &'a [Shard<'a>],
    prepared: &'c [Prepared<'a>],
    request: &'c Request,
    /// Whether a shard without documents has no such bucket.
    is_sparse: Cell<bool>,
}

/// The result of one aggregation: the prefix of its name under `typed_keys`, and its body.
type Outcome = (String, Json);

/// A bucket before its aggregations: what it shows itself, and its documents.
pub(crate) struct Bucket<'a> {
    pub shown: Vec<(String, Json)>,
    pub rows: Vec<Row<'a>>,
}

impl<'a> Bucket<'a> {
    fn new(rows: Vec<Row<'a>>) -> Self {
        Self {
            shown: Vec::new(),
            rows,
        }
    }

    fn with(mut self, name: &str, value: impl Into<Json>) -> Self {
        self.shown.push((name.to_owned(), value.into()));
        self
    }
}

/// A source of values: a field, and what stands for those that are missing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Values {
    pub field: String,
    pub missing: Option<Value>,
}

impl Values {
    /// Takes `field` and `missing`.
    fn read(fields: &Fields<'_>) -> Result<Self, ApiError> {
        Ok(Self {
            field: fields.string("field")?.ok_or_else(no_field)?,
            missing: fields.get("missing")?.cloned(),
        })
    }

    /// Reads the date that stands for missing ones, in the format of the aggregation.
    fn read_missing(&mut self, format: &Format, zone: &TimeZone) -> Result<(), ApiError> {
        if let Some(Value::String(text)) = &self.missing {
            let millis = parse_math(text, format, zone, false, now_millis());
            self.missing = Some(millis.map_err(ApiError::in_search)?.into());
        }
        Ok(())
    }
}

impl<'c, 'a> Context<'c, 'a> {
    pub fn new(
        shards: &'a [Shard<'a>],
        prepared: &'c [Prepared<'a>],
        request: &'c Request,
    ) -> Self {
        Self {
            shards,
            prepared,
            request,
            is_sparse: Cell::new(false),
        }
    }

    /// Carries out aggregations over the documents that matched.
    ///
    /// # Errors
    /// 400 for what does not fit the mapping, or is not done here.
    pub fn run(&self, aggs: &[Agg], rows: &[Row<'a>]) -> Result<Json, ApiError> {
        let mut results = Vec::new();
        for agg in aggs.iter().filter(|agg| !pipeline::is_pipeline(&agg.kind)) {
            let (kind, mut body) = self.one(agg, rows)?;
            if let Some(meta) = &agg.meta {
                body.insert("meta", meta.clone());
            }
            results.push((self.name_of(&kind, &agg.name), body));
        }
        pipeline::siblings(aggs, &mut results, self.request.typed_keys)?;
        Ok(Json::Object(results))
    }

    fn name_of(&self, kind: &str, name: &str) -> String {
        if self.request.typed_keys {
            format!("{kind}#{name}")
        } else {
            name.to_owned()
        }
    }

    fn one(&self, agg: &Agg, rows: &[Row<'a>]) -> Result<Outcome, ApiError> {
        match agg.kind.as_str() {
            "terms" | "rare_terms" => self.terms(agg, rows),
            "composite" => self.composite(agg, rows),
            "date_histogram" => self.date_histogram(agg, rows),
            "histogram" => self.histogram(agg, rows),
            "range" | "date_range" | "ip_range" => self.range(agg, rows),
            "filter" => self.filter(agg, rows),
            "filters" => self.filters(agg, rows),
            "missing" => self.missing(agg, rows),
            "global" => self.global(agg),
            "nested" => self.nested(agg, rows),
            "reverse_nested" => self.reverse_nested(agg, rows),
            "top_hits" => self.top_hits(agg, rows),
            _ => self.metric(agg, rows),
        }
    }

    /// A single bucket with its aggregations.
    fn single(&self, agg: &Agg, kind: &str, rows: Vec<Row<'a>>) -> Result<Outcome, ApiError> {
        let mut body = vec![("doc_count".to_owned(), Json::from(rows.len()))];
        self.below(agg, &rows, &mut body)?;
        Ok((kind.to_owned(), Json::Object(body)))
    }

    /// Adds the results of the aggregations inside.
    fn below(
        &self,
        agg: &Agg,
        rows: &[Row<'a>],
        into: &mut Vec<(String, Json)>,
    ) -> Result<(), ApiError> {
        if let Json::Object(results) = self.run(&agg.subs, rows)? {
            into.extend(results);
        }
        Ok(())
    }

    /// Finishes buckets: counts, the aggregations inside, pipelines over them.
    fn finish(&self, agg: &Agg, buckets: Vec<Bucket<'a>>) -> Result<Vec<Json>, ApiError> {
        let mut made = Vec::new();
        let has_all = matches!(
            agg.kind.as_str(),
            "range" | "date_range" | "ip_range" | "filters"
        );
        let around = self.is_sparse.replace(self.is_sparse.get() || !has_all);
        for bucket in buckets {
            let mut body = bucket.shown;
            body.push(("doc_count".to_owned(), bucket.rows.len().into()));
            self.below(agg, &bucket.rows, &mut body)?;
            made.push(Json::Object(body));
        }
        self.is_sparse.set(around);
        pipeline::within(agg, made, self.request.typed_keys)
    }

    /// The field of a shard, checked for values by column.
    fn field(&self, shard: usize, path: &str) -> Result<Option<Arc<Field>>, ApiError> {
        let Some(shard) = self.shards.get(shard) else {
            return Ok(None);
        };
        let field = shard.index.mapping.field(path);
        if let Some(field) = &field {
            check_doc_values(shard.index, field)?;
        }
        Ok(field)
    }

    /// The first field of that path in any index.
    fn any_field(&self, path: &str) -> Result<Option<Arc<Field>>, ApiError> {
        for number in 0..self.shards.len() {
            if let Some(field) = self.field(number, path)? {
                return Ok(Some(field));
            }
        }
        Ok(None)
    }

    /// The field that an aggregation takes values from, checked to have any.
    fn valued_field(&self, source: &Values, kind: &str) -> Result<Option<Arc<Field>>, ApiError> {
        let field = self.any_field(&source.field)?;
        let Some(known) = &field else {
            return Ok(None);
        };
        check_types(self.shards, &source.field)?;
        if matches!(known.kind, Kind::GeoPoint) && !matches!(kind, "value_count" | "cardinality") {
            return Err(unfit(&source.field, &known.type_name, kind));
        }
        if let Some(missing) = &source.missing
            && !(known.is_date() && missing.is_number())
        {
            known.query_term(missing).map_err(ApiError::in_search)?;
        }
        Ok(field)
    }

    /// The values of a row. Values of nested objects are seen only from within them.
    fn values(&self, row: &Row<'a>, source: &Values) -> Result<Vec<Term>, ApiError> {
        let field = self.field(row.shard, &source.field)?;
        let mut found = match source.field.as_str() {
            "_index" => vec![Term::Text(
                self.shards
                    .get(row.shard)
                    .map_or_else(String::new, |shard| shard.index.name.to_string()),
            )],
            "_id" => {
                return Err(ApiError::illegal_argument("Fielddata access on the _id field is disallowed, you can re-enable it by updating the dynamic cluster setting: indices.id_field_data.enabled").in_search());
            }
            path => {
                let path = field.as_ref().map_or(path, |field| field.path.as_str());
                row.view.entry.terms(path).to_vec()
            }
        };
        if found.is_empty()
            && let Some(value) = &source.missing
        {
            let term = match &field {
                Some(field) if !(field.is_date() && value.is_number()) => {
                    field.query_term(value)?
                }
                _ => Term::plain(value),
            };
            found.extend(term);
        }
        Ok(found)
    }

    /// The function of a filter for each shard.
    fn compile(&self, query: &Value, nested: Option<&str>) -> Result<Vec<Scorer<'a>>, ApiError> {
        let make = |own: &Prepared<'a>| {
            let mut compiler = own.compiler.unscored();
            compiler.nested = nested.map(str::to_owned);
            compiler.compile(query)
        };
        self.prepared.iter().map(make).collect()
    }

    /// The rows that a filter lets through.
    fn filtered(&self, query: &Value, rows: &[Row<'a>]) -> Result<Vec<Row<'a>>, ApiError> {
        let nested = rows.first().and_then(|row| self.nested_path(row));
        let scorers = self.compile(query, nested.as_deref())?;
        let fits = |row: &&Row<'a>| {
            scorers
                .get(row.shard)
                .is_some_and(|scorer| scorer(row.view).is_some())
        };
        Ok(rows.iter().filter(fits).cloned().collect())
    }

    /// The nested field whose object a row is.
    fn nested_path(&self, row: &Row<'a>) -> Option<String> {
        fn find(entry: &crate::store::Entry, wanted: &crate::store::Entry) -> Option<String> {
            for (path, children) in &entry.nested {
                for child in children {
                    if std::ptr::eq(child, wanted) {
                        return Some(path.clone());
                    }
                    if let Some(found) = find(child, wanted) {
                        return Some(found);
                    }
                }
            }
            None
        }
        let root = &row.view.document.entry;
        if std::ptr::eq(root, row.view.entry) {
            None
        } else {
            find(root, row.view.entry)
        }
    }

    fn object_view(row: &Row<'a>, entry: &'a crate::store::Entry) -> Row<'a> {
        Row {
            view: View { entry, ..row.view },
            ..row.clone()
        }
    }
}

/// Adds a key, and its text where that differs.
fn keyed<'a>(bucket: Bucket<'a>, field: Option<&Field>, term: &Term) -> Bucket<'a> {
    match (term, field) {
        (Term::Boolean(flag), _) => bucket
            .with("key", u8::from(*flag))
            .with("key_as_string", flag.to_string()),
        (Term::Integer(millis), Some(field)) if field.is_date() => bucket
            .with("key", *millis)
            .with("key_as_string", field.shown_term(term)),
        (term, _) => bucket.with("key", term.to_json()),
    }
}

/// Buckets as a list, or by their keys.
fn arrange(buckets: Vec<Json>, by_key: bool) -> Json {
    if !by_key {
        return Json::Array(buckets);
    }
    let named = buckets.into_iter().map(|bucket| {
        let Json::Object(mut members) = bucket else {
            return (String::new(), bucket);
        };
        let text = |name: &str| {
            members
                .iter()
                .find(|(known, _)| known == name)
                .map(|(_, value)| value.to_value())
        };
        let name = match text("key_as_string").or_else(|| text("key")) {
            Some(Value::String(text)) => text,
            Some(value) => value.to_string(),
            None => String::new(),
        };
        if members
            .iter()
            .any(|(known, value)| known == "key" && matches!(value, Json::Value(Value::String(_))))
        {
            members.retain(|(known, _)| known != "key");
        }
        (name, Json::Object(members))
    });
    Json::Object(named.collect())
}

/// Returns a member of an object.
fn member(json: &Json, name: &str) -> Option<Json> {
    match json {
        Json::Object(members) => members
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.clone()),
        Json::Value(Value::Object(members)) => members.get(name).cloned().map(Json::from),
        _ => None,
    }
}

/// The error of an aggregation that names no field.
fn no_field() -> ApiError {
    ApiError::illegal_argument("Required one of fields [field, script], but none were specified. ")
}

/// The error of an aggregation over values of another type.
fn unfit(path: &str, type_name: &str, agg: &str) -> ApiError {
    ApiError::illegal_argument(format!(
        "Field [{path}] of type [{type_name}] is not supported for aggregation [{agg}]"
    ))
    .in_search()
}

/// The empty settings of aggregations that have none.
fn settings_of(agg: &Agg) -> Map<String, Value> {
    agg.settings.as_object().cloned().unwrap_or_default()
}
