//! One call: the facts of its endpoint, what the caller gave, and the way to
//! the transport. The same code serves every endpoint.

mod answer;
mod builder;
mod future;
mod named;
mod request;

pub(crate) use answer::Answer;
pub use builder::Request;
pub(crate) use builder::builder;
pub use future::{CallFuture, StreamFuture};
pub(crate) use request::Call;

/// What the file of an endpoint needs.
pub(crate) mod prelude {
    pub(crate) use std::time::Duration;

    pub(crate) use serde::{Serialize, de::DeserializeOwned};
    pub(crate) use serde_json::Value;

    pub(crate) use super::{Answer, Call, Request, builder};
    pub(crate) use crate::{
        client::Elasticsearch,
        endpoint::{BodyForm, Endpoint, Part, Repeat, Route},
        params::{self, Param},
        response::Response,
        types,
    };
}
