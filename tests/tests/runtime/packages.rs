//! Which files are accepted as adapters, and what the errors for the others say.

use std::fs;

use jackfield_domain::delivery::failure::FaultCause;
use jackfield_sandbox::{CredentialProblem, CredentialSecrets, LoadError, PackageError};
use jackfield_tests::components::component;

use super::server::Server;
use super::test_runtime::{TestRuntime, hostile, release, report};

const HOSTILE: &str = "settings.base_url = \"http://127.0.0.1:1\"\n";

#[tokio::test]
async fn inspection_reads_the_description() {
    let test = TestRuntime::new();
    let keystone = test.runtime.inspect(&component("keystone")).await.unwrap();
    assert_eq!(
        (keystone.name.as_str(), keystone.lookup, keystone.parses_leads),
        ("keystone", true, false)
    );
    assert!(keystone.idempotent_writes);
    assert_eq!(keystone.needs.origins, ["base_url"]);
    let groundwork = test.runtime.inspect(&component("groundwork")).await.unwrap();
    assert_eq!((groundwork.lookup, groundwork.parses_leads), (false, true));
}

#[tokio::test]
async fn non_components_are_refused() {
    let test = TestRuntime::new();
    let inspect = async |bytes: &[u8]| test.runtime.inspect(bytes).await.unwrap_err();
    assert_eq!(inspect(b"\0asm\x01\0\0\0").await, PackageError::CoreModule);
    assert_eq!(inspect(b"#!/bin/sh").await, PackageError::NotWasm);
    let empty = inspect(b"\0asm\x0d\0\x01\0").await;
    assert_eq!(
        empty.to_string(),
        "it does not export jackfield:crm/about, jackfield:crm/status, jackfield:crm/dispositions: build it for world \
         `adapter` of jackfield:crm@0.2.0"
    );
    let whole = component("hostile");
    for part in 1..8 {
        let cut = inspect(&whole[..whole.len() * part / 8]).await;
        assert!(matches!(cut, PackageError::Invalid(_)), "{part}/8: {cut}");
    }
    let mut damaged = whole.clone();
    damaged[whole.len() / 2..][..1000].fill(0xff);
    assert!(matches!(inspect(&damaged).await, PackageError::Invalid(_)));
}

#[tokio::test]
async fn failing_describe_is_refused() {
    let test = TestRuntime::new();
    let describe = async |package| match test.runtime.inspect(&component(package)).await {
        Err(PackageError::Describe(fault)) => fault,
        other => panic!("{other:?}"),
    };
    let panicked = describe("broken-describe").await;
    assert_eq!(panicked.cause, FaultCause::Trap);
    assert!(
        panicked.detail.contains("broken-describe panics in describe"),
        "{panicked}"
    );
    assert_eq!(describe("loop-describe").await.cause, FaultCause::CpuDeadline);
}

#[tokio::test]
async fn tampered_native_code_is_recompiled() {
    let cache = tempfile::tempdir().unwrap();
    let compiled = || {
        let files = fs::read_dir(cache.path()).unwrap().map(|entry| entry.unwrap().path());
        files
            .into_iter()
            .find(|path| path.extension().is_some_and(|e| e == "cwasm"))
            .unwrap()
    };
    let serves = async || {
        let (test, server) = (TestRuntime::over(cache.path()), Server::friendly().await);
        let loaded = hostile(&test, &server, "").await;
        assert_eq!(report(&loaded, "ok").await.unwrap(), "ok");
    };
    serves().await;
    let written = fs::read(compiled()).unwrap();
    serves().await;
    assert_eq!(
        fs::read(compiled()).unwrap(),
        written,
        "the second host loads what the first compiled"
    );
    let mut tampered = written.clone();
    tampered[written.len() / 2] ^= 0xff;
    fs::write(compiled(), &tampered).unwrap();
    serves().await;
    assert_ne!(
        fs::read(compiled()).unwrap(),
        tampered,
        "the tampered code was replaced"
    );
}

#[tokio::test]
async fn release_must_match_the_pushed_adapter() {
    let test = TestRuntime::new();
    let bytes = component("hostile");
    let record = test.runtime.inspect(&bytes).await.unwrap();

    let other = component("loop-describe");
    let refused = test
        .runtime
        .load(release(&record, HOSTILE), &record, other, CredentialSecrets::default())
        .await;
    assert!(matches!(refused, Err(LoadError::OtherAdapter { .. })), "{refused:?}");

    let mut changed = record.clone();
    changed.idempotent_writes = !record.idempotent_writes;
    let refused = test
        .runtime
        .load(release(&record, HOSTILE), &changed, bytes, CredentialSecrets::default())
        .await;
    assert_eq!(refused.err(), Some(LoadError::OtherDescription));
}

#[tokio::test]
async fn unservable_release_does_not_load() {
    let test = TestRuntime::new();
    let spec = format!(
        "{HOSTILE}[[credentials]]\nname = \"crm\"\nkind = \"header\"\nheader = \"x-key\"\nsecret = {{ env = \"X\" }}\n"
    );
    let refused = test.try_load("hostile", &spec, CredentialSecrets::default()).await;
    assert_eq!(
        refused.err(),
        Some(LoadError::Credential(CredentialProblem::NoSecret("crm".into())))
    );

    let spec = format!("{HOSTILE}limits.memory_mib = 1\n");
    match test.try_load("hostile", &spec, CredentialSecrets::default()).await {
        Err(LoadError::Probe(fault)) => assert_eq!(fault.cause, FaultCause::MemoryCap, "{fault}"),
        other => panic!("{other:?}"),
    }
}
