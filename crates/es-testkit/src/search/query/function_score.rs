//! `function_score` without scripts.

use std::rc::Rc;

use serde_json::Value;

use super::decay::CURVES;
use super::{Compiler, common};
use crate::api::error::ApiError;
use crate::api::value::Term;
use crate::search::shard::{Scorer, View};
use crate::strict::Fields;

type Modifier = fn(f64) -> f64;
pub(super) type Function<'a> = Box<dyn Fn(View<'a>) -> f64 + 'a>;

#[derive(Clone, Copy)]
enum Mode {
    Multiply,
    Sum,
    Avg,
    First,
    Max,
    Min,
    Replace,
}

const SCORE_MODES: &[(&str, Mode)] = &[
    ("multiply", Mode::Multiply),
    ("sum", Mode::Sum),
    ("avg", Mode::Avg),
    ("first", Mode::First),
    ("max", Mode::Max),
    ("min", Mode::Min),
];

const BOOST_MODES: &[(&str, Mode)] = &[
    ("multiply", Mode::Multiply),
    ("replace", Mode::Replace),
    ("sum", Mode::Sum),
    ("avg", Mode::Avg),
    ("max", Mode::Max),
    ("min", Mode::Min),
];

const MODIFIERS: &[(&str, Modifier)] = &[
    ("none", |x| x),
    ("log", f64::log10),
    ("log1p", |x| (x + 1.0).log10()),
    ("log2p", |x| (x + 2.0).log10()),
    ("ln", f64::ln),
    ("ln1p", f64::ln_1p),
    ("ln2p", |x| (x + 2.0).ln()),
    ("square", |x| x * x),
    ("sqrt", f64::sqrt),
    ("reciprocal", |x| 1.0 / x),
];

/// A function of a query, with the documents that it applies to.
struct Weighted<'a> {
    filter: Option<Scorer<'a>>,
    weight: f64,
    function: Option<Function<'a>>,
}

/// Makes the error for a word that is none of a setting's.
fn no_constant(error: ApiError) -> ApiError {
    error.retyped("parsing_exception", "illegal_argument_exception")
}

impl<'a> Weighted<'a> {
    /// The value of the function, if it applies.
    fn value(&self, view: View<'a>) -> Option<f64> {
        if let Some(filter) = &self.filter {
            filter(view)?;
        }
        let value = self
            .function
            .as_ref()
            .map_or(1.0, |function| function(view));
        Some(value * self.weight)
    }
}

