//! Each selector over a pool: what it chooses, and how often.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use es_transport::{
    Node, NodePool, NodeSelector,
    node::{
        LeastInFlight, PeakEwma, PreferAttribute, Random, RequestContext, RoundRobin, Selected,
        SharedSelector, Sticky, Verdict,
    },
};
use http::Method;
use tokio::time::Instant;

const SECOND: Duration = Duration::from_secs(1);

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
    pool.select(selector, request).node().host().to_owned()
}

/// How often each host was chosen.
fn count(pool: &NodePool, selector: &impl NodeSelector, times: usize) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for _ in 0..times {
        *counts.entry(host(pool, selector, &request())).or_default() += 1;
    }
    counts
}

fn kill(pool: &NodePool, host: &'static str, now: Instant) {
    let to_host = move |nodes: &es_transport::node::Candidates<'_>, _: &RequestContext<'_>| {
        nodes.position(|candidate| candidate.node().host() == host).unwrap()
    };
    pool.select(&to_host, &request().at(now)).finish(Verdict::Failed, now);
}

#[test]
fn round_robin_is_strict_on_a_thread_and_even_over_threads() {
    let pool = pool(&["a", "b", "c"]);
    let selector = RoundRobin::starting_at(2);
    let order: String = (0..6).map(|_| host(&pool, &selector, &request())).collect();
    assert_eq!(order, "cabcab");
    let selector = Arc::new(SharedSelector::new(RoundRobin::default()));
    let threads = [(); 4].map(|()| {
        let (pool, selector) = (Arc::clone(&pool), Arc::clone(&selector));
        std::thread::spawn(move || count(&pool, &*selector, 300))
    });
    for thread in threads {
        let counts = thread.join().unwrap();
        // Threads that share a counter take turns.
        assert!(counts.values().all(|count| (80..=120).contains(count)), "{counts:?}");
    }
}

