//! Messages of errors: their own level only.

use std::fmt;

use super::{Error, TimeoutPhase, kind::Kind};

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.kind.fmt(f)?;
        if let Some(node) = &self.0.node {
            write!(f, " (node {node}")?;
            match self.0.attempts.len() {
                0 | 1 => f.write_str(")"),
                n => write!(f, ", after {n} attempts)"),
            }?;
        }
        Ok(())
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let optional = |f: &mut fmt::Formatter<'_>, text: &str, more: &Option<Box<str>>| match more
        {
            Some(more) => write!(f, "{text}: {more}"),
            None => f.write_str(text),
        };
        match self {
            Self::Config { setting, message } => write!(f, "`{setting}`: {message}"),
            Self::Request(message) => write!(f, "the request cannot be sent: {message}"),
            Self::Connect(more) => optional(f, "cannot connect", more),
            Self::Tls(more) => optional(f, "the TLS handshake failed", more),
            Self::Timeout {
                phase,
                after: Some(after),
            } => write!(f, "no {phase} within {after:?}"),
            Self::Timeout { phase, after: None } => write!(f, "no {phase} in time"),
            Self::Io(more) => optional(f, "the connection broke", more),
            Self::Body(message) => write!(f, "the response cannot be used: {message}"),
            Self::Redirect { status, location } => match location {
                Some(location) => {
                    write!(
                        f,
                        "redirects are not followed: status {status} to {location}"
                    )
                }
                None => write!(
                    f,
                    "redirects are not followed: status {status} without a location"
                ),
            },
            Self::UnsupportedProduct(message) => {
                write!(f, "the server is not known to be Elasticsearch: {message}")
            }
            Self::MediaType(message) => write!(f, "the media type was refused: {message}"),
            Self::Credentials(message) => write!(f, "no credentials: {message}"),
            Self::Sniff(message) => write!(f, "sniffing failed: {message}"),
            Self::NoNodes => f.write_str("no node can take the request"),
            Self::Closed => f.write_str("the transport is closed"),
            Self::Rejected => f.write_str("a layer rejected the request"),
            Self::Service => f.write_str("a service of the stack failed"),
        }
    }
}

impl fmt::Display for TimeoutPhase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connect => "connection",
            Self::Acquire => "connection from the pool",
            Self::Attempt => "response to the attempt",
            Self::Total => "response to the request with all its attempts",
            Self::Read => "further part of the response",
        })
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Error");
        debug.field("kind", &self.0.kind);
        if let Some(source) = &self.0.source {
            debug.field("source", source);
        }
        if let Some(node) = &self.0.node {
            debug.field("node", node);
        }
        if !self.0.attempts.is_empty() {
            debug.field("attempts", &self.0.attempts);
        }
        debug.finish_non_exhaustive()
    }
}
