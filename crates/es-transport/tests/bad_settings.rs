//! Every setting that cannot be used is an error of `build` that names it and shows no secret.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod cluster_support;

use std::{io::Write, path::PathBuf, time::Duration};

use cluster_support::shown;
use es_testkit::tls::CertificateAuthority;
use es_transport::{Body, Credentials, Transport, TransportBuilder, connect::MinTlsVersion};
use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use tower::service_fn;

/// It is a part of every value that is refused, and of no message.
const SECRET: &str = "s3cr3t";
const PIN: &str = "a52dd93511e8c6045e21f16654b77c9ee0f34aea26d9f40320b531c474676228";

/// What no header carries.
const BAD_CHARACTERS: [&str; 4] = ["\r\nx-evil: 1", "\n", "\r", "\0"];

fn https() -> TransportBuilder {
    Transport::builder().node("https://localhost:9200")
}

#[track_caller]
fn refused(setting: &str, builder: TransportBuilder) -> String {
    let builder_shown = format!("{builder:?}");
    let error = builder.build().expect_err(setting);
    assert!(error.is_config(), "{error:?}");
    assert_eq!(error.setting(), Some(setting), "{error}");
    let shown = shown(&error) + &builder_shown;
    assert!(!shown.contains(SECRET), "{shown}");
    assert!(!shown.contains("czNjcjN0"), "{shown}");
    error.to_string()
}

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
        Transport::builder().nodes(["http://a:1", "https://a:1", "http://a:1/b"]).build().is_ok()
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
        refused("nodes", Transport::builder().nodes(["http://fine:9200", url]));
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
        refused("nodes", Transport::builder().node(format!("http://{user_info}@localhost:9200")));
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
    refused("cloud_id", Transport::builder().cloud_id(id).node("https://localhost:9200"));
    refused("cloud_id", Transport::builder().node("https://localhost:9200").cloud_id(id));
    refused("cloud_id", Transport::builder().cloud_id(id).cloud_id(id));
}

#[test]
fn two_kinds_of_credentials_or_one_kind_twice() {
    let basic = || https().basic_auth("user", SECRET);
    refused("bearer_auth", basic().bearer_auth(SECRET));
    refused("api_key", basic().api_key(SECRET));
    refused("basic_auth", basic().basic_auth("other", SECRET));
    refused("basic_auth", https().bearer_auth(SECRET).basic_auth("user", SECRET));
    // Both forms of an API key are two of them.
    refused("api_key", https().api_key(SECRET).api_key(("id", SECRET)));
    let raw = || Credentials::raw(format!("Negotiate {SECRET}")).unwrap();
    refused("credentials", basic().credentials(raw()));
    let provider = || async { Credentials::bearer("s3cr3t") };
    refused("credentials_provider", basic().credentials_provider(provider));
    refused("api_key", https().credentials_provider(provider).api_key(SECRET));
}

#[test]
fn an_authorization_header_beside_credentials() {
    let header = || https().header("Authorization", format!("Negotiate {SECRET}"));
    assert!(header().build().is_ok());
    refused("headers", header().basic_auth("user", SECRET));
    refused("headers", https().api_key(SECRET).header("authorization", SECRET));
}

#[test]
fn credentials_that_no_header_carries() {
    for bad in BAD_CHARACTERS {
        let secret = format!("{SECRET}{bad}");
        refused("basic_auth", https().basic_auth("user", &secret));
        refused("basic_auth", https().basic_auth(&secret, "password"));
        refused("bearer_auth", https().bearer_auth(&secret));
        refused("api_key", https().api_key(&secret));
        refused("api_key", https().api_key(("id", &secret)));
        refused("api_key", https().api_key((&secret, "key")));
        assert_eq!(Credentials::raw(&secret).unwrap_err().setting(), Some("authorization"));
    }
    // Only Basic has an encoding for other characters (UTF-8).
    refused("bearer_auth", https().bearer_auth("s3cr3t-ä"));
    refused("api_key", https().api_key("s3cr3t-ä"));
    refused("api_key", https().api_key(("id", "s3cr3t-ä")));
    assert!(https().basic_auth("user", "pässword").build().is_ok());

    refused("basic_auth", https().basic_auth("user:s3cr3t", "password"));
    refused("bearer_auth", https().bearer_auth(""));
    refused("api_key", https().api_key(""));
    refused("api_key", https().api_key(("", SECRET)));
    refused("api_key", https().api_key(("a:b", SECRET)));
}

#[test]
fn headers_that_cannot_be_sent() {
    for bad in BAD_CHARACTERS.into_iter().chain(["ä", "\u{7f}"]) {
        let value = format!("{SECRET}{bad}");
        refused("headers", https().header("x-tenant", &value));
        refused("headers", https().header(&value, "value"));
        refused("user_agent", https().user_agent(&value));
        refused("opaque_id", https().opaque_id(&value));
    }
    refused("headers", https().header("", "value"));
    refused("headers", https().header("x tenant", SECRET));
    refused("headers", https().header("x-tenant", ""));
}

#[test]
fn a_fingerprint_that_is_none() {
    let pin = |pin: &str| https().ssl_assert_fingerprint(pin);
    refused("ssl_assert_fingerprint", pin(""));
    refused("ssl_assert_fingerprint", pin(&PIN[..40]));
    refused("ssl_assert_fingerprint", pin(&PIN[..63]));
    refused("ssl_assert_fingerprint", pin(&format!("{PIN}0")));
    refused("ssl_assert_fingerprint", pin(&PIN.replace('a', "g")));
    refused("ssl_assert_fingerprint", pin(&PIN.replace("a5", "é")));
    refused("ssl_assert_fingerprint", pin(&PIN.replace("a5", "\u{ff21}5")));
    assert!(pin(PIN).build().is_ok());
}

