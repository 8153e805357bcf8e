//! One builder per endpoint. A builder is owned and needs no lifetime: it can
//! be moved into a task. It is sent by awaiting it; [`send`](Search::send)
//! gives the answer as it came instead, with its status, headers and node.

mod get;
mod index;
pub mod indices;
mod info;
mod ping;
mod search;

pub use get::Get;
pub use index::Index;
pub use info::InfoCall;
pub use ping::Ping;
pub use search::Search;

/// What every builder can do: be awaited, be sent for the answer as it came, be
/// read as a stream.
macro_rules! sendable {
    ($builder:ident $(<$param:ident>)?, $answer:ty, $decode:path) => {
        impl$(<$param: serde::de::DeserializeOwned>)? IntoFuture for $builder$(<$param>)? {
            type Output = $crate::Result<$answer>;
            type IntoFuture = $crate::CallFuture<$answer>;

            fn into_future(self) -> Self::IntoFuture {
                self.call.send($decode)
            }
        }

        impl$(<$param>)? $builder$(<$param>)? {
            /// Sends it and gives the answer as it came: status, headers, node, bytes.
            pub fn send(self) -> $crate::CallFuture<$crate::Response> {
                self.call.send($crate::call::Answer::raw)
            }

            /// Sends it and gives the answer as a stream, in constant memory.
            ///
            /// # Errors
            /// No answer, or one with an error status.
            pub async fn stream(self) -> $crate::Result<$crate::StreamingResponse> {
                self.call.stream().await
            }
        }
    };
}
pub(crate) use sendable;
