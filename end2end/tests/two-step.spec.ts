import type { Page } from '@playwright/test';
import { codeOf } from '../support/codes.ts';
import { ADA, MIA, signIn as signInStaff } from '../support/demo.ts';
import { expect, expectAccessible, hydrated, testWith } from '../support/fixtures.ts';
import { customer, PASSWORD, type Person, signUp } from '../support/people.ts';
import { Server } from '../support/server.ts';

/** With somebody on staff: else signing in leads to setting Docket up. */
const test = testWith({}, 5);

/** Shows the password, and comes to the second step. */
async function firstStep(page: Page, who: Person, next = ''): Promise<void> {
  await page.context().clearCookies();
  await page.goto(`/sign-in${next}`);
  await page.getByLabel('E-mail address').fill(who.email);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page).toHaveURL(/\/sign-in\/second/);
}

async function secondStep(page: Page, code: string): Promise<void> {
  await page.getByLabel('Code', { exact: true }).fill(code);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

for (const javaScriptEnabled of [true, false]) {
  test(`an app for codes is set up, asked for and removed, ${javaScriptEnabled ? 'with' : 'without'} JavaScript`, async ({
    openPage,
    allowErrors,
  }) => {
    allowErrors(/status of 422/);
    const page = await openPage({ javaScriptEnabled });
    const ready = async () => {
      if (!javaScriptEnabled) return;
      await hydrated(page);
      await expectAccessible(page);
    };
    const who = customer();
    await signUp(page, who);
    await page.goto('/portal/me');
    await page.getByRole('link', { name: 'Set up' }).click();
    await expect(page).toHaveURL('/two-step');
    await ready();
    await page.getByLabel('Your password').fill('not my password');
    await page.getByRole('button', { name: 'Set up an app' }).click();
    await expect(page.getByLabel('Your password')).toHaveAccessibleDescription(/not your password/);
    await page.getByLabel('Your password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Set up an app' }).click();

    await expect(page.getByRole('img', { name: 'QR code' })).toBeVisible();
    await ready();
    const secret = await page.locator('.qr__key').innerText();
    await page.getByLabel('Code', { exact: true }).fill('000000');
    await page.getByRole('button', { name: 'Turn on' }).click();
    await expect(page.getByLabel('Code', { exact: true })).toHaveAccessibleDescription(/not right/);
    await page.getByLabel('Code', { exact: true }).fill(codeOf(secret, -1));
    await page.getByRole('button', { name: 'Turn on' }).click();
    await expect(page.getByRole('heading', { name: 'Your recovery codes' })).toBeVisible();
    await ready();
    const codes = await page.locator('.codes li').allInnerTexts();
    expect(new Set(codes).size).toBe(10);
    await page.getByRole('link', { name: 'I have kept them' }).click();
    await expect(page.getByText('10 left')).toBeVisible();
    await ready();

    await firstStep(page, who, '?next=/portal/new');
    await ready();
    // Nothing is open in between.
    await page.goto('/portal');
    await expect(page).toHaveURL(/\/sign-in\?/);
    await page.goBack();
    await secondStep(page, '000000');
    await expect(page.getByLabel('Code', { exact: true })).toHaveAccessibleDescription(/not right/);
    await expect(page.getByLabel('Code', { exact: true })).toBeFocused();
    await secondStep(page, codeOf(secret));
    await expect(page).toHaveURL('/portal/new');

    // The device is lost: a recovery code, once.
    await firstStep(page, who);
    await secondStep(page, codes[2] ?? '');
    await expect(page).toHaveURL('/portal');
    await firstStep(page, who);
    await secondStep(page, codes[2] ?? '');
    await expect(page.getByLabel('Code', { exact: true })).toHaveAccessibleDescription(/used before/);
    await secondStep(page, codes[3] ?? '');
    await expect(page).toHaveURL('/portal');

    await page.goto('/two-step');
    await expect(page.getByText('8 left')).toBeVisible();
    await page.getByText('Another device, or turn it off').click();
    const off = page.locator('form', { has: page.getByRole('button', { name: 'Remove the app' }) });
    await off.getByLabel('Your password').fill(PASSWORD);
    await off.getByLabel(/^Code/).fill(codes[4] ?? '');
    await off.getByRole('button', { name: 'Remove the app' }).click();
    await expect(page.getByText('The app is removed.')).toBeVisible();
    await expect(page.getByRole('button', { name: 'Set up an app' })).toBeVisible();
  });
}

