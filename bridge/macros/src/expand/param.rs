//! One argument: its name in the new signature, and how the body gets it.
//!
//! The body must bind every argument, the unused ones too, so that each is
//! dropped when the plain function would drop it.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote};
use syn::{Attribute, FnArg, Pat, Receiver, ReceiverKind, Signature, Token, Type, parse_quote};

use crate::rewrite::renamed_self;

pub(super) struct Param {
    /// What the new function calls it: a name, or `self`.
    pub(super) name: Ident,
    pub(super) ty: Type,
    binding: Binding,
}

/// What the body makes of it.
enum Binding {
    Name,
    Mut(Token![mut]),
    Pattern(Vec<Attribute>, Pat),
    Receiver(Option<Token![mut]>),
}

/// The arguments, whose patterns it takes out of the signature.
pub(super) fn take(sig: &mut Signature) -> Vec<Param> {
    let param = |(i, input): (usize, &mut FnArg)| match input {
        FnArg::Receiver(receiver) => Param {
            name: Ident::new("self", receiver.self_token.span),
            ty: receiver_type(receiver),
            binding: Binding::Receiver(receiver.mutability),
        },
        FnArg::Typed(arg) => {
            let attrs = arg.attrs.clone();
            let (name, binding) = match &*arg.pat {
                Pat::Ident(pat) if attrs.is_empty() && pat.by_ref.is_none() && pat.subpat.is_none() => {
                    (pat.ident.clone(), pat.mutability.map_or(Binding::Name, Binding::Mut))
                }
                Pat::Ident(pat) if pat.by_ref.is_none() && pat.subpat.is_none() => {
                    (pat.ident.clone(), Binding::Pattern(attrs, Pat::Ident(pat.clone())))
                }
                pat => {
                    let name = format_ident!("arg{i}", span = Span::mixed_site());
                    (name, Binding::Pattern(attrs, pat.clone()))
                }
            };
            *arg.pat = parse_quote! { #name };
            Param { name, ty: (*arg.ty).clone(), binding }
        }
    };
    sig.inputs.iter_mut().enumerate().map(param).collect()
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
            Binding::Name => quote! { let #name = #name; },
            Binding::Mut(mutability) => quote! { let #mutability #name = #name; },
            // A pattern alone would capture only the parts that it binds.
            Binding::Pattern(attrs, pat) => {
                quote! { #(#attrs)* let #name = #name; #(#attrs)* let #pat = #name; }
            }
            // So would a body that uses some fields of `self`.
            Binding::Receiver(_) => quote! { let _ = &#name; },
        }
    }

    /// Its name as a closure's parameter.
    pub(super) fn parameter(&self) -> TokenStream {
        let name = &self.name;
        match &self.binding {
            Binding::Name | Binding::Pattern(..) => quote! { #name },
            Binding::Mut(mutability) => quote! { #mutability #name },
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
            Binding::Name | Binding::Mut(_) => TokenStream::new(),
            Binding::Pattern(attrs, pat) => quote! { #(#attrs)* let #pat = #name; },
            // A body that does without `self` deserves no warning.
            Binding::Receiver(_) => {
                let name = renamed_self(name.span());
                quote! { let _ = &#name; }
            }
        }
    }
}

/// Unneeded where the call's type holds the receiver.
pub(super) fn without_mut(sig: &mut Signature) {
    if let Some(FnArg::Receiver(receiver)) = sig.inputs.first_mut() {
        receiver.mutability = None;
    }
}
