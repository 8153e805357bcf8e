//! What errors are asked.

use std::{sync::Arc, time::Duration};

use super::{Error, Kind, TimeoutPhase};
use crate::attempt::Attempt;

/// Questions.
impl Error {
    /// What kind of error it is, as a word from a short list, for spans and
    /// numbers; `_OTHER` is OpenTelemetry's word for what has no name.
    pub fn type_name(&self) -> &'static str {
        match self.0.kind {
            Kind::Config { .. } => "config",
            Kind::Request(_) => "request",
            Kind::Connect(_) => "connect",
            Kind::Tls(_) => "tls",
            Kind::Timeout { phase: TimeoutPhase::Connect, .. } => "timeout.connect",
            Kind::Timeout { phase: TimeoutPhase::Acquire, .. } => "timeout.acquire",
            Kind::Timeout { phase: TimeoutPhase::Attempt, .. } => "timeout.attempt",
            Kind::Timeout { phase: TimeoutPhase::Total, .. } => "timeout.total",
            Kind::Timeout { phase: TimeoutPhase::Read, .. } => "timeout.read",
            Kind::Io(_) => "io",
            Kind::Body(_) => "body",
            Kind::Redirect { .. } => "redirect",
            Kind::UnsupportedProduct(_) => "unsupported_product",
            Kind::MediaType(_) => "media_type",
            Kind::Credentials(_) => "credentials",
            Kind::Sniff(_) => "sniff",
            Kind::NoNodes => "no_nodes",
            Kind::Closed => "closed",
            Kind::Service => "_OTHER",
        }
    }

    /// A setting is wrong; the transport was not built.
    pub fn is_config(&self) -> bool {
        matches!(self.0.kind, Kind::Config { .. })
    }

    /// The name of the setting that is wrong.
    pub fn setting(&self) -> Option<&'static str> {
        match self.0.kind {
            Kind::Config { setting, .. } => Some(setting),
            _ => None,
        }
    }

    /// The request itself cannot be sent.
    pub fn is_request(&self) -> bool {
        matches!(self.0.kind, Kind::Request(_))
    }

    /// No connection could be opened (refused, unreachable, name not found).
    pub fn is_connect(&self) -> bool {
        matches!(self.0.kind, Kind::Connect(_) | Kind::Timeout { phase: TimeoutPhase::Connect, .. })
    }

    /// The TLS handshake failed: certificate, name, fingerprint or protocol.
    pub fn is_tls(&self) -> bool {
        matches!(self.0.kind, Kind::Tls(_))
    }

    /// The time was over; [`Error::timeout_phase`] says which.
    pub fn is_timeout(&self) -> bool {
        self.timeout_phase().is_some()
    }

    /// Which time was over.
    pub fn timeout_phase(&self) -> Option<TimeoutPhase> {
        match self.0.kind {
            Kind::Timeout { phase, .. } => Some(phase),
            _ => None,
        }
    }

    /// How long was waited before the time was over.
    pub fn timeout_after(&self) -> Option<Duration> {
        match self.0.kind {
            Kind::Timeout { after, .. } => Some(after),
            _ => None,
        }
    }

    /// The connection broke, or what came is not HTTP.
    pub fn is_io(&self) -> bool {
        matches!(self.0.kind, Kind::Io(_))
    }

    /// The answer came but cannot be read (compression, size).
    pub fn is_body(&self) -> bool {
        matches!(self.0.kind, Kind::Body(_))
    }

    /// The server answered with a redirect, which is never followed.
    pub fn is_redirect(&self) -> bool {
        matches!(self.0.kind, Kind::Redirect { .. })
    }

    /// The server does not prove to be Elasticsearch.
    pub fn is_unsupported_product(&self) -> bool {
        matches!(self.0.kind, Kind::UnsupportedProduct(_))
    }

    /// The server refused the media type of compatibility mode.
    pub fn is_media_type(&self) -> bool {
        matches!(self.0.kind, Kind::MediaType(_))
    }

    /// A credentials provider failed.
    pub fn is_credentials(&self) -> bool {
        matches!(self.0.kind, Kind::Credentials(_))
    }

    /// Sniffing failed.
    pub fn is_sniff(&self) -> bool {
        matches!(self.0.kind, Kind::Sniff(_))
    }

    /// The pool had no node to send the request to.
    pub fn is_no_nodes(&self) -> bool {
        matches!(self.0.kind, Kind::NoNodes)
    }

    /// A foreign service or layer of the stack failed, and nothing more is known.
    pub fn is_foreign(&self) -> bool {
        matches!(self.0.kind, Kind::Service)
    }

    /// The transport was closed.
    pub fn is_closed(&self) -> bool {
        matches!(self.0.kind, Kind::Closed)
    }

    /// No byte of the request was taken by a server: sending it again cannot
    /// do its work twice.
    pub fn is_unsent(&self) -> bool {
        self.0.unsent
    }

    /// The pool had another live node that this request did not try.
    pub fn has_untried(&self) -> bool {
        self.0.untried
    }

    /// The node of the last attempt: its URL, without user info.
    pub fn node(&self) -> Option<&Arc<str>> {
        self.0.node.as_ref()
    }

    /// Every attempt that was made for the request, in order.
    pub fn attempts(&self) -> &[Attempt] {
        &self.0.attempts
    }
}
