//! Steps 1 to 3: start everything, push adapters, create tenants' releases.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::Context as _;
use serde_json::{Value, json};

use super::rejections::BROKEN_GUEST;
use super::swap;
use crate::demo::clock;
use crate::demo::context::{DemoContext, HOST, Output, WAIT_LIMIT};
use crate::demo::http::Request;
use crate::demo::tenants::{AGENT_SECRET, GROUNDWORK_KEY, KEYSTONE_TOKEN, SECRETS, Tenant};
use crate::{adapters, setup, workspace};

/// The adapters of the two tenants.
const ADAPTERS: [&str; 2] = ["keystone", "groundwork"];

/// Builds and starts everything.
pub fn start(demo: &mut DemoContext) -> anyhow::Result<()> {
    demo.terminal.paragraph(
        "First, everything is built from source. The first build takes minutes, mostly for the sandbox that adapters \
         run in; later builds take seconds.",
    );
    setup::run(&demo.workspace)?;
    workspace::header("the host and the fakes");
    let build = "build -p jackfield --bin jackfield -p jackfield-tests --bin fake";
    workspace::run("build", demo.workspace.cargo().args(build.split(' ')))?;

    demo.terminal.paragraph("Now each starts as a process of its own.");
    for (name, origin, options) in [
        ("keystone", &demo.origins.keystone, ["--token", KEYSTONE_TOKEN]),
        ("groundwork", &demo.origins.groundwork, ["--key", GROUNDWORK_KEY]),
        ("agent", &demo.origins.agent, ["--secret", AGENT_SECRET]),
    ] {
        let mut fake = demo.workspace.command(demo.binary("fake"));
        fake.args([name, "--listen", address(origin)]).args(options);
        launch(demo, name, &mut fake)?;
        wait_for_response(demo, name, &format!("{origin}/_control/"))?;
        demo.terminal.note(&format!("{name:<12} {origin}"));
    }
    for (crm, origin) in &demo.crms {
        let mut fake = demo.workspace.command(demo.binary("fake"));
        fake.args([crm.name, "--listen", address(origin)]).args(crm.fake);
        launch(demo, crm.name, &mut fake)?;
        wait_for_response(demo, crm.name, &format!("{origin}/_control/"))?;
        demo.terminal.note(&format!("{:<12} {origin}", crm.name));
        demo.control(origin, "leads", &crm.leads())?;
    }
    seed(demo)?;
    serve(demo)?;
    let ready = demo.send(&Request::get(format!("{}/readyz", demo.origins.admin)))?;
    demo.check_eq("the host reports that it is ready", &ready.status, &200);
    Ok(())
}

/// Starts the host and reads the operator's token from the file that its first start writes.
fn serve(demo: &mut DemoContext) -> anyhow::Result<()> {
    let mut host = demo.program();
    let data = demo.file("data");
    let listeners = [("PUBLIC", &demo.origins.public), ("ADMIN", &demo.origins.admin)];
    for (which, origin) in listeners {
        host.env(format!("JACKFIELD_{which}_LISTEN"), address(origin));
    }
    host.arg("serve").env("JACKFIELD_DATA_DIR", data).envs(SECRETS);
    // No load balancer needs to notice that the demo's host stops.
    host.env("JACKFIELD_LAME_DUCK", "0s");
    host.envs(demo.crms.iter().map(|(crm, _)| crm.secret));
    launch(demo, HOST, &mut host)?;
    demo.terminal.command("jackfield serve");
    let log = demo.file("jackfield.log");
    // Standard output is a file here, so the token is in a private file.
    let file = demo.file("data").join("operator.token");
    let token = clock::wait_until("the host to write its operator token", WAIT_LIMIT, || {
        demo.processes.ensure_running(HOST, &log)?;
        Ok(fs::read_to_string(&file).ok().map(|token| token.trim_end().to_owned()))
    })?;
    fs::remove_file(&file)?;
    demo.tokens.insert(HOST.to_owned(), token);
    wait_for_response(demo, HOST, &format!("{}/healthz", demo.origins.admin))?;
    demo.terminal.note(&format!("public API   {}", demo.origins.public));
    demo.terminal.note(&format!("admin API    {}", demo.origins.admin));
    let token = demo.token(HOST)?.to_owned();
    let stored = contains_bytes(&demo.file("data"), token.as_bytes())?;
    demo.check(
        "the first start handed an operator token over that no other file of the host's data contains",
        !stored,
    );
    Ok(())
}

/// Whether any file in a folder contains these bytes.
fn contains_bytes(folder: &Path, bytes: &[u8]) -> anyhow::Result<bool> {
    for entry in folder.read_dir()? {
        let path = entry?.path();
        let found = if path.is_dir() {
            contains_bytes(&path, bytes)?
        } else {
            fs::read(&path)?.windows(bytes.len()).any(|window| window == bytes)
        };
        if found {
            return Ok(true);
        }
    }
    Ok(false)
}

