//! The pool as a state machine: whatever happens, every request gets a node,
//! live nodes are preferred, and a dead node is asked by one request at a time.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    time::Duration,
};

use es_transport::{
    Node, NodeFacts, NodePool,
    node::{Candidates, Random, RequestContext, RoundRobin, Selected, Verdict},
};
use http::Method;
use proptest::prelude::*;
use tokio::time::Instant;

const MS: Duration = Duration::from_millis(1);

fn node(name: &str) -> Node {
    format!("http://{name}:9200").parse().unwrap()
}

fn pool(names: &[&str]) -> Arc<NodePool> {
    NodePool::builder(names.iter().map(|name| node(name))).seed(1).build().unwrap()
}

fn at(now: Instant) -> RequestContext<'static> {
    RequestContext::new(&Method::GET, "/").at(now)
}

fn select(pool: &NodePool, now: Instant) -> Selected {
    pool.select(&RoundRobin::starting_at(0), &at(now))
}

/// Lets a request to this live node fail.
fn kill(pool: &NodePool, host: &'static str, now: Instant) {
    let to_host = move |nodes: &Candidates<'_>, _: &RequestContext<'_>| {
        nodes.position(|candidate| candidate.node().host() == host).unwrap()
    };
    pool.select(&to_host, &at(now)).finish(Verdict::Failed, now);
}

#[test]
fn no_node_and_the_same_node_twice_are_errors_that_name_the_setting() {
    assert_eq!(NodePool::new([]).unwrap_err().setting(), Some("nodes"));
    let twice = ["https://u:secret@a", "https://a:443/"].map(|url| url.parse::<Node>().unwrap());
    let error = NodePool::new(twice).unwrap_err();
    assert_eq!(error.setting(), Some("nodes"));
    assert!(!format!("{error} {error:?}").contains("secret"));
}

#[test]
fn a_dead_node_is_left_alone_then_probed_by_one_request() {
    let (pool, start) = (pool(&["a", "b"]), Instant::now());
    kill(&pool, "a", start);
    assert_eq!(pool.live(), 1);
    for _ in 0..10 {
        assert_eq!(select(&pool, start + 499 * MS).node().host(), "b");
    }
    let mut probe = select(&pool, start + 1000 * MS);
    assert!(probe.is_probe() && probe.node().host() == "a");
    for _ in 0..10 {
        assert_eq!(select(&pool, start + 5000 * MS).node().host(), "b");
    }
    probe.finish(Verdict::Alive, start + 5000 * MS);
    assert_eq!(pool.live(), 2);
}

#[test]
fn a_dropped_probe_frees_its_place() {
    let (pool, start) = (pool(&["a", "b"]), Instant::now());
    kill(&pool, "a", start);
    let later = start + 1000 * MS;
    let probe = select(&pool, later);
    assert!(probe.is_probe() && !select(&pool, later).is_probe());
    drop(probe);
    assert!(select(&pool, later).is_probe());
}

#[test]
fn when_all_are_dead_the_one_that_comes_back_first_is_tried() {
    let (pool, start) = (pool(&["a", "b", "c"]), Instant::now());
    // Its second dead time lasts 1 s at least, the first of the others 1 s at most.
    kill(&pool, "b", start);
    let mut probe = select(&pool, start + 1000 * MS);
    assert!(probe.is_probe() && probe.node().host() == "b");
    kill(&pool, "a", start + 999 * MS);
    kill(&pool, "c", start + 999 * MS);
    probe.finish(Verdict::Failed, start + 1001 * MS);
    assert_eq!(pool.live(), 0);
    let now = start + 1100 * MS;
    let first = select(&pool, now);
    assert!(first.node().host() != "b" && !first.is_probe());
    let tried: [Arc<str>; 1] = [first.node().shared_url().clone()];
    let second = pool.select(&Random, &at(now).resent(2, &tried));
    assert!(second.node().host() != "b" && second.node() != first.node());
    let tried = [tried[0].clone(), second.node().shared_url().clone()];
    assert_eq!(pool.select(&Random, &at(now).resent(3, &tried)).node().host(), "b");
}

