import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Page } from '@playwright/test';
import { expect, expectAccessible, hydrated, testWith } from '../support/fixtures.ts';
import { ADA, makeAcme, setDeskUp, signIn } from '../support/people.ts';
import { CLIENT, Outside } from '../support/provider.ts';

const JANA = { sub: 'jana', name: 'Jana Weiß', email: 'jana@mail.example', email_verified: true };
const EVE = { sub: 'eve', name: 'Eve', email: 'eve@mail.example', email_verified: false };
const TOM = { sub: 'tom', name: 'Tom of Acme', email: 'tom@acme.example' };
const ADA_THERE = { sub: 'ada', name: 'Ada at home', email: 'ada@home.example' };

/** A server that may ask providers on loopback, with a superadmin, and a provider that sends people back to it. */
const test = testWith({ DOCKET_OUTSIDE_PRIVATE_ADDRESSES: 'true' }).extend<object, { outside: Outside }>({
  outside: [
    async ({ server }, use) => {
      const outside = await Outside.start(`${server.url}/sign-in/back`, [JANA, EVE, TOM, ADA_THERE]);
      await use(outside);
      await outside.stop();
    },
    { scope: 'worker' },
  ],
});

test.describe.configure({ mode: 'serial' });

/** Fills in what the provider gave us, and what it is to be used for. */
async function setUp(page: Page, outside: Outside, name: string, whom: string, company = ''): Promise<void> {
  await page.goto('/settings/sign-in');
  await hydrated(page);
  await page.getByRole('link', { name: 'OpenID Connect' }).click();
  await expect(page).toHaveURL('/settings/sign-in/new-oidc');
  await expect(page.getByLabel('Where the provider sends people back to')).toHaveValue(/\/sign-in\/back$/);
  await page.getByRole('button', { name: /^Copy.*Where the provider sends people back to$/ }).click();
  await expect(page.getByRole('button', { name: 'Copied' })).toBeVisible();
  await page.getByLabel('Name on the button').fill(name);
  await page.getByLabel(whom).check();
  if (company) await page.getByLabel('Company', { exact: true }).fill(company);
  await page.getByLabel('Issuer').fill(outside.issuer);
  await page.getByLabel('Client ID').fill(CLIENT.id);
  await page.getByLabel('Client secret').fill(CLIENT.secret);
  await page.getByLabel('Make an account').check();
  await page.getByLabel('People can sign in this way').check();
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('Saved.')).toBeVisible();
}

test('a superadmin sets a provider up, and customers come by it', async ({ page, openPage, outside, allowErrors }) => {
  allowErrors(/status of (403|422)/);
  await setDeskUp(page);

  // What is missing stands beside its field.
  await page.goto('/settings/sign-in/new-oidc');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('Say what stands on the button.')).toBeVisible();
  await hydrated(page);
  await expectAccessible(page);

  await setUp(page, outside, 'Example ID', 'Customers, whoever comes');
  await page.getByRole('button', { name: 'Try what is saved' }).click();
  await expect(page.getByText(`Example ID answers, and calls itself ${outside.issuer}.`)).toBeVisible();
  await expectAccessible(page);
  await page.goto('/settings/sign-in');
  await expect(page.getByRole('row', { name: /Example ID/ })).toContainText('On');
  await expectAccessible(page);

  const jana = await openPage();
  await jana.goto('/portal/new');
  await hydrated(jana);
  await expectAccessible(jana);
  await jana.getByRole('link', { name: 'Continue with Example ID' }).click();
  await jana.getByRole('link', { name: JANA.name }).click();
  await expect(jana).toHaveURL('/portal/new');

  // Somebody whose address the provider has not checked stays outside, and is told why.
  const eve = await openPage();
  await eve.goto('/sign-in');
  await eve.getByRole('link', { name: 'Continue with Example ID' }).click();
  await eve.getByRole('link', { name: EVE.name }).click();
  await expect(eve.getByRole('alert')).toContainText('does not say that it has checked your e-mail address');
});

test('users of a company come by their own provider, without JavaScript', async ({ page, openPage, outside }) => {
  await signIn(page, ADA);
  await makeAcme(page);
  await setUp(page, outside, 'Acme ID', 'Users of one company', 'Acme');

  const tom = await openPage({ javaScriptEnabled: false });
  await tom.goto('/sign-in');
  await tom.getByRole('link', { name: 'Sign in with your company' }).click();
  await tom.getByLabel('E-mail address at your company').fill(TOM.email);
  await tom.getByRole('button', { name: 'Go on' }).click();
  await tom.getByRole('link', { name: TOM.name }).click();
  await expect(tom).toHaveURL('/portal');

  await page.goto('/companies');
  await page.getByRole('link', { name: 'Acme' }).first().click();
  await expect(page.getByText(TOM.name).first()).toBeVisible();
});

test('staff connect an account on their profile page, and come by it', async ({ page, openPage }) => {
  await signIn(page, ADA);
  await page.goto('/me');
  await hydrated(page);
  await page.getByRole('button', { name: 'Connect Example ID' }).click();
  await page.getByRole('link', { name: ADA_THERE.name }).click();
  await expect(page.getByText('Connected: you can sign in with that account from now on.')).toBeVisible();
  await hydrated(page);
  await expectAccessible(page);

  const elsewhere = await openPage();
  await elsewhere.goto('/sign-in');
  await elsewhere.getByRole('link', { name: 'Continue with Example ID' }).click();
  await elsewhere.getByRole('link', { name: ADA_THERE.name }).click();
  await expect(elsewhere).toHaveURL(/tickets/);

  await page.getByRole('button', { name: 'Disconnect Example ID' }).click();
  await expect(page.getByText('Disconnected: that account opens this one no more.')).toBeVisible();
});

