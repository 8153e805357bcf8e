//! Full text: `match` and its kin.

use std::rc::Rc;
use std::sync::Arc;

use serde_json::Value;

use super::compound::best_of;
use super::{Compiler, Marked, common, fuzzy_distance, one_field};
use crate::analysis::{Analyzer, Token};
use crate::api::error::ApiError;
use crate::search::shard::{Bm25, Scorer, View, length};
use crate::store::{Field, Kind};
use crate::strict::Fields;

/// How a text is matched.
#[derive(Clone, Debug, Default)]
pub(super) struct Settings {
    pub(super) all: bool,
    pub(super) minimum: Option<String>,
    pub(super) fuzziness: Option<String>,
    pub(super) prefix_length: usize,
    pub(super) analyzer: Option<String>,
    pub(super) zero_terms_all: bool,
    pub(super) lenient: bool,
    pub(super) slop: usize,
    pub(super) max_expansions: usize,
    pub(super) boost: f32,
}

impl Settings {
    /// Takes the settings that `match` and `multi_match` share.
    pub(super) fn take(fields: &Fields<'_>) -> Result<Self, ApiError> {
        fields.unsupported(&["fuzzy_rewrite", "cutoff_frequency"])?;
        fields.flag("fuzzy_transpositions")?;
        fields.flag("auto_generate_synonyms_phrase_query")?;
        Ok(Self {
            all: fields
                .choice("operator", &[("and", true), ("or", false)])
                .map_err(|error| ApiError::illegal_argument(error.reason))?
                .unwrap_or(false),
            minimum: fields.text("minimum_should_match")?,
            fuzziness: fields.text("fuzziness")?,
            prefix_length: fields.count("prefix_length")?.unwrap_or(0),
            analyzer: fields.text("analyzer")?,
            zero_terms_all: fields
                .choice("zero_terms_query", &[("all", true), ("none", false)])?
                .unwrap_or(false),
            lenient: fields.flag("lenient")?.unwrap_or(false),
            slop: 0,
            max_expansions: fields.positive("max_expansions")?.unwrap_or(50),
            boost: 1.0,
        })
    }
}

/// The value of a query such as `{"field": "text"}` or `{"field": {"query": "text", ..}}`.
fn long_form(query: &str, settings: &Value) -> Result<Value, ApiError> {
    match settings {
        Value::Object(_) => Ok(settings.clone()),
        Value::Array(_) => {
            Err(ApiError::illegal_argument(format!("[{query}] unknown token [START_ARRAY]")))
        }
        Value::Null => Err(ApiError::parsing(format!(
            "[{query}] unknown token [{}] after [query]",
            crate::strict::token(settings)
        ))),
        value => Ok(serde_json::json!({"query": value})),
    }
}

fn query_text(query: &str, fields: &Fields<'_>) -> Result<String, ApiError> {
    fields
        .text("query")?
        .ok_or_else(|| ApiError::parsing(format!("[{query}] No text specified for text query")))
}

