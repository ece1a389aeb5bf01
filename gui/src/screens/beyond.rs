//! The card of the settings about networks beyond our own: servers, who may see where we are, and a proxy.
//!
//! What is chosen here is written when that is asked, all at once: half of it might show somebody who wants to hide. What
//! the file says beside it stays as it is.

use std::net::SocketAddr;

use causerie_node::{
    choices::Choices,
    error::NodeError,
    network::{Exposure, parse_multiaddr},
};
use eframe::egui::{self, Role, WidgetInfo};

use crate::{
    action::Action,
    components::say,
    screens::{
        card, code,
        gate::{entered, field},
        primary_button, words,
    },
    text::Text,
    theme, trouble,
};

/// What is chosen here.
#[derive(Debug, Default)]
pub struct Beyond {
    /// What the file says; `None` until that is told.
    read: Option<Result<Choices, NodeError>>,
    /// What it is to say; the proxy is in `proxy`.
    draft: Choices,
    /// A server that is not added yet.
    server: String,
    proxy: String,
    /// Whether what is typed as a server is none.
    is_no_server: bool,
    /// Whether a file that cannot be understood is to be replaced.
    replaces: bool,
    /// What is being written.
    pub keeping: Option<Box<Choices>>,
    /// What came of it.
    outcome: Option<Result<(), NodeError>>,
}

impl Beyond {
    /// Takes in what the file says; what was changed here and not kept stays.
    pub fn told(&mut self, read: Result<Choices, NodeError>) {
        let is_changed = match &self.read {
            None => false,
            Some(Err(_)) => self.replaces,
            Some(Ok(before)) => self.is_changed(before),
        };
        // What was to be replaced can be understood by now; or replacing it failed, and is asked for anew.
        self.replaces &= read.is_err() && self.outcome.is_none();
        if let (Ok(choices), false) = (&read, is_changed) {
            self.begin(choices.clone());
        }
        self.read = Some(read);
    }

    /// Takes in whether what was to be kept was.
    pub fn kept(&mut self, outcome: Result<(), NodeError>) {
        let keeping = self.keeping.take();
        if let (Ok(()), Some(choices)) = (&outcome, keeping) {
            self.replaces = false;
            self.read = Some(Ok(*choices));
        }
        self.outcome = Some(outcome);
    }

    fn begin(&mut self, choices: Choices) {
        self.proxy = choices.proxy.map(|proxy| proxy.to_string()).unwrap_or_default();
        self.draft = choices;
    }

    /// What is chosen, where it makes sense.
    fn chosen(&self) -> Option<Choices> {
        let typed = self.proxy.trim();
        let proxy = match typed.parse::<SocketAddr>() {
            Ok(proxy) if proxy.port() != 0 => Some(proxy),
            _ if typed.is_empty() => None,
            _ => return None,
        };
        Some(Choices { proxy, ..self.draft.clone() })
    }

    fn is_changed(&self, before: &Choices) -> bool {
        !self.server.is_empty() || self.chosen().as_ref() != Some(before)
    }

    /// Adds what is typed, written as everybody writes it; whether nothing is left that was not added.
    fn add(&mut self) -> bool {
        let typed = self.server.trim();
        if !typed.is_empty() {
            let server = parse_multiaddr(typed).ok().filter(|server| server.address.is_dialable(true));
            self.is_no_server = server.is_none();
            let Some(server) = server.map(|server| server.to_string()) else { return false };
            if !self.draft.bootstrap.contains(&server) {
                self.draft.bootstrap.push(server);
            }
        }
        self.server.clear();
        true
    }
}

/// Paints it.
pub fn beyond_card(ui: &mut egui::Ui, text: &Text, beyond: &mut Beyond, actions: &mut Vec<Action>) {
    card(ui, |ui| {
        ui.label(theme::strong(text.say("beyond-title")));
        match &beyond.read {
            None => words(ui, text.say("beyond-reading")),
            Some(Err(error)) if !beyond.replaces => {
                ui.colored_label(theme::palette(ui).bad, text.say("beyond-broken"));
                details(ui, error);
                if beyond.outcome.as_ref().and_then(|outcome| outcome.as_ref().err()) != Some(error) {
                    failure(ui, text, beyond.outcome.as_ref());
                }
                if ui.button(text.say("beyond-replace")).clicked() {
                    beyond.replaces = true;
                    beyond.outcome = None;
                }
            }
            Some(_) => {
                servers(ui, text, beyond);
                ui.add_space(theme::SPACE[2]);
                exposure(ui, text, &mut beyond.draft);
                ui.add_space(theme::SPACE[2]);
                proxy(ui, text, beyond);
                ui.add_space(theme::SPACE[2]);
                keep(ui, text, beyond, actions);
            }
        }
    });
}

