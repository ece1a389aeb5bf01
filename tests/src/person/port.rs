//! A port that stays one person's for as long as the test runs, over all restarts of their node.
//!
//! Other tests run at the same time, and a restarted node must be found where it was. So the harness holds the next
//! higher port itself: whoever cannot have that one looks further. The range lies below those that systems hand out.

use std::{
    net::{Ipv4Addr, TcpListener, UdpSocket},
    sync::atomic::{AtomicU16, Ordering},
};

const FIRST: u16 = 20_000;
const PAIRS: u16 = 6_000;

/// A pair of ports: the lower one is for a node, the upper one says that the lower one is taken.
#[derive(Debug)]
pub(crate) struct Port {
    number: u16,
    _claim: TcpListener,
}

impl Port {
    pub(crate) fn claim() -> Self {
        static NEXT: AtomicU16 = AtomicU16::new(0);
        let start = u16::try_from(std::process::id() % u32::from(PAIRS)).unwrap();
        for _ in 0..PAIRS {
            let turn = NEXT.fetch_add(1, Ordering::Relaxed);
            // Processes that follow each other begin far apart.
            let place = (u32::from(start) * 61 + u32::from(turn)) % u32::from(PAIRS);
            let number = FIRST + 2 * u16::try_from(place).unwrap();
            let claim = TcpListener::bind((Ipv4Addr::LOCALHOST, number + 1));
            let free = TcpListener::bind((Ipv4Addr::LOCALHOST, number)).is_ok()
                && UdpSocket::bind((Ipv4Addr::LOCALHOST, number)).is_ok();
            if let (Ok(claim), true) = (claim, free) {
                return Self { number, _claim: claim };
            }
        }
        panic!("no port is free on this machine");
    }

    pub(crate) const fn number(&self) -> u16 {
        self.number
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_gets_the_port_of_somebody_else() {
        let ports: Vec<Port> = (0..20).map(|_| Port::claim()).collect();
        let mut numbers: Vec<u16> = ports.iter().map(Port::number).collect();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), 20);
    }
}
