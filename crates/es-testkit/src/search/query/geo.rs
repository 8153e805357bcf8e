//! Places: distances and boxes.

use std::rc::Rc;

use serde_json::Value;

use super::{Compiler, common};
use crate::api::error::ApiError;
use crate::search::shard::{Scorer, View};
use crate::store::{Kind, Point, read_place};
use crate::strict::Fields;

/// Returns the metres between two points on a sphere of the earth's mean radius.
pub(crate) fn distance_meters(a: Point, b: Point) -> f64 {
    const RADIUS: f64 = 6_371_008.771_4;
    let (lat, lon) = ((b.lat - a.lat).to_radians(), (b.lon - a.lon).to_radians());
    let chord = (lat / 2.0).sin().powi(2)
        + a.lat.to_radians().cos() * b.lat.to_radians().cos() * (lon / 2.0).sin().powi(2);
    2.0 * RADIUS * chord.sqrt().min(1.0).asin()
}

/// Returns how many metres a unit has.
pub(crate) fn unit_meters(unit: &str) -> Option<f64> {
    Some(match unit {
        "" | "m" | "meters" => 1.0,
        "km" | "kilometers" => 1_000.0,
        "mi" | "miles" => 1_609.344,
        "yd" | "yards" => 0.9144,
        "ft" | "feet" => 0.3048,
        "in" | "inch" => 0.0254,
        "cm" | "centimeters" => 0.01,
        "mm" | "millimeters" => 0.001,
        "nmi" | "NM" | "nauticalmiles" => 1_852.0,
        _ => return None,
    })
}

/// Reads a distance with its unit.
pub(crate) fn parse_distance(text: &str, default_unit: &str) -> Option<f64> {
    let number = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let unit = text.get(number.len()..)?;
    let meters = unit_meters(if unit.is_empty() { default_unit } else { unit })?;
    number
        .trim()
        .parse::<f64>()
        .ok()
        .map(|number| number * meters)
}

impl<'a> Compiler<'a> {
    pub fn geo_distance(&self, body: &Value) -> Result<Scorer<'a>, ApiError> {
        let fields = Fields::query("geo_distance", body)?;
        let Some(distance) = fields.text("distance")? else {
            return Err(ApiError::parsing(
                "geo_distance requires 'distance' to be specified",
            ));
        };
        let unit = fields.text("unit")?.unwrap_or_else(|| "m".to_owned());
        let limit = parse_distance(&distance, &unit).ok_or_else(|| {
            ApiError::bad_request(
                "number_format_exception",
                format!("For input string: \"{distance}\""),
            )
        })?;
        if limit <= 0.0 {
            return Err(ApiError::illegal_argument(
                "distance must be greater than zero",
            ));
        }
        fields.only("distance_type", "arc", &["plane"])?;
        fields.only(
            "validation_method",
            "strict",
            &["coerce", "ignore_malformed"],
        )?;
        let lenient = fields.flag("ignore_unmapped")?.unwrap_or(false);
        let (boost, name) = common(&fields)?;
        let (path, place) = self.place(&fields, "geo_distance")?;
        let point = read_place(place).map_err(|reason| {
            let error = ApiError::bad_request("parse_exception", reason);
            let is_read_early = ["found a height", "unsupported symbol"];
            if is_read_early
                .iter()
                .any(|start| error.reason.starts_with(start))
            {
                return error;
            }
            self.shard_error(error)
        })?;
        let Some(path) = self.geo_field(&path, lenient)? else {
            return Ok(Rc::new(|_| None));
        };
        self.named(
            name,
            Rc::new(move |view: View<'a>| {
                let data = view.entry.fields.get(&path)?;
                data.points
                    .iter()
                    .any(|own| distance_meters(*own, point) <= limit)
                    .then_some(boost)
            }),
        )
    }

    fn place<'v>(&self, fields: &Fields<'v>, query: &str) -> Result<(String, &'v Value), ApiError> {
        match fields.rest().as_slice() {
            [(path, place)] => Ok(((*path).clone(), place)),
            [] => Err(ApiError::illegal_argument(format!(
                "[{query}] requires a field"
            ))),
            [_, (other, _), ..] => Err(ApiError::parsing(format!(
                "[{query}] query does not support [{other}]"
            ))),
        }
    }

    fn geo_field(&self, path: &str, lenient: bool) -> Result<Option<String>, ApiError> {
        match self.field(path) {
            Some(field) if matches!(field.kind, Kind::GeoPoint) => Ok(Some(field.path.clone())),
            Some(field) => Err(self.shard_error(ApiError::illegal_argument(format!(
                "field [{path}] is of type [{}], which is no geo_point",
                field.type_name
            )))),
            None if lenient => Ok(None),
            None => Err(self.shard_error(ApiError::illegal_argument(format!(
                "failed to find geo field [{path}]"
            )))),
        }
    }

    pub fn geo_bounding_box(&self, body: &Value) -> Result<Scorer<'a>, ApiError> {
        let fields = Fields::query("geo_bounding_box", body)?;
        fields.only(
            "validation_method",
            "strict",
            &["coerce", "ignore_malformed"],
        )?;
        let lenient = fields.flag("ignore_unmapped")?.unwrap_or(false);
        let (boost, name) = common(&fields)?;
        let (path, place) = self.place(&fields, "geo_bounding_box")?;
        let corners = read_box(place)?;
        let Some(path) = self.geo_field(&path, lenient)? else {
            return Ok(Rc::new(|_| None));
        };
        self.named(
            name,
            Rc::new(move |view: View<'a>| {
                let data = view.entry.fields.get(&path)?;
                data.points
                    .iter()
                    .any(|point| corners.has(*point))
                    .then_some(boost)
            }),
        )
    }
}

