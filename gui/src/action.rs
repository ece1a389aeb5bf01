//! Everything a click or a key can ask, in one place: what it is called and which keys mean it.
//!
//! Tooltips, the palette and the sheet of shortcuts are made from this; [`Shortcut::pressed`] is the only place that looks
//! at keys that mean something everywhere. Digits are matched by place, since an AZERTY keyboard has them under Shift.

use causerie_node::choices::Choices;
use causerie_protocol::{
    answer::InvitationView,
    command::{Command, ConversationMark},
    ids::{AccountId, MessageId},
};
use eframe::egui::{self, Key, KeyboardShortcut, Modifiers};

use crate::{
    model::timeline::Part,
    preferences::{Language, Theme},
    route::Route,
    search::{Found, Query},
    text::Text,
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
    /// To load more of a conversation.
    Load(AccountId, Part),
    /// To show the newest messages of a conversation.
    Newest(AccountId),
    /// To show where what was not read in a conversation begins.
    FirstUnread(AccountId),
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
    /// To test whether this contact can be reached.
    Test(AccountId),
    /// To copy what can be told to somebody who helps.
    CopyReport,
    /// Let a file with an invitation be chosen.
    ChooseFile,
    /// To show what is known of a message of this conversation.
    Describe(AccountId, MessageId),
    /// To copy a text.
    Copy(String),
    /// To choose a language.
    Speak(Language),
    /// To choose light, dark, or what the system has.
    Theme(Theme),
    /// To choose among everything that can be done.
    Palette,
    /// To look for messages: in the conversation that is shown, or in all.
    Search(bool),
    /// To look for these messages, or for none any more.
    SearchMessages(Option<Query>),
    /// To show a message where it was said.
    OpenFound(Box<Found>),
    /// To put the conversation that is shown into the archive, or to take it out.
    Archive,
    /// To open the conversation above or below in which something was not read.
    StepUnread(isize),
    /// To go on to the next part of the window.
    NextPane,
    /// To make everything larger, smaller, or as it was.
    Zoom(Zoom),
    /// To lock the window.
    Lock,
    /// To lock the home with another passphrase, in place of the current one; an empty one: to lock it no more.
    SetPassphrase(String, String),
    /// To use networks beyond our own like this from the next start on; whether a file that says something which cannot
    /// be understood is replaced.
    KeepChoices(Box<Choices>, bool),
    /// To move a damaged store out of the way.
    SetStoreAside,
    /// To move choices of networks that cannot be used out of the way.
    SetChoicesAside,
    /// To have been told that the program broke.
    DismissCrash,
    /// To have read the notice that is shown.
    Dismiss,
    /// To show or hide all emoji.
    Emoji,
    /// An emoji was written.
    EmojiUsed(&'static str),
    /// To choose a tone of skin, by its place.
    SkinTone(usize),
    /// To hide what lies on top.
    Back,
    /// To close the window.
    Close,
    /// To end the program.
    Quit,
}

/// How everything changes its size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Zoom {
    /// Larger.
    In,
    /// Smaller.
    Out,
    /// As it is made.
    Reset,
}

/// A key that means something everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shortcut {
    /// Everything that can be done.
    Palette,
    /// Looks for messages where one is.
    SearchHere,
    /// Looks for messages everywhere.
    SearchAll,
    /// Adds a contact.
    Add,
    /// The conversation above in which something was not read.
    UnreadAbove,
    /// The conversation below in which something was not read.
    UnreadBelow,
    /// All emoji.
    Emoji,
    /// The conversation above.
    Above,
    /// The conversation below.
    Below,
    /// Into the archive, or out of it.
    Archive,
    /// The next part of the window.
    NextPane,
    /// How the node stands.
    Network,
    /// Settings.
    Settings,
    /// The sheet of keys.
    Shortcuts,
    /// Locks the window.
    Lock,
    /// Larger.
    ZoomIn,
    /// Smaller.
    ZoomOut,
    /// As it is made.
    ZoomReset,
    /// Away with what lies on top.
    Back,
    /// Closes the window.
    Close,
    /// Ends the program.
    Quit,
}

