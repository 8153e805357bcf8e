//! Each selector over a pool: what it chooses, and how often.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
    time::Duration,
};

use es_transport::{
    Node, NodePool, NodeSelector,
    node::{
        Candidates, LeastInFlight, NodeOutcome, PeakEwma, PreferAttribute, Random, RequestContext,
        RoundRobin, Selection, Sticky, SubsetCache, selector_fn,
    },
};
use http::Method;
use tokio::time::Instant;

const SECOND: Duration = Duration::from_secs(1);
const MS: Duration = Duration::from_millis(1);

fn node(name: &str) -> Node {
    format!("http://{name}").parse().unwrap()
}

fn pool(names: &[&str]) -> Arc<NodePool> {
    NodePool::new(names.iter().map(|name| node(name))).unwrap()
}

fn request() -> RequestContext<'static> {
    RequestContext::new(&Method::GET, "/")
}

fn host(pool: &NodePool, selector: &impl NodeSelector, request: &RequestContext<'_>) -> String {
    pool.select(selector, request)
        .unwrap()
        .node()
        .host()
        .to_owned()
}

/// Number of times each host was chosen.
fn count(pool: &NodePool, selector: &impl NodeSelector, times: usize) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for _ in 0..times {
        *counts.entry(host(pool, selector, &request())).or_default() += 1;
    }
    counts
}

fn kill(pool: &NodePool, host: &'static str, now: Instant) {
    let to_host = move |nodes: &Candidates<'_>, _: &RequestContext<'_>| {
        nodes
            .position(|candidate| candidate.node().host() == host)
            .unwrap()
    };
    pool.select(&to_host, &request().at(now))
        .unwrap()
        .finish(NodeOutcome::Failed, now);
}

#[test]
fn round_robin_is_strict_on_a_thread() {
    let pool = pool(&["a", "b", "c"]);
    let selector = RoundRobin::starting_at(2);
    let order: String = (0..6).map(|_| host(&pool, &selector, &request())).collect();
    assert_eq!(order, "cabcab");
    let selector = Arc::new(RoundRobin::default());
    let threads = [(); 4].map(|()| {
        let (pool, selector) = (Arc::clone(&pool), Arc::clone(&selector));
        std::thread::spawn(move || count(&pool, &selector, 300))
    });
    for thread in threads {
        let counts = thread.join().unwrap();
        // Threads that share a counter take turns.
        assert!(
            counts.values().all(|count| (80..=120).contains(count)),
            "{counts:?}"
        );
    }
}