test('a company has one way in only, also without JavaScript', async ({ page, openPage, outside, allowErrors }) => {
  allowErrors(/status of 403/);
  await signIn(page, ADA);
  await page.goto('/settings/sign-in');
  await hydrated(page);
  await page.getByRole('link', { name: 'Acme ID' }).click();
  await page.getByLabel('Only this way in').check();
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(page.getByText('Saved.')).toBeVisible();
  await expect(page.getByLabel('Only this way in')).toBeChecked();
  await hydrated(page);
  await expectAccessible(page);
  await page.goto('/settings/sign-in');
  await expect(page.getByRole('row', { name: /Acme ID/ })).toContainText('only way in');

  const said = 'People at acme.example sign in here with Acme ID only';
  for (const javaScriptEnabled of [true, false]) {
    const tom = await openPage({ javaScriptEnabled });
    // A new password by mail, and the password itself: both lead to the one way in, and from there to where Tom wanted to go.
    await tom.goto('/forgot');
    await tom.getByLabel('E-mail address').fill(TOM.email);
    await tom.getByRole('button', { name: /Send/ }).click();
    await expect(tom.getByRole('alert')).toContainText(said);
    await tom.goto('/sign-in?next=/portal/new');
    await tom.getByLabel('E-mail address').fill(TOM.email);
    await tom.getByLabel('Password').fill('correct horse battery');
    await tom.getByRole('button', { name: 'Sign in' }).click();
    await expect(tom.getByRole('alert')).toContainText(said);
    if (javaScriptEnabled) {
      await hydrated(tom);
      await expectAccessible(tom);
    }
    await tom.getByRole('link', { name: 'Continue with Acme ID' }).click();
    expect(tom.url()).toContain(outside.issuer);
    await tom.getByRole('link', { name: TOM.name }).click();
    await expect(tom).toHaveURL('/portal/new');
  }
});

/** The certificate of an invented provider, and what it says about itself. */
const CERTIFICATE = readFileSync(path.resolve(import.meta.dirname, '../../server/src/demo/saml.pem'), 'utf8');
const METADATA = `<?xml version="1.0"?>
<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="urn:desk:id">
  <md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
    <md:KeyDescriptor use="signing">
      <ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#">
        <ds:X509Data><ds:X509Certificate>${CERTIFICATE.replace(/-----.*-----|\s/g, '')}</ds:X509Certificate></ds:X509Data>
      </ds:KeyInfo>
    </md:KeyDescriptor>
    <md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
        Location="https://id.desk.example/sign-on"/>
  </md:IDPSSODescriptor>
</md:EntityDescriptor>`;

for (const javaScriptEnabled of [true, false]) {
  const how = javaScriptEnabled ? 'in the browser' : 'without JavaScript';
  test(`a superadmin sets up a provider of SAML by what it says about itself, ${how}`, async ({
    openPage,
    allowErrors,
  }) => {
    allowErrors(/status of 422/);
    const page = await openPage({ javaScriptEnabled });
    const settled = async (): Promise<void> => {
      if (!javaScriptEnabled) return;
      await hydrated(page);
      await expectAccessible(page);
    };
    const name = `Desk ID ${how}`;
    await signIn(page, ADA);
    await page.goto('/settings/sign-in');
    if (javaScriptEnabled) await hydrated(page);
    await page.getByRole('link', { name: 'SAML 2.0' }).click();
    await expect(page).toHaveURL('/settings/sign-in/new-saml');
    await settled();
    await expect(page.getByLabel('Where the provider sends its answers to')).toHaveValue(/\/sign-in\/saml$/);
    await expect(page.getByLabel('Customers, whoever comes')).toHaveCount(0);
    await page.getByLabel('Name on the button').fill(name);
    await page.getByLabel('People on staff').check();
    await page.getByLabel('Metadata of the provider (XML)').fill('This is no metadata');
    await page.getByText('Names of attributes').click();
    await page.getByLabel('Attribute with the name').fill('displayName');
    await page.getByRole('button', { name: 'Save' }).click();

    // What is wrong stands beside its field, and what was typed is still there.
    await expect(page.locator('#metadata-error')).toBeVisible();
    await expect(page.getByLabel('Metadata of the provider (XML)')).toHaveValue('This is no metadata');
    await expect(page.getByLabel('Name on the button')).toHaveValue(name);
    await expect(page.getByLabel('Attribute with the name')).toHaveValue('displayName');
    await expect(page.getByLabel('People on staff')).toBeChecked();
    await settled();

    // What was read of it stands in the fields, so that only what is still missing has to be typed.
    await page.getByLabel('Metadata of the provider (XML)').fill(METADATA);
    await page.getByRole('button', { name: 'Save' }).click();
    await expect(page.getByText('Say in which domains the addresses of staff are.')).toBeVisible();
    await expect(page.getByLabel('Metadata of the provider (XML)')).toHaveValue('');
    await expect(page.getByLabel('Entity ID of the provider')).toHaveValue('urn:desk:id');
    await expect(page.getByLabel('Sign-on address')).toHaveValue('https://id.desk.example/sign-on');
    await settled();
    await page.getByLabel('Domains of staff').fill('desk.example');
    await page.getByRole('button', { name: 'Save' }).click();
    await expect(page.getByText('Saved.')).toBeVisible();
    await expect(page.getByLabel("Docket's entity ID")).toHaveValue(/\/sign-in\/saml\/\d+$/);
    await expect(page.getByLabel('Attribute with the name')).toHaveValue('displayName');
    await settled();
    await page.goto('/settings/sign-in');
    await expect(page.getByRole('row', { name })).toContainText('SAML 2.0');
  });
}
