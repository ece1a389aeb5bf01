//! Why an address could not be dialled, in the engine's words.
//!
//! libp2p wraps what the system said in errors of every layer, most of them without a type that can be named. So the
//! innermost word of the system counts; where there is none, the sentence tells a wait that was too long.

use std::{error::Error, io};

use causerie_protocol::answer::DialFailure;
use libp2p::{core::transport::TransportError, swarm::DialError};

/// What came of an attempt; `None` where nothing did, because another one was faster.
pub(super) fn of(error: &DialError) -> Option<DialFailure> {
    match error {
        DialError::Denied { .. } | DialError::Aborted | DialError::DialPeerConditionFalse(_) => None,
        DialError::LocalPeerId { .. } | DialError::WrongPeerId { .. } => Some(DialFailure::SomebodyElse),
        DialError::NoAddresses => Some(DialFailure::Unreachable),
        DialError::Transport(errors) => Some(match errors.first() {
            Some((_, TransportError::Other(error))) => of_transport(error),
            Some((_, TransportError::MultiaddrNotSupported(_))) | None => DialFailure::Unreachable,
        }),
    }
}

fn of_transport(error: &io::Error) -> DialFailure {
    match innermost(error) {
        Some(io::ErrorKind::ConnectionRefused) => DialFailure::Refused,
        Some(io::ErrorKind::TimedOut) => DialFailure::TimedOut,
        Some(
            io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkDown
            | io::ErrorKind::AddrNotAvailable
            | io::ErrorKind::PermissionDenied,
        ) => DialFailure::Unreachable,
        _ if says_timeout(error) => DialFailure::TimedOut,
        _ => DialFailure::Broken,
    }
}

/// The kind of the innermost error of the system.
fn innermost(outer: &io::Error) -> Option<io::ErrorKind> {
    let mut found = outer.get_ref().is_none().then(|| outer.kind());
    let mut next: Option<&(dyn Error + 'static)> = inner_of(outer);
    while let Some(error) = next {
        next = match error.downcast_ref::<io::Error>() {
            Some(error) => {
                if error.get_ref().is_none() {
                    found = Some(error.kind());
                }
                inner_of(error)
            }
            None => error.source(),
        };
    }
    found
}

/// What an error of the system carries: `source` would pass it by.
fn inner_of(error: &io::Error) -> Option<&(dyn Error + 'static)> {
    let inner: &(dyn Error + 'static) = error.get_ref()?;
    Some(inner)
}

fn says_timeout(error: &io::Error) -> bool {
    let words = error.to_string().to_lowercase();
    words.contains("timeout") || words.contains("timed out")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrapped(kind: io::ErrorKind) -> io::Error {
        io::Error::other(io::Error::other(io::Error::from(kind)))
    }

    #[test]
    fn the_innermost_word_of_the_system_counts() {
        for (kind, why) in [
            (io::ErrorKind::ConnectionRefused, DialFailure::Refused),
            (io::ErrorKind::TimedOut, DialFailure::TimedOut),
            (io::ErrorKind::NetworkUnreachable, DialFailure::Unreachable),
            (io::ErrorKind::HostUnreachable, DialFailure::Unreachable),
            (io::ErrorKind::UnexpectedEof, DialFailure::Broken),
        ] {
            assert_eq!(of_transport(&wrapped(kind)), why, "{kind}");
            assert_eq!(of_transport(&io::Error::from(kind)), why, "{kind}");
        }
        assert_eq!(of_transport(&io::Error::other("Timeout has been reached")), DialFailure::TimedOut);
        assert_eq!(of_transport(&io::Error::other("not ours")), DialFailure::Broken);
    }

    #[test]
    fn a_slower_address_has_not_failed() {
        assert_eq!(of(&DialError::Aborted), None);
    }
}
