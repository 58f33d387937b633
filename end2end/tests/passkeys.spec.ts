import type { CDPSession, Page } from '@playwright/test';
import { ADA, ANOUK, JANA, MIA } from '../support/demo.ts';
import { expect, expectAccessible, hydrated, testWith } from '../support/fixtures.ts';

/** With somebody on staff, and by the name of the machine: passkeys belong to no number. */
const test = testWith({}, 5).extend({
  baseURL: async ({ server }, use) => use(server.url.replace('127.0.0.1', 'localhost')),
});

/** The password of everybody in the demo. */
const PASSWORD = 'docket-demo';

/** A device that keeps passkeys and knows who holds it. */
class Device {
  private constructor(
    private readonly session: CDPSession,
    private readonly authenticatorId: string,
  ) {}

  /** `chosen`: what a page offers in a field is chosen at once. Otherwise this browser cannot offer anything there. */
  static async of(page: Page, chosen = false): Promise<Device> {
    if (!chosen) await page.addInitScript(() => void (PublicKeyCredential.isConditionalMediationAvailable = async () => false));
    const session = await page.context().newCDPSession(page);
    await session.send('WebAuthn.enable');
    const { authenticatorId } = await session.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        transport: 'internal',
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
        automaticPresenceSimulation: true,
      },
    });
    return new Device(session, authenticatorId);
  }

  /** Whether it makes sure that it is its owner: a fingerprint that fits, or one that does not. */
  async knows(owner: boolean): Promise<void> {
    await this.session.send('WebAuthn.setUserVerified', { authenticatorId: this.authenticatorId, isUserVerified: owner });
  }

  /** Whether somebody is there to touch it. */
  async attended(enabled: boolean): Promise<void> {
    await this.session.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId: this.authenticatorId, enabled });
  }

  async count(): Promise<number> {
    const { credentials } = await this.session.send('WebAuthn.getCredentials', { authenticatorId: this.authenticatorId });
    return credentials.length;
  }
}

async function withPassword(page: Page, email: string): Promise<void> {
  await page.goto('/sign-in');
  await page.getByLabel('E-mail address').fill(email);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
}

/** Adds a passkey on the page of one's own. */
async function add(page: Page, name: string): Promise<void> {
  await page.goto('/two-step');
  await hydrated(page);
  await page.getByText('Add a passkey').first().click();
  await page.getByRole('textbox', { name: 'Name' }).fill(name);
  await page.locator('form', { hasText: 'By which you know' }).getByLabel('Your password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Add a passkey' }).click();
}

test('a passkey is added, signs in alone and as the second step, and is removed', async ({ page, allowErrors }) => {
  allowErrors(/status of (409|422)/);
  const device = await Device.of(page);
  await withPassword(page, MIA);
  await expect(page).toHaveURL('/tickets');
  await page.goto('/two-step');
  await hydrated(page);
  await expect(page.getByText('None yet.')).toBeVisible();
  await page.getByText('Add a passkey').first().click();
  await expectAccessible(page);

  // What is wrong is said beside it, and what was typed is kept.
  await page.getByRole('textbox', { name: 'Name' }).fill('My laptop');
  const form = page.locator('form', { hasText: 'By which you know' });
  await form.getByLabel('Your password').fill('not my password');
  await page.getByRole('button', { name: 'Add a passkey' }).click();
  await expect(form.getByLabel('Your password')).toHaveAccessibleDescription(/not your password/);
  await expect(page.getByRole('textbox', { name: 'Name' })).toHaveValue('My laptop');

  // A finger that is not known.
  await device.knows(false);
  await form.getByLabel('Your password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Add a passkey' }).click();
  await expect(page.getByText('Nothing was made')).toBeVisible();
  await expectAccessible(page);
  await device.knows(true);
  await page.getByRole('button', { name: 'Try again' }).click();
  await expect(page.getByRole('heading', { name: 'Your recovery codes' })).toBeVisible();
  expect(await device.count()).toBe(1);
  await page.getByRole('link', { name: 'I have kept them' }).click();
  await expect(page.getByText('My laptop')).toBeVisible();
  await expect(page.getByText('never used')).toBeVisible();
  await hydrated(page);
  await expectAccessible(page);

  // The same device has one already.
  await add(page, 'The same again');
  await expect(page.getByText('has a passkey of yours already')).toBeVisible();
  expect(await device.count()).toBe(1);

  // Alone, to where one wanted to go.
  await page.context().clearCookies();
  await page.goto('/sign-in?next=/board');
  await hydrated(page);
  await expectAccessible(page);
  await device.knows(false);
  await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
  await expect(page.getByText('No passkey came')).toBeVisible();
  await device.knows(true);
  await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
  await expect(page).toHaveURL('/board');

  // Beside the password.
  await page.context().clearCookies();
  await withPassword(page, MIA);
  await expect(page).toHaveURL(/\/sign-in\/second/);
  await hydrated(page);
  await expectAccessible(page);
  await page.getByRole('button', { name: 'Use a passkey' }).click();
  await expect(page).toHaveURL('/tickets');

  await page.goto('/two-step');
  await page.getByRole('link', { name: 'Change My laptop' }).click();
  await hydrated(page);
  await expectAccessible(page);
  await page.getByRole('textbox', { name: 'Name' }).fill('Work laptop');
  await page.getByRole('button', { name: 'Rename' }).click();
  await expect(page.getByText('The passkey is renamed.')).toBeVisible();
  await page.getByRole('link', { name: 'Change Work laptop' }).click();
  await page.getByLabel('Your password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Remove the passkey' }).click();
  await expect(page.getByText('The passkey is removed')).toBeVisible();
  await expect(page.getByText('None yet.')).toBeVisible();

  // The device has it still, and is told that it is of no use.
  await page.context().clearCookies();
  await page.goto('/sign-in?next=/board');
  await hydrated(page);
  await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
  await expect(page.getByText('opens no account here')).toBeVisible();
  await hydrated(page);
  await expectAccessible(page);
  // The page that says so signs in like any other.
  await page.getByLabel('E-mail address').fill(MIA);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await expect(page).toHaveURL('/board');
});

