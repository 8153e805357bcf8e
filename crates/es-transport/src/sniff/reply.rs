//! The response to `GET /_nodes/http` → nodes.
//!
//! The form is that of Elasticsearch 7 to 9 and OpenSearch: `nodes.<id>` with
//! `name`, `roles`, `attributes` and `http.publish_address`, which is
//! `ip:port` or `host/ip:port`, an IPv6 address in brackets.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, value::RawValue};

use crate::{
    error::{Error, Result},
    node::{Node, NodeFacts},
};

#[derive(Deserialize)]
struct Reply<'a> {
    #[serde(borrow)]
    nodes: BTreeMap<Box<str>, &'a RawValue>,
}

/// Everything beside the address is optional and may have any type: a node
/// with a good address is used.
#[derive(Deserialize)]
struct NodeReply {
    #[serde(default)]
    name: Value,
    #[serde(default)]
    roles: Value,
    #[serde(default)]
    attributes: Value,
    #[serde(default)]
    http: Value,
}

/// Returns the nodes of a response, reached in the same way as `source`: by
/// its scheme, path prefix and credentials.
///
/// Ignores dedicated masters, nodes without an HTTP address (a node that is
/// joining has none yet), and those that cannot be read.
pub(super) fn nodes(reply: &[u8], source: &Node) -> Result<Vec<Node>> {
    let reply: Reply<'_> = serde_json::from_slice(reply)
        .map_err(|error| Error::sniff("the response is not a list of nodes").with_source(error))?;
    Ok(reply
        .nodes
        .into_iter()
        .filter_map(|(id, node)| read(id, node, source))
        .collect())
}

fn read(id: Box<str>, node: &RawValue, source: &Node) -> Option<Node> {
    let Ok(reply) = serde_json::from_str::<NodeReply>(node.get()) else {
        tracing::debug!(node.id = %id, "a sniffed node cannot be read and is ignored");
        return None;
    };
    let roles: Vec<_> = strings(&reply.roles).collect();
    if is_dedicated_master(&roles) {
        return None;
    }
    let publish_address = reply.http.get("publish_address")?.as_str()?;
    let found = address(publish_address).and_then(|(host, port)| source.at(host, port).ok());
    let Some(found) = found else {
        tracing::debug!(node.id = %id, "a sniffed node's address cannot be used; it is ignored");
        return None;
    };
    let max_content_length = reply.http.get("max_content_length_in_bytes");
    Some(found.with_facts(NodeFacts {
        id: Some(id),
        name: text(&reply.name),
        roles,
        attributes: attributes(&reply.attributes),
        max_content_length: max_content_length.and_then(Value::as_u64),
    }))
}

fn strings(list: &Value) -> impl Iterator<Item = Box<str>> {
    list.as_array().into_iter().flatten().filter_map(text)
}

fn attributes(attributes: &Value) -> BTreeMap<Box<str>, Box<str>> {
    let attributes = attributes.as_object().into_iter().flatten();
    attributes
        .filter_map(|(name, value)| Some((name.as_str().into(), text(value)?)))
        .collect()
}

/// A string, a number or a boolean as text.
fn text(value: &Value) -> Option<Box<str>> {
    match value {
        Value::String(text) => Some(text.as_str().into()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string().into()),
        _ => None,
    }
}

/// Such a node holds no data and should not spend its time on requests. A
/// node without any role is a coordinating one, which is there for them.
fn is_dedicated_master(roles: &[Box<str>]) -> bool {
    let is_master = |role: &str| matches!(role, "master" | "cluster_manager" | "voting_only");
    !roles.is_empty() && roles.iter().all(|role| is_master(role))
}

