//! What can be written on the command line. Anything else is wrong usage and ends with exit code 2.
//!
//! Texts and names of people are taken as they are; whether they are right is the engine's to say. Only the shape is
//! checked here: numbers, lengths of time, one of several words.

use std::{ffi::OsString, net::SocketAddr, path::PathBuf, time::Duration};

use clap::{Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use crate::rpc::methods;

const HELP: &str = "\
{about-with-newline}
{usage-heading} {usage}

Begin:
  init        Make an identity in this home
  run         Be there for your contacts until Ctrl+C
  demo        See the main job done on this machine, start to end
  passphrase  Lock this home with a passphrase: `passphrase set`, `passphrase remove`

People:
  invite      Make an invitation link; also `invite list`, `invite revoke ID`
  accept      Answer somebody's invitation link
  contacts    List your contacts; accept, ignore, rename, verify, block, unblock, merge, remove or test one
  devices     List your devices; `devices separate` makes a copied home one of its own

Messages:
  send        Write to somebody
  history     Show a conversation
  read        Mark a conversation as read
  message     Show what is known of one message: `message info CONTACT MESSAGE`
  listen      Follow what happens

Look inside:
  status      Show how things stand
  doctor      Find out how far you are reached, and why contacts are not
  check       Walk everything that is stored
  report      Show what can be told to somebody who helps: no names, ids, texts or addresses
  rpc         Call a method of the local API

For your shell:
  completions Print the script that completes commands
  man         Write manual pages into a directory

Options:
{options}{after-help}";

const EXAMPLES: &str = "
Examples:
  causerie-node init --name Alice
  causerie-node run &
  causerie-node invite                         hand the link to somebody you trust
  causerie-node send bob 'Hello!' --wait delivered

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 unreachable, 4 verification changed, 5 not found,
6 locked, 7 no node is running, 8 timed out, 130 interrupted";

/// Options of every command are listed behind the command's own.
const GLOBAL_LAST: usize = 900;

/// A Causerie peer without a window: daemon and command line.
#[derive(Debug, Parser)]
#[command(
    name = "causerie-node",
    version,
    about,
    help_template = HELP,
    after_help = EXAMPLES,
    disable_help_subcommand = true
)]
pub(super) struct Args {
    /// The home: identity, store, socket and log [default: $CAUSERIE_HOME, or causerie in the user's data directory]
    #[arg(long, global = true, value_name = "DIR", display_order = GLOBAL_LAST)]
    pub(super) home: Option<PathBuf>,

    /// Print JSON: one value, or one a line where there can be several
    #[arg(long, global = true, display_order = GLOBAL_LAST)]
    pub(super) json: bool,

    /// Read the home's passphrase from this file, `-` for standard input, where one is needed [default: ask for it]
    #[arg(long, global = true, value_name = "FILE", display_order = GLOBAL_LAST)]
    pub(super) passphrase_file: Option<PathBuf>,

    #[command(subcommand)]
    pub(super) command: Command,
}

