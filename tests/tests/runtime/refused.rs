//! Components that must be refused, each with a short error that names what is wrong.

use std::fs;

use jackfield_domain::delivery::failure::FaultCause;
use jackfield_domain::tenant::adapter::AdapterRecord;
use jackfield_sandbox::{CompileRefusal, PackageError};
use jackfield_tests::components::component;
use jackfield_tests::raw_guest::{compile_bombs, encode, encode_with_contract, guest};

use super::server::Server;
use super::test_runtime::{TestRuntime, hostile, report};

/// The body of a query that answers.
const FINE: &str = "(call $answer (i32.const 72) (i32.const 2))";
/// The longest error for a refused component, in bytes.
const MAX_WORDS: usize = 4096;

/// The text of a well-behaved guest, with `from` replaced.
fn changed(from: &str, to: &str) -> String {
    let text = guest(FINE, "");
    assert!(text.contains(from), "{from}");
    text.replacen(from, to, 1)
}

async fn inspect(bytes: Vec<u8>) -> Result<AdapterRecord, PackageError> {
    TestRuntime::new().runtime.inspect(&bytes).await
}

async fn refused(bytes: Vec<u8>) -> PackageError {
    let refused = inspect(bytes).await.unwrap_err();
    let words = refused.to_string();
    assert!(words.len() <= MAX_WORDS, "{} bytes: {words:.200}", words.len());
    refused
}

