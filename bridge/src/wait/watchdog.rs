//! Looks after a wait that may park.
//!
//! The watchdog ends the wait if its deadline passes, if its runtime ends, if this process is
//! the child of a fork, or if the pool can do nothing for it. It warns once if the wait may
//! be stuck.
//!
//! * [`ShutdownRegistration`] tells that the runtime has ended. The runtime's *sentinel*
//!   keeps the registrations, and wakes their threads.
//! * [`liveness`] finds the ends that the sentinel cannot tell.
//! * [`stall`] warns of a wait that may be stuck.

mod liveness;
mod stall;

use std::time::{Duration, Instant};

use offload_pool::{OutsideWait, Parked, fork::Forked, park::Parker};

use self::{liveness::LivenessProbe, stall::StallWarning};
use super::{
    context::WaitContext,
    parker::{ParkerLease, WaitParker},
};
use crate::{Report, WaitError, runtime::end::ShutdownRegistration};

/// From this number of wake-ups on that its spins have caught, a wait checks its runtime
/// after each caught wake-up, although it does not park.
const BUSY: u32 = 16;

/// The watchdog of one wait.
pub(super) struct Watchdog<'a> {
    context: &'a WaitContext<'a>,
    /// Made before the first park, or at the [`BUSY`]th wake-up that a spin catches. Most
    /// waits come to neither.
    registration: Option<ShutdownRegistration>,
    liveness: LivenessProbe,
    stall: StallWarning,
    /// The number of wake-ups that the wait caught while it spun.
    caught: u32,
    /// Lists the wait in reports from its first park to its end.
    listed: Option<OutsideWait>,
}

impl<'a> Watchdog<'a> {
    /// Starts to look after a wait. An ordinary wait has polled its future once before, a
    /// frozen wait may not have polled it yet.
    ///
    /// The watchdog is boxed, because it lasts as long as the polls that follow, and they
    /// need the stack.
    #[cold]
    pub(super) fn start(context: &'a WaitContext<'a>) -> Box<Self> {
        // `Box::new` would make the watchdog on the stack and copy it.
        let place = Box::new_uninit();
        Box::write(
            place,
            Self {
                context,
                registration: None,
                liveness: LivenessProbe::new(),
                stall: StallWarning::new(),
                caught: 0,
                listed: None,
            },
        )
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.context.deadline()
    }

    pub(super) fn spin_limit(&self) -> Duration {
        self.context.spin_limit()
    }

