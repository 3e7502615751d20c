//! Tells the threads that wait inside a runtime that the runtime has ended.
//!
//! A Tokio runtime drops its tasks when it ends. So the bridge spawns one idle task on
//! each runtime, the *sentinel*. The destructor of this task wakes every thread that
//! waits inside the runtime. Tokio drops tasks before it stops the drivers. So
//! [`ShutdownRegistration::has_runtime_ended`] is true before a timer of the runtime panics.
//!
//! A wait registers before its first park. A wait that spins through many wake-ups without
//! a park registers too. Many waits do neither, so they pay for no registration. A wait
//! looks at `gone` after it has registered. The sentinel sets `gone` before it
//! reads the list of threads. So either the thread sees `gone`, or the sentinel sees
//! the thread and wakes it.
//!
//! The parker of a thread keeps the registration from one wait to the next on the same
//! runtime. So the sentinel also wakes a wait that has not parked, and a wait that spins looks
//! at a kept registration. If the thread does not wait, the wake-up ends the first pause of its
//! next wait too early.
//!
//! The sentinel cannot tell every end: see the wait's liveness probe.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use offload_pool::{
    fork::{Forked, OfProcess, PerProcess},
    park::Unparker,
};
use tokio::runtime::{Handle, Id};

/// The runtimes that have a sentinel. An entry goes with its runtime.
static SENTINELS: PerProcess<HashMap<Id, Arc<Sentinel>>> = PerProcess::new();

/// The part of a sentinel that outlives its task.
pub(crate) struct Sentinel {
    gone: AtomicBool,
    /// Whether the task was spawned. If the runtime had ended before that, `gone` is set first.
    has_task: AtomicBool,
    /// In a fork's child, a thread that stayed behind may hold the lock.
    waiting: OfProcess<Mutex<Waiting>>,
}

#[derive(Default)]
struct Waiting {
    next: u64,
    threads: HashMap<u64, Unparker>,
}

impl Default for Sentinel {
    fn default() -> Self {
        Self {
            gone: AtomicBool::new(false),
            has_task: AtomicBool::new(false),
            waiting: OfProcess::new(Mutex::default()),
        }
    }
}

impl Sentinel {
    /// Returns whether the runtime has ended.
    pub(crate) fn has_runtime_ended(&self) -> bool {
        self.gone.load(Ordering::Acquire)
    }

