//! Replaces a refused function by a valid one, so that its callers still
//! compile.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{FnArg, PatType, Receiver};

use crate::{args::Options, async_trait, conditional, expand, function::Function, order, valid};

/// Removes the refused parts of a function, and expands the rest.
pub(crate) fn mend(mut function: Function, mut options: Options) -> TokenStream {
    if valid::is_main(&function) {
        return quote! { fn main() {} };
    }
    if async_trait::is(&function) {
        async_trait::undo(&mut function);
    }
    if valid::strange_self(&function, &options).is_some() {
        options.bridge = None;
    }
    let crowded = conditional::conditions(&function).len() > conditional::MOST;
    let sig = &mut function.sig;
    sig.constness = None;
    sig.abi = None;
    sig.variadic = None;
    if crowded {
        // Keep only one argument of each name.
        let mut seen = Vec::new();
        let inputs = std::mem::take(&mut sig.inputs).into_iter();
        sig.inputs =
            inputs
                .filter_map(|mut input| {
                    let (FnArg::Typed(PatType { attrs, .. })
                    | FnArg::Receiver(Receiver { attrs, .. })) = &mut input;
                    attrs.clear();
                    let name = match &input {
                        FnArg::Typed(arg) => arg.pat.to_token_stream().to_string(),
                        FnArg::Receiver(_) => String::new(),
                    };
                    let new = !seen.contains(&name);
                    seen.push(name);
                    new.then_some(input)
                })
                .collect();
    }
    options.blocking = options.blocking.filter(|twin| twin.name != sig.ident);
    function
        .attrs
        .retain(|attr| valid::unfit(attr).is_none() && !order::is_macro(attr));
    expand::expand(&function, &options)
}
