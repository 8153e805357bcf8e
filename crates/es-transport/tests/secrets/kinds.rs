//! One error of every kind, each from a transport that has a secret.

use std::{collections::BTreeSet, time::Duration};

use es_testkit::{Cluster, Fault, tls::CertificateAuthority};
use es_transport::{
    Body, BoxError, Credentials, Error, NodePool, RequestOptions, TransportBuilder,
    error::TimeoutPhase,
};
use http::Request;
use tower::service_fn;

use crate::{
    SECRET, TOKEN, build,
    cluster_support::{builder, get, send_and_read, shown, streamed, with},
    nothing_leaked,
    transcript::Transcript,
};

/// Whether an error is of a kind.
type Question = fn(&Error) -> bool;

/// All kinds, and how one asks for them.
const KINDS: [(&str, Question); 18] = [
    ("config", Error::is_config),
    ("request", Error::is_request),
    ("connect", Error::is_connect),
    ("tls", Error::is_tls),
    ("connect timeout", |error| {
        error.timeout_phase() == Some(TimeoutPhase::Connect)
    }),
    ("attempt timeout", |error| {
        error.timeout_phase() == Some(TimeoutPhase::Attempt)
    }),
    ("total timeout", |error| {
        error.timeout_phase() == Some(TimeoutPhase::Total)
    }),
    ("read timeout", |error| {
        error.timeout_phase() == Some(TimeoutPhase::Read)
    }),
    ("io", Error::is_io),
    ("body", Error::is_body),
    ("redirect", Error::is_redirect),
    ("product", Error::is_unsupported_product),
    ("media type", Error::is_media_type),
    ("credentials", Error::is_credentials),
    ("sniff", Error::is_sniff),
    ("no nodes", Error::is_no_nodes),
    ("foreign", Error::is_foreign),
    ("closed", Error::is_closed),
];

async fn error(builder: TransportBuilder, request: Request<Body>) -> Error {
    let transport = build(builder.max_retries(1).basic_auth("elastic", SECRET));
    send_and_read(&transport, request).await.unwrap_err()
}

/// The errors of requests to a node that misbehaves.
async fn of_a_node() -> Vec<Error> {
    let cluster = Cluster::builder().nodes(1).start().await.unwrap();
    let short = Duration::from_millis(50);
    let mut errors = Vec::new();
    for fault in [
        Fault::hang(),
        Fault::garbage(),
        Fault::broken_gzip(),
        Fault::redirect("https://login.example/"),
        Fault::status(400).body(r#"{"error":{"type":"media_type_header_exception"}}"#),
        Fault::response(http::Response::new("no product header".into())),
    ] {
        cluster.node(0).clear_faults();
        cluster.node(0).inject(fault);
        errors.push(error(builder(cluster.urls()).request_timeout(short), get("/")).await);
    }
    cluster.node(0).clear_faults();
    cluster.node(0).inject(Fault::hang());
    errors.push(error(builder(cluster.urls()).total_timeout(short), get("/")).await);
    cluster.node(0).clear_faults();
    cluster.node(0).inject(Fault::status(503));
    let sniffing = builder(cluster.urls())
        .basic_auth("elastic", SECRET)
        .sniff_on_start(true);
    errors.push(build(sniffing).sniff().await.unwrap_err());
    // Half of a response, and then nothing, read as a stream.
    let half = half_a_response().await;
    errors.push(error(builder([half]).request_timeout(short), streamed(get("/"))).await);
    errors
}

/// The URL of a server that responds in part.
async fn half_a_response() -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 4096]).await;
            let head = "HTTP/1.1 200 OK\r\nx-elastic-product: Elasticsearch\r\n";
            let _ = stream
                .write_all(format!("{head}content-length: 10\r\n\r\n[1,").as_bytes())
                .await;
            tokio::spawn(async move { stream.read(&mut [0; 1]).await });
        }
    });
    url
}

/// The errors of what never comes to a response.
async fn of_none() -> Vec<Error> {
    let mut errors = vec![error(builder(["http://127.0.0.1:1"]), get("/")).await];
    let encrypted = Cluster::builder().nodes(1).tls(true).start().await.unwrap();
    let stranger = CertificateAuthority::new("stranger").unwrap();
    let pinned = builder(encrypted.urls()).ssl_assert_fingerprint(stranger.fingerprint());
    errors.push(error(pinned, get("/")).await);
    // Nobody takes up the connection: a handshake that is not responded.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", silent.local_addr().unwrap());
    let hurried = builder([url]).connect_timeout(Duration::from_millis(50));
    errors.push(error(hurried, get("/")).await);

    let node = || builder(["http://127.0.0.1:1"]);
    errors.push(error(node(), get("//elsewhere/")).await);
    errors.push(
        node()
            .bearer_auth(format!("{SECRET}\r\n"))
            .build()
            .unwrap_err(),
    );
    let encoded: String = TOKEN.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let pool = NodePool::new([format!("http://u:{encoded}@localhost").parse().unwrap()]).unwrap();
    errors.push(pool.set_sniffed([]).unwrap_err());
    let sealed = async || Err::<Credentials, BoxError>("the vault is sealed".into());
    let transport = build(node().credentials_provider(sealed).header("x-token", "t"));
    errors.push(send_and_read(&transport, get("/")).await.unwrap_err());
    let transport = build(node().basic_auth("elastic", SECRET));
    transport.close();
    errors.push(send_and_read(&transport, get("/")).await.unwrap_err());
    let foreign = service_fn(|_: Request<Body>| async {
        Err::<http::Response<Body>, BoxError>("a layer of somebody else's".into())
    });
    let options = RequestOptions::default();
    errors.push(error(node().http_service(foreign), with(get("/"), options)).await);
    errors
}

#[tokio::test]
async fn an_error_of_every_kind_shows_no_secret() {
    let transcript = Transcript::of_this_process();
    let mut seen = BTreeSet::new();
    for error in of_a_node().await.iter().chain(&of_none().await) {
        transcript.add(&shown(error));
        seen.extend(
            KINDS
                .iter()
                .filter(|(_, is)| is(error))
                .map(|(name, _)| *name),
        );
    }
    let missing: Vec<_> = KINDS
        .iter()
        .filter(|(name, _)| !seen.contains(name))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
    nothing_leaked(&transcript);
}
