//! A small internet: homes behind routers and servers that everybody can reach, as hosts (network namespaces).
//!
//! ```text
//! home 1 ── router 1 ──┐               ┌── server 1
//! home 2 ── router 2 ──┤ (the public) ─┤
//! ```
//! Homes have 192.168.N.2 behind a router at 203.0.113.N, and 2001:db8:N::2 behind the same one; servers 203.0.113.100+N and
//! 2001:db8:ffff::N. The lines between routers and the public are as fast as this machine, or [slow](Slowness). It needs root, iproute2 and nftables; where those are missing a test says so and is passed over.
//! Everything is removed on drop.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::Duration,
};

use crate::{
    dice::Dice,
    lan::{Host, ip, ip_at},
    role::Role,
    slow_line::{SlowLine, Slowness},
};

/// How often a condition that no event announces is looked at again.
const GLANCE: Duration = Duration::from_millis(20);

/// What a router lets in. Over IPv4 all of them translate addresses, over IPv6 none does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Router {
    /// Keeps ports where it can and drops what nobody inside asked for, as most homes' do.
    Cone,
    /// Refuses what nobody inside asked for, with an answer that spoils what both sides try at once.
    Answering,
    /// Gives every flow another port: nobody can foresee it (RFC 4787's address and port-dependent mapping).
    Random,
    /// Lets everything in to port 47474, as the person told it to.
    Forwarding,
}

/// Which versions of IP there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Versions {
    /// IPv4.
    Four,
    /// IPv6.
    Six,
    /// Both.
    Both,
}

/// A program that runs on a server until this goes.
#[derive(Debug)]
pub struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// See the file's head.
#[derive(Debug)]
pub struct Internet {
    prefix: String,
    homes: usize,
    servers: usize,
    versions: Versions,
    lines: Vec<SlowLine>,
}

/// What became of the frames on the slow line of a home, both ways together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Frames {
    /// Came out at the other end.
    pub carried: u64,
    /// Were lost on their way.
    pub lost: u64,
    /// Found the line too full, or the device at its end down.
    pub dropped: u64,
}

/// What a home sent and got since it was set up, at its cable to the router, with the heads of Ethernet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Volume {
    /// Bytes that it sent.
    pub bytes_out: u64,
    /// Packets that it sent.
    pub packets_out: u64,
    /// Bytes that it got.
    pub bytes_in: u64,
    /// Packets that it got.
    pub packets_in: u64,
}

impl Internet {
    /// A home behind each of these routers, and so many servers; `None`, with the reason printed, where this machine cannot
    /// have them.
    #[must_use]
    pub fn with(routers: &[Router], servers: usize, versions: Versions) -> Option<Self> {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let prefix = format!("causerie-{}-i{number}", std::process::id());
        // From here on a failure half-way is cleaned up by the drop.
        let internet = Self { prefix, homes: routers.len(), servers, versions, lines: Vec::new() };
        match internet.build(routers) {
            Ok(()) => Some(internet),
            Err(reason) => {
                println!("passed over: no routers between network namespaces here ({})", reason.trim());
                None
            }
        }
    }

    /// From now on the line of every home is slow; `None`, with the reason printed, where this machine cannot have that.
    #[must_use]
    pub fn slowed(mut self, slowness: Slowness) -> Option<Self> {
        for home in 1..=self.homes {
            match self.slow_line(home, slowness) {
                Ok(line) => self.lines.push(line),
                Err(reason) => {
                    println!("passed over: no slow lines here ({})", reason.trim());
                    return None;
                }
            }
        }
        Some(self)
    }

    /// What became of the frames on the slow line of this home.
    #[must_use]
    pub fn frames(&self, home: usize) -> Frames {
        let ways = [0, 1].map(|end| self.lines[home - 1].counts(end));
        let [carried, lost, dropped] = [0, 1, 2].map(|count| ways.iter().map(|way| way[count]).sum());
        Frames { carried, lost, dropped }
    }

    /// What this home sent and got.
    #[must_use]
    pub fn volume(&self, home: usize) -> Volume {
        let text = self.in_home(home, || fs::read_to_string("/proc/thread-self/net/dev").unwrap());
        let line = text.lines().find_map(|line| line.trim().strip_prefix("eth0:")).unwrap();
        let numbers: Vec<u64> = line.split_whitespace().map(|number| number.parse().unwrap()).collect();
        Volume {
            bytes_in: numbers[0],
            packets_in: numbers[1],
            bytes_out: numbers[8],
            packets_out: numbers[9],
        }
    }