impl Args {
    /// The home: as asked for, else as the environment says; `None` where it says nothing at all.
    pub(super) fn home(&self, variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
        let path = |name: &str| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        if let Some(home) = self.home.clone().or_else(|| path("CAUSERIE_HOME")) {
            return Some(home);
        }
        // A relative one is to be ignored: XDG Base Directory Specification, "Basics".
        let given = path("XDG_DATA_HOME").filter(|directory| directory.is_absolute());
        let shared = given.or_else(|| path("HOME").map(|directory| directory.join(".local/share")));
        shared.map(|directory| directory.join("causerie"))
    }
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make an identity in this home; with --passphrase-file, locked from the beginning
    Init {
        /// What your contacts see: 1 to 64 characters
        #[arg(long)]
        name: String,
    },
    /// Be there for your contacts until Ctrl+C; prints what happens, as `listen` does
    Run(Run),
    /// Lock this home with a passphrase, or open it to whoever can read its files
    Passphrase {
        #[command(subcommand)]
        command: Passphrase,
    },
    /// Show who you are and how things stand
    Status,
    /// Find out how far you are reached, and why contacts are not; needs a running node
    Doctor,
    /// Make an invitation link
    #[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
    Invite {
        #[command(flatten)]
        new: NewInvite,
        #[command(subcommand)]
        command: Option<Invite>,
    },
    /// Answer somebody's invitation link
    Accept {
        /// As it was handed to you
        link: String,
        /// What you call them
        #[arg(long)]
        name: Option<String>,
        /// Also where it has ended by this machine's clock, which may be wrong: the inviter's decides
        #[arg(long)]
        ignore_end: bool,
    },
    /// List your contacts, or decide about one
    Contacts {
        #[command(subcommand)]
        command: Option<Contacts>,
    },
    /// List the devices of your account, or make a copied home a device of its own
    Devices {
        #[command(subcommand)]
        command: Option<Devices>,
    },
    /// Write to somebody; returns once the message is safe here
    Send(Send),
    /// Show a conversation, oldest message first
    History {
        /// An id, a part of its beginning, or a name
        conversation: String,
        /// How many messages
        #[arg(long, default_value_t = methods::HISTORY_PAGE_DEFAULT, value_name = "NUMBER")]
        limit: u32,
        /// Only what comes before this message
        #[arg(long, value_name = "MESSAGE")]
        before: Option<String>,
    },
    /// Mark everything received in a conversation as read
    Read {
        /// An id, a part of its beginning, or a name
        conversation: String,
    },
    /// Show what is known of one message
    Message {
        #[command(subcommand)]
        command: Details,
    },
    /// Follow what happens in the node that runs on this home
    Listen {
        /// Begin after this event
        #[arg(long, value_name = "SEQ")]
        since: Option<u64>,
    },
    /// Walk every chain and record that is stored
    Check,
    /// Show what can be told to somebody who helps: versions, counts and kinds, and nothing of anybody
    Report {
        /// Also walk everything that is stored, and tell what was found
        #[arg(long)]
        check: bool,
        /// Also tell the addresses on which this node listens
        #[arg(long)]
        addresses: bool,
    },
    /// Call a method of the local API, as in `rpc contact.block '{"contact":"bob"}'`
    Rpc {
        /// As in node.status
        method: String,
        /// A JSON object
        #[arg(value_name = "PARAMS-JSON")]
        params: Option<String>,
    },
    /// See the main job done on this machine, start to end, by two nodes in temporary homes
    Demo,
    /// Print the script that completes commands in your shell, as in `completions bash > FILE`
    Completions {
        /// Which shell
        shell: Shell,
    },
    /// Write manual pages into a directory
    Man {
        /// It is made if need be
        directory: PathBuf,
    },
}

