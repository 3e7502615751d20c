//! Jobs on which jobs at work may block outside any wait, in a pool whose size nobody has set.

use super::{growth::SurplusFor, *};
use crate::schedule::limits::TOKIOS_LIMIT;

/// Returns the state of a pool whose only permit is taken, a job that the job at work has
/// submitted, and the lineage of the job at work. Two jobs of others are queued before its own.
fn blocked(grows: bool) -> (State, Arc<dyn Runnable>, Lineage) {
    let mut limits = Limits::smallest();
    (limits.grows, limits.queue_capacity) = (grows, 64);
    let mut state = State::new(limits, Arc::default(), Arc::default());
    state.threads = 1;
    let stack = state.enter();
    let at_work = unrelated();
    let id = JobId::of(&at_work.job);
    state.begin(stack, &at_work, StartRight::Permit);
    let lineage = Lineage::default().below(state.pool, id, Kind::Job);
    for _ in 0..2 {
        let (_start, _action) = state.push(unrelated(), Lane::Unrelated);
    }
    let own = push_own(&mut state, &lineage);
    state.start_monitor();
    (state, own, lineage)
}

/// Pushes a job that the job with this lineage has submitted.
fn push_own(state: &mut State, lineage: &Lineage) -> Arc<dyn Runnable> {
    let own = Submitted {
        lineage: Lineage::of(&lineage.top().unwrap()),
        ..unrelated()
    };
    let kept = Arc::clone(&own.job);
    let lane = Lane::of(&own.lineage, state.pool);
    assert_eq!(lane, Lane::Unrelated, "nobody waits in the pool");
    let (_start, _action) = state.push(own, lane);
    kept
}

/// Parks the worker with this stack in a wait of the job with this lineage.
pub(super) fn park(state: &mut State, job: &Lineage, stack: usize) {
    let account = job.top().unwrap();
    let wait = job.below(state.pool, account.job().unwrap(), Kind::Wait);
    let _action = state.add_parked_wait(ParkRequest {
        frame: wait.top().unwrap(),
        account,
        unparker: Parker::new().unparker().clone(),
        stack,
        since: Instant::now(),
        lends: true,
        may_be_refused: true,
    });
}

fn is_next(state: &mut State, job: &Arc<dyn Runnable>) -> bool {
    let taken = state.queue.take().unwrap();
    Arc::ptr_eq(&taken.job, job)
}

/// Otherwise hundreds of jobs that block for their own jobs stand still behind each other.
#[test]
fn a_pool_that_grows_takes_the_jobs_of_its_jobs_first() {
    for (grows, is_first) in [(true, true), (false, false)] {
        let (mut state, own, _lineage) = blocked(grows);
        for _ in 0..2 {
            let _findings = state.look(Instant::now());
        }
        assert_eq!(state.growth.permits(), usize::from(grows));
        assert_eq!(is_next(&mut state, &own), is_first);
    }
}

/// Otherwise callers from outside wait for ever while a job at work submits job after job.
#[test]
fn a_pool_that_is_merely_busy_keeps_the_order() {
    let (mut state, own, _lineage) = blocked(true);
    for _ in 0..10 {
        state.growth.note_end(true);
        let _findings = state.look(Instant::now());
    }
    assert!(!is_next(&mut state, &own));
}

/// Otherwise jobs that block for jobs of their own fill the pool, and none of these starts.
#[test]
fn the_newest_goes_first() {
    let (mut state, own, lineage) = blocked(true);
    for _ in 0..2 {
        let _findings = state.look(Instant::now());
    }
    let newer = push_own(&mut state, &lineage);
    (state.searcher, state.running) = (None, state.permits());
    let _findings = state.look(Instant::now());
    assert!(is_next(&mut state, &newer));
    assert!(is_next(&mut state, &own));
}

/// Otherwise the worker of a wait is lent what may block on a lock that its job holds.
#[test]
fn a_wait_that_parks_ends_the_surplus() {
    let (mut state, _own, lineage) = blocked(true);
    state.growth.grow_beyond_limit(SurplusFor::OwnJobs, 0);
    park(&mut state, &lineage, 0);
    assert_eq!(state.growth.surplus(), 0);
}

/// Otherwise a step or a glance lets jobs start that block too.
#[test]
fn each_growth_puts_them_first() {
    let step: fn(&mut State) -> Action = State::take_step;
    for grow in [step, |state| state.quadruple().1] {
        let (mut state, _own, lineage) = blocked(true);
        for _ in 0..2 {
            let _findings = state.look(Instant::now());
        }
        let newer = push_own(&mut state, &lineage);
        (state.searcher, state.running) = (None, state.permits());
        let _action = grow(&mut state);
        assert!(is_next(&mut state, &newer));
    }
}

