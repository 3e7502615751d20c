//! Counts the threads of a pool that have not ended, so that a shutdown and the exit of the
//! process can wait for them.
//!
//! A thread runs the destructors of its thread-locals after its body has returned. They may
//! write what was buffered, or close a connection. So a `LivingThread` lies in a
//! thread-local itself. A thread makes that thread-local before all others. On the usual
//! systems, std drops thread-locals in the reverse order of their making, so this one is the
//! last. But std does not promise that order.
//!
//! A thread is counted once its start hook has returned. So a hook that is stuck holds no
//! shutdown up.
//!
//! A model has no such destructors, so nothing is counted there.

#[cfg(not(any(bridge_loom, bridge_shuttle)))]
pub(crate) use self::counted::{LivingThreads, count_this_thread, is_pool_thread};
#[cfg(any(bridge_loom, bridge_shuttle))]
pub(crate) use self::uncounted::{LivingThreads, count_this_thread};

#[cfg(not(any(bridge_loom, bridge_shuttle)))]
mod counted {
    use std::{
        cell::{Cell, OnceCell},
        collections::BTreeSet,
        sync::Arc,
        time::Instant,
    };

    use crate::platform::{
        fork::OfProcess,
        sync::{Condvar, Mutex, lock, now, wait_for},
    };

    /// The threads of a pool that have not ended.
    #[derive(Default)]
    pub(crate) struct LivingThreads(Arc<Count>);

    #[derive(Default)]
    struct Count {
        threads: Mutex<Threads>,
        ended: Condvar,
    }

    #[derive(Default)]
    struct Threads {
        /// The number of threads that have been counted.
        started: usize,
        /// The numbers of those that have not ended.
        living: BTreeSet<usize>,
    }

    /// A thread of a pool, until its thread-locals are gone.
    pub(crate) struct LivingThread {
        /// A fork's child must not take the lock of its parent's count.
        count: OfProcess<Arc<Count>>,
        /// Its number, once it is counted.
        number: Cell<Option<usize>>,
    }

    std::thread_local! {
        static HERE: OnceCell<LivingThread> = const { OnceCell::new() };
    }

    /// Counts this thread, if it [belongs](LivingThread::begin) to a pool.
    pub(crate) fn count_this_thread() {
        HERE.with(|here| here.get().map(LivingThread::count));
    }

    /// Returns whether this thread belongs to a pool, and has not ended.
    pub(crate) fn is_pool_thread() -> bool {
        HERE.try_with(|here| here.get().is_some()).unwrap_or(false)
    }

    impl LivingThreads {
        /// Returns a thread that is about to start.
        pub(crate) fn thread(&self) -> LivingThread {
            LivingThread {
                count: OfProcess::new(Arc::clone(&self.0)),
                number: Cell::new(None),
            }
        }

        /// Returns the number of threads that have been counted so far.
        pub(crate) fn started(&self) -> usize {
            lock(&self.0.threads).started
        }

        /// Returns whether any counted thread has not ended.
        pub(crate) fn are_living(&self) -> bool {
            !lock(&self.0.threads).living.is_empty()
        }

        /// Returns how many of the first `started` counted threads have not ended.
        pub(crate) fn living_before(&self, started: usize) -> usize {
            lock(&self.0.threads).living.range(..started).count()
        }

        /// Blocks until all counted threads have ended, or until the time `until`. None of these
        /// threads may call this.
        pub(crate) fn wait(&self, until: Option<Instant>) {
            let mut threads = lock(&self.0.threads);
            while !threads.living.is_empty() {
                let left = until.map(|until| until.saturating_duration_since(now()));
                if left.is_some_and(|left| left.is_zero()) {
                    return;
                }
                threads = wait_for(&self.0.ended, threads, left).0;
            }
        }

        /// Returns whether this thread may be one of these threads.
        pub(crate) fn are_here(&self) -> bool {
            let is_one = |here: &OnceCell<LivingThread>| {
                let count = here.get().and_then(|thread| thread.count.get().ok());
                count.is_some_and(|count| Arc::ptr_eq(count, &self.0))
            };
            // If the thread-local is gone, nothing tells.
            HERE.try_with(is_one).unwrap_or(true)
        }
    }

