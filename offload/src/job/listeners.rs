//! The hooks of a running job, and the futures that wait for its cancellation.
//!
//! A hook or a future is a *listener* of the job. The pool has a table of them, because few
//! jobs have any, and each field of a job costs all jobs. DESIGN.md has the states of a
//! hook. Under the locks of this file no user code runs, and no other lock is taken.

use std::{
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
    ptr,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use super::{
    caught::{drop_caught, drop_payload, wake},
    header::Header,
    runnable::Runnable,
};
use crate::{
    platform::{
        fork::OfProcess,
        sync::{Mutex, lock, thread_number},
    },
    thread::park::{Parker, Unparker},
};

pub(crate) type Hook = Box<dyn FnOnce() + Send>;

/// The table of a pool: the listeners of each running job that has any.
pub(crate) struct ListenerTable(Mutex<Vec<Arc<Listeners>>>);

/// The hooks and futures of one job.
pub(crate) struct Listeners {
    job: Arc<dyn Runnable>,
    list: Mutex<List>,
}

#[derive(Default)]
struct List {
    /// Whether the closure has returned. Nothing listens after that.
    over: bool,
    /// The armed hooks with their numbers, the newest last.
    hooks: Vec<(usize, Hook)>,
    /// The hook that a thread calls now. One thread calls all hooks of a job, one after
    /// the other. So no hook can wait for another hook of the same job.
    calling: Option<Call>,
    /// The wakers of the futures, with the numbers of the futures.
    wakers: Vec<(usize, Waker)>,
}

/// A hook that a thread calls now.
struct Call {
    /// The number of the hook.
    hook: usize,
    /// The number of the thread.
    thread: usize,
    /// The thread that waits for the end of the call, in the drop of the guard.
    waiter: Option<Unparker>,
}

impl ListenerTable {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    /// Returns the listeners of the job that runs on this thread, and makes them if there
    /// are none.
    pub(crate) fn of(&self, job: Arc<dyn Runnable>) -> Arc<Listeners> {
        let mut table = lock(&self.0);
        if let Some(at) = position(&table, job.header()) {
            return Arc::clone(&table[at]);
        }
        job.header().listen();
        let list = Mutex::new(List::default());
        let listeners = Arc::new(Listeners { job, list });
        table.push(Arc::clone(&listeners));
        listeners
    }

    /// Wakes the futures and calls the hooks of a job that should stop, if it has any.
    ///
    /// The caller has set the job's flag for that, and holds no lock.
    pub(crate) fn tell(&self, header: &Header) {
        if header.is_listened_to() {
            self.tell_listeners(header);
        }
    }

    #[cold]
    fn tell_listeners(&self, header: &Header) {
        let table = lock(&self.0);
        let listeners = position(&table, header).map(|at| Arc::clone(&table[at]));
        drop(table);
        if let Some(listeners) = listeners {
            listeners.tell();
        }
    }

    /// Takes the listeners of a job out, because its closure has returned, and drops its
    /// hooks and wakers.
    pub(crate) fn stop(&self, header: &Header) {
        let mut table = lock(&self.0);
        let listeners = position(&table, header).map(|at| table.swap_remove(at));
        drop(table);
        if let Some(listeners) = listeners {
            listeners.stop();
        }
    }
}

/// Returns the place of a job's listeners in the table.
fn position(table: &[Arc<Listeners>], header: &Header) -> Option<usize> {
    table
        .iter()
        .position(|listeners| ptr::eq(listeners.job.header(), header))
}

/// Calls a hook and catches its panic, which the panic hook of the process has reported.
pub(crate) fn call(hook: Hook) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(hook)) {
        drop_payload(payload);
    }
}

impl List {
    /// Takes an armed hook out. Returns `None` if a thread has called it, or if it was
    /// dropped.
    fn take_hook(&mut self, number: usize) -> Option<Hook> {
        let at = self.hooks.iter().rposition(|(other, _)| *other == number)?;
        Some(self.hooks.remove(at).1)
    }

    /// Stores the waker of a future, and returns the waker that it replaces.
    fn store_waker(&mut self, number: usize, waker: Waker) -> Option<Waker> {
        let mut wakers = self.wakers.iter_mut();
        if let Some((_, old)) = wakers.find(|(other, _)| *other == number) {
            return Some(mem::replace(old, waker));
        }
        self.wakers.push((number, waker));
        None
    }
}

/// The steps of the job's own thread, and of its guards and futures.
impl Listeners {
    fn should_stop(&self) -> bool {
        self.job.header().should_stop()
    }

    /// Arms a hook of the job that runs on this thread. Returns the hook if the job should
    /// stop already.
    pub(crate) fn arm(&self, number: usize, hook: Hook) -> Option<Hook> {
        let mut list = lock(&self.list);
        if self.should_stop() {
            return Some(hook);
        }
        list.hooks.push((number, hook));
        None
    }