    /// Checks the deadline. Returns the parker, unless the future has forked and this is the
    /// child.
    pub(super) fn check_limits<'p>(
        &self,
        lease: &'p ParkerLease,
    ) -> Result<&'p WaitParker, WaitError> {
        let at = self.context.at();
        if (self.deadline()).is_some_and(|deadline| deadline <= Instant::now()) {
            let left = self.context.request.left;
            return Err(WaitError::TimedOut { at, left });
        }
        // In the child: the threads that could wake this one stayed in the parent.
        lease.parker().map_err(|Forked| WaitError::Forked { at })
    }

    /// Notes a wake-up that came while the thread spun. Checks the runtime if the wait has
    /// caught many of them, or has registered.
    pub(super) fn after_spin(&mut self, parker: &Parker) -> Result<(), WaitError> {
        self.stall.woken();
        self.caught = self.caught.saturating_add(1);
        if self.caught < BUSY && self.registration.is_none() {
            return Ok(());
        }
        // The future may be woken again and again after its runtime has ended.
        self.check_runtime(parker)
    }

    /// Checks the runtime before a park. Returns when the park has to end at the latest.
    ///
    /// Every park is bounded, because [`liveness`] looks after the runtime: first after 10 ms,
    /// then in ever longer intervals.
    pub(super) fn before_park(&mut self, parker: &Parker) -> Result<Instant, WaitError> {
        self.check_runtime(parker)?;
        let alarms = [
            self.deadline(),
            self.stall.set_alarm(self.context.check, &self.liveness),
        ];
        let next_probe = self.liveness.next();
        Ok(alarms.into_iter().flatten().fold(next_probe, Instant::min))
    }

    /// Lists this wait in the reports of its bridge. Call it only on a thread of no pool.
    pub(super) fn note_wait(&mut self) {
        self.listed.get_or_insert_with(|| self.context.list());
    }

    /// Decides by the end of a park whether the wait goes on. `report` is called if the
    /// pool could do nothing for the wait.
    pub(super) fn after_park(
        &mut self,
        parked: Parked,
        report: impl FnOnce() -> Report,
    ) -> Result<(), WaitError> {
        match parked {
            Parked::Woken | Parked::Lent => {
                self.stall.woken();
                // The wake-up may be the sentinel's. Then the wait ends without another poll,
                // in which a timer of Tokio's would panic.
                self.check_registration()
            }
            Parked::Exhausted => Err(WaitError::PoolExhausted {
                at: self.context.at(),
                report: Box::new(report()),
            }),
            Parked::TimedOut => {
                self.stall.warn_if_due(self.context, &self.liveness);
                Ok(())
            }
        }
    }

    /// Checks whether the runtime has ended, by the registration and by the liveness
    /// probe.
    fn check_runtime(&mut self, parker: &Parker) -> Result<(), WaitError> {
        let runtime = self.context.runtime;
        if self.registration.is_none() {
            self.registration = ShutdownRegistration::new(runtime, parker.unparker()).ok();
        }
        // After the registration: the runtime may have ended before it.
        self.check_registration()?;
        let has_ended = self.liveness.probe_if_due(runtime, Instant::now());
        if has_ended {
            return Err(self.runtime_gone());
        }
        Ok(())
    }

    fn check_registration(&self) -> Result<(), WaitError> {
        if (self.registration.as_ref()).is_some_and(ShutdownRegistration::has_runtime_ended) {
            return Err(self.runtime_gone());
        }
        Ok(())
    }

    #[cold]
    fn runtime_gone(&self) -> WaitError {
        WaitError::RuntimeGone {
            at: self.context.at(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{future::Ready, thread};

    use testkit::within;
    use tokio::runtime::{Builder, Handle, Runtime};

    use super::*;
    use crate::{
        Bridge,
        wait::{
            plan::BlockCheck,
            request::{Request, Terms},
        },
    };

    /// Runs `test` with the watchdog of a wait inside `runtime`.
    fn watched(
        runtime: &Handle,
        check: BlockCheck,
        limit: Option<Duration>,
        test: impl FnOnce(&mut Watchdog<'_>, &Parker),
    ) {
        let terms = limit.map_or(Terms::NONE, Terms::within);
        let context = WaitContext {
            request: &Request::new::<Ready<()>>(Bridge::global(), terms, "future"),
            runtime,
            check,
        };
        let mut watchdog = Watchdog::start(&context);
        test(
            &mut watchdog,
            ParkerLease::take().unwrap().parker().unwrap(),
        );
    }

    fn one_worker() -> Runtime {
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(1).build().unwrap()
    }

    /// Returns the handle of a runtime that has ended.
    fn ended() -> Handle {
        one_worker().handle().clone()
    }

    fn is_gone<T>(result: &Result<T, WaitError>) -> bool {
        matches!(result, Err(WaitError::RuntimeGone { .. }))
    }

    /// Otherwise a wait that is woken all the time would never see the end.
    #[test]
    fn the_last_of_many_wake_ups_checks_the_runtime() {
        within(|| {
            watched(&ended(), BlockCheck::NotNeeded, None, |watchdog, parker| {
                for _ in 1..BUSY {
                    watchdog.after_spin(parker).unwrap();
                }
                assert!(is_gone(&watchdog.after_spin(parker)));
            });
        });
    }

    #[test]
    fn a_registered_wait_checks_the_runtime_at_each_wake_up() {
        within(|| {
            let runtime = one_worker();
            let handle = runtime.handle().clone();
            watched(&handle, BlockCheck::NotNeeded, None, |watchdog, parker| {
                watchdog.before_park(parker).unwrap();
                watchdog.after_spin(parker).unwrap();
                drop(runtime);
                assert!(is_gone(&watchdog.after_spin(parker)));
            });
        });
    }

    /// The runtime may have ended before the wait registered, so nobody wakes it.
    #[test]
    fn a_wait_does_not_park_in_a_runtime_that_has_ended() {
        within(|| {
            watched(&ended(), BlockCheck::NotNeeded, None, |watchdog, parker| {
                assert!(is_gone(&watchdog.before_park(parker)));
            });
        });
    }

    #[test]
    fn a_park_ends_at_the_first_alarm() {
        within(|| {
            let runtime = one_worker();
            let here = runtime.handle();
            let (short, long) = (Duration::from_millis(1), Duration::from_hours(1));
            watched(
                here,
                BlockCheck::NotNeeded,
                Some(short),
                |watchdog, parker| {
                    let until = watchdog.before_park(parker).unwrap();
                    assert_eq!(Some(until), watchdog.deadline());
                },
            );
            watched(
                here,
                BlockCheck::NotNeeded,
                Some(long),
                |watchdog, parker| {
                    let until = watchdog.before_park(parker).unwrap();
                    assert_eq!(until, watchdog.liveness.next());
                },
            );
            watched(here, BlockCheck::Frozen, Some(long), |watchdog, parker| {
                let much_later = Instant::now() + long;
                assert!(!watchdog.liveness.probe_if_due(here, much_later));
                let until = watchdog.before_park(parker).unwrap();
                let warning = watchdog
                    .stall
                    .set_alarm(BlockCheck::Frozen, &watchdog.liveness);
                assert_eq!(Some(until), warning);
            });
        });
    }

    /// Otherwise a wait that goes on would be reported as stuck.
    #[test]
    fn each_wake_up_puts_the_warning_off() {
        let runtime = one_worker();
        let check = BlockCheck::Frozen;
        watched(runtime.handle(), check, None, |watchdog, parker| {
            let alarm = |watchdog: &mut Watchdog<'_>| {
                thread::sleep(Duration::from_millis(1));
                watchdog.stall.set_alarm(check, &watchdog.liveness).unwrap()
            };
            let first = alarm(watchdog);
            assert_eq!(alarm(watchdog), first, "nothing woke it");
            watchdog.after_spin(parker).unwrap();
            let second = alarm(watchdog);
            assert!(second > first);
            watchdog.after_park(Parked::Woken, Report::default).unwrap();
            assert!(alarm(watchdog) > second);
        });
    }
}
