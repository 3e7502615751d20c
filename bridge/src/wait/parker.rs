//! The parker of a wait. The thread keeps it for its next wait.
//!
//! A thread has a small cache of parkers, each with its waker and with a record of
//! whether its spins have paid lately. A wait leases a parker from the cache. A nested
//! wait leases another.
//!
//! A waker may outlive its wait and wake the next wait that leases its parker. That
//! wait polls once more and parks again.

use std::{
    cell::{Cell, RefCell},
    ops::Deref,
    sync::atomic::{AtomicU16, Ordering},
    task::{Context, Waker},
    time::{Duration, Instant},
};

use super::kept::Kept;
use offload_pool::{
    fork::{Forked, OfProcess},
    load,
    park::{Parker, Spinning},
};

/// The most parkers in [`ParkerCache::more`]. Waits that nest more deeply allocate theirs.
const KEPT: usize = 8;

thread_local! {
    // The parkers are boxed, so that a lease moves a pointer.
    static CACHE: ParkerCache = const { ParkerCache { first: Cell::new(None), more: RefCell::new(Vec::new()) } };
}

/// The parkers of this thread that no wait uses.
struct ParkerCache {
    /// The parker of a wait that isn't nested: the quickest to lease.
    first: Cell<Option<Box<CachedParker>>>,
    #[allow(clippy::vec_box, reason = "a lease moves a pointer")]
    more: RefCell<Vec<Box<CachedParker>>>,
}

impl ParkerCache {
    #[inline]
    fn take(&self) -> Option<Box<CachedParker>> {
        self.first.take().or_else(|| self.take_more())
    }

    #[cold]
    fn take_more(&self) -> Option<Box<CachedParker>> {
        self.more.borrow_mut().pop()
    }

    #[inline]
    fn put(&self, parker: Option<Box<CachedParker>>) {
        if let Some(before) = self.first.replace(parker) {
            self.put_more(before);
        }
    }

    #[cold]
    fn put_more(&self, parker: Box<CachedParker>) {
        let mut more = self.more.borrow_mut();
        if more.len() < KEPT {
            more.push(parker);
        }
    }
}

struct CachedParker {
    /// In a fork's child, a thread that stayed behind may hold the parker's lock.
    parker: OfProcess<WaitParker>,
    waker: Waker,
}

/// A parker, with a record of whether its spins have paid lately.
pub(super) struct WaitParker {
    parker: Parker,
    spinning: Cell<Spinning>,
    /// The registration and the listing of the last wait.
    pub(super) kept: Kept,
}

impl Deref for WaitParker {
    type Target = Parker;

    fn deref(&self) -> &Parker {
        &self.parker
    }
}

impl WaitParker {
    /// Spins for a wake-up, and returns whether one came.
    ///
    /// It spins for at most `limit`, and never past `deadline`. It does not spin if the
    /// machine is [clearly busy](load::is_busy). It skips spins while they do not pay.
    pub(super) fn spin_for_wake_up(&self, limit: Duration, deadline: Option<Instant>) -> bool {
        if limit.is_zero() || (load::was_busy() && load::is_busy(Instant::now())) {
            return false;
        }
        if !self.takes_turn() {
            return false;
        }
        self.spin(limit, up_to(deadline, limit))
    }

    /// Spins for at most `time`, which is usually the limit of a spin. Remembers whether that
    /// paid.
    fn spin(&self, limit: Duration, time: Duration) -> bool {
        let caught = self.parker.spin(time);
        let spinning = self.spinning.get().after(caught, limit);
        self.spinning.set(spinning);
        LAST_REST.note(spinning);
        let caught = caught.is_some();
        if !caught {
            // The thread is about to park, so it has time to look at the load for the
            // next spin.
            load::refresh(Instant::now());
        }
        caught
    }

