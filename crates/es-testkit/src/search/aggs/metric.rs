//! Metrics: numbers of the values of a field.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::{Agg, Context, Outcome, Values, unfit};
use crate::api::error::ApiError;
use crate::api::value::{Term, java_double, number};
use crate::json::Json;
use crate::search::execute::Row;
use crate::store::{Field, Kind};
use crate::strict::Fields;

/// Sums without the loss of small parts, as the server adds.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sum {
    total: f64,
    lost: f64,
}

impl Sum {
    pub fn of(values: impl IntoIterator<Item = f64>) -> f64 {
        let mut sum = Self::default();
        for value in values {
            if !value.is_finite() {
                sum.total += value;
                continue;
            }
            let corrected = value - sum.lost;
            let next = sum.total + corrected;
            sum.lost = (next - sum.total) - corrected;
            sum.total = next;
        }
        sum.total
    }
}

impl<'a> Context<'_, 'a> {
    pub fn metric(&self, agg: &Agg, rows: &[Row<'a>]) -> Result<Outcome, ApiError> {
        if agg.kind == "weighted_avg" {
            return self.weighted_avg(agg, rows);
        }
        let fields = Fields::section(&agg.kind, &agg.settings)?;
        fields.unsupported(&["script", "format", "value_type", "hdr", "rehash"])?;
        let source = Values::read(&fields)?;
        let field = match agg.kind.as_str() {
            "geo_bounds" => self.any_field(&source.field)?,
            kind => self.valued_field(&source, kind)?,
        };
        let counts = matches!(
            agg.kind.as_str(),
            "value_count" | "cardinality" | "geo_bounds"
        );
        if let Some(field) = field.as_deref()
            && !counts
            && !fits(&agg.kind, field)
        {
            return Err(unfit(&source.field, &field.type_name, &agg.kind));
        }
        if agg.kind == "geo_bounds" {
            fields.flag("wrap_longitude")?;
            fields.finish()?;
            return Ok(("geo_bounds".to_owned(), self.geo_bounds(&source, rows)));
        }
        let mut terms = Vec::new();
        let is_set = field
            .as_deref()
            .is_some_and(|field| matches!(field.kind, Kind::Keyword { .. } | Kind::Ip));
        for row in rows {
            let mut values = self.values(row, &source)?;
            // Columns of keywords and addresses hold each value of a document once.
            if is_set {
                values.sort_by(Term::compare);
                values.dedup();
            }
            terms.extend(values);
        }
        let points = rows
            .iter()
            .filter_map(|row| row.view.entry.fields.get(&source.field))
            .flat_map(|data| &data.points);
        let body = match agg.kind.as_str() {
            "value_count" => json!({"value": terms.len() + points.count()}),
            "cardinality" => {
                fields.count("precision_threshold")?;
                fields.text("execution_hint")?;
                let points = points.map(|point| format!("{},{}", point.lat, point.lon));
                let distinct: BTreeSet<String> =
                    terms.iter().map(Term::text).chain(points).collect();
                json!({"value": distinct.len()})
            }
            _ => {
                let numbers = terms.iter().filter_map(Term::number).collect();
                of_numbers(agg, &fields, numbers, field.as_deref())?
            }
        };
        fields.finish()?;
        let kind = match agg.kind.as_str() {
            "percentiles" => "tdigest_percentiles",
            "percentile_ranks" => "tdigest_percentile_ranks",
            kind => kind,
        };
        Ok((kind.to_owned(), Json::from(body)))
    }

    fn weighted_avg(&self, agg: &Agg, rows: &[Row<'a>]) -> Result<Outcome, ApiError> {
        let fields = Fields::section("weighted_avg", &agg.settings)?;
        fields.unsupported(&["format", "value_type"])?;
        let read = |name: &str| -> Result<Values, ApiError> {
            let settings = fields.required(name).map_err(ApiError::in_search)?;
            let inner = Fields::section(name, settings)?;
            inner.unsupported(&["script"])?;
            let field = inner
                .text("field")?
                .ok_or_else(|| ApiError::illegal_argument("Required [field]"))?;
            let values = Values {
                field,
                missing: inner.get("missing")?.cloned(),
            };
            inner.finish()?;
            Ok(values)
        };
        let (value, weight) = (read("value")?, read("weight")?);
        fields.finish()?;
        for values in [&value, &weight] {
            if let Some(field) = self.valued_field(values, "weighted_avg")?
                && !field.has_numbers()
            {
                return Err(unfit(&values.field, &field.type_name, "weighted_avg"));
            }
        }
        let (mut sum, mut weights) = (Vec::new(), Vec::new());
        for row in rows {
            let weight: Vec<f64> = self
                .values(row, &weight)?
                .iter()
                .filter_map(Term::number)
                .collect();
            let [weight] = weight.as_slice() else {
                if weight.len() > 1 {
                    return Err(ApiError::illegal_argument("Encountered more than one weight for a single document. Use a script to combine multiple weights-per-doc into a single value.").in_search());
                }
                continue;
            };
            for value in self.values(row, &value)?.iter().filter_map(Term::number) {
                sum.push(value * weight);
                weights.push(*weight);
            }
        }
        let total = Sum::of(weights.iter().copied());
        let value = (!weights.is_empty() && total != 0.0).then(|| Sum::of(sum) / total);
        Ok((
            "weighted_avg".to_owned(),
            Json::from(json!({"value": value})),
        ))
    }

    fn geo_bounds(&self, source: &Values, rows: &[Row<'a>]) -> Json {
        let points = rows
            .iter()
            .filter_map(|row| row.view.entry.fields.get(&source.field))
            .flat_map(|data| &data.points);
        let mut found: Option<(f64, f64, f64, f64)> = None;
        for point in points {
            let (top, left, bottom, right) =
                found.unwrap_or((point.lat, point.lon, point.lat, point.lon));
            found = Some((
                top.max(point.lat),
                left.min(point.lon),
                bottom.min(point.lat),
                right.max(point.lon),
            ));
        }
        Json::from(match found {
            None => json!({}),
            Some((top, left, bottom, right)) => json!({"bounds": {
                "top_left": {"lat": top, "lon": left}, "bottom_right": {"lat": bottom, "lon": right},
            }}),
        })
    }
}

/// Whether the metric supports the field's type.
fn fits(kind: &str, field: &Field) -> bool {
    match kind {
        "median_absolute_deviation" => matches!(field.kind, Kind::Number(_)),
        _ => field.has_numbers(),
    }
}

fn average(numbers: &[f64]) -> Option<f64> {
    (!numbers.is_empty()).then(|| Sum::of(numbers.iter().copied()) / numbers.len() as f64)
}

/// The readable form of a number of a field of dates or booleans.
pub(super) fn readable(value: f64, field: Option<&Field>) -> Option<Value> {
    let field = field?;
    match field.kind {
        Kind::Date { .. } => Some(field.shown_term(&Term::Integer(value as i64))),
        Kind::Boolean => Some((if value == 0.0 { "false" } else { "true" }).into()),
        _ => None,
    }
}

/// The metrics of a field's values as numbers.
fn of_numbers(
    agg: &Agg,
    fields: &Fields<'_>,
    mut numbers: Vec<f64>,
    field: Option<&Field>,
) -> Result<Value, ApiError> {
    let values = || numbers.iter().copied();
    Ok(match agg.kind.as_str() {
        "avg" => single(average(&numbers), field),
        "sum" => single(Some(Sum::of(values())), field),
        "min" => single(values().min_by(f64::total_cmp), field),
        "max" => single(values().max_by(f64::total_cmp), field),
        "stats" => Value::Object(stats(&numbers, field)),
        "extended_stats" => {
            if field.is_some_and(Field::is_date) {
                return Err(ApiError::unsupported("[extended_stats] of dates"));
            }
            let sigma = fields.float("sigma")?.unwrap_or(2.0);
            if sigma < 0.0 {
                return Err(fields.invalid(format!(
                    "[sigma] must be greater than or equal to 0. Found [{sigma}]"
                )));
            }
            extended_stats(&numbers, sigma, field)
        }
        "median_absolute_deviation" => {
            fields.float("compression")?;
            numbers.sort_by(f64::total_cmp);
            json!({"value": quantile(&numbers, 0.5).map(|middle| deviation(&numbers, middle))})
        }
        _ => {
            fields.get("tdigest")?;
            numbers.sort_by(f64::total_cmp);
            percentiles(agg, fields, &numbers, field)?
        }
    })
}

/// The median of the distances from a value.
fn deviation(numbers: &[f64], middle: f64) -> f64 {
    let mut away: Vec<f64> = numbers.iter().map(|value| (value - middle).abs()).collect();
    away.sort_by(f64::total_cmp);
    quantile(&away, 0.5).unwrap_or(0.0)
}

fn single(value: Option<f64>, field: Option<&Field>) -> Value {
    let mut body = json!({"value": value.map(number)});
    if let (Some(value), Some(fields)) = (value, body.as_object_mut())
        && let Some(text) = readable(value, field)
    {
        fields.insert("value_as_string".to_owned(), text);
    }
    body
}

fn stats(numbers: &[f64], field: Option<&Field>) -> Map<String, Value> {
    let mut body = Map::new();
    body.insert("count".to_owned(), numbers.len().into());
    let least = numbers.iter().copied().min_by(f64::total_cmp);
    let most = numbers.iter().copied().max_by(f64::total_cmp);
    let sum = Sum::of(numbers.iter().copied());
    for (name, value) in [
        ("min", least),
        ("max", most),
        ("avg", average(numbers)),
        ("sum", Some(sum)),
    ] {
        body.insert(name.to_owned(), value.map_or(Value::Null, number));
        if let (Some(value), false) = (value, numbers.is_empty())
            && let Some(text) = readable(value, field)
        {
            let is_flag = field.is_some_and(|field| matches!(field.kind, Kind::Boolean));
            let shown = if is_flag { (value != 0.0).into() } else { text };
            body.insert(format!("{name}_as_string"), shown);
        }
    }
    body
}

fn extended_stats(numbers: &[f64], sigma: f64, field: Option<&Field>) -> Value {
    let mut body = stats(numbers, field);
    let count = numbers.len() as f64;
    let squares = Sum::of(numbers.iter().map(|value| value * value));
    let sum = Sum::of(numbers.iter().copied());
    let some = |value: f64| {
        if numbers.is_empty() {
            Value::Null
        } else {
            number(value)
        }
    };
    let population = ((squares - sum * sum / count) / count).max(0.0);
    let sampling = if numbers.len() > 1 {
        ((squares - sum * sum / count) / (count - 1.0)).max(0.0)
    } else {
        f64::NAN
    };
    let average = sum / count;
    let text = |value: f64| readable(value, field).filter(|_| !numbers.is_empty());
    let mut put = |name: &str, value: f64| {
        body.insert(name.to_owned(), some(value));
        if let Some(text) = text(value) {
            // Deviations are texts even of booleans.
            let shown = match text.as_str() {
                Some(flag @ ("true" | "false")) if !name.starts_with("std") => {
                    (flag == "true").into()
                }
                _ => text,
            };
            body.insert(format!("{name}_as_string"), shown);
        }
    };
    put("sum_of_squares", squares);
    put("variance", population);
    put("variance_population", population);
    put("variance_sampling", sampling);
    put("std_deviation", population.sqrt());
    put("std_deviation_population", population.sqrt());
    put("std_deviation_sampling", sampling.sqrt());
    let reach = |deviation: f64| (average + deviation * sigma, average - deviation * sigma);
    let reached = (reach(population.sqrt()), reach(sampling.sqrt()));
    let bounds = |show: &dyn Fn(f64) -> Option<Value>| bounds(reached, show);
    let texts = bounds(&text);
    let values = bounds(&|value| Some(some(value)));
    body.insert("std_deviation_bounds".to_owned(), values.into());
    if !texts.is_empty() {
        body.insert("std_deviation_bounds_as_string".to_owned(), texts.into());
    }
    Value::Object(body)
}

/// The bounds of the deviations, of the population and of a sample of it, as they are shown.
fn bounds(
    (population, sampling): ((f64, f64), (f64, f64)),
    show: &dyn Fn(f64) -> Option<Value>,
) -> Map<String, Value> {
    [
        ("upper", population.0),
        ("lower", population.1),
        ("upper_population", population.0),
        ("lower_population", population.1),
        ("upper_sampling", sampling.0),
        ("lower_sampling", sampling.1),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name.to_owned(), show(value)?)))
    .collect()
}

