//! An ideal pool, which keeps the promise with unbounded threads. It shows that the
//! programs made for pools of a set size are fair: a pool that keeps the promise finishes
//! them.
//!
//! Roots start in order, each with a permit. A job that waits returns its permit and
//! takes it back without asking. A job that another job submits needs no permit.

use std::{
    cell::Cell,
    sync::{Arc, Condvar, Mutex},
    thread,
};

use futures::channel::oneshot;

use crate::world::{Pending, Told, World};

#[derive(Clone)]
pub(crate) struct Ideal {
    shared: Arc<(Mutex<State>, Condvar)>,
}

struct State {
    /// Negative while jobs have taken permits back that other jobs have.
    free: isize,
    submitted: usize,
    started: usize,
}

/// The kind of job that a thread runs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Runs {
    Nothing,
    Root,
    Descendant,
}

thread_local! {
    static RUNS: Cell<Runs> = const { Cell::new(Runs::Nothing) };
}

impl Ideal {
    pub(crate) fn new(permits: usize) -> Self {
        let state = State {
            free: permits.cast_signed(),
            submitted: 0,
            started: 0,
        };
        Self {
            shared: Arc::new((Mutex::new(state), Condvar::new())),
        }
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let (state, changed) = &*self.shared;
        change(&mut state.lock().unwrap());
        changed.notify_all();
    }

    /// Blocks until it is the turn of the root with this number.
    fn admit(&self, root: usize) {
        let (state, changed) = &*self.shared;
        let waits = |state: &mut State| state.started != root || state.free <= 0;
        let mut state = changed.wait_while(state.lock().unwrap(), waits).unwrap();
        state.started += 1;
        state.free -= 1;
        changed.notify_all();
    }
}

impl World for Ideal {
    fn start<T: Send + 'static>(&self, job: impl FnOnce() -> T + Send + 'static) -> Pending<T> {
        let (send, receive) = oneshot::channel();
        let root = (RUNS.get() == Runs::Nothing).then(|| {
            let mut state = self.shared.0.lock().unwrap();
            state.submitted += 1;
            state.submitted - 1
        });
        let pool = self.clone();
        thread::spawn(move || {
            if let Some(root) = root {
                pool.admit(root);
            }
            RUNS.set(root.map_or(Runs::Descendant, |_| Runs::Root));
            let value = job();
            if root.is_some() {
                pool.change(|state| state.free += 1);
            }
            let _not_awaited = send.send(value);
        });
        Box::pin(async { receive.await.expect("the job does not panic") })
    }

    fn offload<T: Send + 'static>(&self, job: impl FnOnce() -> T + Send + 'static) -> Pending<T> {
        let pool = self.clone();
        Box::pin(async move { pool.start(job).await })
    }

    fn wait<F: Future>(&self, future: F) -> Result<F::Output, Told> {
        let holds_permit = RUNS.get() == Runs::Root;
        if holds_permit {
            self.change(|state| state.free += 1);
        }
        let value = pollster::block_on(future);
        if holds_permit {
            self.change(|state| state.free -= 1);
        }
        Ok(value)
    }
}
