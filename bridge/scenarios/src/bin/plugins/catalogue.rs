//! The catalogue: every plugin that can be loaded by its name.

use crate::{
    faulty,
    plugin::{Failure, Plugin},
    site::Site,
    switch::{Switch, Unknown},
    useful,
};

/// Makes a plugin for a site. Nothing happens before the plugin's set-up.
type Make = fn(&Site) -> Plugin;

/// Each plugin under its name, in no particular order.
pub(crate) const ALL: [(&str, Make); 9] = [
    ("crash", faulty::crash),
    ("stuck", faulty::stuck),
    ("count", useful::count),
    ("store", useful::store),
    ("notify", useful::notify),
    ("archive", useful::archive),
    ("spell", faulty::spell),
    ("slow", faulty::slow),
    ("absent", faulty::absent),
];

/// Loads plugins by name, as a configuration file would list them.
pub(crate) fn load<'a>(
    site: &Site,
    names: impl IntoIterator<Item = &'a str>,
) -> Result<Switch, Failure> {
    let mut switch = Switch::default();
    for name in names {
        let found = ALL.iter().find(|(known, _)| *known == name);
        let (_, make) =
            found.ok_or_else(|| Unknown::new(name, ALL.map(|(known, _)| known).into_iter()))?;
        switch.plug(make(site));
    }
    Ok(switch)
}
