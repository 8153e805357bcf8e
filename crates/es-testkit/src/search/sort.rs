//! Sorting, and paging behind a sort key (`search_after`).

use std::cmp::Ordering;

use serde_json::{Value, json};

use super::query::{Compiler, distance_meters, unit_meters};
use super::shard::{Scorer, Shard, View};
use crate::api::error::ApiError;
use crate::api::value::Term;
use crate::dates::Format;
use crate::store::{Field, Index, Kind, Number, Point, read_point};
use crate::strict::Fields;

/// One sort key.
#[derive(Clone, Debug)]
pub(crate) struct SortKey {
    pub(crate) by: By,
    descending: bool,
    missing: Missing,
    mode: Mode,
    nested: Option<Value>,
    unmapped_type: Option<String>,
    format: Option<Format>,
}

/// The value that hits are sorted by.
#[derive(Clone, Debug)]
pub(crate) enum By {
    Score,
    /// The order in which documents were written.
    Document,
    /// The same, as a tie-breaker of a point in time.
    ShardDocument,
    Field(String),
    Distance {
        field: String,
        from: Vec<Point>,
        unit: f64,
    },
}

#[derive(Clone, Debug)]
enum Missing {
    First,
    Last,
    Value(Value),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Min,
    Max,
    Sum,
    Avg,
    Median,
}

/// Parses `sort`: a name, an object, or a list of these.
///
/// # Errors
/// 400 for anything else.
pub(crate) fn parse(value: &Value) -> Result<Vec<SortKey>, ApiError> {
    match value {
        Value::Array(items) if items.iter().any(Value::is_array) => Err(malformed()),
        Value::Array(items) => Ok(items.iter().map(parse).collect::<Result<Vec<_>, _>>()?.concat()),
        Value::String(name) => Ok(vec![key(name, &json!({}))?]),
        Value::Object(fields) => {
            fields.iter().map(|(name, settings)| key(name, settings)).collect()
        }
        _ => Err(malformed()),
    }
}

fn malformed() -> ApiError {
    ApiError::illegal_argument(
        "malformed sort format, within the sort array, an object, or an actual string are allowed",
    )
}

/// Parses the `sort` of a URL: `price:desc,_doc`.
///
/// # Errors
/// 400 for an order that there is not.
pub(crate) fn parse_param(list: &str) -> Result<Vec<SortKey>, ApiError> {
    list.split(',')
        .map(|part| match part.rsplit_once(':') {
            Some((name, order @ ("asc" | "desc"))) => key(name, &json!({"order": order})).map(Some),
            // The server ignores what follows an order that there is not.
            Some((name, _)) if !name.is_empty() => Ok(None),
            _ => key(part, &json!({})).map(Some),
        })
        .filter_map(Result::transpose)
        .collect()
}

fn key(name: &str, settings: &Value) -> Result<SortKey, ApiError> {
    let short = json!({"order": settings});
    let settings = if settings.is_string() { &short } else { settings };
    let fields =
        Fields::section(if name.starts_with('_') { name } else { "field_sort" }, settings)?;
    if name == "_script" {
        return Err(ApiError::unsupported("sorting by [_script]"));
    }
    let order = match fields.text("order")?.as_deref().map(str::to_ascii_lowercase).as_deref() {
        None => None,
        Some("asc") => Some(false),
        Some("desc") => Some(true),
        Some(other) => {
            return Err(ApiError::illegal_argument(format!(
                "No enum constant org.elasticsearch.search.sort.SortOrder.{}",
                other.to_uppercase()
            )));
        }
    };
    let by = match name {
        "_score" => By::Score,
        "_doc" => By::Document,
        "_shard_doc" => By::ShardDocument,
        "_geo_distance" => By::Distance { field: String::new(), from: Vec::new(), unit: 1.0 },
        field => By::Field(field.to_owned()),
    };
    let plain = matches!(by, By::Score | By::Document | By::ShardDocument);
    // The best score comes first unless asked otherwise; everything else ascends.
    let descending = order.unwrap_or(matches!(by, By::Score));
    let mut made = SortKey {
        by,
        descending,
        missing: Missing::Last,
        mode: if descending { Mode::Max } else { Mode::Min },
        nested: None,
        unmapped_type: None,
        format: None,
    };
    if !plain {
        let modes = [
            ("min", Mode::Min),
            ("max", Mode::Max),
            ("sum", Mode::Sum),
            ("avg", Mode::Avg),
            ("median", Mode::Median),
        ];
        if let Some(mode) = fields.choice("mode", &modes)? {
            made.mode = mode;
        }
        made.nested = fields.get("nested")?.cloned();
        if let By::Distance { .. } = made.by {
            let unit = fields.text("unit")?.unwrap_or_else(|| "m".to_owned());
            let unit = unit_meters(&unit).ok_or_else(|| {
                ApiError::illegal_argument(format!("No match for unit string [{unit}]"))
            })?;
            fields.choice("distance_type", &[("arc", ())])?;
            fields.choice("validation_method", &[("strict", ())])?;
            if fields.flag("ignore_unmapped")?.unwrap_or(false) {
                made.unmapped_type = Some("geo_point".to_owned());
            }
            let rest = fields.rest();
            let [(field, places)] = rest.as_slice() else {
                return Err(ApiError::parsing("[_geo_distance] requires one field"));
            };
            made.by = By::Distance { field: (*field).clone(), from: read_points(places)?, unit };
            return Ok(made);
        }
        fields.unsupported(&["numeric_type"])?;
        made.missing = match fields.get("missing")? {
            None => Missing::Last,
            Some(Value::String(text)) if text == "_last" => Missing::Last,
            Some(Value::String(text)) if text == "_first" => Missing::First,
            Some(value) => Missing::Value(value.clone()),
        };
        made.unmapped_type = fields.text("unmapped_type")?;
        made.format = fields.text("format")?.map(|text| Format::parse(&text)).transpose()?;
    }
    fields.finish()?;
    Ok(made)
}

