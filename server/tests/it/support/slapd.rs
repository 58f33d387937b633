//! A real directory for one test: OpenLDAP in a folder of its own, on loopback, with TLS by an authority of its own.
//!
//! The folder of `DOCKET_TEST_OPENLDAP` has its program; `cargo xtask test` fetches it and names it.

use super::node::soon;
use ldap3::{Ldap, LdapConnAsync, Mod};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use std::{
    collections::HashSet,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};
use tokio::net::TcpStream;

/// As whom Docket looks people up, and the password.
pub const READER: (&str, &str) = ("cn=docket,dc=acme,dc=example", "looks people up");
/// Below which people are.
pub const PEOPLE: &str = "ou=people,dc=acme,dc=example";
/// Below which groups are.
pub const GROUPS: &str = "ou=groups,dc=acme,dc=example";

const ROOT: (&str, &str) = ("cn=root,dc=acme,dc=example", "may everything");

const CONTENT: &str = "\
dn: dc=acme,dc=example
objectClass: dcObject
objectClass: organization
o: Acme
dc: acme

dn: cn=policy,dc=acme,dc=example
objectClass: organizationalRole
objectClass: pwdPolicy
cn: policy
pwdAttribute: userPassword
pwdLockout: TRUE

dn: cn=docket,dc=acme,dc=example
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: docket
userPassword: looks people up

dn: ou=people,dc=acme,dc=example
objectClass: organizationalUnit
ou: people

dn: ou=groups,dc=acme,dc=example
objectClass: organizationalUnit
ou: groups
";

pub struct Slapd {
    _folder: tempfile::TempDir,
    child: Child,
    plain: u16,
    secure: u16,
    /// Who signs its certificate, as PEM.
    pub authority: String,
}

fn installed() -> PathBuf {
    let folder = std::env::var_os("DOCKET_TEST_OPENLDAP")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/openldap"), PathBuf::from);
    assert!(folder.join("slapd").exists(), "no OpenLDAP in {}: run cargo xtask test", folder.display());
    std::path::absolute(folder).unwrap()
}

/// A port that is free at the moment.
pub fn port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Writes a certificate for loopback, its key, and the authority that has signed it, which is returned.
pub fn certify(folder: &Path) -> String {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, "Authority of a test");
    let key = KeyPair::generate().unwrap();
    let authority = params.self_signed(&key).unwrap().pem();
    let issuer = Issuer::new(params, key);
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
    std::fs::write(folder.join("certificate.pem"), params.signed_by(&key, &issuer).unwrap().pem()).unwrap();
    std::fs::write(folder.join("key.pem"), key.serialize_pem()).unwrap();
    authority
}

