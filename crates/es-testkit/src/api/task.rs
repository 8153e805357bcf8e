//! Tasks: by-query calls that nobody waits for. They are done when they are asked after.

use http::StatusCode;
use serde_json::{Value, json};

use super::call::Call;
use super::error::ApiError;
use super::reply::Reply;
use crate::dates::now_millis;
use crate::store::Store;
use crate::sync::lock;

/// Responds with the outcome, or keeps it as a task's where the caller does not wait.
///
/// # Errors
/// 400 for `wait_for_completion` that is no boolean.
pub(crate) fn finish(
    call: &Call<'_>,
    store: &mut Store,
    action: &str,
    status: StatusCode,
    response: Value,
) -> Result<Reply, ApiError> {
    if call.params.flag("wait_for_completion")?.unwrap_or(true) {
        return Ok(Reply::json(status, response));
    }
    let number = store.next_number();
    let id = format!("{}:{number}", call.node.id);
    let task = json!({
        "completed": true,
        "task": {
            "node": call.node.id,
            "id": number,
            "type": "transport",
            "action": action,
            "status": response,
            "description": "",
            "start_time_in_millis": now_millis(),
            "running_time_in_nanos": 1,
            "cancellable": true,
            "cancelled": false,
            "headers": {},
        },
        "response": response,
    });
    store.tasks.insert(id.clone(), task);
    Ok(Reply::ok(json!({"task": id})))
}

pub(crate) fn get(call: &Call<'_>) -> Result<Reply, ApiError> {
    let id = call.part("task_id");
    if !id.contains(':') {
        return Err(ApiError::illegal_argument(format!(
            "malformed task id {id}"
        )));
    }
    match lock(&call.shared.store).tasks.get(id) {
        Some(task) => Ok(Reply::ok(task.clone())),
        None => Err(ApiError::new(
            StatusCode::NOT_FOUND,
            "resource_not_found_exception",
            format!("task [{id}] isn't running and hasn't stored its results"),
        )),
    }
}

pub(crate) fn list(_: &Call<'_>) -> Result<Reply, ApiError> {
    Ok(Reply::ok(json!({"nodes": {}})))
}
