//! A network without a route out: hosts (network namespaces) at one switch, for programs that find each other.
//!
//! ```text
//! host 1 ── cable 1 ──┐
//! host 2 ── cable 2 ──┤ switch        IPv4 10.77.0.N/24, IPv6 fd00:77::N/64, no default route, no name server
//! ```
//!
//! It needs root and iproute2; where those are missing a test says so and is passed over. Everything is removed on drop;
//! what a killed test leaves behind lies in namespaces of its own and disturbs nobody.

use std::{
    ffi::OsStr,
    fs::File,
    io,
    path::Path,
    process::Command,
    sync::atomic::{AtomicUsize, Ordering},
};

/// A switch and its hosts.
#[derive(Debug)]
pub struct Lan {
    prefix: String,
    hosts: usize,
    family: Family,
}

/// Which addresses the hosts have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// IPv4 and IPv6.
    Both,
    /// IPv4 only, without what machines give themselves over IPv6.
    Ipv4,
    /// IPv6 only.
    Ipv6,
    /// What machines give themselves when nobody else does: 169.254.77.N/16.
    SelfGiven,
    /// What machines give themselves over IPv6: fe80::/10, and nothing else.
    SelfGivenIpv6,
}

/// What a host has sent, as the kernel counts it: bytes and packets at its cable with the heads of Ethernet, of these
/// the multicast ones from the head of IP on, TCP's segments and the connections that it began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// At the cable.
    pub bytes: u64,
    /// At the cable.
    pub packets: u64,
    /// Of TCP, those without payload among them.
    pub segments: u64,
    /// That TCP began, whatever became of them.
    pub connections: u64,
    /// Of IPv4.
    pub multicast_packets: u64,
    /// Of IPv4.
    pub multicast_bytes: u64,
}

const TX_BYTES: &str = "/sys/class/net/eth0/statistics/tx_bytes";
const TX_PACKETS: &str = "/sys/class/net/eth0/statistics/tx_packets";

/// A host, for whoever runs a program there.
#[derive(Clone, Debug)]
pub(crate) struct Host {
    namespace: String,
}

impl Lan {
    /// So many hosts with IPv4 and IPv6; `None`, with the reason printed, where this machine cannot have them.
    #[must_use]
    pub fn of(hosts: usize) -> Option<Self> {
        Self::with(hosts, Family::Both)
    }

    /// So many hosts with these addresses; `None`, with the reason printed, where this machine cannot have them.
    #[must_use]
    pub fn with(hosts: usize, family: Family) -> Option<Self> {
        static LANS: AtomicUsize = AtomicUsize::new(0);
        let number = LANS.fetch_add(1, Ordering::Relaxed);
        // From here on a failure half-way is cleaned up by the drop.
        let lan = Self { prefix: format!("causerie-{}-{number}", std::process::id()), hosts, family };
        match lan.build() {
            Ok(()) => Some(lan),
            Err(reason) => {
                println!("passed over: no network namespaces here ({})", reason.trim());
                None
            }
        }
    }

    /// Pulls the cable of this host.
    pub fn cut(&self, host: usize) {
        self.at_switch(&["link", "set", &port(host), "down"]).unwrap();
    }

    /// Puts the cable of this host back.
    pub fn join(&self, host: usize) {
        self.at_switch(&["link", "set", &port(host), "up"]).unwrap();
    }

    /// Gives this host other addresses in place of those that it has.
    pub fn moves(&self, host: usize) {
        self.moves_to(host, 100 + host);
    }

    /// Gives this host the addresses with this number, up to 254, in place of those that it has.
    pub fn moves_to(&self, host: usize, number: usize) {
        let inside = |args: &[&str]| ip_at(&self.namespace(host), args).unwrap();
        inside(&["addr", "flush", "dev", "eth0", "scope", "global"]);
        inside(&["addr", "add", &format!("10.77.0.{number}/24"), "dev", "eth0"]);
        if self.family == Family::Both {
            inside(&["addr", "add", &format!("fd00:77::{number}/64"), "dev", "eth0", "nodad"]);
        }
    }