    /// Does something in this home, in a thread of its own; sockets that are opened there stay there.
    pub fn in_home<T: Send>(&self, home: usize, work: impl FnOnce() -> T + Send) -> T {
        self.home(home).inside(work)
    }

    /// The same at a server.
    pub fn at_server<T: Send>(&self, server: usize, work: impl FnOnce() -> T + Send) -> T {
        self.server(server).inside(work)
    }

    /// Where a server is, for `--bootstrap`: over TCP and over QUIC.
    #[must_use]
    pub fn places(&self, server: usize) -> [String; 2] {
        let ip = if self.has_four() {
            format!("/ip4/203.0.113.{}", 100 + server)
        } else {
            format!("/ip6/2001:db8:ffff::{server}")
        };
        [format!("{ip}/tcp/47474"), format!("{ip}/udp/47474/quic-v1")]
    }

    /// The line of this home is out.
    pub fn cut(&self, home: usize) {
        ip_at(&self.public(), &["link", "set", &format!("r{home}"), "down"]).unwrap();
    }

    /// The line of this home is back.
    pub fn join(&self, home: usize) {
        ip_at(&self.public(), &["link", "set", &format!("r{home}"), "up"]).unwrap();
    }

    /// The router of this home has forgotten every flow, and its public address is another one.
    pub fn gets_another_address(&self, home: usize) {
        let router = self.router(home);
        let inside = |args: &[&str]| ip_at(&router, args).unwrap();
        inside(&["addr", "flush", "dev", "wan", "scope", "global"]);
        if self.has_four() {
            inside(&["addr", "add", &format!("203.0.113.{}/24", 50 + home), "dev", "wan"]);
        }
        if self.has_six() {
            inside(&["addr", "add", &format!("2001:db8:ffff::a{home}/48"), "dev", "wan", "nodad"]);
        }
    }

    /// The machine in this home is on another cable: another interface, another address of the home's, the same router.
    pub fn changes_cables(&self, home: usize) {
        let (router, host) = (self.router(home), self.inside(home));
        // Its other end goes with it.
        ip_at(&router, &["link", "del", "lan"]).unwrap();
        self.cable(home, "eth1", 3).unwrap();
        assert!(ip_at(&host, &["link", "show", "eth0"]).is_err(), "the old one is gone");
    }

    /// The router gives the machine in this home another address in its network.
    pub fn gets_another_number(&self, home: usize) {
        let host = self.inside(home);
        ip_at(&host, &["addr", "flush", "dev", "eth0", "scope", "global"]).unwrap();
        self.number_machine(home, "eth0", 4).unwrap();
    }

