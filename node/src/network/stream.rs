//! One link at work: a task that reads frames from its stream to the engine and writes those from the engine.
//!
//! ```text
//! LinkUp ─▶ frames both ways ─┬─ the peer ends its side ──▶ ours is written out and ended ─┐
//!                             ├─ the engine closes ───────▶ the same; the rest is unread ──┼─▶ LinkDown
//!                             └─ an error, a bad length, a full outbox ────────────────────┘
//! ```
//! A frame is its length (two bytes, the higher first, never 0) and as many bytes. The task alone says `LinkUp`,
//! `Frame` and `LinkDown`, so their order is right by construction. When it returns the connection is closed: after an
//! orderly end it waits a little, for what was sent last may still be on its way if both ends closed at once.

use std::{io, sync::Arc};

use causerie_protocol::{
    ids::LinkId,
    input::{Input, LinkEnds},
};
use futures::{
    AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, future, io::BufReader,
};
use tokio::{sync::mpsc, time};
use tokio_util::sync::CancellationToken;

use super::{
    limits,
    outbox::{Outbox, Phase},
};

/// What the network's task and the links' tasks tell the engine's side.
#[derive(Debug)]
pub(crate) enum Notice {
    /// A link stands; its frames go into this outbox.
    LinkUp(LinkId, LinkEnds, Arc<Outbox>),
    /// Everything else.
    Other(Input),
}

/// One link before it runs.
#[derive(Debug)]
pub(crate) struct LinkTask {
    pub(crate) link: LinkId,
    pub(crate) ends: LinkEnds,
    pub(crate) notices: mpsc::Sender<Notice>,
    pub(crate) stopping: CancellationToken,
}

/// Why reading came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// The peer said all it wanted to say.
    Theirs,
    /// We have no more to say.
    Ours,
    /// The stream is of no use any more.
    Broken,
}

impl LinkTask {
    /// Runs the link to its end.
    pub(crate) async fn run(self, stream: impl AsyncRead + AsyncWrite + Send) {
        let outbox = Arc::new(Outbox::new());
        let up = Notice::LinkUp(self.link, self.ends.clone(), Arc::clone(&outbox));
        if self.notices.send(up).await.is_err() {
            return;
        }
        let (reader, writer) = stream.split();
        future::join(self.read(reader, &outbox), write(writer, &outbox)).await;
        if outbox.phase() == Phase::Closing {
            let stopped = self.stopping.cancelled();
            time::timeout(limits::LAST_BYTES_PATIENCE, stopped).await.ok();
        }
    }

    async fn read(&self, reader: impl AsyncRead + Unpin, outbox: &Outbox) {
        let mut reader = BufReader::with_capacity(limits::READ_BUFFER_BYTES, reader);
        let end = tokio::select! {
            end = self.read_frames(&mut reader) => end,
            phase = outbox.ended() => if phase == Phase::Abandoned { End::Broken } else { End::Ours },
            () = self.stopping.cancelled() => End::Ours,
        };
        if end == End::Broken {
            outbox.abandon();
            drop(reader);
            self.say_down().await;
            return;
        }
        outbox.close();
        // The peer may still be sending: its frames are of no use, but it would not see our end before they are read.
        let rest = async {
            if end == End::Ours {
                let mut nowhere = futures::io::sink();
                let rest = futures::io::copy_buf(&mut reader, &mut nowhere);
                time::timeout(limits::CLOSE_PATIENCE, rest).await.ok();
            }
        };
        future::join(self.say_down(), rest).await;
    }

    async fn read_frames(&self, reader: &mut BufReader<impl AsyncRead + Unpin>) -> End {
        loop {
            match read_frame(reader).await {
                Ok(Some(bytes)) => {
                    let frame = Input::Frame { link: self.link, bytes };
                    if self.notices.send(Notice::Other(frame)).await.is_err() {
                        return End::Ours;
                    }
                }
                Ok(None) => return End::Theirs,
                Err(error) => {
                    tracing::debug!(link = self.link.number(), %error, "a link broke");
                    return End::Broken;
                }
            }
        }
    }

    async fn say_down(&self) {
        let down = Notice::Other(Input::LinkDown { link: self.link });
        // Nobody hears it when the network stops.
        self.notices.send(down).await.ok();
    }
}

/// The next frame, or `None` where the stream ends between two.
pub(super) async fn read_frame(
    reader: &mut BufReader<impl AsyncRead + Unpin>,
) -> io::Result<Option<Vec<u8>>> {
    if reader.fill_buf().await?.is_empty() {
        return Ok(None);
    }
    let mut length = [0; 2];
    reader.read_exact(&mut length).await?;
    let length = u16::from_be_bytes(length);
    if length == 0 {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "a frame has no bytes"));
    }
    let mut bytes = vec![0; usize::from(length)];
    reader.read_exact(&mut bytes).await?;
    Ok(Some(bytes))
}

/// Writes batches until the outbox has no more, then ends our side; gives up where that takes too long.
async fn write(writer: impl AsyncWrite + Unpin, outbox: &Outbox) {
    let out_of_patience = async {
        outbox.ended().await;
        time::timeout(limits::CLOSE_PATIENCE, outbox.abandoned()).await.ok();
    };
    tokio::select! {
        written = write_batches(writer, outbox) => if let Err(error) = written {
            tracing::debug!(%error, "a link broke while sending");
            outbox.abandon();
        },
        () = out_of_patience => {}
    }
}

async fn write_batches(mut writer: impl AsyncWrite + Unpin, outbox: &Outbox) -> io::Result<()> {
    let mut batch = Vec::new();
    while let Some(next) = outbox.take(batch).await {
        writer.write_all(&next).await?;
        writer.flush().await?;
        batch = next;
    }
    // An abandoned link is cut off, so that the peer does not take it for whole.
    if outbox.phase() == Phase::Closing {
        writer.close().await?;
    }
    Ok(())
}
