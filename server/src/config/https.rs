//! What has to fit together for HTTPS.

use anyhow::Context as _;
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::certificate::Source;
use domain::text::is_email;
use store::certificates::Wanted;
use url::{Host, Url};

use super::Config;

/// The directory of the authority that is asked where no other is set.
pub(super) const LETS_ENCRYPT: &str = "https://acme-v02.api.letsencrypt.org/directory";

/// The longest number of an external account, and the shortest key of one, in bytes.
const EAB_ID_MAX: usize = 512;
const EAB_KEY_MIN: usize = 16;

impl Config {
    /// Where the certificate for HTTPS comes from.
    pub fn certificate_source(&self) -> Source {
        match self.certificate_wanted() {
            Some(Wanted { directory, name }) => Source::Authority { directory, name },
            None if self.tls_certificate.is_some() => Source::Files,
            None if self.is_secure() => Source::Proxy,
            None => Source::Nothing,
        }
    }

    /// Which certificate an authority is asked for, if one is.
    pub fn certificate_wanted(&self) -> Option<Wanted> {
        self.acme.as_ref()?;
        // Names are written without the dot at their end in certificates.
        let name = self.public_host().trim_end_matches('.').to_owned();
        Some(Wanted { directory: self.acme_directory.clone(), name })
    }

    /// The account with the authority that ours is bound to, if there is one: its number and its key.
    ///
    /// # Errors
    /// Plain sentences about what is missing or wrong, which repeat nothing of the key.
    pub fn external_account(&self) -> anyhow::Result<Option<(String, Vec<u8>)>> {
        let (id, key) = match (&self.acme_eab_id, &self.acme_eab_key) {
            (None, None) => return Ok(None),
            (Some(id), Some(key)) => (id.trim(), key.trim()),
            _ => anyhow::bail!(
                "--acme-eab-id (DOCKET_ACME_EAB_ID) and --acme-eab-key (DOCKET_ACME_EAB_KEY) go together: one of them is not set"
            ),
        };
        anyhow::ensure!(
            id.len() <= EAB_ID_MAX && id.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' '),
            "--acme-eab-id (DOCKET_ACME_EAB_ID) is no number of an account: those have at most {EAB_ID_MAX} letters, digits and signs"
        );
        // Authorities show it in one of the two ways to write base64, with or without what fills it up.
        let written = key.replace('+', "-").replace('/', "_");
        let key = BASE64_URL_SAFE_NO_PAD.decode(written.trim_end_matches('=')).ok().with_context(|| {
            "--acme-eab-key (DOCKET_ACME_EAB_KEY) is not written as base64. Copy it whole from where the authority shows it"
        })?;
        anyhow::ensure!(
            key.len() >= EAB_KEY_MIN,
            "--acme-eab-key (DOCKET_ACME_EAB_KEY) is too short for a key. Copy it whole from where the authority shows it"
        );
        Ok(Some((id.to_owned(), key)))
    }

    pub(super) fn check_https(&self) -> anyhow::Result<()> {
        anyhow::ensure!(
            self.tls_certificate.is_some() == self.tls_key.is_some(),
            "--tls-certificate (DOCKET_TLS_CERTIFICATE) and --tls-key (DOCKET_TLS_KEY) go together: one of them is not set"
        );
        anyhow::ensure!(
            self.http_redirect.is_none() || self.tls_certificate.is_some() || self.acme.is_some(),
            "--http-redirect (DOCKET_HTTP_REDIRECT) leads to HTTPS, which needs --tls-certificate and --tls-key, or --acme"
        );
        let plain = self.public_url.as_ref().is_some_and(|url| url.starts_with("http:"));
        anyhow::ensure!(
            !(plain && self.tls_certificate.is_some()),
            "--public-url (DOCKET_PUBLIC_URL) must begin with https:// when there is a --tls-certificate"
        );
        self.check_authority()
    }

    fn check_authority(&self) -> anyhow::Result<()> {
        let directory = Url::parse(&self.acme_directory).ok();
        anyhow::ensure!(
            directory
                .is_some_and(|url| url.scheme() == "https" && url.username().is_empty() && url.password().is_none()),
            "--acme-directory (DOCKET_ACME_DIRECTORY) must be like {LETS_ENCRYPT}"
        );
        let bound = self.external_account()?;
        let Some(contact) = &self.acme else {
            anyhow::ensure!(
                bound.is_none(),
                "--acme-eab-id (DOCKET_ACME_EAB_ID) and --acme-eab-key (DOCKET_ACME_EAB_KEY) need --acme (DOCKET_ACME), for \
                 whose authority they are"
            );
            return Ok(());
        };
        anyhow::ensure!(
            is_email(contact),
            "--acme (DOCKET_ACME) must be an e-mail address that the authority may write to, like admin@example.com"
        );
        anyhow::ensure!(
            self.tls_certificate.is_none(),
            "--acme (DOCKET_ACME) gets a certificate, and --tls-certificate (DOCKET_TLS_CERTIFICATE) names one: set one of them"
        );
        let needed = "--acme (DOCKET_ACME) needs --public-url (DOCKET_PUBLIC_URL), like https://help.example.com: that is the name \
            the certificate is for";
        let public = self.public_url.as_deref().and_then(|url| Url::parse(url).ok());
        let public = public.ok_or_else(|| anyhow::anyhow!("{needed}"))?;
        anyhow::ensure!(
            public.scheme() == "https",
            "--public-url (DOCKET_PUBLIC_URL) must begin with https:// when there is --acme"
        );
        let name = match public.host() {
            Some(Host::Domain(name)) => name,
            _ => anyhow::bail!("{needed}. The one that is set is a number, not a name"),
        };
        let local = !name.trim_end_matches('.').contains('.') || name.ends_with(".localhost");
        anyhow::ensure!(
            !(local && self.acme_directory == LETS_ENCRYPT),
            "{name} in --public-url (DOCKET_PUBLIC_URL) is a name of this machine or network only, for which Let's Encrypt gives \
             no certificate. Use a name of the internet, or set --acme-directory (DOCKET_ACME_DIRECTORY) to an authority of your own"
        );
        Ok(())
    }
}