impl<'a> Compiler<'a> {
    pub(super) fn match_query(&self, body: &Value) -> Result<Scorer<'a>, ApiError> {
        let (path, settings) = one_field("match", body)?;
        let settings = long_form("match", settings)?;
        let fields = Fields::query("match", &settings)?;
        let text = query_text("match", &fields)?;
        let mut settings = Settings::take(&fields)?;
        let (boost, name) = common(&fields)?;
        fields.finish()?;
        settings.boost = boost;
        self.named(name, self.match_scorer(path, &text, &settings)?)
    }

    /// Matches an analyzed text.
    pub(super) fn match_scorer(
        &self,
        path: &str,
        text: &str,
        settings: &Settings,
    ) -> Result<Scorer<'a>, ApiError> {
        let Some(field) = self.field(path) else {
            if matches!(path, "_id" | "_index") {
                return self.term_scorer(path, &text.into(), settings.boost, false);
            }
            return Ok(Rc::new(|_| None));
        };
        let Kind::Text { .. } = field.kind else {
            return self.match_value(&field, text, settings);
        };
        let analyzer = self.search_analyzer(&field, settings)?;
        let words = by_position(analyzer.tokens(text));
        if words.is_empty() {
            return Ok(self.nothing_to_match(settings));
        }
        let mut clauses = Vec::new();
        for alternatives in words {
            clauses.push(self.word(&field, alternatives, settings)?);
        }
        combine(clauses, settings)
    }

    fn nothing_to_match(&self, settings: &Settings) -> Scorer<'a> {
        let (all, boost) = (settings.zero_terms_all, settings.boost);
        Rc::new(move |_| all.then_some(boost))
    }

    /// Matches one word, or the forms that stand for it.
    fn word(
        &self,
        field: &Arc<Field>,
        alternatives: Vec<String>,
        settings: &Settings,
    ) -> Result<Scorer<'a>, ApiError> {
        if let (Some(fuzziness), [word]) = (&settings.fuzziness, alternatives.as_slice()) {
            let edits = fuzzy_distance(fuzziness, word)?;
            if edits > 0 {
                return Ok(self.fuzzy_scorer(
                    field,
                    word,
                    edits,
                    settings.prefix_length,
                    settings.boost,
                ));
            }
        }
        for word in &alternatives {
            self.mark(&field.path, Marked::Term(word.clone()));
        }
        Ok(self.scored(Arc::clone(field), alternatives, settings.boost))
    }

    /// Matches a text with a field that is not analyzed.
    fn match_value(
        &self,
        field: &Arc<Field>,
        text: &str,
        settings: &Settings,
    ) -> Result<Scorer<'a>, ApiError> {
        if let (Some(fuzziness), Kind::Keyword { .. }) = (&settings.fuzziness, &field.kind) {
            let edits = fuzzy_distance(fuzziness, text)?;
            if edits > 0 {
                return Ok(self.fuzzy_scorer(
                    field,
                    text,
                    edits,
                    settings.prefix_length,
                    settings.boost,
                ));
            }
        }
        match self.term_scorer(&field.path, &text.into(), settings.boost, false) {
            Err(_) if settings.lenient => Ok(Rc::new(|_| None)),
            outcome => outcome,
        }
    }

    fn search_analyzer(
        &self,
        field: &Field,
        settings: &Settings,
    ) -> Result<Arc<Analyzer>, ApiError> {
        match (&settings.analyzer, &field.kind) {
            (Some(name), _) => self.shard.index.mapping.analyzers.get(name).map_err(|_| {
                self.shard_error(ApiError::illegal_argument(format!(
                    "[match] analyzer [{name}] not found"
                )))
            }),
            (None, Kind::Text { search, .. }) => Ok(Arc::clone(search)),
            _ => self.shard.index.mapping.analyzers.get("keyword"),
        }
    }

    pub(super) fn match_phrase(&self, body: &Value) -> Result<Scorer<'a>, ApiError> {
        let (path, settings) = one_field("match_phrase", body)?;
        let settings = long_form("match_phrase", settings)?;
        let fields = Fields::query("match_phrase", &settings)?;
        let text = query_text("match_phrase", &fields)?;
        let (boost, name) = common(&fields)?;
        let settings = Settings {
            analyzer: fields.text("analyzer")?,
            slop: fields.count("slop")?.unwrap_or(0),
            zero_terms_all: fields
                .choice("zero_terms_query", &[("all", true), ("none", false)])?
                .unwrap_or(false),
            boost,
            ..Settings::default()
        };
        fields.finish()?;
        self.named(name, self.phrase_scorer(path, &text, &settings, false)?)
    }

    pub(super) fn match_phrase_prefix(&self, body: &Value) -> Result<Scorer<'a>, ApiError> {
        let (path, settings) = one_field("match_phrase_prefix", body)?;
        let settings = long_form("match_phrase_prefix", settings)?;
        let fields = Fields::query("match_phrase_prefix", &settings)?;
        let text = query_text("match_phrase_prefix", &fields)?;
        let (boost, name) = common(&fields)?;
        let settings = Settings {
            analyzer: fields.text("analyzer")?,
            slop: fields.count("slop")?.unwrap_or(0),
            max_expansions: fields.positive("max_expansions")?.unwrap_or(50),
            zero_terms_all: fields
                .choice("zero_terms_query", &[("all", true), ("none", false)])?
                .unwrap_or(false),
            boost,
            ..Settings::default()
        };
        fields.finish()?;
        self.named(name, self.phrase_scorer(path, &text, &settings, true)?)
    }

    /// Matches terms that follow each other, the last one as a prefix if asked.
    pub(super) fn phrase_scorer(
        &self,
        path: &str,
        text: &str,
        settings: &Settings,
        prefix: bool,
    ) -> Result<Scorer<'a>, ApiError> {
        let Some(field) = self.field(path) else { return Ok(Rc::new(|_| None)) };
        if !field.is_text() {
            if prefix {
                return Err(self.shard_error(ApiError::illegal_argument(format!(
                    "Can only use phrase prefix queries on text fields - not on [{}] which is of type [{}]",
                    field.path, field.type_name
                ))));
            }
            return self.match_value(&field, text, settings);
        }
        let analyzer = self.search_analyzer(&field, settings)?;
        let tokens = analyzer.tokens(text);
        let Some(first) = tokens.first().map(|token| token.position) else {
            return Ok(self.nothing_to_match(settings));
        };
        // Each place of the phrase with the terms that may stand there.
        let mut places: Vec<(usize, Vec<String>)> = Vec::new();
        for token in tokens {
            let at = token.position - first;
            match places.last_mut() {
                Some((last, terms)) if *last == at => terms.push(token.text),
                _ => places.push((at, vec![token.text])),
            }
        }
        if prefix && let Some((_, terms)) = places.last_mut() {
            let start = terms.first().cloned().unwrap_or_default();
            self.mark(&field.path, Marked::Prefix(start.clone()));
            let known = self.shard.dictionary(&field);
            *terms = known
                .into_iter()
                .filter(|term| term.starts_with(&start))
                .take(settings.max_expansions)
                .collect();
            if places.len() == 1 {
                let terms = places.pop().map(|(_, terms)| terms).unwrap_or_default();
                return Ok(self.phrase_of(field, vec![(0, terms)], settings));
            }
        }
        if let [(_, terms)] = places.as_slice() {
            for term in terms {
                self.mark(&field.path, Marked::Term(term.clone()));
            }
            return Ok(self.scored(field, terms.clone(), settings.boost));
        }
        let phrase: Vec<String> =
            places.iter().filter_map(|(_, terms)| terms.first().cloned()).collect();
        self.mark(&field.path, Marked::Phrase(phrase));
        Ok(self.phrase_of(field, places, settings))
    }

    fn phrase_of(
        &self,
        field: Arc<Field>,
        places: Vec<(usize, Vec<String>)>,
        settings: &Settings,
    ) -> Scorer<'a> {
        let terms: Vec<String> =
            places.iter().flat_map(|(_, terms)| terms.iter().cloned()).collect();
        let score = Bm25::new(self.shard, &field, &terms, settings.boost);
        let slop = settings.slop;
        Rc::new(move |view: View<'a>| {
            let data = view.entry.fields.get(&field.path)?;
            let count = phrase_frequency(data.tokens(&field), &places, slop);
            (count > 0.0).then(|| score.score(count, length(&field, view.entry)))
        })
    }

    pub(super) fn match_bool_prefix(&self, body: &Value) -> Result<Scorer<'a>, ApiError> {
        let (path, settings) = one_field("match_bool_prefix", body)?;
        let settings = long_form("match_bool_prefix", settings)?;
        let fields = Fields::query("match_bool_prefix", &settings)?;
        let text = query_text("match_bool_prefix", &fields)?;
        let mut settings = Settings::take(&fields)?;
        let (boost, name) = common(&fields)?;
        fields.finish()?;
        settings.boost = boost;
        self.named(name, self.bool_prefix_scorer(path, &text, &settings)?)
    }

    fn bool_prefix_scorer(
        &self,
        path: &str,
        text: &str,
        settings: &Settings,
    ) -> Result<Scorer<'a>, ApiError> {
        let Some(field) = self.field(path) else { return Ok(Rc::new(|_| None)) };
        let analyzer = self.search_analyzer(&field, settings)?;
        let mut words = by_position(analyzer.tokens(text));
        let Some(last) = words.pop() else { return Ok(self.nothing_to_match(settings)) };
        let mut clauses = Vec::new();
        for alternatives in words {
            clauses.push(self.word(&field, alternatives, settings)?);
        }
        let start = last.into_iter().next().unwrap_or_default();
        self.mark(&field.path, Marked::Prefix(start.clone()));
        let boost = settings.boost;
        let own = Arc::clone(&field);
        clauses.push(Rc::new(move |view: View<'a>| {
            let terms = crate::search::shard::indexed_terms(&own, view.entry);
            terms.iter().any(|term| term.starts_with(&start)).then_some(boost)
        }));
        combine(clauses, settings)
    }

    pub(super) fn multi_match(&self, body: &Value) -> Result<Scorer<'a>, ApiError> {
        let fields = Fields::query("multi_match", body)?;
        let Some(text) = fields.text("query")? else {
            return Err(ApiError::parsing("No text specified for multi_match query"));
        };
        let kind = fields.text("type")?.unwrap_or_else(|| "best_fields".to_owned());
        let given = fields.texts("fields")?;
        let mut settings = Settings::take(&fields)?;
        settings.slop = fields.count("slop")?.unwrap_or(0);
        let tie = fields.float("tie_breaker")?;
        let (boost, name) = common(&fields)?;
        fields.finish()?;
        if matches!(kind.as_str(), "cross_fields" | "phrase" | "phrase_prefix")
            && settings.fuzziness.is_some()
        {
            return Err(ApiError::parsing(format!("Fuzziness not allowed for type [{kind}]")));
        }
        let named = given.unwrap_or_else(|| {
            settings.lenient = true;
            vec!["*".to_owned()]
        });
        let targets = self.expand(&named)?;
        if targets.is_empty() {
            return Ok(Rc::new(|_| None));
        }
        let each = |make: &dyn Fn(&str, &Settings) -> Result<Scorer<'a>, ApiError>| {
            targets
                .iter()
                .map(|(path, weight)| {
                    make(path, &Settings { boost: boost * weight, ..settings.clone() })
                })
                .collect::<Result<Vec<_>, _>>()
        };
        let scorer = match kind.as_str() {
            "best_fields" => best_of(
                each(&|path, settings| self.match_scorer(path, &text, settings))?,
                tie.unwrap_or(0.0) as f32,
            ),
            "most_fields" => best_of(
                each(&|path, settings| self.match_scorer(path, &text, settings))?,
                tie.unwrap_or(1.0) as f32,
            ),
            "phrase" => best_of(
                each(&|path, settings| self.phrase_scorer(path, &text, settings, false))?,
                tie.unwrap_or(0.0) as f32,
            ),
            "phrase_prefix" => best_of(
                each(&|path, settings| self.phrase_scorer(path, &text, settings, true))?,
                tie.unwrap_or(0.0) as f32,
            ),
            "bool_prefix" => best_of(
                each(&|path, settings| self.bool_prefix_scorer(path, &text, settings))?,
                tie.unwrap_or(1.0) as f32,
            ),
            "cross_fields" => {
                self.cross_fields(&targets, &text, &settings, tie.unwrap_or(0.0) as f32, boost)?
            }
            other => {
                return Err(ApiError::bad_request(
                    "parse_exception",
                    format!("failed to parse [multi_match] query type [{other}]. unknown type."),
                ));
            }
        };
        self.named(name, scorer)
    }

    /// Takes the fields as one: each word may be in any of them, weighed as in the one where it is
    /// most frequent.
    fn cross_fields(
        &self,
        targets: &[(String, f32)],
        text: &str,
        settings: &Settings,
        tie: f32,
        boost: f32,
    ) -> Result<Scorer<'a>, ApiError> {
        let fields: Vec<(Arc<Field>, f32)> = targets
            .iter()
            .filter_map(|(path, weight)| Some((self.field(path)?, *weight)))
            .collect();
        let mut analyzers: Vec<String> = Vec::new();
        for (field, _) in &fields {
            let Kind::Text { search, .. } = &field.kind else {
                return Err(ApiError::unsupported(format!(
                    "[cross_fields] over the field [{}], which is no text",
                    field.path
                )));
            };
            if !analyzers.contains(&search.name) {
                analyzers.push(search.name.clone());
            }
        }
        if analyzers.len() > 1 {
            return Err(ApiError::unsupported("[cross_fields] over fields of several analyzers"));
        }
        let Some((first, _)) = fields.first() else { return Ok(Rc::new(|_| None)) };
        let words = by_position(self.search_analyzer(first, settings)?.tokens(text));
        let mut clauses = Vec::new();
        for alternatives in words {
            let word = alternatives.into_iter().next().unwrap_or_default();
            let frequency = fields
                .iter()
                .map(|(field, _)| self.shard.frequency(field, &word))
                .max()
                .unwrap_or(0);
            let queries = fields.iter().map(|(field, weight)| {
                self.mark(&field.path, Marked::Term(word.clone()));
                let totals = self.shard.totals(field);
                let score = Bm25::with_frequencies(
                    self.shard,
                    field,
                    &[frequency.min(totals.documents)],
                    boost * weight,
                );
                let (field, word) = (Arc::clone(field), word.clone());
                let scorer: Scorer<'a> = Rc::new(move |view: View<'a>| {
                    let count = crate::search::shard::occurrences(&field, view.entry, &word);
                    (count > 0).then(|| score.score(count as f32, length(&field, view.entry)))
                });
                scorer
            });
            clauses.push(best_of(queries.collect(), tie));
        }
        combine(clauses, settings)
    }

    /// Opens wildcards in field names and splits off weights.
    pub(super) fn expand(&self, named: &[String]) -> Result<Vec<(String, f32)>, ApiError> {
        let mut found: Vec<(String, f32)> = Vec::new();
        for name in named {
            let (pattern, weight) = match name.split_once('^') {
                Some((pattern, weight)) => {
                    let weight = weight.parse().map_err(|_| {
                        ApiError::bad_request(
                            "number_format_exception",
                            format!("For input string: \"{weight}\""),
                        )
                    })?;
                    (pattern, weight)
                }
                None => (name.as_str(), 1.0),
            };
            if !pattern.contains('*') {
                found.push((pattern.to_owned(), weight));
                continue;
            }
            let fields = self.shard.index.mapping.matching(pattern);
            let searchable = fields.iter().filter(|field| {
                !matches!(
                    field.kind,
                    Kind::GeoPoint
                        | Kind::Vector { .. }
                        | Kind::Completion { .. }
                        | Kind::Binary
                        | Kind::Alias(_)
                )
            });
            found.extend(searchable.map(|field| (field.path.clone(), weight)));
        }
        Ok(found)
    }
}

