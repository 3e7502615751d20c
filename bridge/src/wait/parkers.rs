//! What a wait needs of its thread, kept for the next: a parker, its waker,
//! and how long spinning has paid.
//!
//! A wait takes a set out and puts it back; one nested in it takes another. A
//! waker may outlive its wait, and wake the next for nothing: that one polls
//! once more and parks again.

use std::{
    cell::{Cell, RefCell},
    task::{Context, Waker},
    time::{Duration, Instant},
};

use offload_pool::{
    fork, load,
    park::{Parker, Spinning},
};

/// Sets kept per thread; waits nested more deeply than this allocate.
const KEPT: usize = 8;

thread_local! {
    // Boxed, so that taking one out and putting it back moves a pointer.
    static KEEP: Keep = const { Keep { first: Cell::new(None), more: RefCell::new(Vec::new()) } };
}

/// Sets that no wait uses.
struct Keep {
    /// That of a wait which isn't nested: the quickest to be had.
    first: Cell<Option<Box<Set>>>,
    #[allow(clippy::vec_box, reason = "as said above")]
    more: RefCell<Vec<Box<Set>>>,
}

impl Keep {
    #[inline]
    fn take(&self) -> Option<Box<Set>> {
        self.first.take().or_else(|| self.take_more())
    }

    #[cold]
    fn take_more(&self) -> Option<Box<Set>> {
        self.more.borrow_mut().pop()
    }

    #[inline]
    fn put(&self, set: Option<Box<Set>>) {
        if let Some(before) = self.first.replace(set) {
            self.put_more(before);
        }
    }

    #[cold]
    fn put_more(&self, set: Box<Set>) {
        let mut more = self.more.borrow_mut();
        if more.len() < KEPT {
            more.push(set);
        }
    }
}

struct Set {
    parker: Parker,
    waker: Waker,
    spinning: Cell<Spinning>,
    /// The process it was made in. In a child of that one, a thread that stayed
    /// behind may hold the parker's lock.
    generation: usize,
}

/// A set in use.
pub(super) struct Seat {
    set: Option<Box<Set>>,
}

impl Seat {
    /// Takes a set of this thread, or makes one. `None` if the thread's locals
    /// are gone.
    pub(super) fn take() -> Option<Self> {
        let set = KEEP.try_with(Keep::take).ok()?;
        let set = set.filter(|set| !set.is_inherited());
        Some(Self {
            set: Some(set.unwrap_or_else(|| Box::new(Set::new()))),
        })
    }

    /// Whether this process has forked off since.
    pub(super) fn is_inherited(&self) -> bool {
        self.set().is_inherited()
    }

    /// What a future is polled with.
    #[inline]
    pub(super) fn context(&self) -> Context<'_> {
        Context::from_waker(&self.set().waker)
    }

    pub(super) fn parker(&self) -> &Parker {
        &self.set().parker
    }

    /// Spins for a wake-up, for as long as that has paid lately and within
    /// `limit`, and never past `deadline`. Beside others who want to run it does not
    /// spin.
    pub(super) fn spin(&self, limit: Duration, deadline: Option<Instant>) -> bool {
        if limit.is_zero() || (load::was_busy() && load::is_busy(Instant::now())) {
            return false;
        }
        let set = self.set();
        let mut spinning = set.spinning.get();
        if !spinning.take_turn() {
            set.spinning.set(spinning);
            return false;
        }
        let caught = set.parker.spin(up_to(deadline, limit));
        set.spinning.set(spinning.after(caught, limit));
        let caught = caught.is_some();
        if !caught {
            // For the next spin: now there is time to ask.
            let _is_busy = load::is_busy(Instant::now());
        }
        caught
    }

    fn set(&self) -> &Set {
        self.set
            .as_ref()
            .unwrap_or_else(|| unreachable!("a set is put back only on drop"))
    }
}

/// The time until `deadline`, and at most `limit`.
fn up_to(deadline: Option<Instant>, limit: Duration) -> Duration {
    deadline.map_or(limit, |deadline| {
        limit.min(deadline.saturating_duration_since(Instant::now()))
    })
}

impl Drop for Seat {
    fn drop(&mut self) {
        // If the thread's locals have gone meanwhile, so does the set.
        let _gone = KEEP.try_with(|keep| keep.put(self.set.take()));
    }
}

impl Set {
    #[cold]
    fn new() -> Self {
        // Perhaps the first wait of this thread: the next finds out sooner where
        // it stands.
        detect::warm_up();
        let parker = Parker::new();
        Self {
            waker: parker.waker(),
            parker,
            spinning: Cell::new(Spinning::new()),
            generation: fork::generation(),
        }
    }

    fn is_inherited(&self) -> bool {
        self.generation != fork::generation()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waker(seat: &Seat) -> Waker {
        seat.set().waker.clone()
    }

    #[test]
    fn a_thread_keeps_its_parker() {
        let first = Seat::take().unwrap();
        let kept = waker(&first);
        {
            let nested = Seat::take().unwrap();
            assert!(
                !waker(&nested).will_wake(&kept),
                "a nested wait has another"
            );
        }
        drop(first);
        for _ in 0..2 {
            assert!(waker(&Seat::take().unwrap()).will_wake(&kept));
        }
    }

    #[test]
    fn a_thread_keeps_few_parkers() {
        let seats: Vec<Seat> = (0..3 * KEPT).map(|_| Seat::take().unwrap()).collect();
        drop(seats);
        assert_eq!(KEEP.with(|keep| keep.more.borrow().len()), KEPT);
    }

    #[test]
    fn a_spin_ends_at_the_deadline() {
        let (short, long) = (Duration::from_nanos(1), Duration::from_hours(1));
        let now = Instant::now();
        assert_eq!(up_to(Some(now), long), Duration::ZERO, "it has passed");
        assert_eq!(up_to(Some(now + long), short), short);
        assert_eq!(up_to(None, long), long);
    }
}
