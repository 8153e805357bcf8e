//! Random text for secrets, and a small seeded generator for simulations.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Text of `length` characters out of the URL-safe base64 alphabet, from the system's generator.
pub(crate) fn secret_text(length: usize) -> std::io::Result<String> {
    let mut bytes = vec![0_u8; length];
    rustls::crypto::ring::default_provider()
        .secure_random
        .fill(&mut bytes)
        .map_err(|_| std::io::Error::other("the system's random generator failed"))?;
    let mut text = URL_SAFE_NO_PAD.encode(bytes);
    text.truncate(length);
    Ok(text)
}

/// Text of `length` characters out of the same alphabet, always the same for the same seed.
pub(crate) fn seeded_text(seed: u64, length: usize) -> String {
    let mut random = SplitMix::new(seed);
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        bytes.extend(random.next_u64().to_le_bytes());
    }
    let mut text = URL_SAFE_NO_PAD.encode(bytes);
    text.truncate(length);
    text
}

/// SplitMix64: one addition and three mixes per number, the same numbers for the same seed.
#[derive(Clone, Debug)]
pub(crate) struct SplitMix(u64);

impl SplitMix {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Uniform in the open interval (0, 1), so that a logarithm of it is finite.
    pub fn next_unit(&mut self) -> f64 {
        let bits = self.next_u64() >> 12;
        (bits as f64 + 0.5) / (1_u64 << 52) as f64
    }
}
