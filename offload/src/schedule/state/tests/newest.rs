//! The newest jobs, which a full pool that stands still starts beyond its limit.

use super::{
    growth::{Growth, SurplusFor},
    hopeless::hopeless,
    own_jobs::park,
    *,
};
use crate::schedule::limits::TOKIOS_LIMIT;

/// Returns the state of a pool of which nobody has set a limit, with a job for each worker, and
/// three queued jobs, oldest first.
fn full() -> (State, [Arc<dyn Runnable>; 3]) {
    let mut state = without_queue(2, Arc::default());
    let queued = [(); 3].map(|()| push(&mut state));
    (state, queued)
}

/// Returns the state of such a pool whose queue is empty, with this capacity and this inbox.
fn without_queue(capacity: usize, inbox: Arc<Padded<Inbox>>) -> State {
    let mut limits = Limits::smallest();
    (limits.grows, limits.max_threads) = (true, TOKIOS_LIMIT);
    (limits.most_while_parked, limits.queue_capacity) = (TOKIOS_LIMIT, capacity);
    let mut state = State::new(limits, Arc::default(), inbox);
    (state.threads, state.running) = (TOKIOS_LIMIT, TOKIOS_LIMIT);
    state.start_monitor();
    state
}

fn push(state: &mut State) -> Arc<dyn Runnable> {
    let job = unrelated();
    let kept = Arc::clone(&job.job);
    let (_start, _action) = state.push(job, Lane::Unrelated);
    kept
}

/// Returns the first look at which a worker starts, of so many.
fn first_start(state: &mut State, looks: u32) -> Option<u32> {
    (1..=looks).find(|_| matches!(state.look(Instant::now()).action, Action::Start(_)))
}

/// Acts as the worker that has just started. Returns its stack, and its job if it takes one.
fn start(state: &mut State) -> (usize, Option<Arc<dyn Runnable>>) {
    state.searcher = None;
    let stack = state.enter();
    let taken = state.take_beyond_permits();
    let job = taken.map(|(job, right)| {
        state.begin(stack, &job, right);
        job.job
    });
    (stack, job)
}

/// Otherwise 512 jobs hang that block for jobs whose lineage was lost on the way, where Tokio's
/// pool goes on.
#[test]
fn after_a_while_the_newest_job_starts() {
    let (mut state, [_first, second, third]) = full();
    assert_eq!(first_start(&mut state, 60), Some(6));
    let (stack, job) = start(&mut state);
    assert!(Arc::ptr_eq(&job.unwrap(), &third), "it waits for room");
    assert!(matches!(state.help(), Action::Nothing), "one at a time");
    // Its end lets the next one start, without another look.
    state.end(stack, Finish::Completed);
    state.free_permit();
    assert!(matches!(state.help(), Action::Start(_)));
    let (_stack, job) = start(&mut state);
    assert!(Arc::ptr_eq(&job.unwrap(), &second));
}

/// Otherwise thousands of such callers take a second for each 32 of them.
#[test]
fn the_next_time_they_start_soon() {
    let (mut state, _queued) = full();
    assert_eq!(first_start(&mut state, 60), Some(6));
    state.searcher = None;
    state.growth.note_end(true);
    let _progress = state.look(Instant::now());
    assert_eq!(state.growth.surplus(), 0);
    assert_eq!(first_start(&mut state, 60), Some(2));
    // A pool that keeps up for a while is patient again.
    state.growth.start_over(false);
    state.searcher = None;
    state.growth.note_end(true);
    let _progress = state.look(Instant::now());
    assert_eq!(first_start(&mut state, 60), Some(6));
}

/// Otherwise a pool has more workers than somebody has allowed, or its surplus is not for the
/// descendants of a parked job.
#[test]
fn a_pool_with_a_limit_or_a_free_worker_starts_none() {
    let alone: fn(&mut State) = |state| state.limits.grows = false;
    let limited: fn(&mut State) = |state| state.limits.most_while_parked = 0;
    let idle: fn(&mut State) = |state| state.running -= 1;
    for change in [alone, limited, idle] {
        let (mut state, _queued) = full();
        change(&mut state);
        for _ in 0..100 {
            let _findings = state.look(Instant::now());
            assert_ne!(state.growth.surplus_for(), SurplusFor::Newest);
            state.searcher = None;
        }
    }
}

