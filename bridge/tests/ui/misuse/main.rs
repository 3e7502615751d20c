//! `main` must run, so it cannot return a call.
#[bridge::smartasync]
async fn main() {}