#[derive(Debug, clap::Args)]
pub(super) struct Run {
    /// Listen here only [default: port 47474 or the next free one, TCP and QUIC, IPv4 and IPv6]
    #[arg(long, value_name = "MULTIADDR")]
    pub(super) listen: Vec<String>,
    /// Look whether a contact is there
    #[arg(long, value_name = "MULTIADDR")]
    pub(super) dial: Vec<String>,
    /// Do not announce this node on the local network, nor look for others
    #[arg(long)]
    pub(super) no_mdns: bool,
    /// Listen and announce on 127.0.0.1 only; implies --no-mdns
    #[arg(long)]
    pub(super) loopback: bool,
    /// Meet people beyond this network through this server; may be given several times
    #[arg(long, value_name = "MULTIADDR")]
    pub(super) bootstrap: Vec<String>,
    /// Pass sealed bytes on for people who cannot reach each other; for a machine that everybody can reach
    #[arg(long)]
    pub(super) serve_relay: bool,
    /// Be a server that others name with --bootstrap; for a machine that everybody can reach
    #[arg(long)]
    pub(super) serve_bootstrap: bool,
    /// Meet people on this network only: nothing beyond it is dialled or let in
    #[arg(long, group = "exposure")]
    pub(super) lan_only: bool,
    /// Meet people over relays only, so that they never see your address
    #[arg(long, group = "exposure")]
    pub(super) relays_only: bool,
    /// Announce nothing and let nobody in: only dial those you know
    #[arg(long, group = "exposure")]
    pub(super) stealth: bool,
    /// Go through this SOCKS5 proxy only, such as Tor's at 127.0.0.1:9050
    #[arg(long, value_name = "IP:PORT")]
    pub(super) proxy: Option<SocketAddr>,
    /// If the store is damaged, move it to set-aside-N in the home and begin a new one; one that is whole stays
    #[arg(long)]
    pub(super) set_store_aside: bool,
    /// If network.toml cannot be used, move it to set-aside-N in the home and start without it; one that can be stays
    #[arg(long)]
    pub(super) set_network_aside: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum Passphrase {
    /// Set or change the passphrase; where there is one, --passphrase-file is the current one
    Set {
        /// Read the new passphrase from this file, `-` for standard input [default: ask for it twice]
        #[arg(long, value_name = "FILE")]
        new_passphrase_file: Option<PathBuf>,
    },
    /// Remove the passphrase: whoever can read the home's files can then read everything
    Remove,
}

#[derive(Debug, clap::Args)]
pub(super) struct NewInvite {
    /// Any number of people may answer; each then waits for your consent
    #[arg(long)]
    pub(super) reusable: bool,
    /// Whoever answers waits for your consent
    #[arg(long)]
    pub(super) ask: bool,
    /// How long it can be answered, as in 7d, 12h or 30m [default: 7d]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(super) expires: Option<Duration>,
    /// Leave your addresses out of the link
    #[arg(long)]
    pub(super) no_hints: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum Invite {
    /// List your invitations
    List,
    /// Make an invitation unanswerable
    Revoke {
        /// As `invite list` shows it
        id: String,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum Contacts {
    /// Let a request become a contact
    Accept(Contact),
    /// Forget a request without a word to them
    Ignore(Contact),
    /// Choose what you call them
    Rename {
        #[command(flatten)]
        contact: Contact,
        /// 1 to 64 characters
        name: String,
    },
    /// Say that you compared the safety numbers and they are equal
    Verify(Contact),
    /// Refuse them from now on; deletes nothing
    Block(Contact),
    /// Take a block back
    Unblock(Contact),
    /// Test whether they can be reached now, and at which step it fails; needs a running node
    Test(Contact),
    /// Join somebody who lost their keys: the old contact's history goes to the new one
    Merge {
        /// Who stays
        new: String,
        /// Whose history is joined
        old: String,
    },
    /// Delete history and keys here; tells nobody
    Remove {
        #[command(flatten)]
        contact: Contact,
        /// Leave the history in place
        #[arg(long)]
        keep_history: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum Devices {
    /// Make this copy of a home a device of its own, so that both can run; for the copy, not for the original
    Separate,
}

#[derive(Debug, Subcommand)]
pub(super) enum Details {
    /// When it was written, received, delivered and read, as far as that is known, and by which path
    Info {
        /// An id, a part of its beginning, or a name
        conversation: String,
        /// Its id, as `history --json` shows it
        message: String,
    },
}

#[derive(Debug, clap::Args)]
pub(super) struct Contact {
    /// An id, a part of its beginning, or a name
    #[arg(id = "contact_words", value_name = "CONTACT")]
    pub(super) words: String,
}

#[derive(Debug, clap::Args)]
pub(super) struct Send {
    /// An id, a part of its beginning, or a name
    pub(super) conversation: String,
    /// What to write; `-` reads standard input, as it is; put `--` before a text that looks like an option
    #[arg(allow_hyphen_values = true)]
    pub(super) text: OsString,
    /// Return once it has come so far
    #[arg(long, value_name = "STATE")]
    pub(super) wait: Option<Wait>,
    /// How long to wait [default: 30s]
    #[arg(long, value_name = "TIME", requires = "wait", value_parser = duration)]
    pub(super) timeout: Option<Duration>,
}

/// How far a message is to come; the order is that of the states.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(super) enum Wait {
    Sent,
    Delivered,
    Read,
}

fn duration(text: &str) -> Result<Duration, &'static str> {
    methods::duration(text).ok_or("a length of time is written as in 7d, 12h, 30m or 45s")
}

#[cfg(test)]
mod tests;