    /// Returns whether this spin is not one of those to skip. Each call that returns false
    /// has skipped one.
    fn takes_turn(&self) -> bool {
        let mut spinning = self.spinning.get();
        let takes_turn = spinning.take_turn();
        self.spinning.set(spinning);
        takes_turn
    }
}

/// Remembers whether spinning paid for the thread that spun last. A new parker begins with
/// that, because short-lived threads would learn it again and again.
struct LastRest(AtomicU16);

static LAST_REST: LastRest = LastRest(AtomicU16::new(0));

impl LastRest {
    /// Notes the state of a thread that has spun. While nothing changes, threads only read
    /// here, so they do not take the cache line from each other.
    fn note(&self, spinning: Spinning) {
        let rest = spinning.next_rest();
        if self.0.load(Ordering::Relaxed) != rest {
            self.0.store(rest, Ordering::Relaxed);
        }
    }

    fn first_of_a_parker(&self) -> Spinning {
        Spinning::beside(self.0.load(Ordering::Relaxed))
    }
}

/// A parker in use by a wait. It goes back to the thread's cache when it drops.
pub(super) struct ParkerLease {
    cached: Option<Box<CachedParker>>,
}

impl ParkerLease {
    /// Leases a parker of this thread, or makes one. Returns `None` if the thread's
    /// locals are gone.
    pub(super) fn take() -> Option<Self> {
        let cached = CACHE.try_with(ParkerCache::take).ok()?;
        let cached = cached.filter(|cached| cached.parker.get().is_ok());
        Some(Self {
            cached: Some(cached.unwrap_or_else(|| Box::new(CachedParker::new()))),
        })
    }

    /// Returns the context that a future is polled with.
    #[inline]
    pub(super) fn context(&self) -> Context<'_> {
        Context::from_waker(&self.cached().waker)
    }

    /// Returns the parker. In a fork's child of the process that made it, this returns
    /// [`Forked`].
    pub(super) fn parker(&self) -> Result<&WaitParker, Forked> {
        self.cached().parker.get()
    }

    fn cached(&self) -> &CachedParker {
        self.cached
            .as_ref()
            .unwrap_or_else(|| unreachable!("a lease ends only when it drops"))
    }
}

/// Returns the time until `deadline`, and at most `limit`.
fn up_to(deadline: Option<Instant>, limit: Duration) -> Duration {
    deadline.map_or(limit, |deadline| {
        limit.min(deadline.saturating_duration_since(Instant::now()))
    })
}

impl Drop for ParkerLease {
    fn drop(&mut self) {
        // If the thread's locals are gone by now, the parker is dropped.
        let _gone = CACHE.try_with(|cache| cache.put(self.cached.take()));
    }
}

