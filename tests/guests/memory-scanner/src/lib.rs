//! A guest that passes on all that its CRMs tell it, and then searches the whole of its memory for secrets.
//!
//! What it searches for comes masked, so that it does not find its own list. One of the things is a control that lies
//! in its memory on purpose: a search that does not find it is no search.

use std::fmt::Write as _;
use std::hint::black_box;

use jackfield_sdk::{
    Adapter, CredentialKind, Description, Disposition, Failure, Host, LeadStatus, Level, Receipt, Rejection,
    SettingKind, about,
};

struct MemoryScanner;

jackfield_sdk::export!(MemoryScanner);

/// The CRMs, each with a credential of another kind.
const CRMS: [&str; 3] = ["bearer", "basic", "header"];
/// What every byte of `needles` is masked with, as the test that gives them does.
const MASK: u8 = 0x5a;

impl Adapter for MemoryScanner {
    fn describe() -> Description {
        let with = |description: Description, (name, kind)| {
            description
                .origin(&format!("{name}_url"), "A CRM that answers with what it was sent")
                .credential(name, kind, "What it must not see")
        };
        let kinds = [CredentialKind::Bearer, CredentialKind::Basic, CredentialKind::Header];
        CRMS.into_iter()
            .zip(kinds)
            .fold(about!(), with)
            .credential("signing", CredentialKind::Hmac, "What it signs with and must not see")
            .required("control", SettingKind::Text, "Something that is in memory")
            .required(
                "needles",
                SettingKind::Text,
                "Masked, in hexadecimal, the control first, with commas between",
            )
            .idempotent_writes()
    }

    fn query_status(host: &Host, lead_id: &str) -> Result<LeadStatus, Failure> {
        let told = exchange(host, "GET", lead_id)?;
        let found = search(host)?;
        black_box(&told);
        Ok(LeadStatus {
            lead_id: lead_id.into(),
            callable: true,
            status: found,
            ..LeadStatus::default()
        })
    }

    fn write_disposition(host: &Host, disposition: &Disposition, _: &str) -> Result<Receipt, Failure> {
        let told = exchange(host, "POST", &disposition.lead_id)?;
        host.log(Level::Info, &search(host)?, &[]);
        let (status, text) = &told[0];
        match status {
            200 => Ok(Receipt::new(text.chars().take(200).collect::<String>())),
            422 => Err(Rejection::new("refused", text).field("echo", text).into()),
            _ => Err(Failure::Unavailable),
        }
    }
}

/// What every CRM answers: status, headers that it made of the request's, and body.
fn exchange(host: &Host, method: &str, lead: &str) -> Result<Vec<(u16, String)>, Failure> {
    let mut told = vec![];
    for crm in CRMS {
        let base: String = host.required(&format!("{crm}_url"))?;
        let answer = host.request(method, format!("{base}/{lead}")).send()?;
        let echo = answer.header("x-echo").unwrap_or("no echo").to_owned();
        let text = format!("{echo} {}", String::from_utf8_lossy(answer.bytes()));
        host.log(Level::Warn, &text, &[("crm", crm), ("echo", &echo)]);
        told.push((answer.status(), text));
    }
    black_box(host.hmac_sha256("signing", lead)?);
    Ok(told)
}

/// How often each needle lies in memory, as `control 2, secrets 0`.
fn search(host: &Host) -> Result<String, Failure> {
    let control: String = host.required("control")?;
    let needles: String = host.required("needles")?;
    let needles: Vec<Vec<u8>> = needles.split(',').map(unhex).collect();
    let mut found = vec![0_u32; needles.len()];
    let memory = memory();
    for at in 0..memory.len() {
        for (needle, found) in needles.iter().zip(&mut found) {
            let here = &memory[at..];
            let is_here =
                here.len() >= needle.len() && needle.iter().zip(here).all(|(masked, byte)| masked ^ MASK == *byte);
            *found += u32::from(is_here);
        }
    }
    black_box(control);
    let mut text = String::new();
    let secrets: u32 = found[1..].iter().sum();
    // Writing to a text does not fail.
    let _ = write!(text, "control {}, secrets {secrets}", found[0].min(1));
    Ok(text)
}

fn unhex(text: &str) -> Vec<u8> {
    let byte = |at| u8::from_str_radix(&text[at..at + 2], 16).unwrap_or_default();
    (0..text.len() / 2).map(|n| byte(2 * n)).collect()
}

/// All of the linear memory but the first kibibyte, where nothing is put.
#[cfg(target_arch = "wasm32")]
#[expect(
    unsafe_code,
    reason = "no safe code sees memory that it was not given, which is what this guest is for"
)]
fn memory() -> &'static [u8] {
    const PAGE: usize = 1 << 16;
    const FIRST: usize = 1 << 10;
    let end = core::arch::wasm32::memory_size::<0>() * PAGE;
    // SAFETY: every address below the size of the linear memory can be read, there is one thread, and what is read here
    // is not written while it is.
    unsafe { core::slice::from_raw_parts(FIRST as *const u8, end - FIRST) }
}

/// There is no linear memory outside of a sandbox.
#[cfg(not(target_arch = "wasm32"))]
fn memory() -> &'static [u8] {
    &[]
}
