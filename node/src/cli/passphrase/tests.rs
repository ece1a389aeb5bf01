//! Where passphrases come from when nobody can be asked: the tests have no terminal.

use std::fs;

use tempfile::TempDir;

use super::*;

struct Stage {
    directory: TempDir,
    home: PathBuf,
}

impl Stage {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let home = directory.path().join("home");
        crate::init(&home, "Alice", None).unwrap();
        Self { directory, home }
    }

    fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let file = self.directory.path().join(name);
        fs::write(&file, bytes).unwrap();
        file
    }

    fn lock(&self, text: &str) {
        let cheap = Effort::Fixed(causerie_protocol::vault::passphrase::Cost::new(8, 1, 1).unwrap());
        passphrase::set(&self.home, None, &words(text), cheap).unwrap();
    }

    async fn before_and_after(
        &self,
        file: Option<PathBuf>,
        new: Option<PathBuf>,
    ) -> Result<(Option<Passphrase>, Passphrase), Failure> {
        before_and_after(&self.home, Opener::new(file), new).await
    }
}

fn words(text: &str) -> Passphrase {
    Passphrase::new(text.as_bytes().to_vec()).unwrap()
}

fn kind<T>(outcome: Result<T, Failure>) -> String {
    outcome.err().unwrap().kind
}

#[tokio::test]
async fn a_file_s_bytes_without_one_newline_are_the_passphrase() {
    let stage = Stage::new();
    let bytes: [(&[u8], &[u8]); 6] = [
        (b"word", b"word"),
        (b"word\n", b"word"),
        (b"word\n\n", b"word\n"),
        (b" two words\r\n", b" two words\r"),
        (b"\xff\x00\n", b"\xff\x00"),
        ("é\n".as_bytes(), "é".as_bytes()),
    ];
    for (written, meant) in bytes {
        let file = stage.file("file", written);
        assert_eq!(Opener::new(Some(file)).given().await.unwrap(), Passphrase::new(meant.to_vec()).ok());
    }
    for (written, refused) in [(&b""[..], "empty"), (b"\n", "empty"), (&[b'x'; 5_000], "too_long")] {
        let file = stage.file("file", written);
        assert_eq!(kind(Opener::new(Some(file)).given().await), refused);
    }
    assert_eq!(kind(Opener::new(Some(stage.directory.path().join("none"))).given().await), "io");
    assert_eq!(kind(Opener::new(Some("/dev/zero".into())).given().await), "too_long");
    assert_eq!(Opener::default().given().await, Ok(None));
}

#[tokio::test]
async fn without_a_terminal_a_locked_home_stays_locked() {
    assert_eq!(kind(Opener::default().ask().await), "locked");
    let stage = Stage::new();
    assert_eq!(kind(Opener::new(Some(stage.directory.path().join("none"))).ask().await), "locked");
    assert_eq!(kind(Opener::new(Some(stage.file("empty", b"\n"))).ask().await), "wrong_passphrase");
    let mut opener = Opener::new(Some(stage.file("one", b"one\n")));
    assert_eq!(opener.passphrase(), None);
    opener.ask().await.unwrap();
    assert_eq!(opener.passphrase(), Some(words("one")));
}

#[tokio::test]
async fn the_only_file_is_the_new_passphrase_where_there_is_none_and_the_current_one_where_there_is() {
    let stage = Stage::new();
    let (one, two) = (stage.file("one", b"one"), stage.file("two", b"two"));
    let some = |file: &PathBuf| Some(file.clone());
    assert_eq!(stage.before_and_after(some(&one), None).await, Ok((None, words("one"))));
    assert_eq!(stage.before_and_after(None, some(&two)).await, Ok((None, words("two"))));
    assert_eq!(stage.before_and_after(some(&one), some(&two)).await, Ok((None, words("two"))));
    assert_eq!(kind(stage.before_and_after(None, None).await), "usage");
    stage.lock("one");
    let both = Ok((Some(words("one")), words("two")));
    assert_eq!(stage.before_and_after(some(&one), some(&two)).await, both);
    assert_eq!(kind(stage.before_and_after(some(&one), None).await), "usage");
    assert_eq!(kind(stage.before_and_after(None, None).await), "usage");
    assert_eq!(kind(stage.before_and_after(None, some(&two)).await), "locked");
    let input = || Some(PathBuf::from("-"));
    assert_eq!(kind(stage.before_and_after(input(), input()).await), "usage");
}
