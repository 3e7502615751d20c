//! Chooses names for the expansion that the function does not use itself.
//!
//! Hygiene separates the macro's local variables from the user's. It does not
//! separate lifetimes and type parameters. It cannot hide the closure's name
//! for `self` either, because a format string must find it. Users see these
//! names in messages and documentation, so each is derived from its argument.

use std::collections::HashSet;

use proc_macro2::{Ident, TokenStream, TokenTree};
use syn::{FnArg, Pat, ext::IdentExt};

/// All names in a function's tokens.
#[derive(Clone)]
pub(crate) struct Names(HashSet<String>);

impl Names {
    /// Collects the names in the tokens of a function.
    pub(crate) fn of(tokens: TokenStream) -> Self {
        let mut names = Self(HashSet::new());
        names.collect(tokens);
        names
    }

    fn collect(&mut self, tokens: TokenStream) {
        for token in tokens {
            match token {
                TokenTree::Group(group) => self.collect(group.stream()),
                TokenTree::Ident(ident) => {
                    self.0.insert(ident.to_string());
                }
                TokenTree::Punct(_) | TokenTree::Literal(_) => {}
            }
        }
    }

    /// Returns `name`, with as many `_` added as make it unused.
    pub(crate) fn free(&self, name: &str) -> String {
        let mut name = name.to_owned();
        while self.0.contains(&name) {
            name.push('_');
        }
        name
    }

    /// Returns a name that neither the user nor `ours` contains: `name`, with a
    /// number or `_` if needed.
    pub(crate) fn next(&self, name: &str, ours: &[Ident]) -> String {
        let mut free = self.free(name);
        let mut count = 1;
        while ours.iter().any(|known| *known == free) {
            count += 1;
            free = self.free(&format!("{name}{count}"));
        }
        free
    }
}

/// Returns the name of an argument in lower case, without outer `_`.
pub(crate) fn argument(input: &FnArg) -> String {
    let FnArg::Typed(arg) = input else {
        return "self".to_owned();
    };
    let name = match &*arg.pat {
        Pat::Ident(pat) => pat.ident.unraw().to_string().to_lowercase(),
        _ => String::new(),
    };
    match name.trim_matches('_') {
        "" => "arg".to_owned(),
        name => name.to_owned(),
    }
}

/// Turns `some_words` into `SomeWords`.
pub(crate) fn camel(words: &str) -> String {
    let word = |word: &str| {
        let mut letters = word.chars();
        let first = letters.next().into_iter().flat_map(char::to_uppercase);
        first.chain(letters).collect::<String>()
    };
    words.split('_').map(word).collect()
}

#[cfg(test)]
mod tests {
    use proc_macro2::Span;
    use quote::quote;
    use syn::parse_quote;

    use super::*;

    #[test]
    fn taken_names_get_a_tail() {
        let names = Names::of(quote! { fn f<'_x>(self_: u8) { { self__ } run } });
        for (name, free) in [("_x", "_x_"), ("self_", "self___"), ("_y", "_y")] {
            assert_eq!(names.free(name), free);
        }
    }

    #[test]
    fn ours_are_counted() {
        let names = Names::of(quote! { _x2 });
        let ours = ["_x", "_x3"].map(|name| Ident::new(name, Span::call_site()));
        for (count, next) in ["_x", "_x2_", "_x2_"].iter().enumerate() {
            assert_eq!(names.next("_x", &ours[..count]), *next);
        }
    }

    #[test]
    fn after_the_argument() {
        let args: [(FnArg, &str, &str); 5] = [
            (parse_quote! { &self }, "self", "Self"),
            (parse_quote! { mut by_key: u8 }, "by_key", "ByKey"),
            (parse_quote! { r#type: u8 }, "type", "Type"),
            (parse_quote! { _XY: u8 }, "xy", "Xy"),
            (parse_quote! { (a, b): (u8, u8) }, "arg", "Arg"),
        ];
        for (input, name, shown) in args {
            assert_eq!(argument(&input), name);
            assert_eq!(camel(&argument(&input)), shown);
        }
    }
}
