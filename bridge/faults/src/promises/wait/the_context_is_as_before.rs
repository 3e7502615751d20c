//! A wait leaves the context of its thread as it was, whether it ends by value, by
//! deadline, by panic or by refusal.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

fn ends_in_every_way() {
    let before = Context::current();
    let runtime = Handle::try_current().ok().map(|handle| handle.id());
    let as_before = |what: &str| {
        assert_eq!(Context::current(), before, "{what}");
        let now = Handle::try_current().ok().map(|handle| handle.id());
        assert_eq!(now, runtime, "{what}");
    };
    let _value_or_refusal = try_wait(real_work());
    as_before("a value or a refusal");
    let _no_value = pending::<()>().wait_timeout(Duration::from_millis(2));
    as_before("a deadline");
    let _panicked = panic_of(|| wait(async { panic!("on purpose") }));
    as_before("a panic");
    let _early: Option<()> = wait(async {
        None?;
        Some(())
    });
    as_before("an early return");
}

pub(crate) fn run() {
    for (_, take) in places::MAY_WAIT {
        let outcome = take(|| {
            ends_in_every_way();
            Ok(7)
        });
        assert_eq!(outcome.unwrap(), 7);
    }
    current_thread().block_on(async {
        is_refused(&try_wait(real_work()));
        assert_eq!(Context::current(), Context::Async);
    });
}
