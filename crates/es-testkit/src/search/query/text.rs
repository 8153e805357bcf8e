//! Full text: `match` and `match_bool_prefix`, and the settings of all such queries.

use std::rc::Rc;
use std::sync::Arc;

use serde_json::Value;

use super::pattern::Fuzzy;
use super::{Compiler, Marked, common, fuzzy_distance, one_field};
use crate::analysis::{Analyzer, Token};
use crate::api::error::ApiError;
use crate::search::shard::{Scorer, View, completion_term};
use crate::store::{Field, Kind};
use crate::strict::Fields;

/// How a text is matched.
#[derive(Clone, Debug, Default)]
pub(super) struct Settings {
    pub all: bool,
    pub minimum: Option<String>,
    pub fuzziness: Option<String>,
    pub prefix_length: usize,
    pub analyzer: Option<String>,
    pub zero_terms_all: bool,
    pub lenient: bool,
    pub slop: usize,
    pub max_expansions: usize,
    pub boost: f32,
}

impl Settings {
    /// Takes the settings that `match` and `multi_match` share.
    pub fn take(fields: &Fields<'_>) -> Result<Self, ApiError> {
        fields.unsupported(&["fuzzy_rewrite", "cutoff_frequency"])?;
        if fields.flag("fuzzy_transpositions")? == Some(false) {
            return Err(ApiError::unsupported("[fuzzy_transpositions: false]"));
        }
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

impl Settings {
    fn fuzzy(&self, edits: usize) -> Fuzzy {
        Fuzzy {
            edits,
            fixed: self.prefix_length,
            most: self.max_expansions,
        }
    }
}

/// The value of a query such as `{"field": "text"}` or `{"field": {"query": "text", ..}}`.
pub(super) fn long_form(query: &str, settings: &Value) -> Result<Value, ApiError> {
    match settings {
        Value::Object(_) => Ok(settings.clone()),
        Value::Array(_) => Err(ApiError::illegal_argument(format!(
            "[{query}] unknown token [START_ARRAY]"
        ))),
        Value::Null => Err(ApiError::parsing(format!(
            "[{query}] unknown token [{}] after [query]",
            crate::strict::token(settings)
        ))),
        value => Ok(serde_json::json!({"query": value})),
    }
}

pub(super) fn query_text(query: &str, fields: &Fields<'_>) -> Result<String, ApiError> {
    fields
        .text("query")?
        .ok_or_else(|| ApiError::parsing(format!("[{query}] No text specified for text query")))
}

impl<'a> Compiler<'a> {
    pub fn match_query(&self, body: &Value) -> Result<Scorer<'a>, ApiError> {
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

    pub(super) fn nothing_to_match(&self, settings: &Settings) -> Scorer<'a> {
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
                return Ok(self.fuzzy_scorer(field, word, &settings.fuzzy(edits), settings.boost));
            }
        }
        for word in &alternatives {
            self.mark(&field.path, Marked::Term(word.clone()));
        }
        Ok(self.scored(Arc::clone(field), alternatives, settings.boost))
    }

    /// Matches a text with a field that is not analyzed.
    pub(super) fn match_value(
        &self,
        field: &Arc<Field>,
        text: &str,
        settings: &Settings,
    ) -> Result<Scorer<'a>, ApiError> {
        if let (Some(fuzziness), Kind::Keyword { .. }) = (&settings.fuzziness, &field.kind) {
            let edits = fuzzy_distance(fuzziness, text)?;
            if edits > 0 {
                return Ok(self.fuzzy_scorer(field, text, &settings.fuzzy(edits), settings.boost));
            }
        }
        if let Kind::Completion { analyzer } = &field.kind {
            let term = completion_term(analyzer, text);
            return Ok(self.scored(Arc::clone(field), vec![term], settings.boost));
        }
        match self.term_scorer(&field.path, &text.into(), settings.boost, false) {
            Err(error) if settings.lenient && !error.is_unsupported() => Ok(Rc::new(|_| None)),
            outcome => outcome,
        }
    }

    pub(super) fn search_analyzer(
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

    pub fn match_bool_prefix(&self, body: &Value) -> Result<Scorer<'a>, ApiError> {
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

    pub(super) fn bool_prefix_scorer(
        &self,
        path: &str,
        text: &str,
        settings: &Settings,
    ) -> Result<Scorer<'a>, ApiError> {
        let Some(field) = self.field(path) else {
            return Ok(Rc::new(|_| None));
        };
        let analyzer = self.search_analyzer(&field, settings)?;
        let mut words = by_position(analyzer.tokens(text));
        let Some(last) = words.pop() else {
            return Ok(self.nothing_to_match(settings));
        };
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
            terms
                .iter()
                .any(|term| term.starts_with(&start))
                .then_some(boost)
        }));
        combine(clauses, settings)
    }
}

/// The words of a text, those of one position together.
pub(super) fn by_position(tokens: Vec<Token>) -> Vec<Vec<String>> {
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
pub(super) fn combine<'a>(
    clauses: Vec<Scorer<'a>>,
    settings: &Settings,
) -> Result<Scorer<'a>, ApiError> {
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
        ApiError::bad_request(
            "number_format_exception",
            format!("For input string: \"{text}\""),
        )
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
