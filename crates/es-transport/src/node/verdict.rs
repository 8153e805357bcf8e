//! What the end of an attempt says about its node: the one place that knows.

use http::StatusCode;

use crate::error::Error;

/// What the end of an attempt says about its node.
///
/// | end of the attempt | verdict |
/// |---|---|
/// | 502, 503, 504 | [`Failed`](Self::Failed) |
/// | no connection, TLS, the connection broke | [`Failed`](Self::Failed) |
/// | the time of the attempt or of the request was over | [`Doubtful`](Self::Doubtful) |
/// | an unknown error of a foreign service | [`Doubtful`](Self::Doubtful) |
/// | 429, 500, 501 and 505 or above | [`Burdened`](Self::Burdened) |
/// | any other status | [`Alive`](Self::Alive) |
/// | the future was dropped; the request or its answer cannot be used | [`Unknown`](Self::Unknown) |
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Verdict {
    /// The node answered; how long it took counts for its latency.
    Alive,
    /// The node lives but did not do the work; an answer of this kind comes
    /// fast, so it does not count for the latency.
    Burdened,
    /// The node cannot be used now.
    Failed,
    /// Weak evidence against the node: it takes several in a row.
    Doubtful,
    /// Nothing.
    Unknown,
}

impl Verdict {
    /// What a status says about the node that answered with it.
    pub fn of_status(status: StatusCode) -> Self {
        match status.as_u16() {
            502..=504 => Self::Failed,
            429 | 500.. => Self::Burdened,
            _ => Self::Alive,
        }
    }

    /// What an error says about the node that was asked.
    pub fn of_error(error: &Error) -> Self {
        if error.is_connect() || error.is_tls() || error.is_io() {
            Self::Failed
        } else if error.is_timeout() || error.is_foreign() {
            Self::Doubtful
        } else {
            Self::Unknown
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::error::TimeoutPhase;

    #[test]
    fn only_gateway_statuses_kill() {
        let of = |code| Verdict::of_status(StatusCode::from_u16(code).unwrap());
        for code in [502, 503, 504] {
            assert_eq!(of(code), Verdict::Failed);
        }
        for code in [429, 500, 501, 505, 599] {
            assert_eq!(of(code), Verdict::Burdened);
        }
        for code in [200, 302, 400, 401, 403, 404, 408, 409, 413] {
            assert_eq!(of(code), Verdict::Alive);
        }
    }

    #[test]
    fn errors_of_the_connection_kill_and_timeouts_raise_doubt() {
        let timeout = |phase| Verdict::of_error(&Error::timeout(phase, Duration::ZERO));
        for error in [Error::connect_message("x"), Error::tls_message("x"), Error::io_message("x")]
        {
            assert_eq!(Verdict::of_error(&error), Verdict::Failed);
        }
        assert_eq!(timeout(TimeoutPhase::Connect), Verdict::Failed);
        for phase in [TimeoutPhase::Attempt, TimeoutPhase::Total, TimeoutPhase::Read] {
            assert_eq!(timeout(phase), Verdict::Doubtful);
        }
        let foreign = Error::from_service("a rate limiter said no");
        assert_eq!(Verdict::of_error(&foreign), Verdict::Doubtful);
        for error in [Error::request("x"), Error::body("x"), Error::credentials("x")] {
            assert_eq!(Verdict::of_error(&error), Verdict::Unknown);
        }
    }
}
