use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use es_client::Elasticsearch;
use es_transport::Credentials;
use serde_json::json;
use tokio::{task::JoinSet, time::sleep};

use super::{
    attempts::Attempts,
    cluster::Cluster,
    searches::in_full,
    server::{client, is_secure, lacks, trusting},
};

const USER: &str = "reliability";
const INDEX: &str = "reliability-password";
const CHANGES: u64 = 4;

/// The store that holds the password is changed first, as one does that gives
/// passwords out; the server afterwards.
#[tokio::test]
#[ignore = "needs a cluster"]
async fn changed_password_fails_no_call() {
    let _cluster = Cluster::whole().await;
    if lacks(!is_secure(), "security") {
        return;
    }
    let administrator = client();
    let user = administrator.security().put_user(USER).roles(["superuser"]);
    user.password("secret-0").await.unwrap();

    let store = Arc::new(Mutex::new("secret-0".to_owned()));
    let asked = Arc::new(AtomicU64::new(0));
    let provider = {
        let (store, asked) = (Arc::clone(&store), Arc::clone(&asked));
        move || {
            asked.fetch_add(1, Ordering::Relaxed);
            let credentials = Credentials::basic(USER, &*store.lock().unwrap());
            async { credentials }
        }
    };
    let attempts = Attempts::default();
    let running = trusting()
        .node_selector(attempts.clone())
        .credentials_provider(provider);
    let running: Elasticsearch = running.build().unwrap();
    let over = Arc::new(AtomicBool::new(false));
    let mut callers = JoinSet::new();
    for _ in 0..4 {
        callers.spawn(call_on(running.clone(), Arc::clone(&over)));
    }
    for change in 1..=CHANGES {
        sleep(Duration::from_secs(1)).await;
        let old = store.lock().unwrap().clone();
        let new = format!("secret-{change}");
        store.lock().unwrap().clone_from(&new);
        let changed = administrator.security().change_password().username(USER);
        changed.password(&new).await.unwrap();
        let refused = trusting()
            .basic_auth(USER, old)
            .build()
            .unwrap()
            .info()
            .await;
        assert!(
            refused.unwrap_err().is_unauthorized(),
            "the old password still opens"
        );
    }
    sleep(Duration::from_secs(1)).await;
    over.store(true, Ordering::Relaxed);
    let calls: u64 = callers.join_all().await.into_iter().sum();
    let asked = asked.load(Ordering::Relaxed);
    println!("{calls} calls, {CHANGES} changes, the provider was asked {asked} times; {attempts}");
    assert_eq!(asked, CHANGES + 1);
    administrator.security().delete_user(USER).await.unwrap();
    administrator.indices().delete(INDEX).await.unwrap();
}

/// Reads and writes until it is over, and counts them.
async fn call_on(client: Elasticsearch, over: Arc<AtomicBool>) -> u64 {
    let mut calls = 0;
    while !over.load(Ordering::Relaxed) {
        let read = client.security().authenticate().await;
        let read = read.unwrap_or_else(|error| panic!("{}", in_full(&error)));
        assert_eq!(read.username, USER);
        let written = client.index(INDEX).document(json!({"call": calls})).await;
        written.unwrap_or_else(|error| panic!("{}", in_full(&error)));
        calls += 2;
    }
    calls
}
