//! The golden table: every route × every kind of caller, as the running program answers.

use std::fmt::Write;

use temps_control::router::routes;
use temps_testkit::{TestDatabase, on_both_databases};

use crate::cases::World;

on_both_databases!(r_rbac_1_every_route_answers_every_caller_as_the_golden_table_says);

/// 401, 403 and 404 are refusals; anything else means that the caller may. `POST /setup` answers 409 to everybody, because it was done.
async fn r_rbac_1_every_route_answers_every_caller_as_the_golden_table_says(database: TestDatabase) {
    let world = World::start(database).await;
    let mut table = String::new();
    write!(table, "{:76}", "").unwrap();
    for (name, _) in world.callers() {
        write!(table, " {name:>9}").unwrap();
    }
    for route in routes() {
        write!(table, "\n{:6} {:69}", route.method.as_str(), route.path).unwrap();
        for (name, caller) in world.callers() {
            let case = world.case(&route).await;
            let answer = world.call(&case, caller).await;
            write!(table, " {:>1$}", answer.status, name.len().max(9)).unwrap();
        }
    }
    let table = table.lines().map(str::trim_end).collect::<Vec<_>>().join("\n");
    insta::with_settings!({ snapshot_path => "golden", prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("access", table);
    });
}
