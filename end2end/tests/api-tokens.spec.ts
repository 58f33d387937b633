import { ANOUK, MIA, signIn, test } from '../support/demo.ts';
import { expect, expectAccessible, hydrated } from '../support/fixtures.ts';

for (const javaScriptEnabled of [true, false]) {
  const how = `${javaScriptEnabled ? 'with' : 'without'} JavaScript`;

  test(`a token is made, shown once, used and revoked, ${how}`, async ({ server, openPage, allowErrors }) => {
    allowErrors(/status of 422/);
    const name = `Report ${how}`;
    const page = await openPage({ javaScriptEnabled });
    const ready = async () => {
      if (!javaScriptEnabled) return;
      await hydrated(page);
      await expectAccessible(page);
    };
    const make = async (password: string) => {
      await page.getByLabel('Your password').fill(password);
      await page.getByRole('button', { name: 'Make the token' }).click();
    };
    await signIn(page, ANOUK);
    await page.goto('/me');
    await page.getByRole('link', { name: 'Manage' }).click();
    await expect(page).toHaveURL('/api-tokens');
    await ready();
    await page.getByLabel('Name').fill(name);
    await page.getByRole('radio', { name: 'Read Look at' }).check();
    await page.getByLabel('Good for').selectOption('7 days');
    await make('not my password');

    // What was chosen stays.
    await expect(page.getByLabel('Your password')).toHaveAccessibleDescription(/not your password/);
    await expect(page.getByLabel('Name')).toHaveValue(name);
    await expect(page.getByLabel('Good for')).toHaveValue('7');
    await ready();
    await make('docket-demo');
    await expect(page.getByRole('heading', { name: 'Your new token' })).toBeVisible();
    const token = (await page.locator('#token').textContent()) ?? '';
    expect(token).toMatch(/^dkt_.{43}$/);
    await ready();
    if (javaScriptEnabled) {
      await page.getByRole('button', { name: 'Copy' }).click();
      await expect(page.getByRole('button', { name: 'Copied' })).toBeVisible();
    }

    // What a program may with it.
    const call = (method: string, path: string, data?: object) =>
      fetch(`${server.url}/api/v1${path}`, {
        method,
        headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
        ...(data && { body: JSON.stringify(data) }),
      });
    const me = await call('GET', '/auth/me');
    expect(me.status).toBe(200);
    expect(await me.text()).toContain(ANOUK);
    expect((await call('POST', '/ticket', { subject: 'Printer', body: 'It is offline.' })).status).toBe(403);

    await page.getByRole('link', { name: 'I have kept it' }).click();
    await expect(page).toHaveURL('/api-tokens');
    await expect(page.locator('#token')).toHaveCount(0);
    const row = page.locator('.box__row', { hasText: name });
    await expect(row).toContainText(`dkt_…${token.slice(-4)}`);
    await expect(row).toContainText('Last used');
    await ready();
    await page.getByRole('button', { name: `Revoke ${name}` }).click();
    await expect(page.getByText('The token is revoked')).toBeVisible();
    await expect(row).toHaveCount(0);
    expect((await call('GET', '/auth/me')).status).toBe(401);
    await ready();
  });
}

test('one sees which tokens are used, and which have ended', async ({ page }) => {
  await signIn(page, MIA);
  await page.goto('/api-tokens');
  await hydrated(page);
  await expect(page.locator('.box__row', { hasText: 'Bridge to the chat' })).toContainText('Read and write');
  await expect(page.locator('.box__row', { hasText: 'Nightly report' })).toContainText('Never used');
  const ended = page.locator('.box__row', { hasText: 'Old report' });
  await expect(ended).toContainText('Ended');
  await ended.getByRole('button', { name: 'Revoke Old report' }).click();
  await expect(ended).toHaveCount(0);
});
