use std::hash::{BuildHasher, RandomState};

/// Makes ids that no one else makes: 96 random bits that stand for the run, and
/// a number. They share a long beginning and grow, which an index stores well.
#[derive(Debug)]
pub(super) struct Ids {
    text: String,
    /// The length of the part that stands for the run.
    run: usize,
    next: u64,
}

/// The digits of a number, in the order of their codes.
const DIGITS: &[u8; 64] = b"-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz";

impl Ids {
    pub fn new() -> Self {
        // Each hasher has keys of its own, which come from the system's randomness.
        let random = || RandomState::new().hash_one(0_u8);
        let mut text = String::with_capacity(24);
        push_digits(&mut text, random(), 8);
        push_digits(&mut text, random(), 8);
        // An id that begins with a minus sign is a nuisance to type.
        text.replace_range(..1, "r");
        Self {
            run: text.len(),
            text,
            next: 0,
        }
    }

    pub fn next(&mut self) -> String {
        self.text.truncate(self.run);
        push_digits(&mut self.text, self.next, 7);
        self.next += 1;
        self.text.clone()
    }
}

/// Appends the lowest `6 * digits` bits.
fn push_digits(text: &mut String, number: u64, digits: u32) {
    for place in (0..digits).rev() {
        let digit = usize::try_from((number >> (6 * place)) & 63).unwrap_or_default();
        text.push(char::from(DIGITS.get(digit).copied().unwrap_or(b'-')));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_differ_and_grow() {
        let (mut one, mut other) = (Ids::new(), Ids::new());
        let ids: Vec<_> = (0..10_000).map(|_| one.next()).collect();
        assert!(ids.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(!ids.contains(&other.next()));
        assert_eq!(ids[0].len(), 23);
    }
}