    /// Drops a hook that was not called. If another thread is calling it, returns that call,
    /// for whose end the caller must wait.
    pub(crate) fn disarm(&self, number: usize) -> Option<HookCall<'_>> {
        let mut list = lock(&self.list);
        let armed = list.take_hook(number);
        let call = list.calling.as_ref();
        // If this thread is calling the hook, the guard is dropped within its own hook.
        let is_called =
            call.is_some_and(|call| call.hook == number && call.thread != thread_number());
        drop(list);
        drop(armed);
        is_called.then_some(HookCall {
            listeners: self,
            hook: number,
        })
    }

    /// Polls whether the job should stop. The waker is stored under the number of the future.
    pub(crate) fn poll_stop(&self, number: usize, cx: &Context<'_>) -> Poll<()> {
        if self.should_stop() {
            return Poll::Ready(());
        }
        // To clone or drop a waker runs user code, so both are done without the lock.
        let waker = cx.waker().clone();
        let mut list = lock(&self.list);
        let (poll, unused) = if self.should_stop() {
            (Poll::Ready(()), Some(waker))
        } else if list.over {
            (Poll::Pending, Some(waker))
        } else {
            (Poll::Pending, list.store_waker(number, waker))
        };
        drop(list);
        drop(unused);
        poll
    }

    /// Drops the waker of a future.
    pub(crate) fn forget_waker(&self, number: usize) {
        let mut list = lock(&self.list);
        let at = list.wakers.iter().position(|(other, _)| *other == number);
        let waker = at.map(|at| list.wakers.swap_remove(at));
        drop(list);
        drop(waker);
    }

    /// Drops all hooks and wakers.
    ///
    /// A guard or a future may outlive the closure. If the job kept the waker of such a
    /// future, the task and the job would own each other.
    fn stop(&self) {
        let mut list = lock(&self.list);
        list.over = true;
        let hooks = mem::take(&mut list.hooks);
        let wakers = mem::take(&mut list.wakers);
        drop(list);
        hooks.into_iter().for_each(drop_caught);
        wakers.into_iter().for_each(drop_caught);
    }
}

/// A call of a hook by another thread.
#[must_use = "an interrupt would hit what comes after the guard of the hook"]
pub(crate) struct HookCall<'a> {
    listeners: &'a Listeners,
    hook: usize,
}

impl HookCall<'_> {
    /// Blocks until the hook has returned.
    #[cold]
    pub(crate) fn wait(self) {
        let parker = Parker::new();
        loop {
            let mut list = lock(&self.listeners.list);
            match list.calling.as_mut().filter(|call| call.hook == self.hook) {
                Some(call) => call.waiter = Some(parker.unparker().clone()),
                None => return,
            }
            drop(list);
            let _token = parker.park(None);
        }
    }
}

/// The steps of the thread that cancels.
impl Listeners {
    fn tell(&self) {
        let process = OfProcess::new(());
        let wakers = mem::take(&mut lock(&self.list).wakers);
        for (_, waker) in wakers {
            wake(Some(waker));
        }
        // In a fork's child, the other hooks belong to the parent. A thread of the parent may have
        // held the lock.
        while process.get().is_ok()
            && let Some(hook) = self.begin_call()
        {
            call(hook);
            if process.get().is_err() {
                return;
            }
            if let Some(waiter) = self.end_call() {
                waiter.unpark();
            }
        }
    }

    /// Takes the newest hook, which this thread then calls. Returns `None` if none is left.
    /// Also returns `None` if another thread is calling one, because that thread takes the
    /// others too.
    fn begin_call(&self) -> Option<Hook> {
        let mut list = lock(&self.list);
        if list.calling.is_some() {
            return None;
        }
        let (number, hook) = list.hooks.pop()?;
        list.calling = Some(Call {
            hook: number,
            thread: thread_number(),
            waiter: None,
        });
        Some(hook)
    }

    /// Notes that the hook has returned. Returns the thread that waits for this.
    fn end_call(&self) -> Option<Unparker> {
        let call = lock(&self.list).calling.take();
        call.and_then(|call| call.waiter)
    }
}

#[cfg(all(test, not(any(bridge_loom, bridge_shuttle))))]
mod tests {
    use super::*;
    use crate::{Pool, on_cancel, worker::this_worker::Worker};

    /// Otherwise the table keeps each job that has had a listener, and each look takes longer.
    #[test]
    fn the_table_forgets_a_job_that_has_ended() {
        testkit::within(|| {
            let pool = Pool::new();
            let core = pollster::block_on(pool.run(|| {
                let core = Worker::current().expect("this is a job").core;
                let guard = on_cancel(|| ());
                assert_eq!(lock(&core.listeners.0).len(), 1);
                drop(guard);
                core
            }));
            assert_eq!(lock(&core.listeners.0).len(), 0);
        });
    }
}
