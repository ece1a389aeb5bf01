//! What an invitation that was given says of itself, before anybody answers it.
//!
//! A link names nobody. It holds keys, an end, who may answer, and perhaps addresses: that much can be said, and whether
//! it is whole. Whether somebody else has answered it is known to whoever made it only.

use causerie_protocol::{
    address::Address,
    contact::link_code::{Link, LinkError},
};
use eframe::egui;

use crate::{
    qr_reading::link_in,
    screens::{View, words},
    text::day_of,
    theme,
};

/// Paints what can be said of what stands in the field.
pub(super) fn given_ui(ui: &mut egui::Ui, view: &View<'_>, pasted: &str) {
    if pasted.trim().is_empty() {
        return;
    }
    match read(view, pasted) {
        Err(why) => words(ui, egui::RichText::new(view.text.say(why)).color(theme::palette(ui).bad)),
        Ok(link) => {
            for sentence in sentences(view, &link) {
                words(ui, egui::RichText::new(sentence).color(theme::palette(ui).text_weak));
            }
        }
    }
}

/// The invitation, or the name of the sentence that says why it is of no use.
fn read(view: &View<'_>, pasted: &str) -> Result<Link, &'static str> {
    let found = link_in(pasted).ok_or("given-none")?;
    let link = Link::decode(found).map_err(|error| match error {
        LinkError::Newer => "error-newer-version",
        _ => "error-bad-invitation",
    })?;
    if view.model.own().is_some_and(|own| own.id == link.account) {
        return Err("error-own-invitation");
    }
    if link.is_expired(view.now) {
        return Err("error-expired-invitation");
    }
    Ok(link)
}

fn sentences(view: &View<'_>, link: &Link) -> Vec<String> {
    let text = view.text;
    let whose = match view.model.conversation(link.account) {
        Some(one) => text.say_with("given-known", &[("name", view.model.name(&one.contact).into())]),
        None => text.say("given-unknown"),
    };
    let who = text.say(if link.reusable { "given-many" } else { "given-one" });
    let end = match link.expires() {
        Some(until) => {
            let when = format!("{} {}", text.day(day_of(until), view.today), text.clock(until));
            text.say_with("given-until", &[("when", when.into())])
        }
        None => text.say("given-endless"),
    };
    let mut sentences = vec![whose, format!("{who} {end}")];
    if link.ask {
        sentences.push(text.say("given-ask"));
    }
    if link.hints.is_empty() {
        sentences.push(text.say("given-nowhere"));
    } else if link.hints.iter().all(Address::is_loopback) {
        sentences.push(text.say("given-here"));
    }
    sentences
}
