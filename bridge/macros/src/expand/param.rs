//! One argument: its name in the new signature, and how the body gets it.
//!
//! The body must bind every argument, even an unused one, so that each is
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
    /// The argument's name in the new function, or `self`.
    pub(super) name: Ident,
    pub(super) ty: Type,
    binding: Binding,
    /// Whether a closure binds it by a statement, and not as its parameter: one that
    /// is taken apart, and each after it.
    by_statement: bool,
}

/// The statement by which the body binds an argument.
enum Binding {
    Pattern(Vec<Attribute>, Pat),
    /// With the name of `self` in a closure.
    Receiver(Option<Token![mut]>, Ident),
}

/// Takes the patterns of the arguments out of the signature.
///
/// The names that stay look like the user's but have the macro's spans. So no
/// lint takes the macro's use of an argument for the user's.
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
                    // The compiler reports the double name, once.
                    return Param {
                        name: pat.ident.clone(),
                        ty: (*arg.ty).clone(),
                        binding: Binding::Pattern(Vec::new(), parse_quote! { _ }),
                        by_statement: true,
                    };
                }
                Pat::Ident(pat) if !is_type(&pat.ident) => pat.ident.clone(),
                pat => Ident::new(&names.free(&format!("__arg{i}")), pat.span()),
            });
            let pattern = std::mem::replace(&mut *arg.pat, parse_quote! { #name });
            // Only the pattern itself can fulfil an `expect`, so the copy gets
            // an `allow`.
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

/// Returns a name with the macro's hygiene, at the user's place. A plain name
/// in the user's edition may be a keyword in this crate's edition.
fn ours(name: &Ident) -> Ident {
    let span = Span::mixed_site().located_at(name.span());
    match &*name.to_string() {
        word @ ("async" | "await" | "dyn" | "gen" | "try") => Ident::new_raw(word, span),
        word if word.starts_with("r#") => Ident::new_raw(&word[2..], span),
        word => Ident::new(word, span),
    }
}

/// Returns the user's name for an argument, if its pattern is a name.
fn name(input: &FnArg) -> Option<&Ident> {
    match input {
        FnArg::Typed(arg) => match &*arg.pat {
            Pat::Ident(pat) => Some(&pat.ident),
            _ => None,
        },
        FnArg::Receiver(_) => None,
    }
}

/// Removes the `mut` of `self`, because the new body does not change `self`.
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
            // A body that uses some fields of `self` would also capture only
            // these.
            Binding::Receiver(..) => quote! { let _ = &#name; },
        }
    }

    /// Returns the pattern for a closure's parameter.
    pub(super) fn parameter(&self) -> TokenStream {
        let name = &self.name;
        match &self.binding {
            Binding::Pattern(..) if self.by_statement => quote! { #name },
            Binding::Pattern(_, pat) => quote! { #pat },
            Binding::Receiver(mutability, renamed) => quote! { #mutability #renamed },
        }
    }

    /// Returns the statements that bind this argument at the start of a
    /// closure.
    pub(super) fn bound(&self, body: &Group) -> TokenStream {
        match &self.binding {
            Binding::Pattern(..) if self.by_statement => self.moved(),
            Binding::Pattern(..) => TokenStream::new(),
            // A body that does not use `self`, or perhaps not, must not cause a
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

/// Returns the `mut` that the argument needs if its pattern contains `ref mut`.
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

/// Returns whether a pattern binds the whole argument to a name.
fn is_name(pat: &Pat) -> bool {
    matches!(pat, Pat::Ident(pat) if pat.by_ref.is_none() && pat.subpat.is_none() && !is_type(&pat.ident))
}

/// Returns whether a pattern that is one name may be a unit struct, which binds nothing.
fn is_type(name: &Ident) -> bool {
    name.to_string().starts_with(char::is_uppercase)
}
