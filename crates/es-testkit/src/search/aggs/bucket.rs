//! Buckets by filters, ranges, intervals of numbers, and nested fields.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::terms::read_order;
use super::{Agg, Bucket, Context, Outcome, Values, arrange, no_field, settings_of};
use crate::api::error::ApiError;
use crate::api::value::{Term, number};
use crate::dates::{Format, parse_math, zone};
use crate::json::{Json, object};
use crate::search::execute::Row;
use crate::search::fetch::{InnerSettings, show_group};
use crate::search::query::check_window;
use crate::search::shard::View;
use crate::store::Kind;
use crate::strict::Fields;

impl<'a> Context<'_, 'a> {
    pub(super) fn filter(&self, agg: &Agg, rows: &[Row<'a>]) -> Result<Outcome, ApiError> {
        let kept = self.filtered(&agg.settings, rows)?;
        self.single(agg, "filter", kept)
    }

    pub(super) fn filters(&self, agg: &Agg, rows: &[Row<'a>]) -> Result<Outcome, ApiError> {
        let fields = Fields::section("filters", &agg.settings)?;
        let filters = fields.required("filters")?;
        let other_key = fields.text("other_bucket_key")?;
        let other = fields.flag("other_bucket")?.unwrap_or(other_key.is_some());
        let by_key = fields.flag("keyed")?.unwrap_or(true);
        fields.finish()?;
        let named: Vec<(Option<&String>, &Value)> = match filters {
            Value::Object(named) => named
                .iter()
                .map(|(name, filter)| (Some(name), filter))
                .collect(),
            Value::Array(items) => items.iter().map(|filter| (None, filter)).collect(),
            value => return Err(fields.wrong("filters", value)),
        };
        let is_named = filters.is_object();
        let mut shown: Vec<(String, Bucket<'a>)> = Vec::new();
        let mut left: Vec<Row<'a>> = rows.to_vec();
        for (name, filter) in named {
            let kept = self.filtered(filter, rows)?;
            left.retain(|row| {
                !kept
                    .iter()
                    .any(|kept| std::ptr::eq(kept.view.entry, row.view.entry))
            });
            shown.push((name.cloned().unwrap_or_default(), Bucket::new(kept)));
        }
        if other {
            shown.push((
                other_key.unwrap_or_else(|| "_other_".to_owned()),
                Bucket::new(left),
            ));
        }
        let names: Vec<String> = shown.iter().map(|(name, _)| name.clone()).collect();
        let buckets = self.finish(agg, shown.into_iter().map(|(_, bucket)| bucket).collect())?;
        let body = if is_named && by_key {
            Json::Object(names.into_iter().zip(buckets).collect())
        } else if is_named {
            let keyed = names.into_iter().zip(buckets).map(|(name, mut bucket)| {
                bucket.insert("key", name);
                bucket
            });
            Json::Array(keyed.collect())
        } else {
            Json::Array(buckets)
        };
        Ok(("filters".to_owned(), object! {"buckets": body}))
    }

    pub(super) fn missing(&self, agg: &Agg, rows: &[Row<'a>]) -> Result<Outcome, ApiError> {
        let fields = Fields::section("missing", &agg.settings)?;
        fields.unsupported(&["script", "value_type"])?;
        let field = fields.text("field")?.ok_or_else(no_field)?;
        let source = Values {
            field,
            missing: fields.get("missing")?.cloned(),
        };
        fields.finish()?;
        let mut kept = Vec::new();
        for row in rows {
            if self.values(row, &source)?.is_empty() && !row.view.entry.exists(&source.field) {
                kept.push(row.clone());
            }
        }
        self.single(agg, "missing", kept)
    }

    pub(super) fn global(&self, agg: &Agg) -> Result<Outcome, ApiError> {
        Fields::section("global", &agg.settings)?.finish()?;
        let mut rows = Vec::new();
        for (number, shard) in self.shards.iter().enumerate() {
            for (place, document) in shard.documents.iter().enumerate() {
                let view = View {
                    document,
                    entry: &document.entry,
                };
                // The filters of aliases hold for it too.
                if self
                    .prepared
                    .get(number)
                    .is_some_and(|own| own.is_filtered(view))
                {
                    continue;
                }
                let position = (number as i64) << 32 | place as i64;
                rows.push(Row {
                    shard: number,
                    view,
                    score: 1.0,
                    sort: Vec::new(),
                    position,
                    place,
                });
            }
        }
        self.single(agg, "global", rows)
    }

    pub(super) fn nested(&self, agg: &Agg, rows: &[Row<'a>]) -> Result<Outcome, ApiError> {
        let fields = Fields::section("nested", &agg.settings)?;
        let path = fields
            .text("path")?
            .ok_or_else(|| ApiError::parsing("Missing [path] field for nested aggregation"))?;
        fields.finish()?;
        let objects = rows.iter().flat_map(|row| {
            row.view
                .entry
                .nested_at(&path)
                .into_iter()
                .map(|entry| Self::object_view(row, entry))
        });
        self.single(agg, "nested", objects.collect())
    }

    pub(super) fn reverse_nested(&self, agg: &Agg, rows: &[Row<'a>]) -> Result<Outcome, ApiError> {
        let fields = Fields::section("reverse_nested", &agg.settings)?;
        fields.unsupported(&["path"])?;
        fields.finish()?;
        let mut roots: Vec<Row<'a>> = Vec::new();
        for row in rows {
            let root = &row.view.document.entry;
            if !roots
                .iter()
                .any(|known| std::ptr::eq(known.view.entry, root))
            {
                roots.push(Self::object_view(row, root));
            }
        }
        self.single(agg, "reverse_nested", roots)
    }

    pub(super) fn top_hits(&self, agg: &Agg, rows: &[Row<'a>]) -> Result<Outcome, ApiError> {
        let settings = settings_of(agg);
        check_window(&settings)?;
        let settings = InnerSettings::parse(crate::strict::Reader::Body, &settings, 3)?;
        if rows
            .iter()
            .any(|row| !std::ptr::eq(row.view.entry, &row.view.document.entry))
        {
            return Err(ApiError::unsupported("[top_hits] within [nested]"));
        }
        Ok((
            "top_hits".to_owned(),
            show_group(&settings, rows, self.prepared, self.request)?,
        ))
    }

    pub(super) fn histogram(&self, agg: &Agg, rows: &[Row<'a>]) -> Result<Outcome, ApiError> {
        let fields = Fields::section("histogram", &agg.settings)?;
        fields.unsupported(&["script", "format"])?;
        let Some(field) = fields.text("field")? else {
            return Err(no_field());
        };
        let source = Values {
            field,
            missing: fields.get("missing")?.cloned(),
        };
        let Some(interval) = fields.float("interval")? else {
            let reason = format!(
                "[interval] must be >0 for histogram aggregation [{}]",
                agg.name
            );
            return Err(ApiError::illegal_argument(reason).in_search());
        };
        if interval <= 0.0 {
            return Err(fields.invalid(format!(
                "[interval] must be >0 for histogram aggregation [{}]",
                agg.name
            )));
        }
        let offset = fields.float("offset")?.unwrap_or(0.0);
        let least = fields.count("min_doc_count")?.unwrap_or(0);
        let by_key = fields.flag("keyed")?.unwrap_or(false);
        let order = fields.get("order")?;
        let extended = bounds(fields.get("extended_bounds")?)?;
        let hard = bounds(fields.get("hard_bounds")?)?;
        fields.finish()?;
        if let Some(field) = self.any_field(&source.field)?
            && !matches!(
                field.kind,
                Kind::Number(_) | Kind::Date { .. } | Kind::Boolean
            )
        {
            return Err(unfit(&source.field, &field.type_name, "histogram"));
        }
        let mut grouped: BTreeMap<i64, Vec<Row<'a>>> = BTreeMap::new();
        let slot = |value: f64| ((value - offset) / interval).floor() as i64;
        for row in rows {
            let mut slots: Vec<i64> = Vec::new();
            for value in self.values(row, &source)?.iter().filter_map(Term::number) {
                let inside = hard.is_none_or(|(least, most)| value >= least && value <= most);
                if inside && !slots.contains(&slot(value)) {
                    slots.push(slot(value));
                }
            }
            for slot in slots {
                grouped.entry(slot).or_default().push(row.clone());
            }
        }
        let mut range = grouped
            .keys()
            .next()
            .copied()
            .zip(grouped.keys().next_back().copied());
        if let Some((least, most)) = extended {
            let (low, high) = range.unwrap_or((slot(least), slot(most)));
            range = Some((low.min(slot(least)), high.max(slot(most))));
        }
        if let (0, Some((low, high))) = (least, range) {
            if high.saturating_sub(low) > 65_536 {
                return Err(too_many());
            }
            for slot in low..=high {
                grouped.entry(slot).or_default();
            }
        }
        let mut buckets: Vec<(f64, Vec<Row<'a>>)> = grouped
            .into_iter()
            .filter(|(_, rows)| rows.len() >= least)
            .map(|(slot, rows)| (slot as f64 * interval + offset, rows))
            .collect();
        sort_by_key_or_count(&mut buckets, order)?;
        let made = buckets
            .into_iter()
            .map(|(key, rows)| Bucket::new(rows).with("key", key))
            .collect();
        let buckets = self.finish(agg, made)?;
        Ok((
            "histogram".to_owned(),
            object! {"buckets": arrange(buckets, by_key)},
        ))
    }

    pub(super) fn range(&self, agg: &Agg, rows: &[Row<'a>]) -> Result<Outcome, ApiError> {
        let fields = Fields::section(&agg.kind, &agg.settings)?;
        fields.unsupported(&["script"])?;
        let Some(field) = fields.text("field")? else {
            return Err(no_field());
        };
        let source = Values {
            field,
            missing: fields.get("missing")?.cloned(),
        };
        let by_key = fields.flag("keyed")?.unwrap_or(false);
        let dates = agg.kind == "date_range";
        let format = fields.text("format")?;
        let time_zone = if dates {
            fields.text("time_zone")?
        } else {
            None
        };
        let Some(Value::Array(ranges)) = fields.get("ranges")? else {
            return Err(ApiError::illegal_argument(format!(
                "No [ranges] specified for the [{}] aggregation",
                agg.name
            ))
            .in_search());
        };
        fields.finish()?;
        let field = self.any_field(&source.field)?;
        let zone = zone(time_zone.as_deref().unwrap_or("UTC"))?;
        let own = match field.as_deref().map(|field| &field.kind) {
            Some(Kind::Date { format }) => format.clone(),
            _ => Format::default(),
        };
        let format = match (&format, dates) {
            (Some(text), true) => Format::parse(text)?,
            (Some(_), false) => {
                return Err(ApiError::unsupported(format!("[format] in [{}]", agg.kind)));
            }
            (None, _) => own,
        };
        let mut made = Vec::new();
        for range in ranges {
            let bound = Fields::section(&agg.kind, range)?;
            let key = bound.text("key")?;
            if agg.kind == "ip_range" {
                let from = bound.text("from")?;
                let to = bound.text("to")?;
                bound.unsupported(&["mask"])?;
                bound.finish()?;
                made.push(self.ip_range(&source, rows, key, from, to)?);
                continue;
            }
            let limit = |name: &str| -> Result<Option<f64>, ApiError> {
                let Some(value) = bound.raw(name).filter(|value| !value.is_null()) else {
                    return Ok(None);
                };
                if dates {
                    let text = value
                        .as_str()
                        .map_or_else(|| value.to_string(), str::to_owned);
                    let now = crate::dates::now_millis();
                    let millis = parse_math(&text, &format, &zone, false, now)
                        .or_else(|error| text.parse::<i64>().map_err(|_| error.in_search()))?;
                    return Ok(Some(millis as f64));
                }
                value
                    .as_f64()
                    .or_else(|| value.as_str()?.parse().ok())
                    .map(Some)
                    .ok_or_else(|| bound.wrong(name, value))
            };
            let (from, to) = (limit("from")?, limit("to")?);
            bound.finish()?;
            let mut kept = Vec::new();
            for row in rows {
                let values = self.values(row, &source)?;
                let fits = |value: f64| {
                    from.is_none_or(|from| value >= from) && to.is_none_or(|to| value < to)
                };
                if values.iter().filter_map(Term::number).any(fits) {
                    kept.push(row.clone());
                }
            }
            let text = |bound: Option<f64>| match bound {
                None => "*".to_owned(),
                Some(bound) if dates => format.print(bound as i64, &zone),
                Some(bound) => java_double(bound),
            };
            let key = key.unwrap_or_else(|| format!("{}-{}", text(from), text(to)));
            let mut bucket = Bucket::new(kept).with("key", key);
            for (name, bound) in [("from", from), ("to", to)] {
                if let Some(bound) = bound {
                    bucket = bucket.with(name, number(bound));
                    if dates {
                        bucket = bucket.with(&format!("{name}_as_string"), text(Some(bound)));
                    }
                }
            }
            made.push((
                from.unwrap_or(f64::NEG_INFINITY),
                to.unwrap_or(f64::INFINITY),
                bucket,
            ));
        }
        made.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
        let buckets = self.finish(agg, made.into_iter().map(|(_, _, bucket)| bucket).collect())?;
        let by_name = |bucket: Json| {
            let name = super::member(&bucket, "key")
                .map(|value| value.to_value())
                .and_then(|key| key.as_str().map(str::to_owned));
            (name.unwrap_or_default(), bucket)
        };
        let body = if by_key {
            let named = buckets.into_iter().map(by_name).map(|(name, bucket)| {
                let Json::Object(members) = bucket else {
                    return (name, bucket);
                };
                (
                    name,
                    Json::Object(
                        members
                            .into_iter()
                            .filter(|(member, _)| member != "key")
                            .collect(),
                    ),
                )
            });
            Json::Object(named.collect())
        } else {
            Json::Array(buckets)
        };
        Ok((agg.kind.clone(), object! {"buckets": body}))
    }

    fn ip_range(
        &self,
        source: &Values,
        rows: &[Row<'a>],
        key: Option<String>,
        from: Option<String>,
        to: Option<String>,
    ) -> Result<(f64, f64, Bucket<'a>), ApiError> {
        let read = |text: &Option<String>| match text {
            None => Ok(None),
            Some(text) => text.parse().map(|ip| Some(Term::Ip(ip))).map_err(|_| {
                ApiError::illegal_argument(format!("'{text}' is not an IP string literal."))
            }),
        };
        let (low, high) = (read(&from)?, read(&to)?);
        let mut kept = Vec::new();
        for row in rows {
            let fits = |term: &Term| {
                low.as_ref().is_none_or(|low| term.compare(low).is_ge())
                    && high.as_ref().is_none_or(|high| term.compare(high).is_lt())
            };
            if self.values(row, source)?.iter().any(fits) {
                kept.push(row.clone());
            }
        }
        let shown = |text: &Option<String>| text.clone().unwrap_or_else(|| "*".to_owned());
        let key = key.unwrap_or_else(|| format!("{}-{}", shown(&from), shown(&to)));
        let mut bucket = Bucket::new(kept).with("key", key);
        for (name, text) in [("from", &from), ("to", &to)] {
            if let Some(text) = text {
                bucket = bucket.with(name, text.as_str());
            }
        }
        let rank = |term: &Option<Term>, open: f64| match term {
            Some(Term::Ip(std::net::IpAddr::V4(ip))) => f64::from(ip.to_bits()),
            Some(_) => f64::MAX,
            None => open,
        };
        Ok((
            rank(&low, f64::NEG_INFINITY),
            rank(&high, f64::INFINITY),
            bucket,
        ))
    }
}

/// A number as Java prints a double.
fn java_double(number: f64) -> String {
    if number.fract() == 0.0 && number.abs() < 1e7 {
        format!("{number:.1}")
    } else {
        number.to_string()
    }
}

pub(super) fn too_many() -> ApiError {
    ApiError::bad_request(
        "too_many_buckets_exception",
        "Trying to create too many buckets. Must be less than or equal to: [65536]. This limit can be set by changing the [search.max_buckets] cluster level setting.",
    )
}

pub(super) fn unfit(path: &str, type_name: &str, agg: &str) -> ApiError {
    ApiError::illegal_argument(format!(
        "Field [{path}] of type [{type_name}] is not supported for aggregation [{agg}]"
    ))
    .in_search()
}

fn bounds(value: Option<&Value>) -> Result<Option<(f64, f64)>, ApiError> {
    let Some(value) = value else { return Ok(None) };
    let fields = Fields::section("bounds", value)?;
    let (least, most) = (fields.float("min")?, fields.float("max")?);
    fields.finish()?;
    Ok(Some((
        least.unwrap_or(f64::NEG_INFINITY),
        most.unwrap_or(f64::INFINITY),
    )))
}

/// Sorts the buckets of intervals: by key unless asked otherwise.
pub(super) fn sort_by_key_or_count<K: PartialOrd, R>(
    buckets: &mut [(K, Vec<R>)],
    order: Option<&Value>,
) -> Result<(), ApiError> {
    let Some(order) = order else { return Ok(()) };
    let order = read_order(Some(order))?;
    for (by, descending) in order.iter().rev() {
        let directed = |ordering: std::cmp::Ordering| {
            if *descending {
                ordering.reverse()
            } else {
                ordering
            }
        };
        match by.as_str() {
            "_count" => buckets.sort_by(|a, b| directed(a.1.len().cmp(&b.1.len()))),
            "_key" => buckets.sort_by(|a, b| {
                directed(a.0.partial_cmp(&b.0).unwrap_or(std::cmp::Ordering::Equal))
            }),
            path => {
                return Err(ApiError::unsupported(format!(
                    "the order [{path}] of a histogram's buckets"
                )));
            }
        }
    }
    let _ = json!(null);
    Ok(())
}
