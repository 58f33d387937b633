//! Settings, from the command line, the environment and a file, in this order of weight.
//!
//! Each setting is described once, as a field of [`Config`]: the flag, the environment variable, the key in the file,
//! the default and the text of `--help` all come from there.

use std::any::TypeId;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::error::ErrorKind;
use clap::{Arg, ArgMatches, Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum};

mod https;
mod process;

/// The shortest secret that tokens are signed with, in bytes.
const SECRET_MIN: usize = 32;
/// The fewest characters of the key for setting up.
const SETUP_KEY_MIN: usize = 16;

/// Customer support: tickets, conversations and a portal, in one program.
#[derive(Debug, Parser)]
#[command(name = "docket", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    /// A TOML file with settings. Its keys are the names of the flags below, without the dashes in front
    #[arg(long, env = "DOCKET_CONFIG", global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    settings: Config,
}

/// What the program is asked to do.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Serve the application (what happens without a command)
    Serve,
    /// Print the settings in force, as a file for --config. Secrets are left out, unless asked for
    Config {
        /// Print the secrets too: the file then gives exactly these settings. Keep it where nobody else can read it
        #[arg(long)]
        with_secrets: bool,
    },
    /// Bring the database to this release's schema, and stop
    Migrate,
    /// Fill an empty database with a demo: 40 agents, 300 customers in 30 companies, 5,000 tickets over six months.
    /// All people and companies in it are invented
    Demo {
        /// How many tickets to make
        #[arg(long, default_value = "5000", value_parser = clap::value_parser!(u32).range(1..=2_000_000))]
        tickets: u32,
        /// For measuring: exactly five messages a ticket, one ticket of ten, and the word "quokka" in 50 tickets
        #[arg(long, hide = true)]
        bench: bool,
        /// For tests: so many messages on the oldest ticket
        #[arg(long, hide = true, value_name = "MESSAGES", value_parser = clap::value_parser!(u32).range(1..=100_000))]
        longest: Option<u32>,
        /// Over how many days the tickets are spread
        #[arg(long, default_value = "182", value_parser = clap::value_parser!(u32).range(1..=3_650))]
        days: u32,
    },
    /// Take in an archive of mails: a folder with .eml files, Maildir folders and mbox files. Can be run again:
    /// nothing is doubled. A server that runs a PostgreSQL of its own in the data folder has to be stopped for it; with
    /// --database-url servers may run meanwhile
    ImportMail {
        /// The folder; those below it are looked through too
        #[arg(value_name = "FOLDER")]
        folder: PathBuf,
    },
    /// Change the secret key that tokens are signed and secrets in the database sealed with, while servers run. What was made
    /// with the earlier key stays good until it runs out. Can be stopped, and run again to go on.
    ///
    /// A key that is kept in the data folder is made anew, and servers with that folder take it by themselves. One that is set
    /// (--secret-key), or that several servers have in data folders of their own, is changed by the settings, in steps. On all
    /// servers: first the new key as --previous-secret-keys, and a restart; then the new one as --secret-key and the old one,
    /// if it was set, as --previous-secret-keys, and a restart; then this command, on one of them
    RotateKey {
        /// Forget the earlier keys in the data folder, once nothing is sealed with them. Links and tokens made with them are
        /// good no more
        #[arg(long)]
        forget_previous: bool,
    },
    /// Accounts of administrators
    #[command(subcommand)]
    Admin(Admin),
}

/// What can be done about administrators.
#[derive(Debug, Clone, Subcommand)]
pub enum Admin {
    /// Make a superadmin. The password is taken from the environment (DOCKET_PASSWORD), asked for at a terminal, or read
    /// from the standard input
    Create {
        /// The name that others see
        #[arg(long)]
        name: String,
        /// The address to sign in with
        #[arg(long)]
        email: String,
        #[arg(long, env = "DOCKET_PASSWORD", hide_env_values = true, hide = true)]
        password: Option<String>,
    },
}

