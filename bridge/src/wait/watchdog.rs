//! Ends a wait that must not go on, and warns of one that may be stuck.
//!
//! These ends come before the future is ready:
//!
//! | the wait ends because | checked by | when |
//! |---|---|---|
//! | its deadline has passed | [`check_limits`](Watchdog::check_limits) | before each pause; the deadline also limits each park |
//! | the future has forked, and this is the child | [`check_limits`](Watchdog::check_limits) | before each pause |
//! | its runtime has ended | [`check_runtime`](Watchdog::check_runtime) | before each park, and after a caught wake-up if the wait has registered or has caught 16 |
//! | its runtime has ended | [`check_registration`](Watchdog::check_registration) | after each park |
//! | the pool can do nothing for it | [`after_park`](Watchdog::after_park) | after a park; only on a thread of a pool |
//!
//! Two parts tell that the runtime has ended:
//!
//! * [`ShutdownRegistration`] also wakes the wait. The bridge has a task on the runtime, the
//!   *sentinel*. The runtime drops its tasks when it ends, and the destructor of the sentinel
//!   wakes all registered threads.
//! * [`LivenessProbe`] finds the rare ends at which the sentinel is not dropped. It submits
//!   small work to the runtime now and then, and sees whether the runtime drops that work
//!   unrun. So each park has a limit, first of 100 ms and then of ever longer times.
//!
//! [`StallWarning`] never ends a wait. It warns once, after a second.

mod liveness;
mod stall;

use std::time::Instant;

use offload_pool::{Parked, WaitListing, fork::Forked};

use self::{liveness::LivenessProbe, stall::StallWarning};
use super::{
    parker::{ParkerLease, WaitParker},
    request::WaitContext,
};
use crate::{Report, WaitError, runtime::end::ShutdownRegistration};

/// From this number of wake-ups on that its spins have caught, a wait checks its runtime
/// after each caught wake-up, although it does not park.
const CAUGHT_BEFORE_CHECK: u32 = 16;

/// The watchdog of one wait.
pub(super) struct Watchdog<'a> {
    context: &'a WaitContext<'a>,
    lease: &'a ParkerLease,
    /// Taken from the parker before the first park, or when spins have caught
    /// [`CAUGHT_BEFORE_CHECK`] wake-ups. Many waits come to neither. The parker gets it back.
    registration: Option<ShutdownRegistration>,
    liveness: LivenessProbe,
    stall: StallWarning,
    /// The number of wake-ups that the wait caught while it spun.
    caught: u32,
    /// Lists the wait in reports from its first park to its end. Taken from the parker, which gets
    /// it back.
    listed: Option<WaitListing>,
}

impl<'a> Watchdog<'a> {
    /// Starts to look after a wait whose future has been polled once.
    ///
    /// The watchdog is boxed, because it lasts as long as the polls that follow, and they
    /// need the stack.
    #[cold]
    pub(super) fn start(context: &'a WaitContext<'a>, lease: &'a ParkerLease) -> Box<Self> {
        // `Box::new` would make the watchdog on the stack and copy it.
        let place = Box::new_uninit();
        Box::write(
            place,
            Self {
                context,
                lease,
                registration: None,
                liveness: LivenessProbe::new(),
                stall: StallWarning::new(),
                caught: 0,
                listed: None,
            },
        )
    }

