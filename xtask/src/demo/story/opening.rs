//! Steps 1 to 3: everything starts, adapters are pushed, tenants are bound.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::Context as _;
use serde_json::{Value, json};

use super::swap;
use crate::demo::clock;
use crate::demo::http::Request;
use crate::demo::stage::{HOST, Output, PATIENCE, Stage};
use crate::demo::tenants::{AGENT_SECRET, GROUNDWORK_KEY, KEYSTONE_TOKEN, SECRETS, Tenant};
use crate::{adapters, setup, workspace};

/// Sets up, builds and starts.
pub fn start(stage: &mut Stage) -> anyhow::Result<()> {
    stage.screen.say(
        "First everything is built from source. From nothing this takes minutes, most of them for the sandbox that \
         adapters run in; after that, seconds.",
    );
    setup::run(&stage.workspace)?;
    workspace::header("the host and the fakes");
    let build = "build -p jackfield --bin jackfield -p jackfield-tests --bin fake";
    workspace::run("build", stage.workspace.cargo().args(build.split(' ')))?;

    stage.screen.say("Now they start, each a process of its own.");
    for (name, origin, options) in [
        ("keystone", &stage.origins.keystone, ["--token", KEYSTONE_TOKEN]),
        ("groundwork", &stage.origins.groundwork, ["--key", GROUNDWORK_KEY]),
        ("agent", &stage.origins.agent, ["--secret", AGENT_SECRET]),
    ] {
        let mut fake = stage.workspace.command(stage.binary("fake"));
        fake.args([name, "--listen", address(origin)]).args(options);
        launch(stage, name, &mut fake)?;
        await_answer(stage, name, &format!("{origin}/_control/"))?;
        stage.screen.note(&format!("{name:<12} {origin}"));
    }
    for (crm, origin) in &stage.crms {
        let mut fake = stage.workspace.command(stage.binary("fake"));
        fake.args([crm.name, "--listen", address(origin)]).args(crm.fake);
        launch(stage, crm.name, &mut fake)?;
        await_answer(stage, crm.name, &format!("{origin}/_control/"))?;
        stage.screen.note(&format!("{:<12} {origin}", crm.name));
        stage.control(origin, "leads", &crm.leads())?;
    }
    seed(stage)?;
    serve(stage)?;
    let ready = stage.ask(&Request::get(format!("{}/readyz", stage.origins.admin)))?;
    stage.check_eq("the host says that it is ready", &ready.status, &200);
    Ok(())
}

/// Starts the host, and takes the operator's token from what it prints at its first start.
fn serve(stage: &mut Stage) -> anyhow::Result<()> {
    let mut host = stage.program();
    let data = stage.file("data");
    let listeners = [("PUBLIC", &stage.origins.public), ("ADMIN", &stage.origins.admin)];
    for (which, origin) in listeners {
        host.env(format!("JACKFIELD_{which}_LISTEN"), address(origin));
    }
    host.arg("serve").env("JACKFIELD_DATA_DIR", data).envs(SECRETS);
    host.envs(stage.crms.iter().map(|(crm, _)| crm.secret));
    launch(stage, HOST, &mut host)?;
    stage.screen.command("jackfield serve");
    let log = stage.file("jackfield.log");
    let token = clock::until("the host to print its operator token", PATIENCE, || {
        stage.processes.must_run(HOST, &log)?;
        Ok(operator_token(&fs::read_to_string(&log)?))
    })?;
    stage.tokens.insert(HOST.to_owned(), token);
    await_answer(stage, HOST, &format!("{}/healthz", stage.origins.admin))?;
    stage.screen.note(&format!("public API   {}", stage.origins.public));
    stage.screen.note(&format!("admin API    {}", stage.origins.admin));
    let token = stage.token(HOST)?.to_owned();
    let kept = holds(&stage.file("data"), token.as_bytes())?;
    stage.check(
        "the first start printed an operator token, and no file of the host's data holds it",
        !kept,
    );
    Ok(())
}

/// The token in what the host printed so far.
fn operator_token(printed: &str) -> Option<String> {
    let from = printed.find("jfo_")?;
    let rest = &printed[from..];
    // Without what ends it, the token may be printed in part only.
    let end =
        rest.find(|character: char| !character.is_ascii_alphanumeric() && character != '_' && character != '-')?;
    Some(rest[..end].to_owned())
}

/// Whether any file below a folder holds these bytes.
fn holds(folder: &Path, bytes: &[u8]) -> anyhow::Result<bool> {
    for entry in folder.read_dir()? {
        let path = entry?.path();
        let found = if path.is_dir() {
            holds(&path, bytes)?
        } else {
            fs::read(&path)?.windows(bytes.len()).any(|window| window == bytes)
        };
        if found {
            return Ok(true);
        }
    }
    Ok(false)
}

fn launch(stage: &Stage, name: &str, command: &mut Command) -> anyhow::Result<()> {
    stage
        .processes
        .start(name, command, &stage.file(&format!("{name}.log")))
}

