import type { Page } from '@playwright/test';
import { expect, expectAccessible, hydrated, test as base } from '../support/fixtures.ts';
import { customer, PASSWORD, signUp } from '../support/people.ts';
import { Server } from '../support/server.ts';

const test = base.extend<{}, { server: Server }>({
  server: [
    async ({}, use) => {
      const server = await Server.start({ DOCKET_TRUST_PROXY: 'true' }, 5);
      await use(server);
      await server.stop();
    },
    { scope: 'worker', timeout: 60_000 },
  ],
});

const NEW = 'another horse battery';

async function ready(page: Page, javaScriptEnabled: boolean): Promise<void> {
  if (!javaScriptEnabled) return;
  await hydrated(page);
  await expectAccessible(page);
}

for (const javaScriptEnabled of [true, false]) {
  const how = `${javaScriptEnabled ? 'with' : 'without'} JavaScript`;

  test(`who registers proves the address by mail, ${how}`, async ({ server, openPage, allowErrors }) => {
    allowErrors(/status of (403|404|422)/);
    const page = await openPage({ javaScriptEnabled });
    const who = customer();
    await page.goto('/sign-up');
    await page.getByLabel('Your name').fill(who.name);
    await page.getByLabel('E-mail address').fill(who.email);
    await page.getByLabel('Password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Create account' }).click();
    await expect(page.getByRole('heading', { name: 'Look into your mailbox' })).toBeVisible();
    await ready(page, javaScriptEnabled);
    const link = await server.mailbox.link(who.email, '/confirm/');

    // Not before that, and one can ask for the mail again.
    await page.goto('/sign-in');
    await page.getByLabel('E-mail address').fill(who.email);
    await page.getByLabel('Password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await expect(page.getByRole('alert')).toContainText('confirm your e-mail address');
    await ready(page, javaScriptEnabled);
    await page.getByRole('button', { name: 'Send the mail again' }).click();
    await expect(page.getByRole('main')).toContainText(who.email);
    expect(await server.mailbox.link(who.email, '/confirm/')).toBe(link);

    await page.goto(link);
    await ready(page, javaScriptEnabled);
    await page.getByLabel('Password').fill('not this one');
    await page.getByRole('button', { name: 'Confirm and sign in' }).click();
    await expect(page.getByLabel('Password')).toHaveAccessibleDescription(/not the password/);
    await page.getByLabel('Password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Confirm and sign in' }).click();
    await expect(page).toHaveURL('/portal');

    const again = await openPage({ javaScriptEnabled });
    await again.goto(link);
    await expect(again.getByRole('heading', { name: 'This link does not work' })).toBeVisible();
    await ready(again, javaScriptEnabled);
  });

  test(`a forgotten password is chosen anew, ${how}`, async ({ server, openPage, allowErrors }) => {
    allowErrors(/status of 422/);
    const page = await openPage({ javaScriptEnabled });
    const who = customer('Żaneta Nováková-Großmann');
    await signUp(page, who);
    const other = await openPage({ javaScriptEnabled });
    await other.goto('/sign-in');
    await other.getByRole('link', { name: 'Forgot your password?' }).click();
    await expect(other).toHaveURL('/forgot');
    await ready(other, javaScriptEnabled);
    await other.getByLabel('E-mail address').fill(who.email);
    await other.getByRole('button', { name: 'Send the link' }).click();
    await expect(other.getByRole('main')).toContainText(who.email);
    await ready(other, javaScriptEnabled);
    await other.goto(await server.mailbox.link(who.email, '/reset/'));
    await ready(other, javaScriptEnabled);
    await other.getByLabel('New password').fill('12345678');
    await other.getByRole('button', { name: 'Set the password' }).click();
    await expect(other.getByLabel('New password')).toHaveAccessibleDescription(/most common/);
    await other.getByLabel('New password').fill(NEW);
    await other.getByRole('button', { name: 'Set the password' }).click();
    await expect(other.getByRole('status')).toContainText('new password is set');
    await server.mailbox.mail(who.email, 'has a new password');

    // Everywhere else they are signed out.
    await page.goto('/portal');
    await expect(page).toHaveURL(/sign-in/);
    await other.getByLabel('E-mail address').fill(who.email);
    await other.getByLabel('Password').fill(NEW);
    await other.getByRole('button', { name: 'Sign in' }).click();
    await expect(other).toHaveURL('/portal');
  });
}
