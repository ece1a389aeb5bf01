//! How a home uses the networks beyond its own: what the person chose, for one run or for good.
//!
//! For good is `network.toml` in the home, which people write by hand or from the window; every key may be missing:
//!
//! ```toml
//! bootstrap = ["/ip4/203.0.113.10/udp/47474/quic-v1"]   # servers to meet people through
//! exposure = "open"                                     # or lan-only, relays-only, stealth
//! proxy = "127.0.0.1:9050"                              # a SOCKS5 proxy, such as Tor's
//! serve-relay = false
//! serve-bootstrap = false
//! learn-servers = true                                  # remember servers that contacts use
//! ```
//! What is asked of one run comes on top. A file that cannot be understood keeps the node from starting: it may be there
//! to hide somebody. For the same reason it is replaced only by who knows that it is ([`Choices::replace`]), and whatever
//! is replaced stays beside it: it may have had remarks in it.

use std::{
    fs::File,
    io::{self, Read as _},
    net::SocketAddr,
    path::Path,
};

use serde::{Deserialize, Serialize};

use crate::{
    error::NodeError,
    home,
    network::{Exposure, NetworkError, parse_multiaddr},
};

/// See the file's head.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Choices {
    /// Multiaddresses of servers that lead beyond this network; none, and none remembered: this network is all there is.
    pub bootstrap: Vec<String>,
    /// Who may see where we are.
    pub exposure: Exposure,
    /// A SOCKS5 proxy that everything goes through.
    pub proxy: Option<SocketAddr>,
    /// Whether to be a relay to others.
    pub serve_relay: bool,
    /// Whether to be a server that others begin with.
    pub serve_bootstrap: bool,
    /// Whether servers that contacts tell of are remembered and used.
    pub learn_servers: bool,
}

impl Default for Choices {
    fn default() -> Self {
        Self {
            bootstrap: Vec::new(),
            exposure: Exposure::default(),
            proxy: None,
            serve_relay: false,
            serve_bootstrap: false,
            learn_servers: true,
        }
    }
}

/// Its name in the home.
pub const FILE: &str = "network.toml";

/// What the file was before it was replaced.
pub const PREVIOUS: &str = "network.toml.previous";

/// Bytes of the file. Chosen: hundreds of servers.
const BYTES_MAX: u64 = 65_536;

const HINT_LONG: &str = "Nothing was written. Name fewer servers.";

