//! Small changes to a body that is only known as tokens.
//!
//! A smart `fn`'s body becomes a closure's. There `self` can't be a parameter,
//! so it gets another name; and the function's lifetimes become `'_`, since the
//! closure is called with lifetimes of its own. Nested items have their own
//! `self` and lifetimes and are left alone; macros' arguments are not.

use proc_macro2::{Delimiter, Group, Ident, Literal, TokenStream, TokenTree};

use crate::{function::regroup, names::Names};

/// What `self` is called in the closure.
pub(crate) fn self_name(names: &Names) -> String {
    names.free("smartasync_self")
}

/// The macros whose literal may name `self`, with the arguments before it.
const FORMATTING: [(&str, usize); 24] = [
    ("format", 0),
    ("format_args", 0),
    ("print", 0),
    ("println", 0),
    ("eprint", 0),
    ("eprintln", 0),
    ("panic", 0),
    ("todo", 0),
    ("unimplemented", 0),
    ("unreachable", 0),
    ("write", 1),
    ("writeln", 1),
    ("assert", 1),
    ("assert_eq", 2),
    ("assert_ne", 2),
    ("debug_assert", 1),
    ("debug_assert_eq", 2),
    ("debug_assert_ne", 2),
    ("trace", 0),
    ("debug", 0),
    ("info", 0),
    ("warn", 0),
    ("error", 0),
    ("bail", 0),
];

/// Renames `self` to this, and these lifetimes to `'_`.
pub(crate) fn body(body: &Group, this: &str, lifetimes: &[Ident]) -> Group {
    match stream(body.stream(), this, lifetimes) {
        Some(changed) => regroup(body, changed),
        None => body.clone(),
    }
}

/// Whether a name is anywhere in these tokens.
pub(crate) fn mentions(tokens: &TokenStream, name: &Ident) -> bool {
    tokens.clone().into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == *name,
        TokenTree::Group(group) => mentions(&group.stream(), name),
        TokenTree::Punct(_) | TokenTree::Literal(_) => false,
    })
}

/// The tokens with what has to be changed, if anything has.
fn stream(tokens: TokenStream, this: &str, lifetimes: &[Ident]) -> Option<TokenStream> {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut out = Vec::with_capacity(tokens.len());
    let mut changed = false;
    let mut i = 0;
    while let Some(token) = tokens.get(i) {
        if let Some(end) = nested_item(&tokens[i..]) {
            out.extend_from_slice(&tokens[i..i + end]);
            i += end;
            continue;
        }
        let new = match token {
            TokenTree::Ident(ident) if ident == "self" && !is_punct(tokens.get(i + 1), "::") => {
                Some(Ident::new(this, ident.span()).into())
            }
            TokenTree::Ident(ident) if lifetimes.contains(ident) && is_lifetime(&tokens, i) => {
                Some(Ident::new("_", ident.span()).into())
            }
            TokenTree::Group(group) => {
                let inner = stream(group.stream(), this, lifetimes);
                let named = formatting(&tokens[..i]).and_then(|skip| {
                    let inner = inner.clone().unwrap_or_else(|| group.stream());
                    name_in_literal(inner, this, skip)
                });
                named.or(inner).map(|inner| regroup(group, inner).into())
            }
            _ => None,
        };
        changed |= new.is_some();
        out.push(new.unwrap_or_else(|| token.clone()));
        i += 1;
    }
    changed.then(|| out.into_iter().collect())
}

/// The length of the item that begins here and brings its own names.
fn nested_item(tokens: &[TokenTree]) -> Option<usize> {
    let keyword = match tokens {
        [TokenTree::Ident(keyword), ..] => keyword.to_string(),
        _ => return None,
    };
    let named = matches!(tokens.get(1), Some(TokenTree::Ident(_)));
    let item = match &*keyword {
        "impl" | "trait" => true,
        "fn" | "mod" | "struct" | "enum" | "type" => named,
        _ => false,
    };
    let end = |token: &TokenTree| match token {
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        TokenTree::Punct(punct) => punct.as_char() == ';',
        _ => false,
    };
    item.then(|| {
        tokens
            .iter()
            .position(end)
            .map_or(tokens.len(), |end| end + 1)
    })
}

/// Whether the identifier at `i` is a lifetime and not a loop's label.
fn is_lifetime(tokens: &[TokenTree], i: usize) -> bool {
    let quoted = i > 0 && is_punct(tokens.get(i - 1), "'");
    let jump = i > 1
        && matches!(&tokens[i - 2], TokenTree::Ident(word) if word == "break" || word == "continue");
    let label = is_punct(tokens.get(i + 1), ":") && !is_punct(tokens.get(i + 2), ":");
    quoted && !jump && !label
}

