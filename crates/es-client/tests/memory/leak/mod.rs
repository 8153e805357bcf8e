//! Memory, tasks and sockets after very many requests with faults are what they
//! were after the first thousand.

mod server;

use std::{
    future::{Future, poll_fn},
    pin::pin,
    task::Poll,
    time::Duration,
};

use es_client::{Call, Elasticsearch};
use futures_util::{StreamExt, stream};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use tokio::{runtime::Handle, time::sleep};

use crate::{alone, live};

/// Requests under way at the same time.
const TOGETHER: usize = 16;
/// Idle connections are closed after it, so that nothing is left to count.
const IDLE: Duration = Duration::from_millis(100);
/// The growth of lists that requests do not use up.
const SLACK: usize = 16 << 10;

/// The memory of the process while nothing is in flight.
#[derive(Debug, PartialEq, Eq)]
struct Held {
    heap: usize,
    tasks: usize,
    sockets: usize,
}

impl Held {
    fn now() -> Self {
        let sockets = std::fs::read_dir("/proc/self/fd").unwrap().filter(|entry| {
            let link = entry
                .as_ref()
                .ok()
                .and_then(|entry| std::fs::read_link(entry.path()).ok());
            link.is_some_and(|link| link.to_string_lossy().starts_with("socket:"))
        });
        Self {
            sockets: sockets.count(),
            heap: live(),
            tasks: Handle::current().metrics().num_alive_tasks(),
        }
    }

    /// Once the same is held for three times as long as connections are idle.
    async fn when_settled() -> Self {
        let (mut last, mut same) = (Self::now(), 0);
        while same < 3 {
            sleep(IDLE).await;
            let now = Self::now();
            same = if now == last { same + 1 } else { 0 };
            last = now;
        }
        last
    }
}

/// One of the calls; whether it succeeded.
async fn call(client: &Elasticsearch, number: u64) -> bool {
    match number % 8 {
        0 => client.get::<Value>("i", number.to_string()).await.is_ok(),
        1 => client
            .search::<Value>("i")
            .query(json!({"match_all": {}}))
            .await
            .is_ok(),
        2 => client
            .index("i")
            .document(json!({"n": number}))
            .await
            .is_ok(),
        3 => client.exists("i", "1").await.is_ok(),
        4 => client
            .bulk()
            .body("{\"index\":{}}\n{}\n")
            .send()
            .await
            .is_ok(),
        5 => match client.search::<Value>("i").stream().await {
            Ok(mut response) => loop {
                match response.chunk().await {
                    Ok(Some(_)) => {}
                    end => break end.is_ok(),
                }
            },
            Err(_) => false,
        },
        // A response that nobody reads.
        6 => client.search::<Value>("i").stream().await.is_ok(),
        // A call that is given up after a moment.
        _ => {
            let mut call = pin!(client.info().send());
            let mut polls = number / 8 % 4;
            poll_fn(|cx| {
                polls = polls.saturating_sub(1);
                match call.as_mut().poll(cx) {
                    Poll::Pending if polls > 0 => Poll::Pending,
                    given_up_or_ready => Poll::Ready(given_up_or_ready.is_ready()),
                }
            })
            .await
        }
    }
}

async fn calls(client: &Elasticsearch, numbers: std::ops::Range<u64>, bar: &ProgressBar) -> u64 {
    let calls = stream::iter(numbers).map(|number| call(client, number));
    let mut calls = pin!(calls.buffer_unordered(TOGETHER));
    let (mut done, mut succeeded) = (0, 0);
    while let Some(success) = calls.next().await {
        (done, succeeded) = (done + 1, succeeded + u64::from(success));
        if done % 1_000 == 0 {
            bar.inc(1_000);
        }
    }
    succeeded
}

async fn nothing_is_left_of(requests: u64) {
    let urls = server::cluster(4).await;
    let client = Elasticsearch::builder()
        .nodes(urls)
        .basic_auth("elastic", "changeme")
        .request_timeout(Duration::from_millis(50))
        .dead_node_backoff(Duration::from_millis(1), Duration::from_millis(5))
        .sniff_on_node_failure(true)
        .min_delay_between_sniffing(Duration::from_millis(20))
        .idle_timeout(IDLE)
        .http_compress(true)
        .build()
        .unwrap();
    let style = ProgressStyle::with_template("{bar:40} {human_pos} of {human_len}, {eta} left");
    let bar = ProgressBar::new(requests).with_style(style.unwrap());

    let mut succeeded = calls(&client, 0..1_000, &bar).await;
    let first = Held::when_settled().await;
    succeeded += calls(&client, 1_000..requests, &bar).await;
    let last = Held::when_settled().await;
    bar.finish();

    println!("after 1000 {first:?}, after {requests} {last:?}; {succeeded} succeeded");
    assert_eq!((last.tasks, last.sockets), (first.tasks, first.sockets));
    assert!(last.heap <= first.heap + SLACK, "{first:?}, then {last:?}");
    // Faults do happen, and do not take over.
    assert!(
        (requests / 2..requests).contains(&succeeded),
        "{succeeded} succeeded"
    );
}

#[test]
fn nothing_is_left_of_twenty_thousand_requests_with_faults() {
    alone(nothing_is_left_of(20_000));
}

#[test]
#[ignore = "takes a minute or two; `.ci/run leaks`"]
fn nothing_is_left_of_a_million_requests_with_faults() {
    alone(nothing_is_left_of(1_000_000));
}
