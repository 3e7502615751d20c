//! The name of a pool, which its threads, figures, reports and errors carry.

use std::{fmt, sync::Arc};

/// The name of a pool, if [`Builder::name`](crate::Builder::name) has set one.
///
/// It displays as "pool `db`" with a name, and as "pool" without one. Clones share the text.
///
/// ```
/// use bridge_offload::Pool;
///
/// let named: Pool = Pool::builder().name("db").build()?;
/// assert_eq!(named.metrics().name.as_str(), Some("db"));
/// assert_eq!(named.metrics().name.to_string(), "pool `db`");
/// assert_eq!(Pool::new().metrics().name.to_string(), "pool");
/// # Ok::<(), bridge_offload::BuildError>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq, Hash)]
// An `Arc<str>` would be one word larger. Each poll of an offload moves an error that holds
// this.
pub struct PoolName(Option<Arc<Box<str>>>);

impl PoolName {
    /// Returns a name. An empty text is no name.
    pub(crate) fn new(text: &str) -> Self {
        Self((!text.is_empty()).then(|| Arc::new(text.into())))
    }

    /// Returns the text, or `None` if the pool has no name.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        self.0.as_deref().map(|text| &**text)
    }

    /// Returns the name of a thread of the pool, such as `db-monitor` for `monitor`.
    pub(crate) fn thread_name(&self, role: &str) -> String {
        format!("{}-{role}", self.as_str().unwrap_or("bridge"))
    }
}

impl fmt::Display for PoolName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.as_str() {
            Some(name) => write!(f, "pool `{name}`"),
            None => f.write_str("pool"),
        }
    }
}

impl fmt::Debug for PoolName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}
