//! Responses with more header lines than hyper keeps places for.
//!
//! hyper makes and fills two lists for each response, of as many places as `max_headers`
//! allows lines: with more than its default of 100, these lists cost a small request more
//! than everything else together. Connections therefore keep the default, and a response
//! with more lines is read once more, from the bytes that hyper had read, with places for
//! as many lines as its size allows.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use http::{Method, Request};
use hyper::{
    client::conn::http1::{self, Connection, Parts, SendRequest},
    rt::{Read, ReadBufCursor, Write},
};
use tokio::sync::oneshot;

use super::connection::{Exchange, Io};
use crate::body::Body;

/// Asks the task of a connection for a sender whose response is the one that was too long.
type Ask = oneshot::Sender<SendRequest<Body>>;

/// The right to read one response of a connection once more.
pub(super) struct Reread(oneshot::Sender<Ask>);

impl Reread {
    /// Reads the response to a request with this method, after hyper gave it up with `exchange`.
    pub async fn run(self, method: Method, exchange: Exchange) -> Exchange {
        let (ask, sender) = oneshot::channel();
        if self.0.send(ask).is_err() {
            return exchange;
        }
        let Ok(mut sender) = sender.await else {
            return exchange;
        };
        if sender.ready().await.is_err() {
            return exchange;
        }
        let mut request = Request::new(Body::empty());
        *request.method_mut() = method;
        sender.try_send_request(request).await
    }
}

/// Drives a connection until it is closed. If its last response had too many lines, and
/// its request asks, the same is driven again by `spacious`.
pub(super) fn drive<T: Io>(
    connection: Connection<T, Body>,
    spacious: http1::Builder,
) -> (Reread, impl Future<Output = ()> + Send + 'static) {
    let (reread, asked) = oneshot::channel::<Ask>();
    let driven = async move {
        let Ok(Parts {
            mut io, read_buf, ..
        }) = connection.without_shutdown().await
        else {
            return;
        };
        // Only a response that was given up is left behind.
        if !read_buf.is_empty()
            && let Ok(ask) = asked.await
        {
            let io = Rewound {
                read: read_buf,
                io,
                is_written: false,
                reader: None,
            };
            let Ok((sender, connection)) = spacious.handshake(io).await else {
                return;
            };
            if ask.send(sender).is_ok() {
                drop(connection.await);
            }
            return;
        }
        drop(std::future::poll_fn(|cx| Pin::new(&mut io).poll_shutdown(cx)).await);
    };
    (Reread(reread), driven)
}

/// A connection of which some bytes were read before, and to which all was written. Nothing
/// can be read before something is written: hyper refuses a response without a request.
struct Rewound<T> {
    read: Bytes,
    io: T,
    is_written: bool,
    /// Waits for the write.
    reader: Option<Waker>,
}

impl<T: Io> Read for Rewound<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut buf: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.is_written {
            self.reader = Some(cx.waker().clone());
            return Poll::Pending;
        }
        if self.read.is_empty() {
            return Pin::new(&mut self.io).poll_read(cx, buf);
        }
        let length = self.read.len().min(buf.remaining());
        buf.put_slice(&self.read.split_to(length));
        Poll::Ready(Ok(()))
    }
}

impl<T: Io> Write for Rewound<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.is_written = true;
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
