//! The program: configuration, command line, and the wiring of edge and control plane.
#![forbid(unsafe_code)]

pub mod access;
mod built_in;
pub mod cli;
pub mod config;
pub mod instance;
pub mod logging;
pub mod metrics;
pub mod process;
mod program;
pub mod units;
