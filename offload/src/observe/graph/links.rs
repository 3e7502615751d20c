//! Links each job with its parent: the wait or job below which it stands in the report.
//!
//! This takes a time about linear in the number of jobs and waits. The job at the end of a
//! deep nest has a long lineage, and so has each job above it. So a job is linked only with
//! the innermost living wait or job of its lineage, and no chain is walked twice.

use std::{
    collections::{HashMap, HashSet},
    iter, mem,
};

use super::{Graph, OWN, WaitNode};
use crate::{
    lineage::{Frame, Kind, Lineage},
    vocabulary::report::cycle::{Cycle, Step},
};

impl Graph {
    /// Links each job with the wait that polls for it, or else with its parent by lineage.
    pub(super) fn link(&mut self) {
        let mut known = HashMap::new();
        self.alive = self.innermost_frames();
        for at in 0..self.jobs.len() {
            let lineage = self.jobs[at].seen.lineage.clone();
            let parent = self.innermost(&lineage, &mut known);
            self.jobs[at].entry.parent = parent;
        }
        // All waits are known now, and all parents by lineage, which `fits_below` follows.
        for at in 0..self.jobs.len() {
            let header = self.jobs[at].seen.job.header();
            // A wait that has dropped or detached the job needs no result.
            let adopter = header.is_awaited().then(|| header.adopter());
            self.jobs[at].adopter = adopter.and_then(|it| self.waits_by_frame.get(&it).copied());
            if let Some(wait) = self.jobs[at].adopter
                && self.fits_below(at, Step::Wait(wait))
            {
                self.jobs[at].entry.parent = Some(Step::Wait(wait));
            }
        }
    }

    /// Returns the numbers of the innermost frames. The jobs and waits of these frames had not
    /// ended when the state was copied. They may have ended since.
    fn innermost_frames(&self) -> HashSet<usize> {
        let lineages = self.jobs.iter().map(|job| &job.seen.lineage);
        let innermost = lineages.filter_map(|lineage| lineage.frames().next());
        innermost.map(|frame| frame.number()).collect()
    }

    /// Returns the innermost living wait or job of a lineage.
    ///
    /// `known` holds the answer for each frame that an earlier call has walked, by the number
    /// of the frame. A frame that is there ends the walk.
    fn innermost(
        &mut self,
        lineage: &Lineage,
        known: &mut HashMap<usize, Option<Step>>,
    ) -> Option<Step> {
        let (mut walked, mut innermost) = (Vec::new(), None);
        for frame in lineage.frames() {
            if let Some(step) = known.get(&frame.number()) {
                innermost = *step;
                break;
            }
            walked.push(frame);
        }
        // From the outermost frame to the innermost one, which has the last word.
        for frame in walked.iter().rev() {
            innermost = self.step_of(frame).or(innermost);
            known.insert(frame.number(), innermost);
        }
        innermost
    }

    /// Returns the wait or the job of a frame, if it was not over when the state was copied.
    fn step_of(&mut self, frame: &Frame) -> Option<Step> {
        if frame.is_over() && !self.alive.contains(&frame.number()) {
            return None;
        }
        let job = self.job_of(frame);
        match frame.kind() {
            Kind::Job => job.map(Step::Job),
            Kind::Wait => Some(Step::Wait(self.wait_of(frame, job))),
        }
    }

    /// Returns the wait of a frame, and adds it if no worker is parked in it. Then its worker
    /// polls, or runs a job that it was lent.
    fn wait_of(&mut self, frame: &Frame, job: Option<usize>) -> usize {
        if let Some(wait) = self.waits_by_frame.get(&frame.number()) {
            return *wait;
        }
        // A waker may wait outside any job, on a worker of any pool.
        let pool = match job {
            Some(job) => Some(self.jobs[job].pool),
            None => self.pools.iter().position(|pool| *pool == frame.pool()),
        };
        let node = WaitNode {
            at: frame.at(),
            age: None,
            job,
            pool,
            is_listed: job.is_some() && pool == Some(OWN),
        };
        self.add_wait(frame, node)
    }

