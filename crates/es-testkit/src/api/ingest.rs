//! Ingest pipelines: put, look at, delete, simulate, and their place before a write.

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::call::Call;
use super::error::ApiError;
use super::reply::Reply;
use super::template::{compose, dated};
use crate::ingest::{Document, Outcome, Pipeline};
use crate::store::{NewSource, Store, matches_wildcard};
use crate::sync::lock;

pub(crate) fn put(call: &Call<'_>) -> Result<Reply, ApiError> {
    let body = call
        .required_object()
        .map_err(|error| error.retyped("parsing_exception", "parse_exception"))?;
    let name = call.part("name");
    let mut pipeline = Pipeline::parse(name, &body)?;
    let mut store = lock(&call.shared.store);
    let before = store.pipelines.get(name).map(|before| &before.shown);
    pipeline.shown = dated(call, pipeline.shown, before);
    store.pipelines.insert(name.to_owned(), pipeline);
    Ok(Reply::acknowledged())
}

fn named(call: &Call<'_>, store: &Store) -> Vec<String> {
    let patterns: Vec<&str> = match call.part("name") {
        "" | "_all" => vec!["*"],
        list => list.split(',').collect(),
    };
    let fits = |name: &&String| {
        patterns
            .iter()
            .any(|pattern| matches_wildcard(pattern, name.as_str()))
    };
    store.pipelines.keys().filter(fits).cloned().collect()
}

pub(crate) fn get(call: &Call<'_>) -> Result<Reply, ApiError> {
    let store = lock(&call.shared.store);
    let shown: Map<String, Value> = named(call, &store)
        .into_iter()
        .filter_map(|name| {
            let shown = store.pipelines.get(&name)?.shown.clone();
            Some((name, shown))
        })
        .collect();
    let wanted = call.part("name");
    let is_missing = shown.is_empty() && !wanted.is_empty() && !wanted.contains('*');
    let status = if is_missing {
        StatusCode::NOT_FOUND
    } else {
        StatusCode::OK
    };
    Ok(Reply::json(status, Value::Object(shown)))
}

pub(crate) fn delete(call: &Call<'_>) -> Result<Reply, ApiError> {
    let mut store = lock(&call.shared.store);
    let names = named(call, &store);
    if names.is_empty() && !call.part("name").contains('*') {
        return Err(ApiError::new(
            StatusCode::NOT_FOUND,
            "resource_not_found_exception",
            format!("pipeline [{}] is missing", call.part("name")),
        ));
    }
    for name in &names {
        for kind in ["default", "final"] {
            let setting = format!("{kind}_pipeline");
            let uses = |index: &&crate::store::Index| {
                index.settings.get(&setting).and_then(Value::as_str) == Some(name)
            };
            let users: Vec<&str> = store
                .indices
                .values()
                .filter(uses)
                .map(|index| &*index.name)
                .collect();
            if !users.is_empty() {
                return Err(ApiError::illegal_argument(format!(
                    "pipeline [{name}] cannot be deleted because it is the {kind} pipeline for {} index(es) including [{}]",
                    users.len(),
                    users.join(", ")
                )));
            }
        }
    }
    for name in &names {
        store.pipelines.remove(name);
    }
    Ok(Reply::acknowledged())
}

pub(crate) fn simulate(call: &Call<'_>) -> Result<Reply, ApiError> {
    let body = call.required_object()?;
    let store = lock(&call.shared.store);
    let pipeline = match call.part("name") {
        "" => {
            let given = body
                .get("pipeline")
                .and_then(Value::as_object)
                .ok_or_else(|| {
                    ApiError::bad_request(
                        "parse_exception",
                        "[pipeline] required property is missing",
                    )
                })?;
            Pipeline::parse("_simulate_pipeline", given)?
        }
        name => store.pipelines.get(name).cloned().ok_or_else(|| {
            ApiError::illegal_argument(format!("pipeline [{name}] does not exist"))
        })?,
    };
    let documents = body.get("docs").and_then(Value::as_array).ok_or_else(|| {
        ApiError::bad_request("parse_exception", "[docs] required property is missing")
    })?;
    if documents.is_empty() {
        return Err(ApiError::illegal_argument(
            "must specify at least one document in [docs]",
        ));
    }
    let mut shown = Vec::new();
    for given in documents {
        let text = |name: &str| given.get(name).and_then(Value::as_str);
        let source = given
            .get("_source")
            .filter(|source| source.is_object())
            .ok_or_else(|| {
                ApiError::bad_request("parse_exception", "[_source] required property is missing")
            })?;
        let mut document = Document::new(
            text("_index").unwrap_or("_index"),
            Some(text("_id").unwrap_or("_id").to_owned()),
            text("_routing").map(str::to_owned),
            source.clone(),
        );
        shown.push(match pipeline.run(&store.pipelines, &mut document) {
            Ok(Outcome::Kept) => json!({"doc": simulated(&document)}),
            Ok(Outcome::Dropped) => Value::Null,
            Err(error) if error.is_unsupported() => return Err(error),
            Err(error) => json!({"error": error.to_json().get("error")}),
        });
    }
    Ok(Reply::ok(json!({"docs": shown})))
}

