//! The warning of a wait that may be stuck.
//!
//! A wait warns once, after a second, in two cases. Either the parked wait may itself keep
//! its future from going on, because it stops the executor of its thread. Or no thread of
//! the wait's runtime is free to run what the future may need.

use std::time::{Duration, Instant};

use detect::waiting_task;

use super::liveness::{BusyThreads, LivenessProbe};
use crate::{
    log,
    wait::request::{Freezes, WaitContext},
};

/// A wait that has been suspect for this long is reported.
const SUSPICIOUS: Duration = Duration::from_secs(1);

/// Warns once of a wait that may be stuck.
pub(super) struct StallWarning {
    /// Since when the wait has been parked without a wake-up, if the wait itself is the
    /// suspect.
    parked_since: Option<Instant>,
    has_warned: bool,
}

/// A reason why a parked wait's future may not go on.
#[derive(Clone, Copy)]
enum Suspect {
    /// The wait itself: it may be parked in a task of a `LocalSet`, whose other tasks then
    /// stand still.
    LocalSet,
    /// The wait itself: it is parked in an executor that it was allowed to freeze.
    Frozen,
    /// The threads of the wait's runtime: they are all busy.
    Busy(BusyThreads),
}

impl StallWarning {
    pub(super) fn new() -> Self {
        Self {
            parked_since: None,
            has_warned: false,
        }
    }

    /// Forgets how long the wait has been parked, because it was woken.
    pub(super) fn woken(&mut self) {
        self.parked_since = None;
    }

    /// Starts the clock of a park that begins now, if it does not run yet. Returns when the
    /// park has to end, so that the warning is in time.
    pub(super) fn set_alarm(
        &mut self,
        freezes: Freezes,
        liveness: &LivenessProbe,
    ) -> Option<Instant> {
        let (since, _) = self.time_suspicion(freezes, liveness)?;
        Some(since + SUSPICIOUS)
    }

    /// Warns if the wait has been suspect for long enough.
    ///
    /// It looks for the suspect again, because a canary that was queued before the park
    /// may have run meanwhile.
    pub(super) fn warn_if_due(&mut self, context: &WaitContext<'_>, liveness: &LivenessProbe) {
        if let Some((since, suspect)) = self.time_suspicion(context.freezes, liveness)
            && since + SUSPICIOUS <= Instant::now()
        {
            self.has_warned = true;
            log::outermost(|| warn(context, suspect));
        }
    }

    /// Returns what may keep the future from going on, and since when. If the wait itself is
    /// the suspect, starts the clock.
    fn time_suspicion(
        &mut self,
        freezes: Freezes,
        liveness: &LivenessProbe,
    ) -> Option<(Instant, Suspect)> {
        if self.has_warned {
            return None;
        }
        let suspect = match freezes {
            Freezes::PerhapsLocalSet if !waiting_task::has_handed_over() => Suspect::LocalSet,
            Freezes::Executor => Suspect::Frozen,
            Freezes::PerhapsLocalSet | Freezes::Nothing => {
                let (since, busy) = liveness.stuck_since()?;
                return Some((since, Suspect::Busy(busy)));
            }
        };
        let since = *self.parked_since.get_or_insert_with(Instant::now);
        Some((since, suspect))
    }
}

#[cold]
fn warn(context: &WaitContext<'_>, suspect: Suspect) {
    let (future, at) = (context.request.future, context.request.at);
    match suspect {
        Suspect::LocalSet => tracing::warn!(
            future,
            %at,
            "a wait has been parked for a second on a thread that may be the only one of a \
             `LocalSet`; if it is, nothing on that set runs meanwhile: `.await` instead"
        ),
        Suspect::Frozen => tracing::warn!(
            future,
            %at,
            "a wait has kept the executor of this thread frozen for a second; if what it \
             waits for needs that executor, it never ends: bound it by \
             `wait_frozen_timeout`, or `.await` instead"
        ),
        Suspect::Busy(BusyThreads::Blocking) => tracing::warn!(
            future,
            %at,
            "a wait is parked inside a runtime whose blocking threads have all been busy for \
             a second; if it needs one, or nobody else took its worker over, it goes on when \
             one is free: let the runtime have more by `max_blocking_threads`, or `.await` \
             instead"
        ),
        Suspect::Busy(BusyThreads::Workers) => tracing::warn!(
            future,
            %at,
            "a wait is parked inside a runtime whose workers have all been busy for a second; \
             if it needs one, it goes on when one is free: don't block in a task, least of \
             all for what a thread that waits holds"
        ),
    }
}
