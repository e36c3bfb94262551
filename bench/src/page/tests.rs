//! The page of invented rows of every kind is well-formed, complete and escaped.

use std::collections::BTreeSet;
use std::path::PathBuf;

use quick_xml::Reader;
use quick_xml::events::Event;

use super::*;
use crate::rows::Goal;

fn conditions(load: &str, syncs: f64) -> Conditions {
    Conditions {
        cores: 2,
        processor: "A <processor> & more".into(),
        memory_gib: 8,
        kernel: "6.18".into(),
        load: load.into(),
        fdatasync_per_second: Some(syncs),
        debug_build: true,
    }
}

/// Invented rows of every kind: near and far ratios, all goals, reached and missed, one and many rounds, ratios outside
/// any scale, text that looks like markup, and two deployments.
fn sample() -> Report {
    let mut rows = vec![];
    let mut add = |bench, deployment, mut row: Row| {
        (row.bench, row.deployment) = (bench, deployment);
        rows.push(row);
    };
    for (at, deployment) in [1.0, 1.6].into_iter().zip(["SQLite", "PostgreSQL <16>"]) {
        for (measure, unit, ours, goal) in [
            ("P50, 1 at once, a CRM that answers at once", "µs", 172.0, None),
            (
                "P99, 64 at once, a CRM that takes 50 ms",
                "ms",
                53.0,
                Some(Goal::AddedAtMost(1.0)),
            ),
            (
                "calls a second at 64",
                "calls/s",
                28_000.0,
                Some(Goal::RatioAtLeast(0.5)),
            ),
            (
                "calls a second at 1,000",
                "calls/s",
                21_000.0,
                Some(Goal::RatioAtLeast(0.5)),
            ),
        ] {
            for (against, times) in [("a native proxy", 0.44), ("wasmtime serve", 1.9)] {
                let round = |by: f64| (ours * at * by, ours / times);
                let row = Row::of(measure, unit, against, &[1.0, 0.93, 1.12].map(round));
                add("status", deployment, Row { goal, ..row });
            }
        }
    }
    for (measure, ratio) in [("instantiate", 1.21), ("empty call", 1.29), ("1 KB call", 1.37)] {
        let rounds = [0.97, 1.0, 1.02, 1.05, 0.99].map(|by| (9.1 * ratio * by, 9.1));
        let row = Row::of(measure, "µs", "bare wasmtime", &rounds);
        add(
            "call",
            "SQLite",
            row.goal(Goal::RatioAtMost(1.3))
                .note("the same settings & the same component"),
        );
    }
    let drain = |against, ratio: f64| Row::of("drain of 100,000", "writes/s", against, &[(9000.0 * ratio, 9000.0); 2]);
    add("writeback", "SQLite", drain("Celery, always", 42.0));
    add("writeback", "SQLite", drain("BullMQ, as Debian ships Redis", 0.8));
    let failed = |rounds: &[(f64, f64)]| Row::of("failed requests", "", "the window before", rounds);
    add("swap", "SQLite", failed(&[(0.0, 0.0)]).goal(Goal::Exactly(0.0)));
    add(
        "swap",
        "SQLite",
        failed(&[(3.0, 0.0)]).goal(Goal::Exactly(0.0)).note("once more"),
    );
    add("swap", "SQLite", Row::of("nothing", "ms", "something", &[(0.0, 4.0)]));
    add(
        "<odd>",
        "SQLite",
        Row::of("no rounds", "ms", "<script>alert(1)</script>", &[]),
    );
    Report {
        ended: jiff::Timestamp::UNIX_EPOCH,
        version: "0.1.0",
        before: conditions("1.90 1.00 1.00", 5000.0),
        after: conditions("2.00 1.00 1.00", 900.0),
        quick: true,
        left_out: vec!["Celery is left out: no `redis-server` & <no> Python".into()],
        rows,
    }
}

