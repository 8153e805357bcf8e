//! Sorting, and paging behind a sort key (`search_after`).

use std::cmp::Ordering;

use serde_json::Value;

use super::error::ApiError;
use super::value::{Term, terms_of};
use crate::store::{Document, FieldKind, Index};

/// One sort key.
#[derive(Clone, Debug)]
pub(crate) struct SortKey {
    pub(crate) field: String,
    descending: bool,
    missing_first: bool,
}

/// Parses `sort`: a name, `name:desc`, an object, or a list of these.
///
/// # Errors
/// 400 for anything else.
pub(crate) fn parse(value: &Value) -> Result<Vec<SortKey>, ApiError> {
    match value {
        Value::Null => Ok(Vec::new()),
        Value::Array(items) => Ok(items.iter().map(parse).collect::<Result<Vec<_>, _>>()?.concat()),
        Value::String(text) => {
            let (field, order) = text.split_once(':').unwrap_or((text, ""));
            Ok(vec![key(field, order, None)])
        }
        Value::Object(fields) => Ok(fields
            .iter()
            .map(|(field, settings)| match settings {
                Value::String(order) => key(field, order, None),
                settings => key(
                    field,
                    settings.get("order").and_then(Value::as_str).unwrap_or(""),
                    settings.get("missing").and_then(Value::as_str),
                ),
            })
            .collect()),
        _ => Err(ApiError::illegal_argument("malformed sort format")),
    }
}

fn key(field: &str, order: &str, missing: Option<&str>) -> SortKey {
    // The best score comes first unless asked otherwise; everything else ascends.
    let descending = if order.is_empty() { field == "_score" } else { order == "desc" };
    SortKey { field: field.to_owned(), descending, missing_first: missing == Some("_first") }
}

impl SortKey {
    /// The document's value for this key.
    ///
    /// # Errors
    /// 400 for a text field, or a field that no index knows.
    pub(crate) fn value(
        &self,
        index: &Index,
        document: &Document,
        score: f64,
        position: u64,
    ) -> Result<Option<Term>, ApiError> {
        match self.field.as_str() {
            "_score" => return Ok(Some(Term::Float(score))),
            "_doc" | "_shard_doc" => {
                return Ok(Some(Term::Integer(i64::try_from(position).unwrap_or(i64::MAX))));
            }
            _ => {}
        }
        let terms = terms_of(&index.mapping, document, &index.name, &self.field);
        Ok(if self.descending {
            terms.into_iter().max_by(Term::compare)
        } else {
            terms.into_iter().min_by(Term::compare)
        })
    }

    /// Checks that the index can sort by the key.
    ///
    /// # Errors
    /// 400 for a text field, or a field the index does not know.
    pub(crate) fn check(&self, index: &Index) -> Result<(), ApiError> {
        if self.field.starts_with('_') {
            return Ok(());
        }
        match index.mapping.field(&self.field).0 {
            FieldKind::Text => Err(no_fielddata(index, &self.field)),
            FieldKind::Unmapped if !index.documents.is_empty() => Err(ApiError::bad_request(
                "query_shard_exception",
                format!("No mapping found for [{}] in order to sort on", self.field),
            )
            .with("index", &*index.name)
            .in_search()),
            _ => Ok(()),
        }
    }

    pub(crate) fn compare(&self, a: Option<&Term>, b: Option<&Term>) -> Ordering {
        match (a, b) {
            (Some(a), Some(b)) if self.descending => b.compare(a),
            (Some(a), Some(b)) => a.compare(b),
            (None, None) => Ordering::Equal,
            (None, Some(_)) if self.missing_first => Ordering::Less,
            (Some(_), None) if self.missing_first => Ordering::Greater,
            (None, Some(_)) => Ordering::Greater,
            (Some(_), None) => Ordering::Less,
        }
    }
}

/// The genuine server's refusal to sort or aggregate on analysed text.
pub(crate) fn no_fielddata(index: &Index, field: &str) -> ApiError {
    ApiError::illegal_argument(format!(
        "Fielddata is disabled on [{field}] in [{}]. Text fields are not optimised for operations that require per-document field data like aggregations and sorting, so these operations are disabled by default. Please use a keyword field instead. Alternatively, set fielddata=true on [{field}] in order to load field data by uninverting the inverted index. Note that this can use significant memory.",
        index.name
    ))
    .in_search()
}

/// How a row of sort values compares with those of `search_after`.
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
/// 400 when their number is not that of the sort keys.
pub(crate) fn parse_after(
    keys: &[SortKey],
    value: &Value,
) -> Result<Option<Vec<Option<Term>>>, ApiError> {
    let Value::Array(values) = value else {
        return Ok(None);
    };
    if values.len() != keys.len() {
        return Err(ApiError::illegal_argument(format!(
            "search_after has {} value(s) but sort has {}.",
            values.len(),
            keys.len()
        ))
        .in_search());
    }
    Ok(Some(values.iter().map(|value| Term::read(FieldKind::Unmapped, value)).collect()))
}
