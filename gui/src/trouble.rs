//! What went wrong and what happened, in the language of whoever reads it.
//!
//! The node says why in English, for scripts and logs. Here every reason has a sentence and what to do about it, in the
//! files of both languages; what only the node knows (which file, what the system said) stands below, as it was said.

use causerie_node::error::NodeError;
use causerie_protocol::{
    answer::{CommandError, reason},
    event::NoticeKind,
};

use crate::text::Text;

/// What went wrong, and what to do about it.
#[must_use]
pub fn sentences(text: &Text, error: &NodeError) -> [String; 2] {
    let key = key(error);
    [text.say(key), text.hint(key)]
}

/// Both in one line.
#[must_use]
pub fn in_one_line(text: &Text, error: &NodeError) -> String {
    sentences(text, error).join(" ")
}

/// What only the node knows of it, in its words.
#[must_use]
pub fn details(error: &NodeError) -> Option<String> {
    match error {
        NodeError::BadHome(_)
        | NodeError::BadChoices(_)
        | NodeError::File { .. }
        | NodeError::Storage(_)
        | NodeError::Network(_)
        | NodeError::StoreDamaged(_) => Some(error.to_string()),
        _ => None,
    }
}

/// Something that a person should read once.
#[must_use]
pub fn notice(text: &Text, kind: NoticeKind) -> String {
    text.say(match kind {
        NoticeKind::KeysRenewed => "notice-keys-renewed",
        NoticeKind::Twin => "notice-twin",
        NoticeKind::StoreRepaired => "notice-store-repaired",
        NoticeKind::AnsweredTwice => "notice-answered-twice",
        NoticeKind::InvitationReplaced => "notice-invitation-replaced",
        NoticeKind::Fork => "notice-fork",
        NoticeKind::DeviceListChanged => "notice-device-list-changed",
        NoticeKind::DeviceAdded => "notice-device-added",
        NoticeKind::LimitReached => "notice-limit-reached",
        NoticeKind::NoRoom => "notice-no-room",
        NoticeKind::RoomAgain => "notice-room-again",
        NoticeKind::IdentityRecovered => "notice-identity-recovered",
        NoticeKind::StoreSetAside => "notice-store-set-aside",
    })
}

/// Why an invitation failed, or a message will not arrive.
#[must_use]
pub fn why(text: &Text, said: Option<&str>) -> String {
    text.say(match said {
        Some(reason::USED) => "reason-used",
        Some(reason::EXPIRED) => "reason-expired",
        Some(reason::REVOKED) => "reason-revoked",
        Some(reason::NEWER) => "reason-newer",
        _ => "reason-gone",
    })
}

const fn key(error: &NodeError) -> &'static str {
    match error {
        NodeError::Command(refusal) => refusal_key(refusal),
        NodeError::BadHome(_) => "error-bad-home",
        NodeError::NoIdentity => "error-no-identity",
        NodeError::IdentityExists => "error-identity-exists",
        NodeError::HomeInUse => "error-home-in-use",
        NodeError::NewerHome => "error-newer-home",
        NodeError::Locked | NodeError::WrongPassphrase => "error-wrong-passphrase",
        NodeError::NoPassphrase => "error-no-passphrase",
        NodeError::IdentityLost => "error-identity-lost",
        NodeError::StoreDamaged(_) => "error-store-damaged",
        NodeError::BadChoices(_) => "error-choices",
        NodeError::File { .. } => "error-file",
        NodeError::DiskFull => "error-disk-full",
        NodeError::Network(_) | NodeError::BadAddress(_) => "error-network",
        NodeError::Stopped => "error-stopped",
        NodeError::Storage(_) | _ => "error-storage",
    }
}

const fn refusal_key(refusal: &CommandError) -> &'static str {
    match refusal {
        CommandError::NotFound | CommandError::Ambiguous(_) => "error-not-found",
        CommandError::MessageNotFound => "error-message-not-found",
        CommandError::OwnInvitation => "error-own-invitation",
        CommandError::BadInvitation => "error-bad-invitation",
        CommandError::ExpiredInvitation => "error-expired-invitation",
        CommandError::NewerVersion => "error-newer-version",
        CommandError::AlreadyContact => "error-already-contact",
        CommandError::VerificationChanged => "error-verification-changed",
        CommandError::Empty => "error-empty",
        CommandError::TooLong => "error-too-long",
        CommandError::BadName => "error-bad-name",
        CommandError::Full(_) => "error-full",
        CommandError::DiskFull => "error-disk-full",
        CommandError::ReadOnly => "error-read-only",
        CommandError::WrongState(_) | CommandError::OutOfRange(_) | _ => "error-wrong-state",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preferences::Language;

    #[test]
    fn every_error_says_what_happened_and_what_to_do() {
        let errors = [
            NodeError::HomeInUse,
            NodeError::StoreDamaged("/home/alice/store".into()),
            NodeError::BadChoices("network.toml cannot be used: it is no file".to_owned()),
            NodeError::Storage("out of luck".to_owned()),
            NodeError::Command(CommandError::ExpiredInvitation),
            NodeError::Command(CommandError::WrongState("not now")),
        ];
        for language in Language::ALL {
            let text = Text::of(language);
            for error in &errors {
                for sentence in sentences(&text, error) {
                    assert!(sentence.ends_with('.') && sentence.contains(' '), "{error:?}: {sentence}");
                }
            }
        }
        assert_eq!(details(&errors[0]), None);
        assert!(details(&errors[1]).unwrap().contains("/home/alice/store"));
    }

    #[test]
    fn reasons_of_the_engine_are_known_here() {
        let text = Text::of(Language::French);
        assert_eq!(why(&text, Some(reason::REVOKED)), text.say("reason-revoked"));
        assert_eq!(why(&text, None), text.say("reason-gone"));
    }
}
