//! One running fake: the accept loop, the control surface, and the misbehaviour that every fake shares.
//!
//! The accept loop is our own, on hyper, because dropping a connection with no answer is half of what a fake is for.
//! What a fake does with a request that reaches it is its [`FakeService`].
//!
//! Control surface, below `/_control/`, never affected by misbehaviour and never counted:
//! `POST behave` takes a [`Behaviour`]; `POST leads` takes one lead record or a list of them; `POST reset` forgets all
//! and behaves; `GET calls` (at the agent `GET received`) answers what is stored, with the [`RequestCounts`].

use std::{
    io,
    net::SocketAddr,
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
    response::{FakeResponse, json_response, response},
};

/// Connections that may wait to be accepted: as many as tokio lets wait by default.
const BACKLOG: u32 = 1024;

/// What one kind of fake does with requests. Implemented by each fake; tests use [`FakeServer`].
pub trait FakeService: Send + Sized + 'static {
    /// What the fake is started with.
    type Config;
    /// A lead as this CRM keeps it.
    type Lead: DeserializeOwned;
    /// A record that this fake stores.
    type Record: Clone + Serialize;
    /// The last segment of the control path that answers what is stored, and its member there.
    const RECORDS: (&'static str, &'static str);

    /// The address to listen on, and the fake itself.
    fn from_config(config: Self::Config) -> (SocketAddr, Self);
    /// Carries out one request.
    fn handle(&mut self, request: &Request<Bytes>) -> RequestOutcome;
    /// How this fake says that there were too many requests; `retry_after` is in seconds.
    fn too_many(retry_after: Option<u32>) -> FakeResponse;
    /// How this fake says that it is under maintenance.
    fn maintenance() -> FakeResponse;
    /// How this fake says that it crashed.
    fn crash() -> FakeResponse;
    /// Puts a lead into the CRM, in the place of one with the same id.
    fn seed(&mut self, lead: Self::Lead);
    /// All it holds, in the order of storing.
    fn stored(&self) -> Vec<Self::Record>;
    /// Forgets leads and records.
    fn forget(&mut self);
}

/// What became of a request.
#[derive(Debug)]
pub enum RequestOutcome {
    /// Something was stored, and this says so.
    Stored(FakeResponse),
    /// Something was read, or there was nothing to do.
    Read(FakeResponse),
    /// The request was refused as it stands.
    Refused(FakeResponse),
}

/// How often a fake was asked, not counting control requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct RequestCounts {
    /// Requests that stored something, whether or not the answer got out.
    pub writes: u64,
    /// Requests refused for what they were: malformed, unauthorized, unknown lead. Misbehaviour is not counted here.
    pub refused: u64,
    /// Requests whose head arrived, whatever became of them.
    pub requests: u64,
}

/// A running fake. Dropping it ends it and every connection to it.
#[derive(Debug)]
pub struct FakeServer<T: FakeService> {
    addr: SocketAddr,
    shared: Arc<Shared<T>>,
    door: tokio::sync::Mutex<Door>,
}

impl<T: FakeService> FakeServer<T> {
    /// Starts a fake on its configured address; port 0 picks a free one.
    ///
    /// # Errors
    /// If the address cannot be listened on.
    pub async fn start(config: T::Config) -> io::Result<Self> {
        let (addr, service) = T::from_config(config);
        let shared = Arc::new(Shared(Mutex::new(State {
            service,
            behaviour: Behaviour::default(),
            counts: RequestCounts::default(),
            hanging: 0,
        })));
        let listener = TcpListener::bind(addr).await?;
        let addr = listener.local_addr()?;
        let door = tokio::sync::Mutex::new(Door::open(listener, Arc::clone(&shared)));
        Ok(Self { addr, shared, door })
    }

    /// Where it listens, with the port that was picked.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Its origin, such as `http://127.0.0.1:9101`.
    pub fn origin(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Orders it to behave in some way, in the place of what was ordered before.
    pub fn behave(&self, behaviour: Behaviour) {
        self.shared.state().behaviour = behaviour;
    }

    /// Puts a lead into the CRM, in the place of one with the same id.
    pub fn seed(&self, lead: T::Lead) {
        self.shared.state().service.seed(lead);
    }

    /// All it holds, in the order of storing.
    pub fn stored(&self) -> Vec<T::Record> {
        self.shared.state().service.stored()
    }

    /// How often it was asked.
    pub fn counts(&self) -> RequestCounts {
        self.shared.state().counts
    }

    /// How many requests wait for an answer that never comes.
    pub fn hanging(&self) -> u32 {
        self.shared.state().hanging
    }

    /// Forgets all, and behaves.
    pub fn reset(&self) {
        self.shared.state().reset();
    }

    /// Stops listening: every connection is dropped, and connecting is refused from when this returns. The port stays
    /// reserved, so that nobody else can take it before [`reopen`](Self::reopen). Does nothing if closed already.
    ///
    /// # Errors
    /// If the port cannot be kept. The fake is closed all the same; `reopen` tries to get the port again.
    pub async fn close_listener(&self) -> io::Result<()> {
        let mut door = self.door.lock().await;
        if let Door::Open { stop, accepting } = std::mem::replace(&mut *door, Door::Closed(None)) {
            drop(stop);
            // Ends because `stop` is gone; the listener is closed when it has ended.
            let _ = accepting.await;
            *door = Door::Closed(Some(bind(self.addr)?));
        }
        Ok(())
    }

    /// Listens again, on the same port. Does nothing if open already.
    ///
    /// # Errors
    /// If the port cannot be listened on.
    pub async fn reopen(&self) -> io::Result<()> {
        let mut door = self.door.lock().await;
        if let Door::Closed(kept) = &mut *door {
            let socket = kept.take().map_or_else(|| bind(self.addr), Ok)?;
            *door = Door::open(socket.listen(BACKLOG)?, Arc::clone(&self.shared));
        }
        Ok(())
    }
}

/// Whether the fake can be connected to.
#[derive(Debug)]
enum Door {
    /// The accept loop runs until `stop` is dropped, which is also what dropping the whole fake does.
    Open {
        stop: oneshot::Sender<()>,
        accepting: JoinHandle<()>,
    },
    /// The port is bound but not listened on, so that it stays ours while connecting is refused.
    Closed(Option<TcpSocket>),
}

impl Door {
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
    // Else the connections that were dropped would hold the port for a minute.
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
                // An error is a connection that went away before it was accepted.
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
    // Answers are small; waiting to fill a packet would make every fake slow.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let shared = Arc::clone(&shared);
        async move { shared.respond(request).await }
    });
    let mut connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    if (&mut connection).await.is_err() {
        // Without lingering, closing is a reset: the client cannot take it for the end of an answer.
        let _ = connection.into_parts().io.into_inner().set_zero_linger();
    }
}