#[test]
fn round_robin_stays_even_while_nodes_flap() {
    let names: Vec<String> = (0..30).map(|number| format!("node-{number}")).collect();
    let pool = pool(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let (selector, start) = (RoundRobin::starting_at(0), Instant::now());
    let mut counts = BTreeMap::<_, usize>::new();
    let flapping = ["node-0", "node-1", "node-2"];
    // In every round of about thirty, one of the first three dies five times and is probed.
    for step in 0..3_000 {
        let now = start + step * Duration::from_millis(200);
        let mut selected = pool.select(&selector, &request().at(now)).unwrap();
        let host = selected.node().host().to_owned();
        let verdict = if flapping.contains(&&*host) && step % 2 == 0 {
            NodeOutcome::Failed
        } else {
            NodeOutcome::Healthy
        };
        selected.finish(verdict, now);
        *counts.entry(host).or_default() += 1;
    }
    let stayed = counts
        .iter()
        .filter(|(host, _)| !flapping.contains(&host.as_str()));
    let stayed: Vec<_> = stayed.map(|(_, count)| *count).collect();
    assert_eq!(stayed.len(), 27);
    let (least, most) = (stayed.iter().min().unwrap(), stayed.iter().max().unwrap());
    assert!(most - least <= 1, "{stayed:?}");
}

#[test]
fn round_robin_continues_after_its_last_node() {
    let pool = pool(&["a", "b", "c", "d"]);
    let selector = RoundRobin::starting_at(1);
    let urls = ["a", "c"].map(|name| node(name).shared_url().clone());
    let retry = request().retried(2, &urls);
    let order = [request(), retry, retry, request(), request()];
    let order: String = order
        .map(|request| host(&pool, &selector, &request))
        .concat();
    assert_eq!(order, "bdbcd");
    assert_eq!(host(&pool, &RoundRobin::starting_at(6), &request()), "c");
}

#[test]
fn random_gives_each_node_its_share() {
    let counts = count(&pool(&["a", "b", "c"]), &Random, 30_000);
    assert!(
        counts.values().all(|count| (9_400..10_600).contains(count)),
        "{counts:?}"
    );
}

#[test]
fn least_in_flight_fills_up_evenly() {
    let pool = pool(&["a", "b", "c"]);
    let mut held: Vec<Selection> = Vec::new();
    for round in 1..=5 {
        held.extend((0..3).map(|_| pool.select(&LeastInFlight, &request()).unwrap()));
        for name in ["a", "b", "c"] {
            assert_eq!(
                held.iter().filter(|s| s.node().host() == name).count(),
                round
            );
        }
    }
    held.retain(|selected| selected.node().host() != "b");
    assert_eq!(host(&pool, &LeastInFlight, &request()), "b");
}

#[test]
fn peak_ewma_avoids_the_slow_node() {
    let pool = pool(&["fast", "slow"]);
    let selector = PeakEwma::default();
    let start = Instant::now();
    let mut both = [
        pool.select(&LeastInFlight, &request().at(start)).unwrap(),
        pool.select(&LeastInFlight, &request().at(start)).unwrap(),
    ];
    for selected in &mut both {
        let is_slow = selected.node().host() == "slow";
        let latency = Duration::from_millis(if is_slow { 500 } else { 10 });
        selected.finish(NodeOutcome::Healthy, start + latency);
    }
    let now = request().at(start + SECOND);
    for _ in 0..100 {
        assert_eq!(host(&pool, &selector, &now), "fast");
    }
    // Busy enough, the fast one is the worse choice: 10 ms · 51 > 500 ms.
    let busy = |nodes: &Candidates<'_>, _: &RequestContext<'_>| {
        nodes
            .position(|candidate| candidate.node().host() == "fast")
            .unwrap()
    };
    let held: Vec<_> = (0..60).map(|_| pool.select(&busy, &now).unwrap()).collect();
    assert_eq!(host(&pool, &selector, &now), "slow");
    drop(held);
}

#[test]
fn peak_ewma_uses_a_node_with_one_long_request() {
    let pool = pool(&["responded", "busy"]);
    let selector = PeakEwma::default();
    let start = Instant::now();
    // The first request of one of them goes on and on.
    let mut held = [
        pool.select(&LeastInFlight, &request().at(start)).unwrap(),
        pool.select(&LeastInFlight, &request().at(start)).unwrap(),
    ];
    held.sort_by_key(|selected| selected.node().host() == "busy");
    held[0].finish(NodeOutcome::Healthy, start + Duration::from_millis(10));
    let now = request().at(start + SECOND);
    let many: Vec<_> = (0..100)
        .map(|_| pool.select(&selector, &now).unwrap())
        .collect();
    let busy = many
        .iter()
        .filter(|selected| selected.node().host() == "busy")
        .count();
    assert!((10..50).contains(&busy), "{busy}");
}

/// Lets each node respond once, with this latency.
fn respond_once(pool: &NodePool, start: Instant, latency: Duration) {
    let all = pool.nodes().len();
    let selected = (0..all).map(|_| pool.select(&LeastInFlight, &request().at(start)).unwrap());
    for mut selected in selected.collect::<Vec<_>>() {
        selected.finish(NodeOutcome::Healthy, start + latency);
    }
}

#[test]
fn peak_ewma_leaves_a_node_that_stops_responding() {
    let pool = pool(&["responds", "hangs"]);
    let selector = PeakEwma::default();
    let start = Instant::now();
    respond_once(&pool, start, MS);
    let mut in_flight: Vec<(Instant, Selection)> = Vec::new();
    // 200 requests a second, of which one in ten is slow at the one node; the other one hangs
    // from the first second to the twentieth.
    let mut hung = 0;
    for number in 0..6_000_u32 {
        let now = start + 5 * MS * number;
        let is_hanging = (1..20).contains(&(now - start).as_secs());
        in_flight.retain_mut(|(since, selected)| {
            let is_slow = (*since - start).as_millis().is_multiple_of(50);
            let is_slow = is_slow && selected.node().host() == "responds";
            let is_done = now - *since >= if is_slow { 100 * MS } else { 2 * MS };
            if !is_done || (is_hanging && selected.node().host() == "hangs") {
                return true;
            }
            selected.finish(NodeOutcome::Healthy, now);
            false
        });
        let selected = pool.select(&selector, &request().at(now)).unwrap();
        hung += usize::from(is_hanging && selected.node().host() == "hangs");
        in_flight.push((now, selected));
    }
    assert!((1..40).contains(&hung), "{hung}");
    // Both are used again once the latency of 19 s has faded.
    drop(in_flight);
    let now = request().at(start + 200 * SECOND);
    let held: Vec<_> = (0..100)
        .map(|_| pool.select(&selector, &now).unwrap())
        .collect();
    let hosts: BTreeSet<_> = held.iter().map(|selected| selected.node().host()).collect();
    assert_eq!(hosts.len(), 2);
}

#[test]
fn peak_ewma_uses_a_node_with_long_and_short_requests() {
    let pool = pool(&["a", "long"]);
    let selector = PeakEwma::default();
    let start = Instant::now();
    respond_once(&pool, start, 10 * MS);
    let to_long = |nodes: &Candidates<'_>, _: &RequestContext<'_>| {
        let position = nodes.position(|candidate| candidate.node().host() == "long");
        position.unwrap()
    };
    let _long = pool.select(&to_long, &request().at(start)).unwrap();
    let mut counts = BTreeMap::new();
    for number in 0..1_000_u32 {
        // Two at a time, as one alone goes to the node that has none.
        let now = start + 20 * MS * number;
        let both = [(); 2].map(|()| pool.select(&selector, &request().at(now)).unwrap());
        for mut selected in both {
            *counts.entry(selected.node().host().to_owned()).or_insert(0) += 1;
            selected.finish(NodeOutcome::Healthy, now + 10 * MS);
        }
    }
    assert!(counts["long"] > 200, "{counts:?}");
}

#[test]
fn a_burst_beside_long_requests_uses_all_nodes() {
    let pool = pool(&["a", "b", "c"]);
    let start = Instant::now();
    respond_once(&pool, start, 10 * MS);
    let _long = [(); 2].map(|()| pool.select(&LeastInFlight, &request().at(start)).unwrap());
    let mut counts = BTreeMap::new();
    // Every ten seconds, 150 requests at the same time.
    for burst in 1..=6_u32 {
        let now = request().at(start + 10 * SECOND * burst);
        let selected = (0..150).map(|_| pool.select(&PeakEwma::default(), &now).unwrap());
        for mut selected in selected.collect::<Vec<_>>() {
            *counts.entry(selected.node().host().to_owned()).or_insert(0) += 1;
            selected.finish(NodeOutcome::Healthy, now.now() + 13 * MS);
        }
    }
    assert!(counts.values().all(|count| *count > 250), "{counts:?}");
}

#[test]
fn peak_ewma_leaves_a_node_that_has_never_responded() {
    let pool = pool(&["responds", "hangs"]);
    let selector = PeakEwma::default();
    let start = Instant::now();
    let mut in_flight: Vec<(Instant, Selection)> = Vec::new();
    let mut hung = 0;
    for number in 0..2_000_u32 {
        let now = start + 10 * MS * number;
        in_flight.retain_mut(|(since, selected)| {
            if now - *since < 300 * MS || selected.node().host() == "hangs" {
                return true;
            }
            selected.finish(NodeOutcome::Healthy, now);
            false
        });
        let selected = pool.select(&selector, &request().at(now)).unwrap();
        hung += usize::from(selected.node().host() == "hangs");
        in_flight.push((now, selected));
    }
    assert!(hung < 100, "{hung}");
}

#[test]
fn peak_ewma_forgets_the_peak_of_a_busy_node() {
    let pool = pool(&["fast", "slow"]);
    let start = Instant::now();
    let respond = |host: &'static str, after| {
        let only = move |nodes: &Candidates<'_>, _: &RequestContext<'_>| {
            nodes
                .position(|candidate| candidate.node().host() == host)
                .unwrap()
        };
        let mut selected = pool.select(&only, &request().at(start)).unwrap();
        selected.finish(NodeOutcome::Healthy, start + Duration::from_millis(after));
    };
    respond("slow", 200);
    respond("fast", 500);
    (0..20).for_each(|_| respond("fast", 20));
    let now = request().at(start + SECOND);
    for _ in 0..100 {
        assert_eq!(host(&pool, &PeakEwma::default(), &now), "fast");
    }
}

