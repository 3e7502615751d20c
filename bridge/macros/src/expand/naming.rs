//! Names the lifetimes that a signature elides, because the call's type must
//! contain them.

use proc_macro2::{Ident, Span};
use quote::ToTokens;
use syn::{
    FnArg, GenericArgument, Lifetime, ParenthesizedGenericArguments, Path, PathArguments, Receiver,
    ReceiverKind, ReturnType, Signature, Token, Type, TypeFnPtr, TypeImplTrait, TypeParamBound,
    TypeReference, parse_quote,
    punctuated::Punctuated,
    visit::{self, Visit},
    visit_mut::{self, VisitMut},
};

use super::lifetimes::{All, is_std};
use crate::{
    names::{self, Names},
    rewrite::mentions,
};

/// Names every elided lifetime of the arguments and declares the names.
pub(super) fn name_elided(sig: &mut Signature, taken: &Names) {
    let mut namer = Namer::new(taken);
    for input in &mut sig.inputs {
        namer.argument = names::argument(input);
        match input {
            FnArg::Receiver(receiver) => namer.receiver(receiver),
            FnArg::Typed(arg) => namer.visit_type_mut(&mut arg.ty),
        }
    }
    declare(sig, &namer.given);
}

fn declare(sig: &mut Signature, names: &[Ident]) {
    // Lifetimes come first among generics.
    for (i, name) in names.iter().enumerate() {
        let name = Lifetime {
            apostrophe: name.span(),
            ident: name.clone(),
        };
        sig.generics.params.insert(i, parse_quote! { #name });
    }
}

/// Names the elided lifetimes within `impl Trait` arguments. Only an `async fn`
/// may elide them.
pub(super) fn name_elided_in_impls(sig: &mut Signature, taken: &Names) {
    struct Impls<'a>(Namer<'a>);
    impl VisitMut for Impls<'_> {
        fn visit_type_impl_trait_mut(&mut self, ty: &mut TypeImplTrait) {
            self.0.visit_type_impl_trait_mut(ty);
        }
    }
    let mut impls = Impls(Namer::new(taken));
    for input in &mut sig.inputs {
        impls.0.argument = names::argument(input);
        impls.visit_fn_arg_mut(input);
    }
    declare(sig, &impls.0.given);
}

struct Namer<'a> {
    given: Vec<Ident>,
    taken: &'a Names,
    /// The name of the current argument.
    argument: String,
}

impl<'a> Namer<'a> {
    fn new(taken: &'a Names) -> Self {
        Self {
            given: Vec::new(),
            taken,
            argument: String::new(),
        }
    }

    fn fresh(&mut self, span: Span) -> Lifetime {
        // The `_` keeps the name different from the lifetimes of an enclosing
        // `impl`.
        let name = self.taken.next(&format!("_{}", self.argument), &self.given);
        let span = Span::mixed_site().located_at(span);
        let name = Lifetime::new(&format!("'{name}"), span);
        self.given.push(name.ident.clone());
        name
    }

    fn receiver(&mut self, receiver: &mut Receiver) {
        match &mut receiver.kind {
            ReceiverKind::Reference(and, lifetime, _) if is_elided(lifetime.as_ref()) => {
                *lifetime = Some(self.fresh(and.span));
            }
            ReceiverKind::Typed(_, ty) => self.visit_type_mut(ty),
            _ => {}
        }
    }
}

impl VisitMut for Namer<'_> {
    fn visit_type_reference_mut(&mut self, ty: &mut TypeReference) {
        if is_elided(ty.lifetime.as_ref()) {
            ty.lifetime = Some(self.fresh(ty.and_token.span));
        }
        visit_mut::visit_type_reference_mut(self, ty);
    }

    fn visit_lifetime_mut(&mut self, lifetime: &mut Lifetime) {
        if lifetime.ident == "_" {
            *lifetime = self.fresh(lifetime.span());
        }
    }

    fn visit_path_mut(&mut self, path: &mut Path) {
        if let Some(args) = hides_lifetime(path) {
            args.insert(0, GenericArgument::Lifetime(self.fresh(Span::call_site())));
        }
        visit_mut::visit_path_mut(self, path);
    }

    // Elided lifetimes in these types belong to the types themselves.
    fn visit_type_fn_ptr_mut(&mut self, _: &mut TypeFnPtr) {}
    fn visit_parenthesized_generic_arguments_mut(&mut self, _: &mut ParenthesizedGenericArguments) {
    }
}

/// Returns the generic arguments of a `Cow<T>`, which hides the lifetime of `Cow<'_, T>`.
fn hides_lifetime(path: &mut Path) -> Option<&mut Punctuated<GenericArgument, Token![,]>> {
    if !is_std(path, "borrow", "Cow") {
        return None;
    }
    match &mut path.segments.last_mut()?.arguments {
        PathArguments::AngleBracketed(args)
            if matches!(args.args.first(), Some(GenericArgument::Type(_)))
                && args.args.len() == 1 =>
        {
            Some(&mut args.args)
        }
        _ => None,
    }
}

