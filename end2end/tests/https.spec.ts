import { Authority } from '../support/authority.ts';
import { expect, expectAccessible, hydrated, test as base } from '../support/fixtures.ts';
import { PASSWORD } from '../support/people.ts';
import { Server } from '../support/server.ts';

/** A server with a certificate of an authority. */
const test = base.extend<{}, { authority: Authority; server: Server }>({
  authority: [
    async ({}, use) => {
      const authority = await Authority.start();
      await use(authority);
      await authority.stop();
    },
    { scope: 'worker' },
  ],
  server: [
    async ({ authority }, use) => {
      const server = await Server.start({
        DOCKET_ACME: 'admin@docket.example',
        DOCKET_ACME_DIRECTORY: authority.directory,
        DOCKET_ACME_CA: authority.vouching,
        DOCKET_PUBLIC_URL: 'https://localhost',
      });
      await use(server);
      await server.stop();
    },
    { scope: 'worker', timeout: 120_000 },
  ],
});
test.use({ ignoreHTTPSErrors: true });

test('a superadmin has a certificate tried at once that was refused', async ({ page, browser, server, authority, allowErrors }) => {
  allowErrors(/status of 429/);
  // Nobody gets a connection until there is a certificate.
  await expect(async () => void (await page.goto('/set-up'))).toPass();
  await page.getByLabel('Your name').fill('Ada Admin');
  await page.getByLabel('E-mail address').fill('ada@docket.example');
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Create the superadmin' }).click();
  await page.waitForURL('/tickets');
  await page.goto('/settings/https');
  await hydrated(page);
  await expect(page.getByText('Renewed', { exact: true })).toBeVisible();
  const now = page.getByRole('button', { name: 'Try now' });
  // Not that of a page that has lost its server: what it is told by comes in the same way.
  await expect(now).toHaveCount(0);

  // It is to be renewed, and the page follows what comes of it.
  authority.refusal = { status: 403, kind: 'caa', detail: 'CAA record for localhost prevents issuance' };
  await server.sql("update acme_certificates set next_at = now() - interval '1 second'");
  await page.reload();
  await hydrated(page);
  server.look();
  await expect(page.getByText('The last try failed')).toBeVisible();
  await expect(page.getByText('A CAA record in the DNS of localhost allows other authorities only.')).toBeVisible();
  await expectAccessible(page);
  await now.click();
  await expect(page.getByRole('alert')).toContainText('Please wait');

  // Somebody has mended it, a while later.
  authority.refusal = undefined;
  const later =
    "update acme_certificates set asked_at = null, failed_at = now() - interval '2 minutes', next_at = now() + interval '1 hour'";
  await server.sql(later);
  await now.click();
  await page.waitForURL('/settings/https');
  await expect(page.getByText('Renewed', { exact: true })).toBeVisible();
  await expect(page.getByText('The last try failed')).toHaveCount(0);
  await page.goto('/settings/log');
  await expect(page.getByText('Had a certificate for localhost asked for at once')).toBeVisible();

  // Without JavaScript, and refused until a day.
  authority.refusal = { status: 403, kind: 'connection', detail: 'Connection refused' };
  await server.sql("update acme_certificates set next_at = now() - interval '1 second'");
  server.look();
  const context = await browser.newContext({
    baseURL: server.url,
    ignoreHTTPSErrors: true,
    javaScriptEnabled: false,
    storageState: await page.context().storageState(),
  });
  const plain = await context.newPage();
  const reads = async (words: string) =>
    expect(async () => {
      await plain.goto('/settings/https');
      await expect(plain.getByText(words)).toBeVisible({ timeout: 100 });
    }).toPass();
  await reads('The last try failed');
  authority.refusal = { status: 429, kind: 'rateLimited', detail: 'Too many', retryAfter: 7_200 };
  await server.sql(later);
  await plain.reload();
  await plain.getByRole('button', { name: 'Try now' }).click();
  await reads('does not want to be asked again before');
  await expect(plain.getByText('The last 2 tries failed')).toBeVisible();
  await expect(plain.getByRole('button', { name: 'Try now' })).toHaveCount(0);
  await context.close();
});
