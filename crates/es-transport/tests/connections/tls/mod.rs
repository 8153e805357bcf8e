//! Whom TLS settings trust, over real sockets with both versions of TLS. The
//! servers record what they get: a refused one must not have seen the password.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use crate::connect_support;
mod cut;
mod forms;
mod hints;
mod pin;
mod provider;
mod renewal;
mod session;
mod settings;
mod sniffed;
#[cfg(feature = "native-roots")]
mod system;
mod trust;

use connect_support::{chain, get, tls::TlsServer};
use es_transport::{
    Error,
    connect::{Connections, Connector, TlsSettings},
};
use rustls::{
    SupportedProtocolVersion,
    version::{TLS12, TLS13},
};

const VERSIONS: [&SupportedProtocolVersion; 2] = [&TLS12, &TLS13];

fn client(tls: TlsSettings) -> Connections {
    Connections::with_connector(Connector::builder().tls(tls).build().unwrap())
}

fn pin(fingerprint: impl AsRef<str>) -> TlsSettings {
    TlsSettings::new().ssl_assert_fingerprint(fingerprint)
}

/// The server is trusted: it gets the request and responses.
async fn accepted(server: &TlsServer, tls: TlsSettings) {
    let response = get(&client(tls), &server.url())
        .await
        .map_err(|error| chain(&error));
    assert_eq!(response, Ok((200, "ok".to_owned())));
    assert!(server.saw_the_secret());
}

/// The server is refused in the handshake and gets nothing.
async fn refused(server: &TlsServer, tls: TlsSettings) -> String {
    refused_by(&client(tls), server, &server.url()).await
}

async fn refused_by(client: &Connections, server: &TlsServer, url: &str) -> String {
    let error: Error = get(client, url).await.unwrap_err();
    assert!(error.is_tls(), "{}", chain(&error));
    assert!(error.is_not_sent(), "{}", chain(&error));
    // The server reads to the end of the connection before it is looked at.
    server.settled().await;
    assert!(!server.saw_anything(), "{}", chain(&error));
    chain(&error)
}