    /// The IPv4 address of this host.
    #[must_use]
    pub fn ipv4(&self, host: usize) -> String {
        format!("10.77.0.{host}")
    }

    /// From now on every packet is counted: the kernel hands its cables several of one connection as one otherwise, with
    /// one head.
    pub fn splits_packets(&self) {
        for host in 1..=self.hosts {
            ip_at(&self.namespace(host), &["link", "set", "eth0", "gso_max_segs", "1"]).unwrap();
        }
    }

    /// What this host has sent since it was set up.
    #[must_use]
    pub fn traffic(&self, host: usize) -> Traffic {
        let mut command = self.host(host).command("cat");
        command.args([TX_BYTES, TX_PACKETS, "/proc/net/snmp", "/proc/net/netstat"]);
        let output = command.output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let mut lines = text.lines();
        let mut number = || lines.next().unwrap().parse().unwrap();
        Traffic {
            bytes: number(),
            packets: number(),
            segments: counter(&text, "Tcp:", "OutSegs"),
            connections: counter(&text, "Tcp:", "ActiveOpens"),
            multicast_packets: counter(&text, "IpExt:", "OutMcastPkts"),
            multicast_bytes: counter(&text, "IpExt:", "OutMcastOctets"),
        }
    }

    pub(crate) fn host(&self, number: usize) -> Host {
        assert!((1..=self.hosts).contains(&number), "there is no host {number}");
        Host::new(self.namespace(number))
    }

    /// Sends a datagram of these bytes from a host to another one's port.
    pub fn sends(&self, from: usize, to: usize, port: u16, bytes: &[u8]) {
        let bytes: String = bytes.iter().map(|byte| format!("\\x{byte:02x}")).collect();
        let script = format!("printf '{bytes}' > /dev/udp/{}/{port}", self.ipv4(to));
        let sent = self.host(from).command("bash").args(["-c", &script]).status().unwrap();
        assert!(sent.success(), "no datagram can be sent");
    }

    pub(crate) fn switch_host(&self) -> Host {
        Host::new(self.switch())
    }

    fn build(&self) -> Result<(), String> {
        let family = self.family;
        ip(&["netns", "add", &self.switch()])?;
        self.at_switch(&["link", "add", "switch", "type", "bridge"])?;
        self.at_switch(&["link", "set", "switch", "up"])?;
        for host in 1..=self.hosts {
            let (namespace, port) = (self.namespace(host), port(host));
            let inside = |args: &[&str]| ip_at(&namespace, args);
            ip(&["netns", "add", &namespace])?;
            inside(&["link", "set", "lo", "up"])?;
            // The same in every network, and so is what machines give themselves over IPv6.
            let own = format!("02:00:00:00:77:{host:02x}");
            let cable = ["type", "veth", "peer", "name", &port, "netns", &self.switch()];
            inside(&[&["link", "add", "eth0", "address", &own][..], &cable].concat())?;
            self.at_switch(&["link", "set", &port, "master", "switch"])?;
            self.at_switch(&["link", "set", &port, "up"])?;
            if matches!(family, Family::Both | Family::Ipv4) {
                inside(&["addr", "add", &format!("{}/24", self.ipv4(host)), "dev", "eth0"])?;
            }
            match family {
                Family::SelfGiven => {
                    inside(&["addr", "add", &format!("169.254.77.{host}/16"), "dev", "eth0"])?
                }
                Family::Ipv4 => inside(&["link", "set", "eth0", "addrgenmode", "none"])?,
                Family::SelfGivenIpv6 => {}
                Family::Both | Family::Ipv6 => {
                    inside(&["addr", "add", &format!("fd00:77::{host}/64"), "dev", "eth0", "nodad"])?;
                }
            }
            inside(&["link", "set", "eth0", "up"])?;
        }
        Ok(())
    }

    fn at_switch(&self, args: &[&str]) -> Result<(), String> {
        ip_at(&self.switch(), args)
    }

