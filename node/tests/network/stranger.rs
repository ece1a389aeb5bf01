//! A peer that speaks the transports but not our network's code, so that it can say what that never would.

use std::{future::poll_fn, pin::Pin, task::Poll, time::Duration};

use causerie_node::network::multiaddr_text;
use causerie_protocol::address::{Address, Transport as Spoken};
use futures::{AsyncReadExt as _, AsyncWriteExt as _};
use libp2p::{
    Transport as _,
    core::{
        Endpoint,
        muxing::{StreamMuxerBox, StreamMuxerExt as _, SubstreamBox},
        transport::{Boxed, DialOpts, PortUse},
        upgrade::Version,
    },
    identity::{Keypair, PeerId},
    noise, quic, tcp, yamux,
};
use tokio::{sync::oneshot, task::JoinHandle, time::timeout};

const PATIENCE: Duration = Duration::from_secs(60);

/// How long somebody who floods waits for the next stream before they go on.
const GLANCE: Duration = Duration::from_millis(200);

/// A connection to a network.
pub(crate) struct Stranger {
    requests: tokio::sync::mpsc::Sender<oneshot::Sender<SubstreamBox>>,
    connection: JoinHandle<()>,
}

/// A stream of the link protocol.
pub(crate) struct StrangerStream(SubstreamBox);

impl Stranger {
    pub(crate) async fn connect(target: &Address) -> Self {
        Self::tries_to_connect(target).await.expect("the network takes a stranger's connection")
    }

    /// `None` where the network, or this machine, has no room for one more.
    pub(crate) async fn tries_to_connect(target: &Address) -> Option<Self> {
        let key = Keypair::generate_ed25519();
        let mut transport: Boxed<(PeerId, StreamMuxerBox)> = match target.transport {
            Spoken::Tcp => tcp::tokio::Transport::new(tcp::Config::default())
                .upgrade(Version::V1)
                .authenticate(noise::Config::new(&key).unwrap())
                .multiplex(yamux::Config::default())
                .boxed(),
            Spoken::Quic => quic::tokio::Transport::new(quic::Config::new(&key))
                .map(|(peer, connection), _| (peer, StreamMuxerBox::new(connection)))
                .boxed(),
        };
        let opts = DialOpts { role: Endpoint::Dialer, port_use: PortUse::New };
        let target = multiaddr_text(target).parse().unwrap();
        let connecting = timeout(PATIENCE, transport.dial(target, opts).unwrap());
        let (_, muxer) = connecting.await.unwrap().ok()?;
        let (requests, asked) = tokio::sync::mpsc::channel(1);
        let connection = tokio::spawn(async move {
            drive(muxer, asked).await;
            drop(transport);
        });
        Some(Self { requests, connection })
    }

    /// Opens a stream and says nothing on it; `None` where the connection ended or takes no more.
    pub(crate) async fn tries_to_open(&mut self) -> Option<StrangerStream> {
        let (give, stream) = oneshot::channel();
        self.requests.send(give).await.ok()?;
        timeout(GLANCE, stream).await.ok()?.ok().map(StrangerStream)
    }

    /// Whether the network has closed the connection.
    pub(crate) fn is_closed(&self) -> bool {
        self.connection.is_finished()
    }

    /// Opens a stream of our links.
    pub(crate) async fn open(&mut self) -> StrangerStream {
        self.open_for("/causerie/hello/1").await
    }

    /// Opens a stream and agrees on the protocol, as multistream-select 1.0 does it.
    pub(crate) async fn open_for(&mut self, protocol: &str) -> StrangerStream {
        let (give, stream) = oneshot::channel();
        self.requests.send(give).await.unwrap();
        let mut stream = stream.await.unwrap();
        let length = char::from(u8::try_from(protocol.len() + 1).unwrap());
        let offer = format!("\x13/multistream/1.0.0\n{length}{protocol}\n").into_bytes();
        stream.write_all(&offer).await.unwrap();
        stream.flush().await.unwrap();
        let mut answer = vec![0; offer.len()];
        timeout(PATIENCE, stream.read_exact(&mut answer)).await.unwrap().unwrap();
        assert_eq!(answer, offer);
        StrangerStream(stream)
    }

