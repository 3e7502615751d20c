//! A method that `#[async_trait]` has turned into a `fn`.
//!
//! `#[async_trait]` rewrites a whole trait before `#[smartasync]` runs. It
//! leaves a `fn` that returns a boxed future, so a smart function's call would
//! return that future as its result. The lifetime `'async_trait` in the
//! signature shows such a method.

use proc_macro2::Group;
use quote::quote;
use syn::{AssocType, Type, parse_quote, visit::Visit};

use crate::function::{Function, regroup};

/// Returns whether `#[async_trait]` made this method.
pub(crate) fn is(function: &Function) -> bool {
    let mut lifetimes = function.sig.generics.lifetimes();
    lifetimes.any(|param| param.lifetime.ident == "async_trait")
}

/// Restores the `async fn`, so that its callers still get a call.
pub(crate) fn undo(function: &mut Function) {
    struct Output(Option<Type>);
    impl Visit<'_> for Output {
        fn visit_assoc_type(&mut self, assoc: &AssocType) {
            if assoc.ident == "Output" && self.0.is_none() {
                self.0 = Some(assoc.ty.clone());
            }
        }
    }
    let mut output = Output(None);
    output.visit_return_type(&function.sig.output);
    if let Some(output) = output.0 {
        function.sig.asyncness = Some(parse_quote! { async });
        function.sig.output = parse_quote! { -> #output };
        let awaited = |body: &Group| regroup(body, quote! { #body.await });
        function.body = function.body.as_ref().map(awaited);
    }
}
