//! `fn f(…) -> T` becomes `fn f(…) -> SyncCall<(…), T, fn((…)) -> T>`.
//!
//! The first type holds the arguments in wrappers (see `shape`). The last type
//! is the body: a pointer to a closure that captures nothing.
//!
//! If the arguments can be owned, the pointer takes them for any lifetime. So
//! it also takes them from the pool's thread, which owns copies. If they cannot
//! be owned, or if the output borrows from them, the pointer takes them as they
//! are. Then one wrapper, whose type gives the reason, replaces the single
//! ones.

use proc_macro2::{Group, Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::{
    FnArg, Lifetime, ReceiverKind, ReturnType, Signature, Type, TypeImplTrait, parse_quote,
    visit_mut::{self, VisitMut},
};

use super::{
    attributes, bare, behind, end,
    lifetimes::{Borrows, lendable},
    naming, outer, output,
    param::{self, Param},
    path, setup,
    shape::{LONGEST_TUPLE, Shape},
};
use crate::{
    args::Options,
    function::Function,
    names::{self, Names},
    rewrite, spelled,
};

pub(super) fn expand(function: &Function, options: &Options) -> TokenStream {
    let Function { vis, .. } = function;
    let mut sig = function.sig.clone();
    let attrs = attributes(function, options);
    let (setup_type, setup) = setup(function, options);

    naming::name_elided(&mut sig, &function.names);
    name_impl_arguments(&mut sig, &function.names);
    naming::name_in_output(&mut sig);
    sized_self(&mut sig, function.body.is_none());
    let params = param::take(&mut sig, &function.names);
    param::without_mut(&mut sig);
    let plan = Plan::of(&sig, &params, function.body.as_ref());
    let output = output(&sig.output);
    let opaque = Borrows::of(&output, &[]).opaque;
    let Plan {
        held,
        wrapped,
        pointer,
        parameter,
        pattern,
        erased,
    } = &plan;

    let close = quote_spanned! {end(&function.sig)=> > };
    sig.output = if opaque {
        parse_quote! { -> ::__smartasync_bridge::__private::Opaque<#held, #parameter, #output, #setup_type #close }
    } else {
        parse_quote! { -> ::__smartasync_bridge::SyncCall<#held, #output, #pointer, #setup_type #close }
    };
    naming::ours(&mut sig.output);
    let Some(body) = &function.body else {
        let semi = quote_spanned! {end(&function.sig)=> ; };
        return quote! { #attrs #vis #sig #semi };
    };

    let this = rewrite::self_name(&function.names);
    let this = sig.receiver().map(|_| &*this);
    let inner = rewrite::body(body, this, erased);
    let bindings = params.iter().map(|param| param.bound(&inner)).collect();
    let inner = behind(&bindings, &inner);
    let path = path(function);
    let closure = quote! { |#pattern| #inner };
    let block = if opaque {
        quote! { ::__smartasync_bridge::__private::opaque_call(#setup, #path, #wrapped, #closure) }
    } else {
        // Its own braces hide `__run` from the arguments, one of which may have
        // that name.
        let run = Ident::new("__run", Span::mixed_site());
        let run = quote! {{ let #run: #pointer = #closure; #run }};
        quote! { ::__smartasync_bridge::__private::sync_call(#setup, #path, #wrapped, #run) }
    };
    let block = outer(block, body);
    quote! { #attrs #vis #sig #block }
}

/// The types of the call, and the expression that holds its arguments.
struct Plan {
    held: TokenStream,
    wrapped: TokenStream,
    parameter: TokenStream,
    pointer: TokenStream,
    /// The pattern of the closure's parameter.
    pattern: TokenStream,
    /// The lifetimes that the closure cannot name.
    erased: Vec<Ident>,
}

impl Plan {
    fn of(sig: &Signature, params: &[Param], body: Option<&Group>) -> Self {
        // Only a lifetime that an argument has can be borrowed from.
        let borrowed = |lifetime: &Lifetime| {
            let own = std::slice::from_ref(lifetime);
            params.iter().any(|param| Borrows::of(&param.ty, own).any)
        };
        let named: Vec<Lifetime> = sig
            .generics
            .lifetimes()
            .map(|param| param.lifetime.clone())
            .filter(borrowed)
            .collect();
        let free = lendable(&sig.generics);
        let shapes = |free: &[Lifetime]| -> Option<Vec<Shape>> {
            let shape = |param: &Param| Shape::of(&param.ty, &named, free);
            params.iter().map(shape).collect()
        };
        let lent = shapes(&free).ok_or_else(|| {
            // A `&mut` in any argument explains more than an earlier borrow.
            let exclusive = params
                .iter()
                .any(|param| Borrows::of(&param.ty, &named).exclusive);
            match shapes(&named) {
                _ if exclusive => "Exclusive",
                None => "Borrowing",
                Some(_) => "Bounded",
            }
        });
        let borrows = Borrows::of(&output(&sig.output), &named);
        let returned = closed(naming::settled(sig.output.clone()));
        let output = output(&returned);
        let erased: Vec<Ident> = named.iter().map(|name| name.ident.clone()).collect();
        let spelled = body.is_some_and(|body| spelled::spells(body.stream(), &erased));
        match lent {
            Err(wrapper) => Self::waiting(wrapper, params, sig, &output),
            Ok(shapes) if borrows.any || borrows.opaque && shapes.iter().any(Shape::borrows) => {
                Self::waiting("Borrowed", params, sig, &output)
            }
            Ok(_) if spelled => Self::waiting("Spelled", params, sig, &output),
            Ok(shapes) => Self::lending(&shapes, params, erased, sig, &returned),
        }
    }

    /// Returns the plan for arguments that can be owned.
    fn lending(
        shapes: &[Shape],
        params: &[Param],
        erased: Vec<Ident>,
        sig: &Signature,
        output: &ReturnType,
    ) -> Self {
        let wrapped = shapes.iter().zip(params);
        let wrapped = wrapped.map(|(shape, param)| shape.wrap(&param.name));
        let parameter = tuple(shapes.iter().map(Shape::lent));
        let at = at_name(sig);
        Self {
            held: tuple(shapes.iter().map(Shape::held)),
            wrapped: tuple(wrapped),
            pointer: quote_spanned! {at=> fn(#parameter) #output },
            parameter,
            pattern: tuple(params.iter().map(Param::parameter)),
            erased,
        }
    }

    /// Returns the plan for arguments that must stay on this thread.
    fn waiting(wrapper: &str, params: &[Param], sig: &Signature, output: &Type) -> Self {
        let at = at_name(sig);
        let wrapper = format_ident!("{wrapper}");
        let types = params.iter().map(|param| &param.ty);
        let values = params.iter().map(|param| &param.name);
        let names = params.iter().map(Param::parameter);
        let parameter = quote! { (#(#types,)*) };
        Self {
            held: quote! { ::__smartasync_bridge::__private::#wrapper<#parameter> },
            wrapped: quote! { ::__smartasync_bridge::__private::#wrapper((#(#values,)*)) },
            pointer: quote_spanned! {at=> fn(#parameter) -> #output },
            parameter,
            pattern: quote! { (#(#names,)*) },
            erased: Vec::new(),
        }
    }
}

/// Puts parentheses around a trait object in the output. Without them the type of a pointer,
/// `fn() -> dyn A + B`, would be ambiguous.
fn closed(output: ReturnType) -> ReturnType {
    match output {
        ReturnType::Type(arrow, ty) if matches!(*ty, Type::TraitObject(_)) => {
            ReturnType::Type(arrow, parse_quote! { (#ty) })
        }
        output => output,
    }
}

/// Returns the span at which the compiler reports errors about the whole body.
fn at_name(sig: &Signature) -> Span {
    Span::mixed_site().located_at(sig.ident.span())
}

/// Returns a tuple, nested if it is longer than `bridge`'s tuples may be.
fn tuple(items: impl Iterator<Item = impl ToTokens>) -> TokenStream {
    let mut items: Vec<TokenStream> = items.map(ToTokens::into_token_stream).collect();
    while items.len() > LONGEST_TUPLE {
        let parts = items.chunks(LONGEST_TUPLE);
        items = parts.map(|part| quote! { (#(#part,)*) }).collect();
    }
    quote! { (#(#items,)*) }
}

/// Names the type of each `impl Trait` argument, because the call's type must
/// contain it.
fn name_impl_arguments(sig: &mut Signature, taken: &Names) {
    struct Name<'a> {
        given: Vec<Ident>,
        bounds: Vec<TypeImplTrait>,
        taken: &'a Names,
        argument: String,
    }
    impl VisitMut for Name<'_> {
        fn visit_type_mut(&mut self, ty: &mut Type) {
            // `&(impl A + B)` needs the parentheses, `&ImplX` does not.
            if let Type::Paren(paren) = ty
                && matches!(*paren.elem, Type::ImplTrait(_))
            {
                *ty = (*paren.elem).clone();
            }
            visit_mut::visit_type_mut(self, ty);
            if let Type::ImplTrait(bounds) = ty {
                let name = format!("Impl{}", names::camel(&self.argument));
                let name = self.taken.next(&name, &self.given);
                let name = Ident::new(&name, Span::mixed_site());
                self.given.push(name.clone());
                self.bounds.push(bounds.clone());
                *ty = parse_quote! { #name };
            }
        }
    }
    let mut visit = Name {
        given: Vec::new(),
        bounds: Vec::new(),
        taken,
        argument: String::new(),
    };
    for input in &mut sig.inputs {
        visit.argument = names::argument(input);
        if let FnArg::Typed(arg) = input {
            visit.visit_type_mut(&mut arg.ty);
        }
    }
    for (name, TypeImplTrait { bounds, .. }) in visit.given.iter().zip(visit.bounds) {
        sig.generics.params.push(parse_quote! { #name: #bounds });
    }
}

/// Adds the bound `Self: Sized` to a trait's declaration that takes or returns
/// `Self` by value. The plain function needs no bound, but a call cannot hold
/// an unsized value.
pub(super) fn sized_self(sig: &mut Signature, declared: bool) {
    let is_self = |ty: &Type| matches!(bare(ty), Type::Path(ty) if ty.path.is_ident("Self"));
    let taken = sig.inputs.iter().any(|input| match input {
        FnArg::Receiver(receiver) => match &receiver.kind {
            ReceiverKind::Value => true,
            ReceiverKind::Typed(_, ty) => is_self(ty),
            _ => false,
        },
        FnArg::Typed(arg) => is_self(&arg.ty),
    });
    let returned = matches!(&sig.output, ReturnType::Type(_, ty) if is_self(ty));
    if declared && (taken || returned) {
        sig.generics
            .make_where_clause()
            .predicates
            .push(parse_quote! { Self: ::core::marker::Sized });
    }
}
