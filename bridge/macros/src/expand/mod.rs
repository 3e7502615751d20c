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

use crate::{
    args::{Instance, Options},
    conditional,
    function::Function,
};

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
    let allow = made
        .then(|| misled(&function.sig))
        .flatten()
        .map(|lint| quote_spanned! {span=> #[allow(#lint)] });
    // The call's own text says it better, and Clippy objects to both.
    let attrs = attrs
        .iter()
        .filter(|attr| !matches!(&attr.meta, Meta::Path(path) if path.is_ident("must_use")));
    quote! { #(#attrs)* #allow #inline #caller }
}

/// Clippy's lint that goes by a method's name and takes its call amiss.
fn misled(sig: &Signature) -> Option<TokenStream> {
    let is = |name: &&str| sig.ident == *name;
    if sig.asyncness.is_some() {
        // An `async fn` is no trait's, and this one's call is by a `fn`.
        let trait_method = OF_TRAITS.iter().any(is);
        trait_method.then(|| quote! { clippy::should_implement_trait })
    } else {
        let iterates = ["iter", "iter_mut"].iter().any(is);
        iterates.then(|| quote! { clippy::iter_not_returning_iterator })
    }
}

/// The methods of the standard library's traits that Clippy knows.
#[rustfmt::skip]
const OF_TRAITS: [&str; 30] = [
    "add", "as_mut", "as_ref", "bitand", "bitor", "bitxor", "borrow", "borrow_mut", "clone", "cmp",
    "default", "deref", "deref_mut", "div", "drop", "eq", "from_iter", "from_str", "hash", "index",
    "index_mut", "into_iter", "mul", "neg", "next", "not", "rem", "shl", "shr", "sub",
];

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
        Some(Instance { expr, of_self }) => {
            let reference = quote_spanned! {Span::mixed_site().located_at(expr.span())=> &(#expr)};
            let bridge = quote! {{
                #[allow(clippy::needless_borrow, clippy::borrow_deref_ref)]
                let bridge: &::__bridge::Bridge = #reference;
                ::__bridge::__private::pick(bridge)
            }};
            if of_self.is_some() {
                // Evaluated when the call is made, because the call takes `self`.
                let ty = quote! { ::__bridge::__private::Given };
                (Some(ty.clone()), quote! { #ty(#bridge) })
            } else {
                // Evaluated where the call is run. It can't see the arguments,
                // whose names are ours.
                let ty = quote! { ::__bridge::__private::Via };
                (Some(ty.clone()), quote! { #ty(|| #bridge) })
            }
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

#[cfg(test)]
mod tests {
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
    }
}