/// The connection is to be dropped with no answer.
#[derive(Debug)]
struct Dropped;

impl std::fmt::Display for Dropped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("dropped with no answer")
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

    /// Never answers; ends when the client goes away.
    async fn hang(&self) -> Result<FakeResponse, Dropped> {
        self.state().hanging += 1;
        let _hanging = Hanging(self);
        std::future::pending().await
    }

    async fn respond(&self, request: Request<Incoming>) -> Result<FakeResponse, Dropped> {
        let (head, body) = request.into_parts();
        let control = head.uri.path().strip_prefix("/_control/").map(str::to_owned);
        let behaviour = if control.is_none() {
            self.state().arrive()
        } else {
            Behaviour::default()
        };
        if behaviour.mode == Mode::Down {
            return Err(Dropped);
        }
        let body = body.collect().await.map_err(|_| Dropped)?.to_bytes();
        if let Some(order) = control {
            return Ok(self.state().control(&head.method, &order, &body));
        }
        match behaviour.mode {
            Mode::Hang => return self.hang().await,
            Mode::RateLimited => return Ok(T::too_many(behaviour.retry_after)),
            Mode::Maintenance => return Ok(T::maintenance()),
            _ => {}
        }
        let answer = self.state().handle(&Request::from_parts(head, body));
        match behaviour.mode {
            Mode::Slow => clock::pause(Duration::from_millis(behaviour.delay_ms)).await,
            Mode::FailAfterStore => return Ok(T::crash()),
            Mode::ResetAfterStore => return Err(Dropped),
            Mode::HangAfterStore => return self.hang().await,
            _ => {}
        }
        Ok(answer)
    }
}

/// A request that is never answered, for as long as its client waits.
struct Hanging<'a, T: FakeService>(&'a Shared<T>);

impl<T: FakeService> Drop for Hanging<'_, T> {
    fn drop(&mut self) {
        self.0.state().hanging -= 1;
    }
}

impl<T: FakeService> State<T> {
    fn arrive(&mut self) -> Behaviour {
        self.counts.requests += 1;
        self.behaviour.take(self.counts.requests)
    }

    fn handle(&mut self, request: &Request<Bytes>) -> FakeResponse {
        match self.service.handle(request) {
            RequestOutcome::Stored(answer) => {
                self.counts.writes += 1;
                answer
            }
            RequestOutcome::Read(answer) => answer,
            RequestOutcome::Refused(answer) => {
                self.counts.refused += 1;
                answer
            }
        }
    }

    fn reset(&mut self) {
        self.service.forget();
        self.behaviour = Behaviour::default();
        self.counts = RequestCounts::default();
    }

    fn control(&mut self, method: &Method, order: &str, body: &[u8]) -> FakeResponse {
        let (ledger, member) = T::RECORDS;
        let done = match (method, order) {
            (&Method::GET, path) if path == ledger => {
                let mut page = json!(self.counts);
                page[member] = json!(self.service.stored());
                return json_response(StatusCode::OK, &page);
            }
            (&Method::POST, "reset") => {
                self.reset();
                Ok(())
            }
            (&Method::POST, "behave") => serde_json::from_slice(body).map(|order| self.behaviour = order),
            (&Method::POST, "leads") => {
                one_or_many(body).map(|leads| leads.into_iter().for_each(|lead| self.service.seed(lead)))
            }
            _ => {
                let known = format!("control takes POST reset, behave and leads, and GET {ledger}");
                return json_response(StatusCode::NOT_FOUND, &json!({ "error": known }));
            }
        };
        match done {
            Ok(()) => response(StatusCode::NO_CONTENT, None, Bytes::new()),
            Err(wrong) => json_response(StatusCode::BAD_REQUEST, &json!({ "error": wrong.to_string() })),
        }
    }
}

fn one_or_many<L: DeserializeOwned>(body: &[u8]) -> serde_json::Result<Vec<L>> {
    match serde_json::from_slice(body)? {
        many @ Value::Array(_) => serde_json::from_value(many),
        one => Ok(vec![serde_json::from_value(one)?]),
    }
}