    /// Where a SOCKS5 proxy listens that runs on a server from now on; `None`, with the reason printed, where this machine
    /// has none (`microsocks`).
    #[must_use]
    pub fn proxy(&self, server: usize) -> Option<(String, Program)> {
        let mut command = self.server(server).command("microsocks");
        if Command::new("microsocks").arg("-h").output().is_err() {
            println!("passed over: no `microsocks` here");
            return None;
        }
        let child = command.args(["-p", "1080"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        Some((format!("203.0.113.{}:1080", 100 + server), Program(child)))
    }

    /// Gives the router of this home [`Self::mapped`] as its address on the internet: neither a router that maps ports nor who
    /// asks it takes addresses that are kept for documentation for public.
    pub fn is_numbered_publicly(&self, home: usize) {
        let router = self.router(home);
        let at = |host: &str, args: &[&str]| ip_at(host, args).unwrap();
        at(&router, &["addr", "add", &format!("{}/24", self.mapped(home)), "dev", "wan"]);
        at(&router, &["addr", "del", &format!("203.0.113.{home}/24"), "dev", "wan"]);
        at(&router, &["route", "add", "203.0.113.0/24", "dev", "wan"]);
        let others = (1..=self.homes).filter(|other| *other != home).map(|other| (self.router(other), "wan"));
        let servers = (1..=self.servers).map(|server| (self.name("s", server), "eth0"));
        for (host, device) in others.chain(servers) {
            at(&host, &["route", "add", &format!("{}/32", self.mapped(home)), "dev", device]);
        }
    }

    /// From now on the router of this home, which [is numbered publicly](Self::is_numbered_publicly), forwards the ports that
    /// programs inside ask it for (UPnP); `None`, with the reason printed, where this machine has no such router (`miniupnpd`).
    #[must_use]
    pub fn maps_ports(&self, home: usize) -> Option<Program> {
        let host = Host::new(self.router(home));
        if Command::new("miniupnpd").arg("-h").output().is_err() {
            println!("passed over: no `miniupnpd` here");
            return None;
        }
        run(host.command("nft").args(["-f", "-"]), MAPPED).unwrap();
        let config = tempfile::NamedTempFile::new().unwrap();
        fs::write(config.path(), "ext_ifname=wan\nlistening_ip=lan\nenable_natpmp=no\nsecure_mode=yes\n")
            .unwrap();
        let mut command = host.command("miniupnpd");
        command.args(["-d", "-P", "/dev/null", "-f"]).arg(config.path());
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        // It goes on talking, which must not stop it.
        let said = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        let said = thread::spawn(move || said.collect::<Vec<_>>());
        // Whoever looks for it asks once, at port 1900.
        let hears =
            || host.inside(|| fs::read_to_string("/proc/thread-self/net/udp").unwrap().contains(":076C "));
        while !hears() {
            assert!(child.try_wait().unwrap().is_none(), "it ended: {:?}", said.join());
            thread::park_timeout(GLANCE);
        }
        Some(Program(child))
    }

    /// How many ports a router forwards because somebody asked for it.
    #[must_use]
    pub fn ports_mapped(&self, home: usize) -> usize {
        let router = Host::new(self.router(home));
        let listed =
            router.command("nft").args(["list", "chain", "inet", "filter", "prerouting_miniupnpd"]).output();
        String::from_utf8(listed.unwrap().stdout).unwrap().matches("dnat").count()
    }

    /// The public address of a router that [maps ports](Self::maps_ports).
    #[must_use]
    pub fn mapped(&self, home: usize) -> String {
        assert!((1..=self.homes).contains(&home), "there is no home {home}");
        format!("11.0.113.{home}")
    }

    /// From now on what this home sends beyond its own network to anybody but these servers is counted.
    pub fn watches(&self, home: usize, servers: &[usize]) {
        let fours: Vec<String> = servers.iter().map(|server| format!("203.0.113.{}", 100 + server)).collect();
        let sixes: Vec<String> = servers.iter().map(|server| format!("2001:db8:ffff::{server}")).collect();
        let allowed = |family: &str, all: &[String]| match all {
            [] => String::new(),
            all => format!("  iifname \"lan\" {family} daddr {{ {} }} accept\n", all.join(", ")),
        };
        let rules = format!(
            "table inet watch {{
 counter elsewhere {{ }}
 chain through {{
  type filter hook forward priority -10;
{}{}  iifname \"lan\" counter name elsewhere
 }}
}}
",
            allowed("ip", &fours),
            allowed("ip6", &sixes)
        );
        run(Host::new(self.router(home)).command("nft").args(["-f", "-"]), &rules).unwrap();
    }

    /// Packets that went elsewhere since.
    #[must_use]
    pub fn went_elsewhere(&self, home: usize) -> u64 {
        let router = Host::new(self.router(home));
        let listed = router.command("nft").args(["list", "counter", "inet", "watch", "elsewhere"]).output();
        let text = String::from_utf8(listed.unwrap().stdout).unwrap();
        let mut words = text.split_whitespace().skip_while(|word| *word != "packets");
        words.nth(1).unwrap().parse().unwrap()
    }

    /// Another test of this program on this server; it is to know this, and ends with what is handed out.
    #[must_use]
    pub fn plays_at(&self, server: usize, test: &str, wants: &str) -> Role {
        Role::start(&self.server(server), test, wants)
    }

    /// The host in a home, counted from 1.
    pub(crate) fn home(&self, number: usize) -> Host {
        assert!((1..=self.homes).contains(&number), "there is no home {number}");
        Host::new(self.inside(number))
    }

    /// A server, counted from 1.
    pub(crate) fn server(&self, number: usize) -> Host {
        assert!((1..=self.servers).contains(&number), "there is no server {number}");
        Host::new(self.name("s", number))
    }

