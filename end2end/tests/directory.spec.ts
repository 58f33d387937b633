import { BASE, Directory, READER } from '../support/directory.ts';
import { expect, expectAccessible, hydrated, testWith } from '../support/fixtures.ts';
import { ADA, makeAcme, setDeskUp, signIn } from '../support/people.ts';

const TOM = { uid: 'tom', name: 'Tom of Acme', email: 'tom@acme.example', password: 'a password of the directory' };

/** A server that may ask directories on loopback, and a directory with one person in it. */
const test = testWith({ DOCKET_OUTSIDE_PRIVATE_ADDRESSES: 'true' }).extend<object, { directory: Directory }>({
  directory: [
    async ({}, use) => {
      const directory = await Directory.start([TOM]);
      await use(directory);
      await directory.stop();
    },
    { scope: 'worker' },
  ],
});

test.describe.configure({ mode: 'serial' });

test('a superadmin sets a directory up and tries it', async ({ page, directory, allowErrors }) => {
  allowErrors(/status of 422/);
  await setDeskUp(page);
  await makeAcme(page);

  await page.goto('/settings/sign-in');
  await hydrated(page);
  await page.getByRole('link', { name: 'LDAP' }).click();
  await expect(page).toHaveURL('/settings/sign-in/new-ldap');
  await hydrated(page);
  await expectAccessible(page);
  await page.getByLabel('What people call it').fill('Acme directory');
  await page.getByLabel('Users of one company').check();
  await page.getByLabel('Company', { exact: true }).fill('Acme');
  await page.getByLabel('Server').fill('http://acme.example');
  await page.getByLabel('Look people up as').fill(READER.dn);
  await page.getByLabel('Its password').fill(READER.password);
  await page.getByLabel('Base', { exact: true }).fill(BASE);
  await page.getByLabel('Make an account').check();
  await page.getByLabel('People can sign in this way').check();
  await page.getByRole('button', { name: 'Save' }).click();

  // What is wrong stands beside its field, and what was typed is still there, but for the password.
  await expect(page.getByText('Use an address like ldaps://ldap.acme.example.')).toBeVisible();
  await expect(page.getByLabel('Base', { exact: true })).toHaveValue(BASE);
  await hydrated(page);
  await expectAccessible(page);
  await page.getByLabel('Server').fill(directory.address);
  await page.getByLabel('Its password').fill(READER.password);
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('Saved.')).toBeVisible();
  await hydrated(page);

  await page.getByLabel('Address to try').fill(TOM.email);
  await page.getByRole('button', { name: 'Try what is saved' }).click();
  await expect(page.getByText(`${TOM.email} is uid=${TOM.uid},${BASE} there.`)).toBeVisible();
  await expect(page.getByLabel('Address to try')).toHaveValue(TOM.email);
  await hydrated(page);
  await expectAccessible(page);
});

test('users of a company sign in with the password of its directory, without JavaScript', async ({
  page,
  openPage,
  allowErrors,
}) => {
  allowErrors(/status of 422/);
  const tom = await openPage({ javaScriptEnabled: false });
  await tom.goto('/portal/new');
  await tom.getByLabel('E-mail address').fill(TOM.email);
  await tom.getByLabel('Password').fill('not this one');
  await tom.getByRole('button', { name: 'Sign in', exact: true }).click();
  await expect(tom.getByText('The e-mail address or the password is not right.')).toBeVisible();
  await expect(tom.getByLabel('E-mail address')).toHaveValue(TOM.email);
  await tom.getByLabel('Password').fill(TOM.password);
  await tom.getByRole('button', { name: 'Sign in', exact: true }).click();
  await expect(tom).toHaveURL('/portal/new');

  await signIn(page, ADA);
  await page.goto('/companies');
  await page.getByRole('link', { name: 'Acme' }).first().click();
  await expect(page.getByText(TOM.name).first()).toBeVisible();
});

test('a directory that is away keeps its people waiting, and nobody else', async ({
  page,
  openPage,
  directory,
  allowErrors,
}) => {
  allowErrors(/status of 503/);
  await directory.stop();
  const tom = await openPage();
  await tom.goto('/sign-in');
  await hydrated(tom);
  await tom.getByLabel('E-mail address').fill(TOM.email);
  await tom.getByLabel('Password').fill(TOM.password);
  await tom.getByRole('button', { name: 'Sign in', exact: true }).click();
  await expect(tom.getByRole('alert')).toContainText('Acme directory, which does not answer at the moment');
  await hydrated(tom);
  await expectAccessible(tom);
  await signIn(page, ADA);
});
