//! Guesses at passwords: counted, priced, delayed, and nobody locked out.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use temps_control::{
    access::Access,
    guesses::{Factor, Origin},
    router::routes,
};
use temps_model::{Clock, SystemClock};
use temps_testkit::{
    TestApp, TestDatabase,
    app::{Answer, DEVICE, PASSWORD, codes::solve},
    on_both_databases,
};
use tokio::task::JoinSet;

on_both_databases!(
    r_auth_2_a_guess_is_counted_before_it_is_looked_at_and_a_restart_forgets_none,
    r_sess_3_strangers_who_guess_pay_and_wait_and_the_owner_gets_in_from_a_known_device,
    r_sess_3_who_changes_their_password_while_strangers_guess_still_gets_in,
    r_sess_4_whoever_guesses_too_early_learns_nothing_from_the_right_password,
    proofs_of_work_are_taken_once_and_only_for_what_was_asked,
);

#[test]
fn r_auth_2_every_route_that_takes_a_secret_has_its_counters() {
    let takes_a_secret = |schema: &Value| {
        let properties = schema["properties"].as_object().cloned().unwrap_or_default();
        ["password", "code", "recovery_code", "token", "credential"].iter().any(|name| properties.contains_key(*name))
    };
    let document: Value = serde_json::from_str(&temps_control::openapi::document(&routes()).to_string()).unwrap();
    for route in routes() {
        let operation = &document["paths"][route.path][route.method.as_str().to_lowercase()];
        let reference = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].as_str();
        let Some(name) = reference.and_then(|text| text.rsplit('/').next()) else { continue };
        let secret = takes_a_secret(&document["components"]["schemas"][name]);
        let guessed = secret && route.path != "/api/v1/me/password";
        assert_eq!(guessed, !route.counts.is_empty(), "{} {} ({name})", route.method, route.path);
    }
    let public = routes().into_iter().filter(|route| route.method != "GET");
    for route in public.filter(|route| matches!(route.access, Access::Public | Access::HalfAuthenticated)) {
        assert!(!route.counts.is_empty(), "{} {} can be guessed at and counts nothing", route.method, route.path);
    }
    assert!(Factor::ALL.iter().all(|factor| !factor.name().is_empty()));
}

async fn r_auth_2_a_guess_is_counted_before_it_is_looked_at_and_a_restart_forgets_none(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let owner = app.owner().await;
    let email = owner.email().to_owned();
    app.user("known").await;
    let stranger = app.anonymous();
    let guess = async |spelling: &str| {
        stranger.post("/session", json!({ "email": spelling, "password": "wrong wrong wrong" })).await.problem().1
    };
    for spelling in [email.as_str(), " OWNER@example.com ", "Owner@EXAMPLE.com", "ｏｗｎｅｒ@example.com", &email]
    {
        assert_eq!(guess(spelling).await, "login_failed");
    }
    assert_eq!(guess(&email).await, "proof_of_work", "five spellings, one counter");
    let app = app.restart().await;
    let stranger = app.anonymous();
    let answer = stranger.post("/session", json!({ "email": email, "password": "wrong wrong wrong" })).await;
    assert_eq!(answer.problem(), (429, "proof_of_work".to_owned()));
    // An address that nobody has is counted alike.
    for n in 0..6 {
        let answer =
            app.anonymous().post("/session", json!({ "email": "nobody+a@example.com", "password": "x" })).await;
        assert_eq!(answer.problem().1, if n < 5 { "login_failed" } else { "proof_of_work" });
    }
    let answer = app.anonymous().post("/session", json!({ "email": "NOBODY+b@example.com", "password": "x" })).await;
    assert_eq!(answer.problem().1, "proof_of_work");
    // Neither does a spelling tell the two apart.
    for (tagged, plain) in
        [("known+x@example.com", "known@example.com"), ("unknown+x@example.com", "unknown@example.com")]
    {
        let login = async |email: &str| {
            let body = json!({ "email": email, "password": "wrong wrong wrong" });
            app.stranger("x@example.com").post("/session", body).await.problem().1
        };
        for _ in 0..5 {
            assert_eq!(login(tagged).await, "login_failed");
        }
        assert_eq!(login(plain).await, "proof_of_work", "{plain}");
    }
    // Fifty at a time are fifty.
    let mut attempts = JoinSet::new();
    for _ in 0..50 {
        let person = app.stranger("somebody-else@example.com");
        attempts.spawn(async move { person.log_in_with("wrong wrong wrong").await.problem().1 });
    }
    let answers = attempts.join_all().await;
    assert_eq!(answers.iter().filter(|code| *code == "login_failed").count(), 5, "{answers:?}");
}

