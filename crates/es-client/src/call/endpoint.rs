//! The macro that makes the type of an endpoint's calls, with its setters.

use std::future::IntoFuture;

use serde::{Serialize, de::DeserializeOwned};

use super::{future::CallFuture, outcome::AcceptedResponse, parts::RequestParts};
use crate::{
    client::Elasticsearch, endpoint::Endpoint, error::Result, params::ToParam, response::Response,
};

/// A call under construction, whose response is an `A`.
pub(crate) struct Request<A> {
    pub(crate) parts: RequestParts,
    decode: fn(AcceptedResponse) -> Result<A>,
}

impl<A> Request<A> {
    fn new(
        client: &Elasticsearch,
        endpoint: &'static Endpoint,
        decode: fn(AcceptedResponse) -> Result<A>,
    ) -> Self {
        Self {
            parts: RequestParts::new(client, endpoint),
            decode,
        }
    }

    /// Sets a path part that is required.
    pub(crate) fn path(mut self, number: usize, value: impl ToParam) -> Self {
        self.parts.required_part(number, value);
        self
    }

    /// Sets a query parameter that is required.
    pub(crate) fn param(mut self, name: &'static str, value: impl ToParam) -> Self {
        self.parts.required_query(name, value);
        self
    }
}

impl<A: DeserializeOwned> Request<A> {
    /// Creates a call whose response is JSON.
    pub(crate) fn json(client: &Elasticsearch, endpoint: &'static Endpoint) -> Self {
        Self::new(client, endpoint, AcceptedResponse::json)
    }
}

impl Request<bool> {
    /// Creates a call whose response is its status.
    pub(crate) fn exists(client: &Elasticsearch, endpoint: &'static Endpoint) -> Self {
        Self::new(client, endpoint, AcceptedResponse::exists)
    }
}

impl Request<()> {
    /// Creates a call whose response has no content.
    pub(crate) fn nothing(client: &Elasticsearch, endpoint: &'static Endpoint) -> Self {
        Self::new(client, endpoint, AcceptedResponse::nothing)
    }
}

impl Request<String> {
    /// Creates a call whose response is text.
    pub(crate) fn text(client: &Elasticsearch, endpoint: &'static Endpoint) -> Self {
        Self::new(client, endpoint, AcceptedResponse::text)
    }
}

impl Request<Response> {
    /// Creates a call whose response is not decoded.
    pub(crate) fn raw(client: &Elasticsearch, endpoint: &'static Endpoint) -> Self {
        Self::new(client, endpoint, AcceptedResponse::raw)
    }
}

/// The steps of the setters, by value: each of the thousands of setters is then a single
/// expression without a borrow, which saves the compiler a sixth of its time.
impl<A> Request<A> {
    #[inline]
    pub(crate) fn with_query(mut self, name: &'static str, value: impl ToParam) -> Self {
        self.parts.query(name, value);
        self
    }

    #[inline]
    pub(crate) fn with_part(mut self, number: usize, value: impl ToParam) -> Self {
        self.parts.part(number, value);
        self
    }

    #[inline]
    pub(crate) fn with_property(mut self, name: &'static str, value: impl ToParam) -> Self {
        self.parts.property(name, value);
        self
    }

    #[inline]
    pub(crate) fn with_list(mut self, name: &'static str, value: impl ToParam) -> Self {
        self.parts.list(name, value);
        self
    }

    #[inline]
    pub(crate) fn with_object(mut self, name: &str, value: impl Serialize) -> Self {
        self.parts.object(name, value);
        self
    }

    #[inline]
    pub(crate) fn with_entry(
        mut self,
        property: &'static str,
        name: impl AsRef<str>,
        value: impl ToParam,
    ) -> Self {
        self.parts.entry(property, name.as_ref(), value);
        self
    }

    #[inline]
    pub(crate) fn with_body(mut self, body: impl Serialize) -> Self {
        self.parts.json(&body);
        self
    }
}

impl<A> Clone for Request<A> {
    fn clone(&self) -> Self {
        Self {
            parts: self.parts.clone(),
            decode: self.decode,
        }
    }
}

impl<A> IntoFuture for Request<A> {
    type Output = Result<A>;
    type IntoFuture = CallFuture<A>;

    fn into_future(self) -> CallFuture<A> {
        self.parts.send(self.decode)
    }
}

