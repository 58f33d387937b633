import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Browser, BrowserContextOptions, Page } from '@playwright/test';
import { Authority } from '../support/authority.ts';
import { ADA, JANA, MIA, signIn } from '../support/demo.ts';
import { accessibilityFaults, expect, hydrated, test as base } from '../support/fixtures.ts';
import { customer, PASSWORD, signUp } from '../support/people.ts';
import { Server } from '../support/server.ts';
import { foreignForm, newAddress, newPassword, newPasswordMail } from './accounts.ts';
import { folderOfMails } from './mails.ts';
import { asked, showMail } from './rated.ts';
import { first, found, note, press, tryImport, tryTickets } from './steps.ts';

type Who = 'nobody' | 'agent' | 'admin' | 'customer' | 'newcomer' | 'founder';
type Screen = {
  name: string;
  who: Who;
  /** The address, or how to find it. */
  at: string | ((page: Page) => Promise<string>);
  /** What is done on the page before its picture is taken. */
  act?: (page: Page, size: string) => Promise<unknown>;
  /** Errors on the console that belong to the page. */
  allow?: RegExp;
  /** Rules of axe that do not fit what is shown. */
  without?: string[];
  sizes?: string[];
};
type Certified = { server: Server; authority: Authority };
type Photographer = { shoot: (screen: Screen) => Promise<void> };
/** By server and person. */
type Cookies = Map<string, BrowserContextOptions['storageState']>;

const SIZES: Record<string, BrowserContextOptions> = {
  desk: { viewport: { width: 1440, height: 900 } },
  tablet: { viewport: { width: 768, height: 1024 }, hasTouch: true },
  phone: { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true },
};
const words = (name: string, all: string[]) => process.env[name]?.split(',').filter((word) => all.includes(word)) ?? all;
const sizes = words('DOCKET_SHOTS_SIZES', Object.keys(SIZES));
const themes = words('DOCKET_SHOTS_THEMES', ['light', 'dark']) as ('light' | 'dark')[];
const folder = path.resolve(import.meta.dirname, '../../target/shots');

