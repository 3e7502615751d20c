//! The future of a wait is dropped on its thread and inside its runtime, when the wait
//! ends by value, deadline or panic.

use tokio::runtime::Id;

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

struct Noted(mpsc::Sender<(thread::ThreadId, Option<Id>)>);

impl Drop for Noted {
    fn drop(&mut self) {
        let runtime = Handle::try_current().ok().map(|handle| handle.id());
        self.0.send((thread::current().id(), runtime)).unwrap();
    }
}

pub(crate) fn run() {
    let (note, noted) = mpsc::channel();
    let home = Bridge::global().handle().unwrap().id();
    let here = (thread::current().id(), Some(home));
    let dropped = || noted.try_recv().expect("the future was dropped");
    let held = Noted(note.clone());
    wait(async {
        yield_now().await;
        drop(held);
    });
    assert_eq!(dropped(), here, "a value");
    let held = Noted(note.clone());
    let never = async move {
        let _held = held;
        pending::<()>().await;
    };
    is_timed_out(&never.wait_timeout(Duration::from_millis(2)));
    assert_eq!(dropped(), here, "a deadline");
    let held = Noted(note);
    panic_of(|| {
        wait(async move {
            let _held = held;
            yield_now().await;
            panic!("on purpose");
        })
    });
    assert_eq!(dropped(), here, "a panic");
}
