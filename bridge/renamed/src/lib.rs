//! A user whose dependency on `bridge` has another name; see `tests/`. Here
//! nothing is called `::bridge`, so no path in the attribute's output may
//! begin so.