fn is_elided(lifetime: Option<&Lifetime>) -> bool {
    lifetime.is_none_or(|lifetime| lifetime.ident == "_")
}

/// Replaces the output's elided lifetimes by the argument's lifetime that
/// Rust's elision rules choose, if they choose one.
pub(super) fn name_in_output(sig: &mut Signature) {
    if let Some(name) = elision(sig) {
        let mut replace = Replace { name, hidden: true };
        replace.visit_return_type_mut(&mut sig.output);
    }
}

/// Returns the output for a second place in the signature.
///
/// If Rust's rules name no lifetime, the compiler reports that at the first
/// place. `'static` here avoids a second report.
pub(super) fn settled(mut output: ReturnType) -> ReturnType {
    let name = Lifetime::new("'static", Span::mixed_site());
    let mut replace = Replace {
        name,
        hidden: false,
    };
    replace.visit_return_type_mut(&mut output);
    output
}

struct Replace {
    name: Lifetime,
    /// Whether a `Cow<T>` becomes `Cow<'name, T>`.
    hidden: bool,
}

impl VisitMut for Replace {
    fn visit_type_reference_mut(&mut self, ty: &mut TypeReference) {
        if is_elided(ty.lifetime.as_ref()) {
            ty.lifetime = Some(self.name.clone());
        }
        visit_mut::visit_type_reference_mut(self, ty);
    }

    fn visit_lifetime_mut(&mut self, lifetime: &mut Lifetime) {
        if lifetime.ident == "_" {
            *lifetime = self.name.clone();
        }
    }

    fn visit_path_mut(&mut self, path: &mut Path) {
        if self.hidden
            && let Some(args) = hides_lifetime(path)
        {
            args.insert(0, GenericArgument::Lifetime(self.name.clone()));
        }
        visit_mut::visit_path_mut(self, path);
    }

    // Elided lifetimes in these types belong to the types themselves.
    fn visit_type_fn_ptr_mut(&mut self, _: &mut TypeFnPtr) {}
    fn visit_parenthesized_generic_arguments_mut(&mut self, _: &mut ParenthesizedGenericArguments) {
    }
}

fn elision(sig: &Signature) -> Option<Lifetime> {
    let of_self = sig.receiver().and_then(|receiver| match &receiver.kind {
        ReceiverKind::Reference(_, lifetime, _) => lifetime.clone(),
        ReceiverKind::Typed(_, ty) => reference_to_self(ty),
        _ => None,
    });
    of_self.or_else(|| {
        let mut all = All(Vec::new());
        for input in &sig.inputs {
            match input {
                FnArg::Typed(arg) => all.visit_type(&arg.ty),
                FnArg::Receiver(receiver) => all.visit_receiver(receiver),
            }
        }
        only(all.0)
    })
}

/// Returns the lifetime of the only reference to `Self` or to a type with `Self`, as in
/// `&Self`, `Pin<&Self>` and `&Arc<Self>`.
///
/// A receiver that does not mention `Self` names the type itself.
fn reference_to_self(ty: &Type) -> Option<Lifetime> {
    fn has_self(ty: &Type) -> bool {
        mentions(&ty.to_token_stream(), "Self")
    }
    struct Find {
        named: bool,
        found: Vec<Lifetime>,
    }
    impl Visit<'_> for Find {
        fn visit_type_reference(&mut self, ty: &TypeReference) {
            if has_self(&ty.elem) || self.named {
                self.found.extend(ty.lifetime.clone());
            }
            visit::visit_type_reference(self, ty);
        }
    }
    let mut find = Find {
        named: !has_self(ty),
        found: Vec::new(),
    };
    find.visit_type(ty);
    only(find.found)
}

/// Returns the lifetime, if it is the same everywhere.
fn only(mut lifetimes: Vec<Lifetime>) -> Option<Lifetime> {
    lifetimes.dedup();
    <[Lifetime; 1]>::try_from(lifetimes).ok().map(|[one]| one)
}

/// Gives the lifetimes in the new output the macro's spans. Otherwise Clippy
/// would say that the user could have elided them.
///
/// An `impl Trait` captures by the edition of its last token. That token must
/// be the user's, so lifetimes move to the front.
pub(super) fn ours(output: &mut ReturnType) {
    struct Mark;
    impl VisitMut for Mark {
        fn visit_type_impl_trait_mut(&mut self, ty: &mut TypeImplTrait) {
            visit_mut::visit_type_impl_trait_mut(self, ty);
            let bounds = std::mem::take(&mut ty.bounds).into_iter();
            let (lifetimes, traits): (Vec<_>, Vec<_>) =
                bounds.partition(|bound| matches!(bound, TypeParamBound::Lifetime(_)));
            ty.bounds = lifetimes.into_iter().chain(traits).collect();
        }

        fn visit_lifetime_mut(&mut self, lifetime: &mut Lifetime) {
            // `gen` would be a keyword in this crate's edition.
            if lifetime.ident == "gen" {
                return;
            }
            lifetime.set_span(Span::mixed_site().located_at(lifetime.span()));
        }
    }
    Mark.visit_return_type_mut(output);
}
