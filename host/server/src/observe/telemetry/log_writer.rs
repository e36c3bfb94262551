//! Writes the lines of the log to standard error, several together and within milliseconds.
//!
//! A request's line is not worth a system call of its own, which wakes the process that reads the log and takes as long
//! as parsing the request. So lines are buffered for a few milliseconds. A warning or an error is written at once,
//! together with all buffered lines: the lines that say why a host died must not be lost with its memory.

use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use jackfield_clock::lock;
use tracing::{Level, Metadata};
use tracing_subscriber::fmt::MakeWriter;

/// The longest time that a line is buffered: too short for a person who reads the log to notice.
const MAX_DELAY: Duration = Duration::from_millis(5);
/// Most bytes in the buffer. The thread that fills it writes it, so that a log that nobody reads blocks the host, as it
/// would without a buffer, and does not fill its memory.
const MAX_BUFFERED: usize = 64 << 10;

/// Makes the writers of the log's lines, for `tracing`.
pub struct LogWriter<W>(Arc<SharedBuffer<W>>);

/// Keeps the thread that writes buffered lines. Dropping it writes what is buffered; after that each line is written at
/// once.
#[derive(Debug)]
pub struct LogGuard<W> {
    shared: Arc<SharedBuffer<W>>,
    thread: Option<JoinHandle<()>>,
}

/// Writes one line, or the lines of one event.
pub struct LogLineWriter<'a, W> {
    shared: &'a SharedBuffer<W>,
    /// Whether the line is written without waiting for others.
    immediate: bool,
}

#[derive(Debug)]
struct SharedBuffer<W> {
    buffer: Mutex<LogBuffer<W>>,
    /// Notified when a first line is buffered, and when buffering ends.
    changed: Condvar,
}

#[derive(Debug)]
struct LogBuffer<W> {
    bytes: Vec<u8>,
    ended: bool,
    out: W,
}

impl<W: Write + Send + 'static> LogWriter<W> {
    /// A writer to `out`, and the guard of its buffer.
    ///
    /// # Errors
    /// The thread cannot be started.
    pub fn to(out: W) -> io::Result<(Self, LogGuard<W>)> {
        let shared = Arc::new(SharedBuffer {
            buffer: Mutex::new(LogBuffer {
                bytes: Vec::with_capacity(MAX_BUFFERED),
                ended: false,
                out,
            }),
            changed: Condvar::new(),
        });
        let guard = LogGuard {
            thread: Some(std::thread::Builder::new().name("log".into()).spawn({
                let shared = Arc::clone(&shared);
                move || shared.write_until_end()
            })?),
            shared: Arc::clone(&shared),
        };
        Ok((Self(shared), guard))
    }
}

impl<W> SharedBuffer<W> {
    fn lock(&self) -> MutexGuard<'_, LogBuffer<W>> {
        lock(&self.buffer)
    }
}

impl<W: Write> SharedBuffer<W> {
    fn write_until_end(&self) {
        let mut buffer = self.lock();
        while !buffer.ended {
            let is_idle = |buffer: &mut LogBuffer<W>| buffer.bytes.is_empty() && !buffer.ended;
            buffer = self
                .changed
                .wait_while(buffer, is_idle)
                .unwrap_or_else(PoisonError::into_inner);
            let more_lines = self
                .changed
                .wait_timeout_while(buffer, MAX_DELAY, |buffer| !buffer.ended);
            (buffer, _) = more_lines.unwrap_or_else(PoisonError::into_inner);
            // If the log cannot be written, there is nowhere to report it.
            let _ = buffer.write();
        }
    }
}

impl<W: Write> LogBuffer<W> {
    fn write(&mut self) -> io::Result<()> {
        let done = self.out.write_all(&self.bytes).and_then(|()| self.out.flush());
        self.bytes.clear();
        done
    }
}

impl<W> Drop for LogGuard<W> {
    fn drop(&mut self) {
        self.shared.lock().ended = true;
        self.shared.changed.notify_all();
        if let Some(thread) = self.thread.take() {
            // The thread cannot panic, and there is nowhere left to report it.
            let _ = thread.join();
        }
    }
}

impl<W: Write> Write for LogLineWriter<'_, W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut buffer = self.shared.lock();
        let first = buffer.bytes.is_empty();
        buffer.bytes.extend_from_slice(line);
        if self.immediate || buffer.ended || buffer.bytes.len() >= MAX_BUFFERED {
            buffer.write()?;
        } else if first {
            self.shared.changed.notify_all();
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a, W: Write + 'a> MakeWriter<'a> for LogWriter<W> {
    type Writer = LogLineWriter<'a, W>;

    /// A writer for what has no level, which is written at once.
    fn make_writer(&'a self) -> LogLineWriter<'a, W> {
        LogLineWriter {
            shared: &self.0,
            immediate: true,
        }
    }

    fn make_writer_for(&'a self, event: &Metadata<'_>) -> LogLineWriter<'a, W> {
        LogLineWriter {
            shared: &self.0,
            immediate: *event.level() <= Level::WARN,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    /// Sends the text of each write to the test.
    #[derive(Debug)]
    struct SentWrites(Sender<String>);

    impl Write for SentWrites {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let text = String::from_utf8(bytes.to_vec()).map_err(io::Error::other)?;
            self.0.send(text).map_err(io::Error::other)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn log(work: impl FnOnce(LogGuard<SentWrites>)) -> Receiver<String> {
        let (sender, writes) = channel();
        let (writer, guard) = LogWriter::to(SentWrites(sender)).unwrap();
        let layer = tracing_subscriber::fmt::layer()
            .with_writer(writer)
            .without_time()
            .with_target(false)
            .with_ansi(false);
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || work(guard));
        writes
    }

    #[test]
    fn line_is_written_without_a_next_one() {
        let mut held = None;
        let writes = log(|guard| {
            tracing::info!("alone");
            held = Some(guard);
        });
        assert_eq!(writes.recv().unwrap(), " INFO alone\n");
    }

    #[test]
    fn warning_flushes_buffered_lines() {
        let writes = log(|guard| {
            let _guard = guard;
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
    fn dropped_guard_flushes_and_ends_buffering() {
        let writes = log(|guard| {
            for number in 0..10_000 {
                tracing::info!(number);
            }
            drop(guard);
            tracing::info!("after");
        });
        let writes: Vec<_> = writes.iter().collect();
        let lines = (0..10_000).map(|number| format!(" INFO number={number}\n"));
        let expected = lines.collect::<Vec<_>>().concat() + " INFO after\n";
        assert!(writes.concat() == expected, "all lines, in their order");
        assert_eq!(writes.last().unwrap(), " INFO after\n");
        assert!(writes.len() < 5_000, "{} writes are as many as lines", writes.len());
        assert!(writes.iter().all(|write| write.len() < MAX_BUFFERED + 100));
    }
}
