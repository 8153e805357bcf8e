//! The macro that makes the type of an endpoint's calls, with its setters.

use std::marker::PhantomData;

use serde::Serialize;

use super::{common::Sealed, parts::RequestParts};
use crate::{client::Elasticsearch, endpoint::Endpoint, params::ToParam};

/// A call under construction, whose response is an `A`.
pub(crate) struct Request<A> {
    pub parts: RequestParts,
    response: PhantomData<fn() -> A>,
}

impl<A> Request<A> {
    pub fn new(client: &Elasticsearch, endpoint: &'static Endpoint) -> Self {
        Self {
            parts: RequestParts::new(client, endpoint),
            response: PhantomData,
        }
    }

    /// Sets a path part that is required.
    pub fn path(mut self, number: usize, value: impl ToParam) -> Self {
        self.parts.required_part(number, value);
        self
    }

    /// Sets a query parameter that is required.
    pub fn param(mut self, name: &'static str, value: impl ToParam) -> Self {
        self.parts.required_query(name, value);
        self
    }
}

impl<A> Clone for Request<A> {
    #[inline]
    fn clone(&self) -> Self {
        Self {
            parts: self.parts.clone(),
            response: PhantomData,
        }
    }
}

// The steps of the setters. Free functions by value keep the build of the crate short: they save
// about 6 % of the CPU time of the compiler's front end.
#[inline]
pub(crate) fn with_query<C: Sealed>(mut call: C, name: &'static str, value: impl ToParam) -> C {
    call.parts().query(name, value);
    call
}

#[inline]
pub(crate) fn with_part<C: Sealed>(mut call: C, number: usize, value: impl ToParam) -> C {
    call.parts().part(number, value);
    call
}

#[inline]
pub(crate) fn with_property<C: Sealed>(mut call: C, name: &'static str, value: impl ToParam) -> C {
    call.parts().property(name, value);
    call
}

#[inline]
pub(crate) fn with_list<C: Sealed>(mut call: C, name: &'static str, value: impl ToParam) -> C {
    call.parts().list(name, value);
    call
}

#[inline]
pub(crate) fn with_object<C: Sealed>(mut call: C, name: &str, value: impl Serialize) -> C {
    call.parts().object(name, value);
    call
}

#[inline]
pub(crate) fn with_entry<C: Sealed>(
    mut call: C,
    property: &'static str,
    name: impl AsRef<str>,
    value: impl ToParam,
) -> C {
    call.parts().entry(property, name.as_ref(), value);
    call
}

#[inline]
pub(crate) fn with_body<C: Sealed>(mut call: C, body: impl Serialize) -> C {
    call.parts().json(&body);
    call
}

/// Defines the type of an endpoint's calls.
///
/// A setter is `name("name on the wire"): kind;`, and its section says what it sets: `query` a
/// query parameter, `part` a path part by its number, `property` a property of the body, `list` one
/// that is a list, `object` one that takes whatever serializes, `entry` adds to one that is an
/// object. `table` has the other facts of the endpoint. Before the type of the response stands how
/// it is decoded: the decoder is compiled where a call is awaited, not where it is created, so that
/// a call that is sent for its raw response needs none.
macro_rules! call {
    (
        $(#[$doc:meta])*
        $builder:ident $(<$document:ident>)? -> $decode:ident $response:ty, $body:ident;
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
                pub fn $query(self, value: impl Param<$kind>) -> Self {
                    $crate::call::with_query(self, $wire, value)
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

        $crate::call::common! { $builder $(<$document>)? -> $decode $response }
    };
    (@part $($(#[$doc:meta])* $name:ident($key:literal): $kind:ty;)*) => {$(
        $(#[$doc])*
        pub fn $name(self, value: impl Param<$kind>) -> Self {
            $crate::call::with_part(self, $key, value)
        }
    )*};
    (@property $($(#[$doc:meta])* $name:ident($key:literal): $kind:ty;)*) => {$(
        $(#[$doc])*
        pub fn $name(self, value: impl Param<$kind>) -> Self {
            $crate::call::with_property(self, $key, value)
        }
    )*};
    (@list $($(#[$doc:meta])* $name:ident($key:literal): $kind:ty;)*) => {$(
        $(#[$doc])*
        pub fn $name(self, value: impl Param<$kind>) -> Self {
            $crate::call::with_list(self, $key, value)
        }
    )*};
    (@object $($(#[$doc:meta])* $name:ident($key:literal);)*) => {$(
        $(#[$doc])*
        pub fn $name(self, value: impl Serialize) -> Self {
            $crate::call::with_object(self, $key, value)
        }
    )*};
    (@entry $($(#[$doc:meta])* $name:ident($key:literal): $kind:ty;)*) => {$(
        $(#[$doc])*
        pub fn $name(self, name: impl AsRef<str>, value: impl Param<$kind>) -> Self {
            $crate::call::with_entry(self, $key, name, value)
        }
    )*};
    (@body none) => {};
    (@body json) => {
        /// Sets a property of the body by its name, for properties that the client does not
        /// know.
        pub fn property(self, name: impl AsRef<str>, value: impl Serialize) -> Self {
            $crate::call::with_object(self, name.as_ref(), value)
        }

        /// Sets the whole body, instead of its properties.
        pub fn body(self, body: impl Serialize) -> Self {
            $crate::call::with_body(self, body)
        }
    };
    (@body document) => {
        /// Sets the document.
        pub fn document(self, document: impl Serialize) -> Self {
            $crate::call::with_body(self, document)
        }

        /// Sets the document; the same as [`document`](Self::document).
        pub fn body(self, body: impl Serialize) -> Self {
            self.document(body)
        }
    };
    (@body lines) => {
        /// Sets the operations, each of which is one line of JSON.
        pub fn operations<Line: Serialize>(
            mut self,
            lines: impl IntoIterator<Item = Line>,
        ) -> Self {
            self.0.parts.lines(lines);
            self
        }

        /// Sets the whole body: lines of JSON, each terminated by a line feed, or a
        /// [stream](es_transport::Body::stream) of them.
        pub fn body(mut self, body: impl Into<es_transport::Body>) -> Self {
            self.0.parts.raw(body.into());
            self
        }
    };
}
pub(crate) use call;

/// Implements what every call has.
macro_rules! common {
    ($builder:ident $(<$document:ident>)? -> $decode:ident $response:ty) => {
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

        impl $(<$document: DeserializeOwned>)? IntoFuture for $builder $(<$document>)? {
            type Output = $crate::Result<$response>;
            type IntoFuture = $crate::CallFuture<$response>;

            #[inline]
            fn into_future(self) -> Self::IntoFuture {
                self.0.parts.send($crate::call::AcceptedResponse::$decode)
            }
        }
    };
}
pub(crate) use common;
