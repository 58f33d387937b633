import { expect, expectAccessible, hydrated, test } from '../support/fixtures.ts';

test('the start page arrives readable and is taken over by its script', async ({ page }) => {
  await page.goto('/');
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  await hydrated(page);
  await expectAccessible(page);
});

test('the start page can be read without JavaScript', async ({ openPage }) => {
  const page = await openPage({ javaScriptEnabled: false });
  await page.goto('/');
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
});

test('an unknown address says so', async ({ page, allowErrors }) => {
  allowErrors(/status of 404/);
  const response = await page.goto('/no/such/page');
  expect(response?.status()).toBe(404);
  const heading = page.getByRole('heading', { name: 'This page is not here' });
  await expect(heading).toBeVisible();
  await hydrated(page);
  await page.getByRole('link', { name: 'Go to the start page' }).click();
  await expect(heading).toBeHidden();
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
});

test('files for browsers are compressed and kept for good', async ({ request, page }) => {
  const html = await (await request.get('/')).text();
  const [script] = /\/pkg\/docket\.[0-9a-f]{22}\.js/.exec(html) ?? [];
  expect(script).toBeDefined();
  const response = await request.get(script ?? '', { headers: { 'accept-encoding': 'br' } });
  expect(response.headers()['content-encoding']).toBe('br');
  expect(response.headers()['cache-control']).toContain('immutable');
  await page.goto('/');
  await hydrated(page);
});
