//! `_cat`: text for people, JSON on request.

use http::StatusCode;
use serde_json::{Map, Value};

use super::call::Call;
use super::error::ApiError;
use super::reply::Reply;
use crate::dates::now_millis;
use crate::sync::lock;

type Row = Vec<(&'static str, String)>;

pub(crate) fn indices(call: &Call<'_>) -> Result<Reply, ApiError> {
    let nodes = call.shared.listed_nodes().len();
    let store = lock(&call.shared.store);
    let names = call.indices(&store)?;
    let rows = names
        .iter()
        .filter_map(|name| store.indices.get(name))
        .map(|index| {
            let health = if nodes > 1 { "green" } else { "yellow" };
            vec![
                ("health", health.to_owned()),
                ("status", "open".to_owned()),
                ("index", index.name.to_string()),
                ("uuid", index.uuid.clone()),
                ("pri", index.shards.to_string()),
                ("rep", index.replicas.to_string()),
                ("docs.count", index.documents.len().to_string()),
                ("docs.deleted", "0".to_owned()),
            ]
        });
    let rows: Vec<Row> = rows.collect();
    present(call, &rows)
}

pub(crate) fn count(call: &Call<'_>) -> Result<Reply, ApiError> {
    let store = lock(&call.shared.store);
    let names = call.indices(&store)?;
    let total: usize = names
        .iter()
        .filter_map(|name| store.indices.get(name))
        .map(|index| index.documents.len())
        .sum();
    let seconds = now_millis() / 1000;
    let day = seconds.rem_euclid(86_400);
    let clock = format!("{:02}:{:02}:{:02}", day / 3600, day / 60 % 60, day % 60);
    let row = vec![
        ("epoch", seconds.to_string()),
        ("timestamp", clock),
        ("count", total.to_string()),
    ];
    present(call, &[row])
}

pub(crate) fn nodes(call: &Call<'_>) -> Result<Reply, ApiError> {
    let rows: Vec<Row> = call
        .shared
        .listed_nodes()
        .iter()
        .map(|node| {
            let facts = lock(&node.changing);
            let ip = facts
                .publish_address
                .rsplit_once(':')
                .map_or("", |(ip, _)| ip)
                .to_owned();
            vec![
                ("ip", ip),
                ("node.role", facts.roles.join(",")),
                ("name", node.name.clone()),
            ]
        })
        .collect();
    present(call, &rows)
}

fn present(call: &Call<'_>, rows: &[Row]) -> Result<Reply, ApiError> {
    if call.versioned || call.params.get("format") == Some("json") {
        let objects = rows.iter().map(|row| {
            let fields = row
                .iter()
                .map(|(name, value)| ((*name).to_owned(), Value::from(value.as_str())));
            Value::Object(fields.collect::<Map<_, _>>())
        });
        return Ok(Reply::ok(objects.collect::<Value>()));
    }
    let line = |cells: Vec<&str>| format!("{}\n", cells.join(" "));
    let mut text = String::new();
    if let (Some(true), Some(first)) = (call.params.flag("v")?, rows.first()) {
        text.push_str(&line(first.iter().map(|(name, _)| *name).collect()));
    }
    for row in rows {
        text.push_str(&line(row.iter().map(|(_, value)| value.as_str()).collect()));
    }
    Ok(Reply::text(StatusCode::OK, text))
}
