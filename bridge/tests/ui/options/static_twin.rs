//! A twin that calls an associated function by its bare name, because the body has a `static`.
use std::sync::atomic::{AtomicU32, Ordering};

use bridge::smartasync;

struct Visits;

impl Visits {
    #[smartasync(blocking = count_blocking)]
    fn count() -> u32 {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        COUNT.fetch_add(1, Ordering::Relaxed)
    }
}

fn main() {}
