//! The decay functions of `function_score`: scores that fall with the distance from an origin.

use serde_json::Value;

use super::function_score::Function;
use super::{Compiler, distance_meters, parse_distance};
use crate::api::error::ApiError;
use crate::api::value::Term;
use crate::dates::{parse_math, parse_time, zone};
use crate::search::shard::View;
use crate::store::{Field, Kind, read_place};
use crate::strict::Fields;

type Distances<'a> = Box<dyn Fn(View<'a>) -> Vec<f64> + 'a>;

/// The form of a decay.
#[derive(Clone, Copy)]
pub(super) enum Curve {
    Gauss,
    Exp,
    Linear,
}

pub(super) const CURVES: [(&str, Curve); 3] = [
    ("gauss", Curve::Gauss),
    ("exp", Curve::Exp),
    ("linear", Curve::Linear),
];

impl Curve {
    /// The score at a distance; at that of `scale` it is `decay`.
    fn at(self, distance: f64, scale: f64, decay: f64) -> f64 {
        match self {
            Self::Gauss => (distance * distance * decay.ln() / (scale * scale)).exp(),
            Self::Exp => (decay.ln() / scale * distance).exp(),
            Self::Linear => {
                let reach = scale / (1.0 - decay);
                ((reach - distance) / reach).max(0.0)
            }
        }
    }
}

/// The distance of a document with several values.
#[derive(Clone, Copy)]
enum Pick {
    Min,
    Max,
    Sum,
    Avg,
}

const PICKS: &[(&str, Pick)] = &[
    ("min", Pick::Min),
    ("max", Pick::Max),
    ("sum", Pick::Sum),
    ("avg", Pick::Avg),
];

impl Pick {
    fn of(self, distances: &[f64]) -> Option<f64> {
        let all = distances.iter().copied();
        match self {
            Self::Min => all.min_by(f64::total_cmp),
            Self::Max => all.max_by(f64::total_cmp),
            Self::Sum => (!distances.is_empty()).then(|| all.sum()),
            Self::Avg => (!distances.is_empty()).then(|| all.sum::<f64>() / distances.len() as f64),
        }
    }
}

/// The settings of a field; their units depend on its type.
struct Settings<'v> {
    kind: &'v str,
    path: &'v str,
    origin: Option<&'v Value>,
    scale: String,
    offset: Option<String>,
    decay: f64,
}

impl<'v> Settings<'v> {
    fn read(kind: &'v str, path: &'v str, settings: &'v Value) -> Result<Self, ApiError> {
        let fields = Fields::query(kind, settings)?;
        let scale = fields
            .text("scale")?
            .ok_or_else(|| wrong(kind, path, "scale"))?;
        let offset = fields.text("offset")?;
        let decay = fields.float("decay")?.unwrap_or(0.5);
        let origin = fields.get("origin")?;
        fields.finish()?;
        Ok(Self {
            kind,
            path,
            origin,
            scale,
            offset: offset.filter(|offset| offset != "0"),
            decay,
        })
    }

    fn wrong(&self, name: &str) -> ApiError {
        wrong(self.kind, self.path, name)
    }

    /// Reads scale and offset as distances of the field.
    fn lengths(&self, read: impl Fn(&str) -> Option<f64>) -> Result<(f64, f64), ApiError> {
        let scale = read(&self.scale).ok_or_else(|| self.wrong("scale"))?;
        let offset = match &self.offset {
            Some(offset) => read(offset).ok_or_else(|| self.wrong("offset"))?,
            None => 0.0,
        };
        if scale <= 0.0 {
            return Err(ApiError::illegal_argument("scale must be > 0.0."));
        }
        Ok((scale, offset))
    }
}

fn wrong(kind: &str, path: &str, name: &str) -> ApiError {
    let reason = format!("[{kind}] cannot read [{name}] of the field [{path}]");
    ApiError::bad_request("parse_exception", reason).in_search()
}

impl<'a> Compiler<'a> {
    pub(super) fn decay(
        &self,
        kind: &str,
        curve: Curve,
        body: &Value,
    ) -> Result<Function<'a>, ApiError> {
        let fields = Fields::query(kind, body)?;
        let pick = fields
            .choice("multi_value_mode", PICKS)?
            .unwrap_or(Pick::Min);
        let rest = fields.rest();
        let [(path, settings)] = rest.as_slice() else {
            return Err(ApiError::parsing(format!("[{kind}] requires one field")));
        };
        let settings = Settings::read(kind, path, settings)?;
        let Some(field) = self.field(path) else {
            return Err(ApiError::parsing(format!("unknown field [{path}]")).in_search());
        };
        if settings.decay <= 0.0 || settings.decay >= 1.0 {
            return Err(self.shard_error(ApiError::illegal_argument(
                "decay must be in the range (0..1)",
            )));
        }
        let distances = self.distances(&field, &settings)?;
        let (scale, offset) = match field.kind {
            Kind::GeoPoint => settings.lengths(|text| parse_distance(text, "m")),
            Kind::Date { .. } => settings
                .lengths(|text| parse_time(text).map(|time| time.as_millis() as f64))
                .map_err(|error| ApiError::illegal_argument(error.reason)),
            _ => settings.lengths(|text| text.parse().ok()),
        }
        .map_err(|error| self.shard_error(error))?;
        let decay = settings.decay;
        Ok(Box::new(move |view| {
            let beyond: Vec<f64> = distances(view)
                .into_iter()
                .map(|distance| (distance - offset).max(0.0))
                .collect();
            pick.of(&beyond)
                .map_or(1.0, |distance| curve.at(distance, scale, decay))
        }))
    }

    /// The distances of a document's values from the origin.
    fn distances(&self, field: &Field, settings: &Settings<'_>) -> Result<Distances<'a>, ApiError> {
        let path = field.path.clone();
        let origin = match &field.kind {
            Kind::GeoPoint => {
                let origin = settings.origin.and_then(|origin| read_place(origin).ok());
                let origin = origin.ok_or_else(|| settings.wrong("origin"))?;
                return Ok(Box::new(move |view| {
                    let data = view.entry.fields.get(&path);
                    let points = data.into_iter().flat_map(|data| &data.points);
                    points
                        .map(|point| distance_meters(*point, origin))
                        .collect()
                }));
            }
            Kind::Date { format } => {
                let text = match settings.origin {
                    None => "now".to_owned(),
                    Some(Value::String(text)) => text.clone(),
                    Some(value) => value.to_string(),
                };
                parse_math(&text, format, &zone("UTC")?, false, self.now)
                    .map_err(ApiError::in_search)? as f64
            }
            Kind::Number(_) => settings
                .origin
                .and_then(|value| value.as_f64().or_else(|| value.as_str()?.parse().ok()))
                .ok_or_else(|| settings.wrong("origin"))?,
            Kind::Text { .. } => {
                return Err(self.shard_error(ApiError::illegal_argument(format!(
                    "Fielddata is disabled on [{path}]"
                ))));
            }
            _ => {
                return Err(ApiError::parsing(format!(
                    "field [{path}] is of type [{}], but only numeric types are supported.",
                    field.type_name
                )));
            }
        };
        Ok(Box::new(move |view| {
            let values = view.entry.terms(&path).iter().filter_map(Term::number);
            values.map(|value| (value - origin).abs()).collect()
        }))
    }
}
