//! The source files of `bridge-macros`, compiled as plain code.
//!
//! Only the compiler can call a procedural macro. A fuzz target calls [`expand`] instead.
//! If the macro gains a file that this list lacks, the build fails.
#![forbid(unsafe_code)]

#[path = "../../../bridge/macros/src/args.rs"]
mod args;
#[path = "../../../bridge/macros/src/async_trait.rs"]
mod async_trait;
#[path = "../../../bridge/macros/src/attribute.rs"]
mod attribute;
#[path = "../../../bridge/macros/src/conditional.rs"]
mod conditional;
#[path = "../../../bridge/macros/src/expand/mod.rs"]
mod expand;
#[path = "../../../bridge/macros/src/fallback.rs"]
mod fallback;
#[path = "../../../bridge/macros/src/formatting.rs"]
mod formatting;
#[path = "../../../bridge/macros/src/function.rs"]
mod function;
#[path = "../../../bridge/macros/src/names.rs"]
mod names;
#[path = "../../../bridge/macros/src/order.rs"]
mod order;
#[path = "../../../bridge/macros/src/quoted.rs"]
mod quoted;
#[path = "../../../bridge/macros/src/rewrite.rs"]
mod rewrite;
#[path = "../../../bridge/macros/src/root.rs"]
mod root;
#[path = "../../../bridge/macros/src/spelled.rs"]
mod spelled;
#[path = "../../../bridge/macros/src/valid.rs"]
mod valid;

use proc_macro2::TokenStream;

/// Expands `#[smartasync(options)] item`.
#[must_use]
pub fn expand(options: &TokenStream, item: &TokenStream) -> TokenStream {
    attribute::replace(options, item)
}
