//! Noticing that the queue stands still: its head waits while as many jobs run
//! as may.
//!
//! The clock is read only while every permit is taken, and only when a job is
//! queued or taken: a pool that keeps up pays nothing.

use std::time::{Duration, Instant};

use crate::sync::elapsed;

/// A head of queue that waits longer than this is worth a word.
const LONG: Duration = Duration::from_secs(1);

/// How long the head of a queue has waited.
#[derive(Default)]
pub(crate) struct Stall {
    since: Option<Instant>,
    told: bool,
    news: Option<News>,
}

/// What there is to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct News {
    pub(crate) waited: Duration,
    pub(crate) queued: usize,
}

/// Whether the head of the queue is the one of the last look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Head {
    Same,
    New,
}

impl Stall {
    /// Looks at a queue of `ready` jobs; `starved` says that no permit is free.
    pub(crate) fn look(&mut self, head: Head, ready: usize, starved: bool) {
        if let Some(since) = self.since {
            self.tell(elapsed(since), ready);
        }
        if ready == 0 {
            (self.since, self.told) = (None, false);
        } else if !starved {
            self.since = None;
        } else if self.since.is_none() || head == Head::New {
            self.since = Some(Instant::now());
        }
    }

    /// What is to be told once the lock is released.
    pub(crate) fn news(&mut self) -> Option<News> {
        self.news.take()
    }

    fn tell(&mut self, waited: Duration, queued: usize) {
        if waited > LONG && !self.told {
            self.told = true;
            self.news = Some(News { waited, queued });
        }
    }
}
