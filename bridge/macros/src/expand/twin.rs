//! `blocking = name`: a plain function beside the smart one, which waits.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, Meta, Safety, visit::Visit};

use super::param;
use crate::{args::Twin, function::Function};

pub(super) fn expand(function: &Function, twin: &Twin) -> TokenStream {
    let Function {
        vis, sig: smart, ..
    } = function;
    let mut sig = smart.clone();
    sig.asyncness = None;
    sig.ident = twin.name.clone();
    let params = param::take(&mut sig);
    let values = params.iter().map(|param| &param.name);
    let name = &smart.ident;
    let path = if twin.associated || mentions_self(smart) {
        quote! { Self::#name }
    } else {
        quote! { #name }
    };
    let call = quote! { #path(#(#values),*) };
    // The twin's own caller has promised what the smart function asks for.
    let call = if matches!(smart.safety, Safety::Unsafe(_)) {
        quote! { unsafe { #call } }
    } else {
        call
    };
    let attrs = function.attrs.iter().filter(|attr| stays(attr));
    let doc =
        format!("\n\nThe blocking twin of [`{name}`]({path}): it returns when the work is done.")
            .replace(" :: ", "::");
    quote! {
        #(#attrs)*
        #[doc = #doc]
        #[track_caller]
        #vis #sig {
            #call.wait()
        }
    }
}

/// Attributes that say of the twin what they say of the function.
fn stays(attr: &Attribute) -> bool {
    match &attr.meta {
        Meta::Path(path) => !path.is_ident("track_caller"),
        _ => true,
    }
}

fn mentions_self(sig: &syn::Signature) -> bool {
    struct Mentions(bool);
    impl Visit<'_> for Mentions {
        fn visit_ident(&mut self, ident: &proc_macro2::Ident) {
            self.0 |= ident == "Self" || ident == "self";
        }
        fn visit_receiver(&mut self, _: &syn::Receiver) {
            self.0 = true;
        }
    }
    let mut mentions = Mentions(false);
    mentions.visit_signature(sig);
    mentions.0
}
