//! Queries made of queries.

use std::rc::Rc;

use serde_json::{Map, Value};

use super::{Compiler, InnerHits, common, minimum_should_match};
use crate::api::error::ApiError;
use crate::search::shard::{Scorer, View};
use crate::strict::Fields;

/// The score of a document by those of its nested objects.
#[derive(Clone, Copy)]
enum ScoreMode {
    Avg,
    Sum,
    Min,
    Max,
    None,
}

const SCORE_MODES: &[(&str, ScoreMode)] = &[
    ("avg", ScoreMode::Avg),
    ("sum", ScoreMode::Sum),
    ("min", ScoreMode::Min),
    ("max", ScoreMode::Max),
    ("none", ScoreMode::None),
];

impl ScoreMode {
    /// Returns the score, if an object matches.
    fn of(self, scores: &[f32]) -> Option<f32> {
        let sum: f32 = scores.iter().sum();
        let all = scores.iter().copied();
        (!scores.is_empty()).then(|| match self {
            Self::Avg => sum / scores.len() as f32,
            Self::Sum => sum,
            Self::Min => all.fold(f32::INFINITY, f32::min),
            Self::Max => all.fold(0.0, f32::max),
            Self::None => 0.0,
        })
    }
}

impl<'a> Compiler<'a> {
    pub fn bool(&self, body: &Value) -> Result<Scorer<'a>, ApiError> {
        let fields = Fields::section("bool", body)?;
        let must = self.clauses(&fields, "must")?;
        let filter = self.unscored().clauses(&fields, "filter")?;
        let should = self.clauses(&fields, "should")?;
        let silent = Self {
            marking: false,
            ..self.unscored()
        };
        let must_not = silent.clauses(&fields, "must_not")?;
        let pure_negative = fields.flag("adjust_pure_negative")?.unwrap_or(true);
        let (boost, name) = common(&fields)?;
        // Without other clauses that select documents, one must match even where 0 is asked for.
        let least = usize::from(must.is_empty() && filter.is_empty() && !should.is_empty());
        let minimum = match fields.raw("minimum_should_match") {
            None | Some(Value::Null) => None,
            Some(_) => fields.text("minimum_should_match")?,
        };
        let needed = match minimum {
            Some(text) => minimum_should_match(&text, should.len())
                .map_err(|error| self.shard_error(error))?
                .max(least),
            None => least,
        };
        fields.finish()?;
        let empty =
            must.is_empty() && filter.is_empty() && should.is_empty() && must_not.is_empty();
        if least == 0 && must.is_empty() && filter.is_empty() && !empty && !pure_negative {
            return self.named(name, Rc::new(|_| None));
        }
        let failure = Rc::clone(&self.failure);
        let scorer: Scorer<'a> = Rc::new(move |view: View<'a>| {
            if empty {
                return Some(boost);
            }
            if must_not.iter().any(|clause| clause(view).is_some())
                || !filter.iter().all(|clause| clause(view).is_some())
            {
                return None;
            }
            let mut total = 0.0_f64;
            for clause in &must {
                total += f64::from(clause(view)?);
            }
            let mut count = 0;
            for score in should.iter().filter_map(|clause| clause(view)) {
                count += 1;
                total += f64::from(score);
            }
            (count >= needed).then_some(total as f32 * boost)
        });
        let checked = move |view: View<'a>| {
            let has_failed = failure.borrow().is_some();
            let score = scorer(view);
            // The score of a document that another clause excludes is never computed.
            if score.is_none() && !has_failed {
                failure.take();
            }
            score
        };
        self.named(name, Rc::new(checked))
    }

    fn clauses(&self, fields: &Fields<'_>, name: &str) -> Result<Vec<Scorer<'a>>, ApiError> {
        match fields.raw(name) {
            None | Some(Value::Null) => Ok(Vec::new()),
            Some(Value::Array(items)) => items
                .iter()
                .map(|item| match item {
                    Value::Array(_) => Err(ApiError::bad_request(
                        "illegal_state_exception",
                        "expected value but got [START_ARRAY]",
                    )),
                    item => self.compile(item),
                })
                .map(|clause| clause.map_err(|error| within(name, error)))
                .collect(),
            Some(item @ Value::Object(_)) => Ok(vec![
                self.compile(item).map_err(|error| within(name, error))?,
            ]),
            Some(item) => Err(fields.wrong(name, item)),
        }
    }

    pub fn dis_max(&self, body: &Value) -> Result<Scorer<'a>, ApiError> {
        let fields = Fields::query("dis_max", body)?;
        let queries = match fields.raw("queries") {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(items)) => items
                .iter()
                .map(|item| self.compile(item))
                .collect::<Result<_, _>>()?,
            Some(item) => vec![self.compile(item)?],
        };
        if queries.is_empty() {
            return Err(ApiError::parsing(
                "[dis_max] requires 'queries' field with at least one clause",
            ));
        }
        let tie = fields.float("tie_breaker")?.unwrap_or(0.0) as f32;
        let (boost, name) = common(&fields)?;
        fields.finish()?;
        let best = best_of(queries, tie);
        self.named(
            name,
            Rc::new(move |view| best(view).map(|score| score * boost)),
        )
    }

    pub fn constant_score(&self, body: &Value) -> Result<Scorer<'a>, ApiError> {
        let fields = Fields::query("constant_score", body)?;
        let Some(filter) = fields.get("filter")? else {
            return Err(ApiError::parsing(
                "[constant_score] requires a 'filter' element",
            ));
        };
        let filter = self.unscored().compile(filter)?;
        let (boost, name) = common(&fields)?;
        fields.finish()?;
        self.named(name, Rc::new(move |view| filter(view).map(|_| boost)))
    }

    pub fn boosting(&self, body: &Value) -> Result<Scorer<'a>, ApiError> {
        let fields = Fields::query("boosting", body)?;
        let missing =
            |name: &str| ApiError::parsing(format!("[boosting] query requires '{name}' to be set"));
        let positive = self.compile(fields.get("positive")?.ok_or_else(|| missing("positive"))?)?;
        let silent = Self {
            marking: false,
            ..self.unscored()
        };
        let negative =
            silent.compile(fields.get("negative")?.ok_or_else(|| missing("negative"))?)?;
        let factor = fields
            .float("negative_boost")?
            .filter(|boost| *boost >= 0.0)
            .ok_or_else(|| missing("negative_boost"))? as f32;
        let (boost, name) = common(&fields)?;
        fields.finish()?;
        self.named(
            name,
            Rc::new(move |view: View<'a>| {
                let score = positive(view)? * boost;
                Some(if negative(view).is_some() {
                    score * factor
                } else {
                    score
                })
            }),
        )
    }

    pub fn nested(&self, body: &Value) -> Result<Scorer<'a>, ApiError> {
        let fields = Fields::query("nested", body)?;
        let Some(path) = fields.text("path")? else {
            return Err(ApiError::illegal_argument("[nested] requires 'path' field"));
        };
        let Some(query) = fields.get("query")?.filter(|query| !query.is_array()) else {
            return Err(ApiError::illegal_argument(
                "[nested] requires 'query' field",
            ));
        };
        let mode = fields
            .choice("score_mode", SCORE_MODES)
            .map_err(|error| ApiError::illegal_argument(error.reason))?
            .unwrap_or(ScoreMode::Avg);
        let lenient = fields.flag("ignore_unmapped")?.unwrap_or(false);
        let inner = fields.get("inner_hits")?;
        let (boost, name) = common(&fields)?;
        fields.finish()?;
        let object = self.shard.index.mapping.object(&path);
        if !object.is_some_and(|object| object.nested) {
            if lenient {
                return Ok(Rc::new(|_| None));
            }
            let reason = match object {
                Some(_) => "nested object under path [{path}] is not of nested type",
                None => "failed to find nested object under path [{path}]",
            };
            let reason = format!("[nested] {}", reason.replace("{path}", &path));
            return Err(self.shard_error(ApiError::illegal_argument(reason)));
        }
        let below = Self {
            nested: Some(path.clone()),
            ..self.clone()
        };
        let query = below.compile(query)?;
        if let Some(settings) = inner {
            self.note_inner_hits(&path, settings, &query)?;
        }
        self.named(
            name,
            Rc::new(move |view: View<'a>| {
                let children = view.entry.nested_at(&path);
                let scores = children
                    .into_iter()
                    .filter_map(|entry| query(View { entry, ..view }));
                Some(boost * mode.of(&scores.collect::<Vec<f32>>())?)
            }),
        )
    }

    /// Notes that the objects which a query finds are shown with the hits.
    fn note_inner_hits(
        &self,
        path: &str,
        settings: &Value,
        query: &Scorer<'a>,
    ) -> Result<(), ApiError> {
        let settings = settings.as_object().cloned().unwrap_or_default();
        let name = settings
            .get("name")
            .and_then(Value::as_str)
            .unwrap_or(path)
            .to_owned();
        let mut noted = self.noted.borrow_mut();
        if noted.inner_hits.iter().any(|known| known.name == name) {
            return Err(ApiError::illegal_argument(format!(
                "[inner_hits] already contains an entry for key [{name}]"
            ))
            .in_search());
        }
        check_window(&settings)?;
        noted.inner_hits.push(InnerHits {
            name,
            path: path.to_owned(),
            scorer: Rc::clone(query),
            settings,
        });
        Ok(())
    }
}

