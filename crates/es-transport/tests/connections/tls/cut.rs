//! An attacker between client and server can end a connection at any byte, but
//! not make it look like the end of a response.

use std::sync::Arc;

use rustls::SupportedProtocolVersion;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsAcceptor;

use crate::tls::{
    VERSIONS, client,
    connect_support::{ca::Ca, chain, get, http::Server, tls::TlsServer},
    pin,
};

/// How the connection ends after the response.
#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    /// As TLS ends one.
    Told,
    /// TCP's end without that of TLS.
    Cut,
    /// Bytes that the server did not encrypt, and the end of TCP.
    Forged,
}

/// The outcome of a response whose length is given by its end alone.
async fn outcome(version: &'static SupportedProtocolVersion, end: End) -> Result<String, String> {
    let ca = Ca::new("genuine");
    let config = TlsServer::builder(ca.leaf().with([ca.der()]))
        .version(version)
        .config();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let server = Server::start(move |stream, _| {
        let acceptor = acceptor.clone();
        async move {
            let mut stream = acceptor.accept(stream).await.unwrap();
            while stream.read_u8().await.unwrap() != b'\n' {}
            stream
                .write_all(b"HTTP/1.1 200 OK\r\n\r\n[1,2,3]")
                .await
                .unwrap();
            stream.flush().await.unwrap();
            let (tcp, _) = stream.get_mut();
            match end {
                End::Told => stream.shutdown().await.unwrap(),
                End::Cut => tcp.shutdown().await.unwrap(),
                End::Forged => {
                    tcp.write_all(b"\x17\x03\x03\x00\x20not encrypted by the server's key")
                        .await
                        .unwrap();
                    tcp.shutdown().await.unwrap();
                }
            }
            // What the client still sends is read, so that nothing is reset.
            let (tcp, _) = stream.get_mut();
            while matches!(tcp.read(&mut [0; 1024]).await, Ok(1..)) {}
        }
    })
    .await;
    let url = format!("https://127.0.0.1:{}/", server.address.port());
    match get(&client(pin(ca.fingerprint())), url).await {
        Ok((_, body)) => Ok(body),
        Err(error) => {
            assert!(error.is_io() && !error.is_not_sent(), "{}", chain(&error));
            Err(error.to_string())
        }
    }
}

#[tokio::test]
async fn a_response_that_ends_as_tls_ends_is_whole() {
    for version in VERSIONS {
        assert_eq!(outcome(version, End::Told).await.as_deref(), Ok("[1,2,3]"));
    }
}

#[tokio::test]
async fn a_response_that_is_cut_by_a_stranger_is_an_error() {
    for version in VERSIONS {
        for end in [End::Cut, End::Forged] {
            let error = outcome(version, end).await.unwrap_err();
            assert!(error.contains("the connection broke"), "{end:?}: {error}");
        }
    }
}
