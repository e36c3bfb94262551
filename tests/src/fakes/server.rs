//! One running fake: the accept loop, the control API, and the misbehaviour that every fake shares.
//!
//! The accept loop is hand-written on hyper, because fakes must be able to drop a connection without a response.
//! [`FakeService`] decides what a fake does with a request that reaches it.
//!
//! The control API lives below `/_control/`. Misbehaviour does not affect it, and its requests are not counted:
//!
//! | request | effect |
//! | --- | --- |
//! | `POST behave` | sets the [`Behaviour`] |
//! | `POST leads` | inserts one lead record or a list of them |
//! | `POST reset` | deletes all leads and records, and resets behaviour and counts |
//! | `GET calls` (agent: `GET received`) | returns the stored records with the [`RequestCounts`] |

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use http::{Method, Request, StatusCode};
use http_body_util::BodyExt;
use hyper::{
    body::{Bytes, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    sync::oneshot,
    task::{JoinHandle, JoinSet},
};

use super::{
    Behaviour, Mode, clock,
    http_message::{FakeResponse, error_response, json_response, response},
    service::{FakeService, RequestOutcome},
};

/// Connections that may wait to be accepted; the same as tokio's default.
const BACKLOG: u32 = 1024;

/// How many requests a fake received, without control requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct RequestCounts {
    /// Requests that stored something, whether or not the response was sent.
    pub writes: u64,
    /// Requests that were malformed, unauthorized or about an unknown lead. Misbehaviour is not counted here.
    pub refused: u64,
    /// Requests whose head arrived, whatever happened next.
    pub requests: u64,
}

/// A running fake. Dropping it stops it and closes its connections.
#[derive(Debug)]
pub struct FakeServer<T: FakeService> {
    addr: SocketAddr,
    shared: Arc<Shared<T>>,
    listener: tokio::sync::Mutex<ListenerState>,
}

impl<T: FakeService> FakeServer<T> {
    /// Starts a fake on a free loopback port.
    ///
    /// # Errors
    /// No port can be bound.
    pub async fn start(config: T::Config) -> io::Result<Self> {
        Self::start_on((Ipv4Addr::LOCALHOST, 0).into(), config).await
    }

    /// Starts a fake on an address; port 0 picks a free port.
    ///
    /// # Errors
    /// The address cannot be bound.
    pub async fn start_on(addr: SocketAddr, config: T::Config) -> io::Result<Self> {
        let shared = Arc::new(Shared(Mutex::new(State {
            service: T::from_config(config),
            behaviour: Behaviour::default(),
            counts: RequestCounts::default(),
            hanging: 0,
        })));
        let listener = TcpListener::bind(addr).await?;
        let addr = listener.local_addr()?;
        let listener = tokio::sync::Mutex::new(ListenerState::open(listener, Arc::clone(&shared)));
        Ok(Self { addr, shared, listener })
    }

    /// Its origin, such as `http://127.0.0.1:9101`.
    pub fn origin(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Replaces its behaviour.
    pub fn behave(&self, behaviour: Behaviour) {
        self.shared.state().behaviour = behaviour;
    }

    /// Inserts a lead, replacing one with the same id.
    pub fn seed(&self, lead: T::Lead) {
        self.shared.state().service.seed(lead);
    }

    /// All stored records, oldest first.
    pub fn stored(&self) -> Vec<T::Record> {
        self.shared.state().service.stored()
    }

    /// How many requests it received.
    pub fn counts(&self) -> RequestCounts {
        self.shared.state().counts
    }

    /// How many requests wait for a response that never comes.
    pub fn hanging(&self) -> u32 {
        self.shared.state().hanging
    }

    /// Deletes all leads and records, and resets behaviour and counts.
    pub fn reset(&self) {
        self.shared.state().reset();
    }

    /// Stops listening: drops every connection, and refuses new ones once this returns. The port stays bound, so that
    /// no other process can take it before [`reopen`](Self::reopen). Does nothing if already closed.
    ///
    /// # Errors
    /// The port cannot be bound again. The fake is closed all the same; `reopen` retries.
    pub async fn close_listener(&self) -> io::Result<()> {
        let mut state = self.listener.lock().await;
        if let ListenerState::Open { stop, accepting } = std::mem::replace(&mut *state, ListenerState::Closed(None)) {
            drop(stop);
            // Dropping `stop` ends the task, and the task closes the listener.
            let _ = accepting.await;
            *state = ListenerState::Closed(Some(bind(self.addr)?));
        }
        Ok(())
    }

    /// Listens again, on the same port. Does nothing if already open.
    ///
    /// # Errors
    /// The port cannot be listened on.
    pub async fn reopen(&self) -> io::Result<()> {
        let mut state = self.listener.lock().await;
        if let ListenerState::Closed(bound) = &mut *state {
            let socket = bound.take().map_or_else(|| bind(self.addr), Ok)?;
            *state = ListenerState::open(socket.listen(BACKLOG)?, Arc::clone(&self.shared));
        }
        Ok(())
    }
}

/// Whether the fake accepts connections.
#[derive(Debug)]
enum ListenerState {
    /// The accept loop runs until `stop` is dropped, which dropping the whole fake does too.
    Open {
        stop: oneshot::Sender<()>,
        accepting: JoinHandle<()>,
    },
    /// The port is bound but not listened on: it stays reserved, and connections are refused.
    Closed(Option<TcpSocket>),
}

impl ListenerState {
    fn open<T: FakeService>(listener: TcpListener, shared: Arc<Shared<T>>) -> Self {
        let (stop, stopped) = oneshot::channel();
        Self::Open {
            stop,
            accepting: tokio::spawn(accept(listener, shared, stopped)),
        }
    }
}

fn bind(addr: SocketAddr) -> io::Result<TcpSocket> {
    let socket = if addr.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    // Otherwise the dropped connections would block the port for a minute.
    socket.set_reuseaddr(true)?;
    socket.bind(addr)?;
    Ok(socket)
}

async fn accept<T: FakeService>(listener: TcpListener, shared: Arc<Shared<T>>, mut stopped: oneshot::Receiver<()>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            _ = &mut stopped => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => {
                // An error means that the client disconnected before the accept.
                if let Ok((stream, _)) = accepted {
                    connections.spawn(serve(stream, Arc::clone(&shared)));
                }
            }
        }
    }
    drop(listener);
    connections.shutdown().await;
}

