//! Parks a thread until another thread unparks it.
//!
//! A parker has one token and three states:
//!
//! | from | to | who |
//! |---|---|---|
//! | `EMPTY` | `PARKED` | the owner, under the lock |
//! | any | `NOTIFIED` | the thread that unparks the owner |
//! | `NOTIFIED` | `EMPTY` | the owner, which takes the token |
//! | `PARKED` | `EMPTY` | the owner, when its deadline passes |
//!
//! An unpark before the park leaves the token, so it is not lost. An unpark after the
//! park finds `PARKED` and takes the lock. So it can't fall between the owner's last
//! check and its sleep.
//!
//! This is not [`std::thread::park`], whose token belongs to the user of the thread. A
//! wait must not take the user's wake-ups.

use std::{
    sync::{Arc, atomic::Ordering},
    task::{Wake, Waker},
    time::{Duration, Instant},
};

use crate::platform::sync::{AtomicU8, Condvar, Mutex, lock, now, spin_loop, wait_for};

pub use crate::thread::spinning::Spinning;

const EMPTY: u8 = 0;
const NOTIFIED: u8 = 1;
const PARKED: u8 = 2;

/// The half of the owner, which is the thread that sleeps.
#[derive(Debug)]
pub struct Parker {
    unparker: Unparker,
}

/// The other half, which wakes the owner from any thread, any number of times.
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
    /// Returns a parker without a token.
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

    /// Returns the half that wakes this one.
    #[must_use]
    pub fn unparker(&self) -> &Unparker {
        &self.unparker
    }

    /// Returns a waker that leaves the token.
    #[must_use]
    pub fn waker(&self) -> Waker {
        Waker::from(Arc::clone(&self.unparker.inner))
    }

    /// Takes the token. Returns whether there was one.
    #[must_use]
    pub fn take(&self) -> bool {
        let state = &self.unparker.inner.state;
        // A plain load comes first. A loop of exchanges would move the cache line from
        // processor to processor.
        state.load(Ordering::Relaxed) == NOTIFIED
            && state.swap(EMPTY, Ordering::Acquire) == NOTIFIED
    }

    /// Spins for about `limit` until there is a token, and takes it. Returns roughly how
    /// long that took, or `None` if there was no token.
    #[must_use]
    pub fn spin(&self, limit: Duration) -> Option<Duration> {
        if limit.is_zero() {
            return self.take().then_some(Duration::ZERO);
        }
        let start = now();
        let mut time = Duration::ZERO;
        loop {
            for _ in 0..32 {
                if self.take() {
                    return Some(time);
                }
                spin_loop();
            }
            time = now().saturating_duration_since(start);
            if time >= limit {
                return None;
            }
        }
    }

    /// Sleeps until there is a token, and takes it. Returns false if `deadline` passed
    /// first.
    #[must_use]
    pub fn park(&self, deadline: Option<Instant>) -> bool {
        self.sleep(deadline) && self.take()
    }

    /// Sleeps until there is a token, and leaves it there. Returns false if `deadline`
    /// passed first.
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
            let limit = deadline.map(|deadline| deadline.saturating_duration_since(now()));
            let late = limit.is_some_and(|limit| limit.is_zero());
            if late {
                // With an exchange, a token that comes at the deadline is seen here, or
                // stays for the next park.
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

    /// Returns whether the owner has a token that it has not taken.
    #[must_use]
    pub fn is_unparked(&self) -> bool {
        self.inner.state.load(Ordering::Relaxed) == NOTIFIED
    }
}

impl Inner {
    fn unpark(&self) {
        if self.state.swap(NOTIFIED, Ordering::Release) == PARKED {
            // The owner holds the lock from `PARKED` until it sleeps. Once this thread
            // has held the lock, the owner sleeps, and the notification reaches it.
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