    /// Returns whether the tree has no circle if the job is put below the wait.
    fn fits_below(&self, job: usize, wait: Step) -> bool {
        let entry = &self.jobs[job].entry;
        // The usual case spares the walk: the wait has submitted the job, or the job that
        // waits has.
        let is_near = entry.parent == Some(wait) || entry.parent == self.parent(wait);
        let is_usual = is_near && entry.parent.is_some();
        // Nothing stands below a job that no worker has taken.
        let is_untaken = entry.worker.is_none();
        is_usual || is_untaken || !self.path(wait).any(|step| step == Step::Job(job))
    }

    /// Returns the step below which a job or a wait stands.
    pub(in crate::observe) fn parent(&self, step: Step) -> Option<Step> {
        match step {
            Step::Job(job) => self.jobs[job].entry.parent,
            Step::Wait(wait) => self.waits[wait].job.map(Step::Job),
            Step::Permit => None,
        }
    }

    /// Returns the steps from a job or a wait up to the top of the tree. If they go in a
    /// circle, the path ends after as many steps as there are.
    pub(in crate::observe) fn path(&self, from: Step) -> impl Iterator<Item = Step> {
        iter::successors(Some(from), |step| self.parent(*step)).take(self.steps())
    }

    /// Returns the number of steps: all jobs, all waits and the permit.
    pub(in crate::observe) fn steps(&self) -> usize {
        self.jobs.len() + self.waits.len() + 1
    }

    /// Returns the index of a step in a table of all steps.
    pub(in crate::observe) fn index(&self, step: Step) -> usize {
        match step {
            Step::Job(job) => job,
            Step::Wait(wait) => self.jobs.len() + wait,
            Step::Permit => self.jobs.len() + self.waits.len(),
        }
    }

    /// Lists the jobs and waits of other pools that are linked with jobs of the own pool.
    ///
    /// These are the steps below a step of the own pool, all steps above these, and the
    /// steps of the circle.
    pub(in crate::observe) fn list_linked(&mut self, cycle: Option<&Cycle>) {
        let is_below_own = self.below_own();
        let mut is_done = vec![false; self.steps()];
        for at in (0..self.jobs.len()).filter(|at| is_below_own[*at] == Some(true)) {
            let mut next = Some(Step::Job(at));
            while let Some(step) = next
                && !mem::replace(&mut is_done[self.index(step)], true)
            {
                self.list(step);
                next = self.parent(step);
            }
        }
        let in_circle = cycle.into_iter().flat_map(Cycle::steps);
        in_circle.for_each(|step| self.list(*step));
    }

    /// Returns, by [`index`](Self::index), whether a step is of the own pool or stands below
    /// such a step. `None` for a wait with no job below it.
    fn below_own(&self) -> Vec<Option<bool>> {
        let is_own = |step: Step| match step {
            Step::Job(job) => self.jobs[job].pool == OWN,
            Step::Wait(wait) => self.waits[wait].pool == Some(OWN),
            Step::Permit => false,
        };
        let mut known = vec![None; self.steps()];
        let mut walked = Vec::new();
        for at in 0..self.jobs.len() {
            let mut is_below = false;
            for step in self.path(Step::Job(at)) {
                if let Some(answer) = known[self.index(step)] {
                    is_below = answer;
                    break;
                }
                walked.push(step);
            }
            for step in walked.drain(..).rev() {
                is_below |= is_own(step);
                known[self.index(step)] = Some(is_below);
            }
        }
        known
    }

    fn list(&mut self, step: Step) {
        match step {
            Step::Job(job) => self.jobs[job].is_listed = true,
            Step::Wait(wait) => self.waits[wait].is_listed = true,
            Step::Permit => {}
        }
    }
}
