//! A host process from its first start to its last signal.

use jackfield_tests::components::path;
use jackfield_tests::documents::{keystone_tenant, minimal_disposition};
use jackfield_tests::fakes::{Behaviour, Keystone, KeystoneConfig, KeystoneLead, Mode};
use jackfield_tests::process::{HostProcess, operator_token};

use super::BINARY;
use super::installation::{agent_token, apply, install, push_keystone};

#[test]
fn first_start_hands_over_a_token() {
    // The first start hands a token over once, in a file since nobody sees it on a terminal; it stores the digest only.
    let data = tempfile::tempdir().unwrap();
    let host = HostProcess::start(BINARY, data.path(), &[]);
    let (status, printed, log) = host.stop("TERM");
    assert_eq!(status.code(), Some(0), "{log:?}");
    let token = operator_token(&printed);
    assert!(log.iter().any(|line| line.contains("drained")), "{log:?}");

    let host = HostProcess::start(BINARY, data.path(), &[]);
    assert_eq!(
        host.json(&token, &["token", "list"])["items"].as_array().unwrap().len(),
        1
    );
    let (status, printed, log) = host.stop("INT");
    assert_eq!(status.code(), Some(0));
    assert!(printed.is_empty(), "{printed:?}");
    assert!(log.iter().all(|line| !line.contains(&token)));
    for file in std::fs::read_dir(data.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
    {
        let bytes = std::fs::read(&file).unwrap();
        assert!(
            !bytes.windows(token.len()).any(|part| part == token.as_bytes()),
            "{}",
            file.display()
        );
    }
}

#[test]
fn second_host_over_the_same_data_is_refused() {
    let data = tempfile::tempdir().unwrap();
    let _first = HostProcess::start(BINARY, data.path(), &[]);
    let second = std::process::Command::new(BINARY)
        .arg("serve")
        .env("JACKFIELD_DATA_DIR", data.path())
        .env("JACKFIELD_PUBLIC_LISTEN", "127.0.0.1:0")
        .env("JACKFIELD_ADMIN_LISTEN", "127.0.0.1:0")
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&second.stderr).into_owned();
    assert_eq!(second.status.code(), Some(1), "{errors}");
    assert!(errors.contains("lock") || errors.contains("another"), "{errors}");
}