#[test]
fn peak_ewma_ignores_refusals() {
    let pool = pool(&["a", "b"]);
    let start = Instant::now();
    let mut held = [
        pool.select(&LeastInFlight, &request().at(start)).unwrap(),
        pool.select(&LeastInFlight, &request().at(start)).unwrap(),
    ];
    let refused = held[0].node().host().to_owned();
    held[0].finish(NodeOutcome::Overloaded, start + Duration::from_micros(1));
    held[1].finish(NodeOutcome::Healthy, start + Duration::from_millis(5));
    // 5 ms against the 30 ms of a node of which nothing is known.
    for _ in 0..50 {
        assert_ne!(
            host(&pool, &PeakEwma::default(), &request().at(start + SECOND)),
            refused
        );
    }
}

#[test]
fn an_outrun_attempt_counts_as_a_slow_one() {
    let pool = pool(&["a"]);
    let start = Instant::now();
    let attempt = |at| pool.select(&LeastInFlight, &request().at(at)).unwrap();
    let latency = || pool.nodes()[0].latency().unwrap();
    let is_near = |wanted: Duration| latency().abs_diff(wanted) < wanted / 50;

    attempt(start).outrun(start + Duration::from_millis(50));
    assert!(is_near(Duration::from_millis(300)), "{:?}", latency());
    // Where a higher one is known, the node is at least not faster than that.
    attempt(start).finish(NodeOutcome::Healthy, start + SECOND);
    let later = start + 2 * SECOND;
    attempt(later).outrun(later + Duration::from_millis(50));
    assert!(is_near(SECOND), "{:?}", latency());
}