async fn r_sess_3_strangers_who_guess_pay_and_wait_and_the_owner_gets_in_from_a_known_device(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let owner = app.owner().await;
    let mut looked_at = 0;
    for n in 0..40_u8 {
        let stranger = owner.elsewhere().at([127, 9, n, 1]);
        let answer = stranger.log_in_paying("wrong wrong wrong").await;
        assert_eq!(answer.problem(), (401, "login_failed".to_owned()));
        looked_at += 1;
    }
    assert_eq!(looked_at, 40, "all are answered alike, whether they counted or not");
    let counted = app
        .count(
            "SELECT CAST(MAX(thousandths) / 1000 AS BIGINT) FROM guess_counts WHERE bucket LIKE 'password account %'",
        )
        .await;
    assert!((10..=20).contains(&counted), "{counted}");
    assert_eq!(owner.elsewhere().log_in_paying(PASSWORD).await.status, 401, "a stranger's device, too early");
    let known = owner.with_own_jar();
    known.keep(temps_testkit::app::SESSION, None);
    known.log_in().await.expect(201);
    // A device is known for one account only.
    let user = app.user("user").await;
    let borrowed = owner.elsewhere();
    borrowed.keep(DEVICE, user.kept(DEVICE).as_deref());
    assert_eq!(borrowed.log_in().await.problem().1, "proof_of_work");
}

async fn r_sess_3_who_changes_their_password_while_strangers_guess_still_gets_in(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let owner = app.owner().await;
    for n in 0..12_u8 {
        owner.elsewhere().at([127, 9, n, 2]).log_in_paying("wrong wrong wrong").await.expect(401);
    }
    owner.put("/me/password", json!({ "password": "another battery and more staples" })).await.expect(204);
    owner.delete("/sessions").await.expect(200);
    owner.delete("/session").await.expect(204);
    owner.log_in_with("another battery and more staples").await.expect(201);
}

async fn r_sess_4_whoever_guesses_too_early_learns_nothing_from_the_right_password(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let owner = app.owner().await;
    let stranger = owner.elsewhere();
    for _ in 0..6 {
        stranger.log_in_paying("wrong wrong wrong").await.expect(401);
    }
    let soon = app.clock.now().after(Duration::from_secs(60)).micros();
    app.execute(&format!("UPDATE guess_counts SET not_before = {soon} WHERE bucket LIKE 'password account %'")).await;
    let early = |answer: &Answer| {
        let cookies: Vec<String> = answer.all("set-cookie").iter().map(|line| (*line).to_owned()).collect();
        (answer.status, answer.text().replace(answer.request_id(), "ID"), cookies)
    };
    let wrong = early(&stranger.log_in_paying("wrong wrong wrong").await);
    let right = early(&stranger.log_in_paying(PASSWORD).await);
    assert_eq!(wrong, right);
    app.clock.advance(Duration::from_secs(61));
    assert_eq!(stranger.log_in_paying(PASSWORD).await.status, 201, "in time it is right");
}

