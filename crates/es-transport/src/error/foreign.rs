//! Errors of other crates, recognized anywhere in a chain of sources.

use std::{error::Error as StdError, io::ErrorKind};

use http_body_util::LengthLimitError;
use tower::{load_shed::error::Overloaded, timeout::error::Elapsed};

use super::{BoxError, Error, TimeoutPhase, find, kind::Kind};

pub(super) fn convert(error: BoxError) -> Error {
    let chain: &(dyn StdError + 'static) = error.as_ref();

    // Another layer wrapped one of ours.
    if let Some(ours) = find::<Error>(chain) {
        let mut copy = Error::new(ours.0.kind.clone());
        copy.0.is_not_sent = ours.0.is_not_sent;
        copy.0.class = ours.0.class;
        copy.0.node.clone_from(&ours.0.node);
        return copy.with_source(error);
    }
    if find::<Overloaded>(chain).is_some() {
        return Error::rejected(error);
    }
    if is_timeout(chain) {
        return Error::timeout(TimeoutPhase::Attempt, None).with_source(error);
    }
    if find::<LengthLimitError>(chain).is_some() {
        return Error::body("it is longer than a layer allows").with_source(error);
    }
    if find::<rustls::Error>(chain).is_some_and(is_of_handshake) {
        return Error::tls(error);
    }
    if is_unreadable(chain) {
        return Error::body("it is not valid HTTP, or its compression is broken")
            .with_source(error);
    }
    if let Some(http) = find::<hyper::Error>(chain) {
        return hyper(http, false).with_source(error);
    }
    match find::<std::io::Error>(chain).map(std::io::Error::kind) {
        // Only these end nothing but a connect: an open connection whose route is lost
        // ends as unreachable too, with the request perhaps applied.
        Some(ErrorKind::ConnectionRefused | ErrorKind::AddrNotAvailable) => Error::connect(error),
        Some(_) => Error::io(error),
        None => Error::service(error),
    }
}

/// Whether what was read of a response makes no sense: chunks of hyper, frames of a decoder.
/// rustls says so of records, which is a broken connection.
pub(crate) fn is_unreadable(chain: &(dyn StdError + 'static)) -> bool {
    let kind = find::<std::io::Error>(chain).map(std::io::Error::kind);
    matches!(kind, Some(ErrorKind::InvalidData | ErrorKind::InvalidInput))
        && find::<rustls::Error>(chain).is_none()
}

/// Whether the chain has an error of a time limit, of tokio, tower or tower-http.
fn is_timeout(chain: &(dyn StdError + 'static)) -> bool {
    /// tower-http's error for a body. It is recognized by its message, in every version of
    /// tower-http that has it: its type would be that of one version only, which all users
    /// would have to compile.
    const OF_BODY: &str = "data was not received within the designated timeout";

    find::<Elapsed>(chain).is_some()
        || find::<tokio::time::error::Elapsed>(chain).is_some()
        || std::iter::successors(Some(chain), |&error| error.source())
            .any(|error| error.to_string() == OF_BODY)
}

/// Whether the error ends a handshake, so that nothing was sent.
fn is_of_handshake(error: &rustls::Error) -> bool {
    matches!(
        error,
        rustls::Error::InvalidCertificate(_)
            | rustls::Error::NoCertificatesPresented
            | rustls::Error::NoApplicationProtocol
            | rustls::Error::PeerIncompatible(_)
    )
}

const NOT_HTTP: &str = "what came is not an HTTP response";
const PLAIN_NOT_HTTP: &str = "what came is not an HTTP response; is it an https node?";
const CLOSED: &str = "it was closed before the response's head was complete";
const PLAIN_CLOSED: &str =
    "it was closed before the response's head was complete; is it an https node?";

/// Returns the error of an exchange that hyper ended, without its source. A server that
/// `may_want_tls` sends an alert as the first response of a plain connection, or closes it.
pub(crate) fn hyper(error: &hyper::Error, may_want_tls: bool) -> Error {
    if is_of_request_body(error) {
        Error::request_body()
    } else if let Some(reason) = refusal(error) {
        Error::body(reason)
    } else if error.is_parse() {
        Error::io_message(if may_want_tls {
            PLAIN_NOT_HTTP
        } else {
            NOT_HTTP
        })
    } else if error.is_incomplete_message() {
        Error::io_message(if may_want_tls { PLAIN_CLOSED } else { CLOSED })
    } else if error.is_timeout() {
        // The only time limit that hyper itself has in a client.
        Error::io_message("it did not respond to a ping (`keep_alive_timeout`)")
    } else if error.is_canceled() || is_refused_stream(error) {
        Error::io_message("it was closed before the request was sent").not_sent()
    } else if is_of_driver(error) {
        Error::io_message("the task or the runtime that drives it ended")
    } else if error.is_user() {
        Error::request("hyper refuses it")
    } else {
        Error::new(Kind::Io(None))
    }
}

/// Whether the body of the request failed or ended too early, which says nothing about the
/// node.
fn is_of_request_body(error: &hyper::Error) -> bool {
    // hyper has a question for the second case only.
    error.is_body_write_aborted()
        || (error.is_user() && error.to_string().contains("user's Body stream"))
}

/// Whether the connection was dropped while a response was expected, which hyper calls a
/// mistake of its user. The request may have arrived.
fn is_of_driver(error: &hyper::Error) -> bool {
    error.is_user() && error.to_string().contains("dispatch task is gone")
}

/// Whether hyper refuses the head of a response because of its size or its number of lines.
pub(crate) fn is_too_large(error: &hyper::Error) -> bool {
    // hyper's own question needs its feature `server`.
    error.is_parse() && error.to_string().contains("too large")
}

/// Returns why the client refuses a response that is HTTP: no other node would send a better
/// one, and the request was carried out. hyper tells these apart by their words only.
fn refusal(error: &hyper::Error) -> Option<&'static str> {
    if is_too_large(error) {
        return Some("its headers are larger than `max_header_size` or more than `max_headers`");
    }
    if !error.is_parse() {
        return None;
    }
    let words = error.to_string();
    if words.contains("content-length") {
        Some("its `content-length` is not valid")
    } else if words.contains("transfer-encoding") {
        Some("its `transfer-encoding` is not valid")
    } else if words.contains("header") {
        Some("a header is not valid")
    } else {
        None
    }
}

/// Whether an HTTP/2 server says that it did not process the request: by GOAWAY with a lower
/// stream, or by `REFUSED_STREAM` (RFC 9113, section 8.7).
#[cfg(feature = "http2")]
fn is_refused_stream(error: &hyper::Error) -> bool {
    find::<h2::Error>(error).is_some_and(|error| {
        error.is_remote()
            && (error.is_go_away() || error.reason() == Some(h2::Reason::REFUSED_STREAM))
    })
}

#[cfg(not(feature = "http2"))]
fn is_refused_stream(_: &hyper::Error) -> bool {
    false
}
