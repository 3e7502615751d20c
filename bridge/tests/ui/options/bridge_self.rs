//! The expression uses `self`, but the function takes no `self`.
use bridge::{Bridge, smartasync};

#[smartasync(bridge = self.bridge)]
async fn free() {}

struct Service {
    bridge: Bridge,
}

impl Service {
    #[smartasync(debug, bridge = Self::pick(&self.bridge), blocking = open_blocking)]
    fn open() -> Self {
        Self {
            bridge: Bridge::global().clone(),
        }
    }

    fn pick(bridge: &Bridge) -> &Bridge {
        bridge
    }
}

fn main() {
    free().wait();
    let service = Service::open().wait();
    Service::pick(&service.bridge);
    Service::open_blocking();
}
