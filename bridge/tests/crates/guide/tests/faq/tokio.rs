//! The panics of Tokio.

use std::{
    future::pending,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::mpsc::{Sender, channel},
    thread,
    time::Duration,
};

use tokio::{
    net::UdpSocket,
    runtime::{Builder, Handle, Runtime},
    sync::oneshot,
    task,
    time::sleep,
};

use crate::{Symptom, clients, panic_of};

pub(crate) const SYMPTOMS: &[Symptom] = &[
    block_on_in_a_task,
    blocking_recv_in_a_task,
    a_runtime_dropped_in_a_task,
    clients::a_blocking_client_in_a_task,
    block_in_place_on_a_current_thread_runtime,
    a_timer_outside_a_runtime,
    a_timer_on_a_runtime_without_timers,
    a_socket_on_a_runtime_without_io,
    a_timer_of_a_runtime_that_has_ended,
    a_handle_in_a_thread_local_destructor,
    no_thread_can_start,
    spawn_local_outside_a_local_set,
    a_task_local_on_another_thread,
    an_unwrapped_join_error,
];

fn current_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn block_on_in_a_task() -> String {
    let runtime = current_thread();
    let inner = runtime.handle().clone();
    panic_of(AssertUnwindSafe(|| {
        runtime.block_on(async { inner.block_on(async {}) });
    }))
}

fn blocking_recv_in_a_task() -> String {
    let (_sender, receiver) = oneshot::channel::<()>();
    let runtime = current_thread();
    panic_of(AssertUnwindSafe(|| {
        runtime.block_on(async { receiver.blocking_recv() })
    }))
}

fn a_runtime_dropped_in_a_task() -> String {
    let (outer, inner) = (current_thread(), current_thread());
    panic_of(AssertUnwindSafe(|| outer.block_on(async { drop(inner) })))
}

fn block_in_place_on_a_current_thread_runtime() -> String {
    let runtime = current_thread();
    panic_of(AssertUnwindSafe(|| {
        runtime.block_on(async { task::block_in_place(|| ()) });
    }))
}

fn a_timer_outside_a_runtime() -> String {
    panic_of(|| sleep(Duration::ZERO))
}

fn a_timer_on_a_runtime_without_timers() -> String {
    let runtime = Builder::new_current_thread().build().unwrap();
    panic_of(AssertUnwindSafe(|| {
        runtime.block_on(async { sleep(Duration::ZERO).await });
    }))
}

fn a_socket_on_a_runtime_without_io() -> String {
    let runtime = Builder::new_current_thread().build().unwrap();
    panic_of(AssertUnwindSafe(|| {
        runtime.block_on(async { UdpSocket::bind("127.0.0.1:0").await.map(drop) })
    }))
}

fn a_timer_of_a_runtime_that_has_ended() -> String {
    let (first, second) = (current_thread(), current_thread());
    let timer = {
        let _entered = first.enter();
        sleep(Duration::ZERO)
    };
    drop(first);
    panic_of(AssertUnwindSafe(|| second.block_on(timer)))
}

/// Says what `Handle::current` says in a destructor.
struct AtTheEnd(Sender<String>);

impl Drop for AtTheEnd {
    fn drop(&mut self) {
        // A panic must not leave the destructor of a thread-local.
        if let Err(payload) = catch_unwind(Handle::current) {
            let _gone = self.0.send(testkit::panic_text(&*payload).to_owned());
        }
    }
}

thread_local! {
    static EARLY: std::cell::OnceCell<AtTheEnd> = const { std::cell::OnceCell::new() };
    static LATE: std::cell::OnceCell<AtTheEnd> = const { std::cell::OnceCell::new() };
}

fn a_handle_in_a_thread_local_destructor() -> String {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        // The system decides which destructor runs first, so there is one on each side of
        // Tokio's.
        EARLY.with(|cell| drop(cell.set(AtTheEnd(sender.clone()))));
        assert!(Handle::try_current().is_err());
        LATE.with(|cell| drop(cell.set(AtTheEnd(sender))));
    })
    .join()
    .unwrap();
    // The other destructor finds no runtime, and says so.
    receiver
        .into_iter()
        .find(|text| !text.contains("no reactor"))
        .expect("one destructor runs after Tokio's")
}

fn no_thread_can_start() -> String {
    // No address space has room for this stack.
    let runtime = Builder::new_current_thread()
        .thread_stack_size(usize::MAX / 4 + 1)
        .build()
        .unwrap();
    panic_of(AssertUnwindSafe(|| drop(runtime.spawn_blocking(|| ()))))
}

fn spawn_local_outside_a_local_set() -> String {
    let runtime = current_thread();
    panic_of(AssertUnwindSafe(|| {
        runtime.block_on(async { task::spawn_local(pending::<()>()).abort() });
    }))
}

tokio::task_local! {
    static REQUEST: u32;
}

fn a_task_local_on_another_thread() -> String {
    let job = REQUEST.scope(1, async { task::spawn_blocking(|| REQUEST.get()).await });
    let error = current_thread().block_on(job).unwrap_err();
    testkit::panic_text(&*error.into_panic()).to_owned()
}

fn an_unwrapped_join_error() -> String {
    panic_of(AssertUnwindSafe(|| {
        current_thread().block_on(async {
            task::spawn_blocking(|| panic!("the job's own text"))
                .await
                .unwrap()
        })
    }))
}
