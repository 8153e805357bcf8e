//! The texts of the server's warnings that were logged.

use std::{
    collections::VecDeque,
    hash::BuildHasher,
    sync::{Mutex, PoisonError},
};

use rustc_hash::FxBuildHasher;

/// Number of texts that are remembered.
const CAPACITY: usize = 1_024;

/// The hashes of the texts that were logged last, the oldest first.
pub(super) struct Warned(Mutex<VecDeque<u64>>);

/// The texts of all transports of the process: they have one log.
pub(super) static WARNED: Warned = Warned::new();

impl Warned {
    const fn new() -> Self {
        Self(Mutex::new(VecDeque::new()))
    }

    /// Whether the text is new; it is remembered from now on.
    pub fn is_new(&self, text: &str) -> bool {
        let hash = FxBuildHasher.hash_one(text);
        let mut hashes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if hashes.contains(&hash) {
            return false;
        }
        if hashes.len() == CAPACITY {
            hashes.pop_front();
        }
        hashes.push_back(hash);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_new_once() {
        let warned = Warned::new();
        assert!(warned.is_new("a") && warned.is_new("b"));
        assert!(!warned.is_new("a") && !warned.is_new("b"));
    }

    #[test]
    fn the_memory_is_bounded() {
        let warned = Warned::new();
        assert!((0..=CAPACITY).all(|number| warned.is_new(&number.to_string())));
        assert_eq!(warned.0.lock().unwrap().len(), CAPACITY);
        assert!(warned.is_new("0"), "the oldest was forgotten");
        assert!(!warned.is_new("2"));
    }
}
