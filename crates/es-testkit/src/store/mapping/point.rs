//! Places on earth.

use serde_json::{Map, Value};

/// A place on earth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Point {
    pub lat: f64,
    pub lon: f64,
}

/// Reads a point of a query, which has no height.
///
/// # Errors
/// As for [`read_point`].
pub(crate) fn read_place(value: &Value) -> Result<Point, String> {
    let has_height = match value {
        Value::Array(items) => items.len() > 2,
        Value::Object(fields) => fields.contains_key("z"),
        Value::String(text) => text.matches(',').count() > 1,
        _ => false,
    };
    if has_height {
        return Err("found a height of a point, which queries do not have".to_owned());
    }
    read_point(value)
}

impl Point {
    /// Returns the point as the index holds it: each number in 32 bits.
    pub fn rounded(self) -> Self {
        let step = |number: f64, whole: f64| {
            let width = whole / 4_294_967_296.0;
            let last = whole / 2.0 - width;
            ((number / width).floor() * width).min(last)
        };
        Self {
            lat: step(self.lat, 180.0),
            lon: step(self.lon, 360.0),
        }
    }
}

/// Reads a point: an object, an array, `lat,lon`, `POINT (lon lat)`, or a geohash. A height is
/// ignored.
///
/// # Errors
/// The text says why it is none.
pub(crate) fn read_point(value: &Value) -> Result<Point, String> {
    let (lat, lon) = match value {
        Value::Object(fields) => of_object(fields)?,
        Value::Array(items) => match items.as_slice() {
            [lon, lat] => (number(lat), number(lon)),
            [lon, lat, Value::Number(_)] => (number(lat), number(lon)),
            _ => return Err("[geo_point] field takes two or three values".to_owned()),
        },
        Value::String(text) if is_geohash(text) => return geohash(text),
        Value::String(text) => of_text(text)?,
        _ => return Err("geo_point expected".to_owned()),
    };
    let (Some(lat), Some(lon)) = (lat, lon) else {
        return Err("latitude and longitude must be numbers".to_owned());
    };
    if !(-90.0..=90.0).contains(&lat) {
        return Err(format!("illegal latitude value [{lat}]"));
    }
    if !(-180.0..=180.0).contains(&lon) {
        return Err(format!("illegal longitude value [{lon}]"));
    }
    Ok(Point { lat, lon })
}

/// Latitude and longitude, as far as they are numbers.
type Degrees = (Option<f64>, Option<f64>);

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

fn of_object(fields: &Map<String, Value>) -> Result<Degrees, String> {
    let known = ["lat", "lon", "z", "type", "coordinates"];
    if let Some(name) = fields.keys().find(|name| !known.contains(&name.as_str())) {
        return Err(format!(
            "field [{name}] not supported - must be one of: lon, lat, type, coordinates"
        ));
    }
    if fields.get("z").is_some_and(|z| number(z).is_none()) {
        return Err("[z] must be a number".to_owned());
    }
    let coordinates = fields.get("coordinates").and_then(Value::as_array);
    Ok(match coordinates.map(Vec::as_slice) {
        Some([lon, lat] | [lon, lat, _]) => (number(lat), number(lon)),
        _ => (
            fields.get("lat").and_then(number),
            fields.get("lon").and_then(number),
        ),
    })
}

/// Returns the numbers of `POINT (lon lat)`.
fn well_known(text: &str) -> Option<&str> {
    let inner = text.trim().strip_prefix("POINT")?.trim();
    let inner = inner.strip_prefix('Z').map_or(inner, str::trim);
    inner.strip_prefix('(')?.strip_suffix(')')
}

fn is_geohash(text: &str) -> bool {
    well_known(text).is_none() && !text.contains(',')
}

fn of_text(text: &str) -> Result<Degrees, String> {
    let (parts, swapped): (Vec<&str>, bool) = match well_known(text) {
        Some(inner) => (inner.split_whitespace().collect(), true),
        None => (text.split(',').map(str::trim).collect(), false),
    };
    if let Some(height) = parts.get(2).filter(|text| text.parse::<f64>().is_err()) {
        return Err(format!("illegal height [{height}]"));
    }
    let ([first, second] | [first, second, _]) = parts.as_slice() else {
        return Err(format!(
            "failed to parse [{text}], expected 2 or 3 coordinates but found: [{}]",
            parts.len()
        ));
    };
    let (lat, lon) = if swapped {
        (second, first)
    } else {
        (first, second)
    };
    Ok((lat.parse().ok(), lon.parse().ok()))
}

/// Reads a geohash as the corner of its cell with the least latitude and longitude.
fn geohash(text: &str) -> Result<Point, String> {
    const LETTERS: &[u8] = b"0123456789bcdefghjkmnpqrstuvwxyz";
    if text.is_empty() || text.len() > 12 {
        return Err(format!("unsupported geohash [{text}]"));
    }
    let (mut lat, mut lon) = ((-90.0, 90.0), (-180.0, 180.0));
    let mut of_longitude = true;
    for letter in text.bytes() {
        let value = LETTERS
            .iter()
            .position(|known| *known == letter)
            .ok_or_else(|| {
                format!(
                    "unsupported symbol [{}] in geohash [{text}]",
                    char::from(letter)
                )
            })?;
        for bit in (0..5).rev() {
            let (low, high) = if of_longitude { &mut lon } else { &mut lat };
            let middle = f64::midpoint(*low, *high);
            if value >> bit & 1 == 1 {
                *low = middle;
            } else {
                *high = middle;
            }
            of_longitude = !of_longitude;
        }
    }
    Ok(Point {
        lat: lat.0,
        lon: lon.0,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn geohash_is_the_corner_of_its_cell() {
        let read = |text: &str| read_point(&json!(text));
        assert_eq!(
            read("s"),
            Ok(Point { lat: 0.0, lon: 0.0 }),
            "the cell north east of the origin"
        );
        let point = read("u4pruydqqvj").unwrap_or(Point { lat: 0.0, lon: 0.0 });
        assert!((point.lat - 57.649_11).abs() < 1e-5, "{point:?}");
        assert!((point.lon - 10.407_44).abs() < 1e-5, "{point:?}");
        assert!(read("abc").is_err(), "`a` is no letter of a geohash");
    }

    #[test]
    fn height_is_ignored() {
        let point = Ok(Point { lat: 1.0, lon: 2.0 });
        assert_eq!(read_point(&json!([2, 1, 30])), point);
        assert_eq!(read_point(&json!("1,2,30")), point);
        assert_eq!(read_point(&json!("POINT (2 1)")), point);
    }
}
