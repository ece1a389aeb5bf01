//! `causerie`: opens the window.

use std::{env, path::PathBuf, process::ExitCode};

use causerie::{
    app::App,
    backend::Place,
    doorbell::{self, Ring},
    preferences::Preferences,
};
use causerie_node::{NetworkOptions, home::Home};
use clap::Parser;
use eframe::egui::ViewportBuilder;

/// The name of the window's class and of its entry in menus.
const APP_ID: &str = "org.causerie.Causerie";

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
    let place = place(arguments)?;
    let ring = link.clone().map_or(Ring::Show, Ring::Open);
    if doorbell::ring(&place.home, &ring) {
        return Ok(());
    }
    if env::var_os("DISPLAY").is_none()
        && env::var_os("WAYLAND_DISPLAY").is_none()
        && cfg!(target_os = "linux")
    {
        return Err(NO_WINDOW.to_owned());
    }
    let preferences = Preferences::read(&place.home);
    let viewport = ViewportBuilder::default()
        .with_app_id(APP_ID)
        .with_title("Causerie")
        .with_inner_size(preferences.size)
        .with_min_inner_size([360.0, 420.0]);
    let options = eframe::NativeOptions { viewport, ..Default::default() };
    let made = eframe::run_native(
        APP_ID,
        options,
        Box::new(move |creation| {
            let mut app = App::new(&creation.egui_ctx, place)?;
            if let Some(link) = link {
                app.invited_by(&link);
            }
            Ok(Box::new(app))
        }),
    );
    made.map_err(|error| format!("{NO_WINDOW}\n({error})"))
}

const NO_WINDOW: &str = "causerie: no window can be opened here. In a terminal, `causerie-node` does the same: \
                         `causerie-node --help`.";

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
