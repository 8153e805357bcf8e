use std::fmt;

use super::encoder::Encoder;
use crate::error::Result;

/// A gzip compressor for callers that write large bodies piece by piece. A request with
/// such a body must have `Content-Encoding: gzip`; the layer then leaves it unchanged.
///
/// ```
/// use es_transport::layer::compression::Gzip;
///
/// let mut gzip = Gzip::new(1);
/// for _ in 0..1_000 {
///     gzip.write(b"{\"index\":{}}\n{\"title\":\"trail shoes\"}\n")?;
/// }
/// assert!(gzip.finish()?.len() < 1_000);
/// # Ok::<(), es_transport::Error>(())
/// ```
pub struct Gzip {
    encoder: Encoder,
    output: Vec<u8>,
}

impl Gzip {
    /// Creates a compressor with a level from 1 (fastest) to 9 (smallest).
    pub fn new(level: u32) -> Self {
        Self {
            encoder: Encoder::new(level.clamp(1, 9)),
            output: Vec::new(),
        }
    }

    /// Compresses a piece of the body.
    ///
    /// # Errors
    /// Returns an error if compression failed. The body is then unusable.
    pub fn write(&mut self, piece: &[u8]) -> Result<()> {
        self.encoder.write(piece, &mut self.output)
    }

    /// Finishes the body and returns its compressed bytes.
    ///
    /// # Errors
    /// Returns the errors of [`write`](Self::write).
    pub fn finish(mut self) -> Result<Vec<u8>> {
        self.encoder.finish(&mut self.output)?;
        Ok(self.output)
    }
}

impl fmt::Debug for Gzip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gzip")
            .field("bytes", &self.output.len())
            .finish_non_exhaustive()
    }
}
