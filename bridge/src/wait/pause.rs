//! What a wait does between two polls: it spins, parks, looks after its runtime,
//! and says so if it may be stuck.

use std::time::{Duration, Instant};

use offload_pool::{Parked, Waiting};

use super::{
    doubt::{Busy, Doubts},
    drive::Ground,
    local_task,
    parkers::Seat,
    route::Standing,
    sentinel::Post,
    step_out::step_out,
};
use crate::{Leftover, WaitError};

/// A wait parked for this long, in a suspect place or while nobody was free for
/// what it needs, is reported.
const SUSPICIOUS: Duration = Duration::from_secs(1);

/// A wait that has caught this many wake-ups while it spun is told of its
/// runtime's end like one that parks.
const BUSY: u32 = 16;

/// A wait between two polls. Boxed, for it lasts as long as what is polled
/// meanwhile, and the stack is dear.
pub(super) struct Pause<'a> {
    ground: &'a Ground<'a>,
    /// With the sentinel of the runtime, once it was worth it.
    post: Option<Post>,
    doubts: Doubts,
    /// How many wake-ups were caught spinning.
    caught: u32,
    /// Since when it has been parked without a wake-up, where that is of interest.
    parked_since: Option<Instant>,
    /// Whether it has said that it may be stuck.
    is_reported: bool,
}

impl<'a> Pause<'a> {
    /// Of a wait that has polled once. If that was in a poll after all, Tokio
    /// says so. It isn't stepped out of, for it is rare, and the stack is dear
    /// where the pool lends it.
    #[cold]
    pub(super) fn new(ground: &'a Ground<'a>) -> Result<Box<Self>, WaitError> {
        if ground.standing == Standing::Unsure
            && !ground.request.may_freeze()
            && step_out(|| ()).is_none()
        {
            return Err(ground.request.would_freeze());
        }
        Ok(Box::new(Self {
            ground,
            post: None,
            doubts: Doubts::new(),
            caught: 0,
            parked_since: None,
            is_reported: false,
        }))
    }

    /// Returns when the future is to be polled again.
    #[cold]
    pub(super) fn take(&mut self, seat: &Seat, waiting: &mut Waiting) -> Result<(), WaitError> {
        let (at, deadline) = (self.ground.request.at, self.ground.request.deadline);
        if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
            let left = Leftover::of(self.ground.request.future);
            return Err(WaitError::TimedOut { at, left });
        }
        // The future has forked, and this is the child, without the threads
        // that could wake it.
        if seat.is_inherited() {
            return Err(WaitError::Forked { at });
        }
        let caught = seat.spin(self.ground.request.bridge.spin(), deadline);
        if caught {
            self.caught = self.caught.saturating_add(1);
            self.parked_since = None;
            waiting.skip_park();
        }
        if caught && self.caught < BUSY && self.post.is_none() {
            return Ok(());
        }
        if self.post.is_none() {
            self.post = Post::enter(self.ground.inside, seat.parker().unparker());
        }
        // Before the park for a runtime that had ended by the time of the post,
        // after it for one that has ended since; instead of it for a future that
        // is woken again and again.
        if self.is_gone()
            || (self.doubts).is_gone(self.ground.inside, Instant::now())
            || (!caught && self.park(seat, waiting)? && self.is_gone())
        {
            return Err(WaitError::RuntimeGone { at });
        }
        Ok(())
    }

    fn is_gone(&self) -> bool {
        self.post.as_ref().is_some_and(Post::is_gone)
    }

    /// Parks; true if it may be the sentinel's wake-up.
    fn park(&mut self, seat: &Seat, waiting: &mut Waiting) -> Result<bool, WaitError> {
        let report_at = self.suspicion().map(|(since, _)| since + SUSPICIOUS);
        let alarms = [
            self.ground.request.deadline,
            Some(self.doubts.next()),
            report_at,
        ];
        let until = alarms.into_iter().flatten().min();
        match waiting.park(seat.parker(), until) {
            Parked::Woken | Parked::Lent => {
                self.parked_since = None;
                Ok(true)
            }
            Parked::Exhausted => Err(WaitError::PoolExhausted {
                at: self.ground.request.at,
            }),
            Parked::TimedOut => {
                // Asked anew: what was tried out just before the park may have
                // been done meanwhile.
                if let Some((since, suspect)) = self.suspicion()
                    && since + SUSPICIOUS <= Instant::now()
                {
                    self.report(suspect);
                }
                Ok(false)
            }
        }
    }

    /// What may keep this wait's future from going on, and since when.
    fn suspicion(&mut self) -> Option<(Instant, Suspect)> {
        if self.is_reported {
            return None;
        }
        if self.ground.standing == Standing::Nested && !local_task::has_handed_over() {
            let since = *self.parked_since.get_or_insert_with(Instant::now);
            return Some((since, Suspect::LocalSet));
        }
        if self.ground.standing == Standing::Frozen {
            let since = *self.parked_since.get_or_insert_with(Instant::now);
            return Some((since, Suspect::Frozen));
        }
        let (since, busy) = self.doubts.stuck_since()?;
        Some((since, Suspect::Busy(busy)))
    }

    /// Says once what may.
    #[cold]
    fn report(&mut self, suspect: Suspect) {
        let (future, at) = (self.ground.request.future, self.ground.request.at);
        self.is_reported = true;
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
            Suspect::Busy(Busy::BlockingThreads) => tracing::warn!(
                future,
                %at,
                "a wait is parked inside a runtime whose blocking threads have all been busy for \
                 a second; if it needs one, or nobody else took its worker over, it goes on when \
                 one is free: let the runtime have more by `max_blocking_threads`, or `.await` \
                 instead"
            ),
            Suspect::Busy(Busy::Workers) => tracing::warn!(
                future,
                %at,
                "a wait is parked inside a runtime whose workers have all been busy for a second; \
                 if it needs one, it goes on when one is free: don't block in a task, least of \
                 all for what a thread that waits holds"
            ),
        }
    }
}

/// What may keep a parked wait's future from going on.
#[derive(Clone, Copy)]
enum Suspect {
    /// The wait itself, parked in a set that drives it.
    LocalSet,
    /// The wait itself, parked in an executor that it was allowed to freeze.
    Frozen,
    /// The threads of its runtime.
    Busy(Busy),
}
