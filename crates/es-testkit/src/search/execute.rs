//! Finding, scoring, sorting, cutting, and asking for aggregations.

use std::cell::RefCell;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use serde_json::Value;

use super::aggs;
use super::query::{Compiler, Noted};
use super::request::Request;
use super::shard::{Scorer, Shard, View};
use super::sort::{self, By, SortKey};
use super::suggest;
use crate::api::error::ApiError;
use crate::api::value::Term;
use crate::json::Json;
use crate::store::{Document, Index, Kind, Number, Restriction};

/// The target of a search.
#[derive(Debug, Default)]
pub(crate) struct Source<'a> {
    /// The indices, each with the restrictions of the aliases through which it was named.
    pub indices: Vec<(&'a Index, Restriction)>,
}

/// The outcome, before it is put into a response.
#[derive(Debug)]
pub(crate) struct Results {
    pub hits: Vec<Json>,
    pub total: usize,
    pub max_score: Value,
    pub aggregations: Option<Json>,
    pub suggest: Option<Json>,
}

/// A document that matched.
#[derive(Clone, Debug)]
pub(crate) struct Row<'a> {
    pub shard: usize,
    pub view: View<'a>,
    pub score: f32,
    pub sort: Vec<Option<Term>>,
    /// Where it is among all documents: the shard, and the number of its Lucene document.
    pub position: i64,
    /// Its number among the documents of the shard.
    pub place: usize,
}

/// One shard with the functions of a request.
pub(crate) struct Prepared<'a> {
    pub compiler: Compiler<'a>,
    query: Option<Scorer<'a>>,
    /// Notes of the query and of the nearest vectors.
    pub noted: Rc<RefCell<Noted<'a>>>,
    filters: Vec<Scorer<'a>>,
    post_filter: Option<Scorer<'a>>,
    rescore: Vec<Scorer<'a>>,
}

/// Opens the shards of what is searched.
pub(crate) fn shards<'a>(source: &Source<'a>) -> Vec<Shard<'a>> {
    let mut opened = Vec::new();
    for (index, restriction) in &source.indices {
        let wanted = index.shards_for(restriction.routing.as_ref());
        let mut by_shard: BTreeMap<u32, Vec<&'a Document>> =
            wanted.iter().map(|shard| (*shard, Vec::new())).collect();
        for document in index.searchable() {
            if let Some(documents) = by_shard.get_mut(&document.shard) {
                documents.push(document);
            }
        }
        opened.extend(
            by_shard
                .into_values()
                .map(|documents| Shard::new(index, documents)),
        );
    }
    opened
}

/// Carries out a search.
///
/// # Errors
/// 400 for what does not fit the mapping, or is not done here.
pub(crate) fn execute(source: &Source<'_>, request: &Request) -> Result<Results, ApiError> {
    let shards = shards(source);
    if shards.is_empty() {
        check(source, request)?;
    }
    let prepared = prepare(&shards, source, request)?;
    for key in &request.sort {
        if let By::Field(path) = &key.by {
            check_types(&shards, path)?;
        }
    }
    let mut rows = if request.is_suggest_only() {
        Vec::new()
    } else {
        collect(&shards, &prepared, request)?
    };
    let aggregations = if request.aggs.is_empty() {
        None
    } else {
        aggs::check_nesting(&request.aggs)?;
        let context = aggs::Context::new(&shards, &prepared, request);
        Some(context.run(&request.aggs, &rows)?)
    };
    rows.retain(|row| {
        let filter = prepared
            .get(row.shard)
            .and_then(|shard| shard.post_filter.as_ref());
        filter.is_none_or(|filter| filter(row.view).is_some())
    });
    let total = rows.len();
    arrange(&mut rows, &request.sort);
    rescore(&mut rows, &prepared, request);
    if request.is_scored() {
        check_scores(&prepared)?;
    }
    let best = if request.rescore.is_empty() {
        rows.iter().map(|row| row.score).max_by(f32::total_cmp)
    } else {
        rows.first().map(|row| row.score)
    };
    let hits = page(rows, &shards, &prepared, source, request)?;
    let suggest = request
        .suggest
        .as_ref()
        .map(|settings| suggest::run(settings, &shards, request))
        .transpose()?;
    let ranked = request.sort.is_empty() || request.track_scores;
    let shown_best = best.filter(|_| ranked && request.size > 0);
    Ok(Results {
        hits,
        total,
        max_score: shown_best.map_or(Value::Null, |score| crate::store::shortest(score).into()),
        aggregations,
        suggest,
    })
}

