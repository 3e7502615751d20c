//! Checks the promises that the attribute's output must keep.

use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{
    Attribute, Block, File, Ident, ItemImpl, ItemTrait, Meta, Signature, Token, Visibility,
    parse::{Parse, ParseStream},
};

/// The word that marks a refusal in an expansion.
const REFUSAL: &str = "compile_error";

/// Checks the output against the item that it was made from.
///
/// # Errors
///
/// Returns the promise that the output breaks.
pub(super) fn judge(item: &TokenStream, output: &TokenStream) -> Result<(), String> {
    let refused = is_refused(item, output);
    if count(output, "__smartasync_bridge") > count(item, "__smartasync_bridge") {
        return Err("the path of `bridge` was left out".to_owned());
    }
    let Ok(given) = syn::parse2::<Given>(item.clone()) else {
        return Ok(());
    };
    parse(&given, output).map_err(|error| format!("no Rust: {error}"))?;
    let name = &given.sig.ident;
    if !declares(output, name) {
        return Err(format!("`{name}` is gone"));
    }
    if refused {
        return Ok(());
    }
    let text = output.to_string();
    for attr in given.attrs.iter().filter(|attr| stays(attr)) {
        if !text.contains(&attr.to_token_stream().to_string()) {
            return Err(format!("{} is gone", attr.to_token_stream()));
        }
    }
    let vis = given.vis.to_token_stream().to_string();
    if !text.contains(&vis) {
        return Err(format!("{vis} is gone"));
    }
    match &given.body {
        Some(body) if given.sig.asyncness.is_some() => {
            let body = body.to_string();
            if !text.contains(&body) {
                return Err("the body has changed".to_owned());
            }
        }
        _ => {}
    }
    Ok(())
}

/// Returns whether the output is an error about the item.
pub(super) fn is_refused(item: &TokenStream, output: &TokenStream) -> bool {
    count(output, REFUSAL) > count(item, REFUSAL)
}

/// A function that the compiler's parser takes. The rest of the item is its body.
struct Given {
    attrs: Vec<Attribute>,
    vis: Visibility,
    sig: Signature,
    /// The tokens between the braces.
    body: Option<TokenStream>,
}

impl Parse for Given {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut attrs = input.call(Attribute::parse_outer)?;
        let vis = input.parse()?;
        let sig = input.parse()?;
        let body = if input.peek(Token![;]) {
            input.parse::<Token![;]>()?;
            None
        } else {
            let content;
            syn::braced!(content in input);
            let mut inner = content.call(Attribute::parse_inner)?;
            for attr in &mut inner {
                attr.style = syn::AttrStyle::Outer;
            }
            attrs.extend(inner);
            let statements = content.fork().parse::<TokenStream>()?;
            content.call(Block::parse_within)?;
            Some(statements)
        };
        Ok(Self {
            attrs,
            vis,
            sig,
            body,
        })
    }
}

/// Parses the output in the place of the function: in a trait, an `impl`, or a module.
fn parse(given: &Given, output: &TokenStream) -> syn::Result<()> {
    if given.body.is_none() {
        syn::parse2::<ItemTrait>(quote! { trait T { #output } }).map(drop)
    } else if given.sig.receiver().is_some() {
        syn::parse2::<ItemImpl>(quote! { impl T { #output } }).map(drop)
    } else {
        syn::parse2::<File>(output.clone()).map(drop)
    }
}

/// Returns whether a function of that name is declared outside of all brackets.
fn declares(output: &TokenStream, name: &Ident) -> bool {
    let tokens: Vec<TokenTree> = output.clone().into_iter().collect();
    tokens.windows(2).any(|pair| {
        matches!(pair, [TokenTree::Ident(word), TokenTree::Ident(declared)]
            if word == "fn" && declared == name)
    })
}

/// Returns whether an attribute must be in the output. The call's own text replaces
/// `#[must_use]`.
fn stays(attr: &Attribute) -> bool {
    !matches!(&attr.meta, Meta::Path(path) if path.is_ident("must_use"))
}

/// Counts a word in the tokens.
fn count(tokens: &TokenStream, word: &str) -> usize {
    let of = |token: TokenTree| match token {
        TokenTree::Ident(ident) => usize::from(ident == word),
        TokenTree::Group(group) => count(&group.stream(), word),
        TokenTree::Punct(_) | TokenTree::Literal(_) => 0,
    };
    tokens.clone().into_iter().map(of).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(item: TokenStream, output: TokenStream) -> String {
        judge(&item, &output).err().unwrap_or_default()
    }

    #[test]
    fn every_promise_can_be_broken() {
        let item = quote! { #[cold] pub async fn f() { 1 } };
        let right = quote! { #[cold] pub fn f() -> C { call({ 1 }) } };
        assert_eq!(found(item.clone(), right), "");
        for (wrong, expected) in [
            (quote! { #[cold] pub fn f() -> { call({ 1 }) } }, "no Rust"),
            (
                quote! { #[cold] pub fn g() -> C { call({ 1 }) } },
                "`f` is gone",
            ),
            (
                quote! { pub fn f() -> C { call({ 1 }) } },
                "# [cold] is gone",
            ),
            (
                quote! { #[cold] fn f() -> C { call({ 1 }) } },
                "pub is gone",
            ),
            (
                quote! { #[cold] pub fn f() -> C { call({ 2 }) } },
                "the body",
            ),
            (
                quote! { #[cold] pub fn f() -> ::__smartasync_bridge::C { call({ 1 }) } },
                "the path",
            ),
        ] {
            let why = found(item.clone(), wrong.clone());
            assert!(why.starts_with(expected), "{why:?} of {wrong}");
        }
    }

    #[test]
    fn a_refusal_may_change_the_function_but_not_lose_it() {
        let item = quote! { const fn f() {} };
        let refused = quote! { ::core::compile_error! { "why" } fn f() {} };
        assert!(is_refused(&item, &refused));
        assert_eq!(found(item.clone(), refused), "");
        assert_eq!(
            found(item, quote! { ::core::compile_error! { "why" } }),
            "`f` is gone"
        );
    }
}
