//! Hashes that are the same in every process and release.

/// SplitMix64's finaliser: every bit of the input changes half of the output's bits.
pub(super) const fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}

/// FNV-1a, then mixed, so that all clients agree on where a hint leads.
pub(super) fn stable_hash(text: &str) -> u64 {
    let fnv = text.bytes().fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
    });
    mix(fnv)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stable_hash_is_mixed_fnv1a() {
        // FNV-1a of "a" as published: af63dc4c8601ec8c.
        assert_eq!(stable_hash("a"), mix(0xAF63_DC4C_8601_EC8C));
        assert_ne!(stable_hash("session-1"), stable_hash("session-2"));
    }
}
