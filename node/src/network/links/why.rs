//! Why an address could not be dialled, in the engine's words.
//!
//! libp2p wraps what the system said in errors of every layer, most of them without a type that can be named. So the
//! system's number counts, which their sentences end with; where there is none, the words tell a wait that was too long.

use std::io;

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
    match system_kind(error) {
        io::ErrorKind::ConnectionRefused => DialFailure::Refused,
        io::ErrorKind::TimedOut => DialFailure::TimedOut,
        io::ErrorKind::NetworkUnreachable
        | io::ErrorKind::HostUnreachable
        | io::ErrorKind::NetworkDown
        | io::ErrorKind::AddrNotAvailable
        | io::ErrorKind::PermissionDenied => DialFailure::Unreachable,
        _ if says_timeout(error) => DialFailure::TimedOut,
        _ => DialFailure::Broken,
    }
}

/// What the system said: an error inside others is left out of their sources, and its number stands in their sentence.
fn system_kind(error: &io::Error) -> io::ErrorKind {
    let sentence = error.to_string();
    let number = sentence.rsplit_once("(os error ").and_then(|(_, rest)| rest.split_once(')'));
    match number.and_then(|(number, _)| number.parse().ok()) {
        Some(number) if error.raw_os_error().is_none() => io::Error::from_raw_os_error(number).kind(),
        _ => error.kind(),
    }
}

fn says_timeout(error: &io::Error) -> bool {
    let words = error.to_string().to_lowercase();
    words.contains("timeout") || words.contains("timed out")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_said_counts_however_deep_it_lies() {
        for (number, why) in [
            (rustix::io::Errno::CONNREFUSED, DialFailure::Refused),
            (rustix::io::Errno::TIMEDOUT, DialFailure::TimedOut),
            (rustix::io::Errno::NETUNREACH, DialFailure::Unreachable),
            (rustix::io::Errno::HOSTUNREACH, DialFailure::Unreachable),
            (rustix::io::Errno::CONNRESET, DialFailure::Broken),
        ] {
            let plain = || io::Error::from_raw_os_error(number.raw_os_error());
            assert_eq!(of_transport(&plain()), why, "{number}");
            let inside = io::Error::other(format!("Transport error: {}", plain()));
            assert_eq!(of_transport(&io::Error::other(inside)), why, "{number}");
        }
        assert_eq!(of_transport(&io::Error::other("Timeout has been reached")), DialFailure::TimedOut);
        assert_eq!(of_transport(&io::Error::other("not ours")), DialFailure::Broken);
    }

    #[test]
    fn a_slower_address_has_not_failed() {
        assert_eq!(of(&DialError::Aborted), None);
    }
}
