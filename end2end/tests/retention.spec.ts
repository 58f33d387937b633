import { ADA, MIA, signIn, test } from '../support/demo.ts';
import { expect, expectAccessible, hydrated } from '../support/fixtures.ts';

const tickets = 'Months that closed tickets keep their content';

test('a superadmin says how long closed tickets are kept, and is told first how many go', async ({ page, openPage, allowErrors }) => {
  allowErrors(/status of 4(22|03)/);
  await signIn(page, ADA);
  await page.goto('/settings');
  await hydrated(page);
  await page.getByRole('navigation', { name: 'Settings' }).getByRole('link', { name: 'Data retention' }).click();
  await expect(page.getByLabel(tickets)).toHaveValue('');
  await expectAccessible(page);
  await page.getByLabel(tickets).fill('200');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('Use a number from 1 to 120')).toBeVisible();
  await expect(page.getByLabel(tickets)).toHaveValue('200');
  // So old is nothing here: what others do to these tickets meanwhile is not disturbed.
  await page.getByLabel(tickets).fill('120');
  await page.getByRole('button', { name: 'Save' }).click();
  const question = page.getByText('Erase closed tickets after 120 months? So old by now: 0 tickets and 0 customers.');
  await expect(question).toBeVisible();
  await expectAccessible(page);
  await page.getByRole('link', { name: 'Leave it as it was' }).click();
  await expect(question).toHaveCount(0);
  await expect(page.getByLabel(tickets)).toHaveValue('');

  await page.getByLabel(tickets).fill('120');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('button', { name: 'Erase from now on' }).click();
  await expect(page.getByText('Saved.')).toBeVisible();
  await expect(page.getByLabel(tickets)).toHaveValue('120');
  await page.goto('/settings/log');
  await expect(page.getByText('Data retention: closed tickets for ever → 120 months').first()).toBeVisible();

  const agent = await openPage();
  await signIn(agent, MIA);
  expect((await agent.goto('/settings/retention'))?.status()).toBe(403);
});
