//! A wait on a thread whose locals are being destroyed says `ThreadEnding`, and polls
//! nothing.

use crate::prelude::*;

pub(crate) const PEERS: &str = "`Handle::enter` panics there.";

thread_local! {
    static AT_END: RefCell<Option<AtEnd>> = const { RefCell::new(None) };
}

/// Waits when its thread ends.
struct AtEnd(mpsc::Sender<(Context, bool, Outcome)>);

impl Drop for AtEnd {
    fn drop(&mut self) {
        let mut polled = false;
        let outcome = try_wait(async {
            polled = true;
            5
        });
        self.0.send((Context::current(), polled, outcome)).unwrap();
    }
}

pub(crate) fn run() {
    let (send, receive) = mpsc::channel();
    let thread = thread::spawn(move || {
        // Destroyed after Tokio's locals, which are made later.
        AT_END.set(Some(AtEnd(send)));
        assert_eq!(wait(real_work()), 7);
    });
    thread.join().unwrap();
    let (context, polled, outcome) = receive.recv().unwrap();
    assert_eq!((context, polled), (Context::Sync, false));
    assert!(
        matches!(outcome, Err(WaitError::ThreadEnding { .. })),
        "{outcome:?}"
    );
}
