import type { Page, WebSocket } from '@playwright/test';
import { expect, expectAccessible, hydrated, testWith } from '../support/fixtures.ts';
import { customer, PASSWORD, type Person, signIn, signUp } from '../support/people.ts';
import { Server } from '../support/server.ts';
import { live } from '../support/tickets.ts';

/** With addresses of the visitors' own, so that one test's wrong passwords are not held against another. */
const test = testWith({ DOCKET_TRUST_PROXY: 'true' }, 5);

async function fillIn(page: Page, who: Person, password: string): Promise<void> {
  await page.getByLabel('Your name').fill(who.name);
  await page.getByLabel('E-mail address').fill(who.email);
  await page.getByLabel('Password').fill(password);
}

test('the first visit makes the superadmin, and no later one does', async ({ openPage, allowErrors }) => {
  allowErrors(/status of (403|422)/);
  const server = await Server.start();
  try {
    const page = await openPage({ baseURL: server.url });
    await page.goto('/');
    await expect(page.getByRole('heading', { name: 'Set up Docket' })).toBeVisible();
    await hydrated(page);
    await expectAccessible(page);
    const boss = { name: 'Ada Admin', email: 'ada@docket.example' };
    await fillIn(page, boss, 'short');
    await page.getByRole('button', { name: 'Create the superadmin' }).click();
    await expect(page.getByLabel('Password')).toHaveAccessibleDescription(/at least 8 characters/);
    await expect(page.getByLabel('Your name')).toHaveValue(boss.name);
    // What is said is true, and one begins where something is to be done.
    await expect(page.getByRole('alert')).toContainText('choose another password');
    await expect(page.getByLabel('Password')).toBeFocused();
    await fillIn(page, { ...boss, name: ' ' }, PASSWORD);
    await page.getByRole('button', { name: 'Create the superadmin' }).click();
    await expect(page.getByLabel('Your name')).toHaveAccessibleDescription(/tell us your name/);
    await expect(page.getByLabel('Your name')).toBeFocused();
    await expect(page.getByRole('alert')).toContainText('type your password again');
    await page.getByLabel('Your name').fill(boss.name);

    const late = await openPage({ baseURL: server.url });
    await late.goto('/set-up');
    await page.getByLabel('Password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Create the superadmin' }).click();
    await expect(page).toHaveURL('/tickets');
    await expect(page.getByRole('navigation', { name: 'Main', exact: true })).toContainText('Ada Admin');

    // Somebody else had the page open already.
    await fillIn(late, { name: 'Otto', email: 'otto@docket.example' }, PASSWORD);
    await late.getByRole('button', { name: 'Create the superadmin' }).click();
    await expect(late).toHaveURL(/sign-in|set-up/);
    await late.goto('/set-up');
    await expect(late).toHaveURL('/sign-in');
    await late.getByLabel('E-mail address').fill('otto@docket.example');
    await late.getByLabel('Password').fill(PASSWORD);
    await late.getByRole('button', { name: 'Sign in' }).click();
    await expect(late.getByRole('alert')).toContainText('not right');
    // Pages that are left open would say that the server has gone.
    await page.context().close();
    await late.context().close();
  } finally {
    await server.stop();
  }
});

for (const javaScriptEnabled of [true, false]) {
  test(`a refused registration keeps what was typed, ${javaScriptEnabled ? 'with' : 'without'} JavaScript`, async ({ openPage, allowErrors }) => {
    allowErrors(/status of 422/);
    const page = await openPage({ javaScriptEnabled });
    const who = customer('Jana <b>Weiß</b> "x"');
    await page.goto('/sign-up');
    if (javaScriptEnabled) await hydrated(page);
    await fillIn(page, who, '12345678');
    await page.getByRole('button', { name: 'Create account' }).click();
    await expect(page.getByLabel('Password')).toHaveAccessibleDescription(/most common passwords/);
    await expect(page.getByLabel('Your name')).not.toHaveAttribute('aria-invalid');
    await expect(page.getByLabel('Your name')).toHaveValue(who.name);
    await expect(page.getByLabel('E-mail address')).toHaveValue(who.email);
    await expect(page.getByLabel('Password')).toHaveValue('');
    await expect(page).toHaveURL('/sign-up');
    if (javaScriptEnabled) {
      await hydrated(page);
      await expectAccessible(page);
    }

    await page.getByLabel('Password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Create account' }).click();
    await expect(page.getByRole('heading', { name: 'Look into your mailbox' })).toBeVisible();
    await expect(page.getByRole('main')).toContainText(who.email);
  });

  test(`signing in leads to where one wanted to go, and out, ${javaScriptEnabled ? 'with' : 'without'} JavaScript`, async ({ openPage, allowErrors }) => {
    allowErrors(/status of 422/);
    const page = await openPage({ javaScriptEnabled });
    const who = customer();
    await signUp(page, who);
    if (javaScriptEnabled) await hydrated(page);
    await page.goto('/portal/me');
    await page.getByRole('main').getByRole('button', { name: 'Sign out', exact: true }).first().click();
    await expect(page).toHaveURL('/sign-in');

    await page.goto('/portal/new');
    await expect(page).toHaveURL(/sign-in/);
    await page.getByLabel('E-mail address').fill(who.email);
    await page.getByLabel('Password').fill('not my password');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await expect(page.getByRole('alert')).toContainText('The e-mail address or the password is not right.');
    await expect(page.getByLabel('E-mail address')).toHaveValue(who.email);
    await expect(page.getByLabel('Password')).toBeFocused();
    await page.getByLabel('Password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await expect(page).toHaveURL('/portal/new');
  });
}

