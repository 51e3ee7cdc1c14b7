//! The first user and further ones: one-time tokens that work once.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    sync::{Arc, Mutex},
};

use serde_json::{Value, json};
use temps::logging::{LogLayer, Style};
use temps_testkit::{
    TestApp, TestDatabase,
    app::{Answer, PASSWORD, Person, RunningClock},
    on_both_databases,
};
use tokio::task::JoinSet;
use tracing_subscriber::{EnvFilter, layer::SubscriberExt, util::SubscriberInitExt};

on_both_databases!(
    r_auth_12_nobody_comes_in_without_the_token,
    r_auth_12_the_token_is_in_its_file_and_in_no_log,
    r_auth_12_of_fifty_setups_one_succeeds,
    r_auth_12_a_restart_makes_a_new_token_until_it_is_used,
    an_invitation_works_once_and_for_three_days,
    of_fifty_activations_of_one_link_one_succeeds,
    r_auth_8_bad_passwords_are_refused_in_words_and_spend_nothing,
);

fn first_user(token: &str) -> Value {
    json!({ "token": token, "email": "first@example.com", "name": "First", "password": PASSWORD })
}

/// Fifty calls at once, with their answers.
async fn fifty(person: &Person, path: &'static str, body: Value) -> Vec<Answer> {
    let mut calls = JoinSet::new();
    for _ in 0..50 {
        let (person, body) = (person.with_own_jar(), body.clone());
        calls.spawn(async move { person.post(path, body).await });
    }
    calls.join_all().await
}

async fn r_auth_12_nobody_comes_in_without_the_token(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let anonymous = app.anonymous();
    let token = app.setup_token();
    assert_eq!(token.len(), 43, "256 bits in base64url");
    let flipped = match token.starts_with('A') {
        true => format!("B{}", &token[1..]),
        false => format!("A{}", &token[1..]),
    };
    for wrong in ["", "x", &token[1..], &format!("{token} "), &flipped, &token.to_uppercase()] {
        assert_eq!(
            anonymous.post("/setup", first_user(wrong)).await.problem(),
            (403, "setup_token".to_owned()),
            "{wrong:?}"
        );
    }
    for wrong in [json!(null), json!(["a"]), json!({ "a": 1 }), json!(true)] {
        let mut body = first_user(&token);
        body["token"] = wrong;
        assert_eq!(anonymous.post("/setup", body).await.status, 422);
    }
    let users = "SELECT count(*) FROM users";
    assert_eq!(app.count(users).await, 0);
    anonymous.post("/activation", json!({ "token": token, "password": PASSWORD })).await.expect(403);
    let made = anonymous.post("/setup", first_user(&token)).await.expect(201);
    assert_eq!(made["user"]["administrator"], true);
    assert_eq!(anonymous.post("/setup", first_user(&token)).await.problem(), (409, "setup_done".to_owned()));
    assert_eq!(anonymous.post("/setup", first_user("x")).await.problem(), (409, "setup_done".to_owned()));
    assert_eq!(app.count(users).await, 1);
}

async fn r_auth_12_the_token_is_in_its_file_and_in_no_log(database: TestDatabase) {
    let log = Arc::new(Mutex::new(String::new()));
    let written = Arc::clone(&log);
    let layer = LogLayer::new(Style::Json, Arc::new(RunningClock::default()), move |line: &str| {
        written.lock().unwrap().push_str(line)
    });
    let filter = EnvFilter::new("debug,temps=trace,temps_control=trace,temps_db=trace,temps_edge=trace,access=trace");
    // Another test of this process may have begun to log; under nextest there is none.
    let _ = tracing_subscriber::registry().with(filter).with(layer).try_init();
    let app = TestApp::start(database).await;
    let file = app.data_dir().join("setup-token");
    let token = app.setup_token();
    assert_eq!(fs::read_to_string(&file).unwrap(), format!("{token}\n"));
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o7777, 0o600);
    let person = app.anonymous();
    person.post("/setup", first_user("wrong")).await.expect(403);
    person
        .post("/setup", json!({ "token": token, "email": "no address", "name": "", "password": "short" }))
        .await
        .expect(422);
    person.post("/setup", first_user(&token)).await.expect(201);
    let session = person.token().unwrap();
    assert!(!file.exists(), "a spent token leaves no file");
    app.stop().await;
    let log = log.lock().unwrap();
    assert!(log.contains("/api/v1/setup"), "the log was captured");
    for secret in [&token, &session, PASSWORD] {
        assert!(!log.contains(secret), "the log holds a secret");
    }
}