#[test]
fn a_single_dead_node_is_still_asked() {
    let (pool, start) = (pool(&["a"]), Instant::now());
    kill(&pool, "a", start);
    assert_eq!((pool.live(), pool.len()), (0, 1));
    assert_eq!(select(&pool, start).node().host(), "a");
    let later = start + 1000 * MS;
    let probe = select(&pool, later);
    assert!(probe.is_probe() && !select(&pool, later).is_probe());
}

#[test]
fn a_resend_avoids_what_was_tried_while_another_node_lives() {
    let (pool, now) = (pool(&["a", "b", "c"]), Instant::now());
    let urls = ["a", "b", "c"].map(|name| node(name).shared_url().clone());
    for _ in 0..20 {
        let selected = pool.select(&Random, &at(now).resent(3, &urls[..2]));
        assert_eq!(selected.node().host(), "c");
        assert!(selected.has_untried(&urls[..1]) && !selected.has_untried(&urls[..2]));
    }
    let hosts: BTreeSet<_> = (0..100)
        .map(|_| pool.select(&Random, &at(now).resent(4, &urls)).node().host().to_owned())
        .collect();
    assert_eq!(hosts.len(), 3);
}

#[test]
fn an_index_out_of_range_is_no_panic() {
    let (pool, now) = (pool(&["a", "b"]), Instant::now());
    let wild = |_: &Candidates<'_>, _: &RequestContext<'_>| usize::MAX;
    assert_eq!(pool.select(&wild, &at(now)).node().host(), "b");
}

#[test]
fn sniffed_nodes_keep_their_health_by_id_and_those_that_left_are_told() {
    let left = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&left);
    let note = move |nodes: &[Node]| {
        told.lock().unwrap().extend(nodes.iter().map(|node| node.host().to_owned()));
    };
    let pool = NodePool::builder([node("seed")]).on_leave(note).build().unwrap();
    let known = |name: &str, id: &str| {
        let mut facts = NodeFacts::default();
        facts.id = Some(id.into());
        node(name).with_facts(facts)
    };
    pool.replace([known("a", "1"), known("b", "2"), known("b", "2")]).unwrap();
    assert_eq!((pool.len(), pool.live()), (2, 2));
    let now = Instant::now();
    kill(&pool, "a", now);
    // Node 1 has moved and stays dead; node 3 is new at node 2's address.
    pool.replace([known("moved", "1"), known("b", "3")]).unwrap();
    assert_eq!((pool.len(), pool.live()), (2, 1));
    assert_eq!(select(&pool, now).node().host(), "b");
    assert_eq!(*left.lock().unwrap(), ["seed", "a"]);
    assert!(pool.replace([]).is_err());
    assert_eq!(pool.len(), 2);
}

#[test]
fn the_seeds_come_back_when_nothing_else_lives_and_go_with_the_next_sniff() {
    let (pool, now) = (pool(&["seed"]), Instant::now());
    pool.replace([node("a"), node("b")]).unwrap();
    kill(&pool, "a", now);
    kill(&pool, "b", now);
    assert_eq!((pool.len(), pool.live()), (3, 1));
    assert_eq!(select(&pool, now).node().host(), "seed");
    // The same dead nodes again: the seed is all there is.
    pool.replace([node("a"), node("b")]).unwrap();
    assert_eq!(select(&pool, now).node().host(), "seed");
    pool.replace([node("a"), node("c")]).unwrap();
    assert_eq!(select(&pool, now).node().host(), "c");
    assert_eq!(pool.len(), 2);
}

#[test]
fn the_end_of_an_attempt_outlives_its_node_and_its_pool() {
    let (pool, now) = (pool(&["a", "b"]), Instant::now());
    let (mut first, mut second) = (select(&pool, now), select(&pool, now));
    pool.replace([node("c")]).unwrap();
    first.finish(Verdict::Failed, now);
    assert_eq!(pool.live(), 1);
    drop(pool);
    second.finish(Verdict::Failed, now);
    assert_eq!(second.node().host(), "a");
}

