//! A wait made of the pool's own parts, as a bridge makes it, and helpers of the tests.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test target uses a part of this"
)]

use std::{
    future::poll_fn,
    pin::{Pin, pin},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    task::{Context, Poll, Wake, Waker},
    thread,
    time::{Duration, Instant},
};

use bridge_offload::{Ambient, Offload, Parked, Pool, PoolShutdown, Waiting, park::Parker};

/// The reason why a wait has no value.
#[derive(Debug, PartialEq, Eq)]
pub enum WaitError {
    Exhausted,
    TimedOut,
}

/// Waits for a future on this thread.
pub fn try_wait<F: Future>(future: F) -> Result<F::Output, WaitError> {
    wait_until(future, None)
}

/// Waits for a future on this thread until `deadline`.
pub fn wait_until<F: Future>(future: F, deadline: Option<Instant>) -> Result<F::Output, WaitError> {
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
        match waiting.park(&parker, deadline) {
            Parked::Woken | Parked::Lent => {}
            Parked::TimedOut => return Err(WaitError::TimedOut),
            Parked::Exhausted => return Err(WaitError::Exhausted),
        }
    }
}

/// Waits for a future, and panics if the wait ends without a value.
pub fn wait<F: Future>(future: F) -> F::Output {
    try_wait(future).expect("the pool is not exhausted")
}

/// Returns a future that another thread makes ready a moment later.
pub fn moment() -> impl Future<Output = ()> + Send {
    let mut started = false;
    poll_fn(move |cx| {
        if started {
            return Poll::Ready(());
        }
        started = true;
        let waker = cx.waker().clone();
        thread::spawn(move || {
            thread::sleep(Duration::from_micros(200));
            waker.wake();
        });
        Poll::Pending
    })
}

/// Returns pools of every shape. Nobody has set the size of the last one.
pub fn pools() -> impl Iterator<Item = Pool> {
    let sized = [(1, 1), (1, 64), (2, 1), (3, 2)];
    sized
        .into_iter()
        .map(|(threads, blocked)| pool_with_blocked(threads, blocked))
        .chain([Pool::new()])
}

/// Counts how many threads are inside at a time.
#[derive(Debug, Default)]
pub struct Gauge {
    now: AtomicUsize,
    peak: AtomicUsize,
}

impl Gauge {
    pub fn hold(&self, time: Duration) {
        let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
        self.peak.fetch_max(now, Ordering::SeqCst);
        thread::sleep(time);
        self.now.fetch_sub(1, Ordering::SeqCst);
    }

    pub fn peak(&self) -> usize {
        self.peak.load(Ordering::SeqCst)
    }
}

/// Returns a pool with this number of permits and of places in its queue.
pub fn pool(threads: usize, capacity: usize) -> Pool {
    Pool::builder()
        .max_threads(threads)
        .queue_capacity(capacity)
        .build()
        .unwrap()
}

/// Returns a pool with this number of permits, and of further workers for parked ones.
pub fn pool_with_blocked(threads: usize, blocked: usize) -> Pool {
    Pool::builder()
        .max_threads(threads)
        .max_blocked_threads(blocked)
        .build()
        .unwrap()
}

/// Returns a pool whose second worker is held up by its start hook. The worker takes no
/// job until the sender is dropped.
pub fn pool_with_a_slow_second_start(threads: usize) -> (Pool, mpsc::Sender<()>) {
    let (release, held) = mpsc::channel::<()>();
    let held = Mutex::new(held);
    let starts = AtomicUsize::new(0);
    let pool = Pool::builder()
        .max_threads(threads)
        .on_thread_start(move || {
            if starts.fetch_add(1, Ordering::SeqCst) == 1 {
                let _released = held.lock().unwrap().recv();
            }
        })
        .build()
        .unwrap();
    (pool, release)
}

/// Begins a shutdown without a limit, which a job keeps from ending.
pub fn begin_shutdown<A: Ambient>(pool: &Pool<A>) -> Pin<Box<PoolShutdown>> {
    let mut shutdown = Box::pin(pool.shutdown(Duration::MAX));
    let mut cx = Context::from_waker(Waker::noop());
    assert!(shutdown.as_mut().poll(&mut cx).is_pending());
    shutdown
}

/// Holds the only permit of a pool until the sender is dropped.
pub fn plug(pool: &Pool) -> (Offload<()>, mpsc::Sender<()>) {
    plug_with(pool, ())
}

/// Like `plug`, but the job returns `result`.
pub fn plug_with<A: Ambient, T: Send + 'static>(
    pool: &Pool<A>,
    result: T,
) -> (Offload<T>, mpsc::Sender<()>) {
    let (release, held) = mpsc::channel::<()>();
    let (started, running) = mpsc::channel();
    let task = pool
        .try_run(move || {
            started.send(()).unwrap();
            let _released = held.recv();
            result
        })
        .unwrap();
    running.recv().unwrap();
    (task, release)
}

/// Waits until another thread has made the condition true.
pub fn eventually(what: &str, condition: impl Fn() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(
            start.elapsed() < Duration::from_secs(10),
            "never came: {what}"
        );
        thread::sleep(Duration::from_millis(1));
    }
}

#[cfg(bridge_loom)]
pub mod exploring;
#[cfg(unix)]
pub mod forks;
pub mod hooks;
#[cfg(target_os = "linux")]
pub mod no_room;

/// A task that does nothing when it is woken.
#[derive(Debug)]
pub struct Task;

impl Wake for Task {
    fn wake(self: Arc<Self>) {}
}

/// Polls a future once, which must be pending. Returns the task that it may wake, whose count
/// shows whether the future still holds its waker.
pub fn poll_in_a_task(future: &mut (impl Future + Unpin)) -> Arc<Task> {
    let task = Arc::new(Task);
    let waker = Waker::from(Arc::clone(&task));
    let mut cx = Context::from_waker(&waker);
    assert!(Pin::new(future).poll(&mut cx).is_pending());
    task
}