fn await_answer(stage: &Stage, name: &str, url: &str) -> anyhow::Result<()> {
    let log = stage.file(&format!("{name}.log"));
    clock::until(&format!("{name} to answer"), Duration::from_secs(30), || {
        stage.processes.must_run(name, &log)?;
        Ok(stage.client.send(&Request::get(url)).ok().map(|_| ()))
    })
}

/// Puts the story's leads into the CRMs.
fn seed(stage: &Stage) -> anyhow::Result<()> {
    let mut leads = vec![
        json!({ "id": "CRM-LEAD-001234" }),
        json!({ "id": "CRM-LEAD-005678", "stage": "visit", "human_contacted": true, "may_call": false }),
    ];
    leads.extend((0..swap::LEADS).map(|number| json!({ "id": swap::lead(number) })));
    stage.control(&stage.origins.keystone, "leads", &Value::Array(leads))?;
    let leads =
        json!([{ "lead_no": "GW-1001" }, { "lead_no": "GW-1002", "dnd": "Y", "last_call": "05/07/2026 16:30" }]);
    stage.control(&stage.origins.groundwork, "leads", &leads)
}

/// Compiles the adapters and pushes the two of the story.
pub fn push(stage: &mut Stage) -> anyhow::Result<()> {
    let built = adapters::run(&stage.workspace)?;
    stage.screen.say(
        "An adapter is checked, compiled to native code and asked to describe itself when it is pushed, outside of any \
         request. From then on its digest is its identity.",
    );
    for name in ["keystone", "groundwork"] {
        let component = built
            .iter()
            .find(|path| path.file_stem().is_some_and(|stem| stem == name));
        let component = component.with_context(|| format!("there is no adapter {name}"))?;
        let pushed = push_component(stage, component)?;
        let named = pushed.contains(&format!("{name}@1.0.0")) && pushed.contains("sha256:");
        stage.check(&format!("{name} is taken, and named by version and digest"), named);
    }
    let shown = stage.jackfield(&["adapter", "show", "keystone"])?;
    stage.check(
        "it says which settings and credentials it needs",
        shown.ok && shown.text.contains("base_url"),
    );
    Ok(())
}

/// Pushes a component that must be taken, and answers what the command printed.
pub fn push_component(stage: &Stage, component: &Path) -> anyhow::Result<String> {
    let path = stage.workspace.shown(component).to_string();
    let output = stage.jackfield(&["adapter", "push", &path])?;
    anyhow::ensure!(output.ok, "`jackfield adapter push {path}` was refused");
    Ok(output.text)
}

/// Makes both tenants' first releases, and tokens for their agents.
pub fn bind(stage: &mut Stage) -> anyhow::Result<()> {
    stage.screen.say(
        "A tenant is a file. The host checks it against what the adapter asks for, and makes an immutable release of \
            it.",
    );
    for tenant in Tenant::ALL {
        let file = format!("{}.toml", tenant.name());
        let text = tenant.file(&stage.origins);
        stage.screen.command(&format!("cat {file}"));
        stage.screen.output(&text, usize::MAX);
        let applied = apply(stage, &file, &text)?;
        stage.check(&format!("{} has a release that serves", tenant.name()), applied.ok);
    }
    stage
        .screen
        .say("Each tenant's agent gets a token of its own. It is shown once; the host keeps its hash.");
    for tenant in Tenant::ALL {
        let words = ["token", "create", "--tenant", tenant.name(), "--for", "agent"];
        stage.screen.command(&format!("jackfield {} --json", words.join(" ")));
        let created = stage.jackfield_json(&words)?;
        let token = created
            .get("token")
            .and_then(Value::as_str)
            .context("the answer has no token")?;
        stage.screen.note(&format!("token: {}…", &token[..token.len().min(12)]));
        stage.tokens.insert(tenant.name().to_owned(), token.to_owned());
    }
    let url = stage.tenant_url(Tenant::Saket, "leads/GW-1001/status");
    let stolen = Request::get(url).bearer(stage.token(Tenant::Dwarka.name())?);
    let answer = stage.ask(&stolen)?;
    stage.check_eq(
        "the token of one tenant opens nothing of the other",
        &answer.status,
        &401,
    );
    Ok(())
}

/// Applies a tenant's file.
pub fn apply(stage: &Stage, file: &str, text: &str) -> anyhow::Result<Output> {
    let path = stage.file(file);
    fs::write(&path, text)?;
    let path = stage.workspace.shown(&path).to_string();
    // A first release differs in everything from none: the beginning will do.
    stage.jackfield_head(&["tenant", "apply", &path], 6)
}

fn address(origin: &str) -> &str {
    origin.strip_prefix("http://").unwrap_or(origin)
}

#[cfg(test)]
mod tests {
    use super::operator_token;

    #[test]
    fn the_token_is_taken_when_it_is_complete() {
        assert_eq!(
            operator_token("Operator token: jfo_ab-C_9\n").as_deref(),
            Some("jfo_ab-C_9")
        );
        assert_eq!(operator_token("Operator token: jfo_ab"), None);
        assert_eq!(operator_token("nothing yet\n"), None);
    }
}
