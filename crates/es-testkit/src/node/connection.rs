//! One connection: handshake, HTTP, and the faults that take the wire from HTTP.

use std::convert::Infallible;
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rustls::HandshakeKind;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};
use tokio_rustls::TlsAcceptor;

use super::core::{Action, Node};
use super::listener::{Sockets, Welcome};
use super::served_body::{ServedBody, sized_or_chunked};
use super::stream::{Stream, Tapped};
use crate::fault::wire::{Ending, Script};
use crate::sync::lock;

/// Lowers a counter when the connection ends, however it ends.
struct OpenConnection(Arc<Node>);

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.records.open.fetch_sub(1, Ordering::Relaxed);
    }
}

pub(crate) async fn serve(node: Arc<Node>, tcp: TcpStream, id: u64) {
    let Some(sockets) = &node.sockets else { return };
    node.records.accepted.fetch_add(1, Ordering::Relaxed);
    node.records.open.fetch_add(1, Ordering::Relaxed);
    let _open = OpenConnection(Arc::clone(&node));
    // Without this, small responses wait for the peer's delayed acknowledgement.
    let _ = tcp.set_nodelay(true);
    let welcome = *lock(&node.welcome);
    let tapped = Tapped {
        inner: tcp,
        tap: node.records.tap(id),
    };
    match welcome {
        Welcome::Serve => {}
        Welcome::Silent => return pending().await,
        Welcome::Reset => return Stream::Plain(tapped).reset_on_drop(),
    }
    if let Some(stream) = handshake(&node, sockets, tapped, id).await {
        speak_http(&node, sockets, stream, id).await;
    }
}

/// The stream after TLS, where the node speaks it; `None` when the handshake failed.
async fn handshake(
    node: &Node,
    sockets: &Sockets,
    tcp: Tapped<TcpStream>,
    id: u64,
) -> Option<Stream> {
    let config = lock(&sockets.tls).clone();
    let Some(config) = config else {
        return Some(Stream::Plain(tcp));
    };
    match TlsAcceptor::from(config).accept(tcp).await {
        Ok(mut tls) => {
            node.records.handshakes.fetch_add(1, Ordering::Relaxed);
            if tls.get_ref().1.handshake_kind() == Some(HandshakeKind::Resumed) {
                node.records.resumed.fetch_add(1, Ordering::Relaxed);
            }
            // From here on only what was encrypted is of interest.
            tls.get_mut().0.tap = None;
            let tap = node.records.tap(id);
            Some(Stream::Tls(Box::new(Tapped { inner: tls, tap })))
        }
        Err(error) => {
            node.records.handshake_failed(error.to_string());
            None
        }
    }
}

async fn speak_http(node: &Arc<Node>, sockets: &Sockets, stream: Stream, id: u64) {
    let (script_sender, mut scripts) = mpsc::channel::<Script>(1);
    let busy = Arc::new(AtomicUsize::new(0));
    let service = {
        let (node, busy) = (Arc::clone(node), Arc::clone(&busy));
        service_fn(move |request: Request<Incoming>| {
            let (node, busy, scripts) =
                (Arc::clone(&node), Arc::clone(&busy), script_sender.clone());
            async move {
                busy.fetch_add(1, Ordering::AcqRel);
                let response = respond(&node, request, id, &scripts).await;
                busy.fetch_sub(1, Ordering::AcqRel);
                Ok::<_, Infallible>(response)
            }
        })
    };
    let mut builder = http1::Builder::new();
    // No time limit for an idle connection: the genuine server has none either.
    builder
        .auto_date_header(false)
        .header_read_timeout(None)
        .max_buf_size(1024 * 1024);
    let mut connection = builder.serve_connection(TokioIo::new(stream), service);
    let mut idle_drops = sockets.idle_drops.subscribe();
    loop {
        tokio::select! {
            // Errors of a connection are the client's to notice.
            _ = &mut connection => return,
            Some(script) = scripts.recv() => {
                let stream = connection.into_parts().io.into_inner();
                return perform(stream, script).await;
            }
            () = dropped(&mut idle_drops) => {
                if busy.load(Ordering::Acquire) == 0 {
                    // Writes what is still to be written, then closes.
                    std::pin::Pin::new(&mut connection).graceful_shutdown();
                }
            }
        }
    }
}

/// Waits for the next call to close what is idle; for ever when the node is gone.
async fn dropped(idle_drops: &mut watch::Receiver<u64>) {
    if idle_drops.changed().await.is_err() {
        pending().await
    }
}

async fn respond(
    node: &Node,
    request: Request<Incoming>,
    id: u64,
    scripts: &mpsc::Sender<Script>,
) -> Response<ServedBody> {
    let limit = node.shared.settings.max_content_length;
    let declared = hyper::body::Body::size_hint(request.body()).lower();
    let (head, body) = request.into_parts();
    if declared > limit as u64 {
        node.note(&Request::from_parts(head, Bytes::new()), id);
        return too_large();
    }
    let body = match Limited::new(body, limit).collect().await {
        Ok(collected) => collected.to_bytes(),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => {
            node.note(&Request::from_parts(head, Bytes::new()), id);
            return too_large();
        }
        // The client went away in the middle of its request.
        Err(_) => return pending().await,
    };
    let script = match node.decide(Request::from_parts(head, body), id).await {
        Action::Respond(response) => return sized_or_chunked(response),
        Action::Silence => return pending().await,
        Action::Last(response) => Script::whole(&response),
        Action::Script(script) => script,
    };
    // The loop that holds the connection takes it from here.
    let _ = scripts.send(script).await;
    pending().await
}

/// Empty, without content type and product header, as the genuine server responds before it has
/// read the body.
fn too_large() -> Response<ServedBody> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::PAYLOAD_TOO_LARGE;
    sized_or_chunked(response)
}

async fn perform(mut stream: Stream, script: Script) {
    if stream.write_all(&script.bytes).await.is_err() || stream.flush().await.is_err() {
        return;
    }
    match script.ending {
        Ending::Close => {
            let _ = stream.shutdown().await;
        }
        Ending::Reset => stream.reset_on_drop(),
        Ending::Repeat(piece) => {
            let many = piece.repeat(64);
            while stream.write_all(&many).await.is_ok() {}
        }
    }
}
