//! Rollover: a new index for an alias or a data stream.

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::call::Call;
use super::data_stream::add_index;
use super::error::ApiError;
use super::index;
use super::reply::Reply;
use super::template::compose;
use crate::dates::{now_millis, parse_time};
use crate::store::{Index, Store};
use crate::strict::Fields;
use crate::sync::lock;

/// The indices of a rollover, and the stream or alias between them.
struct Plan {
    old: String,
    new: String,
    is_stream: bool,
    /// Whether the alias keeps the old index and says which one is written to.
    is_explicit: bool,
}

pub(crate) fn rollover(call: &Call<'_>) -> Result<Reply, ApiError> {
    let name = call.part("index");
    let body = call.object()?;
    let fields = Fields::new(crate::strict::Reader::Section, "rollover", &body);
    let conditions = fields.get("conditions")?.cloned();
    let mut settings = Map::new();
    for part in ["settings", "mappings", "aliases"] {
        if let Some(value) = fields.get(part)? {
            settings.insert(part.to_owned(), value.clone());
        }
    }
    fields.finish()?;
    if call.params.flag("lazy")? == Some(true) {
        return Err(ApiError::unsupported("the query parameter [lazy]"));
    }
    let dry = call.params.flag("dry_run")?.unwrap_or(false);
    // Conditions are read before the target is looked for.
    check(conditions.as_ref(), &Index::new("", String::new(), 0))?;
    let mut store = lock(&call.shared.store);
    let plan = plan(&store, name, call.part("new_index"), !settings.is_empty())?;
    let old = store
        .indices
        .get(&plan.old)
        .ok_or_else(|| ApiError::no_such_index(name))?;
    let (met, shown) = check(conditions.as_ref(), old)?;
    if let Some(taken) = store.indices.get(&plan.new) {
        return Err(index::already_exists(taken));
    }
    let rolls = met && !dry;
    if rolls {
        carry_out(&mut store, name, &plan, &settings)?;
    }
    Ok(Reply::ok(json!({
        "acknowledged": rolls,
        "shards_acknowledged": rolls,
        "old_index": plan.old,
        "new_index": plan.new,
        "rolled_over": rolls,
        "dry_run": dry,
        "lazy": false,
        "conditions": shown,
    })))
}

fn plan(store: &Store, name: &str, wanted: &str, has_body: bool) -> Result<Plan, ApiError> {
    if let Some(stream) = store.streams.get(name) {
        if !wanted.is_empty() {
            return Err(ApiError::illegal_argument(
                "new index name may not be specified when rolling over a data stream",
            ));
        }
        if has_body {
            return Err(ApiError::illegal_argument(
                "aliases, mappings, and index settings may not be specified when rolling over a data stream",
            ));
        }
        return Ok(Plan {
            old: stream.indices.last().cloned().unwrap_or_default(),
            new: stream.next_index(now_millis()),
            is_stream: true,
            is_explicit: false,
        });
    }
    if store.indices.contains_key(name) {
        return Err(ApiError::illegal_argument(
            "rollover target is a [concrete index] but one of [alias,data_stream] was expected",
        ));
    }
    if store
        .streams
        .values()
        .any(|stream| stream.aliases.contains_key(name))
    {
        return Err(ApiError::unsupported("a rollover of a data stream's alias"));
    }
    let target = store.write_target(name).map_err(|_| {
        ApiError::illegal_argument(format!(
            "rollover target [{name}] does not point to a write index"
        ))
    })?;
    let Some(old) = target else {
        return Err(ApiError::new(
            StatusCode::NOT_FOUND,
            "resource_not_found_exception",
            format!("rollover target [{name}] does not exist"),
        ));
    };
    let alias = store
        .indices
        .get(&old)
        .and_then(|index| index.aliases.get(name));
    let is_explicit = alias.is_some_and(|alias| alias.get("is_write_index").is_some());
    let new = if wanted.is_empty() {
        next_name(&old)?
    } else {
        wanted.to_owned()
    };
    Ok(Plan {
        old,
        new,
        is_stream: false,
        is_explicit,
    })
}

/// Counts the number at the end of an index's name on.
fn next_name(old: &str) -> Result<String, ApiError> {
    let number = old.rsplit_once('-').and_then(|(base, digits)| {
        let number: u64 = digits.parse().ok().filter(|_| !digits.starts_with('+'))?;
        Some(format!("{base}-{:06}", number.checked_add(1)?))
    });
    number.ok_or_else(|| {
        ApiError::illegal_argument(format!(
            "index name [{old}] does not match pattern '^.*-\\d+$'"
        ))
    })
}

/// Returns whether the conditions are met, and each with its outcome.
fn check(conditions: Option<&Value>, old: &Index) -> Result<(bool, Value), ApiError> {
    let Some(conditions) = conditions else {
        return Ok((true, json!({})));
    };
    let fields = Fields::section("rollover_conditions", conditions)?;
    fields.unsupported(&[
        "max_size",
        "max_primary_shard_size",
        "max_primary_shard_docs",
        "min_size",
        "min_primary_shard_size",
        "min_primary_shard_docs",
    ])?;
    let documents = old.documents.len();
    let age = u64::try_from(now_millis())
        .unwrap_or(0)
        .saturating_sub(old.created_at);
    let mut shown = Map::new();
    let mut outcomes: [Vec<bool>; 2] = Default::default();
    let [most, least] = &mut outcomes;
    for (prefix, met) in [("max", most), ("min", least)] {
        let name = format!("{prefix}_docs");
        if let Some(limit) = fields.count(&name)? {
            met.push(documents >= limit);
            shown.insert(format!("[{name}: {limit}]"), (documents >= limit).into());
        }
        let name = format!("{prefix}_age");
        if let Some(text) = fields.text(&name)? {
            let limit = parse_time(&text).ok_or_else(|| {
                fields.invalid(format!(
                    "failed to parse setting [{name}] with value [{text}] as a time value: unit is missing or unrecognized"
                ))
            })?;
            let reached = u128::from(age) >= limit.as_millis();
            met.push(reached);
            shown.insert(format!("[{name}: {text}]"), reached.into());
        }
    }
    fields.finish()?;
    let [most, least] = outcomes;
    if most.is_empty() && !least.is_empty() {
        return Err(ApiError::bad_request(
            "action_request_validation_exception",
            "Validation Failed: 1: at least one max_* rollover condition must be set when using min_* conditions;",
        ));
    }
    let met = most.is_empty() || most.iter().any(|met| *met);
    Ok((met && least.iter().all(|met| *met), Value::Object(shown)))
}

fn carry_out(
    store: &mut Store,
    alias: &str,
    plan: &Plan,
    settings: &Map<String, Value>,
) -> Result<(), ApiError> {
    if plan.is_stream {
        return add_index(store, alias).map(|_| ());
    }
    let body = compose(store, &plan.new, settings);
    let mut kept = Value::Null;
    if let Some(old) = store.indices.get(&plan.old) {
        kept = old.aliases.get(alias).cloned().unwrap_or_default();
    }
    let new = index::build(store, &plan.new, &body)?;
    new.aliases.insert(alias.to_owned(), kept);
    if let Some(old) = store.indices.get_mut(&plan.old) {
        old.version += 1;
        match old.aliases.get_mut(alias).and_then(Value::as_object_mut) {
            Some(settings) if plan.is_explicit => {
                settings.insert("is_write_index".to_owned(), false.into());
            }
            _ => {
                old.aliases.remove(alias);
            }
        }
    }
    Ok(())
}
