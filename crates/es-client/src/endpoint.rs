//! What an endpoint is: facts in a static table, and nothing else.
//!
//! The calls of [`crate::api`] know this room and [`crate::params`] alone; they
//! describe, `Call` does.

use http::Method;

pub use crate::path::PartKind;

/// The facts of one endpoint of the API.
#[derive(Debug)]
#[non_exhaustive]
pub struct Endpoint {
    /// The name in Elasticsearch's specification, such as `indices.create`.
    pub name: &'static str,
    /// The ways to reach it; the one with just the given parts is taken.
    pub routes: &'static [Route],
    /// The path parts, in the order in which the routes number them.
    pub parts: &'static [Part],
    /// The query parameters, but for those that every endpoint has ([`COMMON`]).
    pub query: &'static [&'static str],
    /// The query parameters that must be given.
    pub required: &'static [&'static str],
    /// Whether a body is sent, and of which form.
    pub body: BodyForm,
    /// Whether it may be sent again once a node may have taken it.
    pub repeat: Repeat,
    /// Statuses that carry an ordinary answer, besides those of success.
    pub answers: &'static [u16],
    /// The media type of the answer, where it is not the client's.
    pub accept: Option<&'static str>,
}

impl Endpoint {
    /// An endpoint of which nothing is known: what the table leaves out.
    pub(crate) const NEW: Self = Self {
        name: "",
        routes: &[],
        parts: &[],
        query: &[],
        required: &[],
        body: BodyForm::None,
        repeat: Repeat::ByMethod,
        answers: &[],
        accept: None,
    };

    /// Whether it is asked by HEAD, so that its answers have no body.
    pub(crate) fn is_head(&self) -> bool {
        self.routes.iter().all(|route| route.methods.0 == Method::HEAD)
    }

    /// The endpoint with this name.
    pub fn find(name: &str) -> Option<&'static Self> {
        let all = Self::all();
        let at = all.binary_search_by(|endpoint| endpoint.name.cmp(name)).ok()?;
        all.get(at).copied()
    }

    /// All endpoints, sorted by name.
    pub fn all() -> &'static [&'static Self] {
        crate::api::table::ENDPOINTS
    }
}

/// The query parameters of every endpoint.
pub const COMMON: [&str; 4] = ["error_trace", "filter_path", "human", "pretty"];

/// One way to reach an endpoint.
#[derive(Debug)]
#[non_exhaustive]
pub struct Route {
    /// The method without a body, and the method with one.
    pub methods: (Method, Method),
    /// The texts of the path, slashes included. A part stands between two of them.
    pub text: &'static [&'static str],
    /// The numbers of the parts, in the order of the path.
    pub parts: &'static [usize],
}

macro_rules! routes {
    ($($name:ident $bare:ident $with_body:ident,)*) => {$(
        pub(crate) const fn $name(
            text: &'static [&'static str],
            parts: &'static [usize],
        ) -> Self {
            Self { methods: (Method::$bare, Method::$with_body), text, parts }
        }
    )*};
}

impl Route {
    routes! {
        get GET GET,
        get_or_post GET POST,
        post POST POST,
        put PUT PUT,
        delete DELETE DELETE,
        head HEAD HEAD,
    }
}

/// A variable part of a path.
#[derive(Debug)]
#[non_exhaustive]
pub struct Part {
    /// The name, for errors.
    pub name: &'static str,
    /// Whether it names one thing or may name several.
    pub kind: PartKind,
}

impl Part {
    pub(crate) const fn one(name: &'static str) -> Self {
        Self { name, kind: PartKind::Single }
    }

    pub(crate) const fn list(name: &'static str) -> Self {
        Self { name, kind: PartKind::List }
    }
}

/// The form of a request body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BodyForm {
    /// No body is sent.
    None,
    /// JSON.
    Json,
    /// Newline-delimited JSON.
    Ndjson,
}

/// Whether doing a call twice is the same as doing it once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Repeat {
    /// The method says so: GET, HEAD, PUT and DELETE can be repeated, POST cannot.
    ByMethod,
    /// It is, whatever the method says.
    Yes,
    /// It is not, whatever the method says.
    No,
    /// It is not, and it is done in parts: an error status, 429 too, may come when
    /// some of them are done already.
    InParts,
}

impl Repeat {
    /// What has to be said of a request by this method.
    pub(crate) fn beside(self, method: &Method) -> Self {
        let says_no = matches!(*method, Method::POST | Method::PATCH);
        match self {
            Self::Yes if !says_no => Self::ByMethod,
            Self::No if says_no => Self::ByMethod,
            repeat => repeat,
        }
    }

    /// What the transport is told; `None` leaves it to the method.
    pub(crate) fn idempotent(self) -> Option<bool> {
        match self {
            Self::ByMethod => None,
            Self::Yes => Some(true),
            Self::No | Self::InParts => Some(false),
        }
    }
}