/// Whether this is the first character of that punctuation.
fn is_punct(token: Option<&TokenTree>, text: &str) -> bool {
    match token {
        Some(TokenTree::Punct(punct)) => {
            text.starts_with(punct.as_char())
                && (text.len() == 1 || punct.spacing() == proc_macro2::Spacing::Joint)
        }
        _ => false,
    }
}

/// If `before` ends in a formatting macro's name and `!`: the arguments before
/// its literal.
fn formatting(before: &[TokenTree]) -> Option<usize> {
    let [.., TokenTree::Ident(name), TokenTree::Punct(bang)] = before else {
        return None;
    };
    let skip = FORMATTING.iter().find(|(known, _)| name == known)?.1;
    (bang.as_char() == '!').then_some(skip)
}

/// Renames `{self}` in the first literal that is an argument by itself, if it
/// is there.
fn name_in_literal(args: TokenStream, this: &str, skip: usize) -> Option<TokenStream> {
    let comma = |token: Option<&TokenTree>| is_punct(token, ",");
    let mut tokens: Vec<TokenTree> = args.into_iter().collect();
    let mut commas = 0;
    for i in 0..tokens.len() {
        commas += usize::from(comma(tokens.get(i)));
        let starts = i == 0 || comma(tokens.get(i - 1));
        let ends = i + 1 == tokens.len() || comma(tokens.get(i + 1));
        if let TokenTree::Literal(literal) = &tokens[i]
            && starts
            && ends
            && commas >= skip
        {
            tokens[i] = renamed_literal(literal, this)?.into();
            return Some(tokens.into_iter().collect());
        }
    }
    None
}

fn renamed_literal(literal: &Literal, this: &str) -> Option<Literal> {
    // Escaped braces are put out of the way: NUL can't be in a literal's source.
    let text = literal.to_string().replace("{{", "\0");
    let new = text
        .replace("{self}", &format!("{{{this}}}"))
        .replace("{self:", &format!("{{{this}:"));
    if new == text {
        return None;
    }
    let mut new: Literal = new.replace('\0', "{{").parse().ok()?;
    new.set_span(literal.span());
    Some(new)
}

#[cfg(test)]
mod tests {
    use proc_macro2::Span;
    use quote::quote;

    use super::*;

    #[expect(clippy::needless_pass_by_value, reason = "the tests read better")]
    fn check(before: TokenStream, after: TokenStream) {
        let lifetimes = [Ident::new("a", Span::call_site())];
        let changed = stream(before.clone(), "smartasync_self", &lifetimes);
        assert_eq!(
            changed.is_some(),
            before.to_string() != after.to_string(),
            "what is not changed keeps its places"
        );
        assert_eq!(changed.unwrap_or(before).to_string(), after.to_string());
    }

    #[test]
    fn self_is_renamed_also_in_macros() {
        check(
            quote! { self.x + vec![self.y, *self][0] },
            quote! { smartasync_self.x + vec![smartasync_self.y, *smartasync_self][0] },
        );
        check(quote! { self::f(Self::g()) }, quote! { self::f(Self::g()) });
    }

    #[test]
    fn format_strings_too_but_no_other_literals() {
        check(
            quote! { println!("{self} {self:?} {{self}}") },
            quote! { println!("{smartasync_self} {smartasync_self:?} {{self}}") },
        );
        check(
            quote! { assert_eq!("{self}", x, "{self}") },
            quote! { assert_eq!("{self}", x, "{smartasync_self}") },
        );
        check(quote! { json!("{self}") }, quote! { json!("{self}") });
        check(quote! { f("{self}") }, quote! { f("{self}") });
    }

    #[test]
    fn nested_items_keep_their_own() {
        check(
            quote! { impl<'a> X<'a> { fn f(&self) { self.x } } fn g<'a>(x: &'a u8) {} self },
            quote! { impl<'a> X<'a> { fn f(&self) { self.x } } fn g<'a>(x: &'a u8) {} smartasync_self },
        );
    }

    #[test]
    fn lifetimes_are_erased_and_labels_are_not() {
        check(quote! { let x: &'a u8 = y; }, quote! { let x: &'_ u8 = y; });
        check(
            quote! { 'a: loop { break 'a; } let c = 'a'; },
            quote! { 'a: loop { break 'a; } let c = 'a'; },
        );
    }
}
