//! Functions that cannot return a call are refused.
use bridge::smartasync;

#[smartasync]
const fn constant() -> u8 {
    1
}

#[smartasync]
extern "C" fn foreign() -> u8 {
    1
}

#[smartasync]
#[unsafe(no_mangle)]
fn exported() {}

#[smartasync]
#[cfg_attr(all(), unsafe(no_mangle))]
fn exported_here() {}

#[smartasync]
#[test]
fn tested() {}

#[smartasync]
#[tokio::main]
async fn started() {}

#[smartasync]
#[smartasync]
async fn smart() {}

#[smartasync]
#[async_recursion]
async fn recursive() {}

unsafe extern "C" {
    #[smartasync]
    fn imported();
}

fn main() {
    constant().wait();
    foreign().wait();
    exported().wait();
    exported_here().wait();
    started().wait();
    smart().wait();
    recursive().wait();
}
