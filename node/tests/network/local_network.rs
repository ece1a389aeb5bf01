//! Discovery between machines, played by network namespaces with a cable between them.
//!
//! A network belongs to the namespace of its process, so this binary runs itself once in each: the test
//! `one_machine` is what such a process does, and nothing when it is run by itself.

use std::{
    env,
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, Command, Stdio},
};

use causerie_node::network::{Network, NetworkConfig};
use causerie_protocol::{ids::DialId, input::Input};

use crate::ends;

const MACHINE: &str = "CAUSERIE_TEST_MACHINE";

/// What is on the cable: both versions of IP, or one of them.
const PLANS: [&[[&str; 2]]; 3] = [
    &[["10.77.0.1/24", "10.77.0.2/24"], ["fd77::1/64", "fd77::2/64"]],
    &[["10.77.0.1/24", "10.77.0.2/24"]],
    &[["fd77::1/64", "fd77::2/64"]],
];

#[test]
fn machines_on_one_network_find_each_other() {
    if !Namespaces::are_allowed("cable") {
        println!("skipped: network namespaces need root and the tool `ip`");
        return;
    }
    for plan in PLANS {
        let namespaces = Namespaces::with_cable(plan);
        let mut machines = namespaces.names.each_ref().map(|name| Machine::start(name));
        for machine in &mut machines {
            assert_eq!(machine.says(), "found and linked", "{plan:?}");
        }
        for machine in machines {
            machine.stop();
        }
    }
}

#[test]
fn a_machine_without_any_interface_starts() {
    if !Namespaces::are_allowed("none") {
        println!("skipped: network namespaces need root and the tool `ip`");
        return;
    }
    let name = format!("causerie-{}-none", std::process::id());
    assert!(ip(&["netns", "add", &name]));
    let machine = Machine::start(&name);
    machine.stop();
    assert!(ip(&["netns", "del", &name]));
}

#[tokio::test]
async fn one_machine() {
    if env::var_os(MACHINE).is_none() {
        return;
    }
    let mut network = Network::start(NetworkConfig { mdns: true, ..NetworkConfig::default() }).await.unwrap();
    let (told, mut stop) = tokio::sync::oneshot::channel();
    // A thread of its own, so that a failure does not wait for it.
    std::thread::spawn(move || told.send(std::io::stdin().lines().next().is_some()));
    println!("\n> started");
    tokio::select! {
        () = meet(&mut network) => {
            println!("\n> found and linked");
            // The other machine may still need the link.
            stop.await.ok();
        }
        _ = &mut stop => {}
    }
    network.stop().await;
}

/// Dials whomever it finds, until it has found and heard the other.
async fn meet(network: &mut Network) {
    let (mut dials, mut heard) = (0, false);
    while dials == 0 || !heard {
        match ends::next(network).await {
            Input::Discovered { peer, addresses } => {
                assert_ne!(&peer, network.own());
                assert!(addresses.iter().all(|address| address.is_dialable(false)));
                dials += 1;
                network.dial(DialId::new(dials), Some(peer), addresses, vec![]);
            }
            Input::LinkUp { link, .. } => network.transmit(link, vec![1]),
            Input::Frame { .. } => heard = true,
            Input::DialFailed { dial } => panic!("whoever is found can be dialled: {dial:?}"),
            _ => {}
        }
    }
}

/// This binary in a namespace.
struct Machine {
    process: Child,
    said: BufReader<std::process::ChildStdout>,
}

impl Machine {
    fn start(namespace: &str) -> Self {
        let binary = env::current_exe().unwrap();
        let mut process = Command::new("ip")
            .args(["netns", "exec", namespace])
            .arg(binary)
            .args(["--exact", "local_network::one_machine", "--nocapture"])
            .env(MACHINE, namespace)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let said = BufReader::new(process.stdout.take().unwrap());
        let mut machine = Self { process, said };
        assert_eq!(machine.says(), "started");
        machine
    }

    fn says(&mut self) -> String {
        let mut lines = std::io::Read::by_ref(&mut self.said).lines();
        let said = lines.find_map(|line| line.unwrap().strip_prefix("> ").map(str::to_owned));
        said.unwrap_or_else(|| "nothing".to_owned())
    }

    fn stop(mut self) {
        self.process.stdin.take().unwrap().write_all(b"stop\n").unwrap();
        assert!(self.process.wait().unwrap().success());
    }
}

/// Two namespaces; they go with this value.
struct Namespaces {
    names: [String; 2],
}

impl Namespaces {
    fn are_allowed(test: &str) -> bool {
        let name = format!("causerie-{}-probe-{test}", std::process::id());
        ip(&["netns", "add", &name]) && ip(&["netns", "del", &name])
    }

    fn with_cable(plan: &[[&str; 2]]) -> Self {
        let names = ["a", "b"].map(|end| format!("causerie-{}-{end}", std::process::id()));
        let made = Self { names };
        let [a, b] = &made.names;
        for name in [a, b] {
            assert!(ip(&["netns", "add", name]));
            assert!(ip(&["-n", name, "link", "set", "lo", "up"]));
        }
        let cable = ["link", "add", "cable", "netns", a, "type", "veth", "peer", "name", "cable", "netns", b];
        assert!(ip(&cable));
        for (end, name) in [a, b].into_iter().enumerate() {
            assert!(ip(&["-n", name, "link", "set", "cable", "up"]));
            for addresses in plan {
                let ready = ["-n", name, "address", "add", addresses[end], "dev", "cable"];
                // An IPv6 address is of use at once only where nobody has to be asked whether it is taken.
                let at_once: &[&str] = if addresses[end].contains(':') { &["nodad"] } else { &[] };
                assert!(ip(&[&ready, at_once].concat()));
            }
        }
        made
    }
}

impl Drop for Namespaces {
    fn drop(&mut self) {
        for name in &self.names {
            ip(&["netns", "del", name]);
        }
    }
}

fn ip(arguments: &[&str]) -> bool {
    let output = Command::new("ip").args(arguments).output();
    output.is_ok_and(|output| {
        if !output.status.success() {
            eprintln!("{}", String::from_utf8_lossy(&output.stderr));
        }
        output.status.success()
    })
}