/// A fast node whose average has faded is not slow because another one was faster than it once.
#[test]
fn an_outrun_attempt_does_not_renew_an_old_peak() {
    let pool = pool(&["a"]);
    let start = Instant::now();
    let attempt = |at| pool.select(&LeastInFlight, &request().at(at)).unwrap();
    let faded = |at| {
        let latency: &'static Mutex<Option<Duration>> = Box::leak(Box::default());
        let selector = LoadReader(latency);
        drop(pool.select(&selector, &request().at(at)).unwrap());
        latency.lock().unwrap().unwrap()
    };

    attempt(start).finish(NodeOutcome::Healthy, start + SECOND);
    let later = start + 60 * SECOND;
    assert!(
        faded(later) < Duration::from_millis(10),
        "{:?}",
        faded(later)
    );
    // A hedge that had no time to respond.
    attempt(later).outrun(later + Duration::from_millis(1));
    let later = later + Duration::from_millis(2);
    assert!(
        faded(later) < Duration::from_millis(100),
        "{:?}",
        faded(later)
    );
}

/// Reads the latency of the first candidate.
struct LoadReader(&'static Mutex<Option<Duration>>);

impl NodeSelector for LoadReader {
    fn select(&self, candidates: &Candidates<'_>, _: &RequestContext<'_>) -> usize {
        *self.0.lock().unwrap() = candidates.iter().next().unwrap().latency();
        0
    }

    fn tracks_load(&self) -> bool {
        true
    }
}

#[test]
fn a_dropped_attempt_shows_that_its_node_is_slow() {
    let pool = pool(&["a", "b"]);
    let start = Instant::now();
    let mut held = [
        pool.select(&LeastInFlight, &request().at(start)).unwrap(),
        pool.select(&LeastInFlight, &request().at(start)).unwrap(),
    ];
    let slow = held[0].node().host().to_owned();
    held[1].finish(NodeOutcome::Healthy, start + Duration::from_millis(20));
    held[0].dropped(start + Duration::from_millis(200));
    let now = request().at(start + SECOND);
    for _ in 0..50 {
        assert_ne!(host(&pool, &PeakEwma::default(), &now), slow);
    }
    // A response that came before the drop is not known to be slower.
    let latency = |host: &str| {
        let nodes = pool.nodes();
        nodes
            .iter()
            .find(|status| status.node().host() == host)
            .unwrap()
            .latency()
    };
    let known = latency(&slow);
    let to_slow = selector_fn({
        let slow = slow.clone();
        move |nodes, _| nodes.position(|node| node.node().host() == slow).unwrap()
    });
    pool.select(&to_slow, &now).unwrap().dropped(start + SECOND);
    assert_eq!(latency(&slow), known);
}

#[test]
fn sticky_stays_with_a_node_while_it_lives() {
    let pool = pool(&["a", "b", "c"]);
    let selector = Sticky::default();
    let start = Instant::now();
    let now = request().at(start);
    let first = host(&pool, &selector, &now);
    assert!((0..50).all(|_| host(&pool, &selector, &now) == first));
    // A retry goes elsewhere once; the next request is back.
    let tried: [Arc<str>; 1] = [node(&first).shared_url().clone()];
    assert_ne!(host(&pool, &selector, &now.retried(2, &tried)), first);
    assert_eq!(host(&pool, &selector, &now), first);

    let dead: &'static str = ["a", "b", "c"]
        .into_iter()
        .find(|name| *name == first)
        .unwrap();
    kill(&pool, dead, start);
    let second = host(&pool, &selector, &now);
    assert_ne!(second, first);
    // The first one is back, but there is no reason to leave.
    let later = request().at(start + 2 * SECOND);
    pool.select(&selector, &later)
        .unwrap()
        .finish(NodeOutcome::Healthy, start + 2 * SECOND);
    assert_eq!(pool.live(), 3);
    assert!((0..50).all(|_| host(&pool, &selector, &later) == second));
}

#[test]
fn a_hint_leads_to_the_same_node_everywhere() {
    let names = ["a", "b", "c", "d"];
    let (pool, other) = (pool(&names), pool(&["d", "c", "b", "a"]));
    let hints: Vec<String> = (0..400).map(|i| format!("session-{i}")).collect();
    let lead = |pool: &NodePool, now| {
        let of = |hint: &String| {
            host(
                pool,
                &Sticky::default(),
                &request().at(now).with_hint(Some(hint)),
            )
        };
        hints.iter().map(of).collect::<Vec<_>>()
    };
    let now = Instant::now();
    let before = lead(&pool, now);
    assert_eq!(before, lead(&other, now));
    for name in names {
        let share = before.iter().filter(|host| *host == name).count();
        assert!((60..140).contains(&share), "{name}: {share}");
    }
    kill(&pool, "b", now);
    for (before, after) in before.iter().zip(lead(&pool, now)) {
        assert!(*before == after || before == "b");
    }
}

fn zones() -> Arc<NodePool> {
    let zone = |name: &str, zone: &str| node(name).with_attribute("zone", zone);
    NodePool::new([
        zone("a", "1"),
        zone("b", "2"),
        zone("c", "1"),
        zone("d", "2"),
    ])
    .unwrap()
}

#[test]
fn the_own_zone_is_left_when_too_few_live() {
    let (pool, now) = (zones(), Instant::now());
    let selector = PreferAttribute::new("zone", "1").at_least(2);
    let counts = count(&pool, &selector, 100);
    assert_eq!(counts, [("a".to_owned(), 50), ("c".to_owned(), 50)].into());
    kill(&pool, "a", now);
    let counts: BTreeMap<_, _> = (0..99)
        .map(|_| (host(&pool, &selector, &request().at(now)), 1))
        .collect();
    assert_eq!(counts.keys().collect::<Vec<_>>(), ["b", "c", "d"]);
    let alone = PreferAttribute::new("zone", "1");
    assert!((0..20).all(|_| host(&pool, &alone, &request().at(now)) == "c"));
    let nowhere = PreferAttribute::new("zone", "3");
    assert_eq!(host(&pool, &nowhere, &request().at(now)).len(), 1);
}

#[test]
fn the_own_zone_spills_over_when_it_is_busy() {
    let pool = zones();
    let selector = PreferAttribute::new("zone", "1")
        .at_most_in_flight(3)
        .choosing_by(LeastInFlight);
    let held: Vec<_> = (0..8)
        .map(|_| pool.select(&selector, &request()).unwrap())
        .collect();
    let at = |host: &str| held.iter().filter(|s| s.node().host() == host).count();
    assert_eq!((at("a"), at("c")), (3, 3));
    assert_eq!(at("b") + at("d"), 2);
}

#[test]
fn the_own_zone_follows_sniffed_attributes() {
    let pool = zones();
    let selector = PreferAttribute::new("zone", "1");
    host(&pool, &selector, &request());
    pool.set_sniffed([
        node("x").with_attribute("zone", "2"),
        node("y").with_attribute("zone", "1"),
    ])
    .unwrap();
    assert!((0..20).all(|_| host(&pool, &selector, &request()) == "y"));
}

/// Writes may go to `a` and `b` only.
struct WritesToSome<S>(S);

impl<S: NodeSelector> NodeSelector for WritesToSome<S> {
    fn eligible(&self, node: &Node, request: &RequestContext<'_>) -> bool {
        request.method().is_safe() || ["a", "b"].contains(&node.host())
    }

    fn select(&self, nodes: &Candidates<'_>, request: &RequestContext<'_>) -> usize {
        self.0.select(nodes, request)
    }
}

fn write() -> RequestContext<'static> {
    RequestContext::new(&Method::PUT, "/products/_doc/1")
}