/// Everything that can be set. The command line wins over the environment, the environment over the file.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Settings")]
pub struct Config {
    /// Address and port to listen on
    #[arg(long, env = "DOCKET_LISTEN", global = true, default_value = "127.0.0.1:3000", value_name = "ADDRESS:PORT")]
    pub listen: SocketAddr,

    /// Folder for everything that Docket keeps outside the database: attachments, keys, and the private PostgreSQL
    /// if there is no --database-url. Closed to other users of the machine. Several servers on one database must share
    /// its subfolder "files"
    #[arg(long, env = "DOCKET_DATA", global = true, value_name = "FOLDER",
          default_value_os_t = cluster::default_data_dir())]
    pub data: PathBuf,

    /// PostgreSQL to use, as postgres://user:password@host:port/name. Without it Docket runs a private one in the
    /// data folder. Several servers may use one, if they have the same --secret-key and share their files (--data)
    #[arg(long, env = "DATABASE_URL", global = true, hide_env_values = true, value_name = "URL")]
    pub database_url: Option<String>,

    /// How many connections to the database this process keeps at most
    #[arg(long, env = "DOCKET_DATABASE_CONNECTIONS", global = true, default_value = "16", value_name = "NUMBER",
          value_parser = clap::value_parser!(u32).range(2..=500))]
    pub database_connections: u32,

    /// Secret of at least 32 characters that tokens are signed and secrets in the database sealed with. Without it one is
    /// made and kept in the data folder; several servers on one database must be given the same one. To change it, see
    /// docket rotate-key --help
    #[arg(long, env = "DOCKET_SECRET_KEY", global = true, hide_env_values = true, value_name = "SECRET")]
    pub secret_key: Option<String>,

    /// Secret of at least 16 characters that whoever makes the first superadmin at /set-up, or by the API, has to know. Without it the first visit
    /// will do: set it where others could come first. docket admin create makes superadmins without it
    #[arg(long, env = "DOCKET_SETUP_KEY", global = true, hide_env_values = true, value_name = "SECRET")]
    pub setup_key: Option<String>,

    /// Secret keys of before, separated by commas: what was signed or sealed with one of them is still believed, and
    /// nothing new is made with them. Without --secret-key, those in the file secret.key.previous of the data folder are
    /// believed too
    #[arg(long, env = "DOCKET_PREVIOUS_SECRET_KEYS", global = true, hide_env_values = true, value_name = "SECRETS")]
    pub previous_secret_keys: Option<String>,

    /// Whether files (attachments, mails as they came, what is taken out) are sealed on the disk from now on, with keys in the
    /// database that the secret key opens. Those that are there already stay as they are; both can be read in any case
    #[arg(long, env = "DOCKET_SEAL_FILES", global = true, default_value = "false", value_name = "YES",
          action = clap::ArgAction::Set)]
    pub seal_files: bool,

    /// Whether the server is only reached through a proxy that sets X-Forwarded-For
    #[arg(long, env = "DOCKET_TRUST_PROXY", global = true, default_value = "false", value_name = "YES",
          action = clap::ArgAction::Set)]
    pub trust_proxy: bool,

    /// Address under which people reach Docket, as it is written into mails and links. Without it: http://, or
    /// https:// with --tls-certificate, and the address that it listens on. Passkeys belong to its name: with another they
    /// have to be made anew
    #[arg(long, env = "DOCKET_PUBLIC_URL", global = true, value_parser = public_url, value_name = "URL")]
    pub public_url: Option<String>,

    /// File with the certificate for HTTPS, in PEM, and after it those that vouch for it. With it Docket speaks HTTPS at
    /// --listen, and nothing else. Loaded again when the file changes, or upon SIGHUP
    #[arg(long, env = "DOCKET_TLS_CERTIFICATE", global = true, value_name = "FILE")]
    pub tls_certificate: Option<PathBuf>,

    /// File with the key of --tls-certificate, in PEM, without a password
    #[arg(long, env = "DOCKET_TLS_KEY", global = true, value_name = "FILE")]
    pub tls_key: Option<PathBuf>,

    /// Has Docket get its certificate for HTTPS from an authority by itself (ACME), for the name of --public-url, and renew it:
    /// the e-mail address that the authority may write to. By setting it you agree to the authority's terms of service, those
    /// of Let's Encrypt unless there is an --acme-directory. The authority comes to port 443 of the name, or to port 80 where
    /// --http-redirect answers there. Until there is a certificate, connections to --listen are refused; the log says what
    /// is missing, and SIGHUP, or "Try now" under Settings, HTTPS, has it tried again at once
    #[arg(long, env = "DOCKET_ACME", global = true, value_name = "ADDRESS")]
    pub acme: Option<String>,

    /// Address of the directory of the authority that --acme asks
    #[arg(long, env = "DOCKET_ACME_DIRECTORY", global = true, default_value = https::LETS_ENCRYPT, value_name = "URL")]
    pub acme_directory: String,

    /// File with certificates in PEM that vouch for the server of --acme-directory, beside the well-known authorities: where
    /// it is one of your own
    #[arg(long, env = "DOCKET_ACME_CA", global = true, value_name = "FILE")]
    pub acme_ca: Option<PathBuf>,

    /// Number of an account that you have with the authority of --acme already, which it gives out together with a key (key id,
    /// "EAB"): some authorities want ours bound to it (external account binding). Goes together with --acme-eab-key
    #[arg(long, env = "DOCKET_ACME_EAB_ID", global = true, hide_env_values = true, value_name = "ID")]
    pub acme_eab_id: Option<String>,

    /// Key of that account ("HMAC key"), as the authority shows it (base64). Needed until the authority knows us, which is
    /// once: what we sign in with from then on is made here, and sealed in the database
    #[arg(long, env = "DOCKET_ACME_EAB_KEY", global = true, hide_env_values = true, value_name = "SECRET")]
    pub acme_eab_key: Option<String>,

    /// Address and port to listen on without encryption, only to send browsers on to HTTPS, and to answer the authority of
    /// --acme. Needs --tls-certificate or --acme
    #[arg(long, env = "DOCKET_HTTP_REDIRECT", global = true, value_name = "ADDRESS:PORT")]
    pub http_redirect: Option<SocketAddr>,

    /// Whether browsers are told to use HTTPS alone for a year (HSTS), where people reach Docket by HTTPS
    #[arg(long, env = "DOCKET_HSTS", global = true, default_value = "true", value_name = "YES",
          action = clap::ArgAction::Set)]
    pub hsts: bool,

    /// Mail server to send mails by, as smtp://user:password@host:587?tls=required (encrypted after a greeting, STARTTLS),
    /// smtps://user:password@host (encrypted from the start) or smtp://host (not encrypted, and so without a password
    /// unless it is this machine). Without it mails are only written into a folder (--mail-folder)
    #[arg(long, env = "DOCKET_SMTP_URL", global = true, hide_env_values = true, value_name = "URL")]
    pub smtp_url: Option<String>,

    /// File with certificates in PEM that vouch for the mail server of --smtp-url, beside the well-known authorities: where it
    /// has one of your own. Needs encryption (smtps://, or ?tls=required)
    #[arg(long, env = "DOCKET_SMTP_CA", global = true, value_name = "FILE")]
    pub smtp_ca: Option<PathBuf>,

    /// Who mails are from, as "Support <support@example.com>". Without it: docket@ and the host of --public-url
    #[arg(long, env = "DOCKET_MAIL_FROM", global = true, value_name = "ADDRESS")]
    pub mail_from: Option<String>,

    /// Folder that mails are written into, as .eml files, while there is no --smtp-url. Links in them open accounts, so it
    /// is closed to other users of the machine. Without it: the subfolder "mails" of --data
    #[arg(long, env = "DOCKET_MAIL_FOLDER", global = true, value_name = "FOLDER")]
    pub mail_folder: Option<PathBuf>,

    /// Whether providers of sign-ins (OpenID Connect, SAML, LDAP) may have addresses in private networks, and be asked there
    /// without encryption. Superadmins name those addresses: without this, they cannot reach into the network that
    /// Docket stands in
    #[arg(long, env = "DOCKET_OUTSIDE_PRIVATE_ADDRESSES", global = true, default_value = "false", value_name = "YES",
          action = clap::ArgAction::Set)]
    pub outside_private_addresses: bool,

    /// Largest file that may be uploaded, in MB
    #[arg(long, env = "DOCKET_MAX_UPLOAD_MB", global = true, default_value = "10", value_name = "MB",
          value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub max_upload_mb: u32,

    /// How many calls of the API one person may make in a minute; without a token a tenth of it. 0 for no limit. Each
    /// server counts for itself
    #[arg(long, env = "DOCKET_API_RATE_LIMIT", global = true, default_value = "1200", value_name = "CALLS")]
    pub api_rate_limit: u32,

    /// How many pages one person, or one network address without a person, may ask for in a minute; of what costs more (searches,
    /// uploads, customers' messages, exports) a small part of it. 0 for no limit. Each server counts for itself
    #[arg(long, env = "DOCKET_RATE_LIMIT", global = true, default_value = "1200", value_name = "PAGES",
          value_parser = clap::value_parser!(u32).range(0..=60_000))]
    pub rate_limit: u32,

    /// What to log: a level (error, warn, info, debug, trace), or levels per module as in "info,server=debug"
    #[arg(long, env = "DOCKET_LOG", global = true, default_value = "info", value_name = "FILTER")]
    pub log: String,

    /// How to write the log: for people or for programs
    #[arg(long, env = "DOCKET_LOG_FORMAT", global = true, default_value = "text", value_name = "FORMAT")]
    pub log_format: LogFormat,

    /// How long requests under way may take to finish when the server is asked to stop, in seconds
    #[arg(long, env = "DOCKET_SHUTDOWN_SECONDS", global = true, default_value = "10", value_name = "SECONDS")]
    pub shutdown_seconds: u16,
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// One readable line an event
    Text,
    /// One JSON object an event
    Json,
}

