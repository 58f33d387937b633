import { ADA, ANOUK, signIn, test } from '../support/demo.ts';
import { expect, expectAccessible, hydrated } from '../support/fixtures.ts';

test('a role is made, given and felt at once', async ({ page, openPage }) => {
  const agent = await openPage();
  await signIn(agent, ANOUK);
  await agent.goto('/board');
  await hydrated(agent);

  await signIn(page, ADA);
  await page.goto('/settings/roles');
  await hydrated(page);
  await page.getByRole('link', { name: 'New role' }).click();
  await expectAccessible(page);
  await page.getByLabel('Name').fill('Log reader');
  for (const right of ['Answer customers', 'Change tickets', 'Open tickets for customers']) {
    await page.getByRole('checkbox', { name: right }).uncheck();
  }
  await page.getByRole('checkbox', { name: 'Read the security log' }).check();
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('Saved.')).toBeVisible();
  await expect(page.getByRole('checkbox', { name: 'Answer customers' })).not.toBeChecked();

  await page.goto('/settings/users?q=anouk.kowalska@docket.example');
  await page.getByRole('main').getByRole('link', { name: 'Anouk Kowalska' }).click();
  await expectAccessible(page);
  await page.getByLabel('Role').selectOption('Log reader');
  await page.getByRole('button', { name: 'Give this role' }).click();
  await expect(page.getByText('Saved.')).toBeVisible();

  await agent.goto('/settings');
  await hydrated(agent);
  const settings = agent.getByRole('navigation', { name: 'Settings' });
  await expect(settings.getByRole('link', { name: 'Security log' })).toBeVisible();
  await expect(settings.getByRole('link', { name: 'Users' })).toHaveCount(0);
  await settings.getByRole('link', { name: 'Security log' }).click();
  await expect(agent.getByText(/Role of .*: Agent → Log reader/)).toBeVisible();
  await expectAccessible(agent);
});

test('a ticket is given to a team and found by it', async ({ page }) => {
  await signIn(page, ADA);
  await page.goto('/settings/teams/new');
  await page.getByLabel('Name').fill('Night shift');
  await page.getByRole('checkbox', { name: 'Mia Berger' }).check();
  await expectAccessible(page);
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('Saved.')).toBeVisible();

  await page.goto('/tickets');
  await hydrated(page);
  await page.locator('.ticket-row a').first().click();
  const properties = page.getByRole('complementary', { name: 'Properties' });
  await properties.getByRole('button', { name: /^Team/ }).click();
  await page.getByRole('option', { name: 'Night shift' }).click();
  await expect(page.getByText('Given to Night shift.')).toBeVisible();
  await page.goto('/settings/teams');
  await page.getByRole('row', { name: /Night shift/ }).getByRole('link', { name: 'Show' }).click();
  await hydrated(page);
  await expect(page.locator('.ticket-row')).toHaveCount(1);
});

test('a blocked user is out at once, also where they are', async ({ page, openPage, allowErrors }) => {
  allowErrors(/status of 401|WebSocket/);
  const agent = await openPage();
  await signIn(agent, ANOUK);
  await agent.goto('/board');
  await hydrated(agent);
  await signIn(page, ADA);
  await page.goto('/settings/users?q=anouk.kowalska@docket.example');
  await page.getByRole('main').getByRole('link', { name: 'Anouk Kowalska' }).click();
  await page.getByRole('button', { name: 'Block…' }).click();
  await expect(page.getByText('They are signed out everywhere at once')).toBeVisible();
  await expectAccessible(page);
  await page.getByRole('button', { name: 'Block', exact: true }).click();
  await expect(page.getByText('Saved.')).toBeVisible();
  await agent.goto('/board');
  await expect(agent).toHaveURL(/sign-in/);
  await page.getByRole('button', { name: 'Let them in again' }).click();
  await expect(page.getByText('Saved.')).toBeVisible();
});
