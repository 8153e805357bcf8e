//! Resumed sessions are as safe as full ones.

use rustls::HandshakeKind::{Full, Resumed};

use crate::tls::{
    VERSIONS, client,
    connect_support::{ca::Ca, get, tls::TlsServer},
    pin, refused,
};

#[tokio::test]
async fn the_pin_holds_on_a_resumed_session() {
    for version in VERSIONS {
        let ca = Ca::new("genuine");
        let identity = ca.leaf().with([ca.der()]);
        let server = TlsServer::builder(identity).version(version).start().await;
        let client = client(pin(ca.fingerprint()));
        for _ in 0..2 {
            get(&client, &server.url()).await.unwrap();
            client.close_idle();
        }
        assert!(
            matches!(server.handshakes()[..], [Full, Resumed]),
            "{:?}",
            server.handshakes()
        );
    }
}

#[tokio::test]
async fn a_session_is_not_resumed_for_another_pin() {
    for version in VERSIONS {
        let ca = Ca::new("genuine");
        let identity = ca.leaf().with([ca.der()]);
        let server = TlsServer::builder(identity).version(version).start().await;
        let trusting = client(pin(ca.fingerprint()));
        get(&trusting, &server.url()).await.unwrap();
        trusting.close_idle();
        server.settled().await;
        server.forget();

        refused(&server, pin(Ca::new("other").fingerprint())).await;
        // The refused client resumed nothing, nor did its handshake end.
        assert!(
            server
                .handshakes()
                .iter()
                .all(|kind| !matches!(kind, Resumed))
        );
    }
}

/// The address of a node may pass to a stranger while sessions are kept.
#[tokio::test]
async fn a_stranger_at_the_same_address_cannot_resume() {
    for version in VERSIONS {
        let ca = Ca::new("genuine");
        let identity = ca.leaf().with([ca.der()]);
        let server = TlsServer::builder(identity).version(version).start().await;
        let client = client(pin(ca.fingerprint()));
        get(&client, &server.url()).await.unwrap();
        client.close_idle();

        let address = server.address;
        server.stop().await;
        let stranger = Ca::new("stranger").leaf().with([ca.der()]);
        let stranger = TlsServer::builder(stranger)
            .version(version)
            .start_at(address)
            .await;
        crate::tls::refused_by(&client, &stranger, &stranger.url()).await;
    }
}
