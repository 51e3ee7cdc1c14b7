//! Killed with -9 while it starts for the first time.

use temps_model::{Clock, SystemClock};
use temps_testkit::{TestDatabase, database::Location, on_both_databases};

use super::program_on;

on_both_databases!(a_first_start_that_was_killed_can_be_repeated);

/// Moments within a first start at which it is killed.
const MOMENTS: u32 = 10;

/// Key, schema, authorities and token are made one after another; whichever of them were made, the next start goes on from there.
async fn a_first_start_that_was_killed_can_be_repeated(database: TestDatabase) {
    let is_sqlite = matches!(database.location(), Location::Sqlite(_));
    let new = || program_on(if is_sqlite { TestDatabase::sqlite() } else { TestDatabase::postgres() });

    let begun = SystemClock.monotonic();
    // Kept, so that the cluster of its database lasts for all.
    let first = program_on(database);
    first.serve(&[]).kill();
    let whole = SystemClock.monotonic().duration_since(begun);
    for moment in 0..MOMENTS {
        let program = new();
        let server = program.begin_to_serve(&[]);
        tokio::time::sleep(whole * moment / MOMENTS).await;
        server.kill();
        let server = program.serve(&[]);
        let owner = server.set_up().await;
        owner.create_project("shop").await;
        owner.deploy("shop", &[("index.html", "hi")]).await;
        assert_eq!(server.get("shop.localhost", "/").await.text(), "hi", "killed at {moment}/{MOMENTS} of {whole:?}");
        server.stop();
        program.done(&["audit", "verify"]);
    }
}
