//! Request bodies that fail while they are sent.

use bytes::Bytes;
use es_transport::{Body, Error, TransportBuilder};
use futures_util::stream;
use http_body::Frame;
use http_body_util::StreamBody;

use crate::whole_stack::cluster_support::{post, shown};

/// A piece, and then an error of this crate, as from a body that is compressed
/// on its way or comes from another request's response.
fn breaking() -> Body {
    let broken = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
    let pieces = [
        Ok(Frame::data(Bytes::from_static(b"{}\n"))),
        Err(Error::from_service(broken)),
    ];
    Body::stream(StreamBody::new(stream::iter(pieces)))
}

async fn node_is_not_blamed(over: impl FnOnce(TransportBuilder) -> TransportBuilder) {
    // It takes connections and never responds.
    let node = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", node.local_addr().unwrap());
    let transport = over(es_transport::Transport::builder().node(url))
        .build()
        .unwrap();

    let error = transport
        .send(post("/_bulk", breaking()))
        .await
        .unwrap_err();
    assert!(error.is_request(), "{}", shown(&error));
    assert!(!error.is_not_sent(), "a part of it was sent");
    assert!(
        shown(&error).contains("its body failed"),
        "{}",
        shown(&error)
    );
    assert!(
        shown(&error).contains("ConnectionRefused"),
        "{}",
        shown(&error)
    );
    assert_eq!(transport.pool().unwrap().live(), 1);
}

#[tokio::test]
async fn a_body_that_fails_is_not_its_nodes_fault() {
    node_is_not_blamed(|builder| builder).await;
}
