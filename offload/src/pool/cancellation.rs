//! Tells a running closure that its caller has left: calls a hook, and resolves a future.

use std::{
    fmt, mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use crate::{
    job::{
        listeners::{Listeners, call},
        running,
    },
    platform::{
        fork::{Forked, OfProcess},
        sync::next_number,
    },
    waiting,
    worker::this_worker::Worker,
};

/// A guard for the time in which a hook may be called. See [`on_cancel`].
#[must_use = "the hook is dropped with its guard"]
pub struct OnCancel {
    /// `None` if the hook will not be called any more.
    armed: Option<Listener>,
}

/// Arms a hook, which is called if the caller of this job leaves while the guard lives.
///
/// A closure that blocks in a call can't ask [`cancelled`](crate::cancelled). But another
/// thread can often end that call: a database has an `interrupt`, a socket `shutdown`, and
/// a process `kill`. The hook does that.
///
/// The caller leaves if it drops or cancels its [`Offload`](crate::Offload), or if a time
/// limit drops it. A [shutdown](crate::Pool::shutdown) that has used up its grace counts
/// too. For a [detached](crate::Offload::detach) job only such a shutdown counts.
///
/// - The hook is called at most once, on the thread that cancels. So it should be short.
/// - Dropping the guard drops a hook that was not called. If another thread is calling the
///   hook, the drop waits for the end of that call. So an interrupt never hits what the
///   closure does after the guard.
/// - If the caller has left already, `on_cancel` itself calls the hook, on this thread.
/// - Outside a job nobody can cancel, and the hook is never called. So a function may use
///   this although it is also called directly.
///
/// ```
/// use std::{
///     io::Read,
///     net::{Shutdown, TcpListener, TcpStream},
///     sync::mpsc,
/// };
///
/// use bridge_offload::{Pool, on_cancel};
///
/// let listener = TcpListener::bind("127.0.0.1:0")?;
/// let mut silent = TcpStream::connect(listener.local_addr()?)?;
/// let (report, reported) = mpsc::channel();
/// let (begin, begun) = mpsc::channel();
///
/// let pool = Pool::new();
/// let read = pool.run(move || {
///     let socket = silent.try_clone().expect("a descriptor is free");
///     let guard = on_cancel(move || {
///         let _closed_before = socket.shutdown(Shutdown::Both);
///     });
///     begin.send(()).unwrap();
///     let end = silent.read(&mut [0]); // would block for ever
///     drop(guard);
///     report.send(end.ok()).unwrap();
/// });
/// let read = read.start();
/// begun.recv()?;
/// drop(read); // the caller leaves
/// assert_eq!(reported.recv()?, Some(0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Corner cases
///
/// - A panic of the hook is caught. The panic hook of the process reports it.
/// - A job may have several guards. Their hooks are called one after the other, the newest
///   first, by one thread. A hook may drop any of these guards, its own too, and may cancel
///   the job again.
/// - The hook must not wait for a lock that the closure holds while it drops the guard.
/// - The guard may move to another thread. If it outlives the closure, its hook is dropped
///   when the closure returns.
/// - A job that another job's thread runs meanwhile has its own caller, and its own hooks.
/// - In a fork's child no hook is called.
pub fn on_cancel(hook: impl FnOnce() + Send + 'static) -> OnCancel {
    let mut armed = Listener::of_current_job();
    if let Some(listener) = &armed
        && let Ok(listeners) = listener.listeners.get()
        && let Some(late) = listeners.arm(listener.number, Box::new(hook))
    {
        call(late);
        armed = None;
    }
    OnCancel { armed }
}

impl Drop for OnCancel {
    fn drop(&mut self) {
        if let Some(armed) = self.armed.take() {
            armed.leave(|listeners, number| {
                if let Some(call) = listeners.disarm(number) {
                    waiting::free_permit_while(|| call.wait());
                }
            });
        }
    }
}

impl fmt::Debug for OnCancel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnCancel").finish_non_exhaustive()
    }
}

/// A future that resolves when the caller of a job leaves. See [`cancellation`].
#[must_use = "futures do nothing unless polled"]
pub struct Cancellation {
    /// `None` if the future never resolves.
    listener: Option<Listener>,
}

/// Returns a future that resolves when the caller of this job leaves.
///
/// A wait inside the job can stop early by it: see the example. The caller leaves in the
/// same cases as in [`on_cancel`]. If it has left already, the future is ready.
///
/// The future is `Send` and `'static`, so it may move to another task. Make it in the job
/// itself, because another task belongs to no job.
///
/// # Cancel safety
///
/// Nothing is lost if the future is dropped. Another one resolves too.
///
/// # Corner cases
///
/// If the closure returns before its caller leaves, nothing wakes the future any more. A poll
/// after the caller has left still finds it ready. Outside a job it never resolves.
///
/// # Examples
///
/// ```
/// use std::{future::{pending, poll_fn}, pin::pin, sync::mpsc, task::Poll};
///
/// use bridge_offload::{Pool, cancellation};
///
/// let (report, reported) = mpsc::channel();
/// let (begin, begun) = mpsc::channel();
///
/// let pool = Pool::new();
/// let job = pool.run(move || {
///     let (mut cancelled, mut work) = (pin!(cancellation()), pin!(pending::<()>()));
///     begin.send(()).unwrap();
///     // With Tokio or `futures`, this is a `select!`.
///     let finished = pollster::block_on(poll_fn(|cx| {
///         if work.as_mut().poll(cx).is_ready() {
///             return Poll::Ready(true);
///         }
///         cancelled.as_mut().poll(cx).map(|()| false)
///     }));
///     report.send(finished).unwrap();
/// });
/// let job = job.start();
/// begun.recv()?;
/// drop(job); // the caller leaves
/// assert!(!reported.recv()?);
/// # Ok::<(), mpsc::RecvError>(())
/// ```
pub fn cancellation() -> Cancellation {
    Cancellation {
        listener: Listener::of_current_job(),
    }
}

impl Future for Cancellation {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Some(listener) = &self.listener else {
            return Poll::Pending;
        };
        match listener.listeners.get() {
            Ok(listeners) => listeners.poll_stop(listener.number, cx),
            Err(Forked) => Poll::Pending,
        }
    }
}

impl Drop for Cancellation {
    fn drop(&mut self) {
        if let Some(listener) = self.listener.take() {
            listener.leave(Listeners::forget_waker);
        }
    }
}

impl fmt::Debug for Cancellation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cancellation").finish_non_exhaustive()
    }
}

/// A hook or a future of a job.
struct Listener {
    /// All listeners of the job. In a fork's child nobody touches them, because a thread of
    /// the parent may hold their lock.
    listeners: OfProcess<Arc<Listeners>>,
    /// The number of this listener.
    number: usize,
}

impl Listener {
    /// Returns a new listener of the job that runs on this thread. There is none outside a
    /// job. There is none in a fork's child either, because a thread of the parent may hold
    /// the locks, and the child has no worker.
    fn of_current_job() -> Option<Self> {
        let (job, worker) = running::job().zip(Worker::current())?;
        Some(Self {
            listeners: OfProcess::new(worker.core.listeners.of(job)),
            number: next_number(),
        })
    }

    /// Removes this listener by `leave`. In a fork's child this leaks the listeners, because
    /// their destructors belong to the parent.
    fn leave(self, leave: impl FnOnce(&Listeners, usize)) {
        match self.listeners.get() {
            Ok(listeners) => leave(listeners, self.number),
            Err(Forked) => mem::forget(self),
        }
    }
}
