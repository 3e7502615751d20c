//! The attribute's options: `bridge = EXPR`, `debug`, `blocking = name` and
//! `crate = path`.
//!
//! Each option is parsed on its own. So a mistake in one leaves the others
//! valid, and the user sees all mistakes at once.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::{
    Error, Expr, Ident, Path, Result, Token,
    ext::IdentExt,
    parse::{ParseStream, Parser},
};

/// The options of one attribute.
#[derive(Default)]
pub(crate) struct Options {
    /// The bridge that replaces the global one.
    pub(crate) bridge: Option<Instance>,
    /// Whether each call is logged.
    pub(crate) debug: bool,
    /// The plain sync twin that is also emitted.
    pub(crate) blocking: Option<Twin>,
    /// The path of the crate `bridge`, if it is not `::bridge`.
    pub(crate) path: Option<Path>,
}

/// The option `bridge = EXPR`.
pub(crate) struct Instance {
    pub(crate) expr: Expr,
    /// The method's `self` in the expression, if it is used there.
    pub(crate) of_self: Option<Ident>,
}

/// The option `blocking = name` or `blocking = Self::name`.
pub(crate) struct Twin {
    /// The `Self` of `Self::name`. It says that the function is an associated
    /// one. The macro cannot see that if the signature has neither `self` nor
    /// `Self`.
    pub(crate) associated: Option<Token![Self]>,
    pub(crate) name: Ident,
}

const KNOWN: [&str; 4] = ["bridge", "debug", "blocking", "crate"];
const FORMS: &str =
    "the options are `bridge = EXPR`, `debug`, `blocking = name` and `crate = path`";

/// Parses the options. Returns them with all mistakes that they contain.
pub(crate) fn parse(tokens: TokenStream) -> (Options, Vec<Error>) {
    let mut options = Options::default();
    let mut errors = Vec::new();
    let result = (|input: ParseStream<'_>| {
        while !input.is_empty() {
            if let Err(error) = option(input, &mut options) {
                errors.push(error);
                skip_to_comma(input)?;
            }
            if !input.is_empty() {
                let comma = input.parse::<Token![,]>();
                comma
                    .map_err(|error| Error::new(error.span(), format!("expected `,`; {FORMS}")))?;
            }
        }
        Ok(())
    })
    .parse2(tokens);
    errors.extend(result.err());
    (options, errors)
}

fn option(input: ParseStream<'_>, options: &mut Options) -> Result<()> {
    let name = input
        .call(Ident::parse_any)
        .map_err(|error| Error::new(error.span(), format!("expected an option; {FORMS}")))?;
    match &*name.to_string() {
        "bridge" => {
            value(
                input,
                &name,
                "an expression that leads to a `Bridge`, such as `bridge = BRIDGE`",
            )?;
            once(&name, options.bridge.is_some())?;
            let expr: Expr = input.parse()?;
            let of_self = own(expr.to_token_stream());
            options.bridge = Some(Instance { expr, of_self });
        }
        "debug" => {
            if input.peek(Token![=]) {
                return Err(Error::new(
                    name.span(),
                    "`debug` takes no value: write `debug` alone, or leave it out",
                ));
            }
            once(&name, options.debug)?;
            options.debug = true;
        }
        "blocking" => {
            let what = "the name of the function to emit, such as `blocking = fetch_blocking`";
            value(input, &name, what)?;
            once(&name, options.blocking.is_some())?;
            options.blocking = Some(twin(input, what)?);
        }
        "crate" => {
            let what = "the path of `bridge`, such as `crate = renamed` or `crate = sdk::bridge`";
            value(input, &name, what)?;
            once(&name, options.path.is_some())?;
            let path = input.call(Path::parse_mod_style);
            let wrong = |error: Error| Error::new(error.span(), format!("`crate` takes {what}"));
            options.path = Some(path.map_err(wrong)?);
        }
        unknown => {
            let hint = match nearest(unknown) {
                Some(known) => format!("did you mean `{known}`?"),
                None => FORMS.to_owned(),
            };
            return Err(Error::new(
                name.span(),
                format!("unknown option `{unknown}`; {hint}"),
            ));
        }
    }
    Ok(())
}

