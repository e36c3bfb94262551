//! A guest that counts its instance's invocations, keeps state, and fails on command.
//!
//! Every export increments the count and returns it. The lead's id is a command: a word, optionally with `-` and an
//! argument. It also converts dates and numbers through the SDK.

mod conversions;

use std::io::Write as _;
use std::sync::Mutex;

use jackfield_sdk::{
    Adapter, Description, Disposition, Failure, Host, Inbound, Lead, LeadStatus, Lookup, ParseLeads, Receipt,
    Rejection, SettingKind, about,
};

struct Counter;

jackfield_sdk::export!(Counter with lookup, parse_leads);

/// State that a reused instance keeps between invocations.
struct InstanceState {
    invocations: u32,
    note: String,
    memory: Vec<Vec<u8>>,
}

static STATE: Mutex<InstanceState> = Mutex::new(InstanceState {
    invocations: 0,
    note: String::new(),
    memory: Vec::new(),
});

/// Counts an invocation, runs the command, and returns the count unless the command returns something else.
fn count(host: &Host, command: &str) -> Result<String, Failure> {
    let mut state = STATE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    state.invocations += 1;
    let count = state.invocations.to_string();
    let (word, argument) = command.split_once('-').unwrap_or((command, ""));
    match word {
        // Stores a lead's id.
        "note" => argument.clone_into(&mut state.note),
        "recall" => return Ok(format!("{count} {}", state.note)),
        // Allocates that many MiB and never frees them.
        "keep" => {
            let size = argument.parse::<usize>().unwrap_or(0) << 20;
            state.memory.push(std::hint::black_box(vec![1; size]));
        }
        // Asks for more memory than the limit, and continues.
        "beg" => {
            let refused = Vec::<u8>::new().try_reserve_exact(1 << 30).is_err();
            return Ok(format!("{count} {refused}"));
        }
        "compute" => {
            let turns: u64 = argument.parse().unwrap_or(0);
            let mut sum = 0_u64;
            for turn in 0..turns * 1_000_000 {
                sum = std::hint::black_box(sum.wrapping_add(turn));
            }
        }
        "print" => drop(writeln!(std::io::stderr(), "printed {argument}")),
        "hang" => {
            let base_url: String = host.required("base_url")?;
            let answer = host.get(format!("{base_url}/hang")).send()?;
            return Ok(format!("{count} answered {}", answer.status()));
        }
        "refuse" => return Err(Failure::NotFound),
        "panic" => panic!("asked to"),
        "exit" => std::process::exit(3),
        "loop" => loop {
            std::hint::black_box(());
        },
        "recurse" => return Ok(recurse(0).to_string()),
        _ => {}
    }
    Ok(count)
}

/// Overflows the stack.
fn recurse(depth: u64) -> u64 {
    match depth {
        u64::MAX => 0,
        _ => recurse(depth + 1).rotate_left(1) ^ depth,
    }
}

impl Adapter for Counter {
    fn describe() -> Description {
        about!().optional(
            "base_url",
            SettingKind::Url,
            "The server that `hang` sends a request to",
        )
    }

    fn query_status(host: &Host, lead_id: &str) -> Result<LeadStatus, Failure> {
        let status = match conversions::converted(host, lead_id)? {
            Some(answer) => answer,
            None => count(host, lead_id)?,
        };
        // A result about another lead is invalid.
        let lead_id = if lead_id == "badout" { "another" } else { lead_id };
        Ok(LeadStatus {
            lead_id: lead_id.into(),
            callable: true,
            status,
            ..LeadStatus::default()
        })
    }

    fn write_disposition(host: &Host, disposition: &Disposition, _: &str) -> Result<Receipt, Failure> {
        count(host, &disposition.lead_id).map(Receipt::new)
    }
}

impl Lookup for Counter {
    fn find(host: &Host, lead_id: &str, _: &str) -> Result<Option<Receipt>, Failure> {
        count(host, lead_id).map(|count| Some(Receipt::new(count)))
    }
}

impl ParseLeads for Counter {
    fn parse_leads(host: &Host, _: &Inbound) -> Result<Vec<Result<Lead, Rejection>>, Failure> {
        let id = count(host, "")?;
        Ok(vec![Ok(Lead { id, ..Lead::default() })])
    }
}
