//! The macro that makes an endpoint's builder of its description.

/// Defines a builder: what it answers, which body it takes, its setters.
///
/// A setter is `name("name on the wire"): type;`, and its section says what it
/// sets: `query` a query parameter, `part` a path part by its number, `property`
/// a property of the body, `duration` one that is a time. `QUERY` lists the
/// query parameters for the endpoint's table.
macro_rules! builder {
    (
        $(#[$doc:meta])*
        $builder:ident $(<$document:ident>)? -> $answer:ty, $decode:ident, $body:ident;
        query { $($(#[$query_doc:meta])* $query:ident($wire:literal): $value:ty;)* }
        $($section:ident { $($(#[$setter_doc:meta])* $setter:ident($key:literal): $given:ty;)* })*
    ) => {
        const QUERY: &[&str] = &[$($wire),*];

        $(#[$doc])*
        #[must_use = "a call is sent when it is awaited"]
        pub struct $builder $(<$document>)? {
            call: $crate::call::Call,
            answer: std::marker::PhantomData<fn() -> $answer>,
        }

        impl $(<$document>)? $builder $(<$document>)? {
            #[inline]
            fn new(call: $crate::call::Call) -> Self {
                Self { call, answer: std::marker::PhantomData }
            }

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

            /// The paths of the answer that are given, such as `hits.hits._id`; all
            /// others are left out.
            #[inline]
            pub fn filter_path(self, paths: impl $crate::params::Param<[String]>) -> Self {
                self.param("filter_path", paths)
            }

            /// Whether the answer is indented, for people. Default: `false`.
            #[inline]
            pub fn pretty(self, value: bool) -> Self {
                self.param("pretty", value)
            }

            /// Whether times and sizes of the answer are texts for people. Default: `false`.
            #[inline]
            pub fn human(self, value: bool) -> Self {
                self.param("human", value)
            }

            /// Whether errors carry the server's stack trace. Default: `false`.
            #[inline]
            pub fn error_trace(self, value: bool) -> Self {
                self.param("error_trace", value)
            }

            /// Any query parameter by its name, or any value of a known one: for what
            /// this version does not know.
            #[inline]
            pub fn param(
                mut self,
                name: impl Into<std::borrow::Cow<'static, str>>,
                value: impl $crate::params::IntoParam,
            ) -> Self {
                self.call.query(name, value);
                self
            }

            /// Shows the call as a line for curl, to look at it and to repeat it by
            /// hand; nothing is sent. Secrets are not in it: see
            /// [`curl`](es_transport::curl).
            ///
            /// # Errors
            /// The call cannot be sent as it stands.
            #[inline]
            pub fn into_curl(self) -> $crate::Result<String> {
                self.call.into_curl()
            }

            /// Sends it, and gives the answer as it came: status, headers, node, bytes.
            #[inline]
            pub fn send(self) -> $crate::CallFuture<$crate::Response> {
                self.call.send($crate::call::Answer::raw)
            }

            /// Sends it, and reads the answer as JSON into a type of the caller's.
            #[inline]
            pub fn json<Json: serde::de::DeserializeOwned>(self) -> $crate::CallFuture<Json> {
                self.call.send($crate::call::Answer::json)
            }

            /// Sends it, and gives the answer as a stream, in constant memory.
            #[inline]
            pub fn stream(self) -> $crate::StreamFuture {
                self.call.stream()
            }
        }

        impl $(<$document: serde::de::DeserializeOwned>)? IntoFuture for $builder $(<$document>)? {
            type Output = $crate::Result<$answer>;
            type IntoFuture = $crate::CallFuture<$answer>;

            #[inline]
            fn into_future(self) -> Self::IntoFuture {
                self.call.send($crate::call::Answer::$decode)
            }
        }

        impl $(<$document>)? std::fmt::Debug for $builder $(<$document>)? {
            #[inline]
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.call.fmt(f)
            }
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

        /// The whole body: lines of JSON, each with its line feed at the end.
        #[inline]
        pub fn body(mut self, body: impl Into<es_transport::Body>) -> Self {
            self.call.raw(body.into());
            self
        }
    };
}
pub(crate) use builder;
