//! `terms` and `rare_terms`.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use serde_json::{Value, json};

use super::{Agg, Bucket, Context, Outcome, Values, keyed, member};
use crate::api::error::ApiError;
use crate::api::value::Term;
use crate::json::object;
use crate::search::execute::Row;
use crate::search::query::lucene_regex;
use crate::store::{Kind, Number};
use crate::strict::Fields;

/// A term, and the documents that have it.
type Filled<'a> = (Term, Vec<Row<'a>>);

/// Which terms have buckets.
enum Choice {
    All,
    Exact(Vec<String>),
    Pattern(regex_lite::Regex),
}

impl Choice {
    fn parse(value: Option<&Value>) -> Result<Self, ApiError> {
        match value {
            None => Ok(Self::All),
            Some(Value::Array(items)) => {
                let text = |item: &Value| {
                    item.as_str()
                        .map_or_else(|| item.to_string(), str::to_owned)
                };
                Ok(Self::Exact(items.iter().map(text).collect()))
            }
            Some(Value::String(pattern)) => lucene_regex(pattern, false).map(Self::Pattern),
            Some(_) => Err(ApiError::unsupported("partitions in [terms]")),
        }
    }

    fn is_pattern(&self) -> bool {
        matches!(self, Self::Pattern(_))
    }

    fn has(&self, term: &Term) -> bool {
        match self {
            Self::All => true,
            Self::Exact(texts) => texts.contains(&term.text()),
            Self::Pattern(pattern) => pattern.is_match(&term.text()),
        }
    }
}

/// The settings of an aggregation of terms.
struct Settings {
    values: Values,
    size: usize,
    /// The least and the greatest number of documents of a bucket.
    counts: RangeInclusive<usize>,
    include: Choice,
    exclude: Option<Choice>,
    order: Vec<(String, bool)>,
}

impl Settings {
    fn read(agg: &Agg) -> Result<Self, ApiError> {
        let fields = Fields::section(&agg.kind, &agg.settings)?;
        fields.unsupported(&["script", "value_type", "format"])?;
        let values = Values::read(&fields)?;
        let include = Choice::parse(fields.get("include")?)?;
        let exclude = match fields.get("exclude")? {
            Some(exclude) => Some(Choice::parse(Some(exclude))?),
            None => None,
        };
        let settings = if agg.kind == "rare_terms" {
            fields.float("precision")?;
            Self {
                values,
                size: usize::MAX,
                counts: 1..=fields.positive("max_doc_count")?.unwrap_or(1),
                include,
                exclude,
                order: vec![("_count".to_owned(), false)],
            }
        } else {
            fields.count("shard_size")?;
            fields.count("shard_min_doc_count")?;
            fields.flag("show_term_doc_count_error")?;
            fields.text("collect_mode")?;
            fields.text("execution_hint")?;
            Self {
                values,
                size: fields.positive("size")?.unwrap_or(10),
                counts: fields.count("min_doc_count")?.unwrap_or(1)..=usize::MAX,
                include,
                exclude,
                order: read_order(fields.get("order")?)?,
            }
        };
        fields.finish()?;
        Ok(settings)
    }

    fn has_pattern(&self) -> bool {
        self.include.is_pattern() || self.exclude.as_ref().is_some_and(Choice::is_pattern)
    }

    fn has(&self, term: &Term) -> bool {
        self.include.has(term) && !self.exclude.as_ref().is_some_and(|choice| choice.has(term))
    }
}

