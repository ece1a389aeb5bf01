//! Why a command failed: one sentence that says what happened, one that says what to do, and the exit code.
//!
//! The kind is the key to everything: it comes from the engine, over the socket or not, and the exit code follows from
//! it. The codes are those of the command line's contract.

use std::io;

use causerie_protocol::answer::CommandError;
use serde_json::json;

use super::output::{Paint, escape, json_line};
use crate::{
    error::NodeError,
    rpc::{client::ClientError, methods::CallError},
};

/// What is said on standard error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) kind: String,
    message: String,
    hint: String,
}

/// Whoever read our output left: nothing is to be said, and nothing went wrong.
const READER_LEFT: &str = "reader_left";

impl Failure {
    pub(super) fn new(kind: &str, message: impl Into<String>, hint: &str) -> Self {
        Self { kind: kind.to_owned(), message: message.into(), hint: hint.to_owned() }
    }

    pub(super) fn usage(error: &clap::Error) -> Self {
        let rendered = error.render().to_string();
        // What follows the first paragraph is advice that the hint gives too.
        let lines = rendered.lines().take_while(|line| !line.is_empty());
        let words: Vec<&str> = lines.flat_map(str::split_whitespace).collect();
        let sentence = words.join(" ");
        let message = sentence.strip_prefix("error: ").unwrap_or(&sentence);
        Self::new("usage", message, "See `causerie-node --help`.")
    }

    pub(super) fn no_node() -> Self {
        Self::new(
            "no_node",
            "no node is running on this home, and this command needs one",
            "Start it with `causerie-node run`.",
        )
    }

    pub(super) fn one_standard_input() -> Self {
        Self::new(
            "usage",
            "standard input can be read for one thing only",
            "Nothing was changed. Put the passphrase into a file and name that.",
        )
    }

    pub(super) fn interrupted() -> Self {
        Self::new("interrupted", "interrupted", "What was confirmed before is kept.")
    }

    pub(super) fn internal(words: &str) -> Self {
        Self::new(
            "internal",
            format!("a fault of this program: {words}"),
            "What was confirmed before is kept. Please report it.",
        )
    }

    pub(super) fn exit_code(&self) -> u8 {
        match self.kind.as_str() {
            READER_LEFT => 0,
            "usage" | "bad_address" | "unknown_method" | "invalid_params" => 2,
            "unreachable" => 3,
            "verification_changed" => 4,
            "no_such_contact" | "no_such_group" | "no_such_message" => 5,
            "locked" | "wrong_passphrase" => 6,
            "no_node" => 7,
            "timeout" => 8,
            "interrupted" => 130,
            _ => 1,
        }
    }

    /// What to write on standard error, if anything.
    pub(super) fn words(&self, json: bool, paint: Paint) -> Option<String> {
        if self.kind == READER_LEFT {
            return None;
        }
        Some(if json {
            let Self { kind, message, hint } = self;
            json_line(&json!({"error": {"kind": kind, "message": message, "hint": hint}}))
        } else {
            let label = paint.red("error:");
            format!("{label} {}. {}", escape(&self.message), escape(&self.hint))
        })
    }
}

impl From<NodeError> for Failure {
    fn from(error: NodeError) -> Self {
        Self::new(error.kind(), error.to_string(), error.hint())
    }
}

impl From<CommandError> for Failure {
    fn from(error: CommandError) -> Self {
        NodeError::Command(error).into()
    }
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        let kind = match error {
            CallError::UnknownMethod(_) => "unknown_method",
            CallError::BadParams(_) => "invalid_params",
        };
        Self::new(
            kind,
            error.to_string(),
            "Nothing was changed. The documentation lists the methods and their parameters.",
        )
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        match error {
            ClientError::Refused { kind, message, hint, .. } => Self { kind, message, hint },
            ClientError::Cut(_) => Self::new(
                "stopped",
                "the node went away before it answered",
                "What was confirmed before is kept; look whether this was done, then try again.",
            ),
            ClientError::Silent => Self::new(
                "timeout",
                "the node does not answer",
                "It is stopped or very busy; look at its process. What was confirmed before is kept.",
            ),
            ClientError::Garbled => Self::new(
                "garbled",
                "the node's answer cannot be understood",
                "Stop the node and start the version of this program.",
            ),
        }
    }
}

