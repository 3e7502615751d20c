//! Writes the function that returns a call.
//!
//! `asynchronous` and `synchronous` write it for the two kinds, `twin` writes
//! what `blocking = name` asks for. All paths in the output begin with
//! `::__bridge` (see `root`), `::core` or `::std`, and names of ours are
//! hygienic, so nothing that a user has in scope can be taken for ours.

mod asynchronous;
mod lifetimes;
mod naming;
mod param;
mod shape;
mod synchronous;
mod twin;

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::{Attribute, Meta, ReturnType, Signature, Type, parse_quote, spanned::Spanned};

use crate::{args::Options, conditional, function::Function};

/// The whole output for a function that is fit to be smart.
pub(crate) fn expand(function: &Function, options: &Options) -> TokenStream {
    match conditional::cases(function) {
        None => one(function, options),
        Some(cases) => cases.iter().map(|case| one(case, options)).collect(),
    }
}

fn one(function: &Function, options: &Options) -> TokenStream {
    let call = if function.sig.asyncness.is_some() {
        asynchronous::expand(function, options)
    } else {
        synchronous::expand(function, options)
    };
    let twin = options
        .blocking
        .as_ref()
        .map(|twin| twin::expand(function, options, twin));
    quote! { #call #twin }
}

/// The output's type, in a place where `!` can't be written.
fn output(output: &ReturnType) -> Type {
    match output {
        ReturnType::Default => parse_quote! { () },
        ReturnType::Type(_, ty) if matches!(bare(ty), Type::Never(_)) => {
            parse_quote! { <fn() -> ! as ::__bridge::__private::Return>::Out }
        }
        ReturnType::Type(_, ty) => (**ty).clone(),
    }
}

/// The type without the invisible brackets that a macro's `$t:ty` comes in.
fn bare(mut ty: &Type) -> &Type {
    while let Type::Group(group) = ty {
        ty = &group.elem;
    }
    ty
}

/// The attributes of the new function: the user's, and those that a call wants.
fn attributes(function: &Function, options: &Options) -> TokenStream {
    let attrs = &function.attrs;
    let has = |name: &str| {
        attrs
            .iter()
            .any(|attr: &Attribute| attr.path().is_ident(name))
    };
    // Located at the `fn`, so that the compiler's suggestions start there.
    let span = Span::mixed_site().located_at(function.sig.fn_token.span);
    let made = function.body.is_some();
    let inline = (made && !has("inline")).then(|| quote_spanned! {span=> #[inline] });
    // A `fn`'s call remembers where it was made, for the pool's errors.
    let located = made && (options.debug || function.sig.asyncness.is_none());
    let caller =
        (located && !has("track_caller")).then(|| quote_spanned! {span=> #[track_caller] });
    // The call's own text says it better, and Clippy objects to both.
    let attrs = attrs
        .iter()
        .filter(|attr| !matches!(&attr.meta, Meta::Path(path) if path.is_ident("must_use")));
    quote! { #(#attrs)* #inline #caller }
}

/// An attribute for what repeats the user's tokens: it allows what the original
/// expects, and so does not complain if the copy gives no reason for it.
fn allowing(attr: &Attribute) -> Attribute {
    let mut attr = attr.clone();
    if let Meta::List(list) = &mut attr.meta {
        if list.path.is_ident("expect") {
            list.path = parse_quote! { allow };
        } else if list.path.is_ident("cfg_attr") {
            let allow = |token| match token {
                TokenTree::Ident(word) if word == "expect" => {
                    Ident::new("allow", word.span()).into()
                }
                token => token,
            };
            list.tokens = std::mem::take(&mut list.tokens)
                .into_iter()
                .map(allow)
                .collect();
        }
    }
    attr
}

/// The call's last type parameter, if it is not the default, and its value.
fn setup(function: &Function, options: &Options) -> (Option<TokenStream>, TokenStream) {
    let (ty, value) = match &options.bridge {
        None => (None, quote! { ::__bridge::__private::Global }),
        // An item, evaluated where the call is run. It sees the module's names
        // only: the arguments' are ours.
        Some(expr) => {
            let reference = quote_spanned! {Span::mixed_site().located_at(expr.span())=> &(#expr)};
            let value = quote! {{
                #[allow(clippy::needless_borrow, clippy::borrow_deref_ref)]
                fn smartasync_bridge() -> ::__bridge::Bridge {
                    let bridge: &::__bridge::Bridge = #reference;
                    ::__bridge::__private::pick(bridge)
                }
                ::__bridge::__private::Via(smartasync_bridge)
            }};
            (Some(quote! { ::__bridge::__private::Via }), value)
        }
    };
    // What a trait declares, each implementation may run as it likes.
    if function.body.is_none() {
        return (Some(quote! { impl ::__bridge::__private::Setup }), value);
    }
    if !options.debug {
        return (ty, value);
    }
    let ty = ty.unwrap_or_else(|| quote! { ::__bridge::__private::Global });
    let path = path(function);
    (
        Some(quote! { ::__bridge::__private::Traced<#ty> }),
        quote! { ::__bridge::__private::Traced::new(#value, #path) },
    )
}

/// The function's path, as far as the macro sees it.
fn path(function: &Function) -> TokenStream {
    let name = function.sig.ident.to_string();
    quote! { ::core::concat!(::core::module_path!(), "::", #name) }
}

/// The user's body behind statements of ours, as if these bound its arguments.
///
/// What the last expression borrows must be released before the arguments are
/// dropped. A match arm's end does that, as a function's end does.
fn behind(ours: &TokenStream, body: &Group) -> TokenStream {
    if ours.is_empty() {
        quote! { #body }
    } else {
        quote! { { #ours match () { () => #body } } }
    }
}

/// The end of a signature's new output, where that of the user's is.
///
/// What the compiler says of a function as a whole, it says from the `fn` to
/// here, and at our attribute if one of the two is ours.
fn end(sig: &Signature) -> Span {
    let last = sig.output.to_token_stream().into_iter().last();
    last.map_or_else(|| sig.paren_token.span.close(), |token| token.span())
}

/// The new function's braces, where the user's are.
///
/// That makes the function theirs: the compiler and Clippy say of it what they
/// would say of the plain one.
fn outer(block: TokenStream, body: &Group) -> Group {
    let mut outer = Group::new(Delimiter::Brace, block);
    outer.set_span(body.span());
    outer
}

/// Tells an async block its type, so that `return`, `?` and the last expression
/// convert as they do in the plain function.
fn annotation(output: &ReturnType) -> TokenStream {
    let ReturnType::Type(_, ty) = output else {
        return quote_spanned! {Span::mixed_site()=> if false { return; } };
    };
    if lifetimes::has_impl(ty) || matches!(bare(ty), Type::Never(_)) {
        return TokenStream::new();
    }
    // Located at the type, which is where the compiler's notes then point.
    quote_spanned! {Span::mixed_site().located_at(ty.span())=>
        if false { return ::__bridge::__private::returned::<#ty>(); }
    }
}