/// Makes the error of a clause the cause of the error of the query around it.
fn within(name: &str, error: ApiError) -> ApiError {
    if error.in_search || error.is_unsupported() || error.kind == "x_content_parse_exception" {
        return error;
    }
    ApiError::bad_request(
        "x_content_parse_exception",
        format!("[1:1] [bool] failed to parse field [{name}]"),
    )
    .caused_by(error.kind, &error.reason)
    // Java's own exceptions are no root causes.
    .rooted(match error.kind {
        "illegal_argument_exception" | "illegal_state_exception" => "x_content_parse_exception",
        kind => kind,
    })
}

/// The best score and, with a tie breaker, a part of the others.
pub(super) fn best_of<'a>(queries: Vec<Scorer<'a>>, tie: f32) -> Scorer<'a> {
    Rc::new(move |view| {
        let scores: Vec<f32> = queries.iter().filter_map(|query| query(view)).collect();
        let best = scores.iter().copied().max_by(f32::total_cmp)?;
        let others: f32 = scores.iter().sum::<f32>() - best;
        Some(if tie > 0.0 { best + others * tie } else { best })
    })
}

/// The members of an inner hits section as a search body has them.
pub(crate) const INNER_HITS: &[&str] = &[
    "name",
    "from",
    "size",
    "sort",
    "_source",
    "version",
    "seq_no_primary_term",
    "ignore_unmapped",
    "highlight",
    "fields",
    "docvalue_fields",
    "track_scores",
];

