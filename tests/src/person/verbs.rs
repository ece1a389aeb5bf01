//! What a person does with others, in the words of the command line: invites, accepts, decides, sends, reads.

use serde_json::{Value, json};

use super::{
    Person,
    views::{self, Contact, Outcome, Row},
};

/// People.
impl Person {
    /// Makes an invitation and hands out its link.
    #[must_use]
    pub fn invites(&self, args: &[&str]) -> String {
        let mut all = vec!["invite"];
        all.extend(args);
        views::text(&self.cli(&all).value(), "invite")
    }

    /// Answers a link.
    pub fn accepts(&self, link: &str) -> Contact {
        Contact::read(&self.tries_to_accept(link).value()["contact"])
    }

    /// Answers a link, or not.
    pub fn tries_to_accept(&self, link: &str) -> Outcome {
        self.cli(&["accept", link])
    }

    /// Invites them, and both wait until they are connected.
    pub fn meets(&self, other: &Self) {
        other.accepts(&self.invites(&[]));
        self.waits_until_online(other);
        other.waits_until_online(self);
    }

    /// Everybody in the list of contacts, oldest first.
    #[must_use]
    pub fn contacts(&self) -> Vec<Contact> {
        self.lists("contact.list", &["contacts"]).iter().map(Contact::read).collect()
    }

    /// What they see of somebody; `None` where that is nobody of their contacts.
    #[must_use]
    pub fn contact(&self, other: &Self) -> Option<Contact> {
        self.contacts().into_iter().find(|contact| contact.id == other.id)
    }

    /// Decides about a contact: `contacts VERB THEM ARGS`.
    pub fn decides(&self, verb: &str, other: &Self, args: &[&str]) {
        let mut all = vec!["contacts", verb, &other.id];
        all.extend(args);
        self.cli(&all).done();
    }

    /// Waits until what they see of somebody is like this.
    pub fn waits_until_contact(&self, other: &Self, what: &str, is_it: impl Fn(&Contact) -> bool) -> Contact {
        let what = format!("{}: {what}", other.name);
        self.waits_until(&what, || self.contact(other).filter(&is_it))
    }

    /// Waits until somebody is an active contact and connected.
    pub fn waits_until_online(&self, other: &Self) -> Contact {
        self.waits_until_contact(other, "online", |them| them.online && them.state == "active")
    }

    /// Waits until they are connected in this way: `direct` or `relayed`.
    pub fn waits_until_path(&self, other: &Self, path: &str) -> Contact {
        self.waits_until_contact(other, path, |them| them.online && them.path.as_deref() == Some(path))
    }

    /// Waits until somebody is not connected.
    pub fn waits_until_offline(&self, other: &Self) -> Contact {
        self.waits_until_contact(other, "offline", |them| !them.online)
    }

    /// From the running node where there is one, else from the command line.
    fn lists(&self, method: &str, args: &[&str]) -> Vec<Value> {
        if !self.is_running() {
            return self.cli(args).values();
        }
        self.asks(method, &json!({})).as_array().cloned().unwrap_or_else(|| panic!("{method} is no list"))
    }
}

/// Messages.
impl Person {
    /// Writes to somebody; the message's id.
    pub fn sends(&self, to: &Self, text: &str) -> String {
        views::text(&self.cli(&["send", &to.id, text]).value(), "message")
    }

    /// Writes to somebody what goes through standard input, whatever it is.
    pub fn tries_to_send(&self, to: &Self, text: impl AsRef<[u8]>) -> Outcome {
        self.cli_reading(&["send", &to.id, "-"], text.as_ref())
    }

    /// Writes to somebody and waits until the message has come so far; the message's id.
    pub fn sends_and_waits(&self, to: &Self, text: &str, state: &str) -> String {
        let sent = self.cli(&["send", &to.id, text, "--wait", state, "--timeout", "60s"]).value();
        views::text(&sent, "message")
    }

    /// Everything said with somebody, oldest first, read page by page.
    #[must_use]
    pub fn history(&self, with: &Self) -> Vec<Row> {
        let mut pages: Vec<Vec<Row>> = Vec::new();
        loop {
            let mut params = json!({"conversation": with.id, "limit": 500});
            let mut args = vec!["history".to_owned(), with.id.clone(), "--limit".into(), "500".into()];
            if let Some(first) = pages.last().and_then(|page| page.first()) {
                params["before"] = json!(first.id);
                args.extend(["--before".into(), first.id.clone()]);
            }
            let page = if self.is_running() {
                self.asks("message.list", &params).as_array().cloned().expect("a page is a list")
            } else {
                self.cli(&args).values()
            };
            if page.is_empty() {
                return pages.into_iter().rev().flatten().collect();
            }
            pages.push(page.iter().map(Row::read).collect());
        }
    }

    /// The texts that somebody sent, in the order of the history.
    #[must_use]
    pub fn texts_from(&self, author: &Self) -> Vec<String> {
        let rows = self.history(author).into_iter();
        rows.filter(|row| row.author == author.id).map(|row| row.text).collect()
    }

    /// Waits until a text of somebody's is here.
    pub fn waits_for_text(&self, from: &Self, text: &str) -> Row {
        self.waits_until_contact(from, "known", |_| true);
        let is_it = |row: &Row| row.author == from.id && row.text == text;
        self.waits_until(&format!("{text:?}"), || self.history(from).into_iter().find(is_it))
    }

    /// Waits until a message of their own has come exactly so far.
    pub fn waits_until_message(&self, to: &Self, message: &str, state: &str) {
        let is_it = |row: &Row| row.id == message && row.state == state;
        self.waits_until(state, || self.history(to).into_iter().find(is_it));
    }

    /// Every record and chain is whole.
    pub fn finds_everything_in_order(&self) {
        let checked = self.cli(&["check"]).value();
        assert_eq!(checked["ok"], true, "{}: {checked}", self.name);
        assert_eq!((&checked["gaps"], &checked["unreadable"]), (&json!(0), &json!(0)), "{checked}");
    }

    /// Everything that only reads works; everything that writes is refused with a sentence that says why.
    pub fn can_only_read(&self, other: &Self, why: &str, texts: &[&str]) {
        let status = self.status();
        assert_eq!((&status["id"], &status["running"]), (&json!(self.id()), &json!(self.is_running())));
        assert_eq!(self.contacts().len(), 1);
        let rows = self.cli(&["history", other.id()]).values();
        assert_eq!(rows.iter().map(|row| row["text"].as_str().unwrap()).collect::<Vec<_>>(), texts);
        assert_eq!(self.cli(&["check"]).value()["ok"], true);
        assert_eq!(self.cli(&["invite", "list"]).values().len(), 1);
        let writing: [&[&str]; 5] = [
            &["send", other.id(), "refused"],
            &["invite"],
            &["read", other.id()],
            &["contacts", "rename", other.id(), "else"],
            &["contacts", "remove", other.id()],
        ];
        for command in writing {
            self.is_refused_because(why, command);
        }
    }

    /// A command is refused for want of a place to write, with a sentence that says why.
    pub fn is_refused_because(&self, why: &str, command: &[&str]) {
        let refused = self.cli(command);
        refused.is_refused(1, "storage");
        assert!(refused.stderr.contains(why), "{}", refused.stderr);
    }
}
