//! `terms` and `rare_terms`.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use serde_json::{Value, json};

use super::metric::DEFAULT_PERCENTS;
use super::{Agg, Bucket, Context, Outcome, Values, keyed, member, unfit};
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
            Some(Value::String(pattern)) => lucene_regex(pattern, false)
                .map(Self::Pattern)
                .map_err(|error| {
                    error.retyped("illegal_argument_exception", "x_content_parse_exception")
                }),
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
    /// The number of buckets that each shard returns.
    shard_size: usize,
    /// The number of documents that a bucket must have on its shard.
    shard_least: usize,
    /// Whether each bucket says how many of its documents may be missing.
    shows_error: bool,
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
            let most = fields.positive("max_doc_count")?.unwrap_or(1);
            if most > 100 {
                return Err(fields.invalid(format!(
                    "[max_doc_count] must be smaller than [100] in [{}]",
                    agg.name
                )));
            }
            Self {
                values,
                size: usize::MAX,
                shard_size: usize::MAX,
                shard_least: 0,
                shows_error: false,
                counts: 1..=most,
                include,
                exclude,
                order: vec![("_count".to_owned(), false)],
            }
        } else {
            check_mode(&fields)?;
            fields.text("execution_hint")?;
            let size = fields.positive("size")?.unwrap_or(10);
            let order = read_order(fields.get("order")?)?;
            // Counts of several shards get better with more buckets of each, keys do not.
            let default = if is_by_key(&order) {
                size
            } else {
                size.saturating_add(size / 2).saturating_add(10)
            };
            let least = fields.count("min_doc_count")?.unwrap_or(1);
            let shard_least = fields.count("shard_min_doc_count")?.unwrap_or(0);
            Self {
                values,
                size,
                shard_size: fields.positive("shard_size")?.unwrap_or(default).max(size),
                shard_least: shard_least.min(least),
                shows_error: fields.flag("show_term_doc_count_error")?.unwrap_or(false),
                counts: least..=usize::MAX,
                include,
                exclude,
                order,
            }
        };
        fields.finish()?;
        Ok(settings)
    }

    /// The most documents that a term may have on a shard that did not return it: as many as the
    /// last one that it returned. `None` where that cannot be known.
    fn error(&self, returned: &[Filled<'_>]) -> Option<usize> {
        if returned.len() < self.shard_size || is_by_key(&self.order) {
            return Some(0);
        }
        let by_count = matches!(self.order.as_slice(), [(by, true), ..] if by == "_count");
        let counts = returned.iter().map(|(_, rows)| rows.len());
        by_count.then(|| counts.min().unwrap_or(0))
    }

    fn has_pattern(&self) -> bool {
        self.include.is_pattern() || self.exclude.as_ref().is_some_and(Choice::is_pattern)
    }

    fn has(&self, term: &Term) -> bool {
        self.include.has(term) && !self.exclude.as_ref().is_some_and(|choice| choice.has(term))
    }
}

/// Refuses an unknown `collect_mode`.
fn check_mode(fields: &Fields<'_>) -> Result<(), ApiError> {
    match fields.text("collect_mode")?.as_deref() {
        None | Some("depth_first" | "breadth_first") => Ok(()),
        Some(other) => Err(fields
            .wrong("collect_mode", &other.into())
            .rooted("parse_exception")),
    }
}

/// Refuses an unknown `execution_hint`.
fn check_hint(agg: &Agg) -> Result<(), ApiError> {
    let hint = agg.settings.get("execution_hint").and_then(Value::as_str);
    match hint {
        None | Some("map" | "global_ordinals") => Ok(()),
        Some(other) => Err(ApiError::illegal_argument(format!(
            "Unknown `execution_hint`: [{other}], expected any of [map, global_ordinals]"
        ))
        .in_search()),
    }
}

