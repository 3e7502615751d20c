//! A user's strict lints find nothing to report.
#![forbid(unsafe_code)]
#![deny(
    warnings,
    future_incompatible,
    let_underscore,
    nonstandard_style,
    rust_2018_idioms,
    unused,
    elided_lifetimes_in_paths,
    explicit_outlives_requirements,
    missing_debug_implementations,
    missing_docs,
    single_use_lifetimes,
    trivial_casts,
    trivial_numeric_casts,
    unreachable_pub,
    unused_import_braces,
    unused_lifetimes,
    unused_qualifications,
    unused_results,
    variant_size_differences
)]

use bridge::smartasync;

/// Documented.
#[derive(Debug, Clone)]
pub struct S(u8);

impl S {
    /// Documented.
    #[smartasync(debug, blocking = plain_blocking)]
    pub fn plain(_by: &str, x: u8) -> S {
        S(x)
    }

    /// Documented.
    #[smartasync(blocking = parse_blocking)]
    async fn parse(_by: &str, x: u8) -> Option<S> {
        (x > 0).then_some(S(x))
    }

    /// Documented.
    #[smartasync(blocking = get_blocking)]
    pub fn get(&self, _by: &str, more: impl Into<u8>) -> u8 {
        self.0 + more.into()
    }

    /// Documented.
    #[smartasync(debug)]
    pub async fn get_async(&self, _by: &str, more: impl Into<u8>) -> u8 {
        self.0 + more.into()
    }

    /// Documented.
    #[must_use]
    #[smartasync(bridge = bridge::Bridge::global())]
    pub fn text(&mut self, or: &str) -> &str {
        let _ = or;
        "text"
    }
}

fn main() {
    assert_eq!(S::plain("", 1).wait().0, S::plain_blocking("", 1).0);
    assert!(S::parse("", 1).wait().is_some() && S::parse_blocking("", 1).is_some());
    assert_eq!(S(1).get("", 1).wait(), 2);
    assert_eq!(S(1).get_blocking("", 1), 2);
    assert_eq!(S(1).get_async("", 1).wait(), 2);
    assert_eq!(S(1).text("").wait(), "text");
}
