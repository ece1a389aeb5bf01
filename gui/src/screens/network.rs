//! How the node stands: where it listens, who is connected, and why somebody cannot be reached.
//!
//! A test is asked for by hand, one at a time; what it found stays until the next one of the same contact. The report is
//! copied as it is: it names nobody.

use std::collections::BTreeMap;

use causerie_node::{
    error::NodeError,
    network::multiaddr_text,
    trial::{Step, Tested},
};
use causerie_protocol::{
    address::Address,
    answer::{AddressOutcome, ContactView, DialFailure, Path, Reachability, StepResult},
    ids::AccountId,
};
use eframe::egui::{self, Role, WidgetInfo};

use crate::{
    action::Action,
    components::{avatar::avatar, say},
    model::{Model, may_write},
    screens::{View, card, code, page, words},
    text::Text,
    theme, trouble,
};

/// What was tested in this run.
#[derive(Debug, Default)]
pub struct Tests {
    /// Whose test runs.
    pub running: Option<AccountId>,
    /// What the last one of each found, or why there was none.
    pub found: BTreeMap<AccountId, Result<Tested, NodeError>>,
}

/// Paints it.
pub fn network_ui(ui: &mut egui::Ui, view: &View<'_>, tests: &Tests) -> Vec<Action> {
    let (text, model) = (view.text, view.model);
    let mut actions = Vec::new();
    page(ui, &text.say("network-title"), |ui| {
        card(ui, |ui| {
            ui.label(theme::strong(text.say(reachability(model))));
            let peers = model.conversations().iter().filter(|one| one.contact.online).count();
            words(ui, text.say_with("network-peers", &[("count", peers.into())]));
            ui.add_space(theme::SPACE[0]);
            ui.horizontal_wrapped(|ui| {
                if ui.button(text.say("network-report")).clicked() {
                    actions.push(Action::CopyReport);
                }
                ui.weak(text.say("network-report-text"));
            });
        });
        card(ui, |ui| {
            ui.label(theme::strong(text.say("network-listening")));
            for address in &model.listening {
                code(ui, &multiaddr_text(address), 12.0);
            }
        });
        for one in model.conversations() {
            card(ui, |ui| contact_row(ui, view, &one.contact, tests, &mut actions));
        }
        if !model.notices.is_empty() {
            card(ui, |ui| {
                ui.label(theme::strong(text.say("notice-title")));
                for notice in model.notices.iter().rev() {
                    words(ui, trouble::notice(text, *notice));
                }
            });
        }
        if let Some(own) = model.own() {
            card(ui, |ui| {
                ui.weak(text.say("network-my-id"));
                code(ui, &own.id.to_string(), 12.0);
            });
        }
    });
    actions
}

/// One honest sentence.
fn reachability(model: &Model) -> &'static str {
    match Reachability::of(&model.listening, model.beyond.as_ref(), model.lan_only) {
        Reachability::Direct => "network-direct",
        Reachability::Relayed => "network-relayed",
        Reachability::Offline => "network-offline",
        _ if model.listening.iter().all(Address::is_loopback) => "network-loopback",
        Reachability::LanOnly if model.lan_only => "network-lan-only",
        Reachability::LanOnly if model.beyond.is_some() => "network-no-server",
        Reachability::LanOnly => "network-lan",
        Reachability::Unknown => "network-unknown",
    }
}

fn contact_row(
    ui: &mut egui::Ui,
    view: &View<'_>,
    contact: &ContactView,
    tests: &Tests,
    actions: &mut Vec<Action>,
) {
    let text = view.text;
    let name = view.model.name(contact);
    ui.horizontal(|ui| {
        avatar(ui, 32.0, contact);
        ui.vertical(|ui| {
            ui.add(egui::Label::new(theme::strong(&name)).truncate());
            let key = match contact.path {
                Some(Path::Relayed) => "network-contact-relayed",
                Some(Path::Direct) => "network-contact-direct",
                None => "network-contact-away",
            };
            let standing = if contact.online {
                text.say(key)
            } else {
                format!("{} · {}", text.say(key), say::standing(text, contact, view.today))
            };
            ui.add(egui::Label::new(egui::RichText::new(standing).size(12.5).weak()).truncate());
        });
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            let enabled = tests.running.is_none() && may_write(contact);
            let button = ui.add_enabled(enabled, egui::Button::new(text.say("test-button")));
            let label = text.say_with("test-button-of", &[("name", name.clone().into())]);
            button.widget_info(|| WidgetInfo::labeled(Role::Button, enabled, &label));
            if button.clicked() {
                actions.push(Action::Test(contact.id));
            }
        });
    });
    if tests.running == Some(contact.id) {
        ui.weak(text.say("test-running"));
        return;
    }
    match tests.found.get(&contact.id) {
        None => {}
        Some(Err(why)) => words(ui, trouble::in_one_line(text, why)),
        Some(Ok(tested)) => found(ui, text, tested, &name),
    }
}