/// The buckets of all shards together.
#[derive(Default)]
struct Merged<'a> {
    buckets: Vec<Filled<'a>>,
    /// The number of documents of terms that their shards did not return.
    left_out: usize,
    /// The number of shards that have the field.
    shards: usize,
    /// By shard, the most documents of a term that it did not return.
    errors: BTreeMap<usize, Option<usize>>,
}

impl Merged<'_> {
    /// Returns how many documents a term without a bucket may have, or -1 if unknown.
    fn error(&self) -> i64 {
        let errors: Option<Vec<usize>> = self.errors.values().copied().collect();
        if errors.is_none() {
            return -1;
        }
        if self.shards == 1 {
            return 0;
        }
        let sum: usize = errors.into_iter().flatten().sum();
        i64::try_from(sum).unwrap_or(i64::MAX)
    }
}

/// Whether buckets are sorted by their keys alone.
fn is_by_key(order: &[(String, bool)]) -> bool {
    matches!(order, [(by, _)] if by == "_key")
}

impl<'a> Context<'_, 'a> {
    pub(super) fn terms(&self, agg: &Agg, rows: &[Row<'a>]) -> Result<Outcome, ApiError> {
        let settings = Settings::read(agg)?;
        let field = self.valued_field(&settings.values, &agg.kind)?;
        let on_texts = field
            .as_ref()
            .is_none_or(|field| matches!(field.kind, Kind::Keyword { .. } | Kind::Text { .. }));
        let is_fraction = matches!(
            field.as_ref().map(|field| &field.kind),
            Some(Kind::Number(number)) if !number.is_whole()
        );
        if agg.kind == "rare_terms" && is_fraction {
            let kind = field.as_ref().map_or("", |field| field.type_name.as_str());
            return Err(unfit(&settings.values.field, kind, "rare_terms"));
        }
        if on_texts {
            check_hint(agg)?;
        }
        if !on_texts && settings.has_pattern() {
            return Err(ApiError::illegal_argument(format!(
                "Aggregation [{}] cannot support regular expression style include/exclude settings as they can only be applied to string fields. Use an array of values for include/exclude clauses",
                agg.name
            ))
            .in_search());
        }
        let mut found = self.merged(agg, &settings, rows)?;
        self.sort_buckets(agg, &mut found.buckets, &settings.order)?;
        let others = found.buckets.iter().skip(settings.size);
        let others: usize = found.left_out + others.map(|(_, rows)| rows.len()).sum::<usize>();
        found.buckets.truncate(settings.size);
        let error = found.error();
        // The server counts them by the parts in which it merges the shards.
        if settings.shows_error && error != 0 {
            return Err(ApiError::unsupported(
                "[show_term_doc_count_error] where shards leave terms out",
            ));
        }
        let made = found.buckets.iter().map(|(term, rows)| {
            let bucket = keyed(Bucket::new(rows.clone()), field.as_deref(), term);
            if settings.shows_error {
                bucket.with("doc_count_error_upper_bound", 0)
            } else {
                bucket
            }
        });
        let made = made.collect();
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
            object! {"doc_count_error_upper_bound": error, "sum_other_doc_count": others, "buckets": shown},
        ))
    }

    /// The terms that the shards return, with their documents.
    fn merged(
        &self,
        agg: &Agg,
        settings: &Settings,
        rows: &[Row<'a>],
    ) -> Result<Merged<'a>, ApiError> {
        let mut merged = Merged::default();
        let mut all: BTreeMap<String, Filled<'a>> = BTreeMap::new();
        for number in 0..self.shards.len() {
            let own = rows.iter().filter(|row| row.shard == number);
            let own: Vec<Row<'a>> = own.cloned().collect();
            if self.is_sparse.get() && own.is_empty() {
                continue;
            }
            if self.field(number, &settings.values.field)?.is_some() {
                merged.shards += 1;
            }
            let mut buckets = self.filled(settings, number, &own)?;
            let count = |buckets: &[Filled<'a>]| buckets.iter().map(|(_, rows)| rows.len()).sum();
            let before: usize = count(&buckets);
            buckets.retain(|(_, rows)| rows.len() >= settings.shard_least);
            if settings.shard_size < buckets.len() {
                self.sort_buckets(agg, &mut buckets, &settings.order)?;
                buckets.truncate(settings.shard_size);
            }
            merged.left_out += before - count(&buckets);
            merged.errors.insert(number, settings.error(&buckets));
            for (term, rows) in buckets {
                let bucket = all.entry(term.text());
                let bucket = bucket.or_insert_with(|| (term, Vec::new()));
                bucket.1.extend(rows);
            }
        }
        let fits = |(_, rows): &Filled<'a>| settings.counts.contains(&rows.len());
        merged.buckets = all.into_values().filter(fits).collect();
        Ok(merged)
    }

    /// The terms of a shard, with their documents.
    fn filled(
        &self,
        settings: &Settings,
        shard: usize,
        rows: &[Row<'a>],
    ) -> Result<Vec<Filled<'a>>, ApiError> {
        let path = &settings.values.field;
        let mut grouped: BTreeMap<String, Filled<'a>> = BTreeMap::new();
        let empty = |term: &Term| (term.clone(), Vec::new());
        if *settings.counts.start() == 0 {
            let shard = self.shards.get(shard);
            let holders = shard.map(|shard| shard.holders(path)).unwrap_or_default();
            for term in holders.iter().flat_map(|entry| entry.terms(path)) {
                grouped.entry(term.text()).or_insert_with(|| empty(term));
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
        let grouped = grouped.into_values();
        Ok(grouped.filter(|(term, _)| settings.has(term)).collect())
    }

    fn sort_buckets(
        &self,
        agg: &Agg,
        buckets: &mut Vec<Filled<'a>>,
        order: &[(String, bool)],
    ) -> Result<(), ApiError> {
        // A single bucket is not compared.
        if buckets.len() != 1 {
            let is_text = matches!(buckets.first(), Some((Term::Text(_), _)));
            for (by, _) in order.iter().filter(|(by, _)| !by.starts_with('_')) {
                OrderPath::read(agg, by).map_err(|error| match is_text {
                    // Buckets of texts are first compared when those of all shards are.
                    true => error.rooted(""),
                    false => error,
                })?;
            }
        }
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
        let Ok(order) = OrderPath::read(agg, path) else {
            return Ok(0.0);
        };
        let (first, inner) = order.names.split_first().unwrap_or((&"", &[]));
        let mut body = match agg.subs.iter().find(|sub| sub.name == *first) {
            Some(sub) => Some(self.one(sub, rows)?.1),
            None => None,
        };
        for name in inner.iter().chain(order.values.iter()).copied() {
            body = body.and_then(|body| member(&body, name));
        }
        let value = body.map(|body| match order.percent {
            None => body.to_value(),
            Some(percent) => percentile(&body.to_value(), percent),
        });
        Ok(value
            .and_then(|value| value.as_f64())
            .unwrap_or(f64::NEG_INFINITY))
    }
}

/// Returns the value of one percentile of several.
fn percentile(values: &Value, percent: f64) -> Value {
    let mut named = values.as_object().into_iter().flatten();
    let found = named.find(|(name, _)| name.parse() == Ok(percent));
    found.map(|(_, value)| value.clone()).unwrap_or_default()
}

/// The way to the value that buckets are sorted by.
struct OrderPath<'p> {
    /// The aggregations on the way, the one with the value last.
    names: Vec<&'p str>,
    /// The member of its result, and the member of that.
    values: Vec<&'p str>,
    percent: Option<f64>,
}

impl<'p> OrderPath<'p> {
    /// Reads a path such as `filter>stats.max`.
    ///
    /// # Errors
    /// 400 for a path to no number.
    fn read(agg: &Agg, path: &'p str) -> Result<Self, ApiError> {
        let invalid = || {
            ApiError::bad_request(
                "invalid_path",
                format!("Invalid aggregation order path [{path}]."),
            )
            .in_search()
        };
        let (around, last) = path
            .rsplit_once('>')
            .map_or((None, path), |(around, last)| (Some(around), last));
        let bracket = last.strip_suffix(']').and_then(|last| last.split_once('['));
        let (name, property) = bracket
            .or_else(|| last.rsplit_once('.'))
            .unwrap_or((last, ""));
        let mut names: Vec<&str> = around
            .map(|names| names.split('>').collect())
            .unwrap_or_default();
        let mut subs = &agg.subs;
        for name in &names {
            let sub = subs.iter().find(|sub| sub.name == **name);
            let single = sub.filter(|sub| SINGLE_BUCKET.contains(&sub.kind.as_str()));
            subs = &single.ok_or_else(invalid)?.subs;
        }
        names.push(name);
        let sub = subs.iter().find(|sub| sub.name == name);
        let kind = sub.map(|sub| sub.kind.as_str()).ok_or_else(invalid)?;
        let percent: Option<f64> = property.parse().ok();
        let values = match (kind, property) {
            (kind, "" | "doc_count") if SINGLE_BUCKET.contains(&kind) => vec!["doc_count"],
            (kind, "" | "value") if SINGLE_VALUE.contains(&kind) => vec!["value"],
            ("stats" | "extended_stats", "count" | "min" | "max" | "avg" | "sum") => vec![property],
            ("extended_stats", property) if EXTENDED.contains(&property) => vec![property],
            ("extended_stats", "std_upper") => vec!["std_deviation_bounds", "upper"],
            ("extended_stats", "std_lower") => vec!["std_deviation_bounds", "lower"],
            ("percentiles" | "percentile_ranks", _)
                if percent.is_some_and(|percent| computes(sub, percent)) =>
            {
                vec!["values"]
            }
            ("percentiles" | "percentile_ranks", _) if percent.is_some() => {
                return Err(ApiError::unsupported(format!(
                    "an order by a value that [{kind}] does not show"
                )));
            }
            _ => return Err(invalid()),
        };
        Ok(Self {
            names,
            values,
            percent: percent.filter(|_| kind.starts_with("percentile")),
        })
    }
}

/// Whether `percentiles` or `percentile_ranks` show this one.
fn computes(sub: Option<&Agg>, percent: f64) -> bool {
    let shown = sub.and_then(|sub| sub.settings.get("percents").or(sub.settings.get("values")));
    match shown {
        Some(Value::Array(items)) => items.iter().any(|item| item.as_f64() == Some(percent)),
        Some(value) => value.as_f64() == Some(percent),
        None => DEFAULT_PERCENTS.contains(&percent),
    }
}

/// Aggregations of one bucket.
const SINGLE_BUCKET: [&str; 5] = ["filter", "nested", "missing", "reverse_nested", "global"];

/// Metrics of one number.
const SINGLE_VALUE: [&str; 8] = [
    "avg",
    "cardinality",
    "max",
    "median_absolute_deviation",
    "min",
    "sum",
    "value_count",
    "weighted_avg",
];

/// The numbers that only extended statistics have.
const EXTENDED: [&str; 7] = [
    "sum_of_squares",
    "variance",
    "variance_population",
    "variance_sampling",
    "std_deviation",
    "std_deviation_population",
    "std_deviation_sampling",
];

/// The sort keys of buckets and whether they descend; by default the largest comes first.
pub(super) fn read_order(value: Option<&Value>) -> Result<Vec<(String, bool)>, ApiError> {
    let Some(value) = value else {
        return Ok(vec![("_count".to_owned(), true)]);
    };
    let items = match value {
        Value::Array(items) => items.clone(),
        Value::Object(_) => vec![value.clone()],
        value => {
            let token = crate::strict::token(value);
            return Err(ApiError::bad_request(
                "x_content_parse_exception",
                format!("[1:1] [terms] order doesn't support values of type: {token}"),
            ));
        }
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
