//! One call: the facts of its endpoint, what the caller set, and the way to
//! the transport. The same code serves every endpoint.

mod by_name;
mod common;
mod details;
mod endpoint;
mod future;
mod outcome;
mod parts;
mod split;

pub use by_name::CallByName;
pub use common::Call;
pub(crate) use common::Sealed;
pub(crate) use endpoint::{
    Request, call, common, with_body, with_entry, with_list, with_object, with_part, with_property,
    with_query,
};
pub use future::{CallFuture, StreamFuture, TypedFuture};
pub(crate) use outcome::AcceptedResponse;
pub(crate) use parts::RequestParts;

/// The names that the file of an endpoint uses.
pub(crate) mod prelude {
    pub(crate) use std::time::Duration;

    pub(crate) use serde::{Serialize, de::DeserializeOwned};
    pub(crate) use serde_json::Value;

    pub(crate) use super::{Request, call};
    pub(crate) use crate::{
        client::Elasticsearch,
        dsl,
        endpoint::{BodyForm, Endpoint, Idempotency, Part, Route},
        params::{self, Param},
        response::Response,
        types,
    };
}
