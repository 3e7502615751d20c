//! The job of a [`SyncCall`](super::SyncCall): its function with arguments that
//! the pool may own.

use std::{
    mem,
    panic::{Location, resume_unwind},
    pin::Pin,
    sync::{Mutex, PoisonError},
};

use super::{
    args::{Own, Return},
    hooks::Hooks,
};
use crate::{
    Bridge, Leftover, Offload, OffloadError, Rejected, WaitError, offload::Cancelled, route::Route,
};

/// The state of a [`SyncCall`](super::SyncCall).
pub(super) enum CallState<A, T, R> {
    /// The arguments are as they were given. The second field is the body.
    Fresh(A, R),
    /// The arguments were copied for another thread, and the body is bound to them.
    Copied(Job<T>),
}

impl<A, T, R> CallState<A, T, R> {
    /// Takes the state, and leaves a job that is [lost](Job::Lost).
    pub(super) fn take(&mut self) -> Self {
        mem::replace(self, Self::Copied(Job::Lost))
    }
}

/// Panics for a call whose arguments and body are gone.
#[cold]
#[track_caller]
pub(super) fn lost() -> ! {
    panic!(
        "this call's first poll panicked while it copied the arguments, which are gone; make the \
         call anew"
    )
}

/// A function that is bound to its arguments.
pub(super) type Body<T> = Box<dyn FnOnce() -> T + Send>;

/// A function that a call keeps because the pool has refused it.
///
/// Nobody ever locks the `Mutex`. It only makes this `Sync`, so that a call is `Sync` if
/// its arguments are.
pub(super) struct Held<T>(Mutex<Body<T>>);

impl<T> Held<T> {
    pub(super) fn new(body: Body<T>) -> Self {
        Self(Mutex::new(body))
    }

    pub(super) fn into_inner(self) -> Body<T> {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the future of an offload's outcome. A wait on a [`Job`] calls this function
/// pointer, because the wait itself has no bound on `T`.
type Erase<T> = fn(Offload<T>) -> Pin<Box<dyn Future<Output = Result<T, OffloadError>>>>;

/// The function of a call whose arguments have been copied.
pub(super) enum Job<T> {
    /// The pool has refused the function, so the call keeps it.
    Held(Held<T>),
    /// The function is a job of the pool.
    Pooled {
        offload: Offload<T>,
        erase: Erase<T>,
    },
    /// The arguments and the body are gone, because copying the arguments has panicked. The
    /// job is this too while they are copied.
    Lost,
}

impl<T: Return> Job<T> {
    fn pooled(offload: Offload<T>) -> Self {
        Self::Pooled {
            offload,
            erase: |offload| Box::pin(offload.outcome()),
        }
    }

    /// Withdraws the job for a wait that ran out of time, and says what is left.
    pub(super) fn abandon(&self) -> Leftover {
        match self {
            Self::Held(_) | Self::Lost => Leftover::NotStarted,
            Self::Pooled { offload, .. } => match offload.cancel() {
                Cancelled::Withdrawn => Leftover::NotStarted,
                Cancelled::Running => Leftover::Running,
                Cancelled::Finished => Leftover::Finished,
            },
        }
    }
}

/// Returns the value of a job. Resumes a panic of the function.
///
/// # Errors
///
/// Returns the reason why the pool has no value. `at` is the place of the wait.
pub(super) fn value<T>(
    outcome: Result<T, OffloadError>,
    at: &'static Location<'static>,
) -> Result<T, WaitError> {
    outcome.map_err(|error| match error {
        OffloadError::Panicked(panic) => resume_unwind(panic.into_payload()),
        error => WaitError::OffloadFailed {
            error: Box::new(error),
            at,
        },
    })
}

/// Copies the arguments for another thread, and binds the function to them.
pub(super) fn body<A, T, R>(args: A, run: R) -> impl FnOnce() -> T + Send + 'static
where
    A: Own,
    T: Return,
    R: for<'x> FnOnce(A::Lent<'x>) -> T + Send + 'static,
{
    let mut owned = args.own();
    move || {
        let mut ready = A::ready(&mut owned);
        run(A::lend(&mut ready))
    }
}

/// Returns the function with `log` around it.
pub(super) fn logged<T>(
    mut log: impl Hooks + Send + 'static,
    body: impl FnOnce() -> T + Send + 'static,
) -> impl FnOnce() -> T + Send + 'static {
    move || {
        log.begin(Route::Offload);
        let unfinished = Unfinished(&mut log);
        let value = body();
        mem::forget(unfinished);
        log.end();
        value
    }
}

/// Notes a panic when it is dropped. Who makes it forgets it once the function has returned.
pub(super) struct Unfinished<'a, L: Hooks>(pub(super) &'a mut L);

impl<L: Hooks> Drop for Unfinished<'_, L> {
    #[inline]
    fn drop(&mut self) {
        self.0.panicked();
    }
}

/// Makes the job of a call, if the call has none on the pool. The first poll of the job
/// submits it.
pub(super) fn make<A, T, R>(
    state: &mut CallState<A, T, R>,
    log: impl Hooks + Send + 'static,
    bridge: &Bridge,
    at: &'static Location<'static>,
) where
    A: Own,
    T: Return,
    R: for<'x> FnOnce(A::Lent<'x>) -> T + Send + 'static,
{
    let offload = match state.take() {
        CallState::Fresh(args, run) => bridge.offload_at(logged(log, body(args, run)), at),
        CallState::Copied(Job::Held(body)) => bridge.offload_at(body.into_inner(), at),
        CallState::Copied(job) => {
            *state = CallState::Copied(job);
            return;
        }
    };
    *state = CallState::Copied(Job::pooled(offload));
}

/// Queues a function now. If the pool refuses it, returns it in a box.
pub(super) fn try_queue<F, T>(
    bridge: &Bridge,
    body: F,
    at: &'static Location<'static>,
) -> Result<Offload<T>, Rejected<Body<T>>>
where
    F: FnOnce() -> T + Send + 'static,
    T: Return,
{
    let refused = bridge.try_offload_at(body, at);
    refused.map_err(|rejected| rejected.map(|body| Box::new(body) as Body<T>))
}

#[cfg(test)]
mod tests {
    use super::Job;
    use crate::{Bridge, Leftover};

    #[test]
    fn what_is_left_of_a_job() {
        let held: Job<()> = Job::Held(super::Held::new(Box::new(|| ())));
        assert_eq!(held.abandon(), Leftover::NotStarted);
        let bridge = Bridge::builder().build().unwrap();
        let offload = bridge.offload(|| ()).start();
        while bridge.metrics().completed == 0 {
            std::thread::yield_now();
        }
        assert_eq!(Job::pooled(offload).abandon(), Leftover::Finished);
        let lazy = bridge.offload(|| ());
        assert_eq!(Job::pooled(lazy).abandon(), Leftover::NotStarted);
    }
}
