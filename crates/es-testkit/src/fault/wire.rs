//! Faults on the wire: the connection is taken from the HTTP server and written by hand.

use std::io::{ErrorKind, Write as _};

use bytes::Bytes;
use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, HeaderValue};
use http::{HeaderMap, Response};

/// How a hand-written response ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// FIN.
    Close,
    /// RST.
    Reset,
    /// This piece again and again until the peer goes away.
    Repeat(&'static [u8]),
}

/// Bytes to write, and what comes after them.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    pub bytes: Bytes,
    pub ending: Ending,
    /// The error of a client without sockets; `None` where it would wait for ever.
    pub error: Option<ErrorKind>,
}

impl Script {
    pub fn reset() -> Self {
        Self {
            bytes: Bytes::new(),
            ending: Ending::Reset,
            error: Some(ErrorKind::ConnectionReset),
        }
    }

    pub fn raw(bytes: Bytes) -> Self {
        let error = if bytes.is_empty() {
            ErrorKind::UnexpectedEof
        } else {
            ErrorKind::InvalidData
        };
        Self {
            bytes,
            ending: Ending::Close,
            error: Some(error),
        }
    }

    /// The whole response, then FIN.
    pub fn whole(response: &Response<Bytes>) -> Self {
        Self {
            bytes: encode(response, response.body().len()),
            ending: Ending::Close,
            error: None,
        }
    }

    /// The head and half of the body.
    pub fn half(response: &Response<Bytes>, ending: Ending) -> Self {
        let error = match ending {
            Ending::Reset => ErrorKind::ConnectionReset,
            Ending::Close | Ending::Repeat(_) => ErrorKind::UnexpectedEof,
        };
        Self {
            bytes: encode(response, response.body().len() / 2),
            ending,
            error: Some(error),
        }
    }

    pub fn endless_headers() -> Self {
        Self {
            bytes: Bytes::from_static(b"HTTP/1.1 200 OK\r\n"),
            ending: Ending::Repeat(
                b"x-filler: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n",
            ),
            error: Some(ErrorKind::InvalidData),
        }
    }

    pub fn endless_body() -> Self {
        Self {
            bytes: Bytes::from_static(
                b"HTTP/1.1 200 OK\r\nx-elastic-product: Elasticsearch\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n1\r\n[\r\n",
            ),
            ending: Ending::Repeat(b"40\r\n1,2,3,4,5,6,7,8,9,1,2,3,4,5,6,7,8,9,1,2,3,4,5,6,7,8,9,1,2,3,4,5,\r\n"),
            error: None,
        }
    }
}

/// The first `body_bytes` of a response, after a head that promises all of it.
fn encode(response: &Response<Bytes>, body_bytes: usize) -> Bytes {
    let status = response.status();
    let reason = status.canonical_reason().unwrap_or("");
    let mut bytes = format!("HTTP/1.1 {} {reason}\r\n", status.as_u16()).into_bytes();
    for (name, value) in response.headers() {
        bytes.extend_from_slice(name.as_str().as_bytes());
        bytes.extend_from_slice(b": ");
        bytes.extend_from_slice(value.as_bytes());
        bytes.extend_from_slice(b"\r\n");
    }
    // What would go out in chunks is sent with its length here, so that a cut shows.
    if !response.headers().contains_key(CONTENT_LENGTH) {
        let line = format!("content-length: {}\r\n", response.body().len());
        bytes.extend_from_slice(line.as_bytes());
    }
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(response.body().get(..body_bytes).unwrap_or_default());
    bytes.into()
}

/// The response, said to be gzip, with a gzip header and then nonsense.
pub(crate) fn break_gzip(mut response: Response<Bytes>) -> Response<Bytes> {
    let mut bytes = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
    bytes.extend_from_slice(&[0xff; 64]);
    as_gzip(response.headers_mut(), bytes.len());
    *response.body_mut() = bytes.into();
    response
}

/// A response that has `decompressed` spaces after decompression.
pub(crate) fn gzip_bomb(decompressed: u64) -> Response<Bytes> {
    let bytes = gzip_spaces(decompressed);
    let mut response = Response::new(Bytes::new());
    let headers = response.headers_mut();
    headers.insert(
        "x-elastic-product",
        HeaderValue::from_static("Elasticsearch"),
    );
    headers.insert(
        http::header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    as_gzip(headers, bytes.len());
    *response.body_mut() = bytes.into();
    response
}

/// Spaces as one gzip member. A piece is compressed once and its bytes repeated, which is valid
/// since it refers to nothing before itself; so gigabytes take no time.
fn gzip_spaces(count: u64) -> Vec<u8> {
    const PIECE: u64 = 256 * 1024;
    let mut bytes = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
    let mut checksum = Crc::new();
    let (piece, piece_checksum) = deflate_spaces(PIECE);
    for _ in 0..count / PIECE {
        bytes.extend_from_slice(&piece);
        checksum.combine(&piece_checksum);
    }
    let (rest, rest_checksum) = deflate_spaces(count % PIECE);
    bytes.extend_from_slice(&rest);
    checksum.combine(&rest_checksum);
    // An empty last block, then checksum and length, as RFC 1952 has it.
    bytes.extend_from_slice(&[0x03, 0x00]);
    bytes.extend_from_slice(&checksum.sum().to_le_bytes());
    bytes.extend_from_slice(&checksum.amount().to_le_bytes());
    bytes
}

/// Spaces as deflate blocks that end at a byte and are not the last ones.
fn deflate_spaces(count: u64) -> (Vec<u8>, Crc) {
    let spaces = vec![b' '; usize::try_from(count).unwrap_or(0)];
    let mut checksum = Crc::new();
    checksum.update(&spaces);
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    // Writing into a vector does not fail.
    let _ = encoder.write_all(&spaces).and_then(|()| encoder.flush());
    (encoder.get_ref().clone(), checksum)
}

fn as_gzip(headers: &mut HeaderMap, length: usize) {
    headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    headers.insert(CONTENT_LENGTH, length.into());
}
