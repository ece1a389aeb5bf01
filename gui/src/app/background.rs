//! The program without its window: what closing means, what goes on, and what the tray and notifications are told.
//!
//! ```text
//! a window closes ─▶ there is a tray, and it was chosen to stay ─▶ Next::Rest
//!                └─▶ the person was never asked: a dialog        └▶ otherwise Next::End
//! resting: rung at, clicked, needed, or the tray is gone ─▶ Next::Window
//! ```

use std::{collections::BTreeMap, io, sync::Arc};

use causerie_protocol::{event::Event, ids::AccountId};
use eframe::egui::{self, UserAttentionType, ViewportCommand};

use super::{App, Gate, Preferences};
use crate::{
    action::Shortcut,
    attention::{Attention, Circumstances, Notification},
    backend::{Ask, Backend, Place},
    desktop::{Bus, Desktop, Offers},
    doorbell::Ring,
    portal::Dialog,
    preferences::Closing,
    screens::closing::{Answer, closing_ui},
    text::{Text, now},
    theme,
    tray::Words,
    window::Waker,
};

/// How the program goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// With a window.
    Window,
    /// Without one.
    Rest,
    /// Not at all.
    End,
}

/// What goes on around the window.
#[derive(Debug)]
pub(super) struct Background {
    waker: Waker,
    attention: Attention,
    desktop: Desktop,
    /// What the tray was told last.
    words: Words,
    /// What there is; `None` until that is told.
    offers: Option<Offers>,
    /// The node runs, and there is something to go on with.
    pub(super) running: bool,
    /// Somebody wants to see the window.
    wanted: bool,
    /// The dialog about closing is open.
    asking: bool,
    /// Whose notification was clicked while the window was locked.
    chosen: Option<AccountId>,
    /// The program is to end.
    ends: bool,
}

impl Background {
    /// Looks around, and starts the node's threads.
    pub(super) fn start(place: &Place, waker: Waker, bus: Bus, text: &Text) -> io::Result<(Backend, Self)> {
        let wakes = waker.clone();
        let backend = Backend::start(place.clone(), Arc::new(move || wakes.wake()))?;
        let words = words(text, 0);
        let desktop = Desktop::start(backend.teller(), bus, words.clone())?;
        let background = Self {
            waker,
            attention: Attention::new(now()),
            desktop,
            words,
            offers: None,
            running: false,
            wanted: false,
            asking: false,
            chosen: None,
            ends: false,
        };
        backend.ask(Ask::Start(None));
        Ok((backend, background))
    }
}

impl App {
    /// What was chosen.
    #[must_use]
    pub const fn preferences(&self) -> &Preferences {
        &self.preferences
    }

    /// Wakes whoever looks at this.
    #[must_use]
    pub const fn waker(&self) -> &Waker {
        &self.background.waker
    }

    /// What the desktop has for us, as far as it is known.
    #[must_use]
    pub fn offers(&self) -> Offers {
        self.background.offers.unwrap_or_default()
    }

    /// A window has opened.
    pub fn attach(&mut self, context: &egui::Context) {
        theme::install(context);
        context.set_theme(self.preferences.theme.preference());
        context.set_zoom_factor(self.preferences.zoom);
        self.title.clear();
        self.toast = None;
        self.background.waker.woken(Some(context.clone()));
        // Before anything of the new window counts as somebody's doing.
        self.lock_when_idle(context);
    }

    /// Ends the program by its keys, whatever is shown.
    pub(super) fn quit_by_keys(&mut self, context: &egui::Context) {
        let pressed = |keys| context.input_mut(|input| input.consume_shortcut(keys));
        if Shortcut::Quit.keys().iter().any(pressed) {
            self.quit(context);
        }
    }

    /// Somebody closes the window: asks what that means, where it can mean two things and was not chosen yet.
    pub fn on_close(&mut self, context: &egui::Context) {
        let stays = self.background.running && self.offers().tray;
        match self.preferences.closing {
            _ if self.background.ends => {}
            Closing::Ask if stays => {
                context.send_viewport_cmd(ViewportCommand::CancelClose);
                self.background.asking = true;
            }
            Closing::Stay if stays => {}
            _ => self.background.ends = true,
        }
    }

    /// The window is gone.
    pub fn leave(&mut self) -> Next {
        self.background.waker.woken(None);
        // Whoever rang while it was open has seen it.
        self.background.asking = false;
        self.background.wanted = false;
        let context = egui::Context::default();
        self.keep_drafts(&context, f64::INFINITY);
        self.rest(&context)
    }

    /// Takes what was told while there is no window.
    pub fn rest(&mut self, context: &egui::Context) -> Next {
        self.model.watched = None;
        self.lock_when_idle(context);
        self.listen(context);
        self.tell_around();
        let background = &self.background;
        let is_needed = match &self.gate {
            Gate::Welcome | Gate::Trouble(_) => true,
            Gate::Locked(_) => !background.running,
            _ => false,
        };
        let is_hidden = background.offers.is_none_or(|offers| offers.tray);
        if background.ends {
            Next::End
        } else if background.wanted || is_needed || !is_hidden {
            Next::Window
        } else {
            Next::Rest
        }
    }

