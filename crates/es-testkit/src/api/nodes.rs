//! `_nodes/http`: what sniffing reads.

use serde_json::{Map, Value, json};

use super::call::Call;
use super::error::ApiError;
use super::reply::Reply;
use crate::shared::NodeFacts;
use crate::sync::lock;

pub(crate) fn http(call: &Call<'_>) -> Result<Reply, ApiError> {
    let wanted = call.part("node_id");
    let fits = |node: &NodeFacts| match wanted {
        "" | "_all" => true,
        "_local" => node.id == call.node.id,
        list => list
            .split(',')
            .any(|wanted| wanted == node.id || wanted == node.name),
    };
    let listed = call.shared.listed_nodes();
    let nodes: Map<String, Value> = listed
        .iter()
        .filter(|node| fits(node))
        .map(|node| (node.id.clone(), describe(call, node)))
        .collect();
    let count = nodes.len();
    Ok(Reply::ok(json!({
        "_nodes": {"total": count, "successful": count, "failed": 0},
        "cluster_name": call.shared.settings.cluster_name,
        "nodes": nodes,
    })))
}

/// The members that say which node something is about.
pub(super) fn identity(node: &NodeFacts) -> Value {
    let facts = lock(&node.changing).clone();
    let ip = ip_and_port(&facts.publish_address);
    let ip = ip.rsplit_once(':').map_or(ip, |(ip, _)| ip);
    json!({
        "name": node.name,
        "transport_address": format!("{ip}:9300"),
        "host": ip,
        "ip": ip,
        "roles": facts.roles,
        "attributes": facts.attributes,
    })
}

/// Returns an address without the name before it.
fn ip_and_port(address: &str) -> &str {
    address.rsplit_once('/').map_or(address, |(_, ip)| ip)
}

fn describe(call: &Call<'_>, node: &NodeFacts) -> Value {
    let address = lock(&node.changing).publish_address.clone();
    let about = json!({
        "version": call.shared.settings.version.to_string(),
        "build_flavor": "default",
        "build_type": "zip",
        "build_hash": super::finish::BUILD_HASH,
        "http": {
            "bound_address": [ip_and_port(&address)],
            "publish_address": address,
            "max_content_length_in_bytes": call.shared.settings.max_content_length,
        },
    });
    let mut shown = identity(node);
    if let (Some(fields), Value::Object(about)) = (shown.as_object_mut(), about) {
        fields.extend(about);
    }
    shown
}
