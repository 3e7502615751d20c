//! Writes the function that returns a call.
//!
//! `asynchronous` writes it for an `async fn`, and `synchronous` for a `fn`.
//! `twin` writes the function of `blocking = name`. All paths in the output
//! begin with `::__smartasync_bridge` (see `root`), `::core` or `::std`, and the names
//! that the macro adds are hygienic. So no name in the user's scope can change
//! their meaning.

mod asynchronous;
mod lifetimes;
mod naming;
#[cfg(test)]
mod output_tests;
mod param;
mod shape;
mod synchronous;
mod twin;

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::{
    Attribute, Meta, ReturnType, Signature, Type, parse_quote, parse_quote_spanned,
    spanned::Spanned,
    visit_mut::{self, VisitMut},
};

use crate::{
    args::{Instance, Options},
    conditional,
    function::Function,
};

/// Returns the whole output for a valid function.
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

/// Returns the output's type, for a place where `!` is not allowed.
fn output(output: &ReturnType) -> Type {
    match output {
        ReturnType::Default => parse_quote! { () },
        ReturnType::Type(_, ty) if matches!(bare(ty), Type::Never(_)) => {
            parse_quote! { <fn() -> ! as ::__smartasync_bridge::__private::Return>::Out }
        }
        ReturnType::Type(_, ty) => (**ty).clone(),
    }
}

/// Strips the invisible group that a `$t:ty` of a macro puts around a type.
fn bare(mut ty: &Type) -> &Type {
    while let Type::Group(group) = ty {
        ty = &group.elem;
    }
    ty
}

