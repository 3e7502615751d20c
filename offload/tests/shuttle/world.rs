//! A pool under test, and the counts of its jobs: every job has run once, or its caller
//! was told.

use std::{
    cell::Cell,
    future::poll_fn,
    pin::pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use bridge_offload::{
    Ambient, Builder, Config, Metrics, Offload, OffloadError, Parked, Pool, Rejected, Report,
    Waiting, model, park::Parker,
};

use crate::{carrying, scheduler::is_patient};

/// A grace that is never over.
pub(crate) const LONG: Duration = Duration::MAX;

std::thread_local! {
    static OPEN: Cell<usize> = const { Cell::new(0) };
    static STALLS: Cell<usize> = const { Cell::new(0) };
}

/// Resets the counts before an execution.
pub(crate) fn reset() {
    OPEN.set(0);
    STALLS.set(0);
    carrying::reset();
}

/// Checks, after an execution, that the scenario ended each pool. A scenario that ends
/// none has checked nothing.
pub(crate) fn check_that_all_ended() {
    assert_eq!(OPEN.get(), 0, "the scenario left a world open");
}

/// Counts reports of stalls, and carries what [`carrying`] shows to a thread.
pub(crate) struct Watched;

impl Ambient for Watched {
    type Context = carrying::Number;

    fn context(_config: &Config) -> Option<carrying::Number> {
        carrying::capture()
    }

    fn capture() -> Self {
        Self
    }

    fn enter<R>(&self, context: Option<&carrying::Number>, closure: impl FnOnce() -> R) -> R {
        carrying::enter(context, closure)
    }

    fn stalled(report: &Report) {
        assert!(report.metrics().queued > 0);
        assert!(!report.to_string().is_empty());
        STALLS.set(STALLS.get() + 1);
    }
}

/// A pool whose jobs are counted. Clones share the pool.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) pool: Pool<Watched>,
    books: Arc<Books>,
}

struct Books {
    max_threads: usize,
    most_threads: usize,
    may_stall: bool,
    submitted: AtomicUsize,
    ran: AtomicUsize,
    /// The number of running unrelated jobs that never wait.
    leaves: AtomicUsize,
    /// The last broken rule that a job has seen.
    wrong: Mutex<Option<String>>,
}

/// The settings of a pool.
#[derive(Clone, Copy)]
pub(crate) struct Size {
    pub(crate) threads: usize,
    pub(crate) blocked: usize,
    pub(crate) capacity: usize,
    pub(crate) spin: Duration,
    pub(crate) keep_alive: Duration,
    /// Whether the pool may stand still, and grow or refuse, although no thread is late.
    pub(crate) may_stall: bool,
    pub(crate) grows: bool,
    /// Whether the pool measures its jobs.
    pub(crate) timings: bool,
}

impl Size {
    /// Returns the size of a pool with this number of permits, and of further workers for
    /// parked ones.
    pub(crate) fn of(threads: usize, blocked: usize) -> Self {
        Self {
            threads,
            blocked,
            capacity: 64,
            spin: Duration::ZERO,
            keep_alive: Duration::from_hours(1),
            may_stall: false,
            grows: false,
            timings: false,
        }
    }

    pub(crate) fn build(self) -> World {
        let builder = Builder::<Watched>::default()
            .max_blocked_threads(self.blocked)
            .queue_capacity(self.capacity)
            .spin(self.spin)
            .keep_alive(self.keep_alive)
            .timings(self.timings);
        let builder = if self.grows {
            builder.growing_from(self.threads)
        } else {
            builder.max_threads(self.threads)
        };
        let most_threads = if self.grows {
            usize::MAX
        } else {
            self.threads + self.blocked
        };
        OPEN.set(OPEN.get() + 1);
        World {
            pool: builder.build().unwrap(),
            books: Arc::new(Books {
                max_threads: if self.grows { usize::MAX } else { self.threads },
                most_threads,
                may_stall: self.may_stall,
                submitted: AtomicUsize::new(0),
                ran: AtomicUsize::new(0),
                leaves: AtomicUsize::new(0),
                wrong: Mutex::new(None),
            }),
        }
    }
}

impl World {
    /// Returns the closure of a job, which is counted when it runs.
    pub(crate) fn counted<T, J: FnOnce() -> T + Send>(
        &self,
        job: J,
    ) -> impl FnOnce() -> T + Send + use<T, J> {
        let books = Arc::clone(&self.books);
        move || {
            books.ran.fetch_add(1, Ordering::Relaxed);
            job()
        }
    }

    /// Counts a job that the caller submits by itself.
    pub(crate) fn submits(&self) {
        self.books.submitted.fetch_add(1, Ordering::Relaxed);
    }

    /// Submits a job.
    pub(crate) fn start<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Offload<T> {
        self.submits();
        self.pool.run(self.counted(job)).start()
    }

    /// Returns a job that is submitted at the first poll.
    pub(crate) fn run<T, J>(
        &self,
        job: J,
    ) -> impl Future<Output = Result<T, OffloadError>> + Send + use<T, J>
    where
        T: Send + 'static,
        J: FnOnce() -> T + Send + 'static,
    {
        let (task, world) = (self.pool.run(self.counted(job)), self.clone());
        async move {
            world.submits();
            task.outcome().await
        }
    }

