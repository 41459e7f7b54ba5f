//! `PyExperimenter`'s credentials file: server, user and password.

use std::path::Path;

use experimenter_diesel::Target;

use super::section::{Document, Section};
use super::{DEFAULT_CREDENTIALS, DatabaseConfig, read_file};
use crate::mistake::{Mistake, Place};

/// A credentials file.
#[derive(Clone)]
pub(crate) struct Credentials {
    file: String,
    user: String,
    password: String,
    /// Where the database is reached without a tunnel: `host` or `host:port`.
    server: Option<String>,
    tunnel: Tunnel,
}

/// What the file says of a tunnel.
#[derive(Debug, Clone, Default)]
struct Tunnel {
    /// The host to log in to.
    address: Option<String>,
    /// Its port, if it is not the usual one.
    port: Option<String>,
    /// The database as seen from there.
    remote_address: Option<String>,
    remote_port: Option<String>,
    local_port: Option<String>,
}

/// Without the password.
impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials").field("file", &self.file).field("server", &self.server).finish_non_exhaustive()
    }
}

impl Credentials {
    /// Reads the file that the user named, or the one in the usual place.
    ///
    /// # Errors
    /// When it is not there, and for the first mistake in it.
    pub(crate) fn find(named: Option<&Path>) -> Result<Self, Mistake> {
        let path = named.unwrap_or(Path::new(DEFAULT_CREDENTIALS));
        let file = path.display().to_string();
        if !path.exists() {
            return Err(Mistake::new(
                format!("there is no file {file} with the user and password of the database"),
                "write it, name another by `--credentials FILE`, or name the database by `--database` or \
                 EXPERIMENTER_DATABASE",
            ));
        }
        Self::parse(&file, &read_file(path)?, &super::environment)
    }

    pub(crate) fn parse(file: &str, text: &str, environment: &dyn Fn(&str) -> Option<String>) -> Result<Self, Mistake> {
        let document = Document::parse(file, text, "CREDENTIALS", environment)?;
        let top = document.section();
        top.only(&["Database", "Connection"])?;
        let database = needed(&top, "Database", "Database: { user: …, password: … }")?;
        database.only(&["user", "password"])?;
        let mut credentials = Self {
            file: file.to_owned(),
            user: needed(&database, "user", "user: example_user")?.text()?.value,
            password: needed(&database, "password", "password: example_password")?.text()?.value,
            server: None,
            tunnel: Tunnel::default(),
        };
        let connection = needed(&top, "Connection", "Connection: { Standard: { server: db.example.org } }")?;
        connection.only(&["Standard", "Ssh"])?;
        if let Some(standard) = connection.get("Standard")? {
            standard.only(&["server", "port"])?;
            let server = needed(&standard, "server", "server: db.example.org")?.text()?.value;
            let port = standard.get("port")?.map(|port| port.text()).transpose()?;
            credentials.server = Some(port.map_or(server.clone(), |port| format!("{server}:{}", port.value)));
        }
        if let Some(ssh) = connection.get("Ssh")? {
            credentials.tunnel = tunnel(&ssh)?;
        }
        Ok(credentials)
    }

    /// The database that a configuration names, on the server of this file.
    ///
    /// # Errors
    /// When the file names no server, or when the server is behind a tunnel.
    pub(crate) fn target(&self, config: &str, database: &DatabaseConfig) -> Result<Target, Mistake> {
        if let Some(place) = &database.ssh {
            return Err(self.behind_a_tunnel(place, database));
        }
        let Some(server) = &self.server else {
            return Err(Mistake::new(
                format!("{} names no server: `CREDENTIALS.Connection.Standard.server`", self.file),
                "add `Standard: { server: db.example.org }` under `Connection`",
            ));
        };
        Target::server(server, &database.name, &self.user, &self.password).map_err(|error| {
            Mistake::new(format!("{} and {config}: {error}", self.file), "correct `server` or `database`")
        })
    }

    /// A tunnel is the user's to open.
    fn behind_a_tunnel(&self, place: &Place, database: &DatabaseConfig) -> Mistake {
        let Tunnel { address, port, remote_address, remote_port, local_port } = &self.tunnel;
        let port = port.as_ref().filter(|port| *port != "22").map_or_else(String::new, |port| format!("-p {port} "));
        let or = |text: &Option<String>, other: &str| text.clone().unwrap_or_else(|| other.to_owned());
        let local = or(local_port, "3306");
        Mistake::new(
            format!("{place}: `use_ssh`: this program opens no tunnel itself"),
            format!(
                "open one by `ssh -N -L {local}:{}:{} {port}{}`, and name the database as it is seen through it: \
                 EXPERIMENTER_DATABASE=mysql://{}:PASSWORD@127.0.0.1:{local}/{}",
                or(remote_address, "127.0.0.1"),
                or(remote_port, "3306"),
                or(address, "HOST"),
                self.user,
                database.name
            ),
        )
    }
}

fn needed<'a>(section: &Section<'a>, key: &str, example: &str) -> Result<Section<'a>, Mistake> {
    section.get(key)?.ok_or_else(|| section.lacks(key, example))
}

fn tunnel(ssh: &Section<'_>) -> Result<Tunnel, Mistake> {
    let text = |key: &str| Ok(ssh.get(key)?.map(|value| value.text()).transpose()?.map(|text| text.value));
    Ok(Tunnel {
        address: text("address")?,
        port: text("port")?,
        remote_address: text("remote_address")?,
        remote_port: text("remote_port")?,
        local_port: text("local_port")?,
    })
}
