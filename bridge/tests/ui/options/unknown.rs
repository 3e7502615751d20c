//! An unknown option is named, with the one that was probably meant.
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
    // The functions exist all the same.
    misspelt().wait();
    unrelated().wait();
    no_name().wait();
    no_comma().wait();
}
