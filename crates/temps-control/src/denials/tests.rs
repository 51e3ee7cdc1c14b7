//! What the audit log keeps of a flood.

use std::{collections::BTreeMap, time::Duration};

use axum::http::StatusCode;
use sea_orm::{EntityTrait, QueryOrder};
use temps_db::{
    audit::{Body, personal_fields},
    entities::audit_record,
};
use temps_model::RequestId;
use temps_testkit::{TestDatabase, on_both_databases};

use super::{OF_ONE_NETWORK, Tried};
use crate::{
    access::{Evidence, RequestContext},
    action::Action,
    testing::{CLIENT, Testing},
};

on_both_databases!(
    r_aud_8_a_decoy_hides_no_account,
    r_aud_8_many_accounts_make_few_records_that_say_nothing_untrue,
    r_aud_8_a_window_that_nobody_wrote_ends_all_the_same,
    r_aud_8_reading_the_log_again_and_again_is_counted,
);

/// A record with its personal fields opened.
struct Record {
    body: Body,
    personal: BTreeMap<String, Option<String>>,
}

impl Record {
    fn email(&self) -> Option<&str> {
        self.personal.get("email")?.as_deref()
    }

    fn is_first(&self) -> bool {
        self.body.request.is_some()
    }
}

/// The records of an action and outcome, the oldest first.
async fn records(testing: &Testing, action: &str, outcome: &str) -> Vec<Record> {
    let database = &testing.app.database;
    let rows = audit_record::Entity::find().order_by_asc(audit_record::Column::Id).all(database.read()).await.unwrap();
    let bodies: Vec<Body> = rows.iter().map(|row| Body::parse(&row.body).unwrap()).collect();
    let personal = personal_fields(database.read(), database.vault(), &bodies).await.unwrap();
    let all = bodies.into_iter().zip(personal).map(|(body, personal)| Record { body, personal });
    all.filter(|record| record.body.action == action && record.body.outcome == outcome).collect()
}

/// What a failed login leaves, without the counters that would make the next one dearer.
async fn fail_to_log_in(testing: &Testing, email: &str) {
    let context = RequestContext {
        request_id: RequestId::from_uuid(uuid::Uuid::nil()),
        client: Some(CLIENT.parse().unwrap()),
        user_agent: "Browser/1".parse().unwrap(),
        device: None,
    };
    let evidence = Evidence {
        caller: None,
        context,
        action: Some(Action::SessionStart),
        counts: &[],
        standing: None,
        project: None,
    };
    let text = email.to_lowercase();
    testing.app.denials.failed(&testing.app, &evidence, Some(Tried { field: "email", text })).await;
}

async fn end_of_window(testing: &Testing) {
    testing.clock.advance(Duration::from_secs(61));
    testing.app.denials.flush(&testing.app, false).await;
}

async fn r_aud_8_a_decoy_hides_no_account(test: TestDatabase) {
    let testing = Testing::start(test).await;
    for email in ["decoy@example.com", "target@example.com", "Target@Example.com", "target@example.com"] {
        fail_to_log_in(&testing, email).await;
    }
    let at_once = records(&testing, "session.start", "failed").await;
    let mut emails: Vec<_> = at_once.iter().map(Record::email).collect();
    emails.sort_unstable();
    assert_eq!(emails, [Some("decoy@example.com"), Some("target@example.com")], "each account is named at once");
    end_of_window(&testing).await;
    let all = records(&testing, "session.start", "failed").await;
    let [.., count] = all.as_slice() else { panic!("no count") };
    assert_eq!((all.len(), count.body.count, count.email()), (3, 2, Some("target@example.com")));
    assert_eq!(count.personal["ip"].as_deref(), Some(CLIENT));
    assert!(!count.is_first() && !count.personal.contains_key("user_agent"), "these belong to one of the two");
}

async fn r_aud_8_many_accounts_make_few_records_that_say_nothing_untrue(test: TestDatabase) {
    let testing = Testing::start(test).await;
    for account in 0..100 {
        fail_to_log_in(&testing, &format!("u{account}@example.com")).await;
    }
    end_of_window(&testing).await;
    let all = records(&testing, "session.start", "failed").await;
    let (first, counts): (Vec<_>, Vec<_>) = all.iter().partition(|record| record.is_first());
    assert_eq!((first.len(), counts.len()), (OF_ONE_NETWORK + 1, 1));
    assert_eq!(counts[0].body.count as usize, 100 - first.len());
    assert_eq!(counts[0].email(), None, "it stands for several accounts");
}

async fn r_aud_8_a_window_that_nobody_wrote_ends_all_the_same(test: TestDatabase) {
    let testing = Testing::start(test).await;
    for _ in 0..3 {
        fail_to_log_in(&testing, "target@example.com").await;
    }
    testing.clock.advance(Duration::from_secs(61));
    fail_to_log_in(&testing, "target@example.com").await;
    let all = records(&testing, "session.start", "failed").await;
    let mut told: Vec<_> = all.iter().map(|record| (record.is_first(), record.body.count)).collect();
    told.sort_unstable();
    assert_eq!(told, [(false, 2), (true, 1), (true, 1)], "the window is counted, and a new one begins");
}

async fn r_aud_8_reading_the_log_again_and_again_is_counted(test: TestDatabase) {
    let testing = Testing::start(test).await;
    for path in ["/api/v1/audit", "/api/v1/projects/shop/audit"] {
        for _ in 0..5 {
            assert_eq!(testing.get(path).send().await.status, StatusCode::OK);
        }
    }
    let read = records(&testing, "audit.read", "done").await;
    assert_eq!(read.len(), 2, "the whole log and a project's part are different things to read");
    assert!(read.iter().all(|record| record.is_first() && record.body.count == 1));
    end_of_window(&testing).await;
    let read = records(&testing, "audit.read", "done").await;
    let counted: Vec<_> = read[2..].iter().map(|record| (record.body.count, record.body.actor.id.is_some())).collect();
    assert_eq!(counted, [(4, true), (4, true)]);
    assert_eq!(read[2..].iter().filter(|record| record.body.project.is_some()).count(), 1);
}
