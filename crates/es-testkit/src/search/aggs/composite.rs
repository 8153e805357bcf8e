//! `composite`: buckets of several values together, page by page.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::date_histogram::Interval;
use super::histogram::{MAX_BUCKETS, too_many};
use super::{Agg, Bucket, Context, Outcome, Values, unfit};
use crate::api::error::ApiError;
use crate::api::value::Term;
use crate::dates::{Format, zone};
use crate::json::Json;
use crate::search::execute::Row;
use crate::store::{Kind, java_number};
use crate::strict::Fields;

struct Part {
    name: String,
    values: Values,
    descending: bool,
    with_missing: bool,
    how: How,
}

enum How {
    Terms,
    Histogram(f64),
    Dates {
        interval: Interval,
        zone: jiff::tz::TimeZone,
        format: Option<Format>,
    },
}

type Key = Vec<Option<Term>>;

impl<'a> Context<'_, 'a> {
    pub fn composite(&self, agg: &Agg, rows: &[Row<'a>]) -> Result<Outcome, ApiError> {
        let fields = Fields::section("composite", &agg.settings)?;
        let parts = read_parts(&fields)?;
        let size = read_size(&fields)?;
        if size > MAX_BUCKETS {
            return Err(too_many().in_search());
        }
        let after = fields.get("after")?.and_then(Value::as_object);
        fields.finish()?;
        for part in &parts {
            let field = self.valued_field(&part.values, "composite")?;
            if let Some(field) = field.filter(|_| !matches!(part.how, How::Terms))
                && !field.has_numbers()
            {
                return Err(unfit(&part.values.field, &field.type_name, "composite"));
            }
        }
        let mut grouped: Vec<(Key, Vec<Row<'a>>)> = Vec::new();
        for row in rows {
            for key in self.keys(&parts, row)? {
                let known = grouped
                    .iter_mut()
                    .find(|(known, _)| compare(&parts, known, &key).is_eq());
                match known {
                    Some((_, rows)) => rows.push(row.clone()),
                    None => grouped.push((key, vec![row.clone()])),
                }
            }
        }
        grouped.sort_by(|(a, _), (b, _)| compare(&parts, a, b));
        if let Some(after) = after {
            let key = self.after(&parts, after)?;
            grouped.retain(|(known, _)| compare(&parts, known, &key).is_gt());
        }
        grouped.truncate(size);
        let last = grouped
            .last()
            .map(|(key, _)| self.show(&parts, key))
            .transpose()?;
        let mut made = Vec::new();
        for (key, rows) in grouped {
            made.push(Bucket::new(rows).with("key", self.show(&parts, &key)?));
        }
        let buckets = self.finish(agg, made)?;
        let mut body = Vec::new();
        if let Some(last) = last {
            body.push(("after_key".to_owned(), last));
        }
        body.push(("buckets".to_owned(), Json::Array(buckets)));
        Ok(("composite".to_owned(), Json::Object(body)))
    }

    /// The keys of a document: one value of each part, in every combination.
    fn keys(&self, parts: &[Part], row: &Row<'a>) -> Result<Vec<Key>, ApiError> {
        let mut keys: Vec<Key> = vec![Vec::new()];
        for part in parts {
            let values = self.part_values(part, row)?;
            let longer = |key: &Key| {
                let key = key.clone();
                let values = values.iter();
                values.map(move |value| [key.as_slice(), std::slice::from_ref(value)].concat())
            };
            keys = keys.iter().flat_map(longer).collect();
        }
        Ok(keys)
    }

    /// Reads the key after which a page begins.
    fn after(&self, parts: &[Part], after: &Map<String, Value>) -> Result<Key, ApiError> {
        let mut key = Key::new();
        for part in parts {
            let Some(value) = after.get(&part.name) else {
                return Err(ApiError::illegal_argument(format!(
                    "Missing value for [after.{}]",
                    part.name
                ))
                .in_search());
            };
            key.push(self.after_part(part, value)?);
        }
        Ok(key)
    }

    fn after_part(&self, part: &Part, value: &Value) -> Result<Option<Term>, ApiError> {
        let unfit = || {
            ApiError::bad_request(
                "parse_exception",
                format!("incompatible value for [after.{}]", part.name),
            )
            .in_search()
        };
        let number = |text: &str| java_number(text).map(Term::Float);
        match (&part.how, value) {
            (_, Value::Null) if part.with_missing => Ok(None),
            (_, Value::Null) => Err(ApiError::illegal_argument(format!(
                "Invalid value for [after.{}], expected comparable, got [null]",
                part.name
            ))
            .in_search()),
            (
                How::Dates {
                    format: Some(format),
                    zone,
                    ..
                },
                Value::String(text),
            ) => {
                let parsed = format.read(text, zone).ok_or_else(unfit)?;
                Ok(Some(Term::Integer(parsed.millis)))
            }
            (How::Dates { .. } | How::Histogram(_), Value::String(text)) => {
                number(text).ok_or_else(unfit).map(Some)
            }
            (How::Terms, value) => match self.any_field(&part.values.field)? {
                Some(field) if matches!(field.kind, Kind::Keyword { .. }) => {
                    let text = value.as_str().ok_or_else(unfit)?;
                    Ok(Some(Term::Text(text.to_owned())))
                }
                Some(field) if !(field.is_date() && value.is_number()) => {
                    field.query_term(value).map_err(|_| unfit())
                }
                _ => Ok(Term::plain(value)),
            },
            (_, value) => Ok(Term::plain(value)),
        }
    }

    fn part_values(&self, part: &Part, row: &Row<'a>) -> Result<Vec<Option<Term>>, ApiError> {
        let mut found: Vec<Term> = self
            .values(row, &part.values)?
            .into_iter()
            .filter_map(|term| match (&part.how, &term) {
                (How::Terms, _) => Some(term),
                (How::Histogram(interval), term) => term
                    .number()
                    .map(|value| Term::Float((value / interval).floor() * interval)),
                (How::Dates { interval, zone, .. }, Term::Integer(millis)) => {
                    Some(Term::Integer(interval.round(*millis, zone)))
                }
                _ => None,
            })
            .collect();
        found.sort_by(Term::compare);
        found.dedup_by(|a, b| a.compare(b).is_eq());
        if found.is_empty() && part.with_missing {
            return Ok(vec![None]);
        }
        Ok(found.into_iter().map(Some).collect())
    }

    fn show(&self, parts: &[Part], key: &Key) -> Result<Json, ApiError> {
        let mut shown = Vec::new();
        for (part, term) in parts.iter().zip(key) {
            let value = match (&part.how, term) {
                (_, None) => Value::Null,
                (
                    How::Dates {
                        format: Some(format),
                        zone,
                        ..
                    },
                    Some(Term::Integer(millis)),
                ) => format.print(*millis, zone).into(),
                (_, Some(term)) => term.to_json(),
            };
            shown.push((part.name.clone(), Json::from(value)));
        }
        Ok(Json::Object(shown))
    }
}

/// Reads the number of buckets; the server fails where there can be none.
fn read_size(fields: &Fields<'_>) -> Result<usize, ApiError> {
    let failed = |kind: &'static str| {
        let status = http::StatusCode::INTERNAL_SERVER_ERROR;
        ApiError::new(status, kind, "[size] of [composite] is below 1").in_search()
    };
    match fields.integer("size")? {
        None => Ok(10),
        Some(0) => Err(failed("null_pointer_exception")),
        Some(size) => usize::try_from(size).map_err(|_| failed("negative_array_size_exception")),
    }
}

