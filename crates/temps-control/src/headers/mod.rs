//! Which security headers a project's sites send. What they mean stands with the protection in `temps-policy`.

pub mod api;
pub mod live;
mod store;
mod wire;

pub use wire::HeaderSettingsBody;

#[cfg(test)]
mod tests;
