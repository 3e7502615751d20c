//! Renames `self` in the arguments of macros that quote tokens.
//!
//! The tokens in `quote! { … }` are data, and a silent change of data is worse
//! than an error of the compiler. Only a name after `#` is a value of the body.

use proc_macro2::{Ident, TokenStream, TokenTree};

use crate::{function::regroup, rewrite::is_punct};

/// The macros, with whether an expression and `=>` are before the quoted
/// tokens.
const MACROS: [(&str, bool); 4] = [
    ("quote", false),
    ("quote_spanned", true),
    ("parse_quote", false),
    ("parse_quote_spanned", true),
];

/// Splits the arguments of a quoting macro into an expression and the quoted
/// tokens. `before` must end in the macro's name and `!`.
pub(crate) fn split(before: &[TokenTree], args: TokenStream) -> Option<(TokenStream, TokenStream)> {
    let [.., TokenTree::Ident(name), bang] = before else {
        return None;
    };
    let after_arrow = MACROS.iter().find(|(known, _)| name == known)?.1;
    let mut args: Vec<TokenTree> = args.into_iter().collect();
    let arrow = args.iter().position(|token| is_punct(Some(token), "=>"));
    let begin = match arrow {
        Some(arrow) if after_arrow => arrow + 2,
        _ => 0,
    };
    let quoted = args.split_off(begin.min(args.len()));
    is_punct(Some(bang), "!").then(|| (args.into_iter().collect(), quoted.into_iter().collect()))
}

/// Renames `self` to `this` after each `#`. Returns `None` if nothing changed.
pub(crate) fn name_self(quoted: TokenStream, this: &str) -> Option<TokenStream> {
    let mut inserted = false;
    let mut changed = false;
    let rename = |token| {
        let new = match &token {
            TokenTree::Ident(name) if inserted && name == "self" => {
                Some(Ident::new(this, name.span()).into())
            }
            TokenTree::Group(group) => {
                name_self(group.stream(), this).map(|inner| regroup(group, inner).into())
            }
            _ => None,
        };
        inserted = is_punct(Some(&token), "#");
        changed |= new.is_some();
        new.unwrap_or(token)
    };
    let renamed = quoted.into_iter().map(rename).collect();
    changed.then_some(renamed)
}
