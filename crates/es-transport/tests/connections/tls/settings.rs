//! Settings that cannot be used are an error that names them.

use std::path::PathBuf;

use es_transport::connect::TlsSettings;

use crate::tls::connect_support::{
    ca::{Ca, EXPIRED, FUTURE},
    chain,
};

/// The setting that is at fault, and the whole message.
fn refused(settings: TlsSettings) -> (&'static str, String) {
    let error = settings.build().unwrap_err();
    assert!(error.is_config());
    (error.setting().unwrap(), chain(&error))
}

/// A file of this test run with this content.
fn file(name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, content).unwrap();
    path
}

#[test]
fn a_ca_file_that_is_of_no_use() {
    let key = Ca::new("ca").leaf().pem().1;
    let outdated = [("expired", EXPIRED), ("not valid yet", FUTURE)];
    let mut cases = vec![
        (PathBuf::from("no/such/http_ca.crt"), "cannot read"),
        (file("empty.crt", " \n"), "is empty"),
        (file("text.crt", "not a certificate"), "no certificate"),
        (file("key.crt", key), "no certificate"),
        (
            file(
                "broken.crt",
                "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n",
            ),
            "PEM",
        ),
        (
            file(
                "odd.crt",
                "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            ),
            "cannot be read",
        ),
    ];
    for (said, days) in outdated {
        let path = file(&format!("{said}.crt"), Ca::with_days("ca", days).pem());
        cases.push((path, "within its dates"));
    }
    for (path, said) in cases {
        let (setting, words) = refused(TlsSettings::new().ca_certs(path.as_path()));
        assert_eq!(setting, "ca_certs");
        assert!(
            words.contains(said) && words.contains(path.to_str().unwrap()),
            "{words}"
        );
    }
}

#[test]
fn pem_is_text_path_or_bytes() {
    let ca = Ca::new("ca").pem();
    let text = String::from_utf8(ca.clone()).unwrap();
    let path = file("forms.crt", &ca);
    let path_text = path.to_str().unwrap().to_owned();
    for tls in [
        TlsSettings::new().ca_certs(&*text),
        TlsSettings::new().ca_certs(&text),
        TlsSettings::new().ca_certs(text.clone()),
        TlsSettings::new().ca_certs(format!("\u{feff}\r\n {text}")),
        TlsSettings::new().ca_certs(&*ca),
        TlsSettings::new().ca_certs(ca),
        TlsSettings::new().ca_certs(&path),
        TlsSettings::new().ca_certs(path.as_path()),
        TlsSettings::new().ca_certs(path.clone()),
        TlsSettings::new().ca_certs(&path_text),
        TlsSettings::new().ca_certs(path_text),
    ] {
        tls.build().unwrap();
    }
}

#[test]
fn lost_line_feeds_are_named() {
    let (certificate, key) = Ca::new("clients").leaf().pem();
    let one_line = String::from_utf8(key).unwrap().replace('\n', "");
    let (setting, words) = refused(TlsSettings::new().client_cert(certificate, one_line));
    assert_eq!(setting, "client_cert");
    assert!(words.contains("line feeds are lost"), "{words}");
}

#[test]
fn one_good_certificate_of_a_file_is_enough() {
    let mut bundle = Ca::with_days("old", EXPIRED).pem();
    bundle.extend(Ca::new("new").pem());
    TlsSettings::new().ca_certs(bundle).build().unwrap();
}

#[test]
fn a_client_key_that_does_not_match() {
    let ca = Ca::new("clients");
    let (certificate, key) = ca.leaf().pem();
    let (_, other_key) = ca.leaf().pem();
    TlsSettings::new()
        .client_cert(certificate.clone(), key)
        .build()
        .unwrap();

    let (setting, words) = refused(TlsSettings::new().client_cert(certificate.clone(), other_key));
    assert_eq!(setting, "client_cert");
    assert!(words.contains("does not belong"), "{words}");

    let (setting, words) =
        refused(TlsSettings::new().client_cert(certificate.clone(), certificate));
    assert_eq!(setting, "client_cert");
    assert!(words.contains("no private key"), "{words}");
}

#[test]
fn a_key_is_never_shown() {
    let (certificate, key) = Ca::new("clients").leaf().pem();
    let text = String::from_utf8(key.clone()).unwrap();
    let secret = text.lines().nth(1).unwrap();
    let settings = TlsSettings::new().client_cert(certificate.clone(), key);
    assert!(!format!("{settings:?}").contains(secret));
    let cut = text.replace("END PRIVATE KEY", "END").into_bytes();
    let (_, words) = refused(TlsSettings::new().client_cert(certificate, cut));
    assert!(!words.contains(secret), "{words}");
}

#[test]
fn a_pin_that_is_none_or_contradicts_other_settings() {
    let digest = Ca::new("ca").fingerprint();
    for settings in [
        TlsSettings::new().ssl_assert_fingerprint(&digest[2..]),
        TlsSettings::new().ssl_assert_fingerprint(digest.replace(&digest[..1], "x")),
        TlsSettings::new()
            .ssl_assert_fingerprint(&digest)
            .verify_certs(false),
        TlsSettings::new()
            .ssl_assert_fingerprint(&digest)
            .ca_certs(Ca::new("ca").pem()),
    ] {
        assert_eq!(refused(settings).0, "ssl_assert_fingerprint");
    }
    TlsSettings::new()
        .ssl_assert_fingerprint(&digest)
        .build()
        .unwrap();
}