/// Defines the type of an endpoint's calls.
///
/// A setter is `name("name on the wire"): kind;`, and its section says what it sets: `query` a
/// query parameter, `part` a path part by its number, `property` a property of the body, `list` one
/// that is a list, `object` one that takes whatever serializes, `entry` adds to one that is an
/// object. `table` has the other facts of the endpoint.
macro_rules! call {
    (
        $(#[$doc:meta])*
        $builder:ident $(<$document:ident>)? -> $response:ty, $body:ident;
        table { $($table:tt)* }
        query { $($(#[$query_doc:meta])* $query:ident($wire:literal): $kind:ty;)* }
        $($section:ident { $($setter:tt)* })*
    ) => {
        pub(in crate::api) static ENDPOINT: Endpoint =
            Endpoint { query: &[$($wire),*], $($table)*, ..Endpoint::NEW };

        $(#[$doc])*
        #[must_use = "a call is sent when it is awaited"]
        pub struct $builder $(<$document>)?($crate::call::Request<$response>);

        impl $(<$document>)? $builder $(<$document>)? {
            $(
                $(#[$query_doc])*
                #[inline]
                pub fn $query(self, value: impl Param<$kind>) -> Self {
                    Self(self.0.with_query($wire, value))
                }
            )*
            $($crate::call::call! { @$section $($setter)* })*
            $crate::call::call! { @body $body }

            /// Sends the call, and returns the response undecoded, with status and headers.
            #[inline]
            pub fn send(self) -> $crate::CallFuture<Response> {
                self.0.parts.send($crate::call::AcceptedResponse::raw)
            }
        }

        $crate::call::common! { $builder $(<$document>)? -> $response }
    };
    (@part $($(#[$doc:meta])* $name:ident($key:literal): $kind:ty;)*) => {$(
        $(#[$doc])*
        #[inline]
        pub fn $name(self, value: impl Param<$kind>) -> Self {
            Self(self.0.with_part($key, value))
        }
    )*};
    (@property $($(#[$doc:meta])* $name:ident($key:literal): $kind:ty;)*) => {$(
        $(#[$doc])*
        #[inline]
        pub fn $name(self, value: impl Param<$kind>) -> Self {
            Self(self.0.with_property($key, value))
        }
    )*};
    (@list $($(#[$doc:meta])* $name:ident($key:literal): $kind:ty;)*) => {$(
        $(#[$doc])*
        #[inline]
        pub fn $name(self, value: impl Param<$kind>) -> Self {
            Self(self.0.with_list($key, value))
        }
    )*};
    (@object $($(#[$doc:meta])* $name:ident($key:literal);)*) => {$(
        $(#[$doc])*
        #[inline]
        pub fn $name(self, value: impl Serialize) -> Self {
            Self(self.0.with_object($key, value))
        }
    )*};
    (@entry $($(#[$doc:meta])* $name:ident($key:literal): $kind:ty;)*) => {$(
        $(#[$doc])*
        #[inline]
        pub fn $name(self, name: impl AsRef<str>, value: impl Param<$kind>) -> Self {
            Self(self.0.with_entry($key, name, value))
        }
    )*};
    (@body none) => {};
    (@body json) => {
        /// Sets a property of the body by its name, for properties that the client does not
        /// know.
        #[inline]
        pub fn property(self, name: impl AsRef<str>, value: impl Serialize) -> Self {
            Self(self.0.with_object(name.as_ref(), value))
        }

        /// Sets the whole body, instead of its properties.
        #[inline]
        pub fn body(self, body: impl Serialize) -> Self {
            Self(self.0.with_body(body))
        }
    };
    (@body document) => {
        /// Sets the document.
        #[inline]
        pub fn document(self, document: impl Serialize) -> Self {
            Self(self.0.with_body(document))
        }

        /// Sets the document; the same as [`document`](Self::document).
        #[inline]
        pub fn body(self, body: impl Serialize) -> Self {
            self.document(body)
        }
    };
    (@body lines) => {
        /// Sets the operations, each of which is one line of JSON.
        #[inline]
        pub fn operations<Line: Serialize>(
            mut self,
            lines: impl IntoIterator<Item = Line>,
        ) -> Self {
            self.0.parts.lines(lines);
            self
        }

        /// Sets the whole body: lines of JSON, each terminated by a line feed, or a
        /// [stream](es_transport::Body::stream) of them.
        #[inline]
        pub fn body(mut self, body: impl Into<es_transport::Body>) -> Self {
            self.0.parts.raw(body.into());
            self
        }
    };
}
pub(crate) use call;

/// Implements what every call has.
macro_rules! common {
    ($builder:ident $(<$document:ident>)? -> $response:ty) => {
        impl $(<$document>)? $crate::call::Sealed for $builder $(<$document>)? {
            #[inline]
            fn parts(&mut self) -> &mut $crate::call::RequestParts {
                &mut self.0.parts
            }
        }

        impl $(<$document>)? $crate::Call for $builder $(<$document>)? {}

        impl $(<$document>)? std::clone::Clone for $builder $(<$document>)? {
            #[inline]
            fn clone(&self) -> Self {
                Self(self.0.clone())
            }
        }

        impl $(<$document>)? std::fmt::Debug for $builder $(<$document>)? {
            #[inline]
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.parts.fmt(f)
            }
        }

        impl $(<$document>)? IntoFuture for $builder $(<$document>)? {
            type Output = $crate::Result<$response>;
            type IntoFuture = $crate::CallFuture<$response>;

            #[inline]
            fn into_future(self) -> Self::IntoFuture {
                self.0.into_future()
            }
        }
    };
}
pub(crate) use common;
