//! Mappings: get and put.

use serde_json::{Map, Value, json};

use super::call::Call;
use super::error::ApiError;
use super::index::each;
use super::reply::Reply;
use crate::sync::lock;

pub(crate) fn get(call: &Call<'_>) -> Result<Reply, ApiError> {
    each(
        call,
        &lock(&call.shared.store),
        |index| json!({"mappings": index.mapping.to_json()}),
    )
}

pub(crate) fn put(call: &Call<'_>) -> Result<Reply, ApiError> {
    let mapping = match call.json()? {
        Value::Array(items) if items.is_empty() => Map::new(),
        _ => call.required_object()?,
    };
    if mapping.contains_key("_doc") {
        return Err(ApiError::illegal_argument(
            "Types cannot be provided in put mapping requests",
        ));
    }
    let mut store = lock(&call.shared.store);
    let names = call.indices(&store)?;
    if names.is_empty() {
        return Err(ApiError::no_such_index(call.part("index")));
    }
    for index in names.iter() {
        if let Some(index) = store.indices.get_mut(index) {
            index.merge_mapping(&mapping)?;
        }
    }
    Ok(Reply::acknowledged())
}
