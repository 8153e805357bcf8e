//! From JSON to a query, with the genuine server's complaints.

use serde_json::{Map, Value};

use super::range::Range;
use super::{Bool, Leaf, Query};
use crate::api::error::ApiError;

/// Parses `{"match": {..}}`; `null` is every document.
///
/// # Errors
/// 400 `parsing_exception` for what is no query, or one that is not known here.
pub(crate) fn parse(value: &Value) -> Result<Query, ApiError> {
    if value.is_null() {
        return Ok(Query::All { boost: 1.0 });
    }
    let Value::Object(fields) = value else {
        return Err(ApiError::parsing("[_na] query malformed, must start with start_object"));
    };
    let mut entries = fields.iter();
    let (Some((name, body)), None) = (entries.next(), entries.next()) else {
        let text = if fields.is_empty() {
            "query malformed, empty clause found"
        } else {
            "query malformed, expected [END_OBJECT] but found [FIELD_NAME]"
        };
        return Err(ApiError::parsing(text));
    };
    match name.as_str() {
        "match_all" => Ok(Query::All { boost: boost(body) }),
        "match_none" => Ok(Query::None),
        "bool" => parse_bool(object(name, body)?),
        "constant_score" => {
            let filter = object(name, body)?.get("filter").unwrap_or(&Value::Null);
            Ok(Query::Constant { filter: Box::new(parse(filter)?), boost: boost(body) })
        }
        "multi_match" => parse_multi_match(object(name, body)?),
        "ids" => {
            let ids = object(name, body)?.get("values");
            Ok(leaf(Leaf::Ids(texts(ids)), boost(body)))
        }
        "exists" => {
            let field = text(name, object(name, body)?.get("field"))?;
            Ok(leaf(Leaf::Exists { field }, boost(body)))
        }
        "terms" => parse_terms(object(name, body)?),
        "match" | "match_phrase" | "term" | "range" | "prefix" | "wildcard" => {
            parse_field_query(name, object(name, body)?)
        }
        other => Err(ApiError::parsing(format!("unknown query [{other}]"))),
    }
}

/// The `q` parameter: words, or `field:word`.
pub(crate) fn from_text(text: &str) -> Query {
    let clauses =
        text.split_whitespace().filter(|word| !matches!(*word, "AND" | "OR")).map(|word| {
            if word == "*" || word == "*:*" {
                return Query::All { boost: 1.0 };
            }
            match word.split_once(':') {
                Some((field, value)) if value.contains('*') => {
                    leaf(Leaf::Wildcard { field: field.to_owned(), pattern: value.to_owned() }, 1.0)
                }
                Some((field, value)) => leaf(
                    Leaf::Match {
                        field: field.to_owned(),
                        text: value.trim_matches('"').to_owned(),
                        all: false,
                    },
                    1.0,
                ),
                // Without a field every field is searched.
                None => leaf(
                    Leaf::Match { field: "*".to_owned(), text: word.to_owned(), all: false },
                    1.0,
                ),
            }
        });
    let clauses: Vec<Query> = clauses.collect();
    let both = text.contains(" AND ");
    Query::Bool(Bool {
        minimum_should_match: Some(if both { clauses.len() } else { 1 }),
        should: clauses,
        boost: 1.0,
        ..Bool::default()
    })
}

fn parse_bool(fields: &Map<String, Value>) -> Result<Query, ApiError> {
    let mut query = Bool { boost: 1.0, ..Bool::default() };
    for (name, value) in fields {
        match name.as_str() {
            "must" => query.must = clauses(value)?,
            "filter" => query.filter = clauses(value)?,
            "should" => query.should = clauses(value)?,
            "must_not" => query.must_not = clauses(value)?,
            "minimum_should_match" => {
                query.minimum_should_match = minimum(value, fields.get("should"))
            }
            "boost" => query.boost = value.as_f64().unwrap_or(1.0),
            "_name" => {}
            other => {
                return Err(ApiError::parsing(format!("[bool] query does not support [{other}]")));
            }
        }
    }
    Ok(Query::Bool(query))
}

/// A number, a number as text, or a percentage of the `should` clauses.
fn minimum(value: &Value, should: Option<&Value>) -> Option<usize> {
    let count = should.map_or(0, |should| should.as_array().map_or(1, Vec::len));
    let number = match value {
        Value::String(text) => match text.strip_suffix('%') {
            Some(percent) => percent.parse::<i64>().ok()? * i64::try_from(count).ok()? / 100,
            None => text.parse().ok()?,
        },
        value => value.as_i64()?,
    };
    // A negative number says how many may be missing.
    if number < 0 {
        Some(count.saturating_sub(usize::try_from(-number).ok()?))
    } else {
        usize::try_from(number).ok()
    }
}