impl Choices {
    /// What is chosen for good in this home: nothing where there is no file.
    ///
    /// # Errors
    /// [`NodeError::BadChoices`] where it cannot be read or understood.
    pub fn of_home(home: &Path) -> Result<Self, NodeError> {
        let path = home.join(FILE);
        let wrong = |why: String| unusable(&path, &why);
        match text(&path) {
            Ok(text) => toml::from_str(&text).map_err(|error| wrong(error.message().to_owned())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(wrong(error.to_string())),
        }
    }

    /// What a node of this home starts with.
    ///
    /// # Errors
    /// [`NodeError::BadChoices`], also where no node could start like this.
    pub fn to_start_with(home: &Path) -> Result<Self, NodeError> {
        let choices = Self::of_home(home)?;
        choices.check().map_err(|error| unusable(&home.join(FILE), &error.to_string()))?;
        Ok(choices)
    }

    /// Whether a node could start like this.
    ///
    /// # Errors
    /// [`NodeError::BadAddress`] for a server whose address makes no sense, [`NodeError::Network`] for a server of others
    /// whom they could not reach.
    pub fn check(&self) -> Result<(), NodeError> {
        if let Some(bad) = self.bootstrap.iter().find(|server| parse_multiaddr(server).is_err()) {
            return Err(NodeError::BadAddress(bad.clone()));
        }
        let serves = self.serve_relay || self.serve_bootstrap;
        if serves && (self.exposure != Exposure::Open || self.proxy.is_some()) {
            return Err(NodeError::Network(NetworkError::HiddenServer.to_string()));
        }
        Ok(())
    }

    /// Chooses these for good in this home, from the next start of its node on. A file that is there and cannot be
    /// understood stays as it is.
    ///
    /// # Errors
    /// As [`Self::of_home`] and [`Self::replace`]; nothing has changed then.
    pub fn write(&self, home: &Path) -> Result<(), NodeError> {
        Self::of_home(home)?;
        self.replace(home)
    }

    /// The same over whatever is there, which is found in [`PREVIOUS`] from then on.
    ///
    /// # Errors
    /// As [`Self::check`], and [`NodeError`] where the file system refuses.
    pub fn replace(&self, home: &Path) -> Result<(), NodeError> {
        self.check()?;
        let text = toml::to_string(self).map_err(|error| NodeError::Storage(error.to_string()))?;
        if u64::try_from(text.len()).unwrap_or(u64::MAX) > BYTES_MAX {
            let words = format!("{} would be too long", home.join(FILE).display());
            return Err(NodeError::File { words, hint: HINT_LONG });
        }
        Ok(home::replace_file(home, FILE, PREVIOUS, text.as_bytes())?)
    }

    /// These, on top of those.
    #[must_use]
    pub fn over(mut self, beneath: Self) -> Self {
        let Self { bootstrap, exposure, proxy, serve_relay, serve_bootstrap, learn_servers } = beneath;
        for server in bootstrap {
            if !self.bootstrap.contains(&server) {
                self.bootstrap.push(server);
            }
        }
        if self.exposure == Exposure::Open {
            self.exposure = exposure;
        }
        self.proxy = self.proxy.or(proxy);
        self.serve_relay |= serve_relay;
        self.serve_bootstrap |= serve_bootstrap;
        self.learn_servers &= learn_servers;
        self
    }
}

fn unusable(path: &Path, why: &str) -> NodeError {
    NodeError::BadChoices(format!("{} cannot be used: {why}", path.display()))
}

fn text(path: &Path) -> io::Result<String> {
    // Nothing but a file: a pipe would let us wait for ever.
    if !path.metadata()?.is_file() {
        return Err(io::Error::other("it is no file"));
    }
    let mut text = String::new();
    let read = File::open(path)?.take(BYTES_MAX + 1).read_to_string(&mut text)?;
    if u64::try_from(read).unwrap_or(u64::MAX) > BYTES_MAX {
        return Err(io::Error::other("it is too long"));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    use super::*;

    fn of(text: &[u8]) -> Result<Choices, NodeError> {
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join(FILE), text).unwrap();
        Choices::of_home(home.path())
    }

    #[test]
    fn everything_in_the_file_counts_and_everything_may_be_missing() {
        let home = tempfile::tempdir().unwrap();
        assert_eq!(Choices::of_home(home.path()), Ok(Choices::default()));
        assert_eq!(of(b""), Ok(Choices::default()));
        let all = of(b"bootstrap = [\"/ip4/203.0.113.1/tcp/1\"]\nexposure = \"relays-only\"\nproxy = \"127.0.0.1:9050\"\n\
                      serve-relay = true\nserve-bootstrap = true\nlearn-servers = false\n");
        let expected = Choices {
            bootstrap: vec!["/ip4/203.0.113.1/tcp/1".to_owned()],
            exposure: Exposure::RelaysOnly,
            proxy: Some(([127, 0, 0, 1], 9050).into()),
            serve_relay: true,
            serve_bootstrap: true,
            learn_servers: false,
        };
        assert_eq!(all, Ok(expected.clone()));
        assert_eq!(of(toml::to_string(&expected).unwrap().as_bytes()), Ok(expected));
    }

    #[test]
    fn a_file_that_cannot_be_understood_is_refused_with_its_name() {
        let long = vec![b'#'; 70_000];
        let bad: [&[u8]; 6] = [
            b"exposure = \"nobody\"",
            b"stealth = true",
            b"proxy = \"localhost\"",
            b"\xff",
            b"bootstrap = 1",
            &long,
        ];
        for text in bad {
            let Err(NodeError::BadChoices(words)) = of(text) else { panic!("{text:?} is refused") };
            assert!(words.contains("network.toml cannot be used: "), "{words}");
        }
        let home = tempfile::tempdir().unwrap();
        fs::create_dir(home.path().join(FILE)).unwrap();
        assert!(matches!(Choices::of_home(home.path()), Err(NodeError::BadChoices(_))));
    }

    fn hidden() -> Choices {
        Choices {
            bootstrap: vec!["/ip4/203.0.113.1/udp/1/quic-v1".to_owned(), "/ip6/2001:db8::1/tcp/1".to_owned()],
            exposure: Exposure::RelaysOnly,
            proxy: Some(([127, 0, 0, 1], 9050).into()),
            ..Choices::default()
        }
    }

    #[test]
    fn what_is_written_is_read_back_and_is_nobody_elses() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join(FILE);
        for choices in [hidden(), Choices::default(), Choices { serve_relay: true, ..Choices::default() }] {
            choices.write(home.path()).unwrap();
            assert_eq!(Choices::of_home(home.path()), Ok(choices));
            assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        }
        let mut names: Vec<_> =
            fs::read_dir(home.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, [FILE, PREVIOUS], "nothing else is left lying");
    }