impl CachedParker {
    #[cold]
    fn new() -> Self {
        // This may be the first wait of the thread. Later waits then find out faster
        // where the thread stands.
        detect::warm_up();
        let parker = Parker::new();
        Self {
            waker: parker.waker(),
            parker: OfProcess::new(WaitParker {
                parker,
                spinning: Cell::new(LAST_REST.first_of_a_parker()),
                kept: Kept::new(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{hint, sync::atomic::AtomicBool, thread};

    use super::*;
    use testkit::within;

    fn waker(lease: &ParkerLease) -> Waker {
        lease.cached().waker.clone()
    }

    /// Otherwise a wait with a limit spins past it.
    #[test]
    fn a_spin_for_a_wake_up_ends_at_the_deadline() {
        within(|| {
            let lease = ParkerLease::take().unwrap();
            let parker = lease.parker().unwrap();
            parker.spinning.set(Spinning::new());
            // On a busy machine it does not spin at all.
            let until = Instant::now() + Duration::from_secs(2);
            while load::is_busy(Instant::now()) && Instant::now() < until {
                thread::yield_now();
            }
            assert!(!parker.spin_for_wake_up(Duration::from_hours(1), Some(Instant::now())));
        });
    }

    /// Otherwise each short-lived thread spins for nothing several times.
    #[test]
    fn a_new_thread_begins_with_what_others_have_learnt() {
        let last = LastRest(AtomicU16::new(0));
        assert_eq!(last.first_of_a_parker(), Spinning::new());
        let limit = Duration::from_micros(50);
        let mut spinning = Spinning::new();
        for _ in 0..4 {
            spinning = spinning.after(None, limit);
            last.note(spinning);
        }
        assert_eq!(
            last.first_of_a_parker(),
            Spinning::beside(spinning.next_rest())
        );
        assert_ne!(last.first_of_a_parker(), Spinning::new());
        last.note(spinning.after(Some(Duration::ZERO), limit));
        assert_eq!(last.first_of_a_parker(), Spinning::new());
    }

    #[test]
    fn a_thread_keeps_its_parker() {
        let first = ParkerLease::take().unwrap();
        let kept = waker(&first);
        {
            let nested = ParkerLease::take().unwrap();
            assert!(
                !waker(&nested).will_wake(&kept),
                "a nested wait has another"
            );
        }
        drop(first);
        for _ in 0..2 {
            assert!(waker(&ParkerLease::take().unwrap()).will_wake(&kept));
        }
    }

    /// Otherwise each nested wait allocates a parker, although the thread has kept some.
    #[test]
    fn nested_waits_lease_the_parkers_that_are_kept() {
        let lease = |()| ParkerLease::take().unwrap();
        let kept = [(); 3].map(lease).map(|lease| waker(&lease));
        for lease in [(); 3].map(lease) {
            let waker = waker(&lease);
            assert!(kept.iter().any(|kept| kept.will_wake(&waker)));
        }
    }

    /// Otherwise each wait spins for its whole limit, however useless that is.
    #[test]
    fn a_spin_for_nothing_is_remembered() {
        let lease = ParkerLease::take().unwrap();
        let parker = lease.parker().unwrap();
        parker.spinning.set(Spinning::new());
        let limit = Duration::from_micros(50);
        assert!(!parker.spin(limit, limit), "nobody woke it");
        assert_ne!(parker.spinning.get(), Spinning::new());
    }

    /// Otherwise a thread whose spins did not pay for a while never spins again.
    #[test]
    fn spins_are_skipped_for_a_while_only() {
        let lease = ParkerLease::take().unwrap();
        let parker = lease.parker().unwrap();
        let mut spinning = Spinning::new();
        while spinning.take_turn() {
            spinning = spinning.after(None, Duration::from_micros(50));
        }
        parker.spinning.set(spinning);
        assert!(!parker.takes_turn());
        assert!((0..u16::MAX).any(|_| parker.takes_turn()));
    }

    /// Otherwise a wait takes the processor from the very thread that would wake it.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_busy_machine_spares_no_processor_for_a_spin() {
        within(|| {
            let processors = thread::available_parallelism().map_or(1, usize::from);
            let ends = AtomicBool::new(false);
            let caught = thread::scope(|scope| {
                for _ in 0..processors + 2 {
                    scope.spawn(|| {
                        while !ends.load(Ordering::Relaxed) {
                            hint::spin_loop();
                        }
                    });
                }
                while !load::is_busy(Instant::now()) {
                    thread::yield_now();
                }
                let lease = ParkerLease::take().unwrap();
                let parker = lease.parker().unwrap();
                let caught = parker.spin_for_wake_up(Duration::from_hours(1), None);
                ends.store(true, Ordering::Relaxed);
                caught
            });
            assert!(!caught, "nobody woke it");
        });
    }

    #[test]
    fn a_thread_keeps_few_parkers() {
        let leases: Vec<ParkerLease> = (0..3 * KEPT)
            .map(|_| ParkerLease::take().unwrap())
            .collect();
        drop(leases);
        assert_eq!(CACHE.with(|cache| cache.more.borrow().len()), KEPT);
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
