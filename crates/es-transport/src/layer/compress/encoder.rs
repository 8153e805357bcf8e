use flate2::{Compress, Compression, FlushCompress, Status};

use crate::error::{Error, Result};

/// The window that every gzip reader knows: 32 KiB.
const WINDOW_BITS: u8 = 15;

/// One gzip member, written to a buffer as the input comes.
pub(super) struct Encoder(Compress);

impl Encoder {
    pub(super) fn new(level: u32) -> Self {
        Self(Compress::new_gzip(Compression::new(level), WINDOW_BITS))
    }

    pub(super) fn write(&mut self, mut input: &[u8], output: &mut Vec<u8>) -> Result<()> {
        while !input.is_empty() {
            let taken = self.step(input, output, FlushCompress::None)?.1;
            input = input.get(taken..).unwrap_or_default();
        }
        Ok(())
    }

    pub(super) fn finish(&mut self, output: &mut Vec<u8>) -> Result<()> {
        while self.step(&[], output, FlushCompress::Finish)?.0 != Status::StreamEnd {}
        Ok(())
    }

    fn step(
        &mut self,
        input: &[u8],
        output: &mut Vec<u8>,
        flush: FlushCompress,
    ) -> Result<(Status, usize)> {
        if output.capacity() - output.len() < 64 {
            output.reserve(output.len().max(4096));
        }
        let before = self.0.total_in();
        let status = self
            .0
            .compress_vec(input, output, flush)
            .map_err(|error| Error::request("its body cannot be compressed").with_source(error))?;
        let taken = usize::try_from(self.0.total_in() - before).unwrap_or(input.len());
        Ok((status, taken))
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
