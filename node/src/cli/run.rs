//! `run` and `listen`: what happens, a line an event.
//!
//! `run` is the node itself. Its events are printed by a thread of their own: a reader that is slow or gone must never
//! hold up the node or the signal that stops it. A daemon whose reader left goes on without a word.

use std::{path::Path, time::Duration};

use causerie_protocol::event::{Event, NoticeKind};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::{Value, json};
use tokio::{
    runtime::Handle,
    signal::unix::{Signal, SignalKind, signal},
    task::{JoinHandle, spawn_blocking},
    time::timeout,
};

use super::{
    args::Run,
    door,
    errors::Failure,
    journal::Journal,
    output::Printer,
    passphrase::Opener,
    words::{self, Names},
};
use crate::{
    NetworkOptions,
    choices::Choices,
    clock, crash,
    error::NodeError,
    events::{EventLog, Subscription},
    network::Exposure,
    rpc::client::ClientError,
};

/// From the signal to the end of the process; the contract of the command line.
const STOP_PATIENCE: Duration = Duration::from_secs(5);

/// How much of it is left for printing what happened last.
const LAST_WORDS: Duration = Duration::from_millis(500);

pub(super) async fn run(
    home: &Path,
    options: Run,
    opener: Opener,
    mut printer: Printer,
) -> Result<(), Failure> {
    // From here on a signal is remembered, even while the node is starting.
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    let set_store_aside = options.set_store_aside;
    if options.set_network_aside {
        set_network_aside(home, &mut printer).await?;
    }
    let network = network(options);
    allow_many_sockets();
    let journal = Journal::begin()?;
    let stopped = any_of([&mut interrupt, &mut terminate, &mut hangup]);
    let mut aside = None;
    let asked = set_store_aside.then_some(&mut aside);
    let mut node = door::start(home, network, opener, asked, stopped).await?;
    if let Err(error) = journal.keep(home) {
        printer.note(&format!("The log is not kept: {error}."));
    }
    tell_of_crash(home, &mut printer);
    crash::watch(home, "causerie-node", &[]);
    tracing::info!(version = env!("CARGO_PKG_VERSION"), "the node runs");
    let events = node.handle().events();
    if set_store_aside {
        tell_of_store(aside.as_deref(), &events, &mut printer);
    }
    printer.warnings(&events.notices());
    let rows = events.subscribe(Some(events.origin()));
    printer.note("Your node is running; Ctrl+C stops it.");
    let printing = spawn_blocking(move || print_rows(rows, printer));
    let died = tokio::select! {
        () = any_of([&mut interrupt, &mut terminate, &mut hangup]) => None,
        error = node.failed() => Some(error),
    };
    let stopped = timeout(STOP_PATIENCE.saturating_sub(LAST_WORDS), node.stop()).await;
    match (&died, &stopped) {
        (Some(error), _) | (None, Ok(Err(error))) => tracing::error!(%error, "the node failed"),
        (None, Ok(Ok(()))) => tracing::info!("the node stopped"),
        (None, Err(_elapsed)) => tracing::error!("the node did not close in time"),
    }
    events.close();
    finish(printing).await;
    match (died, stopped) {
        (Some(error), _) | (None, Ok(Err(error))) => Err(error.into()),
        (None, Ok(Ok(()))) => Ok(()),
        (None, Err(_elapsed)) => {
            Err(NodeError::Storage("it did not close within 5 seconds".to_owned()).into())
        }
    }
}

/// A relay holds a socket for many a peer, and systems begin with 1,024 for all: as many as the administrator allows.
fn allow_many_sockets() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).ok();
}

/// How the node is to meet others.
fn network(options: Run) -> NetworkOptions {
    NetworkOptions {
        listen: options.listen,
        dial: options.dial,
        mdns: !options.no_mdns && !options.loopback,
        loopback: options.loopback,
        choices: Choices {
            exposure: match (options.lan_only, options.relays_only, options.stealth) {
                (true, _, _) => Exposure::LanOnly,
                (_, true, _) => Exposure::RelaysOnly,
                (_, _, true) => Exposure::Stealth,
                _ => Exposure::Open,
            },
            bootstrap: options.bootstrap,
            proxy: options.proxy,
            serve_relay: options.serve_relay,
            serve_bootstrap: options.serve_bootstrap,
            ..Choices::default()
        },
    }
}

async fn set_network_aside(home: &Path, printer: &mut Printer) -> Result<(), Failure> {
    let path = home.to_owned();
    let aside = spawn_blocking(move || crate::set_choices_aside(&path)).await;
    let aside = aside.map_err(|error| NodeError::Storage(error.to_string()))??;
    printer.note(&match aside {
        Some(aside) => format!("network.toml is {} now: nothing that it says counts.", aside.display()),
        None => "There is no network.toml that cannot be used: nothing was moved.".to_owned(),
    });
    Ok(())
}

/// Says once that the program broke, and where the report of it is.
fn tell_of_crash(home: &Path, printer: &mut Printer) {
    if let Some(crash) = crash::left_behind(home) {
        let path = match crash::told(home) {
            Ok(path) => path,
            Err(_) => crash.path,
        };
        let place = path.display();
        printer.note(&format!(
            "A run before broke off; what was confirmed is kept. A report without names or texts: {place}"
        ));
    }
}

fn tell_of_store(aside: Option<&Path>, events: &EventLog, printer: &mut Printer) {
    let Some(aside) = aside else {
        printer.note("The store is not damaged: it stays where it is.");
        return;
    };
    let text = format!(
        "the damaged store is in {} now and a new one has begun; your contacts give back what you said to each other, \
        but not what never reached them",
        aside.display()
    );
    tracing::warn!("the damaged store was set aside and a new one has begun");
    events.push(&Event::Notice { kind: NoticeKind::StoreSetAside, text }, clock::now().wall);
}

pub(super) async fn listen(home: &Path, since: Option<u64>, mut printer: Printer) -> Result<(), Failure> {
    let mut names = Names::default();
    if !printer.is_json() {
        let mut asking = door::Door::to_running(home).await?;
        if let Value::Array(contacts) = asking.call("contact.list", json!({})).await? {
            names = Names::of(&contacts);
        }
    }
    let mut follower = door::running(home).await?.subscribe(since).await?;
    loop {
        match follower.next().await {
            Ok(event) => printer.result(&event, |event, paint| words::event(event, &mut names, paint))?,
            Err(ClientError::Cut(_)) => {
                let hint = "Start it again with `causerie-node run`.";
                return Err(Failure::new("no_node", "the node stopped", hint));
            }
            Err(error) => return Err(error.into()),
        }
    }
}

async fn any_of([one, two, three]: [&mut Signal; 3]) {
    tokio::select! {
        _ = one.recv() => {}
        _ = two.recv() => {}
        _ = three.recv() => {}
    }
}

fn print_rows(mut rows: Subscription, mut printer: Printer) {
    let mut names = Names::default();
    let runtime = Handle::current();
    while let Some(row) = runtime.block_on(rows.next()) {
        let printed = printer.result(&row.to_value(), |event, paint| words::event(event, &mut names, paint));
        if printed.is_err() {
            return;
        }
    }
}

/// Waits for the last lines, but not for a reader that does not take them.
async fn finish(printing: JoinHandle<()>) {
    timeout(LAST_WORDS, printing).await.ok();
}
