//! Runtimes, bridges, and work that needs all that a runtime has.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use bridge::{Bridge, Offload, WaitError};
use testkit::panic_text;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    runtime::{Builder, Runtime},
    time::sleep,
};

/// The outcome of a wait for [`real_work`].
pub(crate) type Outcome = Result<u32, WaitError>;

/// Returns a multi-thread runtime.
pub(crate) fn multi_thread(workers: usize) -> Runtime {
    let mut builder = Builder::new_multi_thread();
    let built = builder.worker_threads(workers).enable_all().build();
    built.expect("the system has threads")
}

/// Returns a current-thread runtime.
pub(crate) fn current_thread() -> Runtime {
    let built = Builder::new_current_thread().enable_all().build();
    built.expect("the system has descriptors")
}

/// Returns a bridge whose pool has so many permits, and may add so many threads
/// for parked jobs.
pub(crate) fn bridge(max_threads: usize, max_blocked_threads: usize) -> Bridge {
    let builder = Bridge::builder().worker_threads(1);
    let builder = builder.max_threads(max_threads);
    let builder = builder.max_blocked_threads(max_blocked_threads);
    builder.build().expect("the settings are valid")
}

/// Returns a bridge with the default settings.
pub(crate) fn default_bridge() -> Bridge {
    Bridge::builder().build().expect("the settings are valid")
}

/// Needs a timer, sockets, a task, and more polls than a coop budget allows.
pub(crate) async fn real_work() -> u32 {
    sleep(Duration::from_millis(1)).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let server = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.expect("a client");
        socket.write_u32(7).await.expect("a client that reads");
    });
    let mut client = TcpStream::connect(address).await.expect("a server");
    let value = client.read_u32().await.expect("a server that writes");
    server.await.expect("no panic");
    let (send, mut receive) = tokio::sync::mpsc::unbounded_channel();
    for number in 0..1000 {
        send.send(number).expect("a receiver");
    }
    for number in 0..1000 {
        assert_eq!(receive.recv().await, Some(number));
    }
    value
}

/// Asserts that a wait was refused, because it would freeze an executor.
#[track_caller]
pub(crate) fn is_refused<T: std::fmt::Debug>(outcome: &Result<T, WaitError>) {
    assert!(
        matches!(outcome, Err(WaitError::WouldFreeze { .. })),
        "{outcome:?}"
    );
}

/// Asserts that a wait was told that its runtime is gone.
#[track_caller]
pub(crate) fn is_gone<T: std::fmt::Debug>(outcome: &Result<T, WaitError>) {
    assert!(
        matches!(outcome, Err(WaitError::RuntimeGone { .. })),
        "{outcome:?}"
    );
}

/// Asserts that a wait ran out of time.
#[track_caller]
pub(crate) fn is_timed_out<T: std::fmt::Debug>(outcome: &Result<T, WaitError>) {
    assert!(
        matches!(outcome, Err(WaitError::TimedOut { .. })),
        "{outcome:?}"
    );
}

/// Returns the text of the panic that `body` ends with.
#[track_caller]
pub(crate) fn panic_of<R>(body: impl FnOnce() -> R) -> String {
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(_) => panic!("there was no panic"),
        Err(payload) => panic_text(&*payload).to_owned(),
    }
}

/// Waits for what another thread is about to bring about.
#[track_caller]
pub(crate) fn eventually(what: &str, condition: impl Fn() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(
            start.elapsed() < Duration::from_secs(30),
            "never came: {what}"
        );
        thread::sleep(Duration::from_millis(1));
    }
}

/// A job that keeps a thread of a pool busy until [`release`](Self::release).
#[must_use]
pub(crate) struct Plug {
    job: Offload<()>,
    release: mpsc::Sender<()>,
}

impl Plug {
    /// Starts the job, and returns once it runs.
    pub(crate) fn new(bridge: &Bridge) -> Self {
        let (release, held) = mpsc::channel::<()>();
        let (start, started) = mpsc::channel();
        let job = bridge.offload(move || {
            start.send(()).expect("somebody waits for it");
            let _released = held.recv();
        });
        let job = job.start();
        started.recv().expect("the job runs");
        Self { job, release }
    }

    /// Lets the job end, and waits for its end.
    pub(crate) fn release(self) {
        drop(self.release);
        futures::executor::block_on(self.job);
    }

    /// Returns the job's future, and what lets the job end when it is dropped.
    pub(crate) fn into_parts(self) -> (Offload<()>, mpsc::Sender<()>) {
        (self.job, self.release)
    }
}
