//! What stands in for a refused function, so that its callers still compile.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{FnArg, Safety};

use crate::{args::Options, expand, function::Function, valid};

/// The function without what was refused, expanded as if it had been right.
pub(crate) fn mend(mut function: Function, mut options: Options) -> TokenStream {
    if valid::is_main(&function) {
        return quote! { fn main() {} };
    }
    let sig = &mut function.sig;
    sig.constness = None;
    sig.abi = None;
    sig.variadic = None;
    if matches!(sig.safety, Safety::Safe(_)) {
        sig.safety = Safety::Default;
    }
    for input in &mut sig.inputs {
        let (FnArg::Typed(syn::PatType { attrs, .. })
        | FnArg::Receiver(syn::Receiver { attrs, .. })) = input;
        attrs.clear();
    }
    if sig.asyncness.is_none() {
        while sig.inputs.len() > valid::MOST_ARGUMENTS {
            sig.inputs.pop();
        }
    }
    options.blocking = options.blocking.filter(|twin| twin.name != sig.ident);
    function.attrs.retain(|attr| valid::unfit(attr).is_none());
    expand::expand(&function, &options)
}
