//! The one error type of the crate.
//!
//! [`Error`] is opaque and one pointer wide. It is asked by questions
//! ([`Error::is_timeout`], [`Error::is_connect`], …), says its own level only
//! (what lies below is its [`source`](std::error::Error::source)), and tells
//! every attempt that was made ([`Error::attempts`]).

use std::{error::Error as StdError, sync::Arc, time::Duration};

use crate::attempt::Attempt;

mod ask;
mod make;
mod show;

/// A boxed error, as tower's middleware passes them.
pub type BoxError = Box<dyn StdError + Send + Sync + 'static>;

/// The result of everything in this crate that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a transport could not be built or a request got no answer.
///
/// An answer with an error status is *not* an error of the transport; it is
/// returned as an answer.
pub struct Error(Box<Inner>);

struct Inner {
    kind: Kind,
    source: Option<BoxError>,
    /// The node of the last attempt, without user info.
    node: Option<Arc<str>>,
    /// Whether no byte of the request was taken by a server.
    unsent: bool,
    /// Whether the pool has a live node that the request did not try yet.
    untried: bool,
    attempts: Vec<Attempt>,
}

#[derive(Debug)]
enum Kind {
    /// A setting, named, and what is wrong with it.
    Config {
        setting: &'static str,
        message: Box<str>,
    },
    /// A request that cannot be sent as it stands.
    Request(Box<str>),
    Connect(Option<Box<str>>),
    Tls(Option<Box<str>>),
    Timeout {
        phase: TimeoutPhase,
        after: Duration,
    },
    /// The connection broke, or what came is not HTTP.
    Io(Option<Box<str>>),
    /// An answer that came but cannot be read.
    Body(Box<str>),
    Redirect {
        status: u16,
        location: Option<Box<str>>,
    },
    UnsupportedProduct(Box<str>),
    MediaType(Box<str>),
    Credentials(Box<str>),
    Sniff(Box<str>),
    NoNodes,
    Closed,
    /// An error of a foreign service or layer in the stack.
    Service,
}

/// What was being waited for when the time was over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TimeoutPhase {
    /// Opening the TCP connection and the TLS handshake.
    Connect,
    /// A connection to the node: a free one or a new one.
    Acquire,
    /// One attempt: from the choice of the node to the end of its answer.
    Attempt,
    /// The whole request with all its attempts.
    Total,
    /// The next piece of an answer that is read as a stream.
    Read,
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_ref().map(|source| &**source as &(dyn StdError + 'static))
    }
}

/// The first error of type `T` in a chain of sources.
pub(crate) fn find<'a, T: StdError + 'static>(
    mut error: &'a (dyn StdError + 'static),
) -> Option<&'a T> {
    loop {
        if let Some(found) = error.downcast_ref::<T>() {
            return Some(found);
        }
        // An io::Error hides the error that it carries from `source()`.
        let inner = error
            .downcast_ref::<std::io::Error>()
            .and_then(std::io::Error::get_ref)
            .map(|e| e as &(dyn StdError + 'static));
        error = inner.or_else(|| error.source())?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_one_pointer_wide_and_can_cross_threads() {
        fn crosses<T: Send + Sync + 'static>() {}
        crosses::<Error>();
        assert_eq!(size_of::<Error>(), size_of::<usize>());
    }

    #[test]
    fn an_error_boxed_on_its_way_is_found_again() {
        let boxed: BoxError =
            Box::new(Error::timeout(TimeoutPhase::Attempt, Duration::from_secs(1)));
        assert!(Error::from_service(boxed).is_timeout());
    }

    #[test]
    fn a_foreign_refusal_counts_as_unsent() {
        let refused = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
        let error = Error::from_service(refused);
        assert!(error.is_connect() && error.is_unsent());
    }

    #[test]
    fn what_may_end_an_open_connection_does_not_count_as_unsent() {
        use std::io::ErrorKind::{ConnectionReset, HostUnreachable, NetworkUnreachable, TimedOut};
        for kind in [ConnectionReset, HostUnreachable, NetworkUnreachable, TimedOut] {
            let error = Error::from_service(std::io::Error::from(kind));
            assert!(error.is_io() && !error.is_unsent(), "{kind}");
        }
    }

    #[test]
    fn the_message_says_its_own_level_only() {
        let error = Error::connect(std::io::Error::other("below")).with_node("http://a:1".into());
        assert_eq!(error.to_string(), "cannot connect (node http://a:1)");
        assert_eq!(StdError::source(&error).map(ToString::to_string).as_deref(), Some("below"));
    }
}