/// Returns the attributes of the new function: the user's, and those that a
/// call needs.
fn attributes(function: &Function, options: &Options) -> TokenStream {
    let attrs = &function.attrs;
    let has = |name: &str| {
        attrs
            .iter()
            .any(|attr: &Attribute| attr.path().is_ident(name))
    };
    // The span is at the `fn`, so that the compiler's suggestions start there.
    let span = Span::mixed_site().located_at(function.sig.fn_token.span);
    let made = function.body.is_some();
    let inline = (made && !has("inline")).then(|| quote_spanned! {span=> #[inline] });
    // The call of a `fn` records its place, because the pool's errors name it.
    let located = made && (options.debug || function.sig.asyncness.is_none());
    let caller =
        (located && !has("track_caller")).then(|| quote_spanned! {span=> #[track_caller] });
    let allow = made
        .then(|| misled(&function.sig))
        .flatten()
        .map(|lint| quote_spanned! {span=> #[allow(#lint)] });
    // The call type's own `must_use` text says more, and Clippy objects to
    // both.
    let attrs = attrs
        .iter()
        .filter(|attr| !matches!(&attr.meta, Meta::Path(path) if path.is_ident("must_use")));
    let yields = function.body.as_ref().and_then(|_| yields(&function.sig));
    quote! { #(#attrs)* #allow #yields #inline #caller }
}

/// Returns an attribute for an `async fn` whose output is a future. Clippy takes
/// the output of an async block for a future that nobody awaits, but spares that
/// of an `async fn`, which has a written type.
fn yields(sig: &Signature) -> Option<TokenStream> {
    fn names_future(tokens: TokenStream) -> bool {
        tokens.into_iter().any(|token| match token {
            TokenTree::Ident(name) => name == "JoinHandle" || name.to_string().ends_with("Future"),
            TokenTree::Group(group) => names_future(group.stream()),
            TokenTree::Punct(_) | TokenTree::Literal(_) => false,
        })
    }
    let future = sig.asyncness.is_some() && names_future(sig.output.to_token_stream());
    let span = Span::mixed_site().located_at(sig.fn_token.span);
    future.then(|| quote_spanned! {span=> #[allow(clippy::async_yields_async)] })
}

/// Returns the Clippy lint that judges a method by its name and would be wrong
/// about its call.
fn misled(sig: &Signature) -> Option<TokenStream> {
    let is = |name: &&str| sig.ident == *name;
    if sig.asyncness.is_some() {
        // Clippy ignores an `async fn`, because none of these traits has one.
        // But the new function is a plain `fn`.
        let trait_method = OF_TRAITS.iter().any(is);
        trait_method.then(|| quote! { clippy::should_implement_trait })
    } else {
        let iterates = ["iter", "iter_mut"].iter().any(is);
        iterates.then(|| quote! { clippy::iter_not_returning_iterator })
    }
}

/// The methods of the standard library's traits that Clippy compares names
/// with.
#[rustfmt::skip]
const OF_TRAITS: [&str; 30] = [
    "add", "as_mut", "as_ref", "bitand", "bitor", "bitxor", "borrow", "borrow_mut", "clone", "cmp",
    "default", "deref", "deref_mut", "div", "drop", "eq", "from_iter", "from_str", "hash", "index",
    "index_mut", "into_iter", "mul", "neg", "next", "not", "rem", "shl", "shr", "sub",
];

/// Returns an attribute for a copy of the user's tokens. It turns `expect` into
/// `allow`, because the lint may not fire in the copy.
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

/// Returns the call's last type parameter, if it is not the default, and the
/// value of that parameter.
fn setup(function: &Function, options: &Options) -> (Option<TokenStream>, TokenStream) {
    let (ty, value) = match &options.bridge {
        None => (None, quote! { ::__smartasync_bridge::__private::Global }),
        Some(Instance { expr, of_self }) => {
            let reference = quote_spanned! {Span::mixed_site().located_at(expr.span())=> &(#expr)};
            let bridge = quote! {{
                #[allow(clippy::needless_borrow, clippy::borrow_deref_ref)]
                let bridge: &::__smartasync_bridge::Bridge = #reference;
                ::__smartasync_bridge::__private::pick(bridge)
            }};
            if of_self.is_some() {
                // The expression runs when the call is made, because the call
                // takes `self`.
                let ty = quote! { ::__smartasync_bridge::__private::Given };
                (Some(ty.clone()), quote! { #ty(#bridge) })
            } else {
                // The expression runs when the call runs. It cannot see the
                // arguments, because their names are hygienic.
                let ty = quote! { ::__smartasync_bridge::__private::Via };
                (Some(ty.clone()), quote! { #ty(|| #bridge) })
            }
        }
    };
    // A trait's declaration leaves the setup open, so each implementation has
    // its own.
    if function.body.is_none() {
        return (
            Some(quote! { impl ::__smartasync_bridge::__private::Setup }),
            value,
        );
    }
    if !options.debug {
        return (ty, value);
    }
    let ty = ty.unwrap_or_else(|| quote! { ::__smartasync_bridge::__private::Global });
    let path = path(function);
    (
        Some(quote! { ::__smartasync_bridge::__private::Traced<#ty> }),
        quote! { ::__smartasync_bridge::__private::Traced::new(#value, #path) },
    )
}

/// Returns the function's path, as far as the macro knows it.
fn path(function: &Function) -> TokenStream {
    let name = function.sig.ident.to_string();
    quote! { ::core::concat!(::core::module_path!(), "::", #name) }
}

/// Returns the user's body after statements that bind its arguments.
///
/// The borrows in the last expression must end before the arguments are
/// dropped. They end at the end of a match arm, as they would at the end of a
/// function.
fn behind(ours: &TokenStream, body: &Group) -> TokenStream {
    if ours.is_empty() {
        quote! { #body }
    } else {
        quote! { { #ours match () { () => #body } } }
    }
}

/// Returns the span for the end of the new output: the end of the user's
/// output.
///
/// The compiler reports an error about a whole function from the `fn` to this
/// span. If one of the two spans were the macro's, it would report the error at
/// the attribute.
fn end(sig: &Signature) -> Span {
    let last = sig.output.to_token_stream().into_iter().last();
    last.map_or_else(|| sig.paren_token.span.close(), |token| token.span())
}

/// Returns the new function's braces, with the span of the user's braces.
///
/// So the function counts as the user's: the compiler and Clippy report what
/// they would report for the plain function.
fn outer(block: TokenStream, body: &Group) -> Group {
    let mut outer = Group::new(Delimiter::Brace, block);
    outer.set_span(body.span());
    outer
}

/// Gives an async block its type. So `return`, `?` and the last expression
/// convert as they do in the plain function. The compiler infers each
/// `impl Trait`, because the block cannot name it.
fn annotation(output: &ReturnType) -> TokenStream {
    let ReturnType::Type(_, ty) = output else {
        return quote_spanned! {Span::mixed_site()=> if false { return; } };
    };
    let ty = inferred(ty);
    if matches!(bare(&ty), Type::Never(_) | Type::Infer(_)) {
        return TokenStream::new();
    }
    // The span is at the type, because the compiler's notes point there.
    quote_spanned! {Span::mixed_site().located_at(ty.span())=>
        if false { return ::__smartasync_bridge::__private::returned::<#ty>(); }
    }
}

/// Returns a type with `_` in the place of each `impl Trait`.
fn inferred(ty: &Type) -> Type {
    struct Infer;
    impl VisitMut for Infer {
        fn visit_type_mut(&mut self, ty: &mut Type) {
            if let Type::ImplTrait(opaque) = ty {
                let span = Span::mixed_site().located_at(opaque.span());
                *ty = parse_quote_spanned! {span=> _ };
            }
            visit_mut::visit_type_mut(self, ty);
        }
    }
    let mut ty = ty.clone();
    Infer.visit_type_mut(&mut ty);
    ty
}

#[cfg(test)]
mod tests {
    use quote::format_ident;
    use syn::parse_quote;

    use super::misled;

    #[test]
    fn names_that_clippy_knows() {
        for (sig, expected) in [
            (
                parse_quote! { async fn next(&mut self) -> Option<u8> },
                "clippy :: should_implement_trait",
            ),
            (parse_quote! { fn next(&mut self) -> Option<u8> }, ""),
            (
                parse_quote! { fn iter(&self) -> impl Iterator },
                "clippy :: iter_not_returning_iterator",
            ),
            (parse_quote! { async fn iter(&self) -> u8 }, ""),
            (parse_quote! { async fn get(&self) -> u8 }, ""),
        ] {
            assert_eq!(misled(&sig).unwrap_or_default().to_string(), expected);
        }
        // The list is repeated here, because nothing else would notice a slip in it.
        for name in "add as_mut as_ref bitand bitor bitxor borrow borrow_mut clone cmp default \
                     deref deref_mut div drop eq from_iter from_str hash index index_mut into_iter \
                     mul neg next not rem shl shr sub"
            .split(' ')
        {
            let name = format_ident!("{name}");
            assert!(
                misled(&parse_quote! { async fn #name() }).is_some(),
                "{name}"
            );
        }
        assert!(misled(&parse_quote! { fn iter_mut() }).is_some());
    }
}
