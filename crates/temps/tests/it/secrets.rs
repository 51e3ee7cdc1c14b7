//! What lies on the disk: nothing that opens anything (R-SEC-1), and nothing that can be moved elsewhere (R-SEC-2).

use std::{
    fs,
    io::{Read, Write},
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use base64::{Engine, engine::general_purpose};
use flate2::{Compression, read::MultiGzDecoder, write::DeflateEncoder};
use memchr::memmem;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};
use serde_json::json;
use temps::logging::{LogLayer, Style};
use temps_control::router::routes;
use temps_db::{
    entities::{certificate, instance_secret, user},
    vault::{Place, SealedBytes},
};
use temps_testkit::{
    TestApp, TestDatabase,
    app::{PASSWORD, RunningClock},
    on_both_databases,
};
use tracing_subscriber::{layer::SubscriberExt, util::SubscriberInitExt};

use crate::cases::World;

on_both_databases!(
    r_sec_1_a_used_data_directory_holds_no_secret_in_any_form,
    r_sec_2_a_sealed_value_opens_in_its_own_place_only,
);

/// A secret and what it is.
type Secret = (String, Vec<u8>);

/// What the vault holds, opened.
async fn sealed(app: &TestApp) -> Vec<Secret> {
    let (read, vault) = (app.store().read(), app.store().vault());
    let open =
        async |place: &Place, value: &SealedBytes| vault.open(read, place, value).await.unwrap().expose().clone();
    let mut secrets = Vec::new();
    for row in user::Entity::find().all(read).await.unwrap() {
        if let Some(hash) = &row.password_hash {
            secrets.push((
                format!("password hash of {}", row.email),
                open(&Place::new(user::Column::PasswordHash, row.id), hash).await,
            ));
        }
    }
    for row in certificate::Entity::find().all(read).await.unwrap() {
        secrets.push((
            format!("key of {}", row.host),
            open(&Place::new(certificate::Column::Key, row.id), &row.key).await,
        ));
    }
    for row in instance_secret::Entity::find().all(read).await.unwrap() {
        let place = Place::new(instance_secret::Column::Value, &row.name);
        secrets.push((row.name.clone(), open(&place, &row.value).await));
    }
    secrets
}