#[test]
fn a_constraint_holds_and_the_preference_stays_even() {
    let pool = pool(&["a", "b", "c", "d"]);
    let selector = WritesToSome(RoundRobin::starting_at(0));
    let order: String = (0..4).map(|_| host(&pool, &selector, &write())).collect();
    assert_eq!(order, "abab");
    assert_eq!(count(&pool, &selector, 40).len(), 4);
}

#[test]
fn a_probe_of_a_node_is_no_reason_to_break_a_constraint() {
    let (pool, start) = (pool(&["a", "b", "c"]), Instant::now());
    let selector = WritesToSome(RoundRobin::starting_at(0));
    kill(&pool, "c", start);
    let later = start + 2 * SECOND;
    for _ in 0..10 {
        let selected = pool.select(&selector, &write().at(later)).unwrap();
        assert!(!selected.is_probe() && selected.node().host() != "c");
    }
    let read = pool.select(&selector, &request().at(later)).unwrap();
    assert!(read.is_probe() && read.node().host() == "c");
}

#[test]
fn a_retry_stays_within_the_constraint() {
    let (pool, now) = (pool(&["a", "b", "c"]), Instant::now());
    let selector = WritesToSome(RoundRobin::starting_at(0));
    let urls = ["a", "b"].map(|name| node(name).shared_url().clone());
    for _ in 0..4 {
        let first = pool
            .select(&selector, &write().at(now).retried(2, &urls[..1]))
            .unwrap();
        assert_eq!(first.node().host(), "b");
        // Only `c` was not tried, and it is not eligible.
        assert!(!first.has_untried_node(&urls[..1]));
        let second = pool
            .select(&selector, &write().at(now).retried(3, &urls))
            .unwrap();
        assert_ne!(second.node().host(), "c");
    }
}

