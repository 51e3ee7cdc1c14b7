//! How many connections and files this process may have open.

use std::io;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Fewer than this are used up by a few hundred visitors of an application.
const FEW: u64 = 4096;

/// Raises the limit of open files to the highest that the operator allows, and says so if that is low.
///
/// # Errors
/// If the kernel refuses, which it does not for a limit that is allowed.
pub fn raise_file_limit() -> io::Result<()> {
    let allowed = getrlimit(Resource::Nofile).maximum;
    setrlimit(Resource::Nofile, Rlimit { current: allowed, maximum: allowed })?;
    if let Some(files) = allowed.filter(|files| *files < FEW) {
        tracing::warn!(files, "few connections can be open at once; raise the limit of open files (LimitNOFILE)");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_files_as_are_allowed_may_be_open() {
        let allowed = getrlimit(Resource::Nofile).maximum;
        setrlimit(Resource::Nofile, Rlimit { current: Some(256), maximum: allowed }).unwrap();
        raise_file_limit().unwrap();
        assert_eq!(getrlimit(Resource::Nofile).current, allowed);
    }
}
