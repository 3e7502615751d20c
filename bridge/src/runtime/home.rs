//! The home runtime of a bridge, which starts at its first use.

use std::{
    io,
    mem::ManuallyDrop,
    panic::{AssertUnwindSafe, Location, catch_unwind},
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use detect::{Context, ThreadTag, probe::blocking::block_if_allowed};
use offload_pool::{
    Ambient,
    fork::{self, Forked, OfProcess},
    on_thread::OnThread,
};
use tokio::runtime::{self, Handle, Runtime};

use super::{end, forked, home_threads::Threads};
use crate::{WaitError, ambient::InRuntime};

pub(crate) struct Home {
    source: Source,
    started: OfProcess<Started>,
}

/// The runtime, as far as it has started. Only the process whose threads drive it may use
/// it.
#[derive(Default)]
struct Started {
    /// Set once, at the first use.
    handle: OnceLock<Handle>,
    /// The runtime, if the bridge has built it, until it is shut down. In a fork's child
    /// it is never dropped, because threads of the parent may hold its locks.
    runtime: Mutex<Option<ManuallyDrop<OwnRuntime>>>,
    closed: AtomicBool,
}

/// A runtime that the bridge has built.
struct OwnRuntime {
    runtime: Runtime,
    threads: Arc<Threads>,
}

/// Where the home runtime comes from.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    /// The user has built it. The user drives it and ends it.
    Given(Handle),
    /// The bridge builds it, and ends it.
    Own {
        /// `None` means Tokio's default.
        worker_threads: Option<usize>,
        /// The threads beside the workers: as many as `spawn_blocking` usually has, and
        /// one more for each wait that hands its worker over.
        max_blocking_threads: usize,
        /// The time for which the exit of the process waits for its blocking tasks.
        exit_grace: Duration,
    },
}

impl Home {
    pub(crate) fn new(source: Source) -> Self {
        forked::watch();
        let started = if fork::is_beyond_tables() {
            // After too many forks in a line, a bridge cannot tell which runtimes have
            // threads in this process. Then home counts as a runtime of another process.
            OfProcess::of_nobody(Started::default())
        } else {
            OfProcess::new(Started::default())
        };
        Self { source, started }
    }

    /// Returns the time that the exit of the process may take because of this runtime.
    /// It is zero if the runtime was given, because then its owner ends it.
    pub(crate) fn exit_grace(&self) -> Duration {
        match &self.source {
            Source::Given(_) => Duration::ZERO,
            Source::Own { exit_grace, .. } => *exit_grace,
        }
    }

    /// Returns the runtime's handle, and starts the runtime if that has not happened yet.
    /// `at` is the place of the wait.
    ///
    /// A given runtime may have ended since its first use: see [`living`](Self::living).
    pub(crate) fn started(&self, at: &'static Location<'static>) -> Result<&Handle, WaitError> {
        let here = self
            .started
            .get()
            .map_err(|Forked| WaitError::Forked { at })?;
        if here.closed.load(Ordering::Relaxed) {
            return Err(WaitError::RuntimeGone { at });
        }
        match here.handle.get() {
            Some(handle) => Ok(handle),
            None => here.start(&self.source, at),
        }
    }

    /// Like [`started`](Self::started), but also returns an error if the user's runtime has
    /// ended since.
    pub(crate) fn living(&self, at: &'static Location<'static>) -> Result<&Handle, WaitError> {
        let handle = self.started(at)?;
        if matches!(self.source, Source::Given(_)) && end::watch(handle).has_runtime_ended() {
            return Err(WaitError::RuntimeGone { at });
        }
        Ok(handle)
    }

    /// Refuses waits from now on, and ends the runtime if the bridge has built it. Open
    /// waits inside it then end with [`WaitError::RuntimeGone`].
    pub(crate) fn shut_down(&self, timeout: Duration) {
        let Some(home) = self.take() else {
            return;
        };
        let own = home.threads.here();
        let until = Instant::now().checked_add(timeout);
        if Context::current() == Context::Async {
            // Home drops its tasks only if all its workers take part, and this task holds one up.
            if own > 0 {
                return home.begin_end();
            }
            // Tokio would refuse to block here. The caller has chosen to block anyway.
            return home.end_by_count(own, until);
        }
        // This may still be a poll: that of a root which has blocked before or runs
        // without a budget.
        if let Err(home) = home.end(own, timeout) {
            home.end_by_count(own, until);
        }
    }

