//! What stands in for a refused function, so that its callers still compile.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{FnArg, PatType, Receiver, Safety};

use crate::{args::Options, conditional, expand, function::Function, order, valid};

/// The function without what was refused, expanded as if it had been right.
pub(crate) fn mend(mut function: Function, mut options: Options) -> TokenStream {
    if valid::is_main(&function) {
        return quote! { fn main() {} };
    }
    let crowded = conditional::conditions(&function).len() > conditional::MOST;
    let sig = &mut function.sig;
    sig.constness = None;
    sig.abi = None;
    sig.variadic = None;
    if matches!(sig.safety, Safety::Safe(_)) {
        sig.safety = Safety::Default;
    }
    for input in sig.inputs.iter_mut().filter(|_| crowded) {
        let (FnArg::Typed(PatType { attrs, .. }) | FnArg::Receiver(Receiver { attrs, .. })) = input;
        attrs.clear();
    }
    options.blocking = options.blocking.filter(|twin| twin.name != sig.ident);
    function
        .attrs
        .retain(|attr| valid::unfit(attr).is_none() && !order::is_macro(attr));
    expand::expand(&function, &options)
}
