//! The compiler reports errors in a body once, in place, and the function exists.
use bridge::smartasync;

#[smartasync]
async fn wrong_type(x: u8) -> String {
    x
}

#[smartasync]
fn wrong_type_sync(x: u8) -> String {
    x
}

#[smartasync]
async fn early(x: u8) -> u8 {
    if x > 1 {
        return "text";
    }
    x
}

#[smartasync]
fn unknown_name() -> u8 {
    nothing
}

#[smartasync]
async fn unknown_type(x: Nothing) -> u8 {
    1
}

#[smartasync]
fn wrong_error(x: &str) -> Result<u8, String> {
    Ok(x.parse()?)
}

#[smartasync]
async fn wrong_error_async(x: &str) -> Result<u8, String> {
    Ok(x.parse()?)
}

fn main() {
    let _: String = wrong_type(1).wait();
    let _: String = wrong_type_sync(1).wait();
    let _: u8 = early(1).wait();
    let _: u8 = unknown_name().wait();
    let _ = wrong_error("").wait();
    let _ = wrong_error_async("").wait();
}
