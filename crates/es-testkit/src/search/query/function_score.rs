//! `function_score` without scripts.

use std::rc::Rc;

use serde_json::Value;

use super::{Compiler, common, distance_meters, parse_distance};
use crate::api::error::ApiError;
use crate::api::value::Term;
use crate::dates::{parse_math, zone};
use crate::search::shard::{Scorer, View};
use crate::store::{Entry, Kind, read_point};
use crate::strict::Fields;

type Modifier = fn(f64) -> f64;
type Function<'a> = Box<dyn Fn(View<'a>) -> f64 + 'a>;

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

impl<'a> Compiler<'a> {
    pub(super) fn function_score(&self, body: &Value) -> Result<Scorer<'a>, ApiError> {
        let fields = Fields::query("function_score", body)?;
        let query = match fields.get("query")? {
            Some(query) => self.compile(query)?,
            None => Rc::new(|_: View<'a>| Some(1.0_f32)) as Scorer<'a>,
        };
        let (boost, name) = common(&fields)?;
        let score_mode = fields
            .choice("score_mode", SCORE_MODES)?
            .unwrap_or(Mode::Multiply);
        let boost_mode = fields
            .choice("boost_mode", BOOST_MODES)?
            .unwrap_or(Mode::Multiply);
        let most = fields.float("max_boost")?.unwrap_or(f64::from(f32::MAX));
        let least = fields.float("min_score")?;
        let mut functions: Vec<(Option<Scorer<'a>>, f64, Option<Function<'a>>)> = Vec::new();
        let single = fields.raw("functions").is_none();
        match fields.get("functions")? {
            None => {
                if let Some(function) = self.function(&fields)? {
                    functions.push((None, function.0, function.1));
                }
            }
            Some(Value::Array(items)) => {
                for item in items {
                    let fields = Fields::query("function_score", item)?;
                    let silent = Self {
                        marking: false,
                        ..self.clone()
                    };
                    let filter = fields
                        .get("filter")?
                        .map(|filter| silent.compile(filter))
                        .transpose()?;
                    let Some((weight, function)) = self.function(&fields)? else {
                        return Err(ApiError::parsing(
                            "failed to parse [function_score] query. an entry in functions list is missing a function.",
                        ));
                    };
                    fields.finish()?;
                    functions.push((filter, weight, function));
                }
            }
            Some(value) => return Err(fields.wrong("functions", value)),
        }
        fields.finish()?;
        self.named(
            name,
            Rc::new(move |view: View<'a>| {
                let score = f64::from(query(view)?);
                let mut results = Vec::new();
                for (filter, weight, function) in &functions {
                    if filter.as_ref().is_none_or(|filter| filter(view).is_some()) {
                        results.push((
                            function.as_ref().map_or(1.0, |function| function(view)) * weight,
                            *weight,
                        ));
                    }
                }
                let factor = merge(score_mode, &results).map(|factor| factor.min(most));
                let combined = match (factor, boost_mode) {
                    // Without a function that applies, the factor is 1 and is not combined by `replace`.
                    (None, Mode::Multiply) if !single => score,
                    (factor, mode) => {
                        let factor = factor.unwrap_or(1.0);
                        match mode {
                            Mode::Multiply | Mode::First => score * factor,
                            Mode::Replace => factor,
                            Mode::Sum => score + factor,
                            Mode::Avg => f64::midpoint(score, factor),
                            Mode::Max => score.max(factor),
                            Mode::Min => score.min(factor),
                        }
                    }
                };
                let total = combined as f32 * boost;
                least
                    .is_none_or(|least| f64::from(total) >= least)
                    .then_some(total)
            }),
        )
    }

    /// One function with its weight.
    fn function(
        &self,
        fields: &Fields<'_>,
    ) -> Result<Option<(f64, Option<Function<'a>>)>, ApiError> {
        fields.unsupported(&["script_score", "random_score"])?;
        let weight = fields.float("weight")?;
        let mut function = None;
        if let Some(settings) = fields.get("field_value_factor")? {
            function = Some(self.field_value_factor(settings)?);
        }
        for kind in ["gauss", "exp", "linear"] {
            if let Some(settings) = fields.get(kind)? {
                if function.is_some() {
                    return Err(ApiError::parsing(
                        "failed to parse [function_score] functions. already found a function",
                    ));
                }
                function = Some(self.decay(kind, settings)?);
            }
        }
        Ok(if function.is_none() && weight.is_none() {
            None
        } else {
            Some((weight.unwrap_or(1.0), function))
        })
    }

    fn field_value_factor(&self, settings: &Value) -> Result<Function<'a>, ApiError> {
        let fields = Fields::query("field_value_factor", settings)?;
        let path = fields.text("field")?.ok_or_else(|| {
            ApiError::parsing("[field_value_factor] required field 'field' missing")
        })?;
        let factor = fields.float("factor")?.unwrap_or(1.0);
        let missing = fields.float("missing")?;
        let modifiers: &[(&str, Modifier)] = &[
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
        let modifier = fields.choice("modifier", modifiers)?.unwrap_or(|x| x);
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
            && !matches!(
                field.kind,
                Kind::Number(_) | Kind::Date { .. } | Kind::Boolean
            )
        {
            let reason = format!(
                "field [{path}] of type [{}] has no numbers",
                field.type_name
            );
            return Err(self.shard_error(ApiError::bad_request("class_cast_exception", reason)));
        }
        let path = field.map_or(path, |field| field.path.clone());
        // The genuine server fails when the query finds such a document.
        let lacks = |entry: &Entry| entry.terms(&path).is_empty();
        if missing.is_none() && self.shard.documents.iter().any(|one| lacks(&one.entry)) {
            return Err(ApiError::unsupported(
                "[field_value_factor] without [missing] where a document has no value",
            ));
        }
        Ok(Box::new(move |view: View<'a>| {
            let own = view
                .entry
                .terms(&path)
                .iter()
                .filter_map(Term::number)
                .min_by(f64::total_cmp);
            modifier(own.or(missing).unwrap_or(1.0) * factor)
        }))
    }

    fn decay(&self, kind: &str, settings: &Value) -> Result<Function<'a>, ApiError> {
        let fields = Fields::query(kind, settings)?;
        #[derive(Clone, Copy)]
        enum Pick {
            Min,
            Max,
            Sum,
            Avg,
        }
        let picks = [
            ("min", Pick::Min),
            ("max", Pick::Max),
            ("sum", Pick::Sum),
            ("avg", Pick::Avg),
        ];
        let pick = fields
            .choice("multi_value_mode", &picks)?
            .unwrap_or(Pick::Min);
        let rest = fields.rest();
        let [(path, settings)] = rest.as_slice() else {
            return Err(ApiError::parsing(format!("[{kind}] requires one field")));
        };
        let inner = Fields::query(kind, settings)?;
        let Some(field) = self.field(path) else {
            return Err(ApiError::parsing(format!("unknown field [{path}]")));
        };
        let wrong = |name: &str| {
            ApiError::bad_request(
                "parse_exception",
                format!("[{kind}] cannot read [{name}] of the field [{path}]"),
            )
            .in_search()
        };
        let scale_text = inner.text("scale")?.ok_or_else(|| wrong("scale"))?;
        let offset_text = inner.text("offset")?.unwrap_or_else(|| "0".to_owned());
        let decay = inner.float("decay")?.unwrap_or(0.5);
        if decay <= 0.0 || decay >= 1.0 {
            return Err(ApiError::illegal_argument(
                "decay must be in the range (0..1)",
            ));
        }
        let origin = inner.get("origin")?;
        inner.finish()?;
        let path = field.path.clone();
        let (scale, offset): (f64, f64);
        let distances: Box<dyn Fn(View<'a>) -> Vec<f64> + 'a> = match &field.kind {
            Kind::GeoPoint => {
                let origin = read_point(origin.ok_or_else(|| wrong("origin"))?)
                    .map_err(|_| wrong("origin"))?;
                scale = parse_distance(&scale_text, "m").ok_or_else(|| wrong("scale"))?;
                offset = parse_distance(&offset_text, "m").ok_or_else(|| wrong("offset"))?;
                Box::new(move |view| {
                    let points = view
                        .entry
                        .fields
                        .get(&path)
                        .map(|data| data.points.as_slice());
                    points
                        .unwrap_or_default()
                        .iter()
                        .map(|point| distance_meters(*point, origin))
                        .collect()
                })
            }
            Kind::Date { format } => {
                let text = origin.map_or_else(
                    || "now".to_owned(),
                    |value| {
                        value
                            .as_str()
                            .map_or_else(|| value.to_string(), str::to_owned)
                    },
                );
                let origin = parse_math(&text, format, &zone("UTC")?, false, self.now)? as f64;
                let time =
                    |text: &str| crate::dates::parse_time(text).map(|time| time.as_millis() as f64);
                scale = time(&scale_text).ok_or_else(|| wrong("scale"))?;
                offset = if offset_text == "0" {
                    0.0
                } else {
                    time(&offset_text).ok_or_else(|| wrong("offset"))?
                };
                Box::new(move |view| {
                    view.entry
                        .terms(&path)
                        .iter()
                        .filter_map(Term::number)
                        .map(|value| (value - origin).abs())
                        .collect()
                })
            }
            Kind::Number(_) => {
                let origin = origin
                    .and_then(|value| value.as_f64().or_else(|| value.as_str()?.parse().ok()))
                    .ok_or_else(|| wrong("origin"))?;
                scale = scale_text.parse().map_err(|_| wrong("scale"))?;
                offset = offset_text.parse().map_err(|_| wrong("offset"))?;
                Box::new(move |view| {
                    view.entry
                        .terms(&path)
                        .iter()
                        .filter_map(Term::number)
                        .map(|value| (value - origin).abs())
                        .collect()
                })
            }
            _ => {
                return Err(ApiError::parsing(format!(
                    "field [{path}] is of type [{}], but only numeric types are supported.",
                    field.type_name
                )));
            }
        };
        if scale <= 0.0 {
            return Err(ApiError::illegal_argument("scale must be > 0.0."));
        }
        let kind = kind.to_owned();
        Ok(Box::new(move |view| {
            let distances: Vec<f64> = distances(view)
                .into_iter()
                .map(|distance| (distance - offset).max(0.0))
                .collect();
            let sum: f64 = distances.iter().sum();
            let distance = match pick {
                Pick::Min => distances.iter().copied().min_by(f64::total_cmp),
                Pick::Max => distances.iter().copied().max_by(f64::total_cmp),
                Pick::Sum => (!distances.is_empty()).then_some(sum),
                Pick::Avg => (!distances.is_empty()).then(|| sum / distances.len() as f64),
            };
            let Some(distance) = distance else { return 1.0 };
            match kind.as_str() {
                "gauss" => (distance * distance * decay.ln() / (scale * scale)).exp(),
                "exp" => (decay.ln() / scale * distance).exp(),
                _ => {
                    let reach = scale / (1.0 - decay);
                    ((reach - distance) / reach).max(0.0)
                }
            }
        }))
    }
}

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
