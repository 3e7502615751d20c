//! The `#[smartasync]` attribute.
