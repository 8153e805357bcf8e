//! Errors of connections, in this crate's words.

use std::io;

use http::{StatusCode, Uri};
use rustls::{AlertDescription, CertificateError, InvalidMessage};

use super::{proxy, validity, verifier::PinError};
use crate::error::{self, BoxError, Error, find};

/// A connection that could not be opened. Errors that are this crate's already
/// are kept.
pub(super) fn connect(target: &Uri, error: BoxError) -> Error {
    if error.is::<Error>() {
        return Error::from_service(error);
    }
    if let Some(tls) = find::<rustls::Error>(error.as_ref()) {
        return handshake(tls);
    }
    let address = target
        .authority()
        .map_or("", |authority| authority.as_str());
    Error::connect_message(address).with_source(error)
}

fn handshake(error: &rustls::Error) -> Error {
    if let rustls::Error::InvalidCertificate(CertificateError::Other(other)) = error
        && let Some(pin) = other.0.downcast_ref::<PinError>()
    {
        return Error::tls_message("`ssl_assert_fingerprint` does not accept the server")
            .with_source(pin.clone());
    }
    match hint(error) {
        Some(hint) => Error::tls_message(hint).with_source(error.clone()),
        None => Error::tls(error.clone()),
    }
}

/// Returns a hint at the setting to change.
fn hint(error: &rustls::Error) -> Option<&'static str> {
    match error {
        rustls::Error::InvalidCertificate(_) if validity::is_about_dates(error) => {
            Some("the server's certificate is not within its dates")
        }
        rustls::Error::InvalidCertificate(certificate) => certificate_hint(certificate),
        rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType) => {
            Some("the server does not speak TLS; is it an http node?")
        }
        rustls::Error::PeerIncompatible(_) => Some(NOTHING_IN_COMMON),
        rustls::Error::AlertReceived(alert) => alert_hint(*alert),
        _ => None,
    }
}

fn certificate_hint(error: &CertificateError) -> Option<&'static str> {
    match error {
        CertificateError::UnknownIssuer => {
            Some("no trusted CA issued the server's certificate (see `ca_certs`)")
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            Some("the server's certificate is for another name (see `ssl_assert_hostname`)")
        }
        CertificateError::UnsupportedSignatureAlgorithmContext { .. }
        | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => Some(
            "the crypto provider cannot verify the signature of the server's certificate (`ring` does not support P-521; see the feature `aws-lc-rs`)",
        ),
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            Some("the server's certificate was not issued for servers (extended key usage)")
        }
        CertificateError::Revoked => Some("the server's certificate was revoked"),
        CertificateError::BadSignature => {
            Some("the server's certificate is not signed by the CA that it names")
        }
        // rustls has no error of its own for it.
        CertificateError::Other(other) if other.to_string().contains("CaUsedAsEndEntity") => Some(
            "the server's own certificate is a CA's; give it as `ca_certs`, or pin it by `ssl_assert_fingerprint`",
        ),
        _ => None,
    }
}

const NOTHING_IN_COMMON: &str = "the server and this client have no TLS version, cipher or kind of key in common (see `min_tls_version`; the crypto provider `ring` does not support P-521 keys, `aws-lc-rs` does)";

fn alert_hint(alert: AlertDescription) -> Option<&'static str> {
    match alert {
        AlertDescription::ProtocolVersion => {
            Some("the server does not speak this version of TLS (see `min_tls_version`)")
        }
        AlertDescription::NoApplicationProtocol => {
            Some("the server does not speak HTTP/1.1 over TLS (HTTP/2 needs the feature `http2`)")
        }
        AlertDescription::UnrecognisedName => Some("the server knows no host of this name"),
        // Servers send it for anything that they do not find acceptable.
        AlertDescription::HandshakeFailure => Some(
            "the server refused the handshake: it wants a certificate of the client (see `client_cert`), or has no cipher or kind of key in common with this client (the crypto provider `ring` does not support P-521 keys, `aws-lc-rs` does)",
        ),
        AlertDescription::InsufficientSecurity => Some(NOTHING_IN_COMMON),
        alert if is_refusal(alert) => Some("the server refused this client (see `client_cert`)"),
        _ => None,
    }
}

/// Alerts by which a server refuses a client's certificate, or its absence. With TLS 1.3 the
/// client's part is over by then, so that they arrive instead of the first response.
fn is_refusal(alert: AlertDescription) -> bool {
    matches!(
        alert,
        AlertDescription::CertificateRequired
            | AlertDescription::BadCertificate
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnknownCA
            | AlertDescription::AccessDenied
            | AlertDescription::HandshakeFailure
    )
}

/// Creates the error of a request that got no response on an open connection.
pub(super) fn exchange(error: hyper::Error, is_first_of_plain: bool) -> Error {
    if let Some(tls @ rustls::Error::AlertReceived(alert)) = find(&error)
        && is_refusal(*alert)
    {
        return handshake(tls);
    }
    error::hyper(&error, is_first_of_plain).with_source(error)
}

/// Creates the error of a response that cannot be read to its end.
pub(super) fn body(error: hyper::Error) -> Error {
    let is_of_io = find::<io::Error>(&error).is_some();
    let is_tls = find::<rustls::Error>(&error).is_some();
    if error.is_incomplete_message() || is_tls || (is_of_io && !error::is_unreadable(&error)) {
        Error::io_message("the response was cut off").with_source(error)
    } else {
        Error::body("its body is not valid HTTP").with_source(error)
    }
}

/// A forward proxy refused the request, which it did not pass on.
pub(super) fn proxy_refused(status: StatusCode) -> Error {
    Error::connect_message(format!("the proxy: {}", proxy::refusal(status.as_u16())))
}

/// Creates the error of a response with two lengths, after which its connection is useless.
pub(super) fn ambiguous() -> Error {
    Error::body("it has both a `content-length` and chunks")
}
