//! The braces of a body with one expression cause no `unused_braces` warning.
#![deny(warnings)]

use bridge::smartasync;

fn plain(x: u8) {
    let _ = x;
}

async fn inner(x: u8) {
    let _ = x;
}

#[smartasync]
async fn flush() { inner(1).await }

#[smartasync]
async fn unit() -> () { inner(1).await }

#[smartasync]
async fn number() -> u8 { 1 }

#[smartasync]
async fn opaque() -> impl Iterator<Item = u8> { [1].into_iter() }

#[smartasync]
async fn never() -> ! { panic!("never") }

#[smartasync(debug, bridge = bridge::Bridge::global(), blocking = optional_blocking)]
async fn optional() { inner(1).await }

#[smartasync]
fn flush_sync() { plain(1) }

#[smartasync]
fn number_sync() -> u8 { 1 }

#[smartasync]
fn opaque_sync() -> impl Iterator<Item = u8> { [1].into_iter() }

#[smartasync]
fn never_sync() -> ! { panic!("never") }

#[smartasync(debug, bridge = bridge::Bridge::global(), blocking = optional_sync_blocking)]
fn optional_sync() { plain(1) }

struct S;

impl S {
    #[smartasync]
    async fn method(&self) { inner(1).await }

    #[smartasync]
    fn method_sync(&self) { plain(1) }
}

fn main() {
    flush().wait();
    unit().wait();
    number().wait();
    let _ = opaque().wait();
    optional().wait();
    optional_blocking();
    flush_sync().wait();
    number_sync().wait();
    let _ = opaque_sync().wait();
    optional_sync().wait();
    optional_sync_blocking();
    S.method().wait();
    S.method_sync().wait();
    let _ = (never(), never_sync());
}
