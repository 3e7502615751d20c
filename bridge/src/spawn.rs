//! Spawns tasks that carry the lineage and the context of the code that spawns them.

mod driven;

use std::panic::Location;

use detect::Place;
use offload_pool::{Lineage, large::Large};
use tokio::{
    runtime::{Handle, RuntimeFlavor},
    task::{self, JoinHandle},
};

use self::driven::Driven;
use crate::{
    Bridge,
    carry::{Captured, InContext},
    runtime::drives_itself,
};

impl Bridge {
    /// Spawns a task that counts as a descendant of the code that spawns it.
    ///
    /// It runs on the runtime of this thread if somebody is sure to drive that runtime,
    /// and on home otherwise. A current-thread runtime is sure to be driven only if it
    /// polls the code that spawns.
    ///
    /// Unlike a task of `tokio::spawn` it carries the [`Lineage`] of its spawner. So a
    /// thread of a pool that waits for the task knows which work belongs to it. The task also
    /// runs in the context of its spawner: see [`carry`](crate::carry).
    ///
    /// # Corner cases
    ///
    /// Under the guard of a current-thread runtime that has tasks, the first worker of a
    /// multi-thread runtime looks like the worker of the current-thread one. The new task
    /// is spawned on the current-thread runtime there.
    ///
    /// This does not look whether a multi-thread runtime has ended. Code may outlive the runtime
    /// that it runs inside, such as a closure that goes on after the end of `#[tokio::main]`. A
    /// task that it spawns is dropped, and the handle says that it was cancelled.
    ///
    /// # Cancel safety
    ///
    /// If the handle is dropped, the task goes on. `JoinHandle::abort` drops the future at its
    /// next `.await`.
    ///
    /// # Panics
    ///
    /// Panics with the text of a [`WaitError`](crate::WaitError) if the home runtime is
    /// needed, and can't be started, has ended, or belongs to the parent of this fork. Resumes a
    /// panic of [`Carrier::capture`](crate::Carrier::capture).
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        if Large::<F>::IS {
            self.spawn_small(Box::pin(future))
        } else {
            self.spawn_small(future)
        }
    }

    /// Spawns a future that is not large, or that is boxed.
    #[track_caller]
    fn spawn_small<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let runtime = match Handle::try_current() {
            Ok(here) if self.is_driven(&here) => here,
            _ => match self.living_home(Location::caller()) {
                Ok(home) => home.clone(),
                Err(error) => error.raise(),
            },
        };
        let captured = Captured::here(self.carriers());
        let task = InContext::new(captured, Lineage::current().scope(future));
        runtime.spawn(Driven::new(self.cache(), &runtime, task))
    }

    /// Returns whether somebody is sure to drive `here`, the runtime that is reachable.
    fn is_driven(&self, here: &Handle) -> bool {
        if here.runtime_flavor() != RuntimeFlavor::CurrentThread {
            return drives_itself(here);
        }
        // A current-thread runtime is sure to be driven only if it polls this code. Then
        // this thread is its worker 0. But a guard can make it reachable on worker 0 of a
        // multi-thread runtime too. If a task is polled here and `here` has no task, that
        // is such a foreign worker.
        let is_its_worker = Place::current() == Place::Worker(0)
            && (task::try_id().is_none() || here.metrics().num_alive_tasks() > 0);
        is_its_worker
            && self
                .cache()
                .with_driver(|driver| driver.is_none_or(|driver| driver.id() == here.id()))
    }
}

/// Spawns a task that counts as a descendant of the code that spawns it, through
/// [`Bridge::global`]. See [`Bridge::spawn`].
///
/// # Cancel safety
///
/// If the handle is dropped, the task goes on.
///
/// # Panics
///
/// Panics as [`Bridge::spawn`] does.
#[track_caller]
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    // This repeats `Bridge::spawn`, because passing a large future on would copy it.
    if Large::<F>::IS {
        Bridge::global().spawn_small(Box::pin(future))
    } else {
        Bridge::global().spawn_small(future)
    }
}
