//! The expression is no part of the method: it has no `self`.
use bridge::{Bridge, smartasync};

struct Service {
    b: Bridge,
}

impl Service {
    #[smartasync(bridge = self.b)]
    async fn by_field(&self) {}

    #[smartasync(debug, bridge = Self::pick(&self.b))]
    fn by_method(&self) {}

    fn pick(b: &Bridge) -> &Bridge {
        b
    }
}

fn main() {
    let service = Service {
        b: Bridge::global().clone(),
    };
    service.by_field().wait();
    service.by_method().wait();
    Service::pick(&service.b);
}