test('browsers that do not know the JSON of passkeys get it by hand', async ({ page }) => {
  await page.addInitScript(() => {
    const known = PublicKeyCredential as unknown as Record<string, unknown>;
    delete known.parseCreationOptionsFromJSON;
    delete known.parseRequestOptionsFromJSON;
    delete (PublicKeyCredential.prototype as unknown as Record<string, unknown>).toJSON;
  });
  await Device.of(page);
  await withPassword(page, ADA);
  await expect(page).toHaveURL('/tickets');
  await add(page, 'Old browser');
  await expect(page.getByRole('heading', { name: 'Your recovery codes' })).toBeVisible();
  await page.context().clearCookies();
  await page.goto('/sign-in');
  await hydrated(page);
  await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
  await expect(page).toHaveURL('/tickets');
  await page.context().clearCookies();
  await withPassword(page, ADA);
  await hydrated(page);
  await page.getByRole('button', { name: 'Use a passkey' }).click();
  await expect(page).toHaveURL('/tickets');
});

test('passkeys are offered where the address is typed, and nothing else is in their way', async ({ page }) => {
  await page.addInitScript(() => {
    const all = navigator.credentials;
    const get = all.get.bind(all);
    all.get = (options) => {
      if (options?.mediation === 'conditional') document.documentElement.dataset.offered = 'yes';
      return get(options);
    };
  });
  const device = await Device.of(page, true);
  /** Opens the page while nobody is there to choose, and waits until it offers. */
  const offered = async () => {
    await page.context().clearCookies();
    await device.attended(false);
    await page.goto('/sign-in?next=/portal/new');
    await expect(page.locator('html[data-offered]')).toBeAttached();
    await device.attended(true);
  };
  await withPassword(page, JANA);
  await expect(page).toHaveURL('/portal');
  await add(page, 'My phone');
  await expect(page.getByRole('heading', { name: 'Your recovery codes' })).toBeVisible();

  // Chosen there, it signs in without a button.
  await page.context().clearCookies();
  await page.goto('/sign-in?next=/portal/new');
  await expect(page).toHaveURL('/portal/new');

  // The button takes back what is offered.
  await offered();
  await expect(page.getByLabel('E-mail address')).toHaveAttribute('autocomplete', 'username webauthn');
  await expectAccessible(page);
  await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
  await expect(page).toHaveURL('/portal/new');

  // And so does the password.
  await offered();
  await page.getByLabel('E-mail address').fill(JANA);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.getByRole('button', { name: 'Use a passkey' }).click();
  await expect(page).toHaveURL('/portal/new');

  // It stays when the password is another one, and that is said.
  await page.goto('/portal/me');
  await hydrated(page);
  await page.getByLabel('Current password').fill(PASSWORD);
  await page.getByLabel('New password').fill(`${PASSWORD}-2`);
  await page.getByRole('button', { name: 'Change password' }).click();
  await expect(page.getByRole('status').filter({ hasText: 'as good as before' })).toContainText('The passkey “My phone”');
  await hydrated(page);
  await expectAccessible(page);
  await page.getByRole('link', { name: 'Look at them' }).click();
  await expect(page.getByText('My phone')).toBeVisible();
});

test('without JavaScript the button is not there', async ({ openPage }) => {
  const page = await openPage({ javaScriptEnabled: false });
  await page.goto('/sign-in');
  await expect(page.getByRole('button', { name: 'Sign in', exact: true })).toBeVisible();
  await expect(page.getByRole('button', { name: 'Sign in with a passkey' })).toBeHidden();
});

test('at an address that is a number it says why there are none', async ({ openPage, server }) => {
  const page = await openPage({ baseURL: server.url });
  await page.goto('/sign-in');
  await hydrated(page);
  await expect(page.getByRole('button', { name: 'Sign in with a passkey' })).toHaveCount(0);
  await withPassword(page, ANOUK);
  await expect(page).toHaveURL('/tickets');
  await page.goto('/two-step');
  await expect(page.getByText('this one is a number')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Set up an app' })).toBeVisible();
});
