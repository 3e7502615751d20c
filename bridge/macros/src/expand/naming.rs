//! Names the lifetimes that a signature elides, because the call's type must
//! contain them.

use proc_macro2::{Ident, Span};
use syn::{
    FnArg, GenericArgument, Lifetime, ParenthesizedGenericArguments, Path, PathArguments,
    PathSegment, Receiver, ReceiverKind, ReturnType, Signature, Type, TypeFnPtr, TypeImplTrait,
    TypeParamBound, TypeReference, parse_quote,
    visit::{self, Visit},
    visit_mut::{self, VisitMut},
};

use super::lifetimes::{All, is_std};
use crate::names::{self, Names};

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
        // `Cow<str>` hides a lifetime that `Cow<'_, str>` shows.
        if is_std(path, "borrow", "Cow")
            && let Some(args) = path.segments.last_mut().and_then(only_a_type)
        {
            args.insert(0, GenericArgument::Lifetime(self.fresh(Span::call_site())));
        }
        visit_mut::visit_path_mut(self, path);
    }

    // Elided lifetimes in these types belong to the types themselves.
    fn visit_type_fn_ptr_mut(&mut self, _: &mut TypeFnPtr) {}
    fn visit_parenthesized_generic_arguments_mut(&mut self, _: &mut ParenthesizedGenericArguments) {
    }
}

/// Returns the generic argument, if it is a single type.
fn only_a_type(
    segment: &mut PathSegment,
) -> Option<&mut syn::punctuated::Punctuated<GenericArgument, syn::Token![,]>> {
    match &mut segment.arguments {
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
        Replace(name).visit_return_type_mut(&mut sig.output);
    }
}

/// Returns the output for a second place in the signature.
///
/// If Rust's rules name no lifetime, the compiler reports that at the first
/// place. `'static` here avoids a second report.
pub(super) fn settled(mut output: ReturnType) -> ReturnType {
    let name = Lifetime::new("'static", Span::mixed_site());
    Replace(name).visit_return_type_mut(&mut output);
    output
}

struct Replace(Lifetime);

impl VisitMut for Replace {
    fn visit_type_reference_mut(&mut self, ty: &mut TypeReference) {
        if is_elided(ty.lifetime.as_ref()) {
            ty.lifetime = Some(self.0.clone());
        }
        visit_mut::visit_type_reference_mut(self, ty);
    }

    fn visit_lifetime_mut(&mut self, lifetime: &mut Lifetime) {
        if lifetime.ident == "_" {
            *lifetime = self.0.clone();
        }
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
        all.0.dedup();
        <[Lifetime; 1]>::try_from(all.0).ok().map(|[only]| only)
    })
}

/// Returns the lifetime of `&Self` in `&Self`, `Pin<&Self>` and similar types.
fn reference_to_self(ty: &Type) -> Option<Lifetime> {
    struct Find(Option<Lifetime>);
    impl Visit<'_> for Find {
        fn visit_type_reference(&mut self, ty: &TypeReference) {
            if self.0.is_none()
                && matches!(&*ty.elem, Type::Path(path) if path.path.is_ident("Self"))
            {
                self.0.clone_from(&ty.lifetime);
            }
            visit::visit_type_reference(self, ty);
        }
    }
    let mut find = Find(None);
    find.visit_type(ty);
    find.0
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
