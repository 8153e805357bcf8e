//! The media types that a transport negotiated with its servers, shared by all clones.

use std::sync::Arc;

use arc_swap::ArcSwap;
use http::{Method, Request};

use super::{
    mode::CompatibilityMode,
    refusal::{self, Server},
    types::{self, Types},
};
use crate::{error::Error, options::RequestOptions};

#[derive(Debug)]
pub(super) struct Shared {
    /// The types to begin with.
    pub types: Types,
    pub negotiation: Option<Arc<Negotiation>>,
}

impl Shared {
    /// Writes the headers. Returns the major version if the mode's vendor types were written.
    pub fn write<B>(&self, request: &mut Request<B>, has_body: bool) -> Option<u8> {
        if let Some(media_type) = media_type(request) {
            types::write_one(request.headers_mut(), has_body, &media_type);
            return None;
        }
        match &self.negotiation {
            None => self.types.write(request.headers_mut(), has_body),
            Some(negotiation) => negotiation.write(request, has_body),
        }
    }
}

/// The error for a refusal that is the end of a request.
pub(super) fn refused(asked: u8, is_negotiated: bool) -> Error {
    let advice = if is_negotiated {
        "the version that it takes is known now, so the next request will use it; \
         this one has a body that cannot be sent twice or was refused twice"
    } else {
        "set `compatibility_mode` to `Fixed` with the server's major version, \
         to `Negotiated`, or to `Off`"
    };
    Error::media_type(format!(
        "the server does not take `compatible-with={asked}`; {advice}"
    ))
}

/// The type that the request's options ask for.
fn media_type<B>(request: &Request<B>) -> Option<http::HeaderValue> {
    if request.extensions().is_empty() {
        return None;
    }
    RequestOptions::of(request)?.media_type.clone()
}

#[derive(Debug)]
pub(super) struct Negotiation {
    known: ArcSwap<Known>,
}

#[derive(Debug)]
struct Known {
    types: Types,
    /// Whether the server took these types or said that it does.
    settled: bool,
}

impl Negotiation {
    pub fn new() -> Self {
        let types = Types::of(CompatibilityMode::Negotiated);
        Self {
            known: ArcSwap::from_pointee(Known {
                types,
                settled: false,
            }),
        }
    }

    /// Writes the headers, as [`Shared::write`] does.
    pub fn write<B>(&self, request: &mut Request<B>, has_body: bool) -> Option<u8> {
        let known = self.known.load();
        // A refusal of a HEAD has no body that it could be told by.
        if !known.settled && request.method() == Method::HEAD {
            return Types::plain().write(request.headers_mut(), has_body);
        }
        known.types.write(request.headers_mut(), has_body)
    }

    pub fn is_settled(&self) -> bool {
        self.known.load().settled
    }

    /// Settles the version that the server accepted.
    pub fn confirm(&self, asked: u8) {
        let known = self.known.load();
        if !known.settled && known.types.major == Some(asked) {
            self.learn(Some(asked));
        }
    }

    /// Learns from a refusal of `asked`, which offers another version.
    pub fn learn_from_refusal(&self, asked: u8, body: &[u8]) {
        self.learn(refusal::offered(body).filter(|&offered| offered != asked));
    }

    /// Learns from the response to `GET /`.
    pub fn learn_from_info(&self, body: &[u8]) {
        match refusal::server(body) {
            Some(Server::Major(major)) => self.learn(Some(major)),
            Some(Server::Other) => self.learn(None),
            None => {}
        }
    }

    fn learn(&self, major: Option<u8>) {
        let types = major.map_or_else(Types::plain, Types::compatible);
        self.known.store(
            Known {
                types,
                settled: true,
            }
            .into(),
        );
    }
}