const CTRL: Modifiers = Modifiers::COMMAND;
const CTRL_SHIFT: Modifiers = Modifiers { shift: true, ..Modifiers::COMMAND };
const ALT_SHIFT: Modifiers = Modifiers { shift: true, ..Modifiers::ALT };

const fn key(modifiers: Modifiers, key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(modifiers, key)
}

impl Shortcut {
    /// All, in the order of the sheet.
    pub const ALL: [Self; 21] = [
        Self::Palette,
        Self::SearchAll,
        Self::SearchHere,
        Self::Add,
        Self::Emoji,
        Self::UnreadAbove,
        Self::UnreadBelow,
        Self::Above,
        Self::Below,
        Self::Archive,
        Self::NextPane,
        Self::Network,
        Self::Settings,
        Self::Shortcuts,
        Self::Lock,
        Self::ZoomIn,
        Self::ZoomOut,
        Self::ZoomReset,
        Self::Back,
        Self::Close,
        Self::Quit,
    ];

    /// The name of its sentence.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Palette => "shortcut-palette",
            Self::SearchHere => "shortcut-search-here",
            Self::SearchAll => "shortcut-search-all",
            Self::Add => "shortcut-add",
            Self::UnreadAbove => "shortcut-unread-above",
            Self::UnreadBelow => "shortcut-unread-below",
            Self::Emoji => "shortcut-emoji",
            Self::Above => "shortcut-above",
            Self::Below => "shortcut-below",
            Self::Archive => "shortcut-archive",
            Self::NextPane => "shortcut-pane",
            Self::Network => "shortcut-network",
            Self::Settings => "shortcut-settings",
            Self::Shortcuts => "shortcut-shortcuts",
            Self::Lock => "shortcut-lock",
            Self::ZoomIn => "shortcut-zoom-in",
            Self::ZoomOut => "shortcut-zoom-out",
            Self::ZoomReset => "shortcut-zoom-reset",
            Self::Back => "shortcut-back",
            Self::Close => "shortcut-close",
            Self::Quit => "shortcut-quit",
        }
    }

    /// The keys, the one that is shown first.
    #[must_use]
    pub const fn keys(self) -> &'static [KeyboardShortcut] {
        match self {
            Self::Palette => const { &[key(CTRL, Key::K)] },
            Self::SearchHere => const { &[key(CTRL, Key::F)] },
            Self::SearchAll => const { &[key(CTRL_SHIFT, Key::F)] },
            Self::Add => const { &[key(CTRL, Key::N)] },
            Self::Emoji => const { &[key(CTRL_SHIFT, Key::J)] },
            Self::UnreadAbove => const { &[key(ALT_SHIFT, Key::ArrowUp)] },
            Self::UnreadBelow => const { &[key(ALT_SHIFT, Key::ArrowDown)] },
            Self::Above => {
                const { &[key(Modifiers::ALT, Key::ArrowUp), key(CTRL_SHIFT, Key::Tab), key(CTRL, Key::PageUp)] }
            }
            Self::Below => {
                const { &[key(Modifiers::ALT, Key::ArrowDown), key(CTRL, Key::Tab), key(CTRL, Key::PageDown)] }
            }
            Self::Archive => const { &[key(CTRL_SHIFT, Key::A)] },
            Self::NextPane => const { &[key(Modifiers::NONE, Key::F6)] },
            Self::Network => const { &[key(CTRL_SHIFT, Key::N)] },
            Self::Settings => const { &[key(CTRL, Key::Comma)] },
            Self::Shortcuts => const { &[key(Modifiers::NONE, Key::F1), key(CTRL, Key::Slash)] },
            Self::Lock => const { &[key(CTRL, Key::L)] },
            Self::ZoomIn => const { &[key(CTRL, Key::Plus), key(CTRL, Key::Equals)] },
            Self::ZoomOut => const { &[key(CTRL, Key::Minus)] },
            Self::ZoomReset => const { &[key(CTRL, Key::Num0)] },
            Self::Back => const { &[key(Modifiers::NONE, Key::Escape)] },
            Self::Close => const { &[key(CTRL, Key::W)] },
            Self::Quit => const { &[key(CTRL, Key::Q)] },
        }
    }

    /// What it asks.
    #[must_use]
    pub const fn action(self) -> Action {
        match self {
            Self::Palette => Action::Palette,
            Self::SearchHere => Action::Search(true),
            Self::SearchAll => Action::Search(false),
            Self::Add => Action::Go(Route::AddContact),
            Self::UnreadAbove => Action::StepUnread(-1),
            Self::UnreadBelow => Action::StepUnread(1),
            Self::Emoji => Action::Emoji,
            Self::Above => Action::Step(-1),
            Self::Below => Action::Step(1),
            Self::Archive => Action::Archive,
            Self::NextPane => Action::NextPane,
            Self::Network => Action::Go(Route::Network),
            Self::Settings => Action::Go(Route::Settings),
            Self::Shortcuts => Action::Go(Route::Shortcuts),
            Self::Lock => Action::Lock,
            Self::ZoomIn => Action::Zoom(Zoom::In),
            Self::ZoomOut => Action::Zoom(Zoom::Out),
            Self::ZoomReset => Action::Zoom(Zoom::Reset),
            Self::Back => Action::Back,
            Self::Close => Action::Close,
            Self::Quit => Action::Quit,
        }
    }

    /// What the keys that were just pressed ask.
    pub fn pressed(context: &egui::Context) -> Vec<Action> {
        context.input_mut(|input| {
            // Before anything else: on an AZERTY keyboard the key of 6 is the sign that makes everything smaller.
            let mut actions = digits(&mut input.events);
            for shortcut in by_keys_held() {
                if shortcut.keys().iter().any(|keys| input.consume_shortcut(keys)) {
                    actions.push(shortcut.action());
                }
            }
            actions
        })
    }

    /// The keys that are shown for it.
    #[must_use]
    pub fn shown(self, text: &Text) -> String {
        self.keys().first().map(|keys| keys_in_words(text, keys)).unwrap_or_default()
    }

    /// All its keys, a line each.
    #[must_use]
    pub fn all_shown(self, text: &Text) -> String {
        self.keys().iter().map(|keys| keys_in_words(text, keys)).collect::<Vec<_>>().join("\n")
    }
}

