//! A handler runs its function in every place as the smart function itself runs there:
//! an async one waits or is refused, and a sync one is a plain call.

use bridge::Handler;

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

fn wait_for_async() -> Outcome {
    Handler::from_async_fn(|()| real_work()).call(()).try_wait()
}

fn wait_for_sync() -> Outcome {
    let here = thread::current().id();
    let handler = Handler::from_fn(move |x| if thread::current().id() == here { x } else { 0 });
    handler.clone().call(7).try_wait()
}

pub(crate) fn run() {
    for (place, take) in places::MAY_WAIT {
        for wait in [wait_for_async, wait_for_sync] {
            let outcome = take(wait);
            assert!(matches!(outcome, Ok(7)), "{place}: {outcome:?}");
        }
    }
    for (place, take) in places::WOULD_FREEZE {
        let refused = take(wait_for_async);
        let expected = matches!(refused, Err(WaitError::WouldFreeze { .. }));
        assert!(expected, "{place}: {refused:?}");
        let outcome = take(wait_for_sync);
        assert!(matches!(outcome, Ok(7)), "{place}: {outcome:?}");
    }
}
