//! Small changes to a body that is only known as tokens.
//!
//! The body of a smart `fn` becomes the body of a closure. A closure has no
//! parameter `self`, so `self` gets another name. The function's lifetimes
//! become `'_`, because each call of the closure has lifetimes of its own.
//! Nested items have their own `self` and lifetimes, so they stay unchanged.
//! The arguments of macros change too, except for tokens that a macro quotes.

use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};

use crate::{formatting, function::regroup, names::Names, quoted};

/// Returns the name of `self` in the closure. Macros that print their arguments
/// show it, so it looks as much like `self` as a name can.
pub(crate) fn self_name(names: &Names) -> String {
    names.free("self_")
}

/// Renames `self` to `this`, if that is given, and `lifetimes` to `'_`.
pub(crate) fn body(body: &Group, this: Option<&str>, lifetimes: &[Ident]) -> Group {
    match stream(body.stream(), this, lifetimes) {
        Some(changed) => regroup(body, changed),
        None => body.clone(),
    }
}

/// Returns whether the tokens contain a name.
pub(crate) fn mentions(tokens: &TokenStream, name: &str) -> bool {
    tokens.clone().into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == name,
        TokenTree::Group(group) => mentions(&group.stream(), name),
        TokenTree::Punct(_) | TokenTree::Literal(_) => false,
    })
}

/// Returns whether the tokens use a name for certain. A use that depends on a
/// `cfg`, or that is inside a macro's arguments, is not certain.
pub(crate) fn uses(tokens: &TokenStream, name: &str) -> bool {
    let tokens: Vec<TokenTree> = tokens.clone().into_iter().collect();
    let conditional = tokens.windows(2).any(|pair| match pair {
        [hash, TokenTree::Group(attr)] if is_punct(Some(hash), "#") => {
            matches!(attr.stream().into_iter().next(), Some(TokenTree::Ident(word)) if word == "cfg" || word == "cfg_attr")
        }
        _ => false,
    });
    !conditional
        && tokens.iter().enumerate().any(|(i, token)| match token {
            TokenTree::Ident(ident) => ident == name,
            TokenTree::Group(group) => {
                let called = i > 0 && is_punct(tokens.get(i - 1), "!");
                !called && uses(&group.stream(), name)
            }
            TokenTree::Punct(_) | TokenTree::Literal(_) => false,
        })
}

/// Returns the changed tokens, or `None` if nothing changed.
fn stream(tokens: TokenStream, this: Option<&str>, lifetimes: &[Ident]) -> Option<TokenStream> {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut out = Vec::with_capacity(tokens.len());
    let mut changed = false;
    let mut i = 0;
    while let Some(token) = tokens.get(i) {
        if let Some(end) = nested_item(&tokens[i..]).or_else(|| visibility(&tokens[i..])) {
            out.extend_from_slice(&tokens[i..i + end]);
            i += end;
            continue;
        }
        let new = match token {
            TokenTree::Ident(ident) if ident == "self" && !is_punct(tokens.get(i + 1), "::") => {
                this.map(|this| Ident::new(this, ident.span()).into())
            }
            TokenTree::Ident(ident) if lifetimes.contains(ident) && is_lifetime(&tokens, i) => {
                Some(Ident::new("_", ident.span()).into())
            }
            TokenTree::Group(group) => arguments(&tokens[..i], group.stream(), this, lifetimes)
                .map(|inner| regroup(group, inner).into()),
            _ => None,
        };
        changed |= new.is_some();
        out.push(new.unwrap_or_else(|| token.clone()));
        i += 1;
    }
    changed.then(|| out.into_iter().collect())
}

/// Returns the changed tokens of a group, which may be the arguments of a macro
/// that `before` ends with. Returns `None` if nothing changed.
fn arguments(
    before: &[TokenTree],
    args: TokenStream,
    this: Option<&str>,
    lifetimes: &[Ident],
) -> Option<TokenStream> {
    if let Some((head, quoted)) = quoted::split(before, args.clone()) {
        let new_head = stream(head.clone(), this, lifetimes);
        let new_quoted = this.and_then(|this| quoted::name_self(quoted.clone(), this));
        return (new_head.is_some() || new_quoted.is_some()).then(|| {
            let parts = [new_head.unwrap_or(head), new_quoted.unwrap_or(quoted)];
            parts.into_iter().collect()
        });
    }
    let inner = stream(args.clone(), this, lifetimes);
    let named = this
        .zip(formatting::skipped(before))
        .and_then(|(this, skip)| formatting::name_self(inner.clone().unwrap_or(args), this, skip));
    named.or(inner)
}