    #[test]
    fn what_was_written_by_hand_stays_beside_what_replaced_it() {
        let home = tempfile::tempdir().unwrap();
        let by_hand = "# Never without it.\nexposure = \"stealth\"\n";
        fs::write(home.path().join(FILE), by_hand).unwrap();
        hidden().write(home.path()).unwrap();
        assert_eq!(fs::read_to_string(home.path().join(PREVIOUS)).unwrap(), by_hand);
    }

    #[test]
    fn a_file_that_cannot_be_understood_is_replaced_only_where_that_is_asked() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join(FILE);
        fs::write(&path, "exposure = \"nobody\"").unwrap();
        assert!(matches!(hidden().write(home.path()), Err(NodeError::BadChoices(_))));
        assert_eq!(fs::read_to_string(&path).unwrap(), "exposure = \"nobody\"");
        assert!(!home.path().join(PREVIOUS).exists());
        hidden().replace(home.path()).unwrap();
        assert_eq!(Choices::of_home(home.path()), Ok(hidden()));
        assert_eq!(fs::read_to_string(home.path().join(PREVIOUS)).unwrap(), "exposure = \"nobody\"");
    }

    #[test]
    fn what_no_node_could_start_with_is_refused_with_the_name_of_the_file() {
        for text in ["bootstrap = [\"example.org\"]", "serve-relay = true\nexposure = \"stealth\""] {
            let home = tempfile::tempdir().unwrap();
            fs::write(home.path().join(FILE), text).unwrap();
            let Err(NodeError::BadChoices(words)) = Choices::to_start_with(home.path()) else {
                panic!("{text} is refused")
            };
            assert!(words.contains("network.toml cannot be used: "), "{words}");
            assert!(Choices::of_home(home.path()).is_ok(), "it can be shown, to be corrected");
        }
    }

    #[test]
    fn what_no_node_could_start_with_is_not_written() {
        let home = tempfile::tempdir().unwrap();
        let nowhere = Choices { bootstrap: vec!["example.org".to_owned()], ..Choices::default() };
        assert_eq!(nowhere.write(home.path()), Err(NodeError::BadAddress("example.org".to_owned())));
        let servers = [
            Choices { serve_relay: true, exposure: Exposure::Stealth, ..Choices::default() },
            Choices { serve_bootstrap: true, proxy: hidden().proxy, ..Choices::default() },
        ];
        for server in servers {
            assert!(matches!(server.write(home.path()), Err(NodeError::Network(_))), "{server:?}");
        }
        let many = vec!["/ip4/203.0.113.1/udp/1/quic-v1".to_owned(); 2_000];
        let long = Choices { bootstrap: many, ..Choices::default() };
        assert!(matches!(long.write(home.path()), Err(NodeError::File { hint: HINT_LONG, .. })));
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
    }

    #[test]
    fn what_a_run_asks_for_comes_on_top() {
        let beneath = Choices {
            bootstrap: vec!["a".to_owned(), "b".to_owned()],
            exposure: Exposure::Stealth,
            proxy: Some(([127, 0, 0, 1], 1).into()),
            serve_relay: true,
            serve_bootstrap: false,
            learn_servers: false,
        };
        assert_eq!(Choices::default().over(beneath.clone()), beneath);
        let above = Choices {
            bootstrap: vec!["b".to_owned(), "c".to_owned()],
            exposure: Exposure::LanOnly,
            proxy: Some(([127, 0, 0, 1], 2).into()),
            ..Choices::default()
        };
        let both = above.over(beneath);
        assert_eq!(both.bootstrap, ["b", "c", "a"]);
        assert_eq!((both.exposure, both.serve_relay), (Exposure::LanOnly, true));
        assert!(!both.learn_servers, "whoever wants none of them says so once");
        assert_eq!(both.proxy, Some(([127, 0, 0, 1], 2).into()));
    }
}
