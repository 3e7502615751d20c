//! A limit on the address space, so that no further thread starts.

/// This stack is so large that a limit on the address space stops only these threads.
pub const STACK: usize = 1 << 31;

/// While this value lives, no thread with a stack of some size starts.
#[derive(Debug)]
pub struct NoRoom(libc::rlimit);

impl NoRoom {
    /// Leaves no room for a thread with a stack of [`STACK`] bytes.
    pub fn new() -> Self {
        Self::for_stack(STACK)
    }

    /// Leaves no room for a thread with a stack of `size` bytes.
    pub fn for_stack(size: usize) -> Self {
        let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
        let pages: u64 = statm.split(' ').next().unwrap().parse().unwrap();
        let mut before = libc::rlimit {
            rlim_cur: 0,
            rlim_max: 0,
        };
        // SAFETY: `before` is a valid place for the limit.
        let got = unsafe { libc::getrlimit(libc::RLIMIT_AS, &raw mut before) };
        let limit = libc::rlimit {
            rlim_cur: pages * 4096 + (size as u64) / 2,
            ..before
        };
        // SAFETY: `limit` is a valid limit.
        let set = unsafe { libc::setrlimit(libc::RLIMIT_AS, &raw const limit) };
        assert_eq!((got, set), (0, 0));
        Self(before)
    }
}

impl Drop for NoRoom {
    fn drop(&mut self) {
        // SAFETY: it is the limit that was in force before.
        unsafe { libc::setrlimit(libc::RLIMIT_AS, &raw const self.0) };
    }
}