/// All names and texts of the page. The page is read as XML, which it is, although HTML in general is not.
fn read(page: &str) -> (BTreeSet<String>, Vec<String>, BTreeSet<String>) {
    let mut reader = Reader::from_str(page);
    let (mut names, mut texts, mut ids) = (BTreeSet::new(), vec![], BTreeSet::new());
    let mut open = vec![];
    let mut text = String::new();
    loop {
        match reader.read_event().expect("well-formed") {
            Event::Start(start) => {
                let name = start.name().as_ref().to_owned();
                for attribute in start.attributes() {
                    let attribute = attribute.expect("a well-formed attribute");
                    if attribute.key.as_ref() == "id" {
                        let id = attribute.value.into_owned();
                        assert!(ids.insert(id.clone()), "{id} is an id twice");
                    }
                }
                open.push(name.clone());
                names.insert(name);
                texts.push(std::mem::take(&mut text));
            }
            Event::End(_) => {
                open.pop();
                texts.push(std::mem::take(&mut text));
            }
            Event::Text(part) => text += &part,
            Event::GeneralRef(entity) => text.extend(["&", &*entity, ";"]),
            Event::Eof => break,
            _ => {}
        }
    }
    assert_eq!(open, Vec::<String>::new(), "everything that is begun ends");
    let texts = texts
        .iter()
        .map(|text| quick_xml::escape::unescape(text).expect("entities").into_owned());
    (names, texts.collect(), ids)
}

#[test]
fn page_is_well_formed_and_complete() {
    let report = sample();
    let page = report.page();
    let (names, texts, _) = read(&page);
    assert!(
        !names.contains("script") && !names.contains("link") && !names.contains("img"),
        "{names:?}"
    );
    assert!(
        !page.contains("<script>") && !page.contains("url(") && !page.contains("http"),
        "nothing is fetched"
    );
    let has = |wanted: &str| texts.iter().any(|text| text.contains(wanted));
    for row in &report.rows {
        for text in [
            &*row.measure,
            &row.against,
            &row.note,
            row.deployment,
            &crate::rows::figure(row.ratio),
        ] {
            assert!(has(text), "{text}");
        }
    }
    for text in &report.left_out {
        assert!(has(text), "{text}");
    }
    for said in [
        "A quick run",
        "A debug build",
        "The machine was busy",
        "speed changed",
        "A <processor> & more",
    ] {
        assert!(has(said), "{said}");
    }
    assert!(has("missed: ratio ≥ 0.5") && has("reached: ratio ≤ 1.3") && has("no goal"));
}

#[test]
fn every_plot_has_a_text() {
    let report = sample();
    let (names, texts, ids) = read(&report.page());
    assert!(names.contains("title") && names.contains("desc"));
    let described = texts.iter().filter(|text| text.starts_with("The median ratio of"));
    assert_eq!(described.count(), report.rows.len());
    assert_eq!(ids.iter().filter(|id| id.ends_with("-desc")).count(), report.rows.len());
}

#[test]
fn empty_run_makes_a_page() {
    let quiet = Conditions {
        debug_build: false,
        ..conditions("0.10 0.10 0.10", 5000.0)
    };
    let report = Report {
        before: quiet.clone(),
        after: quiet,
        quick: false,
        left_out: vec![],
        rows: vec![],
        ..sample()
    };
    assert_eq!(report.caveats(), Vec::<String>::new());
    let (_, texts, _) = read(&report.page());
    assert!(!texts.iter().any(|text| text.contains("Caveats")));
}

/// Writes samples for inspection: `target/bench-page.html`, and the tables as a terminal shows them in `.txt`.
#[test]
fn sample_page_is_written() {
    let target = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../target");
    std::fs::create_dir_all(&target).unwrap();
    std::fs::write(target.join("bench-page.html"), sample().page()).unwrap();
    std::fs::write(target.join("bench-page.txt"), crate::table::shown(&sample().rows)).unwrap();
}
