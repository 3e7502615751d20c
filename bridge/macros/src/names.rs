//! Names for what the expansion adds, that the function does not use itself.
//!
//! Hygiene parts our local variables from the user's. It does not part
//! lifetimes and type parameters, nor what `self` is called in a closure, since
//! a format string has to find that one.

use proc_macro2::{TokenStream, TokenTree};

/// The user's names that begin as ours do.
#[derive(Clone)]
pub(crate) struct Names(Vec<String>);

const OURS: [&str; 2] = ["__", "smartasync_"];

impl Names {
    /// Those in the tokens of a function.
    pub(crate) fn of(tokens: TokenStream) -> Self {
        let mut names = Self(Vec::new());
        names.collect(tokens);
        names
    }

    fn collect(&mut self, tokens: TokenStream) {
        for token in tokens {
            match token {
                TokenTree::Group(group) => self.collect(group.stream()),
                TokenTree::Ident(ident) => {
                    let name = ident.to_string();
                    if OURS.iter().any(|ours| name.starts_with(ours)) {
                        self.0.push(name);
                    }
                }
                TokenTree::Punct(_) | TokenTree::Literal(_) => {}
            }
        }
    }

    /// This name, or one like it that is free.
    pub(crate) fn free(&self, name: &str) -> String {
        let mut name = name.to_owned();
        while self.0.contains(&name) {
            name.push('_');
        }
        name
    }
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::Names;

    #[test]
    fn taken_names_get_a_tail() {
        let names = Names::of(quote! { fn f<'__a0>(__a1: u8) { { __a1_ } run } });
        for (name, free) in [("__a0", "__a0_"), ("__a1", "__a1__"), ("__a2", "__a2")] {
            assert_eq!(names.free(name), free);
        }
    }
}
