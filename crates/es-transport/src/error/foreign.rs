//! Errors of other crates, recognised wherever they stand in a chain of sources.

use std::{error::Error as StdError, io::ErrorKind};

use tower::{load_shed::error::Overloaded, timeout::error::Elapsed};

use super::{BoxError, Error, TimeoutPhase, find};

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
    if find::<Elapsed>(chain).is_some() || find::<tokio::time::error::Elapsed>(chain).is_some() {
        return Error::timeout(TimeoutPhase::Attempt, None).with_source(error);
    }
    // Only a handshake rejects a certificate.
    if let Some(rustls::Error::InvalidCertificate(_)) = find(chain) {
        return Error::tls(error);
    }
    if let Some(http) = find::<hyper::Error>(chain) {
        return hyper(http)(error);
    }
    match find::<std::io::Error>(chain).map(std::io::Error::kind) {
        // Only these end nothing but a connect: an open connection whose route is lost
        // ends as unreachable too, with the request perhaps applied.
        Some(ErrorKind::ConnectionRefused | ErrorKind::AddrNotAvailable) => Error::connect(error),
        Some(_) => Error::io(error),
        None => Error::service(error),
    }
}

fn hyper(error: &hyper::Error) -> fn(BoxError) -> Error {
    if error.is_timeout() {
        |error| Error::timeout(TimeoutPhase::Attempt, None).with_source(error)
    } else if error.is_parse() {
        |error| Error::body("it is not valid HTTP").with_source(error)
    } else if error.is_user() {
        Error::service
    } else {
        |error| Error::io(error)
    }
}
