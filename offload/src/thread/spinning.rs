//! Decides whether a thread spins before it sleeps, from the results of earlier spins.
//!
//! A spin that soon catches work pays, because it saves a wake-up. A longer spin costs
//! more than the wake-up, and keeps the processor from the caller that was just woken.
//! So a thread spins while work comes in close succession. After a few spins that did
//! not pay it skips some, and then tries one. If that one does not pay either, it skips
//! twice as many.

use std::time::Duration;

/// After this many spins in a row that did not pay, the thread skips some.
const STRIKES: u8 = 3;

/// The number of spins that the thread skips the first time, and the most it skips.
const FIRST_REST: u16 = 8;
const LONGEST_REST: u16 = 1024;

/// The most spins that a new thread skips at first, if spinning did not pay for others.
const INHERITED_REST: u16 = 64;

/// A spin pays if it catches work within this part of the limit.
const PART: u32 = 4;

/// Work that comes after a sleep of this length is no part of a burst.
const LONG: Duration = Duration::from_millis(1);

/// A record of how well spinning has paid lately.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spinning {
    /// The number of spins in a row that did not pay.
    strikes: u8,
    /// The number of spins to skip.
    rest: u16,
    /// The number of spins to skip when spinning does not pay the next time.
    next_rest: u16,
}

impl Spinning {
    /// Returns the first state, in which the thread spins.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            strikes: 0,
            rest: 0,
            next_rest: FIRST_REST,
        }
    }

    /// Returns the first state of a thread, if others spin in this process. `others` is the
    /// [`next_rest`](Self::next_rest) of the thread that spun last.
    ///
    /// If spinning did not pay there, the new thread tries one spin, not three. If that one
    /// does not pay either, it skips as many as the other, but for a few dozen at most.
    #[must_use]
    pub const fn beside(others: u16) -> Self {
        if others <= FIRST_REST {
            return Self::new();
        }
        Self {
            strikes: STRIKES - 1,
            rest: 0,
            next_rest: if others < INHERITED_REST {
                others
            } else {
                INHERITED_REST
            },
        }
    }

    /// Returns the number of spins to skip when spinning does not pay the next time.
    #[must_use]
    pub const fn next_rest(&self) -> u16 {
        self.next_rest
    }

    /// Returns whether to spin this time.
    #[must_use]
    pub fn take_turn(&mut self) -> bool {
        let spins = self.rest == 0;
        self.rest = self.rest.saturating_sub(1);
        spins
    }

    /// Makes the thread skip the next spin if this sleep was long.
    pub fn woke_after(&mut self, sleep: Duration) {
        if sleep >= LONG {
            self.rest = self.rest.max(1);
        }
    }

    /// Returns the state after a spin, which caught work after `caught`, or caught none.
    #[must_use]
    pub fn after(self, caught: Option<Duration>, limit: Duration) -> Self {
        if caught.is_some_and(|time| time <= limit / PART) {
            return Self::new();
        }
        if self.strikes + 1 < STRIKES {
            return Self {
                strikes: self.strikes + 1,
                ..self
            };
        }
        Self {
            // After the rest, one more spin that does not pay is enough.
            strikes: STRIKES - 1,
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

    /// Returns for each of the next times whether it spins, if each spin ends like this.
    fn spins(spinning: &mut Spinning, caught: Option<Duration>, count: usize) -> Vec<bool> {
        let one = |_| {
            let spins = spinning.take_turn();
            if spins {
                *spinning = spinning.after(caught, LIMIT);
            }
            spins
        };
        (0..count).map(one).collect()
    }

    #[test]
    fn it_rests_when_it_does_not_pay_and_tries_again_ever_more_rarely() {
        for caught in [None, LATE] {
            let mut spinning = Spinning::new();
            let tries = spins(&mut spinning, caught, 5000);
            let runs: Vec<_> = tries
                .chunk_by(|first, second| first == second)
                .map(|run| (run[0], run.len()))
                .collect();
            assert_eq!(runs[..4], [(true, 3), (false, 8), (true, 1), (false, 16)]);
            assert_eq!(
                runs[14..18],
                [(true, 1), (false, 1024), (true, 1), (false, 1024)]
            );
        }
    }

    #[test]
    fn a_new_thread_begins_where_the_others_are() {
        let mut other = Spinning::new();
        let _tries = spins(&mut other, Some(LIMIT), 100);
        assert_eq!(other.next_rest(), 128);
        let mut spinning = Spinning::beside(other.next_rest());
        let tries = spins(&mut spinning, None, 66);
        assert_eq!((tries[0], tries[1..65].contains(&true)), (true, false));
        assert!(tries[65]);
        // Its first spin may pay, and then it goes on.
        let mut spinning = Spinning::beside(other.next_rest());
        assert_eq!(spins(&mut spinning, SOON, 50), [true; 50]);
        assert_eq!(Spinning::beside(spinning.next_rest()), Spinning::new());
    }

    #[test]
    fn work_in_close_succession_keeps_it_awake() {
        let mut spinning = Spinning::new();
        assert_eq!(spins(&mut spinning, SOON, 50), [true; 50]);
        // Two spins that did not pay change nothing.
        let _forgiven = spins(&mut spinning, LATE, 2);
        assert_eq!(spins(&mut spinning, SOON, 1), [true]);
        assert_eq!(spinning, Spinning::new());
        assert_eq!(spins(&mut spinning, None, 4), [true, true, true, false]);
    }

    #[test]
    fn it_does_not_spin_for_work_that_comes_once_in_a_while() {
        let mut spinning = Spinning::new();
        for _ in 0..10 {
            spinning.woke_after(LONG);
            assert!(!spinning.take_turn());
        }
        spinning.woke_after(LONG / 2);
        assert!(spinning.take_turn());
    }
}
