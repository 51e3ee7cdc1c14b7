//! Notices, and the mail that carries them.

use std::{fs, os::unix::fs::PermissionsExt};

use serde_json::{Value, json};
use temps::config::MailServer as Address;
use temps_testkit::{
    TestApp, TestDatabase,
    app::{PASSWORD, Person, eventually},
    on_both_databases,
    smtp::{MailServer, Tls},
};
use tokio::task::JoinSet;

on_both_databases!(
    r_sess_5_what_happens_to_an_account_is_told_with_a_link_that_ends_its_sessions,
    r_sess_4_the_owner_is_told_once_that_their_password_was_given_too_early,
    a_mail_server_that_cannot_be_reached_delays_mail_and_breaks_nothing,
);

/// The mails in the outbox, the oldest first.
fn outbox(app: &TestApp) -> Vec<String> {
    let Ok(entries) = fs::read_dir(app.data_dir().join("outbox")) else { return Vec::new() };
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "eml"));
    paths.sort();
    paths.iter().map(|path| fs::read_to_string(path).unwrap()).collect()
}

async fn mails(app: &TestApp, number: usize) -> Vec<String> {
    eventually(&format!("there are {number} mails"), async || outbox(app).len() >= number).await;
    outbox(app)
}

/// Quoted-printable (RFC 2045 §6.7) undone.
fn plain(mail: &str) -> String {
    mail.replace("=\r\n", "").replace("=\n", "").replace("=3D", "=")
}

fn token(mail: &str) -> String {
    let text = plain(mail);
    let (_, rest) = text.split_once("/revoke#token=").unwrap_or_else(|| panic!("{mail}"));
    rest.chars().take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c)).collect()
}

async fn revoke(person: &Person, token: &str) -> (u16, Value) {
    let answer = person.post("/revoke", json!({ "token": token })).await;
    (answer.status, answer.json())
}

