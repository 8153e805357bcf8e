//! `terms` and `rare_terms`.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use serde_json::{Value, json};

use super::order::OrderPath;
use super::{Agg, Bucket, Context, Outcome, Values, keyed, unfit};
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
    pub fn terms(&self, agg: &Agg, rows: &[Row<'a>]) -> Result<Outcome, ApiError> {
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
        if buckets.len() == 1 {
            return Ok(());
        }
        // Buckets of texts are first compared when those of all shards are.
        let is_text = matches!(buckets.first(), Some((Term::Text(_), _)));
        let unrooted = |error: ApiError| if is_text { error.rooted("") } else { error };
        let mut paths = Vec::new();
        for (by, _) in order {
            paths.push(match by.as_str() {
                "_count" | "_key" => None,
                path => Some(OrderPath::read(agg, path).map_err(unrooted)?),
            });
        }

        let mut keyed: Vec<(Vec<f64>, Filled<'a>)> = Vec::new();
        for (term, rows) in buckets.drain(..) {
            let mut keys = Vec::new();
            for path in &paths {
                keys.push(match path {
                    None => rows.len() as f64,
                    Some(path) => self.metric_at(agg, path, &rows)?,
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

    /// Returns the value of a metric in a bucket; the least for none.
    fn metric_at(
        &self,
        agg: &Agg,
        path: &OrderPath<'_>,
        rows: &[Row<'a>],
    ) -> Result<f64, ApiError> {
        let Some(sub) = agg.subs.iter().find(|sub| sub.name == path.first()) else {
            return Ok(f64::NEG_INFINITY);
        };
        let (_, body) = self.one(sub, rows)?;
        Ok(path.value(body).unwrap_or(f64::NEG_INFINITY))
    }
}

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
