import type { Page } from '@playwright/test';
import { expect, expectAccessible, hydrated, testWith } from '../support/fixtures.ts';
import { ADA, signIn as signInDemo } from '../support/demo.ts';
import { customer, PASSWORD, signUp } from '../support/people.ts';

const test = testWith({ DOCKET_TRUST_PROXY: 'true' }, 5);

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

test('staff are invited, join, and an invitation is taken back', async ({ server, page, openPage, allowErrors }) => {
  allowErrors(/status of (404|422)/);
  await signInDemo(page, ADA);
  await page.goto('/settings/invitations');
  await hydrated(page);
  await expectAccessible(page);
  const zoe = customer('Zoë Šimková').email;
  await page.getByLabel('E-mail address').fill(ADA);
  await page.getByRole('button', { name: 'Send invitation' }).click();
  await expect(page.getByLabel('E-mail address')).toHaveAccessibleDescription(/on staff has this address/);
  await expect(page.getByLabel('E-mail address')).toHaveValue(ADA);
  await page.getByLabel('E-mail address').fill(zoe);
  await page.getByLabel('As', { exact: true }).selectOption('Manager');
  await page.getByRole('button', { name: 'Send invitation' }).click();
  await expect(page.getByRole('main').getByRole('status')).toContainText('on its way');
  const row = page.getByRole('row', { name: zoe });
  await expect(row).toContainText('Waiting for an answer');
  const first = await server.mailbox.link(zoe, '/invitation/');
  await page.getByRole('button', { name: `Send the invitation of ${zoe} again` }).click();
  await expect(page.getByRole('main').getByRole('status')).toContainText('on its way again');
  const second = await server.mailbox.link(zoe, '/invitation/');

  const joining = await openPage();
  await joining.goto(first);
  await expect(joining.getByRole('heading', { name: 'This link does not work' })).toBeVisible();
  await joining.goto(second);
  await hydrated(joining);
  await expectAccessible(joining);
  await joining.getByLabel('Your name').fill('Zoë Šimková');
  await joining.getByLabel('New password').fill('short');
  await joining.getByRole('button', { name: 'Join' }).click();
  await expect(joining.getByLabel('New password')).toHaveAccessibleDescription(/at least 8/);
  await expect(joining.getByLabel('Your name')).toHaveValue('Zoë Šimková');
  await joining.getByLabel('New password').fill(PASSWORD);
  await joining.getByRole('button', { name: 'Join' }).click();
  await expect(joining).toHaveURL('/tickets');
  await page.reload();
  await expect(row).toContainText('Accepted');

  const gone = customer().email;
  await page.getByLabel('E-mail address').fill(gone);
  await page.getByRole('button', { name: 'Send invitation' }).click();
  const link = await server.mailbox.link(gone, '/invitation/');
  await page.getByRole('button', { name: `Take back the invitation of ${gone}` }).click();
  await expect(page.getByRole('row', { name: gone })).toContainText('Revoked');
  await joining.goto(link);
  await expect(joining.getByRole('heading', { name: 'This link does not work' })).toBeVisible();
});

test('a profile, an address and a password are changed', async ({ server, page, openPage, allowErrors }) => {
  allowErrors(/status of 422/);
  const who = customer('Jana Weiß');
  await signUp(page, who);
  await page.goto('/portal/me');
  await hydrated(page);
  await expectAccessible(page);
  await page.getByLabel('Your name').fill('Jana Weiß-Novak');
  await page.getByLabel('Time zone').fill('Nowhere');
  await page.getByRole('button', { name: 'Save profile' }).click();
  await expect(page.getByLabel('Time zone')).toHaveAccessibleDescription(/no such time zone/);
  await expect(page.getByLabel('Your name')).toHaveValue('Jana Weiß-Novak');
  await page.getByLabel('Time zone').fill('Europe/Prague');
  await page.getByRole('button', { name: 'Save profile' }).click();
  await expect(page.getByRole('main').getByRole('status')).toContainText('Saved');
  await expect(page.getByRole('heading', { name: 'Jana Weiß-Novak' })).toBeVisible();

  const next = customer().email;
  await page.getByLabel('New e-mail address').fill(next);
  await page.getByLabel('Your password').fill('not this one');
  await page.getByRole('button', { name: 'Send the link' }).click();
  await expect(page.getByLabel('Your password')).toHaveAccessibleDescription(/not your password/);
  await expect(page.getByLabel('New e-mail address')).toHaveValue(next);
  await page.getByLabel('Your password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Send the link' }).click();
  await expect(page.getByRole('main').getByRole('status')).toContainText('on its way to the new address');
  // The link works wherever the new mailbox is read.
  const elsewhere = await openPage();
  await elsewhere.goto(await server.mailbox.link(next, '/new-address/'));
  await hydrated(elsewhere);
  await expectAccessible(elsewhere);
  await elsewhere.getByRole('button', { name: 'Use this address' }).click();
  await expect(elsewhere.getByRole('heading', { name: 'Your new address is set' })).toBeVisible();
  await expectAccessible(elsewhere);
  await elsewhere.getByRole('link', { name: 'Sign in' }).click();
  await server.mailbox.mail(who.email, next);
  await page.reload();
  await expect(page.getByRole('main')).toContainText(`You sign in with ${next}`);

  await elsewhere.getByLabel('E-mail address').fill(next);
  await elsewhere.getByLabel('Password').fill(PASSWORD);
  await elsewhere.getByRole('button', { name: 'Sign in' }).click();
  await expect(elsewhere).toHaveURL(/portal/);
  await page.getByLabel('Current password').fill(PASSWORD);
  await page.getByLabel('New password').fill(NEW);
  await page.getByRole('button', { name: 'Change password' }).click();
  await expect(page.getByRole('main').getByRole('status')).toContainText('every other device is signed out');
  await elsewhere.goto('/portal');
  await expect(elsewhere).toHaveURL(/sign-in/);
});
