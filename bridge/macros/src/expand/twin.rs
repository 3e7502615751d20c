//! `blocking = name`: a plain function beside the smart one, which waits.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote};
use syn::{Attribute, Expr, FnArg, Meta, Pat, Type, parse_quote, visit::Visit};

use crate::{args::Twin, function::Function};

pub(super) fn expand(function: &Function, twin: &Twin) -> TokenStream {
    let Function { vis, sig: smart, .. } = function;
    let mut sig = smart.clone();
    sig.asyncness = None;
    sig.ident = twin.name.clone();
    let mut values: Vec<Expr> = Vec::new();
    for (i, input) in sig.inputs.iter_mut().enumerate() {
        if let FnArg::Typed(arg) = input {
            let name = match &*arg.pat {
                Pat::Ident(pat) => pat.ident.clone(),
                _ => format_ident!("arg{i}", span = Span::mixed_site()),
            };
            arg.pat = parse_quote! { #name };
            values.push(parse_quote! { #name });
        }
        if let FnArg::Receiver(receiver) = input {
            receiver.mutability = None;
            let this = &receiver.self_token;
            values.push(parse_quote! { #this });
        }
    }
    let name = &smart.ident;
    let path = if twin.associated || mentions_self(smart) { quote! { Self::#name } } else { quote! { #name } };
    let call = match smart.safety {
        // Its own caller has promised what the smart function asks for.
        syn::Safety::Unsafe(_) => quote! { unsafe { #path(#(#values),*) } },
        _ => quote! { #path(#(#values),*) },
    };
    let attrs = function.attrs.iter().filter(|attr| stays(attr));
    let doc = format!("\n\nThe blocking twin of [`{0}`]({1}{0}): a plain call, which returns when the work is done.", name, if path.to_string().starts_with("Self") { "Self::" } else { "" });
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
        fn visit_type(&mut self, ty: &Type) {
            syn::visit::visit_type(self, ty);
        }
    }
    let mut mentions = Mentions(false);
    mentions.visit_signature(sig);
    mentions.0
}
