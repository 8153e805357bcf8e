//! Sorting, and paging behind a sort key (`search_after`).

mod bound;

use std::cmp::Ordering;

use serde_json::{Value, json};

use super::query::unit_meters;
use crate::api::error::ApiError;
use crate::api::value::Term;
use crate::dates::Format;
use crate::store::{Field, Index, Kind, Point, read_place};
use crate::strict::Fields;

/// One sort key.
#[derive(Clone, Debug)]
pub(crate) struct SortKey {
    pub by: By,
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
        Value::Array(items)
            if !items
                .iter()
                .all(|item| item.is_string() || item.is_object()) =>
        {
            Err(malformed())
        }
        Value::Array(items) => Ok(items
            .iter()
            .map(parse)
            .collect::<Result<Vec<_>, _>>()?
            .concat()),
        Value::String(name) => Ok(vec![key(name, &json!({}))?]),
        Value::Number(_) | Value::Bool(_) => Ok(vec![key(&value.to_string(), &json!({}))?]),
        // Their order, which decides, is not known any more.
        Value::Object(fields) if fields.len() > 1 => Err(ApiError::unsupported(
            "several fields in one object of [sort]; make it a list of objects",
        )),
        Value::Object(fields) => fields
            .iter()
            .map(|(name, settings)| key(name, settings))
            .collect(),
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

const MODES: &[(&str, Mode)] = &[
    ("min", Mode::Min),
    ("max", Mode::Max),
    ("sum", Mode::Sum),
    ("avg", Mode::Avg),
    ("median", Mode::Median),
];

fn key(name: &str, settings: &Value) -> Result<SortKey, ApiError> {
    let short = json!({"order": settings});
    let is_short = settings.is_string();
    let settings = if is_short { &short } else { settings };
    let kind = if name.starts_with('_') {
        name
    } else {
        "field_sort"
    };
    let fields = Fields::section(kind, settings).map_err(|error| {
        if kind == "field_sort" {
            error.retyped("parsing_exception", "x_content_parse_exception")
        } else {
            error
        }
    })?;
    if name == "_script" {
        return Err(ApiError::unsupported("sorting by [_script]"));
    }
    // The best score comes first unless asked otherwise; everything else ascends.
    let descending = read_descending(&fields)
        .map_err(|error| {
            if is_short {
                error
            } else {
                fields.invalid(error.reason)
            }
        })?
        .unwrap_or(name == "_score");
    let mut made = SortKey {
        by: By::Score,
        descending,
        missing: Missing::Last,
        mode: if descending { Mode::Max } else { Mode::Min },
        nested: None,
        unmapped_type: None,
        format: None,
    };
    made.by = match name {
        "_score" => By::Score,
        "_doc" => By::Document,
        "_shard_doc" => By::ShardDocument,
        _ => {
            made.mode = fields
                .choice("mode", MODES)
                .map_err(|error| {
                    if name == "_geo_distance" {
                        ApiError::illegal_argument(error.reason)
                    } else {
                        error
                    }
                })?
                .unwrap_or(made.mode);
            made.nested = fields.get("nested")?.cloned();
            if name == "_geo_distance" {
                return by_distance(&fields, made);
            }
            fields.unsupported(&["numeric_type"])?;
            made.missing = match fields.get("missing")? {
                None => Missing::Last,
                Some(Value::String(text)) if text == "_last" => Missing::Last,
                Some(Value::String(text)) if text == "_first" => Missing::First,
                Some(value) => Missing::Value(value.clone()),
            };
            made.unmapped_type = fields.text("unmapped_type")?;
            made.format = fields
                .text("format")?
                .map(|text| Format::parse(&text))
                .transpose()?;
            By::Field(name.to_owned())
        }
    };
    fields.finish()?;
    Ok(made)
}

fn read_descending(fields: &Fields<'_>) -> Result<Option<bool>, ApiError> {
    let order = fields
        .text("order")?
        .map(|order| order.to_ascii_lowercase());
    match order.as_deref() {
        None => Ok(None),
        Some("asc") => Ok(Some(false)),
        Some("desc") => Ok(Some(true)),
        Some(other) => Err(ApiError::illegal_argument(format!(
            "No enum constant org.elasticsearch.search.sort.SortOrder.{}",
            other.to_uppercase()
        ))),
    }
}

/// Reads `_geo_distance`, whose remaining member is the field.
fn by_distance(fields: &Fields<'_>, mut made: SortKey) -> Result<SortKey, ApiError> {
    if made.mode == Mode::Sum {
        return Err(ApiError::illegal_argument(
            "sort_mode [sum] isn't supported for sorting by geo distance",
        ));
    }
    let unit = fields.text("unit")?.unwrap_or_else(|| "m".to_owned());
    let unit = unit_meters(&unit)
        .ok_or_else(|| ApiError::illegal_argument(format!("No match for unit string [{unit}]")))?;
    fields.only("distance_type", "arc", &["plane"])?;
    fields.only(
        "validation_method",
        "strict",
        &["coerce", "ignore_malformed"],
    )?;
    if fields.flag("ignore_unmapped")?.unwrap_or(false) {
        made.unmapped_type = Some("geo_point".to_owned());
    }
    let rest = fields.rest();
    let [(field, places)] = rest.as_slice() else {
        return Err(ApiError::parsing("[_geo_distance] requires one field"));
    };
    made.by = By::Distance {
        field: (*field).clone(),
        from: read_places(places)?,
        unit,
    };
    Ok(made)
}

fn read_places(value: &Value) -> Result<Vec<Point>, ApiError> {
    let read = |value: &Value| {
        read_place(value).map_err(|reason| ApiError::bad_request("parse_exception", reason))
    };
    match value {
        Value::Array(items) if !items.first().is_some_and(Value::is_number) => {
            items.iter().map(read).collect()
        }
        value => Ok(vec![read(value)?]),
    }
}

impl SortKey {
    pub fn is_score(&self) -> bool {
        matches!(self.by, By::Score)
    }

