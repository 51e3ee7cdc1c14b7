//! A full disk: changes are refused and say why, sites go on.

use std::net::Ipv4Addr;

use serde_json::{Value, json};
use temps_testkit::{
    Program,
    app::{Answer, Person, archive},
    program::{Server, files_below},
};

/// Room for a database and a few small sites.
const DISK: u64 = 24 << 20;
/// More projects than the log of the database has room for when the disk is full.
const PATIENCE: usize = 190;

fn program() -> Program {
    Program::on_small_disk(env!("CARGO_BIN_EXE_temps"), DISK)
}

/// A file that no compression makes smaller and no cache keeps.
fn noise(bytes: usize) -> String {
    let mut noise = vec![0; bytes];
    aws_lc_rs::rand::fill(&mut noise).unwrap();
    noise.iter().map(|byte| char::from(b'!' + byte % 90)).collect()
}

fn is_refused_for_the_disk(answer: &Answer) -> bool {
    if answer.status != 507 {
        return false;
    }
    let problem = answer.json();
    assert_eq!(problem["code"], "disk_full");
    assert!(problem["detail"].as_str().unwrap().contains("nothing was saved. Sites keep being served"), "{problem}");
    assert_eq!(problem["request_id"], answer.request_id());
    true
}

/// Creates projects until the disk has no room for a further one; how many were acknowledged. The log of the database has room left for some.
async fn exhaust(owner: &Person) -> usize {
    for number in 0..PATIENCE {
        let answer = owner.post("/projects", json!({ "slug": format!("late-{number}") })).await;
        if is_refused_for_the_disk(&answer) {
            return number;
        }
        answer.expect(201);
    }
    panic!("the disk is full, and yet {PATIENCE} projects were created");
}

async fn serves(server: &Server, large: &str) {
    assert_eq!(server.get("shop.localhost", "/").await.text(), "hi");
    assert_eq!(server.get("shop.localhost", "/large.bin").await.text(), large);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_refuses_changes_and_goes_on_serving() {
    let program = program();
    let server = program.serve(&[]);
    let owner = server.set_up().await;
    owner.create_project("shop").await;
    let large = noise(3 << 20);
    owner.deploy("shop", &[("index.html", "hi"), ("large.bin", &large)]).await;

    program.disk().fill();
    let made = exhaust(&owner).await;
    program.disk().fill();

    let upload = archive::tar_gz(&[("index.html", "new"), ("large.bin", &noise(200 << 10))]);
    let deployed = owner.call("POST", "/projects/shop/deployments").archive(&upload, None).await;
    assert!(is_refused_for_the_disk(&deployed), "{} {}", deployed.status, deployed.text());
    assert_eq!(files_below(&program.data_dir().join("tmp")), [], "what was refused leaves nothing");
    let networks =
        (0..5_000).map(|number| Ipv4Addr::from_bits(Ipv4Addr::new(198, 18, 0, 0).to_bits() + number).to_string());
    let entries: Vec<Value> = networks.map(|network| json!({ "action": "block", "network": network })).collect();
    let ruled = owner.post("/projects/shop/firewall/rules", json!({ "entries": entries })).await;
    assert!(is_refused_for_the_disk(&ruled), "{} {}", ruled.status, ruled.text());
    // There may be room for something as small as these; what the answer says is true.
    let staging = owner.post("/projects/shop/environments", json!({ "slug": "staging" })).await;
    let headers = owner.put("/projects/shop/headers", json!({ "preset": "strict" })).if_match("*").await;
    let login = owner.elsewhere().log_in().await;
    for answer in [&staging, &headers, &login] {
        assert!(answer.is_success() || is_refused_for_the_disk(answer), "{} {}", answer.status, answer.text());
    }

    serves(&server, &large).await;
    owner.get("/me").await.expect(200);
    let count = async |path: &str| owner.get(path).await.expect(200)["items"].as_array().unwrap().len();
    assert_eq!(count("/projects?limit=200").await, 1 + made);
    assert_eq!(count("/projects/shop/deployments").await, 1);
    assert_eq!(count("/projects/shop/firewall/rules").await, 0);
    assert_eq!(count("/projects/shop/environments").await, if staging.is_success() { 2 } else { 1 });
    let preset = owner.get("/projects/shop/headers").await.expect(200)["preset"].clone();
    assert_eq!(preset, if headers.is_success() { "strict" } else { "standard" });
    let audit = owner.get("/projects/shop/audit").await;
    assert!(
        audit.status == 200 || is_refused_for_the_disk(&audit),
        "that it was read has to be recorded: {}",
        audit.text()
    );

    program.disk().make_room();
    owner.create_project("after").await;
    owner.call("POST", "/projects/shop/deployments").archive(&upload, None).await.expect(201);
    assert_eq!(server.get("shop.localhost", "/").await.text(), "new");
    let (code, log) = server.stop();
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("the disk is full"), "{log}");
    program.done(&["audit", "verify"]);

    let server = program.serve(&[]);
    let owner = server.owner().await;
    let projects = owner.get("/projects?limit=200").await.expect(200);
    assert_eq!(projects["items"].as_array().unwrap().len(), 2 + made, "all that were acknowledged");
    assert_eq!(server.get("shop.localhost", "/").await.text(), "new");
}

/// The operator may stop a Temps on a full disk. It starts again if its end left the index of the database's log; without, it says that there is no
/// room for a new one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_temps_on_a_full_disk_ends_well_and_starts_when_there_is_room() {
    let program = program();
    let server = program.serve(&[]);
    let owner = server.set_up().await;
    owner.create_project("shop").await;
    owner.deploy("shop", &[("index.html", "hi")]).await;
    program.disk().fill();
    exhaust(&owner).await;
    assert_eq!(server.stop().0, Some(0));

    program.disk().fill();
    match program.begin_to_serve(&[]).ready() {
        Ok(server) => {
            assert_eq!(server.get("shop.localhost", "/").await.text(), "hi");
            assert_eq!(server.stop().0, Some(0));
        }
        Err(complaint) => assert!(complaint.contains("the disk of the database is full"), "{complaint}"),
    }
    program.disk().make_room();
    let server = program.serve(&[]);
    assert_eq!(server.get("shop.localhost", "/").await.text(), "hi");
    server.owner().await.create_project("after").await;
}
