//! A live span, and the subscriber that makes it one.

use tracing::{Span, info_span};
use tracing_subscriber::Registry;

/// Sets the registry as the subscriber of this process, without layers. So the figures are
/// those of the spans alone.
///
/// # Panics
///
/// Panics if the process has a subscriber already.
pub fn subscribe() {
    tracing::subscriber::set_global_default(Registry::default()).expect("the only subscriber");
}

/// Returns a span that the subscriber knows.
///
/// # Panics
///
/// Panics if there is no subscriber.
#[must_use]
pub fn span() -> Span {
    let span = info_span!("request");
    assert!(span.id().is_some(), "the span is live");
    span
}
