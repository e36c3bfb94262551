//! A guest that counts the calls of its instance, remembers what it was told, and fails on command.
//!
//! Every export counts and answers the count. The lead's id says what else to do: a word, and perhaps `-` and more.

use std::io::Write as _;
use std::sync::Mutex;

use jackfield_sdk::{
    Adapter, Description, Disposition, Failure, Host, Inbound, Lead, LeadStatus, Lookup, ParseLeads, Receipt,
    SettingKind, about,
};

struct Counter;

jackfield_sdk::export!(Counter with lookup, parse_leads);

/// What is there for the next call, if this instance serves one.
struct Kept {
    calls: u32,
    note: String,
    memory: Vec<Vec<u8>>,
}

static KEPT: Mutex<Kept> = Mutex::new(Kept {
    calls: 0,
    note: String::new(),
    memory: Vec::new(),
});

/// Counts a call, does what the lead's id says and answers the count, unless something else was asked for.
fn count(host: &Host, order: &str) -> Result<String, Failure> {
    let mut kept = KEPT.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    kept.calls += 1;
    let calls = kept.calls.to_string();
    let (word, more) = order.split_once('-').unwrap_or((order, ""));
    match word {
        // The id of a lead, remembered.
        "note" => more.clone_into(&mut kept.note),
        "recall" => return Ok(format!("{calls} {}", kept.note)),
        // So many MiB, for ever.
        "keep" => {
            let size = more.parse::<usize>().unwrap_or(0) << 20;
            kept.memory.push(std::hint::black_box(vec![1; size]));
        }
        // More than there is, and it gets over it.
        "beg" => {
            let refused = Vec::<u8>::new().try_reserve_exact(1 << 30).is_err();
            return Ok(format!("{calls} {refused}"));
        }
        "compute" => {
            let turns: u64 = more.parse().unwrap_or(0);
            let mut sum = 0_u64;
            for turn in 0..turns * 1_000_000 {
                sum = std::hint::black_box(sum.wrapping_add(turn));
            }
        }
        "print" => drop(writeln!(std::io::stderr(), "printed {more}")),
        "hang" => {
            let base_url: String = host.required("base_url")?;
            let answer = host.get(format!("{base_url}/hang")).send()?;
            return Ok(format!("{calls} answered {}", answer.status()));
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
    Ok(calls)
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
        about!().optional("base_url", SettingKind::Url, "A server that `hang` calls")
    }

    fn query_status(host: &Host, lead_id: &str) -> Result<LeadStatus, Failure> {
        let status = count(host, lead_id)?;
        // An answer that is not allowed.
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
        count(host, lead_id).map(|calls| Some(Receipt::new(calls)))
    }
}

impl ParseLeads for Counter {
    fn parse_leads(host: &Host, _: &Inbound) -> Result<Vec<Lead>, Failure> {
        let id = count(host, "")?;
        Ok(vec![Lead { id, ..Lead::default() }])
    }
}