fn read_parts(fields: &Fields<'_>) -> Result<Vec<Part>, ApiError> {
    let sources = match fields.get("sources")? {
        None => return Err(ApiError::illegal_argument("Required [sources]")),
        Some(Value::Array(sources)) => sources,
        Some(_) => {
            return Err(ApiError::bad_request(
                "x_content_parse_exception",
                "[1:1] [composite] failed to parse field [sources]",
            )
            .rooted("parsing_exception"));
        }
    };
    if sources.is_empty() {
        return Err(fields.invalid("Composite [sources] cannot be null or empty"));
    }
    let parts = sources
        .iter()
        .map(read_part)
        .collect::<Result<Vec<_>, _>>()?;
    let mut names = BTreeSet::new();
    if let Some(twice) = parts.iter().find(|part| !names.insert(&part.name)) {
        return Err(fields.invalid(format!(
            "Composite source names must be unique, found duplicates: [{}]",
            twice.name
        )));
    }
    Ok(parts)
}

fn read_part(value: &Value) -> Result<Part, ApiError> {
    let empty = Map::new();
    let outer = value.as_object().unwrap_or(&empty);
    let (Some((name, body)), 1) = (outer.iter().next(), outer.len()) else {
        return Err(ApiError::illegal_argument(
            "a source of [composite] has one name",
        ));
    };
    let inner = body.as_object().unwrap_or(&empty);
    let (Some((kind, settings)), 1) = (inner.iter().next(), inner.len()) else {
        return Err(ApiError::parsing(format!(
            "a source of [composite] has one kind: [{name}]"
        )));
    };
    let fields = Fields::section(kind, settings)?;
    fields.unsupported(&["script", "missing_order", "value_type"])?;
    let field = fields.string("field")?.ok_or_else(|| {
        let status = http::StatusCode::INTERNAL_SERVER_ERROR;
        ApiError::new(status, "null_pointer_exception", "a source has no field").in_search()
    })?;
    let descending = fields
        .choice("order", &[("asc", false), ("desc", true)])?
        .unwrap_or(false);
    let with_missing = fields.flag("missing_bucket")?.unwrap_or(false);
    let how = match kind.as_str() {
        "terms" => How::Terms,
        "histogram" => match fields.float("interval")? {
            Some(interval) if interval > 0.0 => How::Histogram(interval),
            Some(_) => {
                return Err(
                    fields.invalid("[interval] must be greater than 0 for [histogram] source")
                );
            }
            None => {
                return Err(ApiError::illegal_argument(
                    "[interval] must be greater than 0 for [histogram] source",
                ));
            }
        },
        "date_histogram" => {
            fields.unsupported(&["offset"])?;
            How::Dates {
                interval: Interval::take(&fields)?,
                zone: zone(fields.text("time_zone")?.as_deref().unwrap_or("UTC"))?,
                format: fields
                    .text("format")?
                    .map(|text| Format::parse(&text))
                    .transpose()?,
            }
        }
        "geotile_grid" => return Err(ApiError::unsupported("[geotile_grid] in [composite]")),
        other => return Err(ApiError::parsing(format!("invalid source type: {other}"))),
    };
    fields.finish()?;
    Ok(Part {
        name: name.clone(),
        values: Values {
            field,
            missing: None,
        },
        descending,
        with_missing,
        how,
    })
}

fn compare(parts: &[Part], a: &Key, b: &Key) -> Ordering {
    let pairs = parts.iter().zip(a.iter().zip(b));
    let ordered = pairs.map(|(part, (a, b))| {
        let order = match (a, b) {
            (Some(a), Some(b)) => a.compare(b),
            (None, None) => Ordering::Equal,
            // What is missing comes before everything.
            (None, Some(_)) => Ordering::Less,
            (Some(_), None) => Ordering::Greater,
        };
        if part.descending {
            order.reverse()
        } else {
            order
        }
    });
    ordered
        .into_iter()
        .find(|order| order.is_ne())
        .unwrap_or(Ordering::Equal)
}
