//! One function for each kind of harm.

use std::hint::black_box;
use std::io::Write as _;
use std::sync::atomic::{AtomicU32, Ordering};

use jackfield_sdk::bindings::adapter::jackfield::crm::http;
use jackfield_sdk::{Failure, Host, Level};

/// What came of it, if the guest lived to tell.
pub struct Report {
    /// The lead that the answer claims to be about.
    pub lead_id: String,
    /// What is told by a query.
    pub status: String,
    /// What is told by a write.
    pub reference: String,
}

/// Does what the lead's id asks for. `not-found` for an id that asks for nothing known.
pub fn done(host: &Host, lead_id: &str) -> Result<Report, Failure> {
    let text = match lead_id {
        "ok" => "ok".into(),
        "loop" => spin(),
        "grow" => grow(),
        "panic" => panic!("hostile panic message"),
        "recurse" => recurse(0).to_string(),
        "frames" => frames(0).to_string(),
        "hang" => hang(host)?,
        "count" => count(),
        "egress" => egress(host),
        "stdout" => print(),
        "badout" => return Ok(bad_output()),
        "storm" => storm(host),
        "logstorm" => log_storm(host),
        "secret" => secrets(host),
        _ => return Err(Failure::NotFound),
    };
    Ok(Report {
        lead_id: lead_id.into(),
        status: text.clone(),
        reference: text,
    })
}

/// Burns the processor for ever.
fn spin() -> ! {
    let mut turns = 0_u64;
    loop {
        turns = black_box(turns.wrapping_add(1));
    }
}

/// Takes and touches memory for ever, a mebibyte at a time.
fn grow() -> ! {
    let mut taken = Vec::new();
    loop {
        taken.push(black_box(vec![1_u8; 1 << 20]));
    }
}

/// Overflows the engine's own stack. The rotation after the call keeps the compiler from making it a loop.
fn recurse(depth: u64) -> u64 {
    match depth {
        u64::MAX => 0,
        _ => recurse(depth + 1).rotate_left(1) ^ depth,
    }
}

/// Overflows the stack that the guest keeps in its linear memory, which ends below address zero.
fn frames(depth: u64) -> u64 {
    let frame = black_box([depth; 64]);
    match depth {
        u64::MAX => 0,
        _ => frames(depth + 1) + black_box(frame)[0],
    }
}

/// Waits for a server that never answers.
fn hang(host: &Host) -> Result<String, Failure> {
    let base_url: String = host.required("base_url")?;
    let answer = host.get(format!("{base_url}/hang")).send()?;
    Ok(format!("answered {}", answer.status()))
}

/// Counts this instance's calls: anything but 1 shows an instance that was used before.
fn count() -> String {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    (CALLS.fetch_add(1, Ordering::Relaxed) + 1).to_string()
}

/// Calls the URL in setting `target` and tells what the host said.
fn egress(host: &Host) -> String {
    let target = host.setting("target").unwrap_or_default();
    outcome(&target)
}

/// Writes to standard output and standard error.
fn print() -> String {
    let out = writeln!(std::io::stdout(), "hostile line on stdout");
    let err = writeln!(std::io::stderr(), "hostile line on stderr");
    format!("stdout {}, stderr {}", out.is_ok(), err.is_ok())
}

/// Answers about another lead, with an empty status and a reference beyond 256 bytes: all must be refused.
fn bad_output() -> Report {
    Report {
        lead_id: "another-lead".into(),
        status: String::new(),
        reference: "x".repeat(257),
    }
}

/// Sends a hundred requests and tells how each ended, same ends counted together.
fn storm(host: &Host) -> String {
    let base_url = host.setting("base_url").unwrap_or_default();
    tally((0..100).map(|turn| outcome(&format!("{base_url}/storm/{turn}"))))
}

/// Writes ten thousand log lines, each far beyond the allowed length.
fn log_storm(host: &Host) -> String {
    let long = "hostile ".repeat(2_048);
    for turn in 0..10_000 {
        host.log(Level::Error, &long, &[("turn", &turn.to_string())]);
    }
    "10000 lines".into()
}

/// Looks for anything that this call was not given, and tells all that it found: `nothing` is right.
fn secrets(host: &Host) -> String {
    const FILES: [&str; 6] = [
        "/etc/passwd",
        "/etc/hostname",
        "/proc/self/environ",
        "/proc/self/cmdline",
        ".",
        "/",
    ];
    const SETTINGS: [&str; 7] = ["", "crm", "secret", "token", "credentials", "credentials.crm", "../crm"];
    let variables = std::env::vars().map(|(name, _)| format!("variable {name}"));
    let arguments = std::env::args().map(|argument| format!("argument {argument}"));
    let files = FILES
        .into_iter()
        .filter(|path| std::fs::metadata(path).is_ok() || std::fs::read(path).is_ok());
    let settings = SETTINGS.into_iter().filter(|name| host.setting(name).is_some());
    let signing = ["", "crm", "../crm"]
        .into_iter()
        .filter(|name| host.hmac_sha256(name, "probe").is_ok());
    let socket = std::net::TcpStream::connect("127.0.0.1:80")
        .ok()
        .map(|_| "socket".to_owned());
    let found: Vec<String> = variables
        .chain(arguments)
        .chain(files.map(|path| format!("file {path}")))
        .chain(settings.map(|name| format!("setting {name}")))
        .chain(signing.map(|name| format!("key {name}")))
        .chain(socket)
        .collect();
    if found.is_empty() {
        "nothing".into()
    } else {
        found.join(", ")
    }
}

/// How one request ended, in the host's own words: past the SDK, which would make a failure of them.
fn outcome(url: &str) -> String {
    let request = http::Request {
        method: "GET".into(),
        url: url.into(),
        headers: Vec::new(),
        body: Vec::new(),
    };
    match http::send(&request) {
        Ok(answer) => format!("answered {}", answer.status),
        Err(http::Error::Denied(why)) => format!("denied: {why}"),
        Err(http::Error::Unreachable(why)) => format!("unreachable: {why}"),
        Err(http::Error::NoAnswer(why)) => format!("no-answer: {why}"),
        Err(http::Error::TooLarge(why)) => format!("too-large: {why}"),
    }
}

/// The same ends in a row counted together: `answered 200 ×16, denied: … ×84`.
fn tally(ends: impl Iterator<Item = String>) -> String {
    let mut counted: Vec<(String, u32)> = Vec::new();
    for end in ends {
        match counted.last_mut() {
            Some((last, count)) if *last == end => *count += 1,
            _ => counted.push((end, 1)),
        }
    }
    let lines: Vec<String> = counted
        .into_iter()
        .map(|(end, count)| format!("{end} ×{count}"))
        .collect();
    lines.join(", ")
}
