//! A method that `#[async_trait]` has turned into a `fn`.
//!
//! That macro rewrites whole traits, and so is through before ours begins. What
//! it leaves returns a boxed future that has not run, and a call of it would
//! hand that out as its result. It is told by the lifetime that it adds.

use proc_macro2::Group;
use quote::quote;
use syn::{AssocType, Type, parse_quote, visit::Visit};

use crate::function::{Function, regroup};

/// Whether this is such a method.
pub(crate) fn is(function: &Function) -> bool {
    let mut lifetimes = function.sig.generics.lifetimes();
    lifetimes.any(|param| param.lifetime.ident == "async_trait")
}

/// The `async fn` that it was, so that its callers get their call.
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
