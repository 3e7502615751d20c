//! The expression must give a bridge, and it cannot see the arguments.
use bridge::smartasync;

#[smartasync(bridge = 5)]
async fn number() {}

#[smartasync(bridge = argument)]
async fn from_argument(argument: &'static bridge::Bridge) {
    let _ = argument;
}

struct Service {
    count: u8,
}

impl Service {
    #[smartasync(bridge = self.count)]
    async fn not_a_bridge(&self) {}

    #[smartasync(bridge = self.missing)]
    fn no_such_field(&self) {}
}

#[smartasync(bridge = Self::bridge())]
async fn of_no_type() {}

fn main() {
    Service { count: 1 }.not_a_bridge().wait();
    Service { count: 1 }.no_such_field().wait();
    of_no_type().wait();
    number().wait();
    from_argument(bridge::Bridge::global()).wait();
}