#[test]
fn a_fingerprint_that_would_not_be_looked_at() {
    let pinned = |node: &str| Transport::builder().node(node).ssl_assert_fingerprint(PIN);
    refused("ssl_assert_fingerprint", pinned("http://localhost:9200"));
    refused("ssl_assert_fingerprint", pinned("https://a").node("http://b"));
    refused("ssl_assert_fingerprint", pinned("https://a").verify_certs(false));
    refused("ssl_assert_fingerprint", pinned("https://a").ca_certs(ca_pem()));
}

#[test]
fn settings_that_a_connector_of_ones_own_would_not_look_at() {
    let own = || {
        let connector = service_fn(|_: http::Uri| async {
            Err::<hyper_util::rt::TokioIo<tokio::net::TcpStream>, _>(std::io::Error::other("none"))
        });
        https().connector(connector)
    };
    assert!(own().build().is_ok());
    refused("ssl_assert_fingerprint", own().ssl_assert_fingerprint(PIN));
    refused("ca_certs", own().ca_certs(ca_pem()));
    refused("client_cert", own().client_cert("a", "b"));
    refused("verify_certs", own().verify_certs(false));
    refused("ssl_assert_hostname", own().ssl_assert_hostname(false));
    refused("min_tls_version", own().min_tls_version(MinTlsVersion::Tls13));
    refused("connect_timeout", own().connect_timeout(Duration::from_secs(1)));
    refused("tcp_keepalive", own().tcp_keepalive(None));
    refused("proxy", own().proxy("http://user:s3cr3t@proxy:3128"));

    let service = service_fn(|_: http::Request<Body>| async {
        Ok::<_, std::convert::Infallible>(http::Response::new(http_body_util::Empty::new()))
    });
    refused("ssl_assert_fingerprint", https().ssl_assert_fingerprint(PIN).http_service(service));
}

#[test]
fn a_ca_file_that_cannot_be_used() {
    let ca = |path: &str| https().ca_certs(path);
    let message = refused("ca_certs", ca("no/such/http_ca.crt"));
    assert!(message.contains("no/such/http_ca.crt"), "{message}");
    refused("ca_certs", ca(""));
    refused("ca_certs", https().ca_certs(PathBuf::from(".")));
    for content in [
        "",
        " \r\n\t",
        "not PEM",
        "-----BEGIN CERTIFICATE-----\nnot base64!\n-----END CERTIFICATE-----\n",
        "-----BEGIN CERTIFICATE-----\nMIIB\n",
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
        &key_pem(),
    ] {
        let file = Temporary::new(content);
        let message = refused("ca_certs", https().ca_certs(file.0.as_path()));
        assert!(message.contains(&*file.0.to_string_lossy()), "{message}");
        refused("ca_certs", https().ca_certs(content.as_bytes().to_vec()));
    }
    // One that can be used does not make up for another that cannot.
    refused("ca_certs", https().ca_certs(ca_pem()).ca_certs("no/such/file"));
    assert!(https().ca_certs(ca_pem()).build().is_ok());
}

#[test]
fn a_ca_outside_of_its_dates() {
    for years in [(1990, 2000), (2990, 3000)] {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        params.not_before = date_time_ymd(years.0, 1, 1);
        params.not_after = date_time_ymd(years.1, 1, 1);
        let pem = params.self_signed(&key).unwrap().pem();
        refused("ca_certs", https().ca_certs(pem.into_bytes()));
    }
}

#[test]
fn a_client_certificate_that_cannot_be_used() {
    let (certificate, key) = client();
    let (_, other) = client();
    let given = |certificate: &str, key: &str| {
        https().client_cert(certificate.as_bytes().to_vec(), key.as_bytes().to_vec())
    };
    assert!(given(&certificate, &key).build().is_ok());
    let message = refused("client_cert", given(&certificate, &other));
    assert!(message.contains("does not belong"), "{message}");
    refused("client_cert", given("", &key));
    refused("client_cert", given(&certificate, ""));
    refused("client_cert", given(&key, &certificate));
    refused("client_cert", https().client_cert("no/such.crt", "no/such.key"));
    // A key that is broken is shown by nothing.
    let line = key.lines().nth(1).unwrap();
    let broken = key.replace(line, "s3cr3t!");
    refused("client_cert", given(&certificate, &broken));
    let error = given(&certificate, &key.replace("END PRIVATE", "END")).build().unwrap_err();
    assert!(!shown(&error).contains(line), "{error:?}");
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
    let builder = Transport::builder().node("s3cr3t").api_key("").ssl_assert_fingerprint("");
    refused("nodes", builder);
}

fn ca_pem() -> Vec<u8> {
    CertificateAuthority::new("CA").unwrap().pem().as_bytes().to_vec()
}

fn key_pem() -> String {
    KeyPair::generate().unwrap().serialize_pem()
}

/// A certificate and its key.
fn client() -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["client".to_owned()]).unwrap();
    (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
}

/// A file that goes away with the test.
struct Temporary(PathBuf);

impl Temporary {
    fn new(content: &str) -> Self {
        static COUNT: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let name = format!("es-transport-bad-settings-{}-{number}.pem", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::File::create(&path).unwrap().write_all(content.as_bytes()).unwrap();
        Self(path)
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}
