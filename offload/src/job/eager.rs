//! Lets a caller poll on for a moment, so that its executor need not be woken.
//!
//! Waking a parked executor costs a hundred times as much as an instant job. So a
//! caller may ask to be polled again, a bounded number of times. It does so if its job
//! is the next for a worker that is awake, or if few jobs are queued. The executor then
//! stays awake, and polls its other tasks in between. If the jobs turn out to be long,
//! callers stop this, and one job in [`RETRY`] tries it again.

use std::sync::atomic::Ordering;

use crate::platform::{
    load,
    sync::{AtomicU8, MODEL},
};

/// The most further polls that one caller asks for.
///
/// In a model a single further poll shows everything.
const POLLS: u8 = if MODEL { 1 } else { 48 };

/// After this many late jobs in a row, callers stop polling on.
const TRUST: u8 = 4;

/// After callers have stopped polling on, one job in this many tries it again.
const RETRY: u8 = 32;

/// A measure of how well polling on has paid for a pool's jobs lately.
///
/// Several threads change it without a lock, so it is a guess. A wrong guess costs time
/// and nothing else.
pub(crate) struct Eagerness {
    /// The number of further late jobs after which callers stop polling on.
    trust: AtomicU8,
    /// The number of callers that began when no trust was left, modulo 256.
    without_trust: AtomicU8,
}

/// The further polls that one caller may still ask for.
#[derive(Default)]
pub(crate) struct FurtherPolls {
    left: u8,
}

impl Eagerness {
    pub(crate) fn new() -> Self {
        Self {
            trust: AtomicU8::new(TRUST),
            without_trust: AtomicU8::new(0),
        }
    }

    /// Returns how often a caller may ask to be polled again.
    pub(crate) fn begin(&self) -> FurtherPolls {
        if load::was_busy() {
            return FurtherPolls::default();
        }
        self.begin_on_quiet_machine()
    }

    /// Returns what [`begin`](Self::begin) returns on a machine that is not busy.
    fn begin_on_quiet_machine(&self) -> FurtherPolls {
        if self.trust.load(Ordering::Relaxed) > 0 {
            return FurtherPolls { left: POLLS };
        }
        let without_trust = self.without_trust.load(Ordering::Relaxed).wrapping_add(1);
        self.without_trust.store(without_trust, Ordering::Relaxed);
        FurtherPolls {
            left: if without_trust.is_multiple_of(RETRY) {
                POLLS
            } else {
                0
            },
        }
    }

    /// Returns whether to ask for one more poll. The last one of a caller costs trust.
    pub(crate) fn again(&self, polls: &mut FurtherPolls) -> bool {
        match polls.left {
            0 => return false,
            1 => {
                let trust = self.trust.load(Ordering::Relaxed);
                self.trust.store(trust.saturating_sub(1), Ordering::Relaxed);
            }
            _ => {}
        }
        polls.left -= 1;
        true
    }

    /// Notes that the result has come. It came in time if there are polls left.
    pub(crate) fn succeeded(&self, polls: &mut FurtherPolls) {
        if polls.left > 0 && self.trust.load(Ordering::Relaxed) != TRUST {
            self.trust.store(TRUST, Ordering::Relaxed);
        }
        polls.left = 0;
    }
}

#[cfg(all(test, not(any(bridge_loom, bridge_shuttle))))]
mod tests {
    use super::*;

    /// Asks for polls until none is left. Returns their number.
    fn exhaust(eagerness: &Eagerness) -> usize {
        let mut polls = eagerness.begin_on_quiet_machine();
        std::iter::from_fn(|| eagerness.again(&mut polls).then_some(())).count()
    }

    #[test]
    fn it_is_bounded_given_up_and_tried_again() {
        let eagerness = Eagerness::new();
        for _ in 0..TRUST {
            assert_eq!(exhaust(&eagerness), usize::from(POLLS));
        }
        let polls: usize = (0..RETRY).map(|_| exhaust(&eagerness)).sum();
        assert_eq!(polls, usize::from(POLLS), "one try in {RETRY}");
        // A result that comes after the last poll was late.
        eagerness.succeeded(&mut FurtherPolls { left: 0 });
        assert_eq!(exhaust(&eagerness), 0, "a late result restores nothing");
        let mut polls = FurtherPolls { left: 1 };
        eagerness.succeeded(&mut polls);
        assert_eq!(
            exhaust(&eagerness),
            usize::from(POLLS),
            "a success restores it"
        );
    }
}