#[test]
fn round_robin_stays_even_while_others_die_and_come_back() {
    let names: Vec<String> = (0..30).map(|number| format!("node-{number}")).collect();
    let pool = pool(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let (selector, start) = (RoundRobin::starting_at(0), Instant::now());
    let mut counts = BTreeMap::<_, usize>::new();
    let flapping = ["node-0", "node-1", "node-2"];
    // In every round of about thirty, one of the first three dies five times and is probed.
    for step in 0..3_000 {
        let now = start + step * Duration::from_millis(200);
        let mut selected = pool.select(&selector, &request().at(now));
        let host = selected.node().host().to_owned();
        let verdict = if flapping.contains(&&*host) && step % 2 == 0 {
            Verdict::Failed
        } else {
            Verdict::Alive
        };
        selected.finish(verdict, now);
        *counts.entry(host).or_default() += 1;
    }
    let stayed = counts.iter().filter(|(host, _)| !flapping.contains(&host.as_str()));
    let stayed: Vec<_> = stayed.map(|(_, count)| *count).collect();
    assert_eq!(stayed.len(), 27);
    let (least, most) = (stayed.iter().min().unwrap(), stayed.iter().max().unwrap());
    assert!(most - least <= 1, "{stayed:?}");
}

#[test]
fn round_robin_goes_on_after_its_last_node_among_some_of_the_nodes() {
    let pool = pool(&["a", "b", "c", "d"]);
    let selector = RoundRobin::starting_at(1);
    let urls = ["a", "c"].map(|name| node(name).shared_url().clone());
    let resend = request().resent(2, &urls);
    let order = [request(), resend, resend, request(), request()];
    let order: String = order.map(|request| host(&pool, &selector, &request)).concat();
    assert_eq!(order, "bdbcd");
    assert_eq!(host(&pool, &RoundRobin::starting_at(6), &request()), "c");
}

#[test]
fn random_gives_each_node_its_share() {
    let counts = count(&pool(&["a", "b", "c"]), &Random, 30_000);
    assert!(counts.values().all(|count| (9_400..10_600).contains(count)), "{counts:?}");
}

#[test]
fn least_in_flight_fills_up_evenly() {
    let pool = pool(&["a", "b", "c"]);
    let mut held: Vec<Selected> = Vec::new();
    for round in 1..=5 {
        held.extend((0..3).map(|_| pool.select(&LeastInFlight, &request())));
        for name in ["a", "b", "c"] {
            assert_eq!(held.iter().filter(|s| s.node().host() == name).count(), round);
        }
    }
    held.retain(|selected| selected.node().host() != "b");
    assert_eq!(host(&pool, &LeastInFlight, &request()), "b");
}

#[test]
fn peak_ewma_avoids_the_slow_node_until_its_peak_has_faded() {
    let pool = pool(&["fast", "slow"]);
    let selector = PeakEwma::default();
    let start = Instant::now();
    let mut both = [
        pool.select(&LeastInFlight, &request().at(start)),
        pool.select(&LeastInFlight, &request().at(start)),
    ];
    for selected in &mut both {
        let is_slow = selected.node().host() == "slow";
        let latency = Duration::from_millis(if is_slow { 500 } else { 10 });
        selected.finish(Verdict::Alive, start + latency);
    }
    let now = request().at(start + SECOND);
    for _ in 0..100 {
        assert_eq!(host(&pool, &selector, &now), "fast");
    }
    // Busy enough, the fast one is the worse choice: 10 ms · 51 > 500 ms.
    let busy = |nodes: &es_transport::node::Candidates<'_>, _: &RequestContext<'_>| {
        nodes.position(|candidate| candidate.node().host() == "fast").unwrap()
    };
    let held: Vec<_> = (0..60).map(|_| pool.select(&busy, &now)).collect();
    assert_eq!(host(&pool, &selector, &now), "slow");
    drop(held);
}

#[test]
fn peak_ewma_does_not_idle_a_node_for_one_long_request() {
    let pool = pool(&["answered", "busy"]);
    let selector = PeakEwma::default();
    let start = Instant::now();
    // The first request of one of them goes on and on.
    let mut held = [
        pool.select(&LeastInFlight, &request().at(start)),
        pool.select(&LeastInFlight, &request().at(start)),
    ];
    held.sort_by_key(|selected| selected.node().host() == "busy");
    held[0].finish(Verdict::Alive, start + Duration::from_millis(10));
    let now = request().at(start + SECOND);
    let many: Vec<_> = (0..100).map(|_| pool.select(&selector, &now)).collect();
    let busy = many.iter().filter(|selected| selected.node().host() == "busy").count();
    assert!((10..50).contains(&busy), "{busy}");
}

#[test]
fn peak_ewma_does_not_take_the_worst_answer_of_a_busy_node_for_its_latency() {
    let pool = pool(&["fast", "slow"]);
    let start = Instant::now();
    let answer = |host: &'static str, after| {
        let only = move |nodes: &es_transport::node::Candidates<'_>, _: &RequestContext<'_>| {
            nodes.position(|candidate| candidate.node().host() == host).unwrap()
        };
        let mut selected = pool.select(&only, &request().at(start));
        selected.finish(Verdict::Alive, start + Duration::from_millis(after));
    };
    answer("slow", 200);
    answer("fast", 500);
    (0..20).for_each(|_| answer("fast", 20));
    let now = request().at(start + SECOND);
    for _ in 0..100 {
        assert_eq!(host(&pool, &PeakEwma::default(), &now), "fast");
    }
}

#[test]
fn peak_ewma_does_not_count_answers_that_refuse() {
    let pool = pool(&["a", "b"]);
    let start = Instant::now();
    let mut held = [
        pool.select(&LeastInFlight, &request().at(start)),
        pool.select(&LeastInFlight, &request().at(start)),
    ];
    let refused = held[0].node().host().to_owned();
    held[0].finish(Verdict::Burdened, start + Duration::from_micros(1));
    held[1].finish(Verdict::Alive, start + Duration::from_millis(5));
    // 5 ms against the 30 ms of a node of which nothing is known.
    for _ in 0..50 {
        assert_ne!(host(&pool, &PeakEwma::default(), &request().at(start + SECOND)), refused);
    }
}

