//! HTTP proxies, over real sockets.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use crate::connect_support;

use std::sync::{Arc, Mutex};

use connect_support::{
    ca::Ca,
    chain, get,
    http::{Server, read_head},
    tls::TlsServer,
};
use es_transport::connect::{Connections, Connector, Proxy, TlsSettings};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// A proxy that tunnels and forwards to wherever it is asked to, or refuses with a status
/// line; and the heads of the requests that it got.
async fn proxy(refusal: Option<&'static str>) -> (Server, Arc<Mutex<Vec<String>>>) {
    let heads = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&heads);
    let server = Server::start(move |mut client, _| {
        let seen = Arc::clone(&seen);
        async move {
            while let Some(head) = read_head(&mut client).await {
                seen.lock().unwrap().push(head.clone());
                if let Some(refusal) = refusal {
                    let response = format!("HTTP/1.1 {refusal}\r\ncontent-length: 0\r\n\r\n");
                    client.write_all(response.as_bytes()).await.unwrap();
                } else if head.starts_with("CONNECT ") {
                    let target = head.split(' ').nth(1).unwrap();
                    let mut node = TcpStream::connect(target).await.unwrap();
                    client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
                    let _ = tokio::io::copy_bidirectional(&mut client, &mut node).await;
                    return;
                } else {
                    forward(&head, &mut client).await;
                }
            }
        }
    })
    .await;
    (server, heads)
}

/// Sends a request without a body to the node that its target names, in origin form.
async fn forward(head: &str, client: &mut TcpStream) {
    let target = head.split(' ').nth(1).unwrap();
    let (node, path) = target
        .strip_prefix("http://")
        .unwrap()
        .split_once('/')
        .unwrap();
    let mut node = TcpStream::connect(node).await.unwrap();
    let head = head.replacen(target, &format!("/{path}"), 1);
    node.write_all(head.as_bytes()).await.unwrap();
    let response = read_head(&mut node).await.unwrap();
    let length = response.split("content-length: ").nth(1).unwrap();
    let length = length.split("\r\n").next().unwrap().parse().unwrap();
    let mut body = vec![0; length];
    node.read_exact(&mut body).await.unwrap();
    client.write_all(response.as_bytes()).await.unwrap();
    client.write_all(&body).await.unwrap();
}

fn through(proxy: Proxy) -> Connections {
    Connections::with_connector(Connector::builder().proxy(proxy).build().unwrap())
}

fn at(server: &Server, user_info: &str) -> Proxy {
    Proxy::new(&format!("http://{user_info}{}", server.address)).unwrap()
}

#[tokio::test]
async fn http_nodes_are_named_in_the_target() {
    let (node, (proxy, heads)) = (Server::echo().await, proxy(None).await);
    let connections = through(at(&proxy, "user:p%40ss@"));
    for path in ["/a", "/b?c=d"] {
        assert_eq!(get(&connections, node.url(path)).await.unwrap().1, path);
    }
    let heads = heads.lock().unwrap();
    assert_eq!(proxy.accepted(), 1, "the connection is kept");
    for (head, path) in heads.iter().zip(["/a", "/b?c=d"]) {
        assert!(
            head.starts_with(&format!("GET {} HTTP/1.1\r\n", node.url(path))),
            "{head}"
        );
        assert!(
            head.contains(&format!("host: {}\r\n", node.address)),
            "{head}"
        );
        // "user:p@ss" in base64.
        assert!(
            head.contains("proxy-authorization: Basic dXNlcjpwQHNz\r\n"),
            "{head}"
        );
    }
}

#[tokio::test]
async fn an_https_node_is_verified_through_the_tunnel() {
    let (proxy, heads) = proxy(None).await;
    let ca = Ca::new("genuine");
    let node = TlsServer::builder(ca.leaf().with([ca.der()])).start().await;
    let connector = |pin: String| {
        let tls = TlsSettings::new().ssl_assert_fingerprint(pin);
        let connector = Connector::builder()
            .tls(tls)
            .proxy(at(&proxy, "user:p%40ss@"));
        Connections::with_connector(connector.build().unwrap())
    };
    assert_eq!(
        get(&connector(ca.fingerprint()), node.url())
            .await
            .unwrap()
            .1,
        "ok"
    );
    let stranger = connector(Ca::new("other").fingerprint());
    assert!(get(&stranger, node.url()).await.unwrap_err().is_tls());

    // What goes to the proxy are its credentials, and nothing of the request.
    for head in heads.lock().unwrap().iter() {
        // "user:p@ss" in base64.
        assert!(
            head.contains("Proxy-Authorization: Basic dXNlcjpwQHNz\r\n"),
            "{head}"
        );
        assert!(!head.contains(connect_support::SECRET), "{head}");
    }
}

#[tokio::test]
async fn a_refusal_is_named_with_its_status() {
    let node = Server::echo().await;
    let https = node.url("/").replace("http:", "https:");
    for (refusal, url, said) in [
        (
            "407 Proxy Authentication Required",
            node.url("/"),
            "407 Proxy Authentication Required",
        ),
        (
            "407 Proxy Authentication Required",
            https.clone(),
            "407 Proxy Authentication Required",
        ),
        ("403 Forbidden", https.clone(), "403 Forbidden"),
        ("599 Odd", https.clone(), "status 599"),
    ] {
        let (proxy, _) = proxy(Some(refusal)).await;
        let error = get(&through(at(&proxy, "user:hidden@")), url)
            .await
            .unwrap_err();
        assert!(
            error.is_connect() && error.is_not_sent(),
            "{}",
            chain(&error)
        );
        assert!(error.to_string().contains(said), "{error}");
        assert!(!format!("{error:?}{}", chain(&error)).contains("hidden"));
    }
    assert_eq!(node.accepted(), 0);
}