    /// Like [`shut_down`](Self::shut_down), but in a poll: another thread waits for the runtime's
    /// end. Returns `None` if no thread has to wait, or if the system has no thread for that.
    ///
    /// In a wait that rests on this runtime, this blocks until the end. The end ends the wait
    /// too, before another poll of its future.
    pub(crate) fn shut_down_in_poll(&self, timeout: Duration) -> Option<OnThread<()>> {
        let is_waited_in = self.is_waited_in();
        let home = self.take()?;
        let own = home.threads.here();
        if is_waited_in {
            let until = Instant::now().checked_add(timeout);
            if let Err(home) = home.end(own, timeout) {
                // Tokio objects, because the wait freezes an executor. It stands still anyway.
                home.end_by_count(own, until);
            }
            return None;
        }
        if timeout.is_zero() {
            home.begin_end();
            return None;
        }
        // If the system has no thread, the closure is dropped here, maybe in a poll, where
        // dropping a runtime panics. So the closure must not own the runtime alone.
        let home = Arc::new(Mutex::new(Some(home)));
        let take = |home: &Mutex<Option<OwnRuntime>>| {
            home.lock().unwrap_or_else(PoisonError::into_inner).take()
        };
        let elsewhere = Arc::clone(&home);
        let body = move || {
            if let Some(Err(home)) = take(&elsewhere).map(|home| home.end(own, timeout)) {
                home.begin_end();
            }
        };
        let started = OnThread::start("bridge-shutdown", InRuntime::kept_by_shutdown(), body);
        if started.is_err()
            && let Some(home) = take(&home)
        {
            home.begin_end();
        }
        started.ok()
    }

    /// Begins the end of the runtime, without waiting for it. Its threads finish the
    /// blocking tasks that have started, and those of `tokio::fs` and `tokio::io`.
    pub(crate) fn begin_end(&self) {
        if let Some(home) = self.take() {
            home.begin_end();
        }
    }

    /// Returns whether this thread polls the future of a wait that rests on this runtime.
    fn is_waited_in(&self) -> bool {
        let home = self.started.get().ok().and_then(|it| it.handle.get());
        let is_here = |home: &Handle| Handle::try_current().is_ok_and(|it| it.id() == home.id());
        ThreadTag::current() == ThreadTag::Wait && home.is_some_and(is_here)
    }

    fn take(&self) -> Option<OwnRuntime> {
        self.started.get().ok()?.take()
    }
}

impl OwnRuntime {
    fn begin_end(self) {
        self.runtime.shutdown_background();
    }

    /// Ends the runtime, and blocks until its threads have ended or `timeout` is over. `own` of
    /// them wait for this, so they can't end before.
    ///
    /// # Errors
    ///
    /// Returns the runtime if Tokio does not let this thread block.
    fn end(self, own: usize, timeout: Duration) -> Result<(), Self> {
        if own > 0 {
            // Tokio would wait for them too.
            let until = Instant::now().checked_add(timeout);
            self.end_by_count(own, until);
            return Ok(());
        }
        let mut home = Some(self);
        let _unless_refused = block_if_allowed(|| {
            if let Some(home) = home.take() {
                home.runtime.shutdown_timeout(timeout);
            }
        });
        home.map_or(Ok(()), Err)
    }

    /// Ends the runtime, and blocks until at most `own` of its threads are left, or until the
    /// time `until`. The thread-locals of the others may still be dropped then.
    fn end_by_count(self, own: usize, until: Option<Instant>) {
        self.runtime.shutdown_background();
        let _left = self.threads.wait(own, until);
    }
}

impl Started {
    #[cold]
    fn start(&self, source: &Source, at: &'static Location<'static>) -> Result<&Handle, WaitError> {
        let mut slot = self.runtime.lock().unwrap_or_else(PoisonError::into_inner);
        // Another thread may have started it meanwhile.
        if let Some(handle) = self.handle.get() {
            return Ok(handle);
        }
        // A shutdown sets `closed` and then takes the same lock. So it either finds the
        // runtime, or prevents its start.
        if self.closed.load(Ordering::Relaxed) {
            return Err(WaitError::RuntimeGone { at });
        }
        let handle = match source {
            // A bridge of a fork's child may be given a runtime of its parent.
            Source::Given(handle) if forked::is_left_behind(handle) => {
                return Err(WaitError::Forked { at });
            }
            // A future that makes a timer inside a runtime that has ended would panic.
            Source::Given(handle) if end::watch(handle).has_runtime_ended() => {
                return Err(WaitError::RuntimeGone { at });
            }
            Source::Given(handle) => handle.clone(),
            Source::Own {
                worker_threads,
                max_blocking_threads,
                exit_grace,
            } => {
                let threads = Threads::new(*exit_grace);
                let runtime = build(*worker_threads, *max_blocking_threads, &threads)
                    .map_err(|error| WaitError::NoRuntime { error, at })?;
                let handle = runtime.handle().clone();
                *slot = Some(ManuallyDrop::new(OwnRuntime { runtime, threads }));
                handle
            }
        };
        Ok(self.handle.get_or_init(|| handle))
    }

