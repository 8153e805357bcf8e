//! The pool as a state machine: whatever happens, every request gets a node,
//! live nodes are preferred, and a dead node is asked by one request at a time.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use es_transport::{
    Node, NodeFacts, NodePool,
    events::{DeathCause, Event, Subscription},
    node::{
        Candidates, LeastInFlight, NodeOutcome, NodeState, Random, RequestContext, RoundRobin,
        Selection, selector_fn,
    },
};
use http::Method;
use proptest::prelude::*;
use tokio::time::Instant;

const MS: Duration = Duration::from_millis(1);

fn node(name: &str) -> Node {
    format!("http://{name}:9200").parse().unwrap()
}

fn pool(names: &[&str]) -> Arc<NodePool> {
    NodePool::builder(names.iter().map(|name| node(name)))
        .seed(1)
        .build()
        .unwrap()
}

fn at(now: Instant) -> RequestContext<'static> {
    RequestContext::new(&Method::GET, "/").at(now)
}

fn select(pool: &NodePool, now: Instant) -> Selection {
    pool.select(&RoundRobin::starting_at(0), &at(now)).unwrap()
}

/// Lets a request to this live node fail.
fn kill(pool: &NodePool, host: &'static str, now: Instant) {
    let to_host = move |nodes: &Candidates<'_>, _: &RequestContext<'_>| {
        nodes
            .position(|candidate| candidate.node().host() == host)
            .unwrap()
    };
    pool.select(&to_host, &at(now))
        .unwrap()
        .finish(NodeOutcome::Failed, now);
}

#[test]
fn no_nodes_and_duplicates_are_errors() {
    assert_eq!(NodePool::new([]).unwrap_err().setting(), Some("nodes"));
    let twice = ["https://u:secret@a", "https://a:443/"].map(|url| url.parse::<Node>().unwrap());
    let error = NodePool::new(twice).unwrap_err();
    assert_eq!(error.setting(), Some("nodes"));
    assert!(!format!("{error} {error:?}").contains("secret"));
}

