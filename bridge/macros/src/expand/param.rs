//! One argument: its name in the new signature, and how the body gets it.
//!
//! The body must bind every argument, the unused ones too, so that each is
//! dropped when the plain function would drop it.

use proc_macro2::{Group, Ident, Span, TokenStream};
use quote::quote;
use syn::{
    Attribute, FnArg, Pat, PatIdent, Receiver, ReceiverKind, Signature, Token, Type, parse_quote,
    spanned::Spanned,
    visit::{self, Visit},
};

use super::allowing;
use crate::{names::Names, rewrite};

pub(super) struct Param {
    /// What the new function calls it: a name, or `self`.
    pub(super) name: Ident,
    pub(super) ty: Type,
    binding: Binding,
    /// Whether a closure binds it by a statement, and not as its parameter: one that
    /// is taken apart, and each after it.
    by_statement: bool,
}

/// What the body makes of it.
enum Binding {
    Pattern(Vec<Attribute>, Pat),
    /// With what a closure calls it.
    Receiver(Option<Token![mut]>, Ident),
}

/// The arguments, whose patterns it takes out of the signature.
///
/// The names left there look like the user's and are ours, so that no lint of
/// the user's takes our use of an argument for theirs.
pub(super) fn take(sig: &mut Signature, names: &Names) -> Vec<Param> {
    let called: Vec<Ident> = sig.inputs.iter().filter_map(name).cloned().collect();
    let is_double = |name: &Ident| called.iter().filter(|other| *other == name).count() > 1;
    let param = |(i, input): (usize, &mut FnArg)| match input {
        FnArg::Receiver(receiver) => Param {
            name: Ident::new("self", receiver.self_token.span),
            ty: receiver_type(receiver),
            binding: Binding::Receiver(
                receiver.mutability,
                Ident::new(&rewrite::self_name(names), receiver.self_token.span),
            ),
            by_statement: false,
        },
        FnArg::Typed(arg) => {
            let name = ours(&match &*arg.pat {
                Pat::Ident(pat) if is_double(&pat.ident) => {
                    // Left to the compiler, which says so once.
                    return Param {
                        name: pat.ident.clone(),
                        ty: (*arg.ty).clone(),
                        binding: Binding::Pattern(Vec::new(), parse_quote! { _ }),
                        by_statement: true,
                    };
                }
                Pat::Ident(pat) => pat.ident.clone(),
                pat => Ident::new(&names.free(&format!("__arg{i}")), pat.span()),
            });
            let pattern = std::mem::replace(&mut *arg.pat, parse_quote! { #name });
            // An expectation is met where the pattern is, and nowhere else.
            let allowed = arg.attrs.iter().map(allowing).collect();
            let attrs = std::mem::replace(&mut arg.attrs, allowed);
            Param {
                name,
                ty: (*arg.ty).clone(),
                by_statement: !attrs.is_empty() || !is_name(&pattern),
                binding: Binding::Pattern(attrs, pattern),
            }
        }
    };
    let mut params: Vec<Param> = sig.inputs.iter_mut().enumerate().map(param).collect();
    // The order of binding is the reverse of the order of dropping.
    if let Some(first) = params.iter().position(|param| param.by_statement) {
        for param in &mut params[first..] {
            param.by_statement = true;
        }
    }
    params
}

/// One of our names, where the user's is. What is a name in the user's edition
/// may be a keyword in this crate's.
fn ours(name: &Ident) -> Ident {
    let span = Span::mixed_site().located_at(name.span());
    match &*name.to_string() {
        word @ ("async" | "await" | "dyn" | "gen" | "try") => Ident::new_raw(word, span),
        word if word.starts_with("r#") => Ident::new_raw(&word[2..], span),
        word => Ident::new(word, span),
    }
}

/// What the user calls an argument, if that is a name.
fn name(input: &FnArg) -> Option<&Ident> {
    match input {
        FnArg::Typed(arg) => match &*arg.pat {
            Pat::Ident(pat) => Some(&pat.ident),
            _ => None,
        },
        FnArg::Receiver(_) => None,
    }
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
    /// Binds it by a statement that moves it whole, into an async block too.
    pub(super) fn moved(&self) -> TokenStream {
        let name = &self.name;
        match &self.binding {
            Binding::Pattern(attrs, pat) if is_name(pat) => {
                let unused = name.to_string().starts_with('_');
                let allow =
                    unused.then(|| quote! { #[allow(clippy::no_effect_underscore_binding)] });
                quote! { #(#attrs)* #allow let #pat = #name; }
            }
            // A pattern alone would capture only the parts that it binds.
            Binding::Pattern(attrs, pat) => {
                let mutability = refers_mutably(pat);
                let first = attrs.iter().map(allowing);
                quote! { #(#first)* let #mutability #name = #name; #(#attrs)* let #pat = #name; }
            }
            // So would a body that uses some fields of `self`.
            Binding::Receiver(..) => quote! { let _ = &#name; },
        }
    }

    /// What a closure calls it as its parameter.
    pub(super) fn parameter(&self) -> TokenStream {
        let name = &self.name;
        match &self.binding {
            Binding::Pattern(..) if self.by_statement => quote! { #name },
            Binding::Pattern(_, pat) => quote! { #pat },
            Binding::Receiver(mutability, renamed) => quote! { #mutability #renamed },
        }
    }

    /// What a closure with this body does with its parameter first.
    pub(super) fn bound(&self, body: &Group) -> TokenStream {
        match &self.binding {
            Binding::Pattern(..) if self.by_statement => self.moved(),
            Binding::Pattern(..) => TokenStream::new(),
            // A body that does without `self`, or may do without it, deserves no
            // warning.
            Binding::Receiver(_, renamed) => {
                if rewrite::uses(&body.stream(), &renamed.to_string()) {
                    TokenStream::new()
                } else {
                    quote! { let _ = &#renamed; }
                }
            }
        }
    }
}

/// The `mut` that a name wants if a pattern borrows from it by `ref mut`.
fn refers_mutably(pat: &Pat) -> Option<Token![mut]> {
    struct Find(Option<Token![mut]>);
    impl Visit<'_> for Find {
        fn visit_pat_ident(&mut self, pat: &PatIdent) {
            if pat.by_ref.is_some() && pat.mutability.is_some() {
                self.0 = pat.mutability;
            }
            visit::visit_pat_ident(self, pat);
        }
    }
    let mut find = Find(None);
    find.visit_pat(pat);
    find.0
}

/// Whether a pattern binds the whole argument to a name.
fn is_name(pat: &Pat) -> bool {
    matches!(pat, Pat::Ident(pat) if pat.by_ref.is_none() && pat.subpat.is_none())
}
