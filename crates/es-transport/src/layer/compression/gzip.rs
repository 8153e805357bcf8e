use std::fmt;

use super::encoder::Encoder;
use crate::error::Result;

/// Compresses a body while it is written, for callers that write large bodies
/// piece by piece. A request with such a body says `Content-Encoding: gzip`,
/// and the layer leaves it as it is.
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
    /// Creates a compressor with a level from 1 (fast) to 9 (small).
    pub fn new(level: u32) -> Self {
        Self {
            encoder: Encoder::new(level.clamp(1, 9)),
            output: Vec::new(),
        }
    }

    /// Adds a piece.
    ///
    /// # Errors
    /// The compressor failed; the body cannot be used.
    pub fn write(&mut self, piece: &[u8]) -> Result<()> {
        self.encoder.write(piece, &mut self.output)
    }

    /// Ends the body.
    ///
    /// # Errors
    /// As [`write`](Self::write).
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
