//! Does one command: parameters to a call, the result to the printer.
//!
//! Every command of the node is a call of the local API, made through a [`Door`]; so what a script sees here and over
//! the socket cannot differ. Commands that follow or start a node are in `send`, `run` and `demo`.

use std::path::Path;

use causerie_protocol::limits::HISTORY_PAGE_MAX;
use serde_json::{Map, Value, json};

use super::{
    args::{Args, Command, Contacts, Invite, NewInvite},
    demo,
    door::{Door, running},
    errors::Failure,
    inspection, manual,
    output::Printer,
    passphrase::{self, Opener},
    run, send,
    words::{self, Names},
};

/// Does what was written on the command line.
pub(super) async fn perform(args: Args, mut printer: Printer) -> Result<(), Failure> {
    match args.command {
        Command::Completions { shell } => return manual::completions(shell, &mut printer),
        Command::Man { directory } => return manual::pages(&directory, &mut printer),
        _ => {}
    }
    let Some(home) = args.home(|name| std::env::var_os(name)) else {
        let hint = "Choose one with --home DIR.";
        return Err(Failure::new("usage", "there is no directory for a home", hint));
    };
    let opener = Opener::new(args.passphrase_file);
    match args.command {
        Command::Init { name } => init(&home, &name, opener, &mut printer).await,
        Command::Passphrase { command } => passphrase::change(&home, command, opener, &mut printer).await,
        Command::Run(options) => run::run(&home, options, opener, printer).await,
        Command::Listen { since } => run::listen(&home, since, printer).await,
        Command::Send(message) => send::send(&home, message, opener, &mut printer).await,
        Command::Demo => demo::demo(&mut printer).await,
        Command::Contacts { command: Some(Contacts::Test(whom)) } => {
            inspection::test(&home, &whom.words, &mut printer).await
        }
        Command::Doctor => inspection::doctor(&home, &mut printer).await,
        Command::Rpc { method, params } => rpc(&home, &method, params, &mut printer).await,
        quick => {
            let mut door = Door::open(&home, opener).await?;
            let outcome = ask(quick, &mut door, &mut printer).await;
            printer.warnings(&door.notices());
            let closed = door.close().await;
            outcome.and(closed)
        }
    }
}

async fn init(home: &Path, name: &str, opener: Opener, printer: &mut Printer) -> Result<(), Failure> {
    let passphrase = opener.given().await?;
    let made = crate::init(home, name, passphrase.as_ref())?;
    let mut value = json!({"id": made.account.to_string(), "name": made.name});
    if let (Some(aside), Some(fields)) = (&made.set_aside, value.as_object_mut()) {
        fields.insert("set_aside".to_owned(), json!(aside.display().to_string()));
    }
    printer.result(&value, |value, _| words::text(value, "id").to_owned())?;
    if let Some(aside) = made.set_aside {
        let aside = aside.display();
        printer.warnings(&[format!("what was left of another identity in this home is in {aside} now")]);
    }
    printer.note("This is your identity; it lives in the home's directory only.");
    printer.note(
        "Next: `causerie-node run &` is there for your contacts; then `causerie-node invite` makes a link.",
    );
    Ok(())
}

async fn rpc(
    home: &Path,
    method: &str,
    params: Option<String>,
    printer: &mut Printer,
) -> Result<(), Failure> {
    let params = match params.map(|text| serde_json::from_str(&text)).transpose() {
        Ok(params) => params.unwrap_or_else(|| json!({})),
        Err(error) => {
            let message = format!("the parameters are not JSON: {error}");
            return Err(Failure::new("invalid_params", message, "Nothing was changed."));
        }
    };
    let result = running(home).await?.call(method, params).await?;
    Ok(printer.result(&result, |result, _| super::output::json_line(result))?)
}

async fn ask(command: Command, door: &mut Door, printer: &mut Printer) -> Result<(), Failure> {
    match command {
        Command::Status => {
            let status = door.call("node.status", json!({})).await?;
            printer.result(&status, words::status)?;
        }
        Command::Check => return check(door, printer).await,
        Command::Report { check, addresses } => {
            return inspection::report(check, addresses, door, printer).await;
        }
        Command::Message { command } => return inspection::message(command, door, printer).await,
        Command::Invite { command, new } => return invite(command, new, door, printer).await,
        Command::Accept { link, name, ignore_end } => {
            return accept(&link, name, ignore_end, door, printer).await;
        }
        Command::Contacts { command: None } => {
            let contacts = list(door.call("contact.list", json!({})).await?);
            printer.list(&contacts, words::contacts)?;
        }
        Command::Devices { command } => {
            let separate = command.is_some();
            let method = if separate { "device.separate" } else { "device.list" };
            let devices = list(door.call(method, json!({})).await?);
            printer.list(&devices, words::devices)?;
            if separate {
                printer
                    .note("This home is a device of its own now. Your contacts learn it when they meet it.");
            }
        }
        Command::Contacts { command: Some(decision) } => return decide(decision, door, printer).await,
        Command::History { conversation, limit, before } => {
            return history(&conversation, limit, before, door, printer).await;
        }
        Command::Read { conversation } => {
            let params = json!({"conversation": conversation});
            let result = door.call("message.read", params).await?;
            printer.result(&result, |_, _| String::new())?;
            printer.note("Marked as read.");
        }
        Command::Init { .. }
        | Command::Passphrase { .. }
        | Command::Run(_)
        | Command::Send(_)
        | Command::Listen { .. }
        | Command::Rpc { .. }
        | Command::Completions { .. }
        | Command::Man { .. }
        | Command::Demo
        | Command::Doctor => return Err(Failure::internal("a command went the wrong way")),
    }
    Ok(())
}

