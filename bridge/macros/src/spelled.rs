//! Finds lifetimes in a body that `'_` cannot replace.
//!
//! The body of a closure cannot name the lifetimes of its arguments, so `'_`
//! replaces them and the compiler infers which is meant. But in the parameters
//! of a closure, and in `fn(…) -> …` and `Fn(…) -> …`, `'_` declares a new
//! lifetime.

use proc_macro2::{Delimiter, Ident, TokenStream, TokenTree};

use crate::rewrite::{is_lifetime, is_punct, nested_item};

/// The names whose parentheses contain the parameters of a function.
const FUNCTIONS: [&str; 7] = [
    "fn",
    "Fn",
    "FnMut",
    "FnOnce",
    "AsyncFn",
    "AsyncFnMut",
    "AsyncFnOnce",
];

/// The words after which `|` begins a closure.
const BEFORE_CLOSURES: [&str; 9] = [
    "async", "break", "else", "if", "in", "match", "move", "return", "static",
];

/// Returns whether a body names one of the lifetimes in such a place.
pub(crate) fn spells(body: TokenStream, lifetimes: &[Ident]) -> bool {
    let tokens: Vec<TokenTree> = body.into_iter().collect();
    let mut i = 0;
    while i < tokens.len() {
        let rest = &tokens[i..];
        if let Some(end) = nested_item(rest) {
            i += end;
            continue;
        }
        let own = signature(rest).or_else(|| closure(&tokens[..i], rest));
        let found = match (own, &tokens[i]) {
            (Some(own), _) => mentions(own, lifetimes),
            (None, TokenTree::Group(group)) => spells(group.stream(), lifetimes),
            (None, _) => false,
        };
        if found {
            return true;
        }
        // No closure can begin directly after parameters.
        i += own.map_or(1, <[_]>::len);
    }
    false
}

/// Returns `fn(…) -> …` or a similar type, if one begins here.
fn signature(tokens: &[TokenTree]) -> Option<&[TokenTree]> {
    let [TokenTree::Ident(name), TokenTree::Group(group), after @ ..] = tokens else {
        return None;
    };
    let is = group.delimiter() == Delimiter::Parenthesis && FUNCTIONS.iter().any(|f| name == f);
    is.then(|| {
        let returns = match after {
            [arrow, _, ty @ ..] if is_punct(Some(arrow), "->") => 2 + output(ty),
            _ => 0,
        };
        &tokens[..2 + returns]
    })
}

/// Returns the length of a return type.
fn output(tokens: &[TokenTree]) -> usize {
    let mut depth = 0;
    let end = tokens
        .iter()
        .enumerate()
        .position(|(i, token)| match token {
            TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
            TokenTree::Punct(punct) => match punct.as_char() {
                '<' => {
                    depth += 1;
                    false
                }
                '>' if i > 0 && is_punct(tokens.get(i - 1), "->") => false,
                '>' => {
                    depth -= 1;
                    depth < 0
                }
                ',' | ';' | '=' | '+' | '|' => depth == 0,
                _ => false,
            },
            _ => false,
        });
    end.unwrap_or(tokens.len())
}

/// Returns the parameters of a closure between their bars, if they begin here.
fn closure<'a>(before: &[TokenTree], tokens: &'a [TokenTree]) -> Option<&'a [TokenTree]> {
    if !is_punct(tokens.first(), "|") {
        return None;
    }
    let begins = match before.last() {
        None => true,
        Some(TokenTree::Ident(word)) => BEFORE_CLOSURES.iter().any(|known| word == known),
        Some(TokenTree::Punct(punct)) => !"?|".contains(punct.as_char()),
        Some(TokenTree::Group(group)) => group.delimiter() == Delimiter::Brace,
        Some(TokenTree::Literal(_)) => false,
    };
    let end = tokens[1..]
        .iter()
        .position(|token| is_punct(Some(token), "|"))?;
    begins.then(|| &tokens[..end + 2])
}

