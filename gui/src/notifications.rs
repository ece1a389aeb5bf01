//! Notifications of the desktop: `org.freedesktop.Notifications` on the session's bus.
//!
//! A conversation has at most one on the screen; a newer one takes its place and makes no sound. A click says whom it is
//! about. What servers can do differs: markup is escaped where they read it, and a click is offered where they have one.
//!
//! Spoken directly, over one connection: the crate for this opens one a notification, and wants a thread for each that
//! may be clicked.

use std::collections::{BTreeMap, HashMap};

use causerie_protocol::ids::AccountId;
use zbus::{Connection, zvariant::Value};

use crate::attention::Notification;

/// The name under which servers are found.
pub const SERVER: &str = "org.freedesktop.Notifications";

/// The name of the program's entry in menus, by which a desktop knows whose notification it is.
pub const DESKTOP_ENTRY: &str = "org.causerie.Causerie";

/// The action that is a click on the notification itself.
const CLICK: &str = "default";

#[zbus::proxy(
    interface = "org.freedesktop.Notifications",
    default_service = "org.freedesktop.Notifications",
    default_path = "/org/freedesktop/Notifications",
    gen_blocking = false
)]
pub(crate) trait Server {
    #[expect(clippy::too_many_arguments, reason = "the interface has so many")]
    fn notify(
        &self,
        program: &str,
        replaces: u32,
        icon: &str,
        title: &str,
        body: &str,
        actions: &[&str],
        hints: HashMap<&str, Value<'_>>,
        timeout: i32,
    ) -> zbus::Result<u32>;

    fn close_notification(&self, id: u32) -> zbus::Result<()>;

    fn get_capabilities(&self) -> zbus::Result<Vec<String>>;

    #[zbus(signal)]
    fn action_invoked(&self, id: u32, action: String) -> zbus::Result<()>;

    #[zbus(signal)]
    fn notification_closed(&self, id: u32, reason: u32) -> zbus::Result<()>;
}

/// What is on the screen.
#[derive(Debug)]
pub(crate) struct Notifications {
    server: ServerProxy<'static>,
    shown: BTreeMap<AccountId, u32>,
    /// What the server can do; `None` where there is none.
    can: Option<Abilities>,
}

#[derive(Clone, Copy, Debug)]
struct Abilities {
    markup: bool,
    clicks: bool,
}

impl Notifications {
    /// Looks whether there is a server, which may start it.
    pub(crate) async fn new(bus: &Connection) -> zbus::Result<Self> {
        let server = ServerProxy::new(bus).await?;
        let mut new = Self { server, shown: BTreeMap::new(), can: None };
        new.look_again().await;
        Ok(new)
    }

    /// The server, for whoever follows its signals.
    pub(crate) const fn server(&self) -> &ServerProxy<'static> {
        &self.server
    }

    /// Whether there is one.
    pub(crate) const fn can_show(&self) -> bool {
        self.can.is_some()
    }

    /// Another server may be there: it shows nothing of ours yet.
    pub(crate) async fn look_again(&mut self) {
        self.shown.clear();
        let can = self.server.get_capabilities().await.ok();
        let has = |abilities: &[String], one: &str| abilities.iter().any(|ability| ability == one);
        self.can =
            can.map(|all| Abilities { markup: has(&all, "body-markup"), clicks: has(&all, "actions") });
    }

    /// Shows one, in the place of the one about the same.
    pub(crate) async fn show(&mut self, one: &Notification, open: &str) {
        let Some(can) = self.can else { return };
        let body = if can.markup { escaped(&one.body) } else { one.body.clone() };
        let actions: &[&str] = if can.clicks { &[CLICK, open] } else { &[] };
        let replaces = self.shown.get(&one.about).copied();
        let mut hints = HashMap::from([
            ("category", Value::from("im.received")),
            ("desktop-entry", Value::from(DESKTOP_ENTRY)),
        ]);
        if replaces.is_some() {
            hints.insert("suppress-sound", Value::from(true));
        }
        let shown = self
            .server
            .notify("Causerie", replaces.unwrap_or(0), DESKTOP_ENTRY, &one.title, &body, actions, hints, -1)
            .await;
        match shown {
            Ok(id) => drop(self.shown.insert(one.about, id)),
            Err(error) => tracing::debug!(%error, "a notification was not shown"),
        }
    }

    /// Whether something about somebody is on the screen.
    pub(crate) fn is_shown(&self, about: AccountId) -> bool {
        self.shown.contains_key(&about)
    }

    /// Takes away what is shown about somebody.
    pub(crate) async fn withdraw(&mut self, about: AccountId) {
        if let Some(id) = self.shown.remove(&about) {
            // It may be gone already.
            self.server.close_notification(id).await.ok();
        }
    }

    /// Takes away everything: nobody would hear a click.
    pub(crate) async fn withdraw_all(&mut self) {
        for (_, id) in core::mem::take(&mut self.shown) {
            self.server.close_notification(id).await.ok();
        }
    }

    /// Whom a click is about.
    pub(crate) fn clicked(&self, id: u32, action: &str) -> Option<AccountId> {
        self.about(id).filter(|_| action == CLICK)
    }

    /// It is on the screen no more.
    pub(crate) fn closed(&mut self, id: u32) {
        if let Some(about) = self.about(id) {
            self.shown.remove(&about);
        }
    }

    fn about(&self, id: u32) -> Option<AccountId> {
        self.shown.iter().find(|(_, shown)| **shown == id).map(|(about, _)| *about)
    }
}

/// A text that says the same where markup is read.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for one in text.chars() {
        match one {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            _ => safe.push(one),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn markup_of_others_is_text() {
        assert_eq!(
            escaped("<a href=\"x\">it's & so</a>"),
            "&lt;a href=&quot;x&quot;&gt;it&#39;s &amp; so&lt;/a&gt;"
        );
        assert_eq!(escaped("&amp;"), "&amp;amp;");
    }
}
