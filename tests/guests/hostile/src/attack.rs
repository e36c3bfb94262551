//! One function for each attack.

use std::hint::black_box;
use std::io::Write as _;
use std::sync::atomic::{AtomicU32, Ordering};

use jackfield_sdk::bindings::adapter::jackfield::crm::http;
use jackfield_sdk::{Failure, Host, Level};

/// The result of an attack that did not end the invocation.
pub struct Report {
    /// The lead that the result claims to be about.
    pub lead_id: String,
    /// The status text of a query.
    pub status: String,
    /// The reference of a write's receipt.
    pub reference: String,
}

/// Runs the attack that the lead's id names. Any other id is `not-found`.
pub fn run(host: &Host, lead_id: &str) -> Result<Report, Failure> {
    let text = match lead_id {
        "ok" => "ok".into(),
        "loop" => spin(),
        "grow" => grow(),
        "panic" => panic!("hostile panic message"),
        "recurse" => recurse(0).to_string(),
        "frames" => frames(0).to_string(),
        "hang" => hang(host)?,
        "fill" => fill(host)?,
        "count" => count(),
        "egress" => egress(host),
        "request" => request(host),
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

/// Computes forever.
fn spin() -> ! {
    let mut turns = 0_u64;
    loop {
        turns = black_box(turns.wrapping_add(1));
    }
}

/// Allocates and writes memory forever, a mebibyte at a time.
fn grow() -> ! {
    let mut taken = Vec::new();
    loop {
        taken.push(black_box(vec![1_u8; 1 << 20]));
    }
}

/// Overflows the engine's stack. The rotation after the recursive call prevents tail-call elimination.
fn recurse(depth: u64) -> u64 {
    match depth {
        u64::MAX => 0,
        _ => recurse(depth + 1).rotate_left(1) ^ depth,
    }
}

/// Overflows the shadow stack in the guest's linear memory, which grows down to address zero.
fn frames(depth: u64) -> u64 {
    let frame = black_box([depth; 64]);
    match depth {
        u64::MAX => 0,
        _ => frames(depth + 1) + black_box(frame)[0],
    }
}

/// Waits for a server that never responds.
fn hang(host: &Host) -> Result<String, Failure> {
    let base_url: String = host.required("base_url")?;
    let answer = host.get(format!("{base_url}/hang")).send()?;
    Ok(format!("answered {}", answer.status()))
}

/// Touches 50 MiB of memory, and holds it while it waits for a server.
fn fill(host: &Host) -> Result<String, Failure> {
    let held = black_box(vec![1_u8; 50 << 20]);
    let answer = hang(host);
    drop(black_box(held));
    answer
}

/// Counts this instance's invocations: more than 1 reveals a reused instance.
fn count() -> String {
    static INVOCATIONS: AtomicU32 = AtomicU32::new(0);
    (INVOCATIONS.fetch_add(1, Ordering::Relaxed) + 1).to_string()
}

/// Sends a request to the URL in setting `target` and returns the host's result.
fn egress(host: &Host) -> String {
    let target = host.setting("target").unwrap_or_default();
    outcome(&target)
}

/// Sends the request that the setting `target` spells, and returns the host's result with the answer's body: method and
/// URL in the first line, then headers, an empty line and the body.
fn request(host: &Host) -> String {
    let target = host.setting("target").unwrap_or_default();
    let (head, body) = target.split_once("\n\n").unwrap_or((&target, ""));
    let (first, headers) = head.split_once('\n').unwrap_or((head, ""));
    let (method, url) = first.split_once(' ').unwrap_or(("GET", first));
    let headers = headers.lines().filter_map(|line| line.split_once(':'));
    let request = http::Request {
        method: method.into(),
        url: url.into(),
        headers: headers
            .map(|(name, value)| http::Header {
                name: name.into(),
                value: value.strip_prefix(' ').unwrap_or(value).into(),
            })
            .collect(),
        body: body.into(),
    };
    let answer = match http::send(&request) {
        Ok(answer) => {
            let headers = answer.headers.iter().filter(|header| header.name != "content-length");
            let headers: Vec<_> = headers
                .map(|header| format!(" {}={}", header.name, header.value))
                .collect();
            let body = String::from_utf8_lossy(&answer.body);
            format!("answered {}{}: {body}", answer.status, headers.concat())
        }
        Err(error) => refusal(error),
    };
    answer.chars().take(250).collect()
}

/// Writes to standard output and standard error.
fn print() -> String {
    let out = writeln!(std::io::stdout(), "hostile line on stdout");
    let err = writeln!(std::io::stderr(), "hostile line on stderr");
    format!("stdout {}, stderr {}", out.is_ok(), err.is_ok())
}

/// A result about another lead, with an empty status and a reference over 256 bytes: the host must refuse each.
fn bad_output() -> Report {
    Report {
        lead_id: "another-lead".into(),
        status: String::new(),
        reference: "x".repeat(257),
    }
}

/// Sends a hundred requests and returns their results, with equal ones counted together.
fn storm(host: &Host) -> String {
    let base_url = host.setting("base_url").unwrap_or_default();
    tally((0..100).map(|turn| outcome(&format!("{base_url}/storm/{turn}"))))
}

/// Writes ten thousand log lines, each far over the allowed length.
fn log_storm(host: &Host) -> String {
    let long = "hostile ".repeat(2_048);
    for turn in 0..10_000 {
        host.log(Level::Error, &long, &[("turn", &turn.to_string())]);
    }
    "10000 lines".into()
}

/// Looks for anything the host must not expose, and returns what it found: `nothing` is correct.
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

/// The host's result of one request, without the SDK, which would turn errors into failures.
fn outcome(url: &str) -> String {
    let request = http::Request {
        method: "GET".into(),
        url: url.into(),
        headers: Vec::new(),
        body: Vec::new(),
    };
    match http::send(&request) {
        Ok(answer) => format!("answered {}", answer.status),
        Err(error) => refusal(error),
    }
}

/// The host's words for a request without an answer.
fn refusal(error: http::Error) -> String {
    match error {
        http::Error::Denied(why) => format!("denied: {why}"),
        http::Error::Unreachable(why) => format!("unreachable: {why}"),
        http::Error::NoAnswer(why) => format!("no-answer: {why}"),
        http::Error::TooLarge(why) => format!("too-large: {why}"),
    }
}

/// Counts equal consecutive results: `answered 200 ×16, denied: … ×84`.
fn tally(results: impl Iterator<Item = String>) -> String {
    let mut counted: Vec<(String, u32)> = Vec::new();
    for result in results {
        match counted.last_mut() {
            Some((last, count)) if *last == result => *count += 1,
            _ => counted.push((result, 1)),
        }
    }
    let lines: Vec<String> = counted
        .into_iter()
        .map(|(result, count)| format!("{result} ×{count}"))
        .collect();
    lines.join(", ")
}
