import { expect, hydrated, testWith } from '../support/fixtures.ts';
import { makeAcme, setDeskUp } from '../support/people.ts';
import { SamlProvider } from '../support/saml.ts';

const JANA = { id: 'jana-7', displayName: 'Jana Weiß', email: 'jana@acme.example' };
const TOM = { id: 'tom-1', displayName: 'Tom Stone', email: 'tom@acme.example' };
const EVE = { id: 'eve-9', displayName: 'Eve Else', email: 'eve@elsewhere.example' };

const test = testWith({ DOCKET_OUTSIDE_PRIVATE_ADDRESSES: 'true' }).extend<object, { saml: SamlProvider }>({
  saml: [
    async ({ server }, use) => {
      const saml = await SamlProvider.start(`${server.url}/sign-in/saml`, [JANA, TOM, EVE]);
      await use(saml);
      await saml.stop();
    },
    { scope: 'worker' },
  ],
});

test('users of a company come by SAML, as a real provider speaks it', async ({ page, openPage, saml, allowErrors }) => {
  allowErrors(/status of 403/);
  await setDeskUp(page);
  await makeAcme(page);
  await page.goto('/settings/sign-in');
  await hydrated(page);
  await page.getByRole('link', { name: 'SAML' }).click();
  await expect(page).toHaveURL('/settings/sign-in/new-saml');
  await page.getByLabel('Name on the button').fill('Acme');
  await page.getByLabel('Users of one company').check();
  await page.getByLabel('Company', { exact: true }).fill('Acme');
  await page.getByLabel('Make an account').check();
  await page.getByLabel('People can sign in this way').check();

  await page.getByLabel('Metadata of the provider').fill(await saml.metadata());
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('Saved.')).toBeVisible();
  await expect(page.getByLabel('Entity ID of the provider')).toHaveValue(saml.entity);
  await expect(page.getByLabel('Sign-on address')).toHaveValue(`${saml.address}/sso`);
  await expect(page.getByLabel('Where the provider sends its answers to')).toHaveValue(/\/sign-in\/saml$/);
  const entity = await page.getByLabel("Docket's entity ID").inputValue();
  const described = await page.request.get(entity);
  expect(await described.text()).toContain(`entityID="${entity}"`);
  await page.getByRole('button', { name: 'Try what is saved' }).click();
  await expect(page.getByText('Its certificate is good until')).toBeVisible();

  // One with, one without JavaScript.
  for (const { person, javaScriptEnabled } of [
    { person: JANA, javaScriptEnabled: true },
    { person: TOM, javaScriptEnabled: false },
  ]) {
    const theirs = await openPage({ javaScriptEnabled });
    await theirs.goto('/sign-in?next=/portal/new');
    await theirs.getByRole('link', { name: 'Sign in with your company' }).click();
    await theirs.getByLabel('E-mail address at your company').fill(person.email);
    await theirs.getByRole('button', { name: 'Go on' }).click();
    await theirs.getByRole('link', { name: person.displayName }).click();
    if (!javaScriptEnabled) {
      // The provider's page, then ours.
      await theirs.getByRole('button').click();
      await theirs.getByRole('button', { name: 'Go on' }).click();
    }
    await expect(theirs).toHaveURL('/portal/new');
  }
  await page.goto('/customers');
  await expect(page.getByText(JANA.email)).toBeVisible();
  await expect(page.getByText(TOM.displayName)).toBeVisible();

  // Of another domain than the company's.
  const eve = await openPage();
  await eve.goto('/sign-in');
  await eve.getByRole('link', { name: 'Sign in with your company' }).click();
  await eve.getByLabel('E-mail address at your company').fill(JANA.email);
  await eve.getByRole('button', { name: 'Go on' }).click();
  await eve.getByRole('link', { name: EVE.displayName }).click();
  await expect(eve.getByRole('alert')).toContainText('vouches for other addresses than those at elsewhere.example');
});