/// What a test found: the verdict, then each step in words.
fn found(ui: &mut egui::Ui, text: &Text, tested: &Tested, name: &str) {
    let palette = theme::palette(ui);
    ui.add_space(theme::SPACE[0]);
    let colour = if tested.is_reachable() { palette.good } else { palette.bad };
    words(ui, egui::RichText::new(verdict(text, tested, name)).color(colour));
    for (step, result) in tested.steps {
        let (mark, colour) = match result {
            StepResult::Done => ("✓", palette.good),
            StepResult::Failed => ("!", palette.bad),
            StepResult::NotTried => ("–", palette.text_weak),
        };
        let line = format!("{mark} {} — {}", text.say(said(step)), text.say(how(tested, step, result)));
        words(ui, egui::RichText::new(line).size(13.0).color(colour));
        if step == Step::Dial {
            for one in &tested.trial.addresses {
                let line =
                    format!("    {} — {}", multiaddr_text(&one.address), text.say(came_of(one.outcome)));
                words(ui, egui::RichText::new(line).size(12.0).color(palette.text_weak));
            }
        }
    }
}

fn verdict(text: &Text, tested: &Tested, name: &str) -> String {
    let key = match tested.failed() {
        None => {
            let time = tested.round_trip_ms().map(|millis| format!("{millis:.1}")).unwrap_or_default();
            return text.say_with("test-reachable", &[("name", name.into()), ("time", time.into())]);
        }
        Some(Step::Network) => "test-no-network",
        Some(Step::Listening) => "test-not-listening",
        Some(Step::Address) => "test-no-address",
        Some(Step::Dial) => "test-no-answer",
        Some(Step::Handshake) if tested.trial.awaits_consent => "test-no-consent",
        Some(Step::Handshake) => "test-no-keys",
        Some(Step::Channel) => "test-no-channel",
        Some(Step::Ping) => "test-no-echo",
    };
    text.say_with(key, &[("name", name.into())])
}

const fn said(step: Step) -> &'static str {
    match step {
        Step::Network => "test-step-network",
        Step::Listening => "test-step-listening",
        Step::Address => "test-step-address",
        Step::Dial => "test-step-dial",
        Step::Handshake => "test-step-handshake",
        Step::Channel => "test-step-channel",
        Step::Ping => "test-step-ping",
    }
}

const fn how(tested: &Tested, step: Step, result: StepResult) -> &'static str {
    match result {
        // That nobody is let in is no fault of anything.
        _ if tested.hidden && matches!(step, Step::Listening) => "test-chosen",
        StepResult::Done => "test-done",
        StepResult::Failed => "test-failed",
        StepResult::NotTried => "test-not-tried",
    }
}

const fn came_of(outcome: AddressOutcome) -> &'static str {
    match outcome {
        AddressOutcome::NotTried => "test-not-tried",
        AddressOutcome::Answered => "test-answered",
        AddressOutcome::Failed(DialFailure::Refused) => "test-refused",
        AddressOutcome::Failed(DialFailure::TimedOut) => "test-timed-out",
        AddressOutcome::Failed(DialFailure::Unreachable) => "test-unreachable",
        AddressOutcome::Failed(DialFailure::SomebodyElse) => "test-somebody-else",
        AddressOutcome::Failed(DialFailure::OtherVersion) => "test-other-version",
        AddressOutcome::Failed(DialFailure::Broken) => "test-broken",
    }
}

#[cfg(test)]
mod tests {
    use causerie_node::rpc::methods::Standing;
    use causerie_protocol::answer::Trial;

    use super::*;
    use crate::preferences::Language;

    #[test]
    fn who_lets_nobody_in_by_choice_is_not_told_that_this_is_why() {
        let trial = Trial {
            loopback: false,
            known: StepResult::Failed,
            nearby: 0,
            addresses: Vec::new(),
            dialled: StepResult::NotTried,
            agreed: StepResult::NotTried,
            awaits_consent: false,
            online: StepResult::NotTried,
            answered: StepResult::NotTried,
            round_trip: None,
        };
        let standing = Standing {
            running: true,
            passphrase: false,
            listening: 0,
            hidden: true,
            on_network: true,
            serving: None,
        };
        let chosen = Tested::of(trial.clone(), standing);
        let broken = Tested::of(trial, Standing { hidden: false, ..standing });
        for language in Language::ALL {
            let text = Text::of(language);
            let about = text.say_with("test-no-address", &[("name", "Bob".into())]);
            assert_eq!(verdict(&text, &chosen, "Bob"), about);
            assert_eq!(verdict(&text, &broken, "Bob"), text.say("test-not-listening"));
        }
        let (step, result) = chosen.steps[1];
        assert_eq!(how(&chosen, step, result), "test-chosen");
        let (step, result) = broken.steps[1];
        assert_eq!(how(&broken, step, result), "test-failed");
    }
}
