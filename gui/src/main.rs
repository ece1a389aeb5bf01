//! `causerie`: opens the window, or asks the one that is open on this home to come to the front.
//!
//! What it says to a terminal is in English: it is read where no window can be opened.

use std::{env, path::PathBuf, process::ExitCode};

use causerie::{
    app::App,
    backend::Place,
    desktop::Bus,
    doorbell::{self, Ring},
    window::{self, Failure, Waker},
};
use causerie_node::{NetworkOptions, crash, home::Home};
use clap::Parser;
use eframe::egui;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    let arguments = Arguments::parse();
    let link = arguments.link.clone();
    let rests = arguments.background && link.is_none();
    let place = place(arguments)?;
    let ring = link.clone().map_or(if rests { Ring::Nothing } else { Ring::Show }, Ring::Open);
    if doorbell::ring(&place.home, &ring) {
        return Ok(());
    }
    if env::var_os("DISPLAY").is_none()
        && env::var_os("WAYLAND_DISPLAY").is_none()
        && cfg!(target_os = "linux")
    {
        return Err(NO_WINDOW.to_owned());
    }
    crash::watch(&place.home, "causerie", GOES_ON_WITHOUT);
    let mut app =
        App::start(place, Waker::default(), Bus::Session).map_err(|error| format!("causerie: {error}"))?;
    if let Some(link) = link {
        app.invited_by(&link);
    }
    let ran = window::run(&mut app, rests);
    app.close(&egui::Context::default());
    ran.map_err(|failure| match failure {
        Failure::NotOpened(why) => format!("{NO_WINDOW}\n({why})"),
        Failure::Broken => BROKEN_WINDOW.to_owned(),
    })
}

/// It looks for fonts of the system, and breaks where there is none.
const GOES_ON_WITHOUT: &[&str] = &["fontique-"];

const NO_WINDOW: &str = "causerie: no window can be opened here. In a terminal, `causerie-node` does the same: \
                         `causerie-node --help`.";

const BROKEN_WINDOW: &str = "causerie: the window was destroyed or broke, so the program has ended. Nothing that was \
                             said is lost.";

/// A messenger without servers: the window. The same from a terminal: `causerie-node`.
#[derive(Debug, Parser)]
#[command(name = "causerie", version)]
struct Arguments {
    /// Where everything lies, instead of CAUSERIE_HOME or ~/.local/share/causerie
    #[arg(long, value_name = "DIR")]
    home: Option<PathBuf>,
    /// An invitation to show
    #[arg(value_name = "LINK")]
    link: Option<String>,
    /// Starts without a window where the system has a tray to open it from
    #[arg(long)]
    background: bool,
    /// Everybody is on this machine: nothing is said to any network
    #[arg(long)]
    loopback: bool,
    /// Does not announce itself on this network, and looks for nobody there
    #[arg(long)]
    no_mdns: bool,
}

fn place(arguments: Arguments) -> Result<Place, String> {
    let Arguments { home, loopback, no_mdns, .. } = arguments;
    let home = Home::resolve(home).map_err(|error| format!("causerie: {error}"))?;
    let network = NetworkOptions { mdns: !no_mdns && !loopback, loopback, ..NetworkOptions::default() };
    Ok(Place { home, network })
}
