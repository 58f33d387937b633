import { JANA, MIA, signIn, test } from '../support/demo.ts';
import { expect, hydrated } from '../support/fixtures.ts';

test('customer and agent write to each other live', async ({ page, openPage }) => {
  await signIn(page, JANA);
  await page.goto('/portal/new');
  await hydrated(page);
  await page.getByLabel('What is it about?').fill('Label printer offline');
  await page.getByLabel('What happened?').fill('It blinks red.');
  await page.getByRole('button', { name: 'Send' }).click();
  await expect(page).toHaveURL(/\/portal\/tickets\/\d+/);
  const id = page.url().match(/tickets\/(\d+)/)?.[1];
  await hydrated(page);
  await expect(page.locator('html[data-live]')).toBeAttached();

  const agent = await openPage();
  await signIn(agent, MIA);
  await agent.goto(`/tickets/${id}`);
  await hydrated(agent);
  await expect(agent.locator('html[data-live]')).toBeAttached();
  await agent.keyboard.press('r');
  await agent.getByRole('textbox', { name: /^Reply to/ }).fill('Please hold the feed button.');
  await agent.keyboard.press('Control+Enter');
  await expect(page.getByText('Please hold the feed button.')).toBeVisible();

  await page.getByLabel('Your answer').fill('That helped, thank you.');
  await page.getByRole('button', { name: 'Send' }).click();
  await expect(agent.getByRole('region', { name: 'Conversation' }).getByText('That helped, thank you.')).toBeVisible();
});
