use flate2::{Compress, Compression, FlushCompress, Status};

use crate::error::{Error, Result};

/// The window that every gzip reader knows: 32 KiB.
const WINDOW_BITS: u8 = 15;
/// The size of the buffers, in bytes.
const ROOM: usize = 32 << 10;

/// One gzip member, written to a buffer as the input comes.
pub(super) struct Encoder {
    compress: Compress,
    /// Small inputs wait here: a call of the compressor costs more than a copy.
    waiting: Vec<u8>,
    /// The compressor's output: filled with zeros once, not for every input.
    room: Box<[u8]>,
}

impl Encoder {
    pub fn new(level: u32) -> Self {
        Self {
            compress: Compress::new_gzip(Compression::new(level), WINDOW_BITS),
            waiting: Vec::new(),
            room: vec![0; ROOM].into(),
        }
    }

    pub fn write(&mut self, input: &[u8], output: &mut Vec<u8>) -> Result<()> {
        if self.waiting.len() + input.len() > ROOM {
            self.write_waiting(output)?;
        }
        if input.len() < ROOM / 2 {
            self.waiting.extend_from_slice(input);
            return Ok(());
        }
        self.write_waiting(output)?;
        self.write_through(input, output)
    }

    pub fn finish(&mut self, output: &mut Vec<u8>) -> Result<()> {
        self.write_waiting(output)?;
        while self.step(&[], output, FlushCompress::Finish)?.0 != Status::StreamEnd {}
        Ok(())
    }

    fn write_waiting(&mut self, output: &mut Vec<u8>) -> Result<()> {
        let mut waiting = std::mem::take(&mut self.waiting);
        self.write_through(&waiting, output)?;
        waiting.clear();
        self.waiting = waiting;
        Ok(())
    }

    fn write_through(&mut self, mut input: &[u8], output: &mut Vec<u8>) -> Result<()> {
        while !input.is_empty() {
            let (_, taken) = self.step(input, output, FlushCompress::None)?;
            input = input.get(taken..).unwrap_or_default();
        }
        Ok(())
    }

    fn step(
        &mut self,
        input: &[u8],
        output: &mut Vec<u8>,
        flush: FlushCompress,
    ) -> Result<(Status, usize)> {
        let (before_in, before_out) = (self.compress.total_in(), self.compress.total_out());
        let status = self
            .compress
            .compress(input, &mut self.room, flush)
            .map_err(|error| Error::request("its body cannot be compressed").with_source(error))?;
        let since = |now: u64, before: u64| usize::try_from(now - before).unwrap_or(usize::MAX);
        let made = since(self.compress.total_out(), before_out);
        output.extend_from_slice(self.room.get(..made).unwrap_or_default());
        Ok((status, since(self.compress.total_in(), before_in)))
    }
}

/// Pieces become one gzip member, without being joined first.
pub(super) fn gzip<'a>(
    pieces: impl IntoIterator<Item = &'a [u8]>,
    size: usize,
    level: u32,
) -> Result<Vec<u8>> {
    // JSON shrinks to a fifth or less; the buffer grows where it does not.
    let mut output = Vec::with_capacity(size / 5 + 512);
    let mut encoder = Encoder::new(level);
    for piece in pieces {
        encoder.write(piece, &mut output)?;
    }
    encoder.finish(&mut output)?;
    Ok(output)
}