async fn r_sess_5_what_happens_to_an_account_is_told_with_a_link_that_ends_its_sessions(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let owner = app.owner().await;
    owner.put("/me/password", json!({ "password": "another battery and more staples" })).await.expect(204);
    let told = mails(&app, 1).await;
    let text = plain(&told[0]);
    assert!(text.contains("Subject: Your password was changed (temps.localhost)"), "{text}");
    assert!(text.contains("To: owner@example.com") && text.contains("From: Temps <temps@example.com>"), "{text}");
    assert!(text.contains(&owner.address().to_string()), "from where");
    assert!(
        text.contains(&format!("{}/revoke#token=", owner.reach().origin)),
        "the configured address, whatever Host says"
    );
    assert!(!text.contains("another battery"));
    let folder = app.data_dir().join("outbox");
    assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
    for entry in fs::read_dir(&folder).unwrap() {
        assert_eq!(entry.unwrap().metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
    assert_eq!(app.count("SELECT count(*) FROM mails").await, 0, "what was sent is gone from the queue");
    // Factors and devices too.
    owner.enrol_totp(&app.clock).await;
    owner.post("/me/recovery-codes", json!({})).await.expect(200);
    owner.delete("/me/totp").await.expect(204);
    let elsewhere = owner.elsewhere();
    elsewhere.log_in_with("another battery and more staples").await.expect(201);
    let all = mails(&app, 5).await.join("\n");
    for subject in [
        "An authenticator was added",
        "New recovery codes",
        "Your authenticator was removed",
        "A login from a new device",
    ] {
        assert!(all.contains(&format!("Subject: {subject}")), "{subject}");
    }
    // The link is looked at as often as scanners like, and spent once.
    let token = token(&told[0]);
    for _ in 0..3 {
        let page = owner.raw("GET", "/revoke").header("accept", "text/html").await;
        assert!(page.status == 200 || page.status == 404, "with or without the dashboard");
    }
    elsewhere.get("/me").await.expect(200);
    assert_eq!(app.anonymous().post("/activation", json!({ "token": token, "password": PASSWORD })).await.status, 403);
    let mut attempts = JoinSet::new();
    for _ in 0..50 {
        let (person, token) = (app.anonymous(), token.clone());
        attempts.spawn(async move { revoke(&person, &token).await.0 });
    }
    let answers = attempts.join_all().await;
    assert_eq!(answers.iter().filter(|status| **status == 204).count(), 1, "{answers:?}");
    owner.get("/me").await.expect(401);
    elsewhere.get("/me").await.expect(401);
    let (status, problem) = revoke(&app.anonymous(), &token).await;
    assert_eq!((status, &problem["code"]), (403, &json!("link")));
    for malformed in ["", "x", &token[1..], &format!("{token}A")] {
        assert_eq!(revoke(&app.anonymous(), malformed).await.0, 403, "{malformed}");
    }
}

async fn r_sess_4_the_owner_is_told_once_that_their_password_was_given_too_early(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let owner = app.owner().await;
    let stranger = owner.elsewhere();
    for _ in 0..6 {
        stranger.log_in_paying("wrong wrong wrong").await.expect(401);
    }
    let soon = temps_model::Clock::now(&app.clock).after(std::time::Duration::from_secs(60)).micros();
    app.execute(&format!("UPDATE guess_counts SET not_before = {soon} WHERE bucket LIKE 'password account %'")).await;
    for _ in 0..3 {
        stranger.log_in_paying(PASSWORD).await.expect(401);
    }
    let told = mails(&app, 1).await;
    assert!(plain(&told[0]).contains("Subject: Your password was given and refused"), "{}", told[0]);
    stranger.log_in_paying(PASSWORD).await.expect(401);
    let logins = owner.get("/me/logins").await.expect(200);
    assert_eq!(logins["items"][0]["attempts"], 10, "{logins}");
    assert_eq!(outbox(&app).len(), 1, "once an hour");
}

async fn a_mail_server_that_cannot_be_reached_delays_mail_and_breaks_nothing(database: TestDatabase) {
    let nobody = "smtps://localhost:9".parse::<Address>().unwrap();
    let app = TestApp::start_with(database, |config| config.mail_server = Some(nobody)).await;
    let owner = app.owner().await;
    assert_eq!(owner.get("/instance").await.expect(200)["mail"]["delayed"], 0);
    owner.put("/me/password", json!({ "password": "another battery and more staples" })).await.expect(204);
    eventually("the administrator is told", async || {
        let mail = owner.get("/instance").await.expect(200)["mail"].clone();
        mail["delayed"] == 1 && mail["failure"].is_string() && mail["since"].is_string() && mail["transport"] == "smtp"
    })
    .await;
    let user = app.user("user").await;
    assert_eq!(user.get("/instance").await.expect(200)["mail"], Value::Null);
    let dump = app.dump().await.join("\n");
    assert!(!dump.contains("revoke#token") && !dump.contains("Your password was changed"), "what it says is sealed");
    app.clock.advance(std::time::Duration::from_secs(2 * 86_400 + 1));
    eventually("it is given up", async || app.count("SELECT count(*) FROM mails").await == 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_server_that_never_answers_does_not_keep_temps_from_stopping() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = silent.local_addr().unwrap().port();
    let address = format!("smtps://localhost:{port}").parse::<Address>().unwrap();
    let app = TestApp::start_with(TestDatabase::sqlite(), |config| config.mail_server = Some(address)).await;
    let owner = app.owner().await;
    owner.put("/me/password", json!({ "password": "another battery and more staples" })).await.expect(204);
    let (_connection, _) = silent.accept().await.unwrap();
    // It would be given up after 20 seconds.
    tokio::time::timeout(std::time::Duration::from_secs(10), app.stop()).await.expect("it stops meanwhile");
}

async fn over_smtp(tls: Tls) {
    let server = MailServer::start(tls);
    let scheme = if tls == Tls::Implicit { "smtps" } else { "smtp" };
    let address = format!("{scheme}://localhost:{}", server.port).parse::<Address>().unwrap();
    let change = |trusted: bool| {
        let (address, authority) = (address.clone(), server.authority());
        move |config: &mut temps::config::Config| {
            config.mail_server = Some(address);
            config.mail_ca = trusted.then_some(authority);
        }
    };
    let stranger = TestApp::start_with(TestDatabase::sqlite(), change(false)).await;
    let person = stranger.owner().await;
    person.put("/me/password", json!({ "password": "another battery and more staples" })).await.expect(204);
    eventually("the certificate is refused", async || {
        person.get("/instance").await.expect(200)["mail"]["failure"].is_string()
    })
    .await;
    assert!(server.inbox().is_empty(), "nothing was sent to whom nobody vouches for");
    let app = TestApp::start_with(TestDatabase::sqlite(), change(true)).await;
    let owner = app.owner().await;
    owner.put("/me/password", json!({ "password": "another battery and more staples" })).await.expect(204);
    eventually("the mail arrives", async || server.inbox().len() == 1).await;
    let mail = &server.inbox()[0];
    assert!(mail.contains("Subject: Your password was changed") && mail.contains("multipart/alternative"), "{mail}");
    assert_eq!(revoke(&app.anonymous(), &token(mail)).await.0, 204);
    owner.get("/me").await.expect(401);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mail_goes_over_tls_to_a_server_whose_certificate_is_verified() {
    over_smtp(Tls::Implicit).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mail_goes_over_starttls_to_a_server_whose_certificate_is_verified() {
    over_smtp(Tls::Starttls).await;
}