/// Returns the length of the item that begins here and has its own names.
pub(crate) fn nested_item(tokens: &[TokenTree]) -> Option<usize> {
    let keyword = match tokens {
        [TokenTree::Ident(keyword), ..] => keyword.to_string(),
        _ => return None,
    };
    // `union` may be a variable, which other keywords follow than a name.
    let named = matches!(tokens.get(1), Some(TokenTree::Ident(name)) if !["as", "else", "if", "in"].iter().any(|word| name == word));
    let item = match &*keyword {
        "impl" | "trait" => true,
        // In `std::fmt::{self, Write}`, `self` means a module.
        "use" => !is_punct(tokens.get(1), "<"),
        "fn" | "mod" | "struct" | "enum" | "union" | "type" => named,
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

/// Returns the length of a visibility such as `pub(self)`, if one begins here.
fn visibility(tokens: &[TokenTree]) -> Option<usize> {
    match tokens {
        [TokenTree::Ident(word), TokenTree::Group(group), ..]
            if word == "pub" && group.delimiter() == Delimiter::Parenthesis =>
        {
            Some(2)
        }
        _ => None,
    }
}

/// Returns whether the identifier at `i` is a lifetime and not a loop's label.
pub(crate) fn is_lifetime(tokens: &[TokenTree], i: usize) -> bool {
    let quoted = i > 0 && is_punct(tokens.get(i - 1), "'");
    let jump = i > 1
        && matches!(&tokens[i - 2], TokenTree::Ident(word) if word == "break" || word == "continue");
    let label = is_punct(tokens.get(i + 1), ":") && !is_punct(tokens.get(i + 2), ":");
    quoted && !jump && !label
}

/// Returns whether a token is the first character of this punctuation.
pub(crate) fn is_punct(token: Option<&TokenTree>, text: &str) -> bool {
    match token {
        Some(TokenTree::Punct(punct)) => {
            text.starts_with(punct.as_char())
                && (text.len() == 1 || punct.spacing() == proc_macro2::Spacing::Joint)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use proc_macro2::Span;
    use quote::quote;

    use super::*;

    #[expect(clippy::needless_pass_by_value, reason = "the tests read better")]
    fn check(before: TokenStream, after: TokenStream) {
        let lifetimes = [Ident::new("a", Span::call_site())];
        let changed = stream(before.clone(), Some("self_"), &lifetimes);
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
            quote! { self_.x + vec![self_.y, *self_][0] },
        );
        check(quote! { self::f(Self::g()) }, quote! { self::f(Self::g()) });
    }

    /// Otherwise a macro that writes methods writes other ones.
    #[test]
    fn quoted_tokens_stay() {
        for same in [
            "quote! { self.x; let y: &'a u8; println!(\"{self}\") }",
            "quote::quote! { fn f<'a>(&self) { (self.x) } }",
            "syn::parse_quote!(self.#name(&'a self))",
            "quote_spanned! { span => self => 'a }",
            "parse_quote_spanned!(span=> self)",
        ] {
            let same: TokenStream = same.parse().unwrap();
            check(same.clone(), same);
        }
        for (before, after) in [
            (
                "quote! { self.x + #self + { #(#self,)* } }",
                "quote! { self.x + #self_ + { #(#self_,)* } }",
            ),
            (
                "quote! { fn f(&self) { #self } }",
                "quote! { fn f(&self) { #self_ } }",
            ),
            (
                "quote_spanned! { self.span::<'a>() => self + #self }",
                "quote_spanned! { self_.span::<'_>() => self + #self_ }",
            ),
            ("quote(self.x)", "quote(self_.x)"),
            ("let quote = (self.x, 1);", "let quote = (self_.x, 1);"),
        ] {
            check(before.parse().unwrap(), after.parse().unwrap());
        }
    }

    #[test]
    fn a_use_is_one_for_certain() {
        for (body, expected) in [
            (quote! { self_.x }, true),
            (quote! { if !self_.x { return (self_.y)(1); } }, true),
            (quote! { { #[inline] fn f() {} f(&self_) } }, true),
            (quote! { stringify!(self_) }, false),
            (quote! { #[cfg(a)] self_.x(); }, false),
            (quote! { match 1 { #[cfg(a)] 2 => self_.x, _ => 3 } }, false),
            (quote! { #[cfg_attr(a, cfg(b))] { self_.x() } }, false),
            (quote! { #[cfg(a)] log!(1); { self_.x() } }, false),
            (quote! { x.self__ }, false),
        ] {
            assert_eq!(uses(&body, "self_"), expected, "{body}");
        }
    }

    #[test]
    fn a_modules_self_stays() {
        for same in [
            quote! { use std::fmt::{self, Write}; x.y },
            quote! { { use {std::io::{self as io}, a::b}; } },
            quote! { pub(self) const X: u8 = 1; pub(in self::m) fn f() {} },
        ] {
            check(same.clone(), same);
        }
        check(
            quote! { use std::fmt::{self}; self.x },
            quote! { use std::fmt::{self}; self_.x },
        );
    }

    #[test]
    fn without_a_receiver_nothing_is_renamed() {
        let body = quote! { m!(self); println!("{self}") };
        assert!(stream(body, None, &[]).is_none());
    }

    #[test]
    fn nested_items_keep_their_own() {
        check(
            quote! { impl<'a> X<'a> { fn f(&self) { self.x } } fn g<'a>(x: &'a u8) {} self },
            quote! { impl<'a> X<'a> { fn f(&self) { self.x } } fn g<'a>(x: &'a u8) {} self_ },
        );
        for same in [
            quote! { union U<'a> { x: &'a u8 } },
            quote! { struct S<'a>(&'a u8); },
            quote! { enum E<'a> { A(&'a u8) } },
            quote! { type T<'a> = &'a u8; },
            quote! { trait T<'a> { fn f(x: &'a u8); } },
            quote! { mod m { fn f<'a>(x: &'a u8) {} } },
        ] {
            check(same.clone(), same);
        }
        // `union` may be a variable.
        for before in [
            "union as usize + self.0",
            "for x in union { self.f(x) }",
            "for union in all { self.f(union) }",
            "let Some(x) = union else { self.g() };",
            "match x { union if y => self.f(), _ => z }",
        ] {
            let after = before.replace("self", "self_");
            check(before.parse().unwrap(), after.parse().unwrap());
        }
    }

    #[test]
    fn lifetimes_are_erased_and_labels_are_not() {
        check(quote! { let x: &'a u8 = y; }, quote! { let x: &'_ u8 = y; });
        check(
            quote! { let x: &'a ::b::C = y; },
            quote! { let x: &'_ ::b::C = y; },
        );
        for same in [
            quote! { 'a: loop { break 'a; } let c = 'a'; },
            quote! { 'a: loop { continue 'a; } },
        ] {
            check(same.clone(), same);
        }
    }
}