/// The forms in which a secret could be written down.
fn forms(secret: &[u8]) -> Vec<Vec<u8>> {
    let mut forms = vec![secret.to_vec()];
    let hex: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    forms.push(hex.to_uppercase().into_bytes());
    forms.push(hex.into_bytes());
    // Within a longer value base64 looks different at each of three offsets; the ends depend on what is beside it.
    for offset in 0..3 {
        let padded = [&vec![0; offset], secret].concat();
        for alphabet in [&general_purpose::STANDARD_NO_PAD, &general_purpose::URL_SAFE_NO_PAD] {
            let text = alphabet.encode(&padded);
            let (from, until) = ([0, 2, 3][offset], text.len() - 1);
            forms.push(text.as_bytes()[from..until].to_vec());
        }
    }
    let mut deflated = DeflateEncoder::new(Vec::new(), Compression::default());
    deflated.write_all(secret).unwrap();
    forms.push(deflated.finish().unwrap());
    forms
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// The content of every file, and of what is compressed in it.
fn contents(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut contents = Vec::new();
    for path in files(folder).into_iter().filter(|path| path.file_name().is_some_and(|name| name != "master.key")) {
        let Ok(bytes) = fs::read(&path) else { continue };
        let mut unpacked = Vec::new();
        if MultiGzDecoder::new(&bytes[..]).read_to_end(&mut unpacked).is_ok() {
            contents.push((format!("{} unpacked", path.display()), unpacked));
        }
        contents.push((path.display().to_string(), bytes));
    }
    contents
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    memmem::find(haystack, needle).is_some()
}

fn assert_clean(place: &str, contents: &[(String, Vec<u8>)], secrets: &[Secret]) {
    for (what, secret) in secrets {
        for (form, needle) in forms(secret).iter().enumerate() {
            for (file, bytes) in contents {
                assert!(!contains(bytes, needle), "{file} holds the {what} in form {form} ({place})");
            }
        }
    }
}

async fn r_sec_1_a_used_data_directory_holds_no_secret_in_any_form(database: TestDatabase) {
    let world = World::start(database).await;
    let mut secrets: Vec<Secret> = vec![("password".to_owned(), PASSWORD.into())];
    let setup_token = world.app.setup_token();
    for route in routes().into_iter().filter(|route| route.path != "/api/v1/setup") {
        let case = world.case(&route).await;
        let caller =
            if route.path.contains("/instance") || route.path.contains("/users") || route.path.contains("v1/audit") {
                &world.administrator
            } else {
                &world.owner
            };
        assert!(world.call(&case, caller).await.status < 500, "{}", route.path);
    }
    let (_, codes) = world.viewer.enrol_totp(&world.app.clock).await;
    secrets.extend(codes.into_iter().map(|code| ("recovery code".to_owned(), code.into_bytes())));
    world.owner.deploy("shop", &[("index.html", "a page"), ("big.txt", &"compressible ".repeat(1_000))]).await;
    world.owner.log_in_with("a wrong password that was typed").await.expect(401);
    let link = world.app.invite(&world.app.stranger("last@example.com")).await;
    let mut tokens = vec![("setup token", setup_token), ("link token", link)];
    tokens.extend(world.callers().into_iter().filter_map(|(name, person)| Some((name, person.token()?))));
    for (what, token) in tokens {
        secrets.push((format!("{what}, as bytes"), general_purpose::URL_SAFE_NO_PAD.decode(&token).unwrap()));
        secrets.push((what.to_owned(), token.into_bytes()));
    }
    secrets.push(("wrong password".to_owned(), b"a wrong password that was typed".to_vec()));
    let vault = sealed(&world.app).await;
    assert!(vault.len() > 10, "hashes, keys of certificates and of both authorities");
    secrets.extend(vault);
    let folder = world.app.data_dir().to_owned();
    let master = fs::read_to_string(folder.join("master.key")).unwrap().trim().to_owned();
    secrets.push(("master key".to_owned(), general_purpose::STANDARD.decode(&master).unwrap()));

    let running = contents(&folder);
    let dumped = vec![("the database".to_owned(), world.app.dump().await.join("\n").into_bytes())];
    assert_clean("while it runs", &running, &secrets);
    assert_clean("in its rows", &dumped, &secrets);
    assert!(contains(&dumped[0].1, b"owner@example.com"), "the search finds what is there");
    let _kept = world.app.stop().await;
    assert_clean("when it has stopped", &contents(&folder), &secrets);
    let found =
        |text: &[u8]| contents(&folder).iter().any(|(name, bytes)| name.ends_with("unpacked") && contains(bytes, text));
    assert!(found(b"compressible compressible"), "the search looks into what is compressed");
}

/// Gives each of two users the other's hash.
async fn swap_hashes(app: &TestApp) {
    let users = user::Entity::find().all(app.store().read()).await.unwrap();
    let transaction = app.store().begin().await.unwrap();
    for (own, other) in [(&users[0], &users[1]), (&users[1], &users[0])] {
        let changed = user::ActiveModel { password_hash: Set(other.password_hash.clone()), ..Default::default() };
        user::Entity::update_many().set(changed).filter(user::Column::Id.eq(own.id)).exec(&transaction).await.unwrap();
    }
    transaction.commit().await.unwrap();
}

async fn r_sec_2_a_sealed_value_opens_in_its_own_place_only(database: TestDatabase) {
    let log = Arc::new(Mutex::new(String::new()));
    let written = Arc::clone(&log);
    let layer = LogLayer::new(Style::Json, Arc::new(RunningClock::default()), move |line: &str| {
        written.lock().unwrap().push_str(line)
    });
    let _ =
        tracing_subscriber::registry().with(tracing_subscriber::EnvFilter::new("security=info")).with(layer).try_init();
    let app = TestApp::start(database).await;
    let (owner, user) = (app.owner().await, app.user("user").await);
    owner.create_project("shop").await;
    owner.deploy("shop", &[("index.html", "hi")]).await;
    swap_hashes(&app).await;
    for person in [&owner, &user] {
        let failed = person.elsewhere().log_in().await;
        assert_eq!(failed.problem(), (500, "internal".to_owned()), "the same password, another's hash");
        assert!(!failed.text().contains("password_hash"));
    }
    let events = |log: &str| log.matches("sealed_value_tampered").count();
    assert_eq!(events(&log.lock().unwrap()), 2, "{}", log.lock().unwrap());
    swap_hashes(&app).await;
    owner.elsewhere().log_in().await.expect(201);

    let cut = "UPDATE users SET password_hash = substr(password_hash, 1, length(password_hash) - 1)";
    app.execute(&format!("{cut} WHERE email = '{}'", user.email())).await;
    assert_eq!(user.elsewhere().log_in().await.status, 500);
    // The key of one certificate in the row of another: that name gets the default one, and the console goes on.
    let key = "(SELECT key FROM certificates WHERE host = 'temps.localhost')";
    app.execute(&format!("UPDATE certificates SET key = {key} WHERE host = 'shop.localhost'")).await;
    let app = app.restart().await;
    assert_eq!(app.misdirected("shop.localhost").await, 200, "served with the default certificate");
    assert_eq!(app.anonymous().raw("GET", "/healthz").await.status, 200);
    assert!(events(&log.lock().unwrap()) >= 4, "{}", log.lock().unwrap());
    assert_eq!(app.anonymous().post("/session", json!({ "email": "x", "password": "y" })).await.status, 401);
}