impl<'a> Context<'_, 'a> {
    pub(super) fn terms(&self, agg: &Agg, rows: &[Row<'a>]) -> Result<Outcome, ApiError> {
        let settings = Settings::read(agg)?;
        let field = self.valued_field(&settings.values, &agg.kind)?;
        let on_texts = field
            .as_ref()
            .is_none_or(|field| matches!(field.kind, Kind::Keyword { .. } | Kind::Text { .. }));
        if !on_texts && settings.has_pattern() {
            return Err(ApiError::illegal_argument(format!(
                "Aggregation [{}] cannot support regular expression style include/exclude settings as they can only be applied to string fields. Use an array of values for include/exclude clauses",
                agg.name
            ))
            .in_search());
        }
        let mut buckets = self.filled(&settings, rows)?;
        self.sort_buckets(agg, &mut buckets, &settings.order)?;
        let others = buckets.iter().skip(settings.size);
        let others: usize = others.map(|(_, rows)| rows.len()).sum();
        buckets.truncate(settings.size);
        let made = buckets
            .into_iter()
            .map(|(term, rows)| keyed(Bucket::new(rows), field.as_deref(), &term))
            .collect();
        let prefix = match field.as_deref().map(|field| &field.kind) {
            None => "um",
            Some(Kind::Number(Number::UnsignedLong)) => "ul",
            Some(Kind::Number(number)) if !number.is_whole() => "d",
            Some(Kind::Number(_) | Kind::Boolean | Kind::Date { .. }) => "l",
            Some(_) => "s",
        };
        let shown = self.finish(agg, made)?;
        if agg.kind == "rare_terms" {
            return Ok((format!("{prefix}rareterms"), object! {"buckets": shown}));
        }
        Ok((
            format!("{prefix}terms"),
            object! {"doc_count_error_upper_bound": 0, "sum_other_doc_count": others, "buckets": shown},
        ))
    }

    /// The terms that have buckets, with their documents.
    fn filled(&self, settings: &Settings, rows: &[Row<'a>]) -> Result<Vec<Filled<'a>>, ApiError> {
        let path = &settings.values.field;
        let mut grouped: BTreeMap<String, Filled<'a>> = BTreeMap::new();
        let empty = |term: &Term| (term.clone(), Vec::new());
        if *settings.counts.start() == 0 {
            for shard in self.shards {
                for term in shard
                    .holders(path)
                    .iter()
                    .flat_map(|entry| entry.terms(path))
                {
                    grouped.entry(term.text()).or_insert_with(|| empty(term));
                }
            }
        }
        for row in rows {
            let mut terms = self.values(row, &settings.values)?;
            terms.sort_by(Term::compare);
            terms.dedup_by(|a, b| a.compare(b).is_eq());
            for term in terms {
                let bucket = grouped.entry(term.text()).or_insert_with(|| empty(&term));
                bucket.1.push(row.clone());
            }
        }
        let has_bucket =
            |(term, rows): &Filled<'a>| settings.counts.contains(&rows.len()) && settings.has(term);
        Ok(grouped.into_values().filter(has_bucket).collect())
    }

    fn sort_buckets(
        &self,
        agg: &Agg,
        buckets: &mut Vec<Filled<'a>>,
        order: &[(String, bool)],
    ) -> Result<(), ApiError> {
        let mut keyed: Vec<(Vec<f64>, Filled<'a>)> = Vec::new();
        for (term, rows) in buckets.drain(..) {
            let mut keys = Vec::new();
            for (by, _) in order {
                keys.push(match by.as_str() {
                    "_count" => rows.len() as f64,
                    "_key" => 0.0,
                    path => self.metric_at(agg, path, &rows)?,
                });
            }
            keyed.push((keys, (term, rows)));
        }
        keyed.sort_by(|(a, (first, _)), (b, (second, _))| {
            let parts = order.iter().zip(a.iter().zip(b));
            let compared = parts.map(|((by, descending), (a, b))| {
                let order = if by == "_key" {
                    first.compare(second)
                } else {
                    a.total_cmp(b)
                };
                if *descending { order.reverse() } else { order }
            });
            let found = compared.into_iter().find(|order| order.is_ne());
            found.unwrap_or_else(|| first.compare(second))
        });
        buckets.extend(keyed.into_iter().map(|(_, bucket)| bucket));
        Ok(())
    }

    /// The value of a metric inside: `name`, `name.max`, `filter>name`.
    fn metric_at(&self, agg: &Agg, path: &str, rows: &[Row<'a>]) -> Result<f64, ApiError> {
        let (first, rest) = path
            .split_once('>')
            .map_or((path, None), |(first, rest)| (first, Some(rest)));
        let (name, property) = first
            .split_once('.')
            .or_else(|| {
                Some((
                    first.split_once('[')?.0,
                    first.split_once('[')?.1.trim_end_matches(']'),
                ))
            })
            .unwrap_or((first, ""));
        let Some(sub) = agg.subs.iter().find(|sub| sub.name == name) else {
            return Err(ApiError::illegal_argument(format!(
                "Invalid aggregation order path [{path}]. The provided aggregation [{name}] either does not exist, or is a pipeline aggregation and cannot be used to sort the buckets."
            )).rooted("").in_search());
        };
        let (_, body) = self.one(sub, rows)?;
        if let Some(rest) = rest {
            let inner = member(&body, rest);
            let value = inner
                .and_then(|inner| member(&inner, "value"))
                .map(|value| value.to_value());
            return Ok(value
                .and_then(|value| value.as_f64())
                .unwrap_or(f64::NEG_INFINITY));
        }
        let property = match (property, sub.kind.as_str()) {
            ("", "filter" | "nested" | "missing" | "reverse_nested" | "global") => "doc_count",
            ("", "percentiles") => return Err(ApiError::unsupported("this order of buckets")),
            ("", "stats" | "extended_stats") => {
                return Err(ApiError::illegal_argument(format!(
                    "Invalid aggregation order path [{path}]. Missing value key in [{path}] which refers to a multi-value metric aggregation"
                ))
                .in_search());
            }
            ("", _) => "value",
            (property, "percentiles") => {
                let values = member(&body, "values")
                    .map(|value| value.to_value())
                    .unwrap_or_default();
                let number: f64 = property.parse().unwrap_or(0.0);
                let found = values
                    .as_object()
                    .into_iter()
                    .flatten()
                    .find(|(name, _)| name.parse() == Ok(number));
                return Ok(found
                    .and_then(|(_, value)| value.as_f64())
                    .unwrap_or(f64::NEG_INFINITY));
            }
            (property, _) => property,
        };
        let value = member(&body, property).map(|value| value.to_value());
        Ok(value
            .and_then(|value| value.as_f64())
            .unwrap_or(f64::NEG_INFINITY))
    }
}

/// The sort keys of buckets and whether they descend; by default the largest comes first.
pub(super) fn read_order(value: Option<&Value>) -> Result<Vec<(String, bool)>, ApiError> {
    let Some(value) = value else {
        return Ok(vec![("_count".to_owned(), true)]);
    };
    let items = match value {
        Value::Array(items) => items.clone(),
        value => vec![value.clone()],
    };
    let mut order = Vec::new();
    for item in &items {
        let entry = item.as_object().and_then(|fields| fields.iter().next());
        let Some((by, direction)) = entry else {
            return Err(ApiError::parsing(
                "Must specify at least one field for [order]",
            ));
        };
        let descending = match direction.as_str().map(str::to_ascii_lowercase).as_deref() {
            Some("asc") => false,
            Some("desc") => true,
            _ => {
                return Err(ApiError::bad_request(
                    "x_content_parse_exception",
                    format!(
                        "[1:1] [terms] failed to parse field [order]: unknown direction {}",
                        json!(direction)
                    ),
                )
                .rooted("parsing_exception"));
            }
        };
        order.push((by.clone(), descending));
    }
    Ok(order)
}