#[tokio::test]
async fn an_https_refusal_names_the_proxy() {
    let (proxy, _) = proxy(Some("502 Bad Gateway")).await;
    let error = get(&through(at(&proxy, "")), "https://node.test:9200/")
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains(&proxy.address.to_string()),
        "{error}"
    );
}

#[tokio::test]
async fn a_server_that_is_no_proxy_is_named() {
    for response in [
        "SSH-2.0-OpenSSH_9.6\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\nsurplus",
    ] {
        let server = Server::start(move |mut client, _| async move {
            read_head(&mut client).await.unwrap();
            client.write_all(response.as_bytes()).await.unwrap();
        })
        .await;
        let error = get(&through(at(&server, "")), "https://node.test:9200/")
            .await
            .unwrap_err();
        assert!(
            error.to_string().contains("not respond as an HTTP proxy"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn excepted_nodes_are_reached_directly() {
    let (node, (proxy, heads)) = (Server::echo().await, proxy(None).await);
    for hosts in ["127.0.0.1", "10.0.0.0/8, 127.0.0.0/8", "*"] {
        let connections = through(at(&proxy, "").no_proxy(hosts).unwrap());
        assert_eq!(
            get(&connections, node.url("/direct")).await.unwrap().1,
            "/direct"
        );
    }
    assert!(heads.lock().unwrap().is_empty());
    let connections = through(
        at(&proxy, "")
            .no_proxy("elsewhere.test,10.0.0.0/8")
            .unwrap(),
    );
    get(&connections, node.url("/")).await.unwrap();
    assert_eq!(heads.lock().unwrap().len(), 1);
}

#[test]
fn what_is_no_http_proxy_is_an_error_without_its_password() {
    for url in [
        "",
        "proxy.test:3128",
        "https://user:hidden@proxy.test",
        "socks5://user:hidden@proxy.test",
        "http://user:hidden@",
        "http://user:hid den@proxy.test",
        "http://user:hidden@proxy.test:",
        "http://user:hidden@proxy.test:0",
        "http://user:hidden@proxy.test:99999",
        "http://user:hidden@proxy.test:port",
        "http://user:hidden@proxy:proxy",
    ] {
        let error = Proxy::new(url).unwrap_err();
        assert_eq!(error.setting(), Some("proxy"), "{url}");
        assert!(!chain(&error).contains("hid"), "{}", chain(&error));
    }
    for user_info in ["user:hidden", "user:hid@hidden", "hidden", "hid@:hidden"] {
        let proxy = Proxy::new(&format!("http://{user_info}@proxy.test:3128")).unwrap();
        let shown = format!("{proxy:?}");
        assert!(
            shown.contains("proxy.test:3128") && !shown.contains("hid"),
            "{shown}"
        );
    }
}

/// As in the URL of a node, and as curl reads it.
#[tokio::test]
async fn an_at_sign_in_the_password_belongs_to_it() {
    let (node, (proxy, heads)) = (Server::echo().await, proxy(None).await);
    get(&through(at(&proxy, "user:p@ss@")), node.url("/"))
        .await
        .unwrap();
    // "user:p@ss" in base64.
    let head = heads.lock().unwrap().concat();
    assert!(
        head.contains("proxy-authorization: Basic dXNlcjpwQHNz\r\n"),
        "{head}"
    );

    let nobody = Proxy::new("http://user:p@hidden@127.0.0.1:1").unwrap();
    let error = get(&through(nobody), node.url("/")).await.unwrap_err();
    assert!(error.is_connect(), "{}", chain(&error));
    assert!(
        !format!("{error:?}{}", chain(&error)).contains("hidden"),
        "{}",
        chain(&error)
    );
}

/// A process of its own, since the environment belongs to all of it.
#[tokio::test]
async fn the_environment_is_asked_only_when_told_to() {
    let (node, (proxy, heads)) = (Server::echo().await, proxy(None).await);
    let child = |no_proxy: &'static str| {
        let mut command = tokio::process::Command::new(std::env::current_exe().unwrap());
        command
            .args(["--exact", "proxy::child_with_an_environment", "--ignored"])
            .env("ES_TRANSPORT_TEST_URL", node.url("/"))
            .env("HTTP_PROXY", format!("http://user:p@ss@{}", proxy.address))
            .env("NO_PROXY", no_proxy)
            .env_remove("http_proxy")
            .env_remove("no_proxy")
            .env_remove("REQUEST_METHOD");
        async move { assert!(command.output().await.unwrap().status.success()) }
    };
    child("").await;
    assert_eq!(
        heads.lock().unwrap().len(),
        1,
        "of the two requests, one asked"
    );
    assert!(
        heads.lock().unwrap()[0].contains("Basic dXNlcjpwQHNz\r\n"),
        "user:p@ss"
    );
    child("127.0.0.1").await;
    assert_eq!(heads.lock().unwrap().len(), 1);
    assert_eq!(node.accepted(), 4);
}

#[tokio::test]
#[ignore = "runs in a process with an environment of its own"]
async fn child_with_an_environment() {
    let url = std::env::var("ES_TRANSPORT_TEST_URL").unwrap();
    let unasked = Connections::with_connector(Connector::builder().build().unwrap());
    get(&unasked, &url).await.unwrap();
    get(&through(Proxy::from_env()), &url).await.unwrap();
}
