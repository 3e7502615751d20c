//! The panics and errors of `futures`, and of `reqwest` with the crates below it.

use std::{io::Read as _, net::TcpListener, panic::AssertUnwindSafe, pin::pin, sync::Arc, thread};

use reqwest::dns::{Name, Resolve, Resolving};
use tokio::{
    runtime::{Builder, Runtime},
    sync::oneshot,
};

use crate::{Symptom, chain, panic_of};

pub(crate) const FUTURES: &[Symptom] = &[block_on_in_block_on];

pub(crate) const REQWEST: &[Symptom] = &[
    a_blocking_client_whose_thread_panicked,
    a_client_of_a_runtime_that_has_ended,
];

fn current_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn block_on_in_block_on() -> String {
    use futures::executor::block_on;

    panic_of(|| block_on(async { block_on(async {}) }))
}

/// Returns a text of Tokio's.
pub(crate) fn a_blocking_client_in_a_task() -> String {
    let runtime = current_thread();
    panic_of(AssertUnwindSafe(|| {
        runtime.block_on(async { reqwest::blocking::Client::new() })
    }))
}

/// A resolver with a bug.
struct Buggy;

impl Resolve for Buggy {
    fn resolve(&self, _: Name) -> Resolving {
        panic!("the resolver's own text")
    }
}

fn a_blocking_client_whose_thread_panicked() -> String {
    let client = reqwest::blocking::Client::builder()
        .dns_resolver(Arc::new(Buggy))
        .no_proxy()
        .build()
        .unwrap();
    panic_of(AssertUnwindSafe(|| {
        client.get("http://example.invalid/").send()
    }))
}

fn a_client_of_a_runtime_that_has_ended() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let (arrived, arrival) = oneshot::channel();
    let (over, end) = std::sync::mpsc::channel::<()>();
    let server = thread::spawn(move || {
        let (mut connection, _) = listener.accept().unwrap();
        assert_ne!(connection.read(&mut [0; 64]).unwrap(), 0);
        arrived.send(()).unwrap();
        // The connection stays open, and nobody answers.
        assert!(end.recv().is_err());
    });
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut request = pin!(client.get(url).send());
    let (first, second) = (current_thread(), current_thread());
    first.block_on(async {
        tokio::select! {
            _ = &mut request => panic!("nobody answers"),
            arrived = arrival => arrived.unwrap(),
        }
    });
    // The first runtime drives the connection, and the second one the request.
    drop(first);
    let error = second.block_on(request).unwrap_err();
    drop(over);
    server.join().unwrap();
    let text = chain(&error);
    let at = text.find("dispatch task").expect("the text of hyper");
    text[at..].to_owned()
}