/// The value below which a part of sorted values lies, between two of them in proportion.
fn quantile(sorted: &[f64], part: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let place = part * last as f64;
    let lower = *sorted.get(place.floor() as usize)?;
    let upper = *sorted.get((place.ceil() as usize).min(last))?;
    Some(lower + (upper - lower) * place.fract())
}

/// The part of sorted values that is at most a value: each stands for the space up to the middle
/// between it and its neighbours.
fn rank(sorted: &[f64], value: f64) -> Option<f64> {
    let (first, last) = (*sorted.first()?, *sorted.last()?);
    if value < first {
        return Some(0.0);
    }
    if value > last {
        return Some(1.0);
    }
    let count = sorted.len() as f64;
    // Half of the values at an end are below it.
    let equal = sorted.iter().filter(|own| **own == value).count() as f64;
    let is = |end: f64| value.total_cmp(&end).is_eq();
    if is(first) {
        return Some(equal / 2.0 / count);
    }
    if is(last) {
        return Some(1.0 - equal / 2.0 / count);
    }
    let gap = |number: usize| Some((sorted.get(number + 1)? - sorted.get(number)?) / 2.0);
    for (number, mean) in sorted.iter().enumerate() {
        let left = number
            .checked_sub(1)
            .and_then(gap)
            .or_else(|| gap(number))?;
        let right = gap(number).unwrap_or(left);
        if value < mean + right {
            let width = left + right;
            let inside = if width == 0.0 {
                1.0
            } else {
                (value - (mean - left)) / width
            };
            return Some(((number as f64 + inside) / count).max(0.0));
        }
    }
    Some(1.0)
}

