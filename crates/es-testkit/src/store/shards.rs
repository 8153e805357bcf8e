//! Which shard holds a document, and which node holds a shard.

/// The number of parts that an index can be split into.
pub(crate) fn routing_shards(shards: u32) -> u32 {
    let bits = 32 - shards.saturating_sub(1).leading_zeros();
    let splits = 10_u32.saturating_sub(bits).max(1);
    shards.saturating_mul(1 << splits)
}

/// The shard of a document: by its routing value, else by its id.
pub(crate) fn shard_of(value: &str, routing_shards: u32, shards: u32) -> u32 {
    let hash = murmur3(value);
    let slot = i64::from(hash).rem_euclid(i64::from(routing_shards.max(1)));
    let factor = (routing_shards / shards.max(1)).max(1);
    u32::try_from(slot).unwrap_or(0) / factor
}

/// Murmur3 (x86, 32 bit, seed 0) over the UTF-16LE code units.
fn murmur3(text: &str) -> i32 {
    let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut hash = 0_u32;
    let mut chunks = bytes.chunks_exact(4);
    for chunk in &mut chunks {
        let block = chunk
            .iter()
            .rev()
            .fold(0, |block, byte| block << 8 | u32::from(*byte));
        hash = (hash ^ scramble(block))
            .rotate_left(13)
            .wrapping_mul(5)
            .wrapping_add(0xe654_6b64);
    }
    let tail = chunks
        .remainder()
        .iter()
        .rev()
        .fold(0, |block, byte| block << 8 | u32::from(*byte));
    if !chunks.remainder().is_empty() {
        hash ^= scramble(tail);
    }
    hash ^= u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    hash = (hash ^ (hash >> 16)).wrapping_mul(0x85eb_ca6b);
    hash = (hash ^ (hash >> 13)).wrapping_mul(0xc2b2_ae35);
    (hash ^ (hash >> 16)).cast_signed()
}

fn scramble(block: u32) -> u32 {
    block
        .wrapping_mul(0xcc9e_2d51)
        .rotate_left(15)
        .wrapping_mul(0x1b87_3593)
}

/// The nodes that hold one shard: the primary's first, at most one copy on each.
///
/// Shards go around the nodes in their order. A node that is not `listed` holds nothing: the next
/// ones take over.
pub(crate) fn holders(index: &str, shard: u32, copies: usize, listed: &[bool]) -> Vec<usize> {
    let count = listed.len();
    let offset = index
        .bytes()
        .fold(0_usize, |sum, byte| sum.wrapping_add(usize::from(byte)));
    let start = offset.wrapping_add(usize::try_from(shard).unwrap_or(0));
    let around = (0..count).filter_map(|step| start.wrapping_add(step).checked_rem(count));
    around
        .filter(|node| listed.get(*node) == Some(&true))
        .take(copies)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_as_the_server() {
        // From Elasticsearch's own tests of its hash.
        assert_eq!(murmur3("hell").cast_unsigned(), 0x5a0c_b7c3);
        assert_eq!(murmur3("hello").cast_unsigned(), 0xd7c3_1989);
        assert_eq!(murmur3("hello w").cast_unsigned(), 0x22ab_2984);
        assert_eq!(murmur3("hello wo").cast_unsigned(), 0xdf0c_a123);
        assert_eq!([1, 3, 5, 600].map(routing_shards), [1024, 768, 640, 1200]);
    }

    #[test]
    fn shards_go_around_the_nodes() {
        assert_eq!(holders("\u{0}", 1, 2, &[true, true, true]), [1, 2]);
        assert_eq!(holders("\u{0}", 1, 2, &[true, false, true]), [2, 0]);
        assert_eq!(holders("\u{0}", 1, 2, &[true]), [0]);
        assert!(holders("a", 0, 1, &[]).is_empty());
    }
}