fn read_points(value: &Value) -> Result<Vec<Point>, ApiError> {
    let read = |value: &Value| {
        read_point(value).map_err(|reason| ApiError::bad_request("parse_exception", reason))
    };
    match value {
        Value::Array(items) if !items.first().is_some_and(Value::is_number) => {
            items.iter().map(read).collect()
        }
        value => Ok(vec![read(value)?]),
    }
}

/// A sort key with what it needs of one shard.
pub(crate) struct Bound<'k, 'a> {
    key: &'k SortKey,
    field: Option<std::sync::Arc<Field>>,
    nested: Option<(String, Option<Scorer<'a>>)>,
}

impl SortKey {
    pub(crate) fn is_score(&self) -> bool {
        matches!(self.by, By::Score)
    }

    /// Prepares the key for a shard.
    ///
    /// # Errors
    /// 400 for a text field, or one that the index does not have.
    pub(crate) fn bind<'k, 'a>(
        &'k self,
        compiler: &Compiler<'a>,
        shard: &'a Shard<'a>,
    ) -> Result<Bound<'k, 'a>, ApiError> {
        let (By::Field(path) | By::Distance { field: path, .. }) = &self.by else {
            return Ok(Bound { key: self, field: None, nested: None });
        };
        let index = shard.index;
        let field = index.mapping.field(path);
        match &field {
            None if path.starts_with('_') && path == "_id" => {
                return Err(ApiError::illegal_argument("Fielddata access on the _id field is disallowed, you can re-enable it by updating the dynamic cluster setting: indices.id_field_data.enabled").in_search());
            }
            None if matches!(path.as_str(), "_index" | "_seq_no") => {}
            None if self.unmapped_type.is_none() => {
                return Err(shard_failure(
                    index,
                    format!("No mapping found for [{path}] in order to sort on"),
                ));
            }
            None => {}
            Some(field)
                if matches!(self.by, By::Distance { .. })
                    && !matches!(field.kind, Kind::GeoPoint) =>
            {
                return Err(ApiError::illegal_argument(format!("field [{path}] is no geo_point"))
                    .in_search());
            }
            Some(field) => check_doc_values(index, field)?,
        }
        let nested = match (&self.nested, &field) {
            (Some(settings), _) => Some(bind_nested(settings, compiler)?),
            (None, Some(field)) => {
                index.mapping.nested_parent(&field.path).map(|path| (path, None))
            }
            (None, None) => None,
        };
        Ok(Bound { key: self, field, nested })
    }

    pub(crate) fn compare(&self, a: Option<&Term>, b: Option<&Term>) -> Ordering {
        match (a, b) {
            (Some(a), Some(b)) if self.descending => b.compare(a),
            (Some(a), Some(b)) => a.compare(b),
            (None, None) => Ordering::Equal,
            (None, Some(_)) if matches!(self.missing, Missing::First) => Ordering::Less,
            (Some(_), None) if matches!(self.missing, Missing::First) => Ordering::Greater,
            (None, Some(_)) => Ordering::Greater,
            (Some(_), None) => Ordering::Less,
        }
    }