    /// Checks the deadline. Returns the parker, unless the future has forked and this is the
    /// child.
    pub(super) fn check_limits(&self) -> Result<&'a WaitParker, WaitError> {
        let at = self.context.at();
        if (self.context.deadline()).is_some_and(|deadline| deadline <= Instant::now()) {
            let left = self.context.request.left;
            return Err(WaitError::TimedOut { at, left });
        }
        // In the child: the threads that could wake this one stayed in the parent.
        self.lease
            .parker()
            .map_err(|Forked| WaitError::Forked { at })
    }

    /// Notes a wake-up that came while the thread spun. Checks the runtime if the wait has
    /// caught many of them, or has registered.
    pub(super) fn after_spin(&mut self, parker: &WaitParker) -> Result<(), WaitError> {
        self.stall.woken();
        self.caught = self.caught.saturating_add(1);
        if self.caught < CAUGHT_BEFORE_CHECK && self.registration.is_none() {
            // The wake-up may come from the sentinel, by the registration of an earlier wait.
            return if parker.kept.tells_end_of(self.context.runtime) {
                Err(self.runtime_gone())
            } else {
                Ok(())
            };
        }
        // The future may be woken again and again after its runtime has ended.
        self.check_runtime(parker)
    }

    /// Checks the runtime before a park. Returns when the park has to end at the latest.
    ///
    /// The park ends when the first of these is due: the next probe of the runtime, the
    /// deadline, the warning.
    pub(super) fn before_park(&mut self, parker: &WaitParker) -> Result<Instant, WaitError> {
        self.check_runtime(parker)?;
        let alarms = [
            self.context.deadline(),
            self.stall.set_alarm(self.context.freezes, &self.liveness),
        ];
        let next_probe = self.liveness.next();
        Ok(alarms.into_iter().flatten().fold(next_probe, Instant::min))
    }

    /// Lists this wait in the reports of its bridge. Call it only on a thread of no pool.
    pub(super) fn list_wait(&mut self, parker: &WaitParker) {
        if self.listed.is_none() {
            let request = self.context.request;
            self.listed = parker.kept.listing(request.bridge.pool());
            if let Some(listing) = &self.listed {
                listing.note(request.at, request.future);
            }
        }
    }

    /// Takes how a park ended, and decides whether the wait goes on. Calls `report` only if
    /// the pool has refused the wait.
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
                // The runtime may have ended just when the time was up.
                self.check_registration()
            }
        }
    }

    /// Checks whether the runtime has ended, by the registration and by the liveness
    /// probe.
    fn check_runtime(&mut self, parker: &WaitParker) -> Result<(), WaitError> {
        let runtime = self.context.runtime;
        if self.registration.is_none() {
            self.registration = parker.kept.register(runtime, parker.unparker()).ok();
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

impl Drop for Watchdog<'_> {
    /// Gives back what the parker keeps for the next wait. In a fork's child there is no parker.
    fn drop(&mut self) {
        let Ok(parker) = self.lease.parker() else {
            return;
        };
        if let Some(registration) = self.registration.take() {
            parker.kept.keep_registration(registration);
        }
        if let Some(listing) = self.listed.take() {
            listing.clear();
            parker.kept.keep_listing(listing);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{future::Ready, thread, time::Duration};

    use testkit::within;
    use tokio::runtime::{Builder, Handle, Runtime};

    use super::*;
    use crate::{
        Bridge,
        wait::request::{Freezes, Request, Terms},
    };

    /// Runs `test` with the watchdog of a wait inside `runtime`.
    fn watched(
        runtime: &Handle,
        freezes: Freezes,
        limit: Option<Duration>,
        test: impl FnOnce(&mut Watchdog<'_>, &WaitParker),
    ) {
        let terms = limit.map_or(Terms::NONE, Terms::within);
        let request = Request::new::<Ready<()>>(Bridge::global(), terms, "future");
        let mut context = WaitContext::new(&request, runtime);
        context.freezes = freezes;
        let lease = ParkerLease::take().unwrap();
        let mut watchdog = Watchdog::start(&context, &lease);
        test(&mut watchdog, lease.parker().unwrap());
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
            watched(&ended(), Freezes::Nothing, None, |watchdog, parker| {
                for _ in 1..CAUGHT_BEFORE_CHECK {
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
            watched(&handle, Freezes::Nothing, None, |watchdog, parker| {
                watchdog.before_park(parker).unwrap();
                watchdog.after_spin(parker).unwrap();
                drop(runtime);
                assert!(is_gone(&watchdog.after_spin(parker)));
            });
        });
    }

    /// Otherwise the future would be polled once more, in a runtime that is gone.
    #[test]
    fn each_park_of_a_registered_wait_checks_the_runtime() {
        within(|| {
            for parked in [Parked::Woken, Parked::Lent, Parked::TimedOut] {
                let runtime = one_worker();
                let handle = runtime.handle().clone();
                watched(&handle, Freezes::Nothing, None, |watchdog, parker| {
                    watchdog.before_park(parker).unwrap();
                    watchdog.after_park(parked, Report::default).unwrap();
                    drop(runtime);
                    let ended = watchdog.after_park(parked, Report::default);
                    assert!(is_gone(&ended), "{parked:?}");
                });
            }
        });
    }

    /// Otherwise the future would be polled once more, in a runtime that is gone.
    #[test]
    fn a_spin_that_catches_the_sentinel_of_an_earlier_wait_sees_the_end() {
        within(|| {
            let runtime = one_worker();
            let handle = runtime.handle().clone();
            watched(&handle, Freezes::Nothing, None, |watchdog, parker| {
                watchdog.before_park(parker).unwrap();
            });
            watched(&handle, Freezes::Nothing, None, |watchdog, parker| {
                watchdog.after_spin(parker).unwrap();
                drop(runtime);
                assert!(is_gone(&watchdog.after_spin(parker)));
            });
        });
    }

    /// Otherwise each wait that parks takes the locks of all waits of its runtime.
    #[test]
    fn a_wait_gives_its_registration_to_the_next() {
        let runtime = one_worker();
        let here = runtime.handle();
        let mut numbers = Vec::new();
        for _ in 0..2 {
            watched(here, Freezes::Nothing, None, |watchdog, parker| {
                watchdog.before_park(parker).unwrap();
                let registration = watchdog.registration.as_ref();
                numbers.extend(registration.map(ShutdownRegistration::number));
            });
        }
        assert_eq!(numbers.len(), 2);
        assert_eq!(numbers[0], numbers[1]);
    }

    /// The runtime may have ended before the wait registered, so nobody wakes it.
    #[test]
    fn a_wait_does_not_park_in_a_runtime_that_has_ended() {
        within(|| {
            watched(&ended(), Freezes::Nothing, None, |watchdog, parker| {
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
            watched(here, Freezes::Nothing, Some(short), |watchdog, parker| {
                let until = watchdog.before_park(parker).unwrap();
                assert_eq!(Some(until), watchdog.context.deadline());
            });
            watched(here, Freezes::Nothing, Some(long), |watchdog, parker| {
                let until = watchdog.before_park(parker).unwrap();
                assert_eq!(until, watchdog.liveness.next());
            });
            watched(here, Freezes::Executor, Some(long), |watchdog, parker| {
                let much_later = Instant::now() + long;
                assert!(!watchdog.liveness.probe_if_due(here, much_later));
                let until = watchdog.before_park(parker).unwrap();
                let warning = watchdog
                    .stall
                    .set_alarm(Freezes::Executor, &watchdog.liveness);
                assert_eq!(Some(until), warning);
            });
        });
    }

    /// Otherwise a wait that goes on would be reported as stuck.
    #[test]
    fn each_wake_up_puts_the_warning_off() {
        let runtime = one_worker();
        watched(
            runtime.handle(),
            Freezes::Executor,
            None,
            |watchdog, parker| {
                let alarm = |watchdog: &mut Watchdog<'_>| {
                    thread::sleep(Duration::from_millis(1));
                    watchdog
                        .stall
                        .set_alarm(Freezes::Executor, &watchdog.liveness)
                        .unwrap()
                };
                let second_later = Instant::now() + Duration::from_secs(1);
                let first = alarm(watchdog);
                assert!(first >= second_later, "the text says so");
                assert_eq!(alarm(watchdog), first, "nothing woke it");
                watchdog.after_spin(parker).unwrap();
                let second = alarm(watchdog);
                assert!(second > first);
                watchdog.after_park(Parked::Woken, Report::default).unwrap();
                assert!(alarm(watchdog) > second);
            },
        );
    }
}