async fn check(door: &mut Door, printer: &mut Printer) -> Result<(), Failure> {
    let found = door.call("node.check", json!({})).await?;
    printer.result(&found, words::check)?;
    if found.get("ok") == Some(&Value::Bool(true)) {
        return Ok(());
    }
    Err(Failure::new(
        "damaged",
        "something that was stored is missing or cannot be read",
        "The rest is kept; your contacts' devices give back what they have when you meet them.",
    ))
}

async fn invite(
    command: Option<Invite>,
    new: NewInvite,
    door: &mut Door,
    printer: &mut Printer,
) -> Result<(), Failure> {
    match command {
        None => {
            let mut params = json!({"reusable": new.reusable, "ask": new.ask, "hints": !new.no_hints});
            if let (Some(life), Some(fields)) = (new.expires, params.as_object_mut()) {
                fields.insert("expires".to_owned(), json!(life.as_secs()));
            }
            let invitation = door.call("invite.create", params).await?;
            printer.result(&invitation, |it, _| words::text(it, "invite").to_owned())?;
            printer.note("Hand this link to one person you trust, over a channel you trust: it is a secret.");
            printer
                .note("They answer it with `causerie-node accept LINK`; be there with `causerie-node run`.");
            if !new.no_hints && !door.is_running() {
                printer.note(
                    "No node runs, so the link does not say where you are: they find you on your local network \
                     only. One that is made while `causerie-node run` goes on says it.",
                );
            }
        }
        Some(Invite::List) => {
            let invitations = list(door.call("invite.list", json!({})).await?);
            printer.list(&invitations, words::invitations)?;
        }
        Some(Invite::Revoke { id }) => {
            let result = door.call("invite.revoke", json!({"invite": id})).await?;
            printer.result(&result, |_, _| String::new())?;
            printer.note("Nobody can answer this invitation any more.");
        }
    }
    Ok(())
}

async fn accept(
    link: &str,
    name: Option<String>,
    ignore_end: bool,
    door: &mut Door,
    printer: &mut Printer,
) -> Result<(), Failure> {
    let mut params = Map::from_iter([("link".to_owned(), json!(link))]);
    if let Some(name) = name {
        params.insert("name".to_owned(), json!(name));
    }
    if ignore_end {
        params.insert("ignore_end".to_owned(), json!(true));
    }
    let result = door.call("invite.accept", Value::Object(params)).await?;
    let contact = |result: &Value| result.get("contact").cloned().unwrap_or_default();
    printer.result(&result, |result, paint| words::contact(&contact(result), paint))?;
    printer.note("You can write to them at once; it leaves when you meet them: `causerie-node run`.");
    Ok(())
}

async fn decide(decision: Contacts, door: &mut Door, printer: &mut Printer) -> Result<(), Failure> {
    let (method, params) = match decision {
        Contacts::Test(whom) => ("contact.test", json!({"contact": whom.words})),
        Contacts::Accept(whom) => ("contact.accept", json!({"contact": whom.words})),
        Contacts::Ignore(whom) => ("contact.ignore", json!({"contact": whom.words})),
        Contacts::Verify(whom) => ("contact.verify", json!({"contact": whom.words})),
        Contacts::Block(whom) => ("contact.block", json!({"contact": whom.words})),
        Contacts::Unblock(whom) => ("contact.unblock", json!({"contact": whom.words})),
        Contacts::Rename { contact, name } => {
            ("contact.rename", json!({"contact": contact.words, "name": name}))
        }
        Contacts::Merge { new, old } => ("contact.merge", json!({"new": new, "old": old})),
        Contacts::Remove { contact, keep_history } => {
            ("contact.remove", json!({"contact": contact.words, "keep_history": keep_history}))
        }
    };
    let result = door.call(method, params).await?;
    let stays = result.get("id").is_some();
    printer.result(
        &result,
        |contact, paint| {
            if stays { words::contact(contact, paint) } else { String::new() }
        },
    )?;
    if !stays {
        printer.note("Done; they were not told.");
    }
    Ok(())
}

/// A page of the API may be shorter than asked for; only an empty one is the end.
async fn history(
    conversation: &str,
    limit: u32,
    mut before: Option<String>,
    door: &mut Door,
    printer: &mut Printer,
) -> Result<(), Failure> {
    let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut pages: Vec<Vec<Value>> = Vec::new();
    let mut found = 0;
    loop {
        let rest = u32::try_from(wanted.saturating_sub(found)).unwrap_or(u32::MAX);
        let mut params = json!({"conversation": conversation, "limit": rest.min(HISTORY_PAGE_MAX)});
        if let (Some(before), Some(fields)) = (&before, params.as_object_mut()) {
            fields.insert("before".to_owned(), json!(before));
        }
        let page = list(door.call("message.list", params).await?);
        let Some(first) = page.first() else {
            break;
        };
        before = Some(words::text(first, "id").to_owned());
        found += page.len();
        pages.push(page);
        if found >= wanted {
            break;
        }
    }
    let rows: Vec<Value> = pages.into_iter().rev().flatten().collect();
    let names = if printer.is_json() {
        Names::default()
    } else {
        Names::of(&list(door.call("contact.list", json!({})).await?))
    };
    printer.list(&rows, |rows, paint| words::history(rows, &names, paint))?;
    if rows.is_empty() {
        printer.note("No messages yet.");
    }
    Ok(())
}

fn list(value: Value) -> Vec<Value> {
    match value {
        Value::Array(rows) => rows,
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests;
