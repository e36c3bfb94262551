//! Lines of the log on their way to standard error: several together, and soon.
//!
//! A request's line is not worth a system call of its own, which wakes whoever reads the log and takes as long as
//! parsing the request. So lines wait for each other, for a few milliseconds. A warning or an error takes all that wait
//! with it at once: what tells why a host died is not in its memory when it dies.

use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use jackfield_clock::lock;
use tracing::{Level, Metadata};
use tracing_subscriber::fmt::MakeWriter;

/// How long a line waits at most: shorter than anybody who reads along can tell.
const PATIENCE: Duration = Duration::from_millis(5);
/// Bytes that wait at most. Whoever fills them writes them, so that a log that nobody reads holds up the host, as it
/// always has, and does not fill its memory.
const ROOM: usize = 64 << 10;

/// Where lines are written to.
pub struct Lines<W>(Arc<Shared<W>>);

/// Keeps the lines moving. From when it is dropped on, each is written at once.
#[derive(Debug)]
pub struct Written<W> {
    shared: Arc<Shared<W>>,
    thread: Option<JoinHandle<()>>,
}

/// One line, or one event's lines.
pub struct Line<'a, W> {
    shared: &'a Shared<W>,
    at_once: bool,
}

#[derive(Debug)]
struct Shared<W> {
    waiting: Mutex<Waiting<W>>,
    /// There is a first line, or no further one will wait.
    came: Condvar,
}

#[derive(Debug)]
struct Waiting<W> {
    bytes: Vec<u8>,
    ended: bool,
    out: W,
}

impl<W: Write + Send + 'static> Lines<W> {
    /// Lines to `out`.
    ///
    /// # Errors
    /// The thread cannot be started.
    pub fn to(out: W) -> io::Result<(Self, Written<W>)> {
        let shared = Arc::new(Shared {
            waiting: Mutex::new(Waiting {
                bytes: Vec::with_capacity(ROOM),
                ended: false,
                out,
            }),
            came: Condvar::new(),
        });
        let written = Written {
            thread: Some(std::thread::Builder::new().name("log".into()).spawn({
                let shared = Arc::clone(&shared);
                move || shared.write_until_end()
            })?),
            shared: Arc::clone(&shared),
        };
        Ok((Self(shared), written))
    }
}

impl<W> Shared<W> {
    fn lock(&self) -> MutexGuard<'_, Waiting<W>> {
        lock(&self.waiting)
    }
}

impl<W: Write> Shared<W> {
    fn write_until_end(&self) {
        let mut waiting = self.lock();
        while !waiting.ended {
            let none = |waiting: &mut Waiting<W>| waiting.bytes.is_empty() && !waiting.ended;
            waiting = self
                .came
                .wait_while(waiting, none)
                .unwrap_or_else(PoisonError::into_inner);
            let company = self
                .came
                .wait_timeout_while(waiting, PATIENCE, |waiting| !waiting.ended);
            (waiting, _) = company.unwrap_or_else(PoisonError::into_inner);
            // There is nobody to tell that the log cannot be written.
            let _ = waiting.write();
        }
    }
}

impl<W: Write> Waiting<W> {
    fn write(&mut self) -> io::Result<()> {
        let done = self.out.write_all(&self.bytes).and_then(|()| self.out.flush());
        self.bytes.clear();
        done
    }
}

impl<W> Drop for Written<W> {
    fn drop(&mut self) {
        self.shared.lock().ended = true;
        self.shared.came.notify_all();
        if let Some(thread) = self.thread.take() {
            // It cannot panic, and there is nobody left to tell.
            let _ = thread.join();
        }
    }
}

impl<W: Write> Write for Line<'_, W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut waiting = self.shared.lock();
        let first = waiting.bytes.is_empty();
        waiting.bytes.extend_from_slice(line);
        if self.at_once || waiting.ended || waiting.bytes.len() >= ROOM {
            waiting.write()?;
        } else if first {
            self.shared.came.notify_all();
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a, W: Write + 'a> MakeWriter<'a> for Lines<W> {
    type Writer = Line<'a, W>;

    /// For what has no level: at once.
    fn make_writer(&'a self) -> Line<'a, W> {
        Line {
            shared: &self.0,
            at_once: true,
        }
    }

    fn make_writer_for(&'a self, event: &Metadata<'_>) -> Line<'a, W> {
        Line {
            shared: &self.0,
            at_once: *event.level() <= Level::WARN,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    /// Tells of each write.
    #[derive(Debug)]
    struct Told(Sender<String>);

    impl Write for Told {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let text = String::from_utf8(bytes.to_vec()).map_err(io::Error::other)?;
            self.0.send(text).map_err(io::Error::other)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn log(work: impl FnOnce(Written<Told>)) -> Receiver<String> {
        let (told, writes) = channel();
        let (lines, written) = Lines::to(Told(told)).unwrap();
        let layer = tracing_subscriber::fmt::layer()
            .with_writer(lines)
            .without_time()
            .with_target(false)
            .with_ansi(false);
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || work(written));
        writes
    }

    #[test]
    fn a_line_is_written_without_another_that_follows() {
        let mut held = None;
        let writes = log(|written| {
            tracing::info!("alone");
            held = Some(written);
        });
        assert_eq!(writes.recv().unwrap(), " INFO alone\n");
    }

    #[test]
    fn a_warning_takes_what_waits_with_it() {
        let writes = log(|written| {
            let _keep = written;
            tracing::info!("before");
            tracing::warn!("now");
            tracing::error!("and now");
        });
        let writes: Vec<_> = writes.iter().collect();
        let last = writes.last().unwrap();
        assert_eq!(last, "ERROR and now\n");
        assert!(writes[writes.len() - 2].ends_with(" WARN now\n"), "{writes:?}");
        assert_eq!(writes.concat(), " INFO before\n WARN now\nERROR and now\n");
    }

    #[test]
    fn nothing_is_lost_at_the_end_and_nothing_waits_after_it() {
        let writes = log(|written| {
            for number in 0..10_000 {
                tracing::info!(number);
            }
            drop(written);
            tracing::info!("after");
        });
        let writes: Vec<_> = writes.iter().collect();
        let lines = (0..10_000).map(|number| format!(" INFO number={number}\n"));
        let expected = lines.collect::<Vec<_>>().concat() + " INFO after\n";
        assert!(writes.concat() == expected, "all lines, in their order");
        assert_eq!(writes.last().unwrap(), " INFO after\n");
        assert!(writes.len() < 5_000, "{} writes are as many as lines", writes.len());
        assert!(writes.iter().all(|write| write.len() < ROOM + 100));
    }
}
