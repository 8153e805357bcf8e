//! Numbers for choosing nodes: random ones of each thread, and stable hashes.

pub(crate) use crate::rng::below;

/// SplitMix64's finaliser: every bit of the input moves half of the output's bits.
pub(crate) const fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}

/// A hash that is the same in every process and release (FNV-1a, then mixed),
/// so that clients agree on where a hint leads.
pub(crate) fn stable_hash(text: &str) -> u64 {
    mix(text.bytes().fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stay_below_and_reach_every_value() {
        let mut seen = [false; 5];
        for _ in 0..1_000 {
            seen[below(5)] = true;
        }
        assert_eq!(seen, [true; 5]);
        assert_eq!(below(0), 0);
    }

    #[test]
    fn the_stable_hash_is_mixed_fnv1a() {
        // FNV-1a of "a" as published: af63dc4c8601ec8c.
        assert_eq!(stable_hash("a"), mix(0xAF63_DC4C_8601_EC8C));
        assert_ne!(stable_hash("session-1"), stable_hash("session-2"));
    }
}