/// Returns whether the tokens contain one of the lifetimes.
fn mentions(tokens: &[TokenTree], lifetimes: &[Ident]) -> bool {
    tokens.iter().enumerate().any(|(i, token)| match token {
        TokenTree::Ident(name) => lifetimes.contains(name) && is_lifetime(tokens, i),
        TokenTree::Group(group) => {
            let inner: Vec<TokenTree> = group.stream().into_iter().collect();
            mentions(&inner, lifetimes)
        }
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use proc_macro2::{Punct, Spacing, Span};
    use quote::quote;

    use super::*;

    #[test]
    fn in_what_has_parameters_of_its_own() {
        let lifetimes = [Ident::new("a", Span::call_site())];
        for (body, expected) in [
            (quote! { let f: &dyn Fn() -> &'a str = &|| x; }, true),
            (quote! { let f: Box<dyn Fn(&'a str) -> u8> = g(); }, true),
            (quote! { let f: fn(u8) -> Vec<Option<&'a str>> = g; }, true),
            (quote! { let f: fn(u8) -> fn(u8) -> &'a str = g; }, true),
            (quote! { let f: fn() -> u8 = g::<&'a str>; }, false),
            (quote! { g(move |y: &'a str| v.push(y)) }, true),
            (quote! { { v.iter().map(|(y, z): (u8, &'a str)| y) } }, true),
            (quote! { let pick = |b: bool| -> &'a str { x }; }, false),
            (quote! { let f: Box<dyn Fn() -> u8 + 'a> = g; }, false),
            (quote! { let f: Map<fn() -> u8, &'a str> = g; }, false),
            (
                quote! { let f: fn() -> fn() -> u8 = g; let y: &'a u8 = x; },
                false,
            ),
            (
                quote! { let d: &dyn T<'a> = &x; let v: Vec<&'a str> = w; },
                false,
            ),
            (quote! { let f: fn() -> u8; let y: &'a str = x; }, false),
            (
                quote! { let f = || -> fn() -> u8 { let y: &'a str = x; g }; },
                false,
            ),
            (quote! { a | b; let y: &'a str = x; c | d }, false),
            (quote! { a? | b::<&'a str>() | c }, false),
            (quote! { f(x) | b::<&'a str>() | c }, false),
            (quote! { 1 | b::<&'a str>() | c }, false),
            (quote! { {} |y: &'a u8| *y }, true),
            (quote! { f(|| { let y: &'a str = x; y.len() | 1 }) }, false),
            (
                quote! { fn g<'a>(f: fn(&'a str) -> &'a str) {} g(x) },
                false,
            ),
            (
                quote! { let f: fn(&'b str) -> &'b str = g; 'a: loop {} },
                false,
            ),
        ] {
            assert_eq!(spells(body.clone(), &lifetimes), expected, "{body}");
        }
    }

    #[test]
    fn after_each_name_and_each_word() {
        let lifetimes = [Ident::new("a", Span::call_site())];
        for name in "fn Fn FnMut FnOnce AsyncFn AsyncFnMut AsyncFnOnce".split(' ') {
            let name = Ident::new(name, Span::call_site());
            let body = quote! { let f: Box<dyn #name(&'a u8)> = g; };
            assert!(spells(body.clone(), &lifetimes), "{body}");
        }
        for word in "async break else if in match move return static".split(' ') {
            let word = Ident::new(word, Span::call_site());
            let body = quote! { x; #word |y: &'a u8| *y };
            assert!(spells(body.clone(), &lifetimes), "{body}");
        }
    }

    /// As in a function that is still being written.
    #[test]
    fn half_an_arrow_is_none() {
        let lifetimes = [Ident::new("a", Span::call_site())];
        let half = Punct::new('-', Spacing::Joint);
        assert!(!spells(quote! { fn(&str) #half }, &lifetimes));
    }
}
