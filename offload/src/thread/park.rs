//! Parking a thread until it is told to go on.
//!
//! One token, three states. `EMPTY → PARKED` by the owner under the lock,
//! anything `→ NOTIFIED` by whoever wakes, `NOTIFIED → EMPTY` by the owner. A
//! wake-up that comes before the park leaves the token, so it is never lost;
//! one that comes after finds `PARKED`, takes the lock, and so can't fall
//! between the owner's last look and its sleep.
//!
//! It is not [`std::thread::park`]: that token belongs to the thread's user,
//! whose own wake-ups must not be eaten here.

use std::{
    sync::{Arc, atomic::Ordering},
    task::{Wake, Waker},
    time::{Duration, Instant},
};

use crate::platform::sync::{AtomicU8, Condvar, Mutex, lock, spin_loop, wait_for};

pub use crate::thread::spinning::Spinning;

const EMPTY: u8 = 0;
const NOTIFIED: u8 = 1;
const PARKED: u8 = 2;

/// The owner's half: the thread that sleeps.
#[derive(Debug)]
pub struct Parker {
    unparker: Unparker,
}

/// The other half: wakes the owner, from any thread, any number of times.
#[derive(Clone, Debug)]
pub struct Unparker {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    state: AtomicU8,
    lock: Mutex<()>,
    wake_up: Condvar,
}

impl Parker {
    /// A parker without a token.
    #[must_use]
    pub fn new() -> Self {
        let inner = Inner {
            state: AtomicU8::new(EMPTY),
            lock: Mutex::new(()),
            wake_up: Condvar::new(),
        };
        Self {
            unparker: Unparker {
                inner: Arc::new(inner),
            },
        }
    }

    /// The half that wakes this one.
    #[must_use]
    pub fn unparker(&self) -> &Unparker {
        &self.unparker
    }

    /// A waker that leaves the token.
    #[must_use]
    pub fn waker(&self) -> Waker {
        Waker::from(Arc::clone(&self.unparker.inner))
    }

    /// Takes the token if there is one.
    #[must_use]
    pub fn take(&self) -> bool {
        let state = &self.unparker.inner.state;
        // A plain look first: spinning on an exchange would bounce the line.
        state.load(Ordering::Relaxed) == NOTIFIED
            && state.swap(EMPTY, Ordering::Acquire) == NOTIFIED
    }

    /// Takes the token, looking for it for about `limit` before giving up. Returns how
    /// long that took, roughly.
    #[must_use]
    pub fn spin(&self, limit: Duration) -> Option<Duration> {
        if limit.is_zero() {
            return self.take().then_some(Duration::ZERO);
        }
        let start = Instant::now();
        let mut time = Duration::ZERO;
        loop {
            for _ in 0..32 {
                if self.take() {
                    return Some(time);
                }
                spin_loop();
            }
            time = start.elapsed();
            if time >= limit {
                return None;
            }
        }
    }

    /// Sleeps until there is a token, and takes it; false if `deadline` came
    /// first.
    #[must_use]
    pub fn park(&self, deadline: Option<Instant>) -> bool {
        self.sleep(deadline) && self.take()
    }

    /// Sleeps until there is a token, and leaves it there; false if `deadline`
    /// came first.
    #[must_use]
    pub(crate) fn sleep(&self, deadline: Option<Instant>) -> bool {
        let Inner {
            state,
            lock: mutex,
            wake_up,
        } = &*self.unparker.inner;
        if state.load(Ordering::Relaxed) == NOTIFIED {
            return true;
        }
        let mut guard = lock(mutex);
        if state
            .compare_exchange(EMPTY, PARKED, Ordering::Relaxed, Ordering::Relaxed)
            .is_err()
        {
            return true;
        }
        loop {
            let limit = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            let late = limit.is_some_and(|limit| limit.is_zero());
            if late {
                // An exchange, so a token that comes at the deadline is either
                // seen here or left for the next park.
                return state
                    .compare_exchange(PARKED, EMPTY, Ordering::Relaxed, Ordering::Relaxed)
                    .is_err();
            }
            (guard, _) = wait_for(wake_up, guard, limit);
            if state.load(Ordering::Relaxed) == NOTIFIED {
                return true;
            }
        }
    }
}

impl Default for Parker {
    fn default() -> Self {
        Self::new()
    }
}

impl Unparker {
    /// Leaves the token, and wakes the owner if it sleeps.
    pub fn unpark(&self) {
        self.inner.unpark();
    }

    /// Whether the owner has a token that it hasn't taken yet.
    #[must_use]
    pub fn is_unparked(&self) -> bool {
        self.inner.state.load(Ordering::Relaxed) == NOTIFIED
    }
}

impl Inner {
    fn unpark(&self) {
        if self.state.swap(NOTIFIED, Ordering::Release) == PARKED {
            // The owner holds the lock from `PARKED` until it sleeps: passing
            // through it here means that the notification finds it asleep.
            drop(lock(&self.lock));
            self.wake_up.notify_one();
        }
    }
}

impl Wake for Inner {
    fn wake(self: Arc<Self>) {
        self.unpark();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.unpark();
    }
}
