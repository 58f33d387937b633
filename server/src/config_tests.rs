use super::*;

fn start(arguments: &[&str], file: &str) -> Result<Invocation, String> {
    let arguments = ["docket"].iter().chain(arguments).map(OsString::from);
    parse(arguments, |_| Ok(file.to_owned())).map_err(|error| error.to_string())
}

#[test]
fn serves_by_default() {
    let started = start(&[], "").unwrap();
    assert!(matches!(started.command, Command::Serve));
    assert_eq!(started.config.public_url(), "http://127.0.0.1:3000");
}

#[test]
fn file_replaces_defaults_and_flags_replace_the_file() {
    let file = "listen = \"0.0.0.0:80\"\nmax-upload-mb = 7";
    let started = start(&["--config", "x", "config", "--max-upload-mb", "8"], file).unwrap();
    assert_eq!(started.config.listen.to_string(), "0.0.0.0:80");
    assert_eq!(started.config.max_upload_mb, 8);
    assert!(started.in_force.contains("max-upload-mb = 8\n"), "{}", started.in_force);
}

/// Another value than the default for each setting.
const OTHERS: [&str; 30] = [
    "--listen=[::1]:8080",
    "--data=/srv/0123 \"quoted\" \\ it's",
    "--database-url=postgres://me:hidden%22@localhost/docket?sslmode=disable",
    "--database-connections=7",
    "--secret-key=hidden-0123456789-0123456789-0123456789",
    "--previous-secret-keys=hidden-1123456789-0123456789-0123456789, hidden-2123456789-0123456789-0123456789",
    "--seal-files=true",
    "--outside-private-addresses=true",
    "--trust-proxy=true",
    "--public-url=https://help.acme.example/",
    "--tls-certificate=/srv/tls/certificate.pem",
    "--tls-key=/srv/tls/key.pem",
    "--acme=admin@acme.example",
    "--acme-directory=https://authority.acme.example/directory",
    "--acme-ca=/srv/tls/authority.pem",
    "--acme-eab-id=hidden-kid-1",
    "--acme-eab-key=hidden-0123456789-0123456789-0123456789-",
    "--http-redirect=[::1]:8081",
    "--hsts=false",
    "--setup-key=hidden-hidden-hidden",
    "--smtp-url=smtp://me:hidden%40@mail.acme.example:587?tls=required",
    "--smtp-ca=/srv/tls/authority.pem",
    "--mail-from=\"Acme, Support\" <support@acme.example>",
    "--mail-folder=/srv/mails",
    "--max-upload-mb=99",
    "--api-rate-limit=0",
    "--rate-limit=0",
    "--log=warn,server=debug",
    "--log-format=json",
    "--shutdown-seconds=3",
];

/// All that go together: a certificate comes from files or from an authority.
fn together() -> Vec<&'static str> {
    let of_acme = ["--acme=", "--acme-eab-"];
    OTHERS.into_iter().filter(|one| !of_acme.iter().any(|it| one.starts_with(it))).collect()
}

#[test]
fn what_is_printed_can_be_read_back_and_holds_no_secret() {
    let printed = start(&together(), "").unwrap().in_force;
    assert!(!printed.contains("hidden"), "{printed}");
    let again = start(&["--config", "x"], &printed).unwrap();
    let bare = |text: &str| {
        text.replace(" is not set", "").replace(" is set, and not shown (docket config --with-secrets)", "")
    };
    assert_eq!(bare(&again.in_force), bare(&printed));
    let config = again.config;
    assert_eq!((config.database_url, config.secret_key, config.smtp_url), (None, None, None));
    assert_eq!((config.previous_secret_keys, config.public_url.as_deref()), (None, Some("https://help.acme.example")));
}

