//! Nodes, Cloud IDs and proxies.

use es_transport::Transport;

use crate::bad_settings::{SECRET, https, refused};

#[test]
fn no_node() {
    refused("nodes", Transport::builder());
    refused("nodes", Transport::builder().nodes(Vec::<String>::new()));
}

#[test]
fn the_same_node_twice_however_it_is_written() {
    for twice in [
        ["http://a:9200", "http://a:9200/"],
        ["http://a", "http://A:80"],
        ["https://a:443/prefix", "https://a/prefix/"],
        ["http://[::1]:9200", "http://[0:0:0:0:0:0:0:1]:9200"],
        ["http://u:s3cr3t@a:1", "http://a:1"],
    ] {
        let message = refused("nodes", Transport::builder().nodes(twice));
        assert!(message.contains("twice"), "{message}");
    }
    // Another scheme or prefix is another node.
    assert!(
        Transport::builder()
            .nodes(["http://a:1", "https://a:1", "http://a:1/b"])
            .build()
            .is_ok()
    );
}

#[test]
fn a_url_that_is_none() {
    for url in [
        "",
        "localhost",
        "localhost:9200",
        "user:s3cr3t@localhost:9200",
        "//user:s3cr3t@localhost:9200",
        "/user:s3cr3t",
        "http:/user:s3cr3t@localhost",
        "ftp://user:s3cr3t@localhost:9200",
        "unix:///s3cr3t",
        "httpss://user:s3cr3t@localhost",
        " https://user:s3cr3t@localhost",
        "https://user:s3cr3t@localhost:9200?pretty",
        "https://user:s3cr3t@localhost:9200/?token=s3cr3t",
        "https://user:s3cr3t@localhost:9200/#s3cr3t",
        "https://",
        "https://user:s3cr3t@",
        "https://user:s3cr3t@:9200",
        "https://user:s3cr3t@localhost:",
        "https://user:s3cr3t@localhost:0",
        "https://user:s3cr3t@localhost:65536",
        "https://user:s3cr3t@localhost:+92",
        "https://user:s3cr3t@local host",
        "https://user:s3cr3t@local%20host",
        "https://user:s3cr3t@höst",
        "https://user:s3cr3t@[::1",
        "https://user:s3cr3t@[::g]:9200",
        "https://user:s3cr3t@::1:9200",
        "https://user:s3cr3t@[::1]9200",
        "https://user:s3cr3t@host\\evil",
        "https://user:s3cr3t@a,b",
        "https://user:s3cr3t@a/b/../c",
        "https://user:s3cr3t@a/./b",
        "https://user:s3cr3t@a/b\r\nx-evil: 1",
        "https://user:s3cr3t@a/b\u{0}",
    ] {
        refused("nodes", Transport::builder().node(url));
        refused(
            "nodes",
            Transport::builder().nodes(["http://fine:9200", url]),
        );
    }
}

#[test]
fn user_info_that_cannot_be_sent() {
    for user_info in [
        "user:s3cr3t%0d%0ax-evil:1",
        "user:s3cr3t%00",
        "us%0aer:s3cr3t",
        "us%3aer:s3cr3t",
        "user:s3cr3t%",
        "user:s3cr3t%2",
        "user:s3cr3t%zz",
        "user:s3cr3t%ff",
    ] {
        refused(
            "nodes",
            Transport::builder().node(format!("http://{user_info}@localhost:9200")),
        );
    }
}

#[test]
fn a_cloud_id_that_is_none() {
    // base64 of what stands in the comment, where that matters.
    for id in [
        "",
        "s3cr3t",
        ":",
        "name:",
        "name:s3cr3t!",
        "name:s3cr3t%3D",
        // `$s3cr3t$kibana`: no host
        "name:JHMzY3IzdCRraWJhbmE=",
        // `host.example`: no cluster
        "name:aG9zdC5leGFtcGxl",
        // `host.example$$kibana`
        "name:aG9zdC5leGFtcGxlJCRraWJhbmE=",
        // `host.example/evil$s3cr3t$`
        "name:aG9zdC5leGFtcGxlL2V2aWwkczNjcjN0JA==",
        // `user@host$s3cr3t$`
        "name:dXNlckBob3N0JHMzY3IzdCQ=",
        // `host$s3cr3t@evil$`
        "name:aG9zdCRzM2NyM3RAZXZpbCQ=",
        // `host\r\n$s3cr3t$`
        "name:aG9zdA0KJHMzY3IzdCQ=",
        // `host:s3cr3t$es$`, `host:0$es$`, `host:70000$es$`, `host$es:99999$`
        "name:aG9zdDpzM2NyM3QkZXMk",
        "name:aG9zdDowJGVzJA==",
        "name:aG9zdDo3MDAwMCRlcyQ=",
        "name:aG9zdCRlczo5OTk5OSQ=",
        // bytes that are no text
        "name://79/A==",
    ] {
        refused("cloud_id", Transport::builder().cloud_id(id));
    }
}

#[test]
fn a_cloud_id_beside_other_nodes() {
    // `host.example$es$kibana`
    let id = "name:aG9zdC5leGFtcGxlJGVzJGtpYmFuYQ==";
    assert!(Transport::builder().cloud_id(id).build().is_ok());
    refused(
        "cloud_id",
        Transport::builder()
            .cloud_id(id)
            .node("https://localhost:9200"),
    );
    refused(
        "cloud_id",
        Transport::builder()
            .node("https://localhost:9200")
            .cloud_id(id),
    );
    refused("cloud_id", Transport::builder().cloud_id(id).cloud_id(id));
}

#[test]
fn a_proxy_that_is_none() {
    for url in [
        "",
        "s3cr3t",
        "//user:s3cr3t@proxy:3128",
        "https://user:s3cr3t@proxy:3128",
        "socks5://user:s3cr3t@proxy:3128",
        "http://user:s3cr3t@",
        "http://user:s3cr3t@proxy\r\n:3128",
    ] {
        refused("proxy", https().proxy(url));
    }
    let fine = https().proxy("http://user:s3cr3t@proxy:3128");
    let shown = format!("{fine:?}") + &format!("{:?}", fine.build().unwrap());
    assert!(!shown.contains(SECRET), "{shown}");
}

#[test]
fn the_first_setting_that_is_wrong_is_the_one_that_is_named() {
    let builder = Transport::builder()
        .node("s3cr3t")
        .api_key("")
        .ssl_assert_fingerprint("");
    refused("nodes", builder);
}