/// Refuses members of inner hits that are not done here.
pub(crate) fn check(settings: &Map<String, Value>) -> Result<(), ApiError> {
    match settings
        .keys()
        .find(|name| !INNER_HITS.contains(&name.as_str()))
    {
        Some(name)
            if matches!(
                name.as_str(),
                "explain" | "script_fields" | "stored_fields" | "collapse"
            ) =>
        {
            Err(ApiError::unsupported(format!("[{name}] in [inner_hits]")))
        }
        Some(name) => Err(ApiError::bad_request(
            "x_content_parse_exception",
            format!("[1:1] [inner_hits] unknown field [{name}]"),
        )),
        None => Ok(()),
    }
}

/// Refuses pages of inner hits beyond the window.
///
/// # Errors
/// 400 as the shards say it.
pub(crate) fn check_window(settings: &Map<String, Value>) -> Result<(), ApiError> {
    const LIMIT: u64 = 100;
    let number = |name, default| {
        settings
            .get(name)
            .and_then(Value::as_u64)
            .unwrap_or(default)
    };
    let reach = number("from", 0).saturating_add(number("size", 3));
    if reach <= LIMIT {
        return Ok(());
    }
    Err(ApiError::illegal_argument(format!(
        "Inner result window is too large, from + size must be less than or equal to: [{LIMIT}] but was [{reach}]. This limit can be set by changing the [index.max_inner_result_window] index level setting."
    ))
    .in_search())
}