    /// Submits a job if the queue has room.
    pub(crate) fn try_start<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Option<Offload<T>> {
        self.submits();
        match self.pool.try_run(self.counted(job)) {
            Ok(task) => Some(task),
            Err(rejected) => {
                let is_known =
                    matches!(rejected, Rejected::Full { .. } | Rejected::ShutDown { .. });
                assert!(is_known, "refused for another reason");
                None
            }
        }
    }

    /// Submits an unrelated job that never waits. At most `max_threads` of these may run
    /// at a time.
    pub(crate) fn leaf<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Offload<T> {
        let books = Arc::clone(&self.books);
        self.start(move || {
            let running = books.leaves.fetch_add(1, Ordering::Relaxed) + 1;
            if running > books.max_threads {
                books.note(format!("{running} unrelated jobs run"));
            }
            let result = job();
            books.leaves.fetch_sub(1, Ordering::Relaxed);
            result
        })
    }

    pub(crate) fn metrics(&self) -> Metrics {
        self.pool.metrics()
    }

    /// Waits until all jobs are over, and checks the counts.
    pub(crate) fn end(&self) {
        let report = self.pool.shutdown(LONG).wait();
        assert_eq!((report.abandoned, report.running.len()), (0, 0));
        self.balance();
    }

    /// Checks the counts of a pool that has been shut down.
    pub(crate) fn balance(&self) {
        eventually("its threads are gone", || self.metrics().threads == 0);
        let metrics = self.metrics();
        let Books { submitted, ran, .. } = &*self.books;
        let (submitted, ran) = (
            submitted.load(Ordering::Relaxed),
            ran.load(Ordering::Relaxed),
        );
        let over = metrics.completed + metrics.cancelled + metrics.panicked + metrics.rejected;
        assert_eq!(over, submitted as u64, "of {submitted} jobs: {metrics:?}");
        let run = metrics.completed + metrics.panicked;
        assert_eq!(run, ran as u64, "{ran} ran: {metrics:?}");
        let left = (
            metrics.running,
            metrics.blocked,
            metrics.queued,
            metrics.backlog,
        );
        assert_eq!(left, (0, 0, 0, 0), "{metrics:?}");
        assert!(
            metrics.peak_threads <= self.books.most_threads,
            "{metrics:?}"
        );
        if let Some(wrong) = self.books.wrong() {
            panic!("{wrong}");
        }
        if is_patient() && !self.books.may_stall {
            assert_eq!(STALLS.get(), 0, "the pool stood still: {metrics:?}");
        }
        carrying::balance();
        OPEN.set(OPEN.get() - 1);
    }
}

impl Books {
    fn note(&self, what: String) {
        *self.wrong.lock().unwrap_or_else(PoisonError::into_inner) = Some(what);
    }

    fn wrong(&self) -> Option<String> {
        let mut wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        wrong.take()
    }
}

/// The error of a wait for which the pool could do nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refused;

/// Waits for a future on this thread, as a bridge does.
pub(crate) fn try_wait<F: Future>(future: F) -> Result<F::Output, Refused> {
    let mut waiting = Waiting::open();
    let parker = Parker::new();
    let waker = parker.waker();
    let mut cx = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut cx) {
            return Ok(value);
        }
        if waiting.run_lent() {
            continue;
        }
        match waiting.park(&parker, None) {
            Parked::Woken | Parked::Lent => {}
            Parked::TimedOut => panic!("a wait without a limit has none that passes"),
            Parked::Exhausted => return Err(Refused),
        }
    }
}

/// Waits for a future. Unless a thread is late, the pool must not refuse this wait.
pub(crate) fn wait<F: Future>(future: F) -> Result<F::Output, Refused> {
    let outcome = try_wait(future);
    assert!(
        outcome.is_ok() || !is_patient(),
        "refused although no thread was late"
    );
    outcome
}

/// Waits for a future outside of the pool, where no wait is refused.
pub(crate) fn wait_outside<F: Future>(future: F) -> F::Output {
    try_wait(future).expect("this is no thread of a pool")
}

/// Returns a future that another thread makes ready a moment later.
pub(crate) fn moment() -> impl Future<Output = ()> + Send {
    let mut is_started = false;
    poll_fn(move |cx| {
        if is_started {
            return Poll::Ready(());
        }
        is_started = true;
        let waker = cx.waker().clone();
        shuttle::thread::spawn(move || waker.wake());
        Poll::Pending
    })
}

/// Waits for threads of the scenario.
pub(crate) fn join_all(threads: impl IntoIterator<Item = shuttle::thread::JoinHandle<()>>) {
    for thread in threads {
        thread.join().unwrap();
    }
}

/// Locks a mutex of the scenario, poisoned or not.
pub(crate) fn hold<T>(lock: &shuttle::sync::Mutex<T>) -> shuttle::sync::MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits until other threads have made the condition true.
pub(crate) fn eventually(what: &str, condition: impl Fn() -> bool) {
    for _ in 0..3000 {
        if condition() {
            return;
        }
        model::sleep(Duration::from_millis(1));
    }
    panic!("never came: {what}");
}
