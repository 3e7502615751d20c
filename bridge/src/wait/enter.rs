//! Where a wait takes place: it looks where the thread stands, and enters what
//! the route from there leads to.
//!
//! A wait that blocks nests in the poll of another, and so on. So each way in is
//! a function of its own: a build that isn't optimised keeps apart on the stack
//! what every branch of a function needs, whichever is taken, and a thread has
//! 2 MiB.

use std::{cell::Cell, panic::Location, time::Instant};

use detect::{Place, Reach};
use offload_pool::stack;
use tokio::runtime::{Handle, RuntimeFlavor};

use super::{
    drive::{Ground, Held, drive},
    foreign, forked, frozen, hand_over, local_task,
    route::{self, Driver, Refusal, Route, Runtimes, Standing},
    start::Terms,
    step_out::step_out_of_set,
    worker,
};
use crate::{Bridge, WaitError};

/// A wait that is asked for.
pub(super) struct Request<'a> {
    pub(super) bridge: &'a Bridge,
    pub(super) deadline: Option<Instant>,
    /// Whether it may park where that freezes the executor of this thread.
    pub(super) is_frozen: bool,
    /// The future's type, for what is said of it.
    pub(super) future: &'static str,
    pub(super) at: &'static Location<'static>,
}

impl<'a> Request<'a> {
    /// Asked for by who calls this. A limit beyond what the clock can tell is none.
    #[inline]
    #[track_caller]
    pub(super) fn new(bridge: &'a Bridge, terms: Terms, future: &'static str) -> Self {
        let limit = terms.limit;
        Self {
            bridge,
            deadline: limit.and_then(|limit| Instant::now().checked_add(limit)),
            is_frozen: terms.may_freeze,
            future,
            at: Location::caller(),
        }
    }

    #[inline]
    pub(super) fn run<F: Future>(&self, held: Held<'_, F>) -> Result<F::Output, WaitError> {
        match Reach::current() {
            Reach::Nothing(Place::Thread) => self.on_thread(held),
            reach => self.elsewhere(reach, held),
        }
    }

    /// As its route has it, of which this spares a plain thread all: a tenth of
    /// the instructions of a wait for what is ready. For the same reason it isn't
    /// [`on_home`](Self::on_home): a function with one caller is inlined.
    #[inline]
    fn on_thread<F: Future>(&self, held: Held<'_, F>) -> Result<F::Output, WaitError> {
        let home = self.bridge.home(self.at)?;
        let _entered = home.enter();
        drive(&self.ground(home, Standing::Free), held)
    }

    #[inline(never)]
    fn elsewhere<F: Future>(
        &self,
        reach: Reach,
        held: Held<'_, F>,
    ) -> Result<F::Output, WaitError> {
        if stack::is_nearly_used_up() {
            return Err(self.stack_exhausted());
        }
        let route = self.route(reach);
        let _noted = local_task::note();
        // By reference: moving it out takes a fifth of a wait in blocking code.
        match &route {
            Ok(Route::Inside(here, standing @ (Standing::Local | Standing::Nested))) => {
                self.out_of_poll(here.as_ref(), *standing, held)
            }
            Ok(Route::Inside(Some(here), standing)) => drive(&self.ground(here, *standing), held),
            Ok(Route::Inside(None, standing)) => self.on_home(*standing, held),
            Ok(Route::HandOver(own)) => self.handed_over(own, held),
            Err(Refusal::Freeze) if self.may_freeze() => self.frozen(held),
            Err(refusal) => Err(self.refused(*refusal)),
        }
    }

    #[inline]
    fn route(&self, reach: Reach) -> Result<Route<Handle>, Refusal> {
        let (place, reachable) = reach.place();
        let around = Around {
            bridge: self.bridge,
            reachable: Cell::new(reachable),
        };
        route::route(place, &around)
    }

    #[inline]
    fn on_home<F: Future>(
        &self,
        standing: Standing,
        held: Held<'_, F>,
    ) -> Result<F::Output, WaitError> {
        let home = self.bridge.home(self.at)?;
        let _entered = home.enter();
        drive(&self.ground(home, standing), held)
    }

