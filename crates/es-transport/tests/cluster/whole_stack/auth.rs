//! Credentials that are made anew.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use es_testkit::Cluster;
use es_transport::{BoxError, Credentials, Error, Transport};

use crate::whole_stack::{
    cluster_support::{builder, get, post},
    start,
};

/// A provider that gives whatever token there is now, and how often it was asked.
fn provided(cluster: &Cluster) -> (Transport, Arc<Mutex<String>>, Arc<AtomicUsize>) {
    let token = Arc::new(Mutex::new(cluster.bearer_token().to_owned()));
    let asked = Arc::new(AtomicUsize::new(0));
    let (now, counter) = (Arc::clone(&token), Arc::clone(&asked));
    let provider = move || {
        let (now, counter) = (Arc::clone(&now), Arc::clone(&counter));
        async move {
            counter.fetch_add(1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(5)).await;
            let token = now.lock().unwrap().clone();
            Credentials::bearer(token)
        }
    };
    let transport = builder(cluster.urls())
        .credentials_provider(provider)
        .build()
        .unwrap();
    (transport, token, asked)
}

#[tokio::test]
async fn a_token_that_is_refused_is_replaced_once() {
    let cluster = start(Cluster::builder().nodes(2).security(true)).await;
    let (transport, token, asked) = provided(&cluster);
    for _ in 0..3 {
        assert_eq!(transport.send(get("/")).await.unwrap().status(), 200);
    }
    assert_eq!(asked.load(Ordering::SeqCst), 1);

    cluster.revoke_bearer_tokens();
    cluster.accept_bearer_token("the-second");
    *token.lock().unwrap() = "the-second".to_owned();
    // Many at a time, by POST too: a 401 means that nothing was done.
    let tasks: Vec<_> = (0..10)
        .map(|n| {
            let request = if n % 2 == 0 {
                get("/")
            } else {
                post("/i/_doc", r#"{"n":1}"#)
            };
            tokio::spawn(transport.send(request))
        })
        .collect();
    for task in tasks {
        assert!(task.await.unwrap().unwrap().status().is_success());
    }
    assert_eq!(asked.load(Ordering::SeqCst), 2, "one asks for all");

    // One that stays refused is the server's response, after one more question.
    cluster.revoke_bearer_tokens();
    *token.lock().unwrap() = "the-third".to_owned();
    let before = cluster.request_count();
    assert_eq!(transport.send(get("/")).await.unwrap().status(), 401);
    assert_eq!(cluster.request_count(), before + 2);
    assert_eq!(transport.send(get("/")).await.unwrap().status(), 401);
    assert_eq!(
        cluster.request_count(),
        before + 3,
        "the same token is not tried twice"
    );
}

#[tokio::test]
async fn a_provider_that_fails_sends_nothing() {
    let cluster = start(Cluster::builder().security(true)).await;
    let provider = async || Err::<Credentials, BoxError>("the vault is sealed".into());
    let transport = builder(cluster.urls())
        .credentials_provider(provider)
        .build()
        .unwrap();
    let error: Error = transport.send(get("/")).await.unwrap_err();
    assert!(error.is_credentials() && error.is_not_sent(), "{error}");
    let source = std::error::Error::source(&error).unwrap();
    assert_eq!(source.to_string(), "the vault is sealed");
    assert_eq!(cluster.request_count(), 0);
}

#[tokio::test]
async fn a_provider_that_never_responds_ends_with_the_total_time() {
    let cluster = start(Cluster::builder().security(true)).await;
    let provider = || std::future::pending::<Result<Credentials, BoxError>>();
    let short = Duration::from_millis(50);
    let transport = builder(cluster.urls())
        .credentials_provider(provider)
        .total_timeout(short)
        .build()
        .unwrap();
    let error = transport.send(get("/")).await.unwrap_err();
    assert_eq!(
        (error.is_timeout(), error.timeout_after()),
        (true, Some(short)),
        "{error}"
    );
}
