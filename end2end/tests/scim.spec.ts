import { expect, expectAccessible, hydrated, testWith } from '../support/fixtures.ts';
import { makeAcme, PASSWORD, setDeskUp, signIn } from '../support/people.ts';

const TOM = 'tom@acme.example';

/** A server of its own: a provider belongs to all of it. */
const test = testWith();

/** What a provider has the desk do, and its answer. */
type Call = (method: string, path: string, body?: object) => Promise<{ status: number; body: Record<string, unknown> }>;

function client(base: string, token: string): Call {
  return async (method, path, body) => {
    const response = await fetch(base + path, {
      method,
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/scim+json' },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: text ? (JSON.parse(text) as Record<string, unknown>) : {} };
  };
}

test('a provider announces somebody, and puts them out at once', async ({ server, page, openPage, allowErrors }) => {
  allowErrors(/status of 401|WebSocket/);
  await setDeskUp(page);
  await makeAcme(page);

  await page.goto('/settings/sign-in/new-oidc');
  await hydrated(page);
  await page.getByLabel('Name on the button').fill('Acme ID');
  await page.getByLabel('Users of one company').check();
  await page.getByLabel('Company', { exact: true }).fill('Acme');
  await page.getByLabel('Issuer').fill('https://id.acme.example');
  await page.getByLabel('Client ID').fill('docket');
  await page.getByLabel('Client secret').fill('secret');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('Saved.')).toBeVisible();

  // The token is shown once, with the address that goes with it.
  await expect(page.getByLabel('Address for SCIM')).toHaveValue(/\/scim\/v2$/);
  await page.getByRole('button', { name: 'Make a token' }).click();
  const token = (await page.locator('#token').textContent()) ?? '';
  expect(token).toMatch(/^dkp_.{43}$/);
  await hydrated(page);
  await expectAccessible(page);
  const settings = page.url();
  await page.goto(settings);
  await expect(page.getByText('Not used yet.')).toBeVisible();
  await expect(page.locator('#token')).toHaveCount(0);

  const call = client(`${server.url}/scim/v2`, token);
  expect((await client(`${server.url}/scim/v2`, 'dkp_wrong')('GET', '/Users')).status).toBe(401);
  const name = { givenName: 'Tom', familyName: 'Grün' };
  const made = await call('POST', '/Users', { userName: TOM, externalId: '00u1', name, active: true });
  expect(made.status).toBe(201);
  const user = `/Users/${String(made.body.id)}`;

  // Announced, Tom has an account, and gets a password by mail.
  const tom = await openPage();
  await tom.goto('/forgot');
  await tom.getByLabel('E-mail address').fill(TOM);
  await tom.getByRole('button', { name: 'Send the link' }).click();
  await tom.goto(await server.mailbox.link(TOM, '/reset/'));
  await tom.getByLabel('New password').fill(PASSWORD);
  await tom.getByRole('button', { name: 'Set the password' }).click();
  await signIn(tom, { name: 'Tom', email: TOM });
  await tom.goto('/portal/new');
  await tom.getByLabel('What is it about?').fill('Where is my parcel');
  await tom.getByLabel('What happened?').fill('It is late.');
  await tom.getByRole('button', { name: 'Send' }).click();
  await expect(tom).toHaveURL(/\/portal\/tickets\/\d+/);
  await expect(tom.locator('html[data-live]')).toBeAttached();

  // As Entra ID says that somebody has left: the open page learns of it by itself.
  const left = await call('PATCH', user, { Operations: [{ op: 'Replace', path: 'active', value: 'False' }] });
  expect(left.body.active).toBe(false);
  await expect(tom.getByText('You are signed out on this device')).toBeVisible();
  await tom.goto('/portal');
  await expect(tom).toHaveURL(/sign-in/);

  await page.goto('/settings/log');
  await expect(page.getByText('Acme ID').first()).toBeVisible();
  await page.goto(settings);
  await expect(page.getByText(/Last used/)).toBeVisible();
  await page.getByRole('button', { name: 'Revoke the token' }).click();
  await expect(page.getByText('Saved.')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Make a token' })).toBeVisible();
  expect((await call('GET', user)).status).toBe(401);
});