    /// Locks the list of threads.
    fn waiting(&self) -> Result<MutexGuard<'_, Waiting>, Forked> {
        let waiting = self.waiting.get()?;
        Ok(waiting.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The registration of a parker with the sentinel of a runtime, until it is dropped.
pub(crate) struct ShutdownRegistration {
    runtime: Id,
    sentinel: Arc<Sentinel>,
    number: u64,
}

impl ShutdownRegistration {
    /// Registers the parker of a thread that waits inside this runtime.
    pub(crate) fn new(runtime: &Handle, unparker: &Unparker) -> Result<Self, Forked> {
        let sentinel = watch(runtime);
        let mut waiting = sentinel.waiting()?;
        let number = waiting.next;
        waiting.next += 1;
        waiting.threads.insert(number, unparker.clone());
        drop(waiting);
        Ok(Self {
            runtime: runtime.id(),
            sentinel,
            number,
        })
    }

    /// Returns whether this is a registration with this runtime.
    pub(crate) fn is_of(&self, runtime: &Handle) -> bool {
        self.runtime == runtime.id()
    }

    /// Returns the number of this registration among those of its runtime.
    #[cfg(test)]
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// Returns whether the runtime has ended.
    pub(crate) fn has_runtime_ended(&self) -> bool {
        self.sentinel.has_runtime_ended()
    }
}

impl Drop for ShutdownRegistration {
    fn drop(&mut self) {
        if let Ok(mut waiting) = self.sentinel.waiting() {
            waiting.threads.remove(&self.number);
        }
    }
}

/// Returns whether this runtime had a sentinel when an ancestor of this process forked.
pub(super) fn was_registered_before(runtime: Id) -> bool {
    SENTINELS.any_ancestor(|sentinels| sentinels.contains_key(&runtime))
}

/// Returns the sentinel of this runtime. If the runtime has none, spawns one on it first. If the
/// runtime has ended before this call, the returned sentinel knows that.
pub(crate) fn watch(runtime: &Handle) -> Arc<Sentinel> {
    let id = runtime.id();
    let sentinel = SENTINELS.with(|sentinels| Arc::clone(sentinels.entry(id).or_default()));
    // Another thread may have made the entry, and not spawned the task yet. This thread does not
    // wait for it, but spawns a second task, which does no harm.
    if !sentinel.has_task.load(Ordering::Acquire) {
        // The lock of the table is free here. A runtime that has ended drops the task at
        // once, and the destructor takes that lock.
        let on_drop = OnDrop {
            id,
            sentinel: Arc::clone(&sentinel),
        };
        runtime.spawn(async move {
            let _on_drop = on_drop;
            std::future::pending::<()>().await;
        });
        sentinel.has_task.store(true, Ordering::Release);
    }
    sentinel
}

/// Marks the runtime as gone and wakes its threads when the sentinel's task is dropped.
struct OnDrop {
    id: Id,
    sentinel: Arc<Sentinel>,
}

impl Drop for OnDrop {
    fn drop(&mut self) {
        SENTINELS.with(|sentinels| sentinels.remove(&self.id));
        // A thread that registers after this looks at `gone` afterwards, and sees it.
        self.sentinel.gone.store(true, Ordering::Release);
        let Ok(waiting) = self.sentinel.waiting() else {
            return;
        };
        let threads: Vec<_> = waiting.threads.values().cloned().collect();
        drop(waiting);
        threads.iter().for_each(Unparker::unpark);
    }
}

/// Returns how many parkers are registered with this runtime.
#[cfg(test)]
pub(crate) fn registered(runtime: &Handle) -> usize {
    let sentinel = watch(runtime);
    sentinel
        .waiting()
        .map_or(0, |waiting| waiting.threads.len())
}

#[cfg(test)]
mod tests {
    use std::{
        thread,
        time::{Duration, Instant},
    };

    use offload_pool::park::Parker;
    use testkit::within;
    use tokio::runtime::{Builder, Runtime};

    use super::*;

    fn runtime() -> Runtime {
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(1).build().unwrap()
    }

    #[test]
    fn registered_threads_are_woken_at_the_end() {
        within(|| {
            let runtime = runtime();
            let parkers = [(); 3].map(|()| Parker::new());
            let registrations = parkers.each_ref().map(|parker| {
                let registration =
                    ShutdownRegistration::new(runtime.handle(), parker.unparker()).unwrap();
                assert!(!registration.has_runtime_ended());
                registration
            });
            drop(runtime);
            for (parker, registration) in parkers.iter().zip(&registrations) {
                let deadline = Instant::now() + Duration::from_secs(20);
                assert!(parker.park(Some(deadline)), "nobody woke it");
                assert!(registration.has_runtime_ended());
            }
        });
    }

    /// A wait that is woken looks once. If it saw nothing, it would park again.
    #[test]
    fn a_thread_that_is_woken_sees_the_end() {
        within(|| {
            for _ in 0..60 {
                let runtime = runtime();
                let handle = runtime.handle();
                let sees = || {
                    let parker = Parker::new();
                    let registration = ShutdownRegistration::new(handle, parker.unparker());
                    move || parker.park(None) && registration.is_ok_and(|it| it.has_runtime_ended())
                };
                let waiting: Vec<_> = (0..24).map(|_| thread::spawn(sees())).collect();
                drop(runtime);
                for sees in waiting {
                    assert!(sees.join().unwrap());
                }
            }
        });
    }

    #[test]
    fn a_registration_goes_when_it_is_dropped() {
        let runtime = runtime();
        let parker = Parker::new();
        let registered = || registered(runtime.handle());
        let register = || ShutdownRegistration::new(runtime.handle(), parker.unparker()).unwrap();
        let (first, second) = (register(), register());
        assert_eq!(registered(), 2);
        drop(first);
        assert_eq!(registered(), 1);
        drop(second);
        assert_eq!(registered(), 0);
    }

    /// Otherwise a wait of the second of two threads panics with a text of Tokio, if the runtime of
    /// both has ended.
    #[test]
    fn an_entry_whose_task_is_not_spawned_yet_sees_the_end() {
        let runtime = runtime();
        let handle = runtime.handle().clone();
        drop(runtime);
        SENTINELS.with(|sentinels| sentinels.insert(handle.id(), Arc::default()));
        assert!(watch(&handle).has_runtime_ended());
    }

    #[test]
    fn an_entry_goes_with_its_runtime() {
        within(|| {
            let runtime = runtime();
            let id = runtime.handle().id();
            let has_entry = || SENTINELS.with(|sentinels| sentinels.contains_key(&id));
            assert!(!watch(runtime.handle()).has_runtime_ended());
            assert!(has_entry());
            let handle = runtime.handle().clone();
            drop(runtime);
            assert!(!has_entry());
            assert!(
                watch(&handle).has_runtime_ended(),
                "asked when it has ended"
            );
            assert!(!has_entry());
        });
    }
}
