//! The error names an unknown option, and the option that was probably meant.
use bridge::smartasync;

#[smartasync(brigde = bridge::Bridge::global())]
async fn misspelt() {}

#[smartasync(executor = "pool")]
fn unrelated() {}

#[smartasync(3)]
fn no_name() {}

#[smartasync(debug blocking = other)]
fn no_comma() {}

fn main() {
    // The functions still exist.
    misspelt().wait();
    unrelated().wait();
    no_name().wait();
    no_comma().wait();
}