for (const javaScriptEnabled of [true, false]) {
  test(`“back” after signing out shows nothing, ${javaScriptEnabled ? 'with' : 'without'} JavaScript`, async ({ openPage }) => {
    const page = await openPage({ javaScriptEnabled });
    const who = customer();
    await signUp(page, who);
    if (javaScriptEnabled) await hydrated(page);
    await page.getByLabel('Account', { exact: true }).click();
    await page.getByRole('link', { name: 'Profile and devices' }).click();
    await expect(page).toHaveURL('/portal/me');
    await page.getByRole('main').getByRole('button', { name: 'Sign out', exact: true }).first().click();
    await expect(page).toHaveURL('/sign-in');
    for (let steps = 1; steps <= 2; steps++) {
      await page.goBack();
      await expect(page).toHaveURL(/sign-in\?next=/);
      await expect(page.getByText(who.name)).toBeHidden();
    }
  });
}

test('a page that the browser has kept whole is asked for again', async ({ openPage }) => {
  const page = await openPage();
  const who = customer();
  await signUp(page, who);
  await hydrated(page);
  // Signed out elsewhere. Chromium does not keep pages whole that must not be stored; others may, and then say this.
  await page.context().clearCookies();
  await page.evaluate(() => {
    dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }));
  });
  await expect(page).toHaveURL(/sign-in\?next=/);
});

test('who guesses passwords is told to wait', async ({ openPage, allowErrors }) => {
  allowErrors(/status of (422|429)/);
  const page = await openPage({ extraHTTPHeaders: { 'x-forwarded-for': '192.0.2.7' } });
  const who = customer();
  await signUp(page, who);
  await page.context().clearCookies();
  await page.goto('/sign-in');
  await page.getByLabel('E-mail address').fill(who.email);
  const guess = async () => {
    await page.getByLabel('Password').fill('a wild guess');
    const answer = page.waitForResponse((response) => response.request().method() === 'POST');
    await page.getByRole('button', { name: 'Sign in' }).click();
    return (await answer).status();
  };
  const answers: number[] = [];
  // Each one past the free ones doubles the wait, so a slow machine runs into it too.
  while (answers.at(-1) !== 429 && answers.length < 12) answers.push(await guess());
  expect(answers.slice(0, 5)).toEqual([422, 422, 422, 422, 422]);
  expect(answers.at(-1)).toBe(429);
  await expect(page.getByRole('alert')).toContainText(/Please (wait|try again)/);
  await expect(page.getByLabel('E-mail address')).toHaveValue(who.email);
});

test('a device that is signed out elsewhere loses its socket and says so', async ({ page, openPage }) => {
  const staff = { name: 'Ada Admin', email: 'admin@docket.example' };
  const signInStaff = async (page: Page) => {
    await page.goto('/sign-in');
    await page.getByLabel('E-mail address').fill(staff.email);
    await page.getByLabel('Password').fill('docket-demo');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await expect(page).toHaveURL('/tickets');
  };
  const other = await openPage();
  await signInStaff(page);
  await signInStaff(other);
  const sockets: WebSocket[] = [];
  other.on('websocket', (socket) => void sockets.push(socket));
  await live(other, '/tickets');
  const socket = sockets.at(-1);
  await page.goto('/me');
  await hydrated(page);
  await expectAccessible(page);
  await expect(page.getByText('This device')).toBeVisible();
  const row = page.getByRole('button', { name: /^Sign out on/ });
  await expect(row).toHaveCount(1);

  await row.click();
  await expect.poll(() => socket?.isClosed()).toBe(true);
  await expect(row).toHaveCount(0);
  await expect(other.getByText('You are signed out on this device')).toBeVisible();
  await expect(other.locator('html[data-live]')).toHaveCount(0);
  const again = other.waitForEvent('popup');
  await other.getByRole('link', { name: 'Sign in' }).click();
  await expect(await again).toHaveURL('/sign-in');
  await page.reload();
  await expect(page).toHaveURL('/me');
});