#[test]
fn a_dead_node_rests_then_gets_one_probe() {
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
    probe.finish(NodeOutcome::Healthy, start + 5000 * MS);
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
fn of_dead_nodes_the_first_one_back_is_tried() {
    let (pool, start) = (pool(&["a", "b", "c"]), Instant::now());
    // Its second dead time lasts 1 s at least, the first of the others 1 s at most.
    kill(&pool, "b", start);
    let mut probe = select(&pool, start + 1000 * MS);
    assert!(probe.is_probe() && probe.node().host() == "b");
    kill(&pool, "a", start + 999 * MS);
    kill(&pool, "c", start + 999 * MS);
    probe.finish(NodeOutcome::Failed, start + 1001 * MS);
    assert_eq!(pool.live(), 0);
    let now = start + 1100 * MS;
    let first = select(&pool, now);
    assert!(first.node().host() != "b" && !first.is_probe());
    let tried: [Arc<str>; 1] = [first.node().shared_url().clone()];
    let second = pool.select(&Random, &at(now).retried(2, &tried)).unwrap();
    assert!(second.node().host() != "b" && second.node() != first.node());
    let tried = [tried[0].clone(), second.node().shared_url().clone()];
    assert_eq!(
        pool.select(&Random, &at(now).retried(3, &tried))
            .unwrap()
            .node()
            .host(),
        "b"
    );
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
fn a_retry_avoids_nodes_that_were_tried() {
    let (pool, now) = (pool(&["a", "b", "c"]), Instant::now());
    let urls = ["a", "b", "c"].map(|name| node(name).shared_url().clone());
    for _ in 0..20 {
        let selected = pool
            .select(&Random, &at(now).retried(3, &urls[..2]))
            .unwrap();
        assert_eq!(selected.node().host(), "c");
        assert!(selected.has_untried_node(&urls[..1]) && !selected.has_untried_node(&urls[..2]));
    }
    let hosts: BTreeSet<_> = (0..100)
        .map(|_| {
            pool.select(&Random, &at(now).retried(4, &urls))
                .unwrap()
                .node()
                .host()
                .to_owned()
        })
        .collect();
    assert_eq!(hosts.len(), 3);
}

#[test]
fn an_index_out_of_range_is_no_panic() {
    let (pool, now) = (pool(&["a", "b"]), Instant::now());
    let wild = |_: &Candidates<'_>, _: &RequestContext<'_>| usize::MAX;
    assert_eq!(pool.select(&wild, &at(now)).unwrap().node().host(), "b");
}

#[test]
fn sniffed_nodes_keep_their_health_by_id() {
    let pool = pool(&["seed"]);
    let mut events = pool.events().subscribe();
    let known = |name: &str, id: &str| {
        let mut facts = NodeFacts::default();
        facts.id = Some(id.into());
        node(name).with_facts(facts)
    };
    pool.set_sniffed([known("a", "1"), known("b", "2"), known("b", "2")])
        .unwrap();
    assert_eq!((pool.len(), pool.live()), (2, 2));
    let now = Instant::now();
    kill(&pool, "a", now);
    // Node 1 has moved and stays dead; node 3 is new at node 2's address.
    pool.set_sniffed([known("moved", "1"), known("b", "3")])
        .unwrap();
    assert_eq!((pool.len(), pool.live()), (2, 1));
    assert_eq!(select(&pool, now).node().host(), "b");
    let removed = std::iter::from_fn(|| events.try_recv()).filter_map(|event| match event {
        Event::NodeRemoved { node } => Some(node),
        _ => None,
    });
    assert_eq!(
        removed.collect::<Vec<_>>(),
        ["http://seed:9200".into(), "http://a:9200".into()]
    );
    assert!(pool.set_sniffed([]).is_err());
    assert_eq!(pool.len(), 2);
}

#[test]
fn seeds_come_back_when_nothing_else_lives() {
    let (pool, now) = (pool(&["seed"]), Instant::now());
    pool.set_sniffed([node("a"), node("b")]).unwrap();
    kill(&pool, "a", now);
    kill(&pool, "b", now);
    assert_eq!((pool.len(), pool.live()), (3, 1));
    assert_eq!(select(&pool, now).node().host(), "seed");
    // The same dead nodes again: the seed is all there is.
    pool.set_sniffed([node("a"), node("b")]).unwrap();
    assert_eq!(select(&pool, now).node().host(), "seed");
    pool.set_sniffed([node("a"), node("c")]).unwrap();
    assert_eq!(select(&pool, now).node().host(), "c");
    assert_eq!(pool.len(), 2);
}

#[test]
fn the_end_of_an_attempt_outlives_its_node_and_its_pool() {
    let (pool, now) = (pool(&["a", "b"]), Instant::now());
    let (mut first, mut second) = (select(&pool, now), select(&pool, now));
    pool.replace([node("c")]);
    first.finish(NodeOutcome::Failed, now);
    assert_eq!(pool.live(), 1);
    drop(pool);
    second.finish(NodeOutcome::Failed, now);
    assert_eq!(second.node().host(), "a");
}

fn urls(pool: &NodePool) -> Vec<String> {
    pool.nodes()
        .iter()
        .map(|status| status.node().host().to_owned())
        .collect()
}

fn all(events: &mut Subscription) -> Vec<Event> {
    std::iter::from_fn(|| events.try_recv()).collect()
}

#[test]
fn nodes_are_added_removed_and_replaced() {
    let pool = pool(&["a", "b"]);
    assert!(pool.add(node("c")).unwrap());
    assert!(!pool.add(node("c").with_attribute("zone", "1")).unwrap());
    assert_eq!(urls(&pool), ["a", "b", "c"]);
    assert_eq!(pool.nodes()[2].node().attribute("zone"), Some("1"));

    assert_eq!(pool.remove("http://a:9200/").unwrap(), Some(node("a")));
    assert_eq!(pool.remove("http://a:9200").unwrap(), None);
    assert!(pool.remove("not a URL").unwrap_err().is_config());
    assert_eq!(urls(&pool), ["b", "c"]);

    assert_eq!(pool.replace([node("c"), node("d")]), [node("b")]);
    assert_eq!(urls(&pool), ["c", "d"]);
}

#[test]
fn a_removed_node_never_comes_back() {
    let (pool, now) = (pool(&["a", "b"]), Instant::now());
    let mut under_way = select(&pool, now);
    assert_eq!(under_way.node().host(), "a");
    pool.remove("http://a:9200").unwrap();
    under_way.finish(NodeOutcome::Healthy, now);

    pool.set_sniffed([node("x")]).unwrap();
    kill(&pool, "x", now);
    // The seeds are back, except for the one that was removed.
    assert_eq!(urls(&pool), ["x", "b"]);

    pool.replace([node("y")]);
    kill(&pool, "y", now);
    assert_eq!(urls(&pool), ["y"]);
    pool.set_sniffed([node("z")]).unwrap();
    kill(&pool, "z", now);
    assert_eq!(urls(&pool), ["z", "y"]);
}

#[test]
fn seeds_that_are_not_kept_do_not_come_back() {
    let builder = NodePool::builder([node("seed")]).keep_seeds(false);
    let (pool, now) = (builder.build().unwrap(), Instant::now());
    pool.set_sniffed([node("a")]).unwrap();
    kill(&pool, "a", now);
    assert_eq!((urls(&pool), pool.live()), (vec!["a".to_owned()], 0));
}

#[test]
fn an_empty_pool_is_an_error_until_a_node_is_added() {
    let (pool, now) = (pool(&["a"]), Instant::now());
    pool.remove("http://a:9200").unwrap();
    assert!(pool.is_empty() && pool.live() == 0);
    let error = pool.select(&Random, &at(now)).unwrap_err();
    assert!(error.is_no_nodes());
    assert_eq!(
        std::error::Error::source(&error).unwrap().to_string(),
        "the pool is empty"
    );
    pool.add(node("b")).unwrap();
    assert_eq!(select(&pool, now).node().host(), "b");
    assert_eq!(pool.replace([]), [node("b")]);
    assert!(pool.is_empty());
}

#[test]
fn a_node_is_marked_dead_for_its_time_and_live() {
    let (pool, start) = (pool(&["a", "b"]), Instant::now());
    let minute = Duration::from_secs(60);
    assert!(pool.mark_dead("http://a:9200", start, minute).unwrap());
    assert!(!pool.mark_dead("http://c:9200", start, minute).unwrap());
    assert!((0..4).all(|_| select(&pool, start + 59_999 * MS).node().host() == "b"));
    assert!(select(&pool, start + minute).is_probe());

    assert!(pool.mark_live("http://a:9200", start).unwrap());
    assert_eq!(pool.live(), 2);
    assert!(pool.mark_live("://", start).is_err());
}

#[test]
fn nodes_are_listed_with_their_state() {
    let (pool, start) = (pool(&["a", "b"]), Instant::now());
    // Round robin does not track the load: nothing is known of it.
    kill_by_round_robin(&pool, start);
    let status = &pool.nodes()[0];
    assert_eq!((status.in_flight(), status.latency()), (None, None));
    assert_eq!((status.is_live(), status.failures()), (false, 1));
    let NodeState::Dead { until } = status.state() else {
        panic!("{status:?}")
    };
    assert!((start + 500 * MS..=start + 1000 * MS).contains(&until));

    let mut first = pool.select(&LeastInFlight, &at(start)).unwrap();
    let _second = pool.select(&LeastInFlight, &at(start)).unwrap();
    first.finish(NodeOutcome::Healthy, start + 7 * MS);
    let status = &pool.nodes()[1];
    assert_eq!((status.state(), status.failures()), (NodeState::Live, 0));
    assert_eq!(status.in_flight(), Some(1));
    assert!(status.latency().unwrap().abs_diff(7 * MS) < MS / 100);
}

fn kill_by_round_robin(pool: &NodePool, now: Instant) {
    select(pool, now).finish(NodeOutcome::Failed, now);
}

#[test]
fn every_change_is_an_event() {
    let (pool, start) = (pool(&["a", "b"]), Instant::now());
    let url = |name: &str| node(name).shared_url().clone();
    let mut events = pool.events().subscribe();

    let mut failed = select(&pool, start);
    let cause = DeathCause::Status(http::StatusCode::BAD_GATEWAY);
    failed.finish_because(NodeOutcome::Failed, cause, start);
    let [
        Event::NodeDied {
            node: died,
            cause: seen,
            dead_time,
            failures: 1,
        },
    ] = &all(&mut events)[..]
    else {
        panic!("one node died");
    };
    assert_eq!((died, seen), (&url("a"), &cause));
    assert!((500 * MS..=1000 * MS).contains(dead_time));

    let mut probe = select(&pool, start + 1000 * MS);
    probe.finish(NodeOutcome::Healthy, start + 1001 * MS);
    assert_eq!(all(&mut events), [Event::NodeRevived { node: url("a") }]);

    pool.mark_dead("http://b:9200", start, 5 * MS).unwrap();
    let [
        Event::NodeDied {
            cause: DeathCause::Marked,
            ..
        },
    ] = all(&mut events)[..]
    else {
        panic!("one node was marked");
    };
    pool.mark_live("http://b:9200", start).unwrap();
    assert_eq!(all(&mut events), [Event::NodeRevived { node: url("b") }]);

    pool.replace([node("b"), node("c")]);
    let removed = Event::NodeRemoved { node: url("a") };
    let added = Event::NodeAdded { node: url("c") };
    assert_eq!(all(&mut events), [removed, added]);
    // No change, no event.
    pool.add(node("c")).unwrap();
    select(&pool, start).finish(NodeOutcome::Healthy, start);
    assert_eq!(all(&mut events), []);
}

/// Lets this live node respond.
fn respond(pool: &NodePool, host: &'static str, now: Instant) {
    let to_host = selector_fn(move |nodes, _| {
        nodes
            .position(|candidate| candidate.node().host() == host)
            .unwrap()
    });
    pool.select(&to_host, &at(now))
        .unwrap()
        .finish(NodeOutcome::Healthy, now);
}

#[test]
fn a_seed_that_responded_outlives_nodes_that_never_did() {
    let (pool, now) = (pool(&["seed", "silent"]), Instant::now());
    respond(&pool, "seed", now);
    pool.set_sniffed([node("a"), node("b"), node("c")]).unwrap();
    assert_eq!(urls(&pool), ["a", "b", "c"]);
    // One of them fails and none has responded: the proven seed is back.
    kill(&pool, "b", now);
    assert_eq!(urls(&pool), ["a", "b", "c", "seed"]);
    // A retry goes there at once, not to the other unproven ones.
    let tried = [node("b").shared_url().clone()];
    for _ in 0..10 {
        let retry = pool.select(&Random, &at(now).retried(2, &tried)).unwrap();
        assert_eq!(retry.node().host(), "seed");
    }
    // The next sniff finds the same nodes, and replaces the seed no more than the first.
    pool.set_sniffed([node("a"), node("b"), node("c")]).unwrap();
    assert_eq!(urls(&pool), ["a", "b", "c", "seed"]);
    // Once a sniffed node has responded, the seed has done its work.
    respond(&pool, "a", now);
    pool.set_sniffed([node("a"), node("b"), node("c")]).unwrap();
    assert_eq!(urls(&pool), ["a", "b", "c"]);
}

#[derive(Clone, Debug)]
enum Step {
    Start,
    Finish(usize, NodeOutcome),
    Drop(usize),
    Wait(u64),
    Replace(u8),
}

fn step() -> impl Strategy<Value = Step> {
    let outcome = prop_oneof![
        1 => Just(NodeOutcome::Healthy),
        1 => Just(NodeOutcome::Overloaded),
        1 => Just(NodeOutcome::ServerError),
        1 => Just(NodeOutcome::Suspect),
        3 => Just(NodeOutcome::Failed),
    ];
    prop_oneof![
        4 => Just(Step::Start),
        4 => (any::<usize>(), outcome).prop_map(|(which, outcome)| Step::Finish(which, outcome)),
        1 => any::<usize>().prop_map(Step::Drop),
        2 => (0..40_000_u64).prop_map(Step::Wait),
        1 => (1_u8..16).prop_map(Step::Replace),
    ]
}

fn is_live(pool: &NodePool, node: &Node) -> bool {
    pool.nodes()
        .iter()
        .any(|status| status.node() == node && status.is_live())
}

struct Open {
    selected: Selection,
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
    fn every_request_gets_a_node(
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
                    let selected = pool.select(&selector, &at(now)).unwrap();
                    let was_live = before.iter().any(|status| status.node() == selected.node() && status.is_live());
                    // A dead node is asked only as a probe, or while nothing lives.
                    prop_assert!(was_live || selected.is_probe() || !any_live);
                    prop_assert!(!(was_live && selected.is_probe()));
                    let rival = |o: &Open| o.is_probe() && o.selected.node() == selected.node();
                    prop_assert!(!(selected.is_probe() && open.iter().any(rival)));
                    open.push(Open { selected, is_overtaken: false });
                }
                Step::Finish(which, outcome) if !open.is_empty() => {
                    let mut ended = open.swap_remove(which % open.len());
                    let was_live = is_live(&pool, ended.selected.node());
                    ended.selected.finish(outcome, now);
                    let lives = is_live(&pool, ended.selected.node());
                    let has_responded = matches!(
                        outcome,
                        NodeOutcome::Healthy | NodeOutcome::Overloaded | NodeOutcome::ServerError
                    );
                    if ended.is_probe() {
                        prop_assert_eq!(lives, has_responded);
                    } else if has_responded {
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
                    pool.set_sniffed(some.map(|(_, node)| node.clone())).unwrap();
                }
                Step::Finish(..) | Step::Drop(_) => {}
            }
            prop_assert!(!pool.is_empty());
        }
        // Whatever happened: once everything responses, everything lives again.
        open.clear();
        for _ in 0..100 {
            now += Duration::from_secs(31);
            pool.select(&selector, &at(now)).unwrap().finish(NodeOutcome::Healthy, now);
        }
        prop_assert_eq!(pool.live(), pool.len());
    }
}