/// The percentiles that are computed if none is asked for.
pub(super) const DEFAULT_PERCENTS: [f64; 7] = [1.0, 5.0, 25.0, 50.0, 75.0, 95.0, 99.0];

/// The percentiles, or the values to be ranked, that are asked for.
fn wanted_parts(agg: &Agg, fields: &Fields<'_>, ranks: bool) -> Result<Vec<f64>, ApiError> {
    let name = if ranks { "values" } else { "percents" };
    let wanted: Vec<f64> = match fields.get(name)? {
        None if ranks => return Err(ApiError::illegal_argument("Required [values]")),
        None => DEFAULT_PERCENTS.to_vec(),
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_f64).collect(),
        Some(value) => match value.as_f64() {
            Some(value) => vec![value],
            None => return Err(fields.wrong(name, value)),
        },
    };
    if wanted.is_empty() {
        return Err(fields.invalid(format!("[{name}] must not be empty: [{}]", agg.name)));
    }
    if let Some(wrong) = wanted
        .iter()
        .find(|part| !ranks && !(0.0..=100.0).contains(*part))
    {
        return Err(fields.invalid(format!(
            "percent must be in [0,100], got [{wrong}]: [{}]",
            agg.name
        )));
    }
    Ok(wanted)
}

fn percentiles(
    agg: &Agg,
    fields: &Fields<'_>,
    sorted: &[f64],
    field: Option<&Field>,
) -> Result<Value, ApiError> {
    let ranks = agg.kind == "percentile_ranks";
    let mut wanted = wanted_parts(agg, fields, ranks)?;
    let by_key = fields.flag("keyed")?.unwrap_or(true);
    wanted.sort_by(f64::total_cmp);
    let found = wanted.iter().map(|part| {
        let value = if ranks {
            rank(sorted, *part).map(|rank| rank * 100.0)
        } else {
            quantile(sorted, part / 100.0)
        };
        (*part, value)
    });
    Ok(if by_key {
        let mut values = Map::new();
        for (part, value) in found {
            values.insert(java_double(part), value.map_or(Value::Null, number));
            if let Some(text) = value.and_then(|value| readable(value, field)) {
                values.insert(format!("{}_as_string", java_double(part)), text);
            }
        }
        json!({"values": values})
    } else {
        let values: Vec<Value> = found
            .map(|(part, value)| {
                let mut shown = json!({"key": part, "value": value.map_or(Value::Null, number)});
                if let Some(text) = value.and_then(|value| readable(value, field))
                    && let Some(fields) = shown.as_object_mut()
                {
                    fields.insert("value_as_string".to_owned(), text);
                }
                shown
            })
            .collect();
        json!({"values": values})
    })
}
