//! Jobs on which jobs at work may block outside any wait, in a pool whose size nobody has set.

use super::*;
use crate::schedule::limits::TOKIOS_LIMIT;

/// Returns the state of a pool whose only permit is taken, and a job that the job at work has
/// submitted. Two jobs of others are queued before it.
fn blocked(grows: bool) -> (State, Arc<dyn Runnable>) {
    let mut state = State::new(Limits::smallest(), Arc::default(), Arc::default());
    state.limits.grows = grows;
    state.limits.queue_capacity = 8;
    state.threads = 1;
    let stack = state.enter();
    let at_work = unrelated();
    let id = JobId::of(&at_work.job);
    state.begin(stack, &at_work, StartRight::Permit);
    let lineage = Lineage::default().below(state.pool, id, Kind::Job);
    let own = Submitted {
        lineage,
        ..unrelated()
    };
    let kept = Arc::clone(&own.job);
    for job in [unrelated(), unrelated(), own] {
        let lane = Lane::of(&job.lineage, state.pool);
        assert_eq!(lane, Lane::Unrelated, "nobody waits in the pool");
        let (_start, _action) = state.push(job, lane);
    }
    state.start_monitor();
    (state, kept)
}

/// Otherwise hundreds of jobs that block for their own jobs stand still behind each other.
#[test]
fn a_pool_that_grows_takes_the_jobs_of_its_jobs_first() {
    for (grows, is_first) in [(true, true), (false, false)] {
        let (mut state, own) = blocked(grows);
        for _ in 0..2 {
            let _findings = state.look(Instant::now());
        }
        assert_eq!(state.growth.permits(), usize::from(grows));
        let taken = state.queue.take().unwrap();
        assert_eq!(Arc::ptr_eq(&taken.job, &own), is_first);
    }
}

/// Otherwise a step or a glance lets jobs start that block too.
#[test]
fn each_growth_puts_them_first() {
    let step: fn(&mut State) -> Action = State::take_step;
    for grow in [step, State::quadruple] {
        let (mut state, _own) = blocked(true);
        for _ in 0..2 {
            let _findings = state.look(Instant::now());
        }
        let taken = state.queue.take().unwrap();
        let own = Arc::clone(&taken.job);
        let (_start, _action) = state.push(taken, Lane::Unrelated);
        (state.searcher, state.running) = (None, state.permits());
        let _action = grow(&mut state);
        let first = state.queue.take().unwrap();
        assert!(Arc::ptr_eq(&first.job, &own));
    }
}

/// Otherwise such a pool stands still for ever once it has as many workers as Tokio's.
#[test]
fn at_its_limit_such_a_pool_starts_them_beyond_the_permits() {
    for (grows, started_at) in [(true, Some(2)), (false, None)] {
        let (mut state, own) = blocked(grows);
        state.limits.max_threads = TOKIOS_LIMIT;
        (state.threads, state.running) = (TOKIOS_LIMIT, TOKIOS_LIMIT);
        let starts = |_: &u32| {
            let findings = state.look(Instant::now());
            assert!(findings.refused.is_none());
            matches!(findings.action, Action::Start(_))
        };
        assert_eq!((1..=60).find(starts), started_at);
        if grows {
            let (job, right) = state.take_beyond_permits().unwrap();
            assert!(Arc::ptr_eq(&job.job, &own));
            assert!(matches!(right, StartRight::Surplus));
            let stack = state.enter();
            state.begin(stack, &job, right);
            state.searcher = None;
            assert!(matches!(state.help(), Action::Nothing), "one at a time");
        }
    }
}
