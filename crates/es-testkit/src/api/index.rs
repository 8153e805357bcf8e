//! Indices: create, look at, delete, refresh.

use std::sync::Arc;

use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::call::Call;
use super::data_stream;
use super::error::ApiError;
use super::reply::Reply;
use super::settings::{self, shown_settings};
use crate::dates::now_millis;
use crate::store::{Index, ResolveOptions, Store};
use crate::strict::{Fields, Reader};
use crate::sync::lock;

/// Creates the index that a write names, or the data stream where a template says so, and returns
/// the name of the index.
///
/// # Errors
/// 400 for a name that no index may have, 404 where a data stream is required.
pub(crate) fn create_missing(
    store: &mut Store,
    name: &str,
    require_data_stream: bool,
) -> Result<String, ApiError> {
    if super::template::of_stream(store, name).is_some() {
        return data_stream::create_stream(store, name);
    }
    if require_data_stream {
        return Err(ApiError::new(
            StatusCode::NOT_FOUND,
            "index_not_found_exception",
            format!(
                "no such index [{name}] and the index creation request requires a data stream, but no matching index template with data stream template was found for it"
            ),
        )
        .with("index", name)
        .with("index_uuid", "_na_"));
    }
    let body = super::template::compose(store, name, &Map::new());
    build(store, name, &body).map(|index| index.name.to_string())
}

/// The parts of an index that is to be made.
struct Parts<'v> {
    settings: Option<&'v Map<String, Value>>,
    mappings: Option<&'v Map<String, Value>>,
    aliases: Vec<(&'v String, Value)>,
}

impl<'v> Parts<'v> {
    fn read(body: &'v Map<String, Value>) -> Result<Self, ApiError> {
        let fields = Fields::new(Reader::Body, "create index", body);
        let object = |name: &str| -> Result<Option<&'v Map<String, Value>>, ApiError> {
            let Some(given) = fields.get(name)? else {
                return Ok(None);
            };
            given.as_object().map(Some).ok_or_else(|| {
                let reason = format!("key [{name}] must be an object");
                ApiError::bad_request("parse_exception", reason)
            })
        };
        let (settings, mappings) = (object("settings")?, object("mappings")?);
        let aliases = object("aliases")?.into_iter().flatten();
        if let Some((unknown, _)) = fields.rest().first() {
            return Err(ApiError::bad_request(
                "parse_exception",
                format!("unknown key [{unknown}] for create index"),
            ));
        }
        if mappings.is_some_and(|mappings| mappings.contains_key("_doc")) {
            return Err(ApiError::illegal_argument(
                "The mapping definition cannot be nested under a type [_doc].",
            ));
        }
        Ok(Self {
            settings,
            mappings,
            aliases: aliases
                .map(|(alias, given)| Ok((alias, super::alias::only(alias, given)?)))
                .collect::<Result<_, ApiError>>()?,
        })
    }
}

/// Makes an index from its mappings, settings and aliases. Errors of the body alone come first, then
/// a name that is taken, then what the index cannot have.
///
/// # Errors
/// 400 for what no index may have.
pub(crate) fn build<'s>(
    store: &'s mut Store,
    name: &str,
    body: &Map<String, Value>,
) -> Result<&'s mut Index, ApiError> {
    let parts = Parts::read(body)?;
    let uuid = store.next_id();
    let mut index = Index::new(name, uuid, now_millis().unsigned_abs());
    index.searched = store.refresh_needed.then(Arc::default);
    index.excludes_vectors = !store.shows_vectors;
    if let Some(given) = parts.settings {
        settings::apply(&mut index, given, true)?;
    }
    check_name(name)?;
    if let Some(index) = store.indices.get(name) {
        return Err(already_exists(index));
    }
    let aliased = store
        .indices
        .values()
        .any(|index| index.aliases.contains_key(name))
        || store
            .streams
            .values()
            .any(|stream| stream.aliases.contains_key(name));
    if aliased {
        return Err(ApiError::bad_request(
            "invalid_index_name_exception",
            format!("Invalid index name [{name}], already exists as alias"),
        )
        .with("index", name));
    }
    if let Some(given) = parts.mappings {
        index.merge_mapping(given)?;
        index.version = 1;
    }
    for (alias, kept) in parts.aliases {
        super::alias::check_name(store, alias)?;
        super::alias::check_filter(&index, alias, &kept)?;
        super::alias::check_write_index(store, alias, &kept, Some(name))?;
        index.aliases.insert(alias.clone(), kept);
    }
    Ok(store.indices.entry(name.to_owned()).or_insert(index))
}

/// The characters that no name of an index has.
pub(super) const FORBIDDEN: [char; 12] =
    ['*', '?', '"', '<', '>', '|', ' ', ',', '\\', '/', '#', ':'];

