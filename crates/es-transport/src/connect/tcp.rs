//! TCP, straight or through a proxy.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use http::{Uri, uri::Scheme};
use hyper_util::{
    client::legacy::connect::{HttpConnector, proxy::Tunnel},
    rt::TokioIo,
};
use tokio::net::TcpStream;
use tower::Service;

use super::proxy::Proxy;
use crate::error::{BoxError, Error};

/// Opens TCP connections: to all addresses of a name, IPv6 and IPv4 in a race
/// (RFC 8305).
#[derive(Clone, Debug)]
pub(super) struct Tcp {
    http: HttpConnector,
    proxy: Option<Proxy>,
}

impl Tcp {
    pub(super) fn new(keepalive: Option<Duration>, proxy: Option<Proxy>) -> Self {
        let mut http = HttpConnector::new();
        http.enforce_http(false);
        http.set_nodelay(true);
        http.set_keepalive(keepalive);
        Self { http, proxy }
    }

    /// A tunnel wants a port and takes that of https where there is none.
    fn with_port(target: Uri) -> Uri {
        if target.port().is_some() || target.scheme() != Some(&Scheme::HTTP) {
            return target;
        }
        let with_port = format!("http://{}:80/", target.host().unwrap_or_default());
        with_port.parse().unwrap_or(target)
    }
}

impl Service<Uri> for Tcp {
    type Response = TokioIo<TcpStream>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.http.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, target: Uri) -> Self::Future {
        let Some(via) = self.proxy.as_ref().and_then(|proxy| proxy.for_target(&target)) else {
            let direct = self.http.call(target);
            return Box::pin(async move { Ok(direct.await?) });
        };
        if via.uri().scheme() != Some(&Scheme::HTTP) {
            let error =
                Error::connect_message(format!("{}: only http proxies are supported", via.uri()));
            return Box::pin(async move { Err(error.into()) });
        }
        let mut tunnel = Tunnel::new(via.uri().clone(), self.http.clone());
        if let Some(credentials) = via.basic_auth() {
            tunnel = tunnel.with_auth(credentials.clone());
        }
        let address = via.uri().authority().map(ToString::to_string).unwrap_or_default();
        let tunneled = tunnel.call(Self::with_port(target));
        Box::pin(async move {
            tunneled.await.map_err(|error| {
                Error::connect_message(format!("through the proxy {address}"))
                    .with_source(error)
                    .into()
            })
        })
    }
}