    fn build(&self, routers: &[Router]) -> Result<(), String> {
        let public = self.public();
        ip(&["netns", "add", &public])?;
        ip_at(&public, &["link", "add", "switch", "type", "bridge"])?;
        ip_at(&public, &["link", "set", "switch", "up"])?;
        for server in 1..=self.servers {
            let host = self.name("s", server);
            self.plug(&host, "eth0", &format!("s{server}"))?;
            self.number(
                &host,
                "eth0",
                [format!("203.0.113.{}/24", 100 + server), format!("2001:db8:ffff::{server}/48")],
            )?;
            // Homes' networks of IPv6 lie behind their routers.
            for home in (1..=self.homes).filter(|_| self.has_six()) {
                let (to, over) = (format!("2001:db8:{home}::/64"), format!("2001:db8:ffff::f{home}"));
                ip_at(&host, &["-6", "route", "add", &to, "via", &over])?;
            }
        }
        for (index, router) in routers.iter().enumerate() {
            self.build_home(index + 1, *router)?;
        }
        Ok(())
    }

    fn build_home(&self, home: usize, kind: Router) -> Result<(), String> {
        let (router, host) = (self.router(home), self.inside(home));
        self.plug(&router, "wan", &format!("r{home}"))?;
        self.number_router(home)?;
        ip(&["netns", "add", &host])?;
        ip_at(&host, &["link", "set", "lo", "up"])?;
        self.cable(home, "eth0", 2)?;
        let at_router = Host::new(router);
        run(at_router.command("sysctl").args(["-qw", "net.ipv4.ip_forward=1"]), "")?;
        if self.has_six() {
            run(at_router.command("sysctl").args(["-qw", "net.ipv6.conf.all.forwarding=1"]), "")?;
        }
        run(at_router.command("nft").args(["-f", "-"]), &rules(home, kind))
    }

    /// Between a home's machine, which gets this number in its network, and the router.
    fn cable(&self, home: usize, device: &str, number: usize) -> Result<(), String> {
        let (router, host) = (self.router(home), self.inside(home));
        ip_at(&host, &["link", "add", device, "type", "veth", "peer", "name", "lan", "netns", &router])?;
        ip_at(&router, &["link", "set", "lan", "up"])?;
        ip_at(&host, &["link", "set", device, "up"])?;
        self.number(&router, "lan", at_home(home, 1))?;
        self.number_machine(home, device, number)
    }

    /// Gives a home's machine this number in its network, and the router for all else.
    fn number_machine(&self, home: usize, device: &str, number: usize) -> Result<(), String> {
        let host = self.inside(home);
        self.number(&host, device, at_home(home, number))?;
        if self.has_four() {
            ip_at(&host, &["route", "add", "default", "via", &format!("192.168.{home}.1")])?;
        }
        if self.has_six() {
            ip_at(&host, &["-6", "route", "add", "default", "via", &format!("2001:db8:{home}::1")])?;
        }
        Ok(())
    }

    /// The public side of a router.
    fn number_router(&self, home: usize) -> Result<(), String> {
        let router = self.router(home);
        self.number(&router, "wan", [format!("203.0.113.{home}/24"), format!("2001:db8:ffff::f{home}/48")])?;
        for other in (1..=self.homes).filter(|other| *other != home && self.has_six()) {
            let (to, over) = (format!("2001:db8:{other}::/64"), format!("2001:db8:ffff::f{other}"));
            ip_at(&router, &["-6", "route", "add", &to, "via", &over])?;
        }
        Ok(())
    }

    /// A slow line in place of the cable between a router and the public switch. What is lost on it is the same each time.
    fn slow_line(&self, home: usize, slowness: Slowness) -> Result<SlowLine, String> {
        let (router, public, port) = (self.router(home), self.public(), format!("r{home}"));
        ip_at(&router, &["link", "del", "wan"])?;
        let hosts = [Host::new(router), Host::new(public.clone())];
        let dice = Dice::seeded(u64::try_from(home).unwrap());
        let line = SlowLine::between([(&hosts[0], "wan"), (&hosts[1], &port)], slowness, dice)?;
        ip_at(&public, &["link", "set", &port, "master", "switch"])?;
        self.number_router(home)?;
        Ok(line)
    }

