//! What people on the bench do, and see.

use core::time::Duration;

use super::{Bench, Who};
use crate::{
    answer::{Answer, CommandError, ContactView, MessageView},
    command::{Command, Reference},
    ids::{AccountId, CommandId},
    input::Input,
    limits,
};

impl Bench {
    /// An invitation of one, made with these wishes.
    ///
    /// # Panics
    /// When it is refused.
    #[must_use]
    pub fn invite(&mut self, who: Who, reusable: bool, ask: bool) -> String {
        let command = Command::CreateInvitation { reusable, ask, expires_in: None, hints: true };
        match self.command(who, command) {
            Ok(Answer::Invitation(view)) => view.link.unwrap_or_default(),
            _ => String::new(),
        }
    }

    /// Answers a link.
    ///
    /// # Errors
    /// The engine's refusal.
    pub fn accept(&mut self, who: Who, link: &str) -> Result<Answer, CommandError> {
        self.command(who, Command::AcceptInvitation { link: link.to_owned(), name: None, ignore_end: false })
    }

    /// One invites, the other accepts, and they meet.
    pub fn befriend(&mut self, inviter: Who, invited: Who) {
        let link = self.invite(inviter, false, false);
        self.accept(invited, &link).ok();
        self.advance(Duration::from_secs(5));
    }

    /// Writes a message.
    ///
    /// # Errors
    /// The engine's refusal.
    pub fn send(&mut self, from: Who, to: Who, text: &str) -> Result<Answer, CommandError> {
        let conversation = self.reference(to);
        self.command(
            from,
            Command::SendMessage { conversation, text: text.to_owned(), idempotency_key: None },
        )
    }

    /// Writes many messages, as many a turn as a driver would take together.
    pub fn send_together(&mut self, from: Who, to: Who, texts: &[String]) {
        for some in texts.chunks(limits::COMMANDS_PER_TURN_MAX) {
            let mut commands = Vec::new();
            for text in some {
                self.next_command += 1;
                let conversation = self.reference(to);
                let command =
                    Command::SendMessage { conversation, text: text.clone(), idempotency_key: None };
                commands.push((CommandId::new(self.next_command), command));
            }
            self.input(from, Input::Commands(commands));
        }
    }

    /// What one sees of the conversation with another.
    #[must_use]
    pub fn history(&mut self, who: Who, with: Who) -> Vec<MessageView> {
        let conversation = self.reference(with);
        let mut all = Vec::new();
        let mut before = None;
        loop {
            let command = Command::ListMessages { conversation: conversation.clone(), limit: 500, before };
            let Ok(Answer::Messages(page)) = self.command(who, command) else { return all };
            let Some(first) = page.first() else { return all };
            before = Some(first.id.to_string());
            all.splice(0..0, page);
        }
    }

    /// The texts of that.
    #[must_use]
    pub fn texts(&mut self, who: Who, with: Who) -> Vec<String> {
        self.history(who, with).into_iter().filter_map(|message| message.text).collect()
    }

    /// What one sees of another.
    #[must_use]
    pub fn contact(&mut self, who: Who, of: Who) -> Option<ContactView> {
        let account = self.account(of);
        match self.command(who, Command::ListContacts) {
            Ok(Answer::Contacts(contacts)) => {
                contacts.into_iter().find(|contact| Some(contact.id) == account)
            }
            _ => None,
        }
    }

    /// Whose account it is.
    #[must_use]
    pub fn account(&self, who: Who) -> Option<AccountId> {
        self.peers.get(who).map(|peer| peer.account)
    }

    /// How commands name somebody.
    #[must_use]
    pub fn reference(&self, who: Who) -> Reference {
        Reference::new(&self.account(who).map(|account| account.to_string()).unwrap_or_default())
    }
}