/// What this process was started with.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// What to do.
    pub command: Command,
    /// How to do it.
    pub config: Config,
    /// The settings in force as the text of a settings file, without secrets unless they were asked for.
    pub in_force: String,
}

/// Reads the command and the settings of this process.
///
/// # Errors
/// What is wrong with them, as a message for the person who started the program; also the text of `--help`.
pub fn from_process() -> Result<Invocation, clap::Error> {
    parse(std::env::args_os(), |path| std::fs::read_to_string(path))
}

/// Reads the command and the settings from these arguments, the first of which is the program's name.
///
/// # Errors
/// Like [`from_process`].
pub fn from_arguments(arguments: &[&str]) -> Result<Invocation, clap::Error> {
    parse(arguments.iter().map(OsString::from), |path| std::fs::read_to_string(path))
}

fn parse(
    arguments: impl IntoIterator<Item = OsString>,
    read: impl FnOnce(&Path) -> std::io::Result<String>,
) -> Result<Invocation, clap::Error> {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let mut matches = Cli::command().try_get_matches_from(&arguments)?;
    if let Some(path) = matches.get_one::<PathBuf>("config") {
        matches = with_file(path, read)?.try_get_matches_from(&arguments)?;
    }
    let cli = Cli::from_arg_matches(&matches)?;
    let mut config = cli.settings;
    // Set to nothing, as files for containers like to do, is not set.
    config.database_url.take_if(|url| url.trim().is_empty());
    config.setup_key.take_if(|key| key.trim().is_empty());
    config.previous_secret_keys.take_if(|keys| keys.trim().is_empty());
    config.smtp_url.take_if(|url| url.trim().is_empty());
    config.smtp_ca.take_if(|file| file.as_os_str().is_empty());
    config.mail_from.take_if(|from| from.trim().is_empty());
    config.tls_certificate.take_if(|file| file.as_os_str().is_empty());
    config.tls_key.take_if(|file| file.as_os_str().is_empty());
    config.acme.take_if(|contact| contact.trim().is_empty());
    config.acme_ca.take_if(|file| file.as_os_str().is_empty());
    config.acme_eab_id.take_if(|id| id.trim().is_empty());
    config.acme_eab_key.take_if(|key| key.trim().is_empty());
    config.mail_folder.take_if(|folder| folder.as_os_str().is_empty());
    config.check().map_err(|error| Cli::command().error(ErrorKind::ValueValidation, format!("{error:#}")))?;
    let command = cli.command.unwrap_or(Command::Serve);
    let secrets = matches!(command, Command::Config { with_secrets: true });
    Ok(Invocation { command, config, in_force: to_toml(&matches, secrets) })
}

