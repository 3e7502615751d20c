//! A user on the 2021 edition; see `tests/`. The attribute's output must not
//! depend on the edition of the crate that it is in.
