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
        let time = deadline.map_or(limit, |deadline| {
            limit.min(deadline.saturating_duration_since(Instant::now()))
        });
        let caught = set.parker.spin(time);
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
