//! The endpoints without a typed response that only read, by name: each responds with
//! JSON, or text where it is made for people, or is refused in a known form.

use std::collections::BTreeMap;

use es_client::{Error, Response, endpoint::Endpoint};
use http::Method;
use serde_json::{Map, Value, json};

use super::refusal::Refusal;
use crate::{
    server::{self, var},
    table,
};

/// Returns the value of a path part: where possible, the name of something that exists.
fn part(name: &str, index: &str) -> Value {
    match name {
        "index" | "target" => json!(index),
        "id" => json!("1"),
        "node_id" => json!("_all"),
        "fields" | "field" => json!("brand"),
        "repository" | "snapshot" => json!("_all"),
        _ => json!("no-such"),
    }
}

/// The shortest way to read from an endpoint: its parts and required parameters.
fn params(endpoint: &Endpoint, index: &str) -> Option<Map<String, Value>> {
    let route = endpoint
        .routes
        .iter()
        .filter(|route| route.methods.0 == Method::GET);
    let route = route.min_by_key(|route| route.parts.len())?;
    let parts = route
        .parts
        .iter()
        .map(|number| endpoint.parts[*number].name);
    let names = parts.chain(endpoint.required.iter().copied());
    let given = names.map(|name| (name.to_owned(), part(name, index)));
    Some(given.chain(beside(endpoint.name)).collect())
}

/// Returns the parameter that an endpoint needs in addition to those of its path.
fn beside(endpoint: &str) -> Option<(String, Value)> {
    let (name, value) = match endpoint {
        "cluster.info" => ("target", "_all"),
        "explain" => ("q", "brand:acme"),
        "indices.resolve_index" => ("name", "*"),
        "termvectors" => ("id", "1"),
        _ => return None,
    };
    Some((name.to_owned(), json!(value)))
}

/// Endpoints that every server has, the smallest ones too.
const EVERYWHERE: [&str; 18] = [
    "cat.help",
    "cluster.get_settings",
    "cluster.pending_tasks",
    "cluster.state",
    "explain",
    "get_source",
    "indices.get_field_mapping",
    "indices.get_template",
    "indices.recovery",
    "indices.resolve_index",
    "indices.segments",
    "indices.shard_stores",
    "indices.validate_query",
    "nodes.hot_threads",
    "nodes.usage",
    "search_shards",
    "snapshot.get_repository",
    "termvectors",
];

/// How a call was refused; `None` for what no server should say.
fn refusal(error: &Error) -> Option<String> {
    let api = error.as_api()?;
    let kind = api.kind.as_deref();
    match api.status.as_u16() {
        _ if Refusal::of(error).is_some() => Refusal::of(error).map(|refusal| refusal.to_string()),
        // It is there, but cannot serve this, or not without what was not given.
        status @ (400 | 403 | 404) if kind.is_some() => kind.map(|kind| format!("{status} {kind}")),
        // What is missing, without an error object.
        404 if serde_json::from_slice::<Value>(&api.body).is_ok() => Some("404".to_owned()),
        // So a server says that it has no such realm.
        500 if kind == Some("security_exception") => Some("500 security_exception".to_owned()),
        _ => None,
    }
}

fn is_readable(response: &Response) -> bool {
    let body = response.bytes();
    serde_json::from_slice::<Value>(body).is_ok()
        || std::str::from_utf8(body).is_ok_and(|text| text.ends_with('\n'))
}

#[tokio::test]
#[ignore = "needs a cluster"]
async fn other_reads_end_in_a_known_form() {
    let index = "genuine-others";
    let client = crate::documents::index(index).await;
    client
        .index(index)
        .id("1")
        .document(json!({"brand": "acme"}))
        .refresh(true)
        .await
        .unwrap();
    let typed = super::typed();
    let others = Endpoint::all()
        .iter()
        .filter(|endpoint| !typed.contains(endpoint.name));
    let (mut succeeded, mut refused) = (Vec::new(), BTreeMap::<String, Vec<&str>>::new());
    for endpoint in others {
        let Some(params) = params(endpoint, index) else {
            continue;
        };
        let mut call = client.call(endpoint.name, params, ());
        if endpoint.body_required {
            call = call.raw_body("{}\n"); // the client refuses to send it without one
        }
        match call.await {
            Ok(response) => {
                assert!(
                    is_readable(&response),
                    "{}: {:?}",
                    endpoint.name,
                    response.bytes()
                );
                succeeded.push(endpoint.name);
            }
            Err(error) => {
                let refusal = refusal(&error)
                    .unwrap_or_else(|| panic!("{}: {error:?} {:?}", endpoint.name, error.body()));
                refused.entry(refusal).or_default().push(endpoint.name);
            }
        }
    }
    for name in EVERYWHERE {
        assert!(
            succeeded.contains(&name),
            "{name} does not succeed: {refused:?}"
        );
    }
    println!(
        "{} {}: {} succeeded: {succeeded:?}",
        var("ES_KIND"),
        var("ES_VERSION"),
        succeeded.len()
    );
    for (refusal, names) in refused {
        server::say(&format!("{refusal}: {names:?}"));
    }
    table::says(
        "other endpoints that read, by name",
        format!("{} succeed", succeeded.len()),
    );
    client.indices().delete(index).await.unwrap();
}
