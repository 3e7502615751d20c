//! The limit of the main thread's stack.

/// Sets the limit to this many bytes. The process may raise it again.
pub(crate) fn set_stack_limit(bytes: u64) {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: `limit` is a valid place for the limit.
    let got = unsafe { libc::getrlimit(libc::RLIMIT_STACK, &raw mut limit) };
    limit.rlim_cur = bytes;
    // SAFETY: `limit` is a valid limit.
    let set = unsafe { libc::setrlimit(libc::RLIMIT_STACK, &raw const limit) };
    assert_eq!((got, set), (0, 0), "the limit is set");
}
