//! One argument: its name in the new signature, and how the body gets it.
//!
//! The body must bind every argument, the unused ones too, so that each is
//! dropped when the plain function would drop it.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote};
use syn::{
    Attribute, FnArg, Pat, Receiver, ReceiverKind, Signature, Token, Type, parse_quote,
    spanned::Spanned,
};

use crate::rewrite::renamed_self;

pub(super) struct Param {
    /// What the new function calls it: a name, or `self`.
    pub(super) name: Ident,
    pub(super) ty: Type,
    binding: Binding,
}

/// What the body makes of it.
enum Binding {
    Pattern(Vec<Attribute>, Pat),
    Receiver(Option<Token![mut]>),
}

/// The arguments, whose patterns it takes out of the signature.
///
/// The names left there look like the user's and are ours, so that no lint of
/// the user's takes our use of an argument for theirs.
pub(super) fn take(sig: &mut Signature) -> Vec<Param> {
    let param = |(i, input): (usize, &mut FnArg)| match input {
        FnArg::Receiver(receiver) => Param {
            name: Ident::new("self", receiver.self_token.span),
            ty: receiver_type(receiver),
            binding: Binding::Receiver(receiver.mutability),
        },
        FnArg::Typed(arg) => {
            let mut name = match &*arg.pat {
                Pat::Ident(pat) => pat.ident.clone(),
                pat => format_ident!("__arg{i}", span = pat.span()),
            };
            name.set_span(Span::mixed_site().located_at(name.span()));
            let pattern = std::mem::replace(&mut *arg.pat, parse_quote! { #name });
            let binding = Binding::Pattern(arg.attrs.clone(), pattern);
            Param {
                name,
                ty: (*arg.ty).clone(),
                binding,
            }
        }
    };
    sig.inputs.iter_mut().enumerate().map(param).collect()
}

/// For a signature whose body does not use `self` itself.
pub(super) fn without_mut(sig: &mut Signature) {
    if let Some(FnArg::Receiver(receiver)) = sig.inputs.first_mut() {
        receiver.mutability = None;
    }
}

fn receiver_type(receiver: &Receiver) -> Type {
    match &receiver.kind {
        ReceiverKind::Reference(and, lifetime, mutability) => {
            parse_quote! { #and #lifetime #mutability Self }
        }
        ReceiverKind::Typed(_, ty) => (**ty).clone(),
        _ => parse_quote! { Self },
    }
}

impl Param {
    /// Binds it inside an async block, moving it there whole.
    pub(super) fn moved(&self) -> TokenStream {
        let name = &self.name;
        match &self.binding {
            Binding::Pattern(attrs, pat) if is_name(pat) => quote! {
                #(#attrs)*
                #[allow(clippy::no_effect_underscore_binding)]
                let #pat = #name;
            },
            // A pattern alone would capture only the parts that it binds.
            Binding::Pattern(attrs, pat) => {
                quote! { #(#attrs)* let #name = #name; #(#attrs)* let #pat = #name; }
            }
            // So would a body that uses some fields of `self`.
            Binding::Receiver(_) => quote! { let _ = &#name; },
        }
    }

    /// What a closure calls it as its parameter.
    pub(super) fn parameter(&self) -> TokenStream {
        let name = &self.name;
        match &self.binding {
            Binding::Pattern(attrs, pat) if attrs.is_empty() && is_name(pat) => quote! { #pat },
            Binding::Pattern(..) => quote! { #name },
            Binding::Receiver(mutability) => {
                let name = renamed_self(name.span());
                quote! { #mutability #name }
            }
        }
    }

    /// What a closure does with its parameter first.
    pub(super) fn bound(&self) -> TokenStream {
        let name = &self.name;
        match &self.binding {
            Binding::Pattern(attrs, pat) if attrs.is_empty() && is_name(pat) => TokenStream::new(),
            Binding::Pattern(attrs, pat) => quote! { #(#attrs)* let #pat = #name; },
            // A body that does without `self` deserves no warning.
            Binding::Receiver(_) => {
                let name = renamed_self(name.span());
                quote! { let _ = &#name; }
            }
        }
    }
}

/// Whether a pattern binds the whole argument to a name.
fn is_name(pat: &Pat) -> bool {
    matches!(pat, Pat::Ident(pat) if pat.by_ref.is_none() && pat.subpat.is_none())
}
