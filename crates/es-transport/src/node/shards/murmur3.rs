//! The hash by which Elasticsearch routes documents.

/// Returns murmur3 (x86, 32 bits, seed 0) over the UTF-16LE code units of a text.
#[inline]
pub(crate) fn murmur3(text: &str) -> i32 {
    if text.is_ascii() {
        hash(text.bytes().map(u16::from))
    } else {
        of_other_text(text)
    }
}

#[cold]
fn of_other_text(text: &str) -> i32 {
    hash(text.encode_utf16())
}

#[inline]
fn hash(mut units: impl Iterator<Item = u16>) -> i32 {
    let mut hash = 0_u32;
    let mut bytes = 0_u32;
    while let Some(low) = units.next() {
        let Some(high) = units.next() else {
            bytes = bytes.wrapping_add(2);
            hash ^= scramble(u32::from(low));
            break;
        };
        bytes = bytes.wrapping_add(4);
        hash ^= scramble(u32::from(high) << 16 | u32::from(low));
        hash = hash
            .rotate_left(13)
            .wrapping_mul(5)
            .wrapping_add(0xE654_6B64);
    }
    hash ^= bytes;
    hash = (hash ^ (hash >> 16)).wrapping_mul(0x85EB_CA6B);
    hash = (hash ^ (hash >> 13)).wrapping_mul(0xC2B2_AE35);
    (hash ^ (hash >> 16)).cast_signed()
}

fn scramble(block: u32) -> u32 {
    block
        .wrapping_mul(0xCC9E_2D51)
        .rotate_left(15)
        .wrapping_mul(0x1B87_3593)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_those_of_elasticsearch() {
        let published = [
            ("hell", 0x5A0C_B7C3_u32),
            ("hello", 0xD7C3_1989),
            ("hello w", 0x22AB_2984),
            ("hello wo", 0xDF0C_A123),
            ("hello wor", 0xE774_4D61),
            ("The quick brown fox jumps over the lazy dog", 0xE07D_B09C),
            ("The quick brown fox jumps over the lazy cog", 0x4E63_D2AD),
        ];
        for (text, hash) in published {
            assert_eq!(murmur3(text).cast_unsigned(), hash, "{text}");
        }
        assert_eq!(murmur3(""), 0);
    }
}