impl<'a> Compiler<'a> {
    pub fn function_score(&self, body: &Value) -> Result<Scorer<'a>, ApiError> {
        let fields = Fields::query("function_score", body)?;
        let query = match fields.get("query")? {
            Some(query) => self.compile(query)?,
            None => Rc::new(|_: View<'a>| Some(1.0_f32)) as Scorer<'a>,
        };
        let (boost, name) = common(&fields)?;
        let score_mode = fields
            .choice("score_mode", SCORE_MODES)
            .map_err(no_constant)?
            .unwrap_or(Mode::Multiply);
        let boost_mode = fields
            .choice("boost_mode", BOOST_MODES)
            .map_err(no_constant)?
            .unwrap_or(Mode::Multiply);
        let most = fields.float("max_boost")?.unwrap_or(f64::from(f32::MAX));
        let least = fields.float("min_score")?;
        let functions = self.functions(&fields)?;
        // The function of a list without others is not weighed against them.
        let is_alone = matches!(functions.as_slice(), [one] if one.filter.is_none());
        let score_mode = if is_alone { Mode::Multiply } else { score_mode };
        let is_list = fields.raw("functions").is_some();
        let failure = Rc::clone(&self.failure);
        fields.finish()?;
        self.named(
            name,
            Rc::new(move |view: View<'a>| {
                let score = f64::from(query(view)?);
                let applied = functions
                    .iter()
                    .filter_map(|function| Some((function.value(view)?, function.weight)));
                let factor = merge(score_mode, &applied.collect::<Vec<_>>())
                    // Unlike `f64::min`, the server keeps what is not a number.
                    .map(|factor| if factor > most { most } else { factor });
                let combined = match (factor, boost_mode) {
                    // Without a function that applies there is nothing to multiply by.
                    (None, Mode::Multiply) if is_list => score,
                    (factor, mode) => combine(mode, score, factor.unwrap_or(1.0)),
                };
                let total = combined as f32 * boost;
                if total.is_nan() || total < 0.0 {
                    let reason = format!("function score query returned an invalid score: {total}");
                    let error = ApiError::illegal_argument(reason).in_search();
                    failure.borrow_mut().get_or_insert(error);
                }
                least
                    .is_none_or(|least| f64::from(total) >= least)
                    .then_some(total)
            }),
        )
    }

    /// The functions of a query: a list, or a single one beside the other members.
    fn functions(&self, fields: &Fields<'_>) -> Result<Vec<Weighted<'a>>, ApiError> {
        match fields.get("functions")? {
            None => Ok(self.function(fields, None)?.into_iter().collect()),
            Some(Value::Array(items)) => items.iter().map(|item| self.listed(item)).collect(),
            Some(value) => Err(fields.wrong("functions", value)),
        }
    }

    fn listed(&self, item: &Value) -> Result<Weighted<'a>, ApiError> {
        let fields = Fields::query("function_score", item)?;
        let silent = Self {
            marking: false,
            ..self.unscored()
        };
        let filter = fields
            .get("filter")?
            .map(|filter| silent.compile(filter))
            .transpose()?;
        let function = self.function(&fields, filter)?.ok_or_else(|| {
            ApiError::parsing(
                "failed to parse [function_score] query. an entry in functions list is missing a function.",
            )
        })?;
        fields.finish()?;
        Ok(function)
    }

    /// One function with its weight.
    fn function(
        &self,
        fields: &Fields<'_>,
        filter: Option<Scorer<'a>>,
    ) -> Result<Option<Weighted<'a>>, ApiError> {
        fields.unsupported(&["script_score", "random_score"])?;
        let weight = fields.float("weight")?;
        if weight.is_some_and(|weight| weight < 0.0) {
            return Err(ApiError::illegal_argument(
                "[weight] cannot be negative for a filtering function",
            ));
        }
        let mut function = None;
        if let Some(settings) = fields.get("field_value_factor")? {
            function = Some(self.field_value_factor(settings)?);
        }
        for (kind, curve) in CURVES {
            if let Some(settings) = fields.get(kind)? {
                if function.is_some() {
                    return Err(ApiError::parsing(
                        "failed to parse [function_score] functions. already found a function",
                    ));
                }
                function = Some(self.decay(kind, curve, settings)?);
            }
        }
        if function.is_none() && weight.is_none() {
            return Ok(None);
        }
        Ok(Some(Weighted {
            filter,
            weight: weight.unwrap_or(1.0),
            function,
        }))
    }

    fn field_value_factor(&self, settings: &Value) -> Result<Function<'a>, ApiError> {
        let fields = Fields::query("field_value_factor", settings)?;
        let path = fields.text("field")?.ok_or_else(|| {
            ApiError::parsing("[field_value_factor] required field 'field' missing")
        })?;
        let factor = fields.float("factor")?.unwrap_or(1.0);
        let missing = fields.float("missing")?;
        let modifier = fields
            .choice("modifier", MODIFIERS)
            .map_err(no_constant)?
            .unwrap_or(|x| x);
        fields.finish()?;
        let field = self.field(&path);
        if field.is_none() && missing.is_none() {
            return Err(ApiError::bad_request(
                "exception",
                format!(
                    "Unable to find a field mapper for field [{path}]. No 'missing' value defined."
                ),
            )
            .in_search());
        }
        if let Some(field) = &field
            && !field.has_numbers()
        {
            let reason = format!(
                "field [{path}] of type [{}] has no numbers",
                field.type_name
            );
            return Err(self.shard_error(ApiError::bad_request("class_cast_exception", reason)));
        }
        let path = field.map_or(path, |field| field.path.clone());
        let failure = Rc::clone(&self.failure);
        Ok(Box::new(move |view: View<'a>| {
            let own = view
                .entry
                .terms(&path)
                .iter()
                .filter_map(Term::number)
                .min_by(f64::total_cmp);
            let fail = |error: ApiError| {
                failure.borrow_mut().get_or_insert(error.in_search());
            };
            let Some(own) = own.or(missing) else {
                let reason = format!("Missing value for field [{path}]");
                fail(ApiError::illegal_argument(reason));
                return 1.0;
            };
            let value = modifier(own * factor);
            if value < 0.0 || value.is_nan() {
                fail(ApiError::illegal_argument(format!(
                    "field value function must not produce negative scores, but got: [{value}] for field value: [{own}]"
                )));
            }
            value
        }))
    }
}

/// The score of a query together with the factor of its functions.
fn combine(mode: Mode, score: f64, factor: f64) -> f64 {
    match mode {
        Mode::Multiply | Mode::First => score * factor,
        Mode::Replace => factor,
        Mode::Sum => score + factor,
        Mode::Avg => f64::midpoint(score, factor),
        Mode::Max => score.max(factor),
        Mode::Min => score.min(factor),
    }
}

/// The factor of the functions that apply, each with its weight.
fn merge(mode: Mode, results: &[(f64, f64)]) -> Option<f64> {
    let values = results.iter().map(|(value, _)| *value);
    match mode {
        Mode::Multiply | Mode::Replace => (!results.is_empty()).then(|| values.product()),
        Mode::Sum => (!results.is_empty()).then(|| values.sum()),
        Mode::Avg => {
            let weight: f64 = results.iter().map(|(_, weight)| weight).sum();
            (!results.is_empty()).then(|| values.sum::<f64>() / weight)
        }
        Mode::First => results.first().map(|(value, _)| *value),
        Mode::Max => values.max_by(f64::total_cmp),
        Mode::Min => values.min_by(f64::total_cmp),
    }
}
