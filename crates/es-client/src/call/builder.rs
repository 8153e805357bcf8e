//! The builder of a call, and the macro that gives an endpoint its setters.

use std::{borrow::Cow, fmt, future::IntoFuture, marker::PhantomData};

use serde::de::DeserializeOwned;

use super::{
    answer::Answer,
    future::{CallFuture, StreamFuture},
    request::Call,
};
use crate::{
    error::Result,
    params::{IntoParam, Param},
    response::Response,
};

/// A call of the endpoint `E`, whose answer is an `A`: sent when it is awaited.
///
/// Each endpoint has a name of its own for it, such as
/// [`Search`](crate::api::Search), and setters of its own; what is here holds for
/// all. (That it is one type is for the compiler's sake: nothing here has to be
/// compiled once for each endpoint.)
#[must_use = "a call is sent when it is awaited"]
pub struct Request<E, A> {
    pub(crate) call: Call,
    decode: fn(Answer) -> Result<A>,
    endpoint: PhantomData<fn() -> E>,
}

impl<E, A> Request<E, A> {
    pub(crate) fn new(call: Call, decode: fn(Answer) -> Result<A>) -> Self {
        Self { call, decode, endpoint: PhantomData }
    }

    /// The paths of the answer that are given, such as `hits.hits._id`; all
    /// others are left out.
    pub fn filter_path(self, paths: impl Param<[String]>) -> Self {
        self.param("filter_path", paths)
    }

    /// Whether the answer is indented, for people. Default: `false`.
    pub fn pretty(self, value: bool) -> Self {
        self.param("pretty", value)
    }

    /// Whether times and sizes of the answer are texts for people. Default: `false`.
    pub fn human(self, value: bool) -> Self {
        self.param("human", value)
    }

    /// Whether errors carry the server's stack trace. Default: `false`.
    pub fn error_trace(self, value: bool) -> Self {
        self.param("error_trace", value)
    }

    /// Any query parameter by its name, or any value of a known one: for what
    /// this version does not know.
    pub fn param(mut self, name: impl Into<Cow<'static, str>>, value: impl IntoParam) -> Self {
        self.call.query(name, value);
        self
    }

    /// Shows the call as a line for curl, to look at it and to repeat it by
    /// hand; nothing is sent. Secrets are not in it: see
    /// [`curl`](es_transport::curl).
    ///
    /// # Errors
    /// The call cannot be sent as it stands.
    pub fn into_curl(self) -> Result<String> {
        self.call.into_curl()
    }

    /// Sends it, and gives the answer as it came: status, headers, node, bytes.
    pub fn send(self) -> CallFuture<Response> {
        self.call.send(Answer::raw)
    }

    /// Sends it, and reads the answer as JSON into a type of the caller's.
    pub fn json<T: DeserializeOwned>(self) -> CallFuture<T> {
        self.call.send(Answer::json)
    }

    /// Sends it, and gives the answer as a stream, in constant memory.
    pub fn stream(self) -> StreamFuture {
        self.call.stream()
    }
}

impl<E, A> IntoFuture for Request<E, A> {
    type Output = Result<A>;
    type IntoFuture = CallFuture<A>;

    fn into_future(self) -> CallFuture<A> {
        self.call.send(self.decode)
    }
}

impl<E, A> fmt::Debug for Request<E, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.call.fmt(f)
    }
}

/// Gives an endpoint a name for its [`Request`], and setters.
///
/// A setter is `name("name on the wire"): type;`, and its section says what it
/// sets: `query` a query parameter, `part` a path part by its number, `property`
/// a property of the body, `duration` one that is a time. `QUERY` lists the
/// query parameters for the endpoint's table.
macro_rules! builder {
    (
        $(#[$doc:meta])*
        $builder:ident $(<$document:ident>)? of $endpoint:ident -> $answer:ty, $body:ident;
        query { $($(#[$query_doc:meta])* $query:ident($wire:literal): $value:ty;)* }
        $($section:ident { $($(#[$setter_doc:meta])* $setter:ident($key:literal): $given:ty;)* })*
    ) => {
        const QUERY: &[&str] = &[$($wire),*];

        $(#[$doc])*
        pub type $builder $(<$document>)? = $crate::call::Request<$endpoint, $answer>;

        #[doc = concat!("Marks the calls of [`", stringify!($builder), "`].")]
        #[expect(missing_debug_implementations, reason = "it has no value")]
        pub enum $endpoint {}

        impl $(<$document>)? $crate::call::Request<$endpoint, $answer> {
            $(
                $(#[$query_doc])*
                #[inline]
                pub fn $query(mut self, value: $value) -> Self {
                    self.call.query($wire, value);
                    self
                }
            )*

            $($(
                $(#[$setter_doc])*
                #[inline]
                pub fn $setter(mut self, value: $given) -> Self {
                    self.call.$section($key, value);
                    self
                }
            )*)*

            $crate::call::builder! { @body $body }
        }
    };
    (@body none) => {};
    (@body json) => {
        /// The whole body, in place of its properties.
        #[inline]
        pub fn body(mut self, body: impl serde::Serialize) -> Self {
            self.call.json(&body);
            self
        }
    };
    (@body document) => {
        /// The document.
        #[inline]
        pub fn document(mut self, document: impl serde::Serialize) -> Self {
            self.call.json(&document);
            self
        }

        /// The document; the same as [`document`](Self::document).
        #[inline]
        pub fn body(self, body: impl serde::Serialize) -> Self {
            self.document(body)
        }
    };
    (@body lines) => {
        /// The operations, each of which becomes one line of JSON.
        #[inline]
        pub fn operations<Line: serde::Serialize>(
            mut self,
            lines: impl IntoIterator<Item = Line>,
        ) -> Self {
            self.call.lines(lines);
            self
        }

        /// The whole body: lines of JSON, each with its line feed at the end; a
        /// [stream](es_transport::Body::stream) of them is sent as it comes.
        #[inline]
        pub fn body(mut self, body: impl Into<es_transport::Body>) -> Self {
            self.call.raw(body.into());
            self
        }
    };
}
pub(crate) use builder;
