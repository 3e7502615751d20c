//! A user's crate that depends on `bridge` under another name. Nothing is
//! called `::bridge` here, so the attribute's output must not contain that
//! path.
