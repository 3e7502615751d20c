//! The finer answer: who is polling, so that a wait knows what it may park.
//!
//! The order of the questions is the design. Tokio's evidence comes before our
//! marks, because a marked future is always polled without a coop budget and
//! outside a worker: whatever Tokio shows was entered further in. Among Tokio's
//! evidence the cheapest comes first, and the probe, which costs most, last.
//!
//! Asking for the handle first would spare a plain thread one question, but that
//! one costs it nothing (see the crate's head), and a worker would pay for a
//! reference count.

use tokio::{
    runtime::{self, Handle, TryCurrentError},
    task,
};

use crate::{Context, Mark, probe};

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
    /// No runtime is reachable from here.
    Thread,
    /// This thread's locals are being destroyed, Tokio's among them.
    Ending,
    /// A runtime is reachable, and nothing is being polled.
    Blocking,
    /// Inside a job of the offload pool.
    Job,
    /// Polled by a Tokio scheduler, as the worker of this index. A
    /// current-thread runtime has the worker 0 alone.
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
    /// The place of this thread, now.
    ///
    /// Never panics, never allocates, takes no lock.
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
        // The handle goes at once: dropping it is a decrement, because whoever
        // made it current still holds one.
        match Handle::try_current().map(drop) {
            Ok(()) => Self::in_reach_of_a_runtime(),
            Err(error) => Self::out_of_reach(&error),
        }
    }

    fn in_reach_of_a_runtime() -> Self {
        if probe::budget_in_force() {
            return Self::Root;
        }
        Mark::current().place().unwrap_or(Self::Blocking)
    }

    #[inline]
    fn out_of_reach(error: &TryCurrentError) -> Self {
        if let Some(place) = Mark::current().place() {
            // A mark does not hide a `LocalSet` that was entered further in.
            return if in_a_lone_local_set() {
                Self::Foreign
            } else {
                place
            };
        }
        if error.is_thread_local_destroyed() {
            return Self::Ending;
        }
        if in_a_lone_local_set() {
            Self::Foreign
        } else {
            Self::Thread
        }
    }

    /// The same in three words.
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

/// The first look of [`Place::current`]: is a runtime reachable? [`place`] takes
/// the others.
///
/// For who needs the handle as well as the place, since each costs a reference
/// count; who needs the place alone is better off without.
///
/// [`place`]: Self::place
///
/// ```
/// use bridge_detect::{Place, Reach};
///
/// let runtime = tokio::runtime::Builder::new_current_thread().build()?;
/// let _guard = runtime.enter();
/// let (place, reachable) = Reach::current().place();
/// assert_eq!(place, Place::Blocking);
/// assert_eq!(reachable.map(|it| it.id()), Some(runtime.handle().id()));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub enum Reach {
    /// A worker has one, which wasn't asked for. Its place is that.
    Worker(usize),
    /// This one is. What is done with it remains to be seen.
    Runtime(Handle),
    /// None is, at this place.
    Nothing(Place),
}

impl Reach {
    /// From this thread, now.
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

    /// The place of this thread, as long as it is still there, and the runtime if
    /// it was asked for.
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

/// Whether this is the task of a `LocalSet` which another executor drives: a
/// task, polled under a budget, where no runtime is reachable.
#[inline]
fn in_a_lone_local_set() -> bool {
    task::try_id().is_some() && probe::budget_in_force()
}