fn twin(input: ParseStream<'_>, what: &str) -> Result<Twin> {
    let mut associated = None;
    if input.peek(Token![Self]) && input.peek2(Token![::]) {
        associated = Some(input.parse()?);
        input.parse::<Token![::]>()?;
    }
    let name = input
        .parse()
        .map_err(|error| Error::new(error.span(), format!("`blocking` takes {what}")))?;
    Ok(Twin { associated, name })
}

/// Returns the first `self` that means the method's receiver. In `self::`, the
/// word means a module.
fn own(tokens: TokenStream) -> Option<Ident> {
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        let path = matches!(tokens.peek(), Some(TokenTree::Punct(next)) if next.as_char() == ':');
        let found = match token {
            TokenTree::Ident(word) if word == "self" && !path => Some(word),
            TokenTree::Group(group) => own(group.stream()),
            _ => None,
        };
        if found.is_some() {
            return found;
        }
    }
    None
}

fn value(input: ParseStream<'_>, name: &Ident, what: &str) -> Result<()> {
    if input.parse::<Option<Token![=]>>()?.is_none() || input.is_empty() || input.peek(Token![,]) {
        return Err(Error::new(name.span(), format!("`{name}` takes {what}")));
    }
    Ok(())
}

fn once(name: &Ident, given: bool) -> Result<()> {
    if given {
        return Err(Error::new(
            name.span(),
            format!("`{name}` is given twice; keep one"),
        ));
    }
    Ok(())
}

fn skip_to_comma(input: ParseStream<'_>) -> Result<()> {
    while !input.is_empty() && !input.peek(Token![,]) {
        input.parse::<TokenTree>()?;
    }
    Ok(())
}

/// Returns the option that the user probably meant.
fn nearest(unknown: &str) -> Option<&'static str> {
    let (distance, known) = KNOWN
        .map(|known| (distance(unknown, known), known))
        .into_iter()
        .min()?;
    (distance <= 3 && distance < known.len().min(unknown.len())).then_some(known)
}

/// Returns the Levenshtein distance of two words, computed row by row.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut corner = i;
        row[0] = i + 1;
        for (j, y) in b.chars().enumerate() {
            let cost = corner + usize::from(x != y);
            corner = row[j + 1];
            row[j + 1] = cost.min(corner + 1).min(row[j] + 1);
        }
    }
    row[b.chars().count()]
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::{distance, nearest, own};

    #[test]
    fn each_option_is_given_once() {
        for (options, name) in [
            (quote! { bridge = A, bridge = B, debug }, "bridge"),
            (quote! { debug, debug }, "debug"),
            (quote! { blocking = a, blocking = b }, "blocking"),
            (quote! { crate = a, crate = b }, "crate"),
        ] {
            let (_, errors) = super::parse(options);
            let texts: Vec<_> = errors.iter().map(ToString::to_string).collect();
            assert_eq!(texts, [format!("`{name}` is given twice; keep one")]);
        }
    }

    /// Otherwise the user hears what the parser expected, and not what to write.
    #[test]
    fn a_twin_called_self_is_told_what_to_write() {
        let (_, errors) = super::parse(quote! { blocking = Self });
        let texts: Vec<_> = errors.iter().map(ToString::to_string).collect();
        let text = "`blocking` takes the name of the function to emit, such as `blocking = \
                    fetch_blocking`";
        assert_eq!(texts, [text]);
    }

    #[test]
    fn a_methods_own() {
        for (tokens, expected) in [
            (quote! { self.bridge }, Some("self")),
            (quote! { *pick(&self.bridge) }, Some("self")),
            (quote! { Self::pick(&self.bridge) }, Some("self")),
            (quote! { Self::BRIDGE }, None),
            (quote! { self::BRIDGE }, None),
            (quote! { BRIDGE }, None),
        ] {
            let found = own(tokens.clone()).map(|word| word.to_string());
            assert_eq!(found.as_deref(), expected, "{tokens}");
        }
    }

    #[test]
    fn distances() {
        for (a, b, expected) in [
            ("", "abc", 3),
            ("abc", "abc", 0),
            ("bridg", "bridge", 1),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!(distance(a, b), expected, "{a} {b}");
        }
    }

    #[test]
    fn suggestions() {
        for (unknown, expected) in [
            ("brigde", Some("bridge")),
            ("Debug", Some("debug")),
            ("blocked", Some("blocking")),
            ("executor", None),
            ("bracket", None),
            ("x", None),
            ("de", None),
        ] {
            assert_eq!(nearest(unknown), expected, "{unknown}");
        }
    }
}
