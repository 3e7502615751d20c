//! The attribute as a function from tokens to tokens.
//!
//! It names nothing of the compiler's `proc_macro`, so that the fuzz targets
//! can run it as plain code.

use proc_macro2::TokenStream;
use quote::quote;

use crate::{args, expand, fallback, function, order, root, valid};

/// The tokens that take the place of the attribute and its item.
pub(crate) fn replace(given: &TokenStream, item: &TokenStream) -> TokenStream {
    let function = match function::parse(item) {
        Ok(function) => function,
        Err(error) => {
            let error = error.into_compile_error();
            return quote! { #error #item };
        }
    };
    let (given, is_last) = order::unmarked(given.clone());
    let (options, mistakes) = args::parse(given.clone());
    let path = options.path.clone();
    let errors = mistakes
        .into_iter()
        .chain(valid::check(&function, &options))
        .reduce(|mut all, error| {
            all.combine(error);
            all
        });
    let output = match errors {
        None => {
            let reordered = (!is_last).then(|| order::last(&function, &given)).flatten();
            reordered.unwrap_or_else(|| expand::expand(&function, &options))
        }
        Some(errors) => {
            let errors = errors.into_compile_error();
            let mended = fallback::mend(function, options);
            quote! { #errors #mended }
        }
    };
    root::put(output, path.as_ref())
}
