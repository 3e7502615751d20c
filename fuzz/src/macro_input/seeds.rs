//! The functions that mutants are made from, which are those of the macro's own tests.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{
    Attribute, ImplItemFn, ItemFn, Meta, TraitItemFn,
    visit::{self, Visit},
};

use super::Input;

const SOURCES: [&str; 9] = [
    include_str!("../../../bridge/tests/smartasync/attributes.rs"),
    include_str!("../../../bridge/tests/smartasync/bodies.rs"),
    include_str!("../../../bridge/tests/smartasync/borrows.rs"),
    include_str!("../../../bridge/tests/smartasync/drops.rs"),
    include_str!("../../../bridge/tests/smartasync/generics.rs"),
    include_str!("../../../bridge/tests/smartasync/methods.rs"),
    include_str!("../../../bridge/tests/smartasync/self_name.rs"),
    include_str!("../../../bridge/tests/smartasync/signatures.rs"),
    include_str!("../../../bridge/tests/smartasync/traits.rs"),
];

/// Returns every smart function of the sources.
pub(super) fn all() -> &'static [Input] {
    // Tokens stay on their thread, so each thread reads the sources once.
    thread_local! {
        static ALL: &'static [Input] = read().leak();
    }
    ALL.with(|all| *all)
}

fn read() -> Vec<Input> {
    let mut found = Smart::default();
    for source in SOURCES {
        found.visit_file(&syn::parse_file(source).expect("the compiler reads it"));
    }
    found.0
}

#[derive(Default)]
struct Smart(Vec<Input>);

impl Smart {
    fn add(&mut self, attrs: &[Attribute], without: impl Fn(Vec<Attribute>) -> TokenStream) {
        let ours = |attr: &Attribute| attr.path().is_ident("smartasync");
        if let Some(place) = attrs.iter().position(ours) {
            let options = match &attrs[place].meta {
                Meta::List(list) => list.tokens.clone(),
                _ => TokenStream::new(),
            };
            let mut others = attrs.to_vec();
            others.remove(place);
            let item = without(others);
            self.0.push(Input { options, item });
        }
    }
}

impl Visit<'_> for Smart {
    fn visit_item_fn(&mut self, item: &ItemFn) {
        self.add(&item.attrs, |attrs| {
            let item = item.clone();
            ItemFn { attrs, ..item }.into_token_stream()
        });
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &ImplItemFn) {
        self.add(&item.attrs, |attrs| {
            let item = item.clone();
            ImplItemFn { attrs, ..item }.into_token_stream()
        });
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &TraitItemFn) {
        self.add(&item.attrs, |attrs| {
            let item = item.clone();
            TraitItemFn { attrs, ..item }.into_token_stream()
        });
        visit::visit_trait_item_fn(self, item);
    }
}