test('a customer who is signed out elsewhere keeps what they have written', async ({ page, openPage, allowErrors }) => {
  allowErrors(/status of 401/);
  const who = customer();
  const other = await openPage();
  await signUp(page, who);
  await signIn(other, who);
  await other.goto('/portal/new');
  await other.getByLabel('What is it about?').fill('Where is my parcel');
  await other.getByLabel('What happened?').fill('It is late.');
  await other.getByRole('button', { name: 'Send' }).click();
  await expect(other).toHaveURL(/\/portal\/tickets\/\d+/);
  await live(other, other.url());
  await other.getByLabel('Your answer').fill('Two weeks late, in fact.');

  await page.goto('/portal/me');
  await page.getByRole('button', { name: 'Sign out everywhere else' }).click();
  await expect(page.getByRole('button', { name: /^Sign out on/ })).toHaveCount(0);
  await expect(other.getByText('You are signed out on this device')).toBeVisible();
  const again = other.waitForEvent('popup');
  await other.getByRole('link', { name: 'Sign in' }).click();
  await signIn(await again, who);
  await other.getByRole('button', { name: 'Send' }).click();
  await expect(other.getByRole('region', { name: 'Conversation' }).getByText('Two weeks late, in fact.')).toBeVisible();
});

/** Signs this browser in as somebody, past the page. */
async function becomes(page: Page, who: Person): Promise<void> {
  const form = { email: who.email, password: PASSWORD };
  expect((await page.context().request.post('/sign-in', { form, maxRedirects: 0 })).status()).toBe(303);
}

test('a tab of somebody else says so, sends nothing in the wrong name, and goes on for its own person', async ({ page, openPage, allowErrors }) => {
  allowErrors(/status of 409/);
  const [jana, otto] = [customer(), customer('Otto Kurz')];
  await signUp(await openPage(), otto);
  await signUp(page, jana);
  await page.goto('/portal/new');
  await page.getByLabel('What is it about?').fill('Where is my parcel');
  await page.getByLabel('What happened?').fill('It is late.');
  await page.getByRole('button', { name: 'Send' }).click();
  await expect(page).toHaveURL(/\/portal\/tickets\/\d+/);
  await live(page, page.url());
  await page.getByLabel('Your answer').fill('Two weeks late, in fact.');

  // Another tab is somebody else's: this one hears of it at once.
  await becomes(page, otto);
  const other = await page.context().newPage();
  await other.goto('/portal');
  await hydrated(other);
  const banner = page.getByRole('alert').filter({ hasText: 'Sign in as yourself' });
  await expect(banner).toContainText('You are signed in as Otto Kurz in this browser now');
  await expectAccessible(page);
  await page.getByRole('button', { name: 'Send' }).click();
  await expect(page.locator('#body-error')).toContainText('You are signed in as Otto Kurz');
  await expect(page.getByLabel('Your answer')).toHaveValue('Two weeks late, in fact.');

  // Signed in as oneself again, nothing is lost, and it goes on.
  await becomes(page, jana);
  await other.reload();
  await hydrated(other);
  await expect(banner).toBeHidden();
  await page.getByRole('button', { name: 'Send' }).click();
  await expect(page.getByLabel('Your answer')).toHaveValue('');
  await expect(page.getByText('Two weeks late, in fact.')).toHaveCount(1);
});

test('without being told by another tab, the server still refuses', async ({ page, openPage, allowErrors }) => {
  allowErrors(/status of 409/);
  const [jana, otto] = [customer(), customer('Otto Kurz')];
  await signUp(await openPage(), otto);
  await signUp(page, jana);
  await page.goto('/portal/new');
  await hydrated(page);
  await page.getByLabel('What is it about?').fill('Where is my parcel');
  await page.getByLabel('What happened?').fill('It is late.');
  await becomes(page, otto);
  await page.getByRole('button', { name: 'Send' }).click();
  await expect(page.getByText('You are signed in as Otto Kurz in this browser now').first()).toBeVisible();
  await expect(page.getByLabel('What happened?')).toHaveValue('It is late.');
  await page.getByRole('button', { name: 'Reload' }).click();
  // What Jana has written is kept for her, not shown to Otto.
  await expect(page.getByLabel('What happened?')).toHaveValue('');
  await page.goto('/portal');
  await expect(page.getByText('Where is my parcel')).toHaveCount(0);
});
