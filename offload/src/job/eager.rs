//! Polling on for a moment, instead of sleeping until woken.
//!
//! Waking a parked executor costs a hundred times what an instant job does. So
//! an awaiter whose job is the next for a thread that is awake, or among the last
//! of those that were started, may ask to be polled again a bounded number of
//! times: the executor stays awake for the result, and polls its other tasks in
//! between. Where the jobs turn out to be long this is given up, and tried again now
//! and then.

use std::sync::atomic::Ordering;

use crate::platform::{load, sync::AtomicU8};

/// How often one awaiter asks to be polled again, at most.
///
/// One is all that loom needs to see.
const POLLS: u8 = if cfg!(bridge_loom) { 1 } else { 48 };

/// How many jobs in a row may come late before it is given up.
const CREDIT: u8 = 4;

/// When it has been given up: one job in this many tries again.
const RETRY: u8 = 32;

/// How well polling on has paid for a pool's jobs lately.
///
/// A guess that several threads make better or worse without a lock: nothing
/// rests on it but time.
pub(crate) struct Eagerness {
    credit: AtomicU8,
    waited: AtomicU8,
}

/// What one awaiter has left.
#[derive(Default)]
pub(crate) struct Eager {
    polls: u8,
}

impl Eagerness {
    pub(crate) fn new() -> Self {
        Self {
            credit: AtomicU8::new(CREDIT),
            waited: AtomicU8::new(0),
        }
    }

    /// Whether an awaiter may poll on, and how often.
    pub(crate) fn begin(&self) -> Eager {
        if load::was_busy() {
            return Eager::default();
        }
        if self.credit.load(Ordering::Relaxed) > 0 {
            return Eager { polls: POLLS };
        }
        let waited = self.waited.load(Ordering::Relaxed).wrapping_add(1);
        self.waited.store(waited, Ordering::Relaxed);
        Eager {
            polls: if waited.is_multiple_of(RETRY) {
                POLLS
            } else {
                0
            },
        }
    }

    /// Whether to ask for one poll more; the last one costs credit.
    pub(crate) fn again(&self, eager: &mut Eager) -> bool {
        match eager.polls {
            0 => return false,
            1 => {
                let credit = self.credit.load(Ordering::Relaxed);
                self.credit
                    .store(credit.saturating_sub(1), Ordering::Relaxed);
            }
            _ => {}
        }
        eager.polls -= 1;
        true
    }

    /// The result came: in time, if there are polls left.
    pub(crate) fn succeeded(&self, eager: &mut Eager) {
        if eager.polls > 0 && self.credit.load(Ordering::Relaxed) != CREDIT {
            self.credit.store(CREDIT, Ordering::Relaxed);
        }
        eager.polls = 0;
    }
}

#[cfg(all(test, not(bridge_loom)))]
mod tests {
    use super::*;

    /// Polls until there is nothing left, and says how often.
    fn exhaust(eagerness: &Eagerness) -> usize {
        let mut eager = eagerness.begin();
        std::iter::from_fn(|| eagerness.again(&mut eager).then_some(())).count()
    }

    #[test]
    fn it_is_bounded_given_up_and_tried_again() {
        let eagerness = Eagerness::new();
        for _ in 0..CREDIT {
            assert_eq!(exhaust(&eagerness), usize::from(POLLS));
        }
        let polls: usize = (0..RETRY).map(|_| exhaust(&eagerness)).sum();
        assert_eq!(polls, usize::from(POLLS), "one try in {RETRY}");
        let mut eager = Eager { polls: 1 };
        eagerness.succeeded(&mut eager);
        assert_eq!(
            exhaust(&eagerness),
            usize::from(POLLS),
            "a success restores it"
        );
    }
}