/** A desk with the demo and mails that are hard to show, one that has nothing, and one whose database is away. */
const test = base.extend<Photographer, { empty: Server; away: Server; certified: Certified; files: Server; cookies: Cookies }>({
  server: [
    async ({}, use) => {
      const server = await Server.start({}, 600);
      const mails = await folderOfMails();
      await server.importMails(mails);
      await rm(mails, { recursive: true });
      await talkLong(server);
      await use(server);
      await server.stop();
    },
    { scope: 'worker', timeout: 180_000 },
  ],
  empty: [
    async ({}, use) => {
      const server = await Server.start();
      await use(server);
      await server.stop();
    },
    { scope: 'worker', timeout: 60_000 },
  ],
  away: [
    async ({}, use) => {
      // Only the server that looks after the database starts it again, so that one goes first.
      const keeper = await Server.start();
      const server = await Server.start({ DATABASE_URL: await keeper.database() });
      await keeper.kill();
      await keeper.stopDatabase();
      await use(server);
      await server.stop();
      await keeper.stop();
    },
    { scope: 'worker', timeout: 90_000 },
  ],
  certified: [
    async ({}, use) => {
      const authority = await Authority.start();
      const server = await Server.start({
        DOCKET_ACME: 'admin@docket.example',
        DOCKET_ACME_DIRECTORY: authority.directory,
        DOCKET_ACME_CA: authority.vouching,
        DOCKET_PUBLIC_URL: 'https://localhost',
      });
      await use({ server, authority });
      await server.stop();
      await authority.stop();
    },
    { scope: 'worker', timeout: 60_000 },
  ],
  files: [
    async ({}, use) => {
      const authority = await Authority.start();
      const { certificate, key } = await authority.files();
      const server = await Server.start({
        DOCKET_TLS_CERTIFICATE: certificate,
        DOCKET_TLS_KEY: key,
        DOCKET_PUBLIC_URL: 'https://localhost',
      });
      await use(server);
      await server.stop();
      await authority.stop();
    },
    { scope: 'worker', timeout: 60_000 },
  ],
  cookies: [async ({}, use) => use(new Map()), { scope: 'worker' }],
  shoot: async ({ browser, baseURL, cookies }, use, info) => {
    await mkdir(folder, { recursive: true });
    await use(async ({ name, who, at, act, allow, without, ...screen }) => {
      const storageState = await signedIn(browser, baseURL ?? '', who, cookies);
      for (const [size, colorScheme] of sizes.flatMap((size) => themes.map((theme) => [size, theme] as const))) {
        if (screen.sizes && !screen.sizes.includes(size)) continue;
        const note = (type: string, description: string) =>
          info.annotations.push({ type, description: `${name} ${size} ${colorScheme}: ${description}` });
        const context = await browser.newContext({ ...SIZES[size], baseURL, colorScheme, storageState, ignoreHTTPSErrors: true });
        context.on('console', (message) => {
          if (message.type() === 'error' && !allow?.test(message.text())) note('console', message.text());
        });
        context.on('weberror', (error) => note('console', String(error.error())));
        const page = await context.newPage();
        await page.goto(typeof at === 'string' ? at : await at(page));
        if (!/^(api|away)/.test(name)) await hydrated(page);
        await page.waitForLoadState('networkidle');
        await act?.(page, size);
        const file = path.join(folder, `${name}-${size}-${colorScheme}.png`);
        await page.screenshot({ path: file, fullPage: /^(portal|sign|set|api-tokens|two-step)/.test(name), animations: 'disabled' });
        note('picture', file);
        // Nothing may run in the frame of a mail, not even axe.
        await page.locator('iframe[sandbox]').evaluateAll((frames) => frames.forEach((frame) => frame.remove()));
        const faults = await accessibilityFaults(page);
        for (const fault of faults.filter(({ id }) => !without?.includes(id))) note('axe', `${fault.id}: ${fault.where.join(' ')}`);
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        if (wide > 0) note('wide', `${wide} px more than the window`);
        await context.close();
      }
      const faults = info.annotations.filter(({ type }) => ['axe', 'console', 'wide'].includes(type));
      if (faults.length > 0) throw new Error(`${faults.length} faults`);
    });
  },
});

/** Whoever it is signs in once for a worker. */
async function signedIn(browser: Browser, baseURL: string, who: Who, known: Cookies) {
  const key = baseURL + who;
  if (who === 'nobody' || known.has(key)) return known.get(key);
  const page = await browser.newPage({ baseURL, ignoreHTTPSErrors: true });
  if (who === 'newcomer') await signUp(page, customer());
  else if (who === 'founder') await setUp(page);
  else await signIn(page, { agent: MIA, admin: ADA, customer: JANA }[who]);
  const state = await page.context().storageState();
  await page.context().close();
  known.set(key, state);
  return state;
}

/** Makes the first superadmin. */
async function setUp(page: Page): Promise<void> {
  // A server that waits for its certificate lets nobody in.
  await expect(async () => void (await page.goto('/set-up'))).toPass();
  await page.getByLabel('Your name').fill('Ada Admin');
  await page.getByLabel('E-mail address').fill(ADA);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Create the superadmin' }).click();
  await page.waitForURL('/tickets');
}