/// Keys as they are written on a keyboard of this language.
fn keys_in_words(text: &Text, keys: &KeyboardShortcut) -> String {
    let held = keys.modifiers;
    let key = match keys.logical_key {
        Key::ArrowUp => text.say("key-up"),
        Key::ArrowDown => text.say("key-down"),
        Key::PageUp => text.say("key-page-up"),
        Key::PageDown => text.say("key-page-down"),
        Key::Escape => text.say("key-escape"),
        Key::Num0 => "0".to_owned(),
        other => other.symbol_or_name().to_owned(),
    };
    let control = if cfg!(target_os = "macos") { "key-command" } else { "key-control" };
    let held = [(held.command, control), (held.alt, "key-alt"), (held.shift, "key-shift")];
    let held = held.into_iter().filter(|(is_held, _)| *is_held).map(|(_, name)| text.say(name));
    held.chain([key]).collect::<Vec<_>>().join("+")
}

/// All: those with more keys held down first, since a shortcut is met by more than its own.
fn by_keys_held() -> impl Iterator<Item = Shortcut> {
    let shifted = |shortcut: &Shortcut| shortcut.keys().iter().any(|keys| keys.modifiers.shift);
    let (more, fewer): (Vec<_>, Vec<_>) = Shortcut::ALL.into_iter().partition(shifted);
    more.into_iter().chain(fewer)
}

