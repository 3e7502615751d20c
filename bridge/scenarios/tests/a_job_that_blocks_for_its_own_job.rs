//! Checks that a pool whose size nobody set runs the jobs for which its jobs block, although the
//! blocking jobs use no wait of the bridge. While a program migrates, such code is everywhere.

use std::{
    sync::{Arc, Condvar, Mutex, mpsc},
    thread,
};

use bridge_scenarios::{LONG, World, all_finish, programs};

programs! {
    another_executor: tokio default_pool;
    another_executor_after_a_pause: tokio default_pool;
    a_channel: tokio default_pool;
    a_condition_variable: tokio default_pool;
    a_fan_out: tokio default_pool;
    a_fan_out_of_fan_outs: tokio default_pool;
}

fn another_executor(world: &World, callers: usize) {
    let values = all_finish(world, callers, |world, caller| {
        futures::executor::block_on(world.offload(move || caller))
    });
    assert_eq!(values, (0..callers).collect::<Vec<_>>());
}

/// By then, every thread of the pool has such a job.
fn another_executor_after_a_pause(world: &World, callers: usize) {
    let values = all_finish(world, callers, |world, caller| {
        thread::sleep(LONG);
        futures::executor::block_on(world.offload(move || caller))
    });
    assert_eq!(values, (0..callers).collect::<Vec<_>>());
}

fn a_channel(world: &World, callers: usize) {
    let values = all_finish(world, callers, |world, caller| {
        let (send, receive) = mpsc::channel();
        let inner = world.start(move || send.send(caller).unwrap());
        let value = receive.recv().unwrap();
        futures::executor::block_on(inner);
        value
    });
    assert_eq!(values, (0..callers).collect::<Vec<_>>());
}

/// Each job takes what any of the inner jobs has brought.
fn a_condition_variable(world: &World, callers: usize) {
    let store = Arc::new((Mutex::new(0), Condvar::new()));
    let left = Arc::clone(&store);
    all_finish(world, callers, move |world, _| {
        let brings = Arc::clone(&store);
        let inner = world.start(move || {
            *brings.0.lock().unwrap() += 1;
            brings.1.notify_all();
        });
        let here = store.0.lock().unwrap();
        *store.1.wait_while(here, |count| *count == 0).unwrap() -= 1;
        futures::executor::block_on(inner);
    });
    assert_eq!(*left.0.lock().unwrap(), 0);
}

/// One job submits all others, each of which blocks for a job of its own.
fn a_fan_out(world: &World, callers: usize) {
    let sums = all_finish(world, 1, move |world, _| fan_out(world, callers));
    assert_eq!(sums, [callers]);
}

fn fan_out(world: &World, count: usize) -> usize {
    let (send, receive) = mpsc::channel();
    for _ in 0..count {
        let (world, send) = (world.clone(), send.clone());
        let blocks = world.clone().start(move || {
            thread::sleep(LONG);
            let inner = futures::executor::block_on(world.offload(|| 1));
            send.send(inner).unwrap();
        });
        // It runs to its end, as a task that is dropped does.
        tokio::spawn(blocks);
    }
    drop(send);
    receive.iter().sum()
}

/// Each of these jobs blocks for four that block for jobs of their own.
fn a_fan_out_of_fan_outs(world: &World, callers: usize) {
    let sums = all_finish(world, callers / 4, |world, _| fan_out(world, 4));
    assert_eq!(sums.into_iter().sum::<usize>(), callers);
}