/// Otherwise each worker beyond the limit takes one more of the jobs that block, and soon all of
/// them do.
#[test]
fn a_worker_beyond_the_limit_takes_nothing_else() {
    let (mut state, _queued) = full();
    assert_eq!(first_start(&mut state, 60), Some(6));
    let (stack, _job) = start(&mut state);
    // All others park, so the other permits are free.
    (state.running, state.limits.max_threads) = (1, 32);
    let others = TOKIOS_LIMIT - 1;
    for _ in 0..others {
        let job = unrelated();
        let id = JobId::of(&job.job);
        let parked = Lineage::default().below(state.pool, id, Kind::Job);
        let stack = state.enter();
        state.begin(stack, &job, StartRight::Permit);
        park(&mut state, &parked, stack);
    }
    assert!(!state.has_permit(), "the worker beyond the limit has a job");
    state.end(stack, Finish::Completed);
    state.free_permit();
    assert!(state.has_permit(), "now as many have a job as may have one");
}

/// Otherwise the job that would end the stall stays in the inbox.
#[test]
fn a_job_in_the_inbox_is_the_newest() {
    let inbox = Arc::<Padded<Inbox>>::default();
    let mut state = without_queue(8, Arc::clone(&inbox));
    let _first = push(&mut state);
    assert!(state.may_use_inbox());
    state.queue.open_inbox(ExpectedStart::InTurn);
    let last = unrelated();
    let left = Arc::clone(&last.job);
    Queue::mark(left.header());
    assert!(inbox.leave(last).is_ok());
    // The monitor closes the inbox before it looks.
    assert!(state.queue.close_inbox());
    state.growth.grow_beyond_limit(SurplusFor::Newest, 0);
    assert!(!state.may_use_inbox(), "a worker may start for it");
    assert!(matches!(state.help(), Action::Start(_)));
    let (_stack, job) = start(&mut state);
    assert!(Arc::ptr_eq(&job.unwrap(), &left));
}

/// Otherwise no wait of a full pool is ever refused, because a worker could be added for a job that
/// may not start.
#[test]
fn a_wait_is_refused_once_half_of_the_places_are_taken() {
    let (mut state, _queued) = full();
    state.limits.max_threads = 32;
    state.growth.grow_beyond_limit(SurplusFor::Newest, 8);
    (state.threads, state.running) = (TOKIOS_LIMIT + 16, 0);
    for number in 0..state.threads {
        let job = unrelated();
        let id = JobId::of(&job.job);
        let parked = Lineage::default().below(state.pool, id, Kind::Job);
        let stack = state.enter();
        let right = if number < 16 {
            state.growth.give_surplus_back();
            StartRight::Surplus
        } else {
            StartRight::Permit
        };
        state.begin(stack, &job, right);
        park(&mut state, &parked, stack);
        state.searcher = None;
        state.threads = TOKIOS_LIMIT + 16;
    }
    assert_eq!(state.jobs_beyond_limit(), 16);
    let refusal = (1..=2000).find(|_| state.look(Instant::now()).refused.is_some());
    assert_eq!(refusal, Some(1201), "the first look has seen them park");
}

/// Otherwise own jobs that block take the free permits of parked jobs, and no place is left for
/// those that come later.
#[test]
fn in_a_full_pool_a_free_permit_is_for_a_job_that_a_wait_needs() {
    for is_awaited in [true, false] {
        let (mut state, _parkers, _job) = hopeless();
        state.limits.most_while_parked = state.threads;
        let job = unrelated();
        if is_awaited {
            job.header().set_adopter(state.parked_waits[0].number());
        }
        let (_start, _action) = state.push(job, Lane::Descendants);
        let is_lent = state.queue.ready() == 0;
        assert_eq!(is_lent || state.has_permit(), is_awaited);
    }
}

/// Otherwise what a wait needs never starts once half of the places are taken.
#[test]
fn a_descendant_may_have_each_place() {
    let (mut state, _queued) = full();
    state.growth.grow_beyond_limit(SurplusFor::Newest, 8);
    for _ in 0..16 {
        let stack = state.enter();
        state.growth.give_surplus_back();
        state.begin(stack, &unrelated(), StartRight::Surplus);
    }
    let action = state.help();
    assert!(
        matches!(action, Action::Nothing),
        "the queued ones are older"
    );
    let needed = unrelated();
    let kept = Arc::clone(&needed.job);
    let (_start, action) = state.push(needed, Lane::Descendants);
    assert!(matches!(action, Action::Start(_)));
    let (_stack, job) = start(&mut state);
    assert!(Arc::ptr_eq(&job.unwrap(), &kept));
}

/// Otherwise the job that would end the next stall stays in the inbox.
#[test]
fn the_inbox_stays_closed_while_a_job_runs_beyond_the_limit() {
    let (mut state, _queued) = full();
    assert_eq!(first_start(&mut state, 60), Some(6));
    let (_stack, job) = start(&mut state);
    assert!(job.is_some());
    for _ in 0..20 {
        state.growth.note_end(true);
        let _progress = state.look(Instant::now());
    }
    assert!(!state.growth.has_started_newest(), "it is patient again");
    assert!(state.growth.keeps_inbox_closed());
}