/// A setting with those that it does not go without.
fn with_needs(one: &'static str) -> Vec<&'static str> {
    let of_tls = |name: &str| OTHERS.into_iter().find(|other| other.starts_with(name));
    let needs = match one.split('=').next() {
        Some("--tls-certificate") => vec![of_tls("--tls-key")],
        Some("--acme") => vec![of_tls("--public-url")],
        Some("--acme-eab-id") => vec![of_tls("--acme="), of_tls("--public-url"), of_tls("--acme-eab-key")],
        Some("--acme-eab-key") => vec![of_tls("--acme="), of_tls("--public-url"), of_tls("--acme-eab-id")],
        Some("--tls-key") => vec![of_tls("--tls-certificate")],
        Some("--http-redirect") => vec![of_tls("--tls-certificate"), of_tls("--tls-key")],
        _ => vec![],
    };
    std::iter::once(one).chain(needs.into_iter().flatten()).collect()
}

/// Each by itself and all together, by what they are and not only by how they are written.
#[test]
fn a_printed_file_gives_the_same_settings() {
    let settings = Cli::command().get_arguments().filter(|arg| is_setting(arg)).count();
    assert_eq!(OTHERS.len(), settings, "a setting is new: give it a line in OTHERS");
    let usual = format!("{:?}", start(&[], "").unwrap().config);
    let all = together();
    for set in OTHERS.iter().map(|one| with_needs(one)).chain([vec![], all]) {
        let first = start(&[&set[..], &["config", "--with-secrets"]].concat(), "").unwrap();
        assert_eq!(format!("{:?}", first.config) == usual, set.is_empty(), "{set:?} changes nothing");
        first.in_force.parse::<toml::Table>().unwrap();
        let again = start(&["--config", "x", "config", "--with-secrets"], &first.in_force).unwrap();
        assert_eq!(format!("{:?}", again.config), format!("{:?}", first.config), "{}", first.in_force);
        assert_eq!(again.in_force, first.in_force);
    }
    let printed = start(&together(), "").unwrap().in_force;
    for line in ["trust-proxy = true\n", "max-upload-mb = 99\n", "log-format = \"json\"\n"] {
        assert!(printed.contains(line), "{line} in {printed}");
    }
}

#[test]
fn an_empty_database_url_is_none() {
    assert_eq!(start(&["--database-url", ""], "").unwrap().config.database_url, None);
}

#[test]
fn no_complaint_repeats_a_secret() {
    for (arguments, file) in [
        (&["--database-url", "mysql://me:hidden@localhost/x"][..], ""),
        (&["--database-url", "postgres://me:hidden@local host/x"], ""),
        (&["--database-url", "postgres://me:hidden@localhost:port/x"], ""),
        (&["--database-url", "postgres://me:hidden@localhost/x?sslmode=hidden"], ""),
        (&["--secret-key", "hidden"], ""),
        (&["--previous-secret-keys", "0123456789-0123456789-0123456789,hidden"], ""),
        (&["--smtp-url", "hidden"], ""),
        (&["--smtp-url", "smtp://me:hidden@mail.acme.example"], ""),
        (&["--acme-eab-id", "kid", "--acme-eab-key", "hidden key"], ""),
        (&["--acme-eab-id", "kid", "--acme-eab-key", "hidden"], ""),
        (&["--acme-eab-id", "kid", "--acme-eab-key", "hidden-0123456789-0123456789"], ""),
        (&["--acme-eab-key", "hidden-0123456789-0123456789"], ""),
        (&["--config", "x"], "listen = \"127.0.0.1:1\"\nsecret-key = \"hidden"),
        (&["--config", "x"], "secret-key = hidden"),
        (&["--config", "x"], "database-url = [\"hidden\"]"),
    ] {
        let message = start(arguments, file).unwrap_err();
        assert!(!message.contains("hidden"), "{message}");
    }
}

#[test]
fn levels_go_by_many_names() {
    for filter in ["", "INFO", "off", "3", "warn,server=debug", "server::live=trace", "info,[ticket{id=7}]=debug"] {
        assert_eq!(start(&["--log", filter], "").unwrap().config.log, filter);
    }
}

#[test]
fn origins_are_written_as_browsers_write_them() {
    for (url, origin) in [
        ("https://help.acme.example/", "https://help.acme.example"),
        ("https://Help.Acme.example:443", "https://help.acme.example"),
        ("http://help.acme.example:8080", "http://help.acme.example:8080"),
        ("http://[::1]:3000", "http://[::1]:3000"),
    ] {
        assert_eq!(start(&["--public-url", url], "").unwrap().config.public_origin().unwrap(), origin);
    }
    assert_eq!(start(&[], "").unwrap().config.public_origin(), None);
}

#[test]
fn a_name_of_an_own_network_is_for_an_own_authority() {
    let own =
        ["--acme=a@x.example", "--public-url=https://Desk:8443", "--acme-directory=https://ca.x.example/directory"];
    let config = start(&own, "").unwrap().config;
    let wanted = config.certificate_wanted().unwrap();
    assert_eq!((&*wanted.name, &*wanted.directory), ("desk", "https://ca.x.example/directory"));
    assert!(config.is_secure() && start(&own[1..], "").unwrap().config.certificate_wanted().is_none());
}

#[test]
fn the_key_of_an_external_account_is_read_as_authorities_show_it() {
    let of = |key: &str| {
        let set =
            ["--acme=a@x.example", "--public-url=https://x.example", "--acme-eab-id= kid-1 ", "--acme-eab-key", key];
        start(&set, "").unwrap().config.external_account().unwrap().unwrap()
    };
    let bytes: Vec<u8> = (0xf0..=0xff).chain([0xfb]).collect();
    for key in ["8PHy8_T19vf4-fr7_P3-__s", "8PHy8_T19vf4-fr7_P3-__s=", " 8PHy8/T19vf4+fr7/P3+//s=\n"] {
        assert_eq!(of(key), ("kid-1".to_owned(), bytes.clone()), "{key}");
    }
    let set = ["--acme=a@x.example", "--public-url=https://x.example", "--acme-eab-id=", "--acme-eab-key= "];
    assert_eq!(start(&set, "").unwrap().config.external_account().unwrap(), None);
}

#[test]
fn mistakes_are_named() {
    for (arguments, file, expected) in [
        (&["--listen", "here"][..], "", "--listen"),
        (&["--tls-key", "x"], "", "--tls-certificate (DOCKET_TLS_CERTIFICATE)"),
        (&["--tls-certificate", "x"], "", "--tls-key (DOCKET_TLS_KEY)"),
        (&["--http-redirect", "[::1]:80"], "", "needs --tls-certificate"),
        (&["--tls-certificate", "x", "--tls-key", "y", "--public-url", "http://x"], "", "must begin with https://"),
        (&["--acme", "a@x.example"], "", "--acme (DOCKET_ACME) needs --public-url"),
        (&["--acme", "admin", "--public-url", "https://x.example"], "", "must be an e-mail address"),
        (&["--acme", "a@x.example", "--public-url", "http://x.example"], "", "must begin with https://"),
        (&["--acme", "a@x.example", "--public-url", "https://192.0.2.7"], "", "is a number, not a name"),
        (&["--acme", "a@x.example", "--public-url", "https://[2001:db8::7]:8443"], "", "is a number, not a name"),
        (&["--acme", "a@x.example", "--public-url", "https://localhost"], "", "Let's Encrypt gives no certificate"),
        (
            &["--acme", "a@x.example", "--public-url", "https://desk.localhost"],
            "",
            "Let's Encrypt gives no certificate",
        ),
        (&["--acme", "a@x.example", "--public-url", "https://desk"], "", "Let's Encrypt gives no certificate"),
        (&["--acme-directory", "http://ca.example/"], "", "--acme-directory (DOCKET_ACME_DIRECTORY)"),
        (&["--acme-eab-id", "kid"], "", "go together"),
        (&["--acme-eab-key", "a-key"], "", "go together"),
        (&["--acme-eab-id", "kid", "--acme-eab-key", "012345678901234567890A"], "", "need --acme (DOCKET_ACME)"),
        (&["--acme-eab-id", "kid", "--acme-eab-key", "a key of words"], "", "is not written as base64"),
        (&["--acme-eab-id", "kid", "--acme-eab-key", "012345678901234567890=="], "", "is not written as base64"),
        (&["--acme-eab-id", "kid", "--acme-eab-key", "01234567890123456789"], "", "is too short for a key"),
        (&["--acme-eab-id", "kïd", "--acme-eab-key", "012345678901234567890A"], "", "is no number of an account"),
        (
            &["--acme", "a@x.example", "--public-url", "https://x.example", "--tls-certificate", "x", "--tls-key", "y"],
            "",
            "set one of them",
        ),
        (&["--public-url", "ftp://x"], "", "https://support.example.com"),
        (&["--public-url", "https://x/path"], "", "no path"),
        (&["--max-upload-mb", "0"], "", "1..=10000"),
        (&["--config", "x"], "colour = 1", "there is no setting \"colour\""),
        (&["--config", "x"], "config = \"y\"", "there is no setting \"config\""),
        (&["--config", "x"], "listen = ", "settings file x"),
        (&["--config", "x"], "log = \"info\"\nlisten = ", "line 2"),
        (&["--database-url", "localhost"], "", "postgres://user:password@host:5432/name"),
        (&["--log", "info,=="], "", "--log, DOCKET_LOG"),
        (&["--smtp-url", "mail.acme.example"], "", "smtp://user:password@mail.example.com:587?tls=required"),
        (&["--mail-from", "Support"], "", "--mail-from (DOCKET_MAIL_FROM)"),
        (&["--log", "blah"], "", "\"blah\" in the log filter (--log, DOCKET_LOG) is no level"),
        (&["--log", "info, server"], "", "\"server\""),
        (&["--config", "x"], "log = []", "\"log\" must be a text"),
        (&["--config", "x"], "log-format = \"xml\"", "text, json"),
    ] {
        let message = start(arguments, file).unwrap_err();
        assert!(message.contains(expected), "{arguments:?} {file:?}: {message}");
    }
}
