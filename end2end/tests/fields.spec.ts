import { ADA, MIA, signIn, test } from '../support/demo.ts';
import { expect, expectAccessible, hydrated } from '../support/fixtures.ts';
import { newTicket } from '../support/tickets.ts';

test('a field is defined, ordered, filled in and retired by keyboard', async ({ page, openPage, allowErrors }) => {
  allowErrors(/status of 422/);
  await signIn(page, ADA);
  await page.goto('/settings/fields');
  await hydrated(page);
  await expectAccessible(page);
  await page.getByRole('link', { name: 'New field of customers' }).click();
  await expect(page).toHaveURL('/settings/fields/new-customers');
  await hydrated(page);
  await expectAccessible(page);
  await page.getByLabel('Name', { exact: true }).fill('Shoe size');
  await page.getByLabel('Kind').selectOption('One of several choices');
  await page.getByLabel('Name', { exact: true }).press('Enter');
  await expect(page.getByText('Name at least one choice, one to a line.')).toBeVisible();
  await expect(page.getByLabel('Name', { exact: true })).toHaveValue('Shoe size');
  await page.getByLabel('Choices').fill('Small\nLarge');
  await page.getByLabel('Required').check();
  await page.getByLabel('Name', { exact: true }).press('Enter');
  await expect(page.getByText('Saved.')).toBeVisible();

  // Up twice with the keyboard: the focus stays where one goes on.
  const rows = page.getByRole('table', { name: 'Fields of customers, in their order' }).getByRole('rowheader');
  await expect(rows.last()).toContainText('Shoe size');
  await page.getByRole('button', { name: 'Move Shoe size up' }).focus();
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/moved=/);
  await expect(page.getByRole('button', { name: 'Move Shoe size up' })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(rows.nth(1)).toContainText('Shoe size');
  await expectAccessible(page);

  // A choice is renamed with the enter key, which moves nothing.
  await rows.nth(1).getByRole('link').click();
  await hydrated(page);
  await page.getByLabel('Name of the choice Large').fill('Big');
  await page.getByLabel('Name of the choice Large').press('Enter');
  await expect(page.getByText('Saved.')).toBeVisible();
  await page.getByRole('button', { name: 'Move Big up' }).click();
  await expect(page.locator('input[name^="choice-"]').first()).toHaveValue('Big');
  await hydrated(page);
  await expectAccessible(page);

  // An agent fills it in.
  const agent = await openPage();
  await signIn(agent, MIA);
  await agent.goto('/customers/new');
  await hydrated(agent);
  await expectAccessible(agent);
  await agent.getByLabel('Name', { exact: true }).fill('Fila Filled');
  await agent.getByLabel('E-mail address').fill('fila@mail.example');
  await agent.getByLabel('Customer since').fill('2024-02-29');
  await agent.getByRole('button', { name: 'Make customer' }).click();
  await expect(agent.getByText('Fill in “Shoe size”.')).toBeVisible();
  await expect(agent.getByLabel('Customer since')).toHaveValue('2024-02-29');
  await agent.getByLabel('Shoe size').selectOption('Big');
  await agent.getByRole('button', { name: 'Make customer' }).click();
  await expect(agent.getByText('29 Feb 2024')).toBeVisible();
  const facts = agent.getByRole('region', { name: 'About this customer' });
  await expect(facts).toContainText('Shoe size');
  await expect(facts).toContainText('Big');
  await hydrated(agent);
  await expectAccessible(agent);

  // It stands beside their tickets, too.
  const customer = agent.url();
  await agent.goto(`/tickets/${await newTicket(agent, { subject: 'Shoes', email: 'fila@mail.example', name: 'Fila Filled' })}`);
  const beside = agent.getByRole('complementary', { name: 'Properties' });
  await expect(beside.getByText('Customer since')).toBeVisible();
  await expect(beside.getByText('29 Feb 2024')).toBeVisible();
  await expect(beside.getByText('Big', { exact: true })).toBeVisible();
  await expectAccessible(agent);
  await agent.goto(customer);

  // Retired, it is asked and shown no more; brought back, its values are there.
  await page.getByRole('button', { name: 'Retire it' }).click();
  await expect(page.getByRole('button', { name: 'Bring it back' })).toBeVisible();
  await agent.reload();
  await hydrated(agent);
  await expect(facts).not.toContainText('Shoe size');
  await page.getByRole('button', { name: 'Bring it back' }).click();
  await expect(page.getByRole('button', { name: 'Retire it' })).toBeVisible();
  await agent.reload();
  await expect(facts).toContainText('Big');

  await page.getByRole('button', { name: 'Delete this field' }).click();
  await expect(page.getByText('Delete “Shoe size”? 1 value goes with it.')).toBeVisible();
  await hydrated(page);
  await expectAccessible(page);
  await page.getByRole('link', { name: 'Keep it' }).click();
  await expect(page.getByRole('button', { name: 'Delete this field' })).toBeVisible();
  await page.getByRole('button', { name: 'Delete this field' }).click();
  await page.getByRole('button', { name: 'Delete it for good' }).click();
  await expect(page.getByText('Saved.')).toBeVisible();
  await expect(page.getByText('Shoe size')).toHaveCount(0);
});