/// A line for one more server, above those that are named: it stays what it is while they come and go.
fn servers(ui: &mut egui::Ui, text: &Text, beyond: &mut Beyond) {
    ui.label(text.say("beyond-servers"));
    ui.weak(text.say("beyond-servers-text"));
    let line = field(ui, &text.say("beyond-server"), &mut beyond.server, false);
    if line.changed() {
        beyond.is_no_server = false;
    }
    let entered = entered(ui, &line);
    if beyond.is_no_server {
        ui.colored_label(theme::palette(ui).bad, text.say("beyond-server-wrong"));
    }
    let add = egui::Button::new(text.say("beyond-server-add"));
    let is_typed = !beyond.server.trim().is_empty();
    let added = ui.add_enabled(is_typed, add).clicked() || (entered && is_typed);
    if added {
        beyond.add();
    }
    if beyond.draft.bootstrap.is_empty() {
        words(ui, text.say("beyond-servers-none"));
    }
    let mut removed = None;
    for server in &beyond.draft.bootstrap {
        ui.push_id(server, |ui| {
            if server_ui(ui, text, server) {
                removed = Some(server.clone());
            }
        });
    }
    if let Some(removed) = &removed {
        beyond.draft.bootstrap.retain(|server| server != removed);
    }
    // Whoever goes by keys goes on here: what they pressed is gone, or has nothing more to do.
    if added || removed.is_some() {
        line.request_focus();
    }
}

/// One server; whether it is to be removed.
fn server_ui(ui: &mut egui::Ui, text: &Text, server: &str) -> bool {
    let shown = say::harmless(server);
    code(ui, &shown, 12.0);
    if parse_multiaddr(server).is_err() {
        ui.colored_label(theme::palette(ui).bad, text.say("beyond-server-wrong"));
    }
    let remove = ui.button(text.say("beyond-server-remove"));
    let label = text.say_with("beyond-server-remove-of", &[("server", shown.into())]);
    remove.widget_info(|| WidgetInfo::labeled(Role::Button, true, &label));
    remove.clicked()
}

fn exposure(ui: &mut egui::Ui, text: &Text, draft: &mut Choices) {
    ui.label(text.say("beyond-exposure"));
    ui.scope(|ui| {
        theme::outline_choices(ui);
        for (exposure, label, means) in [
            (Exposure::Open, "exposure-open", "exposure-open-text"),
            (Exposure::RelaysOnly, "exposure-relays-only", "exposure-relays-only-text"),
            (Exposure::LanOnly, "exposure-lan-only", "exposure-lan-only-text"),
            (Exposure::Stealth, "exposure-stealth", "exposure-stealth-text"),
        ] {
            ui.radio_value(&mut draft.exposure, exposure, text.say(label));
            ui.weak(text.say(means));
        }
    });
}

fn proxy(ui: &mut egui::Ui, text: &Text, beyond: &mut Beyond) {
    field(ui, &text.say("beyond-proxy"), &mut beyond.proxy, false);
    if beyond.chosen().is_none() {
        ui.colored_label(theme::palette(ui).bad, text.say("beyond-proxy-wrong"));
    }
    ui.weak(text.say("beyond-proxy-text"));
}

