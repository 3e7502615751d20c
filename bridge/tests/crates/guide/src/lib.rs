//! Turns every snippet of the guide into a doc test.
//!
//! The module is the guide's own index, so a page that is in the index is also tested.

#[cfg(doctest)]
#[path = "../../../../src/guide/mod.rs"]
mod guide;