async fn r_auth_12_of_fifty_setups_one_succeeds(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let answers = fifty(&app.anonymous(), "/setup", first_user(&app.setup_token())).await;
    let made = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(made, 1);
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        assert_eq!(answer.problem(), (409, "setup_done".to_owned()));
    }
    for (table, rows) in [("users", 1), ("sessions", 1)] {
        assert_eq!(app.count(&format!("SELECT count(*) FROM {table}")).await, rows, "{table}");
    }
}

async fn r_auth_12_a_restart_makes_a_new_token_until_it_is_used(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let old = app.setup_token();
    let app = app.restart().await;
    let new = app.setup_token();
    assert_ne!(old, new);
    app.anonymous().post("/setup", first_user(&old)).await.expect(403);
    app.anonymous().post("/setup", first_user(&new)).await.expect(201);
    let app = app.restart().await;
    assert!(!app.has_setup_token() && !app.data_dir().join("setup-token").exists());
    assert_eq!(app.anonymous().post("/setup", first_user(&new)).await.problem(), (409, "setup_done".to_owned()));
}

async fn an_invitation_works_once_and_for_three_days(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let owner = app.owner().await;
    let invited = app.stranger("new@example.com");
    let first = app.invite(&invited).await;
    let second = app.invite(&invited).await;
    let activate =
        async |token: &str| invited.post("/activation", json!({ "token": token, "password": PASSWORD })).await;
    assert_eq!(activate(&first).await.problem(), (403, "link".to_owned()), "a new link voids the old one");
    assert_eq!(invited.log_in().await.problem(), (401, "login_failed".to_owned()));
    app.clock.advance(std::time::Duration::from_secs(72 * 3_600 + 1));
    assert_eq!(activate(&second).await.problem(), (403, "link".to_owned()), "it has expired");
    owner.log_in().await.expect(201);
    let third = app.invite(&invited).await;
    assert!(!app.rows().await.iter().any(|row| row.contains(&third)), "only its hash is kept");
    let user = activate(&third).await.expect(201);
    assert_eq!(user["user"]["administrator"], false);
    assert_eq!(activate(&third).await.problem(), (403, "link".to_owned()), "it was used");
    let again = owner.post("/users", json!({ "email": "New@Example.com" })).await;
    assert_eq!(again.problem(), (409, "user_exists".to_owned()));
    let listed = owner.get("/users").await.expect(200);
    assert_eq!(listed["items"].as_array().unwrap().len(), 2);
    assert!(!listed.to_string().contains("token") && !listed.to_string().contains("link"));
}

async fn of_fifty_activations_of_one_link_one_succeeds(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let invited = app.stranger("new@example.com");
    let token = app.invite(&invited).await;
    let answers = fifty(&invited, "/activation", json!({ "token": token, "password": PASSWORD })).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        assert_eq!(answer.problem(), (403, "link".to_owned()));
    }
    assert_eq!(app.count("SELECT count(*) FROM sessions").await, 2, "the owner's and the new one");
}

async fn r_auth_8_bad_passwords_are_refused_in_words_and_spend_nothing(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let (anonymous, token) = (app.anonymous(), app.setup_token());
    let long = "correct horse ".repeat(80);
    for (password, says) in [
        ("short", "12 characters"),
        ("passwordpassword", "easy to guess"),
        ("123456789012", "easy to guess"),
        ("first@example.com", "built of your name"),
        ("temps.localhost", "built of your name"),
        (long.as_str(), "1,024 bytes"),
    ] {
        let mut body = first_user(&token);
        body["password"] = json!(password);
        let refused = anonymous.post("/setup", body).await;
        assert_eq!((refused.status, refused.fields()), (422, vec!["password".to_owned()]), "{password}");
        assert!(refused.text().contains(says), "{password}: {}", refused.text());
        assert!(!refused.text().contains(password), "the password is repeated");
    }
    let mut body = first_user(&token);
    body["password"] = json!("Ünïcode wörds ﬁt in höre");
    anonymous.post("/setup", body).await.expect(201);
    let composed = "U\u{308}ni\u{308}code wo\u{308}rds fit in ho\u{308}re";
    app.stranger("first@example.com").log_in_with(composed).await.expect(201);
}