/// The settings in force as the text of a settings file.
fn to_toml(matches: &ArgMatches, secrets: bool) -> String {
    let mut text = String::new();
    for arg in Cli::command().get_arguments().filter(|arg| is_setting(arg)) {
        let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
        let name = arg.get_long().unwrap_or_default();
        let value = matches.get_raw(arg.get_id().as_str()).and_then(|mut values| values.next());
        let value = value.map(|value| value.to_string_lossy()).filter(|value| !value.trim().is_empty());
        // Writing to a string cannot fail.
        let _ = match value {
            None => writeln!(text, "# {help}\n# {name} is not set\n"),
            Some(_) if arg.is_hide_env_values_set() && !secrets => {
                writeln!(text, "# {help}\n# {name} is set, and not shown (docket config --with-secrets)\n")
            }
            Some(value) => writeln!(text, "# {help}\n{name} = {}\n", to_value(arg, &value)),
        };
    }
    text
}

/// A value as TOML writes what the setting is: a number, true or false, or a text.
fn to_value(arg: &Arg, value: &str) -> toml::Value {
    let kind = arg.get_value_parser().type_id();
    let is_number = [TypeId::of::<u16>(), TypeId::of::<u32>()].iter().any(|number| kind == *number);
    let number = is_number.then(|| value.parse().ok().map(toml::Value::Integer)).flatten();
    let choice = (kind == TypeId::of::<bool>()).then(|| value.parse().ok().map(toml::Value::Boolean)).flatten();
    number.or(choice).unwrap_or_else(|| toml::Value::String(value.to_owned()))
}

