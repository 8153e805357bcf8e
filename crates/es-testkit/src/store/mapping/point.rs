//! Places on earth.

use serde_json::Value;

/// A place on earth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Point {
    pub(crate) lat: f64,
    pub(crate) lon: f64,
}

/// Reads a point: an object, an array, `lat,lon`, or `POINT (lon lat)`.
///
/// # Errors
/// The text says why it is none.
pub(crate) fn read_point(value: &Value) -> Result<Point, String> {
    let number = |value: &Value| match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    let (lat, lon) = match value {
        Value::Object(fields) => {
            if let Some(name) = fields
                .keys()
                .find(|name| !matches!(name.as_str(), "lat" | "lon" | "type" | "coordinates"))
            {
                return Err(format!(
                    "field [{name}] not supported - must be one of: lon, lat, type, coordinates, geohash"
                ));
            }
            match fields
                .get("coordinates")
                .and_then(Value::as_array)
                .map(Vec::as_slice)
            {
                Some([lon, lat]) => (number(lat), number(lon)),
                _ => (
                    fields.get("lat").and_then(number),
                    fields.get("lon").and_then(number),
                ),
            }
        }
        Value::Array(items) => match items.as_slice() {
            [lon, lat] => (number(lat), number(lon)),
            _ => return Err("[geo_point] field takes two or three values".to_owned()),
        },
        Value::String(text) => {
            let inner = text
                .trim()
                .strip_prefix("POINT")
                .map(str::trim)
                .and_then(|text| text.strip_prefix('(')?.strip_suffix(')'));
            match (
                inner.and_then(|inner| inner.trim().split_once(' ')),
                text.split_once(','),
            ) {
                (Some((lon, lat)), _) | (None, Some((lat, lon))) => {
                    (lat.trim().parse().ok(), lon.trim().parse().ok())
                }
                _ => return Err(format!("unsupported symbol in geohash [{text}]")),
            }
        }
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
