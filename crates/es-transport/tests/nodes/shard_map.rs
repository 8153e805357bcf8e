//! When the map of shards is fetched, over a cluster that is a function.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    convert::Infallible,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use es_transport::{
    Body, Node, NodeFacts, NodePool, NodeSelector, Transport,
    layer::media_type::CompatibilityMode,
    node::{Candidates, LeastInFlight, NodeOutcome, RequestContext, RoundRobin},
    shard_aware::{HolderNodes, ShardAware},
};
use http::{Method, Request, Response};
use serde_json::json;
use tokio::time::Instant;
use tower::service_fn;

const CHECK_EVERY: Duration = Duration::from_secs(6);

/// A cluster of nodes and an index of one shard, which counts what is asked. An index of the
/// name `spread` has three shards, each on two of the first three nodes.
#[derive(Default)]
struct Cluster {
    states: AtomicUsize,
    versions: AtomicUsize,
    comparisons: AtomicUsize,
    /// The state's number, and the node of the primary.
    state: Mutex<(u32, u32)>,
    last_uri: Mutex<String>,
    in_flight: AtomicUsize,
    most_in_flight: AtomicUsize,
}

impl Cluster {
    fn respond(&self, path: &str, query: &str) -> String {
        if path.ends_with("/spread") {
            return spread_state();
        }
        if path == "/spread/_search_shards" {
            // The shards of the values `0`, `checked` and `ä𝄞`.
            let shards = [("routing=%30&", 1), ("routing=%63", 2), ("routing=%C3", 0)];
            let found = shards.iter().find(|(value, _)| query.starts_with(value));
            let (_, shard) = found.unwrap();
            return format!(r#"{{"shards":[[{{"shard":{shard}}}]]}}"#);
        }
        let (version, primary) = *self.state.lock().unwrap();
        let count = |counter: &AtomicUsize| counter.fetch_add(1, Ordering::Relaxed);
        if path.starts_with("/_cluster/state/metadata") {
            count(&self.states);
            return format!(
                r#"{{"state_uuid":"u{version}",
                "metadata":{{"indices":{{"products":{{"routing_num_shards":1024,
                "settings":{{"index":{{"number_of_shards":"1"}}}}}}}}}},
                "routing_table":{{"indices":{{"products":{{"shards":{{"0":[
                {{"state":"STARTED","primary":true,"node":"node-{primary}"}}]}}}}}}}}}}"#
            );
        }
        if path.ends_with("/_search_shards") {
            count(&self.comparisons);
            return r#"{"shards":[[{"shard":0}]]}"#.to_owned();
        }
        if path.starts_with("/_cluster/state/version") {
            count(&self.versions);
            return format!(r#"{{"state_uuid":"u{version}"}}"#);
        }
        "{}".to_owned()
    }

    fn counts(&self) -> [usize; 3] {
        [&self.states, &self.comparisons, &self.versions].map(|count| count.load(Ordering::Relaxed))
    }
}

fn spread_state() -> String {
    let copy =
        |node: u32| json!({"state": "STARTED", "primary": false, "node": format!("node-{node}")});
    let state = json!({
        "metadata": {"indices": {"spread": {
            "routing_num_shards": 768,
            "settings": {"index": {"number_of_shards": "3"}},
        }}},
        "routing_table": {"indices": {"spread": {"shards": {
            "0": [copy(0), copy(1)],
            "1": [copy(1), copy(2)],
            "2": [copy(2), copy(0)],
        }}}},
    });
    state.to_string()
}

fn node(number: u32) -> Node {
    let mut facts = NodeFacts::default();
    facts.id = Some(format!("node-{number}").into());
    let node: Node = format!("http://n{number}:9200").parse().unwrap();
    node.with_facts(facts)
}

fn transport(cluster: &Arc<Cluster>) -> Transport {
    transport_of(cluster, 2, ShardAware::new(RoundRobin::default()))
}