    pub fn compare(&self, a: Option<&Term>, b: Option<&Term>) -> Ordering {
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
    pub fn shown(&self, term: Option<&Term>) -> Value {
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

/// Refuses to sort or aggregate on analysed text, and on fields without values by column.
pub(crate) fn check_doc_values(index: &Index, field: &Field) -> Result<(), ApiError> {
    match field.kind {
        Kind::Text { fielddata: false, .. } => Err(ApiError::illegal_argument(format!(
            "Fielddata is disabled on [{0}] in [{1}]. Text fields are not optimised for operations that require per-document field data like aggregations and sorting, so these operations are disabled by default. Please use a keyword field instead. Alternatively, set fielddata=true on [{0}] in order to load field data by uninverting the inverted index. Note that this can use significant memory.",
            field.path, index.name
        ))
        .in_search()),
        Kind::Text { .. } => Err(ApiError::unsupported("[fielddata] of text fields")),
        Kind::Vector { .. } | Kind::Completion { .. } => Err(ApiError::illegal_argument(format!(
            "Fielddata is not supported on field [{}] of type [{}]",
            field.path, field.type_name
        ))
        .in_search()),
        _ if !field.doc_values => Err(ApiError::illegal_argument(format!(
            "Can't load fielddata on [{}] because fielddata is unsupported on fields of type [{}]. Use doc values instead.",
            field.path, field.type_name
        ))
        .in_search()),
        _ => Ok(()),
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
        return Err(
            ApiError::illegal_argument("Sort must contain at least one field.").in_search(),
        );
    }
    if values.is_empty() {
        return Err(ApiError::illegal_argument(
            "Values must contains at least one value.",
        ));
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
        let By::Field(path) = &key.by else {
            return Ok(Term::plain(value));
        };
        let field = indices.iter().find_map(|index| index.mapping.field(path));
        match (value, field) {
            (Value::Null, _) => Ok(None),
            (Value::String(text), _) if text == "Infinity" => Ok(Some(Term::Float(f64::INFINITY))),
            (Value::String(text), _) if text == "-Infinity" => {
                Ok(Some(Term::Float(f64::NEG_INFINITY)))
            }
            (value, Some(field)) if field.is_date() && value.is_number() => Ok(Term::plain(value)),
            // Normalizers do not change it.
            (Value::String(text), Some(field)) if matches!(field.kind, Kind::Keyword { .. }) => {
                Ok(Some(Term::Text(text.clone())))
            }
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