    /// Returns a sort value as a hit shows it.
    pub(crate) fn shown(&self, term: Option<&Term>) -> Value {
        match (term, &self.format) {
            (None, _) => Value::Null,
            (Some(Term::Integer(millis)), Some(format)) => {
                format.print(*millis, &jiff::tz::TimeZone::UTC).into()
            }
            (Some(Term::Boolean(flag)), _) => u8::from(*flag).into(),
            (Some(Term::Float(score)), None) if self.is_score() => {
                crate::store::shortest(*score as f32).into()
            }
            (Some(term), _) => term.to_json(),
        }
    }
}

fn bind_nested<'a>(
    settings: &Value,
    compiler: &Compiler<'a>,
) -> Result<(String, Option<Scorer<'a>>), ApiError> {
    let fields = Fields::section("nested_sort", settings)?;
    fields.unsupported(&["nested", "max_children"])?;
    let path = fields.text("path")?.ok_or_else(|| ApiError::illegal_argument("Required [path]"))?;
    let inner = Compiler { nested: Some(path.clone()), marking: false, ..compiler.clone() };
    let filter = fields.get("filter")?.map(|filter| inner.compile(filter)).transpose()?;
    fields.finish()?;
    if !compiler.shard.index.mapping.object(&path).is_some_and(|object| object.nested) {
        return Err(shard_failure(
            compiler.shard.index,
            format!("[nested] failed to find nested object under path [{path}]"),
        ));
    }
    Ok((path, filter))
}

fn shard_failure(index: &Index, reason: String) -> ApiError {
    ApiError::bad_request("query_shard_exception", reason)
        .with("index", &*index.name)
        .with("index_uuid", index.uuid.as_str())
        .in_search()
}

/// Refuses to sort or aggregate on analysed text, and on fields without values by column.
pub(crate) fn check_doc_values(index: &Index, field: &Field) -> Result<(), ApiError> {
    match field.kind {
        Kind::Text { fielddata: false, .. } => Err(ApiError::illegal_argument(format!(
            "Fielddata is disabled on [{0}] in [{1}]. Text fields are not optimised for operations that require per-document field data like aggregations and sorting, so these operations are disabled by default. Please use a keyword field instead. Alternatively, set fielddata=true on [{0}] in order to load field data by uninverting the inverted index. Note that this can use significant memory.",
            field.path, index.name
        ))
        .in_search()),
        Kind::Text { .. } => Err(ApiError::unsupported("[fielddata] of text fields")),
        _ if !field.doc_values => Err(ApiError::illegal_argument(format!(
            "Can't load fielddata on [{}] because fielddata is unsupported on fields of type [{}]. Use doc values instead.",
            field.path, field.type_name
        ))
        .in_search()),
        _ => Ok(()),
    }
}

impl<'a> Bound<'_, 'a> {
    /// Returns the value of a hit for this key.
    pub(crate) fn value(&self, view: View<'a>, score: f32, position: i64) -> Option<Term> {
        let key = self.key;
        match &key.by {
            By::Score => return Some(Term::Float(f64::from(score))),
            By::Document | By::ShardDocument => return Some(Term::Integer(position)),
            By::Field(path) if path == "_index" => return None,
            By::Field(path) if path == "_seq_no" => {
                return Some(Term::Integer(
                    i64::try_from(view.document.seq_no).unwrap_or(i64::MAX),
                ));
            }
            _ => {}
        }
        let entries = match &self.nested {
            None => vec![view.entry],
            Some((path, filter)) => view
                .entry
                .nested_at(path)
                .into_iter()
                .filter(|entry| {
                    filter.as_ref().is_none_or(|filter| filter(View { entry, ..view }).is_some())
                })
                .collect(),
        };
        let path = self.field.as_ref().map_or("", |field| field.path.as_str());
        let values: Vec<Term> = match &key.by {
            By::Distance { from, unit, .. } => entries
                .iter()
                .filter_map(|entry| entry.fields.get(path))
                .flat_map(|data| {
                    data.points.iter().flat_map(|point| {
                        from.iter().map(|from| distance_meters(*from, *point) / unit)
                    })
                })
                .map(Term::Float)
                .collect(),
            _ => entries.iter().flat_map(|entry| entry.terms(path).iter().cloned()).collect(),
        };
        pick(values, key.mode).or_else(|| self.missing_value())
    }

    /// Returns the value of an object of a nested field, whose own values are right there.
    pub(crate) fn value_of_object(
        &self,
        view: View<'a>,
        score: f32,
        position: i64,
    ) -> Option<Term> {
        let path = self.field.as_ref().map_or("", |field| field.path.as_str());
        match self.key.by {
            By::Field(_) => pick(view.entry.terms(path).to_vec(), self.key.mode)
                .or_else(|| self.missing_value()),
            _ => self.value(view, score, position),
        }
    }

    /// Numbers that are missing have the value at the far end of their type.
    fn missing_value(&self) -> Option<Term> {
        let key = self.key;
        if let Missing::Value(value) = &key.missing {
            return match &self.field {
                Some(field) => field.query_term(value).ok().flatten(),
                None => Term::plain(value),
            };
        }
        let low = matches!(key.missing, Missing::First) != key.descending;
        let small = matches!(
            self.field.as_ref().map(|field| &field.kind),
            Some(Kind::Number(Number::Integer | Number::Short | Number::Byte))
        );
        let (least, most) =
            if small { (i32::MIN.into(), i32::MAX.into()) } else { (i64::MIN, i64::MAX) };
        let whole = Term::Integer(if low { least } else { most });
        let broken = Term::Float(if low { f64::NEG_INFINITY } else { f64::INFINITY });
        if matches!(key.by, By::Distance { .. }) {
            return Some(Term::Float(f64::INFINITY));
        }
        match self.field.as_ref().map(|field| &field.kind) {
            Some(Kind::Number(
                Number::Long
                | Number::Integer
                | Number::Short
                | Number::Byte
                | Number::UnsignedLong,
            )) => Some(whole),
            Some(Kind::Number(_)) => Some(broken),
            Some(Kind::Date { .. } | Kind::Boolean) => Some(whole),
            None => match key.unmapped_type.as_deref() {
                Some("long" | "integer" | "short" | "byte" | "date" | "boolean") => Some(whole),
                Some("double" | "float" | "half_float") => Some(broken),
                _ => None,
            },
            _ => None,
        }
    }
}