    /// A new host at the public switch.
    fn plug(&self, host: &str, device: &str, port: &str) -> Result<(), String> {
        let public = self.public();
        ip(&["netns", "add", host])?;
        ip_at(host, &["link", "set", "lo", "up"])?;
        ip_at(host, &["link", "add", device, "type", "veth", "peer", "name", port, "netns", &public])?;
        ip_at(&public, &["link", "set", port, "master", "switch"])?;
        ip_at(&public, &["link", "set", port, "up"])?;
        ip_at(host, &["link", "set", device, "up"])
    }

    fn number(&self, host: &str, device: &str, [four, six]: [String; 2]) -> Result<(), String> {
        if self.has_four() {
            ip_at(host, &["addr", "add", &four, "dev", device])?;
        }
        if self.has_six() {
            ip_at(host, &["addr", "add", &six, "dev", device, "nodad"])?;
        }
        Ok(())
    }

    fn has_four(&self) -> bool {
        self.versions != Versions::Six
    }

    fn has_six(&self) -> bool {
        self.versions != Versions::Four
    }

    fn public(&self) -> String {
        format!("{}-p", self.prefix)
    }

    fn router(&self, home: usize) -> String {
        self.name("r", home)
    }

    fn inside(&self, home: usize) -> String {
        self.name("h", home)
    }

    fn name(&self, kind: &str, number: usize) -> String {
        format!("{}-{kind}{number}", self.prefix)
    }
}

impl Drop for Internet {
    fn drop(&mut self) {
        // Their devices hold the namespaces.
        self.lines.clear();
        // What was never made cannot be removed either: both are fine.
        for home in 1..=self.homes {
            ip(&["netns", "del", &self.inside(home)]).ok();
            ip(&["netns", "del", &self.router(home)]).ok();
        }
        for server in 1..=self.servers {
            ip(&["netns", "del", &self.name("s", server)]).ok();
        }
        ip(&["netns", "del", &self.public()]).ok();
    }
}

/// Addresses in a home's network.
fn at_home(home: usize, number: usize) -> [String; 2] {
    [format!("192.168.{home}.{number}/24"), format!("2001:db8:{home}::{number}/64")]
}

/// The chains that `miniupnpd` writes into, which come after those of [`rules`].
const MAPPED: &str = "table inet filter {
 chain miniupnpd { }
 chain prerouting_miniupnpd { }
 chain postrouting_miniupnpd { }
 chain inwards {
  type nat hook prerouting priority -100;
  jump prerouting_miniupnpd
 }
}
add rule inet filter through jump miniupnpd
";

/// What a router does, in the words of nftables.
fn rules(home: usize, kind: Router) -> String {
    let masquerade = if kind == Router::Random { "masquerade fully-random" } else { "masquerade" };
    let input = if kind == Router::Answering { "accept" } else { "drop" };
    let [inwards, forwarded] = if kind == Router::Forwarding {
        let to = format!("192.168.{home}.2");
        [
            format!(
                "iifname \"wan\" tcp dport 47474 dnat to {to}\n iifname \"wan\" udp dport 47474 dnat to {to}"
            ),
            "tcp dport 47474 accept\n udp dport 47474 accept".to_owned(),
        ]
    } else {
        [String::new(), String::new()]
    };
    format!(
        "table ip nat {{
 chain pre {{
  type nat hook prerouting priority -100;
  {inwards}
 }}
 chain post {{
  type nat hook postrouting priority 100;
  oifname \"wan\" {masquerade}
 }}
}}
table inet filter {{
 chain through {{
  type filter hook forward priority 0; policy drop;
  iifname \"lan\" accept
  ct state established,related accept
  {forwarded}
 }}
 chain to_router {{
  type filter hook input priority 0; policy {input};
  iifname \"lan\" accept
  iifname \"lo\" accept
  meta l4proto ipv6-icmp accept
  ct state established,related accept
 }}
}}
"
    )
}

fn run(command: &mut Command, input: &str) -> Result<(), String> {
    let spawned = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
    let mut child = spawned.map_err(|error| format!("{command:?}: {error}"))?;
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(input.as_bytes()).map_err(|error| format!("{command:?}: {error}"))?;
    drop(stdin);
    let output = child.wait_with_output().map_err(|error| format!("{command:?}: {error}"))?;
    if output.status.success() {
        Ok(())
    } else {
        Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr)))
    }
}