    /// The program is to end, whatever closing means.
    pub(super) fn quit(&mut self, context: &egui::Context) {
        self.background.ends = true;
        context.send_viewport_cmd(ViewportCommand::Close);
    }

    /// Somebody wants to see the window, and this in it.
    pub(super) fn appear(&mut self, context: &egui::Context, ring: Ring) {
        match ring {
            Ring::Nothing => return,
            Ring::Show => {}
            Ring::Open(link) => self.invited_by(&link),
        }
        self.background.wanted = true;
        context.send_viewport_cmd(ViewportCommand::Minimized(false));
        context.send_viewport_cmd(ViewportCommand::Focus);
        // Where a program may not bring itself to the front.
        context.send_viewport_cmd(ViewportCommand::RequestUserAttention(UserAttentionType::Informational));
    }

    /// A notification was clicked.
    pub(super) fn on_chosen(&mut self, context: &egui::Context, about: AccountId) {
        if self.gate == Gate::Open {
            self.open_known(context, about);
        } else {
            self.background.chosen = Some(about);
        }
        self.appear(context, Ring::Show);
    }

    /// The window was unlocked: what was clicked meanwhile is shown now.
    pub(super) fn open_chosen(&mut self, context: &egui::Context) {
        if let Some(about) = self.background.chosen.take() {
            self.open_known(context, about);
        }
    }

    fn open_known(&mut self, context: &egui::Context, about: AccountId) {
        if self.model.conversation(about).is_some() {
            (self.palette, self.details) = (None, None);
            self.open(context, about);
        }
    }

    /// Notifications that are shown say no more than they would now.
    pub(super) fn hush(&self) {
        for one in self.background.attention.on_lock(&self.model, &self.text) {
            self.background.desktop.reword(one);
        }
    }

    /// Lets a file be chosen in which an invitation is looked for.
    pub(super) fn choose_file(&self) {
        let say = |key| self.text.say(key);
        let (title, pictures, all) = (say("choose-title"), say("choose-pictures"), say("choose-all"));
        self.background.desktop.choose(Dialog { title, pictures, all });
    }

    pub(super) const fn on_offers(&mut self, offers: Offers) {
        self.background.offers = Some(offers);
    }

    /// Something happened, and the model has taken it.
    pub(super) fn attend(&mut self, event: &Arc<Event>) {
        self.notify(|attention, how| attention.on_event(event, how).into_iter().collect());
    }

    /// More happened than was told.
    pub(super) const fn attend_missed(&mut self) {
        self.background.attention.on_missed();
    }

    /// The conversations were listed anew; `before` says what was unread.
    pub(super) fn attend_list(&mut self, before: &BTreeMap<AccountId, u64>) {
        self.notify(|attention, how| attention.on_list(before, how));
    }

    /// What is unread in each conversation.
    pub(super) fn unread(&self) -> BTreeMap<AccountId, u64> {
        self.model.conversations().into_iter().map(|one| (one.contact.id, one.unread)).collect()
    }

    /// Tells what is around the window how things stand now.
    pub(super) fn tell_around(&mut self) {
        for about in self.background.attention.served(&self.model, self.model.watched) {
            self.background.desktop.withdraw(about);
        }
        let mut words = words(&self.text, self.model.unread());
        if self.gate == Gate::Open && self.locking.has_passphrase {
            words.lock = Some(self.text.say("shortcut-lock"));
        }
        if words != self.background.words {
            self.background.desktop.speak(words.clone());
            self.background.words = words;
        }
    }

    /// Whether the dialog about closing is open.
    pub(super) const fn is_asking_to_close(&self) -> bool {
        self.background.asking
    }

    /// The dialog about closing, where it is open.
    pub(super) fn closing_ui(&mut self, context: &egui::Context) {
        if !self.background.asking {
            return;
        }
        match closing_ui(context, &self.text) {
            None => return,
            Some(Answer::Cancel) => {}
            Some(Answer::Stay) => {
                self.preferences.closing = Closing::Stay;
                context.send_viewport_cmd(ViewportCommand::Close);
            }
            Some(Answer::Quit) => {
                self.preferences.closing = Closing::Quit;
                self.quit(context);
            }
        }
        self.background.asking = false;
    }

    fn notify(&mut self, decide: impl FnOnce(&mut Attention, &Circumstances<'_>) -> Vec<Notification>) {
        let how = Circumstances {
            model: &self.model,
            text: &self.text,
            level: self.preferences.notify,
            in_view: self.model.watched,
            locked: self.gate != Gate::Open,
        };
        for one in decide(&mut self.background.attention, &how) {
            self.background.desktop.show(one);
        }
    }
}

/// What the tray says.
fn words(text: &Text, unread: u64) -> Words {
    let title = text.say("app-name");
    Words {
        title: match unread {
            0 => title,
            _ => format!("{title} – {}", text.say_with("unread", &[("count", unread.into())])),
        },
        open: text.say("tray-open"),
        lock: None,
        quit: text.say("shortcut-quit"),
        unread: unread > 0,
    }
}
