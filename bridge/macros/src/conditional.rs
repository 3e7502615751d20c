//! `#[cfg]` on single arguments: the macro writes a function for each case.
//!
//! A call's type names the types of all arguments, and no part of a type can be
//! conditional. So the macro writes a function for every combination of the
//! conditions, each under its own `#[cfg]`. The compiler keeps one of them.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{Attribute, FnArg, PatType, Receiver, parse_quote};

use crate::function::Function;

/// The most conditions that one function may have, because n conditions make 2ⁿ
/// functions.
pub(crate) const MOST: usize = 4;

/// Returns the function for each case, if an argument has a condition.
pub(crate) fn cases(function: &Function) -> Option<Vec<Function>> {
    let conditions = conditions(function);
    if conditions.is_empty() {
        return None;
    }
    Some(
        (0..1 << conditions.len())
            .map(|case| one(function, &conditions, case))
            .collect(),
    )
}

/// Returns the distinct conditions of the arguments, in order.
pub(crate) fn conditions(function: &Function) -> Vec<TokenStream> {
    let mut all = Vec::new();
    for input in &function.sig.inputs {
        for condition in attributes(input).iter().filter_map(condition) {
            if place(&all, &condition).is_none() {
                all.push(condition);
            }
        }
    }
    all
}

/// Returns the index of a condition among those that are known.
fn place(conditions: &[TokenStream], condition: &TokenStream) -> Option<usize> {
    let text = condition.to_string();
    conditions
        .iter()
        .position(|known| known.to_string() == text)
}

/// Returns the attributes of an argument.
pub(crate) fn attributes(input: &FnArg) -> &[Attribute] {
    match input {
        FnArg::Typed(PatType { attrs, .. }) | FnArg::Receiver(Receiver { attrs, .. }) => attrs,
    }
}

fn condition(attr: &Attribute) -> Option<TokenStream> {
    let list = attr.meta.require_list().ok()?;
    list.path
        .is_ident("cfg")
        .then(|| list.tokens.to_token_stream())
}

/// Returns the function for one case: bit `i` of `case` says whether condition
/// `i` holds.
fn one(function: &Function, conditions: &[TokenStream], case: usize) -> Function {
    let holds = |condition: &TokenStream| {
        place(conditions, condition).is_some_and(|i| case & (1 << i) != 0)
    };
    let mut function = function.clone();
    let inputs = std::mem::take(&mut function.sig.inputs);
    let kept = inputs.into_pairs().filter_map(|mut pair| {
        let (FnArg::Typed(PatType { attrs, .. }) | FnArg::Receiver(Receiver { attrs, .. })) =
            pair.value_mut();
        let here = attrs
            .iter()
            .filter_map(condition)
            .all(|condition| holds(&condition));
        attrs.retain(|attr| condition(attr).is_none());
        here.then_some(pair)
    });
    function.sig.inputs = kept.collect();
    let terms = conditions.iter().enumerate().map(|(i, condition)| {
        if case & (1 << i) == 0 {
            quote! { not(#condition) }
        } else {
            condition.clone()
        }
    });
    function
        .attrs
        .push(parse_quote! { #[cfg(all(#(#terms),*))] });
    function
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::function;

    #[test]
    fn a_function_for_each_case() {
        let function = function::parse(&quote! {
            fn f(#[cfg(a)] x: u8, #[cfg(not(a))] x: u16, #[cfg(a)] #[expect(b)] y: u8, z: u8) {}
        });
        let cases = cases(&function.unwrap()).unwrap();
        let shown = cases.iter().map(|case| {
            let (attrs, sig) = (&case.attrs, &case.sig);
            quote! { #(#attrs)* #sig }.to_string()
        });
        let expected = [
            quote! { #[cfg(all(not(a), not(not(a))))] fn f(z: u8) },
            quote! { #[cfg(all(a, not(not(a))))] fn f(x: u8, #[expect(b)] y: u8, z: u8) },
            quote! { #[cfg(all(not(a), not(a)))] fn f(x: u16, z: u8) },
            quote! { #[cfg(all(a, not(a)))] fn f(x: u8, x: u16, #[expect(b)] y: u8, z: u8) },
        ];
        assert_eq!(
            shown.collect::<Vec<_>>(),
            expected.map(|tokens| tokens.to_string())
        );
    }

    #[test]
    fn an_argument_with_two_conditions_needs_both() {
        let function = function::parse(&quote! { fn f(#[cfg(a)] #[cfg(b)] x: u8) {} });
        let cases = cases(&function.unwrap()).unwrap();
        let counts: Vec<_> = cases.iter().map(|case| case.sig.inputs.len()).collect();
        assert_eq!(counts, [0, 0, 0, 1]);
    }

    #[test]
    fn no_condition_no_cases() {
        let function = function::parse(&quote! { fn f(#[expect(b)] x: u8) {} });
        assert!(cases(&function.unwrap()).is_none());
    }
}
