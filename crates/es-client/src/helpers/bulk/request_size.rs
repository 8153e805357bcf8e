//! The number of bytes of a request, which a 413 lowers.

/// The maximum size of the next requests: as set, half as large after a 413, and twice
/// as large again after enough requests that the server accepted.
///
/// A limit of the server stays as it is, and each request beyond it is sent in vain: the
/// wait until the next attempt doubles. The 413 of a proxy that has little memory for a
/// moment is forgotten soon.
#[derive(Debug)]
pub(super) struct RequestSize {
    most: usize,
    limit: usize,
    /// The number of requests of about this size that were accepted.
    accepted: u32,
    /// The number of them after which the limit grows.
    grows_after: u32,
    /// Whether it has grown since the last 413.
    has_grown: bool,
}

/// The size in bytes of a request that was accepted or refused.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum SizeSample {
    Accepted(usize),
    TooLarge(usize),
}

/// The number of accepted requests after which the limit grows first.
const INITIAL_GROWTH_AFTER: u32 = 8;
/// The maximum number of accepted requests between two attempts to grow.
const MAX_GROWTH_AFTER: u32 = 1_024;

impl RequestSize {
    pub fn new(most: usize) -> Self {
        Self {
            most,
            limit: most,
            accepted: 0,
            grows_after: INITIAL_GROWTH_AFTER,
            has_grown: false,
        }
    }

    /// Notes how a request ended, and returns the limit if it has changed.
    pub fn ended(&mut self, sample: SizeSample) -> Option<usize> {
        let before = self.limit;
        match sample {
            SizeSample::TooLarge(bytes) => self.shrink(bytes),
            // A request far below the limit would be accepted in any case.
            SizeSample::Accepted(bytes) if self.limit < self.most && bytes >= self.limit / 2 => {
                self.grow();
            }
            SizeSample::Accepted(_) => {}
        }
        (self.limit != before).then_some(self.limit)
    }

    fn shrink(&mut self, bytes: usize) {
        self.limit = self.limit.min(bytes / 2).max(1);
        self.accepted = 0;
        if std::mem::take(&mut self.has_grown) {
            self.grows_after = (self.grows_after * 2).min(MAX_GROWTH_AFTER);
        }
    }

    fn grow(&mut self) {
        self.accepted += 1;
        if self.accepted >= self.grows_after {
            self.accepted = 0;
            self.limit = self.limit.saturating_mul(2).min(self.most);
            self.has_grown = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{SizeSample::*, *};

    /// Sends requests as large as allowed to a server with a limit, and returns the
    /// number that it refuses.
    fn refused(size: &mut RequestSize, requests: u32, most: usize) -> u32 {
        let mut refused = 0;
        for _ in 0..requests {
            let is_refused = size.limit > most;
            refused += u32::from(is_refused);
            size.ended(if is_refused {
                TooLarge(size.limit)
            } else {
                Accepted(size.limit)
            });
        }
        refused
    }

    #[test]
    fn it_grows_again_once_the_server_accepts_more() {
        let mut size = RequestSize::new(1_000_000);
        assert_eq!(size.ended(TooLarge(200)), Some(100));
        assert_eq!(refused(&mut size, 14 * INITIAL_GROWTH_AFTER, usize::MAX), 0);
        assert_eq!(size.limit, 1_000_000);
    }

    #[test]
    fn requests_far_below_the_limit_tell_nothing() {
        let mut size = RequestSize::new(1_000);
        size.ended(TooLarge(1_000));
        for _ in 0..100 {
            assert_eq!(size.ended(Accepted(100)), None);
        }
        assert_eq!(size.limit, 500);
    }

    #[test]
    fn a_limit_that_stays_is_tried_less_and_less_often() {
        let mut size = RequestSize::new(5 << 20);
        assert_eq!(refused(&mut size, 50, 1 << 20), 5);
        let later = refused(&mut size, 20_000, 1 << 20);
        assert!((15..30).contains(&later), "{later}");
    }

    #[test]
    fn concurrent_413s_shrink_it_once() {
        let mut size = RequestSize::new(1_000);
        for _ in 0..4 {
            size.ended(TooLarge(1_000));
        }
        assert_eq!(size.limit, 500);
        size.ended(TooLarge(1));
        assert_eq!(size.limit, 1);
    }
}