fn simulated(document: &Document) -> Value {
    let mut shown = json!({
        "_index": document.index,
        "_version": "-3",
        "_source": document.source,
        "_ingest": document.ingest,
    });
    if let Some(fields) = shown.as_object_mut() {
        for (name, value) in [("_id", &document.id), ("_routing", &document.routing)] {
            if let Some(value) = value {
                fields.insert(name.to_owned(), value.as_str().into());
            }
        }
    }
    shown
}

/// The pipelines of a write: the request's or the index's own, and the one that always runs last.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    first: Option<String>,
    last: Option<String>,
}

impl Plan {
    /// Returns the pipelines of a write to `name`; an index that does not exist yet has those of
    /// its template.
    pub fn of(store: &Store, name: &str, asked: Option<&str>) -> Result<Self, ApiError> {
        let target = store.write_target(name)?;
        let settings = match target.and_then(|target| store.indices.get(&target)) {
            Some(index) => index.settings.clone(),
            None => {
                let composed = compose(store, name, &Map::new());
                let given = composed.get("settings").and_then(Value::as_object);
                given.map(super::settings::flat).unwrap_or_default()
            }
        };
        let setting = |name: &str| {
            settings
                .get(name)
                .and_then(Value::as_str)
                .map(str::to_owned)
        };
        let chosen = |name: &String| name != "_none";
        Ok(Self {
            first: asked
                .map(str::to_owned)
                .or_else(|| setting("default_pipeline"))
                .filter(chosen),
            last: setting("final_pipeline").filter(chosen),
        })
    }

    pub fn is_empty(&self) -> bool {
        self.first.is_none() && self.last.is_none()
    }

    /// Runs the pipelines.
    ///
    /// # Errors
    /// 400 for one that does not exist, and the failure of a processor.
    pub fn run(self, store: &Store, document: &mut Document) -> Result<Outcome, ApiError> {
        let before = document.index.clone();
        let mut last = self.last;
        if let Some(name) = self.first {
            if run(store, &name, document)? == Outcome::Dropped {
                return Ok(Outcome::Dropped);
            }
            if document.index != before {
                last = Self::of(store, &document.index, Some("_none"))?.last;
            }
        }
        match last {
            None => Ok(Outcome::Kept),
            Some(name) => {
                let target = document.index.clone();
                let outcome = run(store, &name, document)?;
                if document.index == target {
                    return Ok(outcome);
                }
                Err(ApiError::new(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "illegal_state_exception",
                    format!(
                        "final pipeline [{name}] can't change the target index (from [{target}] to [{}])",
                        document.index
                    ),
                ))
            }
        }
    }
}

fn run(store: &Store, name: &str, document: &mut Document) -> Result<Outcome, ApiError> {
    let pipeline = store.pipelines.get(name).ok_or_else(|| {
        ApiError::illegal_argument(format!("pipeline with id [{name}] does not exist"))
    })?;
    pipeline.run(&store.pipelines, document)
}

/// A document that is to be written.
#[derive(Debug)]
pub(crate) struct Incoming {
    pub index: String,
    pub id: Option<String>,
    pub routing: Option<String>,
    pub source: NewSource,
}

impl Incoming {
    /// Runs the pipelines of a write; `None` for a document that they drop.
    ///
    /// # Errors
    /// As for [`Plan::run`].
    pub fn through(self, plan: Plan, store: &Store) -> Result<Option<Self>, ApiError> {
        if plan.is_empty() {
            return Ok(Some(self));
        }
        let given = self.source.value.clone();
        let mut document = Document::new(&self.index, self.id, self.routing, given);
        if plan.run(store, &mut document)? == Outcome::Dropped {
            return Ok(None);
        }
        let changed = Value::Object(document.source);
        // The order of members is kept where nothing has changed.
        let source = if changed == self.source.value {
            self.source
        } else {
            NewSource::of(&changed.into())
        };
        let Document {
            index, id, routing, ..
        } = document;
        Ok(Some(Self {
            index,
            id,
            routing,
            source,
        }))
    }
}

/// Refuses updates of an index with pipelines.
///
/// # Errors
/// 400 for them.
pub(crate) fn refuse(store: &Store, name: &str, asked: Option<&str>) -> Result<(), ApiError> {
    if Plan::of(store, name, asked)?.is_empty() {
        return Ok(());
    }
    Err(ApiError::unsupported(format!(
        "updates of [{name}], which has an ingest pipeline"
    )))
}

/// The response to a write whose document a pipeline dropped.
pub(crate) fn dropped(index: &str, id: Option<&str>) -> Value {
    json!({
        "_index": index,
        "_id": id,
        "_version": -3,
        "result": "noop",
        "_shards": {"total": 0, "successful": 0, "failed": 0},
    })
}