/// Whether an argument may stand in a settings file. A file cannot name another file.
fn is_setting(arg: &Arg) -> bool {
    arg.get_id() != "config" && arg.get_env().is_some()
}

/// The command line's description with the values of a file in place of the defaults.
fn with_file(path: &Path, read: impl FnOnce(&Path) -> std::io::Result<String>) -> Result<clap::Command, clap::Error> {
    let mut command = Cli::command();
    let refuse = |why: String| {
        Cli::command().error(ErrorKind::ValueValidation, format!("settings file {}: {why}", path.display()))
    };
    let text = read(path).map_err(|error| refuse(error.to_string()))?;
    // The library's own words show the line, which may hold a secret.
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
        let line = error.span().map_or(1, |span| text[..span.start.min(text.len())].lines().count().max(1));
        refuse(format!("line {line}: {}", error.message()))
    })?;
    for (key, value) in table {
        let known = command.get_arguments().find(|arg| is_setting(arg) && arg.get_long() == Some(&key));
        let Some(id) = known.map(|arg| arg.get_id().clone()) else {
            return Err(refuse(format!("there is no setting \"{key}\"; see docket --help")));
        };
        let value = match value {
            toml::Value::String(value) => value,
            toml::Value::Integer(value) => value.to_string(),
            toml::Value::Boolean(value) => value.to_string(),
            _ => {
                return Err(refuse(format!("\"{key}\" must be a text, a whole number, true or false")));
            }
        };
        command = command.mut_arg(id, |arg| arg.default_value(value));
    }
    Ok(command)
}