fn transport_of(cluster: &Arc<Cluster>, nodes: u32, selector: impl NodeSelector) -> Transport {
    let cluster = Arc::clone(cluster);
    let service = service_fn(move |request: Request<Body>| {
        *cluster.last_uri.lock().unwrap() = request.uri().to_string();
        let query = request.uri().query().unwrap_or_default();
        let body = cluster.respond(request.uri().path(), query);
        let cluster = Arc::clone(&cluster);
        async move {
            let in_flight = cluster.in_flight.fetch_add(1, Ordering::Relaxed) + 1;
            cluster
                .most_in_flight
                .fetch_max(in_flight, Ordering::Relaxed);
            // The others begin meanwhile.
            tokio::task::yield_now().await;
            cluster.in_flight.fetch_sub(1, Ordering::Relaxed);
            let response = Response::builder().header("x-elastic-product", "Elasticsearch");
            Ok::<_, Infallible>(response.body(Body::from(body)).unwrap())
        }
    });
    Transport::builder()
        .node_pool(NodePool::new((0..nodes).map(node)).unwrap())
        .node_selector(selector)
        .compatibility_mode(CompatibilityMode::Fixed(9))
        .http_service(service)
        .build()
        .unwrap()
}

/// Sends a request, and lets what it caused in the background end.
async fn send(transport: &Transport) {
    let request = Request::get("/products/_doc/1")
        .body(Body::empty())
        .unwrap();
    transport.send(request).await.unwrap();
    tokio::time::sleep(Duration::from_millis(1)).await;
}

fn write_node(transport: &Transport) -> Option<Arc<str>> {
    transport.write_node("products", Some("1"), None)
}

