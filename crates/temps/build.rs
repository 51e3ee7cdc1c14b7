//! Builds the program anew when the dashboard was built anew.

fn main() {
    println!("cargo:rerun-if-changed=../../dashboard/build");
    println!("cargo:rerun-if-changed=../../examples/site");
}
