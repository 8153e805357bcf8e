//! Looks for a secret in the memory of this process.

use std::{
    fs::{File, read_to_string},
    os::unix::fs::FileExt,
};

use base64::{Engine, prelude::BASE64_STANDARD};
use zeroize::Zeroizing;

const MASK: u8 = 0x5a;
/// The number of bytes read at a time; it is also what two pieces have in common.
const CHUNK: usize = 64 << 10;
/// Bytes that two pieces have in common.
const OVERLAP: usize = 64;

/// A secret that exists nowhere else: not in the program, and in no other test.
pub(crate) fn secret(number: u32) -> Zeroizing<String> {
    let mut state = std::process::id() ^ (number << 16) ^ 0x9e37_79b9;
    let mut text = Zeroizing::new(String::with_capacity(128));
    while text.len() < 128 {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        text.push(char::from(b'a' + (state % 26) as u8));
    }
    text
}

/// The searched bytes, changed so that it does not find itself: the second half
/// of each form, since the allocator writes over the beginning of what is freed.
pub(crate) struct Needles(Vec<Vec<u8>>);

impl Needles {
    /// The secret, and its base64 as a password of `elastic`, an API key of `id` and alone.
    pub(crate) fn of(secret: &str) -> Self {
        let mut needles = vec![masked(&secret.as_bytes()[64..96])];
        for prefix in ["", "elastic:", "id:"] {
            let plain = Zeroizing::new([prefix, secret].concat());
            let encoded = Zeroizing::new(BASE64_STANDARD.encode(plain.as_bytes()));
            needles.push(masked(&encoded.as_bytes()[96..128]));
        }
        Self(needles)
    }

    /// Number of times any of them is in memory that can be written.
    pub(crate) fn count(&self) -> usize {
        let memory = File::open("/proc/self/mem").unwrap();
        let maps = read_to_string("/proc/self/maps").unwrap();
        // One buffer, wiped after each piece: what was read is no finding.
        let mut buffer = vec![0; CHUNK + OVERLAP];
        let zeros = vec![0; CHUNK + OVERLAP];
        let mut count = 0;
        for line in maps.lines().filter(|line| line.contains(" rw")) {
            let (start, end) = line.split(' ').next().unwrap().split_once('-').unwrap();
            let address = |hex| u64::from_str_radix(hex, 16).unwrap();
            for at in (address(start)..address(end)).step_by(CHUNK) {
                // Less than that at the end; an error where nothing is mapped.
                let length = memory.read_at(&mut buffer, at).unwrap_or(0);
                if buffer[..length] != zeros[..length] {
                    count += self
                        .0
                        .iter()
                        .map(|needle| find(&buffer, needle))
                        .sum::<usize>();
                    buffer.fill(0);
                }
            }
        }
        count
    }
}

fn masked(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().map(|byte| byte ^ MASK).collect()
}

fn find(buffer: &[u8], needle: &[u8]) -> usize {
    let is_here = |at: &usize| {
        let window = buffer.get(*at..at + needle.len());
        window.is_some_and(|window| window.iter().zip(needle).all(|(a, b)| a ^ MASK == *b))
    };
    memchr::memchr_iter(needle[0] ^ MASK, buffer)
        .filter(is_here)
        .count()
}