fn clauses(value: &Value) -> Result<Vec<Query>, ApiError> {
    match value {
        Value::Array(items) => items.iter().map(parse).collect(),
        value => Ok(vec![parse(value)?]),
    }
}

fn parse_multi_match(fields: &Map<String, Value>) -> Result<Query, ApiError> {
    let wanted = text("multi_match", fields.get("query"))?;
    let all = is_and(fields.get("operator"));
    let names = texts(fields.get("fields"));
    Ok(Query::Best(
        names
            .iter()
            .map(|name| {
                let (field, weight) = name.split_once('^').unwrap_or((name, "1"));
                let text = wanted.clone();
                leaf(
                    Leaf::Match { field: field.to_owned(), text, all },
                    weight.parse().unwrap_or(1.0),
                )
            })
            .collect(),
    ))
}

fn parse_terms(fields: &Map<String, Value>) -> Result<Query, ApiError> {
    let boosted = fields.get("boost").and_then(Value::as_f64).unwrap_or(1.0);
    let mut named = fields.iter().filter(|(name, _)| !matches!(name.as_str(), "boost" | "_name"));
    match (named.next(), named.next()) {
        (Some((field, Value::Array(values))), None) => {
            Ok(leaf(Leaf::Terms { field: field.clone(), values: values.clone() }, boosted))
        }
        (Some(_), None) => Err(ApiError::parsing("[terms] query requires an array of values")),
        _ => Err(ApiError::parsing("[terms] query requires a field name")),
    }
}

/// Queries of the form `{"name": {"field": settings}}`.
fn parse_field_query(name: &str, fields: &Map<String, Value>) -> Result<Query, ApiError> {
    let mut entries = fields.iter();
    let (Some((field, body)), None) = (entries.next(), entries.next()) else {
        return Err(ApiError::parsing(format!(
            "[{name}] query doesn't support multiple fields or none"
        )));
    };
    let boost = boost(body);
    let field = field.clone();
    let given = |key: &str| {
        if body.is_object() { body.get(key) } else { Some(body) }
    };
    Ok(match name {
        "match" => {
            let all = is_and(body.get("operator"));
            leaf(Leaf::Match { field, text: scalar(name, given("query"))?, all }, boost)
        }
        "match_phrase" => leaf(Leaf::Phrase { field, text: scalar(name, given("query"))? }, boost),
        "term" => {
            let value =
                given("value").ok_or_else(|| ApiError::parsing("[term] query requires a value"))?;
            leaf(Leaf::Terms { field, values: vec![value.clone()] }, boost)
        }
        "prefix" => leaf(Leaf::Prefix { field, prefix: scalar(name, given("value"))? }, boost),
        "wildcard" => leaf(
            Leaf::Wildcard {
                field,
                pattern: scalar(name, given("value").or(body.get("wildcard")))?,
            },
            boost,
        ),
        _ => leaf(Leaf::Range(Range::parse(&field, object(name, body)?)?), boost),
    })
}

fn leaf(leaf: Leaf, boost: f64) -> Query {
    Query::Leaf { leaf, boost }
}

fn is_and(operator: Option<&Value>) -> bool {
    operator.and_then(Value::as_str).is_some_and(|operator| operator.eq_ignore_ascii_case("and"))
}

fn boost(body: &Value) -> f64 {
    body.get("boost").and_then(Value::as_f64).unwrap_or(1.0)
}

fn object<'v>(name: &str, value: &'v Value) -> Result<&'v Map<String, Value>, ApiError> {
    value.as_object().ok_or_else(|| {
        ApiError::parsing(format!("[{name}] query malformed, no start_object after query name"))
    })
}

fn text(name: &str, value: Option<&Value>) -> Result<String, ApiError> {
    value
        .and_then(Value::as_str)
        .map(str::to_owned)
        .ok_or_else(|| ApiError::parsing(format!("[{name}] query: a required text is missing")))
}

/// Texts as they are, numbers and booleans as texts.
fn scalar(name: &str, value: Option<&Value>) -> Result<String, ApiError> {
    match value {
        Some(Value::String(text)) => Ok(text.clone()),
        Some(value @ (Value::Number(_) | Value::Bool(_))) => Ok(value.to_string()),
        _ => Err(ApiError::parsing(format!("[{name}] unknown token in query"))),
    }
}

fn texts(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::Array(items)) => {
            items.iter().filter_map(|item| scalar("", Some(item)).ok()).collect()
        }
        Some(Value::String(text)) => vec![text.clone()],
        _ => Vec::new(),
    }
}