fn pick(mut values: Vec<Term>, mode: Mode) -> Option<Term> {
    values.sort_by(Term::compare);
    let numbers: Vec<f64> = values.iter().filter_map(Term::number).collect();
    let whole = values.iter().all(|value| matches!(value, Term::Integer(_)));
    let computed = |number: f64| {
        if whole { Term::Integer(number.round() as i64) } else { Term::Float(number) }
    };
    let sum: f64 = numbers.iter().sum();
    match mode {
        _ if values.is_empty() => None,
        Mode::Min => values.into_iter().next(),
        Mode::Max => values.pop(),
        Mode::Sum => Some(computed(sum)),
        Mode::Avg => Some(computed(sum / numbers.len().max(1) as f64)),
        Mode::Median => {
            let middle = numbers.len() / 2;
            let upper = numbers.get(middle).copied()?;
            if numbers.len() % 2 == 1 {
                return Some(computed(upper));
            }
            let lower = middle.checked_sub(1).and_then(|lower| numbers.get(lower)).copied()?;
            Some(computed(f64::midpoint(lower, upper)))
        }
    }
}

/// Compares two rows of sort values.
pub(crate) fn compare_rows(keys: &[SortKey], a: &[Option<Term>], b: &[Option<Term>]) -> Ordering {
    let pairs = keys.iter().zip(a.iter().zip(b));
    pairs
        .map(|(key, (a, b))| key.compare(a.as_ref(), b.as_ref()))
        .find(|order| order.is_ne())
        .unwrap_or(Ordering::Equal)
}

/// Reads the values of `search_after`.
///
/// # Errors
/// 400 when their number is not that of the sort keys, or one is of the wrong type.
pub(crate) fn parse_after(
    keys: &[SortKey],
    value: &Value,
    indices: &[&Index],
) -> Result<Vec<Option<Term>>, ApiError> {
    let Value::Array(values) = value else {
        return Err(ApiError::parsing(format!(
            "Expected [START_ARRAY] in [search_after] but found [{}]",
            crate::strict::token(value)
        )));
    };
    if keys.is_empty() {
        return Err(ApiError::illegal_argument("Sort must contain at least one field.").in_search());
    }
    if values.len() != keys.len() {
        return Err(ApiError::illegal_argument(format!(
            "search_after has {} value(s) but sort has {}.",
            values.len(),
            keys.len()
        ))
        .in_search());
    }
    let read = |(key, value): (&SortKey, &Value)| {
        let By::Field(path) = &key.by else { return Ok(Term::plain(value)) };
        let field = indices.iter().find_map(|index| index.mapping.field(path));
        match (value, field) {
            (Value::Null, _) => Ok(None),
            (Value::String(text), _) if text == "Infinity" => Ok(Some(Term::Float(f64::INFINITY))),
            (Value::String(text), _) if text == "-Infinity" => {
                Ok(Some(Term::Float(f64::NEG_INFINITY)))
            }
            (value, Some(field)) if field.is_date() && value.is_number() => Ok(Term::plain(value)),
            (value, Some(field)) if matches!(field.kind, Kind::Boolean) && value.is_number() => {
                Ok(Term::plain(value))
            }
            (value, Some(field)) => field.query_term(value).map_err(|_| {
                ApiError::illegal_argument(format!(
                    "Failed to parse search_after value for field [{path}]."
                ))
                .in_search()
            }),
            (value, None) => Ok(Term::plain(value)),
        }
    };
    keys.iter().zip(values).map(read).collect()
}