/// Takes Ctrl or Alt with a digit out of what was pressed.
fn digits(events: &mut Vec<egui::Event>) -> Vec<Action> {
    let mut actions = Vec::new();
    let mut writes = false;
    events.retain(|event| {
        // With Alt a digit is still written, right after its key.
        if std::mem::take(&mut writes) && matches!(event, egui::Event::Text(_)) {
            return false;
        }
        let egui::Event::Key { key, physical_key, pressed: true, modifiers, .. } = event else { return true };
        let held = (modifiers.alt != modifiers.command) && !modifiers.shift;
        let place = DIGITS.iter().position(|digit| physical_key.unwrap_or(*key) == *digit);
        let Some(place) = place.filter(|_| held) else { return true };
        actions.push(Action::OpenAt(place));
        writes = true;
        false
    });
    actions
}

const DIGITS: [Key; 9] =
    [Key::Num1, Key::Num2, Key::Num3, Key::Num4, Key::Num5, Key::Num6, Key::Num7, Key::Num8, Key::Num9];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_shortcuts_have_the_same_keys() {
        let mut seen: Vec<KeyboardShortcut> = Vec::new();
        for keys in Shortcut::ALL.iter().flat_map(|shortcut| shortcut.keys()) {
            assert!(!seen.contains(keys), "{keys:?}");
            seen.push(*keys);
        }
    }

    #[test]
    fn a_digit_that_opens_a_conversation_is_not_written_in_it() {
        let key = |key, modifiers| egui::Event::Key {
            key,
            physical_key: Some(key),
            pressed: true,
            repeat: false,
            modifiers,
        };
        let text = |text: &str| egui::Event::Text(text.to_owned());
        let mut events =
            vec![key(Key::Num1, Modifiers::ALT), text("&"), text("b"), key(Key::Num2, Modifiers::NONE)];
        assert_eq!(digits(&mut events).len(), 1);
        assert_eq!(events, [text("b"), key(Key::Num2, Modifiers::NONE)]);
    }

    fn press(modifiers: Modifiers, key: Key, physical_key: Key) -> Vec<Action> {
        let context = egui::Context::default();
        let event = egui::Event::Key {
            key,
            physical_key: Some(physical_key),
            pressed: true,
            repeat: false,
            modifiers,
        };
        let input = egui::RawInput { events: vec![event], ..egui::RawInput::default() };
        let mut actions = Vec::new();
        let mut output = context.run_ui(input, |ui| actions.extend(Shortcut::pressed(ui.ctx())));
        output.textures_delta.clear();
        actions
    }

    #[test]
    fn keys_are_called_as_they_are_written() {
        let shown = |language| Shortcut::UnreadAbove.shown(&Text::of(language));
        assert_eq!(shown(Language::English), "Alt+Shift+Up");
        assert_eq!(shown(Language::French), "Alt+Maj+Haut");
        assert_eq!(Shortcut::Settings.shown(&Text::of(Language::French)), "Ctrl+,");
    }

    #[test]
    fn digits_are_matched_by_place_and_shift_makes_another_shortcut() {
        let azerty_six = press(Modifiers::CTRL | Modifiers::COMMAND, Key::Minus, Key::Num6);
        assert!(matches!(azerty_six[..], [Action::OpenAt(5)]), "{azerty_six:?}");
        let smaller = press(Modifiers::CTRL | Modifiers::COMMAND, Key::Minus, Key::Minus);
        assert!(matches!(smaller[..], [Action::Zoom(Zoom::Out)]), "{smaller:?}");
        let held = Modifiers { shift: true, ..Modifiers::CTRL | Modifiers::COMMAND };
        assert!(matches!(press(held, Key::F, Key::F)[..], [Action::Search(false)]));
        assert!(matches!(press(held, Key::N, Key::N)[..], [Action::Go(Route::Network)]));
        let unread = press(Modifiers { shift: true, ..Modifiers::ALT }, Key::ArrowUp, Key::ArrowUp);
        assert!(matches!(unread[..], [Action::StepUnread(-1)]), "{unread:?}");
    }
}