#[test]
fn dead_eligible_nodes_are_used_rather_than_others() {
    let (pool, start) = (pool(&["a", "b", "c"]), Instant::now());
    let selector = WritesToSome(RoundRobin::starting_at(0));
    kill(&pool, "a", start);
    kill(&pool, "b", start);
    let selected = pool.select(&selector, &write().at(start)).unwrap();
    assert!(["a", "b"].contains(&selected.node().host()));
    assert_eq!(host(&pool, &selector, &request().at(start)), "c");
}

#[test]
fn no_eligible_node_is_an_error_that_says_so() {
    let selector = WritesToSome(RoundRobin::default());
    let error = pool(&["c", "d"]).select(&selector, &write()).unwrap_err();
    assert!(error.is_no_nodes() && error.is_not_sent());
    let source = std::error::Error::source(&error).unwrap().to_string();
    let wanted = "the selector finds none of 2 nodes eligible: PUT /products/_doc/1";
    assert_eq!(source, wanted);
}

#[test]
fn a_constraint_holds_behind_every_kind_of_selector() {
    let pool = pool(&["a", "c"]);
    let shared: Arc<dyn NodeSelector> = Arc::new(WritesToSome(Random));
    let boxed: Box<dyn NodeSelector> = Box::new(Arc::clone(&shared));
    let inner = PreferAttribute::new("zone", "1").choosing_by(Arc::clone(&shared));
    for _ in 0..20 {
        assert_eq!(host(&pool, &shared, &write()), "a");
        assert_eq!(host(&pool, &boxed, &write()), "a");
        assert_eq!(host(&pool, &inner, &write()), "a");
        assert_eq!(host(&pool, &Arc::new(WritesToSome(Random)), &write()), "a");
    }
}

/// Has a parameter for each of two nodes, and selects by an index that is too large.
struct Parameters;

