//! The signs that time has passed, which end the jobs that share a read of the clock.

use super::*;

/// Returns whether `change` is a sign of time.
fn is_sign(state: &mut State, change: impl FnOnce(&mut State) -> Action) -> (bool, Action) {
    let before = state.signs;
    let action = change(state);
    (state.signs != before, action)
}

fn push(state: &mut State) -> Action {
    state.push(unrelated(), Lane::Unrelated).1
}

/// Otherwise the worker that ends a long job just then gives its time to the next job.
#[test]
fn a_call_and_a_start_are_signs_of_time() {
    let mut state = State::new(Limits::smallest(), Arc::default(), Arc::default());
    let (is_told, action) = is_sign(&mut state, push);
    assert!(matches!(action, Action::Start(_)) && is_told);
    let (is_told, action) = is_sign(&mut state, push);
    assert!(matches!(action, Action::Nothing) && !is_told);
    state.searcher = None;
    state.idle.push(WorkerHandle {
        id: 0,
        unparker: Parker::new().unparker().clone(),
        spins: Cell::new(false),
    });
    let (is_told, action) = is_sign(&mut state, push);
    assert!(matches!(action, Action::Wake(_)) && is_told);
}

/// Otherwise a worker that runs long jobs in a busy pool gives the time of each to the next.
#[test]
fn a_look_is_a_sign_of_time() {
    let mut state = State::new(Limits::smallest(), Arc::default(), Arc::default());
    let look = |state: &mut State| state.look(Instant::now()).action;
    let (is_told, _action) = is_sign(&mut state, look);
    assert!(is_told);
}
