import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ADA, MIA, signIn, test } from '../support/demo.ts';
import { expect, expectAccessible, hydrated } from '../support/fixtures.ts';

test('a superadmin changes the priority table and a limit, and agents see it', async ({ page, openPage, allowErrors }) => {
  allowErrors(/status of 422/);
  await signIn(page, ADA);
  await page.goto('/tickets');
  await hydrated(page);
  const entry = page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Settings' });
  await entry.click();
  await expect(page).toHaveURL('/settings');
  await expect(entry).toHaveAttribute('aria-current', 'page');
  await expect(page.getByRole('main').getByRole('heading', { level: 1, name: 'Settings' })).toBeVisible();
  await expectAccessible(page);
  await page.getByRole('searchbox', { name: 'Search in the settings' }).fill('urgency');
  await page.getByRole('button', { name: 'Search', exact: true }).click();
  await expect(page.getByText('Refuse more')).toHaveCount(0);
  await page.getByRole('main').getByRole('heading', { name: 'Priority' }).getByRole('link').click();
  await expect(page).toHaveURL('/settings/priority');
  await hydrated(page);
  await expectAccessible(page);
  const pair = page.getByLabel('Urgency low, importance low');
  await expect(pair).toHaveValue('low');
  await pair.selectOption('High');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('Saved.')).toBeVisible();
  await expect(page.getByLabel('Urgency low, importance low')).toHaveValue('high');

  await page.getByRole('navigation', { name: 'Settings' }).getByRole('link', { name: 'Board' }).click();
  await expect(page.getByRole('heading', { name: 'Board' })).toBeVisible();
  await expectAccessible(page);
  await page.getByLabel('Most tickets in Open').fill('many');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('Use a number from 1 to 9999')).toBeVisible();
  await expect(page.getByLabel('Most tickets in Open')).toHaveValue('many');
  await page.getByLabel('Most tickets in Open').fill('1');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByLabel('Most tickets in Open')).toHaveValue('1');

  const agent = await openPage();
  await signIn(agent, MIA);
  await agent.goto('/board');
  await hydrated(agent);
  await expect(agent.locator('.wip').first()).toContainText('/ 1');
});

test('settings are for superadmins only', async ({ page, allowErrors }) => {
  allowErrors(/403/);
  await signIn(page, MIA);
  const answer = await page.goto('/settings/priority');
  expect(answer?.status()).toBe(403);
  await expect(page.getByRole('alert')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Save' })).toHaveCount(0);
});

test('mails that could not be read are listed', async ({ page }) => {
  await signIn(page, ADA);
  await page.goto('/settings/mails');
  await hydrated(page);
  await expect(page.getByText('No unreadable mails')).toBeVisible();
  await expectAccessible(page);
});

test('unreadable mails are tried again and discarded', async ({ page, server }) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'docket-mails-'));
  for (const n of [1, 2, 3]) {
    await writeFile(path.join(folder, `${n}.eml`), `Subject: Nobody ${n}\r\nTo: help@desk.example\r\n\r\nHello ${n}\r\n`);
  }
  await server.importMails(folder);
  await rm(folder, { recursive: true });
  await signIn(page, ADA);
  await page.goto('/settings/mails');
  await hydrated(page);
  await expectAccessible(page);
  await page.getByRole('button', { name: 'Try again: “Nobody 2”' }).click();
  await expect(page.getByRole('status').filter({ hasText: '“Nobody 2” still cannot become a message' })).toBeVisible();

  await page.getByRole('button', { name: 'Discard “Nobody 2”' }).click();
  await expect(page.getByText('Discard “Nobody 2”?')).toBeVisible();
  await expectAccessible(page);
  await page.getByRole('link', { name: 'Keep' }).click();
  await expect(page.getByRole('row')).toHaveCount(4);
  await page.getByRole('button', { name: 'Discard “Nobody 2”' }).click();
  await page.getByRole('button', { name: 'Discard', exact: true }).click();
  await expect(page.getByText('1 mail discarded.')).toBeVisible();
  await expect(page.getByRole('row')).toHaveCount(3);

  await hydrated(page);
  await page.getByLabel('All on this page').check();
  await expect(page.getByLabel('Mark “Nobody 1”')).toBeChecked();
  await page.getByRole('button', { name: 'Discard marked' }).click();
  await expect(page.getByText('Discard 2 mails?')).toBeVisible();
  await page.getByRole('button', { name: 'Discard', exact: true }).click();
  await expect(page.getByText('No unreadable mails')).toBeVisible();
});
