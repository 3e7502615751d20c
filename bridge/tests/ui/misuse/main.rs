//! `main` must run.
#[bridge::smartasync]
async fn main() {}
