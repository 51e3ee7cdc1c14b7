//! PostgreSQL: one pool that writes and one that can only read.

use std::{net::IpAddr, time::Duration};

use sea_orm::{DatabaseConnection, SqlxPostgresConnector};
use sqlx::{
    ConnectOptions, Connection,
    postgres::{PgConnectOptions, PgPoolOptions, PgSslMode},
};

use super::Connections;

const WRITERS: u32 = 10;
const READERS: u32 = 10;

/// A database on a server.
pub(crate) struct Postgres {
    options: PgConnectOptions,
}

impl Postgres {
    /// Reads `postgres://user@host/database?…`. Unless the URL itself says how far to trust the connection, a server on
    /// another machine has to prove its name with a certificate.
    pub fn new(url: &str) -> Result<Self, sqlx::Error> {
        let mut options: PgConnectOptions = url.parse()?;
        let local = options.get_socket().is_some() || is_local(options.get_host());
        if !says_ssl_mode(url) && !local {
            options = options.ssl_mode(PgSslMode::VerifyFull);
        }
        Ok(Self { options: options.application_name("temps") })
    }

    /// A single connection on which the server refuses to write. It is tried outside a pool first: a pool goes on
    /// trying and then tells only that it gave up, not why.
    pub async fn inspect(&self) -> Result<DatabaseConnection, sqlx::Error> {
        self.reading().connect().await?.close().await?;
        pool(1, self.reading()).await
    }

    pub async fn migrator(&self) -> Result<DatabaseConnection, sqlx::Error> {
        pool(1, self.options.clone()).await
    }

    pub async fn connect(&self) -> Result<Connections, sqlx::Error> {
        let writer = pool(WRITERS, self.options.clone()).await?;
        let reader = pool(READERS, self.reading()).await?;
        Ok(Connections { writer, reader })
    }

    fn reading(&self) -> PgConnectOptions {
        self.options.clone().options([("default_transaction_read_only", "on")])
    }
}

async fn pool(connections: u32, options: PgConnectOptions) -> Result<DatabaseConnection, sqlx::Error> {
    let pool = PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(Duration::from_secs(5))
        .connect_with(options)
        .await?;
    Ok(SqlxPostgresConnector::from_sqlx_postgres_pool(pool))
}

fn says_ssl_mode(url: &str) -> bool {
    url::Url::parse(url).is_ok_and(|url| url.query_pairs().any(|(key, _)| matches!(&*key, "sslmode" | "ssl-mode")))
}

fn is_local(host: &str) -> bool {
    host == "localhost"
        || host.starts_with('/')
        || host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(url: &str) -> String {
        format!("{:?}", Postgres::new(url).unwrap().options.get_ssl_mode())
    }

    #[test]
    fn a_server_elsewhere_proves_its_name_unless_the_url_says_otherwise() {
        for remote in ["postgres://temps@db.example.com/temps", "postgres://temps@203.0.113.7/temps?application_name=x"]
        {
            assert_eq!(mode(remote), "VerifyFull", "{remote}");
        }
        for local in
            ["postgres://localhost/temps", "postgres://127.0.0.1/temps", "postgres:///temps?host=/run/postgresql"]
        {
            assert_eq!(mode(local), "Prefer", "{local}");
        }
        assert_eq!(mode("postgres://db.example.com/temps?sslmode=require"), "Require");
        assert_eq!(mode("postgres://localhost/temps?sslmode=verify-full"), "VerifyFull");
    }
}
