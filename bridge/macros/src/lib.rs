//! The `#[smartasync]` attribute of the `bridge` crate, which documents it.
//!
//! A function passes four files. `function` parses it, `args` parses the
//! attribute's options, and `valid` reports what cannot be a smart function.
//! `expand` writes the function that returns a call. If `valid` refuses a
//! function, `fallback` mends and expands it all the same. So one mistake gives
//! one message, and no further message at each caller.
//!
//! All files write `::__smartasync_bridge` for the crate `bridge`. At the end `root`
//! replaces that by the real path.
//!
//! Only signatures are parsed. Bodies stay tokens, so the compiler reports
//! errors in them at their own spans, and the function exists all the same.
#![forbid(unsafe_code)]

mod args;
mod async_trait;
mod attribute;
mod conditional;
mod expand;
mod fallback;
mod formatting;
mod function;
mod names;
mod order;
mod quoted;
mod rewrite;
mod root;
mod spelled;
mod valid;

use proc_macro::TokenStream;

#[expect(
    missing_docs,
    reason = "`bridge` documents it, where its examples can be tested"
)]
#[proc_macro_attribute]
pub fn smartasync(options: TokenStream, item: TokenStream) -> TokenStream {
    attribute::replace(&options.into(), &item.into()).into()
}