    /// Waits until the network has closed the connection.
    pub(crate) async fn closed(self) {
        timeout(PATIENCE, self.connection).await.unwrap().unwrap();
    }
}

impl StrangerStream {
    pub(crate) async fn say(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.unwrap();
        self.0.flush().await.unwrap();
    }

    /// Says as much as is taken of it; whether all was.
    pub(crate) async fn tries_to_say(&mut self, bytes: &[u8]) -> bool {
        let saying = async { self.0.write_all(bytes).await.is_ok() && self.0.flush().await.is_ok() };
        timeout(PATIENCE, saying).await.unwrap_or(false)
    }

    /// Waits until nothing comes any more; what came.
    pub(crate) async fn hears_the_end(&mut self) -> Vec<u8> {
        let mut heard = Vec::new();
        timeout(PATIENCE, self.0.read_to_end(&mut heard)).await.unwrap().ok();
        heard
    }

    /// Says no more. A network that has had enough before is no failure.
    pub(crate) async fn end(&mut self) {
        self.0.close().await.ok();
    }

    /// Whether the network drops the stream without a word.
    pub(crate) async fn is_refused(&mut self) -> bool {
        let read = timeout(PATIENCE, self.0.read(&mut [0])).await.unwrap();
        !matches!(read, Ok(1..))
    }
}

/// Bytes that mean nothing, in as many shapes as a port scanner's.
pub(crate) async fn write_garbage(target: &Address) {
    let garbage: [&[u8]; 4] =
        [&[0], &[0xff; 2_000], b"GET / HTTP/1.1\r\n\r\n", b"\x13/multistream/1.0.0\n\x07/noise\n\xff\xff"];
    let socket = (target.ip, target.port);
    for bytes in garbage {
        match target.transport {
            Spoken::Tcp => {
                let mut stream = tokio::net::TcpStream::connect(socket).await.unwrap();
                tokio::io::AsyncWriteExt::write_all(&mut stream, bytes).await.unwrap();
                let mut answer = Vec::new();
                tokio::io::AsyncWriteExt::shutdown(&mut stream).await.ok();
                let end = tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut answer);
                timeout(PATIENCE, end).await.unwrap().ok();
            }
            Spoken::Quic => {
                let udp = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
                udp.send_to(bytes, socket).await.unwrap();
            }
        }
    }
}

/// Speaks no protocol that is offered on a stream of the other side.
async fn refuse(mut stream: SubstreamBox) {
    stream.write_all(b"\x13/multistream/1.0.0\n\x03na\n").await.ok();
    stream.close().await.ok();
}

/// Keeps the connection going until it breaks, opening streams as asked and refusing those of the other side.
async fn drive(
    mut muxer: StreamMuxerBox,
    mut asked: tokio::sync::mpsc::Receiver<oneshot::Sender<SubstreamBox>>,
) {
    let mut waiting: Option<oneshot::Sender<SubstreamBox>> = None;
    poll_fn(|cx| {
        loop {
            if waiting.is_none()
                && let Poll::Ready(Some(give)) = asked.poll_recv(cx)
            {
                waiting = Some(give);
            }
            if waiting.is_some() {
                match Pin::new(&mut muxer).poll_outbound_unpin(cx) {
                    Poll::Ready(Ok(stream)) => {
                        waiting.take().map(|give| give.send(stream));
                        continue;
                    }
                    Poll::Ready(Err(_)) => return Poll::Ready(()),
                    Poll::Pending => {}
                }
            }
            match muxer.poll_inbound_unpin(cx) {
                Poll::Ready(Ok(stream)) => {
                    tokio::spawn(refuse(stream));
                    continue;
                }
                Poll::Ready(Err(_)) => return Poll::Ready(()),
                Poll::Pending => {}
            }
            return match muxer.poll_unpin(cx) {
                Poll::Ready(Err(_)) => Poll::Ready(()),
                _ => Poll::Pending,
            };
        }
    })
    .await;
}
