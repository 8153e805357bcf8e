//! Whom TLS settings trust, over real sockets with both versions of TLS.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod connect_support;

use connect_support::{ca::Ca, get, tls::TlsServer};
use es_transport::connect::{Connections, Connector, TlsSettings};
use rustls::version::{TLS12, TLS13};

fn client(tls: TlsSettings) -> Connections {
    Connections::with_connector(Connector::builder().tls(tls).build().unwrap())
}

#[tokio::test]
async fn pinned_ca() {
    for version in [&TLS12, &TLS13] {
        let ca = Ca::new("genuine");
        let server = TlsServer::builder(ca.leaf().with([ca.der()])).version(version).start().await;
        let client = client(TlsSettings::new().ssl_assert_fingerprint(ca.fingerprint()));
        let answer = get(&client, &server.url()).await.unwrap();
        assert_eq!(answer, (200, "ok".to_owned()));
        assert!(server.saw_the_secret());
    }
}
