//! Fingerprints, certificates and keys.

use std::{io::Write, path::PathBuf, time::Duration};

use es_testkit::tls::CertificateAuthority;
use es_transport::{Body, Transport, connect::MinTlsVersion};
use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use tower::service_fn;

use crate::bad_settings::{cluster_support::shown, https, refused};

const PIN: &str = "a52dd93511e8c6045e21f16654b77c9ee0f34aea26d9f40320b531c474676228";

#[test]
fn a_fingerprint_that_is_none() {
    let pin = |pin: &str| https().ssl_assert_fingerprint(pin);
    refused("ssl_assert_fingerprint", pin(""));
    refused("ssl_assert_fingerprint", pin(&PIN[..40]));
    refused("ssl_assert_fingerprint", pin(&PIN[..63]));
    refused("ssl_assert_fingerprint", pin(&format!("{PIN}0")));
    refused("ssl_assert_fingerprint", pin(&PIN.replace('a', "g")));
    refused("ssl_assert_fingerprint", pin(&PIN.replace("a5", "é")));
    refused(
        "ssl_assert_fingerprint",
        pin(&PIN.replace("a5", "\u{ff21}5")),
    );
    assert!(pin(PIN).build().is_ok());
}

#[test]
fn a_fingerprint_that_would_not_be_looked_at() {
    let pinned = |node: &str| Transport::builder().node(node).ssl_assert_fingerprint(PIN);
    refused("ssl_assert_fingerprint", pinned("http://localhost:9200"));
    refused(
        "ssl_assert_fingerprint",
        pinned("https://a").node("http://b"),
    );
    refused(
        "ssl_assert_fingerprint",
        pinned("https://a").verify_certs(false),
    );
    refused(
        "ssl_assert_fingerprint",
        pinned("https://a").ca_certs(ca_pem()),
    );
}

#[test]
fn certificates_that_would_not_be_looked_at() {
    refused("ca_certs", https().ca_certs(ca_pem()).verify_certs(false));
    let plain = || Transport::builder().nodes(["http://a:9200", "http://b:9200"]);
    refused("ca_certs", plain().ca_certs(ca_pem()));
    refused("client_cert", plain().client_cert("a", "b"));
    refused("verify_certs", plain().verify_certs(false));
    // One https node is enough to need them.
    assert!(
        plain()
            .node("https://c:9200")
            .ca_certs(ca_pem())
            .build()
            .is_ok()
    );
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
    refused(
        "min_tls_version",
        own().min_tls_version(MinTlsVersion::Tls13),
    );
    refused(
        "connect_timeout",
        own().connect_timeout(Duration::from_secs(1)),
    );
    refused("tcp_keepalive", own().tcp_keepalive(None));
    refused("proxy", own().proxy("http://user:s3cr3t@proxy:3128"));

    let service = service_fn(|_: http::Request<Body>| async {
        Ok::<_, std::convert::Infallible>(http::Response::new(http_body_util::Empty::new()))
    });
    refused(
        "ssl_assert_fingerprint",
        https().ssl_assert_fingerprint(PIN).http_service(service),
    );
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
    refused(
        "ca_certs",
        https().ca_certs(ca_pem()).ca_certs("no/such/file"),
    );
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
    refused(
        "client_cert",
        https().client_cert("no/such.crt", "no/such.key"),
    );
    // A key that is broken is shown by nothing.
    let line = key.lines().nth(1).unwrap();
    let broken = key.replace(line, "s3cr3t!");
    refused("client_cert", given(&certificate, &broken));
    let error = given(&certificate, &key.replace("END PRIVATE", "END"))
        .build()
        .unwrap_err();
    assert!(!shown(&error).contains(line), "{error:?}");
}

fn ca_pem() -> Vec<u8> {
    CertificateAuthority::new("CA")
        .unwrap()
        .pem()
        .as_bytes()
        .to_vec()
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
        let name = format!(
            "es-transport-bad-settings-{}-{number}.pem",
            std::process::id()
        );
        let path = std::env::temp_dir().join(name);
        std::fs::File::create(&path)
            .unwrap()
            .write_all(content.as_bytes())
            .unwrap();
        Self(path)
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}
