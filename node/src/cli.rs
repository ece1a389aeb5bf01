//! The program `causerie-node`: reads its arguments, does one command, says how it went.
//!
//! - `args`: what can be written · `commands`, `send`, `run`, `demo`: what is done
//! - `inspection`: the test of a contact, a message's details, the report
//! - `door`: the way to a node: over the home's socket, or the home opened by ourselves
//! - `passphrase`, `terminal`: what opens the home, and asking for it · `memory`: keeping it out of core dumps
//! - `manual`: completions and manual pages · `output`, `words`: what is printed · `errors`: sentences and exit codes · `journal`: the log file of `run`
//!
//! Commands, fields, kinds and exit codes are a contract: scripts are written against them.

use std::{
    ffi::OsString,
    io::{self, IsTerminal},
    process::ExitCode,
    thread,
    time::Duration,
};

use clap::Parser;
use tokio::{runtime::Runtime, signal, sync::oneshot, time::timeout};

mod args;
mod commands;
mod demo;
mod door;
mod errors;
mod inspection;
mod journal;
mod manual;
mod memory;
mod output;
mod passphrase;
mod run;
mod send;
mod terminal;
mod words;

use self::{
    args::{Args, Command},
    errors::Failure,
    output::{Paint, Printer},
};

/// Threads that run the node; the store and the printer have their own. Chosen.
const WORKERS: usize = 2;

/// How long an interrupted command may take to tidy up. Chosen.
const INTERRUPT_PATIENCE: Duration = Duration::from_secs(2);

/// The whole program.
#[must_use]
pub fn main() -> ExitCode {
    memory::keep_out_of_dumps();
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let json = arguments.iter().any(|argument| argument == "--json");
    let outcome = match Args::try_parse_from(arguments) {
        Ok(args) => perform(args),
        Err(error) if json && error.use_stderr() => Err(Failure::usage(&error)),
        Err(error) => error.exit(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let paint = Paint::for_stream(io::stderr().is_terminal());
            if let Some(words) = failure.words(json, paint) {
                eprintln!("{words}");
            }
            ExitCode::from(failure.exit_code())
        }
    }
}

fn perform(args: Args) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(WORKERS).enable_all().build()?;
    let outcome = watch_over(&runtime, args);
    // A thread that waits for standard input or output would hold everything up.
    runtime.shutdown_background();
    outcome
}

/// The command has a thread of its own, so that an interrupt is seen even while it waits for a full pipe.
fn watch_over(runtime: &Runtime, args: Args) -> Result<(), Failure> {
    let printer = Printer::to_stdout(args.json);
    let daemon = matches!(args.command, Command::Run(_));
    let (interrupt, interrupted) = oneshot::channel();
    let (done, mut outcome) = oneshot::channel();
    let handle = runtime.handle().clone();
    thread::spawn(move || {
        let ended = handle.block_on(async {
            tokio::select! {
                ended = commands::perform(args, printer) => ended,
                Ok(()) = interrupted => Err(Failure::interrupted()),
            }
        });
        // Nobody waits for it after an interrupt that took too long.
        done.send(ended).ok();
    });
    runtime.block_on(async {
        tokio::select! {
            ended = &mut outcome => ended.unwrap_or_else(|_gone| Err(Failure::internal("it panicked"))),
            Ok(()) = signal::ctrl_c(), if !daemon => {
                interrupt.send(()).ok();
                timeout(INTERRUPT_PATIENCE, outcome).await.ok();
                Err(Failure::interrupted())
            }
        }
    })
}
