//! A body that is compressed while it is written.

use bytes::Bytes;
use es_transport::Gzip;

/// So much is compressed at once: enough to be worth a call, little enough that
/// it is still in the processor's cache.
const PIECE: usize = 64 << 10;

/// The compressed form of a body that is being filled.
#[derive(Debug)]
pub(super) struct Packed {
    level: u32,
    /// `None` after a failure of the compressor: this body goes as it is.
    gzip: Option<Gzip>,
    /// How much of the body is in it.
    fed: usize,
}

impl Packed {
    pub(super) fn new(level: u32) -> Self {
        Self { level, gzip: Some(Gzip::new(level)), fed: 0 }
    }

    /// Told of the body whenever it has grown, by what stays in it.
    pub(super) fn grown(&mut self, body: &[u8]) {
        if body.len() - self.fed.min(body.len()) >= PIECE {
            self.feed(body);
        }
    }

    fn feed(&mut self, body: &[u8]) {
        let rest = body.get(self.fed..).unwrap_or_default();
        self.gzip = self.gzip.take().and_then(|mut gzip| gzip.write(rest).is_ok().then_some(gzip));
        self.fed = body.len();
    }

    /// The compressed body, if that is smaller; another one begins.
    pub(super) fn take(&mut self, body: &[u8]) -> Option<Bytes> {
        self.feed(body);
        let done = std::mem::replace(self, Self::new(self.level));
        let packed = done.gzip?.finish().ok()?;
        (packed.len() < body.len()).then(|| packed.into())
    }
}
