//! Buckets by intervals: those of numbers, and what all histograms have in common.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::metric::readable;
use super::terms::read_order;
use super::{Agg, Bucket, Context, Outcome, Values, arrange, unfit};
use crate::api::error::ApiError;
use crate::api::value::Term;
use crate::json::object;
use crate::search::execute::Row;
use crate::strict::Fields;

/// The documents of each interval.
pub(super) type Slots<'a, K> = BTreeMap<K, Vec<Row<'a>>>;

/// The settings of all histograms.
pub(super) struct Shape<'v> {
    pub values: Values,
    pub least: usize,
    by_key: bool,
    order: Option<&'v Value>,
}

impl<'v> Shape<'v> {
    pub fn take(fields: &Fields<'v>) -> Result<Self, ApiError> {
        Ok(Self {
            values: Values::read(fields)?,
            least: fields.count("min_doc_count")?.unwrap_or(0),
            by_key: fields.flag("keyed")?.unwrap_or(false),
            order: fields.get("order")?,
        })
    }
}

/// The settings of a histogram of numbers.
struct Numbers {
    interval: f64,
    offset: f64,
    extended: Option<(f64, f64)>,
    hard: Option<(f64, f64)>,
}

impl Numbers {
    fn take(agg: &Agg, fields: &Fields<'_>) -> Result<Self, ApiError> {
        let reason = format!(
            "[interval] must be >0 for histogram aggregation [{}]",
            agg.name
        );
        let Some(interval) = fields.float("interval")? else {
            return Err(ApiError::illegal_argument(reason).in_search());
        };
        if interval <= 0.0 {
            return Err(fields.invalid(reason));
        }
        let extended = bounds(fields.get("extended_bounds")?)?;
        let hard = bounds(fields.get("hard_bounds")?)?;
        check_bounds(extended, hard)?;
        Ok(Self {
            interval,
            offset: fields.float("offset")?.unwrap_or(0.0),
            extended,
            hard,
        })
    }

    /// The interval of a value within the hard bounds.
    fn slot(&self, value: f64) -> Option<i64> {
        let number = self.number(value);
        // The bounds are those of keys without the offset.
        let key = number as f64 * self.interval;
        self.hard
            .is_none_or(|(least, most)| key >= least && key <= most)
            .then_some(number)
    }

    fn number(&self, value: f64) -> i64 {
        ((value - self.offset) / self.interval).floor() as i64
    }

    /// Adds the empty intervals between the others, and up to the extended bounds.
    fn fill(&self, slots: &mut Slots<'_, i64>) -> Result<(), ApiError> {
        let first = slots.keys().next().copied();
        let mut range = first.zip(slots.keys().next_back().copied());
        if let Some((least, most)) = self.extended {
            let least = least.is_finite().then(|| self.number(least));
            let most = most.is_finite().then(|| self.number(most));
            let low = range.map(|(low, _)| low).into_iter().chain(least).min();
            let high = range.map(|(_, high)| high).into_iter().chain(most).max();
            range = low.zip(high);
        }
        let Some((low, high)) = range else {
            return Ok(());
        };
        if usize::try_from(high.saturating_sub(low)).is_ok_and(|count| count > MAX_BUCKETS) {
            return Err(too_many().rooted("").in_search());
        }
        for slot in low..=high {
            slots.entry(slot).or_default();
        }
        Ok(())
    }
}