impl Slapd {
    pub async fn start() -> Self {
        let openldap = installed();
        let folder = tempfile::tempdir().unwrap();
        let authority = certify(folder.path());
        let (here, there) = (folder.path().display(), openldap.display());
        // Where modules are built in, there is no folder of them.
        let modules: String = ["back_mdb", "memberof", "ppolicy"]
            .iter()
            .filter(|name| openldap.join(format!("modules/{name}.so")).exists())
            .map(|name| format!("moduleload {name}\n"))
            .collect();
        let modules = if modules.is_empty() { modules } else { format!("modulepath {there}/modules\n{modules}") };
        let settings = format!(
            "include {there}/schema/core.schema\n\
             include {there}/schema/cosine.schema\n\
             include {there}/schema/inetorgperson.schema\n\
             {modules}\
             TLSCACertificateFile {here}/certificate.pem\n\
             TLSCertificateFile {here}/certificate.pem\n\
             TLSCertificateKeyFile {here}/key.pem\n\
             database mdb\n\
             suffix dc=acme,dc=example\n\
             directory {here}/data\n\
             maxsize 16777216\n\
             rootdn {}\n\
             rootpw \"{}\"\n\
             overlay memberof\n\
             overlay ppolicy\n\
             ppolicy_default cn=policy,dc=acme,dc=example\n\
             access to attrs=userPassword by anonymous auth by * none\n\
             access to * by dn.exact={} read by * none\n",
            ROOT.0, ROOT.1, READER.0
        );
        std::fs::create_dir(folder.path().join("data")).unwrap();
        let (config, content) = (folder.path().join("slapd.conf"), folder.path().join("content.ldif"));
        std::fs::write(&config, settings).unwrap();
        std::fs::write(&content, CONTENT).unwrap();
        let program = || Command::new(openldap.join("slapd"));
        // The first argument says that it is to fill the database.
        let filled = program().args(["-T", "add", "-f"]).arg(&config).arg("-l").arg(&content).output().unwrap();
        assert!(filled.status.success(), "{}", String::from_utf8_lossy(&filled.stderr));
        let (plain, secure) = (port(), port());
        let addresses = format!("ldap://127.0.0.1:{plain} ldaps://127.0.0.1:{secure}");
        let mut program = program();
        program.args(["-d", "0", "-h", &addresses, "-f"]).arg(&config);
        let child = program.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let mut slapd = Self { _folder: folder, child, plain, secure, authority };
        let listening = async {
            while TcpStream::connect(("127.0.0.1", secure)).await.is_err() {
                assert!(slapd.child.try_wait().unwrap().is_none(), "the directory has ended");
            }
        };
        soon("a directory", listening).await;
        slapd
    }

    /// Its address without encryption, and with StartTLS.
    pub fn plain(&self) -> String {
        format!("ldap://127.0.0.1:{}", self.plain)
    }

    /// Its address with encryption from the start.
    pub fn secure(&self) -> String {
        format!("ldaps://localhost:{}", self.secure)
    }

    async fn root(&self) -> Ldap {
        let (connection, mut ldap) = LdapConnAsync::new(&self.plain()).await.unwrap();
        tokio::spawn(connection.drive());
        ldap.simple_bind(ROOT.0, ROOT.1).await.unwrap().success().unwrap();
        ldap
    }

    /// Puts somebody into it, with the password [`password_of`]. Returns the whole name.
    pub async fn person(&self, uid: &str, mail: &str) -> String {
        let dn = format!("uid={uid},{PEOPLE}");
        let password = password_of(uid);
        let one = |value| HashSet::from([value]);
        let entry = vec![
            ("objectClass", one("inetOrgPerson")),
            ("uid", one(uid)),
            ("cn", one(uid)),
            ("sn", one(uid)),
            ("mail", one(mail)),
            ("userPassword", one(&*password)),
        ];
        self.root().await.add(&dn, entry).await.unwrap().success().unwrap();
        dn
    }

    /// Makes a group of these people.
    pub async fn group(&self, name: &str, members: &[&str]) -> String {
        let dn = format!("cn={name},{GROUPS}");
        let entry = vec![
            ("objectClass", HashSet::from(["groupOfNames"])),
            ("cn", HashSet::from([name])),
            // It has to have somebody, be it the one who looks people up.
            ("member", members.iter().copied().chain([READER.0]).collect()),
        ];
        self.root().await.add(&dn, entry).await.unwrap().success().unwrap();
        dn
    }

    /// Sets an attribute of an entry; without values it is taken away.
    pub async fn set(&self, dn: &str, attribute: &str, values: &[&str]) {
        let change = Mod::Replace(attribute, values.iter().copied().collect());
        self.root().await.modify(dn, vec![change]).await.unwrap().success().unwrap();
    }

    /// Takes an entry away.
    pub async fn delete(&self, dn: &str) {
        self.root().await.delete(dn).await.unwrap().success().unwrap();
    }

    /// Ends it as a crash does.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// The password of somebody in it.
pub fn password_of(uid: &str) -> String {
    format!("{uid} in the directory")
}

impl Drop for Slapd {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
