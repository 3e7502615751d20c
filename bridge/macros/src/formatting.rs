//! Renames `{self}` in the literals of formatting macros.
//!
//! Only the macros in this list are changed. The literal of another macro may
//! be data, and a silent change of data is worse than an error of the compiler.

use proc_macro2::{Literal, TokenStream, TokenTree};

use crate::rewrite::is_punct;

/// The macros whose literal may name `self`, with the number of arguments
/// before that literal.
const MACROS: [(&str, usize); 35] = [
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
    ("assert_matches", 2),
    ("assert_ne", 2),
    ("debug_assert", 1),
    ("debug_assert_eq", 2),
    ("debug_assert_matches", 2),
    ("debug_assert_ne", 2),
    // From `log` and `tracing`.
    ("trace", 0),
    ("debug", 0),
    ("info", 0),
    ("warn", 0),
    ("error", 0),
    ("log", 1),
    ("event", 1),
    // From `anyhow`, `eyre`, `miette` and `snafu`.
    ("anyhow", 0),
    ("bail", 0),
    ("ensure", 1),
    ("ensure_whatever", 1),
    ("eyre", 0),
    ("format_err", 0),
    ("miette", 0),
    ("whatever", 0),
];

/// If `before` ends in a formatting macro's name and `!`, returns the number of
/// arguments before its literal.
pub(crate) fn skipped(before: &[TokenTree]) -> Option<usize> {
    let [.., TokenTree::Ident(name), TokenTree::Punct(bang)] = before else {
        return None;
    };
    let skip = MACROS.iter().find(|(known, _)| name == known)?.1;
    (bang.as_char() == '!').then_some(skip)
}

/// Renames `{self}` in the first literal that is a whole argument. Returns
/// `None` if the literal does not contain it.
pub(crate) fn name_self(args: TokenStream, this: &str, skip: usize) -> Option<TokenStream> {
    let comma = |token: Option<&TokenTree>| is_punct(token, ",");
    let mut tokens: Vec<TokenTree> = args.into_iter().collect();
    let mut generics = Generics::default();
    let mut commas = 0;
    for i in 0..tokens.len() {
        if generics.contain(&tokens, i) {
            continue;
        }
        commas += usize::from(comma(tokens.get(i)));
        let starts = i == 0 || comma(tokens.get(i - 1));
        let ends = i + 1 == tokens.len() || comma(tokens.get(i + 1));
        if let TokenTree::Literal(literal) = &tokens[i]
            && starts
            && ends
            && commas >= skip
        {
            tokens[i] = renamed(literal, this)?.into();
            return Some(tokens.into_iter().collect());
        }
    }
    None
}

/// The generic arguments of a path, as in `f::<u8, 3>()`. Their commas separate no arguments of the
/// macro. A `<` without the `::` is taken for a comparison.
#[derive(Default)]
struct Generics {
    depth: usize,
}

impl Generics {
    /// Returns whether the token at `i` belongs to generic arguments. The tokens before it have
    /// been asked about.
    fn contain(&mut self, tokens: &[TokenTree], i: usize) -> bool {
        let before = |text| i > 0 && is_punct(tokens.get(i - 1), text);
        let was_inside = self.depth > 0;
        if is_punct(tokens.get(i), "<") && (was_inside || before(":")) {
            self.depth += 1;
        } else if is_punct(tokens.get(i), ">") && was_inside && !before("->") {
            self.depth -= 1;
        }
        was_inside || self.depth > 0
    }
}

fn renamed(literal: &Literal, this: &str) -> Option<Literal> {
    // A NUL replaces each escaped brace meanwhile, because no literal's source
    // contains a NUL.
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
    use proc_macro2::{Ident, Span};
    use quote::quote;

    use super::*;

    fn check(call: TokenStream, expected: Option<TokenStream>) {
        let tokens: Vec<TokenTree> = call.into_iter().collect();
        let [before @ .., TokenTree::Group(args)] = &*tokens else {
            panic!("not a call");
        };
        let named = skipped(before).and_then(|skip| name_self(args.stream(), "self_", skip));
        assert_eq!(
            named.map(|n| n.to_string()),
            expected.map(|e| e.to_string())
        );
    }

    #[test]
    fn format_strings_and_no_other_literals() {
        check(
            quote! { println!("{self} {self:?} {{self}}") },
            Some(quote! { "{self_} {self_:?} {{self}}" }),
        );
        check(
            quote! { assert_eq!("{self}", x, "{self}") },
            Some(quote! { "{self}", x, "{self_}" }),
        );
        check(
            quote! { assert_eq!(f::<A, 3, fn() -> B>(), 3, "{self}") },
            Some(quote! { f::<A, 3, fn() -> B>(), 3, "{self_}" }),
        );
        check(
            quote! { assert_eq!(f::<fn() -> B, 3>(), 3, "{self}") },
            Some(quote! { f::<fn() -> B, 3>(), 3, "{self_}" }),
        );
        check(
            quote! { assert!(a < b, "{self}") },
            Some(quote! { a < b, "{self_}" }),
        );
        check(quote! { println!("{x}", "{self}") }, None);
        check(quote! { json!("{self}") }, None);
        check(quote! { f("{self}") }, None);
        check(quote! { error = ("{self}", 1) }, None);
    }

    /// Otherwise `{self}` in such a macro is an error, or a literal that is data changes.
    #[test]
    fn each_macro_has_its_format_string_in_its_place() {
        let places = [
            "format format_args print println eprint eprintln panic todo unimplemented \
             unreachable trace debug info warn error anyhow bail eyre format_err miette whatever",
            "write writeln assert debug_assert log event ensure ensure_whatever",
            "assert_eq assert_matches assert_ne debug_assert_eq debug_assert_matches \
             debug_assert_ne",
        ];
        for (place, names) in places.iter().enumerate() {
            for name in names.split_whitespace() {
                let name = Ident::new(name, Span::call_site());
                let before = vec!["{self}"; place];
                check(
                    quote! { #name!(#(#before,)* "{self}") },
                    Some(quote! { #(#before,)* "{self_}" }),
                );
            }
        }
    }

    #[test]
    fn those_of_other_crates() {
        check(
            quote! { anyhow::ensure!(x > 1, "bad {self}") },
            Some(quote! { x > 1, "bad {self_}" }),
        );
        check(
            quote! { tracing::event!(target: "{self}", Level::INFO, "{self:?}") },
            Some(quote! { target: "{self}", Level::INFO, "{self_:?}" }),
        );
    }
}
