//! Headers that every request of a transport carries.
//!
//! | header | value | setting |
//! |---|---|---|
//! | `User-Agent` | `es-transport/0.1.0 (Rust; linux x86_64)` | [`DefaultHeadersLayer::user_agent`] |
//! | `x-elastic-client-meta` | `es=0.1.0,rs=1.88.0,t=0.1.0,hc=1` | [`DefaultHeadersLayer::client_meta`] |
//! | `X-Opaque-Id` | none | [`DefaultHeadersLayer::opaque_id`], [`RequestOptions::opaque_id`] |
//! | any other | none | [`DefaultHeadersLayer::header`], [`RequestOptions::headers`] |
//!
//! **Precedence**: a header that is already on the request stays. Then come the
//! request's [options](crate::RequestOptions), then the transport's settings.
//! A request whose options name credentials ([`RequestOptions::auth`]) gets no
//! `Authorization` from here, so that those credentials are used.
//!
//! The layer belongs *below* retry: what retry keeps for another attempt then
//! has an empty header map. It makes room for the headers of the layers below
//! in one go, because a map that grows later costs more than all inserts.
//!
//! It does not set the media types ([`media_type`](super::media_type)), the
//! credentials ([`auth`](super::auth)) or `Host`.
//!
//! [`RequestOptions`]: crate::RequestOptions
//! [`RequestOptions::auth`]: crate::RequestOptions::auth
//! [`RequestOptions::headers`]: crate::RequestOptions::headers
//! [`RequestOptions::opaque_id`]: crate::RequestOptions::opaque_id
//!
//! ```
//! use std::convert::Infallible;
//! use es_transport::layer::default_headers::DefaultHeadersLayer;
//! use tower::{Service, ServiceBuilder, ServiceExt, service_fn};
//!
//! # tokio_test::block_on(async {
//! let mut service = ServiceBuilder::new()
//!     .layer(DefaultHeadersLayer::new().opaque_id("nightly-import")?)
//!     .service(service_fn(|request: http::Request<()>| async move {
//!         let id = request.headers()["x-opaque-id"].to_str().map(str::to_owned);
//!         Ok::<_, Infallible>(http::Response::new(id))
//!     }));
//! let answer = service.ready().await.unwrap().call(http::Request::new(())).await.unwrap();
//! assert_eq!(answer.into_body().unwrap(), "nightly-import");
//! # Ok::<(), es_transport::Error>(())
//! # }).unwrap();
//! ```

mod client_meta;
mod layer;
mod service;

pub use self::{layer::DefaultHeadersLayer, service::DefaultHeaders};
