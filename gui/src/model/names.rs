//! Who could be taken for whom: names are claims, and two of them may look alike.
//!
//! Names are compared by how they look (Unicode Technical Standard 39, section 4), whatever their capitals, and without
//! what is not seen. Whoever looks like another contact, like ourselves or like the program is shown with the beginning
//! of their id, which nobody chooses.

use std::collections::BTreeMap;

use causerie_protocol::{answer::ContactView, ids::AccountId};
use unicode_security::skeleton;

use crate::components::say;

/// Letters of a name that are shown, with the id behind it or alone.
const CUT: usize = 20;
const NAME_MAX: usize = 64;

/// Letters of an id: as many as the command line takes for a contact, and twice that.
const ID_LETTERS: usize = 8;

/// Names that nobody else has: the program's own, in its notifications, and what it calls its owner.
const TAKEN: [&str; 3] = ["Causerie", "You", "Vous"];

/// How often each look is there, and whose is which.
#[derive(Debug, Default)]
pub(super) struct Names {
    looks: BTreeMap<AccountId, (String, String)>,
    counts: BTreeMap<String, usize>,
}

impl Names {
    /// Takes everybody's name anew; `own` is ours.
    pub(super) fn renew<'a>(&mut self, own: Option<&str>, all: impl Iterator<Item = &'a ContactView>) {
        let before = std::mem::take(&mut self.looks);
        for contact in all {
            // Most names are those of before.
            let look = match before.get(&contact.id) {
                Some((name, look)) if *name == contact.name => look.clone(),
                _ => look(&contact.name),
            };
            self.looks.insert(contact.id, (contact.name.clone(), look));
        }
        let taken = TAKEN.into_iter().chain(own).map(look);
        self.counts.clear();
        for look in taken.chain(self.looks.values().map(|(_, look)| look.clone())) {
            *self.counts.entry(look).or_default() += 1;
        }
    }

    /// Somebody's name, fit to be shown in one line, and told apart from any other.
    pub(super) fn shown(&self, contact: &ContactView) -> String {
        let known = self.looks.get(&contact.id).filter(|(name, _)| *name == contact.name);
        let (look, own) = match known {
            Some((_, look)) => (look.clone(), 1),
            None => (look(&contact.name), 0),
        };
        if self.counts.get(&look).is_none_or(|count| *count <= own) {
            return seen(&contact.name, NAME_MAX);
        }
        let id: String = contact.id.to_string().chars().take(ID_LETTERS).collect();
        format!("{} ({id})", seen(&contact.name, CUT))
    }
}

/// A name in one line. The blank of Braille is a space here: it has no place in a name, but before one.
fn seen(name: &str, length_max: usize) -> String {
    say::in_one_line(&name.replace('\u{2800}', " "), length_max)
}

/// The same for all names that look the same.
fn look(name: &str) -> String {
    let seen = seen(name, NAME_MAX);
    let visible: String = seen.chars().filter(|one| say::is_seen(*one)).collect();
    // Some letters look alike as capitals only, some as small letters only.
    let once: String = skeleton(&visible).flat_map(char::to_lowercase).collect();
    // A small i and a small l are both taken for a capital I.
    skeleton(&once).map(|one| if one == 'i' { 'l' } else { one }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::timeline::tests::somebody as contact;

    /// How these are shown beside each other, in the home of Alice.
    fn beside(names: &[&str]) -> Vec<String> {
        let all: Vec<_> = (1..).zip(names).map(|(id, name)| contact(id, name)).collect();
        let mut shown = Names::default();
        shown.renew(Some("Alice"), all.iter());
        all.iter().map(|one| shown.shown(one)).collect()
    }

    #[test]
    fn who_looks_like_somebody_else_is_told_apart() {
        for other in
            ["Bob", "\u{412}ob", "Bob\u{200b}", "bob", "Bob\u{a0}\u{a0}", "\u{2800}Bob", "B\u{ad}ob", "𝐁𝐨𝐛"]
        {
            let [bob, like_bob] = beside(&["Bob", other]).try_into().unwrap();
            assert!(bob.starts_with("Bob (") && bob.ends_with(')'), "{other:?}: {bob}");
            assert!(like_bob.ends_with(')') && bob != like_bob, "{other:?}: {like_bob}");
        }
        assert_eq!(beside(&["Bob", "Rob", "Bobo"]), ["Bob", "Rob", "Bobo"]);
    }

    #[test]
    fn nobody_is_called_like_the_program_or_its_owner() {
        for name in ["Causerie", "CAUSERIE ", "Alice", "AIice", "You", "Vous", "\u{2800}\u{2800} You"] {
            assert!(beside(&[name])[0].ends_with(')'), "{name}");
        }
        // Somebody who is not listed yet.
        let mut names = Names::default();
        names.renew(None, [contact(1, "Bob")].iter());
        assert_eq!(names.shown(&contact(1, "Bob")), "Bob");
        assert!(names.shown(&contact(2, "Bob")).starts_with("Bob ("));
        assert_eq!(names.shown(&contact(1, "Bobo")), "Bobo", "they have just changed their name");
    }

    #[test]
    fn what_tells_them_apart_is_not_pushed_out_of_sight() {
        let long = "W".repeat(64);
        let shown = beside(&[&long, &long]);
        assert!(shown[0].chars().count() <= CUT + ID_LETTERS + 4 && shown[0].ends_with(')'), "{shown:?}");
    }
}