/// Why `describe` returned nothing.
async fn undescribed(module: &str) -> FaultCause {
    match refused(encode("raw", module)).await {
        PackageError::Describe(fault) => fault.cause,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn raw_guest_is_accepted() {
    let record = inspect(encode("raw", &guest(FINE, ""))).await.unwrap();
    assert_eq!(record.name.as_str(), "raw");
    assert_eq!(record.needs.origins, ["base_url"]);
}

#[tokio::test]
async fn wrongly_typed_exports_are_refused() {
    // Exports of other types are refused, the optional ones too.
    let find = |parameters: &str| {
        let export = format!(
            "(func (export \"jackfield:crm/lookup@0.1.0#find\") (param {parameters}) (result i32) unreachable)"
        );
        guest(FINE, &export)
    };
    let sound = encode("raw-lookup", &find("i32 i32 i32 i32"));
    assert!(inspect(sound).await.unwrap().lookup);
    let other = encode_with_contract("raw-lookup", &find("i32 i32"), |wit| {
        wit.replace(
            "find: func(lead-id: string, idempotency-key: string)",
            "find: func(lead-id: string)",
        )
    });
    let PackageError::OtherTypes(words) = refused(other).await else {
        panic!("`lookup` was accepted");
    };
    assert!(words.starts_with("`lookup`: "), "{words}");

    let parse = "(func (export \"jackfield:crm/leads@0.1.0#parse\") (param i32 i32 i32 i32 i32 i32) (result i32) \
                 unreachable)";
    assert!(
        inspect(encode("raw-leads", &guest(FINE, parse)))
            .await
            .unwrap()
            .parses_leads
    );
    let other = encode_with_contract("raw-leads", &guest(FINE, parse), |wit| {
        wit.replace("result<list<lead>, failure>", "result<list<string>, failure>")
    });
    assert!(matches!(refused(other).await, PackageError::OtherTypes(words) if words.starts_with("`leads`: ")));

    let other = encode_with_contract("raw", &guest(FINE, ""), |wit| {
        wit.replace("result<lead-status, failure>", "result<bool, failure>")
    });
    assert!(matches!(refused(other).await, PackageError::OtherTypes(_)));
}

#[tokio::test]
async fn foreign_imports_are_named() {
    let foreign = "(import \"wasi:http/outgoing-handler@0.2.0\" \"handle\" (func))\n  (import";
    let refused = refused(encode("raw-foreign", &changed("(import", foreign))).await;
    assert_eq!(
        refused,
        PackageError::ForeignImports(vec!["wasi:http/outgoing-handler@0.2.0".into()])
    );
}

#[tokio::test]
async fn harm_at_instantiation_is_refused() {
    let starting = |body: &str| guest(FINE, &format!("(func $begin {body}) (start $begin)"));
    assert_eq!(
        undescribed(&starting("(loop $l (br $l))")).await,
        FaultCause::CpuDeadline
    );
    assert_eq!(undescribed(&starting("unreachable")).await, FaultCause::Trap);
    assert_eq!(undescribed(&starting("(call $begin)")).await, FaultCause::Stack);
    let memory = "(memory (export \"memory\") 3)";
    // 375 MiB: allowed for a release, too much for an inspection.
    let large = changed(memory, "(memory (export \"memory\") 6000)");
    assert_eq!(undescribed(&large).await, FaultCause::MemoryCap);
}

#[tokio::test]
async fn oversized_component_is_refused() {
    let memory = "(memory (export \"memory\") 3)";
    let too_large = [
        changed(memory, "(memory (export \"memory\") 60000)"),
        guest(FINE, "(table 100000 funcref)"),
        guest(FINE, &"(table 1 funcref)".repeat(100)),
    ];
    for module in too_large {
        let refused = refused(encode("raw", &module)).await;
        assert!(matches!(&refused, PackageError::Oversized(_)), "{refused}");
    }
    // Proposals that the engine disables.
    let unwanted: Vec<u8> = wat::parse_str("(component (core module (memory i64 1)))").unwrap();
    assert!(matches!(refused(unwanted).await, PackageError::Invalid(words) if words.contains("memory64")));
    let unwanted: Vec<u8> = wat::parse_str("(component (core module (memory 1 2 shared)))").unwrap();
    assert!(matches!(refused(unwanted).await, PackageError::Invalid(words) if words.contains("thread")));
}

#[tokio::test]
async fn description_is_bounded() {
    let name = "(call $pair (i32.const 512) (i32.const 16) (i32.const 3))";
    let grown = |name: &str| format!("(drop (memory.grow (i32.const 1600))) {name}");
    let huge = changed(
        name,
        &grown("(call $pair (i32.const 512) (i32.const 0) (i32.const 100000000))"),
    );
    assert_eq!(undescribed(&huge).await, FaultCause::BadOutput);
    let bytes = changed(name, "(call $pair (i32.const 512) (i32.const 64) (i32.const 3))");
    assert_eq!(undescribed(&bytes).await, FaultCause::BadOutput);
    let long = changed(
        name,
        &grown("(call $pair (i32.const 512) (i32.const 262144) (i32.const 3000000))"),
    );
    assert!(matches!(refused(encode("raw", &long)).await, PackageError::Description(wrong) if wrong.len() == 1));
    // A setting whose name has three megabytes.
    let setting = "(call $pair (i32.const 600) (i32.const 56) (i32.const 8))";
    let long = changed(
        setting,
        &grown("(call $pair (i32.const 600) (i32.const 262144) (i32.const 3000000))"),
    );
    assert!(matches!(refused(encode("raw", &long)).await, PackageError::Description(wrong) if wrong.len() == 2));
}

#[tokio::test]
async fn truncated_component_is_refused() {
    let whole = encode("raw", &guest(FINE, ""));
    for part in 0..24 {
        let length = whole.len() * part / 24;
        let refused = refused(whole[..length].to_vec()).await;
        let named = matches!(
            refused,
            PackageError::NotWasm | PackageError::Invalid(_) | PackageError::MissingExports(_)
        );
        assert!(named, "{length} of {} bytes: {refused}", whole.len());
    }
}

#[tokio::test]
async fn native_code_is_never_accepted() {
    // A push of native code is refused, even if this host made it.
    let cache = tempfile::tempdir().unwrap();
    let (test, server) = (TestRuntime::over(cache.path()), Server::friendly().await);
    let loaded = hostile(&test, &server, "").await;
    let mut files = fs::read_dir(cache.path()).unwrap().map(|entry| entry.unwrap().path());
    let native = files
        .find(|path| path.extension().is_some_and(|e| e == "cwasm"))
        .unwrap();
    let native = fs::read(native).unwrap();
    // Both the cache's file, with its HMAC, and the bare image, which is what `wasmtime compile` writes.
    let image = native.windows(4).position(|four| four == b"\x7fELF").unwrap();
    assert_eq!(test.runtime.inspect(&native).await.unwrap_err(), PackageError::NotWasm);
    let refused = test.runtime.inspect(&native[image..]).await.unwrap_err();
    assert_eq!(refused, PackageError::NativeCode);
    assert!(refused.to_string().contains("native code"), "{refused}");
    assert_eq!(report(&loaded, "ok").await.unwrap(), "ok");
}

#[tokio::test]
async fn refused_component_is_not_cached() {
    let cache = tempfile::tempdir().unwrap();
    let test = TestRuntime::over(cache.path());
    let oversized = encode("raw", &guest(FINE, "(table 100000 funcref)"));
    assert!(test.runtime.inspect(&oversized).await.is_err());
    assert!(test.runtime.inspect(&component("hostile")[..1000]).await.is_err());
    let refused = test.runtime.inspect(&compile_bombs::time(1, 1)).await;
    assert!(matches!(refused, Err(PackageError::MissingExports(_))), "{refused:?}");
    assert!(!matches!(refused, Err(PackageError::Compile(CompileRefusal::Crash(_)))));
    // Only the key.
    assert_eq!(fs::read_dir(cache.path()).unwrap().count(), 1);
}
