//! A sort key on one shard: the values of its documents.

use std::sync::Arc;

use serde_json::Value;

use super::{By, Missing, Mode, SortKey, check_doc_values};
use crate::api::error::ApiError;
use crate::api::value::Term;
use crate::search::query::{Compiler, distance_meters};
use crate::search::shard::{Scorer, Shard, View};
use crate::store::{Field, Index, Kind, Number, java_number, scalar};
use crate::strict::Fields;

/// A sort key with what it needs of one shard.
pub(crate) struct Bound<'k, 'a> {
    key: &'k SortKey,
    field: Option<Arc<Field>>,
    nested: Option<(String, Option<Scorer<'a>>)>,
    index: &'a str,
}

impl SortKey {
    /// Prepares the key for a shard.
    ///
    /// # Errors
    /// 400 for a text field, or one that the index does not have.
    pub fn bind<'k, 'a>(
        &'k self,
        compiler: &Compiler<'a>,
        shard: &'a Shard<'a>,
    ) -> Result<Bound<'k, 'a>, ApiError> {
        let (By::Field(path) | By::Distance { field: path, .. }) = &self.by else {
            return Ok(Bound {
                key: self,
                field: None,
                nested: None,
                index: &shard.index.name,
            });
        };
        let index = shard.index;
        let field = match index.mapping.field(path) {
            None => self.unmapped(index, path)?,
            field => field,
        };
        match &field {
            Some(field) => self.check_field(index, field)?,
            None => self.check_missing(index, path)?,
        }
        let nested = match (&self.nested, &field) {
            (Some(settings), _) => Some(bind_nested(settings, compiler)?),
            (None, Some(field)) => match index.mapping.nested_parent(&field.path) {
                Some(_) if compiler.nested.is_none() => {
                    return Err(shard_failure(
                        index,
                        format!(
                            "it is mandatory to set the [nested] context on the nested sort field: [{path}]."
                        ),
                    ));
                }
                parent => parent.map(|path| (path, None)),
            },
            (None, None) => None,
        };
        Ok(Bound {
            key: self,
            field,
            nested,
            index: &index.name,
        })
    }
}

impl SortKey {
    /// Returns a field of the type that stands for one which the index does not have.
    fn unmapped(&self, index: &Index, path: &str) -> Result<Option<Arc<Field>>, ApiError> {
        let kind = match self.unmapped_type.as_deref() {
            Some(kind) if !path.starts_with('_') => kind,
            _ => return Ok(None),
        };
        let field = index.mapping.unmapped(path, kind).map_err(|error| {
            if error.is_unsupported() {
                return error;
            }
            ApiError::illegal_argument(format!("No mapper found for type [{kind}]")).in_search()
        })?;
        Ok(Some(Arc::new(field)))
    }

    /// Refuses a field that the index does not have.
    fn check_missing(&self, index: &Index, path: &str) -> Result<(), ApiError> {
        match path {
            "_id" => Err(ApiError::illegal_argument("Fielddata access on the _id field is disallowed, you can re-enable it by updating the dynamic cluster setting: indices.id_field_data.enabled").in_search()),
            "_index" | "_seq_no" | "_version" => Ok(()),
            "_routing" | "_source" => Err(ApiError::illegal_argument(format!(
                "Fielddata is not supported on field [{path}]"
            ))
            .in_search()),
            _ if self.unmapped_type.is_none() => Err(shard_failure(
                index,
                format!("No mapping found for [{path}] in order to sort on"),
            )),
            _ => Ok(()),
        }
    }

