//! Nothing tells that `new` is an associated function: `Self::` has to.
use bridge::smartasync;

struct Store;

impl Store {
    #[smartasync(blocking = new_blocking)]
    fn new() -> Store {
        Store
    }
}

fn main() {
    Store::new().wait();
}