impl<'a> Context<'_, 'a> {
    pub fn histogram(&self, agg: &Agg, rows: &[Row<'a>]) -> Result<Outcome, ApiError> {
        let fields = Fields::section("histogram", &agg.settings)?;
        fields.unsupported(&["script", "format"])?;
        let shape = Shape::take(&fields)?;
        let numbers = Numbers::take(agg, &fields)?;
        fields.finish()?;
        let path = &shape.values.field;
        let field = self.any_field(path)?;
        if let Some(field) = field.as_deref().filter(|field| !field.has_numbers()) {
            return Err(unfit(path, &field.type_name, "histogram"));
        }
        let mut slots = self.slots(rows, &shape.values, |term| numbers.slot(term.number()?))?;
        if shape.least == 0 {
            numbers.fill(&mut slots)?;
        }
        self.intervals(agg, &shape, slots, |slot, rows| {
            let key = slot as f64 * numbers.interval + numbers.offset;
            let bucket = Bucket::new(rows).with("key", key);
            match readable(key, field.as_deref()) {
                Some(text) => bucket.with("key_as_string", text),
                None => bucket,
            }
        })
    }

    /// Groups documents by the intervals of their values.
    pub fn slots<K: Ord>(
        &self,
        rows: &[Row<'a>],
        values: &Values,
        slot: impl Fn(&Term) -> Option<K>,
    ) -> Result<Slots<'a, K>, ApiError> {
        let mut slots = Slots::new();
        for row in rows {
            let terms = self.values(row, values)?;
            for slot in terms.iter().filter_map(&slot).collect::<BTreeSet<_>>() {
                slots.entry(slot).or_default().push(row.clone());
            }
        }
        Ok(slots)
    }

    /// Makes the buckets of intervals.
    pub(super) fn intervals<K: Ord>(
        &self,
        agg: &Agg,
        shape: &Shape<'_>,
        slots: Slots<'a, K>,
        show: impl Fn(K, Vec<Row<'a>>) -> Bucket<'a>,
    ) -> Result<Outcome, ApiError> {
        let mut kept: Vec<_> = slots
            .into_iter()
            .filter(|(_, rows)| rows.len() >= shape.least)
            .collect();
        sort_by_key_or_count(&mut kept, shape.order)?;
        let made = kept.into_iter().map(|(key, rows)| show(key, rows));
        let buckets = arrange(self.finish(agg, made.collect())?, shape.by_key);
        Ok((agg.kind.clone(), object! {"buckets": buckets}))
    }
}

/// The most buckets of a response.
pub(super) const MAX_BUCKETS: usize = 65_536;

pub(super) fn too_many() -> ApiError {
    ApiError::bad_request(
        "too_many_buckets_exception",
        "Trying to create too many buckets. Must be less than or equal to: [65536]. This limit can be set by changing the [search.max_buckets] cluster level setting.",
    )
}

fn bounds(value: Option<&Value>) -> Result<Option<(f64, f64)>, ApiError> {
    let Some(value) = value else { return Ok(None) };
    let fields = Fields::section("bounds", value)?;
    let (least, most) = (fields.float("min")?, fields.float("max")?);
    fields.finish()?;
    let least = least.unwrap_or(f64::NEG_INFINITY);
    let most = most.unwrap_or(f64::INFINITY);
    if least > most {
        return Err(fields.invalid(format!(
            "Max bound [{most}] must be greater than min bound [{least}]"
        )));
    }
    Ok(Some((least, most)))
}

/// Refuses extended bounds that end before they begin, or reach beyond the hard ones.
pub(super) fn check_bounds(
    extended: Option<(f64, f64)>,
    hard: Option<(f64, f64)>,
) -> Result<(), ApiError> {
    for (least, most) in [extended, hard].into_iter().flatten() {
        if least > most {
            return Err(ApiError::illegal_argument(format!(
                "the least bound [{least}] is greater than the greatest one [{most}]"
            ))
            .in_search());
        }
    }
    let Some((low, high)) = extended else {
        return Ok(());
    };
    match hard {
        Some((least, most)) if (low.is_finite() && low < least) || (high.is_finite() && high > most) => {
            Err(ApiError::illegal_argument(format!(
                "Extended bounds have to be inside hard bounds, hard bounds: [{least}--{most}], extended bounds: [{low}--{high}]"
            ))
            .in_search())
        }
        _ => Ok(()),
    }
}

/// Sorts the buckets of intervals: by key unless asked otherwise.
fn sort_by_key_or_count<K: PartialOrd, R>(
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
    Ok(())
}
