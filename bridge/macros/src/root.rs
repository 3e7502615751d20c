//! Puts the path of `bridge` into the output: `::bridge`, or the path in the
//! option `crate`.
//!
//! The rest of this crate writes `::__smartasync_bridge` as a placeholder. No
//! user's module or crate has that name. Groups without a placeholder stay unchanged, so
//! the user's tokens keep their spans.

use proc_macro2::{Group, Ident, Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::Path;

const PLACE: &str = "__smartasync_bridge";

/// Replaces each placeholder by the path of `bridge`.
pub(crate) fn put(output: TokenStream, path: Option<&Path>) -> TokenStream {
    replaced(output.clone(), path).unwrap_or(output)
}

/// Returns the tokens with the path, or `None` if they contain no placeholder.
fn replaced(tokens: TokenStream, path: Option<&Path>) -> Option<TokenStream> {
    let mut out: Vec<TokenTree> = Vec::new();
    let mut found = false;
    for token in tokens {
        match token {
            TokenTree::Ident(ident) if ident == PLACE && is_absolute(&out) => {
                found = true;
                match path {
                    None => out.push(Ident::new("bridge", ident.span()).into()),
                    Some(path) => {
                        // Drop the leading colons, because the path brings its
                        // own if it needs them.
                        out.truncate(out.len() - 2);
                        out.extend(path.to_token_stream().into_iter().map(ours));
                    }
                }
            }
            TokenTree::Group(group) => {
                let inner = replaced(group.stream(), path);
                found |= inner.is_some();
                out.push(
                    inner
                        .map_or(group.clone(), |inner| within(&group, inner))
                        .into(),
                );
            }
            token => out.push(token),
        }
    }
    found.then(|| out.into_iter().collect())
}

/// Gives a token of the path the macro's hygiene, at the user's place.
///
/// Some lints look at the first token of the output, and would take the output
/// for the user's. `$crate` has a meaning only with its own span.
fn ours(mut token: TokenTree) -> TokenTree {
    if token.to_string() != "$crate" {
        token.set_span(Span::call_site().located_at(token.span()));
    }
    token
}

/// Returns whether the tokens end in `::`.
fn is_absolute(before: &[TokenTree]) -> bool {
    let colon = |token: &TokenTree| matches!(token, TokenTree::Punct(p) if p.as_char() == ':');
    matches!(before, [.., a, b] if colon(a) && colon(b))
}

fn within(group: &Group, stream: TokenStream) -> Group {
    let mut new = Group::new(group.delimiter(), stream);
    new.set_span(group.span());
    new
}

#[cfg(test)]
mod tests {
    use quote::quote;
    use syn::parse_quote;

    use super::put;

    /// Otherwise a module of the user that is called `__bridge` becomes another one.
    #[test]
    fn a_name_of_the_user_stays() {
        for body in [
            "self::__bridge::f()",
            "$crate::__bridge::f()",
            "<T as ::__bridge::A>::__bridge::B",
        ] {
            let body: proc_macro2::TokenStream = body.parse().unwrap();
            let expected = body.to_string();
            assert_eq!(put(body, None).to_string(), expected);
        }
    }

    #[test]
    fn every_place_and_no_other() {
        let output = quote! {
            fn f() -> ::__smartasync_bridge::A<::bridge::B> { ::__smartasync_bridge::c(__smartasync_bridge, (x::y, [::__smartasync_bridge::d])) }
        };
        for (path, expected) in [
            (
                None,
                quote! { fn f() -> ::bridge::A<::bridge::B> { ::bridge::c(__smartasync_bridge, (x::y, [::bridge::d])) } },
            ),
            (
                Some(parse_quote! { crate::br }),
                quote! { fn f() -> crate::br::A<::bridge::B> { crate::br::c(__smartasync_bridge, (x::y, [crate::br::d])) } },
            ),
            (
                Some(parse_quote! { ::br }),
                quote! { fn f() -> ::br::A<::bridge::B> { ::br::c(__smartasync_bridge, (x::y, [::br::d])) } },
            ),
        ] {
            let put = put(output.clone(), path.as_ref());
            assert_eq!(put.to_string(), expected.to_string());
        }
    }
}