    fn switch(&self) -> String {
        format!("{}-s", self.prefix)
    }

    fn namespace(&self, host: usize) -> String {
        format!("{}-h{host}", self.prefix)
    }
}

impl Drop for Lan {
    fn drop(&mut self) {
        // What was never made cannot be removed either: both are fine.
        for host in 1..=self.hosts {
            ip(&["netns", "del", &self.namespace(host)]).ok();
        }
        ip(&["netns", "del", &self.switch()]).ok();
    }
}

impl Host {
    pub(crate) const fn new(namespace: String) -> Self {
        Self { namespace }
    }

    /// What its namespace is called.
    pub(crate) fn name(&self) -> &str {
        &self.namespace
    }

    /// A program on this host.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.namespace]).arg(program);
        command
    }

    /// Does something on this host, in a thread of its own. What sockets and devices are opened there stay there.
    pub(crate) fn inside<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        let namespace = File::open(Path::new("/run/netns").join(&self.namespace)).unwrap();
        std::thread::scope(|scope| {
            let there = scope.spawn(|| {
                enter(&namespace).unwrap();
                work()
            });
            there.join().unwrap()
        })
    }
}

/// This thread is on the host with this namespace from now on.
#[cfg(target_os = "linux")]
fn enter(namespace: &File) -> io::Result<()> {
    use std::os::fd::AsFd as _;

    use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
    Ok(move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network))?)
}

/// No other system has namespaces, so no host is made there.
#[cfg(not(target_os = "linux"))]
fn enter(_: &File) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// What the kernel counts under this name in the table that begins so: a line of names, then one of numbers.
fn counter(text: &str, table: &str, name: &str) -> u64 {
    let mut lines = text.lines().filter(|line| line.starts_with(table));
    let (names, numbers) = (lines.next().unwrap(), lines.next().unwrap());
    let mut pairs = names.split(' ').zip(numbers.split(' '));
    let (_, number) = pairs.find(|(known, _)| *known == name).unwrap();
    number.parse().unwrap()
}

fn port(host: usize) -> String {
    format!("port{host}")
}

pub(crate) fn ip_at(namespace: &str, args: &[&str]) -> Result<(), String> {
    let mut all = vec!["-n", namespace];
    all.extend(args);
    ip(&all)
}

pub(crate) fn ip(args: &[&str]) -> Result<(), String> {
    let output = Command::new("ip").args(args).output().map_err(|error| format!("ip: {error}"))?;
    if output.status.success() {
        Ok(())
    } else {
        Err(format!("ip {}: {}", args.join(" "), String::from_utf8_lossy(&output.stderr)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reaches(lan: &Lan, from: usize, address: &str) -> bool {
        // The kernel answers whether it knows a way; no packet is needed.
        let route = lan.host(from).command("ip").args(["route", "get", address]).output().unwrap();
        route.status.success()
    }

    #[test]
    fn what_a_host_sends_is_counted() {
        let Some(lan) = Lan::with(2, Family::Ipv4) else { return };
        let before = lan.traffic(1);
        // Nobody listens there: the connection is refused, which is one segment all the same.
        let port = "/dev/tcp/10.77.0.2/9";
        lan.host(1).command("bash").args(["-c", &format!("exec 3<>{port}")]).output().unwrap();
        let after = lan.traffic(1);
        assert_eq!(after.connections - before.connections, 1);
        assert!(
            after.segments > before.segments && after.bytes > before.bytes && after.packets > before.packets
        );
    }

    #[test]
    fn hosts_have_a_way_to_each_other_and_none_out() {
        let Some(lan) = Lan::of(2) else { return };
        assert!(reaches(&lan, 1, &lan.ipv4(2)));
        assert!(!reaches(&lan, 1, "192.0.2.1"));
        lan.cut(2);
        lan.join(2);
        let prefix = lan.prefix.clone();
        drop(lan);
        let left = Command::new("ip").args(["netns", "list"]).output().unwrap();
        assert!(!String::from_utf8_lossy(&left.stdout).contains(&prefix));
    }
}