#[derive(Clone, Debug)]
enum Step {
    Start,
    Finish(usize, Verdict),
    Drop(usize),
    Wait(u64),
    Replace(u8),
}

fn step() -> impl Strategy<Value = Step> {
    let verdict = prop_oneof![
        1 => Just(Verdict::Alive),
        1 => Just(Verdict::Burdened),
        1 => Just(Verdict::Doubtful),
        3 => Just(Verdict::Failed),
    ];
    prop_oneof![
        4 => Just(Step::Start),
        4 => (any::<usize>(), verdict).prop_map(|(which, verdict)| Step::Finish(which, verdict)),
        1 => any::<usize>().prop_map(Step::Drop),
        2 => (0..40_000_u64).prop_map(Step::Wait),
        1 => (1_u8..16).prop_map(Step::Replace),
    ]
}

fn is_live(pool: &NodePool, node: &Node) -> bool {
    pool.nodes().iter().any(|(member, live)| member == node && *live)
}

struct Open {
    selected: Selected,
    /// The node was alive since the attempt began: if it is a probe, it is no
    /// longer the one that the pool waits for.
    is_overtaken: bool,
}

impl Open {
    /// Whether the pool waits for it to find out if the node is back.
    fn is_probe(&self) -> bool {
        self.selected.is_probe() && !self.is_overtaken
    }
}

proptest! {
    #[test]
    fn every_request_gets_a_node_and_a_dead_one_gets_one_probe(
        steps in prop::collection::vec(step(), 1..200),
        seed: u64,
    ) {
        let nodes = ["a", "b", "c", "d"].map(node);
        let pool = NodePool::builder(nodes.clone()).seed(seed).build().unwrap();
        let selector = RoundRobin::starting_at(seed as usize);
        let mut now = Instant::now();
        let mut open: Vec<Open> = Vec::new();
        for step in steps {
            match step {
                Step::Start => {
                    let (before, any_live) = (pool.nodes(), pool.live() > 0);
                    let selected = pool.select(&selector, &at(now));
                    let was_live = before.iter().any(|(node, live)| node == selected.node() && *live);
                    // A dead node is asked only as a probe, or while nothing lives.
                    prop_assert!(was_live || selected.is_probe() || !any_live);
                    prop_assert!(!(was_live && selected.is_probe()));
                    let rival = |o: &Open| o.is_probe() && o.selected.node() == selected.node();
                    prop_assert!(!(selected.is_probe() && open.iter().any(rival)));
                    open.push(Open { selected, is_overtaken: false });
                }
                Step::Finish(which, verdict) if !open.is_empty() => {
                    let mut ended = open.swap_remove(which % open.len());
                    let was_live = is_live(&pool, ended.selected.node());
                    ended.selected.finish(verdict, now);
                    let lives = is_live(&pool, ended.selected.node());
                    let answered = matches!(verdict, Verdict::Alive | Verdict::Burdened);
                    if ended.is_probe() {
                        prop_assert_eq!(lives, answered);
                    } else if answered {
                        prop_assert!(!was_live || lives);
                    }
                    for other in &mut open {
                        other.is_overtaken |= is_live(&pool, other.selected.node());
                    }
                }
                Step::Drop(which) if !open.is_empty() => {
                    let before = pool.live();
                    drop(open.swap_remove(which % open.len()));
                    prop_assert_eq!(pool.live(), before);
                }
                Step::Wait(ms) => now += Duration::from_millis(ms),
                Step::Replace(mask) => {
                    // A probe of a node that leaves and comes back is nobody's.
                    open.clear();
                    let some = nodes.iter().enumerate().filter(|(i, _)| mask >> i & 1 == 1);
                    pool.replace(some.map(|(_, node)| node.clone())).unwrap();
                }
                Step::Finish(..) | Step::Drop(_) => {}
            }
            prop_assert!(pool.len() > 0);
        }
        // Whatever happened: once everything answers, everything lives again.
        open.clear();
        for _ in 0..100 {
            now += Duration::from_secs(31);
            pool.select(&selector, &at(now)).finish(Verdict::Alive, now);
        }
        prop_assert_eq!(pool.live(), pool.len());
    }
}
