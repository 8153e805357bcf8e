//! Tasks: by-query calls that nobody waits for. They are done when they are asked after.

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::call::Call;
use super::error::ApiError;
use super::reply::Reply;
use crate::dates::now_millis;
use crate::shared::NodeFacts;
use crate::store::{Store, matches_wildcard};
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
        )
        .rooted("index_not_found_exception")),
    }
}

/// `GET _tasks`: calls are done before they are responded to, so that this one alone runs, on the
/// node that was asked and below that on each node.
pub(crate) fn list(call: &Call<'_>) -> Result<Reply, ApiError> {
    const ACTION: &str = "cluster:monitor/tasks/lists";
    if let Some(name) = ["nodes", "parent_task_id"]
        .into_iter()
        .find(|name| call.params.get(name).is_some())
    {
        return Err(ApiError::unsupported(format!("[{name}] of [_tasks]")));
    }
    let listed = call.shared.listed_nodes();
    let first = lock(&call.shared.store).next_number();
    let parent = format!("{}:{first}", call.node.id);
    let mut tasks = vec![(call.node.id.clone(), running(call, first, ACTION, None))];
    for node in &listed {
        let number = lock(&call.shared.store).next_number();
        let below = running(call, number, &format!("{ACTION}[n]"), Some((node, &parent)));
        tasks.push((node.id.clone(), below));
    }
    let wanted = call.params.get("actions").unwrap_or("*");
    tasks.retain(|(_, task)| {
        let action = task
            .get("action")
            .and_then(Value::as_str)
            .unwrap_or_default();
        wanted.split(',').any(|one| matches_wildcard(one, action))
    });
    match call.params.get("group_by").unwrap_or("nodes") {
        "nodes" => {
            let shown = listed.iter().filter_map(|node| {
                let own: Map<String, Value> = tasks
                    .iter()
                    .filter(|(id, _)| *id == node.id)
                    .map(|(_, task)| (id_of(task), task.clone()))
                    .collect();
                (!own.is_empty()).then(|| (node.id.clone(), on_node(node, own)))
            });
            Ok(Reply::ok(
                json!({"nodes": shown.collect::<Map<String, Value>>()}),
            ))
        }
        "none" => {
            let tasks: Vec<Value> = tasks.into_iter().map(|(_, task)| task).collect();
            Ok(Reply::ok(json!({"tasks": tasks})))
        }
        "parents" if tasks.is_empty() => Ok(Reply::ok(json!({"tasks": {}}))),
        "parents" => Err(ApiError::unsupported("[group_by: parents] of [_tasks]")),
        other => Err(ApiError::illegal_argument(format!(
            "Illegal argument: group_by must be one of [nodes, parents, none], got [{other}]"
        ))),
    }
}

fn id_of(task: &Value) -> String {
    let part = |name: &str| task.get(name).cloned().unwrap_or_default();
    let node = part("node");
    format!("{}:{}", node.as_str().unwrap_or_default(), part("id"))
}

fn running(call: &Call<'_>, id: u64, action: &str, below: Option<(&NodeFacts, &str)>) -> Value {
    let mut task = json!({
        "node": below.map_or(&call.node.id, |(node, _)| &node.id),
        "id": id,
        "type": if below.is_some_and(|(node, _)| node.id == call.node.id) { "direct" } else { "transport" },
        "action": action,
        "start_time_in_millis": now_millis(),
        "running_time_in_nanos": 1,
        "cancellable": true,
        "cancelled": false,
        "headers": {},
    });
    if let (Some((_, parent)), Some(fields)) = (below, task.as_object_mut()) {
        fields.insert("parent_task_id".to_owned(), parent.into());
    }
    task
}

fn on_node(node: &NodeFacts, tasks: Map<String, Value>) -> Value {
    let mut shown = super::nodes::identity(node);
    if let Some(fields) = shown.as_object_mut() {
        fields.insert("tasks".to_owned(), Value::Object(tasks));
    }
    shown
}
