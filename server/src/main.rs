mod embedded;
mod memory;

use std::process::ExitCode;

use anyhow::Context as _;
use domain::{Role, account::Registration};
use server::config::{self, Admin, Command, Config, Invocation};
use server::demo::{self, Scale};
use server::site::Site;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // The allocator asks for huge pages, of which a server like this fills a part: a third of its memory for nothing.
    #[cfg(target_os = "linux")]
    let _ = nix::sys::prctl::set_thp_disable(true);
    let invocation = match config::from_process() {
        Ok(invocation) => invocation,
        Err(error) => error.exit(),
    };
    match run(invocation) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(Invocation { command, config, in_force }: Invocation) -> anyhow::Result<()> {
    match command {
        Command::Serve => {
            config.start_logging()?;
            let site = Site::new(embedded::contents().context("the files for browsers cannot be read")?);
            let runtime = runtime()?;
            runtime.block_on(server::serve::serve(config, site))
        }
        Command::Migrate => with_desk(config, |_| async {
            println!("The database has this release's schema.");
            Ok(())
        }),
        Command::Demo { tickets, days, longest, bench } => with_desk(config, move |desk| async move {
            let longest = longest.map(|messages| messages as usize);
            let mut scale = Scale { tickets: tickets as usize, days: days.into(), longest, ..Scale::demo() };
            if bench {
                scale = Scale { messages: Some(5), marker: Some(("quokka", 50)), ..scale };
            }
            demo::fill(&desk, &scale, false).await?;
            println!("{tickets} tickets are there. Everybody's password is {}; sign in as", demo::PASSWORD);
            println!(
                "  admin@docket.example     superadmin\n  agent@docket.example     agent\n  customer@mail.example    customer"
            );
            Ok(())
        }),
        Command::ImportMail { folder } => with_desk(config, |desk| async move {
            let stop = tokio_util::sync::CancellationToken::new();
            tokio::spawn({
                let stop = stop.clone();
                async move {
                    if tokio::signal::ctrl_c().await.is_ok() {
                        stop.cancel();
                    }
                }
            });
            let report = server::mail::import::import(&desk, &folder, &stop).await?;
            print!("{report}");
            anyhow::ensure!(report.failed.is_empty(), "{} could not be taken in; see above", report.failed.len());
            Ok(())
        }),
        Command::Admin(Admin::Create { name, email, password }) => {
            let password = match password {
                Some(password) => password,
                None => {
                    eprintln!("Password for {email} (one line on the standard input):");
                    let mut line = String::new();
                    std::io::stdin().read_line(&mut line)?;
                    line.trim_end_matches(['\r', '\n']).to_owned()
                }
            };
            with_desk(config, |desk| async move {
                let input = Registration { name, email, password };
                match store::accounts::create_staff(&desk, input, Role::Superadmin).await {
                    Ok(person) => println!("{} may now sign in with {}.", person.name, person.email),
                    Err(error) if error.fields.is_empty() => return Err(error.into()),
                    Err(error) => {
                        let problems: Vec<_> =
                            error.fields.iter().map(|f| format!("{}: {}", f.field, f.message)).collect();
                        anyhow::bail!("{}", problems.join("\n"));
                    }
                }
                Ok(())
            })
        }
        Command::Config => {
            print!("{in_force}");
            Ok(())
        }
    }
}

fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().on_thread_park(memory::give_back).build()
}

/// Runs a command on the desk of these settings, and closes it in order.
fn with_desk<F>(config: Config, command: impl FnOnce(store::Desk) -> F) -> anyhow::Result<()>
where
    F: Future<Output = anyhow::Result<()>>,
{
    config.start_logging()?;
    let runtime = runtime()?;
    runtime.block_on(async {
        let opened = server::desk::open(&config).await?;
        let result = command(opened.desk.clone()).await;
        opened.close().await;
        result
    })
}
