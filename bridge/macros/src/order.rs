//! Attribute macros below `#[smartasync]` must run first.
//!
//! A macro such as `#[tracing::instrument]` expects the function as
//! the user wrote it. After `#[smartasync]` it would see a function that only
//! makes a call, and would instrument that. So this file moves `#[smartasync]`
//! below all other attributes, and their order in the source does not matter.
//!
//! This happens once. An attribute that is then still below is no macro. It is
//! misspelt or not allowed on functions, and the compiler reports it.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::quote;
use syn::{Attribute, Meta, Path, Token, punctuated::Punctuated};

use crate::function::Function;

/// The first option of an attribute that has been moved to the end.
const LAST: &str = "__last";

/// Removes `__last` from the options. Returns also whether it was there.
pub(crate) fn unmarked(options: TokenStream) -> (TokenStream, bool) {
    let mut rest = options.clone().into_iter();
    match rest.next() {
        Some(TokenTree::Ident(mark)) if mark == LAST => (rest.collect(), true),
        _ => (options, false),
    }
}

/// Moves `#[smartasync]` below all other attributes, if one of them is a macro.
pub(crate) fn last(function: &Function, options: &TokenStream) -> Option<TokenStream> {
    let Function {
        attrs,
        vis,
        sig,
        body,
        ..
    } = function;
    attrs.iter().any(is_macro).then(|| {
        let end = body
            .as_ref()
            .map_or_else(|| quote! { ; }, |body| quote! { #body });
        let mark = Ident::new(LAST, Span::call_site());
        quote! { #(#attrs)* #[::__smartasync_bridge::smartasync(#mark #options)] #vis #sig #end }
    })
}

/// Returns whether an attribute is not one of the compiler's.
pub(crate) fn is_macro(attr: &Attribute) -> bool {
    foreign(&attr.meta)
}

fn foreign(meta: &Meta) -> bool {
    match meta {
        Meta::List(list) if list.path.is_ident("unsafe") => false,
        Meta::List(list) if list.path.is_ident("cfg_attr") => {
            let metas = list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated);
            metas.is_ok_and(|metas| metas.iter().skip(1).any(foreign))
        }
        meta => !is_known(meta.path()),
    }
}

fn is_known(path: &Path) -> bool {
    let first = &path.segments[0].ident;
    if path.segments.len() > 1 {
        return path.leading_colon.is_none() && TOOLS.iter().any(|tool| first == tool);
    }
    ATTRIBUTES.iter().any(|known| first == known)
}

/// The tools whose attributes the compiler skips.
const TOOLS: [&str; 5] = ["clippy", "diagnostic", "miri", "rust_analyzer", "rustfmt"];

/// The compiler's attributes that a function may have.
const ATTRIBUTES: [&str; 26] = [
    "allow",
    "automatically_derived",
    "bench",
    "cfg",
    "cold",
    "coverage",
    "deny",
    "deprecated",
    "doc",
    "expect",
    "export_name",
    "forbid",
    "ignore",
    "inline",
    "instruction_set",
    "link_section",
    "must_use",
    "naked",
    "no_mangle",
    "optimize",
    "sanitize",
    "should_panic",
    "target_feature",
    "test",
    "track_caller",
    "warn",
];

#[cfg(test)]
mod tests {
    use quote::quote;
    use syn::{Attribute, parse_quote};

    use super::{is_macro, last, unmarked};
    use crate::function;

    #[test]
    fn macros_and_others() {
        let attrs: [(Attribute, bool); 9] = [
            (parse_quote! { #[doc = "text"] }, false),
            (parse_quote! { #[rustfmt::skip] }, false),
            (parse_quote! { #[export_name = "name"] }, false),
            (parse_quote! { #[cfg(feature = "instrument")] }, false),
            (parse_quote! { #[cfg_attr(unix, inline, must_use)] }, false),
            (parse_quote! { #[cfg_attr(unix, instrument)] }, true),
            (parse_quote! { #[instrument] }, true),
            (parse_quote! { #[::clippy::no_such_tool] }, true),
            (parse_quote! { #[tracing::instrument(skip(self))] }, true),
        ];
        for (attr, expected) in attrs {
            assert_eq!(is_macro(&attr), expected, "{:?}", attr.path().get_ident());
        }
    }

    #[test]
    fn ours_goes_last() {
        let moved = |item| last(&function::parse(&item).unwrap(), &quote! { debug });
        assert!(moved(quote! { #[inline] fn f() {} }).is_none());
        assert_eq!(
            moved(quote! { #[inline] #[instrument] #[cold] pub fn f() {} })
                .unwrap()
                .to_string(),
            quote! { #[inline] #[instrument] #[cold] #[::__smartasync_bridge::smartasync(__last debug)] pub fn f() {} }
                .to_string()
        );
        for (options, rest, marked) in [
            (quote! { __last debug }, "debug", true),
            (quote! { debug }, "debug", false),
            (quote! {}, "", false),
        ] {
            let (options, found) = unmarked(options);
            assert_eq!((&*options.to_string(), found), (rest, marked));
        }
    }
}
