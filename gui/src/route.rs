//! Which screen is shown.

use causerie_protocol::ids::AccountId;

/// What is shown beside the list of conversations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Route {
    /// Nothing is chosen yet.
    #[default]
    Nothing,
    /// A conversation.
    Chat(AccountId),
    /// Somebody's page.
    Contact(AccountId),
    /// How two people come together.
    AddContact,
    /// Looking for messages.
    Search,
    /// What can be chosen.
    Settings,
    /// How the node stands.
    Network,
    /// Keys.
    Shortcuts,
    /// What this program is.
    About,
}
