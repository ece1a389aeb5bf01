//! Everything a click or a key can ask, in one place: what it is called and which keys mean it.
//!
//! Menus, tooltips and the sheet of shortcuts are made from this; [`Shortcut::pressed`] is the only place that looks at
//! keys. Digits are matched by place, since an AZERTY keyboard has them under Shift.

use causerie_protocol::{
    answer::InvitationView,
    command::{Command, ConversationMark},
    ids::AccountId,
};
use eframe::egui::{self, Key, KeyboardShortcut, Modifiers};

use crate::{
    preferences::{Language, Theme},
    route::Route,
};

/// What was asked.
#[derive(Clone, Debug)]
pub enum Action {
    /// To show another screen.
    Go(Route),
    /// To make an identity of this name, with this passphrase unless it is empty.
    Create(String, String),
    /// To try this passphrase.
    Unlock(String),
    /// To try to start again.
    Retry,
    /// To open a conversation.
    Open(AccountId),
    /// To open the conversation that is so many places further in the list.
    Step(isize),
    /// To open the conversation at this place of the list.
    OpenAt(usize),
    /// To write this.
    Send(AccountId, String),
    /// What is written and not sent.
    Draft(AccountId, String),
    /// To load what was said before.
    LoadOlder(AccountId),
    /// To put a mark on a conversation.
    Mark(AccountId, ConversationMark),
    /// To make an invitation: whether it can be answered by many.
    Invite(bool),
    /// To take an invitation back.
    Revoke(Box<InvitationView>),
    /// To answer the invitation in this text.
    Accept(String),
    /// Something of the engine about a contact.
    Ask(Command),
    /// To copy a text.
    Copy(String),
    /// To choose a language.
    Speak(Language),
    /// To choose light, dark, or what the system has.
    Theme(Theme),
    /// To look for conversations.
    Search,
    /// To hide what lies on top.
    Back,
    /// To end the program.
    Quit,
}

/// A key that means something everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shortcut {
    /// Looks for a conversation.
    Search,
    /// Adds a contact.
    Add,
    /// The conversation above.
    Above,
    /// The conversation below.
    Below,
    /// Settings.
    Settings,
    /// This list.
    Shortcuts,
    /// Away with what lies on top.
    Back,
    /// Ends the program.
    Quit,
}

impl Shortcut {
    /// All, in the order of the sheet.
    pub const ALL: [Self; 8] = [
        Self::Search,
        Self::Add,
        Self::Above,
        Self::Below,
        Self::Settings,
        Self::Shortcuts,
        Self::Back,
        Self::Quit,
    ];

    /// The name of its sentence.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Search => "shortcut-search",
            Self::Add => "shortcut-add",
            Self::Above => "shortcut-above",
            Self::Below => "shortcut-below",
            Self::Settings => "shortcut-settings",
            Self::Shortcuts => "shortcut-shortcuts",
            Self::Back => "shortcut-back",
            Self::Quit => "shortcut-quit",
        }
    }

    /// The keys.
    #[must_use]
    pub const fn keys(self) -> KeyboardShortcut {
        match self {
            Self::Search => KeyboardShortcut::new(Modifiers::COMMAND, Key::K),
            Self::Add => KeyboardShortcut::new(Modifiers::COMMAND, Key::N),
            Self::Above => KeyboardShortcut::new(Modifiers::ALT, Key::ArrowUp),
            Self::Below => KeyboardShortcut::new(Modifiers::ALT, Key::ArrowDown),
            Self::Settings => KeyboardShortcut::new(Modifiers::COMMAND, Key::Comma),
            Self::Shortcuts => KeyboardShortcut::new(Modifiers::NONE, Key::F1),
            Self::Back => KeyboardShortcut::new(Modifiers::NONE, Key::Escape),
            Self::Quit => KeyboardShortcut::new(Modifiers::COMMAND, Key::Q),
        }
    }

    const fn action(self) -> Action {
        match self {
            Self::Search => Action::Search,
            Self::Add => Action::Go(Route::AddContact),
            Self::Above => Action::Step(-1),
            Self::Below => Action::Step(1),
            Self::Settings => Action::Go(Route::Settings),
            Self::Shortcuts => Action::Go(Route::Shortcuts),
            Self::Back => Action::Back,
            Self::Quit => Action::Quit,
        }
    }

    /// What the keys that were just pressed ask.
    pub fn pressed(context: &egui::Context) -> Vec<Action> {
        let mut actions = Vec::new();
        context.input_mut(|input| {
            for shortcut in Self::ALL {
                if input.consume_shortcut(&shortcut.keys()) {
                    actions.push(shortcut.action());
                }
            }
            for (place, digit) in DIGITS.into_iter().enumerate() {
                let pressed = input.events.iter().any(|event| {
                    matches!(event, egui::Event::Key { key, physical_key, pressed: true, modifiers, .. }
                        if modifiers.alt && !modifiers.command && physical_key.unwrap_or(*key) == digit)
                });
                if pressed {
                    actions.push(Action::OpenAt(place));
                }
            }
        });
        actions
    }
}

const DIGITS: [Key; 9] =
    [Key::Num1, Key::Num2, Key::Num3, Key::Num4, Key::Num5, Key::Num6, Key::Num7, Key::Num8, Key::Num9];