/// Refuses what could not be scored.
fn check_scores(prepared: &[Prepared<'_>]) -> Result<(), ApiError> {
    let mut failures = prepared.iter().map(|own| own.compiler.failure.take());
    failures.find_map(|failure| failure).map_or(Ok(()), Err)
}

/// Checks a request without an index.
fn check(source: &Source<'_>, request: &Request) -> Result<(), ApiError> {
    let empty = Index::new("", String::new(), 0);
    match prepare(&[Shard::new(&empty, Vec::new())], source, request) {
        Err(error) if !error.in_search => Err(error),
        _ => Ok(()),
    }
}

/// The hits of the page that a request asks for.
fn page<'a>(
    mut rows: Vec<Row<'a>>,
    shards: &'a [Shard<'a>],
    prepared: &[Prepared<'a>],
    source: &Source<'_>,
    request: &Request,
) -> Result<Vec<Json>, ApiError> {
    let groups = request
        .collapse
        .as_ref()
        .map(|collapse| collapse.apply(&mut rows, shards))
        .transpose()?;
    if let Some(after) = &request.after {
        let indices: Vec<&Index> = source.indices.iter().map(|(index, _)| *index).collect();
        let after = sort::parse_after(&request.sort, after, &indices)?;
        rows.retain(|row| sort::compare_rows(&request.sort, &row.sort, &after).is_gt());
    }
    let scored = request.has_scores();
    let mut hits = Vec::new();
    for row in rows.iter().skip(request.from).take(request.size) {
        let Some(shard) = prepared.get(row.shard) else {
            continue;
        };
        let mut hit = request.fetch.hit(shard, row, &request.sort, scored)?;
        if let (Some(collapse), Some(groups)) = (&request.collapse, &groups) {
            collapse.show(&mut hit, row, groups, prepared, request)?;
        }
        hits.push(hit);
    }
    Ok(hits)
}

/// Returns the documents that match a query, in order.
///
/// # Errors
/// As for [`execute`].
pub(crate) fn matching<'a>(
    source: &Source<'a>,
    request: &Request,
) -> Result<Vec<&'a Document>, ApiError> {
    let shards = shards(source);
    let prepared = prepare(&shards, source, request)?;
    let mut rows = collect(&shards, &prepared, request)?;
    arrange(&mut rows, &request.sort);
    // The documents outlive the shards that were opened for the search.
    let places: Vec<(usize, usize)> = rows.iter().map(|row| (row.shard, row.place)).collect();
    drop((rows, prepared));
    let found = places
        .into_iter()
        .filter_map(|(shard, place)| shards.get(shard)?.documents.get(place).copied());
    Ok(found.collect())
}

fn prepare<'a>(
    shards: &'a [Shard<'a>],
    source: &Source<'_>,
    request: &Request,
) -> Result<Vec<Prepared<'a>>, ApiError> {
    let now = crate::dates::now_millis();
    let made = shards.iter().map(|shard| {
        let compiler = Compiler {
            size: request.size,
            ..Compiler::new(shard, now)
        };
        let query = match (&request.text, &request.query) {
            (Some(text), _) => Some(compiler.text_query(text)?),
            (None, Some(query)) => Some(compiler.compile(query)?),
            (None, None) => None,
        };
        let noted = Rc::clone(&compiler.noted);
        // What follows neither marks anything nor is named.
        let quiet = Compiler {
            noted: Rc::default(),
            marking: false,
            ..compiler.clone()
        };
        let aliases = source
            .indices
            .iter()
            .find(|(index, _)| index.name == shard.index.name);
        let filters = aliases
            .map(|(_, aliases)| aliases.filters.as_slice())
            .unwrap_or_default();
        Ok(Prepared {
            query,
            noted,
            filters: filters
                .iter()
                .map(|filter| quiet.unscored().compile(filter))
                .collect::<Result<_, _>>()?,
            post_filter: request
                .post_filter
                .as_ref()
                .map(|filter| quiet.unscored().compile(filter))
                .transpose()?,
            rescore: request
                .rescore
                .iter()
                .map(|rescore| quiet.compile(&rescore.query))
                .collect::<Result<_, _>>()?,
            compiler: quiet,
        })
    });
    on_all_shards(made.collect())
}

