//! Reports functions that cannot be smart, and says what to write instead.

use proc_macro2::{Ident, TokenStream, TokenTree};
use syn::{Attribute, Error, Meta, Token, Visibility, punctuated::Punctuated, spanned::Spanned};

use crate::{args::Options, async_trait, conditional, function::Function};

/// Attributes that fix a function's return type, each with its remedy.
const UNFIT: [(&[&str], &str); 6] = [
    (
        &["smartasync"],
        "`#[smartasync]` is applied twice; keep one",
    ),
    (
        &["test", "bench"],
        "a test must run, and a smart function only returns a call; make it a plain `fn` that waits",
    ),
    (
        &["main"],
        "`main` must run, and a smart function only returns a call; make it a plain function that waits or awaits",
    ),
    (
        &["no_mangle", "export_name"],
        "an exported symbol can't return a call; export a plain `fn` that waits",
    ),
    (
        &["async_recursion"],
        "an `async fn` recurses through `Box::pin(…)`, as in `Box::pin(f(n - 1)).await`; remove `#[async_recursion]`",
    ),
    (
        &["async_trait"],
        "`#[async_trait]` makes a boxed future of what has to be a call; remove it, a smart function may be a trait's as it is",
    ),
];

/// Returns an error for each misuse, at its place.
pub(crate) fn check<'a>(
    function: &'a Function,
    options: &'a Options,
) -> impl Iterator<Item = Error> + 'a {
    let sig = &function.sig;
    let qualifiers = [
        sig.constness.as_ref().map(|token| {
            Error::new(token.span(), "a `const fn` can't be smart: it neither blocks nor awaits; remove `const` or `#[smartasync]`")
        }),
        sig.abi.as_ref().map(|abi| {
            Error::new_spanned(abi, "an `extern` function can't be smart: its callers can't take a call; remove the ABI, or wrap a plain `fn`")
        }),
        sig.variadic.as_ref().map(|dots| {
            Error::new(dots.span(), "a variadic function can't be smart: its arguments can't be kept in a call")
        }),
        is_main(function).then(|| {
            Error::new(sig.ident.span(), "`main` can't be smart: it must run, not return a call; move its body into another function, and write `fn main() { run().wait() }`")
        }),
        async_trait::is(function).then(|| {
            Error::new(sig.ident.span(), "`#[async_trait]` has made a boxed future of what has to be a call; declare the method as `fn … -> impl Call<Output = T>`, or as a plain `fn … -> BoxCall<'_, T>` for `dyn`, and remove `#[async_trait]`")
        }),
        (conditional::conditions(function).len() > conditional::MOST).then(|| {
            Error::new_spanned(&sig.inputs, format!("a smart function's arguments can have {} different `cfg`s at most; write the function once for each case", conditional::MOST))
        }),
        strange_self(function, options).map(|word| {
            Error::new(word.span(), "`bridge` uses `self`, but this function takes none; name a static or a function, or choose the instance at the call with `.on(&bridge)`")
        }),
        options.blocking.as_ref().filter(|twin| twin.name == sig.ident).map(|twin| {
            Error::new(twin.name.span(), format!("`blocking` names the smart function itself; choose another name, such as `{}_blocking`", twin.name))
        }),
    ];
    let attributes = function
        .attrs
        .iter()
        .filter_map(|attr| Some(Error::new_spanned(attr, unfit(attr)?)));
    let nested = sig
        .inputs
        .iter()
        .flat_map(conditional::attributes)
        .filter_map(|attr| {
            let list = attr.meta.require_list().ok()?;
            let hides = list.path.is_ident("cfg_attr") && mentions_cfg(list.tokens.clone());
            hides.then(|| {
                Error::new_spanned(
                    attr,
                    "an argument's `cfg` is hidden in a `cfg_attr`; write the `#[cfg]` plainly",
                )
            })
        });
    qualifiers
        .into_iter()
        .flatten()
        .chain(attributes)
        .chain(nested)
}

/// Returns the `self` in `bridge = EXPR` if the function has no receiver.
pub(crate) fn strange_self<'a>(function: &Function, options: &'a Options) -> Option<&'a Ident> {
    let word = options.bridge.as_ref()?.of_self.as_ref()?;
    function.sig.receiver().is_none().then_some(word)
}

/// Returns whether a `cfg_attr` adds a `cfg`.
fn mentions_cfg(tokens: TokenStream) -> bool {
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        let Some(TokenTree::Group(group)) = tokens.peek() else {
            continue;
        };
        let is_hidden = match &token {
            TokenTree::Ident(word) if word == "cfg" => true,
            TokenTree::Ident(word) if word == "cfg_attr" => mentions_cfg(group.stream()),
            _ => false,
        };
        if is_hidden {
            return true;
        }
    }
    false
}

/// Returns why an attribute below `#[smartasync]` is not allowed, if it is not.
pub(crate) fn unfit(attr: &Attribute) -> Option<&'static str> {
    unfit_meta(&attr.meta)
}

fn unfit_meta(meta: &Meta) -> Option<&'static str> {
    match meta {
        Meta::List(list) if list.path.is_ident("unsafe") => {
            unfit_meta(&list.parse_args::<Meta>().ok()?)
        }
        Meta::List(list) if list.path.is_ident("cfg_attr") => {
            let metas = Punctuated::<Meta, Token![,]>::parse_terminated;
            let metas = list.parse_args_with(metas).ok()?;
            metas.iter().skip(1).find_map(unfit_meta)
        }
        meta => {
            let name = &meta.path().segments.last()?.ident;
            UNFIT
                .iter()
                .find(|(names, _)| names.iter().any(|unfit| name == unfit))
                .map(|&(_, why)| why)
        }
    }
}

/// Returns whether a function looks like a program's `main`.
///
/// With a visibility it is more likely the `main` of a module or of a type. If it is the
/// program's own all the same, the compiler refuses its output.
pub(crate) fn is_main(function: &Function) -> bool {
    let alone = matches!(function.vis, Visibility::Inherited) && function.sig.inputs.is_empty();
    alone && function.sig.ident == "main"
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::*;
    use crate::function;

    #[test]
    fn four_conditions_and_no_more() {
        let refusals = |last: TokenStream| {
            let function = function::parse(&quote! {
                fn f(#[cfg(a)] a: u8, #[cfg(b)] b: u8, #[cfg(c)] c: u8, #[cfg(d)] d: u8, #last) {}
            });
            check(&function.unwrap(), &Options::default()).count()
        };
        assert_eq!(refusals(quote! { e: u8 }), 0);
        assert_eq!(refusals(quote! { #[cfg(a)] e: u8 }), 0, "each counts once");
        assert_eq!(refusals(quote! { #[cfg(e)] e: u8 }), 1);
    }
}