/// Otherwise such a pool stands still for ever once it has as many workers as Tokio's.
#[test]
fn at_its_limit_such_a_pool_starts_them_beyond_the_permits() {
    for (grows, started_at) in [(true, Some(2)), (false, None)] {
        let (mut state, own, _lineage) = blocked(grows);
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

/// Otherwise a stream of offloads beside them hides that the pool stands still.
#[test]
fn they_need_a_permit_as_others_do() {
    let (mut state, own, lineage) = blocked(true);
    let withdrawn = push_own(&mut state, &lineage);
    for _ in 0..2 {
        let _findings = state.look(Instant::now());
    }
    while state.queue.take_unrelated().is_some() {}
    assert!(!state.is_progress(true), "two own jobs are queued");
    assert!(state.queue.withdraw(withdrawn.header()).is_empty());
    assert!(!state.is_progress(true), "one is left");
    assert!(is_next(&mut state, &own));
    assert!(state.is_progress(true));
}

/// Otherwise callers from outside wait as long as own jobs come.
#[test]
fn others_have_their_turn() {
    let (mut state, _own, lineage) = blocked(true);
    for _ in 0..20 {
        let _own = push_own(&mut state, &lineage);
    }
    for _ in 0..2 {
        let _findings = state.look(Instant::now());
    }
    let taken = (0..18).map(|_| state.take_on_permit().unwrap());
    let strangers = taken.filter(|job| job.lineage.is_root()).count();
    assert_eq!(strangers, 1, "after sixteen in a row");
}

/// Otherwise jobs for which nobody in the pool can block go before callers from outside, and
/// start beyond 512 permits.
#[test]
fn a_job_of_one_that_has_ended_or_of_another_pool_is_no_own_job() {
    for is_foreign in [false, true] {
        let (mut state, _own, lineage) = blocked(true);
        let at_work = lineage.top().unwrap();
        at_work.close();
        let elsewhere = PoolId::of(&0_u8);
        let foreign = Lineage::default().below(elsewhere, at_work.job().unwrap(), Kind::Job);
        if is_foreign {
            let _foreign = push_own(&mut state, &foreign);
        }
        for _ in 0..2 {
            let _findings = state.look(Instant::now());
        }
        assert!(!state.queue.holds_descendants(), "{is_foreign}");
    }
}

/// Otherwise own jobs start beyond the permits although a parked job may hold what they block on.
#[test]
fn at_its_limit_a_pool_keeps_the_surplus_for_a_parked_wait() {
    let (mut state, _own, _lineage) = blocked(true);
    let other = unrelated();
    let id = JobId::of(&other.job);
    let parked = Lineage::default().below(state.pool, id, Kind::Job);
    let stack = state.enter();
    state.begin(stack, &other, StartRight::Permit);
    state.limits.max_threads = TOKIOS_LIMIT;
    (state.threads, state.running) = (TOKIOS_LIMIT + 1, TOKIOS_LIMIT + 1);
    park(&mut state, &parked, stack);
    for look in 1..=60 {
        let _findings = state.look(Instant::now());
        assert_eq!(state.growth.surplus(), 0, "look {look}");
    }
}

/// Starts a worker for a job beyond the limit as often as the state asks for one. Returns the
/// number of workers.
fn start_beyond(state: &mut State, mut action: Action) -> usize {
    let mut started = 0;
    while matches!(action, Action::Start(_)) {
        let (job, right) = state.take_beyond_permits().unwrap();
        let stack = state.enter();
        state.searcher = None;
        state.begin(stack, &job, right);
        started += 1;
        action = state.help();
    }
    started
}

/// Otherwise 512 jobs that block for own jobs hang as soon as one of these blocks in its turn, or
/// as soon as 32 do.
#[test]
fn at_its_limit_such_a_pool_adds_workers_for_own_jobs_that_block_too() {
    let (mut state, _own, lineage) = blocked(true);
    for _ in 0..39 {
        let _own = push_own(&mut state, &lineage);
    }
    state.limits.max_threads = TOKIOS_LIMIT;
    (state.threads, state.running) = (TOKIOS_LIMIT, TOKIOS_LIMIT);
    let mut started = 0;
    for _ in 0..100 {
        let action = state.look(Instant::now()).action;
        started += start_beyond(&mut state, action);
    }
    assert_eq!(started, 16, "the other places are for jobs that come later");
    for _ in 0..20 {
        let later = Submitted {
            lineage: Lineage::of(&lineage.top().unwrap()),
            ..unrelated()
        };
        let (_start, action) = state.push(later, Lane::Unrelated);
        started += start_beyond(&mut state, action);
    }
    assert_eq!(started, 32);
}

/// Otherwise a stranger takes a permit, and may block too, while 512 jobs block for own jobs.
#[test]
fn at_the_limit_others_have_no_turn() {
    let (mut state, _own, lineage) = blocked(true);
    for _ in 0..20 {
        let _own = push_own(&mut state, &lineage);
    }
    for _ in 0..2 {
        let _findings = state.look(Instant::now());
    }
    for _ in 0..TOKIOS_LIMIT / 2 {
        let stack = state.enter();
        state.begin(stack, &unrelated(), StartRight::Permit);
    }
    state.limits.max_threads = TOKIOS_LIMIT;
    let taken = (0..18).map(|_| state.take_on_permit().unwrap());
    assert_eq!(taken.filter(|job| job.lineage.is_root()).count(), 0);
}

/// Otherwise jobs that came together take all places, and none is left for a chain.
#[test]
fn a_kept_place_is_for_a_job_that_came_after_the_last_one_began() {
    let (mut state, _own, lineage) = blocked(true);
    for _ in 0..39 {
        let _own = push_own(&mut state, &lineage);
    }
    state.limits.max_threads = TOKIOS_LIMIT;
    (state.threads, state.running) = (TOKIOS_LIMIT, TOKIOS_LIMIT);
    for _ in 0..100 {
        let action = state.look(Instant::now()).action;
        let _started = start_beyond(&mut state, action);
    }
    assert_eq!(state.jobs_beyond_limit(), 16);
    // While a worker is bound to look, a push starts nothing.
    state.begin_search(0, SearchState::Woken);
    for _ in 0..3 {
        let _own = push_own(&mut state, &lineage);
    }
    state.searcher = None;
    let (job, right) = state.take_beyond_permits().unwrap();
    let stack = state.enter();
    state.begin(stack, &job, right);
    assert!(
        !state.has_job_beyond_limit(),
        "the other two came before that"
    );
}