    /// Out of a poll from the start.
    fn out_of_poll<F: Future>(
        &self,
        here: Option<&Handle>,
        standing: Standing,
        mut held: Held<'_, F>,
    ) -> Result<F::Output, WaitError> {
        let body = || match here {
            Some(here) => drive(&self.ground(here, standing), held.as_mut()),
            None => self.on_home(standing, held.as_mut()),
        };
        step_out_of_set(body).unwrap_or_else(|| self.frozen_if_allowed(held))
    }

    fn handed_over<F: Future>(
        &self,
        own: &Handle,
        mut held: Held<'_, F>,
    ) -> Result<F::Output, WaitError> {
        // Under a frozen wait home is reachable, which is not this worker's runtime.
        if !self.is_frozen && frozen::is_around() {
            return self.frozen(held);
        }
        let body = || {
            local_task::note_hand_over();
            drive(&self.ground(own, Standing::Free), held.as_mut())
        };
        hand_over::hand_over(own, self.bridge.max_nested_waits(), self.at, body)
            .unwrap_or_else(|| self.frozen_if_allowed(held))
    }

    /// Whether this wait may freeze the executor that polls this thread. Inside a
    /// wait that has frozen it, any wait may.
    pub(super) fn may_freeze(&self) -> bool {
        self.is_frozen || frozen::is_around()
    }

    /// What to do where Tokio does not let this thread block.
    #[cold]
    #[inline(never)]
    fn frozen_if_allowed<F: Future>(&self, held: Held<'_, F>) -> Result<F::Output, WaitError> {
        if self.may_freeze() {
            return self.frozen(held);
        }
        Err(self.would_freeze())
    }

    /// Waits inside home, in the poll of the executor that it freezes.
    #[cold]
    #[inline(never)]
    fn frozen<F: Future>(&self, held: Held<'_, F>) -> Result<F::Output, WaitError> {
        let home = self.bridge.home(self.at)?;
        let _entered = home.enter();
        frozen::drive(&self.ground(home, Standing::Frozen), held)
    }

    #[inline]
    fn ground<'g>(&'g self, inside: &'g Handle, standing: Standing) -> Ground<'g> {
        Ground {
            request: self,
            inside,
            standing,
        }
    }

    #[cold]
    fn stack_exhausted(&self) -> WaitError {
        WaitError::StackExhausted { at: self.at }
    }

    #[cold]
    fn refused(&self, refusal: Refusal) -> WaitError {
        let at = self.at;
        match refusal {
            // The worker of a runtime whose other threads are in another process.
            Refusal::Freeze if is_left_behind() => WaitError::Forked { at },
            Refusal::Freeze => self.would_freeze(),
            Refusal::Ending => WaitError::ThreadEnding { at },
        }
    }

    #[cold]
    pub(super) fn would_freeze(&self) -> WaitError {
        WaitError::WouldFreeze {
            future: self.future,
            at: self.at,
        }
    }
}

/// What is around a thread that is about to wait.
struct Around<'a> {
    bridge: &'a Bridge,
    /// The reachable runtime, if it is known, until it is taken.
    reachable: Cell<Option<Handle>>,
}

impl Runtimes for Around<'_> {
    type Runtime = Handle;

    fn here(&self) -> Option<Handle> {
        let known = self.reachable.take();
        let here = known.or_else(|| Handle::try_current().ok());
        here.filter(|here| is_multi_thread(here) && !forked::is_noted(here))
    }

    fn driver(&self) -> Driver<Handle> {
        self.bridge.cache().with_driver(|driver| match driver {
            None => Driver::Unknown,
            Some(driver) if is_multi_thread(driver) => Driver::MultiThread(driver.clone()),
            Some(_) => Driver::CurrentThread,
        })
    }

    fn has_core(&self) -> bool {
        worker::has_core()
    }

    fn is_foreign(&self, runtime: &Handle, index: usize) -> bool {
        foreign::is_proven(runtime, index)
    }

    fn in_other_task(&self) -> bool {
        local_task::is_other()
    }

    fn in_local_task(&self) -> bool {
        local_task::is_local()
    }
}

/// Whether the runtime that is reachable here stayed in this process's parent.
/// A current-thread one has only the thread that it is driven by, which is here.
fn is_left_behind() -> bool {
    Handle::try_current().is_ok_and(|here| is_multi_thread(&here) && forked::is_noted(&here))
}

fn is_multi_thread(runtime: &Handle) -> bool {
    runtime.runtime_flavor() == RuntimeFlavor::MultiThread
}
