//! The facts of each endpoint, as a static table.
//!
//! ```
//! use es_client::endpoint::{BodyForm, Endpoint};
//!
//! let search = Endpoint::find("search").expect("it exists");
//! assert_eq!(search.body, BodyForm::Json);
//! assert!(search.query.contains(&"allow_no_indices"));
//! ```

use http::Method;

pub use crate::path::PartKind;

/// The facts of one endpoint of the API.
#[derive(Debug)]
#[non_exhaustive]
pub struct Endpoint {
    /// Name in Elasticsearch's specification, such as `indices.create`.
    pub name: &'static str,
    /// Paths and their methods. A call uses the path with exactly its parts.
    pub routes: &'static [Route],
    /// Path parts, in the order in which the routes number them.
    pub parts: &'static [Part],
    /// Query parameters, without those that every endpoint has ([`COMMON`]).
    pub query: &'static [&'static str],
    /// Required query parameters.
    pub required: &'static [&'static str],
    /// Form of the request body.
    pub body: BodyForm,
    /// Whether a body is required.
    pub body_required: bool,
    /// Whether a request may be retried once a node may have received it.
    pub idempotency: Idempotency,
    /// Error statuses whose body is an ordinary response.
    pub statuses: &'static [u16],
    /// Media type of the response, if it is not the client's.
    pub accept: Option<&'static str>,
}

impl Endpoint {
    /// The defaults of what the table leaves out.
    pub(crate) const NEW: Self = Self {
        name: "",
        routes: &[],
        parts: &[],
        query: &[],
        required: &[],
        body: BodyForm::None,
        body_required: false,
        idempotency: Idempotency::ByMethod,
        statuses: &[],
        accept: None,
    };

    /// Whether it is called by HEAD, so that its responses have no body.
    pub(crate) fn is_head(&self) -> bool {
        self.routes
            .iter()
            .all(|route| route.methods.0 == Method::HEAD)
    }

    /// Returns the endpoint with this name.
    ///
    /// ```
    /// use es_client::endpoint::Endpoint;
    ///
    /// let refresh = Endpoint::find("indices.refresh").unwrap();
    /// assert_eq!(refresh.parts[0].name, "index");
    /// assert!(Endpoint::find("indices.no_such_endpoint").is_none());
    /// ```
    pub fn find(name: &str) -> Option<&'static Self> {
        let all = Self::all();
        let at = all
            .binary_search_by(|endpoint| endpoint.name.cmp(name))
            .ok()?;
        all.get(at).copied()
    }

    /// Returns all endpoints, sorted by name.
    pub fn all() -> &'static [&'static Self] {
        crate::api::table::ENDPOINTS
    }
}

/// The query parameters of every endpoint.
pub const COMMON: [&str; 4] = ["error_trace", "filter_path", "human", "pretty"];

/// A path of an endpoint, and its methods.
#[derive(Debug)]
#[non_exhaustive]
pub struct Route {
    /// Method without a body, and method with one.
    pub methods: (Method, Method),
    /// Texts of the path, slashes included. A part stands between two of them.
    pub text: &'static [&'static str],
    /// Numbers of the parts, in the order of the path.
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
    /// Name of the part.
    pub name: &'static str,
    /// Whether it is a single name or a list.
    pub kind: PartKind,
}

impl Part {
    pub(crate) const fn one(name: &'static str) -> Self {
        Self {
            name,
            kind: PartKind::Single,
        }
    }

    pub(crate) const fn list(name: &'static str) -> Self {
        Self {
            name,
            kind: PartKind::List,
        }
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

/// Whether sending a request twice has the same effect as sending it once, so that it
/// may be retried once a node may have received it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Idempotency {
    /// According to the method: GET, HEAD, PUT and DELETE are idempotent, POST is not.
    ByMethod,
    /// Idempotent, regardless of the method.
    Yes,
    /// Not idempotent, regardless of the method.
    No,
    /// Not idempotent, and executed in parts: the server may return an error status,
    /// including 429, after it has executed some of them.
    Partial,
}

impl Idempotency {
    /// Returns what is left to say about a request with this method.
    pub(crate) fn overridden_by(self, method: &Method) -> Self {
        let says_no = matches!(*method, Method::POST | Method::PATCH);
        match self {
            Self::Yes if !says_no => Self::ByMethod,
            Self::No if says_no => Self::ByMethod,
            other => other,
        }
    }

    /// Returns the transport's option; `None` leaves it to the method.
    pub(crate) fn option(self) -> Option<bool> {
        match self {
            Self::ByMethod => None,
            Self::Yes => Some(true),
            Self::No | Self::Partial => Some(false),
        }
    }
}