async fn proofs_of_work_are_taken_once_and_only_for_what_was_asked(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let owner = app.owner().await;
    let stranger = owner.elsewhere();
    let attempt = async |proof: Value| {
        let body = json!({ "email": owner.email(), "password": "wrong wrong wrong", "proof": proof });
        stranger.post("/session", body).await
    };
    for _ in 0..5 {
        attempt(Value::Null).await.expect(401);
    }
    let challenge = attempt(Value::Null).await.expect(429)["challenge"].clone();
    let proof = solve(&challenge);
    let forged = |pointer: &str, value: Value| {
        let mut payload: Value = serde_json::from_slice(&STANDARD.decode(&proof).unwrap()).unwrap();
        *payload.pointer_mut(pointer).unwrap() = value;
        STANDARD.encode(payload.to_string())
    };
    for bad in [
        String::new(),
        "?".to_owned(),
        "e30=".to_owned(),
        "A".repeat(9_000),
        forged("/challenge/parameters/cost", json!(1)),
        forged("/challenge/parameters/data/expires", json!(i64::MAX)),
        forged("/challenge/parameters/data/level", json!(5)),
        forged("/challenge/signature", json!(null)),
        forged("/solution/derivedKey", json!("00")),
    ] {
        assert_eq!(attempt(json!(bad)).await.problem().1, "proof_of_work", "{bad}");
    }
    attempt(json!(proof)).await.expect(401);
    assert_eq!(attempt(json!(proof)).await.problem().1, "proof_of_work", "spent");
    let late = solve(&attempt(Value::Null).await.expect(429)["challenge"]);
    app.clock.advance(Duration::from_secs(301));
    assert_eq!(attempt(json!(late)).await.problem().1, "proof_of_work", "too old");
}

/// The table in the documentation is the one that the router makes.
#[test]
fn r_auth_2_the_documentation_has_the_counters_of_every_route() {
    let rows: String = routes()
        .iter()
        .filter(|route| !route.counts.is_empty())
        .map(|route| {
            let of = |factor: &Factor| {
                let origins = [Origin::Account, Origin::Device, Origin::Session, Origin::Network, Origin::Everybody];
                let told = origins.into_iter().filter_map(|origin| {
                    let limits = factor.limits(origin);
                    let price = (limits.priced_from < u32::MAX).then(|| format!("price from {}", limits.priced_from));
                    let delay = (limits.delayed_from < u32::MAX)
                        .then(|| format!("delay from {} up to {} s", limits.delayed_from, limits.longest.as_secs()));
                    let both: Vec<String> = price.into_iter().chain(delay).collect();
                    (!both.is_empty()).then(|| format!("{}: {}", origin.name(), both.join(", ")))
                });
                format!("**{}** {}", factor.name(), told.collect::<Vec<_>>().join("; "))
            };
            let counters: Vec<String> = route.counts.iter().map(of).collect();
            format!("| `{} {}` | {} |\n", route.method, route.path, counters.join("<br>"))
        })
        .collect();
    let table = format!("<!-- counters -->\n| route | counters |\n|---|---|\n{rows}");
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/security/login.md");
    let document = std::fs::read_to_string(path).unwrap();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        let (before, _) = document.split_once("<!-- counters -->").unwrap();
        std::fs::write(path, format!("{before}{table}")).unwrap();
        return;
    }
    assert!(document.ends_with(&table), "run this test with UPDATE_DOCS=1; the table is\n{table}");
}

/// How long failed logins take for an address that somebody has and one that nobody has, measured in turn.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes; `make soak` runs it"]
async fn r_auth_7_known_and_unknown_addresses_take_the_same_time() {
    const EACH: usize = 1_000;
    let app = TestApp::start(TestDatabase::sqlite()).await;
    let owner = app.owner().await;
    let stranger = app.anonymous();
    let mut times = [Vec::new(), Vec::new()];
    for n in 0..2 * EACH {
        app.execute("DELETE FROM guess_counts").await;
        let email = if n % 2 == 0 { owner.email() } else { "nobody@example.com" };
        let begun = SystemClock.monotonic();
        let answer = stranger.post("/session", json!({ "email": email, "password": "wrong wrong wrong" })).await;
        times[n % 2].push(SystemClock.monotonic().duration_since(begun));
        answer.expect(401);
    }
    times.iter_mut().for_each(|times| times.sort_unstable());
    let [known, unknown] = times;
    let below = |times: &[Duration], limit: &Duration| times.partition_point(|time| time <= limit) as f64 / EACH as f64;
    let gaps = known.iter().chain(&unknown).map(|limit| (below(&known, limit) - below(&unknown, limit)).abs());
    let ks = gaps.fold(0.0, f64::max);
    println!(
        "{EACH} of each: medians {:?} known, {:?} unknown; Kolmogorov-Smirnov statistic {ks:.3}",
        known[EACH / 2],
        unknown[EACH / 2]
    );
    // By chance it is above 0.087 once in a thousand times (two samples of 1,000).
    assert!(ks < 0.12, "{ks}");
}