    /// Refuses further waits, and takes the runtime out if the bridge has built it.
    fn take(&self) -> Option<OwnRuntime> {
        self.closed.store(true, Ordering::Relaxed);
        let mut slot = self.runtime.lock().unwrap_or_else(PoisonError::into_inner);
        slot.take().map(ManuallyDrop::into_inner)
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        // This does not block, so a bridge may be dropped anywhere, on a worker too.
        self.begin_end();
    }
}

fn build(
    workers: Option<usize>,
    max_blocking_threads: usize,
    threads: &Arc<Threads>,
) -> io::Result<Runtime> {
    let mut builder = runtime::Builder::new_multi_thread();
    if let Some(workers) = workers {
        builder.worker_threads(workers);
    }
    builder
        .enable_all()
        .max_blocking_threads(max_blocking_threads);
    threads.count(&mut builder);
    // Tokio panics if the system refuses its first thread. So this function first starts a
    // thread itself, where a refusal is an error. The system may still refuse the next
    // thread, so the panic is caught too.
    let thread = thread::Builder::new().spawn(|| ())?;
    let _joined = thread.join();
    catch_unwind(AssertUnwindSafe(|| builder.build())).unwrap_or_else(|_refused| {
        let text = "the system had no thread for its first worker";
        Err(io::Error::other(text))
    })
}

#[cfg(test)]
mod tests {
    use testkit::within;
    use tokio::runtime::Id;

    use super::*;

    fn own() -> Home {
        Home::new(Source::Own {
            worker_threads: Some(1),
            max_blocking_threads: 1,
            exit_grace: Duration::ZERO,
        })
    }

    /// Starts home as a thread does that has found it unstarted.
    fn start(home: &Home) -> Result<Id, WaitError> {
        let started = home.started.get().unwrap();
        let handle = started.start(&home.source, Location::caller())?;
        Ok(handle.id())
    }

    /// Otherwise there would be two runtimes, and the shutdown would end the wrong one.
    #[test]
    fn two_threads_that_find_it_unstarted_start_it_once() {
        let home = own();
        let first = start(&home).unwrap();
        assert_eq!(start(&home).unwrap(), first);
        let started = home.started.get().unwrap();
        let kept = started.runtime.lock().unwrap();
        assert_eq!(kept.as_ref().unwrap().runtime.handle().id(), first);
    }

    /// A thread may have found home unstarted before a shutdown began. Otherwise it could
    /// start home after the shutdown has found nothing to end.
    #[test]
    fn a_shutdown_refuses_starts_before_it_looks_for_the_runtime() {
        within(|| {
            let home = own();
            let started = home.started.get().unwrap();
            let slot = started.runtime.lock().unwrap();
            thread::scope(|scope| {
                scope.spawn(|| home.shut_down(Duration::ZERO));
                while !started.closed.load(Ordering::Relaxed) {
                    thread::yield_now();
                }
                drop(slot);
            });
        });
    }

    /// Otherwise its threads could not be told from those of another runtime.
    #[test]
    fn its_threads_have_a_name() {
        for exit_grace in [Duration::ZERO, Duration::from_secs(5)] {
            let home = Home::new(Source::Own {
                worker_threads: Some(1),
                max_blocking_threads: 1,
                exit_grace,
            });
            let runtime = home.started(Location::caller()).unwrap();
            let name = runtime.spawn(async { thread::current().name().map(str::to_owned) });
            let name = runtime.block_on(name).unwrap();
            assert_eq!(name.as_deref(), Some("bridge-home"), "{exit_grace:?}");
        }
    }

    /// Otherwise nobody would ever end the runtime.
    #[test]
    fn a_thread_that_comes_after_the_shutdown_starts_nothing() {
        let home = own();
        home.shut_down(Duration::ZERO);
        let error = start(&home).unwrap_err();
        assert!(matches!(error, WaitError::RuntimeGone { .. }), "{error}");
    }
}
