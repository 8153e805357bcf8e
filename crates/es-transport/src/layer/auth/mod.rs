//! Authentication: adds the `Authorization` header.
//!
//! The credentials are fixed ([`AuthLayer::new`]), absent ([`AuthLayer::none`]) or
//! returned by a [`CredentialsProvider`] ([`AuthLayer::provider`]).
//!
//! **Precedence**, from highest to lowest:
//! 1. an `Authorization` header of the request itself, which is left unchanged;
//! 2. the request's [`RequestOptions::auth`]: credentials, or none at all;
//! 3. headers in the options, then the transport's default headers, both of which
//!    [`default_headers`](super::default_headers) adds higher in the stack;
//! 4. the credentials of this layer;
//! 5. the user info of the selected node's URL, which node selection adds lower in the
//!    stack.
//!
//! **A provider** is called for the first request. Its credentials are cached until they
//! expire or a server responds with 401. At most one call runs at a time; requests that
//! arrive meanwhile wait for it. After a 401 the provider is called once more, and if it
//! returns other credentials, the request is retried once, provided that its body can be
//! cloned ([`TryCloneBody`](crate::TryCloneBody)). If the provider fails, the request is
//! not sent and fails with a [credentials error]. Its source is the provider's error,
//! which must therefore not contain a secret.
//!
//! The layer has no time limit for the provider; the total timeout includes its calls.
//!
//! [`RequestOptions::auth`]: crate::RequestOptions::auth
//! [credentials error]: crate::Error::is_credentials
//!
//! ```
//! use std::{convert::Infallible, time::Duration};
//! use es_transport::{BoxError, Credentials, layer::auth::{AuthLayer, Provided}};
//! use tower::{Service, ServiceBuilder, ServiceExt, service_fn};
//!
//! # tokio_test::block_on(async {
//! // An async closure is a provider; so is any type that implements the trait.
//! let provider = || async {
//!     let token = Credentials::bearer("a-fresh-token")?;
//!     Ok::<_, BoxError>(Provided::from(token).expires_in(Duration::from_secs(600)))
//! };
//! let mut service = ServiceBuilder::new()
//!     .layer(AuthLayer::provider(provider))
//!     .service(service_fn(|request: http::Request<()>| async move {
//!         let sent = request.headers()["authorization"].clone();
//!         Ok::<_, Infallible>(http::Response::new(sent))
//!     }));
//! let response = service.ready().await?.call(http::Request::new(())).await?;
//! assert_eq!(response.body(), "Bearer a-fresh-token");
//! assert_eq!(format!("{:?}", response.body()), "Sensitive");
//! # Ok::<(), es_transport::Error>(())
//! # }).unwrap();
//! ```

mod cache;
mod future;
mod layer;
mod provider;
mod service;

pub use self::{
    future::ResponseFuture,
    layer::AuthLayer,
    provider::{CredentialsProvider, Provided, ProviderFuture},
    service::Auth,
};