/** Lets the longest conversation be one that has to be scrolled and loaded in parts. */
async function talkLong({ url }: Server): Promise<void> {
  const call = async (way: string, headers: HeadersInit, body?: object) => {
    const method = body ? 'POST' : 'GET';
    const request = { method, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) };
    const answer = await fetch(`${url}/api/v1${way}`, request);
    if (!answer.ok) throw new Error(`${way}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  };
  const { token } = await call('/auth/login', {}, { email: ADA, password: 'docket-demo' });
  const authorization = `Bearer ${token}`;
  const { tickets } = await call('/admin/tickets?sort=created', { authorization });
  const id = tickets.find((ticket: { subject: string }) => /Betreff/.test(ticket.subject)).id;
  for (let n = 1; n <= 40; n += 1) {
    await call(`/ticket/${id}/reply`, { authorization }, { body: `Answer ${n}: we **look** into it.\n\n- first\n- then` });
  }
}

/** A mail is no page. */
const MAIL = ['region', 'landmark-one-main', 'page-has-heading-one'];

const screens: Screen[] = [
  { name: 'sign-in', who: 'nobody', at: '/sign-in' },
  {
    name: 'sign-in-refused',
    who: 'nobody',
    at: '/sign-in',
    allow: /status of 4/,
    act: async (page) => {
      await page.getByLabel('E-mail address').fill('nobody@mail.example');
      await page.getByLabel('Password').fill('wrong');
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByRole('alert').waitFor();
      await hydrated(page);
    },
  },
  { name: 'sign-up', who: 'nobody', at: '/sign-up' },
  { name: 'sign-forgot', who: 'nobody', at: '/forgot' },
  { name: 'sign-confirm', who: 'nobody', at: '/confirm' },
  { name: 'sign-company', who: 'nobody', at: '/sign-in/company' },
  { name: 'sign-link-used', who: 'nobody', at: '/reset/used', allow: /status of 404/ },
  { name: 'sign-invitation-gone', who: 'nobody', at: '/invitation/gone', allow: /status of 404/ },
  { name: 'sign-foreign', who: 'nobody', at: '/sign-in', allow: /status of 403/, act: foreignForm },
  { name: 'sign-new-address', who: 'nobody', at: '/sign-up', act: newAddress },
  { name: 'portal-me-password', who: 'nobody', at: '/sign-up', act: newPassword },
  { name: 'password-mail', who: 'nobody', at: '/sign-up', act: newPasswordMail, without: MAIL },
  { name: 'not-found', who: 'nobody', at: '/no/such/page', allow: /status of 404/ },
  { name: 'api-docs', who: 'nobody', at: '/api/v1/docs' },
  { name: 'inbox', who: 'agent', at: '/tickets' },
  { name: 'inbox-filtered', who: 'agent', at: '/tickets?status=all&urgency=high&importance=medium&sort=created&tag=1' },
  { name: 'inbox-nothing', who: 'agent', at: '/tickets?requester=1' },
  {
    name: 'inbox-menu',
    who: 'agent',
    at: '/tickets',
    act: async (page) => {
      const all = page.getByRole('button', { name: 'All filters', exact: true });
      if (await all.isVisible()) await all.click();
      await page.getByRole('button', { name: 'Urgency', exact: true }).click();
    },
  },
  { name: 'ticket', who: 'agent', at: first('/tickets?status=waiting_for_customer', '.ticket-row__subject') },
  { name: 'ticket-long', who: 'agent', at: found('Grundstücksverkehrsgenehmigungszuständigkeitsübertragung') },
  { name: 'ticket-mail', who: 'agent', at: found('Wochenbericht') },
  { name: 'ticket-files', who: 'agent', at: found('Dateien+zum+Drucker') },
  { name: 'ticket-note', who: 'agent', at: found('Dateien+zum+Drucker'), act: note },
  {
    name: 'ticket-properties',
    who: 'agent',
    at: found('Dateien+zum+Drucker'),
    sizes: ['tablet', 'phone'],
    act: (page) => page.getByRole('button', { name: 'Properties', exact: true }).click(),
  },
  {
    name: 'ticket-assignee',
    who: 'agent',
    at: found('Dateien+zum+Drucker'),
    // An open list half covers what is under it, which nobody wants to hit then.
    without: ['target-size'],
    act: async (page, size) => {
      if (size !== 'desk') await page.getByRole('button', { name: 'Properties', exact: true }).click();
      await page.getByRole('complementary').getByRole('button', { name: 'Assignee' }).click();
    },
  },
  { name: 'ticket-history', who: 'agent', at: async (page) => `${(await found('Dateien+zum+Drucker')(page)).replace(/[?#].*/, '')}/history` },
  { name: 'ticket-missing', who: 'agent', at: '/tickets/999999', allow: /status of 404/ },
  { name: 'new', who: 'agent', at: '/new' },
  { name: 'search', who: 'agent', at: '/search?q=printer' },
  { name: 'search-start', who: 'agent', at: '/search' },
  { name: 'customers', who: 'agent', at: '/customers' },
  { name: 'customers-found', who: 'agent', at: '/customers?q=jana' },
  { name: 'customers-nothing', who: 'agent', at: '/customers?q=Rechtsschutzversicherungsgesellschaftsmitarbeiterin' },
  { name: 'customers-blocked', who: 'agent', at: '/customers?shown=blocked' },
  { name: 'customer-new', who: 'agent', at: '/customers/new' },
  { name: 'customer', who: 'admin', at: '/customers/42' },
  { name: 'customer-messages', who: 'admin', at: '/customers/42?list=messages' },
  { name: 'customer-ratings', who: 'admin', at: '/customers/42?list=ratings' },
  { name: 'customer-edit', who: 'agent', at: '/customers/42/edit' },
  { name: 'customer-company', who: 'agent', at: '/customers/42/company?none=1' },
  { name: 'customer-merge', who: 'admin', at: '/customers/42/merge?with=43' },
  { name: 'customer-erase', who: 'admin', at: '/customers/42/erase' },
  { name: 'customer-second-factor', who: 'admin', at: '/customers/42/second-factor' },
  { name: 'customer-missing', who: 'agent', at: '/customers/999999', allow: /status of 404/ },
  { name: 'import', who: 'admin', at: '/customers/import' },
  { name: 'import-trial', who: 'admin', at: '/customers/import', act: tryImport },
  { name: 'import-tickets-trial', who: 'admin', at: '/customers/import', act: tryTickets },
  { name: 'companies', who: 'agent', at: '/companies' },
  { name: 'company-new', who: 'agent', at: '/companies/new' },
  { name: 'company-people', who: 'agent', at: '/companies/1/people' },
  { name: 'company', who: 'agent', at: '/companies/1' },
  { name: 'company-edit', who: 'agent', at: '/companies/1/edit' },
  { name: 'company-merge', who: 'admin', at: '/companies/1/merge?with=2' },
  { name: 'search-nothing', who: 'agent', at: '/search?q=Rechtsschutzversicherungsgesellschaftsmitarbeiterin' },
  ...['none', 'urgency', 'importance', 'assignee', 'company'].map(
    (lanes): Screen => ({ name: `board-${lanes}`, who: 'agent', at: lanes === 'none' ? '/board' : `/board?lanes=${lanes}` }),
  ),
  { name: 'palette', who: 'agent', at: '/tickets', act: press('Control+k') },
  { name: 'shortcuts', who: 'agent', at: '/tickets', act: press('?') },
  { name: 'me', who: 'agent', at: '/me' },
  { name: 'two-step', who: 'agent', at: '/two-step' },
  { name: 'api-tokens', who: 'agent', at: '/api-tokens' },
  { name: 'forbidden', who: 'agent', at: '/settings/priority', allow: /status of 403/ },
  { name: 'settings-priority', who: 'admin', at: '/settings/priority' },
  { name: 'settings-board', who: 'admin', at: '/settings/board' },
  { name: 'settings-https', who: 'admin', at: '/settings/https' },
  { name: 'settings-fields', who: 'admin', at: '/settings/fields' },
  { name: 'settings-field', who: 'admin', at: '/settings/fields/4' },
  { name: 'settings-field-new', who: 'admin', at: '/settings/fields/new-companies' },
  { name: 'settings-mails', who: 'admin', at: '/settings/mails' },
  { name: 'settings', who: 'admin', at: '/settings' },
  { name: 'settings-users', who: 'admin', at: '/settings/users' },
  { name: 'settings-users-nothing', who: 'admin', at: '/settings/users?q=Rechtsschutzversicherungsgesellschaftsmitarbeiterin' },
  { name: 'settings-invitations', who: 'admin', at: '/settings/invitations' },
  { name: 'settings-user', who: 'admin', at: '/settings/users/5' },
  { name: 'settings-roles', who: 'admin', at: '/settings/roles' },
  { name: 'settings-role-new', who: 'admin', at: '/settings/roles/new' },
  { name: 'settings-role', who: 'admin', at: '/settings/roles/1' },
  { name: 'settings-teams', who: 'admin', at: '/settings/teams' },
  { name: 'settings-team-new', who: 'admin', at: '/settings/teams/new' },
  { name: 'settings-team', who: 'admin', at: '/settings/teams/1' },
  { name: 'settings-satisfaction', who: 'admin', at: '/settings/satisfaction' },
  { name: 'rate', who: 'nobody', at: async (page) => `${await asked(page)}?score=4` },
  {
    name: 'rate-refused',
    who: 'nobody',
    at: asked,
    allow: /status of 422/,
    act: async (page) => {
      await page.getByLabel('Anything to add?').fill('It took three days until somebody called back.');
      await page.getByRole('button', { name: 'Send' }).click();
      await page.getByText('Please choose one of the five.').waitFor();
      await hydrated(page);
    },
  },
  {
    name: 'rate-sent',
    who: 'nobody',
    at: asked,
    act: async (page) => {
      await page.getByLabel('4 – Good').check();
      await page.getByLabel('Anything to add?').fill('Quick & kind.');
      await page.getByRole('button', { name: /Send|Change it/ }).click();
      await page.getByRole('heading', { name: 'Thank you' }).waitFor();
      await hydrated(page);
    },
  },
  // A mail has no landmarks.
  { name: 'rate-mail', who: 'nobody', at: asked, act: showMail, without: MAIL },
  { name: 'rate-lost', who: 'nobody', at: '/rate/nothing', allow: /status of 404/ },
  { name: 'settings-retention', who: 'admin', at: '/settings/retention' },
  {
    name: 'settings-retention-asked',
    who: 'admin',
    at: '/settings/retention',
    act: async (page) => {
      await page.getByLabel('Months that closed tickets keep their content').fill('1');
      await page.getByLabel('Months that customers are kept').fill('1');
      await page.getByRole('button', { name: 'Save' }).click();
      await page.getByText('This cannot be undone').waitFor();
    },
  },
  { name: 'settings-two-step', who: 'admin', at: '/settings/two-step' },
  { name: 'settings-sign-in', who: 'admin', at: '/settings/sign-in' },
  { name: 'settings-sign-in-one', who: 'admin', at: '/settings/sign-in/1' },
  { name: 'settings-directory', who: 'admin', at: '/settings/sign-in/new-ldap' },
  { name: 'settings-saml', who: 'admin', at: '/settings/sign-in/3' },
  {
    name: 'settings-saml-below',
    who: 'admin',
    at: '/settings/sign-in/3',
    act: (page) => page.getByLabel('Certificates that it signs with').scrollIntoViewIfNeeded(),
  },
  {
    name: 'settings-saml-wrong',
    who: 'admin',
    at: '/settings/sign-in/new-saml',
    allow: /status of 422/,
    act: async (page) => {
      await page.getByLabel('Name on the button').fill('Acme ID');
      await page.getByLabel('Entity ID of the provider').fill('acme id');
      await page.getByText('Names of attributes').click();
      await page.getByLabel('Attribute with the name').fill('displayName');
      await page.getByRole('button', { name: 'Save' }).click();
      await page.locator('#issuer-error').waitFor();
      await page.getByLabel('Attribute that never changes').scrollIntoViewIfNeeded();
    },
  },
  {
    name: 'settings-sign-in-token',
    who: 'admin',
    at: '/settings/sign-in/2',
    act: async (page) => {
      await page.getByRole('button', { name: /the token|a token/ }).first().click();
      await page.locator('#token').waitFor();
    },
  },
  { name: 'settings-log', who: 'admin', at: '/settings/log' },
  { name: 'portal', who: 'customer', at: '/portal' },
  { name: 'portal-ticket', who: 'customer', at: first('/portal', '.portal-ticket__subject') },
  { name: 'portal-rating', who: 'customer', at: first('/portal?show=closed', '.portal-ticket__subject') },
  { name: 'portal-new', who: 'customer', at: '/portal/new' },
  { name: 'portal-me', who: 'customer', at: '/portal/me' },
  { name: 'portal-missing', who: 'customer', at: '/portal/tickets/999999', allow: /status of 404/ },
  { name: 'portal-nothing', who: 'newcomer', at: '/portal' },
];

for (const screen of screens) test(screen.name, ({ shoot }) => shoot(screen));

test.describe('a desk with nothing on it', () => {
  test.describe.configure({ mode: 'serial' });
  test.use({ baseURL: async ({ empty }, use) => use(empty.url) });

  test('set-up', ({ shoot }) => shoot({ name: 'set-up', who: 'nobody', at: '/set-up' }));
  for (const at of ['tickets', 'board', 'customers', 'companies', 'settings/mails', 'settings/roles', 'settings/teams', 'settings/invitations']) {
    const name = `empty-${at.split('/').at(-1)}`;
    test(name, ({ shoot }) => shoot({ name, who: 'founder', at: `/${at}` }));
  }
});

test.describe('a desk whose database is away', () => {
  test.use({ baseURL: async ({ away }, use) => use(away.url) });

  test('away', ({ shoot }) => shoot({ name: 'away', who: 'nobody', at: '/sign-in', allow: /status of 503/ }));
});

/** How a certificate can stand: what is changed of one that was got, and what the page says then. */
const certificates: Record<string, [change: string, said: string]> = {
  given: ["next_at = now() + interval '60 days'", 'Renewed'],
  suggested: ["next_at = now() + interval '60 days', suggested = true", 'as the authority suggests'],
  // Looked at by nobody but the page: what is due would be got.
  refused: [
    "next_at = now() + interval '1 hour', failures = 3, failed_at = now() - interval '5 minutes', " +
      "failure = 'ca.example refused. A CAA record in the DNS of localhost allows other authorities only. Add one for ca.example, or " +
      "take them away. It says: CAA record for localhost prevents issuance (caa)'",
    'Try now',
  ],
  held: [
    "next_at = now() + interval '26 hours', not_before = now() + interval '26 hours', failures = 1, failed_at = now() - interval '1 hour', " +
      "failure = 'ca.example refused. It has had too many requests for this name or from here. It says: too many certificates (5) " +
      "already issued for this exact set of identifiers in the last 168h0m0s (rateLimited)'",
    'does not want to be asked again',
  ],
  expired: [
    "valid_until = now() - interval '2 days', next_at = now() + interval '6 hours', failures = 9, failed_at = now() - interval '9 minutes', " +
      "failure = 'ca.example cannot be asked: the host cannot be reached: connection refused'",
    'has expired',
  ],
};

test.describe('a server with the certificate of an authority', () => {
  test.describe.configure({ mode: 'serial' });
  test.use({ baseURL: async ({ certified }, use) => use(certified.server.url) });
  const anew =
    "failures = 0, failure = null, failed_at = null, suggested = false, not_before = null, look_at = now() + interval '1 day', " +
    "valid_until = valid_from + interval '90 days'";

  for (const [name, [change, said]] of Object.entries(certificates)) {
    test(`settings-https-${name}`, async ({ shoot, certified: { server } }) => {
      const at = async () => {
        await server.sql(`update acme_certificates set ${anew}`);
        await server.sql(`update acme_certificates set ${change}`);
        return '/settings/https';
      };
      const act = async (page: Page) => page.getByText(said).first().waitFor();
      await shoot({ name: `settings-https-${name}`, who: 'founder', at, act });
    });
  }

  test('settings-https-asking', async ({ shoot, certified: { server, authority } }) => {
    const release = authority.hold();
    const at = async () => {
      await server.sql(`update acme_certificates set next_at = now(), ${anew}`);
      return '/settings/https';
    };
    await shoot({ name: 'settings-https-asking', who: 'founder', at });
    release();
  });
});

test.describe('a server with files of a certificate', () => {
  test.use({ baseURL: async ({ files }, use) => use(files.url) });

  test('settings-https-files', ({ shoot }) => shoot({ name: 'settings-https-files', who: 'founder', at: '/settings/https' }));
});
