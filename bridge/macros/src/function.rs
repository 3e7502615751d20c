//! Splits a function into its parsed signature and its body, which stays
//! tokens.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use syn::{
    Attribute, Error, Ident, Result, Signature, Token, Visibility,
    parse::{ParseStream, Parser},
    token::Brace,
};

use crate::names::Names;

/// A free function or a method. In a trait, it may have no body.
#[derive(Clone)]
pub(crate) struct Function {
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) vis: Visibility,
    pub(crate) sig: Signature,
    pub(crate) body: Option<Group>,
    pub(crate) names: Names,
}

/// Parses the item under the attribute.
pub(crate) fn parse(item: &TokenStream) -> Result<Function> {
    let function = |input: ParseStream<'_>| function(input, Names::of(item.clone()));
    function.parse2(item.clone())
}

fn function(input: ParseStream<'_>, names: Names) -> Result<Function> {
    let mut attrs = input.call(Attribute::parse_outer)?;
    let vis: Visibility = input.parse()?;
    refuse_other_items(input)?;
    let sig: Signature = input.parse()?;
    if input.peek(Token![;]) {
        input.parse::<Token![;]>()?;
        return Ok(Function {
            attrs,
            vis,
            sig,
            body: None,
            names,
        });
    }
    if !input.peek(Brace) {
        return Err(input.error("expected the function's body, or `;` in a trait"));
    }
    let body = braces(input)?;
    // `#![…]` may open the body of a function, but not that of a closure.
    let (inner, statements) = inner_attributes.parse2(body.stream())?;
    let body = if inner.is_empty() {
        body
    } else {
        regroup(&body, statements)
    };
    attrs.extend(inner);
    Ok(Function {
        attrs,
        vis,
        sig,
        body: Some(body),
        names,
    })
}

/// Parses the braces of the body, without the invisible groups that a macro puts around
/// them.
fn braces(input: ParseStream<'_>) -> Result<Group> {
    loop {
        let token: TokenTree = input.parse()?;
        let TokenTree::Group(group) = token else {
            return Err(Error::new(token.span(), "expected the function's body"));
        };
        if group.delimiter() != Delimiter::None {
            return Ok(group);
        }
        let mut inside = group.stream().into_iter();
        match (inside.next(), inside.next()) {
            (None, _) => {}
            (Some(only), None) => return braces.parse2(only.into()),
            _ => return Ok(group),
        }
    }
}

/// Returns the same braces around other tokens.
///
/// A new group has one span, not one for each brace. If the last expression is
/// unfinished, the compiler reports it at the closing brace. The group then
/// takes that span, so the report about the output has the same place and the
/// compiler shows one report.
pub(crate) fn regroup(group: &Group, stream: TokenStream) -> Group {
    let last = group.stream().into_iter().last();
    let unfinished =
        matches!(last, Some(TokenTree::Punct(end)) if "=.+-/&|:<".contains(end.as_char()));
    let span = if unfinished {
        group.span_close()
    } else {
        group.span()
    };
    let mut new = Group::new(group.delimiter(), stream);
    new.set_span(span);
    new
}

fn inner_attributes(input: ParseStream<'_>) -> Result<(Vec<Attribute>, TokenStream)> {
    let mut attrs = input.call(Attribute::parse_inner)?;
    for attr in &mut attrs {
        attr.style = syn::AttrStyle::Outer;
    }
    Ok((attrs, input.parse()?))
}

fn refuse_other_items(input: ParseStream<'_>) -> Result<()> {
    let error = |what: &str, hint: &str| {
        Err(Error::new(
            input.span(),
            format!("`#[smartasync]` goes on a function, not on {what}; {hint}"),
        ))
    };
    let each = "put it on each function that shall be smart";
    if input.peek2(Token![fn])
        && input
            .fork()
            .parse::<Ident>()
            .is_ok_and(|word| word == "safe")
    {
        return Err(input.error(
            "a foreign function can't be smart: its symbol can't return a call; wrap it in a plain `fn`",
        ));
    }
    if input.peek(Token![impl]) {
        error("an `impl` block", each)
    } else if input.peek(Token![trait]) {
        error("a trait", each)
    } else if input.peek(Token![mod]) {
        error("a module", each)
    } else if input.peek(Token![struct]) || input.peek(Token![enum]) || input.peek(Token![union]) {
        error(
            "a type",
            "put it on the functions and methods that shall be smart",
        )
    } else if input.peek(Token![let]) || input.peek(Token![|]) || input.peek(Token![move]) {
        error(
            "a closure",
            "use `bridge::smart_fn` or `bridge::smart_async_fn`",
        )
    } else if input.peek(Token![extern]) && input.peek2(Token![crate])
        || input.peek(Token![extern]) && input.peek2(Brace)
        || input.peek(Token![extern]) && input.peek3(Brace)
        || input.peek(Ident) && input.peek2(Token![!])
        || input.peek(Token![static])
        || input.peek(Token![type])
        || input.peek(Token![use])
        || input.peek(Token![const]) && (input.peek2(Ident) || input.peek2(Token![_]))
    {
        error("this item", "put it on the function that shall be smart")
    } else {
        Ok(())
    }
}