/// The words of a text, those of one position together.
fn by_position(tokens: Vec<Token>) -> Vec<Vec<String>> {
    let mut words: Vec<Vec<String>> = Vec::new();
    let mut last = None;
    for token in tokens {
        match words.last_mut() {
            Some(word) if last == Some(token.position) => word.push(token.text),
            _ => words.push(vec![token.text]),
        }
        last = Some(token.position);
    }
    words
}

/// All clauses, any of them, or at least so many.
fn combine<'a>(clauses: Vec<Scorer<'a>>, settings: &Settings) -> Result<Scorer<'a>, ApiError> {
    let needed = match &settings.minimum {
        _ if settings.all => clauses.len(),
        Some(text) if clauses.len() > 1 => minimum_should_match(text, clauses.len())?.max(1),
        _ => 1,
    };
    Ok(Rc::new(move |view| {
        let (mut count, mut total) = (0, 0.0_f64);
        for score in clauses.iter().filter_map(|clause| clause(view)) {
            count += 1;
            total += f64::from(score);
        }
        (count >= needed).then_some(total as f32)
    }))
}

/// Reads how many of some clauses must match: `2`, `-1`, `75%`, `-25%`, `2<75% 5<80%`.
///
/// # Errors
/// 400 for anything else.
pub(crate) fn minimum_should_match(text: &str, clauses: usize) -> Result<usize, ApiError> {
    let wrong = || {
        ApiError::bad_request("number_format_exception", format!("For input string: \"{text}\""))
    };
    let count = i64::try_from(clauses).unwrap_or(i64::MAX);
    if text.contains('<') {
        let mut needed = clauses;
        for rule in text.split_whitespace() {
            let (above, then) = rule.split_once('<').ok_or_else(wrong)?;
            let above: i64 = above.parse().map_err(|_| wrong())?;
            if count <= above {
                return Ok(needed);
            }
            needed = minimum_should_match(then, clauses)?;
        }
        return Ok(needed);
    }
    let number = match text.trim().strip_suffix('%') {
        Some(percent) => {
            let percent: i64 = percent.parse().map_err(|_| wrong())?;
            let part = count * percent.abs() / 100;
            if percent < 0 { count - part } else { part }
        }
        None => {
            let number: i64 = text.trim().parse().map_err(|_| wrong())?;
            if number < 0 { count + number } else { number }
        }
    };
    Ok(usize::try_from(number.max(0)).unwrap_or(0))
}

