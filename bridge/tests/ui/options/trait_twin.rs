//! The twin of a trait's function without `self` or `Self` would bypass the
//! implementations, so the option must say `Self::`.
use bridge::smartasync;

trait Store {
    #[smartasync(blocking = open_blocking)]
    async fn open(url: &str) -> usize {
        url.len()
    }

    #[smartasync(blocking = Self::close_blocking)]
    async fn close(url: &str) -> usize {
        url.len()
    }

    #[smartasync(blocking = flush_blocking)]
    async fn flush(url: &str) -> usize;
}

struct S;

impl Store for S {
    #[smartasync]
    async fn flush(url: &str) -> usize {
        url.len()
    }
}

fn main() {
    S::open("").wait();
    S::open_blocking("");
    S::close_blocking("");
    S::flush_blocking("");
}