#[tokio::test(start_paused = true)]
async fn an_unchanged_state_is_fetched_once() {
    let cluster = Arc::new(Cluster::default());
    let transport = transport(&cluster);
    send(&transport).await;
    assert_eq!(cluster.counts(), [1, 3, 0]);
    for checks in 1..4 {
        tokio::time::advance(CHECK_EVERY).await;
        send(&transport).await;
        assert_eq!(cluster.counts(), [1, 3, checks]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_changed_state_is_fetched_again() {
    let cluster = Arc::new(Cluster::default());
    let transport = transport(&cluster);
    send(&transport).await;
    send(&transport).await;
    assert_eq!(write_node(&transport).as_deref(), Some("node-0"));

    *cluster.state.lock().unwrap() = (1, 1);
    tokio::time::advance(CHECK_EVERY).await;
    send(&transport).await;
    assert_eq!(write_node(&transport).as_deref(), Some("node-1"));
    // The rule is the same and was checked.
    assert_eq!(cluster.counts(), [2, 3, 1]);
}

#[tokio::test(start_paused = true)]
async fn an_index_out_of_use_is_not_fetched_again() {
    let cluster = Arc::new(Cluster::default());
    let transport = transport(&cluster);
    send(&transport).await;
    *cluster.state.lock().unwrap() = (1, 1);
    tokio::time::advance(CHECK_EVERY).await;
    let other = Request::get("/orders/_doc/1").body(Body::empty()).unwrap();
    transport.send(other).await.unwrap();
    tokio::time::sleep(Duration::from_millis(1)).await;
    // One of each for `orders`.
    assert_eq!(cluster.counts(), [2, 6, 1]);
}

#[tokio::test(start_paused = true)]
async fn a_request_for_nodes_goes_to_one_of_them() {
    let cluster = Arc::new(Cluster::default());
    let transport = transport(&cluster);
    let sent = async |path: &str, nodes: &[&str]| {
        let nodes: Vec<Arc<str>> = nodes.iter().copied().map(Into::into).collect();
        let key = HolderNodes::new(nodes);
        let request = Request::post(path).extension(key).body(Body::empty());
        transport.send(request.unwrap()).await.unwrap();
        cluster.last_uri.lock().unwrap().clone()
    };
    for node in [0, 1, 1, 0, 0] {
        let id = format!("node-{node}");
        assert_eq!(
            sent("/_mget", &[&id, "node-7"]).await,
            format!("http://n{node}:9200/_mget?preference=_local")
        );
        // It has a preference for each search.
        assert_eq!(
            sent("/_msearch", &[&id]).await,
            format!("http://n{node}:9200/_msearch")
        );
    }
    let left = sent("/_mget", &["node-7"]).await;
    assert!(left.ends_with(":9200/_mget"), "{left}");

    // Of several, the selector chooses a live one.
    let pool = transport.pool().unwrap();
    let (now, long) = (Instant::now(), Duration::from_secs(60));
    pool.mark_dead("http://n0:9200", now, long).unwrap();
    for _ in 0..10 {
        assert_eq!(
            sent("/_mget", &["node-0", "node-1"]).await,
            "http://n1:9200/_mget?preference=_local"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn holders_are_found_when_the_nodes_change() {
    let cluster = Arc::new(Cluster::default());
    *cluster.state.lock().unwrap() = (0, 1);
    let transport = transport(&cluster);
    send(&transport).await;
    let pool = transport.pool().unwrap();
    let sent_to = async |host: &str| {
        for _ in 0..4 {
            send(&transport).await;
            let uri = format!("http://{host}:9200/products/_doc/1");
            assert_eq!(*cluster.last_uri.lock().unwrap(), uri);
        }
    };
    sent_to("n1").await;
    // Its place among the nodes is another one each time.
    for numbers in [&[1][..], &[5, 4, 1], &[1, 6], &[0, 1]] {
        pool.set_sniffed(numbers.iter().copied().map(node)).unwrap();
        sent_to("n1").await;
    }
    pool.mark_dead("http://n1:9200", Instant::now(), Duration::from_secs(60))
        .unwrap();
    sent_to("n0").await;
}

#[tokio::test(start_paused = true)]
async fn searches_of_all_shards_are_local_while_all_nodes_respond() {
    let cluster = Arc::new(Cluster::default());
    let selector = Arc::new(ShardAware::new(LeastInFlight));
    let transport = transport_of(&cluster, 4, Arc::clone(&selector));
    let pool = transport.pool().unwrap();
    let select = || {
        let request = RequestContext::new(&Method::GET, "/spread/_search");
        let (selection, query) = pool.select_with_query(&selector, &request).unwrap();
        (selection, query.is_some())
    };
    select();
    tokio::time::sleep(Duration::from_millis(1)).await;
    for _ in 0..20 {
        let (mut selection, is_local) = select();
        assert!(is_local);
        assert_ne!(selection.node().host(), "n3");
        selection.finish(NodeOutcome::Healthy, Instant::now());
    }

    let (mut silent, _) = select();
    tokio::time::advance(Duration::from_secs(1)).await;
    // Its silence counts when it has been tried once more.
    let url = silent.node().shared_url().clone();
    let try_it = move |nodes: &Candidates<'_>, _: &RequestContext<'_>| {
        nodes
            .position(|candidate| *candidate.node().url() == *url)
            .unwrap()
    };
    let request = RequestContext::new(&Method::GET, "/");
    drop(pool.select(&try_it, &request).unwrap());
    tokio::time::advance(Duration::from_millis(50)).await;
    let (other, is_local) = select();
    assert_ne!(other.node(), silent.node());
    assert!(!is_local);
    silent.finish(NodeOutcome::Healthy, Instant::now());
    assert!(select().1);

    // Others may have copies of what a dead node holds.
    let dead = silent.node().url();
    pool.mark_dead(dead, Instant::now(), Duration::from_secs(60))
        .unwrap();
    assert!(!select().1);
}

#[tokio::test(start_paused = true)]
async fn reads_grouped_by_node_keep_the_map_in_use() {
    let cluster = Arc::new(Cluster::default());
    let transport = transport(&cluster);
    let read_nodes = || transport.read_nodes("products", Some("1"), None);
    assert!(read_nodes().is_empty());
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert_eq!(read_nodes(), ["node-0".into()]);

    *cluster.state.lock().unwrap() = (1, 1);
    for node in ["node-0", "node-1"] {
        let nodes = read_nodes();
        assert_eq!(nodes, [node.into()]);
        let key = HolderNodes::new(nodes);
        let request = Request::post("/_mget").extension(key).body(Body::empty());
        tokio::time::advance(CHECK_EVERY).await;
        transport.send(request.unwrap()).await.unwrap();
        tokio::time::sleep(Duration::from_millis(1)).await;
    }

    // A node that is not in the pool is none to group by.
    transport.pool().unwrap().remove("http://n1:9200").unwrap();
    assert!(read_nodes().is_empty());
}

#[tokio::test(start_paused = true)]
async fn many_indices_are_fetched_a_few_at_a_time() {
    let cluster = Arc::new(Cluster::default());
    let transport = transport(&cluster);
    for number in 0..5_000 {
        transport.read_nodes(&format!("index-{number}"), None, None);
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(cluster.counts(), [100, 300, 0]);
    assert_eq!(cluster.most_in_flight.load(Ordering::Relaxed), 4);
    // Names that are no names of an index are not asked for.
    for name in ["a?x", "a#", "a/b", "a b", "ä", "a%2F", "..", "_all"] {
        transport.read_nodes(name, None, None);
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(cluster.counts(), [100, 300, 0]);
}
