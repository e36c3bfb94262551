//! A listener: accepts connections up to its limits, and serves each until it ends or its client is too slow.
//!
//! Without TLS it speaks HTTP/1.1; with TLS also HTTP/2, if the client offers it. There is no HTTP/2 without TLS: every
//! client that could use it can use TLS, and the first bytes of a connection need no guessing.

mod alarm;
mod body;
mod connection;
mod seats;
mod tls;
mod watched;

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::observe::metrics::{Door, Metrics};
use jackfield_clock::{self as clock, SharedClock};
use jackfield_domain::intake::address::AddressRange;
use jackfield_domain::intake::slow_client::{ConnectionTimeout, SlowClientLimits};

use body::BodyMemory;
use connection::Serving;
use seats::{Seat, Seats};
pub use tls::{Tls, TlsError, TlsFiles};
use watched::{Activity, Watched};

/// How long the host waits when the system has no file descriptor or no memory for another connection.
const ACCEPT_BACKOFF: Duration = Duration::from_secs(1);

/// The limits of a listener.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Most connections at once.
    pub connections: u32,
    /// Most connections at once from one client's address.
    pub connections_per_address: u32,
    /// Addresses whose connections are not counted by address: load balancers.
    pub trusted: Vec<AddressRange>,
    /// The time limits of clients.
    pub patience: SlowClientLimits,
    /// Most bytes of incomplete bodies over all connections; the first few of each body are not counted.
    pub body_memory: usize,
}

/// A listener, before it serves.
#[derive(Debug)]
pub struct Listener {
    /// Its name in metrics and in the log.
    pub door: Door,
    /// The socket that it accepts connections from.
    pub socket: TcpListener,
    /// Its limits.
    pub limits: Limits,
    /// Its certificate; `None` without TLS.
    pub tls: Option<Arc<Tls>>,
    /// The clock.
    pub clock: SharedClock,
    /// The metrics.
    pub metrics: Metrics,
}

impl Listener {
    /// Serves until `stop` is cancelled, then accepts nothing more, and returns once every connection has finished what
    /// it has in flight. Dropping it drops its connections.
    pub async fn serve(self, router: Router, stop: CancellationToken) {
        let limits = &self.limits;
        let (connections, per_address) = (limits.connections, limits.connections_per_address);
        let seats = Arc::new(Seats::new(connections, per_address, limits.trusted.clone()));
        let serving = Arc::new(Serving {
            router,
            patience: limits.patience,
            clock: Arc::clone(&self.clock),
            memory: Arc::new(BodyMemory::new(limits.body_memory)),
            stop: stop.clone(),
        });
        let mut open = JoinSet::new();
        let mut failing = false;
        loop {
            let accepted = tokio::select! {
                biased;
                () = stop.cancelled() => break,
                Some(_) = open.join_next() => continue,
                accepted = self.socket.accept() => accepted,
            };
            match accepted {
                Ok((socket, peer)) => {
                    failing = false;
                    match seats.take(peer.ip()) {
                        Ok(seat) => {
                            let guest = self.guest(seat, peer.ip());
                            open.spawn(guest.serve(socket, Arc::clone(&serving)));
                        }
                        // Dropping the socket closes it: the cheapest response, and every client understands it.
                        Err(full) => self.metrics.turn_away(self.door, full.word()),
                    }
                }
                Err(error) if is_of_one_connection(&error) => {}
                Err(error) => {
                    if !failing {
                        let door = self.door.word();
                        tracing::error!(%error, listener = door, "no connection can be accepted; the limit on open \
                            files may be too low");
                    }
                    failing = true;
                    self.metrics.turn_away(self.door, "system");
                    let retry = self.clock.sleep_until(clock::after(self.clock.now(), ACCEPT_BACKOFF));
                    tokio::select! {
                        () = stop.cancelled() => break,
                        () = retry => {}
                    }
                }
            }
        }
        drop(self.socket);
        while open.join_next().await.is_some() {}
    }

    fn guest(&self, seat: Seat, address: IpAddr) -> Guest {
        self.metrics.come_in(self.door);
        Guest {
            door: self.door,
            metrics: self.metrics.clone(),
            clock: Arc::clone(&self.clock),
            tls: self.tls.clone(),
            activity: Activity::opened(Arc::clone(&self.clock)),
            address,
            _seat: seat,
        }
    }
}

/// Errors of `accept` that concern one failed connection, not the listener.
fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset
    )
}

/// A client with a connection.
struct Guest {
    door: Door,
    metrics: Metrics,
    clock: SharedClock,
    tls: Option<Arc<Tls>>,
    activity: Activity,
    address: IpAddr,
    _seat: Seat,
}

impl Guest {
    async fn serve(self, socket: TcpStream, serving: Arc<Serving>) {
        // Without it a response may wait for the peer's acknowledgement of the headers.
        let _ = socket.set_nodelay(true);
        let (address, activity) = (self.address, self.activity.clone());
        let socket = Watched::new(socket, activity.clone());
        let Some(tls) = &self.tls else {
            return self.cut(serving.http1(socket, address, activity).await);
        };
        let handshake = clock::timeout(
            self.clock.as_ref(),
            serving.patience.head,
            tls.acceptor().accept(socket),
        );
        let shaken = tokio::select! {
            () = serving.stop.cancelled() => return,
            shaken = handshake => shaken,
        };
        match shaken {
            None => self.cut(Some(ConnectionTimeout::Head)),
            Some(Err(_)) => self.metrics.turn_away(self.door, "tls"),
            Some(Ok(socket)) if socket.get_ref().1.alpn_protocol() == Some(tls::H2) => {
                self.cut(serving.http2(socket, address, activity).await);
            }
            Some(Ok(socket)) => self.cut(serving.http1(socket, address, activity).await),
        }
    }

    fn cut(&self, cut: Option<ConnectionTimeout>) {
        if let Some(cut) = cut {
            self.metrics.cut(self.door, cut);
        }
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        self.metrics.go_out(self.door);
    }
}