/// Splits `ip:port` or `host/ip:port` into host (the name, if there is one)
/// and port. The zone of an IPv6 address (`[fe80::1%eth0]`) is that of the
/// node's own interfaces, and means nothing here.
fn address(text: &str) -> Option<(&str, u16)> {
    let (name, address) = text.split_once('/').unwrap_or(("", text));
    let (ip, port) = address.rsplit_once(':')?;
    let port = port.parse().ok().filter(|port| *port != 0)?;
    if !name.is_empty() {
        return Some((name, port));
    }
    let ip = ip
        .strip_prefix('[')
        .and_then(|ip| ip.strip_suffix(']'))
        .unwrap_or(ip);
    let ip = ip.split_once('%').map_or(ip, |(ip, _zone)| ip);
    Some((ip, port))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const REPLY: &str = r#"{"_nodes":{"total":6},"cluster_name":"c","nodes":{
        "a":{"name":"one","roles":["data","master"],"attributes":{"zone":"z1"},"version":"9.2.0",
             "http":{"publish_address":"10.0.0.1:9200","max_content_length_in_bytes":104857600}},
        "b":{"name":"two","roles":["data"],"http":{"publish_address":"es.example.org/10.0.0.2:9201"}},
        "c":{"roles":["ingest"],"http":{"publish_address":"[::1]:9202"}},
        "d":{"roles":["master"],"http":{"publish_address":"10.0.0.4:9200"}},
        "e":{"roles":["cluster_manager"],"http":{"publish_address":"10.0.0.5:9200"}},
        "f":{"roles":["master","voting_only"],"http":{"publish_address":"10.0.0.6:9200"}},
        "g":{"roles":[],"http":{"publish_address":"es-v6/[fe80::1]:9203"}},
        "h":{"roles":["data"]},
        "i":{"roles":["data"],"http":{"publish_address":"nonsense"}},
        "j":{"roles":"data","http":7},
        "k":{"http":{"publish_address":"evil@host:1"}}}}"#;

    fn source() -> Node {
        "https://user:secret@seed:9200/in".parse().unwrap()
    }

    #[test]
    fn addresses_are_reached_like_the_source() {
        let found = nodes(REPLY.as_bytes(), &source()).unwrap();
        let urls: Vec<_> = found.iter().map(Node::url).collect();
        assert_eq!(
            urls,
            [
                "https://10.0.0.1:9200/in",
                "https://es.example.org:9201/in",
                "https://[::1]:9202/in",
                "https://es-v6:9203/in"
            ]
        );
        assert!(
            found
                .iter()
                .all(|node| node.credentials() == source().credentials())
        );
    }

    #[test]
    fn facts_are_kept() {
        let found = nodes(REPLY.as_bytes(), &source()).unwrap();
        let facts = found[0].facts();
        assert_eq!(
            (facts.id.as_deref(), facts.name.as_deref()),
            (Some("a"), Some("one"))
        );
        assert_eq!(
            (facts.roles.len(), facts.max_content_length),
            (2, Some(104_857_600))
        );
        assert_eq!(found[0].attribute("zone"), Some("z1"));
    }

    #[test]
    fn odd_facts_do_not_lose_a_node() {
        let reply = br#"{"nodes":{
            "a":{"name":null,"roles":null,"attributes":null,"http":{"publish_address":"10.0.0.1:9200"}},
            "b":{"name":7,"roles":"data","attributes":{"rack":12,"ssd":true,"zone":null,"x":[1]},
                 "http":{"publish_address":"10.0.0.2:9200","max_content_length_in_bytes":"100mb"}},
            "c":{"http":{"publish_address":"[fe80::1%eth0]:9200"}},
            "d":{"http":{"publish_address":"es-4/[fe80::2%3]:9200"}},
            "e":{"http":null}}}"#;
        let found = nodes(reply, &"http://seed".parse().unwrap()).unwrap();
        let urls: Vec<_> = found.iter().map(Node::url).collect();
        assert_eq!(
            urls,
            [
                "http://10.0.0.1:9200",
                "http://10.0.0.2:9200",
                "http://[fe80::1]:9200",
                "http://es-4:9200"
            ]
        );
        let facts = found[1].facts();
        assert_eq!(found[1].attribute("rack"), Some("12"));
        assert_eq!(found[1].attribute("ssd"), Some("true"));
        assert_eq!(
            (facts.name.as_deref(), facts.attributes.len()),
            (Some("7"), 2)
        );
        assert_eq!((facts.roles.len(), facts.max_content_length), (0, None));
    }

    #[test]
    fn anything_but_a_list_of_nodes_is_an_error() {
        for bad in [
            "",
            "{}",
            "[]",
            r#"{"nodes":[]}"#,
            "<html>",
            r#"{"nodes":{"a":"#,
        ] {
            assert!(
                nodes(bad.as_bytes(), &source()).unwrap_err().is_sniff(),
                "{bad}"
            );
        }
        assert!(nodes(br#"{"nodes":{}}"#, &source()).unwrap().is_empty());
    }

    proptest! {
        #[test]
        fn no_address_leaves_the_scheme_the_prefix_or_the_name(text in ".{0,40}") {
            if let Some(node) = address(&text).and_then(|(host, port)| source().at(host, port).ok()) {
                prop_assert!(node.is_https() && node.path_prefix() == "/in");
                prop_assert!(node.url().ends_with("/in") && !node.host().contains(['/', '@', '#', '?']));
            }
        }

        #[test]
        fn no_response_is_a_panic(text in ".{0,200}") {
            let _ = nodes(text.as_bytes(), &source());
        }
    }
}