fn launch(demo: &DemoContext, name: &str, command: &mut Command) -> anyhow::Result<()> {
    demo.processes.start(name, command, &demo.file(&format!("{name}.log")))
}

fn wait_for_response(demo: &DemoContext, name: &str, url: &str) -> anyhow::Result<()> {
    let log = demo.file(&format!("{name}.log"));
    clock::wait_until(&format!("{name} to respond"), Duration::from_secs(30), || {
        demo.processes.ensure_running(name, &log)?;
        Ok(demo.client.send(&Request::get(url)).ok().map(|_| ()))
    })
}

/// Creates the demo's leads in the CRMs.
fn seed(demo: &DemoContext) -> anyhow::Result<()> {
    let mut leads = vec![
        json!({ "id": "CRM-LEAD-001234" }),
        json!({ "id": "CRM-LEAD-005678", "stage": "visit", "human_contacted": true, "may_call": false }),
    ];
    leads.extend((0..swap::LEADS).map(|number| json!({ "id": swap::lead(number) })));
    demo.control(&demo.origins.keystone, "leads", &Value::Array(leads))?;
    let leads =
        json!([{ "lead_no": "GW-1001" }, { "lead_no": "GW-1002", "dnd": "Y", "last_call": "05/07/2026 16:30" }]);
    demo.control(&demo.origins.groundwork, "leads", &leads)
}

/// Compiles the adapters and pushes those of the two tenants.
pub fn push(demo: &mut DemoContext) -> anyhow::Result<()> {
    let crms = demo.crms.iter().map(|(crm, _)| crm.name);
    let needed: Vec<_> = ADAPTERS.into_iter().chain([BROKEN_GUEST]).chain(crms).collect();
    adapters::build(&demo.workspace, &needed)?;
    demo.terminal.paragraph(
        "When an adapter is pushed, the host checks it, compiles it to native code and asks it to describe itself, \
         outside of any request. From then on its digest identifies it.",
    );
    for name in ADAPTERS {
        let pushed = push_component(demo, &demo.workspace.component(name))?;
        let named = pushed.contains(&format!("{name}@1.0.0")) && pushed.contains("sha256:");
        demo.check(
            &format!("{name} is accepted and identified by version and digest"),
            named,
        );
    }
    let shown = demo.jackfield(&["adapter", "show", "keystone"])?;
    demo.check(
        "the host knows which settings and credentials it needs",
        shown.ok && shown.stdout.contains("base_url"),
    );
    Ok(())
}

/// Pushes a component that the host must accept, and returns the command's output.
pub fn push_component(demo: &DemoContext, component: &Path) -> anyhow::Result<String> {
    let path = demo.workspace.shown(component).to_string();
    let output = demo.jackfield(&["adapter", "push", &path])?;
    anyhow::ensure!(output.ok, "`jackfield adapter push {path}` was refused");
    Ok(output.stdout)
}

/// Creates both tenants' first releases and tokens for their agents.
pub fn create_tenants(demo: &mut DemoContext) -> anyhow::Result<()> {
    demo.terminal.paragraph(
        "A tenant is a file. The host checks it against the adapter's needs and makes an immutable release of it.",
    );
    for tenant in Tenant::ALL {
        let file = format!("{}.toml", tenant.name());
        let text = tenant.file(&demo.origins);
        demo.terminal.command(&format!("cat {file}"));
        demo.terminal.output(&text, usize::MAX);
        let applied = apply(demo, &file, &text)?;
        demo.check(&format!("{} has an active release", tenant.name()), applied.ok);
    }
    demo.terminal
        .paragraph("Each tenant's agent gets its own token. It is shown once; the host stores only its hash.");
    for tenant in Tenant::ALL {
        let words = ["token", "create", "--tenant", tenant.name(), "--for", "agent"];
        demo.terminal.command(&format!("jackfield {} --json", words.join(" ")));
        let created = demo.jackfield_json(&words)?;
        let token = created
            .get("token")
            .and_then(Value::as_str)
            .context("the response has no token")?;
        demo.terminal
            .note(&format!("token: {}…", &token[..token.len().min(12)]));
        demo.tokens.insert(tenant.name().to_owned(), token.to_owned());
    }
    let url = demo.tenant_url(Tenant::Saket, "leads/GW-1001/status");
    let request = Request::get(url).bearer(demo.token(Tenant::Dwarka.name())?);
    let response = demo.send(&request)?;
    demo.check_eq(
        "one tenant's token gives no access to the other",
        &response.status,
        &401,
    );
    Ok(())
}

/// Writes a tenant file and applies it.
pub fn apply(demo: &DemoContext, file: &str, text: &str) -> anyhow::Result<Output> {
    let path = demo.file(file);
    fs::write(&path, text)?;
    let path = demo.workspace.shown(&path).to_string();
    // A first release lists every setting as a change: the first lines are enough.
    demo.jackfield_head(&["tenant", "apply", &path], 6)
}

fn address(origin: &str) -> &str {
    origin.strip_prefix("http://").unwrap_or(origin)
}
