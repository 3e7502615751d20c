//! A user's crate that depends on `bridge` under another name. Nothing is
//! called `::bridge` here, so the attribute's output must not contain that
//! path.
//!
//! It is a library too, whose users need not depend on `bridge`.

pub use renamed as smart;

/// Passes the path of `bridge` to a macro of the library's user.
#[macro_export]
macro_rules! with_path {
    ($user:ident) => {
        $user! { $crate::smart }
    };
}