/// What keeps it, from when on it counts, and what came of it.
fn keep(ui: &mut egui::Ui, text: &Text, beyond: &mut Beyond, actions: &mut Vec<Action>) {
    let chosen = beyond.chosen();
    let checked = chosen.as_ref().map(Choices::check);
    if let Some(Err(NodeError::Network(_))) = checked {
        ui.colored_label(theme::palette(ui).bad, text.say("beyond-serves"));
    }
    if beyond.replaces {
        words(ui, text.say("beyond-replaces"));
    }
    let is_changed = match &beyond.read {
        Some(Ok(before)) => beyond.is_changed(before),
        _ => true,
    };
    let ready = is_changed && beyond.keeping.is_none() && checked == Some(Ok(()));
    // What was typed and not added was meant all the same.
    if primary_button(ui, &text.say("beyond-save"), ready)
        && beyond.add()
        && let Some(chosen) = beyond.chosen()
    {
        beyond.outcome = None;
        actions.push(Action::KeepChoices(Box::new(chosen), beyond.replaces));
    }
    match &beyond.outcome {
        Some(Ok(())) if !is_changed => {
            ui.colored_label(theme::palette(ui).good, text.say("beyond-saved"));
        }
        outcome => failure(ui, text, outcome.as_ref()),
    }
    ui.weak(text.say("beyond-save-text"));
}

fn failure(ui: &mut egui::Ui, text: &Text, outcome: Option<&Result<(), NodeError>>) {
    if let Some(Err(error)) = outcome {
        ui.colored_label(theme::palette(ui).bad, trouble::in_one_line(text, error));
        details(ui, error);
    }
}

/// What only the node knows of it, in its words.
fn details(ui: &mut egui::Ui, error: &NodeError) {
    if let Some(details) = trouble::details(error) {
        code(ui, &say::harmless(&details), 12.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVER: &str = "/ip4/203.0.113.10/udp/47474/quic-v1";

    fn told(choices: Choices) -> Beyond {
        let mut beyond = Beyond::default();
        beyond.told(Ok(choices));
        beyond
    }

    fn broken() -> NodeError {
        NodeError::BadChoices("network.toml cannot be used".to_owned())
    }

    #[test]
    fn what_is_changed_here_outlives_another_look_at_the_file() {
        let mut beyond = told(Choices::default());
        beyond.told(Ok(Choices { serve_relay: true, ..Choices::default() }));
        assert!(beyond.draft.serve_relay, "nothing was changed here: the file counts");
        beyond.draft.exposure = Exposure::Stealth;
        beyond.told(Ok(Choices::default()));
        assert_eq!(beyond.draft.exposure, Exposure::Stealth);
        beyond.told(Err(broken()));
        assert!(!beyond.replaces);
        beyond.replaces = true;
        beyond.told(Err(broken()));
        assert_eq!((beyond.replaces, beyond.draft.exposure), (true, Exposure::Stealth));
        beyond.told(Ok(Choices::default()));
        assert_eq!((beyond.replaces, beyond.draft.exposure), (false, Exposure::Stealth));
    }

    #[test]
    fn what_is_kept_is_no_change_any_more_and_what_failed_still_is() {
        let mut beyond = told(Choices::default());
        beyond.draft.exposure = Exposure::LanOnly;
        beyond.keeping = beyond.chosen().map(Box::new);
        beyond.kept(Err(NodeError::DiskFull));
        assert!(beyond.is_changed(&Choices::default()) && beyond.keeping.is_none());
        beyond.keeping = beyond.chosen().map(Box::new);
        beyond.kept(Ok(()));
        assert!(matches!(&beyond.read, Some(Ok(read)) if !beyond.is_changed(read)));
    }

    #[test]
    fn servers_are_addresses_that_can_be_dialled_and_each_is_there_once() {
        let mut beyond = told(Choices::default());
        for wrong in ["example.org", "203.0.113.10:47474", "/ip4/0.0.0.0/tcp/1", "/ip4/203.0.113.10/tcp/0"] {
            beyond.server = wrong.to_owned();
            assert!(!beyond.add() && beyond.is_no_server && beyond.server == wrong, "{wrong}");
        }
        for _ in 0..2 {
            beyond.server = format!(" {SERVER}\n");
            assert!(beyond.add() && !beyond.is_no_server && beyond.server.is_empty());
        }
        assert_eq!(beyond.draft.bootstrap, [SERVER]);
    }

    #[test]
    fn a_proxy_is_an_address_with_a_port_or_nothing() {
        let mut beyond = told(Choices::default());
        for (typed, is_one) in
            [("", true), (" ", true), ("[::1]:9050 ", true), ("127.0.0.1:0", false), ("tor", false)]
        {
            beyond.proxy = typed.to_owned();
            assert_eq!(beyond.chosen().is_some(), is_one, "{typed}");
        }
    }
}
