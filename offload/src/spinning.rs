//! How long to spin before sleeping: a pure function of how it went.
//!
//! A spin that catches work spares two threads a wake-up. One that doesn't, or only
//! after a long time, costs more than the wake-up. So spinning goes on while work comes
//! in close succession, and rests after a few spins that did not pay. Then a thread
//! only glances, and tries again after a number of glances, which doubles each time.

use std::time::Duration;

/// After so many spins in a row that did not pay, spinning rests.
const STRIKES: u8 = 3;

/// How many glances the first rest lasts, and the longest.
const FIRST_REST: u16 = 8;
const LONGEST_REST: u16 = 256;

/// A spin pays if it catches work within this part of the limit.
const PART: u32 = 4;

/// A glance takes this part of the limit.
const GLANCE: u32 = 32;

/// How spinning has paid lately.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spinning {
    /// Spins in a row that did not pay.
    strikes: u8,
    /// Glances until the next spin of full length.
    rest: u16,
    /// How many glances the next rest lasts.
    next_rest: u16,
}

impl Spinning {
    /// As it is at first: spinning is tried.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            strikes: 0,
            rest: 0,
            next_rest: FIRST_REST,
        }
    }

    /// How long to spin now.
    #[must_use]
    pub fn length(self, limit: Duration) -> Duration {
        if self.rest == 0 {
            limit
        } else {
            limit / GLANCE
        }
    }

    /// How it stands after a spin, which caught work after `caught`, if at all.
    #[must_use]
    pub fn after(self, caught: Option<Duration>, limit: Duration) -> Self {
        if caught.is_some_and(|time| time <= limit / PART) {
            return Self::new();
        }
        if self.rest > 0 {
            return Self {
                rest: self.rest - 1,
                ..self
            };
        }
        if self.strikes + 1 < STRIKES {
            return Self {
                strikes: self.strikes + 1,
                ..self
            };
        }
        Self {
            strikes: 0,
            rest: self.next_rest,
            next_rest: (self.next_rest * 2).min(LONGEST_REST),
        }
    }
}

impl Default for Spinning {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_micros(64);
    const SOON: Option<Duration> = Some(Duration::from_micros(16));
    const LATE: Option<Duration> = Some(Duration::from_micros(17));

    /// How long each of the next spins is that end in this way.
    fn lengths(spinning: &mut Spinning, caught: Option<Duration>, count: usize) -> Vec<u64> {
        let one = |_| {
            let length = spinning.length(LIMIT);
            *spinning = spinning.after(caught, LIMIT);
            u64::try_from(length.as_micros()).unwrap()
        };
        (0..count).map(one).collect()
    }

    #[test]
    fn it_rests_when_it_does_not_pay_and_tries_again_ever_more_rarely() {
        for caught in [None, LATE] {
            let mut spinning = Spinning::new();
            let lengths = lengths(&mut spinning, caught, 2000);
            let tries: Vec<_> = lengths
                .chunk_by(|first, second| first == second)
                .map(|run| (run[0], run.len()))
                .collect();
            assert_eq!(tries[..4], [(64, 3), (2, 8), (64, 3), (2, 16)]);
            assert_eq!(tries[10..13], [(64, 3), (2, 256), (64, 3)]);
        }
    }

    #[test]
    fn work_in_close_succession_keeps_it_awake() {
        let mut spinning = Spinning::new();
        let _rests = lengths(&mut spinning, None, 5);
        assert_eq!(lengths(&mut spinning, SOON, 3), [2, 64, 64]);
        assert_eq!(spinning, Spinning::new());
        // Two that don't pay are forgiven.
        let _forgiven = lengths(&mut spinning, LATE, 2);
        assert_eq!(lengths(&mut spinning, SOON, 2), [64, 64]);
        assert_eq!(lengths(&mut spinning, None, 4), [64, 64, 64, 2]);
    }

    #[test]
    fn odd_limits_do_no_harm() {
        for limit in [Duration::ZERO, Duration::from_nanos(1), Duration::MAX] {
            let mut spinning = Spinning::new();
            for _ in 0..10 {
                assert!(spinning.length(limit) <= limit);
                spinning = spinning.after(None, limit);
            }
        }
    }
}