    /// Refuses settings that the field's type does not support.
    fn check_field(&self, index: &Index, field: &Field) -> Result<(), ApiError> {
        let path = &field.path;
        let of_places = matches!(self.by, By::Distance { .. });
        match (of_places, matches!(field.kind, Kind::GeoPoint)) {
            (true, false) => {
                let reason = format!("field [{path}] is no geo_point");
                return Err(ApiError::illegal_argument(reason).in_search());
            }
            (true, true) => return check_doc_values(index, field),
            (false, true) => {
                return Err(ApiError::illegal_argument(
                    "can't sort on geo_point field without using specific sorting feature, like geo_distance",
                )
                .in_search());
            }
            (false, false) => check_doc_values(index, field)?,
        }
        if let Missing::Value(value) = &self.missing {
            missing_term(field, value)?;
        }
        if self.format.is_some() && !field.is_date() {
            return Err(ApiError::illegal_argument(format!(
                "Field [{path}] of type [{}] doesn't support formats.",
                field.type_name
            ))
            .in_search());
        }
        if self.mode == Mode::Median && index.mapping.nested_parent(&field.path).is_some() {
            let reason = "Unsupported sort mode: MEDIAN".to_owned();
            return Err(ApiError::illegal_argument(reason).in_search());
        }
        let computes = matches!(self.mode, Mode::Avg | Mode::Sum | Mode::Median);
        if computes && !field.has_numbers() {
            return Err(shard_failure(
                index,
                "we only support AVG, MEDIAN and SUM on number based fields".to_owned(),
            ));
        }
        Ok(())
    }
}

/// Reads the value that stands for missing ones, as the server compares values of its type.
fn missing_term(field: &Field, value: &Value) -> Result<Term, ApiError> {
    let text = scalar(value).unwrap_or_else(|| value.to_string());
    let wrong = || crate::strict::not_a_number(&text).in_search();
    let whole = |least: i64, most: i64| {
        let number = match value {
            Value::Number(number) => number
                .as_i64()
                .or_else(|| number.as_f64().map(|number| number as i64)),
            _ => text.parse().ok(),
        };
        let number: i64 = number.ok_or_else(wrong)?;
        let fits = value.is_number() || (least..=most).contains(&number);
        if fits { Ok(number) } else { Err(wrong()) }
    };
    match &field.kind {
        Kind::Number(Number::Integer | Number::Short | Number::Byte) => {
            // Of a larger number the low bits are left.
            let number = whole(i32::MIN.into(), i32::MAX.into())?;
            Ok(Term::Integer(i64::from(number as i32)))
        }
        Kind::Number(number) if number.is_whole() => whole(i64::MIN, i64::MAX).map(Term::Integer),
        Kind::Date { .. } | Kind::Boolean => whole(i64::MIN, i64::MAX).map(Term::Integer),
        Kind::Number(_) => match value.as_f64().or_else(|| java_number(&text)) {
            Some(number) => Ok(Term::Float(number)),
            None => Err(wrong()),
        },
        Kind::Ip => Err(ApiError::unsupported(
            "[missing] addresses of a sort by [ip] fields",
        )),
        _ => Ok(Term::Text(text)),
    }
}

fn bind_nested<'a>(
    settings: &Value,
    compiler: &Compiler<'a>,
) -> Result<(String, Option<Scorer<'a>>), ApiError> {
    let fields = Fields::section("nested_sort", settings)?;
    fields.unsupported(&["nested", "max_children"])?;
    let path = fields
        .text("path")?
        .ok_or_else(|| ApiError::illegal_argument("Required [path]"))?;
    let inner = Compiler {
        nested: Some(path.clone()),
        marking: false,
        ..compiler.clone()
    };
    let filter = fields
        .get("filter")?
        .map(|filter| inner.compile(filter))
        .transpose()?;
    fields.finish()?;
    if !compiler
        .shard
        .index
        .mapping
        .object(&path)
        .is_some_and(|object| object.nested)
    {
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

impl<'a> Bound<'_, 'a> {
    /// Returns the value of a hit for this key.
    pub fn value(&self, view: View<'a>, score: f32, position: i64) -> Option<Term> {
        let key = self.key;
        match &key.by {
            By::Score => return Some(Term::Float(f64::from(score))),
            By::Document | By::ShardDocument => return Some(Term::Integer(position)),
            By::Field(path) if path == "_index" => {
                return Some(Term::Text(self.index.to_owned()));
            }
            By::Field(path) if path == "_version" => {
                let version = i64::try_from(view.document.version);
                return Some(Term::Integer(version.unwrap_or(i64::MAX)));
            }
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
                    filter
                        .as_ref()
                        .is_none_or(|filter| filter(View { entry, ..view }).is_some())
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
                        from.iter()
                            .map(|from| distance_meters(*from, *point) / unit)
                    })
                })
                .map(Term::Float)
                .collect(),
            _ => entries
                .iter()
                .flat_map(|entry| entry.terms(path).iter().cloned())
                .collect(),
        };
        self.picked(values)
    }

    /// Returns the value of several that counts, or what stands for none.
    fn picked(&self, values: Vec<Term>) -> Option<Term> {
        let kind = self.field.as_ref().map(|field| &field.kind);
        let is_single = matches!(kind, Some(Kind::Number(Number::Float | Number::HalfFloat)));
        match pick(values, self.key.mode) {
            // Computed in double precision, compared in that of the field.
            Some(Term::Float(number)) if is_single => Some(Term::Float(f64::from(number as f32))),
            Some(term) => Some(term),
            None => self.missing_value(),
        }
    }

    /// Returns the value of an object of a nested field, whose own values are right there.
    pub fn value_of_object(&self, view: View<'a>, score: f32, position: i64) -> Option<Term> {
        let path = self.field.as_ref().map_or("", |field| field.path.as_str());
        match self.key.by {
            By::Field(_) => self.picked(view.entry.terms(path).to_vec()),
            _ => self.value(view, score, position),
        }
    }

    /// Numbers that are missing have the value at the far end of their type.
    fn missing_value(&self) -> Option<Term> {
        let key = self.key;
        if let Missing::Value(value) = &key.missing {
            return match &self.field {
                Some(field) => missing_term(field, value).ok(),
                None => Term::plain(value),
            };
        }
        let low = matches!(key.missing, Missing::First) != key.descending;
        let small = matches!(
            self.field.as_ref().map(|field| &field.kind),
            Some(Kind::Number(Number::Integer | Number::Short | Number::Byte))
        );
        let (least, most) = if small {
            (i32::MIN.into(), i32::MAX.into())
        } else {
            (i64::MIN, i64::MAX)
        };
        let whole = Term::Integer(if low { least } else { most });
        let broken = Term::Float(if low {
            f64::NEG_INFINITY
        } else {
            f64::INFINITY
        });
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
            _ => None,
        }
    }
}