/// Takes what was made for each shard. The server returns the hits of the other shards where only
/// some fail, which is not done here.
fn on_all_shards<T>(made: Vec<Result<T, ApiError>>) -> Result<Vec<T>, ApiError> {
    let some = made.iter().any(Result::is_ok);
    let whole: Result<Vec<T>, ApiError> = made.into_iter().collect();
    whole.map_err(|error| {
        if some && error.in_search {
            ApiError::unsupported(format!(
                "a search that fails on some of its shards: {}",
                error.reason
            ))
        } else {
            error
        }
    })
}

/// Refuses a field whose type differs between indices, where values of all are compared.
///
/// # Errors
/// 400 for it.
pub(crate) fn check_types(shards: &[Shard<'_>], path: &str) -> Result<(), ApiError> {
    let class = |kind: &Kind| match kind {
        Kind::Number(number) if number.is_whole() => "whole number",
        Kind::Number(Number::Float | Number::HalfFloat) => "float",
        Kind::Number(_) => "double",
        Kind::Text { .. } | Kind::Keyword { .. } => "text",
        Kind::Boolean => "boolean",
        Kind::Date { .. } => "date",
        Kind::Ip => "ip",
        _ => "other",
    };
    let classes: BTreeSet<&str> = shards
        .iter()
        .filter_map(|shard| shard.index.mapping.field(path))
        .map(|field| class(&field.kind))
        .collect();
    if classes.len() > 1 {
        return Err(ApiError::unsupported(format!(
            "values of the field [{path}], whose type differs between indices"
        )));
    }
    Ok(())
}

/// The scores of the nearest vectors, by shard and place.
type Nearest = BTreeMap<(usize, usize), f32>;

fn nearest<'a>(
    shards: &'a [Shard<'a>],
    prepared: &[Prepared<'a>],
    request: &Request,
) -> Result<Option<Nearest>, ApiError> {
    if request.knn.is_empty() {
        return Ok(None);
    }
    let mut all = Nearest::new();
    for section in &request.knn {
        let mut scored: Vec<((usize, usize), f32)> = Vec::new();
        let mut k = 0;
        for (number, (shard, own)) in shards.iter().zip(prepared).enumerate() {
            let Some(knn) = own.compiler.knn_section(section)? else {
                continue;
            };
            k = knn.k;
            for (place, document) in shard.documents.iter().enumerate() {
                let view = View {
                    document,
                    entry: &document.entry,
                };
                if own.is_filtered(view) {
                    continue;
                }
                if let Some(score) = (knn.scorer)(view) {
                    scored.push(((number, place), score * knn.boost));
                }
            }
        }
        scored.sort_by(|a, b| b.1.total_cmp(&a.1));
        for (place, score) in scored.into_iter().take(k) {
            *all.entry(place).or_insert(0.0) += score;
        }
    }
    Ok(Some(all))
}

impl<'a> Prepared<'a> {
    /// Whether an alias hides a document.
    pub fn is_filtered(&self, view: View<'a>) -> bool {
        !self.filters.is_empty() && !self.filters.iter().any(|filter| filter(view).is_some())
    }
}