struct Corners {
    top: f64,
    left: f64,
    bottom: f64,
    right: f64,
}

impl Corners {
    fn has(&self, point: Point) -> bool {
        let across = if self.left <= self.right {
            (self.left..=self.right).contains(&point.lon)
        } else {
            point.lon >= self.left || point.lon <= self.right
        };
        across && (self.bottom..=self.top).contains(&point.lat)
    }
}

fn read_box(value: &Value) -> Result<Corners, ApiError> {
    let fields = Fields::query("geo_bounding_box", value)?;
    fields.unsupported(&["wkt"])?;
    let wrong = |reason: String| {
        ApiError::parsing(format!(
            "failed to parse [geo_bounding_box] query. [{reason}]"
        ))
    };
    let point = |name: &str| match fields.get(name)? {
        None => Ok(None),
        Some(Value::String(text)) if !text.contains([',', '(']) => Err(ApiError::unsupported(
            "geohashes as corners of [geo_bounding_box]",
        )),
        Some(value) => read_place(value).map(Some).map_err(wrong),
    };
    let (top_left, bottom_right) = (point("top_left")?, point("bottom_right")?);
    let (top_right, bottom_left) = (point("top_right")?, point("bottom_left")?);
    let (top, left) = (fields.float("top")?, fields.float("left")?);
    let (bottom, right) = (fields.float("bottom")?, fields.float("right")?);
    fields.finish()?;
    let top = top.or(top_left.or(top_right).map(|point| point.lat));
    let left = left.or(top_left.or(bottom_left).map(|point| point.lon));
    let bottom = bottom.or(bottom_right.or(bottom_left).map(|point| point.lat));
    let right = right.or(bottom_right.or(top_right).map(|point| point.lon));
    let (Some(top), Some(left), Some(bottom), Some(right)) = (top, left, bottom, right) else {
        return Err(ApiError::illegal_argument(
            "failed to parse bounding box. Conflicting or missing corners",
        ));
    };
    if top < bottom {
        return Err(ApiError::illegal_argument(format!(
            "top is below bottom corner: {top} vs. {bottom}"
        )));
    }
    Ok(Corners {
        top,
        left,
        bottom,
        right,
    })
}