/// Otherwise the workers that it calls take the jobs of strangers.
#[test]
fn a_worker_beyond_the_limit_lacks_no_other() {
    let (mut state, [parker, _second], _job) = hopeless();
    state.limits.most_while_parked = state.threads;
    state.threads += 1;
    state.idle.push(WorkerHandle {
        id: 7,
        unparker: parker.unparker().clone(),
        spins: Cell::new(false),
    });
    let (_start, action) = state.push(unrelated(), Lane::Unrelated);
    assert!(matches!(action, Action::Nothing));
    assert_eq!((state.queue.ready(), state.lacking()), (1, 0));
}

/// Otherwise strangers start in place of what a parked job waits for.
#[test]
fn a_surplus_for_descendants_ends_that_beyond_the_limit() {
    let mut growth = Growth::default();
    growth.grow_beyond_limit(SurplusFor::Newest, 0);
    growth.grow_beyond_limit(SurplusFor::Newest, 0);
    growth.grow_surplus();
    assert_eq!(growth.surplus_for(), SurplusFor::Descendants);
    assert_eq!(growth.surplus(), 1);
}

/// Otherwise many jobs start beyond the limit at once.
#[test]
fn what_goes_beyond_the_limit_begins_with_one() {
    let mut growth = Growth::default();
    (0..4).for_each(|_| growth.grow_surplus());
    growth.grow_beyond_limit(SurplusFor::OwnJobs, 0);
    assert_eq!(growth.surplus(), 1);
}

/// Otherwise late callers go before early ones at once.
#[test]
fn own_jobs_are_not_the_newest() {
    let mut growth = Growth::default();
    growth.grow_beyond_limit(SurplusFor::OwnJobs, 0);
    assert!(!growth.has_started_newest());
    growth.grow_beyond_limit(SurplusFor::Newest, 0);
    growth.grow_beyond_limit(SurplusFor::OwnJobs, 0);
    assert!(growth.has_started_newest());
}

/// Otherwise 512 jobs that block hang beside a few waits, because more workers could be added for
/// what the waits need.
#[test]
fn a_pool_whose_permits_are_taken_is_at_its_limit_beside_waits() {
    let (mut state, _queued) = full();
    let job = unrelated();
    let parked = Lineage::default().below(state.pool, JobId::of(&job.job), Kind::Job);
    let stack = state.enter();
    state.begin(stack, &job, StartRight::Permit);
    park(&mut state, &parked, stack);
    (state.threads, state.running) = (TOKIOS_LIMIT + 1, TOKIOS_LIMIT);
    state.limits.max_blocked_threads = 64;
    assert!(!state.is_full());
    let first = first_start(&mut state, 60);
    assert_eq!(first, Some(7), "the first look has seen a job start");
}

/// Otherwise the next job goes through the inbox, where nobody knows which jobs came first.
#[test]
fn a_worker_that_spins_leaves_the_inbox_closed_meanwhile() {
    for is_beyond in [false, true] {
        let mut state = without_queue(8, Arc::default());
        let stack = state.enter();
        state.begin(stack, &unrelated(), StartRight::Permit);
        (state.threads, state.running) = (1, 1);
        if is_beyond {
            state.growth.grow_beyond_limit(SurplusFor::Newest, 0);
        }
        let worker = WorkerHandle {
            id: 0,
            unparker: Parker::new().unparker().clone(),
            spins: Cell::new(true),
        };
        let step = state.next(After::Job(Finish::Completed), &worker, stack);
        assert!(matches!(step, Step::Spin));
        assert_eq!(state.queue.is_open(), !is_beyond);
    }
}

/// Otherwise a stranger starts in the place of a job beyond the limit, although the places are for
/// descendants of parked jobs by then.
#[test]
fn an_end_beyond_the_limit_gives_no_place_to_descendants() {
    let mut growth = Growth::default();
    growth.grow_surplus();
    growth.use_surplus();
    growth.give_surplus_back();
    assert_eq!(growth.surplus(), 0);
}

/// Otherwise the inbox opens while other jobs run beyond the limit, or never again.
#[test]
fn without_a_monitor_the_inbox_opens_with_the_last_job_beyond_the_limit() {
    let mut state = without_queue(8, Arc::default());
    state.growth.grow_beyond_limit(SurplusFor::Newest, 1);
    let stacks = [(); 2].map(|()| {
        let stack = state.enter();
        state.growth.give_surplus_back();
        state.begin(stack, &unrelated(), StartRight::Surplus);
        stack
    });
    state.stall.stop();
    let open = stacks.map(|stack| {
        state.end(stack, Finish::Completed);
        !state.growth.keeps_inbox_closed()
    });
    assert_eq!(open, [false, true]);
}
