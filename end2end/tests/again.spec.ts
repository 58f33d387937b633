import type { Page } from '@playwright/test';
import { MIA, signIn, test } from '../support/demo.ts';
import { expect, hydrated } from '../support/fixtures.ts';
import { customer, signUp } from '../support/people.ts';
import { conversation, live, newTicket, noteField, replyField } from '../support/tickets.ts';

/** Does something whose call the server hears and does, while the answer is lost on the way back. */
async function losingAnswer(page: Page, call: string, act: () => Promise<void>): Promise<void> {
  await page.route(
    `**${call}`,
    async (route) => {
      await route.fetch();
      await route.abort('connectionreset');
    },
    { times: 1 },
  );
  const lost = page.waitForEvent('requestfailed', (request) => request.url().endsWith(call));
  await act();
  await lost;
}

test.beforeEach(({ allowErrors }) => allowErrors(/ERR_CONNECTION_RESET/));

test('a message whose answer was lost is sent again and is there once', async ({ page }) => {
  await signIn(page, MIA);
  const id = await newTicket(page);
  await live(page, `/tickets/${id}`);
  for (const [key, field, words] of [
    ['r', replyField(page), 'Please restart it.'],
    ['n', noteField(page), 'The fuse is gone.'],
  ] as const) {
    await conversation(page).focus();
    await page.keyboard.press(key);
    await field.fill(words);
    await losingAnswer(page, '/rpc/tickets/write', () => field.press('Control+Enter'));
    await expect(page.getByText('The server cannot be reached').last()).toBeVisible();
    await expect(field).toHaveValue(words);
    await field.press('Control+Enter');
    await expect(field).toHaveValue('');
    await expect(conversation(page).getByText(words)).toHaveCount(1);
    // Said again, the same words are new ones.
    await field.fill(words);
    await field.press('Control+Enter');
    await expect(conversation(page).getByText(words)).toHaveCount(2);
  }
  await page.reload();
  await hydrated(page);
  await expect(conversation(page).getByText('Please restart it.')).toHaveCount(2);
  await expect(conversation(page).getByText('The fuse is gone.')).toHaveCount(2);
});

test('a ticket whose answer was lost is opened once', async ({ page }) => {
  await signIn(page, MIA);
  await live(page, '/new');
  const subject = `Scanner ${crypto.randomUUID()}`;
  await page.getByRole('textbox', { name: 'Subject' }).fill(subject);
  await page.getByRole('textbox', { name: 'Message' }).fill('It beeps.');
  await losingAnswer(page, '/rpc/tickets/create', () => page.getByRole('button', { name: 'Open ticket' }).click());
  await expect(page.getByText('The server cannot be reached')).toBeVisible();
  await page.getByRole('button', { name: 'Open ticket' }).click();
  await expect(page).toHaveURL(/\/tickets\/\d+$/);
  const found = await page.request.post('/rpc/tickets/search', { data: { words: `"${subject}"` } });
  expect((await found.json()).hits).toHaveLength(1);
});

test('a customer sends again and is heard once', async ({ page }) => {
  await signUp(page, customer());
  await hydrated(page);
  await page.goto('/portal/new');
  await hydrated(page);
  await page.getByLabel('What is it about?').fill('Printer');
  await page.getByLabel('What happened?').fill('It is offline.');
  const send = page.getByRole('button', { name: 'Send' });
  await losingAnswer(page, '/rpc/tickets/create', () => send.click());
  await expect(page.getByText('The server cannot be reached')).toBeVisible();
  await send.click();
  await expect(page).toHaveURL(/\/portal\/tickets\/\d+/);
  await hydrated(page);

  const field = page.getByLabel('Your answer');
  await field.fill('Hello?');
  await losingAnswer(page, '/rpc/tickets/write', () => send.click());
  await expect(page.getByText('The server cannot be reached')).toBeVisible();
  await send.click();
  await expect(field).toHaveValue('');
  await expect(conversation(page).getByText('Hello?')).toHaveCount(1);
  await page.goto('/portal');
  await expect(page.getByRole('link', { name: /Printer/ })).toHaveCount(1);
});
