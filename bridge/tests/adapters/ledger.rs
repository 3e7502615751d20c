//! The ledger: counts the runs of each job, and keeps the answer that its caller got.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
};

use bridge::Metrics;

use crate::plan::{Form, Plan};

/// The answer that a caller got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// Its value.
    Value,
    Panic,
    /// That it has not run and never will.
    DidNotRun,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger(Arc<Mutex<BTreeMap<usize, Entry>>>);

#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    made: u32,
    starts: u32,
    returns: u32,
    panics: u32,
    /// The number of times that the captures were dropped.
    drops: u32,
    told: Option<Told>,
    /// Whether the wait for the plan in its body was refused.
    refused: bool,
}

/// A value that a job's closure captures. It counts its own drop.
pub(crate) struct Capture {
    ledger: Ledger,
    id: usize,
}

impl Drop for Capture {
    fn drop(&mut self) {
        self.ledger.entries().entry(self.id).or_default().drops += 1;
    }
}

impl Ledger {
    fn entries(&self) -> MutexGuard<'_, BTreeMap<usize, Entry>> {
        self.0.lock().unwrap()
    }

    fn change(&self, id: usize, change: impl FnOnce(&mut Entry)) {
        change(self.entries().entry(id).or_default());
    }

    pub(crate) fn made(&self, id: usize) -> Capture {
        self.change(id, |entry| entry.made += 1);
        Capture {
            ledger: self.clone(),
            id,
        }
    }

    pub(crate) fn started(&self, id: usize) {
        self.change(id, |entry| entry.starts += 1);
    }

    pub(crate) fn returned(&self, id: usize) {
        self.change(id, |entry| entry.returns += 1);
    }

    pub(crate) fn panicked(&self, id: usize) {
        self.change(id, |entry| entry.panics += 1);
    }

    pub(crate) fn refused(&self, id: usize) {
        self.change(id, |entry| entry.refused = true);
    }

    pub(crate) fn tell(&self, id: usize, told: Told) {
        self.change(id, |entry| {
            assert_eq!(entry.told, None, "the caller of {id} is told twice");
            entry.told = Some(told);
        });
    }

    /// Checks every job of a plan that has ended.
    ///
    /// # Errors
    ///
    /// Names each job that broke an invariant.
    pub(crate) fn check(&self, plan: &Plan, metrics: &Metrics) -> Result<(), String> {
        let entries = self.entries();
        let mut wrong = Vec::new();
        let mut refused = Vec::new();
        plan.visit(false, &mut |job, _| {
            let entry = entries.get(&job.id).copied().unwrap_or_default();
            if let (true, crate::plan::Body::Wait(inner)) = (entry.refused, &job.body) {
                inner.visit(true, &mut |job, _| refused.push(job.id));
            }
        });
        plan.visit(false, &mut |job, loose| {
            let entry = entries.get(&job.id).copied().unwrap_or_default();
            let loose = loose || refused.contains(&job.id);
            wrong.extend(fault(entry, job.form, loose).map(|what| (job.id, what, entry)));
        });
        let sum = |of: fn(&Entry) -> u32| entries.values().map(|e| u64::from(of(e))).sum::<u64>();
        if metrics.completed != sum(|e| e.returns) || metrics.panicked != sum(|e| e.panics) {
            return Err(format!("{metrics:?} does not fit {entries:?}"));
        }
        if wrong.is_empty() {
            Ok(())
        } else {
            Err(format!("{wrong:?}"))
        }
    }
}

/// Returns the invariant that a job broke.
///
/// An adapter may have dropped a `loose` job's future before it was ready.
fn fault(entry: Entry, form: Form, loose: bool) -> Option<&'static str> {
    let ran = entry.starts == 1;
    if entry.made > 1 || entry.starts > 1 {
        return Some("it ran twice");
    }
    if entry.drops != entry.made {
        return Some("its captures were not dropped once");
    }
    if entry.starts != entry.returns + entry.panics {
        return Some("it has not ended");
    }
    match entry.told {
        Some(Told::Value) if entry.returns != 1 => Some("it has a value, but did not return"),
        Some(Told::Panic) if entry.panics != 1 => Some("its caller saw a panic that was not"),
        Some(Told::DidNotRun) if ran => Some("it ran, but its caller was told that it did not"),
        Some(Told::DidNotRun) if !matches!(form, Form::Tried | Form::Cancelled) => {
            Some("nobody cancelled it, and it did not run")
        }
        None if form == Form::Detached && entry.made == 1 && !ran => {
            Some("it was detached, and did not run")
        }
        None if form != Form::Detached && !loose => Some("its caller was told nothing"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_is_found() {
        let right = Entry {
            made: 1,
            starts: 1,
            returns: 1,
            drops: 1,
            told: Some(Told::Value),
            ..Entry::default()
        };
        assert_eq!(fault(right, Form::Lazy, false), None);
        for wrong in [
            Entry { starts: 2, ..right },
            Entry { drops: 0, ..right },
            Entry {
                returns: 0,
                ..right
            },
            Entry {
                starts: 0,
                returns: 0,
                ..right
            },
            Entry {
                told: Some(Told::Panic),
                ..right
            },
            Entry {
                told: Some(Told::DidNotRun),
                ..right
            },
            Entry {
                told: None,
                ..right
            },
            Entry {
                starts: 0,
                returns: 0,
                told: Some(Told::DidNotRun),
                ..right
            },
        ] {
            assert!(fault(wrong, Form::Lazy, false).is_some(), "{wrong:?}");
        }
        let lost = Entry {
            starts: 0,
            returns: 0,
            told: None,
            ..right
        };
        assert!(fault(lost, Form::Detached, true).is_some());
        assert!(fault(lost, Form::Lazy, true).is_none());
    }
}
