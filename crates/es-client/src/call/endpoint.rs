//! The macro that makes the type of an endpoint's calls, with its setters.

use std::future::IntoFuture;

use super::{future::CallFuture, outcome::Answer, parts::RequestParts};
use crate::error::Result;

/// A call under construction, whose response is an `A`.
pub(crate) struct Request<A> {
    pub(crate) parts: RequestParts,
    decode: fn(Answer) -> Result<A>,
}

impl<A> Request<A> {
    pub(crate) fn new(parts: RequestParts, decode: fn(Answer) -> Result<A>) -> Self {
        Self { parts, decode }
    }
}

impl<A> Clone for Request<A> {
    fn clone(&self) -> Self {
        Self { parts: self.parts.clone(), decode: self.decode }
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
/// A setter is `name("name on the wire"): kind;`, and its section says what it
/// sets: `query` a query parameter, `part` a path part by its number, `property`
/// a property of the body, `list` one that is a list, `object` one that takes whatever serialises, `entry`
/// adds to one that is an object. `table` has the other facts of the endpoint.
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
                pub fn $query(mut self, value: impl Param<$kind>) -> Self {
                    self.0.parts.query($wire, value);
                    self
                }
            )*
            $($crate::call::call! { @$section $($setter)* })*
            $crate::call::call! { @body $body }

            /// Sends the call, and returns the response undecoded, with status and headers.
            #[inline]
            pub fn send(self) -> $crate::CallFuture<Response> {
                self.0.parts.send(Answer::raw)
            }
        }

        $crate::call::common! { $builder $(<$document>)? -> $response }
    };
    (@part $($(#[$doc:meta])* $name:ident($key:literal): $kind:ty;)*) => {$(
        $(#[$doc])*
        #[inline]
        pub fn $name(mut self, value: impl Param<$kind>) -> Self {
            self.0.parts.part($key, value);
            self
        }
    )*};
    (@property $($(#[$doc:meta])* $name:ident($key:literal): $kind:ty;)*) => {$(
        $(#[$doc])*
        #[inline]
        pub fn $name(mut self, value: impl Param<$kind>) -> Self {
            self.0.parts.property($key, value);
            self
        }
    )*};
    (@list $($(#[$doc:meta])* $name:ident($key:literal): $kind:ty;)*) => {$(
        $(#[$doc])*
        #[inline]
        pub fn $name(mut self, value: impl Param<$kind>) -> Self {
            self.0.parts.list($key, value);
            self
        }
    )*};
    (@object $($(#[$doc:meta])* $name:ident($key:literal);)*) => {$(
        $(#[$doc])*
        #[inline]
        pub fn $name(mut self, value: impl Serialize) -> Self {
            self.0.parts.object($key, value);
            self
        }
    )*};
    (@entry $($(#[$doc:meta])* $name:ident($key:literal): $kind:ty;)*) => {$(
        $(#[$doc])*
        #[inline]
        pub fn $name(mut self, name: impl AsRef<str>, value: impl Param<$kind>) -> Self {
            self.0.parts.entry($key, name.as_ref(), value);
            self
        }
    )*};
    (@body none) => {};
    (@body json) => {
        /// Sets a property of the body by its name, for what this version does not know.
        #[inline]
        pub fn property(mut self, name: impl AsRef<str>, value: impl Serialize) -> Self {
            self.0.parts.object(name.as_ref(), value);
            self
        }

        /// Sets the whole body, instead of its properties.
        #[inline]
        pub fn body(mut self, body: impl Serialize) -> Self {
            self.0.parts.json(&body);
            self
        }
    };
    (@body document) => {
        /// Sets the document.
        #[inline]
        pub fn document(mut self, document: impl Serialize) -> Self {
            self.0.parts.json(&document);
            self
        }

        /// Sets the document; the same as [`document`](Self::document).
        #[inline]
        pub fn body(self, body: impl Serialize) -> Self {
            self.document(body)
        }
    };
    (@body lines) => {
        /// Sets the operations, each of which becomes one line of JSON.
        #[inline]
        pub fn operations<Line: Serialize>(
            mut self,
            lines: impl IntoIterator<Item = Line>,
        ) -> Self {
            self.0.parts.lines(lines);
            self
        }

        /// Sets the whole body: lines of JSON, each with a line feed at its end. A
        /// [stream](es_transport::Body::stream) of them is sent as it comes.
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
            fn parts(&mut self) -> &mut RequestParts {
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