    impl LivingThread {
        /// Notes that this thread is the one that was about to start. Call it before
        /// anything else.
        pub(crate) fn begin(self) {
            HERE.with(|here| {
                let is_first = here.set(self).is_ok();
                debug_assert!(is_first, "a thread belongs to one pool");
            });
        }

        fn count(&self) {
            if let Ok(count) = self.count.get() {
                let mut threads = lock(&count.threads);
                let number = threads.started;
                threads.started += 1;
                threads.living.insert(number);
                self.number.set(Some(number));
            }
        }
    }

    impl Drop for LivingThread {
        fn drop(&mut self) {
            if let Some(number) = self.number.get()
                && let Ok(count) = self.count.get()
            {
                lock(&count.threads).living.remove(&number);
                count.ended.notify_all();
            }
        }
    }
}

#[cfg(any(bridge_loom, bridge_shuttle))]
mod uncounted {
    use std::time::Instant;

    #[derive(Default)]
    pub(crate) struct LivingThreads(());

    pub(crate) struct LivingThread;

    pub(crate) fn count_this_thread() {}

    impl LivingThreads {
        #[expect(clippy::unused_self, reason = "outside of models it counts")]
        pub(crate) fn thread(&self) -> LivingThread {
            LivingThread
        }

        #[expect(clippy::unused_self, reason = "outside of models it asks")]
        pub(crate) fn are_here(&self) -> bool {
            false
        }

        #[expect(clippy::unused_self, reason = "outside of models it waits")]
        pub(crate) fn wait(&self, _until: Option<Instant>) {}
    }

    impl LivingThread {
        #[expect(clippy::unused_self, reason = "outside of models it counts")]
        pub(crate) fn begin(self) {}
    }
}

#[cfg(all(test, not(any(bridge_loom, bridge_shuttle))))]
mod tests {
    use std::{
        cell::RefCell,
        sync::{Arc, mpsc},
        thread::{self, JoinHandle},
    };

    use super::*;

    /// Starts a thread that is counted and lives until the sender is dropped.
    fn start(threads: &LivingThreads) -> (mpsc::Sender<()>, JoinHandle<()>) {
        let living = threads.thread();
        let (end, ends) = mpsc::channel::<()>();
        let (tell, told) = mpsc::channel();
        let thread = thread::spawn(move || {
            living.begin();
            count_this_thread();
            tell.send(()).unwrap();
            let _ended = ends.recv();
        });
        told.recv().unwrap();
        (end, thread)
    }

    /// Otherwise the exit of the process waits for threads that start meanwhile.
    #[test]
    fn a_thread_that_starts_later_does_not_count() {
        let threads = LivingThreads::default();
        let (end, first) = start(&threads);
        let started = threads.started();
        let (end_later, later) = start(&threads);
        assert_eq!(threads.living_before(started), 1);
        drop(end);
        first.join().unwrap();
        assert_eq!(threads.living_before(started), 0);
        assert!(threads.are_living());
        drop(end_later);
        later.join().unwrap();
    }

    /// Otherwise a destructor that shuts its pool down hangs, where a system drops the
    /// thread-locals in another order than in the reverse order of their making.
    #[test]
    fn a_thread_whose_count_is_gone_may_be_one_of_them() {
        struct Asks(Arc<LivingThreads>, mpsc::Sender<bool>);
        impl Drop for Asks {
            fn drop(&mut self) {
                self.1.send(self.0.are_here()).unwrap();
            }
        }
        std::thread_local! {
            static ASKS: RefCell<Option<Asks>> = const { RefCell::new(None) };
        }

        let threads = Arc::new(LivingThreads::default());
        let (living, shared) = (threads.thread(), Arc::clone(&threads));
        let (tell, told) = mpsc::channel();
        let thread = thread::spawn(move || {
            // This one is made first, so it is dropped last.
            ASKS.set(Some(Asks(shared, tell)));
            living.begin();
        });
        thread.join().unwrap();
        assert_eq!(told.recv(), Ok(true));
        assert!(!threads.are_here());
    }
}