/// Counts the occurrences of a phrase, each less for every place that its terms are away from it.
pub(crate) fn phrase_frequency(
    tokens: &[Token],
    places: &[(usize, Vec<String>)],
    slop: usize,
) -> f32 {
    let positions: Vec<Vec<i64>> = places
        .iter()
        .map(|(at, terms)| {
            let hits = tokens.iter().filter(|token| terms.contains(&token.text));
            // Shifted by their place in the phrase: equal where they follow each other exactly.
            hits.map(|token| token.position as i64 - *at as i64).collect()
        })
        .collect();
    if slop == 0 {
        let Some((first, rest)) = positions.split_first() else { return 0.0 };
        let starts = first.iter().filter(|start| rest.iter().all(|place| place.contains(start)));
        return starts.count() as f32;
    }
    sloppy_frequency(&positions, slop as i64)
}

/// Walks over the positions as Lucene's sloppy scorer does: the least one moves on.
fn sloppy_frequency(positions: &[Vec<i64>], slop: i64) -> f32 {
    let mut at = vec![0_usize; positions.len()];
    let mut total = 0.0;
    let current = |at: &[usize]| -> Option<Vec<i64>> {
        positions.iter().zip(at).map(|(list, number)| list.get(*number).copied()).collect()
    };
    let Some(mut now) = current(&at) else { return 0.0 };
    let spread = |now: &[i64]| {
        now.iter().max().copied().unwrap_or(0) - now.iter().min().copied().unwrap_or(0)
    };
    loop {
        let least = now.iter().min().copied().unwrap_or(0);
        let Some(which) = now.iter().position(|value| *value == least) else { return total };
        // The least one advances while that brings the places closer together.
        let mut best = spread(&now);
        let second = now
            .iter()
            .enumerate()
            .filter(|(number, _)| *number != which)
            .map(|(_, value)| *value)
            .min();
        let mut ended = false;
        loop {
            let (Some(number), Some(list)) = (at.get_mut(which), positions.get(which)) else {
                return total;
            };
            *number += 1;
            let Some(next) = list.get(*number).copied() else {
                ended = true;
                break;
            };
            if let Some(value) = now.get_mut(which) {
                *value = next;
            }
            if second.is_some_and(|second| next > second) {
                break;
            }
            best = best.min(spread(&now));
        }
        if best <= slop {
            total += 1.0 / (1.0 + best as f32);
        }
        if ended {
            return total;
        }
    }
}