#[test]
fn sticky_stays_with_a_node_while_it_lives() {
    let pool = pool(&["a", "b", "c"]);
    let selector = Sticky::default();
    let start = Instant::now();
    let now = request().at(start);
    let first = host(&pool, &selector, &now);
    assert!((0..50).all(|_| host(&pool, &selector, &now) == first));
    // A resend goes elsewhere once; the next request is back.
    let tried: [Arc<str>; 1] = [node(&first).shared_url().clone()];
    assert_ne!(host(&pool, &selector, &now.resent(2, &tried)), first);
    assert_eq!(host(&pool, &selector, &now), first);

    let dead: &'static str = ["a", "b", "c"].into_iter().find(|name| *name == first).unwrap();
    kill(&pool, dead, start);
    let second = host(&pool, &selector, &now);
    assert_ne!(second, first);
    // The first one is back, but there is no reason to leave.
    let later = request().at(start + 2 * SECOND);
    pool.select(&selector, &later).finish(Verdict::Alive, start + 2 * SECOND);
    assert_eq!(pool.live(), 3);
    assert!((0..50).all(|_| host(&pool, &selector, &later) == second));
}

#[test]
fn a_hint_leads_everybody_to_the_same_node_and_moves_only_with_it() {
    let names = ["a", "b", "c", "d"];
    let (pool, other) = (pool(&names), pool(&["d", "c", "b", "a"]));
    let hints: Vec<String> = (0..400).map(|i| format!("session-{i}")).collect();
    let lead = |pool: &NodePool, now| {
        let of = |hint: &String| {
            host(pool, &Sticky::default(), &request().at(now).with_hint(Some(hint)))
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
    NodePool::new([zone("a", "1"), zone("b", "2"), zone("c", "1"), zone("d", "2")]).unwrap()
}

#[test]
fn the_own_zone_is_preferred_and_left_when_too_few_of_it_live() {
    let (pool, now) = (zones(), Instant::now());
    let selector = PreferAttribute::new("zone", "1").at_least(2);
    let counts = count(&pool, &selector, 100);
    assert_eq!(counts, [("a".to_owned(), 50), ("c".to_owned(), 50)].into());
    kill(&pool, "a", now);
    let counts: BTreeMap<_, _> =
        (0..99).map(|_| (host(&pool, &selector, &request().at(now)), 1)).collect();
    assert_eq!(counts.keys().collect::<Vec<_>>(), ["b", "c", "d"]);
    let alone = PreferAttribute::new("zone", "1");
    assert!((0..20).all(|_| host(&pool, &alone, &request().at(now)) == "c"));
    let nowhere = PreferAttribute::new("zone", "3");
    assert_eq!(host(&pool, &nowhere, &request().at(now)).len(), 1);
}

#[test]
fn the_own_zone_spills_over_when_it_has_too_much_to_do() {
    let pool = zones();
    let selector =
        PreferAttribute::new("zone", "1").at_most_in_flight(3).choosing_by(LeastInFlight);
    let held: Vec<_> = (0..8).map(|_| pool.select(&selector, &request())).collect();
    let at = |host: &str| held.iter().filter(|s| s.node().host() == host).count();
    assert_eq!((at("a"), at("c")), (3, 3));
    assert_eq!(at("b") + at("d"), 2);
}

#[test]
fn the_own_zone_follows_what_sniffing_tells() {
    let pool = zones();
    let selector = PreferAttribute::new("zone", "1");
    host(&pool, &selector, &request());
    pool.replace([node("x").with_attribute("zone", "2"), node("y").with_attribute("zone", "1")])
        .unwrap();
    assert!((0..20).all(|_| host(&pool, &selector, &request()) == "y"));
}
