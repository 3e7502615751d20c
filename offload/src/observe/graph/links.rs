//! Links jobs and waits, in a time about linear in their number.
//!
//! The job at the end of a deep nest has a long lineage, and so has each job above it. So
//! each job is linked with its innermost living parent only, and no chain is walked twice.

use std::{
    collections::{HashMap, HashSet},
    iter, mem,
};

use super::{Graph, WaitNode};
use crate::{
    Lineage,
    nesting::lineage::{Frame, Kind},
    observe::Step,
};

impl Graph {
    /// Links each job with what waits for it, by its lineage.
    pub(super) fn link(&mut self) {
        let mut known = HashMap::new();
        self.alive = self.innermost_frames();
        for at in 0..self.jobs.len() {
            let lineage = self.jobs[at].seen.lineage.clone();
            let parent = self.innermost(&lineage, &mut known);
            let node = &mut self.jobs[at];
            node.entry.parent = parent;
            node.adopter = self.numbers.get(&node.seen.job.header().adopter()).copied();
        }
        for at in 0..self.jobs.len() {
            // A wait that polls for a job says more than the job that submitted it.
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

    /// Returns the innermost wait or job of a lineage.
    ///
    /// `known` has it for each frame that was walked, by the number of the frame. The frames
    /// behind such a frame were walked too.
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
        for frame in walked.iter().rev() {
            innermost = self.step_of(frame).or(innermost);
            known.insert(frame.number(), innermost);
        }
        innermost
    }

    /// Returns the wait or the job of a frame, if that lived when the state was copied.
    fn step_of(&mut self, frame: &Frame) -> Option<Step> {
        if frame.is_over() && !self.alive.contains(&frame.number()) {
            return None;
        }
        let job = self.find(frame);
        match frame.kind() {
            Kind::Job => job.map(Step::Job),
            Kind::Wait => Some(Step::Wait(self.wait_of(frame, job))),
        }
    }

    /// Returns the wait of a frame. If its worker is not parked in it, the worker polls, or
    /// runs a job that it was lent.
    fn wait_of(&mut self, frame: &Frame, job: Option<usize>) -> usize {
        if let Some(wait) = self.numbers.get(&frame.number()) {
            return *wait;
        }
        let pool = job.map_or(0, |job| self.jobs[job].pool);
        self.numbers.insert(frame.number(), self.waits.len());
        self.waits.push(WaitNode {
            at: frame.at(),
            age: None,
            job,
            pool,
            is_listed: job.is_some() && pool == 0,
        });
        self.waits.len() - 1
    }

    /// Returns whether the tree has no circle if the job is put below the wait.
    fn fits_below(&self, job: usize, wait: Step) -> bool {
        let entry = &self.jobs[job].entry;
        // Usual cases: the wait has submitted the job, or the job that waits has. And nothing
        // stands below a job that no worker has taken.
        let is_near = entry.parent == Some(wait) || entry.parent == self.parent(wait);
        (is_near && entry.parent.is_some())
            || entry.worker.is_none()
            || !self.path(wait).any(|step| step == Step::Job(job))
    }

    /// Returns what a job or a wait stands below.
    pub(in crate::observe) fn parent(&self, step: Step) -> Option<Step> {
        match step {
            Step::Job(job) => self.jobs[job].entry.parent,
            Step::Wait(wait) => self.waits[wait].job.map(Step::Job),
            Step::Permit => None,
        }
    }

    /// Returns a job or a wait, and all that it stands below. The path is no longer than it
    /// can be without a circle.
    pub(in crate::observe) fn path(&self, from: Step) -> impl Iterator<Item = Step> {
        iter::successors(Some(from), |step| self.parent(*step)).take(self.steps())
    }

    /// Returns the number of indices that [`index`](Self::index) returns.
    pub(in crate::observe) fn steps(&self) -> usize {
        self.jobs.len() + self.waits.len() + 1
    }

    /// Returns the index of a step in a table of all steps. The jobs come first.
    pub(in crate::observe) fn index(&self, step: Step) -> usize {
        match step {
            Step::Job(job) => job,
            Step::Wait(wait) => self.jobs.len() + wait,
            Step::Permit => self.jobs.len() + self.waits.len(),
        }
    }

    /// Marks what the report lists of other pools: all that is linked with its own jobs.
    pub(super) fn list(&mut self) {
        let is_linked = self.below_own();
        let mut is_marked = vec![false; self.steps()];
        // From the outermost own job or wait inwards, and from the innermost outwards.
        for at in (0..self.jobs.len()).filter(|at| is_linked[*at] == Some(true)) {
            let mut next = Some(Step::Job(at));
            while let Some(step) = next
                && !mem::replace(&mut is_marked[self.index(step)], true)
            {
                self.mark(step);
                next = self.parent(step);
            }
        }
        if let Some(cycle) = crate::observe::cycle::find(self) {
            cycle.steps().iter().for_each(|step| self.mark(*step));
        }
    }

    /// Returns for each job, and each wait above one, whether it is of the report's own pool
    /// or stands below what is.
    fn below_own(&self) -> Vec<Option<bool>> {
        let is_own = |step: Step| match step {
            Step::Job(job) => self.jobs[job].pool == 0,
            Step::Wait(wait) => self.waits[wait].pool == 0,
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

    fn mark(&mut self, step: Step) {
        match step {
            Step::Job(job) => self.jobs[job].is_listed = true,
            Step::Wait(wait) => self.waits[wait].is_listed = true,
            Step::Permit => {}
        }
    }
}