/// Accepts `http://host` or `https://host:port`, and drops the slash at the end.
fn public_url(text: &str) -> Result<String, String> {
    let uri: http::Uri = text.parse().map_err(|error| format!("{error}"))?;
    if !matches!(uri.scheme_str(), Some("http" | "https")) || uri.host().is_none_or(str::is_empty) {
        return Err("must be like https://support.example.com".to_owned());
    }
    if uri.path_and_query().is_some_and(|rest| rest.as_str() != "/") {
        return Err("must have no path: Docket serves a whole host".to_owned());
    }
    Ok(text.trim_end_matches('/').to_owned())
}

impl Config {
    /// The address under which people reach this server, without a slash at the end.
    pub fn public_url(&self) -> String {
        self.public_url_at(self.listen)
    }

    /// The same, when it listens at this address: which port it has is known only then, if it was given as 0.
    pub fn public_url_at(&self, address: SocketAddr) -> String {
        let scheme = if self.tls_certificate.is_some() { "https" } else { "http" };
        self.public_url.clone().unwrap_or_else(|| format!("{scheme}://{address}"))
    }

    /// Whether people reach this server by HTTPS, of its own or of a proxy's.
    pub fn is_secure(&self) -> bool {
        self.public_url().starts_with("https:")
    }

    /// The host of that address, without its port.
    pub fn public_host(&self) -> String {
        let host = self.public_url().parse::<url::Url>().ok().and_then(|url| url.host_str().map(str::to_owned));
        host.unwrap_or_default()
    }

    /// The origin under which people reach this server, if it was set, as browsers write it (RFC 6454, section 6.2): lower
    /// case, and without the port that goes without saying.
    pub fn public_origin(&self) -> Option<String> {
        Some(self.public_url.as_ref()?.parse::<url::Url>().ok()?.origin().ascii_serialization())
    }

    /// The secret keys of before, the youngest first.
    pub fn previous_secret_keys(&self) -> impl Iterator<Item = &str> {
        self.previous_secret_keys.iter().flat_map(|keys| keys.split(',')).map(str::trim)
    }

    /// What no parser of a single value looks at, or must not, because its complaint would repeat a secret.
    fn check(&self) -> anyhow::Result<()> {
        if let Some(url) = &self.database_url {
            crate::database::address(url)?;
        }
        if let Some(url) = &self.smtp_url {
            crate::post::smtp_address(url)?;
        }
        crate::post::sender(self.mail_from.as_deref(), &self.public_url())?;
        if let Some(secret) = &self.secret_key {
            anyhow::ensure!(
                secret.len() >= SECRET_MIN,
                "--secret-key (DOCKET_SECRET_KEY) needs at least {SECRET_MIN} characters"
            );
        }
        anyhow::ensure!(
            self.setup_key.as_ref().is_none_or(|key| key.trim().len() >= SETUP_KEY_MIN),
            "--setup-key (DOCKET_SETUP_KEY) needs at least {SETUP_KEY_MIN} characters"
        );
        self.check_https()?;
        for secret in self.previous_secret_keys() {
            anyhow::ensure!(
                secret.len() >= SECRET_MIN,
                "each of --previous-secret-keys (DOCKET_PREVIOUS_SECRET_KEYS) has at least {SECRET_MIN} characters; they are \
                 separated by commas"
            );
        }
        self.log_filter().map(|_| ())
    }
}

#[cfg(test)]
#[path = "config_tests.rs"]
mod tests;
