//! Connections: their pool, proxies, TLS.

#[path = "../connect_support/mod.rs"]
mod connect_support;
mod pool;
mod proxy;
mod tls;
