//! Requests that succeed and fail in every way.

use std::time::Duration;

use es_testkit::{Cluster, Fault, tls::CertificateAuthority};
use es_transport::{
    BoxError, Credentials, RequestAuth, RequestOptions, Transport, TransportBuilder,
    layer::response_check::ProductCheck,
};
use http::{HeaderValue, Request, header};

use crate::{
    SECRET, TOKEN, build, builders,
    cluster_support::{get, post, shown, streamed, with},
    nothing_leaked,
    transcript::Transcript,
};

async fn cluster(tls: bool) -> Cluster {
    let settings = Cluster::builder()
        .nodes(1)
        .tls(tls)
        .security(true)
        .user("elastic", SECRET);
    settings.start().await.unwrap()
}

/// Everything that an outcome shows.
async fn send(
    transcript: &Transcript,
    transport: &Transport,
    request: Request<es_transport::Body>,
) {
    transcript.debug(&request);
    match transport.send(request).await {
        Ok(response) => {
            transcript.debug(&response);
            if let Err(error) = response.into_body().bytes().await {
                transcript.add(&shown(&error));
            }
        }
        Err(error) => transcript.add(&shown(&error)),
    }
    transcript.debug(transport);
}

fn faults(elsewhere: &str) -> Vec<Fault> {
    let mut faults: Vec<_> = [400, 401, 403, 404, 408, 413, 429, 500, 502, 503, 504]
        .into_iter()
        .map(|status| Fault::status(status).retry_after(0))
        .collect();
    faults.extend([
        Fault::garbage(),
        Fault::close(),
        Fault::reset(),
        Fault::reset_in_body(),
        Fault::cut_body(),
        Fault::large_headers(1 << 20),
        Fault::broken_gzip(),
        Fault::gzip_bomb(1 << 22),
        Fault::hang(),
        Fault::redirect(&format!("{elsewhere}/login?token={TOKEN}")),
        Fault::redirect(&format!("https://elastic:{TOKEN}@login.example/")),
        Fault::status(406),
        Fault::status(400).body(r#"{"error":{"type":"media_type_header_exception"}}"#),
    ]);
    faults
}

#[tokio::test]
async fn by_every_kind_of_credentials() {
    let transcript = Transcript::of_this_process();
    let cluster = cluster(false).await;
    for (name, builder) in builders(&cluster.url(0)) {
        transcript.add(&format!("--- {name}\n"));
        let short = Duration::from_millis(30);
        let transport = build(
            builder
                .request_timeout(short)
                .max_retries(1)
                .max_response_size(1 << 20),
        );
        send(&transcript, &transport, get("/")).await;
        send(
            &transcript,
            &transport,
            post("/_security/api_key", r#"{"name":"x"}"#),
        )
        .await;
        for fault in faults(&cluster.url(0)) {
            cluster.node(0).clear_faults();
            cluster.node(0).inject(fault);
            send(&transcript, &transport, get("/_cluster/health")).await;
            send(&transcript, &transport, streamed(get("/_cluster/health"))).await;
        }
        cluster.node(0).clear_faults();
    }
    nothing_leaked(&transcript);
    assert!(cluster.node(0).has_received(SECRET), "they were in use");
    assert!(cluster.node(0).has_received(TOKEN), "they were in use");
}

#[tokio::test]
async fn by_a_requests_own_credentials_and_headers() {
    let transcript = Transcript::of_this_process();
    let cluster = cluster(false).await;
    let transport = build(crate::cluster_support::builder(cluster.urls()));
    let mut headers = http::HeaderMap::new();
    headers.insert("x-api-token", HeaderValue::from_static(TOKEN));
    let own = RequestOptions::new()
        .auth(RequestAuth::Credentials(
            Credentials::basic("elastic", SECRET).unwrap(),
        ))
        .headers(headers);
    transcript.debug(&own);
    for fault in faults(&cluster.url(0)).into_iter().map(Fault::once) {
        cluster.node(0).inject(fault);
        let hurried = own.clone().request_timeout(Duration::from_millis(30));
        send(&transcript, &transport, with(get("/"), hurried)).await;
    }
    // A header that the caller wrote, and did not mark, is marked on its way:
    // it is not shown by what looks at requests below.
    let mut request = get("/");
    let value = HeaderValue::try_from(format!("Bearer {TOKEN}")).unwrap();
    request.headers_mut().insert(header::AUTHORIZATION, value);
    let _ = transport.send(request).await;
    nothing_leaked(&transcript);
}

async fn tls_failures(
    transcript: &Transcript,
    trust: impl Fn(TransportBuilder) -> TransportBuilder,
) {
    let cluster = cluster(true).await;
    for (_, builder) in builders(&cluster.url(0)) {
        let builder = trust(builder);
        transcript.debug(&builder);
        send(transcript, &build(builder), get("/")).await;
    }
    cluster.assert_never_received(SECRET);
    cluster.assert_never_received(TOKEN);
}

#[tokio::test]
async fn over_tls_that_fails() {
    let transcript = Transcript::of_this_process();
    let stranger = CertificateAuthority::new("stranger").unwrap();
    let client = stranger.leaf().for_client().issue().unwrap();
    let key = client.key_pem();
    tls_failures(&transcript, |builder| {
        builder.ssl_assert_fingerprint(stranger.fingerprint())
    })
    .await;
    tls_failures(&transcript, |builder| {
        builder
            .ca_certs(stranger.pem().as_bytes().to_vec())
            .client_cert(client.pem().as_bytes().to_vec(), key.as_bytes().to_vec())
    })
    .await;
    nothing_leaked(&transcript);
    let text = transcript.text();
    for line in key.lines().filter(|line| !line.starts_with('-')) {
        assert!(!text.contains(line), "the client's key is shown");
    }
}

#[tokio::test]
async fn where_nobody_listens_and_behind_proxies() {
    let transcript = Transcript::of_this_process();
    let cluster = cluster(false).await;
    let nobody = "http://127.0.0.1:1";
    for (_, builder) in builders(nobody) {
        send(&transcript, &build(builder), get("/")).await;
    }
    let encoded: String = SECRET.bytes().map(|byte| format!("%{byte:02X}")).collect();
    // One that does not respond, and one that is no proxy.
    for proxy in ["127.0.0.1:1", cluster.url(0).trim_start_matches("http://")] {
        for (_, builder) in builders("https://node.invalid:9200") {
            let builder = builder.proxy(&format!("http://user:{encoded}@{proxy}"));
            transcript.debug(&builder);
            send(&transcript, &build(builder), get("/")).await;
        }
    }
    assert!(
        cluster.node(0).has_received(SECRET),
        "the proxy got its own"
    );
    assert!(!cluster.node(0).has_received(TOKEN), "and nothing else");
    nothing_leaked(&transcript);
}

#[tokio::test]
async fn by_sniffing_and_providers_that_fail() {
    let transcript = Transcript::of_this_process();
    let cluster = cluster(false).await;
    for (_, builder) in builders(&cluster.url(0)) {
        let transport = build(builder.sniff_before_requests(true));
        for fault in [
            Fault::status(503),
            Fault::garbage(),
            Fault::status(200).body("[]"),
        ] {
            cluster.node(0).inject(fault.on_path("_nodes").once());
            send(&transcript, &transport, get("/")).await;
            if let Err(error) = transport.sniff().await {
                transcript.add(&shown(&error));
            }
        }
        transcript.debug(&transport.pool().unwrap().nodes());
    }
    let broken = async || Credentials::bearer(format!("{TOKEN}\r\n"));
    let sealed = async || Err::<Credentials, BoxError>("the vault is sealed".into());
    let node = || crate::cluster_support::builder(cluster.urls());
    send(
        &transcript,
        &build(node().credentials_provider(broken)),
        get("/"),
    )
    .await;
    send(
        &transcript,
        &build(node().credentials_provider(sealed)),
        get("/"),
    )
    .await;
    let enforcing = Cluster::builder()
        .product_header(false)
        .start()
        .await
        .unwrap();
    for verification in [ProductCheck::Enforce, ProductCheck::Warn] {
        for (_, builder) in builders(&enforcing.url(0)) {
            send(
                &transcript,
                &build(builder.product_check(verification)),
                get("/"),
            )
            .await;
        }
    }
    nothing_leaked(&transcript);
}

/// A process of its own, since the environment belongs to all of it.
#[tokio::test]
async fn behind_a_proxy_of_the_environment_that_cannot_be_used() {
    let encoded: String = SECRET.bytes().map(|byte| format!("%{byte:02X}")).collect();
    for scheme in ["socks5", "https", "http"] {
        let mut command = tokio::process::Command::new(std::env::current_exe().unwrap());
        command
            .args([
                "--exact",
                "failing::child_with_a_proxy",
                "--ignored",
                "--nocapture",
            ])
            .env(
                "HTTP_PROXY",
                format!("{scheme}://user:{encoded}@127.0.0.1:1"),
            )
            .env_remove("http_proxy")
            .env_remove("no_proxy")
            .env_remove("NO_PROXY")
            .env_remove("REQUEST_METHOD");
        let output = command.output().await.unwrap();
        assert!(output.status.success(), "{scheme}");
        let transcript = Transcript::default();
        transcript.add(&String::from_utf8(output.stdout).unwrap());
        transcript.add(&String::from_utf8(output.stderr).unwrap());
        assert!(
            transcript.text().contains("127.0.0.1:1"),
            "it names the proxy"
        );
        nothing_leaked(&transcript);
    }
}

#[tokio::test]
#[ignore = "runs in a process with an environment of its own"]
async fn child_with_a_proxy() {
    let transcript = Transcript::of_this_process();
    let builder = crate::cluster_support::builder(["http://node.invalid:9200"]).proxy_from_env();
    transcript.debug(&builder);
    transcript.debug(&es_transport::connect::Proxy::from_env());
    let transport = build(builder);
    let error = transport.send(get("/")).await.unwrap_err();
    assert!(error.is_connect() && error.is_not_sent(), "{error}");
    transcript.add(&shown(&error));
    println!("{}", transcript.text());
}
