//! The hooks of a running job, and the futures that wait for its cancellation.
//!
//! Every step happens under one lock, which belongs to the job. No user code runs under
//! it, and no other lock is taken there. DESIGN.md has the states of a hook.

use std::{
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
    task::{Context, Poll, Waker},
};

use super::{drop_caught, drop_payload, runnable::Header, wake};
use crate::{
    nesting::waiting,
    platform::sync::{lock, thread_number},
    thread::park::{Parker, Unparker},
};

pub(super) type Hook = Box<dyn FnOnce() + Send>;

/// The hooks and futures of one job.
#[derive(Default)]
pub(super) struct Listeners {
    /// Whether the closure has returned. Nothing listens after that.
    over: bool,
    /// The armed hooks with their numbers, the newest last.
    hooks: Vec<(usize, Hook)>,
    /// The hook that a thread calls now. One thread calls all hooks of a job, one after
    /// the other. So no hook can wait for another hook of the same job.
    now: Option<Call>,
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
    waits: Option<Unparker>,
}

/// Calls a hook, and catches its panic, which the panic hook has reported.
pub(super) fn call(hook: Hook) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(hook)) {
        drop_payload(payload);
    }
}

impl Listeners {
    /// Takes an armed hook out. Returns `None` if it was called or is gone.
    fn take(&mut self, number: usize) -> Option<Hook> {
        let at = self.hooks.iter().rposition(|(other, _)| *other == number)?;
        Some(self.hooks.remove(at).1)
    }

    /// Stores the waker of a future, and returns what it replaces.
    fn put(&mut self, number: usize, waker: Waker) -> Option<Waker> {
        let mut wakers = self.wakers.iter_mut();
        if let Some((_, old)) = wakers.find(|(other, _)| *other == number) {
            return Some(mem::replace(old, waker));
        }
        self.wakers.push((number, waker));
        None
    }
}

/// The steps of the job's own thread, and of its guards and futures.
impl Header {
    /// Arms a hook of the job that runs on this thread. Returns the hook if the job should
    /// stop already.
    pub(super) fn arm(&self, number: usize, hook: Hook) -> Option<Hook> {
        let mut slot = lock(&self.listeners);
        self.listen();
        if self.should_stop() {
            return Some(hook);
        }
        let listeners = slot.get_or_insert_default();
        listeners.hooks.push((number, hook));
        None
    }

    /// Makes room for the waker of a future, in the job that runs on this thread.
    pub(super) fn expect_waker(&self) {
        let mut slot = lock(&self.listeners);
        self.listen();
        slot.get_or_insert_default();
    }

    /// Drops a hook that was not called. If another thread calls it now, this waits for
    /// the end of that call.
    pub(super) fn disarm(&self, number: usize) {
        let mut slot = lock(&self.listeners);
        let listeners = slot.get_or_insert_default();
        let armed = listeners.take(number);
        let call = listeners.now.as_ref();
        // On the calling thread the guard is dropped within its own hook.
        let is_called =
            call.is_some_and(|call| call.hook == number && call.thread != thread_number());
        drop(slot);
        drop(armed);
        if is_called {
            waiting::free_permit_while(|| self.wait_for_call(number));
        }
    }

    #[cold]
    fn wait_for_call(&self, number: usize) {
        let parker = Parker::new();
        loop {
            let mut slot = lock(&self.listeners);
            let call = slot.get_or_insert_default().now.as_mut();
            match call.filter(|call| call.hook == number) {
                Some(call) => call.waits = Some(parker.unparker().clone()),
                None => return,
            }
            drop(slot);
            let _token = parker.park(None);
        }
    }

    /// Polls whether the job should stop. The waker is stored under the number of the future.
    pub(super) fn poll_stop(&self, number: usize, cx: &Context<'_>) -> Poll<()> {
        if self.should_stop() {
            return Poll::Ready(());
        }
        // To clone or drop a waker runs user code, so both are done without the lock.
        let waker = cx.waker().clone();
        let mut slot = lock(&self.listeners);
        let listeners = slot.as_deref_mut().filter(|listeners| !listeners.over);
        let (poll, unused) = if self.should_stop() {
            (Poll::Ready(()), Some(waker))
        } else if let Some(listeners) = listeners {
            (Poll::Pending, listeners.put(number, waker))
        } else {
            (Poll::Pending, Some(waker))
        };
        drop(slot);
        drop(unused);
        poll
    }

    /// Drops the waker of a future.
    pub(super) fn forget_waker(&self, number: usize) {
        let mut slot = lock(&self.listeners);
        let wakers = &mut slot.get_or_insert_default().wakers;
        let at = wakers.iter().position(|(other, _)| *other == number);
        let waker = at.map(|at| wakers.swap_remove(at));
        drop(slot);
        drop(waker);
    }

    /// Drops all hooks and wakers, because the closure has returned.
    ///
    /// A guard or a future may outlive the closure. If the job kept the waker of such a
    /// future, the task and the job would own each other.
    #[cold]
    pub(super) fn stop_listening(&self) {
        let mut slot = lock(&self.listeners);
        let Some(listeners) = slot.as_deref_mut() else {
            return;
        };
        listeners.over = true;
        let hooks = mem::take(&mut listeners.hooks);
        let wakers = mem::take(&mut listeners.wakers);
        drop(slot);
        hooks.into_iter().for_each(drop_caught);
        wakers.into_iter().for_each(drop_caught);
    }
}

/// The steps of the thread that cancels.
impl Header {
    /// Wakes the futures and calls the hooks of a job that should stop, if it has any.
    ///
    /// The caller has set the flag which says so, and holds no lock.
    pub(crate) fn tell(&self) {
        if self.is_listened_to() {
            self.tell_listeners();
        }
    }

    #[cold]
    fn tell_listeners(&self) {
        let mut slot = lock(&self.listeners);
        let wakers = mem::take(&mut slot.get_or_insert_default().wakers);
        drop(slot);
        for (_, waker) in wakers {
            wake(Some(waker));
        }
        while let Some(hook) = self.begin_call() {
            call(hook);
            if let Some(waits) = self.end_call() {
                waits.unpark();
            }
        }
    }

    /// Takes the newest hook, to be called on this thread. Returns `None` if none is left,
    /// or if a hook is being called. The thread that calls it takes the others too.
    fn begin_call(&self) -> Option<Hook> {
        let mut slot = lock(&self.listeners);
        let listeners = slot.get_or_insert_default();
        if listeners.now.is_some() {
            return None;
        }
        let (number, hook) = listeners.hooks.pop()?;
        listeners.now = Some(Call {
            hook: number,
            thread: thread_number(),
            waits: None,
        });
        Some(hook)
    }

    /// Notes that the hook has returned. Returns the thread that waits for this.
    fn end_call(&self) -> Option<Unparker> {
        let mut slot = lock(&self.listeners);
        let call = slot.get_or_insert_default().now.take();
        call.and_then(|call| call.waits)
    }
}
