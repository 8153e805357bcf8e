//! Whether a certificate is within its dates.

use rustls::{
    CertificateError, Error as TlsError, RootCertStore,
    client::verify_server_cert_signed_by_trust_anchor,
    crypto::WebPkiSupportedAlgorithms,
    pki_types::{CertificateDer, UnixTime},
    server::ParsedCertificate,
};

/// Checks the dates of a certificate that is to be a trust anchor: path
/// validation takes anchors as they are and does not look at theirs.
///
/// The check asks for a path from the certificate to nowhere, which fails in
/// any case, but on the dates first (RFC 5280, 6.1.3 (a) (2), is the first thing
/// that webpki looks at). No signature is verified for it.
pub(super) fn check(
    certificate: &CertificateDer<'_>,
    now: UnixTime,
    algorithms: &WebPkiSupportedAlgorithms,
) -> Result<(), TlsError> {
    let parsed = ParsedCertificate::try_from(certificate)?;
    let nowhere = RootCertStore::empty();
    match verify_server_cert_signed_by_trust_anchor(&parsed, &nowhere, &[], now, algorithms.all) {
        Err(error) if is_about_dates(&error) => Err(error),
        _ => Ok(()),
    }
}

/// Whether the certificate is expired or not yet valid.
pub(super) fn is_about_dates(error: &TlsError) -> bool {
    matches!(
        error,
        TlsError::InvalidCertificate(
            CertificateError::Expired
                | CertificateError::ExpiredContext { .. }
                | CertificateError::NotValidYet
                | CertificateError::NotValidYetContext { .. }
        )
    )
}