#[test]
fn invalid_settings_are_named() {
    let run = |name: &str, value: &str| {
        let output = std::process::Command::new(BINARY)
            .arg("serve")
            .env(name, value)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let errors = run("JACKFIELD_PUBLIC_LISTEN", "somewhere");
    assert!(
        errors.contains("JACKFIELD_PUBLIC_LISTEN") && !errors.contains("somewhere"),
        "{errors}"
    );
    let errors = run("JACKFIELD_LOG", "jackfield=loud");
    assert!(
        errors.contains("log is not understood") && !errors.contains("loud"),
        "{errors}"
    );
}

#[test]
fn foreign_variables_stop_no_start() {
    // Kubernetes sets these for a service of the host's name; a slip of the pen is named once, without its value.
    let data = tempfile::tempdir().unwrap();
    let variables = [
        ("JACKFIELD_PORT", "tcp://10.96.0.7:8080"),
        ("JACKFIELD_SERVICE_HOST", "10.96.0.7"),
        ("JACKFIELD_SERVICE_PORT_HTTP", "8080"),
        ("JACKFIELD_PORT_8080_TCP_ADDR", "10.96.0.7"),
        ("JACKFIELD_TOOLS", "/opt/tools"),
        ("JACKFIELD_PUBLIC_LISTN", "a-canary"),
    ];
    let (status, printed, log) = HostProcess::start(BINARY, data.path(), &variables).stop("TERM");
    assert_eq!(status.code(), Some(0), "{log:?}");
    let named: Vec<_> = log
        .iter()
        .filter(|line| line.contains("environment variables"))
        .collect();
    assert!(
        matches!(named[..], [line] if line.contains("\"variables\":\"JACKFIELD_PUBLIC_LISTN\"")),
        "{log:?}"
    );
    let all = [printed, log].concat().join("\n");
    assert!(!all.contains("a-canary") && !all.contains("10.96.0.7"), "{all}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn trimmed_secrets_are_logged_once() {
    // A file from Windows and a variable from a shell: their secrets serve, and the log says once what was cut.
    let data = tempfile::tempdir().unwrap();
    let keystone = Keystone::start(KeystoneConfig::new("keystone-token")).await.unwrap();
    keystone.seed(KeystoneLead::new("L"));
    let operator = install(data.path());
    let key = [(
        "JACKFIELD_SECRET_HOOK",
        "\u{feff}whsec_d2ViaG9vay1jYW5hcnktc2VjcmV0LTAxMjM0NTY3\r\n",
    )];
    let host = HostProcess::start(BINARY, data.path(), &key);
    push_keystone(&host, &operator);
    let file = data.path().join("crm-token");
    std::fs::write(&file, "\u{feff}keystone-token\r\n").unwrap();
    let secret = format!("{{ file = \"{}\" }}", file.display());
    let hook = "[webhook]\nsecrets = [{ env = \"JACKFIELD_SECRET_HOOK\" }]";
    for _ in 0..2 {
        apply(
            &host,
            &operator,
            data.path(),
            &keystone_tenant("t", &keystone.origin(), &secret, hook),
        );
    }
    let agent = agent_token(&host, &operator, "t");
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let asked = client.get(format!("{}/v1/tenants/t/leads/L/status", host.public));
    assert_eq!(asked.bearer_auth(&agent).send().await.unwrap().status(), 200);
    let (_, _, log) = host.stop("TERM");
    let logged: Vec<_> = log.iter().filter(|line| line.contains("byte-order mark")).collect();
    assert_eq!(logged.len(), 2, "{logged:?}");
    for source in ["crm-token", "JACKFIELD_SECRET_HOOK"] {
        assert_eq!(
            logged.iter().filter(|line| line.contains(source)).count(),
            1,
            "{logged:?}"
        );
    }
    assert!(!log.join("\n").contains("keystone-token"), "{log:?}");
}

#[test]
fn command_line_pushes_lists_and_explains() {
    let data = tempfile::tempdir().unwrap();
    let token = install(data.path());
    let host = HostProcess::start(BINARY, data.path(), &[]);
    let pushed = host.json(&token, &["adapter", "push", path("keystone").to_str().unwrap()]);
    let adapter = &pushed["adapter"];
    assert_eq!(
        (&adapter["name"], &adapter["version"]),
        (&"keystone".into(), &"1.0.0".into()),
        "{pushed}"
    );
    let listed = host.cli(&token, &["adapter", "list"]);
    assert!(String::from_utf8_lossy(&listed.stdout).contains("keystone"));

    let file = data.path().join("tenant.toml");
    std::fs::write(
        &file,
        "tenant = \"t\"\nadapter = \"keystone\"\n[delivery]\nretri = [\"0s\"]\n",
    )
    .unwrap();
    let refused = host.cli(&token, &["tenant", "apply", file.to_str().unwrap()]);
    let errors = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(1));
    for part in ["tenant.toml", "line 4", "retri", "concurrency"] {
        assert!(errors.contains(part), "{part}: {errors}");
    }
    let wrong = host.cli("jfo_wrong", &["adapter", "list"]);
    assert_eq!(wrong.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("JACKFIELD_TOKEN"));
    let (status, ..) = host.stop("TERM");
    assert_eq!(status.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn drain_waits_until_a_second_interrupt() {
    // A drain waits for work in flight; a second interrupt ends it.
    let data = tempfile::tempdir().unwrap();
    let keystone = Keystone::start(KeystoneConfig::new("keystone-token")).await.unwrap();
    keystone.seed(KeystoneLead::new("L"));
    let operator = install(data.path());
    let host = HostProcess::start(BINARY, data.path(), &[]);
    push_keystone(&host, &operator);
    let tenant = keystone_tenant("t", &keystone.origin(), "{ value = \"keystone-token\" }", "");
    apply(&host, &operator, data.path(), &tenant);
    let agent = agent_token(&host, &operator, "t");
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let dispose = async |public: &str, call: &str| {
        let post = client.post(format!("{public}/v1/tenants/t/leads/L/disposition"));
        let post = post.bearer_auth(&agent).json(&minimal_disposition(call, "no_answer"));
        assert_eq!(post.send().await.unwrap().status(), 202);
    };

    keystone.behave(Behaviour::always(Mode::Hang));
    let before = keystone.counts().requests;
    dispose(&host.public, "C-1").await;
    while keystone.counts().requests == before {
        tokio::task::yield_now().await;
    }
    host.signal("INT");
    host.wait_for_log("draining").await;
    let (status, _, log) = host.stop("INT");
    assert_eq!(status.code(), Some(130), "{log:?}");

    // The work in flight is resumed: looked up, not found, written once.
    keystone.behave(Behaviour::always(Mode::Ok));
    let host = HostProcess::start(BINARY, data.path(), &[]);
    while keystone.stored().is_empty() {
        tokio::task::yield_now().await;
    }
    let (status, _, log) = host.stop("TERM");
    assert_eq!(status.code(), Some(0), "{log:?}");
    assert_eq!(keystone.stored()[0].revision, 1);
}
