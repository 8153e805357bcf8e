use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Buf, Bytes};
use flate2::{Decompress, FlushDecompress, Status};
use http_body::{Body, Frame, SizeHint};

use crate::{
    body::BoxBody,
    error::{Error, Result},
    options::too_large,
};

/// The window that every gzip writer may use: 32 KiB.
const WINDOW_BITS: u8 = 15;
/// The size of the pieces in which a stream is decompressed.
const PIECE: usize = 64 << 10;
/// The most that is reserved on the word of a gzip trailer.
const MAX_RESERVE: usize = 64 << 20;
/// DEFLATE makes at most 1032 bytes of one.
const MAX_RATIO: usize = 1032;

/// A response that is decompressed as it arrives.
pub(super) struct DecompressedBody {
    inner: BoxBody,
    decoder: Decoder,
    input: Bytes,
    /// All was returned, or an error.
    is_done: bool,
}

impl DecompressedBody {
    pub fn new(inner: BoxBody, limit: usize) -> Self {
        Self {
            inner,
            decoder: Decoder::new(limit),
            input: Bytes::new(),
            is_done: false,
        }
    }

    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>>>> {
        loop {
            if let Some(piece) = self.decoder.piece(&mut self.input)? {
                return Poll::Ready(Some(Ok(Frame::data(piece))));
            }
            match ready!(Pin::new(&mut self.inner).poll_frame(cx)?) {
                None => return Poll::Ready(self.decoder.finish().err().map(Err)),
                // Trailers come after all data, and say nothing of it.
                Some(frame) => self.input = frame.into_data().unwrap_or_default(),
            }
        }
    }
}

impl Body for DecompressedBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>>>> {
        if self.is_done {
            return Poll::Ready(None);
        }
        let result = ready!(self.poll_piece(cx));
        self.is_done = !matches!(result, Some(Ok(_)));
        Poll::Ready(result)
    }

    fn is_end_stream(&self) -> bool {
        self.is_done
    }

    fn size_hint(&self) -> SizeHint {
        if self.is_done {
            SizeHint::with_exact(0)
        } else {
            SizeHint::default()
        }
    }
}

/// Decompresses gzip members one after the other, up to a limit of bytes.
struct Decoder {
    /// `None` between two members.
    member: Option<Decompress>,
    /// Whether a member was read to its end.
    complete: bool,
    left: usize,
    limit: usize,
}

impl Decoder {
    fn new(limit: usize) -> Self {
        let member = Some(Decompress::new_gzip(WINDOW_BITS));
        Self {
            member,
            complete: false,
            left: limit,
            limit,
        }
    }

    /// Decompresses from `input`, which it consumes, until the spare room of
    /// `output` is full or the input is used up.
    fn run(&mut self, input: &mut Bytes, output: &mut Vec<u8>) -> Result<()> {
        while !input.is_empty() && output.len() < output.capacity() {
            if self.member.is_none() {
                // gzip files may be padded with zeros.
                let zeros = input.iter().take_while(|&&b| b == 0).count();
                input.advance(zeros);
                if input.is_empty() {
                    break;
                }
            }
            let member = self
                .member
                .get_or_insert_with(|| Decompress::new_gzip(WINDOW_BITS));
            self.complete = false;
            let (before_in, before) = (member.total_in(), output.len());
            let status = member
                .decompress_vec(input, output, FlushDecompress::None)
                .map_err(|error| Error::body("its gzip is broken").with_source(error))?;
            let taken = usize::try_from(member.total_in() - before_in).unwrap_or(usize::MAX);
            input.advance(taken.min(input.len()));
            let made = output.len() - before;
            self.left = self
                .left
                .checked_sub(made)
                .ok_or_else(|| too_large(self.limit))?;
            if status == Status::StreamEnd {
                self.member = None;
                self.complete = true;
            } else if taken == 0 && made == 0 {
                return Err(Error::body("its gzip is broken"));
            }
        }
        Ok(())
    }

    /// Whether what was read may be the end.
    fn finish(&self) -> Result<()> {
        if self.complete {
            Ok(())
        } else {
            Err(Error::body("its gzip is cut off"))
        }
    }

    /// The next piece of a stream; `None` if it needs more input.
    fn piece(&mut self, input: &mut Bytes) -> Result<Option<Bytes>> {
        if input.is_empty() {
            return Ok(None);
        }
        let guess = input.len().saturating_mul(8).clamp(4096, PIECE);
        let mut output = Vec::with_capacity(guess);
        self.run(input, &mut output)?;
        Ok((!output.is_empty()).then(|| output.into()))
    }
}

/// Decompresses a collected response into one buffer.
pub(super) fn decompress_all(mut input: Bytes, limit: usize) -> Result<Bytes> {
    let mut decoder = Decoder::new(limit);
    // One byte more, so that a full buffer is not taken for a short one.
    let mut output = Vec::with_capacity(size_hint(&input).min(limit).saturating_add(1));
    loop {
        decoder.run(&mut input, &mut output)?;
        if output.len() < output.capacity() {
            break;
        }
        // Not beyond the first byte that is too much.
        output.reserve(output.len().max(4096).min(decoder.left.saturating_add(1)));
    }
    decoder.finish()?;
    Ok(output.into())
}

/// Returns the size of the last member modulo 2^32, according to the trailer: right for
/// nearly all responses, and never trusted beyond the ratio that gzip can reach.
fn size_hint(input: &[u8]) -> usize {
    let trailer = input.last_chunk::<4>().copied().unwrap_or_default();
    let claimed = usize::try_from(u32::from_le_bytes(trailer)).unwrap_or(usize::MAX);
    claimed
        .min(input.len().saturating_mul(MAX_RATIO))
        .min(MAX_RESERVE)
}
