//! Certificates of a cluster that are renewed, or wrong at one node.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use es_transport::{Body, Transport, layer::response_check::ProductCheck};
use http::Request;

use crate::tls::connect_support::{
    ca::{Ca, EXPIRED, Identity, NOW},
    chain,
    tls::TlsServer,
};

const NAMES: &[&str] = &["127.0.0.1"];

async fn start(identity: Identity) -> TlsServer {
    TlsServer::builder(identity).start().await
}

/// A transport that trusts the CA and opens connections all the time.
fn transport(ca: &Ca, nodes: &[SocketAddr]) -> Transport {
    Transport::builder()
        .nodes(nodes.iter().map(|address| format!("https://{address}")))
        .ca_certs(ca.pem())
        .product_check(ProductCheck::Off)
        .max_connection_age(Duration::from_millis(10))
        .build()
        .unwrap()
}

/// A call that must not be repeated once it was sent.
async fn post(transport: &Transport) {
    let request = Request::post("/events/_refresh")
        .body(Body::empty())
        .unwrap();
    let sent = transport.send(request).await;
    assert!(sent.is_ok(), "{}", chain(&sent.unwrap_err()));
}

#[tokio::test]
async fn one_bad_certificate_fails_no_call() {
    let (ca, stranger) = (Ca::new("genuine"), Ca::new("stranger"));
    for bad in [
        ca.leaf_for(NAMES, EXPIRED),
        stranger.leaf(),
        ca.leaf_for(&["other.test"], NOW),
    ] {
        let servers = [
            start(ca.leaf()).await,
            start(bad).await,
            start(ca.leaf()).await,
        ];
        let addresses = servers.each_ref().map(|server| server.address);
        let transport = transport(&ca, &addresses);
        for _ in 0..30 {
            post(&transport).await;
        }
        assert_eq!(
            transport.pool().unwrap().live(),
            2,
            "the bad one is remembered"
        );
        assert!(!servers[1].saw_anything());
    }
}

#[tokio::test]
async fn only_bad_certificates_are_the_error() {
    let ca = Ca::new("genuine");
    let expired = || ca.leaf_for(NAMES, EXPIRED);
    let servers = [start(expired()).await, start(expired()).await];
    let addresses = servers.each_ref().map(|server| server.address);
    let transport = transport(&ca, &addresses);
    let request = Request::get("/").body(Body::empty()).unwrap();
    let error = transport.send(request).await.unwrap_err();
    assert!(error.is_tls() && error.is_not_sent(), "{}", chain(&error));
    assert!(error.attempts().len() > 2, "each was tried");
}

#[tokio::test]
async fn a_rolling_renewal_fails_no_call() {
    let ca = Ca::new("genuine");
    let mut servers = Vec::new();
    for _ in 0..3 {
        servers.push(start(ca.leaf()).await);
    }
    let addresses: Vec<_> = servers.iter().map(|server| server.address).collect();
    let transport = Arc::new(transport(&ca, &addresses));
    let stop = Arc::new(AtomicBool::new(false));
    let traffic: Vec<_> = (0..4)
        .map(|_| {
            let (transport, stop) = (Arc::clone(&transport), Arc::clone(&stop));
            tokio::spawn(async move {
                let mut calls = 0;
                while !stop.load(Ordering::SeqCst) {
                    post(&transport).await;
                    calls += 1;
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
                calls
            })
        })
        .collect();
    for (server, address) in servers.into_iter().zip(addresses) {
        server.stop().await;
        // For a while the node is back with a certificate that has expired.
        let expired = TlsServer::builder(ca.leaf_for(NAMES, EXPIRED))
            .start_at(address)
            .await;
        tokio::time::sleep(Duration::from_millis(150)).await;
        expired.stop().await;
        let renewed = TlsServer::builder(ca.leaf()).start_at(address).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
        // It listens until the end of the test.
        std::mem::forget(renewed);
    }
    stop.store(true, Ordering::SeqCst);
    for task in traffic {
        assert!(task.await.unwrap() > 0);
    }
}
