//! The accounts of parked jobs, on which their descendants start.

use super::{hopeless::hopeless, lent::below, *};
use crate::{
    lineage::Relation,
    schedule::state::credit::{Kin, adopting_wait, find_credit},
};

/// Otherwise a child from before the wait, which blocks on the parent's lock, keeps back what the
/// parent waits for.
#[test]
fn what_a_wait_submits_has_credit_beside_what_was_submitted_before() {
    let (state, _parkers, job) = hopeless();
    let parked = &state.parked_waits[1];
    parked.account().spend(Relation::Submitted);
    let id = job.top().unwrap().job().unwrap();
    let over = job.below(state.pool, id, Kind::Wait);
    over.top().unwrap().close();
    let credit = |lineage: &Lineage| {
        let job = below(lineage);
        find_credit(&job, &state.parked_waits, state.pool, &mut None).is_some()
    };
    assert!(credit(&Lineage::of(&parked.request.frame)));
    assert!(!credit(&job), "one from before the wait runs");
    assert!(!credit(&over), "that wait is over");
}

/// Otherwise such a wait stands still although what it waits for may start.
#[test]
fn a_wait_with_an_account_of_its_own_gives_credit_at_once() {
    let (mut state, _parkers, job) = hopeless();
    let request = state.parked_waits[1].request.clone();
    let _end = state.end_park(&request.frame);
    // Others run: one on the only permit, one on the account of the job.
    state.running = 2;
    request.account.spend(Relation::Awaited);
    let id = job.top().unwrap().job().unwrap();
    let lineage = Lineage::default().below(state.pool, id, Kind::Wait);
    let frame = lineage.top().unwrap();
    let own = Submitted {
        lineage,
        ..unrelated()
    };
    let (_start, action) = state.push(own, Lane::Descendants);
    assert!(matches!(action, Action::Nothing) && state.nothing_on_credit);
    let action = state.add_parked_wait(ParkRequest { frame, ..request });
    assert!(matches!(action, Action::Wake(_)));
}

/// Otherwise a wait that has looked after its runtime, and parks again, is never found again: its
/// worker stays parked, and nothing is lent to it.
#[test]
fn waits_are_found_in_whatever_order_they_parked() {
    let (mut state, _parkers, _job) = hopeless();
    let requests = [0, 1].map(|at| state.parked_waits[at].request.clone());
    let _end = state.end_park(&requests[0].frame);
    let _action = state.add_parked_wait(requests[0].clone());
    for request in requests.iter().rev() {
        let number = request.frame.number();
        let job = unrelated();
        job.header().set_adopter(number);
        let at = adopting_wait(&job, &state.parked_waits).unwrap();
        assert_eq!(state.parked_waits[at].number(), number);
    }
    for request in requests {
        let _end = state.end_park(&request.frame);
        assert!(!request.frame.is_parked());
    }
    assert!(state.parked_waits.is_empty());
}

/// Otherwise a search for a job that may start reads the ancestors of each sibling.
#[test]
fn kin_have_the_same_ancestors_and_the_same_adopter_or_none() {
    let (state, _parkers, lineage) = hopeless();
    let kin = |lineage: &Lineage, adopter| {
        let job = below(lineage);
        job.header().set_adopter(adopter);
        Kin::of(&job)
    };
    let wait = Lineage::of(&state.parked_waits[1].request.frame);
    for (other, adopter, is_included) in [
        (&lineage, 7, true),
        (&lineage, 0, true),
        (&lineage, 8, false),
        (&wait, 7, false),
        (&wait, 0, false),
    ] {
        let included = kin(&lineage, 7).includes(&kin(other, adopter));
        assert_eq!(included, is_included, "{adopter}");
    }
}