pub(super) fn check_name(name: &str) -> Result<(), ApiError> {
    if name.starts_with('<') {
        return Err(ApiError::unsupported("date math in the names of indices"));
    }
    let problem = if name.chars().any(char::is_uppercase) {
        "must be lowercase"
    } else if name.starts_with(['_', '-', '+']) {
        "must not start with '_', '-', or '+'"
    } else if name.contains(FORBIDDEN) {
        "must not contain the following characters ['?','*','<','>','|',' ','\"',',','\\','/','#',':']"
    } else if name.len() > 255 {
        "index name is too long"
    } else if name == "." || name == ".." || name.is_empty() {
        "must not be '.' or '..' or empty"
    } else {
        return Ok(());
    };
    Err(ApiError::bad_request(
        "invalid_index_name_exception",
        format!("Invalid index name [{name}], {problem}"),
    )
    .with("index", name)
    .with("index_uuid", "_na_"))
}

/// Makes the error for the name of an index that is there.
pub(super) fn already_exists(index: &Index) -> ApiError {
    ApiError::bad_request(
        "resource_already_exists_exception",
        format!("index [{}/{}] already exists", index.name, index.uuid),
    )
    .with("index", &*index.name)
    .with("index_uuid", index.uuid.as_str())
}

pub(crate) fn create(call: &Call<'_>) -> Result<Reply, ApiError> {
    let name = call.part("index");
    // The server takes a body that is no object for an empty one.
    let body = call.json()?.as_object().cloned().unwrap_or_default();
    let mut store = lock(&call.shared.store);
    if let Some((template, _)) = super::template::of_stream(&store, name) {
        return Err(ApiError::illegal_argument(format!(
            "cannot create index with name [{name}], because it matches with template [{template}] that creates data streams only, use create data stream api instead"
        )));
    }
    let body = super::template::compose(&store, name, &body);
    build(&mut store, name, &body)?;
    let reply =
        Reply::ok(json!({"acknowledged": true, "shards_acknowledged": true, "index": name}));
    Ok(if name.starts_with('.') {
        reply.warning(format!(
            "index name [{name}] starts with a dot '.', in the next major version, index names starting with a dot are reserved for hidden indices and system indices"
        ))
    } else {
        reply
    })
}

pub(crate) fn get(call: &Call<'_>) -> Result<Reply, ApiError> {
    let store = lock(&call.shared.store);
    if *call.method == Method::HEAD {
        let options = ResolveOptions {
            require_some: true,
            ..call.resolve_options()?
        };
        let status = if store.resolve(call.part("index"), options).is_ok() {
            StatusCode::OK
        } else {
            StatusCode::NOT_FOUND
        };
        return Ok(Reply::json(status, json!({})));
    }
    let is_flat = call.params.flag("flat_settings")?.unwrap_or(false);
    each(call, &store, |index| {
        let settings = shown_settings(call, index);
        let mut shown = json!({
            "aliases": index.aliases,
            "mappings": index.mapping.to_json(),
            "settings": if is_flat { settings::dotted(&settings) } else { settings },
        });
        if let (Some(stream), Some(fields)) = (&index.data_stream, shown.as_object_mut()) {
            fields.insert("data_stream".to_owned(), (**stream).into());
        }
        shown
    })
}

/// `{"index name": f(index), ..}` for the indices of the request.
pub(crate) fn each(
    call: &Call<'_>,
    store: &Store,
    show: impl Fn(&Index) -> Value,
) -> Result<Reply, ApiError> {
    let names = call.indices(store)?;
    let shown: Map<String, Value> = names
        .iter()
        .filter_map(|name| Some((name.clone(), show(store.indices.get(name)?))))
        .collect();
    Ok(Reply::ok(Value::Object(shown)))
}

pub(crate) fn delete(call: &Call<'_>) -> Result<Reply, ApiError> {
    let expression = call.part("index");
    if expression == "_all" || expression.contains('*') {
        return Err(ApiError::illegal_argument(
            "Wildcard expressions or all indices are not allowed",
        ));
    }
    let mut store = lock(&call.shared.store);
    let options = ResolveOptions {
        refuse_aliases: true,
        ..call.resolve_options()?
    };
    let names = store.resolve(expression, options)?;
    for name in &names {
        data_stream::check_deletion(&store, name)?;
    }
    for name in &names {
        store.indices.remove(name);
        for stream in store.streams.values_mut() {
            let before = stream.indices.len();
            stream.indices.retain(|backing| backing != name);
            stream.generation += (before - stream.indices.len()) as u64;
        }
    }
    Ok(Reply::acknowledged())
}

pub(crate) fn refresh(call: &Call<'_>) -> Result<Reply, ApiError> {
    let mut store = lock(&call.shared.store);
    let names = call.indices(&store)?;
    for name in &names {
        if let Some(index) = store.indices.get_mut(name) {
            index.refresh();
        }
    }
    let nodes = call.shared.listed_nodes().len();
    let indices = names.iter().filter_map(|name| store.indices.get(name));
    Ok(Reply::ok(
        json!({"_shards": super::search::copies(indices, nodes)}),
    ))
}
