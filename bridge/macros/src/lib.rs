//! The `#[smartasync]` attribute of the `bridge` crate, which documents it.
//!
//! A function goes forward through four files: `function` takes it apart,
//! `args` reads the attribute's options, `valid` refuses what can't be a smart
//! function, `expand` writes the one that returns a call. What was refused is
//! mended by `fallback` and still expanded, so that one mistake gives one
//! message and not an echo at every caller. `attribute` calls them in turn.
//!
//! All of it writes `::__bridge` for the crate that it is a part of; `root` puts
//! the path there.
//!
//! Only signatures are parsed. Bodies stay tokens: the compiler reports what is
//! wrong in them, at their own spans, and the function exists all the same.
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