async fn serve<T: FakeService>(stream: TcpStream, shared: Arc<Shared<T>>) {
    // Responses are small; waiting to fill a packet would delay each of them.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let shared = Arc::clone(&shared);
        async move { shared.respond(request).await }
    });
    let mut connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    if (&mut connection).await.is_err() {
        // Closing without lingering sends a reset, which the client cannot take for the end of a response.
        let _ = connection.into_parts().io.into_inner().set_zero_linger();
    }
}

/// The connection must be dropped without a response.
#[derive(Debug)]
struct Dropped;

impl std::fmt::Display for Dropped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("dropped without a response")
    }
}

impl std::error::Error for Dropped {}

#[derive(Debug)]
struct Shared<T>(Mutex<State<T>>);

#[derive(Debug)]
struct State<T> {
    service: T,
    behaviour: Behaviour,
    counts: RequestCounts,
    hanging: u32,
}

impl<T: FakeService> Shared<T> {
    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Never responds; ends when the client disconnects.
    async fn hang(&self) -> Result<FakeResponse, Dropped> {
        self.state().hanging += 1;
        let _hanging = HangingRequest(self);
        std::future::pending().await
    }

    async fn respond(&self, request: Request<Incoming>) -> Result<FakeResponse, Dropped> {
        let (head, body) = request.into_parts();
        let control = head.uri.path().strip_prefix("/_control/").map(str::to_owned);
        let behaviour = if control.is_none() {
            self.state().next_behaviour()
        } else {
            Behaviour::default()
        };
        if behaviour.mode == Mode::Down {
            return Err(Dropped);
        }
        let body = body.collect().await.map_err(|_| Dropped)?.to_bytes();
        if let Some(path) = control {
            return Ok(self.state().control(&head.method, &path, &body));
        }
        match behaviour.mode {
            Mode::Hang => return self.hang().await,
            Mode::RateLimited => return Ok(T::too_many(behaviour.retry_after)),
            Mode::Maintenance => return Ok(T::maintenance()),
            _ => {}
        }
        let response = self.state().handle(&Request::from_parts(head, body));
        match behaviour.mode {
            Mode::Slow => clock::pause(Duration::from_millis(behaviour.delay_ms)).await,
            Mode::FailAfterStore => return Ok(T::crash()),
            Mode::ResetAfterStore => return Err(Dropped),
            Mode::HangAfterStore => return self.hang().await,
            _ => {}
        }
        Ok(response)
    }
}

/// A request without a response, counted as long as its client waits.
struct HangingRequest<'a, T: FakeService>(&'a Shared<T>);

impl<T: FakeService> Drop for HangingRequest<'_, T> {
    fn drop(&mut self) {
        self.0.state().hanging -= 1;
    }
}

impl<T: FakeService> State<T> {
    fn next_behaviour(&mut self) -> Behaviour {
        self.counts.requests += 1;
        self.behaviour.next_request(self.counts.requests)
    }

    fn handle(&mut self, request: &Request<Bytes>) -> FakeResponse {
        match self.service.handle(request) {
            RequestOutcome::Stored(response) => {
                self.counts.writes += 1;
                response
            }
            RequestOutcome::Read(response) => response,
            RequestOutcome::Refused(response) => {
                self.counts.refused += 1;
                response
            }
        }
    }

    fn reset(&mut self) {
        self.service.clear();
        self.behaviour = Behaviour::default();
        self.counts = RequestCounts::default();
    }

    fn control(&mut self, method: &Method, path: &str, body: &[u8]) -> FakeResponse {
        let (records, member) = T::RECORDS;
        let done = match (method, path) {
            (&Method::GET, path) if path == records => {
                let mut page = json!(self.counts);
                page[member] = json!(self.service.stored());
                return json_response(StatusCode::OK, &page);
            }
            (&Method::POST, "reset") => {
                self.reset();
                Ok(())
            }
            (&Method::POST, "behave") => serde_json::from_slice(body).map(|behaviour| self.behaviour = behaviour),
            (&Method::POST, "leads") => {
                one_or_many(body).map(|leads| leads.into_iter().for_each(|lead| self.service.seed(lead)))
            }
            _ => {
                let known = format!("the control API has POST reset, behave and leads, and GET {records}");
                return error_response(StatusCode::NOT_FOUND, &known);
            }
        };
        match done {
            Ok(()) => response(StatusCode::NO_CONTENT, None, Bytes::new()),
            Err(error) => error_response(StatusCode::BAD_REQUEST, &error.to_string()),
        }
    }
}

fn one_or_many<L: DeserializeOwned>(body: &[u8]) -> serde_json::Result<Vec<L>> {
    match serde_json::from_slice(body)? {
        many @ Value::Array(_) => serde_json::from_value(many),
        one => Ok(vec![serde_json::from_value(one)?]),
    }
}
