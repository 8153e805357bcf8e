//! The outcome of an attempt for its node.

use std::io;

use http::StatusCode;

use crate::error::{self, Error};

/// The outcome of an attempt for its node.
///
/// | end of the attempt | outcome |
/// |---|---|
/// | 502, 503, 504 | [`Failed`](Self::Failed) |
/// | the connect, the TLS handshake or an open connection failed | [`Failed`](Self::Failed) |
/// | the attempt or the request timed out | [`Suspect`](Self::Suspect) |
/// | 429 | [`Overloaded`](Self::Overloaded) |
/// | 500, 501 and 505 or above | [`ServerError`](Self::ServerError) |
/// | any other status | [`Healthy`](Self::Healthy) |
/// | the request was not sent because this process has no free file descriptor | [`Unknown`](Self::Unknown) |
/// | a service or a layer of the stack failed in another way | [`Unknown`](Self::Unknown) |
/// | the future was dropped; the request or its response cannot be used | [`Unknown`](Self::Unknown) |
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NodeOutcome {
    /// The node responded. The duration is included in its latency.
    Healthy,
    /// The node is alive but refused the request. Such responses are fast, so they are
    /// not included in the latency.
    Overloaded,
    /// The node is alive but failed to process the request. As with
    /// [`Overloaded`](Self::Overloaded), the duration is not included in the latency.
    ///
    /// With [`Ejection`](super::Ejection), nodes that fail in this way more often than
    /// the others are ejected.
    ServerError,
    /// A strike against the node: several in a row mark it as dead.
    Suspect,
    /// The node cannot be used: it is marked as dead.
    Failed,
    /// The attempt does not affect the health of the node.
    Unknown,
}

impl NodeOutcome {
    /// Returns the outcome of an attempt that ended with the status of a response, or
    /// with an error.
    pub fn of(result: Result<StatusCode, &Error>) -> Self {
        match result {
            Ok(status) => Self::of_status(status),
            Err(error) => Self::of_error(error),
        }
    }

    /// Returns the outcome of an attempt that ended with this status.
    ///
    /// ```
    /// use es_transport::node::NodeOutcome;
    /// use http::StatusCode;
    ///
    /// let unavailable = NodeOutcome::of_status(StatusCode::SERVICE_UNAVAILABLE);
    /// assert_eq!(unavailable, NodeOutcome::Failed);
    /// assert_eq!(NodeOutcome::of_status(StatusCode::NOT_FOUND), NodeOutcome::Healthy);
    /// ```
    pub fn of_status(status: StatusCode) -> Self {
        match status.as_u16() {
            502..=504 => Self::Failed,
            429 => Self::Overloaded,
            500.. => Self::ServerError,
            _ => Self::Healthy,
        }
    }

    /// Returns the outcome of an attempt that ended with this error.
    ///
    /// Only connect, TLS and I/O errors and timeouts affect the health of the node.
    pub fn of_error(error: &Error) -> Self {
        if error.is_connect() || error.is_tls() || error.is_io() {
            if is_ours(error) {
                Self::Unknown
            } else {
                Self::Failed
            }
        } else if error.is_timeout() {
            Self::Suspect
        } else {
            Self::Unknown
        }
    }
}

/// Whether this process lacks what a connection needs: every node would fail alike.
fn is_ours(error: &Error) -> bool {
    /// `ENFILE` and `EMFILE`: the system or the process has too many open files.
    const TOO_MANY_FILES: [i32; 2] = [23, 24];
    let code = error::find::<io::Error>(error).and_then(io::Error::raw_os_error);
    cfg!(unix) && code.is_some_and(|code| TOO_MANY_FILES.contains(&code))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::error::TimeoutPhase;

    #[test]
    fn only_gateway_statuses_fail() {
        let of = |code| NodeOutcome::of_status(StatusCode::from_u16(code).unwrap());
        for code in [502, 503, 504] {
            assert_eq!(of(code), NodeOutcome::Failed);
        }
        assert_eq!(of(429), NodeOutcome::Overloaded);
        for code in [500, 501, 505, 599] {
            assert_eq!(of(code), NodeOutcome::ServerError);
        }
        for code in [200, 302, 400, 401, 403, 404, 408, 409, 413] {
            assert_eq!(of(code), NodeOutcome::Healthy);
        }
    }

    #[test]
    fn connections_fail_and_timeouts_are_suspect() {
        let timeout = |phase| NodeOutcome::of_error(&Error::timeout(phase, Duration::ZERO));
        for error in [
            Error::connect_message("x"),
            Error::tls_message("x"),
            Error::io_message("x"),
        ] {
            assert_eq!(NodeOutcome::of_error(&error), NodeOutcome::Failed);
        }
        assert_eq!(timeout(TimeoutPhase::Connect), NodeOutcome::Failed);
        for phase in [
            TimeoutPhase::Attempt,
            TimeoutPhase::Total,
            TimeoutPhase::Read,
        ] {
            assert_eq!(timeout(phase), NodeOutcome::Suspect);
        }
    }

    #[test]
    fn what_is_not_the_nodes_fault_says_nothing() {
        let foreign = Error::from_service("a rate limiter said no");
        for error in [
            foreign,
            Error::request("x"),
            Error::body("x"),
            Error::credentials("x"),
            Error::closed(),
        ] {
            assert_eq!(
                NodeOutcome::of_error(&error),
                NodeOutcome::Unknown,
                "{error}"
            );
        }
    }

    #[cfg(unix)]
    #[test]
    fn too_many_open_files_say_nothing() {
        let error = Error::connect(io::Error::from_raw_os_error(24));
        assert_eq!(NodeOutcome::of_error(&error), NodeOutcome::Unknown);
    }
}