fn collect<'a>(
    shards: &'a [Shard<'a>],
    prepared: &[Prepared<'a>],
    request: &Request,
) -> Result<Vec<Row<'a>>, ApiError> {
    let nearest = nearest(shards, prepared, request)?;
    let mut rows = Vec::new();
    let bound = shards.iter().zip(prepared).map(|(shard, own)| {
        request
            .sort
            .iter()
            .map(|key| key.bind(&own.compiler, shard))
            .collect::<Result<Vec<_>, _>>()
    });
    let bound = on_all_shards(bound.collect())?;
    for (number, ((shard, own), bound)) in shards.iter().zip(prepared).zip(bound).enumerate() {
        // Objects of nested fields are documents of Lucene too, before the one that has them.
        let mut next = 0;
        for (place, document) in shard.documents.iter().enumerate() {
            let view = View {
                document,
                entry: &document.entry,
            };
            let numbered = next + document.entry.nested_count();
            next = numbered + 1;
            if own.is_filtered(view) {
                continue;
            }
            let has_failed = own.compiler.failure.borrow().is_some();
            let by_query = own.query.as_ref().map(|query| query(view));
            let by_vector = nearest
                .as_ref()
                .map(|nearest| nearest.get(&(number, place)).copied());
            let Some(score) = hybrid(by_query, by_vector) else {
                continue;
            };
            // Documents that the filter behind the query excludes are not scored.
            if own
                .post_filter
                .as_ref()
                .is_some_and(|filter| filter(view).is_none())
                && !has_failed
            {
                own.compiler.failure.take();
            }
            if !is_wanted(request, document, score) {
                continue;
            }
            let position = (number as i64) << 32 | numbered as i64;
            let sort = bound
                .iter()
                .map(|key| key.value(view, score, position))
                .collect();
            rows.push(Row {
                shard: number,
                view,
                score,
                sort,
                position,
                place,
            });
        }
    }
    Ok(rows)
}

/// Whether a document has the least score and is in the slice that is asked for.
fn is_wanted(request: &Request, document: &Document, score: f32) -> bool {
    let below = request
        .min_score
        .is_some_and(|least| f64::from(score) < least);
    let elsewhere = request
        .slice
        .is_some_and(|(id, max)| slice_of(&document.id, max) != id);
    !below && !elsewhere
}

/// The score of a document by the query and by the vectors of a request, as far as it has them.
fn hybrid(by_query: Option<Option<f32>>, by_vector: Option<Option<f32>>) -> Option<f32> {
    match (by_query, by_vector) {
        (None, None) => Some(1.0),
        (Some(score), None) | (None, Some(score)) => score,
        (Some(Some(query)), Some(Some(vector))) => Some(query + vector),
        (Some(query), Some(vector)) => query.or(vector),
    }
}

/// Sorts by the keys, else by score; what is equal stays in its order.
pub(crate) fn arrange(rows: &mut [Row<'_>], keys: &[SortKey]) {
    if keys.is_empty() {
        rows.sort_by(|a, b| b.score.total_cmp(&a.score));
    } else {
        rows.sort_by(|a, b| sort::compare_rows(keys, &a.sort, &b.sort));
    }
}

/// Scores the best hits of each shard once more and sorts all of them again. A shard returns no more
/// hits than the page or a window needs.
fn rescore<'a>(rows: &mut Vec<Row<'a>>, prepared: &[Prepared<'a>], request: &Request) {
    let Some(widest) = request.rescore.iter().map(|one| one.window).max() else {
        return;
    };
    let reach = request.from.saturating_add(request.size).max(widest);
    let mut by_shard: BTreeMap<usize, Vec<Row<'a>>> = BTreeMap::new();
    for row in rows.drain(..) {
        by_shard.entry(row.shard).or_default().push(row);
    }
    for (shard, mut hits) in by_shard {
        hits.truncate(reach);
        for (number, rescore) in request.rescore.iter().enumerate() {
            let query = prepared
                .get(shard)
                .and_then(|shard| shard.rescore.get(number));
            for (place, row) in hits.iter_mut().enumerate() {
                let second = query
                    .filter(|_| place < rescore.window)
                    .and_then(|query| query(row.view));
                row.score = rescore.score(row.score, second);
            }
            hits.sort_by(by_score);
        }
        rows.extend(hits);
    }
    rows.sort_by(by_score);
}

fn by_score(a: &Row<'_>, b: &Row<'_>) -> Ordering {
    b.score
        .total_cmp(&a.score)
        .then(a.position.cmp(&b.position))
}

/// FNV-1a over the id: stable, and even enough to cut a set into slices.
fn slice_of(id: &str, max: u64) -> u64 {
    let hash = id.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    hash.checked_rem(max).unwrap_or(0)
}