/// Standard output, standard input and the like; a home's own faults are [`NodeError::Storage`].
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Self::new(READER_LEFT, "whoever read this left", "")
        } else {
            Self::new("io", error.to_string(), "What was confirmed before is kept.")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_have_the_exit_codes_of_the_contract() {
        let codes = [
            (CommandError::VerificationChanged, 4),
            (CommandError::NotFound, 5),
            (CommandError::MessageNotFound, 5),
            (CommandError::Ambiguous(vec!["a".to_owned()]), 1),
            (CommandError::OwnInvitation, 1),
            (CommandError::TooLong, 1),
        ];
        for (error, code) in codes {
            assert_eq!(Failure::from(error.clone()).exit_code(), code, "{error}");
        }
        assert_eq!(Failure::from(NodeError::NoIdentity).exit_code(), 1);
        assert_eq!(Failure::from(NodeError::HomeInUse).exit_code(), 1);
        assert_eq!(Failure::from(NodeError::StoreDamaged("/x".into())).exit_code(), 1);
        assert_eq!(Failure::from(NodeError::IdentityLost).exit_code(), 1);
        assert_eq!(Failure::from(NodeError::BadAddress(String::new())).exit_code(), 2);
        assert_eq!(Failure::from(NodeError::Network(String::new())).exit_code(), 3);
        assert_eq!(Failure::from(NodeError::Locked).exit_code(), 6);
        assert_eq!(Failure::from(NodeError::WrongPassphrase).exit_code(), 6);
        assert_eq!(Failure::from(NodeError::NoPassphrase).exit_code(), 1);
        assert_eq!(Failure::no_node().exit_code(), 7);
        assert_eq!(Failure::interrupted().exit_code(), 130);
    }

    #[test]
    fn kinds_are_those_of_the_contract() {
        let kinds = [
            (NodeError::NoIdentity, "no_identity"),
            (NodeError::HomeInUse, "home_in_use"),
            (NodeError::NewerHome, "newer_home"),
            (NodeError::Locked, "locked"),
            (NodeError::WrongPassphrase, "wrong_passphrase"),
            (NodeError::NoPassphrase, "no_passphrase"),
            (NodeError::Storage(String::new()), "storage"),
            (NodeError::StoreDamaged("/x".into()), "store_damaged"),
            (NodeError::IdentityLost, "identity_lost"),
            (NodeError::DiskFull, "storage"),
            (CommandError::DiskFull.into(), "storage"),
            (CommandError::ReadOnly.into(), "storage"),
            (CommandError::OwnInvitation.into(), "own_invite"),
            (CommandError::BadInvitation.into(), "bad_invite"),
            (CommandError::ExpiredInvitation.into(), "expired_invite"),
            (CommandError::NewerVersion.into(), "newer_version"),
            (CommandError::AlreadyContact.into(), "already_contact"),
            (CommandError::Ambiguous(Vec::new()).into(), "ambiguous"),
            (CommandError::TooLong.into(), "too_long"),
            (CommandError::Empty.into(), "empty"),
        ];
        for (error, kind) in kinds {
            assert_eq!(error.kind(), kind);
        }
    }

    #[test]
    fn errors_are_said_as_a_sentence_or_as_json() {
        let failure = Failure::from(CommandError::ExpiredInvitation);
        assert_eq!(
            failure.words(false, Paint::PLAIN).unwrap(),
            "error: the invitation has expired. Ask for a new one. If this machine's clock is wrong, set it, or accept with \
             --ignore-end."
        );
        let value: serde_json::Value =
            serde_json::from_str(&failure.words(true, Paint::PLAIN).unwrap()).unwrap();
        assert_eq!(
            value,
            json!({"error": {"kind": "expired_invite", "message": "the invitation has expired",
                "hint": "Ask for a new one. If this machine's clock is wrong, set it, or accept with --ignore-end."}})
        );
    }

    #[test]
    fn names_of_peers_in_an_error_cannot_paint_the_terminal() {
        let failure = Failure::from(CommandError::Ambiguous(vec!["\u{1b}[2Jmallory".to_owned()]));
        assert!(!failure.words(false, Paint::PLAIN).unwrap().contains('\u{1b}'));
        assert!(!failure.words(true, Paint::PLAIN).unwrap().contains('\u{1b}'));
    }

    #[test]
    fn wrong_usage_is_one_sentence() {
        use clap::Parser;
        let error = crate::cli::args::Args::try_parse_from(["causerie-node", "init"]).unwrap_err();
        let failure = Failure::usage(&error);
        assert_eq!((failure.kind.as_str(), failure.exit_code()), ("usage", 2));
        assert_eq!(failure.message, "the following required arguments were not provided: --name <NAME>");
    }

    #[test]
    fn a_reader_that_left_is_no_error() {
        let failure = Failure::from(io::Error::from(io::ErrorKind::BrokenPipe));
        assert_eq!(failure.exit_code(), 0);
        assert_eq!(failure.words(false, Paint::PLAIN), None);
    }
}
