//! The compiler warns about a call that is dropped, because its work is lost.
#![deny(unused_must_use)]
use bridge::smartasync;

#[smartasync]
async fn fetch() {}

#[smartasync]
fn read() {}

fn main() {
    fetch();
    read();
    fetch().dispatch();
    bridge::BoxCall::new(read());
    bridge::Bridge::global().shutdown(std::time::Duration::ZERO);
    bridge::enter();
    bridge::offload(|| ());
    bridge::offload::on_cancel(|| ());
    bridge::offload::cancellation();
    bridge::offload(|| ()).outcome();
    bridge::Bridge::global().shutdown(std::time::Duration::ZERO).wait();
    bridge::in_async(async {});
    bridge::Lineage::current().scope(async {});
    bridge::Bridge::builder();
    bridge::Pool::builder();
}
