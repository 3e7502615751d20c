//! A user's crate in the 2021 edition. Its tests check that the attribute's
//! output does not depend on the edition of the user's crate.
