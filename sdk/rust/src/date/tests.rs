//! The cases of `sdk/dates.json`, which the host and the other SDKs read too, and the dates of site visits.

use serde::Deserialize;

use super::*;
use crate::testing::Script;

#[derive(Deserialize)]
struct Cases {
    instants: Vec<Case>,
    locals: Vec<Case>,
    unknown_zones: Vec<String>,
    invalid_instants: Vec<String>,
}

#[derive(Deserialize)]
struct Case {
    zone: String,
    local: String,
    instant: String,
}

fn cases() -> Cases {
    serde_json::from_str(include_str!("../../../dates.json")).unwrap()
}

fn instant(local: &str, zone: &str) -> Result<String, DateError> {
    let local = local.parse().unwrap();
    let instant = Script::new().run(|host| from_local(host, local, zone))?;
    Ok(rfc3339(&instant))
}

fn local(instant: &str, zone: &str) -> Result<String, DateError> {
    let local = Script::new().run(|host| in_zone(host, instant, zone))?;
    Ok(rfc3339(&local))
}

fn starts(visit: &SiteVisit) -> Result<Option<Zoned>, Rejection> {
    Script::new().run(|host| visit_start(host, visit))
}

fn visit(date: &str, time: &str, zone: Option<&str>) -> SiteVisit {
    SiteVisit {
        booked: true,
        date: Some(date.into()),
        time_slot: Some(time.into()),
        timezone: zone.map(Into::into),
    }
}

#[test]
fn local_times_are_those_of_the_shared_cases() {
    let cases = cases();
    for Case {
        zone,
        local,
        instant: expected,
    } in &cases.instants
    {
        assert_eq!(instant(local, zone).as_ref(), Ok(expected), "{zone} {local}");
    }
    for Case {
        zone,
        local: expected,
        instant,
    } in &cases.locals
    {
        assert_eq!(local(instant, zone).as_ref(), Ok(expected), "{zone} {instant}");
    }
    for zone in &cases.unknown_zones {
        assert_eq!(instant("2026-07-05T16:30", zone), Err(DateError::UnknownZone), "{zone}");
        assert_eq!(
            local("2026-07-05T16:30:00Z", zone),
            Err(DateError::UnknownZone),
            "{zone}"
        );
    }
    for wrong in &cases.invalid_instants {
        assert_eq!(local(wrong, "UTC"), Err(DateError::InvalidTime), "{wrong}");
    }
}

#[test]
fn visits_start_in_their_own_zone() {
    let cases = [
        (visit("2026-07-05", "11:00", None), "2026-07-05T11:00:00+05:30"),
        (
            visit("2026-12-05", "11:00", Some("America/New_York")),
            "2026-12-05T11:00:00-05:00",
        ),
        (
            visit("2028-02-29", "00:00", Some("Asia/Kathmandu")),
            "2028-02-29T00:00:00+05:45",
        ),
    ];
    for (visit, start) in cases {
        assert_eq!(rfc3339(&starts(&visit).unwrap().unwrap()), start);
    }
}

#[test]
fn visits_without_time_have_no_start() {
    let fixed = visit("2026-07-05", "11:00", None);
    let unfixed = [
        SiteVisit::default(),
        SiteVisit {
            booked: false,
            ..fixed.clone()
        },
        SiteVisit {
            date: None,
            ..fixed.clone()
        },
        SiteVisit {
            time_slot: None,
            ..fixed
        },
    ];
    for visit in unfixed {
        assert_eq!(starts(&visit), Ok(None));
    }
}

#[test]
fn invalid_visits_name_their_field() {
    let cases = [
        (visit("2026-02-30", "11:00", None), "site_visit.date"),
        (visit("tomorrow", "11:00", None), "site_visit.date"),
        (visit("2026-07-05", "25:00", None), "site_visit.time_slot"),
        (visit("2026-07-05", "morning", None), "site_visit.time_slot"),
        (
            visit("2026-07-05", "11:00", Some("Bharat/Delhi")),
            "site_visit.timezone",
        ),
        (visit("2026-07-05", "11:00", Some("IST")), "site_visit.timezone"),
    ];
    for (visit, field) in cases {
        assert_eq!(starts(&visit).unwrap_err().fields[0].field, field);
    }
}

#[test]
fn reads_and_writes_indian_dates() {
    let read = parse_ist("%d/%m/%Y %H:%M", "05/07/2026 16:30").unwrap();
    assert_eq!(rfc3339(&read), "2026-07-05T16:30:00+05:30");
    for text in [
        "31/02/2026 16:30",
        "05/07/2026",
        "05/07/2026 24:30",
        "",
        "05/07/2026 16:30:99",
    ] {
        assert_eq!(parse_ist("%d/%m/%Y %H:%M", text), None, "{text}");
    }
    assert!(in_ist("2026-07-01 yesterday").is_err());
}
