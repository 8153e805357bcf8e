//! Whatever a node tells of the others: those found are reached in the way in
//! which the asked one is, and a failure leaves the pool as it was.
#![no_main]

use std::convert::Infallible;

use bytes::Bytes;
use es_fuzz::run;
use es_transport::{
    Body, Node, NodePool,
    layer::SelectNodeLayer,
    node::RoundRobin,
    sniff::{SniffOptions, Sniffer},
};
use http::{Request, Response};
use libfuzzer_sys::fuzz_target;
use tower::{Layer, service_fn};

fuzz_target!(|reply: &[u8]| {
    let seed: Node = "https://user:password@seed:9200/in".parse().unwrap();
    let pool = NodePool::new([seed.clone()]).unwrap();
    let reply = Bytes::copy_from_slice(reply);
    let node = service_fn(move |_: Request<Body>| {
        std::future::ready(Ok::<_, Infallible>(Response::new(Body::from(
            reply.clone(),
        ))))
    });
    let stack = SelectNodeLayer::new(pool.clone(), RoundRobin::default()).layer(node);
    let sniffer = Sniffer::new(pool.clone(), stack, SniffOptions::default());
    match run(sniffer.sniff()) {
        Ok(()) => {
            let mut urls = std::collections::HashSet::new();
            for status in pool.nodes() {
                let node = status.node();
                assert!(node.is_https() && node.path_prefix() == "/in" && node.port() > 0);
                assert_eq!(node.credentials(), seed.credentials());
                assert!(node.url().starts_with("https://") && node.url().ends_with("/in"));
                assert!(
                    !node.host().contains(['/', '@', '#', '?', '\\', '%']),
                    "{}",
                    node.host()
                );
                assert!(urls.insert(node.url().to_owned()), "twice: {}", node.url());
                let roles = &node.facts().roles;
                assert!(roles.is_empty() || roles.iter().any(|role| **role != *"master"));
            }
            assert!(!urls.is_empty());
        }
        Err(error) => {
            assert!(error.is_sniff(), "{error}");
            let left: Vec<_> = pool
                .nodes()
                .iter()
                .map(|status| status.node().url().to_owned())
                .collect();
            assert_eq!(left, [seed.url()]);
        }
    }
});
