//! Connections over real sockets, with servers that break the rules.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod connect_support;

use connect_support::{get, http::Server};
use es_transport::connect::{Connections, Connector};

fn connections() -> Connections {
    Connections::with_connector(Connector::builder().build().unwrap())
}

#[tokio::test]
async fn a_connection_is_used_again() {
    let server = Server::echo().await;
    let connections = connections();
    for path in ["/a", "/b?c=d", "/e"] {
        let answer = get(&connections, &server.url(path)).await.unwrap();
        assert_eq!(answer, (200, path.to_owned()));
    }
    assert_eq!(server.accepted(), 1);
}
