//! The program `docket`, from its arguments to its exit code.

mod password;

use std::io;
use std::process::ExitCode;

use anyhow::Context as _;
use domain::Role;
use domain::account::{Registration, password_problem};
use futures::FutureExt as _;
use futures::future::LocalBoxFuture;
use store::Desk;
use tokio::runtime::{Builder, Runtime};

use crate::config::{self, Admin, Command, Config, Invocation};
use crate::demo::{self, Scale};
use crate::desk;
use crate::mail::import;
use crate::private;
use crate::rotate;
use crate::serve;
use crate::signals::{self, Asked};
use crate::site::{Contents, Site};

/// What only the program itself can give.
#[derive(Debug, Clone, Copy)]
pub struct Program {
    /// Reads the files for browsers.
    pub files: fn() -> io::Result<Contents>,
    /// Called by each thread that has nothing to do for the moment.
    pub at_rest: fn(),
}

/// Does what this process was started for. No future leaves the library, or its caller would compile all of it again.
pub fn run(program: Program) -> ExitCode {
    private::from_here_on();
    let invocation = match config::from_process() {
        Ok(invocation) => invocation,
        Err(error) => error.exit(),
    };
    match obey(program, invocation) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// What shells expect of a program that Ctrl-C has stopped before its end: 128 and the number of the signal.
const INTERRUPTED: u8 = 130;

fn obey(program: Program, Invocation { command, config, in_force }: Invocation) -> anyhow::Result<ExitCode> {
    match command {
        Command::Serve => {
            config.start_logging()?;
            let site = Site::new((program.files)().context("the files for browsers cannot be read")?);
            program.runtime()?.block_on(serve::serve(config, site))?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Migrate => program.with_desk(config, |_, _| async {
            println!("The database has this release's schema.");
            Ok(ExitCode::SUCCESS)
        }),
        Command::Demo { tickets, days, longest, bench } => program.with_desk(config, move |desk, asked| async move {
            let longest = longest.map(|messages| messages as usize);
            let mut scale = Scale { tickets: tickets as usize, days: days.into(), longest, ..Scale::demo() };
            if bench {
                scale = Scale { messages: Some(5), marker: Some(("quokka", 50)), ..scale };
            }
            match asked.stop.run_until_cancelled(demo::fill(&desk, &scale, false)).await {
                Some(filled) => filled?,
                None => anyhow::bail!("the demo was stopped before its end"),
            }
            println!("{tickets} tickets are there. Everybody's password is {}; sign in as", demo::PASSWORD);
            println!(
                "  admin@docket.example     superadmin\n  agent@docket.example     agent\n  customer@mail.example    customer"
            );
            Ok(ExitCode::SUCCESS)
        }),
        Command::ImportMail { folder } => {
            import::look_at(&folder)?;
            program.with_desk(config, |desk, asked| async move {
                let importing = import::import(&desk, &folder, &asked.stop);
                let Some(report) = asked.at_once.run_until_cancelled(importing).await else {
                    eprintln!("stopped in the middle of a mail. Run it again to go on; nothing will be doubled");
                    return Ok(ExitCode::from(INTERRUPTED));
                };
                let report = report?;
                print!("{report}");
                if report.stopped {
                    return Ok(ExitCode::from(INTERRUPTED));
                }
                anyhow::ensure!(report.failed.is_empty(), "{} could not be taken in; see above", report.failed.len());
                Ok(ExitCode::SUCCESS)
            })
        }
        Command::RotateKey { forget_previous } => {
            config.start_logging()?;
            let config = &config;
            program.runtime()?.block_on(async {
                let asked = signals::listen();
                let opened = desk::open_beside(config).await?;
                let done = match forget_previous {
                    true => rotate::forget(&opened.desk, config).await,
                    false => rotate::rotate(&opened.desk, config, &asked.stop).await,
                };
                opened.close().await;
                done.map(|()| ExitCode::SUCCESS)
            })
        }
        Command::Admin(Admin::Create { name, email, password }) => {
            let mut input = Registration { name, email, password: String::new() };
            // Before anybody is asked for a password, and before a database is started.
            refuse(input.check_person())?;
            input.password = match password {
                Some(password) => password,
                None => password::ask(&input.email, |typed| password_problem(typed, &input.email))?,
            };
            let input = refuse(input.check())?;
            program.with_desk(config, |desk, _| async move {
                let person = refuse(store::accounts::create_staff(&desk, input, Role::Superadmin).await)?;
                println!("{} may now sign in with {}.", person.name, person.email);
                Ok(ExitCode::SUCCESS)
            })
        }
        Command::Config { .. } => {
            print!("{in_force}");
            Ok(ExitCode::SUCCESS)
        }
    }
}

impl Program {
    fn runtime(self) -> io::Result<Runtime> {
        Builder::new_multi_thread().enable_all().on_thread_park(self.at_rest).build()
    }

    /// Runs a command on the desk of these settings, and closes it in order, also when it is asked to stop.
    fn with_desk<F>(self, config: Config, command: impl FnOnce(Desk, Asked) -> F + 'static) -> anyhow::Result<ExitCode>
    where
        F: Future<Output = anyhow::Result<ExitCode>> + 'static,
    {
        self.with_desk_boxed(config, Box::new(|desk, asked| command(desk, asked).boxed_local()))
    }

    fn with_desk_boxed(self, config: Config, command: Boxed) -> anyhow::Result<ExitCode> {
        config.start_logging()?;
        self.runtime()?.block_on(async {
            let asked = signals::listen();
            let opened = desk::open(&config).await.map_err(of_command)?;
            let result = command(opened.desk.clone(), asked).await;
            opened.close().await;
            result
        })
    }
}

/// A command that works on a desk.
type Boxed = Box<dyn FnOnce(Desk, Asked) -> LocalBoxFuture<'static, anyhow::Result<ExitCode>>>;

/// What fits a command in place of what fits a server: in another data folder, it would work on another database.
fn of_command(error: anyhow::Error) -> anyhow::Error {
    let Some(cluster::Error::InUse { folder, pid }) = error.downcast_ref() else { return error };
    let process = pid.map(|pid| format!(" (process {pid})")).unwrap_or_default();
    anyhow::anyhow!(
        "a Docket server{process} runs on {}, with a PostgreSQL of its own in there. Stop it, run this command again, and start it once \
         the command is done. Nothing was changed",
        folder.display()
    )
}

/// What is wrong with which part of the input, a line each.
fn refuse<T>(checked: domain::Result<T>) -> anyhow::Result<T> {
    checked.map_err(|error| {
        if error.fields.is_empty() {
            return error.into();
        }
        let problems: Vec<_> = error.fields.iter().map(|f| format!("{}: {}", f.field, f.message)).collect();
        anyhow::anyhow!("{}", problems.join("\n"))
    })
}
