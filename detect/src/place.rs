//! Where a thread stands, in the detail that a wait needs: what it may park.
//!
//! The order of the questions is the design. Tokio's evidence comes before the
//! bridge's tags. Tagged code runs without a coop budget and outside a worker, so a
//! poll that Tokio shows began inside the tagged code. Among Tokio's evidence the
//! cheapest question comes first, and the probe of the budget last.
//!
//! The worker's index comes before the handle. On a plain thread the question for the
//! index costs nothing (see the crate's documentation). On a worker it saves a reference
//! count.

use tokio::{
    runtime::{self, Handle, TryCurrentError},
    task,
};

use crate::{Context, ThreadTag, probe::budget};

/// Where the current thread stands, in the detail that waiting needs.
///
/// ```
/// use bridge_detect::Place;
///
/// assert_eq!(Place::current(), Place::Thread);
///
/// let runtime = tokio::runtime::Builder::new_current_thread().build()?;
/// let _guard = runtime.enter();
/// assert_eq!(Place::current(), Place::Blocking);
/// assert_eq!(runtime.block_on(async { Place::current() }), Place::Worker(0));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// No runtime is reachable, no poll can be detected, and the thread has no tag.
    Thread,
    /// This thread's locals are being destroyed, Tokio's among them.
    Ending,
    /// A runtime is reachable, and nothing is being polled.
    Blocking,
    /// Inside a job of the offload pool.
    Job,
    /// Polled by a Tokio scheduler, as the worker of this index. A current-thread
    /// runtime has the worker 0 alone.
    Worker(usize),
    /// Polled by a Tokio thread that is no worker: a root of `block_on`, or the
    /// task of a `LocalSet` that such a root drives.
    Root,
    /// Polled by a wait of the bridge.
    Wait,
    /// Polled by an executor that isn't Tokio's: inside
    /// [`in_async`](crate::in_async), or a task of a `LocalSet` where no
    /// runtime is reachable.
    Foreign,
}

impl Place {
    /// Returns the place of this thread, now.
    ///
    /// It never panics, never allocates and takes no lock.
    #[must_use]
    #[inline]
    pub fn current() -> Self {
        match runtime::worker_index() {
            Some(index) => Self::Worker(index),
            None => Self::outside_a_worker(),
        }
    }

    #[inline]
    fn outside_a_worker() -> Self {
        // The handle is dropped at once. This only decrements a count, because the code
        // that made the runtime current still holds a handle.
        match Handle::try_current().map(drop) {
            Ok(()) => Self::in_reach_of_a_runtime(),
            Err(error) => Self::out_of_reach(&error),
        }
    }

    fn in_reach_of_a_runtime() -> Self {
        if budget::budget_in_force() {
            return Self::Root;
        }
        ThreadTag::current().place().unwrap_or(Self::Blocking)
    }

    #[inline]
    fn out_of_reach(error: &TryCurrentError) -> Self {
        let tagged = ThreadTag::current().place();
        // A wait or a job that calls `exit` never takes its tag back. But another executor may
        // poll in a destructor.
        if error.is_thread_local_destroyed() && tagged != Some(Self::Foreign) {
            return Self::Ending;
        }
        if let Some(place) = tagged {
            // A tag does not hide a `LocalSet` that is polled inside the tagged code.
            return if in_a_lone_local_set() {
                Self::Foreign
            } else {
                place
            };
        }
        if in_a_lone_local_set() {
            Self::Foreign
        } else {
            Self::Thread
        }
    }

    /// Returns the context that this place is in.
    #[must_use]
    #[inline]
    pub const fn context(self) -> Context {
        match self {
            Self::Thread | Self::Ending => Context::Sync,
            Self::Blocking | Self::Job => Context::Blocking,
            Self::Worker(_) | Self::Root | Self::Wait | Self::Foreign => Context::Async,
        }
    }
}

/// The result of the first look at a thread: whether a runtime is reachable.
/// [`place`](Self::place) takes the other looks.
///
/// Code that needs the handle as well as the place saves a reference count with this
/// type. Code that needs the place alone is faster with [`Place::current`].
///
/// ```
/// use bridge_detect::{Place, RuntimeLookup};
///
/// let runtime = tokio::runtime::Builder::new_current_thread().build()?;
/// let _guard = runtime.enter();
/// let (place, reachable) = RuntimeLookup::current().place();
/// assert_eq!(place, Place::Blocking);
/// assert_eq!(reachable.map(|it| it.id()), Some(runtime.handle().id()));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub enum RuntimeLookup {
    /// This is a worker of this index. A runtime is reachable, and the handle was not
    /// fetched.
    Worker(usize),
    /// This runtime is reachable. The place is not known yet.
    Runtime(Handle),
    /// No runtime is reachable, and the place is this one.
    Nothing(Place),
}

impl RuntimeLookup {
    /// Looks from this thread, now.
    #[must_use]
    #[inline]
    pub fn current() -> Self {
        if let Some(index) = runtime::worker_index() {
            return Self::Worker(index);
        }
        match Handle::try_current() {
            Ok(reachable) => Self::Runtime(reachable),
            Err(error) => Self::Nothing(Place::out_of_reach(&error)),
        }
    }

    /// Returns the place of this thread, and the reachable runtime if it was fetched.
    ///
    /// Call it where [`current`](Self::current) was called: on the same thread, and in
    /// the same poll.
    #[must_use]
    #[inline]
    pub fn place(self) -> (Place, Option<Handle>) {
        match self {
            Self::Worker(index) => (Place::Worker(index), None),
            Self::Runtime(reachable) => (Place::in_reach_of_a_runtime(), Some(reachable)),
            Self::Nothing(place) => (place, None),
        }
    }
}

/// Returns whether this thread polls a task under a budget where no runtime is reachable.
/// That task belongs to a `LocalSet` that another executor drives.
#[inline]
fn in_a_lone_local_set() -> bool {
    task::try_id().is_some() && budget::budget_in_force()
}
