//! What lies in files of a home that are not sealed.

use std::fs;

use causerie_protocol::testing::fuzz::{Origin, Taking, Target};

use super::files;
use crate::choices::{self, Choices};

pub(crate) const TARGETS: &[Target] = &[
    Target { name: "network-toml", origin: Origin::Person, cost: 6, begin: choices, examples: some_choices },
    Target { name: "vault-key", origin: Origin::Disk, cost: 6, begin: key, examples: keys },
];

/// How a home uses networks: what is understood is written and understood again, anything else is an error.
fn choices() -> Taking {
    let home = tempfile::tempdir().unwrap();
    Box::new(move |bytes| {
        let path = home.path().join(choices::FILE);
        fs::write(&path, bytes).unwrap();
        let Ok(read) = Choices::of_home(home.path()) else { return };
        // Written in another way it may be too long, which is an error then, too.
        if read.check().is_ok() && read.replace(home.path()).is_ok() {
            assert_eq!(Choices::of_home(home.path()).unwrap(), read);
        }
    })
}

fn some_choices() -> Vec<Vec<u8>> {
    let full = r#"bootstrap = ["/ip4/203.0.113.10/udp/47474/quic-v1", "/ip4/203.0.113.10/tcp/47474"]
exposure = "relays-only"
proxy = "127.0.0.1:9050"
serve-relay = false
serve-bootstrap = false
learn-servers = true
"#;
    vec![full.as_bytes().to_vec(), b"# nothing\n".to_vec(), vec![]]
}

/// A key is 32 bytes and nothing else.
fn key() -> Taking {
    let directory = tempfile::tempdir().unwrap();
    Box::new(move |bytes| {
        let path = directory.path().join("vault.key");
        fs::write(&path, bytes).unwrap();
        let read = files::read_key(&path).ok().flatten();
        assert_eq!(read.is_some(), bytes.len() == 32);
        assert!(read.is_none_or(|key| key.expose()[..] == *bytes));
    })
}

fn keys() -> Vec<Vec<u8>> {
    vec![vec![7; 32]]
}
