//! Changes a real function a little: removes, adds or moves tokens, or puts them in
//! brackets.

use arbitrary::{Result, Unstructured};
use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

use super::{Input, seeds};

const MOST_CHANGES: usize = 4;

/// The texts that a change may insert.
const PIECES: [&str; 72] = [
    "&self",
    "self",
    "mut self",
    "&mut self",
    "self: Pin<&mut Self>",
    "self: &Arc<Self>",
    "&'a self",
    "x: &str",
    "x: &mut [u8]",
    "x: impl Fn(&str) -> &str",
    "x: &(impl A + B)",
    "x: Cow<str>",
    "x: Cow<'_, str>",
    "x: fn(&u8) -> &u8",
    "x: &dyn for<'x> Fn(&'x u8)",
    "(a, b): (u8, &str)",
    "Point { x, .. }: Point",
    "&x: &u8",
    "_: &u8",
    "x @ (_, _): (u8, u8)",
    "ref mut x: String",
    "args: ...",
    "...",
    "x: [u8; { 1 + 1 }]",
    "x: <T as Iterator>::Item",
    "x: &'static str",
    "x: m!(u8)",
    "#[cfg(a)] x: u8",
    "#[cfg_attr(a, cfg(b))] x: u8",
    "-> !",
    "-> impl Iterator<Item = &'a str> + 'a",
    "-> &str",
    "-> Result<(), Box<dyn Error + '_>>",
    "-> impl Sized + use<'a, T>",
    "async",
    "unsafe",
    "safe",
    "const",
    "extern \"C\"",
    "extern",
    "fn",
    "pub",
    "pub(in a::b)",
    "crate",
    "where T: 'a, 'b: 'a, for<'x> F: Fn(&'x T)",
    "<'a, 'b: 'a, T: ?Sized + 'a, const N: usize>",
    "<T = u8>",
    "'a",
    "'_",
    "'static",
    "r#type",
    "Self",
    "Self::X",
    "bridge = self.bridge",
    "bridge = BRIDGE",
    "blocking = other",
    "blocking = Self::other",
    "debug",
    "crate = a::b",
    "crate = ::a",
    "#[must_use]",
    "#[doc = \"text\"]",
    "#[instrument(skip(self))]",
    "#[unsafe (no_mangle)]",
    "#[expect(unused)]",
    "#![allow(unused)]",
    "static X: u8 = 0;",
    "format!(\"{self} {{self}}\")",
    "let f = |x: &'a str| -> u8 { 0 };",
    "macro_rules! m { ($x:ty) => { $x } }",
    "\u{e9}\u{df}: u8",
    "1.0e5_f32",
];

/// Returns a function with some changes.
pub(super) fn mutant(bytes: &mut Unstructured<'_>) -> Result<Input> {
    let Input { options, item } = bytes.choose(seeds::all())?;
    let (mut options, mut item) = (options.clone(), item.clone());
    for _ in 0..bytes.int_in_range(1..=MOST_CHANGES)? {
        if bytes.ratio(1, 6)? {
            options = changed(options, bytes)?;
        } else {
            item = changed(item, bytes)?;
        }
    }
    Ok(Input { options, item })
}

/// Returns the tokens with one change, at any depth.
fn changed(tokens: TokenStream, bytes: &mut Unstructured<'_>) -> Result<TokenStream> {
    let mut tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let groups: Vec<usize> = (0..tokens.len())
        .filter(|&place| matches!(tokens[place], TokenTree::Group(_)))
        .collect();
    if !groups.is_empty() && bytes.ratio(1, 2)? {
        let place = *bytes.choose(&groups)?;
        if let TokenTree::Group(group) = &tokens[place] {
            let inner = changed(group.stream(), bytes)?;
            tokens[place] = Group::new(group.delimiter(), inner).into();
        }
    } else {
        change(&mut tokens, bytes)?;
    }
    Ok(tokens.into_iter().collect())
}

fn change(tokens: &mut Vec<TokenTree>, bytes: &mut Unstructured<'_>) -> Result<()> {
    let from = bytes.int_in_range(0..=tokens.len())?;
    let to = (from + bytes.int_in_range(0..=3)?).min(tokens.len());
    match bytes.int_in_range(0..=7)? {
        0 => drop(tokens.drain(from..to)),
        1 => {
            let again = tokens[from..to].to_vec();
            tokens.splice(from..from, again);
        }
        2 => tokens[from..to].reverse(),
        // `macro_rules` puts invisible brackets around a fragment.
        kind @ (3 | 4) => {
            let others = [Delimiter::Parenthesis, Delimiter::Bracket, Delimiter::Brace];
            let delimiter = match kind {
                3 => Delimiter::None,
                _ => *bytes.choose(&others)?,
            };
            let inner = tokens.drain(from..to).collect();
            tokens.insert(from, Group::new(delimiter, inner).into());
        }
        5 => {
            let other = &bytes.choose(seeds::all())?.item;
            let other: Vec<TokenTree> = other.clone().into_iter().collect();
            let start = bytes.int_in_range(0..=other.len())?;
            let end = (start + bytes.int_in_range(1..=4)?).min(other.len());
            tokens.splice(from..to, other[start..end].iter().cloned());
        }
        _ => {
            let piece: TokenStream = bytes.choose(&PIECES)?.parse().expect("tokens");
            tokens.splice(from..to, piece);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_piece_is_tokens() {
        for piece in PIECES {
            assert!(piece.parse::<TokenStream>().is_ok(), "{piece}");
        }
    }
}