fn pick(mut values: Vec<Term>, mode: Mode) -> Option<Term> {
    values.sort_by(Term::compare);
    let numbers: Vec<f64> = values.iter().filter_map(Term::number).collect();
    let whole = values.iter().all(|value| matches!(value, Term::Integer(_)));
    let computed = |number: f64| {
        if whole {
            // Halves are rounded up, as in Java.
            Term::Integer((number + 0.5).floor() as i64)
        } else {
            Term::Float(number)
        }
    };
    // The sum of nothing is not negative, as it is in Rust.
    let sum: f64 = numbers.iter().fold(0.0, |sum, number| sum + number);
    match mode {
        _ if values.is_empty() => None,
        Mode::Min => values.into_iter().next(),
        Mode::Max => values.pop(),
        Mode::Sum if whole => {
            let add = |sum: i64, value: &Term| match value {
                Term::Integer(number) => sum.wrapping_add(*number),
                _ => sum,
            };
            Some(Term::Integer(values.iter().fold(0, add)))
        }
        Mode::Sum => Some(computed(sum)),
        Mode::Avg => Some(computed(sum / numbers.len().max(1) as f64)),
        Mode::Median => {
            let middle = numbers.len() / 2;
            let upper = numbers.get(middle).copied()?;
            if numbers.len() % 2 == 1 {
                return Some(computed(upper));
            }
            let lower = middle
                .checked_sub(1)
                .and_then(|lower| numbers.get(lower))
                .copied()?;
            Some(computed(f64::midpoint(lower, upper)))
        }
    }
}
