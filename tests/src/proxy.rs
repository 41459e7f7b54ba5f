//! A network that fails: a proxy on a port of its own, between programs and their server.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy, sink};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;

/// What is wrong with the network. It befalls the connections that are there, and those that come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Whatever is sent arrives so much later.
    Delay(Duration),
    /// Nothing arrives, and nobody is told. What was sent meanwhile arrives when the network is whole again.
    Silence,
    /// The server has closed the connection, and the client never hears of it.
    HalfOpen,
    /// Connections are reset.
    Reset,
    /// The server does what it is asked; in place of its reply the connection ends.
    LostReply,
    /// Connections end, and others are refused.
    Refusal,
}

/// A proxy of a server on this machine. All connections through it end when it is dropped.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    fault: watch::Sender<Option<Fault>>,
}

impl Proxy {
    /// Starts a proxy of the server that listens on this port of 127.0.0.1; the network is whole.
    #[track_caller]
    pub fn start(server: u16) -> Self {
        Self::start_at(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), server)
    }

    /// The same at this address, of which the port may be 0 for any.
    #[track_caller]
    pub fn start_at(address: SocketAddr, server: u16) -> Self {
        // It never listens, and so keeps the port for the times in which connections are refused.
        let reserved = bound(address).expect("no loopback port can be had");
        let address = reserved.local_addr().expect("a bound socket has an address");
        let (fault, faults) = watch::channel(None);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("an event loop");
        let listener = runtime.block_on(async { listen(address) }).expect("a port that was reserved");
        std::thread::spawn(move || {
            let served = runtime.block_on(serve(listener, server, faults));
            drop(reserved);
            served.expect("a proxy that listens");
        });
        Self { address, fault }
    }

    /// Its port, on 127.0.0.1 unless another address was given.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Has the network be wrong in this way, and in no other, until the next one or until it is whole again.
    pub fn bring(&self, fault: Fault) {
        self.fault.send_replace(Some(fault));
    }

    /// The network is whole again.
    pub fn heal(&self) {
        self.fault.send_replace(None);
    }
}

fn bound(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    // Several sockets may have the port, if only one listens.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    bound(address)?.listen(1024)
}

/// Listens while connections are not refused, until the proxy is dropped.
async fn serve(mut listener: TcpListener, server: u16, mut fault: watch::Receiver<Option<Fault>>) -> io::Result<()> {
    let address = listener.local_addr()?;
    let refuses = |fault: &Option<Fault>| *fault == Some(Fault::Refusal);
    loop {
        let accepting = accept(&listener, server, fault.clone());
        let is_dropped = tokio::select! {
            refused = fault.wait_for(refuses) => refused.is_err(),
            failed = accepting => return failed,
        };
        drop(listener);
        if is_dropped || fault.wait_for(|fault| !refuses(fault)).await.is_err() {
            return Ok(());
        }
        listener = listen(address)?;
    }
}

async fn accept(listener: &TcpListener, server: u16, fault: watch::Receiver<Option<Fault>>) -> io::Result<()> {
    loop {
        let (client, _) = listener.accept().await?;
        // A connection that fails is what this is for: both sides see that it ends.
        tokio::spawn(carry(client, server, fault.clone()));
    }
}

/// Carries what either side sends to the other one, until a side or the network ends it.
async fn carry(mut client: TcpStream, server: u16, mut fault: watch::Receiver<Option<Fault>>) -> io::Result<()> {
    let mut server = TcpStream::connect((Ipv4Addr::LOCALHOST, server)).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (mut request, mut reply) = ([0; 1 << 14], [0; 1 << 14]);
    loop {
        let present = *fault.borrow_and_update();
        match present {
            Some(Fault::Refusal) => return Ok(()),
            Some(Fault::Reset) => {
                client.set_zero_linger()?;
                return server.set_zero_linger();
            }
            Some(Fault::HalfOpen) => {
                drop(server);
                return copy(&mut client, &mut sink()).await.map(drop);
            }
            _ => {}
        }
        let (bytes, is_reply) = tokio::select! {
            changed = fault.changed() => {
                changed.map_err(io::Error::other)?;
                continue;
            }
            read = client.read(&mut request) => (&request[..read?], false),
            read = server.read(&mut reply) => (&reply[..read?], true),
        };
        let silence = fault.wait_for(|fault| *fault != Some(Fault::Silence)).await;
        let present = *silence.map_err(io::Error::other)?;
        match present {
            _ if bytes.is_empty() => return Ok(()),
            Some(Fault::LostReply) if is_reply => return Ok(()),
            Some(Fault::Delay(delay)) => tokio::time::sleep(delay).await,
            None | Some(Fault::LostReply) => {}
            // It ends the connection before this arrives.
            Some(_) => continue,
        }
        let to = if is_reply { &mut client } else { &mut server };
        to.write_all(bytes).await?;
    }
}
