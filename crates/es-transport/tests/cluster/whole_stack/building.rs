//! Building does no I/O and needs no runtime; sending needs one, and says so.

use std::{io::ErrorKind, net::TcpListener, sync::LazyLock, task::Poll, time::Duration};

use es_transport::{Transport, node::PeakEwma, sniff::SniffOptions};

use crate::whole_stack::cluster_support::get;

static EARLY: LazyLock<Transport> = LazyLock::new(|| {
    Transport::builder()
        .node("http://localhost:1")
        .build()
        .unwrap()
});

#[test]
fn nothing_is_connected_and_no_runtime_is_needed() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    let build = |scheme: &str| {
        Transport::builder()
            .node(format!("{scheme}://{address}"))
            .node(format!("{scheme}://name.invalid:9200"))
            .node_selector(PeakEwma::default())
            .basic_auth("elastic", "changeme")
            .sniff_on_start(true)
            .sniff_every(Duration::from_millis(1))
            .build()
            .unwrap()
    };
    let transports = [build("http"), build("https"), EARLY.clone()];
    for transport in &transports {
        assert!(format!("{transport:?}").contains("live"));
    }
    assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
}

#[test]
fn without_a_runtime_a_request_is_an_error_and_no_panic() {
    let builders = [
        Transport::builder(),
        Transport::builder().total_timeout(Duration::from_secs(1)),
        Transport::builder().request_timeout(None),
        Transport::builder()
            .sniff_on_start(true)
            .sniff_every(Duration::from_secs(60)),
        Transport::builder().sniff_before_requests(true),
    ];
    for builder in builders {
        let transport = builder.node("http://127.0.0.1:1").build().unwrap();
        let Poll::Ready(outcome) = tokio_test::task::spawn(transport.send(get("/"))).poll() else {
            panic!("who should wake it?");
        };
        let error = outcome.unwrap_err();
        assert!(
            error.is_request() && error.to_string().contains("runtime"),
            "{error}"
        );
    }
    assert!(!SniffOptions::default().is_on());
}

#[test]
fn a_transport_goes_from_one_runtime_to_the_next() {
    let runtime = || {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
    };
    for _ in 0..3 {
        let error = runtime().block_on(EARLY.send(get("/"))).unwrap_err();
        assert!(error.is_connect(), "{error}");
    }
}

#[tokio::test]
async fn a_closed_transport_says_so() {
    let cluster = crate::whole_stack::nodes(2).await;
    let transport = crate::whole_stack::cluster_support::builder(cluster.urls())
        .build()
        .unwrap();
    for _ in 0..2 {
        transport.send(get("/")).await.unwrap();
    }
    transport.close();
    crate::whole_stack::eventually("all is closed", || {
        cluster
            .nodes()
            .iter()
            .all(|node| node.connections().open == 0)
    })
    .await;
    let error = transport.clone().send(get("/")).await.unwrap_err();
    assert!(error.is_closed(), "{error}");
    assert_eq!(error.attempts().len(), 1, "it is not tried again");
}
