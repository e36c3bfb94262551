//! A guest that passes on everything its CRMs return, then searches its whole memory for secrets.
//!
//! The search terms are masked, so that it does not find its own list. The first is a control that is in its memory on
//! purpose: a search that does not find the control is broken.

use std::fmt::Write as _;
use std::hint::black_box;

use jackfield_sdk::{
    Adapter, CredentialKind, Description, Disposition, Failure, Host, LeadStatus, Level, Receipt, Rejection,
    SettingKind, about,
};

struct MemoryScanner;

jackfield_sdk::export!(MemoryScanner);

/// The CRMs, each with a different kind of credential.
const CRMS: [&str; 3] = ["bearer", "basic", "header"];
/// The mask of every byte of `needles`; the test uses the same.
const MASK: u8 = 0x5a;

impl Adapter for MemoryScanner {
    fn describe() -> Description {
        let with = |description: Description, (name, kind)| {
            description
                .origin(&format!("{name}_url"), "A CRM that echoes requests")
                .credential(name, kind, "A secret that the guest must not see")
        };
        let kinds = [CredentialKind::Bearer, CredentialKind::Basic, CredentialKind::Header];
        CRMS.into_iter()
            .zip(kinds)
            .fold(about!(), with)
            .credential(
                "signing",
                CredentialKind::Hmac,
                "A signing key that the guest must not see",
            )
            .required("control", SettingKind::Text, "A text that is in memory")
            .required(
                "needles",
                SettingKind::Text,
                "The search terms: masked, in hexadecimal, separated by commas, the control first",
            )
            .idempotent_writes()
    }

    fn query_status(host: &Host, lead_id: &str) -> Result<LeadStatus, Failure> {
        let responses = exchange(host, "GET", lead_id)?;
        let found = search(host)?;
        black_box(&responses);
        Ok(LeadStatus {
            lead_id: lead_id.into(),
            callable: true,
            status: found,
            ..LeadStatus::default()
        })
    }

    fn write_disposition(host: &Host, disposition: &Disposition, _: &str) -> Result<Receipt, Failure> {
        let responses = exchange(host, "POST", &disposition.lead_id)?;
        host.log(Level::Info, &search(host)?, &[]);
        let (status, text) = &responses[0];
        match status {
            200 => Ok(Receipt::new(text.chars().take(200).collect::<String>())),
            422 => Err(Rejection::new("refused", text).field("echo", text).into()),
            _ => Err(Failure::Unavailable(None)),
        }
    }
}

/// Each CRM's response: its status, and its echo header and body as one text.
fn exchange(host: &Host, method: &str, lead: &str) -> Result<Vec<(u16, String)>, Failure> {
    let mut responses = vec![];
    for crm in CRMS {
        let base: String = host.required(&format!("{crm}_url"))?;
        let answer = host.request(method, format!("{base}/{lead}")).send()?;
        let echo = answer.header("x-echo").unwrap_or("no echo").to_owned();
        let text = format!("{echo} {}", String::from_utf8_lossy(answer.bytes()));
        host.log(Level::Warn, &text, &[("crm", crm), ("echo", &echo)]);
        responses.push((answer.status(), text));
    }
    black_box(host.hmac_sha256("signing", lead)?);
    Ok(responses)
}

/// How often the needles occur in memory, such as `control 1, secrets 0`.
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
    // Writing to a string does not fail.
    let _ = write!(text, "control {}, secrets {secrets}", found[0].min(1));
    Ok(text)
}

fn unhex(text: &str) -> Vec<u8> {
    let byte = |at| u8::from_str_radix(&text[at..at + 2], 16).unwrap_or_default();
    (0..text.len() / 2).map(|n| byte(2 * n)).collect()
}

/// The linear memory without the first kibibyte, which is unused.
#[cfg(target_arch = "wasm32")]
#[expect(unsafe_code, reason = "the guest must read memory that safe code cannot reach")]
fn memory() -> &'static [u8] {
    const PAGE: usize = 1 << 16;
    const FIRST: usize = 1 << 10;
    let end = core::arch::wasm32::memory_size::<0>() * PAGE;
    // SAFETY: every address below the size of the linear memory is readable, and the only thread does not write while
    // it reads.
    unsafe { core::slice::from_raw_parts(FIRST as *const u8, end - FIRST) }
}

/// There is no linear memory outside a sandbox.
#[cfg(not(target_arch = "wasm32"))]
fn memory() -> &'static [u8] {
    &[]
}