test('recovery codes can be copied and kept as a file', async ({ page, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  const who = customer();
  await signUp(page, who);
  await page.goto('/two-step');
  await page.getByLabel('Your password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Set up an app' }).click();
  const secret = await page.locator('.qr__key').innerText();
  await page.getByLabel('Code', { exact: true }).fill(codeOf(secret));
  await page.getByRole('button', { name: 'Turn on' }).click();
  const codes = await page.locator('.codes li').allInnerTexts();
  await hydrated(page);
  await page.getByRole('button', { name: 'Copy' }).click();
  await expect(page.getByRole('button', { name: 'Copied' })).toBeVisible();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toContain(codes[9]);
  const download = page.waitForEvent('download');
  await page.getByRole('link', { name: 'Download' }).click();
  expect((await download).suggestedFilename()).toBe('docket-recovery-codes.txt');
});

/** Sets an app up on the page, and returns its secret. */
async function setUp(page: Page, password: string): Promise<string> {
  await page.getByLabel('Your password').fill(password);
  await page.getByRole('button', { name: 'Set up an app' }).click();
  const secret = await page.locator('.qr__key').innerText();
  await page.getByLabel('Code', { exact: true }).fill(codeOf(secret, -1));
  await page.getByRole('button', { name: 'Turn on' }).click();
  await expect(page.getByRole('heading', { name: 'Your recovery codes' })).toBeVisible();
  return secret;
}

test('staff who must have it set it up first, and are helped when they have lost it', async ({ openPage, allowErrors }) => {
  allowErrors(/status of (403|422)/);
  const server = await Server.start({}, 5);
  try {
    const [admin, agent] = [await openPage({ baseURL: server.url }), await openPage({ baseURL: server.url })];
    await signInStaff(agent, MIA);
    await agent.goto('/tickets');
    await hydrated(agent);
    await signInStaff(admin, ADA);
    await admin.goto('/settings/two-step');
    await hydrated(admin);
    await expectAccessible(admin);
    await admin.getByLabel('Staff need two-step sign-in').check();
    await admin.getByLabel('Days until it is needed').fill('x');
    await admin.getByRole('button', { name: 'Save' }).click();
    await expect(admin.getByLabel('Days until it is needed')).toHaveAccessibleDescription(/from 0 to 90/);
    await expect(admin.getByLabel('Staff need two-step sign-in')).toBeChecked();
    await admin.getByLabel('Days until it is needed').fill('0');
    await admin.getByRole('button', { name: 'Save' }).click();
    // For oneself, too.
    await expect(admin).toHaveURL('/two-step');
    await expect(admin.getByText('Set it up, and you can go on.')).toBeVisible();
    await hydrated(admin);
    await expectAccessible(admin);
    await admin.goto('/settings/users');
    await expect(admin).toHaveURL('/two-step');
    await setUp(admin, 'docket-demo');

    await agent.goto('/board');
    await expect(agent).toHaveURL('/two-step');
    await setUp(agent, 'docket-demo');
    await agent.getByRole('link', { name: 'I have kept them' }).click();
    await agent.goto('/board');
    await expect(agent).toHaveURL('/board');

    await admin.goto(`/settings/users?q=${MIA}`);
    await admin.getByRole('main').getByRole('link', { name: 'Mia Berger' }).click();
    await hydrated(admin);
    await admin.getByText('They have lost it').click();
    await expectAccessible(admin);
    await admin.getByLabel('Why, and how you know that it is them').fill('Lost the phone; called back');
    await admin.getByLabel('Their name').fill('Mia');
    await admin.getByRole('button', { name: 'Remove second factor' }).click();
    await expect(admin.getByLabel('Their name')).toHaveAccessibleDescription(/not their name/);
    await admin.getByLabel('Their name').fill('Mia Berger');
    await admin.getByRole('button', { name: 'Remove second factor' }).click();
    await expect(admin.getByText('Saved.')).toBeVisible();
    await agent.goto('/board');
    await expect(agent).toHaveURL(/\/sign-in/);
    await admin.goto('/settings/log');
    await expect(admin.getByText('Removed the second factor of Mia Berger: Lost the phone; called back')).toBeVisible();
    await admin.context().close();
    await agent.context().close();
  } finally {
    await server.stop();
  }
});