impl NodeSelector for Parameters {
    fn select(&self, _: &Candidates<'_>, _: &RequestContext<'_>) -> usize {
        7
    }

    fn query_for(&self, node: &Node, _: &RequestContext<'_>) -> Option<&'static str> {
        ["n=a", "n=b"]
            .into_iter()
            .find(|n| n.ends_with(node.host()))
    }
}

#[test]
fn a_parameter_is_that_of_the_selected_node() {
    let shared: Arc<dyn NodeSelector> = Arc::new(Parameters);
    let boxed: Box<dyn NodeSelector> = Box::new(Arc::clone(&shared));
    let inner = PreferAttribute::new("zone", "1").choosing_by(Parameters);
    let selectors: [&dyn NodeSelector; 4] = [&Parameters, &shared, &boxed, &inner];
    for selector in selectors {
        let (pool, start) = (pool(&["a", "b"]), Instant::now());
        let selected = |at: Instant| {
            let request = request().at(at);
            let (selection, query) = pool.select_with_query(selector, &request).unwrap();
            assert!(query.unwrap().ends_with(selection.node().host()));
            (selection.node().host().to_owned(), selection.is_probe())
        };
        assert_eq!(selected(start), ("b".to_owned(), false));
        kill(&pool, "b", start);
        assert_eq!(selected(start), ("a".to_owned(), false));
        // A node that is probed is selected by the pool.
        assert_eq!(selected(start + 2 * SECOND), ("b".to_owned(), true));
    }
}

#[test]
fn a_selector_may_use_the_pool_while_it_chooses() {
    let pool = pool(&["a", "b"]);
    let used = Arc::clone(&pool);
    let counting = selector_fn(move |nodes, _| used.nodes().len() + nodes.len());
    kill(&pool, "a", Instant::now());
    assert_eq!(host(&pool, &counting, &request()), "b");
}

/// As `PreferAttribute`, but of one's own, over any selector.
struct Avoid<S> {
    host: &'static str,
    rest: SubsetCache,
    inner: S,
}

impl<S: NodeSelector> NodeSelector for Avoid<S> {
    fn select(&self, nodes: &Candidates<'_>, request: &RequestContext<'_>) -> usize {
        let rest = self.rest.narrow(nodes, |node| node.host() != self.host);
        rest.select(&self.inner, request)
            .unwrap_or_else(|| self.inner.select(nodes, request))
    }
}

fn avoid<S>(host: &'static str, inner: S) -> Avoid<S> {
    Avoid {
        host,
        rest: SubsetCache::default(),
        inner,
    }
}

#[test]
fn candidates_are_narrowed_and_handed_to_another_selector() {
    let pool = pool(&["a", "b", "c", "d"]);
    let nested = avoid("a", avoid("c", RoundRobin::starting_at(0)));
    let order: String = (0..6).map(|_| host(&pool, &nested, &request())).collect();
    assert_eq!(order, "bdbdbd");
    assert_eq!(count(&pool, &avoid("b", Random), 100).len(), 3);
}

#[test]
fn an_empty_subset_leaves_the_choice_to_its_author() {
    let (pool, now) = (pool(&["a", "b"]), Instant::now());
    let selector = avoid("a", RoundRobin::default());
    assert_eq!(host(&pool, &selector, &request()), "b");
    // The cached subset follows the changes of the pool.
    kill(&pool, "b", now);
    assert_eq!(host(&pool, &selector, &request().at(now)), "a");
    pool.add(node("e")).unwrap();
    assert_eq!(host(&pool, &selector, &request().at(now)), "e");
}

#[test]
fn a_subset_of_one_request_maps_to_its_candidates() {
    let pool = pool(&["a", "b", "c", "d"]);
    let selector = selector_fn(|nodes, request| {
        let subset = nodes.narrow(|node| ["b", "d"].contains(&node.node().host()));
        assert_eq!((subset.len(), subset.is_empty()), (2, false));
        let second = selector_fn(|nodes, _| nodes.len() - 1);
        subset.select(&second, request).unwrap()
    });
    assert_eq!(host(&pool, &selector, &request()), "d");
    let nobody = selector_fn(|nodes, request| {
        let subset = nodes.narrow(|_| false);
        assert!(subset.candidates().is_none());
        subset.select(&Random, request).unwrap_or(1)
    });
    assert_eq!(host(&pool, &nobody, &request()), "b");
}
