//! A new project in C.

use jackfield_domain::custody::Sensitive;
use jackfield_kit::build::build;
use jackfield_kit::languages::Language;
use jackfield_kit::progress::Progress;
use jackfield_kit::project::Project;
use jackfield_kit::scaffold;
use jackfield_kit::tools::Tools;
use jiff::Timestamp;

use super::desk::inspected;
use crate::runtime::test_runtime::TestRuntime;

#[tokio::test]
async fn new_project_builds() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("acme-homes");
    scaffold::create("acme-homes", Language::C, &folder).unwrap();
    let project = Project::open(&folder).unwrap();
    let (out, tools) = (folder.join("build"), Tools::of_user().unwrap());
    let built = build(&project, &out, &tools, &Progress::silent()).unwrap_or_else(|error| panic!("{error}"));
    assert!(!built.unchanged);
    let inspected = inspected(&built.component).await;
    assert_eq!(
        (inspected.name.as_str(), inspected.version.to_string().as_str()),
        ("acme-homes", "1.0.0")
    );
    assert!(!inspected.lookup && !inspected.parses_leads && !inspected.idempotent_writes);

    assert!(build(&project, &out, &tools, &Progress::silent()).unwrap().unchanged);
    let elsewhere = home.path().join("elsewhere");
    scaffold::create("acme-homes", Language::C, &elsewhere).unwrap();
    let again = build(
        &Project::open(&elsewhere).unwrap(),
        &elsewhere.join("out"),
        &tools,
        &Progress::silent(),
    );
    let [first, again] = [built, again.unwrap()].map(|built| std::fs::read(built.component).unwrap());
    assert!(
        first == again,
        "the same files make the same component, wherever they are"
    );
}

#[test]
fn build_error_names_file_and_symbol() {
    // A mistake in the source is reported with its file and the symbol.
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("acme");
    scaffold::create("acme", Language::C, &folder).unwrap();
    let source = folder.join("src/adapter.c");
    let text = std::fs::read_to_string(&source).unwrap();
    let tools = Tools::of_user().unwrap();
    let refused = |text: &str| {
        std::fs::write(&source, text).unwrap();
        let project = Project::open(&folder).unwrap();
        let failed = build(&project, &folder.join("build"), &tools, &Progress::silent());
        failed.unwrap_err().to_string()
    };
    let error = refused(&text.replace(
        "return jf_unreadable(&response, \"no number\", failure);",
        "return jf_oops();",
    ));
    assert!(error.contains("src/adapter.c:") && error.contains("jf_oops"), "{error}");
    let error = refused(&text.replace("jf_query_status", "jf_query_state"));
    assert_eq!(
        error,
        "no file in src/ defines jf_query_status, and every adapter exports it; jackfield.h declares it, with what it \
         does"
    );
    let manifest = folder.join("adapter.toml");
    let named = std::fs::read_to_string(&manifest).unwrap() + "exports = [\"lookup\"]\n";
    std::fs::write(&manifest, named).unwrap();
    let error = refused(&text);
    assert!(
        error.starts_with("no file in src/ defines jf_find, and adapter.toml names \"lookup\" among the exports;"),
        "{error}"
    );
}

#[tokio::test]
async fn optional_exports_of_manifest_are_built() {
    // Every optional export is there once the manifest names it.
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("acme");
    scaffold::create("acme", Language::C, &folder).unwrap();
    let manifest = folder.join("adapter.toml");
    let text = std::fs::read_to_string(&manifest).unwrap() + "exports = [\"lookup\", \"leads\"]\n";
    std::fs::write(&manifest, text).unwrap();
    std::fs::write(
        folder.join("src/more.c"),
        "#include \"jackfield.h\"\n\
         bool jf_find(jf_str lead, jf_str key, jf_found *found, jf_failure *failure) {\n\
             (void)lead; (void)failure;\n\
             found->found = jf_is(key, \"C-1\");\n\
             found->receipt.reference = JF_STR(\"R-1\");\n\
             return true;\n\
         }\n\
         bool jf_parse_leads(const jf_inbound *inbound, jf_leads *leads, jf_failure *failure) {\n\
             jf_lead *lead = jf_add_lead(leads);\n\
             lead->id = jf_form_get(inbound->body, \"id\");\n\
             lead->name = jf_form_get(inbound->body, \"name\");\n\
             jf_extend(&lead->extensions, JF_STR(\"/tower\"), jf_json_text(JF_STR(\"\\\"B\\\"\")));\n\
             return jf_phone_e164(jf_form_get(inbound->body, \"mobile\"), \"mobile\", &lead->phone, failure);\n\
         }\n",
    )
    .unwrap();
    let project = Project::open(&folder).unwrap();
    let tools = Tools::of_user().unwrap();
    let built = build(&project, &folder.join("build"), &tools, &Progress::silent());
    let bytes = std::fs::read(built.unwrap_or_else(|error| panic!("{error}")).component).unwrap();
    // The tests' host is not optimized, and reads its tables of numbers at the first number.
    let text = "country = \"IN\"\nlimits = { cpu_ms = 10000 }\n[settings]\nbase_url = \"https://crm.example\"\n\
                [egress]\nallow = [\"https://crm.example\"]\n\
                [[credentials]]\nname = \"crm\"\nkind = \"bearer\"\nsecret = { env = \"UNUSED\" }\n\
                origins = [\"https://crm.example\"]\n";
    let secrets = [("crm".to_owned(), Sensitive::new("a test token".into()))];
    let runtime = TestRuntime::new();
    let loaded = runtime.try_load_bytes(bytes, text, secrets.into()).await.unwrap();
    let (lead, now) = ("L-1".parse().unwrap(), Timestamp::UNIX_EPOCH);
    let found = loaded.find(&lead, &"C-1".parse().unwrap()).await.outcome.unwrap();
    assert_eq!(found.as_deref(), Some("R-1"));
    assert!(
        loaded
            .find(&lead, &"C-2".parse().unwrap())
            .await
            .outcome
            .unwrap()
            .is_none()
    );
    let body = "id=7&mobile=98000+00000&name=%E0%A4%86%E0%A4%B6%E0%A4%BE".as_bytes();
    let leads = loaded.parse("text/plain", body, now).await.outcome.unwrap();
    let parsed = format!("{leads:?}");
    assert!(
        parsed.contains("+919800000000") && parsed.contains("आशा") && parsed.contains("/tower"),
        "{parsed}"
    );
}
