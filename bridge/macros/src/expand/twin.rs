//! `blocking = name`: a plain function beside the smart one, which waits.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, GenericParam, Ident, Meta, Safety, Signature, TypeImplTrait, visit::Visit};

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
    param::without_mut(&mut sig);
    let values = params.iter().map(|param| &param.name);
    // Where it can't be found, the option was wrong about it.
    let mut name = smart.ident.clone();
    name.set_span(twin.name.span());
    let path = if twin.associated || mentions_self(smart) {
        quote! { Self::#name }
    } else {
        quote! { #name }
    };
    let generics = generics(smart);
    let call = quote! { #path #generics(#(#values),*) };
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

/// The twin's type and const parameters, which its arguments may not tell.
fn generics(sig: &Signature) -> Option<TokenStream> {
    struct Impls(usize);
    impl Visit<'_> for Impls {
        fn visit_type_impl_trait(&mut self, _: &TypeImplTrait) {
            self.0 += 1;
        }
    }
    let names: Vec<&Ident> = sig
        .generics
        .params
        .iter()
        .filter_map(|param| match param {
            GenericParam::Type(param) => Some(&param.ident),
            GenericParam::Const(param) => Some(&param.ident),
            GenericParam::Lifetime(_) => None,
        })
        .collect();
    // A smart `fn` has a parameter more for each `impl Trait` argument.
    let mut impls = Impls(0);
    if sig.asyncness.is_none() {
        sig.inputs
            .iter()
            .for_each(|input| impls.visit_fn_arg(input));
    }
    let inferred = (0..impls.0).map(|_| quote! { _ });
    (!names.is_empty()).then(|| quote! { ::<#(#names,)* #(#inferred,)*> })
}

fn mentions_self(sig: &Signature) -> bool {
    struct Mentions(bool);
    impl Visit<'_> for Mentions {
        fn visit_ident(&mut self, ident: &Ident) {
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
