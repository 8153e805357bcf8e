//! The answer to `GET /_nodes/http` → nodes.
//!
//! The form is that of Elasticsearch 7 to 9 and OpenSearch: `nodes.<id>` with
//! `name`, `roles`, `attributes` and `http.publish_address`, which is
//! `ip:port` or `host/ip:port`, an IPv6 address in brackets.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{
    error::{Error, Result},
    node::{Node, NodeFacts},
};

#[derive(Deserialize)]
struct Reply<'a> {
    #[serde(borrow)]
    nodes: BTreeMap<Box<str>, &'a RawValue>,
}

#[derive(Deserialize)]
struct NodeReply {
    name: Option<Box<str>>,
    #[serde(default)]
    roles: Vec<Box<str>>,
    #[serde(default)]
    attributes: BTreeMap<Box<str>, Box<str>>,
    http: Option<HttpReply>,
}

#[derive(Deserialize)]
struct HttpReply {
    publish_address: Box<str>,
    max_content_length_in_bytes: Option<u64>,
}

/// The nodes of an answer, reached in the way in which `asked` is: by its scheme,
/// path prefix and credentials.
///
/// Left out are dedicated masters, nodes without an HTTP address (which a node
/// that is just joining has none of), and those that cannot be read.
pub(super) fn nodes(reply: &[u8], asked: &Node) -> Result<Vec<Node>> {
    let reply: Reply<'_> = serde_json::from_slice(reply)
        .map_err(|error| Error::sniff("the answer is not a list of nodes").with_source(error))?;
    Ok(reply.nodes.into_iter().filter_map(|(id, node)| read(id, node, asked)).collect())
}

fn read(id: Box<str>, node: &RawValue, asked: &Node) -> Option<Node> {
    let Ok(reply) = serde_json::from_str::<NodeReply>(node.get()) else {
        tracing::debug!(node.id = %id, "a sniffed node cannot be read and is left out");
        return None;
    };
    if is_dedicated_master(&reply.roles) {
        return None;
    }
    let http = reply.http?;
    let found = address(&http.publish_address).and_then(|(host, port)| asked.at(host, port).ok());
    let Some(found) = found else {
        tracing::debug!(node.id = %id, "a sniffed node's address cannot be used; it is left out");
        return None;
    };
    Some(found.with_facts(NodeFacts {
        id: Some(id),
        name: reply.name,
        roles: reply.roles,
        attributes: reply.attributes,
        max_content_length: http.max_content_length_in_bytes,
    }))
}

/// Such a node holds no data and should not spend its time on requests. A
/// node without any role is a coordinating one, which is there for them.
fn is_dedicated_master(roles: &[Box<str>]) -> bool {
    let is_master = |role: &str| matches!(role, "master" | "cluster_manager" | "voting_only");
    !roles.is_empty() && roles.iter().all(|role| is_master(role))
}

/// `ip:port` or `host/ip:port` → host (the name, if there is one) and port.
fn address(text: &str) -> Option<(&str, u16)> {
    let (name, address) = text.split_once('/').unwrap_or(("", text));
    let (ip, port) = address.rsplit_once(':')?;
    let port = port.parse().ok().filter(|port| *port != 0)?;
    Some((if name.is_empty() { ip } else { name }, port))
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

    fn asked() -> Node {
        "https://user:secret@seed:9200/in".parse().unwrap()
    }

    #[test]
    fn addresses_take_the_way_of_the_asked_node() {
        let found = nodes(REPLY.as_bytes(), &asked()).unwrap();
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
        assert!(found.iter().all(|node| node.credentials() == asked().credentials()));
    }

    #[test]
    fn facts_are_kept() {
        let found = nodes(REPLY.as_bytes(), &asked()).unwrap();
        let facts = found[0].facts();
        assert_eq!((facts.id.as_deref(), facts.name.as_deref()), (Some("a"), Some("one")));
        assert_eq!((facts.roles.len(), facts.max_content_length), (2, Some(104_857_600)));
        assert_eq!(found[0].attribute("zone"), Some("z1"));
    }

    #[test]
    fn what_is_no_list_of_nodes_is_an_error() {
        for bad in ["", "{}", "[]", r#"{"nodes":[]}"#, "<html>", r#"{"nodes":{"a":"#] {
            assert!(nodes(bad.as_bytes(), &asked()).unwrap_err().is_sniff(), "{bad}");
        }
        assert!(nodes(br#"{"nodes":{}}"#, &asked()).unwrap().is_empty());
    }

    proptest! {
        #[test]
        fn no_address_leaves_the_scheme_the_prefix_or_the_name(text in ".{0,40}") {
            if let Some(node) = address(&text).and_then(|(host, port)| asked().at(host, port).ok()) {
                prop_assert!(node.is_https() && node.path_prefix() == "/in");
                prop_assert!(node.url().ends_with("/in") && !node.host().contains(['/', '@', '#', '?']));
            }
        }

        #[test]
        fn no_answer_is_a_panic(text in ".{0,200}") {
            let _ = nodes(text.as_bytes(), &asked());
        }
    }
}
